package schema

import (
	"strings"

	"sluice/schemas"
	"sluice/validate"
)

// few is how many elements are compared each with each; more are looked up by a text of their keys.
const few = 24

// refused are the lists of which the API server's validation refuses two of the same. In others only server-side apply
// does, and a merge patch loses one of the two. Source: field.Duplicate and "must be unique" in
// pkg/apis/{core,batch,admissionregistration,storage}/validation of k8s.io/kubernetes.
const refused = " webhooks matchConditions drivers validationActions "

// ofPods are the lists of Pods of which the rules about Pods (validate/server) say the same, and warned those of which
// they say that the server takes two with a warning, as it does where it does not merge.
const (
	ofPods = " containers initContainers ephemeralContainers volumes volumeMounts volumeDevices resourceClaims claims " +
		"schedulingGates topologySpreadConstraints " +
		"values " // of exit codes
	warned = " env ports hostAliases imagePullSecrets "
)

// elsewhereTold says whether another family says of the list that the walk is at what is there twice.
func (w *walk) elsewhereTold() bool {
	list := " " + w.at[len(w.at)-1].key + " "
	return strings.Contains(ofPods, list) || !w.merged && !w.ofService() && strings.Contains(warned, list)
}

// ofService says whether the object is a Service, whose ports are told apart here.
func (w *walk) ofService() bool { return w.object.Key.Kind == "Service" }

// duplicates looks for two elements of a set that are equal, and two of a map whose keys are.
func (w *walk) duplicates(s *schemas.Schema, list []any) {
	var seen map[string]int
	if len(list) > few {
		seen = make(map[string]int, len(list))
	}
	for i, v := range list {
		first := -1
		if seen == nil {
			for j := 0; j < i && first < 0; j++ {
				if same(s, list[j], v) {
					first = j
				}
			}
		} else if text, ok := keyText(s, v); ok {
			if j, there := seen[text]; there {
				first = j
			} else {
				seen[text] = i
			}
		}
		if first >= 0 {
			w.below(step{index: i}, func() { w.duplicate(s, v, first) })
		}
	}
}

// duplicate says that an element is there twice. Two equal placeholders are none: what they become nobody knows.
func (w *walk) duplicate(s *schemas.Schema, v any, first int) {
	list := w.at[len(w.at)-2].key
	severity := validate.Warning
	if w.merged || strings.Contains(refused, " "+list+" ") || list == "ports" && w.ofService() {
		severity = validate.Error
	}
	if s.ListType == "set" {
		if w.blank() == validate.Known {
			w.add(duplicateElement, severity, "is %s, as is %s[%d]", w.shown(v), list, first)
		}
		return
	}
	var what []string
	for _, key := range s.Keys {
		w.at = append(w.at, step{key: key, field: true})
		blank := w.blank()
		w.at = w.at[:len(w.at)-1]
		if blank != validate.Known {
			return
		}
		k, _ := keyOf(s, v, key)
		what = append(what, key+" "+w.shown(k))
	}
	w.add(duplicateElement, severity, "has %s, as has %s[%d]", strings.Join(what, " and "), list, first)
}

// same says whether two elements of a list are one to the server.
func same(s *schemas.Schema, a, b any) bool {
	if s.ListType == "set" {
		return comparable(a) && a == b
	}
	for _, key := range s.Keys {
		x, ok := keyOf(s, a, key)
		y, too := keyOf(s, b, key)
		if !ok || !too || x != y {
			return false
		}
	}
	return len(s.Keys) > 0
}

// keyOf gives a key field of an element, or the server's default for it. An element without either is no duplicate.
func keyOf(s *schemas.Schema, element any, key string) (any, bool) {
	m, _ := element.(map[string]any)
	if m == nil {
		return nil, false
	}
	v := m[key]
	if v == nil && s.Elements != nil {
		v = s.Elements.Defaults[key]
	}
	return v, comparable(v)
}

// comparable says whether a value is a scalar, which Go can compare.
func comparable(v any) bool {
	switch v.(type) {
	case string, bool, int64, uint64, float64:
		return true
	default:
		return false
	}
}

// keyText gives a text that elements share which are the same to the server.
func keyText(s *schemas.Schema, v any) (string, bool) {
	if s.ListType == "set" {
		return typed(v), comparable(v)
	}
	var b strings.Builder
	for _, key := range s.Keys {
		k, ok := keyOf(s, v, key)
		if !ok {
			return "", false
		}
		b.WriteString(typed(k))
		b.WriteByte(0)
	}
	return b.String(), len(s.Keys) > 0
}
