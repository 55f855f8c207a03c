package source

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

func TestOneChartFromEveryPlaceIsTheSameTree(t *testing.T) {
	files := repoFiles(t, chartTgz(t, "web", "1.2.3"), chartTgz(t, "web", "1.3.0"))
	s := serve(t, files, nil)
	u, err := url.Parse(s.URL)
	must(t, err)
	in := func(prefix string) map[string]string {
		moved := map[string]string{}
		for name, content := range files {
			moved[prefix+"/"+name] = content
		}
		return moved
	}
	host := strings.ReplaceAll(u.Host, ":", "_")
	want := fetch(t, reader(t.TempDir()), helmSource(s.URL, "web", "1.2.3"))
	if got := paths(want); got != "Chart.yaml templates/a.yaml values.yaml" {
		t.Fatalf("files %s", got)
	}
	if want.Inputs[0].Name != s.URL+"/web-1.2.3.tgz" || want.Inputs[0].Digest != digest([]byte(files["web-1.2.3.tgz"])) {
		t.Errorf("inputs %v", want.Inputs)
	}
	mirror := reader(t.TempDir())
	mirror.Mirror, mirror.Offline = folder(t, in(host)), true
	got := fetch(t, mirror, helmSource(s.URL+"/", "web", "1.2.3"))
	if diff := cmp.Diff(want.Inputs, got.Inputs); diff != "" {
		t.Errorf("the mirror gives other inputs:\n%s", diff)
	}
	oci := reader(t.TempDir())
	oci.Mirror = folder(t, in("registry.example.com/org/charts"))
	deep := reader(t.TempDir())
	deep.Mirror = folder(t, in("charts.example.com_8443/stable"))
	tarball := folder(t, in("vendor"))
	for name, tree := range map[string]render.Tree{
		"mirror":            got,
		"mirror of oci":     fetch(t, oci, helmSource("oci://registry.example.com/org/charts", "web", "1.2.3")),
		"mirror with port":  fetch(t, deep, helmSource("https://Charts.example.com:8443/stable/", "web", "v1.2.3")),
		"file, absolute":    fetch(t, reader(t.TempDir()), helmSource("file://"+folder(t, files), "web", "1.2.3")),
		"file in the stack": fetch(t, reader(tarball), helmSource("file://vendor", "web", "1.2.3")),
		"file, dotted":      fetch(t, reader(tarball), helmSource("file://./vendor", "web", "1.2.3")),
		"archive":           fetch(t, reader(tarball), render.Source{Kind: render.KindHelm, Path: "vendor/web-1.2.3.tgz"}),
	} {
		if diff := cmp.Diff(want.Files, tree.Files); diff != "" {
			t.Errorf("%s gives another tree:\n%s", name, diff)
		}
	}
}

func TestWhatARepositoryLacksIsNamed(t *testing.T) {
	good := repoFiles(t, chartTgz(t, "cert-manager", "v1.16.1"), chartTgz(t, "cert-manager", "v1.16.2"),
		chartTgz(t, "cert-manager", "v1.2.0"), chartTgz(t, "cert-manager", "v1.17.0"), chartTgz(t, "trust", "0.1.0"))
	s := serve(t, good, nil)
	r := reader(t.TempDir())
	refuse(t, r, helmSource(s.URL, "cert-manager", "1.16.9"),
		"stack.cue:7:3: reading chart cert-manager 1.16.9 from "+s.URL+": ",
		"cert-manager has v1.16.1, v1.16.2, v1.17.0; asked 1.16.9")
	refuse(t, r, helmSource(s.URL, "cert-manger", "1.16.2"), "no chart cert-manger", "did you mean cert-manager?")
	refuse(t, r, helmSource(s.URL, "cert-manager", "1.x"), `version "1.x"`, "one exact version")
	refuse(t, r, helmSource(s.URL, "cert-manager", ""), "one exact version")
	refuse(t, r, helmSource(s.URL, "", "1.0.0"), "names no chart")
	refuse(t, r, helmSource("oci:///org", "web", "1.0.0"), "no host")
	refuse(t, r, helmSource("charts.example.com", "web", "1.0.0"), "no known scheme", "https://")
	refuse(t, r, helmSource("https:///x", "web", "1.0.0"), "no host")
	refuse(t, r, helmSource("file://../out", "web", "1.0.0"), "leaves the stack")
	refuse(t, r, helmSource("file:///nonexistent/charts", "web", "1.0.0"), "index.yaml")
	refuse(t, r, helmSource("ftp://charts.example.com", "web", "1.0.0"), "no known scheme")

	m := reader(t.TempDir())
	m.Mirror = t.TempDir()
	refuse(t, m, helmSource("https://charts.example.com/a", "web", "1.0.0"), "the mirror lacks it", "charts.example.com/a of the mirror")
	if s.asked[indexFile] != 1 {
		t.Errorf("the index was asked for %d times", s.asked[indexFile])
	}
}

