package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"sluice/render"
)

// starter is the stack that init writes: it renders offline as it is.
var starter = map[string]string{
	"stack.cue": `package stack

name: "NAME"
cluster: {
	kubernetes: "1.33.4"
	argocd:     "3.4.9" // decides whether Helm 3 or Helm 4 renders
}
hydrate: {
	repoURL: "https://git.example.com/platform/cluster.git"
	branch:  "rendered/NAME"
}
layers: platform: {
	wave: 0
	tier: "core"
	apps: hello: manifests: ["manifests/hello"]

	// A chart of a repository:
	// apps: traefik: helm: {repo: "https://traefik.github.io/charts", chart: "traefik", version: "39.0.1", valueFiles: ["values/traefik.yaml"]}
	//
	// An umbrella chart of this directory, with argocd-vault-plugin placeholders:
	// apps: registry: {umbrella: path: "apps/registry", secrets: "avp"}
	//
	// A kustomization, also with helmCharts:
	// apps: netbox: kustomize: path: "apps/netbox"
}
`,
	"manifests/hello/namespace.yaml": `apiVersion: v1
kind: Namespace
metadata:
  name: hello-core
`,
	"manifests/hello/config.yaml": `apiVersion: v1
kind: ConfigMap
metadata:
  name: hello
data:
  greeting: hello from NAME
`,
}

var stackName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// initVerb is the verb that writes a first stack. What it writes renders without a network, so that the next command
// a newcomer types succeeds; everything that needs a chart is there as a comment.
func initVerb(v *invocation) *cobra.Command {
	return &cobra.Command{
		Use:     "init [DIR]",
		Short:   "Write a first stack that renders as it is",
		Long:    "init writes a small stack to DIR (the current directory unless given). No file that exists is touched.",
		Example: "  sluice init my-cluster\n  sluice render --stack my-cluster",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			if dir == "" { // an unset variable of a script; writing where it happens to run is hardly meant
				return &render.Error{
					Err:  errors.New("starting a stack: the directory is an empty text"),
					Hint: "name a directory, or leave it out for the current one",
				}
			}
			return v.initStack(dir)
		},
	}
}

// initStack checks that nothing is in the way before it writes the first file, so a refusal leaves the directory as
// it was.
func (v *invocation) initStack(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("starting a stack: %w", err)
	}
	name := strings.ToLower(filepath.Base(abs))
	// The name goes into the name of a branch, so a directory that makes no such name is replaced and not escaped.
	if !stackName.MatchString(name) {
		name = "my-cluster"
	}
	// Any CUE file makes a stack: the starter beside it would be unified with it and fail in places that nobody
	// wrote.
	cue, err := filepath.Glob(filepath.Join(dir, "*.cue"))
	if err != nil {
		return fmt.Errorf("starting a stack: %w", err)
	}
	if len(cue) > 0 {
		return &render.Error{
			Pos: render.Position{File: cue[0]}, Err: errors.New("starting a stack: there is one already"),
			Hint: "run sluice plan to see it",
		}
	}
	paths := []string{"manifests/hello/config.yaml", "manifests/hello/namespace.yaml", "stack.cue"}
	for _, p := range paths {
		switch _, err := os.Lstat(filepath.Join(dir, p)); {
		case err == nil:
			return fmt.Errorf("starting a stack: %s exists already", filepath.Join(dir, p))
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("starting a stack: %w", err)
		}
	}
	for _, p := range paths {
		if err := writeNew(filepath.Join(dir, p), strings.ReplaceAll(starter[p], "NAME", name)); err != nil {
			return fmt.Errorf("starting a stack: %w", err)
		}
		fmt.Fprintln(v.out, filepath.Join(dir, p))
	}
	v.note("now run: sluice render --stack %s", dir)
	return nil
}

// writeNew writes a file that must not exist.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// O_EXCL and not a look before: what appears in between is not touched either.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
