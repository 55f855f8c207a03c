package secrets

import (
	"encoding/base64"
	"path"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// encoding judges how the value of a field of a Secret is spelled, text being what the container gets.
func (j *judge) encoding(field render.Path, text string) {
	name, _ := field[len(field)-1].(string)
	if field[0] == "data" && twice(name, text) {
		j.say(base64Twice, field, "%s is base64 of base64: the container gets the inner base64 and not what it encodes", field)
	}
	if field[0] == "stringData" && twice(name, text) {
		j.say(base64Twice, field, "%s is base64, and what is in stringData is taken as it stands: the container gets the base64", field)
	}
	if strings.HasSuffix(text, "\n") && !strings.Contains(strings.TrimRight(text, "\r\n"), "\n") && oneLiner(name, text) {
		j.say(trailingNewline, field, "%s ends with a line break, which is part of the value", field)
	}
}

// oneLiner says whether a value is one that is compared or sent as it stands. A line break ends every file, so what has
// the name or the looks of one is left out.
func oneLiner(name, text string) bool {
	ext := path.Ext(name)
	switch {
	case len(text) < 2, fileNames[ext], ext == ".pem", ext == ".key", ext == ".txt", ext == ".env", ext == ".list", ext == ".asc", strings.HasPrefix(name, "."):
		return false
	case strings.HasPrefix(text, "-----"), strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["), strings.HasPrefix(text, "#"):
		return false
	case strings.Contains(text, ": "), strings.HasPrefix(name, "id_"), name == "auth", name == "htpasswd", name == "users", name == "known_hosts":
		return false
	}
	return printable(text)
}

// twice says whether a text is base64 of what a person could read. Random letters decode to bytes that nobody can, so it
// takes luck of one in ten thousand for a password to look like that; a name that says base64 is believed.
func twice(name, text string) bool {
	text = strings.TrimSpace(text)
	lower := strings.ToLower(name)
	if len(text) < 8 || len(text)%4 != 0 || strings.Contains(lower, "base64") || strings.Contains(lower, "b64") {
		return false
	}
	// 1Password's Connect decodes its credentials itself (its chart's README).
	if lower == "1password-credentials.json" {
		return false
	}
	if len(text) < 16 && !strings.HasSuffix(text, "=") {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !printable(string(raw)) {
		return false
	}
	// A header of basic authentication and a file's content are given in base64 on purpose.
	return !strings.Contains(lower, "auth") && !strings.Contains(string(raw), "-----BEGIN ")
}

// said says whether a field has a finding.
func said(found []validate.Finding, field render.Path) bool {
	at := field.String()
	for _, f := range found {
		if f.Field.String() == at {
			return true
		}
	}
	return false
}
