package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// rendered is what a hydrate is about to write.
type rendered struct {
	plan  render.Plan
	chain render.Toolchain
	fresh
}

// brake compares with the tree that would be replaced and ends the run, with everything to know about it, where Argo CD
// would destroy something that nobody took responsibility for. Where there is no tree yet nothing can be lost, and only
// what holds of a state is said. It gives the seal of the tree that it compared: only that one may be replaced.
func (v *invocation) brake(ctx context.Context, to target, form string, now rendered) (string, error) {
	before, there, err := v.replaced(ctx, to, now.fresh)
	if err != nil {
		return "", err
	}
	c := comparer{v: v, why: true}
	o := outcome{
		left:  before,
		right: side{name: "render", scheme: "render", results: slices.Clone(now.results), plan: &now.plan, chain: now.chain},
	}
	if there {
		defer before.done()
	}
	w := *v
	w.apps, w.layers = nil, nil
	if o.apps, err = w.pairs(o.left, o.right); err != nil {
		return "", err
	}
	o.left.keepForeign(o.apps, func(a *validate.Comparison) (*render.Result, *render.Result) { return &a.Left, &a.Right }, o.right)
	compareAll(now.plan, o.apps)
	if err = o.judge(ctx, now.plan, now.results); err != nil {
		return "", err
	}
	if len(o.report.Stopping()) == 0 {
		v.sayNotes(before.notes)
		v.sayFindings(o.report)
		return before.seal, nil
	}
	again, done, err := v.renderer(now.plan, nil)
	if err != nil {
		return "", err
	}
	defer done()
	o.right.again = again
	if err := c.explain(ctx, &o); err != nil {
		return "", err
	}
	stopped := o.form(v.page.colored("auto")).Only()
	if form == "json" {
		err = stopped.JSON(v.out)
	} else {
		err = stopped.Text(v.out)
	}
	if err != nil {
		return "", err
	}
	s := "s"
	if len(o.report.Stopping()) == 1 {
		s = ""
	}
	v.note("stopped by %d finding%s; nothing was written", len(o.report.Stopping()), s)
	return "", errDifferent
}

// sayFindings says on stderr what a run that goes on was found to do: losses that a person accepted or that something
// protects from, acceptances that accept nothing, and what could be safer.
func (v *invocation) sayFindings(r validate.Report) {
	for i, f := range r.Findings {
		subject := f.Message
		if f.App != "" && !strings.HasPrefix(subject, "app "+f.App+" ") {
			subject = fmt.Sprintf("app %s: %s", f.App, f.Message)
		}
		if f.Accepted != nil {
			v.note("accepted by %s until %s: %s", f.Accepted.By, f.Accepted.Until, subject)
			continue
		}
		v.note("%s: %s [%s]", f.Severity, subject, f.Rule)
		if f.Fix != "" && (i+1 == len(r.Findings) || r.Findings[i+1].Fix != f.Fix || r.Findings[i+1].Accepted != nil) {
			v.note("  fix: %s", f.Fix) // once below those that have it
		}
	}
	for _, u := range r.Unchecked {
		v.note("unchecked: app %s: %s: %s", u.App, u.What, u.Why)
	}
}
