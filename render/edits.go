package render

import (
	"reflect"
	"slices"
	"strings"
)

// reordered is the edit of a list whose elements stand in another order.
const reordered = "reordered"

// Edit is one field that differs. Values may be secret: whoever prints them must mask those of a Secret.
type Edit struct {
	// Kind is "added", "removed", "modified", or "reordered" for a list whose elements are known by fields of theirs and
	// stand in another order, which counts for init containers and variables.
	Kind  string
	Field Path
	// Left and Right are the values, nil on the side that lacks the field. Of a reordered list they are the texts that
	// name the elements ("name=web"), those of both sides, in the order of each.
	Left, Right any
}

// editsOf lists the fields that differ between two trees, in the order of mapping keys and of lists.
//
// Comparing through go-cmp was refused: it cannot pair list elements by their keys, takes quadratic time for lists
// that differ, and panics where it does not know what to do.
func editsOf(left, right map[string]any) []Edit {
	if same(left, right) {
		return nil
	}
	var w walk
	w.mappings(left, right)
	return w.edits
}

// same says whether two values are equal. Unlike reflect.DeepEqual it costs little for decoded trees, which makes up
// most of the time of comparing large sets.
func same(left, right any) bool {
	switch l := left.(type) {
	case map[string]any:
		r, ok := right.(map[string]any)
		if !ok || len(l) != len(r) {
			return false
		}
		for k, v := range l {
			if other, ok := r[k]; !ok || !same(v, other) {
				return false
			}
		}
		return true
	case []any:
		r, ok := right.([]any)
		return ok && slices.EqualFunc(l, r, same)
	case string:
		r, ok := right.(string)
		return ok && l == r
	case int64:
		r, ok := right.(int64)
		return ok && l == r
	case bool:
		r, ok := right.(bool)
		return ok && l == r
	case nil:
		return right == nil
	default:
		return reflect.DeepEqual(left, right)
	}
}

// walk collects the edits of one object.
type walk struct {
	path  Path
	edits []Edit
}

func (w *walk) add(kind string, left, right any) {
	w.edits = append(w.edits, Edit{Kind: kind, Field: slices.Clone(w.path), Left: left, Right: right})
}

// at does something one step further down.
func (w *walk) at(step any, do func()) {
	w.path = append(w.path, step)
	do()
	w.path = w.path[:len(w.path)-1]
}

// values compares two values of one field that are known to differ.
func (w *walk) values(left, right any) {
	switch l := left.(type) {
	case map[string]any:
		if r, ok := right.(map[string]any); ok {
			w.mappings(l, r)
			return
		}
	case []any:
		if r, ok := right.([]any); ok {
			w.lists(l, r)
			return
		}
	}
	w.add(modified, left, right)
}

func (w *walk) mappings(left, right map[string]any) {
	var differ []string
	for k, l := range left {
		if r, ok := right[k]; !ok || !same(l, r) {
			differ = append(differ, k)
		}
	}
	for k := range right {
		if _, ok := left[k]; !ok {
			differ = append(differ, k)
		}
	}
	slices.Sort(differ)
	for _, k := range differ {
		l, inLeft := left[k]
		r, inRight := right[k]
		w.at(k, func() { w.either(inLeft, inRight, l, r) })
	}
}

// either records what differs in a field that at least one side has.
func (w *walk) either(inLeft, inRight bool, left, right any) {
	switch {
	case !inLeft:
		w.add(added, nil, right)
	case !inRight:
		w.add(removed, left, nil)
	default:
		w.values(left, right)
	}
}

// lists compares two lists: by the fields that name their elements, else by their order.
func (w *walk) lists(left, right []any) {
	name := ""
	if len(w.path) > 0 {
		name, _ = w.path[len(w.path)-1].(string)
	}
	if k := keyedBy(name, left, right); k != nil {
		w.keyed(k, left, right)
		return
	}
	for _, p := range align(left, right) {
		switch {
		case p.left < 0:
			w.at(p.right, func() { w.add(added, nil, right[p.right]) })
		case p.right < 0:
			w.at(p.left, func() { w.add(removed, left[p.left], nil) })
		case !same(left[p.left], right[p.right]):
			w.at(p.right, func() { w.values(left[p.left], right[p.right]) })
		}
	}
}

// keyed compares lists whose elements have names: what both have in the order of the left, then what is new.
func (w *walk) keyed(k *keyed, left, right []any) {
	if l, r := k.order(0), k.order(1); !same(l, r) {
		w.add(reordered, l, r)
	}
	for i, text := range k.texts[0] {
		j, both := k.at[1][text]
		if both && same(left[i], right[j]) {
			continue
		}
		w.at(element{k.by, text}, func() {
			if !both {
				w.add(removed, left[i], nil)
				return
			}
			w.values(left[i], right[j])
		})
	}
	for j, text := range k.texts[1] {
		if _, both := k.at[0][text]; !both {
			w.at(element{k.by, text}, func() { w.add(added, nil, right[j]) })
		}
	}
}

// likeness says how much two values that differ have in common, from 0 to 1.
func likeness(left, right any) float64 {
	switch l := left.(type) {
	case map[string]any:
		r, ok := right.(map[string]any)
		if !ok {
			return 0
		}
		common := 0
		for k, v := range l {
			if other, ok := r[k]; ok && same(v, other) {
				common++
			}
		}
		all := len(l) + len(r) - common
		return float64(common) / float64(max(all, 1))
	case string:
		r, ok := right.(string)
		if !ok {
			return 0
		}
		// Arguments are known by their flag.
		lFlag, _, lHas := strings.Cut(l, "=")
		rFlag, _, rHas := strings.Cut(r, "=")
		if lHas && rHas && lFlag == rFlag {
			return 0.9
		}
		n := 0
		for n < min(len(l), len(r)) && l[n] == r[n] {
			n++
		}
		return float64(n) / float64(max(len(l), len(r), 1))
	}
	return 0
}
