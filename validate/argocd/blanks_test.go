package argocd

import (
	"slices"
	"testing"

	"sluice/render"
)

// Whatever a placeholder stands for may be right: with one in any field of objects that are, nothing is said.
func TestEveryPlaceholder(t *testing.T) {
	text := oneApp +
		"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}\n" +
		"spec:\n  project: team\n" + sound + plain + "  syncPolicy: {automated: {prune: true}, syncOptions: [PruneLast=true]}\n---\n" +
		project + "spec:\n  sourceRepos: [https://git.example.com/shop.git]\n  destinations: [{server: https://kubernetes.default.svc, namespace: shop}]\n" +
		"  clusterResourceWhitelist: [{group: \"\", kind: Namespace}]\n  namespaceResourceWhitelist: [{group: \"*\", kind: \"[A-Z]*\"}]\n" +
		"  roles: [{name: r, policies: [\"p, proj:team:r, applications, get, team/*, allow\"]}]\n" +
		"  syncWindows: [{kind: allow, schedule: \"* * * * *\", duration: 1h, applications: [\"*\"]}]\n---\n" +
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" +
		"apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: \"-1\"}}\n---\n" +
		"apiVersion: v1\nkind: Secret\nmetadata: {name: b, annotations: {argocd.argoproj.io/sync-wave: \"-1\", argocd.argoproj.io/sync-options: Prune=false}}\n---\n" +
		"apiVersion: batch/v1\nkind: Job\nmetadata: {name: a, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation}}\n" +
		"spec: {template: {spec: {containers: [{name: a, image: b, envFrom: [{secretRef: {name: a}}]}]}}}\n---\n" +
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b, annotations: {argocd.argoproj.io/compare-options: IgnoreExtraneous}}\n" +
		"spec: {template: {spec: {containers: [{name: a, image: b, envFrom: [{secretRef: {name: b}}]}]}}}\n"
	if got := said(t, stack(t, text)); len(got) > 0 {
		t.Fatalf("without placeholders: %q", got)
	}
	count := 0
	for i, o := range stack(t, text).Results[0].Set.Objects {
		for _, field := range leaves(o.Tree, nil) {
			if slices.Contains([]string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}, field.String()) {
				continue
			}
			in := stack(t, text)
			r := &in.Results[0]
			put(r.Set.Objects[i].Tree, field, "<path:kv/data/argocd/apps/shop#name>")
			r.Ledger = []render.Placeholder{{Object: o.Key, Field: field, Key: "name"}}
			in.Effective[0] = r.Set.Effective("shop", in.ClusterScoped)
			if got := said(t, in); len(got) > 0 {
				t.Errorf("%s of %s: %q", field, o.Key, got)
			}
			count++
		}
	}
	if count < 30 {
		t.Errorf("only %d fields", count)
	}
}

// leaves lists the paths of the scalars of a tree.
func leaves(tree any, at render.Path) []render.Path {
	var all []render.Path
	switch tree := tree.(type) {
	case map[string]any:
		for k, v := range tree {
			all = append(all, leaves(v, at.With(k))...)
		}
	case []any:
		for i, v := range tree {
			all = append(all, leaves(v, at.With(i))...)
		}
	default:
		return []render.Path{at}
	}
	return all
}

// put writes a value into a tree.
func put(tree any, at render.Path, value any) {
	above, _ := at[:len(at)-1].In(tree)
	switch above := above.(type) {
	case map[string]any:
		above[at[len(at)-1].(string)] = value
	case []any:
		above[at[len(at)-1].(int)] = value
	}
}
