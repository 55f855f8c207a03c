package kustomize

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"sluice/render"
)

// ruleVendored is the rule that a vendored copy of a chart breaks by being another one.
const ruleVendored = "[vendored-chart]"

// exact is a complete version.
var exact = regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// vendored is a copy of a chart in the folder of charts beside its kustomization.
type vendored struct {
	place string // in the view
	pack  bool   // an archive, else a directory
	claim string // the version in its name or Chart.yaml; empty where there is none
	want  string // the version that was fetched
}

// checkVendored holds what lies in chartHome under the name of a chart of a repository to the chart that was fetched.
// kustomize takes <chartHome>/<name>-<version>/<name> where it is a directory and never looks inside
// (HelmChartInflationGenerator.go, chartExistsLocally; kustomize issue 5271), and a cluster that renders without this
// program would get it. An equal copy is ignored. A copy of another version is an error as well where the folder is the
// kustomization's own: kustomize does not take it now, and would for an entry of that version.
func (b *build) checkVendored(k *kustomization, c chart, tree render.Tree) error {
	copies, err := b.copies(k, c)
	if err != nil {
		return fmt.Errorf("looking for copies of chart %s: %w", c.Name, err)
	}
	version := cmp.Or(versionOf(tree.Files), c.Version)
	for _, v := range copies {
		v.want = version
		other := v.claim != "" && v.claim != c.Version && v.claim != version
		if other && slices.ContainsFunc(k.HelmCharts, c.sibling(v.claim)) {
			continue
		}
		switch {
		case v.pack && other:
			err = b.differs(v.place, c, v, "it is of another version")
		case v.pack:
			err = b.checkArchive(v, c, tree)
		default:
			err = b.checkFolder(v, c, tree)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sibling finds another entry of the same chart that asks for the version given, or takes the chart from the folder.
func (c chart) sibling(version string) func(types.HelmChart) bool {
	return func(e types.HelmChart) bool { return e.Name == c.Name && e.Version == version }
}

// copies lists what has the chart's name in chartHome: archives and folders of a version, and the folder of the bare name.
func (b *build) copies(k *kustomization, c chart) ([]vendored, error) {
	home, err := b.view.inside(k.dir, c.ChartHome)
	if err != nil {
		return nil, err
	}
	place, found, err := b.view.stat(home)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !found.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := b.view.mountOf(place)
	entries, err := fs.ReadDir(m.fsys, cmp.Or(m.rel(place), "."))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", b.show(place), pathless(err))
	}
	own := within(place, b.view.actual(k.dir))
	unversioned := !slices.ContainsFunc(k.HelmCharts, func(e types.HelmChart) bool { return e.Name == c.Name && e.Repo == "" })
	var list []vendored
	for _, e := range entries {
		at := path.Join(home, e.Name())
		rest, ok := strings.CutPrefix(e.Name(), c.Name+"-")
		version, packed := strings.CutSuffix(rest, ".tgz")
		named := ok && (version == c.Version || own && exact.MatchString(version))
		switch {
		case packed && named && !b.view.IsDir(at):
			list = append(list, vendored{place: at, pack: true, claim: version})
		case named && b.view.IsDir(path.Join(at, c.Name)):
			list = append(list, vendored{place: path.Join(at, c.Name), claim: rest})
			if file := path.Join(at, e.Name()+".tgz"); b.view.Exists(file) && !b.view.IsDir(file) {
				list = append(list, vendored{place: file, pack: true, claim: rest})
			}
		// Older releases of kustomize look here for charts of repositories too.
		case e.Name() == c.Name && unversioned && own && b.view.IsDir(at):
			list = append(list, vendored{place: at})
		}
	}
	return list, b.view.denied
}

// checkArchive compares the bytes of a packed copy with those that were fetched.
func (b *build) checkArchive(v vendored, c chart, tree render.Tree) error {
	text, err := b.bytesOf(v.place)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	if slices.ContainsFunc(tree.Inputs, func(in render.Input) bool { return in.Digest == digest }) {
		return nil
	}
	return b.differs(v.place, c, v, "its bytes are others, of "+digest)
}

// bytesOf reads a file that is no input of the build.
func (b *build) bytesOf(p string) ([]byte, error) {
	place, _, err := b.view.stat(p)
	if err != nil {
		return nil, err
	}
	m := b.view.mountOf(place)
	text, err := fs.ReadFile(m.fsys, m.rel(place))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", b.show(place), pathless(err))
	}
	return text, nil
}

// checkFolder compares the files of an unpacked copy with those that were fetched.
func (b *build) checkFolder(v vendored, c chart, tree render.Tree) error {
	have, err := b.view.list(v.place)
	if err != nil {
		return err
	}
	v.claim = cmp.Or(versionOf(have), v.claim, "without version")
	for _, want := range tree.Files {
		text, ok := fileOf(render.Tree{Files: have}, want.Path)
		if !ok {
			return b.differs(path.Join(v.place, want.Path), c, v, "the file is missing")
		}
		if !bytes.Equal(unmarked(text), unmarked(want.Data)) {
			return b.differs(path.Join(v.place, want.Path), c, v, "the file is another")
		}
	}
	for _, f := range have {
		if _, ok := fileOf(tree, f.Path); !ok {
			return b.differs(path.Join(v.place, f.Path), c, v, "the chart has no such file")
		}
	}
	return nil
}

// unmarked takes the byte order mark off, as helm does when it unpacks (pkg/chart/loader, LoadArchiveFiles).
func unmarked(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// differs is the error for a copy.
func (b *build) differs(file string, c chart, v vendored, how string) error {
	return &render.Error{
		Pos: render.Position{File: b.show(file)},
		Err: fmt.Errorf("the copy of chart %s %s is not the chart %s that %s gives: %s %s",
			c.Name, v.claim, v.want, plain(c.Repo), how, ruleVendored),
		Hint: "delete the copy: the chart is read from its repository; a kustomize elsewhere would take the copy without a word",
	}
}

// versionOf gives the version in a chart's Chart.yaml, or "".
func versionOf(files []render.File) string {
	var meta struct {
		Version string `json:"version"`
	}
	text, _ := fileOf(render.Tree{Files: files}, "Chart.yaml")
	if yaml.Unmarshal(text, &meta) != nil {
		return ""
	}
	return meta.Version
}

// innerChart gives a chart that lies in a fetched repository. One with subcharts is refused: which of them belong to it
// is for the reader of sources to say, and it reads the stack.
func (b *build) innerChart(source render.Source, dir string) (render.Tree, error) {
	files, err := b.view.list(dir)
	if err != nil {
		return render.Tree{}, err
	}
	var meta struct {
		Dependencies []any `json:"dependencies"`
	}
	text, ok := fileOf(render.Tree{Files: files}, "Chart.yaml")
	if err := yaml.Unmarshal(text, &meta); !ok || err != nil {
		return render.Tree{}, fmt.Errorf("%s has no Chart.yaml that can be read", source)
	}
	_, old := fileOf(render.Tree{Files: files}, "requirements.yaml")
	below := slices.ContainsFunc(files, func(f render.File) bool { return strings.HasPrefix(f.Path, "charts/") })
	if len(meta.Dependencies) > 0 || old || below {
		return render.Tree{}, &render.Error{
			Err:  fmt.Errorf("%s has dependencies, and such a chart is not rendered out of a remote base", source),
			Hint: "name the chart's repository with repo and version, or copy the base and the chart into the stack",
		}
	}
	return render.Tree{Name: source.String(), Origin: source.Path, Files: files}, nil
}

// checkDeclared holds a chart that lies in the folder of charts to the version that its entry states. Kustomize takes
// whatever is there (HelmChartInflationGenerator.go, absChartHome), and a stale copy renders to other objects.
func (c chart) checkDeclared(files []render.File, at string) error {
	have := versionOf(files)
	if c.Version == "" || strings.TrimPrefix(have, "v") == strings.TrimPrefix(c.Version, "v") {
		return nil
	}
	if accepts, err := semver.NewConstraint(c.Version); err == nil {
		if v, err := semver.NewVersion(have); err == nil && accepts.Check(v) {
			return nil
		}
	}
	return &render.Error{
		Err:  fmt.Errorf("%s holds %s %s, the entry asks for %s %s", path.Join(at, "Chart.yaml"), c.Name, have, c.Version, ruleVendored),
		Hint: "put the version there that is asked for, or leave version out: kustomize takes the chart that is there",
	}
}
