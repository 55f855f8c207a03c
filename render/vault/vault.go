// Package vault asks a Vault whether it has the secrets that placeholders ask for, and never for a secret.
//
// What a placeholder needs is in Vault or it is not; nothing that is rendered can tell, and the plugin tells when it is too
// late: when the manifests of the whole app fail. So this is the third package that opens network connections, besides
// render/source and render/toolchain; it opens them only to the one address that a person gave, and none when offline.
//
// Only endpoints are called whose answers hold no values: which engine is mounted where (sys/internal/ui/mounts, as the
// vault program itself does before every kv command), and of KV version 2 subkeys, which names the keys of a secret
// (Vault 1.10 and later, OpenBao from 2.5), else metadata, which says that there is one. Of KV version 1 the list of names
// is all there is. The data endpoint is not called, so a policy for a token of this package need not allow it:
//
//	path "kv/subkeys/argocd/*" { capabilities = ["read"] }
//
// Source: the API of the KV secrets engine, version 1 and 2, in Vault's documentation.
package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/render"
)

// Server is a Vault, and who asks it.
type Server struct {
	Address   string                 // e.g. "https://vault.example.com:8200"
	Token     func() (string, error) // asked for once, and sent to Address alone
	Namespace string                 // of Vault Enterprise and OpenBao; empty for none
	CA        []byte                 // certificate authorities in PEM to trust besides the system's
	Proxy     func(*http.Request) (*url.URL, error)
	Offline   bool          // asking is an error
	Timeout   time.Duration // of one attempt; zero for 15 seconds
	Jobs      int           // how many questions are asked at once; 8 at most, and one at least
}

// Ask is what one placeholder asks for.
type Ask struct {
	Path    string // as the placeholder spells it: "kv/data/argocd/apps/netbox"
	Key     string
	Version string // empty for the newest
}

// State is what is known of an ask.
type State int

// What a Vault may say.
const (
	Unknown     State = iota // it cannot be told; Reason says why
	There                    // path, version and key are there
	PathMissing              // there is no such path, or no such version of it
	KeyMissing               // the path has no such key
	NotAllowed               // the token may not ask
)

// Answer is what is known of an ask, and why, in words that follow "and".
type Answer struct {
	Ask    Ask
	State  State
	Reason string
}

// Check says of every ask whether the Vault has what it asks for, in their order. Equal paths are asked once. The error
// is that no answer can be had at all: the address, the token, the connection, a sealed Vault. No message holds the token
// or anything that a secret is made of.
func (s Server) Check(ctx context.Context, asks []Ask) ([]Answer, error) {
	if len(asks) == 0 {
		return nil, nil
	}
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	type place struct{ path, version string }
	byPlace := map[place][]int{}
	var places []place
	for i, a := range asks {
		p := place{a.Path, a.Version}
		if byPlace[p] == nil {
			places = append(places, p)
		}
		byPlace[p] = append(byPlace[p], i)
	}
	found := make([]content, len(places))
	failures := make([]error, len(places))
	slots := make(chan struct{}, min(max(s.Jobs, 1), 8))
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var wait sync.WaitGroup
	for i, p := range places {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			// What ends one question ends them all; each would wait for its own attempts otherwise.
			if found[i], failures[i] = c.look(inner, p.path, p.version); failures[i] != nil {
				stop()
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	answers := make([]Answer, len(asks))
	for i, p := range places {
		for _, n := range byPlace[p] {
			answers[n] = found[i].answer(asks[n])
		}
	}
	return answers, nil
}

// content is what is known of a path.
type content struct {
	state  State
	reason string
	keys   []string // where state is There: those of the secret
	listed bool     // keys is known
}

// answer says what a path means for one of its keys.
func (c content) answer(a Ask) Answer {
	switch {
	case c.state != There:
		return Answer{a, c.state, c.reason}
	case !c.listed:
		return Answer{a, Unknown, c.reason}
	case slices.Contains(c.keys, a.Key):
		return Answer{a, There, ""}
	}
	reason := "the path has no such key"
	// Names of keys are no secrets, and the ledger is full of them.
	if near := render.Nearest(a.Key, c.keys); near != "" {
		reason += fmt.Sprintf("; did you mean %q?", near)
	}
	return Answer{a, KeyMissing, reason}
}

// client opens no connection yet.
func (s Server) client() (*client, error) {
	address, err := url.Parse(strings.TrimSuffix(s.Address, "/"))
	switch {
	case s.Address == "" || err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == "":
		return nil, &render.Error{Err: errors.New("asking Vault: the address is no URL of https or http"), Hint: "give it as --vault=https://vault.example.com:8200, or in VAULT_ADDR"}
	case address.User != nil || address.RawQuery != "":
		return nil, &render.Error{Err: errors.New("asking Vault: the address has a user or a query in it"), Hint: "the token comes from VAULT_TOKEN"}
	case s.Offline:
		return nil, &render.Error{Err: fmt.Errorf("asking Vault at %s: offline", address.Host), Hint: "leave --offline or --vault out"}
	}
	token, err := s.Token()
	if err != nil {
		return nil, fmt.Errorf("asking Vault at %s: %w", address.Host, err)
	}
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return nil, &render.Error{Err: fmt.Errorf("asking Vault at %s: there is no token", address.Host), Hint: "set VAULT_TOKEN, or run vault login"}
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(s.CA) > 0 {
		if settings.RootCAs, err = x509.SystemCertPool(); err != nil {
			settings.RootCAs = x509.NewCertPool()
		}
		if !settings.RootCAs.AppendCertsFromPEM(s.CA) {
			return nil, &render.Error{Err: fmt.Errorf("asking Vault at %s: the certificate authorities are no PEM", address.Host), Hint: "VAULT_CACERT names a file with CERTIFICATE blocks"}
		}
	}
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 15 * time.Second
	}
	return &client{
		address: address, token: token, namespace: s.Namespace, timeout: timeout, mounts: map[string]*mounted{},
		http: &http.Client{
			Transport:     &http.Transport{Proxy: s.Proxy, TLSClientConfig: settings, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8},
			CheckRedirect: sameHost,
		},
	}, nil
}

// The errors of redirects that are not followed.
var (
	errElsewhere = errors.New("it sends to another host, and the token is for this one alone")
	errEndless   = errors.New("it redirects without end")
)

// sameHost follows redirects within a host, and none from https to http. The http package would send the token along
// wherever a redirect leads.
func sameHost(next *http.Request, via []*http.Request) error {
	switch {
	case len(via) > 3:
		return errEndless
	case next.URL.Host != via[0].URL.Host || via[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return errElsewhere
	}
	return nil
}
