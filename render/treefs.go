package render

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS gives the files of the tree as a read-only file system with fs.ReadLinkFS, of which a tree has no use: it has no
// links, they were followed when it was read. The files must not change.
func (t Tree) FS() fs.FS {
	root := &treeEntry{name: ".", children: map[string]*treeEntry{}}
	for _, f := range t.Files {
		e := root.below(f.Path)
		e.data, e.file = f.Data, true
	}
	for _, link := range t.Links {
		e := root.below(link)
		e.link, e.file = true, true
	}
	return treeFS{root}
}

// below gives the entry at a path, made where it is not there.
func (e *treeEntry) below(name string) *treeEntry {
	for part := range strings.SplitSeq(name, "/") {
		next := e.children[part]
		if next == nil {
			next = &treeEntry{name: part}
			if e.children == nil {
				e.children = map[string]*treeEntry{}
			}
			e.children[part] = next
		}
		e = next
	}
	return e
}

// treeFS is the file system of a tree.
type treeFS struct{ root *treeEntry }

// treeEntry is a file or directory of a tree; it is its own fs.FileInfo.
type treeEntry struct {
	name     string
	data     []byte
	file     bool
	link     bool // one of Tree.Links; a file too
	children map[string]*treeEntry
}

// find looks an entry up.
func (t treeFS) find(op, name string) (*treeEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	at := t.root
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if at = at.children[part]; at == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
	}
	return at, nil
}

// Open is the method of fs.FS.
func (t treeFS) Open(name string) (fs.File, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if e.link {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errLeadsOut}
	}
	if e.file {
		return &openFile{e, bytes.NewReader(e.data)}, nil
	}
	return &openDir{treeEntry: e, rest: e.list()}, nil
}

// ReadFile is the method of fs.ReadFileFS.
func (t treeFS) ReadFile(name string) ([]byte, error) {
	e, err := t.find("read", name)
	switch {
	case err != nil:
	case e.link:
		err = &fs.PathError{Op: "read", Path: name, Err: errLeadsOut}
	case !e.file:
		err = &fs.PathError{Op: "read", Path: name, Err: errIsDir}
	}
	if err != nil {
		return nil, err
	}
	return bytes.Clone(e.data), nil
}

// Lstat is the method of fs.ReadLinkFS.
func (t treeFS) Lstat(name string) (fs.FileInfo, error) {
	e, err := t.find("lstat", name)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ReadLink is the method of fs.ReadLinkFS; no link leads anywhere.
func (t treeFS) ReadLink(name string) (string, error) {
	if e, err := t.find("readlink", name); err == nil && e.link {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: errLeadsOut}
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}

// list gives the entries of a directory by name.
func (e *treeEntry) list() []fs.DirEntry {
	var all []fs.DirEntry
	for _, c := range e.children {
		all = append(all, fs.FileInfoToDirEntry(c))
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// The methods of fs.FileInfo. A tree knows no times.

func (e *treeEntry) Name() string       { return path.Base(e.name) }
func (e *treeEntry) Size() int64        { return int64(len(e.data)) }
func (e *treeEntry) ModTime() time.Time { return time.Time{} }
func (e *treeEntry) IsDir() bool        { return !e.file }
func (e *treeEntry) Sys() any           { return nil }
func (e *treeEntry) Mode() fs.FileMode {
	if e.link {
		return fs.ModeSymlink | 0o777
	}
	if e.file {
		return 0o444
	}
	return fs.ModeDir | 0o555
}

// openFile is a file being read.
type openFile struct {
	entry *treeEntry
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFile) Close() error               { return nil }

// openDir is a directory being listed.
type openDir struct {
	*treeEntry
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.treeEntry, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errIsDir}
}

// ReadDir is the method of fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	part := d.rest[:n]
	d.rest = d.rest[n:]
	return part, nil
}

var (
	errIsDir    = errors.New("is a directory")
	errLeadsOut = errors.New("it is a link out of the repository or to nothing, or a submodule that is not fetched")
)
