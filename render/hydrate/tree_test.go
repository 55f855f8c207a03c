package hydrate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

func parse(t testing.TB, text string) render.Set {
	t.Helper()
	set, err := render.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const traefikYAML = `
# Source: traefik/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: traefik}
spec: {replicas: 2, template: {spec: {containers: [{name: traefik, args: ["--a=<path:kv/data/x#y>"]}]}}}
---
# Source: traefik/templates/role.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: traefik, namespace: kube-system}
---
# Source: traefik/templates/route.yaml
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: dashboard, namespace: traefik}
---
# Source: traefik/templates/job.yaml
apiVersion: batch/v1
kind: Job
metadata: {generateName: migrate-}
---
apiVersion: batch/v1
kind: Job
metadata: {generateName: migrate-}
`

func exampleStack(t testing.TB) (render.Plan, []render.Result) {
	t.Helper()
	traefik := render.App{Name: "traefik", Layer: "bootstrap", Namespace: "traefik"}
	nothing := render.App{Name: "nothing", Layer: "apps", Namespace: "nothing", AllowEmpty: true}
	plan := render.Plan{
		Name:    "three-layer",
		Cluster: render.Cluster{Kubernetes: "1.33.4", Distribution: "k3s", ArgoCD: "3.4.9"},
		Hydrate: render.Hydration{RepoURL: "https://git.example.com/c.git"},
		Layers: []render.Layer{
			{Name: "bootstrap", Apps: []render.App{traefik}},
			{Name: "apps", Wave: 1, Apps: []render.App{nothing}},
		},
	}
	set := parse(t, traefikYAML)
	for i := range set.Objects {
		set.Objects[i].Provenance.Source = "chart traefik 39.0.1"
	}
	return plan, []render.Result{
		{App: nothing, Set: render.Set{Documents: 1, Empties: 1}},
		{
			App: traefik, Set: set, Ledger: make([]render.Placeholder, 1),
			Inputs: []render.Input{{Name: "values/b.yaml", Digest: "sha256:b"}, {Name: "a.tgz", Digest: "sha256:a"}, {Name: "a.tgz", Digest: "sha256:a"}},
		},
	}
}

var exampleTools = render.Toolchain{
	Name: "cluster", Helm: "3.22.0", Kustomize: "5.8.1",
	Capabilities: render.Capabilities{KubeVersion: "1.33.4", APIVersions: []string{"v1", "apps/v1"}},
}

func exampleFiles(t testing.TB) Files {
	t.Helper()
	plan, results := exampleStack(t)
	files, err := Tree(plan, results, []render.Object{rootApplication(t, plan, "bootstrap/traefik")}, exampleTools)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func rootApplication(t testing.TB, plan render.Plan, dir string) render.Object {
	t.Helper()
	o := parse(t, "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: root, namespace: argocd}\n"+
		"spec: {source: {repoURL: '"+plan.Hydrate.RepoURL+"', path: "+dir+"}}").Objects[0]
	o.Provenance.File = "argo/root/application.yaml"
	return o
}

func TestTreeHasOneFilePerObject(t *testing.T) {
	files := exampleFiles(t)
	want := []string{
		".sluice/inventory",
		".sluice/provenance.json",
		"apps/nothing/.gitkeep",
		"argo/root/application.yaml",
		"bootstrap/traefik/deployment_traefik.yaml",
		"bootstrap/traefik/ingressroute.traefik.io_dashboard.yaml",
		"bootstrap/traefik/job_migrate@d1.yaml",
		"bootstrap/traefik/job_migrate@d1-2.yaml",
		"bootstrap/traefik/role_kube-system_traefik.yaml",
	}
	var got []string
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if before, after, found := strings.Cut(p, "@"); found {
			p = before + "@d1" + after[digestDigits:]
		}
		got = append(got, p)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	deployment := string(files["bootstrap/traefik/deployment_traefik.yaml"])
	if !strings.HasPrefix(deployment, "apiVersion: apps/v1\nkind: Deployment\n") || !strings.Contains(deployment, "<path:kv/data/x#y>") {
		t.Errorf("deployment:\n%s", deployment)
	}
}

func TestProvenanceNamesEverythingThatDecided(t *testing.T) {
	text := string(exampleFiles(t)[provenancePath])
	want := `{
  "stack": "three-layer",
  "cluster": {
    "kubernetes": "1.33.4",
    "distribution": "k3s",
    "argocd": "3.4.9",
    "apiVersions": [
      "apps/v1",
      "v1"
    ]
  },
  "engines": {
    "toolchain": "cluster",
    "helm": "3.22.0",
    "kustomize": "5.8.1"
  },
  "apps": [
    {
      "name": "traefik",
      "layer": "bootstrap",
      "namespace": "traefik",
      "documents": 5,
      "empties": 0,
      "placeholders": 1,
      "sources": [],
      "inputs": [
        {
          "name": "a.tgz",
          "digest": "sha256:a"
        },
        {
          "name": "values/b.yaml",
          "digest": "sha256:b"
        }
      ],
      "objects": [
        {
          "file": "deployment_traefik.yaml",
          "source": "chart traefik 39.0.1",
          "template": "traefik/templates/deployment.yaml"
        },
`
	if !strings.HasPrefix(text, want) {
		t.Error(cmp.Diff(want, text))
	}
}

func TestTreeIsTheSameWhateverTheOrderOfResults(t *testing.T) {
	plan, results := exampleStack(t)
	first, err := Tree(plan, results, nil, exampleTools)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(results)
	second, err := Tree(plan, results, nil, exampleTools)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

func TestInventoryIsReadBackAsWritten(t *testing.T) {
	files := exampleFiles(t)
	own, err := parseInventory(inventoryPath, files[inventoryPath])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(take(files), own); diff != "" {
		t.Error(diff)
	}
	if len(own) != len(files)-1 {
		t.Errorf("%d paths for %d files", len(own), len(files))
	}
}

func TestDamagedInventoriesAreErrors(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for name, text := range map[string]string{
		"cut short":     sum + "  a.yaml\n" + sum + "  b.ya",
		"short digest":  sum[1:] + "  a.yaml\n",
		"out of order":  sum + "  b.yaml\n" + sum + "  a.yaml\n",
		"twice":         sum + "  a.yaml\n" + strings.Repeat("b", 64) + "  a.yaml\n",
		"leaves":        sum + "  ../a.yaml\n",
		"absolute":      sum + "  /a.yaml\n",
		"into git":      sum + "  .git/config\n",
		"not cleaned":   sum + "  a//b.yaml\n",
		"empty line":    "\n",
		"windows drive": sum + "  c:a.yaml\n",
	} {
		if own, err := parseInventory(inventoryPath, []byte(text)); err == nil {
			t.Errorf("%s: read as %v", name, own)
		}
	}
}

func TestTreeRefuses(t *testing.T) {
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	own := strings.Replace(configMap, "name: c", "name: c, namespace: traefik", 1)
	tests := map[string]struct {
		change func(*render.Plan, *[]render.Result)
		want   string
	}{
		"a missing result": {
			func(_ *render.Plan, r *[]render.Result) { *r = (*r)[:1] },
			"hydrating stack three-layer: app traefik has no result",
		},
		"a result too many": {
			func(_ *render.Plan, r *[]render.Result) {
				*r = append(*r, render.Result{App: render.App{Name: "other"}})
			}, "app other is not in the stack",
		},
		"two results of one app": {
			func(_ *render.Plan, r *[]render.Result) { *r = append(*r, (*r)[0]) }, "app nothing has two results",
		},
		"an app without objects": {
			func(p *render.Plan, _ *[]render.Result) { p.Layers[1].Apps[0].AllowEmpty = false },
			"app nothing: no objects to hydrate",
		},
		"one key twice": {
			func(_ *render.Plan, r *[]render.Result) {
				(*r)[1].Set = parse(t, "# Source: x/templates/a.yaml\n"+configMap+"---\n# Source: x/templates/b.yaml\n"+configMap)
			}, "app traefik: ConfigMap c comes twice, from x/templates/a.yaml and from x/templates/b.yaml",
		},
		"one key with and without the app's namespace": {
			func(_ *render.Plan, r *[]render.Result) { (*r)[1].Set = parse(t, configMap+"---\n"+own) },
			"app traefik: ConfigMap traefik/c comes twice, from test.yaml:1 and from test.yaml:",
		},
		"kinds that differ in case": {
			func(_ *render.Plan, r *[]render.Result) {
				(*r)[1].Set = parse(t, "apiVersion: a.io/v1\nkind: Foo\nmetadata: {name: c}\n---\napiVersion: a.io/v1\nkind: FOO\nmetadata: {name: c}\n")
			}, "are one on some file systems",
		},
		"the marker that hides a file": {
			func(_ *render.Plan, r *[]render.Result) {
				(*r)[1].Set = parse(t, configMap+"data: {note: '# +argocd:skip-file-rendering'}\n")
			}, `ConfigMap c: its text has the marker "+argocd:skip-file-rendering"`,
		},
		"a tree that YAML cannot carry": {
			func(_ *render.Plan, r *[]render.Result) {
				(*r)[1].Set = parse(t, configMap)
				(*r)[1].Set.Objects[0].Tree["data"] = map[string]any{"n": float64(3)}
			}, "ConfigMap c is another object once encoded and parsed",
		},
		"a layer called argo": {
			func(p *render.Plan, _ *[]render.Result) { p.Layers[0].Apps[0].Layer = "argo" },
			"app traefik of layer argo: no directory can have that name",
		},
		"an app that leaves the tree": {
			func(p *render.Plan, r *[]render.Result) {
				p.Layers[0].Apps[0].Name, (*r)[1].App.Name = "../x", "../x"
			}, "app ../x of layer bootstrap: no directory can have that name",
		},
		"an Application that points nowhere": {
			func(p *render.Plan, _ *[]render.Result) { p.Cluster.Domain = "nowhere" },
			`Application.argoproj.io argocd/root points at the directory "bootstrap/trae", which the tree does not have`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan, results := exampleStack(t)
			test.change(&plan, &results)
			var applications []render.Object
			if plan.Cluster.Domain == "nowhere" {
				applications = append(applications, rootApplication(t, plan, "bootstrap/trae"))
			}
			files, err := Tree(plan, results, applications, exampleTools)
			if err == nil || files != nil {
				t.Fatalf("%d files, error %v", len(files), err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q\ndoes not say %q", err, test.want)
			}
		})
	}
}

func TestProvenanceNamesRepositoriesAndKeyrings(t *testing.T) {
	plan, results := exampleStack(t)
	plan.Refs = map[string]render.Source{
		"values": {Kind: render.KindGit, Repo: "https://git.example.com/values.git", Version: "main"},
		"bases":  {Kind: render.KindGit, Repo: "git@git.example.com:bases.git", Version: "v1", Submodules: true},
	}
	plan.Layers[0].Apps[0].Sources = []render.Source{
		{Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "web", Version: "^1", Keyring: "keys.gpg"},
	}
	files, err := Tree(plan, results, []render.Object{rootApplication(t, plan, "bootstrap/traefik")}, exampleTools)
	if err != nil {
		t.Fatal(err)
	}
	var got provenance
	if err := json.Unmarshal(files[provenancePath], &got); err != nil {
		t.Fatal(err)
	}
	want := []refProvenance{
		{Name: "bases", Repo: "git@git.example.com:bases.git", Revision: "v1", Submodules: true},
		{Name: "values", Repo: "https://git.example.com/values.git", Revision: "main"},
	}
	if !slices.Equal(got.Refs, want) || got.Apps[0].Sources[0].Keyring != "keys.gpg" {
		t.Errorf("refs %+v, source %+v", got.Refs, got.Apps[0].Sources)
	}
}
