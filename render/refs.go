package render

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// place is where a path of the plan leads into a repository of [Plan.Refs].
type place struct {
	at     string // the path as the plan spells it
	name   string // of the repository
	source Source // the repository
	rest   string // the path in it, clean
}

// place says which repository a path leads into. It gives nil for a path of the plan's own directory.
func (w work) place(at string) (*place, error) {
	source, rest, inRef := w.plan.Ref(at)
	if !inRef {
		return nil, nil
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(at, "$"), "/")
	if rest == ".." || strings.HasPrefix(rest, "../") {
		return nil, &Error{
			Err: fmt.Errorf("following path %s: it leaves the repository", at), Hint: "name a path inside the repository",
		}
	}
	return &place{at: at, name: name, source: source, rest: rest}, nil
}

// repository fetches the tree that a place is in.
func (w work) repository(ctx context.Context, p *place) (Tree, error) {
	tree, err := w.tools.Fetch(ctx, p.source)
	if err != nil {
		return Tree{}, fmt.Errorf("following path %s: %w", p.at, err)
	}
	return tree, nil
}

// build gives the call that builds a kustomization of the stack or of a repository, and what was read for it.
func (w work) build(ctx context.Context, source Source) (Build, []Input, error) {
	build := Build{Dir: w.tools.Stack, Path: source.Path, Capabilities: w.capabilities}
	at, err := w.place(source.Path)
	if err != nil || at == nil {
		return build, nil, err
	}
	tree, err := w.repository(ctx, at)
	if err != nil {
		return build, nil, err
	}
	build.Dir, build.Origin, build.Path = tree.FS(), "$"+at.name, at.rest
	return build, slices.Clone(tree.Inputs), nil
}

// valuesDir gives where the files of values are read, and what was fetched for that. The repositories are read here and
// not when an engine opens a file: an open knows no context.
func (w work) valuesDir(ctx context.Context, v Values) (fs.FS, []Input, error) {
	files := valuesFS{refs: map[string]fs.FS{}, rest: w.tools.Dir}
	var inputs []Input
	for _, p := range v.Paths() {
		at, err := w.place(p)
		if err != nil {
			return nil, nil, err
		}
		if at == nil || files.refs[at.name] != nil {
			continue
		}
		tree, err := w.repository(ctx, at)
		if err != nil {
			return nil, nil, err
		}
		files.refs[at.name] = tree.FS()
		inputs = append(inputs, tree.Inputs...)
	}
	if len(files.refs) == 0 {
		return w.tools.Dir, nil, nil
	}
	return files, inputs, nil
}

// valuesFS serves "$name/path" from repositories and every other name from the rest.
type valuesFS struct {
	refs map[string]fs.FS
	rest fs.FS
}

// in gives the file system that a name is in, and the name there.
func (v valuesFS) in(name string) (fs.FS, string) {
	first, rest, _ := strings.Cut(name, "/")
	if ref, ok := strings.CutPrefix(first, "$"); ok && v.refs[ref] != nil {
		return v.refs[ref], path.Clean(rest)
	}
	return v.rest, name
}

// Open is the method of fs.FS.
func (v valuesFS) Open(name string) (fs.File, error) {
	in, at := v.in(name)
	if in == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNoValues}
	}
	return in.Open(at)
}

// ReadFile is the method of fs.ReadFileFS. The rest may take names that are not of fs.ValidPath, such as an absolute one
// or "-", so it is asked with the name as it is.
func (v valuesFS) ReadFile(name string) ([]byte, error) {
	in, at := v.in(name)
	if in == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNoValues}
	}
	return fs.ReadFile(in, at)
}

var errNoValues = errors.New("no directory is given to read it from")
