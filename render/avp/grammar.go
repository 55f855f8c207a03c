package avp

import (
	"strings"
	"unicode/utf8"
)

// open is how an inline placeholder starts. The plugin knows no other case and no blank before "path".
const open = "<path:"

// reference is what one placeholder asks of Vault.
type reference struct {
	path, key, version string
	modifiers          []string
}

// generic holds what an object's annotations say about placeholders without a path of their own.
type generic struct {
	path, version string
}

// flaw says why a placeholder cannot work and what to do about it. The reason never quotes text.
type flaw struct {
	reason, hint string
}

const hintPlain = "a template function cut or rewrote it; hand the value to the chart in a place where it is printed as it is, " +
	"or through an existing Secret"

// matchInline gives the length of the inline placeholder that s starts with, 0 if s does not start with a complete one.
// It reads s once: PATH ends at the first "#", KEY at the first "#" or ">" after its first character.
func matchInline(s string) int {
	if !strings.HasPrefix(s, open) {
		return 0
	}
	hash := strings.IndexByte(s, '#')
	if hash <= len(open) {
		return 0
	}
	end := partEnd(s, hash+1)
	if end > 0 && s[end] == '#' {
		end = partEnd(s, end+1)
	}
	if end == 0 || s[end] == '#' {
		return 0
	}
	return end + 1
}

// partEnd gives the index of the "#" or ">" that ends the part starting at from, 0 if there is none or the part is empty.
func partEnd(s string, from int) int {
	if from >= len(s) || s[from] == '#' {
		return 0
	}
	n := strings.IndexAny(s[from+1:], "#>")
	if n < 0 {
		return 0
	}
	return from + 1 + n
}

// matchGeneric gives the length of the generic placeholder that s starts with: up to the first ">" on the same line.
func matchGeneric(s string) int {
	end := strings.IndexAny(s, ">\n")
	if end < 0 || s[end] != '>' {
		return 0
	}
	return end + 1
}

// parse reads a complete placeholder, brackets included. With g set, the object's annotations allow generic ones.
// Stages are split at "|" before anything else, as the plugin does.
func parse(span string, g *generic) (reference, *flaw) {
	stages := strings.Split(strings.Trim(span, "<>"), "|")
	head := strings.Trim(stages[0], " ")
	if strings.ContainsAny(head, "<>") {
		return reference{}, &flaw{"an angle bracket stands inside it, so it swallows other text", hintPlain}
	}
	ref, broken := parseHead(head, g)
	if broken != nil {
		return reference{}, broken
	}
	if halfDecoded(span) {
		return reference{}, &flaw{
			"half-decoded, escapes are left inside",
			"the text was escaped more often outside than inside; write the placeholder plainly where the chart takes it",
		}
	}
	for _, stage := range stages[1:] {
		name, broken := parseModifier(stage)
		if broken != nil {
			return reference{}, broken
		}
		ref.modifiers = append(ref.modifiers, name)
	}
	return ref, nil
}

func parseHead(head string, g *generic) (reference, *flaw) {
	at := strings.Index(head, "path:")
	if at == 0 || at > 0 && g != nil {
		parts := strings.SplitN(head[at+len("path:"):], "#", 3)
		ref := reference{path: parts[0]}
		if len(parts) > 1 {
			ref.key = strings.TrimSpace(parts[1])
		}
		if len(parts) > 2 {
			ref.version = strings.TrimSpace(parts[2])
		}
		if ref.path != "" && ref.key != "" && (len(parts) < 3 || ref.version != "") {
			return ref, nil
		}
	}
	if g == nil || at == 0 {
		return reference{}, &flaw{"PATH, KEY or VERSION is empty, or a modifier stands before #KEY", "write <path:PATH#KEY | modifier>"}
	}
	if head == "" {
		return reference{}, &flaw{
			"it names no key",
			"the annotation avp.kubernetes.io/path makes every <...> of the object a placeholder; remove the brackets or use <path:PATH#KEY> without the annotation",
		}
	}
	return reference{path: g.path, version: g.version, key: head}, nil
}

// leftovers are the escapes of the grammar's own characters, lower-cased.
var leftovers = []string{"%2f", "%3a", "%23", "%7c", "%20", "%3c", "%3e", `\u00`, "&lt;", "&gt;", "&amp;", "&#"}

// halfDecoded reports whether a complete placeholder still holds escapes that a chart writes. A Vault path or key with
// such text is refused too: nobody names one so, and taking it at its word would fail in the cluster only.
func halfDecoded(span string) bool {
	if !strings.ContainsAny(span, `%\&`) {
		return false
	}
	lower := strings.ToLower(span)
	for _, escape := range leftovers {
		if strings.Contains(lower, escape) {
			return true
		}
	}
	return false
}

// keyLike reports whether a spelled-out span has the look of a generic placeholder and not of HTML text.
func keyLike(span string) bool {
	head, _, _ := strings.Cut(strings.Trim(span, "<>"), "|")
	head = strings.Trim(head, " ")
	for i := 0; i < len(head); i++ {
		if !isAlnum(head[i]) && strings.IndexByte("_.-", head[i]) < 0 {
			return false
		}
	}
	return head != ""
}

// element reports whether p, a spelled-out generic span that o starts, is an HTML element without attributes: one that is
// never closed, or one whose end tag stands behind it in the same spelling.
func element(text string, o opener, p *piece) bool {
	name := p.ref.key
	if len(p.ref.modifiers) > 0 {
		return false
	}
	switch strings.ToLower(name) {
	case "br", "hr", "wbr":
		return true
	}
	less := text[o.start : o.start+o.width]
	for _, slash := range []string{"/", `\/`, "%2F", "%2f", "%252F"} {
		if strings.Contains(text[p.end:], less+slash+name) {
			return true
		}
	}
	return false
}

// shorten cuts s to at most 120 bytes, at a character's edge.
func shorten(s string) string {
	const limit = 120
	if len(s) <= limit {
		return s
	}
	end := limit - len("...")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
