package source

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// kind is one way to say where a source comes from.
type kind struct {
	name    string
	entries int  // what its lock has; none where all of it lies in the stack
	network bool // whether a server is asked for it, and not only a disk
	scene   func(t *testing.T) *scene
}

// kinds are all ways to a source that a stack has. Every one is held to the same properties.
func kinds() []kind {
	return []kind{
		{"chart over http", 1, true, chartFrom((*scene).charts, false, "1.2.3")},
		{"chart over https", 1, true, chartFrom((*scene).charts, true, "1.2.3")},
		{"chart over https, a range", 1, true, moving(chartFrom((*scene).charts, true, "^1.0"))},
		{"chart over https, archives elsewhere", 1, true, chartFrom((*scene).elsewhere, true, "1.2.3")},
		{"chart over http, archives elsewhere", 1, true, chartFrom((*scene).elsewhere, false, "1.2.3")},
		{"chart of a registry", 1, true, chartFrom((*scene).registry, false, "1.2.3")},
		{"chart of a registry, a range", 1, true, moving(chartFrom((*scene).registry, false, ">=1.0.0 <2"))},
		{"chart of a registry, TLS", 1, true, chartFrom((*scene).registry, true, "v1.2.3")},
		{"chart of a directory of charts", 1, false, chartOfFolder},
		{"chart directory", 0, false, localChartScene},
		{"chart archive", 0, false, archiveScene},
		{"umbrella, https", 2, true, umbrellaOf((*scene).charts, "1.2.3", "")},
		{"umbrella, oci", 2, true, umbrellaOf((*scene).registry, "1.2.3", "")},
		{"umbrella, range with Chart.lock", 2, true, umbrellaOf((*scene).charts, "^1.0", "1.2.3")},
		{"umbrella, range without Chart.lock", 2, true, moving(umbrellaOf((*scene).charts, "^1.0", ""))},
		{"umbrella, alias and condition", 2, true, umbrellaAliases},
		{"umbrella, file", 0, false, umbrellaFile},
		{"git over https, branch", 1, true, gitScene("https", "main")},
		{"git over http, tag", 1, true, gitScene("http", "v1.0.0")},
		{"git over ssh, tag", 1, true, gitScene("ssh", "v1.0.0")},
		{"git of a directory, HEAD", 1, false, gitScene("file", "HEAD")},
		{"git over https, commit that is gone", 1, true, gitGone("https")},
		{"git over ssh, commit that is gone", 1, true, gitGone("ssh")},
		{"$ref chart", 1, true, refScene("https", render.KindHelm, "charts/web")},
		{"$ref manifests", 1, true, refScene("ssh", render.KindManifests, "manifests")},
		{"$ref manifests of a directory", 1, false, refScene("file", render.KindManifests, "manifests")},
		{"$ref umbrella", 3, true, refUmbrella},
		{"remote base over https", 1, true, remoteBaseScene("https")},
		{"file at a URL", 1, true, fileScene},
		{"documents of a values schema", 2, true, documentsScene},
		{"documents of a values schema in a repository", 2, true, packedDocumentsScene},
	}
}

// property is what holds for every kind, but for those that it means nothing for.
type property struct {
	name  string
	holds func(*trial)
	// of says which kinds it is about; nil is all of them. What is in the stack has no entry, so none can be missing or
	// be published again; what is on a disk has no server.
	of func(kind) bool
}

func inLock(k kind) bool      { return k.entries > 0 }
func fromNetwork(k kind) bool { return k.network }

// properties run in this order on one scene; the last ones break it.
func properties() []property {
	return []property{
		{"the locked source is what it was made from", (*trial).isWhatItWasMadeFrom, nil},
		{"the lock is read as it is written", (*trial).lockRoundTrip, nil},
		{"a cache is enough", (*trial).fromCache, nil},
		{"a vendored folder is enough", (*trial).fromFolder, nil},
		{"a vendored folder over HTTP is enough", (*trial).fromWeb, nil},
		{"a vendored file of other content is refused", (*trial).tampered, fromNetwork},
		{"what the lock lacks is not settled", (*trial).notLocked, inLock},
		{"offline and nowhere kept is not settled", (*trial).notKept, fromNetwork},
		{"the stack's mirrors give the same lock", (*trial).mirrored, inLock},
		{"sixteen at once ask as often as one", (*trial).atOnce, nil},
		{"other content under the same name is never taken", (*trial).republished, inLock},
		{"what is gone is named", (*trial).gone, inLock},
	}
}

