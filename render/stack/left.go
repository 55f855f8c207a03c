package stack

import (
	"bytes"
	"unicode/utf8"

	"sluice/render"
)

// orderMark is what some editors begin a file with. CUE does not count it: its offsets are of what follows.
const orderMark = "\ufeff"

// text gives what CUE has parsed of a file last.
func (f *files) text(name string) []byte {
	text := f.read[name]
	if left, ok := f.left[name]; ok {
		text = left
	}
	return bytes.TrimPrefix(text, []byte(orderMark))
}

// offset gives the byte of a place in a file that CUE has parsed; false where there is no such place, or where the file is in
// another encoding than CUE counts in.
func (f *files) offset(pos render.Position) (int, bool) {
	at, text := 0, f.text(pos.File)
	if !utf8.Valid(text) {
		return 0, false
	}
	for range pos.Line - 1 {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return 0, false
		}
		at += n + 1
	}
	at += pos.Column - 1
	return at, pos.Line > 0 && pos.Column > 0 && at <= len(text)
}

// leaveOut has CUE read blanks for a part of a file from now on, so that all else keeps its place.
func (f *files) leaveOut(s span) {
	if _, ok := f.left[s.file]; !ok {
		f.left[s.file] = bytes.Clone(f.read[s.file])
	}
	text := f.text(s.file)
	for i := s.from; i < s.to; i++ {
		if text[i] != '\n' && text[i] != '\r' {
			text[i] = ' '
		}
	}
}

// isLeftOut says whether a byte of a file is in what is left out.
func (f *files) isLeftOut(name string, at int) bool {
	_, ok := f.left[name]
	return ok && f.text(name)[at] != bytes.TrimPrefix(f.read[name], []byte(orderMark))[at]
}

// sound gives files that CUE has read without what is left out of them, nil where nothing is.
func (f *files) sound(written []render.File) []render.File {
	if len(f.left) == 0 {
		return nil
	}
	list := make([]render.File, len(written))
	for i, w := range written {
		list[i] = w
		if left, ok := f.left[w.Path]; ok {
			list[i].Data = left
		}
	}
	return list
}
