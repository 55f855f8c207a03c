package stack

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sluice/render"
)

// refSign begins a path that leads into a ref: "$name/path".
const refSign = "$"

// gitSchemes are the kinds of URL that the repository of a ref may have. Without git: that protocol has no login and
// nothing that proves the server.
var gitSchemes = []string{"file", "http", "https", "ssh"}

// webSchemes are the kinds of URL whose beginnings have mirrors and credentials: those of hosts, asked by requests.
var webSchemes = []string{"http", "https", "oci"}

// scpForm is the short form of an ssh URL (git-clone, "GIT URLS"). The user is asked for: without one ssh takes the
// name of whoever renders.
var scpForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:\s][^\s]*$`)

// address is what is asked of a URL.
type address struct {
	schemes []string
	example string // in a form for the hint
	query   bool   // may have a query or fragment
}

// url checks a URL and gives it parsed, nil where it was a fault. The text is quoted only without what may be a secret.
func (c *checker) url(at place, text string, want address) *url.URL {
	u, err := url.Parse(text)
	like := "write it like " + want.example
	switch {
	case err != nil || u.Scheme == "" || u.Opaque != "":
		c.add(at, like, "%s is not a URL", strconv.Quote(veil(text)))
	case !slices.Contains(want.schemes, u.Scheme):
		hint := ""
		if near := render.Nearest(u.Scheme, want.schemes); near != "" {
			hint = "did you mean " + near + "://?"
		}
		c.add(at, hint, "a repository is reached by %s, not %s", oneOf(want.schemes), u.Scheme)
	case secret(u):
		c.add(at, "credentials belong to the machine that renders, not to the stack",
			"the URL of repository %s has credentials", u.Host)
	case u.Hostname() == "" && u.Scheme != "file":
		c.add(at, like, "%q names no host", text)
	case !want.query && (u.RawQuery != "" || u.ForceQuery || u.Fragment != ""):
		c.add(at, like, "%s has a query or a fragment", strconv.Quote(veil(text)))
	default:
		return u
	}
	return nil
}

// secret says whether a URL has credentials. The user of an ssh URL is not one.
func secret(u *url.URL) bool {
	_, password := u.User.Password()
	return u.User != nil && (password || u.Scheme != "ssh")
}

// veil leaves out of a text that is, or was to be, a URL what may be a secret: user, password and query.
func veil(text string) string {
	text, _, cut := strings.Cut(text, "?")
	if cut {
		text += "?***"
	}
	if i := strings.LastIndex(text, "@"); i >= 0 {
		scheme, _, found := strings.Cut(text[:i], "://")
		if found {
			return scheme + "://***" + text[i:]
		}
		return "***" + text[i:]
	}
	return text
}

// repositories gives the declared refs.
func (c *checker) repositories(n *node) map[string]render.Source {
	var refs map[string]render.Source
	for _, name := range n.names() {
		if refs == nil {
			refs = map[string]render.Source{}
		}
		r := n.at(name)
		c.gitRepo(r.at("repo"))
		refs[name] = render.Source{
			Kind: render.KindGit, Repo: r.text("repo"), Version: r.text("revision"), Submodules: r.yes("submodules"), Pos: r.pos,
		}
	}
	return refs
}

// gitRepo checks the address of a Git repository that is read.
func (c *checker) gitRepo(n *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	if !strings.Contains(text, "://") && scpForm.MatchString(text) {
		return
	}
	u := c.url(n.place, text, address{
		schemes: gitSchemes, example: `"https://git.example.com/org/repo.git" or "git@git.example.com:org/repo.git"`,
	})
	switch {
	case u == nil:
	case u.Scheme == "file" && (u.Host != "" || u.Path == ""):
		c.add(n.place, `write it like "file:///srv/git/repo.git"`, "%q is not the URL of a directory", text)
	case strings.Trim(u.Path, "/") == "":
		c.add(n.place, `write it like "https://git.example.com/org/repo.git"`, "%q names no repository", text)
	}
}

// mirrors gives what stands in the place of which beginning of a URL.
func (c *checker) mirrors(n *node) map[string]string {
	starts := c.beginnings(n)
	for start, text := range starts {
		starts[start] = strings.TrimRight(text, "/")
	}
	for _, name := range n.names() {
		to := n.at(name)
		text, _ := to.value.(string)
		c.url(to.place, text, address{schemes: schemes, example: `"https://mirror.example.com/charts"`})
	}
	return starts
}

// credentials gives the name of the variable for each beginning of a URL.
func (c *checker) credentials(n *node) map[string]string { return c.beginnings(n) }

// beginnings gives the fields of a struct whose names are beginnings of URLs. A final slash means nothing and is left
// out; scheme and host are asked for in lower case, because the beginning is compared as a text.
func (c *checker) beginnings(n *node) map[string]string {
	var starts map[string]string
	first := map[string]*node{}
	for _, name := range n.names() {
		field := n.at(name)
		u := c.url(field.place, name, address{schemes: webSchemes, example: `"https://charts.example.com/stable"`})
		if u == nil {
			continue
		}
		start := strings.TrimRight(name, "/")
		host := u.Scheme + "://" + strings.ToLower(u.Host)
		switch twin := first[start]; {
		case !strings.HasPrefix(name, host):
			c.add(field.place, "did you mean "+strconv.Quote(host+strings.TrimRight(u.Path, "/"))+"?",
				"the scheme and host of %q are not in lower case", name)
		case twin != nil:
			c.add(field.place, "keep one of them; a final slash means nothing", "%q is also given at %s", start, twin.pos)
		default:
			first[start] = field
			if starts == nil {
				starts = map[string]string{}
			}
			starts[start], _ = field.value.(string)
		}
	}
	return starts
}

// into checks a path that leads into a ref and gives it clean: "$name/path", or "$name" for the top of the repository.
// What the repository holds is seen when it is read.
func (c *checker) into(n *node) string {
	text, _ := n.value.(string)
	name, rest, _ := strings.Cut(strings.TrimPrefix(text, refSign), "/")
	switch {
	case c.refs.at(name) == nil:
		c.unknownRef(n, name)
	case path.IsAbs(rest):
		c.add(n.place, "write it relative to the top of the repository", "path %q is absolute in its repository", text)
	case slices.Contains(strings.Split(rest, "/"), ".."):
		c.add(n.place, "write it from the top of the repository", `path %q has a part ".."`, text)
	case strings.Contains(text, `\`):
		c.add(n.place, "separate the parts of a path with /", "path %q has a backslash", text)
	}
	return path.Clean(text)
}

// unknownRef reports a ref that the stack does not declare. One that was declared wrongly has been reported.
func (c *checker) unknownRef(n *node, name string) {
	if c.refs != nil && slices.Contains(c.refs.gone, name) {
		return
	}
	hint := suggest(name, c.refs.names(), "refs of this stack")
	if hint == "" {
		hint = "declare the Git repository: refs: NAME: {repo: ..., revision: ...}"
	}
	text, _ := n.value.(string)
	if _, err := c.root.Lstat(path.Clean(text)); err == nil {
		hint += "; the file of this name in the stack directory cannot be named, rename it"
	}
	c.add(n.place, hint, "unknown ref %q", name)
}
