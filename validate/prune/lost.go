package prune

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// loss is one live object that goes, with the judgement of it.
type loss struct {
	in     validate.Input
	at     validate.Comparison
	change render.Change
	row    row
	known  bool // whether the catalogue has a row about it
}

// losses lists the live objects that go: those that are removed, moved, turned into hooks, or give way to another.
func losses(in validate.Input) []loss {
	var list []loss
	for _, c := range in.Changes {
		for _, change := range c.Effective {
			if change.Left == nil {
				continue
			}
			switch change.Kind() {
			case "removed", "moved", "hooked", "collapsed":
				l := loss{in: in, at: c, change: change}
				l.row, l.known = find(change.Left)
				list = append(list, l)
			}
		}
	}
	return list
}

// rule is the id of the rule that words the loss.
func (l loss) rule() string {
	switch {
	case l.change.Kind() == "moved":
		return movedObject
	case l.change.Kind() == "hooked":
		return becomesHook
	case l.row.stateful():
		return lostData
	default:
		return lostObject
	}
}

// only gives the check of one of the rules that share the walk over the losses.
func only(id string) check {
	return func(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
		var found []validate.Finding
		var unchecked []validate.Unchecked
		asked := map[string]bool{}
		for _, l := range losses(in) {
			// The plain objects of an app that goes as a whole are in the finding about the app.
			if l.rule() != id || l.gone() && !l.row.stateful() {
				continue
			}
			f := l.finding()
			found = append(found, f)
			if doubt := l.doubt(); doubt != "" && !asked[doubt] {
				asked[doubt] = true
				unchecked = append(unchecked, validate.Unchecked{App: l.at.App, What: doubt, Why: "the catalogue does not know; e.g. " + l.change.Key.String()})
			}
		}
		return found, unchecked
	}
}

// gone says whether the object's whole app goes.
func (l loss) gone() bool { return gone(l.in, l.at) }

func gone(in validate.Input, c validate.Comparison) bool {
	if len(c.Left.Set.Objects) == 0 || len(c.Right.Set.Objects) > 0 {
		return false
	}
	is := func(a render.App) bool { return a.Name == c.App }
	return !slices.ContainsFunc(in.Plan.Apps(), is) && !slices.ContainsFunc(in.Plan.Others, is)
}

// doubt names what is not known of the loss, once for every kind.
func (l loss) doubt() string {
	kind := l.change.Key.GroupKind()
	switch {
	case !l.known:
		return "what the deletion of a " + kind + " destroys"
	case l.row.unknown != "":
		return l.row.unknown + " of a " + kind
	default:
		return ""
	}
}

// verdict is how bad a loss is, with the clauses that explain it.
type verdict struct {
	severity validate.Severity
	kept     bool // Argo CD does not delete the object
	why      []string
	fix      string
}

// judge gives the severity of a loss: that of the row, less where a field or Argo CD holds the deletion off.
func (l loss) judge() verdict {
	o := l.change.Left
	if !l.known {
		v := verdict{severity: validate.Outage, why: []string{"what an operator does when it goes is not known"}}
		return v.guarded(l.guard())
	}
	v := verdict{severity: l.row.severity, why: []string{"deleted: " + l.row.destroys}, fix: l.row.fix}
	switch held, f := l.row.held(o); {
	case held:
		v.severity = l.row.kept
		v.why = append(v.why, f.name()+" keeps that from happening, so what it stands for stays, and nothing runs it")
	case f.path != "":
		v.why = append(v.why, f.name()+l.reads(f))
		v.fix = fmt.Sprintf("set %s on the live object, sync, and remove it in a later change; or bring it back", f.advice())
	}
	return v.guarded(l.guard())
}

// reads says what a field that does not keep says.
func (l loss) reads(f field) string {
	if !stated(l.change.Left.Tree, f.path) {
		return " is not stated, and without it nothing keeps that from happening"
	}
	return " does not keep that from happening"
}

// guarded lowers the severity where the deletion is held off, and says by what.
func (v verdict) guarded(g guard) verdict {
	if g.holds {
		v.severity, v.kept = validate.Info, true
	}
	v.why = append(v.why, g.says...)
	return v
}

// guard is what Argo CD does with the object.
func (l loss) guard() guard {
	if l.gone() {
		g := cascadeGuard(l.at, l.change.Left)
		if final, known := l.finalizer(); known && !final {
			g.hold("its Application has no resources finalizer, so the objects stay in the cluster and belong to nobody")
		}
		return g
	}
	next, live := l.in.Plan.Cluster.ArgoCD, l.in.Live
	g := pruneGuard(l.at, l.change.Left, next)
	if live != "" && live != next && g.holds {
		if g = pruneGuard(l.at, l.change.Left, live); !g.holds {
			g.note("Argo CD " + next + " would keep it, but what is live was made for " + live + ", which may be what syncs this change")
		}
	}
	if to := l.elsewhere(); to != "" {
		g.note("app " + to + " has the object from now on; it stays only if that app syncs first and takes the tracking id over, which nothing promises")
	}
	return g
}

// elsewhere names another app that has the object on the right.
func (l loss) elsewhere() string {
	for _, c := range l.in.Changes {
		if c.App == l.at.App {
			continue
		}
		for _, change := range c.Effective {
			if change.Kind() == "added" && change.Key == l.change.Key {
				return c.App
			}
		}
	}
	return ""
}

