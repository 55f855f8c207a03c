package convention

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

const podCIDR = "pod-cidr"

// pool is a range that a network plugin gives Pods addresses from.
type pool struct {
	at   render.Path
	cidr string
	// exact says that the plugin shares the range out itself and so has to have all of it, and nothing else.
	exact bool
}

// pool holds the ranges of the network plugin to the cluster's.
func (j *judge) pool() error {
	if !j.PodCIDR {
		return nil
	}
	own := ranges(j.in.Plan.Cluster.PodCIDR)
	if len(own) == 0 {
		j.unchecked = append(j.unchecked, validate.Unchecked{What: "the ranges of the network plugin", Why: "the stack does not say cluster.podCIDR"})
		return nil
	}
	for i, effective := range j.in.Effective {
		if i >= len(j.in.Results) {
			break
		}
		blanks := validate.BlanksOf(j.in.Results[i])
		for k := range effective.Objects {
			o := &effective.Objects[k]
			raw := blanks.Rendered(o.Key)
			for _, p := range poolsOf(o) {
				if blanks.At(raw, p.at) != validate.Known {
					continue
				}
				has, err := netip.ParsePrefix(p.cidr)
				if err != nil || fits(has.Masked(), own, p.exact) {
					continue
				}
				j.say(podCIDR, o, p.at, fmt.Sprintf("%s gives Pods addresses of %s, want %s (cluster.podCIDR)", p.at, has, j.in.Plan.Cluster.PodCIDR))
			}
		}
	}
	return nil
}

// fits says whether a range is the cluster's, or lies in it. Of a family that the cluster has no range of nothing is known.
func fits(has netip.Prefix, own []netip.Prefix, exact bool) bool {
	known := false
	for _, o := range own {
		known = known || o.Addr().Is4() == has.Addr().Is4()
		if has == o || !exact && within(has, o) {
			return true
		}
	}
	return !known
}

// poolsOf lists the ranges that an object gives a network plugin. Sources: Calico's IPPool and the Tigera operator's
// Installation, calico-node's CALICO_IPV4POOL_CIDR and CALICO_IPV6POOL_CIDR, Cilium's ConfigMap and CiliumPodIPPool,
// flannel's net-conf.json.
func poolsOf(o *render.Object) []pool {
	spec := validate.MappingAt(o.Tree, "spec")
	switch o.Key.GroupKind() {
	case "IPPool.crd.projectcalico.org", "IPPool.projectcalico.org":
		uses := validate.TextsAt(spec, "allowedUses")
		if validate.ValueAt(spec, "disabled") == true || len(uses) > 0 && !slices.Contains(uses, "Workload") {
			return nil
		}
		return []pool{{at: render.Path{"spec", "cidr"}, cidr: validate.TextAt(spec, "cidr")}}
	case "Installation.operator.tigera.io":
		var pools []pool
		for i, p := range validate.ListAt(spec, "calicoNetwork", "ipPools") {
			if uses := validate.TextsAt(p, "allowedUses"); len(uses) == 0 || slices.Contains(uses, "Workload") {
				pools = append(pools, pool{at: render.Path{"spec", "calicoNetwork", "ipPools", i, "cidr"}, cidr: validate.TextAt(p, "cidr")})
			}
		}
		return pools
	case "CiliumPodIPPool.cilium.io":
		var pools []pool
		for _, family := range []string{"ipv4", "ipv6"} {
			for i, cidr := range validate.TextsAt(spec, family, "cidrs") {
				pools = append(pools, pool{at: render.Path{"spec", family, "cidrs", i}, cidr: cidr})
			}
		}
		return pools
	case "ConfigMap":
		return configured(o)
	case "DaemonSet.apps":
		return calicoNode(o)
	}
	return nil
}

// configured reads the ConfigMaps of Cilium and flannel.
func configured(o *render.Object) []pool {
	var pools []pool
	if o.Key.Name == "cilium-config" {
		for _, key := range []string{"cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"} {
			for _, cidr := range strings.FieldsFunc(validate.TextAt(o.Tree, "data", key), func(r rune) bool { return r == ' ' || r == ',' }) {
				pools = append(pools, pool{at: render.Path{"data", key}, cidr: cidr})
			}
		}
	}
	var flannel struct{ Network, IPv6Network string }
	text := validate.TextAt(o.Tree, "data", "net-conf.json")
	if text == "" || json.Unmarshal([]byte(text), &flannel) != nil {
		return pools
	}
	for _, cidr := range []string{flannel.Network, flannel.IPv6Network} {
		pools = append(pools, pool{at: render.Path{"data", "net-conf.json"}, cidr: cidr, exact: true})
	}
	return pools
}

// calicoNode reads the variables of calico-node that make its first pools.
func calicoNode(o *render.Object) []pool {
	var pools []pool
	for c, container := range validate.ListAt(o.Tree, "spec", "template", "spec", "containers") {
		for e, env := range validate.ListAt(container, "env") {
			if name := validate.TextAt(env, "name"); name == "CALICO_IPV4POOL_CIDR" || name == "CALICO_IPV6POOL_CIDR" {
				at := render.Path{"spec", "template", "spec", "containers", c, "env", e, "value"}
				pools = append(pools, pool{at: at, cidr: validate.TextAt(env, "value")})
			}
		}
	}
	return pools
}
