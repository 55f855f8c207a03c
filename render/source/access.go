package source

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Access knows credentials and certificates, from the standard places only. The caller names the files; nothing is read
// from the environment. Each file is read at most once, when a server is asked; one that is not there is empty, and one
// that cannot be understood is an error that names the file and never repeats what is in it. A nil Access is empty. It
// may be used from many goroutines and must not be copied; its fields are set before the first use.
//
// The places, the first that knows the address wins: Named, helm's repositories.yaml, netrc. A place by beginning of a
// URL knows every address of the same scheme, host and port whose path is equal or goes on after a slash; of several
// beginnings the longest counts.
type Access struct {
	// Netrc is the path of a netrc file, or empty. It knows hosts, whatever the port, and a default. As its author
	// does not say for which scheme, its passwords go over https and to the loopback address only.
	Netrc string
	// HelmRepositories is the path of helm's repositories.yaml, or empty. Read are url, username, password, caFile,
	// certFile, keyFile, insecure_skip_tls_verify and pass_credentials_all (helm pkg/repo, Entry). The first of the
	// two switches is refused; see [Access.transport]. The second lets username and password go to other hosts that
	// the index of that one repository names, over https or to the loopback address; nothing else ever does.
	HelmRepositories string
	HelmRegistry     string // path of the config.json that helm registry login writes, in Docker's form, or empty
	DockerConfig     string // path of Docker's config.json, or empty; asked after helm's
	CAFile           string // certificate authorities to trust for all servers besides the system's: a PEM file, or empty
	// Named are credentials by beginning of a URL: "user:password", or a bearer token, which has no colon (RFC 6750).
	Named map[string]string
	// Missing are the names of variables that should have been in Named, by beginning of a URL, for the hint.
	Missing    map[string]string
	SSHAgent   string   // socket of an SSH agent, or empty
	SSHKeys    []string // paths of private keys for Git over SSH
	KnownHosts []string // paths of known_hosts files for Git over SSH

	machines     once[[]machine]
	repositories once[[]helmRepository]
	trusted      struct {
		sync.Mutex
		by map[trust]*http.Transport
	}
}

// once is what one read gave, kept with its error.
type once[T any] struct {
	once sync.Once
	got  T
	err  error
}

func (o *once[T]) load(read func() (T, error)) (T, error) {
	o.once.Do(func() { o.got, o.err = read() })
	return o.got, o.err
}

// identities know the credentials for an address, as [Access] does.
type identities interface {
	login(u *url.URL) (credential, error)
}

// credential is what a place knows for an address: a token, or a user and a password.
type credential struct {
	token, user, password string
	from                  string // the place, for a hint; a credential without one is none
	fallback              bool   // netrc's default, which nobody stated for this host
}

// login asks the places in their order.
func (a *Access) login(u *url.URL) (credential, error) {
	if a == nil {
		return credential{}, nil
	}
	if l, err := a.named(u); err != nil || l.from != "" {
		return l, err
	}
	repo, err := a.repository(u)
	if err != nil {
		return credential{}, err
	}
	if l := repo.login(); l.from != "" {
		return l, nil
	}
	return a.machine(u)
}

// named looks an address up in Named.
func (a *Access) named(u *url.URL) (credential, error) {
	// A beginning that is not one would never match, and its credentials would seem to have no effect.
	for prefix := range a.Named {
		if p, err := url.Parse(prefix); err != nil || p.Scheme == "" || p.Host == "" {
			what := "an address"
			if !strings.Contains(prefix, "@") { // what stands before it may be a password
				what = strconv.Quote(prefix)
			}
			return credential{}, hinted("write it like https://charts.example.com/team",
				fmt.Errorf("credentials are named for %s that is not the beginning of a URL", what))
		}
	}
	prefix, ok := longest(u, slices.Sorted(maps.Keys(a.Named)))
	value := a.Named[prefix]
	if !ok || value == "" {
		return credential{}, nil
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return credential{}, hinted("it may hold a line break",
			fmt.Errorf("the credentials that the stack names for %s have a control character", shown(prefix)))
	}
	l := credential{token: value, from: "credentials: in the stack"}
	if user, password, ok := strings.Cut(value, ":"); ok {
		l.token, l.user, l.password = "", user, password
	}
	return l, nil
}

