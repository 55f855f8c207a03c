package canary_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/render"
	"sluice/render/avp"
	"sluice/render/canary"
	"sluice/render/helm"
	"sluice/render/kustomize"
)

const own = "<path:kv/data/argocd/apps/example#Password>"

// stackOf renders files as a stack whose app has the chart in chart/ and the values in values.yaml, with the linked
// engines, and counts its renders.
type stackOf struct {
	t       *testing.T
	files   fstest.MapFS
	app     render.App
	renders int
}

func newStack(t *testing.T, files map[string]string) *stackOf {
	s := &stackOf{t: t, files: fstest.MapFS{}}
	for name, text := range files {
		s.files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s.app = render.App{Name: "example", Namespace: "example", Secrets: "avp", AllowRandom: true, AllowEmpty: true, Sources: []render.Source{{
		Kind: render.KindHelm, Path: "chart", Release: "example", Values: render.Values{Files: []string{"values.yaml"}},
	}}}
	return s
}

// withTemplate is a stack of a chart with one template and values.
func withTemplate(t *testing.T, template, values string) *stackOf {
	return newStack(t, map[string]string{
		"chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n", "chart/values.yaml": "other: 1\n",
		"chart/templates/a.yaml": template, "values.yaml": values,
	})
}

func (s *stackOf) render(ctx context.Context, app render.App, replace canary.Replace) (render.Result, error) {
	s.renders++
	template, err := helm.Engine(helm.Version3)
	if err != nil {
		s.t.Fatal(err)
	}
	fetch := func(_ context.Context, source render.Source) (render.Tree, error) {
		tree := render.Tree{Name: source.String(), Origin: source.Path}
		for name, f := range s.files {
			if rest, ok := strings.CutPrefix(name, source.Path+"/"); ok {
				tree.Files = append(tree.Files, render.File{Path: rest, Data: f.Data})
			}
		}
		slices.SortFunc(tree.Files, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
		return canary.Chart(tree, source.Path, replace), nil
	}
	files := canary.Through(s.files, replace)
	tools := render.Tools{
		Model: func([]render.Object) (render.Capabilities, error) {
			return render.Capabilities{KubeVersion: "1.33.4", APIVersions: []string{"v1"}}, nil
		},
		Fetch: fetch, Helm: template, Dir: files, Stack: files, Decode: avp.Decode,
		Kustomize: kustomize.Engine{Fetch: fetch, Template: template}.Build,
	}
	results, err := render.Render(ctx, render.Plan{Layers: []render.Layer{{Name: "apps", Apps: []render.App{app}}}}, tools)
	if err != nil {
		return render.Result{}, err
	}
	return results[0], nil
}

func (s *stackOf) check() ([]canary.Consumed, []string) {
	s.t.Helper()
	result, err := s.render(s.t.Context(), s.app, func(_ string, text []byte) []byte { return text })
	if err != nil {
		s.t.Fatal(err)
	}
	s.renders = 0
	found, unchecked, err := canary.Check(s.t.Context(), canary.App{Result: result, Render: s.render, Ledger: avp.Decode})
	if err != nil {
		s.t.Fatal(err)
	}
	return found, unchecked
}

// object is a template of an object with one field, and a placeholder that arrives beside it.
func object(kind, expression string) string {
	return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: a}\n" + map[string]string{"Secret": "stringData", "ConfigMap": "data"}[kind] +
		":\n  field: {{ " + expression + " }}\n  user: {{ .Values.user | quote }}\n"
}

func TestPlaceholdersThatAChartTakesApart(t *testing.T) {
	for _, c := range []struct{ name, template, how string }{
		{"hashed", object("Secret", ".Values.password | sha256sum | quote"), "it is hashed (sha256)"},
		{"hashed by sha1", object("Secret", ".Values.password | sha1sum | quote"), "it is hashed (sha1)"},
		{"hashed with more", object("ConfigMap", `printf "%s%s" .Values.user .Values.password | sha256sum | quote`), "it is hashed"},
		{"htpasswd", object("Secret", `htpasswd "admin" .Values.password | quote`), "it is hashed (bcrypt)"},
		{"htpasswd in data", strings.Replace(object("Secret", `htpasswd "admin" .Values.password | b64enc | quote`), "stringData", "data", 1), "it is hashed (bcrypt)"},
		{"in capitals", object("ConfigMap", ".Values.password | upper | quote"), "its letters are changed"},
		{"cut behind the opening", object("ConfigMap", `.Values.password | trimPrefix "<path:" | trunc 12 | quote`), "changed, encoded or cut"},
		{"a part of it", object("ConfigMap", `.Values.password | splitList "#" | last | quote`), "changed, encoded or cut"},
		{"base32", object("Secret", ".Values.password | b32enc | quote"), "changed, encoded or cut"},
		{"derived", object("Secret", `derivePassword 1 "long" .Values.password "user" "example.com" | quote`), "changed, encoded or cut"},
		{"as a condition alone", object("ConfigMap", `if .Values.password }}"on"{{ else }}"off"{{ end`), "only whether it is there counts"},
	} {
		s := withTemplate(t, c.template, "password: "+own+"\nuser: <path:kv/data/argocd/apps/example#user>\n")
		found, unchecked := s.check()
		var of []canary.Consumed
		for _, f := range found {
			if f.Key == "Password" {
				of = append(of, f)
			}
		}
		if len(of) != 1 || !strings.Contains(of[0].How, c.how) || len(unchecked) > 0 {
			t.Errorf("%s: found %+v, unchecked %v", c.name, found, unchecked)
			continue
		}
		want := render.Position{File: "values.yaml", Line: 1, Column: 11}
		if f := of[0]; f.Pos != want || f.Path != "kv/data/argocd/apps/example" || f.App != "example" || f.Object.Name != "a" || len(f.Field) == 0 {
			t.Errorf("%s: found %+v", c.name, f)
		}
		if c.name != "hashed with more" && len(found) != 1 {
			t.Errorf("%s: what arrives is found too: %+v", c.name, found)
		}
	}
}

func TestPlaceholdersThatArrive(t *testing.T) {
	for name, template := range map[string]string{
		"as they are":     object("Secret", ".Values.password | quote"),
		"in base64":       strings.Replace(object("Secret", ".Values.password | b64enc | quote"), "  user", "  #", 1),
		"in a URL":        object("ConfigMap", `printf "redis://:%s@redis" (.Values.password | urlquery) | quote`),
		"as JSON":         object("ConfigMap", "dict \"p\" .Values.password | toJson | quote"),
		"not used":        object("ConfigMap", "1 | quote"),
		"used and asked":  object("ConfigMap", `if .Values.password }}{{ .Values.password | quote }}{{ end`),
		"checksum":        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations: {checksum/secret: {{ .Values.password | sha256sum }}}\nspec: {a: {{ .Values.password | quote }}}\n",
		"rolled":          "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations: {roll: {{ printf \"x%s\" .Values.password | sha256sum }}}\nstringData: {a: {{ .Values.password | quote }}}\n",
		"restart":         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {hash: {{ printf \"x%s\" .Values.password | sha256sum }}, b: {{ .Values.password | quote }}}\n",
		"in a name":       "apiVersion: v1\nkind: Secret\nmetadata: {name: a-{{ .Values.password | sha256sum | trunc 8 }}}\nstringData: {a: {{ .Values.password | quote }}}\n",
		"beside a random": object("Secret", `printf "%s %s" (randAlphaNum 8) .Values.password | quote`),
	} {
		s := withTemplate(t, template, "password: "+own+"\nuser: u\n")
		if found, unchecked := s.check(); len(found)+len(unchecked) > 0 {
			t.Errorf("%s: found %+v, unchecked %v", name, found, unchecked)
		}
	}
}

func TestOneRenderIsEnoughWhereAllArrives(t *testing.T) {
	s := withTemplate(t, object("Secret", ".Values.password | quote"), "password: "+own+"\nuser: <path:kv/data/argocd/apps/example#user>\n")
	if s.check(); s.renders != 1 {
		t.Errorf("%d renders", s.renders)
	}
	none := withTemplate(t, object("Secret", ".Values.password | quote"), "# "+own+"\npassword: a\nuser: b\n")
	if found, _ := none.check(); len(found) > 0 {
		t.Errorf("without a placeholder: %+v", found)
	}
}

// Values lie in the stack, in the chart, behind a flag and in a kustomization.
func TestEveryPlaceOfValues(t *testing.T) {
	hash := object("Secret", ".Values.password | sha256sum | quote")
	inline := withTemplate(t, hash, "user: u\n")
	inline.app.Sources[0].Values.Inline = map[string]any{"password": own}
	inline.app.Sources[0].Pos = render.Position{File: "stack.cue", Line: 7}
	set := withTemplate(t, hash, "user: u\n")
	set.app.Sources[0].Values.Set = []string{"password=" + own}
	chart := withTemplate(t, hash, "user: u\n")
	chart.files["chart/values.yaml"] = &fstest.MapFile{Data: []byte("password: " + own + "\n")}
	built := withTemplate(t, hash, "user: u\npassword: "+own+"\n")
	built.files["kustomization.yaml"] = &fstest.MapFile{Data: []byte("helmGlobals: {chartHome: .}\nhelmCharts: [{name: chart, releaseName: a, valuesFile: values.yaml}]\n")}
	built.app.Sources = []render.Source{{Kind: render.KindKustomize, Path: "."}}
	for name, s := range map[string]*stackOf{"inline": inline, "set": set, "chart": chart, "kustomization": built} {
		found, unchecked := s.check()
		if len(found) != 1 || found[0].How != "it is hashed (sha256)" || len(unchecked) > 0 {
			t.Errorf("%s: found %+v, unchecked %v", name, found, unchecked)
		}
	}
}

// A chart that refuses another value cannot be judged, and says so without the value.
func TestAChartThatRefusesIsUnchecked(t *testing.T) {
	s := withTemplate(t, object("Secret", `if ne .Values.password "`+own+`" }}{{ fail "no" }}{{ end }}{{ .Values.password | sha256sum | quote`), "password: "+own+"\nuser: u\n")
	found, unchecked := s.check()
	if len(found) > 0 || len(unchecked) != 1 || strings.Contains(unchecked[0], "kv/") {
		t.Errorf("found %+v, unchecked %v", found, unchecked)
	}
}

func TestTheSameEveryTime(t *testing.T) {
	values := "password: " + own + "\nuser: <path:kv/data/a#a>\n"
	var first []canary.Consumed
	for i := range 3 {
		s := withTemplate(t, object("Secret", `printf "%s %s" .Values.password .Values.user | sha256sum | quote`), values)
		found, _ := s.check()
		if i > 0 && !reflect.DeepEqual(first, found) || len(found) != 2 {
			t.Fatalf("%+v, then %+v", first, found)
		}
		first = found
	}
}

func TestAnInterruptedCheckSaysSo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s := withTemplate(t, object("Secret", ".Values.password | quote"), "password: "+own+"\nuser: u\n")
	result, err := s.render(t.Context(), s.app, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := canary.Check(ctx, canary.App{Result: result, Render: s.render, Ledger: avp.Decode}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Where no value has a placeholder there is nothing to try, and that a second render goes wrong is nobody's matter.
func TestNothingToTry(t *testing.T) {
	s := withTemplate(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: {{ .Values.other | quote }}}\n", "other: 2\n")
	result, err := s.render(t.Context(), s.app, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	fails := func(context.Context, render.App, canary.Replace) (render.Result, error) {
		return render.Result{}, errors.New("the repository is gone")
	}
	found, unchecked, err := canary.Check(t.Context(), canary.App{Result: result, Render: fails, Ledger: avp.Decode})
	if len(found)+len(unchecked) > 0 || err != nil {
		t.Errorf("%v %q %v", found, unchecked, err)
	}
}
