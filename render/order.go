package render

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// Random lists fields that differ between two renders of the same input; empty for a deterministic app.
	Random  []string
	Elapsed time.Duration // for people; never part of any output that is compared
}

// Render does the order of work for every app of the plan, at most jobs at a time: read the sources, run the engines,
// parse, decode placeholders, and judge completeness. Results come in the order of [Plan.Apps].
//
// All apps are tried. If any fails, the error joins the failures in that order and no result is given, so nobody
// mistakes a part for the whole.
func Render(ctx context.Context, plan Plan, c Capabilities, tools Tools) ([]Result, error) {
	apps := plan.Apps()
	results := make([]Result, len(apps))
	failures := make([]error, len(apps))
	slots := make(chan struct{}, max(tools.Jobs, 1))
	var wait sync.WaitGroup
	for i, app := range apps {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			start := tools.now()
			if failures[i] = ctx.Err(); failures[i] == nil {
				w := work{plan: plan, app: app, capabilities: c, tools: tools}
				results[i], failures[i] = w.result(ctx)
			}
			if failures[i] != nil {
				failures[i] = fmt.Errorf("app %s: %w", app.Name, failures[i])
			}
			results[i].Elapsed = tools.now().Sub(start)
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	return results, nil
}

// work is the render of one app.
type work struct {
	plan         Plan
	app          App
	capabilities Capabilities
	tools        Tools
}

// result renders the app, and once more where a template calls for randomness, to name the fields it makes differ.
func (w work) result(ctx context.Context) (Result, error) {
	result, random, err := w.once(ctx)
	if err != nil {
		return Result{}, err
	}
	if len(random) > 0 {
		again, _, err := w.once(ctx)
		if err != nil {
			return Result{}, err
		}
		for _, change := range Diff(result.Set, again.Set) {
			result.Random = append(result.Random, randomFields(change)...)
		}
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

func randomFields(c Change) []string {
	if c.Kind != Modified {
		return []string{fmt.Sprintf("%s: %s", c.Key, c.Kind)}
	}
	var fields []string
	for _, e := range c.Edits {
		fields = append(fields, fmt.Sprintf("%s: %s", c.Key, e.Field))
	}
	return fields
}

// once renders every source of the app. It gives the result and the random functions that templates use.
func (w work) once(ctx context.Context) (Result, []string, error) {
	result := Result{App: w.app}
	var random []string
	for _, source := range w.app.Sources {
		set, out, err := w.source(ctx, source)
		if err != nil {
			return Result{}, nil, locate(err, source)
		}
		for i := range set.Objects {
			set.Objects[i].Provenance.App = w.app.Name
			set.Objects[i].Provenance.Source = source.String()
		}
		result.Set = result.Set.Append(set)
		result.Inputs = append(result.Inputs, out.Inputs...)
		result.Unchecked = append(result.Unchecked, out.Unchecked...)
		random = append(random, out.Random...)
	}
	if w.app.Secrets == "avp" {
		var err error
		if result.Set, result.Ledger, err = w.tools.Decode(result.Set); err != nil {
			return Result{}, nil, fmt.Errorf("decoding placeholders: %w", err)
		}
	}
	return result, random, nil
}

// locate gives an error the position of the source where it has none of its own.
func locate(err error, source Source) error {
	var placed *Error
	if errors.As(err, &placed) && placed.Pos.File != "" || source.Pos.File == "" {
		return err
	}
	return &Error{Pos: source.Pos, Err: err}
}

// source reads and renders one source.
func (w work) source(ctx context.Context, source Source) (Set, Output, error) {
	if source.Kind == KindKustomize {
		out, err := w.tools.Kustomize(ctx, Build{Dir: w.plan.Dir, Path: source.Path, Capabilities: w.capabilities})
		if err != nil {
			return Set{}, Output{}, err
		}
		set, err := Parse(source.String(), out.YAML)
		return set, out, err
	}
	tree, err := w.tools.Fetch(ctx, source)
	if err != nil {
		return Set{}, Output{}, err
	}
	if source.Kind == KindManifests {
		set, err := manifests(tree)
		return set, Output{Inputs: tree.Inputs}, err
	}
	out, err := w.tools.Helm(ctx, Release{
		Name: source.Release, Namespace: w.app.Namespace, Chart: tree, Values: source.Values, Dir: w.tools.Dir,
		Capabilities: w.capabilities, SkipCRDs: source.SkipCRDs, SkipTests: source.SkipTests,
	})
	if err != nil {
		return Set{}, Output{}, err
	}
	out.Inputs = append(tree.Inputs, out.Inputs...)
	set, err := Parse(source.String(), out.YAML)
	return set, out, err
}

// manifests parses the files of a tree of plain manifests. A file that holds no object is an error: Argo CD ignores
// a YAML file that it cannot read as manifests, and what it held would be pruned.
func manifests(tree Tree) (Set, error) {
	var set Set
	for _, f := range tree.Files {
		part, err := Parse(strings.TrimSuffix(tree.Origin, "/")+"/"+f.Path, f.Data)
		if err != nil {
			return Set{}, err
		}
		set = set.Append(part)
	}
	return set, nil
}
