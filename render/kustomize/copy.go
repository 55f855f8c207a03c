package kustomize

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// sandbox is a directory of this build alone, which nobody else may read: the private copy in the places of the view,
// and empty homes.
type sandbox struct {
	dir   string
	root  *os.Root
	files map[string][]byte // by path below dir
	links map[string]string
}

// The directories of a sandbox beside the copy.
const (
	sandboxHome  = "home"
	sandboxTemp  = "tmp"
	sandboxEmpty = "empty" // the search path for programs and the working directory
)

// newSandbox writes a build's copy below a directory, the system's for temporary files where none is given.
func newSandbox(b *build, temp string) (box *sandbox, err error) {
	files, err := b.contents()
	if err != nil {
		return nil, err
	}
	box = &sandbox{files: map[string][]byte{}, links: map[string]string{}}
	if box.dir, err = os.MkdirTemp(temp, "sluice-kustomize-"); err != nil {
		return nil, fmt.Errorf("making a private directory: %w", pathless(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing a private copy of what the build reads: %w", pathless(err)), box.remove())
		}
	}()
	// kustomize follows links before it compares paths.
	if box.dir, err = filepath.EvalSymlinks(box.dir); err != nil {
		return nil, err
	}
	if box.root, err = os.OpenRoot(box.dir); err != nil {
		return nil, err
	}
	for _, dir := range []string{sandboxHome, sandboxTemp, sandboxEmpty, b.top[1:]} {
		if err = box.root.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	for place, text := range files {
		box.files[place[1:]] = text
	}
	for place, to := range b.linksOf(files) {
		box.links[place[1:]] = to
	}
	return box, box.write()
}

// write writes the files first: they lie at their real places, and a link could stand for a directory above one.
func (box *sandbox) write() error {
	for _, name := range slices.Sorted(maps.Keys(box.files)) {
		if err := box.root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return err
		}
		if err := box.root.WriteFile(name, box.files[name], 0o600); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(box.links)) {
		if err := box.root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return err
		}
		if err := box.root.Symlink(box.links[name], name); err != nil {
			return err
		}
	}
	return nil
}

// verify fails where the copy is not what was written: something was pulled into it, or changed.
func (box *sandbox) verify() error {
	left := len(box.files) + len(box.links)
	err := fs.WalkDir(box.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		top, _, below := strings.Cut(name, "/")
		if err != nil || !strings.HasPrefix(top, "sluice.") {
			if err == nil && d.IsDir() && below {
				return fs.SkipDir
			}
			return err
		}
		want, isFile := box.files[name]
		_, isLink := box.links[name]
		switch {
		case d.IsDir():
			return nil
		case isLink && d.Type() == fs.ModeSymlink:
		case !isFile || !d.Type().IsRegular():
			return fmt.Errorf("/%s appeared in the private copy", name)
		default:
			text, err := box.root.ReadFile(name)
			if err != nil {
				return err
			}
			if !bytes.Equal(text, want) {
				return fmt.Errorf("/%s was changed in the private copy", name)
			}
		}
		left--
		return nil
	})
	if err == nil && left > 0 {
		err = fmt.Errorf("%d files of the private copy are gone", left)
	}
	return err
}

// remove deletes the directory.
func (box *sandbox) remove() error {
	var closing error
	if box.root != nil {
		closing = box.root.Close()
	}
	// A child may have taken the right to write from a directory, to keep it.
	err := os.RemoveAll(box.dir)
	if err != nil {
		_ = filepath.WalkDir(box.dir, func(name string, d fs.DirEntry, _ error) error {
			if d != nil && d.IsDir() {
				_ = os.Chmod(name, 0o700) // RemoveAll names what still cannot be removed
			}
			return nil
		})
		err = os.RemoveAll(box.dir)
	}
	return cmp.Or(err, closing)
}

// environment is all that a child is told. Nothing of the caller's is in it: helm and kustomize read HELM_*, XDG_*, HOME
// and proxies from there (helm pkg/cli/environment.go). A proxy that nobody serves refuses what would ask the network.
func (box *sandbox) environment() []string {
	home, refused := filepath.Join(box.dir, sandboxHome), "http://127.0.0.1:9"
	env := []string{
		"PATH=" + filepath.Join(box.dir, sandboxEmpty), "TMPDIR=" + filepath.Join(box.dir, sandboxTemp), "HOME=" + home, "LANG=C", "TZ=UTC",
		"HTTP_PROXY=" + refused, "HTTPS_PROXY=" + refused, "ALL_PROXY=" + refused,
	}
	for _, kind := range []string{"CACHE", "CONFIG", "DATA", "STATE"} {
		env = append(env, "XDG_"+kind+"_HOME="+filepath.Join(home, strings.ToLower(kind)))
	}
	for _, kind := range []string{"CACHE", "CONFIG", "DATA"} {
		env = append(env, "HELM_"+kind+"_HOME="+filepath.Join(home, "helm", strings.ToLower(kind)))
	}
	return env
}
