package source

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// maxIndex bounds an index.yaml, in bytes. Large public repositories have tens of megabytes.
const maxIndex = 64 << 20

// index is a chart repository's index.yaml, as far as it is needed here (helm docs, topics/chart_repository).
type index struct {
	Entries map[string]listed `yaml:"entries"`
}

// maxIndexNodes bounds the values of an index. The YAML library takes some 200 bytes for each, however short it is
// written, and cannot be interrupted. The largest public indexes have about a million.
const maxIndexNodes = 5_000_000

// crowd counts what separates values in YAML, of which there are no more, but for a map's keys.
func crowd(content []byte) int {
	n := 0
	for _, sep := range []string{"\n", ",", "[", "{"} {
		n += bytes.Count(content, []byte(sep))
	}
	return n
}

// listed is one chart of an index. What is wrong with it is kept and said when it is asked for, so a malformed neighbour
// is no obstacle. The nodes are not kept: those of a large index take ten times its size.
type listed struct {
	versions []entry
	err      error
}

// UnmarshalYAML never fails; see listed.
func (l *listed) UnmarshalYAML(n *yaml.Node) error {
	if err := n.Decode(&l.versions); err != nil {
		l.err = misshapen(n, err)
	}
	return nil
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
	if n := crowd(content); n > maxIndexNodes {
		return index{}, fmt.Errorf("%s has more than %d values: %d separators", indexFile, maxIndexNodes, n)
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
var errHTML = errors.New("the answer is an HTML page (status 200), not the file asked for")

// isHTML looks at the beginning, after white space, as browsers do.
func isHTML(content []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(content[:min(len(content), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// list gives the versions of a chart as the index has them.
func (idx index) list(chart string) ([]entry, error) {
	list, ok := idx.Entries[chart]
	if !ok {
		err := fmt.Errorf("the repository has no chart %s", chart)
		if near := render.Nearest(chart, slices.Sorted(maps.Keys(idx.Entries))); near != "" {
			return nil, hinted("did you mean "+near+"?", err)
		}
		return nil, err
	}
	if list.err != nil {
		return nil, fmt.Errorf("parsing the versions of %s in %s: %w", chart, indexFile, list.err)
	}
	return list.versions, nil
}

// versions lists the versions of a chart.
func (idx index) versions(chart string) ([]string, error) {
	all, err := idx.list(chart)
	var versions []string
	for _, e := range all {
		versions = append(versions, e.Version)
	}
	return versions, err
}

// pick finds the one entry of a chart at a version, or the highest that a range admits. A leading "v" counts on neither
// side: charts of both spellings are common, and helm's lookup accepts both.
func (idx index) pick(chart, version string) (entry, error) {
	all, err := idx.list(chart)
	if err != nil {
		return entry{}, err
	}
	if !isExact(version) {
		if version, err = highest(version, versionsOf(all)); err != nil {
			return entry{}, fmt.Errorf("chart %s: %w", chart, err)
		}
	}
	var found entry
	for _, e := range all {
		switch {
		case !sameVersion(e.Version, version) || e.Version == found.Version && e.Digest == found.Digest:
		case found.Version == e.Version:
			return entry{}, fmt.Errorf("the index lists %s %s twice, with different digests", chart, e.Version)
		case found.Version == "" || e.Version == version:
			found = e
		}
	}
	near := around(version, versionsOf(all))
	switch {
	case found.Version == "" && len(near) == 0:
		return entry{}, hinted("check the name of the chart and the URL of the repository; a version may also have been withdrawn",
			fmt.Errorf("the repository lists the chart %s without any version; asked %s", chart, version))
	case found.Version == "":
		return entry{}, hinted("write one of these versions",
			fmt.Errorf("%s has %s; asked %s", chart, strings.Join(near, ", "), version))
	case len(found.URLs) == 0:
		return entry{}, fmt.Errorf("the index has no address for %s %s", chart, found.Version)
	}
	found.Name = chart
	return found, nil
}

func versionsOf(all []entry) []string {
	var list []string
	for _, e := range all {
		list = append(list, e.Version)
	}
	return list
}

// isExact says whether a version is one and no range: a full semantic version, with or without a leading "v".
func isExact(version string) bool {
	_, err := semver.StrictNewVersion(strings.TrimPrefix(version, "v"))
	return err == nil
}

// highest gives the highest version that a range admits, as helm does (pkg/repo, IndexFile.Get): a pre-release counts
// only where the range names one. What is no version is passed over.
func highest(constraint string, all []string) (string, error) {
	accepts, err := semver.NewConstraint(constraint)
	if err != nil || strings.TrimSpace(constraint) == "" {
		return "", hinted("write a version like 1.2.3, or a range like ^1.2", fmt.Errorf("%q is neither a version nor a range", constraint))
	}
	var have, fit []*semver.Version
	for _, text := range all {
		v, err := semver.NewVersion(text)
		if err != nil {
			continue
		}
		have = append(have, v)
		if accepts.Check(v) {
			fit = append(fit, v)
		}
	}
	if len(fit) > 0 {
		return slices.MaxFunc(fit, byPrecedence).Original(), nil
	}
	slices.SortFunc(have, byPrecedence)
	var last []string
	for _, v := range have[max(0, len(have)-4):] {
		last = append(last, v.Original())
	}
	if len(last) == 0 {
		return "", fmt.Errorf("there is no version at all; asked %s", constraint)
	}
	return "", hinted("pre-releases count only for a range that names one, like >=1.0.0-0",
		fmt.Errorf("there is no version in the range %q; the highest are %s", constraint, strings.Join(last, ", ")))
}

// byPrecedence is semver's order, made total: build metadata by its text, and of two spellings the one without "v" last.
func byPrecedence(a, b *semver.Version) int {
	if n := a.Compare(b); n != 0 {
		return n
	}
	if n := strings.Compare(a.Metadata(), b.Metadata()); n != 0 {
		return n
	}
	return strings.Compare(b.Original(), a.Original())
}

// sameVersion compares as text; build metadata ("+1") counts, which it does not in semver's own order.
func sameVersion(a, b string) bool { return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v") }

// around gives the versions nearest to one that is not there: up to two below it and two above, oldest first.
// An index without a readable version of the chart gives none.
func around(version string, all []string) []string {
	asked, err := semver.NewVersion(version)
	if err != nil { // a range of several parts: the newest are the best guess
		asked = semver.New(math.MaxUint64, 0, 0, "", "")
	}
	var have []*semver.Version
	for _, text := range all {
		if v, err := semver.NewVersion(text); err == nil {
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
