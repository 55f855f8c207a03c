// Package cause says why one side of a comparison lacks an object that the other has.
//
// It asks no engine what it thinks. It renders the app again with one factor at a time taken from the other side (the
// helm engine, the Kubernetes version, one API of the list, one key of the values ...) and keeps the smallest set of
// factors that brings the object back; then it looks into the chart for the line that asks for them. Where one side
// cannot be rendered it looks for the known alternative that gives the same objects, and failing that at the shape of
// what is missing. What is not found that way is said to be not found; a guess would send a person the wrong way.
package cause

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"

	"sluice/render"
)

// MaxRenders is how many renders [Explain] may cost at most, whatever the number of objects.
const MaxRenders = 64

// Side is one side of a comparison of one app.
type Side struct {
	App       render.App
	Toolchain render.Toolchain // resolved: the versions and the profile that were used
	Result    render.Result    // what it gave; its Capabilities are what the templates were told
	// Captured says that nothing can be rendered: a hydrated tree, a captured output, another program's. Only Result
	// counts then, and App as far as it is known.
	Captured bool
	// Render renders the side's files with another app or toolchain. It takes Helm, Kustomize and Capabilities of the
	// toolchain as they are and models nothing again.
	Render func(context.Context, render.App, render.Toolchain) (render.Result, error)
	// Charts gives the charts that a render of the app reads; nil where nobody knows. That of a source has the name that
	// [render.Source.String] gives.
	Charts func(context.Context, render.App) ([]render.Tree, error)
	// Files is where the paths of values are read; nil where they cannot be.
	Files fs.FS
	// Others are toolchains that the side may be rendered with instead, resolved, Capabilities included. They are tried
	// where the other side is captured, in this order.
	Others []render.Toolchain
}

// Factor is one thing that differs between the two sides and decides about an object.
type Factor struct {
	// Name is "helm", "kustomize", "kubernetes", "apis", "namespace", "values", "set", "values files", "skipCRDs",
	// "skipTests", "skipSchema", "release", "version", "source", "sources" or "files". Of what is only seen in an output and
	// not rendered it is "empty", "cut", "half-written", "stale chart", or what a flag left out: "without crds/".
	Name        string
	Full, Short string // on either side, where it is one word; never a value of a chart
	// Detail are the parts that matter: "+group/version/Kind" for an API that only the full side offers, "-..." for one
	// that only the short side does, keys of values, names of files.
	Detail []string
}

// Gate is the place in a chart that asks for a factor.
type Gate struct {
	Template string // as helm names it: "netbox/templates/database.yaml"
	Line     int
	Asks     string // "k8s.mariadb.com/v1alpha1/Database", "Kubernetes >=1.25-0", ".Values.db.enabled"
	Helper   string // "netbox/templates/_helpers.tpl:3" where a named template does the asking; may be empty
}

// Cause is why one object is missing, moved or turned into a hook.
type Cause struct {
	Object  render.Key
	Text    string   // one sentence
	Found   bool     // false where the text says what was tried
	Likely  bool     // it looks like this: nothing could be toggled to prove it
	Factors []Factor // the smallest set that brings the object back; all of them are needed
	Gates   []Gate   // outermost first
	// Catalogue are the entries of [Catalogue] that it is known as, the closest first.
	Catalogue []string
	Sources   []string // upstream issues of those
	// Renders is how many renders were done in the whole call.
	Renders int
}

// Explain names the cause of every change in lost: objects that full has and short lacks, or has in another namespace,
// as a hook, or behind another of the same key. The causes are aligned with lost. Without any, nothing is rendered.
//
// A change with no left object is taken the other way round, so the changes of [render.Diff] can be given as they are
// once they are sorted by the side that has more. The error is that of the context; that an alternative does not render
// is no error, it just brings nothing back.
func Explain(ctx context.Context, full, short Side, lost []render.Change) ([]Cause, error) {
	if len(lost) == 0 {
		return nil, nil
	}
	targets := make([]target, len(lost))
	for i, c := range lost {
		targets[i] = newTarget(c, full, short)
	}
	budget := &budget{left: MaxRenders}
	var causes []Cause
	if full.Captured || short.Captured {
		causes = newLikeness(ctx, full, short, budget).causes(targets)
	} else {
		causes = newSearch(ctx, full, short, budget).causes(targets)
	}
	for i := range causes {
		causes[i].Object = lost[i].Key
		causes[i].Renders = budget.spent
		if !causes[i].Found {
			causes[i].Text = fmt.Sprintf("%s, and the cause is not found: %s", targets[i].subject(), causes[i].Text)
		}
		for _, id := range causes[i].Catalogue {
			for _, source := range entryOf(id).Sources {
				if !slices.Contains(causes[i].Sources, source) {
					causes[i].Sources = append(causes[i].Sources, source)
				}
			}
		}
	}
	return causes, ctx.Err()
}

