package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sluice/cmd/internal/report"
	"sluice/render/source"
)

// outdatedVerb is the verb that says what newer versions there are of what the lock has.
func outdatedVerb(v *invocation) *cobra.Command {
	var form string
	var fail, all bool
	cmd := &cobra.Command{
		Use:   "outdated",
		Short: "Show newer versions of what the lock has",
		Long: "outdated asks every chart repository, registry and Git repository of sluice.lock for its versions, and shows\n" +
			"the newest patch, minor and major release beyond the locked one. It changes nothing: write the version into\n" +
			"the stack, or run sluice lock --update where the stack has a range.",
		Example: "  sluice outdated\n  sluice outdated -o json --exit-code",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			lines, failed := v.outdated(cmd.Context(), all)
			// What is known is shown also where a place does not answer; the exit code is that of the error.
			if failed != nil && len(lines) == 0 {
				return failed
			}
			if err := errors.Join(v.sayOutdated(form, lines), failed); err != nil {
				return err
			}
			for _, l := range lines {
				if fail && l.Newest() != "" {
					return errDifferent
				}
			}
			return nil
		},
	}
	output(cmd, &form, "table", "json")
	cmd.Flags().BoolVar(&fail, "exit-code", false, "exit 1 where something has a newer version")
	cmd.Flags().BoolVar(&all, "all", false, "show also what has nothing newer")
	v.stackFlags(cmd.Flags())
	v.sourceFlags(cmd.Flags())
	return cmd
}

// outdatedLine is one source for machines.
type outdatedLine struct {
	Kind       string `json:"kind"`
	Source     string `json:"source"`
	Chart      string `json:"chart,omitempty"`
	Requested  string `json:"requested"`
	Submodules bool   `json:"submodules,omitempty"`
	Current    string `json:"current"`
	Patch      string `json:"patch,omitempty"`
	Minor      string `json:"minor,omitempty"`
	Major      string `json:"major,omitempty"`
}

// Newest is the version furthest ahead, empty where there is none.
func (l outdatedLine) Newest() string { return cmp.Or(l.Major, l.Minor, l.Patch) }

// outdated asks for every entry of the lock. The lines are those of the places that answered.
func (v *invocation) outdated(ctx context.Context, all bool) ([]outdatedLine, error) {
	lock, r, err := v.locked()
	if err != nil {
		return nil, err
	}
	entries := lock.Entries()
	found := make([]source.Newer, len(entries))
	failures := make([]error, len(entries))
	var group errgroup.Group
	group.SetLimit(v.jobs)
	for i, e := range entries {
		group.Go(func() error {
			found[i], failures[i] = r.Newer(ctx, e)
			return nil // told all together, in the order of the lock
		})
	}
	_ = group.Wait()
	lines := []outdatedLine{}
	for i, n := range found {
		if failures[i] != nil {
			continue
		}
		l := outdatedLine{
			Kind: n.Entry.Kind, Source: n.Entry.Repo, Chart: n.Entry.Chart, Requested: n.Entry.Requested, Submodules: n.Entry.Submodules,
			Current: settledAs(n.Entry), Patch: n.Patch, Minor: n.Minor, Major: n.Major,
		}
		if all || l.Newest() != "" {
			lines = append(lines, l)
		}
	}
	return lines, errors.Join(failures...)
}

// sayOutdated writes the lines.
func (v *invocation) sayOutdated(form string, lines []outdatedLine) error {
	if form == "json" {
		return report.JSON(v.out, lines)
	}
	if len(lines) == 0 {
		v.note("nothing has a newer version")
		return nil
	}
	rows := [][]string{{"SOURCE", "REQUESTED", "CURRENT", "PATCH", "MINOR", "MAJOR"}}
	for _, l := range lines {
		rows = append(rows, []string{
			cmp.Or(l.Chart, l.Source), requestedAs(l.Requested, l.Submodules), l.Current, cmp.Or(l.Patch, "-"), cmp.Or(l.Minor, "-"), cmp.Or(l.Major, "-"),
		})
	}
	return report.Table(v.out, rows)
}
