package reference

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// networkPolicy holds the selectors of a NetworkPolicy to the Pods and namespaces of the stack. All of it is only worth knowing:
// policies are written for what may come, too. Where others bring Pods that are not known, nothing is said.
func networkPolicy(j *judge) {
	at := render.Path{"spec", "podSelector"}
	if sel, ok := j.selectorOf(validate.ValueAt(j.object.Tree, at[0].(string), at[1].(string)), at); ok && !sel.empty() && j.quiet(j.object.Key.Namespace) {
		if j.namespaces[j.object.Key.Namespace].matching(sel).none() {
			j.dangling(danglingPolicy, sel, at, "spec.podSelector selects no Pod")
		}
	}
	for _, path := range []string{"spec.ingress.[].from.[]", "spec.egress.[].to.[]"} {
		each(j.object.Tree, path, func(v any, at render.Path) { j.peer(v, slices.Clone(at)) })
	}
}

// quiet says whether the Pods of a namespace are all known, as far as the stack goes.
func (j *judge) quiet(name string) bool {
	return j.partly == "" && !slices.Contains(systemSpaces, name) && !j.foreign[name] && len(j.opaque[name]) == 0
}

// peer judges one peer of a rule: first the namespaces that it selects, then the Pods in them. A peer without namespaceSelector
// is in the policy's own namespace. One unknown namespace among those selected ends the judgement: the Pods may be there.
// Source: Kubernetes API reference, NetworkPolicyPeer.
func (j *judge) peer(v any, at render.Path) {
	if j.partly != "" {
		return
	}
	spaces := []string{j.object.Key.Namespace}
	if in := validate.MappingAt(v, "namespaceSelector"); in != nil {
		field := at.With("namespaceSelector")
		sel, ok := j.selectorOf(in, field)
		if !ok {
			return
		}
		if spaces, ok = j.selected(sel, field); !ok {
			return
		}
	}
	pick := validate.MappingAt(v, "podSelector")
	field := at.With("podSelector")
	sel, ok := j.selectorOf(pick, field)
	if pick == nil || !ok || sel.empty() {
		return
	}
	for _, name := range spaces {
		if !j.quiet(name) || !j.namespaces[name].matching(sel).none() {
			return
		}
	}
	j.say(danglingPeerPod, validate.Info, field, fmt.Sprintf("%s selects no Pod of the stack in %s: %s", field, namespaceText(spaces), selectorText(sel)))
}

// selected lists the namespaces that a selector selects. It is false where that cannot be known, or where it is none. The server
// puts the label kubernetes.io/metadata.name on every namespace; other labels are known only of those that the stack has as
// objects, as CreateNamespace=true makes one with labels that nobody renders.
func (j *judge) selected(sel selector, at render.Path) ([]string, bool) {
	if sel.empty() {
		return nil, false // all of them, those of others too
	}
	var names []string
	unknown := false
	for _, name := range j.spaces {
		s := j.namespaces[name]
		labels := map[string]string{"kubernetes.io/metadata.name": name}
		for k, v := range s.labels {
			labels[k] = v
		}
		switch {
		case sel.on(labels):
			names = append(names, name)
		case !s.known:
			unknown = true
		}
	}
	byName := sel.labels["kubernetes.io/metadata.name"]
	switch {
	case len(names) > 0:
		return names, !unknown || byName != ""
	case slices.Contains(systemSpaces, byName) || byName == "default":
		return nil, false
	case unknown && byName == "":
		return nil, false
	}
	note := ""
	if byName != "" {
		note = hint(byName, j.spaces)
	}
	j.say(danglingPeerSpace, validate.Info, at, fmt.Sprintf("%s selects no namespace of the stack: %s%s", at, selectorText(sel), note))
	return nil, false
}

// namespaceText names namespaces in a message.
func namespaceText(names []string) string {
	if len(names) == 1 {
		return "namespace " + names[0]
	}
	return "namespaces " + strings.Join(names, ", ")
}

// selectorText writes a selector as kubectl takes it where it can, and expressions after it.
func selectorText(sel selector) string {
	parts := []string{}
	if len(sel.labels) > 0 {
		parts = append(parts, labelText(sel.labels))
	}
	for _, e := range sel.exprs {
		parts = append(parts, strings.TrimSpace(e.key+" "+e.operator+" "+strings.Join(e.values, "|")))
	}
	return strings.Join(parts, ", ")
}

