// Package kustomize builds kustomizations with the linked kustomize API ([Engine]), or with a binary of another version
// ([External]), which is run on a private copy of what it may read.
//
// For the linked one no process is started and nothing is written: the API reads through a view of one directory, and
// the charts of `helmCharts:` are rendered by the two function values of [Engine] before kustomize runs. The outcome,
// parsed, equals `kustomize build --enable-helm` of the same version. kustomize's own chart generator cannot be used:
// it always executes a helm binary and takes whatever it finds in a charts/ directory (kustomize
// api/internal/builtins/HelmChartInflationGenerator.go). So the graph of kustomizations is walked first; each one that
// inflates charts is replaced, in memory, by one that reads the inflated objects from a component. A component and not
// a resource, because that is the place where kustomize takes generated objects in: after the resources and the
// configMap and secret generators, before the components and transformers (api/internal/target/kusttarget.go,
// accumulateTarget).
//
// A remote base, component or file is fetched by a function value too, and is shown to kustomize as a directory or file
// like any other. kustomize asks the network whether an http(s) entry under resources is a file, and takes it for a
// repository where the answer is none (api/internal/target/kusttarget.go, accumulateResources). Here its spelling
// decides, so that the same entry means the same at every render: an address whose path ends in .yaml, .yml or .json and
// has no "//", ".git" or "_git/" is a file, every other is a repository.
//
// One difference stays: kustomize also refuses an inflated object that has the kind, name and namespace which another
// object had before a base below renamed or moved it; here the two are built.
package kustomize

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"sluice/render"
)

// Version is the kustomize release that the linked API belongs to: sigs.k8s.io/kustomize/api v0.21.1 was released
// with kustomize v5.8.1 (kustomize/go.mod at that tag).
const Version = "5.8.1"

// krustyLock guards every call into kustomize and kyaml. The OpenAPI schema and the map of namespaced kinds are
// variables of those packages; builds that overlap give torn or empty output (kustomize issues 4824 and 5805). The
// state is theirs and global, so the lock has to be global too.
var krustyLock sync.Mutex

// Engine builds kustomizations. The zero value builds those that have no helmCharts and nothing remote. Its methods may
// be called from several goroutines.
type Engine struct {
	// Fetch reads a source whole, or fails. It is asked for
	//
	//   - a chart, kind helm: with Repo, Chart and Version, which may be a range, or with a Path of the build, Origin
	//     first where there is one;
	//   - a repository, kind kustomize: Repo is the entry as its kustomization spells it, query included. The tree has
	//     all files of the repository, Path is the directory in it that the entry names, Origin the repository and its
	//     commit, for messages;
	//   - a file, kind file: Repo is its URL, and the tree has that file alone.
	Fetch func(context.Context, render.Source) (render.Tree, error)
	// Template renders a chart.
	Template func(context.Context, render.Release) (render.Output, error)
}

// Build builds the kustomization at in.Path.
//
// The output has the objects in kustomize's order, "# Source:" comments on those that came from a chart, and every
// file read as an input; a repository is one input. Nothing outside in.Dir is read but through Fetch: no symbolic link
// that leaves the directory is followed, and nothing in a repository reads a file outside of it. Errors are
// [render.Error] values with the file to change, relative to in.Dir.
func (e Engine) Build(ctx context.Context, in render.Build) (render.Output, error) {
	b, err := e.visitAll(ctx, in, &build{})
	if err == nil {
		b.out.YAML, err = b.run()
	}
	if err != nil {
		return render.Output{}, failed(in, err)
	}
	b.out.Unchecked = addNew(b.out.Unchecked, b.leaks())
	b.out.Inputs = joinInputs(b.view.inputs(), b.out.Inputs)
	return b.out, nil
}

// Walk visits everything that [Engine.Build] would and asks Fetch for each chart, repository and remote file, and
// renders nothing: Template is not called and kustomize does not run. It fails where Build fails before that.
func (e Engine) Walk(ctx context.Context, in render.Build) error {
	if _, err := e.visitAll(ctx, in, &build{walk: true}); err != nil {
		return failed(in, err)
	}
	return nil
}

// failed adds the operation to an error.
func failed(in render.Build, err error) error {
	return fmt.Errorf("building kustomization %s: %w", path.Join(in.Origin, path.Clean(in.Path)), err)
}

// visitAll visits the graph of a kustomization. The build given says for what.
func (e Engine) visitAll(ctx context.Context, in render.Build, b *build) (*build, error) {
	view, err := openView(in.Dir, in.Origin)
	if err != nil {
		return nil, err
	}
	top, err := view.enter(in.Path)
	if err != nil {
		return nil, err
	}
	*b = build{
		engine: e, walk: b.walk, draft: b.draft, view: view, caps: in.Capabilities, top: top, remotes: map[string]*remote{},
		placed: map[string]placement{}, probes: map[string][]byte{}, flags: slices.Clone(in.Capabilities.APIVersions),
	}
	if _, err := b.visit(ctx, visit{dir: top}); err != nil {
		return nil, err
	}
	return b, ctx.Err()
}

// run lets kustomize build the rewritten graph.
func (b *build) run() ([]byte, error) {
	krustyLock.Lock()
	defer krustyLock.Unlock()
	if b.openapi {
		// A schema set by one kustomization would stay for the next build: kyaml's SetSchema never clears a custom one.
		defer openapi.ResetOpenAPI()
	}
	objects, err := safely(b.view, b.top)
	if err != nil {
		return nil, b.explain(err)
	}
	templates, err := b.finish(objects)
	if err != nil {
		return nil, err
	}
	b.out.Unchecked = addNew(addNew(b.out.Unchecked, b.missed()), b.dropped(objects))
	return printAll(objects, templates)
}

// safely turns a panic of kustomize into an error: some inputs make it fail an assertion, and one app's mistake must
// not end the render of all others.
func safely(fsys filesys.FileSystem, dir string) (objects resmap.ResMap, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("kustomize %s stopped: %v", Version, r)
		}
	}()
	// The options of the command line without flags; it leaves the order unspecified, which means the legacy order
	// unless the kustomization has sortOptions. Plugins and functions stay disabled.
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	return krusty.MakeKustomizer(options).Run(fsys, dir)
}

// joinInputs merges two lists of inputs, ordered by name, each input once.
func joinInputs(a, b []render.Input) []render.Input {
	var all []render.Input
	seen := map[render.Input]bool{}
	for _, in := range append(append([]render.Input{}, a...), b...) {
		if !seen[in] {
			seen[in] = true
			all = append(all, in)
		}
	}
	sortInputs(all)
	return all
}

// show gives a path of the view as the user knows it: relative to the directory of the build, or in a repository.
func (b *build) show(file string) string { return b.view.show(file) }
