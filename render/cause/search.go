package cause

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"sluice/render"
)

// budget counts renders over a whole call.
type budget struct{ left, spent int }

// choice says for every atom of every factor whether it is taken from the full side.
type choice [][]bool

// search looks for the factors that bring objects back.
type search struct {
	ctx         context.Context
	full, short Side
	factors     []factor
	charts      *library // of the full side
	other       *library // of the short side
	memo        map[string]trial
	budget      *budget
	failed      int
	probing     bool // the full side is made up of what the templates ask for
}

// trial is the outcome of one render.
type trial struct {
	app render.App
	set render.Set
}

func newSearch(ctx context.Context, full, short Side, b *budget) *search {
	s := &search{ctx: ctx, full: full, short: short, memo: map[string]trial{}, budget: b}
	s.charts, s.other = &library{ctx: ctx, side: full}, &library{ctx: ctx, side: short}
	// A hydrated tree has no charts. Those of the other side are the nearest to what it was made from, and to have both
	// the same keeps them from being named as what differs.
	switch {
	case full.Charts == nil:
		s.charts = s.other
	case short.Charts == nil:
		s.other = s.charts
	}
	s.factors = factorsOf(full, short, s.charts, s.other)
	return s
}

// none takes nothing from the full side.
func (s *search) none() choice {
	c := make(choice, len(s.factors))
	for i, f := range s.factors {
		c[i] = make([]bool, len(f.atoms))
	}
	return c
}

// with gives c with all atoms of a factor on or off.
func (c choice) with(factor int, on bool) choice {
	out := append(choice{}, c...)
	out[factor] = make([]bool, len(c[factor]))
	for i := range out[factor] {
		out[factor][i] = on
	}
	return out
}

// only gives c with these atoms of a factor on and its others off.
func (c choice) only(factor int, atoms []int) choice {
	out := c.with(factor, false)
	for _, a := range atoms {
		out[factor][a] = true
	}
	return out
}

// on lists the atoms of a factor that are on.
func (c choice) on(factor int) []int {
	var list []int
	for i, on := range c[factor] {
		if on {
			list = append(list, i)
		}
	}
	return list
}

func (c choice) key() string {
	var b strings.Builder
	for i := range c {
		for _, a := range c.on(i) {
			b.WriteString(strconv.Itoa(i) + "." + strconv.Itoa(a) + " ")
		}
	}
	return b.String()
}

// try renders a choice, once. What does not render, or is over the budget, has no objects.
func (s *search) try(c choice) trial {
	key := c.key()
	if key == "" {
		return trial{s.short.App, s.short.Result.Set}
	}
	if t, ok := s.memo[key]; ok {
		return t
	}
	if s.budget.left == 0 || s.ctx.Err() != nil {
		return trial{}
	}
	st := s.state(c)
	s.budget.left--
	s.budget.spent++
	st.app.AllowEmpty = true // a render without the object is an answer
	result, err := st.render(s.ctx, st.app, st.chain)
	if err != nil || result.Err != nil {
		s.failed++
		result.Set = render.Set{}
	}
	t := trial{st.app, result.Set}
	s.memo[key] = t
	return t
}

// state is what a choice renders with.
type state struct {
	app    render.App
	chain  render.Toolchain
	render func(context.Context, render.App, render.Toolchain) (render.Result, error)
}

func (s *search) state(c choice) state {
	st := state{app: s.short.App, chain: s.short.Toolchain, render: s.short.Render}
	st.app.Sources = append([]render.Source{}, st.app.Sources...)
	st.chain.Capabilities = s.short.told()
	for i, f := range s.factors {
		if on := c.on(i); len(on) > 0 {
			f.take(&st, on)
		}
	}
	return st
}

// told is what the side's templates were told of the cluster.
func (s Side) told() render.Capabilities {
	if s.Result.Capabilities.KubeVersion != "" {
		return s.Result.Capabilities
	}
	return s.Toolchain.Capabilities
}

