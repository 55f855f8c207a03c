package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"sluice/render"
)

// keptVariables are the variables that the go command gets of the caller's environment: where things are, and how the network is
// reached. All others might change what is built, or which of it is checked.
var keptVariables = []string{
	"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	"GOROOT", "GOPATH", "GOMODCACHE", "GOCACHE", "GOPROXY", "GOSUMDB", "GOAUTH", "NETRC", "GOMAXPROCS",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
}

// settings are what the go command is told by `go env`, of which the user may have written a part to its file.
type settings struct {
	GOPROXY, GOSUMDB, GOMODCACHE, GOCACHE, GOVERSION string
}

// build makes a program with go install, in the stage.
func (o Order) build(ctx context.Context, stage string, r record) (record, error) {
	if o.Offline {
		return r, &render.Error{
			Err:  errors.New("go install needs a network, and --offline is given"),
			Hint: "give a release file with --archive FILE --sha256 HEX",
		}
	}
	var env []string
	for _, entry := range o.Env {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(keptVariables, name) {
			env = append(env, entry)
		}
	}
	g := gocmd{dir: stage, env: append(env, "GOTOOLCHAIN=local", "GOWORK=off")}
	set, err := g.settings(ctx)
	if err != nil {
		return r, err
	}
	// The file of `go env -w` is left out, since it may hold exceptions to what is checked; its proxy and places are
	// given as variables. An empty variable would count as not set, were the file read.
	g.env = append(g.env, "GOENV=off", "GOPROXY="+set.GOPROXY, "GOSUMDB="+set.GOSUMDB, "GOMODCACHE="+set.GOMODCACHE,
		"GOCACHE="+set.GOCACHE, "GOFLAGS=-mod=mod", "GONOSUMDB=", "GONOSUMCHECK=", "GONOPROXY=", "GOPRIVATE=", "GOINSECURE=",
		"CGO_ENABLED=0", "GOEXPERIMENT=", "GOOS=", "GOARCH=", "GOBIN="+filepath.Join(stage, "bin"))
	stamp, err := g.stamp(ctx, o.Tool)
	if err != nil {
		return r, err
	}
	command := o.Tool.module()
	if o.Tool.Name == "helm" {
		command += "/cmd/helm"
	}
	if _, err := g.run(ctx, "install", "-trimpath", "-ldflags", stamp, command+"@v"+o.Tool.Version); err != nil {
		return r, err
	}
	r.Go = set.GOVERSION
	return r, os.Rename(filepath.Join(stage, "bin", o.Tool.Name), filepath.Join(stage, o.Tool.Name))
}

// gocmd is the go command of the user, in a directory that is no module.
type gocmd struct {
	dir string
	env []string
}

// settings asks what counts, and refuses to go on without the checksum database.
func (g gocmd) settings(ctx context.Context) (settings, error) {
	var set settings
	out, err := g.run(ctx, "env", "-json", "GOPROXY", "GOSUMDB", "GOMODCACHE", "GOCACHE", "GOVERSION")
	if err != nil {
		return set, err
	}
	if err := json.Unmarshal(out, &set); err != nil {
		return set, fmt.Errorf("running go env: %w", err)
	}
	if set.GOSUMDB == "off" {
		return set, &render.Error{
			Err:  errors.New("GOSUMDB is off, so that nothing would authenticate the module"),
			Hint: "unset it for this command, or give a release with --archive and --sha256",
		}
	}
	return set, nil
}

var clientGo = regexp.MustCompile(`(?m)^\s*(?:require\s+)?k8s\.io/client-go v0\.([0-9]+)\.`)

// stamp gives the linker flags of the tool's own release: the Makefiles of helm at the tags, and the comment in
// kustomize's api/provenance. Helm 4 reads its Kubernetes version from the build's record of modules since 4.1.
func (g gocmd) stamp(ctx context.Context, t Tool) (string, error) {
	flags := []string{"-s", "-w"}
	set := func(variable, value string) { flags = append(flags, "-X", variable+"="+value) }
	if t.Name == "kustomize" {
		set("sigs.k8s.io/kustomize/api/provenance.version", "kustomize/v"+t.Version)
		return strings.Join(flags, " "), nil
	}
	set(t.module()+"/internal/version.version", "v"+t.Version)
	if strings.HasSuffix(t.module(), "/v3") {
		minor, err := g.kubernetes(ctx, t)
		if err != nil {
			return "", err
		}
		for _, at := range []string{"/pkg/chartutil", "/pkg/lint/rules"} {
			set(t.module()+at+".k8sVersionMajor", "1")
			set(t.module()+at+".k8sVersionMinor", minor)
		}
	}
	return strings.Join(flags, " "), nil
}

// kubernetes gives the minor of the client-go that a helm's go.mod names.
func (g gocmd) kubernetes(ctx context.Context, t Tool) (string, error) {
	out, err := g.run(ctx, "mod", "download", "-json", t.module()+"@v"+t.Version)
	if err != nil {
		return "", err
	}
	var module struct{ GoMod string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("running go mod download: %w", err)
	}
	text, err := os.ReadFile(module.GoMod)
	if err != nil {
		return "", fmt.Errorf("reading the go.mod of %s: %w", t, err)
	}
	m := clientGo.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("reading the go.mod of %s: it does not require k8s.io/client-go", t)
	}
	return string(m[1]), nil
}

// graceOfGo is what the go command has to end after it was interrupted.
const graceOfGo = 5 * time.Second

// tail keeps the end of an output: what the go command says last is why it stopped.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-maxTail):]
	return len(b), nil
}

const maxTail = 2000 // bytes

// run runs the go command; its error has what it said, without the addresses' passwords.
func (g gocmd) run(ctx context.Context, args ...string) ([]byte, error) {
	what := "running go " + strings.Join(args[:min(len(args), 1)], " ")
	if args[0] == "mod" {
		what = "running go mod download"
	}
	program, err := g.find()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	var stderr tail
	cmd.Stderr = &stderr
	// Asked kindly, the go command removes what it has begun and ends its own children.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceOfGo
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var module struct{ Error string }
	if json.Unmarshal(out, &module) == nil && module.Error != "" { // go mod download says it on stdout
		stderr.text = []byte(module.Error)
	}
	said := passwords.ReplaceAllString(strings.TrimSpace(string(stderr.text)), "://***@")
	err = fmt.Errorf("%s: %w", what, err)
	if said != "" {
		err = fmt.Errorf("%s: %s", what, said)
	}
	if m := newerGo.FindStringSubmatch(said); m != nil {
		return nil, &render.Error{Err: err, Hint: "install Go " + m[1] + " or newer, or give a release with --archive and --sha256"}
	}
	return nil, &render.Error{Err: err, Hint: "a release that is not built this way may be had with --archive and --sha256"}
}

var (
	passwords = regexp.MustCompile(`://[^/@\s"']+@`)
	newerGo   = regexp.MustCompile(`requires go >= ([0-9][0-9a-z.]*)`)
)

// find gives the go command of the PATH that was handed in, which is not this process's own.
func (g gocmd) find() (string, error) {
	for _, entry := range g.env {
		dirs, ok := strings.CutPrefix(entry, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(dirs) {
			if !filepath.IsAbs(dir) {
				continue
			}
			// Not program's path: the go command finds its own tree by the name that it is called by.
			at := filepath.Join(dir, "go")
			if _, err := program(at); err == nil {
				return at, nil
			}
		}
	}
	return "", &render.Error{
		Err:  errors.New("there is no go command on PATH"),
		Hint: "install Go, or give a release with --archive and --sha256",
	}
}