// trial is one kind in the middle of the properties.
type trial struct {
	*testing.T
	*scene
	kind
	lock     *Lock
	tree     render.Tree
	store    *memory
	folder   string // of a mirror
	vendored Vendored
}

func TestEveryKindOfSource(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			at := &trial{T: t, scene: k.scene(t), kind: k, store: newMemory(), folder: t.TempDir()}
			for _, p := range properties() {
				if p.of == nil || p.of(k) {
					sound := t.Run(p.name, func(t *testing.T) {
						at.T = t
						p.holds(at)
					})
					if !sound && at.lock == nil {
						t.Fatal("without a lock the rest says nothing")
					}
				}
			}
		})
	}
}

// same reads the source and holds it to what the first reader gave.
func (x *trial) same(r *Reader) {
	x.Helper()
	tree := fetch(x.T, r, x.src)
	x.equal(tree)
}

// equal compares as cmp does, which is slow on long slices and asked only where it has something to say.
func (x *trial) equal(tree render.Tree) {
	x.Helper()
	if !reflect.DeepEqual(x.tree, tree) {
		x.Errorf("another tree:\n%s", cmp.Diff(x.tree, tree))
	}
}

// unasked runs f and fails where a server of the upstream was asked meanwhile.
func (x *trial) unasked(f func()) {
	x.Helper()
	before := x.asked()
	f()
	if n := x.asked() - before; n != 0 {
		x.Errorf("upstream was asked %d times", n)
	}
}

// refused reads the source and asks for an error with all of want.
func (x *trial) refused(r *Reader, want ...string) error {
	x.Helper()
	return refuse(x.T, r, x.src, want...)
}

func (x *trial) isWhatItWasMadeFrom() {
	r := x.reader(nil)
	r.Resolve, r.Store = true, x.store
	settled := fetch(x.T, r, x.src)
	lock, err := NewLock(r.Settled())
	must(x.T, err)
	x.lock = lock
	if n := len(lock.Entries()); n != x.entries {
		x.Errorf("the lock has %d entries, not %d:\n%s", n, x.entries, lock.Encode())
	}
	x.tree = fetch(x.T, x.reader(lock), x.src)
	if diff := cmp.Diff(settled, x.tree); diff != "" {
		x.Errorf("locking and reading differ:\n%s", diff)
	}
	if diff := cmp.Diff(x.want, filesOf(x.tree.Files)); diff != "" {
		x.Errorf("it is not what it was made from:\n%s", diff)
	}
	if diff := cmp.Diff(x.documents, filesOf(x.tree.Documents)); diff != "" {
		x.Errorf("other documents:\n%s", diff)
	}
	if (x.asked() > 0) != x.network {
		x.Errorf("servers were asked %d times", x.asked())
	}
}

func (x *trial) lockRoundTrip() {
	text := x.lock.Encode()
	read, err := ParseLock("sluice.lock", text)
	must(x.T, err)
	if diff := cmp.Diff(x.lock.Entries(), read.Entries()); diff != "" {
		x.Errorf("the lock is read as another:\n%s", diff)
	}
	if string(read.Encode()) != string(text) {
		x.Errorf("the lock is written otherwise the second time")
	}
}

func (x *trial) fromCache() {
	x.unasked(func() {
		for _, offline := range []bool{true, false} {
			r := x.reader(x.lock)
			r.Store, r.Offline = x.store, offline
			x.same(r)
			if missing := r.Missing(); len(missing) > 0 {
				x.Errorf("missing: %v", missing)
			}
			if diff := cmp.Diff(x.lock.Entries(), r.Settled()); diff != "" {
				x.Errorf("a reader that follows the lock knows another:\n%s", diff)
			}
		}
	})
}

func (x *trial) fromFolder() {
	var err error
	x.vendored, err = x.reader(x.lock).Vendor(x.Context(), x.folder, 2)
	must(x.T, err)
	left := map[bool]int{true: 0, false: x.entries}[x.network]
	if len(x.vendored.Local) != left || (len(x.vendored.Wrote) > 0) != x.network {
		x.Errorf("vendored %v, left out %v", x.vendored.Wrote, x.vendored.Local)
	}
	filled := x.reader(x.lock)
	filled.Store = x.store
	again, err := filled.Vendor(x.Context(), x.folder, 2)
	must(x.T, err)
	if len(again.Wrote) > 0 {
		x.Errorf("vendoring a second time wrote %v", again.Wrote)
	}
	x.unasked(func() {
		r := x.reader(x.lock)
		r.Mirror, r.Offline = x.folder, true
		x.same(r)
		if diff := cmp.Diff(x.lock.Entries(), r.Settled()); diff != "" {
			x.Errorf("from the folder the lock is another:\n%s", diff)
		}
	})
}

