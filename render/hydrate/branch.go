package hydrate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"sluice/render"
)

// branch is a branch of a repository as it was when it was opened.
type branch struct {
	repo   *git.Repository
	common string // git's directory that all work trees share
	name   plumbing.ReferenceName
	tip    plumbing.Hash // zero if the branch does not exist
}

func openBranch(repoDir, name string) (branch, error) {
	b := branch{name: plumbing.NewBranchReferenceName(name)}
	err := b.name.Validate()
	if name == "HEAD" || strings.HasPrefix(name, "refs/") { // git branch refuses HEAD; refs/heads/x would become refs/heads/refs/heads/x
		err = plumbing.ErrInvalidReferenceName
	}
	if err != nil {
		return branch{}, &render.Error{
			Err: fmt.Errorf("%q is no name for a branch: %w", name, err), Hint: `choose one like "rendered/production"`,
		}
	}
	if b.repo, err = open(repoDir); err != nil {
		return branch{}, err
	}
	storage, ok := b.repo.Storer.(*filesystem.Storage)
	if !ok {
		return branch{}, fmt.Errorf("the repository of %s is not on disk", repoDir)
	}
	b.common = storage.Filesystem().Root()
	switch text, err := os.ReadFile(filepath.Join(b.common, "commondir")); {
	case err == nil && filepath.IsAbs(strings.TrimSpace(string(text))):
		b.common = strings.TrimSpace(string(text))
	case err == nil:
		b.common = filepath.Join(b.common, strings.TrimSpace(string(text)))
	case !errors.Is(err, fs.ErrNotExist):
		return branch{}, err
	}
	b.tip, err = b.read()
	return b, err
}

// read gives the commit that the branch points at now, zero if there is no branch.
func (b branch) read() (plumbing.Hash, error) {
	ref, err := b.repo.Storer.Reference(b.name)
	switch {
	case errors.Is(err, plumbing.ErrReferenceNotFound):
		return plumbing.ZeroHash, nil
	case err != nil:
		return plumbing.ZeroHash, fmt.Errorf("reading %s: %w", b.name, err)
	case ref.Type() != plumbing.HashReference:
		return plumbing.ZeroHash, fmt.Errorf("%s is a symbolic reference to %s", b.name, ref.Target())
	}
	return ref.Hash(), nil
}

// elsewhere refuses to start a branch that origin has, as far as it was fetched. A clone, as that of a CI job, often has no
// local branch; one that is started there has no history and nothing to compare with, so that everything it no longer
// has would go unseen.
func (b branch) elsewhere() error {
	if !b.tip.IsZero() {
		return nil
	}
	name := b.name.Short()
	_, err := b.repo.Storer.Reference(plumbing.NewRemoteReferenceName("origin", name))
	switch {
	case errors.Is(err, plumbing.ErrReferenceNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("reading origin/%s: %w", name, err)
	}
	return &render.Error{
		Err:  fmt.Errorf("there is no such branch here, and origin/%s is one that it would not go on from", name),
		Hint: fmt.Sprintf("take that one: git branch %s origin/%[1]s; where it was deleted there: git fetch --prune origin", name),
	}
}

func (b branch) missing(repoDir string) error {
	name := b.name.Short()
	return &render.Error{
		Err:  fmt.Errorf("the branch does not exist in the repository of %s", repoDir),
		Hint: fmt.Sprintf("fetch it (git fetch origin %s:%s), or start it with sluice hydrate --create", name, name),
	}
}

// checkedOut finds a work tree, the main one or a linked one, whose HEAD is the branch. Moving the branch there would
// make the whole difference look like someone's uncommitted changes.
func (b branch) checkedOut() error {
	config, err := b.repo.Config()
	if err != nil {
		return fmt.Errorf("reading the repository's configuration: %w", err)
	}
	heads, err := filepath.Glob(filepath.Join(globQuote(b.common), "worktrees", "*", "HEAD"))
	if err != nil {
		return err
	}
	if !config.Core.IsBare {
		heads = append([]string{filepath.Join(b.common, "HEAD")}, heads...)
	}
	for _, head := range heads {
		text, err := os.ReadFile(head)
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(text)) == "ref: "+b.name.String() {
			return &render.Error{
				Err:  fmt.Errorf("the branch is checked out (%s)", head),
				Hint: "switch that work tree to another branch; hydrated branches are not for editing",
			}
		}
	}
	return nil
}