func TestAnIndexOrArchiveThatDoesNotFitIsAnError(t *testing.T) {
	good := chartTgz(t, "web", "1.0.0")
	hex := strings.TrimPrefix(digest(good), "sha256:")
	line := func(digest, url string) string {
		return "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, digest: '" + digest + "', urls: ['" + url + "']}\n"
	}
	for name, c := range map[string]struct{ index, archive, want string }{
		"wrong digest":         {line(strings.Repeat("0", 64), "web.tgz"), string(good), "has the digest " + digest(good)},
		"tampered":             {line(hex, "web.tgz"), string(chartTgz(t, "web", "1.0.0", part{name: "b", body: "b"})), "the index says sha256:" + hex},
		"other name inside":    {line("", "web.tgz"), string(chartTgz(t, "wob", "1.0.0")), "holds wob 1.0.0"},
		"other version inside": {line("", "web.tgz"), string(chartTgz(t, "web", "1.0.1")), "holds web 1.0.1"},
		"page for an archive":  {line(hex, "web.tgz"), "<!DOCTYPE html><html>login</html>", "HTML page"},
		"page for an index":    {"\n<html><body>hello</body></html>", "", "HTML page"},
		"archive missing":      {line(hex, "gone.tgz"), string(good), "404"},
		"no address":           {"entries: {web: [{version: 1.0.0}]}", "", "no address"},
		"no entries":           {"hello: there", "", "not a chart repository"},
		"empty index":          {"", "", "not a chart repository"},
		"broken versions":      {"entries: {web: [{urls: {a: b}}]}", "", "parsing the versions of web"},
		"broken index":         {"entries: [", "", "parsing index.yaml"},
		"other scheme":         {line(hex, "ftp://charts.example.com/web.tgz"), string(good), "only https and http"},
		"digests differ": {
			line(hex, "web.tgz") + "  - {name: web, version: 1.0.0, digest: '00', urls: [a]}\n",
			string(good), "twice",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string]string{indexFile: c.index, "web.tgz": c.archive}, nil)
			refuse(t, reader(t.TempDir()), helmSource(s.URL, "web", "1.0.0"), "reading chart web 1.0.0 from "+s.URL, c.want)
		})
	}
	t.Run("no digest upstream", func(t *testing.T) {
		s := serve(t, map[string]string{indexFile: line("", "web.tgz"), "web.tgz": string(good)}, nil)
		tree := fetch(t, reader(t.TempDir()), helmSource(s.URL, "web", "1.0.0"))
		if tree.Inputs[0].Digest != digest(good) {
			t.Errorf("inputs %v", tree.Inputs)
		}
	})
	t.Run("malformed neighbour", func(t *testing.T) {
		s := serve(t, map[string]string{indexFile: line(hex, "web.tgz") + "  bad: [{urls: {a: b}}]\n", "web.tgz": string(good)}, nil)
		fetch(t, reader(t.TempDir()), helmSource(s.URL, "web", "1.0.0"))
	})
	t.Run("no digest in a mirror", func(t *testing.T) {
		r := reader(t.TempDir())
		r.Mirror = folder(t, map[string]string{"c.example.com/index.yaml": line("", "web.tgz"), "c.example.com/web.tgz": string(good)})
		refuse(t, r, helmSource("https://c.example.com", "web", "1.0.0"), "no digest")
	})
	t.Run("mirrored index with upstream addresses", func(t *testing.T) {
		r := reader(t.TempDir())
		r.Mirror = folder(t, map[string]string{
			"c.example.com/index.yaml": line(hex, "https://cdn.example.com/a/web.tgz"), "c.example.com/web.tgz": string(good),
		})
		fetch(t, r, helmSource("https://c.example.com", "web", "1.0.0"))
	})
	t.Run("index that leaves the mirror", func(t *testing.T) {
		r := reader(t.TempDir())
		r.Mirror = folder(t, map[string]string{"c.example.com/index.yaml": line(hex, "../web.tgz"), "web.tgz": string(good)})
		refuse(t, r, helmSource("https://c.example.com", "web", "1.0.0"), "outside the repository")
	})
}

