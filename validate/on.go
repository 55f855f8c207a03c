package validate

import (
	"slices"
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

// Blank is what is known of a scalar that holds a placeholder.
type Blank int

// What a scalar holds.
const (
	Known  Blank = iota // no placeholder: the value is what the cluster gets
	Partly              // text around a placeholder: a string, of unknown content
	Wholly              // exactly one placeholder: of any type, as the secret has it
)

// Blanks finds the scalars of an app's objects whose value is known only when the plugin has put the secrets in. In an
// app that has no plugin there are none: the cluster gets the text as it stands.
type Blanks struct {
	of map[render.Key]map[string]Blank
}

// BlanksOf reads the ledger of a result. Its keys are those of the set as rendered.
func BlanksOf(r render.Result) Blanks {
	b := Blanks{of: map[render.Key]map[string]Blank{}}
	if len(r.Ledger) == 0 {
		return b
	}
	values := map[render.Key]*render.Object{}
	for i := range r.Set.Objects {
		values[r.Set.Objects[i].Key] = &r.Set.Objects[i]
	}
	for _, p := range r.Ledger {
		if p.InKey {
			continue
		}
		fields := b.of[p.Object]
		if fields == nil {
			fields = map[string]Blank{}
			b.of[p.Object] = fields
		}
		at := p.Field.String()
		fields[at] = max(fields[at], Partly)
		if o := values[p.Object]; o != nil {
			if text, ok := p.Field.In(o.Tree); ok && whole(text, p) {
				fields[at] = Wholly
			}
		}
	}
	return b
}

// whole says whether a value is nothing but one placeholder. One with a ">" inside would have ended there.
func whole(value any, p render.Placeholder) bool {
	text, ok := value.(string)
	return ok && strings.HasPrefix(text, "<") && strings.IndexByte(text, '>') == len(text)-1 && strings.Contains(text, p.Key)
}

// Has says whether any scalar of an object is blank.
func (b Blanks) Has(o render.Key) bool { return len(b.of[o]) > 0 }

// At says what is known of the scalar at a path of an object; the key is that of the set as rendered.
func (b Blanks) At(o render.Key, field render.Path) Blank {
	fields := b.of[o]
	if len(fields) == 0 {
		return Known
	}
	return fields[field.String()]
}

// Rendered gives the key by which At, Below and Has know an object of [Input.Effective]: that of the set as rendered, which may
// leave the namespace to the app's destination.
func (b Blanks) Rendered(effective render.Key) render.Key {
	if !b.Has(effective) {
		effective.Namespace = ""
	}
	return effective
}

// Below says whether any scalar at or below a path of an object is blank.
func (b Blanks) Below(o render.Key, field render.Path) bool {
	prefix := field.String()
	for at := range b.of[o] {
		if rest, ok := strings.CutPrefix(at, prefix); ok && (rest == "" || prefix == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// Whole says whether all of a stack is here, so that what is not here is nowhere in it: a selection left no app out, and every
// one could be rendered. Of bare manifests it is true too; those who must not judge them so ask whether there is a stack.
func (in Input) Whole() bool {
	rendered := 0
	for _, r := range in.Results {
		if r.Err == nil {
			rendered++
		}
	}
	return len(in.Plan.Others) == 0 && rendered >= len(in.Plan.Apps())
}

// Landed gives the key that an object of an app has in the cluster: with the namespace of the app's destination where it
// states none, without any where its kind has none. Of a key that is so already, and of an app that was not rendered, it
// is the same.
func (in Input) Landed(app string, key render.Key) render.Key {
	i := slices.IndexFunc(in.Results, func(r render.Result) bool { return r.App.Name == app })
	switch {
	case i < 0 || in.ClusterScoped == nil || key == render.Key{}:
	case in.ClusterScoped(key):
		key.Namespace = ""
	case key.Namespace == "":
		key.Namespace = in.Results[i].App.Namespace
	}
	return key
}

// names lists what an object of an app may be called, besides the name that a finding has: as the cluster has it, and
// without the namespace that it gets from the app's destination.
func (in Input) names(app string, key, landed render.Key) []string {
	list := []string{key.String(), landed.String()}
	bare := landed
	if bare.Namespace = ""; in.Landed(app, bare) == landed {
		list = append(list, bare.String())
	}
	return list
}
