package yamllint

import "strings"

// indentation wants each thing that begins a line as far in as what it belongs to asks for: a value one step deeper than
// its key, what is in brackets one step deeper than the line that opens them, or below the first one there.
//
// The tokens are read as the tree that they are of, each collection by a call of its own that knows its column; nothing is
// kept of it. The nodes of the reader that everybody has say neither where brackets and commas stand nor how many lines a
// scalar takes, and there are none where it cannot read the file.
//
// Beyond what the documentation says (https://yamllint.readthedocs.io/en/stable/rules.html#module-yamllint.rules.indentation),
// columns follow what yamllint answers for a text, but not where it decides how wide a step is by a closing bracket or by
// something further out than its parent, nor where a second anchor or tag moves the value of a key one step further.
func indentation(f *file, o options) {
	l := &layout{file: f, line: -1, step: undecided, hang: undecided, strings: o.on("check-multi-line-strings")}
	if o.word("spaces") != "consistent" {
		l.step = o.num("spaces")
	}
	switch o.word("indent-sequences") {
	case "whatever":
		l.either = true
	case "consistent":
	default:
		l.hang = 0
		if o.on("indent-sequences") {
			l.hang = 1
		}
	}
	for l.at < len(f.tokens) {
		switch l.next() {
		case streamStart, streamEnd, directive, documentStart, documentEnd, blockEnd:
			l.take()
		default:
			l.atLeastOne(depth{0, whole})
		}
	}
}

// undecided is what the first place that needs it decides.
const undecided = -1

// layout is a walk over the tokens of a text. Columns count characters from 0.
type layout struct {
	*file
	at      int   // index of the next token
	line    int32 // the last line that has something of the tokens before
	margin  int   // where the last line that begins with a token begins
	step    int   // spaces of a level
	hang    int   // 1 where sequences are deeper than their keys, 0 where they are below them
	either  bool  // both will do
	strings bool  // the lines of scalars are judged
}

// role is what a node is in what it belongs to.
type role uint8

const (
	whole  role = iota // a document
	beside             // one of those that share a column: a key, something in brackets
	value              // what a key has
	entry              // what a hyphen has
	marked             // what a question mark has, or the colon that goes with one
)

// depth is where a node belongs: at a column, or from value on a step deeper.
type depth struct {
	base int
	role role
}

// next gives the kind of the next token.
func (l *layout) next() kind { return l.peer(l.at) }

// begins says whether the next token is the first thing on its line.
func (l *layout) begins() bool { return l.tokens[l.at].line > l.line }

// longPrefix is how much of a line is gone through for a column without regard to what is known of it already.
const longPrefix = 128

// here gives the column of the next token. A byte order mark takes no room.
func (l *layout) here() int {
	t := l.tokens[l.at]
	switch {
	case l.begins():
		return int(t.col)
	case t.col <= longPrefix:
		return width(l.text[t.start-t.col : t.start])
	case t.line == 0 && strings.HasPrefix(l.text, "\ufeff"):
		return l.column(int(t.start)) - 1
	}
	return l.column(int(t.start))
}

// take moves behind the next token. Those of no width belong to the one that they stand before.
func (l *layout) take() {
	t := l.tokens[l.at]
	if t.end > t.start {
		if l.begins() {
			l.margin = int(t.col)
		}
		if l.line = t.endLine; breaks(l.text[t.end-1]) {
			l.line-- // a block scalar ends where the next line begins
		}
	}
	l.at++
}

// want gives the column of a depth. The first to need the width of a step decides it by where it is found.
func (l *layout) want(s depth, found int) int {
	if s.role < value {
		return s.base
	}
	if l.step == undecided && found < s.base {
		return found // wrong or not, it says nothing of how wide a step is
	}
	if l.step == undecided {
		l.step = found - s.base
	}
	return s.base + l.step
}

// wantSequence is want for a block sequence, which may be as far out as its key.
func (l *layout) wantSequence(s depth, found int) int {
	if s.role != value {
		return l.want(s, found)
	}
	below := found == s.base
	if l.hang == undecided && !l.either {
		l.hang = 1
		if below {
			l.hang = 0
		}
	}
	switch {
	case l.hang == 0, l.either && below:
		return s.base
	case below && l.step == undecided:
		return s.base + 1 // of how wide a step is it says nothing
	}
	return l.want(s, found)
}

// place judges the next token if it begins a line, and gives the column that is wanted of it.
func (l *layout) place(s depth) int {
	if !l.begins() {
		return undecided
	}
	t, want := l.tokens[l.at], 0
	if t.kind == blockSequence || t.kind == blockEntry {
		want = l.wantSequence(s, int(t.col))
	} else {
		want = l.want(s, int(t.col))
	}
	l.sayDepth(t.line, int(t.col), want)
	return want
}

// sayDepth says that a line is not as far in as it should be.
func (l *layout) sayDepth(line int32, found, want int) {
	if found != want {
		l.say(line, found+1, "the line is indented by %d, want %d", found, want)
	}
}

