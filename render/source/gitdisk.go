package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	objectcache "github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// diskRepo is a repository on this machine.
type diskRepo struct {
	storage *filesystem.Storage
	objects gitObjects
}

// openDisk reads a repository of file:// where it lies, bare or with a work tree, whose files are not looked at. go-git's
// transport would start git-upload-pack, which obeys the configuration of that repository.
func openDisk(at gitAddress) (diskRepo, error) {
	dir := filepath.FromSlash(at.path)
	if _, err := os.Stat(dir); err != nil {
		return diskRepo{}, hinted("check the path", fmt.Errorf("opening it: %w", err))
	}
	if ofSHA256(dir) {
		return diskRepo{}, errSHA256
	}
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return diskRepo{}, hinted("name the directory of the repository itself, bare or with its .git", fmt.Errorf("opening it: %w", err))
	}
	opened, ok := repo.Storer.(*filesystem.Storage)
	if !ok {
		return diskRepo{}, errors.New("opening it: it is not on disk")
	}
	// By default go-git looks for borrowed objects (git clone --shared) inside the repository only.
	everything := osfs.New(filepath.VolumeName(dir) + string(filepath.Separator))
	s := filesystem.NewStorageWithOptions(opened.Filesystem(), objectcache.NewObjectLRUDefault(), filesystem.Options{AlternatesFS: everything})
	d := diskRepo{
		storage: s,
		objects: gitObjects{
			size: s.EncodedObjectSize,
			get:  func(id plumbing.Hash) (plumbing.EncodedObject, error) { return s.EncodedObject(plumbing.AnyObject, id) },
		},
	}
	return d, opened.Close()
}

// Close lets its files go.
func (d diskRepo) Close() error { return d.storage.Close() }

// ofSHA256 looks into the configuration, because go-git's error about an extension names no cause.
func ofSHA256(dir string) bool {
	for _, name := range []string{"config", filepath.Join(".git", "config")} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && regexp.MustCompile(`(?im)^\s*objectformat\s*=\s*"?sha256`).Match(content) {
			return true
		}
	}
	return false
}

// refs lists the refs as a server would advertise them. A mirror of a forge has tens of thousands, one or two a pull
// request.
func (d diskRepo) refs() (gitRefs, error) {
	refs := gitRefs{tips: map[string]plumbing.Hash{}, peeled: map[string]plumbing.Hash{}}
	all, err := d.storage.IterReferences()
	if err != nil {
		return gitRefs{}, fmt.Errorf("reading its refs: %w", err)
	}
	defer all.Close()
	err = all.ForEach(func(ref *plumbing.Reference) error {
		name := ref.Name().String()
		if ref.Type() == plumbing.SymbolicReference { // only these: go-git reads packed-refs from its start for every name
			settled, err := storer.ResolveReference(d.storage, ref.Name())
			if errors.Is(err, plumbing.ErrReferenceNotFound) { // HEAD of a branch that has no commit yet
				return nil
			}
			if err != nil {
				return fmt.Errorf("reading ref %s: %w", name, err)
			}
			ref = settled
		}
		refs.tips[name] = ref.Hash()
		if ref.Name().IsBranch() { // git update-ref lets nothing but a commit in
			return nil
		}
		found, err := d.objects.get(ref.Hash())
		switch {
		case errors.Is(err, errNoObject) || errors.Is(err, fs.ErrNotExist): // a broken ref hinders nobody who does not ask for it
			return nil
		case err != nil:
			return fmt.Errorf("reading ref %s: %w", name, err)
		case found.Type() != plumbing.TagObject:
			return nil
		}
		if refs.peeled[name], err = d.objects.peel(ref.Hash()); err != nil {
			return fmt.Errorf("reading tag %s: %w", name, err)
		}
		return nil
	})
	return refs, err
}
