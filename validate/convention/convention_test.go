package convention

import (
	"context"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// part is an app of a stack: its name, destination and manifests.
type part struct{ name, namespace, text string }

var clusterKindsOfTests = []string{"Namespace", "ClusterRole", "ClusterRoleBinding", "IPPool", "Installation", "GlobalNetworkPolicy"}

// stack makes what rules judge of apps, with conventions as a stack directory gives them.
func stack(t testing.TB, conventions map[string]any, parts ...part) validate.Input {
	t.Helper()
	in := validate.Input{Minor: 33, Plan: render.Plan{
		Conventions: conventions, Severities: map[string]string{},
		Cluster: render.Cluster{Kubernetes: "1.33.4", ArgoCD: "3.4.9", PodCIDR: "10.42.0.0/16,fd42::/56", ServiceCIDR: "10.43.0.0/16"},
	}}
	in.ClusterScoped = func(k render.Key) bool { return slices.Contains(clusterKindsOfTests, k.Kind) }
	layer := render.Layer{Name: "main", Tier: "core"}
	for _, p := range parts {
		set, err := render.Parse(p.name+".yaml", []byte(p.text))
		if err != nil {
			t.Fatalf("parsing %s: %v", p.name, err)
		}
		for i := range set.Objects {
			set.Objects[i].Provenance.App = p.name
		}
		app := render.App{Name: p.name, Namespace: p.namespace, Layer: "main", Pos: render.Position{File: "stack.cue", Line: 1}}
		layer.Apps = append(layer.Apps, app)
		in.Results = append(in.Results, render.Result{App: app, Set: set})
		in.Effective = append(in.Effective, set.Effective(p.namespace, in.ClusterScoped))
	}
	in.Plan.Layers = []render.Layer{layer}
	return in
}

// judged runs the rules and writes each finding as "rule: message".
func judged(t testing.TB, in validate.Input) (lines []string, unchecked []validate.Unchecked) {
	t.Helper()
	report, err := validate.Run(context.Background(), in, Rules())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		lines = append(lines, f.Rule+": "+f.Message)
		if f.App == "" || f.Pos.Line == 0 && f.Rendered.Line == 0 {
			t.Errorf("incomplete finding: %+v", f)
		}
	}
	return lines, report.Unchecked
}

// holds says whether the findings are those wanted: each begins one, or has it inside behind "...".
func holds(lines, want []string) bool {
	return len(lines) == len(want) && !slices.ContainsFunc(want, func(w string) bool {
		return !slices.ContainsFunc(lines, func(l string) bool {
			rest, inside := strings.CutPrefix(w, "...")
			return strings.HasPrefix(l, w) || inside && strings.Contains(l, rest)
		})
	})
}

// policy is a NetworkPolicy of namespace example.
func policy(name, spec string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: example}\nspec: " + spec + "\n"
}

func route(namespace string) string {
	return "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: r, namespace: " + namespace + "}\nspec: {}\n"
}

const (
	denyAll = "{podSelector: {}, policyTypes: [Ingress, Egress]}"
	same    = "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}], egress: [{to: [{podSelector: {}}]}]}"
	dns     = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}]}]}"
)

