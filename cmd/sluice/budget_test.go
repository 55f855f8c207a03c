package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The budgets of the house. Exceeding one means that something wants to be two things.
const (
	maxFileLines     = 400
	maxFunctionLines = 80
	maxParameters    = 4
	maxExported      = 12
	maxExportedNouns = 40 // the parents, render and validate
)

var vagueNames = []string{"util", "utils", "common", "types", "helpers", "helper", "base", "misc", "manager", "service", "handler"}

// reserved are calls that only the command may make: everything else is a function of its arguments.
var reserved = map[string]string{
	"os.Exit": "the exit code is decided once", "context.Background": "the context comes from main",
	"context.TODO": "the context comes from main", "os.Getenv": "the environment is read in main",
	"os.LookupEnv": "the environment is read in main", "os.Environ": "the environment is read in main",
	"time.Now": "the same input gives the same bytes", "time.Since": "the same input gives the same bytes",
}

type sourceFile struct {
	path string // relative to the repository, slash-separated
	dir  string
	text string
	ast  *ast.File
}

// sources parses the program's non-test files.
func sources(t *testing.T) ([]sourceFile, *token.FileSet) {
	t.Helper()
	root := filepath.Join("..", "..")
	fset := token.NewFileSet()
	var files []sourceFile
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") && name != ".." || name == "testdata" || name == "build" || name == "out") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(fset, p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, sourceFile{path: rel, dir: path.Dir(rel), text: string(text), ast: parsed})
		return nil
	})
	if err != nil {
		t.Fatalf("reading the sources: %v", err)
	}
	if len(files) < 10 {
		t.Fatalf("found only %d source files", len(files))
	}
	return files, fset
}

func TestFileAndFunctionBudgets(t *testing.T) {
	files, fset := sources(t)
	for _, f := range files {
		if n := strings.Count(f.text, "\n"); n > maxFileLines {
			t.Errorf("%s has %d lines, the budget is %d", f.path, n, maxFileLines)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			at := fset.Position(fn.Pos()).Line
			if n := fset.Position(fn.End()).Line - at + 1; n > maxFunctionLines {
				t.Errorf("%s:%d: function %s has %d lines, the budget is %d", f.path, at, fn.Name.Name, n, maxFunctionLines)
			}
			if n := fn.Type.Params.NumFields(); n > maxParameters {
				t.Errorf("%s:%d: function %s has %d parameters, the budget is %d", f.path, at, fn.Name.Name, n, maxParameters)
			}
			if fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s:%d: init function: tables are values, nothing registers itself", f.path, at)
			}
		}
	}
}

func TestPackages(t *testing.T) {
	files, _ := sources(t)
	comments := map[string][]string{}
	exported := map[string][]string{}
	for _, f := range files {
		comments[f.dir] = append(comments[f.dir], nil...)
		if f.ast.Doc != nil {
			comments[f.dir] = append(comments[f.dir], f.path)
		}
		exported[f.dir] = append(exported[f.dir], exportedNames(f.ast)...)
		if slices.Contains(vagueNames, path.Base(f.dir)) || slices.Contains(vagueNames, f.ast.Name.Name) {
			t.Errorf("%s: a package named %s says nothing", f.path, f.ast.Name.Name)
		}
	}
	for dir, in := range comments {
		if len(in) != 1 {
			t.Errorf("package %s has %d package comments, want exactly one: %v", dir, len(in), in)
		}
		budget := maxExported
		if dir == "render" || dir == "validate" {
			budget = maxExportedNouns
		}
		if n := len(exported[dir]); n > budget {
			t.Errorf("package %s exports %d names, the budget is %d: %v", dir, n, budget, exported[dir])
		}
	}
}

func exportedNames(f *ast.File) []string {
	var names []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				for _, id := range specNames(spec) {
					if id.IsExported() {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

func specNames(spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}
	case *ast.ValueSpec:
		return s.Names
	}
	return nil
}

func TestExportedNamesAreDocumented(t *testing.T) {
	files, fset := sources(t)
	for _, f := range files {
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && receiverIsExported(d) {
					t.Errorf("%s: %s has no comment", fset.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				checkDeclDocs(t, fset, d)
			}
		}
	}
}

func receiverIsExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return !ok || id.IsExported()
}

func checkDeclDocs(t *testing.T, fset *token.FileSet, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		documented := d.Doc != nil
		switch s := spec.(type) {
		case *ast.TypeSpec:
			documented = documented && !d.Lparen.IsValid() || s.Doc != nil
		case *ast.ValueSpec:
			documented = documented || s.Doc != nil || s.Comment != nil
		}
		for _, id := range specNames(spec) {
			if id.IsExported() && !documented {
				t.Errorf("%s: %s has no comment", fset.Position(id.Pos()), id.Name)
			}
		}
	}
}

func TestReservedCalls(t *testing.T) {
	files, fset := sources(t)
	for _, f := range files {
		if f.dir == "cmd/sluice" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok {
				if why, ok := reserved[pkg.Name+"."+sel.Sel.Name]; ok {
					t.Errorf("%s: %s.%s: %s", fset.Position(n.Pos()), pkg.Name, sel.Sel.Name, why)
				}
			}
			return true
		})
	}
	exits := 0
	for _, f := range files {
		if f.dir == "cmd/sluice" {
			exits += strings.Count(f.text, "os.Exit(")
			if strings.Contains(f.text, "os.Exit(") && path.Base(f.path) != "main.go" {
				t.Errorf("%s: os.Exit belongs in main.go", f.path)
			}
		}
	}
	if exits != 1 {
		t.Errorf("os.Exit occurs %d times in cmd/sluice, want once", exits)
	}
}

// TestNoMutablePackageVariables finds assignments to package-level variables, also through an index or a field.
func TestNoMutablePackageVariables(t *testing.T) {
	files, fset := sources(t)
	vars := map[string]map[string]*ast.ValueSpec{}
	for _, f := range files {
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, id := range specNames(spec) {
					if vars[f.dir] == nil {
						vars[f.dir] = map[string]*ast.ValueSpec{}
					}
					vars[f.dir][id.Name] = spec.(*ast.ValueSpec)
				}
			}
		}
	}
	for _, f := range files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			assign, ok := n.(*ast.AssignStmt)
			if !ok || assign.Tok == token.DEFINE {
				return true
			}
			for _, left := range assign.Lhs {
				id := rootIdent(left)
				if id == nil || vars[f.dir][id.Name] == nil {
					continue
				}
				// The parser resolves an identifier to its declaration in this file, or to nothing where another file has it.
				if id.Obj == nil || id.Obj.Decl == vars[f.dir][id.Name] {
					t.Errorf("%s: package variable %s is assigned to", fset.Position(n.Pos()), id.Name)
				}
			}
			return true
		})
	}
}

func rootIdent(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}
