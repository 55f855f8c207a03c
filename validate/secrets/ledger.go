package secrets

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// judgePlaceholders judges every placeholder of the apps that have the plugin.
func judgePlaceholders(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	for _, result := range in.Results {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		objects, blanks := byKey(result.Set), validate.BlanksOf(result)
		ignored := map[render.Key]bool{}
		for _, p := range result.Ledger {
			o := objects[p.Object]
			if o == nil {
				continue
			}
			j := judge{object: o, blanks: blanks}
			switch {
			// The plugin leaves the object out as a whole, so nothing else about it counts.
			case skipped(o):
				if !ignored[p.Object] {
					j.say(ignoredObject, p.Field, "%s holds a placeholder, and the plugin leaves the object alone: the text is applied as it stands", p.Field)
				}
				ignored[p.Object] = true
			case p.InKey:
				j.say(inKey, p.Field, "a key of %s holds a placeholder, and the plugin replaces none in keys", where(p.Field))
			default:
				j.spelled(p)
				j.typed(p)
				j.inURL(p)
			}
			found = append(found, j.found...)
		}
	}
	return found, nil, nil
}

func where(field render.Path) string {
	if len(field) == 0 {
		return "the object"
	}
	return field.String()
}

// byKey finds objects; of several with one key the last counts, as in the ledger's readers.
func byKey(set render.Set) map[render.Key]*render.Object {
	m := make(map[render.Key]*render.Object, len(set.Objects))
	for i := range set.Objects {
		m[set.Objects[i].Key] = &set.Objects[i]
	}
	return m
}

// skipped says whether the plugin leaves an object alone: strconv.ParseBool of the annotation (cmd/generate.go).
func skipped(o *render.Object) bool {
	switch validate.TextAt(o.Tree, "metadata", "annotations", "avp.kubernetes.io/ignore") {
	case "1", "t", "T", "true", "TRUE", "True":
		return true
	}
	return false
}

// last gives the last modifier of a placeholder, without its words.
func last(p render.Placeholder) string {
	if len(p.Modifiers) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(p.Modifiers[len(p.Modifiers)-1], " ")
	return name
}

// spelled judges whether what the plugin puts into a Secret is what the Secret wants there. The plugin decodes and
// encodes a value of data that is base64 with a placeholder in it (pkg/kube/util.go, secretReplacement), and puts the
// secret as it is into any other.
func (j *judge) spelled(p render.Placeholder) {
	if j.object.Key.Kind != "Secret" || j.object.Key.Group != "" || len(p.Field) != 2 {
		return
	}
	value, _ := p.Field.In(j.object.Tree)
	text := validate.TextAt(value)
	encoded := strings.HasSuffix(p.Encoding, "base64")
	inner := text
	if encoded {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return
		}
		inner = string(raw)
	}
	alone := aloneIn(strings.TrimSpace(inner))
	switch {
	case p.Field[0] == "data" && !encoded && !alone:
		if rest := around(text); strings.ContainsFunc(rest, notBase64) {
			f := validate.On(j.object, p.Field, fmt.Sprintf("%s holds text around a placeholder that is no base64, so the server refuses it whatever the secret is", p.Field))
			f.Rule, f.Severity = notEncoded, validate.Error
			j.found = append(j.found, f)
		}
	case p.Field[0] == "data" && !encoded && last(p) != "base64encode":
		j.say(notEncoded, p.Field, "%s is a placeholder without base64encode: the server refuses the secret unless the backend holds base64", p.Field)
	case (p.Field[0] == "stringData" || encoded) && alone && last(p) == "base64encode" && !strings.Contains(strings.ToLower(p.Field.String()), "b64") && !strings.Contains(strings.ToLower(p.Field.String()), "base64"):
		j.say(encodedTwice, p.Field, "%s has a placeholder with base64encode where the value is encoded anyway: the container gets base64", p.Field)
	}
}

// aloneIn says whether a text is one placeholder and nothing else.
func aloneIn(text string) bool {
	return strings.HasPrefix(text, "<") && strings.IndexByte(text, '>') == len(text)-1
}

