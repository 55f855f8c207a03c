package source

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
)

// dropLeftovers gives the files of an umbrella chart without the entries of charts/ that repeat a fetched dependency.
// Helm loads whatever lies in charts/, at any version and declared or not, so an entry that is neither a vendored
// dependency (one with an empty repository) nor an equal copy of a fetched one is an error.
func dropLeftovers(files []render.File, where string, pins []pin, bundles []bundle) ([]render.File, error) {
	seen, err := packaged(files)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", where, err)
	}
	subs, err := subcharts(seen, where)
	if err != nil {
		return nil, err
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
			fmt.Errorf("%s holds %s %s, which Chart.yaml does not declare; helm would render it", file, s.meta.Name, s.meta.Version))
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
		return false, hinted(stale, fmt.Errorf("%s is not the %s %s of its repository: %s differs", file, b.name, b.version, diff))
	}
	return false, hinted(stale,
		fmt.Errorf("%s holds %s %s, Chart.yaml asks for %s", file, s.meta.Name, s.meta.Version, asked))
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
