package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// The media types of a chart in a registry (helm, pkg/registry/constants.go). The legacy type of the chart is what
// early releases of helm 3 pushed, and helm still pulls it.
const (
	chartConfigType = "application/vnd.cncf.helm.config.v1+json"
	chartLayerType  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	legacyLayerType = "application/tar+gzip"
	provenanceType  = "application/vnd.cncf.helm.chart.provenance.v1.prov"
	dockerImageType = "application/vnd.docker.distribution.manifest.v2+json"
	dockerListType  = "application/vnd.docker.distribution.manifest.list.v2+json"
	maxManifest     = 4 << 20 // bytes; what the OCI distribution specification asks registries to accept
	maxTagPages     = 1000    // of one list of tags; more is an error, never a shorter list
	maxProvenance   = 1 << 20 // bytes
)

// ociRepo is the upstream of charts in OCI registries. A chart is a repository of its own, as helm push makes it: chart
// foo of oci://registry.example.com/charts is the repository charts/foo, and its versions are the tags, with "_" for
// "+", which a tag cannot hold.
type ociRepo struct {
	reader *Reader // its client, attempts and pauses, Note, Offline
	// login gives what the registry of a repository (oci://host/path) may be told once it asks, or the empty
	// credential. Nil is always empty. See registryLogin.
	login func(ctx context.Context, repo *url.URL) (auth.Credential, error)
	// plain says whether a registry (host, with its port) is asked over http. Nil says so of a loopback host only.
	plain func(host string) bool
}

// oci gives the upstream of charts in registries.
func (r *Reader) oci() upstream {
	if r.Access == nil {
		return ociRepo{reader: r}
	}
	return ociRepo{reader: r, login: registryLogin(registryNames{r.Access}, r.Access.HelmRegistry, r.Access.DockerConfig)}
}

// chart opens the repository of a chart; nothing is asked of the registry yet. Tokens are kept for this one use: they
// are for one repository anyway, and two repositories of a registry may have two logins.
func (o ociRepo) chart(asked Entry) (ociChart, error) {
	at, err := ociReference(asked)
	if err != nil {
		return ociChart{}, err
	}
	name := "oci://" + at.String()
	if err := o.reader.online(name); err != nil {
		return ociChart{}, err
	}
	client := *o.reader.client()
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = attentive{base: client.Transport, host: at.Host(), realms: &realms{}}
	plain := o.plain
	if plain == nil {
		plain = loopback
	}
	repo := &url.URL{Scheme: "oci", Host: at.Registry, Path: "/" + at.Repository}
	return ociChart{
		Repository: &remote.Repository{
			Reference:        at,
			PlainHTTP:        plain(at.Host()),
			TagListMaxPages:  maxTagPages,
			MaxMetadataBytes: maxManifest,
			Client: &auth.Client{
				Client: &client,
				// A server that labels a .tgz with a content encoding would have it unpacked on the way.
				Header:   http.Header{"User-Agent": {"sluice"}, "Accept-Encoding": {"identity"}},
				ClientID: "sluice",
				Cache:    auth.NewCache(),
				Credential: func(ctx context.Context, _ string) (auth.Credential, error) {
					if o.login == nil {
						return auth.EmptyCredential, nil
					}
					return o.login(ctx, repo)
				},
			},
		},
		reader: o.reader, name: name, chart: asked.Chart,
	}, nil
}

// ociReference reads where a chart is, and refuses what a registry has no place for.
func ociReference(asked Entry) (registry.Reference, error) {
	u, err := url.Parse(asked.Repo)
	switch {
	case err != nil: // the cause would repeat the URL
		return registry.Reference{}, fmt.Errorf("the repository of chart %s is not a URL", asked.Chart)
	case u.Scheme != "oci" || u.Host == "":
		return registry.Reference{}, fmt.Errorf("%s is not the address of an OCI registry", shownURL(u))
	case asked.Chart == "":
		return registry.Reference{}, fmt.Errorf("the source names no chart of %s", shownURL(u))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return registry.Reference{}, hinted("log in with docker login, or name the credentials in the stack",
			fmt.Errorf("%s has credentials, a query or a fragment in its URL, which OCI registries do not know", shownURL(u)))
	}
	at := registry.Reference{
		Registry:   strings.ToLower(u.Host),
		Repository: strings.TrimPrefix(strings.Trim(u.Path, "/")+"/"+asked.Chart, "/"),
	}
	if at.Validate() != nil {
		return registry.Reference{}, hinted("write oci://host/path in lower case, and the chart and its version apart from it",
			fmt.Errorf("chart %s of %s is not a repository of an OCI registry", asked.Chart, shownURL(u)))
	}
	return at, nil
}

