package source

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// assembled is a chart directory of the stack with its dependencies added.
type assembled struct {
	meta   chartMeta
	files  []render.File
	inputs []render.Input
}

// bundle is a dependency as it goes into charts/: an archive, as helm dependency build lays it out. An archive and
// not a directory, because the parent's .helmignore would reach into a directory, and because two versions of one
// chart need two names.
//
// An archive of a repository keeps its bytes; a chart directory of the stack is packaged, with helm's .helmignore rules.
type bundle struct {
	name, version string
	packed        []byte
	files         []render.File
	inputs        []render.Input
}

// pin is a dependency and the version that it is held to; empty where the version in place decides.
type pin struct {
	dependency
	exact string
}

// umbrellaTree reads the chart directory at a path with everything that it depends on. A dependency that a condition or
// tag switches off is fetched too: helm wants it there, and the values that decide are not known here.
func (r *Reader) umbrellaTree(ctx context.Context, root rooted, at string) (render.Tree, error) {
	at, err := cleanPath(at)
	if err != nil {
		return render.Tree{}, err
	}
	root.built = map[string]assembled{}
	c, err := r.assemble(ctx, root, []string{at})
	if err != nil {
		return render.Tree{}, err
	}
	return render.Tree{Origin: root.label(at), Files: c.files, Inputs: c.inputs}, nil
}

// assemble reads the chart directory that the last of way names; the others are the charts that led to it.
//
// The order matters: dependencies are fetched first, because only their bytes tell whether what lies in charts/ is an
// equal copy; leftovers go next, so that the listing, and with it the provenance, is the same with and without them.
func (r *Reader) assemble(ctx context.Context, root rooted, way []string) (assembled, error) {
	at := way[len(way)-1]
	if slices.Contains(way[:len(way)-1], at) {
		return assembled{}, fmt.Errorf("the chart depends on itself: %s", strings.Join(way, " -> "))
	}
	if c, ok := root.built[at]; ok {
		return c, nil
	}
	files, err := readDir(ctx, root, at, nil)
	if err != nil {
		return assembled{}, err
	}
	meta, err := parseChart(files, at)
	if err != nil {
		return assembled{}, err
	}
	lock, err := parseLock(files, at)
	if err != nil {
		return assembled{}, err
	}
	pins, err := pinned(meta.Dependencies, lock, r.Lock != nil || r.Resolve)
	if err != nil {
		return assembled{}, err
	}
	var bundles []bundle
	for _, p := range pins {
		if p.Repository == "" { // vendored: it stays in charts/, and the check at the end finds it there
			continue
		}
		b, err := r.bundle(ctx, root, way, p)
		if err != nil {
			return assembled{}, &render.Error{Pos: p.pos, Err: fmt.Errorf("dependency %s from %s: %w", p, shown(p.Repository), err)}
		}
		bundles = append(bundles, b)
	}
	files, err = dropLeftovers(files, at, pins, bundles)
	if err != nil {
		return assembled{}, err
	}
	if r.Lock != nil || r.Resolve {
		own, err := loaded(files, at) // what was fetched is not laid there yet
		if err == nil {
			err = r.heldWithin(ctx, root, at, own)
		}
		if err != nil {
			return assembled{}, err
		}
	}
	c := assembled{meta: meta, inputs: []render.Input{listing(root.label(at), files)}}
	c.files, err = c.lay(files, bundles)
	if err != nil {
		return assembled{}, err
	}
	// What helm will load, .helmignore applied, must hold every dependency: nothing else would notice.
	if err := vendored(c.files, at); err != nil {
		return c, err
	}
	root.built[at] = c
	return c, nil
}

// lay puts the archives of the bundles into charts/. Aliases of one chart at one version share an archive.
func (c *assembled) lay(files []render.File, bundles []bundle) ([]render.File, error) {
	for _, b := range bundles {
		name := "charts/" + b.name + "-" + b.version + ".tgz"
		if have, ok := fileOf(files, name); ok {
			if !bytes.Equal(have, b.packed) {
				return nil, fmt.Errorf("two dependencies named %s %s differ in content", b.name, b.version)
			}
			continue
		}
		files = append(files, render.File{Path: name, Data: b.packed})
		for _, in := range b.inputs {
			if !slices.Contains(c.inputs, in) {
				c.inputs = append(c.inputs, in)
			}
		}
	}
	sortFiles(files)
	return files, nil
}

