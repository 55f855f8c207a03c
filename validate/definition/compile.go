package definition

import (
	"context"
	"crypto/sha256"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	definitions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// source is what a definition is made of: its content, and the minor of the cluster that it is read for.
type source struct {
	sum   [sha256.Size]byte
	minor int
}

// definition is one CustomResourceDefinition, read; what is costly is done when it is first asked for.
type definition struct {
	minor    int
	once     sync.Once
	err      error // why it cannot be read; nothing else is known then
	crd      *apiextensions.CustomResourceDefinition
	versions []*edition

	mu      sync.Mutex
	judged  bool
	refused field.ErrorList // what the server objects to in it
}

// edition is one version of a definition.
type edition struct {
	of     *definition
	spec   apiextensions.CustomResourceDefinitionVersion
	status bool                                          // a create request cannot set the status
	scale  *apiextensions.CustomResourceSubresourceScale // may be nil

	once      sync.Once
	err       error // why the schema cannot be used
	schema    *schema.Structural
	validator validation.SchemaValidator

	rules    sync.Once // compiling CEL costs more than all the rest, and many definitions have no object
	rulesErr error
	cel      *cel.Validator
}

// ofTree reads a definition, or finds it read. What cannot be written as JSON, which no file gives, is none: nil.
func (f *family) ofTree(tree map[string]any, minor int) *definition {
	text, err := stdjson.Marshal(tree)
	if err != nil {
		return nil
	}
	return f.ofText(text, minor)
}

func (f *family) ofText(text []byte, minor int) *definition {
	key := source{sha256.Sum256(text), minor}
	f.mu.Lock()
	d := f.read[key]
	if d == nil {
		d = &definition{minor: minor}
		f.read[key] = d
	}
	f.mu.Unlock()
	d.once.Do(func() { d.err = guarded(func() error { return d.parse(text) }) })
	return d
}

// parse decodes, defaults and converts as the server does, and forgets what no create request can set.
// Source: pkg/registry/customresourcedefinition/strategy.go, PrepareForCreate.
func (d *definition) parse(text []byte) error {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(text, &crd); err != nil {
		return fmt.Errorf("decoding: %w", err)
	}
	crd.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
	crd.Namespace = ""
	apiextensionsv1.SetObjectDefaults_CustomResourceDefinition(&crd)
	d.crd = &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&crd, d.crd, nil); err != nil {
		return fmt.Errorf("converting: %w", err)
	}
	for _, v := range d.crd.Spec.Versions {
		e := &edition{of: d, spec: v}
		if sub, err := apiextensions.GetSubresourcesForVersion(d.crd, v.Name); err == nil && sub != nil {
			e.status, e.scale = sub.Status != nil, sub.Scale
		}
		d.versions = append(d.versions, e)
	}
	return nil
}

// edition gives the version of that name, or nil.
func (d *definition) edition(name string) *edition {
	i := slices.IndexFunc(d.versions, func(e *edition) bool { return e.spec.Name == name })
	if i < 0 {
		return nil
	}
	return d.versions[i]
}

// refusals are what the server objects to when the definition is created.
func (d *definition) refusals(ctx context.Context) (field.ErrorList, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.judged {
		return d.refused, nil
	}
	var list field.ErrorList
	err := guarded(func() error {
		list = definitions.ValidateCustomResourceDefinition(ctx, d.crd)
		return nil
	})
	// What an interrupted judgement says is not true of the definition.
	if err = errors.Join(err, ctx.Err()); err == nil {
		d.judged, d.refused = true, list
	}
	return list, err
}

// compile makes the schema ready. Source: getOrCreateServingInfoFor of pkg/apiserver/customresource_handler.go.
func (e *edition) compile() error {
	e.once.Do(func() {
		e.err = guarded(func() error {
			props, err := apiextensions.GetSchemaForVersion(e.of.crd, e.spec.Name)
			if err != nil {
				return err
			}
			if props == nil || props.OpenAPIV3Schema == nil {
				return errors.New("it has no schema")
			}
			s, err := schema.NewStructural(props.OpenAPIV3Schema)
			if err != nil {
				return fmt.Errorf("its schema is not structural: %w", err)
			}
			// The library shares the defaults with the definition.
			s = s.DeepCopy()
			if err := defaulting.PruneDefaults(s); err != nil {
				return fmt.Errorf("pruning its defaults: %w", err)
			}
			e.schema = s
			e.validator, _, err = validation.NewSchemaValidatorForVersion(props.OpenAPIV3Schema, compatible(e.of.minor))
			return err
		})
	})
	return e.err
}

// programs gives the compiled rules in CEL; nil where the schema has none.
func (e *edition) programs() (*cel.Validator, error) {
	e.rules.Do(func() {
		e.rulesErr = guarded(func() error {
			e.cel = cel.NewValidator(e.schema, true, celconfig.PerCallLimit)
			return nil
		})
	})
	return e.cel, e.rulesErr
}

// guarded turns a panic of the library into an error: what it was given comes from files of anybody.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the API server's own code broke off: %v", r)
		}
	}()
	return do()
}
