package stack

import (
	"slices"
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// shape is what the definition says of one value, in the form that the walk needs. It is derived from the CUE text,
// so there is one source for fields, defaults and patterns.
type shape struct {
	value    cue.Value // as the field has it, for its documentation and the names it allows
	rule     cue.Value // the definition that want puts in words
	kind     cue.Kind
	fields   map[string]*shape // of a struct with known fields
	names    []string          // of fields, sorted
	elem     *shape            // of a list, or of a struct with free names
	nameWant string            // what the free names are, in words
	open     bool              // a struct that takes anything
	required bool              // must be given
	optional bool              // absent unless given; otherwise the default stands in
	preset   any               // default, nil without one
	enum     []string          // the values allowed, where they are few
	want     string            // what the pattern asks for, in words; "" where every value of the kind will do
	hint     string
	unsaid   bool // no message may quote the value: by mistake it may be a secret
}

// freeNames are field names of which every pattern on names allows one: what such a pattern asks of its fields cannot be
// looked up, but what it asks of this one can. Beside each is what the pattern asks of names, in words.
var freeNames = []struct{ name, want string }{
	{"a", "a name of lower-case letters, digits and '-', at most 63 long, that starts and ends with a letter or digit"},
	{"A", `a kind as "Kind" or "Kind.group", or "*" for all kinds`},
	{"A a", `an object as "Kind.group namespace/name"`},
}

// newShape reads a definition.
func newShape(v cue.Value) *shape {
	ctx := cuecontext.New(cuecontext.CUE_DEBUG(""))
	free := make([]cue.Value, len(freeNames))
	for i, f := range freeNames {
		free[i] = ctx.CompileString(strconv.Quote(f.name) + ": _")
	}
	return readShape(v, free)
}

// readShape reads a part of a definition; free are structs with a field of freeNames each.
func readShape(v cue.Value, free []cue.Value) *shape {
	s := &shape{value: v, kind: v.IncompleteKind()}
	switch s.kind {
	case cue.StructKind:
		s.structure(v, free)
	case cue.ListKind:
		s.elem = readShape(v.LookupPath(cue.MakePath(cue.AnyIndex)), free)
	default:
		s.scalar(v)
	}
	return s
}

// structure reads the fields of a struct, or the shape of all of them where the names are free.
func (s *shape) structure(v cue.Value, free []cue.Value) {
	if any := v.LookupPath(cue.MakePath(cue.AnyString)); any.Exists() {
		if s.open = any.IncompleteKind() == cue.TopKind; !s.open {
			s.elem = readShape(any, free)
		}
		return
	}
	s.fields = map[string]*shape{}
	it, err := v.Fields(cue.Optional(true))
	for err == nil && it.Next() {
		field := readShape(it.Value(), free)
		sel := it.Selector()
		field.optional = it.IsOptional()
		field.required = sel.ConstraintType() == cue.RequiredConstraint
		s.fields[sel.Unquoted()] = field
		s.names = append(s.names, sel.Unquoted())
	}
	slices.Sort(s.names)
	if len(s.names) > 0 {
		return
	}
	s.fields = nil
	for i, f := range freeNames {
		field := v.Unify(free[i]).LookupPath(cue.MakePath(cue.Str(f.name)))
		if field.Exists() && field.IncompleteKind() != cue.BottomKind {
			s.elem, s.nameWant = readShape(field, free), f.want
			return
		}
	}
}

// scalar reads default, enumeration and pattern.
func (s *shape) scalar(v cue.Value) {
	if def, ok := v.Default(); ok {
		s.preset = plain(def)
	}
	op, args := v.Expr()
	if op != cue.OrOp {
		if text, err := v.String(); err == nil {
			s.enum = []string{text}
			s.preset = nil
		}
		s.pattern(v)
		return
	}
	for _, a := range args {
		if text, err := a.String(); err == nil && a.IsConcrete() {
			s.enum = append(s.enum, text)
			continue
		}
		s.pattern(a)
		s.enum = nil
		return
	}
	slices.Sort(s.enum)
}

// pattern takes the words for a constraint from the attribute of the definition that v refers to.
func (s *shape) pattern(v cue.Value) {
	root, path := v.ReferencePath()
	if !root.Exists() || len(path.Selectors()) == 0 {
		return
	}
	a := root.LookupPath(path).Attribute("want")
	if a.Err() != nil {
		return
	}
	s.rule = v
	s.want, _ = a.String(0)
	s.hint, _, _ = a.Lookup(1, "hint")
	s.unsaid, _ = a.Flag(1, "unsaid")
}

// plain decodes a concrete scalar; nil for anything else.
func plain(v cue.Value) any {
	switch v.Kind() {
	case cue.StringKind:
		text, _ := v.String()
		return text
	case cue.BoolKind:
		yes, _ := v.Bool()
		return yes
	case cue.IntKind:
		n, err := v.Int64()
		if err != nil {
			return nil
		}
		return n
	}
	return nil
}
