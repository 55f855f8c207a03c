package prune

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// parse reads objects from YAML.
func parse(t *testing.T, file, text string) render.Set {
	t.Helper()
	set, err := render.Parse(file, []byte(text))
	if err != nil {
		t.Fatalf("parsing %s: %v", file, err)
	}
	return set
}

// hop is a change of one app on a cluster that syncs and prunes by itself.
type hop struct {
	left, right string
	argocd      string
	minor       int
	live, next  render.Sync
	edit        func(*validate.Input)
}

var automated = render.Sync{Automated: true, Prune: true}

// input makes what rules judge of a hop. A change with an annotation "turn" on the left object has that turn.
func (h hop) input(t *testing.T) validate.Input {
	t.Helper()
	if h.live.Options == nil && !h.live.Automated && !h.live.Prune {
		h.live = automated
	}
	if h.next.Options == nil && !h.next.Automated && !h.next.Prune {
		h.next = h.live
	}
	if h.argocd == "" {
		h.argocd = "3.4.9"
	}
	pos := render.Position{File: "stack.cue", Line: 7}
	left := render.Result{App: render.App{Name: "shop", Sync: h.live}, Set: parse(t, "live.yaml", h.left)}
	right := render.Result{App: render.App{Name: "shop", Sync: h.next, Pos: pos}, Set: parse(t, "next.yaml", h.right)}
	in := validate.Input{
		Plan: render.Plan{
			Cluster: render.Cluster{ArgoCD: h.argocd}, Layers: []render.Layer{{Name: "apps", Apps: []render.App{right.App}}},
			Hydrate: render.Hydration{Namespace: "argocd"},
		},
		Results: []render.Result{right}, Minor: h.minor,
	}
	if in.Minor == 0 {
		in.Minor = 33
	}
	changes := render.Diff(left.Set, right.Set)
	in.Changes = []validate.Comparison{{App: "shop", Left: left, Right: right, Raw: changes, Effective: changes}}
	if h.edit != nil {
		h.edit(&in)
	}
	return in
}

// judge runs all rules and gives the findings of some of them, in the order of the report.
func judge(t *testing.T, in validate.Input, rules ...string) ([]validate.Finding, []validate.Unchecked) {
	t.Helper()
	report, err := validate.Run(context.Background(), in, Rules())
	if err != nil {
		t.Fatal(err)
	}
	found := slices.DeleteFunc(report.Findings, func(f validate.Finding) bool {
		return len(rules) > 0 && !slices.Contains(rules, f.Rule)
	})
	return found, report.Unchecked
}

// brief writes a finding as "rule severity object".
func brief(found []validate.Finding) string {
	var lines []string
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Rule, f.Severity, f.Object))
	}
	return strings.Join(lines, "\n")
}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || r.ID != strings.ToLower(r.ID) || r.Title == "" || r.Why == "" || r.Fix == "" || r.Check == nil {
			t.Errorf("rule %q: stated twice, or a text is missing", r.ID)
		}
		seen[r.ID] = true
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, r := range Rules() {
		if _, _, err := r.Check(ctx, validate.Input{}); err == nil {
			t.Errorf("rule %s does not heed the context", r.ID)
		}
	}
}

// put sets a value in a tree; "[]" and "[0]" make a list of one.
func put(tree map[string]any, path string, v any) {
	steps := strings.Fields(path)
	for i := len(steps) - 1; i > 0; i-- {
		if steps[i] == "[]" {
			v = []any{v}
		} else {
			v = map[string]any{steps[i]: v}
		}
	}
	merge(tree, map[string]any{steps[0]: v})
}

func merge(into, from map[string]any) {
	for key, v := range from {
		old, ok := into[key].(map[string]any)
		below, both := v.(map[string]any)
		oldList, isList := into[key].([]any)
		list, lists := v.([]any)
		switch {
		case ok && both:
			merge(old, below)
		case isList && lists && len(list) == 1 && len(oldList) == 1:
			a, ok1 := oldList[0].(map[string]any)
			b, ok2 := list[0].(map[string]any)
			if ok1 && ok2 {
				merge(a, b)
				continue
			}
			into[key] = v
		default:
			into[key] = v
		}
	}
}

