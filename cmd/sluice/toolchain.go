package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/toolchain"
)

// toolsDir is the directory of installed tools in the cache.
const toolsDir = "toolchains"

// toolFlag is that of the verbs that may run a helm or kustomize of the user's.
func (v *invocation) toolFlag(f *pflag.FlagSet) {
	f.Var(toolNames{&v.tools}, "tool", "a helm or kustomize binary to use, as `name@version=path`; may be repeated")
}

// places gives where binaries of helm and kustomize are looked for: the paths of --tool, those that sluice installed, and PATH.
func (v *invocation) places() (*toolchain.Places, error) {
	p := &toolchain.Places{Named: map[toolchain.Tool]string{}, Path: filepath.SplitList(os.Getenv("PATH"))}
	for _, entry := range v.tools {
		t, path, err := namedTool(entry)
		if err != nil {
			return nil, err
		}
		if _, twice := p.Named[t]; twice {
			return nil, fmt.Errorf("--tool: %s is given twice", t)
		}
		p.Named[t] = path
	}
	cache, err := v.cacheDir()
	if err != nil {
		return nil, err
	}
	p.Dir = filepath.Join(cache, toolsDir)
	return p, nil
}

// toolNames is the value of --tool. It refuses what is wrong also where nothing needs the tool.
type toolNames struct{ list *[]string }

// String, Set and Type make it a flag's value, see [pflag.Value].
func (t toolNames) String() string { return "" }

func (t toolNames) Set(entry string) error {
	tool, _, err := namedTool(entry)
	if err != nil {
		return err
	}
	for _, before := range *t.list {
		if other, _, _ := namedTool(before); other == tool {
			return fmt.Errorf("--tool: %s is given twice", tool)
		}
	}
	*t.list = append(*t.list, entry)
	return nil
}

func (t toolNames) Type() string { return "stringArray" }

// namedTool reads an entry of --tool.
func namedTool(entry string) (toolchain.Tool, string, error) {
	word, path, ok := strings.Cut(entry, "=")
	if !ok || path == "" {
		return toolchain.Tool{}, "", &render.Error{Err: fmt.Errorf("--tool %q names no path", entry), Hint: "it takes name@version=path, e.g. helm@3.14.4=/opt/helm"}
	}
	t, err := parseTool(word)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return toolchain.Tool{}, "", fmt.Errorf("--tool: %w", err)
	}
	return t, path, nil
}

// parseTool reads "helm@3.14.4". A "v" before the version is how the tools print it, and means the same.
func parseTool(word string) (toolchain.Tool, error) {
	name, version, _ := strings.Cut(word, "@")
	t := toolchain.Tool{Name: name, Version: strings.TrimPrefix(version, "v")}
	return t, t.Check()
}

// linkedTools are the engines in this binary.
func linkedTools() []toolchain.Tool {
	return []toolchain.Tool{
		{Name: "helm", Version: helm.Version3},
		{Name: "helm", Version: helm.Version4},
		{Name: "kustomize", Version: kustomize.Version},
	}
}

// toolchainVerb is the verb about the helm and kustomize binaries that a stack may be rendered with.
func toolchainVerb(v *invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "toolchain",
		Short: "List, install or verify the helm and kustomize of Argo CD versions",
		Long: "A stack is rendered with the helm and kustomize that its Argo CD ships. Some versions are linked into sluice;\n" +
			"others are binaries: named with --tool, installed into the cache, or on PATH, looked for in that order. A binary\n" +
			"counts only where it proves its version; one that sluice installed has the digest that it had then.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	for _, sub := range []*cobra.Command{toolchainList(v), toolchainInstall(v), toolchainVerify(v)} {
		v.stackFlags(sub.Flags())
		v.cacheFlag(sub.Flags())
		cmd.AddCommand(sub)
	}
	return cmd
}

