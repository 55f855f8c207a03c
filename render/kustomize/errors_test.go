package kustomize_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/render/kustomize"
)

// hints collects the hints of an error and of everything it wraps.
func hints(err error) string {
	var list []string
	for err != nil {
		if e, ok := err.(*render.Error); ok && e.Hint != "" {
			list = append(list, e.Hint)
		}
		err = errors.Unwrap(err)
	}
	return strings.Join(list, "\n")
}

// failure is one bad input: what the message and the hint must say, besides the files.
type failure struct {
	name  string
	files string // txtar
	path  string // "app" unless said
	alone bool   // without anything to fetch with
	says  []string
	hint  string
}

const configMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
`

func TestBadInputNamesFileAndNextStep(t *testing.T) {
	for _, f := range slices.Concat(graphFailures(), referenceFailures(), remoteFailures(), chartFailures()) {
		t.Run(f.name, func(t *testing.T) {
			dir := unpack(t, f.files)
			if f.path == "" {
				f.path = "app"
			}
			e := engine(nil)
			if f.alone {
				e = kustomize.Engine{}
			}
			in := render.Build{Dir: rooted(t, dir), Path: f.path, Capabilities: cluster}
			out, err := e.Build(t.Context(), in)
			if err == nil {
				t.Fatalf("no error; output:\n%s", out.YAML)
			}
			for _, want := range f.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
			if got := hints(err); !strings.Contains(got, f.hint) {
				t.Errorf("hint is %q, not %q", got, f.hint)
			}
			for _, leak := range []string{dir, "sluice.root", ".sluice-", "accumulat", "\n"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("error shows %q:\n%v", leak, err)
				}
			}
			if len(out.YAML) > 0 {
				t.Errorf("output beside an error:\n%s", out.YAML)
			}
			if walked := e.Walk(t.Context(), in); walked != nil && walked.Error() != err.Error() {
				t.Errorf("a walk fails with another error:\n%v\n%v", walked, err)
			}
		})
	}
}

func graphFailures() []failure {
	return []failure{
		{
			name: "no kustomization", files: "-- app/a.yaml --" + configMap,
			says: []string{"directory app has no kustomization"}, hint: "kustomization.yaml, kustomization.yml or Kustomization",
		},
		{
			name: "base without kustomization", files: "-- app/kustomization.yaml --\nresources:\n- ../base\n-- base/a.yaml --" + configMap,
			says: []string{"app/kustomization.yaml:2: ", "directory base has no kustomization"},
		},
		{
			name:  "two kustomizations",
			files: "-- app/kustomization.yaml --\nresources: []\n-- app/Kustomization --\nresources: []\n",
			says:  []string{"app/kustomization.yaml, app/Kustomization"}, hint: "keep one",
		},
		{
			name:  "chart and kustomization",
			files: "-- app/kustomization.yaml --\nresources: [a.yaml]\n-- app/Chart.yaml --\nname: x\n-- app/a.yaml --" + configMap,
			says:  []string{"app/Chart.yaml and app/kustomization.yaml"}, hint: "Argo CD",
		},
		{
			name:  "chart and kustomization in a base",
			files: "-- app/kustomization.yaml --\nresources: [../base]\n-- base/Chart.yaml --\nname: x\n-- base/kustomization.yml --\nresources: []\n",
			says:  []string{"base/Chart.yaml and base/kustomization.yml"},
		},
		{
			name:  "unknown field",
			files: "-- app/kustomization.yaml --\nnamespace: x\nresorces: [a.yaml]\n",
			says:  []string{"app/kustomization.yaml:2: ", `unknown field "resorces"`}, hint: `did you mean "resources"?`,
		},
		{
			name:  "unknown field of a chart",
			files: "-- app/kustomization.yaml --\nhelmCharts:\n- name: x\n  valuesFiles: [a]\n",
			says:  []string{"app/kustomization.yaml:3: ", `"valuesFiles"`}, hint: `did you mean "valuesFile"?`,
		},
		{
			name: "field of another place", files: "-- app/kustomization.yaml --\nhelmCharts:\n- {name: x, apiVersion: [a]}\n",
			says: []string{"app/kustomization.yaml:2: ", `unknown field "apiVersion"`}, hint: `did you mean "apiVersions"?`,
		},
		{
			name: "field of another type", files: "-- app/kustomization.yaml --\nresources: {a: b}\n",
			says: []string{"app/kustomization.yaml:1: ", "resources is a mapping, not a list"},
		},
		{
			name: "entry of another type", files: "-- app/kustomization.yaml --\nimages: [x]\n",
			says: []string{"app/kustomization.yaml:1: ", "a value in images is text, not a mapping"},
		},
		{
			name:  "repeated key",
			files: "-- app/kustomization.yaml --\nresources: [a.yaml]\nnamespace: x\nresources: [b.yaml]\n",
			says:  []string{"app/kustomization.yaml:3:1: ", `"resources" is repeated`, "line 1"},
		},
		{
			name: "kustomization that is not YAML", files: "-- app/kustomization.yaml --\nresources:\n- a\n b: [\n",
			says: []string{"app/kustomization.yaml:", "reading the kustomization"},
		},
		{
			name: "empty kustomization", files: "-- app/kustomization.yaml --\n\n",
			says: []string{"app/kustomization.yaml: the kustomization is empty"},
		},
		{
			name: "wrong kind", files: "-- app/kustomization.yaml --\nkind: Chart\nresources: []\n",
			says: []string{"app/kustomization.yaml: ", "kind should be"},
		},
		{
			name: "missing resource", files: "-- app/kustomization.yaml --\nresources:\n- a.yaml\n",
			says: []string{"app/kustomization.yaml:2: ", `resources: "a.yaml" does not exist`},
		},
		{
			name:  "broken resource below a base",
			files: "-- app/kustomization.yaml --\nresources: [../base]\n-- base/kustomization.yaml --\nresources:\n- a.yaml\n-- base/a.yaml --\nkind: [\n",
			says:  []string{"base/kustomization.yaml:2: ", "base/a.yaml:", "reading objects"},
		},
		{
			name:  "resource without a name",
			files: "-- app/kustomization.yaml --\nresources: [a.yaml]\n-- app/a.yaml --\napiVersion: v1\nkind: ConfigMap\n",
			says:  []string{"app/a.yaml", "missing metadata.name"},
		},
	}
}

func referenceFailures() []failure {
	return []failure{
		{
			name:  "cycle",
			files: "-- app/kustomization.yaml --\nresources: [../base]\n-- base/kustomization.yaml --\nresources:\n- ../app\n",
			says:  []string{"base/kustomization.yaml:2: ", "app -> base -> app"},
		},
		{
			name:  "file outside the kustomization",
			files: "-- app/kustomization.yaml --\nresources:\n- ../a.yaml\n-- a.yaml --" + configMap,
			says:  []string{"app/kustomization.yaml:2: ", "not in or below"}, hint: "base",
		},
		{
			name: "path out of the directory", files: "-- app/kustomization.yaml --\nresources:\n- ../../other\n",
			says: []string{"app/kustomization.yaml:2: ", "leaves the directory"}, hint: "copy",
		},
		{
			name: "build path out of the directory", files: "-- app/a --\n", path: "../x",
			says: []string{"leaves the directory"},
		},
		{
			name:  "resource as component",
			files: "-- app/kustomization.yaml --\ncomponents:\n- a.yaml\n-- app/a.yaml --" + configMap,
			says:  []string{"app/kustomization.yaml:2: ", "is a file"},
		},
		{
			name:  "base as component",
			files: "-- app/kustomization.yaml --\ncomponents:\n- ../base\n-- base/kustomization.yaml --\nresources: [a.yaml]\n-- base/a.yaml --" + configMap,
			says:  []string{"expected kind 'Component'", "'base'"},
		},
		{
			name:  "missing patch file",
			files: "-- app/kustomization.yaml --\nresources: [a.yaml]\npatches:\n- path: p.yaml\n-- app/a.yaml --" + configMap,
			says:  []string{"app/kustomization.yaml: ", "p.yaml"},
		},
		{
			name: "patch of nothing",
			files: "-- app/kustomization.yaml --\nresources: [a.yaml]\npatches:\n- patch: |\n" +
				"    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: other}\n-- app/a.yaml --" + configMap,
			says: []string{"app/kustomization.yaml: ", "ConfigMap other"}, hint: "compare",
		},
		{
			name: "same object from two bases",
			files: "-- app/kustomization.yaml --\nresources: [../b, ../c]\n-- b/kustomization.yaml --\nresources: [a.yaml]\n-- b/a.yaml --" + configMap +
				"-- c/kustomization.yaml --\nresources: [a.yaml]\n-- c/a.yaml --" + configMap,
			says: []string{"app/kustomization.yaml: adding c: ", "already registered id: ConfigMap one"}, hint: "same kind, name",
		},
		{
			name: "function",
			files: "-- app/kustomization.yaml --\nresources: [a.yaml]\ntransformers: [f.yaml]\n-- app/a.yaml --" + configMap +
				"-- app/f.yaml --\napiVersion: example.com/v1\nkind: Fn\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./x}\n",
			says: []string{"external plugins disabled"}, hint: "start programs",
		},
	}
}

func remoteFailures() []failure {
	var list []failure
	for name, field := range map[string]string{
		"resource":     "resources:\n- https://example.com/x.yaml\n",
		"repository":   "resources:\n- github.com/org/repo//base?ref=v1\n",
		"scp":          "components:\n- git@example.com:org/repo\n",
		"forced":       "resources:\n- git::https://example.com/org/repo\n",
		"old bases":    "bases:\n- https://example.com/org/repo\n",
		"crds":         "crds:\n- https://example.com/crd.json\n",
		"generator":    "generators:\n- https://example.com/gen.yaml\n",
		"transformer":  "transformers:\n- ssh://git@example.com/org/repo\n",
		"patch":        "patches:\n- path: https://example.com/p.yaml\n",
		"old patch":    "patchesStrategicMerge:\n- https://example.com/p.yaml\n",
		"json patch":   "patchesJson6902:\n- {target: {kind: X, name: x, version: v1}, path: 'https://example.com/p.yaml'}\n",
		"config map":   "configMapGenerator:\n- {name: x, files: ['a=https://example.com/p.yaml']}\n",
		"secret":       "secretGenerator:\n- {name: x, envs: ['HTTPS://example.com/p.env']}\n",
		"schema":       "openapi: {path: 'https://example.com/s.json'}\n",
		"replacement":  "replacements:\n- path: https://example.com/r.yaml\n",
		"config":       "configurations: ['https://example.com/c.yaml']\n",
		"more values":  "helmCharts:\n- {name: web, repo: 'https://charts.example.com', version: 1.2.3, additionalValuesFiles: ['https://example.com/v.yaml']}\n",
		"inline":       "generators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: x}\n  files: ['a=https://example.com/v.yaml']\n",
		"old imported": "resources:\n- file:///srv/repo\n",
	} {
		list = append(list, failure{
			name: "remote " + name, files: "-- app/kustomization.yaml --\n" + field, alone: name != "more values",
			says: []string{"app/kustomization.yaml:", "is remote"}, hint: "vendor it",
		})
	}
	return list
}

func chartFailures() []failure {
	chart := func(name, fields, hint string, says ...string) failure {
		return failure{
			name: "chart " + name, files: "-- app/kustomization.yaml --\nhelmCharts:\n- {" + fields + "}\n", hint: hint,
			says: append([]string{"app/kustomization.yaml:2: ", "helmCharts: "}, says...),
		}
	}
	return []failure{
		chart("without version", "name: web, repo: 'https://charts.example.com'", "set version", "not pinned"),
		chart("with a range that nothing pins", "name: web, repo: 'https://charts.example.com', version: 1.x", "", "reading chart web 1.x"),
		chart("without name", "releaseName: x", "set name", "has no chart name"),
		chart("nowhere", "name: web", "set repo", "no directory app/charts/web"),
		chart("outside", "name: '../../../web'", "copy", "leaves the directory"),
		chart("with unknown merge", "name: web, valuesMerge: deep", "merge, override, replace", `"deep"`),
		chart("with two names", "name: web, repo: 'https://charts.example.com', version: 1.2.3, releaseName: a, nameTemplate: b", "keep one", "nameTemplate"),
		chart("with missing values", "name: web, repo: 'https://charts.example.com', version: 1.2.3, valuesFile: v.yaml", "", `"v.yaml" does not exist`),
		chart("without values.yaml", "name: bare, repo: 'https://charts.example.com', version: 1.2.3", "valuesFile", "has no values.yaml"),
		chart("without values to merge", "name: hollow, repo: 'https://charts.example.com', version: 1.2.3, valuesInline: {a: 1}", "replace", "has no values"),
		chart("that is unknown", "name: none, repo: 'https://charts.example.com', version: 1.2.3", "", "chart none 1.2.3"),
		{
			name:  "chart in a home elsewhere",
			files: "-- app/kustomization.yaml --\nhelmGlobals: {chartHome: ../own}\nhelmCharts: [{name: web, version: 1.2.3, repo: 'https://charts.example.com'}]\n-- own/a --\n",
			says:  []string{"app/kustomization.yaml:2: ", "chartHome ../own is not in or below"}, hint: "valuesFile",
		},
		{
			name: "chart as generator", hint: "helmCharts",
			files: "-- app/kustomization.yaml --\ngenerators: [g.yaml]\n-- app/g.yaml --\napiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: web\n",
			says:  []string{"app/g.yaml: ", "is not inflated"},
		},
		{
			name: "chart as generator in a directory", hint: "helmCharts",
			files: "-- app/kustomization.yaml --\ngenerators: [g]\n-- app/g/kustomization.yaml --\nresources: [g.yaml]\n-- app/g/g.yaml --\napiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: web\n",
			says:  []string{"app/g/g.yaml: ", "is not inflated"},
		},
		{
			name:  "same object from two charts",
			files: "-- app/kustomization.yaml --\nhelmCharts:\n- &c {name: web, repo: 'https://charts.example.com', version: 1.2.3}\n- *c\n",
			says:  []string{"already registered id: ConfigMap default/release-name"}, hint: "same kind, name",
		},
	}
}

func TestLinkOutOfDirectoryIsNamed(t *testing.T) {
	for name, at := range map[string]string{
		"directory": "base", "resource": "app/a.yaml", "patch": "app/p.yaml", "kustomization": "app/kustomization.yaml",
	} {
		for kind, target := range map[string]string{"absolute": "/etc/hostname", "relative": "../../../x"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				dir := unpack(t, "-- app/kustomization.yaml --\nresources: [a.yaml, ../base]\npatches: [{path: p.yaml}]\n-- app/a.yaml --"+configMap+
					"-- app/p.yaml --"+configMap+"-- base/kustomization.yaml --\nnamespace: x\n")
				link := filepath.Join(dir, at)
				if err := os.RemoveAll(link); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(target, link); err != nil {
					t.Fatal(err)
				}
				_, err := engine(nil).Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app"})
				if err == nil || !strings.Contains(err.Error(), at+": the symbolic link leaves") || hints(err) == "" {
					t.Errorf("error is %v, hints %q", err, hints(err))
				}
			})
		}
	}
}

func TestLinkInsideDirectoryIsFollowed(t *testing.T) {
	dir := unpack(t, "-- app/kustomization.yaml --\nresources: [../link]\n-- real/base/kustomization.yaml --\nresources: [a.yaml]\n-- real/base/a.yaml --"+configMap)
	if err := os.Symlink("real/base", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	out, err := engine(nil).Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app"})
	if err != nil || !strings.Contains(string(out.YAML), "name: one") {
		t.Fatalf("output %q, error %v", out.YAML, err)
	}
	if got := out.Inputs[len(out.Inputs)-1].Name; got != "real/base/kustomization.yaml" {
		t.Errorf("last input is %s; inputs are named without links", got)
	}
}

func TestCanceledBuildStops(t *testing.T) {
	ctx, cancel := canceled(t)
	defer cancel()
	dir := unpack(t, "-- app/kustomization.yaml --\nresources: [a.yaml]\n-- app/a.yaml --"+configMap)
	if _, err := (kustomize.Engine{}).Build(ctx, render.Build{Dir: rooted(t, dir), Path: "app"}); err == nil {
		t.Error("a canceled build gave output")
	}
}
