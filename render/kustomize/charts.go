package kustomize

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"sluice/render"
)

// chart is one entry of helmCharts, as kustomize hands it to its generator.
type chart struct {
	types.HelmGlobals
	types.HelmChart
}

// inflateAll renders the charts of a kustomization and gives the objects of each as text. All entries are configured
// before the first is rendered, as in kustomize.
func (b *build) inflateAll(ctx context.Context, v visit, k *kustomization) ([][]byte, error) {
	charts := make([]chart, len(k.HelmCharts))
	for i := range charts {
		var err error
		if charts[i], err = b.settings(v, k, i); err != nil {
			return nil, k.inChart(i, err)
		}
	}
	texts := make([][]byte, len(charts))
	for i, c := range charts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if texts[i], err = b.inflate(ctx, k, c); err != nil {
			return nil, k.inChart(i, err)
		}
	}
	return texts, nil
}

// inChart adds the entry of helmCharts to an error, and its line where the error has none in this file.
func (k *kustomization) inChart(i int, err error) error {
	err = fmt.Errorf("helmCharts: %w", err)
	if e, ok := errors.AsType[*render.Error](err); ok && e.Pos.File == k.shown {
		return err
	}
	return k.entryAt("helmCharts", i).wrap(err)
}

// replaceCharts puts a component in the place of the charts that yields their objects. The component lies beside the
// kustomization and shows the same files, so that the generators of the kustomization can move into it: kustomize runs
// them after the charts.
func (b *build) replaceCharts(k *kustomization, texts [][]byte) error {
	component := types.Kustomization{
		TypeMeta:   types.TypeMeta{APIVersion: types.ComponentVersion, Kind: types.ComponentKind},
		Generators: k.Generators,
	}
	dir := b.addAlias(k.dir)
	for i, text := range texts {
		if len(text) == 0 {
			continue
		}
		name := aliasPrefix + strconv.Itoa(i) + ".yaml"
		b.view.overlay[path.Join(dir, name)] = text
		component.Resources = append(component.Resources, name)
	}
	k.HelmCharts, k.changed = nil, true
	// The globals stay, so that a kustomization of charts alone does not become an empty one, which is an error.
	if k.HelmGlobals == nil {
		k.HelmGlobals = &types.HelmGlobals{ChartHome: types.HelmDefaultHome}
	}
	if len(component.Resources)+len(component.Generators) == 0 {
		return nil
	}
	k.Generators = nil
	k.Components = append([]string{path.Join("..", path.Base(dir))}, k.Components...)
	text, err := yaml.Marshal(component)
	if err != nil {
		return k.fail(fmt.Errorf("rewriting the kustomization: %w", err))
	}
	b.view.overlay[path.Join(dir, k.file)] = text
	return nil
}

// inflate renders one entry of helmCharts and gives its objects, ready to be read by kustomize. A walk fetches and checks
// what it needs and gives none.
func (b *build) inflate(ctx context.Context, k *kustomization, c chart) ([]byte, error) {
	if b.engine.Fetch == nil || b.engine.Template == nil && !b.walk {
		return nil, fmt.Errorf("chart %s: this build has no helm engine", c.Name)
	}
	if b.draft != nil && b.draft.refuse != nil {
		return nil, b.draft.refuse(c)
	}
	source, tree, err := b.chart(ctx, k, c)
	if err != nil {
		return nil, err
	}
	if isURL(c.ValuesFile) && c.ValuesMerge != mergeReplace {
		if _, err := b.file(ctx, entry{at: k.at("helmCharts", c.ValuesFile), field: "valuesFile", text: c.ValuesFile}); err != nil {
			return nil, err
		}
	}
	values, files, err := b.values(k, c, tree)
	if err != nil {
		return nil, fmt.Errorf("values of %s: %w", source, err)
	}
	name, err := c.releaseName()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	if b.draft != nil {
		return nil, b.placeChart(k, c, tree)
	}
	if b.walk {
		return nil, nil
	}
	out, err := b.engine.Template(ctx, render.Release{
		Name: name, Namespace: c.Namespace, Chart: tree, Values: values, Dir: files,
		Capabilities: render.Capabilities{
			KubeVersion: strings.TrimPrefix(c.KubeVersion, "v"), APIVersions: b.served(c),
		},
		SkipCRDs: !c.IncludeCRDs, SkipTests: c.SkipTests, SkipHooks: c.SkipHooks,
	})
	if err != nil {
		return nil, err
	}
	b.out.Inputs = append(b.out.Inputs, tree.Inputs...)
	for _, in := range out.Inputs {
		// The files of a repository are one input, which is there already.
		if _, ok := files[in.Name]; !ok || !b.view.mountOf(k.dir).remote() {
			b.out.Inputs = append(b.out.Inputs, in)
		}
	}
	b.out.Unchecked = addNew(b.out.Unchecked, out.Unchecked)
	b.out.Random = addNew(b.out.Random, out.Random)
	b.out.AsksAPIs = b.out.AsksAPIs || out.AsksAPIs
	b.watch(source.String(), out.YAML)
	text, err := b.take(k, out.YAML)
	if err != nil {
		return nil, fmt.Errorf("output of %s: %w", source, err)
	}
	return text, nil
}

// chart reads the chart of an entry.
func (b *build) chart(ctx context.Context, k *kustomization, c chart) (render.Source, render.Tree, error) {
	source, dir, err := b.source(k, c)
	if err != nil {
		return source, render.Tree{}, err
	}
	if dir != "" && b.view.mountOf(dir).remote() {
		tree, err := b.innerChart(source, dir)
		if err == nil {
			err = c.checkDeclared(tree.Files, b.show(dir))
		}
		return source, tree, err
	}
	tree, err := b.engine.Fetch(ctx, source)
	switch {
	case err != nil:
	case c.Repo != "":
		err = b.checkVendored(k, c, tree)
	default:
		err = c.checkDeclared(tree.Files, b.show(dir))
	}
	return source, tree, err
}

