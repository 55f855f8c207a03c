package avp

import (
	"slices"
	"strings"
)

const (
	// maxLayers is how many codings on top of each other are decoded. More do not occur and would be an accident.
	maxLayers = 3
	// seenLayers is how many are recognised, so that too many are an error and not a silent leftover.
	seenLayers = 8
	// peek is how much text is decoded to recognise an opener: "<path:" in seenLayers percent codings fits.
	peek = 96
)

// opener is a place where a placeholder starts: "<" in some spelling and, unless it is generic, "path:" behind it.
type opener struct {
	start  int
	width  int      // of the spelled "<", in bytes
	layers []coding // outermost first
	inline bool     // "path:" follows
	cut    bool     // the text ends, or the escape is damaged, before "path:" is complete
}

// suspect is the cheap test before any decoding: could s hold an opener of an inline placeholder, or hide one in base64?
// No coding rewrites letters, so each spelling has a literal "path" between an end of "<" and a start of ":".
func suspect(s string) bool {
	return opens(s) || hides(s)
}

// suspicious says whether any key or string of a tree is suspect: nearly no object has one, and a look that keeps no path costs
// little.
func suspicious(v any) bool {
	switch t := v.(type) {
	case string:
		return suspect(t)
	case map[string]any:
		for key, v := range t {
			if opens(key) || suspicious(v) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(t, suspicious)
	}
	return false
}

func opens(s string) bool {
	const word = "path"
	for i := 0; ; {
		n := strings.Index(s[i:], word)
		if n < 0 {
			return false
		}
		at, end := i+n, i+n+len(word)
		i = end
		if at > 0 && strings.IndexByte("<cC;bB", s[at-1]) >= 0 && (end == len(s) || strings.IndexByte(`:%\&`, s[end]) >= 0) {
			return true
		}
	}
}

// openers lists the openers of s in order. With anyKey set, a "<" in any spelling is one.
func openers(s string, anyKey bool) []opener {
	var found []opener
	for i := 0; i < len(s); {
		n := strings.IndexAny(s[i:], `<%\&u`)
		if n < 0 {
			break
		}
		i += n
		next := i + 1
		if s[i] == '\\' {
			i, next = alignEscape(s, i)
		}
		o, ok := openerAt(s, i)
		if ok && (o.inline || o.cut || anyKey) {
			found = append(found, o)
		}
		i = max(next, i+o.width)
	}
	return found
}

// alignEscape gives where an escape may start in the run of backslashes at i, and the end of the run. Each coding doubles
// the backslashes inside, so of n of them the last 2^k belong to the escape behind them (2^k the largest power of two
// that divides n), and the others are escaped backslashes of the text before.
func alignEscape(s string, i int) (start, end int) {
	n := 1
	for i+n < len(s) && s[i+n] == '\\' {
		n++
	}
	return i + n - n&-n, i + n
}

// openerAt recognises an opener at i by taking off one coding after the other until a "<" is left.
func openerAt(s string, i int) (opener, bool) {
	o := opener{start: i, width: 1}
	if s[i] == 'u' {
		o.cut = lostBackslash(s[i:])
		return o, o.cut
	}
	if s[i] != '<' && !mayOpen(s[i:]) {
		return o, false
	}
	window := s[i:min(len(s), i+peek)]
	text := window
	for text[0] != '<' {
		c := codingOf(text[0])
		if c == 0 || len(o.layers) == seenLayers {
			return o, false
		}
		if _, width := c.unit(text); width == 1 {
			return o, false
		}
		next, _ := c.peel(text)
		if c == percent && next[0] == '\\' && strings.Contains(text[:min(len(text), 12)], `\`) {
			return o, false // percent-encoding leaves no plain backslash, so this one is not of the same text
		}
		text, o.layers = next, append(o.layers, c)
	}
	if len(o.layers) > 0 {
		_, ends := peelAll(window, o.layers)
		o.width = ends[0]
	}
	if rest, ok := strings.CutPrefix(text, "<path"); ok {
		o.classify(rest, len(window) == len(s)-i)
	}
	return o, true
}

// lostBackslash reports whether s starts with a JSON escape of "<path:" whose backslash something ate.
func lostBackslash(s string) bool {
	const length = len("u003cpath")
	return len(s) >= length && strings.EqualFold(s[:5], "u003c") && s[5:length] == "path" &&
		(len(s) == length || s[length] == ':')
}

// classify looks at the text behind "<path". whole says that it reaches to the end of the scalar.
func (o *opener) classify(rest string, whole bool) {
	switch {
	case strings.HasPrefix(rest, ":"):
		o.inline = true
	case whole && len(o.layers) > 0 && cutColon(rest):
		o.cut = true
	case rest != "" && len(o.layers) == 0:
		c := codingOf(rest[0])
		if c == 0 {
			return
		}
		if text, _ := c.unit(rest); text == ":" {
			o.inline, o.layers = true, []coding{c}
		}
	}
}

// cutColon reports whether rest is the start of an escaped colon and nothing else.
func cutColon(rest string) bool {
	if rest == "" {
		return true
	}
	for _, colon := range []string{"%3a", "%253a", `\u003a`, "&#58;", "&#x3a;", "&colon;", "&amp;"} {
		if strings.HasPrefix(colon, strings.ToLower(rest)) {
			return true
		}
	}
	return false
}

// mayOpen sees from three bytes whether s, which starts with an escape character, could spell "<".
func mayOpen(s string) bool {
	if len(s) < 4 {
		return false
	}
	switch s[0] {
	case '%':
		switch strings.ToLower(s[1:3]) {
		case "3c", "25", "5c", "26":
			return true
		}
		return false
	case '\\':
		return s[1] == 'u' || s[1] == 'x' || s[1] == '\\'
	default:
		return strings.IndexByte("lLaA#pPbB", s[1]) >= 0
	}
}
