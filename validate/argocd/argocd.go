// Package argocd holds the rules about what Argo CD makes of a stack: whether it takes an Application or AppProject that
// the stack renders, in which order it applies the objects of an app and of several, which of them it never applies, and
// what two apps do to each other.
//
// The API server checks next to nothing of this: a wrong word in an annotation is ignored, an Application that contradicts
// itself shows a condition, and a sync that cannot end waits. Facts are from the sources of Argo CD 3.6 with its
// gitops-engine, where versions differ as noted there.
//
// What needs the whole stack is not judged where only some of its apps were asked for, or none (bare manifests).
package argocd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// The ids of the rules.
const (
	destination     = "application-destination"
	noNamespace     = "application-namespace"
	source          = "application-source"
	floating        = "floating-revision"
	valuesRef       = "application-ref"
	syncOption      = "unknown-sync-option"
	compareOption   = "unknown-compare-option"
	syncPolicy      = "sync-policy-contradiction"
	finalizer       = "unknown-finalizer"
	differences     = "ignore-differences"
	denied          = "project-denies"
	noProject       = "missing-project"
	emptyProject    = "empty-project"
	wildcardProject = "wildcard-project"
	invalidProject  = "invalid-project"
	noSuchNamespace = "missing-namespace"
	namespaceLabels = "managed-namespace-collision"
	lateWave        = "late-wave"
	mootWave        = "moot-wave"
	lateDefinition  = "late-definition"
	wavesOfApps     = "waves-without-health"
	annotationLimit = "annotation-limit"
	scaledReplicas  = "scaled-replicas"
	sharedObject    = "shared-object"
	repeatedObject  = "repeated-object"
	generatedName   = "generated-name"
	neverRuns       = "hook-never-runs"
	hookPolicy      = "hook-delete-policy"
	hookNeeds       = "hook-before-its-objects"
	waveNumber      = "sync-wave-number"
)

// What Argo CD calls its group, the cluster that it runs in, and the annotations that it reads; helm's hooks are hooks of its
// own, too. Sources: argo-cd pkg/apis/application/v1alpha1, common/common.go and gitops-engine pkg/sync/common/types.go.
const (
	group            = "argoproj.io"
	inCluster        = "https://kubernetes.default.svc"
	inClusterName    = "in-cluster"
	waveAnnotation   = "argocd.argoproj.io/sync-wave"
	hookAnnotation   = "argocd.argoproj.io/hook"
	policyAnnotation = "argocd.argoproj.io/hook-delete-policy"
	syncAnnotation   = "argocd.argoproj.io/sync-options"
	diffAnnotation   = "argocd.argoproj.io/compare-options"
	helmHook         = "helm.sh/hook"
	helmWeight       = "helm.sh/hook-weight"
)

// Rules are the rules about Argo CD, in the order in which they are explained.
func Rules() []validate.Rule {
	rules := slices.Concat(applicationRules(), projectRules(), orderRules(), objectRules())
	rules[0].Check = judgeAll
	return rules
}

// judge is the judgement of a stack.
type judge struct {
	in       validate.Input
	apps     []*app
	whole    bool // every app of a stack is here, so what is not here is nowhere
	stack    bool // a stack is judged, so how its apps sync is known
	projects map[[2]string]*render.Object
	vague    map[*render.Object]bool // projects of which placeholders decide what they permit
	config   *render.Object          // argocd-cm, where the stack has it
	scopes   map[string]scope        // by project, see scoped
	found    []validate.Finding
	notes    []validate.Unchecked
}

// app is one app of the stack, as it is synced.
type app struct {
	render.App
	at      int // its place among all
	set     render.Set
	blanks  validate.Blanks
	objects map[render.Key]*render.Object
}

