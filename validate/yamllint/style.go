package yamllint

import (
	"fmt"
	"slices"
)

// style is a rule of yamllint's: its name there, its options, and what looks for it.
type style struct {
	name    string
	options []option
	check   func(*file, options)
}

// option is one that a rule has.
type option struct {
	name  string
	value any   // where it is not stated
	may   []any // the values that it may have; a kindOf allows all of a type
}

// kindOf stands for all values of a type.
type kindOf string

const (
	aBool  = kindOf("a boolean")
	anInt  = kindOf("a whole number")
	strung = kindOf("a list of regular expressions")
	truths = kindOf("a list of truthy values")
)

func boolean(name string, value bool) option { return option{name, value, []any{aBool}} }
func number(name string, value int) option   { return option{name, value, []any{anInt}} }

// insideOptions are those of braces and brackets.
func insideOptions() []option {
	return []option{
		{"forbid", false, []any{aBool, "non-empty"}},
		number("min-spaces-inside", 0), number("max-spaces-inside", 0),
		number("min-spaces-inside-empty", -1), number("max-spaces-inside-empty", -1),
	}
}

// styles are the rules of yamllint 1.38 with their options and defaults (https://yamllint.readthedocs.io/en/stable/rules.html).
func styles() []style {
	return []style{
		{"anchors", []option{
			boolean("forbid-undeclared-aliases", true), boolean("forbid-duplicated-anchors", false), boolean("forbid-unused-anchors", false),
		}, anchors},
		{"braces", insideOptions(), func(f *file, o options) { f.inside(o, flowMapping, "braces") }},
		{"brackets", insideOptions(), func(f *file, o options) { f.inside(o, flowSequence, "brackets") }},
		{"colons", []option{number("max-spaces-before", 0), number("max-spaces-after", 1)}, colons},
		{"commas", []option{number("max-spaces-before", 0), number("min-spaces-after", 1), number("max-spaces-after", 1)}, commas},
		{"comments", []option{
			boolean("require-starting-space", true), boolean("ignore-shebangs", true), number("min-spaces-from-content", 2),
		}, comments},
		{"comments-indentation", nil, commentsIndentation},
		{"document-end", []option{boolean("present", true)}, documentEnds},
		{"document-start", []option{boolean("present", true)}, documentStarts},
		{"empty-lines", []option{number("max", 2), number("max-start", 0), number("max-end", 0)}, emptyLines},
		{"empty-values", []option{
			boolean("forbid-in-block-mappings", true), boolean("forbid-in-flow-mappings", true), boolean("forbid-in-block-sequences", true),
		}, emptyValues},
		{"float-values", []option{
			boolean("require-numeral-before-decimal", false), boolean("forbid-scientific-notation", false),
			boolean("forbid-nan", false), boolean("forbid-inf", false),
		}, floatValues},
		{"hyphens", []option{number("max-spaces-after", 1)}, hyphens},
		{"indentation", []option{
			{"spaces", "consistent", []any{anInt, "consistent"}},
			{"indent-sequences", true, []any{aBool, "whatever", "consistent"}},
			boolean("check-multi-line-strings", false),
		}, indentation},
		{"key-duplicates", []option{boolean("forbid-duplicated-merge-keys", false)}, keyDuplicates},
		{"key-ordering", []option{{"ignored-keys", []string(nil), []any{strung}}}, keyOrdering},
		{"line-length", []option{
			number("max", 80), boolean("allow-non-breakable-words", true), boolean("allow-non-breakable-inline-mappings", false),
		}, lineLength},
		{"new-line-at-end-of-file", nil, newLineAtEnd},
		{"new-lines", []option{{"type", "unix", []any{"unix", "dos", "platform"}}}, newLines},
		{"octal-values", []option{boolean("forbid-implicit-octal", true), boolean("forbid-explicit-octal", true)}, octalValues},
		{"quoted-strings", []option{
			{"quote-type", "any", []any{"any", "single", "double", "consistent"}},
			{"required", true, []any{aBool, "only-when-needed"}},
			{"extra-required", []string(nil), []any{strung}},
			{"extra-allowed", []string(nil), []any{strung}},
			boolean("allow-quoted-quotes", false), boolean("check-keys", false),
		}, quotedStrings},
		{"trailing-spaces", nil, trailingSpaces},
		{"truthy", []option{{"allowed-values", []string{"true", "false"}, []any{truths}}, boolean("check-keys", true)}, truthy},
	}
}

// options are the values of a rule's options, complete.
type options map[string]any

func (o options) on(name string) bool       { b, _ := o[name].(bool); return b }
func (o options) num(name string) int       { n, _ := o[name].(int); return n }
func (o options) word(name string) string   { w, _ := o[name].(string); return w }
func (o options) list(name string) []string { l, _ := o[name].([]string); return l }
func (s style) option(name string) *option {
	if i := slices.IndexFunc(s.options, func(o option) bool { return o.name == name }); i >= 0 {
		return &s.options[i]
	}
	return nil
}

// problem is what a rule says of a place. Line and column count from 1, the column in characters.
type problem struct {
	rule      string // of yamllint
	line, col int
	on        int // the line that has the comment by which it is taken back: where the token starts
	text      string
}

// file is a text that rules look at, one after the other.
type file struct {
	*scanned
	rule  string
	found []problem
}

// say adds a problem at a line from 0 and a column from 1.
func (f *file) say(line int32, col int, format string, args ...any) {
	f.found = append(f.found, problem{f.rule, int(line) + 1, col, int(line), fmt.Sprintf(format, args...)})
}

// sayAt adds a problem where a token starts.
func (f *file) sayAt(t token, format string, args ...any) {
	f.say(t.line, f.column(int(t.start))+1, format, args...)
}

// after judges the spaces between a token and the next on its line; least or most is -1 where it does not matter.
func (f *file) after(i, least, most int, what string) {
	if i+1 >= len(f.tokens) || f.tokens[i].endLine != f.tokens[i+1].line {
		return
	}
	next := f.tokens[i+1]
	spaces := int(next.start - f.tokens[i].end)
	if most != -1 && spaces > most {
		f.say(f.tokens[i].line, f.column(int(next.start)), "there are %d spaces %s, want at most %d", spaces, what, most)
	} else if least != -1 && spaces < least {
		f.say(f.tokens[i].line, f.column(int(next.start))+1, "there are %d spaces %s, want at least %d", spaces, what, least)
	}
}

// before judges the spaces between a token and the one before it on its line.
func (f *file) before(i, least, most int, what string) {
	t := f.tokens[i]
	if i == 0 {
		return
	}
	prev := f.tokens[i-1]
	if prev.endLine != t.line || prev.end > 0 && f.text[prev.end-1] == '\n' {
		return
	}
	spaces := int(t.start - prev.end)
	if most != -1 && spaces > most {
		f.sayBefore(t, "there are %d spaces %s, want at most %d", spaces, what, most)
	} else if least != -1 && spaces < least {
		f.sayAt(t, "there are %d spaces %s, want at least %d", spaces, what, least)
	}
}

func (f *file) sayBefore(t token, format string, args ...any) {
	f.say(t.line, max(1, f.column(int(t.start))), format, args...)
}

// peer gives the kind of the token at an index; beyond the ends there is streamEnd.
func (f *file) peer(i int) kind {
	if i < 0 || i >= len(f.tokens) {
		return streamEnd
	}
	return f.tokens[i].kind
}
