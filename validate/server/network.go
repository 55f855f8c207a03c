package server

import (
	netutils "k8s.io/utils/net"
)

// judgeNetworkPolicy judges a NetworkPolicy. Source: Kubernetes pkg/apis/networking/validation/validation.go,
// ValidateNetworkPolicySpec.
func judgeNetworkPolicy(j *judge) {
	spec := j.at("spec")
	judgeSelector(spec.at("podSelector"))
	for _, way := range []struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
		for _, rule := range spec.at(way.rules).each() {
			for _, port := range rule.at("ports").each() {
				judgePolicyPort(port)
			}
			for _, peer := range rule.at(way.peers).each() {
				judgePeer(peer)
			}
		}
	}
	if types := spec.at("policyTypes"); types.length() > 2 {
		types.say(invalidNetwork, "has %d types, want at most Ingress and Egress", types.length())
	}
}

// judgePolicyPort judges a port, or a range of them.
func judgePolicyPort(p *spot) {
	port, last := p.at("port"), p.at("endPort")
	if port.isText() {
		port.strictly(invalidNetwork, portName)
	} else {
		port.within(invalidNetwork, 1, 65535)
	}
	if !last.there() {
		return
	}
	switch {
	case !port.there():
		last.say(invalidNetwork, "is set, and port is not: want the first port of the range")
		return
	case port.isText():
		if !port.blank() {
			last.say(invalidNetwork, "is set, and port is a name: want the number of the first port of the range")
		}
		return
	}
	from, ok1 := port.integer()
	to, ok2 := last.integer()
	if ok1 && ok2 && to < from {
		last.say(invalidNetwork, "is %d, less than port, which is %d", to, from)
		return
	}
	last.within(invalidNetwork, 1, 65535)
}

// judgePeer judges who may talk.
func judgePeer(peer *spot) {
	pods, namespaces, block := peer.at("podSelector"), peer.at("namespaceSelector"), peer.at("ipBlock")
	judgeSelector(pods)
	judgeSelector(namespaces)
	if block.isMap() {
		judgeBlock(block)
	}
	switch {
	case peer.there() && !peer.isMap():
	case !pods.there() && !namespaces.there() && !block.there():
		peer.say(invalidNetwork, "is empty, want podSelector, namespaceSelector or ipBlock; for everybody leave out the whole list")
	case block.there() && (pods.there() || namespaces.there()):
		peer.say(invalidNetwork, "has ipBlock and a selector, want one of them, or two peers")
	}
}

// judgeBlock judges a range of addresses with holes.
func judgeBlock(block *spot) {
	cidr := block.at("cidr")
	cidr.filled(invalidNetwork, "a CIDR")
	text, ok := cidr.text()
	if !ok || text == "" {
		return
	}
	judgeRange(cidr, invalidNetwork, text)
	_, outer, err := netutils.ParseCIDRSloppy(text)
	if err != nil {
		return
	}
	for _, except := range block.at("except").each() {
		hole, ok := except.text()
		if !ok {
			continue
		}
		judgeRange(except, invalidNetwork, hole)
		_, inner, err := netutils.ParseCIDRSloppy(hole)
		if err != nil {
			continue
		}
		wide, _ := outer.Mask.Size()
		narrow, _ := inner.Mask.Size()
		if !outer.Contains(inner.IP) || wide >= narrow {
			except.say(invalidNetwork, "is %s, want a part of cidr, which is %s", quote(hole), quote(text))
		}
	}
}
