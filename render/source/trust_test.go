package source

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority is a certificate authority of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return authority{cert: cert, key: key, pem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// issue gives a certificate and key, in PEM form, for a server on the loopback address or for a client.
func (a authority) issue(t *testing.T) (cert, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	form := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"*.example.com", "example.com"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, a.cert, own.Public(), a.key)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(own)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// seen are the requests that servers saw: host, path, and what each was authorized with.
type seen struct {
	mu   sync.Mutex
	list []string
}

func (s *seen) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := r.Header.Get("Authorization")
	if user, password, ok := r.BasicAuth(); ok {
		sent = user + ":" + password
	}
	line := strings.TrimSpace(r.URL.Path + " " + sent)
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		line += " with a certificate"
	}
	if ref := r.Referer(); ref != "" {
		line += " from " + ref
	}
	s.list = append(s.list, line)
}

func (s *seen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.list, ", ")
	s.list = nil
	return all
}

// serveTLS starts a server whose certificate comes from a. With clients it asks for a certificate of theirs.
func serveTLS(t *testing.T, a authority, clients *authority, h http.Handler) *httptest.Server {
	t.Helper()
	cert, key := a.issue(t)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	must(t, err)
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(clients.cert)
	}
	s.Config.ErrorLog = silentLog()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// guarded serves files to whoever sends want, and notes every request.
func guarded(files map[string]string, s *seen, want string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		sent := r.Header.Get("Authorization")
		if user, password, ok := r.BasicAuth(); ok {
			sent = user + ":" + password
		}
		content, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		switch {
		case sent != want:
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			http.NotFound(w, r)
		default:
			_, _ = io.WriteString(w, content)
		}
	})
}

// told is a reader with an Access whose notes and errors are searched for the secret at the end.
func told(t *testing.T, a *Access) *Reader {
	t.Helper()
	r := reader(t.TempDir())
	r.Access = a
	r.Note = func(line string) { silent(t, line) }
	return r
}

func TestARepositoryBehindAPrivateAuthority(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	var asked seen
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	s := serveTLS(t, ca, nil, guarded(files, &asked, "robot:"+secret))
	home := folder(t, map[string]string{"ca.pem": ca.pem, "other.pem": other.pem, "both.pem": other.pem + ca.pem, "none.pem": "no certificate"})
	file := func(name string) string { return filepath.Join(home, name) }
	helm := func(more string) string {
		return "repositories: [{url: '" + s.URL + "', username: robot, password: " + secret + more + "}]"
	}
	for _, c := range []struct {
		what, helm, ca string
		want           []string // parts of the error, or none
	}{
		{what: "for all", helm: helm(""), ca: file("ca.pem")},
		{what: "of two", helm: helm(""), ca: file("both.pem")},
		{what: "for the repository", helm: helm(", caFile: " + file("ca.pem"))},
		{what: "both", helm: helm(", caFile: " + file("other.pem")), ca: file("ca.pem")},
		{what: "none", helm: helm(""), want: []string{"certificate signed by unknown authority"}},
		{what: "another", helm: helm(""), ca: file("other.pem"), want: []string{"certificate signed by unknown authority"}},
		{what: "another for the repository", helm: helm(", caFile: " + file("other.pem")), want: []string{"unknown authority"}},
		{what: "missing", helm: helm(""), ca: file("no.pem"), want: []string{"reading certificate authorities: ", file("no.pem")}},
		{what: "not PEM", helm: helm(""), ca: file("none.pem"), want: []string{file("none.pem") + " has no certificate in PEM form"}},
		{
			what: "insecure", helm: helm(", insecure_skip_tls_verify: true"), ca: file("ca.pem"),
			want: []string{"repositories.yaml sets insecure_skip_tls_verify for " + s.URL, "caFile", "--ca-file"},
		},
	} {
		a := standard(t, "", c.helm)
		a.CAFile = c.ca
		r := told(t, a)
		r.Wait = func(context.Context, time.Duration) error {
			t.Errorf("%s: asked again", c.what)
			return context.Canceled
		}
		if c.want == nil {
			fetch(t, r, webOf(s.URL))
			if got := asked.take(); got != "/index.yaml robot:"+secret+", /web-1.0.0.tgz robot:"+secret {
				t.Errorf("%s: the server saw %s", c.what, got)
			}
			continue
		}
		err := refuse(t, r, webOf(s.URL), c.want...)
		silent(t, append(hintsOf(err), err.Error())...)
		if got := asked.take(); got != "" {
			t.Errorf("%s: the server saw %s", c.what, got)
		}
	}
}

