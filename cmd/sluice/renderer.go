package main

import (
	"cmp"
	"context"
	"io/fs"
	"slices"
	"sync"
	"time"

	"sluice/render"
	"sluice/render/avp"
	"sluice/render/kustomize"
	"sluice/render/origin"
	"sluice/render/source"
	"sluice/render/toolchain"
)

// renderer renders the apps of one plan with any toolchain. One reader serves all of them, so what is compared is made of
// the same bytes, fetched once.
type renderer struct {
	v      *invocation
	plan   render.Plan
	reader *source.Reader
	stack  fs.FS // the plan's directory: what bounds a kustomization
	files  fs.FS // where the files of values are read
	// bare says that it is no stack that is rendered but a path. Like helm template, that is told of the APIs that are
	// asked for, and not of those that it would bring itself.
	bare bool
	// replace stands in for files of values and of kustomizations; nil where they are read as they are. See [renderer.swapped].
	replace origin.Replace
	walked  map[string]*walk // plain manifests that were read already, by app
}

// renderer opens a plan. The files of values are read from files; nil means from the plan's directory, which then is a
// stack's and has a lock. The function returned closes it.
func (v *invocation) renderer(plan render.Plan, files fs.FS) (*renderer, func(), error) {
	var lock *source.Lock
	if files == nil {
		var err error
		if lock, err = readLock(plan); err != nil {
			return nil, nil, err
		}
	}
	reader, err := v.reader(plan, lock)
	if err != nil {
		return nil, nil, err
	}
	bounded, done, err := stackFiles(plan.Dir)
	if err != nil {
		return nil, nil, err
	}
	bare := files != nil
	if !bare {
		files = bounded
	}
	return &renderer{v: v, plan: plan, reader: reader, stack: bounded, files: files, bare: bare}, done, nil
}

// all renders every app of the plan.
func (r *renderer) all(ctx context.Context, chain render.Toolchain) ([]render.Result, error) {
	tools, err := r.tools(ctx, chain)
	if err != nil {
		return nil, err
	}
	return render.Render(ctx, r.plan, tools)
}

// one renders one app, which need not be as the plan has it, told of the cluster what chain.Capabilities say and nothing
// else.
func (r *renderer) one(ctx context.Context, app render.App, chain render.Toolchain) (render.Result, error) {
	tools, err := r.tools(ctx, chain)
	if err != nil {
		return render.Result{}, err
	}
	return r.with(ctx, app, chain, tools)
}

// with is [renderer.one] with tools that are given.
func (r *renderer) with(ctx context.Context, app render.App, chain render.Toolchain, tools render.Tools) (render.Result, error) {
	tools.Model = func([]render.Object) (render.Capabilities, error) { return chain.Capabilities, nil }
	plan := r.plan
	plan.Layers, plan.Others = []render.Layer{{Name: app.Layer, Apps: []render.App{app}}}, nil
	results, err := render.Render(ctx, plan, tools)
	if err != nil {
		return render.Result{}, err
	}
	return results[0], nil
}

// tools wires a toolchain. One reader and one helm engine serve both ways to a chart, so helmCharts and a stack's own
// charts are the same bytes.
func (r *renderer) tools(ctx context.Context, chain render.Toolchain) (render.Tools, error) {
	tools, err := r.engines(ctx, chain)
	tools.Model = func(crds []render.Object) (render.Capabilities, error) {
		if r.bare {
			crds = nil
		}
		return toolchain.Capabilities(chain, crds)
	}
	tools.Decode, tools.Clock = avp.Decode, time.Now
	tools.Dir, tools.Stack, tools.Jobs = r.files, r.stack, r.v.jobs
	return tools, err
}

// charts lists the chart trees that the render of an app reads, ordered by name.
func (r *renderer) charts(ctx context.Context, app render.App) ([]render.Tree, error) {
	var lock sync.Mutex
	var trees []render.Tree
	record := func(ctx context.Context, s render.Source) (render.Tree, error) {
		tree, err := r.reader.Fetch(ctx, s)
		if err == nil && (s.Kind == render.KindHelm || s.Kind == render.KindUmbrella) {
			lock.Lock()
			defer lock.Unlock()
			trees = append(trees, tree)
		}
		return tree, err
	}
	for _, s := range app.Sources {
		var err error
		switch ref, rest, inRef := r.plan.Ref(s.Path); {
		case s.Kind == render.KindHelm, s.Kind == render.KindUmbrella:
			_, err = record(ctx, s)
		case s.Kind == render.KindKustomize && inRef:
			var tree render.Tree
			if tree, err = r.reader.Fetch(ctx, ref); err == nil {
				err = kustomize.Engine{Fetch: record}.Walk(ctx, render.Build{Dir: tree.FS(), Path: rest})
			}
		case s.Kind == render.KindKustomize:
			err = kustomize.Engine{Fetch: record}.Walk(ctx, render.Build{Dir: r.stack, Path: s.Path})
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(trees, func(a, b render.Tree) int { return cmp.Compare(a.Name, b.Name) })
	return trees, nil
}
