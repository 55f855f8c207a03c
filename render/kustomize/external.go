package kustomize

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sluice/render"
)

// External builds kustomizations with a kustomize binary, and their helmCharts with a helm binary, which that kustomize
// executes itself. So a toolchain with an external kustomize needs helm as a binary, also where its version is linked.
//
// The graph is walked first as the linked [Engine] walks it, and is held to the same rules. What was read then goes into
// a private copy: remote bases, components and files beside the rest, with the entry changed to a path and nothing else,
// and each chart where this kustomize looks before it would pull (HelmChartInflationGenerator.go, chartExistsLocally). No
// directory of the stack is trusted to hold a chart. The binaries get an empty environment, no search path, no proxy that
// answers, a time limit and a bound on their output; what they left in the copy must be what was put there.
//
// That the output is whole does not follow from an exit code: kustomize prints everything or fails, but takes what helm
// printed for whole. Template is the witness. With it the build is done once more by the linked kustomize, and every
// object of that one has to be in the output, by group, kind and name. One that is not is an error with the version
// that is linked, and one with other fields is named in Output.Unchecked. With another version the binary is run again,
// which must give the same bytes; the object is then named in Output.Unchecked as one that this version does not give.
// Without Template, and where the linked kustomize refuses the build, Output.Unchecked says that nothing was compared.
// Not seen by any of this: a field that another version lacks, and an object of the chart that helm leaves out both
// times.
//
// Its methods may be called from several goroutines.
type External struct {
	// Fetch reads sources; it is asked for what [Engine].Fetch is.
	Fetch func(context.Context, render.Source) (render.Tree, error)
	// Template renders a chart with the same helm binary; or nil. It also gives the "# Source:" comments, Random and AsksAPIs.
	// The linked library of that version would do only where it is told of the APIs that the binary adds on its own.
	Template func(context.Context, render.Release) (render.Output, error)
	// Prepare changes a chart before kustomize's helm gets it, e.g. to make the order of its keys certain; or nil. Template
	// gets the chart as it is.
	Prepare func(render.Tree) render.Tree
	// Kustomize and Helm are absolute paths. Helm is empty in a toolchain without a helm binary.
	Kustomize, Helm string
	// Version is of kustomize, "5.4.3", and HelmVersion of helm. Nothing here asks the binaries for theirs.
	Version, HelmVersion string
	// Limit is the longest that one run of kustomize may take; zero means two minutes.
	Limit time.Duration
	// Temp is where the private copies are made; empty means the system's directory for temporary files.
	Temp string
	// MaxOutput bounds what one run may print, in bytes; zero means 256 MiB.
	MaxOutput int
}

// The first releases of kustomize with a behaviour that a build has to know.
const (
	flagsVersion = "5.3.0" // --helm-kube-version, --helm-api-versions; charts in folders of their version (issue 4813)
	helm4Version = "5.8.1" // before, it calls "helm version -c", which Helm 4 refuses (kustomize issue 6013)
)

// Build builds the kustomization at in.Path. Its output and errors are of the form that [Engine.Build] describes.
func (e External) Build(ctx context.Context, in render.Build) (render.Output, error) {
	out, err := e.build(ctx, in)
	if err != nil {
		return render.Output{}, failed(in, err)
	}
	return out, nil
}

func (e External) build(ctx context.Context, in render.Build) (render.Output, error) {
	if !filepath.IsAbs(e.Kustomize) || e.Helm != "" && !filepath.IsAbs(e.Helm) {
		return render.Output{}, fmt.Errorf("the paths of kustomize %s and helm %s are not absolute", e.Version, e.HelmVersion)
	}
	linked := Engine{Fetch: remembered(e.Fetch), Template: e.Template}
	b := &build{walk: true, draft: &draft{
		versioned: !older(e.Version, flagsVersion), refuse: e.refusal(), prepare: e.Prepare, charts: map[string]render.Tree{},
	}}
	b, err := linked.visitAll(ctx, in, b)
	if err != nil {
		return render.Output{}, err
	}
	b.readPlugins()
	box, err := newSandbox(b, e.Temp)
	if err != nil {
		return render.Output{}, err
	}
	out, err := e.buildIn(ctx, in, b, box)
	if removed := box.remove(); err == nil && removed != nil {
		err = fmt.Errorf("removing the private copy: %w", removed)
	}
	return out, err
}

// buildIn builds in the sandbox, beside the witness.
func (e External) buildIn(ctx context.Context, in render.Build, b *build, box *sandbox) (render.Output, error) {
	ctx, stop := context.WithCancel(ctx)
	var w witness
	var second sync.WaitGroup
	// It reads what the caller may close after the return.
	defer second.Wait()
	defer stop()
	compared := !b.charted || e.Template != nil
	if compared {
		second.Go(func() { w = b.engine.call(ctx, in) })
	}
	raw, err := e.run(ctx, b, box)
	if err != nil {
		return render.Output{}, err
	}
	text, err := b.originate(raw, e.Version)
	if err != nil {
		return render.Output{}, fmt.Errorf("the output of kustomize %s: %w", e.Version, err)
	}
	set, err := render.Parse("kustomize "+e.Version, text)
	if err != nil {
		return render.Output{}, fmt.Errorf("the output of kustomize %s: %w", e.Version, err)
	}
	out := b.out
	out.Unchecked = addNew(e.unable(b), b.leaks())
	out.Inputs = joinInputs(b.view.inputs(), out.Inputs)
	if !compared {
		out.AsksAPIs = true // nobody looked
		out.Unchecked = addNew(out.Unchecked, []string{e.incomparable("its charts were not rendered a second time")})
		out.YAML = text
		return out, nil
	}
	second.Wait()
	if ctx.Err() != nil {
		return render.Output{}, ctx.Err()
	}
	if w.err != nil {
		out.AsksAPIs = true
		out.Unchecked = addNew(out.Unchecked, []string{e.incomparable("the linked kustomize refuses the build: " + w.err.Error())})
		out.YAML = text
		return out, nil
	}
	missing, err := e.compare(ctx, comparison{b, box, raw, set, w})
	if err != nil {
		return render.Output{}, err
	}
	out.Random, out.AsksAPIs = w.out.Random, w.out.AsksAPIs
	out.Unchecked = addNew(addNew(out.Unchecked, w.out.Unchecked), missing)
	out.Inputs = joinInputs(out.Inputs, w.out.Inputs)
	out.YAML = annotate(text, set, w.templates(set))
	return out, nil
}

