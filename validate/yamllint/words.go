package yamllint

import (
	"regexp"
	"slices"
	"strings"
)

// truthyWords are those that YAML 1.1 takes for booleans, without y and n, which yamllint leaves out.
func truthyWords() []string {
	var all []string
	for _, w := range []string{"YES", "NO", "TRUE", "FALSE", "ON", "OFF"} {
		lower := strings.ToLower(w)
		all = append(all, w, w[:1]+lower[1:], lower)
	}
	return all
}

func truthy(f *file, o options) {
	allowed := o.list("allowed-values")
	newer := false // the document says that it is YAML 1.2
	for i, t := range f.tokens {
		switch {
		case t.kind == directive:
			newer = newer || strings.HasPrefix(f.of(t), "%YAML") && strings.HasSuffix(f.of(t), "1.2")
		case t.kind == documentStart && f.peer(i-1) != directive, t.kind == documentEnd:
			newer = false
		}
		if t.kind != scalar || t.style != 0 || f.peer(i-1) == tag || f.peer(i-1) == keyToken && !o.on("check-keys") {
			continue
		}
		text := f.of(t)
		if len(text) > 5 || !boolean11.MatchString(text) || slices.Contains(allowed, text) {
			continue
		}
		if lower := strings.ToLower(text); !newer || lower == "true" || lower == "false" {
			f.sayAt(t, "%s is a truthy word, want one of %s or quotes", text, strings.Join(allowed, ", "))
		}
	}
}

var (
	octalOld = regexp.MustCompile(`^0[0-7]+$`)
	octalNew = regexp.MustCompile(`^0o[0-7]+$`)
)

func octalValues(f *file, o options) {
	f.eachPlain(func(t token, text string) {
		if o.on("forbid-implicit-octal") && octalOld.MatchString(text) || o.on("forbid-explicit-octal") && octalNew.MatchString(text) {
			f.say(t.line, f.column(int(t.end))+1, "the number is octal")
		}
	})
}

// eachPlain calls for the plain scalars that no tag is given.
func (f *file) eachPlain(call func(t token, text string)) {
	for i, t := range f.tokens {
		if t.kind == scalar && t.style == 0 && f.peer(i-1) != tag {
			call(t, f.value(t))
		}
	}
}

var (
	noNumeral  = regexp.MustCompile(`^[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?$`)
	scientific = regexp.MustCompile(`^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+$`)
	infinite   = regexp.MustCompile(`^[-+]?\.(?:inf|Inf|INF)$`)
	notANumber = regexp.MustCompile(`^\.(?:nan|NaN|NAN)$`)
)

func floatValues(f *file, o options) {
	rows := []struct {
		option, what string
		found        *regexp.Regexp
	}{
		{"forbid-nan", "is no number", notANumber},
		{"forbid-inf", "is infinite", infinite},
		{"forbid-scientific-notation", "is in scientific notation", scientific},
		{"require-numeral-before-decimal", "has no digit before the point", noNumeral},
	}
	f.eachPlain(func(t token, text string) {
		for _, r := range rows {
			if o.on(r.option) && r.found.MatchString(text) {
				f.sayAt(t, "the value %s", r.what)
			}
		}
	})
}

func emptyValues(f *file, o options) {
	for i, t := range f.tokens {
		next := f.peer(i + 1)
		say := func(option, where string) {
			if o.on(option) {
				f.say(t.line, f.column(int(t.end))+1, "a value of %s is empty", where)
			}
		}
		switch {
		case t.kind == valueToken && (next == keyToken || next == blockEnd):
			say("forbid-in-block-mappings", "a mapping")
		case t.kind == valueToken && (next == flowEntry || next == flowMappingEnd):
			say("forbid-in-flow-mappings", "a mapping in braces")
		case t.kind == blockEntry && (next == keyToken || next == blockEnd || next == blockEntry):
			say("forbid-in-block-sequences", "a list")
		}
	}
}

