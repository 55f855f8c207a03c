package avp

import (
	"strings"
	"unicode/utf8"
)

// piece is one placeholder of a text: text[start:end] spells it, plain is how it should stand there.
type piece struct {
	start, end int
	plain      string
	layers     []coding
	ref        reference
	url        bool
}

// fault is one text that looks like a placeholder and cannot work. at orders the faults of a scalar.
type fault struct {
	at    int
	shown string // the placeholder's own text, never what surrounds it
	flaw
}

// read finds the placeholders of a text. g is nil where the object allows no generic ones.
func read(text string, g *generic) (pieces []piece, faults []fault) {
	starts := openers(text, g != nil)
	behind, bracket := 0, -1
	for i, o := range starts {
		if o.start < behind {
			continue
		}
		limit := len(text)
		if i+1 < len(starts) {
			limit = starts[i+1].start
		}
		if g != nil && len(o.layers) == 0 && !o.cut {
			// The plugin looks for the next ">" on the line only, whatever stands before it.
			if bracket < o.start {
				bracket = lineEnd(text, o.start)
			}
			if bracket < len(text) && text[bracket] == '>' {
				limit, behind = bracket+1, bracket+1
			}
		}
		p, f := resolve(text[o.start:limit], o, g)
		switch {
		case f != nil:
			faults = append(faults, *f)
		case p != nil && !o.inline && len(p.layers) > 0 && element(text, o, p):
		case p != nil:
			pieces = append(pieces, *p)
			behind = p.end
		}
	}
	markURLs(text, pieces)
	return pieces, faults
}

// lineEnd gives the index of the first ">" or line feed at or behind from, or the length of text.
func lineEnd(text string, from int) int {
	if n := strings.IndexAny(text[from:], ">\n"); n >= 0 {
		return from + n
	}
	return len(text)
}

// resolve reads the placeholder that window, which o starts, has at its front. Neither a piece nor a fault means plain
// text.
func resolve(window string, o opener, g *generic) (*piece, *fault) {
	wrong := func(reason, hint string) *fault {
		return &fault{o.start, shown(window, o.layers), flaw{reason, hint}}
	}
	switch {
	case o.cut:
		return nil, wrong("broken placeholder, it is cut off or its escapes are damaged", hintPlain)
	case o.inline && len(o.layers) > maxLayers:
		return nil, wrong("placeholder escaped more than three times", hintPlain)
	case len(o.layers) > maxLayers:
		return nil, nil
	}
	size, layers := extent(window, o, g)
	if size == 0 {
		if o.inline {
			return nil, wrong("broken placeholder, no complete <path:PATH#KEY> here", hintPlain)
		}
		return nil, nil
	}
	plain := unspell(window[:size], layers)
	if !o.inline && len(layers) > 0 && !keyLike(plain) {
		return nil, nil
	}
	ref, broken := parse(plain, g)
	switch {
	case broken != nil:
	case len(openers(plain[1:], false)) > 0:
		broken = &flaw{"another placeholder starts inside it", hintPlain}
	case !sound(plain):
		broken = &flaw{"it holds control characters or bytes that are not UTF-8", hintPlain}
	}
	if broken != nil {
		return nil, &fault{o.start, shown(window[:size], layers), *broken}
	}
	return &piece{start: o.start, end: o.start + size, plain: plain, layers: layers, ref: ref}, nil
}

// extent gives the size of the span that window starts with, and its layers; 0 if no complete placeholder is there.
// A "<path:" in plain spelling without a plain end may still be partly escaped behind.
func extent(window string, o opener, g *generic) (int, []coding) {
	if size := extentIn(window, o.layers, g); size > 0 || len(o.layers) > 0 || !o.inline {
		return size, o.layers
	}
	for _, c := range []coding{percent, escape, entity} {
		if size := extentIn(window, []coding{c}, g); size > 0 {
			return size, []coding{c}
		}
	}
	return 0, nil
}

func extentIn(window string, layers []coding, g *generic) int {
	match := matchInline
	if g != nil {
		match = matchGeneric
	}
	text, ends := peelAll(window, layers)
	size := match(text)
	if size == 0 || len(layers) == 0 {
		return size
	}
	if !sound(text[:size]) || layers[0].bare(window[:ends[size-1]]) {
		return 0
	}
	size = ends[size-1]
	if plain := unspell(window[:size], layers); match(plain) != len(plain) {
		return 0
	}
	return size
}

// sound reports whether decoded text can stand in YAML: valid UTF-8 without control characters other than white space.
func sound(text string) bool {
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return false
		}
	}
	return utf8.ValidString(text)
}

// shown gives the start of a placeholder for messages: up to the first character that a path or key would not have, since
// what stands behind a broken placeholder is other text and may be a secret.
func shown(window string, layers []coding) string {
	text, ends := peelAll(window[:min(len(window), 4*peek)], layers)
	n := 1
	if at := strings.Index(text, "path"); at >= 0 && at <= len("u003c") {
		n = at + len("path")
		if strings.HasPrefix(text[n:], ":") {
			n++
		}
	}
	for n < len(text) {
		if !isAlnum(text[n]) && strings.IndexByte("/_.-#", text[n]) < 0 && !leftSeparator(text[n:]) {
			break
		}
		n++
	}
	if n < len(text) && text[n] == '>' {
		n++
	}
	if ends != nil {
		n = ends[n-1]
	}
	return shorten(window[:n])
}

// leftSeparator reports whether s starts with an escaped "/", "#" or ":", which a half-decoded placeholder has inside.
func leftSeparator(s string) bool {
	if len(s) < 3 || s[0] != '%' {
		return false
	}
	escape := strings.ToLower(s[:3])
	return escape == "%2f" || escape == "%23" || escape == "%3a"
}

// rewrite puts the plain spelling in place of each piece. Text without a coded piece comes back as it is.
func rewrite(text string, pieces []piece) string {
	var b strings.Builder
	at := 0
	for _, p := range pieces {
		if text[p.start:p.end] == p.plain {
			continue
		}
		b.WriteString(text[at:p.start])
		b.WriteString(p.plain)
		at = p.end
	}
	if at == 0 {
		return text
	}
	b.WriteString(text[at:])
	return b.String()
}

// markURLs marks the pieces that sit in a URL: behind "://" or "?name=" or "&name=" with no white space or quote between,
// or directly before "://". Other placeholders between count as part of the URL.
func markURLs(text string, pieces []piece) {
	at, inside := 0, false
	for i := range pieces {
		p := &pieces[i]
		gap := text[at:p.start]
		if cut := strings.LastIndexAny(gap, " \t\r\n\"'`<>"); cut >= 0 {
			gap, inside = gap[cut+1:], false
		}
		inside = inside || strings.Contains(gap, "://") || queryBefore(gap)
		p.url = inside || strings.HasPrefix(text[p.end:], "://")
		at = p.end
	}
}

// queryBefore reports whether gap ends as "?name=" or "&name=" does.
func queryBefore(gap string) bool {
	name, ok := strings.CutSuffix(gap, "=")
	if !ok {
		return false
	}
	i := len(name)
	for i > 0 && (isAlnum(name[i-1]) || strings.IndexByte("_.-", name[i-1]) >= 0) {
		i--
	}
	return i > 0 && i < len(name) && (name[i-1] == '?' || name[i-1] == '&')
}
