package server

import (
	"strings"

	"sluice/validate"
)

// objectOf writes an object for an example: apiVersion and kind, and the lines after the name.
func objectOf(kind, rest string) string {
	version, name, _ := strings.Cut(kind, " ")
	return "apiVersion: " + version + "\nkind: " + name + "\nmetadata: {name: web}\n" + rest + "\n"
}

// chartOf writes a stack for an example, whose app is a chart of one template.
func chartOf(template string) string {
	return `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: repoURL: "https://git.example.com/example.git"
layers: apps: {
	wave: 0, tier: "apps"
	apps: example: helm: path: "chart"
}
-- chart/Chart.yaml --
apiVersion: v2
name: example
version: 1.0.0
-- chart/templates/web.yaml --
` + template
}

// networkRules are about what leads traffic.
var networkRules = []validate.Rule{{
	ID: invalidService, Severity: validate.Error, Source: "kubernetes pkg/apis/core/validation/validation.go, validateService",
	Title: "a Service or its endpoints that the API server refuses",
	Why:   "Which fields a Service may have depends on its type, its ports differ and have names where there are several, and addresses have to be addresses that can be reached.",
	Fix:   "correct the field, or leave it out where the type has no use for it",
	Wrong: objectOf("v1 Service", "spec:\n  selector: {app: web}\n  ports:\n  - {port: 80}\n  - {port: 443}"),
	Right: objectOf("v1 Service", "spec:\n  selector: {app: web}\n  ports:\n  - {name: http, port: 80}\n  - {name: https, port: 443}"),
}, {
	ID: nodePortRange, Severity: validate.Warning, Source: "kubernetes pkg/registry/core/service/portallocator",
	Title: "a node port that API servers do not hand out by default",
	Why:   "An API server hands out 30000 to 32767 unless it is started with another --service-node-port-range, and refuses other ports.",
	Fix:   "choose a port of the range, leave it to the API server, or suppress this where the cluster has another range",
	Wrong: objectOf("v1 Service", "spec:\n  type: NodePort\n  selector: {app: web}\n  ports: [{port: 80, nodePort: 8080}]"),
	Right: objectOf("v1 Service", "spec:\n  type: NodePort\n  selector: {app: web}\n  ports: [{port: 80, nodePort: 30080}]"),
}, {
	ID: invalidIngress, Severity: validate.Error, Source: "kubernetes pkg/apis/networking/validation/validation.go, ValidateIngressCreate",
	Title: "an Ingress or IngressClass that the API server refuses",
	Why:   "A path leads to one backend with one port, paths are absolute, and hosts are DNS names of which only the first part may be \"*\".",
	Fix:   "write what the field wants; a backend is one of service and resource, and its port either name or number",
	Wrong: objectOf("networking.k8s.io/v1 Ingress", "spec:\n  defaultBackend:\n    service: {name: web, port: {name: http, number: 80}}"),
	Right: objectOf("networking.k8s.io/v1 Ingress", "spec:\n  defaultBackend:\n    service: {name: web, port: {name: http}}"),
}, {
	ID: invalidNetwork, Severity: validate.Error, Source: "kubernetes pkg/apis/networking/validation/validation.go, ValidateNetworkPolicySpec",
	Title: "a NetworkPolicy that the API server refuses",
	Why:   "A peer is a range of addresses or a choice of Pods, never both and never nothing; exceptions lie within their range, and a range of ports needs two numbers.",
	Fix:   "write two peers for two things, and leave out the list where everybody is meant",
	Wrong: objectOf("networking.k8s.io/v1 NetworkPolicy", "spec:\n  podSelector: {}\n  egress:\n  - to:\n    - ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}\n      podSelector: {}"),
	Right: objectOf("networking.k8s.io/v1 NetworkPolicy", "spec:\n  podSelector: {}\n  egress:\n  - to:\n    - ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}\n    - podSelector: {}"),
}}

