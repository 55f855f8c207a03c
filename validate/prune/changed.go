package prune

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// destroyer is a field whose value makes an operator destroy what the object stands for, without any deletion of it.
type destroyer struct {
	group, kinds, path, value string
	destroys, source          string
}

var destroyers = []destroyer{
	{"postgresql.cnpg.io", "Database", "spec ensure", "absent", "the operator runs DROP DATABASE", "cloudnative-pg docs declarative_database_management"},
	{"postgresql.cnpg.io", "Database", "spec schemas [] ensure", "absent", "the operator drops the schema with its tables", "cloudnative-pg docs declarative_database_management"},
	{"postgresql.cnpg.io", "Database", "spec extensions [] ensure", "absent", "the operator drops the extension with what depends on it", "cloudnative-pg docs declarative_database_management"},
	{"postgresql.cnpg.io", "DatabaseRole", "spec ensure", "absent", "the operator drops the role", "cloudnative-pg API v1"},
	{"postgresql.cnpg.io", "Cluster", "spec managed roles [] ensure", "absent", "the operator drops the role", "cloudnative-pg docs declarative_role_management"},
}

// destroyingFields finds values that destroy where the live object does not have them, also on objects that are new:
// what they name may be there.
func destroyingFields(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	for _, c := range in.Changes {
		for _, change := range c.Effective {
			if change.Right == nil || change.Kind() != "added" && change.Kind() != "modified" {
				continue
			}
			for _, d := range destroyers {
				if d.group != change.Right.Key.Group || d.kinds != change.Right.Key.Kind {
					continue
				}
				if count(change.Right, d.path, d.value) > count(change.Left, d.path, d.value) {
					at := pathOf(d.path)
					found = append(found, validate.Finding{
						Severity: validate.DataLoss, App: c.App, Object: change.Key, Pos: place(c, change.Right, at), Source: d.source,
						Message: fmt.Sprintf("%s says %s: %s", change.Key, at, d.value), Why: d.destroys,
					})
				}
			}
			if f, ok := scaledDown(c, change); ok {
				found = append(found, f)
			}
		}
	}
	return found, nil
}

// count is how many values of a path are that word.
func count(o *render.Object, path, value string) int {
	n := 0
	if o != nil {
		for _, v := range lookup(o.Tree, path) {
			if v == value {
				n++
			}
		}
	}
	return n
}

// scaledDown finds a StatefulSet that gives up replicas whose claims go with them. The policy that counts is the one
// that is live when the pods go, which may be either.
// Source: Kubernetes docs, StatefulSet, PersistentVolumeClaim retention (whenScaled).
func scaledDown(c validate.Comparison, change render.Change) (validate.Finding, bool) {
	if change.Kind() != "modified" || change.Left.Key.Group != "apps" || change.Left.Key.Kind != "StatefulSet" ||
		!stated(change.Left.Tree, "spec volumeClaimTemplates") {
		return validate.Finding{}, false
	}
	const path = "spec persistentVolumeClaimRetentionPolicy whenScaled"
	replicas := func(o *render.Object) int64 {
		n, ok := at(o.Tree, "spec replicas").(int64)
		if !ok {
			n = 1
		}
		return n
	}
	l, r := replicas(change.Left), replicas(change.Right)
	if r >= l || at(change.Left.Tree, path) != "Delete" && at(change.Right.Tree, path) != "Delete" {
		return validate.Finding{}, false
	}
	return validate.Finding{
		Severity: validate.DataLoss, App: c.App, Object: change.Key, Pos: place(c, change.Right, pathOf("spec replicas")),
		Message: fmt.Sprintf("%s goes from %d to %d replicas, and whenScaled says Delete", change.Key, l, r),
		Why:     "the volume claims of the replicas that go are deleted",
		Fix:     "set " + pathOf(path).String() + ": Retain, sync, and scale down in a later change", Source: "Kubernetes docs, StatefulSet, PersistentVolumeClaim retention",
	}, true
}

// weakenedFields finds objects whose live side protects them and whose next one does not.
func weakenedFields(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	modified(in, func(c validate.Comparison, change render.Change) {
		l, known := find(change.Left)
		r, _ := find(change.Right)
		if !known || !l.stateful() && !r.stateful() {
			return
		}
		say := func(path render.Path, text, source string) {
			found = append(found, validate.Finding{
				Severity: validate.Outage, App: c.App, Object: change.Key, Pos: place(c, change.Right, path), Source: source,
				Message: change.Key.String() + " " + text, Why: "its next deletion goes through: " + r.destroys,
			})
		}
		was, _ := l.held(change.Left)
		if holds, f := r.held(change.Right); was && !holds && f.path != "" {
			say(pathOf(f.path), "loses "+f.advice()+", which keeps what it stands for", r.source)
		}
		old, now := option(options(change.Left, syncOptions), "Prune"), option(options(change.Right, syncOptions), "Prune")
		if (old == "false" || old == "confirm") && now != "false" && now != "confirm" {
			say(pathOf("metadata annotations "+syncOptions), "loses Prune="+old+", which keeps Argo CD from pruning it", "argo-cd docs sync-options")
		}
	})
	return append(found, pruneTurnedOn(in)...), nil
}

