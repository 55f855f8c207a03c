package origin

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// spot is a node that has a field of an object, or what is nearest to it.
type spot struct {
	sheet *sheet
	key   *yaml.Node
	node  *yaml.Node
	depth int // how many steps of the path lead to it
	full  bool
	equal bool // it says what the object has
	set   bool // by a setting of kustomize's own, which finds by their values what it changes
}

// fromResources adds the resources and patches that have the field itself to what may decide it, the last one applied
// first. Names and kinds are not changed for a try: patches find their objects by them.
func (t *trace) fromResources(q *question) {
	identity := len(q.field.Path) < 2 || q.field.Path[0] == "metadata" && (q.field.Path[1] == "name" || q.field.Path[1] == "namespace")
	if identity || !q.there {
		return
	}
	list := t.spots(q)
	set := slices.ContainsFunc(list, func(s spot) bool { return s.set && s.full && s.equal })
	for i, s := range list {
		if !s.full || set && !s.set || first(s.node, 0) == nil {
			continue
		}
		l := &leaf{sheet: s.sheet, node: s.node, key: s.key}
		q.list = append(q.list, candidate{leaf: l, score: structural + i, like: true, at: q.field.Path})
	}
}

// read gives the place in a kustomization's resources and patches that has a field, by reading alone.
func (t *trace) read(q *question) (render.Position, bool) {
	var best *spot
	for _, s := range t.spots(q) {
		better := best == nil || s.full && s.equal || !(best.full && best.equal) && s.depth >= best.depth
		if better {
			best = &s
		}
	}
	if best != nil {
		l := &leaf{sheet: best.sheet, node: best.node, key: best.key}
		return l.place(q.field.Named), true
	}
	if b := t.built[q.source]; b != nil && q.object.Provenance.Template == "" && len(b.remote) == 1 {
		return b.remote[0], true
	}
	return render.Position{}, false
}

// spots lists where the parts of a kustomization have a field, in the order in which they are applied.
func (t *trace) spots(q *question) []spot {
	b := t.built[q.source]
	if b == nil {
		return nil
	}
	var list []spot
	add := func(s spot, ok bool) {
		if ok {
			list = append(list, s)
		}
	}
	for _, p := range b.parts {
		switch p.kind {
		case "resource":
			if q.object.Provenance.Template == "" && fits(p.node, q.object) {
				add(q.in(p.sheet, p.node, q.field.Path, 0))
			}
		case "patch":
			if aimed(p.target, q.object) || p.target == nil && fits(p.node, q.object) {
				if s, ok := q.in(p.sheet, p.node, q.field.Path, 0); ok && s.full {
					add(s, true)
				}
			}
		case "operation":
			if aimed(p.target, q.object) {
				add(q.operation(p))
			}
		default:
			add(q.setting(p))
		}
	}
	return list
}

// fits says whether a resource or patch is of an object: of its kind, and its name is that of the object or a part of it,
// where prefixes, suffixes and hashes have been added.
func fits(n *yaml.Node, o *render.Object) bool {
	name := textOf(valueOf(n, "metadata"), "name")
	return textOf(n, "kind") == o.Key.Kind && name != "" && strings.Contains(o.Key.Name, name)
}

// aimed says whether the target of a patch selects an object, as far as kind, group and name tell. They are anchored
// expressions (kustomize api/types/selector.go).
func aimed(target *yaml.Node, o *render.Object) bool {
	if target == nil {
		return false
	}
	for key, value := range map[string]string{"kind": o.Key.Kind, "group": o.Key.Group} {
		if want := textOf(target, key); want != "" && !anchored(want, value) {
			return false
		}
	}
	want := textOf(target, "name")
	return want == "" || anchored(want, o.Key.Name) || strings.Contains(o.Key.Name, want)
}

func anchored(pattern, text string) bool {
	e, err := regexp.Compile("^(?:" + pattern + ")$")
	return err == nil && e.MatchString(text)
}

// in follows the rest of a field's path into a node, as far as it goes; done steps are behind.
func (q *question) in(s *sheet, n *yaml.Node, rest render.Path, done int) (spot, bool) {
	var key *yaml.Node
	at := done
	for _, step := range rest {
		for n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		k, next := (*yaml.Node)(nil), (*yaml.Node)(nil)
		if name, ok := step.(string); ok {
			k, next = entryOf(n, name)
		} else {
			next = q.elementOf(n, at)
		}
		if next == nil {
			break
		}
		key, n, at = k, next, at+1
	}
	value, there := q.field.Path[:at].In(q.object.Tree)
	sp := spot{sheet: s, key: key, node: n, depth: at, full: at == len(q.field.Path)}
	sp.equal = there && same(n, value, 0)
	return sp, true
}

