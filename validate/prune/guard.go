package prune

import (
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

const (
	syncOptions    = "argocd.argoproj.io/sync-options"
	compareOptions = "argocd.argoproj.io/compare-options"
	resourcePolicy = "helm.sh/resource-policy"
)

// guard is whether Argo CD deletes a live object that a render no longer holds, and why.
type guard struct {
	holds bool
	says  []string // clauses for people: what protects, and what only looks as if it did
}

func (g *guard) hold(because string) { g.holds, g.says = true, append(g.says, because) }
func (g *guard) note(because string) { g.says = append(g.says, because) }

// options gives the words of a list of options as Argo CD reads it: between commas, without white space.
// Source: gitops-engine pkg/sync/resource/annotations.go.
func options(o *render.Object, annotation string) []string {
	text, _ := at(o.Tree, "metadata annotations "+annotation).(string)
	return words(text)
}

func words(text string) []string {
	var list []string
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}

// option gives the value of "name=value" in a list, or "".
func option(list []string, name string) string {
	for _, word := range list {
		if value, ok := strings.CutPrefix(strings.TrimSpace(word), name+"="); ok {
			return value
		}
	}
	return ""
}

// has says whether any of the options of an object or its app is that word.
func has(o *render.Object, app render.App, name, value string) bool {
	return option(options(o, syncOptions), name) == value || option(app.Sync.Options, name) == value
}

// atLeast says whether Argo CD is of a version or later. One that is not stated is of none: what depends on it does not
// protect.
func atLeast(version string, major, minor int) bool {
	since, _ := render.Cluster{ArgoCD: version}.Since(major, minor)
	return since
}

// pruneGuard judges a live object of an app that stays. What the object says counts as it is live. What the app says
// counts only where both sides say it: the Application changes with the same commit, and which of the two takes effect
// first is promised by nobody.
// Source: gitops-engine pruneObject (v0.7) and argo-cd v3.4.9 controller/sync.go, WithDefaultPruneOption.
func pruneGuard(c validate.Comparison, o *render.Object, argocd string) guard {
	var g guard
	if !o.Target() {
		g.hold("the live object is a hook, which Argo CD never prunes")
	}
	own := option(options(o, syncOptions), "Prune")
	g.objectOption(own, argocd)
	g.appOption(c, own, argocd)
	live, next := prunes(c.Left.App), prunes(c.Right.App)
	switch {
	case c.Left.App.Name == "":
		g.note("how the live app syncs is not known")
	case !live && !next:
		g.hold("the app does not prune by itself; a sync by hand with prune deletes it all the same")
	case !live:
		g.note("the live app does not prune by itself, but the change that loses the object turns that on")
	case !next:
		g.note("prune is turned off in the change that loses the object, which may be too late")
	}
	if option(c.Left.App.Sync.Options, "PrunePropagationPolicy") == "orphan" {
		g.note("PrunePropagationPolicy=orphan leaves what the object owns and does not protect the object: its finalizers run")
	}
	g.looks(o)
	return g
}

func prunes(app render.App) bool { return app.Sync.Automated && app.Sync.Prune }

// appOption judges the Prune option of the app, the default for objects without one of their own.
func (g *guard) appOption(c validate.Comparison, own, argocd string) {
	live, next := option(c.Left.App.Sync.Options, "Prune"), option(c.Right.App.Sync.Options, "Prune")
	guards := func(value string) bool { return value == "false" || value == "confirm" }
	switch {
	case !guards(live):
		if guards(next) && own == "" {
			g.note("the app's Prune=" + next + " comes with the change that loses the object, which may be too late")
		}
	case own != "":
		if !guards(own) {
			g.note("the app's Prune=" + live + " does not count beside the object's own Prune=" + own)
		}
	case !atLeast(argocd, 3, 4):
		g.note("the app's Prune=" + live + " does nothing before Argo CD 3.4")
	case !guards(next):
		g.note("the app's Prune=" + live + " is taken away in the change that loses the object")
	case live == "confirm" || next == "confirm":
		g.hold("the app says Prune=confirm, so the sync waits until a person approves")
	default:
		g.hold("the app says Prune=false")
	}
}

// objectOption judges the Prune option of the live object.
func (g *guard) objectOption(value, argocd string) {
	switch {
	case value == "false":
		g.hold("the live object says Prune=false")
	case value == "confirm" && atLeast(argocd, 2, 14):
		g.hold("the live object says Prune=confirm, so the sync waits until a person approves")
	case value == "confirm":
		g.note("Prune=confirm does nothing before Argo CD 2.14")
	}
}

// looks names what does not keep Argo CD from pruning, though people think so.
// Source: argo-cd #17819 and docs sync-options, compare-options; pruneObject looks at none of them.
func (g *guard) looks(o *render.Object) {
	own := options(o, syncOptions)
	if policy, _ := at(o.Tree, "metadata annotations "+resourcePolicy).(string); strings.TrimSpace(policy) == "keep" {
		g.note("helm.sh/resource-policy: keep does not protect from pruning, only from the deletion of the Application (argo-cd #17819)")
	}
	if value := option(own, "Delete"); value == "false" || value == "confirm" {
		g.note("Delete=" + value + " does not protect from pruning, only from the deletion of the Application")
	}
	for _, word := range options(o, compareOptions) {
		if word == "IgnoreExtraneous" {
			g.note("IgnoreExtraneous hides the object from the sync status and does not protect from pruning")
		}
	}
	if option(own, "PruneLast") == "true" {
		g.note("PruneLast=true only puts the deletion last")
	}
}

// cascadeGuard judges a live object whose whole Application is deleted. Here the other options count.
// Source: argo-cd v3.4.9 controller/appcontroller.go, shouldBeDeleted.
func cascadeGuard(c validate.Comparison, o *render.Object) guard {
	var g guard
	own := options(o, syncOptions)
	value := option(own, "Delete")
	if value == "" {
		value = option(c.Left.App.Sync.Options, "Delete")
	}
	if value == "false" || value == "confirm" {
		g.hold("Delete=" + value + " protects from the deletion of the Application")
	}
	if policy, _ := at(o.Tree, "metadata annotations "+resourcePolicy).(string); strings.TrimSpace(policy) == "keep" {
		g.hold("helm.sh/resource-policy: keep protects from the deletion of the Application")
	}
	if o.Key.Definition() {
		g.hold("Argo CD spares definitions when an Application is deleted")
	}
	if value := option(own, "Prune"); value != "" && value != "true" {
		g.note("Prune=" + value + " does not protect from the deletion of the Application")
	}
	return g
}

// tracked says whether Argo CD takes a live definition for its own, without which it never prunes it, and why.
//
// The repo-server sets no tracking on definitions (argo-cd v2.14.0 to v3.4.9, reposerver/repository/repository.go: not
// IsCRD); the controller does where the manifest has a namespace (normalizeClusterScopeTracking, since v3.0), and
// reads what a manifest brings itself: the tracking id, or with label tracking, the default before 3.0 and a setting
// since, the label app.kubernetes.io/instance, which charts set to the name of the release.
func tracked(c validate.Comparison, o *render.Object, argocd string) (bool, string) {
	label, _ := at(o.Tree, "metadata labels app.kubernetes.io/instance").(string)
	id, _ := at(o.Tree, "metadata annotations argocd.argoproj.io/tracking-id").(string)
	since, known := render.Cluster{ArgoCD: argocd}.Since(3, 0)
	switch {
	case id != "":
		return true, "the definition carries a tracking id, so Argo CD prunes it"
	case placed(c.Left.Set, o) && (since || !known):
		return true, "the definition states a namespace, so Argo CD tracks it from 3.0 on and prunes it"
	case label != "" && label == c.App && !since:
		return true, "the label app.kubernetes.io/instance is the app's name, by which Argo CD tracks before 3.0, so it prunes the definition"
	case label != "" && label == c.App:
		return true, "the label app.kubernetes.io/instance is the app's name: where Argo CD is set to track by label (application.resourceTrackingMethod) it prunes the definition"
	default:
		return false, "Argo CD sets no tracking on definitions, so it leaves this one in the cluster, where nobody updates it any more; whoever deletes it by hand, or with a tool that applies and prunes, deletes every object of its kind"
	}
}

// placed says whether the manifest of a cluster-scoped object states a namespace, as it is rendered or as it is seen.
func placed(raw render.Set, o *render.Object) bool {
	return at(o.Tree, "metadata namespace") != nil || slices.ContainsFunc(raw.Objects, func(r render.Object) bool {
		return r.Key.Group == o.Key.Group && r.Key.Kind == o.Key.Kind && r.Key.Name == o.Key.Name && at(r.Tree, "metadata namespace") != nil
	})
}
