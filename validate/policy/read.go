package policy

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"

	"sluice/render"
	"sluice/validate"
)

// severities are the words that a policy may have, with what they are to a rule.
var severities = []struct {
	word     string
	severity validate.Severity
}{
	{"error", validate.Error}, {"warning", validate.Warning}, {"info", validate.Info}, {"off", validate.Error},
}

// reader reads one policy and notes what is wrong with it.
type reader struct {
	*policy
	def    cue.Value // #Policy
	faults []*render.Error
}

// read compiles the stack and reads its policies.
func (b *book) read(plan render.Plan) ([]*render.Error, error) {
	// CUE_DEBUG of the caller's environment can turn closedness off; the empty setting overrides it.
	ctx := cuecontext.New(cuecontext.EvaluatorVersion(cuecontext.EvalV3), cuecontext.CUE_DEBUG(""))
	b.broken(plan.Broken)
	faults := slices.Clone(plan.Faults)
	all, def, err := compile(ctx, plan)
	if err != nil || !all.Exists() {
		return faults, err
	}
	b.encoder = newEncoder(ctx)
	it, err := all.Fields(cue.Optional(true), cue.ErrorsAsValues(true))
	if err != nil {
		return append(faults, &render.Error{Pos: position(all.Pos()), Err: fmt.Errorf("policies: %s", text(firstOf(err)))}), nil
	}
	for it.Next() {
		name := it.Selector().Unquoted()
		// A field that is not given yet, "name?", may still be given; one that is asked for, "name!", is missed by package stack.
		if it.Selector().ConstraintType() != 0 || slices.ContainsFunc(b.policies, func(p *policy) bool { return p.name == name }) {
			continue
		}
		r := reader{policy: &policy{name: name, value: it.Value(), pos: position(it.Value().Pos())}, def: def}
		r.read(plan)
		faults = append(faults, r.faults...)
		b.add(r.policy)
	}
	return faults, nil
}

// broken notes policies that do not compile. What of one compiles is not judged by.
func (b *book) broken(names []string) {
	for _, name := range names {
		if name != "" {
			p := &policy{name: name, broken: true}
			p.rule = validate.Rule{ID: ruleGeneric + "-" + name, Title: p.title(), Severity: validate.Error}
			b.add(p)
		}
	}
}

// add takes up a policy that was read. Nothing is known of what suppresses findings of one that is wrong.
func (b *book) add(p *policy) {
	if p.broken {
		p.rule.Able = func(validate.Input) bool { return false }
	}
	b.policies = append(b.policies, p)
}

// fault notes something wrong with the policy.
func (r *reader) fault(pos render.Position, hint, format string, args ...any) {
	r.broken = true
	if pos.File == "" {
		pos = r.pos
	}
	r.faults = append(r.faults, &render.Error{Pos: pos, Err: fmt.Errorf("policy %s: "+format, append([]any{r.name}, args...)...), Hint: hint})
}

// field gives a field of the policy, which may not exist.
func (r *reader) field(name string) cue.Value { return r.value.LookupPath(cue.MakePath(cue.Str(name))) }

// read reads the fields.
func (r *reader) read(plan render.Plan) {
	r.rule = validate.Rule{ID: ruleGeneric + "-" + r.name, Title: r.title(), Severity: validate.Error}
	if !r.names() {
		return
	}
	r.about = newMatch(r.structure("match", false))
	r.check = r.structure("check", true)
	if o := r.field("object"); o.Exists() {
		if r.bound = true; o.IncompleteKind() != cue.TopKind {
			r.fault(position(o.Pos()), "write object: _, and what is wanted of it into match or check", "object is more than the place of the object")
		}
	}
	r.said()
	apps, layers := known(plan)
	r.apps, r.layers = r.words("apps", apps), r.words("layers", layers)
	r.tests = r.cases()
	severity := r.severity()
	r.rule = validate.Rule{
		ID: ruleGeneric + "-" + r.name, Title: r.title(), Severity: severity, Off: r.off,
		Why: fmt.Sprintf("the policy %s asks for it, at %s", r.name, r.pos),
		Fix: r.scalar("fix"), Source: r.scalar("url"),
	}
	r.rule.Wrong, r.rule.Right = r.tried(false), r.tried(true)
}

