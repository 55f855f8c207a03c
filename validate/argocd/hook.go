package argocd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// hook judges the annotations that make an object a hook. The worst is said first, and nothing else of the phase: a word that is
// no phase makes Argo CD drop the object without a condition, as if it had never been rendered. A hook of helm's that Argo CD
// does not run is meant for helm (tests, rollbacks), so it is only worth knowing.
// Source: argo-cd gitops-engine/pkg/sync/hook and controller/hook.go.
func (j *judge) hook(a *app, o *render.Object) {
	text, stated := a.annotation(o, hookAnnotation)
	at := annotationPath(hookAnnotation)
	known := []string{"PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"}
	var unknown []string
	for _, w := range words(text) {
		if !slices.Contains(known, w) {
			unknown = append(unknown, w)
		}
	}
	phase := o.Hook()
	switch {
	case stated && phase == "dropped":
		j.say(verdict{neverRuns, validate.Error}, o, at, fmt.Sprintf("%s is %q, which is no phase, so Argo CD never applies the object%s", at, text, hint(text, known)))
	case len(unknown) > 0:
		j.say(verdict{neverRuns, validate.Warning}, o, at, fmt.Sprintf("%s has %q, which is no phase%s", at, unknown[0], hint(unknown[0], known)))
	case phase == "dropped":
		helm, _ := a.annotation(o, helmHook)
		if at = annotationPath(helmHook); helm != "" {
			j.say(verdict{neverRuns, validate.Info}, o, at, fmt.Sprintf("%s is %q, a hook of helm that Argo CD never runs", at, helm))
		}
	case strings.Contains(phase, "PreDelete") && j.before(3, 3):
		if !stated {
			at = annotationPath(helmHook)
		}
		j.say(verdict{neverRuns, validate.Warning}, o, at, fmt.Sprintf("the hook is of the phase PreDelete, which Argo CD has from 3.3 on, and the cluster has %s", j.in.Plan.Cluster.ArgoCD))
	case o.Key.Definition() && phase != "" && phase != "Skip":
		j.say(verdict{neverRuns, validate.Warning}, o, at, "the definition is a hook, so it is deleted with every object of its kind before it is created anew")
	}
	j.hookPolicy(a, o, phase)
}

// before says whether the cluster's Argo CD is older than a version. It is not where none is stated.
func (j *judge) before(major, minor int) bool {
	since, known := j.in.Plan.Cluster.Since(major, minor)
	return known && !since
}

// hookPolicy judges when a hook is deleted: one of an unknown word is deleted before the next is created, the default. People
// write helm's words (before-hook-creation), hence the comparison without hyphens. Only what
// ends can be found done by the next sync, and so not run again. Source: gitops-engine pkg/sync/hook/delete_policy.go.
func (j *judge) hookPolicy(a *app, o *render.Object, phase string) {
	text, ok := a.annotation(o, policyAnnotation)
	at := annotationPath(policyAnnotation)
	known := []string{"HookSucceeded", "HookFailed", "BeforeHookCreation"}
	if !ok {
		return
	}
	if phase == "" {
		j.say(verdict{hookPolicy, validate.Info}, o, at, at.String()+" is there, and the object is no hook")
		return
	}
	for _, w := range words(text) {
		if !slices.Contains(known, w) {
			j.say(verdict{hookPolicy, validate.Warning}, o, at, fmt.Sprintf("%s has %q, want some of %s%s", at, w, strings.Join(known, ", "), hint(strings.ReplaceAll(w, "-", ""), known)))
			return
		}
	}
	policies := words(text)
	created := slices.Contains(policies, "BeforeHookCreation")
	ends := o.Key.Kind == "Job" || o.Key.Kind == "Pod" || o.Key.Kind == "Workflow"
	switch {
	case !ends || phase == "Skip" || phase == "dropped":
	case created && strings.HasSuffix(o.Key.Name, "/*"):
		j.say(verdict{hookPolicy, validate.Info}, o, at, fmt.Sprintf("%s has BeforeHookCreation and the hook has generateName, so no two have one name and none is deleted", at))
	case !created && !strings.HasSuffix(o.Key.Name, "/*") && !slices.Contains(policies, "HookFailed"):
		j.say(verdict{hookPolicy, validate.Info}, o, at, fmt.Sprintf("%s is %q, so a hook that failed stays, and the next sync finds it instead of running it again", at, text))
	case !created && !strings.HasSuffix(o.Key.Name, "/*") && !slices.Contains(policies, "HookSucceeded"):
		j.say(verdict{hookPolicy, validate.Info}, o, at, fmt.Sprintf("%s is %q, so a hook that succeeded stays, and the next sync does not run it again", at, text))
	}
}

// wave judges the number of a wave: what is none counts as 0, or as the weight of a helm hook (gitops-engine pkg/sync/syncwaves).
func (j *judge) wave(a *app, o *render.Object) {
	text, ok := a.annotation(o, waveAnnotation)
	if !ok {
		return
	}
	if _, err := strconv.Atoi(text); err != nil {
		at := annotationPath(waveAnnotation)
		j.say(verdict{waveNumber, validate.Warning}, o, at, fmt.Sprintf("%s is %q, want a whole number; it counts as %d", at, text, waveOf(o)))
	}
}

// waveOf gives the wave in which Argo CD applies an object (gitops-engine pkg/sync/syncwaves and hook/helm/weight.go).
func waveOf(o *render.Object) int {
	for _, name := range []string{waveAnnotation, helmWeight} {
		text := validate.TextAt(o.Tree, "metadata", "annotations", name)
		if n, err := strconv.Atoi(text); text != "" && err == nil {
			return n
		}
	}
	return 0
}
