package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/application"
	"sluice/render/hydrate"
)

// target is where a hydrated tree goes.
type target struct {
	out        string // a directory, or empty for a branch
	branch     string // empty means the stack's
	check      bool
	create     bool
	allowDirty bool
	seal       string // the state of it that the brake compared
}

// hydrateVerb is the verb that writes the tree which Argo CD reads. It has no --app and no --layer: a tree of a part
// of the stack would make Argo CD prune the rest.
func hydrateVerb(v *invocation) *cobra.Command {
	var form string
	var to target
	cmd := &cobra.Command{
		Use:   "hydrate",
		Short: "Render the stack and write the tree that Argo CD reads",
		Long: "hydrate renders every app and writes one file per object, the Applications that point at them, an inventory\n" +
			"and the provenance: into a directory (--out), or as a commit on a branch of the repository that holds the\n" +
			"stack (--branch, by default the stack's hydrate.branch). No work tree is touched.\n\n" +
			"It writes everything or nothing, and only paths that its inventory owns: stale files go, foreign files stay\n" +
			"and are listed, files edited by hand are an error. When nothing changed, nothing is written or committed.\n\n" +
			"It compares with the tree that it replaces: a loss of data, of secrets or of what other objects live in stops\n" +
			"it, with exit code 1 and nothing written, until the stack accepts that loss (accept) or the object is back.\n\n" +
			"With --check nothing is written, and no loss is looked for; the exit code is 1 where the tree is not what the stack\n" +
			"renders.",
		Example: "  sluice hydrate --out rendered\n  sluice hydrate --branch rendered/prod --tag env=prod\n  sluice hydrate --check",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			if err := notEmpty(cmd, "out", "branch"); err != nil {
				return err
			}
			if to.out != "" && to.branch != "" {
				return &render.Error{Err: errors.New("--out and --branch are both given"), Hint: "a run writes one tree; give one"}
			}
			return v.hydrate(cmd.Context(), to, form)
		},
	}
	output(cmd, &form, "table", "json")
	f := cmd.Flags()
	f.StringVar(&to.out, "out", "", "write the tree into this `dir`ectory")
	f.StringVar(&to.branch, "branch", "", "commit the tree on this `branch`; the default is the stack's hydrate.branch")
	f.BoolVar(&to.check, "check", false, "write nothing; exit 1 where the tree is not what the stack renders")
	f.BoolVar(&to.create, "create", false, "create the branch where it does not exist")
	f.BoolVar(&to.allowDirty, "allow-dirty", false, "commit although the stack has uncommitted changes; the commit then names no dry revision")
	v.stackFlags(f)
	v.renderFlags(f)
	return cmd
}

// hydrate is the order of the verb: settle the target, render all, then compare or write. Nothing is written before
// every app has rendered and every file of the tree is known.
func (v *invocation) hydrate(ctx context.Context, to target, form string) error {
	plan, err := v.plan()
	if err != nil {
		return err
	}
	if len(plan.Faults) > 0 { // it was read without them, and what it is with them nobody knows
		return &render.Error{
			Err:  errors.New("hydrating: policies of the stack do not compile, and a tree is written of a whole stack only"),
			Hint: "correct or remove the policies named above; render and diff show what the rest gives",
		}
	}
	if to.out == "" && to.branch == "" {
		to.branch = plan.Hydrate.Branch
	}
	if to.out == "" && to.branch == "" {
		return &render.Error{
			Err:  errors.New("hydrating: it is not said where to"),
			Hint: "give --out or --branch, or state hydrate.branch in the stack",
		}
	}
	// Before the render, which takes seconds, and although nothing is written yet.
	if err := outOfSources(plan, to.out); err != nil {
		return err
	}
	chain, err := v.toolchainFor(ctx, plan)
	if err != nil {
		return err
	}
	files, results, err := v.tree(ctx, plan, chain)
	if err != nil {
		return err
	}
	if to.check {
		if err := v.checkTree(ctx, to, form, files); err != nil {
			return err
		}
		return v.judged(results)
	}
	if to.seal, err = v.brake(ctx, to, form, rendered{plan, chain, fresh{files, results}}); err != nil {
		return err
	}
	done, err := v.write(ctx, to, plan, files)
	if err != nil {
		return err
	}
	if err := v.sayHydrated(form, to, results, done); err != nil {
		return err
	}
	return v.judged(results)
}

