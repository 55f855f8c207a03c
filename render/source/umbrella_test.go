package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
)

func umbrellaAt(path string) render.Source {
	return render.Source{Kind: render.KindUmbrella, Path: path}
}

// declare gives a Chart.yaml with dependencies written as "name version repository [alias]".
func declare(name string, deps ...string) string {
	return chartYAML(name, "0.1.0") + dependencies(deps...)
}

func dependencies(deps ...string) string {
	var b strings.Builder
	b.WriteString("dependencies:\n")
	for _, d := range deps {
		f := strings.Split(d, "|")
		fmt.Fprintf(&b, "- name: %s\n  version: %q\n  repository: %q\n", f[0], f[1], f[2])
		if len(f) > 3 {
			fmt.Fprintf(&b, "  alias: %s\n", f[3])
		}
	}
	return b.String()
}

func TestAnUmbrellaChartGetsEveryDependency(t *testing.T) {
	one, two, db := chartTgz(t, "redis", "1.0.0"), chartTgz(t, "redis", "2.0.0"), chartTgz(t, "db", "v3.1.4")
	s := serve(t, repoFiles(t, one, two, db), nil)
	dir := folder(t, map[string]string{
		"u/Chart.yaml": declare("u", "redis|1.0.0|"+s.URL, "redis|2.0.0|"+s.URL+"|cache", "redis|2.0.0|"+s.URL+"|queue",
			"db|3.1.4|"+s.URL, "lib|>=0.1.0|file://../lib", "local|~1.0.0|"),
		"u/templates/a.yaml": "a", "u/values.yaml": "redis: {}",
		"u/charts/local/Chart.yaml": chartYAML("local", "1.0.7"), "u/charts/local/templates/l.yaml": "l", "u/charts/README.md": "#",
		"lib/Chart.yaml": declare("lib", "db|3.1.4|"+s.URL), "lib/.helmignore": "*.txt\nci/\n", "lib/templates/_l.tpl": "l",
		"lib/notes.txt": "n", "lib/ci/x.yaml": "x",
	})
	tree := fetch(t, reader(dir), umbrellaAt("u"))
	want := "Chart.yaml charts/README.md charts/db-v3.1.4.tgz charts/lib-0.1.0.tgz charts/local/Chart.yaml charts/local/templates/l.yaml " +
		"charts/redis-1.0.0.tgz charts/redis-2.0.0.tgz templates/a.yaml values.yaml"
	if got := paths(tree); got != want {
		t.Errorf("files\n%s, want\n%s", got, want)
	}
	for name, content := range map[string][]byte{"redis-1.0.0": one, "redis-2.0.0": two, "db-v3.1.4": db} {
		if got, _ := fileOf(tree.Files, "charts/"+name+".tgz"); string(got) != string(content) {
			t.Errorf("%s does not have the bytes of its repository", name)
		}
	}
	packed, _ := fileOf(tree.Files, "charts/lib-0.1.0.tgz")
	lib, err := unpack(packed)
	must(t, err)
	if got := paths(render.Tree{Files: lib}); got != ".helmignore Chart.yaml charts/db-v3.1.4.tgz templates/_l.tpl" {
		t.Errorf("the local dependency is packaged with %s", got)
	}
	var names []string
	for _, in := range tree.Inputs {
		names = append(names, strings.TrimPrefix(in.Name, s.URL))
	}
	if got := strings.Join(names, " "); got != "u /redis-1.0.0.tgz /redis-2.0.0.tgz /db-v3.1.4.tgz lib" {
		t.Errorf("inputs %s", got)
	}
	if s.asked[indexFile] != 1 || s.asked["redis-2.0.0.tgz"] != 1 || s.asked["db-v3.1.4.tgz"] != 1 {
		t.Errorf("asked %v", s.asked)
	}
	if tree.Name != "umbrella chart u" || tree.Origin != "u" {
		t.Errorf("tree %s from %s", tree.Name, tree.Origin)
	}
}

