package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
)

func chartAt(path string) render.Source { return render.Source{Kind: render.KindHelm, Path: path} }

func manifestsAt(path string) render.Source {
	return render.Source{Kind: render.KindManifests, Path: path}
}

func TestAChartDirectoryIsReadWholeInPathOrder(t *testing.T) {
	dir := folder(t, map[string]string{
		"c/Chart.yaml": chartYAML("c", "1.0.0"), "c/.helmignore": "*.txt\n", "c/a.txt": "ignored by the engine, not here",
		"c/templates/b.yaml": "b", "c/templates/.hidden.yaml": "h", "c/.git/HEAD": "ref", "c/templates-b": "sorts before templates/",
		"shared/x.yaml": "x", "shared/deep/y.yaml": "y",
	})
	must(t, os.Symlink("../../shared/x.yaml", filepath.Join(dir, "c/templates/x.yaml")))
	must(t, os.Symlink("../shared", filepath.Join(dir, "c/files")))
	must(t, os.Symlink("files", filepath.Join(dir, "c/again")))
	tree := fetch(t, reader(dir), chartAt("c"))
	want := ".helmignore Chart.yaml a.txt again/deep/y.yaml again/x.yaml files/deep/y.yaml files/x.yaml " +
		"templates-b templates/.hidden.yaml templates/b.yaml templates/x.yaml"
	if got := paths(tree); got != want {
		t.Errorf("files\n%s, want\n%s", got, want)
	}
	if tree.Name != "chart c" || tree.Origin != "c" || len(tree.Inputs) != 1 || tree.Inputs[0].Name != "c" {
		t.Errorf("tree %s from %s with %v", tree.Name, tree.Origin, tree.Inputs)
	}
	whole := fetch(t, reader(filepath.Join(dir, "shared")), render.Source{Kind: render.KindManifests, Path: "."})
	if got := paths(whole); got != "deep/y.yaml x.yaml" {
		t.Errorf("files of . are %s", got)
	}
}

func TestTheDigestOfADirectoryIsThatOfItsListing(t *testing.T) {
	dir := folder(t, map[string]string{"m/b.yaml": "b", "m/a/a.yaml": "a", "m/README.md": "not a manifest"})
	input := fetch(t, reader(dir), manifestsAt("m")).Inputs[0]
	// sha256sum a/a.yaml b.yaml | sha256sum
	line := func(content, name string) string {
		return strings.TrimPrefix(digest([]byte(content)), "sha256:") + "  " + name + "\n"
	}
	if want := digest([]byte(line("a", "a/a.yaml") + line("b", "b.yaml"))); input.Digest != want {
		t.Errorf("digest %s, want %s", input.Digest, want)
	}
	write(t, dir, map[string]string{"m/README.md": "changed"})
	if again := fetch(t, reader(dir), manifestsAt("m")).Inputs[0]; again != input {
		t.Error("a file that is not read changes the digest")
	}
	must(t, os.Rename(filepath.Join(dir, "m/b.yaml"), filepath.Join(dir, "m/c.yaml")))
	if again := fetch(t, reader(dir), manifestsAt("m")).Inputs[0]; again == input {
		t.Error("a new name does not change the digest")
	}
}

