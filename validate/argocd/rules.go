package argocd

import (
	"strings"

	"sluice/validate"
)

const (
	typesSource  = "argo-cd util/argo/argo.go, ValidatePermissions, and docs operator-manual/application.yaml"
	optionSource = "argo-cd docs user-guide/sync-options and gitops-engine pkg/sync/common/types.go"
)

// shop is a sound Application, on which the examples build.
const shop = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: default
  source: {repoURL: "https://git.example.com/shop.git", path: deploy, targetRevision: v1.4.0}
  destination: {server: "https://kubernetes.default.svc", namespace: shop}
  syncPolicy:
    syncOptions: [CreateNamespace=true]
`

// with gives a text with a part of it replaced. A part that is not there is a mistake of the table, which its test finds.
func with(text, old, new string) string { return strings.Replace(text, old, new, 1) }

const helmSources = `  sources:
    - repoURL: https://charts.example.com
      chart: shop
      targetRevision: 1.4.0
      helm: {valueFiles: [$values/shop.yaml]}
    - {repoURL: "https://git.example.com/values.git", targetRevision: v1, ref: values}
`

const gitSource = `  source: {repoURL: "https://git.example.com/shop.git", path: deploy, targetRevision: v1.4.0}
`

// applicationRules are about the Applications that a stack renders.
func applicationRules() []validate.Rule {
	return append([]validate.Rule{
		{
			ID: destination, Title: "an Application has no destination, or two", Severity: validate.Error, Source: typesSource,
			Why:   "Argo CD syncs no Application whose cluster is not clear: it shows InvalidSpecError.",
			Fix:   "state spec.destination.server or spec.destination.name, not both",
			Wrong: with(shop, `namespace: shop}`, `name: in-cluster, namespace: shop}`), Right: shop,
		},
		{
			ID: noNamespace, Title: "an Application has no destination namespace", Severity: validate.Info, Source: "argo-cd controller/state.go, NormalizeManifest",
			Why:   "An object without a namespace of its own gets that of the destination; without either its sync fails, and CreateNamespace=true does nothing.",
			Fix:   "state spec.destination.namespace",
			Wrong: with(shop, ", namespace: shop}", "}"), Right: shop,
		},
		{
			ID: source, Title: "Argo CD cannot tell where an Application is from or what renders it", Severity: validate.Warning, Worst: validate.Error, Source: typesSource + "; types.go, ExplicitType",
			Why:   "A source needs a repository and a path or chart, a chart needs a version, and one tool renders it. With less or more the Application shows an error and is not synced.",
			Fix:   "state repoURL with path, or with chart and targetRevision, and at most one of helm, kustomize, directory and plugin",
			Wrong: with(shop, "targetRevision: v1.4.0}", "targetRevision: v1.4.0, helm: {releaseName: shop}, plugin: {name: avp}}"), Right: shop,
		},
		{
			ID: floating, Title: "the revision of an Application moves by itself", Severity: validate.Info, Worst: validate.Warning, Source: "argo-cd docs user-guide/tracking_strategies",
			Why:   "A new release or commit of somebody else is deployed at once, without a change that anybody reviewed and that could be taken back.",
			Fix:   "state a version, tag or commit",
			Wrong: with(shop, gitSource, "  source: {repoURL: \"https://charts.example.com\", chart: shop, targetRevision: 1.*}\n"),
			Right: with(shop, gitSource, "  source: {repoURL: \"https://charts.example.com\", chart: shop, targetRevision: 1.4.0}\n"),
		},
		{
			ID: valuesRef, Title: "a values file is in a source that is not there", Severity: validate.Info, Worst: validate.Error, Source: "argo-cd util/argo/argo.go, GetRefSources, and docs user-guide/multiple_sources",
			Why:   "$name/path leads into the source of spec.sources whose ref is name; where there is none the render fails.",
			Fix:   "give one of spec.sources the ref, or correct the name",
			Wrong: with(shop, gitSource, with(helmSources, "$values", "$value")), Right: with(shop, gitSource, helmSources),
		},
		{
			ID: syncOption, Title: "a sync option that does nothing", Severity: validate.Warning, Source: optionSource,
			Why:   "Argo CD looks for the options that it knows, spelled exactly so, and passes over all else without a word: what the option was to protect is not protected.",
			Fix:   "correct the word or its value, or move it to where it counts",
			Wrong: with(shop, "CreateNamespace=true", "CreateNameSpace=true"), Right: shop,
		},
		{
			ID: compareOption, Title: "a compare option that does nothing", Severity: validate.Warning, Source: "argo-cd docs user-guide/compare-options",
			Why:   "Argo CD looks for the options that it knows, spelled exactly so, and passes over all else without a word.",
			Fix:   "correct the word, or move it to where it counts",
			Wrong: configMap(`argocd.argoproj.io/compare-options: IgnoreExtraneus`), Right: configMap(`argocd.argoproj.io/compare-options: IgnoreExtraneous`),
		},
	}, policyRules()...)
}

func policyRules() []validate.Rule {
	return []validate.Rule{
		{
			ID: syncPolicy, Title: "a sync policy contradicts itself", Severity: validate.Info, Worst: validate.Warning, Source: "argo-cd docs user-guide/auto_sync and sync-options",
			Why:   "Of two settings one has no effect, and it is not always the one that people think of.",
			Fix:   "take one of them out",
			Wrong: with(shop, "CreateNamespace=true", "ServerSideApply=true, Replace=true"), Right: with(shop, "CreateNamespace=true", "ServerSideApply=true"),
		},
		{
			ID: finalizer, Title: "a finalizer of Argo CD that Argo CD does not have", Severity: validate.Warning, Source: "argo-cd pkg/apis/application/v1alpha1/application_defaults.go",
			Why:   "Nobody takes it off, so the deletion of the Application never ends, and nothing below it is deleted.",
			Fix:   "correct the word: resources-finalizer.argocd.argoproj.io",
			Wrong: with(shop, "namespace: argocd}", "namespace: argocd, finalizers: [resource-finalizer.argocd.argoproj.io]}"),
			Right: with(shop, "namespace: argocd}", "namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}"),
		},
		{
			ID: differences, Title: "an entry of ignoreDifferences that ignores nothing", Severity: validate.Warning, Source: "argo-cd util/argo/normalizers/diff_normalizer.go",
			Why:   "The entry is passed over, the Application stays out of sync, and selfHeal keeps on applying.",
			Fix:   "write JSON pointers as /spec/replicas, and the group without a version",
			Wrong: shop + "  ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [spec/replicas]}]\n",
			Right: shop + "  ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}]\n",
		},
	}
}

// team is a sound AppProject, and shop one of its Applications.
const team = `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: team, namespace: argocd}
spec:
  sourceRepos: ["https://git.example.com/*"]
  destinations: [{server: "https://kubernetes.default.svc", namespace: shop}]
  roles: [{name: read, policies: ["p, proj:team:read, applications, get, team/*, allow"]}]
