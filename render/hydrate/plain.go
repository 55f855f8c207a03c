package hydrate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
)

// manifest tells whether Argo CD looks for objects in a file of a directory source, by its name (argo-cd
// reposerver/repository/repository.go, manifestFile). It evaluates .jsonnet, which cannot be done here.
func manifest(p string) bool {
	switch path.Ext(p) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// looksLikeObject tells whether Argo CD takes a file that it cannot read for an object and fails, rather than leave it out
// (the three words of its splitYAMLOrJSON, in any spelling of a key).
func looksLikeObject(content []byte) bool {
	for _, word := range []string{"apiVersion", "kind", "metadata"} {
		if !bytes.Contains(content, []byte(word)) {
			return false
		}
	}
	return true
}

// foreignObjects adds what a foreign file in an app's directory holds. A file that cannot be read is not an error: it is
// none of ours, and no run changes or removes it.
func foreignObjects(p string, content []byte, to *render.Result) ([]string, error) {
	switch {
	case path.Ext(p) == ".jsonnet":
		to.Unchecked = append(to.Unchecked, "Argo CD evaluates the foreign file "+p+", and sluice does not")
		return []string{"foreign, evaluated by Argo CD and not compared: " + p}, nil
	case !manifest(p):
		return nil, nil
	case bytes.Contains(content, skipMarker):
		return []string{"foreign, and left out by its own marker: " + p}, nil
	}
	set, err := render.Parse(p, content)
	switch {
	case err != nil && !looksLikeObject(content):
		return []string{"foreign, and no manifest: " + p}, nil
	case err != nil:
		to.Unchecked = append(to.Unchecked, "the foreign file "+p+" cannot be read; Argo CD fails on it as well")
		return []string{"foreign, and not readable: " + p}, nil
	}
	for i := range set.Objects {
		set.Objects[i].Provenance.App, set.Objects[i].Provenance.Source = to.App.Name, Foreign
	}
	join(&to.Set, set)
	return []string{fmt.Sprintf("foreign, applied by Argo CD as well (objects: %d): %s", len(set.Objects), p)}, nil
}

// plain reads a tree that another tool wrote: every directory with manifests is an app.
func (f Files) plain() ([]render.Result, []string, error) {
	dirs := make(map[string][]string)
	for _, p := range f.below(".") {
		if top, nested := strings.CutSuffix(p, "/"+inventoryPath); nested {
			return nil, nil, &render.Error{
				Err: errors.New("the tree is not here but below"), Hint: "did you mean the directory " + top + " in it?",
			}
		}
		dir := path.Dir(p)
		hidden := slices.ContainsFunc(strings.Split(p, "/"), func(part string) bool { return strings.HasPrefix(part, ".") })
		if manifest(p) && !hidden {
			dirs[dir] = append(dirs[dir], p)
		}
	}
	var results []render.Result
	var notes []string
	var errs []error
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		result := render.Result{App: render.App{Name: dir}}
		for _, p := range dirs[dir] {
			note, err := f.plainFile(p, &result)
			errs, notes = append(errs, err), append(notes, note...)
		}
		if len(result.Set.Objects) > 0 {
			results = append(results, result)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	if len(results) == 0 {
		return nil, nil, &render.Error{
			Err: errors.New("there is no manifest in it"), Hint: "name the top of a hydrated tree: a directory or branch that holds manifests",
		}
	}
	return results, append([]string{"the tree has no inventory of sluice; every directory with manifests is taken for an app"}, notes...), nil
}

// plainFile adds one file of another tool's tree.
func (f Files) plainFile(p string, to *render.Result) ([]string, error) {
	switch path.Base(p) {
	case "kustomization.yaml", "kustomization.yml", "Chart.yaml":
		return nil, &render.Error{
			Pos: render.Position{File: p}, Err: errors.New("the directory is one that Argo CD renders, and no hydrated one"),
			Hint: "compare what it renders to: sluice render PATH > x.yaml, then file:x.yaml",
		}
	}
	if bytes.Contains(f[p], skipMarker) {
		return []string{"left out by its own marker: " + p}, nil
	}
	set, err := render.Parse(p, f[p])
	switch {
	case err != nil && looksLikeObject(f[p]):
		return nil, withoutContent(p, err)
	case err != nil:
		return []string{"no manifest, left out: " + p}, nil
	}
	for i := range set.Objects {
		set.Objects[i].Provenance.App = to.App.Name
	}
	join(&to.Set, set)
	return nil, nil
}
