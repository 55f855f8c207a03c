package source

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// maxIndex bounds an index.yaml, in bytes. Large public repositories have tens of megabytes.
const maxIndex = 64 << 20

// index is a chart repository's index.yaml, as far as it is needed here (helm docs, topics/chart_repository). The
// versions of a chart are decoded when it is asked for, so a malformed neighbour is no obstacle.
type index struct {
	Entries map[string]yaml.Node `yaml:"entries"`
}

// entry is one version of a chart in an index.
type entry struct {
	Name    string   `yaml:"name"`
	Version string   `yaml:"version"`
	Digest  string   `yaml:"digest"` // sha256 in hex, of the archive
	URLs    []string `yaml:"urls"`   // relative to the index; helm takes the first
}

// parseIndex reads an index.yaml. One without the key "entries" is an error; an empty repository has it.
func parseIndex(content []byte) (index, error) {
	if isHTML(content) {
		return index{}, errHTML
	}
	var idx index
	if err := decode(content, &idx); err != nil {
		return index{}, fmt.Errorf("parsing %s: %w", indexFile, err)
	}
	if idx.Entries == nil {
		return index{}, hinted("check the URL of the repository", fmt.Errorf("%s has no entries; it is not a chart repository's", indexFile))
	}
	return idx, nil
}

// errHTML is the answer of a login page or a web server's friendly "not found" with status 200.
var errHTML = errors.New("the answer is an HTML page (status 200), not a chart repository's")

// isHTML looks at the beginning, after white space, as browsers do.
func isHTML(content []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(content[:min(len(content), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// pick finds the one entry of a chart at a version. A leading "v" counts on neither side: charts of both spellings are
// common, and helm's lookup accepts both.
func (idx index) pick(w wanted) (entry, error) {
	list, ok := idx.Entries[w.name]
	if !ok {
		err := fmt.Errorf("the repository has no chart %s", w.name)
		if near := render.Nearest(w.name, slices.Sorted(maps.Keys(idx.Entries))); near != "" {
			return entry{}, hinted("did you mean "+near+"?", err)
		}
		return entry{}, err
	}
	var all []entry
	if err := list.Decode(&all); err != nil {
		return entry{}, fmt.Errorf("parsing the versions of %s in %s: %w", w.name, indexFile, misshapen(&list, err))
	}
	var found entry
	for _, e := range all {
		switch {
		case !sameVersion(e.Version, w.version) || e.Version == found.Version && e.Digest == found.Digest:
		case found.Version == e.Version:
			return entry{}, fmt.Errorf("the index lists %s %s twice, with different digests", w.name, e.Version)
		case found.Version == "" || e.Version == w.version:
			found = e
		}
	}
	near := around(w.version, all)
	switch {
	case found.Version == "" && len(near) == 0:
		return entry{}, hinted("check the name of the chart and the URL of the repository; a version may also have been withdrawn",
			fmt.Errorf("the repository lists the chart %s without any version; asked %s", w.name, w.version))
	case found.Version == "":
		return entry{}, hinted("write one of these versions",
			fmt.Errorf("%s has %s; asked %s", w.name, strings.Join(near, ", "), w.version))
	case len(found.URLs) == 0:
		return entry{}, fmt.Errorf("the index has no address for %s %s", w.name, found.Version)
	}
	found.Name = w.name
	return found, nil
}

// sameVersion compares as text; build metadata ("+1") counts, which it does not in semver's own order.
func sameVersion(a, b string) bool { return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v") }

// exactVersion refuses a range: what it means changes with every release of the chart.
func exactVersion(w wanted) error {
	if w.name == "" {
		return fmt.Errorf("the source names no chart")
	}
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(w.version, "v")); err != nil {
		return hinted("write one exact version, like 1.2.3; a range renders differently from day to day",
			fmt.Errorf("chart %s has the version %q: %w", w.name, w.version, err))
	}
	return nil
}

// around gives the versions nearest to one that is not there: up to two below it and two above, oldest first.
// An index without a readable version of the chart gives none.
func around(version string, all []entry) []string {
	asked, err := semver.NewVersion(version)
	if err != nil { // exactVersion has refused it before
		return nil
	}
	var have []*semver.Version
	for _, e := range all {
		if v, err := semver.NewVersion(e.Version); err == nil {
			have = append(have, v)
		}
	}
	slices.SortStableFunc(have, (*semver.Version).Compare)
	at, _ := slices.BinarySearchFunc(have, asked, (*semver.Version).Compare)
	var near []string
	for _, v := range have[max(0, at-2):min(len(have), at+2)] {
		near = append(near, v.Original())
	}
	return slices.Compact(near)
}
