// Package reference holds the rules about objects that name other objects: a Service and its Pods, an Ingress and its
// Service, a container and the key of a Secret, a custom resource and what its operator looks up.
//
// The API server checks none of this: every object is valid alone, and what does not fit shows as a Pod that never
// starts or a page that answers 503. The stack is judged as a whole, all apps together, with what operators are known to
// make from their custom resources added (a table of makers with its sources).
//
// A stack need not be all that is in a cluster. What contradicts itself inside the stack (the Secret is there, the key
// is not) is an error; what is nowhere in the stack may have been made by hand, and is a warning. Where only a part of
// the stack is judged, or none, that is not judged at all.
package reference

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// Rules are the references that lead nowhere, in the order in which they are explained.
func Rules() []validate.Rule {
	rules := slices.Concat(serviceRules, configRules, policyRules, accessRules, operatorRules)
	rules[0].Check = judgeAll
	return rules
}

// judge is the judgement of one object.
type judge struct {
	*index
	object *render.Object
	blanks validate.Blanks
	raw    render.Key // of the object in the set as rendered, as the ledger of placeholders has it
	found  []validate.Finding
	absent map[string][]string // what is referred to and may be elsewhere, by the reason
}

// judgeAll holds every object of the stack to every row and check of its kind.
func judgeAll(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	x := newIndex(in)
	rows := compile(rows)
	podRows := compilePods()
	checks := checksByKind()
	var found []validate.Finding
	var unchecked []validate.Unchecked
	buffer := make(render.Path, 0, 24) // of the paths that rows walk: one for all
	for i, set := range in.Effective {
		absent := map[string][]string{}
		for k := range set.Objects {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			j := judge{index: x, object: &set.Objects[k], blanks: x.ledgers[i], absent: absent}
			j.raw = j.blanks.Rendered(j.object.Key)
			kind := j.object.Key.GroupKind()
			for _, r := range rows[kind] {
				j.row(r, j.object.Tree, buffer)
			}
			if spec, at, ok := podSpec(j.object); ok {
				j.pod(podRows, spec, append(buffer, at...))
			}
			for _, check := range checks[kind] {
				check(&j)
			}
			found = append(found, j.found...)
		}
		unchecked = append(unchecked, elsewhere(set, absent)...)
	}
	return found, unchecked, nil
}

// elsewhere says for an app which references could not be judged: once for each reason.
func elsewhere(set render.Set, absent map[string][]string) []validate.Unchecked {
	var unchecked []validate.Unchecked
	for _, why := range slices.Sorted(maps.Keys(absent)) {
		names, more := absent[why], ""
		slices.Sort(names)
		if names = slices.Compact(names); len(names) > 4 {
			names, more = names[:4], fmt.Sprintf(" and %d more", len(names)-4)
		}
		unchecked = append(unchecked, validate.Unchecked{
			App: set.Objects[0].Provenance.App, What: "references to " + strings.Join(names, ", ") + more, Why: why,
		})
	}
	return unchecked
}

// keyOf makes the key of an object of a kind written as by kindOf.
func keyOf(kind, namespace, name string) render.Key {
	kind, group, _ := strings.Cut(kind, ".")
	return render.Key{Group: group, Kind: kind, Namespace: namespace, Name: name}
}

// say adds a finding of a rule about a field, of the rule's severity or the higher one given.
func (j *judge) say(rule string, severity validate.Severity, field render.Path, message string) {
	f := validate.On(j.object, slices.Clone(field), message)
	f.Rule, f.Severity = rule, severity
	j.found = append(j.found, f)
}

// unclear notes something that is referred to, and why it may be there all the same.
func (j *judge) unclear(what, why string) { j.absent[why] = append(j.absent[why], what) }

// The reasons why what is missing may be there.
const (
	madeLater  = "a workload, a controller or the distribution may make them"
	notOurs    = "the stack has nothing in the namespace"
	unknownPod = "custom resources in the namespace may make such Pods"
)

// blank says whether a placeholder decides the value of a field.
func (j *judge) blank(field render.Path) bool {
	return j.blanks.At(j.raw, field) != validate.Known
}

// text gives a string of the object's tree, and false where there is none, or a placeholder in it.
func (j *judge) text(tree any, field render.Path, step string) (string, render.Path, bool) {
	m, _ := tree.(map[string]any)
	s, ok := m[step].(string)
	at := field.With(step)
	return s, at, ok && s != "" && !j.blank(at)
}

// lead is one reference of an object to another.
type lead struct {
	rule     string
	to       render.Key
	field    render.Path // that names it
	key      string      // of a ConfigMap or Secret; empty where none is asked for
	keyField render.Path
	optional bool
	note     string // of what was meant instead
}

// follow looks the target of a reference up, says what is wrong with it, and gives it.
func (j *judge) follow(l lead) (*target, bool) {
	if !nameable(l.to.Name) || !nameable(l.to.Namespace) && l.to.Namespace != "" {
		return nil, false
	}
	t, ok := j.find(l.to)
	if !ok {
		j.missing(l)
		return nil, false
	}
	j.holds(l, t)
	return t, true
}

// missing says that a target is not there, where that can be known.
func (j *judge) missing(l lead) {
	key := j.place(l.to)
	switch {
	case l.optional:
		return
	case j.partly != "":
		j.unclear(key.String(), j.partly)
		return
	case j.mayMake(j.object.Provenance.App, key):
		j.unclear(key.String(), madeLater)
		return
	}
	names := j.names(key)
	if l.rule == missingClass && len(names) == 0 {
		return // all classes are the cluster's, and the stack has none to compare with
	}
	near := nearest(key.Name, names)
	if key.Namespace != "" && j.namespaces[key.Namespace] == nil {
		space := nearest(key.Namespace, j.spaces)
		if space == "" {
			// Somebody else looks after that namespace.
			j.unclear(key.String(), notOurs)
			return
		}
		near = ""
		l.note = fmt.Sprintf("; it has nothing in namespace %q, did you mean %q?", key.Namespace, space)
	}
	if near != "" {
		l.note = fmt.Sprintf("; did you mean %q?", near)
	}
	j.say(l.rule, validate.Info, l.field, fmt.Sprintf("%s is %q, and the stack has no %s%s", l.field, l.to.Name, key, l.note))
}

// hint gives "; did you mean ...?" or nothing.
func hint(got string, words []string) string {
	if near := nearest(got, words); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// tooMany is the number of words of about one length among which none is looked for: each of thousands of references
// would be compared with each of thousands of names, and which one was meant nobody could tell.
const tooMany = 100

// nearest is [render.Nearest] without words that merely begin alike: names of one release all do.
func nearest(got string, words []string) string {
	var alike []string
	for _, word := range words {
		if more := len(word) - len(got); -2 <= more && more <= 2 {
			if alike = append(alike, word); len(alike) > tooMany {
				return ""
			}
		}
	}
	if near := render.Nearest(got, alike); near != got {
		return near
	}
	return ""
}

// nameable says whether a text can be the name of an object; one with variables of another tool in it is not known.
func nameable(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != ':' {
			return false
		}
	}
	return name != ""
}
