package cause

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// valuesFactor compares what the two sides say of a chart's values, key by key: the values.yaml of the same chart, the
// files and the inline values. A part is taken by saying it inline, which comes after the files and before every set.
func valuesFactor(source int, full, short Side, libraries [2]*library) factor {
	f := factor{name: "values"}
	kind := full.App.Sources[source].Kind
	if kind != render.KindHelm && kind != render.KindUmbrella {
		return f
	}
	a := valuesOf(full, source)
	b := valuesOf(short, source)
	// The chart's own defaults count where they belong to one chart that was edited. Those of another version are the
	// version's doing.
	left, right := libraries[0].of(source), libraries[1].of(source)
	if left != nil && right != nil && left.name == right.name && left.version == right.version {
		a = merged(read(left.file("values.yaml")), a)
		b = merged(read(right.file("values.yaml")), b)
	}
	paths := differing(a, b, nil)
	for _, p := range paths {
		f.atoms = append(f.atoms, strings.Join(p, "."))
	}
	f.take = func(st *state, atoms []int) {
		v := &st.app.Sources[source].Values
		for _, i := range atoms {
			v.Inline = with(v.Inline, paths[i], at(a, paths[i]))
		}
	}
	f.named = func(gates []gate) []int { return namedValues(f.atoms, gates) }
	return f
}

// namedValues gives the keys that gates ask for.
func namedValues(keys []string, gates []gate) []int {
	var list []int
	for i, key := range keys {
		if slices.ContainsFunc(gates, func(g gate) bool { return g.asksFor("value", key) }) {
			list = append(list, i)
		}
	}
	return list
}

// valuesOf merges the files and the inline values of a source, as far as the files can be read here.
func valuesOf(s Side, at int) map[string]any {
	v := s.App.Sources[at].Values
	var all map[string]any
	for _, name := range v.Files {
		all = merged(all, read(s.read(name)))
	}
	return merged(all, v.Inline)
}

// read gives the bytes of a values file, nil where it is not to be had.
func (s Side) read(name string) []byte {
	if s.Files == nil {
		return nil
	}
	text, err := fs.ReadFile(s.Files, path.Clean(name))
	if err != nil {
		return nil
	}
	return text
}

// read gives a YAML text as a map; one that is none gives none. The engines say what is wrong with it.
func read(text []byte) map[string]any {
	var values map[string]any
	if yaml.NewDecoder(bytes.NewReader(text)).Decode(&values) != nil {
		return nil
	}
	return values
}

// merged gives a with b over it, as helm merges files.
func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range b {
		over, isMap := v.(map[string]any)
		under, wasMap := out[k].(map[string]any)
		if isMap && wasMap {
			v = merged(under, over)
		}
		out[k] = v
	}
	return out
}

// differing lists the paths at which two maps differ, in order.
func differing(a, b map[string]any, above []string) [][]string {
	keys := slices.Sorted(maps.Keys(merged(a, b)))
	var list [][]string
	for _, k := range keys {
		at := append(slices.Clone(above), k)
		x, inA := a[k]
		y, inB := b[k]
		left, isMap := x.(map[string]any)
		right, wasMap := y.(map[string]any)
		switch {
		case isMap && (wasMap || !inB) || wasMap && !inA:
			if len(left)+len(right) > 0 {
				list = append(list, differing(left, right, at)...)
			}
		case inA != inB || !reflect.DeepEqual(x, y):
			list = append(list, at)
		}
	}
	return list
}

// with gives values with another value at a path. The maps on the way are fresh: the app's own are shared.
func with(values map[string]any, at []string, value any) map[string]any {
	out := maps.Clone(values)
	if out == nil {
		out = map[string]any{}
	}
	if len(at) > 1 {
		below, _ := out[at[0]].(map[string]any)
		value = with(below, at[1:], value)
	}
	out[at[0]] = value
	return out
}

// lineOf gives the line of a key path in a YAML text, or of its nearest parent; 0 where not even the first key is there.
func lineOf(text []byte, at []string) (line int, exact bool) {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
		return 0, false
	}
	n := doc.Content[0]
	for depth, k := range at {
		next := (*yaml.Node)(nil)
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == k {
				line, next = n.Content[i].Line, n.Content[i+1]
			}
		}
		if next == nil {
			return line, false
		}
		n, exact = next, depth == len(at)-1
	}
	return line, exact
}

// nulls lists the keys of a YAML text that are set to null, with their lines.
func nulls(text []byte) []keyLine {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	var list []keyLine
	var walk func(n *yaml.Node, above []string)
	walk = func(n *yaml.Node, above []string) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			at := append(slices.Clone(above), n.Content[i].Value)
			if n.Content[i+1].ShortTag() == "!!null" {
				list = append(list, keyLine{at, n.Content[i].Line})
			}
			walk(n.Content[i+1], at)
		}
	}
	walk(doc.Content[0], nil)
	return list
}

// keyLine is a key of a values file and its line.
type keyLine struct {
	key  []string
	line int
}
