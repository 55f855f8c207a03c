package hydrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"

	"sluice/render"
)

// WriteDir makes dir hold files: stale owned files go, foreign files stay and are listed in the summary. The directory
// is created if need be. Nothing is written where nothing changed. Paths through symbolic links are refused, and no
// write leaves dir.
//
// It refuses, before any write, owned files edited by hand and foreign files in the way; the error names each. New
// content is first written whole into .sluice/stage; until then ctx ends the run and the old tree stands. After that
// the run only renames and removes, and ctx is not looked at any more. A run that dies there leaves .sluice/pending,
// which lists what it had begun to own; the next run completes the tree and says so (Summary.Repaired).
//
// Swapping whole directories instead was refused: foreign files would have to be copied, and a directory that is a
// mount point or someone's working directory cannot be renamed.
func WriteDir(ctx context.Context, files Files, dir string) (Summary, error) {
	s, err := writeDir(ctx, files, dir, func(string) error { return nil })
	if err != nil {
		return Summary{}, fmt.Errorf("writing the hydrated tree %s: %w", dir, err)
	}
	return s, nil
}

// Replace is [WriteDir] for a tree whose seal was looked at before, see [Files.Seal]: it refuses where another run has
// written since. What was judged then would not be what is replaced.
func (f Files) Replace(ctx context.Context, dir, seal string) (Summary, error) {
	looked := false
	s, err := writeDir(ctx, f, dir, func(string) error { // called under the lock, first before anything changed
		if looked {
			return nil
		}
		looked = true
		return unchanged(dir, seal)
	})
	if err != nil {
		return Summary{}, fmt.Errorf("writing the hydrated tree %s: %w", dir, err)
	}
	return s, nil
}

// unchanged compares the records of a directory with a seal.
func unchanged(dir, seal string) error {
	now := make(Files)
	for _, p := range []string{inventoryPath, pendingPath} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(p)))
		if err == nil {
			now[p] = text
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if now.Seal() == seal {
		return nil
	}
	return &render.Error{
		Err:  errors.New("another run has written the tree since it was compared"),
		Hint: "run again; what lies there now is taken into account",
	}
}

// writeDir is WriteDir with a function that is called before each step that changes the tree; tests end a run there.
func writeDir(ctx context.Context, files Files, dir string, step func(what string) error) (Summary, error) {
	files, err := complete(files)
	if err != nil {
		return Summary{}, err
	}
	if err := ctx.Err(); err != nil {
		return Summary{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Summary{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Summary{}, err
	}
	defer root.Close()
	unlock, err := lock(root)
	if err != nil {
		return Summary{}, err
	}
	defer unlock()
	h, err := scan(ctx, root)
	if err != nil {
		return Summary{}, err
	}
	e, err := reconcile(h, files)
	if err != nil {
		return Summary{}, err
	}
	s := e.summary()
	s.Repaired = h.pending != nil
	if len(e.differences) == 0 && !s.Repaired {
		if h.dirs[stageDir] { // a run that died before it changed anything
			err = root.RemoveAll(stageDir)
		}
		return s, err
	}
	s.Wrote = true
	t := transfer{root: root, files: files, edits: e.differences, step: step}
	if err := t.stage(ctx, take(files).and(h.pending)); err != nil {
		return Summary{}, errors.Join(err, root.RemoveAll(stageDir))
	}
	if err := t.finish(); err != nil {
		return Summary{}, &render.Error{
			Err:  fmt.Errorf("interrupted halfway: %w", err),
			Hint: "run the same command again; it completes the tree",
		}
	}
	return s, nil
}

// scan reads what a directory holds. It follows no symbolic link and does not look into .git or the stage.
func scan(ctx context.Context, root *os.Root) (holding, error) {
	h := holding{regular: make(map[string]bool), dirs: make(map[string]bool)}
	h.read = func(p string) ([]byte, error) { return root.ReadFile(filepath.FromSlash(p)) }
	err := fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case p == stageDir && d.IsDir():
			h.dirs[p] = true
			return fs.SkipDir
		case d.Name() == ".git" && d.IsDir():
			return fs.SkipDir
		case d.Name() == ".git": // the pointer of a linked worktree
		case d.IsDir():
			h.dirs[p] = true
		default:
			h.regular[p] = d.Type().IsRegular()
		}
		return nil
	})
	if err != nil {
		return holding{}, err
	}
	for name, into := range map[string]*inventory{inventoryPath: &h.own, pendingPath: &h.pending} {
		if !h.regular[name] {
			continue
		}
		text, err := h.read(name)
		if err != nil {
			return holding{}, err
		}
		if *into, err = parseInventory(name, text); err != nil {
			return holding{}, err
		}
	}
	return h, nil
}

