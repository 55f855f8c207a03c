//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package hydrate

import (
	"errors"
	"os"
	"syscall"

	"sluice/render"
)

// lockDir locks the directory itself, so that no lock file is ever left in the tree.
func lockDir(root *os.Root) (func(), error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		_ = dir.Close()
		return nil, &render.Error{Err: errBusy, Hint: "wait for the other run to end, then try again"}
	case err != nil:
		_ = dir.Close()
		return nil, errors.ErrUnsupported
	}
	return func() { _ = dir.Close() }, nil
}
