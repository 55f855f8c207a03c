package argocd

import (
	"strconv"
	"strings"

	"sluice/validate"
)

const waveSource = "argo-cd docs user-guide/sync-waves and gitops-engine pkg/sync/sync_tasks.go"

// web is a workload that needs a ConfigMap, which is in a wave.
func web(wave string) string {
	return with(configMap(`argocd.argoproj.io/sync-wave: "`+wave+`"`), "metadata:", "metadata:") + `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example.com/web:1.0", envFrom: [{configMapRef: {name: settings}}]}]
`
}

// twoApps is a stack of two apps, or two layers of one each.
func twoApps(first, second, more string) string {
	return `-- stack.cue --
package stack

name: "cluster"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: repoURL: "https://git.example.com/cluster.git"
layers: apps: {
	wave: 0
	apps: {
		first: {namespace: "first", manifests: ["first.yaml"]}
		second: {namespace: "second", manifests: ["second.yaml"]` + more + `}
	}
}
-- first.yaml --
` + first + "-- second.yaml --\n" + second
}

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tables.shop.example.com}
spec:
  group: shop.example.com
  names: {kind: Table, plural: tables}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`

const table = "apiVersion: shop.example.com/v1\nkind: Table\nmetadata: {name: orders}\n"

func settings(namespace string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: " + namespace + "}\n"
}

func argocdConfig(health string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata:\n  url: https://argocd.example.com\n" + health
}

const healthCheck = "  resource.customizations.health.argoproj.io_Application: |\n    hs = {status = \"Progressing\"}\n    if obj.status ~= nil and obj.status.health ~= nil then hs.status = obj.status.health.status end\n    return hs\n"

// orderRules are about what has to be there before something else.
func orderRules() []validate.Rule {
	return []validate.Rule{
		{
			ID: noSuchNamespace, Title: "a namespace that nobody makes", Severity: validate.Warning, Source: "argo-cd docs user-guide/sync-options, Create Namespace",
			Why:   "The API server refuses an object whose namespace is not there. CreateNamespace=true makes that of the destination alone.",
			Fix:   "add a Namespace object, correct the name, or suppress the finding where the cluster has the namespace from elsewhere",
			Wrong: settings("exampel"), Right: settings("example"),
		},
		{
			ID: namespaceLabels, Title: "an Application and a manifest both set the labels of a namespace", Severity: validate.Warning, Source: "argo-cd docs user-guide/sync-options, Namespace Metadata",
			Why:   "Where there is a manifest of the namespace, managedNamespaceMetadata is ignored, or the two take turns.",
			Fix:   "put the labels into the manifest, or take the manifest out",
			Wrong: "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + shop + "    managedNamespaceMetadata: {labels: {team: shop}}\n",
			Right: shop + "    managedNamespaceMetadata: {labels: {team: shop}}\n",
		},
		{
			ID: lateWave, Title: "a workload is applied in a wave before what it needs", Severity: validate.Error, Source: waveSource,
			Why:   "Argo CD waits for a wave to be healthy before it applies the next one. The Pods wait for what is in the next one, so the first sync never ends.",
			Fix:   "give what is needed the same wave or an earlier one",
			Wrong: web("1"), Right: web("-1"),
		},
		{
			ID: mootWave, Title: "a wave that Argo CD passes over", Severity: validate.Info, Source: waveSource + ", adjustDeps",
			Why:   "A namespace is applied before the first object in it, a definition before the first of its kind, whatever their waves say.",
			Fix:   "take the annotation off, or give it the wave of what needs it or an earlier one",
			Wrong: with(definition, "tables.shop.example.com}", `tables.shop.example.com, annotations: {argocd.argoproj.io/sync-wave: "2"}}`) + "---\n" + table,
			Right: with(definition, "tables.shop.example.com}", `tables.shop.example.com, annotations: {argocd.argoproj.io/sync-wave: "-2"}}`) + "---\n" + table,
		},
		{
			ID: lateDefinition, Title: "a custom resource may come before its definition", Severity: validate.Warning, Worst: validate.Error, Source: "argo-cd docs user-guide/sync-options, Skip Dry Run; gitops-engine pkg/sync/sync_context.go, getSyncTasks",
			Why:   "Argo CD finds at the start of a sync that the kind is not there, and applies nothing of the app. It tries again a few times, then never until the next change.",
			Fix:   "name the app with the definition in dependsOn, or move it into an earlier layer",
			Wrong: twoApps(definition, table, ""), Right: twoApps(definition, table, `, dependsOn: ["first"]`),
		},
		{
			ID: wavesOfApps, Title: "the order of Applications is that of their creation alone", Severity: validate.Info, Worst: validate.Warning, Source: "argo-cd #3781 and docs operator-manual/health, Argocd App",
			Why:   "Argo CD has had no health check for its own Applications since 1.8, so a wave of them is done as soon as they are created, not when they are synced.",
			Fix:   "add resource.customizations.health.argoproj.io_Application to argocd-cm, as the documentation of Argo CD has it",
			Wrong: twoApps(argocdConfig(""), settings("second"), `, dependsOn: ["first"]`), Right: twoApps(argocdConfig(healthCheck), settings("second"), `, dependsOn: ["first"]`),
		},
	}
}

// objectRules are about what Argo CD makes of single objects.
func objectRules() []validate.Rule {
	large := func(options string) string {
		return strings.Replace(configMap(options), "kind", "data: {text: \""+strings.Repeat("0123456789abcdef", 17000)+"\"}\nkind", 1)
	}
	hooked := "argocd.argoproj.io/hook: PreSync\n    argocd.argoproj.io/hook-delete-policy: "
	return []validate.Rule{
		{
			ID: annotationLimit, Title: "an object is too large for the annotation of a client-side apply", Severity: validate.Error, Source: "argo-cd docs user-guide/sync-options, Server-Side Apply",
			Why:   "A client-side apply keeps the whole object in an annotation, and all annotations together may have 262144 bytes: the API server refuses it with \"Too long\".",
			Fix:   "say sync: options: [\"ServerSideApply=true\"] in the stack, or argocd.argoproj.io/sync-options: ServerSideApply=true on the object",
			Wrong: large(`example.com/note: "large"`), Right: large("argocd.argoproj.io/sync-options: ServerSideApply=true"),
		},
		{
			ID: scaledReplicas, Title: "replicas of a workload that an autoscaler scales", Severity: validate.Info, Worst: validate.Warning, Source: "argo-cd docs user-guide/best_practices, Leaving Room For Imperativeness",
			Why:   "The autoscaler and Argo CD set the number in turns, and each time Pods are started or ended.",
			Fix:   "leave spec.replicas out of the manifest",
			Wrong: web("0") + scaler, Right: with(web("0"), "  replicas: 2\n", "") + scaler,
		},
		{
			ID: sharedObject, Title: "two apps have the same object", Severity: validate.Info, Worst: validate.Error, Source: "argo-cd docs user-guide/sync-options, Fail the sync if a shared resource is found (SharedResourceWarning)",
			Why:   "It belongs to the app that synced last, the other is out of sync, and the one that no longer renders it prunes it for both.",
			Fix:   "leave it to one of them",
			Wrong: twoApps(settings("first"), settings("first"), ""), Right: twoApps(settings("first"), settings("second"), ""),
		},
		{
			ID: repeatedObject, Title: "an app has an object twice", Severity: validate.Info, Worst: validate.Warning, Source: "argo-cd controller/state.go, DeduplicateTargetObjects (RepeatedResourceWarning)",
			Why:   "Only the last of them is applied.",
			Fix:   "take one of them out",
			Wrong: settings("example") + "---\n" + settings("example") + "data: {a: b}\n", Right: settings("example") + "data: {a: b}\n",
		},
		{
			ID: generatedName, Title: "an object without a name of its own", Severity: validate.Error, Source: "argo-cd #1639; k8s.io/kubectl pkg/cmd/apply/apply.go",
			Why:   "Argo CD applies as kubectl apply does, which finds an object by its name and takes generateName from nobody. Hooks are created, under a name that Argo CD makes up.",
			Fix:   "state metadata.name, or make the object a hook: argocd.argoproj.io/hook: Sync",
			Wrong: with(job("example.com/note: each-sync"), "  name:", "  generateName:"), Right: with(job("argocd.argoproj.io/hook: Sync"), "  name: migrate", "  generateName: migrate-"),
		},
		{
			ID: neverRuns, Title: "a hook that never runs", Severity: validate.Info, Worst: validate.Error, Source: "argo-cd docs user-guide/sync-waves and helm; gitops-engine pkg/sync/hook",
			Why:   "An object with a hook annotation is applied in its phases and at no other time. Of an unknown phase, or one of helm that Argo CD does not have, it never is.",
			Fix:   "correct the phase; hooks of helm's tests and rollbacks are run by helm alone",
			Wrong: job("argocd.argoproj.io/hook: PreSinc"), Right: job("argocd.argoproj.io/hook: PreSync"),
		},
		{
			ID: hookPolicy, Title: "a hook is not deleted as it should be", Severity: validate.Info, Worst: validate.Warning, Source: "argo-cd docs user-guide/sync-waves, Hook Deletion Policies; gitops-engine pkg/sync/hook/delete_policy.go",
			Why:   "An unknown policy counts as BeforeHookCreation. A hook that stays is found by the next sync under its name, and not run again.",
			Fix:   "state HookSucceeded, HookFailed or BeforeHookCreation, or several with commas between them",
			Wrong: job(hooked + "hook-succeeded"), Right: job(hooked + "BeforeHookCreation"),
		},
		{
			ID: hookNeeds, Title: "a hook is run before what it needs is applied", Severity: validate.Error, Source: waveSource,
			Why:   "Hooks of the phase PreSync run before anything else is applied. At the first sync what they name is not there, the Pod waits for it, and the sync never ends.",
			Fix:   "make what is needed a hook of the same phase in an earlier wave, or run the hook in the phase Sync",
			Wrong: configMap(`example.com/note: "settings"`) + "---\n" + job("argocd.argoproj.io/hook: PreSync"), Right: configMap(`example.com/note: "settings"`) + "---\n" + job("argocd.argoproj.io/hook: Sync"),
		},
		{
			ID: waveNumber, Title: "a sync wave is no number", Severity: validate.Warning, Source: "argo-cd gitops-engine pkg/sync/syncwaves/waves.go",
			Why:   "What is no whole number counts as wave 0, or as the weight of a helm hook, without a word.",
			Fix:   "write a whole number in quotes",
			Wrong: configMap("argocd.argoproj.io/sync-wave: " + strconv.Quote("first")), Right: configMap("argocd.argoproj.io/sync-wave: " + strconv.Quote("-1")),
		},
	}
}

const scaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`
