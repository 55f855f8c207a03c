package convention

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// The rules about NetworkPolicies.
const (
	noDefaultDeny  = "no-default-deny"
	missingAllow   = "missing-allow-policy"
	internetEgress = "internet-egress-to-cluster"
)

// policies are what the NetworkPolicies of a namespace do.
type policies struct {
	Policies            []string
	Monitoring, Traefik string
	Except              set
}

// isolation holds every namespace in which something runs to what its policies have to do.
func (j *judge) isolation() error {
	n := j.NetworkPolicies
	if n == nil {
		return nil
	}
	if n.Policies == nil {
		n.Policies = []string{"default-deny", "allow-dns-egress"}
	}
	for _, name := range j.names {
		s := j.spaces[name]
		if n.Except.has(name) {
			continue
		}
		for _, p := range s.policies {
			if !slices.Contains(s.unclear, p) {
				j.outside(p)
			}
		}
		if !j.in.Whole() || len(s.running) == 0 && s.made == nil || len(s.unclear) > 0 {
			continue
		}
		switch {
		case s.foreign != nil:
			j.leave(s, "it has a "+s.foreign.Key.GroupKind()+" too, which is not read")
		case j.wide != nil:
			j.leave(s, "the stack has a "+j.wide.Key.GroupKind()+", which may be about it and is not read")
		default:
			j.deny(s)
			j.allow(s)
		}
	}
	return nil
}

// leave says that the policies of a namespace are not judged.
func (j *judge) leave(s *space, why string) {
	o := s.made
	if len(s.running) > 0 {
		o = s.running[0].object
	}
	j.unchecked = append(j.unchecked, validate.Unchecked{
		App: o.Provenance.App, What: fmt.Sprintf("the NetworkPolicies of namespace %q", s.name), Why: why,
	})
}

// deny finds directions in which a namespace is open.
func (j *judge) deny(s *space) {
	for _, direction := range []string{ingress, egress} {
		lower := strings.ToLower(direction)
		if !slices.Contains(j.NetworkPolicies.Policies, "default-deny") && !slices.Contains(j.NetworkPolicies.Policies, "default-deny-"+lower) {
			continue
		}
		switch shut, by := s.shut(direction); {
		case by != nil:
			j.say(noDefaultDeny, by, render.Path{"spec", lower}, fmt.Sprintf("spec.%s lets everything through for all Pods of namespace %q, whatever other policies deny", lower, s.name))
		case !shut:
			j.about(s, noDefaultDeny, fmt.Sprintf("namespace %q has no NetworkPolicy that denies %s to all its Pods by default", s.name, lower))
		}
	}
}

// allow finds what the policies of a namespace should let through and do not.
func (j *judge) allow(s *space) {
	n := j.NetworkPolicies
	missing := func(what, wanted string) {
		j.about(s, missingAllow, fmt.Sprintf("namespace %q has no %s: no NetworkPolicy %s", s.name, what, wanted))
	}
	for _, what := range n.Policies {
		switch {
		case what == "allow-same-namespace" && !j.inward(s):
			missing(what, "lets all its Pods talk to each other, to and from")
		case what == "allow-dns-egress" && !s.all(egress, func(p passage) bool { return j.asksNames(p, s.name) }):
			missing(what, "lets all its Pods reach port 53 by UDP")
		case what == "allow-monitoring" && s.name != n.Monitoring && !s.any(ingress, func(p passage) bool { return j.from(p, n.Monitoring) }):
			missing(what, fmt.Sprintf("lets namespace %q in", n.Monitoring))
		case what == "allow-traefik" && s.routed != nil && s.name != n.Traefik && !s.any(ingress, func(p passage) bool { return j.from(p, n.Traefik) }):
			missing(what, fmt.Sprintf("lets namespace %q in, and %s leads there", n.Traefik, s.routed.Key))
		case what == "allow-internet-egress" && !s.any(egress, leavesCluster):
			missing(what, "lets addresses outside of the cluster be reached")
		case what == "allow-cluster-services-egress" && !s.any(egress, j.reachesOthers):
			missing(what, "lets other namespaces or the range of services be reached")
		}
	}
}

// inward says whether the Pods of a namespace may talk to each other.
func (j *judge) inward(s *space) bool {
	lets := func(p passage) bool { return j.within(p, s.name) }
	return s.all(ingress, lets) && s.all(egress, lets)
}

// nameSpace is the namespace that answers questions for names, and linkLocal where the cache of the node does. Source:
// Kubernetes docs, tasks/administer-cluster/dns-custom-nameservers and nodelocaldns.
const nameSpace = "kube-system"

var linkLocal = netip.MustParsePrefix("169.254.0.0/16")

// leavesCluster says whether a rule reaches addresses that anybody has.
func leavesCluster(p passage) bool {
	return len(p.peers) == 0 || slices.ContainsFunc(p.peers, func(peer any) bool {
		block, err := netip.ParsePrefix(validate.TextAt(peer, "ipBlock", "cidr"))
		return err == nil && public(block)
	})
}