// pruneTurnedOn finds live apps that were not pruned and will be. What earlier changes took out of them stayed in the
// cluster, and no tree knows of it any more.
func pruneTurnedOn(in validate.Input) []validate.Finding {
	var found []validate.Finding
	for _, c := range in.Changes {
		if len(c.Left.Set.Objects) == 0 || len(c.Right.Set.Objects) == 0 || c.Left.App.Sync.Prune || !c.Right.App.Sync.Prune {
			continue
		}
		found = append(found, validate.Finding{
			Severity: validate.Outage, App: c.App, Pos: c.Right.App.Pos,
			Object:  render.Key{Group: "argoproj.io", Kind: "Application", Namespace: in.Plan.Hydrate.Namespace, Name: in.Plan.Hydrate.Prefix + c.App},
			Message: "app " + c.App + " is pruned from now on",
			Why:     "what earlier changes took out of it stayed in the cluster until now, and the next sync deletes it; the tree does not know of it any more",
			Fix:     "look for objects of the app that Argo CD shows as out of sync and to be pruned, before this is synced",
			Source:  "argo-cd docs auto_sync",
		})
	}
	return found
}

// forcedObjects finds stateful objects that a sync may delete and create anew. Where that is so already, it is not new.
func forcedObjects(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	modified(in, func(c validate.Comparison, change render.Change) {
		r, known := find(change.Right)
		if !known || !r.stateful() {
			return
		}
		for _, name := range []string{"Force", "Replace"} {
			if !has(change.Right, c.Right.App, name, "true") || has(change.Left, c.Left.App, name, "true") {
				continue
			}
			found = append(found, validate.Finding{
				Severity: validate.Outage, App: c.App, Object: change.Key, Pos: place(c, change.Right, pathOf("metadata annotations "+syncOptions)),
				Message: fmt.Sprintf("%s gets %s=true", change.Key, name),
				Why:     "once a change of it is refused, " + map[bool]string{true: "Argo CD deletes it: ", false: "one sync with --force deletes it: "}[name == "Force"] + r.destroys,
				Source:  "argo-cd docs sync-options",
			})
		}
	})
	return found, nil
}

// droppedVersions finds versions that a definition no longer serves, with the objects that are still written in them.
// Source: Kubernetes docs, Versions in CustomResourceDefinitions.
func droppedVersions(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	modified(in, func(c validate.Comparison, change render.Change) {
		if !change.Left.Key.Definition() {
			return
		}
		next := versions(change.Right)
		for _, old := range versions(change.Left) {
			i := slices.IndexFunc(next, func(v version) bool { return v.name == old.name })
			f := validate.Finding{
				Severity: validate.Outage, App: c.App, Object: change.Key, Pos: place(c, change.Right, pathOf("spec versions")),
				Source: "Kubernetes docs, Versions in CustomResourceDefinitions",
			}
			users := written(in, change.Right, old.name)
			switch {
			case i < 0 && old.storage:
				f.Severity = validate.Replace
				f.Message = fmt.Sprintf("%s drops version %s, in which objects are stored", change.Key, old.name)
				f.Why = "the API server refuses it while status.storedVersions names the version; forced, the stored objects can no longer be read"
			case i < 0:
				f.Message = fmt.Sprintf("%s drops version %s", change.Key, old.name)
				f.Why = "objects and clients of that version are refused, and the change itself while status.storedVersions names the version"
			case old.served && !next[i].served:
				f.Message = fmt.Sprintf("%s no longer serves version %s", change.Key, old.name)
				f.Why = "objects and clients of that version are refused"
			default:
				continue
			}
			if len(users) > 0 {
				f.Why += "; still written in it: " + few(users)
			}
			found = append(found, f)
		}
	})
	return found, nil
}

type version struct {
	name            string
	served, storage bool
}

func versions(definition *render.Object) []version {
	var list []version
	all, _ := at(definition.Tree, "spec versions").([]any)
	for _, v := range all {
		name, _ := at(v, "name").(string)
		list = append(list, version{name, at(v, "served") == true, at(v, "storage") == true})
	}
	return list
}

// written lists what the stack renders now of a definition's kind in that version.
func written(in validate.Input, definition *render.Object, version string) []string {
	group, _ := at(definition.Tree, "spec group").(string)
	kind, _ := at(definition.Tree, "spec names kind").(string)
	var keys []string
	for _, r := range in.Results {
		for _, o := range r.Set.Objects {
			if o.Key.Group == group && o.Key.Kind == kind && o.APIVersion == group+"/"+version {
				keys = append(keys, o.Key.String())
			}
		}
	}
	return keys
}

// few writes the first of a list of names, and how many more there are.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
