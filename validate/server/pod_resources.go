package server

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

const hugePages = "hugepages-"

// native says whether a resource belongs to Kubernetes itself: it has no domain, or one of kubernetes.io.
// Source: kubernetes pkg/apis/core/helper/helpers.go, IsNativeResource.
func native(name string) bool {
	return !strings.Contains(name, "/") || strings.Contains(name, "kubernetes.io/")
}

// extended says whether a resource is one of devices and the like. Source: IsExtendedResourceName there.
func extended(name string) bool {
	return !native(name) && !strings.HasPrefix(name, "requests.") && qualifiedName.ok("requests."+name)
}

// overcommitted says whether the limit of a resource can be higher than its request. Source: IsOvercommitAllowed there.
func overcommitted(name string) bool { return native(name) && !strings.HasPrefix(name, hugePages) }

// containerResource is the form of the resources of containers. Source: kubernetes
// pkg/apis/core/validation/validation.go, validateContainerResourceName.
var containerResource = form{"cpu, memory, ephemeral-storage, hugepages-<size> or a resource with a domain, like example.com/gpu", func(name string) bool {
	switch {
	case !qualifiedName.ok(name):
		return false
	case !strings.Contains(name, "/"):
		return strings.HasPrefix(name, hugePages) || slices.Contains([]string{"cpu", "memory", "ephemeral-storage"}, name)
	}
	return native(name) || extended(name)
}}

// podResource is the form of the resources of a whole Pod. Source: validatePodResourceName there.
var podResource = form{"cpu, memory or hugepages-<size>", func(name string) bool {
	return qualifiedName.ok(name) && (name == "cpu" || name == "memory" || strings.HasPrefix(name, hugePages))
}}

// judgeResources judges requests and limits of a container. Source: ValidateContainerResourceRequirements.
func judgeResources(p *pod, resources *spot) {
	judgeAmounts(resources, containerResource)
	if p.j.hasClaims() {
		judgeClaimNames(p, resources)
	}
}

// hasClaims says whether Pods have resource claims: before, the server drops them. Source: kubernetes
// pkg/features/kube_features.go, DynamicResourceAllocation.
func (j *judge) hasClaims() bool { return j.since(34) }

// judgeClaimNames judges which claims of the Pod a container has. Source: validateResourceClaimNames.
func judgeClaimNames(p *pod, resources *spot) {
	names := map[string]bool{}
	for _, c := range p.spec.at("resourceClaims").each() {
		names[c.at("name").word()] = true
	}
	unknown := p.spec.at("resourceClaims").blank()
	for _, c := range resources.at("claims").each() {
		c.at("request").must(invalidResources, dnsLabel)
		name := c.at("name")
		if text, ok := name.text(); name.nonEmpty(invalidResources, "want the name of a claim") && ok && !names[text] && !unknown {
			name.say(invalidResources, "is %s, and spec.resourceClaims has no such claim", quote(text))
		}
	}
	unique(invalidResources, resources.at("claims").each(), func(c *spot) (string, *spot) {
		if c.at("request").full() {
			return c.at("name").word() + "/" + c.at("request").word(), c.at("name")
		}
		return byName(c)
	})
}

// judgeAmounts judges requests, limits and what they are to each other.
func judgeAmounts(resources *spot, f form) {
	limits, requests := resources.at("limits"), resources.at("requests")
	compute, huge := false, false
	for _, list := range []*spot{limits, requests} {
		for name, amount := range list.entries() {
			if !f.ok(name) {
				amount.say(invalidResources, "is an amount of %s, want %s", quote(name), f.want)
			}
			judgeAmount(name, amount)
			compute = compute || name == "cpu" || name == "memory"
			huge = huge || strings.HasPrefix(name, hugePages)
		}
	}
	if huge && !compute {
		resources.say(invalidResources, "has huge pages without cpu or memory")
	}
	for name, request := range requests.entries() {
		limit := limits.at(name)
		want, ok1 := limit.quantity()
		have, ok2 := request.quantity()
		switch {
		case !limit.entered() && !overcommitted(name):
			request.say(invalidResources, "has no limit, and %s cannot be promised without one: want limits.%s the same", name, name)
		case !ok1 || !ok2 || have.Sign() < 0 || want.Sign() < 0:
		case have.Cmp(want) > 0:
			request.say(invalidResources, "is %s, more than the limit of %s", have.String(), want.String())
		case have.Cmp(want) < 0 && !overcommitted(name):
			request.say(invalidResources, "is %s, want the limit's %s: %s cannot be promised twice", have.String(), want.String(), name)
		}
	}
}

