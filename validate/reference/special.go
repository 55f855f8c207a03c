package reference

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// special adds what is made in ways that no row of a table can say: with keys that follow from fields, into other namespaces, or
// by what charts and Kustomizations bring that are not rendered here.
func (x *index) special(kind string, o *render.Object) {
	switch kind {
	case "Certificate.cert-manager.io":
		x.certificate(o)
	case "Ingress.networking.k8s.io", "Gateway.gateway.networking.k8s.io":
		x.shim(o)
	case "ExternalSecret.external-secrets.io":
		x.external(o, validate.ValueAt(o.Tree, "spec"), o.Key.Name, o.Key.Namespace)
	case "ClusterExternalSecret.external-secrets.io":
		name := validate.TextAt(o.Tree, "spec", "externalSecretName")
		if name == "" {
			name = o.Key.Name
		}
		x.external(o, validate.ValueAt(o.Tree, "spec", "externalSecretSpec"), name, "*")
	case "SealedSecret.bitnami.com":
		x.sealed(o)
	case "Bundle.trust.cert-manager.io":
		x.bundle(o)
	case "Secret", "ConfigMap":
		if t := x.targets[x.place(o.Key)]; t != nil {
			x.reflected(o.Key, words(o.Tree, "metadata", "annotations"), t.keys)
		}
		if kind == "ConfigMap" && o.Key.Name == "longhorn-storageclass" {
			// Source: longhorn chart/templates/storageclass.yaml, read by longhorn-manager's driver deployer.
			x.put(keyOf("StorageClass.storage.k8s.io", "", "longhorn"), target{})
			x.put(keyOf("StorageClass.storage.k8s.io", "", "longhorn-static"), target{})
		}
	case "Service":
		if name := words(o.Tree, "metadata", "annotations")["service.beta.openshift.io/serving-cert-secret-name"]; name != "" {
			x.put(keyOf("Secret", o.Key.Namespace, name), target{keys: set("tls.crt", "tls.key")})
		}
	case "StatefulSet.apps":
		x.claims(o)
	case "ClusterPolicy.kyverno.io", "Policy.kyverno.io":
		each(o.Tree, "spec.rules.[].generate", func(v any, _ render.Path) {
			if name := validate.TextAt(v, "name"); name != "" {
				x.put(keyOf(validate.TextAt(v, "kind"), "*", name), target{open: true})
			}
		})
	case "HelmChart.helm.cattle.io", "HelmRelease.helm.toolkit.fluxcd.io", "Kustomization.kustomize.toolkit.fluxcd.io", "Application.argoproj.io":
		x.nested(o)
	}
	if !o.Key.BuiltIn() {
		x.generated(o)
	}
}

// nested marks the namespace of what is deployed by others, on the word of this object: what is in it is not known. Rendering it
// too was refused: its chart and values may be anywhere, and a stack that wants them judged has them as apps.
func (x *index) nested(o *render.Object) {
	if o.Key.Kind == "Application" && x.apps[o.Key.Name] {
		return // an app of the plan, and judged as such
	}
	space := o.Key.Namespace
	for _, at := range [][]string{{"spec", "targetNamespace"}, {"spec", "destination", "namespace"}} {
		if named := validate.TextAt(o.Tree, at...); named != "" {
			space = named
		}
	}
	x.foreign[space] = true
}

// generated adds the Secrets that fields of custom resources ask for: crossplane's connection details, and passwords
// with generate: true (mariadb-operator GeneratedSecretKeyRef).
func (x *index) generated(o *render.Object) {
	if name := validate.TextAt(o.Tree, "spec", "writeConnectionSecretToRef", "name"); name != "" {
		space := validate.TextAt(o.Tree, "spec", "writeConnectionSecretToRef", "namespace")
		if space == "" {
			space = o.Key.Namespace
		}
		x.put(keyOf("Secret", space, name), target{})
	}
	if o.Key.Group == "k8s.mariadb.com" {
		each(o.Tree, "spec.{}", func(v any, _ render.Path) {
			if validate.ValueAt(v, "generate") == true {
				x.put(keyOf("Secret", o.Key.Namespace, validate.TextAt(v, "name")), target{})
			}
		})
	}
}

