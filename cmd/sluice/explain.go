package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/validate"
)

// explainVerb is the verb that says what a rule is about.
func explainVerb(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "explain [RULE|FAMILY]",
		Short: "Say what a rule finds, why it matters, what is wrong and right, and how to accept it",
		Long: "explain tells everything about one rule, or lists all of them, or those of a family:\n" + namedFamilies + ".\n\n" +
			"The examples are those that the program is tested with. Those of a policy of the stack, policy-NAME, are the tests\n" +
			"of the policy. With --stack, policy tells of the rule of that name and lists the policies.",
		Example: "  sluice explain\n  sluice explain dangling-service\n  sluice explain reference\n  sluice explain --stack . policy-no-latest",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return rulesAndFamilies(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", form, "text", "json", "markdown"); err != nil {
				return err
			}
			all, broken := v.familiesOf(cmd, args)
			if all == nil {
				return broken
			}
			rule, rest, err := explained(all, args)
			if err != nil {
				return err
			}
			return errors.Join(tell(v.out, form, rule, rest), broken)
		},
	}
	output(cmd, &form, "text", "json", "markdown")
	v.stackFlags(cmd.Flags())
	return cmd
}

// explained gives the rule of a name, and the rules of the family of that name, in order: policy is both. Without a name it
// gives all rules.
func explained(all []family, args []string) (rule, rest []validate.Rule, err error) {
	var ids []string
	for _, f := range all {
		for _, r := range f.rules {
			ids = append(ids, r.ID)
			switch {
			case len(args) > 0 && r.ID == args[0]:
				rule = append(rule, r)
			case len(args) == 0 || f.name == args[0]:
				rest = append(rest, r)
			}
		}
	}
	if len(rule)+len(rest) == 0 {
		known := append(strings.Split(namedFamilies, ", "), ids...)
		return nil, nil, unknownRule(render.Position{}, fmt.Sprintf("rule %q is not known", args[0]), args[0], known)
	}
	slices.SortStableFunc(rest, func(a, b validate.Rule) int { return strings.Compare(a.ID, b.ID) })
	return rule, rest, nil
}

// tell writes a rule in full, and others as a list.
func tell(w io.Writer, form string, rule, rest []validate.Rule) error {
	if form != "text" || len(rule) == 0 || len(rest) == 0 {
		return report.Rules(append(rule, rest...)).Write(w, form, len(rest) > 0)
	}
	if err := report.Rules(rule).Write(w, form, false); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return report.Rules(rest).Write(w, form, true)
}

// familiesOf lists all rules, with the policies of the stack where it is asked for: by its flag, or by the name of one. What is
// wrong with policies is an error beside them.
func (v *invocation) familiesOf(cmd *cobra.Command, args []string) ([]family, error) {
	if !cmd.Flags().Changed("stack") && (len(args) == 0 || !strings.HasPrefix(args[0], "policy-")) {
		return familyTable(brought{}), nil
	}
	plan, err := awaited(cmd.Context(), v.plan)
	if err != nil {
		return nil, err
	}
	policies, broken := v.policies(cmd.Context(), plan)
	return familyTable(brought{policies: policies}), broken
}
