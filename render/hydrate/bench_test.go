package hydrate

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
)

func manyFiles(n int) Files {
	files := make(Files, n)
	for i := range n {
		files[fmt.Sprintf("layer/app-%d/configmap_%d.yaml", i%20, i)] = fmt.Appendf(nil, "kind: ConfigMap\nmetadata: {name: c-%d}\n", i)
	}
	return files
}

func BenchmarkWriteDir500New(b *testing.B) {
	files := manyFiles(500)
	for i := 0; b.Loop(); i++ {
		if _, err := WriteDir(b.Context(), files, filepath.Join(b.TempDir(), fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteDir500Unchanged(b *testing.B) {
	files, dir := manyFiles(500), b.TempDir()
	for b.Loop() {
		if _, err := WriteDir(b.Context(), files, dir); err != nil {
			b.Fatal(err)
		}
	}
}

// manyApps is a tree of 20 apps with 15 objects each, some 1 KB in size.
func manyApps(b *testing.B) Files {
	b.Helper()
	plan := render.Plan{Name: "many", Layers: []render.Layer{{Name: "layer"}}}
	var results []render.Result
	for i := range 20 {
		app := render.App{Name: fmt.Sprintf("app-%d", i), Layer: "layer"}
		plan.Layers[0].Apps = append(plan.Layers[0].Apps, app)
		var text strings.Builder
		for j := range 15 {
			fmt.Fprintf(&text, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-%d}\ndata:\n", j)
			for k := range 40 {
				fmt.Fprintf(&text, "  key-%d: value %d\n", k, k)
			}
		}
		results = append(results, render.Result{App: app, Set: parse(b, text.String())})
	}
	files, err := Tree(plan, results, nil, exampleTools)
	if err != nil {
		b.Fatal(err)
	}
	return files
}

func BenchmarkReadDir300(b *testing.B) {
	files, dir := manyApps(b), b.TempDir()
	if _, err := WriteDir(b.Context(), files, dir); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ReadDir(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResults300(b *testing.B) {
	files := manyApps(b)
	all, _, err := files.Results(nil)
	if err != nil {
		b.Fatal(err)
	}
	sets := make(map[string]render.Set)
	for _, r := range all {
		sets[r.App.Name] = r.Set
	}
	for name, known := range map[string]func(render.App) (render.Set, bool){
		"changed":   nil,
		"unchanged": func(app render.App) (render.Set, bool) { return sets[app.Name], files.Same(files, app) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := files.Results(known); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
