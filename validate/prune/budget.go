package prune

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// neverLost finds losses of kinds that the stack says never disappear. Nothing softens them: that an object stays
// behind, run by nobody, is what the word forbids too.
func neverLost(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	for _, l := range losses(in) {
		if !slices.ContainsFunc(in.Plan.Never, func(kind string) bool { return meant(kind, l.change.Key) }) {
			continue
		}
		f := l.finding()
		f.Severity, f.Fix = validate.DataLoss, ""
		f.Why = "neverPrune names its kind, whatever protects the object; " + f.Why
		found = append(found, f)
	}
	return found, nil
}

// meant says whether the word of a stack for kinds is about a key: "Kind" is of any group.
func meant(kind string, k render.Key) bool {
	return kind == "*" || kind == k.Kind || kind == k.GroupKind()
}

// overBudget finds apps that lose more objects of a kind than they may. What is protected counts too: a budget is about
// renders that became shorter, not about what becomes of the objects.
func overBudget(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	lost := map[string][]loss{}
	for _, l := range losses(in) {
		if l.change.Kind() != "collapsed" {
			lost[l.at.App] = append(lost[l.at.App], l)
		}
	}
	var found []validate.Finding
	for _, c := range in.Changes {
		budgets := budgetsOf(in, c)
		for _, kind := range slices.Sorted(maps.Keys(budgets)) {
			var keys []string
			for _, l := range lost[c.App] {
				if meant(kind, l.change.Key) {
					keys = append(keys, l.change.Key.String())
				}
			}
			if len(keys) > budgets[kind] {
				found = append(found, exceeded(c, kind, budgets[kind], keys))
			}
		}
		delete(lost, c.App)
	}
	return found, nil
}

// budgetsOf gives the budgets that count for an app: its own, then the stack's for kinds of which the app says nothing.
// The app's own word is the right side's, what the stack says now; an app that goes has only the stack's.
func budgetsOf(in validate.Input, c validate.Comparison) map[string]int {
	all := maps.Clone(in.Plan.MaxPrune)
	if all == nil {
		all = map[string]int{}
	}
	own := c.Right.App.MaxPrune
	if i := slices.IndexFunc(in.Plan.Apps(), func(a render.App) bool { return a.Name == c.App }); i >= 0 {
		own = in.Plan.Apps()[i].MaxPrune
	}
	if _, ok := own["*"]; ok {
		// The app has a number for everything: the stack's numbers for single kinds no longer count.
		clear(all)
	}
	maps.Copy(all, own)
	return all
}

// exceeded words a budget that is not kept. Its object is every object of the kind, so that it can be accepted.
func exceeded(c validate.Comparison, kind string, most int, keys []string) validate.Finding {
	name, group, _ := strings.Cut(kind, ".")
	of := cmp.Or(strings.Trim(kind, "*"), "any kind")
	f := validate.Finding{
		Severity: validate.Cascade, App: c.App, Pos: place(c, nil, nil),
		Message: fmt.Sprintf("app %s loses %d objects of %s, and may lose %d", c.App, len(keys), of, most),
		Object:  render.Key{Group: group, Kind: name, Name: "*"},
	}
	f.Why = "they are " + few(keys)
	if kind == "*" {
		f.Object = render.Key{}
	}
	return f
}
