package avp

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// coding is one way in which a template function rewrites text.
type coding byte

const (
	percent coding = iota + 1 // urlquery, url.PathEscape, url.URL
	escape                    // toJson (\u003c), the js builtin (\u003C)
	entity                    // the html builtin (&lt;), decimal and hexadecimal entities
)

func (c coding) String() string {
	return [...]string{"", "percent", "json", "html"}[c]
}

// codingOf gives the coding whose escapes start with b, 0 if none does.
func codingOf(b byte) coding {
	switch b {
	case '%':
		return percent
	case '\\':
		return escape
	case '&':
		return entity
	}
	return 0
}

// unit decodes what s starts with: one escape, or one byte that stands for itself. s is not empty.
func (c coding) unit(s string) (text string, width int) {
	if codingOf(s[0]) != c || len(s) == 1 {
		return s[:1], 1
	}
	switch c {
	case percent:
		if n, ok := hex(s[1:], 2); ok {
			return string([]byte{byte(n)}), 3
		}
	case escape:
		return unitEscape(s)
	case entity:
		return unitEntity(s)
	}
	return s[:1], 1
}

// unitEscape reads the escapes of JSON strings and of JavaScript strings.
func unitEscape(s string) (string, int) {
	const from, to = `"'\/ntrbf`, "\"'\\/\n\t\r\b\f"
	if i := strings.IndexByte(from, s[1]); i >= 0 {
		return to[i : i+1], 2
	}
	if s[1] == 'x' {
		if n, ok := hex(s[2:], 2); ok {
			return string(n), 4
		}
	}
	if s[1] != 'u' {
		return s[:1], 1
	}
	first, ok := hex(s[2:], 4)
	if !ok {
		return s[:1], 1
	}
	if utf16.IsSurrogate(first) {
		if len(s) > 8 && s[6] == '\\' && s[7] == 'u' {
			if second, ok := hex(s[8:], 4); ok && utf16.DecodeRune(first, second) != utf8.RuneError {
				return string(utf16.DecodeRune(first, second)), 12
			}
		}
		return s[:1], 1
	}
	return string(first), 6
}

// entities are the named ones that stand for characters of the grammar or for characters that HTML escapes.
var entities = map[string]string{
	"lt": "<", "LT": "<", "gt": ">", "GT": ">", "amp": "&", "AMP": "&", "quot": `"`, "QUOT": `"`, "apos": "'",
	"colon": ":", "sol": "/", "num": "#", "vert": "|", "verbar": "|", "plus": "+", "percnt": "%", "bsol": `\`, "semi": ";",
}

func unitEntity(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return s[:1], 1
	}
	name := s[1:end]
	if name[0] != '#' {
		if text := entities[name]; text != "" {
			return text, end + 1
		}
		return s[:1], 1
	}
	digits, base := name[1:], 10
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return s[:1], 1
	}
	return string(rune(n)), end + 1
}

// hex reads n hexadecimal digits of either case.
func hex(s string, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:n], 16, 16)
	return rune(v), err == nil
}

// peel decodes one layer of s. ends[i] is the offset in s behind the escape that gave byte i of the text.
func (c coding) peel(s string) (text string, ends []int) {
	var b strings.Builder
	b.Grow(len(s))
	ends = make([]int, 0, len(s))
	for i := 0; i < len(s); {
		t, width := c.unit(s[i:])
		i += width
		b.WriteString(t)
		for range len(t) {
			ends = append(ends, i)
		}
	}
	return b.String(), ends
}

// peelAll decodes the layers of s, outermost first. ends maps as for peel; it is nil where there is no layer.
func peelAll(s string, layers []coding) (text string, ends []int) {
	text = s
	for _, c := range layers {
		outer := ends
		text, ends = c.peel(text)
		if outer == nil {
			continue
		}
		for i, end := range ends {
			ends[i] = outer[end-1]
		}
	}
	return text, ends
}

// unspell decodes a span whose extent is known. In contrast to peelAll it also reads "+" as a blank where it is one.
func unspell(span string, layers []coding) string {
	for _, c := range layers {
		if c == percent && plusIsBlank(span) {
			span = strings.ReplaceAll(span, "+", " ")
		}
		span, _ = c.peel(span)
	}
	return span
}

// plusIsBlank reports whether a percent-encoded span is of the query kind, which writes a blank as "+" and a plus as
// %2B. The path and userinfo kinds write %20 and leave a plus alone, so %20 decides against it. Otherwise it is the query
// kind if nothing in it is reserved (url.QueryEscape leaves only letters, digits and "-_.~"; a "/" may have been put back,
// for the kinds that leave "/" leave ":" as well), or if "+|+" shows that a chart put other escapes back. A userinfo with a plus and no blank cannot be told from a query and counts as one.
func plusIsBlank(span string) bool {
	if !strings.Contains(span, "+") || strings.Contains(span, "%20") {
		return false
	}
	if strings.Contains(span, "+%7C+") || strings.Contains(span, "+%7c+") || strings.Contains(span, "+|+") {
		return true
	}
	for i := 0; i < len(span); i++ {
		if !isAlnum(span[i]) && strings.IndexByte("-_.~%+/", span[i]) < 0 {
			return false
		}
	}
	return true
}

// bare reports whether a span of coding c holds a character that whoever wrote its escapes would have escaped too: a
// control character or a double quote. Such a span runs over the end of the encoded text.
func (c coding) bare(span string) bool {
	if c == entity {
		return false
	}
	for i := 0; i < len(span); {
		_, width := c.unit(span[i:])
		if width == 1 && (span[i] < ' ' || span[i] == '"') {
			return true
		}
		i += width
	}
	return false
}

// written names the layers in the order in which they were put on, innermost first, joined by "+".
func written(layers []coding) string {
	names := make([]string, 0, len(layers))
	for i := len(layers) - 1; i >= 0; i-- {
		names = append(names, layers[i].String())
	}
	return strings.Join(names, "+")
}
