package server

import (
	"iter"
	"strings"

	"sluice/validate"
)

// podChecks judge Pods and what makes them.
var podChecks = []check{
	{[]string{"Pod"}, func(j *judge) { judgePod(newPod(j, j.root(), true)) }},
	{[]string{"PodTemplate"}, func(j *judge) {
		if !j.at("template").lacks(invalidPod, "want what the Pods are") {
			judgePod(newPod(j, j.at("template"), false))
		}
	}},
}

// pod is a Pod, or the template of Pods.
type pod struct {
	j          *judge
	meta, spec *spot
	// bare says that it is a Pod itself, no template.
	bare bool
	// stateful says that hostname and subdomain are the StatefulSet controller's to set.
	stateful bool
	// volumes are the kinds of source by name, and known says that these are all.
	volumes map[string]string
	known   bool
}

// newPod makes a pod of the place that has metadata and spec.
func newPod(j *judge, at *spot, bare bool) *pod {
	p := &pod{j: j, meta: at.at("metadata"), spec: at.at("spec"), bare: bare, volumes: map[string]string{}, known: true}
	for _, v := range p.spec.at("volumes").each() {
		name, ok := v.at("name").text()
		p.known = p.known && ok
		p.volumes[name] = "emptyDir"
		for kind := range volumeSourcesOf(v, "Pod") {
			p.volumes[name] = kind.name
			break
		}
	}
	return p
}

// containers gives the containers of all lists, each with the name of its list.
func (p *pod) containers() iter.Seq2[string, *spot] {
	return func(yield func(string, *spot) bool) {
		for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
			for _, c := range p.spec.at(list).each() {
				if !yield(list, c) {
					return
				}
			}
		}
	}
}

// judgePod judges a Pod or a template: kubernetes pkg/apis/core/validation/validation.go, ValidatePodSpec,
// ValidatePodTemplateSpec and ValidatePodCreate.
func judgePod(p *pod) {
	// Where nothing is stated above it either, that is said there.
	if p.spec.up.there() && p.spec.missing() {
		p.spec.say(invalidPod, "is missing, want at least one container")
	}
	if !p.spec.isMap() {
		return
	}
	if !p.bare {
		judgeLabels(p.meta.at("labels"))
		judgeAnnotations(p.meta.at("annotations"))
	}
	judgePodAnnotations(p)
	judgeContainers(p)
	judgeVolumes(p)
	judgeHostPorts(p)
	judgePodResources(p)
	judgePodSecurity(p)
	if p.j.since(30) { // appArmorProfile came then
		judgeArmor(p)
	}
	judgeScheduling(p)
	judgeDNS(p)
	judgePodSettings(p)
	judgeOS(p)
	warnPod(p)
}

// judgeContainers judges the containers of a pod.
func judgeContainers(p *pod) {
	if c := p.spec.at("containers"); c.there() && !c.full() {
		if _, list := c.value.([]any); list {
			c.say(invalidContainer, "is empty, want at least one container")
		}
	}
	if c := p.spec.at("ephemeralContainers"); c.full() {
		c.say(invalidContainer, "is stated, and ephemeral containers can only be added to a Pod that runs")
	}
	first := map[string]string{}
	// The server counts regular containers first: the second of a name is then the init container.
	for _, list := range []string{"containers", "initContainers"} {
		for _, c := range p.spec.at(list).each() {
			name := c.at("name")
			text := name.word()
			if before, twice := first[text]; twice && text != "" {
				name.say(duplicateName, "is %s, as %s is already", quote(text), before)
			} else {
				first[text] = name.path().String()
			}
			judgeContainer(p, list, c)
		}
	}
}

// judgeContainer judges a container of spec.containers or spec.initContainers.
func judgeContainer(p *pod, list string, c *spot) {
	if c.at("name").nonEmpty(invalidContainer, "want a DNS label") {
		c.at("name").must(invalidContainer, dnsLabel)
	}
	image := c.at("image")
	if image.need(invalidContainer, "want the image to run") && p.bare && image.word() != trimSpace(image.word()) {
		image.say(invalidContainer, "is %s, want it without blanks around it", quote(image.word()))
	} else {
		judgeImage(image)
	}
	judgePorts(c.at("ports"))
	judgeEnv(p, c)
	judgeMounts(p, c)
	judgeResources(p, c.at("resources"))
	judgeResizePolicy(p, list, c)
	judgeSecurity(p, c.at("securityContext"))
	judgeRestart(p.j, list, c)
	always := (c.at("restartPolicy").word() == "Always" || c.at("restartPolicy").blank()) && p.j.since(29)
	for _, key := range []string{"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"} {
		switch field := c.at(key); {
		case !field.there():
		case list == "initContainers" && !always:
			field.say(invalidContainer, "is stated, and an init container has one only with restartPolicy: Always")
		case key == "lifecycle":
			judgeHook(p, field.at("postStart"))
			judgeHook(p, field.at("preStop"))
		default:
			judgeProbe(p, field, key)
		}
	}
}

