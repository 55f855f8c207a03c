package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/render"
	"sluice/validate"
)

const (
	maxShown   = 160 // characters of one value
	minGrouped = 3   // objects with the same edit that are told in one line
	maxLines   = 60  // lines of the edits of one object: a new version of a definition has thousands
)

// Text writes the comparison for people: per app what happens to each object, below it the findings about it and why.
// An edit that many objects of an app share is one line.
func (d Diff) Text(w io.Writer) error {
	t := &text{d: d, ink: ink(d.Color), mask: mask{d.Key}}
	var alike []string
	for _, app := range d.Apps {
		if !t.app(app) {
			alike = append(alike, app.App)
		}
	}
	if len(alike) > 0 {
		t.line(0, "without difference (%d): %s", len(alike), strings.Join(alike, ", "))
	}
	for _, f := range d.homeless() {
		t.finding(0, f)
	}
	for _, u := range d.Report.Unchecked {
		where := ""
		if u.App != "" {
			where = "app " + u.App + ":"
		}
		t.line(0, "unchecked: %s", joined(" ", where, objectName(u.Object), u.What, reason(u.Why)))
	}
	for _, note := range d.Notes {
		t.line(0, "note: %s", note)
	}
	t.total()
	_, err := io.WriteString(w, t.b.String())
	return err
}

// text is a Text in the making.
type text struct {
	d    Diff
	b    strings.Builder
	ink  ink
	mask mask
}

func (t *text) line(depth int, format string, args ...any) { t.colored(depth, "", format, args...) }

// colored writes indented lines in one colour; the colour is put on after the text was made printable.
func (t *text) colored(depth int, color, format string, args ...any) {
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		t.b.WriteString(strings.Repeat("  ", depth) + t.ink.paint(color, printable(line)) + "\n")
	}
}

// app writes one app, and says whether there was anything to write.
func (t *text) app(app validate.Comparison) bool {
	about, rest := t.d.findingsAbout(app)
	same, dropped := spelled(app)
	failures := t.d.failures(app)
	if len(app.Effective)+len(rest)+same+dropped+app.Unsteady+len(failures) == 0 {
		return false
	}
	if len(failures) > 0 {
		t.colored(0, bold, "app %s: not compared", app.App)
	} else {
		t.colored(0, bold, "app %s: %s", app.App, counts(app.Effective))
	}
	for _, f := range failures {
		t.colored(1, red, "not rendered on %s", t.mask.text(f))
	}
	t.changes(app, about)
	for _, f := range rest {
		t.finding(1, f)
	}
	if same > 0 {
		t.line(1, "spelled differently, same object in the cluster: %d", same)
	}
	if dropped > 0 {
		t.line(1, "hooks that Argo CD never runs: %d differ", dropped)
	}
	if app.Unsteady > 0 {
		t.line(1, "fields that differ from run to run, not compared: %d", app.Unsteady)
	}
	t.b.WriteByte('\n')
	return true
}

// told is one edit in words.
type told struct {
	line  string
	lines []string // what differs in texts of several lines
}

func (e told) key() string { return e.line + "\n" + strings.Join(e.lines, "\n") }

func (t *text) edited(depth int, e told, suffix string) {
	t.line(depth, "%s%s", e.line, suffix)
	for _, l := range e.lines {
		t.colored(depth+1, lineColor(l), "%s", l)
	}
}

// grouped writes the edits that many objects share, each once.
func (t *text) grouped(all []told, objects map[string]int) {
	for _, one := range all {
		if n := objects[one.key()]; n >= minGrouped {
			delete(objects, one.key())
			t.edited(1, told{"~ " + one.line, one.lines}, fmt.Sprintf(" (%d objects)", n))
		}
	}
}

// changes writes the objects of an app, then the edits that many of them share. An object without other edits, and that
// nothing else is said about, has no line of its own.
func (t *text) changes(app validate.Comparison, about map[render.Key][]validate.Finding) {
	words := make([][]told, len(app.Effective))
	objects := map[string]int{} // that have an edit
	for i, c := range app.Effective {
		for _, e := range c.Edits {
			if c.Turn == "moved" && e.Field.String() == "metadata.namespace" {
				continue // the headline says it
			}
			one := t.edit(c, e)
			words[i] = append(words[i], one)
			if c.Kind() == "modified" {
				objects[one.key()]++
			}
		}
	}
	var blocks []block
	for i, c := range app.Effective {
		findings := about[c.Key]
		delete(about, c.Key) // a key with two changes has its findings once
		if c.Right != nil {
			findings = append(findings, about[c.Right.Key]...)
			delete(about, c.Right.Key)
		}
		own := slices.DeleteFunc(slices.Clone(words[i]), func(one told) bool {
			return c.Kind() == "modified" && objects[one.key()] >= minGrouped
		})
		cause, known := t.d.cause(app.App, c.Key)
		if c.Kind() == "modified" && len(own)+len(findings) == 0 && !known {
			continue
		}
		shared := len(words[i]) - len(own)
		if own = fitting(own); shared > 0 {
			own = append(own, told{line: fmt.Sprintf("and %d that other objects share", shared)})
		}
		blocks = append(blocks, block{c, own, findings, cause})
	}
	t.blocks(blocks)
	t.grouped(slices.Concat(words...), objects)
}

// fitting gives as many whole edits of an object as maxLines has room for, at least one, and a line that says how many
// are left out.
func fitting(own []told) []told {
	lines := 0
	for i, one := range own {
		if lines += 1 + len(one.lines); i > 0 && lines > maxLines {
			left := told{line: fmt.Sprintf("and %d more, which --output unified and json show", len(own)-i)}
			return append(own[:i:i], left)
		}
	}
	return own
}

