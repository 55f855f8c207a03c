package origin

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// What a likeness counts. A leaf that is as good as [sure] is named where no render could show which it is.
const (
	equalValue = 60
	partValue  = 25
	lastKey    = 60
	lastWord   = 20
	otherKey   = 10
	foreignKey = -3
	namedValue = 50
	imageTag   = 25
	asked      = 90 // the template's line asks for it
	underChart = 15
	otherChart = -40
	sure       = 120
	structural = 1000 // a resource or patch that has the field itself

	mostCandidates = 8 // of a field
)

// context gives the words that stand around a field.
func (q *question) context() map[string]bool {
	words := map[string]bool{}
	add := func(text string) {
		for _, w := range wordsOf(text) {
			words[w] = true
		}
	}
	add(q.field.Path.Named(q.object.Tree).String())
	add(q.object.Key.Kind)
	add(q.object.Key.Name)
	add(q.object.Provenance.Template)
	return words
}

// wordsOf cuts a text into words: at everything that is no letter or digit, and at capitals. One word in the plural is the
// same as in the singular.
func wordsOf(text string) []string {
	var words []string
	var word []rune
	end := func() {
		w := strings.ToLower(string(word))
		if len(w) > 3 {
			w = strings.TrimSuffix(w, "s")
		}
		if w != "" {
			words = append(words, w)
		}
		word = word[:0]
	}
	lower := false
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
		case unicode.IsUpper(r) && lower:
			end()
			word = append(word, r)
		default:
			word = append(word, r)
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
	}
	end()
	return words
}

// candidates lists the leaves that may decide a field, the likeliest first.
func (t *trace) candidates(q *question) {
	t.fromResources(q)
	piles := t.piles(q)
	list := q.list
	for _, p := range piles {
		for _, s := range p.layers {
			for _, l := range s.leaves {
				if c, ok := t.judge(q, l); ok && !t.shadowed(l) {
					list = append(list, c)
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return -cmp.Compare(a.score, b.score) })
	q.list = list[:min(len(list), mostCandidates)]
}

// judge says how likely it is that a leaf decides a field.
func (t *trace) judge(q *question, l *leaf) (candidate, bool) {
	c := candidate{leaf: l, at: q.field.Path}
	text, plain := spelled(q.value)
	said, isScalar := scalar(l.node)
	likely := false
	switch {
	case q.there && plain && isScalar && said == text && text != "":
		c.score, likely = equalValue, true
	case q.there && plain && isScalar && len(said) > 1 && strings.Contains(text, said):
		c.score, likely = partValue+min(len(said), 20), true
	case q.there && plain && isScalar && q.object.Key.Kind == "Secret" && len(said) > 1 && strings.Contains(decoded(text), said):
		c.score, likely = partValue+min(len(said), 20), true
	case q.there && !plain && !isScalar && same(l.node, q.value, 0):
		c.score, likely = equalValue, true
	case isScalar != plain && q.there:
		return c, false
	}
	c.like = likely
	near := t.likeness(q, l)
	c.score += near
	if likely && q.named(said) {
		c.score += namedValue
	}
	if !likely && near < lastKey {
		return t.around(q, l)
	}
	if !isScalar && len(l.node.Content) > 0 && first(l.node, 0) == nil {
		return c, false
	}
	return c, true
}

// named says whether what is said of the field names a value, or the key of the placeholder in it.
func (q *question) named(value string) bool {
	if _, key, ok := strings.Cut(value, "#"); ok && strings.HasPrefix(value, "<") {
		key, _, _ = strings.Cut(strings.Trim(key, "> "), " ")
		return key != "" && strings.Contains(q.field.About, key)
	}
	return len(value) > 2 && strings.Contains(q.field.About, value)
}

// around finds a leaf that a whole part of the object around a field is a copy of: what is wrong there is wrong in it.
func (t *trace) around(q *question, l *leaf) (candidate, bool) {
	if l.node.Kind == yaml.ScalarNode || first(l.node, 0) == nil {
		return candidate{}, false
	}
	for n := len(q.field.Path) - 1; n > 0; n-- {
		v, ok := q.field.Path[:n].In(q.object.Tree)
		if !ok {
			continue
		}
		if size(v) == 0 || size(v) > 64 {
			if size(v) > 64 {
				return candidate{}, false
			}
			continue
		}
		if same(l.node, v, 0) {
			return candidate{leaf: l, score: equalValue + n, like: true, at: q.field.Path[:n]}, true
		}
	}
	return candidate{}, false
}

// size counts the entries of a map or list.
func size(v any) int {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}

// first gives the first scalar below a node that can be changed.
func first(n *yaml.Node, depth int) *yaml.Node {
	for n.Kind == yaml.AliasNode && depth < maxDepth {
		n, depth = n.Alias, depth+1
	}
	if n.Kind == yaml.ScalarNode {
		if n.ShortTag() == "!!null" {
			return nil
		}
		return n
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 || depth >= maxDepth {
			continue
		}
		if found := first(c, depth+1); found != nil {
			return found
		}
	}
	return nil
}

// likeness compares the key of a leaf with what a field is called.
func (t *trace) likeness(q *question, l *leaf) int {
	score := 0
	want, have := last(q.field.Path), last(l.path)
	if strings.EqualFold(want, have) {
		score += lastKey
	} else {
		shared := 0
		for _, w := range wordsOf(want) {
			if slices.Contains(wordsOf(have), w) {
				shared++
			}
		}
		score += lastWord * min(shared, 2)
	}
	// Of an image, what is found is mostly what the tag says.
	if want == "image" && (have == "tag" || have == "digest") {
		score += imageTag
	}
	if l.words == nil {
		l.words = []string{}
		for _, step := range l.path[:max(len(l.path)-1, 0)] {
			if key, ok := step.(string); ok {
				l.words = append(l.words, key)
			}
		}
	}
	near := 0
	for _, key := range l.words {
		hit := slices.ContainsFunc(wordsOf(key), func(w string) bool { return q.words[w] })
		if hit {
			near++
		} else {
			score += foreignKey
		}
	}
	score += otherKey * min(near, 4)
	if asksFor(q.line.asks, l.path) {
		score += asked
	}
	below := prefix(q.object.Provenance.Template)
	switch {
	case len(below) == 0:
	case len(l.path) > len(below) && l.path[:len(below)].String() == below.String():
		score += underChart
	case len(l.path) > 0 && l.path[0] != "global":
		score += otherChart
	}
	return score
}

// asksFor says whether a template's line asks for a key or for something around or below it.
func asksFor(asks []render.Path, at render.Path) bool {
	return slices.ContainsFunc(asks, func(a render.Path) bool {
		return len(a) <= len(at) && a.String() == at[:len(a)].String()
	})
}

// last gives the last key of a path.
func last(p render.Path) string {
	for _, step := range slices.Backward(p) {
		if key, ok := step.(string); ok {
			return key
		}
	}
	return ""
}
