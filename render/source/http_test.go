package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPassingFailuresAreTriedAgainAndOthersAreNot(t *testing.T) {
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	for _, c := range []struct {
		status, times, asked int
		ok                   bool
		want                 string
	}{
		{status: 429, times: 1, asked: 2, ok: true},
		{status: 503, times: 3, asked: 4, ok: true},
		{status: 500, times: 9, asked: 4, want: "4 attempts: the server answers 500"},
		{status: 503, times: 9, asked: 4, want: "try again later"},
		{status: 404, times: 1, asked: 1, want: "the server answers 404 Not Found"},
		{status: 401, times: 1, asked: 1, want: "asks for credentials"},
		{status: 204, times: 1, asked: 1, want: "204"},
		{status: 304, times: 1, asked: 1, want: "304"},
	} {
		for _, name := range []string{indexFile, "web-1.0.0.tgz"} {
			t.Run(fmt.Sprintf("%d, %d times, %s", c.status, c.times, name), func(t *testing.T) {
				s := serve(t, files, func(w http.ResponseWriter, r *http.Request, count int) bool {
					if r.URL.Path != "/"+name || count > c.times {
						return false
					}
					w.Header().Set("Retry-After", "7")
					w.WriteHeader(c.status)
					return true
				})
				var waits []time.Duration
				r := reader(t.TempDir())
				r.Wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
				if c.ok {
					fetch(t, r, helmSource(s.URL, "web", "1.0.0"))
				} else {
					refuse(t, r, helmSource(s.URL, "web", "1.0.0"), s.URL+"/"+name, c.want)
				}
				if s.asked[name] != c.asked || len(waits) != c.asked-1 {
					t.Errorf("asked %d times with the waits %v", s.asked[name], waits)
				}
				for _, w := range waits {
					if w != 7*time.Second {
						t.Errorf("waited %v, the server asked for 7s", w)
					}
				}
			})
		}
	}
}

func TestEveryFurtherAttemptIsTold(t *testing.T) {
	s := serve(t, repoFiles(t, chartTgz(t, "web", "1.0.0")), func(w http.ResponseWriter, r *http.Request, count int) bool {
		if r.URL.Path != "/"+indexFile || count > 2 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	var told []string
	r := reader(t.TempDir())
	r.Note = func(line string) { told = append(told, line) }
	host := strings.TrimPrefix(s.URL, "http://")
	fetch(t, r, helmSource("http://"+host, "web", "1.0.0"))
	want := []string{
		"waiting for " + host + ", attempt 2 of 4: the server answers 503 Service Unavailable",
		"waiting for " + host + ", attempt 3 of 4: the server answers 503 Service Unavailable",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestACancelledReadEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, nil, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	_, err := reader(t.TempDir()).Fetch(ctx, helmSource(s.URL, "web", "1.0.0"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if s.asked[indexFile] != 1 {
		t.Errorf("asked %d times", s.asked[indexFile])
	}
	timer := Reader{Dir: t.TempDir()}
	if err := timer.wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting gives %v", err)
	}
	if _, err := timer.Fetch(ctx, helmSource(s.URL, "web", "1.0.0")); !errors.Is(err, context.Canceled) {
		t.Errorf("fetching gives %v", err)
	}
}

func TestASilentServerMeetsTheTimeout(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, nil, func(http.ResponseWriter, *http.Request, int) bool { <-release; return true })
	t.Cleanup(func() { close(release) })
	r := reader(t.TempDir())
	r.Timeout = 5 * time.Millisecond
	err := refuse(t, r, helmSource(s.URL, "web", "1.0.0"), "4 attempts")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestAnEndlessAnswerMeetsTheLimit(t *testing.T) {
	s := serve(t, nil, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		for chunk := make([]byte, 1<<16); ; {
			if _, err := w.Write(chunk); err != nil {
				return true
			}
		}
	})
	u, err := url.Parse(s.URL)
	must(t, err)
	if content, err := reader("").get(t.Context(), download{url: u, limit: 1 << 20}); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("%d bytes, error %v", len(content), err)
	}
}

func TestOfflineNamesWhatWouldBeFetched(t *testing.T) {
	s := serve(t, repoFiles(t, chartTgz(t, "web", "1.0.0")), nil)
	r := reader(t.TempDir())
	r.Offline = true
	refuse(t, r, helmSource(s.URL, "web", "1.0.0"), "offline, and "+s.URL+"/index.yaml would have to be fetched", "--mirror")
	if len(s.asked) != 0 {
		t.Errorf("asked %v", s.asked)
	}
}

// logins records the credentials that each path was asked with.
type logins struct {
	mu   sync.Mutex
	seen []string
}

func (l *logins) note(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	user, password, _ := r.BasicAuth()
	l.seen = append(l.seen, r.URL.Path+" "+user+":"+password)
}

func TestCredentialsAreSentToTheirHostAndNeverPrinted(t *testing.T) {
	good := chartTgz(t, "web", "1.0.0")
	var away, home logins
	other := serve(t, map[string]string{"web-1.0.0.tgz": string(good)}, func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		away.note(r)
		return false
	})
	files := repoFiles(t, good)
	files["far/index.yaml"] = strings.ReplaceAll(files[indexFile], "[web-1.0.0.tgz]", "['"+other.URL+"/web-1.0.0.tgz']")
	s := serve(t, files, func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		home.note(r)
		return false
	})
	known := func() *Reader {
		r := reader(t.TempDir())
		r.Access = &Access{Named: map[string]string{s.URL: "robot:hunter2"}}
		return r
	}
	secret := strings.Replace(s.URL, "http://", "http://robot:hunter2@", 1)
	tree := fetch(t, known(), helmSource(s.URL, "web", "1.0.0"))
	fetch(t, known(), helmSource(s.URL+"/far", "web", "1.0.0"))
	if got := strings.Join(home.seen, ", "); got != "/index.yaml robot:hunter2, /web-1.0.0.tgz robot:hunter2, /far/index.yaml robot:hunter2" {
		t.Errorf("the repository saw %s", got)
	}
	if got := strings.Join(away.seen, ", "); got != "/web-1.0.0.tgz :" {
		t.Errorf("the other host saw %s", got)
	}
	texts := []string{tree.Origin, tree.Inputs[0].Name}
	s.Close()
	mirror := reader(t.TempDir())
	mirror.Mirror = t.TempDir()
	offline := reader(t.TempDir())
	offline.Offline = true
	for _, url := range []string{
		secret, secret + "/far?token=hunter2", "https://robot:hun%ter2@charts.example.com", "https://robot:hunter2/x@charts.example.com",
		"oci://robot:hunter2@charts.example.com/x", "ftp://robot:hunter2@charts.example.com", "https://robot:hunter2@",
	} {
		for _, r := range []*Reader{reader(t.TempDir()), mirror, offline} {
			texts = append(texts, refuse(t, r, helmSource(url, "web", "1.0.0"), "reading chart web 1.0.0 from ").Error())
		}
	}
	for _, text := range texts {
		if strings.Contains(text, "hunter") || strings.Contains(text, "ter2") || strings.Contains(text, "robot") {
			t.Errorf("credentials in %q", text)
		}
	}
}

