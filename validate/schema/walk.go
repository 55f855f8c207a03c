package schema

import (
	"slices"
	"strings"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// maxDepth is how deep an object may nest: the API server's reader of JSON refuses what is deeper. Source: scanner.go of
// sigs.k8s.io/json.
const maxDepth = 10_000

// step leads from a value to one below it: a field, or where field is not said an element.
type step struct {
	key   string
	index int
	field bool
}

// problem is a finding before it is known which minors have it.
type problem struct {
	rule     string
	severity validate.Severity // at least
	field    render.Path
	message  string
}

// walk holds one object to one schema. A clean field costs a look into the schema's map and nothing else: paths and texts
// are made for what is wrong.
type walk struct {
	object *render.Object
	kind   *schemas.Kind
	minor  int
	blanks validate.Blanks
	known  bool // no scalar of it holds a placeholder
	secret bool // no value is told
	merged bool // by server-side apply, which refuses elements that are there twice
	at     []step
	off    int // how many fields above belong to features that are off
	found  []problem
}

// run walks the whole object.
func (w *walk) run() []problem {
	w.mapping(w.kind.Schema, w.object.Tree)
	return w.found
}

// in walks a field or an element.
func (w *walk) in(to step, s *schemas.Schema, v any) {
	w.at = append(w.at, to)
	if len(w.at) > maxDepth {
		w.say(wrongType, "is nested deeper than the API server reads")
	} else {
		w.value(s, v)
	}
	w.at = w.at[:len(w.at)-1]
}

// value judges a value that is not null.
func (w *walk) value(s *schemas.Schema, v any) {
	switch v := v.(type) {
	case map[string]any:
		w.mapping(s, v)
	case []any:
		w.list(s, v)
	default:
		w.scalar(s, v)
	}
}

// mapping judges an object's fields, or a map's values.
func (w *walk) mapping(s *schemas.Schema, tree map[string]any) {
	if s.Type == "" && s.Format == "" || s.Type == "object" && s.Fields == nil && s.Values == nil {
		return
	}
	if s.Type != "object" {
		w.say(wrongType, "is an object, want %s", wanted(s))
		return
	}
	for name, v := range tree {
		of, isField := s.Fields[name]
		if !isField {
			of = s.Values
		}
		gates := w.gatesOf(s, name)
		if gates != nil && v != nil && !empty(v) && !w.dropped() {
			w.gated(name, gates)
		}
		if gates != nil {
			w.off++
		}
		switch {
		case of == nil:
			w.unknown(s, name)
		case v != nil:
			w.in(step{key: name, field: true}, of, v)
		case !isField:
			// A null field is one that is not there, which encoding/json leaves alone; a null value makes an empty one.
			w.null(step{key: name, field: true}, of)
		}
		if gates != nil {
			w.off--
		}
	}
	switch {
	case w.off > 0:
		return
	case w.dropped():
		w.status(s, tree)
		return
	}
	for _, name := range s.Required {
		if v, there := tree[name]; v == nil {
			w.missing(s, name, there)
		}
	}
}

// gated says that a field does nothing unless somebody has turned its feature gates on.
func (w *walk) gated(name string, gates []string) {
	word := "feature gate "
	if len(gates) > 1 {
		word = "feature gates "
	}
	w.below(step{key: name, field: true}, func() {
		w.add(gatedField, 0, "needs the %s, off by default in Kubernetes 1.%d: the API server drops the field, or refuses it", word+strings.Join(gates, " and "), w.minor)
	})
}

// empty says whether a value is a list or an object without anything in it, of which nothing is lost.
func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// unmarked are the feature gates of fields of which the schemas do not say that they have one, and the minor that turned each
// on. Source: kubernetes pkg/features/kube_features.go.
var unmarked = map[string]struct {
	gate string
	on   int
}{
	"successPolicy": {"JobSuccessPolicy", 31},
	"procMount":     {"ProcMountType", 33},
	"forNodes":      {"PreferSameTrafficDistribution", 34},
}

// gatesOf gives the feature gates of a field that its minor has off; nil where there is none.
func (w *walk) gatesOf(s *schemas.Schema, name string) []string {
	if gates := s.Gates[name]; gates != nil {
		return gates
	}
	if field, ok := unmarked[name]; ok && s.Fields[name] != nil && w.minor < field.on {
		return []string{field.gate}
	}
	return nil
}

// dropped says whether the walk is in what the server decodes and then drops, a status or a field of a feature that nobody
// turned on: what its validation would want of it does not matter.
func (w *walk) dropped() bool {
	return w.off > 0 || len(w.at) > 0 && w.at[0].key == "status" && w.kind.Status
}

// status says what a status lacks: at once, because nobody has to write it.
func (w *walk) status(s *schemas.Schema, tree map[string]any) {
	var lacks []string
	for _, name := range s.Required {
		if tree[name] == nil {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		w.say(incompleteStatus, "lacks %s", strings.Join(lacks, ", "))
	}
}

// list judges the elements of a list, and that none is there twice.
func (w *walk) list(s *schemas.Schema, list []any) {
	if s.Type != "array" {
		if (s.Type != "" || s.Format != "") && (s.Format != "byte" || !octets(list)) {
			w.say(wrongType, "is a list, want %s", wanted(s))
		}
		return
	}
	for i, v := range list {
		if v == nil {
			w.null(step{index: i}, s.Elements)
		} else if s.Elements != nil {
			w.in(step{index: i}, s.Elements, v)
		}
	}
	if len(list) > 1 && !w.dropped() && (s.ListType == "map" || s.ListType == "set") && !w.elsewhereTold() {
		w.duplicates(s, list)
	}
}

// missing says that a required field is not there.
func (w *walk) missing(s *schemas.Schema, name string, null bool) {
	rule, what := requiredField, "is missing"
	if null {
		what = "is null, which is as if it were missing"
	}
	if slices.Contains(s.Waived, name) || w.ignored() {
		rule = waivedField
	}
	w.below(step{key: name, field: true}, func() { w.say(rule, "%s", what) })
}

// ignored says whether the walk is in what the server does not look into, or drops silently of what a claim is filled with: a
// dataSourceRef with a namespace, which is a feature that is off (CrossNamespaceVolumeDataSource), and without a dataSourceRef
// beside it a dataSource that is neither a claim nor a snapshot. Source: DropDisabledFields and
// EnforceDataSourceBackwardsCompatibility in kubernetes pkg/api/persistentvolumeclaim/util.go.
func (w *walk) ignored() bool {
	at := w.path()
	if unread(w.object.Key.GroupKind(), at) {
		return true
	}
	if len(at) == 0 {
		return false
	}
	field := at[len(at)-1]
	if field != "dataSource" && field != "dataSourceRef" {
		return false
	}
	above, _ := at[:len(at)-1].In(w.object.Tree)
	spec, _ := above.(map[string]any)
	ref, _ := spec["dataSourceRef"].(map[string]any)
	namespace, _ := ref["namespace"].(string)
	if field == "dataSourceRef" {
		return namespace != ""
	}
	source, _ := spec["dataSource"].(map[string]any)
	kind, _ := source["kind"].(string)
	return (spec["dataSourceRef"] == nil || namespace != "") && kind != "PersistentVolumeClaim" && kind != "VolumeSnapshot"
}

// unread says whether the server takes an element of a list that lacks what its schema requires. Source: kubernetes
// pkg/apis/discovery/validation/validation.go, validateHints: the empty name of a zone is a label value;
// pkg/apis/autoscaling/validation/validation.go, validateMetricIdentifier: nothing looks at the selector of a metric.
func unread(kind string, at render.Path) bool {
	if len(at) < 3 {
		return false
	}
	switch kind {
	case "EndpointSlice.discovery.k8s.io":
		return at[len(at)-2] == "forZones"
	case "HorizontalPodAutoscaler.autoscaling":
		return at[0] == "spec" && at[len(at)-3] == "selector" && at[len(at)-2] == "matchExpressions"
	}
	return false
}

// null says what the server makes of a null in a list or a map.
func (w *walk) null(at step, s *schemas.Schema) {
	w.below(at, func() {
		switch {
		case s != nil && len(s.Required) > len(s.Waived) && !w.dropped() && !w.ignored():
			w.say(requiredField, "is null, which is an element without any field, and %s is required", first(s))
		case s != nil && s.Format == "duration":
			w.say(invalidFormat, "is null, want a duration")
		case s != nil && s.Enum != nil && !slices.Contains(s.Enum, "") && !w.dropped():
			w.say(invalidEnum, "is null, which the API server turns into an empty string, want %s", oneOf(s.Enum))
		default:
			w.say(nullValue, "is null, which the API server turns into %s", emptyOf(s))
		}
	})
}

// first gives the first field that the server requires.
func first(s *schemas.Schema) string {
	for _, name := range s.Required {
		if !slices.Contains(s.Waived, name) {
			return name
		}
	}
	return ""
}

// below does something one step further down.
func (w *walk) below(at step, do func()) {
	w.at = append(w.at, at)
	do()
	w.at = w.at[:len(w.at)-1]
}

// path gives the place that the walk is at.
func (w *walk) path() render.Path {
	p := make(render.Path, len(w.at))
	for i, s := range w.at {
		if s.field {
			p[i] = s.key
		} else {
			p[i] = s.index
		}
	}
	return p
}
