package yamllint

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
	"sluice/validate"
)

// maxExtends bounds how many configurations may extend each other.
const maxExtends = 8

// config is what a .yamllint asks for.
type config struct {
	dir    string // that it lies in, which its paths are relative to
	locale string // by which keys are ordered; empty for the order of code points
	rules  map[string]*setting
	ignore patterns
	only   patterns // yaml-files; nil for all
}

// setting is what it asks of a rule; one that is off has none.
type setting struct {
	level   validate.Severity
	options options
	ignore  patterns
}

// The configurations that yamllint brings (yamllint/conf of 1.38), as what they say of rules.
const (
	confDefault = `rules: {anchors: enable, braces: enable, brackets: enable, colons: enable, commas: enable, comments: {level: warning},
comments-indentation: {level: warning}, document-end: disable, document-start: {level: warning}, empty-lines: enable,
empty-values: disable, float-values: disable, hyphens: enable, indentation: enable, key-duplicates: enable, key-ordering: disable,
line-length: enable, new-line-at-end-of-file: enable, new-lines: enable, octal-values: disable, quoted-strings: disable,
trailing-spaces: enable, truthy: {level: warning}}`
	confRelaxed = `{extends: default, rules: {braces: {level: warning, max-spaces-inside: 1}, brackets: {level: warning, max-spaces-inside: 1},
colons: {level: warning}, commas: {level: warning}, comments: disable, comments-indentation: disable, document-start: disable,
empty-lines: {level: warning}, hyphens: {level: warning}, indentation: {level: warning, indent-sequences: consistent},
line-length: {level: warning, allow-non-breakable-inline-mappings: true}, truthy: disable}}`
)

// configNames are what yamllint looks for, in its order.
var configNames = []string{".yamllint", ".yamllint.yaml", ".yamllint.yml"}

// configFor reads the configuration that lies in a directory or the nearest above it; nil where there is none.
func configFor(files fs.FS, dir string) (*config, error) {
	for {
		for _, name := range configNames {
			at := path.Join(dir, name)
			entry, err := fs.Stat(files, at)
			if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
				continue
			}
			return (&reader{files: files}).read(at)
		}
		if dir == "." {
			return nil, nil
		}
		dir = path.Dir(dir)
	}
}

// reader reads a configuration and those that it extends.
type reader struct {
	files fs.FS
	name  string
	dir   string
	depth int
}

func (r *reader) read(name string) (*config, error) {
	text, err := fs.ReadFile(r.files, name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of yamllint: %w", err)
	}
	r.name, r.dir = name, path.Dir(name)
	return r.parse(string(text))
}

// fail gives an error about a node of the configuration.
func (r *reader) fail(n *yaml.Node, hint, format string, args ...any) error {
	pos := render.Position{File: r.name}
	if n != nil {
		pos.Line, pos.Column = n.Line, n.Column
	}
	return &render.Error{Pos: pos, Err: fmt.Errorf("reading the configuration of yamllint: "+format, args...), Hint: hint}
}

// suggest words a hint out of the words that there are.
func suggest(got string, words []string) string {
	if near := render.Nearest(got, words); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are " + strings.Join(words, ", ")
}

func (r *reader) parse(text string) (*config, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, r.fail(nil, "", "%w", err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, r.fail(&doc, "it has keys such as extends and rules", "it is no mapping")
	}
	c := &config{dir: r.dir, rules: map[string]*setting{}}
	keys := map[string]*yaml.Node{}
	known := []string{"extends", "ignore", "ignore-from-file", "locale", "rules", "yaml-files"}
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		k := root.Content[i]
		if !slices.Contains(known, k.Value) {
			return nil, r.fail(k, suggest(k.Value, known), "there is no setting %q", k.Value)
		}
		keys[k.Value] = root.Content[i+1]
	}
	if n := keys["extends"]; n != nil {
		base, err := r.extended(n)
		if err != nil {
			return nil, err
		}
		c.rules, c.ignore = base.rules, base.ignore
	}
	if n := keys["locale"]; n != nil && n.Value != "C" && n.Value != "POSIX" {
		c.locale = n.Value
	}
	if err := r.rules(c, keys["rules"]); err != nil {
		return nil, err
	}
	ignore, stated, err := r.ignored(keys["ignore"], keys["ignore-from-file"])
	if err != nil {
		return nil, err
	}
	if stated {
		c.ignore = ignore
	}
	if n := keys["yaml-files"]; n != nil {
		names, ok := texts(n)
		if !ok || n.Kind != yaml.SequenceNode {
			return nil, r.fail(n, "", "yaml-files is no list of patterns")
		}
		c.only = newPatterns(names)
	}
	return c, nil
}

