package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"sluice/render"
	"sluice/render/hydrate"
	"sluice/validate"
)

// operand is one side of a comparison as a person writes it: "tree:rendered" is the scheme tree and the rest "rendered".
type operand struct{ scheme, rest string }

// operandForms are the operands of sluice diff, in the order of the help text.
var operandForms = []struct {
	scheme, rest string // the rest is empty where there is none, in brackets where it may be left out
	help         string
}{
	{"render", "[TOOLCHAIN]", "the stack as it is, rendered"},
	{"rev", "REVISION", "the stack at a revision of its repository, rendered"},
	{"tree", "DIR", "a hydrated tree in a directory"},
	{"branch", "NAME", "a hydrated tree on a branch: the local one, else that of origin"},
	{"file", "PATH", "captured manifests: a file, or a directory of files"},
	{"-", "", "captured manifests on standard input"},
	{"argocd", "APP", "what Argo CD renders; not yet"},
	{"repo-server", "ADDRESS", "what a repo-server renders; not yet"},
}

// parseOperand reads an operand. What it does not know it explains: a path or a word is never guessed to be something.
func parseOperand(text string) (operand, error) {
	scheme, rest, found := strings.Cut(text, ":")
	var schemes []string
	for _, form := range operandForms {
		schemes = append(schemes, form.scheme)
		if form.scheme != scheme {
			continue
		}
		switch {
		case scheme == "-" && found:
			return operand{}, operandError(text, "standard input is - alone")
		case scheme == "-", scheme == "render" && !found:
		case rest == "":
			return operand{}, &render.Error{
				Err:  fmt.Errorf("operand %q ends where %s is wanted", text, strings.Trim(form.rest, "[]")),
				Hint: "is a variable of the script not set?",
			}
		case scheme == "file" && rest == "-":
			return operand{}, operandError(text, "standard input is - alone")
		case scheme == "argocd" || scheme == "repo-server":
			return operand{}, &render.Error{
				Err:  fmt.Errorf("operand %q: sluice does not ask Argo CD for manifests yet", text),
				Hint: "capture them: argocd app manifests APP --source git > x.yaml, then file:x.yaml --app APP",
			}
		}
		return operand{scheme, rest}, nil
	}
	return operand{}, operandError(text, meant(text, scheme, schemes))
}

func operandError(text, hint string) error {
	return &render.Error{Err: fmt.Errorf("operand %q is not known", text), Hint: hint}
}

// meant guesses, for a hint alone, what an operand without a known scheme was to be.
func meant(text, scheme string, schemes []string) string {
	stat, err := os.Stat(text)
	switch {
	case text == "":
		return "is a variable of the script not set?"
	case err == nil && stat.IsDir():
		return fmt.Sprintf("did you mean tree:%s, the hydrated tree, or file:%s, captured manifests?", text, text)
	case err == nil:
		return fmt.Sprintf("did you mean file:%s?", text)
	}
	if near := render.Nearest(scheme, schemes); near != "" && near != "-" {
		if _, rest, found := strings.Cut(text, ":"); found {
			return fmt.Sprintf("did you mean %s:%s?", near, rest)
		}
		return fmt.Sprintf("did you mean %s?", near)
	}
	if !strings.Contains(text, ":") {
		return fmt.Sprintf("did you mean rev:%s, the stack at a revision, or branch:%s, a hydrated tree?", text, text)
	}
	return "it takes " + strings.Join(schemes, ", ")
}

// side is one side of a comparison, read whole.
type side struct {
	name    string // for headings: "rev:main (1a2b3c4)"
	scheme  string
	results []render.Result
	notes   []string
	commit  string // of rev and branch
	// plan is what the results were rendered from, with the toolchain, so that they can be rendered again; nil where
	// nothing was rendered. What it reads is there until done is called.
	plan   *render.Plan
	again  *renderer
	others []render.Toolchain // that a capture compared with it may come from
	chain  render.Toolchain
	files  hydrate.Files   // of a hydrated tree, as they were read
	argo   []render.Object // its Applications
	seal   string          // of a tree that a hydrate would replace: the state of it that was compared
	done   func()          // removes what reading it took; never nil
}

// captured says that the objects are of one app, and do not say which.
func (s side) captured() bool { return s.scheme == "file" || s.scheme == "-" }

