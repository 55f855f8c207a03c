package render

import (
	"slices"
	"testing"
)

// What can be read of a stream is read, and all else is said, each at its line.
func TestSift(t *testing.T) {
	text := object("A", "first") + // four lines
		"---\n" + "kind: B\nmetadata: {name: [}\n" + // cannot be read
		"---\n" + "rules: [a]\nport: 80\n" + // another tool's
		"---\n" + "apiVersion: v1\nkind: C\n" + // lacks its name
		"---\n" + "a: [\n" + // cannot be read, and is no object anyway
		"---\n" + "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: D, metadata: {name: of-list}}\n- {apiVersion: v1}\n- {spec: {}}\n" +
		"---\n" + object("E", "last")
	set, unread, foreign := Sift("in.yaml", []byte(text))
	var names, broken, others []string
	for _, o := range set.Objects {
		names = append(names, o.Key.Name)
	}
	for _, err := range unread {
		broken = append(broken, placeOf(t, err))
	}
	for _, err := range foreign {
		others = append(others, placeOf(t, err))
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"objects", names, []string{"first", "of-list", "last"}},
		{"unread", broken, []string{"in.yaml:7", "in.yaml:12", "in.yaml:21", "in.yaml:22"}},
		{"foreign", others, []string{"in.yaml:9", "in.yaml:15"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

// placeOf gives file and line of an error.
func placeOf(t *testing.T, err error) string {
	t.Helper()
	placed, ok := err.(*Error)
	if !ok {
		t.Fatalf("%v has no place", err)
	}
	placed.Pos.Column = 0
	return placed.Pos.String()
}

// What Parse reads whole, Sift reads alike, with nothing left over; of what Parse refuses, Sift says something.
func FuzzSift(f *testing.F) {
	f.Add(object("A", "a") + "---\na: [\n---\n" + object("B", "b"))
	f.Add("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1}, null, 1]\n")
	f.Add(`{"apiVersion":"v1","kind":"A","metadata":{"name":1}}{"a":`)
	f.Add("a: 1\n--- x\n\tb\n")
	f.Fuzz(func(t *testing.T, text string) {
		whole, err := Parse("in", []byte(text))
		set, unread, foreign := Sift("in", []byte(text))
		if err != nil {
			if len(unread)+len(foreign) == 0 {
				t.Fatalf("Parse says %v, Sift nothing", err)
			}
			return
		}
		if len(unread)+len(foreign) > 0 || len(Diff(whole, set)) > 0 || set.Documents != whole.Documents || set.Empties != whole.Empties {
			t.Fatalf("unread %v, foreign %v, %d documents of %d", unread, foreign, set.Documents, whole.Documents)
		}
	})
}
