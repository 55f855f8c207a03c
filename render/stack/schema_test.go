package stack_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/cuecontext"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sluice/render/stack"
)

// compiled gives the schema as a validator sees it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := stack.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("stack.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("stack.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// exported gives the JSON of the stack.cue of an archive.
func exported(t *testing.T, name string) any {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if f.Name != "stack.cue" {
			continue
		}
		text, err := cuecontext.New().CompileBytes(f.Data).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	t.Fatal("no stack.cue")
	return nil
}

func TestJSONSchemaAcceptsGoodStacks(t *testing.T) {
	schema := compiled(t)
	for _, name := range []string{"good_three_layer", "good_everything", "good_same_namespace", "good_conventions"} {
		if err := schema.Validate(exported(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJSONSchemaRefusesWhatTheDefinitionRefuses(t *testing.T) {
	schema := compiled(t)
	for _, name := range []string{"bad_types", "bad_missing", "bad_enums", "bad_versions", "bad_names", "bad_lists", "bad_conventions"} {
		if err := schema.Validate(exported(t, name)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, edit := range []struct{ name, in, old, now string }{
		{"unknown field of a chart", "good_three_layer", `"chart":"traefik"`, `"chart":"traefik","chrat":"x"`},
		{"unknown field of the stack", "good_three_layer", `"name":"three-layer"`, `"name":"three-layer","nmae":"x"`},
		{"unknown tier", "good_three_layer", `"tier":"core"`, `"tier":"cor"`},
		{"version without patch", "good_three_layer", `"kubernetes":"1.33.4"`, `"kubernetes":"1.33"`},
		{"unknown field of a ref", "good_everything", `"revision":"HEAD"`, `"revision":"HEAD","submodule":true`},
		{"ref without a revision", "good_everything", `,"revision":"HEAD"`, ``},
		{"revision with a blank", "good_everything", `"revision":"HEAD"`, `"revision":"HE AD"`},
		{"token for a variable", "good_everything", `"MIRROR_TOKEN"`, `"glpat_x"`},
		{"unknown convention", "good_conventions", `"quota":{}`, `"quotas":{}`},
		{"unknown field of a convention", "good_conventions", `"quota":{}`, `"quota":{"limits":true}`},
		{"empty mirror", "good_everything", `"file:///srv/git"`, `""`},
	} {
		text, err := json.Marshal(exported(t, edit.in))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), edit.old, edit.now, 1)
		if changed == string(text) {
			t.Fatalf("%s: %s is not in the example", edit.name, edit.old)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(changed))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(v) == nil {
			t.Errorf("%s is accepted", edit.name)
		}
	}
}

func TestJSONSchemaIsTheSameEachTime(t *testing.T) {
	first, err := stack.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := stack.JSONSchema()
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another schema the second time, error %v", err)
		}
	}
}

// An editor shows the description beside each field and the default where none is written.
func TestJSONSchemaDescribesEveryField(t *testing.T) {
	text, err := stack.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("$schema is %v", doc["$schema"])
	}
	defs := doc["$defs"].(map[string]any)
	defs["Stack"] = doc
	fields := 0
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		properties, _ := defs[name].(map[string]any)["properties"].(map[string]any)
		for _, field := range slices.Sorted(maps.Keys(properties)) {
			fields++
			description, _ := properties[field].(map[string]any)["description"].(string)
			if len(description) < 10 || strings.Contains(description, "\n") {
				t.Errorf("%s.%s: description %q", name, field, description)
			}
		}
	}
	if fields < 50 {
		t.Errorf("only %d fields found", fields)
	}
	for field, want := range map[string]any{
		"Layer.tier": "apps", "Sync.prune": true, "Hydrate.namespace": "argocd", "Helm.skipCRDs": false,
		"Ref.submodules": false,
	} {
		def, key, _ := strings.Cut(field, ".")
		property := defs[def].(map[string]any)["properties"].(map[string]any)[key].(map[string]any)
		if property["default"] != want {
			t.Errorf("default of %s is %v, want %v", field, property["default"], want)
		}
	}
}
