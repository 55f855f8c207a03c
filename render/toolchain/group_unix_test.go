//go:build unix

package toolchain

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a program starts in the background, to outlive the question for its version, ends with it.
func TestNothingOutlivesTheQuestion(t *testing.T) {
	for name, rest := range map[string]string{"that answers": "echo v3.14.4", "that does not": "trap '' TERM; wait"} {
		dir := t.TempDir()
		path, pid := filepath.Join(dir, "helm"), filepath.Join(dir, "pid")
		script := "#!/bin/sh\n/bin/sleep 60 >/dev/null 2>&1 &\necho $! > " + pid + "\n" + rest + "\n"
		syscall.ForkLock.RLock() // see program in kit_test.go
		err := os.WriteFile(path, []byte(script), 0o755)
		syscall.ForkLock.RUnlock()
		if err != nil {
			t.Fatal(err)
		}
		_, err = ask(t.Context(), "helm", path, 500*time.Millisecond)
		text, missing := os.ReadFile(pid)
		if missing != nil {
			t.Fatal(err, missing)
		}
		child, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		gone := false
		for end := time.Now().Add(5 * time.Second); !gone && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			gone = !running(child)
		}
		if !gone {
			t.Errorf("a program %s leaves a process behind", name)
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
	}
}

// running says whether there is such a process; one that ended and that nobody has asked about does not run.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
