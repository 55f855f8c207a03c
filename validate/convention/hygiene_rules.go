package convention

import "sluice/validate"

const linter = "kube-linter "

var resourceRules = []validate.Rule{
	{
		ID: unsetCPU, Title: "a container that asks for no CPU", Severity: validate.Warning, Off: true,
		Why:    "The scheduler counts it as nothing and fills the node, and under load it gets next to nothing.",
		Fix:    "set resources.requests.cpu in the chart's values, or a default in a LimitRange",
		Source: linter + unsetCPU,
		Wrong:  containerWith("resources: {requests: {memory: 64Mi}}"),
		Right:  containerWith("resources: {requests: {cpu: 50m, memory: 64Mi}}"),
	},
	{
		ID: unsetMemory, Title: "a container that asks for no memory, or has no limit of it", Severity: validate.Warning, Off: true,
		Why:    "The node runs out of memory, and the kernel kills what it picks, not only this container.",
		Fix:    "set resources.requests.memory and resources.limits.memory in the chart's values, or defaults in a LimitRange",
		Source: linter + unsetMemory,
		Wrong:  containerWith("resources: {requests: {cpu: 50m, memory: 64Mi}}"),
		Right:  containerWith("resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 64Mi}}"),
	},
}

var probeRules = []validate.Rule{
	{
		ID: noLiveness, Title: "a container without a livenessProbe", Severity: validate.Warning, Off: true,
		Why:    "A program that hangs without ending is never started anew.",
		Fix:    "set livenessProbe to something that only a restart mends; a program that ends on its own in trouble needs none",
		Source: linter + noLiveness,
		Wrong:  containerWith("readinessProbe: {tcpSocket: {port: 80}}"),
		Right:  containerWith("livenessProbe: {tcpSocket: {port: 80}}"),
	},
	{
		ID: noReadiness, Title: "a container without a readinessProbe", Severity: validate.Warning, Off: true,
		Why:    "It gets requests from the moment it starts, and while it cannot answer them.",
		Fix:    "set readinessProbe in the chart's values",
		Source: linter + noReadiness,
		Wrong:  containerWith("livenessProbe: {tcpSocket: {port: 80}}"),
		Right:  containerWith("readinessProbe: {tcpSocket: {port: 80}}"),
	},
}

var privilegeRules = []validate.Rule{
	{
		ID: nonRoot, Title: "a container that may run as root", Severity: validate.Warning, Off: true,
		Why:    "Whoever breaks out of it is root on the node.",
		Fix:    "set securityContext.runAsNonRoot: true, and runAsUser where the image gives its user by name",
		Source: linter + nonRoot,
		Wrong:  containerWith("securityContext: {runAsUser: 0}"),
		Right:  containerWith("securityContext: {runAsNonRoot: true}"),
	},
	{
		ID: writableRoot, Title: "a container that may write to its own files", Severity: validate.Warning, Off: true,
		Why:    "Whoever gets in can change the program that runs.",
		Fix:    "set securityContext.readOnlyRootFilesystem: true, with an emptyDir where it has to write",
		Source: linter + writableRoot,
		Wrong:  containerWith("securityContext: {readOnlyRootFilesystem: false}"),
		Right:  containerWith("securityContext: {readOnlyRootFilesystem: true}"),
	},
	{
		ID: privilegedPod, Title: "a privileged container", Severity: validate.Warning, Off: true,
		Why:    "It may do what root on the node may.",
		Fix:    "remove privileged, and add the capabilities that it needs",
		Source: linter + privilegedPod,
		Wrong:  containerWith("securityContext: {privileged: true}"),
		Right:  containerWith("securityContext: {privileged: false}"),
	},
	{
		ID: escalation, Title: "a container that may gain privileges", Severity: validate.Warning, Off: true,
		Why:    "A program with setuid in its image makes root of anybody.",
		Fix:    "set securityContext.allowPrivilegeEscalation: false",
		Source: linter + escalation,
		Wrong:  containerWith("securityContext: {allowPrivilegeEscalation: true}"),
		Right:  containerWith("securityContext: {allowPrivilegeEscalation: false}"),
	},
	{
		ID: hostNetwork, Title: "Pods in the network of the node", Severity: validate.Warning, Off: true,
		Why:    "They reach what listens on the node alone, and no NetworkPolicy holds them.",
		Fix:    "remove hostNetwork, and use a Service",
		Source: linter + hostNetwork,
		Wrong:  deployment("hostNetwork: true"),
		Right:  deployment("hostNetwork: false"),
	},
	{
		ID: hostPID, Title: "Pods that see the processes of the node", Severity: validate.Warning, Off: true,
		Why:    "They read the environment of every process, with the secrets in it.",
		Fix:    "remove hostPID",
		Source: linter + hostPID,
		Wrong:  deployment("hostPID: true"),
		Right:  deployment("hostPID: false"),
	},
	{
		ID: hostIPC, Title: "Pods that share memory with the node", Severity: validate.Warning, Off: true,
		Why:    "They read and write what programs of the node exchange.",
		Fix:    "remove hostIPC",
		Source: linter + hostIPC,
		Wrong:  deployment("hostIPC: true"),
		Right:  deployment("hostIPC: false"),
	},
	{
		ID: dockerSock, Title: "a mount of the node's docker.sock", Severity: validate.Warning, Off: true,
		Why:    "Whoever can write to it starts what they want on the node, as root.",
		Fix:    "remove the volume; build images with something that needs no docker",
		Source: linter + dockerSock,
		Wrong:  deployment("volumes: [{name: docker, hostPath: {path: /var/run/docker.sock}}]"),
		Right:  deployment("volumes: [{name: docker, emptyDir: {}}]"),
	},
}

