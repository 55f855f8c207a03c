package cause

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	"sluice/render"
)

// frame is an action around a piece of text, and the frames around it.
type frame struct {
	in    *sheet
	pipe  *parse.PipeNode
	dot   string // what "." is inside, as a key path of the values; "?" where it is something else
	outer *frame
	// prints says that it is no action around text but one that prints: it belongs to the piece of its hole.
	prints bool
}

// flattener lays a template out as one text, named templates in their place, and remembers which actions stand around
// each piece.
type flattener struct {
	book   *book
	object render.Object
	text   strings.Builder
	pieces []piece
	depth  int
}

// piece is where a run of text begins.
type piece struct {
	start int
	at    frame
}

// hole stands for what an action prints.
const hole = "\x00"

// The bounds of a template that includes itself, or is very large.
const (
	maxDepth = 12
	maxText  = 4 << 20
)

func (f *flattener) write(text string, at frame) {
	f.pieces = append(f.pieces, piece{f.text.Len(), at})
	f.text.WriteString(text)
}

// list walks a body.
func (f *flattener) list(s *sheet, body *parse.ListNode, at frame) {
	if body == nil || f.depth > maxDepth || f.text.Len() > maxText {
		return
	}
	for _, n := range body.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			f.write(string(n.Text), at)
		case *parse.IfNode:
			f.branch(s, &n.BranchNode, at)
		case *parse.WithNode:
			f.branch(s, &n.BranchNode, at)
		case *parse.RangeNode:
			f.branch(s, &n.BranchNode, at)
		case *parse.TemplateNode:
			if !f.include(n.Name, at) {
				hollow := at // without an argument there is nothing that it asks
				if n.Pipe != nil {
					hollow = frame{in: s, pipe: n.Pipe, dot: at.dot, outer: &at, prints: true}
				}
				f.write(hole, hollow)
			}
		case *parse.ActionNode:
			if len(n.Pipe.Decl) > 0 {
				continue
			}
			if name := included(n.Pipe); name == "" || !f.include(name, at) {
				f.write(hole, frame{in: s, pipe: n.Pipe, dot: at.dot, outer: &at, prints: true})
			}
		}
	}
}

func (f *flattener) branch(s *sheet, n *parse.BranchNode, at frame) {
	inside := frame{in: s, pipe: n.Pipe, dot: at.dot, outer: &at}
	if n.NodeType != parse.NodeIf {
		inside.dot = dotOf(n.Pipe, at.dot)
	}
	f.list(s, n.List, inside)
	inside.dot = at.dot
	f.list(s, n.ElseList, inside)
}

// include lays out a named template. Most of them print a name or labels and have no kind; those are a hole.
func (f *flattener) include(name string, at frame) bool {
	d, ok := f.book.defines[name]
	if !ok || !strings.Contains(d.in.text, "kind") {
		return false
	}
	inner := flattener{book: f.book, object: f.object, depth: f.depth + 1}
	in := &sheet{d.in.name, d.in.text, d.body} // its variables are its own
	inner.list(in, d.body, frame{in: in, dot: at.dot, outer: &at})
	if text := inner.text.String(); !topKind.MatchString(text) && !anyKind.MatchString(text) {
		return false
	}
	for _, p := range inner.pieces {
		f.pieces = append(f.pieces, piece{f.text.Len() + p.start, p.at})
	}
	f.text.WriteString(inner.text.String())
	return true
}

var (
	topKind  = regexp.MustCompile(`(?m)^kind:[ \t]*["']?([^\s"',}]+)`)
	anyKind  = regexp.MustCompile(`(?m)(?:^|[\s{,])["']?kind["']?:[ \t]*["']?([^\s"',}]+)`)
	nameLine = regexp.MustCompile(`metadata["']?:[^\x01]*?["']?name["']?:[ \t]*["']?([^\n"',}]*)`)
	marker   = regexp.MustCompile(`(?m)^---`)
	// identity is the beginning of a line that says which object it is, up to what an action prints into it.
	identity = regexp.MustCompile(`(?:^|[\s{,"'])(?:kind|name|namespace)["']?:[ \t]*[^\n]*$`)
)

