package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/validate"
)

// diffFlags are the flags of the verb.
type diffFlags struct {
	form       string
	toolchains bool
	profiles   []string
	from, to   string
	failOn     string
	color      string
	why        bool
}

// diffVerb is the verb that compares two sides, whatever they are made of: toolchains, revisions, hydrated trees and
// captured output are one command and one way through the code.
func diffVerb(v *invocation) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff [LEFT [RIGHT]]",
		Short: "Compare what two toolchains, revisions or trees give, and say what a sync would destroy",
		Long: "diff compares LEFT, what is there, with RIGHT, what would replace it: first which objects there are, as the\n" +
			"cluster sees them, then their fields. For an object that goes it says what its deletion destroys, what protects\n" +
			"it, and why it is missing. Without operands it compares the hydrated branch with the working stack; RIGHT is the\n" +
			"working stack unless given. Values of secrets are shown as keyed hashes that hold for one run.\n\n" +
			"Operands:\n" + operandHelp() + "\n" +
			"A TOOLCHAIN is a name from the stack's toolchains, helm3 or helm4, or settings: argocd=3.5.1, or\n" +
			"helm=3.16.3,kustomize=5.4.3,profile=plugin,kubernetes=1.31.0. What is left out is as the cluster has it.\n\n" +
			"--toolchains compares the cluster's own toolchain with every declared one, --from and --to any two: what an\n" +
			"upgrade of Argo CD will do to the cluster.\n\n" +
			"An app that one side cannot render is not compared; the others are, and the exit code is 2.\n\n" +
			"Exit codes: 0 no difference in effect, 1 differences (see --fail-on), 2 the work could not be done.",
		Example: "  sluice diff\n  sluice diff rev:main\n  sluice diff --toolchains\n  sluice diff --from argocd=3.2.5 --to argocd=3.3.0\n" +
			"  kustomize build apps/netbox | sluice diff render - --app netbox",
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			if err := notEmpty(cmd, "from", "to", "toolchain"); err != nil {
				return err
			}
			if v.toolchain != "" && f.settles() {
				return &render.Error{
					Err:  errors.New("--toolchain is given beside flags that say which toolchains are compared"),
					Hint: "--from X compares from it; --toolchain is for operands that do not name one",
				}
			}
			return v.diff(cmd.Context(), args, f)
		},
	}
	output(cmd, &f.form, "text", "unified", "side-by-side", "json")
	flags := cmd.Flags()
	flags.BoolVar(&f.toolchains, "toolchains", false, "compare the cluster's own toolchain with every declared one")
	flags.StringSliceVar(&f.profiles, "profile", nil, "compare the cluster's own toolchain with these capability `profiles`; may be repeated")
	flags.StringVar(&f.from, "from", "", "compare from this `toolchain`; the default is the cluster's own")
	flags.StringVar(&f.to, "to", "", "compare to this `toolchain`")
	flags.StringVar(&f.failOn, "fail-on", "difference", "exit 1 on any `difference`, or on findings of a severity and above: "+strings.Join(validate.Severities(), ", "))
	flags.StringVar(&f.color, "color", "auto", "`when` to colour the text: auto, always, never")
	flags.BoolVar(&f.why, "why", true, "look for the cause of each object that one side lacks")
	v.stackFlags(flags)
	v.selectFlags(flags)
	v.renderFlags(flags)
	return cmd
}

// check refuses words that are not known and flags that contradict each other.
func (f diffFlags) check(args []string) error {
	for _, c := range []struct {
		what, value string
		words       []string
	}{
		{"--output", f.form, []string{"text", "unified", "side-by-side", "json"}},
		{"--color", f.color, []string{"auto", "always", "never"}},
		{"--fail-on", f.failOn, append([]string{"difference"}, validate.Severities()...)},
	} {
		if err := oneOf(c.what, c.value, c.words...); err != nil {
			return err
		}
	}
	given := 0
	for _, is := range []bool{len(args) > 0, f.several(), f.from != "" || f.to != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return &render.Error{
			Err:  errors.New("operands, --toolchains or --profile, and --from or --to are three ways to say what is compared"),
			Hint: "give one of them; render:NAME is the stack rendered with a toolchain",
		}
	}
	return nil
}

// several says that the cluster's own toolchain is compared with a list of others.
func (f diffFlags) several() bool { return f.toolchains || len(f.profiles) > 0 }

// settles says that flags tell the toolchains of both sides.
func (f diffFlags) settles() bool { return f.several() || f.from != "" || f.to != "" }

// operandHelp lists the operands.
func operandHelp() string {
	var text string
	for _, o := range operandForms {
		form := o.scheme
		switch {
		case o.rest != "" && o.rest[0] == '[':
			form += "[:" + o.rest[1:]
		case o.rest != "":
			form += ":" + o.rest
		}
		text += fmt.Sprintf("  %-20s %s\n", form, o.help)
	}
	return text
}

