package helm

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"sluice/render"
)

// schemaChart is a chart with a schema that refers to base, and a subchart with one that refers to base/dir.
func schemaChart(base string) render.Tree {
	return chartWith(
		"templates/x.yaml", configMap,
		"values.yaml", "port: 80\nsub: {name: a}\n",
		"values.schema.json", `{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"port": {"$ref": "`+base+`/net.json#/definitions/port"}}}`,
		"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"charts/sub/values.schema.json", `{"$id": "`+base+`/dir/own.json", "properties": {"name": {"$ref": "name.json"}}}`)
}

// schemaDocuments are what the schemas of schemaChart refer to, directly and through each other.
func schemaDocuments(base string) []render.File {
	return []render.File{
		{Path: base + "/dir/name.json", Data: []byte(`{"type": "string", "maxLength": 3}`)},
		{Path: base + "/limits.json", Data: []byte(`{"definitions": {"high": {"maximum": 65535}}}`)},
		{Path: base + "/net.json", Data: []byte(`{"definitions": {"port": {"type": "integer", "allOf": [{"$ref": "limits.json#/definitions/high"}]}}}`)},
	}
}

// schemaCases are values for schemaChart and the rule that they break; none is sound.
var schemaCases = []struct{ name, set, broken string }{
	{"sound", "port=8080,sub.name=abc", ""},
	{"a rule of a document", "port=http", "port: got string, want integer"},
	{"a rule of a document's document", "port=70000", "port: maximum: got 70,000, want 65,535"},
	{"a rule of a subchart's document", "sub.name=abcd", "name: maxLength: got 4, want 3"},
}

func TestSchemaDocumentsAreHeld(t *testing.T) {
	const base = "https://schemas.example.com/v1"
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		for _, c := range schemaCases {
			r := releaseAs(schemaChart(base))
			r.Chart.Documents = schemaDocuments(base)
			r.Values.Set = []string{c.set}
			out, err := template(t.Context(), r)
			switch {
			case c.broken == "" && (err != nil || len(out.Unchecked) > 0):
				t.Errorf("%s: got %v, unchecked %q", c.name, err, out.Unchecked)
			case c.broken != "" && (err == nil || !strings.Contains(err.Error(), c.broken)):
				t.Errorf("%s: got %v, want %s", c.name, err, c.broken)
			}
		}
	})
}

func TestSchemaWithoutOneOfItsDocumentsIsUnchecked(t *testing.T) {
	const base = "https://schemas.example.com/v1"
	charts := []string{"sub", "web", "web"} // by the document that is away
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		for i, away := range schemaDocuments(base) {
			r := releaseAs(schemaChart(base))
			r.Chart.Documents = slices.Delete(schemaDocuments(base), i, i+1)
			out, err := template(t.Context(), r)
			want := []string{"chart " + charts[i] + ": values.schema.json refers to " + away.Path + ", which is not fetched"}
			if err != nil || !slices.Equal(out.Unchecked, want) {
				t.Errorf("got %q, %v, want %q", out.Unchecked, err, want)
			}
			// The other chart's schema is complete and still held.
			r.Values.Set = []string{map[string]string{"sub": "port=http", "web": "sub.name=abcd"}[charts[i]]}
			if _, err := template(t.Context(), r); err == nil {
				t.Errorf("without %s no schema is held", away.Path)
			}
		}
	})
}

func TestSchemaDocumentThatIsNotJSON(t *testing.T) {
	const base = "https://schemas.example.com/v1"
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		r := releaseAs(schemaChart(base))
		r.Chart.Documents = schemaDocuments(base)
		r.Chart.Documents[2].Data = []byte("definitions: {}\n")
		_, err := template(t.Context(), r)
		var placed *render.Error
		if !errors.As(err, &placed) || placed.Pos.File != "web/values.schema.json" || !strings.Contains(err.Error(), "reading "+base+"/net.json, which the schema refers to") {
			t.Errorf("got %v", err)
		}
	})
}

// The library visits properties in map order and stops at the first document that is not there.
func TestAllMissingDocumentsAreNamedEveryTime(t *testing.T) {
	const a, b, c, d, e = "https://a.example.com/x.json", "https://b.example.com/x.json", "https://c.example.com/x.json", "https://d.example.com/x.json", "https://e.example.com/x.json"
	r := releaseAs(chartWith("templates/x.yaml", configMap, "values.schema.json", `{"properties": {
		"a": {"$ref": "`+a+`#/definitions/one~1two/deep"}, "b": {"$ref": "`+b+`"}, "c": {"$ref": "`+c+`#anchor"},
		"d": {"$ref": "`+d+`#/$defs/n"}, "f": {"$ref": "file.json#/x"}, "u": {"$ref": "urn:example:u"}}}`))
	r.Chart.Documents = []render.File{{Path: d, Data: []byte(`{"$defs": {"n": {"$ref": "` + e + `#/definitions/m"}}}`)}}
	var want []string
	for _, url := range []string{"file:///file.json", a, b, c, e, "urn:example:u"} {
		want = append(want, "chart web: values.schema.json refers to "+url+", which is not fetched")
	}
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		for range 20 {
			out, err := template(t.Context(), r)
			if err != nil || !slices.Equal(out.Unchecked, want) {
				t.Fatalf("got %v\n%s\nwant\n%s", err, strings.Join(out.Unchecked, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}
