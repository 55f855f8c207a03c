package toolchain

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"sluice/render"
)

// Order is one tool to install.
type Order struct {
	Tool Tool
	Dir  string // absolute; the directory of installed tools, made where it is missing
	// Env is the environment, as os.Environ gives it. go install gets what it needs of it and no more.
	Env []string
	// Archive is a .tar.gz as get.helm.sh and the kustomize releases have them, or the bare program: a URL or a file. Empty
	// means go install.
	Archive string
	SHA256  string // of Archive, 64 hex digits
	Offline bool   // open no connection
	Client  *http.Client
	Timeout time.Duration // for one attempt to fetch; zero means 5 minutes
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Install puts a tool into the directory, proven by a run and recorded with its digest. It is there whole or not at all,
// however many install it at once, and whatever kills them. One that is there and sound stays, unless an archive is given
// that it is not from.
//
// Without an archive it is built by the go command from the tool's module, which the checksum database authenticates, with
// the versions stamped as the release builds do: without linker flags a Helm 3 says that Kubernetes is v1.20 (helm issue
// 11639), and charts act on it.
func Install(ctx context.Context, o Order) (Found, error) {
	f, err := o.install(ctx)
	if err != nil {
		return Found{}, fmt.Errorf("installing %s: %w", o.Tool, err)
	}
	return f, nil
}

func (o Order) install(ctx context.Context) (Found, error) {
	o.SHA256 = strings.ToLower(strings.TrimPrefix(o.SHA256, "sha256:"))
	if err := o.check(); err != nil {
		return Found{}, err
	}
	there := &Places{Dir: o.Dir}
	if f := there.installed(ctx, o.Tool); f != nil && f.Err == nil && o.made(f.Origin) {
		return *f, nil
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return Found{}, err
	}
	stage, err := os.MkdirTemp(o.Dir, stageStart)
	if err != nil {
		return Found{}, err
	}
	defer os.RemoveAll(stage)
	sweep(o.Dir, stage)
	r := record{Tool: o.Tool.Name, Version: o.Tool.Version}
	if o.Archive == "" {
		r, err = o.build(ctx, stage, r)
	} else {
		r, err = o.unpack(ctx, stage, r)
	}
	if err != nil {
		return Found{}, err
	}
	// Only the program and its record move to the place of the tool.
	clean := filepath.Join(stage, "done")
	if err := errors.Join(os.Mkdir(clean, 0o755), os.Rename(filepath.Join(stage, r.Tool), filepath.Join(clean, r.Tool))); err != nil {
		return Found{}, err
	}
	if r, err = o.prove(ctx, filepath.Join(clean, r.Tool), r); err != nil {
		return Found{}, err
	}
	if err := o.settle(clean, r); err != nil {
		return Found{}, fmt.Errorf("putting it in its place: %w", err)
	}
	if f := (&Places{Dir: o.Dir}).installed(ctx, o.Tool); f != nil {
		return *f, f.Err
	}
	return Found{}, errors.New("it was removed by another process")
}

// made says whether an installed tool is what the order would give.
func (o Order) made(origin string) bool {
	return o.Archive == "" || strings.HasPrefix(origin, "archive ") && strings.HasSuffix(origin, "sha256:"+o.SHA256)
}

func (o Order) check() error {
	if err := o.Tool.Check(); err != nil {
		return err
	}
	switch {
	case !filepath.IsAbs(o.Dir):
		return fmt.Errorf("the directory %q is no absolute path", o.Dir)
	case o.Archive == "" && o.SHA256 != "":
		return errors.New("a digest is given, and no archive")
	case o.Archive != "" && !hexDigest.MatchString(o.SHA256):
		return &render.Error{
			Err:  errors.New("the archive has no pinned SHA-256 of 64 hex digits"),
			Hint: "the publisher has it beside the archive, as .sha256sum or checksums.txt; nothing is unpacked without it",
		}
	}
	return nil
}

// prove runs a program and completes its record.
func (o Order) prove(ctx context.Context, program string, r record) (record, error) {
	s := examine(ctx, r.Tool, program, runLimit)
	// Another goroutine that starts a process may hold the file open for writing for an instant (Go issue 22315).
	for try := 0; errors.Is(s.err, syscall.ETXTBSY) && try < 5; try++ {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return r, err
		}
		s = examine(ctx, r.Tool, program, runLimit)
	}
	stated, err := s.passesFor(o.Tool)
	// What was pinned or built here needs no record of its build; its word has to be the whole version all the same.
	if err == nil && stated && s.says != o.Tool.Version {
		err = fmt.Errorf("it does not prove its version: %s", s.doubt())
	}
	if err != nil {
		return r, err
	}
	if o.Archive == "" && (s.sum == "" || s.module == "") {
		return r, errors.New("the go command recorded no authenticated module in it")
	}
	if o.Archive == "" {
		r.Module, r.Sum = s.module+"@"+s.version, s.sum
	}
	stat, err := os.Stat(program)
	if err != nil {
		return r, err
	}
	r.Digest, r.Bytes = s.digest, stat.Size()
	return r, nil
}

// pause waits, or not to its end.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
