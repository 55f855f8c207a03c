package render

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func object(kind, name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: %s\nmetadata:\n  name: %s\n", kind, name)
}

func keysOf(s Set) []string {
	var keys []string
	for _, o := range s.Objects {
		keys = append(keys, o.Key.String())
	}
	return keys
}

func TestParseAccountsForEveryDocument(t *testing.T) {
	secret, cm := object("Secret", "s"), object("ConfigMap", "c")
	for _, test := range []struct {
		name, text              string
		keys                    []string
		documents, empties, lst int
	}{
		{"nothing", "", nil, 0, 0, 0},
		{"only comments", "# a\n# b\n", nil, 0, 0, 0},
		{"one", secret, []string{"Secret s"}, 1, 0, 0},
		{"marker first and last", "---\n" + secret + "---\n", []string{"Secret s"}, 2, 1, 0},
		{"comment-only document", secret + "---\n# nothing\n---\n" + cm, []string{"Secret s", "ConfigMap c"}, 3, 1, 0},
		{"null document", "---\nnull\n---\n" + cm, []string{"ConfigMap c"}, 2, 1, 0},
		{"empty mapping", "{}\n---\n" + cm, []string{"ConfigMap c"}, 2, 1, 0},
		{"end marker", secret + "...\n---\n" + cm, []string{"Secret s", "ConfigMap c"}, 2, 0, 0},
		{"content on the marker line", "--- {apiVersion: v1, kind: A, metadata: {name: x}}\n", []string{"A x"}, 1, 0, 0},
		{"windows line ends", strings.ReplaceAll(secret+"---\n"+cm, "\n", "\r\n"), []string{"Secret s", "ConfigMap c"}, 2, 0, 0},
		{"directive", "# c\n%YAML 1.1\n---\n" + secret + "...\n%YAML 1.1\n---\n" + cm, []string{"Secret s", "ConfigMap c"}, 2, 0, 0},
		{"byte order mark", "\ufeff" + secret, []string{"Secret s"}, 1, 0, 0},
		{
			"marker inside a block scalar",
			cm + "data:\n  a: |\n    ---\n    kind: Nothing\n    ---\n",
			[]string{"ConfigMap c"},
			1, 0, 0,
		},
		{
			"list",
			"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: x}}\n" +
				"- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: B, metadata: {name: z}}]}\n",
			[]string{"A x", "B z"},
			1, 0, 1,
		},
		{"list without items", "apiVersion: v1\nkind: List\nitems:\n", nil, 1, 0, 1},
		{
			"custom resource whose kind ends in List",
			"apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [1]\n",
			[]string{"AllowList.x.io a"},
			1, 0, 0,
		},
		{
			"generateName",
			"apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-, namespace: ns}\n",
			[]string{"Job.batch ns/run-/*"},
			1, 0, 0,
		},
		{
			"json values in a row",
			`{"apiVersion":"v1","kind":"A","metadata":{"name":"x"}}` + "\n" + `{"apiVersion":"v1","kind":"B","metadata":{"name":"y"}}`,
			[]string{"A x", "B y"},
			2, 0, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := Parse("in.yaml", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.keys, keysOf(set)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			got := [3]int{set.Documents, set.Empties, set.Lists}
			if want := [3]int{test.documents, test.empties, test.lst}; got != want {
				t.Errorf("documents, empties, lists = %v, want %v", got, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{
			"duplicate key", object("ConfigMap", "c") + "data:\n  a: 1\n  b: 2\n  a: 3\n",
			`in.yaml:8:3: reading YAML: key "a" occurs twice in one mapping: line 6 and line 8`,
		},
		{
			"duplicate key of a template", "---\n# Source: c/templates/a.yaml\napiVersion: v1\nkind: A\nkind: B\n",
			`in.yaml:5:1: reading YAML: key "kind" occurs twice in one mapping: line 4 and line 5 (from c/templates/a.yaml)`,
		},
		{
			"duplicate key in a later document", "a: &x {apiVersion: v1}\n---\nk: 1\nk: 2\n",
			"in.yaml:1: reading an object: it has no apiVersion",
		},
		{
			"duplicate key in JSON", `{"apiVersion":"v1","kind":"A",` + "\n" + `"kind":"B"}`,
			`in.yaml:2: reading JSON: key "kind" occurs twice in one mapping: line 1 and line 2`,
		},
		{"scalar document", "--- just text\n", "in.yaml:1: reading an object: the document is a string, not a mapping"},
		{"no kind", "---\n---\napiVersion: v1\n", "in.yaml:3: reading an object: it has no kind"},
		{"no name", "apiVersion: v1\nkind: Pod\n", "in.yaml:1: reading Pod: it has neither metadata.name nor metadata.generateName"},
		{
			"numeric name", "apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n",
			"in.yaml:1: reading Pod: metadata.name is a number, not a string",
		},
		{
			"boolean-like name", "apiVersion: v1\nkind: Pod\nmetadata: {name: on}\n",
			"in.yaml:1: reading Pod: metadata.name is a boolean, not a string",
		},
		{
			"the template is named", "---\n# Source: chart/templates/a.yaml\nkind: Pod\n",
			"in.yaml:3: reading an object: it has no apiVersion (from chart/templates/a.yaml)",
		},
		{"unclosed quote", object("A", "a") + "---\n" + "x: \"y\n", "in.yaml:6: reading YAML: found unexpected end of stream"},
		{"unclosed list", object("A", "a") + "---\n" + "x: 1\ny: {a: [}\n", "in.yaml:7: reading YAML: did not find expected node content"},
		{"key of a mapping that begins above", object("A", "a") + "---\n" + "x:\n  b: 1\n c: 2\n", "in.yaml:6: reading YAML: did not find expected key"},
		{"alias without an anchor", object("A", "a") + "---\n" + "# *x\na: *xy\nb: {c: *x}\nd: &xy 1\n", `in.yaml:7:4: reading YAML: the alias has no anchor; a value that begins with "*" needs quotes`},
		{"alias behind a text of the same", object("A", "a") + "---\na: |\n  x *x y\nb: 'x\n *x '\nc: [*x]\nd: *x\n", `in.yaml:10:5: reading YAML: the alias has no anchor; a value that begins with "*" needs quotes`},
		{"alias in a list", object("A", "a") + "---\n" + "# *x\na: \"*x\"\nb: [1,*x]\n", `in.yaml:8:7: reading YAML: the alias has no anchor; a value that begins with "*" needs quotes`},
		{"Latin-1", object("A", "a") + "---\n" + "a: \"\u00e9\"\nb: \"\xe9\"\n", "in.yaml:7: reading YAML: invalid trailing UTF-8 octet"},
		{"tab", "a:\n\tb: 1\n", "in.yaml:2: reading YAML: found character that cannot start any token"},
		{"not a number", object("A", "a") + "x: .nan\n", "in.yaml:5:4: reading YAML: .nan has no form in JSON, so Kubernetes refuses it"},
		{"unknown tag", object("A", "a") + "x: !Ref y\n", `in.yaml:5:4: reading YAML: Kubernetes does not know the tag; a value that begins with "!" needs quotes`},
		{
			"alias without an anchor", object("A", "a") + "---\na: 2*x\nb:\n- {c: *x, d: *x}\n",
			`in.yaml:8:7: reading YAML: the alias has no anchor; a value that begins with "*" needs quotes`,
		},
		{"false tag", object("A", "a") + "x: !!int y\n", "in.yaml:5:4: reading YAML: the value is not a number as its tag !!int says"},
		{"anchor in itself", "a: &x {b: *x}\n", "in.yaml:1:11: reading YAML: anchor \"x\" contains itself"},
		{
			"list item that is no object", "apiVersion: v1\nkind: List\nitems:\n- 1\n",
			"in.yaml:4: reading item 0 of a list: it is a number, not an object",
		},
		{
			"truncated JSON", `{"apiVersion":"v1","kind":"A","metadata":{"name":"x"`,
			"in.yaml:1: reading YAML: did not find expected ',' or '}'",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := Parse("in.yaml", []byte(test.text))
			if err == nil {
				t.Fatalf("no error, got %v", keysOf(set))
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			var placed *Error
			if !errors.As(err, &placed) || placed.Pos.Line == 0 {
				t.Errorf("the error has no position: %v", err)
			}
		})
	}
}

func TestParseStopsAliasBombs(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	if _, err := Parse("bomb.yaml", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "alias") {
		t.Errorf("got %v, want an error about aliases", err)
	}
}

// Scalars must be what kubectl and Argo CD make of them.
func TestParseReadsScalarsAsKubernetesDoes(t *testing.T) {
	text := object("ConfigMap", "c") + `v:
  - on
  - "on"
  - y
  - 0777
  - 0o17
  - 08
  - 1_000
  - 1.0
  - 1e3
  - 1.5
  - 12345678901234567890
  - 123456789012345678901
  - 2024-01-02
  - =
  - ~
  - !!str 12
  - !!binary aGk=
  - 1.2.3
  - 0x1F
  - |
    text
  - >-
    folded
    text
`
	set, err := Parse("in.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		true, "on", true, int64(511), int64(15), int64(8), int64(1000), int64(1), int64(1000), 1.5,
		uint64(12345678901234567890), 123456789012345678901.0, "2024-01-02", "=", nil, "12", "hi", "1.2.3", int64(31),
		"text\n", "folded text",
	}
	if diff := cmp.Diff(want, set.Objects[0].Tree["v"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseMergeKeysAndKeyTypes(t *testing.T) {
	text := object("ConfigMap", "c") + "base: &b {x: 1, z: 2}\nv: {<<: *b, x: 3}\nw: {1: a, true: b, y: c1}\n"
	if _, err := Parse("in.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), `key "true" occurs twice`) {
		t.Errorf("y and true are one key to Kubernetes: got %v", err)
	}
	set, err := Parse("in.yaml", []byte(strings.ReplaceAll(text, ", y: c1", "")))
	if err != nil {
		t.Fatal(err)
	}
	tree := set.Objects[0].Tree
	if diff := cmp.Diff(map[string]any{"x": int64(3), "z": int64(2)}, tree["v"]); diff != "" {
		t.Errorf("merge (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"1": "a", "true": "b"}, tree["w"]); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestPositionsSurviveParse(t *testing.T) {
	text := object("A", "a") + "---\n# Source: c/templates/b.yaml\n" + object("B", "b") + "spec:\n  list:\n  - x: 1\n"
	set, err := Parse("in.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b := set.Objects[1]
	if b.Provenance.Template != "c/templates/b.yaml" || b.Provenance.Line != 7 {
		t.Errorf("provenance = %+v", b.Provenance)
	}
	if got := b.Position(Path{"spec", "list", 0, "x"}).String(); got != "in.yaml:13:8" {
		t.Errorf("position = %s", got)
	}
	if got := b.Position(Path{"spec", "absent"}).String(); got != "in.yaml:12:3" {
		t.Errorf("position of an absent field = %s, want its parent's", got)
	}
}

// Helm writes the comment, then the template's own separator.
func TestSourceCommentOfAnEmptyDocumentIsTheNextOnes(t *testing.T) {
	text := "---\n# Source: c/templates/a.yaml\n---\n" + object("A", "a") + "---\n" + object("B", "b") +
		"---\n# Source: c/templates/c.yaml\n# nothing\n---\n# Source: c/templates/d.yaml\n" + object("D", "d")
	set := parsed(t, text)
	var got []string
	for _, o := range set.Objects {
		got = append(got, o.Key.Name+" "+o.Provenance.Template)
	}
	if diff := cmp.Diff([]string{"a c/templates/a.yaml", "b ", "d c/templates/d.yaml"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEncodeIsCanonicalAndReadsBack(t *testing.T) {
	left := object("A", "a") + "b: 'x'\na: [1, {d: 1, c: 2}]\n# comment\n"
	right := "kind: A\na:\n- 1\n- c: 2\n  d: 1.0\nb: x\nmetadata: {name: a}\napiVersion: v1\n"
	encode := func(text string) string {
		set, err := Parse("in.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out, err := set.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if diff := cmp.Diff(encode(left), encode(right)); diff != "" {
		t.Errorf("the same object in two spellings (-left +right):\n%s", diff)
	}
	if once, twice := encode(left), encode(encode(left)); once != twice {
		t.Errorf("encoding is not idempotent:\n%s\n%s", once, twice)
	}
}

// FuzzParse: whatever parses keeps its counts, and comes back the same from its canonical form.
func FuzzParse(f *testing.F) {
	f.Add(object("A", "a") + "v: |\n\n   x\n  y\n")
	f.Add(object("A", "a") + "v: [on, 'on', 0777, 1e3, .5, 1_0, =, '', ' x', \"a\\tb\", 08, 0o7, 12:30:45]\n")
	f.Add("---\n# Source: x\n" + object("A", "a") + "---\n...\n---\n{}\n")
	f.Add(`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"A","metadata":{"generateName":"\ud83d\ude00"}}]}`)
	f.Add("a: &x [1]\nb: *x\n<<: {c: 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Parse("in", []byte(text))
		if err != nil {
			if len(set.Objects) > 0 || set.Documents > 0 {
				t.Fatalf("a part came with the error: %+v", set)
			}
			return
		}
		if set.Lists == 0 && set.Documents != set.Empties+len(set.Objects) {
			t.Fatalf("%d documents, %d empties, %d objects", set.Documents, set.Empties, len(set.Objects))
		}
		out, err := set.Encode()
		if err != nil {
			t.Fatalf("encoding: %v", err)
		}
		again, err := Parse("again", out)
		if err != nil {
			t.Fatalf("reading back: %v\n%s", err, out)
		}
		if changes := Diff(set, again); len(changes) > 0 {
			t.Fatalf("changed by encoding: %+v\n%s", changes, out)
		}
	})
}

// The module list of this test binary is the proof that rule and diff tests never build helm.
func TestClosureIsSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "sluice/render").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), "\n"); n > 110 {
		t.Errorf("render reaches %d packages, the budget is 110", n)
	}
}

// What a scalar was before YAML made something of it.
func TestWritten(t *testing.T) {
	set, err := Parse("example.yaml", []byte("apiVersion: v1\nkind: A\nmetadata: {name: a}\nbase: &b {c: on}\nlist: [0x10, \"yes\", {k: ~}]\nsame: &s off\nagain: *s\nmerged: {<<: *b}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  Path
		want  string
		known bool
	}{
		{Path{"base", "c"}, "on", true},
		{Path{"list", 0}, "0x10", true},
		{Path{"list", 1}, "yes", true},
		{Path{"list", 2, "k"}, "~", true},
		{Path{"list", 3}, "", false},
		{Path{"again"}, "off", true},
		{Path{"merged", "c"}, "", false},
		{Path{"list"}, "", false},
		{Path{"nothing"}, "", false},
	} {
		if got, known := set.Objects[0].Written(c.path); got != c.want || known != c.known {
			t.Errorf("%s was written %q, %t; want %q, %t", c.path, got, known, c.want, c.known)
		}
	}
}
