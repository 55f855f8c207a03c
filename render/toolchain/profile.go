package toolchain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/render"
)

// The capability profiles: how much of the cluster templates are told.
const (
	cluster  = "cluster"
	groups   = "groups"
	plugin   = "plugin"
	hydrator = "hydrator"
	minor    = "minor"
)

// Profiles lists the names of the capability profiles.
func Profiles() []string { return []string{cluster, groups, plugin, hydrator, minor} }

// Capabilities gives what the templates of a toolchain are told of its cluster, once these CustomResourceDefinitions are
// in it. An empty profile is "cluster".
//
//   - cluster: the Kubernetes version, and the APIs that [render.Cluster.Capabilities] lists, those of the definitions,
//     and those built into the toolchain's helm. The last are part of what Argo CD's native rendering sees, because it
//     hands over its list with --api-versions, which adds: a template that asks for policy/v1beta1 is told that it is
//     there on a cluster that dropped it years ago.
//   - groups: the same without kinds.
//   - minor: the same, and the version without its patch, as Argo CD up to 3.3.2 cuts it.
//   - plugin: what helm takes when nobody tells it anything: the APIs built in, and the Kubernetes version of the client
//     library that a release of it is built with. So renders a config management plugin that passes nothing on. (A helm 3
//     made with plain go install says 1.20 instead; no Argo CD ships one.)
//   - hydrator: likewise. Argo CD's Source Hydrator sends nothing of the cluster, so that its result depends on Git alone.
//
// Sources: argo-cd controller/state.go (sendRuntimeState), util/helm/cmd.go, reposerver/repository/repository.go
// (parseKubeVersion); argo-cd issues 21986 and 26330; helm allKnownVersions and DefaultCapabilities.
func Capabilities(chain render.Toolchain, crds []render.Object) (render.Capabilities, error) {
	builtin, err := chain.BuiltIn()
	if err != nil {
		return render.Capabilities{}, err
	}
	switch chain.Profile {
	case plugin, hydrator:
		return builtin, nil
	case "", cluster, groups, minor:
	default:
		return render.Capabilities{}, &render.Error{
			Err:  fmt.Errorf("modelling capabilities: profile %q is not known", chain.Profile),
			Hint: "it is one of " + strings.Join(Profiles(), ", "),
		}
	}
	told, err := chain.Cluster.Capabilities()
	if err != nil {
		return render.Capabilities{}, err
	}
	told = told.With(builtin.APIVersions)
	for _, crd := range crds {
		told = told.With(served(crd))
	}
	switch chain.Profile {
	case groups:
		told = told.WithoutKinds()
	case minor:
		parts := strings.SplitN(told.KubeVersion, ".", 3)
		told.KubeVersion = strings.Join(parts[:2], ".")
	}
	return told, nil
}

// Native names the profile that an Argo CD has which renders charts and kustomizations itself: "minor" up to 3.3.2,
// "cluster" after it and where the version is not known (argo-cd issue 26330, fixed in 3.3.3).
func Native(argocd string) string {
	release, _, _ := strings.Cut(strings.TrimPrefix(argocd, "v"), "-")
	number := make([]int, 0, 3)
	for part := range strings.SplitSeq(release, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return cluster
		}
		number = append(number, n)
	}
	if slices.Compare(number, []int{3, 3, 3}) < 0 {
		return minor
	}
	return cluster
}