// judgeImage judges the name of an image by the grammar that the kubelet reads it with before it asks for the image. One that
// is a URL may have a password in it, and is not repeated.
func judgeImage(s *spot) {
	name := s.word()
	if name == "" {
		return
	}
	if _, err := validate.ParseImage(name); err != nil {
		shown := quote(name)
		if strings.Contains(name, "://") {
			shown = "a URL"
		}
		s.say(invalidImage, "is %s, which %v", shown, err)
	}
}

// judgeRestart judges the restartPolicy of a container, which all but init containers have since 1.35; that of init
// containers the servers of 1.28, and of 1.34 where it is not Always, drop. Source: kubernetes pkg/features/kube_features.go, ContainerRestartRules and
// SidecarContainers; validateInitContainerRestartPolicy and
// validateContainerRestartPolicy.
func judgeRestart(j *judge, list string, c *spot) {
	policy, rules := c.at("restartPolicy"), c.at("restartPolicyRules")
	if !j.since(35) {
		if list == "containers" && policy.there() {
			policy.say(invalidContainer, "is stated, and before Kubernetes 1.35 only init containers have one")
		} else if list == "initContainers" && j.since(29) && !j.since(34) {
			policy.oneOf(invalidContainer, "Always")
			policy.nonEmpty(invalidContainer, "want Always")
		}
		return
	}
	policy.oneOf(invalidContainer, "Always", "Never", "OnFailure")
	policy.nonEmpty(invalidContainer, "want Always, Never or OnFailure")
	if rules.full() && !policy.there() {
		policy.say(invalidContainer, "is missing, and restartPolicyRules want one")
	}
	if n := rules.length(); n > 20 {
		rules.say(invalidContainer, "has %d rules, want 20 at most", n)
	}
	for _, r := range rules.each() {
		r.at("action").oneOf(invalidContainer, "Restart", "RestartAllContainers")
		r.at("action").nonEmpty(invalidContainer, "want Restart or RestartAllContainers")
		codes := r.at("exitCodes")
		codes.need(invalidContainer, "and a rule is about exit codes")
		codes.at("operator").oneOf(invalidContainer, "In", "NotIn")
		codes.at("operator").nonEmpty(invalidContainer, "want In or NotIn")
		if n := codes.at("values").length(); n > 255 {
			codes.at("values").say(invalidContainer, "has %d exit codes, want 255 at most", n)
		}
	}
}

// judgePorts judges the ports of a container. Source: validateContainerPorts.
func judgePorts(ports *spot) {
	for _, p := range ports.each() {
		p.at("name").must(invalidPort, portName)
		p.at("containerPort").within(invalidPort, 1, 65535)
		if n, _ := p.at("hostPort").integer(); n != 0 {
			p.at("hostPort").within(invalidPort, 1, 65535)
		}
	}
	unique(duplicateName, ports.each(), byName)
}

// hostPort is the port of the node that a port of a container is to be: a Pod that has the node's network gets that of the
// container where it states none, a template does not. Source: kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Pod.
func (p *pod) hostPort(port *spot) *spot {
	host := port.at("hostPort")
	if n, ok := host.number(0); ok && n == 0 && p.bare && p.spec.at("hostNetwork").is(true) {
		return port.at("containerPort")
	}
	return host
}

// judgeHostPorts reports ports of the node that two containers want, and such as differ from the container's in a Pod
// that has the node's network. Source: AccumulateUniqueHostPorts and validatePodHostNetworkDeps.
func judgeHostPorts(p *pod) {
	first := map[string]string{}
	for list, c := range p.containers() {
		if list == "initContainers" {
			// These run one by one, so only the ports of one conflict.
			first = map[string]string{}
		}
		for _, port := range c.at("ports").each() {
			host := p.hostPort(port)
			n, ok := host.integer()
			ip, known := port.at("hostIP").text()
			protocol, _ := port.at("protocol").text()
			if !ok || n == 0 || !known {
				continue
			}
			if protocol == "" {
				protocol = "TCP"
			}
			key := protocol + " " + ip + " " + host.textOf()
			if before, twice := first[key]; twice {
				host.say(invalidPort, "is %d, as %s is already", n, before)
			} else {
				first[key] = host.path().String()
			}
			if inside, ok := port.at("containerPort").integer(); ok && list == "containers" && inside != n && p.spec.at("hostNetwork").is(true) {
				host.say(invalidPort, "is %d, want containerPort's %d: hostNetwork is true", n, inside)
			}
		}
		if list == "initContainers" {
			first = map[string]string{}
		}
	}
}