// extended reads what a configuration extends: one that yamllint brings, or a file.
func (r *reader) extended(n *yaml.Node) (*config, error) {
	if r.depth++; r.depth > maxExtends {
		return nil, r.fail(n, "look for configurations that extend each other", "it extends more than %d others", maxExtends)
	}
	name, dir := r.name, r.dir
	defer func() { r.name, r.dir = name, dir }()
	switch n.Value {
	case "default":
		return r.parse(confDefault)
	case "relaxed":
		return r.parse(confRelaxed)
	}
	at := path.Join(r.dir, n.Value)
	if n.Kind != yaml.ScalarNode || n.Value == "" || !fs.ValidPath(at) || path.IsAbs(n.Value) {
		return nil, r.fail(n, "extend default, relaxed or a file below the stack's directory", "extends is no configuration that can be read")
	}
	base, err := r.read(at)
	if errors.Is(err, fs.ErrNotExist) {
		r.name = name
		return nil, r.fail(n, suggest(n.Value, []string{"default", "relaxed"}), "there is no configuration %q", n.Value)
	}
	return base, err
}

// rules reads what it says of rules, over what it extends says.
func (r *reader) rules(c *config, n *yaml.Node) error {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return r.fail(n, "", "rules is no mapping")
	}
	all := styles()
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(all, func(s style) bool { return s.name == k.Value })
		if at < 0 {
			var names []string
			for _, s := range all {
				names = append(names, s.name)
			}
			return r.fail(k, suggest(k.Value, names), "there is no rule %q", k.Value)
		}
		s, err := r.setting(all[at], v, c.rules[k.Value])
		if err != nil {
			return err
		}
		if c.rules[k.Value] = s; s == nil {
			delete(c.rules, k.Value)
		}
	}
	return nil
}

// setting reads what is said of one rule; nil where it is off.
func (r *reader) setting(of style, n *yaml.Node, base *setting) (*setting, error) {
	s := &setting{level: validate.Error, options: options{}}
	for _, o := range of.options {
		s.options[o.name] = o.value
	}
	if base != nil {
		*s = setting{level: base.level, ignore: base.ignore, options: options{}}
		for name, value := range base.options {
			s.options[name] = value
		}
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "enable":
		return s, nil
	// PyYAML reads false as what yamllint makes of "disable".
	case n.Kind == yaml.ScalarNode && (n.Value == "disable" || boolean11.MatchString(n.Value) && !truth(n.Value)):
		return nil, nil
	case n.Kind != yaml.MappingNode:
		return nil, r.fail(n, "", "rule %q is neither enable, disable nor a mapping", of.name)
	}
	var ignore, from *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch k.Value {
		case "level":
			if v.Value != "error" && v.Value != "warning" {
				return nil, r.fail(v, "", "the level of rule %q is neither error nor warning", of.name)
			}
			if s.level = validate.Error; v.Value == "warning" {
				s.level = validate.Warning
			}
		case "ignore":
			ignore = v
		case "ignore-from-file":
			from = v
		default:
			if err := r.option(of, k, v, s.options); err != nil {
				return nil, err
			}
		}
	}
	lines, stated, err := r.ignored(ignore, from)
	if stated {
		s.ignore = lines
	}
	if err == nil && of.name == "quoted-strings" {
		err = r.contradictory(n, s.options)
	}
	return s, err
}

