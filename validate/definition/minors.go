package definition

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"

	"sluice/render"
	"sluice/validate"
)

// compatible is the version of Kubernetes whose features a server of a minor takes in new definitions: the one before
// its own, so that it can be rolled back. Source: DefaultCompatibilityVersion of k8s.io/apiserver pkg/cel/environment.
func compatible(minor int) *version.Version {
	if minor <= 1 {
		return environment.DefaultCompatibilityVersion()
	}
	return version.MajorMinor(1, uint(minor-1))
}

// expression is a text in CEL of a definition, with its place.
type expression struct {
	at   render.Path
	text string
}

// expressions finds the rules and their messages in the tree of a definition, in its order.
func expressions(value any, at render.Path) []expression {
	var list []expression
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			below := at.With(key)
			if rules, ok := value[key].([]any); ok && key == "x-kubernetes-validations" {
				list = append(list, rulesIn(rules, below)...)
			} else {
				list = append(list, expressions(value[key], below)...)
			}
		}
	case []any:
		for i, v := range value {
			list = append(list, expressions(v, at.With(i))...)
		}
	}
	return list
}

func rulesIn(rules []any, at render.Path) []expression {
	var list []expression
	for i, rule := range rules {
		fields, _ := rule.(map[string]any)
		for _, name := range []string{"rule", "messageExpression"} {
			if text, ok := fields[name].(string); ok {
				list = append(list, expression{at.With(i, name), text})
			}
		}
	}
	return list
}

// tooNew finds what expressions use that a server of one of the minors asked for does not know: it refuses what they are
// part of. What no version knows is left to the judgement of the whole.
func (f *family) tooNew(in validate.Input, list []expression, say func(render.Path, string)) {
	minors := slices.Concat([]int{in.Minor}, in.Minors)
	newest := environment.DefaultCompatibilityVersion()
	oldest := slices.Min(minors)
	if in.Minor <= 1 || compatible(oldest).AtLeast(newest) {
		return
	}
	said := map[string]bool{}
	for _, e := range list {
		var names []string
		first := oldest
		for _, name := range f.undeclared(e.text, compatible(oldest)) {
			if said[name] || slices.Contains(f.undeclared(e.text, newest), name) {
				continue
			}
			said[name] = true
			names = append(names, name)
			for slices.Contains(f.undeclared(e.text, compatible(first)), name) {
				first++
			}
		}
		if len(names) > 0 {
			say(e.at, fmt.Sprintf("%s uses %s in CEL, which a server takes in a new object from Kubernetes 1.%d on, and 1.%d was asked for",
				e.at, strings.Join(names, ", "), first, oldest))
		}
	}
}

// wording is an expression, and the version that it is compiled for.
type wording struct{ text, version string }

// undeclared lists the functions and libraries in an expression that the environment of a version does not have, sorted.
// The versions of a definition, and its releases, have most expressions in common, so they
// are kept.
func (f *family) undeclared(text string, of *version.Version) []string {
	key := wording{text, of.String()}
	if names, ok := f.names.Load(key); ok {
		return names.([]string)
	}
	names := []string{}
	if _, issues := environment.MustBaseEnvSet(of).NewExpressionsEnv().Compile(text); issues != nil {
		for _, e := range issues.Errors() {
			name, ok := strings.CutPrefix(e.Message, "undeclared reference to '")
			if name, _, _ = strings.Cut(name, "'"); ok && applied(text, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	f.names.Store(key, names)
	return names
}

// applied says whether a name in an expression is that of a function or a library, and no variable: those of the object
// are not declared here, and those of a macro are not where it is not known.
func applied(text, name string) bool {
	if name == "self" || name == "oldSelf" {
		return false
	}
	for {
		_, rest, ok := strings.Cut(text, name)
		if !ok {
			return false
		}
		if text = rest; strings.HasPrefix(strings.TrimSpace(rest), "(") || strings.HasPrefix(rest, ".") {
			return true
		}
	}
}