// atLeastOne reads a node, or one token where there is none, so that whoever calls it comes to an end.
func (l *layout) atLeastOne(s depth) {
	at := l.at
	if l.node(s); l.at == at {
		l.take()
	}
}

// node reads one node with its anchor and tag; there may be nothing at all.
func (l *layout) node(s depth) {
	for first := true; l.next() == anchor || l.next() == tag; first = false {
		l.place(s)
		switch begins := l.begins(); {
		case begins && s.role == value:
			s.role = marked // an anchor above a sequence has said already that the value is deeper
		case first && !begins && s.role == entry:
			s = depth{l.here(), beside} // what follows on further lines is below the anchor
		}
		l.take()
	}
	switch l.next() {
	case alias:
		l.place(s)
		l.take()
	case scalar:
		l.scalar(s)
	case blockMapping:
		l.place(s)
		column := l.here() // one that is out of place takes what is in it along
		l.take()
		l.mapping(column)
	case blockSequence:
		l.place(s)
		column := l.here()
		l.take()
		l.sequence(column)
		if l.next() == blockEnd {
			l.take()
		}
	case blockEntry:
		// The sequence that is as far out as its key has neither start nor end. Behind a hyphen it would be the next entry.
		if s.role == value || s.role == marked {
			l.place(s)
			l.sequence(l.here())
		}
	case flowMapping, flowSequence:
		l.place(s)
		l.take()
		l.flow()
	}
}

// mapping reads the keys and values of a block mapping at a column, and its end.
func (l *layout) mapping(column int) {
	mark := true // a colon that no key comes before stands for itself
	for {
		switch l.next() {
		case keyToken:
			t := l.tokens[l.at]
			mark = t.end > t.start
			l.take()
			if mark {
				l.node(depth{column, marked})
			} else {
				l.node(depth{column, beside})
			}
		case valueToken:
			l.take()
			if mark {
				l.node(depth{column, marked})
			} else {
				l.node(depth{column, value})
			}
			mark = true
		case blockEnd:
			l.take()
			return
		default:
			return
		}
	}
}

// sequence reads the entries of a block sequence at a column.
func (l *layout) sequence(column int) {
	for l.next() == blockEntry {
		l.take()
		l.node(depth{column, entry})
	}
}

// flow reads what is in brackets or braces, and their end. What is inside belongs below its first, which may stand behind
// the bracket; the end belongs below the beginning of the line that opens it.
func (l *layout) flow() {
	outer, inner := l.margin, undecided
	for {
		switch k := l.next(); k {
		case flowSequenceEnd, flowMappingEnd:
			l.place(depth{outer, beside})
			l.take()
			return
		case streamEnd, documentStart, documentEnd, blockEnd:
			return
		default:
			if inner == undecided {
				if inner = l.here(); l.begins() {
					inner = l.want(depth{outer, value}, inner)
				}
			}
			switch k {
			case keyToken, valueToken:
				l.pair(inner)
			case flowEntry:
				l.place(depth{inner, beside})
				l.take()
			default:
				l.atLeastOne(depth{inner, beside})
			}
		}
	}
}

// pair reads a key in brackets, or the colon and the value.
func (l *layout) pair(column int) {
	s := depth{column, value}
	if t := l.tokens[l.at]; t.end > t.start {
		l.place(depth{column, beside})
	} else {
		s.role = beside
	}
	l.take()
	l.node(s)
}

// scalar reads a scalar. The lines of a block scalar belong a step deeper than its key, or than the header where it has
// none; those of any other below its first character.
func (l *layout) scalar(s depth) {
	t, want := l.tokens[l.at], l.place(s)
	if !l.strings || t.line == t.endLine {
		l.take()
		return
	}
	column := l.here()
	l.take()
	switch t.style {
	case '|', '>':
		if want != undecided {
			column = want
		} else if s.role == whole || s.role == value {
			column = s.base
		}
		l.rest(t, depth{column, marked})
	case '"', '\'':
		l.rest(t, depth{column + 1, beside})
	default:
		l.rest(t, depth{column, beside})
	}
}

// rest judges the lines of a scalar behind its first, but for empty ones. A comment that takes the rule back at the first
// does so for all.
func (l *layout) rest(t token, s depth) {
	line, text, said := t.line, l.of(t), len(l.found)
	for i := 0; i < len(text); {
		c := text[i]
		if i++; !breaks(c) {
			continue
		}
		if c == '\r' && i < len(text) && text[i] == '\n' {
			i++
		}
		line++
		start := i
		for i < len(text) && text[i] == ' ' {
			i++
		}
		if i < len(text) && !breaks(text[i]) {
			l.sayDepth(line, i-start, l.want(s, i-start))
		}
	}
	for ; said < len(l.found); said++ {
		l.found[said].on = int(t.line)
	}
}
