package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"sluice/render"
)

// around is how many lines of both sides are shown before and after those that differ.
const around = 3

// ink puts colours on text, or none.
type ink bool

// The colours, of the 16 that every terminal has.
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (on ink) paint(color, text string) string {
	if !on || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// lineColor is the colour of a line of a unified diff.
func lineColor(line string) string {
	switch {
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "@"):
		return cyan
	}
	return ""
}

// hunks cuts aligned lines (render.Edit.Lines) down to those that differ and what is around them, each run under a line
// "@@ -from,count +from,count @@".
func hunks(lines []string) []string {
	var out []string
	left, right := 1, 1 // the number of the next line on each side
	for at := 0; at < len(lines); {
		next := at
		for next < len(lines) && lines[next][0] == ' ' {
			next++
		}
		if next == len(lines) {
			break
		}
		start := max(at, next-around)
		left, right = left+start-at, right+start-at
		end, alike := next, 0 // the run ends where more lines are alike than two neighbours have around them
		for i := next; i < len(lines) && alike <= 2*around; i++ {
			if alike++; lines[i][0] != ' ' {
				end, alike = i+1, 0
			}
		}
		end = min(end+around, len(lines))
		var nLeft, nRight int
		for _, l := range lines[start:end] {
			if l[0] != '+' {
				nLeft++
			}
			if l[0] != '-' {
				nRight++
			}
		}
		out = append(out, fmt.Sprintf("@@ -%s +%s @@", span(left, nLeft), span(right, nRight)))
		out = append(out, lines[start:end]...)
		left, right, at = left+nLeft, right+nRight, end
	}
	return out
}

// span writes where a run begins and how long it is; an empty one is said to begin on the line before, as diff does.
func span(from, n int) string {
	if n == 0 {
		from--
	}
	return fmt.Sprintf("%d,%d", from, n)
}

// sides gives the lines of both sides of a change, as YAML without secrets, aligned. A side that lacks the object has
// none.
func (d Diff) sides(c render.Change) ([]string, error) {
	m := mask{d.Key}
	yaml := func(o *render.Object) (string, error) {
		if o == nil {
			return "", nil
		}
		masked := *o
		masked.Tree = m.object(o)
		text, err := render.Set{Objects: []render.Object{masked}}.Encode()
		return string(text), err
	}
	left, err := yaml(c.Left)
	if err != nil {
		return nil, err
	}
	right, err := yaml(c.Right)
	if err != nil {
		return nil, err
	}
	return render.Edit{Left: left, Right: right}.Lines(), nil
}

// Unified writes what differs in effect as a unified diff of canonical YAML, an object at a time.
func (d Diff) Unified(w io.Writer) error {
	var b strings.Builder
	on := ink(d.Color)
	for _, app := range d.Apps {
		for _, c := range app.Effective {
			lines, err := d.sides(c)
			if err != nil {
				return err
			}
			left, right := "/dev/null", "/dev/null"
			if c.Left != nil {
				left = d.Left + " " + app.App + " " + c.Left.Key.String()
			}
			if c.Right != nil {
				right = d.Right + " " + app.App + " " + c.Right.Key.String()
			}
			b.WriteString(on.paint(bold, printable("--- "+left)) + "\n" + on.paint(bold, printable("+++ "+right)) + "\n")
			for _, l := range hunks(lines) {
				b.WriteString(on.paint(lineColor(l), printable(l)) + "\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// SideBySide writes what differs in effect as canonical YAML in two columns of a line of the width given. What does not
// fit is cut, which an ellipsis says; between the columns stands "|" for a line that changed, "<" and ">" for one that
// only one side has.
func (d Diff) SideBySide(w io.Writer, width int) error {
	column := max((width-3)/2, 8)
	on := ink(d.Color)
	var b strings.Builder
	row := func(color, left, mark, right string) {
		line := fit(left, column) + " " + mark + " " + strings.TrimRight(fit(right, column), " ")
		b.WriteString(on.paint(color, strings.TrimRight(line, " ")) + "\n")
	}
	for _, app := range d.Apps {
		for _, c := range app.Effective {
			lines, err := d.sides(c)
			if err != nil {
				return err
			}
			_, headline := heading(c)
			b.WriteString(on.paint(bold, cut(app.App+": "+headline, max(width, 19))) + "\n")
			row(cyan, d.Left, " ", d.Right)
			columns(hunks(lines), row)
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// columns pairs the lines of hunks: those that are gone with those that came in their place.
func columns(lines []string, row func(color, left, mark, right string)) {
	for i := 0; i < len(lines); {
		switch lines[i][0] {
		case '@':
			row(cyan, lines[i], " ", "")
			i++
			continue
		case ' ':
			row("", lines[i][1:], " ", lines[i][1:])
			i++
			continue
		}
		var gone, come []string
		for ; i < len(lines) && lines[i][0] == '-'; i++ {
			gone = append(gone, lines[i][1:])
		}
		for ; i < len(lines) && lines[i][0] == '+'; i++ {
			come = append(come, lines[i][1:])
		}
		for j := range max(len(gone), len(come)) {
			switch {
			case j >= len(come):
				row(red, gone[j], "<", "")
			case j >= len(gone):
				row(green, "", ">", come[j])
			default:
				row(yellow, gone[j], "|", come[j])
			}
		}
	}
}

// fit gives the text in exactly so many columns of a terminal.
func fit(text string, columns int) string {
	text = cut(text, columns)
	return text + strings.Repeat(" ", columns-displayed(text))
}

// cut gives the text in at most so many columns, ending in an ellipsis where it is cut.
func cut(text string, columns int) string {
	text = strings.ReplaceAll(printable(text), "\t", "  ")
	if displayed(text) <= columns {
		return text
	}
	used := 0
	for i, r := range text {
		if used += runeWidth(r); used > columns-1 {
			return text[:i] + "…"
		}
	}
	return text
}

func displayed(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// wide are the characters that take two columns. Source: Unicode 16, EastAsianWidth.txt, W and F, in whole blocks.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1},
		{0x231a, 0x231b, 1},
		{0x23e9, 0x23f3, 1},
		{0x2614, 0x2615, 1},
		{0x26a1, 0x26a1, 1},
		{0x2705, 0x2705, 1},
		{0x2728, 0x2728, 1},
		{0x274c, 0x274e, 2},
		{0x2753, 0x2755, 1},
		{0x2757, 0x2757, 1},
		{0x2795, 0x2797, 1},
		{0x2b1b, 0x2b1c, 1},
		{0x2b50, 0x2b55, 5},
		{0x2e80, 0x303e, 1},
		{0x3041, 0xa4cf, 1},
		{0xa960, 0xa97f, 1},
		{0xac00, 0xd7a3, 1},
		{0xf900, 0xfaff, 1},
		{0xfe10, 0xfe19, 1},
		{0xfe30, 0xfe6f, 1},
		{0xff00, 0xff60, 1},
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18aff, 1},
		{0x1b000, 0x1b2ff, 1},
		{0x1f004, 0x1f004, 1},
		{0x1f0cf, 0x1f0cf, 1},
		{0x1f18e, 0x1f19a, 1},
		{0x1f200, 0x1f265, 1},
		{0x1f300, 0x1f64f, 1},
		{0x1f680, 0x1f6ff, 1},
		{0x1f7e0, 0x1f7eb, 1},
		{0x1f900, 0x1faff, 1},
		{0x20000, 0x3fffd, 1},
	},
}

// runeWidth gives the columns of a terminal that a character takes.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
