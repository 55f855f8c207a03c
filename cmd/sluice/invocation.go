package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sluice/render"
	"sluice/render/avp"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/source"
	"sluice/render/stack"
)

// invocation is what one command line says to all verbs, and where its output goes.
type invocation struct {
	in        io.Reader
	out       *bufio.Writer
	err       *progress // each Write to it is whole lines
	dir       string
	stack     string
	tags      []string
	apps      []string
	layers    []string
	toolchain string
	mirror    string
	caFile    string
	timeout   time.Duration
	cache     cachePlace
	offline   bool
	jobs      int
	strict    bool
	quiet     bool
}

// globalFlags are those that mean the same for every verb. The paths of all other flags are relative to -C, as with
// make and git.
func (v *invocation) globalFlags(f *pflag.FlagSet) {
	f.StringVarP(&v.dir, "directory", "C", "", "run as if started in `dir`")
	f.BoolVarP(&v.quiet, "quiet", "q", false, "no progress and no warnings on stderr")
}

// stackFlags are those of the verbs that read a stack.
func (v *invocation) stackFlags(f *pflag.FlagSet) {
	f.StringVar(&v.stack, "stack", ".", "the stack `dir`ectory")
	f.StringArrayVarP(&v.tags, "tag", "t", nil, "value for a @tag() of the stack, as `name=value`; may be repeated")
}

// selectFlags are those of the verbs that may look at a part of a stack.
func (v *invocation) selectFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&v.apps, "app", nil, "only these `apps`; may be repeated")
	f.StringSliceVar(&v.layers, "layer", nil, "only the apps of these `layers`; may be repeated")
}

// renderFlags are those of the verbs that render.
func (v *invocation) renderFlags(f *pflag.FlagSet) {
	f.StringVar(&v.toolchain, "toolchain", "", "helm3, helm4, or a `name` from the stack's toolchains; the default is the linked Helm of the major that the cluster's Argo CD ships")
	v.sourceFlags(f)
	f.BoolVar(&v.strict, "strict", false, "exit 1 where something could not be judged or differs from run to run")
}

// sourceFlags are those of the verbs that read sources.
func (v *invocation) sourceFlags(f *pflag.FlagSet) {
	f.StringVar(&v.mirror, "mirror", "", "read every remote source from this `dir`ectory or URL, made by sluice vendor, and from nowhere else")
	f.BoolVar(&v.offline, "offline", false, "open no network connection; what would need one is an error")
	f.StringVar(&v.caFile, "ca-file", "", "certificate authorities to trust besides the system's, a PEM `file`")
	f.DurationVar(&v.timeout, "timeout", 0, "`time` for one attempt to fetch something; the default is 2m, of a Git repository 5m")
	f.IntVarP(&v.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "`number` of apps to work on at the same time")
	v.cacheFlag(f)
}

// enter does what holds for every verb: it changes to the directory of -C.
func (v *invocation) enter() error {
	// The working directory is the process's own, so this is done once, before a verb reads anything.
	if v.dir == "" {
		return nil
	}
	if err := os.Chdir(v.dir); err != nil {
		return fmt.Errorf("entering the directory of -C: %w", err)
	}
	return nil
}

// note writes a line to stderr unless --quiet is given. It may be called from several goroutines; a render that was left
// behind may still call it.
func (v *invocation) note(format string, args ...any) {
	if v.quiet {
		return
	}
	fmt.Fprintf(v.err, format+"\n", args...)
}

// plan loads the stack and keeps the apps that --app and --layer select.
func (v *invocation) plan() (render.Plan, error) { return v.planOf("--app", v.apps) }

// planOf loads the stack and keeps the apps named, or all where none is, of the layers of --layer; what names the apps
// in an error.
func (v *invocation) planOf(what string, only []string) (render.Plan, error) {
	plan, err := stack.Load(v.stack, v.tags)
	if err != nil {
		return render.Plan{}, err
	}
	// Layers stay in the plan when all of their apps are left out: waves and projects are of the stack, not of a
	// selection. The words collected here are those to suggest from.
	var apps, layers []string
	for i, l := range plan.Layers {
		layers = append(layers, l.Name)
		keep := len(v.layers) == 0 || slices.Contains(v.layers, l.Name)
		plan.Layers[i].Apps = slices.DeleteFunc(slices.Clone(l.Apps), func(a render.App) bool {
			apps = append(apps, a.Name)
			return !keep || len(only) > 0 && !slices.Contains(only, a.Name)
		})
	}
	for _, name := range v.layers {
		if err := oneOf("--layer", name, layers...); err != nil {
			return render.Plan{}, err
		}
	}
	for _, name := range only {
		if err := oneOf(what, name, apps...); err != nil {
			return render.Plan{}, err
		}
	}
	return plan, nil
}

