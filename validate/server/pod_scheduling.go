package server

import (
	"slices"
	"strconv"
)

// judgeScheduling judges where Pods may run. Source: kubernetes pkg/apis/core/validation/validation.go,
// validateAffinity, ValidateTolerations, validateTopologySpreadConstraints and validateSchedulingGates.
func judgeScheduling(p *pod) {
	judgeLabels(p.spec.at("nodeSelector"))
	node := p.spec.at("affinity", "nodeAffinity")
	judgeNodeSelector(p.j, node.at(required))
	for _, t := range node.at(preferred).each() {
		t.at("weight").within(invalidSchedule, 1, 100)
		judgeNodeTerm(t.at("preference"), false)
	}
	for _, key := range []string{"podAffinity", "podAntiAffinity"} {
		affinity := p.spec.at("affinity", key)
		for _, t := range affinity.at(required).each() {
			judgePodTerm(p, t)
		}
		for _, t := range affinity.at(preferred).each() {
			t.at("weight").within(invalidSchedule, 1, 100)
			judgePodTerm(p, t.at("podAffinityTerm"))
		}
	}
	for _, t := range p.spec.at("tolerations").each() {
		judgeToleration(p.j, t)
	}
	judgeSpread(p.spec.at("topologySpreadConstraints"))
	gates := p.spec.at("schedulingGates")
	for _, g := range gates.each() {
		g.at("name").must(invalidSchedule, qualifiedName)
		g.at("name").nonEmpty(invalidSchedule, "")
	}
	unique(invalidSchedule, gates.each(), byName)
	if node := p.spec.at("nodeName"); p.bare && node.full() && gates.full() {
		node.say(invalidSchedule, "is stated, and schedulingGates hold the Pod back")
	}
}

const (
	required  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferred = "preferredDuringSchedulingIgnoredDuringExecution"
)

// judgeNodeSelector judges terms of which a node must meet one. Source: ValidateNodeSelector.
func judgeNodeSelector(j *judge, s *spot) {
	terms := s.at("nodeSelectorTerms")
	if list, ok := terms.value.([]any); ok && len(list) == 0 {
		terms.say(invalidSchedule, "is empty, want at least one term")
	}
	for _, t := range terms.each() {
		// Before 1.33 the values could be such as no label has: AllowInvalidLabelValueInRequiredNodeAffinity.
		judgeNodeTerm(t, j.since(33))
	}
}

// judgeNodeTerm judges one term. Where it is only preferred, the values can be such as no label has. Source: ValidateNodeSelectorTerm, ValidateNodeSelectorRequirement and ValidateNodeFieldSelectorRequirement.
func judgeNodeTerm(term *spot, values bool) {
	for _, e := range term.at("matchExpressions").each() {
		e.at("key").nonEmpty(invalidSchedule, "want a label key")
		e.at("key").must(invalidSchedule, labelKey)
		list := e.at("values")
		switch operator := e.at("operator").word(); operator {
		case "In", "NotIn":
			if list.noList() {
				list.say(invalidSchedule, "is missing or empty, and %s wants at least one value", operator)
			}
		case "Exists", "DoesNotExist":
			if list.full() {
				list.say(invalidSchedule, "has values, and %s takes none", operator)
			}
		case "Gt", "Lt":
			if n, ok := list.count(); ok && n != 1 {
				list.say(invalidSchedule, "has %d values, and %s wants one", n, operator)
			}
		}
		for _, v := range list.each() {
			if values {
				v.must(invalidSchedule, labelValue)
			}
		}
	}
	for _, e := range term.at("matchFields").each() {
		e.at("key").oneOf(invalidSchedule, "metadata.name")
		e.at("key").nonEmpty(invalidSchedule, "want metadata.name")
		e.at("operator").oneOf(invalidSchedule, "In", "NotIn")
		if n, ok := e.at("values").count(); ok && n != 1 && slices.Contains([]string{"In", "NotIn"}, e.at("operator").word()) {
			e.at("values").say(invalidSchedule, "has %d values, want one", n)
		}
		for _, v := range e.at("values").each() {
			v.strictly(invalidSchedule, subdomain)
		}
	}
}

// judgePodTerm judges a term of affinity to Pods. Source: validatePodAffinityTerm.
func judgePodTerm(p *pod, t *spot) {
	if !t.isMap() {
		return
	}
	selector := t.at("labelSelector")
	judgeSelector(selector)
	judgeSelector(t.at("namespaceSelector"))
	for _, n := range t.at("namespaces").each() {
		n.strictly(invalidSchedule, dnsLabel)
	}
	if t.at("topologyKey").nonEmpty(invalidSchedule, "want the label of nodes that are one place") {
		t.at("topologyKey").must(invalidSchedule, labelKey)
	}
	// Source: kubernetes pkg/features/kube_features.go, MatchLabelKeysInPodAffinity: before, the keys are dropped.
	if !p.j.since(31) {
		return
	}
	judgeTaken(t.at("matchLabelKeys"), selector)
	mismatched := map[string]bool{}
	for _, k := range t.at("mismatchLabelKeys").each() {
		mismatched[k.word()] = true
	}
	for _, list := range []string{"matchLabelKeys", "mismatchLabelKeys"} {
		judgeLabelKeys(t.at(list), selector)
		for _, k := range t.at(list).each() {
			if list == "matchLabelKeys" && mismatched[k.word()] && k.word() != "" {
				k.say(invalidSchedule, "is %s, as an element of mismatchLabelKeys is", quote(k.word()))
			}
		}
	}
}

