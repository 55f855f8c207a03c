package validate

import (
	"slices"

	"sluice/render"
)

// Compare fills in Raw and Effective from the two results. clusterScoped says of a kind that its objects have no
// namespace. A side without the app has the destination of the other, so that nothing seems to move; one with objects and no
// destination has none, as in a tree that does not say it.
func (c *Comparison) Compare(clusterScoped func(render.Key) bool) {
	left, right := c.Left.App.Namespace, c.Right.App.Namespace
	if left == "" && len(c.Left.Set.Objects) == 0 {
		left = right
	}
	if right == "" && len(c.Right.Set.Objects) == 0 {
		right = left
	}
	c.Raw = render.Diff(c.Left.Set, c.Right.Set)
	c.Effective = render.Diff(c.Left.Set.Effective(left, clusterScoped), c.Right.Set.Effective(right, clusterScoped))
}

// Failed says that a side could not be rendered or read, so nothing was compared.
func (c Comparison) Failed() bool { return c.Left.Err != nil || c.Right.Err != nil }

// Settle takes out the edits of fields that differ between two renders of either side alone, such as passwords that a
// chart makes up, and counts them. It is for two sides that were both rendered now: to a hydrated tree such an edit is a
// change like any other, as it would be applied.
func (c *Comparison) Settle() {
	unsteady := map[string]bool{}
	for _, field := range append(slices.Clone(c.Left.Random), c.Right.Random...) {
		unsteady[field] = true
	}
	c.Raw, _ = settled(c.Raw, unsteady)
	c.Effective, c.Unsteady = settled(c.Effective, unsteady)
}

// settled gives the changes without the edits of unsteady fields, as [render.Result.Random] names them, and their number.
// The names are those of the render, where an object may still be without its destination's namespace.
func settled(changes []render.Change, unsteady map[string]bool) (rest []render.Change, n int) {
	for _, change := range changes {
		if change.Kind() != "modified" {
			rest = append(rest, change)
			continue
		}
		bare := change.Key
		bare.Namespace = ""
		edits := slices.DeleteFunc(slices.Clone(change.Edits), func(e render.Edit) bool {
			field := ": " + e.Field.String()
			return unsteady[change.Key.String()+field] || unsteady[bare.String()+field]
		})
		n += len(change.Edits) - len(edits)
		if change.Edits = edits; len(edits) > 0 {
			rest = append(rest, change)
		}
	}
	return rest, n
}
