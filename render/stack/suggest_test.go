package stack

import (
	"slices"
	"strings"
	"testing"
)

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
