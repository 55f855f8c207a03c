package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	kv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"sluice/render"
)

// draft is what the walk of an external build gathers for the private copy, beside the files that the view has read.
type draft struct {
	// versioned says that this kustomize looks for a chart of a repository in a directory that has its version in its name
	// (since 5.3.0, HelmChartInflationGenerator.go, absChartHome; kustomize issue 4813).
	versioned bool
	refuse    func(chart) error // why no chart can be inflated; nil where one can
	prepare   func(render.Tree) render.Tree
	charts    map[string]render.Tree // by directory in the view
	dirs      []string               // every directory visited
	plugins   [][]byte               // settings of generators and transformers, which name files
}

// edit is a scalar of a kustomization that has to change in the copy.
type edit struct {
	field, from, to string
	keys            []string // the keys in the field that may hold it; any where there are none
}

// swap remembers a change of an entry of a field, which the caller has made in the decoded kustomization.
func (k *kustomization) swap(field, from, to string, keys ...string) {
	k.edits = append(k.edits, edit{field, from, to, keys})
	k.changed = true
}

// sketch takes a kustomization into the copy: the files that it names, and its text, with the changes.
func (b *build) sketch(k *kustomization) error {
	b.draft.dirs = append(b.draft.dirs, k.dir)
	for _, load := range k.loads() {
		// A patch may be text instead of a name. A file that is missing is for kustomize to refuse.
		if load.file == "" || strings.Contains(load.file, "\n") || isURL(load.file) || path.IsAbs(load.file) {
			continue
		}
		if _, err := b.load(k, load.field, load.file); err != nil && b.view.denied != nil {
			return err
		}
	}
	if k.HelmGlobals != nil && k.HelmGlobals.ConfigHome != "" {
		// Helm would read what lies there; here it gets a directory of its own, which is empty.
		home := k.HelmGlobals.ConfigHome
		k.HelmGlobals.ConfigHome = ownHelmHome
		k.swap("helmGlobals", home, ownHelmHome, "configHome")
		k.swap("helmChartInflationGenerator", home, ownHelmHome, "helmHome")
	}
	if !k.changed {
		return nil
	}
	text, err := k.rewritten()
	if err != nil {
		return k.failHint(fmt.Errorf("rewriting the kustomization: %w", err), "write its addresses out: without anchors, each once")
	}
	b.view.overlay[path.Join(k.dir, k.file)] = text
	return nil
}

// rewritten gives the text of the kustomization with the edits made, and nothing else: an older kustomize reads some
// fields in another way, so the decoded form is not written out. It is the measure of what must come out.
func (k *kustomization) rewritten() ([]byte, error) {
	want, err := yaml.Marshal(k.Kustomization)
	if err != nil {
		return nil, err
	}
	if k.node == nil || len(k.node.Content) != 1 {
		return nil, errors.New("it is not one YAML document")
	}
	top := k.node.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		for _, e := range k.edits {
			// bases is the old name of resources (types/kustomization.go, FixKustomization).
			if name := top.Content[i].Value; name == e.field || name == "bases" && e.field == "resources" {
				e.apply(top.Content[i+1], "")
			}
		}
	}
	var out bytes.Buffer
	encoder := kv3.NewEncoder(&out)
	if err := encoder.Encode(k.node); err != nil {
		return nil, err
	}
	var again types.Kustomization
	if err := again.Unmarshal(out.Bytes()); err != nil {
		return nil, err
	}
	again.FixKustomization()
	if got, err := yaml.Marshal(again); err != nil || !bytes.Equal(got, want) {
		return nil, errors.New("it does not read back the same")
	}
	return out.Bytes(), nil
}

// apply changes the scalars of a field that are the entry.
func (e edit) apply(n *kv3.Node, key string) {
	if n.Kind == kv3.ScalarNode && n.Value == e.from && (len(e.keys) == 0 || slices.Contains(e.keys, key)) {
		n.SetString(e.to)
	}
	for i, c := range n.Content {
		if n.Kind == kv3.MappingNode {
			if i%2 == 0 {
				continue
			}
			key = n.Content[i-1].Value
		}
		e.apply(c, key)
	}
}

