package prune

import (
	"fmt"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// contents says whether an object holds data itself, by the tables of databases, queues and storage. What only carries
// others (a Namespace, a definition) is in nearly every app, and a finding on each would be read by nobody.
func contents(o *render.Object) (row, bool) {
	for _, table := range [][]row{databases, queues, storage} {
		for _, r := range table {
			if r.about(o) {
				return r, r.severity == validate.DataLoss
			}
		}
	}
	return row{}, false
}

// holders calls f with every object that holds data, of what the stack renders now.
func holders(in validate.Input, f func(render.Result, *render.Object, row)) {
	for _, result := range in.Results {
		for i := range result.Set.Objects {
			o := &result.Set.Objects[i]
			if r, ok := contents(o); ok && o.Target() {
				f(result, o, r)
			}
		}
	}
}

// unretained finds objects whose deletion destroys, and which have a field that would keep. Nothing is lost now.
func unretained(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	holders(in, func(result render.Result, o *render.Object, r row) {
		held, f := r.held(o)
		if held || f.path == "" {
			return
		}
		how := "is not stated"
		if stated(o.Tree, f.path) {
			how = "does not keep it"
		}
		one := validate.On(o, pathOf(f.path), fmt.Sprintf("%s destroys when it goes: %s %s", o.Key, f.name(), how))
		one.App, one.Source, one.Why, one.Fix = result.App.Name, r.source, "deleted: "+r.destroys, "set "+f.advice()
		found = append(found, one)
	})
	return found, nil
}

// unguarded finds objects that hold data and that Argo CD may prune.
func unguarded(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	argocd := in.Plan.Cluster.ArgoCD
	holders(in, func(result render.Result, o *render.Object, r row) {
		// As if it were live and the next render lost it: what would hold?
		c := validate.Comparison{App: result.App.Name, Left: result, Right: result}
		if held, _ := r.held(o); held || pruneGuard(c, o, argocd).holds {
			return
		}
		one := validate.On(o, pathOf("metadata annotations "+syncOptions), fmt.Sprintf("%s may be pruned: nothing that would be live says Prune=false", o.Key))
		one.App, one.Why, one.Source = result.App.Name, "pruned: "+r.destroys, "argo-cd docs sync-options"
		found = append(found, one)
	})
	return found, nil
}

// firstCutovers finds apps that are new in the tree, hold data, and prune at their very first sync.
func firstCutovers(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	for _, c := range in.Changes {
		sync := c.Right.App.Sync
		if len(c.Left.Set.Objects) > 0 || !sync.Automated || !sync.Prune {
			continue
		}
		i := slices.IndexFunc(c.Right.Set.Objects, func(o render.Object) bool {
			_, ok := contents(&o)
			return ok
		})
		if i < 0 {
			continue
		}
		o := c.Right.Set.Objects[i]
		found = append(found, validate.Finding{
			Severity: validate.Outage, App: c.App, Object: o.Key, Pos: place(c, nil, nil),
			Message: fmt.Sprintf("app %s is new, holds data (%s) and prunes from its first sync on", c.App, o.Key),
			Why:     "an Application of that name may be live, deployed another way: what it has and this render lacks, or calls otherwise, is deleted",
		})
	}
	return found, nil
}
