package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/render/source"
)

// screen is what a person sees: it understands the sequences that progress uses, and fails the test at any other.
type screen struct {
	t   *testing.T
	mu  sync.Mutex
	raw bytes.Buffer
}

// Write takes whatever the terminal gives.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	return len(b), nil
}

// rawText is all that was written so far.
func (s *screen) rawText() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// text is the screen, with everything that scrolled off its top, without blanks at the ends of lines.
func (s *screen) text() string {
	c := canvas{rows: [][]rune{nil}}
	for rest := []rune(s.rawText()); len(rest) > 0; {
		n, ok := c.step(rest)
		if !ok {
			s.t.Errorf("a sequence that is not known, or leads off the screen: %q on row %d", rest[:n], c.y)
		}
		rest = rest[n:]
	}
	var lines []string
	for _, row := range c.rows {
		lines = append(lines, strings.TrimRight(string(row), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// canvas is a screen while it is drawn.
type canvas struct {
	rows [][]rune
	y, x int
}

// step draws one rune or sequence and gives its length. A line feed returns the carriage, as terminals are set to.
func (s *canvas) step(rest []rune) (length int, ok bool) {
	switch r := rest[0]; {
	case r == '\r':
		s.x = 0
	case r == '\n':
		s.y, s.x = s.y+1, 0
		if s.y == len(s.rows) {
			s.rows = append(s.rows, nil)
		}
	case r == '\x1b':
		end := slices.IndexFunc(rest, func(r rune) bool { return r == 'A' || r == 'J' })
		if end < 0 {
			return len(rest), true // the rest of it is still to come
		}
		n, _ := strconv.Atoi(string(rest[2:end]))
		switch seq := string(rest[:end+1]); {
		case seq == "\x1b[J":
			s.rows = s.rows[:s.y+1]
			s.rows[s.y] = s.rows[s.y][:min(s.x, len(s.rows[s.y]))]
		case rest[end] == 'A' && n > 0 && n <= s.y:
			s.y -= n
		default:
			return end + 1, false
		}
		return end + 1, true
	default:
		row := s.rows[s.y]
		for len(row) <= s.x {
			row = append(row, ' ')
		}
		row[s.x] = r
		s.rows[s.y] = row
		s.x++
	}
	return 1, true
}

// await waits until the screen holds want.
func (s *screen) await(want string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(s.text(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Errorf("the screen does not show %q:\n%s", want, s.text())
			return
		}
	}
}

// openTerminal gives a pseudo terminal of a size and what is on its screen. close ends it, after all is read.
func openTerminal(t *testing.T, width, height uint16) (tty *os.File, s *screen, closeAll func()) {
	t.Helper()
	// The kernel's own way, as posix_openpt, unlockpt and ptsname go it: man 4 pts.
	ctrl, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	check(t, err)
	check(t, unix.IoctlSetPointerInt(int(ctrl.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(ctrl.Fd()), unix.TIOCGPTN)
	check(t, err)
	check(t, unix.IoctlSetWinsize(int(ctrl.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	s = &screen{t: t}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := ctrl.Read(buf)
			_, _ = s.Write(buf[:n])
			if err != nil { // EIO once the terminal's last user has closed it
				return
			}
		}
	}()
	return tty, s, func() {
		check(t, tty.Close())
		<-read
		check(t, ctrl.Close())
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// slowly serves the mirror of testdata. Each archive stops half-way until hold returns.
func slowly(t *testing.T, hold func(path string)) string {
	t.Helper()
	root := filepath.Join("..", "..", "testdata", "mirror")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(r.URL.Path)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		half := 0
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			half = len(content) / 2
			_, _ = w.Write(content[:half])
			_ = http.NewResponseController(w).Flush()
			hold(r.URL.Path)
		}
		_, _ = w.Write(content[half:])
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// twoCharts is a stack of two charts of a server.
func twoCharts(t *testing.T, url string) string {
	t.Helper()
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "stack.cue"), []byte(`package stack
name: "slow"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: base: {wave: 0, tier: "system", apps: {
	valkey: helm: {repo: "`+url+`/valkey.io/valkey-helm", chart: "valkey", version: "0.9.4"}
	reflector: helm: {repo: "`+url+`/emberstack.github.io/helm-charts", chart: "reflector", version: "9.1.34"}
}}
`), 0o644))
	return dir
}

// person is the environment of somebody at a terminal, whatever runs the tests.
func person(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("CI", "")
	t.Setenv(cacheVariable, t.TempDir())
}

func TestFetchesHaveLiveLinesOnATerminal(t *testing.T) {
	person(t)
	tty, seen, closeAll := openTerminal(t, 72, 24)
	meet := make(chan struct{}, 2) // both archives are half there before either goes on
	var url string
	url = slowly(t, func(path string) {
		if strings.Contains(path, "valkey") {
			seen.await("fetching chart valkey 0.9.4 of")
			seen.await("fetching chart reflector 9.1.34 of")
			seen.await(" kB of ")
			close(meet)
			return
		}
		<-meet
		// The first to end stays above the other's live line.
		seen.await("fetched chart valkey 0.9.4 of " + url + "/valkey.io/valkey-helm (")
	})
	var out bytes.Buffer
	if code := run(t.Context(), streams{out: &out, err: tty}, []string{"lock", "--stack", twoCharts(t, url), "--jobs", "2"}); code != exitClean {
		t.Errorf("exit code %d", code)
	}
	closeAll()
	lines := strings.Split(seen.text(), "\n")
	slices.Sort(lines)
	want := []string{
		"fetched chart reflector 9.1.34 of " + url + "/emberstack.github.io/helm-charts (",
		"fetched chart valkey 0.9.4 of " + url + "/valkey.io/valkey-helm (",
		"fetched index of " + url + "/emberstack.github.io/helm-charts (",
		"fetched index of " + url + "/valkey.io/valkey-helm (",
		"sluice.lock: 2 sources, 2 changed",
	}
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("the screen is\n%s\nwant\n%s", seen.text(), strings.Join(want, "\n"))
	}
	if !strings.Contains(out.String(), "reflector") || strings.Contains(out.String(), "fetch") {
		t.Errorf("stdout is %s", out.String())
	}
	for line := range strings.SplitSeq(seen.rawText(), "\n") {
		if strings.Contains(line, "fetching") && len([]rune(strings.TrimSpace(line[strings.LastIndex(line, "fetching"):]))) >= 72 {
			t.Errorf("a live line fills the terminal: %q", line)
		}
	}
}

func TestAnInterruptedFetchLeavesNoLiveLine(t *testing.T) {
	person(t)
	tty, seen, closeAll := openTerminal(t, 72, 24)
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	url := slowly(t, func(string) {
		once.Do(func() {
			seen.await("fetching chart ")
			cancel()
		})
	})
	if code := run(ctx, streams{out: &bytes.Buffer{}, err: tty}, []string{"lock", "--stack", twoCharts(t, url)}); code != exitError {
		t.Errorf("exit code %d", code)
	}
	closeAll()
	text := seen.text()
	if strings.Contains(text, "fetching") || strings.Contains(text, "fetched chart") || !strings.HasSuffix(text, "\nerror: interrupted: nothing more was written") {
		t.Errorf("the screen is\n%s", text)
	}
}

// Where nobody looks at a terminal there are whole lines and no sequence, and with --quiet there is nothing.
func TestFetchesHavePlainLinesElsewhere(t *testing.T) {
	stack := twoCharts(t, slowly(t, func(string) {}))
	for name, c := range map[string]struct {
		env   map[string]string
		flags []string
		lines int
	}{
		"CI":    {env: map[string]string{"CI": "true"}, lines: 5},
		"dumb":  {env: map[string]string{"TERM": "dumb"}, lines: 5},
		"none":  {env: map[string]string{"TERM": ""}, lines: 5},
		"quiet": {flags: []string{"--quiet"}},
	} {
		t.Run(name, func(t *testing.T) {
			person(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			tty, seen, closeAll := openTerminal(t, 72, 24)
			run(t.Context(), streams{out: &bytes.Buffer{}, err: tty}, append([]string{"lock", "--update", "--stack", stack}, c.flags...))
			closeAll()
			raw := seen.rawText()
			if n := strings.Count(raw, "\n"); n != c.lines || strings.Count(raw, "fetched ") != max(0, n-1) || strings.Contains(raw, "\x1b") || strings.Contains(raw, "fetching") {
				t.Errorf("%d lines, want %d: %q", n, c.lines, raw)
			}
		})
	}
}

// shown is a progress on a screen of a size.
func shown(t *testing.T, width, height int) (*progress, *screen) {
	s := &screen{t: t}
	return &progress{to: s, size: func() (int, int) { return width, height }}, s
}

func TestLiveLinesFitTheTerminal(t *testing.T) {
	p, seen := shown(t, 30, 4)
	for _, name := range []string{"a chart with a long näme of somewhere", "b", "c", "d", "e"} {
		p.tell(source.Progress{Source: name})
	}
	p.tell(source.Progress{Source: "a chart with a long näme of somewhere", Bytes: 1_400_000, Total: 2_000_000})
	seen.await("MB of")
	if got, want := seen.text(), "fetching a … 1.4 MB of 2.0 MB\nfetching b\nfetching 3 more"; got != want {
		t.Errorf("the screen is\n%s\nwant\n%s", got, want)
	}
	// A note is not torn and stays above, once.
	_, err := p.Write([]byte("waiting for something whose line is longer than the terminal is wide\n"))
	check(t, err)
	p.tell(source.Progress{Source: "b", Bytes: 7, Total: 7, Done: true})
	seen.await("fetched b (7 B)\n")
	if got := seen.text(); !strings.HasPrefix(got, "waiting for something whose line is longer than the terminal is wide\nfetched b (7 B)\nfetching a") || strings.Count(got, "\n") != 4 {
		t.Errorf("the screen is\n%s", got)
	}
	p.end()
	p.tell(source.Progress{Source: "c", Bytes: 7, Total: 7, Done: true})
	if got := seen.text(); strings.Contains(got, "fetching") || strings.Contains(got, "fetched c") {
		t.Errorf("after the end the screen is\n%s", got)
	}
}

func TestLiveLinesAreDrawnTenTimesASecond(t *testing.T) {
	p, seen := shown(t, 80, 24)
	begun := time.Now()
	p.tell(source.Progress{Source: "a"})
	for n := range int64(20000) {
		p.tell(source.Progress{Source: "a", Bytes: n + 1})
	}
	frames := strings.Count(seen.rawText(), "fetching")
	if most := int(time.Since(begun)/frameGap) + 2; frames > most {
		t.Errorf("%d frames, at most %d are due", frames, most)
	}
	// The last state is drawn although nothing follows it.
	seen.await("fetching a 20 kB")
	p.tell(source.Progress{Source: "a", Done: true, Bytes: 20000})
	if got := seen.text(); got != "fetched a (20 kB)" {
		t.Errorf("the screen is\n%s", got)
	}
}

// Fetches of one name share a line until both are over, a failed one leaves none, and the result takes all of them away.
func TestLiveLinesEnd(t *testing.T) {
	p, seen := shown(t, 80, 24)
	p.tell(source.Progress{Source: "a"})
	p.tell(source.Progress{Source: "a"})
	p.tell(source.Progress{Source: "evil\x1b[2J\nname"})
	p.tell(source.Progress{Source: "a", Done: true, Err: os.ErrClosed})
	seen.await("fetching evil\uFFFD[2J\uFFFDname")
	if got := seen.text(); !strings.HasPrefix(got, "fetching a\n") {
		t.Errorf("the screen is\n%s", got)
	}
	out := result{seen, p}
	_, err := out.Write([]byte("result\n"))
	check(t, err)
	p.tell(source.Progress{Source: "a", Done: true, Bytes: 1})
	if got, want := seen.text(), "result\nfetched a (1 B)"; got != want {
		t.Errorf("the screen is\n%s\nwant\n%s", got, want)
	}
}
