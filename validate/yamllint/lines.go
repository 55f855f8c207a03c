package yamllint

import "strings"

// eachLine calls for every line, without its line break; the last may be empty.
func (f *file) eachLine(call func(line int32, start, end int)) {
	for i, start := range f.begin {
		end := len(f.text)
		if i+1 < len(f.begin) {
			end = int(f.begin[i+1]) - 1
			if end > int(start) && f.text[end-1] == '\r' {
				end--
			}
		}
		call(int32(i), int(start), end)
	}
}

func lineLength(f *file, o options) {
	most, mappings := o.num("max"), o.on("allow-non-breakable-inline-mappings")
	words := o.on("allow-non-breakable-words") || mappings
	f.eachLine(func(line int32, start, end int) {
		if end-start <= most {
			return
		}
		text := f.text[start:end]
		length := width(text)
		if length <= most {
			return
		}
		rest := strings.TrimLeft(text, " ")
		if words && rest != "" {
			switch rest[0] {
			case '#':
				rest = strings.TrimLeft(rest, "#")
				rest = rest[min(1, len(rest)):]
			case '-':
				rest = rest[min(2, len(rest)):]
			}
			if !strings.Contains(rest, " ") || mappings && unbreakable(text) {
				return
			}
		}
		f.say(line, most+1, "the line has %d characters, want at most %d", length, most)
	})
}

// unbreakable says whether a line is "key: word", and the word all that is behind it.
func unbreakable(line string) bool {
	s := scan(line)
	mapping := false
	for i, t := range s.tokens {
		mapping = mapping || t.kind == blockMapping
		if mapping && t.kind == valueToken && i+1 < len(s.tokens) && s.tokens[i+1].kind == scalar {
			return !strings.Contains(line[s.tokens[i+1].start:], " ")
		}
	}
	return false
}

func trailingSpaces(f *file, _ options) {
	f.eachLine(func(line int32, start, end int) {
		text := f.text[start:end]
		kept := strings.TrimRight(text, " \t\n\v\f\r")
		if rest := text[len(kept):]; rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
			f.say(line, width(kept)+1, "there are spaces at the end of the line")
		}
	})
}

func newLineAtEnd(f *file, _ options) {
	start := int(f.begin[len(f.begin)-1])
	if start < len(f.text) {
		f.say(int32(len(f.begin)-1), width(f.text[start:])+1, "the last line does not end with a line break")
	}
}

func newLines(f *file, o options) {
	if len(f.begin) < 2 {
		return
	}
	end := int(f.begin[1]) - 1
	dos := end > 0 && f.text[end-1] == '\r'
	if dos {
		end--
	}
	if want := o.word("type") == "dos"; dos != want {
		f.say(0, width(f.text[:end])+1, "the lines end with the wrong line break, want that of %s", o.word("type"))
	}
}

// emptyLines judges runs of empty lines, at the last line of each.
func emptyLines(f *file, o options) {
	text := f.text
	f.eachLine(func(line int32, start, end int) {
		rest := text[end:]
		if start != end || rest == "" || strings.HasPrefix(rest, "\n\n") || strings.HasPrefix(rest, "\r\n\r\n") {
			return
		}
		blank, at := 0, start
		for strings.HasSuffix(text[:at], "\r\n") {
			blank, at = blank+1, at-2
		}
		for strings.HasSuffix(text[:at], "\n") {
			blank, at = blank+1, at-1
		}
		most := o.num("max")
		if at == 0 {
			blank++
			most = o.num("max-start")
		}
		if rest == "\n" || rest == "\r\n" {
			if end == 0 {
				return
			}
			most = o.num("max-end")
		}
		if blank > most {
			f.say(line, 1, "there are %d empty lines, want at most %d", blank, most)
		}
	})
}
