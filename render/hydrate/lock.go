package hydrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sluice/render"
)

// errBusy is what locking gives while another run holds the directory.
var errBusy = errors.New("another run is writing it")

// lock keeps two runs from writing one directory at the same time. It never waits. The lock of the operating system
// dies with its process; only where there is none (Windows, some network file systems) a lock file stands in for it,
// which a killed run leaves behind.
func lock(root *os.Root) (unlock func(), err error) {
	unlock, err = lockDir(root)
	if !errors.Is(err, errors.ErrUnsupported) {
		return unlock, err
	}
	return lockFile(root)
}

func lockFile(root *os.Root) (unlock func(), err error) {
	if err := root.MkdirAll(ownDir, 0o755); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(lockPath, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, &render.Error{
			Err:  errBusy,
			Hint: fmt.Sprintf("if no other run exists, delete %s", filepath.Join(root.Name(), filepath.FromSlash(lockPath))),
		}
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = errors.Join(f.Close(), root.Remove(lockPath)) }, nil
}
