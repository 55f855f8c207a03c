package validate

// What rules look up in a decoded tree may be missing, or be of another type than the field has. The accessors below give
// the zero value then and say no more: that a field is of the wrong type is what the rules about schemas find, and one
// mistake is one finding. Where the difference counts, and for elements of lists, there is [render.Path.In].

// ValueAt gives what some keys of mappings lead to, one inside the other, or nil. Without keys it is the tree itself.
func ValueAt(tree any, keys ...string) any {
	for _, key := range keys {
		m, _ := tree.(map[string]any)
		tree = m[key]
	}
	return tree
}

// MappingAt gives the mapping that some keys lead to, or nil.
func MappingAt(tree any, keys ...string) map[string]any {
	m, _ := ValueAt(tree, keys...).(map[string]any)
	return m
}

// ListAt gives the list that some keys lead to, or nil.
func ListAt(tree any, keys ...string) []any {
	l, _ := ValueAt(tree, keys...).([]any)
	return l
}

// TextAt gives the string that some keys lead to, or "".
func TextAt(tree any, keys ...string) string {
	s, _ := ValueAt(tree, keys...).(string)
	return s
}

// TextsAt gives the strings of the list that some keys lead to. What is no string is left out, so their places are not those
// of the list.
func TextsAt(tree any, keys ...string) []string {
	var texts []string
	for _, v := range ListAt(tree, keys...) {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// NumberAt gives the integer that some keys lead to, and false where there is none, or one beyond 64 bits. Whole floats are
// among them: [render.Parse] has made integers of those, as the API server does.
func NumberAt(tree any, keys ...string) (int64, bool) {
	n, ok := ValueAt(tree, keys...).(int64)
	return n, ok
}
