package schema

import "sluice/validate"

// typeRules are about the fields of an object and their types.
func typeRules() []validate.Rule {
	return []validate.Rule{
		{
			ID: unknownField, Title: "an object has a field that its kind does not know", Severity: validate.Error,
			Why:    "Argo CD applies with strict field validation, so the sync fails; without it the server drops the field and what it says never happens.",
			Fix:    "correct the name or the place of the field, or take it out",
			Source: "kubernetes.io/docs/reference/using-api/api-concepts, field validation",
			Wrong:  unknownFieldWrong, Right: exampleDeployment,
		},
		{
			ID: gatedField, Title: "a field that is switched off", Severity: validate.Warning,
			Why:    "Fields of alpha features, and of some beta ones, are there only where a feature gate of the API server is on; elsewhere what they say never happens.",
			Fix:    "take the field out, or suppress this where the cluster has the feature gate on",
			Source: "pkg/features of k8s.io/kubernetes, and the fields' +featureGate in k8s.io/api",
			Wrong:  gatedFieldWrong, Right: gatedFieldRight,
		},
		{
			ID: wrongType, Title: "a field has a value of another type", Severity: validate.Error,
			Why:    "The API server cannot decode the object, so nothing of it is applied.",
			Fix:    "write a value of the type that the field has",
			Source: "encoding/json as sigs.k8s.io/json has it",
			Wrong:  wrongTypeWrong, Right: exampleDeployment,
		},
		{
			ID: requiredField, Title: "a field is missing that has to be there", Severity: validate.Error,
			Why:    "The API server refuses the object. A field whose value is null is missing too.",
			Fix:    "add the field",
			Source: "api/openapi-spec and pkg/apis/*/validation of k8s.io/kubernetes",
			Wrong:  requiredFieldWrong, Right: examplePod,
		},
		{
			ID: waivedField, Title: "a field is missing that only the published schema wants", Severity: validate.Warning,
			Why:    "The API server takes its zero value or a default, but tools that go by the published schema refuse the object.",
			Fix:    "add the field",
			Source: "api/openapi-spec and pkg/apis/*/validation of k8s.io/kubernetes",
			Wrong:  waivedFieldWrong, Right: waivedFieldRight,
		},
		{
			ID: incompleteStatus, Title: "a status is rendered, and incomplete", Severity: validate.Info,
			Why:    "The API server drops the status of what is applied; tools that go by the published schema refuse it.",
			Fix:    "take status out of the manifest",
			Source: "PrepareForCreate of the strategies in pkg/registry of k8s.io/kubernetes",
			Wrong:  incompleteStatusWrong, Right: incompleteStatusRight,
		},
		{
			ID: nullValue, Title: "a value of a map or an element of a list is null", Severity: validate.Warning,
			Why:    `A null field is left out, but a null value or element stays and becomes empty: "" or 0.`,
			Fix:    `write the value, or "" if the empty one is meant`,
			Source: "encoding/json, Unmarshal",
			Wrong:  nullValueWrong, Right: nullValueRight,
		},
	}
}