// bundle fetches one dependency.
func (r *Reader) bundle(ctx context.Context, root rooted, way []string, p pin) (bundle, error) {
	switch {
	case strings.HasPrefix(p.Repository, "file://"):
		return r.localBundle(ctx, root, way, p)
	case strings.HasPrefix(p.Repository, "@"), strings.HasPrefix(p.Repository, "alias:"):
		return bundle{}, hinted("write the URL of the repository; its alias is known to one machine only",
			fmt.Errorf("%q is an alias of helm repo add", p.Repository))
	}
	a, err := r.chart(ctx, Entry{Repo: p.Repository, Chart: p.Name, Requested: cmp.Or(p.exact, p.Version)}, "")
	if err != nil {
		return bundle{}, err
	}
	return bundle{a.meta.Name, a.meta.Version, a.packed, a.files, []render.Input{a.input}}, nil
}

// localBundle packages a chart directory, its own dependencies added. Helm wants those built beforehand and packages
// whatever is there (pkg/downloader, tarFromLocalDir).
func (r *Reader) localBundle(ctx context.Context, root rooted, way []string, p pin) (bundle, error) {
	local := strings.TrimPrefix(p.Repository, "file://")
	if path.IsAbs(local) {
		return bundle{}, hinted("write a path relative to the chart's directory", fmt.Errorf("%s leaves the stack directory", local))
	}
	at, err := cleanPath(path.Join(way[len(way)-1], local))
	if err != nil {
		return bundle{}, err
	}
	c, err := r.assemble(ctx, root, append(slices.Clip(way), at))
	if err != nil {
		return bundle{}, err
	}
	accepts, err := constraint(p.dependency)
	if err != nil {
		return bundle{}, err
	}
	switch {
	case c.meta.Name != p.Name:
		return bundle{}, fmt.Errorf("%s holds the chart %s, not %s", at, c.meta.Name, p.Name)
	case !accepts(c.meta.Version):
		return bundle{}, fmt.Errorf("%s holds %s %s; asked %s", at, c.meta.Name, c.meta.Version, p.Version)
	case p.exact != "" && !sameVersion(c.meta.Version, p.exact):
		return bundle{}, hinted(relockChart, fmt.Errorf("%s holds %s %s; the lock says %s", at, c.meta.Name, c.meta.Version, p.exact))
	}
	files, err := packaged(c.files)
	if err != nil {
		return bundle{}, err
	}
	packed, err := pack(c.meta.Name, files)
	return bundle{c.meta.Name, c.meta.Version, packed, files, c.inputs}, err
}

// relockChart is the next step wherever a chart and its own lock disagree.
const relockChart = "run helm dependency update and commit the lock file"

// pinned settles the version of every dependency: by itself where it is exact, by the chart's lock where it is a range.
// A range without one is left to the lock of the stack, where ranges says that there is such a lock. The chart's lock
// is compared entry by entry, which says what differs; helm compares a digest over both lists and says only that they
// are out of sync.
func pinned(declared []dependency, lock *lockFile, ranges bool) ([]pin, error) {
	if lock != nil && len(lock.Dependencies) != len(declared) {
		return nil, hinted(relockChart,
			fmt.Errorf("%s has %d dependencies, the chart declares %d", lock.name, len(lock.Dependencies), len(declared)))
	}
	var pins []pin
	for i, d := range declared {
		if d.Name == "" {
			return nil, &render.Error{Pos: d.pos, Err: fmt.Errorf("a dependency has no name")}
		}
		accepts, err := constraint(d)
		if err != nil {
			return nil, err
		}
		p := pin{dependency: d}
		_, err = semver.StrictNewVersion(strings.TrimPrefix(d.Version, "v"))
		switch remote := d.Repository != "" && !strings.HasPrefix(d.Repository, "file://"); {
		case lock != nil:
			l := lock.Dependencies[i]
			if l.Name != d.Name || strings.TrimSuffix(l.Repository, "/") != strings.TrimSuffix(d.Repository, "/") || !accepts(l.Version) {
				return nil, &render.Error{Pos: d.pos, Hint: relockChart, Err: fmt.Errorf(
					"dependency %s from %q disagrees with %s: %s from %q", d, shown(d.Repository), l.pos, l, shown(l.Repository))}
			}
			p.exact = l.Version // also where the chart states a plain version, which it then equals
		case err == nil:
			p.exact = d.Version
		case remote && !ranges:
			return nil, &render.Error{
				Pos: d.pos, Err: fmt.Errorf("dependency %s is a range and no lock pins it", d),
				Hint: "write the exact version, or commit the Chart.lock that helm dependency update writes",
			}
		}
		pins = append(pins, p)
	}
	return pins, nil
}
