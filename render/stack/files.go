package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"sluice/render"
)

// moduleFile is where CUE looks for a module.
const moduleFile = "cue.mod/module.cue"

// virtualModule stands in where the author has no module: @embed and imports need one. The language version is the
// one of the linked evaluator.
const virtualModule = "module: \"stack.invalid\"\nlanguage: version: \"v0.17.0\"\n"

// files is what CUE may read: the stack directory, and the module around it where there is one. A symbolic link that
// leaves the stack directory does not open (os.Root). Directories between the module's root and the stack show no
// .cue files, or CUE would make them part of the stack's package.
type files struct {
	stack  fs.FS
	module *os.Root // nil where the stack is its own module
	prefix string   // the stack's path in the module, "." where it is the root
	own    bool     // the stack directory has the module file itself
	mu     sync.Mutex
	read   map[string][]byte // what CUE has read, by path relative to the stack directory
	left   map[string][]byte // of what has parts that are left out, the rest
}

// openFiles finds the nearest module file at dir or above it. The caller closes what it gives.
func openFiles(dir string, stack fs.FS) (*files, error) {
	f := &files{stack: stack, prefix: ".", read: map[string][]byte{}, left: map[string][]byte{}}
	if _, err := fs.Stat(stack, moduleFile); err == nil {
		f.own = true
		return f, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the CUE module of stack %s: %w", dir, err)
	}
	for at := filepath.Dir(abs); ; at = filepath.Dir(at) {
		if stat, err := os.Stat(filepath.Join(at, moduleFile)); err == nil && stat.Mode().IsRegular() {
			prefix, err := filepath.Rel(at, abs)
			if err != nil {
				return nil, fmt.Errorf("finding the CUE module of stack %s: %w", dir, err)
			}
			f.prefix = filepath.ToSlash(prefix)
			f.module, err = os.OpenRoot(at)
			if err != nil {
				return nil, fmt.Errorf("opening the CUE module of stack %s: %w", dir, err)
			}
			return f, nil
		}
		if at == filepath.Dir(at) {
			return f, nil
		}
	}
}

func (f *files) close() {
	if f.module != nil {
		_ = f.module.Close() // read-only: nothing is lost
	}
}

// relative gives the name, relative to the stack directory, of a path in f.
func (f *files) relative(name string) string {
	rel, err := filepath.Rel(path.Join("/", f.prefix), name)
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}

// in gives the file system that holds name, and name's path in it. The stack directory has a file system of its own
// also inside a module, or a link could lead from the stack into the rest of the module.
func (f *files) in(name string) (fs.FS, string) {
	if f.module == nil {
		return f.stack, name
	}
	if name == f.prefix {
		return f.stack, "."
	}
	if rest, ok := strings.CutPrefix(name, f.prefix+"/"); ok {
		return f.stack, rest
	}
	return f.module.FS(), name
}

// Open is the method of fs.FS.
func (f *files) Open(name string) (fs.File, error) {
	if f.module == nil && !f.own && name == moduleFile {
		return &textFile{Reader: bytes.NewReader([]byte(virtualModule)), size: int64(len(virtualModule))}, nil
	}
	fsys, name := f.in(name)
	return openRegular(fsys, name)
}

// openDir opens a directory. To open a named pipe in its place would wait for who writes it.
func openDir(dir string) (*os.Root, error) {
	if stat, err := os.Stat(dir); err == nil && !stat.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errors.New("not a directory")}
	}
	return os.OpenRoot(dir)
}

// openRegular opens a file or directory. To open a named pipe would wait for who writes it.
func openRegular(fsys fs.FS, name string) (fs.File, error) {
	if stat, err := fs.Stat(fsys, name); err == nil && !stat.IsDir() && !stat.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is no regular file")}
	}
	return fsys.Open(name)
}

// ReadFile is the method of fs.ReadFileFS, by which CUE reads all but the module's own file.
func (f *files) ReadFile(name string) ([]byte, error) {
	if left, ok := f.left[f.relative("/"+name)]; ok {
		return slices.Clone(left), nil
	}
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read[f.relative("/"+name)] = text
	return slices.Clone(text), nil
}

// written lists what CUE has read, with the module's own file, ordered by path.
func (f *files) written() ([]render.File, error) {
	if _, err := f.ReadFile(moduleFile); err != nil {
		return nil, fmt.Errorf("reading the CUE module of the stack: %w", err)
	}
	list := make([]render.File, 0, len(f.read))
	for _, name := range sortedKeys(f.read) {
		list = append(list, render.File{Path: name, Data: f.read[name]})
	}
	return list, nil
}

