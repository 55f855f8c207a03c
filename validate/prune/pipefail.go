package prune

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// pipelines finds the commands of config management plugins whose first stage may fail unseen. Plugins are declared in
// a ConfigMap that a sidecar mounts, as a document of their own, or, before Argo CD 2.8, in argocd-cm.
// Source: argo-cd docs config-management-plugins; argo-cd #15339, argocd-vault-plugin #533 and #700.
func pipelines(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	var unchecked []validate.Unchecked
	for _, result := range in.Results {
		for i := range result.Set.Objects {
			o := &result.Set.Objects[i]
			plugins, err := pluginsOf(o)
			if err != nil {
				unchecked = append(unchecked, validate.Unchecked{App: result.App.Name, Object: o.Key, What: "the pipelines of the plugins in it", Why: err.Error()})
			}
			for _, p := range plugins {
				for _, step := range []string{"init", "generate"} {
					fault := p.fault(step)
					if fault == "" {
						continue
					}
					one := validate.On(o, p.at(step), fmt.Sprintf("%s: the %s command of plugin %s %s", o.Key, step, p.name, fault))
					one.Severity, one.App, one.Source = validate.Outage, result.App.Name, "argo-cd #15339"
					one.Fix = `run it with bash -euo pipefail -c, or begin the script with "set -euo pipefail"; a dash (sh in Argo CD's image) before 0.5.13 refuses pipefail`
					found = append(found, one)
				}
			}
		}
	}
	return found, unchecked
}

// plugin is the declaration of a plugin and where in its object it stands.
type plugin struct {
	name string
	spec any         // with init and generate
	path render.Path // of the text that holds it, or of the spec
	text bool        // whether it is a text in the object
}

// at gives the place of a step; inside a text that is the text.
func (p plugin) at(step string) render.Path {
	if p.text {
		return p.path
	}
	return p.path.With(step)
}

// pluginsOf lists the plugins that an object declares.
func pluginsOf(o *render.Object) ([]plugin, error) {
	if o.Key.Group == "argoproj.io" && o.Key.Kind == "ConfigManagementPlugin" {
		return []plugin{{name: o.Key.Name, spec: o.Tree["spec"], path: render.Path{"spec"}}}, nil
	}
	entries, _ := o.Tree["data"].(map[string]any)
	if o.Key.Group != "" || o.Key.Kind != "ConfigMap" {
		return nil, nil
	}
	var list []plugin
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		text, _ := entries[key].(string)
		if key == "configManagementPlugins" {
			// It is a bare list; under a key it is an object that can be read.
			text = "apiVersion: v1\nkind: Plugins\nmetadata: {name: all}\nplugins:\n" + text
		} else if !strings.Contains(text, "ConfigManagementPlugin") {
			continue
		}
		set, err := render.Parse(key, []byte(text))
		if err != nil {
			return list, fmt.Errorf("reading its entry %s as YAML: it is none", key)
		}
		at := render.Path{"data", key}
		for _, d := range set.Objects {
			if d.Key.Kind == "ConfigManagementPlugin" {
				list = append(list, plugin{name: d.Key.Name, spec: d.Tree["spec"], path: at, text: true})
			}
			declared, _ := d.Tree["plugins"].([]any)
			for _, spec := range declared {
				list = append(list, plugin{name: fmt.Sprint(lookup(spec, "name")...), spec: spec, path: at, text: true})
			}
		}
	}
	return list, nil
}

// fault says what is wrong with a step, or "".
func (p plugin) fault(step string) string {
	var line []string
	for _, part := range []string{"command", "args"} {
		list, _ := at(p.spec, step+" "+part).([]any)
		for _, word := range list {
			line = append(line, fmt.Sprint(word))
		}
	}
	script, safe, ok := shell(line)
	if !ok || safe {
		return ""
	}
	pipe := firstPipe(script)
	if pipe < 0 || setsPipefail.MatchString(script[:pipe]) {
		return ""
	}
	return "is a pipeline without pipefail"
}

var setsPipefail = regexp.MustCompile(`(^|[\s;&({])set\s+([-+]\w+\s+)*-\w*o\s+pipefail\b`)

// shell gives the script of a command line like sh -c "a | b", and whether the shell was told pipefail.
func shell(line []string) (script string, safe, ok bool) {
	i := slices.IndexFunc(line, func(word string) bool {
		return slices.Contains([]string{"sh", "bash", "ash", "dash", "zsh", "ksh"}, path.Base(word))
	})
	if i < 0 {
		return "", false, false
	}
	takes := false
	for i++; i < len(line); i++ {
		word := line[i]
		if !strings.HasPrefix(word, "-") || strings.HasPrefix(word, "--") && len(word) > 2 {
			if strings.HasPrefix(word, "--") {
				continue
			}
			return word, safe, takes
		}
		takes = takes || strings.Contains(word, "c")
		if strings.Contains(word, "o") && i+1 < len(line) {
			i++
			safe = safe || line[i] == "pipefail"
		}
	}
	return "", safe, false
}

// firstPipe gives where the first pipe of a script is, or -1. Quoted text, comments, "||", ">|" and the alternatives of
// a case are none.
func firstPipe(script string) int {
	var quote byte
	for i := 0; i < len(script); i++ {
		c := script[i]
		switch {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			// Inside double quotes $( ) runs commands, pipes and all.
			if quote == '"' && c == '$' && strings.HasPrefix(script[i:], "$(") {
				if n := firstPipe(script[i+2:]); n >= 0 && n < closing(script[i+2:]) {
					return i + 2 + n
				}
				i += 1 + closing(script[i+2:])
			}
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && (i == 0 || strings.IndexByte(" \t\n;", script[i-1]) >= 0):
			if n := strings.IndexByte(script[i:], '\n'); n >= 0 {
				i += n
			} else {
				return -1
			}
		case c != '|':
		case strings.HasPrefix(script[i:], "||"):
			i++
		case i > 0 && script[i-1] == '>', alternative(script, i):
		default:
			return i
		}
	}
	return -1
}

// closing gives where the parenthesis that is open at the start of text ends.
func closing(text string) int {
	depth := 1
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// alternative says whether the bar at i stands between the patterns of a case: from the start of its branch on there is
// nothing but words and bars up to a closing parenthesis.
func alternative(script string, i int) bool {
	end := strings.IndexByte(script[i:], ')')
	if end < 0 || !strings.Contains(script[:i], "case ") {
		return false
	}
	start := strings.LastIndexAny(script[:i], "\n;")
	if in := strings.LastIndex(script[:i], " in "); in+3 > start && in >= 0 {
		start = in + 3
	}
	return patterns.MatchString(script[start+1 : i+end])
}

var patterns = regexp.MustCompile(`^\s*\(?[^\s()|;&]+(\s*\|\s*[^\s()|;&]+)+\s*$`)
