package kustomize

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resmap"

	"sluice/render"
)

// droppable is an object that kustomize has a reason to leave out.
type droppable struct {
	key    render.Key
	place  string // file and line, or the template of a chart
	reason string
}

// listKind finds the text of an object whose kind ends in List; listKind of a CRD, which says nothing about the CRD, is
// none.
var listKind = regexp.MustCompile(`\bkind["']?\s*:\s*["']?\w*List\b`)

// watch remembers the objects of a resource file or of a chart's output that kustomize drops without a word:
//
//   - an object with items whose kind ends in List. kustomize replaces it by its items, also where it is a custom
//     resource with a name and a field of that name, and an empty list by nothing (api/resource/factory.go,
//     inlineAnyEmbeddedLists; kustomize issue 5042);
//   - an object with the annotation local-config other than "false" (the same file, DropLocalNodes).
//
// Texts without either word are not parsed. One that [render.Parse] does not read gives nothing: kustomize reads it in a
// way of its own, and its output goes through Parse later.
func (b *build) watch(file string, text []byte) {
	if !bytes.Contains(text, []byte(konfig.IgnoredByKustomizeAnnotation)) && !listKind.Match(text) {
		return
	}
	set, err := render.Parse(file, text)
	if err != nil {
		return
	}
	for _, o := range set.Objects {
		d := droppable{key: o.Key, place: o.Provenance.Template}
		if d.place == "" {
			d.place = file + ":" + strconv.Itoa(o.Provenance.Line)
		}
		meta, _ := o.Tree["metadata"].(map[string]any)
		annotations, _ := meta["annotations"].(map[string]any)
		local, isLocal := annotations[konfig.IgnoredByKustomizeAnnotation]
		_, hasItems := o.Tree["items"]
		switch {
		case hasItems && strings.HasSuffix(o.Key.Kind, "List"):
			d.reason = "its kind ends in List and it has items, so kustomize takes it for a list of objects"
		case isLocal && local != "false":
			d.reason = "it has the annotation " + konfig.IgnoredByKustomizeAnnotation
		default:
			continue
		}
		b.watched = append(b.watched, d)
	}
}

// dropped names the objects watched that did not come out. One of that kind and name in the output counts as the
// object: a patch may have taken the annotation away. A patch that adds it is not seen.
func (b *build) dropped(objects resmap.ResMap) []string {
	if len(b.watched) == 0 {
		return nil
	}
	out := map[render.Key]bool{}
	for _, o := range objects.Resources() {
		gvk := o.GetGvk()
		out[render.Key{Group: gvk.Group, Kind: gvk.Kind, Name: o.GetName()}] = true
	}
	var notes []string
	for _, d := range b.watched {
		if !out[render.Key{Group: d.key.Group, Kind: d.key.Kind, Name: d.key.Name}] {
			notes = append(notes, fmt.Sprintf("%s: %s is left out by kustomize: %s", d.place, d.key, d.reason))
		}
	}
	return notes
}
