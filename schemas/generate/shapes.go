package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// swagger is the part of api/openapi-spec/swagger.json that is read.
type swagger struct {
	Definitions map[string]node `json:"definitions"`
}

// node is a schema of OpenAPI v2, with all that the documents of Kubernetes use: a key that is not known is an error.
type node struct {
	Description string          `json:"description"` // not kept: they would be four fifths of the size
	Type        string          `json:"type"`
	Format      string          `json:"format"`
	Ref         string          `json:"$ref"`
	Properties  map[string]node `json:"properties"`
	Required    []string        `json:"required"`
	Items       *node           `json:"items"`
	Values      *node           `json:"additionalProperties"`
	Kinds       []gvk           `json:"x-kubernetes-group-version-kind"`
	ListType    string          `json:"x-kubernetes-list-type"`
	Keys        []string        `json:"x-kubernetes-list-map-keys"`
	// Of no use to a judge of one object: how patches merge, and which fields exclude each other for clients of old.
	MapType       string          `json:"x-kubernetes-map-type"`
	PatchStrategy string          `json:"x-kubernetes-patch-strategy"`
	PatchMergeKey string          `json:"x-kubernetes-patch-merge-key"`
	Unions        json.RawMessage `json:"x-kubernetes-unions"`
}

type gvk struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// scalars are the definitions that stand for a value with a grammar of its own. Their Go types have their own decoders, so
// what the document says of them ("string", "object") is not what the server takes.
var scalars = map[string]string{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":   "quantity",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Duration":   "duration",
	"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1":   "object",
	"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime":  "micro-time",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Time":       "date-time",
	"io.k8s.apimachinery.pkg.runtime.RawExtension":    "object",
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
	extensionsAt + "JSON":                             "any",
	extensionsAt + "JSONSchemaPropsOrArray":           "any",
	extensionsAt + "JSONSchemaPropsOrBool":            "any",
	extensionsAt + "JSONSchemaPropsOrStringArray":     "any",
}

const (
	extensionsAt = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
	aggregatorAt = "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1."
	machineryAt  = "io.k8s.apimachinery.pkg.apis."
	libraryAt    = "io.k8s.api."
)

// short cuts the name of a definition: "core.v1.Pod", "meta.v1.ObjectMeta".
func short(name string) (string, error) {
	for from, to := range map[string]string{
		libraryAt: "", machineryAt: "", extensionsAt: "apiextensions.v1.", aggregatorAt: "apiregistration.v1.",
	} {
		if rest, ok := strings.CutPrefix(name, from); ok && strings.Count(to+rest, ".") == 2 {
			return to + rest, nil
		}
	}
	return "", fmt.Errorf("definition %s lies in a package that is not known", name)
}

// shapes writes the definitions of one minor as text.
type shapes struct {
	minor  int
	spec   swagger
	source *generatedSource
	types  *goTypes
	blocks map[string]string // by short name
	judged map[string]bool   // the definitions that more than a status has
	gates  map[string]bool   // of the minor, and whether they are on by default
}

func readShapes(minor int, m module, types *goTypes) (*shapes, error) {
	text, err := os.ReadFile(filepath.Join(m.Dir, "api", "openapi-spec", "swagger.json"))
	if err != nil {
		return nil, err
	}
	s := &shapes{minor: minor, types: types, blocks: map[string]string{}}
	if s.spec, err = decodeSpec(text); err != nil {
		return nil, fmt.Errorf("swagger.json: %w", err)
	}
	if s.gates, err = readGates(m, minor); err != nil {
		return nil, err
	}
	s.source, err = readSource(filepath.Join(m.Dir, "pkg", "generated", "openapi", "zz_generated.openapi.go"))
	return s, err
}

