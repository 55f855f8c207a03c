package prune

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// modified calls f with every object that is changed in place.
func modified(in validate.Input, f func(validate.Comparison, render.Change)) {
	for _, c := range in.Changes {
		for _, change := range c.Effective {
			if change.Kind() == "modified" {
				f(c, change)
			}
		}
	}
}

// about says whether a row is about a change on a cluster of that minor.
func (f fixed) about(change render.Change, minor int) bool {
	k := change.Left.Key
	if f.group != k.Group || !slices.Contains(strings.Fields(f.kinds), k.Kind) {
		return false
	}
	if minor != 0 && (minor < f.since || f.until != 0 && minor > f.until) || minor == 0 && f.until != 0 {
		return false
	}
	if f.when != "" && !says(change.Left, f.when) {
		return false
	}
	return f.unless == "" || !says(change.Left, f.unless) && !says(change.Right, f.unless)
}

// says whether an object has the value that "path=value" names.
func says(o *render.Object, condition string) bool {
	path, value, _ := strings.Cut(condition, "=")
	return fmt.Sprint(at(o.Tree, path)) == value
}

// differing lists the paths of the fields that may not change and do, and those of which only the cluster knows.
func (f fixed) differing(change render.Change) (fields, unknown []string) {
	paths := f.fields
	if f.but != nil {
		paths = nil
		keys := map[string]bool{}
		for _, o := range []*render.Object{change.Left, change.Right} {
			below, _ := at(o.Tree, f.fields[0]).(map[string]any)
			for key := range below {
				keys[key] = true
			}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if !slices.Contains(f.but, key) {
				paths = append(paths, f.fields[0]+" "+key)
			}
		}
	}
	for _, path := range paths {
		steps := slices.DeleteFunc(strings.Fields(path), func(s string) bool { return s == "[0]" })
		name := steps[len(steps)-1]
		l, r := at(change.Left.Tree, path), at(change.Right.Tree, path)
		filled := slices.Contains(f.given, name) && (l == nil || r == nil)
		if initial, ok := f.initial[name]; ok {
			l, r = or(l, initial), or(r, initial)
		}
		switch {
		case same(l, r, name):
		case filled && r != "None":
			unknown = append(unknown, path)
		default:
			fields = append(fields, path)
		}
	}
	return fields, unknown
}

func or(v, initial any) any {
	if v == nil {
		return initial
	}
	return v
}

// same says whether two values mean the same to the API server: null and empty count as not stated, and the type of a
// claim template may be left out.
func same(l, r any, name string) bool { return reflect.DeepEqual(meaning(l, name), meaning(r, name)) }

func meaning(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for key, below := range v {
			if m := meaning(below, key); m != nil {
				all[key] = m
			}
		}
		if name == "volumeClaimTemplates" {
			delete(all, "apiVersion")
			delete(all, "kind")
			delete(all, "status")
			if spec, ok := all["spec"].(map[string]any); ok && spec["volumeMode"] == "Filesystem" {
				delete(spec, "volumeMode")
			}
		}
		if len(all) == 0 {
			return nil
		}
		return all
	case []any:
		if len(v) == 0 {
			return nil
		}
		list := make([]any, len(v))
		for i := range v {
			list[i] = meaning(v[i], name)
		}
		return list
	}
	if name == "storage" || name == "size" {
		if q, ok := quantity(v); ok {
			return q
		}
	}
	return v
}

// changedFixed finds changes of fields that cannot change.
func changedFixed(in validate.Input) ([]validate.Finding, []validate.Unchecked) {
	var found []validate.Finding
	var unchecked []validate.Unchecked
	modified(in, func(c validate.Comparison, change render.Change) {
		// A hook is deleted before it is created again, unless its policy says otherwise.
		if !change.Right.Target() {
			return
		}
		for _, f := range fixeds {
			if !f.about(change, in.Minor) || f.custom && ruled(in, change.Key) {
				continue
			}
			fields, unknown := f.differing(change)
			for _, path := range fields {
				found = append(found, f.finding(c, change, path))
			}
			for _, path := range unknown {
				unchecked = append(unchecked, validate.Unchecked{
					App: c.App, Object: change.Key, What: "whether " + pathOf(path).String() + " changes",
					Why: "it cannot change, and where the manifest does not state it the cluster has filled it in",
				})
			}
		}
		found = append(found, shrunk(c, change)...)
		if f, ok := changedPod(c, change); ok {
			found = append(found, f)
		}
	})
	return found, unchecked
}

// finding words the change of a field that cannot change.
func (f fixed) finding(c validate.Comparison, change render.Change, path string) validate.Finding {
	at := pathOf(path)
	v := replaced(c, change)
	return validate.Finding{
		Severity: v.severity, App: c.App, Object: change.Key, Pos: place(c, change.Right, at), Fix: v.fix, Source: f.source,
		Message: fmt.Sprintf("%s changes %s, which cannot change", change.Key, at),
		Why:     strings.Join(append([]string{f.by + " refuses it, so every sync of the app fails; deleted and created anew: " + f.cost}, v.why...), "; "),
	}
}