// placeChart puts a chart into the copy, where this kustomize looks for it before it would pull.
func (b *build) placeChart(k *kustomization, c chart, tree render.Tree) error {
	if path.IsAbs(c.ChartHome) || filepath.IsAbs(c.ChartHome) {
		return &render.Error{Err: fmt.Errorf("chartHome %q is an absolute path", c.ChartHome), Hint: "write it relative to the kustomization"}
	}
	if len(tree.Links) > 0 {
		return fmt.Errorf("chart %s: %s leads out of the chart or to nothing", c.Name, tree.Links[0])
	}
	if r := b.remoteFile(c.ValuesFile); r != nil {
		name := b.put(k, r)
		for i := range k.HelmCharts {
			if k.HelmCharts[i].ValuesFile == c.ValuesFile {
				k.HelmCharts[i].ValuesFile = name
			}
		}
		k.swap("helmCharts", c.ValuesFile, name, "valuesFile")
		k.swap("helmChartInflationGenerator", c.ValuesFile, name, "values")
	}
	dir, err := b.homeOf(k, c)
	if err != nil {
		return err
	}
	if b.draft.prepare != nil {
		tree = b.draft.prepare(tree)
	}
	same := func(x, y render.File) bool { return x.Path == y.Path && bytes.Equal(x.Data, y.Data) }
	if have, ok := b.draft.charts[dir]; ok && !slices.EqualFunc(have.Files, tree.Files, same) {
		return &render.Error{
			Err:  fmt.Errorf("two charts belong at %s, and this kustomize would take the first for both", b.show(dir)),
			Hint: "give each entry a folder of its own with helmGlobals.chartHome in a kustomization of its own, or use kustomize 5.3.0 or newer",
		}
	}
	b.draft.charts[dir] = tree
	b.out.Inputs = append(b.out.Inputs, tree.Inputs...)
	b.charted = true
	return nil
}

// homeOf gives the directory in the view where this kustomize looks for a chart.
func (b *build) homeOf(k *kustomization, c chart) (string, error) {
	if c.Repo == "" {
		dir, _, err := b.resolve(k, path.Join(c.ChartHome, c.Name))
		return b.view.actual(dir.String()), err
	}
	home, err := b.view.inside(k.dir, c.ChartHome)
	if err != nil {
		return "", err
	}
	if place, info, err := b.view.stat(home); err == nil && info.IsDir() {
		home = place
	}
	below := c.Name
	if b.draft.versioned {
		below = path.Join(c.Name+"-"+c.Version, c.Name)
	}
	return b.view.inside(home, below)
}

// readPlugins takes the files into the copy that settings of generators and transformers name. Which kustomization's
// directory a name is relative to depends on who lists the settings, so it is tried in each.
func (b *build) readPlugins() {
	denied := b.view.denied
	for _, text := range b.draft.plugins {
		docs := kv3.NewDecoder(bytes.NewReader(text))
		for {
			var doc kv3.Node
			if docs.Decode(&doc) != nil {
				break // checkPlugin has decoded all of them
			}
			b.readNamed(&doc, "")
		}
	}
	// An attempt to leave a tree is refused here by leaving the file out of the copy.
	b.view.denied = denied
}

// readNamed reads the files that a node names.
func (b *build) readNamed(n *kv3.Node, key string) {
	if n.Kind == kv3.ScalarNode && slices.Contains(pluginFiles, key) && !strings.Contains(n.Value, "\n") {
		_, file := keyOf(n.Value)
		for _, dir := range b.draft.dirs {
			for _, name := range []string{n.Value, file} {
				place := path.Join(dir, name)
				if name != "" && b.view.mountOf(place) == b.view.mountOf(dir) && b.view.Exists(place) && !b.view.IsDir(place) {
					_, _ = b.view.ReadFile(place) // kustomize names the file where it cannot be read
				}
			}
		}
	}
	for i, c := range n.Content {
		name := key
		if n.Kind == kv3.MappingNode {
			if i%2 == 0 {
				continue
			}
			name = n.Content[i-1].Value
		}
		b.readNamed(c, name)
	}
}

// contents gives every file of the copy by its place in the view.
func (b *build) contents() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, from := range []map[string][]byte{b.view.files, b.view.fetched} {
		for place, text := range from {
			files[place] = text
		}
	}
	for dir, tree := range b.draft.charts {
		for _, f := range tree.Files {
			files[path.Join(dir, f.Path)] = f.Data
		}
	}
	for place, text := range b.view.overlay {
		files[place] = text
	}
	size := 0
	for _, text := range files {
		size += len(text)
	}
	if size > maxCopy {
		return nil, fmt.Errorf("what the build reads is %d MiB, more than %d", size>>20, maxCopy>>20)
	}
	return files, nil
}

// linksOf gives the links that lead from place to place in the copy: those that were followed. One in or above a file of
// the copy is not there, because the file lies at its own place.
func (b *build) linksOf(files map[string][]byte) map[string]string {
	links := map[string]string{}
	for place, to := range b.view.links {
		inChart := false
		for dir := range b.draft.charts {
			inChart = inChart || within(place, dir)
		}
		if !inChart {
			links[place] = to
		}
	}
	for place := range files {
		for ; place != "/"; place = path.Dir(place) {
			delete(links, place)
		}
	}
	return links
}

// ownHelmHome is the home of helm's settings, relative to the working directory.
const ownHelmHome = "../" + sandboxHome + "/helm"

// maxCopy bounds the bytes of a private copy.
const maxCopy = 1 << 30
