package origin

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// plant is a leaf with another value, and how to know it.
type plant struct {
	leaf  *leaf
	node  *yaml.Node // the scalar, or an empty list or map
	token string
	flips bool // a word of two: that it differs is all there is to see
}

// group is what is tried in one render.
type group struct {
	plants []*plant
	alone  bool // of one field: nothing is left to be taken out
}

// probe renders the app with other values and notes which show at the fields. First those are tried that say what a field
// has, and the others for what is left: a value that is empty may take the place of the one that counts once it is not.
func (t *trace) probe(ctx context.Context, asked []*question) {
	if t.app.Render == nil {
		return
	}
	left := MaxRenders
	for _, like := range []bool{true, false} {
		open := slices.DeleteFunc(slices.Clone(asked), func(q *question) bool { return len(q.shown) > 0 })
		tokens, flips := plants(open, like)
		left = t.try(ctx, open, left, tokens, flips)
	}
}

// try renders with plants and gives how many renders are left. Leaves of many fields are tried at once. Where that does not
// render, or does not have an object, they are tried in parts.
func (t *trace) try(ctx context.Context, asked []*question, left int, groups ...[]*plant) int {
	var queue []group
	for _, plants := range groups {
		if len(plants) > 0 {
			queue = append(queue, group{plants: plants})
		}
	}
	for ; len(queue) > 0 && left > 0 && ctx.Err() == nil; left-- {
		g := queue[0]
		queue = queue[1:]
		result, err := t.with(ctx, g.plants)
		if err != nil || result.Err != nil {
			if half := (len(g.plants) + 1) / 2; len(g.plants) > 1 {
				queue = append(queue, group{plants: g.plants[:half]}, group{plants: g.plants[half:]})
				slices.SortStableFunc(queue, func(a, b group) int { return len(b.plants) - len(a.plants) })
			}
			continue
		}
		for _, q := range asked {
			if lost := q.look(result.Set.Objects, g.plants); len(lost) > 0 && !g.alone && len(lost) < len(g.plants) {
				queue = append(queue, group{plants: lost, alone: true})
			}
		}
	}
	return left
}

// plants gives every candidate that can be changed a value of its own: first those that can be told apart by it, by how
// likely they are, then of those that cannot the likeliest of each field.
func plants(asked []*question, like bool) (tokens, flips []*plant) {
	by := map[*yaml.Node]bool{}
	flipped := map[*question]bool{}
	for rank := range mostCandidates {
		for _, q := range asked {
			if rank >= len(q.list) || q.list[rank].like != like {
				continue
			}
			n := q.list[rank].node()
			if n == nil || by[n] {
				continue
			}
			switch p := seed(q.list[rank].leaf, n, len(by)); {
			case p == nil || p.flips && flipped[q]:
			case p.flips:
				flips, flipped[q], by[n] = append(flips, p), true, true
			default:
				tokens, by[n] = append(tokens, p), true
			}
		}
	}
	return tokens, flips
}

// node gives the scalar of a candidate that can be changed, or its empty list or map; nil where there is none.
func (c candidate) node() *yaml.Node {
	n := c.leaf.node
	if n.Kind != yaml.ScalarNode && len(n.Content) > 0 {
		return first(n, 0)
	}
	return n
}

// seed makes up a value for a scalar: of the same type, and one that nothing else has. A text is only made longer, so that
// what it begins with still holds: a version stays one, and a name too.
func seed(l *leaf, n *yaml.Node, number int) *plant {
	p := &plant{leaf: l, node: n}
	text, ok := scalar(n)
	_, failed := strconv.ParseInt(text, 10, 64)
	switch {
	case !ok && len(n.Content) == 0:
		p.token = word(number)
	case !ok:
		return nil
	case text == "true" || text == "false":
		p.token, p.flips = strconv.FormatBool(text == "false"), true
	case failed == nil:
		p.token = strconv.Itoa(41000 + 7*number)
	case n.ShortTag() == "!!null":
		return nil
	default:
		p.token = word(number)
	}
	return p
}

// word gives a word that no chart has.
func word(number int) string {
	return "zq" + string([]byte{byte('a' + number/26/26%26), byte('a' + number/26%26), byte('a' + number%26)}) + "x"
}

// apply gives the node as it is planted.
func (p *plant) apply() yaml.Node {
	n := *p.node
	switch {
	case n.Kind == yaml.MappingNode:
		n.Content = []*yaml.Node{{Kind: yaml.ScalarNode, Value: p.token}, {Kind: yaml.ScalarNode, Value: p.token}}
	case n.Kind == yaml.SequenceNode:
		n.Content = []*yaml.Node{{Kind: yaml.ScalarNode, Value: p.token}}
	case p.flips || !strings.HasPrefix(p.token, "zq"):
		n.Value = p.token
	case n.Value == "":
		n.Value = p.token
	default:
		end := strings.TrimRight(n.Value, "\r\n")
		n.Value = end + "-" + p.token + n.Value[len(end):]
	}
	return n
}

