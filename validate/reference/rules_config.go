package reference

import "sluice/validate"

const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {log-level: debug}
---
`

func envExample(name, key string) string {
	return settings + `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.0
      env: [{name: LOG_LEVEL, valueFrom: {configMapKeyRef: {name: ` + name + `, key: ` + key + `}}}]
`
}

func podExample(before, field string) string {
	return before + `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  ` + field + `
  containers: [{name: web, image: "registry.example.com/web:1.0"}]
`
}

// configRules are about what containers are given.
var configRules = []validate.Rule{
	{
		ID: missingConfig, Title: "a ConfigMap or Secret that is not there", Severity: validate.Warning,
		Why: "The container does not start (CreateContainerConfigError, or a volume that is never mounted) until somebody makes it.", Fix: elsewhereFix + "; optional: true starts without it",
		Source: "Kubernetes docs, ConfigMap and Secret", Wrong: envExample("setting", "log-level"), Right: envExample("settings", "log-level"),
	},
	{
		ID: missingKey, Title: "a ConfigMap or Secret without the key that is asked for", Severity: validate.Error,
		Why: "The object is there and the key is not, so the container does not start, or finds an empty directory in place of a file.", Fix: "name a key that the object has; optional: true starts without it",
		Source: "Kubernetes docs, ConfigMap and Secret", Wrong: envExample("settings", "loglevel"), Right: envExample("settings", "log-level"),
	},
	{
		ID: missingPull, Title: "a pull secret that is not there", Severity: validate.Info,
		Why: "The kubelet pulls without it: images of public registries still work, private ones do not.", Fix: elsewhereFix,
		Source: "Kubernetes docs, images", Wrong: podExample("", "imagePullSecrets: [{name: registry}]"),
		Right: podExample("apiVersion: v1\nkind: Secret\nmetadata: {name: registry}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: <path:kv/data/argocd/apps/example#registry>}\n---\n",
			"imagePullSecrets: [{name: registry}]"),
	},
	{
		ID: missingVolume, Title: "a volume claim or volume that is not there", Severity: validate.Warning,
		Why: "The Pod stays Pending until somebody makes it.", Fix: elsewhereFix, Source: "Kubernetes docs, persistent volumes",
		Wrong: podExample("", "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]"),
		Right: podExample("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n---\n",
			"volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]"),
	},
	{
		ID: missingClass, Title: "a class that the stack does not have", Severity: validate.Info,
		Why: "A claim of an unknown StorageClass stays Pending, a Pod of an unknown PriorityClass or RuntimeClass is refused. Said only where the stack has other classes of that kind.",
		Fix: elsewhereFix, Source: "Kubernetes docs, storage classes, pod priority, runtime class, ingress class",
		Wrong: podExample("", "priorityClassName: system-cluster-crtical"), Right: podExample("", "priorityClassName: system-cluster-critical"),
	},
}

func policyExample(app, peer string) string {
	return web + `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: ` + app + `}}
  policyTypes: [Ingress]
  ingress: [{from: [` + peer + `]}]
`
}

func budgetExample(more, app string) string {
	return web + more + "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: " + app + "}}}\n"
}

func scalerExample(name string) string {
	return web + `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ` + name + `}
  minReplicas: 2
  maxReplicas: 4
