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
