package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
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
			for _, k := range slices.Sorted(maps.Keys(v)) {
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

// words gives the strings of a mapping: labels, or a selector. Values of other types are left out.
func words(tree any, keys ...string) map[string]string {
	m := validate.MappingAt(tree, keys...)
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

// keysOf lists a set of words in order.
func keysOf(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// labelText writes labels as kubectl takes them: "app=web,tier=front".
func labelText(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for k, v := range labels {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// show writes a port as it stands in a manifest.
func show(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}
