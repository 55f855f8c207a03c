package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// generatedSource is zz_generated.openapi.go of k8s.io/kubernetes: the only published place of the enums, and it has the
// defaults. The snapshots in api/openapi-spec are taken without them (hack/update-openapi-spec.sh).
type generatedSource struct {
	structs map[string]*ast.CompositeLit // the Properties of each schema function, by its name
	funcs   map[string]bool
}

// mark is what the source says of a field: its enum, that of its elements or values, and its default where that is no zero
// value: of zero values nobody can tell whether a person wrote them.
type mark struct {
	enum, inner []string
	fallback    string
}

func readSource(file string) (*generatedSource, error) {
	source, err := parse(file)
	if err != nil {
		return nil, err
	}
	g := &generatedSource{structs: map[string]*ast.CompositeLit{}, funcs: map[string]bool{}}
	for _, decl := range source.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "schema_") {
			continue
		}
		g.funcs[f.Name.Name] = true
		// The first Properties in the order of the text are those of the schema itself.
		ast.Inspect(f.Body, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok || g.structs[f.Name.Name] != nil {
				return g.structs[f.Name.Name] == nil
			}
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Properties" {
				g.structs[f.Name.Name], _ = pair.Value.(*ast.CompositeLit)
			}
			return true
		})
	}
	if len(g.funcs) < 500 {
		return nil, fmt.Errorf("only %d schema functions", len(g.funcs))
	}
	return g, nil
}

// function names the schema function of a definition.
func function(name string) string {
	for from, to := range map[string]string{
		libraryAt: "schema_k8sio_api_", machineryAt: "schema_pkg_apis_",
		extensionsAt: "schema_pkg_apis_apiextensions_v1_", aggregatorAt: "schema_pkg_apis_apiregistration_v1_",
	} {
		if rest, ok := strings.CutPrefix(name, from); ok {
			return to + strings.ReplaceAll(rest, ".", "_")
		}
	}
	return ""
}

// marks reads the marks of a definition's fields, and holds the source to the document: both have the same fields.
func (g *generatedSource) marks(name string, n node) (map[string]mark, error) {
	f := function(name)
	if !g.funcs[f] {
		return nil, fmt.Errorf("definition %s: the source has no %s", name, f)
	}
	marks := map[string]mark{}
	if list := g.structs[f]; list != nil {
		for _, element := range list.Elts {
			pair := element.(*ast.KeyValueExpr)
			field, err := literal(pair.Key)
			if err != nil {
				return nil, fmt.Errorf("definition %s: %w", name, err)
			}
			var m mark
			if err := m.read(pair.Value, 0); err != nil {
				return nil, fmt.Errorf("definition %s, field %s: %w", name, field, err)
			}
			marks[field] = m
		}
	}
	if len(marks) != len(n.Properties) {
		return nil, fmt.Errorf("definition %s: the source has %d fields, the document %d", name, len(marks), len(n.Properties))
	}
	for field := range n.Properties {
		if _, ok := marks[field]; !ok {
			return nil, fmt.Errorf("definition %s: the source has no field %s", name, field)
		}
	}
	return marks, nil
}

// read walks spec.Schema{SchemaProps{Enum, Default, Items: {Schema}, AdditionalProperties: {Schema}}}.
func (m *mark) read(e ast.Expr, depth int) error {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return fmt.Errorf("a schema of an unknown form")
	}
	for _, element := range list.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return fmt.Errorf("a schema of an unknown form")
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok {
			return fmt.Errorf("a schema of an unknown form")
		}
		var err error
		switch key.Name {
		case "SchemaProps", "Schema":
			err = m.read(pair.Value, depth)
		case "Items", "AdditionalProperties":
			err = m.read(pair.Value, depth+1)
		case "Enum":
			err = m.readEnum(pair.Value, depth)
		case "Default":
			if depth == 0 {
				m.fallback, err = fallback(pair.Value)
			}
		case "Description", "Type", "Format", "Ref", "Allows", "VendorExtensible":
		case "Minimum", "Maximum", "MinLength", "MaxLength", "MinItems", "MaxItems", "Pattern", "OneOf", "AllOf", "AnyOf", "Required", "Properties":
			err = fmt.Errorf("it has %s", key.Name)
		default:
			err = fmt.Errorf("%s is not known", key.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mark) readEnum(e ast.Expr, depth int) error {
	list, ok := e.(*ast.CompositeLit)
	if !ok || depth > 1 {
		return fmt.Errorf("an enum of an unknown form")
	}
	var values []string
	for _, v := range list.Elts {
		text, err := literal(v)
		if err != nil || strings.ContainsAny(text, "|\n") {
			return fmt.Errorf("an enum with a value of an unknown form: %q %v", text, err)
		}
		values = append(values, text)
	}
	if depth == 0 {
		m.enum = values
	} else {
		m.inner = values
	}
	return nil
}

// constants are those of k8s.io/api/core/v1 that the source names as defaults.
var constants = map[string]string{"AzureSharedBlobDisk": "Shared", "AzureDataDiskCachingReadWrite": "ReadWrite"}

// fallback reads a default; empty for zero values and for what is no scalar.
func fallback(e ast.Expr) (string, error) {
	switch v := e.(type) {
	case *ast.CompositeLit:
		return "", nil
	case *ast.SelectorExpr:
		if value, ok := constants[v.Sel.Name]; ok {
			return value, nil
		}
	case *ast.Ident:
		if v.Name == "false" {
			return "", nil
		}
		if v.Name == "true" {
			return v.Name, nil
		}
	case *ast.BasicLit:
		if v.Kind == token.STRING {
			text, err := strconv.Unquote(v.Value)
			if strings.ContainsAny(text, " \n") {
				err = fmt.Errorf("default %q", text)
			}
			return text, err
		}
		if strings.Trim(v.Value, "0.") == "" {
			return "", nil
		}
		return v.Value, nil
	}
	return "", fmt.Errorf("a default of an unknown form")
}

func literal(e ast.Expr) (string, error) {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		return strconv.Unquote(l.Value)
	}
	return "", fmt.Errorf("a value is no literal")
}
