package validate_test

import (
	"errors"
	"slices"
	"testing"

	"sluice/render"
	"sluice/validate"
)

func TestLookups(t *testing.T) {
	tree := map[string]any{
		"text": "a", "number": int64(7), "large": uint64(1) << 63, "list": []any{"b", int64(1), "c"}, "below": map[string]any{"text": "d"},
	}
	if got := validate.TextAt(tree, "below", "text"); got != "d" {
		t.Errorf("text: got %q", got)
	}
	// Missing, of another type, and through what is no mapping.
	for _, keys := range [][]string{{"none"}, {"number"}, {"text", "text"}, {"list", "text"}, {"none", "none"}} {
		if got := validate.TextAt(tree, keys...); got != "" {
			t.Errorf("text at %q: got %q", keys, got)
		}
	}
	if validate.MappingAt(tree, "text") != nil || validate.ListAt(tree, "below") != nil || validate.ValueAt(nil, "text") != nil {
		t.Error("a value of another type was given")
	}
	if got := validate.TextsAt(tree, "list"); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("texts: got %q", got)
	}
	if n, ok := validate.NumberAt(tree, "number"); n != 7 || !ok {
		t.Errorf("number: got %d, %t", n, ok)
	}
	for _, key := range []string{"large", "text", "none"} {
		if n, ok := validate.NumberAt(tree, key); ok {
			t.Errorf("number at %s: got %d", key, n)
		}
	}
}

func TestWhole(t *testing.T) {
	app := func(name string) render.App { return render.App{Name: name} }
	plan := render.Plan{Layers: []render.Layer{{Apps: []render.App{app("a"), app("b")}}}}
	both := []render.Result{{App: app("a")}, {App: app("b")}}
	others := plan
	others.Others = []render.App{app("c")}
	for _, c := range []struct {
		what string
		in   validate.Input
		want bool
	}{
		{"all apps", validate.Input{Plan: plan, Results: both}, true},
		{"one that did not render", validate.Input{Plan: plan, Results: both[:1]}, false},
		{"one with an error", validate.Input{Plan: plan, Results: []render.Result{both[0], {App: app("b"), Err: errors.New("broken")}}}, false},
		{"a selection", validate.Input{Plan: others, Results: both}, false},
	} {
		if got := c.in.Whole(); got != c.want {
			t.Errorf("%s: got %t", c.what, got)
		}
	}
}
