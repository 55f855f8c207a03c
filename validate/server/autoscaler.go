package server

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// judgeAutoscaler judges a HorizontalPodAutoscaler of v1 or v2. Source: Kubernetes
// pkg/apis/autoscaling/validation/validation.go and pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go.
func judgeAutoscaler(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidAutoscaler, "") {
		return
	}
	least := int64(1)
	if j.since(37) { // HPAScaleToZero is on since then
		least = 0
	}
	low, high := spec.at("minReplicas"), spec.at("maxReplicas")
	low.within(invalidAutoscaler, least, noLimit)
	top, ok := high.integer()
	if ok && high.within(invalidAutoscaler, 1, noLimit) {
		if bottom, ok := low.number(1); ok && bottom > top {
			high.say(invalidAutoscaler, "is %d, less than minReplicas, which is %d", top, bottom)
		}
	}
	judgeTarget(spec.at("scaleTargetRef"), false)
	spec.at("targetCPUUtilizationPercentage").within(invalidAutoscaler, 1, noLimit)
	metrics, outer := spec.at("metrics"), false
	for _, metric := range metrics.each() {
		if metric.isMap() {
			judgeMetric(metric)
		}
		kind, known := metric.at("type").text()
		outer = outer || !known || kind == "Object" || kind == "External"
	}
	if n, ok := low.integer(); ok && n == 0 && least == 0 && !outer {
		metrics.say(invalidAutoscaler, "has no metric of type Object or External, and minReplicas 0 needs one to come back from")
	}
	for _, way := range []string{"scaleUp", "scaleDown"} {
		if rules := spec.at("behavior", way); rules.isMap() {
			judgeScaling(rules)
		}
	}
}

// judgeTarget judges a reference to what is scaled or measured. Since 1.34 it has to name the group of the kind.
func judgeTarget(ref *spot, core bool) {
	if !ref.isMap() {
		return
	}
	for _, field := range []string{"kind", "name"} {
		ref.at(field).filled(invalidAutoscaler, "the "+field+" of an object")
		ref.at(field).must(invalidAutoscaler, pathSegment)
	}
	if !ref.j.since(34) {
		return
	}
	at := ref.at("apiVersion")
	version, ok1 := at.text()
	kind, ok2 := ref.at("kind").text()
	switch {
	case !ok1 || !ok2:
	case strings.Count(version, "/") > 1:
		at.say(invalidAutoscaler, `is %s, want a group, "/" and a version`, quote(version))
	case !core && kind != "ReplicationController" && (!strings.Contains(version, "/") || strings.HasPrefix(version, "/")):
		at.say(invalidAutoscaler, "is %s, want the group too, such as apps/v1", quote(version))
	}
}

// metricTypes are the types of metrics, each with the field that says more.
var metricTypes = []struct{ kind, field string }{
	{"Object", "object"},
	{"External", "external"},
	{"Pods", "pods"},
	{"Resource", "resource"},
	{"ContainerResource", "containerResource"},
}

// judgeMetric judges what is measured.
func judgeMetric(metric *spot) {
	kind, known := metric.at("type").text()
	var want string
	var kinds, stated []string
	for _, t := range metricTypes {
		kinds = append(kinds, t.kind)
		if t.kind == kind {
			want = t.field
		}
		if metric.at(t.field).there() {
			stated = append(stated, t.field)
		}
	}
	metric.at("type").filled(invalidAutoscaler, strings.Join(kinds, " or "))
	metric.at("type").oneOf(invalidAutoscaler, kinds...)
	if !known || want == "" {
		return
	}
	if !metric.at(want).there() {
		metric.at(want).say(invalidAutoscaler, "is missing, and the type of the metric is %s", kind)
	}
	for _, field := range stated {
		// One alone in place of the other is one mistake, and said already.
		if field != want && len(stated) > 1 {
			metric.at(field).say(invalidAutoscaler, "is set, and the type of the metric is %s: want %s alone", kind, want)
		}
	}
	if source := metric.at(want); source.isMap() {
		judgeSource(source, want)
	}
}