// reachesOthers says whether a rule reaches other Pods than those that answer questions for names.
func (j *judge) reachesOthers(p passage) bool {
	if _, only := p.names(); only {
		return false
	}
	services := ranges(j.in.Plan.Cluster.ServiceCIDR)
	return len(p.peers) == 0 || slices.ContainsFunc(p.peers, func(peer any) bool {
		_, named := validate.ValueAt(peer, "namespaceSelector").(map[string]any)
		block, ok := blockOf(peer)
		return named || ok && slices.ContainsFunc(services, block.holds)
	})
}

// asksNames says whether a rule lets questions for names through. One that names ports is believed about where they are
// answered; one for every port has to lead there: the policy's own namespace and the internet do not.
func (j *judge) asksNames(p passage, namespace string) bool {
	through, _ := p.names()
	if len(p.ports) > 0 || len(p.peers) == 0 {
		return through
	}
	return slices.ContainsFunc(p.peers, func(peer any) bool {
		if selector, ok := validate.ValueAt(peer, "namespaceSelector").(map[string]any); ok {
			return j.means(selector, nameSpace) || slices.ContainsFunc(j.names, func(n string) bool { return strings.Contains(n, "dns") && j.means(selector, n) })
		}
		if block, ok := blockOf(peer); ok {
			own := ranges(j.in.Plan.Cluster.PodCIDR + "," + j.in.Plan.Cluster.ServiceCIDR)
			return len(own) == 0 || within(block.Prefix, linkLocal) || slices.ContainsFunc(own, block.holds)
		}
		return namespace == nameSpace
	})
}

// outside holds a policy that lets Pods out to everywhere to the ranges of the cluster: these it has to leave out, or what
// other policies of the cluster keep apart is together again.
func (j *judge) outside(o *render.Object) {
	rules, _ := passages(o, egress)
	for _, p := range rules {
		if _, only := p.names(); only {
			continue
		}
		for i, peer := range p.peers {
			block, ok := blockOf(peer)
			if !ok || !public(block.Prefix) {
				continue
			}
			var left []string
			for _, r := range []struct{ of, cidr string }{
				{"podCIDR", j.in.Plan.Cluster.PodCIDR}, {"serviceCIDR", j.in.Plan.Cluster.ServiceCIDR},
			} {
				for _, own := range ranges(r.cidr) {
					if block.holds(own) {
						left = append(left, fmt.Sprintf("%s (cluster.%s)", own, r.of))
					}
				}
			}
			if len(left) > 0 {
				at := p.at.With(i, "ipBlock")
				j.say(internetEgress, o, at, fmt.Sprintf("%s is %s and takes in the cluster's own %s, want them in except", at, block.Prefix, strings.Join(left, " and ")))
			}
		}
	}
}

var networkRules = []validate.Rule{
	{
		ID: noDefaultDeny, Title: "a namespace that is open to the network", Severity: validate.Warning,
		Why:    "Pods that no NetworkPolicy selects talk to everybody, and everybody to them: who gets into one of them gets to all.",
		Fix:    "add a NetworkPolicy with podSelector: {} and policyTypes: [Ingress, Egress] and no rules, then what is allowed; or name the namespace in conventions: networkPolicies: except; the stack asks for this with conventions: networkPolicies",
		Source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
		Wrong:  houseOf(`networkPolicies: policies: ["default-deny"]`) + deployment(""),
		Right:  houseOf(`networkPolicies: policies: ["default-deny"]`) + deployment("") + policyWith("policyTypes: [Ingress, Egress]"),
	},
	{
		ID: missingAllow, Title: "a namespace whose policies do not let through what the house lets through", Severity: validate.Warning,
		Why:    "Behind a default deny, what is not allowed is dropped without a word: names are not found, metrics are missing, the route answers 504.",
		Fix:    "add the NetworkPolicy; what it is called does not matter; or name the namespace in conventions: networkPolicies: except; the stack asks for this with conventions: networkPolicies: policies",
		Source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
		Wrong:  houseOf(`networkPolicies: policies: ["allow-dns-egress"]`) + deployment("") + policyWith("policyTypes: [Egress]"),
		Right:  houseOf(`networkPolicies: policies: ["allow-dns-egress"]`) + deployment("") + policyWith("egress: [{ports: [{protocol: UDP, port: 53}]}]"),
	},
	{
		ID: internetEgress, Title: "a policy for the internet that takes in the cluster", Severity: validate.Warning,
		Why:    "0.0.0.0/0 holds the addresses of all Pods and Services: what may reach the internet may reach every database too, as far as its own policies let it.",
		Fix:    "list cluster.podCIDR and cluster.serviceCIDR in ipBlock.except; the stack asks for this with conventions: networkPolicies",
		Source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
		Wrong:  houseOf("networkPolicies: policies: []") + policyWith("egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"),
		Right:  houseOf("networkPolicies: policies: []") + policyWith("egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.42.0.0/16, 10.43.0.0/16]}}]}]"),
	},
}

// policyWith is a NetworkPolicy for all Pods, with one more line.
func policyWith(line string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: example}\nspec:\n  podSelector: {}\n  " + line + "\n"
}
