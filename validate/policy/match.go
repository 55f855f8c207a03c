package policy

import (
	"slices"

	"cuelang.org/go/cue"

	"sluice/render"
)

// match says which objects a policy is about.
type match struct {
	value cue.Value // what an object is unified with; does not exist where every object will do
	// fields must be there. Where their values are known words, they are compared before any CUE is.
	fields []field
	plain  bool // comparing the fields is all there is to it
}

// field is a field that an object must have.
type field struct {
	path  render.Path
	words []any // strings or bools, one of which it is; nil where CUE has to tell
	inner bool  // its value is only what the fields below it say
	sel   cue.Path
}

// newMatch reads the match of a policy.
func newMatch(v cue.Value) match {
	if !v.Exists() {
		return match{plain: true}
	}
	// A comprehension that waits for the object, or a closed struct, says more than its fields.
	m := match{value: v, plain: len(newVerdict(v).waiting) == 0}
	m.read(v, nil)
	return m
}

// read notes the fields of a struct of the match.
func (m *match) read(v cue.Value, at render.Path) {
	it, err := v.Fields(cue.Optional(true), cue.Patterns(true))
	if err != nil {
		m.plain = false
		return
	}
	for it.Next() {
		sel := it.Selector()
		if c := sel.ConstraintType(); sel.LabelType() != cue.StringLabel || c == cue.OptionalConstraint || c == cue.PatternConstraint {
			m.plain = false
			continue
		}
		path := append(slices.Clip(at), sel.Unquoted())
		value := it.Value()
		if value.IncompleteKind() == cue.StructKind {
			m.fields = append(m.fields, field{path: path, inner: true})
			m.read(value, path)
			continue
		}
		words := wordsOf(value)
		m.plain = m.plain && words != nil
		m.fields = append(m.fields, field{path: path, words: words, sel: selectors(path)})
	}
	m.plain = m.plain && v.Allows(cue.AnyString)
}

// selectors gives a path of mapping keys as CUE has it.
func selectors(path render.Path) cue.Path {
	sels := make([]cue.Selector, len(path))
	for i, step := range path {
		key, _ := step.(string)
		sels[i] = cue.Str(key)
	}
	return cue.MakePath(sels...)
}

// wordsOf lists the values of a scalar that is one of a few strings and bools; nil for any other.
func wordsOf(v cue.Value) []any {
	op, args := v.Expr()
	if op != cue.OrOp {
		args = []cue.Value{v}
	}
	var words []any
	for _, a := range args {
		op, _ := a.Expr()
		switch {
		case op == cue.NoOp && a.Kind() == cue.StringKind:
			word, _ := a.String()
			words = append(words, word)
		case op == cue.NoOp && a.Kind() == cue.BoolKind:
			word, _ := a.Bool()
			words = append(words, word)
		default:
			return nil
		}
	}
	return words
}

// may says whether the fields of an object are as they must be, as far as that is known without CUE.
func (m match) may(tree map[string]any) bool {
	for _, f := range m.fields {
		value, ok := f.path.In(tree)
		if !ok || value == nil || f.words != nil && !slices.Contains(f.words, value) {
			return false
		}
	}
	return true
}

// takes says whether an object, of which may is true, is one that the policy is about. Of what is not known, because a
// placeholder stands for it, it is not.
func (m match) takes(object func() cue.Value) bool {
	if m.plain {
		return true
	}
	whole := object().Unify(m.value)
	if v := newVerdict(whole); v.lacking || len(v.wrong)+len(v.few)+len(v.waiting) > 0 {
		return false
	}
	for _, f := range m.fields {
		if f.words == nil && !f.inner && whole.LookupPath(f.sel).Validate(cue.Concrete(true), cue.Final()) != nil {
			return false
		}
	}
	return true
}
