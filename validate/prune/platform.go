package prune

import "sluice/validate"

// finalizers of an Application with which its deletion takes everything below it along.
// Source: argo-cd v3.4.9 pkg/apis/application/v1alpha1/application_defaults.go.
const (
	cascading  = "resources-finalizer.argocd.argoproj.io"
	foreground = cascading + "/foreground"
	background = cascading + "/background"
)

// platform are the kinds whose objects own or carry others.
// Sources: the documentation of Kubernetes, Argo CD and the operators, as each row names them.
var platform = []row{
	{
		group: "apiextensions.k8s.io", kinds: "CustomResourceDefinition", severity: validate.DataLoss,
		destroys: "the API server deletes every object of its kind, whose finalizers then delete what they stand for",
		fix:      "leave it in, or put Prune=false on the live definition first", source: "Kubernetes docs, CustomResourceDefinitions, Delete",
	},
	{
		group: "", kinds: "Namespace", severity: validate.DataLoss, destroys: "everything in it is deleted, volume claims and Secrets included",
		fix: "put Prune=false on the live namespace first", source: "Kubernetes docs, Namespaces; argo-cd #17440, #6046",
	},
	{
		group: "argoproj.io", kinds: "Application", severity: validate.Cascade, destroys: "its finalizer deletes everything that it deployed",
		keeps: switched("metadata finalizers", cascading, foreground, background), kept: validate.Outage, source: "argo-cd docs app_deletion",
	},
	{
		group: "argoproj.io", kinds: "ApplicationSet", severity: validate.Cascade,
		destroys: "its Applications go with it, with everything that they deployed (applicationsSync policies do not help here)",
		keeps:    policy("spec syncPolicy preserveResourcesOnDeletion", false, "true"), kept: validate.Outage,
		source: "argo-cd docs applicationset, Application-Deletion",
	},
	{
		group: "argoproj.io", kinds: "AppProject", severity: validate.Outage, destroys: "its Applications may no longer sync",
		source: "argo-cd docs, Projects",
	},
	{group: "argoproj.io", kinds: "*", severity: validate.Outage, destroys: "what it runs stops", source: "Argo docs"},
	{
		group: "kargo.akuity.io", kinds: "Project", severity: validate.Cascade, destroys: "its namespace is deleted with everything in it",
		keeps: policy("metadata annotations kargo.akuity.io/keep-namespace", false, "true"), kept: validate.Outage, source: "kargo docs, Projects",
	},
	{group: "kargo.akuity.io", kinds: "*", severity: validate.Outage, destroys: "its promotions stop", source: "kargo docs"},
	{
		group: "helm.cattle.io", kinds: "HelmChart", severity: validate.Cascade, destroys: "its finalizer runs helm uninstall, which deletes the release",
		source: "k3s-io helm-controller chart.go",
	},
	{group: "helm.cattle.io", kinds: "HelmChartConfig", severity: validate.Outage, destroys: "the chart falls back to its own values", source: "k3s docs, Helm"},
	{group: "helm.toolkit.fluxcd.io", kinds: "HelmRelease", severity: validate.Cascade, destroys: "its finalizer uninstalls the release", source: "flux docs, HelmRelease"},
	{
		group: "kustomize.toolkit.fluxcd.io", kinds: "Kustomization", severity: validate.Cascade, destroys: "what it applied is deleted where it prunes",
		keeps: policy("spec prune", false, "false"), kept: validate.Outage, source: "flux docs, Kustomization",
	},
	{
		group: "apiextensions.crossplane.io", kinds: "CompositeResourceDefinition", severity: validate.Cascade,
		destroys: "the definitions that it made go, and all composites and claims with them", source: "crossplane apis/apiextensions",
	},
	{group: "apiextensions.crossplane.io", kinds: "*", severity: validate.Outage, destroys: "what is composed of it is no longer reconciled", source: "crossplane docs"},
	{group: "pkg.crossplane.io", kinds: "*", severity: validate.Cascade, destroys: "the definitions that the package brought are no longer run by anyone, or go with it", source: "crossplane docs, Packages"},
	{group: "*.crossplane.io", kinds: providerConfigs, severity: validate.Outage, destroys: "what is managed through it is no longer reconciled", source: "crossplane docs"},
	{group: "*.upbound.io", kinds: providerConfigs, severity: validate.Outage, destroys: "what is managed through it is no longer reconciled", source: "crossplane docs"},
	{
		group: "*.crossplane.io", kinds: "*", severity: validate.DataLoss, destroys: "what it stands for in the cloud is deleted",
		keeps: crossplaneKeeps, either: true, kept: validate.Outage, source: "crossplane apis/core/v2, deletionPolicy and managementPolicies",
	},
	{
		group: "*.upbound.io", kinds: "*", severity: validate.DataLoss, destroys: "what it stands for in the cloud is deleted",
		keeps: crossplaneKeeps, either: true, kept: validate.Outage, source: "crossplane apis/core/v2, deletionPolicy and managementPolicies",
	},
	{
		group: "templates.gatekeeper.sh", kinds: "ConstraintTemplate", severity: validate.Cascade, destroys: "the definition that it made goes, and all constraints of it",
		source: "gatekeeper constrainttemplate_controller.go",
	},
	{
		group: "kyverno.io", kinds: "ClusterPolicy Policy", only: "spec rules [] generate", severity: validate.Cascade, destroys: "what it generated is deleted",
		keeps: []field{
			{path: "spec rules [] generate synchronize", absent: true, safe: []string{"false"}},
			{path: "spec rules [] generate orphanDownstreamOnPolicyDelete", safe: []string{"true"}},
		},
		either: true, kept: validate.Outage, source: "kyverno common_types.go, orphanDownstreamOnPolicyDelete",
	},
	{group: "kyverno.io", kinds: "*", severity: validate.Outage, destroys: "what it enforced is enforced no longer", source: "kyverno docs"},
	{group: "metallb.io", kinds: "*", severity: validate.Outage, destroys: "addresses of Services are withdrawn", source: "MetalLB docs"},
	{group: "crd.projectcalico.org", kinds: "*", severity: validate.Outage, destroys: "the network of the whole cluster may stop", source: "Calico docs"},
	{group: "projectcalico.org", kinds: "*", severity: validate.Outage, destroys: "the network of the whole cluster may stop", source: "Calico docs"},
	{group: "operator.tigera.io", kinds: "*", severity: validate.Outage, destroys: "the network of the whole cluster may stop", source: "Calico docs"},
	{group: "cilium.io", kinds: "*", severity: validate.Outage, destroys: "traffic that it allowed or announced stops, or what it denied passes", source: "Cilium docs"},
	{
		group: "monitoring.coreos.com", kinds: "Prometheus PrometheusAgent Alertmanager ThanosRuler", severity: validate.DataLoss, destroys: "its StatefulSet goes, and the volume claims with it",
		keeps: policy("spec persistentVolumeClaimRetentionPolicy whenDeleted", true, "Retain"), kept: validate.Outage, source: "prometheus-operator API reference",
	},
	{group: "monitoring.coreos.com", kinds: "*", severity: validate.Info, destroys: "it is no longer watched", source: "prometheus-operator docs"},
	{group: "traefik.io", kinds: "*", severity: validate.Outage, destroys: "its routes are gone", source: "Traefik docs"},
	{group: "gateway.networking.k8s.io", kinds: "*", severity: validate.Outage, destroys: "its routes and addresses are gone", source: "Gateway API docs"},
	{group: "externaldns.k8s.io", kinds: "*", severity: validate.Outage, destroys: "its DNS records go where external-dns runs with policy sync", source: "external-dns docs, flags"},
	{group: "keda.sh", kinds: "*", severity: validate.Info, destroys: "it is no longer scaled", source: "KEDA docs"},
}

