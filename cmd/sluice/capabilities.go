package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/toolchain"
)

// capabilitiesFlags are those of the verb capabilities.
type capabilitiesFlags struct {
	profile, form  string
	capture, check bool
}

// capabilitiesVerb is the verb that says what templates are told of the cluster.
func capabilitiesVerb(v *invocation) *cobra.Command {
	var f capabilitiesFlags
	cmd := &cobra.Command{
		Use:   "capabilities [FILE]",
		Short: "Print what templates are told of the cluster, capture it from a live one, or compare the two",
		Long: "capabilities prints the Kubernetes version and the APIs that the templates of a stack see: those of the Kubernetes\n" +
			"version and of the distribution, of the definitions that the stack renders, those declared, and those that helm\n" +
			"has built in. It renders the stack to know its definitions.\n\n" +
			"With --capture it reads what kubectl api-resources -o wide (or api-versions, which has no kinds) prints, from\n" +
			"FILE or stdin, and writes a CUE file. In the directory of the stack that list takes the place of what the\n" +
			"Kubernetes version and the distribution bring. After an exit code of 2 remove the file: the shell has emptied it.\n\n" +
			"With --check it compares the model with the list captured in the stack, or with that in FILE (\"-\" is stdin),\n" +
			"and prints what only one of them has; the exit code is 1 where they differ.",
		Example: "  sluice capabilities --profile plugin\n" +
			"  kubectl api-resources -o wide | sluice capabilities --capture > captured.cue\n" +
			"  kubectl api-resources -o wide | sluice capabilities --check -",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.valid(args); err != nil {
				return err
			}
			switch {
			case f.capture:
				return v.captureAPIs(cmd.Context(), args)
			case f.check:
				return v.checkAPIs(cmd.Context(), f, args)
			}
			return v.printAPIs(cmd.Context(), f)
		},
	}
	output(cmd, &f.form, "text", "json")
	flags := cmd.Flags()
	flags.StringVar(&f.profile, "profile", "", "how much templates are told, one of "+strings.Join(toolchain.Profiles(), ", ")+"; the default is the toolchain's")
	_ = cmd.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions(toolchain.Profiles(), cobra.ShellCompDirectiveNoFileComp))
	flags.BoolVar(&f.capture, "capture", false, "read a list of kubectl and write a file for the stack")
	flags.BoolVar(&f.check, "check", false, "compare the model with a captured list; exit 1 where they differ")
	v.stackFlags(flags)
	v.renderFlags(flags)
	return cmd
}

// valid holds the flags against each other: one that would be ignored is an error.
func (f capabilitiesFlags) valid(args []string) error {
	if err := oneOf("--output", f.form, "text", "json"); err != nil {
		return err
	}
	if f.profile != "" {
		if err := oneOf("--profile", f.profile, toolchain.Profiles()...); err != nil {
			return err
		}
	}
	switch {
	case f.capture && f.check:
		return errors.New("--capture and --check are both given")
	case f.profile != "" && (f.capture || f.check):
		return &render.Error{Err: errors.New("--profile is for the list that is printed"), Hint: "a captured list is that of the cluster; leave --profile out"}
	case f.capture && f.form != "text":
		return &render.Error{Err: errors.New("--capture writes CUE and no " + f.form), Hint: "leave --output out"}
	case len(args) > 0 && !f.capture && !f.check:
		return &render.Error{
			Err: fmt.Errorf("what to do with %s is not said", args[0]), Hint: "--capture makes a file for the stack of it, --check compares; a stack is named with --stack",
		}
	}
	return nil
}

// modelled renders the stack and gives its toolchain and the definitions of kinds that came out.
func (v *invocation) modelled(ctx context.Context, plan render.Plan) (chain render.Toolchain, crds []render.Object, results []render.Result, err error) {
	if chain, err = v.toolchainFor(ctx, plan); err != nil {
		return chain, nil, nil, err
	}
	if results, err = v.render(ctx, plan, chain, nil); err != nil {
		return chain, nil, nil, err
	}
	for _, r := range results {
		crds = append(crds, r.Set.Definitions()...)
	}
	return chain, crds, results, nil
}

// offered is what templates are told, for machines.
type offered struct {
	Profile     string   `json:"profile"`
	Kubernetes  string   `json:"kubernetes"`
	APIVersions []string `json:"apiVersions"`
}

