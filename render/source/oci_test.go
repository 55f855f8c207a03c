package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	helmConfig = "application/vnd.cncf.helm.config.v1+json"
	helmLayer  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

func TestAChartOfARegistryIsResolvedAndFetched(t *testing.T) {
	s := ociServer(t, nil)
	const repo = "org/charts/web"
	manifests := map[string]string{}
	archives := map[string]string{}
	for _, v := range []string{"1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "3.0.0+build.7"} {
		packed := chartTgz(t, "web", v)
		manifests[v], archives[v] = s.push(t, repo, packed), digest(packed)
	}
	packed := chartTgz(t, "web", "v1.5.0")
	manifests["v1.5.0"], archives["v1.5.0"] = s.push(t, repo, packed), digest(packed)
	s.pushAs(t, repo, "latest", chartTgz(t, "web", "1.2.0"))
	s.pushAs(t, repo, "1.2", chartTgz(t, "web", "1.2.0"))
	for _, c := range []struct{ asked, want string }{
		{"1.2.0", "1.2.0"},
		{"v1.2.0", "1.2.0"},
		{"1.5.0", "v1.5.0"},
		{"v1.5.0", "v1.5.0"},
		{"2.0.0-rc.1", "2.0.0-rc.1"},
		{"3.0.0+build.7", "3.0.0+build.7"},
		{"^1.0.0", "1.10.0"},
		{"~1.5", "v1.5.0"},
		{"1.2", "1.2.0"},
		{">=1.0.0 <2.0.0-0", "1.10.0"},
		{"<2.1", "1.10.0"},
		{"2.0.0-0 - 2.9", "2.0.0-rc.1"},
		{"*", "3.0.0+build.7"},
		{manifests["1.0.0"], "1.0.0"},
	} {
		t.Run(c.asked, func(t *testing.T) {
			e, _ := settle(t, ociOf(t), ociEntry(s.url("/org/charts/"), "web", c.asked))
			want := ociEntry(s.url("/org/charts/"), "web", c.asked)
			want.Resolved, want.Digest, want.From = c.want, archives[c.want], s.url("/org/charts/web@"+manifests[c.want])
			if e != want {
				t.Errorf("resolved to\n%+v, want\n%+v", e, want)
			}
		})
	}
	versions, err := ociOf(t).versions(t.Context(), ociEntry(s.url("/org/charts"), "web", ""))
	must(t, err)
	slices.Sort(versions)
	if got := strings.Join(versions, " "); got != "1.0.0 1.10.0 1.2.0 2.0.0-rc.1 3.0.0+build.7 v1.5.0" {
		t.Errorf("versions %s", got)
	}
}

func TestAResolvedChartIsAskedByItsManifest(t *testing.T) {
	s := ociServer(t, nil)
	old := chartTgz(t, "web", "1.0.0")
	s.push(t, "charts/web", old)
	o := ociOf(t)
	e, err := o.resolve(t.Context(), ociEntry(s.url("/charts"), "web", "^1.0.0"))
	must(t, err)
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0", part{name: "templates/b.yaml", body: "kind: Secret\n"}))
	before := s.asked["v2/charts/web/manifests/1.0.0"]
	packed, err := o.fetch(t.Context(), e)
	must(t, err)
	if string(packed) != string(old) || s.asked["v2/charts/web/manifests/1.0.0"] != before {
		t.Error("the tag was asked again, or other bytes were fetched")
	}
	for _, from := range []string{"", "oci://registry.example.com/charts/web@sha256:" + strings.Repeat("0", 64)} {
		e.From = from
		_, err = o.fetch(t.Context(), e)
		says(t, err, "wanted "+digest(old), "was replaced")
	}
}

func TestAMirrorServesTheSameArchiveUnderAnotherManifest(t *testing.T) {
	upstream, mirror := ociServer(t, nil), ociServer(t, nil)
	packed := chartTgz(t, "web", "1.0.0+1")
	upstream.push(t, "charts/web", packed)
	mirror.push(t, "copy/web", packed, "a provenance file, so another manifest")
	e, err := ociOf(t).resolve(t.Context(), ociEntry(upstream.url("/charts"), "web", "*"))
	must(t, err)
	e.Repo = mirror.url("/copy")
	if got, err := ociOf(t).fetch(t.Context(), e); err != nil || string(got) != string(packed) {
		t.Errorf("error %v", err)
	}
	e.From = mirror.url("/copy/web@sha256:" + strings.Repeat("0", 64)) // pushed again, the old manifest collected
	if got, err := ociOf(t).fetch(t.Context(), e); err != nil || string(got) != string(packed) {
		t.Errorf("error %v", err)
	}
}

