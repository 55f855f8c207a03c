package kustomize

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	kv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"sluice/render"
)

// The layers that kustomize wraps around a cause, one for every step of the walk (api/internal/target/kusttarget.go).
var (
	recursed    = regexp.MustCompile(`^recursed accumulation of path '([^']*)': `)
	added       = regexp.MustCompile(`^recursed merging from path '([^']*)': `)
	target      = regexp.MustCompile(`^couldn't make target for path '([^']*)': `)
	quoted      = regexp.MustCompile(`^(?:accumulateDirectory|loader\.New):? (".*")$`)
	settings    = regexp.MustCompile("(?s)^trouble configuring builtin (\\w+) with config: `.*?`: ")
	merging     = regexp.MustCompile(`^merging resources from '` + regexp.QuoteMeta(aliasPrefix) + `\d+\.yaml': `)
	attempts    = regexp.MustCompile(`': (?:recursed (?:accumulation|merging)|couldn't make target|must build at directory)`)
	objectID    = regexp.MustCompile(`\b([A-Za-z]+)\.(v\w+)\.(\[noGrp\]|[\w.-]+)/(\S+)\.(\[noNs\]|[a-z0-9-]+)`)
	yamlLine    = regexp.MustCompile(`\bline (\d+): `)
	unknown     = regexp.MustCompile(`unknown field "([^"]*)"`)
	mistyped    = regexp.MustCompile(`^cannot unmarshal (object|array|string|number|bool)(?: .*)? into Go (?:struct field \w+\.(\S+)|value) of type (\S+)$`)
	inlinePatch = regexp.MustCompile(`(?s) from \[patch: ".*"\]`)
	literal     = regexp.MustCompile(`(?s)literal sources \[.*\]: invalid literal source .*, expected key=value`)
	pointer     = regexp.MustCompile(`&\{0x[0-9a-f]+[^}]*\}`)
	noResource  = regexp.MustCompile(`no (?:resource )?matches for (?:Id )?`)
)

// layers are prefixes without meaning for a reader.
func layers() []string { return []string{"accumulating resources: ", "accumulating components: "} }

// explain reduces the text of an error from kustomize to the innermost cause, with the file it is in.
func (b *build) explain(err error) error {
	if b.view.denied != nil {
		return b.view.denied
	}
	text, dir := strings.TrimSpace(err.Error()), b.top
	for {
		next, below := unwrap(text)
		if below != "" {
			dir = below
		}
		if next == text {
			break
		}
		text = next
	}
	// A patch or a literal may hold a secret.
	text = literal.ReplaceAllString(inlinePatch.ReplaceAllString(text, " from an inline patch"), "a literal is not of the form key=value")
	message := pointer.ReplaceAllString(b.clean(text), "of the kustomization") // addresses differ in each run
	hint := ""
	switch {
	case strings.Contains(message, "external plugins disabled"):
		hint = "functions and plugins start programs, which a render does not do; run it beforehand and list its output"
	case strings.Contains(message, "already registered id"):
		hint = "two resources have the same kind, name and namespace; remove one, or give one a prefix or namespace"
	case noResource.MatchString(message):
		hint = "the patch names an object that is not there; compare kind, name and namespace with the objects"
	}
	return &render.Error{
		Pos: render.Position{File: b.fileOf(dir), Line: 0}, Err: errors.New(message), Hint: hint,
	}
}

// fileOf names the kustomization of a directory in the view.
func (b *build) fileOf(dir string) string {
	for _, name := range kustomizationNames() {
		if b.view.Exists(path.Join(dir, name)) {
			return b.show(path.Join(dir, name))
		}
	}
	return b.show(dir)
}

// unwrap takes one layer off; it gives the directory that the layer names, if any.
func unwrap(text string) (rest, dir string) {
	for _, layer := range layers() {
		if rest, ok := strings.CutPrefix(text, layer); ok {
			return rest, ""
		}
	}
	for _, layer := range []*regexp.Regexp{recursed, target} {
		if m := layer.FindStringSubmatch(text); m != nil {
			return text[len(m[0]):], m[1]
		}
	}
	if m := added.FindStringSubmatch(text); m != nil {
		return "adding " + m[1] + ": " + text[len(m[0]):], ""
	}
	if m := settings.FindStringSubmatch(text); m != nil {
		return m[1] + ": " + text[len(m[0]):], ""
	}
	if m := merging.FindString(text); m != "" {
		return text[len(m):], ""
	}
	if m := quoted.FindStringSubmatch(text); m != nil {
		if s, err := strconv.Unquote(m[1]); err == nil {
			return s, ""
		}
	}
	if inner, ok := strings.CutPrefix(text, "accumulation err='"); ok {
		return chooseAttempt(inner), ""
	}
	return text, ""
}

