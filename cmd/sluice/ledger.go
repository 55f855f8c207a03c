package main

import (
	"strings"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/validate/schema"
)

// ledgerVerb is the verb that lists the placeholders of a stack.
func ledgerVerb(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "List every placeholder that a stack renders: what it asks of the backend, and where it stands",
		Long: "ledger renders the apps with secrets: \"avp\" and lists their placeholders: the path, the key and the version that each\n" +
			"asks the backend for, the object and field that hold it, how the chart had encoded it, and what the plugin has to\n" +
			"do with the secret. No backend is asked, and there is no secret in it.\n\n" +
			"In the table the last column says what to look after: \"url\", the secret gets into a URL unescaped; \"key\", a key of a\n" +
			"mapping, which the plugin never replaces. The JSON is a list with a field for each, in the order of apps and objects, and\n" +
			"the type that the schema of a built-in kind wants of the secret.",
		Example: "  sluice ledger --app netbox\n  sluice ledger -o json | jq -r '.[].path' | sort -u",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			plan, results, err := v.planned(cmd.Context())
			if err != nil {
				return err
			}
			minor, err := plan.Cluster.Minor()
			if err != nil {
				return err
			}
			lines := ledgerOf(results, minor)
			if form == "json" {
				err = report.JSON(v.out, lines)
			} else {
				err = v.printLedger(lines)
			}
			if err != nil {
				return err
			}
			return v.judged(results)
		},
	}
	output(cmd, &form, "table", "json")
	v.stackFlags(cmd.Flags())
	v.selectFlags(cmd.Flags())
	v.renderFlags(cmd.Flags())
	return cmd
}

// ledgerLine is one placeholder, for machines.
type ledgerLine struct {
	App       string   `json:"app"`
	Object    string   `json:"object"` // as acceptances name it: "Kind.group namespace/name"
	Field     string   `json:"field"`
	Path      string   `json:"path"`
	Key       string   `json:"key"`
	Version   string   `json:"version,omitempty"`
	Modifiers []string `json:"modifiers"`
	Type      string   `json:"type,omitempty"`     // what the schema of a built-in kind wants there: "integer", "quantity"
	Encoding  string   `json:"encoding,omitempty"` // how the chart wrote it, innermost first: "percent+base64"
	URL       bool     `json:"url"`
	InKey     bool     `json:"inKey"`
}

// ledgerOf lists the placeholders of all results in their order, with what a minor of Kubernetes wants of each. A list without
// any is one, and no null.
func ledgerOf(results []render.Result, minor int) []ledgerLine {
	lines := []ledgerLine{}
	for _, r := range results {
		rendered := objectsOf(r.Set)
		for _, p := range r.Ledger {
			lines = append(lines, ledgerLine{
				App: r.App.Name, Object: p.Object.String(), Field: p.Field.String(), Path: p.Path, Key: p.Key, Version: p.Version,
				Modifiers: append([]string{}, p.Modifiers...), Type: expected(rendered, p, minor), Encoding: p.Encoding, URL: p.URL, InKey: p.InKey,
			})
		}
	}
	return lines
}

// expected gives the type that the cluster wants of a secret, empty where that is not known.
func expected(rendered objects, p render.Placeholder, minor int) string {
	if o := rendered.of(p.Object); o != nil && !p.InKey {
		return schema.Expected(minor, o, p.Field)
	}
	return ""
}

// printLedger writes the table for people.
func (v *invocation) printLedger(lines []ledgerLine) error {
	rows := [][]string{{"APP", "OBJECT", "FIELD", "PATH", "KEY", "VERSION", "MODIFIERS", "ENCODING", "NOTE"}}
	asked := map[string]bool{}
	for _, l := range lines {
		var notes []string
		if l.URL {
			notes = append(notes, "url")
		}
		if l.InKey {
			notes = append(notes, "key")
		}
		row := []string{
			l.App, l.Object, l.Field, l.Path, l.Key, l.Version, strings.Join(l.Modifiers, " | "), l.Encoding, strings.Join(notes, " "),
		}
		for i := range row {
			row[i] = strings.ReplaceAll(visible(row[i]), "\n", `\n`) // one line each
		}
		rows = append(rows, row)
		asked[l.Path] = true
	}
	if err := report.Table(v.out, rows); err != nil {
		return err
	}
	v.note("%d placeholders, %d paths", len(lines), len(asked))
	return nil
}
