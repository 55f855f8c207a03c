package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/cause"
	"sluice/render/toolchain"
	"sluice/validate"
	"sluice/validate/prune"
)

// comparer compares couples of operands. A side that occurs in several is read once.
type comparer struct {
	v     *invocation
	why   bool
	sides map[operand]side
}

// done removes what reading the sides took.
func (c *comparer) done() {
	for _, s := range c.sides {
		s.done()
	}
}

// outcome is two sides compared and judged.
type outcome struct {
	left, right side
	apps        []validate.Comparison
	report      validate.Report
	causes      []cause.Cause // of all apps; see [cause.Cause.Object]
	causeApps   []string      // the app of each cause
}

// read gives the side of an operand.
func (c *comparer) read(ctx context.Context, text string) (side, error) {
	o, err := parseOperand(text)
	if err != nil {
		return side{}, err
	}
	s, ok := c.sides[o]
	if !ok {
		if s, err = c.v.side(ctx, o); err != nil {
			return side{}, err
		}
		c.sides[o] = s
	}
	return s, nil
}

// compare reads two operands, compares them app by app, lets the rules judge and looks for causes.
func (c *comparer) compare(ctx context.Context, leftText, rightText string) (outcome, error) {
	if leftText == rightText {
		return outcome{}, same(leftText)
	}
	var o outcome
	var err error
	if o.left, err = c.read(ctx, leftText); err != nil {
		return outcome{}, err
	}
	if o.right, err = c.read(ctx, rightText); err != nil {
		return outcome{}, err
	}
	if o.apps, err = c.v.pairs(o.left, o.right); err != nil {
		return outcome{}, err
	}
	o.left.keepForeign(o.apps, func(a *validate.Comparison) (*render.Result, *render.Result) { return &a.Left, &a.Right }, o.right)
	o.right.keepForeign(o.apps, func(a *validate.Comparison) (*render.Result, *render.Result) { return &a.Right, &a.Left }, o.left)
	plan := planOfSides(o.left, o.right)
	compareAll(plan, o.apps)
	if o.left.again != nil && o.right.again != nil {
		for i := range o.apps {
			o.apps[i].Settle()
		}
	}
	if err = o.judge(ctx, plan, nil); err != nil {
		return outcome{}, err
	}
	if c.why {
		err = c.explain(ctx, &o)
	}
	return o, err
}

// same refuses to compare something with itself: that it does not differ would look like an answer.
func same(text string) error {
	e := &render.Error{
		Err:  fmt.Errorf("both sides are %s", text),
		Hint: "give two that can differ; RIGHT is the working stack unless given, so sluice diff rev:HEAD shows what is not committed",
	}
	if text == "-" {
		e.Hint = "standard input can be read once; capture one side in a file"
	}
	return e
}

// keepForeign adds the foreign objects of a hydrated tree to a rendered side that it is compared with: a hydrate leaves them
// where they are, so they are no difference. of gives an app's result of the tree and that of the other side.
func (s side) keepForeign(apps []validate.Comparison, of func(*validate.Comparison) (tree, other *render.Result), other side) {
	if s.files == nil || other.plan == nil {
		return
	}
	for i := range apps {
		if tree, rendered := of(&apps[i]); rendered.Err == nil {
			rendered.Set = kept(tree.Set, rendered.Set)
		}
	}
}

// planOfSides gives the plan that says what is accepted and budgeted: that of the right side, else of the left.
func planOfSides(left, right side) render.Plan {
	for _, s := range []side{right, left} {
		if s.plan != nil {
			return *s.plan
		}
	}
	return render.Plan{}
}

// compareAll fills in the changes. Which kinds are cluster-scoped is known from the Kubernetes version and from the
// definitions on either side. An app that a side could not render is not compared: an error is no loss of everything.
func compareAll(plan render.Plan, apps []validate.Comparison) {
	var crds []render.Object
	for _, a := range apps {
		crds = append(append(crds, a.Left.Set.Definitions()...), a.Right.Set.Definitions()...)
	}
	clusterScoped := toolchain.Scopes(minorOf(plan.Cluster), crds)
	for i := range apps {
		if apps[i].Left.Err == nil && apps[i].Right.Err == nil {
			apps[i].Compare(clusterScoped)
		}
	}
}

// failures gives why apps of a side were not rendered.
func (o outcome) failures() []error {
	var errs []error
	for _, a := range o.apps {
		for _, one := range []struct {
			name string
			err  error
		}{{o.left.name, a.Left.Err}, {o.right.name, a.Right.Err}} {
			if one.err != nil {
				errs = append(errs, fmt.Errorf("%s: app %s: %w", one.name, a.App, one.err))
			}
		}
	}
	return errs
}

// minorOf gives the minor of the cluster's Kubernetes, 0 where the plan does not say.
func minorOf(c render.Cluster) int {
	if c.Kubernetes == "" {
		return 0
	}
	minor, _ := c.Minor() // of a version that is not known nothing was rendered
	return minor
}

// judge lets the rules about losses judge what was compared; results is what the stack renders now, where rules shall
// look at that too. The Applications of a tree that is replaced are no app, and nothing of them is compared; they say
// whether what they deployed goes with them.
func (o *outcome) judge(ctx context.Context, plan render.Plan, results []render.Result) error {
	changes := o.apps
	if len(o.left.argo) > 0 {
		live := render.Result{Set: render.Set{Objects: o.left.argo}}
		changes = append(slices.Clone(changes), validate.Comparison{Left: live, Right: live})
	}
	live, _ := o.left.files.Toolchain()
	var err error
	o.report, err = validate.Run(ctx, validate.Input{
		Plan: plan, Results: results, Changes: changes, Live: live.ArgoCD, Minor: minorOf(plan.Cluster), Today: time.Now(),
	}, prune.Rules())
	return err
}

// form gives the outcome to the report.
func (o outcome) form(color bool) report.Diff {
	d := report.Diff{
		Left: o.left.name, Right: o.right.name, LeftTools: o.left.chain, RightTools: o.right.chain,
		Apps: o.apps, Report: o.report, Causes: map[string]map[render.Key]report.Cause{},
		Notes: append(slices.Clone(o.left.notes), o.right.notes...), Key: make([]byte, 32), Color: color,
	}
	_, _ = rand.Read(d.Key) // it never fails (crypto/rand)
	for i, c := range o.causes {
		app := o.causeApps[i]
		if d.Causes[app] == nil {
			d.Causes[app] = map[render.Key]report.Cause{}
		}
		d.Causes[app][c.Object] = report.Cause{
			Text: c.Text, Source: strings.Join(append(slices.Clone(c.Catalogue), c.Sources...), ", "),
		}
	}
	return d
}

// doubtful says that something of an outcome could not be judged, or differs from run to run.
func (o outcome) doubtful() bool {
	unsure := func(r render.Result) bool { return len(r.Unchecked)+len(r.Random) > 0 }
	return len(o.report.Unchecked) > 0 ||
		slices.ContainsFunc(o.apps, func(a validate.Comparison) bool { return unsure(a.Left) || unsure(a.Right) })
}

// fails says whether an outcome ends the verb with exit code 1.
func (f diffFlags) fails(o outcome) bool {
	at := slices.Index(validate.Severities(), f.failOn)
	if at < 0 {
		return slices.ContainsFunc(o.apps, func(a validate.Comparison) bool { return len(a.Effective) > 0 })
	}
	return slices.ContainsFunc(o.report.Findings, func(found validate.Finding) bool {
		return found.Accepted == nil && found.Suppressed == nil && int(found.Severity) >= at
	})
}
