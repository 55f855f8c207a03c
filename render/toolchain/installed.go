package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"sluice/render"
)

// The directory of installed tools has one directory for each, "helm-3.14.4", that appears by a rename when all of it is
// there: the program, named as the tool, and its record. What begins with a dot is an unfinished install.
const (
	recordName = "installed.json"
	stageStart = ".installing-"
	maxRecord  = 64 << 10 // bytes
)

// record is what is known of a tool that was installed here.
type record struct {
	Tool    string `json:"tool"`
	Version string `json:"version"`
	Digest  string `json:"digest"` // of the program
	Bytes   int64  `json:"bytes"`
	// Of go install: the module, its sum as the checksum database has it, and the Go that built it.
	Module string `json:"module,omitempty"` // with version
	Sum    string `json:"sum,omitempty"`
	Go     string `json:"go,omitempty"`
	// Of an archive: where it was read, and the digest that the user pinned.
	Archive string `json:"archive,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

// origin says where an installed tool came from.
func (r record) origin() string {
	if r.Module != "" {
		return "module " + r.Module + " " + r.Sum
	}
	return "archive " + r.Archive + " sha256:" + r.SHA256
}

// at gives the directory of an installed tool.
func (t Tool) at(dir string) string { return filepath.Join(dir, t.Name+"-"+t.Version) }

// installedTools lists the tools that were installed in a directory. Other files in it are not ours.
func installedTools(dir string) ([]Tool, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the installed tools: %w", err)
	}
	var list []Tool
	for _, e := range entries {
		name, version, _ := strings.Cut(e.Name(), "-")
		if t := (Tool{Name: name, Version: version}); e.IsDir() && t.Check() == nil {
			list = append(list, t)
		}
	}
	return list, nil
}

// installed judges what was installed, by its digest; it gives nil where nothing was.
func (p *Places) installed(ctx context.Context, t Tool) *Found {
	if p.Dir == "" {
		return nil
	}
	at := t.at(p.Dir)
	if _, err := os.Lstat(at); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f := Found{Tool: t, Path: filepath.Join(at, t.Name), Where: "installed"}
	r, err := readRecord(at, t)
	if err == nil {
		f.Origin = r.origin()
		// A digest of 60 MB takes 30 ms, a run as long and proves less. Size and time of change were refused as
		// proof: restored backups and copied caches keep both.
		f.Digest, err = p.held(f.Path, r)
	}
	if err == nil && p.Run {
		_, err = p.examine(ctx, t.Name, f.Path).passesFor(t)
	}
	if err != nil {
		f.Err = &render.Error{
			Err:  fmt.Errorf("%s in %s: %w", t, at, err),
			Hint: "run sluice toolchain install " + t.String() + " to install it again",
		}
	}
	return &f
}

// held compares a program with its record, once for all who ask.
func (p *Places) held(path string, r record) (string, error) {
	p.mu.Lock()
	if p.seen == nil {
		p.seen = map[string]func() shown{}
	}
	once, ok := p.seen["digest of "+path]
	if !ok {
		once = sync.OnceValue(func() shown {
			digest, err := hold(path, r)
			return shown{digest: digest, err: err}
		})
		p.seen["digest of "+path] = once
	}
	p.mu.Unlock()
	s := once()
	return s.digest, s.err
}

func hold(path string, r record) (string, error) {
	stat, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w: the program is gone", errChanged)
	case err != nil:
		return "", err
	case !stat.Mode().IsRegular() || runtime.GOOS != "windows" && stat.Mode().Perm()&0o111 == 0:
		return "", fmt.Errorf("%w: it is no executable file", errChanged)
	case stat.Size() != r.Bytes:
		return "", fmt.Errorf("%w: it has %d bytes, it had %d", errChanged, stat.Size(), r.Bytes)
	}
	digest, _, err := fileDigest(path)
	if err == nil && digest != r.Digest {
		err = fmt.Errorf("%w: its digest is %s, it was %s", errChanged, digest, r.Digest)
	}
	return digest, err
}

// readRecord reads the record beside a program. One that another version of this program wrote, with fields that are not
// known, is refused as a damaged one is: what it means is not known.
func readRecord(at string, t Tool) (record, error) {
	var r record
	f, err := os.Open(filepath.Join(at, recordName))
	if err != nil {
		return r, fmt.Errorf("reading how it was installed: %w", err)
	}
	defer f.Close()
	dec := json.NewDecoder(io.LimitReader(f, maxRecord))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, fmt.Errorf("reading how it was installed: %s: %w", recordName, err)
	}
	if r.Tool != t.Name || r.Version != t.Version || r.Digest == "" {
		return r, fmt.Errorf("reading how it was installed: %s is of %s@%s", recordName, r.Tool, r.Version)
	}
	return r, nil
}

// settle writes the record of a program in its stage, and puts both in their place. Where another install was faster with
// what the order would give, that one stays; anything else there is replaced.
func (o Order) settle(stage string, r record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stage, recordName), append(text, '\n'), 0o644); err != nil {
		return err
	}
	for _, name := range []string{r.Tool, recordName} {
		if err := synced(filepath.Join(stage, name)); err != nil {
			return err
		}
	}
	at := o.Tool.at(o.Dir)
	// Several that replace the same broken one take turns: each round, one of them gets through.
	for range 10 {
		if err = os.Rename(stage, at); err == nil {
			return nil
		}
		// A directory that holds something is not renamed over. What is there is judged now, not by what was seen
		// before the build.
		if there, err := readRecord(at, o.Tool); err == nil && o.made(there.origin()) {
			if _, err := hold(filepath.Join(at, r.Tool), there); err == nil {
				return nil
			}
		}
		away, none := os.MkdirTemp(o.Dir, stageStart)
		if none != nil {
			return none
		}
		moved := os.Rename(at, filepath.Join(away, "old"))
		if none = os.RemoveAll(away); none != nil || moved != nil && !errors.Is(moved, fs.ErrNotExist) {
			return errors.Join(moved, none)
		}
	}
	return err
}

// synced brings a file to the disk, so that a crash after the rename does not leave an empty one under a good name.
func synced(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// sweep removes what installs left behind that were killed a day before this one began. The time is that of the file
// system, of the stage just made: no clock of another machine is compared with it.
func sweep(dir, stage string) {
	now, err := os.Stat(stage)
	if err != nil {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), stageStart) }) {
		const day = 24 * 60 * 60
		if stat, err := e.Info(); err == nil && now.ModTime().Unix()-stat.ModTime().Unix() > day {
			_ = os.RemoveAll(filepath.Join(dir, e.Name())) // the next install tries again
		}
	}
}
