package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"sluice/render"
)

// mask replaces what may be a secret by its hash.
type mask struct{ key []byte }

// lastApplied is where kubectl keeps a copy of the whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

var (
	// secretKinds hold secrets in data and stringData, and in any field that they do not have: "stringdata" is a slip of who
	// meant one. The encryptedData of a SealedSecret is none.
	secretKinds = map[string]bool{"Secret": true, "ClusterSecret": true}
	// publicField are the other fields of these kinds.
	publicField = map[string]bool{
		"apiVersion": true, "kind": true, "metadata": true, "type": true, "immutable": true, "status": true, "spec": true, // core/v1 Secret, and those of custom resources
		"matchNamespace": true, "avoidNamespaces": true, // ClusterSecret of clustersecret.io
	}
	// A value that is one placeholder and nothing else is no secret.
	placeholder  = regexp.MustCompile(`^<path:[^<>]*>$`)
	placeholders = regexp.MustCompile(`<path:[^<>\s]*>`)
	privateKey   = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|$)`)
	address      = regexp.MustCompile("[a-zA-Z][a-zA-Z0-9+.-]*://[^\\s\"'`<>]+")
	// The names of variables whose values are secrets in all likelihood.
	secretName = regexp.MustCompile(`(?i)(password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key)$`)
	// The names of fields whose text is a secret wherever they are. The names that references to Secrets have are not
	// among them.
	secretField = regexp.MustCompile(`(?i)(password|passwd|passphrase|api_?key|private_?key|secret_?access_?key)$`)
	// "--password=VALUE" of arguments, "password = VALUE" of ini files and queries, and lines `password: VALUE` or
	// `"password": "VALUE",`. A sentence that goes on after a colon is none.
	assigned = regexp.MustCompile(`(?im)((?:password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key)["']?(?:[ \t]*=[ \t]*))("[^"\n]*"|'[^'\n]*'|[^\s"'&;,]+)`)
	stated   = regexp.MustCompile(`(?im)^([ \t]*["']?[\w.-]*(?:password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key)["']?:[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s"',]+)(,?[ \t]*)$`)
	// What stands for a value that comes from elsewhere: $VAR, ${VAR}, $(VAR), {{ }}.
	elsewhere = regexp.MustCompile(`^\$|^\{\{|^%[({]`)
)

// hash is the text that stands for a value. Values that differ only in being spelled in base64 have the same one.
func (m mask) hash(value string) string {
	if len(m.key) == 0 {
		return "hmac:unkeyed" // a hash without a key could be looked up
	}
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(value))
	return "hmac:" + hex.EncodeToString(h.Sum(nil))[:12]
}

// object gives a copy of an object's tree without secrets.
func (m mask) object(o *render.Object) map[string]any {
	tree, _ := m.value(o.Key, nil, o.Tree).(map[string]any)
	return tree
}

// value gives a copy of a value of an object without secrets; the path leads to it.
func (m mask) value(key render.Key, path render.Path, v any) any {
	steps := make([]string, len(path))
	for i, step := range path {
		if text, ok := step.(string); ok {
			steps[i] = text
			continue
		}
		steps[i] = render.Path{step}.String()
	}
	return m.at(secretKinds[key.Kind], steps, v)
}

func (m mask) at(secret bool, steps []string, v any) any {
	hidden := secret && len(steps) > 0 && !publicField[steps[0]]
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		name, _ := v["name"].(string)
		for k, below := range v {
			shown := m.text(k)
			if text, ok := below.(string); ok && k == "value" && secretName.MatchString(name) {
				out[shown] = m.whole(text)
				continue
			}
			out[shown] = m.at(secret, append(steps[:len(steps):len(steps)], k), below)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.at(secret, append(steps[:len(steps):len(steps)], "[]"), v[i])
		}
		return out
	case string:
		switch {
		case hidden && steps[0] == "data":
			return m.encoded(v)
		case hidden || isLastApplied(steps) || isVariable(steps) || v != "" && isSecretField(steps):
			return m.whole(v)
		}
		return m.text(v)
	case nil:
		return nil
	default:
		if hidden {
			text, _ := json.Marshal(v)
			return m.hash(string(text))
		}
		return v
	}
}

