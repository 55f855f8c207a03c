package source

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// gitAddress is where a Git repository is.
type gitAddress struct {
	scheme string // https, http, ssh or file
	user   string // ssh only
	host   string // with its port where that is not the scheme's own
	path   string // begins with a slash, but for the scp spelling, whose path begins in the user's home
}

var (
	gitHelper = regexp.MustCompile(`^[A-Za-z0-9+.-]+::`)                                     // gitremote-helpers: <transport>::<address>
	scpLike   = regexp.MustCompile(`^(?:([^@:/\s]+)@)?([^@:/\s]+|\[[0-9a-fA-F:.]+\]):(.+)$`) // a colon before the first slash
)

// parseGitAddress reads an address as git does (gitfetch "GIT URLS"), of four kinds: https and http, ssh with its scp
// spelling, and file with an absolute path. What git would start a program for is refused: remote helpers (ext::), and
// so is git://, which nobody authenticates. Credentials in an address end up in locks, logs and process lists, so there
// are none; the user of ssh is no secret. A user alone before an https host may be a token, and is refused too.
func parseGitAddress(raw string) (gitAddress, error) {
	const forms = "write https://host/path, ssh://user@host/path, user@host:path or file:///path"
	switch {
	case gitHelper.MatchString(raw):
		return gitAddress{}, hinted(forms, fmt.Errorf("the address of the Git repository names a remote helper (%s), and none is started",
			raw[:strings.Index(raw, "::")]))
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }):
		return gitAddress{}, hinted(forms, fmt.Errorf("the address of the Git repository has a space, backslash or control character"))
	case strings.Contains(raw, "://"):
		return parseGitURL(raw, forms)
	}
	m := scpLike.FindStringSubmatch(raw)
	// C:\repo is a drive, and user:password@host:path has a secret in it.
	if m == nil || m[1] == "" && (len(m[2]) == 1 || strings.Contains(m[3], "@")) {
		return gitAddress{}, hinted(forms, fmt.Errorf("%q is not the address of a Git repository", shown(raw)))
	}
	a := gitAddress{scheme: "ssh", user: m[1], host: strings.ToLower(m[2]), path: m[3]}
	return a, a.check()
}

func parseGitURL(raw, forms string) (gitAddress, error) {
	u, err := url.Parse(raw)
	if err != nil { // the cause would repeat the address, credentials and all
		return gitAddress{}, hinted(forms, fmt.Errorf("the address of the Git repository is not a URL"))
	}
	a := gitAddress{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Host), path: strings.TrimRight(u.Path, "/")}
	_, secret := u.User.Password()
	switch {
	case secret || u.User != nil && a.scheme != "ssh":
		return gitAddress{}, hinted("write the address without user and password; credentials come from their usual places, such as .netrc",
			fmt.Errorf("the address of Git repository %s has credentials in it", shownURL(u)))
	case u.RawQuery != "" || u.Fragment != "":
		return gitAddress{}, fmt.Errorf("the address of Git repository %s has a query or fragment", shownURL(u))
	case a.scheme == "https" || a.scheme == "http" || a.scheme == "ssh":
	case a.scheme == "file" && a.host == "localhost":
		a.host = ""
	case a.scheme == "file" && a.host != "":
		return gitAddress{}, hinted("write file:/// and an absolute path", fmt.Errorf("the address of Git repository %s has a host", shownURL(u)))
	case a.scheme == "file":
	default:
		return gitAddress{}, hinted(forms, fmt.Errorf("git repository %s: the scheme %q is not supported", shownURL(u), u.Scheme))
	}
	if u.User != nil {
		a.user = u.User.Username()
	}
	if p := u.Port(); p != "" && p == map[string]string{"https": "443", "http": "80", "ssh": "22"}[a.scheme] {
		a.host = strings.TrimSuffix(a.host, ":"+p)
	}
	return a, a.check()
}

// check refuses what only looks like an address. A leading dash would be an option to the ssh program; none is started
// here, but another tool may read the same lock.
func (a gitAddress) check() error {
	switch {
	case a.host == "" && a.scheme != "file":
		return fmt.Errorf("git repository %s: the address has no host", a)
	case strings.HasPrefix(a.host, "-") || strings.HasPrefix(a.user, "-") || strings.HasPrefix(a.path, "-"):
		return fmt.Errorf("git repository %s: a part of the address begins with a dash", a)
	case a.path == "" || strings.Trim(a.path, "/") == "":
		return fmt.Errorf("git repository %s: the address has no path", a)
	}
	return nil
}

// String is the normal form: two addresses with the same one are the same repository. It holds no credential.
func (a gitAddress) String() string {
	if a.scheme == "ssh" && !strings.HasPrefix(a.path, "/") {
		at := a.host + ":" + a.path
		if a.user != "" {
			at = a.user + "@" + at
		}
		return at
	}
	return a.url().String()
}

// shownGit is shown for the address of a Git repository, whose scp spelling is no URL.
func shownGit(raw string) string {
	if a, err := parseGitAddress(raw); err == nil {
		return a.String()
	}
	return shown(raw)
}

// url is the address for those who think in URLs: requests, and the search for credentials.
func (a gitAddress) url() *url.URL {
	u := &url.URL{Scheme: a.scheme, Host: a.host, Path: a.path}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path
	}
	if a.user != "" {
		u.User = url.User(a.user)
	}
	return u
}

// sameHost says whether credentials for a may be used for b: the same host, and within one scheme the same port.
func (a gitAddress) sameHost(b gitAddress) bool {
	if a.scheme == "file" || b.scheme == "file" {
		return a.scheme == b.scheme
	}
	if a.scheme == b.scheme {
		return a.host == b.host
	}
	return a.url().Hostname() == b.url().Hostname() && b.scheme != "http" // what is secret to one stays off the open wire
}

// submodule gives the address that .gitmodules of the repository at a writes as raw. One that begins with ./ or ../ is
// relative to a (gitmodules, submodule.<name>.url). A repository of the network cannot point at this machine's disk, as
// in git since its release 2.38.1 (protocol.file.allow), nor from https to http.
func (a gitAddress) submodule(raw string) (gitAddress, error) {
	if strings.HasPrefix(raw, "./") || strings.HasPrefix(raw, "../") {
		b := a
		base := strings.TrimRight(a.path, "/")
		rest := raw
		for {
			if r, ok := strings.CutPrefix(rest, "./"); ok {
				rest = r
				continue
			}
			r, ok := strings.CutPrefix(rest, "../")
			if !ok {
				break
			}
			if strings.Trim(base, "/") == "" {
				return gitAddress{}, fmt.Errorf("the relative address %q leaves the host of %s", raw, a)
			}
			rest = r
			base = strings.TrimRight(base[:max(0, strings.LastIndexByte(base, '/'))], "/")
		}
		b.path = strings.TrimRight(path.Join(base, rest), "/")
		if strings.HasPrefix(a.path, "/") {
			b.path = path.Join("/", b.path)
		}
		return b, b.check()
	}
	b, err := parseGitAddress(raw)
	switch {
	case err != nil:
		return gitAddress{}, err
	case b.scheme == "file" && a.scheme != "file":
		return gitAddress{}, fmt.Errorf("the address of a submodule of %s is on this machine's disk", a)
	case b.scheme == "http" && a.scheme != "http" && a.scheme != "file":
		return gitAddress{}, fmt.Errorf("the address of a submodule of %s leads from %s to http", a, a.scheme)
	}
	return b, nil
}
