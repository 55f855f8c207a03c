package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// planOf makes a plan of one layer with the sources given, one app each.
func planOf(sources ...Source) Plan {
	layer := Layer{Name: "platform"}
	for i, s := range sources {
		s.Pos = Position{File: "stack.cue", Line: 10 + i}
		layer.Apps = append(layer.Apps, App{Name: fmt.Sprintf("app%d", i), Namespace: "ns", Sources: []Source{s}})
	}
	return Plan{Name: "test", Dir: "stack", Layers: []Layer{layer}}
}

// engines are tools that give fixed answers.
func engines(yaml string) Tools {
	return Tools{
		Model: func([]Object) (Capabilities, error) { return Capabilities{}, nil },
		Fetch: func(_ context.Context, s Source) (Tree, error) {
			if s.Kind == KindManifests {
				return Tree{Origin: s.Path, Files: []File{{Path: "a.yaml", Data: []byte(yaml)}}, Inputs: []Input{{Name: s.Path}}}, nil
			}
			return Tree{Name: s.String(), Inputs: []Input{{Name: s.Chart}}}, nil
		},
		Helm:      func(context.Context, Release) (Output, error) { return Output{YAML: []byte(yaml)}, nil },
		Kustomize: func(context.Context, Build) (Output, error) { return Output{YAML: []byte(yaml)}, nil },
		Decode:    func(s Set) (Set, []Placeholder, error) { return s, []Placeholder{{Path: "kv"}}, nil },
		Jobs:      3,
	}
}

