package prune

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// transitionRule is the rule whose judgement runs expressions, which can take long.
func transitionRule() validate.Rule {
	return validate.Rule{
		ID: crdTransition, Title: "a change that the definition of the kind forbids",
		Why: "Rules of a CustomResourceDefinition that name oldSelf compare the live object with the new one, and the API server refuses a change that breaks one.",
		Fix: "keep the live value, or create an object of another name and move over to it", Check: forbidden,
	}
}

// forbidden evaluates the transition rules of definitions over objects that change in place. The definition is the one
// of the right side, which is applied before the objects of its kind; failing that the live one.
// Source: Kubernetes docs, CustomResourceDefinitions, Transition rules.
func forbidden(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	unchecked := unrendered(in)
	in = sound(in)
	var celled evaluator
	asked := map[string]bool{}
	known := definitionsOf(in)
	modified(in, func(c validate.Comparison, change render.Change) {
		if change.Right.Key.BuiltIn() || !change.Right.Target() || ctx.Err() != nil {
			return
		}
		kind := change.Key.GroupKind()
		schema, has := schemaOf(known, change.Right)
		if !has {
			if text := c.App + " " + kind; !asked[text] {
				asked[text] = true
				unchecked = append(unchecked, validate.Unchecked{
					App: c.App, What: "transition rules of " + kind + " " + change.Right.APIVersion,
					Why: "no CustomResourceDefinition of the kind and version is in the stack; e.g. " + change.Key.String() + " changes",
				})
			}
			return
		}
		w := walk{ctx: ctx, evaluator: &celled}
		w.visit(schema, pair{whole(schema, change.Right.Tree), whole(schema, change.Left.Tree), true}, nil)
		for _, b := range w.broken {
			v := replaced(c, change)
			found = append(found, validate.Finding{
				Severity: v.severity, App: c.App, Object: change.Key, Pos: place(c, change.Right, b.path), Fix: v.fix,
				Message: fmt.Sprintf("%s changes %s against a rule of its definition: %s", change.Key, named(b.path), b.text),
				Why:     strings.Join(append([]string{apiServer + " refuses it, so every sync of the app fails"}, v.why...), "; "),
				Source:  "x-kubernetes-validations of " + kind,
			})
		}
		for _, b := range w.doubts {
			unchecked = append(unchecked, validate.Unchecked{
				App: c.App, Object: change.Key, What: "a transition rule of its definition at " + named(b.path), Why: b.text,
			})
		}
	})
	return found, unchecked, ctx.Err()
}

// named writes a path, also that of the object itself.
func named(path render.Path) string {
	if len(path) == 0 {
		return "the object"
	}
	return path.String()
}

// definitionsOf lists the definitions that were compared or rendered: those of the right side first.
func definitionsOf(in validate.Input) []*render.Object {
	var list []*render.Object
	take := func(s render.Set) {
		for i := range s.Objects {
			if s.Objects[i].Key.Definition() {
				list = append(list, &s.Objects[i])
			}
		}
	}
	for _, c := range in.Changes {
		take(c.Right.Set)
	}
	for _, r := range in.Results {
		take(r.Set)
	}
	for _, c := range in.Changes {
		take(c.Left.Set)
	}
	return list
}

// schemaOf gives the schema of an object's kind and version, of the first definition that has it.
func schemaOf(definitions []*render.Object, o *render.Object) (map[string]any, bool) {
	for _, d := range definitions {
		if at(d.Tree, "spec group") != o.Key.Group || at(d.Tree, "spec names kind") != o.Key.Kind {
			continue
		}
		for _, v := range lookup(d.Tree, "spec versions []") {
			if name, _ := at(v, "name").(string); o.APIVersion == o.Key.Group+"/"+name {
				schema, ok := at(v, "schema openAPIV3Schema").(map[string]any)
				return schema, ok
			}
		}
	}
	return nil, false
}

// pair is a value on the right and what it was. Without was there is nothing to compare it with: it is new, or stands
// in a list whose elements cannot be told apart.
type pair struct {
	now, was any
	had      bool
}

// outcome is what an expression said at a place.
type outcome struct {
	path render.Path
	text string
}

// walk visits a schema with the two values that it describes.
type walk struct {
	ctx context.Context
	*evaluator
	broken, doubts []outcome
}

// visit evaluates the rules at a schema and below it. What is absent on the right has no rule to keep.
func (w *walk) visit(schema map[string]any, p pair, path render.Path) {
	if p.now == nil {
		return
	}
	p.had = p.had && p.was != nil
	for _, r := range lookup(schema, "x-kubernetes-validations []") {
		w.judge(schema, r, p, path)
	}
	switch now := p.now.(type) {
	case map[string]any:
		was, _ := p.was.(map[string]any)
		properties, _ := schema["properties"].(map[string]any)
		others, _ := schema["additionalProperties"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(now)) {
			below, ok := properties[key].(map[string]any)
			if !ok {
				below = others
			}
			if below != nil {
				w.visit(below, pair{now[key], was[key], p.had}, path.With(key))
			}
		}
	case []any:
		below, ok := schema["items"].(map[string]any)
		if !ok {
			return
		}
		was, _ := p.was.([]any)
		for i, element := range now {
			old, had := correlated(schema, element, was)
			w.visit(below, pair{element, old, p.had && had}, path.With(i))
		}
	}
}

// judge evaluates one rule, if it is one about a transition.
func (w *walk) judge(schema map[string]any, r any, p pair, path render.Path) {
	text, _ := at(r, "rule").(string)
	optional := at(r, "optionalOldSelf") == true
	if !strings.Contains(text, "oldSelf") || !p.had && !optional {
		return
	}
	values := map[string]any{"self": native(schema, p.now, nil)}
	switch was := native(schema, p.was, p.now); {
	case optional:
		values["oldSelf"] = maybe(was, p.had)
	default:
		values["oldSelf"] = was
	}
	kept, err := w.eval(w.ctx, text, values)
	message, _ := at(r, "message").(string)
	if message = strings.TrimSpace(message); message == "" {
		message = text
	}
	switch {
	case err != nil:
		w.doubts = append(w.doubts, outcome{path, fmt.Sprintf("%q cannot be evaluated here: %v", message, err)})
	case !kept:
		w.broken = append(w.broken, outcome{path, message})
	}
}
