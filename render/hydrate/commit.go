package hydrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"sluice/render"
)

// CommitOptions says where a commit goes and what it refers to.
type CommitOptions struct {
	Branch string // branch to move, e.g. "rendered/three-layer"
	Create bool   // start the branch, without history, if it does not exist
	// Tip is the commit that the branch has to be at, in hex, all zeros where it must not exist; empty for any. A branch
	// that moved since somebody looked at it is an error.
	Tip string
	// StackDir is the stack's directory in the work tree of a repository, which need not be the one committed to. The
	// commit checked out there is the dry revision.
	StackDir string
	// StackURL is where others find the dry revision; left out of the commit if empty. Credentials in it are dropped.
	StackURL string
	// AllowDirty accepts uncommitted changes below StackDir. The commit then names no dry revision.
	AllowDirty bool
	// Reads are paths that the render read, relative to StackDir. A file there that git ignores counts as uncommitted:
	// the next clone renders without it, and what it held is pruned.
	Reads []string
}

// Commit puts files onto a branch of the repository that contains repoDir (a work tree, a linked work tree or a bare
// repository). It works on git's objects alone: no work tree and no index is touched. Stale owned files go, foreign
// files stay and are listed in the summary.
//
// There is no commit where nothing but the dry revision would change. Author, committer and dates are those of the dry
// revision, so the same input on the same branch gives the same commit.
//
// Errors, all before the branch moves: it does not exist and Create is off, or only origin has it, it is checked out somewhere, an owned file
// on it was edited by hand, a foreign file is in the way, the stack has uncommitted changes, or the branch moved since
// it was read (compare and swap under git's own lock file, so it holds against a running git).
func Commit(ctx context.Context, repoDir string, files Files, o CommitOptions) (Summary, error) {
	s, err := commit(ctx, repoDir, files, o)
	if err != nil {
		return Summary{}, fmt.Errorf("committing to branch %s: %w", o.Branch, err)
	}
	return s, nil
}

func commit(ctx context.Context, repoDir string, files Files, o CommitOptions) (Summary, error) {
	b, err := openBranch(repoDir, o.Branch)
	if err != nil {
		return Summary{}, err
	}
	if err := b.checkedOut(); err != nil {
		return Summary{}, err
	}
	if b.tip.IsZero() && !o.Create {
		return Summary{}, b.missing(repoDir)
	}
	if err := b.elsewhere(); err != nil {
		return Summary{}, err
	}
	if o.Tip != "" && o.Tip != b.tip.String() {
		return Summary{}, moved(o.Tip, b.tip)
	}
	dry, err := readDry(ctx, o.StackDir, o.Reads)
	if err != nil {
		return Summary{}, err
	}
	if len(dry.dirty) > 0 && !o.AllowDirty {
		return Summary{}, uncommitted(dry, o.StackDir)
	}
	if files, err = complete(files); err != nil {
		return Summary{}, err
	}
	if len(dry.dirty) == 0 {
		if files[metadataPath], err = dry.metadata(o.StackURL); err != nil {
			return Summary{}, err
		}
	}
	h, entries, err := b.holding()
	if err != nil {
		return Summary{}, err
	}
	e, err := reconcile(h, files)
	if err != nil {
		return Summary{}, err
	}
	s := e.summary()
	if s.Commit = b.tip.String(); !b.tip.IsZero() && !worthCommit(e.differences) {
		return s, nil
	}
	if err := b.apply(ctx, entries, files, e.differences); err != nil {
		return Summary{}, err
	}
	next, err := b.commit(entries, dry, o.StackURL)
	if err != nil {
		return Summary{}, err
	}
	if err := ctx.Err(); err != nil {
		return Summary{}, err
	}
	s.Commit, s.Wrote = next.String(), true
	return s, b.move(next)
}

func uncommitted(dry dryRevision, dir string) error {
	shown := dry.dirty[:min(len(dry.dirty), 5)]
	return &render.Error{
		Err: fmt.Errorf("the stack %s has %d uncommitted changes (%s), so commit %s is not what was rendered",
			dir, len(dry.dirty), strings.Join(shown, ", "), dry.commit.Hash.String()[:7]),
		Hint: "commit or stash them, or pass --allow-dirty; the commit then names no dry revision",
	}
}

// worthCommit tells whether the differences are more than a newer dry revision or none.
func worthCommit(differences []Difference) bool {
	return slices.ContainsFunc(differences, func(d Difference) bool {
		return d.Path != metadataPath || d.Kind == added
	})
}

// holding reads the tree at the tip: what it holds for reconcile, and the entry of each file.
func (b branch) holding() (holding, map[string]object.TreeEntry, error) {
	h := holding{regular: make(map[string]bool), dirs: make(map[string]bool)}
	entries := make(map[string]object.TreeEntry)
	h.read = func(p string) ([]byte, error) { return b.blob(entries[p].Hash) }
	if b.tip.IsZero() {
		return h, entries, nil
	}
	tip, err := b.repo.CommitObject(b.tip)
	if err != nil {
		return holding{}, nil, fmt.Errorf("reading commit %s: %w", b.tip, err)
	}
	tree, err := tip.Tree()
	if err != nil {
		return holding{}, nil, fmt.Errorf("reading the tree of commit %s: %w", b.tip, err)
	}
	if entries, err = flatten(tree, h.dirs); err != nil {
		return holding{}, nil, fmt.Errorf("reading the tree of commit %s: %w", b.tip, err)
	}
	for p, entry := range entries {
		h.regular[p] = entry.Mode.IsFile() && entry.Mode != filemode.Symlink
	}
	if !h.regular[inventoryPath] {
		return h, entries, nil
	}
	text, err := h.read(inventoryPath)
	if err != nil {
		return holding{}, nil, err
	}
	h.metadata = true
	h.own, err = parseInventory(inventoryPath, text)
	return h, entries, err
}

// apply carries the differences out on entries. Foreign entries keep their mode and content, submodules included.
func (b branch) apply(ctx context.Context, entries map[string]object.TreeEntry, files Files, list []Difference) error {
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.Kind == removed {
			delete(entries, d.Path)
			continue
		}
		o := b.repo.Storer.NewEncodedObject()
		o.SetType(plumbing.BlobObject)
		w, err := o.Writer()
		if err != nil {
			return err
		}
		_, err = w.Write(files[d.Path])
		if err := errors.Join(err, w.Close()); err != nil {
			return err
		}
		hash, err := b.store(o)
		if err != nil {
			return fmt.Errorf("storing %s: %w", d.Path, err)
		}
		entries[d.Path] = object.TreeEntry{Mode: filemode.Regular, Hash: hash}
	}
	return nil
}

// commit stores the trees of entries and a commit on top of the tip.
func (b branch) commit(entries map[string]object.TreeEntry, dry dryRevision, stackURL string) (plumbing.Hash, error) {
	top := newDirectory()
	for _, p := range slices.Sorted(maps.Keys(entries)) {
		top.add(strings.Split(p, "/"), entries[p])
	}
	tree, err := b.storeTree(top)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("storing the tree: %w", err)
	}
	c := object.Commit{
		Author:    dry.commit.Author,
		Committer: dry.commit.Committer,
		Message:   dry.message(stackURL),
		TreeHash:  tree,
	}
	if !b.tip.IsZero() {
		c.ParentHashes = []plumbing.Hash{b.tip}
	}
	o := b.repo.Storer.NewEncodedObject()
	if err := c.Encode(o); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encoding the commit: %w", err)
	}
	return b.store(o)
}
