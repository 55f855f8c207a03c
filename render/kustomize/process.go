package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Bounds of a child.
const (
	maxOutput   = 256 << 20 // bytes on standard output; more is an error, never a cut
	maxMessages = 1 << 20   // bytes on standard error that are kept
	limit       = 2 * time.Minute
	drain       = 2 * time.Second // for pipes that a grandchild holds
)

// bounded keeps what a child writes, up to a number of bytes, and calls over at the first byte too many.
type bounded struct {
	text bytes.Buffer // not embedded: its ReadFrom would be used, past the bound
	most int
	over func()
	full bool
}

// Write keeps what fits. It reports all of it as written, so that the reader goes on until the child is gone.
func (w *bounded) Write(p []byte) (int, error) {
	if room := w.most - w.text.Len(); len(p) > room {
		if !w.full {
			w.full = true
			w.over()
		}
		w.text.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return w.text.Write(p)
}

// child is one run of an external kustomize.
type child struct {
	name    string // for messages
	args    []string
	limit   time.Duration
	most    int // bytes of output
	explain func(stderr string) error
}

// run starts the child in the sandbox and gives its output, which is whole as far as an exit code, the absence of a
// signal and closed pipes can tell. The child leads a process group, which is killed with everything in it when the
// context ends, and also when the child is gone: its helm could outlive it. Package helm has the like, see there.
func (c child) run(ctx context.Context, box *sandbox) ([]byte, error) {
	within, stop := context.WithTimeout(ctx, c.limit)
	defer stop()
	cmd := exec.CommandContext(within, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = filepath.Join(box.dir, sandboxEmpty), box.environment()
	kill := group(cmd)
	cmd.Cancel, cmd.WaitDelay = kill, drain
	stdout, stderr := &bounded{most: c.most, over: stop}, &bounded{most: maxMessages, over: func() {}}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.name, shortened(err))
	}
	err := cmd.Wait()
	_ = kill() // mostly nobody is left
	exit, isExit := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case stdout.full:
		return nil, fmt.Errorf("%s gave more than %d MiB and was stopped", c.name, c.most>>20)
	case within.Err() != nil:
		return nil, fmt.Errorf("%s took longer than %v and was stopped", c.name, c.limit)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil, fmt.Errorf("%s ended while a program that it started still held its output", c.name)
	case isExit && !exit.Exited():
		return nil, fmt.Errorf("%s was ended by a signal after %d bytes of output: %s", c.name, stdout.text.Len(), exit)
	case isExit:
		return nil, c.explain(box.plain(stderr.text.String()))
	case err != nil:
		return nil, fmt.Errorf("running %s: %w", c.name, shortened(err))
	case stdout.text.Len() > 0 && !bytes.HasSuffix(stdout.text.Bytes(), []byte("\n")):
		return nil, fmt.Errorf("the output of %s has no end: its last line is cut", c.name)
	}
	return stdout.text.Bytes(), nil
}

// shortened drops the path of the program, which is one of this machine.
func shortened(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	return pathless(err)
}

// What kustomize writes about a helm that it ran (api/internal/builtins, runHelmCommand), and the directories that it
// makes for one.
var (
	helmOutput = regexp.MustCompile(`(?s)\nHelm template:\n.*?(\n?: unable to run: ')`)
	helmRun    = regexp.MustCompile(`(?s): unable to run: '.*?' with env=\[[^\]]*\] \(is '[^']*' installed\?\): (.*?)(['"]*)$`)
	helmTemp   = regexp.MustCompile(`/` + sandboxTemp + `/kustomize-helm-\d+/?`)
)

// plain takes from what kustomize wrote on standard error the warnings above the error, the paths of this machine, and
// what a helm with --debug rendered, which may hold a secret.
func (box *sandbox) plain(stderr string) string {
	text := strings.TrimSpace(stderr)
	if _, trace, ok := strings.Cut("\n"+text, "\npanic: "); ok {
		text, _, _ = strings.Cut(trace, "\n") // the rest is a trace with addresses, which differ in each run
		return "it stopped: " + text
	}
	if _, message, ok := strings.Cut("\n"+text, "\nError: "); ok {
		text = message
	}
	text = helmOutput.ReplaceAllString(text, "$1")
	if m := helmRun.FindStringSubmatchIndex(text); m != nil {
		how := text[m[2]:m[3]]
		text = strings.TrimSpace(text[:m[0]]) + text[m[4]:m[5]]
		if !strings.HasPrefix(how, "exit status") {
			text += ": helm ended with " + how
		}
	}
	return helmTemp.ReplaceAllString(strings.ReplaceAll(text, box.dir, ""), "")
}
