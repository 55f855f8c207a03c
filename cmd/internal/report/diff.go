package report

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// Diff is two sides of apps, compared and judged. Its methods are the forms in which it is shown. None of them shows a
// secret value: what may be one stands as a hash under Key.
type Diff struct {
	Left, Right           string           // what the sides are, e.g. "tree:rendered" and "render:workstation"
	LeftTools, RightTools render.Toolchain // zero where a side was not rendered
	Apps                  []validate.Comparison
	Report                validate.Report
	Causes                map[string]map[render.Key]Cause // by app and by the key of the change
	Notes                 []string
	// Engines are the binaries of helm and kustomize that were run, each with the digest that it was proven by:
	// "helm@3.16.3" and "sha256:...".
	Engines map[string]string
	// Key is random bytes of this run. Equal values have equal hashes under it, and no hash can be looked up.
	Key   []byte
	Color bool // with the 16 colours of ANSI terminals: text, unified and side by side
}

// Cause is why an object differs.
type Cause struct {
	Text   string `json:"text"`             // one sentence
	Source string `json:"source,omitempty"` // where the fact behind it is from
}

// Differs counts what differs in effect: the changes that Argo CD and the cluster would see, in all apps.
func (d Diff) Differs() int {
	n := 0
	for _, app := range d.Apps {
		n += len(app.Effective)
	}
	return n
}

// cause gives the cause of a change, if it is known.
func (d Diff) cause(app string, key render.Key) (Cause, bool) {
	c, ok := d.Causes[app][key]
	return c, ok
}

// spelled counts the raw changes of an app whose objects are the same in effect, and those of hooks that Argo CD drops.
func spelled(app validate.Comparison) (same, dropped int) {
	type named struct{ group, kind, name string }
	known := map[named]bool{}
	for _, c := range app.Effective {
		known[named{c.Key.Group, c.Key.Kind, c.Key.Name}] = true
	}
	for _, c := range app.Raw {
		switch {
		case known[named{c.Key.Group, c.Key.Kind, c.Key.Name}]:
		case (c.Left == nil || c.Left.Hook() == "dropped") && (c.Right == nil || c.Right.Hook() == "dropped"):
			dropped++
		default:
			same++
		}
	}
	return same, dropped
}

// failures lists why a side of an app has no objects.
func (d Diff) failures(app validate.Comparison) []string {
	list := []string{}
	for _, side := range []struct {
		name   string
		result render.Result
	}{{d.Left, app.Left}, {d.Right, app.Right}} {
		if side.result.Err != nil {
			list = append(list, fmt.Sprintf("%s: %v", side.name, side.result.Err))
		}
	}
	return list
}

// findingsAbout splits the findings of an app: those about the objects of changes, by key, and the rest.
func (d Diff) findingsAbout(app validate.Comparison) (map[render.Key][]validate.Finding, []validate.Finding) {
	about := map[render.Key][]validate.Finding{}
	var rest []validate.Finding
	keys := map[render.Key]bool{}
	for _, c := range app.Effective {
		keys[c.Key] = true
		if c.Right != nil {
			keys[c.Right.Key] = true
		}
	}
	for _, f := range d.Report.Findings {
		switch {
		case f.App != app.App:
		case keys[f.Object]:
			about[f.Object] = append(about[f.Object], f)
		default:
			rest = append(rest, f)
		}
	}
	return about, rest
}

// homeless lists the findings of apps that are not compared.
func (d Diff) homeless() []validate.Finding {
	return slices.DeleteFunc(slices.Clone(d.Report.Findings), func(f validate.Finding) bool {
		return slices.ContainsFunc(d.Apps, func(c validate.Comparison) bool { return c.App == f.App })
	})
}

// acceptance is what a person writes into the stack to accept a finding, in one line of CUE. What only they know is left
// to them. A stack has one acceptance of an object, so where several findings have to be accepted it names no rule.
func (d Diff) acceptance(f validate.Finding) string {
	for _, other := range d.Report.Findings {
		if other.Object == f.Object && other.App == f.App && other.Rule != f.Rule && other.Severity.Brakes() {
			return fmt.Sprintf("accept: %q: {app: %q, reason: \"...\", by: \"...\", until: \"YYYY-MM-DD\"}", f.Object.String(), f.App)
		}
	}
	return fmt.Sprintf("accept: %q: {app: %q, rule: %q, reason: \"...\", by: \"...\", until: \"YYYY-MM-DD\"}",
		f.Object.String(), f.App, f.Rule)
}

// acceptable says whether a finding is one that stops a hydrate and that an acceptance can name.
func acceptable(f validate.Finding) bool {
	return f.Severity.Brakes() && f.Accepted == nil && f.Object != render.Key{}
}

// counts sums up changes by their kinds: "1 removed, 2 modified".
func counts(changes []render.Change) string {
	n := map[string]int{}
	for _, c := range changes {
		n[c.Kind()]++
	}
	var parts []string
	for _, kind := range []string{"removed", "moved", "hooked", "collapsed", "added", "modified"} {
		if n[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[kind], kind))
		}
	}
	if len(parts) == 0 {
		return "no difference in effect"
	}
	return strings.Join(parts, ", ")
}
