package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// spoiler stands before a server and may spoil an answer. What the server says to a request is asked once and kept.
type spoiler struct {
	*httptest.Server
	mu    sync.Mutex
	kept  map[string]*httptest.ResponseRecorder
	part  string // the end of the paths whose answers are spoiled
	times int    // how many of them still are
	spoil func(w http.ResponseWriter, r *http.Request, whole *httptest.ResponseRecorder)
	asked int // answers that were spoiled
}

func newSpoiler(t *testing.T, inner http.Handler) *spoiler {
	t.Helper()
	s := &spoiler{kept: map[string]*httptest.ResponseRecorder{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		key := r.Method + " " + r.URL.String() + " " + string(body)
		whole := s.kept[key]
		if whole == nil {
			whole = httptest.NewRecorder()
			r.Body = io.NopCloser(bytes.NewReader(body))
			inner.ServeHTTP(whole, r)
			s.kept[key] = whole
		}
		spoil := s.spoil
		if s.times == 0 || !strings.HasSuffix(r.URL.Path, s.part) {
			spoil = nil
		} else {
			s.times--
			s.asked++
		}
		s.mu.Unlock()
		if spoil != nil {
			spoil(w, r, whole)
			return
		}
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	return s
}

// set says how the next answers for a part are spoiled, so many of them, and begins to count them.
func (s *spoiler) set(part string, times int, spoil func(w http.ResponseWriter, r *http.Request, whole *httptest.ResponseRecorder)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part, s.times, s.spoil, s.asked = part, times, spoil, 0
}

// always is more answers than anybody asks for.
const always = 1000

func (s *spoiler) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// origin is a source of one kind, on a server of its own.
type origin struct {
	name   string
	server *spoiler
	source render.Source
	parts  []string // what its fetch asks for: the ends of URL paths
	want   render.Tree
	lock   *Lock
}

// origins gives a source of each kind that comes over a network, settled once.
func origins(t *testing.T) []origin {
	t.Helper()
	packed := chartTgz(t, "web", "1.1.0", part{name: "noise", body: noise(4000)})
	repo := newSpoiler(t, serve(t, repoFiles(t, packed, chartTgz(t, "web", "1.0.0")), nil).Config.Handler)
	registry := ociServer(t, nil)
	registry.push(t, "charts/web", packed)
	oci := newSpoiler(t, registry.Config.Handler)
	w := newWorkshop(t)
	w.commit(map[string]string{"a": noise(3000), "b": "b", "c/d": "d"})
	git := newSpoiler(t, newGitServer(t, w.dir).Config.Handler)
	file := newSpoiler(t, serve(t, map[string]string{"f.yaml": "kind: A\n---\nkind: B\n" + strings.Repeat("# filler\n", 200)}, nil).Config.Handler)
	all := []origin{
		{name: "repository", server: repo, source: helmSource(repo.URL, "web", "^1.0.0"), parts: []string{"/index.yaml", "/web-1.1.0.tgz"}},
		{
			name: "registry", server: oci, source: helmSource("oci"+strings.TrimPrefix(oci.URL, "http")+"/charts", "web", "^1.0.0"),
			parts: []string{"/tags/list", "/manifests/1.1.0", "/blobs/" + digest(packed)},
		},
		{name: "git", server: git, source: render.Source{Kind: render.KindGit, Repo: git.URL + "/.git", Version: "main"}, parts: []string{"/info/refs", "/git-upload-pack"}},
		{name: "file", server: file, source: render.Source{Kind: render.KindFile, Repo: file.URL + "/f.yaml"}, parts: []string{"/f.yaml"}},
	}
	for i := range all {
		r := all[i].reader(t, nil)
		all[i].want = fetch(t, r, all[i].source)
		all[i].lock = newLock(t, r.Settled()...)
	}
	return all
}

// heap is a Store in memory.
type heap struct {
	mu   sync.Mutex
	held map[string][]byte
}

func (h *heap) Get(digest string) ([]byte, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	content, ok := h.held[digest]
	return content, ok, nil
}

func (h *heap) Put(content []byte) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held[digest(content)] = content
	return digest(content), nil
}

// reader gives one with an empty store: of a lock, or where that is nil one that settles. It never really waits.
func (o origin) reader(t *testing.T, lock *Lock) *Reader {
	t.Helper()
	r := reader(t.TempDir())
	r.Lock, r.Resolve, r.Store = lock, lock == nil, &heap{held: map[string][]byte{}}
	return r
}

// answered fetches and wants everything or an error, in what is given and in what is stored. It gives the error.
func (o origin) answered(t *testing.T, r *Reader) error {
	t.Helper()
	tree, err := r.Fetch(t.Context(), o.source)
	switch {
	case err != nil && tree.Files != nil:
		t.Errorf("%d files beside the error %v", len(tree.Files), err)
	case err == nil && !cmp.Equal(tree.Files, o.want.Files):
		t.Errorf("another tree than the whole one: %s", paths(tree))
	}
	for sum := range r.Store.(*heap).held {
		if sum != o.want.Inputs[0].Digest {
			t.Errorf("the store holds %s, with the error %v", sum, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "<html") {
		t.Errorf("the page is in the error: %v", err)
	}
	return err
}

// eachPart runs a test for each thing that each origin is asked for, while settling and with a lock. A lock saves asking for
// some of them.
func eachPart(t *testing.T, test func(t *testing.T, o origin, part string, lock *Lock)) {
	t.Helper()
	for _, o := range origins(t) {
		for _, part := range o.parts {
			t.Run(o.name+" "+strings.SplitN(part, ":", 2)[0], func(t *testing.T) { test(t, o, part, nil) })
		}
		t.Run(o.name+" locked", func(t *testing.T) { test(t, o, o.parts[len(o.parts)-1], o.lock) })
		o.server.set("", 0, nil)
		fetch(t, o.reader(t, nil), o.source)
	}
}

// lying is the framing whose length is that of the beginning.
const lying = "with a shorter length"

// framings are the ways to write the first n of size bytes of a body; head says what comes.
var framings = []struct {
	name, proto string
	head        func(n, size int) string
}{
	{"with a length", "1.1", func(_, size int) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n", size) }},
	{"without a length", "1.0", func(int, int) string { return "\r\n" }},
	{"in chunks", "1.1", func(n, _ int) string { return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", max(n, 1)) }},
	{lying, "1.1", func(n, _ int) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n", n) }},
}

func TestACutAtEachTenthNeverGivesLess(t *testing.T) {
	eachPart(t, func(t *testing.T, o origin, part string, lock *Lock) {
		for _, f := range framings {
			if f.name == lying && o.name == "file" && lock == nil {
				continue // nothing tells what a file should be until it is locked
			}
			for tenth := range 10 {
				o.server.set(part, always, func(w http.ResponseWriter, _ *http.Request, whole *httptest.ResponseRecorder) {
					conn, out, err := http.NewResponseController(w).Hijack()
					if err != nil {
						panic(err)
					}
					defer conn.Close()
					size := whole.Body.Len()
					n := size * tenth / 10
					fmt.Fprintf(out, "HTTP/%s 200 OK\r\nConnection: close\r\n", f.proto)
					header := whole.Header().Clone()
					header.Del("Content-Length")
					_ = header.Write(out)
					_, _ = out.WriteString(f.head(n, size))
					_, _ = out.Write(whole.Body.Bytes()[:n])
					_ = out.Flush()
				})
				err := o.answered(t, o.reader(t, lock))
				// A server that says that a shorter list is the whole is believed; nothing of what it leads to is less.
				if believed := part == "/index.yaml" && f.name == lying; err == nil && !believed {
					t.Errorf("cut at %d tenths, %s: no error", tenth, f.name)
				}
				if o.server.count() == 0 {
					t.Errorf("cut at %d tenths, %s: nothing was cut", tenth, f.name)
				}
			}
		}
	})
}

func TestBurstsOfRefusalsPassOrEnd(t *testing.T) {
	eachPart(t, func(t *testing.T, o origin, part string, lock *Lock) {
		for _, status := range []int{429, 503} {
			for _, after := range []string{"", "7", "86400"} {
				for _, times := range []int{1, 3, always} {
					name := fmt.Sprintf("%d, Retry-After %q, %d times", status, after, times)
					o.server.set(part, times, func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
						if after != "" {
							w.Header().Set("Retry-After", after)
						}
						w.WriteHeader(status)
					})
					r := o.reader(t, lock)
					var waits []time.Duration
					r.Wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
					err := o.answered(t, r)
					want := pauses()
					for i := range want {
						want[i] = max(want[i], map[string]time.Duration{"7": 7 * time.Second, "86400": 20 * time.Second}[after])
					}
					if times < len(want) {
						want = want[:times]
					}
					switch {
					case !slices.Equal(waits, want):
						t.Errorf("%s: waited %v, want %v", name, waits, want)
					case o.server.count() != min(times, 4):
						t.Errorf("%s: asked %d times", name, o.server.count())
					case (err != nil) != (times > 3):
						t.Errorf("%s: %v", name, err)
					case err != nil:
						wantError(t, err, fmt.Sprint(status), "4 attempts", "try again later")
					}
				}
			}
		}
	})
}

// Answers with status 200, or none, that are not what was asked for.
func TestOtherAnswersAreErrors(t *testing.T) {
	const changed, longer = "one byte that is another", "more behind it"
	for name, spoil := range map[string]func(w http.ResponseWriter, r *http.Request, whole []byte){
		"a page": func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>")
		},
		"nothing": func(http.ResponseWriter, *http.Request, []byte) {},
		"a redirect to itself": func(w http.ResponseWriter, r *http.Request, _ []byte) {
			http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
		},
		changed: func(w http.ResponseWriter, _ *http.Request, whole []byte) {
			whole = bytes.Clone(whole)
			whole[len(whole)/2] ^= 0x01
			_, _ = w.Write(whole)
		},
		longer: func(w http.ResponseWriter, _ *http.Request, whole []byte) {
			_, _ = w.Write(append(bytes.Clone(whole), "\n<garbage: [\n"...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachPart(t, func(t *testing.T, o origin, part string, lock *Lock) {
				o.server.set(part, always, func(w http.ResponseWriter, r *http.Request, whole *httptest.ResponseRecorder) {
					for name, values := range whole.Header() {
						if name != "Content-Length" {
							w.Header()[name] = values
						}
					}
					spoil(w, r, whole.Body.Bytes())
				})
				r := o.reader(t, lock)
				if lock == nil && o.name == "file" && (name == changed || name == longer) {
					return // nothing tells what a file should be until it is locked
				}
				err := o.answered(t, r)
				if n := o.server.count(); n == 0 || n > 44 {
					t.Errorf("asked %d times", n)
				}
				// Of a list another part may be spoiled than the one that is needed, and git's answers end where they say.
				list := slices.Contains([]string{"/index.yaml", "/tags/list", "/info/refs"}, part)
				if err == nil && !(list && name == changed) && !(name == longer && (list || o.name == "git")) {
					t.Error("no error")
				}
				if name == "a redirect to itself" {
					wantError(t, err, "redirect")
				}
			})
		})
	}
}

func TestASlowBodyMeetsTheTimeout(t *testing.T) {
	eachPart(t, func(t *testing.T, o origin, part string, lock *Lock) {
		o.server.set(part, always, func(w http.ResponseWriter, r *http.Request, whole *httptest.ResponseRecorder) {
			for name, values := range whole.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
			for _, b := range whole.Body.Bytes() {
				_, _ = w.Write([]byte{b})
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(4 * time.Millisecond):
				}
			}
		})
		r := o.reader(t, lock)
		r.Timeout = 30 * time.Millisecond
		began := time.Now()
		err := o.answered(t, r)
		wantError(t, err, "4 attempts")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 10*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// What is locked with one digest is not taken with another, wherever it comes from, and not kept.
func TestAnotherDigestThanTheLocksIsAnError(t *testing.T) {
	for _, o := range origins(t) {
		t.Run(o.name, func(t *testing.T) {
			entries := o.lock.Entries()
			entries[0].Digest = digest([]byte("something else"))
			r := o.reader(t, newLock(t, entries...))
			tree, err := r.Fetch(t.Context(), o.source)
			wantError(t, err, entries[0].Digest, o.want.Inputs[0].Digest)
			if tree.Files != nil || len(r.Store.(*heap).held) > 0 {
				t.Errorf("%s is there, and in the store %d", paths(tree), len(r.Store.(*heap).held))
			}
			dir := t.TempDir()
			_, err = o.reader(t, o.lock).Vendor(t.Context(), dir, 2)
			must(t, err)
			r = o.reader(t, newLock(t, entries...))
			r.Mirror, r.Offline = dir, true
			tree, err = r.Fetch(t.Context(), o.source)
			wantError(t, err, entries[0].Digest, o.want.Inputs[0].Digest)
			if tree.Files != nil || len(r.Store.(*heap).held) > 0 {
				t.Errorf("from a mirror %s is there, and in the store %d", paths(tree), len(r.Store.(*heap).held))
			}
		})
	}
}

// bigIndex is an index of at least so many bytes, in the shape that helm repo index writes.
func bigIndex(size int) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nentries:\n")
	for i := 0; b.Len() < size; i++ {
		name := fmt.Sprintf("chart-%06d", i)
		b.WriteString("  " + name + ":\n")
		for v := range 20 {
			fmt.Fprintf(&b, "  - annotations:\n      category: Infrastructure\n    apiVersion: v2\n    appVersion: 7.%d.0\n"+
				"    created: \"2023-05-09T14:57:28.351951812Z\"\n    description: %s\n    digest: %064x\n    keywords:\n    - cache\n"+
				"    name: %s\n    urls:\n    - https://charts.example.com/%s-1.%d.0.tgz\n    version: 1.%d.0\n",
				v, strings.Repeat("One of very many charts. ", 12), v, name, name, 20-v, 20-v)
		}
	}
	return b.String()
}

func TestALargeIndexIsReadAndAHugeOneIsRefused(t *testing.T) {
	packed := chartTgz(t, "web", "1.0.0")
	files := repoFiles(t, packed)
	line := files[indexFile][strings.Index(files[indexFile], "  web:"):]
	files[indexFile] = bigIndex(50<<20) + line
	s := serve(t, files, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	fetch(t, reader(t.TempDir()), helmSource(s.URL, "web", "1.0.0"))
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	t.Logf("an index of %d MiB: %v, %d MiB allocated", len(files[indexFile])>>20, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20)
	files[indexFile] = files[indexFile] + strings.Repeat("# more\n", 3<<20)
	s = serve(t, files, nil)
	refuse(t, reader(t.TempDir()), helmSource(s.URL, "web", "1.0.0"), "reading the index", "more than 67108864 bytes")
	if s.asked[indexFile] != 1 {
		t.Errorf("a huge index was asked for %d times", s.asked[indexFile])
	}
}
