package reference

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sluice/validate"
)

// many makes a stack of 5,000 objects: 50 apps of 100, each with Services, workloads, settings and policies that fit.
func many(t testing.TB) validate.Input {
	var parts []part
	for a := range 50 {
		var b strings.Builder
		for i := range 20 {
			name := fmt.Sprintf("main-%d", i)
			b.WriteString(workload(name, "serviceAccountName: "+name+", volumes: [{name: c, configMap: {name: "+name+"}}], ",
				", ports: [{name: http, containerPort: 8080}], envFrom: [{configMapRef: {name: "+name+"}}], env: [{name: A, valueFrom: {configMapKeyRef: {name: "+name+", key: a}}}]"))
			b.WriteString(object("v1", "Service", "name: "+name, "spec: {selector: {app: "+name+"}, ports: [{name: http, port: 80, targetPort: http}]}"))
			b.WriteString(object("v1", "ConfigMap", "name: "+name, "data: {a: x}"))
			b.WriteString(object("v1", "ServiceAccount", "name: "+name, ""))
			b.WriteString(object(netapi, "NetworkPolicy", "name: "+name, "spec: {podSelector: {matchLabels: {app: "+name+"}}, ingress: [{from: [{podSelector: {matchLabels: {app: "+name+"}}}]}]}"))
		}
		name := fmt.Sprintf("app-%d", a)
		parts = append(parts, part{name, name, b.String()})
	}
	return stack(t, parts...)
}

func BenchmarkRules(b *testing.B) {
	in := many(b)
	b.ReportAllocs()
	for b.Loop() {
		report, err := validate.Run(context.Background(), in, Rules())
		if err != nil || len(report.Findings) > 0 {
			b.Fatal(err, report.Findings)
		}
	}
}
