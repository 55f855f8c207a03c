package source

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sluice/render"
)

// heard keeps what a reader tells of each fetch, in order.
type heard struct {
	mu    sync.Mutex
	calls map[string][]Progress
}

func (h *heard) tell(p Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls == nil {
		h.calls = map[string][]Progress{}
	}
	h.calls[p.Source] = append(h.calls[p.Source], p)
}

func TestAFetchIsToldFromBeginningToEnd(t *testing.T) {
	tgz := chartTgz(t, "web", "1.0.0", part{name: "files/noise", body: noise(1_500_000)})
	s := serve(t, repoFiles(t, tgz), nil)
	var h heard
	r := reader(t.TempDir())
	r.Progress = h.tell
	repo := s.URL
	for range 2 { // what is held already is not fetched again
		fetch(t, r, helmSource(repo, "web", "1.0.0"))
	}
	names := []string{"index of " + s.URL, "chart web 1.0.0 of " + s.URL}
	if len(h.calls) != len(names) {
		t.Errorf("told of %d fetches, want %q: %v", len(h.calls), names, h.calls)
	}
	for _, name := range names {
		calls := h.calls[name]
		if len(calls) < 2 || calls[0] != (Progress{Source: name}) {
			t.Fatalf("%s begins with %+v", name, calls)
		}
		for i, c := range calls[1:] {
			last := i == len(calls)-2
			if grown := c.Bytes - calls[i].Bytes; c.Done != last || !last && grown < min(calls[i].Bytes, stride) || grown < 0 {
				t.Errorf("%s: call %d is %+v after %+v", name, i+1, c, calls[i])
			}
		}
	}
	size := int64(len(tgz))
	calls := h.calls[names[1]]
	if got := calls[len(calls)-1]; got != (Progress{Source: names[1], Bytes: size, Total: size, Done: true}) {
		t.Errorf("the end is %+v, the archive has %d bytes", got, size)
	}
	if n := len(calls); n < 5 || n > int(size/stride)+13 { // the beginning, the end, and the doublings of 512 bytes
		t.Errorf("%d calls for %d bytes", n, size)
	}
}

// The attempts of a fetch are one fetch, and a total is told where the server states one.
func TestAFetchThatBeginsAgainIsToldOnce(t *testing.T) {
	tgz := chartTgz(t, "web", "1.0.0", part{name: "files/noise", body: noise(2 * stride)})
	s := serve(t, repoFiles(t, tgz), func(w http.ResponseWriter, r *http.Request, count int) bool {
		if r.URL.Path != "/web-1.0.0.tgz" || count > 1 {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(tgz)))
		_, _ = w.Write(tgz[:stride+stride/2]) // and the connection is cut
		return true
	})
	var h heard
	r := reader(t.TempDir())
	r.Progress = h.tell
	fetch(t, r, helmSource(s.URL, "web", "1.0.0"))
	begun, ended, back := 0, 0, 0
	calls := h.calls["chart web 1.0.0 of "+s.URL]
	for i, c := range calls {
		switch {
		case c.Done:
			ended++
		case c.Bytes == 0:
			begun++
		case c.Bytes < calls[i-1].Bytes:
			back++
		case back == 0 && c.Total != int64(len(tgz)):
			t.Errorf("call %d has no total of %d: %+v", i, len(tgz), c)
		}
	}
	if begun != 1 || ended != 1 || back != 1 {
		t.Errorf("begun %d, ended %d, gone back %d times: %+v", begun, ended, back, calls)
	}
}

func TestAFetchThatFailsIsToldWithItsError(t *testing.T) {
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	delete(files, "web-1.0.0.tgz")
	s := serve(t, files, nil)
	var h heard
	r := reader(t.TempDir())
	r.Progress = h.tell
	err := refuse(t, r, helmSource(s.URL, "web", "1.0.0"), "404")
	calls := h.calls["chart web 1.0.0 of "+s.URL]
	if len(calls) != 2 || !calls[1].Done || calls[1].Bytes != 0 || calls[1].Err == nil || !strings.Contains(err.Error(), calls[1].Err.Error()) {
		t.Errorf("told %+v of %v", calls, err)
	}
}

func TestNothingIsToldWhereNothingIsFetched(t *testing.T) {
	files := map[string]string{}
	for name, content := range repoFiles(t, chartTgz(t, "web", "1.0.0")) {
		files[name] = content
		files["charts.example.com/"+name] = content
	}
	dir := folder(t, files)
	var h heard
	for _, r := range []*Reader{{Mirror: dir}, {}, {Offline: true}} {
		r.Dir, r.Progress = t.TempDir(), h.tell
		fetch(t, r, helmSource("file://"+filepath.ToSlash(dir), "web", "1.0.0"))
		if r.Mirror != "" {
			fetch(t, r, helmSource("https://charts.example.com", "web", "1.0.0"))
		}
		if r.Offline {
			refuse(t, r, helmSource("https://charts.example.com", "web", "1.0.0"), "offline")
		}
	}
	if len(h.calls) != 0 {
		t.Errorf("told %v", h.calls)
	}
}

// A repository too is told only where a server sends it, and not where a mirror has it.
func TestARepositoryOfAMirrorIsNotTold(t *testing.T) {
	w := newWorkshop(t)
	commit := w.commit(map[string]string{"a.yaml": "a: 1\n"})
	packed, err := w.tree(false)
	must(t, err)
	mirror := folder(t, map[string]string{"git.example.com/org/base.git/" + commit + ".tgz": string(packed)})
	disk := &Reader{Dir: t.TempDir()}
	mirrored := &Reader{Dir: t.TempDir(), Mirror: mirror}
	var h heard
	for r, repo := range map[*Reader]string{disk: "file://" + w.dir, mirrored: "https://git.example.com/org/base.git"} {
		r.Progress = h.tell
		fetch(t, r, render.Source{Kind: render.KindGit, Repo: repo, Version: commit})
	}
	if len(h.calls) != 0 {
		t.Errorf("told %v", h.calls)
	}
	s := newGitServer(t, filepath.Dir(w.dir))
	r := &Reader{Dir: t.TempDir(), Client: s.Client(), Progress: h.tell}
	src := render.Source{Kind: render.KindGit, Repo: s.URL + "/" + filepath.Base(w.dir), Version: commit}
	fetch(t, r, src)
	if len(h.calls) != 1 || len(h.calls[src.String()]) != 2 {
		t.Errorf("told %v, want the beginning and the end of %s", h.calls, src)
	}
}
