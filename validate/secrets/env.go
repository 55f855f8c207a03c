package secrets

import (
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// containers judges the variables and arguments of every container of an object, wherever it has any: built-in kinds and
// custom ones spell them alike.
func (j *judge) containers() {
	if contained(j.object.Tree) {
		j.below(j.object.Tree, nil)
	}
	if j.object.Key.Kind == "ConfigMap" && j.object.Key.Group == "" {
		j.configMap()
	}
}

// contained says whether a tree has any of the lists that below judges: most objects have none, and need no paths.
func contained(tree any) bool {
	switch t := tree.(type) {
	case map[string]any:
		for key, v := range t {
			_, listed := v.([]any)
			if listed && (key == "env" || key == "extraEnv" || key == "args" || key == "command") || contained(v) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(t, contained)
	}
	return false
}

// below judges the lists at and below a path, whose memory is used again.
func (j *judge) below(tree any, at render.Path) {
	switch t := tree.(type) {
	case map[string]any:
		for key, v := range t {
			switch entries, listed := v.([]any); {
			case listed && (key == "env" || key == "extraEnv"):
				j.variables(entries, append(at, key))
			case listed && (key == "args" || key == "command"):
				program := ""
				if command := validate.TextsAt(tree, "command"); key == "args" && len(command) > 0 {
					program = command[0]
				}
				j.arguments(entries, append(at, key), program)
			}
			if !flat(v) {
				j.below(v, append(at, key))
			}
		}
	case []any:
		for i, v := range t {
			if !flat(v) {
				j.below(v, append(at, i))
			}
		}
	}
}

// flat says whether nothing can be below a value.
func flat(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// variables judges a list of names and values.
func (j *judge) variables(entries []any, at render.Path) {
	for i, entry := range entries {
		name, value := validate.TextAt(entry, "name"), validate.TextAt(entry, "value")
		field := at.With(i, "value")
		if j.exposed(field, name, value) {
			j.say(envSecret, field, "%s: the variable %s has a plain value, and by its name it is a secret", field, name)
		}
	}
}

// flag matches an argument that gives a flag its value.
var flag = regexp.MustCompile(`^--?([A-Za-z][A-Za-z0-9_.-]*)=(.+)$`)

// arguments judges flags with values. A flag whose value is the next argument is one too, and a script may be an argument. The
// program is that of the command, where these are the arguments of another.
func (j *judge) arguments(entries []any, at render.Path, program string) {
	list := []string{program}
	for i, entry := range entries {
		text, _ := entry.(string)
		field := at.With(i)
		if list = append(list, text); strings.ContainsAny(strings.TrimSpace(text), " \t\n;") || assignment.MatchString(text) {
			j.line(field, text)
		}
		if m := flag.FindStringSubmatch(text); m != nil && j.exposed(field, m[1], m[2]) {
			j.say(envSecret, field, "%s: the flag %s has a plain value, and by its name it is a secret", field, m[1])
		}
		if i+1 == len(entries) || !strings.HasPrefix(text, "--") || strings.Contains(text, "=") {
			continue
		}
		next, _ := entries[i+1].(string)
		field = at.With(i + 1)
		if !strings.HasPrefix(next, "-") && j.exposed(field, text, next) {
			j.say(envSecret, field, "%s: the flag %s has a plain value, and by its name it is a secret", field, strings.TrimLeft(text, "-"))
		}
	}
	for i := range entries {
		// Up to here, so that it is known which argument it is.
		if client := clientPassword(list[:i+2]); client != "" {
			if field := at.With(i); j.known(field) && !said(j.found, field) {
				j.say(envSecret, field, "%s gives %s a plain password", field, client)
			}
			return
		}
	}
}

// configMap judges the entries of a ConfigMap that are values of their own, as variables are made of them.
func (j *judge) configMap() {
	for name, v := range validate.MappingAt(j.object.Tree, "data") {
		text, _ := v.(string)
		field := render.Path{"data", name}
		if !strings.Contains(strings.TrimSpace(text), "\n") && j.exposed(field, name, text) {
			j.say(envSecret, field, "%s of a ConfigMap has a plain value, and by its name it is a secret", field)
		}
	}
}

// exposed says whether a name is that of a secret and its value is one, not where the secret is found.
func (j *judge) exposed(field render.Path, name, value string) bool {
	value = strings.TrimSpace(value)
	if !j.known(field) || !secretValue(name, value) || j.names[value] || pointer.MatchString(value) {
		return false
	}
	return !said(j.found, field)
}

// pointer matches what names a Secret, a file of one, or a key in one.
var pointer = regexp.MustCompile(`^[a-z0-9.-]+[-.](secrets?|credentials?|creds|token|tls|auth|password|key|keys|config)$|^(secret|secrets|token|password)$|^/`)
