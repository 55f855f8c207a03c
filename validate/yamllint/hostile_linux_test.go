package yamllint

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Texts that would take for ever where something is looked at again and again: of one that is four times as long the work
// is about four times as much, and sixteen times where each thing is looked at from each other.
func TestHostileTexts(t *testing.T) {
	strict := &config{rules: map[string]*setting{}, dir: "."}
	var names []string
	for _, s := range styles() {
		names = append(names, s.name)
	}
	strict = strict.with(names)
	for name, text := range map[string]func(n int) string{
		"deep flow":   func(n int) string { return strings.Repeat("[", 4*n) },
		"one line":    func(n int) string { return "a: [" + strings.Repeat("yes, ", n) + "]" },
		"accents":     func(n int) string { return "a: [" + strings.Repeat("\u00e9, ", n) + "]" },
		"deep blocks": func(n int) string { return strings.Repeat("- ", 2*n) },
		"keys":        func(n int) string { return strings.Repeat("? ", 2*n) },
		"pairs":       func(n int) string { return "a: {" + strings.Repeat("\u00e9: 1, ", n/2) + "}" },
		"comments":    func(n int) string { return "a: [" + strings.Repeat("x ", 2*n) + "\n" + strings.Repeat("#\n", n) },
		"cut":         func(n int) string { return strings.Repeat("a: b #c\n", n/2) },
		"directives": func(n int) string {
			return strings.Repeat("# yamllint disable rule:x\n# yamllint enable rule:colons\n", n/8)
		},
		"empty":     func(n int) string { return strings.Repeat("\n\r\n", n) },
		"joined":    func(n int) string { return "a: \"" + strings.Repeat("x\\\n", n) + "\"" },
		"anchors":   func(n int) string { return strings.Repeat("- &a\n", n/2) },
		"documents": func(n int) string { return strings.Repeat("---\n", n) },
	} {
		const long, most, tries = 1 << 17, 9, 5
		var short, whole time.Duration
		for range tries { // whatever else the machine does makes some of them longer, and not all
			short, whole = worked(t, text(long/4), strict), worked(t, text(long), strict)
			if whole <= most*short {
				break
			}
		}
		if whole > most*short {
			t.Errorf("%s: %s, and of a quarter of the text %s", name, whole, short)
		}
	}
}

// worked gives the time of the processor that judging a text takes. Other programs do not count in it.
func worked(t *testing.T, text string, c *config) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spent := func() time.Duration {
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &used); err != nil {
			t.Fatal(err)
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	before := spent()
	judge(edited{name: "x.yaml"}, text, c)
	return spent() - before
}
