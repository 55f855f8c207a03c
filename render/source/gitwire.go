package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

// gitTalk is one conversation with a server's git-upload-pack, in version 0 of the protocol, which every server speaks.
// go-git's own remotes are not used: they are set up in package variables, read ~/.ssh/config and the environment's
// proxies, and stop at no size.
type gitTalk interface {
	advertised(context.Context) (io.Reader, error)         // what the server has; asked first, and once
	ask(context.Context, *bytes.Buffer) (io.Reader, error) // sends a request whole and gives the answer
	Close() error
}

// meter counts what is received for one source, its submodules included, and stops at a limit.
type meter struct {
	limit int64
	got   atomic.Int64 // ssh reads in a goroutine of its own
}

// over is the error of too many bytes. A connection that stops for it may say something else, so it is asked last.
func (m *meter) over() error {
	if m.got.Load() > m.limit {
		return errTooMuch{m.limit}
	}
	return nil
}

// errTooMuch is more than the limit.
type errTooMuch struct{ limit int64 }

func (e errTooMuch) Error() string {
	return fmt.Sprintf("the server sends more than %d MiB, the limit for one source", e.limit>>20)
}

// metered is a reader that a meter watches.
type metered struct {
	io.Reader
	m *meter
}

func (r metered) Read(p []byte) (int, error) {
	if err := r.m.over(); err != nil {
		return 0, err
	}
	n, err := r.Reader.Read(p)
	r.m.got.Add(int64(n))
	if over := r.m.over(); over != nil {
		return 0, over
	}
	return n, err
}

// remoteRefs is what a server advertised: its refs and what it can do.
type remoteRefs struct {
	gitRefs
	can *capability.List
}

// refsOf reads the advertisement of a server (gitprotocol-pack, "Reference Discovery").
func refsOf(ctx context.Context, t gitTalk) (remoteRefs, error) {
	r, err := t.advertised(ctx)
	if err != nil {
		return remoteRefs{}, err
	}
	head := beginning{limit: 8 << 10} // where the capabilities are
	adv := packp.NewAdvRefs()
	err = adv.Decode(io.TeeReader(r, &head))
	refs := remoteRefs{gitRefs: gitRefs{tips: map[string]plumbing.Hash{}, peeled: adv.Peeled}, can: adv.Capabilities}
	var wrong *packp.ErrUnexpectedData
	var told *pktline.ErrorLine
	switch {
	case strings.Contains(head.String(), "object-format=sha256"):
		return remoteRefs{}, errSHA256
	case errors.Is(err, packp.ErrEmptyAdvRefs):
		return refs, nil
	case errors.As(err, &told):
		return remoteRefs{}, fmt.Errorf("the server says %q", oneLine(told.Text))
	case errors.Is(err, packp.ErrEmptyInput), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, pktline.ErrInvalidPktLen):
		return remoteRefs{}, &passing{err: errors.New("the server's list of refs was cut off, or is none")}
	case errors.As(err, &wrong):
		return remoteRefs{}, &passing{err: fmt.Errorf("the server's list of refs was cut off, or is none: %q", oneLine(string(wrong.Data)))}
	case err != nil:
		return remoteRefs{}, err
	}
	for name, id := range adv.References {
		refs.tips[name] = id
	}
	if adv.Head != nil {
		refs.tips["HEAD"] = *adv.Head
	}
	return refs, nil
}

// beginning keeps the beginning of what is written to it.
type beginning struct {
	limit int // bytes
	mu    sync.Mutex
	kept  []byte
}

func (b *beginning) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p[:min(len(p), b.limit-len(b.kept))]...)
	return len(p), nil
}

func (b *beginning) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.kept)
}

// oneLine makes what a server says fit for a message.
func oneLine(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	return text[:min(len(text), 200)]
}

// packOf sends a request and gives the pack in memory.
func packOf(ctx context.Context, t gitTalk, can *capability.List, request *bytes.Buffer) (billy.File, error) {
	r, err := t.ask(ctx, request)
	if err != nil {
		return nil, err
	}
	lines := pktline.NewScanner(r)
	for begun := false; !begun; {
		if !lines.Scan() {
			var told *pktline.ErrorLine
			switch err := lines.Err(); {
			case errors.As(err, &told):
				return nil, &refusedWant{oneLine(told.Text)}
			case err != nil:
				return nil, err
			}
			return nil, &refusedWant{"(nothing)"}
		}
		begun = bytes.HasPrefix(lines.Bytes(), []byte("NAK")) // shallow lines and their flush come before it
	}
	switch {
	case can.Supports(capability.Sideband64k):
		r = sideband.NewDemuxer(sideband.Sideband64k, r)
	case can.Supports(capability.Sideband):
		r = sideband.NewDemuxer(sideband.Sideband, r)
	}
	file, err := memfs.New().Create("pack")
	if err != nil {
		return nil, err
	}
	if n, err := io.Copy(file, r); err != nil {
		return nil, &passing{err: fmt.Errorf("the pack was cut off after %d bytes: %w", n, err)}
	}
	return file, nil
}

