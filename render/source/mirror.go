package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path"
	"strings"

	"sluice/render"
)

// mirrorFile is a file of a mirror that stands for a Git repository at a commit, or for a file at a URL.
type mirrorFile struct {
	r    *Reader
	at   place
	name string // of the file, in the place
}

func (m mirrorFile) versions(context.Context, Entry) ([]string, error) { return nil, nil }

// resolve takes what needs no asking: a mirror has commits, and no branches that move.
func (m mirrorFile) resolve(_ context.Context, asked Entry) (Entry, error) {
	if asked.floats() {
		return Entry{}, hinted("lock it from upstream, or ask for a commit",
			fmt.Errorf("the mirror has commits and not what %q means", asked.Requested))
	}
	asked.Resolved = asked.Requested
	return asked, nil
}

func (m mirrorFile) fetch(ctx context.Context, e Entry) ([]byte, error) {
	name, limit := m.name, int64(maxDocument)
	if e.Kind == render.KindGit {
		name, limit = e.treeName(), maxGitPacked
	}
	if m.at.web != nil {
		return m.r.get(ctx, download{name: e.String(), url: m.at.web.JoinPath(name), limit: limit, loose: e.Digest == ""})
	}
	root, err := os.OpenRoot(m.at.root)
	if err != nil {
		return nil, fmt.Errorf("opening the mirror: %w", err)
	}
	defer root.Close()
	content, err := readFile(rooted{FS: root.FS()}, path.Join(m.at.sub, name), limit)
	if err != nil {
		return nil, hinted("make the mirror anew with sluice vendor", fmt.Errorf("the mirror lacks it: %w", err))
	}
	return content, nil
}

// treeName is the file of a Git entry in a mirror. A commit with its submodules is another tree than without.
func (e Entry) treeName() string {
	if e.Submodules {
		return e.Resolved + "+submodules.tgz"
	}
	return e.Resolved + ".tgz"
}

// mirrored gives the place of an entry in the mirror of the command line, or false for one that is not remote.
func (r *Reader) mirrored(e Entry) (upstream, bool, error) {
	sub, name, ok, err := mirrorPath(e)
	if err != nil || !ok {
		return nil, ok, err
	}
	at := place{shown: shown(e.Repo), root: r.Mirror, sub: sub, mirror: true}
	if u, err := url.Parse(r.Mirror); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		at.web, at.root = u.JoinPath(sub), ""
		if err := r.online(r.Mirror); err != nil {
			return nil, true, err
		}
	}
	if e.Kind == render.KindHelm {
		return repository{r: r, at: at}, true, nil
	}
	return mirrorFile{r: r, at: at, name: name}, true, nil
}

// mirrorPath gives the folder of an entry in a mirror: <host>[_<port>]/<path> of the repository, and for a file at a
// URL the folder and its name. A query is part of what is asked, and no file name.
func mirrorPath(e Entry) (dir, name string, ok bool, err error) {
	u, err := url.Parse(e.Repo)
	if err != nil || u.Scheme == "" {
		host, at, scp := strings.Cut(e.Repo, ":")
		if !scp || e.Kind != render.KindGit {
			return "", "", false, fmt.Errorf("the address of %s is not a URL", e)
		}
		u = &url.URL{Scheme: "ssh", Host: host[strings.LastIndexByte(host, '@')+1:], Path: at}
	}
	if u.Scheme == "file" {
		return "", "", false, nil
	}
	if u.Hostname() == "" {
		return "", "", false, fmt.Errorf("%s has no host", shown(e.Repo))
	}
	host := strings.ToLower(strings.ReplaceAll(u.Host, ":", "_"))
	dir = path.Join(host, strings.TrimPrefix(path.Clean("/"+u.Path), "/"))
	switch e.Kind {
	case render.KindGit:
		dir = strings.TrimSuffix(dir, ".git") + ".git"
	case render.KindFile:
		dir, name = path.Dir(dir), path.Base(dir)
		if u.RawQuery != "" {
			sum := sha256.Sum256([]byte(u.RawQuery))
			name += "@" + hex.EncodeToString(sum[:6])
		}
	}
	return dir, name, true, nil
}

// moved is the place that the stack's mirrors name instead of an upstream. What it gives is written down under the
// upstream's own address, so that the lock is the same with and without the mirror.
type moved struct {
	r        *Reader
	at       upstream
	from, to string
}

func (m moved) there(e Entry) Entry {
	e.Repo, e.From = m.to, ""
	return e
}

func (m moved) versions(ctx context.Context, asked Entry) ([]string, error) {
	return m.at.versions(ctx, m.there(asked))
}

func (m moved) resolve(ctx context.Context, asked Entry) (Entry, error) {
	e, err := m.at.resolve(ctx, m.there(asked))
	if err != nil {
		return Entry{}, err
	}
	// An index that was mirrored as it is may name an upstream's address, which the stack's mirrors know; any other is the
	// mirror's own affair and stays out of the lock.
	if rest, inside := strings.CutPrefix(e.From, m.to); inside {
		e.From = m.from + rest
	} else if _, known := m.r.rewrite(e.From); !known {
		e.From = ""
	}
	e.Repo = asked.Repo
	return e, nil
}

func (m moved) fetch(ctx context.Context, resolved Entry) ([]byte, error) {
	return m.at.fetch(ctx, m.there(resolved))
}

// rewrite replaces the beginning of an address that the stack has a mirror for; the longest beginning decides.
func (r *Reader) rewrite(address string) (string, bool) {
	best, to := "", ""
	for from, mirror := range r.Mirrors {
		from = strings.TrimSuffix(from, "/")
		if (address == from || strings.HasPrefix(address, from+"/")) && len(from) > len(best) {
			best, to = from, mirror
		}
	}
	if best == "" {
		return address, false
	}
	return strings.TrimSuffix(to, "/") + strings.TrimPrefix(address, best), true
}
