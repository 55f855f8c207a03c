package server

import (
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	netutils "k8s.io/utils/net"
)

// strictAddresses says whether the server refuses leading zeros, IPv4 in IPv6 and, in CIDRs, bits beyond the prefix.
// Source: Kubernetes pkg/features/kube_features.go, StrictIPCIDRValidation: on since 1.36.
func (j *judge) strictAddresses() bool { return j.since(36) }

// judgeAddress reports what is no IP address. Source: apimachinery pkg/util/validation/ip.go.
func judgeAddress(s *spot, rule string) bool {
	text, ok := s.text()
	if !ok || !s.stands() {
		return false
	}
	switch {
	case len(validation.IsValidIPForLegacyField(nil, text, false, nil)) > 0:
		s.say(rule, "is %s, want an IP address", quote(text))
	case s.j.strictAddresses() && len(validation.IsValidIPForLegacyField(nil, text, true, nil)) > 0:
		s.say(rule, "is %s, want an IP address without leading zeros and not IPv4 written as IPv6", quote(text))
	default:
		return true
	}
	return false
}

// judgeRange reports a text of a field that is no CIDR. Source: apimachinery pkg/util/validation/ip.go.
func judgeRange(s *spot, rule, text string) bool {
	switch {
	case len(validation.IsValidCIDRForLegacyField(nil, text, false, nil)) > 0:
		s.say(rule, `is %s, want a CIDR such as "10.0.0.0/8"`, quote(text))
	case s.j.strictAddresses() && len(validation.IsValidCIDRForLegacyField(nil, text, true, nil)) > 0:
		s.say(rule, `is %s, want a CIDR whose address has no bits beyond the prefix, no leading zeros and no IPv4 written as IPv6%s`, quote(text), whole(text))
	default:
		return true
	}
	return false
}

// whole suggests the network that a CIDR is in.
func whole(text string) string {
	if prefix, err := netip.ParsePrefix(text); err == nil && !prefix.Addr().Is4In6() {
		return ", such as " + prefix.Masked().String()
	}
	return ""
}

// judgeEndpointIP reports an address at which no endpoint can be. Source: Kubernetes pkg/apis/core/validation
// validation.go, ValidateEndpointIP.
func judgeEndpointIP(s *spot, rule string) {
	text := s.word()
	ip := netutils.ParseIPSloppy(text)
	switch {
	case ip == nil:
	case ip.IsUnspecified():
		s.say(rule, "is %s, which stands for no address", quote(text))
	case ip.IsLoopback():
		s.say(rule, "is %s, a loopback address, which is another one on every node", quote(text))
	case ip.IsLinkLocalUnicast(), ip.IsLinkLocalMulticast():
		s.say(rule, "is %s, a link-local address, which is another one on every node", quote(text))
	}
}

// judgeEndpoints judges the addresses of a Service by hand. Source: Kubernetes pkg/apis/core/validation/validation.go,
// ValidateEndpoints.
func judgeEndpoints(j *judge) {
	for _, subset := range j.at("subsets").each() {
		if subset.shapes() && subset.at("addresses").noList() && subset.at("notReadyAddresses").noList() {
			subset.say(invalidService, "has neither addresses nor notReadyAddresses")
		}
		for _, list := range []string{"addresses", "notReadyAddresses"} {
			for _, address := range subset.at(list).each() {
				if ip := address.at("ip"); judgeAddress(ip, invalidService) {
					judgeEndpointIP(ip, invalidService)
				}
				address.at("hostname").must(invalidService, dnsLabel)
				address.at("nodeName").strictly(invalidService, subdomain)
			}
		}
		ports := subset.at("ports")
		for _, port := range ports.each() {
			if ports.length() > 1 {
				port.at("name").wants(invalidService, "and every one of several ports needs a name")
			}
			port.at("name").must(invalidService, dnsLabel)
			port.at("port").within(invalidService, 1, 65535)
			port.at("appProtocol").strictly(invalidService, qualifiedName)
		}
	}
}

// judgeEndpointSlice judges a part of the addresses of a Service by hand. Source: Kubernetes
// pkg/apis/discovery/validation/validation.go, ValidateEndpointSlice.
func judgeEndpointSlice(j *judge) {
	const most, mostAddresses = 1000, 100
	kind := j.at("addressType").word()
	endpoints := j.at("endpoints")
	if endpoints.length() > most {
		endpoints.say(invalidService, "has %d endpoints, want at most %d", endpoints.length(), most)
		return
	}
	for _, endpoint := range endpoints.each() {
		addresses := endpoint.at("addresses")
		if addresses.some(invalidService, "at least one address") && addresses.length() > mostAddresses {
			addresses.say(invalidService, "has %d addresses, want at most %d", addresses.length(), mostAddresses)
		}
		for _, address := range addresses.each() {
			judgeSliceAddress(address, kind)
		}
		endpoint.at("nodeName").strictly(invalidService, subdomain)
		endpoint.at("hostname").strictly(invalidService, dnsLabel)
		judgeHints(endpoint.at("hints"))
	}
	ports := j.at("ports")
	for _, port := range ports.each() {
		port.at("name").must(invalidService, dnsLabel)
		port.at("appProtocol").strictly(invalidService, qualifiedName)
	}
	judgeSliceNames(ports)
}

