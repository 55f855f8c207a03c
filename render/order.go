package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"
)

// Result is what one app renders to.
type Result struct {
	App       App
	Set       Set
	Ledger    []Placeholder // every placeholder of the app, decoded or not
	Inputs    []Input       // everything read, in the order of the sources
	Unchecked []string      // what could not be judged
	Unread    []error       // of an app with Sift, what of its manifests could not be read
	Foreign   []error       // of an app with Sift, the documents that are no objects of Kubernetes
	// Random lists fields that differ between two renders of the same input; empty for a deterministic app.
	Random []string
	// AsksAPIs says that a template of the app asks which APIs the cluster offers.
	AsksAPIs     bool
	Capabilities Capabilities  // what its templates were told
	Err          error         // why there is no set; of Unchecked and the rest nothing is known then
	Elapsed      time.Duration // for people; never part of any output that is compared
}

// Render does the order of work for every app of the plan, at most jobs at a time: read the sources, run the engines,
// parse, decode placeholders, and judge completeness. Results come in the order of [Plan.Apps].
//
// What templates are told of the cluster follows from what the plan brings to it: apps that ask for APIs are rendered
// again as soon as a CustomResourceDefinition that the plan renders adds one, until none does. The apps of
// [Plan.Others] are rendered for that alone, and only where an app asks.
//
// All apps are tried. If any fails, the error joins the failures in that order. The results then say which: one with an
// Err has no set. Whoever needs the whole looks at the error first.
func Render(ctx context.Context, plan Plan, tools Tools) ([]Result, error) {
	told, err := tools.Model(nil)
	if err != nil {
		return nil, err
	}
	results, err := renderAll(ctx, plan, plan.Apps(), tools.with(told))
	if err != nil {
		return nil, err
	}
	if results, err = settle(ctx, plan, results, tools.with(told)); err != nil {
		return nil, err
	}
	failures := make([]error, len(results))
	for i, r := range results {
		if failures[i] = r.Err; r.Err != nil {
			failures[i] = fmt.Errorf("app %s: %w", r.App.Name, r.Err)
		}
	}
	return results, errors.Join(failures...)
}

