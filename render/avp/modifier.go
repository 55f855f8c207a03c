package avp

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/render"
)

// modifier is one stage that the plugin knows (pkg/kube/modifiers.go). check gets the words after its name and says
// what is wrong with them.
type modifier struct {
	name  string
	check func(words []string) string
}

var modifiers = []modifier{
	{"base64encode", noWords},
	{"base64decode", noWords},
	{"jsonPath", jsonPathWords},
	{"jsonParse", noWords},
	{"yamlParse", noWords},
	{"indent", indentWords},
	{"sha256sum", noWords},
}

// parseModifier reads the text between two "|" and gives it back with single blanks.
func parseModifier(stage string) (string, *flaw) {
	words := strings.Fields(stage)
	if len(words) == 0 {
		return "", &flaw{"an empty modifier, on which the plugin crashes", `remove the "|" without a modifier`}
	}
	for _, m := range modifiers {
		if m.name != words[0] {
			continue
		}
		if wrong := m.check(words[1:]); wrong != "" {
			return "", &flaw{"modifier " + m.name + ": " + wrong, "see the plugin's list of modifiers for what each takes"}
		}
		return strings.Join(words, " "), nil
	}
	return "", unknownModifier(words[0])
}

func unknownModifier(name string) *flaw {
	names := make([]string, len(modifiers))
	for i, m := range modifiers {
		names[i] = m.name
	}
	word := 0
	for word < len(name) && isAlnum(name[word]) {
		word++
	}
	reason := fmt.Sprintf("unknown modifier %q", shorten(name[:word])) // what follows the word may not belong to it
	if near := render.Nearest(name, names); near != "" {
		reason += fmt.Sprintf(", did you mean %q?", near)
	}
	return &flaw{reason, "the plugin knows " + strings.Join(names, ", ")}
}

func noWords(words []string) string {
	if len(words) > 0 {
		return "takes nothing after its name"
	}
	return ""
}

func indentWords(words []string) string {
	if len(words) != 1 {
		return "takes one number of blanks"
	}
	if n, err := strconv.ParseUint(words[0], 10, 16); err != nil || n > 1000 {
		return "the number of blanks is not a number from 0 to 1000"
	}
	return ""
}

// jsonPathWords wants a template with closed braces. A ">" in a filter ends the placeholder early and leaves them open.
func jsonPathWords(words []string) string {
	template := strings.Join(words, " ")
	opened, closed := strings.Count(template, "{"), strings.Count(template, "}")
	switch {
	case opened != closed:
		return `braces are left open; a ">" in a filter ends the placeholder`
	case opened == 0:
		return "takes a template in braces, e.g. {.user.name}"
	}
	return ""
}
