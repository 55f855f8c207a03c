package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"sluice/render"
)

// upstream is one kind of place that sources come from.
type upstream interface {
	// versions lists what could be asked: the versions of a chart, the tags of a repository; in no order.
	versions(ctx context.Context, asked Entry) ([]string, error)
	// resolve settles what is asked: it fills in Resolved and From, and the Digest where the place states one.
	resolve(ctx context.Context, asked Entry) (Entry, error)
	// fetch gives the bytes of a resolved entry. The caller holds them to the digest.
	fetch(ctx context.Context, resolved Entry) ([]byte, error)
}

// place is where a chart repository, a mirrored repository or a file is read: over HTTP, or as a directory of an opened
// root.
type place struct {
	shown  string   // the upstream's URL, without credentials
	web    *url.URL // nil for a directory
	root   string   // directory on disk that nothing leaves
	sub    string   // the directory in root
	mirror bool     // of the command line, whose index has to state digests
}

// standardPlaces is the hint for credentials that are elsewhere.
const standardPlaces = "credentials come from netrc, helm's repositories.yaml, Docker's config.json, or credentials: in the stack"

// upstream gives the place that an entry is read from:
//
//	https://, http://   the web
//	oci://              the registry
//	file:///dir         that directory, whatever the mirror
//	file://dir          a directory of the stack
//	git                 any address of Git
//
// With a mirror nothing else is asked: it stands for every remote place. Otherwise the stack's mirrors are, where the
// address begins like one of them.
func (r *Reader) upstream(e Entry) (upstream, error) {
	if r.Mirror != "" {
		if at, ok, err := r.mirrored(e); err != nil || ok {
			return at, err
		}
	}
	if to, ok := r.rewrite(e.Repo); ok {
		there := e
		there.Repo = to
		at, err := r.origin(there)
		return moved{r: r, at: at, to: to, from: e.Repo}, err
	}
	return r.origin(e)
}

// origin gives the place of an entry by its address alone.
func (r *Reader) origin(e Entry) (upstream, error) {
	if e.Kind == render.KindGit {
		if !strings.HasPrefix(e.Repo, "file://") { // what goes through get is judged there, by the address that is fetched
			if err := r.online(e.Repo); err != nil {
				return nil, err
			}
		}
		return r.git(), nil
	}
	u, err := url.Parse(e.Repo)
	if err != nil { // the cause would repeat the URL
		return nil, fmt.Errorf("the address of %s is not a URL", e)
	}
	at := place{shown: shown(e.Repo), web: u}
	switch {
	case u.Scheme == "file" && e.Kind == render.KindHelm:
		at, err := r.folder(at, u)
		return repository{r: r, at: at}, err
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "oci" || u.Scheme == "oci" && e.Kind != render.KindHelm:
		return nil, hinted("write a URL that begins with https://, http://, oci:// or file://",
			fmt.Errorf("%s has no known scheme", at.shown))
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s has no host", at.shown)
	case u.Scheme == "oci":
		return r.oci(), nil
	case e.Kind == render.KindFile:
		return webFile{r: r, at: at}, nil
	}
	return repository{r: r, at: at}, nil
}

// online fails where no connection may be opened.
func (r *Reader) online(address string) error {
	if !r.Offline {
		return nil
	}
	return hinted("leave out --offline, run "+r.lockCommand()+" online once to fill the cache, or give a --mirror that sluice vendor made",
		marked{fmt.Errorf("offline, and %s would have to be fetched", shown(address)), ErrUnsettled})
}

// ErrUnsettled is what [errors.Is] finds in every error of a source that the lock lacks, or that is not here while no
// connection may be opened. The rest of the stack is not to blame for it.
var ErrUnsettled = errors.New("the source is not settled")

// folder reads file:///dir as that directory, and file://dir or file://./dir as one of the stack.
func (r *Reader) folder(at place, u *url.URL) (place, error) {
	at.web = nil
	if u.Host == "" || u.Host == "localhost" {
		at.root, at.sub = filepath.FromSlash(path.Clean("/"+u.Path)), "."
		return at, nil
	}
	sub, err := cleanPath(path.Join(u.Host, u.Path))
	at.root, at.sub = r.Dir, sub
	return at, err
}

// shown gives a URL as messages and provenance may print it: without credentials, query and fragment. An scp-style
// address is no URL and shown as it is; anything else that does not parse is not shown at all.
func shown(raw string) string {
	u, err := url.Parse(raw)
	switch who, _, _ := strings.Cut(raw, "@"); {
	case err != nil && (strings.Contains(raw, "://") || strings.Contains(who, ":")), err == nil && u.Opaque != "":
		return "a repository" // user:password@host:path is one with a scheme to the parser
	case err != nil:
		return raw
	}
	return shownURL(u)
}

// shownURL is shown for a parsed URL.
func shownURL(u *url.URL) string {
	c := *u
	if c.Scheme != "ssh" {
		c.User = nil
	} else if c.User != nil {
		c.User = url.User(c.User.Username())
	}
	c.RawQuery, c.ForceQuery, c.Fragment = "", false, ""
	return c.String()
}
