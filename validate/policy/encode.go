package policy

import (
	"cuelang.org/go/cue"

	"sluice/render"
	"sluice/validate"
)

// encoder makes CUE of objects. Nothing of an object has a place: the places in errors are those of policies.
type encoder struct {
	ctx *cue.Context
	// What stands for a scalar that is a placeholder, and for one with a placeholder in it.
	anything, anyText cue.Value
}

func newEncoder(ctx *cue.Context) encoder {
	return encoder{ctx, ctx.CompileString("_"), ctx.CompileString("string")}
}

// encoding is one object on the way into CUE.
type encoding struct {
	encoder
	key    render.Key
	blanks validate.Blanks
	blank  bool // the object has placeholders
	veiled bool // what is secret is anything
}

// object encodes the tree of an object.
func (e encoding) object(tree map[string]any) cue.Value {
	return e.ctx.Encode(e.value(tree, nil))
}

// value gives a copy of a value that CUE encodes. A null in a map counts as left out, as the API server has it.
func (e encoding) value(v any, at render.Path) any {
	switch v := v.(type) {
	case map[string]any:
		fields := make(map[string]any, len(v))
		for key, value := range v {
			if value == nil {
				continue
			}
			if e.veiled && len(at) == 0 && secretField(key) {
				fields[key] = e.anything
				continue
			}
			fields[key] = e.value(value, append(at, key))
		}
		return fields
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = e.value(value, append(at, i))
		}
		return list
	}
	if e.blank {
		switch e.blanks.At(e.key, at) {
		case validate.Wholly:
			return e.anything
		case validate.Partly:
			return e.anyText
		}
	}
	return v
}

// isSecret says whether an object holds secrets.
func isSecret(k render.Key) bool { return k.Group == "" && k.Kind == "Secret" }

// secretField says whether a field of a Secret holds its values.
func secretField(name string) bool { return name == "data" || name == "stringData" }
