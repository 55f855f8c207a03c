package reference

import (
	"slices"
	"strconv"
	"strings"

	"sluice/render"
)

// maker is what an operator or controller makes from an object of some kinds. Names are patterns: text with "{path}" in
// it, which stands for the strings at the path; "{a|b}" for those at b where there are none at a; "name" is the object's.
type maker struct {
	group, kinds string // kinds separated by spaces
	// What is made in the object's namespace, names separated by spaces. A Secret or ConfigMap may be followed by
	// ":key,key" where its keys are known, a Service by ":name=number,name=number" where its ports are.
	secrets, configs, services, accounts, claims string
	// pods are labels of Pods, "key=value,key=value", several separated by spaces.
	pods   string
	source string
}

// makersByKind orders the tables by "Kind.group".
func makersByKind() map[string][]maker {
	all := map[string][]maker{}
	for _, m := range slices.Concat(databaseMakers, platformMakers, secretMakers) {
		for kind := range strings.FieldsSeq(m.kinds) {
			key := render.Key{Group: m.group, Kind: kind}.GroupKind()
			all[key] = append(all[key], m)
		}
	}
	return all
}

// make adds what is made from an object. A custom resource that no row is about makes its namespace uncertain, and names that
// begin with its own: operators name what they make so. Groups that are known to make nothing are listed, not guessed.
func (x *index) make(makers map[string][]maker, o *render.Object) {
	kind := o.Key.GroupKind()
	for _, m := range makers[kind] {
		x.products(m, o)
	}
	x.special(kind, o)
	if len(makers[kind]) == 0 && !o.Key.BuiltIn() && !slices.Contains(quietGroups, o.Key.Group) && templates[kind] == nil {
		x.opaque[o.Key.Namespace] = append(x.opaque[o.Key.Namespace], o.Key.Name)
	}
}

// products adds what one row says: objects in the object's own namespace, and Pods of which a few labels are known. Labels of
// which a path leads nowhere are left out, and the Pods have the rest.
func (x *index) products(m maker, o *render.Object) {
	for _, row := range []struct{ kind, names string }{
		{"Secret", m.secrets}, {"ConfigMap", m.configs}, {"Service", m.services}, {"ServiceAccount", m.accounts}, {"PersistentVolumeClaim", m.claims},
	} {
		for pattern := range strings.FieldsSeq(row.names) {
			pattern, more, stated := strings.Cut(pattern, ":")
			made := target{open: !stated}
			for word := range strings.SplitSeq(more, ",") {
				name, n, isPort := strings.Cut(word, "=")
				if isPort {
					number, _ := strconv.ParseInt(n, 10, 64)
					made.ports = append(made.ports, port{name: name, number: number})
				} else if stated {
					if made.keys == nil {
						made.keys = map[string]bool{}
					}
					made.keys[name] = true
				}
			}
			for _, name := range expand(o, pattern) {
				x.put(keyOf(row.kind, o.Key.Namespace, name), clone(made))
			}
		}
	}
	for pattern := range strings.FieldsSeq(m.pods) {
		labels := map[string]string{}
		for pair := range strings.SplitSeq(pattern, ",") {
			k, v, _ := strings.Cut(pair, "=")
			if names := expand(o, v); len(names) == 1 {
				labels[k] = names[0]
			}
		}
		x.space(o.Key.Namespace).add(&pods{by: o, labels: labels, loose: true})
	}
}

// clone gives a target whose keys are its own: several objects may be made of one row.
func clone(t target) target {
	if t.keys != nil {
		keys := make(map[string]bool, len(t.keys))
		for k := range t.keys {
			keys[k] = true
		}
		t.keys = keys
	}
	return t
}

// expand gives the names that a pattern stands for; none where a path in it leads nowhere.
func expand(o *render.Object, pattern string) []string {
	before, rest, found := strings.Cut(pattern, "{")
	if !found {
		return []string{pattern}
	}
	inside, after, _ := strings.Cut(rest, "}")
	var names []string
	for path := range strings.SplitSeq(inside, "|") {
		var values []string
		if path == "name" {
			values = []string{o.Key.Name}
		} else {
			each(o.Tree, path, func(v any, _ render.Path) {
				if s, ok := v.(string); ok && s != "" {
					values = append(values, s)
				}
			})
		}
		for _, v := range values {
			for _, tail := range expand(o, after) {
				names = append(names, before+v+tail)
			}
		}
		if len(names) > 0 {
			break
		}
	}
	return names
}

// quietGroups are groups whose kinds make no Pods, Services, Secrets or ConfigMaps besides those of the tables.
// Source: the documentation of each project.
var quietGroups = []string{
	"monitoring.coreos.com", "cert-manager.io", "acme.cert-manager.io", "traefik.io", "traefik.containo.us", "metallb.io",
	"gateway.networking.k8s.io", "argoproj.io", "external-secrets.io", "generators.external-secrets.io", "bitnami.com",
	"metrics.k8s.io", "snapshot.storage.k8s.io", "keda.sh", "autoscaling.k8s.io", "longhorn.io", "crd.projectcalico.org",
	"projectcalico.org", "cilium.io", "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "networking.istio.io",
	"security.istio.io", "telemetry.istio.io", "postgresql.cnpg.io", "k8s.mariadb.com", "acid.zalan.do", "kafka.strimzi.io",
	"policies.kyverno.io", "wgpolicyk8s.io", "secrets.hashicorp.com", "security.openshift.io", "route.openshift.io",
	"console.openshift.io", "config.openshift.io", "rbac.authorization.k8s.io", "secretgenerator.mittwald.de",
	"k8s.cni.cncf.io", "policy.networking.k8s.io", "grafana.integreatly.org", "trust.cert-manager.io", "reloader.stakater.com",
	"groupsnapshot.storage.k8s.io", "isindir.github.com", "k8s.nginx.org", "configuration.konghq.com", "elbv2.k8s.aws",
	"vpcresources.k8s.aws", "karpenter.sh", "karpenter.k8s.aws", "templates.gatekeeper.sh", "constraints.gatekeeper.sh",
	"config.gatekeeper.sh", "externaldns.k8s.io", "scheduling.k8s.io", "apiregistration.k8s.io",
	"policy.linkerd.io", "linkerd.io", "talos.dev", "upgrade.cattle.io", "policy.cert-manager.io",
}
