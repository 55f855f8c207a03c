package main

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// life is when a kind came and went, in minors of Kubernetes 1; zero where nothing says so.
type life struct {
	introduced, deprecated, removed int
	replacement                     gvk
}

// lives reads every zz_generated.prerelease-lifecycle.go below a directory. Modules are read from the oldest to the newest,
// because a later one knows better when a removal really comes; what has left the module stays known.
func lives(dir string, group func(rel string) (string, error), all map[gvk]life) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "zz_generated.prerelease-lifecycle.go" {
			return err
		}
		rel, err := filepath.Rel(dir, filepath.Dir(p))
		if err != nil {
			return err
		}
		name, err := group(filepath.ToSlash(rel))
		if err != nil {
			return err
		}
		source, err := parse(p)
		if err != nil {
			return err
		}
		fresh := map[gvk]life{}
		for _, decl := range source.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			kind := f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
			key := gvk{name, filepath.Base(rel), kind}
			l := fresh[key]
			if err := l.read(f); err != nil {
				return fmt.Errorf("%s: %s of %s: %w", rel, f.Name.Name, kind, err)
			}
			fresh[key] = l
		}
		for key, l := range fresh {
			all[key] = l
		}
		return nil
	})
}

func (l *life) read(f *ast.FuncDecl) error {
	if len(f.Body.List) != 1 {
		return fmt.Errorf("a body of an unknown form")
	}
	back, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok {
		return fmt.Errorf("a body of an unknown form")
	}
	if f.Name.Name == "APILifecycleReplacement" {
		list, ok := back.Results[0].(*ast.CompositeLit)
		if !ok {
			return fmt.Errorf("a replacement of an unknown form")
		}
		for _, element := range list.Elts {
			pair := element.(*ast.KeyValueExpr)
			text, err := literal(pair.Value)
			if err != nil {
				return err
			}
			switch pair.Key.(*ast.Ident).Name {
			case "Group":
				l.replacement.Group = text
			case "Version":
				l.replacement.Version = text
			case "Kind":
				l.replacement.Kind = text
			}
		}
		return nil
	}
	var numbers []int
	for _, e := range back.Results {
		number, ok := e.(*ast.BasicLit)
		if !ok {
			return fmt.Errorf("a release of an unknown form")
		}
		n, err := strconv.Atoi(number.Value)
		if err != nil {
			return err
		}
		numbers = append(numbers, n)
	}
	if len(numbers) != 2 || numbers[0] != 1 {
		return fmt.Errorf("release %v", numbers)
	}
	switch f.Name.Name {
	case "APILifecycleIntroduced":
		l.introduced = numbers[1]
	case "APILifecycleDeprecated":
		l.deprecated = numbers[1]
	case "APILifecycleRemoved":
		l.removed = numbers[1]
	default:
		return fmt.Errorf("it is not known")
	}
	return nil
}

// inLibrary gives the group of a directory of k8s.io/api, "policy/v1beta1".
func inLibrary(names map[string]string) func(string) (string, error) {
	return func(rel string) (string, error) {
		dir, _, _ := strings.Cut(rel, "/")
		name, ok := names[dir]
		if !ok {
			return "", fmt.Errorf("the API group of directory %s is not known", rel)
		}
		return name, nil
	}
}
