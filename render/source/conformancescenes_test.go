package source

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
)

// repositoryOf makes a repository of charts, and what publishes web 1.2.3 again.
type repositoryOf func(s *scene, secure bool) (string, func() []string)

// chartFrom asks for chart web.
func chartFrom(from repositoryOf, secure bool, version string) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := newScene(t)
		at, republish := from(s, secure)
		s.src, s.want, s.republish = helmSource(at, "web", version), chartOf("web", "1.2.3", nil), republish
		return s
	}
}

// moving publishes a release that the range admits, and nothing else: what the lock has is still there.
func moving(of func(*testing.T) *scene) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := of(t)
		s.republish = func() []string {
			s.release()
			r := s.reader(nil)
			r.Resolve = true
			if tree := fetch(t, r, s.src); strings.Contains(fmt.Sprint(tree.Inputs), "1.2.3") {
				t.Errorf("the range does not admit the new release: %v", tree.Inputs)
			}
			return nil
		}
		return s
	}
}

func chartOfFolder(t *testing.T) *scene {
	s := newScene(t)
	old, other := packedFrom(t, chartOf("web", "1.2.3", nil)), packedFrom(t, chartOf("web", "1.2.3", map[string]string{"more": "more\n"}))
	dir, copied := folder(t, repoFiles(t, old)), folder(t, repoFiles(t, old))
	s.places = []string{dir}
	s.mirrors["file://"+dir] = "file://" + copied
	s.src, s.want = helmSource("file://"+dir, "web", "1.2.3"), chartOf("web", "1.2.3", nil)
	s.republish = func() []string {
		write(t, dir, repoFiles(t, other))
		return []string{digest(old), digest(other)}
	}
	return s
}

func localChartScene(t *testing.T) *scene {
	s := newScene(t)
	s.src, s.want = chartAt("charts/web"), chartOf("web", "1.2.3", nil)
	write(t, s.dir, in("charts/web", s.want))
	return s
}

func archiveScene(t *testing.T) *scene {
	s := newScene(t)
	s.src, s.want = chartAt("web.tgz"), chartOf("web", "1.2.3", nil)
	write(t, s.dir, map[string]string{"web.tgz": string(packedFrom(t, s.want))})
	return s
}

// umbrella writes an umbrella chart; the lines of its dependencies are as Chart.yaml has them.
func (s *scene) umbrella(at string, lines []string, archives ...[]byte) map[string]string {
	files := map[string]string{
		"Chart.yaml":  chartYAML("all", "0.1.0") + "dependencies:\n  - " + strings.Join(lines, "\n  - ") + "\n",
		"values.yaml": "db: {enabled: false}\n",
	}
	write(s.t, filepath.Join(s.dir, at), files)
	s.want = maps.Clone(files)
	for _, a := range archives {
		meta := metaOf(s.t, a)
		s.want["charts/"+meta.Name+"-"+meta.Version+".tgz"] = string(a)
	}
	return files
}

// umbrellaOf depends on web and db of one repository; the Chart.lock, where there is one, pins web.
func umbrellaOf(from repositoryOf, version, pinned string) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := newScene(t)
		at, republish := from(s, true)
		s.republish = republish
		s.umbrella("all", []string{
			fmt.Sprintf("{name: web, version: %q, repository: %q}", version, at),
			fmt.Sprintf("{name: db, version: 2.0.0, repository: %q}", at),
		}, packedFrom(t, chartOf("web", "1.2.3", nil)), packedFrom(t, chartOf("db", "2.0.0", nil)))
		if pinned != "" { // what the range admits today is another release
			s.release()
			text := fmt.Sprintf("dependencies:\n- {name: web, version: %s, repository: %q}\n- {name: db, version: 2.0.0, repository: %q}\n", pinned, at, at)
			s.want["Chart.lock"] = text
			write(t, s.dir, map[string]string{"all/Chart.lock": text})
		}
		s.src = render.Source{Kind: render.KindUmbrella, Path: "all"}
		return s
	}
}

// umbrellaAliases has web twice under two names, and db, which a condition switches off and which is there all the same.
func umbrellaAliases(t *testing.T) *scene {
	s := newScene(t)
	at, republish := s.charts(true)
	s.republish = republish
	s.umbrella("all", []string{
		fmt.Sprintf("{name: web, alias: front, version: 1.2.3, repository: %q}", at),
		fmt.Sprintf("{name: web, alias: back, version: 1.2.3, repository: %q}", at+"/"),
		fmt.Sprintf("{name: db, version: 2.0.0, repository: %q, condition: db.enabled}", at),
	}, packedFrom(t, chartOf("web", "1.2.3", nil)), packedFrom(t, chartOf("db", "2.0.0", nil)))
	s.src = render.Source{Kind: render.KindUmbrella, Path: "all"}
	return s
}

func umbrellaFile(t *testing.T) *scene {
	s := newScene(t)
	lib := chartOf("lib", "0.3.0", nil)
	write(t, s.dir, in("lib", lib))
	s.umbrella("all", []string{`{name: lib, version: ">=0.1", repository: "file://../lib"}`}, packedFrom(t, lib))
	s.src = render.Source{Kind: render.KindUmbrella, Path: "all"}
	return s
}

