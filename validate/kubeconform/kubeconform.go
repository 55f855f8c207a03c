// Package kubeconform holds objects to JSON schemas that a user has: files or addresses, named by kubeconform's templates.
//
// The engine is kubeconform itself, so that a location which works there works here. It is fed one object at a time, as
// it was parsed: what its own splitting loses (a document on the marker's line, one after "...") cannot be lost. What it
// keeps silent about is said: a schema that is there and does not compile counts as missing for it, and of an error with
// several causes it tells the first level alone.
package kubeconform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/yannh/kubeconform/pkg/registry"
	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"

	"sluice/render"
	"sluice/validate"
)

// ruleID is the id of the one rule.
const ruleID = "schema-location"

// Locations are where schemas are looked for, in order; the first that has one for a kind counts. Each is a template of
// kubeconform's: a path or URL that ends in "json", or the beginning of the layout of kubernetes-json-schema.
// Source: kubeconform README, "Overriding schemas location".
type Locations struct {
	Templates  []string
	Kubernetes string // "1.33.4"
	Cache      string // a directory for what comes over the network; empty for none
}

// Engine judges by schemas of locations. It is made once and may be asked from several goroutines.
type Engine struct {
	engine     validator.Validator
	registries []registry.Registry
	version    string
	mu         sync.Mutex
	asked      map[kind]error // why a kind has no schema; nil where it has
}

type kind struct{ apiVersion, kind string }

// New reads the templates. No schema is read before an object of its kind is judged.
func New(l Locations) (*Engine, error) {
	e := &Engine{version: l.Kubernetes, asked: map[kind]error{}}
	for _, template := range l.Templates {
		r, err := registry.New(template, l.Cache, true, false, false)
		if err != nil {
			return nil, &render.Error{
				Err:  fmt.Errorf("reading schema location %s: %w", template, err),
				Hint: `it is a template, e.g. "schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"`,
			}
		}
		e.registries = append(e.registries, r)
	}
	var err error
	e.engine, err = validator.New(l.Templates, validator.Opts{Cache: l.Cache, KubernetesVersion: l.Kubernetes, Strict: true})
	if err != nil {
		return nil, fmt.Errorf("reading the schema locations: %w", err)
	}
	return e, nil
}

// Judges says whether a location has a schema for a kind. An engine that is nil has none.
func (e *Engine) Judges(apiVersion, name string) bool {
	return e != nil && e.known(kind{apiVersion, name}) == nil
}

// known says why a kind has no schema, once it was looked for.
func (e *Engine) known(k kind) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err, asked := e.asked[k]
	if !asked {
		err = e.look(k)
		e.asked[k] = err
	}
	return err
}

// Rules gives the rule. Of an engine that is nil it is there to be explained and judges nothing.
func (e *Engine) Rules() []validate.Rule {
	r := validate.Rule{
		ID: ruleID, Title: "an object is not what the schema of a given location asks for", Severity: validate.Error,
		Why:    "The schema was given with --schema-location to be held to, e.g. because no definition of the kind is at hand.",
		Fix:    "mend the object, or the schema",
		Source: "github.com/yannh/kubeconform",
		Able:   func(validate.Input) bool { return e != nil },
		Wrong:  strings.ReplaceAll(exampleArchive, "SIZE", "large"), Right: strings.ReplaceAll(exampleArchive, "SIZE", "3"),
	}
	if e != nil {
		r.Check = e.judge
	}
	return []validate.Rule{r}
}

const exampleArchive = `-- arguments --
--schema-location schemas/{{.ResourceKind}}.json
-- schemas/widget.json --
{"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
-- example.yaml --
apiVersion: example.com/v1
kind: Widget
metadata: {name: first}
spec: {size: SIZE}
`

// judge holds every object to the schema of its kind, where a location has one.
func (e *Engine) judge(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	var unchecked []validate.Unchecked
	for _, result := range in.Results {
		blanks := validate.BlanksOf(result)
		for i := range result.Set.Objects {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			o := &result.Set.Objects[i]
			switch err := e.known(kind{o.APIVersion, o.Key.Kind}); {
			case errors.Is(err, errNone):
			case err != nil:
				unchecked = append(unchecked, validate.Unchecked{App: result.App.Name, Object: o.Key, What: "the schema of its kind", Why: err.Error()})
			default:
				more, err := e.object(o, blanks)
				if err != nil {
					return nil, nil, err
				}
				found = append(found, more...)
			}
		}
	}
	return found, unchecked, nil
}

var errNone = errors.New("no location has a schema")

