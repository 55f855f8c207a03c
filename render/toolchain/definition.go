package toolchain

import (
	"fmt"
	"maps"

	"sluice/render"
)

// served lists the kinds that a CustomResourceDefinition adds, "group/version/Kind" for each version that is served. One
// that an API server would refuse (no group, no kind, no version, or of apiextensions v1beta1, which is gone) adds none.
func served(crd render.Object) []string {
	if crd.APIVersion != "apiextensions.k8s.io/v1" {
		return nil
	}
	group, kind, _ := defines(crd)
	spec, _ := crd.Tree["spec"].(map[string]any)
	versions, _ := spec["versions"].([]any)
	if group == "" || kind == "" {
		return nil
	}
	var list []string
	for _, v := range versions {
		version, _ := v.(map[string]any)
		name, _ := version["name"].(string)
		if on, _ := version["served"].(bool); on && name != "" {
			list = append(list, group+"/"+name+"/"+kind)
		}
	}
	return list
}

// defines gives what a CustomResourceDefinition says of its kind.
func defines(crd render.Object) (group, kind, scope string) {
	spec, _ := crd.Tree["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	group, _ = spec["group"].(string)
	kind, _ = names["kind"].(string)
	scope, _ = spec["scope"].(string)
	return group, kind, scope
}

// Scopes tells cluster-scoped kinds from others on a cluster of Kubernetes 1.minor that has these
// CustomResourceDefinitions. A kind that is not known counts as namespaced, as for Argo CD (gitops-engine
// pkg/utils/kube, ResourceInfoProvider and IsNamespacedOrUnknown). What is built in comes before a definition. Of a minor
// that is not known the newest one counts.
func Scopes(minor int, crds []render.Object) func(render.Key) bool {
	clusterScoped := map[render.Key]bool{}
	for _, crd := range crds {
		group, kind, scope := defines(crd)
		clusterScoped[render.Key{Group: group, Kind: kind}] = scope == "Cluster"
	}
	maps.Copy(clusterScoped, render.Cluster{Kubernetes: fmt.Sprintf("1.%d", minor)}.Scopes())
	return func(k render.Key) bool { return clusterScoped[render.Key{Group: k.Group, Kind: k.Kind}] }
}
