package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"sluice/render"
	"sluice/render/kustomize"
	"sluice/render/source"
)

// lockName is the file beside the stack that says what its sources were resolved to.
const lockName = "sluice.lock"

// readLock reads the lock of a stack. A stack without one has an empty lock, which is enough for a stack that asks for
// nothing outside itself.
func readLock(plan render.Plan) (*source.Lock, error) {
	name := filepath.Join(plan.Dir, lockName)
	if stat, err := os.Stat(name); err == nil && !stat.Mode().IsRegular() { // to open a pipe would wait for a writer
		return nil, fmt.Errorf("reading the lock: %s is not a regular file", lockName)
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return source.NewLock(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the lock: %w", err)
	}
	return source.ParseLock(lockName, text)
}

// locked loads the stack, its lock, and a reader that is held to it.
func (v *invocation) locked() (*source.Lock, *source.Reader, error) {
	plan, err := v.plan()
	if err != nil {
		return nil, nil, err
	}
	lock, err := readLock(plan)
	if err != nil {
		return nil, nil, err
	}
	r, err := v.reader(plan, lock)
	return lock, r, err
}

// reader makes the reader of a plan's sources; lock is nil for what has no stack.
func (v *invocation) reader(plan render.Plan, lock *source.Lock) (*source.Reader, error) {
	// Zero could mean "all" or "none" to different people, so it means neither.
	if v.jobs < 1 {
		return nil, fmt.Errorf("--jobs %d: at least one app has to be worked on at a time", v.jobs)
	}
	if v.timeout < 0 {
		return nil, &render.Error{Err: fmt.Errorf("--timeout %v: there is no such time", v.timeout), Hint: "write e.g. 90s; without the flag each kind of source has its own"}
	}
	access, err := v.access(plan)
	if err != nil {
		return nil, err
	}
	r := &source.Reader{
		Dir: plan.Dir, Mirror: v.mirror, Mirrors: plan.Mirrors, Refs: plan.Refs, Lock: lock,
		Offline: v.offline, Client: httpClient(), Access: access,
		Timeout:     v.timeout,
		LockCommand: v.command("lock"),
		Note:        func(line string) { v.say("%s", line) },
	}
	if !v.quiet {
		r.Progress = v.err.tell
	}
	kept, err := v.store()
	switch {
	case err == nil:
		r.Store = kept
	case v.cache.given || os.Getenv(cacheVariable) != "":
		return nil, err
	} // else nobody says where: what is fetched is not kept, and what is not fetched needs no cache
	return r, checkMirror(r.Mirror)
}

// checkMirror looks at the value of --mirror once. Without this a mistyped mirror would be reported once for each chart,
// as a chart that the mirror lacks. What may hold a password is not repeated.
func checkMirror(mirror string) error {
	const forms = "give a directory, or a URL like https://mirror.example.com/charts; credentials come from netrc or credentials: in the stack"
	switch u, err := url.Parse(mirror); {
	case mirror == "":
		return nil
	case strings.Contains(mirror, "://") && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == ""):
		return &render.Error{Err: errors.New("opening the mirror: it is not an https or http URL"), Hint: forms}
	case strings.Contains(mirror, "://") && (u.User != nil || u.RawQuery != "" || u.Fragment != ""):
		return &render.Error{Err: errors.New("opening the mirror: its URL has credentials, a query or a fragment"), Hint: forms}
	case strings.Contains(mirror, "://"):
		return nil
	}
	stat, err := os.Stat(mirror)
	if wrong, ok := errors.AsType[*fs.PathError](err); ok && strings.Contains(mirror, "@") {
		return &render.Error{Err: fmt.Errorf("opening the mirror: %w", wrong.Err), Hint: forms}
	}
	if err == nil && !stat.IsDir() {
		err = fmt.Errorf("%s is not a directory", mirror)
	}
	if err != nil {
		return fmt.Errorf("opening the mirror: %w", err)
	}
	return nil
}

// visit reads every source of the plan's apps and renders none. What an app asks for beyond its own sources (the
// dependencies of a chart, the bases of a kustomization, the documents of a schema) is read with it.
func (v *invocation) visit(ctx context.Context, plan render.Plan, r *source.Reader) error {
	root, done, err := stackFiles(plan.Dir)
	if err != nil {
		return err
	}
	defer done()
	capabilities, err := plan.Cluster.Capabilities()
	if err != nil {
		return err
	}
	apps := plan.Apps()
	failures := make([]error, len(apps))
	var group errgroup.Group
	group.SetLimit(v.jobs)
	for i, app := range apps {
		group.Go(func() error {
			walk := visiting{plan: plan, reader: r, build: render.Build{Dir: root, Capabilities: capabilities}}
			for _, s := range app.Sources {
				if err := walk.source(ctx, s); err != nil {
					failures[i] = errors.Join(failures[i], fmt.Errorf("app %s: %w", app.Name, err))
				}
			}
			return nil // the failures are told all together, in the order of the apps
		})
	}
	_ = group.Wait()
	return errors.Join(failures...)
}

// visiting is the visit of one app.
type visiting struct {
	plan   render.Plan
	reader *source.Reader
	build  render.Build
}

// source reads one source and the repositories that its paths lead into.
func (w visiting) source(ctx context.Context, s render.Source) error {
	var top fs.FS
	for i, p := range append([]string{s.Path}, s.Values.Paths()...) {
		ref, rest, is := w.plan.Ref(p)
		if !is {
			continue
		}
		tree, err := w.reader.Fetch(ctx, ref)
		if err != nil {
			return err
		}
		if i == 0 {
			top = tree.FS()
			w.build.Origin, _, _ = strings.Cut(p, "/")
			w.build.Path = rest
		}
	}
	switch s.Kind {
	case render.KindHelm, render.KindUmbrella:
		_, err := w.reader.Fetch(ctx, s)
		return err
	case render.KindKustomize:
		if top != nil {
			w.build.Dir = top
		} else {
			w.build.Path = s.Path
		}
		return kustomize.Engine{Fetch: w.reader.Fetch}.Walk(ctx, w.build)
	}
	// Plain manifests ask for nothing else; those of a repository are read to see that they are there.
	if s.Kind == render.KindManifests && strings.HasPrefix(s.Path, "$") {
		_, err := w.reader.Fetch(ctx, s)
		return err
	}
	return nil
}

// command gives the command line of another verb for the same stack, for a person to type.
func (v *invocation) command(verb string) string {
	words := []string{"sluice", verb}
	if v.dir != "" {
		words = append(words, "-C", v.dir)
	}
	if v.stack != "." {
		words = append(words, "--stack", v.stack)
	}
	for _, tag := range v.tags {
		words = append(words, "--tag", tag)
	}
	return strings.Join(words, " ")
}
