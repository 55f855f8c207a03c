package reference

import (
	"slices"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// TestEveryPlaceholder puts a placeholder into every field of objects that fit each other, one at a time: whatever it stands
// for may fit as well, so nothing is said.
func TestEveryPlaceholder(t *testing.T) {
	const hole = "<path:kv/data/argocd/apps/shop#name>"
	text := workload("main", "volumes: [{name: c, configMap: {name: c, items: [{key: a, path: a}]}}], ",
		", ports: [{name: http, containerPort: 8080}], livenessProbe: {httpGet: {port: http}}, volumeMounts: [{name: c, mountPath: /c, subPath: a}]") +
		object("v1", "ConfigMap", "name: c", "data: {a: b}") +
		object("v1", "Service", "name: main, labels: {app: main}", "spec: {selector: {app: main}, ports: [{name: http, port: 80, targetPort: http}]}") +
		object("monitoring.coreos.com/v1", "ServiceMonitor", "name: main", "spec: {selector: {matchLabels: {app: main}}, endpoints: [{port: http}]}") +
		object("monitoring.coreos.com/v1", "PodMonitor", "name: main", "spec: {selector: {matchLabels: {app: main}}, podMetricsEndpoints: [{port: http}]}") +
		object("autoscaling/v2", "HorizontalPodAutoscaler", "name: main", "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: main}}") +
		object(netapi, "Ingress", "name: main", "spec: {rules: [{http: {paths: [{backend: {service: {name: main, port: {name: http}}}}]}}]}") +
		object(traefik, "IngressRoute", "name: main", "spec: {routes: [{services: [{name: main, port: http}]}]}") +
		object(gwapi, "Gateway", "name: main", "spec: {listeners: [{name: https}]}") +
		object(gwapi, "HTTPRoute", "name: main", "spec: {parentRefs: [{name: main, sectionName: https}], rules: [{backendRefs: [{name: shared, namespace: blog, port: 80}]}]}") +
		object("v1", "Namespace", "name: blog, labels: {tier: apps}", "") +
		object("v1", "Service", "name: shared, namespace: blog", "spec: {ports: [{port: 80}]}") +
		object(gwapi, "ReferenceGrant", "name: main, namespace: blog", "spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], to: [{group: \"\", kind: Service}]}") +
		object(netapi, "NetworkPolicy", "name: main", "spec: {podSelector: {matchLabels: {app: main}}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: apps}}}]}]}") +
		object("policy/v1", "PodDisruptionBudget", "name: main", "spec: {selector: {matchLabels: {app: main}}}")
	fresh := func() validate.Input { return stack(t, part{"shop", "shop", text}) }
	if lines, _ := judged(t, fresh()); len(lines) > 0 {
		t.Fatalf("without placeholders: %q", lines)
	}
	count := 0
	for i, o := range fresh().Results[0].Set.Objects {
		for _, field := range leaves(o.Tree, nil) {
			if slices.Contains([]string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}, field.String()) {
				continue
			}
			in := fresh()
			r := &in.Results[0]
			put(r.Set.Objects[i].Tree, field, hole)
			r.Ledger = []render.Placeholder{{Object: o.Key, Field: field, Key: "name"}}
			in.Effective[0] = r.Set.Effective("shop", in.ClusterScoped)
			if lines, _ := judged(t, in); len(lines) > 0 {
				t.Errorf("%s of %s: %q", field, o.Key, lines)
			}
			count++
		}
	}
	if count < 40 {
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
