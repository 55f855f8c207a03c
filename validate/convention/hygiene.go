package convention

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// The rules of the usual hygiene. The names are those of kube-linter's checks (pkg/builtinchecks/yamls of
// stackrox/kube-linter), and where the effect is the same, what another object does counts too: a LimitRange gives
// requests, an autoscaler replicas.
const (
	unsetCPU           = "unset-cpu-requirements"
	unsetMemory        = "unset-memory-requirements"
	noLiveness         = "no-liveness-probe"
	noReadiness        = "no-readiness-probe"
	nonRoot            = "run-as-non-root"
	writableRoot       = "no-read-only-root-fs"
	privilegedPod      = "privileged-container"
	escalation         = "privilege-escalation-container"
	hostNetwork        = "host-network"
	hostPID            = "host-pid"
	hostIPC            = "host-ipc"
	dockerSock         = "docker-sock"
	wildcard           = "wildcard-in-rules"
	clusterAdmin       = "cluster-admin-role-binding"
	defaultAccount     = "default-service-account"
	defaultNamespace   = "use-namespace"
	threeReplicas      = "minimum-three-replicas"
	noAntiAffinity     = "no-anti-affinity"
	hostname           = "kubernetes.io/hostname"
	requests, limitsOf = "requests", "limits"
)

// judgeHygiene holds workloads and grants to the rules that the stack asks for.
func judgeHygiene(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	rules := slices.Concat(resourceRules, probeRules, privilegeRules, accessRules, replicaRules)
	if !slices.ContainsFunc(rules, func(r validate.Rule) bool { return asked(in.Plan, r.ID) }) {
		return nil, nil, nil
	}
	j := newJudge(in)
	for _, w := range j.workloads {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		h := hygiene{judge: j, workload: w}
		h.pod()
		h.replicas()
		for _, c := range w.containers() {
			h.resources(c)
			h.probes(c)
			h.user(c)
			h.rights(c)
		}
	}
	for _, set := range in.Effective {
		for k := range set.Objects {
			j.grants(&set.Objects[k])
		}
	}
	return j.found, nil, nil
}

// hygiene is the judgement of one workload.
type hygiene struct {
	*judge
	*workload
}

// tell adds a finding, unless a placeholder decides the field.
func (h hygiene) tell(rule string, at render.Path, format string, args ...any) {
	if !h.blank(at) {
		h.say(rule, h.object, at, fmt.Sprintf(format, args...))
	}
}

// of names a container in a message.
func of(c container) string { return "container " + c.name }

// resources looks for what a container asks for. A limit stands for the request that is left out (core/v1,
// ResourceRequirements), and so does the LimitRange of the namespace.
func (h hygiene) resources(c container) {
	for _, r := range []struct{ rule, of string }{{unsetCPU, "cpu"}, {unsetMemory, "memory"}} {
		limit, request := h.stated(c, limitsOf, r.of), h.stated(c, requests, r.of)
		at := c.at.With("resources")
		switch {
		case !limit && !request:
			h.tell(r.rule, at, "%s asks for no %s", of(c), r.of)
		case r.of == "memory" && !limit:
			h.tell(r.rule, at.With(limitsOf), "%s has no limit of memory", of(c))
		}
	}
}

// stated says whether a container has an amount, of its own or from a LimitRange of its namespace.
func (h hygiene) stated(c container, kind, of string) bool {
	if v := validate.ValueAt(c.tree, "resources", kind, of); v != nil && v != "0" && v != int64(0) {
		return true
	}
	fields := []string{"default"}
	if kind == requests {
		fields = []string{"defaultRequest", "default"}
	}
	for _, l := range h.limits() {
		for _, bound := range validate.ListAt(l.Tree, "spec", "limits") {
			for _, f := range fields {
				if validate.TextAt(bound, "type") == "Container" && validate.ValueAt(bound, f, of) != nil {
					return true
				}
			}
		}
	}
	return false
}

// limits gives the LimitRanges of the workload's namespace.
func (h hygiene) limits() []*render.Object {
	if s := h.spaces[h.object.Key.Namespace]; s != nil {
		return s.limits
	}
	return nil
}

// probes looks for those of containers that stay.
func (h hygiene) probes(c container) {
	if c.first || h.object.Key.Kind == "Job" || h.object.Key.Kind == "CronJob" || h.object.Hook() != "" {
		return
	}
	if validate.ValueAt(c.tree, "livenessProbe") == nil {
		h.tell(noLiveness, c.at, "%s has no livenessProbe", of(c))
	}
	if validate.ValueAt(c.tree, "readinessProbe") == nil {
		h.tell(noReadiness, c.at, "%s has no readinessProbe", of(c))
	}
}

// setting gives a field of the security context of a container, or of its Pod where that has it.
func (h hygiene) setting(c container, name string) any {
	if v := validate.ValueAt(c.tree, "securityContext", name); v != nil {
		return v
	}
	return validate.ValueAt(h.spec, "securityContext", name)
}

