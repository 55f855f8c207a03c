package avp

import (
	"encoding/base64"
	"strings"
)

// words are what base64 makes of "path" at each of its three alignments, as far as the neighbours do not matter.
// Every spelling of "<path:" keeps these four letters.
var words = [3]string{"cGF0a", "BhdG", "wYXRo"}

// maxBase64 is how many levels of base64 are looked into; the plugin itself looks into one.
const maxBase64 = 3

// hides is the cheap test whether base64 in s may hold a placeholder.
func hides(s string) bool {
	return len(s) >= 12 && (hasWord(s) || nests(s, maxBase64))
}

func hasWord(s string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// nests reports whether the whole of s is base64, at most levels deep, of text that may hold a placeholder.
func nests(s string, levels int) bool {
	text, ok := wholeBase64(s)
	return ok && (opens(text) || hasWord(text) || levels > 1 && nests(text, levels-1))
}

// wholeBase64 decodes s if all of it is padded standard base64, line breaks allowed: what the plugin takes for base64.
func wholeBase64(s string) (string, bool) {
	if len(s) < 4 {
		return "", false
	}
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && strings.IndexByte("+/=\r\n", s[i]) < 0 {
			return "", false
		}
	}
	text, err := base64.StdEncoding.DecodeString(s)
	return string(text), err == nil
}

// encodeLike encodes text as base64 and keeps the line break that ended the original.
func encodeLike(original, text string) string {
	return base64.StdEncoding.EncodeToString([]byte(text)) + original[len(strings.TrimRight(original, "\r\n")):]
}

// oneLine reports whether text has a <...> on one line, without which the plugin does not decode a Secret's base64.
func oneLine(text string) bool {
	for i := strings.IndexByte(text, '<'); i >= 0; {
		end := lineEnd(text, i)
		if end == len(text) {
			return false
		}
		if text[end] == '>' {
			return true
		}
		n := strings.IndexByte(text[end:], '<')
		if n < 0 {
			return false
		}
		i = end + n
	}
	return false
}

// buried finds placeholders that base64 hides from the plugin in text, outside the pieces already found.
func buried(text string, pieces []piece, g *generic, broken flaw) []fault {
	if len(pieces) == 0 {
		if shown, ok := unearth(text, g, maxBase64); ok {
			return []fault{{0, shown, broken}}
		}
	}
	var faults []fault
	at := 0
	for i := 0; i <= len(pieces); i++ {
		end := len(text)
		if i < len(pieces) {
			end = pieces[i].start
		}
		for _, f := range buriedRuns(text[at:end], broken) {
			f.at += at
			faults = append(faults, f)
		}
		if i < len(pieces) {
			at = pieces[i].end
		}
	}
	return faults
}

// unearth looks for a placeholder in text that is base64 as a whole and gives what may be shown of it.
func unearth(text string, g *generic, levels int) (string, bool) {
	inner, ok := wholeBase64(text)
	if !ok || levels == 0 {
		return "", false
	}
	if found := openers(inner, false); len(found) > 0 {
		return shown(inner[found[0].start:], found[0].layers), true
	}
	if g != nil && sound(inner) {
		if pieces, _ := read(inner, g); len(pieces) > 0 && keyLike(pieces[0].plain) {
			return shorten(inner[pieces[0].start:pieces[0].end]), true
		}
	}
	return unearth(inner, g, levels-1)
}

// buriedRuns looks into every run of base64 characters in a text that is not base64 as a whole, such as the auth field
// of a docker configuration or a basic authorization header.
func buriedRuns(text string, broken flaw) []fault {
	if !hasWord(text) {
		return nil
	}
	var faults []fault
	for i := 0; i < len(text); {
		start := i
		for i < len(text) && isBase64(text[i]) {
			i++
		}
		if run := text[start:i]; len(run) >= 12 && hasWord(run) {
			if shown, ok := unearthRun(run); ok {
				faults = append(faults, fault{start, shown, broken})
			}
		}
		i++
	}
	return faults
}

// unearthRun tries a run at every alignment, because "/" and letters before the base64 belong to its alphabet too.
func unearthRun(run string) (string, bool) {
	run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
	for skip := range min(4, len(run)) {
		part := run[skip:]
		if len(part)%4 == 1 {
			part = part[:len(part)-1]
		}
		text, err := base64.RawStdEncoding.DecodeString(part)
		if err != nil {
			continue
		}
		inner := string(text)
		if found := openers(inner, false); len(found) > 0 {
			return shown(inner[found[0].start:], found[0].layers), true
		}
	}
	return "", false
}

func isBase64(c byte) bool {
	return isAlnum(c) || strings.IndexByte("+/-_", c) >= 0
}
