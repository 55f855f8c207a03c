//go:build hazards

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// hazard is a file of testdata/hazards: a stack with one seeded hazard, and beside it the clean twin, which differs from
// it in nothing but what makes it a hazard.
//
// The comment of the archive says, a line each:
//
//	title: what the hazard is, for the table
//	class: the entry of cause.Catalogue, e.g. H3, or a word for what is at stake
//	run:   arguments of sluice; those before the last are preparation and have to end with exit code 0
//	exit:  exit code of the last run, 1 unless said
//	finds: text in what the last run says; at least one. The twin must say none of them
//	cause: text in what the last run says: the reason; at least one
//	clean: exit code of the twin's last run, 0 unless said
//
// Files below twin/ stand in the twin in place of those of the same name, an empty one for a file that it lacks.
type hazard struct {
	name, title, class string
	runs, finds, cause []string
	exit, clean        string
	files              []txtar.File
}

var hazardLine = regexp.MustCompile(`^(title|class|run|exit|finds|cause|clean): +(.*)$`)

func readHazard(t *testing.T, file string) hazard {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h := hazard{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), exit: "1", clean: "0", files: archive.Files}
	for line := range strings.Lines(string(archive.Comment)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := hazardLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%s: what is %q?", file, line)
		}
		switch m[1] {
		case "title":
			h.title = m[2]
		case "class":
			h.class = m[2]
		case "run":
			h.runs = append(h.runs, m[2])
		case "exit":
			h.exit = m[2]
		case "finds":
			h.finds = append(h.finds, m[2])
		case "cause":
			h.cause = append(h.cause, m[2])
		case "clean":
			h.clean = m[2]
		}
	}
	if h.title == "" || h.class == "" || len(h.runs) == 0 || len(h.finds) == 0 || len(h.cause) == 0 {
		t.Fatalf("%s lacks a title, class, run, finds or cause", file)
	}
	return h
}

// TestHazards seeds every hazard, and then its twin. It needs the engines of make toolchains. With -update it writes the table
// into the README.
func TestHazards(t *testing.T) {
	files, err := filepath.Glob("../../testdata/hazards/*.txtar")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d hazards (%v), at least 30 are promised", len(files), err)
	}
	bin, err := filepath.Abs(os.Getenv("SLUICE_BIN"))
	if err != nil || os.Getenv("SLUICE_BIN") == "" {
		t.Fatal("SLUICE_BIN names no binary; make hazards sets it")
	}
	var all []hazard
	for _, file := range files {
		all = append(all, readHazard(t, file))
	}
	slices.SortFunc(all, byClass)
	rows := make([]string, len(all))
	t.Run("all", func(t *testing.T) {
		for i, h := range all {
			t.Run(h.name, func(t *testing.T) {
				t.Parallel()
				dir := h.place(t)
				rows[i] = h.seeded(t, bin, dir)
				h.twin(t, bin, dir)
			})
		}
	})
	if t.Failed() {
		return
	}
	table := "| class | hazard | compared | found as | cause |\n|---|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n"
	t.Logf("%d hazards, each found, each with a clean twin\n%s", len(rows), table)
	inReadme(t, table)
}

// byClass orders hazards by the letter and number of their class, words last, then by name.
func byClass(a, b hazard) int {
	split := func(class string) (letter string, number int) {
		digits := strings.TrimLeft(class, "AHKM")
		if n, err := strconv.Atoi(digits); err == nil {
			return strings.TrimSuffix(class, digits), n
		}
		return class, 0
	}
	x, n := split(a.class)
	y, m := split(b.class)
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(n, m), cmp.Compare(a.name, b.name))
}