// accessRules are about who may do what, and what looks at requests.
var accessRules = []validate.Rule{{
	ID: invalidRBAC, Severity: validate.Error, Source: "kubernetes pkg/apis/rbac/validation/validation.go",
	Title: "a role or binding that the API server refuses",
	Why:   "A rule names verbs with API groups and resources, or with URLs in a ClusterRole; a binding names a role and, of every subject, kind and API group that belong together.",
	Fix:   "state apiGroups: [\"\"] for the core group, and the namespace of every ServiceAccount in a ClusterRoleBinding",
	Wrong: objectOf("rbac.authorization.k8s.io/v1 Role", "rules:\n- resources: [pods]\n  verbs: [get, list]"),
	Right: objectOf("rbac.authorization.k8s.io/v1 Role", "rules:\n- apiGroups: [\"\"]\n  resources: [pods]\n  verbs: [get, list]"),
}, {
	ID: invalidWebhook, Severity: validate.Error, Source: "kubernetes pkg/apis/admissionregistration/validation/validation.go",
	Title: "a webhook or admission policy that the API server refuses",
	Why:   "A webhook has a domain name, one address, no side effects and answers within 30 seconds; \"*\" stands alone in the lists of a rule.",
	Fix:   "state either clientConfig.service or clientConfig.url, and sideEffects: None",
	Wrong: objectOf("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", "webhooks:\n- name: check\n  sideEffects: None\n  admissionReviewVersions: [v1]\n  clientConfig: {service: {name: web, namespace: example}}"),
	Right: objectOf("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", "webhooks:\n- name: check.web.example.com\n  sideEffects: None\n  admissionReviewVersions: [v1]\n  clientConfig: {service: {name: web, namespace: example}}"),
}}

// storageRules are about volumes.
var storageRules = []validate.Rule{{
	ID: invalidClaim, Severity: validate.Error, Source: "kubernetes pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimSpec",
	Title: "a PersistentVolumeClaim that the API server refuses",
	Why:   "A claim says how the volume is mounted and how large it is, and what it is filled with is a claim, a snapshot or something whose API group is named.",
	Fix:   "state accessModes and resources.requests.storage",
	Wrong: objectOf("v1 PersistentVolumeClaim", "spec:\n  accessModes: [ReadWriteOnce]"),
	Right: objectOf("v1 PersistentVolumeClaim", "spec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}"),
}, {
	ID: invalidStorage, Severity: validate.Error, Source: "kubernetes pkg/apis/core/validation/validation.go, ValidatePersistentVolumeSpec, and pkg/apis/storage/validation/validation.go",
	Title: "a volume, storage class or driver that the API server refuses",
	Why:   "A PersistentVolume has one source, has a size and says how it is mounted; a local one says on which nodes it is.",
	Fix:   "state capacity.storage, accessModes and one source",
	Wrong: objectOf("v1 PersistentVolume", "spec:\n  capacity: {storage: 1Gi}\n  accessModes: [ReadWriteOnce]\n  local: {path: /data}"),
	Right: objectOf("v1 PersistentVolume", "spec:\n  capacity: {storage: 1Gi}\n  accessModes: [ReadWriteOnce]\n  local: {path: /data}\n  nodeAffinity:\n    required:\n      nodeSelectorTerms:\n      - matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [one]}]"),
}}

