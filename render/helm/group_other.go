//go:build !unix

package helm

import "os/exec"

// ownGroup does nothing here: only the process itself is ended with the context.
func ownGroup(*exec.Cmd) {}

func endGroup(int) {}