func TestALockPinsRangesAndHasToAgree(t *testing.T) {
	s := serve(t, repoFiles(t, chartTgz(t, "redis", "1.0.0"), chartTgz(t, "redis", "1.1.0")), nil)
	for name, c := range map[string]struct {
		declared, lock, file, want string // want: the archive laid, or the error's text with a "!" before it
	}{
		"range and lock":      {"redis|^1.0.0|" + s.URL, "redis|1.0.0|" + s.URL + "/", "Chart.lock", "charts/redis-1.0.0.tgz"},
		"exact without lock":  {"redis|1.1.0|" + s.URL, "", "", "charts/redis-1.1.0.tgz"},
		"v before exact":      {"redis|v1.1.0|" + s.URL, "", "", "charts/redis-1.1.0.tgz"},
		"range without lock":  {"redis|^1.0.0|" + s.URL, "", "", "!dependency redis ^1.0.0 is a range and no lock pins it"},
		"short without lock":  {"redis|1.1|" + s.URL, "", "", "!commit the Chart.lock"},
		"other version":       {"redis|1.1.0|" + s.URL, "redis|1.0.0|" + s.URL, "Chart.lock", "!disagrees with u/Chart.lock:2:3: redis 1.0.0"},
		"other repository":    {"redis|1.1.0|" + s.URL, "redis|1.1.0|https://c.example.com", "Chart.lock", "!disagrees"},
		"other name":          {"redis|1.1.0|" + s.URL, "radis|1.1.0|" + s.URL, "Chart.lock", "!disagrees"},
		"fewer in the lock":   {"redis|1.1.0|" + s.URL, "", "Chart.lock", "!u/Chart.lock has 0 dependencies, the chart declares 1"},
		"locked but gone":     {"redis|^1.0.0|" + s.URL, "redis|1.0.5|" + s.URL, "Chart.lock", "!redis has 1.0.0, 1.1.0; asked 1.0.5"},
		"no version":          {"redis||" + s.URL, "", "", "!no valid version"},
		"nonsense version":    {"redis|new|" + s.URL, "", "", "!no valid version"},
		"alias of helm":       {"redis|1.1.0|@mine", "", "", "!alias of helm repo add"},
		"chart not there":     {"radis|1.1.0|" + s.URL, "", "", "!did you mean redis?"},
		"unknown scheme":      {"redis|1.1.0|charts.example.com", "", "", "!no known scheme"},
		"vendored and absent": {"redis|1.1.0|", "", "", "!put the chart into u/charts"},
		"local and absent":    {"redis|1.1.0|file://../gone", "", "", "!gone is not there"},
		"local outside":       {"redis|1.1.0|file://../../gone", "", "", "!leaves the stack"},
		"local absolute":      {"redis|1.1.0|file:///gone", "", "", "!relative to the chart's directory"},
		"local is itself":     {"redis|1.1.0|file://.", "", "", "!the chart depends on itself: u -> u"},
		"local of other name": {"redis|1.1.0|file://../lib", "", "", "!lib holds the chart lib, not redis"},
		"local too old":       {"lib|>1.0.0|file://../lib", "", "", "!lib holds lib 1.0.0; asked >1.0.0"},
		"local not as locked": {"lib|>0.1.0|file://../lib", "lib|0.2.0|file://../lib", "Chart.lock", "!the lock says 0.2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"u/Chart.yaml": declare("u", c.declared), "lib/Chart.yaml": chartYAML("lib", "1.0.0")}
			if c.file != "" {
				files["u/"+c.file] = "dependencies: []\n"
				if c.lock != "" {
					files["u/"+c.file] = dependencies(c.lock)
				}
			}
			r := reader(folder(t, files))
			if want, bad := strings.CutPrefix(c.want, "!"); bad {
				refuse(t, r, umbrellaAt("u"), "reading umbrella chart u: ", want)
			} else if got := paths(fetch(t, r, umbrellaAt("u"))); !strings.Contains(got, c.want) {
				t.Errorf("files %s", got)
			}
		})
	}
}

