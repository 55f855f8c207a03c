package stack

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
)

// span is a part of a file, in bytes from its beginning.
type span struct {
	file     string
	from, to int
}

func (s span) holds(file string, at int) bool { return s.file == file && s.from <= at && at < s.to }

// part is what can be left out of the files of a stack by itself: a policy, what stands beside policies, and what the
// stack defines for its own use.
type part struct {
	span
	policy bool       // it is in policies
	name   string     // of the policy; empty where it is computed, and of what is none
	key    string     // the same for all that is one field, empty for what is no field
	every  bool       // what it says may be a part of every policy: a pattern, an embedding
	nodes  []ast.Node // what CUE resolves a reference to it to
	// binder is what a reference to an import, a let clause or an alias resolves to, and word is its name: CUE refuses one that
	// nothing refers to. An alias is only that: what is wrong is the field.
	binder ast.Node
	word   string
	only   bool
}

// ref is a reference to a field, let clause, alias or import.
type ref struct {
	span            // an empty one
	in     int      // the innermost part that it is in, -1 for none
	node   ast.Node // what it resolves to
	key    string   // of the policy that it names
	policy bool     // it is to all policies
}

// outline is the parts of the files of a stack, the inner ones after those around them, and what refers to what.
type outline struct {
	files *files
	name  string // of the file that is read
	parts []part
	refs  []ref
	roots map[ast.Node]bool // what a reference to the field of policies resolves to
}

// newOutline reads files that CUE has parsed and whose identifiers it has resolved (cuelang.org/go/cue/ast/astutil, Resolve:
// that of a field resolves to its value, that of an alias to the field).
func newOutline(list []*ast.File, files *files) *outline {
	o := &outline{files: files, roots: map[ast.Node]bool{}}
	for _, f := range list {
		o.name = position(f.Pos(), files).File
		o.stack(f.Decls, len(files.text(o.name)))
	}
	for _, f := range list {
		o.name = position(f.Pos(), files).File
		o.references(f)
	}
	return o
}

// span gives the part of the file from a node to the one after it.
func (o *outline) span(n ast.Node, to int) span { return span{o.name, n.Pos().Offset(), to} }

// each calls f for the declarations of a struct that ends at a byte, each with the room up to the next one: the comma is part
// of it.
func (o *outline) each(list []ast.Decl, end int, f func(ast.Decl, span)) {
	for i, d := range list {
		to := end
		if i+1 < len(list) {
			to = list[i+1].Pos().Offset()
		}
		f(d, o.span(d, to))
	}
}

// stack reads the declarations of a stack itself.
func (o *outline) stack(list []ast.Decl, end int) {
	o.each(list, end, func(d ast.Decl, s span) {
		switch d := d.(type) {
		case *ast.ImportDecl:
			o.imports(d, s)
		case *ast.LetClause:
			o.parts = append(o.parts, part{span: s, nodes: []ast.Node{d}, binder: d, word: d.Ident.Name})
		case *ast.Field:
			name, ident, _ := ast.LabelName(label(d))
			switch {
			case name == policies:
				o.policies(d, s)
			case ident && hidden(name):
				o.parts = append(o.parts, part{span: s, key: name, nodes: nodes(d)})
			}
		case *ast.EmbedDecl:
			if lit, ok := d.Expr.(*ast.StructLit); ok {
				o.stack(lit.Elts, closing(lit, s))
			}
		case *ast.Comprehension:
			lit, ok := d.Value.(*ast.StructLit)
			if !ok {
				return
			}
			if onlyPolicies(lit) && d.Fallback == nil {
				o.parts = append(o.parts, part{span: s, policy: true})
			}
			o.stack(lit.Elts, closing(lit, s))
		}
	})
}

// imports reads the packages that a file imports.
func (o *outline) imports(d *ast.ImportDecl, s span) {
	for i, spec := range d.Specs {
		each := s
		if d.Lparen.IsValid() {
			to := d.Rparen.Offset()
			if i+1 < len(d.Specs) {
				to = d.Specs[i+1].Pos().Offset()
			}
			each = o.span(spec, to)
		}
		p := part{span: each, nodes: []ast.Node{spec}, binder: spec}
		if known, err := astutil.ParseImportSpec(spec); err == nil {
			p.word = known.Ident
		}
		o.parts = append(o.parts, p)
	}
}

// policies reads a field of policies: structs in braces, unified with whatever else, or "policies: NAME: ...", which is left
// out as a whole.
func (o *outline) policies(d *ast.Field, s span) {
	for _, n := range nodes(d) {
		o.roots[n] = true
	}
	value := d.Value
	if alias, ok := value.(*ast.Alias); ok {
		value = alias.Expr
	}
	if lit, ok := value.(*ast.StructLit); ok && !lit.Lbrace.IsValid() {
		from := len(o.parts)
		o.beside(lit.Elts, s, true)
		for i := range o.parts[from:] {
			if p := &o.parts[from+i]; !p.only {
				p.from, p.to = s.from, s.to
				p.nodes = append(p.nodes, d)
			}
		}
		o.aliases(d)
		return
	}
	o.parts = append(o.parts, part{span: s, policy: true, every: true})
	o.aliases(d)
	o.operands(value, s)
}

// operands reads the structs that are unified with each other.
func (o *outline) operands(e ast.Expr, s span) {
	switch e := e.(type) {
	case *ast.StructLit:
		o.beside(e.Elts, span{s.file, s.from, closing(e, s)}, true)
	case *ast.ParenExpr:
		o.operands(e.X, s)
	case *ast.BinaryExpr:
		o.operands(e.X, s)
		o.operands(e.Y, s)
	}
}

