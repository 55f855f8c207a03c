package stack

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"sluice/render"
)

// place is where a value is: its path in the stack and the line its author wrote.
type place struct {
	path string
	pos  render.Position
}

// index knows where each field is written. CUE gives a unified value one position of several, not always the label;
// the index gives the first label in the order of files and lines.
type index struct {
	files  []*ast.File
	on     *files
	labels map[string]render.Position
}

func newIndex(list []*ast.File, on *files) *index {
	x := &index{files: slices.Clone(list), on: on, labels: map[string]render.Position{}}
	slices.SortFunc(x.files, func(a, b *ast.File) int { return cmp.Compare(a.Filename, b.Filename) })
	for _, f := range x.files {
		x.decls(f.Decls, "")
	}
	return x
}

// decls records the fields of a struct at path. Patterns, optional fields and computed names are passed over: they are
// not the place where one field of a certain name is written.
func (x *index) decls(list []ast.Decl, path string) {
	for _, d := range list {
		switch d := d.(type) {
		case *ast.Field:
			name, _, err := ast.LabelName(d.Label)
			if err != nil || d.Constraint != token.ILLEGAL {
				continue
			}
			at := join(path, name)
			if _, ok := x.labels[at]; !ok {
				x.labels[at] = position(d.Label.Pos(), x.on)
			}
			x.expr(d.Value, at)
		case *ast.EmbedDecl:
			x.expr(d.Expr, path)
		case *ast.Comprehension:
			x.expr(d.Value, path)
		}
	}
}

// expr follows an expression down to the structs that are written in it. A reference is not followed: what it names is
// written for several fields, and the place to mend one of them is where it is used.
func (x *index) expr(e ast.Expr, path string) {
	switch e := e.(type) {
	case *ast.StructLit:
		x.decls(e.Elts, path)
	case *ast.ParenExpr:
		x.expr(e.X, path)
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			x.expr(e.X, path)
			x.expr(e.Y, path)
		}
	}
}

// join adds a label to a path. A label that would read as several is quoted; one with a dash is not, since most names of
// apps have one.
//
// A label may be a URL; a user and password in it are left out.
func join(path, label string) string {
	label = veil(label)
	if !ast.IsValidIdent(label) && strings.ContainsAny(label, ". \"/") {
		label = ast.NewString(label).Value
	}
	if path == "" {
		return label
	}
	return path + "." + label
}

// lint finds what CUE passes over in silence: @embed in a file that does not turn it on. The field would be left
// without its values, and the chart would render its defaults.
func (x *index) lint(found *problems) {
	for _, f := range x.files {
		var embeds []*ast.Attribute
		on := false
		ast.Walk(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.Attribute); ok {
				switch key, body := a.Split(); {
				case key == "embed":
					embeds = append(embeds, a)
				case key == "extern" && strings.TrimSpace(body) == "embed":
					on = true
				}
			}
			return true
		}, nil)
		for _, a := range embeds {
			if !on {
				found.add(place{pos: position(a.Pos(), x.on)}, "put @extern(embed) above the package clause",
					"%s has no effect in a file without @extern(embed)", a.Text)
			}
		}
	}
}

// checkTags reports tags that no file of the stack declares, and says whether there were any.
func checkTags(tags []string, list []*ast.File, found *problems) bool {
	before := len(found.list)
	var keys, words []string
	for _, f := range list {
		ast.Walk(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.Attribute); ok {
				k, w := declared(a)
				keys, words = append(keys, k...), append(words, w...)
			}
			return true
		}, nil)
	}
	for _, tag := range tags {
		key, _, pair := strings.Cut(tag, "=")
		switch {
		case pair && slices.Contains(keys, key), !pair && slices.Contains(words, tag):
		case !pair && slices.Contains(keys, tag):
			found.add(place{}, "write it as "+tag+"=VALUE", "tag %q has no value", tag)
		default:
			slices.Sort(keys)
			hint := suggest(key, slices.Compact(slices.Clone(keys)), "tags of this stack")
			if hint == "" {
				hint = "no field of this stack has a @tag attribute"
			}
			found.add(place{}, hint, "unknown tag %q", key)
		}
	}
	return len(found.list) > before
}

// declared gives the keys that take a value and the bare words of a @tag or @if attribute. Their grammar is CUE's
// (cue help injection): the key, then options, of which short=a|b declares bare words.
func declared(a *ast.Attribute) (keys, words []string) {
	switch key, body := a.Split(); key {
	case "tag":
		for i, arg := range strings.Split(body, ",") {
			arg = strings.TrimSpace(arg)
			if short, ok := strings.CutPrefix(arg, "short="); ok {
				words = append(words, strings.Split(strings.Trim(short, `"`), "|")...)
			} else if i == 0 {
				keys = append(keys, arg)
			}
		}
	case "if":
		words = strings.FieldsFunc(body, func(r rune) bool { return strings.ContainsRune("!&|() ", r) })
	}
	return keys, words
}
