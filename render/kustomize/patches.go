package kustomize

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// aimField collects, on an object, the numbers of the patches that were aimed at it.
const aimField = "sluiceAims"

// aim is a patch with a target. kustomize applies one that matches nothing to nothing and does not say so, which turns
// a patch that was to protect an object into none at all.
type aim struct {
	at     position
	target string
}

// probe prepares a second build that tells which patches match: beside each patch with a target it puts one with the
// same target that leaves a mark. The objects of that build are thrown away, so the marks cannot change the outcome.
// Patches that delete are left out of it, because they would take the marks away with the object.
func (b *build) probe(k *kustomization) error {
	var patches []types.Patch
	for i, p := range k.Patches {
		if p.Target != nil {
			number := strconv.Itoa(len(b.aims))
			b.aims = append(b.aims, aim{at: k.entryAt("patches", i), target: describe(p.Target)})
			patches = append(patches, types.Patch{
				Target: p.Target,
				Patch:  "apiVersion: v1\nkind: Mark\nmetadata: {name: mark}\n" + aimField + ": {\"" + number + "\": true}\n",
			})
		}
		if !b.deletes(k, p) {
			patches = append(patches, p)
		}
	}
	if len(k.Patches) == 0 {
		return nil
	}
	second := k.Kustomization
	second.Patches = patches
	text, err := yaml.Marshal(second)
	if err != nil {
		return k.fail(fmt.Errorf("rewriting the kustomization: %w", err))
	}
	b.probes[path.Join(k.dir, k.file)] = text
	return nil
}

// deletes reports whether a patch removes objects.
func (b *build) deletes(k *kustomization, p types.Patch) bool {
	text := []byte(p.Patch)
	if p.Path != "" {
		// A file that cannot be read fails the first build.
		text, _ = b.view.ReadFile(path.Join(k.dir, p.Path))
	}
	return strings.Contains(string(text), "$patch: delete")
}

// missed runs the second build and names the patches that matched nothing. The caller holds the lock.
func (b *build) missed() []string {
	if len(b.aims) == 0 {
		return nil
	}
	second := *b.view
	second.overlay = maps.Clone(b.view.overlay)
	maps.Copy(second.overlay, b.probes)
	objects, err := safely(&second, b.top)
	if err != nil {
		return []string{"whether every patch matches an object: " + b.explain(err).Error()}
	}
	hit := map[string]bool{}
	for _, o := range objects.Resources() {
		if tree, err := o.Map(); err == nil {
			marks, _ := tree[aimField].(map[string]any)
			for number := range marks {
				hit[number] = true
			}
		}
	}
	var notes []string
	for i, a := range b.aims {
		if !hit[strconv.Itoa(i)] {
			place := a.at.file
			if a.at.line > 0 {
				place += ":" + strconv.Itoa(a.at.line)
			}
			notes = append(notes, fmt.Sprintf("%s: the patch for %s matches no object, and kustomize leaves it out without a word",
				place, a.target))
		}
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

// describe names what a target selects.
func describe(s *types.Selector) string {
	var parts []string
	for _, f := range [][2]string{
		{"group", s.Group},
		{"version", s.Version},
		{"kind", s.Kind},
		{"namespace", s.Namespace},
		{"name", s.Name},
		{"labels", s.LabelSelector},
		{"annotations", s.AnnotationSelector},
	} {
		if f[1] != "" {
			parts = append(parts, f[0]+" "+f[1])
		}
	}
	return strings.Join(parts, ", ")
}
