package helm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// chartWith builds a tree of a chart named web from alternating paths and texts.
func chartWith(pairs ...string) render.Tree {
	files := []render.File{{Path: "Chart.yaml", Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")}}
	for i := 0; i+1 < len(pairs); i += 2 {
		files = append(files, render.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	slices.SortFunc(files, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
	return render.Tree{Name: "chart web 1.0.0", Origin: "charts/web", Files: files}
}

func releaseAs(tree render.Tree) render.Release {
	return render.Release{Name: "rel", Namespace: "apps", Chart: tree, Capabilities: render.Capabilities{KubeVersion: "1.33.4"}}
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"

func eachMajor(t *testing.T, test func(*testing.T, func(context.Context, render.Release) (render.Output, error))) {
	for _, m := range majors {
		t.Run(m.name, func(t *testing.T) { test(t, m.template) })
	}
}

func TestVersionsAreThoseOfGoMod(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"helm.sh/helm/v3 v" + Version3, "helm.sh/helm/v4 v" + Version4} {
		if !regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(want) + `\s*$`).Match(mod) {
			t.Errorf("go.mod does not require %s", want)
		}
	}
}

func TestEngineKnowsTheLinkedVersionsAndSuggests(t *testing.T) {
	tree := chartWith("templates/x.yaml", configMap+"data: {v: {{ .Capabilities.HelmVersion.Version }}}\n")
	for version, want := range map[string]string{"3.22.0": "v3.22.0", "helm3": "v3.22.0", "4.3.1": "v4.3.1", "helm4": "v4.3.1", "v4.3.1": "v4.3.1"} {
		template, err := Engine(version)
		if err != nil {
			t.Fatal(err)
		}
		out, err := template(t.Context(), releaseAs(tree))
		if err != nil || !bytes.Contains(out.YAML, []byte("{v: "+want+"}")) {
			t.Errorf("%s: got %s, %v, want %s", version, out.YAML, err, want)
		}
	}
	for version, want := range map[string]string{"3.16.3": `did you mean "3.22.0"`, "helm4.2": `did you mean "4.3.1"`, "kustomize": "linked are 3.22.0"} {
		_, err := Engine(version)
		var placed *render.Error
		if !errors.As(err, &placed) || !strings.HasPrefix(placed.Hint, want) {
			t.Errorf("%s: got %#v, want the hint %s", version, err, want)
		}
	}
}

// TestRemoteSchemaReferencesAreNeverFetched counts the connections that a schema could cause.
func TestRemoteSchemaReferencesAreNeverFetched(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"type": "string"}`))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	if _, err := http.Get(server.URL); err != nil || connections.Load() != 1 {
		t.Fatalf("the server counts %d connections of 1, %v", connections.Load(), err)
	}
	tests := []struct{ name, schema, url string }{
		{"absolute", `{"properties": {"a": {"$ref": "URL/a.json#/definitions/x"}}}`, server.URL + "/a.json"},
		{"below an $id", `{"$id": "URL/base/own.json", "properties": {"a": {"$ref": "other.json"}}}`, server.URL + "/base/other.json"},
		{"a file beside the schema", `{"properties": {"a": {"$ref": "other.json"}}}`, "file:///other.json"},
		{"a metaschema", `{"$schema": "URL/meta.json", "type": "object"}`, server.URL + "/meta.json"},
		{"dynamic", `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$dynamicRef": "URL/d.json"}`, server.URL + "/d.json"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
				tree := chartWith(
					"templates/x.yaml", configMap,
					"values.yaml", "a: 1\n",
					"values.schema.json", strings.ReplaceAll(test.schema, "URL", server.URL),
					"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
					"charts/sub/values.schema.json", `{"properties": {"n": {"type": "integer"}}}`)
				out, err := template(t.Context(), releaseAs(tree))
				want := []string{"chart web: values.schema.json refers to " + test.url + ", which is not fetched"}
				if err != nil || !slices.Equal(out.Unchecked, want) {
					t.Errorf("got %q, %v, want %q", out.Unchecked, err, want)
				}
				held := releaseAs(tree)
				held.Values.Set = []string{"sub.n=text"}
				if _, err := template(t.Context(), held); err == nil || !strings.Contains(err.Error(), "n: got string, want integer") {
					t.Errorf("the schema of the subchart is not held: %v", err)
				}
			})
		})
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("the renders opened %d connections", n-1)
	}
}

