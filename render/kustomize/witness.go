package kustomize

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"sluice/render"
)

// witness is the same build by the linked kustomize, with each chart rendered once more.
type witness struct {
	out render.Output
	set render.Set
	err error
}

// call builds with the linked engine.
func (e Engine) call(ctx context.Context, in render.Build) (w witness) {
	if w.out, w.err = e.Build(ctx, in); w.err == nil {
		w.set, w.err = render.Parse("kustomize "+Version, w.out.YAML)
	}
	return w
}

// identity is what a kustomize of any version keeps of an object. The namespace is not in it: which objects of a chart
// the namespace transformer reaches changed with 5.8.0 (kustomize issue 5566).
func (w witness) identity(o render.Object) render.Key {
	k := render.Key{Group: o.Key.Group, Kind: o.Key.Kind}
	if len(w.out.Random) == 0 { // else a name may be another in each render
		k.Name = o.Key.Name
	}
	return k
}

// lost lists the objects of the witness that a set lacks, each as often as it lacks it.
func (w witness) lost(set render.Set) []render.Key {
	have := map[render.Key]int{}
	for _, o := range set.Objects {
		have[w.identity(o)]++
	}
	var lost []render.Key
	for _, o := range w.set.Objects {
		id := w.identity(o)
		if have[id]--; have[id] < 0 {
			lost = append(lost, o.Key)
		}
	}
	slices.SortFunc(lost, render.Key.Compare)
	return lost
}

// others lists the objects of a set that the witness has with other fields or in another namespace, and not the same.
func (w witness) others(set render.Set) []render.Key {
	if len(w.out.Random) > 0 {
		return nil
	}
	have := map[render.Key][]map[string]any{}
	for _, o := range w.set.Objects {
		have[o.Key] = append(have[o.Key], o.Tree)
	}
	var others []render.Key
	for _, o := range set.Objects {
		if !slices.ContainsFunc(have[o.Key], func(tree map[string]any) bool { return reflect.DeepEqual(tree, o.Tree) }) {
			others = append(others, o.Key)
		}
	}
	return others
}

// listVersion is the first kustomize that keeps an object whose kind ends in List and which is no list (commit 77daec89b).
const listVersion = "5.5.0"

// excuse says why a kustomize of a version leaves an object out, as far as that is known.
func (b *build) excuse(version string, k render.Key) string {
	switch {
	case strings.HasSuffix(k.Kind, "List") && older(version, listVersion):
		return "before " + listVersion + " it drops every object whose kind ends in List (kustomize issue 5042)"
	case b.charted && older(version, flagsVersion):
		return "it does so each time; the linked " + Version + " does not, and tells helm of the cluster"
	}
	return "it does so each time, and the linked " + Version + " does not"
}

// older compares versions; one that cannot be read is not older.
func older(version, than string) bool {
	a, err1 := semver.NewVersion(version)
	b, err2 := semver.NewVersion(than)
	return err1 == nil && err2 == nil && a.LessThan(b)
}

// describeKeys lists objects for a message.
func describeKeys(keys []render.Key) string {
	const most = 5
	var names []string
	for _, k := range keys {
		names = append(names, k.String())
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// templates gives the template of each object of a set that the witness has one for: by its key, or else by its identity.
func (w witness) templates(set render.Set) []string {
	byKey, byIdentity := map[render.Key][]string{}, map[render.Key][]string{}
	for _, o := range w.set.Objects {
		byKey[o.Key] = append(byKey[o.Key], o.Provenance.Template)
		id := render.Key{Group: o.Key.Group, Kind: o.Key.Kind, Name: o.Key.Name}
		byIdentity[id] = append(byIdentity[id], o.Provenance.Template)
	}
	list := make([]string, len(set.Objects))
	for i, o := range set.Objects {
		for _, found := range [][]string{byKey[o.Key], byIdentity[render.Key{Group: o.Key.Group, Kind: o.Key.Kind, Name: o.Key.Name}]} {
			if len(found) > 0 && !slices.ContainsFunc(found, func(t string) bool { return t != found[0] }) {
				list[i] = found[0]
				break
			}
		}
	}
	return list
}

// annotate puts helm's comment above the objects that came from a template. Where lists were flattened, several
// objects share a line, and that has none.
func annotate(text []byte, set render.Set, templates []string) []byte {
	above := map[int]string{}
	for i, o := range set.Objects {
		if have, ok := above[o.Provenance.Line]; ok && have != templates[i] {
			templates[i] = ""
		}
		above[o.Provenance.Line] = templates[i]
	}
	var out bytes.Buffer
	line := 0
	for l := range bytes.Lines(text) {
		if line++; above[line] != "" {
			out.WriteString("# Source: " + above[line] + "\n")
		}
		out.Write(l)
	}
	return out.Bytes()
}

// separator stands between the documents that kustomize prints.
const separator = "\n---\n"

// unstamped is what a kustomize says of its version that was built from its module before Go told programs theirs
// (api/provenance; Go 1.24 release notes, or a version with replacements in its go.mod).
const unstamped = "app.kubernetes.io/managed-by: kustomize-(devel)\n"

// originate gives what buildMetadata asks for the values that a released kustomize writes, without the private copy.
func (b *build) originate(text []byte, version string) ([]byte, error) {
	if slices.Contains(b.meta, types.ManagedByLabelOption) {
		text = bytes.ReplaceAll(text, []byte(unstamped), []byte("app.kubernetes.io/managed-by: kustomize-v"+version+"\n"))
	}
	if len(b.meta) == 0 || !b.added(string(text)) {
		return text, nil
	}
	docs := strings.Split(string(text), separator)
	for i, doc := range docs {
		if !b.added(doc) {
			continue
		}
		node, err := yaml.Parse(doc)
		if err != nil {
			return nil, fmt.Errorf("reading an object: %w", err)
		}
		annotations := node.GetAnnotations()
		if err := b.fixOrigin(annotations, nil); err != nil {
			return nil, err
		}
		if err := node.SetAnnotations(annotations); err != nil {
			return nil, fmt.Errorf("writing annotations: %w", err)
		}
		fixed, err := node.String()
		if err != nil {
			return nil, fmt.Errorf("writing an object: %w", err)
		}
		if docs[i] = fixed; i < len(docs)-1 {
			docs[i] = strings.TrimSuffix(fixed, "\n")
		}
	}
	return []byte(strings.Join(docs, separator)), nil
}
