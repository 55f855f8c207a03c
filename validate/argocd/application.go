package argocd

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// application judges an Application that the stack renders.
// Source: argo-cd util/argo/argo.go, ValidatePermissions and GetDestinationServer.
func (j *judge) application(a *app, o *render.Object) {
	if a.blank(o, render.Path{"spec"}) {
		j.notes = append(j.notes, validate.Unchecked{App: a.Name, Object: o.Key, What: "the spec of the Application", Why: "it has placeholders"})
		return
	}
	j.destination(o)
	j.sources(o)
	j.policy(o)
	j.differences(o)
	j.finalizers(a, o)
}

// destination judges where an Application goes. Which cluster that is has to be said once: with both ends, or neither, Argo CD
// does not choose (argo-cd util/argo/argo.go, GetDestinationCluster). A namespace is needed by some objects alone, so that
// there is none is only worth knowing.
func (j *judge) destination(o *render.Object) {
	server, name := validate.TextAt(o.Tree, "spec", "destination", "server"), validate.TextAt(o.Tree, "spec", "destination", "name")
	at := render.Path{"spec", "destination"}
	switch {
	case server != "" && name != "":
		j.say(verdict{destination, validate.Error}, o, append(at, "name"), fmt.Sprintf("spec.destination has server %q and name %q, want one of them", server, name))
	case server == "" && name == "":
		j.say(verdict{destination, validate.Error}, o, at, "spec.destination has neither server nor name, want one of them")
	}
	if validate.TextAt(o.Tree, "spec", "destination", "namespace") == "" {
		j.say(verdict{noNamespace, validate.Info}, o, at, "spec.destination has no namespace, which objects without one of their own need")
	}
}

// from is one source of an Application.
type from struct {
	tree any
	at   render.Path
}

// sourcesOf lists the sources that Argo CD looks at: sources come before source (Application types.go, GetSources).
func sourcesOf(o *render.Object) []from {
	var all []from
	for i, tree := range validate.ListAt(o.Tree, "spec", "sources") {
		all = append(all, from{tree, render.Path{"spec", "sources", i}})
	}
	if dry := validate.ValueAt(o.Tree, "spec", "sourceHydrator", "drySource"); dry != nil {
		return []from{{dry, render.Path{"spec", "sourceHydrator", "drySource"}}}
	}
	if tree := validate.ValueAt(o.Tree, "spec", "source"); len(all) == 0 && tree != nil {
		return []from{{tree, render.Path{"spec", "source"}}}
	}
	return all
}

// sources judges what an Application is made of. That source stands beside sources is refused by nobody: GetSources takes
// sources, and who edits source sees nothing change.
func (j *judge) sources(o *render.Object) {
	all := sourcesOf(o)
	several := len(validate.ListAt(o.Tree, "spec", "sources")) > 0
	switch {
	case len(all) == 0:
		j.say(verdict{source, validate.Error}, o, render.Path{"spec"}, "spec has none of source, sources and sourceHydrator")
	case several && validate.ValueAt(o.Tree, "spec", "source") != nil && validate.ValueAt(o.Tree, "spec", "sourceHydrator") == nil:
		j.say(verdict{source, validate.Warning}, o, render.Path{"spec", "source"}, "spec has source and sources, and source is ignored")
	}
	for _, s := range all {
		j.source(o, s, several)
	}
	j.refs(o, all, several)
}

// kindsOfSource are the fields that say how a source is rendered (ApplicationSource.ExplicitType).
func kindsOfSource() []string { return []string{"helm", "kustomize", "directory", "plugin"} }

