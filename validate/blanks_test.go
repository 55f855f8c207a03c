package validate

import (
	"testing"

	"sluice/render"
)

// TestBelow finds what is blank at a path and below it, the whole object too, and not beside it.
func TestBelow(t *testing.T) {
	key := render.Key{Kind: "Secret", Name: "a"}
	b := BlanksOf(render.Result{Ledger: []render.Placeholder{{Object: key, Field: render.Path{"data", "user", 0, "name"}}}})
	for _, c := range []struct {
		field render.Path
		want  bool
	}{
		{nil, true},
		{render.Path{"data"}, true},
		{render.Path{"data", "user"}, true},
		{render.Path{"data", "user", 0, "name"}, true},
		{render.Path{"dat"}, false},
		{render.Path{"data", "user", 1}, false},
		{render.Path{"data", "user", 0, "name", "x"}, false},
	} {
		if got := b.Below(key, c.field); got != c.want {
			t.Errorf("%s: %t", c.field, got)
		}
	}
	effective := key
	if effective.Namespace = "shop"; b.Rendered(effective) != key || b.Rendered(key) != key {
		t.Errorf("the ledger does not know %s", effective)
	}
}
