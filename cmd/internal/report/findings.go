package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// Findings is what rules said of one state.
type Findings struct {
	Report  validate.Report
	Least   validate.Severity // findings of it and above count
	Results []render.Result   // what was judged
	// Landed gives the key that an object of an app has in the cluster: a finding may have that or the one as rendered.
	Landed func(app string, key render.Key) render.Key
	Failed []string // apps that did not render, so that nothing of them was judged
	// Reasons say why, one for each of them. There is nothing secret in them.
	Reasons []string
	Unread  []Unread // what of files could not be read
	// Errors are what is wrong with policies, in the order of their places. There is nothing secret in them.
	Errors []*render.Error
	Strict bool // what could not be judged fails
	Mended int  // entries of the baseline that no finding answers
	Minor  int  // of the Kubernetes that it was judged for
	Last   int  // the last minor of a range that was asked for, which Minor begins; 0 for none
	All    bool // show those that do not count too: accepted, suppressed, in the baseline
	Color  bool
}

// Unread is a part of a file that could not be read. There is nothing secret in the reason.
type Unread struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"-"` // the reason has it
	Reason string `json:"reason"`
}

// tally is how many findings there are of each severity that count, and how many that do not.
type tally struct {
	by                          map[string]int
	accepted, suppressed, known int
	objects                     int
	empties                     int // documents without content
}

func (f Findings) count() tally {
	c := tally{by: map[string]int{}}
	for _, found := range f.Report.Findings {
		switch {
		case found.Accepted != nil:
			c.accepted++
		case found.Suppressed != nil:
			c.suppressed++
		case found.Known:
			c.known++
		default:
			c.by[found.Severity.String()]++
		}
	}
	for _, r := range f.Results {
		c.objects += len(r.Set.Objects)
		c.empties += r.Set.Empties
	}
	return c
}

// Summary gives the outcome in one line: what was judged, what was found, and what was not judged.
func (f Findings) Summary() string {
	c := f.count()
	var found []string
	names := validate.Severities()
	slices.Reverse(names)
	for _, name := range names {
		if c.by[name] > 0 {
			found = append(found, fmt.Sprintf("%d %s", c.by[name], plural(name, c.by[name])))
		}
	}
	if len(found) == 0 {
		found = []string{"nothing found"}
	}
	objects := fmt.Sprintf("objects: %d", c.objects)
	if c.empties > 0 {
		objects += fmt.Sprintf(", empty documents: %d", c.empties)
	}
	parts := []string{fmt.Sprintf("apps: %d, %s, judged for Kubernetes %s: %s", len(f.Results), objects, f.judgedFor(), strings.Join(found, ", "))}
	for _, more := range []struct {
		n    int
		what string
	}{
		{c.accepted, "accepted"},
		{c.suppressed, "suppressed"},
		{c.known, "in the baseline"},
		{f.Mended, "of the baseline mended"},
		{len(f.unchecked()), "unchecked"},
		{len(f.Failed), "not rendered"},
		{len(f.Unread), "not read"},
	} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", more.n, more.what))
		}
	}
	return strings.Join(parts, "; ")
}

// judgedFor gives the minor or the range of minors, as --kubernetes takes it.
func (f Findings) judgedFor() string {
	if f.Last > f.Minor {
		return fmt.Sprintf("1.%d..1.%d", f.Minor, f.Last)
	}
	return fmt.Sprintf("1.%d", f.Minor)
}

// plural gives the word for a number of findings of a severity.
func plural(severity string, n int) string {
	if n != 1 && (severity == "error" || severity == "warning") {
		severity += "s"
	}
	return severity
}

// Text writes a finding per line, as compilers do, with where it shows and what to do below it, then what could not be
// judged. It begins with the place that a person edits; where that is not known, with the app.
func (f Findings) Text(w io.Writer) error {
	b := &strings.Builder{}
	paint := ink(f.Color)
	said := map[[3]string]bool{} // of each rule, what was said below a finding: not again
	for _, found := range f.Report.Findings {
		counts := found.Accepted == nil && found.Suppressed == nil && !found.Known
		if !counts && !f.All {
			continue
		}
		color := yellow
		if found.Severity >= max(f.Least, validate.Error) && counts {
			color = red
		}
		fmt.Fprintf(b, "%s: %s: %s [%s]\n", printable(where(found)), paint.paint(color, found.Severity.String()), printable(f.says(found)), found.Rule)
		for _, more := range [][2]string{
			{"at", at(found)}, {"why", found.Why}, {"fix", found.Fix}, {"left out", why(found)},
		} {
			key := [3]string{found.Rule, more[0], more[1]}
			if more[1] == "" || said[key] {
				continue
			}
			said[key] = more[0] != "at"
			fmt.Fprintf(b, "    %s: %s\n", more[0], printable(more[1]))
		}
	}
	for _, u := range f.unchecked() {
		fmt.Fprintf(b, "unchecked: %s\n", printable(joined(": ", u.App, objectName(u.Object), u.What, u.Why)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// manyApps is how many apps may have a kind that cannot be judged before it is said once for all of them.
const manyApps = 3

// unchecked lists what could not be judged. A kind that many apps have is one line: below the root of a repository lie
// dozens of charts and kustomizations with the same few kinds, whose lines would hide all others. JSON has each.
func (f Findings) unchecked() []validate.Unchecked {
	type cause struct {
		every render.Key
		why   string
	}
	apps := map[cause][]string{}
	for _, u := range f.Report.Unchecked {
		if u.Every != (render.Key{}) {
			apps[cause{u.Every, u.Why}] = append(apps[cause{u.Every, u.Why}], u.App)
		}
	}
	var list []validate.Unchecked
	for _, u := range f.Report.Unchecked {
		all := apps[cause{u.Every, u.Why}]
		if len(all) <= manyApps {
			list = append(list, u)
			continue
		}
		if u.App == all[0] {
			what := fmt.Sprintf("objects of the kind %s in %d apps (%s and more)", u.Every.GroupKind(), len(all), strings.Join(all[:manyApps], ", "))
			list = append(list, validate.Unchecked{Every: u.Every, What: what, Why: u.Why})
		}
	}
	return list
}

// says gives the message, beginning with the object where it does not name it.
func (f Findings) says(found validate.Finding) string {
	name := objectName(found.Object)
	bare := found.Object
	bare.Namespace = "" // as the render has it, where the namespace is the destination's
	if name == "" || strings.Contains(found.Message, name) || strings.Contains(found.Message, objectName(bare)) {
		return found.Message
	}
	return name + ": " + found.Message
}

// where gives the place that a person edits, else the app.
func where(f validate.Finding) string {
	switch {
	case strings.HasPrefix(f.Pos.File, "::") || strings.HasPrefix(f.Pos.File, "##"):
		return "./" + f.Pos.String() // a line that begins so is a command to the runners of GitHub and Azure
	case f.Pos.File != "":
		return f.Pos.String()
	case f.App != "":
		return "app " + f.App
	default:
		return "stack"
	}
}

// at gives the place in what was rendered, where that is another.
func at(f validate.Finding) string {
	if f.Rendered.File == "" || f.Rendered == f.Pos {
		return ""
	}
	if f.Template != "" && f.Template != f.Pos.File {
		return fmt.Sprintf("%s (%s)", f.Rendered, f.Template)
	}
	return f.Rendered.String()
}

// why gives the reason for which a finding does not count.
func why(f validate.Finding) string {
	switch {
	case f.Accepted != nil:
		return fmt.Sprintf("accepted by %s until %s: %s", f.Accepted.By, f.Accepted.Until, f.Accepted.Reason)
	case f.Suppressed != nil:
		return fmt.Sprintf("suppressed at %s: %s", f.Suppressed.Pos, f.Suppressed.Reason)
	case f.Known:
		return "in the baseline"
	}
	return ""
}
