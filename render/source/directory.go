package source

import (
	"cmp"
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

	"sluice/render"
)

// Limits of a directory read, far above any chart or manifest folder that is meant.
const (
	maxDirFiles = 20_000
	maxDirFile  = 32 << 20  // bytes
	maxDirTotal = 256 << 20 // bytes
	maxDirDepth = 64
)

// tooMuch is the way out of those limits.
const tooMuch = "a source is read into memory whole, and one this large is mostly a directory named by mistake; name the directory that is meant, or make it several sources"

// rooted is what paths are read from: the stack directory, which an os.Root bounds, or a fetched Git repository. The
// file system implements fs.ReadLinkFS.
type rooted struct {
	fs.FS
	name string // "$name" of a repository, empty for the stack
	// broken are links of a repository that lead out of it or nowhere. They are missing in the file system.
	broken []string
	built  map[string]assembled // umbrella charts by path, so that one that many depend on is assembled once
	inputs []render.Input       // what the whole stands for in the provenance; empty for the stack
}

// label names a path of the folder as the stack writes it.
func (f rooted) label(at string) string { return path.Join(f.name, at) }

// whole fails where a part of a repository's directory is missing in the file system.
func (f rooted) whole(dir string) error {
	for _, link := range f.broken {
		if dir == "." || link == dir || strings.HasPrefix(link, dir+"/") {
			return hinted("name a directory of the repository that does not hold the link",
				fmt.Errorf("%s is a link out of the repository or to nothing, or a submodule that is not fetched", f.label(link)))
		}
	}
	return nil
}

// cleanPath gives p in the form that an os.Root takes. A path that leaves the stack by its spelling is an error.
func cleanPath(p string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(p)) {
		return "", hinted("name a path relative to the stack directory and inside it",
			fmt.Errorf("path %s leaves the stack directory", p))
	}
	return path.Clean(p), nil
}

// look gives the clean form of a path below root and whether a directory is there.
func look(root rooted, p string) (at string, isDir bool, err error) {
	if at, err = cleanPath(p); err != nil {
		return "", false, err
	}
	found, err := fs.Stat(root.FS, at)
	if err != nil {
		return "", false, explain(root, at, err)
	}
	return at, found.IsDir(), nil
}

// walker reads the regular files below one directory. Links are followed, as helm's packaging follows them
// (helm internal/sympath), as long as they stay inside the root.
type walker struct {
	root  rooted
	base  string                 // the directory that the paths of files are relative to
	keep  func(name string) bool // false leaves out the file or directory of that base name; nil keeps all
	files []render.File
	total int64
}

// readDir gives every file below dir in path order. A .git entry is version control's, not the chart's, and its bytes
// change with every commit, so it is left out; helm would take it in unless .helmignore names it.
func readDir(ctx context.Context, root rooted, dir string, keep func(name string) bool) ([]render.File, error) {
	at, err := fs.Stat(root.FS, dir)
	if err != nil {
		return nil, explain(root, dir, err)
	}
	if !at.IsDir() {
		return nil, fmt.Errorf("%s is %s, not a directory", dir, kindOf(at.Mode()))
	}
	if err := root.whole(dir); err != nil {
		return nil, err
	}
	w := &walker{root: root, base: dir, keep: keep}
	if err := w.walk(ctx, dir, []os.FileInfo{at}); err != nil {
		return nil, err
	}
	sortFiles(w.files)
	return w.files, nil
}

