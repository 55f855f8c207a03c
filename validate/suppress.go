package validate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/render"
)

// ruleSuppression is the id of the findings about suppressions themselves.
const ruleSuppression = "suppression"

// The beginnings of annotations that suppress: what follows is the rule, and the value is the reason. Kube-linter's counts
// for the rules that have the name of one of its checks (docs/configuring-kubelinter.md of stackrox/kube-linter).
const (
	ignoreRule  = "ignore.sluice/"
	ignoreCheck = "ignore-check.kube-linter.io/"
)

// note is one suppression: of the stack, or an annotation of an object.
type note struct {
	render.Acceptance
	object render.Key // of an annotation: the object that has it
	of     string     // what it is called in a message
	weak   bool       // kube-linter's own, that is never said to be unused
	used   bool
}

// subject is what an annotation is about.
type subject struct {
	rule, app string
	object    render.Key // as the cluster has it
}

// suppress marks, in place, the findings that the stack or an annotation takes out of the count, and gives findings about
// those that do nothing.
func suppress(in Input, found []Finding, rules map[string]Rule) []Finding {
	notes := in.notes()
	landed := make([]render.Key, len(found))
	of, by := map[string][]int{}, map[subject][]int{}
	for i, f := range found {
		landed[i] = in.Landed(f.App, f.Object)
		of[f.Rule] = append(of[f.Rule], i)
		at := subject{f.Rule, f.App, landed[i]}
		by[at] = append(by[at], i)
	}
	var stale []Finding
	for i := range notes {
		n := &notes[i]
		expired := n.Until != "" && over(in.Today, n.Until)
		held := 0
		candidates := of[n.Rule]
		if n.object != (render.Key{}) { // not each with each: objects with annotations may be many
			candidates = by[subject{n.Rule, n.App, n.object}]
		}
		for _, j := range candidates {
			f := &found[j]
			if !n.about(f, landed[j], in) {
				continue
			}
			if n.used = true; f.Severity.Brakes() {
				held++
				continue
			}
			if !expired && n.Reason != "" {
				f.Suppressed = &Suppression{Reason: n.Reason, Pos: n.Pos}
			}
		}
		if f, say := n.judge(in, rules, expired, held); say {
			stale = append(stale, f)
		}
	}
	return stale
}

// notes lists the suppressions of the stack, then those of the objects, in their order.
func (in Input) notes() []note {
	var list []note
	for _, s := range in.Plan.Suppress {
		list = append(list, note{Acceptance: s, of: "the suppression of rule " + s.Rule})
	}
	for _, r := range in.Results {
		for i := range r.Set.Objects {
			o := &r.Set.Objects[i]
			list = append(list, annotated(r.App.Name, o, in.Landed(r.App.Name, o.Key))...)
		}
	}
	return list
}

// annotated lists the suppressions of one object, of which the key is given that it has in the cluster.
func annotated(app string, o *render.Object, landed render.Key) []note {
	var list []note
	for name, value := range MappingAt(o.Tree, "metadata", "annotations") {
		rule, ours := strings.CutPrefix(name, ignoreRule)
		rule, theirs := strings.CutPrefix(rule, ignoreCheck)
		if !ours && !theirs {
			continue
		}
		reason, _ := value.(string)
		at := On(o, render.Path{"metadata", "annotations", name}, "")
		pos := at.Pos
		if pos.File == "" {
			pos = at.Rendered
		}
		if theirs && reason == "" {
			reason = "kube-linter's annotation gives none"
		}
		list = append(list, note{
			Acceptance: render.Acceptance{App: app, Rule: rule, Reason: strings.TrimSpace(reason), Pos: pos},
			object:     landed, of: fmt.Sprintf("the annotation %s of %s", name, o.Key), weak: theirs,
		})
	}
	slices.SortFunc(list, func(a, b note) int { return strings.Compare(a.of, b.of) })
	return list
}

// about says whether the suppression is about a finding. Some rules look at objects as rendered and some as the cluster has
// them: whichever name a finding has, both are the object's.
func (n note) about(f *Finding, landed render.Key, in Input) bool {
	switch {
	case n.Rule != f.Rule || n.App != "" && n.App != f.App:
		return false
	case n.object != render.Key{}:
		return n.object == landed
	case n.Object != "":
		return f.Object != render.Key{} && slices.ContainsFunc(in.names(f.App, f.Object, landed), func(name string) bool { return glob(n.Object, name) })
	}
	return true
}

