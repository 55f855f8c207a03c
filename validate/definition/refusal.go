package definition

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"sluice/render"
	"sluice/validate"
)

// say adds a finding about a field of an object.
func (v *verdict) say(o subject, rule string, at render.Path, message string) {
	f := validate.On(o.object, at, message)
	f.Rule, f.App = rule, o.app.Name
	if !slices.ContainsFunc(v.found, func(x validate.Finding) bool { return x.Rule == rule && x.Message == message }) {
		v.found = append(v.found, f)
	}
}

// doubt adds something that was not judged.
func (v *verdict) doubt(o subject, what, why string) {
	u := validate.Unchecked{App: o.app.Name, Object: o.object.Key, What: what, Why: why}
	if !slices.Contains(v.unchecked, u) {
		v.unchecked = append(v.unchecked, u)
	}
}

// refusal is one objection of the server, with the field that it is about.
type refusal struct {
	*field.Error
	at       render.Path
	composes bool   // it is about schemas that are combined: oneOf, anyOf, allOf, not
	want     string // what the server says, without the path and the value
}

// checked is what the server says of a number that its format cannot have. The path is in the text alone.
var checked = regexp.MustCompile(`^Checked value must be of type (\w+) with format \w+ in (\S+)$`)

// combined is what the server says of schemas that are combined. The path is in the text alone.
var combined = regexp.MustCompile(`^("(?:[^"\\]|\\.)*") (must (?:not )?validate .*?)\s*$`)

// refusals reads the server's objections and orders them: its own order is that of a map.
func refusals(tree map[string]any, errs field.ErrorList) []refusal {
	var list []refusal
	for _, e := range errs {
		// What follows the first line of a compiler's error draws the expression.
		first, _, _ := strings.Cut(e.Detail, "\n")
		r := refusal{Error: e, want: strings.TrimSpace(first)}
		text := e.Field
		if parts := combined.FindStringSubmatch(e.Detail); parts != nil {
			r.composes, r.want = true, parts[2]
			text, _ = strconv.Unquote(parts[1])
		} else if parts := checked.FindStringSubmatch(r.want); parts != nil {
			r.Error, text = field.TypeInvalid(nil, nil, " must be of type "+parts[1]), parts[2]
		} else if _, want, ok := strings.Cut(e.Detail, " in body "); ok {
			r.want = want
		}
		r.at = locate(tree, text)
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(a, b refusal) int {
		return cmp.Or(cmp.Compare(a.at.String(), b.at.String()), cmp.Compare(a.Type, b.Type), cmp.Compare(a.want, b.want))
	})
	return list
}

// blocks says whether the server leaves the rules in CEL out where it objects to this.
// Source: hasBlockingErr of pkg/registry/customresource/strategy.go.
func (r refusal) blocks() bool {
	switch r.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	default:
		return false
	}
}

// refused words what the server objects to in the shape of an object. It says whether that keeps the server from the
// rules in CEL, and which fields are of another type than the schema's.
func (o subject) refused(e *edition, tree map[string]any, errs field.ErrorList, v *verdict) (blocked bool, mistyped []render.Path) {
	list := refusals(tree, errs)
	var sure []refusal
	for _, r := range list {
		switch o.certainty(r, list) {
		case unknowable:
			continue
		case doubtful:
			v.doubt(o, "what the definition asks of "+orRoot(r.at), "it depends on what placeholders stand for")
			continue
		}
		if blocked = blocked || r.blocks(); r.Type == field.ErrorTypeTypeInvalid {
			mistyped = append(mistyped, r.at)
		}
		sure = append(sure, r)
	}
	if len(sure) == 0 {
		return blocked, mistyped
	}
	hidden := hiding(tree)
	for _, r := range byField(sure) {
		rule := customResource
		if r[0].Type == field.ErrorTypeDuplicate {
			rule = customDuplicate
		}
		v.say(o, rule, r[0].at, hidden(together(r, tree)))
	}
	if blocked && ruled(e.schema) {
		v.found[len(v.found)-1].Why = "the rules of the definition are not looked at before this is mended, by the server neither"
	}
	return blocked, mistyped
}