func globQuote(p string) string {
	if filepath.Separator == '\\' { // Glob has no escape there.
		return p
	}
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(p)
}

// move points the branch at next if it still points where it was read. It takes git's lock file for the reference
// (git-update-ref does the same), because go-git's own locks are invisible to git.
func (b branch) move(next plumbing.Hash) error {
	file := filepath.Join(b.common, filepath.FromSlash(b.name.String()))
	if err := b.shadowed(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return &render.Error{
			Err:  errors.New("another program is changing the branch"),
			Hint: fmt.Sprintf("try again; if no git runs, delete %s.lock", file),
		}
	}
	if err != nil {
		return err
	}
	_, err = lock.WriteString(next.String() + "\n")
	err = errors.Join(err, lock.Sync(), lock.Close())
	if err == nil {
		err = b.unmoved()
	}
	if err == nil {
		err = os.Rename(file+".lock", file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file+".lock"))
	}
	return nil
}

func (b branch) unmoved() error {
	now, err := b.read()
	if err != nil || now == b.tip {
		return err
	}
	return moved(b.tip.String(), now)
}

func moved(from string, to plumbing.Hash) error {
	return &render.Error{
		Err:  fmt.Errorf("the branch moved from %s to %s meanwhile", from, to),
		Hint: "run again; the new tip is taken into account",
	}
}

// shadowed finds branches that cannot exist next to a new one, as a and a/b cannot. Packed references would hide them
// from the file system.
func (b branch) shadowed() error {
	if !b.tip.IsZero() {
		return nil
	}
	refs, err := b.repo.Storer.IterReferences()
	if err != nil {
		return err
	}
	return refs.ForEach(func(ref *plumbing.Reference) error {
		other, name := ref.Name().String(), b.name.String()
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return &render.Error{
				Err:  fmt.Errorf("git keeps no branch of this name next to %s", ref.Name().Short()),
				Hint: "choose another name for the hydrated branch",
			}
		}
		return nil
	})
}

func (b branch) blob(hash plumbing.Hash) ([]byte, error) { return readBlob(b.repo, hash) }

func readBlob(repo *git.Repository, hash plumbing.Hash) ([]byte, error) {
	blob, err := repo.BlobObject(hash)
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", hash, err)
	}
	r, err := blob.Reader()
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", hash, err)
	}
	content, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", hash, err)
	}
	if int64(len(content)) != blob.Size {
		return nil, fmt.Errorf("reading blob %s: %d of %d bytes", hash, len(content), blob.Size)
	}
	return content, nil
}

// store keeps an object unless the repository has it.
func (b branch) store(o plumbing.EncodedObject) (plumbing.Hash, error) {
	if b.repo.Storer.HasEncodedObject(o.Hash()) == nil {
		return o.Hash(), nil
	}
	return b.repo.Storer.SetEncodedObject(o)
}

// flatten gives the entry of every path below tree that is no directory; the directories go into dirs.
func flatten(tree *object.Tree, dirs map[string]bool) (map[string]object.TreeEntry, error) {
	entries := make(map[string]object.TreeEntry)
	walker := object.NewTreeWalker(tree, true, nil)
	defer walker.Close()
	for {
		p, entry, err := walker.Next()
		switch {
		case errors.Is(err, io.EOF):
			return entries, nil
		case err != nil:
			return nil, err
		case entry.Mode == filemode.Dir:
			dirs[p] = true
		default:
			entries[p] = entry
		}
	}
}

// directory is a tree object in the making.
type directory struct {
	files map[string]object.TreeEntry
	dirs  map[string]*directory
}

func newDirectory() *directory {
	return &directory{files: make(map[string]object.TreeEntry), dirs: make(map[string]*directory)}
}

func (d *directory) add(parts []string, entry object.TreeEntry) {
	if len(parts) == 1 {
		d.files[parts[0]] = entry
		return
	}
	below := d.dirs[parts[0]]
	if below == nil {
		below = newDirectory()
		d.dirs[parts[0]] = below
	}
	below.add(parts[1:], entry)
}

func (b branch) storeTree(d *directory) (plumbing.Hash, error) {
	var tree object.Tree
	for name, entry := range d.files {
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: name, Mode: entry.Mode, Hash: entry.Hash})
	}
	for name, below := range d.dirs {
		hash, err := b.storeTree(below)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: hash})
	}
	sort.Sort(object.TreeEntrySorter(tree.Entries))
	o := b.repo.Storer.NewEncodedObject()
	if err := tree.Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.store(o)
}
