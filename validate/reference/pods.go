package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// port is a port of a container or of a Service.
type port struct {
	name     string
	number   int64
	protocol string
	at       any // targetPort of a Service's port, nil where it is the port itself
}

// pods are what one workload runs.
type pods struct {
	by     *render.Object
	labels map[string]string
	ports  []port
	// loose says that an operator makes them: there are more labels and ports than are known.
	loose bool
	// blank says that placeholders decide some of the labels, and open that they do of the ports.
	blank, open bool
	// budgets is how many PodDisruptionBudgets select them, and first the first of those by name; see count.
	budgets int
	first   string
}

// forget takes out the labels that placeholders decide, and notes where they decide ports.
func (p *pods) forget(raw render.Key, blanks validate.Blanks) {
	_, at, _ := template(p.by)
	p.open = portsBlank(raw, blanks, p.by.Tree, at.With("spec"))
	for k := range p.labels {
		if blanks.At(raw, at.With("metadata", "labels", k)) != validate.Known {
			delete(p.labels, k)
			p.loose, p.blank = true, true
		}
	}
}

// portsBlank says whether placeholders decide any port of the containers of a spec.
func portsBlank(raw render.Key, blanks validate.Blanks, tree any, spec render.Path) bool {
	for _, list := range []string{"containers", "initContainers"} {
		at := spec.With(list)
		all, _ := at.In(tree)
		for i := range validate.ListAt(all) {
			if blanks.Below(raw, at.With(i, "ports")) {
				return true
			}
		}
	}
	return false
}

// space is a namespace and the Pods in it.
type space struct {
	labels  map[string]string
	known   bool // the stack has the Namespace, so its labels are known
	pods    []*pods
	byLabel map[string][]*pods
	loose   []*pods
	asked   map[string]*match // by the selector
	values  map[string][]string
	unlikes map[string][]*pods // by app, see unlike
	counted bool               // by how many budgets the Pods are selected
}

// match is what a selector selects in a namespace. Charts repeat their selectors, so that it is found out once for each.
type match struct {
	pods   []*pods
	loose  bool     // some of them have more ports than are known
	ports  []port   // of all of them, each once
	names  []string // of those, each once
	owners string
}

// none is the match of what is nowhere.
func (m *match) none() bool { return m == nil || len(m.pods) == 0 }

// add takes Pods in, before the namespace is asked.
func (s *space) add(p *pods) { s.pods = append(s.pods, p) }

// label prepares the namespace for being asked by label.
func (s *space) label() {
	s.byLabel = map[string][]*pods{}
	for _, p := range s.pods {
		if p.loose {
			s.loose = append(s.loose, p)
			continue
		}
		for k, v := range p.labels {
			s.byLabel[k+"="+v] = append(s.byLabel[k+"="+v], p)
		}
	}
}

// matching finds the Pods of the namespace that a selector selects.
func (s *space) matching(sel selector) *match {
	if s == nil {
		return nil
	}
	id := sel.id()
	if m, known := s.asked[id]; known {
		return m
	}
	candidates := s.pods
	for k, v := range sel.labels {
		if !slices.Contains(runtimeLabels, k) && len(s.byLabel[k+"="+v])+len(s.loose) < len(candidates) {
			candidates = slices.Concat(s.byLabel[k+"="+v], s.loose)
		}
	}
	m := &match{}
	seen := map[port]bool{}
	for _, p := range candidates {
		if !sel.matches(p) {
			continue
		}
		m.pods, m.loose = append(m.pods, p), m.loose || p.loose || p.open
		for _, c := range p.ports {
			if !seen[c] {
				seen[c] = true
				m.ports = append(m.ports, c)
			}
		}
	}
	m.names, m.owners = portNames(m.ports), owners(m.pods)
	if s.asked == nil {
		s.asked = map[string]*match{}
	}
	s.asked[id] = m
	return m
}

