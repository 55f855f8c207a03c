package yamllint

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sluice/render"
	"sluice/validate"
)

// maxParsed is what is given to the parser that everybody has; it takes a second for each 10 MB. A larger text counts as
// readable where it can be scanned.
const maxParsed = 1 << 20

// sheet is one file that the rules of this package look at.
type sheet struct {
	file
	edited
	back  takenBack
	found []validate.Finding
	more  int // findings beyond those
}

// maxFindings is how many findings a file has at most: nobody reads more.
const maxFindings = 500

// say adds a finding at an offset of the text, unless a comment takes it back.
func (s *sheet) say(f validate.Finding, offset int) {
	s.sayLine(f, s.lineOf(offset), s.column(offset)+1)
}

// sayLine adds a finding at a line from 0 and a column from 1, 0 for none.
func (s *sheet) sayLine(f validate.Finding, line, column int) {
	if f.Rule != syntax && s.back.has(f.Rule, line) {
		return
	}
	// Lines are counted by line feeds; the scan also ends them at a carriage return alone.
	if s.scanned != nil {
		line = min(line, len(s.begin)-1)
	}
	if len(s.found) >= maxFindings {
		s.more++
		return
	}
	f.Pos = render.Position{File: s.name, Line: line + 1, Column: column}
	s.found = append(s.found, f)
}

// encrypted matches what SOPS leaves of a value.
var encrypted = regexp.MustCompile(`(?m)^\s*"?mac"?: .?ENC\[AES256_GCM,`)

// judge holds one file to all rules, and says why where it cannot be judged.
func judge(e edited, text string, c *config) ([]validate.Finding, string) {
	s := &sheet{edited: e}
	if !utf8.ValidString(text) {
		if strings.HasPrefix(text, "\xff\xfe\x00\x00") || strings.HasPrefix(text, "\x00\x00\xfe\xff") {
			s.sayLine(validate.Finding{Rule: encoding, Severity: validate.Error, Message: "the file is UTF-32, want UTF-8"}, 0, 1)
			return s.found, ""
		}
		if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			s.sayLine(validate.Finding{Rule: encoding, Severity: validate.Error, Message: "the file is UTF-16, want UTF-8"}, 0, 1)
			return s.found, ""
		}
		at := 0
		for r, n := utf8.DecodeRuneInString(text); r != utf8.RuneError || n != 1; r, n = utf8.DecodeRuneInString(text[at:]) {
			at += n
		}
		line := strings.Count(text[:at], "\n")
		column := utf8.RuneCountInString(text[strings.LastIndexByte(text[:at], '\n')+1:at]) + 1
		s.sayLine(validate.Finding{Rule: encoding, Severity: validate.Error, Message: "the file is not UTF-8 from here on"}, line, column)
		return s.found, ""
	}
	s.scanned = scan(text)
	s.back = takeBack(&s.file)
	if at := strings.IndexByte(text, 0); at >= 0 {
		s.say(validate.Finding{Rule: encoding, Severity: validate.Error, Message: "the file has a NUL byte, so it cannot be read"}, at)
		return s.found, ""
	}
	sops := strings.Contains(text, "ENC[AES256_GCM,") && encrypted.MatchString(text)
	readable, why := s.syntax()
	if why != "" || sops {
		return s.found, why
	}
	s.encoding()
	if readable {
		s.duplicates()
		s.markers()
		s.ambiguous()
		s.comments()
	}
	if c != nil {
		s.style(c)
	} else if readable {
		s.unused()
	}
	if s.more > 0 {
		return s.found, fmt.Sprintf("it has %d findings beyond the first %d", s.more, maxFindings)
	}
	return s.found, ""
}

// style adds what the configuration of yamllint asks for. What a rule of ours has said of a place is not said again.
func (s *sheet) style(c *config) {
	said := map[string]bool{}
	for _, f := range s.found {
		said[fmt.Sprint(f.Rule, f.Pos.Line)] = true
	}
	name := s.name
	if c.dir != "." {
		name = strings.TrimPrefix(name, c.dir+"/")
	}
	for _, p := range c.lint(&s.file, name, s.back) {
		again := false
		for _, ours := range sense[p.rule] {
			again = again || said[fmt.Sprint(ours, p.line)] && p.rule != "comments"
		}
		if !again {
			s.sayLine(validate.Finding{Rule: prefix + p.rule, Severity: c.rules[p.rule].level, Message: p.text}, p.line-1, p.col)
		}
	}
}