// replaced judges a change that is refused. With Force=true Argo CD answers the refusal with a deletion, and then it
// costs what the deletion costs; Replace=true alone is refused as the change itself is.
// Source: gitops-engine pkg/sync/sync_context.go applyObject and utils/kube/resource_ops.go (ForceDeletion = force).
func replaced(c validate.Comparison, change render.Change) verdict {
	v := verdict{severity: validate.Replace}
	if has(change.Right, c.Right.App, "Force", "true") {
		severity, why := deletion(change.Left)
		v.severity = max(v.severity, severity)
		v.why = []string{"Force=true makes Argo CD delete it and create it anew at that sync, which neither Prune=false nor Delete=false stops", why}
		v.fix = "take Force=true off before this change"
		return v
	}
	if has(change.Right, c.Right.App, "Replace", "true") {
		v.why = []string{"Replace=true is refused likewise; together with --force, by hand or as Force=true, it deletes"}
	}
	return v
}

// deletion is what deleting an object costs, whoever does it.
func deletion(o *render.Object) (validate.Severity, string) {
	r, known := find(o)
	if !known {
		return validate.Outage, "what an operator does when it goes is not known"
	}
	if held, f := r.held(o); held {
		return r.kept, f.name() + " keeps what it stands for"
	}
	return r.severity, "deleted: " + r.destroys
}

// shrunk finds sizes that shrink and parts that are taken away.
func shrunk(c validate.Comparison, change render.Change) []validate.Finding {
	var found []validate.Finding
	for _, s := range shrinks {
		if s.group != change.Left.Key.Group || s.kinds != change.Left.Key.Kind {
			continue
		}
		path, what := s.size, ""
		if s.size != "" {
			l, lok := quantity(at(change.Left.Tree, path))
			r, rok := quantity(at(change.Right.Tree, path))
			if lok && rok && r.Cmp(&l) < 0 {
				what = "shrinks " + pathOf(path).String() + ", which can only grow"
			}
		} else {
			path = s.part
			left := slices.DeleteFunc(lookup(change.Left.Tree, path), func(v any) bool { return v == nil })
			right := lookup(change.Right.Tree, path)
			lost := slices.ContainsFunc(left, func(v any) bool {
				_, whole := v.(map[string]any)
				return whole && !stated(change.Right.Tree, path) || !whole && !slices.Contains(right, v)
			})
			if lost {
				what = "takes " + pathOf(path).String() + " away, which has to stay"
			}
		}
		if what == "" {
			continue
		}
		v := replaced(c, change)
		found = append(found, validate.Finding{
			Severity: v.severity, App: c.App, Object: change.Key, Pos: place(c, change.Right, pathOf(path)), Fix: v.fix, Source: s.source,
			Message: change.Key.String() + " " + what,
			Why:     strings.Join(append([]string{s.by + " refuses it, so every sync of the app fails"}, v.why...), "; "),
		})
	}
	return found
}

// changedPod finds changes of a Pod beyond what may change: images, activeDeadlineSeconds, tolerations and the grace
// period. Source: Kubernetes pkg/apis/core/validation, ValidatePodUpdate.
func changedPod(c validate.Comparison, change render.Change) (validate.Finding, bool) {
	if change.Left.Key.Group != "" || change.Left.Key.Kind != "Pod" {
		return validate.Finding{}, false
	}
	strip := func(o *render.Object) map[string]any {
		spec, _ := at(o.Tree, "spec").(map[string]any)
		spec = maps.Clone(spec)
		for _, key := range []string{"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"} {
			delete(spec, key)
		}
		for _, key := range []string{"containers", "initContainers"} {
			list, _ := spec[key].([]any)
			list = slices.Clone(list)
			for i := range list {
				if one, ok := list[i].(map[string]any); ok {
					one = maps.Clone(one)
					delete(one, "image")
					list[i] = one
				}
			}
			if list != nil {
				spec[key] = list
			}
		}
		return spec
	}
	if same(strip(change.Left), strip(change.Right), "spec") {
		return validate.Finding{}, false
	}
	f := fixed{by: apiServer, cost: "it is deleted with what it keeps in emptyDir volumes", source: "Kubernetes pkg/apis/core/validation, ValidatePodUpdate"}
	return f.finding(c, change, "spec"), true
}

// ruled says whether the definition of a kind is in a tree that was compared and has transition rules of its own; they
// say it better than a table does.
func ruled(in validate.Input, k render.Key) bool {
	sets := make([]render.Set, 0, len(in.Results)+2*len(in.Changes))
	for _, r := range in.Results {
		sets = append(sets, r.Set)
	}
	for _, c := range in.Changes {
		sets = append(sets, c.Right.Set, c.Left.Set)
	}
	for _, s := range sets {
		for i := range s.Objects {
			o := &s.Objects[i]
			if o.Key.Definition() && at(o.Tree, "spec group") == k.Group && at(o.Tree, "spec names kind") == k.Kind && transitions(o.Tree) {
				return true
			}
		}
	}
	return false
}

// transitions says whether any rule below names the old value.
func transitions(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if rule, ok := v["rule"].(string); ok && strings.Contains(rule, "oldSelf") {
			return true
		}
		for _, below := range v {
			if transitions(below) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, transitions)
	}
	return false
}
