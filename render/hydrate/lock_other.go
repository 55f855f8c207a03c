//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package hydrate

import (
	"errors"
	"os"
)

// lockDir has no lock that dies with its process here.
func lockDir(*os.Root) (func(), error) { return nil, errors.ErrUnsupported }