func TestTheProvenanceFileIsFetched(t *testing.T) {
	s := ociServer(t, nil)
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0"), "signed")
	s.push(t, "charts/web", chartTgz(t, "web", "2.0.0"))
	for version, want := range map[string]string{"1.0.0": "signed", "2.0.0": ""} {
		e, err := ociOf(t).resolve(t.Context(), ociEntry(s.url("/charts"), "web", version))
		must(t, err)
		got, err := ociOf(t).provenance(t.Context(), e)
		if string(got) != want || errors.Is(err, errUnsigned) != (want == "") {
			t.Errorf("%s: %q, error %v", version, got, err)
		}
	}
}

func TestWhatARegistryDoesNotHave(t *testing.T) {
	s := ociServer(t, nil)
	for _, v := range []string{"1.0.0", "1.1.0", "1.2.0", "2.0.0", "3.0.0-rc.1"} {
		s.push(t, "charts/web", chartTgz(t, "web", v))
	}
	s.pushAs(t, "charts/empty", "latest", chartTgz(t, "empty", "1.0.0"))
	host := strings.TrimPrefix(s.URL, "http://")
	for _, c := range []struct {
		repo, chart, asked string
		want               []string
	}{
		{s.url("/charts"), "web", "1.1.5", []string{s.url("/charts/web") + " has 1.0.0, 1.1.0, 1.2.0, 2.0.0; asked 1.1.5", "write one of these"}},
		{s.url("/charts"), "web", "^4", []string{`no version in the range "^4"`, "1.1.0, 1.2.0, 2.0.0, 3.0.0-rc.1", "pre-releases count only"}},
		{s.url("/charts"), "web", ">=3", []string{"pre-releases count only"}},
		{s.url("/charts"), "web", "latest", []string{`"latest" is neither a version nor a range`}},
		{s.url("/charts"), "web", "", []string{`"" is neither a version nor a range`}},
		{s.url("/charts"), "web", "sha256:" + strings.Repeat("0", 64), []string{"charts/web@sha256:000", "404"}},
		{s.url("/charts"), "wob", "1.0.0", []string{"registry " + host + " has no chart charts/wob", "check the name"}},
		{s.url("/charts"), "wob", "^1", []string{"registry " + host + " has no chart charts/wob"}},
		{s.url("/charts"), "empty", "^1", []string{"no version at all"}},
		{s.url("/charts"), "empty", "1.0.0", []string{"no version at all"}},
		{s.url("/Charts"), "web", "1.0.0", []string{"lower case"}},
		{s.url("/charts/web:1.0.0"), "web", "1.0.0", []string{"the chart and its version apart"}},
		{s.url("/charts"), "", "1.0.0", []string{"names no chart"}},
		{"oci://robot:hunter2@example.com/charts", "web", "1.0.0", []string{"oci://example.com/charts has credentials"}},
		{"oci://robot:hun%ter2@example.com/charts", "web", "1.0.0", []string{"not a URL"}},
		{"https://example.com/charts", "web", "1.0.0", []string{"not the address of an OCI registry"}},
		{"oci:///charts", "web", "1.0.0", []string{"not the address of an OCI registry"}},
	} {
		_, err := ociOf(t).resolve(t.Context(), ociEntry(c.repo, c.chart, c.asked))
		says(t, err, c.want...)
	}
	offline := ociOf(t)
	offline.reader.Offline = true
	clear(s.asked)
	_, err := offline.resolve(t.Context(), ociEntry(s.url("/charts"), "web", "1.0.0"))
	says(t, err, "offline, and "+s.url("/charts/web"))
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
}