func TestNetworkPolicies(t *testing.T) {
	everything := []any{"default-deny", "allow-same-namespace", "allow-dns-egress", "allow-monitoring", "allow-traefik", "allow-internet-egress", "allow-cluster-services-egress"}
	for _, c := range []struct {
		name     string
		policies []any
		text     string
		want     []string
	}{
		{"nothing there", nil, deployment(""), []string{
			"...denies ingress", "...denies egress",
		}}, // where nothing is denied, names are found
		{"one direction", nil, deployment("") + policy("a", "{podSelector: {}, policyTypes: [Ingress]}"), []string{"...denies egress"}},
		{"some Pods", nil, deployment("") + policy("a", "{podSelector: {matchLabels: {app: example}}, policyTypes: [Ingress, Egress]}") + policy("b", dns), []string{"...denies ingress"}},
		{"by effect", nil, deployment("") + policy("whatever", same) + policy("names", dns), nil},
		{"undone", nil, deployment("") + policy("deny", denyAll) + policy("dns", dns) + policy("open", "{podSelector: {}, ingress: [{}]}"), []string{"no-default-deny: spec.ingress lets everything through"}},
		{"all of them missing", everything, deployment("") + policy("deny", denyAll) + route("example"), []string{
			"...allow-same-namespace", "...allow-dns-egress", "...allow-monitoring", "...allow-traefik", "...allow-internet-egress", "...allow-cluster-services-egress",
		}},
		{"no route", []any{"allow-traefik"}, deployment("") + policy("deny", denyAll), nil},
		{"route let in", []any{"allow-traefik"}, deployment("") + route("example") + policy("a", "{podSelector: {matchLabels: {app: example}}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [traefik-system]}]}}]}]}"), nil},
		{"by label of a namespace elsewhere", []any{"allow-monitoring"}, deployment("") + policy("a", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: core}}}]}]}"), nil},
		{"by label of a namespace here", []any{"allow-monitoring"}, deployment("") +
			"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring-core, labels: {tier: system}}\n" +
			policy("a", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: core}}}]}]}"), []string{"...allow-monitoring"}},
		{"names by TCP alone", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{ports: [{port: 53}]}]}"), []string{"...allow-dns-egress"}},
		{"names in a range of ports", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{ports: [{protocol: UDP, port: 1, endPort: 99}]}]}"), nil},
		{"names at the end of a range of ports", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{ports: [{protocol: UDP, port: 50, endPort: 53}]}]}"), nil},
		{"names out of a range of ports", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{ports: [{protocol: UDP, port: 54, endPort: 99}]}]}"), []string{"...allow-dns-egress"}},
		{"all but that namespace", []any{"allow-monitoring"}, deployment("") + policy("a", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [monitoring-core]}]}}]}]}"), []string{"...allow-monitoring"}},
		{"all but another namespace", []any{"allow-monitoring"}, deployment("") + policy("a", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [other]}]}}]}]}"), nil},
		{"names for each workload", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {matchLabels: {app: example}}, egress: [{}]}"), nil},
		{"names for another workload", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {matchLabels: {app: other}}, egress: [{}]}"), []string{"...allow-dns-egress"}},
		{"services by range", []any{"allow-cluster-services-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.43.0.0/16}}]}]}"), nil},
		{"names are no services", []any{"allow-cluster-services-egress"}, deployment("") + policy("a", dns), []string{"...allow-cluster-services-egress"}},
		{"services are no internet", everything[6:], deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.42.0.0/16, 10.43.0.0/16]}}]}]}"), []string{"...allow-cluster-services-egress"}},
		{"services among all addresses", everything[6:], deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.42.0.0/16]}}]}]}"), nil},
		{"no names in the namespace itself", []any{"allow-dns-egress"}, deployment("") + policy("a", same), []string{"...allow-dns-egress"}},
		{"no names of the internet", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}"), []string{"...allow-dns-egress"}},
		{"names of another namespace", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]}"), []string{"...allow-dns-egress"}},
		{"names from the whole cluster", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{namespaceSelector: {}}]}]}"), nil},
		{"names by range", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.43.0.10/32}}]}]}"), nil},
		{"names from the node", []any{"allow-dns-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 169.254.20.10/32}}]}]}"), nil},
		{"types left out", nil, deployment("") + policy("a", "{podSelector: {}}"), []string{"...denies egress"}},
		{"nobody is kept out", []any{"allow-monitoring", "allow-same-namespace"}, deployment(""), nil},
		{"one network is not the internet", []any{"allow-internet-egress"}, deployment("") + policy("a", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 198.51.100.0/24}}]}]}"), []string{"...allow-internet-egress"}},
		{"nothing runs", nil, configMap, nil},
		{"in the network of the node", nil, deployment("hostNetwork: true"), nil},
		{"made by an operator", nil, "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: example}\n", []string{"...denies ingress", "...denies egress"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			setting := map[string]any{"monitoring": "monitoring-core", "traefik": "traefik-system"}
			if c.policies != nil {
				setting["policies"] = c.policies
			}
			in := stack(t, map[string]any{"networkPolicies": setting}, part{"example", "example", c.text})
			if lines, unchecked := judged(t, in); !holds(lines, c.want) || len(unchecked) > 0 {
				t.Errorf("got %q %v, want %q", lines, unchecked, c.want)
			}
			in.Plan.Others = []render.App{{Name: "other"}}
			if lines, _ := judged(t, in); len(lines) > 0 {
				t.Errorf("of a part of the stack: %q", lines)
			}
			in.Plan.Others = nil
			setting["except"] = []any{"example"}
			if lines, _ := judged(t, in); len(lines) > 0 {
				t.Errorf("of a namespace that is excepted: %q", lines)
			}
		})
	}
}

