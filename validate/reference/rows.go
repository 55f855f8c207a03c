package reference

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// row is a field of some kinds that names another object.
type row struct {
	rule string
	from string // kinds as "Kind.group", separated by spaces
	// at leads to the name, or to a mapping that holds it: keys separated by dots, "[]" for every element of a list, "{}"
	// for every value of a mapping, and after "~" one key to the end.
	at string
	to string // the kind; where the mapping has a kind of its own, any of several, the first being meant where it has none
	// name is the field of the mapping that holds the name, "name" unless said.
	name string
	// needs are keys that the Secret or ConfigMap must have, separated by commas.
	needs string
}

// compiled is a row made ready for walking.
type compiled struct {
	row
	steps []string
	to    []string
}

// compile orders rows by the kinds that they are about.
func compile(rows []row) map[string][]compiled {
	all := map[string][]compiled{}
	for _, r := range rows {
		c := compiled{row: r, steps: steps(r.at), to: strings.Fields(r.to)}
		for kind := range strings.FieldsSeq(r.from) {
			all[kind] = append(all[kind], c)
		}
	}
	return all
}

// compilePods makes the rows about Pods ready.
func compilePods() []compiled {
	var all []compiled
	for _, r := range podRows {
		all = append(all, compiled{row: r, steps: steps(r.at), to: strings.Fields(r.to)})
	}
	return all
}

// steps cuts a path of a row.
func steps(at string) []string {
	at, last, found := strings.Cut(at, ".~")
	list := strings.Split(at, ".")
	if found {
		list = append(list, last)
	}
	return list
}

// row follows the references of one row. The path is that of the walk and changes with it, so what is kept of it is a copy.
func (j *judge) row(r compiled, tree any, at render.Path) {
	walk(tree, r.steps, at, func(v any, at render.Path) {
		switch v := v.(type) {
		case string:
			// Of the fields that may be references of a name of its own, those that are text are settings: a region, a compression.
			if v == "" || j.blank(at) || r.steps[len(r.steps)-1] == "{}" {
				return
			}
			to := keyOf(r.to[0], j.object.Key.Namespace, v)
			j.wants(r, lead{rule: r.rule, to: to, field: slices.Clone(at)})
		case map[string]any:
			j.mapped(r, v, at)
		}
	})
}

// mapped follows a reference that is a mapping: {name, kind, namespace, key, optional, items}. A kind or group that the row does
// not know is somebody else's, e.g. an issuer of a cloud, and nothing is known of it. A namespace is followed where one is
// stated: whether the operator allows it is not looked up, as a name that is nowhere is wrong either way.
func (j *judge) mapped(r compiled, v map[string]any, at render.Path) {
	field := r.name
	if field == "" {
		field = "name"
	}
	name, nameAt, ok := j.text(v, at, field)
	if !ok {
		return
	}
	kind := r.to[0]
	if said, _ := v["kind"].(string); said != "" {
		i := slices.IndexFunc(r.to, func(k string) bool { k, _, _ = strings.Cut(k, "."); return k == said })
		if i < 0 {
			return
		}
		kind = r.to[i]
	}
	for _, f := range []string{"group", "apiGroup"} {
		if _, group, _ := strings.Cut(kind, "."); validate.TextAt(v, f) != "" && validate.TextAt(v, f) != group {
			return
		}
	}
	space := j.object.Key.Namespace
	if said, _ := v["namespace"].(string); said != "" {
		space = said
	}
	l := lead{rule: r.rule, to: keyOf(kind, space, name), field: nameAt, optional: v["optional"] == true}
	if kind == "Secret" || kind == "ConfigMap" {
		if key, keyAt, ok := j.text(v, at, "key"); ok {
			l.key, l.keyField = key, keyAt
		}
	}
	t := j.wants(r, l)
	if t == nil || t.keys == nil || l.optional {
		return
	}
	for i, item := range validate.ListAt(v, "items") {
		l.key, l.keyField, ok = j.text(item, at.With("items", i), "key")
		if ok {
			j.holds(l, t)
		}
	}
}

// wants follows a reference and holds the target to the keys that the row needs.
func (j *judge) wants(r compiled, l lead) *target {
	t, ok := j.follow(l)
	if !ok {
		return nil
	}
	if r.needs == "" || t.keys == nil || l.optional {
		return t
	}
	for key := range strings.SplitSeq(r.needs, ",") {
		if !t.keys[key] {
			j.say(missingKey, validate.Error, l.field, fmt.Sprintf("%s is %q, and %s has no key %q, which is looked for%s",
				l.field, l.to.Name, l.to, key, hint(key, keysOf(t.keys))))
		}
	}
	return t
}

