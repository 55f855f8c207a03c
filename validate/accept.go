package validate

import (
	"fmt"
	"slices"
	"time"

	"sluice/render"
)

// ruleAcceptance is the id of the findings about acceptances themselves.
const ruleAcceptance = "acceptance"

// accept marks, in place, the findings that the plan accepts, and gives findings about acceptances that no longer do
// anything: they would hide the next loss of an object of that name.
func accept(in Input, found []Finding, rules []Rule) []Finding {
	var stale []Finding
	for i, a := range in.Plan.Accept {
		_, err := time.Parse(time.DateOnly, a.Until)
		expired := over(in.Today, a.Until)
		used := false
		for j := range found {
			if accepts(a, found[j]) {
				used = true
				if !expired {
					found[j].Accepted = &in.Plan.Accept[i]
				}
			}
		}
		f := Finding{Rule: ruleAcceptance, Severity: Info, App: a.App, Pos: a.Pos}
		switch {
		case err != nil:
			f.Message = fmt.Sprintf("the acceptance of %s ends on no day of the calendar: %q", a.Object, a.Until)
			f.Fix = "state a day as YYYY-MM-DD"
		case expired:
			f.Message = fmt.Sprintf("the acceptance of %s by %s expired on %s", a.Object, a.By, a.Until)
			f.Fix = "remove it from the stack, or let a person decide again"
		case !used && compared(in, a):
			f.Message = fmt.Sprintf("the acceptance of %s by %s accepts nothing: there is no such finding", a.Object, a.By)
			f.Fix = "remove it from the stack, unless another comparison needs it" + unknownRule(a.Rule, rules) + unknownApp(in, a.App)
		default:
			continue
		}
		stale = append(stale, f)
	}
	return stale
}

// accepts says whether an acceptance is about a finding. Which object is meant is never guessed: its key has to be the
// finding's, letter for letter. Without a rule it is about losses alone: a remark on an object, which may stand for
// years, would keep the acceptance in use until the loss that nobody meant.
func accepts(a render.Acceptance, f Finding) bool {
	return f.Object != render.Key{} && a.Object == f.Object.String() &&
		(a.App == "" || a.App == f.App) && (a.Rule == f.Rule || a.Rule == "" && f.Severity.Brakes())
}

// compared says whether the app that an acceptance is about was compared with what is live; only then is it known that
// there is nothing to accept. One that names no app may be about an app that a selection left out, and so may one whose
// app is not there; where nothing was left out, that app is gone or misspelled.
func compared(in Input, a render.Acceptance) bool {
	whole := len(in.Changes) > 0 && len(in.Plan.Others) == 0
	if a.App == "" {
		return whole && !slices.ContainsFunc(in.Changes, Comparison.Failed)
	}
	if i := indexOf(in, a.App); i >= 0 {
		return !in.Changes[i].Failed()
	}
	return whole
}

// indexOf gives the place of the comparison of an app, -1 where neither side has it.
func indexOf(in Input, app string) int {
	return slices.IndexFunc(in.Changes, func(c Comparison) bool { return c.App == app })
}

// unknownApp explains an acceptance that names an app that is not there.
func unknownApp(in Input, app string) string {
	if app == "" || indexOf(in, app) >= 0 {
		return ""
	}
	var names []string
	for _, c := range in.Changes {
		names = append(names, c.App)
	}
	if near := render.Nearest(app, names); near != "" {
		return fmt.Sprintf("; there is no app %q, did you mean %q?", app, near)
	}
	return fmt.Sprintf("; there is no app %q", app)
}

// unknownRule explains an acceptance that names a rule that is not there.
func unknownRule(id string, rules []Rule) string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	if id == "" || slices.Contains(ids, id) {
		return ""
	}
	if near := render.Nearest(id, ids); near != "" {
		return fmt.Sprintf("; there is no rule %q, did you mean %q?", id, near)
	}
	return fmt.Sprintf("; there is no rule %q", id)
}

// Stopping lists the findings that stop a hydrate: those that brake and that nobody accepts.
func (r Report) Stopping() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool {
		return !f.Severity.Brakes() || f.Accepted != nil
	})
}
