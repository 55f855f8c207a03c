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
