package server

import (
	"fmt"
	"slices"
	"strings"

	netutils "k8s.io/utils/net"
)

// service is a Service of which is known, or not, what it is.
type service struct {
	spec *spot
	kind string // of the four; empty where it is not known
	// ip is the first of its addresses as stated, empty where none is; headless says that it is "None".
	ip       *spot
	headless bool
	known    bool // what ip is
}

// judgeService judges a Service. Source: Kubernetes pkg/apis/core/validation/validation.go, validateService, and
// pkg/registry/core/service/storage/alloc.go, initIPFamilyFields.
func judgeService(j *judge) {
	s := service{spec: j.at("spec")}
	if s.spec.there() && !s.spec.isMap() {
		return
	}
	s.kind, _ = s.spec.at("type").known("ClusterIP")
	s.ip = s.spec.at("clusterIP")
	if plural := s.spec.at("clusterIPs"); plural.full() {
		for _, first := range plural.each() {
			s.ip = first
			break
		}
	}
	ip, known := s.ip.text()
	s.headless, s.known = ip == "None", known
	s.judgePorts()
	s.judgeAddresses()
	s.judgeFamilies()
	s.judgeTraffic()
	s.judgeBalancer()
	judgeLabels(s.spec.at("selector"))
}

// judgePorts judges what a Service listens on.
func (s service) judgePorts() {
	ports := s.spec.at("ports")
	if s.known && !s.headless && s.kind != "" && s.kind != "ExternalName" && ports.noList() {
		ports.say(invalidService, `is missing or empty, want at least one port unless clusterIP is "None" or type is ExternalName`)
	}
	nodePorts := map[string]*spot{}
	for _, port := range ports.each() {
		if ports.length() > 1 {
			port.at("name").wants(invalidService, "and every one of several ports needs a name")
		}
		port.at("name").must(invalidService, dnsLabel)
		port.at("port").within(invalidService, 1, 65535)
		target := port.at("targetPort")
		if n, ok := target.integer(); ok && n != 0 {
			target.within(invalidService, 1, 65535)
		}
		target.must(invalidService, portName)
		port.at("appProtocol").strictly(invalidService, qualifiedName)
		s.judgeNodePort(port, nodePorts)
	}
	unique(duplicateName, ports.each(), byName)
}

// judgeNodePort judges the port that every node would listen on.
func (s service) judgeNodePort(port *spot, seen map[string]*spot) {
	at := port.at("nodePort")
	n, ok := at.integer()
	if !ok || n == 0 {
		return
	}
	if s.kind == "ClusterIP" {
		at.say(invalidService, "is %d, and a Service of type ClusterIP has no node ports", n)
		return
	}
	if at.within(invalidService, 1, 65535) && fits(n) && (n < 30000 || n > 32767) {
		at.say(nodePortRange, "is %d, outside of 30000 to 32767, which API servers hand out unless they are told otherwise", n)
	}
	if protocol, ok := port.at("protocol").known("TCP"); ok {
		key := fmt.Sprintf("%s %d", protocol, n)
		if before, twice := seen[key]; twice {
			at.say(invalidService, "is %d, as that of %s is already", n, before.path())
			return
		}
		seen[key] = port
	}
}

// judgeAddresses judges the addresses that a Service asks for.
func (s service) judgeAddresses() {
	single, plural := s.spec.at("clusterIP"), s.spec.at("clusterIPs")
	switch {
	case s.kind == "ExternalName":
		s.judgeExternalName()
		return
	case s.headless && (s.kind == "LoadBalancer" || s.kind == "NodePort"):
		s.ip.say(invalidService, `is "None", and a Service of type %s needs an address`, s.kind)
	}
	if text, ok := single.text(); ok && plural.full() && s.known {
		first := s.ip.word()
		switch {
		case text == "":
			plural.say(invalidService, "is set, and clusterIP is not: want the first of the list there too")
		case text != first:
			plural.say(invalidService, "begins with %s, and clusterIP is %s: want the same", quote(first), quote(text))
		}
	}
	if plural.length() > 2 {
		plural.say(invalidService, "has %d addresses, want at most one of each family", plural.length())
		return
	}
	if !plural.full() {
		if s.known && !s.headless && single.full() {
			judgeAddress(single, invalidService)
		}
		return
	}
	s.judgePlural(plural)
}

// judgePlural judges a list of addresses.
func (s service) judgePlural(plural *spot) {
	if s.headless && plural.length() > 1 {
		plural.say(invalidService, `has "None" and more, want it alone`)
		return
	}
	var ips []string
	for i, ip := range plural.each() {
		text, ok := ip.text()
		if !ok || i == 0 && s.headless || !judgeAddress(ip, invalidService) {
			return
		}
		ips = append(ips, text)
	}
	if len(ips) == 2 && netutils.IsIPv6String(ips[0]) == netutils.IsIPv6String(ips[1]) {
		plural.say(invalidService, "has two addresses of one family, want one of each")
	}
	families := s.spec.at("ipFamilies").words()
	for i, ip := range plural.each() {
		if i < len(families) && s.spec.at("ipFamilies").length() == len(families) && (families[i] == "IPv4" || families[i] == "IPv6") &&
			netutils.IsIPv6String(ips[i]) != (families[i] == "IPv6") {
			ip.say(invalidService, "is %s, want an address of the family that ipFamilies has there, %s", quote(ips[i]), families[i])
		}
	}
}

