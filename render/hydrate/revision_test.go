package hydrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// history makes a repository with three commits on main, a side branch merged into it, tags, and what a clone has.
func history(t *testing.T) string {
	t.Helper()
	dir, _ := repository(t)
	write(t, dir, "stacks/demo/values/a.yaml", "a: 2\n")
	run(t, dir, "commit", "--quiet", "-am", "second")
	run(t, dir, "tag", "light")
	run(t, dir, "tag", "-a", "v1", "-m", "annotated")
	run(t, dir, "tag", "-a", "v1-of-tag", "-m", "tag of a tag", "v1")
	run(t, dir, "checkout", "--quiet", "-b", "side", "HEAD~1")
	write(t, dir, "side.txt", "s\n")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "--quiet", "-m", "side")
	run(t, dir, "checkout", "--quiet", "main")
	run(t, dir, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
	return dir
}

func TestRevisionsMeanWhatGitSays(t *testing.T) {
	dir := history(t)
	head := strings.TrimSpace(run(t, dir, "rev-parse", "HEAD"))
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "--quiet", dir, clone)
	run(t, dir, "clone", "--quiet", "--bare", dir, clone+".git")
	run(t, dir, "worktree", "add", "--quiet", clone+"-wt", "side")
	run(t, dir, "pack-refs", "--all")
	run(t, dir, "gc", "--quiet")
	common := []string{
		"HEAD", "@", "main", "refs/heads/main", "heads/main", "light", "v1", "v1-of-tag", "tags/v1", "refs/tags/v1",
		"HEAD~2", "HEAD^", "HEAD^2", "HEAD^^", "HEAD~", "main^2~1^0", "v1^{}", "v1^{commit}", "v1^0", head, head[:7], head[:10], head[:9] + "~1",
	}
	for place, revisions := range map[string][]string{
		dir:                          common,
		filepath.Join(dir, "stacks"): {"HEAD", "main~1"},
		clone:                        {"HEAD", "main", "origin/main", "origin", "origin/side", "refs/remotes/origin/side", "v1", head[:8]},
		clone + ".git":               {"HEAD", "main", "side", "v1^{}"},
		clone + "-wt":                {"HEAD", "side", "main", "HEAD~1"},
	} {
		for _, revision := range revisions {
			want := strings.TrimSpace(run(t, place, "rev-parse", "--verify", "--quiet", revision+"^{commit}"))
			_, got, err := ReadRevision(t.Context(), place, revision, "")
			if err != nil || got != want {
				t.Errorf("%s is %s, %v; git says %s", revision, got, err, want)
			}
		}
	}
}

func TestRevisionsThatAreNone(t *testing.T) {
	dir := history(t)
	blob := strings.TrimSpace(run(t, dir, "rev-parse", "HEAD:elsewhere.txt"))
	for revision, want := range map[string]string{
		"none": "there is no revision", "HEAD~9": "has 0 parents", "HEAD^3": "has 2 parents", "deadbeef": "there is no revision",
		"": "no revision that sluice understands", "main@{1}": "understands", "main:side.txt": "understands", "main..side": "no revision",
		"^main": "understands", "~1": "understands", "main^{tree}": "understands", ":/second": "understands",
		strings.Repeat("0", 40): "reading commit", blob: "is a blob", blob[:12]: "there is no revision", "HEAD~99999999999999999999": "out of range",
	} {
		if _, _, err := ReadRevision(t.Context(), dir, revision, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", revision, err, want)
		}
	}
	if _, _, err := ReadRevision(t.Context(), dir, "none", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing branch is not fs.ErrNotExist: %v", err)
	}
	// A hint is pasted into a shell.
	for _, name := range []string{"--upload-pack=x", "../x"} {
		_, _, err := ReadRevision(t.Context(), dir, name, "")
		var hinted *render.Error
		if !errors.As(err, &hinted) || strings.Contains(hinted.Hint, name) {
			t.Errorf("%q: %v, hint %q", name, err, hinted.Hint)
		}
	}
	if _, _, err := ReadRevision(t.Context(), dir, "main", "stacks/other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory is not fs.ErrNotExist: %v", err)
	}
	shallow := filepath.Join(t.TempDir(), "shallow")
	run(t, dir, "clone", "--quiet", "--depth=1", "file://"+dir, shallow)
	if _, _, err := ReadRevision(t.Context(), shallow, "HEAD", ""); err != nil {
		t.Errorf("the tip of a shallow clone: %v", err)
	}
	_, _, err := ReadRevision(t.Context(), shallow, "HEAD~1", "")
	var hinted *render.Error
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "shallow") {
		t.Errorf("below the cut of a shallow clone: %v", err)
	}
	empty := t.TempDir()
	run(t, empty, "init", "--quiet")
	if _, _, err := ReadRevision(t.Context(), empty, "HEAD", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a repository without a commit: %v", err)
	}
	if _, _, err := ReadRevision(t.Context(), t.TempDir(), "HEAD", ""); err == nil {
		t.Error("a directory without a repository is read")
	}
}

