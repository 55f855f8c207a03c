package argocd

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// project judges an AppProject that the stack renders.
func (j *judge) project(a *app, o *render.Object) {
	if a.blank(o, render.Path{"spec"}) {
		j.notes = append(j.notes, validate.Unchecked{App: a.Name, Object: o.Key, What: "the spec of the AppProject", Why: "it has placeholders"})
		return
	}
	j.wildcards(o)
	j.projectForm(o)
	j.roles(o)
	j.windows(o)
}

// wildcards finds entries that permit everything, an entry each. Of destinations only the cluster and the namespace together
// do; a namespace of every cluster, or every namespace of one, is a choice that people make.
func (j *judge) wildcards(o *render.Object) {
	for i, repo := range validate.ListAt(o.Tree, "spec", "sourceRepos") {
		if repo == "*" {
			j.say(verdict{wildcardProject, validate.Info}, o, render.Path{"spec", "sourceRepos", i}, "spec.sourceRepos permits every repository")
		}
	}
	for i, d := range validate.ListAt(o.Tree, "spec", "destinations") {
		if (validate.TextAt(d, "server") == "*" || validate.TextAt(d, "name") == "*") && validate.TextAt(d, "namespace") == "*" {
			j.say(verdict{wildcardProject, validate.Info}, o, render.Path{"spec", "destinations", i}, fmt.Sprintf("spec.destinations[%d] permits every namespace of every cluster", i))
		}
	}
	for i, k := range validate.ListAt(o.Tree, "spec", "clusterResourceWhitelist") {
		if validate.TextAt(k, "group") == "*" && validate.TextAt(k, "kind") == "*" && validate.TextAt(k, "name") == "" {
			j.say(verdict{wildcardProject, validate.Info}, o, render.Path{"spec", "clusterResourceWhitelist", i}, "spec.clusterResourceWhitelist permits every cluster-scoped kind")
		}
	}
}

// projectForm finds what the API of Argo CD refuses and kubectl and syncs let through, where it does not do what it says.
// Source: argo-cd pkg/apis/application/v1alpha1/app_project_types.go, ValidateProject.
func (j *judge) projectForm(o *render.Object) {
	seen := map[string]bool{}
	twice := func(at render.Path, what string) {
		if seen[at[1].(string)+what] {
			j.say(verdict{invalidProject, validate.Warning}, o, at, fmt.Sprintf("%s is %q, as one before it", at, what))
		}
		seen[at[1].(string)+what] = true
	}
	for i, repo := range validate.ListAt(o.Tree, "spec", "sourceRepos") {
		at := render.Path{"spec", "sourceRepos", i}
		if text, ok := repo.(string); ok {
			if twice(at, text); text == "!*" {
				j.say(verdict{invalidProject, validate.Warning}, o, at, at.String()+` is "!*", which denies everything`)
			}
		}
	}
	for i, d := range validate.ListAt(o.Tree, "spec", "destinations") {
		for _, key := range []string{"server", "name", "namespace"} {
			if validate.TextAt(d, key) == "!*" {
				at := render.Path{"spec", "destinations", i, key}
				j.say(verdict{invalidProject, validate.Warning}, o, at, at.String()+` is "!*", which denies everything`)
			}
		}
		who := validate.TextAt(d, "server")
		if who == "" {
			who = validate.TextAt(d, "name")
		}
		twice(render.Path{"spec", "destinations", i}, who+"/"+validate.TextAt(d, "namespace"))
	}
	for i, text := range validate.TextsAt(o.Tree, "spec", "sourceNamespaces") {
		twice(render.Path{"spec", "sourceNamespaces", i}, text)
	}
}

// permitted holds the Applications of the stack, and the apps that they deploy, to their projects. An app is known by the name
// of its Application, with the prefix that hydrate gives it or without. Those that hydrate itself writes are not among the
// objects yet; their projects are found by the name that they will have.
func (j *judge) permitted() {
	used := map[*render.Object]bool{}
	for _, a := range j.apps {
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			if o.Key.Group != group || o.Key.Kind != "Application" || a.blank(o, render.Path{"spec"}) {
				continue
			}
			name := validate.TextAt(o.Tree, "spec", "project")
			project := j.projects[[2]string{o.Key.Namespace, name}]
			if project == nil {
				j.unknownProject(o, name)
				continue
			}
			used[project] = true
			j.permits(project, o)
			for _, deployed := range j.apps {
				if deployed.Name == o.Key.Name || j.in.Plan.Hydrate.Prefix+deployed.Name == o.Key.Name {
					j.permitsKinds(project, deployed)
				}
			}
		}
	}
	for _, a := range j.apps {
		space := j.in.Plan.Hydrate.Namespace
		if space == "" {
			space = "argocd"
		}
		// The project of a layer is called as render/application calls it; one that the stack renders takes its place.
		if project := j.projects[[2]string{space, j.in.Plan.Name + "-" + a.Layer}]; j.stack && project != nil {
			used[project] = true
			j.permitsKinds(project, a)
		}
	}
	j.empty(used)
}

