package hydrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

const rendered = "rendered/demo"

// run calls the git binary and gives what it prints.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return runWith(t, dir, "", args...)
}

func runWith(t *testing.T, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Ann Example", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05+02:00",
		"GIT_COMMITTER_NAME=Ben Example", "GIT_COMMITTER_EMAIL=ben@example.com", "GIT_COMMITTER_DATE=2026-01-03T03:04:05Z")
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

const dryMessage = "feat: second\nline of the subject\n\nThe body.\n---\nArgocd-reference-commit-sha: fake\n\nMore \"body\".\n"

// repository makes a repository with a committed stack in stacks/demo.
func repository(t *testing.T) (dir string, o CommitOptions) {
	t.Helper()
	dir = t.TempDir()
	run(t, dir, "init", "--quiet", "--initial-branch=main")
	write(t, dir, ".gitignore", "*.log\n/out/\n")
	write(t, dir, "stacks/demo/stack.cue", "package stack\n")
	write(t, dir, "stacks/demo/values/a.yaml", "a: 1\n")
	write(t, dir, "elsewhere.txt", "x\n")
	run(t, dir, "add", ".")
	runWith(t, dir, dryMessage, "commit", "--quiet", "--cleanup=verbatim", "--file=-")
	return dir, CommitOptions{
		Branch: rendered, Create: true, StackDir: filepath.Join(dir, "stacks", "demo"),
		StackURL: "https://user:secret@git.example.com/platform/cluster.git",
	}
}

func committed(t *testing.T, dir string, files Files, o CommitOptions) Summary {
	t.Helper()
	s, err := Commit(t.Context(), dir, files, o)
	if err != nil {
		t.Fatal(err)
	}
	healthy(t, dir)
	if tip := strings.TrimSpace(run(t, dir, "rev-parse", "refs/heads/"+o.Branch)); tip != s.Commit {
		t.Errorf("git says the branch is at %s, the summary %s", tip, s.Commit)
	}
	return s
}

// healthy asks git whether the repository is whole and its work tree as committed.
func healthy(t *testing.T, dir string) {
	t.Helper()
	run(t, dir, "fsck", "--full", "--strict")
	if run(t, dir, "rev-parse", "--is-bare-repository") == "false\n" {
		if got := run(t, dir, "status", "--porcelain"); got != "" {
			t.Errorf("the work tree is not clean:\n%s", got)
		}
	}
}

// onBranch reads every file of a branch through git, but for the metadata.
func onBranch(t *testing.T, dir, rev string) map[string]string {
	t.Helper()
	got := make(map[string]string)
	for _, p := range strings.Fields(run(t, dir, "ls-tree", "-r", "--name-only", rev)) {
		if p != metadataPath {
			got[p] = run(t, dir, "show", rev+":"+p)
		}
	}
	return got
}

func TestCommitStartsABranchThatGitReads(t *testing.T) {
	dir, o := repository(t)
	s := committed(t, dir, before, o)
	want := Summary{Added: 3, Wrote: true, Commit: s.Commit}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wanted(before), onBranch(t, dir, rendered)); diff != "" {
		t.Error(diff)
	}
	if parents := run(t, dir, "show", "--no-patch", "--format=%P", rendered); parents != "\n" {
		t.Errorf("an orphan has the parents %q", parents)
	}
}

