package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/render"
)

// part is one entry of an archive built by hand.
type part struct {
	name, body, link string
	kind             byte // zero is a regular file
}

func tarOf(t *testing.T, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for _, p := range parts {
		h := &tar.Header{Name: p.name, Typeflag: p.kind, Linkname: p.link, Mode: 0o644, Size: int64(len(p.body))}
		if p.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if p.kind == tar.TypeXGlobalHeader {
			h = &tar.Header{Typeflag: p.kind, Name: p.name, PAXRecords: map[string]string{"comment": "a commit"}}
		}
		must(t, tw.WriteHeader(h))
		_, err := io.WriteString(tw, p.body)
		must(t, err)
	}
	must(t, tw.Close())
	return b.Bytes()
}

func gzipOf(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, err := zw.Write(content)
	must(t, err)
	must(t, zw.Close())
	return b.Bytes()
}

func tgzOf(t *testing.T, parts ...part) []byte {
	t.Helper()
	return gzipOf(t, tarOf(t, parts...))
}

// chartTgz is a small sound chart; more are extra files of it, by path.
func chartTgz(t *testing.T, name, version string, more ...part) []byte {
	t.Helper()
	parts := []part{
		{name: name + "/Chart.yaml", body: chartYAML(name, version)},
		{name: name + "/values.yaml", body: "replicas: 1\n"},
		{name: name + "/templates/a.yaml", body: "kind: ConfigMap # " + name + " " + version + strings.Repeat("\n# filler", 200)},
	}
	for _, m := range more {
		m.name = name + "/" + m.name
		parts = append(parts, m)
	}
	return tgzOf(t, parts...)
}

func chartYAML(name, version string) string {
	return "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n"
}

// folder writes files (path -> content) to a new directory and gives its path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(content), 0o644))
	}
}

// repoFiles is a chart repository: the archives and an index with their digests.
func repoFiles(t *testing.T, archives ...[]byte) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries := map[string]string{}
	for _, a := range archives {
		unpacked, err := unpack(a)
		must(t, err)
		meta, err := parseChart(unpacked, "")
		must(t, err)
		name := meta.Name + "-" + meta.Version + ".tgz"
		files[name] = string(a)
		entries[meta.Name] += fmt.Sprintf("  - {name: %s, version: %q, digest: %s, urls: [%s]}\n",
			meta.Name, meta.Version, strings.TrimPrefix(digest(a), "sha256:"), name)
	}
	var b strings.Builder
	b.WriteString("apiVersion: v1\nentries:\n")
	for name, list := range entries {
		b.WriteString("  " + name + ":\n" + list)
	}
	files[indexFile] = b.String()
	return files
}

// web is a chart repository over HTTP that counts what is asked of it.
type web struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

// serve starts a server on the loopback address. answer may take a request over; if it gives false, files answer.
func serve(t *testing.T, files map[string]string, answer func(w http.ResponseWriter, r *http.Request, count int) bool) *web {
	t.Helper()
	s := &web{asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		s.mu.Lock()
		s.asked[name]++
		count := s.asked[name]
		s.mu.Unlock()
		if answer != nil && answer(w, r, count) {
			return
		}
		content, ok := files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, content)
	}))
	t.Cleanup(s.Close)
	return s
}

// reader reads stacks in dir and never really waits.
func reader(dir string) *Reader {
	return &Reader{Dir: dir, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

func helmSource(repo, chart, version string) render.Source {
	return render.Source{
		Kind: render.KindHelm, Repo: repo, Chart: chart, Version: version,
		Pos: render.Position{File: "stack.cue", Line: 7, Column: 3},
	}
}

// refuse asks for an error that holds every one of want, and for no tree at all beside it.
func refuse(t *testing.T, r *Reader, src render.Source, want ...string) error {
	t.Helper()
	tree, err := r.Fetch(t.Context(), src)
	if err == nil {
		t.Fatalf("%s: no error, %d files", src, len(tree.Files))
	}
	if tree.Files != nil || tree.Inputs != nil {
		t.Errorf("%s: a tree of %d files beside the error %v", src, len(tree.Files), err)
	}
	text := err.Error() + "\n" + strings.Join(hintsOf(err), "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s: the error lacks %q:\n%s", src, w, text)
		}
	}
	return err
}

func fetch(t *testing.T, r *Reader, src render.Source) render.Tree {
	t.Helper()
	tree, err := r.Fetch(t.Context(), src)
	if err != nil {
		t.Fatalf("%v\n%v", err, hintsOf(err))
	}
	return tree
}

func paths(tree render.Tree) string {
	var names []string
	for _, f := range tree.Files {
		names = append(names, f.Path)
	}
	return strings.Join(names, " ")
}

// hintsOf lists the hints of every render.Error that err wraps.
func hintsOf(err error) []string {
	var hints []string
	for ; err != nil; err = errors.Unwrap(err) {
		if e, ok := err.(*render.Error); ok && e.Hint != "" {
			hints = append(hints, e.Hint)
		}
	}
	return hints
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
