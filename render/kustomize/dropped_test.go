package kustomize_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjectsThatKustomizeDropsAreReported(t *testing.T) {
	out := build(t, "-- app/kustomization.yaml --\nresources: [a.yaml, ../base]\nhelmCharts: [{repo: 'https://charts.example.com', version: 1.2.3, name: local}]\n"+
		"patches: [{target: {name: freed}, patch: '[{\"op\": \"remove\", \"path\": \"/metadata/annotations\"}]'}]\n"+
		"-- app/a.yaml --"+configMap+
		"---\napiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: office}\nitems: []\n"+
		"---\napiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: plain}\nspec: {items: []}\n"+
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: kept, annotations: {config.kubernetes.io/local-config: 'false'}}\n"+
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: freed, annotations: {config.kubernetes.io/local-config: 'true'}}\n"+
		"-- base/kustomization.yaml --\nnamePrefix: p-\nresources: [b.yaml]\n-- base/b.yaml --\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: source\n  annotations: {config.kubernetes.io/local-config: \"true\"}\n")
	want := []string{
		"app/a.yaml:5: AllowList.example.com office is left out by kustomize: its kind ends in List and it has items, so kustomize takes it for a list of objects",
		"base/b.yaml:1: ConfigMap source is left out by kustomize: it has the annotation config.kubernetes.io/local-config",
		"local/templates/a.yaml: Secret tool is left out by kustomize: it has the annotation config.kubernetes.io/local-config",
	}
	if diff := cmp.Diff(want, out.Unchecked); diff != "" {
		t.Errorf("%s\n%s", diff, out.YAML)
	}
}
