package cause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
)

// account is what is said of one object: the parts of its sentence, the places and the entries.
type account struct {
	*search
	target target
	gates  []gate // all those around the object
	cause  Cause
	parts  []string
}

// cause words a choice that brings the target back.
func (s *search) cause(t target, c choice) Cause {
	a := account{search: s, target: t, gates: s.charts.gates(*t.object), cause: Cause{Found: true}}
	for i, f := range s.factors {
		on := c.on(i)
		if len(on) == 0 {
			continue
		}
		said := Factor{Name: f.name, Full: f.full, Short: f.short, Detail: slices.Clone(f.detail)}
		for _, atom := range on {
			if f.atoms[atom] != "" {
				said.Detail = append(said.Detail, f.atoms[atom])
			}
		}
		a.cause.Factors = append(a.cause.Factors, said)
		a.say(said)
	}
	a.cause.Text = t.subject() + " because " + strings.Join(a.parts, ", and ")
	if s.budget.left == 0 {
		a.cause.Text += fmt.Sprintf(" (perhaps more than is needed: the search ended after %d renders)", s.budget.spent)
	}
	return a.cause
}

// say adds the words for one factor.
func (a *account) say(f Factor) {
	switch f.Name {
	case "apis":
		a.sayAPIs(f)
	case "kubernetes":
		a.sayKubernetes(f)
	case "values", "set":
		a.sayValues(f)
	case "helm":
		a.sayHelm(f)
	case "kustomize":
		a.sayKustomize(f)
	case "skipCRDs":
		a.add("its chart has it in crds/ and that directory is left out", "H12")
	case "skipTests":
		a.add("it is a test hook and those are left out", "H13")
	case "namespace":
		a.add(fmt.Sprintf("the destination namespace is %s and not %s", f.Short, f.Full))
	case "release":
		a.add(fmt.Sprintf("the release is named %s and not %s", f.Short, f.Full))
	case "files", "version", "source":
		a.sayFiles(f)
	case "values files":
		a.add(fmt.Sprintf("the values files are %s and not %s", orNone(f.Short), orNone(f.Full)))
	case "skipSchema":
		a.add("the values are held to the chart's schema on one side only", "H7")
	default:
		a.add(fmt.Sprintf("the app has %s and not %s", f.Short, f.Full))
	}
}

func orNone(text string) string { return cmp.Or(text, "none") }

func (a *account) add(part string, entries ...string) {
	a.parts = append(a.parts, part)
	for _, id := range entries {
		if !slices.Contains(a.cause.Catalogue, id) {
			a.cause.Catalogue = append(a.cause.Catalogue, id)
		}
	}
}

// place notes a gate and gives the words for where it is.
func (a *account) place(g gate, asks, helper string) string {
	said := Gate{Template: g.file, Line: g.line, Asks: asks, Helper: helper}
	if !slices.Contains(a.cause.Gates, said) {
		a.cause.Gates = append(a.cause.Gates, said)
	}
	text := fmt.Sprintf("%s:%d", a.shown(g.file), g.line)
	if helper != "" && helper != fmt.Sprintf("%s:%d", g.file, g.line) {
		text += " (by way of " + a.shown(helper) + ")"
	}
	return text
}

// shown gives a template's name without that of the chart, where there is one chart only.
func (a *account) shown(template string) string {
	if len(a.charts.open()) == 1 {
		if _, rest, ok := strings.Cut(template, "/"); ok {
			return rest
		}
	}
	return template
}

// who names the side that offers less, or more.
func who(side, other Side) string {
	profile := func(s Side) string { return cmp.Or(s.Toolchain.Profile, "cluster") }
	switch {
	case profile(side) != profile(other):
		return "profile " + profile(side)
	case side.told().KubeVersion != other.told().KubeVersion:
		return "Kubernetes " + side.told().KubeVersion
	case side.Toolchain.Name == other.Toolchain.Name && side.Toolchain.Profile != "":
		return "profile " + side.Toolchain.Profile
	case side.Toolchain.Name != other.Toolchain.Name && side.Toolchain.Name != "":
		return "toolchain " + side.Toolchain.Name
	}
	return "the cluster of that side"
}

// sayAPIs words what templates ask of the list of APIs.
func (a *account) sayAPIs(f Factor) {
	var lacks, extra []string
	depth := func(atom string) int {
		g, _, _ := a.asking("api", atom[1:])
		return slices.IndexFunc(a.gates, func(o gate) bool { return o.file == g.file && o.line == g.line })
	}
	atoms := slices.Clone(f.Detail)
	slices.SortStableFunc(atoms, func(x, y string) int { return cmp.Compare(depth(x), depth(y)) })
	for _, atom := range atoms {
		api := atom[1:]
		words := "no line of its template names " + api
		g, asked, ok := a.asking("api", api)
		verb := map[bool]string{true: "asks for ", false: "leaves it out where it finds "}[atom[0] == '+']
		if ok {
			words = a.place(g, api, asked.helper) + " " + verb + api
			if asked.name == "" {
				words = a.place(g, api, asked.helper) + " asks for an API whose name it makes up (" + api + ")"
			}
		}
		if atom[0] == '+' {
			lacks = append(lacks, words)
		} else {
			extra = append(extra, words)
		}
	}
	them := func(list []string) string { return map[bool]string{true: "it", false: "them"}[len(list) == 1] }
	if len(lacks) > 0 {
		a.add(listed(lacks)+" and "+who(a.short, a.full)+" does not offer "+them(lacks), a.apiEntries(f)...)
	}
	if len(extra) > 0 {
		a.add(listed(extra)+" and "+who(a.short, a.full)+" offers "+them(extra), a.apiEntries(f)...)
	}
}

