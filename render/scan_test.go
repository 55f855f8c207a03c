package render

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

// agree reads a chunk by the scanner and by the library and says whether the scanner took it. Where it did, both must give
// the same set, down to the lines and the nodes.
func agree(t *testing.T, c chunk) bool {
	t.Helper()
	quick, slow := parser{name: "in.yaml"}, parser{name: "in.yaml"}
	done, quickErr := quick.scan(c, "t.yaml")
	if !done {
		if !reflect.DeepEqual(quick.set, Set{}) {
			t.Fatalf("the scanner gave up and left a set behind\n%q", c.text)
		}
		return false
	}
	slowErr := slow.nodes(c, "t.yaml")
	if text(quickErr) != text(slowErr) {
		t.Fatalf("scanner: %v\nlibrary: %v\n%q", quickErr, slowErr, c.text)
	}
	if len(quick.set.Objects) != len(slow.set.Objects) {
		t.Fatalf("scanner: %d objects, library: %d\n%q", len(quick.set.Objects), len(slow.set.Objects), c.text)
	}
	for i := range quick.set.Objects {
		a, b := quick.set.Objects[i], slow.set.Objects[i]
		if !reflect.DeepEqual(a.written.node(), b.written.node()) {
			t.Fatalf("object %d has other nodes\n%q", i, c.text)
		}
		quick.set.Objects[i].written, slow.set.Objects[i].written = nil, nil
	}
	if !reflect.DeepEqual(quick.set, slow.set) {
		t.Fatalf("scanner: %#v\nlibrary: %#v\n%q", quick.set, slow.set, c.text)
	}
	return true
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// agreeTree is agree for text that need be no object: the scanner's tree against that of the library's nodes.
func agreeTree(t *testing.T, input []byte) bool {
	t.Helper()
	if jsonLike(input) || !scannable(input) {
		return false
	}
	tree, start, _, ok := scanDocument(string(input))
	if !ok {
		return false
	}
	dec := yaml.NewDecoder(bytes.NewReader(input))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if start < 0 && errors.Is(err, io.EOF) {
		return true
	}
	if err != nil {
		t.Fatalf("the library refuses it: %v\n%q", err, input)
	}
	want, err := (&decoder{name: "in.yaml", expanded: new(int)}).value(content(&doc))
	if err != nil {
		t.Fatalf("the decoder refuses it: %v\n%q", err, input)
	}
	if !reflect.DeepEqual(tree, want) {
		t.Fatalf("scanner: %#v\nlibrary: %#v\n%q", tree, want, input)
	}
	if start >= 0 && bytes.Count(input[:start], []byte("\n"))+1 != content(&doc).Line {
		t.Fatalf("content starts at byte %d, the library says line %d\n%q", start, content(&doc).Line, input)
	}
	if err := dec.Decode(&doc); !errors.Is(err, io.EOF) {
		t.Fatalf("the library finds more behind the document: %v\n%q", err, input)
	}
	return true
}

// scanned are texts that the scanner reads itself.
var scanned = []string{
	"",
	"---",
	"--- # c\n",
	"# c\n",
	"---\n\n# c\n  # d\n",
	"a: b",
	"a: b # c\nb: c#d\n",
	"a:\nb: # c\nc:\n  # d\n\nd: 1\n",
	"a:\n- b\n- c: 1\n  d: 2\n-\n- # c\n  e: 3\n-\n  f: 4\nb:\n  - - 1\n    - 2\n  - -\n    - 3\n",
	"- a\n- b: c\n",
	"a: 'b ''c'' # d'\nb: \"c\\n\\t\\\"\\\\ \\x41\\u00e9 d: e\" # f\n'c d': 1\n\"e\\n\": 2\n",
	"a: one\n  two\n\n\n  three - four\nb: \"one  \n  two \\\n   three\\\n\n  four\n\n\n  five\"\nc: 'one\n\n  two'\n",
	"a: |\n  b\n   c\n\n  d # e\n\n\nb: |-\n\n   e\n\n\nc: |+\n  f\n\n\nd: |2\n    g\ne: |1-\n   h\nf: |+2\n    i",
	"a: >\n  b\n  c\n\n  d\n   e\n  f\n\n\n   g\n\n  h\n\n\nb: >-\n  i\n  \n  j\nc: >+\n  k\n\nd: >\n\n  l",
	"a: |\n\nb: |+\n\n\nc: >-\n",
	"a: |\n  b\n \n # c\nd: |\n  e\n  \tf\n",
	"- |\n b\n- >\n  c\n",
	"a: [] # c\nb: {}\nc: [1, \"a,b\", 'c', x y, [d], {e: f, \"g\": [h]}, ]\nd: {a: 1}\n",
	"a: [http://x:80/y, a:b, -1, --x, 0x1f, ~, true, 1.50]\n",
	"1: a\n1.5: b\ny: c\n0x10: d\n\"on\": e\n",
	"a: 0777\nb: 1_000\nc: 1e3\nd: .5\ne: 2026-01-02\nf: -a\ng: :80\nh: 1:30\ni: ~\nj: NO\nk: 0o17\nl: +1\nm: 18446744073709551615\n",
	"é: ü # ß\n\U0001f600: \"\U0001f600\"\n",
	"a: {}\n\n\n",
	"a:\n    b:\n        c: d\n    e: f\n",
	"a:\n  b\n  c\nd:\n  # e\n  'f'\ng:\n- \n  h\n  i\n-\n  [j]\nk:\n  |\n  l\n",
	"a: x:y\nb: x#y\nc: a, b] }\nd: \\n\n",
}

// unscanned are texts for each condition on which the scanner gives up.
var unscanned = []string{
	"a: &x b\n",
	"a: *x\n",
	"*x : a\n",
	"&x a: b\n",
	"a: !!str b\n",
	"!!map\na: b\n",
	"%YAML 1.1\n---\na: b\n",
	"<<: {a: b}\n",
	"- <<: {a: b}\n",
	"? a\n: b\n",
	"a: ? b\n",
	"a: b\na: c\n",
	"a: {b: 1, b: 2}\n",
	"1: a\n0x1: b\n",
	"~: a\n",
	"null: a\n",
	".nan: a\n",
	"a: .inf\n",
	"a: -.Inf\n",
	"a: [.nan]\n",
	"a:\tb\n",
	"a: b\tc\n",
	"a: b \t# c\n",
	"\ta: b\n",
	"a: 1\n\t\nb: 2\n",
	"a: |\n\tb\n",
	"a: |\n  b\n\tc\n",
	"a: \"b\n\tc\"\n",
	"a: b\r\n",
	"a: \"\x01\"\n",
	"a: \x7f\n",
	"a: \xff\n",
	"a: \u0085b\n",
	"a: b\u2028c\n",
	"a: b\u2029c\n",
	"a: \ufeffb\n",
	"a: \ufffe\n",
	"a: b: c\n",
	"a: b:\n",
	"a: b\n  c: d\n",
	"a: b # c\n  d\n",
	"a: 'b'\n  c\n",
	"a: 'b' c\n",
	"a: 'b'#c\n",
	"a: 'b\n",
	"a: \"b\\q\"\n",
	"a: \"b\\xzz\"\n",
	"a: \"b\\ud83d\"\n",
	"a: \"b\\x4",
	"a: \"b\n---\n\"\n",
	"a: \"b\n... \n\"\n",
	"a: - b\n",
	"a:\n  - b\n - c\n",
	"a:\n   b: c\n  d: e\n",
	"a:\n- b\n- c\n  d: e\n",
	"a: 1\n- b\n",
	"a: 1\n b: 2\n",
	"  a: 1\nb: 2\n",
	"- a\nb: c\n",
	"a b\n",
	"a: 1\nb\n",
	"a : 1\n",
	"'a' : 1\n",
	"'a\n b': 1\n",
	"[a]: 1\n",
	"{a: b}: c\n",
	"a: [b\n",
	"a: [b,\n  c]\n",
	"a: [b, , c]\n",
	"a: [b: c]\n",
	"a: [b}\n",
	"a: {b}\n",
	"a: {b: }\n",
	"a: {b:1}\n",
	"a: [b] c\n",
	"a: [- b]\n",
	"a: [&x b]\n",
	"a: [b #c]\n",
	"a: @b\n",
	"a: `b\n",
	"a: %b\n",
	"a: ,b\n",
	"a: | # c\n  b\n",
	"a: |0\n  b\n",
	"a: |--\n  b\n",
	"a: |",
	"a: |x\n  b\n",
	"a: |\n    \n  b\n",
	"...\n",
	"a: 1\n...\n",
	"... : 1\n",
	"--- a: b\n",
	"--- |\n a\n",
	"---a: b\n",
	"null\n",
	"[a]\n",
	"a\n",
	strings.Repeat("k", maxScanKey+1) + ": a\n",
	"\"" + strings.Repeat("k", maxScanKey+1) + "\": a\n",
	"a: " + strings.Repeat("[", maxScanDepth+1) + strings.Repeat("]", maxScanDepth+1) + "\n",
	strings.Repeat("- ", maxScanDepth+1) + "a\n",
}

func TestScanReads(t *testing.T) {
	for _, input := range scanned {
		if !agreeTree(t, []byte(input)) {
			t.Errorf("the scanner gives up on %q", input)
		}
	}
}

func TestScanGivesUp(t *testing.T) {
	for _, input := range unscanned {
		if agreeTree(t, []byte(input)) {
			t.Errorf("the scanner reads %q", input)
		}
	}
}

// TestScanAgrees reads everything of testdata both ways: plain files, and those of archives.
func TestScanAgrees(t *testing.T) {
	all, taken := 0, 0
	err := filepath.WalkDir("../testdata", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(name) {
		case ".yaml", ".yml", ".txtar", ".golden":
		default:
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, c := range chunks(raw) {
			all++
			if !jsonLike(c.text) && agree(t, c) {
				taken++
			}
			agreeTree(t, c.text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d documents", taken, all)
	if taken == 0 {
		t.Error("the scanner read nothing")
	}
}

// Places of an object that the scanner read are asked for by several at a time.
func TestScanPlaces(t *testing.T) {
	set, err := Parse("in.yaml", []byte("---\n# c\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: x}\n"+
		"  on: yes\n-\n  apiVersion: v1\n  kind: B\n  metadata: {name: b}\n  spec: [1]\n"))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if got := set.Objects[1].Position(Path{"spec", 0}); got != (Position{File: "in.yaml", Line: 14, Column: 10}) {
				t.Errorf("spec[0] of B is at %v", got)
			}
			if got, ok := set.Objects[0].Written(Path{"true"}); ok {
				t.Errorf("a key that is not written so has the text %q", got)
			}
		})
	}
	group.Wait()
	if a, b := set.Objects[0].Provenance.Line, set.Objects[1].Provenance.Line; a != 6 || b != 11 {
		t.Errorf("the items begin in lines %d and %d", a, b)
	}
}

// FuzzScan holds the scanner to the library: what it reads, the library reads too, and alike.
func FuzzScan(f *testing.F) {
	f.Add([]byte("kind: List\nitems:\n-\n- 0"))
	for _, input := range append(scanned, unscanned...) {
		f.Add([]byte(input))
		f.Add([]byte("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: x}\n" + input))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, c := range chunks(input) {
			if jsonLike(c.text) {
				continue
			}
			agreeTree(t, c.text)
			agree(t, c)
		}
	})
}
