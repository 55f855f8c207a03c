package reference

import (
	"maps"

	"sluice/render"
	"sluice/validate"
)

// variantsOf gives the Pods of a Rollout that have more labels than its template says: those of a canary or a preview, and
// those of the experiments between its steps. They have no workload of their own to name in a message.
// Source: Argo Rollouts pkg/apis/rollouts/v1alpha1/types.go (PodTemplateMetadata, RolloutExperimentTemplate) and
// rollout/experiment.go, which adds the labels to those of the template.
func variantsOf(o *render.Object, blanks bool) []*pods {
	if o.Key.GroupKind() != "Rollout.argoproj.io" {
		return nil
	}
	base := &pods{loose: true} // of spec.workloadRef, whose template is elsewhere
	if p, ok := podsOf(o); ok {
		base = p
	}
	strategy := validate.ValueAt(o.Tree, "spec", "strategy")
	metadata := []any{
		validate.ValueAt(strategy, "canary", "canaryMetadata"), validate.ValueAt(strategy, "canary", "stableMetadata"),
		validate.ValueAt(strategy, "blueGreen", "activeMetadata"), validate.ValueAt(strategy, "blueGreen", "previewMetadata"),
	}
	for _, step := range validate.ListAt(strategy, "canary", "steps") {
		for _, t := range validate.ListAt(step, "experiment", "templates") {
			metadata = append(metadata, validate.ValueAt(t, "metadata"))
		}
	}
	var all []*pods
	for _, m := range metadata {
		more := words(m, "labels")
		if len(more) == 0 {
			continue
		}
		labels := maps.Clone(base.labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, more)
		all = append(all, &pods{labels: labels, ports: base.ports, loose: base.loose || blanks, blank: blanks})
	}
	return all
}