// judgeHints judges for which zones and nodes an endpoint is. Source: Kubernetes pkg/apis/discovery/validation/validation.go,
// validateHints; pkg/features/kube_features.go, PreferSameTrafficDistribution: before, forNodes is dropped.
func judgeHints(hints *spot) {
	const most = 8
	for _, field := range []string{"forZones", "forNodes"} {
		list := hints.at(field)
		if field == "forNodes" && !list.j.since(34) {
			continue
		}
		if list.length() > most {
			list.say(invalidService, "has %d hints, want at most %d", list.length(), most)
			return
		}
		first := map[string]bool{}
		for _, hint := range list.each() {
			name := hint.at("name")
			text, ok := name.text()
			switch {
			case !ok || !hint.shapes():
			case first[text]:
				name.say(invalidService, "is %s, as that of a hint before", quote(text))
			case field == "forZones":
				name.must(invalidService, labelValue)
			case text != "" || name.there():
				name.strictly(invalidService, subdomain)
			}
			first[text] = ok
		}
	}
}

// judgeSliceNames reports ports of the same name. One without a name is named "", which is a name here.
func judgeSliceNames(ports *spot) {
	first := map[string]*spot{}
	for _, port := range ports.each() {
		name, ok := port.at("name").text()
		if !ok {
			continue
		}
		if before, twice := first[name]; twice {
			port.at("name").say(invalidService, "is %s, as that of %s is already", quote(name), before.path())
			continue
		}
		first[name] = port
	}
}

// judgeSliceAddress judges an address by what the slice says its addresses are.
func judgeSliceAddress(s *spot, kind string) {
	text, ok := s.text()
	if !ok {
		return
	}
	switch kind {
	case "IPv4", "IPv6":
		if !judgeAddress(s, invalidService) {
			return
		}
		if netutils.IsIPv6String(text) != (kind == "IPv6") {
			s.say(invalidService, "is %s, want an address of the slice's type, %s", quote(text), kind)
			return
		}
		judgeEndpointIP(s, invalidService)
	case "FQDN":
		if len(validation.IsFullyQualifiedDomainName(nil, text)) > 0 {
			s.say(invalidService, "is %s, want a domain name of at least two parts", quote(text))
		}
	}
}

// canonicalAddress is the form of addresses in which each has one spelling.
var canonicalAddress = form{"an IP address as it is written shortest, like 192.0.2.1 or 2001:db8::1", func(text string) bool {
	return len(validation.IsValidIP(nil, text)) == 0
}}

// judgeIPAddress judges the record of an address that is taken; the name is the address. Source: Kubernetes
// pkg/apis/networking/validation/validation.go, ValidateIPAddress.
func judgeIPAddress(j *judge) {
	if j.at("spec").lacks(invalidCluster, "want what has the address") {
		return
	}
	parent := j.at("spec", "parentRef")
	parent.at("group").must(invalidCluster, subdomain)
	for _, field := range []string{"resource", "name"} {
		parent.at(field).filled(invalidCluster, "what has the address")
		parent.at(field).must(invalidCluster, pathSegment)
	}
	parent.at("namespace").must(invalidCluster, pathSegment)
}

// judgeServiceCIDR judges a range of addresses of Services. Source: Kubernetes
// pkg/apis/networking/validation/validation.go, validateServiceCIDRSpec.
func judgeServiceCIDR(j *judge) {
	ranges := j.at("spec", "cidrs")
	if ranges.noList() {
		ranges.say(invalidCluster, "is missing or empty, want one or two CIDRs")
	}
	if n := ranges.length(); n > 2 {
		ranges.say(invalidCluster, "has %d CIDRs, want one or two", n)
		return
	}
	first := ""
	for i, cidr := range ranges.each() {
		text, ok := cidr.text()
		family := string(netutils.IPFamilyOfCIDRString(text))
		switch {
		case !ok || !cidr.stands():
		case len(validation.IsValidCIDR(nil, text)) > 0:
			cidr.say(invalidCluster, `is %s, want a CIDR as it is written shortest, such as "10.0.0.0/8"%s`, quote(text), whole(text))
		case i > 0 && family == first:
			cidr.say(invalidCluster, "is %s, %s like the one before, want one of each family", quote(text), family)
		}
		first = family
	}
}

// trimmed is a text without the spaces around it.
func trimmed(s *spot) (string, bool) {
	text, ok := s.text()
	return strings.TrimSpace(text), ok
}
