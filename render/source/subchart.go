package source

import (
	"context"
	"fmt"
	"os"
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

// localChart reads a chart directory or archive of the stack as it is, which includes its dependencies.
// A tree of an archive has the archive as its input, one of a directory the listing.
func localChart(ctx context.Context, root *os.Root, at string) (render.Tree, error) {
	at, isDir, err := look(root, at)
	if err != nil {
		return render.Tree{}, err
	}
	if !isDir {
		packed, err := readFile(root, at, maxArchive)
		if err != nil {
			return render.Tree{}, err
		}
		files, err := unpack(packed)
		if err != nil {
			return render.Tree{}, err
		}
		meta, err := parseChart(files, at)
		if err != nil {
			return render.Tree{}, err
		}
		if err := complete(files, meta); err != nil {
			return render.Tree{}, err
		}
		return render.Tree{Origin: at, Packed: true, Files: files, Inputs: []render.Input{{Name: at, Digest: digest(packed)}}}, nil
	}
	files, err := readDir(ctx, root, at, nil)
	if err != nil {
		return render.Tree{}, err
	}
	if err := vendored(files, at); err != nil {
		return render.Tree{}, err
	}
	return render.Tree{Origin: at, Files: files, Inputs: []render.Input{listing(at, files)}}, nil
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
	for _, d := range meta.Dependencies {
		if _, err := inCharts(d, subs, where); err != nil {
			return err
		}
	}
	return nil
}

// complete asks of a foreign archive what helm asks: that every declared dependency is there by name.
func complete(files []render.File, meta chartMeta) error {
	if len(meta.Dependencies) == 0 {
		return nil
	}
	subs, err := subcharts(files, "")
	if err != nil {
		return err
	}
	for _, d := range meta.Dependencies {
		if !slices.ContainsFunc(subs, func(s subchart) bool { return s.meta.Name == d.Name }) {
			return fmt.Errorf("the archive of %s %s lacks its dependency %s", meta.Name, meta.Version, d)
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
			Err:  fmt.Errorf("dependency %s: %s", d, strings.Join(stale, ", ")),
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
