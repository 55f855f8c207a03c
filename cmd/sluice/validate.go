package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/source"
	"sluice/schemas"
	"sluice/validate"
	"sluice/validate/definition"
	"sluice/validate/kubeconform"
	"sluice/validate/secrets"
)

// validateFlags are the flags of the verb.
type validateFlags struct {
	form          string
	color         string
	failOn        string
	kubernetes    string
	crds          []string
	exclude       []string
	schemas       []string
	only          []string
	vault         string
	baseline      string
	writeBaseline string
	all           bool
	bare          bareFlags
}

// validateForms are the forms of the output.
var validateForms = []string{"text", "json", "kubeconform-json"}

// validateVerb is the verb that judges what a stack renders to, or manifests that lie there.
func validateVerb(v *invocation) *cobra.Command {
	var f validateFlags
	cmd := &cobra.Command{
		Use:   "validate [PATH...]",
		Short: "Find what the API server, Argo CD and the operators would refuse, without asking them",
		Long: "validate renders a stack and holds every object to the schemas of its Kubernetes version, to the rules that the API\n" +
			"server has beyond them, to the CustomResourceDefinitions that the stack brings, and to what the objects, the apps and\n" +
			"Argo CD are to each other. A finding names the file and line that a person edits and the line that it shows in.\n" +
			"What cannot be judged is said and counted; --strict makes it fail.\n\n" +
			"With PATH no stack is needed: charts, kustomizations and plain manifests, as for sluice render, and those that lie below a\n" +
			"directory; what cannot be read is an error with its line, and the rest is judged. \"-\" is standard input.\n\n" +
			"A rule is explained by sluice explain RULE. A finding that is meant is taken out of the count by an annotation of the\n" +
			"object, ignore.sluice/RULE: REASON, or by suppress in the stack; of an old repository --write-baseline takes down what\n" +
			"there is, and --baseline leaves it out.\n\n" +
			"Exit codes: 0 nothing counts, 1 findings of --fail-on and above, 2 the work could not be done.",
		Example: "  sluice validate\n  sluice validate --app netbox --kubernetes 1.31..1.36\n  sluice validate manifests/ --kubernetes 1.33\n" +
			"  sluice validate --write-baseline sluice-baseline.json\n  sluice validate --baseline sluice-baseline.json\n" +
			"  sluice validate -o json | jq -r '.findings[] | [.severity, .position, .rule, .message] | @tsv'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return v.validate(cmd.Context(), args, &f)
		},
	}
	output(cmd, &f.form, validateForms...)
	flags := cmd.Flags()
	flags.StringVar(&f.color, "color", "auto", "`when` to colour the text: auto, always, never")
	flags.StringVar(&f.failOn, "fail-on", "error", "exit 1 on findings of a `severity` and above: "+strings.Join(validate.Severities(), ", "))
	flags.StringVar(&f.kubernetes, "kubernetes", "", "judge for this Kubernetes `version`, or for each of a range, 1.31..1.36; the default is the cluster's")
	flags.StringSliceVar(&f.crds, "crds", nil, "files and directories with more CustomResourceDefinitions, `PATH`; may be repeated")
	flags.StringArrayVar(&f.exclude, "exclude", nil, "leave out files and directories of PATH, by a `glob` of their name or path; may be repeated")
	flags.StringArrayVar(&f.schemas, "schema-location", nil, "hold objects to JSON schemas too, by a `template` of kubeconform's, e.g. schemas/{{.ResourceKind}}.json; may be repeated, \"default\" is what sluice has itself")
	flags.StringSliceVar(&f.only, "only", nil, "judge by these `rules` or families of rules alone, e.g. schema,server; may be repeated")
	vaultFlag(flags, &f.vault)
	flags.StringVar(&f.baseline, "baseline", "", "do not count the findings of this `file`")
	flags.StringVar(&f.writeBaseline, "write-baseline", "", "write the findings that there are into this `file`, and count none")
	flags.BoolVar(&f.all, "all", false, "show the findings that do not count too: accepted, suppressed, in the baseline")
	v.stackFlags(flags)
	v.selectFlags(flags)
	v.renderFlags(flags)
	f.bare.add(flags)
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(rulesAndFamilies(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(validate.Severities(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check refuses words that are not known and flags that contradict each other.
func (f *validateFlags) check(cmd *cobra.Command) error {
	for _, c := range []struct {
		what, value string
		words       []string
	}{
		{"--output", f.form, validateForms},
		{"--color", f.color, []string{"auto", "always", "never"}},
		{"--fail-on", f.failOn, validate.Severities()},
	} {
		if err := oneOf(c.what, c.value, c.words...); err != nil {
			return err
		}
	}
	if f.baseline != "" && f.writeBaseline != "" {
		return &render.Error{
			Err:  errors.New("--baseline and --write-baseline are given: one reads, the other writes what there is"),
			Hint: "to bring a baseline up to date, write it anew",
		}
	}
	for _, c := range []struct{ rule, flag, value string }{
		{"schema-location", "--schema-location", strings.Join(f.schemas, "")}, {"missing-secret", "--vault", f.vault},
	} {
		if c.value == "" && slices.Contains(f.only, c.rule) {
			return &render.Error{
				Err:  fmt.Errorf("--only %s: the rule judges nothing without %s", c.rule, c.flag),
				Hint: "give " + c.flag + " too, or leave the rule out",
			}
		}
	}
	if cmd.Flags().Changed("crds") && len(f.crds) == 0 || slices.Contains(f.crds, "") || slices.Contains(f.schemas, "") {
		return &render.Error{Err: errors.New("a --crds or --schema-location is empty"), Hint: "is a variable of the script not set?"}
	}
	if at, err := url.Parse(f.vault); f.vault != "" && f.vault != vaultAddr && (err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "") {
		return &render.Error{Err: errors.New("--vault is no https or http URL"), Hint: "write e.g. --vault=https://vault.example.com"}
	}
	return notEmpty(cmd, "kubernetes", "baseline", "write-baseline", "toolchain", "secrets", "kube-version", "only", "app", "layer", "vault")
}

// minors reads --kubernetes: the minor to judge for, and all minors of a range; zero and nil where it is not given.
func (f *validateFlags) minors() (minor int, all []int, err error) {
	if f.kubernetes == "" {
		return 0, nil, nil
	}
	first, last, isRange := strings.Cut(f.kubernetes, "..")
	from, err := statedMinor(first)
	if err != nil || !isRange {
		return from, nil, err
	}
	to, err := statedMinor(last)
	if err != nil {
		return 0, nil, err
	}
	if from > to {
		return 0, nil, &render.Error{Err: fmt.Errorf("--kubernetes %s ends before it begins", f.kubernetes), Hint: "give the older version first"}
	}
	for m := from; m <= to; m++ {
		all = append(all, m)
	}
	return from, all, nil
}

// versionForm is how --kubernetes writes a version: whoever writes "1.31-1.33" or "1.31.." means another one than 1.31.
var versionForm = regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)(\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?)?$`)

// statedMinor reads a version of --kubernetes.
func statedMinor(version string) (int, error) {
	if !versionForm.MatchString(version) {
		return 0, &render.Error{
			Err:  fmt.Errorf("--kubernetes: %q is no version", version),
			Hint: "write 1.33 or 1.33.4, and a range as 1.31..1.36",
		}
	}
	return render.Cluster{Kubernetes: version}.Minor()
}

// validate does the work of the verb.
func (v *invocation) validate(ctx context.Context, args []string, f *validateFlags) error {
	minor, minors, err := f.minors()
	if err != nil {
		return err
	}
	s, err := v.subject(ctx, args, f)
	if err != nil {
		return err
	}
	defer s.done()
	if minor == 0 {
		if minor, err = s.plan.Cluster.Minor(); err != nil {
			return err
		}
	}
	locations, err := v.schemaLocations(ctx, f, s)
	if err != nil {
		return err
	}
	policies, broken := v.policies(ctx, s.plan)
	s.failure = errors.Join(s.failure, broken)
	all := familyTable(brought{schemas: locations, policies: policies, outside: v.outside(s.renderer, s.chain, f.vault)})
	rules, wanted, err := askedFor(all, f.only)
	if err != nil {
		return errors.Join(broken, err)
	}
	if slices.Contains(f.only, "policy") && len(policies) == 1 && broken == nil {
		v.note("note: there are no policies to judge by; a stack has them in policies: NAME")
	}
	if !slices.ContainsFunc(definition.Rules(nil), func(r validate.Rule) bool { return wanted[r.ID] }) {
		locations.Alone()
	}
	in := s.input(minor, minors)
	if in.Known, err = knownRules(s.plan, all); err != nil {
		return errors.Join(broken, err)
	}
	locations.Expect(in)
	f.bare.without.say(v)
	said, err := awaited(ctx, func() (validate.Report, error) { return validate.Run(ctx, in, rules) })
	if ctx.Err() != nil { // it may have ended after the rules did
		return cmp.Or(err, ctx.Err())
	}
	s.failure = errors.Join(s.failure, err, locations.Failure()) // the other rules have judged
	for _, idle := range append(locations.Idle(), idleSeverities(s.plan, all)...) {
		v.note("note: %s", idle)
	}
	said.Findings = slices.DeleteFunc(said.Findings, func(f validate.Finding) bool { return !wanted[f.Rule] })
	if err := v.locate(ctx, s, s.renderer, said.Findings); err != nil {
		return err
	}
	said.Unchecked = append(said.Unchecked, s.unchecked()...)
	masked(&said)
	last := 0
	if len(minors) > 0 {
		last = minors[len(minors)-1]
	}
	return v.conclude(ctx, f, s, report.Findings{
		Report: said, Least: validate.Severity(slices.Index(validate.Severities(), f.failOn)), Results: s.results, Failed: s.failed, Reasons: s.reasons, Unread: s.notRead(), Errors: faults(broken),
		Strict: v.strict || locations.Failure() != nil,
		Minor:  minor, Last: last, Landed: in.Landed, All: f.all, Color: v.page.colored(f.color),
	})
}

// masked takes what looks like a credential out of a report, whose texts and places repeat what is wrong: it may have been
// pasted for the name of a field. The keys of objects stay, as objects are found by them.
func masked(said *validate.Report) {
	for i := range said.Findings {
		f := &said.Findings[i]
		for _, text := range []*string{&f.Message, &f.Why, &f.Fix, &f.Place} {
			*text = secrets.Mask(*text)
		}
		for k, step := range f.Field {
			if name, ok := step.(string); ok && secrets.Mask(name) != name {
				f.Field = slices.Clone(f.Field) // rules may share it
				f.Field[k] = secrets.Mask(name)
			}
		}
	}
	for i := range said.Unchecked {
		u := &said.Unchecked[i]
		u.What, u.Why = secrets.Mask(u.What), secrets.Mask(u.Why)
	}
}

// schemaLocations opens what --schema-location names. What sluice has itself judges in any case. Addresses are read by the
// reader of sources, with its authorities, proxy, logins, attempts and time limit: they are the one thing that is fetched
// here, and a person named them, or a schema that a person named does.
func (v *invocation) schemaLocations(ctx context.Context, f *validateFlags, s *subject) (*kubeconform.Engine, error) {
	l := kubeconform.Locations{
		Templates:  slices.DeleteFunc(slices.Clone(f.schemas), func(t string) bool { return t == "default" }),
		Kubernetes: cmp.Or(f.templateVersion(), strings.TrimPrefix(s.plan.Cluster.Kubernetes, "v"), schemas.NewestRelease),
	}
	if len(l.Templates) == 0 {
		return nil, nil
	}
	reader := sync.OnceValues(func() (*source.Reader, error) { return v.reader(s.plan, nil) })
	if at := slices.IndexFunc(l.Templates, kubeconform.Remote); at >= 0 {
		if v.offline {
			return nil, &render.Error{Err: fmt.Errorf("reading schema location %s: --offline is given", kubeconform.Shown(l.Templates[at])), Hint: "name files"}
		}
		if _, err := reader(); err != nil {
			return nil, err
		}
	}
	l.Fetch = func(url string) ([]byte, error) { // a schema of a file may refer to an address too
		r, err := reader()
		if err != nil {
			return nil, err
		}
		return r.Document(ctx, url)
	}
	return kubeconform.New(l)
}

// conclude holds the outcome to the baseline, writes it, and gives the error that ends the verb.
func (v *invocation) conclude(ctx context.Context, f *validateFlags, s *subject, out report.Findings) error {
	if f.writeBaseline != "" {
		if s.failure != nil {
			return errors.Join(s.failure, &render.Error{Err: errors.New("no baseline was written: not everything was judged")})
		}
		return v.writeBaseline(f.writeBaseline, out)
	}
	if f.baseline != "" {
		text, err := given(ctx, f.baseline)
		if err != nil {
			return fmt.Errorf("opening the baseline: %w", err)
		}
		base, err := validate.ReadBaseline(f.baseline, bytes.NewReader(text))
		if err != nil {
			return err
		}
		if mended := out.Report.Hold(base); s.failure == nil { // else it is not known what is mended
			out.Mended = len(mended)
		}
	}
	var err error
	switch f.form {
	case "json":
		err = out.JSON(v.out)
	case "kubeconform-json":
		err = out.Kubeconform(v.out)
	default:
		err = out.Text(v.out)
	}
	if err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	v.note("%s", out.Summary())
	switch {
	case s.failure != nil:
		return s.failure
	case len(out.Report.Counting(out.Least)) > 0, v.strict && len(out.Report.Unchecked) > 0:
		return errDifferent
	}
	return nil
}

// writeBaseline writes the file whole or not at all.
func (v *invocation) writeBaseline(name string, out report.Findings) error {
	base := out.Report.Baseline()
	// A link stays one, and what is no file, such as /dev/stdout, is not replaced by one.
	if to, err := filepath.EvalSymlinks(name); err == nil {
		name = to
	} else if to, err := os.Readlink(name); err == nil && !filepath.IsAbs(to) { // to a file that is not there yet
		name = filepath.Join(filepath.Dir(name), to)
	} else if err == nil {
		name = to
	}
	if stat, err := os.Stat(name); err == nil && !stat.Mode().IsRegular() {
		return &render.Error{Err: fmt.Errorf("writing the baseline: %s is no regular file", name), Hint: "name a file to write it into"}
	}
	// The name of the file beside it means nothing to anybody.
	wrong := func(err error) error {
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			err = at.Err
		} else if at, ok := errors.AsType[*os.LinkError](err); ok {
			err = at.Err
		}
		return fmt.Errorf("writing the baseline %s: %w", name, err)
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".sluice-baseline-*")
	if err != nil {
		return wrong(err)
	}
	defer os.Remove(file.Name())
	err = report.JSON(file, base)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return wrong(err)
	}
	v.note("%s: %d findings", name, len(base.Findings))
	return nil
}
