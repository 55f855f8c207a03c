package hydrate

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
)

// Summary says what a run did to a directory or branch, in numbers of owned files.
type Summary struct {
	Added     int
	Changed   int
	Unchanged int
	// Removed lists the owned files that went, ordered: what Argo CD will prune, where the app prunes.
	Removed []string
	// Foreign lists the files that are not sluice's, ordered; they were left alone.
	Foreign []string
	// Wrote tells whether anything was written at all.
	Wrote bool
	// Repaired tells that an earlier run was interrupted while it wrote, and this one completed the tree.
	Repaired bool
	// Commit is the commit that the branch points at now; empty for a directory.
	Commit string
}

// Difference is one path where a directory is not what was rendered.
type Difference struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // "added", "changed" or "removed": what a hydrate would do to the path; or [Foreign]
}

// The kinds of difference.
const (
	added   = "added"
	changed = "changed"
	removed = "removed"
)

// Foreign is the kind of a manifest that sluice did not write, in a directory that Argo CD applies. A hydrate leaves it.
const Foreign = "foreign"

// holding is what a directory or branch holds before a run.
type holding struct {
	own      inventory // of the last completed run
	pending  inventory // of runs that were interrupted, else nil
	metadata bool      // hydrator.metadata is sluice's own
	dirs     map[string]bool
	regular  map[string]bool // of every path that is not a directory: whether it is a regular file
	// read gives the content of a regular file.
	read func(path string) ([]byte, error)
}

// owns tells whether sluice wrote the path, in the last run or in an interrupted one.
func (h holding) owns(p string) bool {
	_, own := h.own[p]
	_, pending := h.pending[p]
	return own || pending || p == inventoryPath || h.metadata && p == metadataPath
}

// foreign lists the files that sluice does not own. The files of its own directory are never foreign.
func (h holding) foreign() []string {
	var list []string
	for _, p := range slices.Sorted(maps.Keys(h.regular)) {
		if !h.owns(p) && !strings.HasPrefix(p, ownDir+"/") {
			list = append(list, p)
		}
	}
	return list
}

// edits is the way from a holding to files.
type edits struct {
	differences []Difference
	unchanged   int
	foreign     []string
}

// reconcile finds the edits that make h hold files, or says why it must not be touched: owned files that someone
// edited, foreign files in the way.
func reconcile(h holding, files Files) (edits, error) {
	if err := h.sameStack(files); err != nil {
		return edits{}, err
	}
	e := edits{foreign: h.foreign()}
	var errs []error
	for _, p := range slices.Sorted(maps.Keys(files)) {
		kind, err := h.compare(p, files[p])
		switch {
		case err != nil:
			errs = append(errs, err)
		case kind != "":
			e.differences = append(e.differences, Difference{Path: p, Kind: kind})
		case p != inventoryPath && p != metadataPath:
			e.unchanged++
		}
	}
	for _, p := range h.stale(files) {
		if err := h.unedited(p, ""); err != nil {
			errs = append(errs, err)
			continue
		}
		e.differences = append(e.differences, Difference{Path: p, Kind: removed})
	}
	sortDifferences(e.differences)
	return e, errors.Join(errs...)
}

// sameStack refuses the tree of another stack: all of its apps would be stale, and Argo CD would prune them.
func (h holding) sameStack(files Files) error {
	if !h.regular[provenancePath] || !h.owns(provenancePath) {
		return nil
	}
	text, err := h.read(provenancePath)
	if err != nil {
		return err
	}
	var have, want struct {
		Stack string `json:"stack"`
	}
	if json.Unmarshal(text, &have) != nil || json.Unmarshal(files[provenancePath], &want) != nil || have == want {
		return nil // a damaged file is an edited one, which compare reports
	}
	return &render.Error{
		Pos:  render.Position{File: provenancePath},
		Err:  fmt.Errorf("this is the tree of stack %q, not of %q", have.Stack, want.Stack),
		Hint: "hydrate to another place; where the stack was renamed, delete this file and run again",
	}
}

// stale lists the owned files that are there and not wanted any more.
func (h holding) stale(files Files) []string {
	var list []string
	for _, p := range slices.Sorted(maps.Keys(h.regular)) {
		if _, wanted := files[p]; !wanted && h.owns(p) {
			list = append(list, p)
		}
	}
	return list
}

// compare gives the kind of difference at a wanted path, "" for none.
func (h holding) compare(p string, want []byte) (string, error) {
	if err := h.clear(p); err != nil {
		return "", err
	}
	regular, there := h.regular[p]
	if !there {
		return added, nil
	}
	if !h.owns(p) {
		return "", &render.Error{
			Pos:  render.Position{File: p},
			Err:  errors.New("the file is in the way and not sluice's"),
			Hint: "move it elsewhere; sluice overwrites only files that its inventory (" + inventoryPath + ") lists",
		}
	}
	if !regular {
		return "", h.unedited(p, "")
	}
	have, err := h.read(p)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", p, err)
	}
	if string(have) == string(want) {
		return "", nil
	}
	return changed, h.unedited(p, digest(have))
}

// clear checks that every directory above p is a directory or absent. A symbolic link there would lead the write to
// another place, inside the tree or out of it.
func (h holding) clear(p string) error {
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if _, there := h.regular[dir]; there {
			return &render.Error{
				Pos:  render.Position{File: dir},
				Err:  fmt.Errorf("it is no directory, and %s belongs below it", p),
				Hint: "move it elsewhere and run again",
			}
		}
	}
	if h.dirs[p] {
		return &render.Error{
			Pos:  render.Position{File: p},
			Err:  errors.New("a directory is in the way of a file"),
			Hint: "move it elsewhere and run again",
		}
	}
	return nil
}

// unedited checks that an owned path has the content that a run of sluice gave it. The digest may be empty where the
// content has not been read yet.
func (h holding) unedited(p, have string) error {
	edited := &render.Error{
		Pos:  render.Position{File: p},
		Err:  errors.New("the file was edited by hand since the last hydrate"),
		Hint: "carry the edit over to the stack, then restore the file (or delete it) and run again",
	}
	if !h.regular[p] {
		edited.Err = errors.New("something that is no regular file has replaced the file that was hydrated")
		return edited
	}
	if p == inventoryPath || p == metadataPath {
		return nil
	}
	if have == "" {
		content, err := h.read(p)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p, err)
		}
		have = digest(content)
	}
	if slices.Contains(h.own[p], have) || slices.Contains(h.pending[p], have) {
		return nil
	}
	return edited
}

// summary counts the edits. The inventory and the metadata are the run's own records and not counted.
func (e edits) summary() Summary {
	s := Summary{Unchanged: e.unchanged, Foreign: e.foreign}
	for _, d := range e.differences {
		if d.Path == inventoryPath || d.Path == metadataPath {
			continue
		}
		switch d.Kind {
		case added:
			s.Added++
		case changed:
			s.Changed++
		case removed:
			s.Removed = append(s.Removed, d.Path)
		}
	}
	return s
}

func sortDifferences(list []Difference) {
	slices.SortFunc(list, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
}
