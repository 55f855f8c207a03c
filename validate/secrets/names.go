package secrets

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// words takes a name apart: "adminPassword", "ADMIN_PASSWORD" and "admin-password" are the same two words.
func words(name string) []string {
	var list []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			list = append(list, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	runes := []rune(name)
	for i, c := range runes {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			flush()
			continue
		case i > 0 && unicode.IsUpper(c) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			flush()
		}
		word.WriteRune(c)
	}
	flush()
	return list
}

// secretWords make a name that of a secret wherever they stand in it.
var secretWords = []string{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "credential", "credentials", "htpasswd",
	"secretkey", "privatekey", "encryptionkey", "authtoken", "accesstoken", "passwords",
}

// secretEnds are the words that end a name of a secret, and mean something else where more follows.
var secretEnds = []string{"pass", "dbpass", "userpass", "rootpass", "adminpass", "smtppass", "pw", "dbpw", "userpw", "rootpw", "adminpw", "bindpw"}

// secretNames are names, in lower case with a blank between words, that are a program's own and have no such word: of AWS,
// and of redis-cli, "redis-cli --help".
var secretNames = []string{"secret access key", "rediscli auth"}

// isSecretWord says whether a word makes a name that of a secret. Many have the name of their program before "password", as
// libpq's PGPASSWORD.
func isSecretWord(word string) bool {
	return slices.Contains(secretWords, word) || strings.HasSuffix(word, "password") || strings.HasSuffix(word, "passwd")
}

// secretKeys are the words before "key" that make it that of a secret.
var secretKeys = []string{
	"api", "secret", "private", "encryption", "signing", "master", "encrypt", "crypto", "session", "hmac", "shared", "account", "license", "app", "application",
}

// lastWords end names of what belongs to a secret and is none: where it lies, how long it lives, who has it.
var lastWords = []string{
	"name", "names", "path", "paths", "file", "files", "filename", "dir", "directory", "mount", "url", "urls", "uri", "endpoint", "host",
	"hosts", "port", "ttl", "expiry", "expiration", "expires", "expire", "duration", "lifetime", "timeout", "age", "length", "min", "max", "size",
	"count", "limit", "enabled", "disabled", "enable", "type", "kind", "algorithm", "alg", "method", "mode", "format", "policy", "ref", "id",
	"ids", "keys", "header", "headers", "prefix", "suffix", "namespace", "namespaces", "issuer", "audience", "interval", "refresh", "rotation", "reset",
	"required", "provider", "store", "class", "version", "user", "username", "label", "annotation", "claim", "claims", "scope", "scopes",
	"template", "regex", "pattern", "hint", "level", "role", "engine", "backend", "source", "strategy", "days", "hours", "minutes", "seconds",
	"bytes", "review", "reviewer", "location", "env", "var", "management", "manager", "rotate", "validity", "field", "fields", "domain", "domains",
	"address", "addr", "region", "attempts", "retries", "list", "generator", "encoding", "plugin", "param", "parameter", "cookie", "update", "sync",
	"complexity", "strength", "history", "reuse",
}

// secretName says whether what a name names is a secret, by its words.
func secretName(name string) bool {
	list := words(strings.TrimSuffix(strings.TrimSuffix(name, ".b64"), ".base64"))
	for len(list) > 1 && isNumber(list[len(list)-1]) {
		list = list[:len(list)-1]
	}
	// "PASSWORD1" is a password and "FILE2" a file; "base64" and "sha256" are no such words without their digits either.
	for i, w := range list {
		list[i] = cmp.Or(strings.TrimRight(w, "0123456789"), w)
	}
	if len(list) == 0 || slices.Contains(lastWords, list[len(list)-1]) {
		return false
	}
	last := len(list) - 1
	if last > 0 && list[last] == "token" && list[last-1] == "cluster" && slices.Contains(list, "initial") {
		return false // etcd's name of a cluster
	}
	for i, w := range list {
		switch {
		// "passwordKey" and "SECRET_NAME_KEY" say where a secret is found; "secret key" is one.
		case w == "key" && i > 0 && slices.Contains(secretKeys, list[i-1]):
			return true
		case isSecretWord(w) && (list[last] != "key" || w == "secret" && i == last-1):
			return true
		case i == last && slices.Contains(secretEnds, w):
			return true
		}
	}
	name = strings.Join(list, " ")
	return slices.ContainsFunc(secretNames, func(end string) bool { return strings.HasSuffix(name, end) })
}

// publicNames end names of what Secrets hold beside secrets.
var publicNames = append([]string{
	"database", "db", "dbname", "login", "email", "mail", "bucket", "account", "project", "tenant", "organization", "org", "realm", "server", "servers", "tls",
	"ssl", "insecure", "protocol", "scheme", "locale", "timezone", "environment", "arn", "vhost", "instance", "cluster", "nodes", "brokers", "driver", "pub",
	"crt", "cert", "certificate", "ca", "cacert", "crl", "fingerprint", "hosts", "schema", "sslmode", "servername", "owner", "group", "groups", "hostname",
	"description", "title", "link", "index", "topic", "queue", "channel", "sender", "from", "to", "subject", "dn", "base", "filter", "log", "debug",
}, lastWords...)

