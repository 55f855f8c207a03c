package origin

import (
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// built is what a kustomization is built of, in the order in which it is applied.
type built struct {
	parts   []builtPart
	remote  []render.Position // entries that lead elsewhere
	visited map[string]bool
}

// builtPart is one object, patch, operation or setting.
type builtPart struct {
	kind   string // "resource", "patch", "operation", "image", "replicas", "namespace", "pairs", "generator"
	sheet  *sheet
	node   *yaml.Node // the object, the patch, the operation, the entry
	target *yaml.Node // of a patch; nil where it names its object itself
}

// build reads the kustomization at a path of the stack and all that it is built on. What lies elsewhere is not edited here.
func (t *trace) build(source int, dir string) *built {
	b := &built{visited: map[string]bool{}}
	if !strings.HasPrefix(dir, "$") && t.app.Files != nil {
		t.visit(b, source, path.Clean(dir))
	}
	return b
}

// visit reads one kustomization: what it is built on, then its charts, then what it changes.
func (t *trace) visit(b *built, source int, dir string) {
	if b.visited[dir] || len(b.visited) > 1000 {
		return
	}
	b.visited[dir] = true
	var s *sheet
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		name = path.Join(dir, name)
		if docs := t.document(t.app.Files, name); len(docs) > 0 {
			s = &sheet{kind: ofFile, name: name, docs: docs, source: source}
			break
		}
	}
	if s == nil {
		return
	}
	k := s.docs[0].Content[0]
	for _, field := range []string{"resources", "bases"} {
		for _, entry := range listOf(k, field) {
			t.follow(b, s, entry)
		}
	}
	for _, entry := range listOf(k, "helmCharts") {
		t.ofEntry(s, k, entry)
	}
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		for _, entry := range listOf(k, field) {
			b.add("generator", s, entry, valueOf(k, field))
		}
	}
	for _, entry := range listOf(k, "components") {
		t.follow(b, s, entry)
	}
	t.changes(b, s, k)
}

func (b *built) add(kind string, s *sheet, n, target *yaml.Node) {
	b.parts = append(b.parts, builtPart{kind, s, n, target})
}

// follow reads a resource: a file, or the directory of another kustomization.
func (t *trace) follow(b *built, s *sheet, entry *yaml.Node) {
	name := path.Join(path.Dir(s.name), entry.Value)
	at := s.at(entry)
	if !fs.ValidPath(name) || strings.Contains(entry.Value, "://") {
		b.remote = append(b.remote, at)
		return
	}
	stat, err := fs.Stat(t.app.Files, name)
	switch {
	case err != nil:
		b.remote = append(b.remote, at)
	case stat.IsDir():
		t.visit(b, s.source, name)
	default:
		file := &sheet{kind: ofFile, name: name, docs: t.document(t.app.Files, name), source: s.source}
		for _, doc := range file.docs {
			if n := doc.Content[0]; strings.HasSuffix(textOf(n, "kind"), "List") && valueOf(n, "items") != nil {
				for _, inner := range listOf(n, "items") {
					b.add("resource", file, inner, nil)
				}
			} else {
				b.add("resource", file, n, nil)
			}
		}
	}
}

// changes lists what a kustomization changes, in kustomize's order (api/internal/target/kusttarget_configplugin.go and
// types/kustomization.go: patches, then the named transformers).
func (t *trace) changes(b *built, s *sheet, k *yaml.Node) {
	if n := valueOf(k, "namespace"); n != nil {
		b.add("namespace", s, n, nil)
	}
	for _, n := range listOf(k, "patchesStrategicMerge") {
		t.patch(b, s, n, nil)
	}
	for _, field := range []string{"patches", "patchesJson6902"} {
		for _, entry := range listOf(k, field) {
			target := valueOf(entry, "target")
			for _, key := range []string{"path", "patch"} {
				if n := valueOf(entry, key); n != nil {
					t.patch(b, s, n, target)
				}
			}
		}
	}
	for _, field := range []string{"commonLabels", "commonAnnotations"} {
		if n := valueOf(k, field); n != nil {
			b.add("pairs", s, n, nil)
		}
	}
	for _, entry := range listOf(k, "labels") {
		if n := valueOf(entry, "pairs"); n != nil {
			b.add("pairs", s, n, nil)
		}
	}
	for _, entry := range listOf(k, "images") {
		b.add("image", s, entry, nil)
	}
	for _, entry := range listOf(k, "replicas") {
		b.add("replicas", s, entry, nil)
	}
}

// patch reads a patch: a file, or the text itself.
func (t *trace) patch(b *built, s *sheet, n, target *yaml.Node) {
	var in *sheet
	if strings.ContainsAny(n.Value, "\n:{") {
		in = (&leaf{sheet: s, node: n}).within(t.texts[s.name])
	} else {
		name := path.Join(path.Dir(s.name), n.Value)
		in = &sheet{kind: ofFile, name: name, docs: t.document(t.app.Files, name)}
	}
	in.source = s.source
	for _, doc := range in.docs {
		what := doc.Content[0]
		if what.Kind == yaml.SequenceNode {
			for _, op := range what.Content {
				b.add("operation", in, op, target)
			}
			continue
		}
		b.add("patch", in, what, target)
	}
}

// ofEntry lists what a chart of helmCharts is given: what lies in the chart, the file, the inline values and further files.
func (t *trace) ofEntry(s *sheet, k, entry *yaml.Node) {
	name := textOf(entry, "name")
	g := given{source: s.source, chart: name, pile: &pile{entry: s.at(entry)}}
	dir := path.Dir(s.name)
	home := textOf(valueOf(k, "helmGlobals"), "chartHome")
	if home == "" {
		home = "charts"
	}
	tree := "chart " + name + " " + textOf(entry, "version")
	if textOf(entry, "repo") == "" {
		tree = "chart " + path.Join(dir, home, name)
	}
	if c := t.chartOf(tree, name); c != nil {
		t.defaults(g, c)
	}
	file := func(n *yaml.Node) {
		if n == nil || n.Value == "" {
			return
		}
		at := path.Join(dir, n.Value)
		g.add(&sheet{kind: ofFile, name: at, docs: t.document(t.app.Files, at)}, s.source, nil)
	}
	inline := func() {
		if key, n := entryOf(entry, "valuesInline"); n != nil {
			in := &sheet{kind: ofFile, name: s.name, docs: s.docs, source: s.source, stack: g.pile, head: key}
			in.collect(n, nil, nil, 0)
			g.layers = append(g.layers, in)
		}
	}
	switch textOf(entry, "valuesMerge") {
	case "merge":
		inline()
		file(valueOf(entry, "valuesFile"))
	case "replace":
		inline()
	default:
		file(valueOf(entry, "valuesFile"))
		inline()
	}
	for _, n := range listOf(entry, "additionalValuesFiles") {
		file(n)
	}
	t.given = append(t.given, g)
}
