package definition

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"sluice/render"
	"sluice/validate"
)

// subject is an object under judgement.
type subject struct {
	object *render.Object
	blanks validate.Blanks
	app    render.App
}

// judge holds the object to its definition.
func (o subject) judge(ctx context.Context, d *definition) verdict {
	var v verdict
	e := d.edition(o.object.APIVersion[strings.LastIndex(o.object.APIVersion, "/")+1:])
	switch {
	case d.err != nil:
		v.doubt(o, "the object", "its definition cannot be used: "+d.err.Error())
		return v
	case e == nil || !e.spec.Served:
		v.say(o, unserved, render.Path{"apiVersion"}, unservedText(d, o.object, e != nil))
		return v
	case e.spec.Deprecated:
		v.say(o, deprecated, render.Path{"apiVersion"}, deprecatedText(e, o.object))
	}
	if err := e.compile(); err != nil {
		v.doubt(o, "the object", "the schema of its definition cannot be used: "+err.Error())
		return v
	}
	if err := guarded(func() error { return o.hold(ctx, e, &v) }); err != nil {
		v.doubt(o, "the object", err.Error())
	}
	return v
}

// hold does what the server does with the body of a create request.
// Source: unstructuredSchemaCoercer of pkg/apiserver/customresource_handler.go, and customResourceStrategy of
// pkg/registry/customresource/strategy.go.
func (o subject) hold(ctx context.Context, e *edition, v *verdict) error {
	tree := plain(o.object.Tree).(map[string]any)
	unknown, errs := e.decode(tree)
	readable := len(errs) == 0
	if readable {
		defaulting.Default(tree, e.schema)
		if e.status {
			delete(tree, "status")
		}
		named(tree)
		errs = e.shape(ctx, tree)
	}
	blocked, mistyped := o.refused(e, tree, errs, v)
	for _, text := range unknown {
		o.unknown(e, locate(o.object.Tree, text), mistyped, v)
	}
	if blocked || !readable {
		return nil
	}
	rules, err := e.programs()
	if err != nil || rules == nil {
		return err
	}
	errs, _ = rules.Validate(ctx, nil, e.schema, tree, nil, celconfig.RuntimeCELCostBudget)
	if ctx.Err() == nil {
		o.rules(e, tree, errs, v)
	}
	return nil
}

// decode prunes what the schema does not know, and says where that was, and what cannot be read at all.
func (e *edition) decode(tree map[string]any) ([]string, field.ErrorList) {
	var errs field.ErrorList
	options := objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true}
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(tree, options)
	if err != nil {
		errs = append(errs, malformed(tree, err)...)
	}
	unknown = append(unknown, pruning.PruneWithOptions(tree, e.schema, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(tree, e.schema)
	broken, inner := objectmeta.CoerceWithOptions(nil, tree, e.schema, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if broken != nil {
		errs = append(errs, broken)
	}
	if err == nil && found {
		if err := objectmeta.SetObjectMeta(tree, meta); err != nil {
			errs = append(errs, field.Invalid(field.NewPath("metadata"), nil, err.Error()))
		}
	}
	unknown = append(unknown, inner...)
	slices.Sort(unknown)
	return slices.Compact(unknown), errs
}

// malformed names the labels and annotations that are no text, which is what mostly cannot be read in metadata.
func malformed(tree map[string]any, err error) field.ErrorList {
	var errs field.ErrorList
	metadata, _ := tree["metadata"].(map[string]any)
	for _, of := range []string{"labels", "annotations"} {
		entries, _ := metadata[of].(map[string]any)
		for key, value := range entries {
			if _, ok := value.(string); !ok && value != nil {
				errs = append(errs, field.TypeInvalid(field.NewPath("metadata", of).Key(key), value, " must be of type string"))
			}
		}
	}
	if len(errs) == 0 {
		text := err.Error()
		if at := strings.Index(text, "cannot unmarshal"); at >= 0 {
			text = text[at:]
		}
		errs = append(errs, field.Invalid(field.NewPath("metadata"), nil, text))
	}
	return errs
}

// named gives an object without a name the one that the server would make up from generateName.
func named(tree map[string]any) {
	metadata, _ := tree["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if prefix, _ := metadata["generateName"].(string); name == "" && prefix != "" {
		metadata["name"] = prefix + "bcdfg"
	}
}

// shape holds an object to everything but the rules in CEL. Its metadata, which is that of every kind, is left out.
func (e *edition) shape(ctx context.Context, tree map[string]any) field.ErrorList {
	errs := validation.ValidateCustomResource(nil, tree, e.validator)
	errs = append(errs, e.replicas(tree)...)
	errs = append(errs, objectmeta.Validate(ctx, nil, tree, e.schema, false)...)
	return append(errs, listtype.ValidateListSetsAndMaps(nil, e.schema, tree)...)
}

// replicas holds the field that the scale subresource reads to what it must be.
// Source: ValidateScaleSpec of pkg/registry/customresource/validator.go.
func (e *edition) replicas(tree map[string]any) field.ErrorList {
	if e.scale == nil {
		return nil
	}
	steps := strings.Split(strings.TrimPrefix(e.scale.SpecReplicasPath, "."), ".")
	at := field.NewPath(steps[0], steps[1:]...)
	count, _, err := unstructured.NestedInt64(tree, steps...)
	switch {
	case err != nil:
		return field.ErrorList{field.TypeInvalid(at, nil, " must be of type integer")}
	case count < 0:
		return field.ErrorList{field.Invalid(at, count, "should be a non-negative integer")}
	case count > math.MaxInt32:
		return field.ErrorList{field.Invalid(at, count, fmt.Sprintf("should be less than or equal to %d", math.MaxInt32))}
	}
	return nil
}

// plain copies a tree with the types that JSON has in the server: integers are int64, or else floats.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(value))
		for k, v := range value {
			m[k] = plain(v)
		}
		return m
	case []any:
		list := make([]any, len(value))
		for i, v := range value {
			list[i] = plain(v)
		}
		return list
	case int:
		return int64(value)
	case uint64:
		if value > math.MaxInt64 {
			return float64(value)
		}
		return int64(value)
	default:
		return value
	}
}
