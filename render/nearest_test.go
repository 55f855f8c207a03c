package render

import "testing"

func TestNearest(t *testing.T) {
	fields := []string{"chart", "release", "repo", "skipCRDs", "valueFiles", "values", "version"}
	for _, c := range []struct{ got, want string }{
		{"chrat", "chart"}, // two neighbours swapped are one edit
		{"skipCrds", "skipCRDs"},
		{"valuesFiles", "valueFiles"},
		{"vals", "values"},
		{"releaseName", "release"},
		{"reop", "repo"},
		{"", ""},
		{"x", ""},
		{"targetRevision", ""},
	} {
		if got := Nearest(c.got, fields); got != c.want {
			t.Errorf("Nearest(%q) is %q, want %q", c.got, got, c.want)
		}
	}
	if got := Nearest("bx", []string{"ax", "cx"}); got != "ax" {
		t.Errorf("of two equally near the first is taken, got %q", got)
	}
	for got, want := range map[string]string{"x": "", "ä": "", "A": "a", "ab": "b", "": ""} {
		if near := Nearest(got, []string{"b", "a"}); near != want {
			t.Errorf("Nearest(%q) is %q, want %q: a letter for another is no misspelling", got, near, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abd", 1},
		{"abc", "acb", 1},
		{"kitten", "sitting", 3},
		{"ö", "o", 1},
	} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("edits(%q, %q) is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
