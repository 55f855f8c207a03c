package cause

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// apiEntries gives the entries for APIs that are told to templates on one side only.
func (a *account) apiEntries(f Factor) []string {
	kustomized := slices.ContainsFunc(a.short.App.Sources, func(s render.Source) bool { return s.Kind == render.KindKustomize })
	offered := a.short.told().APIVersions
	var list []string
	for _, atom := range f.Detail {
		version, _, _ := cutKind(atom[1:])
		switch _, _, isKind := cutKind(atom[1:]); {
		case atom[0] == '+' && isKind && slices.Contains(offered, version):
			list = append(list, "H3")
		case kustomized && untold(a.short) != untold(a.full):
			list = append(list, "K8")
		case atom[0] == '-' && builtin(atom[1:]):
			list = append(list, "H2")
		}
	}
	return append(list, "M4")
}

// cutKind takes "group/version/Kind" and "v1/Kind" apart.
func cutKind(api string) (version, kind string, ok bool) {
	i := strings.LastIndexByte(api, '/')
	if i < 0 || i+1 == len(api) || api[i+1] < 'A' || api[i+1] > 'Z' {
		return api, "", false
	}
	return api[:i], api[i+1:], true
}

// builtin says whether Kubernetes itself serves a group.
func builtin(api string) bool {
	group, _, _ := strings.Cut(api, "/")
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// sayHelm looks for what in the input is known to make the two versions of helm differ.
func (a *account) sayHelm(f Factor) {
	text := fmt.Sprintf("helm %s renders it and helm %s does not", f.Full, f.Short)
	var entries []string
	known := func(id string) bool { return entryOf(id).between(f.Full, f.Short) }
	if known("H4") {
		if words := a.nullWords(); words != "" {
			text, entries = text+": "+words, append(entries, "H4", "M3")
		}
	}
	if words := a.aliasWords(); words != "" && known("H5") {
		text, entries = text+": "+words, append(entries, "H5")
	}
	if words := a.suffixWords(); words != "" && known("H6") {
		text, entries = text+": "+words, append(entries, "H6")
	}
	if err := a.short.Result.Err; err != nil {
		text = fmt.Sprintf("helm %s renders its app and helm %s fails", f.Full, f.Short)
		switch message := err.Error(); {
		case strings.Contains(message, "not defined") && known("H8"):
			entries = append(entries, "H8")
		case strings.Contains(message, "schema") && known("H7"):
			entries = append(entries, "H7")
		}
	}
	if len(entries) == 0 {
		text += ", and nothing in its chart is known to make them differ"
	}
	a.add(text, entries...)
}

// suffixWords says that the object depends on a Kubernetes version with something behind its number.
func (a *account) suffixWords() string {
	version, where := a.short.told().KubeVersion, ""
	if stated, file := a.short.kubeVersion(); stated != "" {
		version, where = stated, " ("+file+")"
	}
	if parsed, err := semver.NewVersion(version); err != nil || parsed.Prerelease() == "" && parsed.Metadata() == "" {
		return ""
	}
	for _, g := range slices.Backward(a.gates) {
		for _, q := range g.asks {
			if q.kind == "kubernetes" {
				asks := "Kubernetes " + q.name
				return fmt.Sprintf("%s asks for %s, and the version is %s%s", a.place(g, asks, q.helper), asks, version, where)
			}
		}
	}
	return ""
}

// kubeVersion gives the Kubernetes version that a kustomization of the app states for its charts, which wins over what
// kustomize is told (K7), and the file.
func (s Side) kubeVersion() (version, file string) {
	for _, source := range s.App.Sources {
		if source.Kind != render.KindKustomize {
			continue
		}
		for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
			file := path.Join(source.Path, name)
			charts, _ := read(s.read(file))["helmCharts"].([]any)
			for _, c := range charts {
				chart, _ := c.(map[string]any)
				if version, _ := chart["kubeVersion"].(string); version != "" {
					return version, file
				}
			}
		}
	}
	return "", ""
}

// aliasWords says that the object's chart is used twice.
func (a *account) aliasWords() string {
	way, _ := find(a.charts.open(), a.charts.template(*a.target.object))
	for i, s := range way[:max(len(way)-1, 0)] {
		var names []string
		for _, d := range s.chart.deps {
			if d.Name == way[i+1].chart.name {
				names = append(names, d.Alias)
			}
		}
		if len(names) > 1 {
			return fmt.Sprintf("%s uses %s under %d aliases", a.shown(prefix(way[:i+1])+"/Chart.yaml"), way[i+1].chart.name, len(names))
		}
	}
	return ""
}

