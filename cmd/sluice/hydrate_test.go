package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// A path into a ref is no file of the stack, although a directory there may have its name.
func TestPathsIntoRefsAreNotOfTheStack(t *testing.T) {
	dir := t.TempDir()
	plan := render.Plan{
		Dir:  dir,
		Refs: map[string]render.Source{"values": {Kind: render.KindGit, Repo: "https://git.example.com/v.git", Version: "v1"}},
		Layers: []render.Layer{{Name: "l", Apps: []render.App{{Name: "a", Sources: []render.Source{
			{Kind: render.KindHelm, Path: "$values/chart", Values: render.Values{Files: []string{"a.yaml", "$values/b.yaml"}}},
			{Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "c", Version: "1.0.0", Keyring: "keys.gpg"},
			{Kind: render.KindManifests, Path: "m"},
			{Kind: render.KindManifests, Path: "$values"},
		}}}}},
	}
	if diff := cmp.Diff([]string{"a.yaml", "keys.gpg", "m"}, reads(plan)); diff != "" {
		t.Errorf("reads, want -, got +:\n%s", diff)
	}
	if err := outOfSources(plan, filepath.Join(dir, "$values", "chart", "out")); err != nil {
		t.Errorf("a directory with the name of a ref: %v", err)
	}
	if err := outOfSources(plan, filepath.Join(dir, "m", "out")); err == nil {
		t.Error("a tree inside a directory that the stack reads is accepted")
	}
}
