package origin

import (
	"regexp"
	"strings"

	"sluice/render"
)

// line is the line of a template that makes a field.
type line struct {
	pos  render.Position // zero where the template is not a file of the stack
	asks []render.Path   // the keys of the values that it asks for, from the top chart's down
}

var (
	action     = regexp.MustCompile(`\{\{.*?\}\}`)
	wholly     = regexp.MustCompile(`^\s*(\{\{.*?\}\}\s*)+$`)
	valueAsked = regexp.MustCompile(`\.Values((?:\.[A-Za-z0-9_]+)+)`)
	yamlKey    = regexp.MustCompile(`^(\s*)((?:- +)*)("[^"]*"|'[^']*'|[^\s:#{}'"][^:#{}]*?|\{\{[^}]*\}\}[^:]*)\s*:(?:\s|$)`)
	printsMany = regexp.MustCompile(`toYaml|toJson|include|template|tpl\b|nindent|indent|\brange\b`)
	control    = regexp.MustCompile(`^\s*(\{\{-?\s*(if|else|end|range|with|define|block|/\*|\$\w+\s*:?=).*?\}\}\s*)+$`)
)

// templateLine finds the line of the template of an object that makes a field, by the keys and the indentation that can
// be read without rendering.
func (t *trace) templateLine(o *render.Object, field render.Path) line {
	file, ok := t.template(o)
	if !ok {
		return line{}
	}
	lines := strings.Split(strings.TrimSuffix(string(file.data), "\n"), "\n")
	from, to := documentOf(lines, o)
	w := walk{lines: lines, from: from, to: to}
	n := w.find(field, o.Tree)
	found := line{}
	if file.real != "" {
		found.pos = render.Position{File: file.real, Line: n + 1, Column: 1 + len(lines[n]) - len(strings.TrimLeft(lines[n], " \t"))}
	}
	below := prefix(o.Provenance.Template)
	for _, m := range valueAsked.FindAllStringSubmatch(lines[n], -1) {
		var at render.Path
		if !strings.HasPrefix(m[1], ".global.") {
			at = append(at, below...)
		}
		for key := range strings.SplitSeq(m[1][1:], ".") {
			at = append(at, key)
		}
		found.asks = append(found.asks, at)
	}
	return found
}

// template finds the file that an object's "# Source:" names.
func (t *trace) template(o *render.Object) (chartFile, bool) {
	name := o.Provenance.Template
	if name == "" {
		return chartFile{}, false
	}
	for i := range t.charts {
		if t.charts[i].tree == o.Provenance.Source {
			file, ok := t.charts[i].files[name]
			return file, ok
		}
	}
	for i := range t.charts {
		if file, ok := t.charts[i].files[name]; ok {
			return file, true
		}
	}
	return chartFile{}, false
}

// documentOf gives the lines of a template that make an object: of the document with its kind, and of several that whose
// name has the most letters in common with the object's.
func documentOf(lines []string, o *render.Object) (from, to int) {
	best := -1
	from, to = 0, len(lines)
	for start := 0; start < len(lines); {
		end := start + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "---") {
			end++
		}
		if score := likeness(lines[start:end], o); score > best {
			best, from, to = score, start, end
		}
		start = end
	}
	return from, to
}

// likeness says how much of an object's kind and name the lines of a document have.
func likeness(lines []string, o *render.Object) int {
	score, inMeta := 0, false
	for _, l := range lines {
		m := yamlKey.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		rest := strings.TrimSpace(l[strings.Index(l, m[3])+len(m[3]):])
		value := strings.Trim(strings.TrimSpace(strings.TrimPrefix(rest, ":")), `"'`)
		switch {
		case m[1] == "" && m[3] == "kind" && value == o.Key.Kind:
			score += 1000
		case m[1] == "" && m[3] == "kind" && strings.Contains(value, "{{"):
			score += 500
		case m[1] == "":
			inMeta = m[3] == "metadata"
		case inMeta && m[3] == "name":
			literal := action.Split(value, -1)
			fits, rest := 0, o.Key.Name
			for _, part := range literal {
				at := strings.Index(rest, part)
				if at < 0 {
					fits = -100
					break
				}
				fits, rest = fits+2*len(part), rest[at+len(part):]
			}
			score += fits
			inMeta = false
		}
	}
	return score
}

// walk looks for a field in a part of the lines of a template.
type walk struct {
	lines    []string
	from, to int
}