func TestOldChartsDeclareInRequirements(t *testing.T) {
	s := serve(t, repoFiles(t, chartTgz(t, "redis", "1.0.0"), chartTgz(t, "redis", "1.1.0")), nil)
	old := "apiVersion: v1\nname: u\nversion: 0.1.0\n"
	dir := folder(t, map[string]string{
		"u/Chart.yaml": old, "u/requirements.yaml": dependencies("redis|^1.0.0|" + s.URL), "u/requirements.lock": dependencies("redis|1.0.0|" + s.URL),
		"both/Chart.yaml": declare("u", "redis|1.0.0|"+s.URL), "both/requirements.yaml": dependencies("redis|1.1.0|" + s.URL),
		"bad/Chart.yaml": old, "bad/requirements.yaml": "- a",
		"line/Chart.yaml": old, "line/requirements.yaml": dependencies("redis|1.0.0|"+s.URL, "redis|9.0.0|"+s.URL),
	})
	if got := paths(fetch(t, reader(dir), umbrellaAt("u"))); got != "Chart.yaml charts/redis-1.0.0.tgz requirements.lock requirements.yaml" {
		t.Errorf("files %s", got)
	}
	refuse(t, reader(dir), umbrellaAt("both"), "both/Chart.yaml and requirements.yaml both declare")
	refuse(t, reader(dir), umbrellaAt("bad"), "parsing bad/requirements.yaml")
	refuse(t, reader(dir), umbrellaAt("line"), "line/requirements.yaml:5:3: dependency redis 9.0.0 from "+s.URL)
}

func TestLeftoversInChartsAreEqualOrAnError(t *testing.T) {
	good, stale := chartTgz(t, "redis", "1.1.0"), chartTgz(t, "redis", "1.0.0")
	s := serve(t, repoFiles(t, good, stale), nil)
	other := string(chartTgz(t, "redis", "1.1.0", part{name: "templates/more.yaml", body: "kind: Secret"}))
	repacked := string(chartTgz(t, "redis", "1.1.0", part{name: "Chart.lock", body: "dependencies: []"}))
	local, err := pack("lib", []render.File{
		{Path: "Chart.yaml", Data: []byte("version: 1.0.0\nname: lib\napiVersion: v2\n")}, {Path: "templates/l.yaml", Data: []byte("l")},
	})
	must(t, err)
	sub := "u/charts/redis/"
	for name, c := range map[string]struct {
		files map[string]string
		want  string // the error's text; empty for none
	}{
		"equal archive":         {map[string]string{"u/charts/redis-1.1.0.tgz": string(good)}, ""},
		"equal by content":      {map[string]string{"u/charts/redis.tgz": repacked}, ""},
		"local, packed by helm": {map[string]string{"u/charts/lib-1.0.0.tgz": string(local)}, ""},
		"ignored by helm":       {map[string]string{"u/charts/redis.tgz": other, "u/.helmignore": "charts/redis.tgz\n"}, ""},
		"stale archive":         {map[string]string{"u/charts/redis-1.0.0.tgz": string(stale)}, "u/charts/redis-1.0.0.tgz holds redis 1.0.0, Chart.yaml asks for 1.1.0"},
		"stale, named well":     {map[string]string{"u/charts/redis-1.1.0.tgz": string(stale)}, "u/charts/redis-1.1.0.tgz holds redis 1.0.0"},
		"stale beside equal":    {map[string]string{"u/charts/redis-1.0.0.tgz": string(stale), "u/charts/redis-1.1.0.tgz": string(good)}, "holds redis 1.0.0"},
		"other content":         {map[string]string{"u/charts/redis-1.1.0.tgz": other}, "u/charts/redis-1.1.0.tgz is not the redis 1.1.0 of its repository: templates/more.yaml differs"},
		"half a directory":      {map[string]string{sub + "Chart.yaml": chartYAML("redis", "1.1.0"), sub + "values.yaml": "replicas: 1\n"}, "templates/a.yaml differs"},
		"stale directory":       {map[string]string{sub + "Chart.yaml": chartYAML("redis", "1.0.0")}, "u/charts/redis holds redis 1.0.0"},
		"not declared":          {map[string]string{"u/charts/extra/Chart.yaml": chartYAML("extra", "1.0.0")}, "u/charts/extra holds extra 1.0.0, which Chart.yaml does not declare"},
		"broken archive":        {map[string]string{"u/charts/redis-1.1.0.tgz": string(good[:len(good)-9])}, "unpacking u/charts/redis-1.1.0.tgz"},
		"no chart":              {map[string]string{"u/charts/x/values.yaml": ""}, "u/charts/x/Chart.yaml is not there"},
		"ignore file too wide":  {map[string]string{"u/.helmignore": "*.tgz\n"}, "dependency redis 1.1.0 is declared and not in u/charts"},
		"ignore file broken":    {map[string]string{"u/.helmignore": "a/**/b\n"}, "double-star"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"u/Chart.yaml":   declare("u", "redis|1.1.0|"+s.URL, "lib|1.0.0|file://../lib"),
				"lib/Chart.yaml": chartYAML("lib", "1.0.0"), "lib/templates/l.yaml": "l",
			}
			plain := fetch(t, reader(folder(t, files)), umbrellaAt("u"))
			for name, content := range c.files {
				files[name] = content
			}
			r := reader(folder(t, files))
			if c.want != "" {
				refuse(t, r, umbrellaAt("u"), "reading umbrella chart u: ", c.want)
				return
			}
			tree := fetch(t, r, umbrellaAt("u"))
			for _, name := range []string{"charts/redis-1.1.0.tgz", "charts/lib-1.0.0.tgz"} {
				want, _ := fileOf(plain.Files, name)
				if got, _ := fileOf(tree.Files, name); string(got) != string(want) {
					t.Errorf("%s has other bytes than without the leftover", name)
				}
			}
		})
	}
}

