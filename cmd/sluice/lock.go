package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"sluice/render"
	"sluice/render/source"
)

// lockVerb is the verb that settles what every source of a stack is. It is the only one that asks what a range, a
// branch or a tag means today.
func lockVerb(v *invocation) *cobra.Command {
	var check, update, prune bool
	var form string
	cmd := &cobra.Command{
		Use:   "lock [--update [APP...]]",
		Short: "Resolve every source of the stack and write sluice.lock",
		Long: "lock reads every chart, repository and file that the stack asks for, also through umbrella charts,\n" +
			"kustomizations and values schemas, and writes what each is, with its digest, into sluice.lock beside the stack.\n" +
			"render and hydrate take what the lock says and nothing else.\n\n" +
			"What the lock has stays as it is; --update resolves it anew, for all apps or for those named. Entries that\n" +
			"nothing asks for are removed, but where the stack has a @tag() only with --prune: other values of it may need them.\n\n" +
			"With --check nothing is written and no connection is opened; the exit code is 1 where the stack asks for\n" +
			"something else than the lock has.",
		Example: "  sluice lock\n  sluice lock --check\n  sluice lock --update traefik",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, apps []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			switch {
			case check && update:
				return &render.Error{Err: errors.New("--check and --update are both given"), Hint: "--check writes nothing; give one"}
			case len(apps) > 0 && !update:
				return &render.Error{
					Err:  fmt.Errorf("app %s is named without --update", apps[0]),
					Hint: "a lock is of the whole stack; --update resolves the sources of the apps named anew",
				}
			case check:
				return v.checkLock(cmd.Context(), form)
			}
			return v.lock(cmd.Context(), locking{update: update, apps: apps, prune: prune}, form)
		},
	}
	output(cmd, &form, "table", "json")
	cmd.Flags().BoolVar(&check, "check", false, "write nothing and open no connection; exit 1 where the lock is not what the stack asks for")
	cmd.Flags().BoolVarP(&update, "update", "u", false, "resolve anew what the lock has, for all apps or for those named")
	cmd.Flags().BoolVar(&prune, "prune", false, "remove what nothing asks for also where the stack has a @tag()")
	cmd.Flags().BoolVar(&v.strict, "strict", false, "with --check, exit 1 also where not everything is in the cache to be looked into")
	v.stackFlags(cmd.Flags())
	v.sourceFlags(cmd.Flags())
	return cmd
}

// locking is what a run is asked to do besides adding what the lock lacks.
type locking struct {
	update bool
	apps   []string // to update; none means all
	prune  bool
}

// tagged says whether what a stack asks for may depend on a tag.
func tagged(plan render.Plan) (bool, error) {
	files, err := filepath.Glob(filepath.Join(plan.Dir, "*.cue"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return false, fmt.Errorf("reading the stack: %w", err)
		}
		if bytes.Contains(text, []byte("@tag(")) {
			return true, nil
		}
	}
	return false, err
}

// lock resolves what the lock lacks and writes it. Nothing is written unless every source was read.
func (v *invocation) lock(ctx context.Context, how locking, form string) error {
	plan, err := v.plan()
	if err != nil {
		return err
	}
	old, err := v.oldLock(plan)
	if err != nil {
		return err
	}
	known := old
	if how.update {
		if known, err = v.updated(ctx, plan, old, how.apps); err != nil {
			return err
		}
	}
	r, err := v.reader(plan, known)
	if err != nil {
		return err
	}
	r.Resolve = true
	if err := v.visit(ctx, plan, r); err != nil {
		return err
	}
	entries := r.Settled()
	several, err := tagged(plan)
	if err != nil {
		return err
	}
	if several && !how.prune {
		for _, e := range old.Entries() {
			if !slices.ContainsFunc(entries, e.Same) {
				entries = append(entries, e)
			}
		}
	}
	made, err := source.NewLock(entries)
	if err != nil {
		return err
	}
	changes := old.Diff(made)
	if err := writeLock(plan, made, len(changes) > 0 || old == nil); err != nil {
		return err
	}
	return v.sayLocked(form, made, changes)
}