func TestARepositorysAuthorityReplacesTheSystems(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	var asked seen
	s := serveTLS(t, ca, nil, guarded(repoFiles(t, chartTgz(t, "web", "1.0.0")), &asked, ""))
	home := folder(t, map[string]string{"other.pem": other.pem})
	system := x509.NewCertPool()
	system.AddCert(ca.cert)
	with := func(a *Access) *Reader {
		r := told(t, a)
		r.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: system}}}
		return r
	}
	all := standard(t, "", "")
	all.CAFile = filepath.Join(home, "other.pem")
	fetch(t, with(nil), webOf(s.URL))
	fetch(t, with(all), webOf(s.URL))
	own := standard(t, "", "repositories: [{url: '"+s.URL+"', caFile: "+filepath.Join(home, "other.pem")+"}]")
	refuse(t, with(own), webOf(s.URL), "unknown authority")
}

func TestAClientCertificateIsShownToItsRepositoryOnly(t *testing.T) {
	ca, clients := newAuthority(t), newAuthority(t)
	var asked, away seen
	files := repoFiles(t, chartTgz(t, "web", "1.0.0"))
	other := serveTLS(t, ca, nil, guarded(files, &away, ""))
	other.TLS.ClientAuth = tls.RequestClientCert
	moved := func(to string, h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if to != "" && strings.HasSuffix(r.URL.Path, ".tgz") {
				http.Redirect(w, r, to+r.URL.Path, http.StatusFound)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	s := serveTLS(t, ca, &clients, guarded(files, &asked, ""))
	s2 := serveTLS(t, ca, &clients, moved(other.URL, guarded(files, &asked, "")))
	cert, key := clients.issue(t)
	home := folder(t, map[string]string{"ca.pem": ca.pem, "cert.pem": cert, "key.pem": key, "bad.pem": secret})
	helm := func(url, keyFile string) string {
		return "repositories: [{url: '" + url + "', certFile: " + filepath.Join(home, "cert.pem") + ", keyFile: " + filepath.Join(home, keyFile) + "}]"
	}
	with := func(repositories string) *Reader {
		a := standard(t, "", repositories)
		a.CAFile = filepath.Join(home, "ca.pem")
		return told(t, a)
	}
	fetch(t, with(helm(s.URL, "key.pem")), webOf(s.URL))
	if got := asked.take(); got != "/index.yaml with a certificate, /web-1.0.0.tgz with a certificate" {
		t.Errorf("the repository saw %s", got)
	}
	fetch(t, with(helm(s2.URL, "key.pem")), webOf(s2.URL))
	if got := asked.take(); got != "/index.yaml with a certificate" {
		t.Errorf("the repository saw %s", got)
	}
	if got := away.take(); got != "/web-1.0.0.tgz" {
		t.Errorf("the other host saw %s", got)
	}
	refuse(t, with(""), webOf(s.URL), "certificate required")
	err := refuse(t, with(helm(s.URL, "bad.pem")), webOf(s.URL), "reading the client certificate "+home, "bad.pem")
	silent(t, err.Error())
	refuse(t, with(helm(s.URL, "no.pem")), webOf(s.URL), "reading the client certificate "+home, "no.pem")
}

func TestTransportsAreMadeOnceForASetOfFiles(t *testing.T) {
	ca := newAuthority(t)
	home := folder(t, map[string]string{"ca.pem": ca.pem})
	file := filepath.Join(home, "ca.pem")
	a := standard(t, "", "repositories: [{url: 'https://a.example.com', caFile: "+file+"}, {url: 'https://b.example.com', caFile: "+file+"}]")
	base := &http.Transport{}
	got := make([]*http.Transport, 40)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			host := string("ab"[i%2])
			got[i], _ = a.transport(base, address(t, "https://"+host+".example.com/x"))
		})
	}
	all.Wait()
	for _, g := range got {
		if g == nil || g != got[0] || g == base {
			t.Fatalf("transports %p and %p, base %p", got[0], g, base)
		}
	}
	if g, err := a.transport(base, address(t, "https://c.example.com/x")); err != nil || g != base {
		t.Errorf("a host without files has the transport %p, error %v", g, err)
	}
	if g, err := (*Access)(nil).transport(base, address(t, "https://a.example.com/x")); err != nil || g != base {
		t.Errorf("without Access the transport is %p, error %v", g, err)
	}
	if c := base.TLSClientConfig; c != nil && c.RootCAs != nil { // cloning fills in the protocols
		t.Error("the base was changed")
	}
	if g, _ := a.transport(&http.Transport{}, address(t, "https://a.example.com/x")); g == got[0] {
		t.Error("two bases have one transport")
	}
}
