package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"sluice/render"
	"sluice/render/cause"
	"sluice/render/toolchain"
)

// explain looks for the causes of what one side lacks.
func (c *comparer) explain(ctx context.Context, o *outcome) error {
	// They are tried where the other side is a capture alone.
	for _, s := range [][2]*side{{&o.left, &o.right}, {&o.right, &o.left}} {
		if s[1].again == nil {
			if err := s[0].alternatives(ctx, c.v); err != nil {
				return err
			}
		}
	}
	for _, a := range o.apps {
		var lost, gained []render.Change
		for _, change := range a.Effective {
			switch change.Kind() {
			case "modified":
			case "added":
				gained = append(gained, change)
			default:
				lost = append(lost, change)
			}
		}
		if len(lost)+len(gained) == 0 {
			continue
		}
		left, right := o.left.cause(a.Left), o.right.cause(a.Right)
		// A tree does not keep the sources of an app; those of the other side are what its toolchain is tried on. Its
		// destination it does keep.
		if o.left.again == nil && !left.Captured {
			left.App = a.Right.App
			left.App.Namespace = cmp.Or(a.Left.App.Namespace, a.Right.App.Namespace)
		}
		if o.right.again == nil && !right.Captured {
			right.App = a.Left.App
			right.App.Namespace = cmp.Or(a.Right.App.Namespace, a.Left.App.Namespace)
		}
		for _, one := range []struct {
			full, short cause.Side
			changes     []render.Change
		}{{left, right, lost}, {right, left, gained}} {
			// An app that one side lacks as a whole was taken out or put in by a person.
			if len(one.changes) == 0 || len(one.short.Result.Set.Objects) == 0 && !one.short.Captured {
				continue
			}
			causes, err := cause.Explain(ctx, one.full, one.short, one.changes)
			if err != nil {
				return fmt.Errorf("app %s: looking for causes: %w", a.App, err)
			}
			for _, found := range causes {
				o.causes, o.causeApps = append(o.causes, found), append(o.causeApps, a.App)
			}
		}
	}
	return nil
}

// cause gives one app of the side for the search for causes.
//
// A hydrated tree says what it was made with, so what its toolchain would give of the files there are now can be tried;
// the files that it was made from are gone, and what they gave stands for them.
func (s side) cause(r render.Result) cause.Side {
	one := cause.Side{App: r.App, Result: r}
	chain, made := s.files.Toolchain()
	switch {
	case s.again != nil:
		one.Toolchain, one.Files, one.Render, one.Charts = s.chain, s.again.files, s.again.one, s.again.charts
		one.Others = s.others
	case made:
		one.Toolchain = chain
		one.Render = func(context.Context, render.App, render.Toolchain) (render.Result, error) { return r, nil }
	default:
		one.Captured = true
	}
	one.Toolchain.Capabilities = r.Capabilities
	return one
}

// alternatives fills in the toolchains that a captured output may come from: every profile, both linked Helms, and what the
// stack declares. One that is not there is left out without a word: nobody asked for it.
func (s *side) alternatives(ctx context.Context, v *invocation) error {
	if s.again == nil || s.others != nil {
		return nil
	}
	var crds []render.Object
	for _, r := range s.results {
		crds = append(crds, r.Set.Definitions()...)
	}
	w := *v
	w.quiet, w.said = true, map[string]bool{}
	names := []string{"helm3", "helm4"}
	for _, profile := range toolchain.Profiles() {
		names = append(names, "profile="+profile)
	}
	names = append(names, slices.Sorted(maps.Keys(s.plan.Toolchains))...)
	for _, name := range names {
		chain, err := w.toolchainNamed(ctx, *s.plan, name)
		if err == nil {
			chain.Capabilities, err = toolchain.Capabilities(chain, crds)
		}
		if err == nil {
			s.others = append(s.others, chain)
		}
	}
	return ctx.Err()
}