// empty finds projects that permit nothing. One that no Application of the stack has may be there to be inherited from.
func (j *judge) empty(used map[*render.Object]bool) {
	for _, a := range j.apps {
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			if o.Key.Group != group || o.Key.Kind != "AppProject" || !used[o] || j.vague[o] {
				continue
			}
			for _, key := range []string{"sourceRepos", "destinations"} {
				if len(validate.ListAt(o.Tree, "spec", key)) == 0 {
					j.say(verdict{emptyProject, validate.Warning}, o, render.Path{"spec", key}, fmt.Sprintf("spec.%s is empty, so no Application of the project is permitted anything", key))
				}
			}
		}
	}
}

// unknownProject says that no project of the stack is called so, where the stack has the projects.
func (j *judge) unknownProject(o *render.Object, name string) {
	var names []string
	for at := range j.projects {
		if at[0] == o.Key.Namespace {
			names = append(names, at[1])
		}
	}
	if !j.whole || name == "" || name == "default" || len(names) == 0 {
		return
	}
	j.say(verdict{noProject, validate.Warning}, o, render.Path{"spec", "project"}, fmt.Sprintf("spec.project is %q, and the stack has no such AppProject in namespace %q%s", name, o.Key.Namespace, hint(name, slices.Sorted(slices.Values(names)))))
}

// permits holds the destination and the sources of an Application to its project. A project has the repositories and
// clusters besides that are scoped to it, and may inherit from global ones; then what it denies is not known.
func (j *judge) permits(project, o *render.Object) {
	own := j.scoped(project.Key.Name)
	if own.unknown || j.vague[project] || j.inherits() {
		return
	}
	if len(validate.ListAt(project.Tree, "spec", "sourceRepos")) > 0 {
		for _, s := range sourcesOf(o) {
			repo := validate.TextAt(s.tree, "repoURL")
			if ok, known := permitsRepo(project, repo); known && !ok && repo != "" && !slices.Contains(own.repos, normal(repo)) {
				j.say(verdict{denied, validate.Warning}, o, append(s.at, "repoURL"), fmt.Sprintf("%s.repoURL is %q, which spec.sourceRepos of AppProject %s does not permit", s.at, repo, project.Key.Name))
			}
		}
	}
	server, name, space := validate.TextAt(o.Tree, "spec", "destination", "server"), validate.TextAt(o.Tree, "spec", "destination", "name"), validate.TextAt(o.Tree, "spec", "destination", "namespace")
	scoped := slices.ContainsFunc(own.clusters, func(cluster string) bool {
		return cluster == server+name || local(cluster) && local(server+name)
	})
	if (server == "") == (name == "") {
		return
	}
	if only, _ := validate.ValueAt(project.Tree, "spec", "permitOnlyProjectScopedClusters").(bool); only && !scoped {
		j.scopedAlone(project, o, own)
		return
	}
	if scoped || len(validate.ListAt(project.Tree, "spec", "destinations")) == 0 {
		return
	}
	if ok, known := j.permitsPlace(project, server, name, space); known && !ok {
		j.say(verdict{denied, validate.Warning}, o, render.Path{"spec", "destination"}, fmt.Sprintf("spec.destination is namespace %q of %q, which spec.destinations of AppProject %s does not permit", space, server+name, project.Key.Name))
	}
}

// local says whether a name or address is that of the cluster that Argo CD runs in.
func local(cluster string) bool { return cluster == inCluster || cluster == inClusterName }

// scopedAlone says that a project takes no cluster but those that are scoped to it, and that of an Application is none of them.
// Where the stack declares none, they are declared elsewhere, as "argocd cluster add" does, and it is not known.
// Source: AppProject.IsDestinationPermitted.
func (j *judge) scopedAlone(project, o *render.Object, own scope) {
	if len(own.clusters) == 0 || !j.whole {
		j.notes = append(j.notes, validate.Unchecked{
			App: o.Provenance.App, Object: o.Key, What: "the cluster of the Application",
			Why: "AppProject " + project.Key.Name + " has permitOnlyProjectScopedClusters, and the stack declares no cluster for it",
		})
		return
	}
	at := render.Path{"spec", "destination"}
	j.say(verdict{denied, validate.Warning}, o, at, fmt.Sprintf("%s is a cluster that no Secret scopes to AppProject %s, whose spec.permitOnlyProjectScopedClusters permits no other", at, project.Key.Name))
}

// inherits says whether projects may have more than what stands in them: argocd-cm has globalProjects.
func (j *judge) inherits() bool {
	return j.config != nil && validate.TextAt(j.config.Tree, "data", "globalProjects") != ""
}

