package source

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	godigest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"

	"sluice/render"
)

// ociWeb is a registry on the loopback address that counts what is asked of it, by path without the first slash.
type ociWeb struct {
	*web
	mem *ocimem.Registry
}

// ociServer starts a registry over plain http. answer may take a request over, as with serve.
func ociServer(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, count int) bool) *ociWeb {
	t.Helper()
	mem := ocimem.NewWithConfig(&ocimem.Config{LaxChildReferences: true})
	protocol := ociserver.New(mem, nil)
	return &ociWeb{mem: mem, web: serve(t, nil, func(w http.ResponseWriter, r *http.Request, count int) bool {
		if answer == nil || !answer(w, r, count) {
			protocol.ServeHTTP(w, r)
		}
		return true
	})}
}

// ociTLS puts TLS in front of a registry and gives its repository path and a client that trusts it.
func ociTLS(t *testing.T, s *ociWeb, path string) (string, *http.Client) {
	t.Helper()
	front := httptest.NewTLSServer(s.Config.Handler)
	t.Cleanup(front.Close)
	return "oci" + strings.TrimPrefix(front.URL, "https") + path, front.Client()
}

// url gives the oci:// URL of a path of the registry.
func (s *ociWeb) url(path string) string { return "oci" + strings.TrimPrefix(s.URL, "http") + path }

func (s *ociWeb) blob(t *testing.T, repo, mediaType string, content []byte) ocispec.Descriptor {
	t.Helper()
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: godigest.FromBytes(content), Size: int64(len(content))}
	_, err := s.mem.PushBlob(t.Context(), repo, desc, strings.NewReader(string(content)))
	must(t, err)
	return desc
}

func (s *ociWeb) manifest(t *testing.T, repo, tag string, m ocispec.Manifest) string {
	t.Helper()
	m.Versioned, m.MediaType = specs.Versioned{SchemaVersion: 2}, ocispec.MediaTypeImageManifest
	content, err := json.Marshal(m)
	must(t, err)
	desc, err := s.mem.PushManifest(t.Context(), repo, tag, content, m.MediaType)
	must(t, err)
	return desc.Digest.String()
}

// push stores a chart as helm push does, with a provenance file where one is given, and gives the manifest's digest.
func (s *ociWeb) push(t *testing.T, repo string, packed []byte, provenance ...string) string {
	t.Helper()
	meta := metaOf(t, packed)
	return s.pushAs(t, repo, strings.ReplaceAll(meta.Version, "+", "_"), packed, provenance...)
}

func (s *ociWeb) pushAs(t *testing.T, repo, tag string, packed []byte, provenance ...string) string {
	t.Helper()
	meta := metaOf(t, packed)
	config, err := json.Marshal(map[string]string{"name": meta.Name, "version": meta.Version, "apiVersion": "v2"})
	must(t, err)
	m := ocispec.Manifest{
		Config:      s.blob(t, repo, "application/vnd.cncf.helm.config.v1+json", config),
		Layers:      []ocispec.Descriptor{s.blob(t, repo, "application/vnd.cncf.helm.chart.content.v1.tar+gzip", packed)},
		Annotations: map[string]string{"org.opencontainers.image.version": meta.Version},
	}
	for _, p := range provenance {
		m.Layers = append(m.Layers, s.blob(t, repo, "application/vnd.cncf.helm.chart.provenance.v1.prov", []byte(p)))
	}
	return s.manifest(t, repo, tag, m)
}

func metaOf(t *testing.T, packed []byte) chartMeta {
	t.Helper()
	files, err := unpack(packed)
	must(t, err)
	meta, err := parseChart(files, "")
	must(t, err)
	return meta
}

// ociOf is an upstream that never really waits and knows no credentials.
func ociOf(t *testing.T) ociRepo { return ociRepo{reader: reader(t.TempDir())} }

// overTLS asks over https, though the host is a loopback one.
func overTLS(t *testing.T, client *http.Client) ociRepo {
	o := ociOf(t)
	o.reader.Client = client
	o.plain = func(string) bool { return false }
	return o
}

func ociEntry(repo, chart, requested string) Entry {
	return Entry{Kind: render.KindHelm, Repo: repo, Chart: chart, Requested: requested}
}

// settle resolves and fetches, and holds the archive to the digest as the caller does.
func settle(t *testing.T, o ociRepo, asked Entry) (Entry, []byte) {
	t.Helper()
	e, err := o.resolve(t.Context(), asked)
	if err != nil {
		t.Fatalf("%v\n%v", err, hintsOf(err))
	}
	packed, err := o.fetch(t.Context(), e)
	if err != nil {
		t.Fatalf("%v\n%v", err, hintsOf(err))
	}
	if got := digest(packed); got != e.Digest {
		t.Fatalf("the archive has %s, the entry %s", got, e.Digest)
	}
	return e, packed
}

// says asks for an error that holds every one of want, hints included.
func says(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %q", want)
	}
	text := err.Error() + "\n" + strings.Join(hintsOf(err), "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the error lacks %q:\n%s", w, text)
		}
	}
	for _, secret := range []string{"hunter2", "robot", "token-of-robot", "identity-of-robot", "signature"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q in the error:\n%s", secret, text)
		}
	}
}

// login is a credential that is told whoever asks.
func login(cred auth.Credential) func(context.Context, *url.URL) (auth.Credential, error) {
	return func(context.Context, *url.URL) (auth.Credential, error) { return cred, nil }
}

// noted keeps what is waited for.
func noted(o ociRepo, waits *[]time.Duration, told *[]string) {
	o.reader.Wait = func(ctx context.Context, d time.Duration) error { *waits = append(*waits, d); return ctx.Err() }
	o.reader.Note = func(line string) { *told = append(*told, line) }
}
