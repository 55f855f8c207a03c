package main

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
)

// renderVerb is the verb that prints objects. Its output is canonical and not the engine's own text, because it is
// there to be compared; helm's and kustomize's text of equal objects differ in order, quotes and comments.
func renderVerb(v *invocation) *cobra.Command {
	var form string
	var bare bareFlags
	cmd := &cobra.Command{
		Use:   "render [PATH]",
		Short: "Print what a stack, a chart, a kustomization or a directory of manifests renders to",
		Long: "render prints the objects of a stack's apps. With secrets: \"avp\" placeholders are spelled as the plugin\n" +
			"finds them; those in a Secret's data stay base64, which it reads.\n\n" +
			"With PATH no stack is needed: a chart directory or .tgz, a kustomization, or plain manifests, recognised by\n" +
			"what is there. Then the flags are those of helm template, and as there the CRDs of a chart's crds/ directory\n" +
			"are left out unless --include-crds is given. What it asks for elsewhere has to be pinned, by exact versions,\n" +
			"Chart.lock and whole commits.\n\n" +
			"The YAML is canonical (sorted keys, no comments of the chart), so the same objects give the same bytes with\n" +
			"every engine.",
		Example: "  sluice render --app netbox\n  sluice render ./charts/traefik -n traefik -f values.yaml --kube-version 1.33.4\n" +
			"  sluice render overlays/prod -o names",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", form, "yaml", "json", "names"); err != nil {
				return err
			}
			results, err := renderWhat(cmd.Context(), v, &bare, args)
			if err != nil {
				return err
			}
			if err := printObjects(v.out, form, results); err != nil {
				return err
			}
			return v.judged(results)
		},
	}
	output(cmd, &form, "yaml", "json", "names")
	v.stackFlags(cmd.Flags())
	v.selectFlags(cmd.Flags())
	v.renderFlags(cmd.Flags())
	bare.add(cmd.Flags())
	return cmd
}

// renderWhat renders the stack, or the path given where there is one that is no stack.
func renderWhat(ctx context.Context, v *invocation, bare *bareFlags, args []string) ([]render.Result, error) {
	if len(args) == 1 {
		isStack, err := holdsStack(args[0])
		if err != nil {
			return nil, err
		}
		if !isStack {
			return bare.render(ctx, v, args[0])
		}
		// A stack as the argument is the same as --stack: people type it where helm and kustomize take their
		// directory.
		v.stack = args[0]
	}
	// A flag that would be ignored is an error: values given to a stack would seem to have no effect.
	if name := bare.given(); name != "" {
		return nil, &render.Error{
			Err:  fmt.Errorf("--%s is for a chart, a kustomization or manifests, not for a stack", name),
			Hint: "an app's values, release and namespace are in the stack",
		}
	}
	return v.renderStack(ctx)
}

// renderStack loads and renders the stack of --stack.
func (v *invocation) renderStack(ctx context.Context) ([]render.Result, error) {
	_, results, err := v.planned(ctx)
	return results, err
}

// planned renders the stack, and gives its plan too.
func (v *invocation) planned(ctx context.Context) (render.Plan, []render.Result, error) {
	plan, err := v.plan()
	if err != nil {
		return render.Plan{}, nil, err
	}
	chain, err := v.toolchainFor(ctx, plan)
	if err != nil {
		return render.Plan{}, nil, err
	}
	results, err := v.render(ctx, plan, chain, nil)
	return plan, results, err
}

// printObjects writes the objects of all results in their order.
func printObjects(w *bufio.Writer, form string, results []render.Result) error {
	sets := make([]render.Set, 0, len(results))
	for _, r := range results {
		sets = append(sets, r.Set)
	}
	all := render.Set{}.Append(sets...)
	switch form {
	case "names":
		for _, o := range all.Objects {
			fmt.Fprintln(w, strings.ReplaceAll(visible(o.Key.String()), "\n", `\n`)) // one line each
		}
		return nil
	// One List and not a stream: every JSON reader takes it, and kubectl applies it.
	case "json":
		list := make([]map[string]any, 0, len(all.Objects))
		for _, o := range all.Objects {
			list = append(list, o.Tree)
		}
		return report.JSON(w, map[string]any{"apiVersion": "v1", "kind": "List", "items": list})
	}
	// One object at a time: a cluster of CRDs is tens of megabytes, and the writer is buffered.
	for _, o := range all.Objects {
		text, err := (render.Set{Objects: []render.Object{o}}).Encode()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "---\n# Source: %s\n%s", madeOf(o.Provenance), text)
	}
	return nil
}

// madeOf is what a person edits to change an object: the template, or the file.
func madeOf(p render.Provenance) string {
	if p.Template != "" {
		return p.Template
	}
	return p.File
}

// hostFiles opens the files that a user names on the command line, wherever they are; "-" is standard input, which is
// read once and kept: an app that is not deterministic is rendered twice.
type hostFiles struct {
	stdin func() ([]byte, error)
}

// Open is the method of fs.FS. A path may be absolute or lead upwards, which fs.ValidPath forbids and this allows on
// purpose: the person at the command line may read what they may read, a stack may not.
func (h hostFiles) Open(name string) (fs.File, error) { return os.Open(name) }

// ReadFile is the method of fs.ReadFileFS.
func (h hostFiles) ReadFile(name string) ([]byte, error) {
	if name == "-" {
		return h.stdin()
	}
	return whole(name)
}