// walk reads dir; above holds the directories on the way to it, itself last, to notice a link to one of them.
func (w *walker) walk(ctx context.Context, dir string, above []os.FileInfo) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(above) > maxDirDepth {
		return fmt.Errorf("%s is more than %d directories deep", dir, maxDirDepth)
	}
	entries, err := fs.ReadDir(w.root.FS, dir)
	if err != nil {
		return explain(w.root, dir, err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.Name() == ".git" || w.keep != nil && !w.keep(e.Name()) {
			continue
		}
		at, err := fs.Stat(w.root.FS, name)
		switch {
		case err != nil:
			return explain(w.root, name, err)
		case at.IsDir():
			if slices.ContainsFunc(above, func(up os.FileInfo) bool { return os.SameFile(up, at) }) {
				return w.cycle(name)
			}
			err = w.walk(ctx, name, append(slices.Clip(above), at))
		case at.Mode().IsRegular():
			err = w.add(name)
		default:
			err = fmt.Errorf("%s is %s, not a regular file", name, kindOf(at.Mode()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cycle names the last link on the way to a directory that holds itself.
func (w *walker) cycle(name string) error {
	for link := name; link != "."; link = path.Dir(link) {
		if target, err := fs.ReadLink(w.root.FS, link); err == nil {
			return hinted("remove the link", fmt.Errorf("link %s to %s leads back to a directory that holds it", link, target))
		}
	}
	return fmt.Errorf("directory %s holds itself", name)
}

// add reads one file within the limits. A line break in a name would make the listing ambiguous; a backslash would be a
// separator to helm's archive reader.
func (w *walker) add(name string) error {
	if strings.ContainsAny(name, "\n\\") {
		return fmt.Errorf("%q has a line break or backslash in its name", name)
	}
	if len(w.files) == maxDirFiles {
		return hinted(tooMuch, fmt.Errorf("%s holds more than %d files", w.base, maxDirFiles))
	}
	content, err := readFile(w.root, name, maxDirFile)
	if err != nil {
		return err
	}
	if w.total += int64(len(content)); w.total > maxDirTotal {
		return hinted(tooMuch, fmt.Errorf("%s holds more than %d bytes", w.base, maxDirTotal))
	}
	rel := name
	if w.base != "." {
		rel = strings.TrimPrefix(name, w.base+"/")
	}
	w.files = append(w.files, render.File{Path: rel, Data: content})
	return nil
}

// readFile reads one regular file of at most limit bytes. The kind is looked at first: opening a pipe would block.
func readFile(root rooted, name string, limit int64) ([]byte, error) {
	at, err := fs.Stat(root.FS, name)
	if err != nil {
		return nil, explain(root, name, err)
	}
	if !at.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, not a regular file", name, kindOf(at.Mode()))
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, explain(root, name, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if int64(len(content)) > limit {
		return nil, hinted("a source is read into memory whole, and one file of it that is this large is mostly there by mistake; take it out of the source, or split it",
			fmt.Errorf("%s is larger than %d bytes", name, limit))
	}
	return content, nil
}

// explain names the first link on the way to name that cannot be followed; os.Root says only that a path escapes.
func explain(root rooted, name string, cause error) error {
	parts := strings.Split(name, "/")
	// Readlink fails for everything that is no link, and Stat is what has to succeed.
	for i := range parts {
		link := path.Join(parts[:i+1]...)
		target, err := fs.ReadLink(root.FS, link)
		if err != nil {
			continue
		}
		if _, err := fs.Stat(root.FS, link); err == nil {
			continue
		} else if errors.Is(err, fs.ErrNotExist) {
			return hinted("repair or remove the link", fmt.Errorf("link %s to %s leads nowhere: %w", link, target, fs.ErrNotExist))
		}
		return hinted("replace the link by a copy, or by a relative link that stays inside the stack directory",
			fmt.Errorf("link %s to %s leaves the stack directory or does not end", link, target))
	}
	if errors.Is(cause, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("reading %s: %w", name, cause)
}

// kindOf names what is at a path, for messages.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m.IsRegular():
		return "a file"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "an irregular file"
}

// sortFiles orders by path in bytes, which puts "a-b" before "a/b".
func sortFiles(files []render.File) {
	slices.SortFunc(files, func(a, b render.File) int { return cmp.Compare(a.Path, b.Path) })
}

// listing is the input that stands for a whole directory: the sha256 over one line "<hex>  <path>" per file, in path
// order. One line per file in the provenance would bury the few that matter.
func listing(name string, files []render.File) render.Input {
	var b strings.Builder
	for _, f := range files {
		b.WriteString(strings.TrimPrefix(digest(f.Data), digestPrefix) + "  " + f.Path + "\n")
	}
	return render.Input{Name: name, Digest: digest([]byte(b.String()))}
}
