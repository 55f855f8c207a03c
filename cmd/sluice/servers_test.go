package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	godigest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

// open starts a server on loopback for the rest of the script. $VAR is its URL, and "asked VAR" counts its requests. Over
// TLS, every sluice of the script trusts it.
func open(ts *testscript.TestScript, name string, secure bool, h http.Handler) string {
	count := &atomic.Int64{}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		h.ServeHTTP(w, r)
	})
	start := httptest.NewServer
	if secure {
		start = httptest.NewTLSServer
	}
	server := start(counted)
	if secure {
		authority := ts.MkAbs(".authority.pem")
		block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
		ts.Check(os.WriteFile(authority, pem.EncodeToMemory(block), 0o644))
		ts.Setenv("SSL_CERT_FILE", authority)
	}
	ts.Defer(server.Close)
	requests := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, count.Swap(0))
	}))
	ts.Defer(requests.Close)
	ts.Setenv(name, server.URL)
	ts.Setenv(name+"_ASKED", requests.URL)
	return server.URL
}

// asked says whether a server was asked since the last time: "asked VAR" and "! asked VAR".
func asked(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: asked VAR")
	}
	res, err := http.Get(ts.Getenv(args[0] + "_ASKED"))
	ts.Check(err)
	defer res.Body.Close()
	var n int
	_, err = fmt.Fscan(res.Body, &n)
	ts.Check(err)
	if (n == 0) != neg {
		ts.Fatalf("%s was asked %d times", args[0], n)
	}
}

// gitServe serves the repositories below a directory by git's own http-backend: "gitserve VAR DIR" over plain HTTP, and
// "gitserve VAR tls DIR".
func gitServe(ts *testscript.TestScript, neg bool, args []string) {
	secure := len(args) == 3 && args[1] == "tls"
	if neg || len(args) != 2 && !secure {
		ts.Fatalf("usage: gitserve VAR [tls] DIR")
	}
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		ts.Fatalf("git is needed: apt-get install git")
	}
	open(ts, args[0], secure, &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_PROJECT_ROOT=" + ts.MkAbs(args[len(args)-1]), "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		},
		Stderr: io.Discard,
	})
}

// registryServe starts an OCI registry: "registry VAR". $VAR is its oci:// URL.
func registryServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry VAR")
	}
	url := open(ts, args[0], false, ociserver.New(ocimem.New(), nil))
	ts.Setenv(args[0], "oci"+strings.TrimPrefix(url, "http"))
}

// push stores chart directories in a registry, as helm push does: "push $VAR/charts DIR...".
func push(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: push $VAR/PATH DIR...")
	}
	host, under, _ := strings.Cut(strings.TrimPrefix(args[0], "oci://"), "/")
	for _, dir := range args[1:] {
		c := packChart(ts, dir)
		repo := "http://" + host + "/v2/" + path.Join(under, c.Name)
		config, err := json.Marshal(map[string]string{"name": c.Name, "version": c.Version, "apiVersion": "v2"})
		ts.Check(err)
		blob := func(mediaType string, content []byte) ocispec.Descriptor {
			d := ocispec.Descriptor{MediaType: mediaType, Digest: godigest.FromBytes(content), Size: int64(len(content))}
			upload := send(ts, http.MethodPost, repo+"/blobs/uploads/", "", nil)
			to, err := upload.Location()
			ts.Check(err)
			query := to.Query()
			query.Set("digest", d.Digest.String())
			to.RawQuery = query.Encode()
			send(ts, http.MethodPut, to.String(), "application/octet-stream", content)
			return d
		}
		manifest, err := json.Marshal(ocispec.Manifest{
			Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
			Config: blob("application/vnd.cncf.helm.config.v1+json", config),
			Layers: []ocispec.Descriptor{blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", c.packed)},
		})
		ts.Check(err)
		send(ts, http.MethodPut, repo+"/manifests/"+strings.ReplaceAll(c.Version, "+", "_"), ocispec.MediaTypeImageManifest, manifest)
	}
}

// send makes a request that has to succeed.
func send(ts *testscript.TestScript, method, url, mediaType string, body []byte) *http.Response {
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	ts.Check(err)
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	_ = res.Body.Close()
	if res.StatusCode >= 300 {
		ts.Fatalf("%s %s: %s", method, url, res.Status)
	}
	return res
}

// packedChart is the archive of a chart's directory.
type packedChart struct {
	Name, Version string
	packed        []byte
}

// packChart packages a chart's directory, the same files to the same bytes.
func packChart(ts *testscript.TestScript, dir string) packedChart {
	var c packedChart
	text, err := os.ReadFile(filepath.Join(ts.MkAbs(dir), "Chart.yaml"))
	ts.Check(err)
	ts.Check(yaml.Unmarshal(text, &c))
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	files := treeOf(ts, dir)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		ts.Check(tw.WriteHeader(&tar.Header{Name: c.Name + "/" + filepath.ToSlash(name), Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}))
		_, err := io.WriteString(tw, files[name])
		ts.Check(err)
	}
	ts.Check(tw.Close())
	ts.Check(zw.Close())
	c.packed = b.Bytes()
	return c
}

// chartRepo makes a chart repository in a directory, or adds to it: "chartrepo DIR CHARTDIR...". A chart of the same name
// and version replaces the one that is there.
func chartRepo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: chartrepo DIR CHARTDIR...")
	}
	type line struct {
		Name, Version, Digest string
		URLs                  []string `yaml:"urls"`
	}
	index := struct {
		APIVersion string            `yaml:"apiVersion"`
		Entries    map[string][]line `yaml:"entries"`
	}{"v1", map[string][]line{}}
	at := filepath.Join(ts.MkAbs(args[0]), "index.yaml")
	ts.Check(os.MkdirAll(filepath.Dir(at), 0o755))
	if have, err := os.ReadFile(at); err == nil {
		ts.Check(yaml.Unmarshal(have, &index))
	}
	for _, dir := range args[1:] {
		c := packChart(ts, dir)
		name := c.Name + "-" + c.Version + ".tgz"
		sum := sha256.Sum256(c.packed)
		lines := slices.DeleteFunc(index.Entries[c.Name], func(l line) bool { return l.Version == c.Version })
		index.Entries[c.Name] = append(lines, line{c.Name, c.Version, hex.EncodeToString(sum[:]), []string{name}})
		ts.Check(os.WriteFile(filepath.Join(filepath.Dir(at), name), c.packed, 0o644))
	}
	text, err := yaml.Marshal(index)
	ts.Check(err)
	ts.Check(os.WriteFile(at, text, 0o644))
}

// expand writes the servers' addresses into a file: "expand FILE TO" puts in ${VAR} where the script has that variable.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expand FILE TO")
	}
	text := os.Expand(ts.ReadFile(args[0]), func(name string) string {
		if value := ts.Getenv(name); value != "" {
			return value
		}
		return "$" + name
	})
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// noSocket runs a command that dies where it makes a socket: "nosocket CMD..." has to end well, "! nosocket CMD..." has to
// die of that, and not of an error that it knows to handle. See [sealed].
func noSocket(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("sealed", args...)
	if !neg {
		ts.Check(err)
		return
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		ts.Fatalf("%v ended with %v and made no socket", args, err)
	}
	if !strings.HasPrefix(ended.String(), "signal: bad system call") { // not syscall.SIGSYS, which Windows does not have
		ts.Fatalf("%v ended with %v, not of a socket", args, err)
	}
}

// exits runs a command that has to end with one exit code: "exits CODE CMD...".
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE CMD...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d of %v", code, args[1:])
	}
}