// quotes is what quoted-strings wants.
type quotes struct {
	kind, required    string // required is "yes", "no" or "only-when-needed"
	quotedQuotes      bool
	required2, allow2 []*regexp.Regexp
	first             byte // of "consistent": the quotes that the file has first
}

func newQuotes(o options) *quotes {
	q := &quotes{kind: o.word("quote-type"), required: o.word("required"), quotedQuotes: o.on("allow-quoted-quotes")}
	if q.required == "" {
		q.required = map[bool]string{true: "yes", false: "no"}[o.on("required")]
	}
	q.required2, q.allow2 = compiled(o.list("extra-required")), compiled(o.list("extra-allowed"))
	return q
}

// compiled makes expressions of texts that were compiled before, when the configuration was read.
func compiled(texts []string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, t := range texts {
		if e, err := regexp.Compile(t); err == nil {
			list = append(list, e)
		}
	}
	return list
}

func anyOf(list []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(list, func(e *regexp.Regexp) bool { return e.MatchString(text) })
}

func quotedStrings(f *file, o options) {
	q := newQuotes(o)
	flow := 0
	for i, t := range f.tokens {
		switch t.kind {
		case flowMapping, flowSequence:
			flow++
		case flowMappingEnd, flowSequenceEnd:
			flow--
		}
		if t.kind != scalar || i == 0 || t.style == '|' || t.style == '>' {
			continue
		}
		what := "value"
		switch prev := f.tokens[i-1]; prev.kind {
		case keyToken:
			if what = "key"; !o.on("check-keys") {
				continue
			}
		case tag:
			if strings.HasPrefix(f.of(prev), "!!") {
				continue
			}
		case blockEntry, flowEntry, flowSequence, valueToken:
		default:
			continue
		}
		text := f.value(t)
		if t.style == 0 && !isString(text) {
			continue
		}
		if wrong := q.judge(f, t, text, flow > 0); wrong != "" {
			f.sayAt(t, "the string %s %s", what, wrong)
		}
	}
}

// judge says what is wrong with a string.
func (q *quotes) judge(f *file, t token, text string, flow bool) string {
	// A boolean may look only at a quoted one: the first decides what is consistent.
	matches := func() bool { return q.matches(t.style) || q.quotedQuotes && hasOther(t.style, text) }
	unlike := "is not quoted with " + q.kind + " quotes"
	switch {
	case q.required == "yes":
		if t.style == 0 || !matches() {
			return unlike
		}
	case q.required == "only-when-needed" && t.style != 0 && isString(text) && text != "" && !f.needsQuotes(t, text, flow):
		if !anyOf(q.required2, text) && !anyOf(q.allow2, text) {
			return "is quoted, and need not be"
		}
	case t.style != 0:
		if !matches() {
			return unlike
		}
	case anyOf(q.required2, text):
		return "is not quoted"
	}
	return ""
}

// matches says whether the quotes are those that are wanted.
func (q *quotes) matches(style byte) bool {
	switch q.kind {
	case "any":
		return true
	case "single":
		return style == '\''
	case "double":
		return style == '"'
	}
	if q.first == 0 {
		q.first = style
	}
	return q.first == style
}

// hasOther says whether a string in quotes has the other quotes in it.
func hasOther(style byte, text string) bool {
	return style == '\'' && strings.Contains(text, `"`) || style == '"' && strings.Contains(text, "'")
}

// needsQuotes says whether a string would be something else without its quotes.
func (f *file) needsQuotes(t token, text string, flow bool) bool {
	if flow && strings.ContainsAny(text, ",[]{}") {
		return true
	}
	if t.style == '"' {
		raw := f.of(t)
		if !printable(text) || t.line != t.endLine && (strings.Contains(raw, "\\\n") || strings.Contains(raw, "\\\r\n")) {
			return true
		}
	}
	s := scan("key: " + text)
	if len(s.tokens) < 7 || s.tokens[5].kind != scalar || s.tokens[5].style != 0 || s.tokens[6].kind != blockEnd {
		return true
	}
	return s.value(s.tokens[5]) != text
}