// want is a tool that a toolchain of the stack asks for.
type want struct {
	Toolchain string `json:"toolchain"`        // empty for the cluster's own
	ArgoCD    string `json:"argocd,omitempty"` // that ships the tool; empty where its version is stated
	Tool      string `json:"tool"`
	Version   string `json:"version"`
	// Assumed says that this Argo CD is newer than the known ones, and the version that of the newest.
	Assumed bool `json:"assumed,omitempty"`
	// Engine is what it would be rendered with: "linked", "named", "installed", "PATH", "nearest" where nothing has the
	// version, or "broken" where a named or installed binary stops the render.
	Engine  string `json:"engine"`
	Nearest string `json:"nearest,omitempty"` // linked version that is used in its stead
	Path    string `json:"path,omitempty"`
}

func (a want) tool() toolchain.Tool { return toolchain.Tool{Name: a.Tool, Version: a.Version} }

// asks lists what the stack asks for: the cluster's own first, then the declared toolchains by name. A run without a
// stack asks for nothing, but one that was named has to be there.
func (v *invocation) asks(cmd *cobra.Command) ([]want, error) {
	if !cmd.Flags().Changed("stack") {
		if files, err := filepath.Glob("*.cue"); err == nil && len(files) == 0 {
			return nil, nil
		}
	}
	plan, err := v.plan()
	if err != nil {
		return nil, err
	}
	chains := []render.Toolchain{{ArgoCD: plan.Cluster.ArgoCD}}
	for _, name := range slices.Sorted(maps.Keys(plan.Toolchains)) {
		chains = append(chains, plan.Toolchains[name])
	}
	var list []want
	for _, c := range chains {
		of, err := asksOf(c)
		if err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

// asksOf gives the two tools of a toolchain.
func asksOf(c render.Toolchain) ([]want, error) {
	list := []want{
		{Toolchain: c.Name, Tool: "helm", Version: c.Helm},
		{Toolchain: c.Name, Tool: "kustomize", Version: c.Kustomize},
	}
	if c.Helm != "" && c.Kustomize != "" {
		return list, nil
	}
	helmVersion, kustomizeVersion, err := toolchain.Shipped(c.ArgoCD)
	assumed := errors.Is(err, errors.ErrUnsupported)
	if err != nil && !assumed {
		return nil, err
	}
	for i, shipped := range []string{helmVersion, kustomizeVersion} {
		if a := &list[i]; a.Version == "" {
			a.Version, a.ArgoCD, a.Assumed = shipped, c.ArgoCD, assumed
		}
	}
	return list, nil
}

// answered fills in which engine each would be rendered with.
func answered(list []want, found map[toolchain.Tool]toolchain.Found) []want {
	for i := range list {
		a := &list[i]
		f, ok := found[a.tool()]
		switch {
		case slices.Contains(linkedTools(), a.tool()) && f.Where != "named":
			a.Engine = "linked"
		case ok && f.Err != nil:
			a.Engine, a.Path = "broken", f.Path
		case ok:
			a.Engine, a.Path = f.Where, f.Path
		default:
			var have []string
			for _, t := range linkedTools() {
				if t.Name == a.Tool {
					have = append(have, t.Version)
				}
			}
			a.Engine, a.Nearest = "nearest", toolchain.Nearest(a.Version, have)
		}
	}
	return list
}

// toolsOf lists the tools asked for, each once.
func toolsOf(list []want) []toolchain.Tool {
	var tools []toolchain.Tool
	for _, a := range list {
		if !slices.Contains(tools, a.tool()) {
			tools = append(tools, a.tool())
		}
	}
	return tools
}

func toolchainInstall(v *invocation) *cobra.Command {
	var form, archive, sum string
	cmd := &cobra.Command{
		Use:   "install [NAME@VERSION...]",
		Short: "Install versions of helm and kustomize into the cache",
		Long: "install builds the versions named with go install of their modules, which Go's checksum database authenticates,\n" +
			"and stamps them as their releases are. With --archive it takes a release instead, held to a pinned SHA-256.\n" +
			"Without names it installs what the stack asks for and is neither linked nor there. What is there stays.",
		Example: "  sluice toolchain install\n  sluice toolchain install helm@3.14.4 kustomize@5.7.1\n" +
			"  sluice toolchain install helm@3.14.4 --archive https://get.helm.sh/helm-v3.14.4-linux-amd64.tar.gz --sha256 HEX",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			if (archive != "" || sum != "") && len(args) != 1 {
				return &render.Error{Err: errors.New("--archive and --sha256 are of one tool"), Hint: "name it, e.g. helm@3.14.4"}
			}
			tools, err := v.toInstall(cmd, args)
			if err != nil {
				return err
			}
			return v.installTools(cmd, tools, toolchain.Order{Archive: archive, SHA256: sum}, form)
		},
	}
	output(cmd, &form, "table", "json")
	f := cmd.Flags()
	v.toolFlag(f)
	f.StringVar(&archive, "archive", "", "a release as .tar.gz, or the program itself: a `URL or file`")
	f.StringVar(&sum, "sha256", "", "the archive's SHA-256, as its publisher gives it: 64 `hex` digits")
	f.BoolVar(&v.offline, "offline", false, "open no network connection; what would need one is an error")
	f.DurationVar(&v.timeout, "timeout", 5*time.Minute, "`time` for one attempt to fetch an archive")
	return cmd
}

// toInstall gives the tools named, or those that the stack asks for and that are nowhere.
func (v *invocation) toInstall(cmd *cobra.Command, args []string) ([]toolchain.Tool, error) {
	var tools []toolchain.Tool
	for _, word := range args {
		t, err := parseTool(word)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(tools, t) {
			tools = append(tools, t)
		}
	}
	if len(args) > 0 {
		return tools, nil
	}
	list, err := v.asks(cmd)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &render.Error{Err: errors.New("no tool is named, and there is no stack that asks for one"), Hint: "name some, e.g. helm@3.14.4 kustomize@5.7.1"}
	}
	p, err := v.places()
	if err != nil {
		return nil, err
	}
	// A broken one is absent here, and so installed again; why it was broken is no matter then. A named one is not ours.
	found, _ := p.Find(cmd.Context(), toolsOf(list))
	for _, a := range answered(list, found) {
		if _, named := p.Named[a.tool()]; !named && a.Engine == "nearest" && !slices.Contains(tools, a.tool()) {
			tools = append(tools, a.tool())
		}
	}
	return tools, nil
}

