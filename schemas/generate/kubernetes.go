package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// kubernetes is what a cluster of one minor serves with the flags that it has by default.
type kubernetes struct {
	Release string `json:"release"`
	APIs    []api  `json:"apis"`
}

// api is one kind of one group/version. Watched says that it can be listed and watched.
type api struct {
	Group      string `json:"group,omitempty"`
	Version    string `json:"version"`
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced,omitempty"`
	Watched    bool   `json:"watched,omitempty"`
}

// always are the group/versions that no list of instance.go has, because servers inside the API server serve them: those
// of apiextensions-apiserver and kube-aggregator (pkg/apiserver/apiserver.go of each).
var always = []string{"apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1"}

// readKubernetes reads the snapshots of discovery. They are taken with every alpha and beta API switched on
// (hack/update-openapi-spec.sh), so they are held to the lists of what the API server enables by default; a
// group/version that is on none of them is an error, because nothing would say whether a cluster has it.
func readKubernetes(m module, names map[string]string) (kubernetes, error) {
	k := kubernetes{Release: strings.TrimPrefix(m.Version, "v")}
	on, off, err := enabled(filepath.Join(m.Dir, "pkg", "controlplane", "instance.go"), names)
	if err != nil {
		return k, err
	}
	files, err := filepath.Glob(filepath.Join(m.Dir, "api", "discovery", "api*__v*.json"))
	if err != nil {
		return k, err
	}
	if len(files) < 20 {
		return k, fmt.Errorf("only %d snapshots of discovery", len(files))
	}
	for _, file := range files {
		list, err := readResources(file)
		if err != nil {
			return k, err
		}
		if !on[list.GroupVersion] && !off[list.GroupVersion] {
			return k, fmt.Errorf("no list of instance.go has %s", list.GroupVersion)
		}
		group, version := path.Split(list.GroupVersion)
		for _, r := range list.Resources {
			if strings.Contains(r.Name, "/") || !on[list.GroupVersion] && !on[list.GroupVersion+" "+r.Name] {
				continue
			}
			k.APIs = append(k.APIs, api{
				Group: strings.TrimSuffix(group, "/"), Version: version, Kind: r.Kind, Namespaced: r.Namespaced,
				Watched: slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "watch"),
			})
		}
	}
	slices.SortFunc(k.APIs, func(a, b api) int {
		return strings.Compare(a.Group+" "+a.Version+" "+a.Kind, b.Group+" "+b.Version+" "+b.Kind)
	})
	k.APIs = slices.Compact(k.APIs)
	return k, nil
}

// resources is the part of an APIResourceList that is read.
type resources struct {
	GroupVersion string `json:"groupVersion"`
	Resources    []struct {
		Name       string   `json:"name"`
		Kind       string   `json:"kind"`
		Namespaced bool     `json:"namespaced"`
		Verbs      []string `json:"verbs"`
	} `json:"resources"`
}

func readResources(file string) (list resources, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return list, err
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return list, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	if list.GroupVersion == "" || len(list.Resources) == 0 {
		return list, fmt.Errorf("%s: no list of resources", filepath.Base(file))
	}
	return list, nil
}

// enabled reads which group/versions, and which single resources ("group/version resource"), the API server enables by
// default, and which group/versions it knows and does not enable. A list whose name says neither is an error.
func enabled(file string, names map[string]string) (on, off map[string]bool, err error) {
	source, err := parse(file)
	if err != nil {
		return nil, nil, err
	}
	on, off = map[string]bool{}, map[string]bool{}
	for _, version := range always {
		on[version] = true
	}
	for _, decl := range source.Decls {
		for _, spec := range specs(decl) {
			list, ok := listOf(spec, "GroupVersion", "GroupVersionResource")
			if !ok {
				continue
			}
			name := spec.Names[0].Name
			in := off
			switch {
			case strings.HasSuffix(name, "EnabledByDefault"), strings.HasSuffix(name, "EnabledByDefaultResources"):
				in = on
			case !strings.HasSuffix(name, "DisabledByDefault"):
				return nil, nil, fmt.Errorf("%s: list %s is not known", filepath.Base(file), name)
			}
			for _, element := range list.Elts {
				version, err := versionOf(element, source, names)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: list %s: %w", filepath.Base(file), name, err)
				}
				in[version] = true
			}
		}
	}
	if len(on) < 15 || len(off) < 5 {
		return nil, nil, fmt.Errorf("%s: %d versions on, %d off: the lists were not found", filepath.Base(file), len(on), len(off))
	}
	return on, off, nil
}

// versionOf reads alias.SchemeGroupVersion, or alias.SchemeGroupVersion.WithResource("name").
func versionOf(e ast.Expr, source *ast.File, names map[string]string) (string, error) {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		with, isWith := call.Fun.(*ast.SelectorExpr)
		name, isName := call.Args[0].(*ast.BasicLit)
		if !isWith || !isName || with.Sel.Name != "WithResource" {
			return "", fmt.Errorf("an element is of an unknown form")
		}
		version, err := versionOf(with.X, source, names)
		return version + " " + strings.Trim(name.Value, `"`), err
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", fmt.Errorf("an element is of an unknown form")
	}
	alias, ok := sel.X.(*ast.Ident)
	if !ok || sel.Sel.Name != "SchemeGroupVersion" {
		return "", fmt.Errorf("an element is of an unknown form")
	}
	return groupVersion(imported(source, alias.Name), names)
}
