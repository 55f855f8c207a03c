package render

import (
	"strings"
	"unicode/utf8"
)

// Bounds of what the scanner reads itself. YAML's own bound of a key on one line is 1,024 characters, and the library's of
// nesting 10,000.
const (
	maxScanKey   = 1000
	maxScanDepth = 200
)

// scanner reads the YAML that nearly all manifests are written in straight into trees: block collections, scalars of every
// style, and flow collections on one line. It builds no nodes, which is most of what reading YAML costs.
//
// It gives up on anything else (anchors, tags, tabs where they matter, keys that are no plain text, doubtful indentation) and
// on whatever may be an error: the library then reads the document, and words the error. So it must never accept what the
// library refuses, nor read another value; FuzzScan holds it to that. Where its rules are stricter than YAML's, they are
// those of go.yaml.in/yaml/v3, scannerc.go.
type scanner struct {
	text  string
	at    int
	col   int // column of the token at the cursor, -1 at the end: known between entries
	depth int
	buf   []byte // of the scalar being put together
	items []int  // where the elements of the top mapping's "items" begin
}

// scanDocument reads the one document of a chunk. Content is where it begins, -1 where the chunk holds none; ok is false where
// the scanner gives up.
func scanDocument(text string) (tree any, content int, items []int, ok bool) {
	s := scanner{text: text}
	if rest, marked := strings.CutPrefix(text, "---"); marked {
		s.at = len("---")
		if rest != "" && rest[0] != ' ' && rest[0] != '\n' || !s.lineEnd() {
			return nil, 0, nil, false
		}
	}
	if !s.next() {
		return nil, 0, nil, false
	}
	if s.col < 0 {
		return nil, -1, nil, true
	}
	content = s.at
	if tree, ok = s.block(); !ok || s.col >= 0 {
		return nil, 0, nil, false
	}
	return tree, content, s.items, true
}

// scannable says whether a text holds only characters that mean the same to the scanner and the library: no line ends but
// "\n", no control characters, no byte order mark.
func scannable(text []byte) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			continue
		}
		if c < utf8.RuneSelf {
			return false
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError || r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r > 0xfffd && r < 0x10000 {
			return false
		}
		i += size - 1
	}
	return true
}

// next moves from the start of a line to the next token, over blank lines and comments.
func (s *scanner) next() bool {
	for s.at < len(s.text) {
		i := s.at
		for i < len(s.text) && s.text[i] == ' ' {
			i++
		}
		switch {
		case i == len(s.text):
			s.at = i
		case s.text[i] == '\n':
			s.at = i + 1
		case s.text[i] == '#':
			s.at = i
			s.skipLine()
		case s.text[i] == '\t':
			return false
		default:
			s.col, s.at = i-s.at, i
			return true
		}
	}
	s.col = -1
	return true
}

// skipLine moves to the start of the next line.
func (s *scanner) skipLine() {
	if i := strings.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		s.at += i + 1
		return
	}
	s.at = len(s.text)
}

// lineEnd moves over blanks and a comment to the start of the next line; it is false where the line holds more.
func (s *scanner) lineEnd() bool {
	i := s.at
	for i < len(s.text) && s.text[i] == ' ' {
		i++
	}
	if i < len(s.text) && s.text[i] != '\n' && (s.text[i] != '#' || i == s.at) {
		return false
	}
	s.at = i
	s.skipLine()
	return true
}

// blank says whether the text has a space or a line end at i, or ends there.
func (s *scanner) blank(i int) bool {
	return i >= len(s.text) || s.text[i] == ' ' || s.text[i] == '\n' || s.text[i] == '\t'
}

// dash says whether an element of a block sequence begins at the cursor.
func (s *scanner) dash() bool { return s.text[s.at] == '-' && s.blank(s.at+1) }

// block reads the block collection at the cursor and moves to the token behind it.
func (s *scanner) block() (any, bool) {
	if s.dash() {
		return s.sequence(s.col, nil)
	}
	key, ok := s.key()
	if !ok {
		return nil, false
	}
	return s.mapping(s.col, key)
}

// nested reads what stands at the cursor inside the block collection of a column: a block collection or a scalar.
func (s *scanner) nested(col int) (any, bool) {
	start := s.at
	if s.dash() {
		return s.sequence(s.col, nil)
	}
	if key, ok := s.key(); ok {
		return s.mapping(s.col, key)
	}
	s.at = start
	return s.scalar(col)
}

