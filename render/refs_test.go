package render

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// withRefs is a plan with two repositories, and tools that give their trees and remember what was built.
func withRefs(sources ...Source) (Plan, Tools, *[]string) {
	plan := planOf(sources...)
	plan.Refs = map[string]Source{
		"up":   {Kind: KindGit, Repo: "https://example.com/up", Version: "v1"},
		"down": {Kind: KindGit, Repo: "https://example.com/down", Version: "v1"},
	}
	tools := engines(object("A", "a"))
	tools.Jobs = 1
	fetched := &[]string{}
	other := tools.Fetch
	tools.Fetch = func(ctx context.Context, s Source) (Tree, error) {
		*fetched = append(*fetched, s.String())
		switch s.Repo {
		case "https://example.com/up":
			return Tree{
				Files:  []File{{Path: "values/a.yaml", Data: []byte("up")}},
				Inputs: []Input{{Name: s.Repo, Digest: "sha256:01"}},
			}, nil
		case "https://example.com/down":
			return Tree{}, errors.New("the server is down")
		}
		return other(ctx, s)
	}
	tools.Stack = fstest.MapFS{}
	return plan, tools, fetched
}

func TestKustomizationOfARepository(t *testing.T) {
	plan, tools, _ := withRefs(Source{Kind: KindKustomize, Path: "$up/apps/../values"}, Source{Kind: KindKustomize, Path: "apps/k"})
	var got []Build
	tools.Kustomize = func(_ context.Context, b Build) (Output, error) {
		got = append(got, b)
		return Output{YAML: []byte(object("A", "a")), Inputs: []Input{{Name: "k"}}}, nil
	}
	results, err := Render(context.Background(), plan, tools)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := fs.ReadFile(got[0].Dir, "values/a.yaml"); err != nil || string(text) != "up" || got[0].Origin != "$up" || got[0].Path != "values" {
		t.Errorf("built %+v, file %q, error %v", got[0], text, err)
	}
	if _, isStack := got[1].Dir.(fstest.MapFS); !isStack || got[1].Origin != "" || got[1].Path != "apps/k" {
		t.Errorf("built %+v", got[1])
	}
	want := []Input{{Name: "https://example.com/up", Digest: "sha256:01"}, {Name: "k"}}
	if diff := cmp.Diff(want, results[0].Inputs); diff != "" {
		t.Error(diff)
	}
}

// anywhere is a file system like that of a command line: it takes names that are not of fs.ValidPath.
type anywhere struct{}

func (anywhere) Open(string) (fs.File, error)         { return nil, fs.ErrNotExist }
func (anywhere) ReadFile(name string) ([]byte, error) { return []byte("host " + name), nil }

func TestValuesOfARepository(t *testing.T) {
	plan, tools, fetched := withRefs(Source{Kind: KindHelm, Chart: "c", Values: Values{
		Files:   []string{"$up/values/a.yaml", "b.yaml"},
		SetFile: []string{`x=$up/values/a.yaml,y=c\,d`, "z"},
	}})
	tools.Dir = anywhere{}
	read := map[string]string{}
	tools.Helm = func(_ context.Context, r Release) (Output, error) {
		for _, name := range []string{"$up/values/a.yaml", "$up/values/none.yaml", "b.yaml", "-", "/etc/v.yaml", "../v.yaml", "$other/v.yaml"} {
			text, err := fs.ReadFile(r.Dir, name)
			if err != nil {
				text = []byte("none")
			}
			read[name] = string(text)
		}
		if f, err := r.Dir.Open("$up/values/a.yaml"); err != nil {
			t.Error(err)
		} else {
			_ = f.Close()
		}
		return Output{YAML: []byte(object("A", "a"))}, nil
	}
	results, err := Render(context.Background(), plan, tools)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"$up/values/a.yaml": "up", "$up/values/none.yaml": "none", "b.yaml": "host b.yaml", "-": "host -",
		"/etc/v.yaml": "host /etc/v.yaml", "../v.yaml": "host ../v.yaml", "$other/v.yaml": "host $other/v.yaml",
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Error(diff)
	}
	inputs := []Input{{Name: "c"}, {Name: "https://example.com/up", Digest: "sha256:01"}}
	if diff := cmp.Diff(inputs, results[0].Inputs); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(strings.Join(*fetched, "\n"), "example.com/up"); n != 1 {
		t.Errorf("the repository is fetched %d times: %q", n, *fetched)
	}
}

