package render

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// syntax turns the library's "yaml: line 3: ..." into an error with the line of the stream.
func (p *parser) syntax(err error, c chunk) error {
	pos, text := Position{File: p.name, Line: c.above + 1}.Fault(err, c.text)
	from := ""
	if t := sourceComment(c.text); t != "" {
		from = " (from " + t + ")"
	}
	return &Error{Pos: pos, Err: fmt.Errorf("reading YAML: %s%s", text, from)}
}

// Fault takes apart what the YAML library says of a text that begins at a position: where something is wrong, and what. The
// position is the text's where it names no line and none is seen.
func (p Position) Fault(err error, text []byte) (at Position, what string) {
	what = strings.TrimPrefix(err.Error(), "yaml: ")
	var line int
	if n, _ := fmt.Sscanf(what, "line %d:", &line); n != 1 {
		above := text[:unplaced(text, what)]
		p.Line += bytes.Count(above, []byte("\n"))
		if strings.HasPrefix(what, "unknown anchor '") {
			// The name is not repeated: of a password without quotes it is the password.
			p.Column = utf8.RuneCount(above[bytes.LastIndexByte(above, '\n')+1:]) + 1
			what = `the alias has no anchor; a value that begins with "*" needs quotes`
		}
		return p, what
	}
	_, what, _ = strings.Cut(what, ": ")
	// The library counts lines from 0 in what its parser says, unlike what its scanner does, and the end of the text as a
	// line more. Source: (*parser).fail in decode.go of go.yaml.in/yaml/v3, and the texts of parserc.go.
	if strings.HasPrefix(what, "did not find expected ") {
		last := 1 + bytes.Count(bytes.TrimRight(text, " \t\r\n"), []byte("\n"))
		line = min(line+1, last)
	}
	p.Line += line - 1
	return p, what
}

// aliases finds what looks like an alias of a name, the first hundred of them.
func aliases(text []byte, name string) []int {
	used := regexp.MustCompile(`(?m)^(?:[^#\n]*?[\s\[{,])?(\*)` + regexp.QuoteMeta(name) + `(?:[\s,\]}]|$)`)
	var list []int
	for _, at := range used.FindAllSubmatchIndex(text, 100) {
		list = append(list, at[2])
	}
	return list
}

// aliased says whether it is an alias without an anchor that stands at one of several places, and no text: whether the library
// refuses it where the others are none.
func aliased(text []byte, all []int, at int) bool {
	text = bytes.Clone(text)
	for _, other := range all {
		if other != at {
			text[other] = '_'
		}
	}
	err := yaml.Unmarshal(text, new(yaml.Node))
	return err != nil && strings.Contains(err.Error(), "unknown anchor '")
}

// unplaced finds where a problem is that the library gives no line of, zero if it is not seen: an alias without an anchor, and
// what is not UTF-8. Source: (*parser).alias in decode.go and yaml_parser_update_buffer in readerc.go of go.yaml.in/yaml/v3.
func unplaced(text []byte, problem string) int {
	if name, ok := strings.CutPrefix(problem, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		seen := aliases(text, name)
		for _, at := range seen {
			if len(seen) == 1 || aliased(text, seen, at) {
				return at
			}
		}
	}
	if strings.Contains(problem, "UTF-8") {
		for i := 0; i < len(text); {
			r, n := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n == 1 {
				return i
			}
			i += n
		}
	}
	return 0
}
