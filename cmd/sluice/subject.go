package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluice/render"
	"sluice/render/avp"
	"sluice/render/toolchain"
	"sluice/validate"
	"sluice/validate/secrets"
)

// subject is what is judged.
type subject struct {
	plan     render.Plan
	chain    render.Toolchain
	results  []render.Result      // the apps that rendered
	failed   []string             // the others
	reasons  []string             // why, one for each, without what may be a secret
	failure  error                // why they did not, what is wrong with policies, or that nothing came out
	empty    []validate.Unchecked // the paths that hold no object
	extra    []render.Object      // CustomResourceDefinitions from paths
	files    fs.FS                // the plan's directory; nil where only standard input is judged
	paths    []string             // of it, where not all of it was brought about
	renderer *renderer            // nil where nothing is rendered
	walks    map[string]*walk     // what was found below paths, by app
	unread   []error              // what of files could not be read, each with its place
	done     func()
}

// subject renders what is to be judged. That an app does not render is no error yet: the others are judged.
func (v *invocation) subject(ctx context.Context, args []string, f *validateFlags) (*subject, error) {
	s := &subject{done: func() {}}
	var files *hostFiles
	args, err := v.stackOf(args, f.bare.all.Changed("stack"))
	if err == nil {
		args, err = f.included(args)
	}
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		if name := f.bare.given(); name != "" {
			return nil, &render.Error{
				Err:  fmt.Errorf("--%s is for a chart, a kustomization or manifests, not for a stack", name),
				Hint: "an app's values, release and namespace are in the stack",
			}
		}
		s.plan, err = awaited(ctx, func() (render.Plan, error) { return v.planOf("--app", v.apps) })
	} else {
		host := v.hostFiles()
		files = &host
		f.bare.kubeVersion = cmp.Or(f.bare.kubeVersion, f.templateVersion())
		args, err = s.standardInput(ctx, host, args, f)
		if err == nil && len(args) > 0 {
			f.bare.walks = map[string]*walk{}
			s.walks = f.bare.walks
			s.plan, err = f.bare.plan(ctx, v, args)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(s.plan.Layers) > 0 {
		if err := v.renderSubject(ctx, s, files); err != nil {
			return nil, err
		}
	}
	if err := s.definitions(ctx, f.crds); err != nil {
		s.done()
		return nil, err
	}
	if files != nil {
		s.sifted()
		s.hollow()
	}
	return s, nil
}

// hollow says which paths hold no object. That is no error of one among others, and nothing is judged where all are so: a
// file that a command was to write, and standard input, are empty where that command went wrong, and "nothing found" in
// them would let pass what was not looked at. An app of a stack has allowEmpty for it.
func (s *subject) hollow() {
	objects, empties := 0, 0
	for _, r := range s.results {
		objects, empties = objects+len(r.Set.Objects), empties+r.Set.Empties
		if len(r.Set.Objects) == 0 {
			s.empty = append(s.empty, validate.Unchecked{
				App: r.App.Name, What: "the whole of it", Why: fmt.Sprintf("no object came out (%d empty documents)", r.Set.Empties),
			})
		}
	}
	if objects == 0 && len(s.failed) == 0 {
		s.failure = errors.Join(s.failure, &render.Error{
			Err:  fmt.Errorf("judging: no object came out (%d empty documents)", empties),
			Hint: "did what was to write it go wrong? is a value of the chart to be set?",
		})
	}
}

// stackOf takes the one path that is a stack out of the paths. Of a stack among others its manifests alone would be judged,
// as if they were of no app. Given says that --stack names one.
func (v *invocation) stackOf(args []string, given bool) (rest []string, err error) {
	for _, arg := range args {
		if arg == "" {
			return nil, &render.Error{Err: errors.New("a PATH is empty"), Hint: "is a variable of the script not set?"}
		}
		if arg == "-" {
			continue
		}
		isStack, err := holdsStack(arg)
		switch {
		case err != nil:
			return nil, err
		case isStack && len(args) > 1:
			return nil, &render.Error{Err: fmt.Errorf("%s is a stack, and other paths are given", arg), Hint: "judge it alone"}
		case isStack && given:
			return nil, &render.Error{Err: fmt.Errorf("%s is a stack, and --stack names one too", arg), Hint: "give one of them"}
		case isStack:
			v.stack = arg
			return nil, nil
		}
	}
	return args, nil
}

// templateVersion is the Kubernetes version that templates of a path see where only --kubernetes says one.
func (f *validateFlags) templateVersion() string {
	version, _, _ := strings.Cut(f.kubernetes, "..")
	if strings.Count(version, ".") == 1 {
		version += ".0"
	}
	return strings.TrimPrefix(version, "v")
}

// standardInput takes "-" out of the paths and reads what it stands for: manifests, in the namespace and with the plugin
// that a file of manifests would have.
func (s *subject) standardInput(ctx context.Context, host hostFiles, args []string, f *validateFlags) ([]string, error) {
	if !slices.Contains(args, "-") {
		return args, nil
	}
	if err := f.bare.fits(render.KindManifests, "standard input"); err != nil {
		return nil, err
	}
	text, err := awaited(ctx, func() ([]byte, error) { return host.ReadFile("-") })
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	rest := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "-" })
	set, unread, foreign := render.Sift("-", text)
	s.plan.Cluster.Kubernetes = f.bare.kubeVersion
	result := render.Result{Unread: unread, Foreign: foreign, App: render.App{Name: "-", Namespace: f.bare.namespace, Secrets: f.bare.secrets}}
	if result.App.Secrets != "" {
		if err := oneOf("--secrets", result.App.Secrets, "avp"); err != nil {
			return nil, err
		}
		if set, result.Ledger, err = avp.Decode(set); err != nil {
			return nil, err
		}
	}
	for i := range set.Objects {
		set.Objects[i].Provenance.App, set.Objects[i].Provenance.Source = "-", "manifests -"
	}
	result.Set = set
	s.results = append(s.results, result)
	return rest, nil
}

