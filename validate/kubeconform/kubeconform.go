// Package kubeconform holds objects to JSON schemas that a user has: files or addresses, named by kubeconform's templates.
//
// kubeconform is the engine: what it refuses is a finding, and what it takes is none. It is given one object and the schema
// of its kind at a time. Which schema that is, is found here, by its rules, and read here, for it would open connections of
// its own, with no authority, time limit or --offline of ours, read whatever a path leads to, and keep silent about a schema
// that is there and does not compile. Of an error with several causes it tells the first level alone; the others are asked
// of the compiler of schemas that it uses.
package kubeconform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

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
	// Fetch reads an address of http or https, which a template names, or a schema refers to; nil where none is read. What is
	// not there is an error that is [fs.ErrNotExist]; what is closed there, while other addresses of the host may be read, is
	// [fs.ErrPermission].
	Fetch func(url string) ([]byte, error)
}

// Engine judges by schemas of locations. It is made once and may be asked from several goroutines.
type Engine struct {
	locations []location
	texts     []string // of the locations, as they were given
	hits      []int    // of the locations: how often something was there, also what is no schema
	first     []string // of the locations: of the places where no schema was, the first by name
	version   string
	fetch     func(url string) ([]byte, error)
	mu        sync.Mutex
	asked     map[kind]answer
	expected  []kind
	alone     bool
	silent    map[string]error // hosts that did not answer, and why; they are not asked again
}

type kind struct{ apiVersion, kind string }

// answer is what the locations have for a kind: a schema, or an error, or neither.
type answer struct {
	schema *schema
	err    error
}

// New reads the templates. No schema is read before an object of its kind is judged.
func New(l Locations) (*Engine, error) {
	e := &Engine{version: l.Kubernetes, fetch: l.Fetch, asked: map[kind]answer{}, silent: map[string]error{}}
	for _, text := range l.Templates {
		one, err := newLocation(text)
		if err != nil {
			return nil, &render.Error{
				Err:  fmt.Errorf("reading schema location %s: %w", Shown(text), err),
				Hint: `it is a template, e.g. "schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"`,
			}
		}
		e.locations = append(e.locations, one)
		e.texts = append(e.texts, text)
	}
	e.hits, e.first = make([]int, len(e.locations)), make([]string, len(e.locations))
	return e, nil
}

// Judges says whether a location has a schema for a kind. An engine that is nil has none.
func (e *Engine) Judges(apiVersion, name string) bool {
	return e != nil && e.known(kind{apiVersion, name}).schema != nil
}

// Expect says what will be judged. With the first kind that is asked for the locations are asked for all of these, in the order
// of their names, for a host that does not answer is not asked again: which kind met it must not depend on which rule was first.
func (e *Engine) Expect(in validate.Input) {
	if e == nil {
		return
	}
	for _, result := range in.Results {
		for _, o := range result.Set.Objects {
			e.expected = append(e.expected, kind{o.APIVersion, o.Key.Kind})
		}
	}
	slices.SortFunc(e.expected, func(a, b kind) int {
		return cmp.Or(strings.Compare(a.apiVersion, b.apiVersion), strings.Compare(a.kind, b.kind))
	})
	e.expected = slices.Compact(e.expected)
}

// Alone says that nothing else judges the kinds that no location has a schema for, so that the rule has to say of which. It is
// called before the rule judges.
func (e *Engine) Alone() {
	if e != nil {
		e.alone = true
	}
}

// Idle tells of each location that was asked and had no schema for any kind, with one place that was looked at: a folder that
// is misspelt, or laid out otherwise, has none, and so has one that is not about what is judged. It is known after the rule
// has judged.
func (e *Engine) Idle() []string {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var idle []string
	for i, at := range e.first {
		if at != "" && e.hits[i] == 0 {
			idle = append(idle, fmt.Sprintf("--schema-location %s has no schema of any kind that it was asked for, e.g. no %s", Shown(e.texts[i]), Shown(at)))
		}
	}
	return idle
}

// Failure says what schemas could not be read, or are none; nil where all is well. It is known after the rule has judged.
func (e *Engine) Failure() error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	said := map[string]error{}
	for _, a := range e.asked {
		if a.err != nil {
			said[a.err.Error()] = a.err
		}
	}
	var all []error
	for _, text := range slices.Sorted(maps.Keys(said)) {
		all = append(all, said[text])
	}
	return errors.Join(all...)
}

// known gives what the locations have for a kind, once it was looked for.
func (e *Engine) known(k kind) answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, next := range append(e.expected, k) {
		if _, asked := e.asked[next]; !asked {
			schema, err := e.look(next)
			e.asked[next] = answer{schema, err}
		}
	}
	e.expected = nil
	return e.asked[k]
}

