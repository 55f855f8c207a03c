package cause

import (
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
)

// apiForm is how .Capabilities.APIVersions names an API.
var apiForm = regexp.MustCompile(`^([a-z0-9][-a-z0-9.]*/)?v[0-9]+((alpha|beta)[0-9]+)?(/[A-Z][A-Za-z0-9]*)?$`)

// computed lists the APIs that the arguments of a question may come to where no text stands in the question itself:
// those that the variables and named templates in them spell out. What is put together from parts is not found.
func (q *questions) computed(c *parse.CommandNode) []string {
	var texts []string
	for _, a := range c.Args {
		switch a := a.(type) {
		case *parse.PipeNode:
			texts = append(texts, q.spelled(a)...)
		case *parse.VariableNode:
			if a.Ident[0] != "$" && len(a.Ident) == 1 {
				assigned(q.in.root, a.Ident[0], nil, func(p *parse.PipeNode, _ []*parse.PipeNode) {
					texts = append(texts, q.spelled(p)...)
				})
			}
		}
	}
	return slices.DeleteFunc(texts, func(s string) bool { return !apiForm.MatchString(s) })
}

// spelled lists the texts in a pipeline and in the named templates that it includes directly.
func (q *questions) spelled(p *parse.PipeNode) []string {
	texts := literals(p)
	d, ok := q.book.defines[included(p)]
	if !ok {
		return texts
	}
	everyPipe(d.body, func(p *parse.PipeNode) { texts = append(texts, literals(p)...) })
	return append(texts, printed(d.body)...)
}

// literals lists the texts among the arguments of a pipeline.
func literals(p *parse.PipeNode) []string {
	var texts []string
	for _, c := range p.Cmds {
		if slices.Contains([]string{"printf", "join", "list"}, name(c.Args[0])) {
			continue // parts of a name are none
		}
		for _, a := range c.Args {
			switch a := a.(type) {
			case *parse.StringNode:
				texts = append(texts, a.Text)
			case *parse.PipeNode:
				texts = append(texts, literals(a)...)
			}
		}
	}
	return texts
}

// printed lists the words that a body prints as they stand, in every branch.
func printed(body *parse.ListNode) []string {
	if body == nil {
		return nil
	}
	var texts []string
	for _, n := range body.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			texts = append(texts, strings.Fields(string(n.Text))...)
		case *parse.IfNode:
			texts = append(append(texts, printed(n.List)...), printed(n.ElseList)...)
		case *parse.WithNode:
			texts = append(append(texts, printed(n.List)...), printed(n.ElseList)...)
		}
	}
	return texts
}
