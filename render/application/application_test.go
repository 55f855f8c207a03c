package application

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

func examplePlan() render.Plan {
	auto := render.Sync{Automated: true, Prune: true, SelfHeal: true}
	return render.Plan{
		Name: "three-layer",
		Hydrate: render.Hydration{
			RepoURL: "https://git.example.com/platform/cluster.git", Branch: "rendered/three-layer",
			Namespace: "argocd", Server: "https://cluster.example.com",
		},
		Layers: []render.Layer{
			{Name: "bootstrap", Wave: -2, Apps: []render.App{
				{Name: "traefik", Layer: "bootstrap", Namespace: "traefik", Sync: auto},
			}},
			{Name: "empty", Wave: 0},
			{Name: "platform", Wave: 1, Apps: []render.App{
				{
					Name: "netbox", Layer: "platform", Namespace: "netbox", DependsOn: []string{"registry", "postgres"},
					Sync: render.Sync{Options: []string{"ServerSideApply=true", "CreateNamespace=false"}},
				},
				{
					Name: "postgres", Layer: "platform", Namespace: "postgres", DependsOn: []string{"traefik"},
					Sync: render.Sync{Automated: true},
				},
				{Name: "registry", Layer: "platform", Namespace: "registry", DependsOn: []string{"postgres"}, Sync: auto},
			}},
		},
	}
}

func objectsOf(t *testing.T, plan render.Plan, results []render.Result) map[string]render.Object {
	t.Helper()
	objects, err := Objects(plan, results)
	if err != nil {
		t.Fatal(err)
	}
	byFile := make(map[string]render.Object)
	for _, o := range objects {
		if _, twice := byFile[o.Provenance.File]; twice {
			t.Errorf("two objects go to %s", o.Provenance.File)
		}
		byFile[o.Provenance.File] = o
	}
	return byFile
}