// portNames lists the names of ports, each once, as they come.
func portNames(ports []port) []string {
	var names []string
	for _, c := range ports {
		if c.name != "" && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// runtimeLabels are set on Pods while they run.
// Sources: kubernetes pkg/apis (StatefulSet, Job, Deployment controllers), vault service registration, patroni
// Kubernetes settings, redis-operator, cloudnative-pg labels, minio operator's election.
var runtimeLabels = []string{
	"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash", "pod-template-hash",
	"job-name", "batch.kubernetes.io/job-name", "controller-uid", "batch.kubernetes.io/controller-uid",
	"vault-active", "vault-initialized", "vault-sealed", "vault-perf-standby", "vault-version",
	"openbao-active", "openbao-initialized", "openbao-sealed", "openbao-perf-standby", "openbao-version",
	"role", "spilo-role", "redis-role", "cnpg.io/instanceRole", "postgres-operator.crunchydata.com/role",
	"rollouts-pod-template-hash", "operator", "service.istio.io/canonical-name",
}

// selector is a label selector.
type selector struct {
	labels map[string]string
	exprs  []expression
}

// expression is one of matchExpressions.
type expression struct {
	key, operator string
	values        []string
}

// selectorOf reads a LabelSelector, nil as an empty one; callers leave those alone. It is false where a placeholder or
// something else than text is in it, or an expression that the server refuses: In and NotIn have values, Exists and
// DoesNotExist have none (apimachinery pkg/apis/meta/v1/validation, ValidateLabelSelectorRequirement).
func (j *judge) selectorOf(v any, at render.Path) (selector, bool) {
	m, _ := v.(map[string]any)
	sel := selector{labels: words(m, "matchLabels")}
	if len(sel.labels) != len(validate.MappingAt(m, "matchLabels")) || j.blanks.Below(j.raw, at) {
		return sel, false
	}
	for _, e := range validate.ListAt(m, "matchExpressions") {
		x := expression{key: validate.TextAt(e, "key"), operator: validate.TextAt(e, "operator")}
		for _, v := range validate.ListAt(e, "values") {
			s, _ := v.(string)
			x.values = append(x.values, s)
		}
		switch x.operator {
		case "In", "NotIn":
			if len(x.values) == 0 {
				return sel, false
			}
		case "Exists", "DoesNotExist":
			if len(x.values) > 0 {
				return sel, false
			}
		default:
			return sel, false
		}
		sel.exprs = append(sel.exprs, x)
	}
	return sel, true
}

// id is the same of selectors that ask for the same.
func (s selector) id() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s.labels)) {
		fmt.Fprintf(&b, "%q=%q,", k, s.labels[k])
	}
	for _, e := range s.exprs {
		fmt.Fprintf(&b, "%q %q %q,", e.key, e.operator, e.values)
	}
	return b.String()
}

func (s selector) empty() bool { return len(s.labels) == 0 && len(s.exprs) == 0 }

// matches says whether a selector selects Pods. Of an operator's, not all labels are known; at least one has to be the
// selector's then, and none another.
func (s selector) matches(p *pods) bool {
	hits := 0
	for k, v := range s.labels {
		got, ok := p.labels[k]
		switch {
		case ok && got == v:
			hits++
		case ok, !p.loose && !slices.Contains(runtimeLabels, k):
			return false
		}
	}
	for _, e := range s.exprs {
		got, ok := p.labels[e.key]
		if !ok && p.loose {
			continue
		}
		if !e.holds(got, ok) {
			return false
		}
		hits++
	}
	return hits > 0 || s.empty() || p.blank
}

// holds says whether labels fulfil the expression. Source: apimachinery pkg/labels/selector.go.
func (e expression) holds(got string, ok bool) bool {
	switch e.operator {
	case "In":
		return ok && slices.Contains(e.values, got)
	case "NotIn":
		return !ok || !slices.Contains(e.values, got)
	case "Exists":
		return ok
	case "DoesNotExist":
		return !ok
	}
	return true // refused by the server; not for here
}

