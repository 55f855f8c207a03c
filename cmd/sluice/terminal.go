package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// defaultWidth is that of two columns where nobody says how wide the page is.
const defaultWidth = 160

// page is what is known of the place that stdout goes to.
type page struct {
	terminal bool
	width    int
}

// pageOf looks at stdout.
func pageOf(w io.Writer) page {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return page{width: defaultWidth}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 { // a serial line does not know its size
		width = defaultWidth
	}
	return page{terminal: true, width: width}
}

// colored says whether to colour, by --color: on a terminal that can and where nobody objects (no-color.org).
func (s page) colored(when string) bool {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	kind := os.Getenv("TERM")
	return s.terminal && kind != "" && kind != "dumb" && os.Getenv("NO_COLOR") == ""
}

// visible writes out what a terminal would obey: names of objects and words of tools may hold its commands, and marks that
// turn the order of a line round. Line ends and tabs stay.
func visible(text string) string {
	obeyed := func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
	}
	if !strings.ContainsFunc(text, obeyed) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
