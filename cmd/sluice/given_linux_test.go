package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe that nobody writes to, where the command line names a file, is an error, or ends when the run is interrupted. So
// does standard input that does not end.
func TestPipeWithoutWriter(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{
		"object.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n",
		"stack/stack.cue": "package stack\n",
		"odd/object.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n",
		"app/base/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pipe", "configmap.json", "odd/.yamllint", "stack/more.cue", "app/base/kustomization.yaml"} {
		if err := syscall.Mkfifo(at(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	silent, writer := io.Pipe()
	defer writer.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{at("object.yaml"), "--baseline", at("pipe")}, "interrupted"},
		{[]string{at("object.yaml"), "--baseline", dir}, "is a directory"},
		{[]string{at("object.yaml"), "--baseline", "/dev/zero"}, "has more than"},
		{[]string{at("object.yaml"), "--crds", at("pipe")}, "interrupted"},
		{[]string{at("object.yaml"), "--ca-file", at("pipe")}, "is no regular file"},
		{[]string{at("object.yaml"), "--ca-file", dir}, "is no regular file"},
		{[]string{at("object.yaml"), "--write-baseline", at("pipe")}, "is no regular file"},
		{[]string{at("object.yaml"), "--schema-location", at("{{.ResourceKind}}.json")}, "configmap.json is no regular file"},
		{[]string{at("pipe")}, `standard input, "-"`},
		{[]string{at("odd")}, ".yamllint"},
		{[]string{at("app")}, "not a regular file"},
		{[]string{"-"}, "interrupted"},
		{[]string{at("stack")}, "more.cue: it is no regular file"},
	} {
		t.Run(strings.ReplaceAll(strings.Join(c.args, " "), dir, ""), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if c.want == "interrupted" {
				time.AfterFunc(200*time.Millisecond, cancel)
			}
			defer cancel()
			var stdout, stderr bytes.Buffer
			code := run(ctx, streams{in: silent, out: &stdout, err: &stderr}, append([]string{"validate", "-q", "--cache", at("cache")}, c.args...))
			if code != exitError || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("exit code %d, %s", code, stderr.String())
			}
		})
	}
}

// The same holds for the other verbs, and for a pipe where a directory is meant.
func TestPipeInPlaceOfADirectory(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	const stack = `package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: repoURL: "https://git.example.com/example.git"
layers: apps: {wave: 0, apps: web: helm: {repo: "file://charts", chart: "web", version: "1.0.0"}}
`
	for name, text := range map[string]string{
		"stack/stack.cue":      stack,
		"lone/stack.cue":       strings.Replace(stack, `helm: {repo: "file://charts", chart: "web", version: "1.0.0"}`, `manifests: ["web.yaml"]`, 1),
		"lone/web.yaml":        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
		"repository/plain.yml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte(strings.ReplaceAll(text, "file://charts", "file://"+at("pipe"))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at("repository/build"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pipe", "repository/build/kustomization.yaml", "lone/.git"} {
		if err := syscall.Mkfifo(at(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	silent, writer := io.Pipe()
	defer writer.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"plan", "--stack", at("pipe")}, "not a directory"},
		{[]string{"validate", "--stack", at("pipe")}, "not a directory"},
		{[]string{"explain", "--stack", at("pipe")}, "not a directory"},
		{[]string{"lock", "--stack", at("stack"), "--mirror", at("pipe")}, "not a directory"},
		{[]string{"lock", "--stack", at("stack"), "--cache", at("cache")}, "not a directory"},
		{[]string{"validate", at("repository")}, "kustomization.yaml: reading the kustomization: not a regular file"},
		{[]string{"init", at("pipe")}, "not a directory"},
		{[]string{"hydrate", "--stack", at("lone"), "--create"}, "lone/.git is neither a directory nor a file"},
		{[]string{"capabilities", "--stack", at("lone"), "--check", at("pipe")}, "interrupted"},
		{[]string{"capabilities", "--stack", at("lone"), "--check", "-"}, "interrupted"},
		{[]string{"diff", "--stack", at("lone"), "render", "file:" + at("pipe")}, "interrupted"},
		{[]string{"diff", "--stack", at("lone"), "render", "-"}, "interrupted"},
	} {
		t.Run(strings.ReplaceAll(strings.Join(c.args, " "), dir, ""), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if c.want == "interrupted" {
				time.AfterFunc(200*time.Millisecond, cancel)
			}
			defer cancel()
			var stdout, stderr bytes.Buffer
			code := run(ctx, streams{in: silent, out: &stdout, err: &stderr}, c.args)
			if code != exitError || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("exit code %d, %s", code, stderr.String())
			}
		})
	}
}
