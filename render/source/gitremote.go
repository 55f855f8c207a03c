package source

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// remoteRepo is a base, component or resource of a kustomization that is in a Git repository.
type remoteRepo struct {
	repo       string // address of the repository, as git takes it
	revision   string // tag, branch or commit; "" is HEAD
	path       string // of the directory in it, "" for the top
	submodules bool
}

var remoteUser = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// parseRemote reads an entry of a kustomization as kustomize does (sigs.k8s.io/kustomize/api v0.21.1,
// internal/git/repospec.go, NewRepoSpecFromURL). It says false for what is not in a Git repository: a path, or the URL
// of a file with too few segments for a repository. Kustomize asks for an http or https address as a file first
// (internal/target/kusttarget.go, accumulateResources), so that a URL for which this says true may still be a file's.
// Submodules are fetched unless the entry says submodules=false, as there.
//
// It departs from kustomize where that would guess or drop something:
//   - a query that does not parse, a parameter that kustomize does not know, a submodules or timeout that is no boolean
//     or duration: an error, and not the default; the timeout itself is not used, the caller has one for all sources
//   - user and password in an https address, a scheme or remote helper that is not supported: an error, and not a path
//   - user@directory/a/b without a colon is a path; kustomize would hand it to git as a repository, which takes it for one
//   - the path is clean: a/./b is a/b
func parseRemote(entry string) (remoteRepo, bool, error) {
	if strings.HasPrefix(entry, "/") {
		return remoteRepo{}, false, nil
	}
	address, query, _ := strings.Cut(entry, "?")
	if rest, ok := cutPrefixFold(address, "git::"); ok { // left from go-getter; kustomize drops it too
		address = rest
	}
	if gitHelper.MatchString(address) {
		_, err := parseGitAddress(address)
		return remoteRepo{}, false, err
	}
	host, rest, ok, err := remoteHost(address)
	if err != nil || !ok {
		return remoteRepo{}, false, err
	}
	repo, dir, ok := splitRemote(rest, strings.HasPrefix(host, "file://"))
	if !ok || repo == "" {
		return remoteRepo{}, false, nil
	}
	r := remoteRepo{repo: host + repo, submodules: true}
	if _, err := parseGitAddress(r.repo); err != nil {
		return remoteRepo{}, false, err
	}
	r.path = path.Clean(strings.Trim(dir, "/"))
	if r.path == ".." || strings.HasPrefix(r.path, "../") {
		return remoteRepo{}, false, fmt.Errorf("the path %q leaves the repository %s", dir, shownGit(r.repo))
	}
	if r.path == "." {
		r.path = ""
	}
	if err := r.parameters(query); err != nil {
		return remoteRepo{}, false, fmt.Errorf("the query of %s: %w", shownGit(r.repo), err)
	}
	return r, true, nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// remoteHost splits what names the host, with all that is before it and the separator after it, from the path.
func remoteHost(address string) (host, rest string, ok bool, err error) {
	scheme, rest := "", address
	for _, known := range []string{"ssh://", "https://", "http://", "file://"} {
		if after, found := cutPrefixFold(address, known); found {
			scheme, rest = known, after
		}
	}
	if scheme == "" && strings.Contains(address, "://") {
		_, err := parseGitAddress(address)
		if err == nil {
			err = fmt.Errorf("%q is neither a path nor the address of a Git repository", shown(address))
		}
		return "", "", false, err
	}
	if scheme == "file://" {
		return scheme, rest, true, nil
	}
	user := remoteUser.FindString(rest)
	rest = rest[len(user):]
	github := false
	for _, prefix := range []string{"github.com/", "github.com:"} {
		if _, found := cutPrefixFold(rest, prefix); found {
			github = true
		}
	}
	scp := scheme == "" && (user != "" || github)
	if scheme == "" && !scp {
		return "", "", false, nil
	}
	slash, colon := strings.Index(rest, "/"), strings.Index(rest, ":")
	at := slash
	if scp && colon > 0 && (slash < 0 || colon < slash) {
		at = colon
	}
	switch {
	case at <= 0, scp && !github && at == slash:
		return "", "", false, nil
	case github && (scheme == "ssh://" || user != ""): // the one host whose spellings kustomize makes one of
		return user + "github.com:", rest[at+1:], true, nil
	case github:
		return "https://github.com/", rest[at+1:], true, nil
	}
	return scheme + user + rest[:at+1], rest[at+1:], true, nil
}

// splitRemote splits the repository from the directory in it: after the segment that follows _git/, at a double slash,
// after .git, else after two segments; file:// is a repository as a whole.
func splitRemote(rest string, file bool) (repo, dir string, ok bool) {
	if i := strings.Index(rest, "_git/"); i >= 0 {
		name, dir, _ := strings.Cut(rest[i+len("_git/"):], "/")
		return rest[:i+len("_git/")] + name, dir, true
	}
	if repo, dir, ok := strings.Cut(rest, "//"); ok {
		return repo, dir, true
	}
	if i := strings.Index(rest, ".git"); i >= 0 {
		return rest[:i+len(".git")], rest[i+len(".git"):], true
	}
	if file {
		return rest, "", true
	}
	segments := strings.SplitN(rest, "/", 3)
	if len(segments) < 2 {
		return "", "", false
	}
	if len(segments) == 3 {
		dir = segments[2]
	}
	return segments[0] + "/" + segments[1], dir, true
}

// parameters reads the query: ref or version, submodules, timeout.
func (r *remoteRepo) parameters(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("it does not parse: %w", err)
	}
	for name := range values {
		switch name {
		case "ref", "version", "submodules", "timeout":
		default:
			return hinted("the parameters are ref, version, submodules and timeout", fmt.Errorf("unknown parameter %q", name))
		}
	}
	r.revision = values.Get("version")
	if ref := values.Get("ref"); ref != "" {
		r.revision = ref
	}
	if text := values.Get("submodules"); text != "" {
		if r.submodules, err = strconv.ParseBool(text); err != nil {
			return fmt.Errorf("submodules=%q is neither true nor false", text)
		}
	}
	if text := values.Get("timeout"); text != "" {
		seconds, wrong := strconv.Atoi(text)
		length, err := time.ParseDuration(text)
		if (wrong != nil || seconds <= 0) && (err != nil || length <= 0) {
			return fmt.Errorf("timeout=%q is no duration", text)
		}
	}
	return nil
}
