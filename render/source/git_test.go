package source

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-billy/v5/memfs"
)

// Over every transport the same commit is the same bytes, whatever it was called.
func TestGitTransports(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	first := w.commit(map[string]string{"a.yaml": "one", "dir/b.yaml": "b", "dir/run.sh": "#!/bin/sh"})
	w.git("tag", "light")
	second := w.commit(map[string]string{"a.yaml": "two"})
	w.git("tag", "-a", "-m", "annotated", "v1.0.0")
	w.git("tag", "-a", "-m", "of a tag", "nested", "v1.0.0")
	w.git("branch", "both", first)
	w.git("tag", "both", second)
	w.git("branch", "feature/x", first)
	third := w.commit(map[string]string{"a.yaml": "three"})
	root := t.TempDir()
	bare := filepath.Join(root, "org", "repo.git")
	w.git("clone", "-q", "--mirror", w.dir, bare)
	web, shell := newGitServer(t, root), newSSHServer(t)
	g := web.repo()
	g.ssh = shell.gitSSH

	places := map[string]string{
		"https": web.URL + "/org/repo.git", "ssh": shell.url(bare), "bare directory": "file://" + bare, "work tree": "file://" + w.dir,
	}
	revisions := map[string]string{
		first: first, strings.ToUpper(first): first, "light": first, "v1.0.0": second, "nested": second, "refs/tags/v1.0.0": second, "tags/v1.0.0": second,
		"main": third, "heads/main": third, "refs/heads/main": third, "HEAD": third, "": third, "feature/x": first, "both": second, "refs/heads/both": first,
	}
	content := map[string]string{first: "one", second: "two", third: "three"}
	bytesOf := map[string][]byte{}
	for place, address := range places {
		for asked, commit := range revisions {
			if place == "ssh" && !slices.Contains([]string{first, "v1.0.0", "light", "main"}, asked) {
				continue // its handshakes take long, and the names are looked up by the same code
			}
			got, packed, err := obtain(t, g, gitEntry(address, asked))
			if err != nil {
				t.Fatalf("%s, %q: %v %v", place, asked, err, hintsOf(err))
			}
			if got.Resolved != commit {
				t.Errorf("%s: %q is %s, not %s", place, asked, got.Resolved, commit)
			}
			if want := "a.yaml=" + content[commit] + " dir/b.yaml=b dir/run.sh=#!/bin/sh"; packedListing(t, packed) != want {
				t.Errorf("%s: %q holds %s, not %s", place, asked, packedListing(t, packed), want)
			}
			if bytesOf[commit] == nil {
				bytesOf[commit] = packed
			}
			if !bytes.Equal(bytesOf[commit], packed) {
				t.Errorf("%s: %q gives other bytes", place, asked)
			}
		}
		tags, err := g.versions(t.Context(), gitEntry(address, ""))
		if got := strings.Join(tags, " "); err != nil || got != "both light nested v1.0.0" {
			t.Errorf("%s: tags %s, %v", place, got, err)
		}
		_, _, err = obtain(t, g, gitEntry(address, "v1.0.1"))
		wantError(t, err, `there is no tag or branch "v1.0.1"`, "v1.0.0")
		_, _, err = obtain(t, g, gitEntry(address, first[:9]))
		wantError(t, err, "all 40 digits")
		_, _, err = obtain(t, g, gitEntry(address, strings.Repeat("ab", 20)))
		wantError(t, err, "not there any more", "force-pushed", "sluice lock --update")
		_, _, err = obtain(t, g, gitEntry(address, strings.Repeat("ab", 32)))
		wantError(t, err, "SHA-256")
	}
}

func TestGitCredentials(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": "x"})
	s := newGitServer(t, filepath.Dir(w.dir))
	s.user, s.password = "me", "s3cret"
	address := gitEntry(s.URL+"/"+filepath.Base(w.dir)+"/.git", "main")
	g := s.repo()
	_, _, err := obtain(t, g, address)
	wantError(t, err, "401", "asks for credentials")
	host := strings.TrimPrefix(s.URL, "https://")
	g.auth = oneLogin{host, "me", "wrong"}
	_, _, err = obtain(t, g, address)
	wantError(t, err, "401")
	if strings.Contains(err.Error(), "wrong") {
		t.Error("the password is in the error")
	}
	g.auth = oneLogin{host, "me", "s3cret"}
	if _, _, err := obtain(t, g, address); err != nil {
		t.Error(err)
	}
	g.auth = nil
	_, _, err = obtain(t, g, gitEntry(strings.Replace(s.URL, "://", "://me:s3cret@", 1)+"/x", "main"))
	wantError(t, err, "credentials in it", "without user and password")
	if strings.Contains(err.Error(), "s3cret") {
		t.Error("the password is in the error")
	}
	// A certificate that nobody vouches for.
	g.client = &http.Client{Transport: &http.Transport{}}
	_, _, err = obtain(t, g, address)
	wantError(t, err, "certificate")
}

