package yamllint

import "strings"

// block scans a literal or folded scalar: header, then all lines that are indented.
func (s *scanner) block(style byte) {
	s.dropKey()
	s.allowKey = true
	start, row, bol := s.pos, s.row, s.bol
	s.pos++
	extra := 0
	for c := s.peek(0); c == '+' || c == '-' || c >= '1' && c <= '9'; c = s.peek(0) {
		if c >= '1' && c <= '9' {
			extra = int(c - '0')
		}
		s.pos++
	}
	for s.peek(0) == ' ' || s.peek(0) == '\t' {
		s.pos++
	}
	if s.peek(0) == '#' {
		s.comment(true, true)
	}
	if s.pos < len(s.text) && !breaks(s.peek(0)) {
		s.fail("behind | or > there is more than its indicators and a comment")
		return
	}
	s.newline()
	least := max(s.indent+1, 1)
	indent := least + extra - 1
	if extra == 0 {
		indent = max(least, s.blockIndent())
	}
	end, endRow := s.pos, s.row
	for s.pos < len(s.text) {
		n := 0
		for n < indent && s.peek(n) == ' ' {
			n++
		}
		c := s.peek(n)
		if s.pos+n >= len(s.text) {
			s.pos += n
			break
		}
		if n < indent && !breaks(c) {
			break
		}
		for s.pos < len(s.text) && !breaks(s.text[s.pos]) {
			s.pos++
		}
		s.newline()
		end, endRow = s.pos, s.row
	}
	s.tokens = append(s.tokens, token{
		kind: scalar, style: style, start: int32(start), end: int32(end), line: int32(row), col: int32(start - bol), endLine: int32(endRow),
	})
}

// blockIndent gives the indentation of the first line of a block scalar that has something; the scalar decides it so.
func (s *scanner) blockIndent() int {
	deepest := 0
	for at := s.pos; at < len(s.text); {
		n := 0
		for at+n < len(s.text) && s.text[at+n] == ' ' {
			n++
		}
		if deepest = max(deepest, n); at+n >= len(s.text) || !breaks(s.text[at+n]) {
			return deepest
		}
		if at += n; s.text[at] == '\r' && at+1 < len(s.text) && s.text[at+1] == '\n' {
			at++
		}
		at++
	}
	return deepest
}

// quoted scans a scalar in quotes, which may go over lines.
func (s *scanner) quoted(style byte) {
	s.saveKey()
	s.allowKey = false
	start, row, bol := s.pos, s.row, s.bol
	for s.pos++; ; {
		if s.pos >= len(s.text) {
			s.fail("a quote is never closed")
			return
		}
		if s.bol == s.pos && (s.marker("---") || s.marker("...")) {
			s.fail("a document ends inside quotes")
			return
		}
		switch c := s.text[s.pos]; {
		case breaks(c):
			s.newline()
			continue
		case c == '\\' && style == '"':
			if s.pos++; s.pos < len(s.text) && breaks(s.text[s.pos]) {
				s.newline()
				continue
			}
		case c == style && style == '\'' && s.peek(1) == '\'':
			s.pos++
		case c == style:
			s.pos++
			s.tokens = append(s.tokens, token{
				kind: scalar, style: style, start: int32(start), end: int32(s.pos),
				line: int32(row), col: int32(start - bol), endLine: int32(s.row),
			})
			return
		}
		s.pos++
	}
}

// plain scans a scalar without quotes, which may go over lines.
func (s *scanner) plain() {
	s.saveKey()
	t := token{kind: scalar, start: int32(s.pos), line: int32(s.row), col: int32(s.col())}
	indent := s.indent + 1
	end, row, bol := s.pos, s.row, s.bol
	for {
		from := s.pos
		if s.word(); s.pos == from {
			break
		}
		end, row, bol = s.pos, s.row, s.bol
		marker := s.gap()
		if marker || s.pos >= len(s.text) || s.peek(0) == '#' || s.flow == 0 && s.col() < indent {
			break
		}
	}
	t.end, t.endLine = int32(end), int32(row)
	s.tokens = append(s.tokens, t)
	// What is behind is gone through again, for its comments.
	s.pos, s.row, s.bol = end, row, bol
	s.allowKey = false
}

// gap moves over the white space inside a plain scalar, and says whether it ends at a document marker.
func (s *scanner) gap() bool {
	for {
		for s.peek(0) == ' ' || s.peek(0) == '\t' {
			s.pos++
		}
		if !breaks(s.peek(0)) {
			return false
		}
		s.newline()
		if s.marker("---") || s.marker("...") {
			return true
		}
	}
}

// word moves to the end of what belongs to a plain scalar without white space.
func (s *scanner) word() {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if blank(c) {
			return
		}
		if c == ':' {
			next := s.peek(1)
			if blank(next) || s.flow > 0 && strings.IndexByte(",[]{}", next) >= 0 {
				return
			}
		} else if s.flow > 0 && strings.IndexByte(",[]{}", c) >= 0 {
			return
		}
		s.pos++
	}
}
