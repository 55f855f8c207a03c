package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// Judges says whether the rules of this package judge objects of an apiVersion under Kubernetes 1.minor, also where all they
// say is that there is no such kind. Kinds of other groups than Kubernetes' own are judged by their definitions. A group
// without a dot can have no definition (the API server wants one), so that it is judged here.
func Judges(apiVersion string, minor int) bool {
	if minor < schemas.OldestMinor || schemas.NewestMinor < minor {
		return false
	}
	group, _ := split(apiVersion)
	return own(group) || !strings.Contains(group, ".")
}

// own says whether a group is one of Kubernetes itself, of whichever minor. Others end in ".k8s.io" too, and have
// definitions. Source: the directories of k8s.io/api and of kube-aggregator and apiextensions-apiserver, past ones included.
func own(group string) bool {
	switch strings.TrimSuffix(group, ".k8s.io") {
	case "", "apps", "autoscaling", "batch", "extensions", "policy":
		return !strings.Contains(group, ".")
	case "admissionregistration", "apiextensions", "apiregistration", "auditregistration", "authentication", "authorization",
		"certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "imagepolicy", "internal.apiserver", "lifecycle",
		"networking", "node", "rbac.authorization", "resource", "scheduling", "settings", "storage", "storagemigration":
		return strings.Contains(group, ".")
	}
	return false
}

// split gives group and version of an apiVersion.
func split(apiVersion string) (group, version string) {
	if group, version, ok := strings.Cut(apiVersion, "/"); ok {
		return group, version
	}
	return "", apiVersion
}

// nameOf writes a kind as "apps/v1 Deployment".
func nameOf(a schemas.API) string {
	return strings.TrimPrefix(a.Group+"/"+a.Version, "/") + " " + a.Kind
}

// kindOf finds the kind of an object in a minor, or says why there is none. Both may be: a kind that is going.
func (j *judgement) kindOf(o *render.Object, minor int) (schemas.Kind, *problem) {
	group, version := split(o.APIVersion)
	kind, served := schemas.Lookup(minor, group, version, o.Key.Kind)
	api := schemas.API{Group: group, Version: version, Kind: o.Key.Kind}
	says := func(rule string, format string, args ...any) *problem {
		return &problem{rule: rule, field: render.Path{"apiVersion"}, message: nameOf(api) + " " + fmt.Sprintf(format, args...)}
	}
	switch {
	case served && kind.Gated && !j.extra[o.APIVersion] && !j.extra[o.APIVersion+"/"+o.Key.Kind]:
		return kind, says(disabledAPI, "is served only where a flag of the API server asks for it")
	case served && kind.Deprecated > 0 && kind.Deprecated <= minor:
		return kind, says(deprecatedAPI, "is deprecated since Kubernetes 1.%d%s%s", kind.Deprecated, going(kind), instead(kind, minor))
	case served:
		return kind, nil
	case j.extra[o.APIVersion] || j.extra[o.APIVersion+"/"+o.Key.Kind]:
		kind.API = api
		return kind, nil // the plan says that the cluster has it, and nobody here knows its shape
	case kind.Removed > 0 && kind.Removed <= minor:
		return kind, says(removedAPI, "was removed in Kubernetes 1.%d%s", kind.Removed, instead(kind, minor))
	case kind.Introduced > minor:
		return kind, says(futureAPI, "came with Kubernetes 1.%d%s", kind.Introduced, others(minor, api))
	}
	if last := lastOf(api); last > 0 && last < minor {
		return kind, says(removedAPI, "is gone since Kubernetes 1.%d%s", last+1, others(minor, api))
	}
	p := says(unknownKind, "is not an API of Kubernetes 1.%d%s", minor, meant(minor, api))
	return kind, p
}

// going says in which minor a kind goes.
func going(k schemas.Kind) string {
	if k.Removed == 0 {
		return ""
	}
	return fmt.Sprintf(" and goes with 1.%d", k.Removed)
}

// instead says what takes the place of a kind: the last of a row of replacements that a minor serves.
func instead(k schemas.Kind, minor int) (said string) {
	for range few {
		if k.Replacement == (schemas.API{}) {
			break
		}
		to, served := schemas.Lookup(minor, k.Replacement.Group, k.Replacement.Version, k.Replacement.Kind)
		if served && !to.Gated {
			said = ": use " + nameOf(k.Replacement)
		}
		k = to
	}
	return said
}

// lastOf gives the last minor that served a kind, zero where none did.
func lastOf(a schemas.API) int {
	for minor := schemas.NewestMinor; minor >= schemas.OldestMinor; minor-- {
		if _, ok := schemas.Lookup(minor, a.Group, a.Version, a.Kind); ok {
			return minor
		}
	}
	return 0
}

// others says in which version, or failing that in which group, a minor serves a kind of that name.
func others(minor int, a schemas.API) string {
	if k, ok := sameKind(minor, a); ok {
		return ": use " + nameOf(k)
	}
	return ""
}

// sameKind finds a kind of the same name: of the same group first, and of the most stable version.
func sameKind(minor int, a schemas.API) (schemas.API, bool) {
	var all []schemas.API
	for _, k := range schemas.Kinds(minor) {
		if k.Kind == a.Kind && !k.Gated {
			all = append(all, k.API)
		}
	}
	if len(all) == 0 {
		return schemas.API{}, false
	}
	rank := func(b schemas.API) int {
		r := 0
		if b.Group != a.Group {
			r += 4
		}
		if strings.Contains(b.Version, "alpha") || strings.Contains(b.Version, "beta") {
			r += 2
		}
		return r
	}
	return slices.MinFunc(all, func(b, c schemas.API) int {
		return cmp.Or(cmp.Compare(rank(b), rank(c)), -cmp.Compare(b.Version, c.Version))
	}), true
}

// meant says what was probably meant by a kind that no minor has.
func meant(minor int, a schemas.API) string {
	if k, ok := sameKind(minor, a); ok {
		return ", did you mean " + nameOf(k) + "?"
	}
	var here []string
	for _, k := range schemas.Kinds(minor) {
		if strings.EqualFold(k.Kind, a.Kind) {
			here = []string{k.Kind}
			break
		}
		if k.Group == a.Group {
			here = append(here, k.Kind)
		}
	}
	near := render.Nearest(a.Kind, here)
	if near == "" {
		return ""
	}
	k, ok := sameKind(minor, schemas.API{Group: a.Group, Version: a.Version, Kind: near})
	if !ok {
		return ""
	}
	return ", did you mean " + nameOf(k) + "?"
}

// judged says whether an object's kind is a matter of this package: not where the stack has a definition of it.
func (j *judgement) judged(o *render.Object) bool {
	group, _ := split(o.APIVersion)
	return (own(group) || !strings.Contains(group, ".")) && !j.defined[render.Key{Group: group, Kind: o.Key.Kind}]
}

// definedKinds gives group and kind of every definition that the stack renders or was given.
func definedKinds(in validate.Input) map[render.Key]bool {
	defined := map[render.Key]bool{}
	note := func(o render.Object) {
		group, _ := render.Path{"spec", "group"}.In(o.Tree)
		kind, _ := render.Path{"spec", "names", "kind"}.In(o.Tree)
		defined[render.Key{Group: fmt.Sprint(group), Kind: fmt.Sprint(kind)}] = true
	}
	for _, r := range in.Results {
		for _, o := range r.Set.Definitions() {
			note(o)
		}
	}
	for _, o := range in.Definitions {
		note(o)
	}
	return defined
}
