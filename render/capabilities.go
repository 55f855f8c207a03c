package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/schemas"
)

// distributions are the kinds that a distribution adds to every cluster, by name. What comes with an add-on that can be
// switched off or replaced (the Traefik of K3s, the network of RKE2) is not among them: who has it declares it. Neither
// is metrics.k8s.io: its objects cannot be watched, so Argo CD does not tell templates of them.
// Sources: k3s-io/k3s pkg/crd/crds.go, k3s-io/helm-controller pkg/crd/crds.go; RKE2 runs the same controllers.
var distributions = map[string][]string{
	"k3s":  {"helm.cattle.io/v1/HelmChart", "helm.cattle.io/v1/HelmChartConfig", "k3s.cattle.io/v1/Addon", "k3s.cattle.io/v1/ETCDSnapshotFile"},
	"rke2": {"helm.cattle.io/v1/HelmChart", "helm.cattle.io/v1/HelmChartConfig", "k3s.cattle.io/v1/Addon", "k3s.cattle.io/v1/ETCDSnapshotFile"},
}

// Capabilities models the cluster as Argo CD reads it, without the definitions that the plan renders: what its Kubernetes
// version serves by default and what the distribution adds, or in place of both what was captured; and what is
// declared. A kind implies its group and version. Kinds that cannot be listed and watched are left out, as Argo CD
// leaves them out (gitops-engine pkg/utils/kube/ctl.go, GetAPIResources; argo-cd util/argo, APIResourcesToStrings).
//
// The version may have a "v" and a vendor suffix; a minor that is not known is an error. A cluster without a version,
// which no stack may have, is of the newest one known; the result states it.
func (c Cluster) Capabilities() (Capabilities, error) {
	version := cmp.Or(strings.TrimPrefix(c.Kubernetes, "v"), schemas.NewestRelease)
	minor, err := c.Minor()
	if err != nil {
		return Capabilities{}, err
	}
	offered := c.Captured
	if len(offered) == 0 {
		for _, api := range schemas.APIs(minor) {
			if api.Watched {
				offered = append(offered, strings.TrimPrefix(api.Group+"/"+api.Version+"/"+api.Kind, "/"))
			}
		}
		offered = append(offered, distributions[c.Distribution]...)
	}
	return Capabilities{KubeVersion: version}.With(slices.Concat(offered, c.APIVersions)), nil
}

// With adds APIs to the list. A kind brings its group and version: charts ask for either, and a cluster that serves the
// one serves the other.
func (c Capabilities) With(apis []string) Capabilities {
	all := slices.Clone(c.APIVersions)
	for _, api := range apis {
		all = append(all, api)
		if version, _, ok := cutKind(api); ok {
			all = append(all, version)
		}
	}
	slices.Sort(all)
	c.APIVersions = slices.Compact(all)
	return c
}

// WithoutKinds leaves the group/versions.
func (c Capabilities) WithoutKinds() Capabilities {
	c.APIVersions = slices.DeleteFunc(slices.Clone(c.APIVersions), func(api string) bool {
		_, _, ok := cutKind(api)
		return ok
	})
	return c
}

// cutKind takes "group/version/Kind" apart; false where there is no kind. Kinds begin with a capital, versions do not.
func cutKind(api string) (version, kind string, ok bool) {
	i := strings.LastIndexByte(api, '/')
	if i < 0 || i+1 == len(api) || api[i+1] < 'A' || api[i+1] > 'Z' {
		return api, "", false
	}
	return api[:i], api[i+1:], true
}

// At gives the cluster with another Kubernetes version. A list captured from a live cluster is that of the version which
// it ran, and no longer counts.
func (c Cluster) At(kubernetes string) Cluster {
	c.Kubernetes, c.Captured = kubernetes, nil
	return c
}

// Minor gives the minor of the cluster's Kubernetes version, e.g. 33, or an error for one that is not known.
func (c Cluster) Minor() (int, error) {
	return minorOf(cmp.Or(strings.TrimPrefix(c.Kubernetes, "v"), schemas.NewestRelease))
}

// Since says whether the cluster's Argo CD is of a version or a later one, and whether its version is known at all: of one that
// is not, both what came with a version and what ended with it are open.
func (c Cluster) Since(major, minor int) (since, known bool) {
	parts := strings.SplitN(strings.TrimPrefix(c.ArgoCD, "v"), ".", 3)
	if len(parts) < 2 {
		return false, false
	}
	x, err1 := strconv.Atoi(parts[0])
	y, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil {
		return false, false
	}
	return x > major || x == major && y >= minor, true
}

// Scopes says of every kind that the cluster's Kubernetes version serves by default whether it is cluster-scoped. The keys
// have a group and a kind only. Of a version that is not known the newest one counts: scopes do not change.
func (c Cluster) Scopes() map[Key]bool {
	minor, err := c.Minor()
	if err != nil {
		minor = schemas.NewestMinor
	}
	scopes := map[Key]bool{}
	for _, api := range schemas.APIs(minor) {
		scopes[Key{Group: api.Group, Kind: api.Kind}] = !api.Namespaced
	}
	return scopes
}

// minorOf reads the minor of "1.33.4", "1.33", "1.33.4-eks-1a2b" and "1.33.4+k3s1". An unknown minor is refused
// rather than treated as its neighbour: a chart renders differently for it, and nobody would see why.
func minorOf(version string) (int, error) {
	number, _, _ := strings.Cut(version, "+")
	number, _, _ = strings.Cut(number, "-")
	parts := strings.Split(number, ".")
	if len(parts) == 2 || len(parts) == 3 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && major == 1 && schemas.OldestMinor <= minor && minor <= schemas.NewestMinor {
			return minor, nil
		}
	}
	return 0, &Error{
		Err: fmt.Errorf("modelling Kubernetes %q: the version is not known", version),
		Hint: fmt.Sprintf("state a version from 1.%d to 1.%d, e.g. %s",
			schemas.OldestMinor, schemas.NewestMinor, schemas.NewestRelease),
	}
}