// on says whether the selector selects an object with labels that are all known.
func (s selector) on(labels map[string]string) bool {
	for k, v := range s.labels {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	for _, e := range s.exprs {
		if got, ok := labels[e.key]; !e.holds(got, ok) {
			return false
		}
	}
	return true
}

// templates are the kinds that make Pods of a template, and where it is.
// Sources: the APIs of Kubernetes, Argo Rollouts, OpenKruise, OpenShift, KEDA, Knative and KubeVirt.
var templates = map[string][]any{
	"Pod":                                {},
	"Deployment.apps":                    {"spec", "template"},
	"DaemonSet.apps":                     {"spec", "template"},
	"StatefulSet.apps":                   {"spec", "template"},
	"ReplicaSet.apps":                    {"spec", "template"},
	"ReplicationController":              {"spec", "template"},
	"Job.batch":                          {"spec", "template"},
	"CronJob.batch":                      {"spec", "jobTemplate", "spec", "template"},
	"Rollout.argoproj.io":                {"spec", "template"},
	"CloneSet.apps.kruise.io":            {"spec", "template"},
	"StatefulSet.apps.kruise.io":         {"spec", "template"},
	"DaemonSet.apps.kruise.io":           {"spec", "template"},
	"DeploymentConfig.apps.openshift.io": {"spec", "template"},
	"ScaledJob.keda.sh":                  {"spec", "jobTargetRef", "template"},
	"Service.serving.knative.dev":        {"spec", "template"},
	"VirtualMachine.kubevirt.io":         {"spec", "template"},
}

// template gives the pod template of a workload and where it is.
func template(o *render.Object) (any, render.Path, bool) {
	path, ok := templates[o.Key.GroupKind()]
	if !ok {
		return nil, nil, false
	}
	v, ok := render.Path(path).In(o.Tree)
	return v, path, ok
}

// podSpec gives the spec of the Pods that an object makes. That of a VirtualMachine is a machine's, with other fields.
func podSpec(o *render.Object) (map[string]any, render.Path, bool) {
	t, at, ok := template(o)
	spec := validate.MappingAt(t, "spec")
	return spec, at.With("spec"), ok && spec != nil && o.Key.Group != "kubevirt.io"
}

// podsOf gives the Pods that a workload makes. KubeVirt and Knative add labels and containers of their own.
func podsOf(o *render.Object) (*pods, bool) {
	t, _, ok := template(o)
	if !ok {
		return nil, false
	}
	p := &pods{by: o, labels: words(t, "metadata", "labels"), loose: o.Key.Group == "kubevirt.io" || o.Key.Group == "serving.knative.dev"}
	if p.labels == nil {
		p.labels = map[string]string{}
	}
	for _, c := range validate.ListAt(t, "spec", "containers") {
		p.ports = append(p.ports, containerPorts(c)...)
	}
	for _, c := range validate.ListAt(t, "spec", "initContainers") {
		// Only one that keeps running beside the others serves anything.
		if validate.TextAt(c, "restartPolicy") == "Always" {
			p.ports = append(p.ports, containerPorts(c)...)
		}
	}
	return p, true
}

// containerPorts lists the ports that a container declares.
func containerPorts(container any) []port {
	var ports []port
	for _, v := range validate.ListAt(container, "ports") {
		n, _ := validate.NumberAt(v, "containerPort")
		ports = append(ports, port{name: validate.TextAt(v, "name"), number: n, protocol: protocol(v)})
	}
	return ports
}

// protocol gives that of a port, TCP where none is stated (kubernetes pkg/apis/core/v1/defaults.go).
func protocol(v any) string {
	if p := validate.TextAt(v, "protocol"); p != "" {
		return p
	}
	return "TCP"
}

// servicePorts lists the ports of a Service.
func servicePorts(o *render.Object) []port {
	var ports []port
	for _, v := range validate.ListAt(o.Tree, "spec", "ports") {
		n, _ := validate.NumberAt(v, "port")
		ports = append(ports, port{name: validate.TextAt(v, "name"), number: n, protocol: protocol(v), at: validate.ValueAt(v, "targetPort")})
	}
	return ports
}