func TestOnlyChartsAreTakenFromARegistry(t *testing.T) {
	s := ociServer(t, nil)
	const repo = "charts/web"
	good := s.blob(t, repo, helmLayer, chartTgz(t, "web", "1.0.0"))
	config := s.blob(t, repo, helmConfig, []byte(`{"name":"web","version":"1.0.0"}`))
	huge := good
	huge.Size = maxArchive + 1
	legacy := good
	legacy.MediaType = "application/tar+gzip"
	config2 := s.blob(t, repo, helmConfig, []byte(`{"name":"other","version":"1.0.0"}`))
	config3 := s.blob(t, repo, helmConfig, []byte(`{}`))
	layers := func(l ...ocispec.Descriptor) []ocispec.Descriptor { return l }
	version := map[string]string{"org.opencontainers.image.version": "1.0.0"}
	for _, c := range []struct {
		name string
		m    ocispec.Manifest
		want string
	}{
		{"image", ocispec.Manifest{Config: s.blob(t, repo, ocispec.MediaTypeImageConfig, []byte("{}")), Layers: layers(good)}, "not a helm chart, but application/vnd.oci.image.config.v1+json"},
		{"artifact", ocispec.Manifest{ArtifactType: "application/vnd.example", Config: ocispec.DescriptorEmptyJSON, Layers: layers(good)}, "not a helm chart, but application/vnd.example"},
		{"no layer", ocispec.Manifest{Config: config, Layers: layers(config)}, "it has 0 layers of " + helmLayer},
		{"two layers", ocispec.Manifest{Config: config, Layers: layers(good, legacy)}, "it has 2 layers"},
		{"huge layer", ocispec.Manifest{Config: config, Layers: layers(huge)}, "67108865 bytes, more than 67108864"},
		{"another name", ocispec.Manifest{Config: config2, Layers: layers(good)}, "holds the chart other"},
		{"other version", ocispec.Manifest{Config: s.blob(t, repo, helmConfig, []byte(`{"version":"1.0.1"}`)), Layers: layers(good)}, "holds version 1.0.1; asked 1.0.0"},
		{"legacy layer", ocispec.Manifest{Config: config, Layers: layers(legacy)}, ""},
		{"annotation", ocispec.Manifest{Config: config3, Layers: layers(good), Annotations: version}, ""},
		{"only a tag", ocispec.Manifest{Config: config3, Layers: layers(good)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := s.manifest(t, repo, "1.0.0", c.m)
			e, err := ociOf(t).resolve(t.Context(), ociEntry(s.url("/charts"), "web", "1.0.0"))
			if err == nil {
				_, err = ociOf(t).fetch(t.Context(), e)
			}
			if c.want == "" {
				must(t, err)
				return
			}
			says(t, err, c.want)
			if c.name == "image" {
				_, err := ociOf(t).resolve(t.Context(), ociEntry(s.url("/charts"), "web", at))
				says(t, err, c.want, s.url("/charts/web@"+at))
			}
		})
	}
	_, err := ociOf(t).resolve(t.Context(), ociEntry(s.url("/charts"), "web", s.manifest(t, repo, "", ocispec.Manifest{Config: config3, Layers: layers(good)})))
	says(t, err, "does not state its version")
	index := `{"schemaVersion":2,"mediaType":"` + ocispec.MediaTypeImageIndex + `","manifests":[]}`
	_, err = s.mem.PushManifest(t.Context(), repo, "1.0.0", []byte(index), ocispec.MediaTypeImageIndex)
	must(t, err)
	_, err = ociOf(t).resolve(t.Context(), ociEntry(s.url("/charts"), "web", "1.0.0"))
	says(t, err, "index of several manifests", s.url("/charts/web:1.0.0"))
}

