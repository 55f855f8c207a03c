package report

import (
	"cmp"
	"io"
	"maps"

	"sluice/render"
	"sluice/validate"
)

// diffJSON is the form of a comparison for machines. Lists are empty rather than left out or null.
type diffJSON struct {
	Left      sideJSON        `json:"left"`
	Right     sideJSON        `json:"right"`
	Apps      []diffAppJSON   `json:"apps"`      // all that were compared, without difference too
	Findings  []findingJSON   `json:"findings"`  // of all apps, by app, the worst first
	Unchecked []uncheckedJSON `json:"unchecked"` // what could not be judged
	Notes     []string        `json:"notes"`
	// Engines are the binaries that were run, by "name@version", with their digests; linked engines are not among them.
	Engines    map[string]string `json:"engines"`
	Differs    int               `json:"differs"`    // changes in effect
	Stopping   int               `json:"stopping"`   // findings that stop a hydrate
	Incomplete bool              `json:"incomplete"` // an app could not be rendered on a side
}

// sideJSON is what one side is, and the tools that rendered it.
type sideJSON struct {
	Name       string `json:"name"`
	Toolchain  string `json:"toolchain,omitempty"`
	ArgoCD     string `json:"argocd,omitempty"`
	Helm       string `json:"helm,omitempty"`
	Kustomize  string `json:"kustomize,omitempty"`
	Profile    string `json:"profile,omitempty"`
	Kubernetes string `json:"kubernetes,omitempty"`
}

type diffAppJSON struct {
	Name         string       `json:"name"`
	Errors       []string     `json:"errors"`       // why a side could not be rendered
	Changes      []changeJSON `json:"changes"`      // in effect: after destination namespace and scope
	Raw          []changeJSON `json:"raw"`          // as rendered
	Respelled    int          `json:"respelled"`    // raw changes of objects that are the same in effect
	DroppedHooks int          `json:"droppedHooks"` // raw changes of hooks that Argo CD never runs
	Unsteady     int          `json:"unsteady"`     // edits left out: their fields differ from run to run
}

