package helm

import (
	"cmp"
	"maps"
	"slices"
	"sort"
)

// family is a chart type of either major, with its subcharts.
type family[C any] interface {
	Name() string
	Dependencies() []C
	SetDependencies(...C)
}

// orderParts puts subcharts in a fixed order, by name and version, on every level. The loaders of both majors range
// over a map, which shows in the order of crds/ and in which of two archives of one subchart is taken.
func orderParts[C family[C]](c C, version func(C) string) {
	parts := slices.Clone(c.Dependencies())
	slices.SortStableFunc(parts, func(a, b C) int {
		return cmp.Or(cmp.Compare(a.Name(), b.Name()), cmp.Compare(version(a), version(b)))
	})
	c.SetDependencies(parts...)
	// Subcharts of subcharts come from a map as well.
	for _, p := range parts {
		orderParts(p, version)
	}
}

// inOrder gives the documents of SplitManifests in the order that they stand in the file.
func inOrder(byKey map[string]string, order func([]string) sort.Interface) []string {
	keys := slices.Collect(maps.Keys(byKey))
	sort.Sort(order(keys))
	docs := make([]string, len(keys))
	for i, k := range keys {
		docs[i] = byKey[k]
	}
	return docs
}
