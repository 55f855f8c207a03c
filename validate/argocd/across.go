package argocd

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// across judges what the apps of the stack are to each other.
func (j *judge) across() {
	j.stackOptions()
	j.shared()
	j.collisions()
	if !j.whole {
		return
	}
	j.namespaces()
	j.definitions()
	j.waves()
}

// repeated finds objects that an app has twice. Of those the last counts (RepeatedResourceWarning of argo-cd controller/state.go).
func (j *judge) repeated(a *app) {
	if !j.stack {
		return
	}
	for i := range a.set.Lost {
		o := &a.set.Lost[i]
		last := a.objects[o.Key]
		if last == nil || o.Hook() == "dropped" {
			continue
		}
		if reflect.DeepEqual(o.Tree, last.Tree) {
			j.say(verdict{repeatedObject, validate.Info}, o, nil, fmt.Sprintf("%s is in the app twice, and both are the same", o.Key))
			continue
		}
		f := j.say(verdict{repeatedObject, validate.Warning}, o, nil, fmt.Sprintf("%s is in the app twice, and Argo CD applies the last one alone", o.Key))
		f.Why = "the other is at " + last.Position(nil).String()
	}
}

// shared finds objects that two apps have. How bad it is follows from what becomes of the object: two that differ are fought over
// at every sync; two that are the same are not, until one app loses its own and prunes it for both. Definitions are the common
// case (charts that bring the same CustomResourceDefinitions), and Argo CD sets no tracking on those, so losing one does not prune it. Hooks
// are created anew by whoever syncs. Names with "/*" are made up by the server, and no two are one.
func (j *judge) shared() {
	if !j.stack {
		return
	}
	type owned struct {
		app    *app
		object *render.Object
	}
	first := map[render.Key]owned{}
	for _, a := range j.apps {
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			other, taken := first[o.Key]
			if !taken {
				first[o.Key] = owned{a, o}
				continue
			}
			if strings.HasSuffix(o.Key.Name, "/*") || other.app == a {
				continue
			}
			same := reflect.DeepEqual(other.object.Tree, o.Tree)
			severity, how := validate.Error, "otherwise, so they take it from each other at every sync"
			switch {
			case o.Key.Definition() && same:
				severity, how = validate.Info, "too, the same; where they are updated apart, the last sync wins"
			case o.Key.Definition() || o.Hook() != "" && !same:
				severity, how = validate.Warning, "otherwise, and the last sync wins"
			case same:
				severity, how = validate.Warning, "too, and it belongs to the one that synced last, which prunes it when it loses it"
			}
			j.say(verdict{sharedObject, severity}, o, nil, fmt.Sprintf("app %s has %s %s", other.app.Name, o.Key, how))
		}
	}
}

// collisions finds namespaces whose labels an Application sets, and a manifest too.
// Source: argo-cd controller/state.go, on managedNamespaceMetadata: a Namespace of the manifests comes first.
func (j *judge) collisions() {
	for _, a := range j.apps {
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			if o.Key.Group != group || o.Key.Kind != "Application" || validate.ValueAt(o.Tree, "spec", "syncPolicy", "managedNamespaceMetadata") == nil {
				continue
			}
			key := render.Key{Kind: "Namespace", Name: validate.TextAt(o.Tree, "spec", "destination", "namespace")}
			for _, other := range j.apps {
				if other.objects[key] != nil && key.Name != "" {
					j.say(verdict{namespaceLabels, validate.Warning}, o, render.Path{"spec", "syncPolicy", "managedNamespaceMetadata"},
						fmt.Sprintf("spec.syncPolicy.managedNamespaceMetadata is for namespace %s, of which app %s has the manifest", key.Name, other.Name))
					break
				}
			}
		}
	}
}

// earlier says whether Argo CD creates the Application of one app before that of another: its layer has an earlier wave,
// or the other depends on it, over any number of steps.
func (j *judge) earlier(a, b *app) bool {
	waves := map[string]int{}
	for _, l := range j.in.Plan.Layers {
		waves[l.Name] = l.Wave
	}
	if waves[a.Layer] != waves[b.Layer] {
		return waves[a.Layer] < waves[b.Layer]
	}
	return j.dependsOn(b, a.Name, map[string]bool{})
}

// dependsOn says whether an app waits for one of that name. The loader refuses cycles; plans from elsewhere may have them, so
// none is followed twice.
func (j *judge) dependsOn(a *app, name string, seen map[string]bool) bool {
	if seen[a.Name] {
		return false
	}
	seen[a.Name] = true
	for _, on := range a.DependsOn {
		if on == name {
			return true
		}
		for _, other := range j.apps {
			if other.Name == on && j.dependsOn(other, name, seen) {
				return true
			}
		}
	}
	return false
}

