package render

import (
	"context"
	"fmt"
	"slices"
)

// told is the tools with what templates are told of the cluster.
type told struct {
	Tools
	capabilities Capabilities
}

func (t Tools) with(c Capabilities) told { return told{t, c} }

// settle renders the apps that ask for APIs again until the definitions of kinds that came out add none to what the apps
// were told. A definition counts once it was seen: a chart that leaves its own out where it finds it offered would
// otherwise go back and forth, and a cluster that has it keeps it.
func settle(ctx context.Context, plan Plan, results []Result, tools told) ([]Result, error) {
	asks := func(r Result) bool { return r.AsksAPIs || r.Err != nil }
	if !slices.ContainsFunc(results, asks) {
		return results, nil
	}
	others, err := renderAll(ctx, plan, plan.Others, tools)
	if err != nil {
		return nil, err
	}
	all := append(slices.Clone(results), others...)
	for crds := definitions(all); ; crds = append(crds, definitions(all)...) {
		offered, err := tools.Model(crds)
		if err != nil {
			return nil, err
		}
		if slices.Equal(offered.APIVersions, tools.capabilities.APIVersions) {
			break
		}
		tools.capabilities = offered
		var asking []int
		var apps []App
		for i := range all {
			all[i].Capabilities = offered
			if asks(all[i]) {
				asking, apps = append(asking, i), append(apps, all[i].App)
			}
		}
		again, err := renderAll(ctx, plan, apps, tools)
		if err != nil {
			return nil, err
		}
		for i, at := range asking {
			again[i].Elapsed += all[at].Elapsed
			all[at] = again[i]
		}
	}
	results = all[:len(results)]
	for at, o := range all {
		why := "it is not rendered"
		if at >= len(results) {
			why = fmt.Sprint(o.Err) // of another app nobody else says it
		}
		for i := range results {
			if o.Err != nil && results[i].Err == nil && results[i].AsksAPIs {
				results[i].Unchecked = append(results[i].Unchecked, fmt.Sprintf(
					"its templates ask for APIs, and what app %s defines is not among them: %s", o.App.Name, why))
			}
		}
	}
	return results, nil
}

// definitions lists the CustomResourceDefinitions of all results.
func definitions(results []Result) []Object {
	var crds []Object
	for _, r := range results {
		crds = append(crds, r.Set.Definitions()...)
	}
	return crds
}
