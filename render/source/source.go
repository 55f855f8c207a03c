// Package source turns a [render.Source] into a [render.Tree]: complete, verified and held in memory.
//
// A chart comes from a chart repository over HTTP, a repository in a directory (file://), a mirror of repositories,
// a chart directory or an archive of the stack. Every archive is held to the sha256 that its repository states, at
// every read, and is never unpacked to disk: a half-written chart directory is a valid, smaller chart, and helm and
// kustomize both take it without a word. A directory is read whole through an [os.Root], so that nothing outside the
// stack gets in.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"sluice/render"
)

// Reader reads sources. It keeps every index and archive that it fetched, so one process asks a repository once for
// each. A Reader may be used from many goroutines and must not be copied; its fields are set before the first use.
type Reader struct {
	Dir string // the stack directory; the paths of sources are relative to it and stay inside it
	// Mirror is a directory of mirrored repositories, or empty. With a mirror no chart repository is asked:
	// https://charts.example.com:8443/stable is the folder charts.example.com_8443/stable of it, which is an
	// ordinary chart repository (an index.yaml with a digest for each chart, the archives beside it).
	Mirror  string
	Offline bool // refuse everything that needs the network
	// Client makes the requests. Nil means one that uses no proxy, because the environment is main's to read.
	// Its redirect policy is replaced: at most 10, never from https to http.
	Client  *http.Client
	Timeout time.Duration // for one request with its body; zero means two minutes
	// Wait pauses between attempts and ends early, with an error, when the context does. Nil means a timer.
	Wait func(context.Context, time.Duration) error
	// Note, where set, is told before each further attempt that a server is waited for, and why: one line, without
	// credentials. It is called from whatever goroutine reads, from several at a time.
	Note func(string)

	indexes  cache[index]
	archives cache[archive]
	direct   struct {
		once   sync.Once
		client *http.Client
	}
}

// Fetch reads a source whole, or fails; it fits [render.Tools]. The error is a [render.Error] at the source's
// position. The bytes of the tree's files are shared between trees and must not be changed.
//
// The tree's inputs are one entry per archive, named by repository, chart and version wherever it was read, so that a
// mirror gives the same provenance as upstream, and one entry per directory: the sha256 of the listing that
// sha256sum prints for its files in path order. An index is not an input; it changes with every unrelated release.
//
// Kinds: helm (a repository's chart, or a directory or .tgz of the stack), umbrella (a chart directory, its
// dependencies added), manifests (a file, or a directory read recursively: *.yaml, *.yml and *.json, leaving out
// names that begin with a dot and, as Argo CD's directory sources do, every other extension). A kustomization is read
// from disk by its engine, so that kind is an error here.
func (r *Reader) Fetch(ctx context.Context, src render.Source) (render.Tree, error) {
	tree, err := r.fetch(ctx, src)
	if err != nil {
		from := ""
		if src.Repo != "" {
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
		a, err := r.chart(ctx, wanted{repo: src.Repo, name: src.Chart, version: src.Version})
		if err != nil {
			return render.Tree{}, err
		}
		return render.Tree{Origin: shown(src.Repo), Packed: true, Files: slices.Clone(a.files), Inputs: []render.Input{a.input}}, nil
	case src.Kind == render.KindKustomize:
		return render.Tree{}, hinted("the kustomize engine reads its directory itself; see render.Tools",
			fmt.Errorf("a kustomization is not fetched"))
	case src.Path == "":
		return render.Tree{}, fmt.Errorf("the source has neither a repository nor a path")
	}
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return render.Tree{}, fmt.Errorf("opening the stack directory: %w", err)
	}
	defer root.Close()
	switch src.Kind {
	case render.KindHelm:
		return localChart(ctx, root, src.Path)
	case render.KindUmbrella:
		return r.umbrellaTree(ctx, root, src.Path)
	case render.KindManifests:
		return manifests(ctx, root, src.Path)
	}
	return render.Tree{}, hinted("the kinds are helm, umbrella, kustomize and manifests",
		fmt.Errorf("unknown kind of source %q", src.Kind))
}

// hinted gives err the next step for the user.
func hinted(hint string, err error) error { return &render.Error{Err: err, Hint: hint} }

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
