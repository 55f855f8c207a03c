package server

import (
	"strings"

	"sluice/validate"
)

// The ids of the rules about what every kind has.
const (
	invalidName       = "invalid-name"
	invalidLabel      = "invalid-label"
	invalidAnnotation = "invalid-annotation"
	invalidMetadata   = "invalid-metadata"
	duplicateName     = "duplicate-name"
)

const metaSource = "apimachinery pkg/api/validation/objectmeta.go"

// objectRules are about metadata, which every kind has, and about names, labels and selectors wherever they stand.
var objectRules = []validate.Rule{{
	ID: invalidName, Severity: validate.Error, Source: metaSource,
	Title: "a name that the API server refuses",
	Why:   "Names go into paths, DNS names and labels, so each kind has a form that its names and the names of what it refers to must have.",
	Fix:   "use lower case letters, digits and \"-\", and keep generated names short",
	Wrong: configMapOf("name: My_Settings"),
	Right: configMapOf("name: my-settings"),
}, {
	ID: invalidLabel, Severity: validate.Error, Source: "apimachinery pkg/apis/meta/v1/validation/validation.go",
	Title: "a label or a label selector that the API server refuses",
	Why:   "Keys and values of labels have a form, also where a selector names them, and an operator of a selector needs values or must have none.",
	Fix:   "shorten or replace the value: versions with \"+\" and whole image names are no label values",
	Wrong: configMapOf("name: settings\n  labels: {app.kubernetes.io/version: 1.2.3+build.4}"),
	Right: configMapOf("name: settings\n  labels: {app.kubernetes.io/version: 1.2.3_build.4}"),
}, {
	ID: invalidAnnotation, Severity: validate.Error, Source: metaSource,
	Title: "an annotation that the API server refuses",
	Why:   "Keys of annotations have the form of label keys, all annotations of an object together have at most 256 KiB, and some have a meaning of the server's own.",
	Fix:   "correct the key or the value; put large texts into a ConfigMap",
	Wrong: configMapOf("name: settings\n  annotations: {\"what is this\": settings}"),
	Right: configMapOf("name: settings\n  annotations: {example.com/what-is-this: settings}"),
}, {
	ID: invalidMetadata, Severity: validate.Error, Source: metaSource,
	Title: "an owner or a finalizer that the API server refuses",
	Why:   "An owner is known by its apiVersion, kind, name and uid, and only one can be the controller; a finalizer is a qualified name.",
	Fix:   "leave ownerReferences to the controllers that know the uid; write finalizers as example.com/name",
	Wrong: configMapOf("name: settings\n  finalizers: [\"do not delete\"]"),
	Right: configMapOf("name: settings\n  finalizers: [example.com/do-not-delete]"),
}, {
	ID: duplicateName, Severity: validate.Error, Source: "kubernetes pkg/apis/core/validation/validation.go",
	Title: "two things of one object with one name",
	Why:   "Containers, volumes and ports are known by their names; the server refuses the second one of a name.",
	Fix:   "rename or remove one of them",
	Wrong: podOf("containers:\n  - {name: web, image: registry.example.com/web:1}\n  - {name: web, image: registry.example.com/log:1}"),
	Right: podOf("containers:\n  - {name: web, image: registry.example.com/web:1}\n  - {name: log, image: registry.example.com/log:1}"),
}}

// configMapOf writes a ConfigMap for an example.
func configMapOf(metadata string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  " + metadata + "\ndata: {a: b}\n"
}

// podOf writes a Pod for an example. The lines of the spec come without indentation.
func podOf(spec string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  " + strings.ReplaceAll(spec, "\n", "\n  ") + "\n"
}

// deploymentOf writes a Deployment for an example: the lines of its spec, beside a selector and a template.
func deploymentOf(spec string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  " + strings.ReplaceAll(spec, "\n", "\n  ") + `
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: registry.example.com/web:1}
`
}
