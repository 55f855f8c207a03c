// Package origin finds what a person edits to change a field of a rendered object: a key of a values file, of the stack
// or of a patch, a line of a template, an entry of a kustomization.
//
// Where an engine leaves no trace of that, nothing is concluded from likeness. Values that may decide a field are looked
// for by what they say and by what they are called; then the app is rendered again with those values changed, each in a
// way of its own, and the one that shows at the field is the one. Several fields share a render. Only what no render
// shows is found by reading: templates line by line, resources and patches of a kustomization by kind, name and path.
package origin

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"sluice/render"
)

// MaxRenders is how many renders [Find] may cost for an app, whatever the number of fields.
const MaxRenders = 8

// Replace gives what stands in the place of the bytes of a file. The name is that of the values file as the source spells
// it, cleaned, the path of a kustomization's file in the stack, or of a chart's values.yaml the origin of its tree and the
// path in it. It may be called from several goroutines.
type Replace func(name string, text []byte) []byte

// App is one app that was rendered, and what it was made of.
type App struct {
	Result render.Result
	// Files is the directory of the stack, and Values where the paths of values are read: that directory, "$name/path" in
	// repositories that it refers to, or wherever the user of a command line may read. Nil where they cannot be.
	Files, Values fs.FS
	// Charts are the charts that a render of the app reads, a part of the stack or not.
	Charts []render.Tree
	// Render renders the app with every such file passed through the replacement. It takes what was told of the cluster as
	// it was. With nil nothing is tried, and places are found by reading alone.
	Render func(context.Context, render.App, Replace) (render.Result, error)
}

// Field is a field of an object of the app. One that is not there is asked for all the same: what would have set it.
type Field struct {
	Object render.Key
	Path   render.Path
	// About is what is said of the field. Where several values are put together in it, it is about those that it names.
	About string
	// Named says that it is about what the field is called. Values that decide what it says then count only where its name
	// comes from them too.
	Named bool
}

// Place is where a person changes a field.
type Place struct {
	Pos render.Position
	// Key is the key of the values that decides the field, where it is nowhere written but in a chart from elsewhere: it is
	// added at Pos, which is the nearest key above it that is written, or the source in the stack.
	Key string
	// Proven says that a render with something else there has shown it at the field.
	Proven bool
}

// Find gives the places of fields, aligned with them. An unknown object has the place of the app. The error is that of the
// context; a render that fails only proves nothing.
func Find(ctx context.Context, app App, fields []Field) ([]Place, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	t := newTrace(app)
	questions := make([]*question, len(fields))
	var asked []*question
	type asking struct {
		object      render.Key
		path, about string
		named       bool
	}
	known := map[asking]*question{}
	for i, f := range fields {
		id := asking{f.Object, f.Path.String(), f.About, f.Named}
		if known[id] == nil {
			known[id] = t.question(f)
			asked = append(asked, known[id])
		}
		questions[i] = known[id]
	}
	t.probe(ctx, asked)
	places := make([]Place, len(fields))
	for i, q := range questions {
		places[i] = t.place(q)
	}
	return places, ctx.Err()
}

// question is one field that is asked for.
type question struct {
	field  Field
	object *render.Object
	nth    int // of the objects of its kind from its template or source, which one
	source int // of the app
	value  any
	there  bool
	// texts is where a chart's template has the field.
	line  line
	words map[string]bool
	// list are the leaves that may decide, the likeliest first.
	list  []candidate
	shown []*leaf // those that a render has shown
}

// candidate is a leaf that may decide a field.
type candidate struct {
	leaf  *leaf
	score int
	like  bool        // its value is, or is in, what the field has
	at    render.Path // the field or the part of the object around it that the leaf would show in
}

// question finds the object of a field, and what may decide it.
func (t *trace) question(f Field) *question {
	q := &question{field: f, source: -1}
	set := t.app.Result.Set.Objects
	for i := range set {
		if set[i].Key == f.Object {
			q.object = &set[i]
			break
		}
	}
	if q.object == nil {
		return q
	}
	q.nth = ordinal(set, q.object)
	q.value, q.there = f.Path.In(q.object.Tree)
	q.source = slices.IndexFunc(t.app.Result.App.Sources, func(s render.Source) bool {
		return s.String() == q.object.Provenance.Source
	})
	q.line = t.templateLine(q.object, f.Path)
	q.words = q.context()
	t.candidates(q)
	return q
}