// user looks for who a container runs as, and what it may write to.
func (h hygiene) user(c container) {
	at := c.at.With("securityContext")
	id, stated := validate.NumberAt(h.setting(c, "runAsUser"))
	if never, _ := h.setting(c, "runAsNonRoot").(bool); !never && (!stated || id == 0) && !h.blank(h.workload.pod("securityContext")) {
		h.tell(nonRoot, at, "%s may run as root: want runAsNonRoot or a runAsUser other than 0", of(c))
	}
	if validate.ValueAt(c.tree, "securityContext", "readOnlyRootFilesystem") != true {
		h.tell(writableRoot, at, "%s may write to its own files: want readOnlyRootFilesystem", of(c))
	}
}

// rights looks for what a container may do beyond what others may.
func (h hygiene) rights(c container) {
	at := c.at.With("securityContext")
	privileged := validate.ValueAt(c.tree, "securityContext", "privileged") == true
	if privileged {
		h.tell(privilegedPod, at.With("privileged"), "%s is privileged", of(c))
	}
	switch {
	case validate.ValueAt(c.tree, "securityContext", "allowPrivilegeEscalation") == true:
		h.tell(escalation, at.With("allowPrivilegeEscalation"), "%s may gain more privileges than it starts with", of(c))
	case privileged:
		h.tell(escalation, at.With("privileged"), "%s is privileged and so may gain more privileges", of(c))
	case slices.ContainsFunc(validate.TextsAt(c.tree, "securityContext", "capabilities", "add"), func(s string) bool { return strings.TrimPrefix(s, "CAP_") == "SYS_ADMIN" }):
		h.tell(escalation, at.With("capabilities", "add"), "%s has SYS_ADMIN and so may gain more privileges", of(c))
	}
}

// pod looks for what the Pods take of the node, and whom they act as.
func (h hygiene) pod() {
	for _, r := range []struct{ rule, field, what string }{
		{hostNetwork, "hostNetwork", "network"}, {hostPID, "hostPID", "processes"}, {hostIPC, "hostIPC", "shared memory"},
	} {
		if validate.ValueAt(h.spec, r.field) == true {
			at := h.workload.pod(r.field)
			h.tell(r.rule, at, "%s is true: the Pods have the %s of the node", at, r.what)
		}
	}
	for i, v := range validate.ListAt(h.spec, "volumes") {
		if mounted := validate.TextAt(v, "hostPath", "path"); path.Base(mounted) == "docker.sock" {
			h.tell(dockerSock, h.workload.pod("volumes", i, "hostPath", "path"), "volume %s is %s of the node: who has it has the node", validate.TextAt(v, "name"), mounted)
		}
	}
	account := validate.TextAt(h.spec, "serviceAccountName")
	if account == "" {
		account = validate.TextAt(h.spec, "serviceAccount")
	}
	if token, stated := validate.ValueAt(h.spec, "automountServiceAccountToken").(bool); (account == "" || account == "default") && (token || !stated) {
		h.tell(defaultAccount, h.workload.pod("serviceAccountName"), "the Pods act as the ServiceAccount default of their namespace")
	}
}

// replicas looks for how many there are, and whether they may lie on one node.
func (h hygiene) replicas() {
	w := h.workload
	if w.object.Key.Kind == "Deployment" && w.least > 0 && w.least < 3 {
		what := "spec.replicas"
		if w.scaled {
			what = "minReplicas of the autoscaler"
		}
		h.tell(threeReplicas, render.Path{"spec", "replicas"}, "%s is %d, want 3 or more", what, w.least)
	}
	at := h.workload.pod("affinity")
	if w.most < 2 || w.apart(hostname, false) || h.blank(at) {
		return
	}
	if !slices.ContainsFunc(validate.ListAt(w.spec, "topologySpreadConstraints"), func(c any) bool {
		selector, ok := validate.ValueAt(c, "labelSelector").(map[string]any)
		return ok && validate.TextAt(c, "topologyKey") == hostname && selects(selector, w.labels)
	}) {
		h.tell(noAntiAffinity, at, "%d replicas may all lie on one node: want a podAntiAffinity or a spread over %s", w.most, hostname)
	}
}

// grants looks for rights over everything, and for what lies in the namespace default.
func (j *judge) grants(o *render.Object) {
	switch o.Key.GroupKind() {
	case "Role.rbac.authorization.k8s.io", "ClusterRole.rbac.authorization.k8s.io":
		for i, rule := range validate.ListAt(o.Tree, "rules") {
			for _, field := range []string{"verbs", "resources"} {
				if at := slices.Index(validate.TextsAt(rule, field), "*"); at >= 0 {
					path := render.Path{"rules", i, field}
					j.say(wildcard, o, path, fmt.Sprintf("%s holds %q: all that there are and will be", path, "*"))
				}
			}
		}
	case "ClusterRoleBinding.rbac.authorization.k8s.io":
		if validate.TextAt(o.Tree, "roleRef", "name") == "cluster-admin" && validate.TextAt(o.Tree, "roleRef", "kind") == "ClusterRole" {
			j.say(clusterAdmin, o, render.Path{"roleRef", "name"}, "roleRef.name is \"cluster-admin\": its subjects may do everything everywhere")
		}
	}
	if o.Key.Namespace == "default" {
		j.say(defaultNamespace, o, render.Path{"metadata", "namespace"}, fmt.Sprintf("%s goes to the namespace default", o.Key.Kind))
	}
}
