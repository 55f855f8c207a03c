package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
)

// walk calls see for every value that steps lead to: "[]" is every element of a list, "{}" every value of a mapping. The
// path is good until see returns.
func walk(tree any, steps []string, at render.Path, see func(any, render.Path)) {
	if len(steps) == 0 {
		see(tree, at)
		return
	}
	switch v := tree.(type) {
	case map[string]any:
		if steps[0] == "{}" {
			for _, k := range sortedKeys(v) {
				walk(v[k], steps[1:], append(at, k), see)
			}
			return
		}
		if next, ok := v[steps[0]]; ok && next != nil {
			walk(next, steps[1:], append(at, steps[0]), see)
		}
	case []any:
		if steps[0] == "[]" {
			for i, e := range v {
				walk(e, steps[1:], append(at, i), see)
			}
		}
	}
}

// each walks along a path with steps separated by dots.
func each(tree any, path string, see func(any, render.Path)) {
	walk(tree, strings.Split(path, "."), nil, see)
}

// value gives the value at the end of some keys, or nil.
func value(tree any, keys ...string) any {
	for _, k := range keys {
		m, _ := tree.(map[string]any)
		tree = m[k]
	}
	return tree
}

// word gives the string at the end of some keys, or "".
func word(tree any, keys ...string) string {
	s, _ := value(tree, keys...).(string)
	return s
}

// list gives the list at the end of some keys.
func list(tree any, keys ...string) []any {
	l, _ := value(tree, keys...).([]any)
	return l
}

// mapping gives the mapping at the end of some keys.
func mapping(tree any, keys ...string) map[string]any {
	m, _ := value(tree, keys...).(map[string]any)
	return m
}

// words gives the strings of a mapping: labels, or a selector. Values of other types are left out.
func words(tree any, keys ...string) map[string]string {
	m := mapping(tree, keys...)
	if len(m) == 0 {
		return nil
	}
	texts := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			texts[k] = s
		}
	}
	return texts
}

// under adds steps to a path without writing into its memory.
func under(at render.Path, steps ...any) render.Path {
	return append(at[:len(at):len(at)], steps...)
}

// sortedKeys lists the keys of a mapping in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// keysOf lists a set of words in order.
func keysOf(set map[string]bool) []string { return sortedKeys(set) }

// labelText writes labels as kubectl takes them: "app=web,tier=front".
func labelText(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for k, v := range labels {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// number gives an integer of a tree.
func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), true
	case float64:
		return int64(v), v == float64(int64(v))
	}
	return 0, false
}

// show writes a port as it stands in a manifest.
func show(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}
