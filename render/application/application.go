// Package application writes the Argo CD side of a hydrated tree: the Applications and AppProjects that make Argo CD
// sync what sluice rendered. It reads Applications back too, for the destination and the policy of what is live.
//
// The objects form three steps. The root Application, applied once by a person together with its project, creates one
// Application and one AppProject per layer; each layer's Application creates one Application per app; each app's
// Application points at the app's hydrated directory. All are plain directory sources, so Argo CD renders nothing,
// but for apps with placeholders, whose directory goes through the plugin that replaces them.
//
// What is left out on purpose:
//   - The finalizer resources-finalizer.argocd.argoproj.io. With it, an Application that goes missing from a render
//     deletes everything below it (argo-cd docs, App Deletion). Without it the workloads stay.
//   - Pruning by the root and the layers. An app or layer that leaves the stack stays in Argo CD, marked "requires
//     pruning", until a person deletes its Application.
//   - Health of Applications. Argo CD has no health check for its own Application kind since 1.8 (argo-cd #3781), so
//     the waves of layers and apps order only the creation, unless argocd-cm carries
//     resource.customizations.health.argoproj.io_Application.
package application

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"sluice/render"
)

// The directories of the hydrated tree that Argo CD reads, besides "<layer>/<app>" of each app.
const (
	rootDir   = "argo/root"
	layersDir = "argo/layers"
	appsDir   = "argo/apps"
)

const (
	apiVersion = "argoproj.io/v1alpha1"
	group      = "argoproj.io"
	// inCluster is the address of the cluster that Argo CD runs in (argo-cd docs, Declarative Setup). The
	// Applications themselves always live there, wherever the workloads go.
	inCluster = "https://kubernetes.default.svc"
	// waveAnnotation orders a sync; its value is a whole number (argo-cd docs, Sync Phases and Waves).
	waveAnnotation = "argocd.argoproj.io/sync-wave"
)

// Objects gives the Applications and AppProjects of a plan: those of the root, then of each layer and its apps, in
// the order of the plan.
//
// Names: the root's Application and project carry the stack's name, a layer's carry "<stack>-<layer>", an app's
// Application carries hydrate.prefix and the app's name. The app's wave is its depth in the dependsOn chains within its
// layer. A layer's project permits the destination namespaces of its apps and every namespace that an object in results
// names, since charts place roles in kube-system and the like; results may be nil.
//
// A layer without apps gets no Application, for Argo CD fails on a directory that does not exist.
//
// Provenance.File of each object is the path where it belongs in the hydrated tree.
//
// Errors: hydrate.repoURL or hydrate.branch is empty, two Applications share a name, or dependsOn has a cycle.
func Objects(plan render.Plan, results []render.Result) ([]render.Object, error) {
	h := plan.Hydrate
	h.Namespace, h.Server = cmp.Or(h.Namespace, "argocd"), cmp.Or(h.Server, inCluster)
	plan.Hydrate = h
	if err := check(plan); err != nil {
		return nil, err
	}
	w := writer{plan: plan, named: namedNamespaces(results)}
	objects := w.root()
	for _, layer := range plan.Layers {
		if len(layer.Apps) == 0 {
			continue
		}
		waves, err := depths(layer)
		if err != nil {
			return nil, err
		}
		objects = append(objects, w.layerProject(layer), w.layer(layer))
		for _, app := range layer.Apps {
			objects = append(objects, w.app(layer, app, waves[app.Name]))
		}
	}
	return objects, nil
}

// check finds what would make the Applications point nowhere or replace each other.
func check(plan render.Plan) error {
	var errs []error
	for _, field := range [][2]string{{"repoURL", plan.Hydrate.RepoURL}, {"branch", plan.Hydrate.Branch}} {
		if field[1] == "" {
			errs = append(errs, &render.Error{
				Err:  fmt.Errorf("writing the Applications of stack %s: hydrate.%s is not set", plan.Name, field[0]),
				Hint: `say where Argo CD reads the tree: hydrate: {repoURL: "https://...", branch: "rendered/` + plan.Name + `"}`,
			})
		}
	}
	owner := map[string]string{plan.Name: "the root of stack " + plan.Name}
	claim := func(name, who string, pos render.Position) {
		if other, taken := owner[name]; taken {
			errs = append(errs, &render.Error{
				Pos:  pos,
				Err:  fmt.Errorf("writing the Application of %s: the name %q is taken by %s", who, name, other),
				Hint: "Applications of one Argo CD namespace need different names; rename the app, the layer or the stack",
			})
			return
		}
		owner[name] = who
	}
	for _, layer := range plan.Layers {
		claim(layerName(plan, layer), "layer "+layer.Name, layer.Pos)
	}
	for _, app := range plan.Apps() {
		claim(plan.Hydrate.Prefix+app.Name, "app "+app.Name, app.Pos)
	}
	return errors.Join(errs...)
}