// beside reads the declarations of a struct of policies. Those with computed names are parts unless they are in a
// comprehension, which is left out as a whole for them.
func (o *outline) beside(list []ast.Decl, s span, computed bool) {
	o.each(list, s.to, func(d ast.Decl, s span) {
		p := part{span: s, policy: true}
		switch d := d.(type) {
		case *ast.Field:
			name, ident, err := ast.LabelName(label(d))
			_, pattern := label(d).(*ast.ListLit)
			switch {
			case err == nil:
				p.key, p.nodes = policies+"."+name, nodes(d)
				if !ident || !hidden(name) {
					p.name = name
				}
			case pattern:
				p.every = true
			case !computed:
				return
			}
			o.parts = append(o.parts, p)
			o.aliases(d)
		case *ast.LetClause:
			p.nodes, p.binder, p.word = []ast.Node{d}, d, d.Ident.Name
			o.parts = append(o.parts, p)
		case *ast.Comprehension:
			o.parts = append(o.parts, p)
			if lit, ok := d.Value.(*ast.StructLit); ok {
				o.beside(lit.Elts, span{s.file, s.from, closing(lit, s)}, false)
			}
		case *ast.Attribute:
		default:
			p.every = true
			o.parts = append(o.parts, p)
			if e, ok := d.(*ast.EmbedDecl); ok {
				o.operands(e.Expr, s)
			}
		}
	})
}

// aliases notes the names that a field has for itself besides its own: X=name, name: X= and name~X.
func (o *outline) aliases(d *ast.Field) {
	if a, ok := d.Label.(*ast.Alias); ok {
		o.parts = append(o.parts, part{span: o.span(a, a.Expr.Pos().Offset()), binder: d, word: a.Ident.Name, only: true})
	}
	if a, ok := d.Value.(*ast.Alias); ok {
		o.parts = append(o.parts, part{span: o.span(a, a.Expr.Pos().Offset()), binder: a, word: a.Ident.Name, only: true})
	}
	if a := d.Alias; a != nil && a.Label == nil {
		o.parts = append(o.parts, part{span: o.span(a, a.End().Offset()), binder: d, word: a.Field.Name, only: true})
	}
}

// references reads what the identifiers of a file refer to. One that is not resolved, CUE looks for once more among the fields
// of all files, those with an alias too (internal/core/compile, compileFiles).
func (o *outline) references(f *ast.File) {
	for _, id := range f.Unresolved {
		switch {
		case id.Node != nil:
		case id.Name == policies:
			o.refer(id, ref{policy: true})
		case hidden(id.Name):
			o.refer(id, ref{key: id.Name})
		}
	}
	ast.Walk(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr, *ast.IndexExpr:
			if id, name, ok := selected(n); ok && o.roots[id.Node] {
				o.refer(id, ref{key: policies + "." + name, node: id.Node})
				return false
			}
		case *ast.Ident:
			switch {
			case n.Node != nil:
				o.refer(n, ref{node: n.Node, policy: o.roots[n.Node]})
			case n.Name == "self" || n.Name == "__self": // of a let clause it is the stack
				if in := o.innermost(o.name, n.Pos().Offset()); in < 0 || !o.parts[in].policy {
					o.refer(n, ref{policy: true})
				}
			}
		}
		return true
	}, nil)
}

func (o *outline) refer(n ast.Node, r ref) {
	r.span = o.span(n, n.Pos().Offset())
	r.in = o.innermost(r.file, r.from)
	o.refs = append(o.refs, r)
}

// innermost finds the part that a byte is in, -1 for none.
func (o *outline) innermost(file string, at int) int {
	for i := len(o.parts) - 1; i >= 0; i-- {
		if !o.parts[i].only && o.parts[i].holds(file, at) {
			return i
		}
	}
	return -1
}

// selected reads "x.name" and "x["name"]".
func selected(n ast.Node) (x *ast.Ident, name string, ok bool) {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		x, ok = n.X.(*ast.Ident)
		label, _, err := ast.LabelName(n.Sel)
		return x, label, ok && err == nil
	case *ast.IndexExpr:
		x, ok = n.X.(*ast.Ident)
		lit, literal := n.Index.(*ast.BasicLit)
		if !ok || !literal {
			return nil, "", false
		}
		label, _, err := ast.LabelName(lit)
		return x, label, err == nil
	}
	return nil, "", false
}

// label gives the label of a field without its alias.
func label(d *ast.Field) ast.Label {
	if a, ok := d.Label.(*ast.Alias); ok {
		if l, ok := a.Expr.(ast.Label); ok {
			return l
		}
	}
	return d.Label
}

// nodes gives what references to a field resolve to.
func nodes(d *ast.Field) []ast.Node {
	list := []ast.Node{d, d.Value}
	if a, ok := d.Value.(*ast.Alias); ok {
		list = append(list, a.Expr)
	}
	return list
}

// hidden says whether a name is that of a hidden field or of a definition.
func hidden(name string) bool {
	return name != "_" && (strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#"))
}

// closing gives where the declarations of a struct end that has the room of a span.
func closing(lit *ast.StructLit, s span) int {
	if lit.Rbrace.IsValid() {
		return lit.Rbrace.Offset()
	}
	return s.to
}

// onlyPolicies says whether a struct has fields of policies and nothing else.
func onlyPolicies(lit *ast.StructLit) bool {
	return !slices.ContainsFunc(lit.Elts, func(d ast.Decl) bool {
		f, ok := d.(*ast.Field)
		if !ok {
			return true
		}
		name, _, _ := ast.LabelName(label(f))
		return name != policies
	})
}
