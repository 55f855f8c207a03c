package convention

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// The rules about where Pods run.
const (
	missingSpread = "missing-topology-spread"
	nodeRole      = "node-role"
)

// spread is how replicas lie on the nodes.
type spread struct {
	Replicas, MaxSkew              int64
	TopologyKey, WhenUnsatisfiable string
}

// roles are the labels of nodes that workloads select; nil where nothing is said, empty where nothing is asked for.
type roles struct {
	Tiers, Layers, Apps map[string]map[string]string
}

// spreading finds workloads with replicas that may all lie on one node.
func (j *judge) spreading() error {
	if j.TopologySpread == nil {
		return nil
	}
	want := *j.TopologySpread
	if want.Replicas == 0 {
		want.Replicas = 2
	}
	if want.MaxSkew == 0 {
		want.MaxSkew = 1
	}
	for _, w := range j.workloads {
		at := w.pod("topologySpreadConstraints")
		if w.most < want.Replicas || w.blank(at) || w.apart(want.TopologyKey, true) {
			continue
		}
		why, there := "it has none", validate.ListAt(w.spec, "topologySpreadConstraints")
		ok := false
		for i, c := range there {
			reason := want.against(c, w)
			if reason == "" {
				ok = true
				break
			}
			why = fmt.Sprintf("%s %s", at.With(i), reason)
		}
		if ok {
			continue
		}
		j.say(missingSpread, w.object, at, fmt.Sprintf("%d replicas want a topologySpreadConstraint with maxSkew %d over %s and %s, and %s",
			w.most, want.MaxSkew, want.TopologyKey, want.WhenUnsatisfiable, why))
	}
	return nil
}

// against says what is missing in a constraint, "" where it does what is asked for. DoNotSchedule does what ScheduleAnyway
// does and more.
func (want spread) against(constraint any, w *workload) string {
	skew, ok := validate.NumberAt(constraint, "maxSkew")
	selector, selected := validate.ValueAt(constraint, "labelSelector").(map[string]any)
	unsatisfiable := validate.TextAt(constraint, "whenUnsatisfiable")
	switch {
	case validate.TextAt(constraint, "topologyKey") != want.TopologyKey:
		return fmt.Sprintf("is over %q", validate.TextAt(constraint, "topologyKey"))
	case ok && skew > want.MaxSkew:
		return fmt.Sprintf("has maxSkew %d", skew)
	case unsatisfiable != want.WhenUnsatisfiable && unsatisfiable != "DoNotSchedule":
		return fmt.Sprintf("has whenUnsatisfiable %q", unsatisfiable)
	case !selected || !selects(selector, w.labels):
		return "does not select its own Pods, so it spreads nothing"
	}
	return ""
}

