package avp

import (
	"maps"
	"slices"

	"sluice/render"
)

// scan walks the tree of one object and gathers what it finds.
type scan struct {
	object  *render.Object
	kind    string
	generic *generic
	ignored bool // the plugin skips the object
	skipped int  // above zero within a list that is directly in a list
	path    render.Path
	found   []render.Placeholder
	faults  []located
}

// located is a fault with its place, for the order of messages.
type located struct {
	key   render.Key
	field string
	at    int
	err   *render.Error
}

// value gives v with its placeholders in plain spelling, and whether that differs from v. It never changes v.
func (s *scan) value(v any) (any, bool) {
	switch t := v.(type) {
	case map[string]any:
		return s.mapping(t)
	case []any:
		return s.list(t)
	case string:
		if plain := s.scalar(t); plain != t {
			return plain, true
		}
	}
	return v, false
}

func (s *scan) mapping(m map[string]any) (map[string]any, bool) {
	changed := false
	result := m
	for key, v := range m {
		s.path = append(s.path, key)
		s.key(key)
		if plain, differs := s.value(v); differs {
			if !changed {
				result, changed = maps.Clone(m), true
			}
			result[key] = plain
		}
		s.path = s.path[:len(s.path)-1]
	}
	return result, changed
}

func (s *scan) list(l []any) ([]any, bool) {
	changed := false
	result := l
	for i, v := range l {
		_, nested := v.([]any)
		if nested {
			s.skipped++
		}
		s.path = append(s.path, i)
		if plain, differs := s.value(v); differs {
			if !changed {
				result, changed = slices.Clone(l), true
			}
			result[i] = plain
		}
		s.path = s.path[:len(s.path)-1]
		if nested {
			s.skipped--
		}
	}
	return result, changed
}

// scalar gives the string with its placeholders in plain spelling, and takes down what is in it.
func (s *scan) scalar(text string) string {
	if s.generic == nil && !suspect(text) {
		return text
	}
	if s.kind == "Secret" {
		if inner, ok := wholeBase64(text); ok {
			return s.encoded(text, inner)
		}
	}
	pieces, faults := read(text, s.generic)
	faults = append(faults, buried(text, pieces, s.generic, s.unreached())...)
	return s.take(text, pieces, faults)
}

// encoded handles a string of a Secret that is base64, inner being its text.
func (s *scan) encoded(text, inner string) string {
	pieces, faults := read(inner, s.generic)
	faults = append(faults, buried(inner, pieces, s.generic, flaw{
		"nested base64, the plugin never reaches it",
		`keep the inner text in Vault as a whole, or write the outer text as stringData with "| base64encode" in the placeholder`,
	})...)
	first := len(s.found)
	plain := s.take(inner, pieces, faults)
	for i := range s.found[first:] {
		p := &s.found[first+i]
		if p.Encoding == "" {
			p.Encoding = "base64"
		} else {
			p.Encoding += "+base64"
		}
	}
	if len(pieces) > 0 && !oneLine(plain) {
		s.fault(fault{pieces[0].start, shown(pieces[0].plain, nil), flaw{
			"it spans several lines, and the plugin only decodes base64 that has a <...> on one line",
			"write the placeholder on one line",
		}})
	}
	if plain == inner {
		return text
	}
	return encodeLike(text, plain)
}

// unreached is the flaw of a placeholder in base64 at a place where the plugin decodes none.
func (s *scan) unreached() flaw {
	if s.kind == "Secret" {
		return flaw{
			"base64 inside a longer text, which the plugin never decodes",
			`write the text plainly with "| base64encode" in the placeholder, or keep the whole text in Vault`,
		}
	}
	return flaw{
		"base64 in a " + s.kind + ", the plugin decodes base64 only in a Secret",
		"move it to a Secret, or write it plainly; a ConfigMap takes plain text under its other field",
	}
}

// key lists the placeholders of the mapping key at the end of the path. The plugin never replaces them.
func (s *scan) key(key string) {
	if s.generic == nil && !opens(key) {
		return
	}
	pieces, faults := read(key, s.generic)
	first := len(s.found)
	for _, p := range pieces {
		s.enter(key, p)
	}
	for i := range s.found[first:] {
		s.found[first+i].InKey = true
	}
	for _, f := range faults {
		s.fault(f)
	}
}

// take enters the pieces in the ledger and the faults in the list, and gives the text as it should be.
func (s *scan) take(text string, pieces []piece, faults []fault) string {
	for _, f := range faults {
		s.fault(f)
	}
	for _, p := range pieces {
		if s.skipped > 0 {
			s.fault(fault{p.start, shown(p.plain, nil), flaw{
				"it is in a list directly inside a list, which the plugin skips",
				"keep the whole inner list out of the manifest, or the value in a Secret that the workload reads",
			}})
			continue
		}
		s.enter(text, p)
	}
	if s.ignored {
		return text
	}
	plain := rewrite(text, pieces)
	if plain != text && len(faults) == 0 {
		s.settled(plain, pieces)
	}
	return plain
}

// settled holds rewritten text to what was found in it. A "<" before a decoded span may now close with the span's ">",
// which is a placeholder of its own where generic ones are allowed.
func (s *scan) settled(plain string, pieces []piece) {
	again, faults := read(plain, s.generic)
	if len(faults) == 0 && len(again) != len(pieces) {
		p := pieces[0]
		faults = []fault{{p.start, shown(p.plain, nil), flaw{"decoded, it joins with text around it to another placeholder", hintPlain}}}
	}
	for _, f := range faults {
		s.fault(f)
	}
}

func (s *scan) enter(text string, p piece) {
	s.found = append(s.found, render.Placeholder{
		Object:    s.object.Key,
		Field:     slices.Clone(s.path),
		Path:      p.ref.path,
		Key:       p.ref.key,
		Version:   p.ref.version,
		Modifiers: p.ref.modifiers,
		Spelling:  text[p.start:p.end],
		Encoding:  written(p.layers),
		URL:       p.url,
	})
}

// fault takes down one placeholder that cannot work. In an object that the plugin skips there is none.
func (s *scan) fault(f fault) {
	if s.ignored {
		return
	}
	s.faults = append(s.faults, s.locate(f))
}
