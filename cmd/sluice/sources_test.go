package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
)

func TestMirrorIsJudgedOnceAndNeverRepeated(t *testing.T) {
	for mirror, want := range map[string]string{
		"": "", t.TempDir(): "", "https://mirror.example.com/charts": "", "HTTP://mirror.example.com": "",
		"https://u:hunter2@mirror.example.com": "has credentials", "https://mirror.example.com?token=hunter2": "has credentials",
		"ftp://u:hunter2@mirror.example.com": "not an https or http URL", "https://u:hunter2@mirror.example.com:x": "not an https or http URL",
		"u:hunter2@mirror.example.com:x": "no such file", "/nonexistent/mirror": "no such file",
	} {
		err := checkMirror(mirror)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", mirror, err, want)
		}
	}
}

func TestALockThatIsNoFileIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, lockName), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := readLock(render.Plan{Dir: dir}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}
