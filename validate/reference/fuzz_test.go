package reference

import (
	"context"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// FuzzRules holds that no objects, however odd, make the rules panic or hang.
func FuzzRules(f *testing.F) {
	for _, rule := range Rules() {
		f.Add(rule.Wrong)
	}
	f.Add("apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: [x]}\nspec: {selector: {a: 1}, ports: {port: x}}\n")
	f.Add("apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec: {target: [x], data: {a: b}}\n")
	f.Add("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {replicas: 1e300, volumeClaimTemplates: [{metadata: {name: 1}}], template: []}\n")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := render.Parse("in.yaml", []byte(text))
		if err != nil || len(set.Objects) == 0 {
			return // no manifest: nothing to judge
		}
		in := stack(t)
		in.Results = []render.Result{{Set: set, App: render.App{Name: "shop", Namespace: "shop"}}}
		in.Effective = []render.Set{set.Effective("shop", in.ClusterScoped)}
		if _, err := validate.Run(context.Background(), in, Rules()); err != nil {
			t.Fatal(err)
		}
	})
}