// side reads one operand. Whoever gets a side calls its done.
func (v *invocation) side(ctx context.Context, o operand) (side, error) {
	s := side{name: strings.TrimSuffix(o.scheme+":"+o.rest, ":"), scheme: o.scheme, done: func() {}}
	var err error
	switch o.scheme {
	case "render":
		if o.rest == "" && v.toolchain != "" {
			s.name += ":" + v.toolchain
		}
		err = v.rendered(ctx, o.rest, &s)
	case "rev":
		err = v.revision(ctx, o.rest, &s)
	case "tree":
		if s.files, err = hydrate.ReadDir(ctx, o.rest); err == nil {
			err = v.hydratedSide(&s, nil)
		}
	case "branch":
		err = v.branchSide(ctx, o.rest, &s)
	default:
		err = v.capturedSide(ctx, o, &s)
	}
	if err != nil {
		s.done()
		return side{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return s, nil
}

// selected says whether --app and --layer ask for an app. Of an app without a layer, as of another tool's tree, the
// layer cannot be asked for.
func (v *invocation) selected(app render.App) bool {
	in := func(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
	return in(v.apps, app.Name) && (app.Layer == "" || in(v.layers, app.Layer))
}

// pairs puts the apps of two sides together by name, in the order of the right side, then what only the left one has.
// Where a side lacks an app its result has the name and no objects. Changes are not in it yet.
func (v *invocation) pairs(left, right side) ([]validate.Comparison, error) {
	if err := v.nameCaptured(&left, &right); err != nil {
		return nil, err
	}
	nameByPath(left.results, right.results)
	nameByPath(right.results, left.results)
	rest := make(map[string]render.Result)
	for _, r := range left.results {
		rest[r.App.Name] = r
	}
	var list []validate.Comparison
	for _, r := range right.results {
		l, found := rest[r.App.Name]
		delete(rest, r.App.Name)
		if !found {
			l.App = render.App{Name: r.App.Name, Layer: r.App.Layer}
		}
		list = append(list, validate.Comparison{App: r.App.Name, Left: l, Right: r})
	}
	for _, l := range left.results {
		if _, only := rest[l.App.Name]; only {
			gone := render.Result{App: render.App{Name: l.App.Name, Layer: l.App.Layer}}
			list = append(list, validate.Comparison{App: l.App.Name, Left: l, Right: gone})
		}
	}
	var chosen []validate.Comparison
	for _, c := range list {
		// The layer is known where at least one side knows it.
		app := c.Right.App
		if app.Layer == "" {
			app.Layer = c.Left.App.Layer
		}
		if v.selected(app) {
			chosen = append(chosen, c)
		}
	}
	if err := v.allFound(list, left, right); err != nil {
		return nil, err
	}
	if len(chosen) == 0 {
		return nil, &render.Error{
			Err:  errors.New("there is no app to compare: neither side has one that --app and --layer select together"),
			Hint: "give one of them, or look at sluice plan",
		}
	}
	return chosen, nil
}

// allFound finds names of --app and --layer that neither side has. Without it a misspelled name compares nothing, and nothing
// looks like no difference. A side that was rendered has the selected apps alone; its plan knows the others.
func (v *invocation) allFound(list []validate.Comparison, sides ...side) error {
	var apps, layers []string
	for _, c := range list {
		apps, layers = append(apps, c.App), append(layers, c.Left.App.Layer, c.Right.App.Layer)
	}
	for _, s := range sides {
		if s.plan == nil {
			continue
		}
		for _, a := range append(s.plan.Apps(), s.plan.Others...) {
			apps, layers = append(apps, a.Name), append(layers, a.Layer)
		}
	}
	for _, words := range []*[]string{&apps, &layers} {
		slices.Sort(*words)
		*words = slices.DeleteFunc(slices.Compact(*words), func(w string) bool { return w == "" })
	}
	for _, name := range v.apps {
		if err := oneOf("--app", name, apps...); err != nil {
			return err
		}
	}
	for _, name := range v.layers {
		if err := oneOf("--layer", name, layers...); err != nil {
			return err
		}
	}
	return nil
}

// nameCaptured gives the objects of a capture the app that they are compared with: that of --app, or the only one of the
// other side.
func (v *invocation) nameCaptured(left, right *side) error {
	var capture, other *side
	switch {
	case left.captured() && right.captured():
		name := "captured"
		if len(v.apps) > 0 {
			name = v.apps[0]
		}
		left.results[0].App.Name, right.results[0].App.Name = name, name
		return nil
	case left.captured():
		capture, other = left, right
	case right.captured():
		capture, other = right, left
	default:
		return nil
	}
	var apps []render.App
	var names []string
	for _, r := range other.results {
		if names = append(names, r.App.Name); v.selected(r.App) {
			apps = append(apps, r.App)
		}
	}
	if len(apps) != 1 {
		return &render.Error{
			Err:  errors.New(capture.name + " is one app, and it is not said which"),
			Hint: "give --app NAME, one of " + strings.Join(names, ", "),
		}
	}
	// Destination and policy are the same for what Argo CD rendered of the app; the capture does not have them.
	capture.results[0].App = apps[0]
	other.results = only(other.results, apps[0].Name)
	return nil
}

func only(results []render.Result, name string) []render.Result {
	for _, r := range results {
		if r.App.Name == name {
			return []render.Result{r}
		}
	}
	return nil
}

// nameByPath gives apps of another tool's tree, which are named by their paths, the names that the other side has for
// them: the app of that layer and name, or the only one whose name is the path's last element.
func nameByPath(results, others []render.Result) {
	taken := make(map[string]bool)
	last := make(map[string]int)
	for _, r := range results {
		taken[r.App.Name] = true
		last[path.Base(r.App.Name)]++
	}
	for i := range results {
		app := &results[i].App
		if app.Layer != "" || taken[path.Base(app.Name)] {
			continue
		}
		for _, o := range others {
			if path.Join(o.App.Layer, o.App.Name) == app.Name || path.Base(app.Name) == o.App.Name && last[o.App.Name] == 1 {
				app.Layer, app.Name = o.App.Layer, o.App.Name
				break
			}
		}
	}
}
