// Package source turns a [render.Source] into a [render.Tree]: complete, verified and held in memory.
//
// What lies outside the stack is an [Entry]: a chart of a chart repository or registry, a Git repository at a commit, a
// file at a URL. Whatever asks for one (an app, the dependency of an umbrella chart, the base of a kustomization, a
// schema), it takes the same way:
//
//	lock      says what was asked resolves to, and its digest; only a [Reader] that resolves may go on without it
//	store     has the bytes of that digest, perhaps: the cache, see [Store]
//	mirror    else stands in for every place, or for the beginning of some addresses, with the same bytes
//	upstream  else is asked: repository, registry, Git server or web server, as [Access] is known there
//
// At the end of each way the bytes are held to the digest, at every read. They are one archive or file, read in memory
// and never unpacked to disk: a half-written chart directory is a valid, smaller chart, and helm and kustomize both take
// it without a word. What lies in the stack is read whole through an [os.Root], so that nothing outside gets in.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/render"
)

// Reader reads sources. It keeps every index, archive, tree and file that it fetched, so one process asks once for each,
// and remembers what it was asked for, see [Reader.Settled]. A Reader may be used from many goroutines and must not be
// copied; its fields are set before the first use.
type Reader struct {
	Dir string // the stack directory; the paths of sources are relative to it and stay inside it
	// Mirror is a directory as [Reader.Vendor] makes it, or empty. With a mirror no upstream is asked:
	// https://charts.example.com:8443/stable is the folder charts.example.com_8443/stable of it, which is an
	// ordinary chart repository (an index.yaml with a digest for each chart, the archives beside it), also for
	// charts of registries. A Git repository is a folder with an archive for each commit, a file lies under its own
	// name. It may also be an http or https URL: the same folders below it.
	Mirror string
	// Mirrors are the stack's: what to read instead, by beginning of an upstream's URL. Digests stay the upstream's.
	Mirrors map[string]string
	Refs    map[string]render.Source // the repositories of "$name/path", see render.Plan.Ref
	Store   Store                    // where what was fetched is kept; nil for nowhere
	// Lock is what sources are held to. Nil, as for a chart without a stack, takes exact versions and commits only.
	Lock    *Lock
	Resolve bool // settle what the lock lacks instead of refusing it
	// LockCommand is what a person types to settle what the lock lacks, for hints; empty means "sluice lock".
	LockCommand string
	Offline     bool // refuse everything that needs the network
	// Client makes the requests. Nil means one that uses no proxy, because the environment is main's to read.
	// Its redirect policy is replaced: at most 10, never from https to http.
	Client *http.Client
	// Access knows the credentials and certificates of servers; nil means none. Its certificates are added to the
	// Client's Transport, which is copied for that, where it is an [http.Transport]; any other is used as it is.
	Access  *Access
	Timeout time.Duration // for one request with its body; zero means two minutes
	// Wait pauses between attempts and ends early, with an error, when the context does. Nil means a timer.
	Wait func(context.Context, time.Duration) error
	// Note, where set, is told before each further attempt that a server is waited for, and why: one line, without
	// credentials. It is called from whatever goroutine reads, from several at a time.
	Note func(string)
	// Progress, where set, is told of every fetch over the network: when it begins (no bytes), while its bytes arrive,
	// and once when it is over. It is called from several goroutines at a time, and the fetch waits for it.
	Progress func(Progress)

	indexes  cache[index]
	sources  cache[settled]
	blobs    cache[[]byte] // by digest
	archives cache[archive]
	trees    cache[gitTree]
	asked    asked
	direct   struct {
		once   sync.Once
		client *http.Client
	}
}

// Fetch reads a source whole, or fails; it fits [render.Tools]. The error is a [render.Error] at the source's
// position. The bytes of the tree's files are shared between trees and must not be changed.
//
// The tree's inputs are one entry per archive, named by repository, chart and version wherever it was read, so that a
// mirror gives the same provenance as upstream; one per Git repository, named by address and commit, and one per file at
// a URL; and one per directory: the sha256 of the listing that sha256sum prints for its files in path order. An index is
// not an input; it changes with every unrelated release.
//
// Kinds: helm (a repository's chart, or a directory or .tgz of the stack), umbrella (a chart directory, its
// dependencies added), manifests (a file, or a directory read recursively: *.yaml, *.yml and *.json, leaving out
// names that begin with a dot and, as Argo CD's directory sources do, every other extension), git (a repository whole),
// file (one at a URL), kustomize with a Repo (the repository of a remote base, whole; [render.Tree] has the path in it).
// A kustomization with a Path is read by its engine, so that it is an error here.
func (r *Reader) Fetch(ctx context.Context, src render.Source) (render.Tree, error) {
	tree, err := r.fetch(ctx, src)
	if err != nil {
		from := ""
		if src.Kind == render.KindHelm && src.Repo != "" { // the others are named by it
			from = " from " + shown(src.Repo)
		}
		return render.Tree{}, &render.Error{Pos: src.Pos, Err: fmt.Errorf("reading %s%s: %w", src, from, err)}
	}
	tree.Name = src.String()
	return tree, nil
}