// tree renders the plan and gives the files of its hydrated tree.
func (v *invocation) tree(ctx context.Context, plan render.Plan, chain render.Toolchain) (hydrate.Files, []render.Result, error) {
	results, err := v.render(ctx, plan, chain, nil)
	if err != nil {
		return nil, nil, err
	}
	// Also for --check: a tree that is never the same twice is never what the stack renders.
	if err := refuseRandom(results); err != nil {
		return nil, nil, err
	}
	applications, err := application.Objects(plan, results)
	if err != nil {
		return nil, nil, err
	}
	files, err := hydrate.Tree(plan, results, applications, chain)
	return files, results, err
}

// refuseRandom stops a tree that would change with every run: each hydrate would rotate passwords and certificates.
func refuseRandom(results []render.Result) error {
	var errs []error
	for _, r := range results {
		if len(r.Random) == 0 || r.App.AllowRandom {
			continue
		}
		errs = append(errs, &render.Error{
			Pos: r.App.Pos,
			Err: fmt.Errorf("app %s: hydrating: %d fields differ from run to run, first %s", r.App.Name, len(r.Random), r.Random[0]),
			Hint: "state the value that the chart would make up (often an existingSecret), or say allowRandom: true " +
				"to commit a new one with every change",
		})
	}
	return errors.Join(errs...)
}

// write puts the files where they go. Both ways know from the inventory which paths are theirs, and change nothing
// where the tree is already there.
func (v *invocation) write(ctx context.Context, to target, plan render.Plan, files hydrate.Files) (hydrate.Summary, error) {
	if to.out != "" {
		return files.Replace(ctx, to.out, to.seal)
	}
	return hydrate.Commit(ctx, v.stack, files, hydrate.CommitOptions{
		Branch: to.branch, Create: to.create, Tip: to.seal, StackDir: v.stack, AllowDirty: to.allowDirty,
		StackURL: plan.Hydrate.RepoURL, // the branch is one of the repository that holds the stack
		Reads:    reads(plan),
	})
}

// checkTree lists what a hydrate would change.
func (v *invocation) checkTree(ctx context.Context, to target, form string, files hydrate.Files) error {
	var found []hydrate.Difference
	var err error
	if to.out != "" {
		found, err = hydrate.Check(ctx, files, to.out)
	} else {
		found, err = hydrate.CheckBranch(v.stack, files, to.branch)
	}
	if err != nil {
		return err
	}
	// The list is the result, so it goes to stdout; what to do about it is advice, and goes to stderr.
	if form == "json" {
		if err := report.JSON(v.out, append([]hydrate.Difference{}, found...)); err != nil {
			return err
		}
	} else {
		for _, d := range found {
			fmt.Fprintf(v.out, "%s %s\n", d.Kind, d.Path)
		}
	}
	if len(found) == 0 {
		v.note("the hydrated tree is what the stack renders")
		return nil
	}
	foreign := 0
	for _, d := range found {
		if d.Kind == hydrate.Foreign {
			foreign++
		}
	}
	if n := len(found) - foreign; n > 0 {
		v.note("paths that are not what the stack renders: %d; run sluice hydrate without --check", n)
	}
	if foreign > 0 {
		v.note("foreign paths that Argo CD applies too: %d; hydrate never removes them: delete them, or take them into the stack", foreign)
	}
	return errDifferent
}

