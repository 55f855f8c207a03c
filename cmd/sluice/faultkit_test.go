//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	godigest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

// fileLimit names the largest file, in bytes, that smallDisk lets a process write.
const fileLimit = "SLUICE_TEST_FILE_LIMIT"

// smallDisk is sluice on a disk that is nearly full. The limit on the size of a file stands for the disk's: it cuts a write
// short and fails the next one, as a full disk does, and needs no privilege.
func smallDisk() {
	signal.Ignore(unix.SIGXFSZ)
	most, err := strconv.ParseUint(os.Getenv(fileLimit), 10, 64)
	if err == nil {
		err = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: most})
	}
	if err != nil {
		panic(err)
	}
	main()
}

// world is what a stack asks of, on one loopback server: a chart repository (/charts), a registry and a Git repository
// (/git/bases.git). It knows what is under way.
type world struct {
	*httptest.Server
	git    http.Handler
	oci    http.Handler
	mem    *ocimem.Registry
	mu     sync.Mutex
	slow   time.Duration     // before each piece of a body
	charts map[string][]byte // by file name
	flying map[string]int    // requests under way, by kind
	asked  int
	first  func() // told of the next request, once
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{charts: map[string][]byte{}, flying: map[string]int{}}
	w.mem = ocimem.NewWithConfig(&ocimem.Config{LaxChildReferences: true})
	w.oci = ociserver.New(w.mem, nil)
	for _, c := range []struct {
		name, version string
		objects       int
	}{{"web", "1.0.0", 5}, {"redis", "1.1.0", 4}, {"tool", "2.0.0", 3}} {
		w.charts[c.name+"-"+c.version+".tgz"] = modelChart(t, c.name, c.version, c.objects)
	}
	w.push(t, modelChart(t, "valkey", "1.0.3", 4))
	w.git = gitHandler(t)
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// modelChart packs a chart that renders to some objects with content that does not compress.
func modelChart(t *testing.T, name, version string, objects int) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	add := func(file, text string) {
		fatal(t, tw.WriteHeader(&tar.Header{Name: name + "/" + file, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}))
		_, err := tw.Write([]byte(text))
		fatal(t, err)
	}
	add("Chart.yaml", "apiVersion: v2\nname: "+name+"\nversion: "+version+"\n")
	add("values.yaml", "{}\n")
	for i := range objects {
		sum, filler := sha256.Sum256([]byte(name+version+strconv.Itoa(i))), ""
		for range 60 {
			filler += "  " + hex.EncodeToString(sum[:8]) + ": " + hex.EncodeToString(sum[8:]) + "\n"
			sum = sha256.Sum256(sum[:])
		}
		add(fmt.Sprintf("templates/%d.yaml", i),
			fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s-%d\n  labels: {chart: %q}\ndata:\n%s", name, i, version, filler))
	}
	fatal(t, tw.Close())
	fatal(t, zw.Close())
	return b.Bytes()
}

// push stores the chart valkey 1.0.3 in the registry.
func (w *world) push(t *testing.T, packed []byte) {
	t.Helper()
	const repo = "oci/valkey"
	blob := func(kind string, content []byte) ocispec.Descriptor {
		desc := ocispec.Descriptor{MediaType: kind, Digest: godigest.FromBytes(content), Size: int64(len(content))}
		_, err := w.mem.PushBlob(t.Context(), repo, desc, bytes.NewReader(content))
		fatal(t, err)
		return desc
	}
	text, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: blob("application/vnd.cncf.helm.config.v1+json", []byte(`{"name":"valkey","version":"1.0.3"}`)),
		Layers: []ocispec.Descriptor{blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", packed)},
	})
	fatal(t, err)
	_, err = w.mem.PushManifest(t.Context(), repo, "1.0.3", text, ocispec.MediaTypeImageManifest)
	fatal(t, err)
}

// gitHandler serves a repository with a base, by git's own http-backend.
func gitHandler(t *testing.T) http.Handler {
	t.Helper()
	root := t.TempDir()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + root, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	}
	files := map[string]string{"bases/base/kustomization.yaml": "resources: [a.yaml, b.yaml]\n"}
	for _, name := range []string{"a", "b"} {
		files["bases/base/"+name+".yaml"] = "{apiVersion: v1, kind: ConfigMap, metadata: {name: base-" + name + "}}\n"
	}
	writeFiles(t, root, files)
	run := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", filepath.Join(root, "bases")}, args...)...)
		cmd.Env = env
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v (apt-get install git): %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	run("init", "-q", "-b", "main")
	run("add", "-A")
	run("commit", "-q", "-m", "a commit")
	fatal(t, os.Rename(filepath.Join(root, "bases", ".git"), filepath.Join(root, "bases.git")))
	return http.StripPrefix("/git", &cgi.Handler{
		Path: filepath.Join(func() string {
			out, err := exec.Command("git", "--exec-path").Output()
			fatal(t, err)
			return strings.TrimSpace(string(out))
		}(), "git-http-backend"),
		Env: append(env, "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"),
		Stderr: io.Discard, Logger: log.New(io.Discard, "", 0), // clients that are killed make it complain
	})
}

