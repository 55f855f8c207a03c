package render

import (
	"strconv"
	"strings"
)

// Path leads to a field of an object's tree: mapping keys (string), list indices (int) and, in the paths of [Edit],
// elements of lists that are named by fields of theirs, from the top.
type Path []any

// element is a step to the element of a list whose fields have certain values, e.g. "name=web" by "name".
type element struct {
	by   string // the fields, separated by commas
	text string // the same with their values, as elementText writes it
}

// String writes the path as people know it: "spec.containers[0].image", "spec.containers[name=web].image". A key with
// other characters than letters, digits, "-" and "_" is quoted: metadata.annotations."example.com/role".
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(step) + "]")
		case element:
			b.WriteString("[" + step.text + "]")
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

// Pointer writes the path as a JSON pointer (RFC 6901), without its escapes, as kubeconform does: "/spec/containers/0". An
// element that is named by fields has their text.
func (p Path) Pointer() string {
	var b strings.Builder
	for _, step := range p {
		b.WriteByte('/')
		switch step := step.(type) {
		case int:
			b.WriteString(strconv.Itoa(step))
		case element:
			b.WriteString(step.text)
		case string:
			b.WriteString(step)
		}
	}
	return b.String()
}

// With gives the path that goes on by some steps. Its memory is its own, so that several may go on from one.
func (p Path) With(steps ...any) Path { return append(p[:len(p):len(p)], steps...) }

// In gives the value that the path leads to in a tree, and false where there is none.
func (p Path) In(tree any) (any, bool) {
	for _, step := range p {
		if key, ok := step.(string); ok {
			m, _ := tree.(map[string]any)
			if tree, ok = m[key]; !ok {
				return nil, false
			}
			continue
		}
		list, _ := tree.([]any)
		i := indexOf(list, step)
		if i < 0 || i >= len(list) {
			return nil, false
		}
		tree = list[i]
	}
	return tree, true
}

// indexOf gives the place in a list that a step leads to, or -1.
func indexOf(list []any, step any) int {
	switch step := step.(type) {
	case int:
		return step
	case element:
		by := strings.Split(step.by, ",")
		for i, v := range list {
			if text, ok := elementText(v, by); ok && text == step.text {
				return i
			}
		}
	}
	return -1
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
