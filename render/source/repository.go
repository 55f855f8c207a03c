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

// archive is a chart archive that was held to its digest, with what is in it.
type archive struct {
	packed []byte
	files  []render.File
	meta   chartMeta
	input  render.Input
}

// chart reads a chart of a repository. Both callers, the source of an app and the dependency of an umbrella chart, get
// the same bytes.
func (r *Reader) chart(ctx context.Context, asked Entry, keyring string) (archive, error) {
	if asked.Chart == "" {
		return archive{}, fmt.Errorf("the source names no chart")
	}
	asked.Kind, asked.Repo = render.KindHelm, strings.TrimSuffix(asked.Repo, "/") // two spellings are one entry
	s, err := r.settle(ctx, asked, keyring)
	if err != nil {
		return archive{}, err
	}
	// The digest is part of the key: an archive held under it was verified against it.
	key := fmt.Sprintf("%q", []string{s.Repo, s.Chart, s.Resolved, s.Digest})
	return r.archives.load(ctx, key, func() (archive, error) { return opened(s) })
}

// opened unpacks what was settled. Its name and version are compared with what was asked, so that an index cannot pass
// one chart off as another.
func opened(s settled) (archive, error) {
	files, err := unpack(s.content)
	if err != nil {
		return archive{}, fmt.Errorf("unpacking the archive: %w", err)
	}
	meta, err := parseChart(files, "")
	if err != nil {
		return archive{}, err
	}
	if meta.Name != path.Base(s.Chart) || !sameVersion(meta.Version, s.Resolved) {
		return archive{}, fmt.Errorf("the archive holds %s %s, not %s %s", meta.Name, meta.Version, s.Chart, s.Resolved)
	}
	name := strings.TrimSuffix(shown(s.Repo), "/") + "/" + s.Chart + "-" + s.Resolved + ".tgz"
	return archive{packed: s.content, files: files, meta: meta, input: render.Input{Name: name, Digest: s.Digest}}, complete(files, meta, "")
}

// repository is a chart repository: an index.yaml and archives, over HTTP or in a directory.
type repository struct {
	r  *Reader
	at place
}

// index reads the index once for all charts of the repository.
func (c repository) index(ctx context.Context) (index, error) {
	key := c.at.root + "\n" + c.at.sub
	if c.at.web != nil {
		key = c.at.web.String()
	}
	idx, err := c.r.indexes.load(ctx, key, func() (index, error) {
		content, err := c.read(ctx, indexFile, "index of "+c.at.shown)
		if err != nil {
			return index{}, err
		}
		return parseIndex(content)
	})
	if err != nil {
		return index{}, fmt.Errorf("reading the index: %w", err)
	}
	return idx, nil
}

// pick finds a chart at a version, or the highest that a range admits, in the index.
func (c repository) pick(ctx context.Context, chart, version string) (entry, error) {
	idx, err := c.index(ctx)
	if err != nil {
		return entry{}, err
	}
	return idx.pick(chart, version)
}

// versions is the method of upstream.
func (c repository) versions(ctx context.Context, asked Entry) ([]string, error) {
	idx, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	return idx.versions(asked.Chart)
}

// resolve is the method of upstream. From is the archive's address as the upstream itself would give it, also where the
// index is a mirror's.
func (c repository) resolve(ctx context.Context, asked Entry) (Entry, error) {
	e, err := c.pick(ctx, asked.Chart, asked.Requested)
	if err != nil {
		return Entry{}, err
	}
	if c.at.mirror && e.Digest == "" {
		return Entry{}, hinted("write the sha256 of the archive into the mirror's index.yaml",
			fmt.Errorf("the mirror's index has no digest for %s %s", asked.Chart, e.Version))
	}
	asked.Resolved, asked.From = e.Version, ""
	if want := strings.ToLower(strings.TrimPrefix(e.Digest, digestPrefix)); want != "" {
		asked.Digest = digestPrefix + want
	}
	if from, err := archiveAddress(asked.Repo, e.URLs[0]); err == nil {
		asked.From = from
	}
	return asked, nil
}

