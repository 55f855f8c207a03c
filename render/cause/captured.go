package cause

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
)

// leaving is a way to leave objects out of a render that can be had without another one.
type leaving struct {
	words   string
	entry   string
	without func(render.Object) bool
}

// leavings are what tools leave out by a flag, in the order in which they are tried.
func leavings() []leaving {
	crd := func(o render.Object) bool { return strings.Contains(o.Provenance.Template, "/crds/") }
	test := func(o render.Object) bool {
		return slices.Contains(events(o), "test") || slices.Contains(events(o), "test-success")
	}
	either := func(fs ...func(render.Object) bool) func(render.Object) bool {
		return func(o render.Object) bool {
			return slices.ContainsFunc(fs, func(f func(render.Object) bool) bool { return f(o) })
		}
	}
	return []leaving{
		{"", "", func(render.Object) bool { return false }},
		{"without crds/", "H12", crd},
		{"without tests", "H13", test},
		{"without hooks", "H13", hook},
		{"without crds/ and tests", "H12", either(crd, test)},
		{"without crds/ and hooks", "H12", either(crd, hook)},
	}
}

// events are the moments at which helm runs a hook.
func events(o render.Object) []string {
	meta, _ := o.Tree["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	text, _ := annotations["helm.sh/hook"].(string)
	var list []string
	for event := range strings.SplitSeq(text, ",") {
		list = append(list, strings.ToLower(strings.TrimSpace(event)))
	}
	return list
}

// likeness compares a captured side with the renders that may have given it.
type likeness struct {
	ctx         context.Context
	full, short Side
	budget      *budget
	captured    Side
	rendered    Side // the other one; its Render is nil where both are captured
	candidates  []candidate
	searches    map[int]*search
	// What every lost object asks for; see versions, keys and sources.
	counts    map[labels]int
	have      map[render.Key]int
	all, gone map[string]int
}

// candidate is a render that may be what was captured.
type candidate struct {
	side   Side
	words  string // what is other than in the side that was rendered
	leaves leaving
	score  int // how many objects are on one side only, of it and of what was captured
}

// newLikeness prepares a comparison of which one side, or both, cannot be rendered.
func newLikeness(ctx context.Context, full, short Side, b *budget) *likeness {
	l := &likeness{ctx: ctx, full: full, short: short, budget: b, searches: map[int]*search{}}
	l.captured, l.rendered = short, full
	if full.Captured {
		l.captured, l.rendered = full, short
	}
	// An output does not say where its app goes.
	for _, s := range []*Side{&l.captured, &l.rendered, &l.full, &l.short} {
		s.App.Namespace = cmp.Or(s.App.Namespace, full.App.Namespace, short.App.Namespace)
	}
	if l.rendered.Captured {
		l.rendered.Render = nil
	}
	return l
}

// causes explains every target.
func (l *likeness) causes(targets []target) []Cause {
	causes := make([]Cause, len(targets))
	if c, ok := l.empty(); ok {
		for i, t := range targets {
			causes[i] = c.of(t)
		}
		return causes
	}
	l.render()
	for i, t := range targets {
		causes[i] = l.explain(t)
	}
	return causes
}

// render tries the other toolchains, and what can be left out of each.
func (l *likeness) render() {
	if l.rendered.Render == nil {
		return
	}
	l.add(l.rendered, "")
	apps := []render.App{l.rendered.App}
	if l.full.Captured { // what was captured has more: leave less out
		more := l.rendered.App
		more.Sources = slices.Clone(more.Sources)
		for i := range more.Sources {
			more.Sources[i].SkipCRDs, more.Sources[i].SkipTests = false, false
		}
		for i, s := range more.Sources {
			if s.SkipCRDs != l.rendered.App.Sources[i].SkipCRDs || s.SkipTests != l.rendered.App.Sources[i].SkipTests {
				apps = append(apps, more)
				break
			}
		}
	}
	chains := append([]render.Toolchain{l.rendered.Toolchain}, l.rendered.Others...)
	for _, app := range apps {
		for i, chain := range chains {
			exact := slices.ContainsFunc(l.candidates, func(c candidate) bool { return c.score == 0 })
			if own := i == 0 && slices.EqualFunc(app.Sources, l.rendered.App.Sources, sameFlags); own || exact {
				continue
			}
			l.try(app, chain)
		}
	}
	slices.SortStableFunc(l.candidates, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
}

func sameFlags(a, b render.Source) bool {
	return a.SkipCRDs == b.SkipCRDs && a.SkipTests == b.SkipTests
}

// try renders one alternative.
func (l *likeness) try(app render.App, chain render.Toolchain) {
	if l.budget.left == 0 || l.ctx.Err() != nil {
		return
	}
	l.budget.left--
	l.budget.spent++
	side := l.rendered
	side.App, side.Toolchain = app, chain
	asked := app
	asked.AllowEmpty = true
	result, err := l.rendered.Render(l.ctx, asked, chain)
	if err != nil || result.Err != nil {
		return
	}
	if side.Result = result; side.Result.Capabilities.KubeVersion == "" {
		side.Result.Capabilities = chain.Capabilities
	}
	words := otherwise(chain, l.rendered.Toolchain)
	if !slices.EqualFunc(app.Sources, l.rendered.App.Sources, sameFlags) {
		words = strings.TrimSpace(words + " with crds/ and tests")
	}
	l.add(side, words)
}

// add adds a render with all that can be left out of it.
func (l *likeness) add(side Side, words string) {
	for _, leaves := range leavings() {
		kept := side
		kept.Result.Set.Objects = slices.DeleteFunc(slices.Clone(side.Result.Set.Objects), leaves.without)
		if leaves.words != "" && len(kept.Result.Set.Objects) == len(side.Result.Set.Objects) {
			continue
		}
		score := apart(kept, l.captured)
		l.candidates = append(l.candidates, candidate{kept, words, leaves, score})
	}
}

// otherwise says in which way a toolchain is not another.
func otherwise(chain, own render.Toolchain) string {
	var words []string
	profile := func(c render.Toolchain) string { return cmp.Or(c.Profile, "cluster") }
	for _, w := range [][3]string{
		{"profile", profile(chain), profile(own)},
		{"helm", chain.Helm, own.Helm},
		{"kustomize", chain.Kustomize, own.Kustomize},
		{"Kubernetes", chain.Capabilities.KubeVersion, own.Capabilities.KubeVersion},
	} {
		if w[1] != w[2] {
			words = append(words, w[0]+" "+w[1])
		}
	}
	if len(words) == 0 && chain.Name != own.Name {
		return "toolchain " + chain.Name
	}
	return strings.Join(words, " with ")
}

// apart counts the objects that only one of two sides has.
func apart(a, b Side) int {
	left, right := keysOf(a), keysOf(b)
	n := 0
	for k, count := range left {
		n += max(count-right[k], 0)
	}
	for k, count := range right {
		n += max(count-left[k], 0)
	}
	return n
}

// keysOf counts the objects of a side by identity, with the namespace that they go to.
func keysOf(s Side) map[render.Key]int {
	keys := map[render.Key]int{}
	for _, o := range s.Result.Set.Objects {
		k := o.Key
		k.Namespace = cmp.Or(k.Namespace, s.App.Namespace)
		keys[k]++
	}
	return keys
}

// explain looks for the render that the captured side looks like, and then for the shape of what is missing. The renders
// come first: custom resources are last in helm's order, so what a gate leaves out often looks like a cut as well.
func (l *likeness) explain(t target) Cause {
	base := len(l.captured.Result.Set.Objects) + len(l.rendered.Result.Set.Objects)
	if l.rendered.Render != nil {
		base = apart(l.rendered, l.captured)
	}
	best := -1
	for i, c := range l.candidates {
		if c.score < base && l.decides(c, t) {
			best = i
			break
		}
	}
	if best >= 0 && l.candidates[best].score == 0 {
		return l.alike(best, t)
	}
	for _, look := range []func(target) (shape, bool){l.version, l.stage, l.half, l.cut} {
		if s, ok := look(t); ok {
			return s.of(t)
		}
	}
	if best >= 0 {
		return l.alike(best, t)
	}
	if c, ok := l.probe(t); ok {
		return c
	}
	text := "nothing can be rendered again, and what is missing is neither a whole chart, nor the end of one, nor the end of the output"
	if l.rendered.Render != nil {
		text = fmt.Sprintf("none of %s gives what was captured, and it has no shape that is known (%s)",
			count(max(len(l.candidates)-1, 0), "alternative"), count(l.budget.spent, "render"))
	}
	return Cause{Text: text}
}

// decides says whether the alternative is on the captured side as for the target.
func (l *likeness) decides(c candidate, t target) bool {
	return t.in(c.side.App, c.side.Result.Set) == l.full.Captured
}

// resembles says what the captured side looks like, and how far that is seen.
func (l *likeness) resembles(c candidate, t target) string {
	words := strings.TrimSpace(c.words + " " + c.leaves.words)
	if strings.HasPrefix(words, "with") {
		words = "a render " + words
	}
	if c.score > 0 {
		return fmt.Sprintf("the captured output looks most like %s, which is %s apart", words, count(c.score, "object"))
	}
	text := fmt.Sprintf("the captured output looks like %s, which has exactly its %s", words, count(len(c.side.Result.Set.Objects), "object"))
	if _, ok := l.cut(t); ok {
		text += "; one that is cut off would look the same"
	}
	return text
}

// alike words that the captured side looks like an alternative. The cause is that of the alternative: it is searched for
// between two renders, of which the alternative is one.
func (l *likeness) alike(n int, t target) Cause {
	c := l.candidates[n]
	like := l.resembles(c, t)
	left := slices.ContainsFunc(l.rendered.Result.Set.Objects, func(o render.Object) bool {
		return o.Key == t.object.Key && c.leaves.entry != "" && c.leaves.without(o)
	})
	cause := Cause{Found: true, Likely: true}
	if c.words == "" || left && !l.full.Captured {
		cause.Text = t.subject() + " because " + like
		cause.Catalogue = []string{c.leaves.entry}
		cause.Factors = []Factor{{Name: c.leaves.words}}
		return cause
	}
	s := l.searches[n]
	if s == nil {
		full, short := l.rendered, c.side
		if l.full.Captured {
			full, short = c.side, l.rendered
		}
		s = newSearch(l.ctx, full, short, l.budget)
		l.searches[n] = s
	}
	for i, o := range s.full.Result.Set.Objects { // the captured object knows no template
		if (target{change: t.change, object: t.object, namespace: t.namespace, anywhere: t.anywhere}).in(s.full.App, render.Set{Objects: s.full.Result.Set.Objects[i : i+1]}) {
			t.object = &o
			break
		}
	}
	if choice := s.run([]target{t})[0]; choice != nil {
		cause = s.cause(t, choice)
		cause.Likely = true
		cause.Text += " (" + like + ")"
		return cause
	}
	cause.Text = t.subject() + " because " + like
	return cause
}
