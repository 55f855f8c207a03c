package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sluice/render"
	"sluice/render/application"
	"sluice/render/hydrate"
)

// rendered renders the working stack.
func (v *invocation) rendered(ctx context.Context, toolchain string, s *side) error {
	w := *v
	w.apps, w.layers = nil, nil // an app that only the other side has is no misspelled one
	plan, err := w.plan()
	if err != nil {
		return err
	}
	return v.renderSide(ctx, plan, toolchain, s)
}

// renderSide renders the selected apps of a plan.
func (v *invocation) renderSide(ctx context.Context, plan render.Plan, toolchain string, s *side) error {
	for i, l := range plan.Layers {
		var keep []render.App
		for _, app := range l.Apps {
			if v.selected(app) {
				keep = append(keep, app)
			} else {
				plan.Others = append(plan.Others, app)
			}
		}
		plan.Layers[i].Apps = keep
	}
	var err error
	if s.chain, err = v.toolchainNamed(ctx, plan, cmp.Or(toolchain, v.toolchain)); err != nil {
		return err
	}
	again, done, err := v.renderer(plan, nil)
	if err != nil {
		return err
	}
	before := s.done
	s.plan, s.again, s.done = &plan, again, func() { done(); before() }
	s.results, err = again.all(ctx, s.chain)
	v.sayUnchecked(s.results)
	// Where it is known which apps fail, the others are compared all the same; see [outcome.failures].
	if s.results != nil {
		return nil
	}
	return err
}

// revision renders the stack as a revision of its repository has it, with the lock of that revision. Its files go into a
// directory of their own, which is what the readers of a stack take.
func (v *invocation) revision(ctx context.Context, revision string, s *side) error {
	top, below, err := moduleOf(v.stack, true)
	if err != nil {
		return err
	}
	files, commit, err := hydrate.ReadRevision(ctx, top, revision, ".")
	if err != nil {
		return err
	}
	s.commit, s.name = commit, fmt.Sprintf("%s (%s)", s.name, commit[:7])
	dir, err := os.MkdirTemp("", "sluice-rev-")
	if err != nil {
		return err
	}
	s.done = func() { _ = os.RemoveAll(dir) }
	if err := export(files, dir); err != nil {
		return fmt.Errorf("writing the stack of commit %s: %w", commit[:7], err)
	}
	w := *v
	w.stack, w.apps, w.layers = filepath.Join(dir, below), nil, nil
	plan, err := w.plan()
	if err != nil {
		return err
	}
	return v.renderSide(ctx, plan, "", s)
}

// moduleOf gives the directory that has all that a stack may read, and the stack's path below it: the directory of its CUE
// module, whose packages it may import, or itself. A module above the repository is no part of its revisions; committed
// says to look no further.
func moduleOf(stack string, committed bool) (top, below string, err error) {
	if stack, err = filepath.Abs(stack); err != nil {
		return "", "", err
	}
	for at := stack; ; at = filepath.Dir(at) {
		if stat, err := os.Stat(filepath.Join(at, "cue.mod", "module.cue")); err == nil && stat.Mode().IsRegular() {
			below, err := filepath.Rel(at, stack)
			return at, below, err
		}
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil && committed || at == filepath.Dir(at) {
			return stack, ".", nil
		}
	}
}

// export writes files for the user alone.
func export(files hydrate.Files, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if err := root.MkdirAll(path.Dir(p), 0o700); err != nil {
			return err
		}
		if err := root.WriteFile(p, files[p], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// branchSide reads the tree of a branch in the repository of the stack. In a job of CI there is often no local branch, only what
// was fetched.
func (v *invocation) branchSide(ctx context.Context, name string, s *side) error {
	var behind []string
	for _, ref := range []string{"refs/heads/" + name, "refs/remotes/origin/" + name, "refs/remotes/" + name} {
		if s.files == nil {
			files, commit, err := hydrate.ReadRevision(ctx, v.stack, ref, "")
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err != nil:
				return err
			}
			s.files, s.commit = files, commit
			s.name = fmt.Sprintf("branch:%s (%s)", name, commit[:7])
			if ref != "refs/heads/"+name {
				s.notes = append(s.notes, fmt.Sprintf("there is no local branch %s; compared is %s", name, strings.TrimPrefix(ref, "refs/remotes/")))
			}
			continue
		}
		commit, err := v.commitOf(ctx, ref)
		if err != nil {
			return err
		}
		if commit != "" && commit != s.commit {
			behind = append(behind, fmt.Sprintf("%s is at %s and not at %s, as what is compared",
				strings.TrimPrefix(ref, "refs/remotes/"), commit[:7], s.commit[:7]))
		}
	}
	if s.files == nil {
		return &render.Error{
			Err:  errors.New("there is no such branch, neither here nor on origin as it was fetched"),
			Hint: fmt.Sprintf("fetch it: git fetch origin %[1]s:%[1]s; the first time make it: sluice hydrate --branch %[1]s --create", name),
		}
	}
	s.notes = append(s.notes, behind...)
	return v.hydratedSide(s, nil)
}

// commitOf gives the commit of a reference, empty where there is none. It reads little: of a hydrated tree sluice's own
// files.
func (v *invocation) commitOf(ctx context.Context, ref string) (string, error) {
	for _, below := range []string{".sluice", ""} {
		_, commit, err := hydrate.ReadRevision(ctx, v.stack, ref, below)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return commit, err
		}
	}
	return "", nil
}