func TestAnUnpackedEqualLeftoverIsDropped(t *testing.T) {
	good := chartTgz(t, "redis", "1.1.0")
	s := serve(t, repoFiles(t, good), nil)
	dir := folder(t, map[string]string{"u/Chart.yaml": declare("u", "redis|1.1.0|"+s.URL)})
	plain := fetch(t, reader(dir), umbrellaAt("u"))
	unpacked, err := unpack(good)
	must(t, err)
	for _, f := range unpacked {
		write(t, dir, map[string]string{"u/charts/redis/" + f.Path: string(f.Data)})
	}
	tree := fetch(t, reader(dir), umbrellaAt("u"))
	if paths(tree) != paths(plain) || tree.Inputs[0] != plain.Inputs[0] {
		t.Errorf("with the leftover: %s %v", paths(tree), tree.Inputs)
	}
	must(t, os.Remove(filepath.Join(dir, "u/charts/redis/templates/a.yaml")))
	refuse(t, reader(dir), umbrellaAt("u"), "templates/a.yaml differs")
}

func TestAChartDirectoryIsHeldToWhatItDeclares(t *testing.T) {
	dir := folder(t, map[string]string{
		"ok/Chart.yaml": declare("ok", "redis|^1.0.0|https://c.example.com"), "ok/charts/redis-1.0.0.tgz": string(chartTgz(t, "redis", "1.0.0")),
		"stale/Chart.yaml": declare("stale", "redis|2.0.0|https://c.example.com"), "stale/charts/redis-1.0.0.tgz": string(chartTgz(t, "redis", "1.0.0")),
		"gone/Chart.yaml": declare("gone", "redis|2.0.0|https://c.example.com"),
	})
	if got := paths(fetch(t, reader(dir), chartAt("ok"))); got != "Chart.yaml charts/redis-1.0.0.tgz" {
		t.Errorf("files %s", got)
	}
	refuse(t, reader(dir), chartAt("stale"), "stale/Chart.yaml:5:3: dependency redis 2.0.0: stale/charts/redis-1.0.0.tgz holds 1.0.0")
	refuse(t, reader(dir), chartAt("gone"), "is declared and not in gone/charts", "make it an umbrella source")
}