func TestBadPathIntoARepository(t *testing.T) {
	for _, c := range []struct {
		source     Source
		says, hint string
	}{
		{Source{Kind: KindHelm, Values: Values{Files: []string{"$up/../x"}}}, "it leaves the repository", "inside"},
		{Source{Kind: KindKustomize, Path: "$down/x"}, "following path $down/x: the server is down", ""},
	} {
		plan, tools, _ := withRefs(c.source)
		_, err := Render(context.Background(), plan, tools)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error does not say %q: %v", c.says, err)
		}
		hint := ""
		for at := err; at != nil; at = unwrapOne(at) {
			if e, ok := at.(*Error); ok {
				hint += e.Hint
			}
		}
		if !strings.Contains(hint, c.hint) {
			t.Errorf("hint is %q, not %q", hint, c.hint)
		}
	}
}

// unwrapOne gives what an error wraps: the first where it joins several.
func unwrapOne(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()[0]
	}
	return errors.Unwrap(err)
}

func TestSourceNamesNoCredential(t *testing.T) {
	for address, want := range map[string]string{
		"https://user:token@example.com/a": "file https://example.com/a", "HTTP://token@example.com": "file HTTP://example.com",
		"https://example.com/a@b": "file https://example.com/a@b", "git::https://t@example.com/a": "file git::https://example.com/a",
		"ssh://git@example.com/a": "file ssh://git@example.com/a",
	} {
		if got := (Source{Kind: KindFile, Repo: address}).String(); got != want {
			t.Errorf("%s is shown as %q", address, got)
		}
	}
}

// Whoever fetches for values, a render or a lock, has to see the same paths.
func TestPathsOfValues(t *testing.T) {
	v := Values{Files: []string{"$up/a.yaml"}, SetFile: []string{"x=$up/b,y=$low/c", "z", `k=d\,e=$up/f`}}
	if got, want := v.Paths(), []string{"$up/a.yaml", "$up/b", "$low/c", `d\`, "$up/f"}; !slices.Equal(got, want) {
		t.Errorf("paths %q, want %q", got, want)
	}
	if len(v.Files) != 1 || len(Values{}.Paths()) != 0 {
		t.Error("the values were changed, or none have paths")
	}
}

func TestNamesOfSourcesHoldNoSecret(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/a.yaml":                          "https://example.com/a.yaml",
		"https://me:hunter2@example.com/a.yaml?token=hunter2": "https://example.com/a.yaml",
		"HTTPS://hunter2@example.com":                         "HTTPS://example.com",
		"git::https://hunter2@example.com/a/b":                "git::https://example.com/a/b",
		"https://example.com/a/b//c?sig=hunter2&ref=v1":       "https://example.com/a/b//c?ref=v1",
		"ssh://git:hunter2@example.com/a/b":                   "ssh://git@example.com/a/b",
		"ssh://git@example.com:22/a/b?version=v1":             "ssh://git@example.com:22/a/b?version=v1",
		"git@example.com:a/b":                                 "git@example.com:a/b",
		"https://example.com/a@v1":                            "https://example.com/a@v1",
	} {
		for _, kind := range []string{KindKustomize, KindGit, KindFile} {
			if got := (Source{Kind: kind, Repo: address}).String(); !strings.Contains(got+" ", want+" ") || strings.Contains(got, "hunter2") {
				t.Errorf("%s %q is shown as %q", kind, address, got)
			}
		}
	}
}
