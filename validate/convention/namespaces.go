package convention

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/validate"
)

// The rules about namespaces.
const (
	namespaceSuffix = "namespace-suffix"
	sharedNamespace = "shared-namespace"
	missingQuota    = "missing-quota"
	missingLimits   = "missing-limit-range"
)

// suffixes are how namespaces end, by tier; nil where the stack leaves it out.
type suffixes struct {
	System, Core, Apps, Except set
}

// quota is what bounds a namespace.
type quota struct {
	LimitRange bool
	Except     set
}

// suffix holds the destinations of apps to their tiers.
func (j *judge) suffix() error {
	s := j.NamespaceSuffix
	if s == nil {
		return nil
	}
	if s.System == nil {
		s.System = set{"-system"}
	}
	if s.Core == nil {
		s.Core = set{"-core"}
	}
	for _, app := range j.in.Plan.Apps() {
		tier := j.tier[app.Layer]
		want := map[string]set{"system": s.System, "core": s.Core, "apps": s.Apps}[tier]
		ends := func(suffix string) bool { return suffix != "" && strings.HasSuffix(app.Namespace, suffix) }
		switch {
		case app.Namespace == "", s.Except.has(app.Namespace):
		case tier == "apps" && want == nil:
			others := slices.Concat(s.System, s.Core)
			if i := slices.IndexFunc(others, ends); i >= 0 {
				j.sayOf(namespaceSuffix, app, fmt.Sprintf("app %s of tier apps goes to namespace %q, and %q is the end of another tier's", app.Name, app.Namespace, others[i]))
			}
		case len(want) > 0 && !want.has("") && !slices.ContainsFunc(want, ends):
			j.sayOf(namespaceSuffix, app, fmt.Sprintf("app %s of tier %s goes to namespace %q, want one that ends in %s", app.Name, tier, app.Namespace, quoted(want)))
		}
	}
	return nil
}

// quoted writes "a" or "b".
func quoted(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(all, " or ")
}

// apart finds namespaces that several apps have. Objects that an app puts into the namespace of another, like a request
// for a database, are no second app in it.
func (j *judge) apart() error {
	if j.OneAppPerNamespace == nil {
		return nil
	}
	for _, name := range j.names {
		s := j.spaces[name]
		if j.OneAppPerNamespace.Shared.has(name) || len(s.apps) < 2 {
			continue
		}
		for _, app := range s.apps[1:] {
			j.sayOf(sharedNamespace, app, fmt.Sprintf("app %s is in namespace %q, where app %s is too", app.Name, name, s.apps[0].Name))
		}
	}
	return nil
}

// bounds finds namespaces without a ResourceQuota.
func (j *judge) bounds() error {
	if j.Quota == nil || !j.in.Whole() {
		return nil
	}
	for _, name := range j.names {
		s := j.spaces[name]
		if s.first() == nil || j.Quota.Except.has(name) {
			continue
		}
		if s.quotas == 0 {
			j.about(s, missingQuota, fmt.Sprintf("namespace %q has no ResourceQuota", name))
		}
		if len(s.limits) == 0 && j.Quota.LimitRange {
			j.about(s, missingLimits, fmt.Sprintf("namespace %q has no LimitRange", name))
		}
	}
	return nil
}

// about adds a finding about a namespace: to the Namespace, or to what runs in it where the stack has none.
func (j *judge) about(s *space, rule, message string) {
	j.say(rule, cmp.Or(s.object, s.first()), nil, message)
}

var namespaceRules = []validate.Rule{
	{
		ID: namespaceSuffix, Title: "a namespace that does not end as its tier says", Severity: validate.Warning,
		Why:    "The end of the name says what lies in the namespace, and grants and policies go by it: one that is called otherwise has those of another tier, or none.",
		Fix:    "give the app another namespace or move it to another layer, or name it in conventions: namespaceSuffix: except; the stack asks for this with conventions: namespaceSuffix",
		Source: "the three-layer convention",
		Wrong:  houseOf("namespaceSuffix: {}", `tier: "core"`, `namespace: "example"`) + configMap,
		Right:  houseOf("namespaceSuffix: {}", `tier: "core"`, `namespace: "example-core"`) + configMap,
	},
	{
		ID: sharedNamespace, Title: "a namespace that several apps have", Severity: validate.Warning,
		Why:    "What runs in a namespace can use its ServiceAccounts and mount its Secrets, those of the other app too.",
		Fix:    "give each app a namespace, or name the namespace in conventions: oneAppPerNamespace: shared; the stack asks for this with conventions: oneAppPerNamespace",
		Source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
		Wrong:  houseOf("oneAppPerNamespace: {}", `apps: other: {namespace: "example", manifests: ["other.yaml"]}`) + configMap + otherMap,
		Right:  houseOf("oneAppPerNamespace: {}", `apps: other: {namespace: "other", manifests: ["other.yaml"]}`) + configMap + otherMap,
	},
	{
		ID: missingQuota, Title: "a namespace without a ResourceQuota", Severity: validate.Warning,
		Why:    "One app that asks for too much leaves nothing for the others.",
		Fix:    "add a ResourceQuota, or name the namespace in conventions: quota: except; the stack asks for this with conventions: quota",
		Source: "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
		Wrong:  houseOf("quota: {}") + deployment(""),
		Right:  houseOf("quota: {}") + deployment("") + "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: quota}\nspec: {hard: {pods: \"10\"}}\n",
	},
	{
		ID: missingLimits, Title: "a namespace without a LimitRange", Severity: validate.Warning,
		Why:    "Where a quota counts requests or limits, a container that states none is refused; where none counts them, it runs without bounds.",
		Fix:    "add a LimitRange with defaults, or name the namespace in conventions: quota: except; the stack asks for this with conventions: quota: limitRange: true",
		Source: "https://kubernetes.io/docs/concepts/policy/limit-range/",
		Wrong:  houseOf("quota: limitRange: true") + deployment(""),
		Right:  houseOf("quota: limitRange: true") + deployment("") + "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: defaults}\nspec: {limits: [{type: Container, defaultRequest: {cpu: 50m}}]}\n",
	},
}
