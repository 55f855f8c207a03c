package helm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"

	"sluice/render"
)

// library is what the two majors do differently, as functions over their chart type C.
type library[C any] struct {
	dialect      dialect
	load         func([]render.File) (C, error)
	describe     func(C) part
	validateName func(string) error
	// normalize gives a Kubernetes version as constraints of Chart.yaml are held to it.
	normalize func(string) (string, error)
	// compatible says whether a normalized Kubernetes version meets a constraint.
	compatible func(constraint, version string) bool
	// resolve enables, disables and aliases the subcharts and imports their values.
	resolve func(C, map[string]any) error
	// compose gives what templates see: .Values, .Release, .Capabilities. It does not look at schemas.
	compose func(C, map[string]any, render.Release) (map[string]any, error)
	execute func(context.Context, C, map[string]any) (map[string]string, error)
	// sort splits files into documents and brings both kinds into install order.
	sort func(map[string]string) (hooks, manifests []document, err error)
	// split cuts a rendered file into its documents, in order.
	split func(string) []string
}

// part is a chart or subchart as far as both majors agree on it.
type part struct {
	name        string
	path        string // as helm names it: chart/charts/subchart
	kind        string // "" or "application", or "library"
	kubeVersion string // constraint, may be empty
	version     string
	declared    []dependency
	schema      []byte
	values      map[string]any // the chart's own defaults
	defaults    []byte         // the values.yaml that they were read from
	templates   []render.File  // named as helm names them: chart/charts/subchart/templates/file
	files       []render.File  // what templates reach through .Files and .Chart
	crds        []document     // of this chart and everything below it
	parts       []part
}

// dependency is one that a chart declares, with the constraint on its version.
type dependency struct{ name, version string }

// document is one YAML document of a render.
type document struct {
	source string
	text   string
	test   bool // a hook of helm's test event
}

// template is the order of work of action.Install and cmd/template in helm, for both majors.
func template[C any](ctx context.Context, lib library[C], r render.Release) (render.Output, error) {
	return guarded(ctx, r.Chart, func() (render.Output, error) {
		j, err := prepare(ctx, lib, r)
		if err != nil {
			return render.Output{}, err
		}
		return finish(ctx, lib, j)
	})
}

// guarded calls work, and gives its error the name of the chart.
func guarded(ctx context.Context, chart render.Tree, work func() (render.Output, error)) (out render.Output, err error) {
	// The logger is global and stays silent after this: restoring it would let a render that runs beside this one
	// talk.
	log.SetOutput(io.Discard)
	defer func() {
		// A panic of the library on input that it does not expect must not end the render of the other apps.
		if p := recover(); p != nil {
			out, err = render.Output{}, fmt.Errorf("the helm library gave up: %v", p)
		}
		if err != nil && !errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("rendering %s: %w", nameOf(chart), err)
		}
	}()
	return work()
}

// job is a release that is ready to be executed.
type job[C any] struct {
	release   render.Release
	chart     C
	loaded    part // with disabled subcharts, under their own names
	described part
	top       map[string]any
	out       render.Output
}

// prepare does the work up to the templates. With an error it gives what is known by then.
func prepare[C any](ctx context.Context, lib library[C], r render.Release) (j job[C], err error) {
	if err := ctx.Err(); err != nil {
		return j, err
	}
	if err := checkRelease(lib.validateName, &r); err != nil {
		return j, err
	}
	j.release = r
	version, err := lib.normalize(r.Capabilities.KubeVersion)
	if err != nil {
		return j, kubeVersionError(r.Capabilities.KubeVersion, err)
	}
	// Values come before the chart, as in helm: with both broken, the same one of them is reported.
	values, files, err := lib.dialect.merge(r)
	if err != nil {
		return j, err
	}
	if j.chart, err = load(lib, r); err != nil {
		return j, err
	}
	if err := ctx.Err(); err != nil {
		return j, err
	}
	j.loaded = lib.describe(j.chart)
	if err := lib.resolve(j.chart, values); err != nil {
		return j, fmt.Errorf("enabling the subcharts: %w", err)
	}
	if j.top, err = lib.compose(j.chart, values, r); err != nil {
		return j, coalesceError(err)
	}
	j.described = lib.describe(j.chart)
	j.out = render.Output{
		Inputs:   files.inputs,
		Random:   append(randomCalls(j.described, values), callsInFiles(r.Chart.Files)...),
		AsksAPIs: asksAPIs(j.described, values),
	}
	notes := slices.Concat(coarse(j.out.Random), files.unread, lib.dialect.unreadDefaults(j.described))
	j.out.Unchecked = notes
	if !r.SkipSchema {
		unchecked, err := checkSchemas(j.described, asMap(j.top["Values"]), r.Chart.Documents)
		j.out.Unchecked = slices.Concat(unchecked, notes)
		if err != nil {
			return j, err
		}
	}
	// Only the top chart's constraint counts; helm looks at no subchart's (pkg/action/action.go, renderResources).
	if c := j.described.kubeVersion; c != "" && !lib.compatible(c, version) {
		return j, kubeConstraintError(j.described.name, c, version)
	}
	return j, nil
}

