package validate

import (
	"cmp"
	"strings"

	"sluice/render"
)

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
	// stated are the keys of objects that state a namespace, by those that they have if their kind has none.
	stated map[render.Key]render.Key
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
	b.stated = map[render.Key]render.Key{}
	for key := range b.of {
		bare := key
		bare.Namespace = ""
		if other, taken := b.stated[bare]; key.Namespace != "" && values[bare] == nil && (!taken || key.Compare(other) < 0) {
			b.stated[bare] = key
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
// leave the namespace to the app's destination, or state one for a kind that has none.
func (b Blanks) Rendered(effective render.Key) render.Key {
	if b.Has(effective) {
		return effective
	}
	if effective.Namespace == "" {
		return cmp.Or(b.stated[effective], effective)
	}
	effective.Namespace = ""
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
