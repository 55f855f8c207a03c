package stack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"sluice/render"
)

// broken is a fault that keeps policies from being compiled.
type broken struct {
	err   *render.Error
	names []string // of the policies that are left out for it, ordered; empty where they are computed
}

// broken gives what is wrong with policies, and leaves it out of the files with all that refers to it. It gives nil, and
// leaves out nothing, where a fault is none of policies alone: where it is elsewhere, or where what is wrong is also
// referred to from elsewhere.
func (o *outline) broken(list []*ast.File, faults []problem) []broken {
	cut := map[int]bool{}
	var all []broken
	take := func(f problem) bool {
		at, ok := o.place(f)
		if !ok {
			return false
		}
		with := o.with(at)
		if !o.judges(with) {
			return false
		}
		maps.Copy(cut, with)
		all = append(all, broken{f.of(o.names(with)), o.names(with)})
		return true
	}
	var others []problem
	for _, f := range faults {
		if _, ok := o.idle(f); ok {
			others = append(others, f)
		} else if !take(f) {
			return nil
		}
	}
	for _, f := range others {
		if at, _ := o.idle(f); o.meant(o.parts[at], list, all) {
			cut[at] = true
		} else if !take(f) {
			return nil
		}
	}
	o.orphans(cut)
	for i := range cut {
		o.files.leaveOut(o.parts[i].span)
	}
	return all
}

// idle finds the import, let clause or alias that a fault is about because nothing refers to it.
func (o *outline) idle(f problem) (int, bool) {
	offset, ok := o.files.offset(f.err.Pos)
	if !ok {
		return -1, false
	}
	at := slices.IndexFunc(o.parts, func(p part) bool {
		return p.binder != nil && p.file == f.err.Pos.File && (p.from == offset || p.binder.Pos().Offset() == offset)
	})
	if at < 0 || slices.ContainsFunc(o.refs, func(r ref) bool { return r.node == o.parts[at].binder }) {
		return -1, false
	}
	return at, true
}

// place finds the part that a fault is in; false for a fault that is in none, or has a place elsewhere.
func (o *outline) place(f problem) (int, bool) {
	at := -1
	for _, pos := range append([]render.Position{f.err.Pos}, f.others...) {
		offset, ok := o.files.offset(pos)
		here := o.innermost(pos.File, offset)
		if !ok || here < 0 {
			return -1, false
		}
		if at < 0 {
			at = here
		}
	}
	return at, true
}

// with gives a part and all that has to go with it: what is written of the same field elsewhere, what it may be a part of,
// what is in it and what refers to it. It gives nil where something refers to it that is no part.
func (o *outline) with(first int) map[int]bool {
	cut := map[int]bool{}
	next := []int{first}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if cut[at] {
			continue
		}
		cut[at] = true
		p := o.parts[at]
		for i, q := range o.parts {
			if p.key != "" && q.key == p.key || p.every && q.policy || !q.only && p.span != q.span && p.holds(q.file, q.from) && q.to <= p.to {
				next = append(next, i)
			}
		}
		for _, r := range o.refs {
			if !o.reaches(r, p) {
				continue
			}
			if r.in < 0 {
				return nil
			}
			next = append(next, r.in)
		}
	}
	return cut
}

// reaches says whether a reference is to a part, or may be: what is computed may have any name.
func (o *outline) reaches(r ref, p part) bool {
	field := p.policy && p.binder == nil
	named := strings.HasPrefix(r.key, policies+".") && field && p.key == ""
	return slices.Contains(p.nodes, r.node) || r.policy && field || r.key != "" && r.key == p.key || named
}

// judges says whether there is a policy among parts.
func (o *outline) judges(parts map[int]bool) bool {
	for i := range parts {
		if o.parts[i].policy {
			return true
		}
	}
	return false
}

// names lists the policies among parts.
func (o *outline) names(parts map[int]bool) []string {
	names := map[string]bool{}
	for i := range parts {
		if o.parts[i].name != "" {
			names[o.parts[i].name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// orphans adds what only those parts referred to that are left out.
func (o *outline) orphans(cut map[int]bool) {
	gone := func(file string, at int) bool {
		for i := range cut {
			if o.parts[i].holds(file, at) {
				return true
			}
		}
		return false
	}
	for more := true; more; {
		more = false
		for i, p := range o.parts {
			if p.binder == nil || cut[i] {
				continue
			}
			used, left := 0, 0
			for _, r := range o.refs {
				if r.node == p.binder {
					if used++; !gone(r.file, r.from) {
						left++
					}
				}
			}
			if used > 0 && left == 0 {
				cut[i], more = true, true
			}
		}
	}
}

// meant says whether what nothing refers to is the other half of a fault: whether that is about a name in the same file that is
// all but its own. The fault gets the hint.
func (o *outline) meant(p part, list []*ast.File, faults []broken) bool {
	found := false
	for _, f := range list {
		for _, id := range f.Unresolved {
			at := position(id.Pos(), o.files)
			for _, b := range faults {
				if at == b.err.Pos && at.File == p.file && render.Nearest(id.Name, []string{p.word}) != "" {
					b.err.Hint, found = fmt.Sprintf("did you mean %q?", p.word), true
				}
			}
		}
	}
	return found
}

// of gives a fault as one of the policies that are left out for it.
func (f problem) of(names []string) *render.Error {
	said := strings.TrimPrefix(f.err.Err.Error(), f.path+": ")
	within := strings.TrimPrefix(strings.TrimPrefix(f.path, policies), ".")
	who := policies
	switch len(names) {
	case 0:
	case 1:
		who = "policy " + names[0]
		for _, name := range []string{names[0], ast.NewString(names[0]).Value} {
			if rest, ok := strings.CutPrefix(within, name); ok && (rest == "" || rest[0] == '.') {
				within = strings.TrimPrefix(rest, ".")
			}
		}
	default:
		who = "policies " + strings.Join(names, ", ")
	}
	if within != "" {
		who += ": " + within
	}
	return &render.Error{Pos: f.err.Pos, Err: fmt.Errorf("%s: %s", who, said), Hint: f.err.Hint}
}

// tags gives those of the tags that count for what is left of a stack: all but those that only what is left out declares. The
// heads are of all files: what a tag keeps out of the package, as @if(!prod) does, is declared there alone.
func (o *outline) tags(tags []string, list, heads []*ast.File) []string {
	var left, gone []string
	note := func(to *[]string, a *ast.Attribute) {
		keys, words := declared(a)
		for _, key := range keys {
			words = append(words, key+"=")
		}
		*to = append(*to, words...)
	}
	for _, f := range append(slices.Clone(heads), list...) {
		name := position(f.Pos(), o.files).File
		ast.Walk(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.Attribute); ok {
				if o.files.isLeftOut(name, a.Pos().Offset()) {
					note(&gone, a)
				} else {
					note(&left, a)
				}
			}
			return true
		}, nil)
	}
	return slices.DeleteFunc(slices.Clone(tags), func(tag string) bool {
		if key, _, pair := strings.Cut(tag, "="); pair {
			tag = key + "="
		}
		return slices.Contains(gone, tag) && !slices.Contains(left, tag)
	})
}
