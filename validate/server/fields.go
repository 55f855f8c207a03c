package server

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"sluice/render"
)

// spot is a place in the tree of an object: the value there, nil where there is none or it is null, and the way to it.
// Getters say "not ok" of a value of another type, which is for the schemas to report, and of one that holds a
// placeholder, which nobody knows.
type spot struct {
	j     *judge
	up    *spot
	key   string // of a mapping
	index int    // of a list, where key is empty and up is a list
	value any
}

// root is the whole object.
func (j *judge) root() *spot { return j.spot(spot{j: j, value: j.object.Tree}) }

// spot keeps a spot in the memory that the judgements of all objects share, one after the other.
func (j *judge) spot(s spot) *spot {
	if len(*j.room) == cap(*j.room) {
		*j.room = make([]spot, 0, 512)
	}
	*j.room = append(*j.room, s)
	return &(*j.room)[len(*j.room)-1]
}

// at is the value that keys lead to from the top.
func (j *judge) at(keys ...string) *spot { return j.root().at(keys...) }

// at is the value that keys lead to.
func (s *spot) at(keys ...string) *spot {
	for _, key := range keys {
		fields, _ := s.value.(map[string]any)
		s = s.j.spot(spot{j: s.j, up: s, key: key, value: fields[key]})
	}
	return s
}

// each gives the elements of a list, in its order.
func (s *spot) each() iter.Seq2[int, *spot] {
	return func(yield func(int, *spot) bool) {
		list, _ := s.value.([]any)
		for i, v := range list {
			if !yield(i, s.j.spot(spot{j: s.j, up: s, index: i, value: v})) {
				return
			}
		}
	}
}

// entries gives the values of a mapping by key, sorted.
func (s *spot) entries() iter.Seq2[string, *spot] {
	return func(yield func(string, *spot) bool) {
		fields, _ := s.value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if !yield(key, s.at(key)) {
				return
			}
		}
	}
}

// path leads to the spot from the top.
func (s *spot) path() render.Path {
	var p render.Path
	for ; s.up != nil; s = s.up {
		if _, element := s.element(); element {
			p = append(p, s.index)
		} else {
			p = append(p, s.key)
		}
	}
	slices.Reverse(p)
	return p
}

// there says whether something other than null is stated.
func (s *spot) there() bool { return s.value != nil }

// full says whether a list, a mapping or a text that is not empty is stated, or any other scalar.
func (s *spot) full() bool { return s.value != nil && s.value != "" && (s.length() > 0 || !s.branch()) }

