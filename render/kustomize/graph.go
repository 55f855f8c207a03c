package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"sluice/render"
)

// build is the state of one call of Build.
type build struct {
	engine  Engine
	walk    bool // visit and fetch only
	view    *view
	caps    render.Capabilities
	top     string   // directory of the kustomization asked for, in the view
	meta    []string // its buildMetadata
	out     render.Output
	placed  map[string]placement // by directory in the view
	marks   []mark               // of inflated objects, by the number in their annotation
	extra   int                  // directories added to the view
	flags   []string             // caps.APIVersions as a command line, see settings
	charts  int                  // entries of helmCharts seen
	ownAPIs []string             // charts with apiVersions of their own
	aims    []aim                // patches with a target, by the number of their mark
	probes  map[string][]byte    // kustomizations of the second build
	watched []droppable          // objects that kustomize may leave out
	remotes map[string]*remote   // what was fetched for addresses, by kind and address
	charted bool                 // a chart is in the draft
	draft   *draft               // of a private copy, see [External]; nil where the linked kustomize builds
	// openapi says that a kustomization brings its own schema.
	openapi bool
}

// placement is what a directory of the view was visited for.
type placement struct {
	namespace string
	inflates  bool // it, or something below it, has helmCharts
}

// visit is one step of the walk.
type visit struct {
	dir       string   // in the view
	namespace string   // of the nearest kustomization above that sets one; charts below get it
	chain     []string // directories above, without aliases
	plugin    bool     // the kustomization yields settings of generators or transformers, not objects
	from      position // the entry that led here
}

// visit reads a kustomization and everything it builds on, and lays a rewritten version over it where charts are
// inflated. It gives the directory to refer to: another name for the same one when it was visited before for another
// namespace, because the charts below then render differently (kusttarget.go, helmRootNamespace).
func (b *build) visit(ctx context.Context, v visit) (string, error) {
	if err := b.checkCycle(v); err != nil {
		return "", err
	}
	if have, ok := b.placed[v.dir]; ok {
		if have.namespace == v.namespace || !have.inflates || b.draft != nil {
			return v.dir, nil
		}
		v.dir = b.addAlias(v.dir)
	}
	k, err := b.read(v)
	if err != nil {
		return "", err
	}
	if len(v.chain) == 0 {
		b.meta = k.BuildMetadata
	}
	if err := b.fetchLoads(ctx, k); err != nil {
		return "", err
	}
	inflates := len(k.HelmCharts) > 0
	var texts [][]byte
	for i, list := range k.references(v.plugin) {
		below, err := b.follow(ctx, v, k, list)
		if err != nil {
			return "", err
		}
		inflates = inflates || below
		if i == 0 { // kustomize's order: resources, charts, the rest
			if texts, err = b.inflateAll(ctx, v, k); err != nil {
				return "", err
			}
		}
	}
	b.placed[v.dir] = placement{namespace: v.namespace, inflates: inflates}
	if b.draft != nil {
		return v.dir, b.sketch(k)
	}
	if len(texts) > 0 {
		if err := b.replaceCharts(k, texts); err != nil {
			return "", err
		}
	}
	return v.dir, b.lay(k)
}

// lay puts the rewritten kustomization over the one read, if it differs.
func (b *build) lay(k *kustomization) error {
	if err := b.probe(k); err != nil {
		return err
	}
	if !k.changed {
		return nil
	}
	text, err := yaml.Marshal(k.Kustomization)
	if err != nil {
		return k.fail(fmt.Errorf("rewriting the kustomization: %w", err))
	}
	var again types.Kustomization
	if err := again.Unmarshal(text); err != nil {
		return k.fail(fmt.Errorf("rewriting the kustomization: %w", err))
	}
	again.FixKustomization()
	if want, err := yaml.Marshal(again); err != nil || !bytes.Equal(want, text) {
		return k.fail(errors.New("rewriting the kustomization: it does not read back the same"))
	}
	b.view.overlay[path.Join(k.dir, k.file)] = text
	return nil
}

// checkCycle fails when a kustomization builds on itself or on a directory above one that is being read, by
// kustomize's rule (api/internal/loader/fileloader.go, errIfArgEqualOrHigher).
func (b *build) checkCycle(v visit) error {
	place := b.view.actual(v.dir)
	for i, above := range v.chain {
		if !within(above, place) {
			continue
		}
		names := make([]string, 0, len(v.chain)+1)
		for _, dir := range append(v.chain[i:len(v.chain):len(v.chain)], place) {
			names = append(names, b.show(dir))
		}
		return v.from.fail(fmt.Errorf("kustomizations form a cycle: %s", strings.Join(names, " -> ")),
			"a kustomization cannot build on itself or on a directory that contains it")
	}
	return nil
}

// addAlias shows dir a second time, beside itself, so that relative paths out of it stay right.
func (b *build) addAlias(dir string) string {
	b.extra++
	name := path.Join(path.Dir(dir), aliasPrefix+strconv.Itoa(b.extra)+"-"+path.Base(dir))
	b.view.alias[name] = dir
	return name
}

// aliasPrefix begins the name of every directory added to the view.
const aliasPrefix = ".sluice-"