// causes explains what two sides that both can be rendered differ in.
func (s *search) causes(targets []target) []Cause {
	choices := s.run(targets)
	causes := make([]Cause, len(targets))
	for i, t := range targets {
		if choices[i] == nil {
			causes[i] = Cause{Text: s.tried()}
			continue
		}
		causes[i] = s.cause(t, choices[i])
	}
	return causes
}

// target is an object that is looked for.
type target struct {
	change render.Change
	object *render.Object // as the full side has it
	// namespace is where the full side's objects without one go.
	namespace string
	anywhere  bool // the namespace does not count: the kind is cluster-scoped
	most      int  // how many objects of the key there may be; 0 for any number
}

func newTarget(c render.Change, full, short Side) target {
	t := target{change: c, object: c.Left, namespace: cmp.Or(full.App.Namespace, short.App.Namespace)}
	if t.object == nil {
		t.object = c.Right
	}
	if c.Turn == "collapsed" && c.Left == nil { // it is there, and others of its key with it
		t.most = max(t.count(full.App, full.Result.Set), 1)
	}
	// Effective keys have no namespace for kinds that have none, whatever an engine writes. Of keys as rendered it is one
	// that counts; then the other side may have the name in a namespace.
	elsewhere := slices.ContainsFunc(short.Result.Set.Objects, func(o render.Object) bool {
		return t.named(o) && namespaceOf(o) != ""
	})
	t.anywhere = c.Turn == "" && c.Key.Namespace == "" && !elsewhere
	return t
}

// named says whether an object has the target's kind and name.
func (t target) named(o render.Object) bool {
	k := t.object.Key
	return o.Key.Kind == k.Kind && o.Key.Group == k.Group && o.Key.Name == k.Name
}

// namespaceOf gives the namespace as the object states it.
func namespaceOf(o render.Object) string {
	meta, _ := o.Tree["metadata"].(map[string]any)
	stated, _ := meta["namespace"].(string)
	return stated
}

// hook says whether helm takes the object for a hook; Argo CD's own hooks are objects like any other to it.
func hook(o render.Object) bool {
	meta, _ := o.Tree["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	return annotations["helm.sh/hook"] != nil
}

// in says whether a render of the app has the object again, as it is on the full side.
func (t target) in(app render.App, set render.Set) bool {
	n := t.count(app, set)
	return n > 0 && (t.most == 0 || n <= t.most)
}

// count counts the objects of a render that are the target.
func (t target) count(app render.App, set render.Set) int {
	n := 0
	for _, o := range set.Objects {
		want := cmp.Or(namespaceOf(*t.object), t.namespace)
		have := cmp.Or(namespaceOf(o), app.Namespace)
		switch {
		case !t.named(o), !t.anywhere && want != have:
		case t.change.Turn == "hooked" && o.Hook() != t.object.Hook():
		default:
			n++
		}
	}
	return n
}

// subject is the beginning of every sentence about the object.
func (t target) subject() string {
	name := t.object.Key.Kind + "/" + t.object.Key.Name
	to := t.change.Right
	switch t.change.Turn {
	case "moved":
		where := func(o *render.Object) string {
			if o == nil || o.Key.Namespace == "" {
				return "no namespace"
			}
			return "namespace " + o.Key.Namespace
		}
		return fmt.Sprintf("%s moves from %s to %s", name, where(t.object), where(to))
	case "hooked":
		return name + " turns into a hook"
	case "collapsed":
		return name + " is replaced by another object of its key"
	}
	if t.change.Left == nil {
		return name + " is missing on the left"
	}
	return name + " is missing"
}
