package server

import (
	"slices"
	"strings"
)

// identifier is the form of a variable of CEL. Source: Kubernetes pkg/apis/admissionregistration/validation/validation.go,
// isCELIdentifier.
var identifier = form{`a name of letters, digits and "_" that does not begin with a digit and is no word of CEL`, func(text string) bool {
	const reserved = "true false null in as break const continue else for function if import let loop package namespace return var void while"
	for i, c := range text {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return !oneWord(reserved, text)
}}

// judgeAdmissionPolicy judges a ValidatingAdmissionPolicy or a MutatingAdmissionPolicy, but for its CEL. Source: Kubernetes
// pkg/apis/admissionregistration/validation/validation.go, validateValidatingAdmissionPolicySpec and
// validateMutatingAdmissionPolicySpec.
func judgeAdmissionPolicy(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidWebhook, "") {
		return
	}
	if kind := spec.at("paramKind"); kind.isMap() {
		judgeParamKind(kind)
	}
	constraints := spec.at("matchConstraints")
	constraints.lacks(invalidWebhook, "want which requests the policy is about")
	if constraints.isMap() {
		judgeMatch(constraints)
		rules := constraints.at("resourceRules")
		if rules.noList() {
			rules.say(invalidWebhook, "is missing or empty, want at least one rule")
		}
	}
	judgeConditions(spec.at("matchConditions"))
	for _, variable := range spec.at("variables").each() {
		variable.at("name").filled(invalidWebhook, "a name")
		variable.at("name").must(invalidWebhook, identifier)
		judgeExpression(variable.at("expression"))
	}
	if j.object.Key.Kind == "MutatingAdmissionPolicy" {
		judgeMutations(spec)
		return
	}
	judgeValidations(spec)
}

// judgeValidations judges what a ValidatingAdmissionPolicy asks for.
func judgeValidations(spec *spot) {
	const most = 20
	validations, audit := spec.at("validations"), spec.at("auditAnnotations")
	if validations.noList() && audit.noList() {
		validations.say(invalidWebhook, "is missing or empty, and so is auditAnnotations: want at least one of either")
	}
	for _, v := range validations.each() {
		judgeExpression(v.at("expression"))
		if message := v.at("messageExpression"); message.full() {
			judgeExpression(message)
		}
		text, ok := v.at("message").text()
		if ok && strings.ContainsAny(strings.TrimSpace(text), "\r\n") {
			v.at("message").say(invalidWebhook, "has several lines, want one")
		} else if ok && text != "" && strings.TrimSpace(text) == "" {
			v.at("message").say(invalidWebhook, "is blank, want a sentence or nothing")
		}
		v.at("reason").oneOf(invalidWebhook, "Forbidden", "Invalid", "RequestEntityTooLarge")
		v.at("reason").nonEmpty(invalidWebhook, "want Forbidden, Invalid or RequestEntityTooLarge")
	}
	if audit.length() > most {
		audit.say(invalidWebhook, "has %d annotations, want at most %d", audit.length(), most)
	}
	for _, a := range audit.each() {
		key := a.at("key")
		if text, ok := key.text(); ok && key.there() && !qualifiedName.ok(spec.j.object.Key.Name+"/"+text) {
			key.say(invalidWebhook, "is %s, want %s", quote(text), qualifiedName.want)
		}
		judgeExpression(a.at("valueExpression"))
	}
	unique(invalidWebhook, audit.each(), func(s *spot) (string, *spot) { return self(s.at("key")) })
}

// judgeMutations judges what a MutatingAdmissionPolicy changes.
func judgeMutations(spec *spot) {
	mutations := spec.at("mutations")
	if mutations.noList() {
		mutations.say(invalidWebhook, "is missing or empty, want at least one")
	}
	spec.at("reinvocationPolicy").wants(invalidWebhook, "want Never or IfNeeded")
	fields := map[string]string{"JSONPatch": "jsonPatch", "ApplyConfiguration": "applyConfiguration"}
	for _, m := range mutations.each() {
		kind := m.at("patchType").word()
		field, ok := fields[kind]
		if !ok {
			continue
		}
		if !m.at(field).lacks(invalidWebhook, "and patchType is "+kind) {
			if expression := m.at(field, "expression"); expression.there() {
				judgeExpression(expression)
			} else {
				expression.wants(invalidWebhook, "want a CEL expression")
			}
		}
		for _, other := range fields {
			if other != field && m.at(other).there() {
				m.at(other).say(invalidWebhook, "is set, and patchType is %s", kind)
			}
		}
	}
	for _, rule := range spec.at("matchConstraints", "resourceRules").each() {
		judgeMutable(rule)
	}
}