// chooseAttempt takes the error that fits: kustomize tried the entry as a file and then as a directory.
func chooseAttempt(text string) string {
	at := attempts.FindStringIndex(text)
	if at == nil {
		return text
	}
	asFile, asDirectory := text[:at[0]], text[at[0]+len("': "):]
	if strings.HasPrefix(asDirectory, "must build at directory") {
		return asFile
	}
	return asDirectory
}

// clean takes the name of the view out of a text and puts it on one line.
func (b *build) clean(text string) string {
	text = objectID.ReplaceAllStringFunc(b.rename(text), func(id string) string {
		m := objectID.FindStringSubmatch(id)
		name := m[1]
		if m[3] != "[noGrp]" {
			name += "." + m[3]
		}
		if m[5] == "[noNs]" {
			return name + " " + m[4]
		}
		return name + " " + m[5] + "/" + m[4]
	})
	return strings.Join(strings.Fields(text), " ")
}

// lineIn finds a line number in a message of the YAML reader.
func lineIn(message string) int {
	m := yamlLine.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// unreadable explains why a kustomization does not decode.
func (k *kustomization) unreadable(err error) error {
	message := strings.TrimPrefix(strings.TrimSpace(err.Error()), "invalid Kustomization: ")
	message = strings.TrimPrefix(strings.TrimPrefix(message, "error converting YAML to JSON: "), "json: ")
	pos := position{file: k.shown, line: lineIn(message)}
	m := unknown.FindStringSubmatch(message)
	if wrong := mistyped.FindStringSubmatch(message); wrong != nil {
		return k.misshapen(wrong[2], wrong[1], wrong[3])
	}
	if m == nil {
		return pos.fail(fmt.Errorf("reading the kustomization: %s", yamlLine.ReplaceAllString(strings.TrimPrefix(message, "yaml: "), "")), "")
	}
	if k.node != nil {
		key := find(k.node, func(n *kv3.Node) bool { return n.Kind == kv3.ScalarNode && n.Value == m[1] }, "")
		if key != nil {
			pos.line = key.Line
		}
	}
	hint := "kustomize " + Version + " has no such field there"
	// The word itself may be a field of another place.
	fields := slices.DeleteFunc(fieldsOf(reflect.TypeFor[types.Kustomization](), map[reflect.Type]bool{}),
		func(field string) bool { return field == m[1] })
	if near := render.Nearest(m[1], fields); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return pos.fail(fmt.Errorf("unknown field %q", m[1]), hint)
}

// misshapen words what encoding/json says of a value of the wrong type, with the line of its field where one of that
// name is found.
func (k *kustomization) misshapen(field, got, want string) error {
	pos := position{file: k.shown}
	subject := "it"
	if field != "" {
		subject = field
		name := field[strings.LastIndexByte(field, '.')+1:]
		if k.node != nil {
			if n := find(k.node, func(*kv3.Node) bool { return false }, name); n != nil {
				pos.line = n.Line
				if n.Kind == kv3.SequenceNode && got != "array" || n.Kind == kv3.MappingNode && got != "object" {
					subject = "a value in " + field
				}
			}
		}
	}
	got = map[string]string{"object": "a mapping", "array": "a list", "string": "text", "number": "a number", "bool": "true or false"}[got]
	switch {
	case strings.HasPrefix(want, "[]"):
		want = "a list"
	case want == "string":
		want = "text"
	case want == "bool":
		want = "true or false"
	case strings.Contains(want, "int"):
		want = "a number"
	default: // a struct or a map
		want = "a mapping"
	}
	return pos.fail(fmt.Errorf("reading the kustomization: %s is %s, not %s", subject, got, want), "")
}

// fieldsOf lists the names of the fields of a type and of everything below it.
func fieldsOf(t reflect.Type, seen map[reflect.Type]bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	var list []string
	for i := range t.NumField() {
		f := t.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			list = append(list, name)
		}
		list = append(list, fieldsOf(f.Type, seen)...)
	}
	return list
}
