package definition

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// apiApproved is the annotation that definitions of Kubernetes' own groups have.
const apiApproved = "api-approved.kubernetes.io"

// judgeDefinition holds a definition to what the server asks of one that is created.
//
// One of another version than v1, which no known minor serves, is a matter of versions and not read.
func (f *family) judgeDefinition(ctx context.Context, in validate.Input, o subject, d *definition) verdict {
	var v verdict
	switch {
	case d == nil:
		return v
	case d.err != nil && o.blanks.Has(o.object.Key):
		v.doubt(o, "the definition", "a placeholder may be why it cannot be read")
		return v
	case d.err != nil:
		v.say(o, invalid, nil, "the API server cannot read it: "+d.err.Error())
		return v
	}
	errs, err := d.refusals(ctx)
	if err != nil {
		v.doubt(o, "the definition", err.Error())
		return v
	}
	var list []refusal
	for _, e := range errs {
		// What every kind's metadata must be is no matter of definitions.
		if strings.HasPrefix(e.Field, "metadata") && !strings.Contains(e.Detail, "spec.names.plural") && !strings.Contains(e.Field, apiApproved) {
			continue
		}
		e = &field.Error{Type: e.Type, Field: asWritten(e.Field), BadValue: e.BadValue, Detail: e.Detail}
		r := refusals(o.object.Tree, field.ErrorList{e})[0]
		// The status is the server's to set; what is wrong with it follows from the versions.
		if strings.HasPrefix(e.Field, "status") || follows(in.Minor, o.object.Tree, r.at) || o.certainty(r, nil) != certain {
			continue
		}
		if part := r.at[:min(2, len(r.at))]; o.vague(part) {
			v.doubt(o, "what is asked of "+orRoot(part), "it depends on what placeholders stand for")
			continue
		}
		list = append(list, r)
	}
	for _, r := range byField(list) {
		v.say(o, invalid, r[0].at, together(r, o.object.Tree))
	}
	spec, _ := o.object.Tree["spec"].(map[string]any)
	if err := guarded(func() error {
		f.tooNew(in, expressions(spec["versions"], render.Path{"spec", "versions"}), func(at render.Path, text string) { v.say(o, invalid, at, text) })
		return nil
	}); err != nil {
		v.doubt(o, "the rules of the definition", err.Error())
	}
	return v
}

// asked says whether a field is missing that the schema of definitions asks for, so that the rules about schemas report it.
func asked(minor int, tree map[string]any, at render.Path) bool {
	kind, ok := schemas.Lookup(minor, "apiextensions.k8s.io", "v1", "CustomResourceDefinition")
	if value, _ := at.In(tree); !ok || value != nil || len(at) == 0 {
		return false
	}
	s := kind.Schema
	for _, step := range at[:len(at)-1] {
		name, isField := step.(string)
		switch {
		case s == nil:
			return false
		case !isField:
			s = s.Elements
		case s.Fields[name] != nil:
			s = s.Fields[name]
		default:
			s = s.Values
		}
	}
	name, _ := at[len(at)-1].(string)
	return s != nil && slices.Contains(s.Required, name) && !slices.Contains(s.Waived, name)
}

// follows says whether an objection to a field follows from what is missing above it, or, to the name, from what it is to be
// made of, which is reported by itself.
func follows(minor int, tree map[string]any, at render.Path) bool {
	for i := range at {
		if asked(minor, tree, at[:i+1]) {
			return true
		}
	}
	return at.String() == "metadata.name" &&
		(validate.TextAt(tree, "spec", "names", "plural") == "" || validate.TextAt(tree, "spec", "group") == "")
}

// asWritten gives the field of a definition of v1 for one of the server's own, unversioned form. It has what versions that are
// all alike have at the top, where no file has it. Source: apiextensions-apiserver pkg/apis/apiextensions/v1/conversion.go.
func asWritten(text string) string {
	for from, to := range map[string]string{
		"spec.validation": "spec.versions[0].schema", "spec.subresources": "spec.versions[0].subresources",
		"spec.additionalPrinterColumns":            "spec.versions[0].additionalPrinterColumns",
		"spec.selectableFields":                    "spec.versions[0].selectableFields",
		"spec.version":                             "spec.versions[0].name",
		"spec.conversion.webhookClientConfig":      "spec.conversion.webhook.clientConfig",
		"spec.conversion.conversionReviewVersions": "spec.conversion.webhook.conversionReviewVersions",
	} {
		if rest, ok := strings.CutPrefix(text, from); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			text = to + rest
			break
		}
	}
	if columns, ok := strings.CutSuffix(text, "].JSONPath"); ok {
		return columns + "].jsonPath"
	}
	return text
}

// unservedText says which versions there are in place of the one that an object has.
func unservedText(d *definition, o *render.Object, known bool) string {
	var served []string
	for _, e := range d.versions {
		switch {
		case e.spec.Served && e.spec.Storage:
			served = append(served, e.spec.Name+" (stored)")
		case e.spec.Served:
			served = append(served, e.spec.Name)
		}
	}
	what := "is not a version of its definition"
	if known {
		what = "is not served"
	}
	if len(served) == 0 {
		return fmt.Sprintf("apiVersion is %q, which %s; no version is", o.APIVersion, what)
	}
	slices.Sort(served)
	return fmt.Sprintf("apiVersion is %q, which %s; served: %s", o.APIVersion, what, strings.Join(served, ", "))
}

// deprecatedText is the warning that the server gives, its own where the definition has none.
// Source: getOrCreateServingInfoFor of pkg/apiserver/customresource_handler.go.
func deprecatedText(e *edition, o *render.Object) string {
	if w := e.spec.DeprecationWarning; w != nil {
		return *w
	}
	return fmt.Sprintf("apiVersion %s of %s is deprecated", o.APIVersion, o.Key.Kind)
}
