package convention

import "strings"

// houseOf begins an example: a stack with a convention, and what more its one layer has. Lines that set a field of the
// app begin with its name.
func houseOf(convention string, more ...string) string {
	var layer, app strings.Builder
	for _, line := range more {
		if strings.HasPrefix(line, "tier") || strings.HasPrefix(line, "apps") {
			layer.WriteString("\t" + line + "\n")
			continue
		}
		app.WriteString("\t\t" + line + "\n")
	}
	return `-- stack.cue --
package stack

name: "cluster"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9", podCIDR: "10.42.0.0/16", serviceCIDR: "10.43.0.0/16"}
conventions: ` + convention + `
layers: apps: {
	wave: 0
` + layer.String() + `	apps: example: {
		manifests: ["example.yaml"]
` + app.String() + `	}
}
-- example.yaml --
`
}

const (
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: example}\n"
	otherMap  = "-- other.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"
)

// deployment is a Deployment whose Pods have more fields, as lines without their indentation.
func deployment(more string) string { return scaledTo("1", more) }

// scaledTo is a Deployment with replicas.
func scaledTo(replicas, more string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: example}
spec:
  replicas: ` + replicas + `
  selector: {matchLabels: {app: example}}
  template:
    metadata: {labels: {app: example}}
    spec:
` + indented(more) + `      containers: [{name: example, image: "registry.example.com/example:1.2.3"}]
`
}

// indented puts lines below the spec of a template.
func indented(lines string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		b.WriteString("      " + line)
	}
	if lines != "" && !strings.HasSuffix(lines, "\n") {
		b.WriteByte('\n')
	}
	return b.String()
}

// containerWith is a Deployment whose container has more fields, in flow style.
func containerWith(more string) string {
	return imageOf("registry.example.com/example:1.2.3", more)
}

// imageOf is a Deployment of an image, whose container has more fields, in flow style.
func imageOf(image, more string) string {
	if more != "" {
		more = ", " + more
	}
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: example}
spec:
  selector: {matchLabels: {app: example}}
  template:
    metadata: {labels: {app: example}}
    spec:
      containers: [{name: example, image: "` + image + `"` + more + `}]
`
}
