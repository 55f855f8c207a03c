package server

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Names of scopes, and of resources without a domain, as the words of a list. Source: Kubernetes pkg/apis/core/helper/helpers.go.
const (
	computeResources = "cpu memory ephemeral-storage "
	podResources     = "pods cpu memory limits.cpu limits.memory requests.cpu requests.memory "
	countedResources = "pods services replicationcontrollers resourcequotas secrets configmaps persistentvolumeclaims services.nodeports services.loadbalancers "
	quotaScopes      = "BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating"
	quotaResources   = computeResources + podResources + countedResources +
		"requests.storage requests.ephemeral-storage limits.ephemeral-storage "
)

// oneWord says whether a name is one of the words of a list.
func oneWord(list, name string) bool { return slices.Contains(strings.Fields(list), name) }

// quotaResource says whether a name without a domain is one that quotas know.
func quotaResource(name string) bool {
	return oneWord(quotaResources, name) || strings.HasPrefix(strings.TrimPrefix(name, "requests."), hugePages)
}

// judgeQuota judges a ResourceQuota. Source: Kubernetes pkg/apis/core/validation/validation.go, ValidateResourceQuotaSpec.
func judgeQuota(j *judge) {
	spec := j.at("spec")
	for name, amount := range spec.at("hard").entries() {
		switch {
		case !qualifiedName.ok(name):
			amount.say(invalidQuota, "is an amount of %s, want %s", quote(name), qualifiedName.want)
		case !strings.Contains(name, "/") && !quotaResource(name):
			amount.say(invalidQuota, `is of a resource that no quota knows, want a standard one such as requests.cpu, or "count/" and the plural of a kind`)
		}
		q, ok := amount.quantity()
		switch {
		case !ok:
		case q.Sign() < 0:
			amount.say(invalidQuota, "is %s, want 0 or more", &q)
		case (oneWord(countedResources, name) || extended(name)) && q.MilliValue()%1000 != 0:
			amount.say(invalidQuota, "is %s, want a whole number", &q)
		}
	}
	scopes := spec.at("scopes")
	if !spec.j.since(30) { // since then the schema has the values
		for _, scope := range scopes.each() {
			scope.strictly(invalidQuota, form{strings.ReplaceAll(quotaScopes, " ", " or "), func(text string) bool { return oneWord(quotaScopes, text) }})
		}
	}
	judgeScopes(spec, scopes, scopes.words())
	expressions := spec.at("scopeSelector", "matchExpressions")
	var names []string
	for _, e := range expressions.each() {
		names = append(names, e.at("scopeName").word())
		judgeScopeExpression(e)
	}
	judgeScopes(spec, expressions, names)
}

