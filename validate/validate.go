// Package validate holds the nouns of judgement: a rule, what it is given, and what it says.
//
// A rule is a value in a table. It is given the plan, what the apps render to, and where there is one the state that
// they would replace; it says findings (judged, and wrong) and unchecked (could not be judged). That the work could not
// be done is neither: it is an error, and errors do not pass through here.
//
// The rules live in child packages, a family each, which import this package and no SDK that another family needs.
package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/render"
)

// Severity says how bad it is that a finding stands, or what the loss that it announces costs. A higher one is worse.
type Severity int

// The severities, from the least.
const (
	Info       Severity = iota // worth knowing
	Outage                     // something stops working, and comes back
	Replace                    // the change cannot be applied; forcing it deletes and creates anew
	SecretLoss                 // secret material is gone
	Cascade                    // other objects go with it
	DataLoss                   // data is destroyed
)

var severityNames = []string{"info", "outage", "replace", "secret-loss", "cascade", "data-loss"}

// String gives "info", "outage", "replace", "secret-loss", "cascade" or "data-loss".
func (s Severity) String() string { return severityNames[s] }

// MarshalText gives the word of [Severity.String].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Severities lists the words of all severities, from the least.
func Severities() []string { return slices.Clone(severityNames) }

// Brakes says whether a loss of this severity stops a hydrate until a person accepts it.
func (s Severity) Brakes() bool { return s >= SecretLoss }

// Finding is one thing that a rule found wrong. No text of it holds a value of a Secret.
type Finding struct {
	Rule     string
	Severity Severity
	App      string
	Object   render.Key      // zero where no object is to blame
	Pos      render.Position // what a person edits
	Message  string          // one sentence: what is wrong with this object
	Why      string          // what it comes from, and what it leads to; may be empty
	Fix      string          // what to do; may be empty
	Source   string          // where the fact behind it is from, e.g. "argo-cd #17819"; may be empty
	// Accepted is the word of the person who takes responsibility; nil where nobody does.
	Accepted *render.Acceptance
}

// Unchecked is one thing that could not be judged.
type Unchecked struct {
	App    string
	Object render.Key // zero where it is more than one object
	What   string     // what was not judged
	Why    string
}

// Comparison is one app on two sides. Where a side lacks the app, its result has no objects.
type Comparison struct {
	App         string // its name
	Left, Right render.Result
	Raw         []render.Change // as rendered
	Effective   []render.Change // after destination namespace and scope, as Argo CD and the cluster see it
	Unsteady    int             // edits in effect that Settle has taken out
}

// Input is what rules judge.
type Input struct {
	Plan    render.Plan
	Results []render.Result // what the stack renders now
	// Changes compare what is live (left: the tree that Argo CD has applied) with what would replace it. A rule that
	// looks at one state alone does not need them.
	Changes []Comparison
	// Live is the version of Argo CD that the left side was made for, as it records; empty where it does not say. A
	// protection that only the plan's version knows comes with the change, and may be too late.
	Live  string
	Minor int // of the cluster's Kubernetes, e.g. 33
	// Today is the only clock there is: on it depends which acceptances hold. A plan with acceptances needs it.
	Today time.Time
}

// Rule is one thing that is looked for.
type Rule struct {
	ID    string // "lost-data", as findings and acceptances name it
	Title string // a few words
	Why   string // what happens where it is not heeded
	Fix   string
	// Check judges. The context ends the work of rules that take long.
	Check func(context.Context, Input) ([]Finding, []Unchecked, error)
}

// Report is what the rules said: findings and unchecked in an order that depends on nothing but them.
type Report struct {
	Findings  []Finding
	Unchecked []Unchecked
}

// Run lets every rule judge, marks the findings that the plan accepts and orders the outcome: by app, worst first, then
// object and rule. Acceptances that have expired or that no finding asks for are findings too.
func Run(ctx context.Context, in Input, rules []Rule) (Report, error) {
	// Held against no day at all, an acceptance would hold for ever.
	if in.Today.IsZero() && len(in.Plan.Accept) > 0 {
		return Report{}, errors.New("judging: which day it is was not said, so it is not known which acceptances hold")
	}
	var all Report
	for _, r := range rules {
		found, unchecked, err := r.Check(ctx, in)
		if err != nil {
			return Report{}, fmt.Errorf("judging by rule %s: %w", r.ID, err)
		}
		for i := range found {
			found[i].Rule = r.ID
			found[i].Fix = cmp.Or(found[i].Fix, r.Fix)
		}
		all.Findings = append(all.Findings, found...)
		all.Unchecked = append(all.Unchecked, unchecked...)
	}
	all.Findings = append(all.Findings, accept(in, all.Findings, rules)...)
	slices.SortStableFunc(all.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.App, b.App), -cmp.Compare(a.Severity, b.Severity), a.Object.Compare(b.Object),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	slices.SortStableFunc(all.Unchecked, func(a, b Unchecked) int {
		return cmp.Or(cmp.Compare(a.App, b.App), a.Object.Compare(b.Object), cmp.Compare(a.What, b.What))
	})
	return all, ctx.Err()
}