func TestReferencesInsideTheSchemaAreHeld(t *testing.T) {
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		r := releaseAs(chartWith("templates/x.yaml", configMap, "values.schema.json", `{
			"$id": "https://example.com/own.json", "$schema": "http://json-schema.org/draft-07/schema",
			"definitions": {"n": {"$id": "#n", "type": "number"}, "meta": {"$ref": "http://json-schema.org/draft-07/schema#"}},
			"properties": {"a": {"$ref": "own.json#/definitions/n"}, "b": {"$ref": "#n"}, "c": {"$ref": "#/definitions/meta"}}}`))
		r.Values.Set = []string{"a=x", "b=y", "c.type=7"}
		_, err := template(t.Context(), r)
		if err == nil {
			t.Fatal("the schema is not held")
		}
		for _, want := range []string{"a: got string, want number", "b: got string, want number", "c.type"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v\nlacks %q", err, want)
			}
		}
	})
}

func TestInlineValuesComeAfterFilesAndBeforeSets(t *testing.T) {
	const file = "file: 1\ninline: file\nset: file\nmap: {a: 1}\n"
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		r := releaseAs(chartWith("templates/x.yaml", configMap+"data: {v: {{ toJson .Values | quote }}}\n"))
		r.Dir = fstest.MapFS{"values/a.yaml": {Data: []byte(file)}}
		r.Values = render.Values{
			Files:  []string{"./values/a.yaml"},
			Inline: map[string]any{"inline": true, "set": 3, "map": map[string]any{"b": int64(2)}, "none": nil},
			Set:    []string{"set=last"},
		}
		out, err := template(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"file":1,"inline":true,"map":{"a":1,"b":2},"none":null,"set":"last"}`
		if !strings.Contains(string(out.YAML), fmt.Sprintf("%q", want)) {
			t.Errorf("got %s, want %s", out.YAML, want)
		}
		inputs := []render.Input{{Name: "values/a.yaml", Digest: fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(file)))}}
		if !cmp.Equal(out.Inputs, inputs) {
			t.Errorf("got the inputs %v, want %v", out.Inputs, inputs)
		}
	})
}

func TestRefusals(t *testing.T) {
	good := chartWith("templates/x.yaml", configMap)
	tests := []struct {
		name   string
		change func(*render.Release)
		want   string
		pos    string
	}{
		{"no Kubernetes version", func(r *render.Release) { r.Capabilities.KubeVersion = "" }, "the Kubernetes version is not stated", ""},
		{"no release name", func(r *render.Release) { r.Name = "" }, "no name provided", ""},
		{"values outside", func(r *render.Release) { r.Values.Files = []string{"../secret.yaml"} }, "leaves the directory", "../secret.yaml"},
		{"values at an absolute path", func(r *render.Release) { r.Values.SetFile = []string{"a=/etc/passwd"} }, "leaves the directory", ""},
		{"no directory", func(r *render.Release) { r.Dir, r.Values.Files = nil, []string{"a.yaml"} }, "no directory is given", "a.yaml"},
		{"ignore rules", func(r *render.Release) { r.Chart = chartWith(".helmignore", "**/x\n") }, "double-star", "charts/web/.helmignore"},
		{"no Chart.yaml", func(r *render.Release) { r.Chart.Files = r.Chart.Files[1:] }, "Chart.yaml file is missing", ""},
		{"a broken archive", func(r *render.Release) { r.Chart = chartWith("charts/sub.tgz", "not an archive") }, "sub.tgz", ""},
		{"a broken schema", func(r *render.Release) { r.Chart = chartWith("values.schema.json", "{") }, "reading the schema", "web/values.schema.json"},
		{"a schema of a wrong form", func(r *render.Release) { r.Chart = chartWith("values.schema.json", `{"type": 7}`) }, "reading the schema", "web/values.schema.json"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
				r := releaseAs(good)
				r.Dir = os.DirFS(t.TempDir())
				test.change(&r)
				out, err := template(t.Context(), r)
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "goroutine") {
					t.Fatalf("got %v, want %q", err, test.want)
				}
				if !cmp.Equal(out, render.Output{}) {
					t.Errorf("an error comes with the output %v", out)
				}
				var placed *render.Error
				if test.pos != "" && (!errors.As(err, &placed) || placed.Pos.File != test.pos) {
					t.Errorf("got %#v, want the place %s", err, test.pos)
				}
			})
		})
	}
}

// TestIgnoreRulesAreNotAppliedToAnArchive shows why: packaging expands the archives in charts/, so that a rule of the
// top chart would now match files that it never saw.
func TestIgnoreRulesAreNotAppliedToAnArchive(t *testing.T) {
	tree := chartWith(
		".helmignore", "tests/\n",
		"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"charts/sub/templates/tests/x.yaml", configMap)
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		for _, packed := range []bool{false, true} {
			tree.Packed = packed
			out, err := template(t.Context(), releaseAs(tree))
			if err != nil || bytes.Contains(out.YAML, []byte("kind: ConfigMap")) != packed {
				t.Errorf("packed %t: got %s, %v", packed, out.YAML, err)
			}
		}
	})
}

// Helm gives the keys of a map in another order each time; of ten keys, fifty renders would agree by chance never.
func TestKeysAreSorted(t *testing.T) {
	const dict = `(dict "j" 1 "i" 1 "h" 1 "g" 1 "f" 1 "e" 1 "d" 1 "c" 1 "b" 1 "a" 1)`
	tree := chartWith("templates/x.yaml", configMap+`data:
  joined: {{ keys `+dict+` | join "" }}
  nested: {{ join "" (keys `+dict+`) }}
  piped: {{ `+dict+`|keys|join "" }}
  two: {{ keys (dict "b" ")") (dict "a" "|}}") | join "" | quote -}}
  {{- $names := keys `+dict+` -}}
  {{- range $i, $name := keys `+dict+` }}
  r{{ $i }}: {{ $name }}{{ index $names $i }}
  {{- end }}
  sorted: {{ has "a" (keys `+dict+`) }} {{ keys `+dict+` | sortAlpha | first }}
`)
	want := configMap + "data:\n  joined: abcdefghij\n  nested: abcdefghij\n  piped: abcdefghij\n  two: \"ab\"\n"
	for i, name := range "abcdefghij" {
		want += fmt.Sprintf("  r%d: %c%c\n", i, name, name)
	}
	want += "  sorted: true a\n"
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		for range 50 {
			out, err := template(t.Context(), releaseAs(tree))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(strings.TrimSpace(string(out.YAML)), strings.TrimSpace(want)) {
				t.Fatalf("got\n%s\nwant\n%s", out.YAML, want)
			}
		}
	})
}

func TestCanceledContextGivesItsError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		if out, err := template(ctx, releaseAs(chartWith("templates/x.yaml", configMap))); err != context.Canceled || out.YAML != nil {
			t.Errorf("got %s, %v", out.YAML, err)
		}
	})
}

// TestLibrariesStayQuiet renders a chart about which both libraries have something to say.
func TestLibrariesStayQuiet(t *testing.T) {
	var said bytes.Buffer
	log.SetOutput(&said)
	slog.Info("heard")
	if said.Len() == 0 {
		t.Fatal("the default loggers do not write where this test listens")
	}
	said.Reset()
	tree := chartWith("values.yaml", "a: {b: 1}\nsub: {on: text}\n", "requirements.yaml", "dependencies: [{name: sub, version: '1', condition: sub.on}]\n",
		"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"templates/x.yaml", "metadata: {annotations: {helm.sh/hook: nothing-known}}\n")
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		r := releaseAs(tree)
		r.Values.Set = []string{"a=text"}
		if out, err := template(t.Context(), r); err != nil || len(out.Unchecked) != 1 || said.Len() > 0 {
			t.Errorf("got %q, %v, and the log %q", out.Unchecked, err, said.String())
		}
	})
}

func TestReleasesRenderAtTheSameTime(t *testing.T) {
	tree := midsize()
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		want, err := template(t.Context(), releaseAs(tree))
		if err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				if out, err := template(t.Context(), releaseAs(tree)); err != nil || !cmp.Equal(out, want) {
					t.Errorf("a render beside others differs: %v", err)
				}
			})
		}
		running.Wait()
	})
}

// midsize is a chart of about the size of a common web application: 40 templates over a page of helpers, two subcharts.
func midsize() render.Tree {
	pairs := []string{"templates/_helpers.tpl", `
{{- define "web.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}`}
	values := "replicas: 2\nresources: {limits: {memory: 64Mi}, requests: {cpu: 10m}}\nenv:\n"
	for i := range 30 {
		values += fmt.Sprintf("  KEY_%d: value %d\n", i, i)
	}
	pairs = append(pairs, "values.yaml", values)
	for i := range 40 {
		pairs = append(pairs, fmt.Sprintf("templates/deployment-%02d.yaml", i), fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-%d
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    metadata:
      labels: {{- include "web.labels" . | nindent 8 }}
      annotations:
        checksum: {{ toYaml .Values | sha256sum }}
    spec:
      containers:
        - name: web
          resources: {{- toYaml .Values.resources | nindent 12 }}
          env:
            {{- range $k, $v := .Values.env }}
            - {name: {{ $k }}, value: {{ $v | quote }}}
            {{- end }}
`, i))
	}
	for _, sub := range []string{"one", "two"} {
		pairs = append(pairs, "charts/"+sub+"/Chart.yaml", "apiVersion: v2\nname: "+sub+"\nversion: 1.0.0\n",
			"charts/"+sub+"/templates/x.yaml", "kind: Service\nmetadata: {labels: {{ include \"web.labels\" . | fromYaml | toJson }}}\n")
	}
	return chartWith(pairs...)
}

func BenchmarkTemplate3(b *testing.B) { benchmark(b, Template3) }
func BenchmarkTemplate4(b *testing.B) { benchmark(b, Template4) }

func benchmark(b *testing.B, template func(context.Context, render.Release) (render.Output, error)) {
	r := releaseAs(midsize())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := template(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