// valueRules are about the values of fields.
func valueRules() []validate.Rule {
	return []validate.Rule{
		{
			ID: invalidEnum, Title: "a field has a word that it does not know", Severity: validate.Error,
			Why:    "The API server accepts only the words of the list, and their case counts.",
			Fix:    "write one of the words",
			Source: "pkg/generated/openapi of k8s.io/kubernetes",
			Wrong:  examplePod + "      imagePullPolicy: always\n", Right: examplePod + "      imagePullPolicy: Always\n",
		},
		{
			ID: invalidQuantity, Title: "an amount is not written as a quantity", Severity: validate.Error,
			Why:    "The API server cannot decode the object, so nothing of it is applied.",
			Fix:    "write a number with one of n u m k M G T P E Ki Mi Gi Ti Pi Ei, or with an exponent",
			Source: "k8s.io/apimachinery pkg/api/resource, ParseQuantity",
			Wrong:  examplePod + "      resources:\n        requests: {memory: 512MB}\n", Right: examplePod + "      resources:\n        requests: {memory: 512M}\n",
		},
		{
			ID: invalidFormat, Title: "a value is not base64, a time or a duration as the field wants", Severity: validate.Error,
			Why:    "The API server cannot decode the object, so nothing of it is applied.",
			Fix:    "write the value in the format of the field; a Secret takes plain text in stringData",
			Source: "k8s.io/apimachinery pkg/apis/meta/v1, time.go, micro_time.go and duration.go",
			Wrong:  invalidFormatWrong, Right: invalidFormatRight,
		},
		{
			ID: numberRange, Title: "a number does not fit into its field", Severity: validate.Error,
			Why:    "The API server cannot decode the object, so nothing of it is applied.",
			Fix:    "write a number of 32 bits, or of 64 where the field has them",
			Source: "encoding/json, Unmarshal",
			Wrong:  numberRangeWrong, Right: exampleDeployment,
		},
		{
			ID: envNotString, Title: "an environment variable is a number or a boolean", Severity: validate.Error,
			Why:    "Values of env are strings. YAML reads 1, true, and in version 1.1 also y, yes, on, n, no and off, as something else unless they are quoted.",
			Fix:    "put quotes around the value; in a template, pipe it through quote",
			Source: "yaml.org/type/bool, and encoding/json",
			Wrong:  examplePod + "      env:\n        - name: DEBUG\n          value: on\n", Right: examplePod + "      env:\n        - name: DEBUG\n          value: \"on\"\n",
		},
		{
			ID: duplicateElement, Title: "two elements of a list are the same to the server", Severity: validate.Warning,
			Why:    "Elements of such a list are told apart by some of their fields. Where the server does not refuse two that are alike, server-side apply does, and a merge patch loses one.",
			Fix:    "leave one of them out, or tell them apart",
			Source: "x-kubernetes-list-map-keys in api/openapi-spec of k8s.io/kubernetes, and structured-merge-diff",
			Wrong:  duplicateElementWrong, Right: duplicateElementRight,
		},
	}
}

// kindRules are about the kind of an object.
func kindRules() []validate.Rule {
	return []validate.Rule{
		{
			ID: unknownKind, Title: "a kind that Kubernetes does not have", Severity: validate.Error,
			Why:    "The API server has no such kind in that group and version, so the sync fails.",
			Fix:    "correct apiVersion and kind",
			Source: "api/discovery of k8s.io/kubernetes",
			Wrong:  unknownKindWrong, Right: exampleDeployment,
		},
		{
			ID: removedAPI, Title: "an API that is no longer there", Severity: validate.Error,
			Why:    "The API server does not serve that version any more, so the sync fails; with the upgrade that takes it away, if it is not there yet.",
			Fix:    "move to the version that took its place",
			Source: "zz_generated.prerelease-lifecycle.go of k8s.io/api",
			Wrong:  removedAPIWrong, Right: removedAPIRight,
		},
		{
			ID: futureAPI, Title: "an API that is not there yet", Severity: validate.Error,
			Why:    "The API server of this minor does not serve it, so the sync fails.",
			Fix:    "use a version that the cluster serves, or upgrade first",
			Source: "zz_generated.prerelease-lifecycle.go of k8s.io/api",
			Wrong:  futureAPIWrong, Right: futureAPIRight,
		},
		{
			ID: disabledAPI, Title: "an API that is switched off", Severity: validate.Error,
			Why:    "Alpha versions, and beta ones since Kubernetes 1.24, are there only where the flag runtime-config asks for them.",
			Fix:    "use a stable version; where the cluster has the flag, list the API in cluster.apiVersions",
			Source: "pkg/controlplane/instance.go of k8s.io/kubernetes",
			Wrong:  disabledAPIWrong, Right: disabledAPIRight,
		},
		{
			ID: deprecatedAPI, Title: "an API that is going away", Severity: validate.Warning,
			Why:    "It still works, and a later minor takes it away.",
			Fix:    "move to the version that takes its place",
			Source: "zz_generated.prerelease-lifecycle.go of k8s.io/api",
			Wrong:  deprecatedAPIWrong, Right: deprecatedAPIRight,
		},
	}
}
