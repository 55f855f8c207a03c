package render

import (
	"strconv"
	"strings"
)

// listKeys are the fields that identify the elements of a list, by the list's own name, in the order in which they are
// tried. Source: the list-map-keys of the Kubernetes API (x-kubernetes-list-map-keys and x-kubernetes-patch-merge-key in
// api/openapi-spec/swagger.json), and for RBAC, Ingress and rule files, whose lists have none, what people know their
// elements by. Lists that are not here, those of custom resources too, are tried with anyKeys.
var listKeys = map[string][][]string{
	"ports":                     {{"containerPort", "protocol"}, {"port", "protocol"}},
	"volumeMounts":              {{"mountPath"}},
	"volumeDevices":             {{"devicePath"}},
	"hostAliases":               {{"ip"}},
	"podIPs":                    {{"ip"}},
	"conditions":                {{"type"}},
	"readinessGates":            {{"conditionType"}},
	"ownerReferences":           {{"uid"}},
	"topologySpreadConstraints": {{"topologyKey", "whenUnsatisfiable"}},
	"subjects":                  {{"kind", "name"}, {"kind", "namespace", "name"}},
	"rules":                     {{"host"}, {"alert"}, {"record"}},
	"paths":                     {{"path", "pathType"}},
}

var anyKeys = [][]string{{"name"}, {"key"}}

// listDefaults are the values of key fields that an element leaves out.
var listDefaults = map[string]string{"protocol": "TCP", "namespace": ""}

// elementText writes the fields that identify an element: "containerPort=80,protocol=TCP". It gives false where the
// element is no mapping, or lacks one of them.
func elementText(v any, by []string) (string, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i, field := range by {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(field + "=")
		v, ok := m[field]
		if !ok {
			text, optional := listDefaults[field]
			if !optional {
				return "", false
			}
			b.WriteString(text)
			continue
		}
		switch v := v.(type) {
		case string:
			if strings.ContainsAny(v, "],=\" \t\n") {
				v = strconv.Quote(v)
			}
			b.WriteString(v)
		case int64:
			b.WriteString(strconv.FormatInt(v, 10))
		case bool:
			b.WriteString(strconv.FormatBool(v))
		default:
			return "", false
		}
	}
	return b.String(), true
}

// Named gives the path with elements of lists named by fields that tell them apart, as the paths of edits are: by their
// place they are called otherwise as soon as something is put before them. Tree is what the path leads through. Elements of
// lists longer than maxNamed keep their place: to tell one apart is to look at all.
func (p Path) Named(tree any) Path {
	named := make(Path, len(p))
	name := ""
	for i, step := range p {
		named[i] = step
		if at, ok := step.(int); ok {
			list, _ := tree.([]any)
			if k := namedBy(name, list); k != nil && at < len(list) {
				named[i] = element{k.by, k.texts[0][at]}
			}
		}
		if text, ok := step.(string); ok {
			name = text
		}
		tree, _ = Path{step}.In(tree)
	}
	return named
}

const maxNamed = 1000

func namedBy(name string, list []any) *keyed {
	if len(list) > maxNamed {
		return nil
	}
	return keyedBy(name, list, list)
}

// keyed is a list whose elements are known by fields of theirs.
type keyed struct {
	by    string
	texts [2][]string       // of each side's elements, in their order
	at    [2]map[string]int // where the element of a text is
}

// keyedBy finds the fields that identify every element on both sides of a list uniquely, or gives nil.
func keyedBy(name string, left, right []any) *keyed {
	for _, candidates := range [][][]string{listKeys[name], anyKeys} {
		for _, by := range candidates {
			k := keyed{by: strings.Join(by, ",")}
			var ok bool
			if k.texts[0], k.at[0], ok = unique(left, by); !ok {
				continue
			}
			if k.texts[1], k.at[1], ok = unique(right, by); ok {
				return &k
			}
		}
	}
	return nil
}

// unique gives the texts of all elements, or false where one has none or two have the same.
func unique(list []any, by []string) ([]string, map[string]int, bool) {
	texts := make([]string, len(list))
	at := make(map[string]int, len(list))
	for i, v := range list {
		text, ok := elementText(v, by)
		if _, twice := at[text]; !ok || twice {
			return nil, nil, false
		}
		texts[i], at[text] = text, i
	}
	return texts, at, true
}

// order gives the texts of the elements that both sides have, in the order of one side.
func (k *keyed) order(side int) []any {
	both := []any{}
	for _, text := range k.texts[side] {
		if _, ok := k.at[1-side][text]; ok {
			both = append(both, text)
		}
	}
	return both
}
