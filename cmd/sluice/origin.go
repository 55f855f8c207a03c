package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
	"sluice/render/canary"
	"sluice/render/hydrate"
	"sluice/render/origin"
	"sluice/validate"
)

// locate fills in where a person changes what findings are about, and where it stands in the hydrated tree. Findings that
// have the first keep it. Apps without findings cost nothing, and the others a bounded number of renders.
func (v *invocation) locate(ctx context.Context, s *subject, r *renderer, findings []validate.Finding) error {
	if r == nil { // standard input alone: it is what was judged, and what a person edits
		return nil
	}
	of := map[string][]*validate.Finding{}
	for i := range findings {
		of[findings[i].App] = append(of[findings[i].App], &findings[i])
	}
	errs := make([]error, len(s.results))
	v.each(len(errs), func(i int) {
		result := s.results[i]
		if found := of[result.App.Name]; len(found) > 0 {
			if errs[i] = r.places(ctx, result, s.chain, found); errs[i] == nil {
				s.shown(result, found)
			}
		}
	})
	for i := range findings { // of apps that did not render, and of no app's objects
		f := &findings[i]
		if at := slices.IndexFunc(s.plan.Apps(), func(a render.App) bool { return a.Name == f.App }); f.Pos.File == "" && at >= 0 {
			f.Pos = s.plan.Apps()[at].Pos
		}
	}
	return cmp.Or(append(errs, ctx.Err())...)
}