// renderAll renders apps side by side. Its error is that of the context; a failure of an app is in its result.
func renderAll(ctx context.Context, plan Plan, apps []App, tools told) ([]Result, error) {
	results := make([]Result, len(apps))
	slots := make(chan struct{}, max(tools.Jobs, 1))
	var wait sync.WaitGroup
	// The slot is taken before the goroutine starts, so that a plan of many apps does not start them all at once to
	// wait.
	for i, app := range apps {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		wait.Go(func() {
			defer func() { <-slots }()
			start := tools.now()
			err := ctx.Err()
			if err == nil {
				w := work{plan: plan, app: app, capabilities: tools.capabilities, tools: tools.Tools}
				results[i], err = w.result(ctx)
			}
			if err != nil {
				// What the app gave until it failed is dropped, on purpose: nobody shall mistake a part for the whole.
				results[i] = Result{App: app, Err: err}
			}
			results[i].Capabilities = tools.capabilities
			results[i].Elapsed = tools.now().Sub(start)
		})
	}
	// A template's loop, CUE and krusty look at no context. Nothing is written during a render, so what still runs is
	// left behind and ends with the process.
	all := make(chan struct{})
	go func() { wait.Wait(); close(all) }()
	select {
	case <-all:
		return results, ctx.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// work is the render of one app.
type work struct {
	plan         Plan
	app          App
	capabilities Capabilities
	tools        Tools
}

// result renders every source of the app and judges the whole.
func (w work) result(ctx context.Context) (Result, error) {
	result := Result{App: w.app}
	for _, source := range w.app.Sources {
		if err := w.add(ctx, source, &result); err != nil {
			return Result{}, locate(err, source)
		}
	}
	if w.app.Secrets == "avp" {
		var err error
		if result.Set, result.Ledger, err = w.tools.Decode(result.Set); err != nil {
			return Result{}, err
		}
		result.Unchecked = append(result.Unchecked, inKeys(result.Ledger)...)
	}
	if w.app.Secrets == "" {
		result.Unchecked = append(result.Unchecked, w.undeclared(result.Set)...)
	}
	if len(result.Set.Objects) == 0 && !w.app.AllowEmpty {
		return Result{}, &Error{
			Pos:  w.app.Pos,
			Err:  fmt.Errorf("rendering: no object came out (%d empty documents)", result.Set.Empties),
			Hint: "Argo CD would prune everything that the app has; if that is meant, say allowEmpty: true",
		}
	}
	return result, nil
}

// inKeys names placeholders that are mapping keys, which the plugin never replaces (argocd-vault-plugin issue 171).
func inKeys(ledger []Placeholder) []string {
	var notes []string
	for _, p := range ledger {
		if p.InKey {
			notes = append(notes, fmt.Sprintf("the plugin never replaces a mapping key: %s of %s", p.Field, p.Object))
		}
	}
	return notes
}

// undeclared names placeholders of an app that does not ask for the plugin: Argo CD would apply them as they stand.
func (w work) undeclared(set Set) []string {
	if w.tools.Decode == nil {
		return nil
	}
	ledger, err := w.placeholders(set)
	switch {
	case err != nil:
		return []string{"it holds what looks like a broken placeholder, and secrets is not \"avp\""}
	case len(ledger) == 0:
		return nil
	}
	return []string{fmt.Sprintf("no plugin replaces its placeholders (%d), as secrets is not \"avp\": first %s of %s",
		len(ledger), ledger[0].Field, ledger[0].Object)}
}

// placeholders lists those of a set, whose parts are looked through at the same time: it is of all apps that nearly none
// has one.
func (w work) placeholders(set Set) ([]Placeholder, error) {
	const part = 500 // objects
	parts := slices.Collect(slices.Chunk(set.Objects, part))
	ledgers, errs := make([][]Placeholder, len(parts)), make([]error, len(parts))
	w.each(len(parts), func(i int) { _, ledgers[i], errs[i] = w.tools.Decode(Set{Objects: parts[i]}) })
	return slices.Concat(ledgers...), cmp.Or(errs...)
}

// locate gives an error the position of the source where it has none of its own.
func locate(err error, source Source) error {
	var placed *Error
	if errors.As(err, &placed) && placed.Pos.File != "" || source.Pos.File == "" {
		return err
	}
	return &Error{Pos: source.Pos, Err: err}
}

// add reads and renders one source and adds what it gives to the result.
func (w work) add(ctx context.Context, source Source, to *Result) error {
	part, err := w.source(ctx, source)
	if err != nil {
		return err
	}
	for i := range part.Set.Objects {
		part.Set.Objects[i].Provenance.App = w.app.Name
		part.Set.Objects[i].Provenance.Source = source.String()
	}
	to.Set = to.Set.Append(part.Set)
	to.Inputs = append(to.Inputs, part.Inputs...)
	to.Unchecked = append(to.Unchecked, part.Unchecked...)
	to.Unread, to.Foreign = append(to.Unread, part.Unread...), append(to.Foreign, part.Foreign...)
	to.Random = append(to.Random, part.Random...)
	to.AsksAPIs = to.AsksAPIs || part.AsksAPIs
	return nil
}

// source renders one source: the part of a result that it gives.
func (w work) source(ctx context.Context, source Source) (Result, error) {
	if source.Kind == KindManifests {
		return w.manifests(ctx, source)
	}
	engine, inputs, err := w.engine(ctx, source)
	if err != nil {
		return Result{}, err
	}
	out, err := engine()
	if err != nil {
		return Result{}, err
	}
	var again func() (Output, error)
	// Only a render that calls for randomness is done twice: it costs a render, and the rest is deterministic by its
	// functions. The second runs while the first is parsed.
	if len(out.Random) > 0 {
		again = sync.OnceValues(engine)
		go again() // its outcome is asked for below
	}
	part := Result{Inputs: append(inputs, out.Inputs...), Unchecked: out.Unchecked, AsksAPIs: out.AsksAPIs}
	if part.Set, err = Parse(source.String(), out.YAML); err == nil && again != nil {
		part.Random, err = differing(again, source, out.YAML, part.Set)
	} else if again != nil {
		_, _ = again() // the second render ends before this one does
	}
	return part, err
}

// engine reads the tree of a source and gives the call that renders it, and what was read.
func (w work) engine(ctx context.Context, source Source) (func() (Output, error), []Input, error) {
	// A kustomization of the stack is not fetched: it may refer to its neighbours, so its engine reads the directory.
	if source.Kind == KindKustomize {
		build, inputs, err := w.build(ctx, source)
		return func() (Output, error) { return w.tools.Kustomize(ctx, build) }, inputs, err
	}
	tree, err := w.tools.Fetch(ctx, source)
	if err != nil {
		return nil, nil, err
	}
	files, inputs, err := w.valuesDir(ctx, source.Values)
	if err != nil {
		return nil, nil, err
	}
	release := Release{
		Name: source.Release, Namespace: w.app.Namespace, Chart: tree, Values: source.Values, Dir: files,
		Capabilities: w.capabilities, SkipCRDs: source.SkipCRDs, SkipTests: source.SkipTests, SkipSchema: source.SkipSchema,
	}
	return func() (Output, error) { return w.tools.Helm(ctx, release) }, append(slices.Clone(tree.Inputs), inputs...), nil
}

// differing compares a render with another of the same source, where a template calls for randomness, and names the
// fields that came out differently.
func differing(again func() (Output, error), source Source, first []byte, set Set) ([]string, error) {
	out, err := again()
	if err != nil || bytes.Equal(first, out.YAML) {
		return nil, err
	}
	second, err := Parse(source.String(), out.YAML)
	if err != nil {
		return nil, err
	}
	var fields []string
	for _, c := range Diff(set, second) {
		if c.Kind() != modified {
			fields = append(fields, fmt.Sprintf("%s: %s", c.Key, c.Kind()))
		}
		for _, e := range c.Edits {
			fields = append(fields, fmt.Sprintf("%s: %s", c.Key, e.Field))
		}
	}
	return fields, nil
}

// manifests parses the files of a source of plain manifests, each under its own name. A file that holds no object is an
// error: emptied or cut by accident it would be a shorter app.
func (w work) manifests(ctx context.Context, source Source) (Result, error) {
	tree, err := w.tools.Fetch(ctx, source)
	if err != nil {
		return Result{}, err
	}
	part := Result{Inputs: tree.Inputs}
	sets := make([]Set, 0, len(tree.Files))
	for i, parsed := range w.parseFiles(tree) {
		if parsed.err != nil {
			return Result{}, parsed.err
		}
		part.Unread, part.Foreign = append(part.Unread, parsed.unread...), append(part.Foreign, parsed.foreign...)
		if len(parsed.set.Objects) == 0 && !w.app.AllowEmpty {
			return Result{}, &Error{
				Pos:  Position{File: path.Join(tree.Origin, tree.Files[i].Path)},
				Err:  errors.New("reading manifests: the file holds no object"),
				Hint: "remove it, or give it another extension than .yaml, .yml and .json; what an emptied file held would be pruned",
			}
		}
		sets = append(sets, parsed.set)
	}
	part.Set = part.Set.Append(sets...)
	return part, nil
}

// parsedFile is what came of a file.
type parsedFile struct {
	set             Set
	unread, foreign []error
	err             error
}

// parseFiles parses the files of a tree, some at the same time: a directory of thousands of objects is one source, and
// parsing is most of the work on it.
func (w work) parseFiles(tree Tree) []parsedFile {
	all := make([]parsedFile, len(tree.Files))
	w.each(len(all), func(i int) {
		f := tree.Files[i]
		if name := path.Join(tree.Origin, f.Path); w.app.Sift {
			all[i].set, all[i].unread, all[i].foreign = Sift(name, f.Data)
		} else {
			all[i].set, all[i].err = Parse(name, f.Data)
		}
	})
	return all
}

// each does a number of things, as many at the same time as jobs are allowed.
func (w work) each(count int, do func(i int)) {
	slots := make(chan struct{}, max(w.tools.Jobs, 1))
	var wait sync.WaitGroup
	for i := range count {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wait.Wait()
}
