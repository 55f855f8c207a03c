package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/render/hydrate"
	"sluice/render/toolchain"
)

func TestOperands(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"x.yaml", "a:b.yaml"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("rendered", 0o700); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]operand{
		"render": {"render", ""}, "render:workstation": {"render", "workstation"}, "rev:main": {"rev", "main"},
		"rev:HEAD~2": {"rev", "HEAD~2"}, "tree:../a:b": {"tree", "../a:b"}, "branch:rendered/prod": {"branch", "rendered/prod"},
		"file:x.yaml": {"file", "x.yaml"}, "-": {"-", ""},
	} {
		got, err := parseOperand(text)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for text, hint := range map[string]string{
		"": "variable", "tree:": "variable", "rev:": "variable", "render:": "variable", "file:-": "- alone", "-:x": "- alone",
		"x.yaml": "did you mean file:x.yaml?", "a:b.yaml": "did you mean file:a:b.yaml?", "rendered": "did you mean tree:rendered",
		"tre:rendered": "did you mean tree:rendered?", "barnch:x": "did you mean branch:x?", "rendr": "did you mean render?",
		"main": "did you mean rev:main", "https://example.com": "it takes render, rev", "argocd:netbox": "argocd app manifests",
		"repo-server:localhost:8081": "argocd app manifests", "tree": "variable",
	} {
		var placed *render.Error
		got, err := parseOperand(text)
		if err == nil {
			t.Errorf("%q is %v", text, got)
			continue
		}
		if placed, _ = err.(*render.Error); placed == nil || !strings.Contains(placed.Hint, hint) {
			t.Errorf("%q: %v, hint %+v, want %q", text, err, placed, hint)
		}
	}
}

// gitIn calls the git binary.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=A",
		"GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

const sidesStack = `package stack
name: "demo"
cluster: {kubernetes: "1.33.4", argocd: "3.2.5"}
hydrate: {repoURL: "https://git.example.com/c.git", branch: "rendered/demo", prefix: "demo-"}
layers: base: {wave: 0, tier: "core", apps: {
	config: {manifests: ["m/config"], namespace: "conf", sync: {prune: false}}
	web: {manifests: ["m/web"], sync: {automated: true, prune: true, options: ["ServerSideApply=true"]}}
}}
`

func configMaps(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + n + "}\ndata: {a: b}\n")
	}
	return b.String()
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// demo is a repository with a stack in stacks/demo; the invocation is in it.
func demo(t *testing.T) (repo string, v *invocation, stderr *bytes.Buffer) {
	t.Helper()
	repo = t.TempDir()
	gitIn(t, repo, "init", "-q", "-b", "main")
	stack := filepath.Join(repo, "stacks", "demo")
	put(t, filepath.Join(stack, "stack.cue"), sidesStack)
	put(t, filepath.Join(stack, "m/config/a.yaml"), configMaps("a", "b"))
	put(t, filepath.Join(stack, "m/web/a.yaml"), configMaps("w"))
	gitIn(t, repo, "add", ".")
	gitIn(t, repo, "commit", "-qm", "first")
	stderr = new(bytes.Buffer)
	v = &invocation{found: map[toolchain.Tool]toolchain.Found{}, said: map[string]bool{}, in: strings.NewReader(""), out: bufio.NewWriter(io.Discard), err: newProgress(stderr), stack: stack, jobs: 2, offline: true}
	v.cache.dir = t.TempDir()
	return repo, v, stderr
}

// outline is what a side has: per app layer, namespace, policy and keys.
func outline(s side) map[string]any {
	got := make(map[string]any)
	for _, r := range s.results {
		var keys []string
		for _, o := range r.Set.Objects {
			keys = append(keys, o.Key.String())
		}
		slices.Sort(keys)
		got[r.App.Name] = []any{r.App.Layer, r.App.Namespace, r.App.Sync, keys}
	}
	return got
}

