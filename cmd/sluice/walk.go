package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/validate"
)

// walk is what lies below a PATH that is no chart, kustomization or stack itself: the root of a repository, mostly. Every
// chart and every kustomization in it is rendered for itself, and what is neither's is plain manifests. Paths are
// slash-separated and relative to the PATH.
type walk struct {
	top       string
	plain     []render.File // manifests that belong to nothing else
	units     []unit        // in the order of their paths
	unread    []error
	unchecked []validate.Unchecked
	named     bool // the PATH is a file, which is meant to hold objects
}

// unit is a directory that is rendered.
type unit struct{ path, kind string }

// walked looks through a PATH. What cannot be read is an error of its own and ends nothing.
func walked(ctx context.Context, top string, without *exclusion) (*walk, error) {
	w := &walk{top: top}
	b := &browse{walk: w, ctx: ctx, without: without, seen: map[string]bool{}}
	if stat, err := os.Stat(top); err == nil && !stat.IsDir() {
		w.named = true
		b.file(".")
		return w, errors.Join(w.unread...)
	}
	b.dir(".")
	// A link to what is walked anyway is judged where it leads to.
	for len(b.links) > 0 && ctx.Err() == nil {
		link := b.links[0]
		b.links = b.links[1:]
		b.follow(link)
	}
	b.settleBuilds()
	w.settle()
	if len(w.plain)+len(w.units)+len(w.unread) == 0 {
		return nil, &render.Error{Err: fmt.Errorf("directory %s holds no .yaml, .yml or .json file", top), Hint: "check the path"}
	}
	return w, ctx.Err()
}

