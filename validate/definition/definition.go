// Package definition holds custom resources to their CustomResourceDefinitions, as the API server does and with its
// code (k8s.io/apiextensions-apiserver), without a server.
//
// The order of work is that of a create request: fields that the schema does not know are pruned, and told, nulls too;
// defaults are put in; then come the schema, embedded metadata, list types and, where those leave nothing to object to,
// the rules in CEL with the server's limits of cost. The definitions are those that the stack renders, those that the
// user names, and Argo CD's own. An object whose definition is nowhere is unchecked.
//
// The expressions of webhooks and admission policies, which are CEL too, are compiled here for the same reason: the
// server's own compiler (k8s.io/apiserver) is part of that code.
package definition

import (
	"context"
	"slices"
	"sync"

	admission "k8s.io/apiserver/pkg/admission/plugin/cel"

	"sluice/render"
	"sluice/validate"
)

// The ids of the rules.
const (
	customResource  = "custom-resource"
	unknownField    = "custom-unknown-field"
	customRule      = "custom-rule"
	customDuplicate = "custom-duplicate"
	unserved        = "unserved-version"
	deprecated      = "deprecated-version"
	invalid         = "invalid-definition"

	invalidExpression = "invalid-expression"
)

// family is what the rules of one table share: definitions once read, for as long as the table lives.
type family struct {
	mu        sync.Mutex
	read      map[source]*definition
	elsewhere func(apiVersion, kind string) bool
	names     sync.Map // what expressions refer to that is not known, by wording

	admitting sync.Once
	admission admission.Compiler // of webhooks and policies; costly to make, so where there are some
}

// Rules are what an API server asks of custom resources and their definitions, in the order in which they are
// explained. Definitions are parsed and compiled once for all runs of the rules of one call; they may run side by side.
// Elsewhere says of a kind without a definition that others judge its objects; nil where there are none.
func Rules(elsewhere func(apiVersion, kind string) bool) []validate.Rule {
	f := &family{read: map[source]*definition{}, elsewhere: elsewhere}
	rules := table()
	rules[0].Check = f.check
	return rules
}

// verdict is what one task says.
type verdict struct {
	found     []validate.Finding
	unchecked []validate.Unchecked
}

// check judges every definition of the stack and every object that is of none of Kubernetes' own kinds.
func (f *family) check(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	known, err := f.catalogue(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	var tasks []func() verdict
	var strangers strangers
	for _, result := range in.Results {
		if isOther(in.Plan, result.App) {
			continue
		}
		blanks := validate.BlanksOf(result)
		for i := range result.Set.Objects {
			o := subject{object: &result.Set.Objects[i], blanks: blanks, app: result.App}
			switch d := known.of(o.object.Key); {
			case o.object.Key.Definition():
				tasks = append(tasks, func() verdict { return f.judgeDefinition(ctx, in, o, known.parsed[o.object]) })
			case o.object.Key.Group == admissionGroup:
				tasks = append(tasks, func() verdict { return f.judgeAdmission(o, in) })
			case d != nil:
				tasks = append(tasks, func() verdict { return o.judge(ctx, d) })
			case known.foreign(o.object.Key.Group) && (f.elsewhere == nil || !f.elsewhere(o.object.APIVersion, o.object.Key.Kind)):
				strangers.add(result.App.Name, o.object)
			}
		}
	}
	var all verdict
	for _, v := range validate.Each(ctx, len(tasks), func(i int) verdict { return tasks[i]() }) {
		all.found = append(all.found, v.found...)
		all.unchecked = append(all.unchecked, v.unchecked...)
	}
	return all.found, append(all.unchecked, strangers.unchecked()...), ctx.Err()
}

// isOther says whether an app was rendered for its definitions alone.
func isOther(plan render.Plan, app render.App) bool {
	return slices.ContainsFunc(plan.Others, func(a render.App) bool { return a.Name == app.Name })
}