// heading gives the first line of a change.
func heading(c render.Change) (color, line string) {
	name := c.Key.String()
	switch c.Kind() {
	case "added":
		return green, "+ " + name + from(c.Right)
	case "removed":
		return red, "- " + name + from(c.Left)
	case "moved":
		return red, fmt.Sprintf("→ %s: namespace %s → %s (delete + create)", name, namespace(c.Key), namespace(c.Right.Key))
	case "hooked":
		if c.Right.Hook() == "dropped" {
			return red, fmt.Sprintf("- %s turns into a hook that Argo CD never runs (what is there is pruned)", name)
		}
		return red, fmt.Sprintf("- %s turns into a %s hook (what is there is pruned)", name, c.Right.Hook())
	case "collapsed":
		if c.Left == nil {
			return red, fmt.Sprintf("= %s is there more than once, the last counts%s", name, from(c.Right))
		}
		return red, fmt.Sprintf("- %s collapses into %s, which is there more than once, the last counts", name, c.Right.Key)
	default:
		return yellow, "~ " + name
	}
}

func namespace(k render.Key) string {
	if k.Namespace == "" {
		return "(none)"
	}
	return k.Namespace
}

// from tells the template of an object.
func from(o *render.Object) string {
	if o == nil || o.Provenance.Template == "" {
		return ""
	}
	return "  (" + o.Provenance.Template + ")"
}

// edit puts an edit into words.
func (t *text) edit(c render.Change, e render.Edit) told {
	path := t.mask.text(e.Field.String())
	left, right := t.mask.value(c.Key, e.Field, e.Left), t.mask.value(c.Key, e.Field, e.Right)
	l, lText := left.(string)
	r, rText := right.(string)
	switch {
	case e.Kind == "added":
		return told{line: fmt.Sprintf("%s: + %s", path, shown(right))}
	case e.Kind == "removed":
		return told{line: fmt.Sprintf("%s: - %s", path, shown(left))}
	case e.Kind == "reordered":
		return told{line: fmt.Sprintf("%s: order %s → %s", path, shown(left), shown(right))}
	case lText && rText && l == r:
		return told{line: fmt.Sprintf("%s: %s, spelled differently", path, shown(left))}
	case lText && rText && (strings.Contains(l, "\n") || strings.Contains(r, "\n")):
		return told{path + ":", hunks(render.Edit{Left: l, Right: r}.Lines())}
	}
	return told{line: fmt.Sprintf("%s: %s → %s", path, shown(left), shown(right))}
}

// shown writes a value in one line. A long one is cut, and says by how much.
func shown(v any) string {
	s, isText := v.(string)
	if !isText || ambiguous(s) {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return fmt.Sprintf("(%T)", v)
		}
		s = strings.TrimSpace(b.String())
	}
	if n := utf8.RuneCountInString(s); n > maxShown {
		return string([]rune(s)[:maxShown]) + fmt.Sprintf("… (%d more characters)", n-maxShown)
	}
	return s
}

// ambiguous says whether a text would be taken for another value, or tears a line, without quotes.
func ambiguous(s string) bool {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return true
	}
	return slices.Contains([]string{"", "true", "false", "null"}, s) || strings.TrimSpace(s) != s ||
		strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") || strings.HasPrefix(s, `"`) ||
		strings.ContainsFunc(s, unicode.IsControl)
}

// printable replaces the characters that a terminal would obey, and those that other readers of lines end one at.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return '�'
		}
		return r
	}, s)
}

// finding writes one finding with everything that it says; also are the same finding about other objects, of which only
// what would accept them is told.
func (t *text) finding(depth int, f validate.Finding, also ...validate.Finding) {
	color := yellow
	if f.Severity.Brakes() {
		color = red
	}
	where := cmp.Or(f.Pos.String(), f.Rendered.String())
	if where != "" {
		where = "(" + where + ")"
	}
	t.colored(depth, color, "%s: %s", f.Severity, joined(" ", t.mask.text(f.Message), "["+f.Rule+"]", where))
	for _, more := range [][2]string{{"why", f.Why}, {"fix", f.Fix}, {"source", f.Source}} {
		if more[1] != "" {
			t.line(depth+1, "%s: %s", more[0], t.mask.text(more[1]))
		}
	}
	switch {
	case f.Accepted != nil:
		t.line(depth+1, "accepted by %s until %s: %s", f.Accepted.By, f.Accepted.Until, f.Accepted.Reason)
	case f.Suppressed != nil:
		t.line(depth+1, "suppressed at %s: %s", f.Suppressed.Pos, f.Suppressed.Reason)
	case acceptable(f):
		for _, one := range append([]validate.Finding{f}, also...) {
			t.line(depth+1, "if it is meant: %s", t.d.acceptance(one))
		}
	}
}

// total writes the last line.
func (t *text) total() {
	var all []render.Change
	apps, failed := 0, 0
	for _, app := range t.d.Apps {
		all = append(all, app.Effective...)
		if len(app.Effective) > 0 {
			apps++
		}
		if len(t.d.failures(app)) > 0 {
			failed++
		}
	}
	says := counts(all)
	if failed > 0 {
		says += fmt.Sprintf("; %d not compared", failed)
	}
	stopping := len(t.d.Report.Stopping())
	t.line(0, "%s → %s: %d of %d apps differ: %s; findings: %d, stopping a hydrate: %d; unchecked: %d", t.d.Left, t.d.Right,
		apps, len(t.d.Apps), says, len(t.d.Report.Findings), stopping, len(t.d.Report.Unchecked))
}

func objectName(k render.Key) string {
	if k == (render.Key{}) {
		return ""
	}
	return k.String()
}

func reason(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// joined joins the parts that are not empty.
func joined(by string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), by)
}
