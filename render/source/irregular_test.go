//go:build unix

package source

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
)

func TestFilesThatAreNoFilesAreRefused(t *testing.T) {
	for what, create := range map[string]func(path string) error{
		"a named pipe": func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"a socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { _ = l.Close() })
			}
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := shortDir(t)
			write(t, dir, map[string]string{"c/Chart.yaml": chartYAML("c", "1.0.0"), "c/templates/a.yaml": "a: 1"})
			must(t, create(filepath.Join(dir, "c/s")))
			refuse(t, reader(dir), chartAt("c"), "c/s is "+what, "reading chart c: ")
		})
	}
}