// ReadDir is the method of fs.ReadDirFS. CUE looks at every entry and gives up at one that it cannot; a link that
// leads out of the stack is not CUE's concern unless a file names it, so such links are not listed.
func (f *files) ReadDir(name string) ([]fs.DirEntry, error) {
	fsys, inner := f.in(name)
	entries, err := fs.ReadDir(fsys, inner)
	if err != nil {
		return nil, err
	}
	above := f.module != nil && (name == "." || strings.HasPrefix(f.prefix, name+"/"))
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		if e.Type()&fs.ModeSymlink != 0 {
			if _, err := fs.Stat(fsys, path.Join(inner, e.Name())); err != nil {
				return true
			}
		}
		return above && path.Ext(e.Name()) == ".cue"
	}), nil
}

// textFile is a file that exists only in memory.
type textFile struct {
	*bytes.Reader
	size int64
}

func (t *textFile) Stat() (fs.FileInfo, error) { return t, nil }
func (t *textFile) Close() error               { return nil }
func (t *textFile) Name() string               { return path.Base(moduleFile) }
func (t *textFile) Size() int64                { return t.size }
func (t *textFile) Mode() fs.FileMode          { return 0o444 }
func (t *textFile) ModTime() time.Time         { return time.Time{} }
func (t *textFile) IsDir() bool                { return false }
func (t *textFile) Sys() any                   { return nil }

// heads parses the .cue files directly in a stack directory up to their package clauses. A file that does not parse
// is left to the loader, which reports it with all others.
func heads(dir string, fsys fs.FS) ([]*ast.File, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("listing stack %s: %w", dir, err)
	}
	var list []*ast.File
	found := false
	for _, e := range entries {
		if e.IsDir() || !stackFile(e.Name()) {
			continue
		}
		found = true
		var src []byte
		file, err := openRegular(fsys, e.Name())
		if err == nil {
			src, err = io.ReadAll(file)
			_ = file.Close() // read-only: nothing is lost
		}
		if err != nil {
			return nil, &render.Error{
				Pos: render.Position{File: e.Name()}, Err: fmt.Errorf("reading a file of the stack: %w", err),
				Hint: "files of a stack are inside its directory; a symbolic link may not leave it",
			}
		}
		if len(bytes.TrimSpace(src)) == 0 {
			return nil, &render.Error{
				Pos: render.Position{File: e.Name()}, Err: errors.New("the file is empty"),
				Hint: "remove it, or write it anew: a shell empties the file that > names also where the command before it stops",
			}
		}
		if f, err := parser.ParseFile(e.Name(), src, parser.PackageClauseOnly); err == nil {
			list = append(list, f)
		}
	}
	if !found {
		return nil, &render.Error{
			Err:  fmt.Errorf("reading stack %s: %w", dir, errNoStack),
			Hint: "name its directory with --stack; `sluice init` makes a stack; render and validate take a PATH instead",
		}
	}
	return list, nil
}

// packageName gives the one package name of the files, "" where none of them parses.
func packageName(list []*ast.File) (string, error) {
	name, first := "", ""
	for _, f := range list {
		pkg := f.PackageName()
		switch {
		case pkg == "":
			return "", &render.Error{
				Pos: render.Position{File: f.Filename, Line: 1, Column: 1}, Err: errors.New("no package clause"),
				Hint: "put `package stack` on the first line",
			}
		case name == "":
			name, first = pkg, f.Filename
		case pkg != name:
			pos := render.Position{File: f.Filename}
			for _, d := range f.Decls {
				if p, ok := d.(*ast.Package); ok {
					pos = position(p.Pos(), nil)
				}
			}
			return "", &render.Error{
				Pos: pos, Err: fmt.Errorf("package %s, but %s is of package %s", pkg, first, name),
				Hint: "all files of a stack have one package name",
			}
		}
	}
	return name, nil
}

// stackFile says whether CUE's loader takes a file of this name (cue help inputs).
func stackFile(name string) bool {
	return path.Ext(name) == ".cue" && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_") &&
		!strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue")
}

// noRegistry refuses to fetch CUE modules: the only network is that of sources and tools. Without a registry the loader
// would make one from the CUE variables of the environment and the cache of the user.
type noRegistry struct{}

var errNoRegistry = errors.New("CUE modules are not downloaded; a stack imports the standard library and its own module")

func (noRegistry) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errNoRegistry
}

func (noRegistry) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errNoRegistry
}

func (noRegistry) ModuleVersions(context.Context, string) ([]string, error) {
	return nil, errNoRegistry
}
