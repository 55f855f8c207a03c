//go:build unix

package helm

import (
	"os/exec"
	"syscall"
)

// ownGroup gives the process a group of its own, which ends as a whole when the context does.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// endGroup ends what is left of the group. There mostly is nothing, which is an error to ignore.
func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