func mustSide(t *testing.T, v *invocation, text string) side {
	t.Helper()
	o, err := parseOperand(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := v.side(t.Context(), o)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	t.Cleanup(s.done)
	return s
}

// What was rendered, written and committed is the same on every way back.
func TestEverySideOfOneStackIsTheSame(t *testing.T) {
	repo, v, _ := demo(t)
	out := filepath.Join(repo, "out")
	for _, to := range []target{{out: out}, {branch: "rendered/demo", create: true, allowDirty: true}} {
		if err := v.hydrate(t.Context(), to, "table"); err != nil {
			t.Fatal(err)
		}
	}
	want := outline(mustSide(t, v, "render"))
	if len(want) != 2 {
		t.Fatalf("rendered %v", want)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	gitIn(t, repo, "clone", "-q", repo, clone)
	elsewhere := *v
	elsewhere.stack = filepath.Join(clone, "stacks", "demo")
	for _, c := range []struct {
		v       *invocation
		operand string
		notes   int
	}{
		{v, "render", 0},
		{v, "render:helm4", 0},
		{v, "rev:main", 0},
		{v, "rev:HEAD", 0},
		{v, "tree:" + out, 0},
		{v, "branch:rendered/demo", 0},
		{&elsewhere, "branch:rendered/demo", 1},
		{&elsewhere, "branch:origin/rendered/demo", 1},
		{&elsewhere, "rev:origin/main", 0},
	} {
		s := mustSide(t, c.v, c.operand)
		if diff := cmp.Diff(want, outline(s)); diff != "" || len(s.notes) != c.notes {
			t.Errorf("%s (notes %q), want -, got +:\n%s", c.operand, s.notes, diff)
		}
		if (s.plan != nil) != (s.scheme == "render" || s.scheme == "rev") || (s.commit != "") != (s.scheme == "rev" || s.scheme == "branch") {
			t.Errorf("%s: plan %v, commit %q", c.operand, s.plan != nil, s.commit)
		}
	}
	// The clone's own branch falls behind.
	gitIn(t, clone, "branch", "rendered/demo", "origin/rendered/demo")
	if s := mustSide(t, &elsewhere, "branch:rendered/demo"); len(s.notes) != 0 {
		t.Errorf("equal branches: notes %q", s.notes)
	}
	gitIn(t, clone, "branch", "-f", "rendered/demo", "origin/main")
	gitIn(t, clone, "branch", "-f", "rendered/demo", "origin/rendered/demo~0")
	put(t, filepath.Join(repo, "stacks/demo/m/web/a.yaml"), configMaps("w", "x"))
	if err := v.hydrate(t.Context(), target{branch: "rendered/demo", allowDirty: true}, "table"); err != nil {
		t.Fatal(err)
	}
	gitIn(t, clone, "fetch", "-q")
	if s := mustSide(t, &elsewhere, "branch:rendered/demo"); len(s.notes) != 1 || !strings.Contains(s.notes[0], "origin/rendered/demo is at") {
		t.Errorf("branches apart: notes %q", s.notes)
	}
}

func TestARevisionIsRenderedAsItWas(t *testing.T) {
	repo, v, _ := demo(t)
	first := outline(mustSide(t, v, "render"))
	put(t, filepath.Join(repo, "stacks/demo/m/web/a.yaml"), configMaps("other"))
	put(t, filepath.Join(repo, "stacks/demo/stack.cue"), strings.Replace(sidesStack, "config: {", "renamed: {", 1))
	s := mustSide(t, v, "rev:HEAD")
	if diff := cmp.Diff(first, outline(s)); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(s.plan.Dir); err != nil {
		t.Errorf("it cannot be rendered again: %v", err)
	}
	v.apps = []string{"renamed"}
	if s := mustSide(t, v, "rev:HEAD"); len(s.results) != 0 || len(s.plan.Others) != 2 {
		t.Errorf("an app that the revision does not have: %v", outline(s))
	}
	pairs, err := v.pairs(mustSide(t, v, "rev:HEAD"), mustSide(t, v, "render"))
	if err != nil || len(pairs) != 1 || len(pairs[0].Left.Set.Objects) != 0 || len(pairs[0].Right.Set.Objects) != 2 {
		t.Errorf("pairs %+v, %v", pairs, err)
	}
	v.apps = []string{"renmaed"}
	if _, err := v.pairs(mustSide(t, v, "rev:HEAD"), mustSide(t, v, "render")); err == nil {
		t.Error("an app that neither side has is compared")
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	v.apps = nil
	s = mustSide(t, v, "rev:HEAD")
	if made, _ := os.ReadDir(temporary); len(made) != 1 {
		t.Errorf("directories of a revision: %v", made)
	}
	s.done()
	put(t, filepath.Join(repo, "stacks/demo/stack.cue"), "package stack\nname: 1\n")
	gitIn(t, repo, "commit", "-qam", "broken")
	if _, err := v.side(t.Context(), operand{"rev", "HEAD"}); err == nil {
		t.Error("a broken stack is rendered")
	}
	if left, _ := os.ReadDir(temporary); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestACaptureIsOneApp(t *testing.T) {
	repo, v, _ := demo(t)
	name := filepath.Join(t.TempDir(), "x.yaml")
	put(t, name, configMaps("w"))
	render := mustSide(t, v, "render")
	if _, err := v.pairs(mustSide(t, v, "file:"+name), render); err == nil || !strings.Contains(err.Error(), "not said which") {
		t.Errorf("a capture of two apps: %v", err)
	}
	v.apps = []string{"web"}
	pairs, err := v.pairs(mustSide(t, v, "file:"+name), mustSide(t, v, "render"))
	if err != nil || len(pairs) != 1 || pairs[0].App != "web" || pairs[0].Left.App.Namespace != pairs[0].Right.App.Namespace {
		t.Errorf("pairs %+v, %v", pairs, err)
	}
	pairs, err = v.pairs(mustSide(t, v, "file:"+name), mustSide(t, v, "file:"+filepath.Join(repo, "stacks/demo/m")))
	if err != nil || len(pairs) != 1 || len(pairs[0].Right.Set.Objects) != 3 {
		t.Errorf("two captures: %+v, %v", pairs, err)
	}
	for form, text := range map[string]string{
		"stream": configMaps("a", "b"), "crlf": strings.ReplaceAll(configMaps("a", "b"), "\n", "\r\n"),
		"list":  "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
		"lines": `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}` + "\n" + `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}`,
		"array": ` [{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}, {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}]`,
	} {
		v.in = strings.NewReader(text)
		if s := mustSide(t, v, "-"); len(s.results) != 1 || len(s.results[0].Set.Objects) != 2 || len(s.notes) != 0 {
			t.Errorf("%s: %v, notes %q", form, outline(s), s.notes)
		}
	}
	for form, text := range map[string]string{"nothing": "", "blank": "\n", "a comment": "# WARNING: x\n", "an empty document": "---\n", "an empty list": "[]"} {
		v.in = strings.NewReader(text)
		s := mustSide(t, v, "-")
		if len(s.results) != 1 || len(s.notes) != 1 || !strings.Contains(s.notes[0], "pipefail") {
			t.Errorf("%s: %v, notes %q", form, outline(s), s.notes)
		}
		pairs, err := v.pairs(s, mustSide(t, v, "render"))
		if err != nil || len(pairs) != 1 || len(pairs[0].Left.Set.Objects) != 0 || len(pairs[0].Right.Set.Objects) != 1 {
			t.Errorf("%s: pairs %+v, %v", form, pairs, err)
		}
	}
	for form, text := range map[string]string{
		"cut": `apiVersion: v1` + "\nkind: Secret\nmetadata: {name: s}\ndata: {k: \"hunter2", "cut JSON": `{"apiVersion":"v1","kind":"Secret","data":{"k":"hunter2"`,
		"cut array": `[{"apiVersion":"v1","kind":"Secret","data":{"k":"hunter2"}},`, "a message": "Error: hunter2\n" + configMaps("a"),
		"no object": "a: hunter2\n", "UTF-16": "\xff\xfea\x00", "an anchor": "apiVersion: v1\nkind: Secret\nmetadata: *hunter2\n",
	} {
		v.in = strings.NewReader(text)
		_, err := v.side(t.Context(), operand{"-", ""})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", form, err)
		}
	}
	v.in = strings.NewReader(strings.TrimSuffix(configMaps("a"), "\n"))
	if s := mustSide(t, v, "-"); len(s.notes) != 1 || !strings.Contains(s.notes[0], "cut short") {
		t.Errorf("a capture without a line end: notes %q", s.notes)
	}
	c := comparer{v: v, sides: map[operand]side{}}
	if _, err := c.compare(t.Context(), "-", "-"); err == nil {
		t.Error("standard input is read twice")
	}
}

// Another tool's tree: apps are paths there, and Applications by anyone say where they go.
func TestAnotherToolsTreeIsPairedByPath(t *testing.T) {
	_, v, _ := demo(t)
	dir := t.TempDir()
	put(t, filepath.Join(dir, "prod/web/manifest.yaml"), configMaps("w"))
	put(t, filepath.Join(dir, "base/config/manifest.yaml"), configMaps("a"))
	put(t, filepath.Join(dir, "apps/web.yaml"), "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: w}\n"+
		"spec: {source: {path: ./prod/web/}, destination: {namespace: elsewhere}, syncPolicy: {automated: {prune: true}}}\n")
	pairs, err := v.pairs(mustSide(t, v, "tree:"+dir), mustSide(t, v, "render"))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]any)
	for _, p := range pairs {
		got[p.App] = []any{len(p.Left.Set.Objects), len(p.Right.Set.Objects), p.Left.App.Namespace, p.Left.App.Sync.Prune}
	}
	want := map[string]any{"apps": []any{1, 0, "", true}, "config": []any{1, 2, "", true}, "web": []any{1, 1, "elsewhere", true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheTreeThatAHydrateReplaces(t *testing.T) {
	repo, v, _ := demo(t)
	out := filepath.Join(t.TempDir(), "out")
	for _, to := range []target{{out: out, allowDirty: true}, {branch: "rendered/demo", create: true, allowDirty: true}} {
		if s, found, err := v.replaced(t.Context(), to, fresh{}); found || err != nil {
			t.Errorf("before the first hydrate: %v, %v", outline(s), err)
		}
		if err := v.hydrate(t.Context(), to, "table"); err != nil {
			t.Fatal(err)
		}
		v.apps = []string{"web"} // the whole tree is replaced, whatever is selected
		s, found, err := v.replaced(t.Context(), to, fresh{})
		if !found || err != nil || len(s.results) != 2 {
			t.Errorf("after it: %v, %v", outline(s), err)
		}
		v.apps = nil
		next := mustFresh(t, v)
		again, found, err := v.replaced(t.Context(), to, next)
		if diff := cmp.Diff(outline(s), outline(again)); !found || err != nil || diff != "" {
			t.Errorf("with what is about to be written: %v, %s", err, diff)
		}
		if &again.results[0].Set.Objects[0] != &next.results[0].Set.Objects[0] {
			t.Error("an app that stays as it is was parsed")
		}
	}
	if err := os.MkdirAll(filepath.Join(repo, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, found, err := v.replaced(t.Context(), target{out: filepath.Join(repo, "empty")}, fresh{}); found || err != nil {
		t.Errorf("an empty directory: %v, %v", found, err)
	}
	// So is one where the first run died before it wrote anything, next to a file of someone else.
	put(t, filepath.Join(repo, "empty/.sluice/pending"), "")
	put(t, filepath.Join(repo, "empty/README.md"), "x")
	if _, found, err := v.replaced(t.Context(), target{out: filepath.Join(repo, "empty")}, fresh{}); found || err != nil {
		t.Errorf("a first run that died: %v, %v", found, err)
	}
	// A run that died leaves its marker; the next one has to be able to judge and to complete it.
	put(t, filepath.Join(out, ".sluice/pending"), "")
	if err := os.Remove(filepath.Join(out, "base/web/configmap_w.yaml")); err != nil {
		t.Fatal(err)
	}
	s, found, err := v.replaced(t.Context(), target{out: out}, fresh{})
	if !found || err != nil {
		t.Fatal(found, err)
	}
	pairs, err := v.pairs(s, mustSide(t, v, "render"))
	if err != nil || len(pairs) != 2 || len(pairs[0].Left.Set.Objects) != 2 || len(pairs[1].Left.Set.Objects) != 0 {
		t.Errorf("an interrupted tree: %+v, %v", pairs, err)
	}
	if pairs[0].Left.App.Sync.Prune || pairs[0].Left.App.Namespace != "conf" {
		t.Errorf("policy of an interrupted tree: %+v", pairs[0].Left.App)
	}
	// Without the marker it is a file that someone deleted, for the next hydrate to write again.
	if err := os.Remove(filepath.Join(out, ".sluice/pending")); err != nil {
		t.Fatal(err)
	}
	if s, found, err = v.replaced(t.Context(), target{out: out}, mustFresh(t, v)); !found || err != nil || len(s.notes) == 0 {
		t.Errorf("a tree without one of its files: %v, %v", found, err)
	}
	// One that would not be written again is a loss that nobody could judge.
	if _, _, err := v.replaced(t.Context(), target{out: out}, fresh{}); err == nil || !strings.Contains(err.Error(), "configmap_w.yaml") {
		t.Errorf("a file is gone and stays away: %v", err)
	}
	if _, err := v.side(t.Context(), operand{"tree", out}); err == nil {
		t.Error("a tree without one of its files is compared as if it were whole")
	}
	// What cannot be read is not what is not there: no brake without a look at the tree.
	if err := os.Symlink("nothing", filepath.Join(out, "link")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.replaced(t.Context(), target{out: out}, fresh{}); err == nil {
		t.Error("a tree that cannot be read counts as none")
	}
	put(t, filepath.Join(repo, ".git/refs/heads/damaged"), strings.Repeat("a", 40)+"\n")
	if _, _, err := v.replaced(t.Context(), target{branch: "damaged"}, fresh{}); err == nil {
		t.Error("a branch that cannot be read counts as none")
	}
	left := render.Set{Objects: []render.Object{{Provenance: render.Provenance{Source: hydrate.Foreign}}, {}}}
	if n := len(kept(left, render.Set{}).Objects); n != 1 {
		t.Errorf("%d foreign objects are kept, want 1", n)
	}
}

func mustFresh(t *testing.T, v *invocation) fresh {
	t.Helper()
	plan, err := v.plan()
	if err != nil {
		t.Fatal(err)
	}
	chain, err := v.toolchainFor(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	files, results, err := v.tree(t.Context(), plan, chain)
	if err != nil {
		t.Fatal(err)
	}
	return fresh{files, results}
}
