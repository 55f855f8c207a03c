package validate

// Own are the rules about what people said of findings. They have no Check: [Run] judges them with the others' findings at
// hand.
func Own() []Rule {
	return []Rule{
		{
			ID: ruleAcceptance, Title: "an acceptance of a loss that does nothing", Severity: Info, About: "app",
			Why: "It would hide the next loss of an object of that name.",
			Fix: "remove it from the stack",
			Wrong: `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
accept: "Secret example/old": {reason: "moved to the vault", by: "platform", until: "2020-01-31"}
layers: apps: {
	wave: 0
	apps: example: manifests: ["config.yaml"]
}
-- config.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: example}
`,
			Right: `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: apps: {
	wave: 0
	apps: example: manifests: ["config.yaml"]
}
-- config.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: example}
`,
		},
		{
			ID: ruleSuppression, Title: "a suppression that does nothing, or not what it says", Severity: Info, Worst: Warning, About: "stack",
			Why: "One that gives no reason, names a rule that does not exist, or has expired does not count; one that nothing needs would hide the next finding.",
			Fix: "remove it, or give its reason",
			Wrong: `apiVersion: v1
kind: ConfigMap
metadata:
  name: example
  annotations:
    ignore.sluice/dangling-servic: the Pods come with the operator
`,
			Right: `apiVersion: v1
kind: ConfigMap
metadata:
  name: example
`,
		},
	}
}
