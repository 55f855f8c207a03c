package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	cueerrors "cuelang.org/go/cue/errors"

	"sluice/render"
	"sluice/validate"
)

// fault is one field of an object that a check does not allow.
type fault struct {
	path    render.Path
	pos     render.Position // in the policy
	missing bool
	choice  bool   // none of several alternatives fits; what each says against it lies below
	refused bool   // the check has no such field
	want    string // the validator that is not satisfied
}

// faults reads the errors of CUE about the object.
func (c *trial) faults(list []cueerrors.Error) []fault {
	var faults []fault
	for _, e := range list {
		format, args := e.Msg()
		f := fault{
			path: c.path(e.Path()), pos: positionOf(e),
			choice: strings.Contains(format, "empty disjunction"), refused: strings.Contains(format, "field not allowed"),
		}
		if strings.Contains(format, unsatisfied) && len(args) == 2 {
			f.want = short(fmt.Sprint(args[1]))
		}
		faults = append(faults, f)
	}
	return faults
}

// path reads the labels of CUE along the tree of the object. What the object does not have reads as keys; what lies in the
// policy, beside its check, is no field of the object.
func (c *trial) path(labels []string) render.Path {
	if _, own := c.tree[policiesField]; len(labels) > 2 && labels[0] == policiesField && !own {
		if labels[2] != "check" {
			return render.Path{}
		}
		labels = labels[3:]
	}
	path, value := render.Path{}, any(c.tree)
	for _, label := range labels {
		var step any = label
		if list, ok := value.([]any); ok {
			if i, err := strconv.Atoi(label); err == nil && i < len(list) {
				step = i
			}
		} else if text, err := strconv.Unquote(label); err == nil {
			step = text
		}
		path = append(path, step)
		value, _ = render.Path{step}.In(value)
	}
	return path
}

// distinct keeps one fault of each path, in their order, and of alternatives the fault of all of them.
func distinct(faults []fault) []fault {
	slices.SortStableFunc(faults, func(a, b fault) int {
		if order := compare(a.path, b.path); order != 0 {
			return order
		}
		return cmp.Or(boolean(b.choice)-boolean(a.choice), comparePos(a.pos, b.pos))
	})
	var kept []fault
	for _, f := range faults {
		if n := len(kept); n > 0 {
			last := &kept[n-1]
			same := compare(last.path, f.path) == 0
			if same || last.choice && len(f.path) > len(last.path) && compare(last.path, f.path[:len(last.path)]) == 0 {
				if last.pos.File == "" {
					last.pos = f.pos
				}
				continue
			}
		}
		kept = append(kept, f)
	}
	return kept
}

func boolean(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// compare orders paths: elements of lists by number, all else as text, the shorter first.
func compare(a, b render.Path) int {
	return slices.CompareFunc(a, b, func(x, y any) int {
		i, number := x.(int)
		j, other := y.(int)
		if number && other {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(fmt.Sprint(x), fmt.Sprint(y))
	})
}

func comparePos(a, b render.Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// finding says what a policy has against the object.
func (c *trial) finding(p *policy, f fault) validate.Finding {
	at := f.pos
	if at.File == "" {
		at = p.pos
	}
	said := c.message(p)
	switch path, name := f.path, f.path.String(); {
	case f.missing:
		said += ": " + name + " is missing"
	case f.refused:
		said += ": " + name + " is not allowed"
	case len(path) == 0:
	default:
		said += ": " + name + " is " + c.shown(path)
		if want := cmp.Or(f.want, c.wanted(p.check, path)); want != "" && !mayBeSecret(path) {
			said += ", want " + want
		}
	}
	finding := validate.On(c.object, f.path, said)
	finding.Rule = p.rule.ID
	finding.Why = fmt.Sprintf("the policy %s asks for it, at %s", p.name, at)
	return finding
}

// message gives the message of a policy, about the object where it is. Of a Secret it is given what is not secret.
func (c *trial) message(p *policy) string {
	if p.message != "" {
		return p.message
	}
	object := c.encoded()
	if isSecret(c.object.Key) {
		veiled := c.encoding
		veiled.veiled = true
		object = veiled.object(c.tree)
	}
	said, err := p.value.FillPath(cue.MakePath(cue.Str("object")), object).LookupPath(cue.MakePath(cue.Str("message"))).String()
	if err != nil || said == "" {
		return p.rule.Title
	}
	return said
}

// longest is how much of a value or of a check is shown.
const longest = 60

// shown writes the value at a path. What may be a secret is not shown.
func (c *trial) shown(path render.Path) string {
	v, _ := path.In(c.tree)
	switch v := v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case nil:
		return "left out"
	case string:
		if mayBeSecret(path) {
			return "a string"
		}
		return strconv.Quote(short(v))
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		if mayBeSecret(path) {
			return "a scalar"
		}
		return fmt.Sprint(v)
	}
}

// mayBeSecret says whether the text at a path is of a kind that secrets are found in: the data of a Secret, and wherever
// a program is given its settings.
func mayBeSecret(path render.Path) bool {
	for _, step := range path {
		name, _ := step.(string)
		switch name = strings.ToLower(name); name {
		case "data", "stringdata", "binarydata", "env", "args", "command", "annotations", "values":
			return true
		}
		for _, word := range []string{"password", "passwd", "secret", "token", "credential", "apikey", "privatekey"} {
			if strings.Contains(name, word) {
				return true
			}
		}
	}
	return false
}

// wanted writes what a check has for a scalar at a path; "" where that is long, or is not what the value contradicts.
func (c *trial) wanted(check cue.Value, path render.Path) string {
	v := check
	for _, step := range path {
		sel := cue.AnyIndex
		switch step := step.(type) {
		case string:
			sel = cue.Str(step)
			if !v.LookupPath(cue.MakePath(sel)).Exists() {
				sel = sel.Optional()
			}
		case int:
			if v.LookupPath(cue.MakePath(cue.Index(step))).Exists() {
				sel = cue.Index(step)
			}
		}
		if v = v.LookupPath(cue.MakePath(sel)); !v.Exists() {
			return ""
		}
	}
	if value, _ := path.In(c.tree); v.IncompleteKind()&(cue.StructKind|cue.ListKind) != 0 || v.Unify(c.ctx.Encode(value)).Validate() == nil {
		return ""
	}
	want := fmt.Sprint(v)
	if len(want) > longest || strings.ContainsAny(want, "\n\r") || strings.Contains(want, "_|_") {
		return ""
	}
	return want
}

// short cuts a long text.
func short(text string) string {
	if r := []rune(text); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return text
}
