package reference

import (
	"maps"

	"sluice/render"
	"sluice/validate"
)

// longhornLabels are those that longhorn-manager puts on its own Pods as soon as they serve what the Services of that label
// are for. Source: longhorn-manager app/daemon.go (AddLabelToManagerPod) and types/types.go.
var longhornLabels = map[string]string{
	"longhorn.io/admission-webhook":  "longhorn-admission-webhook",
	"longhorn.io/conversion-webhook": "longhorn-conversion-webhook",
	"longhorn.io/recovery-backend":   "longhorn-recovery-backend",
}

// variantsOf gives the Pods of a workload that come to more labels than its template says, as far as they are known. They
// have no workload of their own to name in a message.
func variantsOf(o *render.Object, blanks bool) []*pods {
	var added []map[string]string
	switch o.Key.GroupKind() {
	case "Rollout.argoproj.io":
		added = rolloutLabels(validate.ValueAt(o.Tree, "spec", "strategy"))
	case "DaemonSet.apps":
		if validate.TextAt(o.Tree, "spec", "template", "metadata", "labels", "app") == "longhorn-manager" {
			added = append(added, longhornLabels)
		}
	}
	if len(added) == 0 {
		return nil
	}
	base, ok := podsOf(o)
	if !ok {
		base = &pods{loose: true} // of a Rollout with spec.workloadRef, whose template is elsewhere
	}
	var all []*pods
	for _, more := range added {
		labels := map[string]string{}
		maps.Copy(labels, base.labels)
		maps.Copy(labels, more)
		all = append(all, &pods{labels: labels, ports: base.ports, loose: base.loose || blanks, blank: blanks})
	}
	return all
}

// rolloutLabels gives the labels that the strategy of a Rollout adds: those of a canary or a preview, and those of the
// experiments between its steps. Source: Argo Rollouts pkg/apis/rollouts/v1alpha1/types.go (PodTemplateMetadata,
// RolloutExperimentTemplate) and rollout/experiment.go.
func rolloutLabels(strategy any) []map[string]string {
	metadata := []any{
		validate.ValueAt(strategy, "canary", "canaryMetadata"), validate.ValueAt(strategy, "canary", "stableMetadata"),
		validate.ValueAt(strategy, "blueGreen", "activeMetadata"), validate.ValueAt(strategy, "blueGreen", "previewMetadata"),
	}
	for _, step := range validate.ListAt(strategy, "canary", "steps") {
		for _, t := range validate.ListAt(step, "experiment", "templates") {
			metadata = append(metadata, validate.ValueAt(t, "metadata"))
		}
	}
	var added []map[string]string
	for _, m := range metadata {
		if labels := words(m, "labels"); len(labels) > 0 {
			added = append(added, labels)
		}
	}
	return added
}
