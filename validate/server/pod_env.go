package server

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// envName gives the form of environment variables: since 1.32 nearly every character is allowed.
// Source: kubernetes pkg/features/kube_features.go, RelaxedEnvironmentVariableValidation.
func (j *judge) envName() form {
	if j.since(32) {
		return by(`a name of printable ASCII characters without "="`, validation.IsRelaxedEnvVarName)
	}
	return by(`a name of letters, digits, "-", "_" and ".", with no digit first`, validation.IsEnvVarName)
}

// judgeEnv judges env and envFrom of a container. Source: ValidateEnv, ValidateEnvFrom.
func judgeEnv(p *pod, c *spot) {
	named := p.j.envName()
	for _, e := range c.at("env").each() {
		if e.at("name").nonEmpty(invalidEnv, "want "+named.want) {
			e.at("name").must(invalidEnv, named)
		}
		if e.at("valueFrom").there() {
			judgeValueFrom(p, e)
		}
	}
	for _, e := range c.at("envFrom").each() {
		if !e.shapes() {
			continue
		}
		e.at("prefix").must(invalidEnv, named)
		config, secret := e.at("configMapRef"), e.at("secretRef")
		switch {
		case config.there() && secret.there():
			e.say(invalidEnv, "has configMapRef and secretRef, want one of them")
		case !config.there() && !secret.there():
			e.say(invalidEnv, "has no source, want configMapRef or secretRef")
		}
		for _, ref := range []*spot{config, secret} {
			if ref.there() && ref.at("name").need(invalidEnv, "want a name") {
				ref.at("name").must(invalidEnv, subdomain)
			}
		}
	}
}

// judgeValueFrom judges the sources of a variable's value. Source: validateEnvVarValueFrom.
func judgeValueFrom(p *pod, e *spot) {
	from := e.at("valueFrom")
	var sources []string
	for _, key := range []string{"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"} {
		if from.at(key).there() {
			sources = append(sources, key)
		}
	}
	value, known := e.at("value").text()
	switch {
	case !from.isMap():
		return
	case len(sources) == 0 && from.states(): // fields that no schema knows
	case len(sources) == 0:
		from.say(invalidEnv, "has no source, want fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef")
	case known && value != "":
		from.say(invalidEnv, "is stated beside a value, want one of the two")
	case len(sources) > 1:
		from.say(invalidEnv, "has %s, want one source", strings.Join(sources, " and "))
	}
	judgeFieldRef(invalidEnv, from.at("fieldRef"), envFields)
	judgeResourceRef(invalidEnv, from.at("resourceFieldRef"), false)
	for _, key := range []string{"configMapKeyRef", "secretKeyRef"} {
		ref := from.at(key)
		if !ref.there() {
			continue
		}
		if ref.at("name").need(invalidEnv, "want a name") {
			ref.at("name").must(invalidEnv, subdomain)
		}
		if ref.at("key").nonEmpty(invalidEnv, "want a key") {
			ref.at("key").must(invalidEnv, configKey)
		}
	}
	judgeFileKey(p, from.at("fileKeyRef"))
}

// judgeFileKey judges a variable that comes from a file of a volume. Source: validateFileKeySelector and
// validateFileKeyRefVolumes.
func judgeFileKey(p *pod, ref *spot) {
	if !ref.there() {
		return
	}
	for _, key := range []string{"key", "volumeName", "path"} {
		ref.at(key).nonEmpty(invalidEnv, "")
	}
	ref.at("key").must(invalidEnv, p.j.envName())
	ref.at("path").must(invalidEnv, noBackstep)
	volume := ref.at("volumeName")
	name := volume.word()
	if name == "" || !p.known {
		return
	}
	switch source, ok := p.volumes[name]; {
	case !ok:
		volume.say(danglingMount, "is %s, and the Pod has no such volume", quote(name))
	case source != "emptyDir":
		volume.say(invalidEnv, "is %s, a volume from %s, want one from emptyDir", quote(name), source)
	}
}

// The fields of a Pod that environment variables and files can have. Source: validEnvDownwardAPIFieldPathExpressions
// and validVolumeDownwardAPIFieldPathExpressions.
var (
	envFields = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	fileFields     = []string{"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"}
	resourceFields = []string{
		"limits.cpu", "limits.memory", "limits.ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
	}
)

// judgeFieldRef judges a reference to a field of the Pod. Source: validateObjectFieldSelector.
func judgeFieldRef(rule string, ref *spot, fields []string) {
	if !ref.there() {
		return
	}
	ref.at("apiVersion").oneOf(rule, "v1")
	at := ref.at("fieldPath")
	text, ok := at.text()
	if !at.nonEmpty(rule, "want a field of the Pod") || !ok {
		return
	}
	if key, subscripted := strings.CutSuffix(text, "']"); subscripted {
		list, key, _ := strings.Cut(key, "['")
		switch {
		case list != "metadata.labels" && list != "metadata.annotations":
			at.say(rule, "is %s, want a key in brackets only after metadata.labels or metadata.annotations", quote(text))
		case !labelKey.ok(key) && (list == "metadata.labels" || !labelKey.ok(strings.ToLower(key))):
			at.say(rule, "is %s, want a key of a label or annotation in the brackets", quote(text))
		}
		return
	}
	if text == "spec.host" {
		text = "spec.nodeName"
	}
	if !slices.Contains(fields, text) {
		at.say(rule, "is %s, want one of %s, or a label or annotation as metadata.labels['<key>']", quote(text), strings.Join(fields, ", "))
	}
}

// judgeResourceRef judges a reference to requests or limits of a container.
// Source: validateContainerResourceFieldSelector and validateContainerResourceDivisor.
func judgeResourceRef(rule string, ref *spot, file bool) {
	if !ref.there() {
		return
	}
	if file {
		ref.at("containerName").need(rule, "and a file is about one container")
	}
	at := ref.at("resource")
	text, ok := at.text()
	if !at.nonEmpty(rule, "") || !ok || text == "" {
		return
	}
	huge := strings.HasPrefix(text, "requests.hugepages-") || strings.HasPrefix(text, "limits.hugepages-")
	if !huge && !slices.Contains(resourceFields, text) {
		at.say(rule, "is %s, want one of %s", quote(text), strings.Join(resourceFields, ", "))
		return
	}
	divisors := "1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei"
	if strings.HasSuffix(text, ".cpu") {
		divisors = "1m 1"
	}
	if q, ok := ref.at("divisor").quantity(); ok && !q.IsZero() && !slices.Contains(strings.Fields(divisors), q.String()) {
		ref.at("divisor").say(rule, "is %s, want one of %s for %s", quote(q.String()), strings.ReplaceAll(divisors, " ", ", "), text)
	}
}
