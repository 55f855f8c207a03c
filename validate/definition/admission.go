package definition

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	celgo "github.com/google/cel-go/cel"
	admission "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/cel/environment"

	"sluice/render"
	"sluice/validate"
)

// admissionGroup is the group of webhooks and admission policies, whose expressions are judged.
const admissionGroup = "admissionregistration.k8s.io"

// condition is an expression of a webhook or an admission policy, with what the server has it be.
type condition struct {
	expression
	types    []*celgo.Type // that it may evaluate to
	declared admission.OptionalVariableDeclarations
	composed bool   // it may name the variables of the policy
	name     string // of the variable that it is the value of
}

func (c condition) GetExpression() string      { return c.text }
func (c condition) ReturnTypes() []*celgo.Type { return c.types }
func (c condition) GetName() string            { return c.name }

// conditions lists the expressions of a webhook configuration or an admission policy, variables before what may name
// them. Source: kubernetes pkg/apis/admissionregistration/validation/validation.go, the callers of CompileCELExpression.
func conditions(tree map[string]any) []condition {
	authorizer := admission.OptionalVariableDeclarations{HasAuthorizer: true}
	var list []condition
	for _, hook := range elements(tree, nil, "webhooks") {
		for _, c := range elements(hook.tree, hook.at, "matchConditions") {
			list = append(list, c.expression("expression", authorizer, celgo.BoolType)...)
		}
	}
	spec := part{tree, nil}.below("spec")
	authorizer.HasParams = spec.tree["paramKind"] != nil
	quiet, patch := authorizer, authorizer
	quiet.HasAuthorizer, patch.HasPatchTypes = false, true
	for _, c := range elements(spec.tree, spec.at, "matchConditions") {
		list = append(list, c.expression("expression", authorizer, celgo.BoolType)...)
	}
	plain := len(list)
	for _, v := range elements(spec.tree, spec.at, "variables") {
		list = append(list, v.expression("expression", authorizer, celgo.AnyType, celgo.DynType)...)
	}
	for _, v := range elements(spec.tree, spec.at, "validations") {
		list = append(list, v.expression("expression", authorizer, celgo.BoolType)...)
		list = append(list, v.expression("messageExpression", quiet, celgo.StringType)...)
	}
	for _, a := range elements(spec.tree, spec.at, "auditAnnotations") {
		list = append(list, a.expression("valueExpression", authorizer, celgo.StringType, celgo.NullType)...)
	}
	for _, m := range elements(spec.tree, spec.at, "mutations") {
		switch m.tree["patchType"] {
		case "JSONPatch":
			list = append(list, m.below("jsonPatch").expression("expression", patch, celgo.ListType(celgo.ObjectType("JSONPatch")))...)
		case "ApplyConfiguration":
			list = append(list, m.below("applyConfiguration").expression("expression", patch, celgo.ObjectType("Object"))...)
		}
	}
	for i := range list[plain:] {
		list[plain+i].composed = true
	}
	return list
}

// part is a mapping in an object, and where it is.
type part struct {
	tree map[string]any
	at   render.Path
}

func (p part) below(key string) part {
	tree, _ := p.tree[key].(map[string]any)
	return part{tree, p.at.With(key)}
}

// elements gives the mappings in a list of a mapping.
func elements(tree map[string]any, at render.Path, key string) []part {
	var parts []part
	list, _ := tree[key].([]any)
	for i, element := range list {
		if tree, ok := element.(map[string]any); ok {
			parts = append(parts, part{tree, at.With(key, i)})
		}
	}
	return parts
}

// expression reads an expression out of a mapping: none where there is none, which other rules report.
func (p part) expression(key string, declared admission.OptionalVariableDeclarations, types ...*celgo.Type) []condition {
	text, _ := p.tree[key].(string)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	name, _ := p.tree["name"].(string)
	return []condition{{expression: expression{p.at.With(key), text}, types: types, declared: declared, name: name}}
}

// judgeAdmission compiles the expressions of a webhook configuration or an admission policy as the server does when it is
// created. One with a placeholder is of unknown content; as a variable it may be of any type.
func (f *family) judgeAdmission(o subject, in validate.Input) verdict {
	var v verdict
	err := guarded(func() error {
		list := conditions(o.object.Tree)
		if len(list) == 0 {
			return nil
		}
		compiler, composed, err := f.compilers(o.object, list)
		if err != nil {
			return err
		}
		var texts []expression
		nameless := slices.ContainsFunc(list, func(c condition) bool {
			return o.blanks.At(o.object.Key, c.at[:len(c.at)-1].With("name")) != validate.Known && c.at[1] == "variables"
		})
		for _, c := range list {
			blank := o.blanks.At(o.object.Key, c.at) != validate.Known
			if blank {
				c.text = "dyn(object)"
			} else {
				texts = append(texts, c.expression)
			}
			var result admission.CompilationResult
			switch {
			case c.name != "" && c.at[len(c.at)-3] == "variables" && composed != nil:
				result = composed.CompileAndStoreVariable(c, c.declared, environment.NewExpressions)
			case c.composed && composed != nil:
				result = composed.CompileCELExpression(c, c.declared, environment.NewExpressions)
			default:
				result = compiler.CompileCELExpression(c, c.declared, environment.NewExpressions)
			}
			if result.Error != nil && nameless && c.composed {
				v.doubt(o, "whether "+c.at.String()+" compiles", "placeholders name variables")
			} else if result.Error != nil && !blank {
				v.say(o, invalidExpression, c.at, fmt.Sprintf("%s is refused: %s", c.at, objection(c.text, result.Error.Detail)))
			}
		}
		f.tooNew(in, texts, func(at render.Path, text string) { v.say(o, invalidExpression, at, text) })
		return nil
	})
	if err != nil {
		v.doubt(o, "its expressions", err.Error())
	}
	return v
}

// compilers gives the compiler of expressions that stand for themselves, and that of a policy with variables, nil where
// the server has none. Source: createCompiler in kubernetes pkg/apis/admissionregistration/validation/validation.go.
func (f *family) compilers(o *render.Object, list []condition) (admission.Compiler, *admission.CompositedCompiler, error) {
	f.admitting.Do(func() {
		f.admission = admission.NewCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	})
	variables, _ := render.Path{"spec", "variables"}.In(o.Tree)
	if all, _ := variables.([]any); len(all) == 0 && o.Key.Kind != "MutatingAdmissionPolicy" {
		return f.admission, nil, nil
	}
	composed, err := admission.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	return f.admission, composed, err
}

// fault is an error of the compiler. What follows its line draws the expression.
var fault = regexp.MustCompile(`ERROR: <input>:(\d+):(\d+): ([^\n]*)`)

// objection words what the compiler has against an expression.
func objection(text, detail string) string {
	all := fault.FindAllStringSubmatch(detail, -1)
	if len(all) == 0 {
		first, _, _ := strings.Cut(detail, "\n")
		return first
	}
	first := strings.TrimSuffix(cmp.Or(all[0][3], "no reason is given"), " (in container '')")
	if strings.Contains(strings.TrimSpace(text), "\n") {
		first += fmt.Sprintf(", in its line %s, column %s", all[0][1], all[0][2])
	}
	if len(all) > 1 {
		first += fmt.Sprintf(", and %d more", len(all)-1)
	}
	return first
}