// elementOf finds the element of a list that became the one which a step of the field leads to: one that says the same, or
// is known by the same, and of several that of the same number.
func (q *question) elementOf(n *yaml.Node, at int) *yaml.Node {
	if n.Kind != yaml.SequenceNode {
		return nil
	}
	value, _ := q.field.Path[:at+1].In(q.object.Tree)
	number := index(q.field.Path[at])
	pick := func(fits func(*yaml.Node) bool) *yaml.Node {
		if number < len(n.Content) && fits(n.Content[number]) {
			return n.Content[number]
		}
		if i := slices.IndexFunc(n.Content, fits); i >= 0 {
			return n.Content[i]
		}
		return nil
	}
	if e := pick(func(e *yaml.Node) bool { return same(e, value, 0) }); e != nil {
		return e
	}
	m, _ := value.(map[string]any)
	known := false // by a name, of which there is none here
	for _, by := range []string{"name", "key", "containerPort", "port", "mountPath"} {
		want, ok := spelled(m[by])
		if !ok || want == "" {
			continue
		}
		if e := pick(func(e *yaml.Node) bool { return textOf(e, by) == want }); e != nil {
			return e
		}
		known = known || pick(func(e *yaml.Node) bool { return valueOf(e, by) != nil }) != nil
	}
	if known || number >= len(n.Content) {
		return nil
	}
	return n.Content[number]
}

// operation gives the place in an operation of a JSON patch (RFC 6902) that sets a field or a part around it. The number
// of an element that was appended is not known: there, the value has to be in it.
func (q *question) operation(p builtPart) (spot, bool) {
	value := valueOf(p.node, "value")
	pointer := textOf(p.node, "path")
	if value == nil || !strings.HasPrefix(pointer, "/") {
		return spot{}, false
	}
	steps := strings.Split(pointer[1:], "/")
	if len(steps) > len(q.field.Path) {
		return spot{}, false
	}
	for i, step := range steps {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch have := q.field.Path[i].(type) {
		case string:
			if have != step {
				return spot{}, false
			}
		case int:
			if step != strconv.Itoa(have) && step != "-" {
				return spot{}, false
			}
		}
	}
	s, ok := q.in(p.sheet, value, q.field.Path[len(steps):], len(steps))
	if s.depth == len(steps) {
		s.key = nil
		if value.Kind != yaml.ScalarNode {
			s.key, _ = entryOf(p.node, "value")
		}
	}
	if steps[len(steps)-1] == "-" && !s.equal {
		return spot{}, false
	}
	return s, ok
}

// setting gives the place in one of kustomize's own settings that sets a field.
func (q *question) setting(p builtPart) (spot, bool) {
	path, o := q.field.Path, q.object
	text, _ := spelled(q.value)
	whole := func(key, n *yaml.Node, equal bool) (spot, bool) {
		return spot{sheet: p.sheet, key: key, node: n, depth: len(path), full: n != nil, equal: equal, set: true}, n != nil
	}
	switch p.kind {
	case "namespace":
		if path.String() == "metadata.namespace" {
			return whole(nil, p.node, text == p.node.Value)
		}
	case "image":
		if last(path) != "image" {
			return spot{}, false
		}
		name := textOf(p.node, "name")
		if renamed := textOf(p.node, "newName"); renamed != "" {
			name = renamed
		}
		for _, key := range []string{"newTag", "digest", "newName"} {
			if v := valueOf(p.node, key); v != nil && strings.HasPrefix(text, name) && strings.Contains(text, v.Value) {
				return whole(nil, v, true)
			}
		}
	case "replicas":
		if path.String() == "spec.replicas" && strings.Contains(o.Key.Name, textOf(p.node, "name")) {
			return whole(nil, valueOf(p.node, "count"), true)
		}
	case "pairs":
		if len(path) > 1 {
			over, _ := path[len(path)-2].(string)
			if over == "labels" || over == "annotations" || over == "matchLabels" || over == "selector" {
				k, v := entryOf(p.node, last(path))
				return whole(k, v, v != nil && v.Value == text)
			}
		}
	case "generator":
		return q.generated(p)
	}
	return spot{}, false
}

// generated gives the entry of a generator that makes an object, or the literal that makes a key of it.
func (q *question) generated(p builtPart) (spot, bool) {
	name, kind := textOf(p.node, "name"), "ConfigMap"
	if k, ok := q.sheetKey(p); ok && k == "secretGenerator" {
		kind = "Secret"
	}
	if q.object.Key.Kind != kind || name == "" || !strings.Contains(q.object.Key.Name, name) || q.object.Provenance.Template != "" {
		return spot{}, false
	}
	if len(q.field.Path) > 1 && (q.field.Path[0] == "data" || q.field.Path[0] == "stringData") {
		for _, list := range []string{"literals", "files", "envs"} {
			for _, entry := range listOf(p.node, list) {
				key, _, _ := strings.Cut(entry.Value, "=")
				if list == "files" && !strings.Contains(entry.Value, "=") {
					key = entry.Value[strings.LastIndexByte(entry.Value, '/')+1:]
				}
				if key == q.field.Path[1] {
					return spot{sheet: p.sheet, node: entry, depth: 2}, true
				}
			}
		}
	}
	return spot{sheet: p.sheet, node: valueOf(p.node, "name"), depth: 1}, true
}

// sheetKey gives the field of the kustomization that a generator stands in.
func (q *question) sheetKey(p builtPart) (string, bool) {
	root := p.sheet.docs[0].Content[0]
	for _, key := range []string{"configMapGenerator", "secretGenerator"} {
		if valueOf(root, key) == p.target {
			return key, true
		}
	}
	return "", false
}