var accessRules = []validate.Rule{
	{
		ID: wildcard, Title: "a role over everything", Severity: validate.Warning, Off: true,
		Why:    "It takes in Secrets, and what will be there after the next upgrade.",
		Fix:    "list the verbs and resources that are used",
		Source: linter + wildcard,
		Wrong:  role("*"),
		Right:  role("get"),
	},
	{
		ID: clusterAdmin, Title: "a binding to cluster-admin", Severity: validate.Warning, Off: true,
		Why:    "Whoever gets into one of its Pods owns the cluster.",
		Fix:    "bind a ClusterRole with what is used",
		Source: linter + clusterAdmin,
		Wrong:  binding("cluster-admin"),
		Right:  binding("view"),
	},
	{
		ID: defaultAccount, Title: "Pods that act as the ServiceAccount default", Severity: validate.Warning, Off: true,
		Why:    "What is granted to it is granted to everything in the namespace that says nothing.",
		Fix:    "give the workload a ServiceAccount, or set automountServiceAccountToken: false where it asks the API for nothing",
		Source: linter + defaultAccount,
		Wrong:  deployment("serviceAccountName: default"),
		Right:  deployment("serviceAccountName: example"),
	},
	{
		ID: defaultNamespace, Title: "an object in the namespace default", Severity: validate.Warning, Off: true,
		Why:    "It is where everything lands that nobody gave a place: nothing sets it apart from others.",
		Fix:    "give the app a namespace",
		Source: linter + defaultNamespace,
		Wrong:  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: example, namespace: default}\n",
		Right:  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: example, namespace: example}\n",
	},
}

var replicaRules = []validate.Rule{
	{
		ID: threeReplicas, Title: "a Deployment with fewer than three replicas", Severity: validate.Warning, Off: true,
		Why:    "With two, the loss of a node during an update leaves none.",
		Fix:    "raise the replicas in the chart's values, or minReplicas of the autoscaler",
		Source: linter + threeReplicas,
		Wrong:  scaledTo("2", ""),
		Right:  scaledTo("3", ""),
	},
	{
		ID: noAntiAffinity, Title: "replicas that may all lie on one node", Severity: validate.Warning, Off: true,
		Why:    "The loss of one node takes all of them.",
		Fix:    "add a podAntiAffinity or a topologySpreadConstraint over " + hostname,
		Source: linter + noAntiAffinity,
		Wrong:  scaledTo("2", ""),
		Right:  scaledTo("2", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: "+hostname+", whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: example}}}]"),
	},
}

// role is a ClusterRole with a verb.
func role(verb string) string {
	return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: example}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [\"" + verb + "\"]}]\n"
}

// binding is a ClusterRoleBinding to a role.
func binding(role string) string {
	return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: example}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ` + role + `}
subjects: [{kind: ServiceAccount, name: example, namespace: example}]
`
}
