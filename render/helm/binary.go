package helm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"sluice/render"
)

// texts are the files of values that a release names, read once.
type texts struct {
	values   [][]byte // of Values.Files and then the inline ones, in helm's order
	setFile  []string // the expressions of Values.SetFile, with paths of setFiles
	setFiles [][]byte
	found    *valueFiles
}

// gather reads them. A file that does not parse is the binary's to refuse; one that is not there is refused here, with
// paths that lead out of Dir.
func (e *external) gather(r render.Release) (texts, error) {
	t := texts{found: &valueFiles{dir: r.Dir}}
	for _, name := range r.Values.Files {
		raw, err := t.found.read(name)
		if err != nil {
			return t, err
		}
		t.values = append(t.values, raw)
	}
	if len(r.Values.Inline) > 0 {
		raw, err := yaml.Marshal(r.Values.Inline)
		if err != nil {
			return t, fmt.Errorf("writing the inline values: %w", err)
		}
		t.values = append(t.values, raw)
	}
	for _, expr := range r.Values.SetFile {
		moved, err := e.moveFiles(expr, &t)
		if err != nil {
			return t, fmt.Errorf("reading --set-file %q: %w", keyOf(expr), err)
		}
		t.setFile = append(t.setFile, moved)
	}
	return t, nil
}

// moveFiles reads the files of one --set-file expression, which may name several, and gives the expression with the
// paths under which the binary finds them.
func (e *external) moveFiles(expr string, t *texts) (string, error) {
	var refused error
	moved, rest := "", expr
	// An expression that is not well formed is refused when it is applied.
	_ = e.dialect.setFile(expr, map[string]any{}, func(name []rune) (any, error) {
		raw, err := t.found.read(string(name))
		before, after, found := cutPath(rest, string(name))
		switch {
		case err != nil:
			refused = err
		case !found:
			refused = &render.Error{
				Err:  fmt.Errorf("the path %q is not spelled as it is in the expression", string(name)),
				Hint: "use a path without backslashes",
			}
		default:
			moved, rest = moved+before+"../"+setFileName(len(t.setFiles)), after
			t.setFiles = append(t.setFiles, raw)
		}
		return "", refused
	})
	return moved + rest, refused
}

func setFileName(i int) string { return fmt.Sprintf("set-file-%d", i) }

// cutPath cuts an expression around the first value that is the path.
func cutPath(expr, path string) (before, after string, found bool) {
	for from := 0; ; {
		at := strings.Index(expr[from:], "="+path)
		if at < 0 {
			return "", "", false
		}
		from += at + 1
		after = expr[from+len(path):]
		if after == "" || after[0] == ',' {
			return expr[:from], after, true
		}
	}
}

// memory gives the same files as a file system, under their clean paths.
func (t texts) memory() fs.FS { return memory(t.found.texts) }

// memory is a file system of files that were read before.
type memory map[string][]byte

