package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	kv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
)

// user is the beginning of a repository address in scp style.
var user = regexp.MustCompile(`^[a-z][a-z0-9-]*@`)

// looksRemote reports whether kustomize could take an entry for an address. It says yes to everything that kustomize's
// parser accepts (api/internal/git/repospec.go, extractHost) and to some more: an address that is refused without need
// is an error that a person sees, one that is let through would start git.
func looksRemote(entry string) bool {
	e, forced := strings.CutPrefix(strings.ToLower(entry), "git::")
	return forced || strings.Contains(e, "://") || user.MatchString(e) || isURL(entry) ||
		strings.HasPrefix(e, "github.com/") || strings.HasPrefix(e, "github.com:")
}

// isURL is the rule by which kustomize's loader asks the network for a file (api/internal/loader, IsRemoteFile).
func isURL(file string) bool {
	u, err := url.Parse(file)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// remote is the error for an address.
func (p position) remote(field, entry string) error {
	return p.fail(fmt.Errorf("%s: %q is remote, and remote bases and files are not read during a render", field, masked(entry)),
		"vendor it: copy it into the stack at the revision you want and name that path")
}

// load is a file that kustomize reads for a field.
type load struct {
	field string
	keys  []string // in the field, that hold the entry
	entry string   // as written
	file  string
	put   func(name string) string // puts another file in its place, and gives the entry for it
}

// loads lists the files of every field that kustomize hands to its loader.
func (k *kustomization) loads() []load {
	var all []load
	one := func(field string, at *string, keys ...string) {
		all = append(all, load{field: field, keys: keys, entry: *at, file: *at, put: set(at)})
	}
	each := func(field string, list []string, keys ...string) {
		for i := range list {
			one(field, &list[i], keys...)
		}
	}
	keyed := func(field string, list []string) {
		for i, e := range list {
			key, file := keyOf(e)
			all = append(all, load{field: field, keys: []string{"files"}, entry: e, file: file, put: func(name string) string {
				list[i] = key + "=" + name
				return list[i]
			}})
		}
	}
	each("crds", k.Crds)
	each("configurations", k.Configurations)
	if schema, ok := k.OpenAPI["path"]; ok {
		all = append(all, load{field: "openapi", entry: schema, file: schema, put: func(name string) string {
			k.OpenAPI["path"] = name
			return name
		}})
	}
	for i := range k.Patches {
		one("patches", &k.Patches[i].Path, "path")
	}
	//lint:ignore SA1019 kustomize still reads the field
	for i := range k.PatchesJson6902 {
		//lint:ignore SA1019 kustomize still reads the field
		one("patchesJson6902", &k.PatchesJson6902[i].Path, "path")
	}
	//lint:ignore SA1019 kustomize still reads the field
	for i := range k.PatchesStrategicMerge {
		//lint:ignore SA1019 kustomize still reads the field
		one("patchesStrategicMerge", (*string)(&k.PatchesStrategicMerge[i]))
	}
	for i := range k.Replacements {
		one("replacements", &k.Replacements[i].Path, "path")
	}
	for _, g := range k.ConfigMapGenerator {
		keyed("configMapGenerator", g.FileSources)
		each("configMapGenerator", g.EnvSources, "env", "envs")
	}
	for _, g := range k.SecretGenerator {
		keyed("secretGenerator", g.FileSources)
		each("secretGenerator", g.EnvSources, "env", "envs")
	}
	return all
}

// set puts a name in the place given.
func set(at *string) func(string) string {
	return func(name string) string {
		*at = name
		return name
	}
}

// keyOf takes an entry of files apart as kustomize does (api/internal/generators, ParseFileSource).
func keyOf(entry string) (key, file string) {
	if key, file, ok := strings.Cut(entry, "="); ok {
		return key, file
	}
	return path.Base(entry), entry
}

// isInline reports whether an entry of generators, transformers or validators is YAML text instead of a path, by
// kustomize's rule: it parses into objects.
func (b *build) isInline(entry string) bool {
	_, err := parseObjects([]byte(entry))
	return err == nil
}

// parseObjects reads objects as kustomize does.
func parseObjects(text []byte) (resmap.ResMap, error) {
	krustyLock.Lock()
	defer krustyLock.Unlock()
	return resmap.NewFactory(provider.NewDepProvider().GetResourceFactory()).NewResMapFromBytes(text)
}

// holds checks the text of a file that a list names: the settings of a generator or transformer, or objects.
func (b *build) holds(list reference, file, at position, text []byte) error {
	if err := b.parses(at, file.file, text); err != nil {
		return err
	}
	if list.plugin {
		return b.checkPlugin(file, text)
	}
	b.watch(file.file, text)
	return nil
}

// parses fails for a file that kustomize cannot read. It would then try the entry as a directory and as a repository
// and report that as well.
func (b *build) parses(at position, shown string, text []byte) error {
	if _, err := parseObjects(text); err != nil {
		message := strings.TrimPrefix(b.clean(err.Error()), "MalformedYAMLError: ")
		return at.wrap(fmt.Errorf("reading objects: %w",
			position{file: shown, line: lineIn(message)}.fail(errors.New(message), "")))
	}
	return nil
}

// pluginFiles are the fields of a generator's or transformer's settings that name files.
var pluginFiles = []string{"path", "paths", "files", "envs", "env", "valuesFile", "additionalValuesFiles"}

// checkPlugin fails for settings of a generator or transformer that would render a chart or ask the network.
func (b *build) checkPlugin(at position, text []byte) error {
	if b.draft != nil {
		b.draft.plugins = append(b.draft.plugins, text)
	}
	decoder := kv3.NewDecoder(bytes.NewReader(text))
	for {
		var doc kv3.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return at.fail(fmt.Errorf("reading the settings of a generator or transformer: %w", err), "")
		}
		if kind := find(&doc, func(*kv3.Node) bool { return false }, "kind"); kind != nil &&
			kind.Value == "HelmChartInflationGenerator" {
			return at.fail(errors.New("a HelmChartInflationGenerator object under generators is not inflated"),
				"list the chart under helmCharts in the kustomization; the fields are the same")
		}
		if err := b.checkURLs(at, &doc, ""); err != nil {
			return err
		}
	}
}

// checkURLs looks for addresses in the fields that name files. The settings are not rewritten, so nothing is fetched for
// them.
func (b *build) checkURLs(at position, n *kv3.Node, key string) error {
	if n.Kind == kv3.ScalarNode && slices.Contains(pluginFiles, key) {
		if _, file := keyOf(n.Value); isURL(n.Value) || isURL(file) {
			return b.unread(at, key, n.Value)
		}
	}
	for i, c := range n.Content {
		name := key
		if n.Kind == kv3.MappingNode {
			if i%2 == 0 {
				continue
			}
			name = n.Content[i-1].Value
		}
		if err := b.checkURLs(at, c, name); err != nil {
			return err
		}
	}
	return nil
}

// unread is the error for an address in a place whose files are not fetched.
func (b *build) unread(at position, field, entry string) error {
	if b.engine.Fetch == nil {
		return at.remote(field, entry)
	}
	return at.fail(fmt.Errorf("%s: %q is remote, and a remote file is not read there", field, masked(entry)),
		"vendor it: copy it into the stack at the revision you want and name that path")
}
