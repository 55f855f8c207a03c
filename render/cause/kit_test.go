package cause_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/cause"
	"sluice/render/helm"
	"sluice/render/kustomize"
)

// world is files that apps are rendered from by the linked engines: those of the stack, and charts below "charts/".
type world struct {
	t       *testing.T
	files   []render.File
	root    fs.FS
	renders int
}

func newWorld(t *testing.T, text string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t}
	for _, f := range txtar.Parse([]byte(text)).Files {
		w.files = append(w.files, render.File{Path: f.Name, Data: f.Data})
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	w.root = root.FS()
	return w
}

// fetch gives a chart of the world: at a path, or "charts/NAME-VERSION" for one of a repository.
func (w *world) fetch(_ context.Context, s render.Source) (render.Tree, error) {
	at := s.Path
	if s.Chart != "" {
		at = "charts/" + s.Chart + "-" + s.Version
	}
	tree := render.Tree{Name: s.String(), Origin: at}
	for _, f := range w.files {
		if rest, ok := strings.CutPrefix(f.Path, at+"/"); ok {
			tree.Files = append(tree.Files, render.File{Path: rest, Data: f.Data})
			tree.Inputs = append(tree.Inputs, render.Input{Name: f.Path, Digest: fmt.Sprintf("%x", f.Data)})
		}
	}
	if len(tree.Files) == 0 {
		return tree, fmt.Errorf("reading %s: there is none", s)
	}
	slices.SortFunc(tree.Files, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
	return tree, nil
}

func (w *world) tools(chain render.Toolchain) render.Tools {
	template, err := helm.Engine(chain.Helm)
	if err != nil {
		w.t.Fatal(err)
	}
	return render.Tools{
		Model: func([]render.Object) (render.Capabilities, error) { return chain.Capabilities, nil },
		Fetch: w.fetch, Helm: template, Dir: w.root, Stack: w.root,
		Kustomize: kustomize.Engine{Fetch: w.fetch, Template: template}.Build,
	}
}

func (w *world) render(ctx context.Context, app render.App, chain render.Toolchain) (render.Result, error) {
	w.renders++
	plan := render.Plan{Layers: []render.Layer{{Apps: []render.App{app}}}}
	results, err := render.Render(ctx, plan, w.tools(chain))
	if err != nil {
		return render.Result{}, err
	}
	return results[0], nil
}

func (w *world) charts(ctx context.Context, app render.App) ([]render.Tree, error) {
	var trees []render.Tree
	seen := func(ctx context.Context, s render.Source) (render.Tree, error) {
		tree, err := w.fetch(ctx, s)
		trees = append(trees, tree)
		return tree, err
	}
	for _, s := range app.Sources {
		var err error
		switch s.Kind {
		case render.KindKustomize:
			err = kustomize.Engine{Fetch: seen}.Walk(ctx, render.Build{Dir: w.root, Path: s.Path})
		case render.KindHelm, render.KindUmbrella:
			_, err = seen(ctx, s)
		}
		if err != nil {
			return nil, err
		}
	}
	return trees, nil
}

// side renders an app; one that does not render has the error in its result.
func (w *world) side(app render.App, chain render.Toolchain) cause.Side {
	w.t.Helper()
	result, err := w.render(w.t.Context(), app, chain)
	result.Err = err
	w.renders = 0
	return cause.Side{App: app, Toolchain: chain, Result: result, Render: w.render, Charts: w.charts, Files: w.root}
}

// chain is a toolchain of the linked helm 3 and kustomize with a list of APIs.
func chain(profile string, apis ...string) render.Toolchain {
	return render.Toolchain{
		Helm: helm.Version3, Kustomize: kustomize.Version, Profile: profile,
		Capabilities: render.Capabilities{KubeVersion: "1.33.4", APIVersions: append([]string{"apps/v1", "v1"}, apis...)},
	}
}

// webApp is an app of the chart at "app".
func webApp(values ...string) render.App {
	return render.App{Name: "web", Namespace: "apps", Sources: []render.Source{{
		Kind: render.KindHelm, Path: "app", Release: "netbox", Values: render.Values{Files: values},
	}}}
}

// lost lists what only the left side has.
func lost(full, short cause.Side) []render.Change {
	var list []render.Change
	for _, c := range render.Diff(full.Result.Set, short.Result.Set) {
		if c.Kind() == "removed" {
			list = append(list, c)
		}
	}
	return list
}

// explain runs Explain over what the short side lacks, and checks that the clean twin, the full side against itself,
// costs nothing.
func explain(t *testing.T, w *world, full, short cause.Side) []cause.Cause {
	t.Helper()
	if full.Result.Err != nil {
		t.Fatal(full.Result.Err)
	}
	missing := lost(full, short)
	w.renders = 0
	causes, err := cause.Explain(t.Context(), full, short, missing)
	if err != nil {
		t.Fatal(err)
	}
	if len(causes) != len(missing) {
		t.Fatalf("%d causes for %d objects", len(causes), len(missing))
	}
	for i, c := range causes {
		if c.Object != missing[i].Key {
			t.Errorf("cause %d is of %s, want %s", i, c.Object, missing[i].Key)
		}
		if c.Renders != w.renders {
			t.Errorf("it says %d renders, and there were %d", c.Renders, w.renders)
		}
	}
	done := w.renders
	if twin, err := cause.Explain(t.Context(), full, full, lost(full, full)); err != nil || len(twin) != 0 || w.renders != done {
		t.Errorf("the clean twin: %v, %v, %d renders", twin, err, w.renders-done)
	}
	return causes
}

// texts gives the sentences.
func texts(causes []cause.Cause) []string {
	var list []string
	for _, c := range causes {
		list = append(list, c.Text+" ["+strings.Join(c.Catalogue, " ")+"]")
	}
	return list
}