// ordinal counts the objects of the kind and template before one.
func ordinal(set []render.Object, o *render.Object) int {
	n := 0
	for i := range set {
		if &set[i] == o {
			break
		}
		if kin(&set[i], o) {
			n++
		}
	}
	return n
}

// kin says whether two objects come from the same place and are of one kind.
func kin(a, b *render.Object) bool {
	return a.Key.Kind == b.Key.Kind && a.Key.Group == b.Key.Group &&
		a.Provenance.Template == b.Provenance.Template && a.Provenance.Source == b.Provenance.Source
}

// again finds the object in another render: by its key, or where a changed value has changed that, by its place among
// those of its kind and template.
func (q *question) again(set []render.Object) *render.Object {
	var nth *render.Object
	n := 0
	for i := range set {
		if set[i].Key == q.field.Object {
			return &set[i]
		}
		if kin(&set[i], q.object) {
			if n == q.nth {
				nth = &set[i]
			}
			n++
		}
	}
	return nth
}

// place answers a question.
func (t *trace) place(q *question) Place {
	app := t.app.Result.App
	if q.object == nil {
		return Place{Pos: app.Pos}
	}
	if best := q.best(); best != nil {
		return t.of(q, best, true)
	}
	if pos, ok := t.read(q); ok {
		return Place{Pos: pos}
	}
	if q.line.pos.File != "" {
		return Place{Pos: q.line.pos}
	}
	for _, c := range q.list {
		if c.score >= sure && !t.shadowed(c.leaf) {
			return t.of(q, c.leaf, false)
		}
	}
	return Place{Pos: t.nearest(q, nil)}
}

// best gives the likeliest leaf of those that were shown. Where a value of the user's is put together with the chart's own,
// it is the user's.
func (q *question) best() *leaf {
	var foreign *leaf
	for _, c := range q.list {
		switch {
		case !slices.Contains(q.shown, c.leaf):
		case q.field.Named && q.line.pos.File != "" && last(c.leaf.path) != last(c.at):
		case !c.leaf.sheet.foreign:
			return c.leaf
		case foreign == nil:
			foreign = c.leaf
		}
	}
	return foreign
}

// of gives the place of a leaf. That of a chart from elsewhere cannot be edited there.
func (t *trace) of(q *question, l *leaf, proven bool) Place {
	if l.sheet.foreign {
		return Place{Pos: t.nearest(q, l), Key: l.path.String(), Proven: proven}
	}
	return Place{Pos: l.place(q.field.Named), Proven: proven}
}

// nearest gives the key above a leaf that the user's own values have, the deepest there is and of several the last to be
// read; without one the first line of the last file of values, or the source.
func (t *trace) nearest(q *question, l *leaf) render.Position {
	app := t.app.Result.App
	if l != nil {
		var best *leaf
		for _, s := range l.sheet.stack.layers {
			if s.foreign || s.kind == ofSet {
				continue
			}
			for n := len(l.path) - 1; n > 0; n-- {
				if up := s.by[l.path[:n].String()]; up != nil && (best == nil || len(up.path) >= len(best.path)) {
					best = up
					break
				}
			}
		}
		if best != nil {
			return best.place(true)
		}
		for _, s := range slices.Backward(l.sheet.stack.layers) {
			if s.kind == ofFile && !s.foreign {
				return s.top()
			}
		}
	}
	if piles := t.piles(q); len(piles) == 1 && piles[0].entry.File != "" {
		return piles[0].entry
	}
	if q.source >= 0 && app.Sources[q.source].Pos.File != "" {
		return app.Sources[q.source].Pos
	}
	return app.Pos
}

// prefix gives the key of the values that the subchart of a template has, from the chart above down.
func prefix(template string) render.Path {
	var keys render.Path
	parts := strings.Split(template, "/")
	for i := 1; i+1 < len(parts) && parts[i] == "charts"; i += 2 {
		keys = append(keys, parts[i+1])
	}
	return keys
}