// sayKustomize looks for what in the object is known to make the two versions of kustomize differ.
func (a *account) sayKustomize(f Factor) {
	known := func(id string) bool { return entryOf(id).between(f.Full, f.Short) }
	text := fmt.Sprintf("kustomize %s builds it and kustomize %s does not", f.Full, f.Short)
	k := a.target.object.Key
	elsewhere := a.target.change.Turn == "moved" || slices.ContainsFunc(a.short.Result.Set.Objects, func(o render.Object) bool {
		return o.Key.Kind == k.Kind && o.Key.Group == k.Group && o.Key.Name == k.Name
	})
	switch {
	case elsewhere && known("K1"):
		a.add(fmt.Sprintf("kustomize %s puts it into another namespace than %s: %s", f.Short, f.Full, entryOf("K1").Cause), "K1", "M2")
	case elsewhere:
		a.add(fmt.Sprintf("kustomize %s puts it into another namespace than %s", f.Short, f.Full))
	case strings.HasSuffix(k.Kind, "List") && known("K3"):
		a.add(text+": "+entryOf("K3").Cause, "K3")
	case a.short.Result.Err != nil && known("K9") && !below(a.short.Toolchain.Helm, "4.0.0"):
		a.add(fmt.Sprintf("kustomize %s fails with helm %s", f.Short, a.short.Toolchain.Helm), "K9")
	default:
		a.add(text)
	}
}

// sayFiles compares what the two sides have on the way to the template: the charts, their versions, the file.
func (a *account) sayFiles(f Factor) {
	template := a.charts.template(*a.target.object)
	other := a.other
	way, file := find(a.charts.open(), template)
	if way == nil || template == "" {
		a.add(a.filesWords(f))
		return
	}
	last := way[len(way)-1].chart
	name := strings.TrimSpace("chart " + last.name + " " + last.version)
	there := other.closest(way)
	switch {
	case there == nil:
		a.add(fmt.Sprintf("it is of %s, which the other side does not have", name))
	case there.version != last.version:
		words := fmt.Sprintf("it is of %s, and the other side has %s", name, there.version)
		if there.file(file) == nil {
			words += ", which has no " + file
		} else if !bytes.Equal(there.file(file), last.file(file)) {
			words += ", whose " + file + " differs"
		}
		a.add(words, other.stale(way)...)
		a.around()
	case there.file(file) == nil:
		a.add(fmt.Sprintf("%s has no %s on the other side, though it is of the same version: its directory may be half of the chart", name, file),
			"M1", "K5")
	case !bytes.Equal(there.file(file), last.file(file)):
		a.add(fmt.Sprintf("%s differs between the two sides", a.shown(template)))
		a.around()
	case strings.HasPrefix(file, "crds/"):
		a.add(fmt.Sprintf("its chart has it in crds/, and what differs leaves that directory out: %s", listed(f.Detail)), "H12")
	case hook(*a.target.object):
		a.add(fmt.Sprintf("it is a hook, and what differs leaves it out: %s", listed(f.Detail)), "H13")
	default:
		a.add(a.filesWords(f))
		a.around()
	}
}

// around notes the gates around the object whose values may be what differs.
func (a *account) around() {
	for _, g := range a.gates {
		for _, q := range g.asks {
			if q.kind == "value" && !g.prints {
				a.place(g, ".Values."+q.name, q.helper)
			}
		}
	}
}

// filesWords says which files differ, and what of the values the object depends on.
func (a *account) filesWords(f Factor) string {
	if f.Name != "files" {
		return fmt.Sprintf("the %s is %s and not %s", f.Name, f.Short, f.Full)
	}
	words := "the files differ: " + listed(f.Detail)
	if len(f.Detail) == 0 {
		words = "the files differ"
	}
	var asked []string
	for _, g := range a.gates {
		for _, q := range g.asks {
			if q.kind == "value" && q.name != "" && !g.prints {
				asked = append(asked, a.place(g, ".Values."+q.name, q.helper)+" asks for .Values."+q.name)
			}
		}
	}
	if len(asked) > 0 {
		return listed(asked) + ", and " + words
	}
	return words
}

// closest gives the chart of this side in the place of the last one on a way, or nil.
func (l *library) closest(way []step) *chart {
	for _, c := range l.open() {
		if c.name != way[0].name {
			continue
		}
		for _, s := range way[1:] {
			c = c.part(s.chart.name)
			if c == nil {
				break
			}
		}
		if c != nil {
			return c
		}
	}
	return nil
}

// part gives a subchart by its own name.
func (c *chart) part(name string) *chart {
	for _, p := range c.parts {
		if p.name == name {
			return p
		}
	}
	return nil
}

// stale says whether the other version of a subchart is one that its parent does not ask for, or one that a range let
// in.
func (l *library) stale(way []step) []string {
	if len(way) < 2 {
		return nil
	}
	above, there := l.closest(way[:len(way)-1]), l.closest(way)
	if above == nil || there == nil {
		return nil
	}
	for _, d := range above.deps {
		if d.Name != there.name {
			continue
		}
		accepts, err := semver.NewConstraint(d.Version)
		have, bad := semver.NewVersion(there.version)
		switch {
		case err != nil || bad != nil:
		case !accepts.Check(have):
			return []string{"M6", "H15"}
		default:
			if _, err := semver.StrictNewVersion(strings.TrimPrefix(d.Version, "v")); err != nil {
				return []string{"H14"}
			}
		}
	}
	return nil
}
