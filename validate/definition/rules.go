package definition

import "sluice/validate"

// table lists the rules. One walk serves them all.
func table() []validate.Rule {
	return []validate.Rule{
		{
			ID: customResource, Title: "a custom resource is not what its definition asks for", Severity: validate.Error,
			Why:    "The API server refuses the object, so the sync of its app fails.",
			Fix:    "give the field a value that the CustomResourceDefinition allows",
			Source: "k8s.io/apiextensions-apiserver pkg/registry/customresource",
			Wrong:  example("    size: three"), Right: example("    size: 3"),
		},
		{
			ID: unknownField, Title: "a custom resource has a field that its definition does not know", Severity: validate.Warning, Worst: validate.Error,
			Why:    "Argo CD and kubectl have the API server refuse such an object. With Validate=false it takes the object and drops the field, and what the field should do does not happen.",
			Fix:    "correct the name of the field, or take it out; its definition may also be older than the object",
			Source: "k8s.io/apiextensions-apiserver pkg/apiserver/schema/pruning; argo-cd gitops-engine/pkg/utils/kube/resource_ops.go",
			Wrong:  example("    size: 3\n    colour: red"), Right: example("    size: 3\n    color: red"),
		},
		{
			ID: customRule, Title: "a custom resource breaks a rule of its definition", Severity: validate.Error,
			Why:    "The definition says in CEL (x-kubernetes-validations) what its fields must be to each other, and the API server refuses the object.",
			Fix:    "change what the rule's message names",
			Source: "k8s.io/apiextensions-apiserver pkg/apiserver/schema/cel",
			Wrong:  example("    size: 8\n    color: red"), Right: example("    size: 2\n    color: red"),
		},
		{
			ID: customDuplicate, Title: "a list of a custom resource has an element twice", Severity: validate.Error,
			Why:    "The definition says that the list is a set, or tells its elements apart by keys, and the API server refuses the object.",
			Fix:    "take one of the two out",
			Source: "k8s.io/apiextensions-apiserver pkg/apiserver/schema/listtype",
			Wrong:  example("    ports: [{name: web}, {name: web}]"), Right: example("    ports: [{name: web}, {name: metrics}]"),
		},
		{
			ID: unserved, Title: "a custom resource is of a version that its definition does not serve", Severity: validate.Error,
			Why:    "The API server does not know the kind in that version, so the sync fails.",
			Fix:    "move the object to a version that is served, or bring the definition that serves it",
			Source: "k8s.io/apiextensions-apiserver pkg/apiserver/customresource_handler.go",
			Wrong:  widgets + widget("v1alpha1", "    size: 3"), Right: example("    size: 3"),
		},
		{
			ID: deprecated, Title: "a custom resource is of a version that its definition calls deprecated", Severity: validate.Warning,
			Why:    "A later release of the definition stops serving the version, and from then on syncs fail.",
			Fix:    "move the object to a version that is served and not deprecated",
			Source: "k8s.io/apiextensions-apiserver pkg/apiserver/customresource_handler.go",
			Wrong:  widgets + widget("v1beta1", "    size: 3"), Right: example("    size: 3"),
		},
		{
			ID: invalid, Title: "the API server refuses a CustomResourceDefinition", Severity: validate.Error,
			Why:    "Without the definition no object of its kind can be there.",
			Fix:    "correct the definition, or take the release of it that the cluster's Kubernetes can have",
			Source: "k8s.io/apiextensions-apiserver pkg/apis/apiextensions/validation; k8s.io/apiserver pkg/cel/environment",
			Wrong:  wrongDefinition, Right: widgets,
		},
		{
			ID: invalidExpression, Title: "an expression of a webhook or an admission policy does not compile", Severity: validate.Error,
			Why:    "The API server compiles match conditions, variables, validations and mutations when they are created, with the variables that each of them may name, and refuses what does not give the type that is wanted.",
			Fix:    "correct the expression; object, oldObject, request, namespaceObject and authorizer are known, params where there is a paramKind, and variables.<name> where the policy has it",
			Source: "kubernetes pkg/apis/admissionregistration/validation; k8s.io/apiserver pkg/admission/plugin/cel",
			Wrong:  policy("thing.spec.replicas <= 5"), Right: policy("object.spec.replicas <= 5"),
		},
	}
}

// example is the definition of the examples, with an object whose spec has the lines given.
func example(spec string) string { return widgets + widget("v1", spec) }

// widget is an object of the kind in the examples.
func widget(version, spec string) string {
	return "---\napiVersion: example.com/" + version + "\nkind: Widget\nmetadata:\n  name: example\nspec:\n" + spec + "\n"
}

// policy is an admission policy with an expression.
func policy(expression string) string {
	return `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: replicas.example.com
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
    - expression: ` + expression + "\n"
}

// widgets is the definition in the examples.
const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              x-kubernetes-validations:
                - rule: "!has(self.color) || self.size < 5"
                  message: a large widget has no color
              properties:
                size: {type: integer, minimum: 1}
                color: {type: string}
                ports:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items:
                    type: object
                    required: [name]
                    properties:
                      name: {type: string}
    - name: v1beta1
      served: true
      storage: false
      deprecated: true
      deprecationWarning: example.com/v1beta1 Widget is deprecated; use example.com/v1
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
    - name: v1alpha1
      served: false
      storage: false
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
`

// wrongDefinition has a name that is not made of its plural and group, and no structural schema.
const wrongDefinition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widget.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              properties:
                size: {type: integer}
`