// Open is the method of fs.FS; only whole files are ever read.
func (m memory) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadFile is the method of fs.ReadFileFS.
func (m memory) ReadFile(name string) ([]byte, error) {
	if raw, ok := m[name]; ok {
		return raw, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// answer is what a binary said, with its exit code.
type answer struct {
	stdout []byte
	stderr string
	code   int
}

// The directories of one call, below a private one that holds what is handed over: where helm starts, its home, and where
// it may put files. All are empty.
const (
	startDir = "start"
	homeDir  = "home"
	tempDir  = "tmp"
)

// run calls helm template on a copy of the chart. An error means that nothing can be said about what was printed.
//
// Package kustomize has the like for its binaries, and is a sibling, which imports nothing of this one; the parent starts
// no process. What one of them learns about children the other needs as well.
func (e *external) run(ctx context.Context, r render.Release, copied chartCopy, texts texts) (said answer, err error) {
	dir, err := os.MkdirTemp("", "sluice-helm-") // of mode 0700
	if err != nil {
		return said, fmt.Errorf("making a directory for helm %s: %w", e.version, err)
	}
	defer func() {
		if gone := os.RemoveAll(dir); gone != nil {
			err = errors.Join(err, fmt.Errorf("removing the directory of helm %s, which holds the values: %w", e.version, gone))
		}
	}()
	args, err := e.write(dir, r, copied, texts)
	if err != nil {
		return said, fmt.Errorf("handing the chart to helm %s: %w", e.version, err)
	}
	within, cancel := context.WithTimeout(ctx, e.limit)
	defer cancel()
	cmd := exec.CommandContext(within, e.path, args...)
	cmd.Dir, cmd.Env = filepath.Join(dir, startDir), environment(dir)
	stdout, stderr := &bounded{most: e.most, full: cancel}, &bounded{most: e.most / 64, full: cancel}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = e.linger
	ownGroup(cmd)
	err = cmd.Start()
	if err == nil {
		err = cmd.Wait()
		endGroup(cmd.Process.Pid) // what it left behind would go on writing into a directory that is being removed
	}
	said = answer{stdout.text.Bytes(), strings.ReplaceAll(stderr.text.String(), dir+string(filepath.Separator), ""), 0}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return said, ctx.Err()
	case stdout.over || stderr.over:
		return said, &render.Error{
			Err:  fmt.Errorf("helm %s printed more than %d bytes and was ended", e.version, e.most),
			Hint: "no cluster takes that much; a template may loop",
		}
	case within.Err() != nil:
		return said, &render.Error{
			Err:  fmt.Errorf("helm %s did not end within %s", e.version, e.limit.Round(time.Millisecond)),
			Hint: "nothing of what it printed is used",
		}
	case errors.Is(err, exec.ErrWaitDelay):
		return said, fmt.Errorf("helm %s ended, and a process that it started keeps the output open: it cannot be known to be complete", e.version)
	case errors.As(err, &exit) && exit.Exited():
		said.code = exit.ExitCode()
	case exit != nil:
		return said, fmt.Errorf("helm %s was ended: %s%s", e.version, exit.ProcessState, said.excerpt())
	case err != nil:
		return said, fmt.Errorf("running helm %s: %w", e.version, err)
	}
	return said, nil
}

// write fills the directory and gives the arguments of the call. The paths in them are relative and made here: helm takes
// a comma in the path of a values file for the beginning of another, "-" for its input and "https:" for an address.
func (e *external) write(dir string, r render.Release, copied chartCopy, texts texts) (args []string, err error) {
	for _, below := range []string{startDir, homeDir, tempDir} {
		if err := os.Mkdir(filepath.Join(dir, below), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "chart.tgz"), copied.archive, 0o600); err != nil {
		return nil, err
	}
	args = arguments(r)
	for i, raw := range texts.values {
		name := fmt.Sprintf("values-%d.yaml", i)
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--values=../"+name)
	}
	for i, f := range texts.setFiles {
		if err := os.WriteFile(filepath.Join(dir, setFileName(i)), f, 0o600); err != nil {
			return nil, err
		}
	}
	for _, set := range []struct {
		flag  string
		exprs []string
	}{
		{"--set-json=", r.Values.SetJSON}, {"--set=", r.Values.Set}, {"--set-string=", r.Values.SetString}, {"--set-file=", texts.setFile},
	} {
		for _, expr := range set.exprs {
			args = append(args, set.flag+expr)
		}
	}
	return args, nil
}

// arguments gives the flags that do not name files. A value is never a word of its own, so none can be taken for a
// flag.
func arguments(r render.Release) []string {
	namespace := r.Namespace
	if namespace == "" {
		namespace = "default" // as checkRelease has it
	}
	args := []string{"template", r.Name, "../chart.tgz", "--namespace=" + namespace, "--kube-version=" + r.Capabilities.KubeVersion}
	for _, api := range r.Capabilities.APIVersions {
		args = append(args, "--api-versions="+api)
	}
	if !r.SkipCRDs {
		args = append(args, "--include-crds")
	}
	if r.SkipTests {
		args = append(args, "--skip-tests")
	}
	if r.SkipHooks {
		args = append(args, "--no-hooks")
	}
	return args
}

// environment is all that a binary sees: its homes, which are empty, and proxies where nothing listens, so that even a
// version that would fetch something finds no way out. No plugin, repository, registry login or kubeconfig is there.
func environment(dir string) []string {
	home := filepath.Join(dir, homeDir)
	env := []string{"PATH=", "TZ=UTC", "LANG=C", "TMPDIR=" + filepath.Join(dir, tempDir), "KUBECONFIG=" + filepath.Join(home, "none")}
	for _, name := range []string{
		"HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	} {
		env = append(env, name+"="+home)
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		env = append(env, name+"=http://127.0.0.1:0")
	}
	return env
}

// bounded keeps what is written to it, up to a limit. Over the limit it ends the writer and says so: a text cut there
// would be a shorter one.
type bounded struct {
	text bytes.Buffer
	most int
	full func()
	over bool
}

// Write is the method of io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.over = b.over || b.text.Len()+len(p) > b.most; b.over {
		b.full()
		return len(p), nil
	}
	return b.text.Write(p)
}
