package main

import (
	"errors"

	"github.com/spf13/cobra"

	"sluice/render"
	"sluice/render/stack"
)

// schemaVerb is the verb that hands editors the schema of a stack, so that mistakes show while typing. The subject is
// an argument and not implied, so that other schemas can follow without a change of the command line.
func schemaVerb(v *invocation) *cobra.Command {
	return &cobra.Command{
		Use:   "schema stack",
		Short: "Print the JSON Schema of a stack, for editors",
		Long: "schema stack prints the JSON Schema (draft 2020-12) of a stack that is written as YAML or JSON.\n\n" +
			"A stack is CUE files; a stack.cue of these three lines takes stack.yaml in:\n\n" +
			"  @extern(embed)\n  package stack\n  {_, @embed(file=stack.yaml)}",
		Example: "  sluice schema stack > stack.schema.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &render.Error{Err: errors.New("one schema at a time"), Hint: "run sluice schema stack"}
			}
			return nil
		},
		ValidArgs: []string{"stack"},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("schema", args[0], "stack"); err != nil {
				return err
			}
			text, err := stack.JSONSchema()
			if err != nil {
				return err
			}
			_, err = v.out.Write(text)
			return err
		},
	}
}
