package stack

import "sluice/render"

// node is one value of a stack, checked by itself: a struct, a list or a scalar (string, bool, int64), with the
// place where it is written. A default has the place of the struct that lacks it. A nil node is an absent value.
type node struct {
	place
	given  bool     // written by the author, not a default
	lost   bool     // a part of it was wrong and is not here; what is absent may have been given
	gone   []string // the fields that were wrong and are not here
	value  any
	open   map[string]any
	spots  map[string]render.Position // of open, where each part is written
	fields map[string]*node
	list   []*node
}

// set adds a field unless there is nothing to add.
func (n *node) set(name string, field *node) {
	if field != nil {
		n.fields[name] = field
	}
}

// at gives a field, nil where it is absent or was wrong. It may be called on nil.
func (n *node) at(name string) *node {
	if n == nil {
		return nil
	}
	return n.fields[name]
}

// text gives a string field, "" where it is absent.
func (n *node) text(name string) string {
	if f := n.at(name); f != nil {
		s, _ := f.value.(string)
		return s
	}
	return ""
}

// yes gives a bool field.
func (n *node) yes(name string) bool {
	if f := n.at(name); f != nil {
		b, _ := f.value.(bool)
		return b
	}
	return false
}

// elems gives the elements of a list field.
func (n *node) elems(name string) []*node {
	if f := n.at(name); f != nil {
		return f.list
	}
	return nil
}

// texts gives the elements of a list field of strings, nil where there are none. The order is the author's.
func (n *node) texts(name string) []string {
	var list []string
	for _, e := range n.elems(name) {
		s, _ := e.value.(string)
		list = append(list, s)
	}
	return list
}

// names lists the fields of a struct with free names, sorted.
func (n *node) names() []string {
	if n == nil {
		return nil
	}
	return sortedKeys(n.fields)
}

// tree gives a value in the types of an object's tree, with the defaults of the definition filled in.
func (n *node) tree() any {
	switch {
	case n.open != nil:
		return n.open
	case n.fields != nil:
		m := make(map[string]any, len(n.fields))
		for name, field := range n.fields {
			m[name] = field.tree()
		}
		return m
	case n.value != nil:
		return n.value
	}
	list := make([]any, len(n.list))
	for i, e := range n.list {
		list[i] = e.tree()
	}
	return list
}
