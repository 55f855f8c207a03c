package policy

import (
	"strings"

	"cuelang.org/go/cue"
	cueerrors "cuelang.org/go/cue/errors"
)

// verdict is what CUE says against a value.
type verdict struct {
	wrong []cueerrors.Error // what contradicts, whatever may come
	// few are counts that fell short and that more fields could mend: of MinFields, matchN and their like. Of an object that
	// is complete they are wrong.
	few     []cueerrors.Error
	waiting []cueerrors.Error // what depends on a value that is not there
	lacking bool              // there are required fields that are not there
}

// unsatisfied is in the format of an error of a validator, whose second argument is then the validator.
const unsatisfied = "does not satisfy"

// newVerdict tells apart what CUE reports. A value that is only not known yet is nothing.
//
// Contradictions are told by how Validate is asked. The rest, which is reported only where nothing contradicts, is told by
// its words, for want of kinds of error: words that change make a finding an unchecked, and never silence.
func newVerdict(v cue.Value) verdict {
	var r verdict
	all := v.Validate(cue.Concrete(true), cue.Final())
	if all == nil {
		return r
	}
	if wrong := v.Validate(); wrong != nil {
		r.wrong, r.lacking = cueerrors.Errors(wrong), true // of which is not known: CUE does not say both
		return r
	}
	for _, e := range cueerrors.Errors(all) {
		format, _ := e.Msg()
		switch {
		case strings.HasPrefix(format, "incomplete value"):
		case strings.HasPrefix(format, "field is required but not present"):
			r.lacking = true
		case strings.Contains(format, unsatisfied):
			r.few = append(r.few, e)
		default:
			r.waiting = append(r.waiting, e)
		}
	}
	return r
}

// required lists the paths of required fields that are not there, in the labels of CUE's errors, with their places.
func required(v cue.Value, at []string, found func(path []string, v cue.Value)) {
	it, err := v.Fields(cue.Optional(true), cue.ErrorsAsValues(true))
	if err != nil {
		return // a scalar, or wrong as a whole
	}
	for it.Next() {
		sel := it.Selector()
		label := strings.TrimRight(sel.String(), "!?")
		path := append(at[:len(at):len(at)], label)
		switch sel.ConstraintType() {
		case cue.RequiredConstraint:
			found(path, it.Value())
		case 0:
			if kind := it.Value().IncompleteKind(); kind&(cue.StructKind|cue.ListKind) != 0 || kind == cue.BottomKind {
				required(it.Value(), path, found)
			}
		}
	}
}
