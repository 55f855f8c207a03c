package source

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// realmPath is where a token service stands in for itself, below the registry's own address.
const realmPath = "/.sluice-token-service/"

var bearerRealm = regexp.MustCompile(`(?i)^(\s*bearer\s.*?\brealm=")([^"]*)(".*)$`)

// realms lets a registry of a private network name a token service of that network, as the registry of an in-house forge
// does. Oras refuses a realm on another host with a private address, because a public registry could have it ask a
// metadata service (GHSA-xf85-363p-868w); a registry that is inside itself has no such door to open, and anything else
// is left to oras. What oras sees is an address of the registry; the request goes to the realm.
type realms struct {
	mu  sync.Mutex
	all []*url.URL
}

// stand rewrites the realm of a challenge where the registry is on a private network.
func (r *realms) stand(res *http.Response) {
	asked := res.Request.URL
	if res.StatusCode != http.StatusUnauthorized || !inside(res.Request.Context(), asked.Hostname()) {
		return
	}
	for i, challenge := range res.Header.Values("Www-Authenticate") {
		m := bearerRealm.FindStringSubmatch(challenge)
		if m == nil {
			continue
		}
		realm, err := url.Parse(m[2])
		// The step from https to http stays oras's to refuse, and so does every address that is none.
		if err != nil || realm.Host == "" || realm.Hostname() == asked.Hostname() || realm.Scheme != "https" && realm.Scheme != asked.Scheme {
			continue
		}
		r.mu.Lock()
		r.all = append(r.all, realm)
		here := url.URL{Scheme: asked.Scheme, Host: asked.Host, Path: fmt.Sprint(realmPath, len(r.all)-1)}
		r.mu.Unlock()
		res.Header["Www-Authenticate"][i] = m[1] + here.String() + m[3]
	}
}

// lead gives a request for a token service that stands below the registry its real address.
func (r *realms) lead(req *http.Request) *http.Request {
	number, is := strings.CutPrefix(req.URL.Path, realmPath)
	var n int
	if _, err := fmt.Sscan(number, &n); !is || err != nil {
		return req
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < 0 || n >= len(r.all) {
		return req
	}
	to := *r.all[n]
	query := to.Query()
	for name, values := range req.URL.Query() {
		query[name] = append(query[name], values...)
	}
	to.RawQuery = query.Encode()
	led := req.Clone(req.Context())
	led.URL, led.Host = &to, ""
	return led
}

// inside says whether a host is, or has, an address that only a private network reaches.
func inside(ctx context.Context, host string) bool {
	private := func(a netip.Addr) bool {
		a = a.Unmap()
		return a.IsPrivate() || a.IsLoopback()
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return private(addr)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if private(a) {
			return true
		}
	}
	return false
}
