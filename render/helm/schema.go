package helm

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"sluice/render"
)

// schemaURL is the address that helm compiles every values.schema.json under; relative references start from it.
const schemaURL = "file:///values.schema.json"

// checkSchemas holds the values of a chart and of each subchart to its values.schema.json, as ValidateAgainstSchema of
// both majors does, with the same library and no network or file access. The documents are what schemas may refer to,
// by URL; a schema that refers to another one is not judged and named in unchecked, with the address. A violated schema
// is an error that names chart, key and rule for all violations of all charts.
func checkSchemas(p part, values map[string]any, documents []render.File) (unchecked []string, err error) {
	var errs []error
	var walk func(p part, values map[string]any)
	walk = func(p part, values map[string]any) {
		if p.schema != nil {
			note, err := checkSchema(p, values, documents)
			unchecked = append(unchecked, note...)
			errs = append(errs, err)
		}
		for _, sub := range p.parts {
			switch v := values[sub.name].(type) {
			case nil:
			case map[string]any:
				walk(sub, v)
			default:
				errs = append(errs, fmt.Errorf("the values of chart %s are a %T and not a map", sub.name, v))
			}
		}
	}
	walk(p, values)
	// Two references to one document are one thing to look at.
	slices.Sort(unchecked)
	return slices.Compact(unchecked), errors.Join(errs...)
}

// checkSchema holds the values to one schema. The compiler is made anew for each: every schema has the same address,
// and a compiler takes an address once.
func checkSchema(p part, values map[string]any, documents []render.File) (unchecked []string, err error) {
	pos := render.Position{File: p.name + "/values.schema.json"}
	defer func() { // the library panics on values of a type that JSON does not have; helm catches that too
		if r := recover(); r != nil {
			err = &render.Error{Pos: pos, Err: fmt.Errorf("judging the values: %v", r)}
		}
	}()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(p.schema))
	if err != nil {
		return nil, &render.Error{Pos: pos, Err: fmt.Errorf("reading the schema: %w", err)}
	}
	remote := offline{documents: documents}
	schema, err := compileSchema(document, &remote)
	if err != nil && len(remote.missing) > 0 {
		remote.rest(document)
	}
	for _, address := range remote.missing {
		unchecked = append(unchecked, fmt.Sprintf("chart %s: values.schema.json refers to %s, which is not fetched", p.name, address))
	}
	var notLoaded *jsonschema.LoadURLError
	switch {
	case errors.As(err, &notLoaded) && slices.Contains(remote.missing, notLoaded.URL):
		return unchecked, nil
	case notLoaded != nil:
		return unchecked, &render.Error{Pos: pos, Err: fmt.Errorf("reading %s, which the schema refers to: %w", notLoaded.URL, notLoaded.Err)}
	case err != nil:
		return unchecked, &render.Error{Pos: pos, Err: fmt.Errorf("reading the schema: %w", err)}
	}
	if values == nil {
		values = map[string]any{}
	}
	return unchecked, violations(p, schema.Validate(values))
}

// compileSchema compiles a schema under helm's address.
func compileSchema(document any, loader jsonschema.URLLoader) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(loader)
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, err
	}
	return compiler.Compile(schemaURL)
}

// offline is a loader that fetches nothing and has the documents given. A URN stands for "anything goes", as helm has
// it when no resolver is set (chartutil.URNResolver), so the rest of such a schema is still judged.
type offline struct {
	documents []render.File
	asked     []string // every other document that was asked for
	missing   []string // those that are not among the documents
	standIn   standIn  // given for what is missing, where set
}

// rest completes missing. A compile ends at the first document that is not there, and which one is first is chance: the
// library visits properties in map order. So it goes on with a document that has all the places that are referred to.
func (o *offline) rest(schema any) {
	o.standIn = standIn{}
	o.stand(schema)
	for _, f := range o.documents {
		if document, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.Data)); err == nil {
			o.stand(document)
		}
	}
	_, _ = compileSchema(schema, o) // only what it asks for counts
}

// stand adds to the stand-in the places that v refers to in other documents: JSON pointers and anchors.
func (o *offline) stand(v any) {
	switch v := v.(type) {
	case []any:
		for _, elem := range v {
			o.stand(elem)
		}
	case map[string]any:
		for key, value := range v {
			o.stand(value)
			ref, _ := value.(string)
			u, err := url.Parse(ref)
			if err == nil && strings.HasSuffix(strings.ToLower(key), "ref") && !strings.HasPrefix(ref, "#") {
				o.standIn.place(u.Fragment)
			}
		}
	}
}

// standIn is a document made up of the places that others refer to.
type standIn map[string]any

// place adds what a fragment points at: by JSON pointer, or an anchor.
func (s standIn) place(fragment string) {
	pointer, isPointer := strings.CutPrefix(fragment, "/")
	if fragment == "" {
		return
	}
	if !isPointer {
		pointer = "$defs/" + fragment
	}
	at := map[string]any(s)
	for step := range strings.SplitSeq(pointer, "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		next, ok := at[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[step] = next
		}
		at = next
	}
	if !isPointer {
		at["$anchor"] = fragment
	}
}

// Load implements jsonschema.URLLoader.
func (o *offline) Load(address string) (any, error) {
	o.asked = append(o.asked, address)
	if i := slices.IndexFunc(o.documents, func(f render.File) bool { return f.Path == address }); i >= 0 {
		return jsonschema.UnmarshalJSON(bytes.NewReader(o.documents[i].Data))
	}
	o.missing = append(o.missing, address)
	if strings.HasPrefix(address, "urn:") {
		return true, nil
	}
	if o.standIn != nil {
		return map[string]any(o.standIn), nil
	}
	return nil, errors.New("remote schemas are not fetched")
}

// violations turns a validation error into one line per broken rule, sorted: the library visits properties in map order.
func violations(p part, err error) error {
	if err == nil {
		return nil
	}
	var broken *jsonschema.ValidationError
	if !errors.As(err, &broken) {
		return fmt.Errorf("judging the values of chart %s: %w", p.name, err)
	}
	var lines []string
	var walk func(jsonschema.OutputUnit)
	walk = func(unit jsonschema.OutputUnit) {
		if unit.Error != nil && len(unit.Errors) == 0 {
			lines = append(lines, keyPath(unit.InstanceLocation)+": "+ruleOf(unit.Error))
		}
		for _, inner := range unit.Errors {
			walk(inner)
		}
	}
	walk(*broken.DetailedOutput())
	slices.Sort(lines)
	lines = slices.Compact(lines)
	if len(lines) == 0 {
		lines = []string{broken.Error()}
	}
	return &render.Error{
		Pos:  render.Position{File: p.name + "/values.schema.json"},
		Err:  fmt.Errorf("the values of chart %s break its schema: %s", p.name, strings.Join(lines, "; ")),
		Hint: "correct the values named; the schema is the chart author's",
	}
}

// keyPath turns a JSON pointer into the dotted path that --set takes.
func keyPath(pointer string) string {
	if pointer == "" || pointer == "/" {
		return "(top)"
	}
	path := strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(path)
}

// ruleOf words a broken rule without the value, which may be a secret.
func ruleOf(e *jsonschema.OutputError) string {
	switch k := e.Kind.(type) {
	case *kind.Pattern:
		return fmt.Sprintf("the value does not match pattern '%s'", k.Want)
	case *kind.Format:
		return fmt.Sprintf("the value is not valid %s", k.Want)
	}
	return e.String()
}
