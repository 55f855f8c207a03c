package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"sluice/render"
)

// Vendored is what [Reader.Vendor] did.
type Vendored struct {
	Wrote []string // paths in the folder, in order
	Kept  int      // files that were there with the same bytes
	Local []Entry  // sources of file:// URLs, which are not remote and not copied
}

// Vendor stores every entry of the lock in a folder that serves as a mirror: charts as archives with an index.yaml, so
// that any web server makes a chart repository of it, repositories and files beside them. A package and not a copied
// directory, because packaging applies .helmignore and follows links.
//
// What is there already stays: one folder may serve many stacks. A file that is there with other bytes than the lock
// asks for is an error, unless it is an index, which is merged. Each file is complete or not there; an index comes
// after what it names. After an error the result says what was stored until then.
func (r *Reader) Vendor(ctx context.Context, dir string, jobs int) (Vendored, error) {
	var done Vendored
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return done, fmt.Errorf("making the folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return done, fmt.Errorf("opening the folder: %w", err)
	}
	defer root.Close()
	// What is not in the store is fetched a few at a time; what fails is told below, in the order of the lock.
	var group errgroup.Group
	group.SetLimit(max(jobs, 1))
	for _, e := range r.Lock.Entries() {
		group.Go(func() error {
			_, _ = r.settle(ctx, e.key(), "")
			return nil
		})
	}
	_ = group.Wait()
	v := vendoring{root: root, indexes: map[string]map[string][]indexLine{}, done: &done}
	for _, e := range r.Lock.Entries() {
		if err := v.add(ctx, r, e); err != nil {
			return done, fmt.Errorf("vendoring %s: %w", e, err)
		}
	}
	if err := v.writeIndexes(); err != nil {
		return done, err
	}
	slices.Sort(done.Wrote)
	return done, nil
}

// writeIndexes takes turns with other processes: of two that merge into one index at once, the later rename would undo
// what the other added.
func (v vendoring) writeIndexes() error {
	dir, err := v.root.Open(".")
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	defer dir.Close() // and with it the turn
	if err := takeTurn(dir); err != nil {
		return fmt.Errorf("waiting for other processes that vendor into the folder: %w", err)
	}
	for _, repo := range slices.Sorted(maps.Keys(v.indexes)) {
		if err := v.writeIndex(repo); err != nil {
			return fmt.Errorf("vendoring the index of %s: %w", repo, err)
		}
	}
	return nil
}

// vendoring is one run of Vendor.
type vendoring struct {
	root    *os.Root
	indexes map[string]map[string][]indexLine // by folder, then chart
	done    *Vendored
}

// indexLine is one version of a chart in an index.yaml (helm docs, topics/chart_repository).
type indexLine struct {
	APIVersion  string   `yaml:"apiVersion"`
	Name        string   `yaml:"name"`
	Version     string   `yaml:"version"`
	AppVersion  string   `yaml:"appVersion,omitempty"`
	KubeVersion string   `yaml:"kubeVersion,omitempty"`
	Type        string   `yaml:"type,omitempty"`
	Digest      string   `yaml:"digest"`
	URLs        []string `yaml:"urls"`
}

// add stores one entry.
func (v vendoring) add(ctx context.Context, r *Reader, e Entry) error {
	sub, name, remote, err := mirrorPath(e)
	if err != nil {
		return err
	}
	if !remote {
		v.done.Local = append(v.done.Local, e)
		return nil
	}
	s, err := r.settle(ctx, e.key(), "")
	if err != nil {
		return err
	}
	switch e.Kind {
	case render.KindGit:
		name = e.treeName()
	case render.KindHelm:
		a, err := opened(s)
		if err != nil {
			return err
		}
		name = e.Chart + "-" + e.Resolved + ".tgz"
		if v.indexes[sub] == nil {
			v.indexes[sub] = map[string][]indexLine{}
		}
		v.indexes[sub][e.Chart] = append(v.indexes[sub][e.Chart], indexLine{
			APIVersion: a.meta.APIVersion, Name: e.Chart, Version: e.Resolved, AppVersion: a.meta.AppVersion,
			KubeVersion: a.meta.KubeVersion, Type: a.meta.Type,
			Digest: strings.TrimPrefix(e.Digest, digestPrefix), URLs: []string{name},
		})
	}
	if err := v.write(path.Join(sub, name), s.content, false); err != nil || e.Signer == "" {
		return err
	}
	return v.addProvenance(ctx, r, e, path.Join(sub, name+".prov"))
}

