package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render/toolchain"
)

// engineAt is the form of an engine for machines.
type engineAt struct {
	Tool    string `json:"tool"`
	Version string `json:"version"` // empty where it is not known
	Where   string `json:"where"`   // "linked", "named", "installed" or "PATH"
	Path    string `json:"path,omitempty"`
	Digest  string `json:"digest,omitempty"`
	Origin  string `json:"origin,omitempty"`
	Stated  bool   `json:"stated,omitempty"` // the version is the user's word, the binary does not prove it
	Fault   string `json:"fault,omitempty"`  // why it is of no use
}

// listing is the form of the list for machines.
type listing struct {
	Directory string     `json:"directory"` // of installed tools
	Engines   []engineAt `json:"engines"`
	Asked     []want     `json:"asked"`
}

func toolchainList(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the helm and kustomize engines at hand, and which one each toolchain of the stack gets",
		Long: "list shows the engines that are linked, named with --tool, installed and on PATH, with what is wrong of them, and\n" +
			"what the stack's Argo CD and declared toolchains ask for. Without a stack it shows the engines alone.",
		Example: "  sluice toolchain list\n  sluice toolchain list -o json --tool helm@3.14.4=/opt/helm",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			made, _, err := v.survey(cmd, false)
			if err != nil {
				return err
			}
			return v.sayListing(form, made)
		},
	}
	output(cmd, &form, "table", "json")
	v.toolFlag(cmd.Flags())
	return cmd
}

// survey looks at every binary, and at what the stack asks for. The binaries are given as they were found, too.
func (v *invocation) survey(cmd *cobra.Command, run bool) (listing, []toolchain.Found, error) {
	list, err := v.asks(cmd)
	if err != nil {
		return listing{}, nil, err
	}
	p, err := v.places()
	if err != nil {
		return listing{}, nil, err
	}
	p.Run = run
	all, err := p.All(cmd.Context())
	if err != nil {
		return listing{}, nil, err
	}
	made := listing{Directory: p.Dir}
	for _, t := range linkedTools() {
		made.Engines = append(made.Engines, engineAt{Tool: t.Name, Version: t.Version, Where: "linked"})
	}
	// Its error is that of the broken ones, which are in the list.
	found, _ := p.Find(cmd.Context(), toolsOf(list))
	for _, f := range all {
		b := engineAt{
			Tool: f.Name, Version: f.Version, Where: f.Where, Path: f.Path,
			Digest: f.Digest, Origin: f.Origin, Stated: f.Stated,
		}
		if f.Err != nil {
			b.Fault = withoutCredentials(f.Err.Error())
			if f.Where != "PATH" {
				found[f.Tool] = f
			}
		}
		made.Engines = append(made.Engines, b)
	}
	made.Asked = answered(list, found)
	if made.Asked == nil {
		made.Asked = []want{} // a list without entries, not null
	}
	return made, all, nil
}

func (v *invocation) sayListing(form string, made listing) error {
	for _, a := range made.Asked {
		if a.Assumed {
			v.note("warning: Argo CD %s is newer than the known ones; its %s is taken to be %s, that of the newest", a.ArgoCD, a.Tool, a.Version)
		}
	}
	if form == "json" {
		return report.JSON(v.out, made)
	}
	rows := [][]string{{"TOOL", "VERSION", "WHERE", "PATH", "NOTE"}}
	for _, b := range made.Engines {
		note := b.Fault
		if b.Stated && note == "" {
			note = "not proven: the version is as stated"
		}
		rows = append(rows, []string{b.Tool, b.Version, b.Where, b.Path, note})
	}
	if err := report.Table(v.out, rows); err != nil || len(made.Asked) == 0 {
		return err
	}
	rows = [][]string{{"TOOLCHAIN", "ARGOCD", "TOOL", "VERSION", "ENGINE"}}
	for _, a := range made.Asked {
		name, engine := a.Toolchain, a.Engine
		if name == "" {
			name = "(cluster)"
		}
		if a.Engine == "nearest" {
			engine = "none; nearest linked is " + a.Nearest
		}
		rows = append(rows, []string{name, a.ArgoCD, a.Tool, a.Version, engine})
	}
	if _, err := v.out.WriteString("\n"); err != nil {
		return err
	}
	return report.Table(v.out, rows)
}

func toolchainVerify(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Run and digest every installed and named binary, and look for all that the stack asks for",
		Long: "verify runs every binary that sluice installed or --tool names and compares digests. The exit code is 1 where one\n" +
			"is not what it should be, or where nothing at hand has a version that the stack asks for.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			made, all, err := v.survey(cmd, true)
			if err != nil {
				return err
			}
			// What others put on PATH is not ours to judge; what the stack needs of it is judged below.
			made.Engines = slices.DeleteFunc(made.Engines, func(b engineAt) bool {
				return b.Where == "PATH" && !slices.ContainsFunc(made.Asked, func(a want) bool { return a.Path == b.Path })
			})
			if err := v.sayListing(form, made); err != nil {
				return err
			}
			return verdict(made, all)
		},
	}
	output(cmd, &form, "table", "json")
	v.toolFlag(cmd.Flags())
	return cmd
}

// verdict is what a verification ends with. What could not be read or run to an end was not judged.
func verdict(made listing, all []toolchain.Found) error {
	var different error
	for _, f := range all {
		switch {
		case f.Err == nil || f.Where == "PATH":
		case errors.Is(f.Err, fs.ErrPermission), errors.Is(f.Err, context.Canceled):
			return f.Err
		default:
			different = errDifferent
		}
	}
	if slices.ContainsFunc(made.Asked, func(a want) bool { return a.Engine == "nearest" }) {
		different = errDifferent
	}
	return different
}