func TestCommitCarriesTheDryRevision(t *testing.T) {
	dir, o := repository(t)
	committed(t, dir, before, o)
	sha := strings.TrimSpace(run(t, dir, "rev-parse", "main"))
	got := run(t, dir, "show", "--no-patch", "--format=%an %ae %aI%n%cn %ce %cI%n%s%n%(trailers:only)", rendered)
	want := "Ann Example ann@example.com 2026-01-02T03:04:05+02:00\n" +
		"Ben Example ben@example.com 2026-01-03T03:04:05+00:00\n" +
		sha[:7] + ": feat: second line of the subject\n" +
		"Argocd-reference-commit-author: \"Ann Example\" <ann@example.com>\n" +
		"Argocd-reference-commit-sha: " + sha + "\n" +
		"Argocd-reference-commit-subject: feat: second line of the subject\n" +
		`Argocd-reference-commit-body: "The body.\n---\nArgocd-reference-commit-sha: fake\n\nMore \"body\"."` + "\n" +
		"Argocd-reference-commit-repourl: https://git.example.com/platform/cluster.git\n" +
		"Argocd-reference-commit-date: 2026-01-02T03:04:05+02:00\n\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	message := run(t, dir, "show", "--no-patch", "--format=%B", rendered)
	parsed := runWith(t, dir, message, "interpret-trailers", "--parse")
	if _, trailers, _ := strings.Cut(want, "subject\n"); parsed+"\n" != trailers {
		t.Error(cmp.Diff(trailers, parsed))
	}
	var metadata map[string]string
	if err := json.Unmarshal([]byte(run(t, dir, "show", rendered+":hydrator.metadata")), &metadata); err != nil {
		t.Fatal(err)
	}
	wantMetadata := map[string]string{
		"repoURL": "https://git.example.com/platform/cluster.git", "drySha": sha,
		"author": "Ann Example <ann@example.com>", "date": "2026-01-02T03:04:05+02:00",
		"subject": "feat: second line of the subject",
		"body":    "The body.\n---\nArgocd-reference-commit-sha: fake\n\nMore \"body\".",
	}
	if diff := cmp.Diff(wantMetadata, metadata); diff != "" {
		t.Error(diff)
	}
}

func TestSameInputGivesTheSameCommit(t *testing.T) {
	first, o := repository(t)
	one := committed(t, first, before, o)
	second, o := repository(t)
	two := committed(t, second, before, o)
	if one.Commit != two.Commit {
		t.Errorf("%s and %s", one.Commit, two.Commit)
	}
}