// around gives a text without its placeholders.
func around(text string) string {
	for {
		start := strings.Index(text, "<path:")
		if start < 0 {
			return text
		}
		end := strings.IndexByte(text[start:], '>')
		if end < 0 {
			return text
		}
		text = text[:start] + text[start+end+1:]
	}
}

func notBase64(r rune) bool {
	return r > 0x7f || !isWord(byte(r)) && !strings.ContainsRune("+/=\r\n", r)
}

// numberWords end names of keys whose secret may well be stored as a number or a switch.
var numberWords = []string{
	"port", "uid", "gid", "replicas", "count", "number", "timeout", "retries", "enabled", "disabled", "limit", "size", "interval", "ttl", "id", "pin", "year",
}

// typed judges placeholders where only text may stand and whose secret may be none. A secret that is a number, a switch
// or a structure takes the place of the whole text, whatever stands around the placeholder; only a ConfigMap's values
// are made text (pkg/kube/util.go, genericReplacement and configReplacement).
func (j *judge) typed(p render.Placeholder) {
	if strings.HasSuffix(p.Encoding, "base64") || j.object.Key.Kind == "ConfigMap" && j.object.Key.Group == "" || !onlyText(j.object, p.Field) {
		return
	}
	say := func(severity validate.Severity, format string, args ...any) {
		f := validate.On(j.object, p.Field, fmt.Sprintf(format, args...))
		f.Rule, f.Severity = typeFlip, severity
		j.found = append(j.found, f)
	}
	switch last(p) {
	case "jsonParse", "yamlParse":
		say(validate.Warning, "%s takes text alone, and %s makes a number, a switch or a structure of what is one", p.Field, last(p))
	case "", "jsonPath":
		list := words(p.Key)
		if len(list) > 0 && slices.Contains(numberWords, list[len(list)-1]) && !(list[len(list)-1] == "id" && len(list) > 1 && list[len(list)-2] == "client") {
			say(validate.Info, "%s takes text alone: if the key %s holds a number or a switch and not text, the plugin writes it without quotes and the server refuses it", p.Field, p.Key)
		}
	}
}

// onlyText says whether the server takes nothing but text at a field: values of variables, labels, annotations, and of a
// Secret.
func onlyText(o *render.Object, field render.Path) bool {
	n := len(field)
	if n < 2 {
		return false
	}
	above, _ := field[n-2].(string)
	if above == "labels" || above == "annotations" || above == "matchLabels" {
		return true
	}
	if n == 2 && field[0] == "stringData" && o.Key.Kind == "Secret" {
		return true
	}
	listed, _ := render.Path(field).In(o.Tree)
	if _, ok := listed.(string); !ok || n < 3 || field[n-1] != "value" {
		return false
	}
	_, element := field[n-2].(int)
	return element && field[n-3] == "env"
}

// inURL judges placeholders in URLs: what the plugin puts there is the secret as it is, unescaped.
func (j *judge) inURL(p render.Placeholder) {
	if !p.URL && !strings.Contains(p.Encoding, "percent") {
		return
	}
	if strings.Contains(p.Encoding, "percent") {
		j.say(inURL, p.Field, "the chart escapes %s for a URL, and the plugin puts the secret %s there unescaped", p.Field, p.Key)
		return
	}
	// A host, a port or a name has no character that would have to be escaped.
	if secretName(p.Key) {
		j.say(inURL, p.Field, "%s has the secret %s in a URL, where the plugin puts it unescaped", p.Field, p.Key)
	}
}

// undeclared looks for placeholders of apps that have no plugin.
func (o Outside) undeclared(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	if o.Ledger == nil {
		return nil, nil, nil
	}
	var found []validate.Finding
	for _, result := range in.Results {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if result.App.Secrets != "" {
			continue
		}
		for i := range result.Set.Objects {
			object := &result.Set.Objects[i]
			// One object at a time, so that a broken placeholder of one does not hide those of the others. Documentation in a
			// CustomResourceDefinition is no placeholder.
			if object.Key.Definition() || skipped(object) {
				continue
			}
			_, ledger, err := o.Ledger(render.Set{Objects: []render.Object{*object}})
			j := judge{object: object}
			switch {
			case err != nil:
				j.say(withoutPlugin, nil, "it holds what looks like a broken placeholder, and the app has no plugin that would replace one")
			case len(ledger) > 0:
				p := ledger[0]
				j.say(withoutPlugin, p.Field, "%s holds a placeholder%s, and the app has no plugin that replaces it", where(p.Field), more(len(ledger)-1))
			}
			found = append(found, j.found...)
		}
	}
	return found, nil, nil
}

