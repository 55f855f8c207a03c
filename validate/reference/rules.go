package reference

import "sluice/validate"

// The ids of the rules. Those that kube-linter has too have its names.
const (
	danglingService = "dangling-service"
	servicePort     = "service-target-port"
	danglingIngress = "dangling-ingress"
	danglingRoute   = "dangling-route"
	routePort       = "route-port"
	missingGrant    = "missing-reference-grant"
	danglingWebhook = "dangling-webhook"
	danglingMonitor = "dangling-servicemonitor"
	monitorPort     = "monitor-port"
	setService      = "statefulset-service"
	probePort       = "probe-port"

	missingConfig = "missing-config"
	missingKey    = "missing-config-key"
	missingPull   = "missing-pull-secret"
	missingVolume = "missing-volume"
	missingClass  = "missing-class"

	danglingPolicy    = "dangling-networkpolicy"
	danglingPeerPod   = "dangling-networkpolicypeer-podselector"
	danglingPeerSpace = "dangling-networkpolicypeer-namespaceselector"
	danglingBudget    = "dangling-poddisruptionbudget"
	twoBudgets        = "overlapping-poddisruptionbudgets"
	danglingScaler    = "dangling-horizontalpodautoscaler"

	missingAccount = "non-existent-service-account"
	roleBinding    = "dangling-role-ref"
	bindingSubject = "dangling-subject"

	missingIssuer = "missing-issuer"
	operatorRef   = "dangling-operator-ref"
)

// elsewhereFix is what to do where something is not in the stack.
const elsewhereFix = "correct the name, add what is missing to the stack, or suppress the finding with the reason where the cluster has it from elsewhere"

// web is a workload of the examples, with a label and a named port.
const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.example.com/web:1.0", ports: [{name: http, containerPort: 8080}]}
---
`

// webService is its Service.
const webService = `apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
`

func serviceExample(selector, port string) string {
	return web + "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: " + selector + "}, ports: [{port: 80, targetPort: " + port + "}]}\n"
}

func ingressExample(service, port string) string {
	return web + webService + `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
    - host: web.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ` + service + `, port: {` + port + `}}}}]}
`
}

func routeExample(middleware string) string {
	return web + webService + `apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: headers}
spec: {headers: {frameDeny: true}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: web}
spec:
  routes:
    - kind: Rule
      match: Host(` + "`web.example.com`" + `)
      middlewares: [{name: ` + middleware + `}]
      services: [{name: web, port: http}]
`
}

func grantExample(grant string) string {
	return `apiVersion: v1
kind: Namespace
metadata: {name: shared}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shared}
spec: {type: ExternalName, externalName: shop.example.com, ports: [{port: 80}]}
---
` + grant + `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec: {rules: [{backendRefs: [{name: shop, namespace: shared, port: 80}]}]}
`
}

const grant = `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: routes, namespace: shared}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: example}]
  to: [{group: "", kind: Service}]
---
`

func webhookExample(service string) string {
	return web + webService + `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: web}
webhooks:
  - name: web.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: {service: {name: ` + service + `, namespace: example, port: 80}}
`
}

func monitorExample(app, port string) string {
	return web + webService + `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {selector: {matchLabels: {app: ` + app + `}}, endpoints: [{port: ` + port + `}]}
`
}

func setExample(service string) string {
	return `apiVersion: v1
kind: Service
metadata: {name: store}
spec: {clusterIP: None, selector: {app: store}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: ` + service + `
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: "registry.example.com/store:1.0"}]}
`
}

func probeExample(port string) string {
	return `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.0
      ports: [{name: http, containerPort: 8080}]
      readinessProbe: {httpGet: {path: /, port: ` + port + `}}
