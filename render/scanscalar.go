package render

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// scalar reads a scalar, or a flow collection on one line, inside the block collection of a column, and moves to the token
// behind it.
func (s *scanner) scalar(col int) (any, bool) {
	var v any
	var ok bool
	switch s.text[s.at] {
	case '|', '>':
		return s.literal(col)
	case '"', '\'':
		v, ok = s.quoted()
	case '[', '{':
		v, ok = s.flow()
	default:
		return s.plain(col)
	}
	if !ok || !s.lineEnd() || !s.next() || s.col > col {
		return nil, false
	}
	return v, true
}

// plain reads a plain scalar. It goes on in the lines below as far as they are indented deeper than the collection.
func (s *scanner) plain(col int) (any, bool) {
	if !s.plainStart() {
		return nil, false
	}
	text, comment, ok := s.plainLine()
	if !ok {
		return nil, false
	}
	s.buf = s.buf[:0]
	for !comment {
		breaks, more := s.continued(col)
		if !more {
			break
		}
		if len(s.buf) == 0 {
			s.buf = append(s.buf, text...)
		}
		var line string
		if line, comment, ok = s.plainLine(); !ok {
			return nil, false
		}
		s.buf = append(fold(s.buf, breaks), line...)
	}
	if !s.next() || s.col > col {
		return nil, false
	}
	if len(s.buf) > 0 {
		text = string(s.buf)
	}
	return resolve(text)
}

// plainLine reads the rest of a line as a part of a plain scalar, and says whether a comment ended it, as that ends the
// scalar too.
func (s *scanner) plainLine() (line string, comment, ok bool) {
	start, i := s.at, s.at
	for ; i < len(s.text) && s.text[i] != '\n'; i++ {
		switch s.text[i] {
		case '\t':
			return "", false, false
		case ':':
			if s.blank(i + 1) {
				return "", false, false
			}
		case '#':
			if i > start && s.text[i-1] == ' ' {
				s.at = i
				s.skipLine()
				return strings.TrimRight(s.text[start:i], " "), true, true
			}
		}
	}
	s.at = min(i+1, len(s.text))
	return strings.TrimRight(s.text[start:i], " "), false, true
}

// continued moves from the start of a line to the text that goes on with a plain scalar, and counts the line ends passed. The
// cursor stays where there is none.
func (s *scanner) continued(col int) (breaks int, more bool) {
	line := s.at
	for breaks = 1; ; breaks++ {
		i := line
		for i < len(s.text) && s.text[i] == ' ' {
			i++
		}
		if i == len(s.text) || s.text[i] == '#' || s.text[i] == '\t' {
			return 0, false
		}
		if s.text[i] != '\n' {
			if i-line <= col {
				return 0, false
			}
			s.at = i
			return breaks, true
		}
		line = i + 1
	}
}

// fold adds what a run of line ends stands for: a space for one, else one less than there are.
func fold(buf []byte, breaks int) []byte {
	if breaks == 1 {
		return append(buf, ' ')
	}
	for ; breaks > 1; breaks-- {
		buf = append(buf, '\n')
	}
	return buf
}

// quoted reads a quoted scalar, of several lines too.
func (s *scanner) quoted() (string, bool) {
	quote := s.text[s.at]
	s.at++
	start := s.at
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == quote && (quote == '"' || i+1 == len(s.text) || s.text[i+1] != '\''):
			s.at = i + 1
			return s.text[start:i], true
		case c == quote, c == '\n', c == '\\' && quote == '"':
			return s.composed(quote)
		}
	}
	return "", false
}

// composed reads a quoted scalar with escapes or line ends, from behind the quote.
func (s *scanner) composed(quote byte) (string, bool) {
	s.buf = s.buf[:0]
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == quote && quote == '\'' && s.at+1 < len(s.text) && s.text[s.at+1] == '\'':
			s.buf = append(s.buf, '\'')
			s.at += 2
		case c == quote:
			s.at++
			return string(s.buf), true
		case c == '\\' && quote == '"':
			if !s.escape() {
				return "", false
			}
		case c == ' ', c == '\t', c == '\n':
			start := s.at
			breaks, ok := s.blanks()
			if !ok {
				return "", false
			}
			if breaks == 0 {
				s.buf = append(s.buf, s.text[start:s.at]...)
			} else {
				s.buf = fold(s.buf, breaks)
			}
		default:
			s.buf = append(s.buf, c)
			s.at++
		}
	}
	return "", false
}

// blanks moves over the blanks inside a quoted scalar and counts the line ends. It gives up on a line that looks like a
// document marker, and on tabs beside line ends.
func (s *scanner) blanks() (breaks int, ok bool) {
	tab := false
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\n':
			breaks++
			if rest := s.text[s.at+1:]; strings.HasPrefix(rest, "---") || strings.HasPrefix(rest, "...") {
				return 0, false
			}
		case '\t':
			tab = true
		case ' ':
		default:
			return breaks, breaks == 0 || !tab
		}
	}
	return 0, false
}

// escape reads an escape sequence of a double-quoted scalar. Those that hardly occur are left to the library.
func (s *scanner) escape() bool {
	if s.at+1 >= len(s.text) {
		return false
	}
	digits := 0
	switch c := s.text[s.at+1]; c {
	case 'n':
		s.buf = append(s.buf, '\n')
	case 't':
		s.buf = append(s.buf, '\t')
	case 'r':
		s.buf = append(s.buf, '\r')
	case '"', '\\', ' ':
		s.buf = append(s.buf, c)
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case '\n':
		s.at++
		breaks, ok := s.blanks()
		for ; breaks > 1; breaks-- {
			s.buf = append(s.buf, '\n')
		}
		return ok
	default:
		return false
	}
	s.at += 2
	if digits == 0 {
		return true
	}
	if s.at+digits > len(s.text) {
		return false
	}
	r, err := strconv.ParseUint(s.text[s.at:s.at+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(r)) {
		return false
	}
	s.buf = utf8.AppendRune(s.buf, rune(r))
	s.at += digits
	return true
}
