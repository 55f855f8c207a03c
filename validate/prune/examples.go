package prune

import "strings"

// example is what is live, what a rule finds in what would replace it, and the same mended. Of a rule about one state
// there is nothing live. The stack is that of the moment after, where it is not the usual one, and first the one before.
type example struct{ live, wrong, right, stack, first string }

// parts gives the two texts as a rule has them.
func (e example) parts() (wrong, right string) {
	if e.live == "" {
		return e.wrong, e.right
	}
	archive := func(after, stack string) string {
		text := "-- before.yaml --\n" + e.live + "-- after.yaml --\n" + after
		if stack != "" {
			text += "-- stack.cue --\n" + stack
		}
		if e.first != "" {
			text += "-- before.cue --\n" + e.first
		}
		return text
	}
	if e.wrong == e.right { // then it is the stack that changes
		return archive(e.wrong, e.stack), archive(e.right, e.first)
	}
	return archive(e.wrong, e.stack), archive(e.right, e.stack)
}

const (
	liveDatabase = `apiVersion: k8s.mariadb.com/v1alpha1
kind: Database
metadata: {name: shop, namespace: example}
spec: {mariaDbRef: {name: mariadb}, cleanupPolicy: Delete}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
`
	settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
`
	limitedStack = `package stack

name: "cluster"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: repoURL: "https://git.example.com/cluster.git"
LIMIT
layers: apps: {
	wave: 0
	apps: example: manifests: ["example.yaml"]
}
`
	pluginObject = `apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: avp}
spec:
  generate:
    command: [bash, -c]
    args: ["SCRIPT"]
`
	ensured = `apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: shop, namespace: example}
spec: {name: shop, owner: shop, ensure: VALUE, cluster: {name: postgres}}
`
	login = `---
apiVersion: v1
kind: Secret
metadata: {name: login}
`
	shopService = `---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: ExternalName, externalName: shop.example.com}
`
	widget = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: V1SERVED
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size:
                  type: integer
                  x-kubernetes-validations:
                    - {rule: "self >= oldSelf", message: "a widget does not shrink"}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: first, namespace: example}
spec: {size: SIZE}
`
	store = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: example, annotations: {argocd.argoproj.io/sync-options: "OPTIONS"}}
spec:
  replicas: 3
  serviceName: store
  persistentVolumeClaimRetentionPolicy: {whenDeleted: DELETED, whenScaled: Retain}
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: registry.example.com/store:1.0.0}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: SIZE}}}
`
)

// of fills in the words in capitals of a text.
func of(text string, words ...string) string { return strings.NewReplacer(words...).Replace(text) }

// examples are those of each rule, by id.
func examples() map[string]example {
	set := func(options, size string) string {
		return of(store, "OPTIONS", options, "SIZE", size, "DELETED", "Retain")
	}
	made := func(size, served string) string { return of(widget, "SIZE", size, "V1SERVED", served) }
	limited := func(limit string) string { return of(limitedStack, "LIMIT", limit) }
	two := strings.Replace(limited(""), "apps: example:", "apps: other: manifests: [\"after.yaml\"]\n\tapps: example:", 1)
	return map[string]example{
		lostData:   {live: liveDatabase, wrong: settings, right: liveDatabase},
		lostObject: {live: settings + shopService, wrong: settings, right: settings + shopService},
		movedObject: {
			live: liveDatabase, wrong: of(liveDatabase, "namespace: example", "namespace: databases"), right: liveDatabase,
		},
		becomesHook: {
			live: liveDatabase, wrong: of(liveDatabase, "namespace: example}", "namespace: example, annotations: {helm.sh/hook: pre-install}}"), right: liveDatabase,
		},
		lostApp:    {live: settings, wrong: settings, right: settings, stack: limited(""), first: two},
		neverPrune: {live: settings + login, wrong: settings, right: settings + login, stack: limited(`neverPrune: ["Secret"]`)},
		pruneBudget: {
			live: settings + shopService, wrong: settings, right: settings + shopService, stack: limited(`maxPrune: "*": 0`),
		},
		immutable:     {live: set("Prune=false", "1Gi"), wrong: set("Prune=false", "2Gi"), right: set("Prune=false", "1Gi")},
		crdTransition: {live: made("3", "true"), wrong: made("2", "true"), right: made("4", "true")},
		servedVersion: {live: made("3", "true"), wrong: made("3", "false"), right: made("3", "true")},
		destructive:   {live: of(ensured, "VALUE", "present"), wrong: of(ensured, "VALUE", "absent"), right: of(ensured, "VALUE", "present")},
		weakened:      {live: set("Prune=false", "1Gi"), wrong: set("", "1Gi"), right: set("Prune=false", "1Gi")},
		forced:        {live: set("Prune=false", "1Gi"), wrong: set("Prune=false,Force=true", "1Gi"), right: set("Prune=false", "1Gi")},
		firstCutover:  {live: settings, wrong: liveDatabase, right: settings, stack: two, first: limited("")},

		retainPolicy: {wrong: liveDatabase, right: of(liveDatabase, "Delete", "Skip")},
		noGuard: {
			wrong: liveDatabase,
			right: of(liveDatabase, "namespace: example}", "namespace: example, annotations: {argocd.argoproj.io/sync-options: Prune=false}}"),
		},
		pipefail: {
			wrong: of(pluginObject, "SCRIPT", "helm template . | argocd-vault-plugin generate -"),
			right: of(pluginObject, "SCRIPT", "set -euo pipefail; helm template . | argocd-vault-plugin generate -"),
		},
	}
}
