package render

import (
	"strings"
	"unicode/utf8"
)

// Nearest gives the word that was probably meant by got: the closest, the first of several in the order given; failing
// that one that begins alike ("distro" and "distribution"); or "" where all are too far off, or share no letter with it.
func Nearest(got string, words []string) string {
	// A third of the letters may be wrong: more, and short words turn into each other.
	best, distance := "", 1+max(1, (len(got)+2)/3)
	for _, w := range words {
		if d := edits(strings.ToLower(got), strings.ToLower(w)); d < min(distance, max(utf8.RuneCountInString(got), utf8.RuneCountInString(w))) {
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
