package stack

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// exactVersion is semantic version 2.0 with an optional "v", as chart repositories have them.
var exactVersion = regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// exactDigest is a digest as OCI registries take it in the place of a tag (OCI image spec, descriptor.md).
var exactDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// schemes are the kinds of URL that a chart repository may have.
var schemes = []string{"file", "http", "https", "oci"}

// helm checks that a helm source is a chart of a repository or of the stack, not both, and gives its path.
func (c *checker) helm(n *node) string {
	local := n.at("path")
	var remote []string
	for _, name := range []string{"repo", "chart", "version", "keyring"} {
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
	c.version(n.at("version"), n.at("repo"))
	return ""
}

// repo checks the URL of a chart repository.
func (c *checker) repo(n *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	c.url(n.place, text, address{schemes: schemes, example: `"https://charts.example.com"`, query: true})
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

// version checks that a chart's version is a version, a range of them, which the lock pins, or the digest of an
// archive. Only a registry can be asked for a digest: the index of a chart repository has one version per entry, and
// two entries may have one archive. repo is nil where it is missing or was wrong.
func (c *checker) version(n, repo *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	_, err := semver.NewConstraint(text)
	switch {
	case strings.HasPrefix(text, "sha256:"):
		if !exactDigest.MatchString(text) {
			c.add(n.place, `a digest is "sha256:" and 64 hex digits in lower case`, "%q is not a digest", text)
		} else if repo != nil && !strings.HasPrefix(repo.value.(string), "oci://") {
			c.add(n.place, "give the version; the lock holds the chart to its digest",
				"a digest names a chart of an oci repository only")
		}
	case exactVersion.MatchString(text):
	case err != nil || text != strings.TrimSpace(text):
		c.add(n.place, `write the version in full, like "1.2.3", or a range, like "^1.2.0"`,
			"%q is neither a version nor a range of versions", text)
	}
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
