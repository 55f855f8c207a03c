package reference

import (
	"slices"
	"strings"
	"testing"

	"sluice/render"
)

// workload is a Deployment with a label, more of a pod spec, and a container with more fields.
func workload(name, spec, container string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + "}\nspec:\n  selector: {matchLabels: {app: " + name + "}}\n  template:\n    metadata: {labels: {app: " + name +
		"}}\n    spec: {" + spec + "containers: [{name: main, image: \"registry.example.com/main:1\"" + container + "}]}\n---\n"
}

func object(apiVersion, kind, metadata, rest string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {" + metadata + "}\n" + rest + "\n---\n"
}

const (
	cert    = "cert-manager.io/v1"
	traefik = "traefik.io/v1alpha1"
	gwapi   = "gateway.networking.k8s.io/v1"
	netapi  = "networking.k8s.io/v1"
)

// TestCases judges stacks of one app "shop" in the namespace "shop", or of several. Each finding that is wanted is there,
// by the beginning of its line or a part of it, and none else.
func TestCases(t *testing.T) {
	service := func(selector, port string) string {
		return object("v1", "Service", "name: main, labels: {app: main}", "spec: {selector: {"+selector+"}, ports: [{name: http, port: 80, targetPort: "+port+"}]}")
	}
	ports := ", ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]"
	rollout := func(strategy string) string {
		return object("argoproj.io/v1alpha1", "Rollout", "name: main", "spec: {strategy: {"+strategy+"}, selector: {matchLabels: {app: main}}, template: {metadata: {labels: {app: main}}, spec: {containers: [{name: main, image: \"registry.example.com/main:1\""+ports+"}]}}}")
	}
	env := func(ref string) string { return ", env: [{name: A, valueFrom: {" + ref + "}}]" }
	for name, c := range map[string]struct {
		text string
		more []part
		want []string
	}{
		"label missing, may come later": {text: workload("main", "", ports) + service("app: main, tier: web", "http"), want: []string{"warning dangling-service spec.selector selects no Pod: none of namespace shop has app=main,tier=web; nearest are those of Deployment main: they have no tier"}},
		"label otherwise":               {text: workload("main", "", ports) + service("app: mian", "http"), want: []string{"error dangling-service"}},
		"runtime label":                 {text: workload("main", "", ports) + service("app: main, vault-active: \"true\"", "http")},
		"protocol":                      {text: workload("main", "", ports) + service("app: main", "dns"), want: []string{`error service-target-port spec.ports[0].targetPort is "dns", and no container of Deployment main has a port of that name, only one for UDP, and the Service's is for TCP`}},
		"number need not be declared":   {text: workload("main", "", ports) + service("app: main", "9999")},
		"port of what runs before":      {text: workload("main", "initContainers: [{name: first, image: a, ports: [{name: http, containerPort: 80}]}], ", "") + service("app: main", "http"), want: []string{"error service-target-port"}},
		"port of what runs beside":      {text: workload("main", "initContainers: [{name: first, image: a, restartPolicy: Always, ports: [{name: http, containerPort: 80}]}], ", "") + service("app: main", "http")},
		"external name":                 {text: object("v1", "Service", "name: main", "spec: {type: ExternalName, externalName: shop.example.com, selector: {app: main}}")},
		"pods in another app":           {text: service("app: main", "http"), more: []part{{"other", "shop", workload("main", "", ports)}}},
		"pods in another namespace":     {text: service("app: main", "http"), more: []part{{"other", "blog", workload("main", "", ports)}}, want: []string{"warning dangling-service"}},
		"pods of an operator":           {text: object("postgresql.cnpg.io/v1", "Cluster", "name: pg", "spec: {instances: 1}") + object("v1", "Service", "name: lb", "spec: {selector: {cnpg.io/cluster: pg, role: primary}, ports: [{port: 5432, targetPort: postgres}]}")},
		"pods of a canary":              {text: rollout("canary: {canaryMetadata: {labels: {role: canary, track: new}}}") + service("app: main, track: new", "http")},
		"pods of a preview":             {text: rollout("blueGreen: {previewMetadata: {labels: {track: new}}}") + service("track: new", "http")},
		"pods of an experiment":         {text: rollout("canary: {steps: [{setWeight: 1}, {experiment: {templates: [{name: new, specRef: canary, metadata: {labels: {app: new}}}]}}]}") + service("app: new", "htpt"), want: []string{`error service-target-port spec.ports[0].targetPort is "htpt"`}},
		"pods of no experiment":         {text: rollout("canary: {steps: [{experiment: {templates: [{name: new, specRef: canary, metadata: {labels: {app: new}}}]}}]}") + service("app: newer", "http"), want: []string{"dangling-service spec.selector selects no Pod"}},
		"pods of a referred rollout":    {text: object("argoproj.io/v1alpha1", "Rollout", "name: main", "spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: elsewhere}, strategy: {canary: {canaryMetadata: {labels: {track: new}}}}}") + service("app: main, track: new", "http")},
		"pods that label themselves":    {text: strings.Replace(workload("longhorn-manager", "", ports), "Deployment", "DaemonSet", 1) + service("longhorn.io/recovery-backend: longhorn-recovery-backend", "http")},
		"pods that nothing labels":      {text: strings.Replace(workload("manager", "", ports), "Deployment", "DaemonSet", 1) + service("longhorn.io/recovery-backend: longhorn-recovery-backend", "http"), want: []string{"warning dangling-service"}},
		"settings beside a secret":      {text: object(cert, "Issuer", "name: main", "spec: {acme: {solvers: [{dns01: {route53: {region: eu-west-1, secretAccessKeySecretRef: {name: keys, key: a}}}}]}}"), want: []string{"warning missing-config spec.acme.solvers[0].dns01.route53.secretAccessKeySecretRef.name is \"keys\""}},
		"pods of another cluster":       {text: object("postgresql.cnpg.io/v1", "Cluster", "name: pg", "spec: {instances: 1}") + object("v1", "Service", "name: lb", "spec: {selector: {cnpg.io/cluster: gp}, ports: [{port: 5432}]}"), want: []string{"error dangling-service"}},
		"pods of another mariadb":       {text: object("k8s.mariadb.com/v1alpha1", "MariaDB", "name: db", "spec: {}") + object("v1", "Service", "name: lb", "spec: {selector: {app.kubernetes.io/name: mariadb, app.kubernetes.io/instance: bd}, ports: [{port: 3306}]}"), want: []string{"error dangling-service"}},
		"beside an operator's pods":     {text: object("postgresql.cnpg.io/v1", "Cluster", "name: pg", "spec: {instances: 1}") + service("app: main", "http"), want: []string{"warning dangling-service"}},
		"all but some":                  {text: workload("main", "", "") + object("policy/v1", "PodDisruptionBudget", "name: a", "spec: {selector: {matchExpressions: [{key: app, operator: NotIn, values: [main]}]}}"), want: []string{"warning dangling-poddisruptionbudget spec.selector selects no Pod: none of namespace shop has app NotIn main"}},
		"an expression of nothing":      {text: workload("main", "", "") + object("policy/v1", "PodDisruptionBudget", "name: a", "spec: {selector: {matchExpressions: [{key: app, operator: In}]}}")},
		"an operator that is none":      {text: workload("main", "", "") + object("policy/v1", "PodDisruptionBudget", "name: a", "spec: {selector: {matchExpressions: [{key: app, operator: Is, values: [a]}]}}")},
		"none of some":                  {text: workload("main", "", "") + object("policy/v1", "PodDisruptionBudget", "name: a", "spec: {selector: {matchExpressions: [{key: tier, operator: NotIn, values: [main]}]}}")},
		"unknown custom resource":       {text: object("example.com/v1", "Thing", "name: thing", "spec: {}") + service("app: main", "http")},

		"missing secret":          {text: workload("main", "", env("secretKeyRef: {name: creds, key: a}")), want: []string{`warning missing-config spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name is "creds", and the stack has no Secret shop/creds`}},
		"optional secret":         {text: workload("main", "", env("secretKeyRef: {name: creds, key: a, optional: true}"))},
		"optional key":            {text: object("v1", "Secret", "name: creds", "stringData: {b: x}") + workload("main", "", env("secretKeyRef: {name: creds, key: a, optional: true}"))},
		"wrong key":               {text: object("v1", "Secret", "name: creds", "stringData: {password: x}\ndata: {user: eA==}") + workload("main", "", env("secretKeyRef: {name: creds, key: pasword}")), want: []string{`error missing-config-key spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key is "pasword", and Secret shop/creds has no such key; did you mean "password"?`}},
		"name of another":         {text: object("v1", "Secret", "name: creds", "stringData: {a: x}") + workload("main", "", ", envFrom: [{secretRef: {name: cred}}]"), want: []string{`no Secret shop/cred; did you mean "creds"?`}},
		"of another namespace":    {text: workload("main", "", env("secretKeyRef: {name: creds, key: a}")), more: []part{{"other", "blog", object("v1", "Secret", "name: creds", "stringData: {a: x}")}}, want: []string{"warning missing-config"}},
		"filled by somebody":      {text: object("v1", "Secret", "name: creds", "type: Opaque") + object("v1", "ConfigMap", "name: conf", "data: {}") + workload("main", "", ", env: [{name: A, valueFrom: {secretKeyRef: {name: creds, key: user}}}, {name: B, valueFrom: {configMapKeyRef: {name: conf, key: host}}}]")},
		"volume item":             {text: object("v1", "ConfigMap", "name: conf", "data: {app.conf: x}") + workload("main", "volumes: [{name: c, configMap: {name: conf, items: [{key: ap.conf, path: x}]}}], ", ""), want: []string{`error missing-config-key spec.template.spec.volumes[0].configMap.items[0].key is "ap.conf"`}},
		"projected":               {text: object("v1", "ConfigMap", "name: conf", "data: {app.conf: x}") + workload("main", "volumes: [{name: c, projected: {sources: [{configMap: {name: conf}}, {secret: {name: s, optional: true}}, {configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: x}]}}]}}], ", "")},
		"subPath":                 {text: object("v1", "ConfigMap", "name: conf", "data: {app.conf: x}") + workload("main", "volumes: [{name: c, configMap: {name: conf}}], ", ", volumeMounts: [{name: c, mountPath: /etc/app.conf, subPath: app.cnf}]"), want: []string{`error missing-config-key spec.template.spec.containers[0].volumeMounts[0].subPath is "app.cnf"`}},
		"secret of a certificate": {text: object(cert, "Certificate", "name: tls", "spec: {secretName: tls, issuerRef: {name: i}}") + object(cert, "Issuer", "name: i", "spec: {selfSigned: {}}") + workload("main", "", env("secretKeyRef: {name: tls, key: tls.key}"))},
		"key of a certificate":    {text: object(cert, "Certificate", "name: tls", "spec: {secretName: tls, issuerRef: {name: i}}") + object(cert, "Issuer", "name: i", "spec: {selfSigned: {}}") + workload("main", "", env("secretKeyRef: {name: tls, key: tls.pem}")), want: []string{"error missing-config-key"}},
		"secret of cnpg":          {text: object("postgresql.cnpg.io/v1", "Cluster", "name: pg", "spec: {}") + workload("main", "", env("secretKeyRef: {name: pg-app, key: uri}"))},
		"key of cnpg":             {text: object("postgresql.cnpg.io/v1", "Cluster", "name: pg", "spec: {}") + workload("main", "", env("secretKeyRef: {name: pg-app, key: url}")), want: []string{"error missing-config-key"}},
		"generated by mariadb":    {text: object("k8s.mariadb.com/v1alpha1", "MariaDB", "name: db", "spec: {rootPasswordSecretKeyRef: {name: rootpw, key: password, generate: true}}") + workload("main", "", env("secretKeyRef: {name: rootpw, key: password}"))},
		"external secret":         {text: object("external-secrets.io/v1", "ExternalSecret", "name: es", "spec: {target: {name: creds}, data: [{secretKey: a}]}") + workload("main", "", env("secretKeyRef: {name: creds, key: a}"))},
		"key of external secret":  {text: object("external-secrets.io/v1", "ExternalSecret", "name: es", "spec: {target: {name: creds}, data: [{secretKey: a}]}") + workload("main", "", env("secretKeyRef: {name: creds, key: b}")), want: []string{"error missing-config-key"}},
		"external secrets":        {text: workload("main", "", env("secretKeyRef: {name: creds, key: a}")), more: []part{{"secrets", "vault", object("external-secrets.io/v1", "ClusterExternalSecret", "name: all", "spec: {externalSecretName: creds, externalSecretSpec: {data: [{secretKey: a}]}}")}}},
		"external secrets, named": {text: workload("main", "", env("secretKeyRef: {name: all, key: a}")), more: []part{{"secrets", "vault", object("external-secrets.io/v1", "ClusterExternalSecret", "name: all", "spec: {externalSecretSpec: {data: [{secretKey: a}]}}")}}},
		"external secret, all":    {text: object("external-secrets.io/v1", "ExternalSecret", "name: es", "spec: {dataFrom: [{extract: {key: x}}]}") + workload("main", "", env("secretKeyRef: {name: es, key: b}"))},
		"sealed secret":           {text: object("bitnami.com/v1alpha1", "SealedSecret", "name: s", "spec: {encryptedData: {a: x}}") + workload("main", "", env("secretKeyRef: {name: s, key: b}")), want: []string{"error missing-config-key"}},
		"trust bundle":            {text: workload("main", "volumes: [{name: c, configMap: {name: roots, items: [{key: ca.pem, path: x}]}}], ", ""), more: []part{{"trust", "cert", object("trust.cert-manager.io/v1alpha1", "Bundle", "name: roots", "spec: {target: {configMap: {key: ca.pem}}}")}}},
		"reflected":               {text: workload("main", "", env("secretKeyRef: {name: wild, key: tls.key}")), more: []part{{"certs", "cert", object("v1", "Secret", `name: wild, annotations: {reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true", reflector.v1.k8s.emberstack.com/reflection-auto-namespaces: "sh.*,blog"}`, "stringData: {tls.key: x}")}}},
		"reflected elsewhere":     {text: workload("main", "", env("secretKeyRef: {name: wild, key: tls.key}")), more: []part{{"certs", "cert", object("v1", "Secret", `name: wild, annotations: {reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true", reflector.v1.k8s.emberstack.com/reflection-auto-namespaces: "blog"}`, "stringData: {tls.key: x}")}}, want: []string{"warning missing-config"}},
		"made by a job":           {text: workload("main", "volumes: [{name: c, secret: {secretName: webhook-cert}}], ", "") + object("batch/v1", "Job", "name: gen", "spec: {template: {spec: {containers: [{name: a, image: x, args: [\"--secret-name=webhook-cert\"]}]}}}")},
		"made by its account": {text: workload("main", "serviceAccountName: main, volumes: [{name: c, secret: {secretName: webhook-cert}}], ", "") + object("v1", "ServiceAccount", "name: main", "") +
			object("rbac.authorization.k8s.io/v1", "Role", "name: main", "rules: [{resources: [secrets], verbs: [create]}]") +
			object("rbac.authorization.k8s.io/v1", "RoleBinding", "name: main", "roleRef: {kind: Role, name: main}\nsubjects: [{kind: ServiceAccount, name: main}]")},
		"tls secret without key": {text: object("v1", "Secret", "name: tls", "stringData: {cert: x, tls.key: x}") + object(netapi, "Ingress", "name: i", "spec: {tls: [{secretName: tls}]}"), want: []string{`no key "tls.crt"`}},
		"ingress shim":           {text: object(netapi, "Ingress", "name: i, annotations: {cert-manager.io/cluster-issuer: le}", "spec: {tls: [{secretName: tls}]}") + object(cert, "ClusterIssuer", "name: le", "spec: {acme: {}}")},
		"shim without issuer":    {text: object(netapi, "Ingress", "name: i, annotations: {cert-manager.io/cluster-issuer: le}", "spec: {tls: [{secretName: tls}]}"), want: []string{`warning missing-issuer metadata.annotations."cert-manager.io/cluster-issuer" is "le", and the stack has no ClusterIssuer.cert-manager.io le`}},
		"issuer of another kind": {text: object(cert, "Certificate", "name: tls", "spec: {secretName: tls, issuerRef: {name: le}}") + object(cert, "ClusterIssuer", "name: le", "spec: {}"), want: []string{"no Issuer.cert-manager.io shop/le"}},
		"issuer of others":       {text: object(cert, "Certificate", "name: tls", "spec: {secretName: tls, issuerRef: {name: pca, kind: AWSPCAClusterIssuer, group: awspca.cert-manager.io}}")},

		"ingress port":             {text: workload("main", "", ports) + service("app: main", "http") + object(netapi, "Ingress", "name: i", "spec: {rules: [{http: {paths: [{backend: {service: {name: main, port: {name: web}}}}]}}]}"), want: []string{`error route-port spec.rules[0].http.paths[0].backend.service.port.name is "web", and Service shop/main has no such port; it has http`}},
		"ingress to operator":      {text: object("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", "name: es", "spec: {}") + object(netapi, "Ingress", "name: i", "spec: {defaultBackend: {service: {name: es-es-http, port: {number: 9200}}}}")},
		"route in other namespace": {text: object(traefik, "IngressRoute", "name: r", "spec: {routes: [{services: [{name: main, namespace: blog, port: 80}, {name: api@internal, kind: TraefikService}], middlewares: [{name: blog-hsts@kubernetescrd}, {name: x@file}]}]}"), more: []part{{"blog", "blog", workload("main", "", ports) + service("app: main", "http") + object(traefik, "Middleware", "name: hsts", "spec: {}")}}},
		"route wrong":              {text: object(traefik, "IngressRoute", "name: r", "spec: {tls: {options: {name: strict}}, routes: [{services: [{name: main, namespace: blog, port: 8080, serversTransport: tr}], middlewares: [{name: blog-hst@kubernetescrd}]}]}"), more: []part{{"blog", "blog", workload("main", "", ports) + service("app: main", "http") + object(traefik, "Middleware", "name: hsts", "spec: {}")}}, want: []string{"error route-port spec.routes[0].services[0].port is 8080", "warning dangling-route spec.routes[0].middlewares[0].name", "no ServersTransport.traefik.io blog/tr", "no TLSOption.traefik.io shop/strict"}},
		"gateway":                  {text: object(gwapi, "Gateway", "name: gw", "spec: {listeners: [{name: web}]}") + workload("main", "", ports) + service("app: main", "http") + object(gwapi, "HTTPRoute", "name: r", "spec: {parentRefs: [{name: gw, sectionName: wbe}, {name: ms, kind: Service, group: \"\"}], rules: [{backendRefs: [{name: main, port: 81}]}]}"), want: []string{`error route-port spec.parentRefs[0].sectionName is "wbe"`, "error route-port spec.rules[0].backendRefs[0].port is 81"}},

		"grant for others":          {text: object(gwapi, "HTTPRoute", "name: r", "spec: {rules: [{backendRefs: [{name: main, namespace: blog, port: 80}]}]}"), more: []part{{"blog", "blog", workload("main", "", ports) + service("app: main", "http") + object("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "name: g", "spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: elsewhere}], to: [{group: \"\", kind: Service}]}")}}, want: []string{"error missing-reference-grant"}},
		"grant for another target":  {text: object(gwapi, "HTTPRoute", "name: r", "spec: {rules: [{backendRefs: [{name: main, namespace: blog, port: 80}]}]}"), more: []part{{"blog", "blog", workload("main", "", ports) + service("app: main", "http") + object("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "name: g", "spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], to: [{group: \"\", kind: Service, name: other}]}")}}, want: []string{"error missing-reference-grant"}},
		"named namespace":           {text: workload("main", "", "") + object(netapi, "NetworkPolicy", "name: np", "spec: {podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]}]}")},
		"namespace of unknown name": {text: object(netapi, "NetworkPolicy", "name: np", "spec: {podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shpo}}}]}]}"), want: []string{`info dangling-networkpolicypeer-namespaceselector spec.egress[0].to[0].namespaceSelector selects no namespace of the stack: kubernetes.io/metadata.name=shpo; did you mean "shop"?`}},
		"labels nobody knows":       {text: object(netapi, "NetworkPolicy", "name: np", "spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: apps}}}]}]}")},
		"labels of a namespace":     {text: object("v1", "Namespace", "name: shop, labels: {tier: apps}", "") + object(netapi, "NetworkPolicy", "name: np", "spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: aps}}}, {namespaceSelector: {matchExpressions: [{key: tier, operator: In, values: [apps]}]}}]}]}"), want: []string{"namespaceSelector selects no namespace of the stack: tier=aps"}},

		"budgets of one workload": {text: workload("main", "", "") + object("policy/v1", "PodDisruptionBudget", "name: a", "spec: {selector: {matchLabels: {app: main}}}") + object("policy/v1", "PodDisruptionBudget", "name: b", "spec: {selector: {matchLabels: {app: main}}}") + object("policy/v1", "PodDisruptionBudget", "name: c", "spec: {selector: {matchExpressions: [{key: app, operator: Exists}]}}"), want: []string{
			"warning overlapping-poddisruptionbudgets the Pods of Deployment main are selected by PodDisruptionBudget a and 1 more too",
			"warning overlapping-poddisruptionbudgets the Pods of Deployment main are selected by PodDisruptionBudget a and 1 more too",
		}},
		"budget of two workloads": {text: workload("main", "", "") + object("policy/v1", "PodDisruptionBudget", "name: a", "spec: {selector: {matchLabels: {app: main}}}") + object("policy/v1", "PodDisruptionBudget", "name: b", "spec: {selector: {matchExpressions: [{key: app, operator: Exists}]}}"), want: []string{"warning overlapping-poddisruptionbudgets the Pods of Deployment main are selected by PodDisruptionBudget a too"}},
		"scaler of another kind":  {text: workload("main", "", "") + object("autoscaling/v2", "HorizontalPodAutoscaler", "name: h", "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: main}}"), want: []string{"error dangling-horizontalpodautoscaler"}},
		"scaled object":           {text: workload("main", "", "") + object("keda.sh/v1alpha1", "ScaledObject", "name: h", "spec: {scaleTargetRef: {name: main}, triggers: [{authenticationRef: {name: auth}}]}"), want: []string{"warning dangling-operator-ref spec.triggers[0].authenticationRef.name"}},
		"pod monitor":             {text: workload("main", "", ports) + object("monitoring.coreos.com/v1", "PodMonitor", "name: m", "spec: {selector: {matchLabels: {app: main}}, podMetricsEndpoints: [{port: metrics}]}"), want: []string{`error monitor-port spec.podMetricsEndpoints[0].port is "metrics"`}},
		"monitor elsewhere":       {text: object("monitoring.coreos.com/v1", "ServiceMonitor", "name: m", "spec: {namespaceSelector: {matchNames: [blog]}, selector: {matchLabels: {app: main}}, endpoints: [{port: http}]}"), more: []part{{"blog", "blog", workload("main", "", ports) + service("app: main", "http")}}},

		"probe of a number":    {text: workload("main", "", `, livenessProbe: {httpGet: {port: "8080"}}, readinessProbe: {tcpSocket: {port: web}}`), want: []string{`error probe-port spec.template.spec.containers[0].readinessProbe.tcpSocket.port is "web"`}},
		"webhook":              {text: object("v1", "Service", "name: hook", "spec: {ports: [{port: 443}]}") + object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "name: w", "webhooks: [{clientConfig: {service: {name: hook, namespace: shop}}}]")},
		"webhook, other port":  {text: object("v1", "Service", "name: hook", "spec: {ports: [{port: 8443}]}") + object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "name: w", "webhooks: [{clientConfig: {service: {name: hook, namespace: shop}}}]"), want: []string{"error route-port webhooks[0].clientConfig.service.port is 443"}},
		"another provider":     {text: object(traefik, "IngressRoute", "name: r", "spec: {routes: [{middlewares: [{name: shop-auth@consulcatalog}]}]}")},
		"filled by others":     {text: object("v1", "Secret", "name: tls, annotations: {avp.kubernetes.io/path: kv/tls}", "") + object(cert, "Certificate", "name: tls", "spec: {secretName: tls, issuerRef: {name: i}}") + object(cert, "Issuer", "name: i", "spec: {selfSigned: {}}") + workload("main", "", env("secretKeyRef: {name: tls, key: any}"))},
		"called as an app":     {text: object("helm.cattle.io/v1", "HelmChart", "name: shop", "spec: {chart: x}") + workload("main", "", env("secretKeyRef: {name: creds, key: a}"))},
		"system roles":         {text: object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "name: b", "roleRef: {kind: ClusterRole, name: \"system:auth-delegator\"}\nsubjects: [{kind: ServiceAccount, name: default, namespace: shop}, {kind: User, name: x}]")},
		"account elsewhere":    {text: object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "name: b", "roleRef: {kind: ClusterRole, name: view}\nsubjects: [{kind: ServiceAccount, name: prometheus, namespace: monitoring}]")},
		"namespace misspelled": {text: object("v1", "ServiceAccount", "name: main", "") + object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "name: b", "roleRef: {kind: ClusterRole, name: view}\nsubjects: [{kind: ServiceAccount, name: main, namespace: shpo}]"), want: []string{`it has nothing in namespace "shpo", did you mean "shop"?`}},
		"mariadb":              {text: object("k8s.mariadb.com/v1alpha1", "Database", "name: d, namespace: shop", "spec: {mariaDbRef: {name: maria, namespace: dbs}}"), more: []part{{"dbs", "dbs", object("k8s.mariadb.com/v1alpha1", "MariaDB", "name: mariadb", "spec: {}")}}, want: []string{`no MariaDB.k8s.mariadb.com dbs/maria; did you mean "mariadb"?`}},
		"metallb":              {text: object("metallb.io/v1beta1", "IPAddressPool", "name: pool", "spec: {}") + object("metallb.io/v1beta1", "L2Advertisement", "name: l2", "spec: {ipAddressPools: [pool, pol]}"), want: []string{"warning dangling-operator-ref spec.ipAddressPools[1] is \"pol\""}},
		"storage class":        {text: object("v1", "PersistentVolumeClaim", "name: c", "spec: {storageClassName: local-pth}"), want: []string{`info missing-class spec.storageClassName is "local-pth", and the stack has no StorageClass.storage.k8s.io local-pth; did you mean "local-path"?`}},
		"claim of a set":       {text: object("apps/v1", "StatefulSet", "name: db", "spec: {serviceName: db, replicas: 2, volumeClaimTemplates: [{metadata: {name: data}}], template: {metadata: {labels: {app: db}}}}") + object("v1", "Service", "name: db", "spec: {clusterIP: None, selector: {app: db}}") + workload("backup", "volumes: [{name: d, persistentVolumeClaim: {claimName: data-db-1}}], ", "")},
		"claim beyond a set":   {text: object("apps/v1", "StatefulSet", "name: db", "spec: {serviceName: db, replicas: 2, ordinals: {start: 5}, volumeClaimTemplates: [{metadata: {name: data}}], template: {metadata: {labels: {app: db}}}}") + object("v1", "Service", "name: db", "spec: {clusterIP: None, selector: {app: db}}") + workload("backup", "volumes: [{name: d, persistentVolumeClaim: {claimName: data-db-6}}, {name: e, persistentVolumeClaim: {claimName: data-db-0}}], ", ""), want: []string{"warning missing-volume spec.template.spec.volumes[1]"}},
		"root of the apps":     {text: object("argoproj.io/v1alpha1", "Application", "name: shop, namespace: argocd", "spec: {destination: {namespace: shop}}") + workload("main", "", env("secretKeyRef: {name: creds, key: a}")), want: []string{"warning missing-config"}},
		"deployed by others":   {text: object("argoproj.io/v1alpha1", "Application", "name: blog, namespace: argocd", "spec: {destination: {namespace: shop}}") + workload("main", "", env("secretKeyRef: {name: creds, key: a}"))},
		"monitor of operators": {text: object("ceph.rook.io/v1", "CephCluster", "name: shop", "spec: {}") + object("monitoring.coreos.com/v1", "ServiceMonitor", "name: m", "spec: {selector: {matchLabels: {app: rook-ceph-mgr}}, endpoints: [{port: http-metrics}]}") + object("v1", "Service", "name: out, labels: {app: rook-ceph-mgr}", "spec: {selector: {app: rook-ceph-mgr}, ports: [{name: dashboard, port: 7000}]}")},
		"monitor of others":    {text: object("monitoring.coreos.com/v1", "ServiceMonitor", "name: m", "spec: {namespaceSelector: {matchNames: [blog]}, selector: {matchLabels: {app: main}}}")},
		"variables of others":  {text: workload("main", "", env("secretKeyRef: {name: \"${NAME}\", key: a}"))},
		"injected authority":   {text: object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "name: w, annotations: {cert-manager.io/inject-ca-from: shop/crt}", "webhooks: []"), want: []string{"warning missing-issuer"}},
	} {
		lines, _ := judged(t, stack(t, append([]part{{"shop", "shop", c.text}}, c.more...)...))
		ok := len(lines) == len(c.want)
		for _, want := range c.want {
			ok = ok && slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) })
		}
		if !ok {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(lines, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// TestPart holds that what is missing is no finding where not all of the stack is there, and what contradicts itself is.
func TestPart(t *testing.T) {
	text := object("v1", "Secret", "name: creds", "stringData: {a: x}") + workload("main", "", ", env: [{name: A, valueFrom: {secretKeyRef: {name: creds, key: b}}}, {name: B, valueFrom: {secretKeyRef: {name: other, key: b}}}]")
	for name, edit := range map[string]func(*render.Plan){
		"narrowed": func(p *render.Plan) { p.Others = []render.App{{Name: "left"}} },
		"no stack": func(p *render.Plan) { p.Cluster = render.Cluster{} },
		"failed":   func(p *render.Plan) { p.Layers[0].Apps = append(p.Layers[0].Apps, render.App{Name: "failed"}) },
	} {
		in := stack(t, part{"shop", "shop", text})
		edit(&in.Plan)
		lines, unchecked := judged(t, in)
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "error missing-config-key") || len(unchecked) != 1 || unchecked[0].What != "references to Secret shop/other" {
			t.Errorf("%s: %q %+v", name, lines, unchecked)
		}
	}
}

// TestPartService holds that a Service beside workloads of its own that it does not select is no error then: the Pods may
// be another app's.
func TestPartService(t *testing.T) {
	text := workload("main", "", "") + object("v1", "Service", "name: main", "spec: {selector: {app: mian}, ports: [{port: 80}]}")
	in := stack(t, part{"shop", "shop", text})
	if lines, _ := judged(t, in); len(lines) != 1 || !strings.HasPrefix(lines[0], "error dangling-service") || !strings.HasSuffix(lines[0], "did you mean app=main?") {
		t.Errorf("whole: %q", lines)
	}
	in.Plan.Others = []render.App{{Name: "left"}}
	if lines, _ := judged(t, in); len(lines) != 1 || !strings.HasPrefix(lines[0], "warning dangling-service") {
		t.Errorf("part: %q", lines)
	}
}

// TestPlaceholders says nothing of names, keys and labels that a placeholder decides.
func TestPlaceholders(t *testing.T) {
	const hole = "<path:kv/data/argocd/apps/shop#name>"
	text := object("v1", "Secret", "name: creds", "stringData: {a: x}") +
		workload("main", "", `, env: [{name: A, valueFrom: {secretKeyRef: {name: creds, key: "`+hole+`"}}}, {name: B, valueFrom: {secretKeyRef: {name: "`+hole+`", key: b}}}]`) +
		object("apps/v1", "DaemonSet", "name: agent", `spec: {template: {metadata: {labels: {app: "`+hole+`"}}}}`) +
		object("v1", "Service", "name: agent", "spec: {selector: {app: other}, ports: [{port: 80}]}")
	in := stack(t, part{"shop", "shop", text})
	if lines, _ := judged(t, in); len(lines) != 2 {
		t.Errorf("as text: %q", lines)
	}
	r := &in.Results[0]
	for k, field := range map[render.Key]render.Path{
		{Group: "apps", Kind: "DaemonSet", Name: "agent"}: {"spec", "template", "metadata", "labels", "app"},
	} {
		r.Ledger = append(r.Ledger, render.Placeholder{Object: k, Field: field, Key: "name"})
	}
	for i, step := range []string{"key", "name"} {
		r.Ledger = append(r.Ledger, render.Placeholder{
			Object: render.Key{Group: "apps", Kind: "Deployment", Name: "main"}, Key: "name",
			Field: render.Path{"spec", "template", "spec", "containers", 0, "env", i, "valueFrom", "secretKeyRef", step},
		})
	}
	if lines, _ := judged(t, in); len(lines) != 0 {
		t.Errorf("as placeholders: %q", lines)
	}
}
