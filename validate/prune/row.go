package prune

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// row is what the deletion of an object of some kinds destroys.
type row struct {
	group    string            // API group; "*.example.com" for every group that ends so
	kinds    string            // separated by spaces; "*" for every other kind of the group
	severity validate.Severity // of a deletion that no field holds off
	destroys string            // a clause: "the operator drops the database"
	// only is a field without which the row is not about the object, e.g. the volume claims of a StatefulSet.
	only string
	// keeps are the fields that decide; where all of them keep (or one, with either), the deletion is of severity kept.
	keeps  []field
	either bool
	kept   validate.Severity
	// unknown is what the sources that were read do not say; it makes an unchecked beside the finding.
	unknown string
	fix     string // what to do instead of the fields, or where there is none
	source  string
}

// field is a field of an object that decides whether its deletion destroys.
type field struct {
	path   string   // keys from the top, separated by spaces; "[]" stands for every element of a list, "[0]" for the first
	safe   []string // values that keep; empty where everything but unsafe does
	unsafe []string // values that destroy, also as elements of a list
	absent bool     // whether it keeps where it is not stated
}

// about says whether a row is about an object.
func (r row) about(o *render.Object) bool {
	if suffix, wild := strings.CutPrefix(r.group, "*"); wild {
		if !strings.HasSuffix(o.Key.Group, suffix) {
			return false
		}
	} else if r.group != o.Key.Group {
		return false
	}
	if r.kinds != "*" && !slices.Contains(strings.Fields(r.kinds), o.Key.Kind) {
		return false
	}
	return r.only == "" || stated(o.Tree, r.only)
}

// find gives the row about an object: the first one of the catalogue. A row for all kinds of a group stands below
// those for one.
func find(o *render.Object) (row, bool) {
	for _, table := range [][]row{databases, queues, storage, secrets, platform, plain} {
		for _, r := range table {
			if r.about(o) {
				return r, true
			}
		}
	}
	return row{}, false
}

// stateful says whether a deletion that nothing holds off destroys what no hydrate brings back.
func (r row) stateful() bool { return r.severity >= validate.SecretLoss }

// held says whether the fields of an object keep what its deletion would destroy, and which field says so or does not.
func (r row) held(o *render.Object) (bool, field) {
	if len(r.keeps) == 0 {
		return false, field{}
	}
	for _, f := range r.keeps {
		switch keeps := f.keeps(o.Tree); {
		case keeps && r.either, !keeps && !r.either:
			return keeps, f
		}
	}
	return !r.either, r.keeps[0]
}

// keeps judges the field in a tree. Every element that a path leads to has to keep.
func (f field) keeps(tree map[string]any) bool {
	for _, v := range lookup(tree, f.path) {
		if list, ok := v.([]any); ok {
			for _, e := range list {
				if !f.value(e) {
					return false
				}
			}
			continue
		}
		if v == nil && !f.absent || v != nil && !f.value(v) {
			return false
		}
	}
	return true
}

func (f field) value(v any) bool {
	word := fmt.Sprint(v)
	if slices.Contains(f.unsafe, word) {
		return false
	}
	return len(f.safe) == 0 || slices.Contains(f.safe, word)
}

// name writes the field as people know it.
func (f field) name() string { return pathOf(f.path).String() }

// advice says how to make the field keep: "spec.cleanupPolicy: Skip".
func (f field) advice() string {
	switch {
	case len(f.safe) > 0:
		return f.name() + ": " + f.safe[0]
	case len(f.unsafe) > 0:
		return f.name() + " without " + strings.Join(f.unsafe, ", ")
	default:
		return f.name()
	}
}

// pathOf gives a path without its wildcards, for messages and positions.
func pathOf(path string) render.Path {
	var p render.Path
	for step := range strings.FieldsSeq(path) {
		switch step {
		case "[]":
		case "[0]":
			p = append(p, 0)
		default:
			p = append(p, step)
		}
	}
	return p
}

// lookup gives the values that a path leads to: one, nil where there is none, and with "[]" one for every element.
func lookup(tree any, path string) []any {
	values := []any{tree}
	for step := range strings.FieldsSeq(path) {
		var next []any
		for _, v := range values {
			switch v := v.(type) {
			case map[string]any:
				next = append(next, v[step])
			case []any:
				switch {
				case step == "[]":
					next = append(next, v...)
				case step == "[0]" && len(v) > 0:
					next = append(next, v[0])
				default:
					next = append(next, nil)
				}
			default:
				next = append(next, nil)
			}
		}
		values = next
	}
	return values
}

// at gives the one value of a path, or nil.
func at(tree any, path string) any {
	if v := lookup(tree, path); len(v) > 0 {
		return v[0]
	}
	return nil
}

// stated says whether a path leads to anything.
func stated(tree any, path string) bool {
	return slices.ContainsFunc(lookup(tree, path), func(v any) bool {
		list, ok := v.([]any)
		return v != nil && (!ok || len(list) > 0)
	})
}
