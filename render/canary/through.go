package canary

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"

	"sluice/render"
)

// Through gives a file system whose YAML files are passed through a replacement as they are read. Links and directories
// are those of the one below, which has to tell links from files (fs.ReadLinkFS) where whoever reads wants that.
func Through(below fs.FS, replace Replace) fs.FS { return through{below, replace} }

type through struct {
	below   fs.FS
	replace Replace
}

// Open is the method of fs.FS.
func (t through) Open(name string) (fs.File, error) {
	f, err := t.below.Open(name)
	if err != nil || !isYAML(name) {
		return f, err
	}
	stat, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if !stat.Mode().IsRegular() {
		return f, nil
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	text = t.replace(name, text)
	return &replaced{Reader: bytes.NewReader(text), stat: sized{stat, int64(len(text))}}, nil
}

// ReadFile is the method of fs.ReadFileFS.
func (t through) ReadFile(name string) ([]byte, error) {
	text, err := fs.ReadFile(t.below, name)
	if err != nil || !isYAML(name) {
		return text, err
	}
	return t.replace(name, text), nil
}

// ReadDir is the method of fs.ReadDirFS.
func (t through) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(t.below, name) }

// Lstat is a method of fs.ReadLinkFS.
func (t through) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(t.below, name) }

// ReadLink is a method of fs.ReadLinkFS.
func (t through) ReadLink(name string) (string, error) { return fs.ReadLink(t.below, name) }

func isYAML(name string) bool { return path.Ext(name) == ".yaml" || path.Ext(name) == ".yml" }

// replaced is a file whose bytes are others.
type replaced struct {
	*bytes.Reader
	stat sized
}

// Stat is a method of fs.File.
func (r *replaced) Stat() (fs.FileInfo, error) { return r.stat, nil }

// Close is a method of fs.File.
func (r *replaced) Close() error { return nil }

type sized struct {
	fs.FileInfo
	size int64
}

// Size is a method of fs.FileInfo.
func (s sized) Size() int64 { return s.size }

// Chart gives the tree of a chart that lies in the stack at a path, with its own values passed through the replacement.
// Its templates stay: a placeholder there is no value that the chart works on.
func Chart(tree render.Tree, at string, replace Replace) render.Tree {
	tree.Files = slices.Clone(tree.Files)
	for i, f := range tree.Files {
		if f.Path == "values.yaml" {
			tree.Files[i].Data = replace(path.Join(at, f.Path), f.Data)
		}
	}
	return tree
}
