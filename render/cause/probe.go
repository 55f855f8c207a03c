package cause

import (
	"slices"
	"strings"

	"sluice/render"
)

// probe looks for the cause of an object that was captured and that today's render lacks, where no known alternative has
// it: the stack itself has changed, and what it was is gone. The templates still say what they ask for. A side that has
// all of that is made up and rendered: the APIs that are asked for and not offered, without those that may stand in the
// way, and a true where a value is asked for. If the object comes back, the smallest part of it is the cause.
func (l *likeness) probe(t target) (Cause, bool) {
	if !l.full.Captured || l.rendered.Render == nil {
		return Cause{}, false
	}
	charts := &library{ctx: l.ctx, side: l.short}
	gates := charts.gates(*t.object)
	if len(gates) == 0 {
		return Cause{}, false
	}
	way, _ := find(charts.open(), charts.template(*t.object))
	asked := l.short
	asked.Result.Capabilities = l.short.told()
	asked.App.Sources = slices.Clone(asked.App.Sources)
	for _, g := range gates {
		for _, q := range g.asks {
			switch {
			case q.kind == "api" && q.name != "":
				asked.Result.Capabilities.APIVersions = toggle(asked.Result.Capabilities.APIVersions, l.short.told().APIVersions, q.name)
			case q.kind == "value" && q.name != "" && !g.prints:
				asked.App.Sources = switched(asked.App.Sources, charts, keyAt(way, g, q.name))
			}
		}
	}
	s := newSearch(l.ctx, asked, l.short, l.budget)
	s.probing = true
	choice := s.run([]target{t})[0]
	if choice == nil {
		return Cause{}, false
	}
	c := s.cause(t, choice)
	c.Likely = true
	return c, true
}

// toggle gives a list of APIs with one that is not among those offered, or without one that is.
func toggle(list, offered []string, api string) []string {
	if !slices.Contains(offered, api) {
		list = append(slices.Clone(list), api)
		slices.Sort(list)
		return slices.Compact(list)
	}
	return slices.DeleteFunc(slices.Clone(list), func(have string) bool { return have == api })
}

// keyAt gives the path of a value as the top chart knows it.
func keyAt(way []step, g gate, key string) []string {
	depth := len(way)
	for i := range way {
		if file := strings.TrimPrefix(g.file, prefix(way[:i+1])+"/"); file == "Chart.yaml" || file == "requirements.yaml" {
			depth = i + 1
		}
	}
	var path []string
	for _, s := range way[min(1, len(way)):depth] {
		if !strings.HasPrefix(key, "global.") {
			path = append(path, s.name)
		}
	}
	return append(path, strings.Split(key, ".")...)
}

// switched sets a value that is off to true in the sources whose chart is known. One that is on stays: it holds more than
// a switch.
func switched(sources []render.Source, charts *library, key []string) []render.Source {
	out := slices.Clone(sources)
	for i := range out {
		c := charts.of(i)
		if c == nil {
			continue
		}
		values := merged(read(c.file("values.yaml")), valuesOf(charts.side, i))
		if on := at(values, key); on == nil || on == false || on == "" {
			out[i].Values.Inline = with(out[i].Values.Inline, key, true)
		}
	}
	return out
}

// at gives the value at a path, nil where there is none.
func at(values map[string]any, key []string) any {
	for _, k := range key[:len(key)-1] {
		values, _ = values[k].(map[string]any)
	}
	return values[key[len(key)-1]]
}