// budget holds a PodDisruptionBudget to the Pods that it protects, and to the budgets of others: the eviction of a Pod
// that two select is refused. Source: kubernetes pkg/registry/core/pod/storage/eviction.go.
func budget(j *judge) {
	at := render.Path{"spec", "selector"}
	sel, ok := j.selectorOf(validate.ValueAt(j.object.Tree, "spec", "selector"), at)
	if !ok || sel.empty() {
		return
	}
	space := j.namespaces[j.object.Key.Namespace]
	found := space.matching(sel)
	if found.none() {
		j.dangling(danglingBudget, sel, at, "spec.selector selects no Pod")
		return
	}
	j.count(space)
	for _, p := range found.pods {
		if p.by == nil || p.loose || p.first >= j.object.Key.Name {
			continue
		}
		more := ""
		if p.budgets > 2 {
			more = fmt.Sprintf(" and %d more", p.budgets-2)
		}
		j.say(twoBudgets, validate.Info, at, fmt.Sprintf("the Pods of %s %s are selected by PodDisruptionBudget %s%s too, so none of them can be evicted",
			p.by.Key.Kind, p.by.Key.Name, p.first, more))
		return
	}
}

// bounded is a PodDisruptionBudget with its selector.
type bounded struct {
	name string
	sel  selector
}

// count says of the Pods of a namespace how many budgets select them, and the first of those by name.
func (j *judge) count(s *space) {
	if s.counted {
		return
	}
	s.counted = true
	type alike struct {
		found *match
		first string
		count int
	}
	var groups []*alike // of budgets with one selector
	of := map[*match]*alike{}
	for _, b := range j.budgets[j.object.Key.Namespace] {
		found := s.matching(b.sel)
		if b.sel.empty() || found.none() {
			continue
		}
		g := of[found]
		if g == nil {
			g = &alike{found: found, first: b.name}
			of[found] = g
			groups = append(groups, g)
		}
		g.count++
		g.first = min(g.first, b.name)
	}
	for _, g := range groups {
		for _, p := range g.found.pods {
			if p.budgets == 0 || g.first < p.first {
				p.first = g.first
			}
			p.budgets += g.count
		}
	}
}

// serviceMonitor holds a ServiceMonitor to the Services that it selects, and the ports that it names to theirs. One of several
// Services with the port is enough: a monitor of many is written so. An endpoint with targetPort has no port, and is left alone.
// Source: prometheus-operator API reference, ServiceMonitorSpec and Endpoint.
func serviceMonitor(j *judge) {
	at := render.Path{"spec", "selector"}
	sel, ok := j.selectorOf(validate.ValueAt(j.object.Tree, "spec", "selector"), at)
	spaces, known := j.watched()
	if !ok || !known || sel.empty() {
		return
	}
	found := j.choose(sel, spaces)
	if found.unknown {
		return
	}
	if found.first == "" {
		switch {
		case j.partly != "":
			j.unclear("Services with "+selectorText(sel), j.partly)
			return
		case !j.ours(spaces):
			j.unclear("Services with "+selectorText(sel), notOurs)
			return
		case j.madeServices(spaces):
			j.unclear("Services with "+selectorText(sel), madeLater)
			return
		}
		j.say(danglingMonitor, validate.Info, at, fmt.Sprintf("spec.selector selects no Service of the stack in %s: %s", namespaceText(spaces), selectorText(sel)))
		return
	}
	each(j.object.Tree, "spec.endpoints.[]", func(v any, at render.Path) {
		at = slices.Clone(at)
		name, field, ok := j.text(v, at, "port")
		if !ok {
			return
		}
		if slices.Contains(found.names, name) {
			return
		}
		if slices.ContainsFunc(spaces, func(space string) bool { return j.operated(space, sel) }) {
			j.unclear("Services with "+selectorText(sel), madeLater)
			return
		}
		j.say(monitorPort, validate.Error, field, fmt.Sprintf("%s is %q, and Service %s has no port of that name%s", field, name, found.first, listing(found.names)))
	})
}

// operated says whether an operator makes Pods in a namespace that a selector may select. It gives its Services the same labels,
// so that the one in the stack need not be the one that is meant.
func (j *judge) operated(space string, sel selector) bool {
	found := j.namespaces[space].matching(sel)
	return !found.none() && slices.ContainsFunc(found.pods, func(p *pods) bool { return p.loose && !p.blank })
}

