package kustomize_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
)

var cluster = render.Capabilities{KubeVersion: "1.33.4", APIVersions: []string{"apps/v1", "example.com/v1", "v1"}}

// unpack writes a txtar text into a fresh directory.
func unpack(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// rooted opens a directory; nothing outside it can be reached.
func rooted(t *testing.T, dir string) fs.FS {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root.FS()
}

// charts are the charts of the repository that engine reads.
var charts = map[string]string{
	"web 1.2.3": `
-- Chart.yaml --
apiVersion: v2
name: web
version: 1.2.3
-- values.yaml --
replicas: 1
gone: here
big: 12345678901
opts: {a: 1}
list: [x, w]
-- values-ha.yaml --
replicas: 3
-- crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.example.com}
-- templates/config.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  values: {{ .Values | toJson | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  database: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}
  other: {{ .Capabilities.APIVersions.Has "other.example.com/v1" | quote }}
-- templates/tests/test.yaml --
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}
-- templates/hook.yaml --
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-hook, annotations: {helm.sh/hook: pre-install}}
`,
	"database 1.0.0": `
-- Chart.yaml --
apiVersion: v2
name: database
version: 1.0.0
-- values.yaml --
{}
-- templates/database.yaml --
apiVersion: example.com/v1
kind: Database
metadata: {name: {{ .Release.Name }}, namespace: databases}
spec: {deletion: delete}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  template:
    spec:
      containers:
      - {name: main, image: "example.com/db:1.0", envFrom: [{configMapRef: {name: settings}}]}
`,
	"hollow 1.2.3": "-- Chart.yaml --\napiVersion: v2\nname: hollow\nversion: 1.2.3\n-- values.yaml --\n# none\n",
	"bare 1.2.3":   "-- Chart.yaml --\napiVersion: v2\nname: bare\nversion: 1.2.3\n-- templates/a.yaml --" + configMap,
	"local 1.2.3": "-- Chart.yaml --\napiVersion: v2\nname: local\nversion: 1.2.3\n-- values.yaml --\n{}\n-- templates/a.yaml --\n" +
		"apiVersion: v1\nkind: Secret\nmetadata: {name: tool, annotations: {config.kubernetes.io/local-config: 'yes'}}\n",
}

// engine renders with the linked helm 3, the charts above, and those of dir for sources with a path.
func engine(seen func(render.Source, render.Release)) kustomize.Engine {
	var last render.Source
	return kustomize.Engine{
		Fetch: func(_ context.Context, s render.Source) (render.Tree, error) {
			last = s
			text, ok := charts[s.Chart+" "+s.Version]
			if !ok {
				return render.Tree{}, fmt.Errorf("reading %s: there is none", s)
			}
			tree := render.Tree{Name: s.String(), Inputs: []render.Input{{Name: s.Repo + "/" + s.Chart, Digest: "sha256:00"}}}
			for _, f := range txtar.Parse([]byte(text)).Files {
				tree.Files = append(tree.Files, render.File{Path: f.Name, Data: f.Data})
			}
			return tree, nil
		},
		Template: func(ctx context.Context, r render.Release) (render.Output, error) {
			if seen != nil {
				seen(last, r)
			}
			return helm.Template3(ctx, r)
		},
	}
}

func canceled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

// build builds app of a txtar text.
func build(t *testing.T, text string) render.Output {
	t.Helper()
	out, err := engine(nil).Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, text)), Path: "app", Capabilities: cluster})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestVersionIsTheOneLinked(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\tsigs.k8s.io/kustomize/api ")
	if !ok {
		t.Fatal("go.mod does not name the kustomize API")
	}
	api, _, _ := strings.Cut(rest, "\n")
	released := map[string]string{"v0.21.1": "5.8.1", "v0.21.0": "5.8.0", "v0.20.1": "5.7.1"}
	if released[api] != kustomize.Version {
		t.Errorf("api %s is of kustomize %q, Version says %s", api, released[api], kustomize.Version)
	}
}

// pinned is an entry of helmCharts for a chart of the repository.
const pinned = "repo: 'https://charts.example.com', version: 1.2.3, name: web"

