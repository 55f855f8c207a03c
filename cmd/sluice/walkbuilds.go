package main

import (
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
	"sluice/validate"
)

// build is what the file of a kustomization says of its neighbours. Paths are those of the walk.
type build struct {
	dir       string
	component bool
	dirs      []string // that it builds upon
	files     []string // that it reads: resources, patches, values of charts, what generators take
	charts    string   // the directory that charts of helmCharts are kept in, or ""
}

// The fields of a kustomization that name files, and those of them that name directories too (api/types/kustomization.go of
// kubernetes-sigs/kustomize).
var (
	buildDirs  = []string{"resources", "bases", "components", "generators", "transformers", "validators"}
	buildFiles = []string{
		"patches", "patchesStrategicMerge", "patchesJson6902", "crds", "configurations", "openapi", "replacements",
		"configMapGenerator", "secretGenerator", "helmCharts",
	}
)

// readBuild reads the file of a kustomization; one that is broken says nothing, and its engine says why.
func (b *browse) readBuild(at string) build {
	out := build{dir: path.Dir(at)}
	// To open a named pipe would wait for who writes it.
	if stat, err := os.Stat(b.name(at)); err != nil || !stat.Mode().IsRegular() {
		return out
	}
	text, err := os.ReadFile(b.name(at))
	var top struct {
		Kind        string
		HelmGlobals struct {
			ChartHome string `yaml:"chartHome"`
		} `yaml:"helmGlobals"`
		Rest map[string]yaml.Node `yaml:",inline"`
	}
	if err != nil || yaml.Unmarshal(text, &top) != nil {
		return out
	}
	out.component = top.Kind == "Component"
	for _, field := range buildDirs {
		node := top.Rest[field]
		for _, word := range words(&node, nil) {
			out.dirs = append(out.dirs, path.Join(out.dir, word))
		}
	}
	out.files = slices.Clone(out.dirs)
	for _, field := range buildFiles {
		node := top.Rest[field]
		for _, word := range words(&node, nil) {
			_, named, _ := strings.Cut(word, "=") // key=path of a generator
			out.files = append(out.files, path.Join(out.dir, word), path.Join(out.dir, named))
		}
	}
	if node := top.Rest["helmCharts"]; len(node.Content) > 0 {
		home := top.HelmGlobals.ChartHome
		if home == "" {
			home = "charts"
		}
		out.charts = path.Join(out.dir, home)
	}
	return out
}

// words lists the scalars of a document that could be paths.
func words(n *yaml.Node, list []string) []string {
	if n.Kind == yaml.ScalarNode && n.Value != "" && !strings.Contains(n.Value, "\n") {
		list = append(list, n.Value)
	}
	for _, child := range n.Content {
		list = words(child, list)
	}
	return list
}

// settleBuilds takes out of the plain manifests what a kustomization reads, and out of the units what is judged as a part of
// another one: the charts that a kustomization inflates, and what a kustomization builds upon, as a base may be whole only
// with what an overlay adds. A Component that nobody names is unchecked.
func (b *browse) settleBuilds() {
	builds := map[string]build{}
	read, below := map[string]bool{}, map[string]bool{}
	var homes []string
	for _, at := range b.builds {
		of := b.readBuild(at)
		builds[of.dir] = of
		for _, file := range of.files {
			read[file] = true
		}
		for _, dir := range of.dirs {
			below[dir] = true
		}
		if of.charts != "" {
			homes = append(homes, of.charts+"/")
		}
	}
	b.plain = slices.DeleteFunc(b.plain, func(f render.File) bool { return read[f.Path] })
	built := map[string]bool{}
	for _, u := range b.units {
		if of := builds[u.path]; !below[u.path] && !of.component {
			reach(builds, u.path, built)
		}
	}
	b.units = slices.DeleteFunc(b.units, func(u unit) bool {
		of, is := builds[u.path]
		if is && of.component && !below[u.path] {
			b.unchecked = append(b.unchecked, validate.Unchecked{
				App: b.name(u.path), What: "the whole of it", Why: "it is a Component, which is a part of the kustomizations that name it alone, and none does",
			})
			return true
		}
		return is && below[u.path] && built[u.path] ||
			!is && slices.ContainsFunc(homes, func(home string) bool { return strings.HasPrefix(u.path, home) })
	})
}

// reach marks what a kustomization builds upon. Those of a circle are reached from nowhere, and fail on their own.
func reach(builds map[string]build, from string, built map[string]bool) {
	for _, dir := range builds[from].dirs {
		if _, is := builds[dir]; is && !built[dir] {
			built[dir] = true
			reach(builds, dir, built)
		}
	}
}