// toolchainFor picks the engines and models the cluster. With no --toolchain the helm major is the one that the
// cluster's Argo CD ships: Helm 4 from 3.5 on (argo-cd hack/tool-versions.sh at the tags).
func (v *invocation) toolchainFor(plan render.Plan) (render.Toolchain, error) {
	chain := render.Toolchain{Name: v.toolchain, Helm: helm.Version3, Kustomize: kustomize.Version}
	declared, ok := plan.Toolchains[v.toolchain]
	switch {
	case ok:
		// A version that is not linked is refused: rendering with another one and saying nothing is what pinning is
		// there to prevent.
		if declared.Kustomize != kustomize.Version {
			return chain, &render.Error{
				Err:  fmt.Errorf("choosing the kustomize engine: %s is not a linked version", declared.Kustomize),
				Hint: "linked is " + kustomize.Version,
			}
		}
		var err error
		declared.Capabilities, err = declared.Cluster.Capabilities()
		return declared, err
	case v.toolchain == "" && shipsHelm4(plan.Cluster.ArgoCD), v.toolchain == "helm4":
		chain.Helm = helm.Version4
	// The list to suggest from has the names that the stack declares; they come from a map, so they are sorted.
	case v.toolchain != "" && v.toolchain != "helm3":
		words := append([]string{"helm3", "helm4"}, slices.Sorted(maps.Keys(plan.Toolchains))...)
		return chain, oneOf("--toolchain", v.toolchain, words...)
	}
	var err error
	chain.Capabilities, err = plan.Cluster.Capabilities()
	return chain, err
}

// shipsHelm4 says whether an Argo CD version renders with Helm 4.
func shipsHelm4(argocd string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(strings.TrimPrefix(argocd, "v"), "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 3 || major == 3 && minor >= 5
}

// render renders the plan's apps with a toolchain and says on stderr what could not be judged. The files of values are
// read from files; nil means from the plan's directory, which then is a stack's and has a lock.
func (v *invocation) render(ctx context.Context, plan render.Plan, chain render.Toolchain, files fs.FS) ([]render.Result, error) {
	template, err := helm.Engine(chain.Helm)
	if err != nil {
		return nil, err
	}
	var lock *source.Lock
	if files == nil {
		if lock, err = readLock(plan); err != nil {
			return nil, err
		}
	}
	reader, err := v.reader(plan, lock)
	if err != nil {
		return nil, err
	}
	// One reader and one engine serve both ways to a chart, so helmCharts and a stack's own charts are the same
	// bytes.
	engine := kustomize.Engine{Fetch: reader.Fetch, Template: template}
	// What bounds a kustomization is the plan's directory, also where a user's values may be read from anywhere.
	bounded, done, err := stackFiles(plan.Dir)
	if err != nil {
		return nil, err
	}
	defer done()
	if files == nil {
		files = bounded
	}
	results, err := render.Render(ctx, plan, render.Tools{
		Model: func([]render.Object) (render.Capabilities, error) { return chain.Capabilities, nil },
		Fetch: reader.Fetch, Helm: template, Kustomize: engine.Build, Decode: avp.Decode,
		Dir: files, Stack: bounded, Jobs: v.jobs, Clock: time.Now,
	})
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		for _, u := range r.Unchecked {
			v.note("unchecked: app %s: %s", r.App.Name, u)
		}
		for _, field := range r.Random {
			v.note("warning: app %s is not deterministic: %s differs from run to run", r.App.Name, field)
		}
	}
	return results, nil
}

// judged gives errDifferent under --strict where a render could not be judged or is not deterministic.
func (v *invocation) judged(results []render.Result) error {
	for _, r := range results {
		if v.strict && (len(r.Unchecked) > 0 || len(r.Random) > 0) {
			return errDifferent
		}
	}
	return nil
}

// httpClient uses the proxy of the environment, which only this package may read.
func httpClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 30 * time.Second,
		// A server that accepts and says nothing is given up soon; a slow body has the reader's own limit.
		ResponseHeaderTimeout: 30 * time.Second,
		ForceAttemptHTTP2:     true,
	}}
}

// stackFiles opens the stack directory for reading; nothing outside it can be reached.
func stackFiles(dir string) (fs.FS, func(), error) {
	root, err := os.OpenRoot(filepath.Clean(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("opening the stack: %w", err)
	}
	return root.FS(), func() { _ = root.Close() }, nil
}

// output adds the flag for the form of the output.
func output(cmd *cobra.Command, form *string, words ...string) {
	cmd.Flags().StringVarP(form, "output", "o", words[0], "`form` of the output: "+strings.Join(words, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// complete offers the values of a verb's flags to the shell: those of the stack where it can be read, else none.
func (v *invocation) complete(cmd *cobra.Command) {
	of := func(words func(render.Plan) []string) cobra.CompletionFunc {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			dir := v.stack
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(v.dir, dir)
			}
			plan, _ := stack.Load(dir, v.tags)
			return words(plan), cobra.ShellCompDirectiveNoFileComp
		}
	}
	for flag, words := range map[string]func(render.Plan) []string{
		"app": func(p render.Plan) (names []string) {
			for _, a := range p.Apps() {
				names = append(names, a.Name)
			}
			return names
		},
		"layer": func(p render.Plan) (names []string) {
			for _, l := range p.Layers {
				names = append(names, l.Name)
			}
			return names
		},
		"toolchain": func(p render.Plan) []string {
			return append([]string{"helm3", "helm4"}, slices.Sorted(maps.Keys(p.Toolchains))...)
		},
		"secrets": func(render.Plan) []string { return []string{"avp"} },
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, of(words))
		}
	}
	for _, flag := range []string{"stack", "mirror", "out", "cache"} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.MarkFlagDirname(flag)
		}
	}
	for _, sub := range cmd.Commands() {
		v.complete(sub)
	}
}