// comparison is the output of a binary and its witness.
type comparison struct {
	b   *build
	box *sandbox
	raw []byte
	set render.Set
	w   witness
}

// compare looks for the witness's objects in the output. It gives what this version leaves out, or fails.
func (e External) compare(ctx context.Context, c comparison) ([]string, error) {
	lost := c.w.lost(c.set)
	switch other := c.w.others(c.set); {
	case len(lost) == 0 && (e.Version != Version || len(other) == 0):
		return nil, nil
	case len(lost) == 0:
		return []string{"whether every field is there: the linked kustomize of the same version gives others in " + describeKeys(other)}, nil
	case e.Version == Version:
		return nil, &render.Error{
			Pos: render.Position{File: c.b.fileOf(c.b.top)},
			Err: fmt.Errorf("kustomize %s gave %d objects, and the linked one of the same version %d: without %s",
				e.Version, len(c.set.Objects), len(c.w.set.Objects), describeKeys(lost)),
			Hint: "something ended helm or kustomize early, or the binary is not of that version; check it with `sluice toolchain verify`",
		}
	}
	again, err := e.run(ctx, c.b, c.box)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, c.raw) && len(c.w.out.Random) == 0 {
		return nil, fmt.Errorf("kustomize %s gave one output, and another when it was asked again; the first was without %s",
			e.Version, describeKeys(lost))
	}
	var notes []string
	for _, k := range lost {
		notes = addNew(notes, []string{fmt.Sprintf("%s is left out by kustomize %s: %s", k, e.Version, c.b.excuse(e.Version, k))})
	}
	return notes, nil
}

// run lets the binary build the copy and checks what it left there.
func (e External) run(ctx context.Context, b *build, box *sandbox) ([]byte, error) {
	args := []string{e.Kustomize, "build"}
	if b.charted {
		args = append(args, "--enable-helm", "--helm-command", e.Helm)
		if !older(e.Version, flagsVersion) {
			if b.caps.KubeVersion != "" {
				args = append(args, "--helm-kube-version", b.caps.KubeVersion)
			}
			for _, api := range b.caps.APIVersions {
				args = append(args, "--helm-api-versions", api)
			}
		}
	}
	text, err := child{
		name: "kustomize " + e.Version, args: append(args, filepath.Join(box.dir, filepath.FromSlash(b.top[1:]))),
		limit: cmp.Or(e.Limit, limit), most: cmp.Or(e.MaxOutput, maxOutput),
		explain: func(stderr string) error {
			return fmt.Errorf("kustomize %s: %w", e.Version, b.explain(errors.New(cmp.Or(stderr, "it failed and did not say why"))))
		},
	}.run(ctx, box)
	if err != nil {
		return nil, err
	}
	if err := box.verify(); err != nil {
		return nil, fmt.Errorf("kustomize %s or its helm wrote where nothing was to be written: %s", e.Version, b.clean(err.Error()))
	}
	return text, nil
}

// refusal says why no chart can be inflated, or is nil.
func (e External) refusal() func(chart) error {
	switch major, _, _ := strings.Cut(e.HelmVersion, "."); {
	case e.Helm == "":
		return func(c chart) error {
			return &render.Error{
				Err:  fmt.Errorf("chart %s: kustomize %s executes helm itself, and this toolchain has no helm binary", c.Name, e.Version),
				Hint: "sluice toolchain install helm@" + cmp.Or(e.HelmVersion, "VERSION"),
			}
		}
	case older(e.Version, helm4Version) && major != "" && major != "3":
		return func(c chart) error {
			return &render.Error{
				Err:  fmt.Errorf("chart %s: kustomize %s does not work with helm %s (kustomize issue 6013)", c.Name, e.Version, e.HelmVersion),
				Hint: "choose a helm 3, or kustomize " + helm4Version + " or newer",
			}
		}
	}
	return nil
}

// unable names what this kustomize cannot be told.
func (e External) unable(b *build) []string {
	if !b.charted || !older(e.Version, flagsVersion) {
		return nil
	}
	return []string{"kustomize " + e.Version + " cannot tell helm the Kubernetes version and the APIs of the cluster: charts see helm's own (the flags came with " + flagsVersion + ")"}
}

// incomparable is the note of an output that nothing was compared with.
func (e External) incomparable(why string) string {
	return "whether the output of kustomize " + e.Version + " is whole: " + why
}

// remembered asks for each source once.
func remembered(fetch func(context.Context, render.Source) (render.Tree, error)) func(context.Context, render.Source) (render.Tree, error) {
	if fetch == nil {
		return nil
	}
	type asked struct{ kind, repo, chart, version, path string }
	have := map[asked]render.Tree{}
	return func(ctx context.Context, s render.Source) (render.Tree, error) {
		key := asked{s.Kind, s.Repo, s.Chart, s.Version, path.Clean(s.Path)}
		if tree, ok := have[key]; ok {
			return tree, nil
		}
		tree, err := fetch(ctx, s)
		if err == nil {
			have[key] = tree
		}
		return tree, err
	}
}
