package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	sigsyaml "sigs.k8s.io/yaml"

	"sluice/render"
)

// The ways to join valuesInline with the values file (kustomize types/helmchartargs.go).
const (
	mergeOverride = "override" // inline wins; the default
	mergeMerge    = "merge"    // the file wins
	mergeReplace  = "replace"  // the file is not read
)

// checkMerge fails for an unknown valuesMerge.
func (c *chart) checkMerge() error {
	legal := []string{mergeMerge, mergeOverride, mergeReplace}
	if c.ValuesMerge == "" {
		c.ValuesMerge = mergeOverride
	}
	if !slices.Contains(legal, c.ValuesMerge) {
		return &render.Error{
			Err:  fmt.Errorf("valuesMerge %q of chart %s is unknown", c.ValuesMerge, c.Name),
			Hint: "It is one of " + strings.Join(legal, ", ") + ".",
		}
	}
	return nil
}

// values gives what the generator passes to helm: one values file, then the additional ones. The first is the file
// named, or else the chart's own values.yaml, joined with valuesInline. Files, not values already decoded, because
// helm reads numbers and nulls of a file in its own way.
func (b *build) values(k *kustomization, c chart, tree render.Tree) (render.Values, memory, error) {
	name, text, err := b.mainValues(k, c, tree)
	if err != nil {
		return render.Values{}, nil, err
	}
	files := memory{path.Clean(name): text}
	list := []string{name}
	for _, file := range c.AdditionalValuesFiles {
		text, err := b.valuesFile(k, c, tree, file)
		if err != nil {
			return render.Values{}, nil, err
		}
		name := "additional/" + b.show(path.Join(k.dir, file))
		files[path.Clean(name)] = text
		list = append(list, name)
	}
	return render.Values{Files: list}, files, nil
}

// mainValues gives the first values file and a name for messages.
func (b *build) mainValues(k *kustomization, c chart, tree render.Tree) (string, []byte, error) {
	if len(c.ValuesInline) > 0 && c.ValuesMerge == mergeReplace {
		text, err := sigsyaml.Marshal(c.ValuesInline)
		return k.shown + "/valuesInline", text, err
	}
	name := b.show(path.Join(k.dir, c.ValuesFile))
	if r := b.remoteFile(c.ValuesFile); r != nil {
		name = r.name
	}
	text, err := []byte(nil), error(nil)
	if c.ValuesFile == "" {
		name = path.Join(c.Name, "values.yaml")
		text, err = b.chartValues(k, c, tree)
	} else {
		text, err = b.valuesFile(k, c, tree, c.ValuesFile)
	}
	if err != nil {
		return "", nil, err
	}
	if len(c.ValuesInline) == 0 {
		return clean(name), text, nil
	}
	text, err = c.join(text)
	if err != nil {
		return "", nil, fmt.Errorf("joining valuesInline with %s: %w", name, err)
	}
	return clean(name) + "/with-valuesInline", text, nil
}

// clean makes a name that fs.FS accepts once it is clean; the address of a repository keeps its slashes for messages.
func clean(name string) string { return strings.TrimLeft(name, "./") }

// chartValues gives the chart's own values.yaml, which kustomize insists on, and reads only below the kustomization.
func (b *build) chartValues(k *kustomization, c chart, tree render.Tree) ([]byte, error) {
	home := path.Join(k.dir, c.ChartHome)
	if dir, file, err := b.view.CleanedAbs(home); err == nil && file == "" {
		home = dir.String()
	}
	if !within(home, k.dir) {
		return nil, &render.Error{
			Err: fmt.Errorf("chartHome %s is not in or below the directory of the kustomization, "+
				"so kustomize %s does not read the chart's values.yaml", c.ChartHome, Version),
			Hint: "name a file of the kustomization in valuesFile, or move the charts below it",
		}
	}
	text, ok := fileOf(tree, "values.yaml")
	if !ok {
		return nil, &render.Error{
			Err:  fmt.Errorf("chart %s has no values.yaml, and kustomize %s needs a values file", c.Name, Version),
			Hint: "name one in valuesFile, or set valuesInline with valuesMerge: replace",
		}
	}
	return text, nil
}

// fileOf finds a file of a chart.
func fileOf(tree render.Tree, name string) ([]byte, bool) {
	for _, f := range tree.Files {
		if f.Path == name {
			return f.Data, true
		}
	}
	return nil, false
}

// valuesFile reads a values file of the kustomization. One inside the directory where kustomize unpacks the chart is
// read from the verified chart instead.
func (b *build) valuesFile(k *kustomization, c chart, tree render.Tree, file string) ([]byte, error) {
	unpacked := path.Join(c.ChartHome, c.Name+"-"+c.Version, c.Name)
	if inside, ok := strings.CutPrefix(path.Clean(file), unpacked+"/"); ok && c.Repo != "" {
		text, ok := fileOf(tree, inside)
		if !ok {
			return nil, fmt.Errorf("chart %s %s has no file %s", c.Name, c.Version, inside)
		}
		return text, nil
	}
	return b.load(k, "values file", file)
}

// join merges valuesInline and the text of a values file with kustomize's own functions, so that nulls, lists and
// anchors end up the same (HelmChartInflationGenerator.go, replaceValuesInline).
func (c chart) join(text []byte) ([]byte, error) {
	krustyLock.Lock()
	defer krustyLock.Unlock()
	file, err := yaml.Parse(string(text))
	if errors.Is(err, io.EOF) {
		return nil, &render.Error{
			Err:  fmt.Errorf("the file has no values, and kustomize %s cannot merge with that", Version),
			Hint: "set valuesMerge: replace, or write {} into the file",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	inline, err := yaml.FromMap(c.ValuesInline)
	if err != nil {
		return nil, fmt.Errorf("reading valuesInline: %w", err)
	}
	from, onto := inline, file
	if c.ValuesMerge == mergeMerge {
		from, onto = file, inline
	}
	merged, err := merge2.Merge(from, onto.Copy(), yaml.MergeOptions{})
	if err != nil {
		return nil, err
	}
	values, err := merged.Map()
	if err != nil {
		return nil, err
	}
	return sigsyaml.Marshal(values)
}

// memory is a file system of a few files in memory, by clean name.
type memory map[string][]byte

// Open opens a file for reading.
func (m memory) Open(name string) (fs.File, error) {
	text, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{Reader: bytes.NewReader(text), name: path.Base(name)}, nil
}

// ReadFile gives a copy of a file's content.
func (m memory) ReadFile(name string) ([]byte, error) {
	text, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return bytes.Clone(text), nil
}

// memoryFile is an open file of a memory, and its own FileInfo.
type memoryFile struct {
	*bytes.Reader
	name string
}

// Stat describes the file.
func (f *memoryFile) Stat() (fs.FileInfo, error) { return f, nil }

// Close does nothing.
func (f *memoryFile) Close() error { return nil }

// Name gives the last element of the path.
func (f *memoryFile) Name() string { return f.name }

// Size gives the length in bytes.
func (f *memoryFile) Size() int64 { return f.Reader.Size() }

// Mode says that the file is a regular one, for reading.
func (f *memoryFile) Mode() fs.FileMode { return 0o444 }

// ModTime gives the zero time: the file never was on a disk.
func (f *memoryFile) ModTime() time.Time { return time.Time{} }

// IsDir reports false.
func (f *memoryFile) IsDir() bool { return false }

// Sys gives nil.
func (f *memoryFile) Sys() any { return nil }
