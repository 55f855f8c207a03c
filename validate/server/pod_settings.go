package server

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// judgeDNS judges names and addresses in a Pod. Source: kubernetes pkg/apis/core/validation/validation.go,
// validatePodDNSConfig and ValidateHostAliases.
func judgeDNS(p *pod) {
	address := p.j.ipAddress()
	config := p.spec.at("dnsConfig")
	servers := config.at("nameservers")
	if p.spec.at("dnsPolicy").word() == "None" && !servers.full() {
		at := servers
		if !config.there() {
			at = config
		}
		at.say(invalidPod, "is missing, and dnsPolicy is None: want at least one name server")
	}
	if n := servers.length(); n > 3 {
		servers.say(invalidPod, "has %d name servers, want 3 at most", n)
	}
	for _, s := range servers.each() {
		s.strictly(invalidPod, address)
	}
	judgeSearches(p.j, config.at("searches"))
	for _, o := range config.at("options").each() {
		o.at("name").need(invalidPod, "want the name of an option")
	}
	for _, a := range p.spec.at("hostAliases").each() {
		a.at("ip").must(invalidPod, address)
		if p.j.since(30) { // since then the schema asks for it
			a.at("ip").nonEmpty(invalidPod, "want "+address.want)
		} else {
			a.at("ip").wants(invalidPod, "want "+address.want)
		}
		for _, h := range a.at("hostnames").each() {
			h.strictly(invalidPod, subdomain)
		}
	}
}

// judgeSearches judges search domains, which can have underscores since 1.33.
// Source: kubernetes pkg/features/kube_features.go, RelaxedDNSSearchValidation.
func judgeSearches(j *judge, searches *spot) {
	f := subdomain
	if j.since(33) {
		f = by(`a DNS subdomain, which may have "_" in it`, validation.IsDNS1123SubdomainWithUnderscore)
	}
	bytes := 0
	for i, s := range searches.each() {
		text, ok := s.text()
		if i > 0 {
			bytes++
		}
		bytes += len(text)
		if ok && !f.ok(strings.TrimSuffix(text, ".")) && (text != "." || !j.since(33)) {
			s.say(invalidPod, "is %s, want %s", quote(text), f.want)
		}
	}
	if n := searches.length(); n > 32 {
		searches.say(invalidPod, "has %d domains, want 32 at most", n)
	}
	if bytes > 2048 {
		searches.say(invalidPod, "has %d bytes, want 2048 at most", bytes)
	}
}

// judgePodSettings judges the remaining fields of a Pod. Source: ValidatePodSpec, validatePodHostName,
// validateReadinessGates.
func judgePodSettings(p *pod) {
	for _, key := range []string{"serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"} {
		p.spec.at(key).must(invalidPod, subdomain)
	}
	p.spec.at("runtimeClassName").nonEmpty(invalidPod, "want "+subdomain.want)
	p.spec.at("activeDeadlineSeconds").within(invalidPod, 1, 1<<31-1)
	if !p.stateful {
		p.spec.at("hostname").must(invalidPod, dnsLabel)
		p.spec.at("subdomain").must(invalidPod, dnsLabel)
	}
	for _, g := range p.spec.at("readinessGates").each() {
		if g.at("conditionType").nonEmpty(invalidPod, "") {
			g.at("conditionType").must(invalidPod, qualifiedName)
		}
	}
	name := p.spec.at("hostnameOverride")
	// Source: kubernetes pkg/features/kube_features.go, HostnameOverride: before, it is dropped.
	if !name.there() || !p.j.since(35) {
		return
	}
	for _, key := range []string{"setHostnameAsFQDN", "hostNetwork"} {
		if p.spec.at(key).is(true) {
			name.say(invalidPod, "is stated, and %s is true: want one of them", key)
		}
	}
	name.nonEmpty(invalidPod, "want "+subdomain.want)
	if text := name.word(); len(text) > 64 {
		name.say(invalidPod, "has %d characters, want 64 at most", len(text))
	} else {
		name.must(invalidPod, subdomain)
	}
}

const (
	deletionCost      = "controller.kubernetes.io/pod-deletion-cost"
	mirrorPod         = "kubernetes.io/config.mirror"
	seccompPod        = "seccomp.security.alpha.kubernetes.io/pod"
	seccompContainer  = "container.seccomp.security.alpha.kubernetes.io/"
	appArmorContainer = "container.apparmor.security.beta.kubernetes.io/"
)

// judgePodAnnotations judges the annotations that mean something to the server.
// Source: ValidatePodSpecificAnnotations and what it calls; kubernetes pkg/apis/core/helper/helpers.go,
// GetDeletionCostFromPodAnnotations.
func judgePodAnnotations(p *pod) {
	named, all := map[string]bool{}, true
	for _, c := range p.containers() {
		text, ok := c.at("name").text()
		named[text], all = true, all && ok
	}
	for key, value := range p.meta.at("annotations").entries() {
		text, ok := value.text()
		if !ok || !value.there() {
			continue
		}
		container, armored := strings.CutPrefix(key, appArmorContainer)
		switch {
		case key == deletionCost:
			if !isInt32(text) {
				value.say(invalidAnnotation, "is %s, want a whole number of 32 bits", quote(text))
			}
		case key == mirrorPod:
			if p.bare && !p.spec.at("nodeName").full() {
				value.say(invalidAnnotation, "is stated, and a mirror Pod has spec.nodeName")
			}
		case key == seccompPod || strings.HasPrefix(key, seccompContainer):
			local, isLocal := strings.CutPrefix(text, "localhost/")
			if !(isLocal && descending.ok(local)) && text != "runtime/default" && text != "docker/default" && text != "unconfined" {
				value.say(invalidAnnotation, "is %s, want runtime/default, unconfined or localhost/<path>", quote(text))
			}
		case armored:
			if all && !named[container] {
				value.say(invalidAnnotation, "is about the container %s, and the Pod has none of this name", quote(container))
			}
			if text != "" && text != "runtime/default" && text != "unconfined" && !strings.HasPrefix(text, "localhost/") {
				value.say(invalidAnnotation, "is %s, want runtime/default, unconfined or localhost/<profile>", quote(text))
			}
		}
	}
}

// judgeArmor reports profiles of containers that the annotation of old names otherwise than the field.
// Source: validateAppArmorAnnotationsAndFieldsMatchOnCreate.
func judgeArmor(p *pod) {
	for _, c := range p.containers() {
		annotation := p.meta.at("annotations").at(appArmorContainer + c.at("name").word())
		text, ok := annotation.text()
		profile := c.at("securityContext", "appArmorProfile")
		if !profile.there() {
			profile = p.spec.at("securityContext", "appArmorProfile")
		}
		kind, known := profile.at("type").text()
		local, named := profile.at("localhostProfile").text()
		if !annotation.there() || !ok || !known || !named || p.spec.at("os", "name").word() == "windows" {
			continue
		}
		want := map[string]string{"Unconfined": "unconfined", "RuntimeDefault": "runtime/default", "Localhost": "localhost/" + local}[kind]
		if want != "" && text != want {
			c.at("securityContext", "appArmorProfile", "type").say(invalidSecurity, "is %s, and %s is %s, want the same", kind, annotation.path(), quote(text))
		}
	}
}

// isInt32 says whether a text is a number as the server wants it: no sign but "-", and no zero in front.
func isInt32(text string) bool {
	_, err := parseInt(text, 32)
	return err == nil && (text == "0" || text[0] == '-' || '1' <= text[0] && text[0] <= '9')
}
