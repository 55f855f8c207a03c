package argocd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// lastApplied is the annotation in which a client-side apply keeps the whole object, as JSON, and limit what the
// annotations of an object may have together (kubernetes apimachinery pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB).
const (
	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
	limit       = 256 << 10
)

// size judges whether an object fits into its own annotation. An app's options are known of a stack alone. The object is written
// as JSON as kubectl does, with a line break (k8s.io/kubectl pkg/util/apply.go, GetModifiedConfiguration, by json.Encoder);
// server-side apply and replace keep no such annotation. Most objects are small: a bound that needs no JSON spares the rest.
func (j *judge) size(a *app, o *render.Object) {
	if !j.stack || atMost(o.Tree) <= limit {
		return
	}
	on := func(option string) bool { return slices.Contains(a.Sync.Options, option) || a.has(o, option) }
	if on("Replace=true") || on("ServerSideApply=true") && !a.has(o, "ServerSideApply=false") {
		return
	}
	text, err := json.Marshal(o.Tree)
	total := len(text) + 1 + len(lastApplied)
	for k, v := range validate.MappingAt(o.Tree, "metadata", "annotations") {
		s, _ := v.(string)
		total += len(k) + len(s)
	}
	if err != nil || total <= limit {
		return
	}
	j.say(verdict{annotationLimit, validate.Error}, o, nil, fmt.Sprintf("the annotations of %s have %d bytes with the one that a client-side apply adds, and may have %d", o.Key, total, limit))
}

// unnamed judges objects that leave their name to the API server: kubectl's apply, which Argo CD calls on the client and the
// server side, refuses them; with replace they are created, anew at each sync. Hooks are given a name beforehand.
// Sources: k8s.io/kubectl pkg/cmd/apply/apply.go, applyOneObject; gitops-engine pkg/sync/sync_context.go; argo-cd #1639.
func (j *judge) unnamed(a *app, o *render.Object) {
	if !j.stack || !strings.HasSuffix(o.Key.Name, "/*") || o.Hook() != "" || slices.Contains(a.Sync.Options, "Replace=true") || a.has(o, "Replace=true") {
		return
	}
	at := render.Path{"metadata", "generateName"}
	j.say(verdict{generatedName, validate.Error}, o, at, fmt.Sprintf("%s stands in place of a name, and Argo CD applies nothing without one: no sync of the app succeeds", at))
}

// atMost gives a size that the JSON of a tree does not exceed: no character takes more than 6 bytes.
func atMost(v any) int {
	switch v := v.(type) {
	case map[string]any:
		n := 2
		for k, e := range v {
			n += 6*len(k) + 4 + atMost(e)
		}
		return n
	case []any:
		n := 2
		for _, e := range v {
			n += 1 + atMost(e)
		}
		return n
	case string:
		return 6*len(v) + 2
	}
	return 32
}

// scaled judges workloads whose replicas stand in the manifest and are set by an autoscaler. Without selfHeal the number comes
// back with the next sync, with it at once; without automated sync a person does it, and sees it. KEDA's default of what is
// scaled is a Deployment (keda apis/keda/v1alpha1/scaledobject_types.go). An autoscaler in another app counts.
func (j *judge) scaled(a *app, o *render.Object) {
	if !j.stack {
		return
	}
	var ref map[string]any
	kind, version := "", ""
	switch o.Key.GroupKind() {
	case "HorizontalPodAutoscaler.autoscaling":
		ref = validate.MappingAt(o.Tree, "spec", "scaleTargetRef")
		kind, version = validate.TextAt(ref, "kind"), validate.TextAt(ref, "apiVersion")
	case "ScaledObject.keda.sh":
		ref = validate.MappingAt(o.Tree, "spec", "scaleTargetRef")
		kind, version = "Deployment", "apps/v1"
		if k := validate.TextAt(ref, "kind"); k != "" {
			kind = k
		}
		if v := validate.TextAt(ref, "apiVersion"); v != "" {
			version = v
		}
	default:
		return
	}
	g, _, found := strings.Cut(version, "/")
	if !found {
		g = ""
	}
	key := render.Key{Group: g, Kind: kind, Namespace: o.Key.Namespace, Name: validate.TextAt(ref, "name")}
	for _, owner := range j.apps {
		target := owner.objects[key]
		if target == nil || validate.ValueAt(target.Tree, "spec", "replicas") == nil || !owner.Sync.Automated || j.ignores(target) {
			continue
		}
		severity, how := validate.Info, "every sync sets it back"
		if owner.Sync.SelfHeal {
			severity, how = validate.Warning, "selfHeal sets it back each time that it changes"
		}
		j.say(verdict{scaledReplicas, severity}, target, render.Path{"spec", "replicas"}, fmt.Sprintf("spec.replicas is %v, and %s changes it: %s", validate.ValueAt(target.Tree, "spec", "replicas"), o.Key, how))
	}
}

// ignores says whether Argo CD does not look at the replicas of a workload: argocd-cm may say so of all of a kind, and an
// Application that the stack renders of one.
func (j *judge) ignores(o *render.Object) bool {
	if j.config != nil {
		for k, v := range validate.MappingAt(j.config.Tree, "data") {
			if text, _ := v.(string); strings.HasPrefix(k, "resource.customizations") && strings.Contains(text, "replicas") {
				return true
			}
		}
	}
	for _, a := range j.apps {
		for i := range a.set.Objects {
			other := &a.set.Objects[i]
			if other.Key.Group != group || other.Key.Kind != "Application" {
				continue
			}
			for _, entry := range validate.ListAt(other.Tree, "spec", "ignoreDifferences") {
				text := fmt.Sprint(validate.ValueAt(entry, "jsonPointers"), validate.ValueAt(entry, "jqPathExpressions"))
				if validate.TextAt(entry, "kind") == o.Key.Kind && strings.Contains(text, "replicas") {
					return true
				}
			}
		}
	}
	return false
}
