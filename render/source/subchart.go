package source

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// subchart is one entry of a charts/ directory.
type subchart struct {
	entry string // "charts/redis", "charts/redis-1.2.3.tgz"
	meta  chartMeta
	files []render.File
	tgz   []byte // nil for a directory
}

// subcharts lists what helm's loader would take from charts/: archives and directories, leaving out names that begin
// with a dot or underscore and files that are no archive (pkg/chart/loader, LoadFiles).
func subcharts(files []render.File, where string) ([]subchart, error) {
	var subs []subchart
	for _, f := range files {
		name, ok := strings.CutPrefix(f.Path, "charts/")
		if !ok || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || path.Ext(name) == ".prov" {
			continue
		}
		first, rest, below := strings.Cut(name, "/")
		entry := "charts/" + first
		switch {
		case !below && path.Ext(first) == ".tgz":
			unpacked, err := unpack(f.Data)
			if err != nil {
				return nil, fmt.Errorf("unpacking %s: %w", path.Join(where, entry), err)
			}
			subs = append(subs, subchart{entry: entry, tgz: f.Data, files: unpacked})
		case !below:
		case len(subs) > 0 && subs[len(subs)-1].entry == entry:
			last := &subs[len(subs)-1]
			last.files = append(last.files, render.File{Path: rest, Data: f.Data})
		default:
			subs = append(subs, subchart{entry: entry, files: []render.File{{Path: rest, Data: f.Data}}})
		}
	}
	// Only now are the files of a directory complete.
	for i := range subs {
		meta, err := parseChart(subs[i].files, path.Join(where, subs[i].entry))
		if err != nil {
			return nil, err
		}
		subs[i].meta = meta
	}
	return subs, nil
}

// loaded lists what helm would load from charts/ of a directory, whose .helmignore applies.
func loaded(files []render.File, where string) ([]subchart, error) {
	files, err := packaged(files)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", where, err)
	}
	return subcharts(files, where)
}

// localChart reads a chart directory or archive of the stack as it is, which includes its dependencies; those of a
// directory are held to the lock. A tree of an archive has the archive as its input, one of a directory the listing.
func (r *Reader) localChart(ctx context.Context, root rooted, at string) (render.Tree, error) {
	at, isDir, err := look(root, at)
	if err != nil {
		return render.Tree{}, err
	}
	tree := render.Tree{Origin: root.label(at), Packed: !isDir}
	if isDir {
		if tree.Files, err = readDir(ctx, root, at, nil); err == nil {
			err = vendored(tree.Files, at)
		}
		if err == nil && (r.Lock != nil || r.Resolve) {
			err = r.heldCopies(ctx, root, at, tree.Files)
		}
		tree.Inputs = []render.Input{listing(tree.Origin, tree.Files)}
	} else {
		var packed []byte
		packed, tree.Files, err = localArchive(root, at)
		tree.Inputs = []render.Input{{Name: tree.Origin, Digest: digest(packed)}}
	}
	return tree, err
}

// localArchive reads a chart archive of the stack.
func localArchive(root rooted, at string) (packed []byte, files []render.File, err error) {
	if packed, err = readFile(root, at, maxArchive); err != nil {
		return nil, nil, err
	}
	if files, err = unpack(packed); err != nil {
		return nil, nil, err
	}
	meta, err := parseChart(files, at)
	if err != nil {
		return nil, nil, err
	}
	return packed, files, complete(files, meta, "")
}

// vendored holds the charts/ directory to what Chart.yaml declares. Helm checks the names only and renders a stale
// archive of another version (argo-cd issue 28677).
func vendored(files []render.File, where string) error {
	files, err := packaged(files)
	if err != nil {
		return fmt.Errorf("chart %s: %w", where, err)
	}
	meta, err := parseChart(files, where)
	if err != nil {
		return err
	}
	subs, err := subcharts(files, where)
	if err != nil {
		return err
	}
	if err := new(weight).add(files, ""); err != nil {
		return fmt.Errorf("chart %s: %w", where, err)
	}
	for _, d := range meta.Dependencies {
		if _, err := inCharts(d, subs, where); err != nil {
			return err
		}
	}
	for _, s := range subs {
		if err := complete(s.files, s.meta, path.Join(where, s.entry)); err != nil {
			return err
		}
	}
	return nil
}