// oldLock reads the lock that a run replaces. One that cannot be read, after a merge with conflicts say, is told and
// counts as none, which is nil: this verb is what every message about such a lock names as the way out. One that a newer
// sluice wrote is left alone.
func (v *invocation) oldLock(plan render.Plan) (*source.Lock, error) {
	old, err := readLock(plan)
	var broken *render.Error
	if errors.As(err, &broken) && !errors.Is(err, errors.ErrUnsupported) {
		v.note("warning: %v; every source is resolved anew", err)
		return nil, nil
	}
	return old, err
}

// updated gives the lock without the entries that are to be resolved anew, and with what they are now: all, or those of
// the apps named. A source that another app shares is one entry and moves for both.
func (v *invocation) updated(ctx context.Context, plan render.Plan, old *source.Lock, apps []string) (*source.Lock, error) {
	if len(apps) == 0 {
		return source.NewLock(nil)
	}
	some, err := v.planOf("app", apps)
	if err != nil {
		return nil, err
	}
	r, err := v.reader(plan, nil)
	if err != nil {
		return nil, err
	}
	r.Resolve = true
	if err := v.visit(ctx, some, r); err != nil {
		return nil, err
	}
	entries := r.Settled()
	for _, e := range old.Entries() {
		if !slices.ContainsFunc(entries, e.Same) {
			entries = append(entries, e)
		}
	}
	return source.NewLock(entries)
}

// writeLock puts the lock beside the stack, complete or not at all. A lock that did not change keeps its file.
func writeLock(plan render.Plan, made *source.Lock, changed bool) error {
	name := filepath.Join(plan.Dir, lockName)
	if _, err := os.Stat(name); err == nil && !changed {
		return nil
	}
	return made.WriteFile(name)
}

// checkLock compares what the stack asks for with what the lock has, by name. What a source asks for in turn is known
// where its bytes are in the cache; where they are not, that is said.
func (v *invocation) checkLock(ctx context.Context, form string) error {
	plan, err := v.plan()
	if err != nil {
		return err
	}
	lock, err := readLock(plan)
	if err != nil {
		return err
	}
	v.offline = true
	r, err := v.reader(plan, lock)
	if err != nil {
		return err
	}
	unsettled, failures := parted(v.visit(ctx, plan, r))
	if failures != nil {
		return failures
	}
	missing := r.Missing()
	blind := unsettled > len(missing)
	var changes []source.Change
	for _, e := range missing {
		changes = append(changes, source.Change{After: e})
	}
	several, err := tagged(plan)
	if err != nil {
		return err
	}
	// What nothing asks for is known only where everything was looked into, and where no other tag may ask for it.
	if unsettled == 0 && !several {
		used := r.Settled()
		for _, e := range lock.Entries() {
			if !slices.ContainsFunc(used, e.Same) {
				changes = append(changes, source.Change{Before: e})
			}
		}
	}
	if err := printChanges(v.out, form, changes); err != nil {
		return err
	}
	if blind {
		v.note("unchecked: not everything is in the cache, so what it asks for in turn was not looked at; run %s online once", v.command("lock"))
	}
	if len(changes) > 0 {
		v.note("%s is not what the stack asks for; run %s and commit it", lockName, v.command("lock"))
		return errDifferent
	}
	if blind && v.strict {
		return errDifferent
	}
	v.note("%s has what the stack asks for: %d sources", lockName, len(r.Settled()))
	return nil
}

// sayLocked reports a run: the changes as the result, the count as a note.
func (v *invocation) sayLocked(form string, made *source.Lock, changes []source.Change) error {
	if err := printChanges(v.out, form, changes); err != nil {
		return err
	}
	for _, c := range changes {
		if c.Before.Resolved == c.After.Resolved && c.Before.Resolved != "" && c.Before.Digest != c.After.Digest {
			v.note("warning: %s was published again with other content: it was %s, it is %s", c.After, c.Before.Digest, c.After.Digest)
		}
	}
	what := "nothing changed"
	if len(changes) > 0 {
		what = fmt.Sprintf("%d changed", len(changes))
	}
	v.note("%s: %d sources, %s", lockName, len(made.Entries()), what)
	return nil
}
