package main

import (
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/crdserverscheme"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"sigs.k8s.io/yaml"
)

// custom judges the custom resources of one version of one definition, in the steps that it takes itself
// (apiextensions-apiserver pkg/apiserver/customresource_handler.go).
type custom struct {
	kind     apischema.GroupVersionKind
	shape    *schema.Structural
	strategy rest.RESTCreateStrategy
}

func (s *server) customKind(definition []byte, kind apischema.GroupVersionKind) (*custom, error) {
	decoder := legacyscheme.Codecs.DecoderToVersion(s.yaml.Serializer, apiextensionsv1.SchemeGroupVersion)
	decoded, _, err := decoder.Decode(definition, nil, nil)
	if err != nil {
		return nil, err
	}
	crd, ok := decoded.(*apiextensionsv1.CustomResourceDefinition)
	if !ok || crd.Spec.Group != kind.Group || crd.Spec.Names.Kind != kind.Kind {
		return nil, fmt.Errorf("it does not define %s", kind)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name != kind.Version || !v.Served {
			continue
		}
		return newCustom(crd.Spec.Scope == apiextensionsv1.NamespaceScoped, v, kind)
	}
	return nil, fmt.Errorf("it does not serve %s", kind)
}

func newCustom(namespaced bool, v apiextensionsv1.CustomResourceDefinitionVersion, kind apischema.GroupVersionKind) (*custom, error) {
	var internal apiextensions.CustomResourceDefinitionVersion
	if err := legacyscheme.Scheme.Convert(&v, &internal, nil); err != nil {
		return nil, err
	}
	shape, err := schema.NewStructural(internal.Schema.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal.Schema.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &custom{kind: kind, shape: shape, strategy: customresource.NewStrategy(
		crdserverscheme.NewUnstructuredObjectTyper(), namespaced, kind, validator, nil, shape, nil, nil, v.SelectableFields,
	)}, nil
}

func (c *custom) ask(object []byte) ([]remark, error) {
	text, err := yaml.YAMLToJSONStrict(object)
	if err != nil {
		return []remark{{kind: "StrictDecoding", text: err.Error()}}, nil
	}
	decoded, _, err := unstructured.UnstructuredJSONScheme.Decode(text, nil, nil)
	if err != nil {
		return undecoded(err), nil
	}
	tree := decoded.(*unstructured.Unstructured).Object
	unknown, err := c.coerce(tree)
	if err != nil {
		return undecoded(err), nil
	}
	if len(unknown) > 0 {
		var said []error
		for _, field := range unknown {
			said = append(said, fmt.Errorf("unknown field %q", field))
		}
		return undecoded(runtime.NewStrictDecodingError(said)), nil
	}
	defaulting.Default(tree, c.shape)
	return create(c.strategy, &unstructured.Unstructured{Object: tree}, c.kind)
}

// coerce takes out what the schema does not know, as the decoder of custom resources does, and says what that was.
func (c *custom) coerce(tree map[string]any) ([]string, error) {
	about, found, unknown, err := objectmeta.GetObjectMetaWithOptions(tree, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	unknown = append(unknown, pruning.PruneWithOptions(tree, c.shape, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(tree, c.shape)
	failed, paths := objectmeta.CoerceWithOptions(nil, tree, c.shape, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if failed != nil {
		return nil, failed
	}
	tree["apiVersion"], tree["kind"] = c.kind.GroupVersion().String(), c.kind.Kind
	if found {
		if err := objectmeta.SetObjectMeta(tree, about); err != nil {
			return nil, err
		}
	}
	return append(unknown, paths...), nil
}
