package definition

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"sluice/render"
	"sluice/validate"
)

// certainty is whether the server's objection stands whatever placeholders stand for.
type certainty int

const (
	certain    certainty = iota
	unknowable           // it is about a placeholder itself
	doubtful             // it is about something with a placeholder in it
)

// certainty judges one of an object's refusals.
func (o subject) certainty(r refusal, all []refusal) certainty {
	key := o.object.Key
	if !o.blanks.Has(key) {
		return certain
	}
	// Which of several schemas was meant depends on the value, and with it whatever the one that was picked objects to.
	for _, c := range all {
		if c.composes && o.blanks.Below(key, c.at) && within(r.at, c.at) {
			return doubtful
		}
	}
	switch o.blanks.At(key, r.at) {
	case validate.Wholly:
		return unknowable
	case validate.Partly:
		// It is a string, which is all that is known.
		if _, basic := types[r.wantType()]; r.Type != field.ErrorTypeTypeInvalid || !basic {
			return unknowable
		}
		return certain
	}
	// That elements are one and the same, or a value one of several, is said of what is below too.
	about := r.Type == field.ErrorTypeDuplicate || r.Type == field.ErrorTypeNotSupported
	if about && o.blanks.Below(key, r.at) {
		return doubtful
	}
	return certain
}

// vague says whether placeholders may be why the server objects to a part of a definition, such as spec.versions: each holds
// much that has to fit, and the name is made of two others.
func (o subject) vague(part render.Path) bool {
	key := o.object.Key
	if !o.blanks.Has(key) {
		return false
	}
	made := part.String() == "metadata.name"
	return o.blanks.Below(key, part) || made && (o.blanks.Below(key, render.Path{"spec", "names"}) || o.blanks.Below(key, render.Path{"spec", "group"}))
}

// within says whether a path is another or leads below it.
func within(at, of render.Path) bool {
	return len(at) >= len(of) && slices.Equal(at[:len(of)], of)
}

// dependsOnBlank says whether a rule that objects to a field may have looked at a placeholder. A rule sees what is below
// the place where it is written, which is above the field where the rule names one (fieldPath).
func (o subject) dependsOnBlank(s *schema.Structural, at render.Path) bool {
	key := o.object.Key
	if !o.blanks.Has(key) {
		return false
	}
	if o.blanks.Below(key, at) {
		return true
	}
	for i := range at {
		if s == nil {
			return false
		}
		if pointing(s) && o.blanks.Below(key, at[:i]) {
			return true
		}
		s = below(s, at[i])
	}
	return false
}

// pointing says whether a schema has rules that name a field below it.
func pointing(s *schema.Structural) bool {
	for _, rule := range s.XValidations {
		if rule.FieldPath != "" {
			return true
		}
	}
	return s.ValueValidation != nil && slices.ContainsFunc(s.ValueValidation.AllOf, func(n schema.NestedValueValidation) bool {
		return len(n.ValidationExtensions.XValidations) > 0
	})
}

// marks are what words of a key are told apart by.
var marks = strings.NewReplacer("-", "", "_", "")

// secretive are the endings of keys of which the value may be a secret.
var secretive = []string{"password", "passwd", "passphrase", "token", "secret", "credentials", "privatekey", "apikey", "secretkey", "accesskey"}

// confidential says whether the value at a path may be a secret: by its key, or as an entry of what becomes a Secret.
func confidential(at render.Path) bool {
	secret := false
	for i, step := range at {
		name, _ := step.(string)
		name = strings.ToLower(marks.Replace(name))
		last := i == len(at)-1
		switch {
		case !last && (name == "stringdata" || secret && name == "data"),
			last && slices.ContainsFunc(secretive, func(s string) bool { return strings.HasSuffix(name, s) }):
			return true
		}
		secret = secret || strings.Contains(name, "secret")
	}
	return false
}

// hiding takes the values of a tree that may be secret out of texts. A rule's message may be made of any field.
func hiding(tree map[string]any) func(text string) string {
	values := secrets(tree, nil)
	return func(text string) string {
		for _, value := range values {
			text = strings.ReplaceAll(text, value, "(not shown)")
		}
		return text
	}
}

// secrets lists the values of a tree that may be secret, the longest first. Short ones are found in any text.
func secrets(value any, at render.Path) []string {
	var list []string
	switch value := value.(type) {
	case map[string]any:
		for k, v := range value {
			list = append(list, secrets(v, append(at, k))...)
		}
	case []any:
		for i, v := range value {
			list = append(list, secrets(v, append(at, i))...)
		}
	case string:
		if len(value) >= 4 && confidential(at) {
			list = append(list, value)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(-cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return list
}
