package policy

import (
	"context"

	"sluice/validate"
)

// Rule gives the rule about policies, by which the mechanism is explained. Without a stack it judges nothing; see [Rules].
func Rule() validate.Rule {
	return validate.Rule{
		ID: ruleGeneric, Title: "a policy of the stack that is about no object", Severity: validate.Info,
		Why: "A stack has rules of its own in policies: NAME, which are judged as rules policy-NAME. " +
			"Each object that has all of match, of the apps and layers named, is unified with check: what contradicts is a finding, " +
			"and so is a field written \"field!\" that the object lacks. " +
			"A policy whose match is about nothing, for a kind that is misspelt or that no app renders, finds nothing either.",
		Fix:    "correct its match, apps and layers, or remove it",
		Source: "https://cuelang.org/docs/reference/spec/#unification",
		Wrong:  example("Deploymnet"), Right: example("Deployment"),
		Check: func(context.Context, validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
			return nil, nil, nil
		},
	}
}

// example gives a stack whose policy is about a kind.
func example(kind string) string {
	return `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: apps: {
	wave: 0
	apps: example: manifests: ["example.yaml"]
}
policies: "no-latest": {
	match: kind: "` + kind + `"
	check: spec: template: spec: containers: [...{image!: !~":latest$"}]
	message:  "images have a version"
	severity: "warning"
	fix:      "state the version, or a digest"
	tests: {
		"a version": {object: {kind: "` + kind + `", spec: template: spec: containers: [{image: "web:1.2.0"}]}, ok: true}
		"latest": {object: {kind: "` + kind + `", spec: template: spec: containers: [{image: "web:latest"}]}, ok: false}
	}
}
-- example.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1.2.0
`
}
