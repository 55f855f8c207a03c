package report

import (
	"io"

	"sluice/render"
	"sluice/validate"
)

type findingsJSON struct {
	Kubernetes  string          `json:"kubernetes"`
	Apps        int             `json:"apps"`
	Objects     int             `json:"objects"`
	Empties     int             `json:"empties"` // documents without content
	NotRendered []string        `json:"notRendered"`
	Unread      []Unread        `json:"unread,omitempty"`
	Errors      []errorJSON     `json:"errors,omitempty"`
	Failing     int             `json:"failing"` // findings that count
	Counts      map[string]int  `json:"counts"`  // of those that nobody accepted, suppressed or knew of, by severity
	Mended      int             `json:"mended"`
	Findings    []judgedJSON    `json:"findings"`
	Unchecked   []uncheckedJSON `json:"unchecked"`
}

// errorJSON is what could not be done, apart from apps and files.
type errorJSON struct {
	File    *placeJSON `json:"file,omitempty"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

// judgedJSON is a finding of one state.
type judgedJSON struct {
	findingJSON
	Field       string        `json:"field,omitempty"` // elements of lists by their place
	Place       string        `json:"place,omitempty"` // elements of lists by what they are known by
	File        *placeJSON    `json:"file,omitempty"`  // what a person edits
	Rendered    *placeJSON    `json:"rendered,omitempty"`
	Template    string        `json:"template,omitempty"`
	Suppressed  *suppressJSON `json:"suppressed,omitempty"`
	Known       bool          `json:"inBaseline,omitempty"`
	Fingerprint string        `json:"fingerprint"`
}

type placeJSON struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

type suppressJSON struct {
	Reason   string `json:"reason"`
	Position string `json:"position"`
}

// JSON writes everything that is known of the findings, those that do not count too.
func (f Findings) JSON(w io.Writer) error {
	c := f.count()
	out := findingsJSON{
		Kubernetes: f.judgedFor(), Apps: len(f.Results), Objects: c.objects, Empties: c.empties, NotRendered: append([]string{}, f.Failed...),
		Unread: f.Unread, Failing: len(f.Report.Counting(f.Least)), Counts: c.by, Mended: f.Mended, Findings: []judgedJSON{}, Unchecked: []uncheckedJSON{},
	}
	for _, e := range f.Errors {
		out.Errors = append(out.Errors, errorJSON{placeOf(e.Pos), e.Err.Error(), e.Hint})
	}
	for _, found := range f.Report.Findings {
		out.Findings = append(out.Findings, judged(found))
	}
	for _, u := range f.Report.Unchecked {
		out.Unchecked = append(out.Unchecked, uncheckedJSON{App: u.App, Object: object(u.Object), What: u.What, Why: u.Why})
	}
	return JSON(w, out)
}

func judged(f validate.Finding) judgedJSON {
	out := judgedJSON{
		findingJSON: findingJSON{
			Rule: f.Rule, Severity: f.Severity.String(), Brakes: f.Severity.Brakes(), App: f.App, Object: object(f.Object),
			Position: f.Pos.String(), Message: f.Message, Why: f.Why, Fix: f.Fix, Source: f.Source,
		},
		Field: f.Field.String(), Place: f.Place, File: placeOf(f.Pos), Rendered: placeOf(f.Rendered), Template: f.Template,
		Known: f.Known, Fingerprint: f.Fingerprint(),
	}
	if f.Accepted != nil {
		out.Accepted = &acceptedJSON{By: f.Accepted.By, Until: f.Accepted.Until, Reason: f.Accepted.Reason, Position: f.Accepted.Pos.String()}
	}
	if f.Suppressed != nil {
		out.Suppressed = &suppressJSON{f.Suppressed.Reason, f.Suppressed.Pos.String()}
	}
	return out
}

func placeOf(p render.Position) *placeJSON {
	if p.File == "" {
		return nil
	}
	return &placeJSON{p.File, p.Line, p.Column}
}
