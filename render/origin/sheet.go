package origin

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// The kinds of sheet, by how they are changed for a render.
const (
	ofFile    = iota // a file, which is replaced
	ofInline         // the inline values of a source
	ofSet            // the --set expressions of a source
	ofDefault        // the values of a packed subchart, which are said inline
	ofText           // YAML inside a text of another sheet
)

// sheet is a YAML text with values: a file, or what stands for one.
type sheet struct {
	kind    int
	name    string // of the file, for people and for [Replace]
	foreign bool   // of a chart that is no part of the stack
	docs    []*yaml.Node
	leaves  []*leaf
	by      map[string]*leaf // by path
	stack   *pile
	head    *yaml.Node // the key that all of it stands under; nil where that is the file
	source  int        // of the app
	// above is the text that holds this one, of another sheet, and shift moves positions there.
	above *leaf
	shift [2]int
	sets  []setting
}

// pile is what one chart is given, in the order in which it is read: the last that sets a key wins.
type pile struct {
	layers []*sheet
	entry  render.Position // of helmCharts, in the kustomization that has the chart
}

// leaf is one node of a sheet, a scalar or not.
type leaf struct {
	sheet *sheet
	node  *yaml.Node
	key   *yaml.Node // nil for elements of lists
	path  render.Path
	pos   render.Position // where it is not in the node
	words []string
}

// maxDepth bounds the nesting that is looked at.
const maxDepth = 40

// parse reads every document of a text. One that does not parse has none: whoever reads it in earnest has said so.
func parse(text []byte) []*yaml.Node {
	var docs []*yaml.Node
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			return nil
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
			bare(&doc, 0)
			docs = append(docs, &doc)
		}
	}
}

// bare removes comments, which do not always survive being written again.
func bare(n *yaml.Node, depth int) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		if depth < 4*maxDepth {
			bare(c, depth+1)
		}
	}
}

// collect adds the leaves of a node below a path.
func (s *sheet) collect(n, key *yaml.Node, at render.Path, depth int) {
	if s.by == nil {
		s.by = map[string]*leaf{}
	}
	for n.Kind == yaml.AliasNode && n.Alias != nil && depth < maxDepth {
		n, depth = n.Alias, depth+1
	}
	if depth >= maxDepth {
		return
	}
	if len(at) > 0 {
		l := &leaf{sheet: s, node: n, key: key, path: slices.Clone(at)}
		s.leaves = append(s.leaves, l)
		s.by[at.String()] = l
	}
	below := func(step any) render.Path { return append(at[:len(at):len(at)], step) }
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if k.Tag == "!!merge" {
				s.merge(v, n, at, depth+1)
				continue
			}
			s.collect(v, k, below(k.Value), depth+1)
		}
	case yaml.SequenceNode:
		for i, v := range n.Content {
			s.collect(v, nil, below(i), depth+1)
		}
	}
}

// merge adds the leaves that "<<" brings and the mapping itself has not.
func (s *sheet) merge(v, into *yaml.Node, at render.Path, depth int) {
	for v.Kind == yaml.AliasNode && v.Alias != nil && depth < maxDepth {
		v, depth = v.Alias, depth+1
	}
	if v.Kind == yaml.SequenceNode && depth < maxDepth {
		for _, one := range v.Content {
			s.merge(one, into, at, depth+1)
		}
		return
	}
	for i := 0; v.Kind == yaml.MappingNode && i+1 < len(v.Content); i += 2 {
		if valueOf(into, v.Content[i].Value) == nil {
			s.collect(v.Content[i+1], v.Content[i], append(at[:len(at):len(at)], v.Content[i].Value), depth+1)
		}
	}
}

// valueOf gives the value of a key of a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	_, v := entryOf(n, key)
	return v
}

// entryOf gives a key of a mapping and its value, or nil.
func entryOf(n *yaml.Node, key string) (k, v *yaml.Node) {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// textOf gives the text of a scalar that is a key's value, or "".
func textOf(n *yaml.Node, key string) string {
	if v := valueOf(n, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// listOf gives the elements of a list that is a key's value.
func listOf(n *yaml.Node, key string) []*yaml.Node {
	if v := valueOf(n, key); v != nil && v.Kind == yaml.SequenceNode {
		return v.Content
	}
	return nil
}

// place gives the line of a leaf: of a scalar the value's, of all else and where it is about its name, the key's.
func (l *leaf) place(named bool) render.Position {
	if l.pos.File != "" {
		return l.pos
	}
	n := l.node
	if (named || n.Kind != yaml.ScalarNode) && l.key != nil {
		n = l.key
	}
	return l.sheet.at(n)
}

// at gives the place of a node.
func (s *sheet) at(n *yaml.Node) render.Position {
	pos := render.Position{File: s.name, Line: n.Line, Column: n.Column}
	for up := s; up.above != nil; up = up.above.sheet {
		pos.Line, pos.Column = pos.Line+up.shift[0], pos.Column+up.shift[1]
	}
	return pos
}

// top gives the place where further keys go.
func (s *sheet) top() render.Position {
	if s.head != nil {
		return s.at(s.head)
	}
	return render.Position{File: s.name, Line: 1, Column: 1}
}

// within makes a sheet of the YAML in a text of a leaf. The lines of a block are those of the file; what stands on one
// line is all there.
func (l *leaf) within(file []byte) *sheet {
	s := &sheet{kind: ofText, name: l.sheet.name, foreign: l.sheet.foreign, source: l.sheet.source, docs: parse([]byte(l.node.Value)), above: l}
	if l.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return s
	}
	s.shift[0] = l.node.Line
	lines := strings.Split(string(file), "\n")
	for n := l.node.Line; n < len(lines); n++ {
		if text := strings.TrimLeft(lines[n], " "); text != "" {
			s.shift[1] = len(lines[n]) - len(text)
			break
		}
	}
	return s
}

// scalar gives the text of a scalar as all YAML readers of Kubernetes take it.
func scalar(n *yaml.Node) (text string, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	if n.Style == 0 || n.Style == yaml.TaggedStyle {
		switch strings.ToLower(n.Value) {
		case "y", "yes", "on", "true":
			return "true", true
		case "n", "no", "off", "false":
			return "false", true
		case "", "~", "null":
			return "", true
		}
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return strconv.FormatInt(i, 10), true
		}
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64), true
		}
	}
	return n.Value, true
}

// spelled gives the text of a scalar of a tree in the same way.
func spelled(v any) (text string, ok bool) {
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
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case nil:
		return "", true
	}
	return "", false
}

// same says whether a node says what a value of a tree is.
func same(n *yaml.Node, v any, depth int) bool {
	for n.Kind == yaml.AliasNode && depth < maxDepth {
		n, depth = n.Alias, depth+1
	}
	switch v := v.(type) {
	case map[string]any:
		if n.Kind != yaml.MappingNode || len(n.Content) != 2*len(v) || depth >= maxDepth {
			return false
		}
		for i := 0; i < len(n.Content); i += 2 {
			value, ok := v[n.Content[i].Value]
			if !ok || !same(n.Content[i+1], value, depth+1) {
				return false
			}
		}
		return true
	case []any:
		if n.Kind != yaml.SequenceNode || len(n.Content) != len(v) || depth >= maxDepth {
			return false
		}
		for i := range v {
			if !same(n.Content[i], v[i], depth+1) {
				return false
			}
		}
		return true
	}
	a, ok := scalar(n)
	b, also := spelled(v)
	return ok && also && a == b
}
