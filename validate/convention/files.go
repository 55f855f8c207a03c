package convention

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
	"sluice/validate"
)

const kustomizationNamespace = "kustomization-namespace"

// kustomizationNames are the names that kustomize reads a kustomization under (kustomize api/konfig,
// DefaultKustomizationFileName and the two after it).
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// document is a kustomization of the stack that has been read.
type document struct {
	name string
	root *yaml.Node // its mapping
}

// documentIn reads the kustomization of a directory; nil where there is none, or no mapping in it.
func (j *judge) documentIn(dir string) (*document, error) {
	for _, base := range kustomizationNames {
		name := path.Join(dir, base)
		raw, err := fs.ReadFile(j.in.Files, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s for the conventions: %w", name, err)
		}
		var doc yaml.Node
		if yaml.Unmarshal(raw, &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
			return nil, nil // such a one does not build, and that is said
		}
		return &document{name: name, root: doc.Content[0]}, nil
	}
	return nil, nil
}

// field gives the key and the value of a field of a mapping.
func field(n *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// entries gives the elements of a list field.
func (d *document) entries(name string) []*yaml.Node {
	if _, v := field(d.root, name); v != nil && v.Kind == yaml.SequenceNode {
		return v.Content
	}
	return nil
}

// kustomizations judges the kustomizations of every app, with those that they build upon. Those of other repositories are
// not here to be read.
func (j *judge) kustomizations() error {
	if j.in.Files == nil || !j.KustomizationNamespace {
		return nil
	}
	seen := map[string]bool{}
	for _, app := range j.in.Plan.Apps() {
		for _, s := range app.Sources {
			if s.Kind != render.KindKustomize || strings.HasPrefix(s.Path, "$") || !fs.ValidPath(path.Clean(s.Path)) {
				continue
			}
			if _, err := j.kustomization(app, path.Clean(s.Path), seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// kustomization judges one, and what it builds upon, and says whether a chart is inflated in any of them. What has been
// seen is judged no second time.
func (j *judge) kustomization(app render.App, dir string, seen map[string]bool) (charts bool, err error) {
	if inflates, again := seen[dir]; again {
		return inflates, nil
	}
	seen[dir] = false // a circle ends here
	d, err := j.documentIn(dir)
	if d == nil || err != nil {
		return false, err
	}
	charts = len(d.entries("helmCharts"))+len(d.entries("helmChartInflationGenerator")) > 0
	for _, below := range d.below(j.in.Files) {
		inflates, err := j.kustomization(app, below, seen)
		if err != nil {
			return false, err
		}
		charts = charts || inflates
	}
	seen[dir] = charts
	if key, v := field(d.root, "namespace"); charts && v != nil && v.Kind == yaml.ScalarNode && v.Value != "" {
		j.found = append(j.found, validate.Finding{
			Rule: kustomizationNamespace, App: app.Name, Pos: render.Position{File: d.name, Line: key.Line, Column: key.Column},
			Message: fmt.Sprintf("the top-level namespace %q is put on every object, also on those that a chart aims at another namespace", v.Value),
		})
	}
	return charts, nil
}

// below lists the directories of the stack that a kustomization builds upon.
func (d *document) below(files fs.FS) []string {
	var dirs []string
	for _, list := range []string{"resources", "components", "bases"} {
		for _, entry := range d.entries(list) {
			dir := path.Join(path.Dir(d.name), entry.Value)
			if entry.Kind != yaml.ScalarNode || strings.Contains(entry.Value, "://") || !fs.ValidPath(dir) {
				continue
			}
			if info, err := fs.Stat(files, dir); err == nil && info.IsDir() {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

const kustomized = `-- stack.cue --
package stack

name: "cluster"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
conventions: kustomizationNamespace: true
layers: apps: {
	wave: 0
	apps: example: kustomize: path: "app"
}
-- app/charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 1.2.3
-- app/charts/web/values.yaml --
server: databases
-- app/charts/web/templates/database.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: "{{ .Values.server }}"}
-- app/kustomization.yaml --
helmCharts: [{name: web, releaseName: web, namespace: example}]
`

var fileRules = []validate.Rule{
	{
		ID: kustomizationNamespace, Title: "a kustomization with a namespace and a chart", Severity: validate.Error,
		Why:    "The namespace is put on every object, also on those that the chart aims at another one: a Database leaves the namespace of its server, Argo CD prunes the old one, and the operator drops the tables.",
		Fix:    "remove the namespace, give it to the entry of helmCharts, and write it into the resources that want it; the stack asks for this with conventions: kustomizationNamespace: true",
		Source: "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/namespace/",
		Wrong:  kustomized + "namespace: example\n",
		Right:  kustomized,
	},
}
