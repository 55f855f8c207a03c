package render

import (
	"cmp"
	"maps"
	"slices"
)

// The kinds of change and of edit.
const (
	added    = "added"    // only on the right
	removed  = "removed"  // only on the left
	modified = "modified" // on both sides, with different content
)

// The turns of a change.
const (
	moved     = "moved"
	hooked    = "hooked"
	collapsed = "collapsed"
)

// Change is what happens to one object between two sets.
type Change struct {
	Key         Key
	Left, Right *Object // nil on the side that lacks the object
	Edits       []Edit  // where both sides have it, in the order of their fields
	// Turn is what becomes of an object beyond its fields; empty for nothing.
	//
	// "moved": to another namespace. It is deleted here and created there; Key is the old one, Right has the new one. Where
	// there are several that it may have become, nothing is guessed: all of them are removed and added.
	//
	// "hooked": Right is a hook and Left was none, so Argo CD prunes what is there.
	//
	// "collapsed": Right stands in the place of several objects, all of which have its key after destination and scope.
	// Left is the one that is gone, or nil where the others were not there before.
	Turn string
}

// Kind is "added", "removed" or "modified", or the Turn.
func (c Change) Kind() string {
	switch {
	case c.Turn != "":
		return c.Turn
	case c.Left == nil:
		return added
	case c.Right == nil:
		return removed
	default:
		return modified
	}
}

// Diff compares two sets: identities first, then the fields of objects that both have. The result is ordered by key.
// The order of objects, of mapping keys, comments and quoting never count. Objects that share one key (duplicates,
// generateName) are compared in the order in which they occur, so none is left out.
func Diff(left, right Set) []Change {
	c := comparison{lost: map[Key][]*Object{}}
	c.pairOff(left, right)
	for i := range right.Lost {
		o := &right.Lost[i]
		c.lost[o.Key] = append(c.lost[o.Key], o)
	}
	c.hooks()
	c.duplicates(left)
	c.moves()
	for _, l := range c.removed {
		c.add(Change{Key: l.Key, Left: l})
	}
	for _, r := range c.added {
		c.add(Change{Key: r.Key, Right: r})
	}
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Kind(), b.Kind()))
	})
	return c.changes
}

// comparison is the work of Diff: what is still unexplained, in the order of the sets.
type comparison struct {
	changes        []Change
	removed, added []*Object
	here           map[Key]*Object   // of the right set, by key, the last
	lost           map[Key][]*Object // what is not applied of the right set
}

func (c *comparison) add(change Change) {
	if change.Left != nil && change.Right != nil {
		change.Edits = editsOf(change.Left.Tree, change.Right.Tree)
	}
	c.changes = append(c.changes, change)
}

// pairOff compares the objects of equal keys, those of one key in their order. Pairing by likeness was refused: it makes
// one small change look like another.
func (c *comparison) pairOff(left, right Set) {
	rest := make(map[Key][]*Object, len(right.Objects))
	c.here = make(map[Key]*Object, len(right.Objects))
	for i := range right.Objects {
		o := &right.Objects[i]
		rest[o.Key] = append(rest[o.Key], o)
		c.here[o.Key] = o
	}
	paired := make(map[*Object]bool, len(right.Objects))
	for i := range left.Objects {
		l := &left.Objects[i]
		alike := rest[l.Key]
		if len(alike) == 0 {
			c.removed = append(c.removed, l)
			continue
		}
		r := alike[0]
		rest[l.Key], paired[r] = alike[1:], true
		if edits := editsOf(l.Tree, r.Tree); len(edits) > 0 {
			change := Change{Key: l.Key, Left: l, Right: r, Edits: edits}
			if l.Target() && !r.Target() {
				change.Turn = hooked
			}
			c.changes = append(c.changes, change)
		}
	}
	for i := range right.Objects {
		if r := &right.Objects[i]; !paired[r] {
			c.added = append(c.added, r)
		}
	}
}

// hooks finds objects that became hooks which Argo CD drops: the effective set has them among the lost.
func (c *comparison) hooks() {
	c.removed = slices.DeleteFunc(c.removed, func(l *Object) bool {
		for _, o := range c.lost[l.Key] {
			if c.here[l.Key] == nil && l.Target() && o.Hook() == hookDropped {
				c.add(Change{Key: l.Key, Left: l, Right: o, Turn: hooked})
				return true
			}
		}
		return false
	})
}

// duplicates finds keys for which the right set has more objects than the left, of which only the last is applied, and
// the objects of the left that are gone because of that.
func (c *comparison) duplicates(left Set) {
	before := map[Key]int{}
	for _, o := range left.Lost {
		before[o.Key]++
	}
	away := byName(c.removed)
	for _, key := range slices.SortedFunc(maps.Keys(c.lost), Key.Compare) {
		last := c.here[key]
		more := len(c.lost[key]) - before[key]
		if last == nil || more <= 0 {
			continue
		}
		swallowed := away[key.elsewhere()]
		isNew := slices.Contains(c.added, last)
		switch n := len(swallowed); {
		case !isNew && 0 < n && n <= more, isNew && 1 < n && n <= more+1:
			for _, l := range swallowed {
				c.add(Change{Key: l.Key, Left: l, Right: last, Turn: collapsed})
			}
			c.removed = without(c.removed, swallowed)
			c.added = without(c.added, []*Object{last})
			delete(away, key.elsewhere())
		default:
			c.add(Change{Key: key, Right: last, Turn: collapsed})
		}
	}
}

// moves finds objects that are in another namespace on the right.
func (c *comparison) moves() {
	gone, come := byName(c.removed), byName(c.added)
	var from, to []*Object
	for _, l := range c.removed {
		name := l.Key.elsewhere()
		if len(gone[name]) == 1 && len(come[name]) == 1 && come[name][0].Key != l.Key {
			c.add(Change{Key: l.Key, Left: l, Right: come[name][0], Turn: moved})
			from, to = append(from, l), append(to, come[name][0])
		}
	}
	c.removed, c.added = without(c.removed, from), without(c.added, to)
}

// elsewhere is the key without its namespace.
func (k Key) elsewhere() Key {
	k.Namespace = ""
	return k
}

// byName groups objects by their keys without namespace.
func byName(objects []*Object) map[Key][]*Object {
	groups := make(map[Key][]*Object, len(objects))
	for _, o := range objects {
		groups[o.Key.elsewhere()] = append(groups[o.Key.elsewhere()], o)
	}
	return groups
}

func without(objects, those []*Object) []*Object {
	drop := make(map[*Object]bool, len(those))
	for _, o := range those {
		drop[o] = true
	}
	return slices.DeleteFunc(objects, func(o *Object) bool { return drop[o] })
}
