package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing"
)

const (
	maxGitReceived   = 512 << 20 // bytes from the network for one source, its submodules included
	maxSubmodules    = 100
	submoduleNesting = 5
)

// gitRepo is the upstream of Git repositories. A source is the tree of one commit: no work tree is made, so no hook,
// filter or smudge command runs, line ends stay as committed, and a file kept in Git LFS is its pointer, a text of three
// lines that begins with "version https://git-lfs".
type gitRepo struct {
	client *http.Client
	auth   identities // nil for none
	ssh    gitSSH
	limit  int64 // bytes received for one source; zero means maxGitReceived
}

// git gives the upstream of repositories.
func (r *Reader) git() upstream {
	g := gitRepo{client: r.client()}
	if r.Access != nil {
		g.auth = r.Access
		g.ssh = gitSSH{agent: r.Access.SSHAgent, keys: r.Access.SSHKeys, knownHosts: r.Access.KnownHosts}
	}
	return patient{r: r, at: g}
}

// gitTimeout is the time of one conversation with a Git server: a repository is larger than an archive.
const gitTimeout = 5 * time.Minute

// patient asks a Git server again where the failure may pass, as get does for requests.
type patient struct {
	r  *Reader
	at gitRepo
}

func (p patient) versions(ctx context.Context, asked Entry) (all []string, err error) {
	err = p.ask(ctx, asked, func(ctx context.Context) error {
		all, err = p.at.versions(ctx, asked)
		return err
	})
	return all, err
}

func (p patient) resolve(ctx context.Context, asked Entry) (e Entry, err error) {
	err = p.ask(ctx, asked, func(ctx context.Context) error {
		e, err = p.at.resolve(ctx, asked)
		return err
	})
	return e, err
}

func (p patient) fetch(ctx context.Context, resolved Entry) (packed []byte, err error) {
	if !strings.HasPrefix(resolved.Repo, "file:") {
		end := p.r.begin(resolved.String())
		defer func() { end(int64(len(packed)), err) }()
	}
	err = p.ask(ctx, resolved, func(ctx context.Context) error {
		packed, err = p.at.fetch(ctx, resolved)
		return err
	})
	return packed, err
}

// ask makes the attempts.
func (p patient) ask(ctx context.Context, e Entry, try func(context.Context) error) error {
	host := shownGit(e.Repo)
	if at, err := parseGitAddress(e.Repo); err == nil && at.host != "" {
		host = at.host
	}
	return p.r.retry(ctx, attempts{"asking " + host, host, cmp.Or(p.r.Timeout, gitTimeout)}, try)
}

// versions lists the tags.
func (g gitRepo) versions(ctx context.Context, asked Entry) ([]string, error) {
	at, err := parseGitAddress(asked.Repo)
	if err != nil {
		return nil, err
	}
	refs, err := g.refs(ctx, at)
	if err != nil {
		return nil, ended(ctx, fmt.Errorf("reading the tags of %s: %w", at, err))
	}
	return refs.short("refs/tags/"), nil
}

// resolve gives the commit of a revision: a commit of 40 digits is itself, for which nothing is asked of the network;
// an empty revision is HEAD; a tag goes before a branch of its name, see gitRefs.find.
func (g gitRepo) resolve(ctx context.Context, asked Entry) (Entry, error) {
	at, err := parseGitAddress(asked.Repo)
	if err != nil {
		return Entry{}, err
	}
	revision := cmp.Or(asked.Requested, "HEAD")
	switch {
	case commitID.MatchString(revision):
		asked.Resolved = strings.ToLower(revision)
		return asked, nil
	case sha256ID.MatchString(revision):
		return Entry{}, fmt.Errorf("resolving %s of %s: %w", revision, at, errSHA256)
	}
	refs, err := g.refs(ctx, at)
	if err != nil {
		return Entry{}, ended(ctx, fmt.Errorf("reading the refs of %s: %w", at, err))
	}
	commit, err := refs.resolve(revision)
	if err != nil {
		return Entry{}, fmt.Errorf("resolving %s of %s: %w", revision, at, err)
	}
	asked.Resolved = commit.String()
	return asked, nil
}

// fetch gives the tree of exactly the resolved commit, as packTree packs it. The commit is asked for alone where the
// server allows that; else the requested revision, if that is still the commit; else all branches and tags.
func (g gitRepo) fetch(ctx context.Context, resolved Entry) ([]byte, error) {
	at, err := parseGitAddress(resolved.Repo)
	if err != nil {
		return nil, err
	}
	if !commitID.MatchString(resolved.Resolved) {
		return nil, fmt.Errorf("fetching %s: %q is not a commit", at, resolved.Resolved)
	}
	limit := cmp.Or(g.limit, maxGitReceived)
	f := &gitFetch{ctx: ctx, repo: g, from: at, submodules: resolved.Submodules, meter: &meter{limit: limit}}
	defer f.Close()
	root, err := f.tree(gitWant{at: at, commit: plumbing.NewHash(resolved.Resolved), revision: cmp.Or(resolved.Requested, "HEAD")})
	if err != nil {
		return nil, ended(ctx, fmt.Errorf("fetching commit %s of %s: %w", resolved.Resolved, at, err))
	}
	packed, err := packTree(ctx, root)
	if err != nil {
		return nil, ended(ctx, fmt.Errorf("packing commit %s of %s: %w", resolved.Resolved, at, err))
	}
	return packed, nil
}

