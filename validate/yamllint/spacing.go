package yamllint

// inside judges flow collections: whether there may be any, and the spaces next to their ends.
func (f *file) inside(o options, open kind, what string) {
	shut := flowMappingEnd
	if open == flowSequence {
		shut = flowSequenceEnd
	}
	least, most := o.num("min-spaces-inside"), o.num("max-spaces-inside")
	leastEmpty, mostEmpty := o.num("min-spaces-inside-empty"), o.num("max-spaces-inside-empty")
	if leastEmpty == -1 {
		leastEmpty = least
	}
	if mostEmpty == -1 {
		mostEmpty = most
	}
	for i, t := range f.tokens {
		empty := f.peer(i+1) == shut
		switch {
		case t.kind == open && (o.on("forbid") || o.word("forbid") == "non-empty" && !empty):
			f.say(t.line, f.column(int(t.end))+1, "%s are forbidden here", what)
		case t.kind == open && empty:
			f.after(i, leastEmpty, mostEmpty, "inside empty "+what)
		case t.kind == open:
			f.after(i, least, most, "inside "+what)
		case t.kind == shut && f.peer(i-1) != open:
			f.before(i, least, most, "inside "+what)
		}
	}
}

func colons(f *file, o options) {
	for i, t := range f.tokens {
		switch {
		case t.kind == valueToken:
			// The space that an alias needs before the colon.
			if f.peer(i-1) != alias || t.start-f.tokens[i-1].end != 1 {
				f.before(i, -1, o.num("max-spaces-before"), "before the colon")
				f.after(i, -1, o.num("max-spaces-after"), "after the colon")
			}
		case t.kind == keyToken && t.end > t.start:
			f.after(i, -1, o.num("max-spaces-after"), "after the question mark")
		}
	}
}

func commas(f *file, o options) {
	for i, t := range f.tokens {
		if t.kind != flowEntry {
			continue
		}
		if most := o.num("max-spaces-before"); most != -1 && i > 0 && f.tokens[i-1].endLine < t.line {
			f.sayBefore(t, "the comma begins a line")
		} else {
			f.before(i, -1, most, "before the comma")
		}
		f.after(i, o.num("min-spaces-after"), o.num("max-spaces-after"), "after the comma")
	}
}

func hyphens(f *file, o options) {
	for i, t := range f.tokens {
		if t.kind == blockEntry {
			f.after(i, -1, o.num("max-spaces-after"), "after the hyphen")
		}
	}
}

// inline says whether a comment stands behind something on its line.
func (f *file) inline(n note) bool {
	t := f.tokens[n.before]
	return t.kind != streamStart && n.line == t.endLine && t.end > 0 && f.text[t.end-1] != '\n'
}

func comments(f *file, o options) {
	for _, n := range f.notes {
		if n.header {
			continue
		}
		if least := o.num("min-spaces-from-content"); least != -1 && f.inline(n) {
			if spaces := int(n.start - f.tokens[n.before].end); spaces < least {
				f.say(n.line, f.column(int(n.start))+1, "there are %d spaces before the comment, want %d", spaces, least)
			}
		}
		if !o.on("require-starting-space") {
			continue
		}
		at := n.start
		for at < n.end && f.text[at] == '#' {
			at++
		}
		if at == n.end || f.text[at] == ' ' || f.text[at] == 0 || n.start == 0 && f.text[at] == '!' && o.on("ignore-shebangs") {
			continue
		}
		f.say(n.line, f.column(int(at))+1, "the comment does not begin with a space")
	}
}

// commentsIndentation wants a comment that has a line to itself as far in as what is below or above it.
func commentsIndentation(f *file, _ options) {
	for i, n := range f.notes {
		before := f.tokens[n.before]
		if n.header || before.kind != streamStart && before.endLine == n.line || int(n.before)+1 >= len(f.tokens) {
			continue
		}
		next, above := 0, 0
		if t := f.tokens[n.before+1]; t.kind != streamEnd {
			next = int(t.col)
		}
		if before.kind != streamStart {
			above = f.lineIndent(before.start)
		}
		above = max(above, next)
		// A comment that went back out is not followed by one that is further in again.
		if !n.first && i > 0 && !f.inline(f.notes[i-1]) {
			above = int(f.notes[i-1].col)
		}
		if int(n.col) != above && int(n.col) != next {
			f.say(n.line, f.column(int(n.start))+1, "the comment is not indented like what is below or above it")
		}
	}
}

// lineIndent counts the spaces that begin the line of an offset.
func (f *file) lineIndent(offset int32) int {
	line, n := int(f.begin[f.lineOf(int(offset))]), 0
	for line+n < len(f.text) && f.text[line+n] == ' ' {
		n++
	}
	return n
}

func documentStarts(f *file, o options) {
	for i, t := range f.tokens {
		prev := f.peer(i - 1)
		switch {
		case !o.on("present"):
			if t.kind == documentStart {
				f.sayAt(t, "the marker --- is forbidden")
			}
		case i > 0 && (prev == streamStart || prev == documentEnd || prev == directive) &&
			t.kind != documentStart && t.kind != directive && t.kind != streamEnd:
			f.say(t.line, 1, "the document does not start with ---")
		}
	}
}

func documentEnds(f *file, o options) {
	for i, t := range f.tokens {
		prev := f.peer(i - 1)
		ended := i > 0 && (prev == documentEnd || prev == streamStart)
		switch {
		case !o.on("present"):
			if t.kind == documentEnd {
				f.sayAt(t, "the marker ... is forbidden")
			}
		case t.kind == streamEnd && !ended:
			f.say(max(t.line-1, 0), 1, "the document does not end with ...")
		case t.kind == documentStart && !ended && prev != directive:
			f.say(t.line, 1, "the document above does not end with ...")
		}
	}
}
