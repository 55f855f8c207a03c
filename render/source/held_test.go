package source

import (
	"maps"
	"strings"
	"testing"

	"sluice/render"
)

// A chart of the stack that is rendered as it is has copies of its dependencies in charts/. A copy of the right version
// that lacks a template is a smaller chart that every helm takes.
func TestCopiesInAChartDirectoryAreHeldToTheLock(t *testing.T) {
	one, two := chartTgz(t, "web", "1.0.0", part{name: "templates/b.yaml", body: "kind: Secret"}), chartTgz(t, "web", "1.1.0")
	s := serve(t, repoFiles(t, one, two), nil)
	chart := func(version string) map[string]string {
		return map[string]string{
			"ch/Chart.yaml": "apiVersion: v2\nname: ch\nversion: 0.1.0\ndependencies:\n" +
				"- {name: web, version: '" + version + "', repository: '" + s.URL + "'}\n- {name: own, version: 0.1.0, repository: ''}\n",
			"ch/charts/own/Chart.yaml":         chartYAML("own", "0.1.0"),
			"ch/charts/own/templates/own.yaml": "kind: ConfigMap",
		}
	}
	copied := func(files map[string]string, packed []byte) map[string]string {
		all, err := unpack(packed)
		must(t, err)
		for _, f := range all {
			files["ch/charts/web/"+f.Path] = string(f.Data)
		}
		return files
	}
	archived := chart("^1.0.0")
	archived["ch/charts/web-1.1.0.tgz"] = string(two)
	half := copied(chart("1.0.0"), one)
	delete(half, "ch/charts/web/templates/b.yaml")
	stale := copied(chart("^1.0.0"), one)
	nested := chart("1.0.0")
	for name, content := range half {
		if strings.HasPrefix(name, "ch/charts/web/") {
			nested["ch/charts/own/charts/web/"+strings.TrimPrefix(name, "ch/charts/web/")] = content
		}
	}
	nested["ch/Chart.yaml"] = "apiVersion: v2\nname: ch\nversion: 0.1.0\ndependencies: [{name: own, version: 0.1.0, repository: ''}]\n"
	nested["ch/charts/own/Chart.yaml"] += "dependencies: [{name: web, version: 1.0.0, repository: '" + s.URL + "'}]\n"
	nowhere := maps.Clone(half)
	nowhere["ch/Chart.yaml"] = strings.Replace(nowhere["ch/Chart.yaml"], s.URL, "@stable", 1)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"equal copy":                          {files: copied(chart("1.0.0"), one)},
		"equal archive":                       {files: archived},
		"half a copy":                         {half, []string{"ch/Chart.yaml:5:3: dependency web 1.0.0", "ch/charts/web is not the web 1.0.0 of its repository: templates/b.yaml differs [vendored-chart]"}},
		"stale copy":                          {stale, []string{"ch/charts/web holds web 1.0.0, the lock has 1.1.0 [vendored-chart]", "helm dependency update"}},
		"half a copy in a chart of the stack": {nested, []string{"ch/charts/own/charts/web is not the web 1.0.0 of its repository: templates/b.yaml differs [vendored-chart]"}},
		"an alias":                            {nowhere, []string{"is an alias of helm repo add"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.files)
			src := render.Source{Kind: render.KindHelm, Path: "ch"}
			if strings.HasPrefix(name, "half a copy in") { // an umbrella has charts of its own too
				r := reader(dir)
				r.Resolve = true
				refuse(t, r, render.Source{Kind: render.KindUmbrella, Path: "ch"}, c.want...)
			}
			r := reader(dir)
			r.Resolve = true
			if c.want != nil {
				refuse(t, r, src, c.want...)
				return
			}
			fetch(t, r, src)
			held := reader(dir)
			var err error
			held.Lock, err = NewLock(nil)
			must(t, err)
			refuse(t, held, src, "it is not in sluice.lock")
			held = reader(dir)
			held.Lock, err = NewLock(r.Settled())
			must(t, err)
			fetch(t, held, src)
		})
	}
}