// hydrated is the outcome of a run for machines.
type hydrated struct {
	Apps      []report.App `json:"apps"`
	Added     int          `json:"added"`
	Changed   int          `json:"changed"`
	Removed   []string     `json:"removed"`
	Unchanged int          `json:"unchanged"`
	Foreign   []string     `json:"foreign"`
	Commit    string       `json:"commit,omitempty"`
}

// sayHydrated reports a run: the apps as the result, the counts and the foreign files as notes. In JSON all of it is
// the result, and lists are never null.
func (v *invocation) sayHydrated(form string, to target, results []render.Result, s hydrate.Summary) error {
	apps := report.Summarize(results)
	if form == "json" {
		return report.JSON(v.out, hydrated{
			Apps: apps, Added: s.Added, Changed: s.Changed, Removed: orEmpty(s.Removed), Unchanged: s.Unchanged,
			Foreign: orEmpty(s.Foreign), Commit: s.Commit,
		})
	}
	if err := report.Summary(v.out, apps); err != nil {
		return err
	}
	where := to.out
	if where == "" {
		where = "branch " + to.branch
	}
	for _, f := range s.Foreign {
		v.note("foreign, left alone: %s", f)
	}
	for _, f := range s.Removed {
		v.note("removed: %s", f)
	}
	if s.Repaired {
		v.note("an earlier run was interrupted while it wrote; the tree is complete now")
	}
	// Said in words, because a commit that is not made looks like a run that did nothing.
	if !s.Wrote {
		v.note("%s: %d files, nothing changed, nothing written", where, s.Unchanged)
		return nil
	}
	v.note("%s: %d files added, %d changed, %d removed, %d unchanged", where, s.Added, s.Changed, len(s.Removed), s.Unchanged)
	if s.Commit != "" {
		v.note("commit %s", s.Commit)
	}
	return nil
}

// reads lists the paths of the stack that its sources name. What lies in a ref is no file of the stack.
func reads(plan render.Plan) []string {
	var paths []string
	for _, app := range plan.Apps() {
		for _, s := range app.Sources {
			for _, p := range append([]string{s.Path, s.Keyring}, s.Values.Files...) {
				if _, _, inRef := plan.Ref(p); p != "" && !inRef {
					paths = append(paths, p)
				}
			}
		}
	}
	return paths
}

// orEmpty makes a list that is never null in JSON.
func orEmpty(list []string) []string { return append([]string{}, list...) }

// outOfSources refuses an output directory whose tree would meet a source of the stack: the next run would render the
// tree itself.
func outOfSources(plan render.Plan, out string) error {
	if out == "" {
		return nil
	}
	// Compared after links are resolved: a link into a source is inside it.
	at, err := resolved(out)
	if err != nil {
		return err
	}
	within := func(dir, p string) bool {
		rel, err := filepath.Rel(dir, p)
		return err == nil && filepath.IsLocal(rel)
	}
	for _, app := range plan.Apps() {
		for _, s := range app.Sources {
			if _, _, inRef := plan.Ref(s.Path); s.Path == "" || inRef {
				continue
			}
			dir, err := resolved(filepath.Join(plan.Dir, filepath.FromSlash(s.Path)))
			if err != nil {
				continue
			}
			meets := within(dir, at)
			for _, l := range plan.Layers {
				meets = meets || within(dir, filepath.Join(at, l.Name)) || within(filepath.Join(at, l.Name), dir)
			}
			if meets {
				return &render.Error{
					Pos:  app.Pos,
					Err:  fmt.Errorf("app %s reads %s, and a tree in --out %s would be inside it", app.Name, s.Path, out),
					Hint: "hydrate to a directory that no app reads",
				}
			}
		}
	}
	return nil
}

// resolved gives the absolute path without links of something that need not exist.
func resolved(p string) (string, error) {
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	// EvalSymlinks wants all of the path to be there. A link above a directory that is still to be made counts as
	// well.
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real, nil
	}
	up, err := resolved(filepath.Dir(abs))
	return filepath.Join(up, filepath.Base(abs)), err
}
