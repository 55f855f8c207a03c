package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/schemas"
)

// deepest is how far below the top a field is looked for that stands in the wrong place.
const deepest = 7

// unknown says that an object has no field of a name, and what was probably meant: a field of that name in another minor,
// one of a similar name, or one of the same name elsewhere.
func (w *walk) unknown(s *schemas.Schema, name string) {
	w.below(step{key: name, field: true}, func() {
		text := "is not a field of " + nameOf(w.kind.API)
		other := w.otherMinor()
		near := closest(name, slices.Sorted(maps.Keys(s.Fields)))
		switch {
		case name == sops && encrypted(w.object):
			text += ": SOPS has encrypted the object, and nothing has decrypted it"
		case other != "":
			text += fmt.Sprintf(" in Kubernetes 1.%d: %s", w.minor, other)
		case s.Fields["requests"] != nil && s.Fields["requests"].Values != nil && isResource(name):
			text += ", did you mean requests." + name + "?"
		case near != "":
			text += ", did you mean " + near + "?"
		default:
			if place := w.elsewhere(name); place != "" {
				text += ": one of that name belongs to " + place
			}
		}
		w.add(unknownField, 0, "%s", text)
	})
}

// isResource says whether a name is that of a resource that containers and claims ask for.
func isResource(name string) bool {
	return name == "cpu" || name == "memory" || name == "storage" || name == "ephemeral-storage"
}

// closest gives the field that was probably meant, or "" where none is near: one that is spelt alike, or the only one that
// ends like the name, as secretName does like name.
func closest(name string, names []string) string {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	if len(name) < 3 {
		return ""
	}
	var ending []string
	for _, n := range names {
		if strings.HasSuffix(strings.ToLower(n), strings.ToLower(name)) {
			ending = append(ending, n)
		}
	}
	if len(ending) == 1 {
		return ending[0]
	}
	return render.Nearest(name, names)
}

// otherMinor says in which minor the field came that the walk is at, or after which it went.
func (w *walk) otherMinor() string {
	first, last := 0, 0
	for minor := schemas.OldestMinor; minor <= schemas.NewestMinor; minor++ {
		if minor == w.minor {
			continue
		}
		if k, ok := schemas.Lookup(minor, w.kind.Group, w.kind.Version, w.kind.Kind); ok && has(k.Schema, w.at) {
			if first == 0 {
				first = minor
			}
			last = minor
		}
	}
	switch {
	case first > w.minor:
		return fmt.Sprintf("it came with 1.%d", first)
	case last > 0 && last < w.minor:
		return fmt.Sprintf("the last that knew it is 1.%d", last)
	default:
		return ""
	}
}

// has says whether a schema knows the place that steps lead to.
func has(s *schemas.Schema, at []step) bool {
	for _, to := range at {
		switch {
		case s == nil:
			return false
		case !to.field:
			s = s.Elements
		case s.Fields[to.key] != nil:
			s = s.Fields[to.key]
		default:
			s = s.Values
		}
	}
	return s != nil
}

// place is a part of a schema and where it is.
type place struct {
	schema *schemas.Schema
	path   string
}

// elsewhere gives the place that a field of the object where the walk is was probably meant for: above or below it, other
// than in status and metadata, has a field of that name. The highest counts, the first by name of several. Of names such
// as "key" there are too many.
func (w *walk) elsewhere(name string) string {
	if len(name) < 5 {
		return ""
	}
	here := w.parent()
	seen := map[*schemas.Schema]bool{w.kind.Schema: true}
	level := []place{{w.kind.Schema, ""}}
	for range deepest {
		var next []place
		for _, p := range level {
			for _, key := range slices.Sorted(maps.Keys(p.schema.Fields)) {
				below, path := p.schema.Fields[key], strings.TrimPrefix(p.path+"."+key, ".")
				if below.Elements != nil {
					below, path = below.Elements, path+"[]"
				}
				if key == "metadata" || path == "status" || seen[below] || below.Fields == nil ||
					!strings.HasPrefix(path+".", here) && !strings.HasPrefix(here, path+".") {
					continue
				}
				seen[below] = true
				if below.Fields[name] != nil {
					return path
				}
				next = append(next, place{below, path})
			}
		}
		level = next
	}
	return ""
}

// parent writes the place of the object that has the field where the walk is, as elsewhere does, with a point behind it.
func (w *walk) parent() string {
	var b strings.Builder
	for i, to := range w.at[:len(w.at)-1] {
		switch {
		case !to.field:
			b.WriteString("[]")
		case i > 0:
			b.WriteString("." + to.key)
		default:
			b.WriteString(to.key)
		}
	}
	if b.Len() > 0 {
		b.WriteByte('.')
	}
	return b.String()
}