// settle puts everything into the order of its paths: links are followed late.
func (w *walk) settle() {
	slices.SortFunc(w.plain, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(w.units, func(a, b unit) int { return strings.Compare(a.path, b.path) })
	slices.SortStableFunc(w.unread, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

// name gives a path below the PATH as a person finds it.
func (w *walk) name(at string) string { return filepath.Join(w.top, filepath.FromSlash(at)) }

// fail takes down what could not be read.
func (w *walk) fail(at string, err error) {
	if in, ok := errors.AsType[*fs.PathError](err); ok {
		err = in.Err
	}
	w.unread = append(w.unread, &render.Error{Pos: render.Position{File: w.name(at)}, Err: fmt.Errorf("reading manifests: %w", err)})
}

// browse is the reading of directories.
type browse struct {
	*walk
	ctx     context.Context
	without *exclusion
	seen    map[string]bool // files and directories, by what links lead to in the end
	links   []string
	builds  []string // files of kustomizations
}

// dir reads a directory. Version control's own is left out, and no other: kubeconform and Argo CD take names that begin with a
// dot too.
func (b *browse) dir(at string) {
	if b.ctx.Err() != nil || b.again(at) {
		return
	}
	kind, err := kindOf(b.name(at))
	if err != nil {
		b.fail(at, err)
		return
	}
	if kind == render.KindHelm || kind == render.KindUmbrella {
		b.units = append(b.units, unit{at, kind})
		return // all below a chart is the chart's
	}
	entries, err := os.ReadDir(b.name(at))
	if err != nil {
		b.fail(at, err)
	}
	for _, e := range entries {
		inside := filepath.ToSlash(filepath.Join(at, e.Name()))
		switch {
		case e.Name() == ".git":
		case b.without.covers(inside, b.name(inside)):
			if slices.Contains(kustomizationNames, e.Name()) {
				kind = render.KindManifests // without it, that is what the directory holds
			}
		case e.Type()&fs.ModeSymlink != 0:
			b.links = append(b.links, inside)
		case e.IsDir():
			b.dir(inside)
		default:
			b.file(inside)
		}
	}
	if kind != render.KindManifests {
		b.units = append(b.units, unit{at, kind})
	}
}

// again says whether a file or directory was read already, under this name or another.
func (b *browse) again(at string) bool {
	real, err := filepath.EvalSymlinks(b.name(at))
	if err != nil {
		real = b.name(at)
	}
	if abs, err := filepath.Abs(real); err == nil {
		real = abs
	}
	before := b.seen[real]
	b.seen[real] = true
	return before
}

// follow reads what a link leads to, where that was not read yet.
func (b *browse) follow(link string) {
	switch stat, err := os.Stat(b.name(link)); {
	case err == nil && stat.IsDir():
		b.dir(link)
	case err == nil, isManifest(link):
		b.file(link)
	}
}

// isManifest says whether a file of that name holds manifests for kubectl, kubeconform and Argo CD.
func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}

// file reads a file of manifests; others are nobody's business here, but Jsonnet, which holds some.
func (b *browse) file(at string) {
	name := b.name(at)
	switch {
	case slices.Contains(kustomizationNames, filepath.Base(name)):
		b.builds = append(b.builds, at)
		return
	case filepath.Ext(name) == ".jsonnet":
		b.unchecked = append(b.unchecked, validate.Unchecked{App: name, What: "the whole of it", Why: "it is Jsonnet, which is not evaluated"})
		return
	case !isManifest(name) || b.again(at):
		return
	}
	// To open a named pipe would wait for who writes it.
	if stat, err := os.Stat(name); err != nil {
		b.fail(at, err)
		return
	} else if !stat.Mode().IsRegular() {
		b.fail(at, errors.New("it is no regular file"))
		return
	}
	text, err := os.ReadFile(name)
	if err != nil {
		b.fail(at, err)
		return
	}
	b.plain = append(b.plain, render.File{Path: at, Data: text})
}

// tree gives the plain manifests that a walk has read for a source.
func (r *renderer) tree(s render.Source) (render.Tree, bool) {
	for _, app := range r.plan.Apps() {
		w := r.walked[app.Name]
		if w == nil || !app.Sift || s.Kind != render.KindManifests || app.Sources[0].Path != s.Path {
			continue
		}
		if w.named {
			return render.Tree{Name: s.String(), Origin: path.Dir(s.Path), Files: []render.File{{Path: path.Base(s.Path), Data: w.plain[0].Data}}}, true
		}
		return render.Tree{Name: s.String(), Origin: s.Path, Files: w.plain}, true
	}
	return render.Tree{}, false
}

// sifted takes over what the walks and the files in them could not give: errors, and what is unchecked.
func (s *subject) sifted() {
	for _, name := range slices.Sorted(maps.Keys(s.walks)) {
		s.unread = append(s.unread, s.walks[name].unread...)
		s.empty = append(s.empty, s.walks[name].unchecked...)
	}
	for _, r := range s.results {
		s.unread = append(s.unread, r.Unread...)
		switch w := s.walks[r.App.Name]; {
		case r.App.Sift && w != nil && !w.named:
			s.empty = append(s.empty, strange(w, r)...)
		default: // what was named itself is meant to hold objects
			s.unread = append(s.unread, r.Foreign...)
		}
	}
	s.failure = errors.Join(s.failure, errors.Join(s.unread...))
}

// notRead gives what of files could not be read to a report.
func (s *subject) notRead() []report.Unread {
	var list []report.Unread
	for _, err := range s.unread {
		u := report.Unread{Reason: reason(err)}
		if placed, ok := errors.AsType[*render.Error](err); ok {
			u.File, u.Line = placed.Pos.File, placed.Pos.Line
		}
		list = append(list, u)
	}
	return list
}

// strange names the files of a walk that are those of other tools, or hold nothing: a repository is full of them.
func strange(w *walk, r render.Result) []validate.Unchecked {
	var list []validate.Unchecked
	said := map[string]bool{}
	for _, o := range r.Set.Objects {
		said[o.Provenance.File] = true
	}
	for _, err := range r.Unread {
		if placed, ok := errors.AsType[*render.Error](err); ok {
			said[placed.Pos.File] = true
		}
	}
	last := "" // once for each file: a file of values may be many documents
	for _, err := range r.Foreign {
		placed, ok := errors.AsType[*render.Error](err)
		if !ok || placed.Pos.File == last {
			continue
		}
		last = placed.Pos.File
		said[last] = true
		why := "it is no object of Kubernetes: " + cmp.Or(placed.Hint, "it has neither apiVersion nor kind")
		list = append(list, validate.Unchecked{App: r.App.Name, What: placed.Pos.String(), Why: why})
	}
	for _, f := range w.plain {
		if name := path.Join(r.App.Sources[0].Path, f.Path); !said[name] {
			list = append(list, validate.Unchecked{App: r.App.Name, What: name, Why: "it holds no object"})
		}
	}
	return list
}