// find gives the line that makes a field, as far as it can be followed: the key itself, or the line in its parent that
// prints more than itself, or the parent.
func (w walk) find(field render.Path, tree map[string]any) int {
	at, indent := w.from, -1
	for at < w.to-1 && (blank(w.lines[at]) || strings.HasPrefix(w.lines[at], "---")) {
		at++
	}
	for i, step := range field {
		value, there := field[:i+1].In(tree)
		n, in := -1, 0
		key, isKey := step.(string)
		if isKey {
			n, in = w.key(key, indent)
		} else {
			n, in = w.element(index(step), value, indent)
		}
		if n < 0 {
			if many := w.many(last(field[:i+1]), there); many >= 0 {
				return many
			}
			return at
		}
		at, indent = n, in
		w.from, w.to = n, w.end(n, in)
		if isKey { // of an element, the first key stands on the line of the dash
			w.from++
		}
	}
	return at
}

func index(step any) int {
	if i, ok := step.(int); ok {
		return i
	}
	return 0
}

// indentOf gives the column of what a line says first, and that behind the dashes of list elements.
func indentOf(l string) (outer, inner int) {
	outer = len(l) - len(strings.TrimLeft(l, " "))
	inner = outer
	for strings.HasPrefix(l[inner:], "- ") {
		inner += 2
		inner += len(l[inner:]) - len(strings.TrimLeft(l[inner:], " "))
	}
	return outer, inner
}

// blank says whether a line says nothing of the structure.
func blank(l string) bool {
	s := strings.TrimSpace(l)
	return s == "" || strings.HasPrefix(s, "#") || control.MatchString(l)
}

// key finds a key in the lines of a mapping: at the smallest indentation that is there.
func (w walk) key(key string, above int) (line, indent int) {
	level := -1
	for n := w.from; n < w.to; n++ {
		l := w.lines[n]
		if blank(l) || wholly.MatchString(l) || strings.HasPrefix(l, "---") {
			continue
		}
		_, inner := indentOf(l)
		m := yamlKey.FindStringSubmatch(l)
		if m == nil || inner <= above {
			continue
		}
		if level < 0 {
			level = inner
		}
		if inner == level && strings.Trim(m[3], `"'`) == key {
			return n, inner
		}
	}
	return -1, 0
}

// element finds an element of a list: the one that says the name of the value, or else by its number.
func (w walk) element(i int, value any, above int) (line, indent int) {
	var starts []int
	level := -1
	for n := w.from; n < w.to; n++ {
		l := w.lines[n]
		outer := len(l) - len(strings.TrimLeft(l, " "))
		if !strings.HasPrefix(l[outer:], "- ") && l[outer:] != "-" || outer < above {
			continue
		}
		if level < 0 {
			level = outer
		}
		if outer == level {
			starts = append(starts, n)
		}
	}
	if len(starts) == 0 {
		return -1, 0
	}
	if m, ok := value.(map[string]any); ok {
		if name, ok := m["name"].(string); ok && name != "" {
			for _, n := range starts {
				end := w.end(n, level)
				for at := n; at < end; at++ {
					key := yamlKey.FindStringSubmatch(w.lines[at])
					if _, inner := indentOf(w.lines[at]); key != nil && key[3] == "name" && inner <= level+4 &&
						strings.Trim(strings.TrimSpace(w.lines[at][strings.Index(w.lines[at], ":")+1:]), `"'`) == name {
						return n, level
					}
				}
			}
		}
	}
	return starts[min(i, len(starts)-1)], level
}

// end gives the line after those that belong to a line of an indentation.
func (w walk) end(n, indent int) int {
	outer, inner := indentOf(w.lines[n])
	dashed := outer != inner && indent == outer
	for m := n + 1; m < w.to; m++ {
		l := w.lines[m]
		if blank(l) || wholly.MatchString(l) {
			continue
		}
		o, _ := indentOf(l)
		isElement := strings.HasPrefix(l[o:], "- ") || l[o:] == "-"
		if o < indent || o == indent && (dashed || !isElement) {
			return m
		}
	}
	return w.to
}

// many gives the line of a part that prints more than itself: one that speaks of the key, or where the key is there, the
// last. What stands alone below a key is that key's.
func (w walk) many(key string, there bool) int {
	found, above := -1, ""
	for n := w.from; n < w.to; n++ {
		l := w.lines[n]
		if strings.Contains(l, "{{") && printsMany.MatchString(l) {
			if key != "" && strings.Contains(strings.ToLower(l), strings.ToLower(key)) {
				return n
			}
			if there && wholly.MatchString(l) && !control.MatchString(l) && !strings.HasSuffix(above, ":") {
				found = n
			}
		}
		if !blank(l) {
			above = strings.TrimSpace(l)
		}
	}
	return found
}