// look notes which plants show at a field. It gives those of its own that could not be judged: the object is not there.
func (q *question) look(set []render.Object, plants []*plant) (lost []*plant) {
	if q.object == nil {
		return nil
	}
	now := q.again(set)
	for _, c := range q.list {
		at := slices.IndexFunc(plants, func(p *plant) bool { return p.node == c.node() })
		if at < 0 || slices.Contains(q.shown, c.leaf) {
			continue
		}
		if now == nil {
			lost = append(lost, plants[at])
			continue
		}
		was, _ := c.at.In(q.object.Tree)
		is, there := c.at.In(now.Tree)
		if there && plants[at].shows(was, is, q.object.Key.Kind == "Secret") {
			q.shown = append(q.shown, c.leaf)
		}
	}
	return lost
}

// shows says whether a value is made of the planted one.
func (p *plant) shows(was, is any, secret bool) bool {
	if p.flips {
		a, ok := spelled(was)
		b, also := spelled(is)
		if !ok || !also {
			return text(was) != text(is)
		}
		return a != b
	}
	all := strings.ToLower(text(is)) // a chart may write it in capitals
	return strings.Contains(all, p.token) && !strings.Contains(text(was), p.token) || secret && strings.Contains(decoded(text(is)), p.token)
}

// text writes all scalars and keys below a value.
func text(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		for _, k := range sorted(v) {
			b.WriteString(k + "\n" + text(v[k]) + "\n")
		}
		return b.String()
	case []any:
		var b strings.Builder
		for _, e := range v {
			b.WriteString(text(e) + "\n")
		}
		return b.String()
	}
	s, _ := spelled(v)
	return s
}

// decoded gives the text of base64, or "".
func decoded(text string) string {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return ""
	}
	return string(plain)
}

// with renders the app with plants in their places.
func (t *trace) with(ctx context.Context, plants []*plant) (render.Result, error) {
	app := t.app.Result.App
	app.Sources = slices.Clone(app.Sources)
	texts := t.planted(plants, app.Sources)
	return t.app.Render(ctx, app, func(name string, text []byte) []byte {
		if other, ok := texts[name]; ok {
			return other
		}
		return text
	})
}

// planted gives the files with the plants in them, and puts the others into the sources. The nodes are as before when it
// returns.
func (t *trace) planted(plants []*plant, sources []render.Source) map[string][]byte {
	held := make([]yaml.Node, len(plants))
	for i, p := range plants {
		held[i] = *p.node
	}
	for _, p := range plants {
		*p.node = p.apply()
	}
	defer func() {
		for i, p := range plants {
			*p.node = held[i]
		}
	}()
	files := map[string]bool{}
	var packed []*plant
	for _, p := range plants {
		s := p.leaf.sheet
		for ; s.above != nil; s = s.above.sheet {
			node, was := s.above.node, *s.above.node
			defer func() { *node = was }()
			if out, err := encode(s.docs); err == nil {
				node.Value, node.Style = string(out), yaml.LiteralStyle
			}
		}
		switch s.kind {
		case ofFile:
			files[s.name] = true
		case ofDefault:
			packed = append(packed, p)
		default:
			s.state(&sources[s.source])
		}
	}
	for _, p := range packed { // over what the source says itself
		p.say(&sources[p.leaf.sheet.source])
	}
	texts := map[string][]byte{}
	for name := range files {
		if out, err := encode(t.files[name]); err == nil {
			texts[name] = out
		}
	}
	return texts
}

// encode writes documents.
func encode(docs []*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, doc := range docs {
		if err := enc.Encode(doc); err != nil {
			return nil, err
		}
	}
	err := enc.Close()
	return out.Bytes(), err
}

// state puts the sheet of a source's own values back into it.
func (s *sheet) state(source *render.Source) {
	if s.kind == ofInline {
		var inline map[string]any
		if out, err := encode(s.docs); err == nil && yaml.Unmarshal(out, &inline) == nil {
			source.Values.Inline = inline
		}
		return
	}
	v := &source.Values
	v.SetJSON, v.Set, v.SetString = slices.Clone(v.SetJSON), slices.Clone(v.Set), slices.Clone(v.SetString)
	lists := [][]string{v.SetJSON, v.Set, v.SetString}
	for _, one := range s.sets {
		value := one.node.Value
		if one.list == 0 && one.node.ShortTag() == "!!str" {
			value = strconv.Quote(value)
		}
		lists[one.list][one.entry] = one.key + "=" + value
	}
}

// say puts the value of a packed subchart into the inline values of the source. A list is said whole.
func (p *plant) say(source *render.Source) {
	at := p.leaf.path
	for i, step := range at {
		if _, isIndex := step.(int); isIndex {
			at = at[:i]
			break
		}
	}
	from := p.leaf.sheet.by[at.String()]
	if from == nil {
		return
	}
	var value any
	if from.node.Decode(&value) != nil {
		return
	}
	source.Values.Inline = stated(source.Values.Inline, at, value)
}

// stated gives values with another value at a path. The maps on the way are fresh: the app's own are shared.
func stated(values map[string]any, at render.Path, value any) map[string]any {
	out := make(map[string]any, len(values)+1)
	for k, v := range values {
		out[k] = v
	}
	key, _ := at[0].(string)
	if len(at) > 1 {
		below, _ := out[key].(map[string]any)
		value = stated(below, at[1:], value)
	}
	out[key] = value
	return out
}