// depths gives the wave of each app within its layer: 0 without a dependency there, else one more than the deepest.
// Dependencies on earlier layers are kept by the layers' own waves.
func depths(layer render.Layer) (map[string]int, error) {
	apps := make(map[string]render.App, len(layer.Apps))
	for _, app := range layer.Apps {
		apps[app.Name] = app
	}
	const open = -1
	depth := make(map[string]int, len(apps))
	var visit func(app render.App) error
	visit = func(app render.App) error {
		switch d, seen := depth[app.Name]; {
		case seen && d == open:
			return &render.Error{
				Pos:  app.Pos,
				Err:  fmt.Errorf("ordering the apps of layer %s: app %s depends on itself through dependsOn", layer.Name, app.Name),
				Hint: "remove one dependsOn of the cycle",
			}
		case seen:
			return nil
		}
		depth[app.Name] = open
		deepest := 0
		for _, name := range app.DependsOn {
			other, here := apps[name]
			if !here {
				continue
			}
			if err := visit(other); err != nil {
				return err
			}
			deepest = max(deepest, depth[name]+1)
		}
		depth[app.Name] = deepest
		return nil
	}
	for _, app := range layer.Apps {
		if err := visit(app); err != nil {
			return nil, err
		}
	}
	return depth, nil
}

// namedNamespaces gives, by app, the namespaces that its objects name.
func namedNamespaces(results []render.Result) map[string][]string {
	named := make(map[string][]string, len(results))
	for _, r := range results {
		for _, o := range r.Set.Objects {
			if o.Key.Namespace != "" {
				named[r.App.Name] = append(named[r.App.Name], o.Key.Namespace)
			}
		}
	}
	return named
}

func layerName(plan render.Plan, layer render.Layer) string { return plan.Name + "-" + layer.Name }

// writer builds the objects of one plan.
type writer struct {
	plan  render.Plan
	named map[string][]string
}

// root gives the root's project and Application. The project permits Applications and AppProjects in Argo CD's
// namespace and nothing else.
func (w writer) root() []render.Object {
	kinds := []any{kind(group, "AppProject"), kind(group, "Application")}
	project := w.object("AppProject", w.plan.Name, path.Join(rootDir, "project.yaml"))
	project.Tree["spec"] = map[string]any{
		"description":                "Applications and projects of stack " + w.plan.Name,
		"sourceRepos":                []any{w.plan.Hydrate.RepoURL},
		"destinations":               []any{destination(inCluster, w.plan.Hydrate.Namespace)},
		"clusterResourceWhitelist":   []any{},
		"namespaceResourceWhitelist": kinds,
	}
	root := w.object("Application", w.plan.Name, path.Join(rootDir, "application.yaml"))
	root.Tree["spec"] = w.parent(layersDir, true)
	return []render.Object{project, root}
}

// layerProject gives the project of a layer's apps. It is created before every Application of the stack's layers,
// since an Application without its project is invalid until the project comes.
func (w writer) layerProject(layer render.Layer) render.Object {
	lowest := layer.Wave
	for _, l := range w.plan.Layers {
		lowest = min(lowest, l.Wave)
	}
	permitted := make(map[string]bool)
	for _, app := range layer.Apps {
		permitted[app.Namespace] = true
		for _, namespace := range w.named[app.Name] {
			permitted[namespace] = true
		}
	}
	var destinations []any
	for _, namespace := range slices.Sorted(maps.Keys(permitted)) {
		destinations = append(destinations, destination(w.plan.Hydrate.Server, namespace))
	}
	o := w.object("AppProject", layerName(w.plan, layer), path.Join(layersDir, layer.Name, "project.yaml"))
	o.Tree["spec"] = map[string]any{
		"description":                "Apps of layer " + layer.Name + " of stack " + w.plan.Name,
		"sourceRepos":                []any{w.plan.Hydrate.RepoURL},
		"destinations":               append([]any{}, destinations...),
		"clusterResourceWhitelist":   []any{kind("*", "*")},
		"namespaceResourceWhitelist": []any{kind("*", "*")},
	}
	setWave(o, lowest-1)
	return o
}