func (x *trial) fromWeb() {
	server := doorOf(x.T, false, http.StripPrefix("/all", http.FileServer(http.Dir(x.folder))))
	x.unasked(func() {
		r := x.reader(x.lock)
		r.Mirror = server.url + "/all"
		x.same(r)
	})
	if (server.asked.Load() > 0) != x.network {
		x.Errorf("the mirror was asked %d times", server.asked.Load())
	}
}

func (x *trial) tampered() {
	for _, name := range x.vendored.Wrote {
		if filepath.Base(name) == indexFile {
			continue
		}
		at := filepath.Join(x.folder, filepath.FromSlash(name))
		content, err := os.ReadFile(at)
		must(x.T, err)
		other := append(slices.Clone(content), '\n')
		must(x.T, os.WriteFile(at, other, 0o644))
		r := x.reader(x.lock)
		r.Mirror, r.Offline = x.folder, true
		x.refused(r, digest(content), digest(other), "the lock says")
		must(x.T, os.WriteFile(at, content, 0o644))
	}
}

func (x *trial) notLocked() {
	for _, e := range x.lock.Entries() {
		rest := slices.DeleteFunc(x.lock.Entries(), e.Same)
		lock, err := NewLock(rest)
		must(x.T, err)
		x.unasked(func() {
			r := x.reader(lock)
			r.Store = x.store
			err := x.refused(r, "sluice.lock", "run sluice lock --stack here")
			if !errors.Is(err, ErrUnsettled) {
				x.Errorf("without %s it is not ErrUnsettled: %v", e, err)
			}
			if missing := r.Missing(); !slices.ContainsFunc(missing, e.Same) {
				x.Errorf("without %s the missing are %v", e, missing)
			}
		})
	}
}

func (x *trial) notKept() {
	x.unasked(func() {
		r := x.reader(x.lock)
		r.Offline, r.Store = true, newMemory()
		err := x.refused(r, "offline", "--offline")
		if !errors.Is(err, ErrUnsettled) {
			x.Errorf("it is not ErrUnsettled: %v", err)
		}
	})
}

func (x *trial) mirrored() {
	x.unasked(func() {
		r := x.reader(nil)
		r.Mirrors, r.Resolve = x.mirrors, true
		x.same(r)
		if diff := cmp.Diff(x.lock.Entries(), r.Settled()); diff != "" {
			x.Errorf("from the mirrors the lock is another:\n%s", diff)
		}
		follows := x.reader(x.lock)
		follows.Mirrors = x.mirrors
		x.same(follows)
	})
}

func (x *trial) atOnce() {
	before := x.asked()
	x.same(x.reader(x.lock))
	once := x.asked() - before
	r := x.reader(x.lock)
	trees := make([]render.Tree, 16)
	failures := make([]error, len(trees))
	var group sync.WaitGroup
	for i := range trees {
		group.Go(func() { trees[i], failures[i] = r.Fetch(x.Context(), x.src) })
	}
	group.Wait()
	must(x.T, errors.Join(failures...))
	for _, tree := range trees {
		x.equal(tree)
	}
	if n := x.asked() - before - once; n != once {
		x.Errorf("sixteen asked %d times, one asks %d times", n, once)
	}
}

func (x *trial) republished() {
	want := x.republish()
	r := x.reader(x.lock)
	r.Store = x.store
	x.unasked(func() { x.same(r) })
	bare := x.reader(x.lock)
	if len(want) == 0 {
		x.same(bare)
		return
	}
	x.refused(bare, want...)
}

func (x *trial) gone() {
	x.scene.gone()
	r := x.reader(x.lock)
	r.Store = x.store
	x.same(r)
	err := x.refused(x.reader(x.lock), x.src.String())
	named := func(place string) bool { return strings.Contains(err.Error(), place) }
	if !slices.ContainsFunc(slices.Collect(maps.Keys(x.mirrors)), named) {
		x.Errorf("no place of %v is named: %v", x.mirrors, err)
	}
}
