package stack

import (
	"slices"
	"strings"
	"testing"
)

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
		if got := nearest(c.got, fields); got != c.want {
			t.Errorf("nearest(%q) is %q, want %q", c.got, got, c.want)
		}
	}
	if got := nearest("b", []string{"a", "c"}); got != "a" {
		t.Errorf("of two equally near the first is taken, got %q", got)
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

func TestSuggestCountsWhatItLeavesOut(t *testing.T) {
	var words []string
	for c := 'a'; c <= 'z'; c++ {
		words = append(words, strings.Repeat(string(c), 9))
	}
	if hint := suggest("0", words, "words"); !strings.HasSuffix(hint, " and 6 more") {
		t.Errorf("hint %q", hint)
	}
}

func TestSplitCommas(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"a=b", []string{"a=b"}},
		{"a=b,c=d", []string{"a=b", "c=d"}},
		{`a=b\,c,d=e`, []string{`a=b\,c`, "d=e"}},
		{`a=b\`, []string{`a=b\`}},
		{"", []string{""}},
	} {
		if got := splitCommas(c.text); !slices.Equal(got, c.want) {
			t.Errorf("splitCommas(%q) is %q, want %q", c.text, got, c.want)
		}
	}
}
