package report

import (
	"fmt"
	"io"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// Diffs are comparisons that were asked for together.
type Diffs []Diff

// Table writes one line per app and comparison: what goes, comes and changes, and the worst that was found. It
// answers what an upgrade will do to a cluster before anybody reads a change.
func (all Diffs) Table(w io.Writer) error {
	rows := [][]string{{"APP", "TO", "OBJECTS", "REMOVED", "MOVED", "ADDED", "CHANGED", "WORST"}}
	for _, d := range all {
		for _, a := range d.Apps {
			rows = append(rows, d.row(a))
		}
	}
	if err := Table(w, rows); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (d Diff) row(a validate.Comparison) []string {
	n := map[string]int{}
	for _, c := range a.Effective {
		n[c.Kind()]++
	}
	objects := fmt.Sprint(len(a.Left.Set.Objects))
	switch l, r := counted(a.Left), counted(a.Right); {
	case l == "?" && r == "?":
		objects = "?"
	case l != r:
		objects = l + "→" + r
	}
	worst, found := validate.Info, false
	for _, f := range d.Report.Findings {
		if f.App == a.App && f.Accepted == nil {
			found, worst = true, max(worst, f.Severity)
		}
	}
	says := "-"
	switch {
	case len(d.failures(a)) > 0:
		says = "not rendered"
	case found:
		says = worst.String()
	}
	return []string{
		a.App, strings.TrimPrefix(d.Right, "render:"), objects,
		fmt.Sprint(n["removed"] + n["hooked"] + n["collapsed"]), fmt.Sprint(n["moved"]), fmt.Sprint(n["added"]), fmt.Sprint(n["modified"]), says,
	}
}

// counted gives how many objects a side has, a question mark where nobody knows.
func counted(r render.Result) string {
	if r.Err != nil {
		return "?"
	}
	return fmt.Sprint(len(r.Set.Objects))
}

// JSON writes comparisons for machines: an array of them where a list was asked for, else the only one.
func (all Diffs) JSON(w io.Writer, list bool) error {
	forms := make([]diffJSON, len(all))
	for i, d := range all {
		forms[i] = d.form()
	}
	if !list && len(forms) == 1 {
		return JSON(w, forms[0])
	}
	return JSON(w, forms)
}

// Says tells whether there is anything to say of the comparison: a difference, also one in spelling alone, a finding, a
// note, or something that could not be judged.
func (d Diff) Says() bool {
	for _, a := range d.Apps {
		if len(a.Effective)+len(a.Raw)+a.Unsteady+len(d.failures(a)) > 0 {
			return true
		}
	}
	return len(d.Report.Findings)+len(d.Report.Unchecked)+len(d.Notes) > 0
}

// Only keeps the apps with a finding that stops a hydrate, and the findings about them and about acceptances: one that names
// another app may be the one that was to accept what stops.
func (d Diff) Only() Diff {
	stopped := map[string]bool{}
	for _, f := range d.Report.Stopping() {
		stopped[f.App] = true
	}
	kept := d
	kept.Apps, kept.Report.Findings = nil, nil
	for _, a := range d.Apps {
		if stopped[a.App] {
			kept.Apps = append(kept.Apps, a)
		}
	}
	for _, f := range d.Report.Findings {
		if stopped[f.App] || f.Rule == "acceptance" || f.App == "" && f.Object == (render.Key{}) {
			kept.Report.Findings = append(kept.Report.Findings, f)
		}
	}
	return kept
}