func TestAConnectionCutAnywhereNeverGivesAShorterChart(t *testing.T) {
	good := chartTgz(t, "web", "1.0.0", part{name: "noise", body: noise(4000)})
	files := repoFiles(t, good)
	want, err := unpack(good)
	must(t, err)
	cut := func(w http.ResponseWriter, head, content string) {
		conn, out, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = out.WriteString(head + content)
		_ = out.Flush()
		_ = conn.Close()
	}
	for tenth := range 10 {
		for _, name := range []string{indexFile, "web-1.0.0.tgz"} {
			for _, framed := range []bool{true, false} { // without a length the client cannot see the cut
				t.Run(fmt.Sprintf("%s at %d tenths, length %t", name, tenth, framed), func(t *testing.T) {
					s := serve(t, files, func(w http.ResponseWriter, r *http.Request, _ int) bool {
						if r.URL.Path != "/"+name {
							return false
						}
						head := "HTTP/1.0 200 OK\r\n\r\n"
						if framed {
							head = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(files[name]))
						}
						cut(w, head, files[name][:len(files[name])*tenth/10])
						return true
					})
					tree, err := reader(t.TempDir()).Fetch(t.Context(), helmSource(s.URL, "web", "1.0.0"))
					if name == indexFile && !framed && err == nil {
						if !cmp.Equal(tree.Files, want) {
							t.Errorf("another tree from a cut index: %s", paths(tree))
						}
						return
					}
					if err == nil || tree.Files != nil {
						t.Errorf("error %v, files %s", err, paths(tree))
					}
				})
			}
		}
	}
}

func TestManyReadersOfOneChartAskOnce(t *testing.T) {
	s := serve(t, repoFiles(t, chartTgz(t, "web", "1.0.0")), nil)
	r := reader(t.TempDir())
	var group sync.WaitGroup
	trees := make([]render.Tree, 16)
	for i := range trees {
		group.Go(func() { trees[i], _ = r.Fetch(context.WithoutCancel(t.Context()), helmSource(s.URL, "web", "1.0.0")) })
	}
	group.Wait()
	for _, tree := range trees {
		if !cmp.Equal(tree, trees[0]) || len(tree.Files) != 3 {
			t.Errorf("tree %v", tree)
		}
	}
	if s.asked[indexFile] != 1 || s.asked["web-1.0.0.tgz"] != 1 {
		t.Errorf("asked %v", s.asked)
	}
	trees[0].Files[0].Path = "changed"
	if bytes.Contains([]byte(paths(fetch(t, r, helmSource(s.URL, "web", "1.0.0")))), []byte("changed")) {
		t.Error("a caller's change reached the cache")
	}
}