// inReadme holds the README to the table, or rewrites it.
func inReadme(t *testing.T, table string) {
	t.Helper()
	const file, from, to = "../../README.md", "<!-- hazards -->\n", "<!-- /hazards -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(text), from)
	old, after, closed := strings.Cut(rest, to)
	switch {
	case !opened || !closed:
		t.Fatalf("README.md lacks %q and %q", from, to)
	case old == table:
	case *update:
		if err := os.WriteFile(file, []byte(before+from+table+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table of README.md is another one; make hazards UPDATE=-update rewrites it")
	}
}

// seeded runs the hazard and gives its row of the table.
func (h hazard) seeded(t *testing.T, bin, dir string) string {
	said := sluice(t, bin, dir, h.exit, h.runs...)
	for _, text := range slices.Concat(h.finds, h.cause) {
		if !strings.Contains(said, text) {
			t.Errorf("seeded: %q is not said:\n%s", text, said)
		}
	}
	cells := []string{h.class, h.title, h.compared(), h.found(said), h.reason(said)}
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(cells[i], "|", "\\|"), "<", "&lt;")
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// compared says what the last run compares.
func (h hazard) compared() string {
	words := strings.Fields(h.runs[len(h.runs)-1])
	if words[0] != "diff" {
		return "`" + words[0] + "`"
	}
	if words[1] == "--stack" {
		words = words[2:]
	}
	return "`" + words[1] + "` → `" + words[2] + "`"
}

var (
	findingLine = regexp.MustCompile(`^ *(info|outage|replace|secret-loss|cascade|data-loss): (.*) \[([a-z-]+)\]`)
	catalogued  = regexp.MustCompile(` \([AHKM][0-9]+(, .*)?\)$`)
)

// found says how the hazard was found: severity and rule of the finding that has one of the texts, or of the first one.
func (h hazard) found(said string) string {
	best := ""
	for line := range strings.Lines(said) {
		m := findingLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		of := m[1] + " (" + m[3] + ")"
		if slices.ContainsFunc(h.finds, func(text string) bool { return strings.Contains(line, text) }) {
			return of
		}
		best = cmp.Or(best, of)
	}
	switch {
	case best != "" || h.exit != "2":
	case strings.Contains(said, "not rendered on"):
		best = "not rendered, exit code 2"
	default:
		best = "refused, exit code 2"
	}
	return cmp.Or(best, "difference")
}

// reason gives the words of the output that have the first text of the cause: those of a cause or of a reason where there
// are any, else the line.
func (h hazard) reason(said string) string {
	words := ""
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); !strings.Contains(line, h.cause[0]) {
			continue
		}
		if text, ok := strings.CutPrefix(line, "error: "); ok {
			return text
		}
		if text, ok := strings.CutPrefix(line, "cause: "); ok {
			_, after, found := strings.Cut(text, " because ")
			if !found {
				after = text
			}
			return catalogued.ReplaceAllString(after, "")
		}
		text, why := strings.CutPrefix(line, "why: ")
		if why {
			for clause := range strings.SplitSeq(text, "; ") {
				if strings.Contains(clause, h.cause[0]) {
					return clause
				}
			}
		}
		if m := findingLine.FindStringSubmatch(line); m != nil {
			text = m[2]
		}
		words = cmp.Or(words, text)
	}
	return words
}

// twin runs the twin in the directory of the hazard, or in one of its own.
func (h hazard) twin(t *testing.T, bin, dir string) {
	runs := h.runs[len(h.runs)-1:]
	if !h.prepared() {
		dir, runs = h.place(t), h.runs
	}
	h.clear(t, dir)
	said := sluice(t, bin, dir, h.clean, runs...)
	for _, text := range h.finds {
		if strings.Contains(said, text) {
			t.Errorf("twin: %q is said:\n%s", text, said)
		}
	}
}

// place writes the files of the hazard.
func (h hazard) place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range h.files {
		if !strings.HasPrefix(f.Name, "twin/") {
			write(t, filepath.Join(dir, filepath.FromSlash(f.Name)), f.Data)
		}
	}
	return dir
}

// clear makes a twin of the hazard that is in dir.
func (h hazard) clear(t *testing.T, dir string) {
	t.Helper()
	changed := 0
	for _, f := range h.files {
		name, ok := strings.CutPrefix(f.Name, "twin/")
		if !ok {
			continue
		}
		changed++
		at := filepath.Join(dir, filepath.FromSlash(name))
		if len(f.Data) > 0 {
			write(t, at, f.Data)
		} else if err := os.Remove(at); err != nil {
			t.Fatal(err)
		}
	}
	if changed == 0 {
		t.Fatal("the twin is the hazard: no file below twin/")
	}
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// prepared says whether the runs before the last one are the same for the twin and can stand: only the last reads what
// differs, and it writes nothing.
func (h hazard) prepared() bool {
	return strings.HasPrefix(h.runs[len(h.runs)-1], "diff ") &&
		!slices.ContainsFunc(h.files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "twin/old/") })
}

// sluice runs commands and gives what the last one said on both streams.
func sluice(t *testing.T, bin, dir, exit string, lines ...string) string {
	t.Helper()
	var said []byte
	for i, line := range lines {
		cmd := exec.Command(bin, strings.Fields(line)...)
		cmd.Dir = dir
		var err error
		said, err = cmd.CombinedOutput()
		want := exit
		if i < len(lines)-1 {
			want = "0"
		}
		code := 0
		if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
			code = ended.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(code) != want {
			t.Fatalf("sluice %s: exit code %d, want %s\n%s", line, code, want, said)
		}
	}
	return string(said)
}
