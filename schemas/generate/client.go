package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// client is what a helm knows that was built with this client-go.
type client struct {
	Minor int      `json:"minor"`
	APIs  []string `json:"apis"`
}

// extensions are what helm adds to the scheme of client-go itself: allKnownVersions in pkg/chartutil/capabilities.go of
// helm 3 and in pkg/chart/common/capabilities.go of helm 4.
var extensions = []string{"apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"}

// readClient reads which group/versions the scheme of client-go registers.
func readClient(m module, names map[string]string) (client, error) {
	minor, err := strconv.Atoi(strings.Split(m.Version, ".")[1])
	if err != nil {
		return client{}, err
	}
	c := client{Minor: minor, APIs: slices.Clone(extensions)}
	source, err := parse(filepath.Join(m.Dir, "kubernetes", "scheme", "register.go"))
	if err != nil {
		return c, err
	}
	for _, decl := range source.Decls {
		for _, spec := range specs(decl) {
			list, ok := listOf(spec, "SchemeBuilder")
			if !ok {
				continue
			}
			for _, element := range list.Elts {
				add, _ := element.(*ast.SelectorExpr)
				if add == nil || add.Sel.Name != "AddToScheme" {
					return c, fmt.Errorf("register.go: an element is of an unknown form")
				}
				alias, _ := add.X.(*ast.Ident)
				if alias == nil {
					return c, fmt.Errorf("register.go: an element is of an unknown form")
				}
				version, err := groupVersion(imported(source, alias.Name), names)
				if err != nil {
					return c, fmt.Errorf("register.go: %w", err)
				}
				c.APIs = append(c.APIs, version)
			}
		}
	}
	if len(c.APIs) < 40 {
		return c, fmt.Errorf("register.go: only %d group/versions", len(c.APIs))
	}
	slices.Sort(c.APIs)
	return c, nil
}

// groups reads the name of each API group out of k8s.io/api: "rbac" is rbac.authorization.k8s.io. The directories stay
// known after a group has left the module.
func groups(dir string, names map[string]string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "register.go" {
			return err
		}
		source, err := parse(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		group, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		for _, decl := range source.Decls {
			for _, spec := range specs(decl) {
				if spec.Names[0].Name != "GroupName" || len(spec.Values) != 1 {
					continue
				}
				name, ok := spec.Values[0].(*ast.BasicLit)
				if !ok {
					return fmt.Errorf("%s: GroupName is no literal", rel)
				}
				if before, known := names[group]; known && before != strings.Trim(name.Value, `"`) {
					return fmt.Errorf("%s: a second name for group %s", rel, group)
				}
				names[group] = strings.Trim(name.Value, `"`)
			}
		}
		return nil
	})
}

// groupVersion names what a package registers, by the end of its import path: "rbac/v1".
func groupVersion(importPath string, names map[string]string) (string, error) {
	dir, version := path.Split(importPath)
	name, known := names[path.Base(dir)]
	if !known || !strings.HasPrefix(version, "v") {
		return "", fmt.Errorf("the API group of package %q is not known", importPath)
	}
	return strings.TrimPrefix(name+"/"+version, "/"), nil
}

func parse(file string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
}

// imported gives the path of an import by the name that the file uses for it.
func imported(source *ast.File, name string) string {
	for _, i := range source.Imports {
		if i.Name != nil && i.Name.Name == name {
			return strings.Trim(i.Path.Value, `"`)
		}
	}
	return ""
}

// specs lists the variables and constants of a declaration that have names.
func specs(decl ast.Decl) []*ast.ValueSpec {
	var list []*ast.ValueSpec
	if g, ok := decl.(*ast.GenDecl); ok {
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && len(v.Names) == 1 {
				list = append(list, v)
			}
		}
	}
	return list
}

// listOf gives the literal that a variable is set to where it is a list of one of these types, or of this type.
func listOf(spec *ast.ValueSpec, types ...string) (*ast.CompositeLit, bool) {
	if len(spec.Values) != 1 {
		return nil, false
	}
	list, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return nil, false
	}
	of := list.Type
	if array, ok := of.(*ast.ArrayType); ok {
		of = array.Elt
	}
	sel, ok := of.(*ast.SelectorExpr)
	return list, ok && slices.Contains(types, sel.Sel.Name)
}
