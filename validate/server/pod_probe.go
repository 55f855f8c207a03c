package server

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// actions are what probes and hooks do, in the order in which the server looks for them.
const actions = "exec httpGet tcpSocket grpc sleep"

// judgeProbe judges a probe; kind is its key. Source: kubernetes pkg/apis/core/validation/validation.go, validateProbe,
// validateLivenessProbe, validateReadinessProbe and validateStartupProbe.
func judgeProbe(p *pod, probe *spot, kind string) {
	if !probe.isMap() {
		return
	}
	judgeAction(p, probe)
	for _, key := range []string{"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"} {
		probe.at(key).within(invalidProbe, 0, noLimit)
	}
	// 0 stands for the default, which is 1.
	if n, ok := probe.at("successThreshold").integer(); ok && fits(n) && n > 1 && kind != "readinessProbe" {
		probe.at("successThreshold").say(invalidProbe, "is %d, want 1: only a readiness probe can want more", n)
	}
	grace := probe.at("terminationGracePeriodSeconds")
	if kind == "readinessProbe" && grace.there() {
		grace.say(invalidProbe, "is stated, and a readiness probe terminates nothing")
	} else {
		grace.within(invalidProbe, 1, noLimit)
	}
}

// judgeHook judges a hook of the lifecycle. Source: validateLifecycle.
func judgeHook(p *pod, hook *spot) {
	if !hook.isMap() {
		return
	}
	judgeAction(p, hook)
	grace, ok := p.spec.at("terminationGracePeriodSeconds").number(30)
	sleep := hook.at("sleep", "seconds")
	n, known := sleep.number(0)
	least := int64(1)
	// Source: kubernetes pkg/features/kube_features.go, PodLifecycleSleepActionAllowZero.
	if p.j.since(33) {
		least = 0
	}
	if ok && known && hook.at("sleep").isMap() && (n < least || n > grace) {
		sleep.say(invalidProbe, "is %d, want %d to terminationGracePeriodSeconds's %d", n, least, grace)
	}
}

// judgeAction judges what a probe or hook does. Source: validateHandler.
func judgeAction(p *pod, at *spot) {
	first := ""
	for key := range strings.FieldsSeq(actions) {
		action := at.at(key)
		if !action.there() || key == "sleep" && !p.j.since(29) { // which no schema had before
			continue
		}
		if first != "" {
			action.say(invalidProbe, "is stated beside %s, want one action", first)
			continue
		}
		first = key
		switch key {
		case "exec":
			if c := action.at("command"); c.noList() {
				c.say(invalidProbe, "is missing or empty, want a command")
			}
		case "httpGet":
			for _, h := range action.at("httpHeaders").each() {
				h.at("name").nonEmpty(invalidProbe, "want the name of a header")
				h.at("name").must(invalidProbe, by(`the name of a header: letters, digits and "-"`, validation.IsHTTPHeaderName))
			}
			judgePortOrName(invalidProbe, action.at("port"))
		case "tcpSocket", "grpc":
			judgePortOrName(invalidProbe, action.at("port"))
		}
	}
	if first == "" {
		at.say(invalidProbe, "has no action, want one of exec, httpGet, tcpSocket, grpc (of probes) and sleep (of hooks)")
	}
}

// judgePortOrName judges a port that is given by number or by name. Digits in quotes are a name, and no valid one.
// Source: ValidatePortNumOrName.
func judgePortOrName(rule string, port *spot) {
	if text, ok := port.text(); ok && port.there() && !portName.ok(text) {
		if text != "" && strings.Trim(text, "0123456789") == "" {
			port.say(rule, "is the text %s, want the number without quotes, or %s", quote(text), portName.want)
			return
		}
		port.say(rule, "is %s, want 1 to 65535, or %s", quote(text), portName.want)
		return
	}
	port.within(rule, 1, 65535)
}
