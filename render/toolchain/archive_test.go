package toolchain_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/render/toolchain"
)

// served installs from a server on loopback, which answers with the bytes given.
func served(t *testing.T, dir string, body []byte) (toolchain.Found, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer server.Close()
	return toolchain.Install(ctx, toolchain.Order{
		Tool: helm3144, Dir: dir, Client: server.Client(), SHA256: sumOf(body),
		Archive: strings.Replace(server.URL, "//", "//robot:hunter2@", 1) + "/helm.tar.gz?signature=hunter2",
	})
}

func TestInstallFromAnArchive(t *testing.T) {
	program := bytesOf(t, helm3, "print v3.14.4")
	for name, body := range map[string][]byte{
		"as helm has it": tarball(t, entry{"linux-amd64/", tar.TypeDir, nil}, entry{"linux-amd64/LICENSE", 0, []byte("x")},
			entry{"linux-amd64/helm", 0, program}, entry{"linux-amd64/README.md", 0, []byte("x")}),
		"as kustomize has it": tarball(t, entry{"helm", 0, program}),
		"with a dot":          tarball(t, entry{"./helm", 0, program}),
		"the program":         program,
		"with entries that lead out": tarball(t, entry{"../../helm", 0, []byte("bad")}, entry{"/helm.sh", 0, []byte("bad")},
			entry{"../helm", 0, []byte("bad")}, entry{"helm/a/helm", 0, []byte("bad")}, entry{"linux-amd64/helm", 0, program}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			above := folder(t)
			dir := filepath.Join(above, "of", "tools")
			f, err := served(t, dir, body)
			if err != nil {
				t.Fatal(err)
			}
			if f.Path != filepath.Join(dir, "helm-3.14.4", "helm") || f.Where != "installed" || f.Digest != "sha256:"+sumOf(program) {
				t.Errorf("installed %s %s %s", f.Path, f.Where, f.Digest)
			}
			if !strings.HasPrefix(f.Origin, "archive http://127.0.0.1:") || !strings.HasSuffix(f.Origin, "/helm.tar.gz sha256:"+sumOf(body)) {
				t.Errorf("the origin is %q", f.Origin)
			}
			record, err := os.ReadFile(filepath.Join(dir, "helm-3.14.4", "installed.json"))
			if err != nil || bytes.Contains(record, []byte("hunter2")) {
				t.Errorf("record: %s, %v", record, err)
			}
			if left, err := filepath.Glob(filepath.Join(above, "*", "*", "*", "*")); err != nil || len(left) != 2 {
				t.Errorf("there is %v, %v", left, err)
			}
		})
	}
}

func TestFaultyArchives(t *testing.T) {
	program := bytesOf(t, helm3, "print v3.14.4")
	good := tarball(t, entry{"linux-amd64/helm", 0, program})
	bad := bytes.Clone(good)
	bad[len(bad)-6] ^= 1 // of the checksum at the end
	// A part without the end of an archive, over and over: parts of a gzip file are one file.
	var bomb bytes.Buffer
	zipped := gzip.NewWriter(&bomb)
	w := tar.NewWriter(zipped)
	padding := make([]byte, 32<<20)
	header := w.WriteHeader(&tar.Header{Name: "padding", Typeflag: tar.TypeReg, Size: int64(len(padding))})
	_, written := w.Write(padding)
	if err := errors.Join(header, written, w.Flush(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		body       []byte
	}{
		{"cut", "unpacking: unexpected EOF", good[:len(good)-100]},
		{"checksum", "unpacking: gzip: invalid checksum", bad},
		{"empty", "exec format error", nil},
		{"no program", "it has no file named helm", tarball(t, entry{"linux-amd64/tiller", 0, program})},
		{"a directory", "it has no file named helm", tarball(t, entry{"helm", tar.TypeDir, nil})},
		{"a link", "it has no file named helm", tarball(t, entry{"helm", tar.TypeSymlink, []byte("/bin/sh")})},
		{"two programs", `it has two programs, "a/helm" and "b/helm"`, tarball(t, entry{"a/helm", 0, program}, entry{"b/helm", 0, program})},
		{"no tar", "unpacking: ", tarball(t)[:12]},
		{"zip", "it is a .zip", []byte("PK\x03\x04rest")},
		{"a text", "exec format error", []byte("<!doctype html><title>moved</title>")},
		{"bomb", "it has more than 320 MB unpacked", bytes.Repeat(bomb.Bytes(), 11)},
		{"another version", "it says that it is 3.14.3", tarball(t, entry{"helm", 0, bytesOf(t, helm3, "print v3.14.3")})},
		{"another program", "it is built from the module example.com/other", tarball(t, entry{"helm", 0, bytesOf(t, other, "print v3.14.4")})},
		{"no patch", "it does not prove its version: it says 3.14", tarball(t, entry{"helm", 0, bytesOf(t, helm3, "print v3.14")})},
		{"crash", "exit status 3: no luck", tarball(t, entry{"helm", 0, bytesOf(t, helm3, "crash no luck")})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			f, err := served(t, dir, c.body)
			wants(t, err, "installing helm@3.14.4: ")
			wants(t, err, c.want)
			if f.Path != "" {
				t.Errorf("found %s", f.Path)
			}
			nothing(t, dir)
		})
	}
}

