package definition

import (
	"strings"
	"testing"
)

// guard is an admission policy with the lines of its spec given.
func guard(kind, spec string) string {
	return "apiVersion: admissionregistration.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: guard}\nspec:\n" +
		"  matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}\n" + spec
}

// Every expression is compiled with the variables that the server declares for it, and has to give the type that it wants.
func TestExpressions(t *testing.T) {
	const validating, mutating = "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"
	hook := func(expression string) string {
		return "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: guard}\n" +
			"webhooks:\n- name: guard.example.com\n  matchConditions:\n  - name: one\n    expression: " + expression + "\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"the variables of a request": {hook(`request.userInfo.username != "a" && object != oldObject && namespaceObject.metadata.name != ""`), ""},
		"what the user may":          {hook(`authorizer.requestResource.check("get").allowed()`), ""},
		"params of a webhook":        {hook("params.a == 1"), "webhooks[0].matchConditions[0].expression is refused: undeclared reference to 'params'"},
		"no boolean":                 {hook("request.name"), "must evaluate to bool but got string"},
		"no field":                   {hook("request.nam == 'a'"), "undefined field 'nam'"},
		"no CEL, in some lines":      {hook("|\n      request.name ==\n      &&"), "in its line 2, column 1"},
		"params without a kind":      {guard(validating, "  validations: [{expression: params.a == 1}]\n"), "undeclared reference to 'params'"},
		"params": {guard(validating, "  paramKind: {apiVersion: v1, kind: ConfigMap}\n  matchConditions: [{name: a, expression: params == null}]\n"+
			"  validations: [{expression: params.a == 1}]\n"), ""},
		"a message": {guard(validating, "  validations: [{expression: 'true', messageExpression: '\"not \" + object.metadata.name'}]\n"), ""},
		"a message of another type": {
			guard(validating, "  validations: [{expression: 'true', messageExpression: '1 + 1'}]\n"),
			"messageExpression is refused: must evaluate to string but got int",
		},
		"a message that asks what the user may": {
			guard(validating, "  validations: [{expression: 'true', messageExpression: 'string(authorizer.path(\"/\").check(\"get\").allowed())'}]\n"),
			"undeclared reference to 'authorizer'",
		},
		"audit annotations": {guard(validating, "  auditAnnotations: [{key: a, valueExpression: 'null'}, {key: b, valueExpression: '\"b\"'}]\n"), ""},
		"an audit annotation of another type": {
			guard(validating, "  auditAnnotations: [{key: a, valueExpression: '1'}]\n"), "auditAnnotations[0].valueExpression is refused: must evaluate to one of",
		},
		"variables": {guard(validating, "  variables: [{name: one, expression: '1'}, {name: two, expression: variables.one + 1}]\n"+
			"  validations: [{expression: variables.two == 2}]\n"), ""},
		"a variable of another type": {
			guard(validating, "  variables: [{name: one, expression: '1'}]\n  validations: [{expression: 'variables.one == \"a\"'}]\n"),
			"no matching overload for '_==_'",
		},
		"a variable too early": {
			guard(validating, "  variables: [{name: two, expression: variables.one}, {name: one, expression: '1'}]\n  validations: [{expression: variables.one == 1}]\n"),
			"spec.variables[0].expression is refused: undefined field 'one'",
		},
		"a variable in a condition, which comes before": {
			guard(validating, "  matchConditions: [{name: a, expression: variables.one == 1}]\n  variables: [{name: one, expression: '1'}]\n  validations: [{expression: 'true'}]\n"),
			"matchConditions[0].expression is refused: undeclared reference to 'variables'",
		},
		"a patch":                 {guard(mutating, "  mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{op: \"add\", path: \"/spec/replicas\", value: 1}]'}}]\n"), ""},
		"a patch of another type": {guard(mutating, "  mutations: [{patchType: JSONPatch, jsonPatch: {expression: '1'}}]\n"), "jsonPatch.expression is refused: must evaluate to list(JSONPatch) but got int"},
		"a configuration":         {guard(mutating, "  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{spec: Object.spec{replicas: 1}}'}}]\n"), ""},
		"a type in a validation": {
			guard(validating, "  validations: [{expression: 'Object{} == object'}]\n"), "undeclared reference to 'Object'",
		},
		"what is not there": {guard(validating, "  validations: [{expression: ' '}, 1, null, {expression: 2}]\n  variables: {}\n"), ""},
	} {
		got := lines(judged(t, manifests(t, c.text)))
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: found\n%swant %q", name, got, c.want)
		}
		if c.want != "" && strings.Count(got, "\n") != 1 {
			t.Errorf("%s: one thing is said more than once:\n%s", name, got)
		}
	}
}

// What a placeholder stands for nobody knows: neither the expression that has one, nor the type of a variable.
func TestPlaceholdersInExpressions(t *testing.T) {
	text := guard("ValidatingAdmissionPolicy", "  variables: [{name: one, expression: '<path:kv/data/a#one>'}]\n"+
		"  validations: [{expression: variables.one == 1}, {expression: 'variables.one == \"a\"'}, {expression: '<path:kv/data/a#two> =='}]\n")
	if got := lines(judged(t, withLedger(t, text))); got != "" {
		t.Errorf("found\n%s", got)
	}
	text = guard("ValidatingAdmissionPolicy", "  variables: [{name: <path:kv/data/a#one>, expression: '1'}]\n  validations: [{expression: variables.one == 1}, {expression: 1 +}]\n")
	if got := lines(judged(t, withLedger(t, text))); strings.Contains(got, "error ") || strings.Count(got, "unchecked: whether spec.validations[") != 2 {
		t.Errorf("the name of a variable: found\n%s", got)
	}
}

// A server takes in a new policy only what its predecessor knows too.
func TestExpressionsAheadOfTheCluster(t *testing.T) {
	in := manifests(t, guard("ValidatingAdmissionPolicy", "  validations: [{expression: isIP(object.spec.address)}]\n"))
	if got := lines(judged(t, in)); got != "" {
		t.Errorf("1.33: found\n%s", got)
	}
	in.Minors = []int{29}
	if got := lines(judged(t, in)); !strings.Contains(got, "isIP in CEL, which a server takes in a new object from Kubernetes 1.31 on") {
		t.Errorf("1.29: found\n%s", got)
	}
}