// builtIn says whether a namespace is there without anybody's doing, as those of OpenShift are, or is that of Argo CD.
func (j *judge) builtIn(space string) bool {
	return space == "openshift" || strings.HasPrefix(space, "openshift-") || slices.Contains([]string{"default", "kube-system", "kube-public", "kube-node-lease", cmp.Or(j.in.Plan.Hydrate.Namespace, "argocd")}, space)
}

// makers lists by namespace the apps that make it: with a manifest, by the CreateNamespace=true that their Applications
// have unless the stack says otherwise, through an Application of theirs, or with a resource whose operator does.
func (j *judge) makers() map[string][]*app {
	all := map[string][]*app{}
	add := func(space string, a *app) {
		if space != "" {
			all[space] = append(all[space], a)
		}
	}
	for _, a := range j.apps {
		if !slices.Contains(a.Sync.Options, "CreateNamespace=false") {
			add(a.Namespace, a)
		}
		for i := range a.set.Objects {
			switch o := &a.set.Objects[i]; o.Key.GroupKind() {
			case "Namespace", "Project.kargo.akuity.io", "Project.project.openshift.io", "SubnamespaceAnchor.hnc.x-k8s.io":
				add(o.Key.Name, a)
			case "Application.argoproj.io":
				if slices.Contains(validate.TextsAt(o.Tree, "spec", "syncPolicy", "syncOptions"), "CreateNamespace=true") {
					add(validate.TextAt(o.Tree, "spec", "destination", "namespace"), a)
				}
			case "Installation.operator.tigera.io":
				for _, space := range []string{"calico-system", "calico-apiserver", "tigera-operator"} {
					add(space, a)
				}
			}
		}
	}
	return all
}

// namespaces finds objects in namespaces that nobody makes, or only an app that comes later. It is said once for an app and a
// namespace: the hundred objects in it have one cause. That any app makes it is enough where nothing orders the two: the sync
// fails and is tried again until it is there.
func (j *judge) namespaces() {
	makers := j.makers()
	for _, a := range j.apps {
		said := map[string]bool{}
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			j.goal(a, o, makers)
			space := o.Key.Namespace
			if space == "" || said[space] || j.builtIn(space) || j.in.ClusterScoped(o.Key) || a.blank(o, render.Path{"metadata", "namespace"}) {
				continue
			}
			said[space] = true
			by := makers[space]
			field := render.Path{"metadata", "namespace"}
			switch {
			case len(by) == 0 && space == a.Namespace:
				j.say(verdict{noSuchNamespace, validate.Warning}, o, field, fmt.Sprintf("the app's namespace is %q, which no manifest makes, and sync.options say CreateNamespace=false", space))
			case len(by) == 0:
				j.say(verdict{noSuchNamespace, validate.Warning}, o, field, fmt.Sprintf("metadata.namespace is %q, which no app of the stack makes%s", space, hint(space, slices.Sorted(maps.Keys(makers)))))
			case !slices.ContainsFunc(by, func(m *app) bool { return m == a || !j.earlier(a, m) }):
				j.say(verdict{noSuchNamespace, validate.Warning}, o, field, fmt.Sprintf("metadata.namespace is %q, which only app %s makes, and it comes later", space, by[0].Name))
			}
		}
	}
}

// goal says that an Application goes to a namespace that nobody known makes, and does not create it itself. What it deploys is not
// here and may bring the namespace, so that is not known.
func (j *judge) goal(a *app, o *render.Object, makers map[string][]*app) {
	if o.Key.GroupKind() != "Application.argoproj.io" || a.blank(o, render.Path{"spec"}) {
		return
	}
	space := validate.TextAt(o.Tree, "spec", "destination", "namespace")
	here := local(cmp.Or(validate.TextAt(o.Tree, "spec", "destination", "server"), validate.TextAt(o.Tree, "spec", "destination", "name")))
	if space == "" || !here || j.builtIn(space) || len(makers[space]) > 0 {
		return
	}
	j.notes = append(j.notes, validate.Unchecked{
		App: a.Name, Object: o.Key, What: "whether namespace " + space + " is there",
		Why: "no app of the stack makes it, the Application does not say CreateNamespace=true, and what it deploys is not known",
	})
}