func TestNextCommitKeepsForeignFilesAndHistory(t *testing.T) {
	dir, o := repository(t)
	one := committed(t, dir, before, o)
	other := filepath.Join(t.TempDir(), "wt")
	run(t, dir, "worktree", "add", "--quiet", other, rendered)
	write(t, other, "README.md", "mine")
	write(t, other, "old/app/run.sh", "#!/bin/sh\n")
	if err := errors.Join(os.Chmod(filepath.Join(other, "old/app/run.sh"), 0o755),
		os.Symlink("README.md", filepath.Join(other, "LINK"))); err != nil {
		t.Fatal(err)
	}
	run(t, other, "add", ".")
	run(t, other, "commit", "--quiet", "-m", "foreign files")
	tip := strings.TrimSpace(run(t, dir, "rev-parse", rendered))
	run(t, dir, "worktree", "remove", other)
	run(t, dir, "pack-refs", "--all")
	run(t, dir, "gc", "--quiet")
	o.Create = false
	s := committed(t, dir, after, o)
	want := Summary{
		Added: 1, Changed: 1, Removed: []string{"old/app/gone.yaml"}, Unchanged: 1, Foreign: []string{"LINK", "README.md", "old/app/run.sh"},
		Wrote: true, Commit: s.Commit,
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	foreign := wanted(after, "README.md", "mine", "old/app/run.sh", "#!/bin/sh\n", "LINK", "README.md")
	if diff := cmp.Diff(foreign, onBranch(t, dir, rendered)); diff != "" {
		t.Error(diff)
	}
	modes := run(t, dir, "ls-tree", "-r", rendered)
	if !strings.Contains(modes, "100755 blob") || !strings.Contains(modes, "120000 blob") {
		t.Errorf("modes got lost:\n%s", modes)
	}
	if parents := strings.TrimSpace(run(t, dir, "show", "--no-patch", "--format=%P", rendered)); parents != tip || tip == one.Commit {
		t.Errorf("parent %s, want %s", parents, tip)
	}
}

func TestNoCommitWhereOnlyTheDryRevisionIsNew(t *testing.T) {
	dir, o := repository(t)
	one := committed(t, dir, before, o)
	again := committed(t, dir, before, o)
	if diff := cmp.Diff(Summary{Unchanged: 3, Commit: one.Commit}, again); diff != "" {
		t.Error(diff)
	}
	write(t, dir, "elsewhere.txt", "y\n")
	run(t, dir, "commit", "--quiet", "-am", "third")
	later := committed(t, dir, before, o)
	if later.Wrote || later.Commit != one.Commit {
		t.Errorf("%+v", later)
	}
	if next := committed(t, dir, after, o); !next.Wrote {
		t.Errorf("%+v", next)
	}
	sha := strings.TrimSpace(run(t, dir, "rev-parse", "main"))
	if !strings.Contains(run(t, dir, "show", rendered+":hydrator.metadata"), sha) {
		t.Error("the metadata kept the old dry revision")
	}
}

func TestCommitRefuses(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, dir string, o *CommitOptions)
		want    string
	}{
		"a missing branch": {
			func(_ *testing.T, _ string, o *CommitOptions) { o.Branch, o.Create = "rendered/other", false },
			"committing to branch rendered/other: the branch does not exist",
		},
		"a branch that cannot stand next to another": {
			func(t *testing.T, dir string, o *CommitOptions) {
				run(t, dir, "pack-refs", "--all")
				o.Branch = "rendered"
			}, "git keeps no branch of this name next to rendered/demo",
		},
		"a bad branch name": {
			func(_ *testing.T, _ string, o *CommitOptions) { o.Branch = "a..b" }, `"a..b" is no name for a branch`,
		},
		"the branch checked out here": {
			func(t *testing.T, dir string, _ *CommitOptions) { run(t, dir, "switch", "--quiet", rendered) },
			"the branch is checked out",
		},
		"the branch checked out in a linked work tree": {
			func(t *testing.T, dir string, _ *CommitOptions) {
				run(t, dir, "worktree", "add", "--quiet", filepath.Join(t.TempDir(), "wt"), rendered)
			}, "the branch is checked out",
		},
		"a changed stack": {
			func(t *testing.T, dir string, _ *CommitOptions) {
				write(t, dir, "stacks/demo/stack.cue", "package x\n")
			},
			"has 1 uncommitted changes (stacks/demo/stack.cue)",
		},
		"a staged change": {
			func(t *testing.T, dir string, _ *CommitOptions) {
				write(t, dir, "stacks/demo/stack.cue", "package x\n")
				run(t, dir, "add", ".")
			}, "has 1 uncommitted changes (stacks/demo/stack.cue)",
		},
		"a deleted and an untracked file": {
			func(t *testing.T, dir string, _ *CommitOptions) {
				write(t, dir, "stacks/demo/values/b.yaml", "b: 1\n")
				if err := os.Remove(filepath.Join(dir, "stacks/demo/values/a.yaml")); err != nil {
					t.Fatal(err)
				}
			}, "has 2 uncommitted changes (stacks/demo/values/a.yaml, stacks/demo/values/b.yaml)",
		},
		"a stack outside any repository": {
			func(t *testing.T, _ string, o *CommitOptions) { o.StackDir = t.TempDir() },
			"opening the git repository of",
		},
		"a repository without a commit": {
			func(t *testing.T, _ string, o *CommitOptions) {
				o.StackDir = t.TempDir()
				run(t, o.StackDir, "init", "--quiet")
			}, "has no commit yet",
		},
		"an edited file on the branch": {
			func(t *testing.T, dir string, _ *CommitOptions) { edit(t, dir, "core/db/keep.yaml", "edited") },
			"core/db/keep.yaml: the file was edited by hand",
		},
		"a foreign file in the way": {
			func(t *testing.T, dir string, _ *CommitOptions) { edit(t, dir, "new/app/come.yaml", "mine") },
			"new/app/come.yaml: the file is in the way",
		},
		"a held lock": {
			func(t *testing.T, dir string, _ *CommitOptions) {
				write(t, dir, ".git/refs/heads/rendered/demo.lock", "")
			},
			"another program is changing the branch",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir, o := repository(t)
			committed(t, dir, before, o)
			test.prepare(t, dir, &o)
			refs := run(t, dir, "show-ref")
			_, err := Commit(t.Context(), dir, after, o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v\ndoes not say %q", err, test.want)
			}
			if !hinted(err) {
				t.Error("no hint")
			}
			if got := run(t, dir, "show-ref"); got != refs {
				t.Errorf("references were\n%sand are\n%s", refs, got)
			}
		})
	}
}

