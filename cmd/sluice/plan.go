package main

import (
	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
)

// planVerb is the verb that shows what a stack means and renders nothing: no chart is read, so it works without a
// network and in the time that CUE takes. Its JSON is for scripts that choose apps, its graph for a merge request.
func planVerb(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show the apps of a stack, layer by layer, with every default filled in",
		Long: "plan evaluates the stack and shows its apps without rendering anything.\n" +
			"The graph is a Mermaid flowchart of layers and dependencies, which GitLab and GitHub draw inside Markdown.",
		Example: "  sluice plan\n  sluice plan -o json --layer platform\n  sluice plan -o graph --tag env=prod",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			// Flags are judged before the stack is read: a misspelt one is the cheaper mistake to report.
			if err := oneOf("--output", form, "table", "json", "graph"); err != nil {
				return err
			}
			plan, err := v.plan()
			if err != nil {
				return err
			}
			switch form {
			case "json":
				return report.Plan(plan).JSON(v.out)
			case "graph":
				return report.Plan(plan).Graph(v.out)
			default:
				return report.Plan(plan).Table(v.out)
			}
		},
	}
	output(cmd, &form, "table", "json", "graph")
	v.stackFlags(cmd.Flags())
	v.selectFlags(cmd.Flags())
	return cmd
}
