package source

import (
	"context"
	"fmt"
	"path"
	"slices"

	"sluice/render"
)

// manifests reads plain YAML and JSON files. Argo CD's directory source takes the same extensions and ignores the
// rest (argo-cd docs, user-guide/directory), with two differences: it reads subdirectories only when told to, and it
// evaluates *.jsonnet, which is refused here rather than left out.
func manifests(ctx context.Context, root rooted, at string) (render.Tree, error) {
	at, isDir, err := look(root, at)
	if err != nil {
		return render.Tree{}, err
	}
	if !isDir {
		return manifestFile(root, at)
	}
	files, err := readDir(ctx, root, at, nil) // names that begin with a dot too: Argo CD takes them
	if err != nil {
		return render.Tree{}, err
	}
	for _, f := range files {
		if err := misplaced(path.Join(at, f.Path)); err != nil {
			return render.Tree{}, err
		}
	}
	files = slices.DeleteFunc(files, func(f render.File) bool { return !isManifest(f.Path) })
	if len(files) == 0 {
		return render.Tree{}, hinted("check the path, or remove the source",
			fmt.Errorf("directory %s holds no .yaml, .yml or .json file", at))
	}
	return render.Tree{Origin: root.label(at), Files: files, Inputs: []render.Input{listing(root.label(at), files)}}, nil
}

// manifestFile reads one named file. The tree's origin is its directory, so that origin and path make the file's place
// for both forms.
func manifestFile(root rooted, at string) (render.Tree, error) {
	if err := misplaced(at); err != nil {
		return render.Tree{}, err
	}
	if !isManifest(at) {
		return render.Tree{}, hinted("manifests are files named *.yaml, *.yml or *.json, or a directory of them",
			fmt.Errorf("%s is not a manifest by its name", at))
	}
	content, err := readFile(root, at, maxDirFile)
	if err != nil {
		return render.Tree{}, err
	}
	return render.Tree{
		Origin: root.label(path.Dir(at)),
		Files:  []render.File{{Path: path.Base(at), Data: content}},
		Inputs: []render.Input{{Name: root.label(at), Digest: digest(content)}},
	}, nil
}

// isManifest judges by the extension alone, in lower case, as Argo CD does.
func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// misplaced refuses the files that say that the directory is another kind of source.
func misplaced(name string) error {
	switch base := path.Base(name); {
	case base == "kustomization.yaml", base == "kustomization.yml", base == "Kustomization":
		return hinted("make it a kustomize source; on the command line, give its directory as a PATH of its own", fmt.Errorf("%s makes its directory a kustomization, not plain manifests", name))
	case base == "Chart.yaml":
		return hinted("make it a helm or umbrella source; on the command line, give its directory as a PATH of its own", fmt.Errorf("%s makes its directory a chart, not plain manifests", name))
	case path.Ext(base) == ".jsonnet":
		return hinted("render it to YAML first", fmt.Errorf("%s is Jsonnet, which is not evaluated", name))
	}
	return nil
}
