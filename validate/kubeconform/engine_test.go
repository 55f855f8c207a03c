package kubeconform

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// judged gives the messages about one object of kind Widget with a spec.
func judged(t *testing.T, engine *Engine, spec any) []string {
	t.Helper()
	o := render.Object{APIVersion: "example.com/v1", Key: render.Key{Group: "example.com", Kind: "Widget", Name: "x"}, Tree: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "x"}, "spec": spec,
	}}
	found, unchecked, err := engine.Rules()[0].Check(t.Context(), validate.Input{Results: []render.Result{{Set: render.Set{Objects: []render.Object{o}}}}})
	if err != nil || len(unchecked) > 0 || engine.Failure() != nil {
		t.Errorf("%v %v %v", unchecked, err, engine.Failure())
	}
	var said []string
	for _, f := range found {
		said = append(said, f.Message)
	}
	return said
}

// kubeconform gets what was read of addresses, opens no connection of its own (nobody listens at these), and leaves nothing.
func TestSchemasOfAddresses(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const at = "http://127.0.0.1:1/"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "widget.json"), []byte(`{"properties": {"spec": {"$ref": "`+at+`deep/spec.json"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	there := map[string]string{
		at + "widget.json":    `{"properties": {"spec": {"$ref": "deep/spec.json"}}}`,
		at + "deep/spec.json": `{"properties": {"size": {"$ref": "../number.json#/definitions/n"}}}`,
		at + "number.json":    `{"definitions": {"n": {"type": "integer"}}}`,
	}
	for text, most := range map[string]int{at + "{{.ResourceKind}}.json": 3, "HTTP" + at[4:] + "{{.ResourceKind}}.json": 3, dir + "/{{.ResourceKind}}.json": 2} {
		asked := map[string]int{}
		engine, err := New(Locations{Templates: []string{text}, Kubernetes: "1.33.4", Fetch: func(url string) ([]byte, error) {
			asked[url]++
			if there[url] == "" {
				return nil, fs.ErrNotExist
			}
			return []byte(there[url]), nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if said := judged(t, engine, map[string]any{"size": "big"}); len(said) != 1 || said[0] != "spec.size: got string, want integer" {
			t.Errorf("%s: %q", text, said)
		}
		if said := judged(t, engine, map[string]any{"size": 3}); said != nil {
			t.Errorf("%s: %q", text, said)
		}
		for url, n := range asked {
			if n != 1 || len(asked) != most {
				t.Errorf("%s: %s was asked for %d times, all: %v", text, url, n, asked)
			}
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// Where what was fetched cannot be laid down, a schema that is there is not one that is missing.
func TestNoRoomForSchemas(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	engine, err := New(Locations{Templates: []string{"http://127.0.0.1:1/{{.ResourceKind}}.json"}, Kubernetes: "1.33.4", Fetch: func(string) ([]byte, error) {
		return []byte(`{"properties": {"spec": {"type": "string"}}}`), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if engine.Judges("example.com/v1", "Widget") {
		t.Error("there is no schema to judge by")
	}
	hinted := (*render.Error)(nil)
	if err := engine.Failure(); !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "TMPDIR") || engine.Idle() != nil {
		t.Errorf("error %v, idle %q", err, engine.Idle())
	}
}

// A path is a path, whatever it looks like.
func TestStrangePaths(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"httpdocs", "http:", "a b", "100%", "50%25", "x#y", "q?", "{{`{{`}}", "ünï"} {
		real := map[string]string{"{{`{{`}}": "{{"}[dir]
		if real == "" {
			real = dir
		}
		if err := os.Mkdir(real, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(real, "widget.json"), []byte(`{"properties": {"spec": {"type": "integer"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		engine, err := New(Locations{Templates: []string{dir + "/{{.ResourceKind}}.json"}, Kubernetes: "1.33.4"})
		if err != nil {
			t.Fatal(err)
		}
		if said := judged(t, engine, "x"); len(said) != 1 {
			t.Errorf("%s: %q", dir, said)
		}
		if said := judged(t, engine, 1); said != nil {
			t.Errorf("%s: %q", dir, said)
		}
	}
}

// Every character of an object reaches kubeconform, which reads YAML, as it is.
func TestEveryCharacter(t *testing.T) {
	var all strings.Builder
	for _, part := range [][2]rune{{0, 0x3000}, {0xd700, 0xd800}, {0xe000, 0xe100}, {0xfe00, 0x10100}, {0x10ff00, 0x110000}} {
		for r := part[0]; r < part[1]; r++ {
			all.WriteString(string(r) + "x")
		}
	}
	schema, err := json.Marshal(map[string]any{"$schema": "http://json-schema.org/draft-07/schema#", "properties": map[string]any{"spec": map[string]any{"const": all.String()}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, schema, 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := New(Locations{Templates: []string{file}, Kubernetes: "1.33.4"})
	if err != nil {
		t.Fatal(err)
	}
	if said := judged(t, engine, all.String()); said != nil {
		t.Errorf("it is not what it was: %q", said)
	}
	if said := judged(t, engine, all.String()+"y"); len(said) != 1 {
		t.Errorf("got %q, want one finding", said)
	}
}

// A schema that leads back to itself says nothing about an object; one that does so below a field is a tree.
func TestCircles(t *testing.T) {
	for schema, want := range map[string]string{
		`{"$ref": "#"}`: "judging Widget.example.com x by its schema: the schema refers to itself in a circle",
		`{"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"allOf": [{"$ref": "#/definitions/a"}]}}, "properties": {"spec": {"$ref": "#/definitions/a"}}}`: "the schema refers to itself in a circle",
		`{"properties": {"spec": {"$ref": "#"}}}`: "",
	} {
		file := filepath.Join(t.TempDir(), "schema.json")
		if err := os.WriteFile(file, []byte(schema), 0o600); err != nil {
			t.Fatal(err)
		}
		engine, err := New(Locations{Templates: []string{file}, Kubernetes: "1.33.4"})
		if err != nil {
			t.Fatal(err)
		}
		set, err := render.Parse("widget.yaml", []byte("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\nspec: {spec: {}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		found, _, err := engine.Rules()[0].Check(t.Context(), validate.Input{Results: []render.Result{{Set: set}}})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) || len(found) > 0 {
			t.Errorf("%s: %v, %v", schema, found, err)
		}
	}
}

// What nothing can be held to takes nothing from the objects of other kinds, and is told once.
func TestCirclesBesideOthers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"widget.json": `{"$ref": "#"}`, "gadget.json": `{"properties": {"spec": {"type": "string"}}}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	engine, err := New(Locations{Templates: []string{dir + "/{{.ResourceKind}}.json"}, Kubernetes: "1.33.4"})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range []string{"Widget one", "Widget two", "Gadget three"} {
		kind, name, _ := strings.Cut(name, " ")
		text.WriteString("---\napiVersion: example.com/v1\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec: {}\n")
	}
	set, err := render.Parse("all.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := engine.Rules()[0].Check(t.Context(), validate.Input{Results: []render.Result{{Set: set}}})
	if err == nil || strings.Count(err.Error(), "in a circle") != 1 || len(found) != 1 || found[0].Object.Name != "three" {
		t.Errorf("%v, %v", found, err)
	}
}
