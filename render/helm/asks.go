package helm

import (
	"bytes"
	"regexp"
	"slices"
)

// asksAPIs says whether anything that the chart may execute as a template asks which APIs the cluster offers: the
// templates of the chart and its enabled subcharts, and what may go to tpl, which is every string of the values and
// every file. It looks at text and not at parsed templates: a yes too many costs a render, a no too many renders the
// chart with too short a list. That is also why files of any kind count, documentation too.
func asksAPIs(p part, user map[string]any) bool {
	return valuesAskAPIs(user) || partAsksAPIs(p)
}

// partAsksAPIs looks at a chart as it was loaded, the archives in charts/ opened.
func partAsksAPIs(p part) bool {
	for _, f := range p.templates {
		if templateAsksAPIs(f.Data) {
			return true
		}
	}
	for _, f := range p.files {
		if textAsksAPIs(f.Data) {
			return true
		}
	}
	if textAsksAPIs(p.defaults) || valuesAskAPIs(p.values) {
		return true
	}
	for _, sub := range p.parts {
		if partAsksAPIs(sub) {
			return true
		}
	}
	return false
}

// valuesAskAPIs looks at every string below v.
func valuesAskAPIs(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, child := range v {
			if valuesAskAPIs(child) {
				return true
			}
		}
	case []any:
		for _, child := range v {
			if valuesAskAPIs(child) {
				return true
			}
		}
	case string:
		return textAsksAPIs([]byte(v))
	}
	return false
}

// otherCapability is what may stand behind .Capabilities and asks for something else than APIs.
var otherCapability = regexp.MustCompile(`^\)?\s*\.(KubeVersion|HelmVersion)\b`)

// textAsksAPIs finds the name of the list, and .Capabilities where it is handed on as a whole: to a function that
// prints it, or into a variable.
func textAsksAPIs(text []byte) bool {
	if bytes.Contains(text, []byte("APIVersions")) {
		return true
	}
	const whole = "Capabilities"
	for at := bytes.Index(text, []byte(whole)); at >= 0; {
		text = text[at+len(whole):]
		if !otherCapability.Match(text) {
			return true
		}
		at = bytes.Index(text, []byte(whole))
	}
	return false
}

// templateAsksAPIs is textAsksAPIs for a template, which may print all that it is given.
func templateAsksAPIs(text []byte) bool { return textAsksAPIs(text) || dumpsContext(string(text)) }

// contextDump finds a command that makes text of all that a template is given, the capabilities too: "toYaml $",
// "$ | toJson". A dot counts as well, although it is mostly a part of the values: in a template that begins with a
// dump of the dot, outside every with and range, nobody can tell. A printer is a function that makes text of a value.
const printer = `(?:(?:must)?to(?:Yaml|YamlPretty|Json|PrettyJson|RawJson|Toml|String|Strings)|print(?:f|ln)?|s?quote|cat)`

var (
	contextDump = regexp.MustCompile(`\b` + printer + `\s+(?:"[^"]*"\s+)?\$\s*(?:[|)}]|-\})|(?:\{\{-?|\()\s*\$\s*\|\s*` + printer + `\b`)
	dotDump     = regexp.MustCompile(`\b` + printer + `\s+(?:"[^"]*"\s+)?\.\s*(?:[|)}]|-\})|(?:\{\{-?|\()\s*\.\s*\|\s*` + printer + `\b`)
	block       = regexp.MustCompile(`\{\{-?\s*(with|range|if|block|define|end)\b`)
)

// dumpsContext looks for contextDump anywhere, and for a dot where it is the whole context.
func dumpsContext(text string) bool {
	if contextDump.MatchString(text) {
		return true
	}
	dumps := dotDump.FindAllStringIndex(text, -1)
	if len(dumps) == 0 {
		return false
	}
	edges := block.FindAllStringSubmatchIndex(text, -1)
	for _, dump := range dumps {
		var open []string
		for _, e := range edges {
			if e[0] > dump[0] {
				break
			}
			switch word := text[e[2]:e[3]]; {
			case word != "end":
				open = append(open, word)
			case len(open) > 0:
				open = open[:len(open)-1]
			}
		}
		if !slices.Contains(open, "with") && !slices.Contains(open, "range") {
			return true
		}
	}
	return false
}
