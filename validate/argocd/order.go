package argocd

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// moment is when Argo CD applies an object: a phase, and a wave in it.
type moment struct {
	phase int
	wave  int
}

// String names the moment: "wave 3", "PreSync, wave 0".
func (m moment) String() string {
	names := []string{"PreSync", "", "PostSync"}
	if names[m.phase] == "" {
		return fmt.Sprintf("wave %d", m.wave)
	}
	return fmt.Sprintf("%s, wave %d", names[m.phase], m.wave)
}

// after says whether the moment comes later: a wave counts within its phase alone.
func (m moment) after(o moment) bool {
	return m.phase > o.phase || m.phase == o.phase && m.wave > o.wave
}

// momentOf gives the first moment at which an object is applied in a sync that succeeds, or false for one that is not applied
// then, or of which a placeholder decides when.
// Source: argo-cd gitops-engine/pkg/sync/sync_tasks.go, Less.
func (a *app) momentOf(o *render.Object) (moment, bool) {
	for _, name := range []string{waveAnnotation, hookAnnotation, helmHook, helmWeight} {
		if a.blank(o, annotationPath(name)) {
			return moment{}, false
		}
	}
	phases := strings.Split(o.Hook(), ",")
	for i, names := range [][]string{{"PreSync"}, {"", "Sync"}, {"PostSync"}} {
		if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(phases, name) }) {
			return moment{i, waveOf(o)}, true
		}
	}
	return moment{}, false
}

// order judges in which order the objects of one app come. Argo CD applies a wave when the one before it is healthy; a
// workload whose Pods cannot start is not. Only what the same app brings is judged: what another app has, or an operator makes,
// is there or not whatever the waves say. At the second sync all of it is there, which is why nobody notices until a cluster
// is built anew.
func (j *judge) order(a *app) {
	for i := range a.set.Objects {
		o := &a.set.Objects[i]
		at, ok := a.momentOf(o)
		if !ok {
			continue
		}
		if kind := o.Key.GroupKind(); kind == "Namespace" || o.Key.Definition() {
			j.moved(a, o, at)
			continue
		}
		spec, field, ok := awaitedPods(o)
		if !ok {
			continue
		}
		for _, need := range needs(spec, o.Key.Namespace) {
			other := a.objects[need.key]
			if other == nil || a.blank(o, field.With(need.at...)) {
				continue
			}
			when, applied := a.momentOf(other)
			if !applied || !when.after(at) {
				continue
			}
			where := field.With(need.at...)
			rule, note := lateWave, ", which waits for the workload to be healthy"
			if when.phase != at.phase {
				rule, note = hookNeeds, ", so the first sync never ends"
			}
			f := j.say(verdict{rule, validate.Error}, o, where, fmt.Sprintf("%s names %s, which comes later (%s, this %s)%s", where, need.key, when, at, note))
			f.Why = "the Pods cannot start without it"
		}
	}
}

// moved says that the wave of a namespace or definition does nothing: Argo CD applies them right before the first object
// that needs them, in its wave (sync_tasks.go, adjustDeps).
func (j *judge) moved(a *app, o *render.Object, at moment) {
	if _, stated := a.annotation(o, waveAnnotation); !stated {
		return
	}
	g, k := validate.TextAt(o.Tree, "spec", "group"), validate.TextAt(o.Tree, "spec", "names", "kind")
	for i := range a.set.Objects {
		other := &a.set.Objects[i]
		inside := o.Key.Kind == "Namespace" && other.Key.Namespace == o.Key.Name || o.Key.Definition() && other.Key.Group == g && other.Key.Kind == k
		when, applied := a.momentOf(other)
		if inside && applied && at.after(when) {
			field := annotationPath(waveAnnotation)
			j.say(verdict{mootWave, validate.Info}, o, field, fmt.Sprintf("%s is %d, and Argo CD applies it in wave %d, before %s", field, at.wave, when.wave, other.Key))
			return
		}
	}
}

// awaitedPods gives the spec of the Pods that an object is healthy with only when they run, and where it stands.
func awaitedPods(o *render.Object) (map[string]any, render.Path, bool) {
	at := render.Path{"spec", "template", "spec"}
	switch o.Key.GroupKind() {
	case "Pod":
		at = render.Path{"spec"}
	case "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps":
	case "Job.batch":
		if validate.ValueAt(o.Tree, "spec", "suspend") == true {
			return nil, nil, false
		}
	default:
		return nil, nil, false
	}
	// No Pod is waited for. (JSON gives one type of zero, YAML the other.)
	if n := validate.ValueAt(o.Tree, "spec", "replicas"); n == int64(0) || n == uint64(0) {
		return nil, nil, false
	}
	v, _ := at.In(o.Tree)
	spec := validate.MappingAt(v)
	return spec, at, spec != nil
}

// need is an object without which a Pod does not start.
type need struct {
	key render.Key
	at  render.Path // in the spec of the Pod
}

// needs lists the ConfigMaps, Secrets, claims and the account that a Pod cannot start without. Pull secrets are none of them: the
// kubelet tries without. What is optional is waited for by nobody. Source: Kubernetes API reference, PodSpec.
func needs(spec map[string]any, space string) []need {
	var all []need
	add := func(kind, name string, optional any, at ...any) {
		if name != "" && optional != true {
			all = append(all, need{render.Key{Kind: kind, Namespace: space, Name: name}, at})
		}
	}
	add("ServiceAccount", validate.TextAt(spec, "serviceAccountName"), nil, "serviceAccountName")
	for i, v := range validate.ListAt(spec, "volumes") {
		add("ConfigMap", validate.TextAt(v, "configMap", "name"), validate.ValueAt(v, "configMap", "optional"), "volumes", i, "configMap", "name")
		add("Secret", validate.TextAt(v, "secret", "secretName"), validate.ValueAt(v, "secret", "optional"), "volumes", i, "secret", "secretName")
		add("PersistentVolumeClaim", validate.TextAt(v, "persistentVolumeClaim", "claimName"), nil, "volumes", i, "persistentVolumeClaim", "claimName")
		for k, p := range validate.ListAt(v, "projected", "sources") {
			add("ConfigMap", validate.TextAt(p, "configMap", "name"), validate.ValueAt(p, "configMap", "optional"), "volumes", i, "projected", "sources", k, "configMap", "name")
			add("Secret", validate.TextAt(p, "secret", "name"), validate.ValueAt(p, "secret", "optional"), "volumes", i, "projected", "sources", k, "secret", "name")
		}
	}
	for _, field := range []string{"initContainers", "containers"} {
		for i, c := range validate.ListAt(spec, field) {
			for k, e := range validate.ListAt(c, "env") {
				add("ConfigMap", validate.TextAt(e, "valueFrom", "configMapKeyRef", "name"), validate.ValueAt(e, "valueFrom", "configMapKeyRef", "optional"), field, i, "env", k, "valueFrom", "configMapKeyRef", "name")
				add("Secret", validate.TextAt(e, "valueFrom", "secretKeyRef", "name"), validate.ValueAt(e, "valueFrom", "secretKeyRef", "optional"), field, i, "env", k, "valueFrom", "secretKeyRef", "name")
			}
			for k, e := range validate.ListAt(c, "envFrom") {
				add("ConfigMap", validate.TextAt(e, "configMapRef", "name"), validate.ValueAt(e, "configMapRef", "optional"), field, i, "envFrom", k, "configMapRef", "name")
				add("Secret", validate.TextAt(e, "secretRef", "name"), validate.ValueAt(e, "secretRef", "optional"), field, i, "envFrom", k, "secretRef", "name")
			}
		}
	}
	return all
}
