// Package report writes what the verbs have to say: tables and graphs for people, JSON for machines.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sluice/render"
)

// JSON writes v indented, with a final newline and without HTML escapes, so that "<path:...>" stays readable.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// App is the summary of one rendered app.
type App struct {
	Name         string        `json:"name"`
	Layer        string        `json:"layer"`
	Pattern      string        `json:"pattern"` // helm, umbrella, kustomize or manifests
	Objects      int           `json:"objects"`
	CRDs         int           `json:"crds"`         // of the objects, those that are CustomResourceDefinitions
	Empties      int           `json:"empties"`      // documents without content
	Placeholders int           `json:"placeholders"` // all that the app holds
	Decoded      int           `json:"decoded"`      // of them, those that a chart had encoded
	Unchecked    []string      `json:"unchecked,omitempty"`
	Random       []string      `json:"random,omitempty"`
	Elapsed      time.Duration `json:"-"` // differs between runs, so it is for the table alone
}

// Summarize counts what each app rendered to, in the order of the results.
func Summarize(results []render.Result) []App {
	apps := make([]App, 0, len(results))
	for _, r := range results {
		app := App{
			Name: r.App.Name, Layer: r.App.Layer, Pattern: pattern(r.App), Objects: len(r.Set.Objects),
			Empties: r.Set.Empties, Placeholders: len(r.Ledger), Unchecked: r.Unchecked, Random: r.Random, Elapsed: r.Elapsed,
		}
		app.CRDs = len(r.Set.Definitions())
		for _, p := range r.Ledger {
			// Base64 alone is how a Secret spells its values; the plugin reads it, so nothing was decoded.
			if p.Encoding != "" && p.Encoding != "base64" {
				app.Decoded++
			}
		}
		apps = append(apps, app)
	}
	return apps
}

// pattern names the app's first source, and what is added to it: "helm+manifests".
func pattern(a render.App) string {
	name := a.Pattern()
	if name != render.KindManifests && len(a.Sources) > 1 {
		name += "+" + render.KindManifests
	}
	return name
}

// Summary writes a table with a line per app and a line of totals.
func Summary(w io.Writer, apps []App) error {
	rows := [][]string{{"APP", "PATTERN", "OBJECTS", "CRDS", "EMPTIES", "PLACEHOLDERS", "DECODED", "TIME"}}
	total := App{Name: "total"}
	for _, a := range apps {
		rows = append(rows, a.row())
		total.Objects += a.Objects
		total.CRDs += a.CRDs
		total.Empties += a.Empties
		total.Placeholders += a.Placeholders
		total.Decoded += a.Decoded
		total.Elapsed += a.Elapsed
	}
	return Table(w, append(rows, total.row()))
}

func (a App) row() []string {
	return []string{
		a.Name, a.Pattern, strconv.Itoa(a.Objects), strconv.Itoa(a.CRDs), strconv.Itoa(a.Empties),
		strconv.Itoa(a.Placeholders), strconv.Itoa(a.Decoded), fmt.Sprintf("%dms", a.Elapsed.Milliseconds()),
	}
}

// Table writes rows in aligned columns; the first row is the header. Columns of numbers are aligned to the right.
func Table(w io.Writer, rows [][]string) error {
	widths := map[int]int{}
	numeric := map[int]bool{}
	for r, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], len([]rune(cell)))
			if r == 1 {
				numeric[c] = true
			}
			if r > 0 && !isNumber(cell) {
				numeric[c] = false
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-len([]rune(cell)))
			switch {
			case numeric[c]:
				line.WriteString(pad + cell)
			default:
				line.WriteString(cell + pad)
			}
			line.WriteString("  ")
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// isNumber knows a count, a time in milliseconds, and nothing at all. A version or the beginning of a commit is a text.
func isNumber(cell string) bool {
	return strings.Trim(strings.TrimSuffix(cell, "ms"), "0123456789") == ""
}
