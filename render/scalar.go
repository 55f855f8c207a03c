package render

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxExpanded bounds what the aliases of a stream may expand to (a "billion laughs" text is a few lines long).
const maxExpanded = 1_000_000

// decoder turns the nodes of one document into plain values.
type decoder struct {
	name     string
	template string              // of the document, if known
	expanded *int                // values that came through aliases, over the whole stream
	open     map[*yaml.Node]bool // anchors being expanded
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) error {
	err := fmt.Errorf("reading YAML: "+format, args...)
	if d.template != "" {
		err = fmt.Errorf("%w (from %s)", err, d.template)
	}
	return &Error{Pos: Position{File: d.name, Line: n.Line, Column: n.Column}, Err: err}
}

// value decodes a node and everything below it.
func (d *decoder) value(n *yaml.Node) (any, error) {
	if len(d.open) > 0 {
		if *d.expanded++; *d.expanded > maxExpanded {
			return nil, d.fail(n, "aliases expand to more than %d values", maxExpanded)
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return d.scalar(n)
	case yaml.MappingNode:
		return d.mapping(n)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := d.value(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.AliasNode:
		return d.alias(n)
	default:
		return nil, nil
	}
}

// alias decodes what an alias stands for, anew each time: two fields must not share a map, or changing one in a
// repair would change the other.
func (d *decoder) alias(n *yaml.Node) (any, error) {
	if d.open[n.Alias] {
		return nil, d.fail(n, "anchor %q contains itself", n.Value)
	}
	if d.open == nil {
		d.open = map[*yaml.Node]bool{}
	}
	d.open[n.Alias] = true
	defer delete(d.open, n.Alias)
	return d.value(n.Alias)
}

// mapping decodes a mapping. A repeated key is an error: readers disagree on which one counts, and the other is lost.
func (d *decoder) mapping(n *yaml.Node) (any, error) {
	tree := make(map[string]any, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			if err := d.merge(tree, v); err != nil {
				return nil, err
			}
			continue
		}
		key, err := d.key(k)
		if err != nil {
			return nil, err
		}
		if first, ok := lines[key]; ok {
			return nil, d.fail(k, "key %q occurs twice in one mapping: line %d and line %d", key, first, k.Line)
		}
		lines[key] = k.Line
		if tree[key], err = d.value(v); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// isMerge says whether a key is the merge key; quoted it is an ordinary one.
func isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0
}

// merge writes the keys of a merge key's value, a mapping or a list of them of which the first wins. It takes place
// where it stands, as in go.yaml.in/yaml/v2 (decode.go, mapping): keys below it win over it, and it wins over those
// above, though YAML's own definition lets every stated key win.
func (d *decoder) merge(tree map[string]any, from *yaml.Node) error {
	v, err := d.value(from)
	if err != nil {
		return err
	}
	sources, ok := v.([]any)
	if !ok {
		sources = []any{v}
	}
	for _, s := range slices.Backward(sources) {
		m, ok := s.(map[string]any)
		if !ok {
			return d.fail(from, "a merge key takes a mapping or a list of mappings")
		}
		maps.Copy(tree, m)
	}
	return nil
}

// key reads a mapping key as sigs.k8s.io/yaml does: keys of other scalar types become their text ("y" is "true").
func (d *decoder) key(k *yaml.Node) (string, error) {
	v, err := d.value(k)
	if err != nil {
		return "", err
	}
	text, ok := keyText(v)
	if !ok {
		return "", d.fail(k, "a mapping key is a %s", typeName(v))
	}
	return text, nil
}

// keyText gives the text of a decoded key, and false where it is none.
func keyText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 32), true
	default:
		return "", false
	}
}

// scalar decodes a scalar node by its tag, or by its text where it is plain.
func (d *decoder) scalar(n *yaml.Node) (any, error) {
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if n.Style&yaml.TaggedStyle == 0 {
		if quoted {
			return n.Value, nil
		}
		return d.plain(n)
	}
	switch n.ShortTag() {
	case "!!str", "!", "!!timestamp":
		return n.Value, nil
	case "!!binary":
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			return nil, d.fail(n, "a !!binary value is not base64")
		}
		return string(raw), nil
	case "!!null", "!!bool", "!!int", "!!float":
		return d.tagged(n)
	default:
		// What stands there is not repeated, here and below: of a password without quotes it is the password.
		return nil, d.fail(n, `Kubernetes does not know the tag; a value that begins with "!" needs quotes`)
	}
}

// tagged checks that a scalar has the type that its tag promises.
func (d *decoder) tagged(n *yaml.Node) (any, error) {
	v, err := d.plain(n)
	if err != nil {
		return nil, err
	}
	want := map[string]string{"!!null": "null", "!!bool": "boolean", "!!int": "number", "!!float": "number"}[n.ShortTag()]
	if typeName(v) != want {
		return nil, d.fail(n, "the value is not a %s as its tag %s says", want, n.Tag)
	}
	return v, nil
}

// words are the plain scalars with a meaning of their own in YAML 1.1 as go.yaml.in/yaml/v2 reads it, which
// sigs.k8s.io/yaml, and so kubectl and Argo CD, build on.
var words = map[string]any{
	"": nil, "~": nil, "null": nil, "Null": nil, "NULL": nil,
	"y": true, "Y": true, "yes": true, "Yes": true, "YES": true,
	"true": true, "True": true, "TRUE": true, "on": true, "On": true, "ON": true,
	"n": false, "N": false, "no": false, "No": false, "NO": false,
	"false": false, "False": false, "FALSE": false, "off": false, "Off": false, "OFF": false,
}

var floatSyntax = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// plain decodes an unquoted scalar by its text.
func (d *decoder) plain(n *yaml.Node) (any, error) {
	v, ok := resolve(n.Value)
	if !ok {
		return nil, d.fail(n, "%s has no form in JSON, so Kubernetes refuses it", n.Value)
	}
	return v, nil
}

// maxWord is the length of the longest of words.
const maxWord = len("false")

// resolve gives the value of an unquoted scalar. Dates stay text, since JSON has no type for them. It is false for infinities
// and what is not a number, for which JSON has no form.
func resolve(text string) (any, bool) {
	if len(text) <= maxWord {
		if v, ok := words[text]; ok {
			return v, true
		}
	}
	if strings.IndexByte("+-.0123456789", text[0]) < 0 {
		return text, true
	}
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case ".inf", ".nan":
		return nil, false
	}
	return number(text), true
}

// number decodes a plain scalar that may be a number; it gives the text back where it is none.
func number(text string) any {
	// YAML 1.1 allows underscores in numbers. Base 0 reads 0x, 0b, 0o and a leading 0 as octal: "0777" is 511.
	digits := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(digits, 0, 64); err == nil {
		return u
	}
	if text[0] == '.' {
		digits = text
	}
	if floatSyntax.MatchString(digits) {
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			return whole(f)
		}
	}
	return text
}

// whole makes an integer of a float that JSON writes without a point: "1.0" and "1e3" reach the API server as 1 and
// 1000 (encoding/json writes floats below 1e21 without an exponent).
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return int64(f)
	}
	return f
}