func TestADigestThatIsNotThePinnedOne(t *testing.T) {
	body := tarball(t, entry{"helm", 0, bytesOf(t, helm3, "print v3.14.4")})
	for _, c := range []struct {
		name, want string
		body       []byte
	}{
		{"another", "has the SHA-256 " + sumOf(body[1:]) + ", not " + sumOf(body), body[1:]},
		{"a page", sumOf(body) + ": it is a web page", []byte("<!doctype html><title>Not here</title>")},
		{"nothing", sumOf(body) + ": it is empty", []byte{}},
	} {
		dir := folder(t)
		at := write(t, filepath.Join(t.TempDir(), "archive"), c.body)
		_, err := toolchain.Install(ctx, toolchain.Order{Tool: helm3144, Dir: dir, Archive: at, SHA256: sumOf(body)})
		wants(t, err, c.want)
		nothing(t, dir)
	}
}

func TestFetchingAnArchive(t *testing.T) {
	body := tarball(t, entry{"helm", 0, bytesOf(t, helm3, "print v3.14.4")})
	whole := func(w http.ResponseWriter) { _, _ = w.Write(body) }
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100000000")
		_, _ = w.Write(body[:100])
	}
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	for _, c := range []struct {
		name    string
		answers []func(http.ResponseWriter)
		asked   int32
		want    string
	}{
		{"at once", []func(http.ResponseWriter){whole}, 1, ""},
		{"after a fault of the server", []func(http.ResponseWriter){status(503), status(429), whole}, 3, ""},
		{"after a cut", []func(http.ResponseWriter){cut, whole}, 2, ""},
		{"not found", []func(http.ResponseWriter){status(404)}, 1, "helm.tar.gz: the server answers 404 Not Found"},
		{"forbidden", []func(http.ResponseWriter){status(403)}, 1, "the server answers 403 Forbidden"},
		{"faults for ever", []func(http.ResponseWriter){status(500)}, 3, "the server answers 500 Internal Server Error (3 attempts)"},
		{"cut for ever", []func(http.ResponseWriter){cut}, 3, "unexpected EOF (3 attempts)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n := int(asked.Add(1)) - 1
				c.answers[min(n, len(c.answers)-1)](w)
			}))
			defer server.Close()
			dir := folder(t)
			_, err := toolchain.Install(ctx, toolchain.Order{
				Tool: helm3144, Dir: dir, Archive: server.URL + "/helm.tar.gz?key=hunter2", SHA256: sumOf(body), Client: server.Client(),
			})
			if c.want != "" {
				wants(t, err, c.want)
				nothing(t, dir)
			} else if err != nil {
				t.Error(err)
			}
			if n := asked.Load(); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
		})
	}
}

func TestAServerThatDoesNotAnswer(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(done)
	order := toolchain.Order{
		Tool: helm3144, Dir: folder(t), Archive: server.URL + "/x", SHA256: strings.Repeat("0", 64),
		Client: server.Client(), Timeout: 30 * time.Millisecond,
	}
	_, err := toolchain.Install(ctx, order)
	wants(t, err, "context deadline exceeded (3 attempts)")
	nothing(t, order.Dir)

	stopped, cancel := context.WithCancel(ctx)
	time.AfterFunc(20*time.Millisecond, cancel)
	order.Timeout = 0
	if _, err = toolchain.Install(stopped, order); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	nothing(t, order.Dir)
}

