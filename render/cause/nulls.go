package cause

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// null is a null of a values file or of the stack, at the key that the top chart's values have for it or, in a chart's own
// values.yaml, at the key that this chart has for it.
type null struct {
	key   []string
	where string // "values.yaml:3"
}

// nullWords names the null that an action around the object depends on. What the nulls of a chart's own values.yaml mean
// changed at 4.2.0; before that it is those that a user or a parent gives that changed.
func (a *account) nullWords() string {
	way, _ := find(a.charts.open(), a.charts.template(*a.target.object))
	var rest string
	for i := range way {
		var below []string
		for _, b := range way[i+1:] {
			below = append(below, b.name)
		}
		for _, n := range a.nullsAt(way[:i+1]) {
			key := strings.Join(n.key, ".")
			words := fmt.Sprintf("%s sets %s to null", n.where, key)
			if asked := a.askedBy(key, prefix(way), below); asked != "" {
				return words + ", and " + asked
			}
			// A value may be handed on by import-values or a global; then the first null below the subchart is said.
			if rest == "" && len(below) > 0 && (n.key[0] == below[0] || n.key[0] == "global") {
				rest = words
			}
		}
	}
	return rest
}

// nullsAt lists the nulls in the values.yaml of the last chart of a way; of the top chart also those that the app gives,
// which come first, as they are what a person wrote.
func (a *account) nullsAt(way []step) []null {
	var list []null
	if len(way) == 1 {
		list = a.short.nulls()
	}
	file := a.shown(prefix(way) + "/values.yaml")
	for _, n := range nulls(way[len(way)-1].chart.file("values.yaml")) {
		list = append(list, null{n.key, fmt.Sprintf("%s:%d", file, n.line)})
	}
	return list
}

// nulls lists the nulls of the values that the app gives.
func (s Side) nulls() []null {
	var list []null
	for _, source := range s.App.Sources {
		for _, name := range source.Values.Files {
			for _, n := range nulls(s.read(name)) {
				list = append(list, null{n.key, fmt.Sprintf("%s:%d", name, n.line)})
			}
		}
		for _, key := range inlineNulls(source.Values.Inline, nil) {
			list = append(list, null{key, position(source.Pos)})
		}
	}
	return list
}

// inlineNulls lists the keys of values that are null, in order.
func inlineNulls(values map[string]any, above []string) [][]string {
	var list [][]string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		at := append(slices.Clone(above), k)
		switch v := values[k].(type) {
		case nil:
			list = append(list, at)
		case map[string]any:
			list = append(list, inlineNulls(v, at)...)
		}
	}
	return list
}

// askedBy gives the words for the gate around the object that asks for a key of the values of a chart. Top is the object's
// own chart, below are the charts on the way to it.
func (a *account) askedBy(key, top string, below []string) string {
	for _, g := range a.gates {
		for _, q := range g.asks {
			path := q.name
			// A chart's globals are those of every chart below it, by the same key.
			if strings.HasPrefix(g.file, top+"/") && !within(q.name, "global") {
				path = strings.Join(append(slices.Clone(below), q.name), ".")
			}
			if q.kind == "value" && (within(path, key) || within(key, path)) {
				return a.place(g, ".Values."+q.name, q.helper) + " asks for .Values." + q.name
			}
		}
	}
	return ""
}