// regrouped names the object that has the kind and name of the lost one in another API group.
func (l loss) regrouped() string {
	was := l.change.Key
	for _, change := range l.at.Effective {
		now := change.Key
		now.Group = was.Group
		if change.Kind() == "added" && now == was {
			return change.Key.String()
		}
	}
	return ""
}

// finding words the loss.
func (l loss) finding() validate.Finding {
	o, v := l.change.Left, l.judge()
	v = l.special(v)
	if to := l.regrouped(); to != "" {
		v.why = append(v.why, to+" has its kind and name in another group, which is another object to Argo CD: this one is deleted and that one created")
	}
	if keys := l.carried(); len(keys) > 0 && v.severity > validate.Info {
		v.why = append(v.why, "with it go at least "+few(keys))
	}
	f := validate.Finding{
		Severity: v.severity, App: l.at.App, Object: l.change.Key, Pos: place(l.at, nil, nil),
		Message: l.message(v.kept), Why: strings.Join(v.why, "; "), Fix: v.fix, Source: l.row.source,
	}
	if l.change.Right != nil {
		f.Pos = place(l.at, l.change.Right, nil)
	}
	if f.Pos.File == "" {
		f.Pos = o.Position(nil)
	}
	return f
}

// special judges what neither the catalogue nor the guard can: whether Argo CD tracks a definition, and an object that
// another one stands in for.
func (l loss) special(v verdict) verdict {
	o := l.change.Left
	if o.Key.Definition() && !l.gone() && v.severity > validate.Info {
		prunes, why := tracked(l.at, o, l.in.Plan.Cluster.ArgoCD)
		if !prunes && l.in.Live != "" {
			prunes, why = tracked(l.at, o, l.in.Live)
		}
		if !prunes { // the deletion that the catalogue speaks of is nobody's plan yet
			v.severity, v.kept = validate.Cascade, true
			v.why = slices.DeleteFunc(v.why, func(part string) bool { return strings.HasPrefix(part, "deleted: ") })
		}
		v.why = append(v.why, why)
	}
	if r := l.change.Right; l.change.Kind() == "collapsed" && r != nil && r.Key == l.change.Key {
		v.severity = validate.Outage
		v.why = []string{"nothing is deleted: both have one identity in the cluster, the last of them wins, and what the other one said is gone"}
	}
	return v
}

// carried lists the live objects that go with a namespace or a definition.
func (l loss) carried() []string {
	o := l.change.Left
	group, _ := at(o.Tree, "spec group").(string)
	kind, _ := at(o.Tree, "spec names kind").(string)
	var keys []string
	for _, c := range l.in.Changes {
		for _, live := range c.Left.Set.Objects {
			k := live.Key
			switch {
			case o.Key.Definition() && k.Group == group && k.Kind == kind,
				o.Key.Group == "" && o.Key.Kind == "Namespace" && k.Namespace == o.Key.Name:
				keys = append(keys, k.String())
			}
		}
	}
	return keys
}

// message says in one sentence what happens to the object.
func (l loss) message(kept bool) string {
	key := l.change.Key.String()
	switch {
	case kept && l.change.Right == nil:
		return key + " is no longer rendered, and stays in the cluster"
	case kept && l.change.Kind() == "moved":
		return fmt.Sprintf("%s moves to namespace %s: the live one stays, and another one is created there", key, l.change.Right.Key.Namespace)
	}
	switch l.change.Kind() {
	case "moved":
		return fmt.Sprintf("%s moves to namespace %s: it is deleted here and created there", key, l.change.Right.Key.Namespace)
	case "hooked":
		return key + " becomes a hook: the live object is deleted"
	case "collapsed":
		return key + " gives way to " + l.change.Right.Key.String() + ", which several objects have become"
	}
	if l.gone() {
		return key + " goes with its app"
	}
	return key + " is no longer rendered and would be pruned"
}

// finalizer says whether the live Application of the app takes its objects along, and whether that is known: its own
// object is in a tree that was compared.
func (l loss) finalizer() (final, known bool) { return finalizer(l.in, l.at.App) }

func finalizer(in validate.Input, app string) (final, known bool) {
	for _, c := range in.Changes {
		for i := range c.Left.Set.Objects {
			o := &c.Left.Set.Objects[i]
			if o.Key.Group != "argoproj.io" || o.Key.Kind != "Application" || o.Key.Name != in.Plan.Hydrate.Prefix+app {
				continue
			}
			r, _ := find(o)
			held, _ := r.held(o)
			return !held, true
		}
	}
	return false, false
}

// lostApps finds apps that go as a whole.
func lostApps(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	for _, c := range in.Changes {
		if !gone(in, c) {
			continue
		}
		f := validate.Finding{
			Severity: validate.Cascade, App: c.App, Pos: c.Left.App.Pos,
			Object: render.Key{Group: "argoproj.io", Kind: "Application", Namespace: in.Plan.Hydrate.Namespace, Name: in.Plan.Hydrate.Prefix + c.App},
			Source: "argo-cd docs app_deletion",
		}
		f.Message = fmt.Sprintf("app %s goes with its %d objects", c.App, len(c.Left.Set.Objects))
		switch final, known := finalizer(in, c.App); {
		case known && final:
			f.Why = "its Application has the resources finalizer, so everything that it deployed is deleted; Prune=false does not protect from that, Delete=false does"
		case known:
			f.Severity = validate.Outage
			f.Why = "its Application has no resources finalizer, so the objects stay in the cluster and belong to nobody"
		default:
			f.Why = "whether its live Application has the resources finalizer is not known; with it, everything that it deployed is deleted"
		}
		found = append(found, f)
	}
	return found, nil
}
