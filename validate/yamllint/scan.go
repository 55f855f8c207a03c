package yamllint

import (
	"slices"
	"strings"
)

// The bounds of a scan, past which a text is no one's to read: of nested collections, and of a key on one line (YAML 1.1,
// 7.4.2: 1024 characters).
const (
	maxDepth = 10_000
	maxKey   = 1024
)

// possible is a place that turns out to be a key where a colon follows.
type possible struct {
	token     int // index
	at        int
	line, col int
	set       bool
	required  bool
}

// scanner makes tokens of a text, one look ahead at a time. It knows no grammar beyond what decides where a token ends:
// that is the parser's, and the verdict on it is left to the reader that everybody has.
type scanner struct {
	scanned
	pos, row int
	bol      int // where the line begins
	indents  []int
	indent   int
	flow     int
	allowKey bool
	keys     []possible // one of each depth of flow
}

// scan makes the tokens of a text. It ends at the first place that no token can be made of.
func scan(text string) *scanned {
	s := &scanner{scanned: scanned{text: text, at: -1}, indent: -1, allowKey: true, keys: make([]possible, 1)}
	s.tokens = make([]token, 0, len(text)/8+8)
	s.begin = append(s.begin, 0)
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		s.begin = append(s.begin, int32(i))
	}
	s.add(streamStart, 0)
	s.pos = len(text) - len(strings.TrimPrefix(text, "\ufeff"))
	s.bol = s.pos
	for s.at < 0 && s.next() {
	}
	return &s.scanned
}

// peek gives the byte so many ahead, 0 at the end.
func (s *scanner) peek(n int) byte {
	if s.pos+n < len(s.text) {
		return s.text[s.pos+n]
	}
	return 0
}

func (s *scanner) col() int { return s.pos - s.bol }

// add puts a token of so many bytes here and moves behind it.
func (s *scanner) add(k kind, length int) {
	s.tokens = append(s.tokens, token{
		kind: k, start: int32(s.pos), end: int32(s.pos + length), line: int32(s.row), col: int32(s.col()), endLine: int32(s.row),
	})
	s.pos += length
}

// fail ends the scan.
func (s *scanner) fail(problem string) {
	if s.at < 0 {
		s.at, s.problem = s.pos, problem
	}
}

// newline moves behind a line break: \r\n, \n or \r.
func (s *scanner) newline() {
	if s.peek(0) == '\r' && s.peek(1) == '\n' {
		s.pos++
	}
	if s.pos < len(s.text) {
		s.pos++
		s.row++
		s.bol = s.pos
	}
}

// skip moves to where the next token starts, and notes the comments before it.
func (s *scanner) skip() {
	first := true
	for {
		for {
			c := s.peek(0)
			if c == '\t' {
				if s.flow == 0 && s.allowKey && strings.TrimLeft(s.text[s.bol:s.pos], " \t") == "" {
					s.tabs = append(s.tabs, int32(s.pos))
				}
			} else if c != ' ' {
				break
			}
			s.pos++
		}
		if s.peek(0) == '#' {
			s.comment(first, false)
			first = false
		}
		if !breaks(s.peek(0)) {
			return
		}
		s.newline()
		if s.flow == 0 {
			s.allowKey = true
		}
	}
}

// comment notes the comment that starts here and moves to the end of its line.
func (s *scanner) comment(first, header bool) {
	start, col := s.pos, s.col()
	for s.pos < len(s.text) && !breaks(s.text[s.pos]) {
		s.pos++
	}
	s.notes = append(s.notes, note{
		start: int32(start), end: int32(s.pos), line: int32(s.row), col: int32(col),
		before: int32(len(s.tokens) - 1), first: first, header: header,
	})
}

// next makes at least one token; false at the end.
func (s *scanner) next() bool {
	s.skip()
	s.stale()
	s.unwind(s.col())
	if s.pos >= len(s.text) {
		s.unwind(-1)
		s.dropKey()
		s.add(streamEnd, 0)
		return false
	}
	c, after := s.peek(0), s.peek(1)
	if s.col() == 0 {
		switch {
		case c == '%':
			s.directive()
			return true
		case s.marker("---"):
			s.document(documentStart)
			return true
		case s.marker("..."):
			s.document(documentEnd)
			return true
		}
	}
	switch {
	case c == '[':
		s.open(flowSequence)
	case c == '{':
		s.open(flowMapping)
	case c == ']':
		s.shut(flowSequenceEnd)
	case c == '}':
		s.shut(flowMappingEnd)
	case c == ',':
		s.allowKey = true
		s.dropKey()
		s.add(flowEntry, 1)
	case c == '-' && blank(after):
		s.entry()
	case c == '?' && blank(after):
		s.explicitKey()
	case c == ':' && (s.flow > 0 || blank(after)):
		s.value()
	case c == '*' || c == '&':
		s.anchor(c)
	case c == '!':
		s.tag()
	case (c == '|' || c == '>') && s.flow == 0:
		s.block(c)
	case c == '\'' || c == '"':
		s.quoted(c)
	case strings.IndexByte("\t-?:,[]{}#&*!|>'\"%@`\x00", c) < 0,
		!blank(after) && (c == '-' || c == '?' || s.flow == 0 && c == ':'):
		s.plain()
	default:
		s.fail("no value of YAML begins with this character")
	}
	return true
}

