package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"sluice/render"
)

// Store keeps what was fetched, by digest: "sha256:" and hex.
type Store interface {
	// Get gives the content of a digest, verified, and whether it is there. A damaged entry is an error and gone
	// afterwards.
	Get(digest string) ([]byte, bool, error)
	// Put keeps content and gives its digest.
	Put(content []byte) (string, error)
}

// settled is an entry and its bytes, held to its digest.
type settled struct {
	Entry
	content []byte
}

// Settled lists what the reader was asked for and knows: the entries of a new lock, in the order of a lock.
func (r *Reader) Settled() []Entry { return r.asked.list(&r.asked.known) }

// Missing lists what the reader was asked for and the lock lacks.
func (r *Reader) Missing() []Entry { return r.asked.list(&r.asked.missing) }

// asked remembers what a reader was asked for.
type asked struct {
	mu      sync.Mutex
	known   map[Entry]Entry
	missing map[Entry]Entry
}

// put remembers an entry among the known or the missing ones. One source may ask for a signature and another for the same
// chart without; what is known of the signer stays, whichever comes first.
func (a *asked) put(into *map[Entry]Entry, e Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if *into == nil {
		*into = make(map[Entry]Entry)
	}
	if before := (*into)[e.key()]; e.Signer == "" && before.Digest == e.Digest {
		e.Signer = before.Signer
	}
	(*into)[e.key()] = e
}

func (a *asked) list(of *map[Entry]Entry) []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.SortedFunc(maps.Values(*of), Entry.compare)
}

// settle gives what is asked: as the lock has it, or resolved now where the reader is one that resolves. Without a lock
// only what names one version can be had, and it is held to what its repository states.
func (r *Reader) settle(ctx context.Context, what Entry, keyring string) (settled, error) {
	at := what.key()
	key := fmt.Sprintf("%q", []string{at.Kind, at.Repo, at.Chart, at.Requested, fmt.Sprint(at.Submodules), keyring})
	return r.sources.load(ctx, key, func() (settled, error) {
		if err := checkAddress(at.Repo); err != nil {
			return settled{}, err
		}
		if (r.Lock != nil || r.Resolve) && at.Kind == render.KindHelm && strings.Contains(at.Repo, "?") {
			return settled{}, hinted(standardPlaces, errors.New("the URL of the repository has a query, which may be a token and would get into the lock"))
		}
		s, err := r.lookUp(ctx, at, keyring)
		if err == nil {
			r.asked.put(&r.asked.known, s.Entry)
		}
		return s, err
	})
}

// lookUp is settle for what was not asked before.
func (r *Reader) lookUp(ctx context.Context, asked Entry, keyring string) (settled, error) {
	if locked, ok := r.Lock.Find(asked); ok {
		// Known even where its bytes cannot be had now: what a lock lacks is a question about names.
		r.asked.put(&r.asked.known, locked)
		err := r.trusts(keyring, locked.Signer)
		if err == nil {
			return r.content(ctx, locked)
		}
		if !r.Resolve {
			return settled{}, err
		}
	}
	switch {
	case !r.Resolve && r.Lock != nil:
		r.asked.put(&r.asked.missing, asked)
		return settled{}, r.notLocked(asked)
	case !r.Resolve && asked.floats():
		return settled{}, asked.unpinned()
	}
	from, err := r.upstream(asked)
	if err != nil {
		return settled{}, err
	}
	resolved, err := from.resolve(ctx, asked)
	if err != nil {
		return settled{}, err
	}
	got, err := r.content(ctx, resolved)
	if err != nil {
		return settled{}, err
	}
	if keyring != "" {
		got.Signer, err = r.verified(ctx, got, keyring)
	}
	return got, err
}

// lockCommand is what a person types to settle sources.
func (r *Reader) lockCommand() string { return cmp.Or(r.LockCommand, "sluice lock") }

// relock is the next step wherever the stack and its lock disagree.
func (r *Reader) relock() string { return "run " + r.lockCommand() + " and commit sluice.lock" }

// notLocked says what the lock has instead.
func (r *Reader) notLocked(asked Entry) error {
	err := errors.New("it is not in sluice.lock")
	for _, e := range r.Lock.Entries() {
		if e.Kind == asked.Kind && e.Repo == asked.Repo && e.Chart == asked.Chart && e.Requested != asked.Requested {
			err = fmt.Errorf("asked is %s, sluice.lock has %s", asked.Requested, e.Requested)
			break
		}
	}
	return hinted(r.relock(), marked{err, ErrUnsettled})
}

// content gives the bytes of a resolved entry, once for all who ask for one digest: several ranges may mean one version.
func (r *Reader) content(ctx context.Context, e Entry) (settled, error) {
	if e.Digest == "" {
		return r.obtain(ctx, e)
	}
	content, err := r.blobs.load(ctx, e.Digest, func() ([]byte, error) {
		s, err := r.obtain(ctx, e)
		return s.content, err
	})
	return settled{e, content}, err
}

// obtain gives the bytes from the store, or else from where they come from. Either way they are the ones of the digest. A
// store that cannot be written is no reason to fail: the bytes are here.
func (r *Reader) obtain(ctx context.Context, e Entry) (settled, error) {
	if r.Store == nil || e.Digest == "" {
		return r.fetchEntry(ctx, e)
	}
	content, ok, damage := r.Store.Get(e.Digest)
	if damage == nil && ok {
		return settled{e, content}, nil
	}
	if damage != nil && !r.Offline {
		r.note("%v; fetching %s again", damage, e)
	}
	s, err := r.fetchEntry(ctx, e)
	if err != nil && damage != nil {
		err = fmt.Errorf("%w, and %w", damage, err)
	}
	return s, err
}

// fetchEntry gives the bytes from where they come from, and keeps them.
func (r *Reader) fetchEntry(ctx context.Context, e Entry) (settled, error) {
	from, err := r.upstream(e)
	if err != nil {
		return settled{}, err
	}
	content, err := from.fetch(ctx, e)
	if err != nil {
		return settled{}, err
	}
	got := digest(content)
	if e.Digest != "" && got != e.Digest {
		return settled{}, r.differs(e, got)
	}
	e.Digest = got
	if r.Store != nil {
		if _, err := r.Store.Put(content); err != nil {
			r.note("it goes on without the cache: %v", err)
		}
	}
	return settled{e, content}, nil
}

// differs is the error for bytes that are not the ones of the digest.
func (r *Reader) differs(e Entry, got string) error {
	says := "the index says"
	if strings.HasPrefix(e.Repo, "oci:") {
		says = "the registry says"
	}
	hint := "the archive is not the one that the index was written for; do not use it before you know why"
	if locked, ok := r.Lock.Find(e.key()); ok && locked.Digest == e.Digest {
		says = "the lock says"
		hint = "what was published under this name has changed since it was locked; find out why before you run " + r.lockCommand() + " --update"
	}
	return hinted(hint, fmt.Errorf("what was fetched has the digest %s, %s %s", got, says, e.Digest))
}

// note tells the person one line.
func (r *Reader) note(format string, args ...any) {
	if r.Note != nil {
		r.Note(fmt.Sprintf(format, args...))
	}
}
