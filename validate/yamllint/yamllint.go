// Package yamllint judges the YAML that people edit as text: values files, manifests, kustomizations. What readers do not
// agree on, what they lose and what does not say what it seems to is found in any case; how a text should look is judged
// where a .yamllint of the stack asks for it, by the rules, options and comments of yamllint.
//
// A text is scanned once, into tokens with their places; rules walk over these. Templates of charts are no YAML, and are
// left to what renders them.
package yamllint

import "sluice/validate"

// The ids of the rules that need no .yamllint.
const (
	prefix          = "yaml-"
	syntax          = "yaml-syntax"
	duplicateKey    = "yaml-duplicate-key"
	tabs            = "yaml-tabs"
	ambiguous       = "yaml-ambiguous"
	encoding        = "yaml-encoding"
	documentMarkers = "yaml-document-markers"
	trailing        = "yaml-trailing-content"
	cutComment      = "yaml-cut-comment"
)

const yamlOrg = "https://yaml.org/type/"

// Rules are what is looked for in YAML files: first what matters to whoever reads them, then the rules of yamllint, which
// judge where a .yamllint asks for them or the stack gives them a severity.
func Rules() []validate.Rule {
	rules := []validate.Rule{
		{
			ID: syntax, Title: "a file is no YAML", Severity: validate.Error,
			Why: "Whoever reads it gets nothing.",
			Fix: "mend the line, or take the file away where nothing reads it", Source: "YAML 1.1",
			Wrong: plain("a: b: c\n"), Right: plain("a: \"b: c\"\n"),
			Check: check,
		},
		{
			ID: duplicateKey, Title: "a key occurs twice in one mapping", Severity: validate.Error,
			Why: "Readers refuse the file, or one of the two is lost without a word, and they disagree on which.",
			Fix: "keep one of them", Source: "YAML 1.1, 3.2.1.3",
			Wrong: plain("resources: {cpu: 1}\nreplicas: 2\nresources: {memory: 1}\n"), Right: plain("resources: {cpu: 1, memory: 1}\nreplicas: 2\n"),
		},
		{
			ID: tabs, Title: "a line is indented with a tab", Severity: validate.Error,
			Why: "YAML is indented with spaces only; the file cannot be read.",
			Fix: "write spaces", Source: "YAML 1.1, 4.2.2",
			Wrong: plain("image:\n\ttag: v1\n"), Right: plain("image:\n  tag: v1\n"),
		},
		{
			ID: ambiguous, Title: "a plain value that readers do not agree on", Severity: validate.Info, Worst: validate.Warning,
			Why: "kubectl, helm and Argo CD follow YAML 1.1, where yes is a boolean, 010 is eight and 1.10 is 1.1; others do not.",
			Fix: "put it into quotes where a text is meant, else write true, false or the plain number", Source: yamlOrg,
			Wrong: plain("image: {tag: 1.10}\ncountry: NO\n"), Right: plain("image: {tag: \"1.10\"}\ncountry: \"NO\"\n"),
		},
		{
			ID: encoding, Title: "a file has characters that are not what they look like", Severity: validate.Warning, Worst: validate.Error,
			Why: "What is not UTF-8 is refused or read as something else; a no-break space is a part of the value; characters that control the direction of text show another text than the one that is read.",
			Fix: "save the file as UTF-8 without a byte order mark and with one kind of line break; take the character out", Source: "YAML 1.2, 5.1 and 5.2; CVE-2021-42574",
			Wrong: plain("greeting: good\u00a0morning\n"), Right: plain("greeting: good morning\n"),
		},
		{
			ID: documentMarkers, Title: "a document marker that other readers do not take for one", Severity: validate.Warning,
			Why: "kubectl, Argo CD and kubeconform cut a stream at lines that are only ---; what else there is on the line, and what a directive begins, is lost or runs into the document above.",
			Fix: "write --- on a line of its own, and leave directives out", Source: "k8s.io/apimachinery pkg/util/yaml; yannh/kubeconform pkg/resource/stream.go",
			Wrong: plain("a: 1\n--- {b: 2}\n"), Right: plain("a: 1\n---\nb: 2\n"),
		},
		{
			ID: trailing, Title: "something after the end of a document", Severity: validate.Warning, Worst: validate.Error,
			Why: "Readers that take one document, as helm does for values, or that cut at --- only, leave it out without a word.",
			Fix: "write --- before it, or move it into a file of its own", Source: "helm pkg/chartutil/values.go; k8s.io/apimachinery pkg/util/yaml",
			Wrong: plain("a: 1\n...\nb: 2\n"), Right: plain("a: 1\n---\nb: 2\n"),
		},
		{
			ID: cutComment, Title: "a value that a # cuts short", Severity: validate.Info, Worst: validate.Warning,
			Why: "After white space a # begins a comment: the rest of a password, or the name of a channel, is not read.",
			Fix: "put the value into quotes; write a space after the # where a comment is meant", Source: "YAML 1.1, 4.1.1",
			Wrong: plain("channel: #alerts\n"), Right: plain("channel: \"#alerts\"\n"),
		},
	}
	for _, s := range styles() {
		rules = append(rules, styleRule(s.name))
	}
	for i := range rules {
		rules[i].About = "file"
	}
	return rules
}

// plain is an example: a stack with a file that nothing reads.
func plain(text string) string {
	return exampleStack + "-- notes.yaml --\n" + text
}

const exampleStack = `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: apps: {
	wave: 0
	apps: example: manifests: ["config.yaml"]
}
-- config.yaml --
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: example
`
