package schema

import (
	"sluice/render"
	"sluice/schemas"
)

// Expected gives what a minor of Kubernetes wants at a field of a built-in kind: "string", "integer", "number" or "boolean", or
// a format that says more than the type: "int-or-string", "quantity", "date-time", "micro-time", "duration" or "byte", which
// is base64. It is empty where no schema says it: of other kinds, and of what may be anything.
func Expected(minor int, o *render.Object, field render.Path) string {
	group, version := split(o.APIVersion)
	kind, served := schemas.Lookup(minor, group, version, o.Key.Kind)
	if !served {
		return ""
	}
	s := kind.Schema
	for _, step := range field {
		if s == nil {
			return ""
		}
		switch step := step.(type) {
		case string:
			of, ok := s.Fields[step]
			if !ok {
				of = s.Values
			}
			s = of
		default:
			s = s.Elements
		}
	}
	switch {
	case s == nil:
		return ""
	case s.Format != "" && s.Type != "integer" && s.Type != "number":
		return s.Format
	}
	return s.Type
}