// ended puts the reason before the symptom: what a closed connection says when the context ended is of no use.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// refs lists what a repository has.
func (g gitRepo) refs(ctx context.Context, at gitAddress) (gitRefs, error) {
	if at.scheme == "file" {
		d, err := openDisk(at)
		if err != nil {
			return gitRefs{}, err
		}
		refs, err := d.refs()
		return refs, errors.Join(err, d.Close())
	}
	limit := cmp.Or(g.limit, maxGitReceived)
	t, err := g.dial(ctx, at, true, &meter{limit: limit})
	if err != nil {
		return gitRefs{}, err
	}
	defer t.Close()
	refs, err := refsOf(ctx, t)
	return refs.gitRefs, err
}

// dial begins a conversation. own is whether the credentials are meant for this host.
func (g gitRepo) dial(ctx context.Context, at gitAddress, own bool, m *meter) (gitTalk, error) {
	if at.scheme == "ssh" {
		return g.dialSSH(ctx, at, own, m)
	}
	login := func(*http.Request) error { return nil }
	if own && g.auth != nil {
		login = g.login
	}
	return &webTalk{client: g.client, base: at.url(), login: login, meter: m}, nil
}

// login adds the credentials for a request's URL.
func (g gitRepo) login(req *http.Request) error {
	l, err := g.auth.login(req.URL)
	if err != nil {
		return err
	}
	l.authorize(req, req.URL)
	return nil
}

// gitFetch is the fetching of one source: a commit and, where asked for, the submodules in it.
type gitFetch struct {
	ctx        context.Context
	repo       gitRepo
	from       gitAddress // of the source itself, whose host alone sees credentials
	submodules bool
	meter      *meter
	fetched    int // submodules
	entries    int // of all trees
	open       []func() error
}

// gitWant is one commit of one repository.
type gitWant struct {
	at       gitAddress
	commit   plumbing.Hash
	revision string // which may still be the commit
	path     string // of the submodule, "" for the source itself
	nesting  int
}

// objects gives a repository's objects with at least the wanted commit.
func (f *gitFetch) objects(w gitWant) (gitObjects, error) {
	if w.at.scheme == "file" {
		d, err := openDisk(w.at)
		if err != nil {
			return gitObjects{}, err
		}
		f.open = append(f.open, d.Close)
		return d.objects, nil
	}
	pack, err := f.receive(w)
	if err != nil {
		return gitObjects{}, err
	}
	return openPack(f.ctx, pack)
}

// receive asks a server for a pack that holds the commit: alone first, then everything.
func (f *gitFetch) receive(w gitWant) (billy.File, error) {
	pack, err := f.attempt(w, func(refs remoteRefs) ([]plumbing.Hash, bool) {
		if tip, ok := refs.tipOf(w.commit); ok {
			return []plumbing.Hash{tip}, true
		}
		if refs.can.Supports("allow-reachable-sha1-in-want") || refs.can.Supports("allow-tip-sha1-in-want") {
			return []plumbing.Hash{w.commit}, true
		}
		return nil, false
	})
	var no *refusedWant
	if pack != nil || err != nil && !errors.As(err, &no) {
		return pack, err
	}
	pack, err = f.attempt(w, func(refs remoteRefs) ([]plumbing.Hash, bool) { return refs.everything(w.revision), false })
	if err == nil && pack == nil {
		err = w.gone(errNoObject)
	}
	return pack, err
}

// attempt is one conversation. It gives no pack and no error where there is nothing to ask for.
func (f *gitFetch) attempt(w gitWant, choose func(remoteRefs) (wants []plumbing.Hash, shallow bool)) (pack billy.File, err error) {
	defer func() {
		if over := f.meter.over(); over != nil {
			pack, err = nil, over
		}
	}()
	t, err := f.repo.dial(f.ctx, w.at, f.from.sameHost(w.at), f.meter)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	refs, err := refsOf(f.ctx, t)
	if err != nil {
		return nil, err
	}
	wants, shallow := choose(refs)
	if len(wants) == 0 {
		if len(refs.tips) == 0 {
			return nil, errors.New("the repository is empty")
		}
		return nil, nil
	}
	return packOf(f.ctx, t, refs.can, packRequest(refs.can, wants, shallow && refs.can.Supports("shallow")))
}

// gone is the error of a commit that the repository does not have.
func (w gitWant) gone(err error) error {
	if w.path != "" {
		return hinted("the submodule's commit was never pushed, or its branch was force-pushed", fmt.Errorf("the commit is not there: %w", err))
	}
	return hinted("was the branch force-pushed? `sluice lock --update` takes what the revision is now",
		fmt.Errorf("the commit is not there any more, on no branch and under no tag: %w", err))
}

// tree reads the tree of a commit with its submodules.
func (f *gitFetch) tree(w gitWant) (*gitNode, error) {
	store, err := f.objects(w)
	if err != nil {
		return nil, err
	}
	top, err := store.treeOf(w.commit)
	if errors.Is(err, errNoObject) {
		return nil, w.gone(err)
	}
	if err != nil {
		return nil, err
	}
	modules := submodulesOf{fetch: f, want: w, store: store}
	return f.read(gitDir{store: store, tree: top, path: w.path, submodule: modules.node}, nil)
}

// admit counts a submodule: what a .gitmodules can make of one source has an end.
func (f *gitFetch) admit(w gitWant) error {
	f.fetched++
	switch {
	case w.nesting > submoduleNesting:
		return fmt.Errorf("submodules are nested more than %d deep", submoduleNesting)
	case f.fetched > maxSubmodules:
		return fmt.Errorf("there are more than %d submodules", maxSubmodules)
	}
	return nil
}

// Close lets the repositories on disk go.
func (f *gitFetch) Close() error {
	var errs []error
	for _, closing := range slices.Backward(f.open) {
		errs = append(errs, closing())
	}
	f.open = nil
	return errors.Join(errs...)
}