// judgeMutable reports requests that cannot be changed.
func judgeMutable(rule *spot) {
	for _, operation := range rule.at("operations").each() {
		if operation.value == "DELETE" {
			operation.say(invalidWebhook, "is DELETE, and there is nothing to change in what goes")
		}
	}
}

// judgeMatch judges which requests a policy, or a binding of it, is about.
func judgeMatch(match *spot) {
	judgeSelector(match.at("namespaceSelector"))
	judgeSelector(match.at("objectSelector"))
	for _, field := range []string{"resourceRules", "excludeResourceRules"} {
		for _, rule := range match.at(field).each() {
			if !rule.shapes() {
				continue
			}
			judgeAdmissionRule(rule)
			names := rule.at("resourceNames")
			for _, name := range names.each() {
				name.must(invalidWebhook, pathSegment)
			}
			unique(invalidWebhook, names.each(), self)
		}
	}
}

// judgeParamKind judges the kind of what a policy is told.
func judgeParamKind(kind *spot) {
	version := kind.at("apiVersion")
	text, ok := version.text()
	group, name, found := strings.Cut(text, "/")
	if !found {
		group, name = "", text
	}
	switch {
	case !ok:
	case text == "":
		version.say(invalidWebhook, "is missing or empty, want the group and version of the kind")
	case strings.Contains(name, "/"), group != "" && !subdomain.ok(group), !dnsLabel1035.ok(name):
		version.say(invalidWebhook, `is %s, want a group, "/" and a version`, quote(text))
	}
	at := kind.at("kind")
	if text, ok := at.text(); ok && text == "" {
		at.say(invalidWebhook, "is missing or empty, want a kind")
	} else if ok && !dnsLabel1035.ok(strings.ToLower(text)) {
		at.say(invalidWebhook, "is %s, want %s, in upper or lower case", quote(text), dnsLabel1035.want)
	}
}

// judgePolicyBinding judges a ValidatingAdmissionPolicyBinding or a MutatingAdmissionPolicyBinding. Source: Kubernetes
// pkg/apis/admissionregistration/validation/validation.go, validateValidatingAdmissionPolicyBindingSpec.
func judgePolicyBinding(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidWebhook, "") {
		return
	}
	policy := spec.at("policyName")
	if policy.wants(invalidWebhook, "want the name of a policy") {
		policy.must(invalidWebhook, subdomain)
	}
	if ref := spec.at("paramRef"); ref.isMap() {
		judgeParamRef(ref)
	}
	judgeMatch(spec.at("matchResources"))
	if j.object.Key.Kind == "MutatingAdmissionPolicyBinding" {
		for _, rule := range spec.at("matchResources", "resourceRules").each() {
			judgeMutable(rule)
		}
		return
	}
	actions := spec.at("validationActions")
	words := actions.words()
	switch {
	case actions.noList():
		actions.say(invalidWebhook, "is missing or empty, want Deny, Warn or Audit")
	case slices.Contains(words, "Deny") && slices.Contains(words, "Warn"):
		actions.say(invalidWebhook, "has Deny and Warn, which say the same twice: want one of them")
	}
}

// judgeParamRef judges which object tells a policy what it asks.
func judgeParamRef(ref *spot) {
	name, selector := ref.at("name"), ref.at("selector")
	name.must(invalidWebhook, pathSegment)
	judgeSelector(selector)
	switch {
	case name.full() && selector.there():
		name.say(invalidWebhook, "is set, and so is selector: want one of them")
	case !name.full() && !selector.there():
		ref.say(invalidWebhook, "has neither name nor selector")
	}
	action := ref.at("parameterNotFoundAction")
	if action.wants(invalidWebhook, "want Allow or Deny") {
		action.oneOf(invalidWebhook, "Allow", "Deny")
	}
}