// holds says where a target lacks the key that a reference asks for. The key is what a person wrote; the values beside
// it are never read.
func (j *judge) holds(l lead, t *target) {
	if l.key == "" || l.optional || t.keys == nil || t.keys[l.key] {
		return
	}
	j.say(missingKey, validate.Error, l.keyField, fmt.Sprintf("%s is %q, and %s has no such key%s",
		l.keyField, l.key, l.to, hint(l.key, keysOf(t.keys))))
}

// podRows are about the spec of Pods. Source: Kubernetes API reference, PodSpec.
var podRows = slices.Concat(
	containerRows("containers"), containerRows("initContainers"),
	[]row{
		{rule: missingConfig, at: "volumes.[].secret", to: "Secret", name: "secretName"},
		{rule: missingConfig, at: "volumes.[].configMap", to: "ConfigMap"},
		{rule: missingConfig, at: "volumes.[].projected.sources.[].secret", to: "Secret"},
		{rule: missingConfig, at: "volumes.[].projected.sources.[].configMap", to: "ConfigMap"},
		{rule: missingConfig, at: "volumes.[].csi.nodePublishSecretRef", to: "Secret"},
		{rule: missingVolume, at: "volumes.[].persistentVolumeClaim", to: "PersistentVolumeClaim", name: "claimName"},
		{rule: missingPull, at: "imagePullSecrets.[]", to: "Secret"},
		{rule: missingAccount, at: "serviceAccountName", to: "ServiceAccount"},
		{rule: missingClass, at: "priorityClassName", to: "PriorityClass.scheduling.k8s.io"},
		{rule: missingClass, at: "runtimeClassName", to: "RuntimeClass.node.k8s.io"},
	})

func containerRows(list string) []row {
	return []row{
		{rule: missingConfig, at: list + ".[].env.[].valueFrom.secretKeyRef", to: "Secret"},
		{rule: missingConfig, at: list + ".[].env.[].valueFrom.configMapKeyRef", to: "ConfigMap"},
		{rule: missingConfig, at: list + ".[].envFrom.[].secretRef", to: "Secret"},
		{rule: missingConfig, at: list + ".[].envFrom.[].configMapRef", to: "ConfigMap"},
	}
}

// rows are about all other kinds.
var rows = slices.Concat(plainRows, certRows, traefikRows, monitorRows, databaseRows, platformRows)

// plainRows are about the built-in kinds. Source: Kubernetes API reference.
var plainRows = []row{
	{rule: missingConfig, from: "Ingress.networking.k8s.io", at: "spec.tls.[].secretName", to: "Secret", needs: "tls.crt,tls.key"},
	{rule: missingClass, from: "Ingress.networking.k8s.io", at: "spec.ingressClassName", to: "IngressClass.networking.k8s.io"},
	{rule: missingClass, from: "PersistentVolumeClaim", at: "spec.storageClassName", to: "StorageClass.storage.k8s.io"},
	{rule: missingClass, from: "StatefulSet.apps", at: "spec.volumeClaimTemplates.[].spec.storageClassName", to: "StorageClass.storage.k8s.io"},
	{rule: missingVolume, from: "PersistentVolumeClaim", at: "spec.volumeName", to: "PersistentVolume"},
	{rule: setService, from: "StatefulSet.apps", at: "spec.serviceName", to: "Service"},
	{rule: missingPull, from: "ServiceAccount", at: "imagePullSecrets.[]", to: "Secret"},
	{
		rule: roleBinding, from: "RoleBinding.rbac.authorization.k8s.io ClusterRoleBinding.rbac.authorization.k8s.io", at: "roleRef",
		to: "ClusterRole.rbac.authorization.k8s.io Role.rbac.authorization.k8s.io",
	},
	{rule: operatorRef, from: "VolumeSnapshot.snapshot.storage.k8s.io", at: "spec.source.persistentVolumeClaimName", to: "PersistentVolumeClaim"},
}

