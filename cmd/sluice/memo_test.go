package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// memoIn gives the memory of `sluice diff --toolchains` in the current directory.
func memoIn(t *testing.T, cache string, tools ...string) (memo, bool) {
	t.Helper()
	v := &invocation{stack: ".", cache: cachePlace{cache, true}, tools: tools}
	return v.memo(nil, diffFlags{toolchains: true, form: "text", color: "never"})
}

// Whatever may decide an outcome is in its key, wherever it lies.
func TestOutcomesAreKeyedByWhatDecidesThem(t *testing.T) {
	top, cache, path := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("PATH", path)
	put(t, filepath.Join(top, "cue.mod/module.cue"), "module: \"example.com\"\nlanguage: version: \"v0.9.0\"\n")
	put(t, filepath.Join(top, "repo/.git/HEAD"), "ref: refs/heads/main\n")
	put(t, filepath.Join(top, "repo/one/stack.cue"), "package stack\n")
	put(t, filepath.Join(top, "repo/two/stack.cue"), "package stack\n")
	t.Chdir(filepath.Join(top, "repo/one"))
	seen := []string{}
	isNew := func(what string, is bool) {
		t.Helper()
		m, ok := memoIn(t, cache)
		if !ok {
			t.Fatalf("%s: no memory", what)
		}
		if slices.Contains(seen, m.key) == is {
			t.Errorf("%s: the key is new: %t, want %t", what, !is, is)
		}
		seen = append(seen, m.key)
	}
	isNew("the first", true)
	isNew("the same again", false)
	put(t, filepath.Join(top, "repo/.git/index"), "x")
	isNew("git's own files", false)
	put(t, filepath.Join(top, "repo/one/values/a.yaml"), "a: 1\n")
	isNew("a file of the stack", true)
	put(t, filepath.Join(top, "pkg/pkg.cue"), "package pkg\n")
	isNew("a package of the module, above the repository", true)
	put(t, filepath.Join(cache, toolsDir, "helm-3.14.4", "helm"), "x")
	isNew("an installed tool", true)
	put(t, filepath.Join(path, "helm-3.14.4"), "x")
	isNew("a tool on PATH", true)
	if err := os.Chmod(filepath.Join(path, "helm-3.14.4"), 0o700); err != nil {
		t.Fatal(err)
	}
	isNew("a tool on PATH that can be run now", true)
	if err := os.Symlink("a.yaml", "values/b.yaml"); err != nil {
		t.Fatal(err)
	}
	isNew("a link", true)
	t.Chdir(filepath.Join(top, "repo/two"))
	isNew("another stack of the module", true)
	if _, ok := memoIn(t, cache, "helm@3.14.4=/opt/helm"); ok {
		t.Error("an outcome of a program that may be a script is remembered")
	}
}

func TestOutcomesAreRecalledWholeOrNotAtAll(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "stack.cue", "package stack\n")
	m, ok := memoIn(t, t.TempDir())
	if !ok {
		t.Fatal("no memory")
	}
	if o, ok := m.recall(); ok {
		t.Errorf("nothing was kept, and %+v is recalled", o)
	}
	now := time.Now()
	m.keep(outcomeKept{Out: []byte("said\n"), Notes: []string{"note"}, Differs: true}, now)
	if o, ok := m.recall(); !ok || string(o.Out) != "said\n" || !slices.Equal(o.Notes, []string{"note"}) || !o.Differs {
		t.Errorf("recalled %+v, %t", o, ok)
	}
	at := filepath.Join(m.dir, m.key)
	digest, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", string(digest[:20]), "sha256:" + string(digest)} {
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if o, ok := m.recall(); ok {
			t.Errorf("of the digest %q %+v is recalled", text, o)
		}
	}
	m.keep(outcomeKept{}, now.Add(2*outcomeAge))
	if entries, err := os.ReadDir(m.dir); err != nil || len(entries) != 1 {
		t.Errorf("old outcomes stay: %v, %v", entries, err)
	}
}
