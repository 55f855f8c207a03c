package hydrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"sluice/render"
)

// bounds limit what is read into memory. Past them a read ends with an error: part of a tree would be a shorter one.
type bounds struct {
	file, total int64 // bytes
	files       int
}

// limits allow some thirty times the largest hydrated tree seen.
var limits = bounds{file: 64 << 20, total: 512 << 20, files: 200_000}

// longestLink is how many links may follow each other, as in Linux (path_resolution(7)).
const longestLink = 40

// ReadDir reads all files of a directory, but for git's own and the stage of a run that was interrupted. It judges
// nothing; [Files.Results] does.
//
// A directory that does not exist is fs.ErrNotExist. Links are read as what they lead to. An error: one that leads out
// of the directory, to a directory or to nothing, something that is neither file nor directory, and more than can be
// meant (64 MiB in a file, 512 MiB in all).
func ReadDir(ctx context.Context, dir string) (Files, error) {
	files, err := readDir(ctx, dir, limits)
	if err != nil {
		return nil, fmt.Errorf("reading the tree %s: %w", dir, err)
	}
	return files, nil
}

func readDir(ctx context.Context, dir string, most bounds) (Files, error) {
	// Opening a pipe would wait for somebody to write into it.
	if stat, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !stat.IsDir() {
		return nil, errors.New("it is not a directory")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	c := collection{files: make(Files), most: most}
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return unreadable(p, err)
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && (p == stageDir || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || d.Name() == ".git" || p == lockPath:
			return nil
		}
		info, err := root.Stat(filepath.FromSlash(p))
		if err != nil {
			return unreadable(p, err)
		}
		if !info.Mode().IsRegular() {
			return unreadable(p, fmt.Errorf("it is a %s, or a link to one", kindOf(info.Mode())))
		}
		f, err := root.Open(filepath.FromSlash(p))
		if err != nil {
			return unreadable(p, err)
		}
		err = c.add(p, info.Size(), f)
		return errors.Join(err, f.Close())
	})
	return c.files, err
}

func kindOf(mode fs.FileMode) string {
	if mode.IsDir() {
		return "directory"
	}
	return "device, pipe or socket"
}

// unreadable is about a file within a tree that exists: never fs.ErrNotExist, which says that there is no tree at all.
func unreadable(p string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("it is a link to nothing, or went while the tree was read")
	}
	return &render.Error{
		Pos: render.Position{File: p}, Err: err,
		Hint: "a tree is read whole or not at all; replace it by a file, or remove it",
	}
}

// ReadRevision reads the files of a revision of the repository that contains repoDir (a work tree, a linked work tree
// or a bare repository), and gives the commit as well. It works on git's objects alone: no work tree and no index is
// touched, no network is used.
//
// A revision is what gitrevisions(7) calls so, within reason: HEAD, a branch, a tag, origin/main, the beginning of a hash,
// HEAD~2. Below is the directory that is read: from the top of the repository on, or where its first element is "." or
// "..", as in git's "rev:./path", from repoDir on; empty means everything. The paths given are relative to it.
//
// Where the revision or the directory does not exist the error is fs.ErrNotExist. Links are read as what they lead to;
// one that leads out of the directory or to nothing is an error, as are a submodule, a pointer of Git LFS and more than
// [ReadDir] would read.
func ReadRevision(ctx context.Context, repoDir, revision, below string) (Files, string, error) {
	files, commit, err := readRevision(ctx, place{repoDir, revision, below}, limits)
	if err != nil {
		return nil, "", fmt.Errorf("reading revision %s: %w", revision, err)
	}
	return files, commit, nil
}

// place is where in a repository to read.
type place struct{ repoDir, revision, below string }

func readRevision(ctx context.Context, at place, most bounds) (Files, string, error) {
	repo, err := open(at.repoDir)
	if err != nil {
		return nil, "", err
	}
	below, err := at.fromTop(repo)
	if err != nil {
		return nil, "", err
	}
	commit, err := resolve(repo, at.revision)
	if err != nil {
		return nil, "", err
	}
	tree, err := commit.Tree()
	if err == nil && below != "." {
		tree, err = tree.Tree(below)
	}
	if errors.Is(err, object.ErrDirectoryNotFound) {
		return nil, "", &render.Error{
			Err:  fmt.Errorf("commit %s has no directory %s: %w", commit.Hash.String()[:7], below, fs.ErrNotExist),
			Hint: "name a revision that has it; where it had another name, check that revision out elsewhere",
		}
	}
	if err != nil {
		return nil, "", absent(repo, commit.Hash, err)
	}
	entries, err := flatten(tree, make(map[string]bool))
	if err != nil {
		return nil, "", absent(repo, commit.Hash, err)
	}
	s := snapshot{repo: repo, entries: entries, collection: collection{files: make(Files), most: most}}
	for _, p := range slices.Sorted(maps.Keys(entries)) {
		if err := errors.Join(ctx.Err(), s.read(p)); err != nil {
			return nil, "", err
		}
	}
	return s.files, commit.Hash.String(), nil
}

