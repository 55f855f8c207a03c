package validate

import (
	"slices"

	"sluice/render"
)

// Whole says whether all of a stack is here, so that what is not here is nowhere in it: a selection left no app out, and every
// one could be rendered. Of bare manifests it is true too; those who must not judge them so ask whether there is a stack.
func (in Input) Whole() bool {
	rendered := 0
	for _, r := range in.Results {
		if r.Err == nil {
			rendered++
		}
	}
	return len(in.Plan.Others) == 0 && rendered >= len(in.Plan.Apps())
}

// Landed gives the key that an object of an app has in the cluster: with the namespace of the app's destination where it
// states none, without any where its kind has none. Of a key that is so already, and of an app that was not rendered, it
// is the same.
func (in Input) Landed(app string, key render.Key) render.Key {
	i := slices.IndexFunc(in.Results, func(r render.Result) bool { return r.App.Name == app })
	switch {
	case i < 0 || in.ClusterScoped == nil || key == render.Key{}:
	case in.ClusterScoped(key):
		key.Namespace = ""
	case key.Namespace == "":
		key.Namespace = in.Results[i].App.Namespace
	}
	return key
}

// names lists what an object of an app may be called, besides the name that a finding has: as the cluster has it, and
// without the namespace that it gets from the app's destination.
func (in Input) names(app string, key, landed render.Key) []string {
	list := []string{key.String(), landed.String()}
	bare := landed
	if bare.Namespace = ""; in.Landed(app, bare) == landed {
		list = append(list, bare.String())
	}
	return list
}