// contradictory refuses options of quoted-strings that exclude each other.
func (r *reader) contradictory(n *yaml.Node, o options) error {
	switch {
	case o.on("required") && len(o.list("extra-required"))+len(o.list("extra-allowed")) > 0:
		return r.fail(n, "", "quoted-strings has required: true, which leaves nothing to extra-required and extra-allowed")
	case o["required"] == false && len(o.list("extra-allowed")) > 0:
		return r.fail(n, "", "quoted-strings has required: false, which leaves nothing to extra-allowed")
	}
	return nil
}

// option reads one option of a rule.
func (r *reader) option(of style, k, v *yaml.Node, into options) error {
	o := of.option(k.Value)
	if o == nil {
		names := []string{"level", "ignore", "ignore-from-file"}
		for _, o := range of.options {
			names = append(names, o.name)
		}
		return r.fail(k, suggest(k.Value, names), "rule %q has no option %q", of.name, k.Value)
	}
	var wants []string
	for _, may := range o.may {
		value, ok := read(v, may)
		if ok {
			into[o.name] = value
			return nil
		}
		wants = append(wants, fmt.Sprint(may))
	}
	return r.fail(v, "", "option %q of rule %q is not %s", o.name, of.name, strings.Join(wants, " or "))
}

// read reads a value where it is one that an option may have.
func read(v *yaml.Node, may any) (any, bool) {
	switch may {
	case aBool:
		plain := v.Kind == yaml.ScalarNode && v.Style == 0 && boolean11.MatchString(v.Value)
		return truth(v.Value), plain
	case anInt:
		var n int
		ok := v.Kind == yaml.ScalarNode && v.ShortTag() == "!!int" && v.Decode(&n) == nil
		return n, ok
	case strung, truths:
		list, ok := texts(v)
		if !ok || v.Kind != yaml.SequenceNode {
			return nil, false
		}
		for _, text := range list {
			_, err := regexp.Compile(text)
			if may == strung && err != nil || may == truths && !slices.Contains(truthyWords(), text) {
				return nil, false
			}
		}
		return list, true
	}
	return may, v.Kind == yaml.ScalarNode && v.Value == may
}

// truth reads a boolean of YAML 1.1.
func truth(word string) bool {
	return slices.Contains([]string{"true", "yes", "on"}, strings.ToLower(word))
}

// texts gives the strings of a list, or of one text its lines.
func texts(n *yaml.Node) ([]string, bool) {
	if n.Kind == yaml.ScalarNode {
		return strings.Split(n.Value, "\n"), true
	}
	var list []string
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode {
			return nil, false
		}
		list = append(list, c.Value)
	}
	return list, n.Kind == yaml.SequenceNode
}

// ignored reads the patterns of ignore or ignore-from-file, and whether either is stated.
func (r *reader) ignored(here, from *yaml.Node) (patterns, bool, error) {
	switch {
	case here != nil && from != nil:
		return nil, false, r.fail(from, "", "ignore and ignore-from-file are both there")
	case here != nil:
		lines, ok := texts(here)
		if !ok {
			return nil, false, r.fail(here, "", "ignore is neither a text nor a list of patterns")
		}
		return newPatterns(lines), true, nil
	case from == nil:
		return nil, false, nil
	}
	names, ok := texts(from)
	if !ok {
		return nil, false, r.fail(from, "", "ignore-from-file is neither a file nor a list of files")
	}
	var lines []string
	for _, name := range names {
		text, err := fs.ReadFile(r.files, path.Join(r.dir, name))
		if err != nil {
			return nil, false, r.fail(from, "", "reading what it ignores: %w", err)
		}
		lines = append(lines, strings.Split(string(text), "\n")...)
	}
	return newPatterns(lines), true, nil
}