// marker says whether a document marker is here.
func (s *scanner) marker(text string) bool {
	return s.col() == 0 && strings.HasPrefix(s.text[s.pos:], text) && blank(s.peek(3))
}

// unwind ends the block collections that are indented further than a column.
func (s *scanner) unwind(col int) {
	if s.flow > 0 {
		return
	}
	for s.indent > col {
		s.indent = s.indents[len(s.indents)-1]
		s.indents = s.indents[:len(s.indents)-1]
		s.add(blockEnd, 0)
	}
}

// deepen begins a block collection where a column is further in, and says whether it did.
func (s *scanner) deepen(col int) bool {
	if s.indent >= col {
		return false
	}
	if len(s.indents) >= maxDepth {
		s.fail("mappings and lists are nested too deep")
		return false
	}
	s.indents = append(s.indents, s.indent)
	s.indent = col
	return true
}

// stale fails where a key that had to be one was none. Only outside of flow there are such; the others are looked at when
// they are asked for, or deep nesting would take for ever.
func (s *scanner) stale() {
	if k := &s.keys[0]; k.set && k.required && !s.fresh(k) {
		s.fail("a line of a mapping has no ':' behind its key")
	}
}

// fresh says whether a place can still be a key: it is on one line, and short.
func (s *scanner) fresh(k *possible) bool { return k.set && k.line == s.row && s.pos-k.at <= maxKey }

// saveKey remembers that the token to come may be a key.
func (s *scanner) saveKey() {
	if !s.allowKey {
		return
	}
	s.dropKey()
	s.keys[s.flow] = possible{
		token: len(s.tokens), at: s.pos, line: s.row, col: s.col(), set: true, required: s.flow == 0 && s.indent == s.col(),
	}
}

// dropKey forgets the place at this depth of flow.
func (s *scanner) dropKey() {
	k := &s.keys[s.flow]
	if k.set && k.required {
		s.fail("a line of a mapping has no ':' behind its key")
	}
	k.set = false
}

func (s *scanner) directive() {
	s.unwind(-1)
	s.dropKey()
	s.allowKey = false
	end := s.pos
	for end < len(s.text) && !breaks(s.text[end]) && (s.text[end] != '#' || !blank(s.text[end-1])) {
		end++
	}
	s.add(directive, len(strings.TrimRight(s.text[s.pos:end], " \t")))
	for s.peek(0) == ' ' || s.peek(0) == '\t' {
		s.pos++
	}
	if s.peek(0) == '#' {
		s.comment(true, true)
	}
}

func (s *scanner) document(k kind) {
	s.unwind(-1)
	s.dropKey()
	s.allowKey = false
	s.add(k, 3)
}

func (s *scanner) open(k kind) {
	s.saveKey()
	if s.flow >= maxDepth {
		s.fail("mappings and lists are nested too deep")
		return
	}
	s.flow++
	s.keys = append(s.keys, possible{})
	s.allowKey = true
	s.add(k, 1)
}

func (s *scanner) shut(k kind) {
	s.dropKey()
	if s.flow > 0 {
		s.flow--
		s.keys = s.keys[:len(s.keys)-1]
	}
	s.allowKey = false
	s.add(k, 1)
}

func (s *scanner) entry() {
	if s.flow == 0 {
		if !s.allowKey {
			s.fail("a list cannot begin here")
			return
		}
		if s.deepen(s.col()) {
			s.add(blockSequence, 0)
		}
	}
	s.allowKey = true
	s.dropKey()
	s.add(blockEntry, 1)
}

func (s *scanner) explicitKey() {
	if s.flow == 0 {
		if !s.allowKey {
			s.fail("a key cannot stand here")
			return
		}
		if s.deepen(s.col()) {
			s.add(blockMapping, 0)
		}
	}
	s.allowKey = s.flow == 0
	s.dropKey()
	s.add(keyToken, 1)
}

func (s *scanner) value() {
	if k := &s.keys[s.flow]; s.fresh(k) {
		k.set = false
		at := token{kind: keyToken, start: int32(k.at), end: int32(k.at), line: int32(k.line), col: int32(k.col), endLine: int32(k.line)}
		added := []token{at}
		if s.flow == 0 && s.deepen(k.col) {
			at.kind = blockMapping
			added = []token{at, added[0]}
		}
		s.tokens = slices.Insert(s.tokens, k.token, added...)
		s.allowKey = false
	} else {
		if s.flow == 0 {
			if !s.allowKey {
				s.fail("a ':' cannot stand here, as no key is before it")
				return
			}
			if s.deepen(s.col()) {
				s.add(blockMapping, 0)
			}
		}
		s.allowKey = s.flow == 0
		s.dropKey()
	}
	s.add(valueToken, 1)
}

func (s *scanner) anchor(c byte) {
	s.saveKey()
	s.allowKey = false
	n := 1
	for !blank(s.peek(n)) && strings.IndexByte("?:,]}%@`[{", s.peek(n)) < 0 {
		n++
	}
	if n == 1 {
		s.fail("an anchor or alias has no name")
		return
	}
	if c == '*' {
		s.add(alias, n)
	} else {
		s.add(anchor, n)
	}
}

func (s *scanner) tag() {
	s.saveKey()
	s.allowKey = false
	n := 1
	for !blank(s.peek(n)) && (s.flow == 0 || strings.IndexByte(",]}", s.peek(n)) < 0) {
		n++
	}
	s.add(tag, n)
}
