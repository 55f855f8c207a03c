package cause

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// sorted lists the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// asks lists what an action asks about: the APIs, the Kubernetes version and the values that its condition depends on,
// by way of variables and named templates too.
func (b *book) asks(fr frame) []ask {
	q := questions{book: b, dot: fr.dot, in: fr.in}
	// The dot of a condition is that around the action.
	if fr.outer != nil {
		q.dot = fr.outer.dot
	}
	q.pipe(fr.pipe)
	return q.list
}

// questions collects what an expression depends on.
type questions struct {
	book   *book
	in     *sheet
	dot    string
	helper string // where it is asked, if not in the gate itself
	depth  int
	list   []ask
	seen   []parse.Node
}

func (q *questions) add(kind, name string) {
	a := ask{kind, name, q.helper}
	if !slices.Contains(q.list, a) {
		q.list = append(q.list, a)
	}
}

// pipe looks at a pipeline. What a constraint is compared with may stand in another command than the constraint:
// ".Capabilities.KubeVersion.Version | semverCompare ..." is one too.
func (q *questions) pipe(p *parse.PipeNode) {
	if p == nil || slices.Contains(q.seen, parse.Node(p)) || q.depth > maxDepth {
		return
	}
	q.seen = append(q.seen, p)
	constraint := ""
	for _, c := range p.Cmds {
		if name(c.Args[0]) == "semverCompare" && len(c.Args) > 1 {
			if s, ok := c.Args[1].(*parse.StringNode); ok {
				constraint = s.Text
			}
		}
	}
	text := p.String()
	if len(p.Cmds) > 0 && strings.Contains(text, "KubeVersion") && (constraint != "" || !strings.Contains(text, "semverCompare")) {
		q.add("kubernetes", constraint)
	}
	for _, c := range p.Cmds {
		q.command(c, text)
	}
}

// command looks at one call; text is the pipeline that it is in.
func (q *questions) command(c *parse.CommandNode, text string) {
	var literals []string
	for _, a := range c.Args {
		if s, ok := a.(*parse.StringNode); ok {
			literals = append(literals, s.Text)
		}
	}
	function := name(c.Args[0])
	switch {
	case asksAPI(c):
		for _, api := range literals {
			q.add("api", api)
		}
		if len(literals) == 0 {
			q.add("api", "") // computed; what from is looked at below
			for _, api := range q.computed(c) {
				q.add("api", api)
			}
		}
	case function == "include" && len(literals) > 0:
		q.helperBody(literals[0])
	case function == "semverCompare" && len(literals) > 0 && !strings.Contains(text, "KubeVersion"):
		// The version is in a variable or comes from a named template; if that leads to the cluster's, this is the
		// constraint.
		before := len(q.list)
		q.arguments(c, nil)
		for i := range q.list[before:] {
			if a := &q.list[before+i]; a.kind == "kubernetes" && a.name == "" {
				a.name = literals[0]
			}
		}
		return
	}
	if slices.Contains([]string{"index", "get", "hasKey", "dig", "pluck"}, function) {
		q.arguments(c, literals)
		return
	}
	q.arguments(c, nil)
}

// asksAPI says whether a call is ".Capabilities.APIVersions.Has" or has the list as an argument.
func asksAPI(c *parse.CommandNode) bool {
	return slices.ContainsFunc(c.Args, func(n parse.Node) bool {
		var path []string
		switch n := n.(type) {
		case *parse.FieldNode:
			path = n.Ident
		case *parse.VariableNode:
			path = n.Ident
		case *parse.ChainNode:
			path = n.Field
		}
		return slices.Contains(path, "APIVersions")
	})
}

// arguments looks at what a call is given; below are keys that it looks up under a value.
func (q *questions) arguments(c *parse.CommandNode, below []string) {
	for _, a := range c.Args {
		switch a := a.(type) {
		case *parse.PipeNode:
			q.pipe(a)
		case *parse.ChainNode:
			if p, ok := a.Node.(*parse.PipeNode); ok {
				q.pipe(p)
			}
		case *parse.FieldNode:
			q.value(a.Ident, below)
		case *parse.VariableNode:
			if a.Ident[0] == "$" {
				q.value(a.Ident[1:], below)
				continue
			}
			q.variable(a.Ident[0])
		}
	}
}

// value notes a field if it is one of the values.
func (q *questions) value(ident, below []string) {
	path := append(slices.Clone(ident), below...)
	switch {
	case len(path) > 1 && path[0] == "Values":
		q.add("value", strings.Join(path[1:], "."))
	case len(path) > 0 && q.dot != "" && q.dot != "?" && path[0] != "Capabilities":
		q.add("value", q.dot+"."+strings.Join(path, "."))
	}
}

