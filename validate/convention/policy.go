package convention

import (
	"slices"

	"sluice/render"
	"sluice/validate"
)

// The directions of a NetworkPolicy, as its policyTypes spell them.
const (
	ingress = "Ingress"
	egress  = "Egress"
)

// named is the label that every namespace has with its name.
const named = "kubernetes.io/metadata.name"

// passage is one rule of a NetworkPolicy.
type passage struct {
	peers []any // of whom; none is anybody
	ports []any // none is any
	at    render.Path
}

// passages lists the rules of a policy in a direction, and whether the policy is about the direction at all: without
// policyTypes it is about ingress, and about egress where it has rules for it (networking/v1, NetworkPolicySpec).
func passages(p *render.Object, direction string) ([]passage, bool) {
	field, peers := "ingress", "from"
	if direction == egress {
		field, peers = "egress", "to"
	}
	rules := validate.ListAt(p.Tree, "spec", field)
	types := validate.TextsAt(p.Tree, "spec", "policyTypes")
	if !slices.Contains(types, direction) && (len(types) > 0 || direction == egress && len(rules) == 0) {
		return nil, false
	}
	all := make([]passage, len(rules))
	for i, r := range rules {
		all[i] = passage{peers: validate.ListAt(r, peers), ports: validate.ListAt(r, "ports"), at: render.Path{"spec", field, i, peers}}
	}
	return all, true
}

// open says whether a rule lets everything through.
func (p passage) open() bool { return len(p.peers) == 0 && len(p.ports) == 0 }

// names says whether a rule lets questions for names through, and only whether it lets nothing else.
func (p passage) names() (through, only bool) {
	only = len(p.ports) > 0
	for _, port := range p.ports {
		protocol := validate.TextAt(port, "protocol")
		first, isNumber := validate.NumberAt(port, "port")
		last, isRange := validate.NumberAt(port, "endPort")
		switch {
		case validate.ValueAt(port, "port") == nil, isRange && first <= 53 && 53 <= last:
			only = false
		case isNumber && first == 53, validate.TextAt(port, "port") == "dns", validate.TextAt(port, "port") == "dns-udp":
		default:
			only = false
			continue
		}
		through = through || protocol == "UDP"
	}
	return through || len(p.ports) == 0, only
}

// selects says whether a label selector selects labels. An empty one selects everything.
func selects(selector, labels map[string]any) bool {
	wanted := validate.MappingAt(selector, "matchLabels")
	for key := range wanted {
		if got, ok := labels[key].(string); !ok || got != validate.TextAt(wanted, key) {
			return false
		}
	}
	for _, e := range validate.ListAt(selector, "matchExpressions") {
		got, ok := labels[validate.TextAt(e, "key")].(string)
		in := ok && slices.Contains(validate.TextsAt(e, "values"), got)
		switch validate.TextAt(e, "operator") {
		case "In":
			if !in {
				return false
			}
		case "NotIn":
			if in {
				return false
			}
		case "Exists":
			if !ok {
				return false
			}
		case "DoesNotExist":
			if ok {
				return false
			}
		}
	}
	return true
}

// empty says whether a selector asks for nothing.
func empty(selector map[string]any) bool {
	return len(validate.MappingAt(selector, "matchLabels")) == 0 && len(validate.ListAt(selector, "matchExpressions")) == 0
}

// means says whether a namespaceSelector selects a namespace. Of one that the stack does not have only the name is known,
// and a selector by other labels may mean it.
func (j *judge) means(selector map[string]any, name string) bool {
	labels := map[string]any{}
	if s := j.spaces[name]; s != nil && s.object != nil {
		for key, v := range validate.MappingAt(s.object.Tree, "metadata", "labels") {
			labels[key] = v
		}
	} else if otherLabels(selector) {
		return true
	}
	labels[named] = name
	return selects(selector, labels)
}

// otherLabels says whether a selector asks for more than the name of a namespace.
func otherLabels(selector map[string]any) bool {
	for key := range validate.MappingAt(selector, "matchLabels") {
		if key != named {
			return true
		}
	}
	return slices.ContainsFunc(validate.ListAt(selector, "matchExpressions"), func(e any) bool { return validate.TextAt(e, "key") != named })
}

// from says whether a rule lets through what comes from, or goes to, some Pods of a namespace.
func (j *judge) from(p passage, name string) bool {
	return len(p.peers) == 0 || slices.ContainsFunc(p.peers, func(peer any) bool {
		selector, ok := validate.ValueAt(peer, "namespaceSelector").(map[string]any)
		return ok && j.means(selector, name)
	})
}

// within says whether a rule lets through what all Pods of the policy's own namespace say to each other.
func (j *judge) within(p passage, name string) bool {
	return len(p.peers) == 0 || slices.ContainsFunc(p.peers, func(peer any) bool {
		spaces, elsewhere := validate.ValueAt(peer, "namespaceSelector").(map[string]any)
		_, here := validate.ValueAt(peer, "podSelector").(map[string]any)
		if !empty(validate.MappingAt(peer, "podSelector")) {
			return false
		}
		return !elsewhere && here || elsewhere && j.means(spaces, name)
	})
}

// shut says whether policies let nothing through in a direction that no rule allows, for every Pod of the namespace; where
// it is not so, by is the policy that lets everything through, if there is one.
func (s *space) shut(direction string) (yes bool, by *render.Object) {
	for _, p := range s.policies {
		rules, about := passages(p, direction)
		if !about || !empty(validate.MappingAt(p.Tree, "spec", "podSelector")) {
			continue
		}
		if slices.ContainsFunc(rules, passage.open) {
			return false, p
		}
		yes = true
	}
	return yes, nil
}

// any says whether some Pods have a rule in a direction that lets something through; where no policy is about the
// direction, everything is let through.
func (s *space) any(direction string, lets func(passage) bool) bool {
	held := false
	for _, p := range s.policies {
		rules, about := passages(p, direction)
		held = held || about
		if slices.ContainsFunc(rules, lets) {
			return true
		}
	}
	return !held
}

// all says the same of every Pod of the namespace. Of those that operators make, the labels are not known, and one rule
// for any Pod will do.
func (s *space) all(direction string, lets func(passage) bool) bool {
	var selectors []map[string]any
	held := false
	for _, p := range s.policies {
		rules, about := passages(p, direction)
		held = held || about
		if !slices.ContainsFunc(rules, lets) {
			continue
		}
		selector := validate.MappingAt(p.Tree, "spec", "podSelector")
		if empty(selector) || len(s.running) == 0 {
			return true
		}
		selectors = append(selectors, selector)
	}
	if !held {
		return true
	}
	return len(selectors) > 0 && !slices.ContainsFunc(s.running, func(w *workload) bool {
		return !slices.ContainsFunc(selectors, func(selector map[string]any) bool { return selects(selector, w.labels) })
	})
}
