package yamllint

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// What is said of one text each, by line and column, for the options that it comes with.
func TestIndentation(t *testing.T) {
	for _, c := range []struct{ options, text, want string }{
		{"spaces: 2", "a:\n   b:\n     c: 1\n", "2:4"},
		{"spaces: 4", "a:\n    - b:\n          c\n", ""},
		{"spaces: consistent", "a:\n   b:\n     c: 1\n", "3:6"},
		{"spaces: 0", "a:\n- b\nc:\n d: 1\n", "4:2"},
		{"spaces: 2", "a:\n- 1\nb:\n  - 2\n", "2:1"},
		{"spaces: consistent", "a:\n- 1\nb:\n    - 2\n", "2:1"},
		{"indent-sequences: false", "a:\n- 1\nb:\n  - 2\n-", "4:3"},
		{"indent-sequences: whatever, spaces: 2", "a:\n- 1\nb:\n  - 2\nc:\n - 3\n", "6:2"},
		{"indent-sequences: consistent", "a:\n- 1\nb:\n  - 2\nc:\n- 3\n", "4:3"},
		{"indent-sequences: consistent", "a:\n  - 1\nb:\n- 2\n", "4:1"},
		{"indent-sequences: false, spaces: 2", "a:\n  &x\n  - 1\n-\n    - 1\n", "5:5"},
		{"spaces: 2", "-\n   a: 1\n- &x\n  b: 1\n-   !!map\n    c: 1\n-   &y\n  d: 1\n", "2:4 8:3"},
		{"spaces: 2", "- !!map\n  &x\n  a: 1\n- &k !!str k:\n    v\n", ""},
		{"spaces: 2", "? a\n:\n   b\n?  - c\n   - d:\n       e\n", "3:4"},
		{"spaces: 2", "- x: [\n    1\n  ]\n- x: {\n  a: 1,\n   b: 2\n}\n", "2:5 3:3 6:4"},
		{"spaces: 2", "a: [b,\n    c\n   , d,\n  e: [\n    f\n  ], ? g\n   :\n     h\n]\n", "3:4 4:3 7:4 8:6"},
		{"spaces: 2", "é: [é: 1,\n    b,\n   c]\n", "3:4"},
		{"spaces: 2", "[\"a\n  b\", [\n   c\n  ]]\n", "3:4 4:3"},
		{"spaces: 2", "---\n a: 1\n--- [a,\n  b]\n", "2:2 4:3"},
		{"spaces: consistent", "a: [\n]\nb:\n  c: 1\n", ""},
		{"spaces: consistent", "a: {b:\n  c}\nb:\n  c: 1\n", ""},
		{"spaces: 2", "a: !!str &x\n  b\n", ""},
		{"spaces: 2", "\ufeffa:\n  b: 1\n", ""},
		{"spaces: 2", "a: b\n c\nd: |\n    e\n", ""},
		{"spaces: 2, check-multi-line-strings: true", "a: b\n   c\n  d\ne: 'f\n\n    g\n   h'\n", "3:3 7:4"},
		{"spaces: 2, check-multi-line-strings: true", "a: |\n   b\n\nc:\n  >-\n    d\n---\n- |\n    e\n- &x |\n  f\n", "2:4 11:3"},
		{"spaces: 2, check-multi-line-strings: true", "--- |\n  a\n   b\n--- a\n    b\n", "3:4"},
		{"check-multi-line-strings: true", "a: |\n   b\nc:\n  d: 1\n", "4:3"},
		{"check-multi-line-strings: true", "- >\n t\n- a:\n    - b\n", ""},
		{"spaces: 2, check-multi-line-strings: true", "# yamllint disable-line rule:indentation\na: b\n c\n d\ne: f\n g\n", "6:2"},
		{"spaces: 2, check-multi-line-strings: true", "a: 'b\r\n   c\r\n    d'\r\n", "2:4"},
	} {
		conf, err := configFor(fstest.MapFS{".yamllint": {Data: []byte("rules: {indentation: {" + c.options + "}}")}}, ".")
		if err != nil {
			t.Fatal(err)
		}
		f := &file{scanned: scan(c.text)}
		var got []string
		for _, p := range conf.lint(f, "x.yaml", takeBack(f)) {
			got = append(got, fmt.Sprintf("%d:%d", p.line, p.col))
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %q: %s, want %s", c.options, c.text, g, c.want)
		}
	}
}
