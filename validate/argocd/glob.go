package argocd

import (
	"net/url"
	"regexp"
	"strings"
)

// matches says whether a text fits a pattern as Argo CD's projects have them: "*" stands for anything, but with a
// separator for anything without it, "**" for anything, "?" for a character, and [a-z], [!a], {a,b} are what they are
// elsewhere. Source: argo-cd util/glob, which is gobwas/glob. The second result is false for a pattern that is broken.
func matches(pattern, text string, separator byte) (fits, sound bool) {
	if pattern == "*" && separator == 0 {
		return true, true
	}
	expression, err := regexp.Compile("^(?s:" + translate(pattern, separator) + ")$")
	if err != nil {
		return false, false
	}
	return expression.MatchString(text), true
}

// translate writes a pattern as a regular expression, byte by byte: what is special in a pattern is ASCII. Linking gobwas/glob was
// refused for one function; the cases of its syntax that projects use are in the tests.
func translate(pattern string, separator byte) string {
	single := "."
	if separator != 0 {
		single = "[^" + regexp.QuoteMeta(string(separator)) + "]"
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*' && strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString(single + "*")
		case c == '?':
			b.WriteString(single)
		case c == '[' && strings.HasPrefix(pattern[i:], "[!"):
			b.WriteString("[^")
			i++
		case c == '[' || c == ']' || c == '-':
			b.WriteByte(c)
		case c == '{':
			depth++
			b.WriteString("(?:")
		case c == '}' && depth > 0:
			depth--
			b.WriteString(")")
		case c == ',' && depth > 0:
			b.WriteString("|")
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return b.String()
}

var sshAddress = regexp.MustCompile(`^(ssh://)?([^/:]*?)@[^@]+$`)

// normal writes the address of a repository as Argo CD compares it (argo-cd util/git/git.go, NormalizeGitURL).
func normal(repo string) string {
	repo = strings.ToLower(strings.TrimSpace(repo))
	if sshAddress.MatchString(repo) && !strings.HasPrefix(repo, "ssh://") {
		repo = "ssh://" + strings.Replace(repo, ":", "/", 1)
	}
	repo = strings.TrimSuffix(repo, ".git")
	// Argo CD parses the address and writes it again, which escapes the characters of a pattern too ("{"): what cannot be
	// parsed matches nothing there.
	if _, err := url.Parse(repo); err != nil {
		return ""
	}
	return strings.TrimPrefix(repo, "ssh://")
}
