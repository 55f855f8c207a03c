package schema

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// judgement is what the judgement of all objects shares.
type judgement struct {
	minors  []int // ascending; the cluster's is among them
	noShape []validate.Unchecked
	cluster int
	extra   map[string]bool     // APIs that the cluster says it has
	defined map[render.Key]bool // group and kind of definitions
	// Of the app whose objects are judged:
	blanks validate.Blanks
	merged bool // by server-side apply
}

// serverSide is the sync option by which Argo CD applies on the server, which refuses elements that are there twice.
const serverSide = "ServerSideApply=true"

// judgeAll holds every object to the schema of its kind.
func judgeAll(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	j := judgement{
		cluster: in.Minor, extra: map[string]bool{}, defined: definedKinds(in),
	}
	for _, api := range slices.Concat(in.Plan.Cluster.APIVersions, in.Plan.Cluster.Captured) {
		j.extra[api] = true
	}
	var unchecked []validate.Unchecked
	minors := append([]int{in.Minor}, in.Minors...)
	slices.Sort(minors)
	for _, minor := range slices.Compact(minors) {
		if schemas.OldestMinor <= minor && minor <= schemas.NewestMinor {
			j.minors = append(j.minors, minor)
			continue
		}
		unchecked = append(unchecked, validate.Unchecked{
			What: fmt.Sprintf("objects against the schemas of Kubernetes 1.%d", minor),
			Why:  fmt.Sprintf("known are 1.%d to 1.%d", schemas.OldestMinor, schemas.NewestMinor),
		})
	}
	found, noShape, err := in.Spread(ctx, j.piece)
	return found, append(unchecked, noShape...), err
}

// piece judges the objects of a piece.
func (j judgement) piece(of validate.Piece) ([]validate.Finding, []validate.Unchecked) {
	j.blanks, j.merged = of.Blanks, slices.Contains(of.App.Sync.Options, serverSide)
	var found []validate.Finding
	for i := range of.Objects {
		if o := &of.Objects[i]; j.judged(o) {
			found = append(found, j.object(o)...)
		}
	}
	return found, j.noShape
}

// seen is a problem and the minors that have it.
type seen struct {
	problem
	minors []int
}

// object judges an object under every minor. What several minors find is one finding.
func (j *judgement) object(o *render.Object) []validate.Finding {
	var all []seen
	var at map[string]int
	for _, minor := range j.minors {
		kind, p := j.kindOf(o, minor)
		var problems []problem
		if kind.Schema != nil {
			problems = j.walk(o, &kind, minor).run()
		}
		if p != nil {
			problems = append(problems, *p)
		} else if kind.Schema == nil && minor == j.cluster {
			j.noShape = append(j.noShape, validate.Unchecked{
				App: o.Provenance.App, Object: o.Key, What: "its fields", Why: "the cluster is said to serve " + nameOf(kind.API) + ", of which no schema is known",
			})
		}
		if at == nil && len(problems) > 0 {
			at = map[string]int{}
		}
		for _, p := range problems {
			id := p.rule + " " + p.field.String()
			i, ok := at[id]
			if !ok {
				i = len(all)
				at[id] = i
				all = append(all, seen{problem: p})
			}
			all[i].minors = append(all[i].minors, minor)
			if minor == j.cluster {
				all[i].problem = p
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return j.findings(o, all)
}

// walk prepares the walk over an object.
func (j *judgement) walk(o *render.Object, kind *schemas.Kind, minor int) *walk {
	secret := o.Key.Kind == "Secret" && o.Key.Group == ""
	options, _ := render.Path{"metadata", "annotations", "argocd.argoproj.io/sync-options"}.In(o.Tree)
	own, _ := options.(string)
	return &walk{
		object: o, kind: kind, minor: minor, secret: secret, blanks: j.blanks, known: !j.blanks.Has(o.Key),
		merged: j.merged || strings.Contains(own, serverSide),
	}
}

// findings words what was seen, in the order of the fields.
func (j *judgement) findings(o *render.Object, all []seen) []validate.Finding {
	slices.SortFunc(all, func(a, b seen) int {
		return cmp.Or(cmp.Compare(a.field.String(), b.field.String()), cmp.Compare(a.rule, b.rule))
	})
	removed := slices.ContainsFunc(all, func(s seen) bool { return s.rule == removedAPI })
	var found []validate.Finding
	for _, s := range all {
		if s.rule == deprecatedAPI && removed || s.rule == invalidFormat && encrypted(o) {
			continue // the removal, or the field of SOPS, says it all
		}
		f := validate.On(o, s.field, s.message+j.when(s))
		f.Rule, f.Severity = s.rule, s.severity
		if s.rule == unknownField && s.field.String() == sops && encrypted(o) {
			f.Fix = "decrypt it on the way to the cluster, by KSOPS, Flux or a plugin of Argo CD; where that is done, suppress this"
		}
		found = append(found, f)
	}
	return found
}

// sops is the field that SOPS adds to what it encrypts.
const sops = "sops"

// encrypted says whether SOPS has encrypted an object: as it stands the server refuses it, and after that it is another one.
// Source: https://getsops.io/docs/, the metadata of a file.
func encrypted(o *render.Object) bool {
	mac, _ := render.Path{sops, "mac"}.In(o.Tree)
	text, ok := mac.(string)
	return ok && text != ""
}

// when says which minors have a problem, where it is not all that were asked about.
func (j *judgement) when(s seen) string {
	if len(s.minors) == len(j.minors) {
		return ""
	}
	first, last := s.minors[0], s.minors[len(s.minors)-1]
	warning := severityOf(s.rule) < validate.Error && s.severity < validate.Error
	switch {
	case first > j.minors[0] && warning && last < j.minors[len(j.minors)-1]:
		return fmt.Sprintf("; from Kubernetes 1.%d to 1.%d", first, last)
	case first > j.minors[0] && warning:
		return fmt.Sprintf("; from Kubernetes 1.%d on", first)
	case first > j.minors[0]:
		return fmt.Sprintf("; first refused by Kubernetes 1.%d", first)
	case warning:
		return fmt.Sprintf("; up to Kubernetes 1.%d", last)
	default:
		return fmt.Sprintf("; refused up to Kubernetes 1.%d", last)
	}
}

// severityOf gives the severity of a rule.
func severityOf(id string) validate.Severity {
	for _, r := range Rules() {
		if r.ID == id {
			return r.Severity
		}
	}
	return validate.Error
}
