// Package server holds the rules that the API server enforces beyond the shape of an object: names and labels, and what
// fields of one object, or of a built-in kind's parts, must be to each other. The names of images are the kubelet's to refuse.
//
// A schema cannot say them, so no tool that has schemas alone finds them: a selector that is not the template's labels, a
// mount without its volume, a port name of sixteen characters. What they are is read from the validation packages of
// k8s.io/kubernetes (pkg/apis/*/validation) and held to them by a golden set.
package server

import (
	"context"
	"fmt"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// Rules are what the API server would refuse, in the order in which they are explained.
func Rules() []validate.Rule {
	rules := slices.Concat(objectRules, podRules, workloadRules, kindRules)
	rules[0].Check = judgeAll
	return rules
}

// check judges the objects of some kinds: "Kind" or "Kind.group", as in [render.Key].
type check struct {
	kinds []string
	judge func(*judge)
}

// judge is the judgement of one object.
type judge struct {
	object *render.Object
	blanks validate.Blanks
	// blanked says that some scalar of the object holds a placeholder.
	blanked bool
	minor   int
	found   []validate.Finding
	room    *[]spot
}

// judgeAll holds every object to every check of its kind.
func judgeAll(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	byKind := map[string][]check{}
	for _, c := range slices.Concat(podChecks, workloadChecks, kindChecks) {
		for _, kind := range c.kinds {
			byKind[kind] = append(byKind[kind], c)
		}
	}
	return in.Spread(ctx, func(of validate.Piece) ([]validate.Finding, []validate.Unchecked) {
		var found []validate.Finding
		var room []spot
		for i := range of.Objects {
			j := judge{object: &of.Objects[i], blanks: of.Blanks, minor: in.Minor, room: &room}
			room = room[:0] // no spot outlives the judgement of its object
			j.blanked = of.Blanks.Has(j.object.Key)
			judgeObject(&j)
			for _, c := range byKind[j.object.Key.GroupKind()] {
				c.judge(&j)
			}
			found = append(found, j.found...)
		}
		return found, nil
	})
}

// say adds a finding of a rule about a field. One at which a placeholder stands alone is left out: nobody knows its value.
func (j *judge) say(rule string, field render.Path, format string, args ...any) {
	if j.blanks.At(j.object.Key, field) == validate.Wholly {
		return
	}
	f := validate.On(j.object, slices.Clone(field), fmt.Sprintf(format, args...))
	f.Rule = rule
	j.found = append(j.found, f)
}