// fromTop gives the directory to read from the top of the repository on.
func (at place) fromTop(repo *git.Repository) (string, error) {
	below := path.Clean(at.below)
	if first, _, _ := strings.Cut(at.below, "/"); first != "." && first != ".." {
		if below != "." && !safePath(below) {
			return "", fmt.Errorf("%q is no directory of a repository", at.below)
		}
		return below, nil
	}
	worktree, err := repo.Worktree()
	if err != nil {
		return "", fmt.Errorf("finding the work tree of %s: %w", at.repoDir, err)
	}
	prefix, err := relative(worktree.Filesystem.Root(), at.repoDir)
	if err != nil {
		return "", err
	}
	if below = path.Join(prefix, below); below != "." && !safePath(below) {
		return "", fmt.Errorf("%s is outside the repository", at.below)
	}
	return below, nil
}

// collection is the files read so far, within bounds.
type collection struct {
	files Files
	total int64
	most  bounds
}

// add reads a file. The size is what its directory or its object says; a file that ends before it, or goes on, is an
// error.
func (c *collection) add(p string, size int64, r io.Reader) error {
	switch c.total += size; {
	case size > c.most.file:
		return unreadable(p, fmt.Errorf("the file has %d bytes, and no file of a tree has more than %d", size, c.most.file))
	case c.total > c.most.total || len(c.files) >= c.most.files:
		return unreadable(p, fmt.Errorf("the tree is larger than %d bytes in %d files", c.most.total, c.most.files))
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return unreadable(p, fmt.Errorf("reading it: %w", err))
	}
	if n, _ := r.Read(make([]byte, 1)); n > 0 {
		return unreadable(p, errors.New("it grew while it was read"))
	}
	c.files[p] = content
	return nil
}

// snapshot reads the entries of a tree of git.
type snapshot struct {
	repo    *git.Repository
	entries map[string]object.TreeEntry
	collection
}

// read adds the file at a path.
func (s *snapshot) read(p string) error {
	entry := s.entries[p]
	if !safePath(p) {
		return fmt.Errorf("%q is no path for a file of a tree", p)
	}
	if entry.Mode == filemode.Symlink {
		at, err := s.follow(p)
		if err != nil {
			return err
		}
		entry = s.entries[at]
	}
	if entry.Mode == filemode.Submodule {
		return &render.Error{
			Pos: render.Position{File: p}, Err: errors.New("it is a submodule, whose files the repository does not have"),
			Hint: "check the revision out with its submodules elsewhere, and name that directory",
		}
	}
	blob, err := s.repo.BlobObject(entry.Hash)
	if err != nil {
		return &render.Error{
			Pos: render.Position{File: p}, Err: fmt.Errorf("reading blob %s: %w", entry.Hash, err),
			Hint: "the clone may be partial; fetch what it lacks, as with git fetch --refetch --filter=blob:limit=64m",
		}
	}
	r, err := blob.Reader()
	if err != nil {
		return unreadable(p, fmt.Errorf("reading blob %s: %w", entry.Hash, err))
	}
	if err := errors.Join(s.add(p, blob.Size, r), r.Close()); err != nil {
		return err
	}
	if lfsPointer.Match(s.files[p]) {
		return &render.Error{
			Pos: render.Position{File: p}, Err: errors.New("it is a pointer of Git LFS, and the repository does not have the file"),
			Hint: "check the revision out elsewhere, with git lfs, and name that directory",
		}
	}
	return nil
}

// follow gives the path that a link leads to.
func (s *snapshot) follow(p string) (string, error) {
	at := p
	for range longestLink {
		entry, there := s.entries[at]
		switch {
		case !there:
			return "", unreadable(p, fmt.Errorf("the link leads to %q, which is no file of the directory read", at))
		case entry.Mode != filemode.Symlink:
			return at, nil
		case entry.Mode == filemode.Symlink:
			target, err := readBlob(s.repo, entry.Hash)
			if err != nil {
				return "", err
			}
			if at = path.Join(path.Dir(at), string(target)); path.IsAbs(string(target)) || !safePath(at) {
				return "", unreadable(p, errors.New("the link leads out of the directory read"))
			}
		}
	}
	return "", unreadable(p, errors.New("the link leads in a circle"))
}
