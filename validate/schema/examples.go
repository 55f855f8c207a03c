package schema

// The examples of the rules. Those that need a minor of their own are whole stacks.
const (
	exampleDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2.3
`

	examplePod = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2.3
`

	unknownFieldWrong = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replica: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2.3
`

	wrongTypeWrong = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: "two"
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1."two".3
`

	requiredFieldWrong = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - image: registry.example.com/web:1.2.3
`

	waivedFieldWrong = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: readers
roleRef:
  kind: Role
  name: reader
`

	waivedFieldRight = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: readers
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: reader
`

	incompleteStatusWrong = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: web}
status: {}
`

	incompleteStatusRight = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: web}
`

	nullValueWrong = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LEVEL:
`

	nullValueRight = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LEVEL: ""
`

	invalidFormatWrong = `apiVersion: v1
kind: ConfigMap
metadata:
  name: logo
binaryData:
  logo.bin: plain text
`

	invalidFormatRight = `apiVersion: v1
kind: ConfigMap
metadata:
  name: logo
binaryData:
  logo.bin: cGxhaW4gdGV4dA==
`

	numberRangeWrong = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3000000000
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2.3
`

	duplicateElementWrong = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80}
    - {name: web, port: 80, protocol: TCP}
`

	duplicateElementRight = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80}
    - {name: web, port: 8080, protocol: TCP}
`

	unknownKindWrong = `apiVersion: apps/v1
kind: Deploymnt
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2.3
`

	removedAPIWrong = `apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: web}
`

	removedAPIRight = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: web}
`

	futureAPIWrong = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata:
  name: gpu
spec:
  spec: {}
`

	futureAPIRight = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.34.1", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata:
  name: gpu
spec:
  spec: {}
`

	gatedFieldWrong = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
  behavior:
    scaleDown: {tolerance: "0.05"}
`

	gatedFieldRight = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
  behavior:
    scaleDown: {stabilizationWindowSeconds: 600}
`

	disabledAPIWrong = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: networking.k8s.io/v1beta1
kind: ServiceCIDR
metadata:
  name: more
spec:
  cidrs: [192.0.2.0/24]
`

	disabledAPIRight = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata:
  name: more
spec:
  cidrs: [192.0.2.0/24]
`

	deprecatedAPIWrong = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.31.9", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
kind: FlowSchema
metadata:
  name: probes
spec:
  priorityLevelConfiguration: {name: exempt}
`

	deprecatedAPIRight = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.31.9", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/platform/cluster.git", branch: "rendered/example"}
layers: apps: {wave: 0, tier: "apps", apps: example: {namespace: "example", manifests: ["manifests"]}}
-- manifests/all.yaml --
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata:
  name: probes
spec:
  priorityLevelConfiguration: {name: exempt}
`
)
