package toolchain_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sluice/render"
)

// stub is a program that does what is written after its end: "print TEXT", "crash TEXT", "hang" or "flood". It crashes
// where it is run with anything of its caller's environment, or with arguments that are not those for a version.
const stub = `package main

import (
	"bytes"
	"os"
	"strings"
	"time"
)

func main() {
	name, _ := os.Executable()
	text, _ := os.ReadFile(name)
	words := string(text[bytes.LastIndex(text, []byte("\n#stub "))+7:])
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "HELM_") && !strings.HasPrefix(name, "XDG_") && name != "HOME" && name != "TMPDIR" &&
			name != "KUBECONFIG" && (name != "PATH" || value != "") && name != "PWD" {
			println("the environment has", name)
			os.Exit(9)
		}
	}
	if left, err := os.ReadDir(os.Getenv("HELM_CONFIG_HOME")); err != nil || len(left) > 0 {
		println("the home of helm is not empty")
		os.Exit(9)
	}
	args := strings.Join(os.Args[1:], " ")
	if args != "version" && args != "version --template {{.Version}}" {
		println("the arguments are", args)
		os.Exit(9)
	}
	do, what, _ := strings.Cut(words, " ")
	switch do {
	case "print":
		os.Stdout.WriteString(what)
	case "crash":
		println(what)
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "flood":
		for range 1 << 12 {
			os.Stdout.Write(bytes.Repeat([]byte("v3.14.4 "), 1<<10))
		}
	}
}
`

// stubs builds the stub once for each module path that it is to have been built from.
var stubs = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "stub")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	made := map[string][]byte{}
	for _, module := range []string{"helm.sh/helm/v3", "sigs.k8s.io/kustomize/kustomize/v5", "example.com/other"} {
		at := filepath.Join(dir, filepath.Base(filepath.Dir(module)))
		err := errors.Join(
			os.MkdirAll(at, 0o755),
			os.WriteFile(filepath.Join(at, "go.mod"), []byte("module "+module+"\ngo 1.22\n"), 0o644),
			os.WriteFile(filepath.Join(at, "main.go"), []byte(stub), 0o644),
		)
		if err != nil {
			return nil, err
		}
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", "stub", ".")
		cmd.Dir, cmd.Env = at, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, errors.New(string(out))
		}
		if made[module], err = os.ReadFile(filepath.Join(at, "stub")); err != nil {
			return nil, err
		}
	}
	return made, nil
})

const (
	helm3     = "helm.sh/helm/v3"
	kustomize = "sigs.k8s.io/kustomize/kustomize/v5"
	other     = "example.com/other"
)

// bytesOf gives a stub that does what is said.
func bytesOf(t *testing.T, module, words string) []byte {
	t.Helper()
	made, err := stubs()
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(made[module]), "\n#stub "+words...)
}

// put writes a stub and gives its path.
func put(t *testing.T, at, module, words string) string {
	t.Helper()
	return write(t, at, bytesOf(t, module, words))
}

func write(t *testing.T, at string, text []byte) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), program(at, text)); err != nil {
		t.Fatal(err)
	}
	return at
}

// program writes what will be started. No process is started meanwhile by another test, which would hold the file open for
// writing for an instant, so that it could not be started (Go issue 22315).
func program(at string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(at, text, 0o755)
}

// folder gives a directory of which no part is a link, as the paths of what is found are.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

type entry struct {
	name string
	kind byte // zero means a regular file
	text []byte
}

func tarball(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.text)), Mode: 0o644}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if e.kind == tar.TypeSymlink {
			h.Linkname, h.Size = string(e.text), 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write(e.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wants fails the test where an error does not say something, or says what is not for anyone's eyes.
func wants(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %q", err, text)
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is in %v", err)
	}
}

func hint(err error) string {
	var placed *render.Error
	if errors.As(err, &placed) {
		return placed.Hint
	}
	return ""
}

// nothing fails the test where a directory of tools holds anything.
func nothing(t *testing.T, dir string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		t.Errorf("%s is left", e.Name())
	}
}

var ctx = context.Background()
