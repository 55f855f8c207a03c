package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sluice/render"
)

const indexFile = "index.yaml"

// wanted is one chart of one repository at one version.
type wanted struct{ repo, name, version string }

// archive is a chart archive that was held to its digest, with what is in it.
type archive struct {
	packed []byte
	files  []render.File
	meta   chartMeta
	input  render.Input
}

// place is where a chart repository is read: over HTTP, or as a directory of an opened root.
type place struct {
	shown  string   // the repository's URL without credentials
	web    *url.URL // nil for a directory
	root   string   // directory on disk that nothing leaves
	sub    string   // the repository's directory in root
	mirror bool
}

// chart reads a chart of a repository. Both callers, the source of an app and the dependency of an umbrella chart, get
// the same bytes.
func (r *Reader) chart(ctx context.Context, w wanted) (archive, error) {
	if err := exactVersion(w); err != nil {
		return archive{}, err
	}
	at, err := r.locate(w)
	if err != nil {
		return archive{}, err
	}
	idx, err := r.indexes.load(ctx, w.repo, func() (index, error) {
		content, err := r.read(ctx, at, indexFile)
		if err != nil {
			return index{}, err
		}
		return parseIndex(content)
	})
	if err != nil {
		return archive{}, fmt.Errorf("reading the index: %w", err)
	}
	entry, err := idx.pick(w)
	if err != nil {
		return archive{}, err
	}
	if at.mirror && entry.Digest == "" {
		return archive{}, hinted("write the sha256 of the archive into the mirror's index.yaml",
			fmt.Errorf("the mirror's index has no digest for %s %s", w.name, entry.Version))
	}
	// The digest is part of the key: an archive held under it was verified against it.
	key := strings.Join([]string{w.repo, w.name, entry.Version, entry.Digest}, "\n")
	return r.archives.load(ctx, key, func() (archive, error) { return r.archive(ctx, at, entry) })
}

// archive reads, verifies and unpacks what an index entry stands for. The digest is compared before a byte is unpacked,
// and the name and version inside are compared after, so that an index cannot pass one chart off as another. An
// upstream index may lack the digest, which is optional in the format; the computed one is recorded all the same.
func (r *Reader) archive(ctx context.Context, at place, e entry) (archive, error) {
	packed, err := r.read(ctx, at, e.URLs[0])
	if err != nil {
		return archive{}, fmt.Errorf("reading the archive: %w", err)
	}
	got := digest(packed)
	if want := strings.ToLower(strings.TrimPrefix(e.Digest, "sha256:")); want != "" && got != "sha256:"+want {
		return archive{}, hinted("the archive is not the one that the index was written for; do not use it before you know why",
			fmt.Errorf("the archive has the digest %s, the index says sha256:%s", got, want))
	}
	files, err := unpack(packed)
	if err != nil {
		return archive{}, fmt.Errorf("unpacking the archive: %w", err)
	}
	meta, err := parseChart(files, "")
	if err != nil {
		return archive{}, err
	}
	if meta.Name != e.Name || meta.Version != e.Version {
		return archive{}, fmt.Errorf("the archive holds %s %s, the index says %s %s", meta.Name, meta.Version, e.Name, e.Version)
	}
	if err := complete(files, meta); err != nil {
		return archive{}, err
	}
	name := strings.TrimSuffix(at.shown, "/") + "/" + e.Name + "-" + e.Version + ".tgz"
	return archive{packed: packed, files: files, meta: meta, input: render.Input{Name: name, Digest: got}}, nil
}