// installedTool is the form of an installed tool for machines.
type installedTool struct {
	Tool    string `json:"tool"`
	Version string `json:"version"`
	State   string `json:"state"` // "installed" or "there"
	Path    string `json:"path"`
	Digest  string `json:"digest"`
	Origin  string `json:"origin"`
}

// installTools installs one after the other: each uses all cores. One that fails does not keep the others from it.
func (v *invocation) installTools(cmd *cobra.Command, tools []toolchain.Tool, order toolchain.Order, form string) error {
	p, err := v.places()
	if err != nil {
		return err
	}
	if order.Archive != "" && !strings.Contains(order.Archive, "://") {
		if order.Archive, err = filepath.Abs(order.Archive); err != nil {
			return err
		}
	}
	order.Dir, order.Env, order.Offline, order.Client, order.Timeout = p.Dir, os.Environ(), v.offline, httpClient(), v.timeout
	before, _ := (&toolchain.Places{Dir: p.Dir}).Find(cmd.Context(), tools)
	made, faults := []installedTool{}, []error(nil)
	for _, t := range tools {
		order.Tool = t
		if _, there := before[t]; !there {
			v.note("installing %s", t)
		}
		f, err := toolchain.Install(cmd.Context(), order)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		state := "installed"
		if old, there := before[t]; there && old.Digest == f.Digest && old.Origin == f.Origin {
			state = "there"
		}
		made = append(made, installedTool{t.Name, t.Version, state, f.Path, f.Digest, f.Origin})
	}
	if form == "json" {
		err = report.JSON(v.out, made)
	} else if len(made) > 0 {
		rows := [][]string{{"TOOL", "VERSION", "STATE", "PATH", "ORIGIN"}}
		for _, m := range made {
			rows = append(rows, []string{m.Tool, m.Version, m.State, m.Path, m.Origin})
		}
		err = report.Table(v.out, rows)
	} else if len(tools) == 0 {
		v.note("nothing to install: everything that the stack asks for is linked or there")
	}
	return errors.Join(append(faults, err)...)
}
