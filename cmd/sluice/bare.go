package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"sluice/render"
)

// bareFlags are the flags of `helm template` for rendering without a stack. Names and short forms are helm's.
type bareFlags struct {
	flags       *pflag.FlagSet
	all         *pflag.FlagSet // of the whole verb
	release     string
	namespace   string
	values      render.Values
	kubeVersion string
	apiVersions []string
	includeCRDs bool
	skipTests   bool
	secrets     string
	without     *exclusion       // what of walks is left out
	walks       map[string]*walk // by the name of the app that has the plain manifests; nil where a PATH is one thing whole
}

// add defines the flags in a set of their own, so that given can tell them from those of the verb. The defaults are
// helm's: its template command names a release without a name "release-name".
func (b *bareFlags) add(f *pflag.FlagSet) {
	b.flags = pflag.NewFlagSet("bare", pflag.ContinueOnError)
	b.flags.StringVar(&b.release, "release-name", "release-name", "release `name` of a chart")
	b.flags.StringVar(&b.release, "name", "release-name", "the same as --release-name")
	b.flags.StringVarP(&b.namespace, "namespace", "n", "default", "`namespace` of the release")
	b.flags.StringArrayVarP(&b.values.Files, "values", "f", nil, "values `file` of a chart; may be repeated, the last one wins")
	b.flags.StringArrayVar(&b.values.Set, "set", nil, "`key=value` of a chart")
	b.flags.StringArrayVar(&b.values.SetString, "set-string", nil, "`key=value` of a chart, always a string")
	b.flags.StringArrayVar(&b.values.SetFile, "set-file", nil, "`key=path` of a chart, the value is the file's content")
	b.flags.StringArrayVar(&b.values.SetJSON, "set-json", nil, "`key=json` of a chart")
	b.flags.StringVar(&b.kubeVersion, "kube-version", "", "Kubernetes `version` that templates see")
	b.flags.StringSliceVarP(&b.apiVersions, "api-versions", "a", nil, "`APIs` that templates see besides the built-in ones; may be repeated")
	b.flags.BoolVar(&b.includeCRDs, "include-crds", false, "render a chart's crds/ directory")
	b.flags.BoolVar(&b.skipTests, "skip-tests", false, "leave test hooks out")
	b.flags.StringVar(&b.secrets, "secrets", "", "avp: decode the placeholders of argocd-vault-plugin")
	f.AddFlagSet(b.flags)
	b.all = f
}

// fits refuses the flags that say nothing about what is rendered: those of a stack, and those of a chart where there is
// none.
func (b *bareFlags) fits(kind, target string) error {
	idle := map[string][]string{"stack": {"stack", "tag", "app", "layer"}}
	if kind == render.KindKustomize || kind == render.KindManifests {
		idle["chart"] = []string{"release-name", "name", "values", "set", "set-string", "set-file", "set-json", "include-crds", "skip-tests", "namespace"}
	}
	for _, what := range []string{"stack", "chart"} {
		for _, name := range idle[what] {
			if b.all.Changed(name) {
				return &render.Error{Err: fmt.Errorf("--%s is for a %s, and %s is none", name, what, target), Hint: "leave the flag out"}
			}
		}
	}
	return nil
}

// given names a flag of the set that the command line has, or "".
func (b *bareFlags) given() (name string) {
	b.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			name = f.Name
		}
	})
	return name
}

// render renders one path as the only app of a plan made for it.
func (b *bareFlags) render(ctx context.Context, v *invocation, target string) ([]render.Result, error) {
	plan, err := b.plan(ctx, v, []string{target})
	if err != nil {
		return nil, err
	}
	chain, err := v.toolchainFor(ctx, plan)
	if err != nil {
		return nil, err
	}
	results, err := v.render(ctx, plan, chain, v.hostFiles())
	if err != nil {
		return nil, err
	}
	if len(results[0].Set.Objects) == 0 {
		v.note("note: no object came out (%d empty documents)", results[0].Set.Empties)
	}
	return results, nil
}

