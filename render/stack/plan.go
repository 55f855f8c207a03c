package stack

import (
	"cmp"
	"maps"
	"os"
	"slices"

	"sluice/render"
)

// checker turns the checked values into a plan and applies the rules that span fields, names and the disk. It works on
// what the walk kept, so its rules run, and report, also where other parts of the stack are wrong.
type checker struct {
	*problems
	root *os.Root // the stack directory
	refs *node    // the Git repositories that paths may lead into, nil where there are none
	apps []*app
}

// app is an app of the plan with the values it came from.
type app struct {
	render.App
	node    *node
	wave    int64
	ordered bool // the wave is known
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// plan fills in the nouns and checks them. The plan is of use only where no fault was recorded.
func (c *checker) plan(stack *node) render.Plan {
	p := render.Plan{
		Name:     stack.text("name"),
		Cluster:  c.cluster(stack.at("cluster")),
		Hydrate:  hydration(stack),
		Accept:   acceptances(stack.at("accept")),
		Never:    sortedTexts(stack.texts("neverPrune")),
		MaxPrune: budgets(stack.at("maxPrune")),

		Severities: severities(stack.at("rules")), SeverityPos: severityPos(stack.at("rules")),
		Suppress: suppressions(stack.at("suppress")),

		Conventions: conventions(stack.at("conventions")),
	}
	for _, name := range stack.at("toolchains").names() {
		if p.Toolchains == nil {
			p.Toolchains = map[string]render.Toolchain{}
		}
		p.Toolchains[name] = c.toolchain(name, stack.at("toolchains").at(name), p.Cluster)
	}
	c.gitURL(stack.at("hydrate").at("repoURL"))
	c.refs = stack.at("refs")
	p.Refs = c.repositories(c.refs)
	for _, path := range stack.elems("crds") {
		p.Definitions = append(p.Definitions, c.manifests(path))
	}
	p.Mirrors = c.mirrors(stack.at("mirrors"))
	p.Credentials = c.credentials(stack.at("credentials"))
	layers := stack.at("layers")
	for _, name := range layers.names() {
		p.Layers = append(p.Layers, c.layer(name, layers.at(name)))
	}
	if layers != nil && len(layers.fields) == 0 {
		c.add(layers.place, "give a layer with an app", "no layers")
	}
	slices.SortFunc(p.Layers, func(a, b render.Layer) int {
		return cmp.Or(cmp.Compare(a.Wave, b.Wave), cmp.Compare(a.Name, b.Name))
	})
	c.names()
	c.dependencies()
	c.releases()
	return p
}

func (c *checker) cluster(n *node) render.Cluster {
	c.ranges(n.at("podCIDR"))
	c.ranges(n.at("serviceCIDR"))
	if version := n.at("kubernetes"); version != nil {
		c.known(version)
	}
	return render.Cluster{
		Kubernetes:   n.text("kubernetes"),
		Distribution: n.text("distribution"),
		ArgoCD:       n.text("argocd"),
		PodCIDR:      n.text("podCIDR"),
		ServiceCIDR:  n.text("serviceCIDR"),
		APIVersions:  sortedTexts(n.texts("apiVersions")),
		Captured:     sortedTexts(n.texts("captured")),
		Domain:       n.text("domain"),
	}
}

// sortedTexts orders a list whose order means nothing.
func sortedTexts(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// hydration gives the destination; all but the repository have values even where the stack has no hydrate.
func hydration(stack *node) render.Hydration {
	n := stack.at("hydrate")
	return render.Hydration{
		RepoURL:   n.text("repoURL"),
		Branch:    cmp.Or(n.text("branch"), "rendered/"+stack.text("name")),
		Namespace: cmp.Or(n.text("namespace"), "argocd"),
		Server:    cmp.Or(n.text("server"), "https://kubernetes.default.svc"),
		Prefix:    n.text("prefix"),
		Plugin:    cmp.Or(n.text("plugin"), "argocd-vault-plugin"),
	}
}

// layer gives a layer with its apps, in the order of their names. The wave of a layer whose wave was wrong is unknown,
// and no rule about waves applies to its apps.
func (c *checker) layer(name string, n *node) render.Layer {
	layer := render.Layer{Name: name, Tier: n.text("tier"), Pos: n.pos}
	wave, ordered := int64(0), false
	if w := n.at("wave"); w != nil {
		wave, ordered = w.value.(int64)
		layer.Wave = int(wave)
	}
	apps := n.at("apps")
	for _, key := range apps.names() {
		a := c.app(key, layer, apps.at(key))
		a.wave, a.ordered = wave, ordered
		c.apps = append(c.apps, a)
		layer.Apps = append(layer.Apps, a.App)
	}
	return layer
}

// app gives an app and remembers its values for the rules between apps.
func (c *checker) app(name string, layer render.Layer, n *node) *app {
	a := &app{node: n}
	a.App = render.App{
		Name: name, Layer: layer.Name, Pos: n.pos,
		Namespace:  c.namespace(name, layer.Tier, n),
		Secrets:    n.text("secrets"),
		DependsOn:  n.texts("dependsOn"),
		AllowEmpty: n.yes("allowEmpty"), AllowRandom: n.yes("allowRandom"),
		Sync: render.Sync{
			Automated: n.at("sync").yes("automated"), Prune: n.at("sync").yes("prune"),
			SelfHeal: n.at("sync").yes("selfHeal"), Options: n.at("sync").texts("options"),
		},
		MaxPrune: budgets(n.at("maxPrune")),
	}
	a.Sources = c.sources(name, n)
	return a
}

// namespace gives the destination: what the app says, or what its tier makes of its name.
func (c *checker) namespace(name, tier string, n *node) string {
	if ns := n.text("namespace"); ns != "" || n.at("namespace") != nil {
		return ns
	}
	ns := name
	if tier == "system" || tier == "core" {
		ns += "-" + tier
	}
	const longest = 63 // RFC 1123
	if len(ns) > longest {
		c.add(n.place, "give the app a namespace", "the default namespace %s is longer than %d characters", ns, longest)
	}
	return ns
}

// sources gives the one keyed source, then one source per entry of manifests, in the author's order. That there is one
// of the keyed is counted here and not in CUE, where a disjunction of structs reports each branch that was not meant.
func (c *checker) sources(name string, n *node) []render.Source {
	var given []string
	for _, kind := range []string{render.KindHelm, render.KindUmbrella, render.KindKustomize} {
		if n.at(kind) != nil {
			given = append(given, kind)
		}
	}
	switch {
	case len(given) > 1:
		c.add(n.place, "split the app, or keep one of them; manifests may stay beside it",
			"%s are %s given; give one", wordList(given), map[bool]string{true: "both", false: "all"}[len(given) == 2])
	case len(given) == 0 && len(n.elems("manifests")) == 0 && !n.lost:
		c.add(n.place, "give one of helm, umbrella and kustomize, or manifests", "no source")
	}
	var list []render.Source
	for _, kind := range given {
		s := c.source(kind, name, n.at(kind))
		list = append(list, s)
	}
	for _, m := range n.elems("manifests") {
		list = append(list, render.Source{Kind: render.KindManifests, Path: c.manifests(m), Pos: m.pos})
	}
	return list
}

// source gives a keyed source. Paths come out clean; the arguments of --set flags stay as they are written.
func (c *checker) source(kind, app string, n *node) render.Source {
	s := render.Source{
		Kind: kind, Pos: n.pos,
		Repo: n.text("repo"), Chart: n.text("chart"), Version: n.text("version"),
		SkipCRDs: n.yes("skipCRDs"), SkipTests: n.yes("skipTests"), SkipSchema: n.yes("skipSchema"),
	}
	switch kind {
	case render.KindHelm:
		s.Path = c.helm(n)
		s.Keyring = c.keyring(n.at("keyring"))
	case render.KindUmbrella:
		s.Path = c.chartDir(n.at("path"))
	case render.KindKustomize:
		s.Path = c.kustomization(n.at("path"))
		return s
	}
	s.Release = c.release(app, n)
	s.Values = render.Values{
		SetJSON: n.texts("setJSON"), Set: n.texts("set"), SetString: n.texts("setString"), SetFile: n.texts("setFile"),
	}
	for _, f := range n.elems("valueFiles") {
		s.Values.Files = append(s.Values.Files, c.file(f))
	}
	for _, f := range n.elems("setFile") {
		c.setFile(f)
	}
	if v := n.at("values"); v != nil {
		s.Values.Inline = v.open
	}
	s.Values.Places = n.places()
	return s
}

// release gives the name of the helm release: what the source says, or the app's name, as Argo CD does
// (spec.source.helm.releaseName).
func (c *checker) release(app string, n *node) string {
	if name := n.text("release"); name != "" || n.at("release") != nil {
		return name
	}
	const longest = 53 // helm: pkg/chartutil/validate_name.go
	if len(app) > longest {
		c.add(n.place, "give a shorter release", "the app's name is longer than the %d characters of a release name", longest)
	}
	return app
}