// addProvenance stores the provenance file of a chart that a keyring was asked for, so that it can be locked from the
// folder too. One that is there stays: a chart may be signed again, and what it was locked with is as good.
func (v vendoring) addProvenance(ctx context.Context, r *Reader, e Entry, name string) error {
	if _, err := v.root.Stat(filepath.FromSlash(name)); err == nil {
		v.done.Kept++
		return nil
	}
	from, err := r.upstream(e)
	if err != nil {
		return err
	}
	signed, ok := from.(signing)
	if !ok {
		return errUnsigned
	}
	text, err := signed.provenance(ctx, e)
	if errors.Is(err, ErrUnsettled) { // rendering from the folder needs the lock alone
		r.note("the provenance file of %s is not stored: %v", e, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the provenance file: %w", err)
	}
	return v.write(name, text, false)
}

// writeIndex merges what was stored in a folder into its index.
func (v vendoring) writeIndex(repo string) error {
	name := path.Join(repo, indexFile)
	entries := map[string][]indexLine{}
	have, err := v.root.ReadFile(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("reading %s: %w", name, err)
	default:
		var old struct {
			Entries map[string][]indexLine `yaml:"entries"`
		}
		if err := decode(have, &old); err != nil {
			return fmt.Errorf("parsing %s: %w", name, err)
		}
		if old.Entries != nil {
			entries = old.Entries
		}
	}
	for chart, lines := range v.indexes[repo] {
		for _, l := range lines {
			entries[chart] = slices.DeleteFunc(entries[chart], func(o indexLine) bool { return o.Version == l.Version })
			entries[chart] = append(entries[chart], l)
		}
	}
	for _, lines := range entries {
		slices.SortFunc(lines, func(a, b indexLine) int { return compareVersions(b.Version, a.Version) }) // newest first, as helm sorts
	}
	text, err := yaml.Marshal(struct {
		APIVersion string                 `yaml:"apiVersion"`
		Entries    map[string][]indexLine `yaml:"entries"`
	}{"v1", entries})
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	return v.write(name, text, true)
}

// compareVersions orders by semantic version, and what is none before all others, by its text.
func compareVersions(a, b string) int {
	left, errLeft := semver.NewVersion(a)
	right, errRight := semver.NewVersion(b)
	switch {
	case errLeft == nil && errRight == nil && !left.Equal(right):
		return left.Compare(right)
	case errLeft == nil && errRight != nil:
		return 1
	case errLeft != nil && errRight == nil:
		return -1
	}
	return strings.Compare(a, b)
}

// write puts a file into the folder under its name when it is complete.
func (v vendoring) write(name string, content []byte, replace bool) error {
	at := filepath.FromSlash(name)
	have, err := v.root.ReadFile(at)
	switch {
	case err == nil && bytes.Equal(have, content):
		v.done.Kept++
		return nil
	case err == nil && !replace:
		return hinted("delete it if nothing else needs it, and run sluice vendor again",
			fmt.Errorf("%s is there with the digest %s, not %s", name, digest(have), digest(content)))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if err := v.root.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", name, err)
	}
	if err := replaceFile(filepath.Join(v.root.Name(), at), content); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	v.done.Wrote = append(v.done.Wrote, name)
	return nil
}

// replaceFile writes under a name of its own beside the place and renames, so that the place has the old content or the
// new one.
func replaceFile(to string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	// The name is there after a power loss too. Not every file system can do that, and the content is sound either way.
	if dir, err := os.Open(filepath.Dir(to)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}