// publicName says whether what a name of a Secret names is public.
func publicName(name string) bool {
	list := words(name)
	if len(list) == 0 || secretName(name) {
		return false
	}
	last := list[len(list)-1]
	return slices.Contains(publicNames, last) || strings.HasSuffix(last, "name") || slices.Contains(list, "username")
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// reference matches text that something else replaces before it is used: a template, a variable, another tool's pointer.
var reference = regexp.MustCompile(`\$\([^)]+\)|\$\{[^}]+\}|\{\{.*\}\}|^\$[A-Za-z0-9_]+$|^%[({]|^(vault|ref\+[a-z]+|op|awssm|gcpsm|azurekv|secretref|env|file|arn):|^<[^>]*>$|^\$__|^!`)

// literal says whether a text is a value of its own: it is not empty, holds no placeholder, points nowhere, and is not
// what stands for a value that was taken out or encrypted (SOPS, Ansible Vault).
func literal(text string) bool {
	text = strings.TrimSpace(text)
	switch {
	case text == "", strings.Contains(text, "<path:"), reference.MatchString(text), strings.Trim(text, "*.xX-") == "":
		return false
	case strings.HasPrefix(text, "ENC["), strings.HasPrefix(text, "$ANSIBLE_VAULT"), strings.HasPrefix(text, "-----BEGIN AGE ENCRYPTED"):
		return false
	}
	return true
}

// harmless says whether one line of text, by its looks, can be no secret: a switch, a duration, an address, a path, a
// name of something, a certificate.
func harmless(text string) bool {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "null", "none", "nil", "~", "{}", "[]", "undefined", "disabled", "enabled":
		return true
	}
	if _, err := time.ParseDuration(text); err == nil {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	switch {
	case filePath.MatchString(text), hostPort.MatchString(text), strings.Contains(text, "-----BEGIN CERTIFICATE"), strings.Contains(text, "-----BEGIN PUBLIC KEY"):
		return true
	case strings.HasPrefix(text, "jwt,"):
		return true // how etcd makes its tokens
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-sha2-"), strings.HasPrefix(text, "age1"):
		return true
	case strings.Contains(text, "://"):
		return true // a password in it is what another rule looks for
	}
	return false
}

var (
	filePath = regexp.MustCompile(`^(\.{0,2}|~)/[A-Za-z0-9_./ -]*$`)
	hostPort = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\.(com|net|org|io|local|svc|internal|dev|de|eu|lan|test)\.?(:[0-9]+)?$|^[a-z0-9.-]+:[0-9]+$|^[^@\s:]+@[A-Za-z0-9.-]+\.[A-Za-z]+$`)
	plain    = regexp.MustCompile(`^[A-Za-z]+([ ._/-][A-Za-z]+)*$`)
)

// printable says whether bytes are text that a person would read.
func printable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return false
		}
	}
	return true
}

// named are the names of a text in JSON, YAML, INI or of a shell, with the values that they are given on their lines.
var named = regexp.MustCompile(`(?m)^[ \t]*(?:-[ \t]+|export[ \t]+)?["']?([A-Za-z0-9_.-]+)["']?[ \t]*[:=][ \t]*(.*?)[ \t]*,?[ \t]*$`)

// secretLines gives the names of secrets that a configuration file gives a literal value, in its order, each once.
func secretLines(text string) []string {
	var found []string
	if leaves, ok := jsonLeaves(text); ok {
		for _, l := range leaves {
			if secretValue(l[0], l[1]) && !slices.Contains(found, l[0]) {
				found = append(found, l[0])
			}
		}
		return found
	}
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		value, _, _ := strings.Cut(m[2], " #")
		if value == strings.Trim(value, `"'`) && strings.ContainsAny(value, "(){}[]|<>; ") {
			continue // code, or a structure
		}
		if value = strings.Trim(strings.TrimSpace(value), `"'`); secretValue(m[1], value) && !slices.Contains(found, m[1]) {
			found = append(found, m[1])
		}
	}
	return found
}

// secretValue says whether a value under a name is a secret of its own.
func secretValue(name, value string) bool {
	return secretName(name) && literal(value) && !harmless(value)
}

// jsonLeaves gives the names and texts of a JSON document, ordered by name, and false for what is none.
func jsonLeaves(text string) ([][2]string, bool) {
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return nil, false
	}
	var tree any
	if json.Unmarshal([]byte(text), &tree) != nil {
		return nil, false
	}
	var leaves [][2]string
	strs(tree, nil, func(path []any, text string) {
		for _, step := range slices.Backward(path) {
			if name, ok := step.(string); ok {
				leaves = append(leaves, [2]string{name, text})
				return
			}
		}
	})
	return leaves, true
}
