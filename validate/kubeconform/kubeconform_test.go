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
