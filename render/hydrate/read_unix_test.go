//go:build unix

package hydrate

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Opening it would wait for a writer that never comes.
func TestAPipeIsNoTree(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadDir(t.Context(), pipe); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("error %v", err)
	}
}