// hostFiles opens what the command line names. Standard input is read at most once and only when a flag names it.
func (v *invocation) hostFiles() hostFiles {
	return hostFiles{sync.OnceValues(func() ([]byte, error) { return bounded(v.in, "standard input") })}
}

// plan makes a plan of paths, an app each, so that a path goes through the same order of work as an app of a stack.
func (b *bareFlags) plan(ctx context.Context, v *invocation, targets []string) (render.Plan, error) {
	if b.secrets != "" {
		if err := oneOf("--secrets", b.secrets, "avp"); err != nil {
			return render.Plan{}, err
		}
	}
	// Helm takes a default here that depends on how it was built; ours is stated in the open.
	if b.kubeVersion == "" {
		newest, err := render.Cluster{}.Capabilities()
		if err != nil {
			return render.Plan{}, err
		}
		b.kubeVersion = newest.KubeVersion
		if b.all.Lookup("kubernetes") != nil { // of validate, whose judgement goes by it too, with templates or without
			v.note("note: no --kubernetes is given, judged for Kubernetes %s", b.kubeVersion)
		} else {
			v.note("note: no --kube-version is given, templates see Kubernetes %s", b.kubeVersion)
		}
	}
	var apps []render.App
	var dirs []string
	for _, target := range targets {
		more, bounds, err := b.apps(ctx, target, len(targets) > 1)
		if err != nil {
			return render.Plan{}, err
		}
		apps, dirs = append(apps, more...), append(dirs, bounds...)
	}
	dir := commonDir(dirs)
	for i := range apps {
		inside, err := filepath.Rel(dir, filepath.Join(dirs[i], filepath.FromSlash(apps[i].Sources[0].Path)))
		if err != nil {
			return render.Plan{}, err
		}
		apps[i].Sources[0].Path = filepath.ToSlash(inside)
	}
	return render.Plan{
		Name: apps[0].Name, Dir: dir,
		Cluster: render.Cluster{Kubernetes: b.kubeVersion, APIVersions: b.apiVersions},
		Layers:  []render.Layer{{Name: apps[0].Name, Apps: apps}},
	}, nil
}

// apps makes the apps of a path: one, or those that lie below it where it is walked. Bounds are what each reads within.
func (b *bareFlags) apps(ctx context.Context, target string, among bool) (apps []render.App, bounds []string, err error) {
	kind, err := kindOf(target)
	if err == nil {
		err = b.fits(kind, target)
	}
	if err != nil {
		return nil, nil, err
	}
	app, bound, err := b.app(target, kind)
	if err != nil {
		return nil, nil, err
	}
	if among {
		app.Name = target
	}
	if b.walks == nil || kind != render.KindManifests {
		return []render.App{app}, []string{bound}, nil
	}
	w, err := walked(ctx, target, b.without)
	if err != nil {
		return nil, nil, err
	}
	if w.named && len(w.plain)+len(w.unread) == 0 { // the reader of sources says what it is
		return []render.App{app}, []string{bound}, nil
	}
	b.walks[app.Name] = w
	if app.Sift = true; len(w.plain) > 0 || len(w.units) == 0 {
		apps, bounds = []render.App{app}, []string{bound}
	}
	for _, u := range w.units {
		nested, bound, err := b.app(w.name(u.path), u.kind)
		if err != nil {
			return nil, nil, err
		}
		nested.Name = w.name(u.path)
		apps, bounds = append(apps, nested), append(bounds, bound)
	}
	return apps, bounds, nil
}

// app makes the app of one chart, kustomization, file or directory.
func (b *bareFlags) app(target, kind string) (app render.App, bound string, err error) {
	bound, inside, err := anchor(target)
	// Empty is allowed: printing nothing prunes nothing.
	return render.App{
		Name: strings.TrimSuffix(filepath.Base(filepath.Join(bound, inside)), ".tgz"), Namespace: b.namespace, Secrets: b.secrets, AllowEmpty: true,
		Sources: []render.Source{{
			Kind: kind, Path: inside, Release: b.release, Values: b.values, SkipCRDs: !b.includeCRDs, SkipTests: b.skipTests,
		}},
	}, bound, err
}

