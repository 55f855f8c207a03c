package main

import (
	"cmp"
	"errors"
	"io"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/source"
)

// parted takes what only says that a source is not settled out of joined errors, and counts it: what is left is wrong
// whatever the lock says.
func parted(err error) (unsettled int, rest error) {
	switch e := err.(type) {
	case nil:
		return 0, nil
	case interface{ Unwrap() []error }:
		var kept []error
		for _, part := range e.Unwrap() {
			n, one := parted(part)
			unsettled += n
			kept = append(kept, one)
		}
		return unsettled, errors.Join(kept...)
	}
	if errors.Is(err, source.ErrUnsettled) {
		return 1, nil
	}
	return 0, err
}

// lockLine is one change of a lock for machines.
type lockLine struct {
	Change     string `json:"change"` // added, changed or removed
	Kind       string `json:"kind"`
	Source     string `json:"source"` // repository or URL
	Chart      string `json:"chart,omitempty"`
	Requested  string `json:"requested,omitempty"`
	Submodules bool   `json:"submodules,omitempty"`
	From       string `json:"from,omitempty"` // what it was resolved to before
	To         string `json:"to,omitempty"`
}

// printChanges writes the changes of a lock.
func printChanges(w io.Writer, form string, changes []source.Change) error {
	lines := make([]lockLine, 0, len(changes))
	for _, c := range changes {
		word, e := "changed", c.After
		switch {
		case c.After == (source.Entry{}):
			word, e = "removed", c.Before
		case c.Before == (source.Entry{}):
			word = "added"
		}
		lines = append(lines, lockLine{
			Change: word, Kind: e.Kind, Source: e.Repo, Chart: e.Chart, Requested: e.Requested, Submodules: e.Submodules,
			From: settledAs(c.Before), To: settledAs(c.After),
		})
	}
	if form == "json" {
		return report.JSON(w, lines)
	}
	if len(lines) == 0 {
		return nil
	}
	rows := [][]string{{"CHANGE", "KIND", "SOURCE", "REQUESTED", "RESOLVED"}}
	for _, l := range lines {
		what := cmp.Or(l.To, l.From)
		if l.From != "" && l.To != "" && l.From != l.To {
			what = l.From + " -> " + l.To
		}
		rows = append(rows, []string{l.Change, l.Kind, cmp.Or(l.Chart, l.Source), requestedAs(l.Requested, l.Submodules), cmp.Or(what, "-")})
	}
	return report.Table(w, rows)
}

// settledAs gives what an entry was resolved to, short enough for a line: a version, or the beginning of a commit or digest.
func settledAs(e source.Entry) string {
	const short = 12
	switch {
	case e.Kind == render.KindHelm:
		return e.Resolved
	case len(e.Resolved) > short:
		return e.Resolved[:short]
	case len(e.Digest) > len("sha256:")+short:
		return e.Digest[:len("sha256:")+short]
	}
	return ""
}

// requestedAs gives what is asked of a source. One repository may be asked for with its submodules and without.
func requestedAs(requested string, submodules bool) string {
	if submodules {
		return requested + " and submodules"
	}
	return cmp.Or(requested, "-")
}
