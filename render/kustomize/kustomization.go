package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	kv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"sluice/render"
)

// kustomization is one kustomization file, with kustomize's own defaults and conversions of old fields applied.
type kustomization struct {
	types.Kustomization
	dir     string // in the view
	file    string // one of kustomize's names
	shown   string // path for messages
	node    *kv3.Node
	changed bool // differs from the file
	edits   []edit
}

// read reads the kustomization of a directory.
func (b *build) read(v visit) (*kustomization, error) {
	k := &kustomization{dir: v.dir}
	var text []byte
	var found []string
	for _, name := range kustomizationNames() {
		dir, file, err := b.view.CleanedAbs(path.Join(v.dir, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && file == "" {
			continue
		}
		if err != nil {
			return nil, b.view.because(err)
		}
		k.file, k.shown = name, b.show(path.Join(v.dir, name))
		if text, err = b.view.ReadFile(dir.Join(file)); err != nil {
			return nil, k.fail(fmt.Errorf("reading the kustomization: %w", pathless(err)))
		}
		found = append(found, k.shown)
	}
	if len(found) == 0 {
		return nil, v.from.fail(fmt.Errorf("directory %s has no kustomization", b.show(v.dir)),
			"add a file named "+names()+" to it")
	}
	if len(found) > 1 {
		return nil, k.failHint(fmt.Errorf("directory %s has several kustomizations: %s",
			b.show(v.dir), strings.Join(found, ", ")), "keep one of them")
	}
	if chart := path.Join(v.dir, "Chart.yaml"); b.view.Exists(chart) {
		return nil, k.failHint(fmt.Errorf("directory %s is a chart and a kustomization: it has %s and %s",
			b.show(v.dir), b.show(chart), k.shown),
			"Argo CD would take the kustomization and ignore the chart; move one of them to a directory of its own")
	}
	if err := k.parse(text); err != nil {
		return nil, err
	}
	b.openapi = b.openapi || len(k.OpenAPI) > 0
	return k, nil
}

// parse decodes the file as kustomize does, and refuses repeated keys, of which kustomize would keep the last.
func (k *kustomization) parse(text []byte) error {
	var doc kv3.Node
	documents := kv3.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&doc); err == nil {
		k.node = &doc
		for {
			var next kv3.Node
			if documents.Decode(&next) != nil {
				break
			}
			if next.Content[0].ShortTag() != "!!null" {
				return &render.Error{
					Pos: render.Position{File: k.shown, Line: next.Line}, Err: errors.New("there is a second document"),
					Hint: "kustomize would read only the first; merge them",
				}
			}
		}
		if err := k.repeated(&doc); err != nil {
			return err
		}
	}
	if err := k.Unmarshal(text); err != nil {
		return k.unreadable(err)
	}
	k.FixKustomization()
	if err := k.CheckEmpty(); err != nil {
		return k.failHint(errors.New("the kustomization is empty"), "give it resources, or remove it")
	}
	if problems := k.EnforceFields(); len(problems) > 0 {
		return k.fail(errors.New(strings.Join(problems, "; ")))
	}
	return nil
}

// repeated looks for mappings with the same key twice.
func (k *kustomization) repeated(n *kv3.Node) error {
	if n.Kind == kv3.MappingNode {
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if first, ok := seen[key.Value]; ok && key.Value != "<<" {
				return &render.Error{
					Pos:  render.Position{File: k.shown, Line: key.Line, Column: key.Column},
					Err:  fmt.Errorf("key %q is repeated; it is already on line %d", key.Value, first),
					Hint: "kustomize would keep only the last one; merge them",
				}
			}
			seen[key.Value] = key.Line
		}
	}
	for _, c := range n.Content {
		if err := k.repeated(c); err != nil {
			return err
		}
	}
	return nil
}

// references lists the lists whose entries may lead to other kustomizations. The order is kustomize's.
func (k *kustomization) references(plugin bool) []reference {
	return []reference{
		{field: "resources", entries: k.Resources, plugin: plugin},
		{field: "generators", entries: k.Generators, plugin: true, inline: true},
		{field: "components", entries: k.Components, plugin: plugin, isDir: true},
		{field: "transformers", entries: k.Transformers, plugin: true, inline: true},
		{field: "validators", entries: k.Validators, plugin: true, inline: true},
	}
}

// position is a place in a kustomization.
type position struct {
	file string
	line int
}

// fail makes an error at the position.
func (p position) fail(err error, hint string) error {
	return &render.Error{Pos: render.Position{File: p.file, Line: p.line}, Err: err, Hint: hint}
}

// wrap adds the position to an error that has hints of its own.
func (p position) wrap(err error) error { return p.fail(err, "") }

// at finds the line of an entry of a field; zero where it is not found, e.g. in an old spelling of the field.
func (k *kustomization) at(field, entry string) position {
	p := position{file: k.shown}
	if k.node == nil {
		return p
	}
	inside := find(k.node, func(n *kv3.Node) bool { return false }, field)
	if inside == nil {
		inside = k.node
	}
	if n := find(inside, func(n *kv3.Node) bool { return n.Kind == kv3.ScalarNode && n.Value == entry }, ""); n != nil {
		p.line = n.Line
	}
	return p
}

// find gives the first node that matches, or the first value of a key with the name given.
func find(n *kv3.Node, match func(*kv3.Node) bool, key string) *kv3.Node {
	if match(n) {
		return n
	}
	for i, c := range n.Content {
		if key != "" && n.Kind == kv3.MappingNode && i%2 == 0 && c.Value == key {
			return n.Content[i+1]
		}
		if found := find(c, match, key); found != nil {
			return found
		}
	}
	return nil
}

// entryAt finds the line of an entry of a list by its number.
func (k *kustomization) entryAt(field string, i int) position {
	p := position{file: k.shown}
	if k.node == nil {
		return p
	}
	list := find(k.node, func(*kv3.Node) bool { return false }, field)
	if list != nil && i < len(list.Content) {
		p.line = list.Content[i].Line
	}
	return p
}

func (k *kustomization) fail(err error) error { return k.failHint(err, "") }

func (k *kustomization) failHint(err error, hint string) error {
	return position{file: k.shown}.fail(err, hint)
}