// instance writes an object that a row is about, with the fields set.
func instance(t *testing.T, r row, kind string, fields map[string]any) string {
	t.Helper()
	group := strings.Replace(r.group, "*", "some", 1)
	version := "v1"
	if group != "" {
		version = group + "/v1"
	}
	if kind == "*" {
		kind = "Anything"
	}
	tree := map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": "one", "namespace": "here"}}
	if r.only != "" {
		if strings.Contains(r.only, "annotations") || strings.Contains(r.only, "labels") {
			put(tree, r.only, "true")
		} else {
			put(tree, r.only, []any{map[string]any{"name": "x"}})
		}
		if r.group == "kyverno.io" {
			delete(tree, "spec")
			put(tree, r.only, map[string]any{"kind": "ConfigMap"})
		}
	}
	for path, v := range fields {
		put(tree, path, v)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// values gives a value of a field that keeps and one that does not.
func (f field) values() (safe, unsafe any) {
	list := strings.HasSuffix(f.path, "finalizers") || strings.HasSuffix(f.path, "managementPolicies")
	safe, unsafe = "other", "other"
	if len(f.safe) > 0 {
		safe = f.safe[0]
	}
	if len(f.unsafe) > 0 {
		unsafe = f.unsafe[0]
	}
	if list {
		return []any{safe}, []any{safe, unsafe}
	}
	return safe, unsafe
}

// Of several fields all have to keep, or one of them where the row says so.
func TestSeveralFieldsThatKeep(t *testing.T) {
	both := row{keeps: []field{{path: "spec a", safe: []string{"keep"}}, {path: "spec b", safe: []string{"keep"}}}}
	one := both
	one.either = true
	for _, c := range []struct {
		a, b          string
		both, one     bool
		byBoth, byOne string
	}{
		{"keep", "keep", true, true, "spec.a", "spec.a"},
		{"keep", "drop", false, true, "spec.b", "spec.a"},
		{"drop", "keep", false, true, "spec.a", "spec.b"},
		{"drop", "drop", false, false, "spec.a", "spec.a"},
	} {
		o := &render.Object{Tree: map[string]any{"spec": map[string]any{"a": c.a, "b": c.b}}}
		if held, f := both.held(o); held != c.both || f.name() != c.byBoth {
			t.Errorf("a: %s, b: %s, both: %t by %s", c.a, c.b, held, f.name())
		}
		if held, f := one.held(o); held != c.one || f.name() != c.byOne {
			t.Errorf("a: %s, b: %s, one: %t by %s", c.a, c.b, held, f.name())
		}
	}
}

// Every row of the catalogue is found for its kind, judges an object whose fields do not keep by its own severity,
// and one whose fields do by the other.
func TestCatalogue(t *testing.T) {
	for _, table := range [][]row{databases, queues, storage, secrets, platform, plain} {
		for _, r := range table {
			if r.destroys == "" || r.source == "" || r.kinds == "" {
				t.Errorf("row %s %s: a text is missing", r.group, r.kinds)
			}
			for kind := range strings.FieldsSeq(r.kinds) {
				bare, unsafe, safe := map[string]any{}, map[string]any{}, map[string]any{}
				keepsBare := !r.either && len(r.keeps) > 0
				for _, f := range r.keeps {
					yes, no := f.values()
					unsafe[f.path] = no
					if !r.either || len(safe) == 0 {
						safe[f.path] = yes
					}
					keepsBare = keepsBare && f.absent || r.either && (keepsBare || f.absent)
				}
				if len(r.keeps) == 0 {
					expect(t, r, instance(t, r, kind, bare), r.severity)
					continue
				}
				expect(t, r, instance(t, r, kind, unsafe), r.severity)
				expect(t, r, instance(t, r, kind, safe), r.kept)
				want := r.severity
				if keepsBare {
					want = r.kept
				}
				expect(t, r, instance(t, r, kind, bare), want)
			}
		}
	}
}

func expect(t *testing.T, r row, object string, want validate.Severity) {
	t.Helper()
	in := hop{left: object}.input(t)
	found, _ := judge(t, in, lostData, lostObject)
	if in.Changes[0].Effective[0].Left.Key.Definition() {
		want = validate.DataLoss // It has a namespace, so it is tracked.
	}
	if len(found) != 1 || found[0].Severity != want || found[0].Source != r.source {
		t.Errorf("%s\ngives %q, want %s from %s; %+v", object, brief(found), want, r.source, found)
	}
	// The clean twin: nothing changes.
	if found, _ := judge(t, hop{left: object, right: object}.input(t), lostData, lostObject); len(found) > 0 {
		t.Errorf("%s\nunchanged gives %q", object, brief(found))
	}
}
