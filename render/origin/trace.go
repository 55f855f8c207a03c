package origin

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// trace is the work on one app.
type trace struct {
	app    App
	charts []chart
	files  map[string][]*yaml.Node // the documents of each file, parsed once: a change of a node is one of the file
	texts  map[string][]byte
	given  []given
	built  map[int]*built // by source, of kustomizations
}

// given is what one chart is given.
type given struct {
	source int
	chart  string // its name
	*pile
}

// newTrace reads what the app is made of.
func newTrace(app App) *trace {
	t := &trace{app: app, files: map[string][]*yaml.Node{}, texts: map[string][]byte{}, built: map[int]*built{}}
	for _, tree := range app.Charts {
		t.charts = append(t.charts, t.load(tree))
	}
	for i, s := range app.Result.App.Sources {
		switch s.Kind {
		case render.KindHelm, render.KindUmbrella:
			t.given = append(t.given, t.ofSource(i, s))
		case render.KindKustomize:
			t.built[i] = t.build(i, s.Path)
		}
	}
	return t
}

// document gives the documents of a file.
func (t *trace) document(from fs.FS, name string) []*yaml.Node {
	if docs, ok := t.files[name]; ok {
		return docs
	}
	if from == nil {
		return nil
	}
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return nil
	}
	return t.keep(name, text)
}

// keep parses a text once.
func (t *trace) keep(name string, text []byte) []*yaml.Node {
	if _, ok := t.files[name]; !ok {
		t.files[name], t.texts[name] = parse(text), text
	}
	return t.files[name]
}

// ofSource lists what the chart of a source is given.
func (t *trace) ofSource(i int, s render.Source) given {
	g := given{source: i, pile: &pile{}}
	if c := t.chartOf(s.String(), s.Chart); c != nil {
		g.chart = c.name
		t.defaults(g, c)
	}
	for _, name := range s.Values.Files {
		name = path.Clean(name)
		g.add(&sheet{kind: ofFile, name: name, docs: t.document(t.app.Values, name)}, i, nil)
	}
	if len(s.Values.Inline) > 0 {
		sh := inline(s)
		g.add(sh, i, nil)
		for _, l := range sh.leaves {
			l.pos = placed(s, l.path)
		}
	}
	if sets := setsOf(s); len(sets.leaves) > 0 {
		sets.source, sets.stack = i, g.pile
		g.layers = append(g.layers, sets)
	}
	return g
}

// chartOf finds a chart by the name of its tree, or by its own.
func (t *trace) chartOf(tree, name string) *chart {
	for i := range t.charts {
		if t.charts[i].tree == tree {
			return &t.charts[i]
		}
	}
	for i := range t.charts {
		if name != "" && t.charts[i].name == name {
			return &t.charts[i]
		}
	}
	return nil
}

// defaults adds the values.yaml of a chart and of the charts in it.
func (t *trace) defaults(g given, c *chart) {
	for _, f := range c.values {
		s := &sheet{kind: ofFile, name: f.direct, foreign: f.real == ""}
		if f.direct == "" {
			s.kind, s.name = ofDefault, f.real
		} else if f.real != "" {
			s.name = f.real
		}
		at := strings.TrimSuffix(f.virtual, "/values.yaml") + "/values.yaml"
		if s.kind == ofFile {
			s.docs = t.keep(s.name, f.data)
		} else {
			s.docs = parse(f.data)
		}
		g.add(s, g.source, prefix(at))
	}
}

// add adds the first document of a sheet as a layer, its keys below a prefix.
func (g given) add(s *sheet, source int, below render.Path) {
	s.source, s.stack = source, g.pile
	if len(s.docs) > 0 {
		s.collect(s.docs[0].Content[0], nil, below, 0)
	}
	g.layers = append(g.layers, s)
}

// inline makes a sheet of the values that the stack states itself.
func inline(s render.Source) *sheet {
	text, err := yaml.Marshal(s.Values.Inline)
	if err != nil {
		return &sheet{kind: ofInline}
	}
	return &sheet{kind: ofInline, name: s.Pos.File, docs: parse(text)}
}

// placed gives the place where the stack writes a key of the values, or the nearest above it.
func placed(s render.Source, at render.Path) render.Position {
	for n := len(at); n > 0; n-- {
		if pos, ok := s.Values.Places["values."+at[:n].String()]; ok {
			return pos
		}
	}
	return s.Pos
}

// setting is one --set expression.
type setting struct {
	list, entry int // of which flag, and which of its entries
	key         string
	node        *yaml.Node
}

// setsOf makes a sheet of the --set expressions that set one plain key each. The others are known to helm's parser only.
func setsOf(s render.Source) *sheet {
	flags := []string{"setJSON", "set", "setString"} // as the stack spells them
	sh := &sheet{kind: ofSet, name: s.Pos.File, by: map[string]*leaf{}}
	for list, exprs := range [][]string{s.Values.SetJSON, s.Values.Set, s.Values.SetString} {
		for entry, expr := range exprs {
			key, value, ok := strings.Cut(expr, "=")
			if !ok || strings.ContainsAny(key, `\{[,"`) || list > 0 && strings.ContainsAny(value, `\{,`) {
				continue
			}
			n := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
			if list == 0 {
				if n = root([]byte(value)); n == nil || n.Kind != yaml.ScalarNode {
					continue
				}
			}
			var at render.Path
			for part := range strings.SplitSeq(key, ".") {
				at = append(at, part)
			}
			pos, ok := s.Values.Places[flags[list]+"["+strconv.Itoa(entry)+"]"]
			if !ok {
				pos = s.Pos
			}
			l := &leaf{sheet: sh, node: n, path: at, pos: pos}
			sh.sets = append(sh.sets, setting{list, entry, key, n})
			sh.leaves = append(sh.leaves, l)
			sh.by[at.String()] = l
		}
	}
	return sh
}

// shadowed says whether a later layer says otherwise.
func (t *trace) shadowed(l *leaf) bool {
	if l.sheet.stack == nil {
		return false
	}
	at := l.path
	for i, step := range at { // a list is replaced whole
		if _, isIndex := step.(int); isIndex {
			at = at[:i]
			break
		}
	}
	after := false
	for _, s := range l.sheet.stack.layers {
		if s == l.sheet {
			after = true
			continue
		}
		if !after {
			continue
		}
		for n := 1; n <= len(at); n++ {
			over := s.by[at[:n].String()]
			if over != nil && (n == len(at) && (over.node.Kind != yaml.MappingNode || l.node.Kind != yaml.MappingNode) || n < len(at) && over.node.Kind != yaml.MappingNode) {
				return true
			}
		}
	}
	return false
}

// piles gives what the charts are given that an object may come from.
func (t *trace) piles(q *question) []*pile {
	name, _, _ := strings.Cut(q.object.Provenance.Template, "/")
	var list []*pile
	for _, g := range t.given {
		from := t.app.Result.App.Sources[g.source].String() == q.object.Provenance.Source
		if from && name != "" && (g.chart == "" || g.chart == name) {
			list = append(list, g.pile)
		}
	}
	return list
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