---
`

// projectRules are about the AppProjects that a stack renders, and who is in them.
func projectRules() []validate.Rule {
	member := with(shop, "project: default", "project: team")
	return []validate.Rule{
		{
			ID: denied, Title: "a project does not permit what is deployed in it", Severity: validate.Warning, Worst: validate.Error, Source: "argo-cd pkg/apis/application/v1alpha1/app_project_types.go",
			Why:   "Argo CD refuses the Application (InvalidSpecError), or the sync of the objects whose kinds are not permitted.",
			Fix:   "permit it in the AppProject, or move the Application to another project",
			Wrong: with(team, "namespace: shop}]", "namespace: store}]") + member, Right: team + member,
		},
		{
			ID: noProject, Title: "an Application is in a project that is not there", Severity: validate.Warning, Source: typesSource,
			Why:   "Without its project an Application is not synced.",
			Fix:   "correct the name, or add the AppProject",
			Wrong: team + with(shop, "project: default", "project: tema"), Right: team + member,
		},
		{
			ID: emptyProject, Title: "a project permits nothing", Severity: validate.Warning, Source: "argo-cd pkg/apis/application/v1alpha1/app_project_types.go",
			Why:   "What no entry permits is denied, so no Application of the project is synced.",
			Fix:   "say which repositories and destinations it may have",
			Wrong: with(team, `["https://git.example.com/*"]`, "[]") + member, Right: team + member,
		},
		{
			ID: wildcardProject, Title: "a project permits everything", Severity: validate.Info, Source: "argo-cd docs user-guide/projects",
			Why:   "Whoever may write to any repository of the project may deploy anything anywhere.",
			Fix:   "name the repositories, namespaces and kinds that the project needs",
			Wrong: with(team, "https://git.example.com/*", "*"), Right: team,
		},
		{
			ID: invalidProject, Title: "an AppProject that Argo CD's own API would refuse", Severity: validate.Warning, Source: "argo-cd pkg/apis/application/v1alpha1/app_project_types.go, ValidateProject",
			Why:   "Applied as a manifest it is not refused: the role, window or entry just does not do what it says, and nobody can edit the project in Argo CD any more.",
			Fix:   "correct the entry",
			Wrong: with(team, "proj:team:read", "proj:teem:read"), Right: team,
		},
	}
}

func configMap(annotations string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  annotations:\n    " + annotations + "\n"
}

func job(annotations string) string {
	return "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations:\n    " + annotations + `
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "registry.example.com/shop:1.4.0", envFrom: [{configMapRef: {name: settings}}]}]
`
}
