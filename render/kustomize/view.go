package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"sluice/render"
)

// errReadOnly answers every attempt to write.
var errReadOnly = errors.New("the directory of a build is read-only")

// view is the file system that kustomize sees: one directory, the repositories fetched for it beside it, read-only, with
// files laid over them and directories shown a second time under another name. It reads each file once, so that a build
// sees one state of it.
type view struct {
	mounts  []*mount          // the first is the build's own
	overlay map[string][]byte // path in the view -> content instead of the file's
	fetched map[string][]byte // path in the view, without aliases -> content of a remote file
	alias   map[string]string // directory in the view -> directory whose content it shows
	files   map[string][]byte // path in the view, without aliases and links -> bytes read
	links   map[string]string // path in the view -> where the link there leads; those followed
	denied  error             // the first attempt to leave a tree
}

// pathless drops the path, which is one of this machine, from an error of package os.
func pathless(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// enter gives the place in the view of a directory named relative to the build's.
func (v *view) enter(rel string) (string, error) {
	if path.IsAbs(rel) || filepath.IsAbs(rel) {
		return "", &render.Error{
			Err:  fmt.Errorf("path %q is absolute", rel),
			Hint: "name the kustomization relative to the directory of the stack",
		}
	}
	dir, file, err := v.CleanedAbs(path.Join(viewRoot, rel))
	if err != nil {
		return "", v.because(err)
	}
	if file != "" {
		return "", &render.Error{
			Pos: render.Position{File: rel}, Err: errors.New("it is a file"),
			Hint: "name the directory of the kustomization, not the file",
		}
	}
	return dir.String(), nil
}

// because prefers the attempt to leave the directory over what kustomize made of it.
func (v *view) because(err error) error {
	if v.denied != nil {
		return v.denied
	}
	return err
}

// actual gives the path without aliases.
func (v *view) actual(p string) string {
	for range len(v.alias) + 1 {
		name := v.aliasOf(p)
		if name == "" {
			return p
		}
		p = v.alias[name] + strings.TrimPrefix(p, name)
	}
	return p
}

// aliasOf gives the alias that p lies in, or "". Aliases lie beside what they show, so an alias inside another one
// is the longer of the two.
func (v *view) aliasOf(p string) string {
	best := ""
	for name := range v.alias {
		if within(p, name) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// within reports whether p is dir or lies below it.
func within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// CleanedAbs resolves p, symbolic links included, into a directory and a file name (empty for a directory).
func (v *view) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	p = path.Clean(p)
	if _, ok := v.laid(p); ok {
		return filesys.ConfirmedDir(path.Dir(p)), path.Base(p), nil
	}
	resolved, info, err := v.stat(p)
	if err != nil {
		return "", "", err
	}
	if name := v.aliasOf(p); name != "" {
		if target := v.actual(name); within(resolved, target) {
			resolved = name + strings.TrimPrefix(resolved, target)
		}
	}
	if info.IsDir() {
		return filesys.ConfirmedDir(resolved), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(resolved)), path.Base(resolved), nil
}

// laid gives the content laid over p.
func (v *view) laid(p string) ([]byte, bool) {
	if b, ok := v.overlay[p]; ok {
		return b, true
	}
	b, ok := v.fetched[v.actual(p)]
	return b, ok
}

// ReadFile gives the content laid over p, or else the file's.
func (v *view) ReadFile(p string) ([]byte, error) {
	p = path.Clean(p)
	if b, ok := v.laid(p); ok {
		return b, nil
	}
	place, info, err := v.stat(p)
	if err != nil {
		return nil, err
	}
	if b, ok := v.files[place]; ok {
		return b, nil
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: v.show(place), Err: errors.New("not a regular file")}
	}
	m := v.mountOf(place)
	b, err := fs.ReadFile(m.fsys, m.rel(place))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: v.show(place), Err: pathless(err)}
	}
	v.files[place] = b
	return b, nil
}

// stat resolves p to a path of the view without aliases and links.
func (v *view) stat(p string) (string, fs.FileInfo, error) {
	place := v.actual(p)
	m := v.mountOf(place)
	if m == nil {
		return "", nil, v.deny(v.mounts[0], "", leaves(v.mounts[0], place, place))
	}
	rel, info, err := v.resolve(m, m.rel(place))
	if err != nil {
		return "", nil, err
	}
	return path.Join(m.at, rel), info, nil
}

// maxLinks bounds the links followed for one path, as the kernel does.
const maxLinks = 40

// resolve follows the links of a path of a tree by hand: os.Root would follow them too, but kustomize compares where a
// file really is with the kustomization's directory.
func (v *view) resolve(m *mount, rel string) (string, fs.FileInfo, error) {
	todo := strings.Split(rel, "/")
	done := "."
	links := 0
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		if part == "" || part == "." {
			continue
		}
		next := path.Join(done, part)
		info, err := m.fsys.Lstat(next)
		if err != nil {
			return "", nil, &fs.PathError{Op: "open", Path: rel, Err: pathless(err)}
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", nil, &fs.PathError{Op: "open", Path: rel, Err: errors.New("too many symbolic links")}
		}
		target, err := m.fsys.ReadLink(next)
		if err != nil {
			return "", nil, &fs.PathError{Op: "open", Path: next, Err: pathless(err)}
		}
		to := path.Join(done, filepath.ToSlash(target))
		if filepath.IsAbs(target) || to == ".." || strings.HasPrefix(to, "../") {
			return "", nil, v.deny(m, m.show(next), errors.New("the symbolic link leaves the directory of the build"))
		}
		v.links[path.Join(m.at, next)] = filepath.ToSlash(target)
		todo = append(strings.Split(to, "/"), todo...)
		done = "."
	}
	info, err := m.fsys.Lstat(done)
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: rel, Err: pathless(err)}
	}
	return done, info, nil
}

// Exists reports whether p can be read or entered.
func (v *view) Exists(p string) bool {
	_, _, err := v.CleanedAbs(p)
	return err == nil
}

// IsDir reports whether p is a directory.
func (v *view) IsDir(p string) bool {
	_, file, err := v.CleanedAbs(p)
	return err == nil && file == ""
}

// The rest of filesys.FileSystem is not needed by a build: kustomize reads whole files by name, and the methods below
// serve its other commands. They refuse instead of guessing.

// Create refuses.
func (v *view) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir refuses.
func (v *view) Mkdir(string) error { return errReadOnly }

// MkdirAll refuses.
func (v *view) MkdirAll(string) error { return errReadOnly }

// RemoveAll refuses.
func (v *view) RemoveAll(string) error { return errReadOnly }

// WriteFile refuses.
func (v *view) WriteFile(string, []byte) error { return errReadOnly }

// Open refuses: a build reads with ReadFile only.
func (v *view) Open(string) (filesys.File, error) { return nil, errReadOnly }

// ReadDir refuses: a build never lists a directory.
func (v *view) ReadDir(string) ([]string, error) { return nil, errReadOnly }

// Glob refuses: kustomize has no globs in a build.
func (v *view) Glob(string) ([]string, error) { return nil, errReadOnly }

// Walk refuses: a build never walks a directory.
func (v *view) Walk(string, filepath.WalkFunc) error { return errReadOnly }
