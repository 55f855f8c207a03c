package helm

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shortest is how long a value is that is looked for in an error. Shorter ones stand in the words of the library itself.
const shortest = 4

// hidden takes from an error of a library the values of a release that it quotes, any of which may be a secret, and names
// their keys in their place: "parsing time as the value of login.password".
func hidden(text string, values map[string]any) string {
	type leaf struct{ text, key string }
	var leaves []leaf
	var walk func(v any, key string)
	walk = func(v any, key string) {
		switch v := v.(type) {
		case map[string]any:
			for k, child := range v {
				walk(child, strings.TrimPrefix(key+"."+k, "."))
			}
		case interface{ AsMap() map[string]any }:
			walk(v.AsMap(), key)
		case []any:
			for i, child := range v {
				walk(child, fmt.Sprintf("%s[%d]", key, i))
			}
		case nil, bool:
		default:
			plain := strings.TrimSpace(fmt.Sprint(v))
			// Libraries escape in ways of their own what is more than a line.
			for _, form := range append(strings.Split(plain, "\n"), plain, strings.Trim(strconv.Quote(plain), `"`)) {
				if len(form) >= shortest && strings.Contains(text, form) {
					leaves = append(leaves, leaf{form, key})
				}
			}
		}
	}
	walk(values, "")
	text = badTime.ReplaceAllString(text, "$1")
	// The longest first, as one may hold another.
	slices.SortFunc(leaves, func(a, b leaf) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.key, b.key), cmp.Compare(a.text, b.text))
	})
	// All at once: what stands in the place of one is not looked through for the next.
	var pairs []string
	for _, l := range leaves {
		quotes := []string{""}
		if word.MatchString(l.text) {
			quotes = []string{`"`, "`", "'"}
		}
		for _, q := range quotes {
			pairs = append(pairs, q+l.text+q, q+"the value of "+l.key+q)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// word is a value that the library may well say by itself, such as "type": it counts as quoted only in quotes.
var word = regexp.MustCompile(`^[a-z]{1,9}$`)

// badTime finds what the time package says of a layout: the rest quotes a piece of it.
var badTime = regexp.MustCompile(`(?s)(parsing time .*): cannot parse ".*$`)

// scalarOf finds the scalar that a YAML reader quotes, whole or its beginning.
var scalarOf = regexp.MustCompile("(cannot (?:decode|unmarshal) !!\\w+) `[^`]*`")