// addNew appends what is not in the list yet.
func addNew(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// settings gives an entry the way the generator sees it: it is written to YAML and read back over the capabilities of
// the call, so a kubeVersion or apiVersions in the kustomization wins over them
// (HelmChartInflationGenerator.go, Config; its comment says the opposite). Every apiVersions list is read into the
// memory of the one from the command line, so its entries show up in other charts of the build too. That is a defect,
// and what Argo CD applies; it is followed, and reported by leaks.
func (b *build) settings(v visit, k *kustomization, i int) (chart, error) {
	entry := chart{HelmChart: k.HelmCharts[i]}
	if k.HelmGlobals != nil {
		entry.HelmGlobals = *k.HelmGlobals
	}
	if entry.Namespace == "" {
		entry.Namespace = k.Namespace
	}
	if entry.Namespace == "" {
		entry.Namespace = v.namespace
	}
	text, err := yaml.Marshal(entry)
	if err != nil {
		return chart{}, fmt.Errorf("entry %d: %w", i+1, err)
	}
	c := chart{HelmChart: types.HelmChart{KubeVersion: b.caps.KubeVersion, ApiVersions: b.flags}}
	if err := yaml.Unmarshal(text, &c); err != nil {
		return chart{}, fmt.Errorf("entry %d: %w", i+1, err)
	}
	if c.Name == "" {
		return chart{}, &render.Error{
			Err: fmt.Errorf("entry %d has no chart name", i+1), Hint: "set name to the name of the chart",
		}
	}
	if len(entry.ApiVersions) > 0 {
		b.ownAPIs = append(b.ownAPIs, c.Name)
	}
	b.charts++
	if c.ChartHome == "" {
		c.ChartHome = types.HelmDefaultHome
	}
	if c.Namespace == "" {
		c.Namespace = "default" // what helm template takes without --namespace
	}
	return c, c.checkMerge()
}

// served gives the APIs that a chart sees: the cluster's, or else those that its Kubernetes version serves by default
// and those of its own list, as a helm binary adds the list to the ones it knows.
func (b *build) served(c chart) []string {
	if slices.Equal(c.ApiVersions, b.caps.APIVersions) {
		return b.caps.APIVersions
	}
	for _, version := range []string{c.KubeVersion, b.caps.KubeVersion} {
		if served, err := (render.Cluster{Kubernetes: version, APIVersions: c.ApiVersions}).Capabilities(); version != "" && err == nil {
			return served.APIVersions
		}
	}
	return slices.Clone(c.ApiVersions)
}

// leaks reports the charts whose apiVersions kustomize lets other charts of the build see.
func (b *build) leaks() []string {
	if b.charts < 2 {
		return nil
	}
	var notes []string
	for _, name := range b.ownAPIs {
		notes = addNew(notes, []string{fmt.Sprintf("apiVersions of chart %s: kustomize %s writes them over the start of the "+
			"list given on its command line, so what other charts of the build see depends on the order of that list", name, Version)})
	}
	return notes
}

// source says where the chart of an entry is read, and its directory in the view where it has no repository. A chart with
// a repository always comes from there, whatever lies in the folder of charts: see checkVendored. Its version may be a
// range, which a lock pins; Fetch refuses one that none does.
func (b *build) source(k *kustomization, c chart) (render.Source, string, error) {
	if c.Repo != "" {
		if c.Version == "" {
			return render.Source{}, "", &render.Error{
				Err:  fmt.Errorf("chart %s of %s has no version: it is not pinned", c.Name, plain(c.Repo)),
				Hint: "set version to one release of the chart, e.g. 1.2.3, so that every render takes the same",
			}
		}
		return render.Source{Kind: render.KindHelm, Repo: c.Repo, Chart: c.Name, Version: c.Version}, "", nil
	}
	if path.IsAbs(c.ChartHome) {
		return render.Source{}, "", &render.Error{
			Err:  fmt.Errorf("chartHome %q is an absolute path", c.ChartHome),
			Hint: "write it relative to the kustomization",
		}
	}
	place := path.Join(c.ChartHome, c.Name)
	dir, file, err := b.resolve(k, place)
	if b.view.denied != nil {
		return render.Source{}, "", b.view.denied
	}
	if err != nil || file != "" {
		return render.Source{}, "", &render.Error{
			Err:  fmt.Errorf("chart %s has no repo, and there is no directory %s", c.Name, b.show(path.Join(k.dir, place))),
			Hint: "set repo and version, or put the chart there (chartHome names the directory above it)",
		}
	}
	return render.Source{Kind: render.KindHelm, Path: b.show(dir.String())}, dir.String(), nil
}

// releaseName gives the name of the release. Without one kustomize calls helm with --generate-name, and helm template
// then says "release-name" (helm cmd/helm/template.go).
func (c chart) releaseName() (string, error) {
	switch {
	case c.NameTemplate != "" && c.ReleaseName != "":
		return "", &render.Error{
			Err:  errors.New("releaseName and nameTemplate are both set, which helm refuses"),
			Hint: "keep one of them",
		}
	case strings.Contains(c.NameTemplate, "{{"):
		return "", &render.Error{
			Err:  fmt.Errorf("nameTemplate %q has template actions, which are not evaluated", c.NameTemplate),
			Hint: "write the name out in releaseName",
		}
	case c.NameTemplate != "":
		return c.NameTemplate, nil
	case c.ReleaseName != "":
		return c.ReleaseName, nil
	}
	return "release-name", nil
}
