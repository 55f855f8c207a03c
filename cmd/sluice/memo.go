package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/render/store"
)

const (
	outcomesDir = "outcomes"          // in the cache: the digest of an outcome by its key
	outcomeAge  = 30 * 24 * time.Hour // an outcome that was made this long ago is dropped
	// A stack directory above these is not hashed: that would take longer than it saves.
	mostFiles = 20_000
	mostBytes = 256 << 20
)

// memo remembers the outcome of a comparison of renders under everything that decides it: the stack's bytes, which pin
// all other sources by their digests in the lock, the flags, the engines, this program and the day, on which it depends
// what is accepted. It is a matter of speed alone: what cannot be read, kept or hashed is done anew.
type memo struct {
	dir  string
	kept *store.Store
	key  string
}

// outcomeKept is what a run said.
type outcomeKept struct {
	Out     []byte   `json:"out"`
	Notes   []string `json:"notes"`
	Differs bool     `json:"differs"`
}

// noted are the notes of a run, written down from many goroutines.
type noted struct {
	mu    sync.Mutex
	lines []string
}

func (n *noted) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

func (n *noted) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

// memo gives the memory of a comparison, false where it is of more than renders of the working stack, or of a stack that
// cannot be hashed. Who keeps an outcome asks for it before and after the work: what was edited meanwhile was read as it
// was or as it is now, nobody knows which.
func (v *invocation) memo(args []string, f diffFlags) (memo, bool) {
	// The hydrated branch is another's to move. A binary of --tool may be a script, which runs what it likes.
	if len(args) == 0 && !f.settles() || len(v.tools) > 0 {
		return memo{}, false
	}
	for _, text := range args {
		if scheme, _, _ := strings.Cut(text, ":"); scheme != "render" {
			return memo{}, false
		}
	}
	cache, err := v.cacheDir()
	if err != nil {
		return memo{}, false
	}
	kept, err := v.store()
	if err != nil {
		return memo{}, false
	}
	// Several stacks may share a module, so which of them it is counts beside the bytes.
	top, below, err := moduleOf(v.stack, false)
	if err != nil {
		return memo{}, false
	}
	sum := sha256.New()
	settings, err := json.Marshal([]any{
		args, f.toolchains, f.profiles, f.from, f.to, f.form, f.failOn, f.why, v.page.colored(f.color), v.page.width, v.stack, below, v.tags, v.apps, v.layers, v.toolchain,
		v.strict, v.mirror, time.Now().UTC().Format(time.DateOnly),
	})
	if err == nil {
		sum.Write(settings)
		err = hashTree(sum, top)
	}
	if err == nil {
		err = v.hashEngines(sum, cache)
	}
	return memo{filepath.Join(cache, outcomesDir), kept, hex.EncodeToString(sum.Sum(nil))}, err == nil
}

// hashTree hashes the files below a directory, with their paths. Git's own directories are no part of a stack.
func hashTree(sum hash.Hash, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	files, size := 0, int64(0)
	return fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.IsDir():
			fmt.Fprintf(sum, "dir %q\n", p)
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			// What it leads to is hashed where it lies; what lies elsewhere no stack may read.
			to, err := root.Readlink(p)
			fmt.Fprintf(sum, "link %q %q\n", p, to)
			return err
		case !d.Type().IsRegular():
			return errors.New("not a file: " + p)
		}
		stat, err := d.Info()
		if err != nil {
			return err
		}
		if files, size = files+1, size+stat.Size(); files > mostFiles || size > mostBytes {
			return errors.New("too large")
		}
		text, err := root.ReadFile(p)
		fmt.Fprintf(sum, "file %q %x\n", p, sha256.Sum256(text))
		return err
	})
}

// hashEngines hashes what is known of this program and of every helm and kustomize that it may choose: those installed,
// and all of PATH that may be one by its name (see [toolchain.Places]).
func (v *invocation) hashEngines(sum hash.Hash, cache string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Images that are built to be reproducible give every file the same time.
	if b, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintf(sum, "program %q\n", b.String())
	}
	installed, err := filepath.Glob(filepath.Join(cache, toolsDir, "*", "*"))
	if err != nil {
		return err
	}
	files := append([]string{self}, installed...)
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(dir) // as common as harmless: one that is not there
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "helm") || strings.HasPrefix(e.Name(), "kustomize") {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	for _, file := range files {
		switch stat, err := os.Stat(file); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		default:
			fmt.Fprintf(sum, "tool %q %d %d %s\n", file, stat.Size(), stat.ModTime().UnixNano(), stat.Mode())
		}
	}
	return nil
}

// recall gives what the same comparison said before.
func (m memo) recall() (outcomeKept, bool) {
	digest, err := os.ReadFile(filepath.Join(m.dir, m.key))
	if err != nil {
		return outcomeKept{}, false
	}
	text, found, err := m.kept.Get(string(bytes.TrimSpace(digest)))
	if err != nil || !found {
		return outcomeKept{}, false
	}
	var o outcomeKept
	return o, json.Unmarshal(text, &o) == nil
}

// keep remembers an outcome, and drops those that are old.
func (m memo) keep(o outcomeKept, now time.Time) {
	text, err := json.Marshal(o)
	if err != nil {
		return
	}
	digest, err := m.kept.Put(text)
	if err != nil || os.MkdirAll(m.dir, 0o700) != nil {
		return
	}
	old, _ := os.ReadDir(m.dir)
	for _, e := range old {
		if stat, err := e.Info(); err == nil && now.Sub(stat.ModTime()) > outcomeAge {
			_ = os.Remove(filepath.Join(m.dir, e.Name()))
		}
	}
	// A file that was cut by a crash holds no digest, and counts as none.
	_ = os.WriteFile(filepath.Join(m.dir, m.key), []byte(digest+"\n"), 0o600)
}
