package secrets

import (
	"regexp"
	"strings"

	"sluice/validate"
)

// accessKey is what AWS calls the pair of an id and a secret. The id, which has the prefix, opens nothing without the secret, which
// has none; it stands in logs, in policies, and by its name in the specs of cert-manager's issuers and of stores.
const accessKey = "an AWS access key"

// givenName matches the name that a line gives a value which begins where the line is cut off.
var givenName = regexp.MustCompile(`([A-Za-z0-9_.-]+)["']?[ \t]*[:=][ \t]*["']?$`)

// open finds out whether a credential of a text is an id and no more, by the name that stands before it, or where it is the whole
// text by that of the field.
func (t *token) open(text, field string) {
	if t.what != accessKey {
		return
	}
	line := text[strings.LastIndexByte(text[:t.start], '\n')+1 : t.start]
	m := givenName.FindStringSubmatch(line)
	switch {
	case m != nil && m[1] == "value":
		// A variable has its name on the line before.
		before := strings.TrimRight(text[:t.start-len(line)], "\n")
		_, name, _ := strings.Cut(before[strings.LastIndexByte(before, '\n')+1:], "name:")
		field = strings.Trim(strings.TrimSpace(name), `"'`)
	case m != nil:
		field = m[1]
	case strings.TrimSpace(line) != "":
		return
	}
	name := strings.Join(words(field), "")
	t.id = !strings.Contains(name, "secret") && (strings.HasSuffix(name, "accesskey") || strings.HasSuffix(name, "keyid") || strings.HasSuffix(name, "accessid"))
	if t.id {
		t.what = "the id of " + accessKey
	}
}

// weight is how bad it is that a credential stands in the tree, and why that is less than others.
func (t *token) weight() (validate.Severity, string) {
	if t.id {
		return validate.Info, "the id alone opens nothing; the secret access key that belongs to it must not be here"
	}
	return validate.Error, ""
}
