package source

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// download is one file to read over HTTP.
type download struct {
	name  string // as Progress.Source
	url   *url.URL
	limit int64    // more bytes are an error
	base  *url.URL // of the repository whose index names the URL, nil for none; see Access.loginFor
	loose bool     // neither a digest nor the bytes themselves tell whether it is whole
}

// get reads a URL whole, with a few attempts, each within the Reader's timeout. An answer that another attempt would
// repeat is final: 404, 401, a page of HTML, too many bytes, an untrusted certificate.
func (r *Reader) get(ctx context.Context, d download) (content []byte, err error) {
	u := d.url
	if err := r.online(u.String()); err != nil {
		return nil, err
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("fetching %s: only https and http are fetched", shownURL(u))
	}
	end := r.begin(d.name)
	defer func() { end(int64(len(content)), err) }()
	l, err := r.Access.loginFor(cmp.Or(d.base, u), u)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: %w", shownURL(u), err)
	}
	// An error of a transport repeats the URL with its credentials, so no such text is passed on; see broken.
	err = r.retry(ctx, r.attempts("fetching "+shownURL(u), u.Host), func(ctx context.Context) error {
		content, err = r.attempt(ctx, d, l)
		return err
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}

// Document reads a file at an address that a person named, and no source of a stack: it is in no lock, in no cache and in no
// mirror. What is not there is an error that is [fs.ErrNotExist], for one who has another place to look in; what a server
// keeps to itself is [fs.ErrPermission], and it may give others.
func (r *Reader) Document(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("fetching a document: its address is no URL")
	}
	if r.Offline {
		return nil, hinted("name files, or leave out --offline", fmt.Errorf("offline, and %s would have to be fetched", shownURL(u)))
	}
	text, err := r.get(ctx, download{name: shownURL(u), url: u, limit: maxDocument})
	if errors.Is(err, errNotFound) {
		err = marked{err, fs.ErrNotExist}
	}
	return text, err
}

// retry lets try run a few times, with pauses, each within its time, for as long as it fails with [passing]; any other
// failure is final. A cancelled context ends it at once. Errors begin with what, which names the operation and the thing.
func (r *Reader) retry(ctx context.Context, a attempts, try func(context.Context) error) error {
	waits := pauses()
	what, host := a.what, a.host
	for n := 0; ; n++ {
		err := a.within(ctx, try)
		var later *passing
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case !errors.As(err, &later):
			return fmt.Errorf("%s: %w", what, err)
		case n == len(waits):
			return hinted("the server or the network is at fault; try again later",
				fmt.Errorf("%s, %d attempts: %w", what, n+1, err))
		}
		r.note("waiting for %s, attempt %d of %d: %v", host, n+2, len(waits)+1, err)
		if err := r.wait(ctx, max(waits[n], min(later.after, maxPause))); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

// attempts says of several attempts what they are for, who is asked, and how long each may take.
type attempts struct {
	what, host string
	timeout    time.Duration
}

// attempts are those of one request with its body.
func (r *Reader) attempts(what, host string) attempts {
	return attempts{what, host, cmp.Or(r.Timeout, defaultTimeout)}
}

// within gives try the time of one attempt. What fails because that is over may pass, whatever else it says.
func (a attempts) within(ctx context.Context, try func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	err := try(timed)
	var later *passing
	switch {
	case err == nil || timed.Err() == nil || ctx.Err() != nil || errors.As(err, &later):
		return err
	case !errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return &passing{err: err}
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
// without a stated length that is cut is caught later, by the digest and by the end marks of the archive, or refused.
func (r *Reader) attempt(ctx context.Context, d download, l credential) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return nil, errors.New("the address does not make a request")
	}
	// A server that labels a .tgz with a content encoding would have it unpacked on the way, and the digest with it.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "sluice")
	l.authorize(req, d.url)
	res, err := r.client().Do(req)
	if err != nil {
		return nil, broken(err)
	}
	defer res.Body.Close()
	if err := refused(res, func() string { return r.Access.hint(l, d.url, res.Request.URL) }); err != nil {
		return nil, err
	}
	if d.loose && res.ProtoMajor == 1 && res.ContentLength < 0 && len(res.TransferEncoding) == 0 {
		return nil, hinted("ask a server that states the length of its answers",
			errors.New("the answer ends where its connection does, so that a part of it could not be told from the whole"))
	}
	content, err := io.ReadAll(io.LimitReader(r.watched(d.name, res.ContentLength, res.Body), d.limit+1))
	switch {
	case err != nil:
		return nil, broken(fmt.Errorf("the answer was cut off after %d bytes: %w", len(content), err))
	case int64(len(content)) > d.limit:
		return nil, fmt.Errorf("the answer has more than %d bytes", d.limit)
	case isHTML(content):
		return nil, hinted("check the URL; a login or a web page answered", errHTML)
	}
	return content, nil
}

// broken takes the URL, which may hold credentials, out of a transport's error. All but a refused redirect,
// a certificate that is not trusted and one of the user's own files may pass.
func broken(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var refusal *redirectError
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return hinted("where the server has an authority of its own, --ca-file names it, or caFile in helm's repositories.yaml", err)
	}
	if errors.As(err, &refusal) || final(err) {
		return err
	}
	return &passing{err: err}
}

// refused judges the status of an answer. login gives the hint for one that asks for credentials.
func refused(res *http.Response, login func() string) error {
	code := res.StatusCode
	err := fmt.Errorf("the server answers %d %s", code, http.StatusText(code))
	switch {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests || code >= 500:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date, or nonsense, asks for nothing
		return &passing{err: err, after: time.Duration(max(0, min(seconds, 3600))) * time.Second}
	case code == http.StatusNotFound || code == http.StatusGone:
		return hinted("check the URL; a chart repository has its index.yaml below it", marked{err, errNotFound})
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return hinted(login(), marked{err, fs.ErrPermission})
	}
	return err
}

// noHint is for callers that word the answers about credentials themselves.
func noHint() string { return "" }

// client gives the caller's client, or the one of the Reader, with the redirect policy of this package and the
// certificates of Access.
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
		base, plain := c.Transport.(*http.Transport)
		if c.Transport == nil { // what net/http does with such a client
			base, plain = http.DefaultTransport.(*http.Transport)
		}
		if plain && r.Access != nil {
			c.Transport = trusting{access: r.Access, base: base}
		}
		c.CheckRedirect = checkRedirect
		r.direct.client = &c
	})
	return r.direct.client
}

// redirectError is a redirect that is not followed, however often it is tried.
type redirectError struct{ text string }

func (e *redirectError) Error() string { return e.text }

// checkRedirect stops loops and the step from https to http, on which anybody could answer. Credentials end at the
// first step to another scheme, host or port, and do not come back: on the way back the other host chose the path. A
// Referer would carry the query of a URL, which may hold a token.
func checkRedirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1].URL
	switch {
	case len(via) >= maxRedirects:
		return &redirectError{fmt.Sprintf("more than %d redirects", maxRedirects)}
	case last.Scheme == "https" && req.URL.Scheme != "https":
		return &redirectError{"redirected from https to " + shownURL(req.URL)}
	}
	req.Header.Del("Referer")
	for _, step := range append(via[1:len(via):len(via)], req) {
		if !sameOrigin(via[0].URL, step.URL) {
			req.Header.Del("Authorization")
		}
	}
	return nil
}

// errNotFound is every error of a server that has nothing at an address.
var errNotFound = errors.New("not found")
