package kustomize

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sluice/render"
)

// viewRoot is the name of the build's directory inside the view. The real path is never shown to kustomize, so no
// message and no annotation can hold it.
const viewRoot = "/sluice.root"

// remoteRoot begins the name of the directory of a fetched repository, which lies beside the build's; its number follows.
const remoteRoot = "/sluice.remote-"

// mount is one tree of the view: the build's own, or a repository that was fetched for it. Nothing in a tree may refer
// to another one by a path.
type mount struct {
	at   string // in the view
	name string // put before paths in messages; empty for the stack
	repo string // of the annotations of buildMetadata, as kustomize spells it; empty for the build's own
	ref  string
	fsys fs.ReadLinkFS
}

// remote reports whether the tree was fetched because an entry of a kustomization asked for it.
func (m *mount) remote() bool { return m.at != viewRoot }

// show gives a path of the tree for messages: "base/a.yaml", "$upstream/base/a.yaml" or
// "https://example.com/repo@v1//base/a.yaml".
func (m *mount) show(rel string) string {
	switch {
	case m.name == "":
		return cmp.Or(rel, ".")
	case rel == "" || rel == ".":
		return m.name
	case m.remote():
		return m.name + "//" + rel
	}
	return m.name + "/" + rel
}

// rel gives a path of the view relative to the tree.
func (m *mount) rel(place string) string {
	return strings.TrimPrefix(strings.TrimPrefix(place, m.at), "/")
}

// openView makes the view of one directory. Without fs.ReadLinkFS a link would be followed unseen, out of the directory
// as well.
func openView(dir fs.FS, name string) (*view, error) {
	links, ok := dir.(fs.ReadLinkFS)
	if !ok {
		return nil, errors.New("opening the directory of the build: its file system does not tell links from files")
	}
	return &view{
		mounts:  []*mount{{at: viewRoot, name: name, fsys: links}},
		overlay: map[string][]byte{}, fetched: map[string][]byte{}, alias: map[string]string{}, files: map[string][]byte{},
		links: map[string]string{},
	}, nil
}

// add shows a repository beside the others. Two addresses of one repository are two places, as they are two clones to
// kustomize: an address that leads to a directory above is no cycle by itself.
func (v *view) add(m *mount, tree render.Tree) error {
	links, ok := tree.FS().(fs.ReadLinkFS)
	if !ok {
		return errors.New("its file system does not tell links from files")
	}
	m.fsys, m.at = links, remoteRoot+strconv.Itoa(len(v.mounts))
	v.mounts = append(v.mounts, m)
	return nil
}

// mountOf gives the tree that a path of the view is in, or nil.
func (v *view) mountOf(p string) *mount {
	place := v.actual(path.Clean(p))
	for _, m := range v.mounts {
		if within(place, m.at) {
			return m
		}
	}
	return nil
}

// show gives a path of the view as the user knows it.
func (v *view) show(file string) string {
	m := v.mountOf(file)
	if m == nil {
		return file
	}
	return m.show(m.rel(v.actual(path.Clean(file))))
}

// inside joins a directory of the view with a path written there. It fails where that leaves the tree of the directory:
// a repository must read neither the stack nor another repository, and a stack no repository but by its address.
func (v *view) inside(dir, rel string) (string, error) {
	p := path.Join(dir, rel)
	home := v.mountOf(dir)
	if home == nil || v.mountOf(p) == home {
		return p, nil
	}
	return "", v.deny(home, "", leaves(home, v.actual(p), rel))
}

// leaves is the error for a path beyond a tree. It shows the path relative to the root where that can be told.
func leaves(home *mount, place, written string) error {
	if home.remote() {
		return fmt.Errorf("path %s leaves the repository", written)
	}
	if rel, err := filepath.Rel(viewRoot, place); err == nil && path.Dir(place) == "/" && !within(place, viewRoot) {
		written = rel
	}
	return fmt.Errorf("path %s leaves the directory of the build", written)
}

// deny remembers the first attempt to leave a tree, because kustomize turns errors into text.
func (v *view) deny(home *mount, file string, err error) error {
	what := "the directory of the stack"
	if home.name != "" {
		what = home.name
	}
	denied := &render.Error{
		Pos: render.Position{File: file}, Err: err,
		Hint: "nothing outside " + what + " is read; copy what is needed into it",
	}
	if v.denied == nil {
		v.denied = denied
	}
	return denied
}

// maxDepth bounds the directories below one that is read whole.
const maxDepth = 64

// list reads every file below a directory, ordered by path; links are followed.
func (v *view) list(dir string, above ...string) ([]render.File, error) {
	place, _, err := v.stat(dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(above, place) || len(above) > maxDepth {
		return nil, fmt.Errorf("%s: a link leads back, or the directories are more than %d deep", v.show(dir), maxDepth)
	}
	m := v.mountOf(place)
	entries, err := fs.ReadDir(m.fsys, cmp.Or(m.rel(place), "."))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", v.show(dir), pathless(err))
	}
	var files []render.File
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		at, found, err := v.stat(name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading %s: %w", v.show(name), pathless(err))
		case found.IsDir():
			below, err := v.list(name, append(slices.Clip(above), place)...)
			if err != nil {
				return nil, err
			}
			for _, f := range below {
				files = append(files, render.File{Path: path.Join(e.Name(), f.Path), Data: f.Data})
			}
		case !found.Mode().IsRegular():
			return nil, fmt.Errorf("%s is not a regular file", v.show(name))
		default:
			text, err := fs.ReadFile(m.fsys, m.rel(at))
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", v.show(name), pathless(err))
			}
			files = append(files, render.File{Path: e.Name(), Data: text})
		}
	}
	slices.SortFunc(files, func(a, b render.File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// inputs lists every file read of the build's own directory, ordered by name. A repository is one input at its commit.
func (v *view) inputs() []render.Input {
	list := make([]render.Input, 0, len(v.files))
	for place, b := range v.files {
		if m := v.mountOf(place); !m.remote() {
			sum := sha256.Sum256(b)
			list = append(list, render.Input{Name: v.show(place), Digest: "sha256:" + hex.EncodeToString(sum[:])})
		}
	}
	sortInputs(list)
	return list
}

func sortInputs(list []render.Input) {
	slices.SortFunc(list, func(a, b render.Input) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest))
	})
}
