package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads a stream of YAML or JSON documents into a set. Name is the file, or a name for the stream, in positions.
//
// All documents are accounted for or Parse fails: Documents = Empties + Lists + the objects outside lists. Lists are
// flattened into their items. Scalars are read as Kubernetes and Argo CD read them (sigs.k8s.io/yaml over YAML 1.1:
// "on" is a boolean, "0777" is octal, a whole float is an integer). A key that occurs twice in a mapping, a document
// that is no object, and an object without apiVersion, kind and name are errors with the line.
func Parse(name string, text []byte) (Set, error) {
	p := parser{name: name}
	return p.stream(text)
}

// stream parses all documents of a text.
func (p *parser) stream(text []byte) (Set, error) {
	template := ""
	for _, c := range chunks(text) {
		// Helm puts the comment above what a template renders. Where that starts with a marker of its own, the comment
		// sits in an empty document, and is the next one's.
		if own := sourceComment(c.text); own != "" {
			template = own
		}
		empties := p.set.Empties
		if err := p.unread(p.chunk(c, template), c.text); err != nil {
			return Set{}, err
		}
		if p.set.Empties == empties {
			template = ""
		}
	}
	return p.set, nil
}

// chunk is the text between two document markers and the number of lines before it.
type chunk struct {
	text  []byte
	above int
}

// chunks cuts a stream where a line starts with the marker "---". YAML 1.2 (c-forbidden, production 206) allows such
// a line in no scalar, so the cut is exact; cutting keeps the parser's memory to one document at a time.
func chunks(text []byte) []chunk {
	// A byte order mark in front would be a part of the first key.
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var list []chunk
	start, above, line := 0, 0, 0
	for at := 0; at < len(text); {
		next := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if at > start && isMarker(text[at:next]) && !directives(text[start:at]) {
			list = append(list, chunk{text[start:at], above})
			start, above = at, line
		}
		at = next
		line++
	}
	if start < len(text) {
		list = append(list, chunk{text[start:], above})
	}
	return list
}

// directives says whether text ends in what may stand above the marker of its document: "%YAML 1.1" and comments, from
// the beginning or from a "..." on.
func directives(text []byte) bool {
	if bytes.IndexByte(text, '%') < 0 {
		return false
	}
	found, content := false, false
	for line := range bytes.Lines(text) {
		switch line = bytes.TrimRight(line, " \t\r\n"); {
		case bytes.Equal(line, []byte("...")):
			found, content = false, false
		case len(line) > 0 && line[0] == '%':
			found = true
		case len(line) > 0 && line[0] != '#':
			content = true
		}
	}
	return found && !content
}

// isMarker says whether a line is a document marker: three dashes, then nothing or white space. "---apiVersion: v1"
// is content, which helm's own splitting takes for a marker.
func isMarker(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

type parser struct {
	name     string
	set      Set
	expanded int
	sift     *sifted // where what cannot be read goes; nil where it ends the parse
}

// chunk parses the documents of c: one, unless a "..." line ends it early or the text is a run of JSON values.
func (p *parser) chunk(c chunk, template string) error {
	if jsonLike(c.text) {
		return p.json(c)
	}
	if done, err := p.scan(c, template); done {
		return err
	}
	return p.nodes(c, template)
}

// scan adds the document of a chunk that the scanner can read; it is false, with nothing added, for any other.
func (p *parser) scan(c chunk, template string) (bool, error) {
	if !scannable(c.text) {
		return false, nil
	}
	text := string(c.text)
	tree, content, items, ok := scanDocument(text)
	switch {
	case !ok:
		return false, nil
	case content >= 0:
		p.set.Documents++
		w := &written{text: text, above: c.above}
		at, line := 0, c.above+1
		for _, item := range items {
			line += strings.Count(text[at:item], "\n")
			at = item
			w.items = append(w.items, line)
		}
		from := Provenance{Template: template, File: p.name, Line: c.above + 1 + strings.Count(text[:content], "\n")}
		return true, p.add(tree, w, from)
	case isMarker(c.text):
		p.set.Documents++
		p.set.Empties++
	}
	return true, nil
}

// nodes parses a chunk by way of the library's nodes.
func (p *parser) nodes(c chunk, template string) error {
	dec := yaml.NewDecoder(bytes.NewReader(c.text))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.syntax(err, c)
		}
		shift(&doc, c.above)
		if err := p.unread(p.document(&doc, template), c.text); err != nil {
			return err
		}
	}
}

// document adds one YAML document to the set.
func (p *parser) document(doc *yaml.Node, template string) error {
	p.set.Documents++
	node := content(doc)
	d := decoder{name: p.name, template: template, expanded: &p.expanded}
	value, err := d.value(node)
	if err != nil {
		return err
	}
	return p.add(value, &written{root: node}, Provenance{Template: template, File: p.name, Line: node.Line})
}

// content gives the node that a document consists of.
func content(doc *yaml.Node) *yaml.Node {
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		return doc.Content[0]
	}
	return doc
}

