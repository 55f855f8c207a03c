package hydrate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"sluice/render"
)

// open finds the repository that contains dir, also from within a linked work tree.
func open(dir string) (*git.Repository, error) {
	// git looks above the place that a link leads to, go-git above the link.
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	if odd := irregular(dir); odd != "" {
		return nil, &render.Error{Err: fmt.Errorf("opening the git repository of %s: %s is neither a directory nor a file", dir, odd)}
	}
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) { // A bare repository has no .git to detect.
		repo, err = git.PlainOpen(dir)
	}
	if err == nil {
		repo, err = withAlternates(repo)
	}
	if err == nil {
		return repo, nil
	}
	hint := "put the stack into a git repository (git init); hydrate --out DIR and diff tree:DIR need none"
	if errors.Is(err, git.ErrUnknownExtension) || errors.Is(err, git.ErrUnsupportedExtensionRepositoryFormatVersion) {
		hint = "sluice reads no repository with this extension; use a clone that was made without it"
	}
	return nil, &render.Error{Err: fmt.Errorf("opening the git repository of %s: %w", dir, err), Hint: hint}
}

// irregular gives the .git that go-git would find from dir upwards, where that is something to open which would wait for a
// writer, as a named pipe is.
func irregular(dir string) string {
	abs, err := filepath.Abs(dir)
	for ; err == nil; abs = filepath.Dir(abs) {
		at := filepath.Join(abs, git.GitDirName)
		if stat, err := os.Stat(at); err == nil && !stat.IsDir() && !stat.Mode().IsRegular() {
			return at
		} else if err == nil || abs == filepath.Dir(abs) {
			break
		}
	}
	return ""
}

// withAlternates opens a repository again so that objects borrowed from another one (git clone --shared, --reference,
// the caches of CI runners) are found: by default go-git looks for those inside the repository only.
func withAlternates(repo *git.Repository) (*git.Repository, error) {
	storage, ok := repo.Storer.(*filesystem.Storage)
	if !ok {
		return nil, errors.New("it is not on disk")
	}
	var files billy.Filesystem
	switch tree, err := repo.Worktree(); {
	case err == nil:
		files = tree.Filesystem
	case !errors.Is(err, git.ErrIsBareRepository):
		return nil, err
	}
	dir := storage.Filesystem().Root()
	everything := osfs.New(filepath.VolumeName(dir) + string(filepath.Separator))
	storage = filesystem.NewStorageWithOptions(storage.Filesystem(), cache.NewObjectLRUDefault(),
		filesystem.Options{AlternatesFS: everything})
	return git.Open(storage, files)
}