// fail takes an app down that did not render.
func (s *subject) fail(app string, why error) {
	s.failed = append(s.failed, app)
	s.reasons = append(s.reasons, reason(why))
}

// reason gives an error for a report.
func reason(why error) string {
	var parts []string
	for _, m := range messages(why) {
		parts = append(parts, visible(secrets.Mask(withoutCredentials(strings.TrimSpace(m.text)))))
	}
	return strings.Join(parts, "; ")
}

// renderSubject renders the plan of a subject.
func (v *invocation) renderSubject(ctx context.Context, s *subject, host *hostFiles) error {
	var err error
	if s.chain, err = v.toolchainFor(ctx, s.plan); err != nil {
		return err
	}
	var r *renderer
	if host == nil {
		r, s.done, err = v.renderer(s.plan, nil)
	} else {
		r, s.done, err = v.renderer(s.plan, *host)
	}
	if err != nil {
		return err
	}
	s.renderer, s.files = r, r.stack
	r.walked = s.walks
	for _, app := range s.plan.Apps() {
		if host != nil {
			s.paths = append(s.paths, app.Sources[0].Path)
		}
	}
	if err := s.declared(ctx, r); err != nil {
		s.done()
		return err
	}
	results, err := r.all(ctx, s.chain)
	if results == nil && err != nil {
		s.done()
		return err
	}
	s.failure = errors.Join(s.failure, err)
	for _, result := range results {
		if result.Err != nil {
			s.fail(result.App.Name, result.Err)
			continue
		}
		s.results = append(s.results, result)
	}
	if err := s.borrow(ctx, r); err != nil {
		s.done()
		return err
	}
	return nil
}

// borrow takes the CustomResourceDefinitions of apps that a selection left out, where what was selected has kinds without
// one: the definitions are the whole stack's. Of an app that does not render nothing is taken, and its kinds stay unchecked.
func (s *subject) borrow(ctx context.Context, r *renderer) error {
	known, native := map[string]bool{}, map[string]bool{}
	for key := range s.plan.Cluster.Scopes() {
		native[key.Group] = true
	}
	crds := slices.Clone(s.extra)
	for _, result := range s.results {
		crds = append(crds, result.Set.Definitions()...)
	}
	for _, crd := range crds {
		group, _ := render.Path{"spec", "group"}.In(crd.Tree)
		kind, _ := render.Path{"spec", "names", "kind"}.In(crd.Tree)
		known[fmt.Sprintf("%v.%v", kind, group)] = true
	}
	lacks := slices.ContainsFunc(s.results, func(result render.Result) bool {
		return slices.ContainsFunc(result.Set.Objects, func(o render.Object) bool {
			return strings.Contains(o.Key.Group, ".") && !native[o.Key.Group] && !known[o.Key.Kind+"."+o.Key.Group]
		})
	})
	if len(s.plan.Others) == 0 || !lacks {
		return nil
	}
	others := *r
	others.plan.Layers, others.plan.Others = []render.Layer{{Apps: s.plan.Others}}, nil
	results, err := others.all(ctx, s.chain)
	if results == nil {
		return err
	}
	for _, result := range results {
		s.extra = append(s.extra, result.Set.Definitions()...)
	}
	return ctx.Err()
}

