package stack

import "sluice/render"

// acceptances lists what people took responsibility for, in the order of their objects.
func acceptances(n *node) []render.Acceptance {
	var list []render.Acceptance
	for _, object := range n.names() {
		a := n.at(object)
		list = append(list, render.Acceptance{
			Object: object, App: a.text("app"), Rule: a.text("rule"),
			Reason: a.text("reason"), By: a.text("by"), Until: a.text("until"), Pos: a.pos,
		})
	}
	return list
}

// budgets gives numbers by kind; nil where none is given.
func budgets(n *node) map[string]int {
	var most map[string]int
	for _, kind := range n.names() {
		if number, ok := n.at(kind).value.(int64); ok {
			if most == nil {
				most = map[string]int{}
			}
			most[kind] = int(number)
		}
	}
	return most
}

// severities gives what the stack makes of rules.
func severities(n *node) map[string]string {
	var of map[string]string
	for _, rule := range n.names() {
		if of == nil {
			of = map[string]string{}
		}
		of[rule] = n.at(rule).text("severity")
	}
	return of
}

// severityPos gives the places of what severities gives.
func severityPos(n *node) map[string]render.Position {
	var of map[string]render.Position
	for _, rule := range n.names() {
		if of == nil {
			of = map[string]render.Position{}
		}
		of[rule] = n.at(rule).pos
	}
	return of
}

// suppressions lists what people answered for that is no loss, in the order of their names.
func suppressions(n *node) []render.Acceptance {
	var list []render.Acceptance
	for _, name := range n.names() {
		s := n.at(name)
		list = append(list, render.Acceptance{
			Object: s.text("object"), App: s.text("app"), Rule: s.text("rule"),
			Reason: s.text("reason"), By: s.text("by"), Until: s.text("until"), Pos: s.pos,
		})
	}
	return list
}

// conventions gives what the stack asks of itself, decoded by nobody but the rules that judge it.
func conventions(n *node) map[string]any {
	var asked map[string]any
	for _, name := range n.names() {
		if asked == nil {
			asked = map[string]any{}
		}
		asked[name] = n.at(name).tree()
	}
	return asked
}