// nearly is what a person meant as an inline placeholder, also one that is right. With quotes before "#" it is an element of
// XML whose namespace is called so.
var nearly = regexp.MustCompile(`<[ \t]*(?i:path)[ \t]*:[^#<>"'\n]+#[^#<>\n]+(?:#[^#<>\n]+)?>`)

// judgeMisspelt looks for what is a placeholder to a person and not to the plugin, with a plugin or without: its grammar has
// small letters and no blank around "path".
func judgeMisspelt(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	for _, result := range in.Results {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		for i := range result.Set.Objects {
			j := judge{object: &result.Set.Objects[i]}
			opens := func(text string) bool { return strings.Contains(text, "<") }
			if j.object.Key.Definition() || skipped(j.object) || j.object.Key.Kind != "Secret" && !anyText(j.object.Tree, opens) {
				continue
			}
			strs(j.object.Tree, nil, func(field []any, text string) {
				if j.object.Key.Kind == "Secret" && len(field) == 2 && field[0] == "data" {
					raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
					text += "\n" + string(raw)
				}
				for _, said := range nearly.FindAllString(text, -1) {
					if !strings.HasPrefix(said, "<path:") {
						start, _, _ := strings.Cut(said, ":")
						j.say(misspelt, field, "%s begins a placeholder with %q, which the plugin does not see, want \"<path:\"", render.Path(field), start+":")
						return
					}
				}
			})
			found = append(found, j.found...)
		}
	}
	return found, nil, nil
}

// more counts what a message does not name.
func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (the object has %d more)", n)
}

// consumed says what charts take apart.
func (o Outside) consumed(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	if o.Consumed == nil {
		return nil, nil, nil
	}
	list, unchecked, err := o.Consumed(ctx, in)
	objects := objectsOf(in)
	var found []validate.Finding
	for _, c := range list {
		message := fmt.Sprintf("the chart does not pass on the placeholder of the key %s at %s: %s", c.Key, c.Path, c.How)
		if len(c.Field) > 0 {
			message += ", as " + c.Field.String() + " shows"
		}
		f := validate.Finding{Object: c.Object, Field: c.Field, Message: message}
		if object := objects[c.App][c.Object]; object != nil {
			f = validate.On(object, c.Field, message)
		}
		f.App, f.Pos = c.App, c.Pos
		found = append(found, f)
	}
	return found, unchecked, err
}

// objectsOf gives the objects of every app by key.
func objectsOf(in validate.Input) map[string]map[render.Key]*render.Object {
	objects := map[string]map[render.Key]*render.Object{}
	for _, result := range in.Results {
		objects[result.App.Name] = byKey(result.Set)
	}
	return objects
}

// missing says what the backend has no secret for.
func (o Outside) missing(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	if o.Missing == nil {
		return nil, nil, nil
	}
	list, unchecked, err := o.Missing(ctx, in)
	objects := objectsOf(in)
	var found []validate.Finding
	for _, m := range list {
		p := m.Placeholder
		message := fmt.Sprintf("%s asks for the key %s at %s%s, and %s", p.Field, p.Key, p.Path, version(p), m.Reason)
		f := validate.Finding{App: m.App, Object: p.Object, Field: p.Field, Message: message}
		if object := objects[m.App][p.Object]; object != nil {
			f = validate.On(object, p.Field, message)
			f.App = m.App
		}
		found = append(found, f)
	}
	return found, unchecked, err
}

func version(p render.Placeholder) string {
	if p.Version == "" {
		return ""
	}
	return " (version " + p.Version + ")"
}