// commonDir gives the directory that holds all of several.
func commonDir(dirs []string) string {
	common := dirs[0]
	for _, dir := range dirs[1:] {
		for common != filepath.Dir(common) && dir != common && !strings.HasPrefix(dir, common+string(filepath.Separator)) {
			common = filepath.Dir(common)
		}
	}
	return common
}

// anchor splits a path into the directory that bounds what is read and the rest. The bound is the nearest directory
// above that holds a .git, so that "../base" works in a repository, else the current directory where the path is below
// it, else the path's own directory.
func anchor(target string) (dir, inside string, err error) {
	abs, err := filepath.Abs(target)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return "", "", fmt.Errorf("opening %s: %w", target, err)
	}
	stat, err := os.Stat(abs)
	if err != nil {
		return "", "", fmt.Errorf("opening %s: %w", target, err)
	}
	if !stat.IsDir() && !stat.Mode().IsRegular() {
		return "", "", &render.Error{Err: fmt.Errorf("opening %s: it is no regular file", target), Hint: `write it into a file; sluice validate takes standard input, "-"`}
	}
	dir = abs
	if !stat.IsDir() {
		dir = filepath.Dir(abs)
	}
	dir = boundOf(dir)
	inside, err = filepath.Rel(dir, abs)
	return dir, filepath.ToSlash(inside), err
}

// boundOf finds that directory. A .git may be a file, as in a work tree of git worktree or a submodule.
func boundOf(dir string) string {
	for up := dir; up != filepath.Dir(up); up = filepath.Dir(up) {
		if _, err := os.Lstat(filepath.Join(up, ".git")); err == nil {
			return up
		}
	}
	here, err := os.Getwd()
	if err == nil {
		here, err = filepath.EvalSymlinks(here)
	}
	if err == nil && (dir == here || strings.HasPrefix(dir, here+string(filepath.Separator))) {
		return here
	}
	return dir
}

// holdsStack says whether a path is a directory with CUE files: a stack.
func holdsStack(target string) (bool, error) {
	stat, err := os.Stat(target)
	if err != nil {
		return false, fmt.Errorf("opening %s: %w", target, err)
	}
	if !stat.IsDir() {
		return false, nil
	}
	// A chart may carry a CUE file for other tools in a folder of its own; only the top directory is looked at.
	files, err := os.ReadDir(target)
	return slices.ContainsFunc(files, func(f os.DirEntry) bool { return filepath.Ext(f.Name()) == ".cue" }), err
}

// kustomizationNames are the names of the file that makes a directory a kustomization.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// kindOf recognises what a path holds by the files there.
func kindOf(target string) (string, error) {
	if strings.HasSuffix(target, ".tgz") || strings.HasSuffix(target, ".tar.gz") {
		return render.KindHelm, nil
	}
	// The names are tested and the files not read: a broken Chart.yaml is still a chart, and its reader says what is
	// wrong.
	has := func(names ...string) string {
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(target, name)); err == nil {
				return filepath.Join(target, name)
			}
		}
		return ""
	}
	chart, kustomization := has("Chart.yaml"), has(kustomizationNames...)
	switch {
	case chart != "" && kustomization != "":
		return "", &render.Error{
			Err:  fmt.Errorf("recognising %s: it holds %s and %s", target, chart, kustomization),
			Hint: "a directory is a chart or a kustomization, never both; move one of them",
		}
	case kustomization != "":
		return render.KindKustomize, nil
	// Vendored dependencies are rendered as they lie there, like helm template does; without them they are fetched
	// and verified.
	case chart != "" && has("charts") != "":
		return render.KindHelm, nil
	case chart != "":
		return render.KindUmbrella, nil
	default:
		return render.KindManifests, nil
	}
}
