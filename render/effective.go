package render

import (
	"maps"
	"slices"
	"strings"
)

// The annotations that make an object a hook, of Argo CD and of helm.
const (
	argoHook = "argocd.argoproj.io/hook"
	helmHook = "helm.sh/hook"
)

// Two answers of [Object.Hook] that are no phase.
const (
	hookSkip    = "Skip"    // neither applied nor, being a target, pruned
	hookDropped = "dropped" // neither applied nor a target
)

var argoPhases = []string{"PreSync", "Sync", "PostSync", "SyncFail", hookSkip, "PreDelete", "PostDelete"}

// helmPhases are the phases of helm's hooks. Those of tests and rollbacks have none.
var helmPhases = map[string]string{
	"pre-install": "PreSync", "pre-upgrade": "PreSync", "post-install": "PostSync", "post-upgrade": "PostSync",
	"pre-delete": "PreDelete", "post-delete": "PostDelete",
}

// Hook gives the phase in which Argo CD applies the object, or several separated by commas: "PreSync", "Sync",
// "PostSync", "SyncFail", "Skip", "PreDelete" (Argo CD 3.3 and later), "PostDelete". It is "dropped" for a hook without a
// phase, which Argo CD ignores: helm's tests and rollback hooks. It is empty for an object that is no hook.
//
// Helm's annotation counts only where Argo CD's names no phase. Source: argo-cd gitops-engine/pkg/sync, hook/hook.go,
// hook/helm/type.go and ignore/ignore.go.
func (o Object) Hook() string {
	own, stated := o.annotation(argoHook)
	helm, charted := o.annotation(helmHook)
	var phases []string
	for _, word := range strings.Split(own, ",") {
		word = strings.TrimSpace(word)
		if slices.Contains(argoPhases, word) && !slices.Contains(phases, word) {
			phases = append(phases, word)
		}
	}
	if len(phases) == 0 {
		for _, word := range strings.Split(helm, ",") {
			if phase, ok := helmPhases[strings.TrimSpace(word)]; ok && !slices.Contains(phases, phase) {
				phases = append(phases, phase)
			}
		}
	}
	switch {
	// Helm 2 marked CustomResourceDefinitions this way; Argo CD applies them like any other object.
	case !stated && (!charted || helm == "crd-install"):
		return ""
	case len(phases) == 0:
		return hookDropped
	}
	return strings.Join(phases, ",")
}

// Target says whether the object is one that Argo CD keeps in the cluster, so that it prunes it once a render lacks it:
// every object that is no hook, and a hook of the phase Skip. Source: as [Object.Hook], and getSyncTasks of
// gitops-engine/pkg/sync/sync_context.go.
func (o Object) Target() bool {
	hook := o.Hook()
	return hook == "" || hook == hookSkip
}

// annotation gives the text of an annotation, and whether it is there.
func (o Object) annotation(name string) (string, bool) {
	metadata, _ := o.Tree["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	v, ok := annotations[name]
	text, _ := v.(string)
	return text, ok
}

// Effective gives the set as Argo CD's controller and the cluster see it, for an app with the destination namespace
// given. An object of a cluster-scoped kind has no namespace; any other that states none, of unknown kinds too, has the
// destination's, or still none where the destination has none. Key and metadata.namespace follow; what the receiver
// holds is not changed.
//
// Of several objects that then have one key the last counts (RepeatedResourceWarning), and hooks without a phase are
// dropped. Both are in Lost. Objects with generateName share no identity. Source: argo-cd controller/state.go,
// DeduplicateTargetObjects.
func (s Set) Effective(namespace string, clusterScoped func(Key) bool) Set {
	seen := s
	seen.Objects = make([]Object, 0, len(s.Objects))
	seen.Lost = slices.Clone(s.Lost)
	placed := make([]Object, len(s.Objects))
	last := make(map[Key]int, len(s.Objects))
	for i, o := range s.Objects {
		switch {
		case clusterScoped(o.Key):
			placed[i] = o.in("")
		case o.Key.Namespace == "":
			placed[i] = o.in(namespace)
		default:
			placed[i] = o.in(o.Key.Namespace)
		}
		last[placed[i].Key] = i
	}
	for i, o := range placed {
		switch {
		case last[o.Key] != i && !o.generated(), o.Hook() == hookDropped:
			seen.Lost = append(seen.Lost, o)
		default:
			seen.Objects = append(seen.Objects, o)
		}
	}
	return seen
}

// generated says whether the API server makes up the object's name.
func (o Object) generated() bool { return strings.HasSuffix(o.Key.Name, "/*") }

// in gives the object in a namespace, with a tree of its own where that changes it.
func (o Object) in(namespace string) Object {
	o.Key.Namespace = namespace
	metadata, ok := o.Tree["metadata"].(map[string]any)
	stated, written := metadata["namespace"]
	if !ok || written == (namespace != "") && (!written || stated == any(namespace)) {
		return o
	}
	metadata = maps.Clone(metadata)
	if delete(metadata, "namespace"); namespace != "" {
		metadata["namespace"] = namespace
	}
	o.Tree = maps.Clone(o.Tree)
	o.Tree["metadata"] = metadata
	return o
}
