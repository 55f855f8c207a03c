package reference

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// equals writes so many objects that differ in their names.
func equals(count int, one func(name string) string) string {
	var b strings.Builder
	for i := range count {
		b.WriteString(one(fmt.Sprintf("main-%d", i)))
	}
	return b.String()
}

// Thousands of objects that are equal but for their names, of one namespace, are judged in no time, and what is wrong
// with each is said once: nothing is compared each with each.
func TestManyEqualObjects(t *testing.T) {
	const half = 1000
	workloads := equals(half, func(name string) string {
		return strings.Replace(workload("web", "", ", ports: [{name: http, containerPort: 8080}]"), "name: web", "name: "+name, 1)
	})
	of := func(version, kind, spec string) string {
		return equals(half, func(name string) string {
			return object(version, kind, "name: "+name, "spec: {"+strings.ReplaceAll(spec, "NAME", name)+"}")
		})
	}
	services := of("v1", "Service", "selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]")
	for name, text := range map[string]string{
		"budgets":             workloads + of("policy/v1", "PodDisruptionBudget", "selector: {matchLabels: {app: web}}"),
		"budgets of nothing":  workloads + of("policy/v1", "PodDisruptionBudget", "selector: {matchLabels: {app: wbe}}"),
		"budgets by exists":   workloads + of("policy/v1", "PodDisruptionBudget", "selector: {matchExpressions: [{key: app, operator: Exists}]}"),
		"services":            workloads + services,
		"services of nothing": workloads + of("v1", "Service", "selector: {app: wbe}, ports: [{port: 80}]"),
		"services of another": workloads + of("v1", "Service", "selector: {app: NAME}, ports: [{port: 80}]"),
		"ports of nothing":    workloads + of("v1", "Service", "selector: {app: web}, ports: [{port: 80, targetPort: htpt}]"),
		"network policies":    workloads + of(netapi, "NetworkPolicy", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: wbe}}}, {namespaceSelector: {matchLabels: {a: b}}}]}]"),
		"settings": equals(half, func(name string) string {
			return workload(name, "volumes: [{name: c, configMap: {name: x"+name+"}}], ", "")
		}) + equals(half, func(name string) string { return object("v1", "ConfigMap", "name: "+name, "data: {a: x}") }),
		"ingresses":          services + of(netapi, "Ingress", "defaultBackend: {service: {name: x-NAME, port: {number: 80}}}"),
		"ports of ingresses": services + of(netapi, "Ingress", "defaultBackend: {service: {name: NAME, port: {number: 81}}}"),
		"service monitors":   services + of("monitoring.coreos.com/v1", "ServiceMonitor", "selector: {matchLabels: {app: web}}, endpoints: [{port: x}]"),
		"labelled monitors": strings.ReplaceAll(services, "metadata: {", "metadata: {labels: {app: web}, ") +
			of("monitoring.coreos.com/v1", "ServiceMonitor", "selector: {matchLabels: {app: web}}, endpoints: [{port: x}]"),
		"pod monitors": workloads + of("monitoring.coreos.com/v1", "PodMonitor", "selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: x}]"),
		"scalers":      workloads + of("autoscaling/v2", "HorizontalPodAutoscaler", "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: x-NAME}"),
		"bindings": equals(2*half, func(name string) string {
			return object("rbac.authorization.k8s.io/v1", "RoleBinding", "name: "+name, "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x-"+name+"}\nsubjects: [{kind: ServiceAccount, name: a-"+name+"}]")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			in := stack(t, part{"main", "main", text})
			start := time.Now()
			found, _ := judged(t, in)
			// On an idle machine it is a tenth of a second; compared each with each it would be minutes.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if len(found) > 4*half {
				t.Errorf("%d findings", len(found))
			}
		})
	}
}
