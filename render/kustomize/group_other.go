//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package kustomize

import "os/exec"

// group knows no process groups here: a helm outlives its kustomize, and Wait gives up on it.
func group(cmd *exec.Cmd) func() error { return func() error { return cmd.Process.Kill() } }