// apart says whether no two of its Pods may lie on one node, which is more than any spread asks for; where preferred will
// do, it need not be strict.
func (w *workload) apart(topologyKey string, strict bool) bool {
	terms := validate.ListAt(w.spec, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
	if !strict {
		for _, weighted := range validate.ListAt(w.spec, "affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution") {
			terms = append(terms[:len(terms):len(terms)], validate.ValueAt(weighted, "podAffinityTerm"))
		}
	}
	return slices.ContainsFunc(terms, func(t any) bool {
		selector, ok := validate.ValueAt(t, "labelSelector").(map[string]any)
		return ok && validate.TextAt(t, "topologyKey") == topologyKey && selects(selector, w.labels)
	})
}

// role holds workloads to the nodes that their app, layer or tier asks for.
func (j *judge) role() error {
	if j.NodeRole == nil {
		return nil
	}
	for _, w := range j.workloads {
		want, of := j.NodeRole.of(w.app, j.tier[w.app.Layer])
		// What runs everywhere is asked for nothing, and neither is what runs once, at a sync.
		if len(want) == 0 || w.object.Key.Kind == "DaemonSet" || w.object.Hook() != "" || validate.TextAt(w.spec, "nodeName") != "" {
			continue
		}
		at := w.pod("nodeSelector")
		if w.blank(at) || w.blank(w.pod("affinity")) {
			continue
		}
		for _, label := range slices.Sorted(maps.Keys(want)) {
			if w.on(label, want[label]) {
				continue
			}
			has := "has no"
			if got := validate.TextAt(w.spec, "nodeSelector", label); got != "" {
				has = fmt.Sprintf("has %q as", got)
			}
			j.say(nodeRole, w.object, at, fmt.Sprintf("%s %s %s, want %q: %s", at, has, label, want[label], of))
		}
	}
	return nil
}

// of gives the labels for an app, and who asks for them.
func (r *roles) of(app render.App, tier string) (map[string]string, string) {
	for _, level := range []struct {
		what, name string
		labels     map[string]map[string]string
	}{{"app", app.Name, r.Apps}, {"layer", app.Layer, r.Layers}, {"tier", tier, r.Tiers}} {
		if want, ok := level.labels[level.name]; ok && want != nil {
			return want, "what " + level.what + " " + level.name + " runs on"
		}
	}
	return nil, ""
}

// on says whether the Pods run on nodes with a label alone: by their nodeSelector, or by every term of their affinity.
func (w *workload) on(label, want string) bool {
	if validate.TextAt(w.spec, "nodeSelector", label) == want {
		return true
	}
	terms := validate.ListAt(w.spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	return len(terms) > 0 && !slices.ContainsFunc(terms, func(t any) bool {
		return !slices.ContainsFunc(validate.ListAt(t, "matchExpressions"), func(e any) bool {
			values := validate.TextsAt(e, "values")
			return validate.TextAt(e, "key") == label && validate.TextAt(e, "operator") == "In" && len(values) == 1 && values[0] == want
		})
	})
}

var placementRules = []validate.Rule{
	{
		ID: missingSpread, Title: "replicas that may all lie on one node", Severity: validate.Warning,
		Why:    "The loss of one node takes all of them, which is what several were meant against.",
		Fix:    "add a topologySpreadConstraint that selects the workload's own Pods; the stack asks for this with conventions: topologySpread",
		Source: "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
		Wrong:  houseOf("topologySpread: {}") + scaledTo("3", ""),
		Right: houseOf("topologySpread: {}") + scaledTo("3", strings.Join([]string{
			"topologySpreadConstraints:", "- maxSkew: 1", "  topologyKey: kubernetes.io/hostname", "  whenUnsatisfiable: DoNotSchedule",
			"  labelSelector: {matchLabels: {app: example}}",
		}, "\n")),
	},
	{
		ID: nodeRole, Title: "a workload that may run on nodes of another role", Severity: validate.Warning,
		Why:    "Without the label it runs where there is room: user applications beside the databases and etcd, or what the cluster needs on nodes that come and go.",
		Fix:    "set the nodeSelector in the chart's values, or except the app with conventions: nodeRole: apps: NAME: {}; the stack asks for this with conventions: nodeRole",
		Source: "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/",
		Wrong:  houseOf(`nodeRole: tiers: apps: "example.com/role": "worker"`) + deployment("nodeSelector: {example.com/role: control}"),
		Right:  houseOf(`nodeRole: tiers: apps: "example.com/role": "worker"`) + deployment("nodeSelector: {example.com/role: worker}"),
	},
	{
		ID: podCIDR, Title: "a network plugin that gives Pods other addresses than the cluster has", Severity: validate.Warning,
		Why:    "The cluster takes addresses outside of its range for those of strangers: traffic between nodes is rewritten to the address of the node, and NetworkPolicies that select Pods no longer match it.",
		Fix:    "give the plugin the range of the cluster, or mend cluster.podCIDR where that is wrong; the stack asks for this with conventions: podCIDR: true",
		Source: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/, --cluster-cidr",
		Wrong:  houseOf("podCIDR: true") + "apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 172.31.0.0/16}\n",
		Right:  houseOf("podCIDR: true") + "apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 10.42.0.0/16}\n",
	},
}
