package stack

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
)

// suggest gives a hint that names the word meant by got, or all of them where none is near; "" where there are none.
// what introduces the list: "fields here". A list that is cut says how many it leaves out.
func suggest(got string, words []string, what string) string {
	words = slices.Clone(words)
	slices.Sort(words)
	if near := render.Nearest(got, words); near != "" {
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
