package cause

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// maxUnpacked is how many bytes an archive inside a chart may give; what is larger is not looked into. The engines have
// their own bounds, this one only keeps an explanation from costing more than the render.
const maxUnpacked = 64 << 20

// library is the charts of one side, opened when they are first asked for.
type library struct {
	ctx    context.Context
	side   Side
	opened bool
	trees  []render.Tree
	charts []*chart
	known  map[string][]gate // by object
	books  map[*chart]*book
	found  map[string]string // templates by key of the object
}

// open gives the charts. A side whose charts cannot be had has none, and its objects no place in a template.
func (l *library) open() []*chart {
	if l.opened || l.side.Charts == nil || l.side.Captured {
		return l.charts
	}
	l.opened = true
	trees, err := l.side.Charts(l.ctx, l.side.App)
	if err != nil {
		return nil
	}
	l.trees = trees
	for _, t := range trees {
		l.charts = append(l.charts, openChart(t.Files))
	}
	return l.charts
}

// of gives the chart of a source of the app, or nil where it cannot be told which one that is.
func (l *library) of(source int) *chart {
	charts := l.open()
	if source >= len(l.side.App.Sources) { // the library of the other side
		return nil
	}
	s := l.side.App.Sources[source]
	if s.Kind != render.KindHelm && s.Kind != render.KindUmbrella {
		return nil
	}
	for i, t := range l.trees {
		if t.Name == s.String() || len(l.trees) == 1 && len(l.side.App.Sources) == 1 {
			return charts[i]
		}
	}
	return nil
}

// chart is a chart or subchart with its own files, and those below it.
type chart struct {
	name, version string
	files         []render.File // without those of charts/; ordered by path
	deps          []dependency
	parts         []*chart
}

// dependency is an entry of a chart's list.
type dependency struct {
	Name, Alias, Version, Condition string
	Tags                            []string
	line                            int
}

// chartFile is what is read of Chart.yaml; requirements.yaml, of charts of API v1, has the list alone.
type chartFile struct {
	Name, Version string
	Dependencies  []yaml.Node
}

// openChart takes a chart's files apart. Archives in charts/ are opened; one that is broken is left out, as a chart with
// it would not have rendered.
func openChart(files []render.File) *chart {
	c := &chart{}
	below := map[string][]render.File{}
	var order []string
	for _, f := range files {
		rest, inside := strings.CutPrefix(f.Path, "charts/")
		first, file, deeper := strings.Cut(rest, "/")
		switch {
		case !inside:
			c.files = append(c.files, f)
			continue
		case strings.HasPrefix(first, ".") || strings.HasPrefix(first, "_"):
			continue
		case deeper:
			below[first] = append(below[first], render.File{Path: file, Data: f.Data})
		case path.Ext(first) == ".tgz":
			below[first] = unpack(f.Data)
		default:
			continue
		}
		if !slices.Contains(order, first) {
			order = append(order, first)
		}
	}
	slices.SortFunc(c.files, func(a, b render.File) int { return cmp.Compare(a.Path, b.Path) })
	for _, name := range order {
		c.parts = append(c.parts, openChart(below[name]))
	}
	for _, name := range []string{"Chart.yaml", "requirements.yaml"} {
		var meta chartFile
		if yaml.Unmarshal(c.file(name), &meta) != nil {
			continue
		}
		c.name, c.version = cmp.Or(c.name, meta.Name), cmp.Or(c.version, meta.Version)
		for _, n := range meta.Dependencies {
			var d dependency
			if n.Decode(&d) == nil {
				d.line = n.Line
				c.deps = append(c.deps, d)
			}
		}
	}
	return c
}

// unpack gives the files of a chart archive, without the directory that they are in.
func unpack(packed []byte) []render.File {
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	var files []render.File
	archive := tar.NewReader(io.LimitReader(zipped, maxUnpacked))
	for {
		header, err := archive.Next()
		if err != nil {
			return files
		}
		_, name, ok := strings.Cut(path.Clean(header.Name), "/")
		if header.Typeflag != tar.TypeReg || !ok {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return files
		}
		files = append(files, render.File{Path: name, Data: data})
	}
}

// file gives the bytes of a file of the chart itself, or nil.
func (c *chart) file(name string) []byte {
	for _, f := range c.files {
		if f.Path == name {
			return f.Data
		}
	}
	return nil
}

// step is a chart on the way from the top to a template, and how the one above asks for it.
type step struct {
	chart *chart
	name  string      // as helm calls it: the alias, where there is one
	as    *dependency // nil for the top chart and for one that is in charts/ undeclared
}

// find follows a template's name as helm gives it, "top/charts/alias/templates/x.yaml", and gives the charts on the way
// and the path of the file in the last. It gives nothing where a chart on the way is not there.
func find(charts []*chart, template string) (way []step, file string) {
	top, rest, _ := strings.Cut(template, "/")
	for _, c := range charts {
		if c.name != top {
			continue
		}
		way, file := c.follow([]step{{chart: c, name: top}}, rest)
		if way != nil && way[len(way)-1].chart.file(file) != nil {
			return way, file
		}
	}
	return nil, ""
}

// follow goes down from the last step.
func (c *chart) follow(way []step, rest string) ([]step, string) {
	below, inside := strings.CutPrefix(rest, "charts/")
	if !inside {
		return way, rest
	}
	name, rest, _ := strings.Cut(below, "/")
	for i, d := range c.deps {
		if cmp.Or(d.Alias, d.Name) != name {
			continue
		}
		for _, p := range c.parts {
			if p.name == d.Name {
				return p.follow(append(way, step{p, name, &c.deps[i]}), rest)
			}
		}
	}
	for _, p := range c.parts {
		if p.name == name {
			return p.follow(append(way, step{chart: p, name: name}), rest)
		}
	}
	return nil, ""
}

// prefix is the path of the last step's chart as helm names it.
func prefix(way []step) string {
	names := make([]string, len(way))
	for i, s := range way {
		names[i] = s.name
	}
	return strings.Join(names, "/charts/")
}