// look says whether a location has a schema for a kind, and that it compiles.
func (e *Engine) look(k kind) error {
	there := false
	for _, r := range e.registries {
		_, schema, err := r.DownloadSchema(k.kind, k.apiVersion, e.version)
		switch {
		case schema != nil && err == nil:
			there = true
		// What is not there is said by types of kubeconform's own, and by those of the file system.
		case err == nil, errors.Is(err, fs.ErrNotExist), strings.Contains(err.Error(), "could not find schema"), strings.Contains(err.Error(), "no such file"):
			continue
		default:
			return fmt.Errorf("reading it: %w", err)
		}
		break
	}
	if !there {
		return errNone
	}
	text, err := json.Marshal(map[string]any{"apiVersion": k.apiVersion, "kind": k.kind, "metadata": map[string]any{"name": "probe"}})
	if err != nil {
		return err
	}
	probe := e.engine.ValidateResource(resource.Resource{Path: "probe", Bytes: text})
	if probe.Status == validator.Error {
		return fmt.Errorf("it is there and is no schema that compiles: %w", probe.Err)
	}
	return nil
}

// object holds one object to its schema.
func (e *Engine) object(o *render.Object, blanks validate.Blanks) ([]validate.Finding, error) {
	text, err := json.Marshal(o.Tree)
	if err != nil {
		return nil, fmt.Errorf("writing %s as JSON: %w", o.Key, err)
	}
	result := e.engine.ValidateResource(resource.Resource{Path: o.Provenance.File, Bytes: text})
	if result.Status == validator.Error {
		return nil, fmt.Errorf("judging %s by its schema: %w", o.Key, result.Err)
	}
	if result.Status != validator.Invalid {
		return nil, nil
	}
	var found []validate.Finding
	for _, fault := range faults(result) {
		path := pathOf(o.Tree, fault.Path)
		if blanks.Below(o.Key, path) {
			continue // what the secret will be is not known
		}
		value, _ := path.In(o.Tree)
		message := unquoted(fault.Msg, value)
		if len(path) > 0 {
			message = path.String() + ": " + message
		}
		if o.Key.Group == "" && o.Key.Kind == "Secret" {
			message = path.String() + " is not what the schema asks for" // the text may quote the value
		}
		found = append(found, validate.On(o, path, message))
	}
	return found, nil
}

// unquoted takes the texts of a value out of a message about it: any may be a secret, whatever the schema calls it. They
// are quoted there as jsonschema/v6 does (quote of its util.go).
func unquoted(message string, value any) string {
	switch value := value.(type) {
	case string:
		quoted := strconv.Quote(value)
		quoted = strings.NewReplacer(`\"`, `"`, "'", `\'`).Replace(quoted[1 : len(quoted)-1])
		return strings.ReplaceAll(message, "'"+quoted+"'", "the value")
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			message = unquoted(message, value[key])
		}
	case []any:
		for _, v := range value {
			message = unquoted(message, v)
		}
	}
	return message
}

// deep are the causes in the text of an error, with where each is.
var deep = regexp.MustCompile(`- at '([^']*)': (.*?)(?:  *(?:- at ')|$)`)

// faults lists what is wrong: the causes that the engine lists, and in place of those that have causes below them, these.
func faults(result validator.Result) []validator.ValidationError {
	list := slices.Clone(result.ValidationErrors)
	if text := result.Err.Error(); len(list) == 0 || slices.ContainsFunc(list, func(v validator.ValidationError) bool { return v.Msg == "validation failed" }) {
		list = nil
		for len(text) > 0 {
			at := deep.FindStringSubmatchIndex(text)
			if at == nil {
				break
			}
			if message := text[at[4]:at[5]]; message != "validation failed" {
				list = append(list, validator.ValidationError{Path: text[at[2]:at[3]], Msg: message})
			}
			text = text[at[5]:]
		}
		if len(list) == 0 {
			list = append(list, validator.ValidationError{Msg: result.Err.Error()})
		}
	}
	slices.SortFunc(list, func(a, b validator.ValidationError) int {
		return strings.Compare(a.Path+"\x00"+a.Msg, b.Path+"\x00"+b.Msg)
	})
	return slices.Compact(list)
}

// pathOf reads a JSON pointer. Whether a number is a place in a list is told by what is there.
func pathOf(tree any, pointer string) render.Path {
	var path render.Path
	for _, word := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if word == "" {
			continue
		}
		word = strings.NewReplacer("~1", "/", "~0", "~").Replace(word)
		var step any = word
		if list, ok := tree.([]any); ok {
			if i, err := strconv.Atoi(word); err == nil && i >= 0 && i < len(list) {
				step = i
			}
		}
		path = append(path, step)
		tree, _ = render.Path{step}.In(tree)
	}
	return path
}
