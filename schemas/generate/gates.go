package main

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"strconv"
	"strings"
)

// readGates reads which feature gates a minor has and whether each is on by default: pkg/features of k8s.io/kubernetes.
func readGates(m module, minor int) (map[string]bool, error) {
	gates := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(m.Dir, "pkg", "features", "*kube_features.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		source, err := parse(file)
		if err != nil {
			return nil, err
		}
		for _, decl := range source.Decls {
			for _, spec := range specs(decl) {
				if len(spec.Values) != 1 || !strings.HasSuffix(spec.Names[0].Name, "FeatureGates") {
					continue
				}
				table, ok := spec.Values[0].(*ast.CompositeLit)
				if !ok {
					return nil, fmt.Errorf("%s: %s is no table", filepath.Base(file), spec.Names[0].Name)
				}
				if err := addGates(gates, table, minor); err != nil {
					return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
				}
			}
		}
	}
	if len(gates) < 100 {
		return nil, fmt.Errorf("only %d feature gates", len(gates))
	}
	return gates, nil
}

func addGates(gates map[string]bool, table *ast.CompositeLit, minor int) error {
	for _, element := range table.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return fmt.Errorf("a gate of an unknown form")
		}
		name := ""
		switch key := pair.Key.(type) {
		case *ast.Ident:
			name = key.Name
		case *ast.SelectorExpr: // of another module's features
			name = key.Sel.Name
		}
		list, ok := pair.Value.(*ast.CompositeLit)
		if !ok {
			if _, isCall := pair.Value.(*ast.CallExpr); name == "" || !isCall {
				return fmt.Errorf("gate %q of an unknown form", name)
			}
			continue
		}
		on, known, err := gate(list, minor)
		if err != nil || name == "" {
			return fmt.Errorf("gate %q: %v", name, err)
		}
		if before, twice := gates[name]; twice && before != on && known {
			return fmt.Errorf("gate %q is on and off", name)
		}
		if known {
			gates[name] = on
		}
	}
	return nil
}

// gate reads {Default: true, ...}, or a list of those with versions, of which the newest that is not after the minor counts.
func gate(list *ast.CompositeLit, minor int) (on, known bool, err error) {
	for _, element := range list.Elts {
		switch e := element.(type) {
		case *ast.CompositeLit:
			since, one := 0, false
			for _, part := range e.Elts {
				pair, ok := part.(*ast.KeyValueExpr)
				if !ok {
					return false, false, fmt.Errorf("a version of an unknown form")
				}
				switch pair.Key.(*ast.Ident).Name {
				case "Version":
					since, err = versionMinor(pair.Value)
				case "Default":
					one, err = truth(pair.Value)
				}
				if err != nil {
					return false, false, err
				}
			}
			if since <= minor {
				on, known = one, true
			}
		case *ast.KeyValueExpr:
			if e.Key.(*ast.Ident).Name == "Default" {
				on, err = truth(e.Value)
				known = true
			}
		}
	}
	return on, known, err
}

func truth(e ast.Expr) (bool, error) {
	if v, ok := e.(*ast.Ident); ok && (v.Name == "true" || v.Name == "false") {
		return v.Name == "true", nil
	}
	return false, fmt.Errorf("a default of an unknown form")
}

// versionMinor reads version.MustParse("1.31").
func versionMinor(e ast.Expr) (int, error) {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return 0, fmt.Errorf("a version of an unknown form")
	}
	text, err := literal(call.Args[0])
	if err != nil {
		return 0, err
	}
	major, minor, _ := strings.Cut(text, ".")
	if major != "1" {
		return 0, fmt.Errorf("version %s", text)
	}
	return strconv.Atoi(minor)
}

// ungated are the gates that comments still name and no table has: what they guarded is there for good.
var ungated = map[string]bool{"CSIStorageCapacity": true, "TopologyAwareHints": true}

// misspelt are the gates that comments name otherwise than the table.
var misspelt = map[string]string{"PodCertificateProjection": "PodCertificateRequest"}

// closed gives the gates of a field that are off by default. The source are the comments "+featureGate=" of k8s.io/api:
// not every field of a feature has one, so a field without is not proven to be on.
func (s *shapes) closed(of owner, field string) (string, error) {
	var off []string
	for _, name := range s.types.gatesOf(of.id, field) {
		if other, ok := misspelt[name]; ok {
			name = other
		}
		on, known := s.gates[name]
		switch {
		case !known && !ungated[name]:
			return "", fmt.Errorf("feature gate %s is not known", name)
		case known && !on:
			off = append(off, name)
		}
	}
	return strings.Join(off, ","), nil
}
