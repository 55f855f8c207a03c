package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// What Objects writes Read gives back, for every app of the plan.
func TestApplicationsReadBack(t *testing.T) {
	plan := examplePlan()
	plan.Layers[2].Apps[0].Secrets = "avp"
	objects, err := Objects(plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Read(objects)
	if err != nil {
		t.Fatal(err)
	}
	var results []render.Result
	for _, app := range plan.Apps() {
		results = append(results, render.Result{App: render.App{Name: app.Name, Layer: app.Layer}})
	}
	merged, notes := Merge(results, all)
	if len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
	for i, app := range plan.Apps() {
		got := merged[i].App
		if diff := cmp.Diff(app.Sync, got.Sync); diff != "" {
			t.Errorf("%s: %s", app.Name, diff)
		}
		if got.Namespace != app.Namespace {
			t.Errorf("%s: namespace %q", app.Name, got.Namespace)
		}
		if results[i].App.Namespace != "" {
			t.Error("the results given were changed")
		}
	}
}

func applications(t *testing.T, text string) ([]Application, error) {
	t.Helper()
	set, err := render.Parse("apps.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Read(set.Objects)
}

const head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\n"

func TestApplicationsOfOthersAreRead(t *testing.T) {
	for spec, want := range map[string]Application{
		"{source: {path: ./a/b/}, destination: {namespace: here, server: 'https://c.example.com'}, syncPolicy: {automated: {}}}": {Paths: []string{"a/b"}, Namespace: "here", Server: "https://c.example.com", Sync: render.Sync{Automated: true}},
		"{source: {path: a}, destination: {name: east}, syncPolicy: {automated: {prune: true, selfHeal: true}}}":                 {Paths: []string{"a"}, Server: "east", Sync: render.Sync{Automated: true, Prune: true, SelfHeal: true}},
		"{source: {path: a}, syncPolicy: {automated: {enabled: false, prune: true}}}":                                            {Paths: []string{"a"}},
		"{source: {path: a}, syncPolicy: {automated: {enabled: true, prune: true}}}":                                             {Paths: []string{"a"}, Sync: render.Sync{Automated: true, Prune: true}},
		"{source: {path: a}, syncPolicy: {automated: null, syncOptions: [Prune=false, CreateNamespace=true]}}":                   {Paths: []string{"a"}, Sync: render.Sync{Options: []string{"Prune=false", "CreateNamespace=true"}}},
		"{source: {path: a}, sources: [{path: b}, {chart: c, path: d}, {ref: v}, {path: ., directory: {include: '*.yaml'}}]}":    {Paths: []string{"b", "."}, Partial: "directory.include"},
		"{source: {path: a, kustomize: {namePrefix: x}}}":                                                                        {Paths: []string{"a"}, Partial: "rendered by kustomize"},
	} {
		want.Name = "x"
		got, err := applications(t, head+"spec: "+spec+"\n")
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		if diff := cmp.Diff([]Application{want}, got); diff != "" {
			t.Errorf("%s: %s", spec, diff)
		}
	}
	for _, none := range []string{
		head + "spec: {source: {chart: c, repoURL: r}}", head, "apiVersion: app.k8s.io/v1beta1\nkind: Application\nmetadata: {name: x}\nspec: {source: {path: a}}",
	} {
		if got, err := applications(t, none); len(got) != 0 || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, wrong := range []string{
		"[]", "{source: a}", "{source: {path: [a]}}", "{sources: {path: a}}", "{sources: [a]}", "{destination: x}", "{destination: {namespace: 1}}",
		"{syncPolicy: []}", "{syncPolicy: {automated: true}}", "{syncPolicy: {automated: {prune: 'true'}}}", "{syncPolicy: {syncOptions: [1]}}",
		"{syncPolicy: {automated: {enabled: 'no'}}}", "{source: {path: a, directory: x}}",
	} {
		if _, err := applications(t, head+"spec: "+wrong+"\n"); err == nil || !strings.Contains(err.Error(), "apps.yaml:1: reading Application.argoproj.io x: spec: ") {
			t.Errorf("%s: error %v", wrong, err)
		}
	}
}

// Not to know, or to be told two things, must not look like protection.
func TestMergeNeverMakesUpProtection(t *testing.T) {
	prune := render.Sync{Automated: true, Prune: true}
	keep := render.Sync{Automated: true, Options: []string{"Prune=false", "ServerSideApply=true"}}
	for name, c := range map[string]struct {
		applications []Application
		want         render.App
		notes        int
	}{
		"none":                {nil, render.App{Sync: prune}, 1},
		"of another app":      {[]Application{{Paths: []string{"l/ab", "xl/a", "l"}, Sync: keep}}, render.App{Sync: prune}, 1},
		"exact":               {[]Application{{Paths: []string{"l/a"}, Sync: keep, Namespace: "n"}}, render.App{Sync: keep, Namespace: "n"}, 0},
		"in a directory":      {[]Application{{Paths: []string{"x/l/a"}, Sync: keep}}, render.App{Sync: keep}, 0},
		"exact comes first":   {[]Application{{Paths: []string{"x/l/a"}, Sync: prune}, {Paths: []string{"l/a"}, Sync: keep}}, render.App{Sync: keep}, 0},
		"two, the worst":      {[]Application{{Paths: []string{"l/a"}, Sync: keep}, {Paths: []string{"l/a"}, Sync: prune}}, render.App{Sync: render.Sync{Automated: true, Prune: true, Options: []string{}}}, 0},
		"two places":          {[]Application{{Paths: []string{"l/a"}, Namespace: "n"}, {Paths: []string{"l/a"}, Namespace: "m"}}, render.App{Namespace: "n"}, 1},
		"a part of the files": {[]Application{{Paths: []string{"l/a"}, Partial: "directory.include"}}, render.App{}, 1},
	} {
		merged, notes := Merge([]render.Result{{App: render.App{Name: "a", Layer: "l"}}}, c.applications)
		c.want.Name, c.want.Layer = "a", "l"
		if diff := cmp.Diff(c.want, merged[0].App); diff != "" || len(notes) != c.notes {
			t.Errorf("%s: notes %q, %s", name, notes, diff)
		}
	}
}
