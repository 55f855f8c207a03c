package canary

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sluice/render"
)

// asks is a placeholder as a text, and what it asks for.
type asks struct {
	text, Path, Key string
}

// bird is one placeholder at one place of the values, and its canary.
type bird struct {
	pos         render.Position
	placeholder asks
	canary      asks
}

// same says whether two are of the same place; every render makes its own.
func (b *bird) same(other *bird) bool { return b.pos == other.pos }

// swap puts the canary in.
func swap(b *bird) string { return b.canary.text }

// only lets one canary out, and leaves the other placeholders as they are.
func only(one *bird, then func(*bird) string) func(*bird) string {
	return func(b *bird) string {
		if b.same(one) {
			return then(b)
		}
		return b.placeholder.text
	}
}

// flock replaces the placeholders of one render.
type flock struct {
	ledger func(render.Set) (render.Set, []render.Placeholder, error)
	put    func(*bird) string
	app    string
	mu     sync.Mutex
	birds  map[render.Position]*bird
}

func (c *check) planted(put func(*bird) string) *flock {
	return &flock{ledger: c.app.Ledger, put: put, app: c.app.Result.App.Name, birds: map[render.Position]*bird{}}
}

// list gives the canaries that were let out, by file and place.
func (f *flock) list() []*bird {
	return slices.SortedFunc(maps.Values(f.birds), func(a, b *bird) int {
		return cmp.Or(cmp.Compare(a.pos.File, b.pos.File), cmp.Compare(a.pos.Line, b.pos.Line), cmp.Compare(a.pos.Column, b.pos.Column))
	})
}

// replace is the [Replace] of a render. It goes by lines: a broken placeholder in one does not hide those of the others.
// A comment is no value.
func (f *flock) replace(name string, text []byte) []byte {
	if !strings.Contains(string(text), "<") {
		return text
	}
	var out strings.Builder
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			out.WriteString(line)
			continue
		}
		out.WriteString(f.line(render.Position{File: name, Line: number}, line))
	}
	return []byte(out.String())
}

// line replaces the placeholders of a text.
func (f *flock) line(at render.Position, text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	object := render.Object{Key: render.Key{Kind: "ConfigMap"}, Tree: map[string]any{"kind": "ConfigMap", "text": text}}
	_, ledger, err := f.ledger(render.Set{Objects: []render.Object{object}})
	if err != nil {
		return text
	}
	var out strings.Builder
	done := 0
	for _, p := range ledger {
		n := strings.Index(text[done:], p.Spelling)
		if n < 0 || p.Encoding != "" {
			continue
		}
		out.WriteString(text[done : done+n])
		at.Column = done + n + 1
		out.WriteString(f.put(f.bird(at, p)))
		done += n + len(p.Spelling)
	}
	return out.String() + text[done:]
}

// bird gives the canary of a place, the same whenever it is asked for. It asks for other things than the placeholder,
// of the same length and in the same letters, so that what a chart does to capitals shows.
func (f *flock) bird(at render.Position, p render.Placeholder) *bird {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.birds[at]; b != nil {
		return b
	}
	b := &bird{pos: at, placeholder: asks{p.Spelling, p.Path, p.Key}}
	for salt := 0; ; salt++ {
		seed := fmt.Sprintf("%s %s %d", f.app, at, salt)
		b.canary.Path, b.canary.Key = disguised(p.Path, seed+" path", salt), disguised(p.Key, seed+" key", salt)
		fresh := !slices.ContainsFunc(slices.Collect(maps.Values(f.birds)), func(other *bird) bool {
			return other.canary.Path == b.canary.Path && other.canary.Key == b.canary.Key
		})
		if fresh && (b.canary.Path != p.Path || b.canary.Key != p.Key) {
			break
		}
	}
	// The path stands before the key, so a key that is a part of the path is not taken for it.
	before, after, _ := strings.Cut(p.Spelling, p.Path+"#")
	b.canary.text = before + b.canary.Path + "#" + strings.Replace(after, p.Key, b.canary.Key, 1)
	f.birds[at] = b
	return b
}

// disguised replaces the letters and digits of a text. After many tries for one that nobody has, it gets longer.
func disguised(text, seed string, salt int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	out := []byte(text)
	sum, n := sha256.Sum256([]byte(seed)), 0
	next := func() byte {
		if n == len(sum) {
			sum, n = sha256.Sum256(sum[:]), 0
		}
		n++
		return sum[n-1]
	}
	for i, c := range out {
		switch {
		case c >= 'a' && c <= 'z':
			out[i] = letters[next()%26]
		case c >= 'A' && c <= 'Z':
			out[i] = letters[next()%26] - 'a' + 'A'
		case c >= '0' && c <= '9':
			out[i] = '0' + next()%10
		}
	}
	if salt > 8 {
		return string(out) + letters[salt%26:salt%26+1] + strconv.Itoa(salt)
	}
	return string(out)
}

// values gives the app with the values that the stack itself has replaced.
func (f *flock) values(app render.App) render.App {
	app.Sources = slices.Clone(app.Sources)
	for i := range app.Sources {
		s := &app.Sources[i]
		at := render.Position{File: s.Pos.File, Line: s.Pos.Line}
		if at.File == "" {
			at = render.Position{File: s.String()}
		}
		n := 0
		replace := func(text string) string {
			n++
			// No line of a file is that long, so no place is taken twice.
			return f.line(render.Position{File: at.File + " values " + strconv.Itoa(i) + "." + strconv.Itoa(n), Line: at.Line}, text)
		}
		if inline, ok := inValues(s.Values.Inline, replace).(map[string]any); ok {
			s.Values.Inline = inline
		}
		s.Values.Set = each(s.Values.Set, replace)
		s.Values.SetString = each(s.Values.SetString, replace)
		s.Values.SetJSON = each(s.Values.SetJSON, replace)
	}
	return app
}

func each(texts []string, replace func(string) string) []string {
	out := slices.Clone(texts)
	for i := range out {
		out[i] = replace(out[i])
	}
	return out
}

// inValues gives values with a replacement made in every text, in the order of keys.
func inValues(tree any, replace func(string) string) any {
	switch t := tree.(type) {
	case string:
		return replace(t)
	case map[string]any:
		if t == nil {
			return t
		}
		m := make(map[string]any, len(t))
		for _, key := range slices.Sorted(maps.Keys(t)) {
			m[key] = inValues(t[key], replace)
		}
		return m
	case []any:
		l := make([]any, len(t))
		for i, v := range t {
			l[i] = inValues(v, replace)
		}
		return l
	}
	return tree
}
