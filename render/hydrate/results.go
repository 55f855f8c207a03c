package hydrate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"sluice/render"
)

// Results gives the apps of a tree as Argo CD reads them, in the order of the plan that they were rendered from, and notes
// about what is not as a run of sluice left it.
//
// An app has the name, layer, namespace, secrets and sources of its provenance (without values), its set what its
// directory holds: one object for every file that the inventory lists, and those of foreign manifests, which Argo CD
// applies as well; their Provenance.Source is [Foreign]. A file edited by hand counts as it is, with a note. Of the sync
// policy nothing is known here; it is in the tree's Applications.
//
// A tree without inventory is another tool's. Every directory with manifests is an app then, named by its path, of
// which no layer and no namespace is known. What is no manifest is left out, with a note, as Argo CD leaves it out.
//
// Known may give the objects of an app whose directory holds what the caller has rendered (see [Files.Same]), so that
// they are not parsed again; it may be nil. The files are held to the inventory all the same.
//
// Errors, since a comparison with part of a tree would call the rest new: the tree was being written when it was read or
// its last run was interrupted, the inventory or the provenance is damaged, a file of the inventory is not there (then
// the error is fs.ErrNotExist), a file holds another number of objects than the one it was written with, and the files
// of an app are not those that the provenance counts. No error and no note holds content of a file.
func (f Files) Results(known func(render.App) (render.Set, bool)) ([]render.Result, []string, error) {
	if _, there := f[pendingPath]; there {
		return nil, nil, &render.Error{
			Pos: render.Position{File: pendingPath}, Err: errors.New("the run that wrote the tree did not come to its end"),
			Hint: "run the same sluice hydrate again; it completes the tree",
		}
	}
	_, listed := f[inventoryPath]
	_, recorded := f[provenancePath]
	switch {
	case !listed && recorded:
		return nil, nil, &render.Error{
			Err:  fmt.Errorf("the tree has a provenance and no inventory (%s)", inventoryPath),
			Hint: "restore the file from git; what else is missing nobody can tell without it",
		}
	case !listed:
		return f.plain()
	}
	r, err := f.records()
	if err != nil {
		return nil, nil, err
	}
	r.known = known
	results, err := r.results()
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(r.notes)
	return results, r.notes, nil
}

// Applications gives the objects of the Argo CD side of a tree; in one without inventory, none.
func (f Files) Applications() ([]render.Object, error) {
	if _, listed := f[inventoryPath]; !listed {
		return nil, nil
	}
	var objects []render.Object
	for _, p := range f.below(argoDir) {
		if !manifest(p) {
			continue
		}
		set, err := render.Parse(p, f[p])
		if err != nil {
			return nil, withoutContent(p, err)
		}
		objects = append(objects, set.Objects...)
	}
	return objects, nil
}

// Same says whether both trees hold the same bytes below the directory of an app, so that nothing is left to compare.
func (f Files) Same(o Files, app render.App) bool {
	dir := path.Join(app.Layer, app.Name)
	mine, theirs := f.below(dir), o.below(dir)
	return slices.Equal(mine, theirs) && !slices.ContainsFunc(mine, func(p string) bool { return !bytes.Equal(f[p], o[p]) })
}