func TestPoliciesOfOtherKindsAreSaidToBeUnread(t *testing.T) {
	for _, text := range []string{
		"---\napiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: deny}\n",
		"---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: deny}\n",
	} {
		lines, unchecked := judged(t, stack(t, map[string]any{"networkPolicies": map[string]any{}}, part{"example", "example", deployment("") + text}))
		if len(lines) > 0 || len(unchecked) != 1 {
			t.Errorf("%q %v", lines, unchecked)
		}
	}
}

// Nobody has to let in who is inside already.
func TestPoliciesOfTheNamespaceItself(t *testing.T) {
	setting := map[string]any{"policies": []any{"allow-monitoring", "allow-traefik"}, "monitoring": "example", "traefik": "example"}
	if lines, _ := judged(t, stack(t, map[string]any{"networkPolicies": setting}, part{"example", "example", deployment("") + route("example") + policy("deny", denyAll)})); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
}

func TestInternetEgress(t *testing.T) {
	for block, want := range map[string]string{
		"{cidr: 0.0.0.0/0}":                                                       "10.42.0.0/16 (cluster.podCIDR) and 10.43.0.0/16 (cluster.serviceCIDR), want",
		"{cidr: 0.0.0.0/0, except: [10.43.0.0/16]}":                               "own 10.42.0.0/16 (cluster.podCIDR), want",
		"{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}":                                 "",
		"{cidr: 0.0.0.0/0, except: [10.42.0.0/17, 10.42.128.0/17, 10.43.0.0/16]}": "",
		"{cidr: 0.0.0.0/0, except: [10.42.0.0/17, 10.43.0.0/16]}":                 "own 10.42.0.0/16",
		"{cidr: 128.0.0.0/1}":                                                     "",
		"{cidr: 10.0.0.0/8}":                                                      "",
		"{cidr: '::/0'}":                                                          "own fd42::/56 (cluster.podCIDR), want",
		"{cidr: 192.0.2.0/24}":                                                    "",
	} {
		text := policy("out", "{podSelector: {}, egress: [{to: [{ipBlock: "+block+"}]}]}")
		lines, _ := judged(t, stack(t, map[string]any{"networkPolicies": map[string]any{"policies": []any{}}}, part{"example", "example", text}))
		if len(lines) > 1 || (len(lines) == 1) != (want != "") || len(lines) == 1 && !strings.Contains(lines[0], want) {
			t.Errorf("%s: %q, want %q", block, lines, want)
		}
	}
}

func TestCovered(t *testing.T) {
	// Every /24 of a /22 but one, for each of them.
	whole := netip.MustParsePrefix("10.0.4.0/22")
	var all []netip.Prefix
	for _, text := range []string{"10.0.4.0/24", "10.0.5.0/24", "10.0.6.0/24", "10.0.7.0/24"} {
		all = append(all, netip.MustParsePrefix(text))
	}
	if !covered(whole, all) {
		t.Error("its four parts do not cover it")
	}
	for i := range all {
		if covered(whole, slices.Delete(slices.Clone(all), i, i+1)) {
			t.Errorf("it is covered without %s", all[i])
		}
	}
}