// certRows are about cert-manager. Source: its API reference.
var certRows = []row{
	{
		rule: missingIssuer, from: "Certificate.cert-manager.io CertificateRequest.cert-manager.io", at: "spec.issuerRef",
		to: "Issuer.cert-manager.io ClusterIssuer.cert-manager.io",
	},
	{rule: missingIssuer, from: "Ingress.networking.k8s.io Gateway.gateway.networking.k8s.io", at: "metadata.annotations.~cert-manager.io/issuer", to: "Issuer.cert-manager.io"},
	{rule: missingIssuer, from: "Ingress.networking.k8s.io Gateway.gateway.networking.k8s.io", at: "metadata.annotations.~cert-manager.io/cluster-issuer", to: "ClusterIssuer.cert-manager.io"},
	{rule: missingConfig, from: "Issuer.cert-manager.io", at: "spec.ca.secretName", to: "Secret", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: "Issuer.cert-manager.io", at: "spec.acme.solvers.[].dns01.{}.{}", to: "Secret"},
	{rule: missingConfig, from: "Certificate.cert-manager.io", at: "spec.keystores.{}.passwordSecretRef", to: "Secret"},
}

const (
	routesOf   = "IngressRoute.traefik.io IngressRoute.traefik.containo.us IngressRouteTCP.traefik.io IngressRouteTCP.traefik.containo.us"
	middleware = "Middleware.traefik.io Middleware.traefik.containo.us"
)

// traefikRows are about Traefik's own kinds. Source: its Kubernetes CRD reference.
var traefikRows = []row{
	{rule: missingConfig, from: routesOf, at: "spec.tls.secretName", to: "Secret", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: "TLSStore.traefik.io TLSStore.traefik.containo.us", at: "spec.defaultCertificate", to: "Secret", name: "secretName", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: "TLSStore.traefik.io TLSStore.traefik.containo.us", at: "spec.certificates.[]", to: "Secret", name: "secretName", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: "TLSOption.traefik.io TLSOption.traefik.containo.us", at: "spec.clientAuth.secretNames.[]", to: "Secret"},
	{rule: missingConfig, from: middleware, at: "spec.basicAuth.secret", to: "Secret"},
	{rule: missingConfig, from: middleware, at: "spec.digestAuth.secret", to: "Secret"},
	{rule: missingConfig, from: middleware, at: "spec.forwardAuth.tls.caSecret", to: "Secret"},
	{rule: missingConfig, from: middleware, at: "spec.forwardAuth.tls.certSecret", to: "Secret", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: "ServersTransport.traefik.io ServersTransport.traefik.containo.us", at: "spec.rootCAsSecrets.[]", to: "Secret"},
	{rule: missingConfig, from: "ServersTransport.traefik.io ServersTransport.traefik.containo.us", at: "spec.certificatesSecrets.[]", to: "Secret", needs: "tls.crt,tls.key"},
}

const endpoints = "ServiceMonitor.monitoring.coreos.com"

// monitorRows are about prometheus-operator. Source: its API reference.
var monitorRows = []row{
	{rule: missingConfig, from: endpoints, at: "spec.endpoints.[].bearerTokenSecret", to: "Secret"},
	{rule: missingConfig, from: endpoints, at: "spec.endpoints.[].authorization.credentials", to: "Secret"},
	{rule: missingConfig, from: endpoints, at: "spec.endpoints.[].basicAuth.{}", to: "Secret"},
	{rule: missingConfig, from: endpoints, at: "spec.endpoints.[].tlsConfig.{}.secret", to: "Secret"},
	{rule: missingConfig, from: endpoints, at: "spec.endpoints.[].tlsConfig.{}.configMap", to: "ConfigMap"},
	{rule: missingConfig, from: endpoints, at: "spec.endpoints.[].tlsConfig.keySecret", to: "Secret"},
	{rule: missingConfig, from: "Prometheus.monitoring.coreos.com", at: "spec.additionalScrapeConfigs", to: "Secret"},
	{rule: missingConfig, from: "Prometheus.monitoring.coreos.com Alertmanager.monitoring.coreos.com", at: "spec.secrets.[]", to: "Secret"},
	{rule: missingConfig, from: "Prometheus.monitoring.coreos.com Alertmanager.monitoring.coreos.com", at: "spec.configMaps.[]", to: "ConfigMap"},
	{
		rule: missingAccount, at: "spec.serviceAccountName", to: "ServiceAccount",
		from: "Prometheus.monitoring.coreos.com Alertmanager.monitoring.coreos.com PrometheusAgent.monitoring.coreos.com ThanosRuler.monitoring.coreos.com",
	},
}
