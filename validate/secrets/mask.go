package secrets

import (
	"cmp"
	"slices"
	"strings"
)

// Mask replaces the credentials and private keys of a text by "***". Rules repeat what is wrong, such as a field that there
// is not, and whoever pasted a credential in its place has it in a report otherwise. One is known by its shape, as
// everywhere in this package; the text is short and of one thing.
func Mask(text string) string {
	found := append(tokensIn(text), aliasesIn(text)...)
	if key, ok := privateKeyIn(text); ok {
		found = append(found, key)
	}
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b token) int { return cmp.Compare(a.start, b.start) })
	var b strings.Builder
	at := 0
	for _, t := range found {
		if t.end <= at {
			continue
		}
		b.WriteString(text[at:max(at, t.start)])
		b.WriteString("***")
		at = t.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// unknownAlias is what the YAML libraries of helm and kustomize say of an alias without an anchor, before its name. A password
// that begins with "*" and has no quotes is one. Source: (*parser).alias in decode.go of gopkg.in/yaml.v3.
const unknownAlias = "unknown anchor '"

// aliasesIn finds the names in such messages.
func aliasesIn(text string) (found []token) {
	for at := 0; ; {
		i := strings.Index(text[at:], unknownAlias)
		if i < 0 {
			return found
		}
		at += i + len(unknownAlias)
		end := strings.IndexByte(text[at:], '\'')
		if end < 0 {
			end = len(text) - at
		}
		found = append(found, token{start: at, end: at + end})
		at += end
	}
}