// edit commits a change to the rendered branch as a person would.
func edit(t *testing.T, dir, p, content string) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "wt")
	run(t, dir, "worktree", "add", "--quiet", other, rendered)
	write(t, other, p, content)
	run(t, other, "add", ".")
	run(t, other, "commit", "--quiet", "-m", "by hand")
	run(t, dir, "worktree", "remove", other)
}

func TestCommitSeesThatTheBranchMoved(t *testing.T) {
	dir, o := repository(t)
	committed(t, dir, before, o)
	b, err := openBranch(dir, rendered)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, dir, "README.md", "mine")
	tip := run(t, dir, "rev-parse", rendered)
	main, err := b.repo.ResolveRevision("main")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.move(*main); err == nil || !strings.Contains(err.Error(), "the branch moved from") || !hinted(err) {
		t.Errorf("error %v", err)
	}
	if got := run(t, dir, "rev-parse", rendered); got != tip {
		t.Errorf("the branch is at %s, not %s", got, tip)
	}
	healthy(t, dir)
	edit(t, dir, "README.md", "git still writes the branch: no lock file is left")
}

func TestDirtyStackIsCommittedWithoutADryRevisionIfAllowed(t *testing.T) {
	dir, o := repository(t)
	committed(t, dir, before, o)
	write(t, dir, "stacks/demo/new.yaml", "x: 1\n")
	o.AllowDirty = true
	if _, err := Commit(t.Context(), dir, after, o); err != nil {
		t.Fatal(err)
	}
	sha := run(t, dir, "rev-parse", "main")
	got := run(t, dir, "show", "--no-patch", "--format=%B", rendered)
	if want := "uncommitted changes on top of " + sha[:7] + ": feat: second line of the subject\n\n"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if strings.Contains(run(t, dir, "ls-tree", "--name-only", rendered), metadataPath) {
		t.Error("the metadata names a dry revision that was not rendered")
	}
}

func TestWhatGitCallsCleanIsClean(t *testing.T) {
	dir, o := repository(t)
	write(t, dir, "stacks/demo/debug.log", "ignored by the top directory")
	write(t, dir, "stacks/demo/values/.gitignore", "*\n!.gitignore\n")
	write(t, dir, "stacks/demo/values/cache.bin", "ignored by its own directory")
	write(t, dir, ".git/info/exclude", "private/\n")
	write(t, dir, "stacks/demo/private/x", "ignored by this clone")
	write(t, dir, "elsewhere.txt", "changed, but not in the stack")
	write(t, dir, "untracked.txt", "not in the stack")
	write(t, dir, "stacks/demo/windows.yaml", "a: 1\r\nb: 2\r\n")
	if err := os.Symlink("stack.cue", filepath.Join(dir, "stacks/demo/link.cue")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "-c", "core.autocrlf=input", "add", "stacks")
	run(t, dir, "commit", "--quiet", "-m", "more files")
	if _, err := Commit(t.Context(), dir, before, o); err != nil {
		t.Error(err)
	}
}

func TestCommitFromALinkedWorkTreeAndToABareRepository(t *testing.T) {
	dir, o := repository(t)
	linked := filepath.Join(t.TempDir(), "linked")
	run(t, dir, "worktree", "add", "--quiet", "-b", "topic", linked)
	o.StackDir = filepath.Join(linked, "stacks", "demo")
	inLinked := committed(t, linked, before, o)
	if diff := cmp.Diff(wanted(before), onBranch(t, dir, rendered)); diff != "" {
		t.Error(diff)
	}
	bare := t.TempDir()
	run(t, bare, "init", "--quiet", "--bare", "--initial-branch="+rendered)
	inBare := committed(t, bare, before, o)
	if inBare.Commit != inLinked.Commit {
		t.Errorf("%s and %s", inBare.Commit, inLinked.Commit)
	}
}