func (w writer) layer(layer render.Layer) render.Object {
	o := w.object("Application", layerName(w.plan, layer), path.Join(layersDir, layer.Name, "application.yaml"))
	o.Tree["spec"] = w.parent(path.Join(appsDir, layer.Name), false)
	setWave(o, layer.Wave)
	return o
}

// parent gives the spec of an Application whose directory holds Applications.
func (w writer) parent(dir string, recurse bool) map[string]any {
	return map[string]any{
		"project":     w.plan.Name,
		"source":      w.source(dir, recurse),
		"destination": destination(inCluster, w.plan.Hydrate.Namespace),
		"syncPolicy":  map[string]any{"automated": map[string]any{"prune": false, "selfHeal": true}},
	}
}

// app gives the Application of one app. An app that is not automated has no "automated" at all: its mere presence
// switches automation on (argo-cd docs, Automated Sync Policy).
func (w writer) app(layer render.Layer, app render.App, wave int) render.Object {
	policy := map[string]any{"syncOptions": syncOptions(app.Sync.Options)}
	if app.Sync.Automated {
		policy["automated"] = map[string]any{"prune": app.Sync.Prune, "selfHeal": app.Sync.SelfHeal}
	}
	o := w.object("Application", w.plan.Hydrate.Prefix+app.Name, path.Join(appsDir, layer.Name, app.Name+".yaml"))
	o.Tree["spec"] = map[string]any{
		"project":     layerName(w.plan, layer),
		"source":      w.appSource(path.Join(layer.Name, app.Name), app),
		"destination": destination(w.plan.Hydrate.Server, app.Namespace),
		"syncPolicy":  policy,
	}
	setWave(o, wave)
	return o
}

// syncOptions gives the options of a stack after CreateNamespace=true, which the stack may overrule.
func syncOptions(options []string) []any {
	list := []any{"CreateNamespace=true"}
	if slices.ContainsFunc(options, func(o string) bool { return strings.HasPrefix(o, "CreateNamespace=") }) {
		list = nil
	}
	for _, o := range options {
		list = append(list, o)
	}
	return list
}

// appSource gives the source of an app's hydrated directory. Where it holds placeholders a plugin has to replace them: a
// directory source would apply the text <path:...> as the secret. A source has one type, so there is no "directory" then.
func (w writer) appSource(dir string, app render.App) map[string]any {
	if app.Secrets != "avp" {
		return w.source(dir, true)
	}
	s := w.source(dir, false)
	s["plugin"] = map[string]any{"name": w.plan.Hydrate.Plugin}
	return s
}

// source gives a directory source. Argo CD does not descend into directories unless told to.
func (w writer) source(dir string, recurse bool) map[string]any {
	s := map[string]any{
		"repoURL":        w.plan.Hydrate.RepoURL,
		"targetRevision": w.plan.Hydrate.Branch,
		"path":           dir,
	}
	if recurse {
		s["directory"] = map[string]any{"recurse": true}
	}
	return s
}

func destination(server, namespace string) map[string]any {
	return map[string]any{"server": server, "namespace": namespace}
}

func kind(group, kind string) map[string]any {
	return map[string]any{"group": group, "kind": kind}
}

func (w writer) object(kind, name, file string) render.Object {
	namespace := w.plan.Hydrate.Namespace
	return render.Object{
		Key:        render.Key{Group: group, Kind: kind, Namespace: namespace, Name: name},
		APIVersion: apiVersion,
		Tree: map[string]any{
			"apiVersion": apiVersion,
			"kind":       kind,
			"metadata":   map[string]any{"name": name, "namespace": namespace},
		},
		Provenance: render.Provenance{Source: "stack " + w.plan.Name, File: file},
	}
}

func setWave(o render.Object, wave int) {
	o.Tree["metadata"].(map[string]any)["annotations"] = map[string]any{waveAnnotation: strconv.Itoa(wave)}
}