// estate is what the Git repositories of the scenes hold.
func estate() map[string]string {
	files := map[string]string{
		"manifests/a.yaml":        "kind: A\n",
		"base/kustomization.yaml": "resources: [b.yaml]\n",
		"base/b.yaml":             "kind: B\n",
	}
	maps.Copy(files, in("charts/web", chartOf("web", "1.2.3", nil)))
	return files
}

func gitScene(scheme, revision string) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := newScene(t)
		w, _ := s.repo(estate())
		s.src = render.Source{Kind: render.KindGit, Repo: s.over(scheme, w), Version: revision}
		s.want, s.republish = estate(), moveOn(w)
		return s
	}
}

// gitGone asks for a commit that a force-push takes away later.
func gitGone(scheme string) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := newScene(t)
		w, commit := s.repo(estate())
		s.src = render.Source{Kind: render.KindGit, Repo: s.over(scheme, w), Version: commit}
		s.want, s.republish = estate(), rewriteHistory(w, commit)
		return s
	}
}

// refScene leads into a repository by a path.
func refScene(scheme, kind, at string) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := newScene(t)
		w, _ := s.repo(estate())
		s.refs["estate"] = render.Source{Kind: render.KindGit, Repo: s.over(scheme, w), Version: "main"}
		s.src = render.Source{Kind: kind, Path: "$estate/" + at}
		s.want, s.republish = chartOf("web", "1.2.3", nil), moveOn(w)
		if kind == render.KindManifests {
			s.want = map[string]string{"a.yaml": "kind: A\n"}
		}
		return s
	}
}

// refUmbrella is an umbrella chart of a repository, with charts of another place.
func refUmbrella(t *testing.T) *scene {
	s := newScene(t)
	at, republish := s.charts(true)
	files := s.umbrella("unused", []string{
		fmt.Sprintf("{name: web, version: 1.2.3, repository: %q}", at),
		fmt.Sprintf("{name: db, version: ^2, repository: %q}", at),
	}, packedFrom(t, chartOf("web", "1.2.3", nil)), packedFrom(t, chartOf("db", "2.0.0", nil)))
	must(t, os.RemoveAll(filepath.Join(s.dir, "unused")))
	w, _ := s.repo(in("all", files))
	s.refs["estate"] = render.Source{Kind: render.KindGit, Repo: s.over("https", w), Version: "main"}
	s.src, s.republish = render.Source{Kind: render.KindUmbrella, Path: "$estate/all"}, republish
	return s
}

func remoteBaseScene(scheme string) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		s := newScene(t)
		w, _ := s.repo(estate())
		s.src = render.Source{Kind: render.KindKustomize, Repo: s.over(scheme, w) + "//base?ref=v1.0.0"}
		s.want, s.republish = estate(), moveOn(w)
		return s
	}
}

// documentServer serves one JSON document, and gives its URL.
func (s *scene) documentServer() (address, content string, republish func() []string) {
	const old, other = `{"type":"integer"}`, `{"type":"number"}`
	sh := &wares{}
	sh.put(map[string]string{"schemas/size.json": old})
	at := s.open(true, sh).url
	s.mirrors[at] = doorOf(s.t, false, sh).url
	return at + "/schemas/size.json", old, func() []string {
		sh.put(map[string]string{"schemas/size.json": other})
		return []string{digest([]byte(old)), digest([]byte(other))}
	}
}

func fileScene(t *testing.T) *scene {
	s := newScene(t)
	address, content, republish := s.documentServer()
	s.src = render.Source{Kind: render.KindFile, Repo: address}
	s.want, s.republish = map[string]string{"size.json": content}, republish
	return s
}

// withSchema is a chart whose schema refers to a document, that refers to another.
func (s *scene) withSchema() (map[string]string, func() []string) {
	const more, leaf = "https://schemas.example.com/more.json?version=2", `{"minimum":1}`
	address, content, republish := s.documentServer()
	sh := &wares{}
	sh.put(map[string]string{"more.json": leaf})
	d := s.open(true, sh)
	s.dial["schemas.example.com:443"] = strings.TrimPrefix(d.url, "https://")
	s.mirrors["https://schemas.example.com"] = doorOf(s.t, false, sh).url
	s.documents = map[string]string{address: content, more: leaf}
	return chartOf("web", "1.2.3", map[string]string{
		schemaName: fmt.Sprintf(`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"size":{"allOf":[{"$ref":%q},{"$ref":%q}]}}}`, address, more),
	}), republish
}

func documentsScene(t *testing.T) *scene {
	s := newScene(t)
	s.want, s.republish = s.withSchema()
	s.src = chartAt("web")
	write(t, s.dir, in("web", s.want))
	return s
}

// packedDocumentsScene has the same chart in a directory of charts, so that the documents alone are remote.
func packedDocumentsScene(t *testing.T) *scene {
	s := newScene(t)
	s.want, s.republish = s.withSchema()
	s.src = chartAt("web.tgz")
	write(t, s.dir, map[string]string{"web.tgz": string(packedFrom(t, s.want))})
	return s
}