// variable looks at every place of the file that sets a variable, and at the actions around it.
func (q *questions) variable(name string) {
	if q.depth > maxDepth {
		return
	}
	outer, helper := q.depth, q.helper
	q.depth++
	assigned(q.in.root, name, nil, func(p *parse.PipeNode, around []*parse.PipeNode) {
		for _, p := range append(slices.Clone(around), p) {
			q.helper = fmt.Sprintf("%s:%d", q.in.name, q.in.line(p.Pos))
			q.pipe(p)
		}
	})
	q.depth, q.helper = outer, helper
}

// assigned calls report for every pipeline that sets a variable, with the conditions around it.
func assigned(body *parse.ListNode, name string, around []*parse.PipeNode, report func(*parse.PipeNode, []*parse.PipeNode)) {
	if body == nil {
		return
	}
	set := func(p *parse.PipeNode) {
		if slices.ContainsFunc(p.Decl, func(v *parse.VariableNode) bool { return v.Ident[0] == name }) {
			report(p, around)
		}
	}
	for _, n := range body.Nodes {
		var b *parse.BranchNode
		switch n := n.(type) {
		case *parse.ActionNode:
			set(n.Pipe)
		case *parse.IfNode:
			b = &n.BranchNode
		case *parse.WithNode:
			b = &n.BranchNode
		case *parse.RangeNode:
			b = &n.BranchNode
		}
		if b == nil {
			continue
		}
		set(b.Pipe)
		inside := append(slices.Clone(around), b.Pipe)
		assigned(b.List, name, inside, report)
		assigned(b.ElseList, name, inside, report)
	}
}

// helperBody looks at everything that a named template evaluates: what it prints is the condition.
func (q *questions) helperBody(name string) {
	d, ok := q.book.defines[name]
	if !ok || q.depth > maxDepth {
		return
	}
	inner := questions{book: q.book, in: &sheet{name: d.in.name, text: d.in.text, root: d.body}, depth: q.depth + 1, seen: q.seen}
	everyPipe(d.body, func(p *parse.PipeNode) {
		inner.helper = fmt.Sprintf("%s:%d", d.in.name, d.in.line(p.Pos))
		inner.pipe(p)
	})
	q.seen = inner.seen
	for _, a := range inner.list {
		if !slices.Contains(q.list, a) {
			q.list = append(q.list, a)
		}
	}
}

// everyPipe calls visit for the pipelines of a body, in order.
func everyPipe(body *parse.ListNode, visit func(*parse.PipeNode)) {
	if body == nil {
		return
	}
	for _, n := range body.Nodes {
		var b *parse.BranchNode
		switch n := n.(type) {
		case *parse.ActionNode:
			visit(n.Pipe)
		case *parse.TemplateNode:
			if n.Pipe != nil {
				visit(n.Pipe)
			}
		case *parse.IfNode:
			b = &n.BranchNode
		case *parse.WithNode:
			b = &n.BranchNode
		case *parse.RangeNode:
			b = &n.BranchNode
		}
		if b != nil {
			visit(b.Pipe)
			everyPipe(b.List, visit)
			everyPipe(b.ElseList, visit)
		}
	}
}

// name gives the name of a called function, or "".
func name(n parse.Node) string {
	if id, ok := n.(*parse.IdentifierNode); ok {
		return id.Ident
	}
	return ""
}

// included gives the name of the template that a pipeline prints by include, or "".
func included(p *parse.PipeNode) string {
	for _, c := range p.Cmds {
		if name(c.Args[0]) == "include" && len(c.Args) > 1 {
			if s, ok := c.Args[1].(*parse.StringNode); ok {
				return s.Text
			}
		}
	}
	return ""
}

// dotOf gives what a with or range makes of the dot, as a key path of the values.
func dotOf(p *parse.PipeNode, dot string) string {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return "?"
	}
	var ident []string
	switch n := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		ident = n.Ident
	case *parse.VariableNode:
		if ident = n.Ident[1:]; n.Ident[0] != "$" {
			return "?"
		}
	}
	switch {
	case len(ident) > 1 && ident[0] == "Values":
		return strings.Join(ident[1:], ".")
	case len(ident) > 0 && dot != "" && dot != "?":
		return dot + "." + strings.Join(ident, ".")
	}
	return "?"
}
