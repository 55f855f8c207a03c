package main

import (
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/coordination/lease"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/endpoint"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/discovery/endpointslice"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/flowschema"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/prioritylevelconfiguration"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/ingressclass"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csidriver"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattributesclass"
)

// strategies are the kinds that are judged, each with what the API server's store of it does before it writes.
// Refused: the stores themselves, which want an etcd, allocators of addresses and clients of nodes.
func strategies() map[schema.GroupKind]rest.RESTCreateStrategy {
	groups := map[string]map[string]rest.RESTCreateStrategy{
		"": {
			"ConfigMap": configmap.Strategy, "Endpoints": endpoint.Strategy, "LimitRange": limitrange.Strategy,
			"Namespace": namespace.Strategy, "PersistentVolume": persistentvolume.Strategy,
			"PersistentVolumeClaim": persistentvolumeclaim.Strategy, "Pod": pod.Strategy, "PodTemplate": podtemplate.Strategy,
			"ReplicationController": replicationcontroller.Strategy, "ResourceQuota": resourcequota.Strategy,
			"Secret": secret.Strategy, "Service": service.Strategy, "ServiceAccount": serviceaccount.Strategy,
		},
		"apps": {
			"ControllerRevision": controllerrevision.Strategy, "DaemonSet": daemonset.Strategy,
			"Deployment": deployment.Strategy, "ReplicaSet": replicaset.Strategy, "StatefulSet": statefulset.Strategy,
		},
		"autoscaling":         {"HorizontalPodAutoscaler": horizontalpodautoscaler.Strategy},
		"batch":               {"CronJob": cronjob.Strategy, "Job": job.Strategy},
		"coordination.k8s.io": {"Lease": lease.Strategy},
		"discovery.k8s.io":    {"EndpointSlice": endpointslice.Strategy},
		"networking.k8s.io": {
			"Ingress": ingress.Strategy, "IngressClass": ingressclass.Strategy, "NetworkPolicy": networkpolicy.Strategy,
		},
		"node.k8s.io": {"RuntimeClass": runtimeclass.Strategy},
		"policy":      {"PodDisruptionBudget": poddisruptionbudget.Strategy},
		"rbac.authorization.k8s.io": {
			"ClusterRole": clusterrole.Strategy, "ClusterRoleBinding": clusterrolebinding.Strategy,
			"Role": role.Strategy, "RoleBinding": rolebinding.Strategy,
		},
		"scheduling.k8s.io": {"PriorityClass": priorityclass.Strategy},
		"storage.k8s.io": {
			"CSIDriver": csidriver.Strategy, "StorageClass": storageclass.Strategy,
			"VolumeAttributesClass": volumeattributesclass.Strategy,
		},
		"flowcontrol.apiserver.k8s.io": {
			"FlowSchema": flowschema.Strategy, "PriorityLevelConfiguration": prioritylevelconfiguration.Strategy,
		},
		"admissionregistration.k8s.io": {
			"MutatingWebhookConfiguration":     mutatingwebhookconfiguration.Strategy,
			"ValidatingAdmissionPolicy":        validatingadmissionpolicy.NewStrategy(nil, nil),
			"ValidatingAdmissionPolicyBinding": validatingadmissionpolicybinding.NewStrategy(nil, nil, nil),
			"ValidatingWebhookConfiguration":   validatingwebhookconfiguration.Strategy,
		},
		"apiextensions.k8s.io": {
			"CustomResourceDefinition": customresourcedefinition.NewStrategy(legacyscheme.Scheme),
		},
	}
	table := map[schema.GroupKind]rest.RESTCreateStrategy{}
	for group, kinds := range groups {
		for kind, strategy := range kinds {
			table[schema.GroupKind{Group: group, Kind: kind}] = strategy
		}
	}
	return table
}
