package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// ParseLock reads a lock; name is its file, for positions. It is strict, because a line that is not understood may be
// the one that mattered: an unknown, missing or repeated key, a repeated entry, a digest that is none, another version,
// an anchor, a second document and what a merge left behind are errors of type [render.Error].
func ParseLock(name string, text []byte) (*Lock, error) {
	p := lockParser{name: name}
	// First, because they make the rest unreadable in ways that do not name them.
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if bytes.HasPrefix(line, []byte("<<<<<<<")) || bytes.HasPrefix(line, []byte(">>>>>>>")) {
			return nil, p.fail(&yaml.Node{Line: n}, "the file has a merge conflict")
		}
	}
	root, err := p.root(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, err
	}
	top, err := p.mapping(root, "version", "sources")
	if err != nil {
		return nil, err
	}
	switch v := top["version"]; {
	case v == nil:
		return nil, p.fail(root, "version is missing")
	case v.Kind != yaml.ScalarNode || v.Value != lockVersion:
		// A later sluice may read it, so nobody writes over it.
		return nil, marked{
			p.fail(v, "the lock is of another version than %s; use the sluice that wrote it, or delete the file", lockVersion),
			errors.ErrUnsupported,
		}
	}
	switch s := top["sources"]; {
	case s == nil:
		return nil, p.fail(root, "sources is missing")
	case s.Kind != yaml.SequenceNode:
		return nil, p.fail(s, "sources is not a list")
	}
	var entries []Entry
	lines := map[Entry]int{}
	for _, n := range top["sources"].Content {
		e, err := p.entry(n)
		if err != nil {
			return nil, err
		}
		if first, ok := lines[e.key()]; ok {
			return nil, p.fail(n, "%s is there twice, first on line %d", e, first)
		}
		lines[e.key()] = n.Line
		entries = append(entries, e)
	}
	lock, err := NewLock(entries)
	if err != nil {
		return nil, &render.Error{Pos: render.Position{File: name}, Err: err}
	}
	return lock, nil
}

type lockParser struct{ name string }

// fail makes an error at a node. What a value is goes into no message: it may be what has no place in a lock.
func (p lockParser) fail(n *yaml.Node, format string, args ...any) error {
	return &render.Error{
		Pos:  render.Position{File: p.name, Line: n.Line, Column: n.Column},
		Err:  fmt.Errorf("reading the lock: "+format, args...),
		Hint: "run sluice lock",
	}
}

// root gives the mapping of the one document.
func (p lockParser) root(text []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil, p.fail(&doc, "the file is empty")
	}
	if err == nil {
		if err = dec.Decode(&second); err == nil {
			return nil, p.fail(&second, "the file has a second document")
		}
	}
	if !errors.Is(err, io.EOF) {
		at, cause := render.Position{Line: 1}.Fault(err, text)
		return nil, p.fail(&yaml.Node{Line: at.Line, Column: at.Column}, "%s", cause)
	}
	return doc.Content[0], nil
}

// mapping gives the values of a mapping by key. Every key is one of known, and is there once.
func (p lockParser) mapping(n *yaml.Node, known ...string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode || n.Anchor != "" {
		return nil, p.fail(n, "there is something else than a plain mapping")
	}
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			return nil, p.fail(key, "a key is not text")
		case values[key.Value] != nil:
			return nil, p.fail(key, "key %q is there twice", key.Value)
		case !slices.Contains(known, key.Value):
			if near := render.Nearest(key.Value, known); near != "" {
				return nil, p.fail(key, "unknown key %q; did you mean %s?", key.Value, near)
			}
			return nil, p.fail(key, "unknown key %q", key.Value)
		}
		values[key.Value] = n.Content[i+1]
	}
	return values, nil
}

// entry reads one block.
func (p lockParser) entry(n *yaml.Node) (Entry, error) {
	var e Entry
	var known []string
	for _, kind := range []string{render.KindHelm, render.KindGit, render.KindFile} {
		fields, _ := lockFields(kind)
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == fields[0].name && e.Kind == "" {
				e.Kind = kind
			}
		}
	}
	fields, _ := lockFields(e.Kind)
	if fields == nil {
		return e, p.fail(n, "an entry has none of the keys chart, git and file")
	}
	for _, f := range fields {
		known = append(known, f.name)
	}
	if e.Kind == render.KindGit {
		known = append(known, "submodules")
	}
	values, err := p.mapping(n, known...)
	if err != nil {
		return e, err
	}
	for _, f := range fields {
		v, ok := values[f.name]
		if !ok {
			continue
		}
		if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" || v.Anchor != "" || v.Value == "" {
			return e, p.fail(v, "%s is not text; a number needs quotes", f.name)
		}
		*f.at(&e) = v.Value
	}
	if e.Digest != "" {
		e.Digest = digestPrefix + e.Digest
	}
	if v, ok := values["submodules"]; ok {
		if e.Submodules = v.Kind == yaml.ScalarNode && v.Value == "true" && v.ShortTag() == "!!bool"; !e.Submodules {
			return e, p.fail(v, "submodules is not true, and is left out otherwise")
		}
	}
	if field, err := e.check(); err != nil {
		at := n
		if v, ok := values[field]; ok {
			at = v
		}
		return e, p.fail(at, "%s: %w", field, err)
	}
	return e, nil
}
