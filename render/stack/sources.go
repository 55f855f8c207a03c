package stack

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// exactVersion is semantic version 2.0 with an optional "v", as chart repositories have them.
var exactVersion = regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// schemes are the kinds of URL that a chart repository may have.
var schemes = []string{"file", "http", "https", "oci"}

// helm checks that a helm source is a chart of a repository or of the stack, not both, and gives its path.
func (c *checker) helm(n *node) string {
	local := n.at("path")
	remote := []string{}
	for _, name := range []string{"repo", "chart", "version"} {
		if n.at(name) != nil {
			remote = append(remote, name)
		}
	}
	if local != nil {
		if len(remote) > 0 {
			c.add(local.place, "give path for a chart of the stack; repo, chart and version for one of a repository",
				"path is given together with %s", wordList(remote))
		}
		return c.chart(local)
	}
	if !n.lost {
		for _, name := range []string{"repo", "chart", "version"} {
			if len(remote) == 0 {
				c.add(n.place, "give repo, chart and version, or path", "no chart")
				break
			}
			if n.at(name) == nil {
				c.add(place{join(n.path, name), n.pos}, "a chart of a repository has repo, chart and version", "missing")
			}
		}
	}
	c.repo(n.at("repo"))
	c.version(n.at("version"))
	return ""
}

// repo checks the URL of a chart repository.
func (c *checker) repo(n *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "":
		c.add(n.place, `write it like "https://charts.example.com"`, "%q is not a URL", text)
	case !slices.Contains(schemes, u.Scheme):
		hint := ""
		if near := render.Nearest(u.Scheme, schemes); near != "" {
			hint = "did you mean " + near + "://?"
		}
		c.add(n.place, hint, "a repository is reached by %s, not %s", oneOf(schemes), u.Scheme)
	case u.User != nil:
		c.add(n.place, "credentials belong to the machine that renders, not to the stack",
			"the URL of repository %s has credentials", u.Host)
	case u.Host == "" && u.Scheme != "file":
		c.add(n.place, `write it like "https://charts.example.com"`, "%q names no host", text)
	}
}

// gitURL refuses a repository URL with a secret in it: it is written into every Application. The user of an ssh URL is
// not a secret.
func (c *checker) gitURL(n *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return
	}
	if _, secret := u.User.Password(); secret || strings.HasPrefix(u.Scheme, "http") {
		c.add(n.place, "Argo CD has the credentials of a repository in a secret of its own",
			"the URL of repository %s has credentials", u.Host)
	}
}

// version checks that a chart's version is one version. A range renders differently from one day to the next.
func (c *checker) version(n *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	if exactVersion.MatchString(text) {
		return
	}
	if _, err := semver.NewConstraint(text); err == nil {
		c.add(n.place, "pin the exact version: a range needs a lock, and a stack has none",
			"%q is a range of versions", text)
		return
	}
	c.add(n.place, `write the version in full, like "1.2.3"`, "%q is not a version", text)
}

// setFile checks the files of one --set-file argument: key=path, or several with commas between them.
func (c *checker) setFile(n *node) {
	text, _ := n.value.(string)
	for _, pair := range splitCommas(text) {
		key, path, ok := strings.Cut(pair, "=")
		if !ok || key == "" || path == "" {
			c.add(n.place, "", "%q is not an assignment \"key=path\"", pair)
			continue
		}
		c.file(&node{place: n.place, value: strings.ReplaceAll(path, `\,`, ",")})
	}
}

// splitCommas splits at commas without a backslash before them (helm pkg/strvals).
func splitCommas(text string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',':
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
