package main

import (
	"github.com/spf13/cobra"

	"sluice/render/stack"
)

func schemaVerb(v *invocation) *cobra.Command {
	return &cobra.Command{
		Use:       "schema stack",
		Short:     "Print the JSON Schema of a stack, for editors",
		Long:      "schema stack prints the JSON Schema (draft 2020-12) of a stack that is written as YAML or JSON.",
		Example:   "  sluice schema stack > stack.schema.json",
		Args:      cobra.ExactArgs(1),
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
