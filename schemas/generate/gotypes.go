package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"strings"
)

// goTypes are the structs of k8s.io/api: of a field they say, other than the document, whether it is a pointer
// and which feature gates it belongs to.
type goTypes struct {
	pointers map[string]bool     // "core.v1.Volume name" -> is a pointer; every field is there
	embedded map[string][]string // "core.v1.Pod" -> the structs whose fields are its own
	gates    map[string][]string // "core.v1.Volume image" -> the feature gates that its comment names
}

// gatesOf gives the feature gates of a field.
func (t *goTypes) gatesOf(name, field string) []string {
	gates := t.gates[name+" "+field]
	for _, part := range t.embedded[name] {
		if _, own := t.pointers[name+" "+field]; !own {
			gates = append(gates, t.gatesOf(part, field)...)
		}
	}
	return gates
}

// pointer tells whether a field is one.
func (t *goTypes) pointer(name, field string) (pointer, known bool) {
	pointer, known = t.pointers[name+" "+field]
	for _, part := range t.embedded[name] {
		if !known {
			pointer, known = t.pointer(part, field)
		}
	}
	return pointer, known
}

func readTypes(dir string) (*goTypes, error) {
	t := &goTypes{map[string]bool{}, map[string][]string{}, map[string][]string{}}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".go") || !strings.HasPrefix(d.Name(), "types") {
			return err
		}
		source, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, filepath.Dir(p))
		if err != nil {
			return err
		}
		prefix := strings.ReplaceAll(filepath.ToSlash(rel), "/", ".") + "."
		for _, i := range source.Imports { // so that an alias is found by its name
			if i.Name == nil {
				i.Name = ast.NewIdent(path.Base(strings.Trim(i.Path.Value, `"`)))
			}
		}
		ast.Inspect(source, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					t.add(prefix+spec.Name.Name, s, source)
				}
				if spec.Assign.IsValid() {
					t.embed(prefix+spec.Name.Name, spec.Type, source)
				}
			}
			return true
		})
		return nil
	})
	if err == nil && len(t.pointers) < 1000 {
		err = fmt.Errorf("only %d fields in %s", len(t.pointers), dir)
	}
	return t, err
}

// embed notes that the fields of a type are those of another: of the same package, or of another of k8s.io/api.
func (t *goTypes) embed(name string, e ast.Expr, source *ast.File) {
	switch e := e.(type) {
	case *ast.Ident:
		t.embedded[name] = append(t.embedded[name], name[:strings.LastIndex(name, ".")+1]+e.Name)
	case *ast.SelectorExpr:
		if from, ok := e.X.(*ast.Ident); ok {
			if rel, ok := strings.CutPrefix(imported(source, from.Name), "k8s.io/api/"); ok {
				t.embedded[name] = append(t.embedded[name], strings.ReplaceAll(rel, "/", ".")+"."+e.Sel.Name)
			}
		}
	}
}

func (t *goTypes) add(name string, s *ast.StructType, source *ast.File) {
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 {
			t.embed(name, f.Type, source)
		}
		if f.Tag == nil {
			continue
		}
		field, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		_, pointer := f.Type.(*ast.StarExpr)
		t.pointers[name+" "+field] = pointer
		if f.Doc == nil {
			continue
		}
		for _, comment := range f.Doc.List { // Text() leaves markers out
			if _, names, ok := strings.Cut(comment.Text, "+featureGate="); ok {
				names, _, _ = strings.Cut(strings.TrimSpace(names), " ")
				t.gates[name+" "+field] = append(t.gates[name+" "+field], strings.Split(names, ",")...)
			}
		}
	}
}