// Rules gives the rule. Of an engine that is nil it is there to be explained and judges nothing.
func (e *Engine) Rules() []validate.Rule {
	r := validate.Rule{
		ID: ruleID, Title: "an object is not what the schema of a given location asks for", Severity: validate.Error,
		Why:    "The schema was given with --schema-location to be held to, e.g. because no definition of the kind is at hand.",
		Fix:    "mend the object, or the schema",
		Source: "github.com/yannh/kubeconform pkg/validator",
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

// judge holds every object to the schema of its kind, where a location has one. What keeps the objects of a kind from that is an
// error, told once, and takes nothing from the rest.
func (e *Engine) judge(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	var unchecked []validate.Unchecked
	var lost []error
	told := map[kind]bool{}
	for _, result := range in.Results {
		blanks := validate.BlanksOf(result)
		for i := range result.Set.Objects {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			o := &result.Set.Objects[i]
			k := kind{o.APIVersion, o.Key.Kind}
			switch known := e.known(k); {
			case known == answer{} && e.alone:
				unchecked = append(unchecked, validate.Unchecked{
					App: result.App.Name, Object: o.Key, What: "the schema of its kind", Why: "no --schema-location has one",
				})
			case known.err != nil:
				why, _, _ := strings.Cut(known.err.Error(), "\n")
				unchecked = append(unchecked, validate.Unchecked{App: result.App.Name, Object: o.Key, What: "the schema of its kind", Why: why})
			case known.schema != nil:
				more, unknown, err := object(known.schema, o, blanks)
				if err != nil && !told[k] {
					lost, told[k] = append(lost, err), true
				}
				found = append(found, more...)
				for _, u := range unknown {
					unchecked = append(unchecked, validate.Unchecked{App: result.App.Name, Object: o.Key, What: u.what, Why: u.why})
				}
			}
		}
	}
	return found, unchecked, errors.Join(lost...)
}

// object holds one object to its schema. Unknown is what only the secrets would tell, or what could not be judged.
func object(by *schema, o *render.Object, blanks validate.Blanks) (found []validate.Finding, unknown []gap, err error) {
	wrong, err := by.refuses(o)
	switch none := (*unfit)(nil); {
	case errors.As(err, &none):
		return nil, []gap{{"the schema of its kind", none.Error()}}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("judging %s by its schema: %w", o.Key, err)
	case wrong == nil:
		return nil, nil, nil
	}
	for _, fault := range faults(o.Tree, wrong) {
		switch blank := blanks.At(o.Key, fault.path); {
		case blank == validate.Wholly, blank == validate.Partly && !fault.sure:
			continue // what the secret will be is not known; with text around it, it is a string
		case blank == validate.Known && !fault.sure && blanks.Below(o.Key, fault.path):
			unknown = append(unknown, gap{"what the schema asks of " + cmp.Or(fault.path.String(), "the object"), "it depends on what placeholders stand for"})
			continue
		}
		message := fault.message
		if len(fault.path) > 0 {
			message = fault.path.String() + ": " + message
		}
		if o.Key.Group == "" && o.Key.Kind == "Secret" {
			message = fault.path.String() + " is not what the schema asks for" // the text may quote the value
		}
		found = append(found, validate.On(o, fault.path, message))
	}
	return found, slices.Compact(unknown), nil
}

// gap is what could not be judged of an object, and why.
type gap struct{ what, why string }

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

// fault is one thing that is wrong, and where.
type fault struct {
	path    render.Path
	message string
	sure    bool // it is, whatever the scalars below it hold
}

// structural are the keywords that look at which fields and elements there are, and of what type a value is, and at no
// scalar.
var structural = []string{"required", "additionalProperties", "minProperties", "maxProperties", "minItems", "maxItems", "type"}

// sure says whether an error stands whatever the scalars are: where a condition or an alternative leads to it, another one
// might have been meant.
func sure(wrong *jsonschema.ValidationError) bool {
	words := wrong.ErrorKind.KeywordPath()
	return len(words) > 0 && slices.Contains(structural, words[0]) && !strings.Contains(wrong.SchemaURL, "/then") && !strings.Contains(wrong.SchemaURL, "/else")
}

// faults lists what is wrong: the causes that have none below them. Of alternatives of which none fits, all are told in one,
// for to meet one of them is enough.
func faults(tree any, wrong *jsonschema.ValidationError) []fault {
	path := pathOf(tree, wrong.InstanceLocation)
	words := wrong.ErrorKind.KeywordPath()
	switch {
	// That no element is as one has to be is wrong with none of them.
	case len(wrong.Causes) == 0, len(words) > 0 && (words[0] == "contains" || words[0] == "minContains"):
		value, _ := path.In(tree)
		return []fault{{path, unquoted(wrong.ErrorKind.LocalizedString(message.NewPrinter(language.English)), value), sure(wrong)}}
	case len(wrong.Causes) > 1 && len(words) > 0 && (words[0] == "anyOf" || words[0] == "oneOf"):
		var ways []string
		for _, cause := range wrong.Causes {
			ways = append(ways, way(tree, path, cause))
		}
		slices.Sort(ways)
		return []fault{{path, "it is none of what the schema allows: " + strings.Join(slices.Compact(ways), ", or "), false}}
	}
	var list []fault
	for _, cause := range wrong.Causes {
		list = append(list, faults(tree, cause)...)
	}
	slices.SortFunc(list, func(a, b fault) int {
		order := cmp.Or(strings.Compare(a.path.String(), b.path.String()), strings.Compare(a.message, b.message))
		if order == 0 && a.sure != b.sure { // of two that say the same, the sure one counts
			order = 1
			if a.sure {
				order = -1
			}
		}
		return order
	})
	return slices.CompactFunc(list, func(a, b fault) bool { return a.path.String() == b.path.String() && a.message == b.message })
}

// way says what keeps a value at a path from one alternative.
func way(tree any, path render.Path, cause *jsonschema.ValidationError) string {
	var parts []string
	for _, f := range faults(tree, cause) {
		if len(f.path) > len(path) {
			f.message = f.path[len(path):].String() + ": " + f.message
		}
		parts = append(parts, f.message)
	}
	return strings.Join(parts, " and ")
}

// pathOf reads the place of a value. Whether a number is a place in a list is told by what is there.
func pathOf(tree any, words []string) render.Path {
	var path render.Path
	for _, word := range words {
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