// certificate adds the Secret of a Certificate, with every key that it may have: which formats and keystores are asked for is
// not compared, as a key that is wanted and not asked for is rare. Source: cert-manager docs usage/certificate, additional output formats.
func (x *index) certificate(o *render.Object) {
	name := validate.TextAt(o.Tree, "spec", "secretName")
	keys := set("tls.crt", "tls.key", "ca.crt", "tls-combined.pem", "key.der", "keystore.jks", "truststore.jks", "keystore.p12", "truststore.p12")
	x.put(keyOf("Secret", o.Key.Namespace, name), target{keys: keys})
	x.reflected(keyOf("Secret", o.Key.Namespace, name), words(o.Tree, "spec", "secretTemplate", "annotations"), keys)
}

// shim adds the Secrets that cert-manager makes for an Ingress or Gateway that asks. Source: cert-manager docs
// usage/ingress, usage/gateway.
func (x *index) shim(o *render.Object) {
	notes := words(o.Tree, "metadata", "annotations")
	asked := notes["kubernetes.io/tls-acme"] == "true"
	for _, note := range []string{"cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "certmanager.k8s.io/cluster-issuer", "certmanager.k8s.io/issuer"} {
		asked = asked || notes[note] != ""
	}
	if !asked {
		return
	}
	see := func(v any, _ render.Path) {
		if name, _ := v.(string); name != "" {
			x.put(keyOf("Secret", o.Key.Namespace, name), target{keys: set("tls.crt", "tls.key", "ca.crt")})
		}
	}
	each(o.Tree, "spec.tls.[].secretName", see)
	each(o.Tree, "spec.listeners.[].tls.certificateRefs.[].name", see)
}

// external adds the Secret of an ExternalSecret. Its keys are known where each is named: dataFrom takes over whatever the backend
// has, a template replaces the keys unless it is merged, and one of templateFrom is a text that only the operator reads. Source: external-secrets docs
// api/externalsecret, guides/templating.
func (x *index) external(o *render.Object, spec any, name, space string) {
	to := validate.ValueAt(spec, "target")
	if named := validate.TextAt(to, "name"); named != "" {
		name = named
	}
	keys := map[string]bool{}
	each(spec, "data.[].secretKey", func(v any, _ render.Path) {
		if s, ok := v.(string); ok {
			keys[s] = true
		}
	})
	if templated := validate.MappingAt(to, "template", "data"); len(templated) > 0 && validate.TextAt(to, "template", "mergePolicy") != "Merge" {
		keys = map[string]bool{}
		for k := range templated {
			keys[k] = true
		}
	} else if len(validate.ListAt(spec, "dataFrom")) > 0 {
		keys = nil
	}
	if validate.ListAt(to, "template", "templateFrom") != nil {
		keys = nil
	}
	kind := "Secret"
	if named := validate.TextAt(to, "manifest", "kind"); named != "" {
		kind, keys = named, nil
	}
	x.put(keyOf(kind, space, name), target{keys: keys})
	if space != "*" {
		x.reflected(keyOf("Secret", space, name), words(to, "template", "metadata", "annotations"), keys)
	}
}

// sealed adds the Secret of a SealedSecret, which has the same name and the same keys, sealed or of the template. Source: sealed-secrets README, templates.
func (x *index) sealed(o *render.Object) {
	keys := map[string]bool{}
	for _, part := range []map[string]any{validate.MappingAt(o.Tree, "spec", "encryptedData"), validate.MappingAt(o.Tree, "spec", "template", "data")} {
		for k := range part {
			keys[k] = true
		}
	}
	x.put(keyOf("Secret", o.Key.Namespace, o.Key.Name), target{keys: keys})
	x.reflected(keyOf("Secret", o.Key.Namespace, o.Key.Name), words(o.Tree, "spec", "template", "metadata", "annotations"), keys)
}

// bundle adds what trust-manager writes into every namespace. Source: trust-manager docs API reference.
func (x *index) bundle(o *render.Object) {
	for part, kind := range map[string]string{"configMap": "ConfigMap", "secret": "Secret"} {
		if to := validate.MappingAt(o.Tree, "spec", "target", part); to != nil {
			keys := set(validate.TextAt(to, "key"))
			if validate.ValueAt(o.Tree, "spec", "target", "additionalFormats") != nil {
				keys = nil
			}
			x.put(keyOf(kind, "*", o.Key.Name), target{keys: keys})
		}
	}
}