// names finds fields that no policy has, and a name that no rule may have. It gives false where there are no fields.
func (r *reader) names() bool {
	if kind := r.value.IncompleteKind(); kind != cue.StructKind && kind != cue.BottomKind {
		r.fault(render.Position{}, "", "want a struct, got %s", kind)
		return false
	}
	if !ruleName(r.name) {
		r.fault(render.Position{}, "", "its name is not one of lower-case letters, digits and '-', at most 63 long")
	}
	var known []string
	if it, err := r.def.Fields(cue.Optional(true)); err == nil {
		for it.Next() {
			known = append(known, it.Selector().Unquoted())
		}
	}
	it, err := r.value.Fields(cue.ErrorsAsValues(true))
	if err != nil {
		r.fault(positionOf(firstOf(err)), "", "%s", text(firstOf(err)))
		return false
	}
	for it.Next() {
		if name := it.Selector().Unquoted(); !slices.Contains(known, name) {
			hint := "fields of a policy: " + strings.Join(known, ", ")
			if near := render.Nearest(name, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			r.fault(position(it.Value().Pos()), hint, "%s: unknown field", name)
		}
	}
	return true
}

// ruleName says whether "policy-" and the name is the id of a rule: an RFC 1123 label.
func ruleName(name string) bool {
	for _, c := range name {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return name != "" && len(name) <= 63 && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-")
}

// structure gives a field that is a struct of CUE. What it leaves open is for objects to fill in; what contradicts itself
// can never be met.
func (r *reader) structure(name string, needed bool) cue.Value {
	v := r.field(name)
	if !v.Exists() {
		if needed {
			r.fault(render.Position{}, "", "%s is missing", name)
		}
		return cue.Value{}
	}
	hard := newVerdict(v).wrong
	for _, e := range hard {
		at := append([]string{name}, below(e.Path(), r.name, name)...)
		r.fault(positionOf(e), "", "%s: %s", strings.Join(at, "."), text(e))
	}
	// A struct with a condition that waits for the object is none yet, and a validator alone is of any kind.
	if kind := v.IncompleteKind(); len(hard) == 0 && kind != cue.BottomKind && kind&cue.StructKind == 0 {
		r.fault(position(v.Pos()), "", "%s: want a struct, got %s", name, kind)
	}
	return v
}

// below gives the rest of a path of CUE that goes through the field of a policy.
func below(path []string, policy, name string) []string {
	for i := range path {
		if i+1 < len(path) && strings.Trim(path[i], `"`) == policy && path[i+1] == name {
			return path[i+2:]
		}
	}
	return nil
}

// said reads the message.
func (r *reader) said() {
	v := r.field("message")
	switch {
	case !v.Exists():
		r.fault(render.Position{}, "say in a few words what is wanted", "message is missing")
	case r.bound && !v.IsConcrete() && len(newVerdict(v).wrong) == 0:
		// It waits for the object.
	default:
		if r.message = r.scalar("message"); r.message == "" && !r.broken {
			r.fault(position(v.Pos()), "say in a few words what is wanted", "message is empty")
		}
	}
}

// title names the rule.
func (p *policy) title() string {
	if p.message != "" {
		return p.message
	}
	return "the policy " + p.name + " is not met"
}

// scalar gives a field that is a text, "" where it is left out or wrong.
func (r *reader) scalar(name string) string {
	v := r.field(name)
	if !v.Exists() {
		return ""
	}
	if d, ok := v.Default(); ok {
		v = d
	}
	said, err := v.String()
	if err != nil {
		e := firstOf(err)
		hint := ""
		if name == "message" {
			hint = `to name fields of the object in it, give the policy a field "object: _" and write \(object.metadata.name)`
		}
		pos := position(v.Pos())
		if pos.File == "" {
			pos = positionOf(e)
		}
		r.fault(pos, hint, "%s: want a text, got %s", name, got(v, e))
	}
	return said
}

// got describes what stands where a text should.
func got(v cue.Value, e cueerrors.Error) string {
	if kind := v.IncompleteKind(); kind != cue.BottomKind && kind != cue.StringKind {
		return kind.String()
	}
	return "one that is not known: " + text(e)
}

// severity reads what the findings count for.
func (r *reader) severity() validate.Severity {
	word := r.scalar("severity")
	if !r.field("severity").Exists() {
		return validate.Error
	}
	var words []string
	for _, s := range severities {
		if words = append(words, s.word); s.word == word {
			r.off = word == "off"
			return s.severity
		}
	}
	if word != "" {
		hint := ""
		if near := render.Nearest(word, words); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		r.fault(position(r.field("severity").Pos()), hint, "severity: got %q, want one of %s", word, strings.Join(words, ", "))
	}
	return validate.Error
}

// known lists the names of the apps and layers of a plan, those that a selection left out included.
func known(plan render.Plan) (apps, layers []string) {
	for _, l := range plan.Layers {
		layers = append(layers, l.Name)
	}
	for _, a := range slices.Concat(plan.Apps(), plan.Others) {
		apps = append(apps, a.Name)
	}
	return apps, layers
}

// words reads a list of names that must be known; nil where it is left out.
func (r *reader) words(name string, known []string) []string {
	v := r.field(name)
	if !v.Exists() {
		return nil
	}
	it, err := v.List()
	if err != nil {
		r.fault(position(v.Pos()), "", "%s: want a list of names, got %s", name, v.IncompleteKind())
		return nil
	}
	list := []string{}
	for it.Next() {
		word, err := it.Value().String()
		switch {
		case err != nil:
			r.fault(position(it.Value().Pos()), "", "%s: want a name, got %s", name, it.Value().IncompleteKind())
		case !slices.Contains(known, word):
			hint := ""
			if near := render.Nearest(word, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			r.fault(position(it.Value().Pos()), hint, "%s: the stack has no %q", name, word)
		}
		list = append(list, word)
	}
	if len(list) == 0 {
		r.fault(position(v.Pos()), "leave it out for all of them", "%s is empty", name)
	}
	return list
}

// firstOf gives the first error of CUE in an error.
func firstOf(err error) cueerrors.Error {
	if list := cueerrors.Errors(err); len(list) > 0 {
		return list[0]
	}
	return cueerrors.Promote(err, "")
}
