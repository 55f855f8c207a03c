package cause

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
)

// shape is what a loss looks like where no render gives it.
type shape struct {
	factor  string
	words   string
	entries []string
	gates   []Gate
}

func (s shape) of(t target) Cause {
	return Cause{
		Text: t.subject() + " because " + s.words, Found: true, Likely: true, Catalogue: slices.Clone(s.entries),
		Factors: []Factor{{Name: s.factor}}, Gates: s.gates,
	}
}

// empty is an output without any object.
func (l *likeness) empty() (shape, bool) {
	if !l.short.Captured || len(l.short.Result.Set.Objects) > 0 {
		return shape{}, false
	}
	return shape{
		"empty", fmt.Sprintf("nothing came out at all, where %s should: a stage of the pipeline that gave it seems to have failed unseen",
			count(len(l.full.Result.Set.Objects), "object")), []string{"A1", "M5"}, nil,
	}, true
}

// chartLabel is the label that charts put their name and version in, by convention (helm docs, Labels and Annotations).
const chartLabel = "helm.sh/chart"

// labelVersion takes a name and a version apart.
var labelVersion = regexp.MustCompile(`^(.+?)-(v?\d+\.\d+.*)$`)

// labels are the chart labels of one object on both sides.
type labels struct{ full, short string }

// versions counts the objects that both sides have with labels of two versions of one chart. Where thousands of objects are
// lost, each asks for this, so that it is counted once.
func (l *likeness) versions() map[labels]int {
	if l.counts != nil {
		return l.counts
	}
	l.counts = map[labels]int{}
	short := map[render.Key][]string{} // by the key without its namespace
	bare := func(o render.Object) render.Key {
		return render.Key{Group: o.Key.Group, Kind: o.Key.Kind, Name: o.Key.Name}
	}
	for _, o := range l.short.Result.Set.Objects {
		if label := labelOf(o); label != "" {
			short[bare(o)] = append(short[bare(o)], label)
		}
	}
	for _, o := range l.full.Result.Set.Objects {
		m := labelVersion.FindStringSubmatch(labelOf(o))
		for _, label := range short[bare(o)] {
			n := labelVersion.FindStringSubmatch(label)
			if m != nil && n != nil && m[1] == n[1] && m[2] != n[2] {
				l.counts[labels{labelOf(o), label}]++
			}
		}
	}
	return l.counts
}

// version looks at the labels of the objects that both sides have: they tell which version of a chart each is from.
func (l *likeness) version(t target) (shape, bool) {
	counts, own := l.versions(), labelOf(*t.object)
	var most labels
	for p, n := range counts {
		if own != "" && p.full != own {
			continue
		}
		if c := cmp.Or(cmp.Compare(n, counts[most]), -cmp.Compare(p.short+p.full, most.short+most.full)); c > 0 {
			most = p
		}
	}
	if counts[most] == 0 {
		return shape{}, false
	}
	return shape{
		"stale chart", fmt.Sprintf("the side that lacks it looks like another version of the chart: %s of both sides carry the label %s %s there and %s here",
			count(counts[most], "object"), chartLabel, most.short, most.full), []string{"M6", "H15", "H14"}, nil,
	}, true
}

func labelOf(o render.Object) string {
	meta, _ := o.Tree["metadata"].(map[string]any)
	labels, _ := meta["labels"].(map[string]any)
	label, _ := labels[chartLabel].(string)
	return label
}

// sourceOf gives the chart or source that an object is from.
func sourceOf(o render.Object) string {
	top, _, _ := strings.Cut(o.Provenance.Template, "/")
	return cmp.Or(top, o.Provenance.Source)
}

// sources counts, once, the objects of the full side by source, and those of them that the other side has not.
func (l *likeness) sources() (all, gone map[string]int) {
	if l.all == nil {
		l.all, l.gone = map[string]int{}, map[string]int{}
		have := l.keys()
		for _, o := range l.full.Result.Set.Objects {
			l.all[sourceOf(o)]++
			if have[l.key(o)] == 0 {
				l.gone[sourceOf(o)]++
			}
		}
	}
	return l.all, l.gone
}

// keys counts, once, the objects of the short side by identity.
func (l *likeness) keys() map[render.Key]int {
	if l.have == nil {
		l.have = keysOf(l.short)
	}
	return l.have
}

