// Package prune knows what a change destroys: what becomes of an object that goes, moves, turns into a hook or is
// changed in a way that only a deletion can apply, and what protects it.
//
// A judgement has three parts. The catalogue (tables of rows) says what the deletion of an object of that kind costs
// and which of its own fields holds it off. The guard says whether Argo CD would delete it at all. Both are read from
// the live side, the tree that Argo CD has applied: a protection that comes with the commit that loses the object comes
// too late. The rule then words it.
package prune

import (
	"context"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// The ids of the rules, as findings and acceptances name them.
const (
	lostData      = "lost-data"
	lostObject    = "lost-object"
	lostApp       = "lost-app"
	movedObject   = "moved-object"
	becomesHook   = "becomes-hook"
	neverPrune    = "never-prune"
	pruneBudget   = "prune-budget"
	immutable     = "immutable-field"
	destructive   = "destructive-change"
	weakened      = "weakened-protection"
	crdTransition = "crd-transition"
	servedVersion = "crd-version"
	forced        = "forced-replace"
	retainPolicy  = "retain-policy"
	noGuard       = "no-prune-guard"
	firstCutover  = "first-cutover-prune"
	pipefail      = "pipeline-without-pipefail"
)

// Rules are the hazards of a hydrate, in the order in which they are explained.
func Rules() []validate.Rule {
	changes := changeRules()
	rules := append(changes, stateRules()...)
	shown := examples()
	for i, r := range rules {
		rules[i].Wrong, rules[i].Right = shown[r.ID].parts()
		rules[i].Able = rendered
		if i < len(changes) || r.ID == firstCutover {
			rules[i].Able = compares
		}
	}
	return rules
}

func rendered(in validate.Input) bool { return len(in.Results) > 0 }

func compares(in validate.Input) bool { return len(in.Changes) > 0 }

// changeRules compare the live tree with what would replace it.
func changeRules() []validate.Rule {
	return []validate.Rule{
		rule(validate.Rule{
			ID: lostData, Worst: validate.DataLoss, Title: "data, secrets or other objects go with an object",
			Why: "Argo CD prunes what a render no longer holds, and for this kind the deletion reaches further than the object.",
			Fix: "bring the object back, or protect the live one, sync, and remove it in a later change; accept it if the loss is meant",
		}, only(lostData)),
		rule(validate.Rule{
			ID: lostObject, Worst: validate.Outage, Title: "an object goes, and comes back with the next render that holds it",
			Why: "Argo CD prunes what a render no longer holds.",
			Fix: "nothing, if it is meant",
		}, only(lostObject)),
		rule(validate.Rule{
			ID: movedObject, Worst: validate.DataLoss, Title: "an object moves to another namespace",
			Why: "An object cannot move: the old one is deleted and an empty one is created, in no promised order.",
			Fix: "state the namespace that the live object has, or accept the loss after the data was moved",
		}, only(movedObject)),
		rule(validate.Rule{
			ID: becomesHook, Worst: validate.DataLoss, Title: "an object turns into a hook",
			Why: "Argo CD does not count a hook among the objects to keep, so it prunes the live one; the hook runs at syncs and is deleted before the next one by default.",
			Fix: "take the hook annotation off, or accept the loss",
		}, only(becomesHook)),
		rule(validate.Rule{
			ID: lostApp, Worst: validate.DataLoss, Title: "a whole app goes",
			Why: "An Application with the resources finalizer takes everything below it along; without it the objects stay and belong to nobody.",
			Fix: "bring the app back, or accept its loss as Application.argoproj.io namespace/name",
		}, lostApps),
		rule(validate.Rule{
			ID: neverPrune, Worst: validate.DataLoss, Title: "an object goes whose kind the stack never lets go",
			Why: "The stack says neverPrune for its kind.",
			Fix: "bring it back, take the kind out of neverPrune, or accept this one loss",
		}, neverLost),
		rule(validate.Rule{
			ID: pruneBudget, Worst: validate.DataLoss, Title: "an app loses more objects than it may",
			Why: "The stack sets a budget (maxPrune) of what one change may take away; a shorter render shows here first.",
			Fix: "look for what made the render shorter; raise maxPrune if it is meant",
		}, overBudget),
		rule(validate.Rule{
			ID: immutable, Worst: validate.Replace, Title: "a field that cannot change changes",
			Why: "The API server or the operator refuses the change, so every sync fails until the object is deleted and created anew.",
			Fix: "keep the live value, or create an object of another name and move over to it",
		}, changedFixed),
		transitionRule(),
		rule(validate.Rule{
			ID: servedVersion, Title: "a version of a definition is no longer served",
			Why: "Objects and clients of that version are refused; a version that is still stored cannot be removed at all.",
			Fix: "serve the version until nothing uses or stores it (status.storedVersions)",
		}, droppedVersions),
		rule(validate.Rule{
			ID: destructive, Worst: validate.DataLoss, Title: "a changed field destroys without any deletion",
			Why: "The operator acts on the value, and neither Prune=false nor a retain policy prevents it.",
			Fix: "keep the value, or accept the loss",
		}, destroyingFields),
		rule(validate.Rule{
			ID: weakened, Title: "what protected an object is taken away",
			Why: "Nothing is lost now; the next removal of the object destroys what it holds.",
			Fix: "keep the protection",
		}, weakenedFields),
		rule(validate.Rule{
			ID: forced, Title: "a stateful object may be deleted and created anew at a sync",
			Why: "Force=true deletes an object whose change is refused, and creates it empty; Replace=true replaces what is live, fields of others included.",
			Fix: "leave Force=true and Replace=true off stateful objects",
		}, forcedObjects),
	}
}

// stateRules judge what would be live.
func stateRules() []validate.Rule {
	return []validate.Rule{
		rule(validate.Rule{
			ID: retainPolicy, Title: "a stateful object whose deletion destroys what it holds",
			Why: "One short render is enough to lose it.",
			Fix: "state the field on the object",
		}, unretained),
		rule(validate.Rule{
			ID: noGuard, Title: "Argo CD may prune a stateful object",
			Why: "Prune=false counts only on the object that is live, so it has to be there before it is needed.",
			Fix: "put argocd.argoproj.io/sync-options: Prune=false on it",
		}, unguarded),
		rule(validate.Rule{
			ID: firstCutover, Title: "the first sync of a stateful app may prune",
			Why: "What the old way of deployment named differently, or rendered besides, is pruned at the very first sync.",
			Fix: "say sync: prune: false for the first cut-over, and turn it on when the app is in sync",
		}, firstCutovers),
		rule(validate.Rule{
			ID: pipefail, Title: "a pipeline hides that its first command failed",
			Why: "The shell gives the last command's exit code: empty or cut output counts as a success, and what is missing is pruned (argo-cd #15339).",
			Fix: "begin with set -o pipefail, in a shell that knows it",
		}, pipelines),
	}
}

// check is a rule's judgement where nothing takes long and nothing can fail.
type check func(validate.Input) ([]validate.Finding, []validate.Unchecked)

// rule makes a rule of its texts and a check.
func rule(texts validate.Rule, judge check) validate.Rule {
	texts.Check = func(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		found, unchecked := judge(sound(in))
		return found, unchecked, nil
	}
	return texts
}

// sound leaves the comparisons out of which a side could not be rendered or read: an error is no loss of everything.
func sound(in validate.Input) validate.Input {
	in.Changes = slices.DeleteFunc(slices.Clone(in.Changes), validate.Comparison.Failed)
	return in
}

// unrendered says which comparisons that was, once for all rules.
func unrendered(in validate.Input) []validate.Unchecked {
	var unchecked []validate.Unchecked
	for _, c := range in.Changes {
		if c.Failed() {
			unchecked = append(unchecked, validate.Unchecked{App: c.App, What: "what the app loses", Why: "one side of it could not be rendered or read"})
		}
	}
	return unchecked
}

// place gives what a person edits: the field of an object that is rendered, else the app in the stack, else the place
// in the tree that is replaced.
func place(c validate.Comparison, o *render.Object, path render.Path) render.Position {
	switch {
	case o != nil && o.Provenance.File != "":
		return o.Position(path)
	case c.Right.App.Pos.File != "":
		return c.Right.App.Pos
	default:
		return c.Left.App.Pos
	}
}