func TestWhatADirectoryMayNotHold(t *testing.T) {
	for name, c := range map[string]struct {
		make func(dir string) error
		want []string
	}{
		"link out":             {link("c/templates/l.yaml", "../../../outside.yaml"), []string{"link c/templates/l.yaml to ../../../outside.yaml leaves the stack"}},
		"directory out":        {link("c/files", "../.."), []string{"link c/files to ../.. leaves the stack"}},
		"absolute link":        {link("c/l", "/etc/hostname"), []string{"link c/l to /etc/hostname leaves the stack"}},
		"link to nothing":      {link("c/l", "gone"), []string{"link c/l to gone leads nowhere"}},
		"link to itself":       {link("c/l", "l"), []string{"link c/l to l leaves the stack directory or does not end"}},
		"link to parent":       {link("c/templates/up", ".."), []string{"link c/templates/up to .. leads back"}},
		"link to the stack":    {link("c/templates/up", "../.."), []string{"leads back"}},
		"line break in a name": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "c/a\nb"), nil, 0o644) }, []string{"line break"}},
		"huge file": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "c/big"), make([]byte, maxDirFile+1), 0o644)
		}, []string{"c/big is larger than"}},
		"very deep": {func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, "c", strings.Repeat("d/", maxDirDepth+1)), 0o755)
		}, []string{"directories deep"}},
		"no Chart.yaml": {func(dir string) error { return os.Remove(filepath.Join(dir, "c/Chart.yaml")) }, []string{"c/Chart.yaml is not there"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shortDir(t)
			write(t, dir, map[string]string{"c/Chart.yaml": chartYAML("c", "1.0.0"), "c/templates/a.yaml": "a: 1"})
			must(t, c.make(dir))
			refuse(t, reader(dir), chartAt("c"), append(c.want, "reading chart c: ")...)
		})
	}
}

// shortDir is a temporary directory whose path leaves room for a socket's, which has about 100 bytes.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func link(name, target string) func(string) error {
	return func(dir string) error { return os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))) }
}

func TestAPathOutsideTheStackIsRefused(t *testing.T) {
	outer := folder(t, map[string]string{"out/Chart.yaml": chartYAML("out", "1.0.0"), "out/a.yaml": "a", "stack/x": ""})
	must(t, os.Symlink("../out", filepath.Join(outer, "stack/in")))
	r := reader(filepath.Join(outer, "stack"))
	for _, path := range []string{"../out", "/etc", "a/../../out"} {
		for _, kind := range []string{render.KindHelm, render.KindUmbrella, render.KindManifests} {
			refuse(t, r, render.Source{Kind: kind, Path: path}, "path "+path+" leaves the stack directory", "inside it")
		}
	}
	for _, path := range []string{"in", "in/a.yaml"} {
		refuse(t, r, manifestsAt(path), "link in to ../out leaves the stack")
	}
	refuse(t, r, chartAt("gone"), "gone is not there")
	refuse(t, r, render.Source{Kind: render.KindUmbrella, Path: "x"}, "x is a file, not a directory")
	refuse(t, r, render.Source{Kind: render.KindHelm}, "neither a repository nor a path")
	refuse(t, r, render.Source{Kind: render.KindKustomize, Path: "x"}, "a kustomization is not fetched")
	refuse(t, r, render.Source{Kind: "jsonnet", Path: "x"}, `unknown kind of source "jsonnet"`)
	refuse(t, reader(filepath.Join(outer, "gone")), chartAt("x"), "opening the stack directory")
}

func TestManifestsAreTheYAMLAndJSONFilesInPathOrder(t *testing.T) {
	dir := folder(t, map[string]string{
		"m/b.yaml": "b", "m/a.yml": "a", "m/c/d.json": "{}", "m/README.md": "#", "m/run.sh": "#", "m/.hidden.yaml": "h", "m/.d/x.yaml": "x",
		"empty/README.md": "#", "k/kustomization.yaml": "resources: []", "h/Chart.yaml": chartYAML("h", "1.0.0"), "j/a.jsonnet": "{}", "j/b.yaml": "b",
	})
	r := reader(dir)
	if got := paths(fetch(t, r, manifestsAt("m"))); got != ".d/x.yaml .hidden.yaml a.yml b.yaml c/d.json" {
		t.Errorf("files %s", got)
	}
	one := fetch(t, r, manifestsAt("m/c/d.json"))
	if paths(one) != "d.json" || one.Origin != "m/c" || one.Inputs[0] != (render.Input{Name: "m/c/d.json", Digest: digest([]byte("{}"))}) {
		t.Errorf("one file gives %v", one)
	}
	for path, want := range map[string]string{
		"empty": "holds no .yaml", "k": "kustomize source", "h": "helm or umbrella source", "j": "j/a.jsonnet is Jsonnet",
		"m/run.sh": "m/run.sh is not a manifest", "gone": "gone is not there",
	} {
		refuse(t, r, manifestsAt(path), fmt.Sprintf("reading manifests %s: ", path), want)
	}
}