// reflected adds the copies that annotations ask for. Sources: reflector README (namespaces are regular expressions,
// none is all), kubernetes-replicator README, config-syncer (kubed) docs.
func (x *index) reflected(of render.Key, notes map[string]string, keys map[string]bool) {
	const reflector = "reflector.v1.k8s.emberstack.com/reflection-"
	var into string
	switch {
	case notes[reflector+"auto-enabled"] == "true":
		into = notes[reflector+"auto-namespaces"]
		if into == "" {
			into = notes[reflector+"allowed-namespaces"]
		}
	case notes["replicator.v1.mittwald.de/replicate-to"] != "":
		into = notes["replicator.v1.mittwald.de/replicate-to"]
	case notes["replicator.v1.mittwald.de/replicate-to-matching"] != "":
	default:
		if _, synced := notes["kubed.appscode.com/sync"]; !synced {
			return
		}
	}
	var patterns []string
	for p := range strings.SplitSeq(into, ",") {
		if p = strings.TrimSpace(p); p != "" {
			patterns = append(patterns, p)
		}
	}
	x.copies = append(x.copies, copied{kind: of.Kind, name: of.Name, keys: keys, into: func(namespace string) bool {
		if len(patterns) == 0 {
			return true
		}
		for _, p := range patterns {
			if ok, _ := path.Match(p, namespace); ok {
				return true
			}
			if ok, err := regexp.MatchString("^(?:"+p+")$", namespace); ok && err == nil {
				return true
			}
		}
		return false
	}})
}

// mostClaims bounds the claims of one set: replicas may be any number, and no cluster has more Pods of one.
const mostClaims = 10_000

// claims adds the volume claims that a StatefulSet makes: TEMPLATE-SET-ORDINAL, from spec.ordinals.start on.
// Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go, getPersistentVolumeClaimName and getStartOrdinal.
func (x *index) claims(o *render.Object) {
	start, _ := validate.NumberAt(o.Tree, "spec", "ordinals", "start")
	replicas, ok := validate.NumberAt(o.Tree, "spec", "replicas")
	if !ok {
		replicas = 1
	}
	each(o.Tree, "spec.volumeClaimTemplates.[].metadata.name", func(v any, _ render.Path) {
		name, _ := v.(string)
		for i := range min(replicas, mostClaims) {
			x.put(keyOf("PersistentVolumeClaim", o.Key.Namespace, name+"-"+o.Key.Name+"-"+strconv.FormatInt(start+i, 10)), target{})
		}
	})
}

// builtIn adds what every cluster has, and what its distribution brings. Of a distribution that is not known
// nothing is added: better a finding that is suppressed once than a name that only another cluster has.
// Sources: kubernetes docs (service accounts, priority classes, default roles), k3s docs networking and storage.
func (x *index) builtIn(cluster render.Cluster) {
	x.put(keyOf("Service", "default", "kubernetes"), target{ports: []port{{name: "https", number: 443}}})
	x.put(keyOf("Service", "kube-system", "kube-dns"), target{open: true})
	x.put(keyOf("ServiceAccount", "*", "default"), target{})
	x.put(keyOf("ConfigMap", "*", "kube-root-ca.crt"), target{keys: set("ca.crt")})
	x.put(keyOf("ConfigMap", "*", "istio-ca-root-cert"), target{keys: set("root-cert.pem")}) // istiod's, where there is one
	for _, name := range []string{"system-cluster-critical", "system-node-critical"} {
		x.put(keyOf("PriorityClass.scheduling.k8s.io", "", name), target{})
	}
	for _, name := range []string{"cluster-admin", "admin", "edit", "view"} {
		x.put(keyOf("ClusterRole.rbac.authorization.k8s.io", "", name), target{})
	}
	x.put(keyOf("Role.rbac.authorization.k8s.io", "kube-system", "extension-apiserver-authentication-reader"), target{})
	for _, name := range []string{"extension-apiserver-authentication", "coredns"} {
		x.put(keyOf("ConfigMap", "kube-system", name), target{})
	}
	switch cluster.Distribution {
	case "k3s", "rke2":
		x.put(keyOf("Service", "kube-system", "metrics-server"), target{open: true})
		x.put(keyOf("Service", "kube-system", "traefik"), target{open: true})
		x.put(keyOf("IngressClass.networking.k8s.io", "", "traefik"), target{})
		x.put(keyOf("StorageClass.storage.k8s.io", "", "local-path"), target{})
	case "openshift":
		x.put(keyOf("ServiceAccount", "*", "builder"), target{})
		x.put(keyOf("ServiceAccount", "*", "deployer"), target{})
		x.put(keyOf("ServiceAccount", "*", "pipeline"), target{})
		x.put(keyOf("ConfigMap", "*", "openshift-service-ca.crt"), target{keys: set("service-ca.crt")})
	}
}

// set makes a set of words.
func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
