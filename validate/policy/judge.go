package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cuelang.org/go/cue"
	cueerrors "cuelang.org/go/cue/errors"

	"sluice/render"
	"sluice/validate"
)

// judge holds every object to every policy.
func (b *book) judge(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	var unchecked []validate.Unchecked
	took, hits := map[string]time.Duration{}, map[string]int{}
	err := bounded(ctx, func(step step) error {
		for _, p := range b.policies {
			if p.broken {
				unchecked = append(unchecked, validate.Unchecked{What: p.rule.ID, Why: "the policy is wrong in itself"})
			}
		}
		for _, r := range in.Results {
			blanks := validate.BlanksOf(r)
			for i := range r.Set.Objects {
				c := b.newCase(&r.Set.Objects[i], blanks, destination(in, r.App, r.Set.Objects[i].Key))
				for _, p := range b.policies {
					if !p.wanted(in.Plan, r.App) || !p.about.may(c.tree) {
						continue
					}
					if err := step("policy " + p.name + " on " + c.object.Key.String() + " of app " + r.App.Name); err != nil {
						return err
					}
					start := b.now()
					f, u := c.hold(p, hits)
					took[p.name] += b.now().Sub(start)
					found, unchecked = append(found, f...), append(unchecked, u...)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range b.policies {
		if took[p.name] > slow && b.watch.Slow != nil {
			b.watch.Slow(p.name, took[p.name])
		}
	}
	return append(found, b.idle(in, hits)...), unchecked, nil
}

// now gives the time of the watch, a fixed one where there is none.
func (b *book) now() time.Time {
	if b.watch.Now == nil {
		return time.Time{}
	}
	return b.watch.Now()
}

// wanted says whether a policy judges now, and the objects of an app.
func (p *policy) wanted(plan render.Plan, app render.App) bool {
	if p.broken || !p.judges(plan) {
		return false
	}
	return (p.apps == nil || slices.Contains(p.apps, app.Name)) && (p.layers == nil || slices.Contains(p.layers, app.Layer))
}

// judges says whether the stack asks for the findings of a policy.
func (p *policy) judges(plan render.Plan) bool {
	word, stated := plan.Severities[p.rule.ID]
	return stated && word != "off" || !stated && !p.off
}

// destination gives the namespace that an object goes to, "" for none.
func destination(in validate.Input, app render.App, key render.Key) string {
	if key.Namespace != "" || in.ClusterScoped == nil || in.ClusterScoped(key) {
		return key.Namespace
	}
	return app.Namespace
}

// idle finds policies that are about no object of the stack. Of a selection of apps it is not known.
func (b *book) idle(in validate.Input, hits map[string]int) []validate.Finding {
	var found []validate.Finding
	if !in.Whole() {
		return nil
	}
	for _, p := range b.policies {
		if hits[p.name] == 0 && !p.broken && p.judges(in.Plan) {
			found = append(found, validate.Finding{
				Pos: p.pos, Message: fmt.Sprintf("policy %s is about no object of the stack", p.name),
			})
		}
	}
	return found
}

// trial is one object that policies are held to.
type trial struct {
	encoding
	object *render.Object
	tree   map[string]any // of the object, with the namespace that it goes to
	value  *cue.Value     // made when it is first asked for
}

// newCase begins with an object.
func (e encoder) newCase(o *render.Object, blanks validate.Blanks, namespace string) *trial {
	return &trial{
		encoding: encoding{encoder: e, key: o.Key, blanks: blanks, blank: blanks.Has(o.Key)},
		object:   o, tree: in(o.Tree, namespace),
	}
}

// in gives a tree with a namespace where it states none.
func in(tree map[string]any, namespace string) map[string]any {
	metadata, ok := tree["metadata"].(map[string]any)
	if stated, _ := metadata["namespace"].(string); !ok || namespace == "" || stated != "" {
		return tree
	}
	placed, inside := make(map[string]any, len(tree)), make(map[string]any, len(metadata)+1)
	for key, value := range tree {
		placed[key] = value
	}
	for key, value := range metadata {
		inside[key] = value
	}
	inside["namespace"] = namespace
	placed["metadata"] = inside
	return placed
}

// encoded gives the object in CUE.
func (c *trial) encoded() cue.Value {
	if c.value == nil {
		v := c.encoding.object(c.tree)
		c.value = &v
	}
	return *c.value
}

// hold judges the object by a policy, and counts it in hits where the policy is about it.
func (c *trial) hold(p *policy, hits map[string]int) (found []validate.Finding, unchecked []validate.Unchecked) {
	defer func() {
		if cause := recover(); cause != nil {
			found = nil
			unchecked = []validate.Unchecked{c.unchecked(p, "CUE gave up on it")}
		}
	}()
	if !p.about.takes(c.encoded) {
		return nil, nil
	}
	hits[p.name]++
	check := p.check
	if p.bound {
		check = p.value.FillPath(cue.MakePath(cue.Str("object")), c.encoded()).LookupPath(cue.MakePath(cue.Str("check")))
	}
	// The object comes first: the paths of errors are then those of the object.
	whole := c.encoded().Unify(check)
	v := newVerdict(whole)
	var wrong []cueerrors.Error
	for _, e := range append(v.wrong, v.few...) {
		if c.open(e) {
			v.waiting = append(v.waiting, e)
		} else {
			wrong = append(wrong, e)
		}
	}
	faults := c.faults(wrong)
	if v.lacking {
		required(whole, nil, func(path []string, value cue.Value) {
			faults = append(faults, fault{path: c.path(path), pos: position(value.Pos()), missing: true})
		})
	}
	for _, f := range distinct(faults) {
		found = append(found, c.finding(p, f))
	}
	if len(v.waiting) > 0 && len(found) == 0 {
		unchecked = append(unchecked, c.unchecked(p, waits(v.waiting[0])))
	}
	return found, unchecked
}

// open says whether an error of a validator could be another one when the secrets are in: to count, it takes any value for
// whatever is asked.
func (c *trial) open(e cueerrors.Error) bool {
	format, _ := e.Msg()
	return c.blank && strings.Contains(format, unsatisfied) && c.blanks.Below(c.key, c.path(e.Path()))
}

// unchecked says that a policy could not judge the object.
func (c *trial) unchecked(p *policy, why string) validate.Unchecked {
	return validate.Unchecked{App: c.object.Provenance.App, Object: c.object.Key, What: p.rule.ID, Why: why}
}

// waits says why a check is not decided. The words of CUE may have a value of the object in them.
func waits(e cueerrors.Error) string {
	const why = "it depends on a field that the object does not have, or on a placeholder"
	if at := positionOf(e); at.File != "" {
		return fmt.Sprintf("%s, at %s", why, at)
	}
	return why
}
