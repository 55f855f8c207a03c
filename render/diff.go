package render

import (
	"cmp"
	"reflect"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
)

// The kinds of change and of edit.
const (
	added    = "added"    // only on the right
	removed  = "removed"  // only on the left
	modified = "modified" // on both sides, with different content
)

// Change is what happens to one object between two sets.
type Change struct {
	Key         Key
	Left, Right *Object // nil on the side that lacks the object
	Edits       []Edit  // where both sides have it, in the order of their fields
}

// Kind is "added", "removed" or "modified".
func (c Change) Kind() string {
	switch {
	case c.Left == nil:
		return added
	case c.Right == nil:
		return removed
	default:
		return modified
	}
}

// Edit is one field that differs. Values may be secret: whoever prints them must mask those of a Secret.
type Edit struct {
	Kind        string // "added", "removed" or "modified"
	Field       Path
	Left, Right any // nil on the side that lacks the field
}

// Diff compares two sets: identities first, then the fields of objects that both have. The result is ordered by key.
// The order of objects, of mapping keys, comments and quoting never count. Objects that share one key (duplicates,
// generateName) are compared in the order in which they occur, so none is left out.
func Diff(left, right Set) []Change {
	rest := make(map[Key][]*Object, len(right.Objects))
	for i := range right.Objects {
		o := &right.Objects[i]
		rest[o.Key] = append(rest[o.Key], o)
	}
	var changes []Change
	for i := range left.Objects {
		l := &left.Objects[i]
		same := rest[l.Key]
		if len(same) == 0 {
			changes = append(changes, Change{Key: l.Key, Left: l})
			continue
		}
		// Objects of one key pair off in order. Pairing by likeness was refused: it makes one small change look like
		// another.
		r := same[0]
		rest[l.Key] = same[1:]
		if edits := editsOf(l.Tree, r.Tree); len(edits) > 0 {
			changes = append(changes, Change{Key: l.Key, Left: l, Right: r, Edits: edits})
		}
	}
	for _, same := range rest {
		for _, r := range same {
			changes = append(changes, Change{Key: r.Key, Right: r})
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		// The sort is stable and the map of the rest is ordered by it, so duplicates stay in their order.
		return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Kind(), b.Kind()))
	})
	return changes
}

// editsOf lists the fields that differ between two trees. Trees that are equal never reach go-cmp, which is slow.
func editsOf(left, right map[string]any) []Edit {
	if reflect.DeepEqual(left, right) {
		return nil
	}
	var r editReporter
	gocmp.Equal(left, right, gocmp.Reporter(&r))
	return r.edits
}

// editReporter collects the leaves at which go-cmp finds two trees different.
type editReporter struct {
	path  gocmp.Path
	edits []Edit
}

func (r *editReporter) PushStep(step gocmp.PathStep) { r.path = append(r.path, step) }

func (r *editReporter) PopStep() { r.path = r.path[:len(r.path)-1] }

func (r *editReporter) Report(result gocmp.Result) {
	if result.Equal() {
		return
	}
	left, right := r.path.Last().Values()
	edit := Edit{Kind: modified, Field: fieldPath(r.path)}
	switch {
	// go-cmp gives an invalid value for an entry that one side lacks; a stated null is valid and differs from it.
	case !left.IsValid():
		edit.Kind, edit.Right = added, plainValue(right)
	case !right.IsValid():
		edit.Kind, edit.Left = removed, plainValue(left)
	default:
		edit.Left, edit.Right = plainValue(left), plainValue(right)
	}
	r.edits = append(r.edits, edit)
}

// plainValue takes a value out of reflection; null has no value to take.
func plainValue(v reflect.Value) any {
	if !v.IsValid() || v.Kind() == reflect.Interface && v.IsNil() {
		return nil
	}
	return v.Interface()
}

// fieldPath translates the steps of go-cmp. An index that only one side has is -1 on the other.
func fieldPath(steps gocmp.Path) Path {
	var path Path
	for _, step := range steps {
		switch step := step.(type) {
		case gocmp.MapIndex:
			path = append(path, step.Key().String())
		case gocmp.SliceIndex:
			i, j := step.SplitKeys()
			path = append(path, max(i, j))
		}
	}
	return path
}
