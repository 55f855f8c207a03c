package validate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"sluice/render"
)

// baselineVersion is that of the form of the file.
const baselineVersion = 1

// Baseline are the findings that a repository had when it began to be judged: they are said and do not count. Losses are
// never in it.
type Baseline struct {
	Version  int             `json:"version"`
	Findings []BaselineEntry `json:"findings"`
}

// BaselineEntry is one finding of a baseline. The fingerprint alone counts; the rest is for people.
type BaselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	App         string `json:"app,omitempty"`
	Object      string `json:"object,omitempty"`
	Place       string `json:"place,omitempty"`
	Message     string `json:"message"`
}

// Fingerprint tells findings apart from run to run: it is made of rule, app, object and place, with elements of lists by
// their keys, so that a line added above or an element put before it is no new finding. Where no field is to blame, of
// the message.
func (f Finding) Fingerprint() string {
	object, last := "", f.Message
	if f.Object != (render.Key{}) {
		object = f.Object.String()
	}
	if f.Place != "" {
		last = f.Place
	}
	file := ""
	if object == "" {
		file = f.Pos.File
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.App, object, file, last}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// ReadBaseline reads what [Report.Baseline] gave. Name is the file's, for the error.
func ReadBaseline(name string, r io.Reader) (Baseline, error) {
	var b Baseline
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	err := dec.Decode(&b)
	switch {
	case err != nil:
	case b.Version != baselineVersion:
		err = fmt.Errorf("it is of version %d, and %d is known", b.Version, baselineVersion)
	case dec.More():
		err = fmt.Errorf("something follows it")
	}
	if err != nil {
		return Baseline{}, &render.Error{
			Pos: render.Position{File: name}, Err: fmt.Errorf("reading the baseline: %w", err),
			Hint: "make it with --write-baseline; a conflict of a merge is solved by writing it anew",
		}
	}
	return b, nil
}

// Baseline gives the findings of the report that count, losses left out, in the order of the report.
func (r Report) Baseline() Baseline {
	b := Baseline{Version: baselineVersion, Findings: []BaselineEntry{}}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		if f.Severity.Brakes() || f.Accepted != nil || f.Suppressed != nil || seen[f.Fingerprint()] {
			continue
		}
		seen[f.Fingerprint()] = true
		entry := BaselineEntry{Fingerprint: f.Fingerprint(), Rule: f.Rule, App: f.App, Place: f.Place, Message: f.Message}
		if f.Object != (render.Key{}) {
			entry.Object = f.Object.String()
		}
		b.Findings = append(b.Findings, entry)
	}
	return b
}

// Hold marks, in place, the findings that a baseline has, and gives its entries that no finding answers: they are mended.
func (r Report) Hold(b Baseline) (mended []BaselineEntry) {
	known := map[string]bool{}
	for _, e := range b.Findings {
		known[e.Fingerprint] = false
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		print := f.Fingerprint()
		if _, in := known[print]; in && !f.Severity.Brakes() {
			f.Known, known[print] = true, true
		}
	}
	return slices.DeleteFunc(slices.Clone(b.Findings), func(e BaselineEntry) bool { return known[e.Fingerprint] })
}