func TestCommitToClonesThatHaveNotEverything(t *testing.T) {
	dir, o := repository(t)
	committed(t, dir, before, o)
	run(t, dir, "gc", "--quiet")
	for name, args := range map[string][]string{
		"objects borrowed from another repository": {"clone", "--quiet", "--shared", dir},
		"one commit deep":                          {"clone", "--quiet", "--depth=1", "--no-single-branch", "file://" + dir},
	} {
		t.Run(name, func(t *testing.T) {
			clone := filepath.Join(t.TempDir(), "clone")
			run(t, dir, append(args, clone)...)
			run(t, clone, "branch", "--quiet", rendered, "origin/"+rendered)
			o.StackDir = filepath.Join(clone, "stacks", "demo")
			if s := committed(t, clone, after, o); s.Changed != 1 {
				t.Errorf("%+v", s)
			}
			run(t, clone, "push", "--quiet", "--dry-run", "origin", rendered)
		})
	}
}

// A clone has the branch as origin/NAME alone. Starting another one there would lose what that one has, unseen.
func TestCommitDoesNotStartABranchThatOriginHas(t *testing.T) {
	dir, o := repository(t)
	committed(t, dir, before, o)
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "--quiet", dir, clone)
	o.StackDir = filepath.Join(clone, "stacks", "demo")
	_, err := Commit(t.Context(), clone, after, o)
	var placed *render.Error
	if !errors.As(err, &placed) || !strings.Contains(err.Error(), "origin/"+rendered) || !strings.Contains(placed.Hint, "git branch "+rendered+" origin/"+rendered) {
		t.Fatalf("%v", err)
	}
	if got := run(t, clone, "branch", "--list", rendered); got != "" {
		t.Errorf("there is %s", got)
	}
	run(t, clone, "update-ref", "-d", "refs/remotes/origin/"+rendered)
	committed(t, clone, after, o)
}

func TestCheckBranchListsDifferences(t *testing.T) {
	dir, o := repository(t)
	committed(t, dir, before, o)
	if got, err := CheckBranch(dir, before, rendered); err != nil || len(got) > 0 {
		t.Errorf("%v, error %v", got, err)
	}
	edit(t, dir, "core/db/keep.yaml", "edited")
	edit(t, dir, "README.md", "mine")
	got, err := CheckBranch(dir, after, rendered)
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{".sluice/inventory", "changed"},
		{"core/db/database.yaml", "changed"},
		{"core/db/keep.yaml", "changed"},
		{"new/app/come.yaml", "added"},
		{"old/app/gone.yaml", "removed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := CheckBranch(dir, after, "rendered/other"); err == nil || !hinted(err) {
		t.Errorf("error %v", err)
	}
}

func TestARealTreeIsCommittedAndUnchanged(t *testing.T) {
	dir, o := repository(t)
	files := exampleFiles(t)
	committed(t, dir, files, o)
	got := onBranch(t, dir, rendered)
	for p, content := range files {
		if got[p] != string(content) {
			t.Errorf("%s differs", p)
		}
	}
	if s := committed(t, dir, files, o); s.Wrote {
		t.Errorf("%+v", s)
	}
}

func TestCommitGoesOnTheTipThatWasLookedAt(t *testing.T) {
	dir, o := repository(t)
	o.Tip = strings.Repeat("0", 40)
	first := committed(t, dir, before, o)
	if _, err := Commit(t.Context(), dir, after, o); err == nil || !strings.Contains(err.Error(), "the branch moved from") || !hinted(err) {
		t.Errorf("a branch that somebody else created: %v", err)
	}
	o.Tip = first.Commit
	committed(t, dir, after, o)
	if _, err := Commit(t.Context(), dir, before, o); err == nil || !strings.Contains(err.Error(), "the branch moved from") {
		t.Errorf("a branch that moved: %v", err)
	}
}