// below lists the paths below a directory in the order in which Argo CD walks them.
func (f Files) below(dir string) []string {
	var list []string
	for p := range f {
		if dir == "." || strings.HasPrefix(p, dir+"/") {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, walked)
	return list
}

// walked orders paths as filepath.Walk meets them, by the names of each directory.
func walked(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

// records is a tree with the two files that say what it holds.
type records struct {
	files  Files
	own    inventory
	edited map[string]bool
	known  func(render.App) (render.Set, bool)
	made   provenance
	notes  []string
}

// records reads the inventory and the provenance, and finds what is not there any more.
func (f Files) records() (*records, error) {
	r := &records{files: f, edited: make(map[string]bool)}
	var err error
	// A checkout may have turned line ends into those of Windows. No line of either file has another.
	if r.own, err = parseInventory(inventoryPath, unixLines(f[inventoryPath])); err != nil {
		return nil, err
	}
	var errs []error
	turned := 0
	for _, p := range slices.Sorted(maps.Keys(r.own)) {
		content, there := f[p]
		switch {
		case !there:
			errs = append(errs, &render.Error{
				Pos: render.Position{File: p}, Err: fmt.Errorf("the inventory lists the file, and it is not there: %w", fs.ErrNotExist),
				Hint: "restore it from git; what it held would be missing in the comparison",
			})
		case digest(content) == r.own[p][0]:
		case digest(unixLines(content)) == r.own[p][0]:
			turned++
		default:
			r.edited[p] = true
			r.notes = append(r.notes, "edited by hand since the last hydrate, compared as it is: "+p)
		}
	}
	if turned > 0 {
		r.notes = append(r.notes, fmt.Sprintf("files whose line ends a checkout has turned into CRLF: %d", turned))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, r.provenance()
}

// provenance reads the provenance.
func (r *records) provenance() error {
	damage := func(why string) error {
		return &render.Error{
			Pos: render.Position{File: provenancePath}, Err: errors.New(why),
			Hint: "restore the file from git; the objects of the tree are counted in it",
		}
	}
	if _, own := r.own[provenancePath]; !own {
		return damage("the inventory does not list the provenance")
	}
	// The error of the decoder quotes what it stumbles over.
	if json.Unmarshal(r.files[provenancePath], &r.made) != nil {
		return damage("it is not the JSON that sluice wrote")
	}
	if r.edited[provenancePath] {
		return damage("the file was edited by hand since the last hydrate")
	}
	for _, a := range r.made.Apps {
		if !label.MatchString(a.Layer) || !label.MatchString(a.Name) || a.Layer == argoDir {
			return damage("an app in it has a name that no directory can have")
		}
	}
	return nil
}

// results reads the apps side by side.
func (r *records) results() ([]render.Result, error) {
	dirs := make(map[string][]string, len(r.made.Apps))
	for p := range r.files {
		if parts := strings.SplitN(p, "/", 3); len(parts) == 3 && parts[0] != argoDir && parts[0] != ownDir {
			dir := parts[0] + "/" + parts[1]
			dirs[dir] = append(dirs[dir], p)
		}
	}
	results, notes := make([]render.Result, len(r.made.Apps)), make([][]string, len(r.made.Apps))
	errs := make([]error, len(r.made.Apps))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, a := range r.made.Apps {
		dir := path.Join(a.Layer, a.Name)
		paths := dirs[dir]
		delete(dirs, dir)
		group.Go(func() error {
			slices.SortFunc(paths, walked)
			if results[i], notes[i], errs[i] = r.app(a, paths); errs[i] != nil {
				errs[i] = fmt.Errorf("app %s: %w", a.Name, errs[i])
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in their order
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		if slices.ContainsFunc(dirs[dir], func(p string) bool { return r.own[p] != nil }) {
			errs = append(errs, fmt.Errorf("the inventory lists files of %s, and the provenance has no such app", dir))
		}
	}
	for _, list := range notes {
		r.notes = append(r.notes, list...)
	}
	return results, errors.Join(errs...)
}

// app reads one app, whose directory holds the paths.
func (r *records) app(a appProvenance, paths []string) (render.Result, []string, error) {
	result := render.Result{
		App: a.app(), Unchecked: slices.Clone(a.Unchecked), Random: slices.Clone(a.Random),
		Capabilities: render.Capabilities{KubeVersion: r.made.Cluster.Kubernetes, APIVersions: r.made.Cluster.APIVersions},
	}
	for _, in := range a.Inputs {
		result.Inputs = append(result.Inputs, render.Input{Name: in.Name, Digest: in.Digest})
	}
	if r.known != nil {
		if set, known := r.known(result.App); known {
			result.Set = set
			return result, nil, nil
		}
	}
	counted := make(map[string]objectProvenance, len(a.Objects))
	for _, o := range a.Objects {
		counted[path.Join(a.Layer, a.Name, o.File)] = o
	}
	var notes []string
	for _, p := range paths {
		if _, own := r.own[p]; !own {
			note, err := foreignObjects(p, r.files[p], &result)
			if err != nil {
				return render.Result{}, nil, err
			}
			notes = append(notes, note...)
			continue
		}
		from, known := counted[p]
		delete(counted, p)
		if path.Base(p) == ".gitkeep" && !known {
			continue
		}
		if !known {
			return render.Result{}, nil, miscounted(p, "the provenance counts no object in it")
		}
		set, err := render.Parse(p, r.files[p])
		if err != nil {
			return render.Result{}, nil, withoutContent(p, err)
		}
		if len(set.Objects) != 1 {
			return render.Result{}, nil, miscounted(p, fmt.Sprintf("it holds %d objects, and was written with one", len(set.Objects)))
		}
		o := &set.Objects[0]
		o.Provenance.App, o.Provenance.Source, o.Provenance.Template = a.Name, from.Source, from.Template
		join(&result.Set, set)
	}
	for _, p := range slices.Sorted(maps.Keys(counted)) {
		return render.Result{}, nil, miscounted(p, "the provenance counts an object in it, and the inventory does not list it")
	}
	return result, notes, nil
}

// join appends in place; the memory is the result's own. [render.Set.Append] copies all for every file.
func join(to *render.Set, set render.Set) {
	to.Objects = append(to.Objects, set.Objects...)
	to.Documents += set.Documents
	to.Empties += set.Empties
	to.Lists += set.Lists
}

func miscounted(p, why string) error {
	return &render.Error{
		Pos: render.Position{File: p}, Err: errors.New(why),
		Hint: "restore the file, the inventory and the provenance from git; they belong to one run",
	}
}

// app gives the app as far as the provenance tells it.
func (a appProvenance) app() render.App {
	app := render.App{
		Name: a.Name, Layer: a.Layer, Namespace: a.Namespace, Secrets: a.Secrets,
		AllowEmpty: len(a.Objects) == 0, AllowRandom: len(a.Random) > 0,
	}
	for _, s := range a.Sources {
		app.Sources = append(app.Sources, render.Source{
			Kind: s.Kind, Repo: s.Repo, Chart: s.Chart, Version: s.Version, Keyring: s.Keyring, Path: s.Path, Release: s.Release,
			SkipCRDs: s.SkipCRDs, SkipTests: s.SkipTests, SkipSchema: s.SkipSchema,
		})
	}
	return app
}

// unixLines undoes what git's core.autocrlf did to a file.
func unixLines(content []byte) []byte { return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")) }

// withoutContent keeps the position of an error of the parser and leaves out its text, which may quote the file: a
// hydrated tree holds Secrets.
func withoutContent(p string, err error) error {
	pos := render.Position{File: p}
	var placed *render.Error
	if errors.As(err, &placed) {
		pos = placed.Pos
	}
	return &render.Error{
		Pos: pos, Err: errors.New("the file is not YAML that Argo CD could apply"),
		Hint: "read it with a YAML linter; its content is not repeated here, for it may be secret",
	}
}

// Toolchain gives what a tree says it was rendered with, false where it does not say. How the cluster was modelled is not
// in it; what templates were told is in each of [Files.Results].
func (f Files) Toolchain() (render.Toolchain, bool) {
	var made provenance
	if json.Unmarshal(f[provenancePath], &made) != nil || made.Engines.Helm == "" {
		return render.Toolchain{}, false
	}
	return render.Toolchain{
		Name: made.Engines.Toolchain, ArgoCD: made.Cluster.ArgoCD, Helm: made.Engines.Helm, Kustomize: made.Engines.Kustomize,
		Profile:      cmp.Or(made.Engines.Profile, "cluster"),
		Cluster:      render.Cluster{Kubernetes: made.Cluster.Kubernetes},
		Capabilities: render.Capabilities{KubeVersion: made.Cluster.Kubernetes, APIVersions: made.Cluster.APIVersions},
	}, true
}