// definitions finds custom resources whose definition comes from an app that is not there before. Where the root Application has
// a health check for Applications, waiting turns into a deadlock: the later app is created when this one is healthy, which it
// never is. SkipDryRunOnMissingResource helps an app that is tried again, and not one that has to come first. A definition that
// comes from nowhere in the stack is no matter of order; rules about schemas say that the kind is not known.
func (j *judge) definitions() {
	makers := map[[2]string][]*app{}
	for _, a := range j.apps {
		for _, crd := range a.set.Definitions() {
			at := [2]string{validate.TextAt(crd.Tree, "spec", "group"), validate.TextAt(crd.Tree, "spec", "names", "kind")}
			makers[at] = append(makers[at], a)
		}
	}
	for _, a := range j.apps {
		said := map[[2]string]bool{}
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			at := [2]string{o.Key.Group, o.Key.Kind}
			by := makers[at]
			if len(by) == 0 || said[at] || slices.ContainsFunc(by, func(m *app) bool { return m == a || j.earlier(m, a) }) || j.offered(o) {
				continue
			}
			said[at] = true
			skips := slices.Contains(a.Sync.Options, "SkipDryRunOnMissingResource=true") || a.has(o, "SkipDryRunOnMissingResource=true")
			switch later := j.earlier(a, by[0]); {
			case later && j.health() == healthKnown:
				j.say(verdict{lateDefinition, validate.Error}, o, render.Path{"kind"}, fmt.Sprintf("kind is %s, which app %s defines: it waits for this app to be healthy, and this app for the definition", o.Key.Kind, by[0].Name))
			case later:
				j.say(verdict{lateDefinition, validate.Warning}, o, render.Path{"kind"}, fmt.Sprintf("kind is %s, which app %s defines, and it comes later", o.Key.Kind, by[0].Name))
			case !skips:
				j.say(verdict{lateDefinition, validate.Warning}, o, render.Path{"kind"}, fmt.Sprintf("kind is %s, which app %s defines, and dependsOn of app %s does not name it", o.Key.Kind, by[0].Name, a.Name))
			}
		}
	}
}

// offered says whether the cluster has a kind besides what the stack brings.
func (j *judge) offered(o *render.Object) bool {
	return slices.ContainsFunc(slices.Concat(j.in.Plan.Cluster.APIVersions, j.in.Plan.Cluster.Captured), func(api string) bool {
		return api == o.APIVersion || api == o.APIVersion+"/"+o.Key.Kind
	})
}

// What is known of the health check of Applications.
const (
	healthUnknown = iota // the stack has no argocd-cm
	healthMissing
	healthKnown
)

// health says what is known of the check: it stands in argocd-cm under a key of its own, or in one text for all kinds, the older
// form, which is still read (argo-cd util/settings/settings.go, GetResourceOverrides).
func (j *judge) health() int {
	if j.config == nil {
		return healthUnknown
	}
	if validate.TextAt(j.config.Tree, "data", "resource.customizations.health.argoproj.io_Application") != "" ||
		strings.Contains(validate.TextAt(j.config.Tree, "data", "resource.customizations"), "argoproj.io/Application") {
		return healthKnown
	}
	return healthMissing
}

// waves says that the order of Applications is that of their creation alone: Argo CD has had no health check for them
// since 1.8 (argo-cd #3781), so one counts as healthy as soon as it is there.
func (j *judge) waves() {
	health := j.health()
	what, on := j.ordered()
	if health == healthKnown || what == "" {
		return
	}
	if health == healthMissing {
		j.say(verdict{wavesOfApps, validate.Warning}, j.config, render.Path{"data"}, fmt.Sprintf("data has no resource.customizations.health.argoproj.io_Application, so %s order only the creation of Applications", what))
		return
	}
	j.found = append(j.found, validate.Finding{
		Rule: wavesOfApps, App: on.Name, Pos: on.Pos,
		Message: fmt.Sprintf("%s order only the creation of Applications, unless argocd-cm has a health check for them, and the stack has no argocd-cm", what),
	})
}

// ordered says what puts the Applications of the stack in an order, and names the first app that is to wait.
func (j *judge) ordered() (string, *app) {
	var first *render.Layer
	for i := range j.in.Plan.Layers {
		l := &j.in.Plan.Layers[i]
		if len(l.Apps) == 0 {
			continue
		}
		if first == nil {
			first = l
		}
		if l.Wave != first.Wave {
			for _, a := range j.apps {
				if a.Layer == l.Name {
					return "the waves of the layers", a
				}
			}
		}
	}
	for _, a := range j.apps {
		waves := map[int]bool{}
		if len(a.DependsOn) > 0 {
			return "the dependsOn of apps", a
		}
		for i := range a.set.Objects {
			if o := &a.set.Objects[i]; o.Key.Group == group && o.Key.Kind == "Application" {
				waves[waveOf(o)] = true
			}
		}
		if len(waves) > 1 {
			return "the sync waves of the Applications that app " + a.Name + " has", a
		}
	}
	return "", nil
}