// archiveAddress gives the absolute address of an archive, or an error for one that does not belong into a lock: a query may
// be a signature, and userinfo is a secret.
func archiveAddress(repo, ref string) (string, error) {
	base, err := url.Parse(strings.TrimSuffix(repo, "/") + "/")
	if err != nil || base.RawQuery != "" {
		return "", errors.New("the repository has no plain URL")
	}
	target, err := base.Parse(ref)
	if err != nil || target.User != nil || target.RawQuery != "" || target.Fragment != "" {
		return "", errors.New("the address is not a plain one")
	}
	return target.String(), nil
}

// fetch is the method of upstream. The address of a lock saves the index; where nothing is there any more, the index
// tells where it is now.
func (c repository) fetch(ctx context.Context, resolved Entry) ([]byte, error) {
	name := "chart " + resolved.Chart + " " + resolved.Resolved + " of " + c.at.shown
	var gone error
	if resolved.From != "" && c.at.web != nil && !c.at.mirror {
		content, err := c.read(ctx, resolved.From, name)
		if !errors.Is(err, errNotFound) {
			return content, err
		}
		gone = err
	}
	e, err := c.pick(ctx, resolved.Chart, resolved.Resolved)
	if err != nil {
		return nil, err
	}
	if now, err := archiveAddress(resolved.Repo, e.URLs[0]); gone != nil && err == nil && now == resolved.From {
		return nil, fmt.Errorf("reading the archive: %w", gone)
	}
	content, err := c.read(ctx, e.URLs[0], name)
	if err != nil {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	return content, nil
}

// read reads a file of a repository: index.yaml, or what the url of an index entry names.
func (c repository) read(ctx context.Context, ref, name string) ([]byte, error) {
	limit := int64(maxArchive)
	if ref == indexFile {
		limit = maxIndex
	}
	target, err := url.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("the index gives an address that is not a URL")
	}
	if c.at.web == nil {
		return c.at.readFolder(target, limit)
	}
	if c.at.mirror && target.IsAbs() { // an index mirrored as it is: the archive lies beside it
		target = &url.URL{Path: path.Base(target.Path)}
	}
	base := c.at.web.JoinPath("/")
	relative := !target.IsAbs()
	if to, ok := c.r.rewrite(target.String()); ok && !relative { // the archives of a forge's releases, say
		return c.readMoved(ctx, to, download{name: name, limit: limit})
	}
	target = base.ResolveReference(target)
	if relative && target.RawQuery == "" {
		target.RawQuery = base.RawQuery // as helm does (pkg/repo, ResolveReferenceURL)
	}
	return c.r.get(ctx, download{name: name, url: target, limit: limit, base: base, loose: ref == indexFile})
}

// readMoved reads an archive from where the stack's mirrors have it.
func (c repository) readMoved(ctx context.Context, to string, d download) ([]byte, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, errors.New("what the stack's mirrors make of the archive's address is not a URL")
	}
	if u.Scheme != "file" {
		d.url = u
		return c.r.get(ctx, d)
	}
	dir := *u
	dir.Path = path.Dir(u.Path)
	at, err := c.r.folder(place{shown: shown(to)}, &dir)
	if err != nil {
		return nil, err
	}
	return at.readFolder(&url.URL{Path: path.Base(u.Path)}, d.limit)
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
	if stat, err := os.Stat(at.root); err == nil && !stat.IsDir() { // to open a pipe would wait for a writer
		return nil, at.missing(fmt.Errorf("opening %s: it is not a directory", at.root))
	}
	root, err := os.OpenRoot(at.root)
	if err != nil {
		return nil, at.missing(fmt.Errorf("opening %s: %w", at.root, err))
	}
	defer root.Close()
	content, err := readFile(rooted{FS: root.FS()}, path.Join(at.sub, name), limit)
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