// judgeAll holds every object to the checks of its kind, then every app, then all of them together.
func judgeAll(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	j := newJudge(in)
	for _, a := range j.apps {
		for i := range a.set.Objects {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			j.object(a, &a.set.Objects[i])
		}
		for i := range a.set.Lost {
			if a.set.Lost[i].Hook() == "dropped" {
				j.hook(a, &a.set.Lost[i])
			}
		}
		j.order(a)
		j.repeated(a)
	}
	j.permitted()
	j.across()
	return j.found, j.notes, nil
}

// newJudge reads what the judgements look up.
func newJudge(in validate.Input) *judge {
	j := &judge{in: in, stack: in.Plan.Cluster.ArgoCD != "", projects: map[[2]string]*render.Object{}, vague: map[*render.Object]bool{}, scopes: map[string]scope{}}
	if in.ClusterScoped == nil {
		j.in.ClusterScoped = func(render.Key) bool { return false }
	}
	j.whole = j.stack && in.Whole()
	for i := range in.Effective {
		a := &app{at: i, set: in.Effective[i], objects: map[render.Key]*render.Object{}}
		if i < len(in.Results) {
			a.App, a.blanks = in.Results[i].App, validate.BlanksOf(in.Results[i])
		}
		for k := range a.set.Objects {
			o := &a.set.Objects[k]
			a.objects[o.Key] = o
			switch {
			case o.Key.Group == group && o.Key.Kind == "AppProject":
				j.projects[[2]string{o.Key.Namespace, o.Key.Name}] = o
				j.vague[o] = a.blank(o, render.Path{"spec"})
			case o.Key.Kind == "ConfigMap" && o.Key.Group == "" && o.Key.Name == "argocd-cm":
				j.config = o
			}
		}
		j.apps = append(j.apps, a)
	}
	return j
}

// object judges one object by itself, in the app that has it.
func (j *judge) object(a *app, o *render.Object) {
	if o.Key.Group == group {
		switch o.Key.Kind {
		case "Application":
			j.application(a, o)
		case "AppProject":
			j.project(a, o)
		}
	}
	j.hook(a, o)
	j.wave(a, o)
	j.objectOptions(a, o)
	j.size(a, o)
	j.unnamed(a, o)
	j.scaled(a, o)
}

// verdict is a rule, and how bad it is this time: the rule's severity or a higher one.
type verdict struct {
	rule     string
	severity validate.Severity
}

// say adds a finding about a field of an object.
func (j *judge) say(v verdict, o *render.Object, field render.Path, message string) *validate.Finding {
	f := validate.On(o, field, message)
	f.Rule, f.Severity = v.rule, v.severity
	j.found = append(j.found, f)
	return &j.found[len(j.found)-1]
}

// text gives the string that some keys lead to, and false where there is none or a placeholder is in it.
func (a *app) text(o *render.Object, field ...any) (string, bool) {
	at := render.Path(field)
	v, _ := at.In(o.Tree)
	s, ok := v.(string)
	if !ok || a.blank(o, at) {
		return "", false
	}
	return s, true
}

// blank says whether a placeholder is at or below a field.
func (a *app) blank(o *render.Object, field render.Path) bool {
	raw := a.blanks.Rendered(o.Key)
	return a.blanks.Has(raw) && a.blanks.Below(raw, field)
}

// annotation gives an annotation of an object, and whether it is there as a text that is known.
func (a *app) annotation(o *render.Object, name string) (string, bool) {
	return a.text(o, "metadata", "annotations", name)
}

func annotationPath(name string) render.Path { return render.Path{"metadata", "annotations", name} }

// words splits a list of options as Argo CD does (gitops-engine pkg/sync/resource/annotations.go).
func words(text string) []string {
	var list []string
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}

// has says whether an object carries a sync option.
func (a *app) has(o *render.Object, option string) bool {
	text, _ := a.annotation(o, syncAnnotation)
	return slices.Contains(words(text), option)
}

// hint gives "; did you mean ...?" or nothing.
func hint(got string, known []string) string {
	if near := render.Nearest(got, known); near != "" && near != got {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
