package kubeconform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// What is wrong is said with its field, and no value of it.
func TestMessages(t *testing.T) {
	dir := t.TempDir()
	schema := `{"type": "object", "properties": {"spec": {"type": "object", "additionalProperties": false, "properties": {
  "password": {"type": "string", "pattern": "^[0-9]+$"}, "size": {"type": "integer"},
  "when": {"type": "string", "format": "date-time"},
  "port": {"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"name": {"type": "string"}}}]}}}}}`
	if err := os.WriteFile(filepath.Join(dir, "widget.json"), []byte(schema), 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := New(Locations{Templates: []string{filepath.Join(dir, "{{.ResourceKind}}.json")}, Kubernetes: "1.33.4"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := render.Parse("widget.yaml", []byte(`apiVersion: example.com/v1
kind: Widget
metadata: {name: first}
spec: {password: "it's \"mine\"", size: large, when: soon-enough, more: 1, port: {name: 5}}
`))
	if err != nil {
		t.Fatal(err)
	}
	in := validate.Input{Results: []render.Result{{Set: set}}}
	found, unchecked, err := engine.Rules()[0].Check(t.Context(), in)
	if err != nil || len(unchecked) > 0 {
		t.Fatal(unchecked, err)
	}
	var said []string
	for _, f := range found {
		said = append(said, f.Message)
	}
	slices.Sort(said)
	want := []string{
		"spec.password: the value does not match pattern '^[0-9]+$'",
		"spec.port: it is none of what the schema allows: got object, want integer, or name: got number, want string",
		"spec.size: got string, want integer",
		"spec.when: the value is not valid date-time: less than 20 characters long",
		"spec: additional properties 'more' not allowed",
	}
	if !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}

// A location that has no schema of any kind it was asked for is said, by the same place in any order; one that has one, or
// was not asked, is not.
func TestIdle(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "widget.json"), []byte(`{"type": "object"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kinds := range [][]string{{"Widget", "Gadget", "Box"}, {"Box", "Widget", "Gadget"}} {
		engine, err := New(Locations{Templates: []string{"none/{{.ResourceKind}}.json", dir + "/{{.ResourceKind}}.json"}, Kubernetes: "1.33.4"})
		if err != nil {
			t.Fatal(err)
		}
		if idle := engine.Idle(); idle != nil {
			t.Errorf("before anything is asked: %q", idle)
		}
		for _, kind := range kinds {
			engine.Judges("example.com/v1", kind)
		}
		want := []string{"--schema-location none/{{.ResourceKind}}.json has no schema of any kind that it was asked for, e.g. no none/box.json"}
		if idle := engine.Idle(); !slices.Equal(idle, want) {
			t.Errorf("got %q, want %q", idle, want)
		}
	}
}

// A schema may refer to an address where no location is one. Whoever gave no way to read addresses gets an error that names it.
func TestReferenceToAnAddress(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "widget.json"), []byte(`{"$ref": "https://schemas.example.com/defs.json"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	at := Locations{Templates: []string{filepath.Join(dir, "{{.ResourceKind}}.json")}, Kubernetes: "1.33.4"}
	for want, fetch := range map[string]func(string) ([]byte, error){
		"https://schemas.example.com/defs.json is an address, and none is read": nil,
		"": func(string) ([]byte, error) { return []byte(`{"type": "object"}`), nil },
	} {
		at.Fetch = fetch
		engine, err := New(at)
		if err != nil {
			t.Fatal(err)
		}
		if known := engine.Judges("example.com/v1", "Widget"); known != (want == "") {
			t.Errorf("%q: judged: %t", want, known)
		}
		if err := engine.Failure(); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// What a placeholder stands for is not known, and that a field is missing or too many is all the same. No value of a Secret is
// told, not a number either.
func TestPlaceholdersAndSecrets(t *testing.T) {
	schema := `{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"stringData": {"properties": {"pin": {"maximum": 3}}}, "spec": {
  "additionalProperties": false, "required": ["size"], "properties": {
    "password": {"type": "string", "pattern": "^[0-9]+$"}, "port": {"type": "integer"}, "url": {"type": "integer"}, "label": {"maxLength": 3},
    "way": {"anyOf": [{"required": ["a"]}, {"properties": {"name": {"const": "x"}}}]},
    "mode": {"if": {"properties": {"kind": {"const": "x"}}}, "else": {"required": ["b"]}},
    "has": {"contains": {"required": ["z"], "properties": {"a": {"const": "x"}}}}, "lacks": {"contains": {"required": ["z"]}},
    "list": {"type": "string"}}}}}`
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(schema), 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := New(Locations{Templates: []string{file}, Kubernetes: "1.33.4"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := render.Parse("all.yaml", []byte(`apiVersion: example.com/v1
kind: Widget
metadata: {name: first}
spec: {password: <path:a#key>, port: <path:a#key>, url: "x<path:a#key>", label: "abc<path:a#key>", way: {name: <path:a#key>},
  mode: {kind: <path:a#key>}, list: [<path:a#key>], more: 1,
  has: [{z: 1, a: <path:a#key>}, {q: 1}], lacks: [{q: 1}]}
---
apiVersion: v1
kind: Secret
metadata: {name: second}
stringData: {pin: 98765}
`))
	if err != nil {
		t.Fatal(err)
	}
	result := render.Result{Set: set}
	for _, at := range []render.Path{
		{"spec", "password"},
		{"spec", "port"},
		{"spec", "url"},
		{"spec", "label"},
		{"spec", "way", "name"},
		{"spec", "mode", "kind"},
		{"spec", "list", 0},
		{"spec", "has", 0, "a"},
	} {
		result.Ledger = append(result.Ledger, render.Placeholder{Object: set.Objects[0].Key, Field: at, Key: "key"})
	}
	found, unchecked, err := engine.Rules()[0].Check(t.Context(), validate.Input{Results: []render.Result{result}})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range found {
		said = append(said, f.Message)
	}
	for _, u := range unchecked {
		said = append(said, u.What+": "+u.Why)
	}
	want := []string{
		"spec: additional properties 'more' not allowed",
		"spec: missing property 'size'",
		"spec.lacks: no items match contains schema",
		"spec.list: got array, want string",
		"spec.url: got string, want integer",
		"stringData.pin is not what the schema asks for",
		"what the schema asks of spec.has: it depends on what placeholders stand for",
		"what the schema asks of spec.mode: it depends on what placeholders stand for",
		"what the schema asks of spec.way: it depends on what placeholders stand for",
	}
	if !slices.Equal(said, want) {
		t.Errorf("%s", strings.Join(said, "\n"))
	}
}
