package stack

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"sluice/render"
)

// reader walks a stack against the definition and keeps what is right, so that one fault does not hide the next.
//
// CUE itself reports in waves: while two values contradict each other somewhere, it is silent about missing fields and
// about some that are not allowed. Unifying app by app makes the waves smaller, and costs an evaluation per app; the
// walk looks at each field once, and only scalars with a pattern are unified at all.
type reader struct {
	index *index
	found *problems
}

// read gives the node of v; at is the place of the enclosing struct with the path of v itself. It gives nil for what is
// absent without a default, and for what is wrong, which is reported. The value need not exist.
func (r *reader) read(v cue.Value, s *shape, at place) *node {
	at = r.place(v, at)
	if !v.Exists() {
		return r.absent(s, at)
	}
	if s.kind == cue.StructKind && !s.open {
		return r.structure(v, s, at)
	}
	if err := v.Err(); err != nil {
		if s.unsaid {
			r.found.add(at, s.hint, "its value is wrong, and not shown: it may be a secret; want %s", s.want)
		} else {
			r.found.cue(err)
		}
		return nil
	}
	if v.IncompleteKind() == cue.BottomKind { // the error of a value elsewhere that this one refers to
		cause := "it has no value"
		if err := v.Validate(); err != nil {
			cause = message(err)
		}
		r.found.add(at, "", "refers to a value that is wrong: %s", cause)
		return nil
	}
	if s.kind == cue.ListKind && v.IncompleteKind() == cue.ListKind {
		return r.list(v, s, at)
	}
	if s.open && v.IncompleteKind() == cue.StructKind {
		return r.values(v, at)
	}
	return r.scalar(v, s, at)
}

// place gives where v is written; the place of the struct around it where nothing better is known.
func (r *reader) place(v cue.Value, at place) place {
	if pos, ok := r.index.labels[at.path]; ok {
		at.pos = pos
	} else if pos := v.Pos(); v.Exists() && pos.IsValid() && pos.Filename() != "" && pos.Filename() != schemaFile {
		at.pos = position(pos, r.found.files)
	}
	return at
}

// absent fills in a default, or says what is missing.
func (r *reader) absent(s *shape, at place) *node {
	switch {
	case s.required:
		hint := ""
		if s.hint != "" {
			hint = "give " + s.want + "; " + s.hint
		}
		r.found.add(at, hint, "missing%s", meaning(s))
		return nil
	case s.optional:
		return nil
	case s.preset != nil:
		return &node{place: at, value: s.preset}
	case s.fields != nil:
		n := &node{place: at, fields: map[string]*node{}}
		for _, name := range s.names {
			n.set(name, r.absent(s.fields[name], place{join(at.path, name), at.pos}))
		}
		return n
	}
	return nil
}

// meaning gives the first sentence of a field's documentation, in parentheses.
func meaning(s *shape) string {
	for _, group := range s.value.Doc() {
		text := strings.Join(strings.Fields(group.Text()), " ")
		first, _, _ := strings.Cut(strings.TrimSuffix(text, "."), ". ")
		return " (" + first + ")"
	}
	return ""
}

// structure reads a struct with known fields, or with free names. Fields that are wrong, unknown or badly named are
// reported and left out, and the node is marked as incomplete: rules about what is absent do not apply to it.
//
// A struct with an error in a field counts as an error as a whole; its fields are walked all the same, unless the error
// is its own.
func (r *reader) structure(v cue.Value, s *shape, at place) *node {
	if kind := v.IncompleteKind(); kind != cue.StructKind && kind != cue.BottomKind {
		r.found.add(at, "", "want a struct, got %s", describe(v))
		return nil
	}
	n := &node{place: at, given: true, fields: map[string]*node{}}
	it, err := v.Fields(cue.ErrorsAsValues(true))
	if err != nil {
		r.found.cue(v.Err())
		return nil
	}
	seen := 0
	for it.Next() {
		seen++
		name := it.Selector().Unquoted()
		here := place{join(at.path, name), at.pos}
		field := s.elem
		if s.fields != nil {
			field = s.fields[name]
		}
		switch {
		case here.path == policies:
		case field == nil:
			n.lost = true
			r.unknown(r.place(it.Value(), here), name, s)
		case s.elem != nil && !s.value.Allows(cue.Str(name)):
			n.lost, n.gone = true, append(n.gone, name)
			r.found.add(r.place(it.Value(), here), "", "%q is not %s", veil(name), s.nameWant)
		default:
			child := r.read(it.Value(), field, here)
			n.set(name, child)
			n.lost = n.lost || child == nil || (child.list == nil && child.lost)
			if child == nil {
				n.gone = append(n.gone, name)
			}
		}
	}
	if seen == 0 && v.Err() != nil {
		r.found.cue(v.Err())
		return nil
	}
	for _, name := range s.names {
		if !v.LookupPath(cue.MakePath(cue.Str(name))).Exists() {
			n.set(name, r.absent(s.fields[name], place{join(at.path, name), at.pos}))
		}
	}
	return n
}