`
}

// policyRules are about what governs Pods from outside.
var policyRules = []validate.Rule{
	{
		ID: danglingPolicy, Title: "a NetworkPolicy selects no Pod", Severity: validate.Info,
		Why: "It protects and allows nothing; what was meant to be allowed stays denied by other policies.", Fix: "select the labels of the pod template that is meant",
		Source: "kube-linter dangling-networkpolicy", Wrong: policyExample("wbe", "{podSelector: {}}"), Right: policyExample("web", "{podSelector: {}}"),
	},
	{
		ID: danglingPeerPod, Title: "a peer of a NetworkPolicy is no Pod of the stack", Severity: validate.Info,
		Why: "Nobody is allowed by it.", Fix: "select the labels of the pod template that is meant", Source: "kube-linter dangling-networkpolicypeer-podselector",
		Wrong: policyExample("web", "{podSelector: {matchLabels: {app: wbe}}}"), Right: policyExample("web", "{podSelector: {matchLabels: {app: web}}}"),
	},
	{
		ID: danglingPeerSpace, Title: "a peer of a NetworkPolicy is in no namespace of the stack", Severity: validate.Info,
		Why: "Nobody is allowed by it, until a namespace of that name or label is made elsewhere.", Fix: "correct the selector; a namespace is selected by name with kubernetes.io/metadata.name",
		Source: "Kubernetes docs, NetworkPolicy", Wrong: policyExample("web", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: exmaple}}}"),
		Right: policyExample("web", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: example}}}"),
	},
	{
		ID: danglingBudget, Title: "a PodDisruptionBudget selects no Pod", Severity: validate.Warning,
		Why: "A drain takes all replicas at once: what was to be protected is not.", Fix: "select the labels of the pod template that is meant",
		Source: "Kubernetes docs, disruptions", Wrong: budgetExample("", "wbe"), Right: budgetExample("", "web"),
	},
	{
		ID: twoBudgets, Title: "Pods that two PodDisruptionBudgets select", Severity: validate.Warning,
		Why: "The eviction API answers 500 for such a Pod, so its node is never drained.", Fix: "let one budget select each Pod",
		Source: "kubernetes pkg/registry/core/pod/storage/eviction.go",
		Wrong:  budgetExample("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: all}\nspec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}\n---\n", "web"),
		Right:  budgetExample("", "web"),
	},
	{
		ID: danglingScaler, Title: "an autoscaler whose workload is not there", Severity: validate.Warning, Worst: validate.Error,
		Why: "Nothing is scaled. It is an error where a workload of another kind has that name.", Fix: "state apiVersion, kind and name of the workload",
		Source: "kube-linter dangling-horizontalpodautoscaler", Wrong: scalerExample("wbe"), Right: scalerExample("web"),
	},
}

func bindingExample(role, account string) string {
	return `apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ` + role + `}
subjects: [{kind: ServiceAccount, name: ` + account + `, namespace: example}]
`
}

// accessRules are about accounts and roles.
var accessRules = []validate.Rule{
	{
		ID: missingAccount, Title: "a ServiceAccount that is not there", Severity: validate.Warning,
		Why: "The API server refuses the Pods, so the workload has none.", Fix: elsewhereFix, Source: "kube-linter non-existent-service-account",
		Wrong: podExample("", "serviceAccountName: web"), Right: podExample("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n---\n", "serviceAccountName: web"),
	},
	{
		ID: roleBinding, Title: "a binding of a role that is not there", Severity: validate.Warning,
		Why: "It grants nothing, until a role of that name is made: then it grants that.", Fix: elsewhereFix, Source: "Kubernetes docs, RBAC",
		Wrong: bindingExample("raeder", "web"), Right: bindingExample("reader", "web"),
	},
	{
		ID: bindingSubject, Title: "a binding to a ServiceAccount that is not there", Severity: validate.Warning,
		Why: "The account that was meant gets nothing, and whoever makes one of that name gets the grant.", Fix: elsewhereFix, Source: "Kubernetes docs, RBAC",
		Wrong: bindingExample("reader", "wbe"), Right: bindingExample("reader", "web"),
	},
}

func certificateExample(issuer string) string {
	return `apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: self-signed}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
spec: {secretName: web-tls, dnsNames: [web.example.com], issuerRef: {name: ` + issuer + `}}
`
}

func databaseExample(cluster string) string {
	return `apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: postgres}
spec: {instances: 3, storage: {size: 10Gi}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: shop}
spec: {name: shop, owner: app, cluster: {name: ` + cluster + `}}
`
}

// operatorRules are about custom resources.
var operatorRules = []validate.Rule{
	{
		ID: missingIssuer, Title: "an Issuer, ClusterIssuer or Certificate of cert-manager that is not there", Severity: validate.Warning,
		Why: "No certificate is issued, so its Secret never comes to be; kind is Issuer, in the same namespace, unless the reference says ClusterIssuer.", Fix: elsewhereFix,
		Source: "cert-manager API reference", Wrong: certificateExample("selfsigned"), Right: certificateExample("self-signed"),
	},
	{
		ID: operatorRef, Title: "a custom resource refers to an object that is not there", Severity: validate.Warning,
		Why: "The operator waits or fails, and nothing is made.", Fix: elsewhereFix, Source: "the API reference of the operator",
		Wrong: databaseExample("postgre"), Right: databaseExample("postgres"),
	},
}