// reference is one list of a kustomization whose entries may be directories.
type reference struct {
	field   string
	entries []string
	plugin  bool // the entries are settings of generators or transformers
	inline  bool // an entry may be YAML text
	isDir   bool // an entry must be a directory
}

// follow visits the directories of one list and checks its files.
func (b *build) follow(ctx context.Context, v visit, k *kustomization, list reference) (bool, error) {
	inflates := false
	for i, entry := range list.entries {
		at := k.at(list.field, entry)
		if list.inline && b.isInline(entry) {
			if err := b.checkPlugin(at, []byte(entry)); err != nil {
				return false, err
			}
			continue
		}
		place, err := b.locate(ctx, k, list, entry)
		if err != nil {
			return false, err
		}
		if place.entry != "" {
			list.entries[i] = place.entry
			k.swap(list.field, entry, place.entry)
		}
		if place.dir == "" {
			continue
		}
		next := visit{
			dir: place.dir, namespace: k.Namespace, plugin: list.plugin, from: at,
			chain: append(v.chain[:len(v.chain):len(v.chain)], b.view.actual(v.dir)),
		}
		if next.namespace == "" {
			next.namespace = v.namespace
		}
		to, err := b.visit(ctx, next)
		if err != nil {
			return false, err
		}
		inflates = inflates || b.placed[to].inflates
		if place.moved || to != place.dir {
			rel, err := filepath.Rel(k.dir, to)
			if err != nil {
				return false, at.fail(err, "")
			}
			list.entries[i] = rel
			k.swap(list.field, entry, rel)
		}
	}
	return inflates, nil
}

// locate gives the directory that an entry names, or says that it is a file, which it checks.
func (b *build) locate(ctx context.Context, k *kustomization, list reference, entry string) (found, error) {
	at := k.at(list.field, entry)
	if path.IsAbs(entry) {
		return found{}, at.fail(fmt.Errorf("%s: %q is an absolute path", list.field, entry),
			"write it relative to the kustomization")
	}
	if looksRemote(entry) {
		// Also where a directory of that name exists: kustomize would still take the entry for a repository.
		return b.locateRemote(ctx, k, list, entry)
	}
	dir, file, err := b.resolve(k, entry)
	switch {
	case err != nil && b.view.denied != nil:
		return found{}, at.wrap(fmt.Errorf("%s: reading %q: %w", list.field, entry, b.view.denied))
	case errors.Is(err, fs.ErrNotExist):
		return found{}, at.fail(fmt.Errorf("%s: %q does not exist", list.field, entry), "")
	case err != nil:
		return found{}, at.fail(fmt.Errorf("%s: %q: %w", list.field, entry, err), "")
	case file == "":
		return found{dir: dir.String()}, nil
	case list.isDir:
		return found{}, at.fail(fmt.Errorf("%s: %q is a file", list.field, entry), "name the directory of the component")
	}
	text, err := b.load(k, list.field, entry)
	if err != nil {
		return found{}, err
	}
	return found{}, b.holds(list, position{file: b.show(dir.Join(file))}, at, text)
}

// resolve finds what a path of a kustomization names, in the tree that the kustomization is of.
func (b *build) resolve(k *kustomization, rel string) (filesys.ConfirmedDir, string, error) {
	p, err := b.view.inside(k.dir, rel)
	if err != nil {
		return "", "", err
	}
	return b.view.CleanedAbs(p)
}

// load reads a file named in a kustomization, by kustomize's rule: it must lie in the kustomization's directory.
func (b *build) load(k *kustomization, field, file string) ([]byte, error) {
	at := k.at(field, file)
	if isURL(file) {
		if r := b.remoteFile(file); r != nil {
			return r.text, nil
		}
		return nil, b.unread(at, field, file)
	}
	if path.IsAbs(file) {
		return nil, at.fail(fmt.Errorf("%s: %q is an absolute path", field, file), "write it relative to the kustomization")
	}
	dir, name, err := b.resolve(k, file)
	switch {
	case err != nil && b.view.denied != nil:
		return nil, at.wrap(fmt.Errorf("%s: reading %q: %w", field, file, b.view.denied))
	case errors.Is(err, fs.ErrNotExist):
		return nil, at.fail(fmt.Errorf("%s: %q does not exist", field, file), "")
	case err != nil:
		return nil, at.fail(fmt.Errorf("%s: %q: %w", field, file, err), "")
	case name == "":
		return nil, at.fail(fmt.Errorf("%s: %q is a directory", field, file), "name a file")
	case !within(dir.String(), k.dir):
		return nil, at.fail(fmt.Errorf("%s: %q is not in or below the directory of the kustomization", field, file),
			"kustomize reads files only there; move the file, or make its directory a base")
	}
	text, err := b.view.ReadFile(dir.Join(name))
	if err != nil {
		return nil, at.fail(fmt.Errorf("%s: reading %q: %w", field, file, pathless(err)), "")
	}
	return text, nil
}

// kustomizationNames are the file names of a kustomization, in kustomize's order.
func kustomizationNames() []string { return konfig.RecognizedKustomizationFileNames() }

// names are the file names of a kustomization, for messages.
func names() string {
	list := kustomizationNames()
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
