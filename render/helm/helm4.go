package helm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"sort"

	capability "helm.sh/helm/v4/pkg/chart/common"
	compose "helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"helm.sh/helm/v4/pkg/strvals"

	"sluice/render"
)

// library4 is Helm 4. Sources: pkg/action/install.go, pkg/action/action.go and pkg/cmd/template.go at v4.3.1.
func library4() library[*chart.Chart] {
	return library[*chart.Chart]{
		dialect: dialect{
			read:         func(raw []byte) (map[string]any, error) { return loader.LoadValues(bytes.NewReader(raw)) },
			allDocuments: true, setJSON: setJSON4,
			set: strvals.ParseInto, setString: strvals.ParseIntoString,
			setFile: func(s string, values map[string]any, read func([]rune) (any, error)) error {
				return strvals.ParseIntoFile(s, values, read)
			},
		},
		load: load4, describe: describe4, validateName: chartutil.ValidateReleaseName,
		normalize: func(version string) (string, error) {
			kube, err := capability.ParseKubeVersion(version)
			if err != nil {
				return "", err
			}
			return kube.String(), nil
		},
		compatible: chartutil.IsCompatibleRange,
		resolve:    func(c *chart.Chart, values map[string]any) error { return chartutil.ProcessDependencies(c, values) },
		compose:    compose4,
		execute: func(ctx context.Context, c *chart.Chart, top map[string]any) (map[string]string, error) {
			return engine.Engine{}.RenderWithContext(ctx, c, top)
		},
		sort: sort4, split: split4,
	}
}

// setJSON4 takes key=json as Helm 3 does, and a whole JSON object, which only Helm 4 takes (pkg/cli/values).
func setJSON4(s string, values map[string]any) error {
	trimmed := bytes.TrimSpace([]byte(s))
	if !bytes.HasPrefix(trimmed, []byte("{")) {
		return strvals.ParseJSON(s, values)
	}
	var object map[string]any
	if err := json.Unmarshal(trimmed, &object); err != nil {
		return err
	}
	for k, v := range loader.MergeMaps(values, object) {
		values[k] = v
	}
	return nil
}

// load4 refuses the chart API v3 as helm template does: its loader reads such a chart and its installer then refuses
// it (pkg/chart/loader/load.go, pkg/action/install.go).
func load4(files []render.File) (*chart.Chart, error) {
	buffered := make([]*archive.BufferedFile, len(files))
	for i, f := range files {
		buffered[i] = &archive.BufferedFile{Name: f.Path, Data: f.Data}
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, err
	}
	if v := c.Metadata.APIVersion; v != chart.APIVersionV1 && v != chart.APIVersionV2 {
		return nil, &render.Error{
			Pos:  render.Position{File: c.Name() + "/Chart.yaml"},
			Err:  fmt.Errorf("apiVersion %q is not one that helm template renders", v),
			Hint: "chart API versions are v1 and v2",
		}
	}
	orderParts(c, func(c *chart.Chart) string { return c.Metadata.Version })
	sortKeys4(c)
	return c, nil
}

func sortKeys4(c *chart.Chart) {
	for _, t := range c.Templates {
		t.Data = sortKeys(t.Data)
	}
	for _, sub := range c.Dependencies() {
		sortKeys4(sub)
	}
}

// describe4 is describe3 for the chart type of Helm 4: equal fields, other packages, so no code can be shared without
// an interface over each of them.
func describe4(c *chart.Chart) part {
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
		p.parts = append(p.parts, describe4(sub))
	}
	return p
}

// compose4 is compose3 for Helm 4; the last argument switches the schema check of the library off there too.
func compose4(c *chart.Chart, values map[string]any, r render.Release) (map[string]any, error) {
	kube, err := capability.ParseKubeVersion(r.Capabilities.KubeVersion)
	if err != nil {
		return nil, err
	}
	build := capability.DefaultCapabilities.HelmVersion
	build.Version = "v" + Version4 // as in compose3
	caps := &capability.Capabilities{
		KubeVersion: *kube,
		APIVersions: slices.Clone(r.Capabilities.APIVersions),
		HelmVersion: build,
	}
	options := capability.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	return compose.ToRenderValuesWithSchemaValidation(c, values, options, caps, true)
}

func sort4(files map[string]string) (hooks, manifests []document, err error) {
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

// split4 is split3 for Helm 4.
func split4(text string) []string {
	return inOrder(releaseutil.SplitManifests(text), func(keys []string) sort.Interface {
		return releaseutil.BySplitManifestsOrder(keys)
	})
}