func TestChartEntryBecomesRelease(t *testing.T) {
	for _, c := range []struct {
		name, entry, top string
		source           render.Source
		want             render.Release
	}{
		{
			name: "plain", entry: pinned,
			want: render.Release{Name: "release-name", Namespace: "default", SkipCRDs: true},
		},
		{
			name: "all", entry: pinned + ", releaseName: r, namespace: web, includeCRDs: true, skipHooks: true, skipTests: true",
			want: render.Release{Name: "r", Namespace: "web", SkipHooks: true, SkipTests: true},
		},
		{
			name: "namespace from the kustomization", entry: pinned, top: "namespace: top",
			want: render.Release{Name: "release-name", Namespace: "top", SkipCRDs: true},
		},
		{
			name: "name template without actions", entry: pinned + ", nameTemplate: fixed",
			want: render.Release{Name: "fixed", Namespace: "default", SkipCRDs: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+c.entry+"}]\n"+c.top+"\n"+under("app/charts/web-1.2.3/web/", charts["web 1.2.3"]))
			var got render.Release
			_, err := engine(func(s render.Source, r render.Release) {
				got = r
				if s.Repo != "https://charts.example.com" || s.Chart != "web" || s.Version != "1.2.3" || s.Path != "" {
					t.Errorf("source is %+v; a copy must not be taken", s)
				}
			}).Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
			if err != nil {
				t.Fatal(err)
			}
			if got.Capabilities.KubeVersion != cluster.KubeVersion || !cmp.Equal(got.Capabilities.APIVersions, cluster.APIVersions) {
				t.Errorf("capabilities are %+v", got.Capabilities)
			}
			got.Chart, got.Values, got.Dir, got.Capabilities = render.Tree{}, render.Values{}, nil, render.Capabilities{}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValuesAreJoinedAsKustomizeDoes(t *testing.T) {
	const inline = "valuesInline: {gone: null, big: 99999999999, ratio: 1.50, opts: {b: null}, list: [z], text: '0123'}"
	// The expected values are what kustomize 5.8.1 with helm 3.22.0 rendered.
	for _, c := range []struct{ name, entry, want string }{
		{"chart's own", "", `{"big":12345678901,"gone":"here","list":["x","w"],"opts":{"a":1},"replicas":1}`},
		{"file", "valuesFile: v.yaml", `{"big":12345678901,"gone":"file","list":["x","w"],"opts":{"a":1},"replicas":7}`},
		{"file of the chart", "valuesFile: charts/web-1.2.3/web/values-ha.yaml", `{"big":12345678901,"gone":"here","list":["x","w"],"opts":{"a":1},"replicas":3}`},
		{"override", inline, `{"big":99999999999,"gone":"here","list":["z"],"opts":{"a":1},"ratio":1.5,"replicas":1,"text":"0123"}`},
		{"merge", inline + ", valuesMerge: merge", `{"big":12345678901,"gone":"here","list":["x","w"],"opts":{"a":1,"b":null},"ratio":1.5,"replicas":1,"text":"0123"}`},
		{"replace", inline + ", valuesMerge: replace", `{"big":99999999999,"list":["z"],"opts":{"a":1,"b":null},"ratio":1.5,"replicas":1,"text":"0123"}`},
		{"additional", inline + ", additionalValuesFiles: [v.yaml, w.yaml]", `{"big":99999999999,"gone":"file","list":["w"],"opts":{"a":1},"ratio":1.5,"replicas":7,"text":"0123"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := build(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+pinned+", "+c.entry+"}]\n"+
				"-- app/v.yaml --\nreplicas: 7\ngone: file\n-- app/w.yaml --\nlist: [w]\n")
			want := "values: '" + c.want + "'"
			if !strings.Contains(string(out.YAML), want) {
				t.Errorf("want %s in\n%s", want, out.YAML)
			}
		})
	}
}

func TestALocalChartIsOfTheVersionThatItsEntryStates(t *testing.T) {
	for version, says := range map[string]string{
		"":         "",
		"1.0.0":    "",
		"v1.0.0":   "",
		"^1":       "",
		"9.9.9":    "app/charts/web/Chart.yaml holds web 1.0.0, the entry asks for 9.9.9 [vendored-chart]",
		">=2.0.0":  "holds web 1.0.0, the entry asks for >=2.0.0 [vendored-chart]",
		"whatever": "holds web 1.0.0, the entry asks for whatever [vendored-chart]",
	} {
		dir := unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{name: web, version: '"+version+"'}]\n-- app/charts/web/Chart.yaml --\nname: web\n")
		e := engine(nil)
		e.Fetch = func(context.Context, render.Source) (render.Tree, error) {
			return render.Tree{Files: []render.File{
				{Path: "Chart.yaml", Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
				{Path: "templates/a.yaml", Data: []byte(configMap)},
				{Path: "values.yaml", Data: nil},
			}}, nil
		}
		_, err := e.Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("version %q: error %v, want %q", version, err, says)
		}
	}
}

func TestLocalChartIsReadThroughTheEngine(t *testing.T) {
	dir := unpack(t, "-- app/kustomization.yaml --\nhelmGlobals: {chartHome: own}\nhelmCharts: [{name: web, version: 1.0.0}]\n-- app/own/web/Chart.yaml --\nname: web\n")
	e := engine(nil)
	e.Fetch = func(_ context.Context, s render.Source) (render.Tree, error) {
		if want := (render.Source{Kind: render.KindHelm, Path: "app/own/web"}); !cmp.Equal(s, want) {
			t.Errorf("source is %+v, want %+v", s, want)
		}
		return render.Tree{Files: []render.File{
			{Path: "Chart.yaml", Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
			{Path: "templates/a.yaml", Data: []byte(configMap)},
			{Path: "values.yaml", Data: nil},
		}}, nil
	}
	out, err := e.Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
	if err != nil {
		t.Fatal(err)
	}
	want := "# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n"
	if diff := cmp.Diff(want, string(out.YAML)); diff != "" {
		t.Error(diff)
	}
}

func TestCapabilitiesOfAnEntryWinAndAreReported(t *testing.T) {
	out := build(t, "-- app/kustomization.yaml --\nhelmCharts:\n- {"+pinned+", releaseName: a, kubeVersion: v1.29.1, apiVersions: [other.example.com/v1]}\n- {"+pinned+", releaseName: b}\n")
	text := string(out.YAML)
	a, b, _ := strings.Cut(text, "name: a\n")
	if !strings.Contains(a, "kube: v1.29.1") || !strings.Contains(a, `database: "false"`) || !strings.Contains(a, `other: "true"`) {
		t.Errorf("chart a:\n%s", a)
	}
	// The second chart sees the API of the first one: kustomize 5.8.1 does that, and it must not stay unsaid.
	if !strings.Contains(b, "kube: v1.33.4") || !strings.Contains(b, `other: "true"`) {
		t.Errorf("chart b:\n%s", b)
	}
	if len(out.Unchecked) != 1 || !strings.Contains(out.Unchecked[0], "apiVersions of chart web") {
		t.Errorf("unchecked is %q", out.Unchecked)
	}
}

func TestInputsAreComplete(t *testing.T) {
	out := build(t, "-- app/kustomization.yaml --\nresources: [a.yaml, ../base]\nhelmCharts: [{"+pinned+", valuesFile: v.yaml}]\nconfigMapGenerator: [{name: g, files: [f.txt]}]\npatches: [{path: p.yaml, target: {kind: ConfigMap, name: one}}]\n"+
		"-- app/a.yaml --"+configMap+"-- app/v.yaml --\nreplicas: 2\n-- app/f.txt --\nhello\n-- app/p.yaml --\n- {op: add, path: /data, value: {a: b}}\n-- base/kustomization.yml --\nnamespace: x\n-- app/unused.yaml --\n")
	var names []string
	for _, in := range out.Inputs {
		names = append(names, in.Name)
		if in.Name == "app/f.txt" && in.Digest != "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" {
			t.Errorf("digest of app/f.txt is %s", in.Digest)
		}
	}
	want := []string{"app/a.yaml", "app/f.txt", "app/kustomization.yaml", "app/p.yaml", "app/v.yaml", "base/kustomization.yml", "https://charts.example.com/web"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsWritten(t *testing.T) {
	dir := unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+pinned+"}]\n")
	if _, err := engine(nil).Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster}); err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := fs.WalkDir(os.DirFS(dir), ".", func(p string, _ fs.DirEntry, err error) error {
		names = append(names, p)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".", "app", "app/kustomization.yaml"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestInflatedObjectsKeepOrderNamespaceAndOrigin(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "inflated.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files := txtar.Parse(text).Files
	want := string(files[len(files)-1].Data)
	for range 2 {
		if diff := cmp.Diff(want, string(build(t, string(text)).YAML)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBaseOfTwoNamespacesIsInflatedForEach(t *testing.T) {
	out := build(t, "-- app/kustomization.yaml --\nbuildMetadata: [originAnnotations]\nresources: [a, b]\n"+
		"-- app/a/kustomization.yaml --\nnamespace: a\nresources: [../../mid]\n-- app/b/kustomization.yaml --\nnamespace: b\nresources: [../../mid]\n"+
		"-- mid/kustomization.yaml --\nresources: [base]\n-- mid/base/kustomization.yaml --\nhelmCharts: [{"+pinned+", skipHooks: true}]\n")
	text := string(out.YAML)
	for _, want := range []string{"namespace: a\n", "namespace: b\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "configuredIn: ../mid/base/kustomization.yaml"); n != 2 {
		t.Errorf("%d objects name their origin, not 2:\n%s", n, text)
	}
}

func TestPatchThatMatchesNothingIsReported(t *testing.T) {
	const app = "-- app/kustomization.yaml --\nnamePrefix: p-\nresources: [a.yaml, ../base]\nhelmCharts: [{" + pinned + "}]\npatches:\n" +
		"- {target: {kind: ConfigMap, name: one}, patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": {}}]'}\n" +
		"- {target: {kind: ConfigMap, name: release-.*}, path: p.yaml}\n" +
		"- {target: {kind: Database, name: main}, path: p.yaml}\n" +
		"- {target: {kind: Pod}, path: d.yaml}\n" +
		"-- app/p.yaml --\napiVersion: v1\nkind: X\nmetadata: {name: x, annotations: {keep: me}}\n" +
		"-- app/d.yaml --\napiVersion: v1\nkind: X\nmetadata: {name: x}\n$patch: delete\n" +
		"-- app/a.yaml --" + configMap +
		"-- base/kustomization.yaml --\nresources: [b.yaml]\npatches:\n- {target: {kind: Secret, labelSelector: a=b}, patch: '[]'}\n-- base/b.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	out := build(t, app)
	want := []string{
		"app/kustomization.yaml:7: the patch for kind Database, name main matches no object, and kustomize leaves it out without a word",
		"base/kustomization.yaml:3: the patch for kind Secret, labels a=b matches no object, and kustomize leaves it out without a word",
	}
	if diff := cmp.Diff(want, out.Unchecked); diff != "" {
		t.Error(diff)
	}
	for _, never := range []string{"sluice", "kind: Pod"} {
		if strings.Contains(string(out.YAML), never) {
			t.Errorf("output has %q:\n%s", never, out.YAML)
		}
	}
}

func TestSchemaOfOneBuildDoesNotReachTheNext(t *testing.T) {
	const crd = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {list: [{name: a, v: 1}]}\n"
	const patch = "patches:\n- patch: |\n    apiVersion: example.com/v1\n    kind: Thing\n    metadata: {name: t}\n    spec: {list: [{name: b, v: 2}]}\n"
	const schema = `{"definitions":{"v1.Thing":{"type":"object","properties":{"spec":{"type":"object","properties":{"list":{"type":"array",` +
		`"items":{"type":"object"},"x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"}}}},` +
		`"x-kubernetes-group-version-kind":[{"group":"example.com","kind":"Thing","version":"v1"}]}}}`
	plain := "-- app/kustomization.yaml --\nresources: [t.yaml]\n" + patch + "-- app/t.yaml --\n" + crd
	before := build(t, plain)
	with := build(t, "-- app/s.json --\n"+schema+"\n-- app/kustomization.yaml --\nopenapi: {path: s.json}\nresources: [t.yaml]\n"+patch+"-- app/t.yaml --\n"+crd)
	after := build(t, plain)
	if strings.Count(string(with.YAML), "name:") != 3 {
		t.Errorf("with the schema the lists must merge:\n%s", with.YAML)
	}
	if diff := cmp.Diff(string(before.YAML), string(after.YAML)); diff != "" {
		t.Error(diff)
	}
}
