package source

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
)

// vendoredRule is the id of the rule that nothing vendored wins silently.
const vendoredRule = "vendored-chart"

// dropLeftovers gives the files of an umbrella chart without the entries of charts/ that repeat a fetched dependency.
// Helm loads whatever lies in charts/, at any version and declared or not, so an entry that is neither a vendored
// dependency (one with an empty repository) nor an equal copy of a fetched one is an error.
func dropLeftovers(files []render.File, where string, pins []pin, bundles []bundle) ([]render.File, error) {
	subs, err := loaded(files, where)
	if err != nil { // half of an archive, or a folder without its Chart.yaml
		return nil, hinted("delete it; dependencies are fetched and verified at every render", fmt.Errorf("%w [%s]", err, vendoredRule))
	}
	for _, s := range subs {
		keep, err := judge(s, where, pins, bundles)
		if err != nil {
			return nil, err
		}
		if !keep {
			files = slices.DeleteFunc(files, func(f render.File) bool {
				return f.Path == s.entry || strings.HasPrefix(f.Path, s.entry+"/")
			})
		}
	}
	return files, nil
}

// judge says whether an entry of charts/ is vendored and stays, or repeats a bundle and goes.
func judge(s subchart, where string, pins []pin, bundles []bundle) (keep bool, err error) {
	file := path.Join(where, s.entry)
	asked := ""
	for _, p := range pins {
		if p.Name != s.meta.Name {
			continue
		}
		asked = p.Version
		if p.exact != "" {
			asked = p.exact
		}
		accepts, err := constraint(p.dependency)
		if err != nil {
			return false, err
		}
		if p.Repository == "" && accepts(s.meta.Version) && (p.exact == "" || sameVersion(p.exact, s.meta.Version)) {
			return true, nil
		}
	}
	if asked == "" {
		return false, hinted("delete it, or declare it in Chart.yaml with an empty repository",
			fmt.Errorf("%s holds %s %s, which Chart.yaml does not declare; helm would render it [%s]",
				file, s.meta.Name, s.meta.Version, vendoredRule))
	}
	stale := "delete " + file + "; dependencies are fetched and verified at every render"
	// The right version is not enough: a half-extracted copy has it too.
	for _, b := range bundles {
		if b.name != s.meta.Name || b.version != s.meta.Version {
			continue
		}
		same, diff, err := sameChart(s, b)
		if err != nil || same {
			return false, err
		}
		return false, hinted(stale, fmt.Errorf("%s is not the %s %s of its repository: %s differs [%s]",
			file, b.name, b.version, diff, vendoredRule))
	}
	for _, b := range bundles {
		if b.name == s.meta.Name && b.version != asked {
			asked += ", which is " + b.version
			break
		}
	}
	return false, hinted(stale,
		fmt.Errorf("%s holds %s %s, Chart.yaml asks for %s [%s]", file, s.meta.Name, s.meta.Version, asked, vendoredRule))
}

// heldCopies holds what lies in charts/ of a chart that is rendered as it is to the archives that Chart.yaml and the
// lock name: a copy of the right version that lacks a template renders to fewer objects, and nothing else would notice.
// What has no repository, or one inside the stack, is the stack's own, and the copies in it are held in their turn.
func (r *Reader) heldCopies(ctx context.Context, root rooted, at string, files []render.File) error {
	meta, err := parseChart(files, at)
	if err != nil {
		return err
	}
	lock, err := parseLock(files, at)
	if err != nil {
		return err
	}
	subs, err := loaded(files, at)
	if err != nil {
		return err
	}
	pins, err := pinned(meta.Dependencies, lock, true)
	if err != nil {
		return err
	}
	fetched := map[string]bool{}
	for _, p := range pins {
		if p.Repository == "" || strings.HasPrefix(p.Repository, "file://") {
			continue
		}
		fetched[p.Name] = true
		b, err := r.bundle(ctx, root, []string{at}, p)
		if err == nil {
			err = heldCopy(subs, at, b)
		}
		if err != nil {
			return &render.Error{Pos: p.pos, Err: fmt.Errorf("dependency %s from %s: %w", p, shown(p.Repository), err)}
		}
	}
	subs = slices.DeleteFunc(subs, func(s subchart) bool { return fetched[s.meta.Name] })
	return r.heldWithin(ctx, root, at, subs)
}

// heldWithin holds the copies in the stack's own subcharts. An archive is one thing, and complete by itself.
func (r *Reader) heldWithin(ctx context.Context, root rooted, at string, own []subchart) error {
	for _, s := range own {
		if s.tgz != nil {
			continue
		}
		if err := r.heldCopies(ctx, root, path.Join(at, s.entry), s.files); err != nil {
			return err
		}
	}
	return nil
}

// heldCopy looks for the copy that is what was fetched.
func heldCopy(subs []subchart, at string, b bundle) error {
	const hint = "run helm dependency update, or make it an umbrella source, which needs no copies"
	other := ""
	for _, s := range subs {
		switch {
		case s.meta.Name != b.name:
		case s.meta.Version != b.version: // two aliases of one chart may have two versions
			other = path.Join(at, s.entry) + " holds " + b.name + " " + s.meta.Version
		default:
			same, diff, err := sameChart(s, b)
			if err != nil || same {
				return err
			}
			return hinted(hint, fmt.Errorf("%s is not the %s %s of its repository: %s differs [%s]",
				path.Join(at, s.entry), b.name, b.version, diff, vendoredRule))
		}
	}
	return hinted(hint, fmt.Errorf("%s, the lock has %s [%s]", other, b.version, vendoredRule))
}

// sameChart compares a leftover with the dependency that was fetched, and names the first file that differs.
func sameChart(s subchart, b bundle) (same bool, diff string, err error) {
	if s.tgz != nil && bytes.Equal(s.tgz, b.packed) {
		return true, "", nil
	}
	have, want := map[string]string{}, map[string]string{}
	if err := flatten(have, "", s.files); err != nil {
		return false, "", err
	}
	if err := flatten(want, "", b.files); err != nil {
		return false, "", err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, ok := have[name]; !ok || got != want[name] {
			return false, name, nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok {
			return false, name, nil
		}
	}
	return true, "", nil
}

// flatten lists the content of a chart so that helm's own packaging of it compares equal: that writes Chart.yaml and
// the lock anew, and packed subcharts as directories (pkg/chartutil, Save).
func flatten(out map[string]string, prefix string, files []render.File) error {
	meta, err := parseChart(files, prefix)
	if err != nil {
		return err
	}
	for i := range meta.Dependencies {
		meta.Dependencies[i].pos = render.Position{}
	}
	out[prefix+chartFileName] = fmt.Sprintf("%+v", meta)
	// Helm's writer keeps the meaning of these and not their bytes.
	rewritten := []string{chartFileName, "Chart.lock", requirements, "requirements.lock"}
	for _, f := range files {
		if !strings.HasPrefix(f.Path, "charts/") && !slices.Contains(rewritten, f.Path) {
			out[prefix+f.Path] = string(f.Data)
		}
	}
	subs, err := subcharts(files, prefix)
	if err != nil {
		return err
	}
	for _, s := range subs {
		if err := flatten(out, prefix+"charts/"+s.meta.Name+"-"+s.meta.Version+"/", s.files); err != nil {
			return err
		}
	}
	return nil
}
