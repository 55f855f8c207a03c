// Package validate holds the nouns of judgement: a rule, what it is given, and what it says.
//
// A rule is a value in a table. It is given the plan, what the apps render to, and where there is one the state that
// they would replace; it says findings (judged, and wrong) and unchecked (could not be judged). That the work could not
// be done is neither: it is an error, and errors do not pass through here.
//
// The rules live in child packages, a family each, which import this package and no SDK that another family needs.
package validate

import (
	"context"
	"io/fs"
	"slices"
	"time"

	"sluice/render"
)

// Severity says how bad it is that a finding stands, or what the loss that it announces costs. A higher one is worse.
type Severity int

// The severities, from the least.
const (
	Info       Severity = iota // worth knowing
	Warning                    // it is applied, and probably not what was meant
	Error                      // the API server, Argo CD or an operator refuses it, or it cannot work
	Outage                     // something stops working, and comes back
	Replace                    // the change cannot be applied; forcing it deletes and creates anew
	SecretLoss                 // secret material is gone
	Cascade                    // other objects go with it
	DataLoss                   // data is destroyed
)

var severityNames = []string{"info", "warning", "error", "outage", "replace", "secret-loss", "cascade", "data-loss"}

// String gives "info", "warning", "error", "outage", "replace", "secret-loss", "cascade" or "data-loss".
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
	Field    render.Path     // of the object; empty for the whole of it
	Pos      render.Position // what a person edits; see [On]
	Rendered render.Position // where the field stands in what was rendered; zero where no object is to blame
	Template string          // of a chart, that rendered the object; may be empty
	Message  string          // one sentence: what is wrong with this object
	Why      string          // what it comes from, and what it leads to; may be empty
	Fix      string          // what to do; may be empty
	Source   string          // where the fact behind it is from, e.g. "argo-cd #17819"; may be empty
	// Accepted is the word of the person who takes responsibility; nil where nobody does.
	Accepted *render.Acceptance
	// Suppressed is what takes a finding that is no loss out of the count; nil where nothing does.
	Suppressed *Suppression
	// Place is Field with elements of lists named by what they are known by, not by their place: "spec.containers[name=web]".
	// [Run] fills it in.
	Place string
	// Known says that the finding is in the baseline.
	Known bool
}

// Suppression is why a finding does not count.
type Suppression struct {
	Reason string
	Pos    render.Position // the entry of the stack, or the annotation of the object
}

// Unchecked is one thing that could not be judged.
type Unchecked struct {
	App    string
	Object render.Key // zero where it is more than one object
	Every  render.Key // group and kind, where it is every object of that kind in the app
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
	// Minors are further minors that were asked about, ascending; empty for none.
	Minors []int
	// Effective are the sets of Results as Argo CD and the cluster see them, see [render.Set.Effective], in their order. Only
	// keys and metadata.namespace differ; positions are kept.
	Effective []render.Set
	// ClusterScoped says of a kind that its objects have no namespace.
	ClusterScoped func(render.Key) bool
	// Definitions are CustomResourceDefinitions besides those of Results: from paths that the user gave.
	Definitions []render.Object
	// Files is the directory of the stack, or what was asked to be judged: what people edit. Nil where there is none.
	Files fs.FS
	// Paths are the files and directories of Files that were asked about; nil for all of it.
	Paths []string
	// Known are the ids of all rules that there are, also of those that do not judge now; nil where only they are known.
	Known []string
	// Today is the only clock there is: on it depends which acceptances hold. A plan with acceptances needs it.
	Today time.Time
}

// Rule is one thing that is looked for.
type Rule struct {
	ID    string // "lost-data", as findings and acceptances name it
	Title string // a few words: what is wrong where it finds something
	Why   string // what happens where it is not heeded
	Fix   string // what to do, or how to accept it
	// Severity is that of its findings which state none higher. A stack may set another, except for losses.
	Severity Severity
	// Worst is the worst that its findings may be, where they are not all alike.
	Worst Severity
	// Off says that it judges only where the stack asks for it.
	Off bool
	// Convention is that of the stack without which it judges nothing, e.g. "quota"; empty where it needs none.
	Convention string
	// About says what its findings are about where that is never an object: "app"; "file", which has no app either; or "stack",
	// what the stack says of findings, which nothing suppresses.
	About string
	// Able says of an input whether the rule can find anything in it: not where it compares and nothing is compared, or where
	// what it judges by was not given. Nil where it always can. What it does not find then is no reason to call a suppression
	// unused.
	Able   func(Input) bool
	Source string // where the facts are from
	// Wrong and Right are examples: something that it finds, and the same mended. Each is the text of manifests, which the
	// app "example" of a made-up stack has, or where that does not do an archive of files as txtar writes them ("-- name --"
	// lines): the whole of a stack's directory, or for what compares, before.yaml and after.yaml.
	Wrong, Right string
	// Check judges. Where one walk finds what several rules are about, the first of them has the Check and its findings name
	// their Rule; the others have none. The context ends the work of rules that take long.
	Check func(context.Context, Input) ([]Finding, []Unchecked, error)
}
