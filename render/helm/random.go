package helm

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// randomFunctions are the template functions of helm (sprig v3) whose result changes from run to run. The two at the
// end give the keys or values of a map in map order. derivePassword is a function of its arguments, and
// getHostByName is always empty in helm template.
var randomFunctions = []string{
	"randAlphaNum", "randAlpha", "randNumeric", "randAscii", "randBytes", "randInt", "shuffle", "uuidv4",
	"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
	"genSignedCertWithKey", "bcrypt", "htpasswd", "encryptAES", "now", "ago",
	"keys", "values",
}

// orderless are functions whose result does not depend on the order of their last argument.
var orderless = []string{"sortAlpha", "len", "has"}

// randomCalls lists the uses of randomFunctions in the templates of the chart and its enabled subcharts, and in the
// values, which a chart may hand to tpl: "function place", sorted. Text that a chart hands to tpl from .Files is not
// looked at.
func randomCalls(p part, user map[string]any) []string {
	var calls []string
	var walk func(part)
	walk = func(p part) {
		for _, t := range p.templates {
			for _, c := range callsIn(string(t.Data)) {
				calls = append(calls, fmt.Sprintf("%s %s:%d", c.function, t.Path, c.line))
			}
		}
		calls = append(calls, callsInValues(p.values, "values of chart "+p.name)...)
		for _, sub := range p.parts {
			walk(sub)
		}
	}
	walk(p)
	calls = append(calls, callsInValues(user, "values")...)
	slices.Sort(calls)
	return slices.Compact(calls)
}

// clocked reports the calls that read the clock: two renders in a row may give the same day or second, so comparing
// them proves nothing.
func clocked(calls []string) []string {
	var notes []string
	for _, c := range calls {
		if strings.HasPrefix(c, "now ") || strings.HasPrefix(c, "ago ") {
			notes = append(notes, c+" reads the clock; a later render may differ")
		}
	}
	return notes
}

// callsInValues looks for actions in the strings of a values tree.
func callsInValues(v any, place string) []string {
	var calls []string
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			calls = append(calls, callsInValues(child, place+" "+k)...)
		}
	case []any:
		for _, child := range v {
			calls = append(calls, callsInValues(child, place)...)
		}
	case string:
		for _, c := range callsIn(v) {
			calls = append(calls, c.function+" "+place)
		}
	}
	return calls
}

type call struct {
	function string
	line     int
}

// callsIn finds the calls in one template text. Text that does not parse gives none: as a template its render fails,
// and as a value it is no template.
func callsIn(text string) []call {
	if !strings.Contains(text, "{{") {
		return nil
	}
	tree := parse.New("")
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(text, "", "", trees); err != nil {
		return nil
	}
	var calls []call
	for _, t := range trees {
		if t.Root != nil {
			visit(t.Root, func(id *parse.IdentifierNode) {
				calls = append(calls, call{id.Ident, 1 + strings.Count(text[:id.Pos], "\n")})
			})
		}
	}
	return calls
}

// visit calls found for every use of a random function below n.
func visit(n parse.Node, found func(*parse.IdentifierNode)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			visit(child, found)
		}
	case *parse.ActionNode:
		visitPipe(n.Pipe, false, found)
	case *parse.TemplateNode:
		visitPipe(n.Pipe, false, found)
	case *parse.IfNode:
		visitBranch(n.BranchNode, found)
	case *parse.RangeNode:
		visitBranch(n.BranchNode, found)
	case *parse.WithNode:
		visitBranch(n.BranchNode, found)
	}
}

func visitBranch(n parse.BranchNode, found func(*parse.IdentifierNode)) {
	visitPipe(n.Pipe, false, found)
	visit(n.List, found)
	visit(n.ElseList, found)
}

// visitPipe looks at the commands of a pipeline. sorted says that its result goes to a function that does not care
// for order.
func visitPipe(p *parse.PipeNode, sorted bool, found func(*parse.IdentifierNode)) {
	if p == nil {
		return
	}
	for i := len(p.Cmds) - 1; i >= 0; i-- {
		name := ""
		for j, arg := range p.Cmds[i].Args {
			switch arg := arg.(type) {
			case *parse.IdentifierNode:
				if j == 0 {
					name = arg.Ident
				}
				inOrder := (arg.Ident == "keys" || arg.Ident == "values") && sorted
				if slices.Contains(randomFunctions, arg.Ident) && !inOrder {
					found(arg)
				}
			case *parse.PipeNode:
				visitPipe(arg, slices.Contains(orderless, name), found)
			case *parse.ChainNode:
				if inner, ok := arg.Node.(*parse.PipeNode); ok {
					visitPipe(inner, false, found)
				}
			}
		}
		sorted = sorted || slices.Contains(orderless, name)
	}
}