// published is a Service as monitors see it.
type published struct {
	name   string
	labels map[string]string
	ports  []port
	open   bool // placeholders decide ports
	blank  bool // or labels
}

// choice are the Services that a monitor selects.
type choice struct {
	first   string   // the name of one; empty where there is none
	names   []string // of their ports
	unknown bool     // there may be some that nobody knows, or with ports that nobody knows
}

// choose finds the Services that a selector selects in namespaces.
func (j *judge) choose(sel selector, spaces []string) *choice {
	id := fmt.Sprintf("%q %s", spaces, sel.id())
	if c, known := j.chosen[id]; known {
		return c
	}
	c := &choice{}
	j.chosen[id] = c
	var ports []port
	for _, name := range spaces {
		for _, s := range j.services[name] {
			on := sel.on(s.labels)
			if c.unknown = c.unknown || on && s.open || !on && s.blank; on {
				c.first = cmp.Or(c.first, s.name)
				ports = append(ports, s.ports...)
			}
		}
		if c.first == "" && (slices.Contains(systemSpaces, name) || len(j.opaque[name]) > 0 || j.foreign[name]) {
			c.unknown = true
			return c
		}
	}
	c.names = portNames(ports)
	return c
}

// listing adds what there is instead.
func listing(has []string) string {
	if len(has) == 0 {
		return "; its ports have no names"
	}
	return "; it has " + strings.Join(has, ", ")
}

// ours says whether the stack has anything in one of the namespaces.
func (j *judge) ours(spaces []string) bool {
	return slices.ContainsFunc(spaces, func(name string) bool { return j.namespaces[name] != nil })
}

// madeServices says whether operators make Services in namespaces, whose labels nobody knows.
func (j *judge) madeServices(spaces []string) bool {
	if j.madeIn == nil {
		j.madeIn = map[string]bool{}
		for k, t := range j.targets {
			if k.Kind == "Service" && k.Group == "" && t.object == nil {
				j.madeIn[k.Namespace] = true
			}
		}
	}
	return slices.ContainsFunc(spaces, func(name string) bool { return j.madeIn[name] })
}

// watched lists the namespaces in which a monitor looks; false where it is any.
func (j *judge) watched() ([]string, bool) {
	in := validate.MappingAt(j.object.Tree, "spec", "namespaceSelector")
	if in["any"] == true {
		return j.spaces, j.partly == ""
	}
	var names []string
	for _, v := range validate.ListAt(in, "matchNames") {
		s, _ := v.(string)
		names = append(names, s)
	}
	if len(names) == 0 {
		names = []string{j.object.Key.Namespace}
	}
	return names, true
}

// podMonitor holds a PodMonitor to the Pods that it selects, and the ports that it names to theirs. Pods of which an operator
// makes more than is known may have any port. Source: prometheus-operator API reference, PodMetricsEndpoint.
func podMonitor(j *judge) {
	at := render.Path{"spec", "selector"}
	sel, ok := j.selectorOf(validate.ValueAt(j.object.Tree, "spec", "selector"), at)
	spaces, known := j.watched()
	if !ok || !known || sel.empty() {
		return
	}
	var found []*match
	for _, name := range spaces {
		if m := j.namespaces[name].matching(sel); !m.none() {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		if j.partly != "" {
			j.unclear("Pods with "+selectorText(sel), j.partly)
			return
		}
		if !j.ours(spaces) {
			j.unclear("Pods with "+selectorText(sel), notOurs)
			return
		}
		if slices.ContainsFunc(spaces, func(name string) bool { return !j.quiet(name) }) {
			j.unclear("Pods with "+selectorText(sel), unknownPod)
			return
		}
		j.say(danglingMonitor, validate.Info, at, fmt.Sprintf("spec.selector selects no Pod of the stack in %s: %s", namespaceText(spaces), selectorText(sel)))
		return
	}
	each(j.object.Tree, "spec.podMetricsEndpoints.[]", func(v any, at render.Path) {
		at = slices.Clone(at)
		name, field, ok := j.text(v, at, "port")
		if !ok {
			return
		}
		var has []string
		for _, m := range found {
			if m.loose || slices.Contains(m.names, name) {
				return
			}
			has = append(has, m.names...)
		}
		j.say(monitorPort, validate.Error, field, fmt.Sprintf("%s is %q, and no container of %s has a port of that name%s", field, name, found[0].owners, listing(has)))
	})
}
