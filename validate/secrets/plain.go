package secrets

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// typedPublic are the fields of Secrets of a type, or with a label of Argo CD, that hold no secret. Sources: the constants
// of k8s.io/api/core/v1 SecretType*, and Argo CD's declarative setup for repositories and clusters.
var typedPublic = map[string][]string{
	"kubernetes.io/tls":                   {"tls.crt", "ca.crt"},
	"kubernetes.io/basic-auth":            {"username"},
	"kubernetes.io/service-account-token": {"ca.crt", "namespace"},
	"bootstrap.kubernetes.io/token":       {"token-id", "description", "expiration", "auth-extra-groups"},
	"repository":                          {"type", "url", "name", "project", "username", "githubAppID", "githubAppInstallationID", "noProxy", "proxy", "depth"},
	"repo-creds":                          {"type", "url", "username", "githubAppID", "githubAppInstallationID"},
	"cluster":                             {"name", "server", "namespaces", "project", "shard"},
}

// credentialTypes are the types of Secrets, and the labels of Argo CD, that are there for credentials.
var credentialTypes = []string{"kubernetes.io/basic-auth", "kubernetes.io/ssh-auth", "bootstrap.kubernetes.io/token", "repository", "repo-creds", "cluster"}

// credentials says whether a Secret is called what credentials are called, or is of a type for them. That it is called a secret
// says nothing.
func (j *judge) credentials(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains(credentialTypes, kind) }) ||
		slices.ContainsFunc(words(j.object.Key.Name), func(w string) bool {
			return w != "secret" && isSecretWord(w) || slices.Contains([]string{"creds", "cred", "auth", "tokens", "login", "keys", "apikeys"}, w)
		})
}

// secret judges the fields of a Secret.
func (j *judge) secret() {
	kind, label := validate.TextAt(j.object.Tree, "type"), validate.TextAt(j.object.Tree, "metadata", "labels", "argocd.argoproj.io/secret-type")
	// The cluster fills these in; what a manifest says of them is replaced.
	if kind == "kubernetes.io/service-account-token" {
		return
	}
	public := slices.Concat(typedPublic[kind], typedPublic[label])
	least := validate.Info
	if j.credentials(kind, label) {
		least = validate.Warning
	}
	for _, part := range []string{"data", "stringData"} {
		fields := validate.MappingAt(j.object.Tree, part)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			text, ok := fields[name].(string)
			field := render.Path{part, name}
			if !ok || text == "" || j.made(field) {
				continue
			}
			if part == "data" {
				raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(text))
				if err != nil {
					continue // that it is no base64 is what the schema says
				}
				text = string(raw)
			}
			j.encoding(field, text)
			if !slices.Contains(public, name) {
				j.secretField(field, text, least)
			}
		}
	}
}

// secretField judges one field of a Secret, decoded. The first thing that is wrong with it is said, and nothing else. What nothing
// but its Secret makes a secret is of the least severity given.
func (j *judge) secretField(field render.Path, text string, least validate.Severity) {
	name, _ := field[len(field)-1].(string)
	if j.text(field, text) {
		return
	}
	if name == ".dockerconfigjson" || name == ".dockercfg" {
		j.registry(field, text)
		return
	}
	blank := j.blanks.At(j.object.Key, field)
	if blank == validate.Wholly {
		return
	}
	if strings.Contains(strings.TrimSpace(text), "\n") || strings.HasPrefix(strings.TrimSpace(text), "{") {
		if lines := secretLines(text); len(lines) > 0 {
			j.say(plainSecret, field, "%s is a file that gives %s a plain value", field, list(lines)).Severity = validate.Warning
			return
		}
	}
	if blank != validate.Known || !literal(text) {
		return
	}
	if what := plainly(name, text); what != "" {
		f := j.say(plainSecret, field, "%s holds %s", field, what)
		if f.Severity = validate.Warning; what == onlyPlain && !looksSecret(text) {
			f.Severity = least
		}
	}
}

// plainly says what a plain value of a Secret is: by its name, or by a look that is neither that of a file nor of
// something that everybody may know. It is empty where it is no secret.
func plainly(name, text string) string {
	trimmed := strings.TrimSpace(text)
	switch {
	case !printable(text):
		if compressed(text) {
			return ""
		}
		return "plain bytes that are no text"
	case name == "htpasswd" || name == "auth" && strings.Contains(text, ":"):
		if hashedUsers.MatchString(trimmed) {
			return ""
		}
		return "a plain password"
	case harmless(trimmed):
		return ""
	case secretName(name):
		return "a plain value, and by its name it is a secret"
	case publicName(name), strings.Contains(trimmed, "\n"), structured(trimmed), plain.MatchString(trimmed), isNumber(trimmed):
		return ""
	case fileNames[path.Ext(name)]:
		return ""
	}
	return onlyPlain
}

// onlyPlain is said of a value that neither its name nor its looks make a secret, nor rule out as one.
const onlyPlain = "a plain value"

// looksSecret says whether one line of text looks drawn by lot, or like what people are made to choose: letters, digits and
// a character that names and settings have no use for.
func looksSecret(text string) bool {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, " \t\n") || len(text) < 8 {
		return false
	}
	var letters, digits, others bool
	run, switches, last := 0, 0, 0
	for i := 0; i < len(text); i++ {
		kind := 0
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			kind, digits = 1, true
		case c >= 'a' && c <= 'z':
			kind, letters = 2, true
		case c >= 'A' && c <= 'Z':
			kind, letters = 3, true
		case strings.IndexByte("!#$%^&*?~", c) >= 0 || c == '@' && i > 0:
			others = true
		}
		// Names change between letters and digits once or twice; what is drawn does all the time.
		switch {
		case kind == 0 && strings.IndexByte("+/_=", text[i]) < 0:
			run, switches = 0, 0
		case kind != 0 && last != 0 && kind != last:
			switches++
		}
		if run, last = run+1, kind; run >= 12 && switches*5 >= run {
			return true
		}
	}
	return letters && digits && others
}