// refusedWant is a server's word that it does not give what was asked for.
type refusedWant struct{ text string }

func (e *refusedWant) Error() string { return "the server answers " + e.text }

// packRequest asks for commits or tags, with their history or without (gitprotocol-pack, "Packfile Negotiation").
// Nothing is at hand yet, so it is all said in one go.
func packRequest(can *capability.List, wants []plumbing.Hash, shallow bool) *bytes.Buffer {
	caps := []string{"no-progress", "ofs-delta", "agent=sluice"}
	for _, c := range []capability.Capability{capability.Sideband64k, capability.Sideband} {
		if can.Supports(c) {
			caps = append(caps, string(c))
			break
		}
	}
	b := new(bytes.Buffer)
	line := func(text string) { fmt.Fprintf(b, "%04x%s\n", len(text)+5, text) }
	for i, id := range wants {
		if i == 0 {
			line("want " + id.String() + " " + strings.Join(caps, " "))
		} else {
			line("want " + id.String())
		}
	}
	if shallow {
		line("deepen 1")
	}
	b.WriteString("0000")
	line("done")
	return b
}

// webTalk is git's smart HTTP (gitprotocol-http).
type webTalk struct {
	client *http.Client
	base   *url.URL
	login  func(*http.Request) error
	meter  *meter
	body   io.Closer
}

const uploadPack = "git-upload-pack"

func (t *webTalk) advertised(ctx context.Context) (io.Reader, error) {
	u := t.base.JoinPath("info/refs")
	u.RawQuery = "service=" + uploadPack
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("the address does not make a request")
	}
	res, err := t.do(req, checkRedirect)
	if err != nil {
		return nil, err
	}
	if got := res.Header.Get("Content-Type"); got != "application/x-"+uploadPack+"-advertisement" {
		return nil, hinted("check the URL of the repository; a login or a web page may have answered, or a server without smart HTTP",
			fmt.Errorf("what answers at %s is no Git server: its content type is %q", shownURL(u), oneLine(got)))
	}
	// As git does by default (http.followRedirects=initial), the place that answered is asked from here on.
	at := *res.Request.URL
	base, ok := strings.CutSuffix(at.Path, "/info/refs")
	if !ok {
		return nil, fmt.Errorf("redirected to %s, which is no Git repository", shownURL(&at))
	}
	at.Path, at.RawPath, at.RawQuery = base, "", ""
	t.base = &at
	return metered{res.Body, t.meter}, nil
}

func (t *webTalk) ask(ctx context.Context, request *bytes.Buffer) (io.Reader, error) {
	if err := t.Close(); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base.JoinPath(uploadPack).String(), request)
	if err != nil {
		return nil, errors.New("the address does not make a request")
	}
	req.Header.Set("Content-Type", "application/x-"+uploadPack+"-request")
	req.Header.Set("Accept", "application/x-"+uploadPack+"-result")
	res, err := t.do(req, func(next *http.Request, _ []*http.Request) error {
		return &redirectError{"redirected in the middle to " + shownURL(next.URL)}
	})
	if err != nil {
		return nil, err
	}
	return metered{res.Body, t.meter}, nil
}

func (t *webTalk) do(req *http.Request, redirect func(*http.Request, []*http.Request) error) (*http.Response, error) {
	if err := t.login(req); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "git/2 (sluice)") // servers tell git from browsers by the first word
	c := *t.client
	c.CheckRedirect = redirect
	res, err := c.Do(req)
	if err != nil {
		return nil, broken(err)
	}
	t.body = res.Body
	switch code := res.StatusCode; code {
	case http.StatusOK:
		return res, nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, hinted("the server asks for credentials, or refuses the ones given", statusError(code))
	case http.StatusNotFound, http.StatusGone:
		return nil, hinted("check the URL of the repository; servers answer so for private ones too, where credentials are missing", statusError(code))
	}
	return nil, refused(res, noHint)
}

func statusError(code int) error {
	return fmt.Errorf("the server answers %d %s", code, http.StatusText(code))
}

// Close lets the connection go.
func (t *webTalk) Close() error {
	if t.body == nil {
		return nil
	}
	err := t.body.Close()
	t.body = nil
	return err
}