// places finds what a person edits.
func (r *renderer) places(ctx context.Context, result render.Result, chain render.Toolchain, found []*validate.Finding) error {
	var fields []origin.Field
	var asking []*validate.Finding
	rendered := objectsOf(result.Set)
	for _, f := range found {
		if f.Pos.File == "" && f.Object != (render.Key{}) {
			key := f.Object
			if o := rendered.of(key); o != nil {
				key = o.Key
			}
			fields, asking = append(fields, origin.Field{
				Object: key, Path: f.Field, About: f.Message, Named: f.Rule == "unknown-field",
			}), append(asking, f)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	charts, err := r.charts(ctx, result.App)
	if err != nil {
		return fmt.Errorf("looking for the origin of findings of app %s: %w", result.App.Name, err)
	}
	values, err := r.valuesFiles(ctx, result.App)
	if err != nil {
		return fmt.Errorf("looking for the origin of findings of app %s: %w", result.App.Name, err)
	}
	chain.Capabilities = result.Capabilities
	places, err := origin.Find(ctx, origin.App{
		Result: result, Files: r.stack, Values: values, Charts: charts,
		Render: func(ctx context.Context, app render.App, replace origin.Replace) (render.Result, error) {
			app.AllowEmpty, app.Sources = true, slices.Clone(app.Sources)
			for i := range app.Sources { // what is put in to be recognised need not be what the schema allows
				app.Sources[i].SkipSchema = true
			}
			return r.swapped(replace).one(ctx, app, chain)
		},
	}, fields)
	if err != nil {
		return err
	}
	for i, f := range asking {
		f.Pos = places[i].Pos
		if key := places[i].Key; key != "" && f.Why == "" {
			f.Why = fmt.Sprintf("it is a default of the chart; the values set it with the key %s", key)
		}
	}
	return nil
}

// swapped gives a renderer whose files of values and of kustomizations are passed through a replacement.
func (r *renderer) swapped(replace origin.Replace) *renderer {
	again := *r
	again.replace = replace
	again.stack, again.files = canary.Through(r.stack, canary.Replace(replace)), canary.Through(r.files, canary.Replace(replace))
	return &again
}

// fetch reads a source.
func (r *renderer) fetch(ctx context.Context, s render.Source) (render.Tree, error) {
	if tree, ok := r.tree(s); ok {
		return tree, nil
	}
	tree, err := r.reader.Fetch(ctx, s)
	if err != nil || r.replace == nil {
		return tree, err
	}
	below := ""
	switch s.Kind {
	case render.KindGit:
		for _, name := range slices.Sorted(maps.Keys(r.plan.Refs)) {
			if r.plan.Refs[name].String() == s.String() {
				below = "$" + name
			}
		}
	case render.KindHelm, render.KindUmbrella:
		if below = tree.Origin; tree.Packed {
			below = tree.Name
		}
	}
	if below == "" {
		return tree, nil
	}
	tree.Files = slices.Clone(tree.Files)
	for i, f := range tree.Files {
		if s.Kind == render.KindGit || path.Base(f.Path) == "values.yaml" {
			tree.Files[i].Data = r.replace(path.Join(below, f.Path), f.Data)
		}
	}
	return tree, nil
}

// valuesFiles gives where the files of an app's values are read: those of repositories by "$name/path".
func (r *renderer) valuesFiles(ctx context.Context, app render.App) (fs.FS, error) {
	files := refFiles{FS: r.files, refs: map[string]fs.FS{}}
	for _, s := range app.Sources {
		for _, p := range append(s.Values.Paths(), s.Path) {
			name, _, _ := strings.Cut(p, "/")
			ref, _, in := r.plan.Ref(p)
			if !in || files.refs[name] != nil {
				continue
			}
			tree, err := r.reader.Fetch(ctx, ref)
			if err != nil {
				return nil, err
			}
			files.refs[name] = tree.FS()
		}
	}
	return files, nil
}

// refFiles serves "$name/path" from repositories.
type refFiles struct {
	fs.FS
	refs map[string]fs.FS
}

// ReadFile is the method of fs.ReadFileFS.
func (f refFiles) ReadFile(name string) ([]byte, error) {
	first, rest, _ := strings.Cut(name, "/")
	if in := f.refs[first]; in != nil {
		return fs.ReadFile(in, rest)
	}
	return fs.ReadFile(f.FS, name)
}

// shown sets where the fields stand in the hydrated tree. Of a path there is no tree: there it is the object, with the lines
// that sluice render prints of it, and what lies in a plain file shows nowhere else.
func (s *subject) shown(result render.Result, found []*validate.Finding) {
	few := result
	few.Set, few.Ledger = render.Set{}, nil
	wanted, taken := map[render.Key]render.Key{}, map[render.Key]bool{}
	rendered := objectsOf(result.Set)
	for _, f := range found {
		if o := rendered.of(f.Object); o != nil {
			if !taken[o.Key] {
				few.Set.Objects = append(few.Set.Objects, *o)
			}
			wanted[f.Object], taken[o.Key] = o.Key, true
		}
	}
	at := map[render.Key]render.Object{}
	plan := s.plan
	plan.Layers = []render.Layer{{Name: result.App.Layer, Apps: []render.App{result.App}}}
	files, err := hydrate.Tree(plan, []render.Result{few}, nil, s.chain)
	if err != nil || s.renderer.bare { // what has no place in a tree has a text all the same
		files = hydrate.Files{}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, result.App.Layer+"/"+result.App.Name+"/") {
			keep(at, name, files[name])
		}
	}
	for _, o := range few.Set.Objects {
		if _, done := at[o.Key]; done {
			continue
		}
		if text, err := (render.Set{Objects: []render.Object{o}}).Encode(); err == nil {
			keep(at, "rendered "+o.Key.String(), text)
		}
	}
	for _, f := range found {
		if s.renderer.bare && f.Rendered == f.Pos {
			continue
		}
		if o, ok := at[wanted[f.Object]]; ok {
			f.Rendered = o.Position(f.Field)
		}
	}
}

// keep notes the objects of a text.
func keep(at map[render.Key]render.Object, name string, text []byte) {
	set, err := render.Parse(name, text)
	if err != nil {
		return
	}
	for _, o := range set.Objects {
		at[o.Key] = o
	}
}

// objects finds those of a set that rules speak of.
type objects struct {
	exact map[render.Key]*render.Object
	named map[render.Key][]*render.Object // by the key without its namespace
}

func objectsOf(set render.Set) objects {
	o := objects{map[render.Key]*render.Object{}, map[render.Key][]*render.Object{}}
	for i := range set.Objects {
		one := &set.Objects[i]
		name := one.Key
		name.Namespace = ""
		if o.named[name] = append(o.named[name], one); o.exact[one.Key] == nil {
			o.exact[one.Key] = one
		}
	}
	return o
}

// of gives the object of a key; nil where there is none. The key may be that by which the cluster knows the object, where the
// rendered one leaves the namespace out, or states one that does not count.
func (o objects) of(key render.Key) *render.Object {
	if one := o.exact[key]; one != nil {
		return one
	}
	name := key
	name.Namespace = ""
	for _, one := range o.named[name] {
		if one.Key.Namespace == "" || key.Namespace == "" {
			return one
		}
	}
	return nil
}
