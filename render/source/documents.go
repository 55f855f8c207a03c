package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sluice/render"
)

const (
	schemaName = "values.schema.json"
	// schemaURL is the address that helm compiles a schema under (pkg/chartutil/jsonschema.go); relative references
	// start from it.
	schemaURL = "file:///values.schema.json"
	// maxNesting bounds subcharts in subcharts. An archive can be made to hold itself.
	maxNesting = 16
	// maxDocuments bounds what the schemas of one chart may lead to: a server can make up a next one for ever.
	maxDocuments = 256
)

// documents gives the documents on the web that the values schemas of a chart and of all its subcharts refer to,
// directly or through each other: once each, by URL, which is the path of the file. get reads one; its failure is an
// error that names chart and URL, and so is a document that is not JSON.
//
// The schemas are compiled as helm compiles them, because where a reference leads depends on every $id and $schema
// above it. One that does not compile is no error and has no documents: helm may never look at it, as at the schema of
// a subchart without values, and where it does the engine reports it. References to file: and urn: are not followed.
func documents(ctx context.Context, files []render.File, get func(ctx context.Context, url string) ([]byte, error)) ([]render.File, error) {
	c := collector{ctx: ctx, get: get, held: map[string][]byte{}, wanted: map[string]bool{}}
	if err := c.chart(files, ""); err != nil {
		return nil, err
	}
	var found []render.File
	for _, url := range slices.Sorted(maps.Keys(c.wanted)) {
		found = append(found, render.File{Path: url, Data: c.held[url]})
	}
	return found, nil
}

// collector walks one chart.
type collector struct {
	ctx    context.Context
	get    func(context.Context, string) ([]byte, error)
	held   map[string][]byte // all that was got, so that no document is got twice
	wanted map[string]bool   // what belongs to schemas that compile
}

// chart looks at the schema of a chart and goes on to its subcharts. where is its place in the first chart.
func (c *collector) chart(files []render.File, where string) error {
	if strings.Count(where, "/") > 2*maxNesting {
		return fmt.Errorf("%s: there are more than %d charts in each other", where, maxNesting)
	}
	if text, ok := fileOf(files, schemaName); ok {
		if err := c.schema(text); err != nil {
			meta, broken := parseChart(files, where)
			if broken != nil {
				return broken
			}
			return fmt.Errorf("chart %s: %s %w", meta.Name, path.Join(where, schemaName), err)
		}
	}
	subs, err := subcharts(files, where)
	if err != nil {
		return err
	}
	for _, s := range subs {
		if err := c.chart(s.files, path.Join(where, s.entry)); err != nil {
			return err
		}
	}
	return nil
}

// schema compiles one schema and keeps what that asked for.
func (c *collector) schema(text []byte) error {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil || !leadsOut(schema) {
		return nil
	}
	load := &documentLoader{collector: c, asked: map[string]bool{}}
	compiled := compile(schema, load)
	if load.err != nil {
		return load.err
	}
	if compiled {
		// Not what a broken schema asked for: the compiler visits properties in map order, so that is chance.
		maps.Copy(c.wanted, load.asked)
	}
	return nil
}

// compile says whether a schema compiles. The library panics on some that are malformed.
func compile(schema any, loader jsonschema.URLLoader) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(loader)
	if err := compiler.AddResource(schemaURL, schema); err != nil {
		return false
	}
	_, err := compiler.Compile(schemaURL)
	return err == nil
}

// leadsOut says whether a schema may refer to the web: it spares most charts the compiling. An $id counts, because it
// makes relative references absolute ones; the drafts' own addresses in $schema do not, the library has those.
func leadsOut(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, leadsOut)
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			if !isText && leadsOut(value) || isText && isReference(key) && isWeb(text) && !isDraft(text) {
				return true
			}
		}
	}
	return false
}

func isReference(key string) bool {
	return slices.Contains([]string{"$ref", "$dynamicRef", "$recursiveRef", "$schema", "$id", "id"}, key)
}

func isWeb(url string) bool {
	url = strings.ToLower(url) // schemes have no case (RFC 3986, 3.1)
	return strings.HasPrefix(url, "http:") || strings.HasPrefix(url, "https:")
}

// isDraft knows the metaschemas that every schema names (https://json-schema.org/specification-links). Others of that
// host, a vocabulary say, are left to the library to know.
func isDraft(url string) bool {
	url = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(url, "#"), "http://"), "https://")
	return slices.Contains([]string{
		"json-schema.org/schema", "json-schema.org/draft-04/schema", "json-schema.org/draft-06/schema",
		"json-schema.org/draft-07/schema", "json-schema.org/draft/2019-09/schema", "json-schema.org/draft/2020-12/schema",
	}, url)
}

// documentLoader answers the compiler for one schema.
type documentLoader struct {
	*collector
	asked map[string]bool
	err   error // of getting a document, which ends everything
}

// Load implements jsonschema.URLLoader. The URL has no fragment.
func (l *documentLoader) Load(url string) (any, error) {
	switch {
	case strings.HasPrefix(url, "urn:"):
		return true, nil // as helm has it: anything goes
	case !isWeb(url):
		return nil, errors.New("only documents of the web are fetched")
	}
	document, err := l.document(url)
	if err != nil {
		l.err = err
		return nil, err
	}
	l.asked[url] = true
	return document, nil
}

// document gets a document, or gives the one that was got before.
func (c *collector) document(url string) (any, error) {
	text, ok := c.held[url]
	if !ok {
		if len(c.held) == maxDocuments {
			return nil, fmt.Errorf("refers to more than %d documents, at %s", maxDocuments, shown(url))
		}
		var err error
		if text, err = c.get(c.ctx, url); err != nil {
			return nil, fmt.Errorf("refers to %s: %w", shown(url), err)
		}
		c.held[url] = text
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, hinted("check the address; helm reads JSON only",
			fmt.Errorf("refers to %s, which is not JSON: %w", shown(url), err))
	}
	return document, nil
}
