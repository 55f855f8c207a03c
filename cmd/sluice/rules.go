package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/render"
	"sluice/validate"
	"sluice/validate/argocd"
	"sluice/validate/convention"
	"sluice/validate/definition"
	"sluice/validate/kubeconform"
	"sluice/validate/policy"
	"sluice/validate/prune"
	"sluice/validate/reference"
	"sluice/validate/schema"
	"sluice/validate/secrets"
	"sluice/validate/server"
	"sluice/validate/yamllint"
)

// family is rules that one package judges by, often with one walk for all of them.
type family struct {
	name  string
	rules []validate.Rule
}

// namedFamilies are those that a person may ask for.
const namedFamilies = "schema, server, definition, reference, argocd, convention, yamllint, secrets, prune, policy"

// rulesAndFamilies lists what explain and --only take, but for the policies of a stack.
func rulesAndFamilies() []string {
	return append(strings.Split(namedFamilies, ", "), ruleIDs(families())...)
}

// families are the rules that look at one state, and those that compare two. A family makes what it remembers anew each
// time.
func families() []validate.Rule { return familiesWith(brought{}) }

// brought is what a command line brings to the rules.
type brought struct {
	schemas *kubeconform.Engine // of --schema-location; nil for none
	outside secrets.Outside
	// policies are those of the stack with the rule about them; nil where there is no stack.
	policies []validate.Rule
}

func familiesWith(a brought) []validate.Rule { return together(familyTable(a)) }

// together gives the rules of families, in their order.
func together(families []family) []validate.Rule {
	var all []validate.Rule
	for _, f := range families {
		all = append(all, f.rules...)
	}
	return all
}

// familyTable lists the families, in the order in which they judge.
func familyTable(a brought) []family {
	if a.policies == nil {
		a.policies = []validate.Rule{policy.Rule()}
	}
	return []family{
		{"schema", schema.Rules()},
		{"kubeconform", a.schemas.Rules()},
		{"server", server.Rules()},
		{"definition", definition.Rules(a.schemas.Judges)},
		{"reference", reference.Rules()},
		{"argocd", argocd.Rules()},
		{"convention", convention.Rules()},
		{"yamllint", yamllint.Rules()},
		{"secrets", secrets.Rules(a.outside)},
		{"prune", prune.Rules()},
		{"policy", a.policies},
		{"suppression", validate.Own()},
	}
}

// askedFor keeps the families and rules of --only: a family is left out as a whole where nothing of it is asked for, and judges
// as a whole where something is. It gives the rules that judge, and those whose findings are wanted.
func askedFor(all []family, names []string) (rules []validate.Rule, wanted map[string]bool, err error) {
	words := []string{}
	wanted = map[string]bool{}
	for _, f := range all {
		words = append(append(words, f.name), ruleIDs(f.rules)...)
		kept := len(names) == 0
		for _, r := range f.rules {
			if len(names) == 0 || slices.Contains(names, f.name) || slices.Contains(names, r.ID) {
				wanted[r.ID], kept = true, true
			}
		}
		if kept {
			rules = append(rules, f.rules...)
		}
	}
	for _, name := range names {
		if !slices.Contains(words, name) {
			hint := "sluice explain lists the rules; a family is one of " + namedFamilies
			if near := render.Nearest(name, words); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, nil, &render.Error{Err: fmt.Errorf("--only %q is no rule and no family of rules", name), Hint: hint}
		}
	}
	return rules, wanted, nil
}

// ruleIDs lists the ids of rules, sorted.
func ruleIDs(rules []validate.Rule) []string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	slices.Sort(ids)
	return ids
}

// unknownRule is the error about a name that no rule has. There are too many to list.
func unknownRule(pos render.Position, message, name string, ids []string) error {
	hint := "sluice explain lists all of them"
	if near := render.Nearest(name, ids); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return &render.Error{Pos: pos, Err: errors.New(message), Hint: hint}
}

// policies gives the rules of a stack's own. What is wrong with some of them is no reason not to judge by the others.
func (v *invocation) policies(ctx context.Context, plan render.Plan) (rules []validate.Rule, broken error) {
	return policy.Rules(ctx, plan, policy.Watch{Now: time.Now, Slow: func(name string, took time.Duration) {
		v.say("policy %s took %v", name, took.Round(time.Millisecond))
	}})
}

// faults takes what is wrong with policies apart for a report.
func faults(broken error) []*render.Error {
	joined, ok := broken.(interface{ Unwrap() []error })
	if !ok {
		if broken == nil {
			return nil
		}
		e := &render.Error{Err: broken}
		if placed, ok := errors.AsType[*render.Error](broken); ok && placed.Error() == broken.Error() {
			e = placed
		}
		return []*render.Error{{Pos: e.Pos, Err: errors.New(secrets.Mask(e.Err.Error())), Hint: secrets.Mask(e.Hint)}}
	}
	var list []*render.Error
	for _, err := range joined.Unwrap() {
		list = append(list, faults(err)...)
	}
	return list
}

// knownRules gives the ids of all rules. It refuses a stack that names a rule that there is not, or that wants less of a loss.
// Where a policy with a computed name does not compile, any name of a policy may be its.
func knownRules(plan render.Plan, all []family) ([]string, error) {
	rules := together(all)
	if slices.Contains(plan.Broken, "") {
		names := slices.Sorted(maps.Keys(plan.Severities))
		for _, s := range plan.Suppress {
			names = append(names, s.Rule)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "policy-") && !slices.Contains(ruleIDs(rules), name) {
				rules = append(rules, validate.Rule{ID: name})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(plan.Severities)) {
		i := slices.IndexFunc(rules, func(r validate.Rule) bool { return r.ID == name })
		if i < 0 {
			return nil, unknownRule(plan.SeverityPos[name], fmt.Sprintf("rules.%s: there is no such rule", name), name, ruleIDs(rules))
		}
		if max(rules[i].Severity, rules[i].Worst).Brakes() {
			return nil, &render.Error{
				Pos:  plan.SeverityPos[name],
				Err:  fmt.Errorf("rules.%s: the rule is about losses, and cannot be %q", name, plan.Severities[name]),
				Hint: "accept the one loss that is meant, with accept in the stack",
			}
		}
	}
	return ruleIDs(rules), nil
}

// idleSeverities says which severities of a stack are of no effect, as the convention that their rule judges by is not stated.
// That is no error: several stacks may share what they make of rules.
func idleSeverities(plan render.Plan, all []family) []string {
	var said []string
	for _, r := range together(all) {
		word, stated := plan.Severities[r.ID]
		asked := plan.Conventions[r.Convention]
		if stated && word != "off" && r.Convention != "" && (asked == nil || asked == false) {
			said = append(said, fmt.Sprintf("%s: rules.%s has no effect: the rule judges by conventions.%s, which the stack does not state", plan.SeverityPos[r.ID], r.ID, r.Convention))
		}
	}
	slices.Sort(said)
	return said
}
