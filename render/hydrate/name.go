package hydrate

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"sluice/render"
)

const (
	// longestStem is the longest file name without ".yaml". File systems allow 255 bytes, some encrypted ones 143.
	longestStem = 120
	// digestDigits of a sha256 follow the "@" in names that could not be spelled out.
	digestDigits = 12
)

var (
	// plainPart is a namespace, name or API group that can stand in a file name as it is. It has no upper case, for
	// file systems that fold it, and none of the characters "_" and "@" that file names put between parts.
	plainPart = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	plainKind = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	unsafeRun = regexp.MustCompile(`[^a-z0-9.]+`)
	// deviceName is a name that Windows gives to a device, with any extension.
	deviceName = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])$`)
)

// builtinGroup gives the API group of the kinds that need none in their file names. Kinds are unique in this table,
// so leaving out exactly this group keeps names unique. The groups are those of the Kubernetes API reference, v1.33.
var builtinGroup = map[string]string{
	"ConfigMap": "", "Endpoints": "", "Event": "", "LimitRange": "", "Namespace": "", "Node": "", "PersistentVolume": "",
	"PersistentVolumeClaim": "", "Pod": "", "PodTemplate": "", "ReplicationController": "", "ResourceQuota": "",
	"Secret": "", "Service": "", "ServiceAccount": "",
	"ControllerRevision": "apps", "DaemonSet": "apps", "Deployment": "apps", "ReplicaSet": "apps", "StatefulSet": "apps",
	"CronJob": "batch", "Job": "batch",
	"HorizontalPodAutoscaler": "autoscaling",
	"PodDisruptionBudget":     "policy",
	"ClusterRole":             "rbac.authorization.k8s.io", "ClusterRoleBinding": "rbac.authorization.k8s.io",
	"Role": "rbac.authorization.k8s.io", "RoleBinding": "rbac.authorization.k8s.io",
	"Ingress": "networking.k8s.io", "IngressClass": "networking.k8s.io", "NetworkPolicy": "networking.k8s.io",
	"CSIDriver": "storage.k8s.io", "StorageClass": "storage.k8s.io", "VolumeAttachment": "storage.k8s.io",
	"PriorityClass":                    "scheduling.k8s.io",
	"RuntimeClass":                     "node.k8s.io",
	"Lease":                            "coordination.k8s.io",
	"APIService":                       "apiregistration.k8s.io",
	"CustomResourceDefinition":         "apiextensions.k8s.io",
	"MutatingWebhookConfiguration":     "admissionregistration.k8s.io",
	"ValidatingWebhookConfiguration":   "admissionregistration.k8s.io",
	"ValidatingAdmissionPolicy":        "admissionregistration.k8s.io",
	"ValidatingAdmissionPolicyBinding": "admissionregistration.k8s.io",
}

// objectFile names the file of an object within its app's directory:
//
//	<kind>[.<group>][_<namespace>]_<name>.yaml          deployment_traefik.yaml, issuer.cert-manager.io_web_ca.yaml
//	<kind>[.<group>][_<namespace>]_<name>@<digest>.yaml  clusterrole_system-auth-delegator@0a3f5c9d2e71.yaml
//
// The kind is in lower case, the group is left out for built-in kinds, the namespace where it is the app's own. The
// second form is for names that a file system might refuse, fold or cut; its digest covers the whole key. With
// generateName the digest covers content too, since several objects may share the prefix.
//
// A name depends on nothing but the object and its app's namespace, so files never rename each other. Two keys of one
// app get two names, also where the file system folds case, except when two kinds of one group differ only in case; the
// API server refuses those (their singular names collide), and Tree reports them.
func objectFile(o render.Object, namespace string, content []byte) string {
	key := o.Key
	plain := true
	part := func(s string, pattern *regexp.Regexp) string {
		if !pattern.MatchString(s) {
			plain = false
			return strings.Trim(unsafeRun.ReplaceAllString(strings.ToLower(s), "-"), "-.")
		}
		return strings.ToLower(s)
	}
	stem := part(key.Kind, plainKind)
	if deviceName.MatchString(stem) || !plainKind.MatchString(stem) {
		stem, plain = "kind-"+stem, false
	}
	if group, builtin := builtinGroup[key.Kind]; !builtin || group != key.Group {
		stem += "." + part(key.Group, plainPart)
	}
	if key.Namespace != "" && key.Namespace != namespace {
		stem += "_" + part(key.Namespace, plainPart)
	}
	stem += "_" + part(key.Name, plainPart)
	if plain && len(stem) <= longestStem {
		return stem + ".yaml"
	}
	sum := sha256.New()
	for _, s := range []string{key.Group, key.Kind, key.Namespace, key.Name} {
		sum.Write([]byte(s + "\x00"))
	}
	if generated(key) {
		sum.Write(content)
	}
	stem = stem[:min(len(stem), longestStem-digestDigits-1)]
	stem = strings.TrimRight(stem, "-._") + "@" + hex.EncodeToString(sum.Sum(nil))[:digestDigits]
	return stem + ".yaml"
}

// generated tells whether the object gets its name from the API server.
func generated(key render.Key) bool { return strings.HasSuffix(key.Name, "/*") }
