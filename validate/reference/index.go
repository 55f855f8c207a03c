package reference

import (
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// target is something that others may refer to: an object of the stack, one that an operator or the cluster makes, or
// both.
type target struct {
	object *render.Object  // nil where the stack does not have it
	keys   map[string]bool // of a ConfigMap or Secret; nil where they are not known
	ports  []port          // of a Service
	open   bool            // its ports, or a Gateway's listeners, are not known
}

// index is everything in the stack that can be referred to.
type index struct {
	partly     string // why what is missing may be elsewhere; empty where the whole stack is here
	targets    map[render.Key]*target
	scoped     func(render.Key) bool
	namespaces map[string]*space
	spaces     []string // the names of namespaces, sorted
	copies     []copied
	opaque     map[string][]string     // by namespace, the names of custom resources of which nobody knows what they make
	foreign    map[string]bool         // namespaces in which others deploy what is not known
	asked      map[render.Key][]string // see names
	mentions   map[string]map[string]bool
	made       map[string]bool // see creators
	services   map[string][]published
	dangled    map[string]dangled
	chosen     map[string]*choice
	madeIn     map[string]bool // namespaces with Services that operators make
	budgets    map[string][]bounded
	grants     []allowance       // ReferenceGrants
	apps       map[string]bool   // the Applications of the plan's apps
	ledgers    []validate.Blanks // of each app
}

// allowance is a ReferenceGrant; blank says that placeholders decide what it allows.
type allowance struct {
	*render.Object
	blank bool
}

// copied are objects that a controller puts into several namespaces.
type copied struct {
	kind, name string
	into       func(namespace string) bool
	keys       map[string]bool
}

// newIndex reads the effective sets of all apps.
func newIndex(in validate.Input) *index {
	x := &index{
		targets: map[render.Key]*target{}, scoped: in.ClusterScoped, namespaces: map[string]*space{},
		opaque: map[string][]string{}, foreign: map[string]bool{}, asked: map[render.Key][]string{}, apps: map[string]bool{},
		services: map[string][]published{}, dangled: map[string]dangled{}, chosen: map[string]*choice{}, budgets: map[string][]bounded{},
		partly: partial(in),
	}
	for _, app := range in.Plan.Apps() {
		x.apps[in.Plan.Hydrate.Prefix+app.Name], x.apps[app.Name] = true, true
	}
	if x.scoped == nil {
		x.scoped = func(render.Key) bool { return false }
	}
	for i, set := range in.Effective {
		if i < len(in.Results) && in.Results[i].App.Namespace != "" {
			x.space(in.Results[i].App.Namespace)
		}
		x.ledgers = append(x.ledgers, validate.Blanks{})
		if i < len(in.Results) {
			x.ledgers[i] = validate.BlanksOf(in.Results[i])
		}
		for k := range set.Objects {
			x.add(&set.Objects[k], x.ledgers[i])
		}
	}
	// What is made comes after what is written: both may be about one object.
	makers := makersByKind()
	for _, set := range in.Effective {
		for k := range set.Objects {
			x.make(makers, &set.Objects[k])
		}
	}
	x.builtIn(in.Plan.Cluster)
	x.spaces = slices.Sorted(maps.Keys(x.namespaces))
	for _, s := range x.namespaces {
		s.label()
	}
	return x
}

// partial says why a missing target proves nothing, or "".
func partial(in validate.Input) string {
	switch {
	case len(in.Plan.Others) > 0:
		return "only some apps of the stack are judged, and they may be in another"
	case in.Plan.Cluster.ArgoCD == "":
		return "no stack is judged, and they may be in the cluster"
	case !in.Whole():
		return "not every app of the stack could be rendered, and they may be in one of those"
	}
	return ""
}

// add takes an object of the stack in.
func (x *index) add(o *render.Object, blanks validate.Blanks) {
	key, raw := x.place(o.Key), blanks.Rendered(o.Key)
	t := &target{object: o}
	switch key.GroupKind() {
	case "ConfigMap", "Secret":
		t.keys = dataKeys(o)
	case "Service":
		t.ports, t.open = servicePorts(o), blanks.Below(raw, render.Path{"spec", "ports"})
		x.services[key.Namespace] = append(x.services[key.Namespace], published{
			name: o.Key.Name, labels: words(o.Tree, "metadata", "labels"), ports: t.ports,
			open: t.open, blank: blanks.Below(raw, render.Path{"metadata", "labels"}),
		})
	case "Gateway.gateway.networking.k8s.io":
		t.open = blanks.Below(raw, render.Path{"spec", "listeners"})
	case "PodDisruptionBudget.policy":
		j := judge{index: x, object: o, raw: raw, blanks: blanks}
		if sel, ok := j.selectorOf(validate.ValueAt(o.Tree, "spec", "selector"), render.Path{"spec", "selector"}); ok {
			x.budgets[key.Namespace] = append(x.budgets[key.Namespace], bounded{name: key.Name, sel: sel})
		}
	case "ReferenceGrant.gateway.networking.k8s.io":
		x.grants = append(x.grants, allowance{o, blanks.Below(raw, render.Path{"spec"})})
	case "Namespace":
		s := x.space(key.Name)
		s.labels, s.known = words(o.Tree, "metadata", "labels"), !blanks.Below(raw, render.Path{"metadata", "labels"})
	}
	x.targets[key] = t
	if key.Namespace != "" {
		x.space(key.Namespace)
	}
	if p, ok := podsOf(o); ok {
		if blanks.Has(raw) {
			p.forget(raw, blanks)
		}
		x.space(key.Namespace).add(p)
	}
	for _, p := range variantsOf(o, blanks.Has(raw)) {
		x.space(key.Namespace).add(p)
	}
}

// space gives a namespace, which is known from then on.
func (x *index) space(name string) *space {
	s := x.namespaces[name]
	if s == nil {
		s = &space{}
		x.namespaces[name] = s
	}
	return s
}

// place takes the namespace off the keys of cluster-scoped kinds. Those of custom resources whose definition is not in
// the stack are known by their names.
func (x *index) place(key render.Key) render.Key {
	if key.Namespace != "" && (x.scoped(key) || slices.Contains(clusterKinds, key.GroupKind())) {
		key.Namespace = ""
	}
	return key
}

// clusterKinds are custom kinds without a namespace that rows lead to.
var clusterKinds = []string{
	"ClusterIssuer.cert-manager.io", "GatewayClass.gateway.networking.k8s.io", "ClusterImageCatalog.postgresql.cnpg.io",
	"ClusterSecretStore.external-secrets.io", "ClusterExternalSecret.external-secrets.io", "Bundle.trust.cert-manager.io",
	"ClusterTriggerAuthentication.keda.sh", "ClusterPolicy.kyverno.io",
}

// find looks a target up: as it is, then among what is in every namespace, then among copies.
func (x *index) find(key render.Key) (*target, bool) {
	key = x.place(key)
	if t, ok := x.targets[key]; ok {
		return t, true
	}
	any := key
	any.Namespace = "*"
	if t, ok := x.targets[any]; ok && key.Namespace != "" {
		return t, true
	}
	if strings.HasPrefix(key.Name, "system:") && key.Group == "rbac.authorization.k8s.io" {
		return &target{}, true // the API server makes the roles of that prefix, more with each version
	}
	for _, c := range x.copies {
		if c.name == key.Name && c.kind == key.GroupKind() && c.into(key.Namespace) {
			return &target{keys: c.keys}, true
		}
	}
	return nil, false
}

// names lists what could have been meant by a key: the names of its kind in its namespace.
func (x *index) names(key render.Key) []string {
	key = x.place(key)
	key.Name = ""
	names, known := x.asked[key]
	if known {
		return names
	}
	for k := range x.targets {
		if k.Kind == key.Kind && k.Group == key.Group && k.Namespace == key.Namespace {
			names = append(names, k.Name)
		}
	}
	slices.Sort(names)
	x.asked[key] = names
	return names
}

// put adds what an operator makes. Where the stack has the object too, or two operators make it, what is known is joined: keys
// are those of both, and not known as soon as one of them has any that are not.
func (x *index) put(key render.Key, made target) {
	key = x.place(key)
	t := x.targets[key]
	if t == nil {
		x.targets[key] = &made
		return
	}
	if made.keys == nil || t.keys == nil {
		t.keys = nil
	} else {
		for k := range made.keys {
			t.keys[k] = true
		}
	}
	t.open = t.open || made.open
	t.ports = append(t.ports, made.ports...)
}

// dataKeys lists the keys of a ConfigMap or Secret; nil where they are not known. One without any is there to be filled by
// somebody else: a person, or a controller that is given its name.
func dataKeys(o *render.Object) map[string]bool {
	keys := map[string]bool{}
	for _, part := range []string{"data", "binaryData", "stringData"} {
		switch v := o.Tree[part].(type) {
		case nil:
		case map[string]any:
			for k := range v {
				keys[k] = true
			}
		default:
			return nil // a placeholder in place of the whole
		}
	}
	notes := words(o.Tree, "metadata", "annotations")
	labels := words(o.Tree, "metadata", "labels")
	for _, note := range fillers {
		if notes[note] != "" || labels[note] != "" {
			return nil
		}
	}
	if len(keys) == 0 || validate.TextAt(o.Tree, "type") == "kubernetes.io/service-account-token" {
		return nil
	}
	return keys
}

// fillers are annotations and labels of a ConfigMap or Secret into which a controller writes more keys.
// Sources: the documentation of reflector, kubernetes-replicator, OpenShift's service-ca-operator and cluster network
// operator, argocd-vault-plugin and Vault's bank-vaults webhook.
var fillers = []string{
	"reflector.v1.k8s.emberstack.com/reflects", "replicator.v1.mittwald.de/replicate-from",
	"service.beta.openshift.io/inject-cabundle", "config.openshift.io/inject-trusted-cabundle",
	"avp.kubernetes.io/path", "kubernetes.io/service-account.name",
}

// mayMake says whether a missing object, which an app refers to, may be made by something that nobody can read the result
// of: the distribution, a deployment of others in that namespace, an operator that names things after its custom resource, or
// for Secrets and ConfigMaps, a container that is told the name or may write it.
func (x *index) mayMake(app string, key render.Key) bool {
	if slices.Contains(systemSpaces, key.Namespace) || x.foreign[key.Namespace] && key.Namespace != "" {
		return true
	}
	for _, name := range x.opaque[key.Namespace] {
		if key.Name == name || strings.HasPrefix(key.Name, name+"-") {
			return true
		}
	}
	if key.Kind != "Secret" && key.Kind != "ConfigMap" {
		return false
	}
	if x.mentions == nil {
		x.mentions = map[string]map[string]bool{}
		for _, t := range x.targets {
			if t.object != nil {
				mention(x.mentions, t.object)
			}
		}
	}
	return x.mentions[key.Namespace][key.Name] || x.creators()[app]
}

// systemSpaces are the distribution's.
var systemSpaces = []string{"kube-system", "kube-public", "kube-node-lease"}

// mention collects the names in what containers are told and what roles may write: jobs and controllers that make
// Secrets themselves are told, or allowed, their names.
func mention(all map[string]map[string]bool, o *render.Object) {
	space := o.Key.Namespace
	note := func(v any) {
		text, _ := v.(string)
		if text == "" {
			return
		}
		if all[space] == nil {
			all[space] = map[string]bool{}
		}
		for _, name := range strings.FieldsFunc(text, func(c rune) bool { return !nameable(string(c)) || c == ':' }) {
			all[space][name] = true
		}
	}
	if spec, _, ok := podSpec(o); ok {
		for _, path := range []string{"containers.[].args.[]", "containers.[].command.[]", "containers.[].env.[].value", "initContainers.[].args.[]", "initContainers.[].command.[]", "initContainers.[].env.[].value"} {
			each(spec, path, func(v any, _ render.Path) { note(v) })
		}
	}
	switch o.Key.GroupKind() {
	case "Role.rbac.authorization.k8s.io":
		each(o.Tree, "rules.[]", func(rule any, _ render.Path) {
			verbs := validate.ListAt(rule, "verbs")
			if slices.Contains(verbs, any("create")) || slices.Contains(verbs, any("update")) || slices.Contains(verbs, any("patch")) || slices.Contains(verbs, any("*")) {
				each(rule, "resourceNames.[]", func(v any, _ render.Path) { note(v) })
			}
		})
	case "ConfigMap":
		each(o.Tree, "data.{}", func(v any, _ render.Path) {
			if text, _ := v.(string); strings.Contains(text, "kubectl ") || strings.Contains(text, "/api/v1/namespaces/") {
				note(v)
			}
		})
	}
}
