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

// An object of a kind without namespaces may state one, and is known by its key without it.
func TestBlanksOfAStatedNamespace(t *testing.T) {
	role := render.Key{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "a"}
	stated := role
	stated.Namespace = "shop"
	field := render.Path{"metadata", "annotations", "a"}
	of := func(keys ...render.Key) Blanks {
		r := render.Result{Ledger: []render.Placeholder{{Object: stated, Field: field}}}
		for _, key := range keys {
			r.Set.Objects = append(r.Set.Objects, render.Object{Key: key})
		}
		return BlanksOf(r)
	}
	if b := of(stated); b.Rendered(role) != stated || !b.Below(b.Rendered(role), field) {
		t.Errorf("%v is known as %v", role, b.Rendered(role))
	}
	if b := of(stated, role); b.Rendered(role) != role {
		t.Errorf("beside one that states none %v is known as %v", role, b.Rendered(role))
	}
	elsewhere := role
	elsewhere.Namespace = "other"
	if b := of(stated, elsewhere); b.Has(b.Rendered(elsewhere)) {
		t.Errorf("%v has the blanks of %v", elsewhere, stated)
	}
}
