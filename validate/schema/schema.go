// Package schema holds objects to the schemas of the built-in kinds, exactly as the minor of their cluster has them, and
// says of a range of minors which is the first that refuses an object.
//
// What it refuses is what the API server refuses when it decodes an object strictly, as Argo CD and kubectl ask it to,
// and what its validation wants to be there. Where the server is lenient, the rules are: a null field is one that is not
// there, bytes may have line ends in them, and "1." is a quantity.
package schema

import (
	"slices"

	"sluice/validate"
)

// The ids of the rules.
const (
	unknownField     = "unknown-field"
	gatedField       = "gated-field"
	wrongType        = "wrong-type"
	requiredField    = "required-field"
	waivedField      = "waived-field"
	incompleteStatus = "incomplete-status"
	nullValue        = "null-value"
	invalidEnum      = "invalid-enum"
	invalidQuantity  = "invalid-quantity"
	invalidFormat    = "invalid-format"
	numberRange      = "number-range"
	envNotString     = "env-not-string"
	duplicateElement = "duplicate-element"
	unknownKind      = "unknown-kind"
	removedAPI       = "removed-api"
	futureAPI        = "future-api"
	disabledAPI      = "disabled-api"
	deprecatedAPI    = "deprecated-api"
)

// Rules are what the schemas of the built-in kinds say, in the order in which they are explained. One walk serves them all.
func Rules() []validate.Rule {
	rules := slices.Concat(typeRules(), valueRules(), kindRules())
	rules[0].Check = judgeAll
	return rules
}
