package source

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/render"
)

// chartFrom is the source of the one chart of these tests.
func webOf(url string) render.Source { return helmSource(url, "web", "1.0.0") }

func silentLog() *log.Logger { return log.New(io.Discard, "", 0) }

func TestEveryPlaceOpensARepository(t *testing.T) {
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	var asked seen
	s := httptest.NewServer(guarded(files, &asked, "robot:"+secret))
	t.Cleanup(s.Close)
	tokens := httptest.NewServer(guarded(files, &asked, "Bearer "+secret))
	t.Cleanup(tokens.Close)
	named := func(url, value string) *Access { return &Access{Named: map[string]string{url: value}} }
	wrong := standard(t, "default login robot password not-"+secret, "")
	for _, c := range []struct {
		what, url string
		access    *Access
		want      []string // parts of the error, or none
	}{
		{what: "named", url: s.URL, access: named(s.URL, "robot:"+secret)},
		{what: "token", url: tokens.URL, access: named(tokens.URL, secret)},
		{what: "helm", url: s.URL, access: standard(t, "", "repositories: [{url: '"+s.URL+"/', username: robot, password: "+secret+"}]")},
		{what: "netrc", url: s.URL, access: standard(t, "machine 127.0.0.1 login robot password "+secret, "")},
		{what: "default", url: s.URL, access: standard(t, "default login robot password "+secret, "")},
		{what: "nothing", url: s.URL, want: []string{"401 Unauthorized", "netrc, helm's repositories.yaml and credentials: in the stack have none"}},
		{what: "empty", url: s.URL, access: &Access{}, want: []string{"401 Unauthorized", "have none for it"}},
		{what: "wrong", url: s.URL, access: wrong, want: []string{"401 Unauthorized", "other than those of netrc"}},
		{what: "wrong token", url: tokens.URL, access: named(tokens.URL, "x"+secret), want: []string{"other than those of credentials: in the stack"}},
		{what: "wrong URL", url: strings.Replace(s.URL, "//", "//robot:x"+secret+"@", 1), want: []string{"the address holds a user or password"}},
		{
			what: "missing", url: s.URL, access: &Access{Missing: map[string]string{s.URL: "CHARTS_LOGIN", "https://x.example.com": "OTHER"}},
			want: []string{"set the environment variable CHARTS_LOGIN, which the stack names for " + s.URL},
		},
		{what: "malformed", url: s.URL, access: standard(t, secret, ""), want: []string{"fetching " + s.URL, "netrc:1: there is a word"}},
	} {
		r := told(t, c.access)
		if c.want == nil {
			fetch(t, r, webOf(c.url))
			continue
		}
		err := refuse(t, r, webOf(c.url), c.want...)
		silent(t, append(hintsOf(err), err.Error())...)
	}
}

// hosts gives a client for which every host of example.com is on the loopback address, under the port asked for.
func hosts() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(at)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}}
}

func TestARedirectToAnotherAddressTakesNoCredentials(t *testing.T) {
	var first, second seen
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		second.note(r)
		if back := r.URL.Query().Get("back"); back != "" {
			http.Redirect(w, r, back, http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, files["web-1.0.0.tgz"])
	}))
	t.Cleanup(end.Close)
	var to string
	start := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first.note(r)
		switch r.URL.Path {
		case "/index.yaml":
			_, _ = io.WriteString(w, files[indexFile])
		case "/web-1.0.0.tgz":
			http.Redirect(w, r, to, http.StatusFound)
		default:
			_, _ = io.WriteString(w, files["web-1.0.0.tgz"])
		}
	}))
	t.Cleanup(start.Close)
	_, firstPort, _ := net.SplitHostPort(start.Listener.Addr().String())
	_, secondPort, _ := net.SplitHostPort(end.Listener.Addr().String())
	home := "http://charts.example.com:" + firstPort
	for _, login := range []string{"robot:" + secret, "token-" + secret} {
		sent := " " + login
		if !strings.Contains(login, ":") {
			sent = " Bearer " + login
		}
		for _, c := range []struct{ what, to, first, second string }{
			{what: "same host", to: "/moved.tgz", first: "/moved.tgz" + sent},
			{what: "same host, absolute", to: strings.ToUpper(home[:4]) + home[4:] + "/moved.tgz", first: "/moved.tgz" + sent},
			{what: "another port", to: "http://charts.example.com:" + secondPort + "/x.tgz", second: "/x.tgz"},
			{what: "a subdomain", to: "http://sub.charts.example.com:" + firstPort + "/x.tgz", first: "/x.tgz"},
			{what: "the parent domain", to: "http://example.com:" + firstPort + "/x.tgz", first: "/x.tgz"},
			{what: "another host", to: "http://127.0.0.1:" + secondPort + "/x.tgz", second: "/x.tgz"},
			{what: "there and back", to: "http://charts.example.com:" + secondPort + "/x.tgz?back=" + home + "/back.tgz", first: "/back.tgz", second: "/x.tgz"},
		} {
			to = c.to
			r := told(t, &Access{Named: map[string]string{home: login}})
			r.Client = hosts()
			fetch(t, r, webOf(home))
			want := "/index.yaml" + sent + ", /web-1.0.0.tgz" + sent
			if c.first != "" {
				want += ", " + c.first
			}
			if got := first.take(); got != want {
				t.Errorf("%s: the first server saw %s; want %s", c.what, got, want)
			}
			if got := second.take(); got != c.second {
				t.Errorf("%s: the second server saw %s; want %s", c.what, got, c.second)
			}
		}
	}
}