// judge gives the finding about a suppression that does nothing, or not what it says.
func (n note) judge(in Input, rules map[string]Rule, expired bool, held int) (Finding, bool) {
	f := Finding{Rule: ruleSuppression, Severity: Warning, App: n.App, Object: n.object, Pos: n.Pos}
	of, judges := rules[n.Rule]
	switch {
	case held > 0:
		f.Message = fmt.Sprintf("%s does not count: what it is about is a loss", n.of)
		f.Fix = "remove it; a loss is accepted one by one, in accept of the stack"
	case n.weak:
		return f, false
	case !judges && in.Known != nil && !slices.Contains(in.Known, n.Rule):
		f.Message = fmt.Sprintf("%s is about no rule that there is", n.of)
		f.Fix = "remove it"
		if near := render.Nearest(n.Rule, in.Known); near != "" {
			f.Fix = fmt.Sprintf("did you mean %q?", near)
		}
	case n.App != "" && !slices.Contains(in.apps(), n.App):
		f.Message, f.Fix = fmt.Sprintf("%s is about no app that there is: %q", n.of, n.App), "remove it"
		if near := render.Nearest(n.App, in.apps()); near != "" {
			f.Fix = fmt.Sprintf("did you mean %q?", near)
		}
	case n.Reason == "":
		f.Message, f.Fix = n.of+" gives no reason, so it does not count", "say why, for whoever reads it next"
	case expired:
		f.Message, f.Fix = fmt.Sprintf("%s expired on %s", n.of, n.Until), "remove it from the stack, or let a person decide again"
	case judges && n.never(of.About) != "":
		f.Message, f.Fix = fmt.Sprintf("%s can suppress nothing: %s", n.of, n.never(of.About)), "remove it"
		if n.object == (render.Key{}) && of.About != "stack" {
			f.Fix = "leave out what it cannot match; without it, it is about all that the rule finds"
		}
	case !n.used && judges && (of.Able == nil || of.Able(in)) && (n.object != render.Key{} || in.whole(n.App)):
		f.Severity = Info
		f.Message, f.Fix = n.of+" suppresses nothing: there is no such finding", "remove it"
		if there, near := in.called(n); !there {
			f.Message = fmt.Sprintf("%s suppresses nothing: no object is called %q", n.of, n.Object)
			if near != "" {
				f.Fix = fmt.Sprintf("did you mean %q?", near)
			}
		}
	default:
		return f, false
	}
	return f, true
}

// never says why a suppression can match nothing that a rule finds which is about what [Rule.About] says; empty where it may.
func (n note) never(about string) string {
	ofObject := n.Object != "" || n.object != render.Key{}
	switch {
	case about == "stack":
		return "what the rule finds is about suppressions themselves"
	case about == "file" && (ofObject || n.App != ""):
		return "what the rule finds is in files, which are of no app and no object"
	case about == "app" && ofObject:
		return "what the rule finds is about apps, and not about an object"
	}
	return ""
}

// apps lists the names of all apps, also of those that a selection left out or that one side of a comparison has alone.
func (in Input) apps() []string {
	var names []string
	for _, a := range slices.Concat(in.Plan.Apps(), in.Plan.Others) {
		names = append(names, a.Name)
	}
	for _, r := range in.Results {
		names = append(names, r.App.Name)
	}
	for _, c := range in.Changes {
		names = append(names, c.App)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// called says whether any object has a name that a suppression of the stack means, and if none has, which is spelled alike.
func (in Input) called(n note) (there bool, near string) {
	if n.Object == "" {
		return true, ""
	}
	results := slices.Clone(in.Results)
	for _, c := range in.Changes {
		results = append(results, c.Left, c.Right)
	}
	var names []string
	for _, r := range results {
		if n.App != "" && n.App != r.App.Name {
			continue
		}
		for _, o := range r.Set.Objects {
			names = append(names, in.names(r.App.Name, o.Key, in.Landed(r.App.Name, o.Key))...)
		}
	}
	if slices.ContainsFunc(names, func(name string) bool { return glob(n.Object, name) }) {
		return true, ""
	}
	slices.Sort(names)
	return false, render.Nearest(n.Object, names)
}

// whole says whether all that a suppression of the stack may be about is there: the app that it names, or all of them. Of a
// selection, and where an app did not render, it is not known.
func (in Input) whole(app string) bool {
	there := func(a render.App) bool {
		return app != "" && a.Name != app ||
			slices.ContainsFunc(in.Results, func(r render.Result) bool { return r.App.Name == a.Name && r.Err == nil }) ||
			slices.ContainsFunc(in.Changes, func(c Comparison) bool { return c.App == a.Name && c.Right.Err == nil })
	}
	return len(in.Plan.Others) == 0 && !slices.ContainsFunc(in.Plan.Apps(), func(a render.App) bool { return !there(a) })
}

// over says that a day has passed. The last day counts whole, as a day of UTC: the same input gives the same outcome
// everywhere. What is no day has passed: it holds for nothing.
func over(today time.Time, until string) bool {
	last, err := time.Parse(time.DateOnly, until)
	return err != nil || today.UTC().Truncate(24*time.Hour).After(last)
}

// glob says whether a text is what a pattern means; "*" stands for any characters.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
