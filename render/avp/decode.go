package avp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"sluice/render"
)

// The annotations of the plugin that decide what is a placeholder (pkg/types/constants.go).
const (
	annotationPath    = "avp.kubernetes.io/path"
	annotationIgnore  = "avp.kubernetes.io/ignore"
	annotationVersion = "avp.kubernetes.io/secret-version"
)

// Decode gives the set with every placeholder in its plain spelling, and the ledger of all placeholders, ordered by
// object, field and place in the scalar. The set given is not changed; objects without an encoded placeholder share their
// trees with it. It works on the trees alone, so the text that an object was parsed from keeps the old spelling.
//
// In the ledger, Spelling is the span as it stood before decoding, for base64 the span inside the decoded text, so that
// nothing around a placeholder gets into a report. Encoding names the codings in the order in which the chart applied
// them ("percent+base64"). URL is set by what stands around the span; a percent-encoded one elsewhere was escaped for a
// URL as well, which Encoding tells. A field of the ledger is written as in [render.Edit].
//
// The error joins one [render.Error] per placeholder that is broken or that the plugin can never replace, in the order of
// the ledger; there is no set and no ledger then. Messages show the placeholder's own text only, at most 120 bytes of it.
func Decode(set render.Set) (render.Set, []render.Placeholder, error) {
	var ledger []render.Placeholder
	var faults []located
	result := set
	result.Objects = slices.Clone(set.Objects)
	for i := range result.Objects {
		s := newScan(&set.Objects[i])
		if s.generic == nil && !suspicious(set.Objects[i].Tree) {
			continue
		}
		if tree, changed := s.mapping(set.Objects[i].Tree); changed {
			result.Objects[i].Tree = tree
		}
		ledger = append(ledger, s.found...)
		faults = append(faults, s.faults...)
	}
	if len(faults) > 0 {
		return render.Set{}, nil, join(faults)
	}
	// The places within a scalar are in order already, and the sort is stable.
	slices.SortStableFunc(ledger, func(a, b render.Placeholder) int {
		return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.Field.String(), b.Field.String()))
	})
	return result, ledger, nil
}

func newScan(object *render.Object) *scan {
	s := &scan{object: object}
	s.kind, _ = object.Tree["kind"].(string)
	notes := annotations(object.Tree)
	if text := notes[annotationIgnore]; text != "" {
		s.ignored, _ = strconv.ParseBool(text) // as the plugin does: what is no boolean ignores nothing
	}
	if path, ok := notes[annotationPath]; ok {
		s.generic = &generic{path: path, version: notes[annotationVersion]}
	}
	return s
}

// annotations gives what the plugin sees: none at all if one of them is not a string (apimachinery's GetAnnotations).
func annotations(tree map[string]any) map[string]string {
	metadata, _ := tree["metadata"].(map[string]any)
	values, _ := metadata["annotations"].(map[string]any)
	notes := make(map[string]string, len(values))
	for name, v := range values {
		text, ok := v.(string)
		if !ok {
			return nil
		}
		notes[name] = text
	}
	return notes
}

// locate makes the message of a fault at the scan's place.
func (s *scan) locate(f fault) located {
	pos := render.Position{File: s.object.Provenance.Template}
	if pos.File == "" {
		pos = s.object.Position(s.path)
	}
	field := s.path.String()
	return located{s.object.Key, field, f.at, &render.Error{
		Pos:  pos,
		Err:  fmt.Errorf("decoding placeholders of %s, field %s: %q: %s", s.object.Key, field, f.shown, f.reason),
		Hint: f.hint,
	}}
}

func join(faults []located) error {
	slices.SortStableFunc(faults, func(a, b located) int {
		return cmp.Or(a.key.Compare(b.key), cmp.Compare(a.field, b.field), cmp.Compare(a.at, b.at))
	})
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = f.err
	}
	return errors.Join(errs...)
}
