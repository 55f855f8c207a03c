package render

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Key is the identity of an object as Kubernetes and Argo CD see it. The API version is not part of it.
// An object with generateName has the name prefix + "/*", which no real name can equal: none may hold a slash.
type Key struct {
	Group     string // "" for the core group
	Kind      string
	Namespace string // as written; empty for cluster-scoped objects and for those left to the destination
	Name      string
}

// String gives "Kind.group namespace/name", without the parts that are empty.
func (k Key) String() string {
	name := k.Name
	if k.Namespace != "" {
		name = k.Namespace + "/" + name
	}
	return k.GroupKind() + " " + name
}

// GroupKind gives "Kind.group", or the kind alone where the group is the core one, as Kubernetes' GroupKind is written.
func (k Key) GroupKind() string {
	if k.Group == "" {
		return k.Kind
	}
	return k.Kind + "." + k.Group
}

// Compare orders keys by group, kind, namespace and name.
func (k Key) Compare(o Key) int {
	return cmp.Or(
		cmp.Compare(k.Group, o.Group), cmp.Compare(k.Kind, o.Kind),
		cmp.Compare(k.Namespace, o.Namespace), cmp.Compare(k.Name, o.Name))
}

// Definition says whether the object is a CustomResourceDefinition.
func (k Key) Definition() bool {
	return k.Group == "apiextensions.k8s.io" && k.Kind == "CustomResourceDefinition"
}

// BuiltIn says whether the group is Kubernetes' own, whose kinds come without a CustomResourceDefinition. Groups without a
// dot are; of those below k8s.io some are and others, such as gateway.networking.k8s.io and snapshot.storage.k8s.io, are not.
func (k Key) BuiltIn() bool {
	return !strings.Contains(k.Group, ".") || slices.Contains(builtInGroups, k.Group)
}

// builtInGroups are the groups of Kubernetes with a dot in their name. Source: Kubernetes pkg/apis and staging, the groups of
// each API.
var builtInGroups = []string{
	"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
	"certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
	"internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io",
	"scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
}

// Object is one Kubernetes object of a render.
type Object struct {
	Key        Key
	APIVersion string
	// Tree is the decoded object: map[string]any, []any, string, bool, int64, uint64, float64 and nil, with YAML's
	// scalars read as Kubernetes reads them (sigs.k8s.io/yaml: YAML 1.1 booleans, whole floats are integers).
	Tree       map[string]any
	Provenance Provenance

	written *written // for positions; nil where there are none, as in JSON
}

// Provenance says where an object came from.
type Provenance struct {
	App      string
	Source   string // the source's name, e.g. "chart traefik 39.0.1"
	Template string // helm's "# Source:" path, e.g. "traefik/templates/deployment.yaml"
	File     string // the file parsed, or a name for the engine's output
	Line     int    // first line of the document in File
}

// Set is the objects of a render in the order given, with the count of everything that was read to get them.
// Documents = Empties + Lists + the objects that are not from a list.
type Set struct {
	Objects   []Object
	Documents int // YAML documents read, empty ones included
	Empties   int // documents without content
	Lists     int // documents of a List kind, flattened into their items
	// Lost are the objects that Argo CD does not apply, in an effective set: see [Set.Effective].
	Lost []Object
}

// Append gives the objects of s, then those of the others, with the counts added up. The list is a fresh one, so many sets
// are better appended at once than one by one.
func (s Set) Append(others ...Set) Set {
	n := len(s.Objects)
	for _, o := range others {
		n += len(o.Objects)
	}
	// append would write into the memory that another set may share.
	s.Objects = append(make([]Object, 0, n), s.Objects...)
	s.Lost = slices.Clone(s.Lost)
	for _, o := range others {
		s.Objects = append(s.Objects, o.Objects...)
		s.Documents += o.Documents
		s.Empties += o.Empties
		s.Lists += o.Lists
		s.Lost = append(s.Lost, o.Lost...)
	}
	return s
}

// Definitions lists the CustomResourceDefinitions of the set, in its order.
func (s Set) Definitions() []Object {
	var crds []Object
	for _, o := range s.Objects {
		if o.Key.Definition() {
			crds = append(crds, o)
		}
	}
	return crds
}

// Position gives the place of a field in the text that the object was parsed from. A field that is not there gives its
// nearest parent's place.
func (o Object) Position(path Path) Position {
	pos := Position{File: o.Provenance.File, Line: o.Provenance.Line}
	n, v := o.written.node(), any(o.Tree)
	for _, step := range path {
		if n = below(n, v, step); n == nil {
			return pos
		}
		v, _ = Path{step}.In(v)
		pos.Line, pos.Column = n.Line, n.Column
	}
	return pos
}

// Written gives the text of a scalar as it stands in what the object was parsed from, without quotes: of a true, "yes" or
// "on". It is false where that is not known, as of a field that came through a merge key.
func (o Object) Written(path Path) (string, bool) {
	n, v := o.written.node(), any(o.Tree)
	for _, step := range path {
		if n = below(n, v, step); n == nil {
			return "", false
		}
		v, _ = Path{step}.In(v)
	}
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.Value, true
}
