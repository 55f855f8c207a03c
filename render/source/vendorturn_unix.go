//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package source

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// takeTurn waits until no other process has its turn in a folder. The turn ends when dir is closed, also by a process that
// is killed, which a file made for the purpose would outlive. A file system without such locks, as some networks' are, has
// no turns.
func takeTurn(dir *os.File) error {
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EBADF), errors.Is(err, unix.EINVAL):
			return nil
		default:
			return err
		}
	}
}
