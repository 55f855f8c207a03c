package render

// literal reads a literal or folded block scalar inside the block collection of a column, and moves to the token behind it.
func (s *scanner) literal(col int) (any, bool) {
	folded := s.text[s.at] == '>'
	s.at++
	var chomp byte
	indent := 0
	for ; s.at < len(s.text) && !s.blank(s.at); s.at++ {
		switch c := s.text[s.at]; {
		case (c == '-' || c == '+') && chomp == 0:
			chomp = c
		case c >= '1' && c <= '9' && indent == 0:
			indent = col + int(c-'0')
		default:
			return nil, false
		}
	}
	s.skipSpaces()
	if s.at >= len(s.text) || s.text[s.at] != '\n' {
		return nil, false
	}
	s.at++
	if indent == 0 {
		if indent = s.indentation(col); indent == 0 {
			return nil, false
		}
	}
	end, ok := s.body(indent, folded)
	if !ok || !s.next() || s.col > col {
		return nil, false
	}
	text := s.buf
	switch {
	case chomp == '-' && end.line:
		text = text[:len(text)-1]
	case chomp == '+':
		for range end.blank {
			text = append(text, '\n')
		}
	}
	return string(text), true
}

// indentation finds the column of a block scalar's text: that of its first line, or of a longer blank one above it. It is 0
// where a tab stands there.
func (s *scanner) indentation(col int) int {
	indent := col + 1
	for line, i := s.at, s.at; ; line, i = i+1, i+1 {
		for i < len(s.text) && s.text[i] == ' ' {
			i++
		}
		indent = max(indent, i-line)
		switch {
		case i == len(s.text):
			return indent
		case s.text[i] == '\t':
			return 0
		case s.text[i] != '\n':
			return indent
		}
	}
}

// ending is how the text of a block scalar ends: with a line end of its own, and blank lines below it.
type ending struct {
	line  bool
	blank int
}

// body collects the lines of a block scalar and leaves the cursor at the start of the line behind it.
func (s *scanner) body(indent int, folded bool) (ending, bool) {
	s.buf = s.buf[:0]
	end := ending{}
	wasBlank := false // the line before began with a blank, so it is not folded
	for {
		line, i := s.at, s.at
		for i < len(s.text) && i-line < indent && s.text[i] == ' ' {
			i++
		}
		switch {
		case i == len(s.text):
			s.at = i
			return end, true
		case s.text[i] == '\n':
			end.blank++
			s.at = i + 1
			continue
		case i-line < indent:
			return end, s.text[i] != '\t'
		}
		isBlank := s.text[i] == ' ' || s.text[i] == '\t'
		if folded && !wasBlank && !isBlank && end.line {
			s.buf = s.buf[:len(s.buf)-1]
			if end.blank == 0 {
				s.buf = append(s.buf, ' ')
			}
		}
		for range end.blank {
			s.buf = append(s.buf, '\n')
		}
		wasBlank = isBlank
		s.at = i
		s.skipLine()
		s.buf = append(s.buf, s.text[i:s.at]...)
		end = ending{line: s.buf[len(s.buf)-1] == '\n'}
	}
}

// flow reads a flow collection that stands on one line.
func (s *scanner) flow() (any, bool) {
	if s.depth++; s.depth > maxScanDepth {
		return nil, false
	}
	defer func() { s.depth-- }()
	opened := s.text[s.at]
	s.at++
	list, tree := []any{}, map[string]any{}
	for {
		s.skipSpaces()
		if s.at >= len(s.text) {
			return nil, false
		}
		switch c := s.text[s.at]; {
		case opened == '[' && c == ']':
			s.at++
			return list, true
		case opened == '{' && c == '}':
			s.at++
			return tree, true
		}
		if opened == '[' {
			v, ok := s.flowValue()
			if !ok {
				return nil, false
			}
			list = append(list, v)
		} else if !s.flowPair(tree) {
			return nil, false
		}
		s.skipSpaces()
		switch {
		case s.at < len(s.text) && s.text[s.at] == ',':
			s.at++
		case s.at >= len(s.text) || s.text[s.at] != ']' && s.text[s.at] != '}':
			return nil, false
		}
	}
}

// flowPair reads a key and its value.
func (s *scanner) flowPair(tree map[string]any) bool {
	start := s.at
	v, ok := s.flowScalar()
	if !ok || s.at-start > maxScanKey || s.at+1 >= len(s.text) || s.text[s.at] != ':' || s.text[s.at+1] != ' ' {
		return false
	}
	s.at++
	key, ok := keyText(v)
	if _, twice := tree[key]; !ok || twice {
		return false
	}
	s.skipSpaces()
	tree[key], ok = s.flowValue()
	return ok
}

func (s *scanner) flowValue() (any, bool) {
	if s.at < len(s.text) && (s.text[s.at] == '[' || s.text[s.at] == '{') {
		return s.flow()
	}
	return s.flowScalar()
}

// flowScalar reads a quoted scalar on one line, or a plain one without what has a meaning inside brackets.
func (s *scanner) flowScalar() (any, bool) {
	if s.at >= len(s.text) {
		return nil, false
	}
	start := s.at
	if c := s.text[start]; c == '"' || c == '\'' {
		v, ok := s.quoted()
		for i := start; i < s.at && ok; i++ {
			ok = s.text[i] != '\n'
		}
		return v, ok
	}
	if c := s.text[start]; !flowPlain(c) || c == '=' || c == '-' && !s.flowWord(start+1) {
		return nil, false
	}
	for s.flowWord(s.at) || s.flowWord(s.at+1) && s.text[s.at] == ' ' {
		s.at++
	}
	return resolve(s.text[start:s.at])
}

// flowWord says whether the text has a character of a plain scalar at i.
func (s *scanner) flowWord(i int) bool {
	return i < len(s.text) && (flowPlain(s.text[i]) || s.text[i] == ':' && i+1 < len(s.text) && flowPlain(s.text[i+1]))
}

// flowPlain says whether a character is a part of a plain scalar inside brackets wherever it stands.
func flowPlain(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	switch c {
	case '-', '_', '.', '/', '+', '=', '$', '~', '^', '(', ')':
		return true
	}
	return false
}
