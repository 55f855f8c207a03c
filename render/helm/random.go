package helm

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	"sluice/render"
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

// randomWord finds a name of randomFunctions that is no word of prose in text.
var randomWord = regexp.MustCompile(`\b(rand(AlphaNum|Alpha|Numeric|Ascii|Bytes|Int)|uuidv4|gen(PrivateKey|CA|CAWithKey|SelfSignedCert|SelfSignedCertWithKey|SignedCert|SignedCertWithKey)|encryptAES)\b`)

// callsInFiles lists the uses in files that a chart may hand to tpl through .Files: the calls where the text is a
// template, and the names that it spells out for a template made elsewhere. Documentation is not
// looked at, nor are default values, which randomCalls reads.
func callsInFiles(files []render.File) []string {
	var calls []string
	for _, f := range files {
		if strings.HasPrefix(f.Path, "templates/") || strings.Contains(f.Path, "/templates/") || strings.HasSuffix(f.Path, ".md") ||
			strings.HasSuffix(f.Path, "values.yaml") ||
			!bytes.Contains(f.Data, []byte("{{")) {
			continue
		}
		for _, c := range callsIn(string(f.Data)) {
			calls = append(calls, c.function+" "+f.Path)
		}
		for _, word := range randomWord.FindAllString(string(f.Data), -1) {
			calls = append(calls, word+" "+f.Path)
		}
	}
	return calls
}

// orderless are functions whose result does not depend on the order of their last argument.
var orderless = []string{"sortAlpha", "len", "has"}

// randomCalls lists the uses of randomFunctions in the templates of the chart and its enabled subcharts, and in the
// values, which a chart may hand to tpl: "function place", sorted.
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

// coarse reports the calls that may well give the same in two renders in a row, so that comparing them proves nothing:
// the clock by its day or second, a random number of a small range, the order of a small map.
func coarse(calls []string) []string {
	var notes []string
	for _, c := range calls {
		name, _, _ := strings.Cut(c, " ")
		if slices.Contains([]string{"now", "ago", "randInt", "shuffle", "keys", "values"}, name) {
			notes = append(notes, c+": a later render may differ from this one")
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

// call is one use of a function, with its line in the template text.
type call struct {
	function string
	line     int
	at       int
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
	// The functions of helm are not given to the parser: with SkipFuncCheck it takes any name, also one that only the
	// other major knows.
	if _, err := tree.Parse(text, "", "", trees); err != nil {
		return nil
	}
	var calls []call
	for _, t := range trees {
		if t.Root != nil {
			visit(t.Root, func(id *parse.IdentifierNode) {
				calls = append(calls, call{id.Ident, 1 + strings.Count(text[:id.Pos], "\n"), int(id.Pos)})
			})
		}
	}
	return calls
}

// sortKeys gives a template in which every call of keys whose order may show has "| sortAlpha" behind it. Helm gives the
// keys of a map in another order each time; the sorted order is one that it may give, and gives the same bytes each time.
func sortKeys(data []byte) []byte {
	text := string(data)
	calls := callsIn(text)
	slices.SortFunc(calls, func(a, b call) int { return b.at - a.at })
	for _, c := range calls {
		if c.function == "keys" && strings.HasPrefix(text[c.at:], "keys") {
			end := c.at + len(strings.TrimRight(text[c.at:commandEnd(text, c.at)], " \t\r\n"))
			text = text[:end] + " | sortAlpha" + text[end:]
		}
	}
	return []byte(text)
}

// commandEnd gives where the command at from ends: at the next "|" or ")" of its own level, or with its action.
func commandEnd(text string, from int) int {
	depth := 0
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\'' || c == '`':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' && c != '`' {
					i++
				}
			}
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0 && (c == '|' || c == ')' || strings.HasPrefix(text[i:], "}}") || strings.HasPrefix(text[i:], "-}}")):
			return i
		}
	}
	return len(text)
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

// visitBranch visits the condition and both lists; which of them runs depends on values, so both count.
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
			case *parse.StringNode: // text that tpl may get, e.g. from printf
				for _, word := range randomWord.FindAllString(arg.Text, -1) {
					found(&parse.IdentifierNode{Ident: word, Pos: arg.Pos})
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
