package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/render"
)

// Tool is one version of helm or kustomize.
type Tool struct {
	Name    string // "helm" or "kustomize"
	Version string // in full, without "v", e.g. "3.14.4"
}

// String gives "helm@3.14.4", as command lines spell it.
func (t Tool) String() string { return t.Name + "@" + t.Version }

// Check refuses what is no tool, or no whole version, before any of it becomes part of a path or a command.
func (t Tool) Check() error {
	if _, known := modules[t.Name]; !known {
		return &render.Error{Err: fmt.Errorf("%q is not a tool that is known", t.Name), Hint: "it is helm or kustomize"}
	}
	if !fullVersion.MatchString(t.Version) {
		return &render.Error{
			Err:  fmt.Errorf("%s: %q is not a whole version", t.Name, t.Version),
			Hint: "state the patch and no \"v\", e.g. " + t.Name + "@" + exampleVersions[t.Name],
		}
	}
	return nil
}

var (
	fullVersion     = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$`)
	exampleVersions = map[string]string{"helm": "3.14.4", "kustomize": "5.8.1"}
)

// Found is a binary of a tool, and what is known of it.
type Found struct {
	Tool
	Path   string // absolute; of what is not ours, links followed
	Digest string // "sha256:" and 64 hex digits
	Where  string // "named", "installed" or "PATH"
	Origin string // module with its sum, or archive with its digest; empty where neither is known
	// Stated says that the version is the word of the user who named the path: the binary does not contradict it, and
	// does not prove it.
	Stated bool
	// Err is why the binary is of no use. Only [Places.All] gives such ones; the version is then what it says, or empty.
	Err error
}

// Places are where binaries are looked for, in the order of its fields. It may be used by several goroutines; a binary
// is examined once for each Places.
type Places struct {
	Named map[Tool]string // paths that the user states. One that is not what it is said to be is an error
	Dir   string          // absolute path of the directory of [Install]; empty for none
	Path  []string        // directories of PATH; what is not absolute is passed over, as exec.LookPath does
	// Run runs installed binaries too. Their digest proves them; a run shows that they work on this machine.
	Run bool

	Limit time.Duration // for a binary to say its version; zero means 20 seconds

	mu   sync.Mutex
	seen map[string]func() shown
}

// Find gives a binary for each of the tools that has one; the others are absent. A named path or an installed binary
// that is not what it should be is an error, and the rest is given all the same. On PATH only binaries count that prove
// their version; others are passed over, see [Places.All].
func (p *Places) Find(ctx context.Context, tools []Tool) (map[Tool]Found, error) {
	found := make([]*Found, len(tools))
	faults := make([]error, len(tools))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range tools {
		group.Go(func() error {
			found[i], faults[i] = p.find(ctx, t)
			return nil
		})
	}
	_ = group.Wait()
	all := map[Tool]Found{}
	for _, f := range found {
		if f != nil && f.Err == nil {
			all[f.Tool] = *f
		}
	}
	return all, errors.Join(faults...)
}

func (p *Places) find(ctx context.Context, t Tool) (*Found, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if path, ok := p.Named[t]; ok {
		f := p.named(ctx, t, path)
		return &f, f.Err
	}
	if f := p.installed(ctx, t); f != nil {
		return f, f.Err
	}
	for _, path := range p.onPath(t) {
		if f := p.foreign(ctx, t.Name, path); f.Err == nil && f.Tool == t {
			return &f, nil
		}
	}
	return nil, ctx.Err()
}

// Ours lists the tools of the named paths and of the directory of [Install] by what they are called, without looking at
// any of them: whoever picks one has it proven by [Places.Find].
func (p *Places) Ours() ([]Tool, error) {
	tools, err := installedTools(p.Dir)
	for t := range p.Named {
		if !slices.Contains(tools, t) {
			tools = append(tools, t)
		}
	}
	return tools, err
}

// All gives every binary in the places, with what is wrong of each: the named ones, the installed ones, those on PATH,
// each ordered by name, version and path.
func (p *Places) All(ctx context.Context) ([]Found, error) {
	var examine []func() Found
	for t, path := range p.Named {
		examine = append(examine, func() Found { return p.named(ctx, t, path) })
	}
	installed, err := installedTools(p.Dir)
	for _, t := range installed {
		examine = append(examine, func() Found { return *p.installed(ctx, t) })
	}
	for name := range modules {
		for _, path := range p.onPath(Tool{Name: name}) {
			examine = append(examine, func() Found { return p.foreign(ctx, name, path) })
		}
	}
	all := make([]Found, len(examine))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range examine {
		group.Go(func() error {
			all[i] = f()
			return nil
		})
	}
	_ = group.Wait()
	slices.SortFunc(all, func(a, b Found) int {
		return slices.Compare(a.rank(), b.rank())
	})
	return all, errors.Join(err, ctx.Err())
}

// rank orders the binaries of a listing.
func (f Found) rank() []string {
	place := map[string]string{"named": "1", "installed": "2", "PATH": "3"}[f.Where]
	return []string{place, f.Name, f.Version, f.Path}
}

// named judges a path of which the user states what is there.
func (p *Places) named(ctx context.Context, t Tool, path string) Found {
	f := Found{Tool: t, Path: path, Where: "named"}
	real, err := program(path)
	if err != nil {
		f.Err = fmt.Errorf("%s at %s: %w", t, path, err)
		return f
	}
	s := p.examine(ctx, t.Name, real)
	f.Path, f.Digest, f.Origin = s.path, s.digest, s.origin()
	if f.Stated, f.Err = s.passesFor(t); f.Err != nil {
		f.Err = fmt.Errorf("%s at %s: %w", t, path, f.Err)
	}
	return f
}

// foreign judges a binary of PATH, of which nothing is known but its name. It is not run where its build record says
// already that it proves nothing: a render starts no program just because of its name.
func (p *Places) foreign(ctx context.Context, name, path string) Found {
	if err := builtAs(name, path); err != nil {
		return Found{Tool: Tool{Name: name}, Path: path, Where: "PATH", Err: err}
	}
	s := p.examine(ctx, name, path)
	f := Found{Tool: Tool{Name: name, Version: s.says}, Path: s.path, Digest: s.digest, Where: "PATH", Origin: s.origin()}
	if s.err != nil {
		f.Err = fmt.Errorf("%s at %s: %w", name, path, s.err)
		return f
	}
	stated := !fullVersion.MatchString(s.says)
	if !stated {
		if stated, f.Err = s.passesFor(f.Tool); f.Err != nil {
			f.Err = fmt.Errorf("%s at %s: %w", name, path, f.Err)
		}
	}
	if stated {
		f.Err = &render.Error{
			Err:  fmt.Errorf("%s at %s: it does not prove its version: %s", name, path, s.doubt()),
			Hint: "where you know what it is, say so with --tool " + name + "@VERSION=" + path,
		}
	}
	return f
}

// fileNames are the files of PATH that may be a tool: "helm", "helm3", "helm-3.14.4", "helm-v3.14.4".
var fileNames = regexp.MustCompile(`^(helm|kustomize)(?:([0-9]+)|[-_]?v?([0-9]+\.[0-9]+\.[0-9]+[-0-9A-Za-z.]*))?$`)

// onPath lists the programs of PATH that may be a tool, in the order of PATH and then of names. Of a tool without a
// version all of its programs are listed. What a name says is a reason to look, or not to; it proves nothing.
func (p *Places) onPath(t Tool) []string {
	var list []string
	for _, dir := range p.Path {
		if !filepath.IsAbs(dir) {
			continue
		}
		// A directory of PATH that is not there is as common as it is harmless.
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			m := fileNames.FindStringSubmatch(e.Name())
			if m == nil || m[1] != t.Name || t.Version != "" &&
				(m[2] != "" && !strings.HasPrefix(t.Version, m[2]+".") || m[3] != "" && m[3] != t.Version) {
				continue
			}
			if path, err := program(filepath.Join(dir, e.Name())); err == nil && !slices.Contains(list, path) {
				list = append(list, path)
			}
		}
	}
	return list
}

// program gives the file of a path, links followed, or why it is none that could be run.
func program(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return "", err
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", err
	}
	stat, err := os.Stat(real)
	switch {
	case err != nil:
		return "", err
	case !stat.Mode().IsRegular():
		return "", errors.New("it is not a file")
	case stat.Mode().Perm()&0o111 == 0:
		return "", errors.New("it is not executable")
	}
	return real, nil
}