// transfer carries out edits in a directory.
type transfer struct {
	root  *os.Root
	files Files
	edits []Difference
	step  func(what string) error
}

// staged names the staged content of the edit with number i.
func staged(i int) string { return stageDir + "/" + strconv.Itoa(i) }

// stage writes all new content next to the tree and, last, the marker that says which paths are about to be owned.
func (t transfer) stage(ctx context.Context, pending inventory) error {
	if err := t.root.RemoveAll(stageDir); err != nil {
		return err
	}
	if err := t.root.MkdirAll(stageDir, 0o755); err != nil {
		return err
	}
	for i, d := range t.edits {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.Kind == removed {
			continue
		}
		if err := t.write(staged(i), t.files[d.Path]); err != nil {
			return err
		}
	}
	if err := t.write(stageDir+"/pending", pending.text()); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.rename(stageDir+"/pending", pendingPath)
}

// finish moves the staged content into place, then removes what is stale, then seals the tree with its inventory. In
// that order a run that dies leaves objects too many, never too few.
func (t transfer) finish() error {
	inventoryEdit := -1
	for i, d := range t.edits {
		switch {
		case d.Kind == removed:
		case d.Path == inventoryPath:
			inventoryEdit = i
		default:
			if err := t.rename(staged(i), d.Path); err != nil {
				return err
			}
		}
	}
	for _, d := range t.edits {
		if d.Kind == removed {
			if err := t.remove(d.Path); err != nil {
				return err
			}
		}
	}
	if inventoryEdit >= 0 {
		if err := t.rename(staged(inventoryEdit), inventoryPath); err != nil {
			return err
		}
	}
	if err := t.step("remove " + pendingPath); err != nil {
		return err
	}
	return errors.Join(t.root.Remove(pendingPath), t.root.RemoveAll(stageDir))
}

func (t transfer) write(p string, content []byte) error {
	if err := t.step("write " + p); err != nil {
		return err
	}
	f, err := t.root.OpenFile(p, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// flush puts the staged content on the disk, so that no rename exposes an empty file after a power loss. Several
// flushes at a time share the disk's waits: 500 files take a third of the time.
func (t transfer) flush() error {
	dir, err := t.root.Open(stageDir)
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(16)
	for _, name := range names {
		group.Go(func() error {
			f, err := t.root.OpenFile(stageDir+"/"+name, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			return errors.Join(f.Sync(), f.Close())
		})
	}
	return group.Wait()
}

func (t transfer) rename(from, to string) error {
	if err := t.step("rename to " + to); err != nil {
		return err
	}
	if err := t.root.MkdirAll(path.Dir(to), 0o755); err != nil {
		return err
	}
	return t.root.Rename(from, to)
}

// remove deletes a file and the directories that it leaves empty.
func (t transfer) remove(p string) error {
	if err := t.step("remove " + p); err != nil {
		return err
	}
	if err := t.root.Remove(p); err != nil {
		return err
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		f, err := t.root.Open(dir)
		if err != nil {
			return err
		}
		names, _ := f.Readdirnames(1)
		if err := f.Close(); err != nil || len(names) > 0 {
			return err
		}
		if err := t.root.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}
