package policy

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"sluice/render"
	"sluice/validate"
)

// test is an object that a policy is tried on.
type test struct {
	name string
	pos  render.Position
	tree map[string]any
	ok   bool // the policy finds nothing
}

// cases reads the tests of a policy, in the order of their names.
func (r *reader) cases() []test {
	v := r.field("tests")
	if !v.Exists() {
		return nil
	}
	it, err := v.Fields(cue.ErrorsAsValues(true))
	if err != nil {
		r.fault(position(v.Pos()), "", "tests: want a struct, got %s", v.IncompleteKind())
		return nil
	}
	var list []test
	for it.Next() {
		t := test{name: it.Selector().Unquoted(), pos: position(it.Value().Pos())}
		if r.test(&t, it.Value()) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b test) int { return strings.Compare(a.name, b.name) })
	return list
}

// test reads one test.
func (r *reader) test(t *test, v cue.Value) bool {
	fields, err := v.Fields(cue.ErrorsAsValues(true))
	if err != nil {
		r.fault(t.pos, "", "test %s: want a struct, got %s", t.name, v.IncompleteKind())
		return false
	}
	for fields.Next() {
		if name := fields.Selector().Unquoted(); name != "object" && name != "ok" {
			r.fault(position(fields.Value().Pos()), "fields of a test: object, ok", "test %s: %s: unknown field", t.name, name)
			return false
		}
	}
	if t.ok, err = v.LookupPath(cue.MakePath(cue.Str("ok"))).Bool(); err != nil {
		r.fault(t.pos, "say ok: true where the policy finds nothing, and ok: false where it does", "test %s: ok is not true or false", t.name)
		return false
	}
	object := v.LookupPath(cue.MakePath(cue.Str("object")))
	if err = object.Validate(cue.Concrete(true)); err == nil {
		err = object.Decode(&t.tree)
	}
	if err != nil || t.tree == nil {
		r.fault(t.pos, "write the object out, with values", "test %s: its object is not one that could be rendered%s", t.name, because(err))
		return false
	}
	t.tree, _ = plain(t.tree).(map[string]any)
	return true
}

// tried gives, as manifests, the objects of the tests in which the policy finds nothing, or those in which it does: the
// examples of its rule.
func (r *reader) tried(ok bool) string {
	var set render.Set
	for _, t := range r.tests {
		if t.ok == ok {
			set.Objects = append(set.Objects, render.Object{Key: keyOf(t.tree), Tree: t.tree})
		}
	}
	text, err := set.Encode()
	if err != nil {
		return ""
	}
	return string(text)
}

// because gives the words of CUE.
func because(err error) string {
	if err == nil {
		return ""
	}
	e := firstOf(err)
	return ": " + strings.Trim(strings.Join(e.Path(), ".")+": "+text(e), ": ")
}

// plain brings what CUE decodes to the types of an object's tree.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case int:
		return int64(v)
	case *big.Int:
		if v.IsUint64() {
			return v.Uint64()
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

// try holds the objects of the tests to their policies, and gives what is not as the tests say.
func (b *book) try(step step) ([]*render.Error, error) {
	var faults []*render.Error
	for _, p := range b.policies {
		if p.broken {
			continue
		}
		for _, t := range p.tests {
			if err := step(fmt.Sprintf("test %s of policy %s", t.name, p.name)); err != nil {
				return nil, err
			}
			if said := b.outcome(p, t); said != "" {
				faults = append(faults, &render.Error{
					Pos: t.pos, Err: fmt.Errorf("policy %s: test %s: %s", p.name, t.name, said),
					Hint: "mend the policy, or the test",
				})
			}
		}
	}
	return faults, nil
}

// outcome says in what a test fails, "" where it does not.
func (b *book) outcome(p *policy, t test) string {
	object := render.Object{Key: keyOf(t.tree), Tree: t.tree}
	c := b.newCase(&object, validate.Blanks{}, "")
	var found []validate.Finding
	var unchecked []validate.Unchecked
	hits := map[string]int{}
	if p.about.may(c.tree) {
		found, unchecked = c.hold(p, hits)
	}
	switch {
	case len(unchecked) > 0:
		return "it is not decided: " + unchecked[0].Why
	case t.ok && len(found) > 0:
		return "want no finding, got " + found[0].Message
	case !t.ok && hits[p.name] == 0:
		return "want a finding, got none: the policy is not about the object"
	case !t.ok && len(found) == 0:
		return "want a finding, got none"
	}
	return ""
}

// keyOf gives the identity of an object, as far as it is written.
func keyOf(tree map[string]any) render.Key {
	word := func(path ...any) string {
		v, _ := render.Path(path).In(tree)
		text, _ := v.(string)
		return text
	}
	key := render.Key{Kind: word("kind"), Name: word("metadata", "name"), Namespace: word("metadata", "namespace")}
	if group, _, ok := strings.Cut(word("apiVersion"), "/"); ok {
		key.Group = group
	}
	return key
}
