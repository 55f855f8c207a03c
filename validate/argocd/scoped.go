package argocd

import (
	"encoding/base64"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// secretType is the label of Secrets that declare repositories and clusters (argo-cd docs operator-manual/declarative-setup).
const secretType = "argocd.argoproj.io/secret-type"

// scope is what Secrets add to a project that they name: repositories to its sourceRepos, clusters to its destinations.
// Source: argo-cd util/argo/argo.go, GetAppProjectByName, and docs user-guide/projects, Project scoped Repositories and Clusters.
type scope struct {
	repos    []string // as normal writes them
	clusters []string // names and addresses
	unknown  bool     // a Secret of these is made by an operator, or has a placeholder
}

// scoped reads the Secrets of all apps for one project, once. A placeholder in a field that decides, or an operator that makes
// such Secrets, makes the project's scope unknown, and then nothing is said to be denied.
func (j *judge) scoped(project string) scope {
	if s, known := j.scopes[project]; known {
		return s
	}
	var s scope
	for _, a := range j.apps {
		for i := range a.set.Objects {
			o := &a.set.Objects[i]
			if o.Key.GroupKind() != "Secret" {
				s.unknown = s.unknown || o.Key.Group != "" && o.Key.Group != group && labelled(o.Tree)
				continue
			}
			kind := validate.TextAt(o.Tree, "metadata", "labels", secretType)
			if kind != "repository" && kind != "cluster" {
				continue
			}
			if a.blank(o, render.Path{"stringData"}) || a.blank(o, render.Path{"data"}) {
				// Of a Secret with placeholders it is enough that what counts here is known.
				for _, field := range []string{"project", "url", "server", "name"} {
					s.unknown = s.unknown || a.blank(o, render.Path{"stringData", field}) || a.blank(o, render.Path{"data", field})
				}
			}
			if entry(o, "project") != project {
				continue
			}
			if kind == "repository" {
				s.repos = append(s.repos, normal(entry(o, "url")))
				continue
			}
			s.clusters = append(s.clusters, entry(o, "server"), entry(o, "name"))
		}
	}
	s.clusters = slices.DeleteFunc(s.clusters, func(text string) bool { return text == "" })
	j.scopes[project] = s
	return s
}

// entry gives what a Secret has under a key.
func entry(o *render.Object, key string) string {
	if text := validate.TextAt(o.Tree, "stringData", key); text != "" {
		return text
	}
	text, err := base64.StdEncoding.DecodeString(validate.TextAt(o.Tree, "data", key))
	if err != nil {
		return ""
	}
	return string(text)
}

// labelled says whether a custom resource has the label somewhere, as the template of a Secret does.
func labelled(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if k == secretType || labelled(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, labelled)
	}
	return false
}