func TestRenderDoesEveryAppInOrder(t *testing.T) {
	plan := planOf(
		Source{Kind: KindHelm, Chart: "c", Version: "1.0.0"}, Source{Kind: KindUmbrella, Path: "apps/u"},
		Source{Kind: KindKustomize, Path: "apps/k"}, Source{Kind: KindManifests, Path: "manifests/m"},
	)
	plan.Layers[0].Apps[1].Secrets = "avp"
	results, err := Render(context.Background(), plan, engines("---\n# Source: c/templates/a.yaml\n"+object("A", "a")+"---\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		p := r.Set.Objects[0].Provenance
		got = append(got, fmt.Sprintf("%s %s %s %d %d", p.App, p.Source, p.Template, r.Set.Empties, len(r.Ledger)))
	}
	want := []string{
		"app0 chart c 1.0.0 c/templates/a.yaml 1 0", "app1 umbrella chart apps/u c/templates/a.yaml 1 1",
		"app2 kustomization apps/k c/templates/a.yaml 1 0", "app3 manifests manifests/m c/templates/a.yaml 1 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRenderGivesAllFailuresAndNoPart(t *testing.T) {
	plan := planOf(Source{Kind: KindHelm, Chart: "bad"}, Source{Kind: KindHelm, Chart: "good"}, Source{Kind: KindHelm, Chart: "bad"})
	tools := engines(object("A", "a"))
	tools.Fetch = func(_ context.Context, s Source) (Tree, error) {
		if s.Chart == "bad" {
			return Tree{}, errors.New("reading chart bad: not there")
		}
		return Tree{}, nil
	}
	results, err := Render(context.Background(), plan, tools)
	if len(results) != len(plan.Apps()) || results[0].Err == nil || len(results[0].Set.Objects) > 0 {
		t.Errorf("a part was given: %v", results)
	}
	want := "app app0: stack.cue:10: reading chart bad: not there\napp app2: stack.cue:12: reading chart bad: not there"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRenderRefusesAnEmptyRender(t *testing.T) {
	plan := planOf(Source{Kind: KindHelm, Chart: "c"})
	_, err := Render(context.Background(), plan, engines("---\n# nothing\n"))
	if err == nil || !strings.Contains(err.Error(), "no object came out (1 empty documents)") {
		t.Errorf("got %v", err)
	}
	plan.Layers[0].Apps[0].AllowEmpty = true
	results, err := Render(context.Background(), plan, engines("---\n# nothing\n"))
	if err != nil || len(results) != 1 || results[0].Set.Empties != 1 {
		t.Errorf("with allowEmpty: %v, %v", results, err)
	}
}

func TestRenderNamesWhatDiffersFromRunToRun(t *testing.T) {
	var calls atomic.Int32
	tools := engines("")
	tools.Helm = func(_ context.Context, r Release) (Output, error) {
		n := calls.Add(1)
		text := object("Secret", "s") + fmt.Sprintf("data: {fixed: a, password: p%d}\n", n)
		return Output{YAML: []byte(text), Random: []string{"randAlphaNum at templates/s.yaml:3"}}, nil
	}
	results, err := Render(context.Background(), planOf(Source{Kind: KindHelm, Chart: "c"}), tools)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Secret s: data.password"}, results[0].Random); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRenderStopsWhenCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	tools := engines(object("A", "a"))
	tools.Helm = func(context.Context, Release) (Output, error) {
		cancel()
		return Output{YAML: []byte(object("A", "a"))}, nil
	}
	results, err := Render(ctx, planOf(Source{Kind: KindHelm}, Source{Kind: KindHelm}), tools)
	if !errors.Is(err, context.Canceled) || results != nil {
		t.Errorf("got %v, %v", results, err)
	}
}

func TestCapabilities(t *testing.T) {
	has := func(c Capabilities, api string) bool {
		return strings.Contains(" "+strings.Join(c.APIVersions, " ")+" ", " "+api+" ")
	}
	old, err := Cluster{Kubernetes: "v1.28.3+k3s1", APIVersions: []string{"k8s.mariadb.com/v1alpha1/Database"}}.Capabilities()
	if err != nil {
		t.Fatal(err)
	}
	newer, err := Cluster{Kubernetes: "1.34.0"}.Capabilities()
	if err != nil {
		t.Fatal(err)
	}
	if old.KubeVersion != "1.28.3+k3s1" || !has(old, "k8s.mariadb.com/v1alpha1") || !has(old, "k8s.mariadb.com/v1alpha1/Database") {
		t.Errorf("declared APIs are missing: %+v", old)
	}
	for api, want := range map[string][2]bool{
		"apps/v1": {true, true}, "policy/v1beta1": {false, false},
		"flowcontrol.apiserver.k8s.io/v1beta3": {true, false}, "resource.k8s.io/v1": {false, true},
	} {
		if got := [2]bool{has(old, api), has(newer, api)}; got != want {
			t.Errorf("%s on 1.28 and 1.34: %v, want %v", api, got, want)
		}
	}
	for _, version := range []string{"1.20.0", "1.99", "latest", "2.30.1"} {
		if _, err := (Cluster{Kubernetes: version}).Capabilities(); err == nil {
			t.Errorf("version %q is accepted", version)
		}
	}
}

func TestCapabilitiesOfADistribution(t *testing.T) {
	c := Cluster{Kubernetes: "1.33.4", Distribution: "k3s"}
	for name, want := range map[string]bool{"k3s": true, "rke2": true, "talos": false, "": false} {
		c.Distribution = name
		got, err := c.Capabilities()
		if err != nil {
			t.Fatal(err)
		}
		for _, api := range []string{"helm.cattle.io/v1", "helm.cattle.io/v1/HelmChartConfig"} {
			if slices.Contains(got.APIVersions, api) != want {
				t.Errorf("distribution %q has %s: %t, want %t", name, api, !want, want)
			}
		}
		for _, api := range []string{"v1/ComponentStatus", "authorization.k8s.io/v1", "policy/v1beta1"} {
			if slices.Contains(got.APIVersions, api) {
				t.Errorf("distribution %q: Argo CD would not tell of %s", name, api)
			}
		}
	}
	c = Cluster{Kubernetes: "1.33.4", Distribution: "k3s", Captured: []string{"v1/Secret", "apps/v1"}, APIVersions: []string{"example.com/v1/Thing"}}
	got, err := c.Capabilities()
	want := []string{"apps/v1", "example.com/v1", "example.com/v1/Thing", "v1", "v1/Secret"}
	if err != nil || !slices.Equal(got.APIVersions, want) {
		t.Errorf("captured: %v, %v; want %v", got.APIVersions, err, want)
	}
	if minor, err := c.Minor(); minor != 33 || err != nil {
		t.Errorf("minor is %d, %v", minor, err)
	}
	if kept := got.WithoutKinds().APIVersions; !slices.Equal(kept, []string{"apps/v1", "example.com/v1", "v1"}) || len(got.APIVersions) != 5 {
		t.Errorf("without kinds: %v, and the list itself %v", kept, got.APIVersions)
	}
}
