package kustomize_test

import (
	"sync"
	"testing"

	"sluice/render"
)

func TestRaceOfBuilds(t *testing.T) {
	dir := unpack(t, "-- app/kustomization.yaml --\nnamespace: x\nresources: [a.yaml]\nhelmCharts: [{"+pinned+"}]\npatches: [{target: {kind: Pod}, patch: '[{\"op\": \"add\", \"path\": \"/spec\", \"value\": {}}]'}]\n-- app/a.yaml --"+configMap+
		"-- two/kustomization.yaml --\nopenapi: {path: s.json}\nresources: [a.yaml]\n-- two/a.yaml --"+configMap+"-- two/s.json --\n{\"definitions\":{}}\n")
	one := func(p string) (string, error) {
		out, err := engine(nil).Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: p, Capabilities: cluster})
		return string(out.YAML), err
	}
	want := map[string]string{}
	for _, p := range []string{"app", "two"} {
		var err error
		if want[p], err = one(p); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for i := range 16 {
		p := []string{"app", "two"}[i%2]
		group.Go(func() {
			if got, err := one(p); err != nil || got != want[p] {
				t.Errorf("%s: error %v, output\n%s", p, err, got)
			}
		})
	}
	group.Wait()
}