const (
	maxCharts = 1000            // in one chart, at any depth
	maxWithin = 4 * maxUnpacked // bytes of the files of all packed charts in one, each where it is unpacked
)

// weight counts the charts in a chart. Archives of archives may unpack to four at each of 16 levels from a few
// kilobytes, and nobody after this, helm least of all, would stop.
type weight struct {
	charts int
	bytes  int64
}

// add counts a chart's subcharts. where is its place in the first chart.
func (w *weight) add(files []render.File, where string) error {
	if strings.Count(where, "/") > 2*maxNesting {
		return fmt.Errorf("%s: there are more than %d charts in each other", where, maxNesting)
	}
	subs, err := subcharts(files, where)
	if err != nil {
		return err
	}
	for _, s := range subs {
		at := path.Join(where, s.entry)
		if w.charts++; w.charts > maxCharts {
			return fmt.Errorf("%s: there are more than %d charts in the chart", at, maxCharts)
		}
		for _, f := range s.files {
			if s.tgz != nil {
				w.bytes += int64(len(f.Data))
			}
		}
		if w.bytes > maxWithin {
			return fmt.Errorf("%s: the charts in the chart have more than %d bytes", at, int64(maxWithin))
		}
		if err := w.add(s.files, at); err != nil {
			return err
		}
	}
	return nil
}

// complete asks of a foreign archive what helm asks: that every declared dependency is there by name. Helm asks it of the
// outermost chart alone (pkg/action, CheckDependencies), and renders less where a chart in a chart lacks one.
func complete(files []render.File, meta chartMeta, where string) error {
	if where == "" {
		if err := new(weight).add(files, ""); err != nil {
			return err
		}
	}
	subs, err := subcharts(files, where)
	if err != nil {
		return err
	}
	for _, d := range meta.Dependencies {
		if !slices.ContainsFunc(subs, func(s subchart) bool { return s.meta.Name == d.Name }) {
			err := fmt.Errorf("the archive of %s %s lacks its dependency %s", meta.Name, meta.Version, d)
			if where != "" {
				err = fmt.Errorf("%s: %w", where, err)
			}
			return err
		}
	}
	for _, s := range subs {
		if err := complete(s.files, s.meta, path.Join(where, s.entry)); err != nil {
			return err
		}
	}
	return nil
}

// inCharts finds the subchart that serves a dependency.
func inCharts(d dependency, subs []subchart, where string) (subchart, error) {
	accepts, err := constraint(d)
	if err != nil {
		return subchart{}, err
	}
	// All candidates are looked at before a stale one is reported: two versions of one chart may stand side by side.
	var stale []string
	for _, s := range subs {
		if s.meta.Name != d.Name {
			continue
		}
		if accepts(s.meta.Version) {
			return s, nil
		}
		stale = append(stale, path.Join(where, s.entry)+" holds "+s.meta.Version)
	}
	if len(stale) > 0 {
		return subchart{}, &render.Error{
			Pos:  d.pos,
			Err:  fmt.Errorf("dependency %s: %s [%s]", d, strings.Join(stale, ", "), vendoredRule),
			Hint: "replace the chart in charts/ by the declared version; helm would render the other one",
		}
	}
	hint := "put the chart into " + path.Join(where, "charts")
	if d.Repository != "" {
		hint = "make it an umbrella source, which fetches its dependencies"
	}
	return subchart{}, &render.Error{
		Pos: d.pos, Hint: hint,
		Err: fmt.Errorf("dependency %s is declared and not in %s", d, path.Join(where, "charts")),
	}
}

// constraint reads the version of a dependency as helm does: a semver range, of which a plain version is one. A
// vendored dependency may go without; helm then renders what is there by name.
func constraint(d dependency) (func(version string) bool, error) {
	if d.Version == "" && d.Repository == "" {
		return func(string) bool { return true }, nil
	}
	c, err := semver.NewConstraint(d.Version)
	if err != nil {
		return nil, &render.Error{Pos: d.pos, Err: fmt.Errorf("dependency %s has no valid version: %w", d.Name, err)}
	}
	return func(version string) bool {
		v, err := semver.NewVersion(version)
		return err == nil && c.Check(v)
	}, nil
}