// add puts a decoded document in the set: nothing, an object, or the items of a list.
func (p *parser) add(value any, w *written, from Provenance) error {
	if value == nil {
		p.set.Empties++
		return nil
	}
	tree, ok := value.(map[string]any)
	if !ok {
		return p.foreign(p.fail(from, "reading an object: the document is a %s, not a mapping", typeName(value)))
	}
	// "{}" holds nothing to apply, as "null" and a bare comment do.
	if len(tree) == 0 {
		p.set.Empties++
		return nil
	}
	if items, ok := listItems(tree); ok {
		p.set.Lists++
		return p.items(items, w, from)
	}
	return p.object(tree, w, from)
}

// items adds the objects of a list. An item that is a list itself is flattened too.
func (p *parser) items(items []any, w *written, from Provenance) error {
	for i, item := range items {
		at := from
		of, line := w.item(i)
		if line > 0 {
			at.Line = line
		}
		tree, ok := item.(map[string]any)
		var err error
		if nested, isList := listItems(tree); !ok {
			err = p.fail(at, "reading item %d of a list: it is a %s, not an object", i, typeName(item))
		} else if isList {
			err = p.items(nested, of, at)
		} else {
			err = p.object(tree, of, at)
		}
		if err = p.unread(err, nil); err != nil {
			return err
		}
	}
	return nil
}

// object checks what makes an identity and adds the object. Argo CD would refuse an object without it at sync, which
// is late.
func (p *parser) object(tree map[string]any, w *written, from Provenance) error {
	o := Object{Tree: tree, Provenance: from, written: w}
	refuse := func(at Path, format string, args ...any) *Error {
		err := p.fail(from, format, args...)
		if place := o.Position(at); p.sift != nil && place.Line > 0 {
			err.Pos = place
		}
		return err
	}
	var ok bool
	if _, is := tree["apiVersion"].(string); !is && tree["kind"] == nil {
		return p.foreign(refuse(nil, "reading an object: it has no apiVersion"))
	}
	if o.APIVersion, ok = tree["apiVersion"].(string); !ok || o.APIVersion == "" {
		return refuse(nil, "reading an object: it has no apiVersion")
	}
	if o.Key.Kind, ok = tree["kind"].(string); !ok || o.Key.Kind == "" {
		return refuse(nil, "reading an object: it has no kind")
	}
	if group, _, ok := strings.Cut(o.APIVersion, "/"); ok {
		o.Key.Group = group
	}
	meta, _ := tree["metadata"].(map[string]any)
	for _, field := range []struct {
		name string
		into *string
	}{{"name", &o.Key.Name}, {"namespace", &o.Key.Namespace}} {
		switch v := meta[field.name].(type) {
		case nil:
		case string:
			*field.into = v
		default:
			return refuse(Path{"metadata", field.name}, "reading %s: metadata.%s is a %s, not a string", o.Key.Kind, field.name, typeName(v))
		}
	}
	// The API server makes such a name up, so the object is a new one at every apply; the key only has to be no
	// other's.
	if prefix, _ := meta["generateName"].(string); o.Key.Name == "" && prefix != "" {
		o.Key.Name = prefix + "/*"
	}
	if o.Key.Name == "" {
		err := refuse(nil, "reading %s: it has neither metadata.name nor metadata.generateName", o.Key.Kind)
		if tree["metadata"] == nil && !ofKubernetes(o.Key.Group) {
			err.Hint = "without metadata it is what a tool reads, or not whole"
			return p.foreign(err)
		}
		return err
	}
	p.set.Objects = append(p.set.Objects, o)
	return nil
}

// listItems gives the items of a List document. A custom resource whose kind ends in List and that has a name, or no
// items, is an object of its own (kustomize issue 5042 lost such objects).
func listItems(tree map[string]any) ([]any, bool) {
	kind, _ := tree["kind"].(string)
	if !strings.HasSuffix(kind, "List") {
		return nil, false
	}
	if meta, _ := tree["metadata"].(map[string]any); meta["name"] != nil && (kind != "List" || tree["apiVersion"] != "v1") {
		return nil, false
	}
	items, ok := tree["items"].([]any)
	if !ok && kind == "List" && tree["items"] == nil {
		return nil, true
	}
	return items, ok
}

// sourceComment finds the path of helm's "# Source:" comment above the content of a document.
func sourceComment(text []byte) string {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if path, ok := bytes.CutPrefix(line, []byte("# Source: ")); ok {
			return string(path)
		}
		if len(line) > 0 && line[0] != '#' && !bytes.HasPrefix(line, []byte("---")) {
			break
		}
	}
	return ""
}

// fail makes an error at a document, with the template that rendered it.
func (p *parser) fail(from Provenance, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	if from.Template != "" {
		err = fmt.Errorf("%w (from %s)", err, from.Template)
	}
	return &Error{Pos: Position{File: p.name, Line: from.Line}, Err: err}
}

// typeName gives the word for a decoded value in messages.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "list"
	case map[string]any:
		return "mapping"
	default:
		return "number"
	}
}
