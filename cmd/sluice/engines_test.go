package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sluice/render"
)

// That a version of a tool is not there is of no interest to a stack that has nothing for it.
func TestToolsThatAnAppMayNeed(t *testing.T) {
	for kind, want := range map[string]string{
		render.KindManifests: "",
		render.KindHelm:      "helm",
		render.KindUmbrella:  "helm",
		render.KindKustomize: "helm kustomize",
	} {
		app := render.App{Sources: []render.Source{{Kind: render.KindManifests}, {Kind: kind}}}
		for _, plan := range []render.Plan{{Layers: []render.Layer{{Apps: []render.App{app}}}}, {Others: []render.App{app}}} {
			if got := strings.Join(slices.Sorted(maps.Keys(neededBy(plan))), " "); got != want {
				t.Errorf("%s needs %q, want %q", kind, got, want)
			}
		}
	}
}