// stage looks for whole charts or sources that are missing: a loop over them of which one failed.
func (l *likeness) stage(t target) (shape, bool) {
	if !l.short.Captured {
		return shape{}, false
	}
	all, gone := l.sources()
	mine := sourceOf(*t.object)
	if mine == "" || len(all) < 2 || gone[mine] != all[mine] || len(gone) == len(all) {
		return shape{}, false
	}
	for name, n := range gone {
		if n != all[name] {
			return shape{}, false
		}
	}
	return shape{
		"cut", fmt.Sprintf("all %s of %s are missing and everything else is there: a stage of the pipeline or loop that gave the output seems to have failed unseen",
			count(all[mine], "object"), mine), []string{"M5", "A1"}, nil,
	}, true
}

// key is the identity of an object of the full side as [keysOf] has it.
func (l *likeness) key(o render.Object) render.Key {
	k := o.Key
	k.Namespace = cmp.Or(k.Namespace, l.full.App.Namespace)
	return k
}

// half looks for a chart of which the templates up to one are there and none after it, in the order in which helm writes
// and extracts an archive: templates by path, then other files, then charts/ (helm pkg/chartutil/save.go).
func (l *likeness) half(t target) (shape, bool) {
	top, _, _ := strings.Cut(t.object.Provenance.Template, "/")
	if !l.short.Captured || top == "" {
		return shape{}, false
	}
	have := l.keys()
	type file struct{ all, gone int }
	files := map[string]*file{}
	for _, o := range l.full.Result.Set.Objects {
		at := o.Provenance.Template
		if !strings.HasPrefix(at, top+"/") {
			continue
		}
		if files[at] == nil {
			files[at] = &file{}
		}
		files[at].all++
		if have[l.key(o)] == 0 {
			files[at].gone++
		}
	}
	names := slices.SortedFunc(maps.Keys(files), archiveOrder)
	first := slices.IndexFunc(names, func(n string) bool { return files[n].gone > 0 })
	if first <= 0 {
		return shape{}, false
	}
	objects := 0
	for _, n := range names[first:] {
		if files[n].gone != files[n].all {
			return shape{}, false
		}
		objects += files[n].gone
	}
	// The end of an archive is also the end of many outputs; one object of one file tells the two apart no more.
	_, isCut := l.cut(t)
	if isCut && len(names)-first < 2 {
		return shape{}, false
	}
	return shape{
		"half-written", fmt.Sprintf("the captured output looks like a chart directory that was written up to %s: all %s of the %s from %s on are missing and all before are there",
			names[first-1], count(objects, "object"), count(len(names)-first, "template"), names[first]),
		[]string{"M1", "K5"},
		[]Gate{{Template: names[first], Line: 1}},
	}, true
}

// archiveOrder compares names of templates as helm writes them into an archive.
func archiveOrder(a, b string) int {
	rank := func(name string) int {
		_, rest, _ := strings.Cut(name, "/")
		switch first, _, _ := strings.Cut(rest, "/"); first {
		case "templates":
			return 0
		case "charts":
			return 2
		}
		return 1
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	if rank(a) == 2 { // below charts/ the same holds of each chart
		_, x, _ := strings.Cut(a, "/charts/")
		_, y, _ := strings.Cut(b, "/charts/")
		nameX, _, _ := strings.Cut(x, "/")
		nameY, _, _ := strings.Cut(y, "/")
		if nameX == nameY {
			return archiveOrder(x, y)
		}
		return cmp.Compare(nameX, nameY)
	}
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

// cut says whether the short side is the beginning of the full one, object for object.
func (l *likeness) cut(target) (shape, bool) {
	full, short := l.full.Result.Set.Objects, l.short.Result.Set.Objects
	if !l.short.Captured || len(short) == 0 || len(short) >= len(full) {
		return shape{}, false
	}
	for i, o := range short {
		k := o.Key
		k.Namespace = cmp.Or(k.Namespace, l.short.App.Namespace)
		if k != l.key(full[i]) {
			return shape{}, false
		}
	}
	return shape{
		"cut", fmt.Sprintf("the captured output looks cut off: it has the first %s of %d, in their order", count(len(short), "object"), len(full)),
		[]string{"A3", "M5"},
		nil,
	}, true
}