// source judges one source. Of several, one may be there for its values files alone, and needs no path then. An OCI artifact
// needs a path like any repository, "." for all of it (argo-cd util/argo/argo.go, validateSourcePermissions, and docs
// user-guide/oci). That a chart cannot have a ref is said by the repo-server when a values file asks for it
// (reposerver/repository/repository.go); what nobody asks for yet is refused here too, as it never works.
func (j *judge) source(o *render.Object, s from, several bool) {
	chart, path, ref := validate.TextAt(s.tree, "chart"), validate.TextAt(s.tree, "path"), validate.TextAt(s.tree, "ref")
	what := s.at.String()
	if validate.TextAt(s.tree, "repoURL") == "" {
		j.say(verdict{source, validate.Error}, o, s.at, what+" has no repoURL")
	}
	switch {
	case path == "" && chart == "" && !(several && ref != ""):
		j.say(verdict{source, validate.Error}, o, s.at, what+" has neither path nor chart")
	case chart != "" && ref != "":
		j.say(verdict{source, validate.Error}, o, s.at.With("ref"), fmt.Sprintf("%s has ref %q and a chart, and Argo CD reads values from Git repositories alone", what, ref))
	case chart != "" && path != "":
		j.say(verdict{source, validate.Warning}, o, s.at.With("path"), fmt.Sprintf("%s has chart %q and path %q, want one of them", what, chart, path))
	}
	var kinds []string
	for _, k := range kindsOfSource() {
		if validate.ValueAt(s.tree, k) != nil {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) > 1 {
		j.say(verdict{source, validate.Error}, o, s.at.With(kinds[1]), fmt.Sprintf("%s has %s, want one of them", what, strings.Join(kinds, " and ")))
	}
	j.revision(o, s)
}

// revision judges what a source follows. That a repository of manifests follows a branch is what GitOps is, so a branch
// is said only where no revision is stated; a chart has versions.
func (j *judge) revision(o *render.Object, s from) {
	revision, chart := validate.TextAt(s.tree, "targetRevision"), validate.TextAt(s.tree, "chart")
	at := s.at.With("targetRevision")
	own := j.in.Plan.Hydrate.RepoURL != "" && validate.TextAt(s.tree, "repoURL") == j.in.Plan.Hydrate.RepoURL
	switch {
	case chart != "" && revision == "":
		j.say(verdict{source, validate.Error}, o, s.at, fmt.Sprintf("%s has chart %q and no targetRevision", s.at, chart))
	case constraint(revision):
		j.say(verdict{floating, validate.Warning}, o, at, fmt.Sprintf("%s is %q, which the next release may match", at, revision))
	case own || chart != "" || validate.TextAt(s.tree, "path") == "" && validate.TextAt(s.tree, "ref") == "":
	case revision == "" || revision == "HEAD":
		j.say(verdict{floating, validate.Info}, o, at, fmt.Sprintf("%s is %q, which is whatever the default branch of the repository has", at, revision))
	}
}

// constraint says whether a revision is a range of versions (argo-cd util/versions/tags.go, IsConstraint). It is known by its
// looks: the library that parses ranges there was refused for this one question.
func constraint(revision string) bool {
	return revision != "" && strings.ContainsAny(revision, "*^~><=|") || floatingVersion.MatchString(revision)
}

var floatingVersion = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)?\.[xX](\.[xX])?$|^[0-9.]+ - [0-9.]+$`)

var refName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// refs judges the sources that others take values files from, and those who do. A ref that no values file names is only worth
// knowing: it is fetched for nothing, unless its path is rendered too. Source: argo-cd util/argo/argo.go, GetRefSources.
func (j *judge) refs(o *render.Object, all []from, several bool) {
	named, used := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		ref := validate.TextAt(s.tree, "ref")
		at := s.at.With("ref")
		switch {
		case ref == "":
			continue
		case !several:
			j.say(verdict{valuesRef, validate.Warning}, o, at, fmt.Sprintf("%s is %q, and refs count in spec.sources alone", at, ref))
			continue
		case !refName.MatchString(ref):
			j.say(verdict{valuesRef, validate.Error}, o, at, fmt.Sprintf("%s is %q, want letters, digits, - and _, without the $", at, ref))
		case named[ref]:
			j.say(verdict{valuesRef, validate.Error}, o, at, fmt.Sprintf("%s is %q, as another source has it", at, ref))
		}
		named[ref] = true
	}
	for _, s := range all {
		for _, file := range valuesFiles(s) {
			name, ok := refOf(file.text)
			if used[name] = true; !ok || named[name] {
				continue
			}
			if !several {
				j.say(verdict{valuesRef, validate.Error}, o, file.at, fmt.Sprintf("%s is %q, and an Application with one source has no refs, want spec.sources", file.at, file.text))
				continue
			}
			j.say(verdict{valuesRef, validate.Error}, o, file.at, fmt.Sprintf("%s is %q, and no source has ref %q%s", file.at, file.text, name, hint(name, slices.Sorted(maps.Keys(named)))))
		}
	}
	for _, s := range all {
		ref := validate.TextAt(s.tree, "ref")
		if several && ref != "" && !used[ref] && validate.TextAt(s.tree, "path") == "" && len(all) > 1 {
			at := s.at.With("ref")
			j.say(verdict{valuesRef, validate.Info}, o, at, fmt.Sprintf("%s is %q, and no values file begins with $%s/", at, ref, ref))
		}
	}
}

// valuesFile is a path of a values file, and where it stands.
type valuesFile struct {
	text string
	at   render.Path
}

// valuesFiles lists what a source reads from files that may be in another source. Parameters of files are resolved as values
// files are (reposerver/repository/repository.go, getResolvedValueFiles and the loop over FileParameters after it).
func valuesFiles(s from) []valuesFile {
	var files []valuesFile
	for i, v := range validate.ListAt(s.tree, "helm", "valueFiles") {
		if text, ok := v.(string); ok {
			files = append(files, valuesFile{text, s.at.With("helm", "valueFiles", i)})
		}
	}
	for i, v := range validate.ListAt(s.tree, "helm", "fileParameters") {
		if text := validate.TextAt(v, "path"); text != "" {
			files = append(files, valuesFile{text, s.at.With("helm", "fileParameters", i, "path")})
		}
	}
	return files
}

// refOf gives the name of the source that a values file is in. A variable of the build environment is none, although it is
// written alike. Source: argo-cd docs user-guide/build-environment.
func refOf(file string) (string, bool) {
	name, _, slash := strings.Cut(file, "/")
	name, ok := strings.CutPrefix(name, "$")
	return name, ok && slash && refName.MatchString(name) && !strings.HasPrefix(name, "ARGOCD_") && name != "KUBE_VERSION" && name != "KUBE_API_VERSIONS"
}

// policy judges the sync policy of an Application: settings of which one makes another do nothing. None is refused anywhere.
// Options are looked for as whole texts, so of two values of one option whichever is asked for counts. Source: argo-cd controller/sync.go; for Replace and ServerSideApply gitops-engine
// pkg/sync/sync_context.go, applyObject, which asks for Replace first.
func (j *judge) policy(o *render.Object) {
	at := render.Path{"spec", "syncPolicy"}
	options := validate.TextsAt(o.Tree, "spec", "syncPolicy", "syncOptions")
	for i, option := range validate.ListAt(o.Tree, "spec", "syncPolicy", "syncOptions") {
		if text, ok := option.(string); ok {
			if wrong := wrongOption(text, true); wrong != "" {
				field := render.Path{"spec", "syncPolicy", "syncOptions", i}
				j.say(verdict{syncOption, validate.Warning}, o, field, fmt.Sprintf("%s is %q, %s", field, text, wrong))
			}
		}
	}
	automated := validate.MappingAt(o.Tree, "spec", "syncPolicy", "automated")
	if prune, _ := automated["prune"].(bool); automated["allowEmpty"] == true && !prune {
		j.say(verdict{syncPolicy, validate.Warning}, o, append(at, "automated", "allowEmpty"), "spec.syncPolicy.automated.allowEmpty is true and prune is not, so nothing can become empty")
	}
	if automated["enabled"] == false {
		for _, key := range []string{"prune", "selfHeal"} {
			if automated[key] == true {
				j.say(verdict{syncPolicy, validate.Info}, o, append(at, "automated", key), fmt.Sprintf("spec.syncPolicy.automated.%s is true and enabled is false, so nothing does it", key))
			}
		}
	}
	if metadata := validate.ValueAt(o.Tree, "spec", "syncPolicy", "managedNamespaceMetadata"); metadata != nil && !slices.Contains(options, "CreateNamespace=true") {
		j.say(verdict{syncPolicy, validate.Warning}, o, append(at, "managedNamespaceMetadata"), "spec.syncPolicy.managedNamespaceMetadata is there and the option CreateNamespace=true is not, so nobody sets it")
	}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		if other := name + "=" + opposite(value); opposite(value) != "" && slices.Contains(options, other) && value == "true" {
			j.say(verdict{syncPolicy, validate.Warning}, o, append(at, "syncOptions"), fmt.Sprintf("spec.syncPolicy.syncOptions has %s and %s", option, other))
		}
	}
	if slices.Contains(options, "Replace=true") && slices.Contains(options, "ServerSideApply=true") {
		j.say(verdict{syncPolicy, validate.Warning}, o, append(at, "syncOptions"), "spec.syncPolicy.syncOptions has Replace=true and ServerSideApply=true, of which the first wins")
	}
}

// opposite gives the other value of a switch, or "" for what is none.
func opposite(value string) string {
	switch value {
	case "true":
		return "false"
	case "false":
		return "true"
	}
	return ""
}

// differences judges which differences an Application says do not count (argo-cd util/argo/normalizers, diff_normalizer.go).
func (j *judge) differences(o *render.Object) {
	for i, entry := range validate.ListAt(o.Tree, "spec", "ignoreDifferences") {
		at := render.Path{"spec", "ignoreDifferences", i}
		if strings.Contains(validate.TextAt(entry, "group"), "/") {
			field := at.With("group")
			j.say(verdict{differences, validate.Warning}, o, field, fmt.Sprintf("%s is %q, want the group without a version", field, validate.TextAt(entry, "group")))
		}
		pointers := validate.ListAt(entry, "jsonPointers")
		if len(pointers)+len(validate.ListAt(entry, "jqPathExpressions"))+len(validate.ListAt(entry, "managedFieldsManagers")) == 0 {
			j.say(verdict{differences, validate.Warning}, o, at, fmt.Sprintf("%s has none of jsonPointers, jqPathExpressions and managedFieldsManagers, so it ignores nothing", at))
		}
		for k, pointer := range pointers {
			text, ok := pointer.(string)
			field := at.With("jsonPointers", k)
			switch {
			case ok && !strings.HasPrefix(text, "/"):
				j.say(verdict{differences, validate.Warning}, o, field, fmt.Sprintf("%s is %q, want a JSON pointer, which begins with /", field, text))
			case ok && badEscape.MatchString(text):
				j.say(verdict{differences, validate.Warning}, o, field, fmt.Sprintf("%s is %q, want ~0 for ~ and ~1 for / inside of a name", field, text))
			}
		}
	}
}

var badEscape = regexp.MustCompile(`~([^01]|$)`)

// finalizers judges the finalizers of Argo CD: one that nobody knows is never taken off, and the deletion never ends.
// Source: argo-cd pkg/apis/application/v1alpha1/application_defaults.go and types.go, isPropagationPolicyFinalizer.
func (j *judge) finalizers(a *app, o *render.Object) {
	const resources = "resources-finalizer.argocd.argoproj.io"
	known := []string{
		resources, resources + "/foreground", resources + "/background", "pre-delete-finalizer.argocd.argoproj.io", "pre-delete-finalizer.argocd.argoproj.io/cleanup",
		"post-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io/cleanup",
	}
	for i, text := range validate.TextsAt(o.Tree, "metadata", "finalizers") {
		at := render.Path{"metadata", "finalizers", i}
		if strings.Contains(text, "argo") && !slices.Contains(known, text) && !a.blank(o, at) {
			j.say(verdict{finalizer, validate.Warning}, o, at, fmt.Sprintf("%s is %q, which Argo CD never takes off%s", at, text, hint(text, known)))
		}
	}
}