// around gives the frames around the document of the object, outermost first. Where several documents of the template
// may be it, the frames that they share. The score says how well it fits, 0 for no document at all.
func (f *flattener) around() ([]frame, int) {
	text := f.text.String()
	var best [][]frame
	most := 0
	start := 0
	for _, end := range append(marker.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		if doc := text[start:end[0]]; end[0] > start {
			if at, score := f.match(doc); score > most {
				best, most = [][]frame{f.frames(start+at, start, end[0])}, score
			} else if score == most && score > 0 {
				best = append(best, f.frames(start+at, start, end[0]))
			}
		}
		start = end[0]
	}
	if len(best) == 0 {
		return nil, 0
	}
	shared := best[0]
	for _, other := range best[1:] {
		n := 0
		for n < min(len(shared), len(other)) && shared[n].pipe == other[n].pipe {
			n++
		}
		shared = shared[:n]
	}
	return shared, most
}

// match says how well a document fits the object, 0 for not at all, and where its kind stands.
func (f *flattener) match(doc string) (at, score int) {
	found := topKind.FindAllStringSubmatchIndex(doc, -1)
	if found == nil {
		found = anyKind.FindAllStringSubmatchIndex(doc, -1)
	}
	for _, m := range found {
		kind := doc[m[2]:m[3]]
		n := 1 + fits(kind, f.object.Key.Kind)
		if n == 1 && !strings.Contains(kind, hole) || n < 1 {
			continue
		}
		name := nameLine.FindStringSubmatch(doc)
		if name == nil {
			name = []string{"", hole}
		}
		by := fits(strings.TrimSpace(name[1]), strings.TrimSuffix(f.object.Key.Name, "/*"))
		if by < 0 {
			continue
		}
		if n = 10*n + by; n > score {
			at, score = m[0], n
		}
	}
	return at, score
}

// fits says how many bytes of a text with holes are those of the value, or -1 where it cannot become the value.
func fits(text, value string) int {
	parts := strings.Split(text, hole)
	known := len(text) - strings.Count(text, hole)
	if len(parts) == 1 {
		if text != value {
			return -1
		}
		return known
	}
	rest, ok := strings.CutPrefix(value, parts[0])
	if !ok {
		return -1
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return -1
		}
		rest = rest[i+len(p):]
	}
	if !strings.HasSuffix(rest, parts[len(parts)-1]) {
		return -1
	}
	return known
}

// frames gives the actions around an offset of the text, outermost first, and those inside of its document that decide
// which object it is: what prints its kind, name or namespace, and what stands around a hook annotation.
func (f *flattener) frames(offset, start, end int) []frame {
	list := f.enclosing(offset)
	text := f.text.String()
	add := func(fr frame) {
		if !slices.ContainsFunc(list, func(o frame) bool { return o.pipe == fr.pipe }) {
			list = append(list, fr)
		}
	}
	for _, p := range f.pieces {
		if p.start < start || p.start >= end {
			continue
		}
		if line := text[start:p.start]; p.at.prints && identity.MatchString(line[strings.LastIndexByte(line, '\n')+1:]) {
			add(p.at)
		}
		rest := text[p.start:end]
		if next := strings.Index(rest, "helm.sh/hook"); next >= 0 && f.piece(p.start+next).start == p.start {
			for _, fr := range f.enclosing(p.start + next) {
				add(fr)
			}
		}
	}
	return list
}

// enclosing gives the actions around an offset of the text, outermost first.
func (f *flattener) enclosing(offset int) []frame {
	var list []frame
	at := f.piece(offset).at
	for fr := &at; fr != nil; fr = fr.outer {
		if fr.pipe != nil && !fr.prints {
			list = append(list, *fr)
		}
	}
	slices.Reverse(list)
	return list
}

// piece gives the piece that an offset of the text is in.
func (f *flattener) piece(offset int) piece {
	i, exact := slices.BinarySearchFunc(f.pieces, offset, func(p piece, at int) int { return cmp.Compare(p.start, at) })
	if !exact {
		i--
	}
	// Empty pieces may begin at the same place; the last of them is the text.
	for i+1 < len(f.pieces) && f.pieces[i+1].start <= offset {
		i++
	}
	return f.pieces[i]
}