func TestPools(t *testing.T) {
	for text, want := range map[string]int{
		"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 172.31.0.0/16}\n":                                                                                 1,
		"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 10.42.128.0/17}\n":                                                                                0,
		"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 172.31.0.0/16, disabled: true}\n":                                                                 0,
		"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 172.31.0.0/16, allowedUses: [Tunnel]}\n":                                                          0,
		"apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {ipPools: [{cidr: 10.42.0.0/16}, {cidr: 192.168.0.0/16}]}}\n":                   1,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\ndata: {cluster-pool-ipv4-cidr: 10.0.0.0/8}\n":                                                                         1,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\ndata: {cluster-pool-ipv4-cidr: '10.42.0.0/16'}\n":                                                                     0,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-flannel-cfg}\ndata: {net-conf.json: '{\"Network\": \"10.244.0.0/16\"}'}\n":                                                       1,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-flannel-cfg}\ndata: {net-conf.json: '{\"Network\": \"10.42.0.0/17\"}'}\n":                                                        1,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-flannel-cfg}\ndata: {net-conf.json: '{\"Network\": \"10.42.0.0/16\"}'}\n":                                                        0,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {net-conf.json: 'no JSON'}\n":                                                                                           0,
		"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: calico-node}\nspec: {template: {spec: {containers: [{name: c, env: [{name: CALICO_IPV4POOL_CIDR, value: 192.168.0.0/16}]}]}}}\n": 1,
	} {
		in := stack(t, map[string]any{"podCIDR": true}, part{"cni", "kube-system", text})
		if lines, unchecked := judged(t, in); len(lines) != want || len(unchecked) > 0 {
			t.Errorf("%s: %q %v, want %d", text, lines, unchecked, want)
		}
		in.Plan.Cluster.PodCIDR = ""
		if lines, unchecked := judged(t, in); len(lines) > 0 || len(unchecked) != 1 {
			t.Errorf("%s, in a cluster of unknown range: %q %v", text, lines, unchecked)
		}
	}
}

func TestNamespaces(t *testing.T) {
	crd := "apiVersion: apiextensions.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n"
	for _, c := range []struct {
		name        string
		conventions map[string]any
		parts       []part
		want        []string
	}{
		{"suffix", map[string]any{"namespaceSuffix": map[string]any{}}, []part{{"a", "a-core", ""}, {"b", "b-system", ""}}, []string{`namespace-suffix: app b of tier core goes to namespace "b-system", want one that ends in "-core"`}},
		{"suffix given", map[string]any{"namespaceSuffix": map[string]any{"core": []any{"-x", "-y"}}}, []part{{"a", "a-x", ""}, {"b", "b-core", ""}}, []string{`...ends in "-x" or "-y"`}},
		{"suffix excepted", map[string]any{"namespaceSuffix": map[string]any{"except": []any{"b"}}}, []part{{"b", "b", ""}}, nil},
		{"any suffix", map[string]any{"namespaceSuffix": map[string]any{"core": []any{""}}}, []part{{"b", "b", ""}}, nil},
		{"shared", map[string]any{"oneAppPerNamespace": map[string]any{}}, []part{{"a", "x", configMap}, {"b", "x", otherYAML}}, []string{`shared-namespace: app b is in namespace "x", where app a is too`}},
		{"shared as said", map[string]any{"oneAppPerNamespace": map[string]any{"shared": []any{"x"}}}, []part{{"a", "x", configMap}, {"b", "x", otherYAML}}, nil},
		{"nothing of its own there", map[string]any{"oneAppPerNamespace": map[string]any{}}, []part{{"a", "x", configMap}, {"b", "x", crd}}, nil},
		{"a request in the namespace of another", map[string]any{"oneAppPerNamespace": map[string]any{}}, []part{{"a", "x", configMap}, {"b", "y", otherYAML + "  namespace: x\n"}}, nil},
		{"a workload in the namespace of another", map[string]any{"oneAppPerNamespace": map[string]any{}}, []part{{"a", "x", configMap}, {"b", "y", strings.Replace(deployment(""), "{name: example}", "{name: example, namespace: x}", 1)}}, []string{"shared-namespace: app b is in"}},
		{"quota of another app", map[string]any{"quota": map[string]any{"limitRange": false}}, []part{{"a", "x", deployment("")}, {"b", "x", "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\n"}}, nil},
		{"no quota", map[string]any{"quota": map[string]any{"limitRange": true}}, []part{{"a", "x", deployment("")}, {"b", "y", configMap}}, []string{"missing-quota: ", "missing-limit-range: "}},
	} {
		if lines, _ := judged(t, stack(t, c.conventions, c.parts...)); !holds(lines, c.want) {
			t.Errorf("%s: %q, want %q", c.name, lines, c.want)
		}
	}
}

