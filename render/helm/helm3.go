package helm

import (
	"context"
	"path"
	"slices"
	"sort"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"sluice/render"
)

// library3 is Helm 3. Sources: pkg/action/install.go, pkg/action/action.go and cmd/helm/template.go at v3.22.0.
func library3() library[*chart.Chart] {
	return library[*chart.Chart]{
		dialect: dialect{
			read: func(raw []byte) (map[string]any, error) {
				values := map[string]any{}
				return values, yaml.Unmarshal(raw, &values)
			},
			setJSON: strvals.ParseJSON,
			set:     strvals.ParseInto, setString: strvals.ParseIntoString,
			setFile: func(s string, values map[string]any, read func([]rune) (any, error)) error {
				return strvals.ParseIntoFile(s, values, read)
			},
		},
		load: load3, describe: describe3, validateName: chartutil.ValidateReleaseName,
		normalize: func(version string) (string, error) {
			kube, err := chartutil.ParseKubeVersion(version)
			if err != nil {
				return "", err
			}
			return kube.String(), nil
		},
		compatible: chartutil.IsCompatibleRange,
		resolve: func(c *chart.Chart, values map[string]any) error {
			return chartutil.ProcessDependenciesWithMerge(c, values)
		},
		compose: compose3,
		execute: func(_ context.Context, c *chart.Chart, top map[string]any) (map[string]string, error) {
			return engine.Engine{}.Render(c, top)
		},
		sort: sort3, split: split3,
	}
}

// load3 builds the chart from files in memory. LoadFiles and not LoadDir or LoadArchive: what is read, and that
// nothing outside is, was settled when the tree was fetched, and .helmignore was applied by chartFiles. Archives in
// charts/ are opened by the library.
func load3(files []render.File) (*chart.Chart, error) {
	buffered := make([]*loader.BufferedFile, len(files))
	for i, f := range files {
		buffered[i] = &loader.BufferedFile{Name: f.Path, Data: f.Data}
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, err
	}
	orderParts(c, func(c *chart.Chart) string { return c.Metadata.Version })
	sortKeys3(c)
	return c, nil
}

func sortKeys3(c *chart.Chart) {
	for _, t := range c.Templates {
		t.Data = sortKeys(t.Data)
	}
	for _, sub := range c.Dependencies() {
		sortKeys3(sub)
	}
}

// describe3 reads off a chart what the work on it needs. After resolve a disabled subchart is not in it and an
// aliased one has its new name; CRDObjects goes through the subcharts by itself, as the install action lets
// it.
func describe3(c *chart.Chart) part {
	p := part{
		name: c.Name(), version: c.Metadata.Version, path: c.ChartFullPath(), kind: c.Metadata.Type, kubeVersion: c.Metadata.KubeVersion,
		schema: c.Schema, values: c.Values,
	}
	for _, d := range c.Metadata.Dependencies {
		p.declared = append(p.declared, dependency{d.Name, d.Version})
	}
	for _, t := range c.Templates {
		p.templates = append(p.templates, render.File{Path: path.Join(p.path, t.Name), Data: t.Data})
	}
	for _, f := range c.Files {
		p.files = append(p.files, render.File{Path: path.Join(p.path, f.Name), Data: f.Data})
	}
	for _, f := range c.Raw {
		switch f.Name {
		case "values.yaml":
			p.defaults = f.Data
		case "Chart.yaml":
			p.files = append(p.files, render.File{Path: path.Join(p.path, f.Name), Data: f.Data})
		}
	}
	for _, crd := range c.CRDObjects() {
		p.crds = append(p.crds, document{source: crd.Filename, text: string(crd.File.Data)})
	}
	for _, sub := range c.Dependencies() {
		p.parts = append(p.parts, describe3(sub))
	}
	return p
}

// compose3 gives the top-level objects of templates. The last argument switches the library's own schema check off:
// that one fetches remote references, see checkSchemas. A release of helm template is always revision 1 of an
// install.
func compose3(c *chart.Chart, values map[string]any, r render.Release) (map[string]any, error) {
	kube, err := chartutil.ParseKubeVersion(r.Capabilities.KubeVersion)
	if err != nil {
		return nil, err
	}
	build := chartutil.DefaultCapabilities.HelmVersion
	build.Version = "v" + Version3 // the library knows its minor only; helm's Makefile stamps the releases
	caps := &chartutil.Capabilities{
		KubeVersion: *kube,
		APIVersions: slices.Clone(r.Capabilities.APIVersions),
		HelmVersion: build,
	}
	options := chartutil.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	return chartutil.ToRenderValuesWithSchemaValidation(c, values, options, caps, true)
}

func sort3(files map[string]string) (hooks, manifests []document, err error) {
	// The second argument, the API list, is ignored by the library (pkg/releaseutil/manifest_sorter.go).
	hs, ms, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range hs {
		hooks = append(hooks, document{h.Path, h.Manifest, slices.Contains(h.Events, release.HookTest)})
	}
	for _, m := range ms {
		manifests = append(manifests, document{source: m.Name, text: m.Content})
	}
	return hooks, manifests, nil
}

// split3 gives the documents of a rendered file as SortManifests sees them. The library gives a map from invented
// names, whose order is the order in the file.
func split3(text string) []string {
	return inOrder(releaseutil.SplitManifests(text), func(keys []string) sort.Interface {
		return releaseutil.BySplitManifestsOrder(keys)
	})
}