func TestABrokenRegistryIsNeverBelieved(t *testing.T) {
	page := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!DOCTYPE html><title>Sign in</title>")
	}
	packed := chartTgz(t, "web", "1.0.0")
	blob := "v2/charts/web/blobs/" + digest(packed)
	for _, c := range []struct {
		name, path string
		answer     func(w http.ResponseWriter, r *http.Request)
		want       string
		asked      int
	}{
		{"other bytes", blob, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(slices.Clone(packed[:len(packed)-1]), '!'))
		}, "other bytes under " + digest(packed), 1},
		{"more bytes", blob, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(packed)
			w.(http.Flusher).Flush() // no length
			_, _ = w.Write([]byte{0})
		}, "other bytes under", 1},
		{"fewer bytes", blob, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(packed[:99]) }, "mismatch Content-Length", 1},
		{"fewer bytes, chunked", blob, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(packed[:99])
			w.(http.Flusher).Flush()
		}, "4 attempts: the answer was cut off", 4},
		{"a cut connection", blob, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
			_, _ = w.Write(packed[:99])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "4 attempts: the answer was cut off", 4},
		{"a page for a blob", blob, func(w http.ResponseWriter, _ *http.Request) { page(w) }, "mismatch Content-Length", 1},
		{"no blob", blob, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "the blob " + digest(packed), 1},
		{"a page for a manifest", "v2/charts/web/manifests/1.0.0", func(w http.ResponseWriter, _ *http.Request) { page(w) }, "a login or a web page answered", 1},
		{"a page for tags", "v2/charts/web/tags/list", func(w http.ResponseWriter, _ *http.Request) { page(w) }, "a login or a web page answered", 1},
		{"half a list", "v2/charts/web/tags/list", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"tags":["1.0.0",`) }, "4 attempts: the answer was cut off", 4},
		{"a list of something else", "v2/charts/web/tags/list", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"tags":"1.0.0"}`) }, "not a registry's", 1},
		{"the next page elsewhere", "v2/charts/web/tags/list", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `<https://elsewhere.example.com/v2/?n=signature>; rel="next"`)
			_, _ = fmt.Fprint(w, `{"tags":["1.0.0"]}`)
		}, "not the same origin", 1},
		{"no end of pages", "v2/charts/web/tags/list", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `</v2/charts/web/tags/list>; rel="next"`)
			_, _ = fmt.Fprint(w, `{"tags":["1.0.0"]}`)
		}, "exceeded 1000 pages", 1000},
		{"a secret in the words", "v2/charts/web/tags/list", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"errors":[{"code":"DENIED","message":"hunter2"},{"code":"hunter2"}]}`)
		}, "answers 403 Forbidden (denied)", 1},
		{"a redirect with a signature", blob, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/v2/far?signature", http.StatusTemporaryRedirect)
		}, "404", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.URL.Path != "/"+c.path {
					return false
				}
				c.answer(w, r)
				return true
			})
			s.push(t, "charts/web", packed)
			e, err := ociOf(t).resolve(t.Context(), ociEntry(s.url("/charts"), "web", "^1.0.0"))
			if err == nil {
				_, err = ociOf(t).fetch(t.Context(), e)
			}
			says(t, err, c.want, s.url("/charts/web"))
			if s.asked[c.path] != c.asked {
				t.Errorf("asked %d times, want %d", s.asked[c.path], c.asked)
			}
		})
	}
}

func TestAnArchiveIsNotUnpackedOnTheWay(t *testing.T) {
	s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
		}
		return false
	})
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0"))
	settle(t, ociOf(t), ociEntry(s.url("/charts"), "web", "1.0.0"))
}

func TestOfTwoSpellingsOfAVersionOneIsAlwaysTaken(t *testing.T) {
	s := ociServer(t, nil)
	plain, other := s.push(t, "charts/web", chartTgz(t, "web", "1.0.0")), s.push(t, "charts/web", chartTgz(t, "web", "v1.0.0"))
	built := s.push(t, "charts/web", chartTgz(t, "web", "2.0.0+b"))
	s.push(t, "charts/web", chartTgz(t, "web", "2.0.0+a"))
	for asked, want := range map[string]string{"~1.0": plain, "1.0.0": plain, "v1.0.0": other, ">1": built} {
		e, _ := settle(t, ociOf(t), ociEntry(s.url("/charts"), "web", asked))
		if !strings.HasSuffix(e.From, want) {
			t.Errorf("%s gives %+v", asked, e)
		}
	}
}

func TestARegistryInTroubleIsWaitedFor(t *testing.T) {
	packed := chartTgz(t, "web", "1.0.0")
	for _, path := range []string{"tags/list", "manifests/1.0.0", "blobs/" + digest(packed)} {
		s := ociServer(t, func(w http.ResponseWriter, r *http.Request, count int) bool {
			if r.URL.Path != "/v2/charts/web/"+path || count > 2 {
				return false
			}
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests + (count-1)*74) // 429, then 503
			return true
		})
		s.push(t, "charts/web", packed)
		var waits []time.Duration
		var told []string
		o := ociOf(t)
		noted(o, &waits, &told)
		settle(t, o, ociEntry(s.url("/charts"), "web", "^1.0.0"))
		host := strings.TrimPrefix(s.URL, "http://")
		want := []string{
			"waiting for " + host + ", attempt 2 of 4: the server answers 429 Too Many Requests",
			"waiting for " + host + ", attempt 3 of 4: the server answers 503 Service Unavailable",
		}
		if !slices.Equal(told, want) || !slices.Equal(waits, []time.Duration{7 * time.Second, 7 * time.Second}) {
			t.Errorf("%s: told %q, waited %v", path, told, waits)
		}
	}
}

func TestASlowRegistryIsLeftWhenCancelledAndMeetsTheTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	s := ociServer(t, func(http.ResponseWriter, *http.Request, int) bool { cancel(); <-release; return true })
	t.Cleanup(func() { close(release) })
	_, err := ociOf(t).resolve(ctx, ociEntry(s.url("/charts"), "web", "1.0.0"))
	if !errors.Is(err, context.Canceled) || s.asked["v2/charts/web/manifests/1.0.0"] != 1 {
		t.Errorf("error %v, asked %v", err, s.asked)
	}
	o := ociOf(t)
	o.reader.Timeout = 5 * time.Millisecond
	_, err = o.resolve(t.Context(), ociEntry(s.url("/charts"), "web", "1.0.0"))
	says(t, err, "asking for "+s.url("/charts/web:1.0.0")+", 4 attempts")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestEveryPageOfTagsIsRead(t *testing.T) {
	var pages int
	s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			if pages++; pages == 2 { // once, in the middle; the list begins anew
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
			q := r.URL.Query()
			q.Set("n", "3")
			r.URL.RawQuery = q.Encode()
		}
		return false
	})
	for i := range 10 {
		s.push(t, "charts/web", chartTgz(t, "web", fmt.Sprintf("1.%d.0", i)))
	}
	all, err := ociOf(t).versions(t.Context(), ociEntry(s.url("/charts"), "web", ""))
	if err != nil || len(all) != 10 || pages != 6 {
		t.Errorf("%v on %d pages, error %v", all, pages, err)
	}
}

func TestABlobIsFollowedToAnotherHostButNotToPlainHTTP(t *testing.T) {
	packed := chartTgz(t, "web", "1.0.0")
	var seen logins
	serveBlob := func(w http.ResponseWriter, r *http.Request) {
		seen.mu.Lock()
		seen.seen = append(seen.seen, r.Header.Get("Authorization"))
		seen.mu.Unlock()
		_, _ = w.Write(packed)
	}
	far := httptest.NewTLSServer(http.HandlerFunc(serveBlob))
	t.Cleanup(far.Close)
	plain := httptest.NewServer(http.HandlerFunc(serveBlob))
	t.Cleanup(plain.Close)
	to := far.URL
	s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if _, _, ok := r.BasicAuth(); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		if strings.HasSuffix(r.URL.Path, digest(packed)) {
			http.Redirect(w, r, to+"/blob?signature=1", http.StatusTemporaryRedirect)
			return true
		}
		return false
	})
	s.push(t, "charts/web", packed)
	repo, client := ociTLS(t, s, "/charts")
	o := overTLS(t, client) // every httptest server has the one certificate
	o.login = login(robot())
	e, _ := settle(t, o, ociEntry(repo, "web", "1.0.0"))
	if !slices.Equal(seen.seen, []string{""}) {
		t.Errorf("the other host saw %d requests, or a credential", len(seen.seen))
	}
	to = plain.URL
	_, err := o.fetch(t.Context(), e)
	says(t, err, "redirected from https to "+plain.URL)
	if len(seen.seen) != 1 {
		t.Error("the plain host was asked")
	}
}

func TestPlainHTTPIsForLoopbackHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "[::1]:5000": true, "[::1]": true,
		"localhost.example.com": false, "10.0.0.1:5000": false, "registry.example.com": false, "127.0.0.1.example.com": false,
	} {
		if loopback(host) != want {
			t.Errorf("%s: %t", host, !want)
		}
	}
	s := ociServer(t, nil)
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0"))
	_, err := overTLS(t, nil).resolve(t.Context(), ociEntry(s.url("/charts"), "web", "1.0.0"))
	says(t, err, "gave HTTP response to HTTPS client", "over plain http only on a loopback host")
}
