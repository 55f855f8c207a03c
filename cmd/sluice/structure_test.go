package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows are the imports that a package of the program may have among its own; "*" stands for one path element.
// What is not listed is forbidden.
var arrows = []struct {
	from string
	to   []string
}{
	{"sluice/render", []string{"sluice/schemas"}},
	{"sluice/render/stack", []string{"sluice/render", "sluice/schemas"}},
	{"sluice/render/toolchain", []string{"sluice/render", "sluice/schemas"}},
	{"sluice/render/*", []string{"sluice/render"}},
	{"sluice/validate", []string{"sluice/render"}},
	{"sluice/validate/schema", []string{"sluice/validate", "sluice/render", "sluice/schemas"}},
	{"sluice/validate/policy", []string{"sluice/validate", "sluice/render", "sluice/schemas"}},
	{"sluice/validate/definition", []string{"sluice/validate", "sluice/render", "sluice/schemas"}},
	{"sluice/validate/*", []string{"sluice/validate", "sluice/render"}},
	{"sluice/schemas", nil},
	{"sluice/cmd/internal/report", []string{"sluice/validate", "sluice/render"}},
	{"sluice/cmd/sluice", []string{
		"sluice/render", "sluice/render/*", "sluice/validate", "sluice/validate/*",
		"sluice/schemas", "sluice/cmd/internal/report",
	}},
}

// owners are the only packages that may import an SDK.
var owners = []struct {
	sdk   string
	owner []string
}{
	{"helm.sh/helm", []string{"sluice/render/helm", "sluice/render/source"}},
	{"sigs.k8s.io/kustomize", []string{"sluice/render/kustomize"}},
	{"cuelang.org/go", []string{"sluice/render/stack", "sluice/validate/policy"}},
	{"github.com/yannh/kubeconform", []string{"sluice/validate/kubeconform"}},
	{"github.com/santhosh-tekuri/", []string{"sluice/render/source", "sluice/render/helm", "sluice/validate/kubeconform"}},
	{"k8s.io/apiextensions-apiserver", []string{"sluice/validate/definition"}},
	{"github.com/go-git/", []string{"sluice/render/source", "sluice/render/hydrate"}},
	{"oras.land/", []string{"sluice/render/source"}},
	{"github.com/ProtonMail/", []string{"sluice/render/source"}},
	{"golang.org/x/crypto/ssh", []string{"sluice/render/source"}},
	{"golang.org/x/term", []string{"sluice/cmd/sluice"}},
	{"github.com/google/go-cmp", []string{"sluice/render"}},
	{"github.com/spf13/", []string{"sluice/cmd/sluice"}},
	{"github.com/google/cel-go", []string{"sluice/validate/prune", "sluice/validate/definition"}},
}

// light are the packages whose whole import closure, third parties included, holds no SDK, so that their tests and
// those of the rules above them build in seconds.
var light = []string{"sluice/render", "sluice/render/avp", "sluice/render/application", "sluice/schemas", "sluice/cmd/internal/report"}

var sdks = []string{
	"helm.sh/", "sigs.k8s.io/", "k8s.io/", "cuelang.org/", "github.com/go-git/", "oras.land/", "golang.org/x/crypto/",
	"github.com/yannh/", "github.com/spf13/cobra", "net/http",
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// importGraph lists every package that the program reaches, with its imports. Test imports are not in it.
func importGraph(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "sluice/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing packages: %v\n%s", err, stderr.String())
	}
	graph := map[string][]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return graph
		} else if err != nil {
			t.Fatalf("reading the package list: %v", err)
		}
		graph[p.ImportPath] = p.Imports
	}
}

func own(graph map[string][]string) []string {
	var list []string
	for p := range graph {
		if strings.HasPrefix(p, "sluice/") {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return list
}

func matches(pattern, path string) bool {
	prefix, ok := strings.CutSuffix(pattern, "/*")
	if !ok {
		return pattern == path
	}
	rest, ok := strings.CutPrefix(path, prefix+"/")
	return ok && !strings.Contains(rest, "/")
}

func allowed(from string) ([]string, bool) {
	for _, a := range arrows {
		if matches(a.from, from) {
			return a.to, true
		}
	}
	return nil, false
}

func TestImportArrows(t *testing.T) {
	graph := importGraph(t)
	for _, from := range own(graph) {
		to, known := allowed(from)
		if !known {
			t.Errorf("package %s has no place in the house: no arrow starts there", from)
			continue
		}
		for _, imported := range graph[from] {
			if strings.HasPrefix(imported, "sluice/") &&
				!slices.ContainsFunc(to, func(p string) bool { return matches(p, imported) }) {
				t.Errorf("forbidden arrow: %s -> %s", from, imported)
			}
		}
	}
}

func TestSDKOwners(t *testing.T) {
	graph := importGraph(t)
	for _, from := range own(graph) {
		for _, imported := range graph[from] {
			for _, o := range owners {
				if strings.HasPrefix(imported, o.sdk) && !slices.Contains(o.owner, from) {
					t.Errorf("%s -> %s: only %s may import it", from, imported, strings.Join(o.owner, " and "))
				}
			}
		}
	}
}

func TestLightPackagesReachNoSDK(t *testing.T) {
	graph := importGraph(t)
	for _, from := range light {
		if _, ok := graph[from]; !ok {
			t.Errorf("package %s is not there", from)
		}
		for _, sdk := range sdks {
			if path := reach(graph, from, sdk); path != nil {
				t.Errorf("forbidden path: %s", strings.Join(path, " -> "))
			}
		}
	}
}

// reach gives the shortest import path from a package to one whose path starts with prefix.
func reach(graph map[string][]string, from, prefix string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range graph[queue[0]] {
			if _, seen := before[next]; seen {
				continue
			}
			before[next] = queue[0]
			if strings.HasPrefix(next, prefix) {
				var path []string
				for p := next; p != ""; p = before[p] {
					path = append([]string{p}, path...)
				}
				return path
			}
			queue = append(queue, next)
		}
	}
	return nil
}

// The checks of this file bite: a graph with each of the forbidden things.
func TestForbiddenImportsAreFound(t *testing.T) {
	graph := map[string][]string{
		"sluice/render": {"example.com/plain"}, "example.com/plain": {"example.com/deep"},
		"example.com/deep": {"helm.sh/helm/v3/pkg/chart"},
	}
	want := "sluice/render -> example.com/plain -> example.com/deep -> helm.sh/helm/v3/pkg/chart"
	if got := strings.Join(reach(graph, "sluice/render", "helm.sh/"), " -> "); got != want {
		t.Errorf("path %q, want %q", got, want)
	}
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"sluice/render", "sluice/render/helm", false},
		{"sluice/render/kustomize", "sluice/render/helm", false},
		{"sluice/render/helm", "sluice/render", true},
		{"sluice/render/helm", "sluice/schemas", false},
		{"sluice/render/stack", "sluice/schemas", true},
		{"sluice/cmd/sluice", "sluice/render/helm", true},
		{"sluice/cmd/internal/report", "sluice/render/avp", false},
	} {
		to, known := allowed(c.from)
		got := known && slices.ContainsFunc(to, func(p string) bool { return matches(p, c.to) })
		if got != c.want {
			t.Errorf("%s -> %s is allowed: %t, want %t", c.from, c.to, got, c.want)
		}
	}
	if _, known := allowed("sluice/util"); known {
		t.Error("a package outside the house is accepted")
	}
}