// undeclared finds aliases without an anchor in their own document, which the parser takes from another: whoever cuts the
// stream first, as kubectl and Argo CD do, cannot read them.
func (s *sheet) undeclared() bool {
	f := file{scanned: s.scanned}
	anchors(&f, options{"forbid-undeclared-aliases": true})
	for _, p := range f.found {
		s.sayLine(validate.Finding{Rule: syntax, Message: p.text}, p.line-1, p.col)
	}
	return len(f.found) > 0
}

// syntax says whether the file can be read. A file with the marks of a template that nothing in the plan reads as YAML is
// somebody else's to judge.
func (s *sheet) syntax() (bool, string) {
	line, column, problem := s.broken()
	if problem == "" {
		s.undeclared()
		return true, ""
	}
	if !s.used && (strings.Contains(s.text, "{{") || strings.Contains(s.text, "{%")) {
		return false, "it is no YAML as it stands, and looks like a template"
	}
	if len(s.tabs) > 0 && s.lineOf(int(s.tabs[0])) <= line {
		s.say(validate.Finding{Rule: tabs, Message: "the line is indented with a tab"}, int(s.tabs[0]))
		return false, ""
	}
	if at, what := s.behind(); at >= 0 {
		s.say(validate.Finding{Rule: trailing, Severity: validate.Error, Message: "something follows " + what + ": it is lost, or the file cannot be read"}, at)
		return false, ""
	}
	if strings.HasPrefix(problem, "the alias has no anchor") && s.undeclared() {
		return false, ""
	}
	s.sayLine(validate.Finding{Rule: syntax, Message: "the file cannot be read: " + problem}, line, column)
	return false, ""
}

// broken gives the place that the file cannot be read from, by the parser that helm, kustomize and kubectl share the
// origin of. Ours scans more loosely than it in places, and knows the column.
func (s *sheet) broken() (line, column int, problem string) {
	if s.at < 0 && len(s.text) > maxParsed {
		return 0, 0, ""
	}
	if readable(s.text) {
		return 0, 0, ""
	}
	dec := yaml.NewDecoder(strings.NewReader(s.text))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return 0, 0, ""
		}
		if err == nil {
			continue
		}
		if s.at >= 0 {
			return s.lineOf(s.at), s.column(s.at) + 1, s.problem
		}
		at, what := render.Position{Line: 1}.Fault(err, []byte(s.text))
		return min(max(at.Line-1, 0), len(s.begin)-1), 0, what
	}
}

// readable says of nearly all files of objects, at little cost, that the parser can read them: [render.Parse] takes nothing that
// the parser refuses, but for JSON, which it reads by itself, and a byte order mark.
func readable(text string) bool {
	if strings.HasPrefix(strings.TrimSpace(text), "{") || strings.HasPrefix(text, "\ufeff") {
		return false
	}
	_, err := render.Parse("", []byte(text))
	return err == nil
}

// behind gives the place of what follows a whole document without a marker of its own, and what that is; -1 for none.
func (s *sheet) behind() (int, string) {
	depth, begun := 0, false
	for i, t := range s.tokens[:len(s.tokens)-1] {
		next := s.tokens[i+1]
		content := next.kind != streamEnd && next.kind != documentStart && next.kind != documentEnd && next.kind != directive
		switch t.kind {
		case flowMapping, flowSequence:
			depth++
		case flowMappingEnd, flowSequenceEnd:
			if depth--; depth == 0 && !begun && content {
				return int(next.start), "the JSON that is a document"
			}
		case documentEnd:
			if content {
				return int(next.start), "the end marker ..."
			}
			begun = false
		case documentStart:
			begun = false
		case streamStart, directive:
		default:
			begun = begun || depth == 0
		}
	}
	return -1, ""
}