// decodeSpec is strict below definitions only; the paths are not read.
func decodeSpec(text []byte) (spec swagger, err error) {
	var raw struct {
		Definitions map[string]json.RawMessage `json:"definitions"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return spec, err
	}
	spec.Definitions = map[string]node{}
	for name, one := range raw.Definitions {
		d := json.NewDecoder(strings.NewReader(string(one)))
		d.DisallowUnknownFields()
		var n node
		if err := d.Decode(&n); err != nil {
			return spec, fmt.Errorf("definition %s: %w", name, err)
		}
		spec.Definitions[name] = n
	}
	return spec, nil
}

// root gives the definition of a kind.
func (s *shapes) root(want gvk) (string, error) {
	found := ""
	for name, n := range s.spec.Definitions {
		if slices.Contains(n.Kinds, want) {
			if found != "" {
				return "", fmt.Errorf("%+v has two definitions", want)
			}
			found = name
		}
	}
	if found == "" {
		return "", fmt.Errorf("%+v has no definition", want)
	}
	return found, nil
}

// judge notes every definition that a kind reaches by other ways than the status of a kind.
func (s *shapes) judge(roots map[gvk]string) {
	s.judged = map[string]bool{}
	kinds := map[string]bool{}
	for _, name := range roots {
		kinds[name] = true
	}
	var walk func(n node, kind bool)
	walk = func(n node, kind bool) {
		if name := strings.TrimPrefix(n.Ref, "#/definitions/"); name != "" && !s.judged[name] {
			s.judged[name] = true
			walk(s.spec.Definitions[name], kinds[name])
		}
		for field, p := range n.Properties {
			if !kind || field != "status" {
				walk(p, false)
			}
		}
		for _, inner := range []*node{n.Items, n.Values} {
			if inner != nil {
				walk(*inner, false)
			}
		}
	}
	for name := range kinds {
		walk(node{Ref: "#/definitions/" + name}, false)
	}
}

// define writes a definition once, and gives the name by which lines refer to it.
func (s *shapes) define(name string) (string, error) {
	if word, ok := scalars[name]; ok {
		return word, nil
	}
	id, err := short(name)
	if err != nil {
		return "", err
	}
	if _, done := s.blocks[id]; done {
		return id, nil
	}
	n, ok := s.spec.Definitions[name]
	if !ok {
		return "", fmt.Errorf("definition %s is missing", name)
	}
	s.blocks[id] = "" // in the making: definitions are recursive
	marks, err := s.source.marks(name, n)
	if err != nil {
		return "", err
	}
	if n.Type != "object" || n.Values != nil || n.Items != nil || n.Ref != "" || n.Format != "" || n.ListType != "" {
		return "", fmt.Errorf("definition %s is neither a struct nor in the table of scalars", name)
	}
	for _, r := range n.Required {
		if _, ok := n.Properties[r]; !ok {
			return "", fmt.Errorf("definition %s requires %s, which it does not have", name, r)
		}
	}
	var b strings.Builder
	for _, field := range sorted(n.Properties) {
		line, err := s.line(owner{name, id, n}, field, marks)
		if err != nil {
			return "", fmt.Errorf("definition %s, field %s: %w", name, field, err)
		}
		b.WriteString(line)
	}
	s.blocks[id] = b.String()
	return id, nil
}

// owner is the definition of which a field is written.
type owner struct {
	name, id string
	node
}

// line writes one field: name, type, then what narrows it. "!" before the name says that it is required, "?" that only the
// document says so.
func (s *shapes) line(of owner, field string, marks map[string]mark) (string, error) {
	n := of.Properties[field]
	expr, err := s.expr(n)
	if err != nil {
		return "", err
	}
	line := field + " " + expr
	if slices.Contains(of.Required, field) {
		mark := "!"
		if !s.judged[of.name] || waived[typeOnly(of.id)+" "+field] {
			mark = "?"
		}
		line = mark + line
	}
	switch {
	case expr == "byte" && n.ListType == "atomic": // a []byte, which is a list only in Go
	case n.Items == nil && n.ListType+strings.Join(n.Keys, "") != "":
		return "", fmt.Errorf("a list type on what is no list")
	case n.ListType == "":
	case n.ListType == "map" && len(n.Keys) > 0:
		line += " map=" + strings.Join(n.Keys, ",")
	case (n.ListType == "atomic" || n.ListType == "set") && len(n.Keys) == 0:
		line += " " + n.ListType
	default:
		return "", fmt.Errorf("list type %q with keys %q", n.ListType, n.Keys)
	}
	values, err := s.values(of, field, expr, marks[field])
	if err != nil {
		return "", err
	}
	if d := marks[field].fallback; d != "" {
		line += " default=" + d
	}
	off, err := s.closed(of, field)
	if err != nil {
		return "", err
	}
	if off != "" {
		line += " gate=" + off
	}
	// They come last because they may have blanks: "digital signature".
	if values != nil {
		line += " in=" + strings.Join(values, "|")
	}
	return line + "\n", nil
}

// words are the scalar types and formats that occur, and how a line names them.
var words = map[[2]string]string{
	{"string", ""}: "string", {"string", "byte"}: "byte", {"boolean", ""}: "boolean",
	{"integer", "int32"}: "int32", {"integer", "int64"}: "int64", {"number", "double"}: "double",
}

func (s *shapes) expr(n node) (string, error) {
	if len(n.Properties) > 0 || len(n.Required) > 0 || len(n.Kinds) > 0 {
		return "", fmt.Errorf("an object is declared in place")
	}
	switch {
	case n.Ref != "":
		name, ok := strings.CutPrefix(n.Ref, "#/definitions/")
		if !ok || n.Type != "" || n.Items != nil || n.Values != nil || n.Format != "" {
			return "", fmt.Errorf("a reference %q of an unknown form", n.Ref)
		}
		return s.define(name)
	case n.Type == "array" && n.Items != nil && n.Values == nil && n.Format == "":
		if n.Items.ListType != "" {
			return "", fmt.Errorf("a list type within a list")
		}
		expr, err := s.expr(*n.Items)
		return "[]" + expr, err
	case n.Type == "object" && n.Values != nil && n.Items == nil && n.Format == "":
		if n.Values.ListType != "" && n.Values.ListType != "atomic" {
			return "", fmt.Errorf("a list type within a map")
		}
		expr, err := s.expr(*n.Values)
		return "{}" + expr, err
	case n.Items == nil && n.Values == nil && words[[2]string{n.Type, n.Format}] != "":
		return words[[2]string{n.Type, n.Format}], nil
	}
	return "", fmt.Errorf("type %q with format %q", n.Type, n.Format)
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
