package server

import "strings"

// nameForm gives the form of the names of a kind. Custom resources have subdomains too (apiextensions-apiserver
// pkg/registry/customresource/strategy.go).
// Source: the ValidateObjectMeta calls of kubernetes pkg/apis/*/validation, and kube-aggregator
// pkg/apis/apiregistration/validation.
func (j *judge) nameForm() (form, bool) {
	switch j.object.Key.Group {
	// They are no custom resources: aggregated API servers have them, "label_sync" is an ImageStream and "ldap:a" an Identity.
	// Source: openshift-apiserver and oauth-apiserver, pkg/*/apis/*/validation.
	case "user.openshift.io", "oauth.openshift.io", "image.openshift.io", "authorization.openshift.io":
		return pathSegment, true
	}
	switch j.object.Key.GroupKind() {
	case "Namespace", "StatefulSet.apps":
		return dnsLabel, true
	case "Service":
		// Source: kubernetes pkg/features/kube_features.go, RelaxedServiceNameValidation.
		if j.since(36) {
			return dnsLabel, true
		}
		return dnsLabel1035, true
	case "Role.rbac.authorization.k8s.io", "ClusterRole.rbac.authorization.k8s.io", "RoleBinding.rbac.authorization.k8s.io",
		"ClusterRoleBinding.rbac.authorization.k8s.io", "APIService.apiregistration.k8s.io",
		// Of these the validation does not look at the name; that it can be part of a path every object's must.
		"PodDisruptionBudget.policy", "CertificateSigningRequest.certificates.k8s.io":
		return pathSegment, true
	case "CustomResourceDefinition.apiextensions.k8s.io":
		// It is made of the plural and the group, which the rules about definitions hold it to.
		return form{}, false
	case "IPAddress.networking.k8s.io":
		return canonicalAddress, true
	case "ClusterTrustBundle.certificates.k8s.io", "StorageVersion.internal.apiserver.k8s.io":
		// Any name, or one that has to do with other fields.
		return form{}, false
	}
	return subdomain, true
}

// judgeName judges metadata.name and metadata.generateName.
func judgeName(j *judge, meta *spot) {
	f, judged := j.nameForm()
	if !judged {
		return
	}
	meta.at("name").must(invalidName, f)
	prefix := meta.at("generateName")
	text, ok := prefix.text()
	if !ok || text == "" {
		return
	}
	// What the server adds to a prefix are letters and digits, so a "-" before them is allowed.
	// Source: apimachinery pkg/api/validation/generic.go, maskTrailingDash.
	masked := text
	if len(text) > 1 && strings.HasSuffix(text, "-") {
		masked = text[:len(text)-2] + "a"
	}
	if !f.ok(masked) {
		prefix.say(invalidName, "is %s, want the beginning of %s", quote(text), f.want)
	}
}
