package toolchain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"sluice/render"
)

const (
	// runLimit is for a program to say its version, which takes 50 ms: a cold disk and a busy machine included.
	runLimit = 20 * time.Second
	maxSaid  = 64 << 10 // bytes of output that are kept
)

// modules are the beginnings of the paths that the tools are built from; the major follows.
var modules = map[string]string{
	"helm":      "helm.sh/helm/v",
	"kustomize": "sigs.k8s.io/kustomize/kustomize/v",
}

// module gives the path of the module of a tool: its major is part of it.
func (t Tool) module() string {
	major, _, _ := strings.Cut(t.Version, ".")
	return modules[t.Name] + major
}

// shown is what a binary shows of itself.
type shown struct {
	path, digest string
	says         string // version that it prints, without "v": "3.14.4", "3.14", "(devel)"
	module       string // it was built from; empty where the build recorded none
	version      string // of the module, with "v"; only where it came from a module proxy, with its sum
	sum          string // "h1:..."
	err          error  // it could not be read or run
}

// examine reads and runs a binary, once for all who ask.
func (p *Places) examine(ctx context.Context, name, path string) shown {
	p.mu.Lock()
	if p.seen == nil {
		p.seen = map[string]func() shown{}
	}
	once, ok := p.seen[path]
	if !ok {
		limit := p.Limit
		if limit == 0 {
			limit = runLimit
		}
		once = sync.OnceValue(func() shown { return examine(ctx, name, path, limit) })
		p.seen[path] = once
	}
	p.mu.Unlock()
	return once()
}

func examine(ctx context.Context, name, path string, limit time.Duration) shown {
	s := shown{path: path}
	if s.digest, _, s.err = fileDigest(path); s.err != nil {
		return s
	}
	// Both tools are Go programs, and since Go 1.18 a build records its module, also in stripped binaries
	// (debug/buildinfo). A script that chooses a version by the directory it is called in has none.
	if b, err := buildinfo.ReadFile(path); err == nil {
		s.module = b.Main.Path
		if b.Main.Sum != "" {
			s.version, s.sum = b.Main.Version, b.Main.Sum
		}
	}
	s.says, s.err = ask(ctx, name, path, limit)
	return s
}

// builtAs reads in a file whether it was built from the module of a tool, of any major, or says what it is instead.
func builtAs(name, path string) error {
	b, err := buildinfo.ReadFile(path)
	switch {
	case err != nil:
		return &render.Error{
			Err: fmt.Errorf("%s at %s: it does not prove its version: it has no record of a Go build, as a script that chooses a version"+
				" has none, and is not run", name, path),
			Hint: "where you know what it is, say so with --tool " + name + "@VERSION=" + path,
		}
	case !strings.HasPrefix(b.Main.Path, modules[name]):
		return fmt.Errorf("%s at %s: it is built from the module %s, not from %sN, and is not run", name, path, b.Main.Path, modules[name])
	}
	return nil
}

// fileDigest gives the digest and size of a file.
func fileDigest(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), n, err
}

// asking are the arguments for which a tool says its version alone.
var asking = map[string][]string{
	"helm":      {"version", "--template", "{{.Version}}"},
	"kustomize": {"version"},
}

// answer is a version as the tools print it: "v3.14.4", "v3.14" (a build of helm without linker flags), "(devel)", and of
// kustomize before 5 "{Version:kustomize/v4.5.7 GitCommit:...}".
var answer = regexp.MustCompile(`^(?:v([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+][0-9A-Za-z.+-]+)?)|(\(devel\))|\{Version:kustomize/v([0-9]+\.[0-9]+\.[0-9]+) .*\})$`)

// ask runs a binary for its version, with none of the user's configuration: plugins and a kubeconfig could make a sound
// helm fail, and a repository configuration could make it wait.
func ask(ctx context.Context, name, path string, limit time.Duration) (string, error) {
	home, err := os.MkdirTemp("", "sluice-tool-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(home)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, path, asking[name]...)
	cmd.Dir = home
	cmd.Env = []string{
		"HOME=" + home, "TMPDIR=" + home, "PATH=", "KUBECONFIG=" + home + "/none",
		"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home,
		"XDG_CACHE_HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home,
	}
	cmd.WaitDelay = time.Second // a child that it left behind may hold the pipe open
	var out, stderr said
	cmd.Stdout, cmd.Stderr = &out, &stderr
	ownGroup(cmd)
	if err = cmd.Start(); err == nil {
		err = cmd.Wait()
		endGroup(cmd.Process.Pid) // what a script left behind would go on in a home that is being removed
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", fmt.Errorf("asking for its version: no answer in %s", limit)
	case err != nil:
		return "", fmt.Errorf("asking for its version: %w%s", err, stderr.after())
	}
	m := answer.FindStringSubmatch(strings.TrimSpace(out.text.String()))
	if m == nil {
		return "", fmt.Errorf("asking for its version: %q is none", firstLine(out.text.String()))
	}
	return m[1] + m[2] + m[3], nil
}

// said keeps the beginning of an output and swallows the rest.
type said struct{ text bytes.Buffer }

func (s *said) Write(b []byte) (int, error) {
	s.text.Write(b[:min(len(b), max(0, maxSaid-s.text.Len()))])
	return len(b), nil
}

// after gives the output as the end of a message.
func (s *said) after() string {
	if line := firstLine(s.text.String()); line != "" {
		return ": " + line
	}
	return ""
}

// firstLine gives the first line of a text, cut where it is long.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(line); len(r) > 200 {
		line = string(r[:200]) + "..."
	}
	return line
}

// passesFor says whether a binary may be a tool: it proves it, or (stated) does not contradict it, or an error says what
// it is instead.
func (s shown) passesFor(t Tool) (stated bool, err error) {
	switch {
	case s.err != nil:
		return false, s.err
	case s.module != "" && s.module != t.module():
		return false, fmt.Errorf("it is built from the module %s, not from %s", s.module, t.module())
	case s.version != "" && trimV(s.version) != t.Version:
		return false, fmt.Errorf("it is built from %s %s", s.module, s.version)
	case s.says == t.Version && fullVersion.MatchString(s.says):
		return s.module == "", nil
	case s.says == "(devel)", strings.HasPrefix(t.Version+".", s.says+"."):
		return true, nil
	}
	return false, fmt.Errorf("it says that it is %s", s.says)
}

// doubt says why a binary is no proof of its version.
func (s shown) doubt() string {
	if s.module == "" {
		return "it says " + s.says + ", and has no record of a Go build: a script that chooses a version, perhaps"
	}
	return "it says " + s.says + ", as builds without the release's linker flags do"
}

// origin names the module that a binary was built from, where that is authenticated.
func (s shown) origin() string {
	if s.sum == "" {
		return ""
	}
	return "module " + s.module + "@" + s.version + " " + s.sum
}

// errChanged is the fault of a binary that is not the one that was installed.
var errChanged = errors.New("it changed since it was installed")
