package yamllint

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value gives what a scalar means: lines folded, escapes resolved. A block scalar is given as it stands.
func (s *scanned) value(t token) string {
	text := s.of(t)
	switch t.style {
	case 0:
		if t.line == t.endLine {
			return text
		}
		return fold(text, false)
	case '\'':
		text = strings.ReplaceAll(text[1:len(text)-1], "''", "'")
		if t.line != t.endLine {
			text = fold(text, false)
		}
		return text
	case '"':
		text = text[1 : len(text)-1]
		if t.line != t.endLine {
			text = fold(text, true)
		}
		if strings.IndexByte(text, '\\') >= 0 {
			text = unescape(text)
		}
		return text
	}
	return text
}

// fold joins lines: a single break is a space, further ones stay.
func fold(text string, escapes bool) string {
	var b []byte
	breaks := 0
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if i > 0 {
			line = strings.TrimLeft(line, " \t")
		}
		if i > 0 && line == "" {
			breaks++
			continue
		}
		if i > 0 {
			switch {
			case breaks > 0:
				b = append(b, strings.Repeat("\n", breaks)...)
			case escapes && len(b) > 0 && b[len(b)-1] == '\\':
				b = b[:len(b)-1]
			default:
				b = append(b, ' ')
			}
			breaks = 0
		}
		b = append(b, strings.TrimRight(line, " \t")...)
	}
	return string(b)
}

// escapes are the letters behind a backslash and what they stand for (YAML 1.1, 5.7).
const escapes = "0\x00a\ab\bt\t\t\tn\nv\vf\fr\re\x1b  \"\"//\\\\"

func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		if digits > 0 && i+digits < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+1+digits], 16, 32); err == nil {
				b.WriteRune(rune(n))
				i += digits
				continue
			}
		}
		switch c := text[i]; c {
		case 'N':
			b.WriteRune('\u0085')
		case '_':
			b.WriteRune('\u00a0')
		case 'L':
			b.WriteRune('\u2028')
		case 'P':
			b.WriteRune('\u2029')
		default:
			for k := 0; k < len(escapes); k += 2 {
				if escapes[k] == c {
					c = escapes[k+1]
					break
				}
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

// What plain scalars are taken for under YAML 1.1 (https://yaml.org/type/), as PyYAML has it, and octal numbers of 1.2.
var (
	boolean11   = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	float11     = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	integer11   = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	timestamp11 = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$`)
	null11      = regexp.MustCompile(`^(?:~|null|Null|NULL|)$`)
)

// isString says whether a plain scalar of this text is a string under YAML 1.1.
func isString(text string) bool {
	if text == "" || text == "=" || text == "<<" {
		return false
	}
	if c := text[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '~' {
		return !boolean11.MatchString(text) && !null11.MatchString(text)
	}
	return !integer11.MatchString(text) && !float11.MatchString(text) && !timestamp11.MatchString(text)
}

// printable says whether a text has only characters that may stand in YAML as they are.
func printable(text string) bool {
	for _, r := range text {
		if r != '\t' && r != '\n' && r != '\r' && r != 0x85 && (r < 0x20 || r > 0x7e && r < 0xa0 || r == 0xfffe || r == 0xffff) || r == utf8.RuneError {
			return false
		}
	}
	return true
}