// branch says whether the value is a list or a mapping.
func (s *spot) branch() bool {
	switch s.value.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// length is that of a list or a mapping, 0 of everything else.
func (s *spot) length() int {
	switch v := s.value.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// isMap says whether the value is a mapping.
func (s *spot) isMap() bool {
	_, ok := s.value.(map[string]any)
	return ok
}

// blank says whether the value holds a placeholder, or something below it does.
func (s *spot) blank() bool {
	return s.j.blanked && s.j.blanks.Below(s.j.object.Key, s.path())
}

// text is a string; one that is not stated is empty and ok.
func (s *spot) text() (string, bool) {
	if s.value == nil {
		return "", true
	}
	text, ok := s.value.(string)
	return text, ok && !s.blank()
}

// word is the string, empty where there is none that is known.
func (s *spot) word() string {
	text, ok := s.text()
	if !ok {
		return ""
	}
	return text
}

// integer is a stated whole number.
func (s *spot) integer() (int64, bool) {
	n, ok := s.value.(int64)
	return n, ok && !s.blank()
}

// number is a stated whole number, or the given one where nothing is stated.
func (s *spot) number(otherwise int64) (int64, bool) {
	if s.value == nil {
		return otherwise, true
	}
	return s.integer()
}

// is says whether the value is this boolean.
func (s *spot) is(b bool) bool { return s.value == b && !s.blank() }

// quantity reads an amount as Kubernetes writes it. An entry of amounts that is null is 0 to the server.
func (s *spot) quantity() (resource.Quantity, bool) {
	var text string
	switch v := s.value.(type) {
	case nil:
		return resource.Quantity{}, s.entered()
	case string:
		text = v
	case int64, uint64, float64:
		text = fmt.Sprint(v)
	default:
		return resource.Quantity{}, false
	}
	// Digits without end would be parsed digit by digit; no server takes an object for which that matters.
	if len(text) > 64 || s.blank() {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil
}

// say adds a finding of a rule about the value. The message follows the path: "is %q, want an integer".
func (s *spot) say(rule, format string, args ...any) {
	path := s.path()
	if s.value == nil && s.j.asked(path) {
		return
	}
	s.j.say(rule, path, "%s %s", path, fmt.Sprintf(format, args...))
}

// must reports a known string that has not the form; an empty one or none is no matter of it.
func (s *spot) must(rule string, f form) bool {
	text, ok := s.text()
	if !ok || text == "" || f.ok(text) {
		return true
	}
	s.say(rule, "is %s, want %s", quote(text), f.want)
	return false
}

// need reports that nothing is stated, or an empty text.
func (s *spot) need(rule, why string) bool {
	if s.value != nil && s.value != "" {
		return true
	}
	if why != "" {
		why = ", " + why
	}
	state := "is missing"
	if s.value != nil {
		state = "is empty"
	}
	s.say(rule, "%s%s", state, why)
	return false
}

// nonEmpty reports an empty text; that a field is not there is for the schemas to say.
func (s *spot) nonEmpty(rule, why string) bool {
	if s.value == "" {
		return s.need(rule, why)
	}
	return s.value != nil
}

// within reports a known whole number outside of bounds. Of a field of 32 bits it is the schema's to say that a number
// does not fit; fields of 64 bits have bounds beyond them.
func (s *spot) within(rule string, low, high int64) bool {
	n, ok := s.integer()
	if !ok || low <= n && n <= high || high < math.MaxInt32 && !fits(n) {
		return true
	}
	switch {
	case high == noLimit && low == 0:
		s.say(rule, "is %d, want 0 or more", n)
	case high == noLimit:
		s.say(rule, "is %d, want %d or more", n, low)
	default:
		s.say(rule, "is %d, want %d to %d", n, low, high)
	}
	return false
}

// fits says whether a number fits into the 32 bits of most fields.
func fits(n int64) bool { return n == int64(int32(n)) }

// noLimit is the high bound of what has none.
const noLimit = int64(^uint64(0) >> 1)

// oneOf reports a known string that is none of the words; an empty one or none is no matter of it.
func (s *spot) oneOf(rule string, words ...string) bool {
	text, ok := s.text()
	if !ok || text == "" || slices.Contains(words, text) {
		return true
	}
	s.say(rule, "is %s, want %s", quote(text), strings.Join(words, " or "))
	return false
}

// unique reports an element of a list that has the known value of one before it. The empty one is no value.
func unique(rule string, values iter.Seq2[int, *spot], key func(*spot) (string, *spot)) {
	first := map[string]*spot{}
	for _, s := range values {
		value, at := key(s)
		if value == "" {
			continue
		}
		if before, twice := first[value]; twice {
			at.say(rule, "is %s, as %s is already", quote(value), before.path())
			continue
		}
		first[value] = at
	}
}

// byName is the key of what is named by its field "name".
func byName(s *spot) (string, *spot) {
	name := s.at("name")
	return name.word(), name
}

// quote writes a value into a message, shortened.
func quote(text string) string {
	if len(text) > 100 {
		return fmt.Sprintf("%.90q... (%d bytes)", text, len(text))
	}
	return fmt.Sprintf("%q", text)
}

// labels reads a mapping of strings. It is not ok where a value is no string or not known.
func (s *spot) labels() (map[string]string, bool) {
	labels := map[string]string{}
	for key, value := range s.entries() {
		text, ok := value.text()
		if !ok {
			return nil, false
		}
		labels[key] = text
	}
	return labels, s.value == nil || s.isMap()
}

// textOf writes a whole number.
func (s *spot) textOf() string { return fmt.Sprint(s.value) }

// parseInt reads a decimal number of so many bits.
func parseInt(text string, bits int) (int64, error) { return strconv.ParseInt(text, 10, bits) }
