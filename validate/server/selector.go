package server

import (
	"slices"
	"strings"
)

// selector is a label selector that is known in full.
type selector struct {
	exact       map[string]string
	expressions []expression
}

// expression is one of a selector's matchExpressions.
type expression struct {
	key, operator string
	values        []string
}

// judgeLabels reports keys and values that no label can have. Source: apimachinery pkg/apis/meta/v1/validation
// validation.go, ValidateLabels.
func judgeLabels(labels *spot) {
	for key, value := range labels.entries() {
		if !labelKey.ok(key) {
			value.say(invalidLabel, "has the key %s, want %s", quote(key), labelKey.want)
		}
		value.must(invalidLabel, labelValue)
	}
}

// judgeSelector reports what is wrong with a selector of matchLabels and matchExpressions. Source: apimachinery
// pkg/apis/meta/v1/validation/validation.go, ValidateLabelSelector.
func judgeSelector(s *spot) {
	judgeLabels(s.at("matchLabels"))
	for _, e := range s.at("matchExpressions").each() {
		if e.at("key").nonEmpty(invalidLabel, "want a label key") {
			e.at("key").must(invalidLabel, labelKey)
		}
		values := e.at("values")
		operator, _ := e.at("operator").text()
		switch operator {
		case "In", "NotIn":
			if values.noList() {
				values.say(invalidLabel, "is missing or empty, and %s wants at least one value", operator)
			}
		case "Exists", "DoesNotExist":
			if values.full() {
				values.say(invalidLabel, "has values, and %s takes none", operator)
			}
		default:
			if at := e.at("operator"); at.nonEmpty(invalidLabel, "want In, NotIn, Exists or DoesNotExist") {
				at.oneOf(invalidLabel, "In", "NotIn", "Exists", "DoesNotExist")
			}
		}
		for _, v := range values.each() {
			v.must(invalidLabel, labelValue)
		}
	}
}

// selector reads a selector of matchLabels and matchExpressions; not ok where some of it is not known or not valid.
func (s *spot) selector() (selector, bool) {
	if s.value != nil && !s.isMap() {
		return selector{}, false
	}
	exact, ok := s.at("matchLabels").labels()
	sel := selector{exact: exact}
	for key, value := range exact {
		ok = ok && labelKey.ok(key) && labelValue.ok(value)
	}
	for _, e := range s.at("matchExpressions").each() {
		key, ok1 := e.at("key").text()
		operator, ok2 := e.at("operator").text()
		x := expression{key: key, operator: operator}
		ok = ok && ok1 && ok2 && labelKey.ok(key)
		for _, v := range e.at("values").each() {
			text, known := v.text()
			ok = ok && known && labelValue.ok(text)
			x.values = append(x.values, text)
		}
		switch operator {
		case "In", "NotIn":
			ok = ok && len(x.values) > 0
		case "Exists", "DoesNotExist":
			ok = ok && len(x.values) == 0
		default:
			ok = false
		}
		sel.expressions = append(sel.expressions, x)
	}
	return sel, ok
}

// empty says whether the selector asks for nothing.
func (s selector) empty() bool { return len(s.exact)+len(s.expressions) == 0 }

// unmet lists what labels lack to be selected, sorted; empty where they are.
func (s selector) unmet(labels map[string]string) []string {
	var lacking []string
	for key, value := range s.exact {
		if has, ok := labels[key]; !ok || has != value {
			lacking = append(lacking, key+"="+value)
		}
	}
	for _, e := range s.expressions {
		has, ok := labels[e.key]
		in := ok && slices.Contains(e.values, has)
		if e.operator == "In" && !in || e.operator == "NotIn" && in || e.operator == "Exists" && !ok || e.operator == "DoesNotExist" && ok {
			lacking = append(lacking, strings.Join(append([]string{e.key, e.operator}, e.values...), " "))
		}
	}
	slices.Sort(lacking)
	return lacking
}
