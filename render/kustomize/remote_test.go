package kustomize_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
)

// under gives a txtar text with its files moved below a directory.
func under(dir, text string) string {
	all := txtar.Parse([]byte(text))
	for i := range all.Files {
		all.Files[i].Name = path.Join(dir, all.Files[i].Name)
	}
	return string(txtar.Format(&txtar.Archive{Files: all.Files}))
}

// treeOf gives the files of a txtar text.
func treeOf(text string) render.Tree {
	var tree render.Tree
	for _, f := range txtar.Parse([]byte(text)).Files {
		tree.Files = append(tree.Files, render.File{Path: f.Name, Data: f.Data})
	}
	slices.SortFunc(tree.Files, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
	return tree
}

// world is what can be fetched: repositories in txtar by address without path and query, and files by URL.
type world struct {
	repositories map[string]string
	files        map[string]string
	asked        []string
	rendered     int
}

// engine reads from the world and from the charts of [engine].
func (w *world) engine() kustomize.Engine {
	base := engine(nil)
	return kustomize.Engine{
		Fetch: func(ctx context.Context, s render.Source) (render.Tree, error) {
			w.asked = append(w.asked, strings.TrimSpace(s.Kind+" "+s.Repo+" "+s.Chart+s.Path))
			switch s.Kind {
			case render.KindFile:
				text, ok := w.files[s.Repo]
				if !ok {
					return render.Tree{}, &render.Error{Pos: s.Pos, Err: errors.New("no such file")}
				}
				return render.Tree{Origin: s.Repo, Files: []render.File{{Path: "it", Data: []byte(text)}}, Inputs: []render.Input{{Name: s.Repo, Digest: "sha256:0f"}}}, nil
			case render.KindKustomize:
				address, query, _ := strings.Cut(s.Repo, "?")
				at := strings.LastIndex(address, "//")
				text, ok := w.repositories[address[:at]]
				if !ok {
					return render.Tree{}, &render.Error{Pos: s.Pos, Err: errors.New("no such repository")}
				}
				tree := treeOf(text)
				tree.Path, tree.Origin = address[at+2:], address[:at]+"@"+strings.TrimPrefix(query, "ref=")
				tree.Inputs = []render.Input{{Name: tree.Origin, Digest: "sha256:0a"}}
				return tree, nil
			}
			if s.Version == "1.x" { // what a lock would say
				s.Version = "1.2.3"
			}
			return base.Fetch(ctx, s)
		},
		Template: func(ctx context.Context, r render.Release) (render.Output, error) {
			w.rendered++
			return helm.Template3(ctx, r)
		},
	}
}

const upstream = `
-- bases/web/kustomization.yaml --
namePrefix: web-
resources: [a.yaml, ../common]
components: [../../components/labels]
configMapGenerator: [{name: g, files: [f.txt]}]
patches: [{path: p.yaml, target: {kind: ConfigMap, name: one}}]
-- bases/web/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
-- bases/web/f.txt --
hello
-- bases/web/p.yaml --
- {op: add, path: /data, value: {a: b}}
-- bases/common/kustomization.yaml --
resources: [s.yaml]
-- bases/common/s.yaml --
apiVersion: v1
kind: Secret
metadata: {name: s}
-- components/labels/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations: {team: web}
-- charts/kustomization.yaml --
helmCharts:
- {name: web, repo: 'https://charts.example.com', version: 1.x, valuesFile: v.yaml, skipHooks: true}
-- charts/v.yaml --
replicas: 5
-- inner/kustomization.yaml --
helmCharts: [{name: own, releaseName: own, valuesFile: v.yaml}]
-- inner/v.yaml --
a: b
-- inner/charts/own/Chart.yaml --
apiVersion: v2
name: own
version: 1.0.0
-- inner/charts/own/values.yaml --
{}
-- inner/charts/own/templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-{{ .Values.a }}}
`

// fields are those that name files, besides the ones with a case of their own.
const fields = "namePrefix: p-\nresources: [a.yaml, 'ATx.yaml']\nconfigurations: ['ATconf.yaml']\npatchesStrategicMerge: ['ATsmp.yaml']\nreplacements: [{path: 'ATrep.yaml'}]\n" +
	"patchesJson6902: [{target: {version: v1, kind: ConfigMap, name: one}, path: 'ATpatch'}]\ncrds: ['ATcrd.json']\nopenapi: {path: 'ATschema.json'}\n" +
	"secretGenerator: [{name: s, files: ['ATconf/x.ini'], envs: ['ATconf/x.ini']}]\ntransformers: ['ATlabel.yaml']\n"

// What is remote must build to the bytes of a stack that has the same files beside its kustomization.
func TestRemoteBuildsLikeACopy(t *testing.T) {
	w := &world{
		repositories: map[string]string{
			"https://example.com/org/up": upstream + "-- chain/kustomization.yaml --\nresources: [../bases/common, 'https://example.com/org/other//b?ref=v2']\n",
			"https://example.com/org/other": "-- b/kustomization.yaml --\nnameSuffix: -o\nresources: [../c]\n-- c/kustomization.yaml --\nresources: [c.yaml]\n" +
				"-- c/c.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: c}\n",
		},
		files: map[string]string{
			"https://example.com/install.yaml?raw=1": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
			"https://example.com/patch":              "- {op: add, path: /metadata/labels, value: {p: q}}\n",
			"https://example.com/conf/x.ini":         "x=1\n",
			"https://example.com/v.yaml":             "replicas: 9\n",
			"https://example.com/conf.yaml":          "namePrefix: [{path: spec/name, kind: X}]\n",
			"https://example.com/smp.yaml":           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, annotations: {s: m}}\n",
			"https://example.com/rep.yaml":           "source: {kind: ConfigMap, name: one, fieldPath: metadata.name}\ntargets: [{select: {kind: X}, fieldPaths: [spec.name]}]\n",
			"https://example.com/schema.json":        `{"definitions":{}}`,
			"https://example.com/label.yaml":         "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n",
			"https://example.com/crd.json":           "{}",
			"https://example.com/x.yaml":             "apiVersion: example.com/v1\nkind: X\nmetadata: {name: x}\nspec: {name: n}\n",
			"https://example.com/gen.yaml":           "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: gen}\nliterals: [a=b]\n",
		},
	}
	for _, c := range []struct{ name, remote, local string }{
		{"base", "resources: ['https://example.com/org/up//bases/web?ref=v1']", "resources: [up/bases/web]"},
		{"two of one repository", "resources: ['https://example.com/org/up//bases/web?ref=v1', 'https://example.com/org/up//inner?ref=v1']", "resources: [up/bases/web, up/inner]"},
		{"component", "resources: [a.yaml]\ncomponents: ['https://example.com/org/up//components/labels?ref=v1']", "resources: [a.yaml]\ncomponents: [up/components/labels]"},
		{"base with a base elsewhere", "resources: ['https://example.com/org/up//chain?ref=v1']", "resources: [up/bases/common, other/b]"},
		{"chart", "namespace: x\nresources: ['https://example.com/org/up//charts?ref=v1']", "namespace: x\nresources: [up/charts]"},
		{"chart in the repository", "resources: ['https://example.com/org/up//inner?ref=v1']", "resources: [up/inner]"},
		{"file", "resources: ['https://example.com/install.yaml?raw=1', a.yaml]", "resources: [install.yaml, a.yaml]"},
		{"patch", "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, path: 'https://example.com/patch'}]", "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, path: patch}]"},
		{"generated", "configMapGenerator: [{name: g, files: ['https://example.com/conf/x.ini', 'y=https://example.com/conf/x.ini'], envs: ['https://example.com/conf/x.ini']}]", "configMapGenerator: [{name: g, files: [conf/x.ini, y=conf/x.ini], envs: [conf/x.ini]}]"},
		{"other fields", strings.ReplaceAll(fields, "AT", "https://example.com/"), strings.ReplaceAll(fields, "AT", "")},
		{"values", "helmCharts: [{" + pinned + ", valuesFile: 'https://example.com/v.yaml'}]", "helmCharts: [{" + pinned + ", valuesFile: v.yaml}]"},
		{"generator beside a chart", "generators: ['https://example.com/gen.yaml']\nhelmCharts: [{" + pinned + "}]", "generators: [gen.yaml]\nhelmCharts: [{" + pinned + "}]"},
		{
			"two namespaces", "resources: [n1, n2]\n-- app/n1/kustomization.yaml --\nnamespace: n1\nresources: ['https://example.com/org/up//charts?ref=v1']\n-- app/n2/kustomization.yaml --\nnamespace: n2\nresources: ['https://example.com/org/up//charts?ref=v1']",
			"resources: [n1, n2]\n-- app/n1/kustomization.yaml --\nnamespace: n1\nresources: [../up/charts]\n-- app/n2/kustomization.yaml --\nnamespace: n2\nresources: [../up/charts]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := &world{repositories: w.repositories, files: w.files}
			top := func(text string) string {
				return "-- app/kustomization.yaml --\n" + text + "\n-- app/a.yaml --" + configMap
			}
			copied := top(c.local) + under("app/up", upstream) + under("app/other", w.repositories["https://example.com/org/other"])
			for url, text := range w.files {
				name, _, _ := strings.Cut(strings.TrimPrefix(url, "https://example.com/"), "?")
				copied += "-- app/" + name + " --\n" + strings.TrimSuffix(text, "\n") + "\n"
			}
			e := w.engine()
			fetch := e.Fetch
			e.Fetch = func(ctx context.Context, s render.Source) (render.Tree, error) {
				if s.Path == "app/up/inner/charts/own" {
					var own []render.File
					for _, f := range treeOf(upstream).Files {
						if name, ok := strings.CutPrefix(f.Path, "inner/charts/own/"); ok {
							own = append(own, render.File{Path: name, Data: f.Data})
						}
					}
					return render.Tree{Files: own}, nil
				}
				return fetch(ctx, s)
			}
			want, err := e.Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, copied)), Path: "app", Capabilities: cluster})
			if err != nil {
				t.Fatal(err)
			}
			w.asked = nil
			got, err := w.engine().Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, top(c.remote))), Path: "app", Capabilities: cluster})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want.YAML), string(got.YAML)); diff != "" || len(got.YAML) == 0 {
				t.Error(diff)
			}
			outside, stage := act(t, "kustomize", (&world{repositories: w.repositories, files: w.files}).engine().Fetch)
			ext, err := outside.Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, top(c.remote))), Path: "app", Capabilities: cluster})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got.YAML), string(ext.YAML)); diff != "" {
				t.Errorf("linked (-) and external (+):\n%s", diff)
			}
			if diff := cmp.Diff(got.Inputs, ext.Inputs); diff != "" || !cmp.Equal(got.Unchecked, ext.Unchecked) {
				t.Errorf("inputs, linked (-) and external (+):\n%s\n%q and %q", diff, got.Unchecked, ext.Unchecked)
			}
			stage.left(t)
			counts := map[string]int{}
			for _, s := range w.asked {
				if counts[s]++; counts[s] > 1 && !strings.HasPrefix(s, "helm ") {
					t.Errorf("%s is fetched twice", s)
				}
			}
			for _, in := range got.Inputs {
				if in.Digest == "" || strings.Contains(in.Name, "sluice") || strings.Contains(in.Name, "@v1/") {
					t.Errorf("input %+v", in)
				}
			}
		})
	}
}

