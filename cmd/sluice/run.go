package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sluice/render"
	"sluice/render/toolchain"
	"sluice/validate/secrets"
)

// The exit codes of every verb and every output format. Where two apply, the higher one wins.
const (
	exitClean    = 0 // done, and nothing is wrong
	exitFindings = 1 // done, and there are findings or differences
	exitError    = 2 // the work could not be done
)

// Rules of the terminal: stdout is for the result and nothing else; progress, warnings and errors go to stderr. An
// error is one line "error: file:line:column: operation and thing: cause" (several errors, several lines), followed by
// its hint lines. No capitals at the start, no final period.

// streams are where a command line reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// errDifferent ends a verb with exit code 1: the work is done, what it found was already said.
var errDifferent = errors.New("different")

// verbs is the command table, in the order of the help text.
var verbs = []func(*invocation) *cobra.Command{
	initVerb, planVerb, lockVerb, vendorVerb, outdatedVerb, renderVerb, validateVerb, explainVerb, ledgerVerb, diffVerb, hydrateVerb, toolchainVerb, capabilitiesVerb,
	cacheVerb, schemaVerb, versionVerb,
}

// run executes a command line and gives the exit code.
func run(ctx context.Context, s streams, args []string) int {
	stderr := newProgress(s.err)
	out := bufio.NewWriter(result{s.out, stderr})
	v := &invocation{
		in: s.in, out: out, page: pageOf(s.out), err: stderr, found: map[toolchain.Tool]toolchain.Found{}, said: map[string]bool{},
		atWork: &attendance{},
	}
	root := rootCommand(v)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	stderr.end()
	// Whatever an interrupted library says of it, the user knows the reason. The exit code is that of an error: half
	// a result must never pass for one.
	if ctx.Err() != nil {
		v.atWork.end()
		err = fmt.Errorf("interrupted: nothing more was written")
	}
	// A full disk or a closed pipe shows here at the latest. Unsaid, it would leave a shorter output with exit code
	// 0.
	if flush := out.Flush(); flush != nil && (err == nil || errors.Is(err, errDifferent)) {
		err = fmt.Errorf("writing the output: %w", flush)
	}
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errDifferent):
		return exitFindings
	}
	var text bytes.Buffer
	printError(&text, err)
	_, _ = stderr.Write(text.Bytes())
	return exitError
}

// rootCommand builds the command tree. Cobra prints neither errors nor usage: an error is two lines here, and a page
// of flags below it would hide them.
func rootCommand(v *invocation) *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Render and prove Kubernetes manifests before Argo CD sees them",
		Long: "sluice turns the intent of a cluster (a CUE stack) into the exact manifests that Argo CD would apply and\n" +
			"commits them as a hydrated tree, unless Argo CD would destroy something with it that nobody accepted. The linked\n" +
			"engines start no process, and the network is asked for sources and tools, and with flags that name a server for that, but\nnot with --offline.\n\n" +
			"Exit codes: 0 clean, 1 findings or differences, 2 the work could not be done.",
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(*cobra.Command, []string) error { return v.enter() },
	}
	root.SetIn(v.in)
	root.SetOut(v.out)
	root.SetErr(v.err)
	root.SetFlagErrorFunc(flagError)
	v.globalFlags(root.PersistentFlags())
	for _, verb := range verbs {
		cmd := verb(v)
		v.complete(cmd)
		root.AddCommand(cmd)
	}
	return root
}

// unknownVerb is cobra's own message with the hint on a line of its own. Of a command with commands below it, the
// message has the whole line.
func unknownVerb(of *cobra.Command, name string) error {
	_, line, _ := strings.Cut(of.CommandPath()+" "+name, " ")
	err := &render.Error{
		Err:  fmt.Errorf("unknown command %q", line),
		Hint: fmt.Sprintf("run %s --help for the list", of.CommandPath()),
	}
	var names []string
	for _, c := range of.Commands() {
		names = append(names, c.Name())
	}
	// Not cobra's suggestions: it takes the first that is near enough, which for "rendr" is vendor.
	if near := render.Nearest(name, names); near != "" {
		err.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return err
}

// flagError adds the nearest flag's name to pflag's message about an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("run %s --help for the flags", cmd.CommandPath())
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := render.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			hint = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return &render.Error{Err: err, Hint: hint}
}

// oneOf checks a word that must be one of a list; what names it in the error, e.g. "--output".
func oneOf(what, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	hint := "it takes " + strings.Join(words, ", ")
	if near := render.Nearest(value, words); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return &render.Error{Err: fmt.Errorf("%s %q is not known", what, value), Hint: hint}
}

// notEmpty refuses flags with an empty value, which is what an unset variable leaves. Taken for "not given" it would send a
// tree somewhere else, or compare something else.
func notEmpty(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f.Changed && (f.Value.String() == "" || f.Value.String() == "[]") { // that of a list
			return &render.Error{Err: fmt.Errorf("--%s is empty", name), Hint: "is a variable of the script not set?"}
		}
	}
	return nil
}

// credentials are the user and password of a URL. The tools leave them out of what they say; this catches the messages
// of libraries, and of text that is no URL after all.
var credentials = regexp.MustCompile(`(?:\bssh)?://[^/@\s"']+@`)

// withoutCredentials takes them out of a text. The user of ssh alone is no secret and part of what a person has to look for.
func withoutCredentials(text string) string {
	return credentials.ReplaceAllStringFunc(text, func(at string) string {
		scheme, user, _ := strings.Cut(at, "://")
		if scheme == "ssh" && !strings.Contains(user, ":") {
			return at
		}
		return scheme + "://***@"
	})
}

// printError writes an error and its hints. Of joined errors each gets its line, followed by its own hints.
func printError(w io.Writer, err error) {
	all := messages(err)
	for i, m := range all {
		text := visible(secrets.Mask(withoutCredentials(strings.TrimSpace(m.text))))
		fmt.Fprintf(w, "error: %s\n", strings.ReplaceAll(text, "\n", "\n  "))
		if i+1 < len(all) && slices.Equal(m.hints, all[i+1].hints) {
			continue // said once, after the last of them
		}
		for _, hint := range m.hints {
			fmt.Fprintf(w, "hint: %s\n", visible(secrets.Mask(hint)))
		}
	}
}

// message is one error as a person reads it, with the hints from the outermost to the innermost.
type message struct {
	text  string
	hints []string
}

// messages takes an error apart where errors are joined; what wraps a join is put in front of each of its parts.
func messages(err error) []message {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var all []message
		for _, part := range e.Unwrap() {
			all = append(all, messages(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		inner := e.Unwrap()
		if inner == nil {
			break
		}
		all := messages(inner)
		before, after, found := strings.Cut(err.Error(), inner.Error())
		if !found {
			all = []message{{hints: hintsOf(all)}}
			before = err.Error()
		}
		for i := range all {
			all[i].text = before + all[i].text + after
			if placed, ok := err.(*render.Error); ok && placed.Hint != "" && !slices.Contains(all[i].hints, placed.Hint) {
				all[i].hints = append([]string{placed.Hint}, all[i].hints...)
			}
		}
		return all
	}
	return []message{{text: err.Error()}}
}

// hintsOf joins the hints of several messages that are shown as one.
func hintsOf(all []message) []string {
	var list []string
	for _, m := range all {
		for _, h := range m.hints {
			if !slices.Contains(list, h) {
				list = append(list, h)
			}
		}
	}
	return list
}
