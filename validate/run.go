package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
)

// Report is what the rules said: findings and unchecked in an order that depends on nothing but them.
type Report struct {
	Findings  []Finding
	Unchecked []Unchecked
}

// Run lets every rule judge, gives each finding the severity that the stack asks for, marks those that the plan accepts
// or suppresses, and orders the outcome: by app, worst first, then object and rule. Acceptances and suppressions that have
// expired or that no finding asks for are findings too.
//
// A rule that could not judge, as what it reads cannot be read, ends in an error and takes nothing from what the others
// said: the report then has all of that, and names the rule as unchecked.
func Run(ctx context.Context, in Input, rules []Rule) (Report, error) {
	// Held against no day at all, an acceptance would hold for ever.
	if in.Today.IsZero() && len(in.Plan.Accept)+len(in.Plan.Suppress) > 0 {
		return Report{}, errors.New("judging: which day it is was not said, so it is not known which acceptances and suppressions hold")
	}
	byID := map[string]Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	var all Report
	var failed []error
	for i, said := range judge(ctx, in, rules) {
		if said.err != nil {
			failed = append(failed, fmt.Errorf("judging by rule %s: %w", rules[i].ID, said.err))
			why := strings.ReplaceAll(withoutCredentials(said.err.Error()), "\n", "; ") // of joined errors: it is one line
			all.Unchecked = append(all.Unchecked, Unchecked{What: "all that rule " + rules[i].ID + " asks for", Why: why})
		}
		for _, f := range said.found {
			f.Rule = cmp.Or(f.Rule, rules[i].ID)
			if f.settle(in.Plan, byID[f.Rule]) {
				all.Findings = append(all.Findings, f)
			}
		}
		all.Unchecked = append(all.Unchecked, said.unchecked...)
	}
	in.name(all.Findings)
	for _, own := range []func() []Finding{
		func() []Finding { return accept(in, all.Findings, rules) }, func() []Finding { return suppress(in, all.Findings, byID) },
	} {
		for _, f := range own() {
			if f.settle(in.Plan, byID[f.Rule]) {
				all.Findings = append(all.Findings, f)
			}
		}
	}
	if len(failed) > 0 { // what suppresses nothing may be about what was not judged
		all.Findings = slices.DeleteFunc(all.Findings, func(f Finding) bool { return f.Rule == ruleAcceptance || f.Rule == ruleSuppression })
	}
	slices.SortStableFunc(all.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.App, b.App), -cmp.Compare(a.Severity, b.Severity), a.Object.Compare(b.Object),
			comparePositions(a.Pos, b.Pos), comparePositions(a.Rendered, b.Rendered), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	slices.SortStableFunc(all.Unchecked, func(a, b Unchecked) int {
		return cmp.Or(cmp.Compare(a.App, b.App), a.Object.Compare(b.Object), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	return all, errors.Join(append(failed, ctx.Err())...)
}

// judgement is what one rule said.
type judgement struct {
	found     []Finding
	unchecked []Unchecked
	err       error
}

// judge asks the rules, side by side. They change nothing of the input.
func judge(ctx context.Context, in Input, rules []Rule) []judgement {
	return Each(ctx, len(rules), func(i int) (j judgement) {
		if check := rules[i].Check; check != nil {
			j.found, j.unchecked, j.err = check(ctx, in)
		}
		return j
	})
}

func comparePositions(a, b render.Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// settle fills in what a rule says for all of its findings, and what the stack makes of the rule. It gives false for a
// finding that nobody asked for. What a loss costs is nothing that a stack decides: it accepts that one loss, or not.
func (f *Finding) settle(plan render.Plan, of Rule) bool {
	f.Fix, f.Source = cmp.Or(f.Fix, of.Fix), cmp.Or(f.Source, of.Source)
	f.Message, f.Why = readable(withoutCredentials(f.Message)), readable(withoutCredentials(f.Why))
	f.Severity = max(f.Severity, of.Severity)
	word, stated := plan.Severities[of.ID]
	switch {
	case max(f.Severity, of.Worst).Brakes():
		return true
	case !stated:
		return !of.Off
	case word == "off":
		return false
	}
	if s := slices.Index(severityNames, word); s >= 0 {
		f.Severity = Severity(s)
	}
	return true
}

// longest is the length of a message that a person still reads, in bytes: the words of an enum may be many thousand.
const longest = 2000

// readable cuts a message that is longer, and says so.
func readable(text string) string {
	if len(text) <= longest {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes in all)", strings.ToValidUTF8(text[:longest], ""), len(text))
}

// credentials are the user and password of a URL.
var credentials = regexp.MustCompile(`://[^/@\s"']+@`)

// withoutCredentials takes them out of what a rule says: any value that is quoted because it is wrong may be a URL.
func withoutCredentials(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return credentials.ReplaceAllString(text, "://***@")
}

// name gives the objects of findings the keys that the cluster has, which people, acceptances and suppressions know; rules
// use either. It fills in Place. Of two objects with one key in one app the first stands for both.
func (in Input) name(found []Finding) {
	type object struct {
		app string
		key render.Key
	}
	of := map[object]*render.Object{}
	for i := range found {
		f := &found[i]
		if f.Object = in.Landed(f.App, f.Object); len(f.Field) > 0 {
			of[object{f.App, f.Object}] = nil
		}
	}
	if len(of) == 0 {
		return
	}
	for _, r := range in.Results {
		for i := range r.Set.Objects {
			key := object{r.App.Name, in.Landed(r.App.Name, r.Set.Objects[i].Key)}
			if known, asked := of[key]; asked && known == nil {
				of[key] = &r.Set.Objects[i]
			}
		}
	}
	for i := range found {
		f := &found[i]
		if f.Place = f.Field.String(); len(f.Field) > 0 {
			if o := of[object{f.App, f.Object}]; o != nil {
				f.Place = f.Field.Named(o.Tree).String()
			}
		}
	}
}

// Counting lists the findings of a severity and above that nobody accepted, suppressed or knew of.
func (r Report) Counting(least Severity) []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool {
		return f.Severity < least || f.Accepted != nil || f.Suppressed != nil || f.Known
	})
}
