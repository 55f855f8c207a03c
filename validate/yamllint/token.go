package yamllint

import "sort"

// kind is what a token is.
type kind uint8

// The kinds of token, as the presentation of a stream has them (YAML 1.1, chapter 4; PyYAML's names).
const (
	streamStart kind = iota
	streamEnd
	directive
	documentStart
	documentEnd
	blockSequence // of no width, before the first entry
	blockMapping
	blockEnd
	flowSequence
	flowMapping
	flowSequenceEnd
	flowMappingEnd
	blockEntry
	flowEntry
	keyToken // of no width unless it is "?"
	valueToken
	alias
	anchor
	tag
	scalar
)

// token is one of a text. Offsets and columns count bytes from 0, lines from 0.
type token struct {
	kind       kind
	style      byte // of a scalar: 0 for a plain one, else one of '"|>
	start, end int32
	line, col  int32
	endLine    int32
}

// note is a comment: where it starts, and the token before it.
type note struct {
	start, end, line, col int32
	before                int32 // index of the token before
	first                 bool  // of those between two tokens
	header                bool  // behind the header of a block scalar
}

// scanned is the text of a file in tokens.
type scanned struct {
	text   string
	tokens []token
	notes  []note
	// The place that no token can be made of; at is -1 where there is none. What comes after it was not scanned.
	at      int
	problem string
	tabs    []int32 // offsets of tabs that indent
	begin   []int32 // offset of each line, by line feeds
	// The last place whose column was asked for; the next is near, and lines may be long.
	askedAt, askedColumn int
}

// of gives the text of a token as it stands.
func (s *scanned) of(t token) string { return s.text[t.start:t.end] }

// name gives the name of an anchor or alias.
func (s *scanned) name(t token) string { return s.text[t.start+1 : t.end] }

// lineOf gives the line of an offset, from 0.
func (s *scanned) lineOf(offset int) int {
	return sort.Search(len(s.begin), func(i int) bool { return int(s.begin[i]) > offset }) - 1
}

// column gives the place of a byte in its line in characters, from 0.
func (s *scanned) column(offset int) int {
	column := 0
	switch start := int(s.begin[s.lineOf(offset)]); {
	case s.askedAt >= start && s.askedAt <= offset:
		column = s.askedColumn + width(s.text[s.askedAt:offset])
	case s.askedAt > offset && s.askedColumn >= s.askedAt-offset:
		column = s.askedColumn - width(s.text[offset:s.askedAt])
	default:
		column = width(s.text[start:offset])
	}
	s.askedAt, s.askedColumn = offset, column
	return column
}

// width counts characters; a byte that is no UTF-8 is one.
func width(text string) int {
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i]&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

// blank says whether a byte ends a word: white space, a line break or, as 0, the end of the text.
func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0 }

// breaks says whether a byte ends a line.
func breaks(c byte) bool { return c == '\n' || c == '\r' }
