package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
)

// ociChart is the repository of one chart in a registry.
type ociChart struct {
	*remote.Repository
	reader *Reader
	name   string // oci://host/path/chart
	chart  string
}

// ociManifest is the manifest of one chart version.
type ociManifest struct {
	ocispec.Manifest
	digest string             // "sha256:" and hex, of the manifest itself
	layer  ocispec.Descriptor // the archive
}

// at names a tag or digest of the repository.
func (c ociChart) at(ref string) string {
	if isDigest(ref) {
		return c.name + "@" + ref
	}
	return c.name + ":" + ref
}

// versions lists the tags that are versions.
func (c ociChart) versions(ctx context.Context) ([]string, error) {
	var all []string
	err := c.reader.retry(ctx, c.attempts("listing the tags of "+c.name), func(ctx context.Context) error {
		all = nil
		err := c.Tags(ctx, "", func(tags []string) error {
			for _, tag := range tags {
				v := strings.ReplaceAll(tag, "_", "+")
				if isExact(v) {
					all = append(all, v)
				}
			}
			return nil
		})
		return c.said(err)
	})
	if errors.Is(err, errNotThere) {
		return nil, hinted("check the name of the chart and the path of the registry; what is private may be answered so too",
			fmt.Errorf("registry %s has no chart %s: %w", c.Reference.Registry, c.Reference.Repository, err))
	}
	return all, err
}

// highest gives the highest version in a range.
func (c ociChart) highest(ctx context.Context, asked string) (string, error) {
	all, err := c.versions(ctx)
	if err != nil {
		return "", err
	}
	version, err := highest(asked, all)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.name, err)
	}
	return version, nil
}

// tagged reads the manifest of a version under the tag of that spelling, or else of the other one, with or without "v".
func (c ociChart) tagged(ctx context.Context, version string) (ociManifest, error) {
	tag := strings.ReplaceAll(version, "+", "_")
	other, cut := strings.CutPrefix(tag, "v")
	if !cut {
		other = "v" + tag
	}
	m, err := c.manifest(ctx, tag)
	if !errors.Is(err, errNotThere) {
		return m, err
	}
	missing := err
	if m, err = c.manifest(ctx, other); !errors.Is(err, errNotThere) {
		return m, err
	}
	all, err := c.versions(ctx)
	if err != nil { // it says more than the missing tag: no such repository, or no leave to look
		return ociManifest{}, err
	}
	near := around(version, all)
	if len(near) == 0 {
		return ociManifest{}, fmt.Errorf("%s has no version at all: %w", c.name, missing)
	}
	return ociManifest{}, hinted("write one of these versions",
		fmt.Errorf("%s has %s; asked %s: %w", c.name, strings.Join(near, ", "), version, missing))
}

// manifest reads the manifest under a tag or digest, which has to be that of a chart. The error is errNotThere where
// the registry has none.
func (c ociChart) manifest(ctx context.Context, ref string) (ociManifest, error) {
	var m ociManifest
	err := c.reader.retry(ctx, c.attempts("asking for "+c.at(ref)), func(ctx context.Context) error {
		desc, body, err := c.FetchReference(ctx, ref)
		if err != nil {
			return c.said(err)
		}
		defer body.Close()
		text, err := whole(body, desc, maxManifest)
		if err != nil {
			return err
		}
		m, err = parseManifest(desc, text)
		return err
	})
	return m, err
}

// parseManifest accepts the manifest of a chart: the config and exactly one archive. Helm takes the last of several
// archives, and pulls what an index leads to; here nothing is chosen silently.
func parseManifest(desc ocispec.Descriptor, text []byte) (ociManifest, error) {
	switch {
	case isHTML(text):
		return ociManifest{}, hinted("check the host of the registry; a login or a web page answered", errNotRegistry)
	case desc.MediaType == ocispec.MediaTypeImageIndex || desc.MediaType == dockerListType:
		return ociManifest{}, hinted("ask for the digest of the chart's own manifest, if the index holds one",
			fmt.Errorf("it is an index of several manifests (%s), not a helm chart", desc.MediaType))
	case desc.MediaType != ocispec.MediaTypeImageManifest && desc.MediaType != dockerImageType:
		return ociManifest{}, fmt.Errorf("it has the media type %s, not a helm chart's", desc.MediaType)
	}
	m := ociManifest{digest: desc.Digest.String()}
	if err := json.Unmarshal(text, &m.Manifest); err != nil {
		return ociManifest{}, fmt.Errorf("parsing the manifest: %w", err)
	}
	if m.Config.MediaType != chartConfigType {
		kind := m.Config.MediaType
		if m.ArtifactType != "" {
			kind = m.ArtifactType
		}
		return ociManifest{}, hinted("a helm chart has a config of "+chartConfigType, fmt.Errorf("it is not a helm chart, but %s", kind))
	}
	found := m.layers(chartLayerType, legacyLayerType)
	if len(found) != 1 {
		return ociManifest{}, fmt.Errorf("it has %d layers of %s, a chart has one", len(found), chartLayerType)
	}
	m.layer = found[0]
	if !isDigest(m.layer.Digest.String()) || !isDigest(m.digest) {
		return ociManifest{}, fmt.Errorf("it has the digest %s and its chart %s; only sha256 is known", m.digest, m.layer.Digest)
	}
	return m, nil
}

// layers lists the layers of some media types.
func (m ociManifest) layers(types ...string) []ocispec.Descriptor {
	var found []ocispec.Descriptor
	for _, l := range m.Layers {
		if slices.Contains(types, l.MediaType) {
			found = append(found, l)
		}
	}
	return found
}

// stated gives the version that a chart says it has, in its config (its Chart.yaml as JSON) or else in the annotation
// that helm writes from the same; other tools push an empty config. It has to be the wanted one, where that is given.
func (c ociChart) stated(ctx context.Context, m ociManifest, wanted string) (string, error) {
	text, err := c.blob(ctx, m.Config, maxManifest)
	if err != nil {
		return "", err
	}
	var config struct{ Name, Version string }
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("parsing the config of %s: %w", c.at(m.digest), err)
	}
	for _, v := range []string{m.Annotations[ocispec.AnnotationVersion], wanted} {
		if config.Version == "" {
			config.Version = v
		}
	}
	switch {
	case config.Name != "" && config.Name != c.chart:
		return "", fmt.Errorf("%s holds the chart %s", c.at(m.digest), config.Name)
	case !isExact(config.Version):
		return "", fmt.Errorf("%s does not state its version, neither in its config nor as annotation: %q", c.at(m.digest), config.Version)
	case wanted != "" && !sameVersion(config.Version, wanted):
		return "", fmt.Errorf("%s holds version %s; asked %s", c.at(m.digest), config.Version, wanted)
	}
	return config.Version, nil
}

// blob reads a blob whole and holds it to its digest.
func (c ociChart) blob(ctx context.Context, desc ocispec.Descriptor, limit int64) ([]byte, error) {
	var got []byte
	err := c.reader.retry(ctx, c.attempts(fmt.Sprintf("fetching the blob %s of %s", desc.Digest, c.name)), func(ctx context.Context) error {
		if desc.Size > limit { // before a byte is asked for
			return tooLong(desc, limit)
		}
		body, err := c.Blobs().Fetch(ctx, desc)
		if err != nil {
			return c.said(err)
		}
		defer body.Close()
		got, err = whole(body, desc, limit)
		return err
	})
	return got, err
}

// attempts are those of one request to the registry.
func (c ociChart) attempts(what string) attempts {
	return c.reader.attempts(what, c.Reference.Registry)
}