// configRules are about ConfigMaps and Secrets.
var configRules = []validate.Rule{{
	ID: invalidKeys, Severity: validate.Error, Source: "kubernetes pkg/apis/core/validation/validation.go, ValidateSecret and ValidateConfigMap",
	Title: "keys of a ConfigMap or Secret that the API server refuses",
	Why:   "Keys become names of files, a key is in data or binaryData, and a Secret of one of Kubernetes' types has the keys of that type.",
	Fix:   "correct the key, add the one that is missing, or use the type Opaque",
	Wrong: objectOf("v1 Secret", "type: kubernetes.io/tls\nstringData:\n  tls.crt: <path:kv/data/argocd/apps/example#crt>"),
	Right: objectOf("v1 Secret", "type: kubernetes.io/tls\nstringData:\n  tls.crt: <path:kv/data/argocd/apps/example#crt>\n  tls.key: <path:kv/data/argocd/apps/example#key>"),
}, {
	ID: doubleKeys, Severity: validate.Warning, Source: "kubernetes pkg/apis/core/v1/conversion.go, Convert_v1_Secret_To_core_Secret",
	Title: "a key of a Secret in data and in stringData",
	Why:   "What is in stringData overwrites what is in data, so the value that is read in data is not the one that the cluster has.",
	Fix:   "leave the key in one of them",
	Wrong: objectOf("v1 Secret", "data: {user: YWRtaW4=}\nstringData: {user: root}"),
	Right: objectOf("v1 Secret", "data: {user: YWRtaW4=}"),
}, {
	ID: tooLarge, Severity: validate.Error, Source: "kubernetes pkg/apis/core/types.go, MaxSecretSize",
	Title: "a ConfigMap or Secret that is larger than the API server takes",
	Why:   "The values of a ConfigMap or a Secret have at most 1 MiB together.",
	Fix:   "split it, or put large files into an image or a volume",
	Wrong: chartOf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  large: {{ repeat 1048577 \"x\" }}\n"),
	Right: chartOf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  large: {{ repeat 1048576 \"x\" }}\n"),
}, {
	ID: invalidQuota, Severity: validate.Error, Source: "kubernetes pkg/apis/core/validation/validation.go, ValidateResourceQuota and ValidateLimitRange",
	Title: "a ResourceQuota or LimitRange that the API server refuses",
	Why:   "Quotas know certain resources, scopes apply to some of them, and what a container gets by default lies between the least and the most.",
	Fix:   "name resources as the cluster does: requests.cpu, limits.memory, count/jobs.batch",
	Wrong: objectOf("v1 LimitRange", "spec:\n  limits:\n  - type: Container\n    max: {memory: 1Gi}\n    default: {memory: 2Gi}"),
	Right: objectOf("v1 LimitRange", "spec:\n  limits:\n  - type: Container\n    max: {memory: 2Gi}\n    default: {memory: 1Gi}"),
}}

// clusterRules are about what scales workloads, and about what a cluster is set up with.
var clusterRules = []validate.Rule{{
	ID: invalidAutoscaler, Severity: validate.Error, Source: "kubernetes pkg/apis/autoscaling/validation/validation.go",
	Title: "a HorizontalPodAutoscaler that the API server refuses",
	Why:   "The most replicas are no fewer than the least, a metric has the field of its type and one target, and a policy of its behaviour looks back 30 minutes at most.",
	Fix:   "state maxReplicas, and per metric the one field that its type names",
	Wrong: objectOf("autoscaling/v2 HorizontalPodAutoscaler", "spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 3\n  maxReplicas: 2"),
	Right: objectOf("autoscaling/v2 HorizontalPodAutoscaler", "spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 2\n  maxReplicas: 3"),
}, {
	ID: invalidDisruption, Severity: validate.Error, Source: "kubernetes pkg/apis/policy/validation/validation.go",
	Title: "a PodDisruptionBudget that the API server refuses",
	Why:   "A budget says how many Pods stay or how many may go, not both, as a number or a share of at most 100%.",
	Fix:   "state either minAvailable or maxUnavailable",
	Wrong: objectOf("policy/v1 PodDisruptionBudget", "spec:\n  minAvailable: 1\n  maxUnavailable: 1\n  selector: {matchLabels: {app: web}}"),
	Right: objectOf("policy/v1 PodDisruptionBudget", "spec:\n  maxUnavailable: 1\n  selector: {matchLabels: {app: web}}"),
}, {
	ID: invalidExtension, Severity: validate.Error, Source: "kube-aggregator pkg/apis/apiregistration/validation/validation.go",
	Title: "an APIService that the API server refuses",
	Why:   "An APIService is named version.group of what it serves, and its certificate is checked by caBundle or not at all.",
	Fix:   "name it as spec.version and spec.group say, and state caBundle or insecureSkipTLSVerify",
	Wrong: "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: metrics}\n" + metricsService,
	Right: "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1beta1.metrics.example.com}\n" + metricsService,
}, {
	ID: invalidCluster, Severity: validate.Error, Source: "kubernetes pkg/apis/{apps,certificates,coordination,flowcontrol,networking,node,scheduling}/validation/validation.go",
	Title: "a class, lease, flow, range of addresses, certificate request or namespace that the API server refuses",
	Why:   "Values of PriorityClasses over a billion and names that begin with \"system-\" are Kubernetes' own, handlers of RuntimeClasses are DNS labels, and flows are matched in order.",
	Fix:   "choose a name and a value of your own range",
	Wrong: objectOf("scheduling.k8s.io/v1 PriorityClass", "value: 2000000000"),
	Right: objectOf("scheduling.k8s.io/v1 PriorityClass", "value: 1000000"),
}}

// metricsService is the spec of an APIService.
const metricsService = `spec:
  group: metrics.example.com
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: metrics, namespace: example}
`
