package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/encoding/jsonschema"
)

// JSONSchema gives the definition of a stack as a JSON Schema, draft 2020-12, indented and the same bytes each time.
// It describes each field and names its default, for editors of stacks that are written in JSON or YAML. It does not
// hold the rules that span fields or files.
func JSONSchema() ([]byte, error) {
	ctx := cuecontext.New(cuecontext.EvaluatorVersion(cuecontext.EvalV3), cuecontext.CUE_DEBUG(""))
	def, err := definition(ctx)
	if err != nil {
		return nil, err
	}
	expr, err := jsonschema.Generate(def, &jsonschema.GenerateConfig{Version: jsonschema.VersionDraft2020_12})
	if err != nil {
		return nil, fmt.Errorf("generating the JSON schema of a stack: %w", err)
	}
	raw, err := ctx.BuildExpr(expr).MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encoding the JSON schema of a stack: %w", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("reading the JSON schema of a stack: %w", err)
	}
	doc["title"] = "sluice stack"
	defs, _ := doc["$defs"].(map[string]any)
	tidy(doc, defs)
	presets(doc, newShape(def), defs)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("encoding the JSON schema of a stack: %w", err)
	}
	return out.Bytes(), nil
}

// tidy writes each description on one line, and takes the fields of an embedded definition into the struct that embeds
// it: side by side, two closed schemas refuse each other's fields.
func tidy(v any, defs map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["description"].(string); ok {
			v["description"] = strings.Join(strings.Fields(text), " ")
		}
		own, ok := v["properties"].(map[string]any)
		if embedded := resolve(v, defs); ok && v["$ref"] != nil {
			fields, _ := embedded["properties"].(map[string]any)
			maps.Copy(own, fields)
			delete(v, "$ref")
		}
		for _, key := range sortedKeys(v) {
			tidy(v[key], defs)
		}
	case []any:
		for _, elem := range v {
			tidy(elem, defs)
		}
	}
}

// presets adds the defaults, which the generator of CUE v0.17 leaves out. A default in a shared definition is added as
// often as the definition is used, each time the same.
func presets(schema map[string]any, s *shape, defs map[string]any) {
	schema = resolve(schema, defs)
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range s.names {
		property, ok := properties[name].(map[string]any)
		if !ok {
			continue
		}
		field := s.fields[name]
		if field.preset != nil {
			property["default"] = field.preset
		}
		presets(property, field, defs)
	}
	if s.elem == nil {
		return
	}
	patterns, _ := schema["patternProperties"].(map[string]any)
	for _, p := range patterns {
		if m, ok := p.(map[string]any); ok {
			presets(m, s.elem, defs)
		}
	}
}

// resolve follows a reference into $defs; a schema without one, or with one that leads nowhere, is given as it is.
func resolve(schema map[string]any, defs map[string]any) map[string]any {
	const prefix = "#/$defs/"
	if ref, ok := schema["$ref"].(string); ok && len(ref) > len(prefix) {
		if def, ok := defs[ref[len(prefix):]].(map[string]any); ok {
			return def
		}
	}
	return schema
}