func TestEveryLayerAndAppHasItsFile(t *testing.T) {
	objects, err := Objects(examplePlan(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, o.Provenance.File+" "+o.Key.String())
	}
	want := []string{
		"argo/root/project.yaml AppProject.argoproj.io argocd/three-layer",
		"argo/root/application.yaml Application.argoproj.io argocd/three-layer",
		"argo/layers/bootstrap/project.yaml AppProject.argoproj.io argocd/three-layer-bootstrap",
		"argo/layers/bootstrap/application.yaml Application.argoproj.io argocd/three-layer-bootstrap",
		"argo/apps/bootstrap/traefik.yaml Application.argoproj.io argocd/traefik",
		"argo/layers/platform/project.yaml AppProject.argoproj.io argocd/three-layer-platform",
		"argo/layers/platform/application.yaml Application.argoproj.io argocd/three-layer-platform",
		"argo/apps/platform/netbox.yaml Application.argoproj.io argocd/netbox",
		"argo/apps/platform/postgres.yaml Application.argoproj.io argocd/postgres",
		"argo/apps/platform/registry.yaml Application.argoproj.io argocd/registry",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeObjects(t *testing.T) {
	results := []render.Result{{
		App: render.App{Name: "registry"},
		Set: render.Set{Objects: []render.Object{{Key: render.Key{Kind: "Role", Namespace: "kube-system", Name: "r"}}}},
	}}
	byFile := objectsOf(t, examplePlan(), results)
	tests := map[string]string{
		"argo/root/application.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: three-layer
  namespace: argocd
spec:
  destination:
    namespace: argocd
    server: https://kubernetes.default.svc
  project: three-layer
  source:
    directory:
      recurse: true
    path: argo/layers
    repoURL: https://git.example.com/platform/cluster.git
    targetRevision: rendered/three-layer
  syncPolicy:
    automated:
      prune: false
      selfHeal: true
`,
		"argo/layers/platform/project.yaml": `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  annotations:
    argocd.argoproj.io/sync-wave: "-3"
  name: three-layer-platform
  namespace: argocd
spec:
  clusterResourceWhitelist:
    - group: '*'
      kind: '*'
  description: Apps of layer platform of stack three-layer
  destinations:
    - namespace: kube-system
      server: https://cluster.example.com
    - namespace: netbox
      server: https://cluster.example.com
    - namespace: postgres
      server: https://cluster.example.com
    - namespace: registry
      server: https://cluster.example.com
  namespaceResourceWhitelist:
    - group: '*'
      kind: '*'
  sourceRepos:
    - https://git.example.com/platform/cluster.git
`,
		"argo/apps/platform/registry.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  annotations:
    argocd.argoproj.io/sync-wave: "1"
  name: registry
  namespace: argocd
spec:
  destination:
    namespace: registry
    server: https://cluster.example.com
  project: three-layer-platform
  source:
    directory:
      recurse: true
    path: platform/registry
    repoURL: https://git.example.com/platform/cluster.git
    targetRevision: rendered/three-layer
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
    syncOptions:
      - CreateNamespace=true
`,
	}
	for file, want := range tests {
		text, err := (render.Set{Objects: []render.Object{byFile[file]}}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(text)); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func TestWavesFollowLayersAndDependencies(t *testing.T) {
	byFile := objectsOf(t, examplePlan(), nil)
	want := map[string]string{
		"argo/layers/bootstrap/application.yaml": "-2",
		"argo/layers/platform/application.yaml":  "1",
		"argo/layers/bootstrap/project.yaml":     "-3",
		"argo/apps/bootstrap/traefik.yaml":       "0",
		"argo/apps/platform/postgres.yaml":       "0", // its dependency is in an earlier layer
		"argo/apps/platform/registry.yaml":       "1",
		"argo/apps/platform/netbox.yaml":         "2",
	}
	for file, wave := range want {
		annotations := byFile[file].Tree["metadata"].(map[string]any)["annotations"].(map[string]any)
		if got := annotations["argocd.argoproj.io/sync-wave"]; got != wave {
			t.Errorf("%s: wave %v, want %s", file, got, wave)
		}
	}
}

func TestSyncPolicyOfEachApp(t *testing.T) {
	byFile := objectsOf(t, examplePlan(), nil)
	want := map[string]map[string]any{
		"argo/apps/platform/netbox.yaml": { // not automated, and CreateNamespace overruled
			"syncOptions": []any{"ServerSideApply=true", "CreateNamespace=false"},
		},
		"argo/apps/platform/postgres.yaml": {
			"automated":   map[string]any{"prune": false, "selfHeal": false},
			"syncOptions": []any{"CreateNamespace=true"},
		},
	}
	for file, policy := range want {
		got := byFile[file].Tree["spec"].(map[string]any)["syncPolicy"]
		if diff := cmp.Diff(policy, got); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// A directory source would apply the text of a placeholder as the secret.
func TestAppWithPlaceholdersGoesThroughThePlugin(t *testing.T) {
	plan := examplePlan()
	plan.Hydrate.Plugin = "argocd-vault-plugin"
	plan.Layers[0].Apps[0].Secrets = "avp"
	objects := objectsOf(t, plan, nil)
	source := func(file string) map[string]any {
		return objects[file].Tree["spec"].(map[string]any)["source"].(map[string]any)
	}
	got := source("argo/apps/bootstrap/traefik.yaml")
	if diff := cmp.Diff(map[string]any{"name": "argocd-vault-plugin"}, got["plugin"]); diff != "" || got["directory"] != nil {
		t.Errorf("source %v: %s", got, diff)
	}
	if other := source("argo/apps/platform/registry.yaml"); other["plugin"] != nil || other["directory"] == nil {
		t.Errorf("an app without placeholders has the source %v", other)
	}
}

func TestPrefixKeepsEnvironmentsApart(t *testing.T) {
	plan := examplePlan()
	plan.Hydrate.Prefix = "prod-"
	objects := objectsOf(t, plan, nil)
	if got := objects["argo/apps/bootstrap/traefik.yaml"].Key.Name; got != "prod-traefik" {
		t.Errorf("the Application is named %s", got)
	}
}

func TestProjectsPermitTheirApplications(t *testing.T) {
	byFile := objectsOf(t, examplePlan(), nil)
	projects := make(map[string]map[string]any)
	for _, o := range byFile {
		if o.Key.Kind == "AppProject" {
			projects[o.Key.Name] = o.Tree["spec"].(map[string]any)
		}
	}
	for file, o := range byFile {
		if o.Key.Kind != "Application" {
			continue
		}
		spec := o.Tree["spec"].(map[string]any)
		project := projects[spec["project"].(string)]
		permitted := slices.ContainsFunc(project["destinations"].([]any), func(d any) bool {
			return cmp.Equal(d, spec["destination"])
		})
		repo := spec["source"].(map[string]any)["repoURL"]
		if !permitted || !slices.Contains(project["sourceRepos"].([]any), repo) {
			t.Errorf("%s: its project does not permit %v from %v", file, spec["destination"], repo)
		}
		if _, has := o.Tree["metadata"].(map[string]any)["finalizers"]; has {
			t.Errorf("%s has a finalizer", file)
		}
	}
}

func TestObjectsRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*render.Plan)
		want   []string
	}{
		"no repository": {
			func(p *render.Plan) { p.Hydrate.RepoURL = "" },
			[]string{"writing the Applications of stack three-layer: hydrate.repoURL is not set"},
		},
		"no repository and no branch": {
			func(p *render.Plan) { p.Hydrate = render.Hydration{} },
			[]string{"hydrate.repoURL is not set", "hydrate.branch is not set"},
		},
		"an app named like a layer's Application": {
			func(p *render.Plan) {
				p.Layers[0].Apps[0].Name = "three-layer-platform"
				p.Layers[0].Apps[0].Pos = render.Position{File: "stack.cue", Line: 7, Column: 3}
			},
			[]string{
				"stack.cue:7:3: writing the Application of app three-layer-platform: ",
				`the name "three-layer-platform" is taken by layer platform`,
			},
		},
		"a cycle": {
			func(p *render.Plan) { p.Layers[2].Apps[1].DependsOn = []string{"netbox"} },
			[]string{"ordering the apps of layer platform: app netbox depends on itself through dependsOn"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan := examplePlan()
			test.change(&plan)
			objects, err := Objects(plan, nil)
			if err == nil || objects != nil {
				t.Fatalf("got %d objects and error %v", len(objects), err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			var placed *render.Error
			if !errors.As(err, &placed) || placed.Hint == "" {
				t.Error("no hint")
			}
		})
	}
}
