package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/validate"
)

// exampleStack is what an example that is only manifests is put into.
const exampleStack = `package stack

name: "cluster"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: repoURL: "https://git.example.com/cluster.git"
layers: apps: {
	wave: 0
	apps: example: {
		manifests: ["example.yaml"]
		secrets: "avp"
	}
}
`

// Every rule has an example of what is wrong, which it finds, and one of the same mended, in which it finds nothing.
func TestExamplesOfRules(t *testing.T) {
	// Not t.Setenv, which forbids tests side by side.
	if err := os.Setenv("VAULT_TOKEN", "of the test"); err != nil {
		t.Fatal(err)
	}
	rules := families()
	ids := map[string]bool{}
	for _, r := range rules {
		if ids[r.ID] {
			t.Errorf("two rules are called %s", r.ID)
		}
		ids[r.ID] = true
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			for what, text := range map[string]string{"title": r.Title, "why": r.Why, "fix": r.Fix, "wrong example": r.Wrong, "right example": r.Right} {
				if strings.TrimSpace(text) == "" {
					t.Errorf("it has no %s", what)
				}
			}
			if r.Wrong == r.Right {
				t.Error("the examples are the same")
			}
			if found := foundIn(t, r, r.Wrong); !slices.Contains(found, r.ID) {
				t.Errorf("the wrong example has findings of %v, not of %s", found, r.ID)
			}
			if found := foundIn(t, r, r.Right); slices.Contains(found, r.ID) {
				t.Errorf("the right example has a finding of %s", r.ID)
			}
		})
	}
}

// The page of all rules is what explain prints; -update writes it.
func TestPageOfRules(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), streams{out: &stdout, err: &stderr}, []string{"explain", "-o", "markdown"}); code != exitClean {
		t.Fatal(stderr.String())
	}
	const page = "../../validate/RULES.md"
	if *update {
		if err := os.WriteFile(page, stdout.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(page); err != nil || !bytes.Equal(was, stdout.Bytes()) {
		t.Errorf("%s is not what explain prints (make golden writes it): %v", page, err)
	}
}

// foundIn lists the rules that find something in an example.
func foundIn(t *testing.T, r validate.Rule, example string) []string {
	dir := t.TempDir()
	files := txtar.Parse([]byte(example)).Files
	if len(files) == 0 {
		files = []txtar.File{{Name: "example.yaml", Data: []byte(example)}}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(files, func(f txtar.File) bool { return f.Name == name })
	}
	if !slices.ContainsFunc(files, func(f txtar.File) bool { return strings.HasSuffix(f.Name, ".cue") }) {
		stack := exampleStack
		if r.Off {
			stack = strings.Replace(stack, "layers:", "rules: \""+r.ID+"\": severity: \"warning\"\nlayers:", 1)
		}
		files = append(files, txtar.File{Name: "stack.cue", Data: []byte(stack)})
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		// An archive gives every file a last line break; one without says so as diff does.
		f.Data = bytes.ReplaceAll(f.Data, []byte("\n\\ No newline at end of file\n"), nil)
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if has("after.yaml") {
		return foundBetween(t, dir)
	}
	args := []string{"validate", "--stack", dir, "-o", "json", "--all", "--cache", t.TempDir()}
	if r.ID == "missing-secret" {
		args = append(args, "--vault="+smallVault(t))
	}
	if text, err := os.ReadFile(filepath.Join(dir, "arguments")); err == nil {
		for _, word := range strings.Fields(string(text)) {
			if strings.Contains(word, "/") { // a path of the example
				word = filepath.Join(dir, word)
			}
			args = append(args, word)
		}
	}
	return foundBy(t, args...)
}

// foundBetween hydrates with before.yaml in place of example.yaml and compares with after.yaml in its place.
func foundBetween(t *testing.T, dir string) []string {
	put := func(name, as string) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, as), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := os.Stat(filepath.Join(dir, "before.cue"))
	other := err == nil
	if other {
		put("stack.cue", "stack.txt")
		put("before.cue", "stack.cue")
		if err := os.Remove(filepath.Join(dir, "before.cue")); err != nil {
			t.Fatal(err)
		}
	}
	put("before.yaml", "example.yaml")
	tree := filepath.Join(t.TempDir(), "tree")
	cache := t.TempDir()
	var stderr bytes.Buffer
	if code := run(context.Background(), streams{err: &stderr, out: &stderr}, []string{"hydrate", "--stack", dir, "--out", tree, "--cache", cache}); code != 0 {
		t.Fatalf("hydrating before.yaml: exit code %d\n%s", code, stderr.String())
	}
	put("after.yaml", "example.yaml")
	if other {
		put("stack.txt", "stack.cue")
	}
	return foundBy(t, "diff", "tree:"+tree, "--stack", dir, "-o", "json", "--cache", cache)
}

// foundBy lists the rules of the findings in the JSON of a verb. Each finding is about what its rule says that it is about: by
// that a suppression is told that it can match nothing.
func foundBy(t *testing.T, args ...string) []string {
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, args); code == exitError {
		t.Fatalf("%v: exit code %d\n%s", args, code, stderr.String())
	}
	var said struct {
		Findings []struct {
			Rule, App string
			Object    *struct{}
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stdout.String())
	}
	about := map[string]string{}
	for _, r := range families() {
		about[r.ID] = r.About
	}
	var ids []string
	for _, f := range said.Findings {
		ids = append(ids, f.Rule)
		switch of := about[f.Rule]; {
		case of == "file" && f.App != "", (of == "file" || of == "app") && f.Object != nil:
			t.Errorf("a finding of %s is of app %q and object %v, and the rule says that it is about %s", f.Rule, f.App, f.Object, of)
		}
	}
	return ids
}

// smallVault serves what an engine of version 2 says of the keys of secrets: those of apps/example are there.
func smallVault(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/sys/internal/ui/mounts/"):
			fmt.Fprint(w, `{"data": {"path": "kv/", "type": "kv", "options": {"version": "2"}}}`)
		case r.URL.Path == "/v1/kv/subkeys/argocd/apps/example":
			fmt.Fprint(w, `{"data": {"subkeys": {"password": null}, "metadata": {"version": 1, "destroyed": false, "deletion_time": ""}}}`)
		case strings.HasPrefix(r.URL.Path, "/v1/kv/data/"):
			t.Errorf("a value is read: %s", r.URL.Path)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors": []}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