// byField puts the refusals of one field together, which are in the order of the fields. Of a value of the wrong type
// nothing else is said, and it is said once: of several types the one that is made of several. That schemas are combined
// and none fits is left out beside what does not fit.
func byField(list []refusal) [][]refusal {
	var all [][]refusal
	for _, r := range list {
		last := len(all) - 1
		if last < 0 || !slices.Equal(all[last][0].at, r.at) {
			all = append(all, []refusal{r})
			continue
		}
		group := all[last]
		first := group[0]
		switch typed := first.breadth(); {
		case r.breadth() > typed:
			all[last] = []refusal{r}
		case typed > 0 || r.composes:
		case first.composes:
			all[last] = []refusal{r}
		default:
			all[last] = append(group, r)
		}
	}
	return all
}

// breadth says how wide the type is that a refusal asks for, 0 where it is about none: a format is of one type, and several
// types are wider than one.
func (r refusal) breadth() int {
	switch want := r.wantType(); {
	case r.Type != field.ErrorTypeTypeInvalid:
		return 0
	case strings.Contains(want, ","):
		return 3
	case types[want] != "":
		return 2
	}
	return 1
}

// together words what the server objects to in one field.
func together(list []refusal, tree map[string]any) string {
	text := list[0].words(tree)
	for _, r := range list[1:] {
		if !strings.Contains(text, r.want) {
			text += "; " + r.want
		}
	}
	return text
}

// ruled says whether a schema has rules in CEL.
func ruled(s *schema.Structural) bool {
	if s == nil {
		return false
	}
	for _, p := range s.Properties {
		if ruled(&p) {
			return true
		}
	}
	return len(s.XValidations) > 0 || ruled(s.Items) || s.AdditionalProperties != nil && ruled(s.AdditionalProperties.Structural)
}

// rules words what rules in CEL object to.
func (o subject) rules(e *edition, tree map[string]any, errs field.ErrorList, v *verdict) {
	if len(errs) == 0 {
		return
	}
	hidden := hiding(tree)
	for _, r := range refusals(tree, errs) {
		switch {
		case strings.HasPrefix(r.Detail, "rule compile error") || strings.HasPrefix(r.Detail, "rule compiler initialization"):
			v.doubt(o, "a rule about "+orRoot(r.at), "it does not compile, see what is said of the definition")
		case o.dependsOnBlank(e.schema, r.at):
			v.doubt(o, "the rules about "+orRoot(r.at), "they depend on what placeholders stand for")
		default:
			v.say(o, customRule, r.at, hidden(orRoot(r.at)+": "+cmp.Or(r.Detail, string(r.Type))))
		}
	}
}

// unknown words a field that the server prunes, unless it is in what has the wrong type anyway. Argo CD and kubectl ask the
// server to refuse it instead, unless told not to.
// Source: argo-cd gitops-engine/pkg/utils/kube/resource_ops.go (FieldValidationStrict).
func (o subject) unknown(e *edition, at render.Path, mistyped []render.Path, v *verdict) {
	if len(at) == 0 || slices.ContainsFunc(mistyped, func(m render.Path) bool { return within(at, m) }) {
		return
	}
	name, _ := at[len(at)-1].(string)
	message := at.String() + " is not a field that the definition has"
	if near := render.Nearest(name, fields(e.schema, at[:len(at)-1])); near != "" && near != name {
		message += ", did you mean " + strconv.Quote(near) + "?"
	}
	v.say(o, unknownField, at, message)
	if f := &v.found[len(v.found)-1]; o.lenient() {
		f.Severity, f.Why = validate.Warning, "with Validate=false the server drops the field silently"
	} else {
		f.Severity = validate.Error
	}
}

// lenient says whether Argo CD applies the object without validation.
func (o subject) lenient() bool {
	metadata, _ := o.object.Tree["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	text, _ := annotations["argocd.argoproj.io/sync-options"].(string)
	return slices.ContainsFunc(append(strings.Split(text, ","), o.app.Sync.Options...), func(option string) bool {
		return strings.TrimSpace(option) == "Validate=false"
	})
}

// fields lists the fields that a schema has at a path, sorted.
func fields(s *schema.Structural, at render.Path) []string {
	for _, step := range at {
		if s = below(s, step); s == nil {
			return nil
		}
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

// below gives the schema of a field or element, or nil.
func below(s *schema.Structural, step any) *schema.Structural {
	name, ok := step.(string)
	if !ok {
		return s.Items
	}
	if p, ok := s.Properties[name]; ok {
		return &p
	}
	if s.AdditionalProperties != nil {
		return s.AdditionalProperties.Structural
	}
	return nil
}

// orRoot writes a path, "the object" for the empty one.
func orRoot(at render.Path) string { return cmp.Or(at.String(), "the object") }