const providerConfigs = "ProviderConfig ClusterProviderConfig ProviderConfigUsage ClusterProviderConfigUsage"

// crossplaneKeeps decide on managed resources: either keeps. Without managementPolicies it manages, and deletes, all.
var crossplaneKeeps = []field{
	{path: "spec deletionPolicy", safe: []string{"Orphan"}},
	{path: "spec managementPolicies", unsafe: []string{"*", "Delete"}},
}

// plain are the built-in kinds that come back from the tree. A row for all kinds of a group stands for those in it
// that nothing runs on.
// Source: the Kubernetes documentation of each kind.
var plain = []row{
	{group: "apps", kinds: "*", severity: validate.Outage, destroys: "its pods are deleted with it, with what they keep in emptyDir volumes", source: "Kubernetes docs, Workloads"},
	{group: "", kinds: "Pod ReplicationController", severity: validate.Outage, destroys: "its pods are deleted with it, with what they keep in emptyDir volumes", source: "Kubernetes docs, Pods"},
	{group: "batch", kinds: "CronJob", severity: validate.Outage, destroys: "it no longer runs", source: "Kubernetes docs, CronJob"},
	{group: "batch", kinds: "*", severity: validate.Info, destroys: "its pods are deleted with it", source: "Kubernetes docs, Jobs"},
	{group: "", kinds: "Service", severity: validate.Outage, destroys: "its name and address are gone; created again, it has another address", source: "Kubernetes docs, Services"},
	{group: "", kinds: "ConfigMap", severity: validate.Outage, destroys: "what reads it fails at its next start", source: "Kubernetes docs, ConfigMaps"},
	{group: "", kinds: "ServiceAccount", severity: validate.Outage, destroys: "pods that name it do not start, and its tokens end", source: "Kubernetes docs, Service Accounts"},
	{group: "", kinds: "*", severity: validate.Info, destroys: "what it set holds no longer", source: "Kubernetes docs"},
	{group: "rbac.authorization.k8s.io", kinds: "*", severity: validate.Outage, destroys: "who relies on it loses the permission", source: "Kubernetes docs, RBAC"},
	{group: "networking.k8s.io", kinds: "NetworkPolicy", severity: validate.Outage, destroys: "traffic that it denied passes", source: "Kubernetes docs, Network Policies"},
	{group: "networking.k8s.io", kinds: "*", severity: validate.Outage, destroys: "what is reached through it is reached no longer", source: "Kubernetes docs, Ingress"},
	{group: "admissionregistration.k8s.io", kinds: "*", severity: validate.Outage, destroys: "what it checked or changed is admitted as it is", source: "Kubernetes docs, Admission"},
	{group: "apiregistration.k8s.io", kinds: "*", severity: validate.Outage, destroys: "its API is served no longer", source: "Kubernetes docs, API aggregation"},
	{group: "scheduling.k8s.io", kinds: "*", severity: validate.Outage, destroys: "pods that name it are refused", source: "Kubernetes docs, Pod Priority"},
	{group: "node.k8s.io", kinds: "*", severity: validate.Outage, destroys: "pods that name it are refused", source: "Kubernetes docs, Runtime Class"},
	{group: "storage.k8s.io", kinds: "*", severity: validate.Outage, destroys: "volumes that need it are no longer provisioned or attached", source: "Kubernetes docs, Storage"},
	{group: "resource.k8s.io", kinds: "*", severity: validate.Outage, destroys: "pods that claim devices through it do not start", source: "Kubernetes docs, Dynamic Resource Allocation"},
	{group: "autoscaling", kinds: "*", severity: validate.Info, destroys: "it is no longer scaled", source: "Kubernetes docs, Horizontal Pod Autoscaling"},
	{group: "policy", kinds: "*", severity: validate.Info, destroys: "drains no longer heed it", source: "Kubernetes docs, Disruptions"},
	{group: "discovery.k8s.io", kinds: "*", severity: validate.Outage, destroys: "the addresses in it are reached no longer", source: "Kubernetes docs, EndpointSlices"},
	{group: "coordination.k8s.io", kinds: "*", severity: validate.Info, destroys: "its holder takes it anew", source: "Kubernetes docs, Leases"},
	{group: "events.k8s.io", kinds: "*", severity: validate.Info, destroys: "the record is gone", source: "Kubernetes docs, Events"},
	{group: "flowcontrol.apiserver.k8s.io", kinds: "*", severity: validate.Info, destroys: "requests fall into another level", source: "Kubernetes docs, Flow Control"},
	{group: "certificates.k8s.io", kinds: "*", severity: validate.Info, destroys: "the request is gone", source: "Kubernetes docs, Certificate Signing Requests"},
}
