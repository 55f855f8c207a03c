package validate

import (
	"strings"

	"sluice/render"
)

// On begins a finding about a field of an object. Its place in what was rendered is known; what a person edits is, where
// the object was parsed from a file of theirs, the same, and of a chart or kustomization it is looked for later, by
// whoever has the sources.
func On(o *render.Object, field render.Path, message string) Finding {
	f := Finding{
		App: o.Provenance.App, Object: o.Key, Field: field, Message: message,
		Rendered: o.Position(field), Template: o.Provenance.Template,
	}
	if strings.HasPrefix(o.Provenance.Source, "manifests ") {
		f.Pos = f.Rendered
	}
	return f
}
