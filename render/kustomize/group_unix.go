//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package kustomize

import (
	"os/exec"
	"syscall"
)

// group makes a command the leader of a process group, and gives what kills everything in it.
func group(cmd *exec.Cmd) func() error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