func isLastApplied(steps []string) bool { return len(steps) > 0 && steps[len(steps)-1] == lastApplied }

// isVariable knows the value of a variable by the name in its path: env[name=DB_PASSWORD].value.
func isVariable(steps []string) bool {
	n := len(steps)
	return n > 1 && steps[n-1] == "value" && strings.HasPrefix(steps[n-2], "[name=") &&
		secretName.MatchString(strings.TrimRight(steps[n-2], `"]`))
}

func isSecretField(steps []string) bool {
	return len(steps) > 0 && secretField.MatchString(steps[len(steps)-1])
}

// whole hides a value, unless it is a placeholder.
func (m mask) whole(v string) string {
	if placeholder.MatchString(v) {
		return v
	}
	return m.hash(v)
}

// encoded hides a value that is in base64, as the data of a Secret is.
func (m mask) encoded(v string) string {
	if plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v), "")); err == nil {
		return m.whole(string(plain))
	}
	return m.whole(v)
}

// text hides the parts of a text that are secrets by their look: private keys, and credentials in addresses.
// What is in base64 is looked into.
func (m mask) text(v string) string {
	if len(v) < 8 {
		return v
	}
	if !strings.ContainsAny(v, " :") {
		plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v), ""))
		if err == nil && m.text(string(plain)) != string(plain) {
			return m.hash(string(plain))
		}
	}
	v = privateKey.ReplaceAllStringFunc(v, m.hash)
	for _, form := range []*regexp.Regexp{assigned, stated} {
		v = m.values(form, v)
	}
	if !strings.Contains(v, "://") {
		return v
	}
	// Placeholders hold the characters that end a part of an address, so they stand aside for a moment.
	var aside []string
	v = placeholders.ReplaceAllStringFunc(v, func(p string) string {
		aside = append(aside, p)
		return string(rune(0xF0000 + len(aside) - 1))
	})
	v = address.ReplaceAllStringFunc(v, func(a string) string { return m.address(a, aside) })
	for i, p := range aside {
		v = strings.ReplaceAll(v, string(rune(0xF0000+i)), p)
	}
	return v
}

// values hides the values of names that are those of secrets; a form has the name with what is before the value, the
// value, and what may follow it.
func (m mask) values(form *regexp.Regexp, v string) string {
	return form.ReplaceAllStringFunc(v, func(found string) string {
		part := form.FindStringSubmatch(found)
		quote := ""
		if c := part[2][0]; c == '"' || c == '\'' {
			quote = part[2][:1]
		}
		bare := strings.TrimSuffix(strings.TrimPrefix(part[2], quote), quote)
		if bare == "" || elsewhere.MatchString(bare) || strings.HasPrefix(bare, "hmac:") || strings.HasPrefix(bare, "<path:") {
			return found
		}
		rest := ""
		if len(part) > 3 {
			rest = part[3]
		}
		return part[1] + quote + m.hash(bare) + quote + rest
	})
}

// address hides the credentials of one address: the password, and for http the user too, which may be a token. A
// placeholder that stands alone stays.
func (m mask) address(a string, aside []string) string {
	scheme, rest, _ := strings.Cut(a, "://")
	host := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host = rest[:end]
	}
	at := strings.LastIndexByte(host, '@')
	user, password, both := strings.Cut(rest[:max(at, 0)], ":")
	if at < 0 {
		// A password may hold a slash by mistake. What is before it is then no port.
		_, port, has := strings.Cut(host, ":")
		if at = strings.LastIndexByte(rest, '@'); !has || at < 0 || strings.Trim(port, "0123456789") == "" {
			return a
		}
		user, password, both = strings.Cut(rest[:at], ":")
	}
	hide := func(v string) string {
		if r, n := utf8.DecodeRuneInString(v); v == "" || n == len(v) && r >= 0xF0000 && int(r) < 0xF0000+len(aside) {
			return v
		}
		return m.hash(v)
	}
	if strings.HasPrefix(strings.ToLower(scheme), "http") && !both {
		user = hide(user)
	}
	if both {
		user += ":" + hide(password)
	}
	return scheme + "://" + user + rest[at:]
}
