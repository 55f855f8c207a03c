package server

import (
	"slices"
	"strings"
)

// annotationLimit is what the keys and values of an object's annotations may have together, in bytes.
// Source: apimachinery pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB.
const annotationLimit = 256 * 1024

// judgeObject judges what every kind has. Source: apimachinery pkg/api/validation/objectmeta.go,
// ValidateObjectMetaAccessor. A namespace on an object that has none is no matter: the server drops it (apiserver
// pkg/registry/rest/meta.go, EnsureObjectNamespaceMatchesRequestNamespace).
func judgeObject(j *judge) {
	meta := j.at("metadata")
	judgeName(j, meta)
	meta.at("namespace").must(invalidName, dnsLabel)
	judgeLabels(meta.at("labels"))
	judgeAnnotations(meta.at("annotations"))
	judgeOwners(meta.at("ownerReferences"))
	judgeFinalizers(meta.at("finalizers"))
}

// judgeAnnotations reports keys that no annotation can have, and too many bytes. What a placeholder stands for is
// not counted: it may be shorter or longer.
func judgeAnnotations(annotations *spot) {
	size := 0
	for key, value := range annotations.entries() {
		if !labelKey.ok(strings.ToLower(key)) {
			value.say(invalidAnnotation, "has the key %s, want %s", quote(key), qualifiedName.want)
		}
		size += len(key) + len(value.word())
	}
	if size > annotationLimit {
		annotations.say(invalidAnnotation, "has %d bytes of keys and values, want %d at most", size, annotationLimit)
	}
}

// judgeOwners judges ownerReferences.
func judgeOwners(owners *spot) {
	controlled := false
	for _, o := range owners.each() {
		for _, key := range []string{"apiVersion", "kind", "name", "uid"} {
			o.at(key).nonEmpty(invalidMetadata, "and an owner is known by it")
		}
		version := o.at("apiVersion")
		if text := version.word(); strings.Count(text, "/") > 1 || strings.HasSuffix(text, "/") {
			version.say(invalidMetadata, "is %s, want <group>/<version> or <version>", quote(text))
		}
		if version.word() == "v1" && o.at("kind").word() == "Event" {
			o.say(invalidMetadata, "names an Event, which cannot own anything")
		}
		if o.at("controller").is(true) {
			if controlled {
				o.at("controller").say(invalidMetadata, "is true, and so it is for another owner: only one can be the controller")
			}
			controlled = true
		}
	}
}

// judgeFinalizers judges finalizers.
func judgeFinalizers(finalizers *spot) {
	seen := map[string]bool{}
	for _, f := range finalizers.each() {
		text := f.word()
		seen[text] = true
		// Source: kubernetes pkg/apis/core/validation/validation.go, validateKubeFinalizerName.
		if text != "" && builtIn(finalizers.j.object.Key.Group) && qualifiedName.ok(text) && !strings.Contains(text, "/") &&
			text != "kubernetes" && text != "orphan" && text != "foregroundDeletion" {
			f.say(invalidMetadata, "is %s, want a domain and \"/\" before it, like example.com/name", quote(text))
		}
		f.strictly(invalidMetadata, qualifiedName)
	}
	if seen["orphan"] && seen["foregroundDeletion"] {
		finalizers.say(invalidMetadata, `has "orphan" and "foregroundDeletion", which exclude each other`)
	}
}

// builtIn says whether the kinds of a group have the finalizers of Kubernetes' own kinds; those of custom ones may do
// without a domain, and so may those of policy, coordination and admissionregistration, whose validation does not call
// ValidateObjectMeta of kubernetes pkg/apis/core/validation.
func builtIn(group string) bool {
	return slices.Contains([]string{
		"", "apps", "batch", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io",
		"discovery.k8s.io", "flowcontrol.apiserver.k8s.io", "node.k8s.io", "scheduling.k8s.io",
	}, group)
}
