package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// errNotThere is the registry's 404.
var errNotThere = errors.New("the registry answers 404 Not Found")

// errNotRegistry is a page, or other text, where the answer of a registry belongs.
var errNotRegistry = errors.New("the answer (status 200) is not a registry's")

// attentive turns an answer that may pass, 429 or 5xx, into a [passing] error while its Retry-After can still be read:
// oras keeps the status alone. It sees the token service and whatever a blob is redirected to as well.
type attentive struct {
	base   http.RoundTripper
	host   string // the registry
	realms *realms
}

func (a attentive) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := a.base.RoundTrip(a.realms.lead(req))
	if err != nil {
		return nil, err
	}
	if req.URL.Host == a.host {
		a.realms.stand(res)
	}
	var later *passing
	if !errors.As(refused(res, noHint), &later) {
		return res, nil
	}
	res.Body.Close()
	if req.URL.Host != a.host {
		later.err = fmt.Errorf("%s: %w", req.URL.Host, later.err)
	}
	return nil, later
}

// said judges an error of oras: what may pass is [passing], a 404 is errNotThere. Oras repeats URLs with their query,
// which may be signed, and the words of the server, which may be anything, so that nothing of its texts is passed on
// but the status and the error codes of the OCI distribution specification.
func (c ociChart) said(err error) error {
	var later *passing
	var transport *url.Error
	var own *accessError
	var answer *errcode.ErrorResponse
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	host := c.Reference.Registry
	switch {
	case err == nil:
		return nil
	case errors.As(err, &later):
		return later
	case errors.Is(err, http.ErrSchemeMismatch):
		return hinted("a registry is asked over plain http only on a loopback host, or where that is allowed", http.ErrSchemeMismatch)
	case errors.As(err, &own):
		return own
	case errors.As(err, &transport):
		return withoutURLs(broken(err))
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return hinted("log in with docker login "+host+", or name the credentials in the stack",
			fmt.Errorf("registry %s asks for credentials, and none are known", host))
	case errors.Is(err, errdef.ErrNotFound):
		return errNotThere
	case errors.As(err, &answer):
		return c.refusal(answer)
	case errors.As(err, &syntax) || errors.As(err, &shape):
		return hinted("check the host of the registry; a login or a web page answered", errNotRegistry)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return &passing{err: errors.New("the answer was cut off")}
	}
	return withoutURLs(err)
}

// refusal judges the status of an answer. A registry that hides what is private answers alike for what is not there.
func (c ociChart) refusal(e *errcode.ErrorResponse) error {
	text := fmt.Sprintf("%s answers %d %s", e.URL.Host, e.StatusCode, http.StatusText(e.StatusCode))
	for _, inner := range e.Errors {
		if code := strings.ToLower(strings.ReplaceAll(inner.Code, "_", " ")); errorCode.MatchString(code) {
			text += " (" + code + ")"
		}
	}
	switch e.StatusCode {
	case http.StatusNotFound:
		return errNotThere
	case http.StatusUnauthorized, http.StatusForbidden:
		host := c.Reference.Registry
		return hinted("log in with docker login "+host+", or name the credentials in the stack; a registry may answer so for a chart that it does not have",
			fmt.Errorf("registry %s asks for credentials, or refuses the ones given: %s", host, text))
	}
	return errors.New(text)
}

var (
	errorCode = regexp.MustCompile(`^[a-z ]{1,40}$`)
	quotedURL = regexp.MustCompile(`"[^" ]*://[^"]*"`)
)

// withoutURLs takes the query and credentials out of the URLs that an error quotes.
func withoutURLs(err error) error {
	text := err.Error()
	plain := quotedURL.ReplaceAllStringFunc(text, func(quoted string) string { return shown(strings.Trim(quoted, `"`)) })
	if plain == text {
		return err
	}
	var later *passing
	if errors.As(err, &later) {
		return &passing{err: errors.New(plain), after: later.after}
	}
	return errors.New(plain)
}

// whole reads what a descriptor describes and holds it to the size and digest of that, with oras's own reader. A body
// that ends early may pass, other bytes than described do not.
func whole(body io.Reader, desc ocispec.Descriptor, limit int64) ([]byte, error) {
	if desc.Size > limit {
		return nil, tooLong(desc, limit)
	}
	got, err := content.ReadAll(body, desc)
	switch {
	case err == nil:
		return got, nil
	case errors.Is(err, content.ErrMismatchedDigest) || errors.Is(err, content.ErrTrailingData) || errors.Is(err, content.ErrInvalidDescriptorSize):
		return nil, hinted("the registry or a server on the way to it is broken; do not use its answer",
			fmt.Errorf("the registry serves other bytes under %s: %w", desc.Digest, err))
	}
	return nil, &passing{err: fmt.Errorf("the answer was cut off: %w", err)}
}

func tooLong(desc ocispec.Descriptor, limit int64) error {
	return fmt.Errorf("%s of %s has %d bytes, more than %d", desc.Digest, desc.MediaType, desc.Size, limit)
}
