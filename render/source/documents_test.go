package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// treeOf is a chart from alternating paths and texts.
func treeOf(pairs ...string) []render.File {
	files := []render.File{{Path: chartFileName, Data: []byte(chartYAML("web", "1.0.0"))}}
	for i := 0; i+1 < len(pairs); i += 2 {
		files = append(files, render.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	sortFiles(files)
	return files
}

// shelf answers from a map and counts.
type shelf struct {
	texts map[string]string
	asked []string
}

func (s *shelf) get(_ context.Context, url string) ([]byte, error) {
	s.asked = append(s.asked, url)
	text, ok := s.texts[url]
	if !ok {
		return nil, errors.New("nobody has it")
	}
	return []byte(text), nil
}

func TestDocumentsOfSchemas(t *testing.T) {
	const a, b, c = "https://schemas.example.com/a.json", "https://schemas.example.com/b.json", "http://schemas.example.com/dir/c.json"
	ref := func(url string) string { return `{"properties": {"x": {"$ref": "` + url + `"}}}` }
	texts := map[string]string{a: `{"type": "string", "definitions": {"n": {"type": "integer"}}}`, b: ref("a.json#/definitions/n"), c: `{"$id": "` + c + `"}`}
	sub := func(schema string) []byte {
		return chartTgz(t, "sub", "1.0.0", part{name: schemaName, body: schema})
	}
	deep := chartTgz(t, "mid", "1.0.0", part{name: "charts/sub-1.0.0.tgz", body: string(sub(ref(a)))})
	tests := []struct {
		name  string
		files []render.File
		want  []string
	}{
		{"no schema", treeOf(), nil},
		{"a schema of its own", treeOf(schemaName, `{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"id": {"$ref": "#/definitions/x"}}, "definitions": {"x": {}}}`), nil},
		{"a reference", treeOf(schemaName, ref(a)), []string{a}},
		{"with a fragment", treeOf(schemaName, ref(a+"#/definitions/n")), []string{a}},
		{"through another document", treeOf(schemaName, ref(b)), []string{a, b}},
		{"several, in order", treeOf(schemaName, `{"allOf": [{"$ref": "`+c+`"}, {"$ref": "`+b+`"}, {"$ref": "`+a+`"}, {"$ref": "`+a+`#"}]}`), []string{c, a, b}},
		{"relative to an $id", treeOf(schemaName, `{"$id": "http://schemas.example.com/dir/own.json", "properties": {"x": {"$ref": "c.json"}}}`), []string{c}},
		{"relative to the id of draft 4", treeOf(schemaName, `{"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://schemas.example.com/dir/own.json", "properties": {"x": {"$ref": "c.json"}}}`), []string{c}},
		{"relative, without an $id", treeOf(schemaName, ref("c.json")), nil},
		{"to itself by its $id", treeOf(schemaName, `{"$id": "`+a+`", "properties": {"x": {"$ref": "a.json#/definitions/n"}}, "definitions": {"n": {}}}`), nil},
		{"dynamic", treeOf(schemaName, `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$dynamicRef": "`+a+`"}`), []string{a}},
		{"a metaschema", treeOf(schemaName, `{"$schema": "`+c+`", "type": "object"}`), []string{c}},
		{"a draft's own metaschema", treeOf(schemaName, ref("http://json-schema.org/draft-07/schema#")), nil},
		{"escaped", treeOf(schemaName, `{"properties": {"x": {"$\u0072ef": "\u0068ttps:\/\/schemas.example.com\/a.json"}}}`), []string{a}},
		{"text that is no reference", treeOf(schemaName, `{"description": "see `+a+`", "properties": {"$ref": {"type": "string"}}, "enum": ["`+a+`"]}`), nil},
		{"a default that looks like one", treeOf(schemaName, `{"default": {"$ref": "https://schemas.example.com/none.json"}}`), nil},
		{"urn", treeOf(schemaName, `{"properties": {"x": {"$ref": "urn:example:x"}, "y": {"$ref": "`+a+`"}}}`), []string{a}},
		{"not JSON", treeOf(schemaName, `{"$ref": "`+a+`"`), nil},
		{"not a schema", treeOf(schemaName, `{"type": 7, "properties": {"x": {"$ref": "`+a+`"}}}`), nil},
		{"a broken reference beside it", treeOf(schemaName, `{"properties": {"x": {"$ref": "`+a+`"}, "y": {"$ref": "#/definitions/none"}}}`), nil},
		{"a file beside it", treeOf(schemaName, `{"properties": {"x": {"$ref": "`+a+`"}, "y": {"$ref": "other.json"}}}`), nil},
		{"subchart in a directory", treeOf("charts/sub/Chart.yaml", chartYAML("sub", "1.0.0"), "charts/sub/"+schemaName, ref(a)), []string{a}},
		{"subchart in an archive", treeOf("charts/sub-1.0.0.tgz", string(sub(ref(b)))), []string{a, b}},
		{"subchart of a subchart", treeOf("charts/mid-1.0.0.tgz", string(deep)), []string{a}},
		{"not a subchart", treeOf("charts/_sub/"+schemaName, ref(a), "files/"+schemaName, ref(a)), nil},
		{"all of them", treeOf(schemaName, ref(a), "charts/mid-1.0.0.tgz", string(deep), "charts/sub-1.0.0.tgz", string(sub(ref(c)))), []string{c, a}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &shelf{texts: texts}
			got, err := documents(t.Context(), test.files, s.get)
			must(t, err)
			var want []render.File
			for _, url := range test.want {
				want = append(want, render.File{Path: url, Data: []byte(texts[url])})
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("want -, got +:\n%s", d)
			}
			slices.Sort(s.asked)
			if twice := slices.Compact(slices.Clone(s.asked)); len(twice) != len(s.asked) {
				t.Errorf("a document is asked for twice: %q", s.asked)
			}
		})
	}
}

// The order in which the compiler visits properties changes from run to run; what comes out does not.
func TestDocumentsOfABrokenSchemaAreNotChance(t *testing.T) {
	files := treeOf(schemaName, `{"properties": {"a": {"$ref": "https://example.com/a"}, "b": {"$ref": "https://example.com/b"}, "c": {"$ref": "#/none"}}}`)
	s := &shelf{texts: map[string]string{"https://example.com/a": "{}", "https://example.com/b": "{}"}}
	for range 50 {
		if got, err := documents(t.Context(), files, s.get); err != nil || len(got) != 0 {
			t.Fatalf("got %v, %v", got, err)
		}
	}
}

func TestDocumentsThatCannotBeHad(t *testing.T) {
	const text = `{"properties": {"x": {"$ref": "https://schemas.example.com/a.json?token=hunter2#/x"}}}`
	tgz := string(chartTgz(t, "sub", "1.0.0", part{name: schemaName, body: text}))
	tests := []struct {
		name  string
		files []render.File
		texts map[string]string
		want  string
	}{
		{"none", treeOf(schemaName, text), nil, "chart web: values.schema.json refers to https://schemas.example.com/a.json: nobody has it"},
		{"none, of a subchart", treeOf("charts/sub-1.0.0.tgz", tgz), nil, "chart sub: charts/sub-1.0.0.tgz/values.schema.json refers to https://schemas.example.com/a.json: nobody has it"},
		{"YAML", treeOf(schemaName, text), map[string]string{"https://schemas.example.com/a.json?token=hunter2": "type: string\n"}, "refers to https://schemas.example.com/a.json, which is not JSON"},
		{"a broken archive", treeOf("charts/sub-1.0.0.tgz", tgz[:len(tgz)/2]), nil, "unpacking charts/sub-1.0.0.tgz"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := documents(t.Context(), test.files, (&shelf{texts: test.texts}).get)
			if err == nil || got != nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestDocumentsOfChartsInChartsWithoutEnd(t *testing.T) {
	inner := chartTgz(t, "sub", "1.0.0")
	for range maxNesting + 1 {
		inner = chartTgz(t, "sub", "1.0.0", part{name: "charts/sub.tgz", body: string(inner)})
	}
	if _, err := documents(t.Context(), treeOf("charts/sub.tgz", string(inner)), (&shelf{}).get); err == nil || !strings.Contains(err.Error(), "more than 16 charts in each other") {
		t.Errorf("got %v", err)
	}
}

// A server can make up one more document each time.
func TestDocumentsWithoutEnd(t *testing.T) {
	n := 0
	next := func(context.Context, string) ([]byte, error) {
		n++
		return fmt.Appendf(nil, `{"$ref": "https://example.com/%d.json"}`, n), nil
	}
	_, err := documents(t.Context(), treeOf(schemaName, `{"$ref": "https://example.com/0.json"}`), next)
	wantError(t, err, "refers to more than 256 documents")
}