// permitsRepo is AppProject.IsSourcePermitted. The second result is false where it cannot be known.
func permitsRepo(project *render.Object, repo string) (permitted, known bool) {
	for _, pattern := range validate.TextsAt(project.Tree, "spec", "sourceRepos") {
		bare, deny := strings.CutPrefix(pattern, "!")
		fits, sound := pattern == "*", true
		if !fits {
			fits, sound = matches(normal(bare), normal(repo), '/')
		}
		switch {
		case !sound:
			return false, false
		case deny && fits:
			return false, true
		case fits || deny:
			permitted = true
		}
	}
	return permitted, true
}

// permitsPlace is AppProject.isDestinationMatched. A cluster has a name and an address, of which the Application says
// one; the other is known of Argo CD's own cluster alone. Until 3.6 a denied name denies whatever the namespace of the entry is,
// as && binds closer than || there.
func (j *judge) permitsPlace(project *render.Object, server, name, space string) (permitted, known bool) {
	server = strings.TrimRight(server, "/")
	if server == inCluster || name == inClusterName {
		server, name = inCluster, inClusterName
	}
	known = true
	for _, d := range validate.ListAt(project.Tree, "spec", "destinations") {
		inSpace, sound := fitsOrNot(validate.TextAt(d, "namespace"), space)
		byServer, soundServer := fitsOrNot(validate.TextAt(d, "server"), server)
		byName, soundName := fitsOrNot(validate.TextAt(d, "name"), name)
		if !sound || !soundServer || !soundName || server == "" && validate.TextAt(d, "server") != "" && validate.TextAt(d, "server") != "*" || name == "" && validate.TextAt(d, "name") != "" && validate.TextAt(d, "name") != "*" {
			known = false
			continue
		}
		byServer, byName = byServer && server != "" || validate.TextAt(d, "server") == "*", byName && name != "" || validate.TextAt(d, "name") == "*"
		switch {
		case (byServer || byName) && inSpace:
			permitted = true
		case strings.HasPrefix(validate.TextAt(d, "name"), "!") && !byName && (inSpace || j.before(3, 6)), strings.HasPrefix(validate.TextAt(d, "server"), "!") && !byServer && inSpace,
			strings.HasPrefix(validate.TextAt(d, "namespace"), "!") && !inSpace && byServer:
			return false, known
		}
	}
	return permitted, known || permitted
}

// fitsOrNot matches a pattern that may begin with "!".
func fitsOrNot(pattern, text string) (fits, sound bool) {
	bare, deny := strings.CutPrefix(pattern, "!")
	fits, sound = matches(bare, text, 0)
	return fits != deny, sound
}

// permitsKinds holds the kinds of an app's objects to a project, each kind once. The two lists of what is permitted mean opposite
// things where they are left out: no namespaceResourceWhitelist permits every namespaced kind, no clusterResourceWhitelist
// permits no other; an empty one permits none in both. What is denied wins over what is permitted.
// Source: AppProject.IsGroupKindNamePermitted.
func (j *judge) permitsKinds(project *render.Object, a *app) {
	if j.vague[project] || j.inherits() {
		return
	}
	said := map[string]bool{}
	for i := range a.set.Objects {
		o := &a.set.Objects[i]
		kind := o.Key.GroupKind()
		if o.Key.Namespace == "" && !j.in.ClusterScoped(o.Key) || said[kind] {
			continue
		}
		allow, deny, namespaced := "clusterResourceWhitelist", "clusterResourceBlacklist", o.Key.Namespace != ""
		if namespaced {
			allow, deny = "namespaceResourceWhitelist", "namespaceResourceBlacklist"
		}
		allowed, stated := validate.ValueAt(project.Tree, "spec", allow).([]any)
		switch {
		case inKinds(validate.ListAt(project.Tree, "spec", deny), o.Key):
			j.say(verdict{denied, validate.Error}, o, render.Path{"kind"}, fmt.Sprintf("%s is in spec.%s of AppProject %s, so Argo CD does not apply it", kind, deny, project.Key.Name))
		case !inKinds(allowed, o.Key) && (stated || !namespaced):
			j.say(verdict{denied, validate.Error}, o, render.Path{"kind"}, fmt.Sprintf("%s is not in spec.%s of AppProject %s, so Argo CD does not apply it", kind, allow, project.Key.Name))
		default:
			continue
		}
		said[kind] = true
	}
}

// inKinds is isNamedResourceInList: the patterns are those of filepath.Match. The lists of namespaced kinds have no names.
func inKinds(kinds []any, key render.Key) bool {
	for _, k := range kinds {
		kind, _ := path.Match(validate.TextAt(k, "kind"), key.Kind)
		group, _ := path.Match(validate.TextAt(k, "group"), key.Group)
		name, _ := path.Match(validate.TextAt(k, "name"), key.Name)
		if kind && group && (name || validate.TextAt(k, "name") == "") {
			return true
		}
	}
	return false
}
