package source

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// helmRepository is an entry of helm's repositories.yaml (helm pkg/repo, Entry).
type helmRepository struct {
	URL      string `yaml:"url"`
	Username string `yaml:"username"`
	Password string `yaml:"password"`
	CAFile   string `yaml:"caFile"`
	CertFile string `yaml:"certFile"`
	KeyFile  string `yaml:"keyFile"`
	Insecure bool   `yaml:"insecure_skip_tls_verify"`
	PassAll  bool   `yaml:"pass_credentials_all"`
}

// login is what the entry states; as with helm, that is nothing where a half is missing (helm pkg/getter, httpgetter.go).
func (r helmRepository) login() credential {
	if r.Username == "" || r.Password == "" {
		return credential{}
	}
	return credential{user: r.Username, password: r.Password, from: "helm's repositories.yaml"}
}

// lineOf is where the yaml library met a mistake. The rest of its text may repeat a value.
var lineOf = regexp.MustCompile(`line (\d+)`)

// readRepositories reads helm's repositories.yaml.
func readRepositories(file string) ([]helmRepository, error) {
	content, err := readStandard(file)
	if err != nil {
		return nil, fmt.Errorf("reading helm's repositories: %w", err)
	}
	var doc struct {
		Repositories []helmRepository `yaml:"repositories"`
	}
	if err := yaml.Unmarshal(content, &doc); err != nil {
		if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
			file += ":" + m[1]
		}
		return nil, fmt.Errorf("reading helm's repositories: %s: it is not what helm writes", file)
	}
	for i, r := range doc.Repositories {
		if _, err := url.Parse(r.URL); err != nil {
			return nil, fmt.Errorf("reading helm's repositories: %s: the url of entry %d is not a URL", file, i+1)
		}
	}
	return doc.Repositories, nil
}

// repository gives helm's entry for an address: that with the longest url which the address lies below, or an empty one.
func (a *Access) repository(u *url.URL) (helmRepository, error) {
	all, err := a.repositories.load(func() ([]helmRepository, error) { return readRepositories(a.HelmRepositories) })
	if err != nil {
		return helmRepository{}, err
	}
	prefixes := make([]string, len(all))
	for i, r := range all {
		prefixes[i] = r.URL
	}
	prefix, ok := longest(u, prefixes)
	for _, r := range all {
		if ok && r.URL == prefix {
			return r, nil
		}
	}
	return helmRepository{}, nil
}

// trust is what distinguishes one transport from another.
type trust struct {
	base      *http.Transport
	all, own  string // files of certificate authorities: for all servers, for one repository
	cert, key string
}

// transport gives the transport for an address: base itself, or a copy with the authorities and the client certificate
// that are stated for it. There is one copy for each set of files, so that connections are used again.
//
// As with helm, a repository's caFile takes the place of the system's authorities; CAFile is added to either.
// insecure_skip_tls_verify is refused: a digest holds an archive to what was locked, but an index and a first lock are
// held to nothing but the certificate.
func (a *Access) transport(base *http.Transport, u *url.URL) (*http.Transport, error) {
	if a == nil {
		return base, nil
	}
	repo, err := a.repository(u)
	if err != nil {
		return nil, &accessError{err}
	}
	if repo.Insecure && u.Scheme == "https" {
		return nil, &accessError{hinted("give the server's certificate authority instead: caFile there, or --ca-file",
			fmt.Errorf("%s sets insecure_skip_tls_verify for %s, with which anybody on the way could give another chart", a.HelmRepositories, shown(repo.URL)))}
	}
	want := trust{base: base, all: a.CAFile, own: repo.CAFile, cert: repo.CertFile, key: repo.KeyFile}
	if want == (trust{base: base}) {
		return base, nil
	}
	a.trusted.Lock()
	defer a.trusted.Unlock()
	if t := a.trusted.by[want]; t != nil {
		return t, nil
	}
	t, err := want.transport()
	if err != nil {
		return nil, &accessError{err}
	}
	if a.trusted.by == nil {
		a.trusted.by = make(map[trust]*http.Transport)
	}
	a.trusted.by[want] = t
	return t, nil
}

// transport makes the copy.
func (w trust) transport() (*http.Transport, error) {
	t := w.base.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{}
	}
	pool, err := w.authorities(t.TLSClientConfig.RootCAs)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig.RootCAs = pool
	if w.cert == "" && w.key == "" {
		return t, nil
	}
	// The library's errors name what is wrong with a key, and nothing of it (crypto/tls, X509KeyPair).
	pair, err := tls.LoadX509KeyPair(w.cert, w.key)
	if err != nil {
		return nil, fmt.Errorf("reading the client certificate %s with the key %s: %w", w.cert, w.key, err)
	}
	t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	return t, nil
}

// authorities gives the pool to trust. Given are those of the transport; nil means the system's.
func (w trust) authorities(given *x509.CertPool) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	var err error
	switch {
	case w.own != "":
	case given != nil:
		pool = given.Clone()
	default:
		if pool, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("reading the system's certificate authorities: %w", err)
		}
	}
	for _, file := range []string{w.own, w.all} {
		if file == "" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading certificate authorities: %w", err)
		}
		if !pool.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("reading certificate authorities: %s has no certificate in PEM form", file)
		}
	}
	return pool, nil
}

// trusting picks the transport for each request by its own address, so that a redirect to another host takes neither
// the client certificate nor the authorities of the first one along.
type trusting struct {
	access *Access
	base   *http.Transport
}

// RoundTrip makes a request; it fits [http.RoundTripper].
func (t trusting) RoundTrip(req *http.Request) (*http.Response, error) {
	own, err := t.access.transport(t.base, req.URL)
	if err != nil {
		if req.Body != nil {
			err = errors.Join(err, req.Body.Close())
		}
		return nil, err
	}
	return own.RoundTrip(req)
}
