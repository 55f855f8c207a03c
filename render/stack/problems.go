package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"sluice/render"
)

// problems collects the faults of a stack.
type problems struct {
	files *files
	list  []problem
}

// problem is one fault. The path orders faults at one position.
type problem struct {
	path   string
	err    *render.Error
	others []render.Position // that CUE names besides that of the error
}

// add records a fault at a place: its text is the path, then the format. The hint says the next step, as one sentence;
// it is empty where the text says all there is to say. A cause given with %w stays in the chain.
func (p *problems) add(at place, hint, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if at.path != "" {
		err = fmt.Errorf("%s: %w", at.path, err)
	}
	p.list = append(p.list, problem{path: at.path, err: &render.Error{Pos: at.pos, Err: err, Hint: hint}})
}

// cue records every error of CUE in err, which may be nil.
//
// CUE lists the places of a conflict in the order of its evaluation, the definition's own among them. The first place
// that the author can edit becomes the position; the others are named in the text, because a conflict between two
// files is understood only with both in view.
func (p *problems) cue(err error) {
	if err == nil {
		return
	}
	for _, e := range cueerrors.Errors(err) {
		text := message(e)
		at := place{path: userPath(e.Path())}
		var others []render.Position
		for _, pos := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
			// Without a file name it is an expression that the program made, such as the value of a tag.
			if !pos.IsValid() || pos.Filename() == schemaFile || pos.Filename() == "" {
				continue
			}
			switch here := position(pos, p.files); {
			case at.pos == render.Position{}:
				at.pos = here
			case here != at.pos && !slices.Contains(others, here):
				others = append(others, here)
			}
		}
		if len(others) > 0 {
			text += " (see also " + listed(others) + ")"
		}
		hint := cueHint(text)
		if at == (place{}) {
			text = "loading the stack: " + text
		}
		p.add(at, hint, "%s", text)
		p.list[len(p.list)-1].others = others
	}
}

// listed writes places in the order of their texts.
func listed(places []render.Position) string {
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = p.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// loading records the errors of CUE's loader and the tags that are unknown. Tags can be judged only where every file
// parses; then what the loader says of them, without a place, is left out.
func (p *problems) loading(err error, unknownTags func(*problems) bool) {
	p.cue(err)
	placed := func(f problem) bool { return f.err.Pos != render.Position{} }
	parsed := !slices.ContainsFunc(p.list, placed)
	if parsed && !unknownTags(&problems{}) {
		return
	}
	p.list = slices.DeleteFunc(p.list, func(f problem) bool { return !placed(f) })
	if parsed {
		unknownTags(p)
	}
}

// message gives the text of an error of CUE and its causes, without the paths and positions that CUE puts into it.
func message(err error) string {
	e, ok := err.(cueerrors.Error)
	if !ok {
		return err.Error()
	}
	format, args := e.Msg()
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	cause := errors.Unwrap(e)
	if cause == nil {
		return text
	}
	if inner := message(cause); !strings.Contains(text, inner) {
		text = strings.TrimPrefix(text+": "+inner, ": ")
	}
	return text
}

// cueHint says what to do about some of the messages of CUE. They are told apart by their words, for want of anything
// better: the package has no kinds of error. A message that changes its words loses its hint and nothing else.
func cueHint(text string) string {
	switch {
	case strings.Contains(text, "reference") && strings.Contains(text, "not found"):
		return "define the name in the stack: as _name for a value of your own, or let name = ..."
	case strings.Contains(text, errNoRegistry.Error()), strings.Contains(text, "cannot find package"):
		return "a stack imports the standard library of CUE and packages of its own module, nothing from the network"
	case strings.Contains(text, "interpolation"), strings.Contains(text, "incomplete value"),
		strings.Contains(text, "non-concrete"):
		return "give the value in the stack, or with --tag where its field has a @tag attribute"
	case strings.Contains(text, "field not allowed"):
		return "a definition (#name) of the stack's own is closed; fields to share are better kept in a hidden field (_name)"
	case strings.Contains(text, "build constraints exclude"):
		return "a file with @if(word) counts only with --tag word"
	case strings.Contains(text, "@embed"), strings.Contains(text, "cannot embed"):
		return "@embed reads files inside the stack directory"
	}
	return ""
}

// err joins the faults, ordered and each once; nil where there is none. The order is that of the author's files, not
// the order in which faults were found: CUE's is stable but follows evaluation, and the checks run rule by rule.
func (p *problems) err() error {
	slices.SortStableFunc(p.list, func(a, b problem) int {
		return cmp.Or(
			cmp.Compare(a.err.Pos.File, b.err.Pos.File), cmp.Compare(a.err.Pos.Line, b.err.Pos.Line),
			cmp.Compare(a.err.Pos.Column, b.err.Pos.Column), cmp.Compare(a.path, b.path),
			cmp.Compare(a.err.Error(), b.err.Error()))
	})
	p.list = slices.CompactFunc(p.list, func(a, b problem) bool { return a.err.Error() == b.err.Error() })
	errs := make([]error, len(p.list))
	for i, f := range p.list {
		errs[i] = f.err
	}
	return errors.Join(errs...)
}

// userPath writes a path of CUE without the name of the definition.
func userPath(labels []string) string {
	// An error of the loader has the name of the package, with its module's version, in place of a path.
	if len(labels) > 0 && (labels[0] == "#Stack" || strings.Contains(labels[0], "@")) {
		labels = labels[1:]
	}
	var shown []string
	for _, l := range labels {
		// Clauses count as labels, "for[]" and "let[]", and so do names that are not known.
		if clause := strings.TrimSuffix(l, "[]"); l != "?" && l != "<unknown>" && (clause == l || clause == "") {
			shown = append(shown, veil(l))
		}
	}
	return strings.Join(shown, ".")
}

// position gives a place of CUE's in terms of the stack directory; files may be nil where names are relative already.
// A file of the module around the stack gets a name that starts with "..".
func position(pos token.Pos, files *files) render.Position {
	p := pos.Position()
	name := strings.TrimPrefix(p.Filename, "./")
	if files != nil && strings.HasPrefix(name, "/") {
		name = files.relative(name)
	}
	return render.Position{File: name, Line: p.Line, Column: p.Column}
}
