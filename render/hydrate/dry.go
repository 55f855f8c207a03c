package hydrate

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
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"sluice/render"
)

// dryRevision is the commit that a stack was rendered from.
type dryRevision struct {
	commit *object.Commit
	dirty  []string // paths below the stack's directory that differ from the commit, ordered
}

// readDry reads the revision checked out around dir and what differs from it below dir. Reads are the paths below dir
// where ignored files count.
func readDry(ctx context.Context, dir string, reads []string) (dryRevision, error) {
	repo, err := open(dir)
	if err != nil {
		return dryRevision{}, err
	}
	head, err := repo.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return dryRevision{}, &render.Error{
			Err: fmt.Errorf("the repository of %s has no commit yet", dir), Hint: "commit the stack first",
		}
	}
	if err != nil {
		return dryRevision{}, fmt.Errorf("reading HEAD of %s: %w", dir, err)
	}
	var dry dryRevision
	if dry.commit, err = repo.CommitObject(head.Hash()); err != nil {
		return dryRevision{}, fmt.Errorf("reading commit %s: %w", head.Hash(), err)
	}
	worktree, err := repo.Worktree()
	if err != nil {
		return dryRevision{}, fmt.Errorf("finding the work tree of %s: %w", dir, err)
	}
	c := comparison{ctx: ctx, repo: repo}
	if c.prefix, err = relative(worktree.Filesystem.Root(), dir); err != nil {
		return dryRevision{}, err
	}
	for _, p := range reads {
		c.reads = append(c.reads, path.Join(c.prefix, p))
	}
	c.root = os.DirFS(worktree.Filesystem.Root())
	c.top = worktree.Filesystem.Root()
	if err := c.run(dry.commit); err != nil {
		return dryRevision{}, fmt.Errorf("comparing %s with commit %s: %w", dir, head.Hash(), err)
	}
	slices.Sort(c.dirty)
	dry.dirty = c.dirty
	return dry, nil
}

// relative gives dir's path below top, slash-separated, "." for top itself.
func relative(top, dir string) (string, error) {
	var resolved [2]string
	for i, p := range []string{top, dir} {
		abs, err := filepath.Abs(p)
		if err != nil {
			return "", err
		}
		if resolved[i], err = filepath.EvalSymlinks(abs); err != nil {
			return "", err
		}
	}
	rel, err := filepath.Rel(resolved[0], resolved[1])
	return filepath.ToSlash(rel), err
}

// comparison finds what differs between a commit and the work tree below prefix: changed, deleted and untracked files.
// Files that .gitignore or .git/info/exclude name count only where they were read; the user's own excludes file is not
// looked at, so that every machine sees the same. It compares content and trusts no index.
type comparison struct {
	ctx      context.Context
	repo     *git.Repository
	root     fs.FS
	top      string
	prefix   string
	patterns []gitignore.Pattern
	reads    []string
	dirty    []string
}

func (c *comparison) run(commit *object.Commit) error {
	tree, err := commit.Tree()
	if err != nil {
		return err
	}
	all, err := flatten(tree, make(map[string]bool))
	if err != nil {
		return err
	}
	below := make(map[string]object.TreeEntry)
	for p, entry := range all {
		if c.prefix == "." || strings.HasPrefix(p, c.prefix+"/") {
			below[p] = entry
		}
	}
	if storage, ok := c.repo.Storer.(*filesystem.Storage); ok {
		var exclude []byte
		f, err := storage.Filesystem().Open("info/exclude")
		if err == nil {
			exclude, err = io.ReadAll(f)
			err = errors.Join(err, f.Close())
		}
		if err := c.ignore(exclude, err, nil); err != nil {
			return err
		}
	}
	for dir := range ancestors(c.prefix) {
		if err := c.ignoreFile(dir); err != nil {
			return err
		}
	}
	err = fs.WalkDir(c.root, c.prefix, func(p string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, c.ctx.Err()); err != nil {
			return err
		}
		return c.visit(p, d, below)
	})
	for p := range below {
		c.dirty = append(c.dirty, p) // deleted: visit takes out what it finds
	}
	return err
}

