package stack_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/stack"
)

var update = flag.Bool("update", false, "write the golden parts of testdata/*.txtar")

// TestArchives loads every archive of testdata. Its comment may say "tags: a=b c", "dir: path" (where the stack is)
// and "symlink: name target"; the file "want" is the plan as JSON, or the errors with their hints.
func TestArchives(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 20 {
		t.Fatalf("found %d archives, error %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, tags := unpack(t, archive)
			got := outcome(t, dir, tags)
			if again := outcome(t, dir, tags); again != got {
				t.Errorf("a second load differs:\n%s", cmp.Diff(got, again))
			}
			if strings.Contains(got, "hunter") { // the passwords of the archives
				t.Errorf("a secret is shown:\n%s", got)
			}
			last := len(archive.Files) - 1
			if last < 0 || archive.Files[last].Name != "want" {
				t.Fatal("the last file is not \"want\"")
			}
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// unpack writes an archive to a directory and gives the stack in it and the tags.
func unpack(t *testing.T, archive *txtar.Archive) (dir string, tags []string) {
	t.Helper()
	top := t.TempDir()
	dir = filepath.Join(top, "in")
	for _, f := range archive.Files {
		if f.Name != "want" {
			write(t, filepath.Join(dir, f.Name), string(f.Data))
		}
	}
	sub := "."
	for line := range strings.Lines(string(archive.Comment)) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		words := strings.Fields(rest)
		switch key {
		case "tags":
			tags = words
		case "dir":
			sub = words[0]
		case "symlink":
			link := filepath.Join(dir, words[0])
			if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(words[1], link); err != nil {
				t.Fatal(err)
			}
		}
	}
	return filepath.Join(dir, sub), tags
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// outcome gives what Load says, without the name of the temporary directory.
func outcome(t *testing.T, dir string, tags []string) string {
	t.Helper()
	plan, err := stack.Load(dir, tags)
	if err != nil {
		return strings.ReplaceAll(describe(t, err), dir, "DIR")
	}
	if plan.Dir != dir {
		t.Errorf("Dir is %q, want it as given: %q", plan.Dir, dir)
	}
	plan.Dir = "DIR"
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// describe writes each error on a line, its hint below it.
func describe(t testing.TB, err error) string {
	t.Helper()
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.Error() + "\n")
		var at *render.Error
		if !errors.As(e, &at) {
			t.Errorf("%v is not a *render.Error", e)
		} else if at.Hint != "" {
			b.WriteString("    hint: " + at.Hint + "\n")
		}
	}
	return b.String()
}