func TestOrdersThatMakeNoSense(t *testing.T) {
	dir := folder(t)
	text := bytesOf(t, helm3, "print v3.14.4")
	at := write(t, filepath.Join(t.TempDir(), "helm"), text)
	for _, c := range []struct {
		order toolchain.Order
		want  string
	}{
		{toolchain.Order{Archive: at}, "the archive has no pinned SHA-256"},
		{toolchain.Order{Archive: at, SHA256: "abc"}, "the archive has no pinned SHA-256"},
		{toolchain.Order{SHA256: sumOf(text)}, "a digest is given, and no archive"},
		{toolchain.Order{Archive: "ftp://example.com/x", SHA256: sumOf(text)}, "not one of http or https"},
		{toolchain.Order{Archive: "https:///x", SHA256: sumOf(text)}, "not one of http or https"},
		{toolchain.Order{Archive: "https://robot:hunter2@example.com/x", SHA256: sumOf(text), Offline: true}, "fetching https://example.com/x: --offline is given"},
		{toolchain.Order{Archive: dir, SHA256: sumOf(text)}, "is not a file"},
		{toolchain.Order{Archive: at + "x", SHA256: sumOf(text)}, "no such file"},
		{toolchain.Order{Offline: true}, "go install needs a network, and --offline is given"},
	} {
		c.order.Tool, c.order.Dir = helm3144, dir
		_, err := toolchain.Install(ctx, c.order)
		wants(t, err, c.want)
		nothing(t, dir)
	}
	// A file needs no network.
	if _, err := toolchain.Install(ctx, toolchain.Order{
		Tool: helm3144, Dir: dir, Archive: at, SHA256: "sha256:" + strings.ToUpper(sumOf(text)), Offline: true,
	}); err != nil {
		t.Error(err)
	}
}

func TestManyInstallAtOnce(t *testing.T) {
	dir := folder(t)
	text := bytesOf(t, helm3, "print v3.14.4")
	at := write(t, filepath.Join(t.TempDir(), "helm"), text)
	order := toolchain.Order{Tool: helm3144, Dir: dir, Archive: at, SHA256: sumOf(text)}
	if _, err := toolchain.Install(ctx, order); err != nil {
		t.Fatal(err)
	}
	// All of them find a broken one, and each wants to replace it.
	if err := appendTo(filepath.Join(dir, "helm-3.14.4", "helm"), "x"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if f, err := toolchain.Install(ctx, order); err != nil || f.Digest != "sha256:"+sumOf(text) {
				t.Errorf("installed %s, %v", f.Digest, err)
			}
		})
	}
	group.Wait()
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
}

func TestAnotherArchiveReplacesWhatIsThere(t *testing.T) {
	dir := folder(t)
	installStub(t, dir, helm3144, helm3)
	text := append(bytesOf(t, helm3, "crash no"), "\n#stub print v3.14.4"...)
	at := write(t, filepath.Join(t.TempDir(), "helm"), text)
	f, err := toolchain.Install(ctx, toolchain.Order{Tool: helm3144, Dir: dir, Archive: at, SHA256: sumOf(text)})
	if err != nil || f.Digest != "sha256:"+sumOf(text) {
		t.Errorf("installed %s, %v", f.Digest, err)
	}
}

func TestWhatAKilledInstallLeftIsNeverUsedAndGoesAfterADay(t *testing.T) {
	dir := folder(t)
	left := put(t, filepath.Join(dir, ".installing-1", "helm"), helm3, "print v3.14.4")
	put(t, filepath.Join(dir, ".installing-2", "done", "helm"), helm3, "print v3.14.4")
	write(t, filepath.Join(dir, "notes.txt"), nil)
	if all, err := (&toolchain.Places{Dir: dir}).All(ctx); err != nil || len(all) != 0 {
		t.Errorf("found %v, %v", all, err)
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Dir(left), old, old); err != nil {
		t.Fatal(err)
	}
	installStub(t, dir, helm3144, helm3)
	var names []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".installing-2 helm-3.14.4 notes.txt" {
		t.Errorf("there is %s", got)
	}
}