// unknown reports a field that the definition does not have.
func (r *reader) unknown(at place, name string, s *shape) {
	hint := suggest(name, s.names, "fields here")
	if !strings.HasPrefix(hint, "did you mean") {
		hint += `; a field for your own use starts with "_"`
	}
	r.found.add(at, hint, "unknown field")
}

// list reads each element.
func (r *reader) list(v cue.Value, s *shape, at place) *node {
	n := &node{place: at, given: true}
	it, err := v.List()
	if err != nil {
		r.found.cue(err)
		return nil
	}
	for i := 0; it.Next(); i++ {
		elem := r.read(it.Value(), s.elem, place{fmt.Sprintf("%s[%d]", at.path, i), at.pos})
		if elem == nil {
			n.lost = true
			continue
		}
		n.list = append(n.list, elem)
	}
	return n
}

// values reads a struct that takes anything, in the types of an object's tree: whole numbers are int64, or uint64 where
// they need the room, and all others are float64.
func (r *reader) values(v cue.Value, at place) *node {
	if err := v.Validate(cue.Concrete(true)); err != nil {
		r.found.cue(err)
		return nil
	}
	var tree map[string]any
	if err := v.Decode(&tree); err != nil {
		r.found.add(at, "", "decoding the values: %w", err)
		return nil
	}
	if _, err := portable(tree); err != nil {
		r.found.add(at, "write it as a string", "%w", err)
		return nil
	}
	spots := map[string]render.Position{}
	r.spots(v, at, render.Path{"values"}, spots)
	return &node{place: at, given: true, open: tree, spots: spots}
}

// portable brings a tree, in place, to the types of an object's tree, or says which value JSON cannot carry unchanged:
// bytes, and whole numbers beyond 64 bits. Charts read their values as JSON; rounding on the way would be silent.
func portable(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if v[key], err = portable(v[key]); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
	case []any:
		for i := range v {
			if v[i], err = portable(v[i]); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
	case int:
		return int64(v), nil
	case *big.Int: // also for the smallest int64
		switch {
		case v.IsInt64():
			return v.Int64(), nil
		case v.IsUint64():
			return v.Uint64(), nil
		}
		return nil, fmt.Errorf("%v is beyond 64 bits", v)
	case nil, string, bool, int64, uint64, float64:
	case []byte:
		return nil, errors.New("bytes are nothing that charts can be given")
	default:
		return nil, fmt.Errorf("a value of type %T is nothing that charts can be given", v)
	}
	return v, nil
}

// scalar reads a string, a bool or a whole number. A default of the author's own counts as the value. The kind is
// compared first: "want string, got the float 1.33" is clearer than a pattern that does not match.
func (r *reader) scalar(v cue.Value, s *shape, at place) *node {
	if def, ok := v.Default(); ok {
		v = def
	}
	kind := v.IncompleteKind()
	switch {
	case kind&s.kind == 0:
		r.found.add(at, "", "want %s, got %s", kindName(s.kind), s.describe(v))
		return nil
	case !v.IsConcrete():
		r.found.add(at, "give it a value here, or with --tag where the field has a @tag attribute",
			"no concrete value (%s)", s.expression(v))
		return nil
	case kind != s.kind:
		r.found.add(at, "", "want %s, got %s", kindName(s.kind), s.describe(v))
		return nil
	}
	value := plain(v)
	if value == nil {
		r.found.add(at, "", "%v is out of range", v)
		return nil
	}
	text, _ := value.(string)
	switch {
	case s.enum != nil && !slices.Contains(s.enum, text):
		hint := ""
		if near := render.Nearest(text, s.enum); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		r.found.add(at, hint, "got %q, want %s", text, oneOf(s.enum))
		return nil
	case s.want != "" && s.rule.Unify(v).Err() != nil:
		got := fmt.Sprintf("got %q, ", text)
		if s.kind != cue.StringKind {
			got = fmt.Sprintf("got %v, ", value)
		}
		if s.unsaid {
			got = ""
		}
		r.found.add(at, s.hint, "%swant %s", got, s.want)
		return nil
	}
	return &node{place: at, given: true, value: value}
}

// oneOf lists quoted words.
func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "one of " + strings.Join(quoted, ", ")
}

// describe names a value of the wrong kind.
func describe(v cue.Value) string {
	switch kind := v.IncompleteKind(); {
	case kind == cue.NullKind:
		return "null"
	case kind == cue.StructKind, kind == cue.ListKind, !v.IsConcrete():
		return "a " + kindName(kind)
	default:
		return fmt.Sprintf("the %s %v", kindName(kind), v)
	}
}

// describe names a value of the wrong kind for the field.
func (s *shape) describe(v cue.Value) string {
	if s.unsaid {
		return "a " + kindName(v.IncompleteKind())
	}
	return describe(v)
}

// expression gives what a field has in place of a value.
func (s *shape) expression(v cue.Value) string {
	if s.unsaid {
		return kindName(v.IncompleteKind())
	}
	return fmt.Sprint(v)
}

// kindName says a kind in the words of CUE's own types.
func kindName(k cue.Kind) string {
	if k == cue.IntKind {
		return "whole number"
	}
	return k.String()
}
