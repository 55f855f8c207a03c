package render

import (
	"strconv"
	"strings"
)

// Path leads to a field of an object's tree: mapping keys (string) and list indices (int), from the top.
type Path []any

// String writes the path as people know it: "spec.containers[0].image". A key with other characters than letters,
// digits, "-" and "_" is quoted: metadata.annotations."example.com/role".
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(step) + "]")
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			if plainKey(step) {
				b.WriteString(step)
			} else {
				b.WriteString(strconv.Quote(step))
			}
		}
	}
	return b.String()
}

// plainKey says whether a key can stand in a path without quotes.
func plainKey(key string) bool {
	for _, c := range key {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return key != ""
}
