package avp

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sluice/render"
)

// deployments makes n objects of common size; secret is the value of one environment variable of each.
func deployments(n int, secret string) render.Set {
	set := render.Set{Documents: n}
	for i := range n {
		name := fmt.Sprintf("app-%d", i)
		labels := map[string]any{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name, "helm.sh/chart": "model-1.2.3"}
		env := []any{map[string]any{"name": "URL", "value": secret}}
		for j := range 8 {
			env = append(env, map[string]any{"name": fmt.Sprintf("VARIABLE_%d", j), "value": strings.Repeat("a common value ", 3)})
		}
		container := map[string]any{
			"name": "main", "image": "registry.example.com/library/model:1.2.3", "env": env,
			"volumeMounts": []any{map[string]any{"name": "config", "mountPath": "/etc/path/model.yaml", "subPath": "model.yaml"}},
			"ports":        []any{map[string]any{"name": "http", "containerPort": int64(8080)}},
		}
		spec := map[string]any{"replicas": int64(2), "template": map[string]any{
			"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": []any{container}},
		}}
		o := object("Deployment", map[string]any{"metadata": map[string]any{"name": name, "labels": labels}, "spec": spec})
		o.Key.Name = name
		set.Objects = append(set.Objects, o)
	}
	return set
}

func benchmark(b *testing.B, set render.Set, placeholders int) {
	b.ReportAllocs()
	for b.Loop() {
		_, ledger, err := Decode(set)
		if err != nil || len(ledger) != placeholders {
			b.Fatalf("%d placeholders, %v", len(ledger), err)
		}
	}
}

func BenchmarkDecode5000ObjectsWithout(b *testing.B) {
	benchmark(b, deployments(5000, "redis://:password@redis:6379/0"), 0)
}

func BenchmarkDecode500ObjectsWith(b *testing.B) {
	benchmark(b, deployments(500, "redis://:"+url.QueryEscape("<path:kv/data/x#k | base64encode>")+"@redis:6379/0"), 500)
}

// A text of many openers and no end must take time in proportion to its length.
func BenchmarkDecodeHostileText(b *testing.B) {
	for _, unit := range []string{"%3Cpath%3A", "<path:a#", "<", `\\u003c`, "%253Cpath:%23"} {
		for _, size := range []int{1 << 16, 1 << 18} {
			b.Run(fmt.Sprintf("%s/%d", url.PathEscape(unit), size), func(b *testing.B) {
				set := one("ConfigMap", "field", strings.Repeat(unit, size/len(unit)))
				set.Objects[0].Tree["metadata"] = map[string]any{"annotations": map[string]any{annotationPath: "kv"}}
				for b.Loop() {
					if _, ledger, _ := Decode(set); len(ledger) != 0 {
						b.Fatal("a placeholder where none is complete")
					}
				}
			})
		}
	}
}
