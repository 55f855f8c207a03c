package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
)

// vendorVerb is the verb that copies what the lock names into a folder, for machines without a network.
func vendorVerb(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "vendor DIR",
		Short: "Store every source of the lock in a folder that serves as a mirror",
		Long: "vendor stores every chart, repository and file of sluice.lock in DIR, each as one file whose digest the lock has,\n" +
			"and writes an index.yaml for each chart repository. With --mirror DIR everything is read from there; a web server\n" +
			"that serves DIR is a mirror too: --mirror https://mirror.example.com/charts.\n\n" +
			"What DIR has already stays, so that one folder can serve many stacks.",
		Example: "  sluice vendor ../mirror\n  sluice render --mirror ../mirror --offline",
		Args:    exactlyOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			lock, r, err := v.locked()
			if err != nil {
				return err
			}
			if len(lock.Entries()) == 0 {
				return &render.Error{Err: errors.New("vendoring: the lock has no source"), Hint: "run " + v.command("lock") + " first"}
			}
			done, err := r.Vendor(cmd.Context(), args[0], v.jobs)
			if err != nil {
				return err
			}
			for _, e := range done.Local {
				v.note("not copied, it is a directory of this machine: %s", e)
			}
			v.note("%s: %d files written, %d there already", args[0], len(done.Wrote), done.Kept)
			if form == "json" {
				return report.JSON(v.out, map[string]any{"wrote": orEmpty(done.Wrote), "kept": done.Kept})
			}
			for _, name := range done.Wrote {
				fmt.Fprintln(v.out, name)
			}
			return nil
		},
	}
	output(cmd, &form, "table", "json")
	v.stackFlags(cmd.Flags())
	v.sourceFlags(cmd.Flags())
	return cmd
}

// exactlyOne is the rule for verbs with one argument.
func exactlyOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && args[0] != "" {
			return nil
		}
		return &render.Error{
			Err:  fmt.Errorf("%s takes one argument, %s; %d given", cmd.CommandPath(), name, len(args)),
			Hint: "run " + cmd.CommandPath() + " --help",
		}
	}
}