// locate says where the repository of w is read:
//
//	https://, http://   the web, or the mirror's folder <host>[_<port>]/<path> when there is a mirror
//	oci://              the mirror's folder; without a mirror an error
//	file:///dir         that directory, whatever the mirror
//	file://dir          a directory of the stack
func (r *Reader) locate(w wanted) (place, error) {
	u, err := url.Parse(w.repo)
	if err != nil {
		// The cause would repeat the URL, credentials and all.
		return place{}, fmt.Errorf("the repository of chart %s is not a URL", w.name)
	}
	at := place{shown: shown(w.repo), web: u}
	switch {
	case u.Scheme == "file":
		return r.locateFolder(at, u)
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "oci":
		return place{}, hinted("write a URL that begins with https://, http://, oci:// or file://",
			fmt.Errorf("chart repository %q has no known scheme", at.shown))
	case u.Hostname() == "":
		return place{}, fmt.Errorf("chart repository %s has no host", at.shown)
	// The mirror stands for every remote repository, OCI ones included, and there is no way around it to the network.
	case r.Mirror != "":
		host := strings.ToLower(strings.ReplaceAll(u.Host, ":", "_"))
		at.web, at.root, at.mirror = nil, r.Mirror, true
		at.sub = path.Join(host, strings.TrimPrefix(path.Clean("/"+u.Path), "/"))
		return at, nil
	case u.Scheme == "oci":
		return place{}, hinted("use --mirror with a directory that holds "+path.Join(u.Host, u.Path),
			fmt.Errorf("OCI registry %s: not supported yet", at.shown))
	}
	return at, nil
}

// locateFolder reads file:///dir as that directory, and file://dir or file://./dir as one of the stack.
func (r *Reader) locateFolder(at place, u *url.URL) (place, error) {
	at.web = nil
	if u.Host == "" || u.Host == "localhost" {
		at.root, at.sub = filepath.FromSlash(path.Clean("/"+u.Path)), "."
		return at, nil
	}
	sub, err := cleanPath(path.Join(u.Host, u.Path))
	at.root, at.sub = r.Dir, sub
	return at, err
}

// read reads a file of a repository: index.yaml, or what the url of an index entry names.
func (r *Reader) read(ctx context.Context, at place, ref string) ([]byte, error) {
	limit := int64(maxArchive)
	if ref == indexFile {
		limit = maxIndex
	}
	target, err := url.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("the index gives an address that is not a URL")
	}
	if at.web == nil {
		return at.readFolder(target, limit)
	}
	base := at.web.JoinPath("/")
	relative := !target.IsAbs()
	target = base.ResolveReference(target)
	if target.User == nil && target.Scheme == base.Scheme && target.Host == base.Host {
		target.User = base.User // a private repository needs them for its own archives; another host never sees them
	}
	if relative && target.RawQuery == "" {
		target.RawQuery = base.RawQuery // as helm does (pkg/repo, ResolveReferenceURL)
	}
	return r.get(ctx, target, limit)
}

// readFolder reads from a directory. An absolute URL in an index that was mirrored as it is stands for the file of
// that name beside it.
func (at place) readFolder(target *url.URL, limit int64) ([]byte, error) {
	name := target.Path
	if target.IsAbs() {
		name = path.Base(target.Path)
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fmt.Errorf("the index names %q, which is outside the repository", name)
	}
	root, err := os.OpenRoot(at.root)
	if err != nil {
		return nil, at.missing(fmt.Errorf("opening %s: %w", at.root, err))
	}
	defer root.Close()
	content, err := readFile(root, path.Join(at.sub, name), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, at.missing(err)
	}
	return content, err
}

// missing adds what the reader of a directory or mirror has to put where.
func (at place) missing(err error) error {
	if !at.mirror {
		return hinted("a chart repository in a directory has an index.yaml and the archives beside it", err)
	}
	return hinted("mirror "+at.shown+" as the folder "+at.sub+" of the mirror: its index.yaml and the archives beside it",
		fmt.Errorf("the mirror lacks it: %w", err))
}

// shown gives a URL as messages and provenance may print it: without credentials, query and fragment. A URL that does
// not parse is not shown at all.
func shown(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "a repository"
	}
	return shownURL(u)
}

// shownURL is shown for a parsed URL.
func shownURL(u *url.URL) string {
	c := *u
	c.User, c.RawQuery, c.ForceQuery, c.Fragment = nil, "", false, ""
	return c.String()
}