func TestGitSSHRefusals(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": "x"})
	s, other := newSSHServer(t), newSSHServer(t)
	entry := gitEntry(s.url(w.dir), "main")
	try := func(conf gitSSH) error {
		_, _, err := obtain(t, gitRepo{ssh: conf}, entry)
		return err
	}
	if err := try(s.gitSSH); err != nil {
		t.Fatal(err)
	}
	wantError(t, try(gitSSH{keys: s.keys}), "not in known_hosts")
	wantError(t, try(gitSSH{keys: s.keys, knownHosts: other.knownHosts}), "not in known_hosts")
	line, err := os.ReadFile(other.knownHosts[0])
	must(t, err)
	dir := folder(t, map[string]string{"known": strings.Replace(string(line), other.addr[strings.Index(other.addr, ":")+1:], s.addr[strings.Index(s.addr, ":")+1:], 1)})
	wantError(t, try(gitSSH{keys: s.keys, knownHosts: []string{filepath.Join(dir, "known")}}), "is not the one in known_hosts", "somebody else")
	wantError(t, try(gitSSH{keys: other.keys, knownHosts: s.knownHosts}), "refuses user")
	wantError(t, try(gitSSH{keys: []string{"/nonexistent"}, knownHosts: s.knownHosts}), "no key for ssh")
	if err := try(gitSSH{agent: newAgent(t, s.keys[0]), knownHosts: s.knownHosts}); err != nil {
		t.Error("with the agent:", err)
	}
	wantError(t, try(gitSSH{agent: "/nonexistent", keys: other.keys, knownHosts: s.knownHosts}), "refuses user", "the agent does not answer")
	entry.Repo += "-is-not-there"
	wantError(t, try(s.gitSSH), "does not appear to be a git repository")
}

// A locked commit that a force-push took off its branch is found while anything leads to it, and is an error after.
func TestGitForcePush(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	bare := filepath.Join(root, "r.git")
	w := newWorkshop(t)
	w.commit(map[string]string{"a": "base"})
	w.git("clone", "-q", "--mirror", w.dir, bare)
	w.git("remote", "add", "origin", bare)
	locked := w.commit(map[string]string{"a": "locked"})
	w.git("push", "-q", "origin", "main")
	w.commit(map[string]string{"a": "later"})
	w.git("push", "-q", "origin", "main")
	s := newGitServer(t, root)
	e := gitEntry(s.URL+"/r.git", "main")
	e.Resolved = locked
	fetch := func() (string, error) {
		s.asked = nil
		packed, err := s.repo().fetch(t.Context(), e)
		if err != nil {
			return "", err
		}
		return packedListing(t, packed), nil
	}
	if got, err := fetch(); err != nil || got != "a=locked" { // from the history of main
		t.Fatal(got, err)
	}
	w.git("push", "-q", "origin", "main:other")
	w.git("reset", "-q", "--hard", "HEAD~2")
	w.commit(map[string]string{"a": "rewritten"})
	w.git("push", "-q", "-f", "origin", "main")
	if got, err := fetch(); err != nil || got != "a=locked" { // from the history of other
		t.Fatal(got, err)
	}
	w.git("push", "-q", "origin", ":other")
	_, err := fetch()
	wantError(t, err, "not there any more", "force-pushed", "sluice lock --update")
	// Where the server gives any commit it has, one is asked for alone.
	w.git("--git-dir", bare, "config", "uploadpack.allowAnySHA1InWant", "true")
	if got, err := fetch(); err != nil || got != "a=locked" {
		t.Fatal(got, err)
	}
	if got := strings.Join(s.asked, " "); strings.Count(got, "POST") != 1 {
		t.Errorf("asked more than once: %s", got)
	}
	w.git("--git-dir", bare, "gc", "-q", "--prune=now")
	_, err = fetch()
	wantError(t, err, "not there any more")
}

// A pack that is cut anywhere is an error, never a shorter tree.
func TestGitCut(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": strings.Repeat("a", 300), "b": "b", "c/d": "d"})
	s := newGitServer(t, w.dir)
	e := gitEntry(s.URL+"/.git", "main")
	_, whole, err := obtain(t, s.repo(), e)
	must(t, err)
	inner := s.Config.Handler
	for _, abort := range []bool{true, false} {
		for tenth := range 10 {
			s.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost {
					inner.ServeHTTP(rw, r)
					return
				}
				rec := httptest.NewRecorder()
				inner.ServeHTTP(rec, r)
				rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
				_, _ = rw.Write(rec.Body.Bytes()[:rec.Body.Len()*tenth/10])
				if abort {
					panic(http.ErrAbortHandler)
				}
			})
			if _, packed, err := obtain(t, s.repo(), e); err == nil {
				t.Errorf("cut at %d tenths, aborted %v: no error, the bytes are the same: %v", tenth, abort, bytes.Equal(packed, whole))
			}
		}
	}
}