// printAPIs prints the list of the stack. Which definitions the cluster has is decided by the toolchain's own profile;
// --profile only decides how much of it is told.
func (v *invocation) printAPIs(ctx context.Context, f capabilitiesFlags) error {
	plan, err := v.plan()
	if err != nil {
		return err
	}
	chain, crds, results, err := v.modelled(ctx, plan)
	if err != nil {
		return err
	}
	own := f.profile == "" || f.profile == chain.Profile
	if !own {
		chain.Profile = f.profile
	}
	told, err := toolchain.Capabilities(chain, crds)
	if err != nil {
		return err
	}
	// What templates really were told: a chart that leaves its definition out where it finds it offered rendered it once.
	for _, r := range results {
		if own {
			told = told.With(r.Capabilities.APIVersions)
		}
	}
	if f.form == "json" {
		if err := report.JSON(v.out, offered{Profile: chain.Profile, Kubernetes: told.KubeVersion, APIVersions: told.APIVersions}); err != nil {
			return err
		}
		return v.judged(results)
	}
	fmt.Fprintf(v.out, "kubernetes %s\n", told.KubeVersion)
	for _, api := range told.APIVersions {
		fmt.Fprintln(v.out, api)
	}
	v.note("profile %s: %d APIs", chain.Profile, len(told.APIVersions))
	return v.judged(results)
}

// captureAPIs turns a list of kubectl into a file of the stack.
func (v *invocation) captureAPIs(ctx context.Context, args []string) error {
	c, err := v.captureOf(ctx, args)
	if err != nil {
		return err
	}
	_, err = v.out.WriteString(c.cue())
	return err
}

// captureOf reads FILE, or stdin where it is "-" or not given.
func (v *invocation) captureOf(ctx context.Context, args []string) (capturedAPIs, error) {
	name, text, err := "stdin", []byte(nil), error(nil)
	if len(args) == 0 || args[0] == "-" {
		text, err = awaited(ctx, func() ([]byte, error) { return bounded(v.in, "standard input") })
	} else {
		name = args[0]
		text, err = given(ctx, name)
	}
	if err != nil {
		return capturedAPIs{}, fmt.Errorf("reading the APIs of %s: %w", name, err)
	}
	c, err := readCapture(name, text)
	if err != nil {
		return c, err
	}
	for _, note := range c.notes() {
		v.note("note: %s", note)
	}
	return c, nil
}

// differing is what only one of two lists has.
type differing struct {
	Modelled []string `json:"modelled"`
	Cluster  []string `json:"cluster"`
}

// checkAPIs compares the model with a captured list. What helm has built in is no part of either.
func (v *invocation) checkAPIs(ctx context.Context, f capabilitiesFlags, args []string) error {
	plan, err := v.plan()
	if err != nil {
		return err
	}
	live := plan.Cluster.Captured
	if len(args) > 0 {
		c, err := v.captureOf(ctx, args)
		if err != nil {
			return err
		}
		live = c.apis
	} else if len(live) == 0 {
		return &render.Error{
			Err:  errors.New("checking the capabilities: the stack has no captured list"),
			Hint: "give one: kubectl api-resources -o wide | sluice capabilities --check -",
		}
	}
	plan.Cluster.Captured = nil
	chain, crds, results, err := v.modelled(ctx, plan)
	if err != nil {
		return err
	}
	diff, err := differences(chain, crds, live)
	if err != nil {
		return err
	}
	if f.form == "json" {
		if err := report.JSON(v.out, diff); err != nil {
			return err
		}
	} else {
		for _, api := range diff.Modelled {
			fmt.Fprintf(v.out, "modelled only: %s\n", api)
		}
		for _, api := range diff.Cluster {
			fmt.Fprintf(v.out, "cluster only: %s\n", api)
		}
	}
	if len(diff.Modelled)+len(diff.Cluster) == 0 {
		v.note("the cluster offers what the model does")
		return v.judged(results)
	}
	v.note("only modelled: %d, only in the cluster: %d", len(diff.Modelled), len(diff.Cluster))
	return errDifferent
}

// differences holds the model of a toolchain's cluster against a live list. Helm's built-in APIs are added to the list as
// they are to the model, so that they make no difference; where the list has no kinds, kinds make none.
func differences(chain render.Toolchain, crds []render.Object, live []string) (differing, error) {
	diff := differing{Modelled: []string{}, Cluster: []string{}}
	chain.Cluster.Captured, chain.Profile = nil, "cluster"
	model, err := toolchain.Capabilities(chain, crds)
	if err != nil {
		return diff, err
	}
	chain.Profile = "plugin"
	cluster, err := toolchain.Capabilities(chain, nil)
	if err != nil {
		return diff, err
	}
	cluster = cluster.With(live)
	if told := (render.Capabilities{}).With(live); slices.Equal(told.APIVersions, told.WithoutKinds().APIVersions) {
		model = model.WithoutKinds()
	}
	for _, api := range model.APIVersions {
		if !slices.Contains(cluster.APIVersions, api) {
			diff.Modelled = append(diff.Modelled, api)
		}
	}
	for _, api := range cluster.APIVersions {
		if !slices.Contains(model.APIVersions, api) {
			diff.Cluster = append(diff.Cluster, api)
		}
	}
	return diff, nil
}