// judgeExternalName judges a Service that is only a name for another host.
func (s service) judgeExternalName() {
	for _, field := range []string{"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} {
		if at := s.spec.at(field); at.full() && (field != "clusterIP" || !s.spec.at("clusterIPs").full()) {
			at.say(invalidService, "is set, and a Service of type ExternalName has no address")
		}
	}
	name := s.spec.at("externalName")
	if text, ok := name.text(); ok {
		switch text = strings.TrimSuffix(text, "."); {
		case text == "":
			name.say(invalidService, "is missing or empty, want the host that a Service of type ExternalName stands for")
		case !subdomain.ok(text):
			name.say(invalidService, "is %s, want %s", quote(text), subdomain.want)
		}
	}
}

// judgeFamilies judges which families of addresses a Service asks for.
func (s service) judgeFamilies() {
	families, policy := s.spec.at("ipFamilies"), s.spec.at("ipFamilyPolicy")
	unique(invalidService, families.each(), self)
	if s.kind == "ExternalName" || s.kind == "" || !s.known {
		return
	}
	otherwise := "SingleStack"
	if s.headless && !s.spec.at("selector").full() {
		otherwise = "RequireDualStack"
	}
	stack, ok := policy.known(otherwise)
	if !ok || stack != "SingleStack" {
		return
	}
	for _, field := range []*spot{families, s.spec.at("clusterIPs")} {
		if field.length() == 2 {
			policy.say(invalidService, "is SingleStack, stated or by default, and %s has two: want PreferDualStack or RequireDualStack", field.key)
			return
		}
	}
}

// judgeTraffic judges where traffic comes from and where it is sent.
func (s service) judgeTraffic() {
	external := s.spec.at("externalIPs")
	for _, ip := range external.each() {
		if judgeAddress(ip, invalidService) {
			judgeEndpointIP(ip, invalidService)
		}
	}
	if affinity, ok := s.spec.at("sessionAffinity").text(); ok && affinity == "ClientIP" {
		s.spec.at("sessionAffinityConfig", "clientIP", "timeoutSeconds").within(invalidService, 1, 86400)
	}
	policy, health := s.spec.at("externalTrafficPolicy"), s.spec.at("healthCheckNodePort")
	reachable := s.kind == "LoadBalancer" || s.kind == "NodePort" || s.kind == "ClusterIP" && external.full()
	if s.kind != "" && !reachable && policy.full() {
		policy.say(invalidService, "is set, and nothing outside of the cluster reaches a Service of type %s", s.kind)
	}
	where, ok := policy.known("Cluster")
	if n, stated := health.integer(); stated && n != 0 && ok && s.kind != "" {
		if s.kind == "LoadBalancer" && where == "Local" {
			health.within(invalidService, 1, 65535)
		} else {
			health.say(invalidService, "is %d, and only a Service of type LoadBalancer with externalTrafficPolicy Local has one", n)
		}
	}
	s.judgeDistribution()
}

// judgeDistribution judges a preference among endpoints. Source: Kubernetes pkg/apis/core/validation/validation.go,
// validateServiceTrafficDistribution; ServiceTrafficDistribution is on since 1.31, PreferSameTrafficDistribution since 1.34.
func (s service) judgeDistribution() {
	words := []string{"PreferClose"}
	if s.spec.j.since(34) {
		words = append(words, "PreferSameZone", "PreferSameNode")
	}
	at := s.spec.at("trafficDistribution")
	if text, ok := at.text(); ok && at.there() && s.spec.j.since(31) && !slices.Contains(words, text) {
		at.say(invalidService, "is %s, want %s", quote(text), strings.Join(words, " or "))
	}
}

// judgeBalancer judges what is for load balancers alone.
func (s service) judgeBalancer() {
	const annotation = "service.beta.kubernetes.io/load-balancer-source-ranges"
	ranges, old := s.spec.at("loadBalancerSourceRanges"), s.spec.j.at("metadata", "annotations", annotation)
	if s.kind != "" && s.kind != "LoadBalancer" {
		for _, field := range []string{"loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"} {
			at := s.spec.at(field)
			if at.there() && (at.full() || field != "loadBalancerSourceRanges") {
				at.say(invalidService, "is set, and only a Service of type LoadBalancer may have it")
			}
		}
		if !ranges.full() && old.there() {
			old.say(invalidService, "is set, and only a Service of type LoadBalancer may have it")
		}
		return
	}
	for _, r := range ranges.each() {
		if text, ok := trimmed(r); ok {
			judgeRange(r, invalidService, text)
		}
	}
	if text, ok := trimmed(old); ok && text != "" && !ranges.full() {
		for r := range strings.SplitSeq(text, ",") {
			judgeRange(old, invalidService, strings.TrimSpace(r))
		}
	}
	if s.kind == "LoadBalancer" {
		s.spec.at("loadBalancerClass").strictly(invalidService, qualifiedName)
	}
}
