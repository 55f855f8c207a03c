package stack

import (
	"fmt"

	"cuelang.org/go/cue"

	"sluice/render"
)

// spots notes where each key and element of a struct that takes anything is written. What is computed has the place of
// the nearest part that is written.
func (r *reader) spots(v cue.Value, at place, keys render.Path, into map[string]render.Position) {
	at = r.place(v, at)
	into[keys.String()] = at.pos
	switch v.IncompleteKind() {
	case cue.StructKind:
		fields, err := v.Fields()
		for err == nil && fields.Next() {
			name := fields.Selector().Unquoted()
			r.spots(fields.Value(), place{join(at.path, name), at.pos}, append(keys[:len(keys):len(keys)], name), into)
		}
	case cue.ListKind:
		list, err := v.List()
		for i := 0; err == nil && list.Next(); i++ {
			r.spots(list.Value(), place{fmt.Sprintf("%s[%d]", at.path, i), at.pos}, append(keys[:len(keys):len(keys)], i), into)
		}
	}
}

// places gives where the values of a source are written.
func (n *node) places() map[string]render.Position {
	all := map[string]render.Position{}
	if v := n.at("values"); v != nil {
		for key, pos := range v.spots {
			all[key] = pos
		}
	}
	for _, flag := range []string{"setJSON", "set", "setString", "setFile"} {
		for i, e := range n.elems(flag) {
			all[fmt.Sprintf("%s[%d]", flag, i)] = e.pos
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
