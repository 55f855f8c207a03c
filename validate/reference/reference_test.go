package reference

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// part is an app of a stack: its name, destination and manifests.
type part struct{ name, namespace, text string }

// clusterKindsOfTests are the cluster-scoped kinds of the tests' objects.
var clusterKindsOfTests = []string{
	"Namespace", "ClusterRole", "ClusterRoleBinding", "StorageClass", "PersistentVolume", "IngressClass", "PriorityClass", "RuntimeClass",
	"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "CustomResourceDefinition", "APIService",
}

// stack makes what rules judge of apps.
func stack(t testing.TB, parts ...part) validate.Input {
	t.Helper()
	in := validate.Input{Minor: 33, Plan: render.Plan{Cluster: render.Cluster{Kubernetes: "1.33.4", Distribution: "k3s", ArgoCD: "3.4.9"}}}
	in.ClusterScoped = func(k render.Key) bool { return slices.Contains(clusterKindsOfTests, k.Kind) }
	var layer render.Layer
	for _, p := range parts {
		set, err := render.Parse(p.name+".yaml", []byte(p.text))
		if err != nil {
			t.Fatalf("parsing %s: %v", p.name, err)
		}
		for i := range set.Objects {
			set.Objects[i].Provenance.App = p.name
		}
		app := render.App{Name: p.name, Namespace: p.namespace}
		layer.Apps = append(layer.Apps, app)
		in.Results = append(in.Results, render.Result{App: app, Set: set})
		in.Effective = append(in.Effective, set.Effective(p.namespace, in.ClusterScoped))
	}
	in.Plan.Layers = []render.Layer{layer}
	return in
}

// judged runs the rules and writes each finding as "severity rule field: message".
func judged(t testing.TB, in validate.Input) ([]string, []validate.Unchecked) {
	t.Helper()
	report, err := validate.Run(context.Background(), in, Rules())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range report.Findings {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Severity, f.Rule, f.Message))
		if f.Rule == "" || f.Object == (render.Key{}) || f.Rendered.Line == 0 {
			t.Errorf("incomplete finding: %+v", f)
		}
	}
	return lines, report.Unchecked
}

// TestExamples holds every rule to its own examples.
func TestExamples(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range Rules() {
		if seen[rule.ID] || rule.Title == "" || rule.Why == "" || rule.Fix == "" || rule.Source == "" {
			t.Errorf("rule %s is there twice or lacks a text", rule.ID)
		}
		seen[rule.ID] = true
		for name, text := range map[string]string{"wrong": rule.Wrong, "right": rule.Right} {
			lines, unchecked := judged(t, stack(t, part{"example", "example", text}))
			found := slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, " "+rule.ID+" ") })
			if found != (name == "wrong") || len(lines) > 1 || name == "right" && len(lines)+len(unchecked) > 0 {
				t.Errorf("%s example of %s: %q %v", name, rule.ID, lines, unchecked)
			}
		}
	}
}
