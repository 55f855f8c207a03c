package reference

import (
	"slices"

	"sluice/render"
	"sluice/validate"
)

// creators finds the apps that make Secrets or ConfigMaps themselves: in which a workload runs as an account that may
// create them. What such an app refers to and does not render, it may make when it runs (certificates of webhooks,
// generated passwords). Of such an app a missing Secret is no finding: a controller with that right is told names in ways that
// nobody can list. The aggregated roles "admin" and "edit" of Kubernetes have the right too.
func (x *index) creators() map[string]bool {
	if x.made != nil {
		return x.made
	}
	x.made = map[string]bool{}
	creating := map[render.Key]bool{}
	accounts := map[render.Key]bool{}
	for key, t := range x.targets {
		if key.Group == rbac && t.object != nil && (key.Kind == "Role" || key.Kind == "ClusterRole") && creates(t.object) {
			creating[key] = true
		}
	}
	for key, t := range x.targets {
		if key.Group != rbac || t.object == nil {
			continue
		}
		role := render.Key{Group: rbac, Kind: validate.TextAt(t.object.Tree, "roleRef", "kind"), Name: validate.TextAt(t.object.Tree, "roleRef", "name")}
		if role.Kind == "Role" {
			role.Namespace = key.Namespace
		}
		if !creating[role] && role.Name != "cluster-admin" && role.Name != "admin" && role.Name != "edit" {
			continue
		}
		for _, s := range validate.ListAt(t.object.Tree, "subjects") {
			space := validate.TextAt(s, "namespace")
			if space == "" {
				space = key.Namespace
			}
			accounts[keyOf("ServiceAccount", space, validate.TextAt(s, "name"))] = true
		}
	}
	for _, t := range x.targets {
		if t.object == nil {
			continue
		}
		if spec, _, ok := podSpec(t.object); ok && accounts[keyOf("ServiceAccount", t.object.Key.Namespace, validate.TextAt(spec, "serviceAccountName"))] {
			x.made[t.object.Provenance.App] = true
		}
	}
	return x.made
}

const rbac = "rbac.authorization.k8s.io"

// creates says whether a role allows to create Secrets or ConfigMaps. API groups are not compared: these resources are of the
// core group, and nobody else's are called so.
func creates(role *render.Object) bool {
	return slices.ContainsFunc(validate.ListAt(role.Tree, "rules"), func(rule any) bool {
		verbs, resources := validate.ListAt(rule, "verbs"), validate.ListAt(rule, "resources")
		return (slices.Contains(verbs, any("create")) || slices.Contains(verbs, any("*"))) &&
			(slices.Contains(resources, any("secrets")) || slices.Contains(resources, any("configmaps")) || slices.Contains(resources, any("*")))
	})
}
