// Package canary finds placeholders that a chart takes apart.
//
// The plugin replaces a placeholder only where the render still has it whole. A chart that hashes a value, cuts it, writes
// it in capitals or asks whether it is there has worked on the placeholder's text, and nothing in the objects shows it.
// So an app is rendered once more with every placeholder of its values replaced by another of the same length, the
// canary: what comes out must be the same objects with the canaries in the places of the placeholders. One that is gone,
// while the objects differ in something else, was consumed. Digests in annotations and in generated names are expected to
// differ: they are there to restart pods, and hold no secret.
//
// The grammar is not known here: what a placeholder is, in a file and in a set, the function says that lists them. So a
// <key> without a path is none in a file of values: only the annotations of the object that it reaches make it one.
package canary

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
)

// MaxRenders is how many renders [Check] may cost at most. One is enough for an app whose placeholders all arrive.
const MaxRenders = 20

// App is one app that was rendered, and how to do it again.
type App struct {
	Result render.Result
	// Render renders the app with every file of values, and of a kustomization, passed through the replacement; see
	// [Through]. It takes what was told of the cluster as it was.
	Render func(context.Context, render.App, Replace) (render.Result, error)
	// Ledger lists the placeholders of a set, as Decode of [render.Tools] does.
	Ledger func(render.Set) (render.Set, []render.Placeholder, error)
}

// Replace gives what stands in the place of the bytes of a file. It may be called from several goroutines, and gives the
// same for the same file.
type Replace func(name string, text []byte) []byte

// Consumed is a placeholder of values that does not arrive.
type Consumed struct {
	App       string
	Path, Key string          // what it asks of the backend
	Pos       render.Position // in the file of values; of values in the stack itself, their source
	Object    render.Key      // that shows it, as the first render has it; zero where none does
	Field     render.Path     // of the object; empty where the whole object is new or gone
	How       string          // "it is hashed (sha256)", "it is changed or cut", "only whether it is there counts"
}

// Check renders the app again and compares. The strings say what could not be judged. The order is that of files and
// places in them. An error is that of the context alone.
func Check(ctx context.Context, app App) ([]Consumed, []string, error) {
	if app.Result.App.Secrets != "avp" || len(app.Result.App.Sources) == 0 {
		return nil, nil, nil
	}
	c := &check{app: app, budget: MaxRenders}
	base := c.planted(swap)
	second, err := c.render(ctx, base)
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if len(base.birds) == 0 {
		return nil, nil, nil
	}
	if err != nil {
		return nil, []string{"whether the chart takes placeholders apart: it does not render with others in their places"}, nil
	}
	birds := base.list()
	there := arrived(second.Ledger, birds)
	left := c.leftovers(c.app.Result.Set, c.restored(second.Set, birds))
	var found []Consumed
	for _, b := range birds {
		if how, l, ok := c.traced(b, left); ok {
			found = append(found, c.consumed(b, how, l))
		}
	}
	left = slices.DeleteFunc(left, leftover.restarts)
	more, unchecked, err := c.blame(ctx, birds, left, found)
	if err != nil {
		return nil, nil, err
	}
	found = append(found, more...)
	switches, unsure, err := c.switches(ctx, birds, there, found)
	if err != nil {
		return nil, nil, err
	}
	found, unchecked = append(found, switches...), append(unchecked, unsure...)
	slices.SortStableFunc(found, func(a, b Consumed) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return found, unchecked, nil
}

// check is the work on one app.
type check struct {
	app    App
	budget int
}

// consumed words a finding.
func (c *check) consumed(b *bird, how string, l leftover) Consumed {
	return Consumed{App: c.app.Result.App.Name, Path: b.placeholder.Path, Key: b.placeholder.Key, Pos: b.pos, Object: l.object, Field: l.field, How: how}
}

// render renders with a flock of canaries in the files and in the values of the stack.
func (c *check) render(ctx context.Context, f *flock) (render.Result, error) {
	if c.budget == 0 {
		return render.Result{}, fmt.Errorf("rendering app %s for its placeholders: more than %d renders", c.app.Result.App.Name, MaxRenders)
	}
	c.budget--
	return c.app.Render(ctx, f.values(c.app.Result.App), f.replace)
}

// arrived says which canaries a ledger has, as values. A key of a mapping is never replaced.
func arrived(ledger []render.Placeholder, birds []*bird) map[*bird]bool {
	have := map[[2]string]bool{}
	for _, p := range ledger {
		have[[2]string{p.Path, p.Key}] = true
	}
	there := map[*bird]bool{}
	for _, b := range birds {
		there[b] = have[[2]string{b.canary.Path, b.canary.Key}]
	}
	return there
}

// blame finds out which placeholder makes the objects differ, where the difference itself does not tell: each is replaced
// alone. Those that are known are left out, as they differ by themselves.
func (c *check) blame(ctx context.Context, birds []*bird, left []leftover, known []Consumed) ([]Consumed, []string, error) {
	left = slices.DeleteFunc(slices.Clone(left), func(l leftover) bool {
		return slices.ContainsFunc(known, l.shownBy)
	})
	if len(left) == 0 {
		return nil, nil, nil
	}
	var found []Consumed
	for i, b := range birds {
		if c.budget < 2 {
			return found, []string{fmt.Sprintf("which of %d further placeholders the chart takes apart: %s differs with other ones", len(birds)-i, left[0].at())}, nil
		}
		result, err := c.render(ctx, c.planted(only(b, swap)))
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			continue // two values that must be equal, for one; a chart that refuses a value is no proof
		}
		rest := c.leftovers(c.app.Result.Set, c.restored(result.Set, []*bird{b}))
		rest = slices.DeleteFunc(rest, func(l leftover) bool {
			return slices.ContainsFunc(known, l.shownBy)
		})
		if len(rest) > 0 {
			found = append(found, c.consumed(b, rest[0].how(b), rest[0]))
		}
	}
	return found, nil, nil
}