func TestGitSSHCut(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": noise(1 << 20)})
	server := newSSHServer(t)
	for _, after := range []int64{1, 1000, 100 << 10, 1 << 20} {
		s := server.through(t, after, nil)
		_, _, err := obtain(t, gitRepo{ssh: s.gitSSH}, gitEntry(s.url(w.dir), "main"))
		if later := new(passing); err == nil || !errors.As(err, &later) {
			t.Errorf("cut after %d bytes: %v", after, err)
		}
	}
	g := gitRepo{ssh: server.gitSSH, limit: 500 << 10}
	_, _, err := obtain(t, g, gitEntry(server.url(w.dir), "main"))
	wantError(t, err, "the limit for one source")
}

func TestGitWebRefusals(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": strings.Repeat("incompressible? no", 100)})
	s := newGitServer(t, w.dir)
	try := func(g gitRepo) error {
		_, _, err := obtain(t, g, gitEntry(s.URL+"/.git", "main"))
		return err
	}
	small := s.repo()
	small.limit = 500
	wantError(t, try(small), "more than 0 MiB")
	s.tamper = func(rw http.ResponseWriter, _ *http.Request) bool {
		_, _ = rw.Write([]byte("<html>log in</html>"))
		return true
	}
	wantError(t, try(s.repo()), "no Git server", "login")
	s.tamper = func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	err := try(s.repo())
	wantError(t, err, "503")
	if later := new(passing); !errors.As(err, &later) {
		t.Error("503 does not pass")
	}
	s.tamper = func(rw http.ResponseWriter, r *http.Request) bool {
		http.Redirect(rw, r, "http://127.0.0.1:1"+r.URL.Path, http.StatusFound)
		return true
	}
	wantError(t, try(s.repo()), "redirected from https")
	s.tamper = func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/.git/") {
			http.Redirect(rw, r, "/moved"+r.URL.Path+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return true
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/moved")
		return false
	}
	if err := try(s.repo()); err != nil {
		t.Error("a repository that has moved:", err)
	}
	s.tamper = nil
	_, _, err = obtain(t, s.repo(), gitEntry(s.URL+"/none.git", "main"))
	wantError(t, err, "404")
}

// A cancelled context ends a conversation with a server that says nothing, at once.
func TestGitCancel(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": noise(1 << 20)})
	s := newGitServer(t, w.dir)
	arrived := make(chan bool, 1)
	s.tamper = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body) // only then does net/http notice that the client is gone
			arrived <- true
			<-r.Context().Done()
			return true
		}
		return false
	}
	shell := newSSHServer(t).through(t, 100<<10, func() { arrived <- true })
	g := s.repo()
	g.ssh = shell.gitSSH
	for _, address := range []string{s.URL + "/.git", shell.url(w.dir)} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		start := time.Now()
		e := gitEntry(address, "main")
		e, err := g.resolve(ctx, e)
		if err == nil {
			_, err = g.fetch(ctx, e)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", address, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: it took %v", address, took)
		}
		cancel()
	}
}

// A pack of a few bytes that would become a thousand gigabytes.
func TestGitPackBomb(t *testing.T) {
	t.Parallel()
	deflate := func(content []byte) []byte {
		var b bytes.Buffer
		zw := zlib.NewWriter(&b)
		_, err := zw.Write(content)
		must(t, err)
		must(t, zw.Close())
		return b.Bytes()
	}
	for name, object := range map[string][]byte{
		"delta": append([]byte{0x60 | 7, 14}, deflate([]byte{1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x90})...), // of the blob 14 bytes before
		"blob":  append([]byte{0xb0, 0x80, 0x80, 0x80, 0x80, 0x20}, deflate([]byte("x"))...),
	} {
		pack := append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x02\x31"), deflate([]byte("x"))...)
		if name == "delta" {
			object[1] = byte(len(pack) - 12)
			object[0] = 0x60 | 8 // a delta of eight bytes
		}
		pack = append(pack, object...)
		sum := sha1.Sum(pack)
		file, err := memfs.New().Create("pack")
		must(t, err)
		_, err = file.Write(append(pack, sum[:]...))
		must(t, err)
		_, err = openPack(t.Context(), file)
		t.Run(name, func(t *testing.T) { wantError(t, err, "more than 536870912 bytes") })
	}
}

// What the history holds is not received: it would be over the limit.
func TestGitShallow(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	old := w.commit(map[string]string{"a": noise(1 << 20)})
	w.commit(map[string]string{"a": "small"})
	w.git("tag", "-a", "-m", "x", "v1")
	w.commit(map[string]string{"b": "later"})
	s, shell := newGitServer(t, w.dir), newSSHServer(t)
	g := s.repo()
	g.ssh, g.limit = shell.gitSSH, 100<<10
	for _, address := range []string{s.URL + "/.git", shell.url(w.dir)} {
		for _, revision := range []string{"main", "v1"} {
			if _, _, err := obtain(t, g, gitEntry(address, revision)); err != nil {
				t.Errorf("%s of %s: %v", revision, address, err)
			}
		}
		_, _, err := obtain(t, g, gitEntry(address, old))
		wantError(t, err, "the limit for one source")
	}
}
