package cause

import (
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"sluice/render"
)

// gate is an action of a chart that decides whether a document is there: an if, with or range around it, on its way in
// or on the way out of its else.
type gate struct {
	file   string // as helm names it
	line   int
	asks   []ask
	prints bool // it prints the name, kind or namespace and decides in that way
}

// ask is one question of a gate.
type ask struct {
	kind   string // "api", "kubernetes" or "value"
	name   string // the API, the constraint, the key path without ".Values"; empty for what is computed
	helper string // file:line of the named template or of the variable that asks
}

// asksFor says whether a gate asks for an API or a key of values. Keys are told apart by their ends: a subchart sees
// what its parent calls "db.enabled" as "enabled".
func (g gate) asksFor(kind, name string) bool {
	return slices.ContainsFunc(g.asks, func(a ask) bool { return a.kind == kind && a.about(name) })
}

func (a ask) about(name string) bool {
	if a.kind != "value" {
		return a.name == name
	}
	return a.name != "" && (within(a.name, name) || within(name, a.name) || strings.HasSuffix("."+name, "."+a.name) ||
		strings.Contains("."+name+".", "."+a.name+"."))
}

// within says whether a key path is another or lies below it.
func within(key, above string) bool { return key == above || strings.HasPrefix(key, above+".") }

// sheet is one parsed template file.
type sheet struct {
	name string // as helm names it
	text string
	root *parse.ListNode
}

// line counts from 1.
func (s *sheet) line(p parse.Pos) int {
	return 1 + strings.Count(s.text[:min(int(p), len(s.text))], "\n")
}

// define is a named template.
type define struct {
	in   *sheet
	body *parse.ListNode
}

// book is all templates of a chart and what is below it.
type book struct {
	sheets  map[string]*sheet
	defines map[string]define
}

// bind parses the templates of a chart. A file that does not parse is left out.
func bind(c *chart, name string) *book {
	b := &book{sheets: map[string]*sheet{}, defines: map[string]define{}}
	b.add(c, name)
	return b
}

// add adds a chart and then those below it: a template of a parent replaces one of the same name below it, as helm has
// it (pkg/engine, sortTemplates).
func (b *book) add(c *chart, name string) {
	for _, f := range c.files {
		if !strings.HasPrefix(f.Path, "templates/") {
			continue
		}
		s := &sheet{name: path.Join(name, f.Path), text: string(f.Data)}
		tree := parse.New(s.name)
		tree.Mode = parse.SkipFuncCheck
		trees := map[string]*parse.Tree{}
		if _, err := tree.Parse(s.text, "", "", trees); err != nil {
			continue
		}
		for _, key := range sorted(trees) {
			if key == s.name {
				continue
			}
			if _, taken := b.defines[key]; !taken {
				b.defines[key] = define{s, trees[key].Root}
			}
		}
		s.root = tree.Root
		b.sheets[s.name] = s
	}
	for _, p := range c.parts {
		plain := true
		for _, d := range c.deps { // an alias renders the same files under another name
			if d.Name == p.name && d.Alias != "" {
				b.add(p, name+"/charts/"+d.Alias)
				plain = false
			}
		}
		if plain || slices.ContainsFunc(c.deps, func(d dependency) bool { return d.Name == p.name && d.Alias == "" }) {
			b.add(p, name+"/charts/"+p.name)
		}
	}
}

// template gives the name of the template that renders an object. A patch that replaces all annotations of an object takes
// away what a kustomize engine knows of it, and a hydrated tree does not say; then it is the one template that has a
// document of that kind which can have that name, if there is one.
func (l *library) template(o render.Object) string {
	if o.Provenance.Template != "" {
		return o.Provenance.Template
	}
	key := o.Key.String()
	if known, ok := l.found[key]; ok {
		return known
	}
	var at string
	most, alone := 0, false
	for _, c := range l.open() {
		b := l.book(step{chart: c, name: c.name})
		for _, name := range sorted(b.sheets) {
			f := flattener{book: b, object: o}
			f.list(b.sheets[name], b.sheets[name].root, frame{})
			if _, score := f.around(); score > most {
				at, most, alone = name, score, true
			} else if score == most {
				alone = false
			}
		}
	}
	if !alone {
		at = ""
	}
	if l.found == nil {
		l.found = map[string]string{}
	}
	l.found[key] = at
	return at
}

// book gives the templates of a chart, parsed once.
func (l *library) book(top step) *book {
	if l.books == nil {
		l.books = map[*chart]*book{}
	}
	if l.books[top.chart] == nil {
		l.books[top.chart] = bind(top.chart, top.name)
	}
	return l.books[top.chart]
}

// gates lists the gates around the document that renders an object, outermost first: those of Chart.yaml that switch a
// subchart, then the actions of the template and of the named templates that it includes.
func (l *library) gates(o render.Object) []gate {
	at := l.template(o)
	key := at + "|" + o.Key.String()
	if known, ok := l.known[key]; ok {
		return known
	}
	way, file := find(l.open(), at)
	if way == nil || !strings.HasPrefix(file, "templates/") {
		return nil
	}
	var gates []gate
	for i, s := range way {
		if s.as == nil || s.as.Condition == "" && len(s.as.Tags) == 0 {
			continue
		}
		g := gate{file: prefix(way[:i]) + "/Chart.yaml", line: s.as.line}
		if way[i-1].chart.file("requirements.yaml") != nil {
			g.file = prefix(way[:i]) + "/requirements.yaml"
		}
		for condition := range strings.SplitSeq(s.as.Condition, ",") {
			if condition = strings.TrimSpace(condition); condition != "" {
				g.asks = append(g.asks, ask{kind: "value", name: condition})
			}
		}
		for _, tag := range s.as.Tags {
			g.asks = append(g.asks, ask{kind: "value", name: "tags." + tag})
		}
		gates = append(gates, g)
	}
	b := l.book(way[0])
	if s := b.sheets[at]; s != nil {
		f := flattener{book: b, object: o}
		f.list(s, s.root, frame{})
		frames, _ := f.around()
		for _, fr := range frames {
			gates = append(gates, gate{fr.in.name, fr.in.line(fr.pipe.Pos), b.asks(fr), fr.prints})
		}
	}
	if l.known == nil {
		l.known = map[string][]gate{}
	}
	l.known[key] = gates
	return gates
}
