package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/schemas"
)

// schemaFiles writes the built-in kinds of a minor as kubeconform reads them: one strict JSON schema per kind with everything
// in it, as the files of kubernetes-json-schema that it takes by default have it (no enums, no list types, optional fields
// may be null). It gives the template of their location. Kinds whose shape contains itself cannot be written that way and
// are missing there too.
func schemaFiles(t testing.TB, minor int) string {
	t.Helper()
	dir := t.TempDir()
	for _, k := range schemas.Kinds(minor) {
		if k.Schema == nil || k.Kind == "CustomResourceDefinition" {
			continue
		}
		text, err := json.Marshal(schemaWriter{}.of(k.Schema))
		if err != nil {
			t.Fatal(err)
		}
		suffix := "-" + k.Version
		if k.Group != "" {
			first, _, _ := strings.Cut(k.Group, ".")
			suffix = "-" + first + suffix
		}
		if err := os.WriteFile(filepath.Join(dir, strings.ToLower(k.Kind)+suffix+".json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir + "/{{.ResourceKind}}{{.KindSuffix}}.json"
}

type schemaWriter struct{}

func (w schemaWriter) of(s *schemas.Schema) map[string]any {
	switch {
	case s.Format == "int-or-string":
		return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, map[string]any{"type": "integer"}}}
	case s.Format == "quantity":
		return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, map[string]any{"type": "number"}}}
	case s.Type == "":
		return map[string]any{}
	}
	out := map[string]any{"type": s.Type}
	if s.Format != "" {
		out["format"] = s.Format
	}
	if s.Elements != nil {
		out["items"] = w.of(s.Elements)
	}
	if s.Values != nil {
		out["additionalProperties"] = w.of(s.Values)
	}
	if s.Fields != nil {
		properties := map[string]any{}
		for name, field := range s.Fields {
			properties[name] = w.of(field)
			if !slices.Contains(s.Required, name) {
				properties[name] = orNull(properties[name].(map[string]any))
			}
		}
		out["properties"], out["additionalProperties"] = properties, false
		if len(s.Required) > 0 {
			out["required"] = s.Required
		}
	}
	return out
}

// orNull lets a value be null too.
func orNull(schema map[string]any) map[string]any {
	if kind, ok := schema["type"].(string); ok {
		schema["type"] = []any{kind, "null"}
		return schema
	}
	if len(schema) == 0 {
		return schema
	}
	return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
}
