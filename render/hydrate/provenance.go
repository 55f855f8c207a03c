package hydrate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"sluice/render"
)

// provenance is the content of .sluice/provenance.json: everything that decided what the tree holds, and nothing that
// differs between two runs on the same input (no time, no host, no user).
type provenance struct {
	Stack   string            `json:"stack"`
	Cluster clusterProvenance `json:"cluster"`
	Engines engineProvenance  `json:"engines"`
	Refs    []refProvenance   `json:"refs,omitempty"`
	Apps    []appProvenance   `json:"apps"`
}

// refProvenance is what the stack says of a repository that paths "$name/path" lead into. The commit that it was at is
// in the inputs of the apps, as "repo@commit".
type refProvenance struct {
	Name       string `json:"name"`
	Repo       string `json:"repo"`
	Revision   string `json:"revision"`
	Submodules bool   `json:"submodules,omitempty"`
}

type clusterProvenance struct {
	Kubernetes   string   `json:"kubernetes"`
	Distribution string   `json:"distribution,omitempty"`
	ArgoCD       string   `json:"argocd,omitempty"`
	APIVersions  []string `json:"apiVersions"`
}

type engineProvenance struct {
	Toolchain string `json:"toolchain,omitempty"`
	Helm      string `json:"helm,omitempty"`
	Kustomize string `json:"kustomize,omitempty"`
	Profile   string `json:"profile,omitempty"` // what templates were told; empty for all that is known of the cluster
}

type appProvenance struct {
	Name         string             `json:"name"`
	Layer        string             `json:"layer"`
	Namespace    string             `json:"namespace"`
	Documents    int                `json:"documents"`
	Empties      int                `json:"empties"`
	Placeholders int                `json:"placeholders"`
	Secrets      string             `json:"secrets,omitempty"`
	Sources      []sourceProvenance `json:"sources"`
	Inputs       []inputProvenance  `json:"inputs"`
	Unchecked    []string           `json:"unchecked,omitempty"`
	Random       []string           `json:"random,omitempty"`
	Objects      []objectProvenance `json:"objects"`
}

// sourceProvenance is what the stack says of one source. Values stand as a digest: they may hold secrets.
type sourceProvenance struct {
	Kind       string `json:"kind"`
	Repo       string `json:"repo,omitempty"`
	Chart      string `json:"chart,omitempty"`
	Version    string `json:"version,omitempty"`
	Keyring    string `json:"keyring,omitempty"`
	Path       string `json:"path,omitempty"`
	Release    string `json:"release,omitempty"`
	Values     string `json:"values,omitempty"` // sha256 of valueFiles, values and the sets as JSON, keys sorted
	SkipCRDs   bool   `json:"skipCRDs,omitempty"`
	SkipTests  bool   `json:"skipTests,omitempty"`
	SkipSchema bool   `json:"skipSchema,omitempty"`
}

type inputProvenance struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// objectProvenance says where the object in a file of the app's directory came from.
type objectProvenance struct {
	File     string `json:"file"`
	Source   string `json:"source,omitempty"`
	Template string `json:"template,omitempty"`
}

// clusterOf prefers the capabilities that the render really had over those of the toolchain, which know no definition that
// the plan renders, and over what the plan says. All results have the same: what an app was told before it was rendered
// again for an API that another one defines counts for none.
func clusterOf(c render.Cluster, made render.Toolchain, results []render.Result) clusterProvenance {
	told := made.Capabilities
	for _, r := range results {
		if len(r.Capabilities.APIVersions) > 0 {
			told = r.Capabilities
		}
	}
	apis := told.APIVersions
	if len(apis) == 0 {
		apis = c.APIVersions
	}
	return clusterProvenance{
		Kubernetes:   cmp.Or(told.KubeVersion, c.Kubernetes),
		Distribution: c.Distribution,
		ArgoCD:       c.ArgoCD,
		APIVersions:  sorted(apis),
	}
}

// refsOf lists the repositories of the plan by name.
func refsOf(plan render.Plan) []refProvenance {
	var list []refProvenance
	for _, name := range slices.Sorted(maps.Keys(plan.Refs)) {
		r := plan.Refs[name]
		list = append(list, refProvenance{Name: name, Repo: r.Repo, Revision: r.Version, Submodules: r.Submodules})
	}
	return list
}

func enginesOf(made render.Toolchain) engineProvenance {
	profile := made.Profile
	if profile == "cluster" {
		profile = ""
	}
	return engineProvenance{Toolchain: made.Name, Helm: made.Helm, Kustomize: made.Kustomize, Profile: profile}
}

func appOf(r render.Result) appProvenance {
	a := appProvenance{
		Name: r.App.Name, Layer: r.App.Layer, Namespace: r.App.Namespace,
		Documents: r.Set.Documents, Empties: r.Set.Empties, Placeholders: len(r.Ledger),
		Secrets: r.App.Secrets, Sources: sourcesOf(r.App),
		Inputs: []inputProvenance{}, Unchecked: sorted(r.Unchecked), Random: sorted(r.Random),
		Objects: []objectProvenance{},
	}
	for _, in := range r.Inputs {
		a.Inputs = append(a.Inputs, inputProvenance{Name: in.Name, Digest: in.Digest})
	}
	return a
}

// sourcesOf gives the sources in the plan's order, which decides the order of objects.
func sourcesOf(app render.App) []sourceProvenance {
	list := make([]sourceProvenance, 0, len(app.Sources))
	for _, s := range app.Sources {
		p := sourceProvenance{
			Kind: s.Kind, Repo: s.Repo, Chart: s.Chart, Version: s.Version, Keyring: s.Keyring, Path: s.Path, Release: s.Release,
			SkipCRDs: s.SkipCRDs, SkipTests: s.SkipTests, SkipSchema: s.SkipSchema,
		}
		// Values hold only what JSON can carry (stack.Load checks that), so there is no error to lose.
		if text, err := json.Marshal(s.Values); err == nil && !reflect.ValueOf(s.Values).IsZero() {
			p.Values = "sha256:" + digest(text)
		}
		list = append(list, p)
	}
	return list
}

// sort orders what has no order of its own. One input read twice, by two sources, is listed once.
func (a *appProvenance) sort() {
	slices.SortFunc(a.Inputs, func(x, y inputProvenance) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Digest, y.Digest))
	})
	a.Inputs = slices.Compact(a.Inputs)
	slices.SortFunc(a.Objects, func(x, y objectProvenance) int { return cmp.Compare(x.File, y.File) })
}

func sorted(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return slices.Compact(list)
}

// text is indented JSON with a final newline. "<" stays "<", so placeholders read as they are.
func (p provenance) text() ([]byte, error) {
	return indentedJSON(p, "the provenance of stack "+p.Stack)
}

func indentedJSON(v any, what string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", what, err)
	}
	return b.Bytes(), nil
}
