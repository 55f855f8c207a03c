package origin_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/origin"
)

// world is files that apps are rendered from by the linked engines: those of the stack, and charts of a repository below
// "remote/NAME". A directory charts/NAME.tgz of a chart is packed.
type world struct {
	t       *testing.T
	files   fstest.MapFS
	renders int
}

func newWorld(t *testing.T, text string) *world {
	t.Helper()
	w := &world{t: t, files: fstest.MapFS{}}
	for _, f := range txtar.Parse([]byte(text)).Files {
		w.files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return w
}

// with gives the world with its files passed through a replacement, those of remote charts by the names of their trees.
func (w *world) with(replace origin.Replace) *world {
	again := &world{t: w.t, files: fstest.MapFS{}}
	for name, f := range w.files {
		as := name
		if rest, ok := strings.CutPrefix(name, "remote/"); ok {
			as = "chart " + strings.Replace(rest, "/", " 1.0.0/", 1)
		}
		again.files[name] = &fstest.MapFile{Data: replace(as, f.Data)}
	}
	return again
}

// fetch gives a chart of the world.
func (w *world) fetch(_ context.Context, s render.Source) (render.Tree, error) {
	at, from := s.Path, s.Path
	if s.Chart != "" {
		at, from = "remote/"+s.Chart, "https://charts.example.com"
	}
	tree := render.Tree{Name: s.String(), Origin: from, Packed: s.Chart != ""}
	packed := map[string][]render.File{}
	for name, f := range w.files {
		rest, ok := strings.CutPrefix(name, at+"/")
		if !ok {
			continue
		}
		if dir, inside, ok := strings.Cut(rest, ".tgz/"); ok {
			packed[dir+".tgz"] = append(packed[dir+".tgz"], render.File{Path: inside, Data: f.Data})
			continue
		}
		tree.Files = append(tree.Files, render.File{Path: rest, Data: f.Data})
	}
	for name, files := range packed {
		tree.Files = append(tree.Files, render.File{Path: name, Data: pack(w.t, strings.TrimSuffix(path.Base(name), ".tgz"), files)})
	}
	if len(tree.Files) == 0 {
		return tree, fmt.Errorf("reading %s: there is none", s)
	}
	slices.SortFunc(tree.Files, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
	return tree, nil
}

func pack(t *testing.T, dir string, files []render.File) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	slices.SortFunc(files, func(a, b render.File) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range files {
		err := archive.WriteHeader(&tar.Header{Name: dir + "/" + f.Path, Mode: 0o644, Size: int64(len(f.Data)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = archive.Write(f.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (w *world) render(ctx context.Context, app render.App) (render.Result, error) {
	template, err := helm.Engine(helm.Version3)
	if err != nil {
		return render.Result{}, err
	}
	told := render.Capabilities{KubeVersion: "1.33.4", APIVersions: []string{"apps/v1", "v1"}}
	results, err := render.Render(ctx, render.Plan{Layers: []render.Layer{{Apps: []render.App{app}}}}, render.Tools{
		Model: func([]render.Object) (render.Capabilities, error) { return told, nil },
		Fetch: w.fetch, Helm: template, Dir: w.files, Stack: w.files,
		Kustomize: kustomize.Engine{Fetch: w.fetch, Template: template}.Build,
	})
	if err != nil {
		return render.Result{}, err
	}
	return results[0], nil
}

// charts lists what a render reads.
func (w *world) charts(app render.App) []render.Tree {
	w.t.Helper()
	var trees []render.Tree
	record := func(ctx context.Context, s render.Source) (render.Tree, error) {
		tree, err := w.fetch(ctx, s)
		trees = append(trees, tree)
		return tree, err
	}
	for _, s := range app.Sources {
		var err error
		switch s.Kind {
		case render.KindKustomize:
			err = kustomize.Engine{Fetch: record}.Walk(w.t.Context(), render.Build{Dir: w.files, Path: s.Path})
		case render.KindHelm, render.KindUmbrella:
			_, err = record(w.t.Context(), s)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return trees
}

// find renders an app and asks for the places of fields.
func (w *world) find(app render.App, fields []origin.Field) []origin.Place {
	w.t.Helper()
	result, err := w.render(w.t.Context(), app)
	if err != nil {
		w.t.Fatal(err)
	}
	places, err := origin.Find(w.t.Context(), origin.App{
		Result: result, Files: w.files, Values: w.files, Charts: w.charts(app),
		Render: func(ctx context.Context, app render.App, replace origin.Replace) (render.Result, error) {
			w.renders++
			return w.with(replace).render(ctx, app)
		},
	}, fields)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(places) != len(fields) {
		w.t.Fatalf("%d places for %d fields", len(places), len(fields))
	}
	return places
}