func TestRedirectsAreFollowedButNotToPlainHTTP(t *testing.T) {
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	plain := serve(t, files, nil)
	follow := func(to string) *httptest.Server {
		s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, to+r.URL.Path, http.StatusFound)
		}))
		t.Cleanup(s.Close)
		return s
	}
	sound := httptest.NewTLSServer(plain.Config.Handler)
	t.Cleanup(sound.Close)
	hop := follow(sound.URL)
	r := reader(t.TempDir())
	r.Client = hop.Client()
	r.Client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true // two servers, one test certificate
	if got := paths(fetch(t, r, helmSource(hop.URL, "web", "1.0.0"))); got != "Chart.yaml templates/a.yaml values.yaml" {
		t.Errorf("files %s", got)
	}
	refuse(t, r, helmSource(follow(plain.URL).URL, "web", "1.0.0"), "redirected from https to http://127.0.0.1")
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }))
	t.Cleanup(loop.Close)
	refuse(t, reader(t.TempDir()), helmSource(loop.URL, "web", "1.0.0"), "more than 10 redirects")
	refuse(t, reader(t.TempDir()), helmSource(hop.URL, "web", "1.0.0"), "certificate")
	if r.Client.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

func TestTheAddressOfARepositoryKeepsItsSpelling(t *testing.T) {
	var asked logins
	s := serve(t, nil, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		asked.mu.Lock()
		defer asked.mu.Unlock()
		asked.seen = append(asked.seen, r.URL.EscapedPath()+"?"+r.URL.RawQuery)
		_, _ = fmt.Fprint(w, "entries: {web: [{version: 1.0.0, urls: [a/web.tgz]}]}")
		return true
	})
	refuse(t, reader(t.TempDir()), helmSource(s.URL+"/group%2Fproject/helm?job=1", "web", "1.0.0"), "unpacking the archive")
	if got := strings.Join(asked.seen, " "); got != "/group%2Fproject/helm/index.yaml?job=1 /group%2Fproject/helm/a/web.tgz?job=1" {
		t.Errorf("asked %s", got)
	}
}