// judgeAmount judges one amount. Source: ValidateResourceQuantityValue and validateResourceQuantityHugePageValue.
func judgeAmount(name string, amount *spot) {
	q, ok := amount.quantity()
	switch {
	case !ok:
	case q.Sign() < 0:
		amount.say(invalidResources, "is %s, want 0 or more", q.String())
	case extended(name) && q.MilliValue()%1000 != 0:
		amount.say(invalidResources, "is %s, want a whole number of %s", q.String(), name)
	case strings.HasPrefix(name, hugePages):
		size, err := resource.ParseQuantity(strings.TrimPrefix(name, hugePages))
		if err != nil || size.Value() <= 0 || size.MilliValue()%1000 != 0 || q.Value()%size.Value() != 0 {
			amount.say(invalidResources, "is %s, want whole pages of %s", q.String(), strings.TrimPrefix(name, hugePages))
		}
	}
}

// judgePodResources judges what a whole Pod asks for. Source: validatePodResources, validateOverhead; kubernetes
// pkg/features/kube_features.go, PodLevelResources.
func judgePodResources(p *pod) {
	if whole := p.spec.at("resources"); whole.there() && p.j.since(34) {
		if whole.at("claims").there() {
			whole.at("claims").say(invalidResources, "is stated for the Pod, want claims in containers only")
		}
		judgeAmounts(whole, podResource)
		judgeShares(p, whole)
	}
	for name, amount := range p.spec.at("overhead").entries() {
		if !containerResource.ok(name) {
			amount.say(invalidResources, "is an amount of %s, want %s", quote(name), containerResource.want)
		}
		judgeAmount(name, amount)
	}
	if p.j.hasClaims() {
		judgePodClaims(p.spec.at("resourceClaims"))
	}
}

// judgePodClaims judges the claims of a Pod. Source: validatePodResourceClaim.
func judgePodClaims(claims *spot) {
	for _, c := range claims.each() {
		if !c.isMap() {
			continue
		}
		if c.at("name").nonEmpty(invalidResources, "want a DNS label") {
			c.at("name").must(invalidResources, dnsLabel)
		}
		claim, template := c.at("resourceClaimName"), c.at("resourceClaimTemplateName")
		for _, s := range []*spot{claim, template} {
			s.must(invalidResources, subdomain)
			s.nonEmpty(invalidResources, "want "+subdomain.want)
		}
		if claim.there() == template.there() {
			c.say(invalidResources, "has resourceClaimName and resourceClaimTemplateName or neither, want one of them")
		}
	}
	unique(duplicateName, claims.each(), byName)
}

// judgeShares reports containers that may have more than the Pod. Source: validatePodResourceConsistency. The sum of
// the requests is left to the server where init containers have some: it counts what runs at a time.
func judgeShares(p *pod, whole *spot) {
	for name, limit := range whole.at("limits").entries() {
		most, ok := limit.quantity()
		for _, c := range p.spec.at("containers").each() {
			if have, known := c.at("resources", "limits", name).quantity(); ok && known && have.Cmp(most) > 0 {
				c.at("resources", "limits", name).say(invalidResources, "is %s, more than the Pod's limit of %s", have.String(), most.String())
			}
		}
	}
	if p.spec.at("initContainers").full() {
		return
	}
	for name, request := range whole.at("requests").entries() {
		most, ok := request.quantity()
		var sum resource.Quantity
		for _, c := range p.spec.at("containers").each() {
			have := c.at("resources", "requests", name)
			// Source: kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Pod.
			if p.bare && !have.there() {
				have = c.at("resources", "limits", name)
			}
			q, known := have.quantity()
			ok = ok && (known || !have.there())
			sum.Add(q)
		}
		if ok && sum.Cmp(most) > 0 {
			request.say(invalidResources, "is %s, less than the containers' %s together", most.String(), sum.String())
		}
	}
}

// judgeResizePolicy judges what a change of resources does to a container. Source: validateResizePolicy; kubernetes
// pkg/features/kube_features.go, InPlacePodVerticalScaling: before 1.33 the server drops it.
func judgeResizePolicy(p *pod, list string, c *spot) {
	if !p.j.since(33) {
		return
	}
	policies := c.at("resizePolicy")
	for _, r := range policies.each() {
		r.at("resourceName").oneOf(invalidContainer, "cpu", "memory")
		r.at("resourceName").nonEmpty(invalidContainer, "want cpu or memory")
		policy := r.at("restartPolicy")
		policy.oneOf(invalidContainer, "NotRequired", "RestartContainer")
		policy.nonEmpty(invalidContainer, "want NotRequired or RestartContainer")
		if policy.word() != "RestartContainer" {
			continue
		}
		switch {
		case p.spec.at("restartPolicy").word() == "Never":
			policy.say(invalidContainer, `is "RestartContainer", want NotRequired where the Pod's restartPolicy is Never`)
		case list == "initContainers" && c.at("restartPolicy").word() != "Always" && !c.at("restartPolicy").blank() && p.j.since(36):
			policy.say(invalidContainer, `is "RestartContainer", which an init container has only with restartPolicy: Always`)
		}
	}
	unique(invalidContainer, policies.each(), func(r *spot) (string, *spot) { return r.at("resourceName").word(), r.at("resourceName") })
}