// ServeHTTP answers in pieces.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	kind, handler := "archive", http.Handler(http.HandlerFunc(w.chart))
	switch {
	case strings.HasSuffix(r.URL.Path, "/index.yaml"):
		kind = "index"
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		kind, handler = "registry", w.oci
	case strings.HasPrefix(r.URL.Path, "/git/"):
		kind, handler = "git", w.git
	}
	w.mu.Lock()
	w.asked++
	w.flying[kind]++
	first, slow := w.first, w.slow
	w.first = nil
	w.mu.Unlock()
	if first != nil {
		first()
	}
	defer func() {
		w.mu.Lock()
		w.flying[kind]--
		w.mu.Unlock()
	}()
	handler.ServeHTTP(pieces{rw, slow}, r)
}

// pieces writes a body with pauses.
type pieces struct {
	http.ResponseWriter
	pause time.Duration
}

func (p pieces) Write(b []byte) (int, error) {
	if p.pause == 0 {
		return p.ResponseWriter.Write(b)
	}
	size, wrote := max(1, (len(b)+3)/4), 0
	for piece := range slices.Chunk(b, size) {
		time.Sleep(p.pause)
		n, err := p.ResponseWriter.Write(piece)
		if wrote += n; err != nil {
			return wrote, err
		}
		_ = http.NewResponseController(p.ResponseWriter).Flush()
	}
	return wrote, nil
}

// publish adds a chart to the repository.
func (w *world) publish(file string, packed []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.charts[file] = packed
}

// file gives a file of the chart repository: an archive, or the index of all.
func (w *world) file(name string) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, ok := w.charts[name]
	if name == "index.yaml" {
		var b strings.Builder
		b.WriteString("apiVersion: v1\nentries:\n")
		last := ""
		for _, file := range slices.Sorted(maps.Keys(w.charts)) {
			name, version, _ := strings.Cut(strings.TrimSuffix(file, ".tgz"), "-")
			if name != last {
				b.WriteString("  " + name + ":\n")
				last = name
			}
			fmt.Fprintf(&b, "  - {name: %s, version: %s, digest: %x, urls: [%s]}\n", name, version, sha256.Sum256(w.charts[file]), file)
		}
		text, ok = []byte(b.String()), true
	}
	return text, ok
}

// chart answers for the chart repository.
func (w *world) chart(rw http.ResponseWriter, r *http.Request) {
	text, ok := w.file(strings.TrimPrefix(r.URL.Path, "/charts/"))
	if !ok {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = rw.Write(text)
}

// stack writes a stack that asks this world; wide is with the Git repository.
func (w *world) stack(t *testing.T, dir string, wide bool) {
	t.Helper()
	resources := "resources: []\n"
	if wide {
		resources = "resources: ['" + w.URL + "/git/bases.git//base?ref=main']\n"
	}
	writeFiles(t, dir, map[string]string{
		"stack.cue": `package stack
name: "demo"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: base: {
	wave: 0
	apps: web: helm: {repo: "` + w.URL + `/charts", chart: "web", version: "^1.0.0"}
	apps: valkey: helm: {repo: "oci://` + strings.TrimPrefix(w.URL, "http://") + `/oci", chart: "valkey", version: "~1.0"}
	apps: db: umbrella: path: "apps/db"
	apps: tool: kustomize: path: "apps/tool"
}
`,
		"apps/db/Chart.yaml":           "apiVersion: v2\nname: db\nversion: 0.1.0\ndependencies: [{name: redis, version: 1.1.0, repository: '" + w.URL + "/charts'}]\n",
		"apps/db/templates/own.yaml":   "{apiVersion: v1, kind: ConfigMap, metadata: {name: db-own}}\n",
		"apps/tool/kustomization.yaml": resources + "helmCharts: [{name: tool, version: 2.0.0, repo: '" + w.URL + "/charts'}]\n",
	})
}

// home is a stack with a cache.
type home struct{ dir, cache string }

func newHome(t *testing.T, w *world, wide bool) home {
	t.Helper()
	h := home{t.TempDir(), filepath.Join(t.TempDir(), "cache")}
	w.stack(t, h.dir, wide)
	return h
}

// said is what a process did.
type said struct {
	code     int
	out, err string
}

// command prepares the program, as another process.
func (h home) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), cacheVariable+"="+h.cache, "GOMAXPROCS=2", "GOGC=off") // many processes, each short
	return cmd
}

// sluice runs it.
func (h home) sluice(t *testing.T, args ...string) said {
	t.Helper()
	return finish(t, h.command("sluice", args...))
}

// must runs it and wants it to succeed.
func (h home) must(t *testing.T, args ...string) said {
	t.Helper()
	s := h.sluice(t, args...)
	if s.code != exitClean {
		t.Fatalf("sluice %v: exit %d\n%s%s", args, s.code, s.out, s.err)
	}
	return s
}

// inside runs it in this process, which is quicker, and wants it to succeed.
func (h home) inside(t *testing.T, args ...string) said {
	t.Helper()
	args = append(args, "--cache", h.cache)
	if args[0] != "cache" {
		args = append(args, "--stack", h.dir)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &errs}, args)
	if code != exitClean {
		t.Fatalf("sluice %v: exit %d\n%s%s", args, code, out.String(), errs.String())
	}
	return said{code, out.String(), errs.String()}
}

func finish(t *testing.T, cmd *exec.Cmd) said {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Errorf("%v: %v", cmd.Args, err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// lock gives the lock's bytes, empty where there is none, and wants what is there to be one.
func (h home) lock(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, lockName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	return string(text)
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		fatal(t, os.MkdirAll(filepath.Dir(file), 0o755))
		fatal(t, os.WriteFile(file, []byte(text), 0o644))
	}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