func (r *Reader) fetch(ctx context.Context, src render.Source) (render.Tree, error) {
	if err := ctx.Err(); err != nil {
		return render.Tree{}, err
	}
	// The tree of a repository's chart is a clone of the cached one: callers may reorder their list of files.
	switch {
	case src.Kind == render.KindHelm && src.Repo != "":
		a, err := r.chart(ctx, Entry{Repo: src.Repo, Chart: src.Chart, Requested: src.Version}, src.Keyring)
		if err != nil {
			return render.Tree{}, err
		}
		tree := render.Tree{Origin: shown(src.Repo), Packed: true, Files: slices.Clone(a.files), Inputs: []render.Input{a.input}}
		return tree, r.addDocuments(ctx, src, &tree)
	case src.Kind == render.KindGit:
		return r.gitSource(ctx, src)
	case src.Kind == render.KindFile:
		return r.file(ctx, src)
	case src.Kind == render.KindKustomize && src.Repo != "":
		return r.remoteBase(ctx, src)
	case src.Kind == render.KindKustomize:
		return render.Tree{}, hinted("the kustomize engine reads its directory itself; see render.Tools",
			fmt.Errorf("a kustomization is not fetched"))
	case src.Path == "":
		return render.Tree{}, fmt.Errorf("the source has neither a repository nor a path")
	}
	root, at, done, err := r.open(ctx, src.Path)
	if err != nil {
		return render.Tree{}, err
	}
	defer done()
	var tree render.Tree
	switch src.Kind {
	case render.KindHelm:
		tree, err = r.localChart(ctx, root, at)
	case render.KindUmbrella:
		tree, err = r.umbrellaTree(ctx, root, at)
	case render.KindManifests:
		tree, err = manifests(ctx, root, at)
	default:
		err = hinted("the kinds are helm, umbrella, kustomize, manifests, git and file", fmt.Errorf("unknown kind of source %q", src.Kind))
	}
	if err != nil {
		return render.Tree{}, err
	}
	tree.Inputs = append(root.inputs, tree.Inputs...)
	return tree, r.addDocuments(ctx, src, &tree)
}

// open gives the folder that a path leads into, and the path in it: the stack directory, or a repository of "$name/path".
func (r *Reader) open(ctx context.Context, at string) (rooted, string, func(), error) {
	ref, rest, is := render.Plan{Refs: r.Refs}.Ref(at)
	if !is {
		root, err := os.OpenRoot(r.Dir)
		if err != nil {
			return rooted{}, "", nil, fmt.Errorf("opening the stack directory: %w", err)
		}
		return rooted{FS: root.FS()}, at, func() { _ = root.Close() }, nil
	}
	name, _, _ := strings.Cut(at, "/")
	tree, err := r.repositoryTree(ctx, Entry{Repo: ref.Repo, Requested: ref.Version, Submodules: ref.Submodules})
	if err != nil {
		return rooted{}, "", nil, fmt.Errorf("reading %s, which is %s: %w", name, ref, err)
	}
	return rooted{FS: tree.fs, name: name, broken: tree.links, inputs: []render.Input{tree.input()}}, rest, func() {}, nil
}

// hinted gives err the next step for the user.
func hinted(hint string, err error) error { return &render.Error{Err: err, Hint: hint} }

// marked is an error that errors.Is takes for the mark as well, of which the text says nothing.
type marked struct {
	error
	mark error
}

func (m marked) Unwrap() error { return m.error }

// Is makes errors.Is see the mark.
func (m marked) Is(target error) bool { return target == m.mark }

// digestPrefix is what a digest begins with; hex follows.
const digestPrefix = "sha256:"

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return digestPrefix + hex.EncodeToString(sum[:])
}

// isDigest knows a digest as this package writes them, in lower case.
func isDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, digestPrefix)
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}