// A directory of a revision is the same from the top and from within, and nothing in the work tree counts.
func TestADirectoryOfARevision(t *testing.T) {
	dir := history(t)
	stack := filepath.Join(dir, "stacks", "demo")
	write(t, dir, "stacks/demo/values/a.yaml", "a: 3, uncommitted\n")
	write(t, dir, "stacks/demo/new.yaml", "new\n")
	before := run(t, dir, "status", "--porcelain=v2", "--branch")
	want := map[string]string{"stack.cue": "package stack\n", "values/a.yaml": "a: 1\n"}
	for from, below := range map[string]string{dir: "stacks/demo", stack: ".", filepath.Join(stack, "values"): ".."} {
		files, _, err := ReadRevision(t.Context(), from, "side", below)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for p, content := range files {
			got[p] = string(content)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s from %s: %s", below, from, diff)
		}
	}
	if after := run(t, dir, "status", "--porcelain=v2", "--branch"); after != before {
		t.Errorf("the work tree changed:\n%s", after)
	}
	for _, below := range []string{"../x", "/etc", "a\\b", "../../..", "./../../../x", ".git"} {
		if _, _, err := ReadRevision(t.Context(), dir, "main", below); err == nil {
			t.Errorf("read %q", below)
		}
	}
	bare := filepath.Join(t.TempDir(), "bare.git")
	run(t, dir, "clone", "--quiet", "--bare", dir, bare)
	if _, _, err := ReadRevision(t.Context(), bare, "main", "."); err == nil {
		t.Error("a bare repository has a directory of its own")
	}
}

func TestLinksOfARevisionAreReadAsGitHasThem(t *testing.T) {
	for name, c := range map[string]struct {
		link, target, want string
	}{
		"to a neighbour":    {"stacks/demo/l.yaml", "values/a.yaml", ""},
		"upwards, inside":   {"stacks/demo/values/l.yaml", "../stack.cue", ""},
		"out of the stack":  {"stacks/demo/l.yaml", "../../elsewhere.txt", "leads out"},
		"out of everything": {"stacks/demo/l.yaml", "../../../../etc/passwd", "leads out"},
		"absolute":          {"stacks/demo/l.yaml", "/etc/passwd", "leads out"},
		"to a directory":    {"stacks/demo/l", "values", "no file"},
		"to nothing":        {"stacks/demo/l.yaml", "none", "no file"},
		"to itself":         {"stacks/demo/l.yaml", "l.yaml", "circle"},
	} {
		dir, _ := repository(t)
		if err := os.Symlink(c.target, filepath.Join(dir, c.link)); err != nil {
			t.Fatal(err)
		}
		run(t, dir, "add", ".")
		run(t, dir, "commit", "--quiet", "-m", "link")
		files, _, err := ReadRevision(t.Context(), dir, "HEAD", "stacks/demo")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if err == nil && len(files) != 3 {
			t.Errorf("%s: %d files", name, len(files))
		}
	}
}

func TestWhatARepositoryDoesNotHaveIsAnError(t *testing.T) {
	dir, _ := repository(t)
	inner, _ := repository(t)
	run(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "stacks/demo/sub")
	run(t, dir, "commit", "--quiet", "-m", "submodule")
	if _, _, err := ReadRevision(t.Context(), dir, "HEAD", "stacks/demo"); err == nil || !strings.Contains(err.Error(), "submodule") {
		t.Errorf("a submodule: %v", err)
	}
	if _, _, err := ReadRevision(t.Context(), dir, "HEAD~1", "stacks/demo"); err != nil {
		t.Errorf("before the submodule: %v", err)
	}
	dir, _ = repository(t)
	write(t, dir, "stacks/demo/chart.tgz", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("a", 64)+"\nsize 5\n")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "--quiet", "-m", "lfs")
	if _, _, err := ReadRevision(t.Context(), dir, "HEAD", ""); err == nil || !strings.Contains(err.Error(), "stacks/demo/chart.tgz: it is a pointer") {
		t.Errorf("a pointer of LFS: %v", err)
	}
	partial := filepath.Join(t.TempDir(), "partial")
	source, _ := repository(t)
	run(t, source, "config", "uploadpack.allowFilter", "true")
	run(t, source, "clone", "--quiet", "--bare", "--filter=blob:none", "file://"+source, partial)
	if _, _, err := ReadRevision(t.Context(), partial, "HEAD", ""); err == nil || !strings.Contains(err.Error(), "blob") {
		t.Errorf("a partial clone: %v", err)
	}
	if _, _, err := readRevision(t.Context(), place{source, "HEAD", ""}, bounds{file: 5, total: 99, files: 99}); err == nil {
		t.Error("a blob past the bound is read")
	}
}

// Four digits are enough for git, where only one commit begins so.
func TestAShortHashIsOfOneCommit(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "--quiet", "--bare")
	var stream strings.Builder
	for i := range 800 {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", 1700000000+i)
	}
	runWith(t, dir, stream.String(), "fast-import", "--quiet")
	twins := make(map[string]int)
	all := strings.Fields(run(t, dir, "rev-list", "main"))
	for _, hash := range all {
		twins[hash[:4]]++
	}
	ambiguous, unique := 0, 0
	for _, hash := range all {
		switch {
		case twins[hash[:4]] > 1 && ambiguous < 3:
			ambiguous++
			if _, got, err := ReadRevision(t.Context(), dir, hash[:4], ""); err == nil || !strings.Contains(err.Error(), "more than one") {
				t.Errorf("%s, the beginning of %d commits, is %s, %v", hash[:4], twins[hash[:4]], got, err)
			}
		case twins[hash[:4]] == 1 && unique < 3:
			unique++
			if _, got, err := ReadRevision(t.Context(), dir, strings.ToUpper(hash[:5]), ""); err != nil || got != hash {
				t.Errorf("%s is %s, %v", hash[:5], got, err)
			}
		}
	}
	if ambiguous == 0 || unique == 0 {
		t.Fatalf("of %d commits %d share a beginning", len(all), ambiguous)
	}
}