// declared reads the CustomResourceDefinitions that the stack names in crds.
func (s *subject) declared(ctx context.Context, r *renderer) error {
	for _, path := range s.plan.Definitions {
		before := len(s.extra)
		tree, err := r.reader.Fetch(ctx, render.Source{Kind: render.KindManifests, Path: path})
		if err != nil {
			return fmt.Errorf("reading crds of the stack: %w", err)
		}
		for _, f := range tree.Files {
			set, err := render.Parse(tree.Origin+"/"+f.Path, f.Data)
			if err != nil {
				return err
			}
			s.extra = append(s.extra, set.Definitions()...)
		}
		if len(s.extra) == before {
			return &render.Error{
				Err:  fmt.Errorf("reading crds of the stack: %s holds no CustomResourceDefinition", path),
				Hint: "a definition that an app renders is known without being named here",
			}
		}
	}
	return nil
}

// definitions reads the CustomResourceDefinitions below paths.
func (s *subject) definitions(ctx context.Context, paths []string) error {
	for _, path := range paths {
		before := len(s.extra)
		err := filepath.WalkDir(path, func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || name != path && !isManifest(name) {
				return err
			}
			// Of a link what it leads to. A named pipe that lies there would never end; one that was named is a shell's <(...).
			if stat, err := os.Stat(name); err != nil || name != path && !stat.Mode().IsRegular() {
				return cmp.Or(err, fmt.Errorf("%s is no regular file", name))
			}
			text, err := given(ctx, name)
			if err != nil {
				return err
			}
			set, err := render.Parse(name, text)
			s.extra = append(s.extra, set.Definitions()...)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading the definitions of --crds: %w", err)
		}
		if len(s.extra) == before {
			return &render.Error{
				Err:  fmt.Errorf("reading the definitions of --crds: %s holds no CustomResourceDefinition", path),
				Hint: "a definition that a chart templates is there only when it is rendered; then the stack has it already",
			}
		}
	}
	return nil
}

// input gives the subject to the rules.
func (s *subject) input(minor int, minors []int) validate.Input {
	crds := slices.Clone(s.extra)
	for _, r := range s.results {
		crds = append(crds, r.Set.Definitions()...)
	}
	in := validate.Input{
		Plan: s.plan, Results: s.results, Minor: minor, Minors: minors, Definitions: s.extra, Today: time.Now(),
		ClusterScoped: toolchain.Scopes(minor, crds),
	}
	for _, r := range s.results {
		in.Effective = append(in.Effective, r.Set.Effective(r.App.Namespace, in.ClusterScoped))
	}
	in.Paths = s.paths
	if s.files != nil {
		in.Files = plainFS{s.files}
	}
	if s.paths != nil {
		in.Files = onlyFS{in.Files, s.paths}
	}
	return in
}

// unchecked lists what could not be judged because of how the apps rendered.
func (s *subject) unchecked() []validate.Unchecked {
	list := slices.Clone(s.empty)
	for _, name := range s.failed {
		list = append(list, validate.Unchecked{App: name, What: "the whole app", Why: "it did not render"})
	}
	for _, r := range s.results {
		for _, what := range r.Unchecked {
			if strings.HasPrefix(what, "no plugin replaces its placeholders") {
				continue // each of them is a finding of placeholder-without-plugin
			}
			list = append(list, validate.Unchecked{App: r.App.Name, What: what})
		}
		for _, field := range r.Random {
			list = append(list, validate.Unchecked{App: r.App.Name, What: field, Why: "it differs from run to run"})
		}
	}
	return list
}
