package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The Kubernetes minors whose built-in APIs are known, and the newest release of them.
const (
	oldestMinor      = 28
	newestMinor      = 37
	newestKubernetes = "1.37.0"
)

// builtinAPIs are the APIs that a cluster serves by default: the generally available ones, and the betas that were
// enabled before Kubernetes 1.24 turned new betas off (KEP-3136), with the minors that serve them.
// Source: the deprecation guide (kubernetes.io/docs/reference/using-api/deprecation-guide), the change logs, and the
// lifecycle methods of k8s.io/api v0.37.0 (zz_generated.prerelease-lifecycle.go). Argo CD hands charts kinds as well as
// versions, and charts ask for them: "policy/v1/PodDisruptionBudget".
var builtinAPIs = []struct {
	name        string
	first, last int
	kinds       string // those that can be listed; "Kind:33" is served from minor 33 on
}{
	{"admissionregistration.k8s.io/v1", 0, newestMinor, "MutatingWebhookConfiguration ValidatingWebhookConfiguration ValidatingAdmissionPolicy:30 ValidatingAdmissionPolicyBinding:30 MutatingAdmissionPolicy:36 MutatingAdmissionPolicyBinding:36"},
	{"apiextensions.k8s.io/v1", 0, newestMinor, "CustomResourceDefinition"},
	{"apiregistration.k8s.io/v1", 0, newestMinor, "APIService"},
	{"apps/v1", 0, newestMinor, "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"},
	{"authentication.k8s.io/v1", 0, newestMinor, ""},
	{"authorization.k8s.io/v1", 0, newestMinor, ""},
	{"autoscaling/v1", 0, newestMinor, "HorizontalPodAutoscaler"},
	{"autoscaling/v2", 0, newestMinor, "HorizontalPodAutoscaler"},
	{"batch/v1", 0, newestMinor, "CronJob Job"},
	{"certificates.k8s.io/v1", 0, newestMinor, "CertificateSigningRequest ClusterTrustBundle:37 PodCertificateRequest:37"},
	{"coordination.k8s.io/v1", 0, newestMinor, "Lease"},
	{"discovery.k8s.io/v1", 0, newestMinor, "EndpointSlice"},
	{"events.k8s.io/v1", 0, newestMinor, "Event"},
	{"flowcontrol.apiserver.k8s.io/v1", 29, newestMinor, "FlowSchema PriorityLevelConfiguration"},
	{"flowcontrol.apiserver.k8s.io/v1beta2", 0, 28, "FlowSchema PriorityLevelConfiguration"},
	{"flowcontrol.apiserver.k8s.io/v1beta3", 0, 31, "FlowSchema PriorityLevelConfiguration"},
	{"networking.k8s.io/v1", 0, newestMinor, "Ingress IngressClass NetworkPolicy IPAddress:33 ServiceCIDR:33"},
	{"node.k8s.io/v1", 0, newestMinor, "RuntimeClass"},
	{"policy/v1", 0, newestMinor, "PodDisruptionBudget"},
	{"rbac.authorization.k8s.io/v1", 0, newestMinor, "ClusterRole ClusterRoleBinding Role RoleBinding"},
	{"resource.k8s.io/v1", 34, newestMinor, "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice DeviceTaintRule:37"},
	{"scheduling.k8s.io/v1", 0, newestMinor, "PriorityClass"},
	{"storage.k8s.io/v1", 0, newestMinor, "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass:34"},
	{"storagemigration.k8s.io/v1", 37, newestMinor, "StorageVersionMigration"},
	{"v1", 0, newestMinor, "ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount"},
}

// Capabilities models the cluster: the APIs that its Kubernetes version serves by default plus the declared ones.
// A declared kind implies its group and version. The version may have a "v" and a vendor suffix; a minor that is not
// known is an error. A cluster without a version, which no stack may have, is of the newest one known; the result
// states it.
func (c Cluster) Capabilities() (Capabilities, error) {
	version := cmp.Or(strings.TrimPrefix(c.Kubernetes, "v"), newestKubernetes)
	minor, err := minorOf(version)
	if err != nil {
		return Capabilities{}, err
	}
	served := Capabilities{KubeVersion: version}
	for _, api := range builtinAPIs {
		if minor < api.first || api.last < minor {
			continue
		}
		served.APIVersions = append(served.APIVersions, api.name)
		for kind := range strings.FieldsSeq(api.kinds) {
			kind, since, late := strings.Cut(kind, ":")
			if first, err := strconv.Atoi(since); !late || err == nil && first <= minor {
				served.APIVersions = append(served.APIVersions, api.name+"/"+kind)
			}
		}
	}
	// Charts ask for either form, and a cluster that serves a kind serves its version: whoever declares the kind of a
	// CRD means both.
	for _, api := range c.APIVersions {
		served.APIVersions = append(served.APIVersions, api)
		if i := strings.LastIndexByte(api, '/'); i >= 0 && i+1 < len(api) && api[i+1] >= 'A' && api[i+1] <= 'Z' {
			served.APIVersions = append(served.APIVersions, api[:i])
		}
	}
	slices.Sort(served.APIVersions)
	served.APIVersions = slices.Compact(served.APIVersions)
	return served, nil
}

// minorOf reads the minor of "1.33.4", "1.33", "1.33.4-eks-1a2b" and "1.33.4+k3s1". An unknown minor is refused
// rather than treated as its neighbour: a chart renders differently for it, and nobody would see why.
func minorOf(version string) (int, error) {
	number, _, _ := strings.Cut(version, "+")
	number, _, _ = strings.Cut(number, "-")
	parts := strings.Split(number, ".")
	if len(parts) == 2 || len(parts) == 3 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && major == 1 && oldestMinor <= minor && minor <= newestMinor {
			return minor, nil
		}
	}
	return 0, &Error{
		Err:  fmt.Errorf("modelling Kubernetes %q: the version is not known", version),
		Hint: fmt.Sprintf("state a version from 1.%d to 1.%d, e.g. %s", oldestMinor, newestMinor, newestKubernetes),
	}
}