// run finds for each target a smallest set of atoms that brings it back; nil for those that nothing brings back.
//
// The order is the cheap one for many objects of few causes: every render is looked at for all of them. All factors at
// once come first, which finds those that no factor explains; then each factor alone; then factors are dropped one by
// one while the object stays. What is left is 1-minimal: without any of it the object is gone.
func (s *search) run(targets []target) []choice {
	found := make([]choice, len(targets))
	if len(s.factors) == 0 {
		return found
	}
	all := s.none()
	for f := range s.factors {
		all = all.with(f, true)
	}
	pending := s.bring(all, targets, indices(len(targets)), nil)
	alone := pending
	for f := range s.factors {
		if len(alone) == 0 {
			break
		}
		c := s.none().with(f, true)
		back := s.bring(c, targets, alone, found)
		alone = without(alone, back)
	}
	for _, i := range alone {
		c := all
		for f := len(s.factors) - 1; f >= 0; f-- { // the least telling last
			if fewer := c.with(f, false); s.has(fewer, targets[i]) {
				c = fewer
			}
		}
		found[i] = c
	}
	for _, i := range pending {
		found[i] = s.split(found[i], targets[i])
	}
	return found
}

// bring gives those of the targets that a choice brings back, and notes it for them.
func (s *search) bring(c choice, targets []target, of []int, note []choice) []int {
	var back []int
	for _, i := range of {
		if s.has(c, targets[i]) {
			back = append(back, i)
			if note != nil {
				note[i] = c
			}
		}
	}
	return back
}

func (s *search) has(c choice, t target) bool {
	got := s.try(c)
	return t.in(got.app, got.set)
}

// split reduces each factor of the choice to the atoms that matter. The atoms that the templates around the object name
// come first: mostly they are the answer, and a list of 500 APIs costs three renders.
func (s *search) split(c choice, t target) choice {
	for f, factor := range s.factors {
		on := c.on(f)
		if len(on) < 2 {
			continue
		}
		test := func(atoms []int) bool { return s.has(c.only(f, atoms), t) }
		if named := factor.named(s.charts.gates(*t.object)); len(named) > 0 && len(named) < len(on) && test(named) {
			on = named
		}
		c = c.only(f, minimal(on, test))
	}
	return c
}

// minimal gives a 1-minimal part of a list that passes the test, which the whole list does (delta debugging, Zeller and
// Hildebrandt 2002): halves first, then finer parts and what is left without them. An answer that the budget cuts short
// is larger than needed and never wrong.
func minimal(list []int, test func([]int) bool) []int {
	parts := 2
	for len(list) >= 2 {
		size := (len(list) + parts - 1) / parts
		smaller := false
		for at := 0; at < len(list) && !smaller; at += size {
			part := list[at:min(at+size, len(list))]
			rest := append(append([]int{}, list[:at]...), list[min(at+size, len(list)):]...)
			switch {
			case test(part):
				list, parts, smaller = part, 2, true
			case parts > 2 && test(rest):
				list, parts, smaller = rest, max(parts-1, 2), true
			}
		}
		if smaller {
			continue
		}
		if parts >= len(list) {
			break
		}
		parts = min(2*parts, len(list))
	}
	return list
}

// tried says what was tried in vain.
func (s *search) tried() string {
	var names []string
	for _, f := range s.factors {
		names = append(names, f.name)
	}
	text := "the two sides differ in nothing that is known to decide it"
	if len(names) > 0 {
		text = fmt.Sprintf("taking %s from the other side does not bring it back (%s", listed(names), count(s.budget.spent, "render"))
		if s.failed > 0 {
			text += fmt.Sprintf(", %d of which failed", s.failed)
		}
		text += ")"
	}
	if err := s.short.Result.Err; err != nil {
		text += "; its side does not render: " + err.Error()
	}
	return text
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// without gives list without the members of drop, which are in the order of list.
func without(list, drop []int) []int {
	var rest []int
	for _, i := range list {
		if len(drop) > 0 && drop[0] == i {
			drop = drop[1:]
			continue
		}
		rest = append(rest, i)
	}
	return rest
}
