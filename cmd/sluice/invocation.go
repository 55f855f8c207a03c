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
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sluice/render"
	"sluice/render/stack"
	"sluice/render/toolchain"
	"sluice/validate/secrets"
)

// invocation is what one command line says to all verbs, and where its output goes.
type invocation struct {
	in        io.Reader
	out       *bufio.Writer
	page      page
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
	tools     []string                           // of --tool
	found     map[toolchain.Tool]toolchain.Found // binaries that were looked for; without a path where there is none
	said      map[string]bool                    // notes that are said once
	atWork    *attendance                        // external engines
	noted     *noted                             // where notes are written down too; nil for nowhere
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
	f.StringVar(&v.toolchain, "toolchain", "", "a `toolchain` of the stack, helm3 or helm4, or settings like argocd=3.5.1,profile=plugin; the default is what the cluster's Argo CD ships")
	v.toolFlag(f)
	v.sourceFlags(f)
	f.BoolVar(&v.strict, "strict", false, "exit 1 where something could not be judged or differs from run to run, 2 where an engine of the very version is missing")
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
	if v.noted != nil {
		v.noted.add(fmt.Sprintf(format, args...))
	}
	v.say(format, args...)
}

// say is note for what is of this moment alone, such as a server that is waited for.
func (v *invocation) say(format string, args ...any) {
	if v.quiet {
		return
	}
	fmt.Fprintln(v.err, visible(secrets.Mask(fmt.Sprintf(format, args...))))
}

// noteOnce is note for what every render of an app would say again.
func (v *invocation) noteOnce(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !v.said[text] {
		v.said[text] = true
		v.note("%s", text)
	}
}

// plan loads the stack and keeps the apps that --app and --layer select. That policies do not compile is said, and left to the
// verb.
func (v *invocation) plan() (render.Plan, error) {
	plan, err := v.planOf("--app", v.apps)
	for _, fault := range plan.Faults {
		v.note("warning: %v", fault)
	}
	return plan, err
}

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
			drop := !keep || len(only) > 0 && !slices.Contains(only, a.Name)
			if drop {
				plan.Others = append(plan.Others, a)
			}
			return drop
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

// render renders the plan's apps with a toolchain and says on stderr what could not be judged. The files of values are
// read from files; nil means from the plan's directory, which then is a stack's and has a lock.
func (v *invocation) render(ctx context.Context, plan render.Plan, chain render.Toolchain, files fs.FS) ([]render.Result, error) {
	r, done, err := v.renderer(plan, files)
	if err != nil {
		return nil, err
	}
	defer done()
	results, err := r.all(ctx, chain)
	if err != nil {
		return nil, err
	}
	v.sayUnchecked(results)
	return results, nil
}

// sayUnchecked says what could not be judged.
func (v *invocation) sayUnchecked(results []render.Result) {
	for _, r := range results {
		for _, u := range r.Unchecked {
			v.noteOnce("unchecked: app %s: %s", r.App.Name, u)
		}
		for _, field := range r.Random {
			v.noteOnce("warning: app %s is not deterministic: %s differs from run to run", r.App.Name, field)
		}
	}
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

// each does a number of things, as many at the same time as --jobs allows.
func (v *invocation) each(count int, do func(i int)) {
	slots := make(chan struct{}, max(v.jobs, 1))
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