// finish executes the templates and writes the documents.
func finish[C any](ctx context.Context, lib library[C], j job[C]) (render.Output, error) {
	if err := ctx.Err(); err != nil {
		return render.Output{}, err
	}
	// The engines render every file of templates/ but the partials, NOTES.txt too, and fail as a whole: there is no
	// output of the templates that went well.
	files, err := lib.execute(ctx, j.chart, j.top)
	if err != nil {
		return render.Output{}, templateError(err, asMap(j.top["Values"]))
	}
	if err := ctx.Err(); err != nil {
		return render.Output{}, err
	}
	for path := range files {
		if strings.HasSuffix(path, "NOTES.txt") { // of subcharts too, and whatever comes before the N: as helm does
			delete(files, path)
		}
	}
	// Sorting parses every document, so a template that renders something else than YAML fails here and not in its
	// reader.
	hooks, manifests, err := lib.sort(files)
	if err != nil {
		return render.Output{}, documentError(err)
	}
	j.out.Unchecked = append(j.out.Unchecked, dropped(files, lib.split, slices.Concat(hooks, manifests))...)
	j.out.YAML = write(j.release, j.described.crds, manifests, hooks)
	return j.out, nil
}

// load reads the chart of r and does the checks that helm does on a chart just read.
func load[C any](lib library[C], r render.Release) (C, error) {
	var none C
	files, err := chartFiles(r.Chart)
	if err != nil {
		return none, err
	}
	chart, err := lib.load(files)
	if err != nil {
		return none, loadError(err)
	}
	p := lib.describe(chart)
	// Helm's checkIfInstallable: only the top chart has to be one that installs.
	if p.kind != "" && p.kind != "application" {
		return none, &render.Error{
			Pos:  render.Position{File: p.name + "/Chart.yaml"},
			Err:  fmt.Errorf("%s charts are not installable", p.kind),
			Hint: "a library chart renders only as a dependency of an application chart",
		}
	}
	if missing := missingParts(p); len(missing) > 0 {
		return none, &render.Error{
			Pos:  render.Position{File: p.name + "/Chart.yaml"},
			Err:  fmt.Errorf("dependencies declared but not in charts/: %s", strings.Join(missing, ", ")),
			Hint: "the chart has to hold every dependency it declares, also the disabled ones, before it can render",
		}
	}
	return chart, nil
}

// missingParts lists the dependencies of Chart.yaml that have no subchart of their name. Helm looks at the name only,
// never at the version, and only at the top chart.
func missingParts(p part) []string {
	var missing []string
	for _, d := range p.declared {
		if !slices.ContainsFunc(p.parts, func(sub part) bool { return sub.name == d.name }) {
			missing = append(missing, d.name)
		}
	}
	return missing
}

// checkRelease refuses a release that leaves out what has no default here, and fills in helm's own default namespace.
func checkRelease(validateName func(string) error, r *render.Release) error {
	if r.Capabilities.KubeVersion == "" {
		return &render.Error{
			Err:  errors.New("the Kubernetes version is not stated"),
			Hint: "state the version of the cluster, e.g. 1.33.4; helm's built-in default would decide what the chart renders",
		}
	}
	if err := validateName(r.Name); err != nil {
		return &render.Error{Err: fmt.Errorf("release name %q: %w", r.Name, err), Hint: "give a release name of lower case letters, digits and -"}
	}
	// Helm takes the namespace of the kubeconfig here and "default" without one. No kubeconfig is ever read.
	if r.Namespace == "" {
		r.Namespace = "default"
	}
	return nil
}

// write prints the documents as helm template does: the manifest trimmed, then the hooks as they are. A render without
// any document is one empty line.
func write(r render.Release, crds, manifests, hooks []document) []byte {
	var manifest strings.Builder
	if !r.SkipCRDs {
		for _, d := range crds {
			manifest.WriteString(d.String())
		}
	}
	for _, d := range manifests {
		manifest.WriteString(d.String())
	}
	var all strings.Builder
	all.WriteString(strings.TrimSpace(manifest.String()) + "\n")
	for _, d := range hooks {
		// A hook that is a test and something else besides goes as well, as helm template --skip-tests has it.
		if r.SkipHooks || (r.SkipTests && d.test) {
			continue
		}
		all.WriteString(d.String())
	}
	return []byte(all.String())
}

// String gives the document with its separator and provenance comment.
func (d document) String() string { return "---\n# Source: " + d.source + "\n" + d.text + "\n" }

// dropped names the rendered documents that helm's sorting leaves out without an error: those with a hook annotation
// that it does not know (releaseutil.SortManifests in helm).
func dropped(files map[string]string, split func(string) []string, kept []document) []string {
	have := make(map[[2]string]bool, len(kept))
	for _, d := range kept {
		have[[2]string{d.source, d.text}] = true
	}
	var lost []string
	for path, text := range files {
		partial := strings.HasPrefix(path[strings.LastIndexByte(path, '/')+1:], "_")
		if partial || !strings.Contains(text, "helm.sh/hook") { // splitting everything again would cost a tenth of a render
			continue
		}
		for i, doc := range split(text) {
			if strings.TrimSpace(doc) != "" && !have[[2]string{path, doc}] {
				lost = append(lost, fmt.Sprintf("%s: document %d is left out by helm: unknown helm.sh/hook", path, i+1))
			}
		}
	}
	slices.Sort(lost)
	return lost
}

// nameOf names a chart in errors, also one that was not fetched by a source and has no name.
func nameOf(t render.Tree) string {
	if t.Name != "" {
		return t.Name
	}
	return "chart " + t.Origin
}

// asMap gives a map of either library's own map type as a plain map.
func asMap(v any) map[string]any {
	switch m := v.(type) {
	case map[string]any:
		return m
	case interface{ AsMap() map[string]any }:
		return m.AsMap()
	}
	return nil
}
