package source

import (
	"fmt"
	"path/filepath"
	"testing"

	"sluice/render"
)

// From a few kilobytes: 4 charts at each of 11 levels, each an archive.
func TestChartsInChartsAreCounted(t *testing.T) {
	inner := chartTgz(t, "sub", "1.0.0")
	for range 11 {
		var parts []part
		for i := range 4 {
			parts = append(parts, part{name: fmt.Sprintf("charts/s%d.tgz", i), body: string(inner)})
		}
		inner = chartTgz(t, "sub", "1.0.0", parts...)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"sub.tgz": string(inner), "c/Chart.yaml": chartYAML("c", "1.0.0"), "c/charts/sub.tgz": string(inner)})
	for _, at := range []string{"sub.tgz", "c"} {
		refuse(t, reader(dir), chartAt(at), "there are more than 1000 charts in the chart")
	}
}

// Two commits of one tree are two inputs, whichever was read first.
func TestTheProvenanceNamesTheCommit(t *testing.T) {
	w := newWorkshop(t)
	one, two := w.commit(map[string]string{"a.yaml": "a: 1"}), ""
	w.git("commit", "-q", "--allow-empty", "-m", "nothing changed")
	two = w.git("rev-parse", "HEAD")
	repo := "file://" + filepath.ToSlash(w.dir)
	r := &Reader{Dir: t.TempDir(), Resolve: true}
	for _, commit := range []string{one, two} {
		tree, err := r.Fetch(t.Context(), render.Source{Kind: render.KindGit, Repo: repo, Version: commit})
		must(t, err)
		if got := tree.Inputs[0].Name; got != repo+"@"+commit {
			t.Errorf("the input is %s", got)
		}
	}
}

// A lock in which one version stands for another, or an address holds more than an address, is refused.
func TestALockAnswersWhatWasRequested(t *testing.T) {
	helm := Entry{Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "web", Digest: sum("web")}
	git := Entry{Kind: render.KindGit, Repo: "https://git.example.com/r.git", Digest: sum("git")}
	for _, c := range []struct {
		of                  Entry
		requested, resolved string
		ok                  bool
	}{
		{helm, "1.0.0", "1.0.0", true},
		{helm, "v1.0.0", "1.0.0", true},
		{helm, "1.0.0", "1.1.0", false},
		{helm, "^1.0.0", "1.9.0", true},
		{helm, "^1.0.0", "2.0.0", false},
		{helm, "^1.0.0", "1.1.0-rc.1", false},
		{helm, ">=1.0.0-0", "1.1.0-rc.1", true},
		{helm, "latest", "1.0.0", false},
		{helm, sum("manifest"), "1.0.0", true},
		{helm, "1.0.0+a", "1.0.0+b", false},
		{git, commitA, commitA, true},
		{git, "main", commitA, true},
		{git, commitA, "f" + commitA[1:], false},
	} {
		c.of.Requested, c.of.Resolved = c.requested, c.resolved
		_, err := NewLock([]Entry{c.of})
		if c.ok {
			must(t, err)
		} else {
			wantError(t, err, "resolved: it is not what was requested")
		}
	}
	helm.Requested, helm.Resolved, helm.From = "1.0.0", "1.0.0", "https://charts.example.com/web-1.0.0.tgz#access_token=hunter2"
	_, err := NewLock([]Entry{helm})
	wantError(t, err, "from: the address has a fragment")
}

// One commit with and without its submodules is two files of a mirror.
func TestAMirrorTellsSubmodulesApart(t *testing.T) {
	e := Entry{Kind: render.KindGit, Repo: "https://git.example.com/r.git", Resolved: commitA}
	plain := e.treeName()
	e.Submodules = true
	if with := e.treeName(); with == plain || plain != commitA+".tgz" {
		t.Errorf("%s and %s", with, plain)
	}
}

// Each chart depends on the next twice: it is read once all the same.
func TestAChartThatManyDependOnIsAssembledOnce(t *testing.T) {
	const n = 24
	dir, files := t.TempDir(), map[string]string{}
	for i := range n {
		text := chartYAML(fmt.Sprintf("c%d", i), "1.0.0")
		if i < n-1 {
			on := fmt.Sprintf("- {name: c%d, version: 1.0.0, repository: 'file://../c%d'", i+1, i+1)
			text += "dependencies:\n" + on + "}\n" + on + ", alias: z}\n"
		}
		files[fmt.Sprintf("c%d/Chart.yaml", i)] = text
	}
	write(t, dir, files)
	refuse(t, reader(dir), render.Source{Kind: render.KindUmbrella, Path: "c0"}, "more than 16 charts in each other")
}