// judgeScopes judges which objects count against what amounts.
func judgeScopes(spec, at *spot, scopes []string) {
	for _, scope := range scopes {
		var applies string
		switch scope {
		case "BestEffort":
			applies = "pods"
		case "Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity":
			applies = podResources
		case "VolumeAttributesClass":
			applies = "persistentvolumeclaims requests.storage"
		default:
			continue
		}
		for name := range spec.at("hard").entries() {
			if quotaResource(name) && !oneWord(applies, name) {
				at.say(invalidQuota, "has %s, which does not apply to %s of spec.hard", scope, quote(name))
				break
			}
		}
	}
	for _, pair := range [][2]string{{"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}} {
		if slices.Contains(scopes, pair[0]) && slices.Contains(scopes, pair[1]) {
			at.say(invalidQuota, "has %s and %s, which exclude each other", pair[0], pair[1])
		}
	}
}

// judgeScopeExpression judges one expression of a scopeSelector.
func judgeScopeExpression(e *spot) {
	scope, values := e.at("scopeName").word(), e.at("values")
	operator, ok := e.at("operator").text()
	switch scope {
	case "BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity":
		if ok && operator != "" && operator != "Exists" {
			e.at("operator").say(invalidQuota, "is %s, and the scope %s takes Exists", quote(operator), scope)
		}
	}
	switch operator {
	case "In", "NotIn":
		if values.noList() {
			values.say(invalidQuota, "is missing or empty, and %s wants at least one value", operator)
		}
	case "Exists", "DoesNotExist":
		if values.full() {
			values.say(invalidQuota, "has values, and %s takes none", operator)
		}
	}
}

// judgeLimitRange judges a LimitRange. Source: Kubernetes pkg/apis/core/validation/validation.go, ValidateLimitRange.
func judgeLimitRange(j *judge) {
	limits := j.at("spec", "limits")
	for _, limit := range limits.each() {
		if limit.isMap() {
			judgeLimit(limit)
		}
	}
	unique(invalidQuota, limits.each(), func(s *spot) (string, *spot) { return self(s.at("type")) })
}

// judgeLimit judges what one Container, Pod or claim may ask for.
func judgeLimit(limit *spot) {
	at := limit.at("type")
	kind, ok := at.text()
	switch {
	case !ok || !at.there():
	case !qualifiedName.ok(kind), !strings.Contains(kind, "/") && !oneWord("Pod Container PersistentVolumeClaim", kind):
		at.say(invalidQuota, "is %s, want Container, Pod or PersistentVolumeClaim", quote(kind))
	}
	fields := []string{"min", "max", "default", "defaultRequest", "maxLimitRequestRatio"}
	names := map[string]bool{}
	for _, field := range fields {
		amounts := limit.at(field)
		if kind == "Pod" && strings.HasPrefix(field, "default") {
			if amounts.full() {
				amounts.say(invalidQuota, "is set, and a limit of type Pod has no defaults")
			}
			continue
		}
		for name, amount := range amounts.entries() {
			names[name] = true
			judgeResourceName(amount, name, kind == "Pod" || kind == "Container")
		}
	}
	if kind == "PersistentVolumeClaim" && !limit.at("min").has("storage") && !limit.at("max").has("storage") {
		limit.say(invalidQuota, "has neither min.storage nor max.storage, and a limit of type PersistentVolumeClaim needs one of them")
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		judgeBounds(limit, name, kind == "Pod")
	}
}

// judgeResourceName judges the name of a resource that a container, or a claim, asks for.
func judgeResourceName(amount *spot, name string, container bool) {
	switch {
	case container && !containerResource.ok(name):
		amount.say(invalidQuota, "is an amount of %s, want %s", quote(name), containerResource.want)
	case !qualifiedName.ok(name):
		amount.say(invalidQuota, "is an amount of %s, want %s", quote(name), qualifiedName.want)
	case !strings.Contains(name, "/") && name != "storage" && !quotaResource(name):
		amount.say(invalidQuota, "is an amount of %s, want storage or another resource that there is", quote(name))
	}
}

// bound is an amount of a limit that is known.
type bound struct {
	*spot
	resource.Quantity
}

// judgeBounds judges the amounts of one resource against each other.
func judgeBounds(limit *spot, name string, pod bool) {
	of := func(field string) *bound {
		s := limit.at(field, name)
		if q, ok := s.quantity(); ok && (!pod || !strings.HasPrefix(field, "default")) {
			return &bound{s, q}
		}
		return nil
	}
	low, high, whenUnset, request, ratio := of("min"), of("max"), of("default"), of("defaultRequest"), of("maxLimitRequestRatio")
	for _, pair := range []struct {
		less, more *bound
		at         *bound
	}{{low, high, low}, {low, request, request}, {request, high, request}, {request, whenUnset, request}, {low, whenUnset, whenUnset}, {whenUnset, high, whenUnset}} {
		if pair.less != nil && pair.more != nil && pair.less.Cmp(pair.more.Quantity) > 0 {
			other := pair.less
			word := "less"
			if pair.at == pair.less {
				other, word = pair.more, "more"
			}
			pair.at.say(invalidQuota, "is %s, %s than %s of %s", &pair.at.Quantity, word, other.up.key, &other.Quantity)
		}
	}
	if !overcommitted(name) && whenUnset != nil && request != nil && whenUnset.Cmp(request.Quantity) != 0 {
		request.say(invalidQuota, "is %s, and default is %s: want the same, for %s is not shared", &request.Quantity, &whenUnset.Quantity, name)
	}
	if ratio == nil {
		return
	}
	if ratio.Cmp(*resource.NewQuantity(1, resource.DecimalSI)) < 0 {
		ratio.say(invalidQuota, "is %s, want 1 or more", &ratio.Quantity)
	}
	if low != nil && high != nil && low.Sign() != 0 && ratio.AsApproximateFloat64() > high.AsApproximateFloat64()/low.AsApproximateFloat64() {
		ratio.say(invalidQuota, "is %s, more than max of %s to min of %s", &ratio.Quantity, &high.Quantity, &low.Quantity)
	}
}