// A link that leads nowhere is missing in the files of a repository. A chart without it would render to fewer objects.
func TestAChartOfARepositoryIsWhole(t *testing.T) {
	w := &world{repositories: map[string]string{"https://example.com/org/up": upstream}}
	e := w.engine()
	inner := e.Fetch
	e.Fetch = func(ctx context.Context, s render.Source) (render.Tree, error) {
		tree, err := inner(ctx, s)
		tree.Links = []string{"inner/charts/own/templates/z.yaml"}
		return tree, err
	}
	dir := unpack(t, "-- app/kustomization.yaml --\nresources: ['https://example.com/org/up//inner?ref=v1']\n")
	_, err := e.Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
	if err == nil || !strings.Contains(err.Error(), "inner/charts/own/templates/z.yaml: it is a link out of the repository or to nothing") {
		t.Errorf("got %v", err)
	}
}

// A server can make up one more repository each time.
func TestRemoteBasesWithoutEnd(t *testing.T) {
	n := 0
	e := kustomize.Engine{Fetch: func(context.Context, render.Source) (render.Tree, error) {
		n++
		return treeOf(fmt.Sprintf("-- kustomization.yaml --\nresources: ['https://example.com/org/r%d']\n", n)), nil
	}}
	dir := unpack(t, "-- app/kustomization.yaml --\nresources: ['https://example.com/org/r0']\n")
	err := e.Walk(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app"})
	if err == nil || !strings.Contains(err.Error(), "more than 256 repositories and files") {
		t.Errorf("got %v", err)
	}
}

func TestInputsOfARepositoryAreOne(t *testing.T) {
	w := &world{repositories: map[string]string{"https://example.com/org/up": upstream}}
	dir := unpack(t, "-- app/kustomization.yaml --\nresources: ['https://example.com/org/up//inner?ref=v1', 'https://example.com/org/up//bases/web?ref=v1']\n")
	out, err := w.engine().Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Origin: "$deploy", Capabilities: cluster})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, in := range out.Inputs {
		names = append(names, in.Name)
	}
	if diff := cmp.Diff([]string{"$deploy/app/kustomization.yaml", "https://example.com/org/up@v1"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestOriginNamesTheRepository(t *testing.T) {
	w := &world{
		repositories: map[string]string{"https://example.com/org/up": upstream},
		files:        map[string]string{"https://example.com/org/repo/raw/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"},
	}
	dir := unpack(t, "-- app/kustomization.yaml --\nbuildMetadata: [originAnnotations, transformerAnnotations]\nresources: ['https://example.com/org/up//bases/web?ref=v1', 'https://example.com/org/up//inner?ref=v1', 'https://example.com/org/repo/raw/n.yaml']\n")
	out, err := w.engine().Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"path: bases/web/a.yaml\n      repo: https://example.com/org/up\n      ref: v1\n",
		"path: bases/common/s.yaml\n      repo: https://example.com/org/up\n      ref: v1\n",
		"repo: https://example.com/org/up\n      ref: v1\n      configuredIn: inner/kustomization.yaml\n",
		"- repo: https://example.com/org/up\n        ref: v1\n        configuredIn: bases/web/kustomization.yaml\n",
		"path: raw/n.yaml\n      repo: https://example.com/org/repo\n",
	} {
		if !strings.Contains(string(out.YAML), want) {
			t.Errorf("no %q in\n%s", want, out.YAML)
		}
	}
	if strings.Contains(string(out.YAML), "sluice") {
		t.Errorf("output shows the view:\n%s", out.YAML)
	}
}

func TestWalkFetchesEverythingAndRendersNothing(t *testing.T) {
	w := &world{
		repositories: map[string]string{"https://example.com/org/up": upstream},
		files:        map[string]string{"https://example.com/v.yaml": "{}\n", "https://example.com/crd": "{}\n"},
	}
	dir := unpack(t, "-- app/kustomization.yaml --\nresources: [../mid]\ncrds: ['https://example.com/crd']\nhelmCharts: [{"+pinned+", valuesFile: 'https://example.com/v.yaml'}]\n"+
		"-- mid/kustomization.yaml --\nresources: ['https://example.com/org/up//charts?ref=v1']\n")
	e := w.engine()
	e.Template = nil
	if err := e.Walk(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app"}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"file https://example.com/crd", "kustomize https://example.com/org/up//charts?ref=v1", "helm https://charts.example.com web",
		"helm https://charts.example.com web", "file https://example.com/v.yaml",
	}
	if diff := cmp.Diff(want, w.asked); diff != "" {
		t.Error(diff)
	}
	if w.rendered != 0 {
		t.Errorf("%d charts were rendered", w.rendered)
	}
}

func TestBadRemoteIsNamed(t *testing.T) {
	for _, c := range []struct{ name, app, repository, says, hint string }{
		{"unknown repository", "resources:\n- https://example.com/none//a\n", "", "app/kustomization.yaml:2: no such repository", ""},
		{"unknown file", "resources:\n- https://example.com/none.yaml\n", "", "app/kustomization.yaml:2: no such file", ""},
		{"web page", "resources:\n- https://example.com/page.yaml\n", "", "app/kustomization.yaml:2: resources: https://example.com/page.yaml is a web page", "the file itself"},
		{"missing directory", "", "-- b/x --\n", "repository https://example.com/up@v1 has no directory a", "//"},
		{"no kustomization", "", "-- a/x --\n", "directory https://example.com/up@v1//a has no kustomization", "add a file"},
		{"file as component", "components:\n- https://example.com/page.yaml\n", "", "no such repository", ""},
		{"out of the repository", "", "-- a/kustomization.yaml --\nresources:\n- ../../x\n", `https://example.com/up@v1//a/kustomization.yaml:2: resources: reading "../../x": path ../../x leaves the repository`, "nothing outside https://example.com/up@v1 is read"},
		{"into the stack", "", "-- a/kustomization.yaml --\nresources: [../../sluice.root/secret]\n", "leaves the repository", "nothing outside"},
		{"file of the stack", "", "-- a/kustomization.yaml --\nconfigMapGenerator: [{name: x, files: [../../sluice.root/secret/a.yaml]}]\n", "https://example.com/up@v1//a/kustomization.yaml", ""},
		{"values of the stack", "", "-- a/kustomization.yaml --\nhelmCharts: [{" + pinned + ", valuesFile: ../../sluice.root/secret/a.yaml}]\n", "leaves the repository", "nothing outside"},
		{"chart of the stack", "", "-- a/kustomization.yaml --\nhelmGlobals: {chartHome: ../../sluice.root}\nhelmCharts: [{name: web}]\n", "leaves the repository", "nothing outside"},
		{"the stack reads a mount", "resources: ['https://example.com/up//a?ref=v1', ../../sluice.remote-1/a]\n", "-- a/kustomization.yaml --\nresources: []\nnamespace: x\n", "leaves the directory of the build", "nothing outside"},
		{"broken resource", "", "-- a/kustomization.yaml --\nresources: [b.yaml]\n-- a/b.yaml --\nkind: [\n", "https://example.com/up@v1//a/b.yaml:", ""},
		{"broken remote file", "resources:\n- https://example.com/bad.yaml\n", "", "https://example.com/bad.yaml", ""},
		{"broken remote patch", "resources: [../secret]\npatches: [{path: 'https://example.com/bad.yaml'}]\n", "", "https://example.com/bad.yaml", ""},
		{"failing patch", "", "-- a/kustomization.yaml --\npatches: [{path: p.yaml}]\n-- a/p.yaml --" + configMap, "https://example.com/up@v1//a/kustomization.yaml: ", "compare"},
		{"not a component", "components: ['https://example.com/up//a?ref=v1']\n", "-- a/kustomization.yaml --\nnamespace: x\n", "https://example.com/up@v1//a", ""},
		{"cycle", "", "-- a/kustomization.yaml --\nresources: [../b]\n-- b/kustomization.yaml --\nresources: ['https://example.com/up//a?ref=v1']\n", "https://example.com/up@v1//a -> https://example.com/up@v1//b -> https://example.com/up@v1//a", "cannot build on itself"},
		{"settings", "", "-- a/kustomization.yaml --\ngenerators: [g.yaml]\n-- a/g.yaml --\napiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: ['https://example.com/x']\n", "https://example.com/up@v1//a/g.yaml: files: \"https://example.com/x\" is remote", "vendor it"},
		{"chart with dependencies", "", "-- a/kustomization.yaml --\nhelmCharts: [{name: c}]\n-- a/charts/c/Chart.yaml --\nname: c\nversion: 1.0.0\ndependencies: [{name: d}]\n", "has dependencies", "repo and version"},
		{"credentials", "resources:\n- https://user:hunter2@example.com/up//none?ref=v1\n", "-- a/x --\n", "repository", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.app == "" {
				c.app = "resources: ['https://example.com/up//a?ref=v1']\n"
			}
			w := &world{
				repositories: map[string]string{"https://example.com/up": c.repository, "https://user:hunter2@example.com/up": c.repository},
				files:        map[string]string{"https://example.com/page.yaml": "\n<!DOCTYPE html>\n<html></html>\n", "https://example.com/bad.yaml": "kind: [\n"},
			}
			e := w.engine()
			if c.name == "credentials" {
				fetch := e.Fetch
				e.Fetch = func(ctx context.Context, s render.Source) (render.Tree, error) {
					tree, err := fetch(ctx, s)
					tree.Origin = ""
					return tree, err
				}
			}
			dir := unpack(t, "-- app/kustomization.yaml --\n"+c.app+"-- secret/kustomization.yaml --\nresources: [a.yaml]\n-- secret/a.yaml --"+configMap)
			out, err := e.Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
			if err == nil {
				t.Fatalf("no error; output:\n%s", out.YAML)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error does not say %q:\n%v", c.says, err)
			}
			if got := hints(err); !strings.Contains(got, c.hint) {
				t.Errorf("hint is %q, not %q", got, c.hint)
			}
			shown := strings.ReplaceAll(strings.ReplaceAll(err.Error(), "../../sluice.root", ""), "../../sluice.remote-1", "")
			for _, leak := range []string{dir, "sluice.", ".sluice-", "accumulat", "\n", "hunter2"} {
				if strings.Contains(shown, leak) {
					t.Errorf("error shows %q:\n%v", leak, err)
				}
			}
		})
	}
}

func TestBuildReadsAnyFileSystem(t *testing.T) {
	tree := treeOf("-- app/kustomization.yaml --\nresources: [../base, b.yaml]\n-- base/kustomization.yaml --\nresources: [a.yaml]\n-- base/a.yaml --" + configMap)
	in := render.Build{Dir: tree.FS(), Path: "app", Origin: "$up"}
	_, err := engine(nil).Build(t.Context(), in)
	if want := `building kustomization $up/app: $up/app/kustomization.yaml:1: resources: "b.yaml" does not exist`; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
	in.Path = "base"
	if out, err := engine(nil).Build(t.Context(), in); err != nil || !strings.Contains(string(out.YAML), "name: one") || out.Inputs[0].Name != "$up/base/a.yaml" {
		t.Errorf("output %q, inputs %v, error %v", out.YAML, out.Inputs, err)
	}
	in.Dir = struct{ fs.FS }{tree.FS()} // hides all other methods
	if _, err := engine(nil).Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "does not tell links from files") {
		t.Errorf("error is %v", err)
	}
}
