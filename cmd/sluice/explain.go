package main

import (
	"errors"
	"fmt"
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
			"of the policy.",
		Example: "  sluice explain\n  sluice explain dangling-service\n  sluice explain reference\n  sluice explain --stack . policy-no-latest",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return rulesAndFamilies(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", form, "text", "json", "markdown"); err != nil {
				return err
			}
			rules, broken := v.rulesOf(cmd, args)
			if rules == nil {
				return broken
			}
			slices.SortStableFunc(rules, func(a, b validate.Rule) int { return strings.Compare(a.ID, b.ID) })
			list := len(args) == 0
			if !list {
				ids := ruleIDs(rules)
				wanted := []string{args[0]}
				if !slices.Contains(ids, args[0]) {
					if wanted, list = ofFamily(args[0]), true; len(wanted) == 0 {
						return unknownRule(render.Position{}, fmt.Sprintf("rule %q is not known", args[0]), args[0], append(strings.Split(namedFamilies, ", "), ids...))
					}
				}
				rules = slices.DeleteFunc(rules, func(r validate.Rule) bool { return !slices.Contains(wanted, r.ID) })
			}
			return errors.Join(report.Rules(rules).Write(v.out, form, list), broken)
		},
	}
	output(cmd, &form, "text", "json", "markdown")
	v.stackFlags(cmd.Flags())
	return cmd
}

// rulesOf lists all rules, with the policies of the stack where it is asked for: by its flag, or by the name of one. What is
// wrong with policies is an error beside them.
func (v *invocation) rulesOf(cmd *cobra.Command, args []string) ([]validate.Rule, error) {
	if !cmd.Flags().Changed("stack") && (len(args) == 0 || !strings.HasPrefix(args[0], "policy-")) {
		return families(), nil
	}
	plan, err := awaited(cmd.Context(), v.plan)
	if err != nil {
		return nil, err
	}
	policies, broken := v.policies(cmd.Context(), plan)
	return familiesWith(brought{policies: policies}), broken
}