// switches finds placeholders that reach no object and without which other objects come out: the chart only asks whether
// they are there. All are taken out at once, and where that changes something, each alone.
func (c *check) switches(ctx context.Context, birds []*bird, there map[*bird]bool, known []Consumed) (found []Consumed, unchecked []string, err error) {
	var gone []*bird
	for _, b := range birds {
		is := func(k Consumed) bool { return k.Pos == b.pos && k.Key == b.placeholder.Key }
		if !there[b] && !slices.ContainsFunc(known, is) {
			gone = append(gone, b)
		}
	}
	unsure := 0
	matters := func(only func(*bird) bool) (leftover, bool) {
		if c.budget == 0 {
			unsure++
			return leftover{}, false
		}
		result, err := c.render(ctx, c.planted(func(b *bird) string {
			if only(b) {
				return ""
			}
			return b.placeholder.text
		}))
		if err != nil {
			return leftover{}, false
		}
		left := c.leftovers(c.app.Result.Set, result.Set)
		if len(left) == 0 {
			return leftover{}, false
		}
		return left[0], true
	}
	at, any := leftover{}, false
	if len(gone) > 0 {
		at, any = matters(func(b *bird) bool { return slices.ContainsFunc(gone, b.same) })
	}
	for _, b := range gone {
		here, is := at, any
		if any && len(gone) > 1 {
			here, is = matters(b.same)
		}
		if is {
			found = append(found, c.consumed(b, "only whether it is there counts", here))
		}
	}
	if unsure > 0 {
		unchecked = append(unchecked, fmt.Sprintf("whether the chart asks if placeholders are there that reach no object: it takes more than %d renders", MaxRenders))
	}
	return found, unchecked, ctx.Err()
}

// restored gives a set with the placeholders in the places of their canaries, base64 of a Secret included.
func (c *check) restored(set render.Set, birds []*bird) render.Set {
	pairs := make([]string, 0, 4*len(birds))
	for _, b := range birds {
		pairs = append(pairs, b.canary.text, b.placeholder.text)
	}
	back := strings.NewReplacer(pairs...)
	out := set
	out.Objects = slices.Clone(set.Objects)
	for i := range out.Objects {
		tree, _ := rewrite(out.Objects[i].Tree, back, out.Objects[i].Key.Kind == "Secret").(map[string]any)
		out.Objects[i].Tree = tree
	}
	return out
}

// rewrite gives a tree with a replacement made in every text and key of it.
func rewrite(tree any, back *strings.Replacer, secret bool) any {
	switch t := tree.(type) {
	case string:
		if secret {
			if inner, ok := fromBase64(t); ok {
				if plain := back.Replace(inner); plain != inner {
					return toBase64(plain) + t[len(strings.TrimRight(t, "\r\n")):]
				}
			}
		}
		return back.Replace(t)
	case map[string]any:
		m := make(map[string]any, len(t))
		for _, key := range slices.Sorted(maps.Keys(t)) {
			m[back.Replace(key)] = rewrite(t[key], back, secret)
		}
		return m
	case []any:
		l := make([]any, len(t))
		for i, v := range t {
			l[i] = rewrite(v, back, secret)
		}
		return l
	}
	return tree
}
