package render

import (
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// written is the text that an object was read from. Its nodes are made when a place in it is first asked for: few objects of
// a render are ever pointed at, and their nodes would take several times the memory of their trees.
type written struct {
	text  string // of the document
	above int    // lines above it
	items []int  // lines of a list's items, where they are known

	of    *written // the list that this is an item of
	index int      // its place there

	once sync.Once
	root *yaml.Node
}

// node gives the node of the object, or nil.
func (w *written) node() *yaml.Node {
	if w == nil {
		return nil
	}
	w.once.Do(func() {
		switch {
		case w.root != nil:
		case w.of != nil:
			w.root = itemNode(w.of.node(), w.index)
		default:
			var doc yaml.Node
			if yaml.NewDecoder(strings.NewReader(w.text)).Decode(&doc) == nil {
				shift(&doc, w.above)
				w.root = content(&doc)
			}
		}
	})
	return w.root
}

// item gives an item of a list and its first line, or nil and 0.
func (w *written) item(i int) (*written, int) {
	if w != nil && i < len(w.items) {
		return &written{of: w, index: i}, w.items[i]
	}
	n := itemNode(w.node(), i)
	if n == nil {
		return nil, 0
	}
	return &written{root: n}, n.Line
}

// itemNode gives the node of an item of a list's node, or nil.
func itemNode(list *yaml.Node, i int) *yaml.Node {
	items := child(list, "items")
	if items == nil || items.Kind != yaml.SequenceNode || i >= len(items.Content) {
		return nil
	}
	return items.Content[i]
}

// shift moves the lines of a node tree down.
func shift(n *yaml.Node, by int) {
	if by == 0 {
		return
	}
	n.Line += by
	for _, c := range n.Content {
		shift(c, by)
	}
}

// child gives the value of a key of a mapping node, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// below gives the node that a step leads to from the node of a value, or nil.
func below(n *yaml.Node, v any, step any) *yaml.Node {
	if key, ok := step.(string); ok {
		return child(n, key)
	}
	list, _ := v.([]any)
	i := indexOf(list, step)
	if n == nil || n.Kind != yaml.SequenceNode || i < 0 || i >= len(n.Content) {
		return nil
	}
	return n.Content[i]
}