// visit compares one path and takes it out of entries.
func (c *comparison) visit(p string, d fs.DirEntry, entries map[string]object.TreeEntry) error {
	entry, tracked := entries[p]
	delete(entries, p)
	switch {
	case d.Name() == ".git":
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	case tracked && entry.Mode == filemode.Submodule && d.IsDir():
		inner, err := readDry(c.ctx, filepath.Join(c.top, filepath.FromSlash(p)), nil)
		if err != nil || inner.commit.Hash != entry.Hash || len(inner.dirty) > 0 {
			c.dirty = append(c.dirty, p)
		}
		return fs.SkipDir
	case !tracked && gitignore.NewMatcher(c.patterns).Match(split(p), d.IsDir()) && !holds(entries, p):
		switch {
		case d.IsDir() && !c.overlaps(p):
			return fs.SkipDir
		case !d.IsDir() && c.wasRead(p):
			c.dirty = append(c.dirty, p)
		}
		return nil
	case d.IsDir() && p != c.prefix:
		return c.ignoreFile(p)
	case d.IsDir():
		return nil
	}
	same, err := c.same(p, d, entry)
	if !tracked || !same {
		c.dirty = append(c.dirty, p)
	}
	return err
}

// wasRead tells whether an ignored file is one that a render reads. Archives in charts/ are not: dependencies come from
// where the chart declares them.
func (c *comparison) wasRead(p string) bool {
	if path.Base(path.Dir(p)) == "charts" && path.Ext(p) == ".tgz" {
		return false
	}
	return slices.ContainsFunc(c.reads, func(r string) bool { return p == r || strings.HasPrefix(p, r+"/") })
}

// overlaps tells whether a directory holds, or is below, something that a render reads.
func (c *comparison) overlaps(dir string) bool {
	return slices.ContainsFunc(c.reads, func(r string) bool {
		return strings.HasPrefix(r+"/", dir+"/") || strings.HasPrefix(dir+"/", r+"/")
	})
}

// holds tells whether a directory has tracked files; git keeps tracking those whatever .gitignore says.
func holds(entries map[string]object.TreeEntry, dir string) bool {
	for p := range entries {
		if strings.HasPrefix(p, dir+"/") {
			return true
		}
	}
	return false
}

// lfsPointer is the start of what git stores for a file kept in LFS (git-lfs docs/spec.md).
var lfsPointer = regexp.MustCompile(`^version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\n`)

// same tells whether a file has the content of its entry, line ends as git may convert them and LFS aside.
func (c *comparison) same(p string, d fs.DirEntry, entry object.TreeEntry) (bool, error) {
	if entry.Hash.IsZero() {
		return false, nil
	}
	want, err := readBlob(c.repo, entry.Hash)
	if err != nil {
		return false, err
	}
	if d.Type()&fs.ModeSymlink != 0 || entry.Mode == filemode.Symlink {
		target, err := os.Readlink(filepath.Join(c.top, filepath.FromSlash(p)))
		return err == nil && entry.Mode == filemode.Symlink && filepath.ToSlash(target) == string(want), nil
	}
	if !d.Type().IsRegular() {
		return false, nil
	}
	have, err := fs.ReadFile(c.root, p)
	if err != nil || bytes.Equal(have, want) {
		return err == nil, err
	}
	if m := lfsPointer.FindSubmatch(want); m != nil {
		return digest(have) == string(m[1]), nil
	}
	crlf := []byte("\r\n")
	return bytes.Equal(bytes.ReplaceAll(have, crlf, crlf[1:]), bytes.ReplaceAll(want, crlf, crlf[1:])), nil
}

// ignoreFile adds the patterns of a directory's .gitignore.
func (c *comparison) ignoreFile(dir string) error {
	text, err := fs.ReadFile(c.root, path.Join(dir, ".gitignore"))
	return c.ignore(text, err, split(dir))
}

// ignore adds the patterns of a file, which need not exist, that count below dir.
func (c *comparison) ignore(text []byte, err error, dir []string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" && line[0] != '#' {
			c.patterns = append(c.patterns, gitignore.ParsePattern(line, dir))
		}
	}
	return err
}

// ancestors gives ".", then every directory down to dir itself.
func ancestors(dir string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		at := "."
		if !yield(at) {
			return
		}
		for _, part := range split(dir) {
			if at = path.Join(at, part); !yield(at) {
				return
			}
		}
	}
}

func split(p string) []string {
	if p == "." {
		return nil
	}
	return strings.Split(p, "/")
}