// loopback is the host, with or without a port, that docker and oras ask over plain http unasked.
func loopback(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}

// versions lists the tags that are versions; a chart's repository may hold signatures and the like beside them.
func (o ociRepo) versions(ctx context.Context, asked Entry) ([]string, error) {
	c, err := o.chart(asked)
	if err != nil {
		return nil, err
	}
	return c.versions(ctx)
}

// resolve takes a version, a range, of which it takes the highest version, or the digest of a manifest. A chart whose
// config names another version than its tag is refused.
func (o ociRepo) resolve(ctx context.Context, asked Entry) (Entry, error) {
	c, err := o.chart(asked)
	if err != nil {
		return Entry{}, err
	}
	var m ociManifest
	version := "" // what the manifest has to hold
	switch {
	case isDigest(asked.Requested):
		m, err = c.manifest(ctx, asked.Requested)
	case isExact(asked.Requested):
		version = asked.Requested
		m, err = c.tagged(ctx, version)
	default:
		if version, err = c.highest(ctx, asked.Requested); err == nil {
			m, err = c.tagged(ctx, version)
		}
	}
	if err != nil {
		return Entry{}, err
	}
	if asked.Resolved, err = c.stated(ctx, m, version); err != nil {
		return Entry{}, err
	}
	asked.Digest, asked.From = m.layer.Digest.String(), c.at(m.digest)
	return asked, nil
}

// fetch gives the archive of a resolved chart.
func (o ociRepo) fetch(ctx context.Context, resolved Entry) (packed []byte, err error) {
	end := o.reader.begin(resolved.String())
	defer func() { end(int64(len(packed)), err) }()
	c, m, err := o.manifestOf(ctx, resolved)
	if err != nil {
		return nil, err
	}
	return c.blob(ctx, m.layer, maxArchive)
}

// errUnsigned is a chart without provenance.
var errUnsigned = errors.New("the chart has no provenance file")

// provenance gives the provenance file (.prov) of a resolved chart, or errUnsigned.
func (o ociRepo) provenance(ctx context.Context, resolved Entry) ([]byte, error) {
	c, m, err := o.manifestOf(ctx, resolved)
	if err != nil {
		return nil, err
	}
	switch found := m.layers(provenanceType); len(found) {
	case 0:
		return nil, fmt.Errorf("%s: %w", c.at(m.digest), errUnsigned)
	case 1:
		return c.blob(ctx, found[0], maxProvenance)
	default:
		return nil, fmt.Errorf("%s has %d provenance files", c.at(m.digest), len(found))
	}
}

// manifestOf reads the manifest that an entry was resolved to. From decides where it is an address in this very
// repository. A mirror has other manifests, and a chart that is pushed again loses its old one; there the tag
// leads to the chart. The digest of the archive decides in any case.
func (o ociRepo) manifestOf(ctx context.Context, resolved Entry) (ociChart, ociManifest, error) {
	c, err := o.chart(resolved)
	if err != nil {
		return ociChart{}, ociManifest{}, err
	}
	var m ociManifest
	ref, ours := strings.CutPrefix(resolved.From, c.name+"@")
	if ours && isDigest(ref) {
		m, err = c.manifest(ctx, ref)
	}
	if !ours || errors.Is(err, errNotThere) && resolved.Digest != "" {
		m, err = c.tagged(ctx, resolved.Resolved)
	}
	if err != nil {
		return ociChart{}, ociManifest{}, err
	}
	if got := m.layer.Digest.String(); resolved.Digest != "" && got != resolved.Digest {
		return ociChart{}, ociManifest{}, hinted("the chart was replaced in the registry; do not use it before you know why",
			fmt.Errorf("%s has a chart with the digest %s; wanted %s", c.at(m.digest), got, resolved.Digest))
	}
	return c, m, nil
}
