package cause

import (
	"slices"
	"testing"
)

func TestBoundaries(t *testing.T) {
	for _, c := range []struct {
		id, a, b string
		want     bool
	}{
		{"H4", "3.22.0", "4.3.1", true},
		{"H4", "3.18.4", "3.19.4", false},
		{"H4", "3.16.3", "3.18.4", true},
		{"H4", "4.2.0", "4.1.9", true},
		{"H4", "4.2.0", "4.3.1", false},
		{"H6", "3.22.0", "4.0.5", false},
		{"H6", "4.0.5", "4.1.0", true},
		{"H8", "3.16.4", "v3.17.0", true},
		{"H7", "3.18.4", "3.18.5", true},
		{"K1", "5.7.1", "5.8.1", true},
		{"K1", "5.8.0", "5.8.1", false},
		{"K3", "5.4.3", "5.5.0", true},
		{"K3", "5.5.0", "5.8.1", false},
		{"H12", "3.0.0", "4.0.0", false},
		{"H4", "", "4.3.1", false},
		{"none", "1.0.0", "9.0.0", false},
	} {
		if got := entryOf(c.id).between(c.a, c.b); got != c.want || entryOf(c.id).between(c.b, c.a) != got {
			t.Errorf("%s between %s and %s: %t", c.id, c.a, c.b, got)
		}
	}
}

func TestMinimal(t *testing.T) {
	for _, need := range [][]int{{0}, {499}, {3, 250}, {1, 2, 3}, {0, 499}} {
		tests := 0
		got := minimal(indices(500), func(list []int) bool {
			tests++
			return !slices.ContainsFunc(need, func(n int) bool { return !slices.Contains(list, n) })
		})
		if !slices.Equal(got, need) || len(need) == 1 && tests > 20 {
			t.Errorf("needed %v: got %v after %d tests", need, got, tests)
		}
	}
}

func TestArchiveOrder(t *testing.T) {
	want := []string{
		"a/templates/_b.tpl", "a/templates/a.yaml", "a/templates/z/b.yaml", "a/crds/a.yaml",
		"a/charts/b/templates/a.yaml", "a/charts/b/crds/a.yaml", "a/charts/b/charts/x/templates/a.yaml", "a/charts/c/templates/a.yaml",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, archiveOrder)
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		text, value string
		want        int
	}{
		{"web", "web", 3},
		{"web", "web-1", -1},
		{hole, "anything", 0},
		{hole + "-db", "web-db", 3},
		{hole + "-db", "db", -1},
		{"a-" + hole + "-b-" + hole, "a-x-b-y", 5},
		{"a" + hole + "a", "a", -1},
	} {
		if got := fits(c.text, c.value); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.text, c.value, got, c.want)
		}
	}
}
