package server

import (
	"slices"

	"sluice/validate"
)

// The ids of the rules about Pods.
const (
	invalidContainer = "invalid-container"
	invalidImage     = "invalid-image"
	invalidPort      = "invalid-port"
	invalidEnv       = "invalid-env"
	invalidVolume    = "invalid-volume"
	danglingMount    = "dangling-volume-mount"
	invalidMount     = "invalid-volume-mount"
	invalidResources = "invalid-resources"
	invalidProbe     = "invalid-probe"
	invalidSecurity  = "invalid-security-context"
	invalidSchedule  = "invalid-scheduling"
	invalidPod       = "invalid-pod"
	duplicateEnv     = "duplicate-env-var"
	ambiguousPod     = "ambiguous-pod-setting"
	deprecatedPod    = "deprecated-pod-setting"
)

const (
	podSource     = "kubernetes pkg/apis/core/validation/validation.go"
	warningSource = "kubernetes pkg/api/pod/warnings.go"
	imageSource   = "kubernetes pkg/kubelet/images/image_manager.go, github.com/distribution/reference"
)

// podRules are about Pods and what makes them.
var podRules = slices.Concat(podErrors, podWarnings)

// web is the begin of a Pod with one container, for examples.
const web = "containers:\n- name: web\n  image: registry.example.com/web:1\n"

// podErrors are what the server refuses.
var podErrors = []validate.Rule{{
	ID: invalidContainer, Severity: validate.Error, Source: podSource,
	Title: "a container that the API server refuses",
	Why:   "A container has a name and an image; init containers have no probes or hooks unless they run on beside the others.",
	Fix:   "state name and image; give probes to regular containers or state restartPolicy: Always",
	Wrong: podOf("containers:\n- name: web\n  image: \"\""),
	Right: podOf("containers:\n- name: web\n  image: registry.example.com/web:1"),
}, {
	ID: invalidImage, Severity: validate.Error, Source: imageSource,
	Title: "the name of an image that no kubelet takes",
	Why: "The API server takes any text. The kubelet does not: the Pod stays at InvalidImageName, an update is never done, and a " +
		"Pod that the update has replaced already does not come back.",
	Fix:   "write REGISTRY/REPOSITORY:TAG, REPOSITORY in lower case, with one tag of up to 128 characters; a digest is behind it: @sha256:",
	Wrong: podOf("containers:\n- name: web\n  image: registry.example.com/web:1.27:latest"),
	Right: podOf("containers:\n- name: web\n  image: registry.example.com/web:1.27"),
}, {
	ID: invalidPort, Severity: validate.Error, Source: podSource,
	Title: "a port that the API server refuses",
	Why:   "Ports are 1 to 65535, their names have at most 15 characters, and a port of the node can be had once.",
	Fix:   "correct the number or shorten the name",
	Wrong: podOf(web + "  ports: [{name: metrics-prometheus, containerPort: 9090}]"),
	Right: podOf(web + "  ports: [{name: metrics, containerPort: 9090}]"),
}, {
	ID: invalidEnv, Severity: validate.Error, Source: podSource,
	Title: "an environment variable that the API server refuses",
	Why:   "A variable has a value or one source of it, and of the Pod only some fields can be a source.",
	Fix:   "state either value or valueFrom, and one source in valueFrom",
	Wrong: podOf(web + "  env: [{name: NODE, value: unknown, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]"),
	Right: podOf(web + "  env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]"),
}, {
	ID: invalidVolume, Severity: validate.Error, Source: podSource,
	Title: "a volume that the API server refuses",
	Why:   "A volume has a name and one source, whose own fields have to be there; files in it stay inside of it.",
	Fix:   "state one source per volume, and what it needs",
	Wrong: podOf(web + "volumes: [{name: cache, emptyDir: {}, configMap: {name: cache}}]"),
	Right: podOf(web + "volumes: [{name: cache, emptyDir: {}}]"),
}, {
	ID: danglingMount, Severity: validate.Error, Source: podSource,
	Title: "a mount of a volume that the Pod does not have",
	Why:   "A mount names a volume of the same Pod.",
	Fix:   "add the volume, or correct the name",
	Wrong: podOf(web + "  volumeMounts: [{name: cahce, mountPath: /cache}]\nvolumes: [{name: cache, emptyDir: {}}]"),
	Right: podOf(web + "  volumeMounts: [{name: cache, mountPath: /cache}]\nvolumes: [{name: cache, emptyDir: {}}]"),
}, {
	ID: invalidMount, Severity: validate.Error, Source: podSource,
	Title: "a mount that the API server refuses",
	Why:   "One path of a container shows one volume, and a subPath stays inside of it.",
	Fix:   "mount at another path; use subPath without \"..\" and without a slash in front",
	Wrong: podOf(web + "  volumeMounts:\n  - {name: a, mountPath: /cache}\n  - {name: b, mountPath: /cache}\nvolumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]"),
	Right: podOf(web + "  volumeMounts:\n  - {name: a, mountPath: /cache}\n  - {name: b, mountPath: /spool}\nvolumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]"),
}, {
	ID: invalidResources, Severity: validate.Error, Source: podSource,
	Title: "requests or limits that the API server refuses",
	Why:   "A request is at most its limit, and equal to it for huge pages and devices, which come in whole numbers.",
	Fix:   "raise the limit or lower the request",
	Wrong: podOf(web + "  resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}"),
	Right: podOf(web + "  resources: {requests: {memory: 512Mi}, limits: {memory: 512Mi}}"),
}, {
	ID: invalidProbe, Severity: validate.Error, Source: podSource,
	Title: "a probe or lifecycle hook that the API server refuses",
	Why:   "A probe or hook does one thing, and only a readiness probe can want more than one success.",
	Fix:   "state one of exec, httpGet, tcpSocket and grpc",
	Wrong: podOf(web + "  livenessProbe: {httpGet: {path: /healthz, port: 8080}, successThreshold: 2}"),
	Right: podOf(web + "  livenessProbe: {httpGet: {path: /healthz, port: 8080}, failureThreshold: 2}"),
}, {
	ID: invalidSecurity, Severity: validate.Error, Source: podSource,
	Title: "a security context that the API server refuses",
	Why:   "Some settings exclude each other, and a profile of the node is named where one is asked for, and only there.",
	Fix:   "take out one of the settings",
	Wrong: podOf(web + "  securityContext: {privileged: true, allowPrivilegeEscalation: false}"),
	Right: podOf(web + "  securityContext: {allowPrivilegeEscalation: false}"),
}, {
	ID: invalidSchedule, Severity: validate.Error, Source: podSource,
	Title: "affinity, tolerations or spread constraints that the API server refuses",
	Why:   "Operators need values or must have none, weights are 1 to 100, and a topology key is stated.",
	Fix:   "correct the operator, the values or the key",
	Wrong: podOf(web + "tolerations: [{key: dedicated, operator: Exists, value: web}]"),
	Right: podOf(web + "tolerations: [{key: dedicated, operator: Equal, value: web}]"),
}, {
	ID: invalidPod, Severity: validate.Error, Source: podSource,
	Title: "a setting of a Pod that the API server refuses",
	Why:   "Each kind of workload takes only some restart policies, and names, addresses and times have their forms and ranges.",
	Fix:   "correct the value",
	Wrong: podOf(web + "dnsPolicy: None"),
	Right: podOf(web + "dnsPolicy: None\ndnsConfig: {nameservers: [192.0.2.53]}"),
}}

