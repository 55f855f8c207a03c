package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// onlyFS shows the files and directories of paths alone, with the directories that lead to them: who asks about one file of
// a repository does not ask about its neighbours. A file beside such a directory is opened for who knows its name: the
// .yamllint that lies there is about what is below it, and so is what that extends.
type onlyFS struct {
	fs.FS
	paths []string // clean, slash-separated
}

// Open is the method of fs.FS.
func (o onlyFS) Open(name string) (fs.File, error) {
	if !o.below(name) && !o.above(name) && !o.above(path.Dir(name)) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not asked about: %w", fs.ErrNotExist)}
	}
	return o.FS.Open(name)
}

// ReadDir is the method of fs.ReadDirFS.
func (o onlyFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if !o.below(name) && !o.above(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fmt.Errorf("not asked about: %w", fs.ErrNotExist)}
	}
	entries, err := fs.ReadDir(o.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		at := path.Join(name, e.Name())
		return !o.below(at) && !o.above(at)
	}), err
}

func (o onlyFS) below(name string) bool {
	return slices.ContainsFunc(o.paths, func(p string) bool { return p == "." || name == p || strings.HasPrefix(name, p+"/") })
}

func (o onlyFS) above(name string) bool {
	return name == "." || slices.ContainsFunc(o.paths, func(p string) bool { return strings.HasPrefix(p, name+"/") })
}

// plainFS has regular files and directories: to open a named pipe that lies there would wait for who writes it. Of a name that
// is not UTF-8 io/fs says that the argument is invalid (ValidPath), and this what is wrong with it.
type plainFS struct{ fs.FS }

// Open is the method of fs.FS.
func (p plainFS) Open(name string) (fs.File, error) {
	if !utf8.ValidString(name) {
		return nil, fmt.Errorf("the name %q is not UTF-8", name)
	}
	stat, err := fs.Stat(p.FS, name)
	if err == nil && !stat.IsDir() && !stat.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is no regular file")}
	}
	return p.FS.Open(name)
}
