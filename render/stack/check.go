package stack

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// wordList writes "a and b", "a, b and c".
func wordList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// byName gives the apps by name. Of several with one name it is the first in the order of c.apps; the fault itself is
// reported by names.
func (c *checker) byName() map[string]*app {
	m := make(map[string]*app, len(c.apps))
	for _, a := range c.apps {
		if _, ok := m[a.Name]; !ok {
			m[a.Name] = a
		}
	}
	return m
}

// names finds apps that share a name: each is one Application object and one path of the hydrated tree.
func (c *checker) names() {
	slices.SortStableFunc(c.apps, func(a, b *app) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	first := c.byName()
	for _, a := range c.apps {
		if f := first[a.Name]; f != a {
			c.add(a.node.place, "rename one of them; the name of an app is unique in its stack",
				"app %q is also in layer %s at %s", a.Name, f.Layer, f.Pos)
		}
	}
}

// dependencies checks that each dependsOn names another app of the same layer or of an earlier wave. Argo CD waits for
// one wave before the next, and within a layer for nothing: a dependency on a later wave would never be met, one on
// another layer of the same wave only by luck.
func (c *checker) dependencies() {
	apps := c.byName()
	names := sortedKeys(apps)
	for _, a := range c.apps {
		for _, ref := range a.node.elems("dependsOn") {
			name, _ := ref.value.(string)
			on, ok := apps[name]
			switch {
			case !ok:
				c.add(ref.place, suggest(name, names, "apps of this stack"), "unknown app %q", name)
			case name == a.Name:
				c.add(ref.place, "remove it", "app %q depends on itself", name)
			case a.ordered && on.ordered && on.wave > a.wave:
				c.add(ref.place, "move one of the two apps, or change the waves",
					"app %q of layer %s (wave %d) depends on %q of the later layer %s (wave %d)",
					a.Name, a.Layer, a.wave, name, on.Layer, on.wave)
			case a.ordered && on.ordered && on.wave == a.wave && on.Layer != a.Layer:
				c.add(ref.place, "give the layers different waves",
					"app %q of layer %s depends on %q of layer %s, and both layers are in wave %d: Argo CD syncs them at once",
					a.Name, a.Layer, name, on.Layer, a.wave)
			}
		}
	}
	c.cycles(apps)
}

// cycles reports the cycles of dependencies, each at the reference that closes it. The search starts at the apps in the
// order of their names, so the same stack gives the same cycles; every cycle that is left when these are mended is
// reported then.
func (c *checker) cycles(apps map[string]*app) {
	const (
		open = 1 + iota
		done
	)
	state := map[string]int{}
	var trail []string
	var visit func(*app)
	visit = func(a *app) {
		state[a.Name] = open
		trail = append(trail, a.Name)
		for _, ref := range a.node.elems("dependsOn") {
			name, _ := ref.value.(string)
			on, ok := apps[name]
			switch {
			case !ok || on == a || state[name] == done:
			case state[name] == open:
				loop := append(slices.Clone(trail[slices.Index(trail, name):]), name)
				c.add(ref.place, "remove one of these dependencies", "dependency cycle %s", strings.Join(loop, " -> "))
			default:
				visit(on)
			}
		}
		trail = trail[:len(trail)-1]
		state[a.Name] = done
	}
	for _, name := range sortedKeys(apps) {
		if state[name] == 0 {
			visit(apps[name])
		}
	}
}

// releases finds two apps with one helm release in one namespace: objects of the one would be taken for the other's.
func (c *checker) releases() {
	type release struct{ namespace, name string }
	first := map[release]*app{}
	for _, a := range c.apps {
		for _, s := range a.Sources {
			key := release{a.Namespace, s.Release}
			if s.Release == "" || a.Namespace == "" {
				continue
			}
			f, taken := first[key]
			if !taken {
				first[key] = a
				continue
			}
			if f.Name == a.Name {
				continue // the shared name is the fault, and reported
			}
			c.add(place{a.node.path, s.Pos}, "give one of them another release or namespace",
				"release %q in namespace %q is also app %q at %s", s.Release, a.Namespace, f.Name, f.Pos)
		}
	}
}

// ranges checks an address range, or two with a comma between them, as the flags --cluster-cidr and
// --service-cluster-ip-range of Kubernetes take them for two IP families.
func (c *checker) ranges(n *node) {
	if n == nil {
		return
	}
	text, _ := n.value.(string)
	list := strings.Split(text, ",")
	if len(list) > 2 {
		c.add(n.place, "a cluster has one range, or one of each IP family", "%d address ranges", len(list))
		return
	}
	for _, r := range list {
		prefix, err := netip.ParsePrefix(r)
		switch {
		case err != nil:
			c.add(n.place, `write it like "10.42.0.0/16"`, "%q is not an address range", r)
		case prefix != prefix.Masked():
			c.add(n.place, "did you mean "+prefix.Masked().String()+"?", "%q has address bits beyond its prefix", r)
		}
	}
}
