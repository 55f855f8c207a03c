package yamllint

import (
	"regexp"
	"slices"
	"strings"
)

// The comments by which yamllint's users take rules back.
var (
	disableFile = regexp.MustCompile(`^#\s*yamllint disable-file\s*$`)
	disableRule = regexp.MustCompile(`^# yamllint (disable|enable|disable-line)((?: rule:\S+)*)\s*$`)
)

// takenBack says of each line which rules a comment has taken back.
type takenBack struct {
	whole bool          // all of the file
	lines map[int]words // "*" for all rules
	from  []span        // in the order of their lines
}

// words are names of rules.
type words map[string]bool

// span is what holds from a line on: of each rule that was named whether it is off, of the others all.
type span struct {
	line  int
	names words
	all   bool
}

// sense lists, by the name of a rule of yamllint's, those of ours that say the same of a line.
var sense = map[string][]string{
	"key-duplicates": {duplicateKey}, "truthy": {ambiguous}, "octal-values": {ambiguous}, "float-values": {ambiguous},
	"comments": {cutComment},
}

// takeBack reads the comments that take rules back. Lines count from 0.
func takeBack(f *file) takenBack {
	var back takenBack
	first := f.text
	if len(f.begin) > 1 {
		first = first[:f.begin[1]-1]
	}
	back.whole = disableFile.MatchString(strings.TrimRight(first, "\r"))
	now, known := span{names: words{}}, ruleNames()
	for _, n := range f.notes {
		if n.header || !strings.HasPrefix(f.text[n.start:n.end], "# yamllint ") {
			continue
		}
		parts := disableRule.FindStringSubmatch(f.text[n.start:n.end])
		if parts == nil {
			continue
		}
		var names []string
		for _, word := range strings.Fields(parts[2]) {
			if name := strings.TrimPrefix(word, "rule:"); known[name] {
				names = append(append(names, name), sense[name]...)
			}
		}
		if len(names) == 0 && parts[2] != "" {
			continue // of rules that are not ours, none
		}
		if parts[1] == "disable-line" {
			back.addLine(f, n, names)
			continue
		}
		now = now.with(parts[1] == "disable", names)
		now.line = int(n.line)
		back.from = append(back.from, now)
	}
	return back
}

// ruleNames are what comments may call rules: yamllint's names, and ours with and without their beginning.
func ruleNames() words {
	names := words{}
	for _, s := range styles() {
		names[s.name], names[prefix+s.name] = true, true
	}
	for _, id := range []string{duplicateKey, tabs, ambiguous, encoding, documentMarkers, trailing, cutComment} {
		names[id], names[strings.TrimPrefix(id, prefix)] = true, true
	}
	return names
}

// addLine adds what holds for one line: that of the comment, or the next where it has one to itself.
func (b *takenBack) addLine(f *file, n note, names []string) {
	line := int(n.line)
	if !f.inline(n) {
		line++
	}
	if b.lines == nil {
		b.lines = map[int]words{}
	}
	set := b.lines[line]
	if set == nil {
		set = words{}
	}
	if len(names) == 0 {
		names = []string{"*"}
	}
	for _, name := range names {
		set[name] = true
	}
	b.lines[line] = set
}

// with gives what holds after a comment: the rules that are off.
func (s span) with(off bool, names []string) span {
	next := span{names: words{}, all: s.all}
	for name, is := range s.names {
		next.names[name] = is
	}
	if len(names) == 0 {
		return span{names: words{}, all: off}
	}
	for _, name := range names {
		next.names[name] = off
	}
	return next
}

// has says whether a rule is off on a line, by yamllint's name or by ours.
func (b takenBack) has(rule string, line int) bool {
	if b.whole {
		return true
	}
	short := strings.TrimPrefix(rule, prefix)
	if set := b.lines[line]; set["*"] || set[rule] || set[short] {
		return true
	}
	i, found := slices.BinarySearchFunc(b.from, line, func(s span, line int) int { return s.line - line })
	for found && i+1 < len(b.from) && b.from[i+1].line == line {
		i++
	}
	if !found {
		i--
	}
	if i < 0 {
		return false
	}
	s := b.from[i]
	for _, name := range []string{rule, short} {
		if off, said := s.names[name]; said {
			return off
		}
	}
	return s.all
}

// lint holds a text to the rules of a configuration. Name is its path below the directory of the configuration.
func (c *config) lint(f *file, name string, back takenBack) []problem {
	if c.ignore.has(name) || c.only != nil && !c.only.has(name[strings.LastIndexByte(name, '/')+1:]) {
		return nil
	}
	f.found = nil
	for _, s := range styles() {
		set := c.rules[s.name]
		if set == nil || set.ignore.has(name) {
			continue
		}
		f.rule = s.name
		s.check(f, set.options)
	}
	return slices.DeleteFunc(f.found, func(p problem) bool { return back.has(p.rule, p.on) })
}
