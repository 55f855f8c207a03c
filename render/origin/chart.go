package origin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// chart is a chart with its subcharts, by what helm calls their files: "chart/charts/alias/templates/web.yaml".
type chart struct {
	tree  string // the name of its tree
	name  string
	files map[string]chartFile
	// values are the values.yaml of all charts in it, those of subcharts first.
	values []chartFile
}

// chartFile is one file of a chart.
type chartFile struct {
	virtual string
	data    []byte
	real    string // in the stack; empty where nobody edits it
	direct  string // as [Replace] is asked for it; empty where it is packed
}

// part is a chart or subchart while it is unpacked.
type part struct {
	virtual, real, direct string
	depth                 int
}

// maxArchive bounds what is unpacked of a subchart.
const maxArchive = 64 << 20

// load unpacks a chart's tree.
func (t *trace) load(tree render.Tree) chart {
	c := chart{tree: tree.Name, files: map[string]chartFile{}}
	c.name = nameOf(tree.Files)
	p := part{virtual: c.name, direct: tree.Name}
	if strings.HasPrefix(tree.Origin, "$") && !tree.Packed { // in a repository that the stack refers to
		p.real, p.direct = tree.Origin, tree.Origin
	} else if !tree.Packed && t.app.Files != nil && fs.ValidPath(tree.Origin) {
		if _, err := fs.Stat(t.app.Files, path.Join(tree.Origin, "Chart.yaml")); err == nil {
			p.real, p.direct = tree.Origin, tree.Origin
		}
	}
	c.unpack(tree.Files, p)
	return c
}

// unpack adds the files of a chart, its subcharts first.
func (c *chart) unpack(files []render.File, p part) {
	if p.depth > 8 {
		return
	}
	subs := map[string][]render.File{}
	var order []string
	var own []render.File
	for _, f := range files {
		rest, below := strings.CutPrefix(f.Path, "charts/")
		first, inside, isDir := strings.Cut(rest, "/")
		switch {
		case !below:
			own = append(own, f)
		case isDir:
			if subs[first] == nil {
				order = append(order, first)
			}
			subs[first] = append(subs[first], render.File{Path: inside, Data: f.Data})
		case strings.HasSuffix(first, ".tgz"):
			subs[first] = untar(f.Data)
			order = append(order, first)
		}
	}
	asked := dependencies(own)
	for _, dir := range order {
		name := nameOf(subs[dir])
		packed := strings.HasSuffix(dir, ".tgz")
		var as []dependency
		for _, d := range asked {
			if d.name == name {
				as = append(as, d)
			}
		}
		if as == nil && name != "" {
			as = []dependency{{name: name, alias: name}}
		}
		for _, d := range as {
			sub := part{virtual: p.virtual + "/charts/" + d.alias, depth: p.depth + 1}
			switch {
			case !packed && p.real != "":
				sub.real = path.Join(p.real, "charts", dir)
			case packed && p.real != "" && strings.HasPrefix(d.repository, "file://"):
				sub.real = path.Join(p.real, strings.TrimPrefix(d.repository, "file://"))
			}
			if !packed && p.direct != "" {
				sub.direct = p.direct + "/charts/" + dir
			}
			c.unpack(subs[dir], sub)
		}
	}
	for _, f := range own {
		file := chartFile{virtual: p.virtual + "/" + f.Path, data: f.Data}
		if p.real != "" {
			file.real = path.Join(p.real, f.Path)
		}
		if p.direct != "" {
			file.direct = p.direct + "/" + f.Path
		}
		c.files[file.virtual] = file
		if f.Path == "values.yaml" {
			c.values = append(c.values, file)
		}
	}
}

// dependency is one that a chart declares.
type dependency struct{ name, alias, repository string }

// dependencies reads those of Chart.yaml, or of requirements.yaml in charts of the first format.
func dependencies(files []render.File) []dependency {
	var list []dependency
	for _, name := range []string{"Chart.yaml", "requirements.yaml"} {
		for _, n := range listOf(root(fileOf(files, name)), "dependencies") {
			d := dependency{textOf(n, "name"), textOf(n, "alias"), textOf(n, "repository")}
			if d.alias == "" {
				d.alias = d.name
			}
			list = append(list, d)
		}
	}
	return list
}

// root gives the content of the first document of a text, or nil.
func root(text []byte) *yaml.Node {
	if docs := parse(text); len(docs) > 0 {
		return docs[0].Content[0]
	}
	return nil
}

func nameOf(files []render.File) string { return textOf(root(fileOf(files, "Chart.yaml")), "name") }

func fileOf(files []render.File, name string) []byte {
	i := slices.IndexFunc(files, func(f render.File) bool { return f.Path == name })
	if i < 0 {
		return nil
	}
	return files[i].Data
}

// untar reads a packed chart, without the directory that all of it is in. What is broken is left out: the render has read
// it, or refused to.
func untar(packed []byte) []render.File {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	var files []render.File
	total := int64(0)
	for archive := tar.NewReader(zip); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			return nil
		}
		_, inside, ok := strings.Cut(path.Clean(header.Name), "/")
		if total += header.Size; !ok || header.Typeflag != tar.TypeReg || total > maxArchive {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(archive, header.Size))
		if err != nil {
			return nil
		}
		files = append(files, render.File{Path: inside, Data: data})
	}
}