`
}

// serviceRules are about what traffic passes through.
var serviceRules = []validate.Rule{
	{
		ID: danglingService, Title: "a Service selects no Pod", Severity: validate.Warning, Worst: validate.Error,
		Why:    "It has no endpoints: every connection is refused. It is an error where every workload of its own app has another value for one of the labels.",
		Fix:    "give spec.selector the labels of the pod template that is meant",
		Source: "Kubernetes docs, Service; kube-linter dangling-service",
		Wrong:  serviceExample("wbe", "http"), Right: serviceExample("web", "http"),
	},
	{
		ID: servicePort, Title: "a Service leads to a port name that no selected Pod has", Severity: validate.Error,
		Why:    "A named target port is looked up in each Pod; where it is in none, that port has no endpoints.",
		Fix:    "name a port of the containers, of the same protocol, or state its number",
		Source: "kubernetes pkg/api/v1/pod FindPort",
		Wrong:  serviceExample("web", "htpp"), Right: serviceExample("web", "http"),
	},
	{
		ID: danglingIngress, Title: "an Ingress leads to a Service that is not there", Severity: validate.Warning,
		Why: "The controller answers 503 or its default page.", Fix: elsewhereFix, Source: "kube-linter dangling-ingress",
		Wrong: ingressExample("webb", "number: 80"), Right: ingressExample("web", "number: 80"),
	},
	{
		ID: danglingRoute, Title: "a route leads to a Service, Middleware, Gateway or option that is not there", Severity: validate.Warning,
		Why: "Traefik drops the whole router when one of its middlewares or services is missing; a route of the Gateway API is not accepted.", Fix: elsewhereFix,
		Source: "Traefik docs, Kubernetes CRD; Gateway API spec",
		Wrong:  routeExample("header"), Right: routeExample("headers"),
	},
	{
		ID: routePort, Title: "a route or webhook leads to a port that the Service does not have", Severity: validate.Error,
		Why: "The Service is there and the port is not, so nothing is reached. The port is the Service's own, not the container's.", Fix: "state a port of the Service",
		Source: "Kubernetes API reference, IngressBackend; Traefik docs", Wrong: ingressExample("web", "number: 8080"), Right: ingressExample("web", "name: http"),
	},
	{
		ID: missingGrant, Title: "a reference into another namespace that nothing there allows", Severity: validate.Error,
		Why: "The Gateway API refuses it (RefNotPermitted) and the route answers 500.", Fix: "add a ReferenceGrant to the namespace of the target",
		Source: "Gateway API spec, ReferenceGrant", Wrong: grantExample(""), Right: grantExample(grant),
	},
	{
		ID: danglingWebhook, Title: "a webhook or aggregated API whose Service is not there", Severity: validate.Warning,
		Why: "The API server cannot call it; with failurePolicy Fail every request that it matches is refused.", Fix: elsewhereFix,
		Source: "Kubernetes docs, dynamic admission control", Wrong: webhookExample("wbe"), Right: webhookExample("web"),
	},
	{
		ID: danglingMonitor, Title: "a ServiceMonitor or PodMonitor that selects nothing", Severity: validate.Warning,
		Why: "Nothing is scraped, and nothing says so. A ServiceMonitor selects by the labels of the Service, not of its Pods.", Fix: "select the labels of the Service, in the namespace that it is in",
		Source: "kube-linter dangling-servicemonitor", Wrong: monitorExample("wbe", "http"), Right: monitorExample("web", "http"),
	},
	{
		ID: monitorPort, Title: "a ServiceMonitor or PodMonitor names a port that is not there", Severity: validate.Error,
		Why: "Nothing is scraped, and nothing says so.", Fix: "name a port as the Service (PodMonitor: the container) does",
		Source: "prometheus-operator API reference, Endpoint", Wrong: monitorExample("web", "metrics"), Right: monitorExample("web", "http"),
	},
	{
		ID: setService, Title: "the serviceName of a StatefulSet is no Service", Severity: validate.Warning,
		Why: "Its Pods get no DNS names, by which most clustered software finds its peers.", Fix: elsewhereFix,
		Source: "Kubernetes docs, StatefulSet", Wrong: setExample("stores"), Right: setExample("store"),
	},
	{
		ID: probePort, Title: "a probe names a port that its container does not have", Severity: validate.Error,
		Why: "The probe always fails: the container is restarted or never ready.", Fix: "name a port of the same container, or state its number",
		Source: "kubernetes pkg/kubelet/prober; kube-linter liveness-port, readiness-port, startup-port", Wrong: probeExample("htpp"), Right: probeExample("http"),
	},
}
