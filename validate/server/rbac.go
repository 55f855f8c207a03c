package server

import "strings"

const rbacGroup = "rbac.authorization.k8s.io"

// judgeRole judges a Role or a ClusterRole. Source: Kubernetes pkg/apis/rbac/validation/validation.go, ValidatePolicyRule
// and ValidateClusterRole.
func judgeRole(j *judge) {
	namespaced := j.object.Key.Kind == "Role"
	for _, rule := range j.at("rules").each() {
		if rule.isMap() {
			judgePermission(rule, namespaced)
		}
	}
	if aggregation := j.at("aggregationRule"); aggregation.isMap() && !namespaced {
		selectors := aggregation.at("clusterRoleSelectors")
		if selectors.noList() {
			selectors.say(invalidRBAC, "is missing or empty, want at least one selector, or no aggregationRule")
		}
		for _, selector := range selectors.each() {
			judgeSelector(selector)
		}
	}
}

// judgePermission judges a rule of a role.
func judgePermission(rule *spot, namespaced bool) {
	rule.at("verbs").some(invalidRBAC, "at least one verb")
	urls := rule.at("nonResourceURLs")
	if urls.full() {
		if namespaced {
			urls.say(invalidRBAC, "is set, and a Role is about objects of its namespace: want a ClusterRole")
		}
		for _, field := range []string{"apiGroups", "resources", "resourceNames"} {
			if rule.at(field).full() {
				urls.say(invalidRBAC, "is set beside %s, want two rules: one about URLs and one about objects", field)
				break
			}
		}
		return
	}
	for _, field := range []struct{ name, want string }{
		{"apiGroups", `at least one API group; "" is the core group`}, {"resources", "at least one resource"},
	} {
		if at := rule.at(field.name); at.noList() {
			at.say(invalidRBAC, "is missing or empty, want %s", field.want)
		}
	}
}

// judgeBinding judges a RoleBinding or a ClusterRoleBinding. Source: Kubernetes pkg/apis/rbac/validation/validation.go,
// ValidateRoleBinding, and pkg/apis/rbac/v1/defaults.go.
func judgeBinding(j *judge) {
	namespaced := j.object.Key.Kind == "RoleBinding"
	ref := j.at("roleRef")
	ref.at("apiGroup").oneOf(invalidRBAC, rbacGroup)
	kinds := []string{"ClusterRole"}
	if namespaced {
		kinds = append(kinds, "Role")
	}
	ref.at("kind").filled(invalidRBAC, strings.Join(kinds, " or "))
	ref.at("kind").oneOf(invalidRBAC, kinds...)
	ref.at("name").filled(invalidRBAC, "the name of a role")
	ref.at("name").must(invalidRBAC, pathSegment)
	for _, subject := range j.at("subjects").each() {
		if subject.isMap() {
			judgeSubject(subject, namespaced)
		}
	}
}

// judgeSubject judges who gets a role.
func judgeSubject(subject *spot, namespaced bool) {
	subject.at("name").filled(invalidRBAC, "the name of the subject")
	group, namespace := subject.at("apiGroup"), subject.at("namespace")
	kind := subject.at("kind").word()
	switch kind {
	case "ServiceAccount":
		subject.at("name").must(invalidRBAC, subdomain)
		if text, ok := group.text(); ok && text != "" {
			group.say(invalidRBAC, "is %s, and a ServiceAccount is of the core group: want none", quote(text))
		}
		if text, ok := namespace.text(); ok && text == "" && !namespaced {
			namespace.say(invalidRBAC, "is missing or empty, and a ClusterRoleBinding has no namespace of its own to look in")
		}
	case "User", "Group":
		group.oneOf(invalidRBAC, rbacGroup)
	default:
		subject.at("kind").filled(invalidRBAC, "ServiceAccount, User or Group")
		subject.at("kind").oneOf(invalidRBAC, "ServiceAccount", "User", "Group")
	}
}
