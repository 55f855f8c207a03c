package stack

import (
	"fmt"
	"slices"
	"strings"
)

// suggest gives a hint that names the word meant by got, or all of them where none is near; "" where there are none.
// what introduces the list: "fields here". A list that is cut says how many it leaves out.
func suggest(got string, words []string, what string) string {
	words = slices.Clone(words)
	slices.Sort(words)
	if near := nearest(got, words); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	const most = 20 // more would bury the message
	switch {
	case len(words) == 0:
		return ""
	case len(words) > most:
		return fmt.Sprintf("%s: %s and %d more", what, strings.Join(words[:most], ", "), len(words)-most)
	}
	return what + ": " + strings.Join(words, ", ")
}

// nearest gives the word closest to got, the first of them in order; failing that one that begins alike ("distro" and
// "distribution"); or "" where all are too far to be meant.
func nearest(got string, words []string) string {
	best, distance := "", 1+max(1, (len(got)+2)/3)
	for _, w := range words {
		if d := edits(strings.ToLower(got), strings.ToLower(w)); d < distance {
			best, distance = w, d
		}
	}
	if best != "" {
		return best
	}
	for _, w := range words {
		n := 0
		for n < min(len(w), len(got)) && w[n] == got[n] {
			n++
		}
		if n >= 4 && 2*n >= len(got) {
			return w
		}
	}
	return ""
}

// edits is the distance of optimal string alignment: it counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func edits(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before []int
	last := make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row := make([]int, len(t)+1)
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(t)]
}