func TestWhatIsMissingIsSaidOfWholeStacksAlone(t *testing.T) {
	in := stack(t, map[string]any{"quota": map[string]any{}}, part{"a", "x", deployment("")})
	for want, others := range [][]render.App{1: nil, 0: {{Name: "b"}}} {
		in.Plan.Others = others
		if lines, _ := judged(t, in); len(lines) != want {
			t.Errorf("with %d other apps: %q", len(others), lines)
		}
	}
}

const otherYAML = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n"

func TestPlacement(t *testing.T) {
	spreading := func(more string) string {
		return "topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: example}}, " + more + "}]"
	}
	apart := "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: example}}}]}}"
	scaler := "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: example}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: example}, minReplicas: 3, maxReplicas: 5}\n"
	spreads := map[string]any{"topologySpread": map[string]any{"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}}
	anyway := map[string]any{"topologySpread": map[string]any{"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}}
	worker := map[string]any{"nodeRole": map[string]any{"tiers": map[string]any{"core": map[string]any{"role": "worker"}}}}
	for _, c := range []struct {
		name        string
		conventions map[string]any
		text        string
		want        []string
	}{
		{"one", spreads, scaledTo("1", ""), nil},
		{"two", spreads, scaledTo("2", ""), []string{"...it has none"}},
		{"scaled to five", spreads, scaledTo("1", "") + scaler, []string{"...5 replicas want"}},
		{"scaled by KEDA", spreads, scaledTo("1", "") + "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: example}\nspec: {scaleTargetRef: {name: example}, maxReplicaCount: 4}\n", []string{"...4 replicas want"}},
		{"skewed", spreads, scaledTo("2", spreading("maxSkew: 2, whenUnsatisfiable: DoNotSchedule")), []string{"...has maxSkew 2"}},
		{"if possible", spreads, scaledTo("2", spreading("maxSkew: 1, whenUnsatisfiable: ScheduleAnyway")), []string{`...whenUnsatisfiable "ScheduleAnyway"`}},
		{"more than is asked for", anyway, scaledTo("2", spreading("maxSkew: 1, whenUnsatisfiable: DoNotSchedule")), nil},
		{"of others", spreads, scaledTo("2", strings.Replace(spreading("maxSkew: 1, whenUnsatisfiable: DoNotSchedule"), "app: example", "app: other", 1)), []string{"...does not select its own Pods"}},
		{"spread", spreads, scaledTo("2", spreading("maxSkew: 1, whenUnsatisfiable: DoNotSchedule")), nil},
		{"apart", spreads, scaledTo("2", apart), nil},
		{"no selector", worker, deployment(""), []string{`node-role: spec.template.spec.nodeSelector has no role, want "worker": what tier core runs on`}},
		{"another role", worker, deployment("nodeSelector: {role: control}"), []string{`...has "control" as role`}},
		{"by affinity", worker, deployment("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: role, operator: In, values: [worker]}]}]}}}"), nil},
		{"by affinity to both", worker, deployment("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: role, operator: In, values: [worker, control]}]}]}}}"), []string{"node-role: "}},
		{"once, at a sync", worker, strings.Replace(deployment(""), "metadata: {name: example}", "metadata: {name: example, annotations: {argocd.argoproj.io/hook: PostSync}}", 1), nil},
		{"everywhere", worker, strings.Replace(deployment(""), "kind: Deployment", "kind: DaemonSet", 1), nil},
		{"the app says otherwise", map[string]any{"nodeRole": map[string]any{
			"tiers": map[string]any{"core": map[string]any{"role": "worker"}}, "apps": map[string]any{"example": map[string]any{}},
		}}, deployment(""), nil},
		{"the layer says otherwise", map[string]any{"nodeRole": map[string]any{
			"tiers": map[string]any{"core": map[string]any{"role": "worker"}}, "layers": map[string]any{"main": map[string]any{"role": "control"}},
		}}, deployment("nodeSelector: {role: worker}"), []string{`...want "control": what layer main runs on`}},
	} {
		if lines, _ := judged(t, stack(t, c.conventions, part{"example", "example", c.text})); !holds(lines, c.want) {
			t.Errorf("%s: %q, want %q", c.name, lines, c.want)
		}
	}
}

// Whatever stands where something else belongs, nothing panics; that it is wrong is for others to say.
func TestOddTrees(t *testing.T) {
	conventions := map[string]any{
		"namespaceSuffix": map[string]any{}, "oneAppPerNamespace": map[string]any{}, "quota": map[string]any{"limitRange": true},
		"networkPolicies": map[string]any{"policies": []any{"default-deny", "allow-same-namespace", "allow-dns-egress", "allow-monitoring", "allow-traefik", "allow-internet-egress", "allow-cluster-services-egress"}},
		"topologySpread":  map[string]any{"topologyKey": "kubernetes.io/hostname"}, "podCIDR": true, "images": map[string]any{"digest": true},
		"nodeRole": map[string]any{"tiers": map[string]any{"core": map[string]any{"role": "worker"}}},
	}
	texts := []string{policy("a", same), policy("b", dns), limitRange, role("*"), binding("cluster-admin")}
	for _, rule := range Rules() {
		for _, text := range []string{rule.Wrong, rule.Right} {
			if _, after, ok := strings.Cut(text, "-- example.yaml --\n"); ok {
				text, _, _ = strings.Cut(after, "\n-- ")
			}
			if !strings.HasPrefix(text, "--") || strings.HasPrefix(text, "---\n") {
				texts = append(texts, text)
			}
		}
	}
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		for _, odd := range []any{nil, "x", int64(-1), true, []any{map[string]any{}, nil, "x", []any{}}, map[string]any{"a": map[string]any{}, "matchLabels": map[string]any{"app": map[string]any{}}}} {
			in := stack(t, conventions, part{"example", "example", text})
			for _, rule := range Rules() {
				in.Plan.Severities[rule.ID] = "info"
			}
			for i := range in.Effective[0].Objects {
				// The examples share nothing, so each place is put back after it.
				twist(in.Effective[0].Objects[i].Tree, odd, func() {
					if _, err := validate.Run(t.Context(), in, Rules()); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
}

// twist puts something odd in each place of a tree in turn.
func twist(tree, odd any, look func()) {
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			was := tree[key]
			tree[key] = odd
			look()
			tree[key] = was
			twist(was, odd, look)
		}
	case []any:
		for i, was := range tree {
			tree[i] = odd
			look()
			tree[i] = was
			twist(was, odd, look)
		}
	}
}

// A placeholder may be the range that a policy leaves out.
func TestPlaceholderInAPolicy(t *testing.T) {
	policy := func(name, except string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + "}\n" +
			"spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [" + except + "]}}]}]}\n---\n"
	}
	in := stack(t, map[string]any{"networkPolicies": map[string]any{}}, part{"shop", "shop", policy("a", `"<path:kv/data/shop#range>"`) + policy("b", "10.42.0.0/16")})
	in.Results[0].Ledger = []render.Placeholder{{
		Object: in.Results[0].Set.Objects[0].Key, Field: render.Path{"spec", "egress", 0, "to", 0, "ipBlock", "except", 0}, Key: "range",
	}}
	if lines, _ := judged(t, in); len(lines) != 1 || !strings.Contains(lines[0], "takes in the cluster's own 10.43.0.0/16") {
		t.Errorf("%q", lines)
	}
}

// Every rule of a house names the convention that asks for it, but the one that its severity asks for too.
func TestConventionOfRules(t *testing.T) {
	fields := map[string]bool{}
	for field := range reflect.TypeFor[settings]().Fields() {
		fields[field.Tag.Get("json")] = true
	}
	for _, r := range Rules() {
		if house := !r.Off && r.ID != latestTag; house != fields[r.Convention] {
			t.Errorf("%s judges by %q", r.ID, r.Convention)
		}
	}
}