// podWarnings are what the server takes with a warning.
var podWarnings = []validate.Rule{{
	ID: duplicateEnv, Severity: validate.Warning, Source: warningSource,
	Title: "an environment variable that hides an earlier one",
	Why:   "The last one counts, and an apply that merges by name may drop either.",
	Fix:   "remove one of them; charts often add a variable that extra values name again",
	Wrong: podOf(web + "  env: [{name: LEVEL, value: info}, {name: LEVEL, value: debug}]"),
	Right: podOf(web + "  env: [{name: LEVEL, value: debug}]"),
}, {
	ID: ambiguousPod, Severity: validate.Warning, Source: warningSource,
	Title: "settings of a Pod that overlap or select nothing",
	Why:   "The server takes them with a warning: of two ports, files or addresses one is lost, and a term without a selector matches no Pod.",
	Fix:   "remove one of the two; state a labelSelector",
	Wrong: podOf(web + "  ports: [{name: http, containerPort: 8080}, {name: web, containerPort: 8080}]"),
	Right: podOf(web + "  ports: [{name: http, containerPort: 8080}]"),
}, {
	ID: deprecatedPod, Severity: validate.Warning, Source: warningSource,
	Title: "a setting of a Pod that does nothing any more, or soon will not",
	Why:   "The server takes it with a warning.",
	Fix:   "use what took its place",
	Wrong: podOf(web + "nodeSelector: {beta.kubernetes.io/os: linux}"),
	Right: podOf(web + "nodeSelector: {kubernetes.io/os: linux}"),
}}
