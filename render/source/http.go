package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	defaultTimeout = 2 * time.Minute // one request with its body
	maxRedirects   = 10
	maxPause       = 20 * time.Second // the longest Retry-After that is heeded
)

// pauses are the waits before the second and later attempts.
func pauses() []time.Duration {
	return []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}
}

// passing is a failure that another attempt may not meet: a broken connection, 429, or 5xx.
type passing struct {
	err   error
	after time.Duration // what the server asked for, or zero
}

func (p *passing) Error() string { return p.err.Error() }
func (p *passing) Unwrap() error { return p.err }

// get reads a URL whole, with a few attempts, each within the Reader's timeout. A cancelled context ends it at once. An
// answer that another attempt would repeat is final: 404, 401, a page of HTML, too many bytes, an untrusted certificate.
func (r *Reader) get(ctx context.Context, u *url.URL, limit int64) ([]byte, error) {
	if r.Offline {
		return nil, hinted("leave out --offline, or give a --mirror that holds the repository",
			fmt.Errorf("offline, and %s would have to be fetched", shownURL(u)))
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("fetching %s: only https and http are fetched", shownURL(u))
	}
	// An error of a transport repeats the URL with its credentials, so no such text is passed on; see broken.
	waits := pauses()
	for n := 0; ; n++ {
		content, err := r.attempt(ctx, u, limit)
		var later *passing
		switch {
		case err == nil:
			return content, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("fetching %s: %w", shownURL(u), ctx.Err())
		case !errors.As(err, &later):
			return nil, fmt.Errorf("fetching %s: %w", shownURL(u), err)
		case n == len(waits):
			return nil, hinted("the server or the network is at fault; try again later",
				fmt.Errorf("fetching %s, %d attempts: %w", shownURL(u), n+1, err))
		}
		if r.Note != nil {
			r.Note(fmt.Sprintf("waiting for %s, attempt %d of %d: %v", u.Host, n+2, len(waits)+1, err))
		}
		if err := r.wait(ctx, max(waits[n], min(later.after, maxPause))); err != nil {
			return nil, fmt.Errorf("fetching %s: %w", shownURL(u), err)
		}
	}
}

// wait pauses for d, or until the context ends.
func (r *Reader) wait(ctx context.Context, d time.Duration) error {
	if r.Wait != nil {
		return r.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt makes one request and reads its body whole. A body shorter than its stated length is an error of net/http; one
// without a stated length that is cut is caught later, by the digest and by the end marks of the archive.
func (r *Reader) attempt(ctx context.Context, u *url.URL, limit int64) ([]byte, error) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("the address does not make a request")
	}
	// A server that labels a .tgz with a content encoding would have it unpacked on the way, and the digest with it.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "sluice")
	res, err := r.client().Do(req)
	if err != nil {
		return nil, broken(err)
	}
	defer res.Body.Close()
	if err := refused(res); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return nil, broken(fmt.Errorf("the answer was cut off after %d bytes: %w", len(content), err))
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("the answer has more than %d bytes", limit)
	case isHTML(content):
		return nil, hinted("check the URL of the repository; a login or a web page answered", errHTML)
	}
	return content, nil
}

// broken takes the URL, which may hold credentials, out of a transport's error. All but a refused redirect
// and a certificate that is not trusted may pass.
func broken(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var refusal *redirectError
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &refusal) || errors.As(err, &untrusted) {
		return err
	}
	return &passing{err: err}
}

// refused judges the status of an answer.
func refused(res *http.Response) error {
	code := res.StatusCode
	err := fmt.Errorf("the server answers %d %s", code, http.StatusText(code))
	switch {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests || code >= 500:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date, or nonsense, asks for nothing
		return &passing{err: err, after: time.Duration(max(0, min(seconds, 3600))) * time.Second}
	case code == http.StatusNotFound:
		return hinted("check the URL of the repository; the index is expected at its index.yaml", err)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return hinted("the repository asks for credentials, or refuses the ones given", err)
	}
	return err
}

// client gives the caller's client, or the one of the Reader, with the redirect policy of this package.
func (r *Reader) client() *http.Client {
	r.direct.once.Do(func() {
		// Not http.DefaultTransport: that one asks the environment for a proxy.
		c := http.Client{Transport: &http.Transport{
			TLSHandshakeTimeout:   20 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			ForceAttemptHTTP2:     true,
		}}
		if r.Client != nil {
			c = *r.Client
		}
		c.CheckRedirect = checkRedirect
		r.direct.client = &c
	})
	return r.direct.client
}

// redirectError is a redirect that is not followed, however often it is tried.
type redirectError struct{ text string }

func (e *redirectError) Error() string { return e.text }

// checkRedirect stops loops and the step from https to http, on which anybody could answer. net/http itself drops the
// credentials when the host changes.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= maxRedirects:
		return &redirectError{fmt.Sprintf("more than %d redirects", maxRedirects)}
	case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https":
		return &redirectError{"redirected from https to " + shownURL(req.URL)}
	}
	return nil
}