type objectJSON struct {
	Key       string `json:"key"` // "Kind.group namespace/name", as acceptances name it
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type changeJSON struct {
	Kind   string      `json:"kind"` // added, removed, modified, moved, hooked, collapsed
	Object objectJSON  `json:"object"`
	To     *objectJSON `json:"to,omitempty"`   // moved and collapsed: what stands in its place
	Hook   string      `json:"hook,omitempty"` // hooked: the phase, "dropped" for none
	Edits  []editJSON  `json:"edits"`
	Cause  *Cause      `json:"cause,omitempty"`
	Left   *originJSON `json:"left,omitempty"` // where the object comes from on the sides that have it
	Right  *originJSON `json:"right,omitempty"`
}

type originJSON struct {
	Source   string `json:"source,omitempty"`
	Template string `json:"template,omitempty"`
	Position string `json:"position,omitempty"`
}

// editJSON is one field. A side that lacks it, or states null, has no value here; Kind tells which.
type editJSON struct {
	Kind  string `json:"kind"` // added, removed, modified, reordered
	Path  string `json:"path"`
	Left  any    `json:"left,omitempty"`
	Right any    `json:"right,omitempty"`
}

type findingJSON struct {
	Rule       string        `json:"rule"`
	Severity   string        `json:"severity"`
	Brakes     bool          `json:"brakes"` // it is of a severity that stops a hydrate
	App        string        `json:"app,omitempty"`
	Object     *objectJSON   `json:"object,omitempty"`
	Position   string        `json:"position,omitempty"`
	Message    string        `json:"message"`
	Why        string        `json:"why,omitempty"`
	Fix        string        `json:"fix,omitempty"`
	Source     string        `json:"source,omitempty"`
	Accepted   *acceptedJSON `json:"accepted,omitempty"`
	Acceptance string        `json:"acceptance,omitempty"` // what to write into the stack if it is meant
}

type acceptedJSON struct {
	By       string `json:"by"`
	Until    string `json:"until"`
	Reason   string `json:"reason"`
	Position string `json:"position,omitempty"`
}

type uncheckedJSON struct {
	App    string      `json:"app,omitempty"`
	Object *objectJSON `json:"object,omitempty"`
	What   string      `json:"what"`
	Why    string      `json:"why,omitempty"`
}

// JSON writes everything that is known of the comparison.
func (d Diff) JSON(w io.Writer) error { return JSON(w, d.form()) }

func (d Diff) form() diffJSON {
	m := mask{d.Key}
	out := diffJSON{
		Left: side(d.Left, d.LeftTools), Right: side(d.Right, d.RightTools), Apps: []diffAppJSON{},
		Findings: []findingJSON{}, Unchecked: []uncheckedJSON{}, Notes: append([]string{}, d.Notes...), Engines: maps.Clone(d.Engines),
		Differs: d.Differs(), Stopping: len(d.Report.Stopping()),
	}
	for _, app := range d.Apps {
		a := diffAppJSON{Name: app.App, Errors: []string{}, Changes: []changeJSON{}, Raw: []changeJSON{}}
		for _, f := range d.failures(app) {
			a.Errors = append(a.Errors, m.text(f))
			out.Incomplete = true
		}
		for _, c := range app.Effective {
			a.Changes = append(a.Changes, d.change(app.App, c))
		}
		for _, c := range app.Raw {
			a.Raw = append(a.Raw, d.change(app.App, c))
		}
		a.Respelled, a.DroppedHooks = spelled(app)
		a.Unsteady = app.Unsteady
		out.Apps = append(out.Apps, a)
	}
	for _, f := range d.Report.Findings {
		out.Findings = append(out.Findings, m.finding(d, f))
	}
	for _, u := range d.Report.Unchecked {
		out.Unchecked = append(out.Unchecked, uncheckedJSON{
			App: u.App, Object: object(u.Object), What: m.text(u.What), Why: m.text(u.Why),
		})
	}
	if out.Engines == nil {
		out.Engines = map[string]string{}
	}
	return out
}

func side(name string, t render.Toolchain) sideJSON {
	return sideJSON{
		Name: name, Toolchain: t.Name, ArgoCD: t.ArgoCD, Helm: t.Helm, Kustomize: t.Kustomize, Profile: t.Profile,
		Kubernetes: t.Cluster.Kubernetes,
	}
}

// object gives nothing for a key that names none.
func object(k render.Key) *objectJSON {
	if k == (render.Key{}) {
		return nil
	}
	return &objectJSON{Key: k.String(), Group: k.Group, Kind: k.Kind, Namespace: k.Namespace, Name: k.Name}
}

func origin(o *render.Object) *originJSON {
	if o == nil {
		return nil
	}
	return &originJSON{Source: o.Provenance.Source, Template: o.Provenance.Template, Position: o.Position(nil).String()}
}

func (d Diff) change(app string, c render.Change) changeJSON {
	m := mask{d.Key}
	out := changeJSON{Kind: c.Kind(), Object: *object(c.Key), Edits: []editJSON{}, Left: origin(c.Left), Right: origin(c.Right)}
	if c.Right != nil && c.Right.Key != c.Key {
		out.To = object(c.Right.Key)
	}
	if c.Turn == "hooked" {
		out.Hook = c.Right.Hook()
	}
	if cause, ok := d.cause(app, c.Key); ok {
		out.Cause = &Cause{Text: m.text(cause.Text), Source: cause.Source}
	}
	for _, e := range c.Edits {
		out.Edits = append(out.Edits, editJSON{
			Kind: e.Kind, Path: m.text(e.Field.String()),
			Left: m.value(c.Key, e.Field, e.Left), Right: m.value(c.Key, e.Field, e.Right),
		})
	}
	return out
}

func (m mask) finding(d Diff, f validate.Finding) findingJSON {
	out := findingJSON{
		Rule: f.Rule, Severity: f.Severity.String(), Brakes: f.Severity.Brakes(), App: f.App, Object: object(f.Object),
		Position: cmp.Or(f.Pos.String(), f.Rendered.String()), Message: m.text(f.Message), Why: m.text(f.Why), Fix: m.text(f.Fix), Source: f.Source,
	}
	if f.Accepted != nil {
		out.Accepted = &acceptedJSON{By: f.Accepted.By, Until: f.Accepted.Until, Reason: f.Accepted.Reason, Position: f.Accepted.Pos.String()}
	}
	if acceptable(f) {
		out.Acceptance = d.acceptance(f)
	}
	return out
}