// mapping reads the block mapping whose keys stand in a column, from behind its first key.
func (s *scanner) mapping(col int, key string) (any, bool) {
	if s.depth++; s.depth > maxScanDepth {
		return nil, false
	}
	defer func() { s.depth-- }()
	tree := map[string]any{}
	for {
		if _, twice := tree[key]; twice {
			return nil, false
		}
		var starts *[]int
		if s.depth == 1 && key == "items" {
			starts = &s.items
		}
		v, ok := s.value(col, starts)
		if !ok {
			return nil, false
		}
		tree[key] = v
		if s.col != col {
			return tree, s.col < col
		}
		if s.dash() {
			return nil, false
		}
		if key, ok = s.key(); !ok {
			return nil, false
		}
	}
}

// value reads the value of a key in a column, from behind the colon, and moves to the token behind it.
func (s *scanner) value(col int, starts *[]int) (any, bool) {
	if s.lineEnd() {
		if !s.next() {
			return nil, false
		}
		switch {
		case s.col < col:
			return nil, true
		case s.col == col && !s.dash():
			return nil, true
		case s.dash(): // its dashes may stand in the column of the key
			return s.sequence(s.col, starts)
		}
		return s.nested(col)
	}
	s.skipSpaces()
	return s.scalar(col)
}

func (s *scanner) skipSpaces() {
	for s.at < len(s.text) && s.text[s.at] == ' ' {
		s.at++
	}
}

// sequence reads the block sequence whose dashes stand in a column, and notes where its elements begin.
func (s *scanner) sequence(col int, starts *[]int) (any, bool) {
	if s.depth++; s.depth > maxScanDepth {
		return nil, false
	}
	defer func() { s.depth-- }()
	list := []any{}
	for s.col == col && s.dash() {
		v, ok := s.element(col, starts)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, s.col <= col
}

// element reads one element from its dash on.
func (s *scanner) element(col int, starts *[]int) (any, bool) {
	dash := s.at
	s.at++
	if s.lineEnd() {
		if !s.next() {
			return nil, false
		}
		start := dash
		if s.col > col {
			start = s.at
		}
		if starts != nil {
			*starts = append(*starts, start)
		}
		if s.col <= col {
			return nil, true
		}
		return s.nested(col)
	}
	s.skipSpaces()
	if starts != nil {
		*starts = append(*starts, s.at)
	}
	s.col += s.at - dash
	return s.nested(col)
}

// key reads a key and its colon. It is false, with the cursor anywhere, where there is none on the line.
func (s *scanner) key() (string, bool) {
	start := s.at
	if c := s.text[start]; c == '"' || c == '\'' {
		v, ok := s.quoted()
		if !ok || s.at-start > maxScanKey || strings.IndexByte(s.text[start:s.at], '\n') >= 0 || !s.colon(s.at) {
			return "", false
		}
		s.at++
		return v, true
	}
	if !s.plainStart() || strings.HasPrefix(s.text[start:], "---") || strings.HasPrefix(s.text[start:], "...") {
		return "", false
	}
	for i := start; i < len(s.text); i++ {
		switch s.text[i] {
		case '\n', '\t':
			return "", false
		case '#':
			if i > start && s.text[i-1] == ' ' {
				return "", false
			}
		case ':':
			if !s.blank(i + 1) {
				continue
			}
			text := s.text[start:i]
			if text == "<<" || len(text) > maxScanKey || text[len(text)-1] == ' ' {
				return "", false
			}
			s.at = i + 1
			v, ok := resolve(text)
			if !ok {
				return "", false
			}
			return keyText(v)
		}
	}
	return "", false
}

// colon says whether the colon behind a key is at i.
func (s *scanner) colon(i int) bool { return i < len(s.text) && s.text[i] == ':' && s.blank(i+1) }

// plainStart says whether a plain scalar begins at the cursor.
func (s *scanner) plainStart() bool {
	switch c := s.text[s.at]; c {
	case '-', ':':
		return !s.blank(s.at + 1)
	default:
		return strings.IndexByte("?,[]{}#&*!|>'\"%@`\t", c) < 0
	}
}
