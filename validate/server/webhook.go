package server

import (
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// webhookName is the form of the names of webhooks. Source: apimachinery pkg/util/validation/validation.go,
// IsFullyQualifiedName.
var webhookName = form{"a domain name of at least three parts, such as check.policy.example.com", func(text string) bool {
	return len(validation.IsFullyQualifiedName(nil, text)) == 0
}}

// judgeWebhooks judges a configuration of webhooks. Source: Kubernetes pkg/apis/admissionregistration/validation
// validation.go, validateValidatingWebhook and validateAdmissionReviewVersions.
func judgeWebhooks(j *judge) {
	hooks := j.at("webhooks")
	for _, hook := range hooks.each() {
		if hook.isMap() {
			judgeWebhook(hook)
		}
	}
	if !j.since(30) { // since then the schema says that names differ
		unique(duplicateName, hooks.each(), byName)
	}
}

// judgeWebhook judges one webhook.
func judgeWebhook(hook *spot) {
	name := hook.at("name")
	name.filled(invalidWebhook, "a domain name")
	name.must(invalidWebhook, webhookName)
	for _, rule := range hook.at("rules").each() {
		if rule.shapes() {
			judgeAdmissionRule(rule)
		}
	}
	hook.at("timeoutSeconds").within(invalidWebhook, 1, 30)
	if policy := hook.at("reinvocationPolicy"); policy.j.minor == 34 { // whose schema alone has not the values
		policy.oneOf(invalidWebhook, "IfNeeded", "Never")
		policy.nonEmpty(invalidWebhook, "want IfNeeded or Never")
	}
	judgeSelector(hook.at("namespaceSelector"))
	judgeSelector(hook.at("objectSelector"))
	if client := hook.at("clientConfig"); client.isMap() {
		judgeClient(client)
	}
	judgeConditions(hook.at("matchConditions"))
	versions := hook.at("admissionReviewVersions")
	if !versions.some(invalidWebhook, "v1") {
		return
	}
	for _, version := range versions.each() {
		version.strictly(invalidWebhook, dnsLabel1035)
	}
	unique(invalidWebhook, versions.each(), self)
	if words := versions.words(); len(words) == versions.length() && !slices.Contains(words, "v1") && !slices.Contains(words, "v1beta1") {
		versions.say(invalidWebhook, "has neither v1 nor v1beta1, which are what the API server speaks")
	}
}

// judgeClient judges where a webhook is.
func judgeClient(client *spot) {
	address, service := client.at("url"), client.at("service")
	switch {
	case address.there() && service.there():
		client.say(invalidWebhook, "has both url and service, want one of them")
	case !address.there() && !service.there():
		client.say(invalidWebhook, "has neither url nor service")
	case service.isMap():
		judgeClientService(service)
	default:
		judgeURL(address)
	}
}

// judgeURL judges the address of a webhook. Source: apiserver pkg/util/webhook/validation.go, ValidateWebhookURL. A
// message has nothing of it, for it may hold a password.
func judgeURL(at *spot) {
	text, ok := at.text()
	if !ok || !at.there() {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		at.say(invalidWebhook, "is no URL, want https://host/path")
	case u.Scheme != "https":
		at.say(invalidWebhook, "is of the scheme %s, want https", quote(u.Scheme))
	case u.Host == "":
		at.say(invalidWebhook, "has no host, want https://host/path")
	case u.User != nil:
		at.say(invalidWebhook, "has a user in it, and may not")
	case u.Fragment != "":
		at.say(invalidWebhook, "has a fragment, and may not")
	case u.RawQuery != "":
		at.say(invalidWebhook, "has a query, and may not")
	}
}

// judgeClientService judges the Service of a webhook. Source: apiserver pkg/util/webhook/validation.go,
// ValidateWebhookService.
func judgeClientService(service *spot) {
	service.at("name").filled(invalidWebhook, "the name of a Service")
	service.at("namespace").filled(invalidWebhook, "the namespace of a Service")
	service.at("port").within(invalidWebhook, 1, 65535)
	path := service.at("path")
	text, ok := path.text()
	if !ok || text == "" || text == "/" {
		return
	}
	if !strings.HasPrefix(text, "/") {
		path.say(invalidWebhook, `is %s, want a path that begins with "/"`, quote(text))
		return
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(text[1:], "/"), "/") {
		if !subdomain.ok(part) {
			path.say(invalidWebhook, "is %s, want every part of the path to be %s", quote(text), subdomain.want)
			return
		}
	}
}

// judgeAdmissionRule judges which requests are looked at. Source: Kubernetes
// pkg/apis/admissionregistration/validation/validation.go, validateRuleWithOperations.
func judgeAdmissionRule(rule *spot) {
	for _, field := range []string{"operations", "apiGroups", "apiVersions", "resources"} {
		at := rule.at(field)
		if at.noList() {
			at.say(invalidWebhook, `is missing or empty, want at least one, or "*" for all`)
		}
		if field != "resources" {
			at.alone(invalidWebhook, field)
		}
	}
	for _, field := range []string{"apiVersions", "resources"} {
		for _, word := range rule.at(field).each() {
			if text, ok := word.text(); ok && text == "" {
				word.say(invalidWebhook, "is empty, want a name or \"*\"")
			}
		}
	}
	if scope := rule.at("scope"); !scope.j.since(35) { // since then the schema has the values
		scope.oneOf(invalidWebhook, "*", "Cluster", "Namespaced")
		scope.nonEmpty(invalidWebhook, "want *, Cluster or Namespaced")
	}
	judgeAdmissionResources(rule.at("resources"))
}

// judgeAdmissionResources judges resources and subresources that contain each other.
func judgeAdmissionResources(resources *spot) {
	words := resources.words()
	if len(words) > 1 && slices.Contains(words, "*/*") {
		resources.say(invalidWebhook, `has "*/*" and more, want it alone`)
	}
	// The server looks at the last resource without a subresource alone, so "*" at the end passes.
	last := "*"
	for _, word := range words {
		if word != "" && !strings.Contains(word, "/") {
			last = word
		}
	}
	if slices.Contains(words, "*") && last != "*" {
		resources.say(invalidWebhook, `has "*" and resources without subresource, want one or the other`)
	}
	var under, over []string
	for _, word := range resources.each() {
		text, ok := word.text()
		kind, sub, found := strings.Cut(text, "/")
		if !ok || !found {
			continue
		}
		if slices.Contains(under, kind) || slices.Contains(over, sub) {
			word.say(invalidWebhook, "is %s, which one before it contains", quote(text))
		}
		if sub == "*" {
			under = append(under, kind)
		}
		if kind == "*" {
			over = append(over, sub)
		}
	}
}

// judgeExpression reports an expression that is blank. What it says is compiled elsewhere.
func judgeExpression(expression *spot) {
	if text, ok := expression.text(); ok && expression.there() && strings.TrimSpace(text) == "" {
		expression.say(invalidWebhook, "is empty, want a CEL expression")
	}
}

// judgeConditions judges expressions that a request has to meet, without reading them.
func judgeConditions(conditions *spot) {
	const most = 64
	if conditions.length() > most {
		conditions.say(invalidWebhook, "has %d conditions, want at most %d", conditions.length(), most)
	}
	for _, condition := range conditions.each() {
		judgeExpression(condition.at("expression"))
		condition.at("name").strictly(invalidWebhook, qualifiedName)
	}
}
