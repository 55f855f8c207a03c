package hydrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// Check compares dir with files and writes nothing. It gives the paths that WriteDir would add, change or remove,
// ordered; hand-edited files count as changed. A directory that does not exist is an empty one.
func Check(ctx context.Context, files Files, dir string) ([]Difference, error) {
	found, err := checkDir(ctx, files, dir)
	if err != nil {
		return nil, fmt.Errorf("checking the hydrated tree %s: %w", dir, err)
	}
	return found, nil
}

func checkDir(ctx context.Context, files Files, dir string) ([]Difference, error) {
	h := holding{}
	root, err := os.OpenRoot(dir)
	switch {
	case err == nil:
		defer root.Close()
		if h, err = scan(ctx, root); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return h.differences(files)
}

// CheckBranch compares the branch of the repository that contains repoDir with files and writes nothing. It gives what
// Commit would add, change or remove, ordered, and does not look at the dry revision. A missing branch is an error.
func CheckBranch(repoDir string, files Files, name string) ([]Difference, error) {
	found, err := checkBranch(repoDir, files, name)
	if err != nil {
		return nil, fmt.Errorf("checking branch %s: %w", name, err)
	}
	return found, nil
}

func checkBranch(repoDir string, files Files, name string) ([]Difference, error) {
	b, err := openBranch(repoDir, name)
	if err != nil {
		return nil, err
	}
	if b.tip.IsZero() {
		return nil, b.missing(repoDir)
	}
	h, _, err := b.holding()
	if err != nil {
		return nil, err
	}
	h.metadata = false
	return h.differences(files)
}

// differences compares without judging who made the difference.
func (h holding) differences(files Files) ([]Difference, error) {
	files, err := complete(files)
	if err != nil {
		return nil, err
	}
	if err := h.sameStack(files); err != nil {
		return nil, err
	}
	var found []Difference
	for _, p := range slices.Sorted(maps.Keys(files)) {
		regular, there := h.regular[p]
		if !there {
			found = append(found, Difference{Path: p, Kind: added})
			continue
		}
		var have []byte
		if regular {
			if have, err = h.read(p); err != nil {
				return nil, err
			}
		}
		if !regular || string(have) != string(files[p]) {
			found = append(found, Difference{Path: p, Kind: changed})
		}
	}
	for _, p := range h.stale(files) {
		found = append(found, Difference{Path: p, Kind: removed})
	}
	for _, p := range h.foreign() {
		if applied(files, p) {
			found = append(found, Difference{Path: p, Kind: Foreign})
		}
	}
	if h.pending != nil {
		found = append(found, Difference{Path: pendingPath, Kind: removed})
	}
	sortDifferences(found)
	return found, nil
}

// applied tells whether Argo CD reads a manifest at the path: the Applications read the directories of files, and what
// is below them.
func applied(files Files, p string) bool {
	if ext := path.Ext(p); ext != ".yaml" && ext != ".yml" && ext != ".json" && ext != ".jsonnet" {
		return false
	}
	for own := range files {
		if dir := path.Dir(own); dir != "." && dir != ownDir && strings.HasPrefix(p, dir+"/") {
			return true
		}
	}
	return false
}
