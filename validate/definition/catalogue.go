package definition

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// kind tells the kinds of custom resources apart.
type kind struct{ group, name string }

// catalogue are the definitions of an input.
type catalogue struct {
	parsed map[*render.Object]*definition // those of the stack, by where they stand
	kinds  map[kind]*definition           // by what they define
	native map[string]bool                // Kubernetes' own groups, of all minors
}

// catalogue collects the definitions: those of the stack come first, of which the first counts, as only one of them can
// be in a cluster; then what the user names; then Argo CD's, where the stack has objects of its group.
func (f *family) catalogue(ctx context.Context, in validate.Input) (catalogue, error) {
	c := catalogue{parsed: map[*render.Object]*definition{}, kinds: map[kind]*definition{}, native: map[string]bool{}}
	for minor := schemas.OldestMinor; minor <= schemas.NewestMinor; minor++ {
		for _, api := range schemas.APIs(minor) {
			c.native[api.Group] = true
		}
	}
	var objects []*render.Object
	argo := false
	for _, result := range in.Results {
		for i := range result.Set.Objects {
			o := &result.Set.Objects[i]
			if argo = argo || o.Key.Group == "argoproj.io"; o.Key.Definition() && o.APIVersion == "apiextensions.k8s.io/v1" {
				objects = append(objects, o)
			}
		}
	}
	for i := range in.Definitions {
		objects = append(objects, &in.Definitions[i])
	}
	read := validate.Each(ctx, len(objects), func(i int) *definition { return f.ofTree(objects[i].Tree, in.Minor) })
	if ctx.Err() != nil {
		return c, ctx.Err()
	}
	for i, d := range read {
		c.parsed[objects[i]] = d
		c.add(d)
	}
	if argo {
		for _, text := range schemas.ArgoCD() {
			c.add(f.ofText(text, in.Minor))
		}
	}
	return c, nil
}

// add puts a definition in under its kind, unless the kind has one. One that cannot be read has no kind.
func (c catalogue) add(d *definition) {
	if d == nil || d.err != nil {
		return
	}
	k := kind{d.crd.Spec.Group, d.crd.Spec.Names.Kind}
	if c.kinds[k] == nil && k.group != "" && k.name != "" {
		c.kinds[k] = d
	}
}

// of gives the definition of an object's kind, or nil.
func (c catalogue) of(key render.Key) *definition { return c.kinds[kind{key.Group, key.Kind}] }

// foreign says whether objects of a group are custom resources. Their group has a dot.
// Source: validateCustomResourceDefinitionSpec of k8s.io/apiextensions-apiserver.
func (c catalogue) foreign(group string) bool {
	return strings.Contains(group, ".") && !c.native[group]
}

// strangers are the objects whose kind has no definition, counted by app.
type strangers []stranger

type stranger struct {
	app   string
	kind  kind
	first render.Key
	count int
}

func (s *strangers) add(app string, o *render.Object) {
	k := kind{o.Key.Group, o.Key.Kind}
	i := slices.IndexFunc(*s, func(x stranger) bool { return x.app == app && x.kind == k })
	if i < 0 {
		*s = append(*s, stranger{app: app, kind: k, first: o.Key})
		i = len(*s) - 1
	}
	(*s)[i].count++
}

// unchecked says what was not held to any definition: once for each kind of an app.
func (s strangers) unchecked() []validate.Unchecked {
	var list []validate.Unchecked
	for _, x := range s {
		name := x.kind.name + "." + x.kind.group
		u := validate.Unchecked{
			App: x.app, What: fmt.Sprintf("%d objects of the kind %s", x.count, name),
			Every: render.Key{Group: x.kind.group, Kind: x.kind.name},
			Why:   "its CustomResourceDefinition is neither in what is rendered nor in what --crds and crds of the stack name",
		}
		if x.count == 1 {
			u.Object, u.What = x.first, "an object of the kind "+name
		}
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b validate.Unchecked) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.What, b.What))
	})
	return list
}