// hydratedSide takes the apps out of the files of a tree, each with the destination and the policy of its Application.
// Known are objects that need no parsing, see [hydrate.Files.Results].
func (v *invocation) hydratedSide(s *side, known func(render.App) (render.Set, bool)) error {
	results, notes, err := s.files.Results(known)
	if err != nil {
		return err
	}
	objects, err := s.files.Applications()
	if err != nil {
		return err
	}
	if objects == nil { // another tool's tree has them in any directory
		for _, r := range results {
			objects = append(objects, r.Set.Objects...)
		}
	}
	applications, err := application.Read(objects)
	if err != nil {
		return err
	}
	s.argo = slices.DeleteFunc(slices.Clone(objects), func(o render.Object) bool {
		return o.Key.Group != "argoproj.io" || o.Key.Kind != "Application"
	})
	merged, more := application.Merge(results, applications)
	s.notes = append(append(s.notes, notes...), more...)
	for _, r := range merged {
		if r.App.Layer == "" || v.selected(r.App) {
			s.results = append(s.results, r)
		}
	}
	return nil
}

// fresh is a tree that is about to be written, and what it was made of.
type fresh struct {
	files   hydrate.Files
	results []render.Result
}

// known gives the objects of the apps whose files in old are the ones that are about to be written.
func (n fresh) known(old hydrate.Files) func(render.App) (render.Set, bool) {
	return func(app render.App) (render.Set, bool) {
		at := slices.IndexFunc(n.results, func(r render.Result) bool { return r.App.Name == app.Name })
		if at < 0 || !old.Same(n.files, app) {
			return render.Set{}, false
		}
		return n.results[at].Set, true
	}
}

// replaced gives the tree that a hydrate would replace by next, with every app of it; false where there is none yet. It is
// read from the branch that the commit goes on, never from that of origin. Of apps whose files stay as they are the
// objects are those of next.
func (v *invocation) replaced(ctx context.Context, to target, next fresh) (side, bool, error) {
	w := *v
	w.apps, w.layers = nil, nil
	s := side{name: "tree:" + to.out, scheme: "tree", done: func() {}}
	var err error
	if to.out != "" {
		s.files, err = hydrate.ReadDir(ctx, to.out)
	} else {
		s.name, s.scheme = "branch:"+to.branch, "branch"
		s.files, s.commit, err = hydrate.ReadRevision(ctx, v.stack, "refs/heads/"+to.branch, "")
		if err == nil {
			s.name += fmt.Sprintf(" (%s)", s.commit[:7])
		}
	}
	s.seal = s.files.Seal()
	if to.out == "" {
		s.seal = cmp.Or(s.commit, strings.Repeat("0", 40))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return side{seal: s.seal}, false, nil
	case err != nil:
		return side{}, false, fmt.Errorf("reading the tree that would be replaced: %w", err)
	}
	_, pending := s.files[".sluice/pending"]
	if _, listed := s.files[".sluice/inventory"]; !listed && !pending {
		return side{seal: s.seal}, false, nil // all that is there is foreign, and stays
	}
	if !pending {
		err = w.hydratedSide(&s, next.known(s.files))
	}
	lost := slices.ContainsFunc(s.files.Gone(), func(p string) bool {
		_, again := next.files[p]
		return !again
	})
	if pending || errors.Is(err, fs.ErrNotExist) && !lost {
		err = w.asItLies(&s, next)
	}
	if err != nil {
		return side{}, false, fmt.Errorf("reading the tree that would be replaced: %w", err)
	}
	return s, len(s.results) > 0, nil
}

// asItLies reads a tree whose records do not fit its files, as one without records: a run that died has left some of the
// old files and some of the new, or somebody deleted one to have it written again. The next run completes the tree and
// removes what is neither old nor new. What is gone was judged when the run began, or comes back: a file that was deleted
// by hand and would stay away is an error of [invocation.replaced], as Argo CD may have applied what it held.
func (v *invocation) asItLies(s *side, next fresh) error {
	maps.DeleteFunc(s.files, func(p string, _ []byte) bool { return strings.HasPrefix(p, ".sluice/") })
	s.notes = []string{"an earlier run was interrupted, or files are gone; the tree is compared as it lies there"}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(s.files)), isManifest) {
		return nil
	}
	err := v.hydratedSide(s, nil)
	// Without records the Argo CD side looks like apps.
	s.results = slices.DeleteFunc(s.results, func(r render.Result) bool { return strings.HasPrefix(r.App.Name, "argo/") })
	// The Application that says where an app goes may be what is gone. Not to know it must not look like a move.
	for i := range s.results {
		app := &s.results[i].App
		at := slices.IndexFunc(next.results, func(r render.Result) bool { return path.Join(r.App.Layer, r.App.Name) == app.Name })
		if app.Namespace == "" && at >= 0 {
			app.Namespace = next.results[at].App.Namespace
		}
	}
	return err
}

// kept gives the right side of a hydrate with the foreign objects of the left one: no run removes them.
func kept(left, right render.Set) render.Set {
	var foreign render.Set
	for _, o := range left.Objects {
		if o.Provenance.Source == hydrate.Foreign {
			foreign.Objects = append(foreign.Objects, o)
		}
	}
	return right.Append(foreign)
}
