package application

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"sluice/render"
)

// Application is what an Application object says of the directories that it has Argo CD apply.
type Application struct {
	Name      string   // of the object
	Paths     []string // its directories, from the top of the repository, clean; "." for the top
	Namespace string   // destination
	Server    string   // destination: the address, or the name of the cluster where it has none
	// Sync is its policy. The option CreateNamespace=true is left out where it comes first, as Objects puts it there.
	Sync render.Sync
	// Partial says why an app is less or more than the files of its directory, e.g. "directory.include"; empty where it is
	// not.
	Partial string
}

// Read gives the Applications among objects, in their order. Other kinds are passed over, and so are Applications
// without a path: their objects are no files.
//
// An Application that Argo CD would not accept is an error: what protects its objects cannot be told.
func Read(objects []render.Object) ([]Application, error) {
	var all []Application
	var errs []error
	for _, o := range objects {
		if o.Key.Group != group || o.Key.Kind != "Application" {
			continue
		}
		a, err := read(o)
		if err != nil {
			errs = append(errs, &render.Error{
				Pos: render.Position{File: o.Provenance.File, Line: o.Provenance.Line},
				Err: fmt.Errorf("reading %s: %w", o.Key, err),
			})
		}
		if len(a.Paths) > 0 {
			all = append(all, a)
		}
	}
	return all, errors.Join(errs...)
}

// Merge gives results the name space and the sync policy of the Application that reads their directory, which is
// "<layer>/<app>", or the app's name where it has no layer. Notes say what is not known or not as it seems.
//
// An Application reads a directory if its path is the directory, or failing that ends in it, as where the tree is in a
// directory of its repository. Of several, each of which may prune, the least protecting counts. An app that none
// reads is taken to be pruned: not to know a policy must not look like protection.
func Merge(results []render.Result, applications []Application) ([]render.Result, []string) {
	merged := slices.Clone(results)
	var notes []string
	for i := range merged {
		app := &merged[i].App
		dir := path.Join(app.Layer, app.Name)
		readers := reading(dir, applications)
		if len(readers) == 0 {
			app.Sync = render.Sync{Automated: true, Prune: true}
			notes = append(notes, fmt.Sprintf("no Application of the tree reads %s; it is taken to be synced and pruned", dir))
			continue
		}
		first := readers[0]
		app.Namespace, app.Sync = cmp.Or(first.Namespace, app.Namespace), first.Sync
		for _, a := range readers {
			if a.Partial != "" {
				notes = append(notes, fmt.Sprintf("Application %s does not apply %s file by file (%s); all manifests are compared", a.Name, dir, a.Partial))
			}
			if a.Namespace != first.Namespace || a.Server != first.Server {
				notes = append(notes, fmt.Sprintf("Applications %s and %s apply %s to different places; the first counts", first.Name, a.Name, dir))
			}
			app.Sync = weaker(app.Sync, a.Sync)
		}
	}
	return merged, notes
}

// reading lists the Applications that read a directory.
func reading(dir string, applications []Application) []Application {
	var exact, below []Application
	for _, a := range applications {
		switch {
		case slices.Contains(a.Paths, dir):
			exact = append(exact, a)
		case slices.ContainsFunc(a.Paths, func(p string) bool { return strings.HasSuffix(p, "/"+dir) }):
			below = append(below, a)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return below
}

// weaker gives a policy that protects no more than either: what only one of them has in its options does not count.
func weaker(a, b render.Sync) render.Sync {
	return render.Sync{
		Automated: a.Automated || b.Automated, Prune: a.Prune || b.Prune, SelfHeal: a.SelfHeal || b.SelfHeal,
		Options: slices.DeleteFunc(slices.Clone(a.Options), func(o string) bool { return !slices.Contains(b.Options, o) }),
	}
}

// read takes an Application apart.
func read(o render.Object) (Application, error) {
	f := fields{at: "spec"}
	spec := f.mapping(o.Tree, "spec")
	a := Application{Name: o.Key.Name}
	sources := f.list(spec, "sources")
	// Argo CD does not look at source where there are sources (ApplicationSpec.HasMultipleSources).
	if len(sources) == 0 && spec["source"] != nil {
		sources = []any{spec["source"]}
	}
	for _, s := range sources {
		source, ok := s.(map[string]any)
		if !ok {
			f.wrong("source", "mapping")
		}
		a.source(&f, source)
	}
	destination := f.mapping(spec, "destination")
	a.Namespace = f.text(destination, "namespace")
	a.Server = cmp.Or(f.text(destination, "server"), f.text(destination, "name"))
	policy := f.mapping(spec, "syncPolicy")
	if automated := f.mapping(policy, "automated"); automated != nil {
		// Its mere presence switches automation on; enabled: false switches it off again, from Argo CD 3.1 on.
		a.Sync.Automated = automated["enabled"] == nil || f.truth(automated, "enabled")
		a.Sync.Prune = a.Sync.Automated && f.truth(automated, "prune")
		a.Sync.SelfHeal = a.Sync.Automated && f.truth(automated, "selfHeal")
	}
	for i, v := range f.list(policy, "syncOptions") {
		option, ok := v.(string)
		if !ok {
			f.wrong("syncOptions", "list of strings")
		}
		if i > 0 || option != "CreateNamespace=true" {
			a.Sync.Options = append(a.Sync.Options, option)
		}
	}
	return a, f.err
}

// source adds the directory of one source. A chart of a repository and a ref have none.
func (a *Application) source(f *fields, source map[string]any) {
	if source["path"] == nil || source["chart"] != nil {
		return
	}
	a.Paths = append(a.Paths, path.Clean(strings.TrimPrefix(f.text(source, "path"), "/")))
	directory := f.mapping(source, "directory")
	for _, limit := range []string{"include", "exclude"} {
		if f.text(directory, limit) != "" {
			a.Partial = "directory." + limit
		}
	}
	for _, tool := range []string{"kustomize", "helm"} {
		if source[tool] != nil {
			a.Partial = "rendered by " + tool
		}
	}
}

// fields reads fields of the types that they must have and keeps the first that is of another.
type fields struct {
	at  string
	err error
}

func (f *fields) wrong(name, want string) {
	if f.err == nil {
		f.err = fmt.Errorf("%s: %s is not a %s", f.at, name, want)
	}
}

func (f *fields) mapping(in map[string]any, name string) map[string]any {
	v, ok := in[name].(map[string]any)
	if !ok && in[name] != nil {
		f.wrong(name, "mapping")
	}
	return v
}

func (f *fields) list(in map[string]any, name string) []any {
	v, ok := in[name].([]any)
	if !ok && in[name] != nil {
		f.wrong(name, "list")
	}
	return v
}

func (f *fields) text(in map[string]any, name string) string {
	v, ok := in[name].(string)
	if !ok && in[name] != nil {
		f.wrong(name, "string")
	}
	return v
}

func (f *fields) truth(in map[string]any, name string) bool {
	v, ok := in[name].(bool)
	if !ok && in[name] != nil {
		f.wrong(name, "boolean")
	}
	return v
}
