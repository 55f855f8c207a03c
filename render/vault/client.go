package vault

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"sluice/render"
)

const (
	attempts = 4
	maxPause = 5 * time.Second // the longest Retry-After that is heeded
	maxBody  = 4 << 20         // of an answer; Vault's own limit for a request is 32 MiB, for a KV secret 1 MiB by default
)

// client asks one server.
type client struct {
	address   *url.URL
	token     string
	namespace string
	timeout   time.Duration
	http      *http.Client

	mu     sync.Mutex
	mounts map[string]*mounted
}

// reply is an answer of the server.
type reply struct {
	status int
	body   []byte
	after  time.Duration
	date   time.Time // by the server's clock, zero where it does not say
}

// errors are what Vault says is wrong.
func (r reply) errors() []string {
	var answer struct {
		Errors []string `json:"errors"`
	}
	_ = json.Unmarshal(r.body, &answer)
	return answer.Errors
}

// odd is the error for an answer that the API does not have. Its text is not shown: it may be anything.
func (c *client) odd(r reply, what string) error {
	return fmt.Errorf("asking Vault at %s for %s: unexpected answer with status %d", c.address.Host, what, r.status)
}

// get asks, again after a pause where the server is busy (429), sealed or a standby (503), or its answer is that of a
// gateway, and where the connection broke.
func (c *client) get(ctx context.Context, at string, query url.Values) (reply, error) {
	pause := 100 * time.Millisecond
	for n := 1; ; n++ {
		r, err := c.once(ctx, at, query)
		switch {
		case ctx.Err() != nil:
			return reply{}, ctx.Err()
		case final(err), err != nil && n == attempts:
			return reply{}, fmt.Errorf("asking Vault at %s: %w", c.address.Host, err)
		case err == nil && r.status == http.StatusForbidden && strings.Contains(strings.Join(r.errors(), " "), "invalid token"):
			return reply{}, &render.Error{Err: fmt.Errorf("asking Vault at %s: it does not know the token", c.address.Host), Hint: "it may have expired: vault token lookup"}
		case err == nil && !busy(r.status):
			return r, nil
		case err == nil && n == attempts:
			return reply{}, c.unavailable(r)
		}
		wait := pause
		if r.after > 0 {
			wait = min(r.after, maxPause)
		}
		pause *= 2
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return reply{}, ctx.Err()
		}
	}
}

// final says whether another attempt would fail alike.
func final(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted || errors.Is(err, errElsewhere) || errors.Is(err, errEndless)
}

func busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// unavailable is the error of a server that stays busy.
func (c *client) unavailable(r reply) error {
	if strings.Contains(strings.ToLower(strings.Join(r.errors(), " ")), "sealed") {
		return &render.Error{Err: fmt.Errorf("asking Vault at %s: it is sealed", c.address.Host), Hint: "vault status says more"}
	}
	return fmt.Errorf("asking Vault at %s: status %d after %d attempts", c.address.Host, r.status, attempts)
}

// once asks once, within the time of an attempt.
func (c *client) once(ctx context.Context, at string, query url.Values) (reply, error) {
	ctx, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	parts := strings.Split(at, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	target := *c.address
	target.RawQuery = query.Encode()
	raw := target.EscapedPath() + "/v1/" + strings.Join(parts, "/")
	var err error
	if target.Path, err = url.PathUnescape(raw); err != nil {
		return reply{}, err
	}
	target.RawPath = raw
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return reply{}, errors.New("the path cannot stand in a URL")
	}
	req.Header.Set("X-Vault-Token", c.token)
	req.Header.Set("X-Vault-Request", "true")
	if c.namespace != "" {
		req.Header.Set("X-Vault-Namespace", c.namespace)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		// The error of the http package repeats the URL.
		if broken, ok := errors.AsType[*url.Error](err); ok {
			err = broken.Err
		}
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return reply{}, err
	}
	if len(body) > maxBody {
		return reply{}, fmt.Errorf("the answer has more than %d bytes", maxBody)
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	date, _ := http.ParseTime(resp.Header.Get("Date"))
	return reply{status: resp.StatusCode, body: body, after: time.Duration(max(seconds, 0)) * time.Second, date: date}, nil
}