// machine looks the host of an address up in the netrc file.
func (a *Access) machine(u *url.URL) (credential, error) {
	if !private(u) || u.Hostname() == "" {
		return credential{}, nil
	}
	all, err := a.machines.load(func() ([]machine, error) { return readNetrc(a.Netrc) })
	if err != nil {
		return credential{}, err
	}
	var fallback credential
	for _, m := range all {
		l := credential{user: m.user, password: m.password, from: "netrc", fallback: m.fallback}
		switch {
		case m.password == "": // for programs that ask for it
		case m.only != "" && m.only != port(u) && m.only != u.Scheme:
		case !m.fallback && strings.EqualFold(m.name, u.Hostname()):
			return l, nil
		case m.fallback && fallback.from == "":
			fallback = l
		}
	}
	return fallback, nil
}

// loginFor gives what is sent for a file that the index of the repository base names. At the repository's own host that
// is what the repository is asked with, wherever the file lies (helm pkg/getter does the same). At another host it is
// what is stated for that host, else nothing, pass_credentials_all aside. Netrc's default is not for a host that only an
// index names, or whoever writes the index could have it sent anywhere.
func (a *Access) loginFor(base, target *url.URL) (credential, error) {
	l, err := a.login(target)
	if err != nil || a == nil || l.from != "" && !l.fallback {
		return l, err
	}
	if sameOrigin(base, target) {
		return a.login(base)
	}
	repo, err := a.repository(base)
	if err != nil || !repo.PassAll || !private(target) {
		return credential{}, err
	}
	return repo.login(), nil
}

// authorize puts the credentials for u on a request to it: those that are written in u, else l. net/http would use those
// of a URL by itself, but forgets them at a redirect to the same host.
func (l credential) authorize(req *http.Request, u *url.URL) {
	password, _ := u.User.Password()
	switch {
	case u.User != nil:
		req.SetBasicAuth(u.User.Username(), password)
	case l.token != "":
		req.Header.Set("Authorization", "Bearer "+l.token)
	case l.from != "":
		req.SetBasicAuth(l.user, l.password)
	}
}

// hint says what a person can do about a server that refuses what l sent. It answered for another address than asked
// where it redirects.
func (a *Access) hint(l credential, asked, answered *url.URL) string {
	if !sameOrigin(asked, answered) {
		return "the server redirects to " + answered.Scheme + "://" + answered.Host + ", where no credentials are sent; name that address instead"
	}
	if a != nil {
		if prefix, ok := longest(asked, slices.Sorted(maps.Keys(a.Missing))); ok {
			return "set the environment variable " + a.Missing[prefix] + ", which the stack names for " + shown(prefix)
		}
	}
	switch {
	case asked.User != nil:
		return "the server asks for credentials, or refuses the ones given"
	case l.from != "":
		return "the server asks for credentials other than those of " + l.from
	case !private(asked):
		return "the server asks for credentials: helm's repositories.yaml and credentials: in the stack have none for it, and netrc's go over https only"
	}
	return "the server asks for credentials: netrc, helm's repositories.yaml and credentials: in the stack have none for it"
}

// longest gives the longest of some beginnings of URLs that u lies at or below, the first of equal ones.
func longest(u *url.URL, prefixes []string) (string, bool) {
	found, length := "", -1
	for _, prefix := range prefixes {
		p, err := url.Parse(prefix)
		if err == nil && below(p, u) && len(resolved(p)) > length {
			found, length = prefix, len(resolved(p))
		}
	}
	return found, length >= 0
}

// below compares parts of addresses and never their text: https://example.com.evil and https://example.com@evil begin
// with https://example.com, and https://example.com/a/../b does not lie below https://example.com/a.
func below(prefix, u *url.URL) bool {
	return prefix.Host != "" && sameOrigin(prefix, u) && strings.HasPrefix(resolved(u), resolved(prefix))
}

// resolved is the path of u without . and .., with a slash at its end.
func resolved(u *url.URL) string { return strings.TrimSuffix(path.Clean("/"+u.Path), "/") + "/" }

// sameOrigin compares scheme, host and port. net/http is more generous: it keeps credentials when a redirect leads to
// another port or to a subdomain (net/http, shouldCopyHeaderOnRedirect).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	case u.Scheme == "https" || u.Scheme == "oci":
		return "443"
	}
	return ""
}

// private says whether nobody on the way reads what is sent to u. A registry is asked over https.
func private(u *url.URL) bool {
	if u.Scheme == "https" || u.Scheme == "oci" || strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}

// accessError is a login or certificate that is declared and cannot be had, however often the server is asked. Its text
// holds nothing of what a file or helper says.
type accessError struct{ err error }

func (e *accessError) Error() string { return e.err.Error() }
func (e *accessError) Unwrap() error { return e.err }

// final says whether err is one of those, so that another attempt would meet it again.
func final(err error) bool {
	var own *accessError
	return errors.As(err, &own)
}