// encoding judges the characters of the file.
func (s *sheet) encoding() {
	if strings.HasPrefix(s.text, "\ufeff") {
		s.say(validate.Finding{Rule: encoding, Message: "the file begins with a byte order mark"}, 0)
	}
	for i := 1; i < len(s.begin); i++ {
		if end := s.begin[i] - 1; s.dos(end) != s.dos(s.begin[1]-1) {
			s.say(validate.Finding{Rule: encoding, Message: "the line ends with another line break than the first one"}, int(end))
			break
		}
	}
	for i := 0; i < len(s.text); i++ {
		if s.text[i] < utf8.RuneSelf {
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[i:])
		if (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			s.say(validate.Finding{
				Rule: encoding, Message: fmt.Sprintf("the line has a character that turns the direction of text, U+%04X", r),
				Why: "What is shown is not what is read.",
			}, i)
		}
		i += n - 1
	}
	key, line := "", int32(-1) // of the line, which may be long: to look back for it from each scalar would take for ever
	for i, t := range s.tokens {
		if t.line != line {
			key, line = "", t.line
		}
		if t.kind == scalar && s.peer(i-1) == keyToken {
			key = s.of(t)
		}
		// Prose is for people: the definitions of cert-manager have such spaces in what they say of their fields.
		if t.kind != scalar || t.style != 0 || ascii(s.of(t)) || key == "description" {
			continue
		}
		for _, r := range []rune{0xa0, 0x200b, 0xfeff, 0x2028, 0x2029, 0x85} {
			if at := strings.IndexRune(s.of(t), r); at >= 0 {
				s.say(validate.Finding{Rule: encoding, Message: fmt.Sprintf("what looks like a space, or like nothing, is the character U+%04X of a value or key", r)}, int(t.start)+at)
			}
		}
	}
}

// dos says whether the line feed at an offset has a carriage return before it.
func (s *sheet) dos(at int32) bool { return at > 0 && s.text[at-1] == '\r' }

func ascii(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// duplicates finds keys that occur twice. Of the merge key there may be several.
func (s *sheet) duplicates() {
	s.eachDuplicate(func(first, again token, key string) {
		if key != "<<" {
			s.say(validate.Finding{
				Rule: duplicateKey, Message: fmt.Sprintf("the key %q is in this mapping already, on line %d", key, first.line+1),
			}, int(again.start))
		}
	})
}

// unused finds anchors that nothing refers to; where there is a configuration, it says what anchors may be.
func (s *sheet) unused() {
	f := file{scanned: s.scanned, rule: "anchors"}
	anchors(&f, options{"forbid-unused-anchors": true})
	for _, p := range f.found {
		s.sayLine(validate.Finding{Rule: prefix + p.rule, Message: p.text}, p.line-1, p.col)
	}
}

// markers finds what other readers of a stream lose at the markers of documents.
func (s *sheet) markers() {
	starts := 0
	for i, t := range s.tokens {
		if i+1 >= len(s.tokens) {
			break
		}
		next := s.tokens[i+1]
		switch t.kind {
		case directive:
			s.say(validate.Finding{Rule: documentMarkers, Message: "the line is a directive, which other readers take for a document of its own"}, int(t.start))
		case documentStart:
			if starts > 0 && s.text[t.start-1] == '\r' {
				s.say(validate.Finding{
					Rule: trailing, Severity: validate.Error,
					Message: "the document begins behind a carriage return alone, where kubectl and Argo CD do not cut: it is lost",
				}, int(t.start))
			}
			if next.line == t.line && next.kind != streamEnd && t.line > 0 {
				s.say(validate.Finding{Rule: documentMarkers, Message: "a document begins on the line of its marker ---"}, int(next.start))
			}
			if empty := next.kind == streamEnd || next.kind == documentStart || next.kind == documentEnd; !empty && starts > 0 && s.values {
				s.say(validate.Finding{Rule: trailing, Message: "the file has a second document, and helm reads only the first one of values"}, int(t.start))
			}
		case scalar:
			if t.col == 0 && t.style == 0 && strings.HasPrefix(s.of(t), "---") {
				s.say(validate.Finding{Rule: documentMarkers, Message: "the line begins with --- and is no marker"}, int(t.start))
			}
			starts++
		}
	}
}