// judgeSource judges a metric and what it should be.
func judgeSource(source *spot, field string) {
	target := source.at("target")
	name := source.at("metric", "name")
	if field == "resource" || field == "containerResource" {
		name = source.at("name")
	} else {
		name.must(invalidAutoscaler, pathSegment)
	}
	name.filled(invalidAutoscaler, "the name of a metric")
	if field == "containerResource" {
		name.must(invalidAutoscaler, containerResource)
		source.at("container").filled(invalidAutoscaler, "the name of a container")
		source.at("container").must(invalidAutoscaler, dnsLabel)
	}
	if field == "object" {
		judgeTarget(source.at("describedObject"), true)
	}
	if !target.isMap() {
		return
	}
	target.at("type").filled(invalidAutoscaler, "Utilization, Value or AverageValue")
	target.at("type").oneOf(invalidAutoscaler, "Utilization", "Value", "AverageValue")
	value, average, share := target.at("value"), target.at("averageValue"), target.at("averageUtilization")
	for _, amount := range []*spot{value, average} {
		if q, ok := amount.quantity(); ok && amount.there() && q.Sign() <= 0 {
			amount.say(invalidAutoscaler, "is %s, want more than 0", &q)
		}
	}
	share.within(invalidAutoscaler, 1, noLimit)
	switch field {
	case "object", "external":
		if !value.there() && !average.there() {
			average.say(invalidAutoscaler, "is missing, and so is value: want one of them")
		} else if field == "external" && value.there() && average.there() {
			value.say(invalidAutoscaler, "is set, and so is averageValue: want one of them")
		}
	case "pods":
		average.wants(invalidAutoscaler, "want the average over all Pods")
	default:
		if !share.there() && !average.there() {
			share.say(invalidAutoscaler, "is missing, and so is averageValue: want one of them")
		} else if share.there() && average.there() {
			average.say(invalidAutoscaler, "is set, and so is averageUtilization: want one of them")
		}
	}
}

// judgeScaling judges how fast a workload grows or shrinks.
func judgeScaling(rules *spot) {
	rules.at("stabilizationWindowSeconds").within(invalidAutoscaler, 0, 3600)
	rules.at("selectPolicy").oneOf(invalidAutoscaler, "Max", "Min", "Disabled")
	rules.at("selectPolicy").nonEmpty(invalidAutoscaler, "want Max, Min or Disabled")
	policies := rules.at("policies")
	policies.some(invalidAutoscaler, "at least one policy, or none stated")
	for _, policy := range policies.each() {
		policy.at("type").filled(invalidAutoscaler, "Pods or Percent")
		policy.at("type").oneOf(invalidAutoscaler, "Pods", "Percent")
		policy.at("value").within(invalidAutoscaler, 1, noLimit)
		policy.at("periodSeconds").within(invalidAutoscaler, 1, 1800)
	}
	if q, ok := rules.at("tolerance").quantity(); ok && q.Sign() < 0 && rules.j.since(35) { // HPAConfigurableTolerance
		rules.at("tolerance").say(invalidAutoscaler, "is %s, want 0 or more", &q)
	}
}

// judgeDisruptionBudget judges a PodDisruptionBudget. Source: Kubernetes pkg/apis/policy/validation/validation.go,
// ValidatePodDisruptionBudgetSpec.
func judgeDisruptionBudget(j *judge) {
	spec := j.at("spec")
	least, most := spec.at("minAvailable"), spec.at("maxUnavailable")
	if least.there() && most.there() {
		spec.say(invalidDisruption, "has both minAvailable and maxUnavailable, want one of them")
	}
	judgeShare(least, invalidDisruption)
	judgeShare(most, invalidDisruption)
	judgeSelector(spec.at("selector"))
}

// judgeShare judges a number of Pods, or a share of them in percent.
func judgeShare(s *spot, rule string) {
	if !s.isText() {
		s.within(rule, 0, noLimit)
		return
	}
	text, ok := s.text()
	if !ok {
		return
	}
	if len(validation.IsValidPercent(text)) > 0 {
		s.say(rule, `is the text %s, want a number, or a share such as "50%%"`, quote(text))
	} else if n, err := strconv.Atoi(strings.TrimSuffix(text, "%")); err != nil || n > 100 {
		s.say(rule, "is %s, want at most 100%%", quote(text))
	}
}
