package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"sluice/render/source"
)

// frameGap is the least time between two drawings of the live lines that progress alone asks for.
const frameGap = 100 * time.Millisecond

// progress is stderr. Whatever is written there goes through its lock, so that no line is torn by another.
//
// On a terminal the sources being fetched have one live line each at the bottom, drawn anew in place; everything else
// is printed above them and stays. Elsewhere each fetched source is one plain line at its end. The cursor stays visible
// and no mode of the terminal is changed, so that nothing has to be put right after a crash. (mpb/v8 would draw bars,
// but it owns a goroutine and a ticker for each run and has no plain form; three escape sequences are enough.)
type progress struct {
	mu    sync.Mutex
	to    io.Writer
	size  func() (width, height int) // nil where there are no live lines
	live  []*fetching                // in the order of their beginning
	drawn int                        // live lines on the screen, above the cursor
	above bytes.Buffer               // whole lines that the next frame prints above the live ones
	last  time.Time                  // of the last frame
	timer *time.Timer                // draws what came too soon after the last frame; nil where nothing waits
	over  bool
}

// fetching is a live line. Fetches of one name share it.
type fetching struct {
	at    source.Progress
	count int
}

// newProgress looks whether w is a terminal that can move its cursor and has a person before it. CI systems set CI, and
// some give their jobs a terminal whose every byte is kept in the log.
func newProgress(w io.Writer) *progress {
	p := &progress{to: w}
	file, ok := w.(*os.File)
	kind := os.Getenv("TERM")
	if !ok || !term.IsTerminal(int(file.Fd())) || kind == "" || kind == "dumb" || os.Getenv("CI") != "" {
		return p
	}
	p.size = func() (int, int) {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 || height <= 0 { // a serial line does not know its size
			return 80, 24
		}
		return width, height
	}
	return p
}

// Write prints whole lines, above the live ones.
func (p *progress) Write(lines []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.above.Write(lines)
	return len(lines), p.frame()
}

// tell takes what a reader tells of a fetch. A fetch that failed leaves no line: its error is printed by the verb.
func (p *progress) tell(at source.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	at.Source = printable(at.Source)
	if at.Done && at.Err == nil {
		fmt.Fprintf(&p.above, "fetched %s (%s)\n", at.Source, bytesText(at.Bytes))
	}
	if p.size == nil {
		_ = p.frame() // progress that cannot be shown stops no work
		return
	}
	p.follow(at)
	switch wait := frameGap - time.Since(p.last); {
	// The last line goes at once: the result may be printed to the same terminal next.
	case len(p.live) == 0, wait <= 0:
		_ = p.frame()
	case p.timer == nil:
		p.timer = time.AfterFunc(wait, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			_ = p.frame()
		})
	}
}

// follow brings the live lines up to date.
func (p *progress) follow(at source.Progress) {
	i := slices.IndexFunc(p.live, func(f *fetching) bool { return f.at.Source == at.Source })
	begins := !at.Done && at.Bytes == 0
	switch {
	case i < 0 && begins:
		p.live = append(p.live, &fetching{at: at, count: 1})
	case i < 0:
	case begins:
		p.live[i].count++
	case at.Done && p.live[i].count == 1:
		p.live = slices.Delete(p.live, i, i+1)
	case at.Done:
		p.live[i].count--
	default:
		p.live[i].at = at
	}
}

// clear takes the live lines away for good; what is fetched from now on is told by plain lines.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live, p.size = nil, nil
	_ = p.frame()
}

// end is clear, and nothing more is told: a fetch that an interrupted verb left behind may come to its end after the
// error was printed.
func (p *progress) end() {
	p.clear()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
}

// frame brings the screen up to date with one write, so that it never shows a half. The cursor is left at the start of
// the line below the last live one; \r is for the ^C that the terminal echoes there.
func (p *progress) frame() error {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	var b bytes.Buffer
	if p.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", p.drawn)
	}
	_, _ = p.above.WriteTo(&b)
	p.drawn = 0
	if len(p.live) > 0 {
		for _, line := range p.lines() {
			b.WriteString(line + "\n")
			p.drawn++
		}
		p.last = time.Now()
	}
	if b.Len() == 0 {
		return nil
	}
	_, err := p.to.Write(b.Bytes())
	return err
}

// lines are the live lines, each narrower and all of them lower than the terminal: a line that wraps or scrolls away
// cannot be erased. Those that have no room are counted.
func (p *progress) lines() []string {
	width, height := p.size()
	room := max(1, height-1)
	var lines []string
	for i, f := range p.live {
		if i == room-1 && len(p.live) > room {
			return append(lines, fit("fetching", fmt.Sprintf("%d more", len(p.live)-i), width-1))
		}
		lines = append(lines, fit("fetching "+f.at.Source, arrived(f.at), width-1))
	}
	return lines
}

// arrived says how much of a fetch is there.
func arrived(at source.Progress) string {
	switch {
	case at.Bytes == 0:
		return ""
	case at.Total < at.Bytes: // not stated, or not true
		return bytesText(at.Bytes)
	}
	return bytesText(at.Bytes) + " of " + bytesText(at.Total)
}

// fit joins two texts with a blank in at most width runes. The first is cut, because the second is what changes.
func fit(text, state string, width int) string {
	left := []rune(text)
	right := []rune(strings.TrimRight(" "+state, " "))
	if over := len(left) + len(right) - width; over > 0 {
		left = append(left[:max(0, len(left)-over-1)], '…')
	}
	line := append(left, right...)
	return string(line[:min(len(line), max(0, width))])
}

// printable keeps a name from steering the terminal: a chart's version is what somebody's index.yaml says.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// bytesText spells a number of bytes in powers of 1000.
func bytesText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// result is stdout. What is printed there takes the live lines away first, because both may be one terminal.
type result struct {
	io.Writer
	progress *progress
}

func (r result) Write(b []byte) (int, error) {
	r.progress.clear()
	return r.Writer.Write(b)
}
