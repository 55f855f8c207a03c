//go:build !linux

package main

import (
	"fmt"
	"os"
)

// sealed needs seccomp.
func sealed() {
	fmt.Fprintln(os.Stderr, "sealing: only Linux has seccomp")
	os.Exit(125)
}