// judgeLabelKeys judges keys whose values are taken from the Pod itself. Source: validateLabelKeys.
func judgeLabelKeys(keys, selector *spot) {
	if keys.full() && !selector.there() {
		keys.say(invalidSchedule, "is stated without a labelSelector")
		return
	}
	for _, k := range keys.each() {
		k.strictly(invalidSchedule, labelKey)
	}
}

// judgeTaken reports keys whose values are taken from the Pod itself and which the selector names too. Of a template the
// server takes them since 1.34, but not of the Pods that are made of it: there the two are one selector.
// Source: ValidateMatchLabelKeysInTopologySpread, ValidateMatchLabelKeysAndMismatchLabelKeys; kubernetes
// pkg/registry/core/pod/strategy.go, applyMatchLabelKeysAndMismatchLabelKeys.
func judgeTaken(keys, selector *spot) {
	taken := map[string]bool{}
	for key := range selector.at("matchLabels").entries() {
		taken[key] = true
	}
	for _, e := range selector.at("matchExpressions").each() {
		taken[e.at("key").word()] = true
	}
	for _, k := range keys.each() {
		if text := k.word(); text != "" && taken[text] {
			k.say(invalidSchedule, "is %s, which labelSelector names too", quote(text))
		}
	}
}

// judgeToleration judges a toleration. Source: ValidateTolerations.
func judgeToleration(j *judge, t *spot) {
	t.at("key").must(invalidSchedule, labelKey)
	operator, known := t.at("operator").text()
	key, named := t.at("key").text()
	if known && named && key == "" && operator != "Exists" {
		t.at("operator").say(invalidSchedule, "is %s, and without a key it has to be Exists", quote(operator))
	}
	effect, ok := t.at("effect").text()
	if ok && t.at("tolerationSeconds").there() && effect != "NoExecute" {
		t.at("effect").say(invalidSchedule, "is %s, and tolerationSeconds want NoExecute", quote(effect))
	}
	value, ok := t.at("value").text()
	switch {
	case !known || !ok:
	case operator == "" || operator == "Equal":
		t.at("value").must(invalidSchedule, labelValue)
	case operator == "Exists" && value != "":
		t.at("operator").say(invalidSchedule, "is Exists, which takes no value, and value is %s", quote(value))
	case operator == "Lt" || operator == "Gt":
		// Source: kubernetes pkg/features/kube_features.go, TaintTolerationComparisonOperators: off unless turned on.
		if _, err := strconv.ParseInt(value, 10, 64); err != nil && j.since(35) {
			t.at("value").say(invalidSchedule, "is %s, and %s wants a whole number", quote(value), operator)
		}
	}
}

// judgeSpread judges topologySpreadConstraints. Source: validateTopologySpreadConstraints.
func judgeSpread(constraints *spot) {
	for _, c := range constraints.each() {
		c.at("maxSkew").within(invalidSchedule, 1, noLimit)
		c.at("topologyKey").nonEmpty(invalidSchedule, "want the label of nodes that are one place")
		domains := c.at("minDomains")
		domains.within(invalidSchedule, 1, noLimit)
		when, ok := c.at("whenUnsatisfiable").text()
		if ok && domains.there() && when != "DoNotSchedule" {
			domains.say(invalidSchedule, "is stated, and whenUnsatisfiable is %s, want DoNotSchedule", quote(when))
		}
		selector := c.at("labelSelector")
		judgeSelector(selector)
		judgeLabelKeys(c.at("matchLabelKeys"), selector)
		judgeTaken(c.at("matchLabelKeys"), selector)
	}
	judgeTwice(constraints)
}

// judgeTwice reports a constraint that stands again below. Source: ValidateSpreadConstraintNotRepeat.
func judgeTwice(constraints *spot) {
	last := map[string]*spot{}
	for _, c := range constraints.each() {
		key, when := c.at("topologyKey").word(), c.at("whenUnsatisfiable").word()
		if key == "" || when == "" {
			continue
		}
		if before := last[key+" "+when]; before != nil {
			before.say(invalidSchedule, "has the topologyKey and the whenUnsatisfiable of %s", c.path())
		}
		last[key+" "+when] = c
	}
}