// maxWords is how many things a sentence lists; the rest is in Detail and counted.
const maxWords = 6

// listed joins words as a sentence does.
func listed(words []string) string {
	if len(words) > maxWords {
		words = append(slices.Clone(words[:maxWords]), fmt.Sprintf("%d more", len(words)-maxWords))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// asking gives the innermost gate around the object that asks for something: in these words, then for what is above
// or below it, then for something computed.
func (a *account) asking(kind, name string) (gate, ask, bool) {
	for _, fits := range []func(ask) bool{
		func(q ask) bool { return q.about(name) },
		func(q ask) bool { return strings.HasPrefix(q.name, name+"/") || strings.HasPrefix(name, q.name+"/") },
		func(q ask) bool { return q.name == "" },
	} {
		for _, g := range slices.Backward(a.gates) {
			for _, q := range g.asks {
				if q.kind == kind && fits(q) {
					return g, q, true
				}
			}
		}
	}
	return gate{}, ask{}, false
}

// sayKubernetes words what templates ask of the version.
func (a *account) sayKubernetes(f Factor) {
	var words []string
	for _, g := range a.gates {
		for _, q := range g.asks {
			if q.kind != "kubernetes" {
				continue
			}
			asks := "the Kubernetes version"
			if q.name != "" {
				asks = "Kubernetes " + q.name
			}
			words = append(words, a.place(g, asks, q.helper)+" asks for "+asks)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	if top, _, _ := strings.Cut(a.charts.template(*a.target.object), "/"); a.short.Result.Err != nil {
		for _, c := range a.charts.open() {
			if line, exact := lineOf(c.file("Chart.yaml"), []string{"kubeVersion"}); exact && c.name == top {
				g := gate{file: top + "/Chart.yaml", line: line}
				a.add(fmt.Sprintf("%s refuses Kubernetes %s and takes %s", a.place(g, "the Kubernetes version", ""), f.Short, f.Full), "M4")
				return
			}
		}
	}
	text := fmt.Sprintf("Kubernetes is %s and not %s", f.Short, f.Full)
	if len(words) > 0 {
		text = listed(words) + fmt.Sprintf(" and it is %s, not %s", f.Short, f.Full)
	}
	entries := []string{"M4"}
	if untold(a.short) != untold(a.full) {
		entries = []string{"H1", "M4"}
	}
	a.add(text, entries...)
}

// untold says whether the side is that of a helm that was told of no cluster.
func untold(s Side) bool { return s.Toolchain.Profile == "plugin" || s.Toolchain.Profile == "hydrator" }

// sayValues words keys that the sides set differently; what they are set to is not said.
func (a *account) sayValues(f Factor) {
	for i, key := range f.Detail {
		if i == maxWords {
			a.add(fmt.Sprintf("%d more keys differ", len(f.Detail)-i))
			break
		}
		where := a.setAt(key)
		if f.Name == "set" {
			where = "--set"
		}
		words := ".Values." + key + " differs between the two sides"
		if g, q, ok := a.asking("value", key); ok {
			words = a.place(g, ".Values."+q.name, q.helper) + " asks for .Values." + q.name + ", which differs between the two sides"
			if a.probing {
				words = strings.TrimSuffix(words, "which differs between the two sides") + "and that is not true"
			}
		}
		if where != "" {
			words += " (" + where + ")"
		}
		a.add(words)
	}
}

// setAt gives the file and line where a key of values is set, on the short side if it is set there.
func (a *account) setAt(key string) string {
	at := strings.Split(key, ".")
	var nearest string
	libraries := []*library{a.other, a.charts}
	for n, side := range []Side{a.short, a.full} {
		for i := range side.App.Sources {
			var names []string
			var texts [][]byte
			for _, name := range slices.Backward(side.App.Sources[i].Values.Files) {
				names, texts = append(names, name), append(texts, side.read(name))
			}
			if c := libraries[n].of(i); c != nil {
				names, texts = append(names, c.name+"/values.yaml"), append(texts, c.file("values.yaml"))
			}
			for k, text := range texts {
				line, exact := lineOf(text, at)
				if exact {
					return fmt.Sprintf("%s:%d", names[k], line)
				}
				if line > 0 && nearest == "" {
					nearest = fmt.Sprintf("%s:%d", names[k], line)
				}
			}
			if len(side.App.Sources[i].Values.Inline) > 0 && nearest == "" {
				nearest = position(side.App.Sources[i].Pos)
			}
		}
	}
	return nearest
}

// position gives the file and line of a source of the stack.
func position(p render.Position) string {
	if p.File == "" {
		return ""
	}
	return p.String()
}
