package convention

import (
	"maps"
	"slices"

	"sluice/render"
)

// value gives what a path of keys leads to, nil where there is nothing.
func value(tree any, keys ...string) any {
	for _, key := range keys {
		m, _ := tree.(map[string]any)
		tree = m[key]
	}
	return tree
}

// mapping gives a mapping, nil where there is none.
func mapping(tree any, keys ...string) map[string]any {
	m, _ := value(tree, keys...).(map[string]any)
	return m
}

// list gives a list, nil where there is none.
func list(tree any, keys ...string) []any {
	l, _ := value(tree, keys...).([]any)
	return l
}

// word gives a text, "" where there is none.
func word(tree any, keys ...string) string {
	s, _ := value(tree, keys...).(string)
	return s
}

// words gives the texts of a list.
func words(tree any, keys ...string) []string {
	var found []string
	for _, v := range list(tree, keys...) {
		if s, ok := v.(string); ok {
			found = append(found, s)
		}
	}
	return found
}

// yes says whether a switch is on.
func yes(tree any, keys ...string) bool {
	b, _ := value(tree, keys...).(bool)
	return b
}

// number gives a whole number, and false where there is none.
func number(tree any, keys ...string) (int64, bool) {
	switch v := value(tree, keys...).(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v < 1<<63
	}
	return 0, false
}

// under gives a longer path, with memory of its own.
func under(at render.Path, steps ...any) render.Path {
	return append(at[:len(at):len(at)], steps...)
}

// kindOf gives "Kind" or "Kind.group".
func kindOf(k render.Key) string {
	if k.Group == "" {
		return k.Kind
	}
	return k.Kind + "." + k.Group
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