func TestARedirectToALoginIsExplained(t *testing.T) {
	var asked seen
	end := httptest.NewServer(guarded(nil, &asked, "robot:"+secret))
	t.Cleanup(end.Close)
	start := serve(t, nil, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, end.URL+"/x?token="+secret, http.StatusFound)
		return true
	})
	r := told(t, &Access{Named: map[string]string{start.URL: "robot:" + secret, end.URL: "robot:" + secret}})
	err := refuse(t, r, webOf(start.URL), "401", "the server redirects to "+end.URL+", where no credentials are sent")
	silent(t, append(hintsOf(err), err.Error())...)
}

func TestWhatAnotherHostOfAnIndexIsSent(t *testing.T) {
	good := chartTgz(t, "web", "1.0.0")
	files := repoFiles(t, good)
	var home, away seen
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		away.note(r)
		_, _ = w.Write(good)
	}))
	t.Cleanup(other.Close)
	_, port, _ := net.SplitHostPort(other.Listener.Addr().String())
	var index string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		home.note(r)
		if strings.HasSuffix(r.URL.Path, indexFile) {
			_, _ = io.WriteString(w, index)
			return
		}
		_, _ = w.Write(good)
	}))
	t.Cleanup(s.Close)
	helm := func(more string) string {
		return "repositories: [{url: '" + s.URL + "/charts', username: robot, password: " + secret + more + "}]"
	}
	const here = "robot:" + secret
	named := func(more ...string) *Access {
		a := &Access{Named: map[string]string{s.URL + "/charts": here}}
		for _, url := range more {
			a.Named[url] = "other:" + secret
		}
		return a
	}
	abroad := "http://far.example.com:" + port
	for _, c := range []struct {
		what, archive, home, away string
		access                    *Access
	}{
		{what: "the same host, elsewhere", archive: s.URL + "/files/web.tgz", access: named(), home: "/files/web.tgz " + here},
		{what: "the same host, helm", archive: "/files/web.tgz", access: standard(t, "", helm("")), home: "/files/web.tgz " + here},
		{what: "the same host, stated", archive: "/files/web.tgz", access: named(s.URL + "/files"), home: "/files/web.tgz other:" + secret},
		{what: "another host", archive: other.URL + "/web.tgz", access: named(), away: "/web.tgz"},
		{what: "another host, stated", archive: other.URL + "/web.tgz", access: named(other.URL), away: "/web.tgz other:" + secret},
		{what: "another host, helm", archive: other.URL + "/web.tgz", access: standard(t, "", helm("")), away: "/web.tgz"},
		{what: "pass_credentials_all", archive: other.URL + "/web.tgz", access: standard(t, "", helm(", pass_credentials_all: true")), away: "/web.tgz " + here},
		{what: "pass_credentials_all in the clear", archive: abroad + "/web.tgz", access: standard(t, "", helm(", pass_credentials_all: true")), away: "/web.tgz"},
		{what: "netrc machine", archive: other.URL + "/web.tgz", access: standard(t, "machine 127.0.0.1 login net password "+secret, helm("")), away: "/web.tgz net:" + secret},
		{what: "netrc default", archive: other.URL + "/web.tgz", access: standard(t, "default login net password "+secret, helm("")), away: "/web.tgz"},
	} {
		index = strings.ReplaceAll(files[indexFile], "[web-1.0.0.tgz]", "['"+c.archive+"']")
		r := told(t, c.access)
		r.Client = hosts()
		fetch(t, r, webOf(s.URL+"/charts"))
		want := "/charts/index.yaml " + here
		if c.home != "" {
			want += ", " + c.home
		}
		if got := home.take(); got != want {
			t.Errorf("%s: the repository saw %s; want %s", c.what, got, want)
		}
		if got := away.take(); got != c.away {
			t.Errorf("%s: the other host saw %s; want %s", c.what, got, c.away)
		}
	}
}

func TestOfflineReadsNoCredentials(t *testing.T) {
	r := told(t, standard(t, secret, secret))
	r.Offline = true
	refuse(t, r, webOf("https://charts.example.com"), "offline, and https://charts.example.com/index.yaml would have to be fetched")
}