// fileNames are the extensions of what is a file, and is judged by its lines.
var fileNames = map[string]bool{
	".yaml": true, ".yml": true, ".json": true, ".ini": true, ".conf": true, ".cfg": true, ".toml": true, ".properties": true, ".xml": true, ".sh": true,
	".py": true, ".js": true, ".lua": true, ".rb": true, ".php": true, ".tpl": true, ".tmpl": true, ".sql": true, ".crt": true, ".pub": true, ".csr": true, ".config": true,
}

// hashedUsers matches the lines of a file of users whose passwords are hashed (htpasswd's MD5, SHA, bcrypt and crypt forms).
var hashedUsers = regexp.MustCompile(`^([^:\s]+:(\$[0-9a-z]+\$|\{SHA\})\S+\s*)+$`)

// compressed knows gzip, zip and pictures by their first bytes: files, and no keys.
func compressed(text string) bool {
	for _, magic := range []string{"\x1f\x8b", "PK\x03\x04", "\x89PNG", "\xff\xd8\xff", "GIF8", "(\xb5/\xfd"} {
		if strings.HasPrefix(text, magic) {
			return true
		}
	}
	return false
}

// structured says whether a text is a list or mapping in the notation of JSON.
func structured(text string) bool {
	return json.Valid([]byte(text)) && strings.IndexByte("{[", text[0]) >= 0
}

// registry judges the credentials of a docker configuration: auths.HOST with auth, or user and password, as
// kubernetes.io/dockerconfigjson has them, or the hosts alone, as the older kind.
func (j *judge) registry(field render.Path, text string) {
	var file map[string]any
	if json.Unmarshal([]byte(text), &file) != nil {
		return
	}
	if auths, ok := file["auths"].(map[string]any); ok {
		file = auths
	}
	for _, host := range slices.Sorted(maps.Keys(file)) {
		entry, _ := file[host].(map[string]any)
		for _, name := range []string{"auth", "password", "identitytoken", "registrytoken"} {
			value, _ := entry[name].(string)
			inner, err := base64.StdEncoding.DecodeString(value)
			if name == "auth" && err == nil && len(inner) > 0 {
				_, value, _ = strings.Cut(string(inner), ":")
			}
			if literal(value) {
				j.say(registryPassword, field, "%s holds %s of the registry %s plainly", field, name, host)
				break
			}
		}
	}
}

// keyIn finds a private key in a text, or in base64 that is a part of it, as a kubeconfig has it. The second answer is the
// key without its white space, by which it is known elsewhere.
func keyIn(text string) (token, string, bool) {
	if len(text) < leastKey {
		return token{}, "", false
	}
	if t, ok := privateKeyIn(text); ok {
		return t, strings.Join(strings.Fields(text[t.start:t.end]), ""), true
	}
	// "-----BEGIN " at the beginning of what is encoded.
	const begin = "LS0tLS1CRUdJTi"
	for at := 0; ; {
		n := strings.Index(text[at:], begin)
		if n < 0 {
			return token{}, "", false
		}
		start := at + n
		at = start + len(begin)
		for at < len(text) && (isWord(text[at]) || strings.IndexByte("+/=", text[at]) >= 0) {
			at++
		}
		raw, err := base64.StdEncoding.DecodeString(text[start:at])
		if err != nil {
			continue
		}
		if inner, ok := privateKeyIn(string(raw)); ok {
			return token{"a private key in base64", start, at, "", false}, strings.Join(strings.Fields(string(raw[inner.start:inner.end])), ""), true
		}
	}
}

// withPassword matches the beginning of a URL that has a user and a password (RFC 3986, section 3.2.1).
var withPassword = regexp.MustCompile(`\b([A-Za-z][A-Za-z0-9+.-]*)://([^\s/?#"'<>@:,]*):([^\s/"'@<>]+)@[^\s/]`)

// parameter matches the password among the parameters of a URL, as drivers of databases take it, also behind ";".
// Sources: https://jdbc.postgresql.org/documentation/use/, https://learn.microsoft.com/en-us/sql/connect/jdbc/building-the-connection-url
var parameter = regexp.MustCompile(`\b([A-Za-z][A-Za-z0-9+.-]*)://[^\s"'<>]*[?&;](?i:(?:ssl)?password|passwd|pwd)=([^\s"'<>&;]+)`)

// passwordURL gives the scheme of the first URL in a text that has a literal password, empty where there is none. One in
// a comment is an example.
func passwordURL(text string) string {
	if !strings.Contains(text, "://") {
		return ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, ";") || !strings.Contains(line, "://") {
			continue
		}
		if m := parameter.FindStringSubmatch(line); m != nil && literal(m[2]) && !strings.ContainsAny(m[2], "${}()[]*`\\") {
			return m[1]
		}
		if !strings.Contains(line, "@") {
			continue
		}
		for _, m := range withPassword.FindAllStringSubmatch(line, -1) {
			password, err := url.PathUnescape(m[3])
			if err != nil {
				password = m[3]
			}
			if literal(password) && !strings.ContainsAny(password, "$%{}<>()[]*`\\") || len(password) > 8 && random(password) && literal(password) {
				return m[1]
			}
		}
	}
	return ""
}

// list joins names for a message, three at most.
func list(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}