// couples gives the operands to compare, left and right.
func (v *invocation) couples(args []string, f diffFlags) ([][2]string, error) {
	switch {
	case f.from != "" || f.to != "":
		return [][2]string{{renderOperand(f.from), renderOperand(f.to)}}, nil
	case f.several():
		return v.declaredCouples(f)
	case len(args) == 2:
		return [][2]string{{args[0], args[1]}}, nil
	case len(args) == 1:
		return [][2]string{{args[0], "render"}}, nil
	}
	plan, err := v.plan()
	if err != nil {
		return nil, err
	}
	if plan.Hydrate.RepoURL == "" {
		return nil, &render.Error{
			Err:  errors.New("it is not said what is compared, and the stack has no hydrate"),
			Hint: "give operands, e.g. sluice diff rev:HEAD, or state hydrate in the stack to compare with its branch",
		}
	}
	return [][2]string{{"branch:" + plan.Hydrate.Branch, "render"}}, nil
}

// renderOperand is the stack rendered with a toolchain.
func renderOperand(chain string) string {
	if chain == "" {
		return "render"
	}
	return "render:" + chain
}

// declaredCouples compares the cluster's own toolchain with each declared one, by name, then with itself under other
// profiles.
func (v *invocation) declaredCouples(f diffFlags) ([][2]string, error) {
	var list [][2]string
	if f.toolchains {
		plan, err := v.plan()
		if err != nil {
			return nil, err
		}
		if len(plan.Toolchains) == 0 && len(f.profiles) == 0 {
			return nil, &render.Error{
				Err:  errors.New("the stack declares no toolchains to compare with"),
				Hint: `declare one, e.g. toolchains: next: argocd: "3.5.1", or give --from and --to`,
			}
		}
		for _, name := range slices.Sorted(maps.Keys(plan.Toolchains)) {
			list = append(list, [2]string{"render", renderOperand(name)})
		}
	}
	for _, profile := range f.profiles {
		list = append(list, [2]string{"render", renderOperand("profile=" + profile)})
	}
	return list, nil
}

// diff compares every couple and reports, or says again what it said of the same ones. What was compared is shown also
// where an app did not render; that it is not all there is wins over what it says.
func (v *invocation) diff(ctx context.Context, args []string, f diffFlags) error {
	m, known := v.memo(args, f)
	o, again := outcomeKept{}, false
	if known {
		o, again = m.recall()
	}
	var failures error
	if again {
		for _, line := range o.Notes {
			v.note("%s", line)
		}
	} else {
		v.noted = &noted{}
		failures = v.compared(ctx, args, f, &o)
		o.Notes = v.noted.all()
		if after, still := v.memo(args, f); failures == nil && known && still && after.key == m.key {
			m.keep(o, time.Now())
		}
	}
	if _, err := v.out.Write(o.Out); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	if failures == nil && o.Differs {
		return errDifferent
	}
	return failures
}

// compared does the work of the verb. A side that occurs more than once is read once. With an error that apps did not
// render the outcome is that of the others.
func (v *invocation) compared(ctx context.Context, args []string, f diffFlags, o *outcomeKept) error {
	couples, err := v.couples(args, f)
	if err != nil {
		return err
	}
	c := comparer{v: v, sides: map[operand]side{}, why: f.why}
	defer c.done()
	var all []report.Diff
	var failures []error
	said := map[string]bool{} // a side is in several couples
	for _, couple := range couples {
		one, err := c.compare(ctx, couple[0], couple[1])
		if err != nil {
			return err
		}
		o.Differs = o.Differs || f.fails(one) || v.strict && one.doubtful()
		d := one.form(v.page.colored(f.color))
		d.Engines = v.ran()
		if f.form == "json" { // the others have it on stderr
			d.Notes = append(d.Notes, slices.Sorted(maps.Keys(v.said))...)
		}
		all = append(all, d)
		for _, err := range one.failures() {
			if !said[err.Error()] {
				said[err.Error()], failures = true, append(failures, err)
			}
		}
	}
	var out bytes.Buffer
	if err := f.write(v, &out, all); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	o.Out = out.Bytes()
	return errors.Join(failures...)
}

// write writes the comparisons in the form asked for. What two toolchains give is first of all a question about all apps,
// so it begins with a table of them.
func (f diffFlags) write(v *invocation, w io.Writer, all []report.Diff) error {
	if f.form == "json" {
		return report.Diffs(all).JSON(w, f.several())
	}
	if f.settles() && f.form == "text" {
		if err := report.Diffs(all).Table(w); err != nil {
			return err
		}
	}
	for i, d := range all {
		var err error
		if i > 0 && f.form == "text" && all[i-1].Says() && d.Says() {
			fmt.Fprintln(w)
		}
		switch {
		case !d.Says():
			v.note("%s and %s: no difference", d.Left, d.Right)
		case f.form == "unified":
			v.sayLeftOut(d)
			err = d.Unified(w)
		case f.form == "side-by-side":
			v.sayLeftOut(d)
			err = d.SideBySide(w, v.page.width)
		default:
			err = d.Text(w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sayLeftOut says on stderr what the forms that show YAML have no place for.
func (v *invocation) sayLeftOut(d report.Diff) {
	v.sayNotes(d.Notes)
	if n := len(d.Report.Findings); n > 0 {
		v.note("findings: %d, stopping a hydrate: %d; the form text has them", n, len(d.Report.Stopping()))
	}
}

// sayNotes says the notes on stderr.
func (v *invocation) sayNotes(notes []string) {
	for _, note := range notes {
		v.note("note: %s", note)
	}
}
