package helm

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/render"
)

func TestWhatHelmLeavesOutOfValuesIsNamed(t *testing.T) {
	tests := []struct {
		name, text   string
		helm3, helm4 []string
	}{
		{"nothing", "a: 1\nb: {c: 2}\nlist:\n- name: x\n- name: y\nd:\n  name: z\n", nil, nil},
		{"a marker above", "# about\n---\na: 1\n", nil, nil},
		{"an empty second document", "a: 1\n---\n# nothing\n", nil, nil},
		{"two documents", "a: 1\n---\nb: 2\n", []string{"v.yaml: helm reads only the first of 2 documents"}, nil},
		{"an empty first document", "---\n---\na: 1\n", []string{"v.yaml: helm reads only the first of 2 documents"}, nil},
		{"top", "a: 1\nb: 2\na: 3\n", []string{`v.yaml:3: key "a" occurs twice (line 1 and 3); helm takes the last`}, nil},
		{
			"below and three times", "a:\n- b: 1\n  'b': 2\n  c: 3\n  \"b\": 4\n",
			[]string{`v.yaml:5: key "a[0].b" occurs 3 times (line 2, 3 and 5); helm takes the last`},
			nil,
		},
		{"in a flow mapping", "a: {b: 1, b: 2}\n", []string{`v.yaml:1: key "a.b" occurs twice (line 1 and 1); helm takes the last`}, nil},
		{"over several lines", "a: {\n  b: 1,\n  b: 2}\n", []string{`v.yaml:3: key "a.b" occurs twice (line 2 and 3); helm takes the last`}, nil},
		{"alike in JSON only", "1: a\n\"1\": b\n", []string{`v.yaml:2: key "1" occurs twice (line 1 and 2); helm takes any one`}, nil},
		{"below a text that looks like less", "a:\n  b: \"x\n\n  y\"\n  b: 2\n", []string{`v.yaml:5: key "a.b" occurs twice (line 2 and 5); helm takes the last`}, nil},
		{"in a text only", "a: |\n  b: 1\n  b: 2\n", nil, nil},
		{"merge keys", "a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  <<: *b\n", nil, nil},
		{
			"in a document that Helm 3 does not read", "a: 1\n---\nb: 2\nb: 3\n",
			[]string{"v.yaml: helm reads only the first of 2 documents"},
			[]string{`v.yaml:4: key "b" occurs twice (line 3 and 4); helm takes the last`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
				r := releaseAs(chartWith("templates/x.yaml", configMap))
				r.Dir = fstest.MapFS{"v.yaml": {Data: []byte(test.text)}}
				r.Values.Files = []string{"v.yaml"}
				want := test.helm3
				if strings.HasSuffix(t.Name(), "helm4") && (test.helm4 != nil || strings.Contains(test.text, "---")) {
					want = test.helm4
				}
				out, err := template(t.Context(), r)
				if err != nil || !slices.Equal(out.Unchecked, want) {
					t.Errorf("got %q, %v, want %q", out.Unchecked, err, want)
				}
			})
		})
	}
}

func TestDefaultsOfSubchartsAreLookedAt(t *testing.T) {
	eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
		out, err := template(t.Context(), releaseAs(chartWith(
			"templates/x.yaml", configMap, "values.yaml", "a: 1\na: 2\n",
			"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n", "charts/sub/values.yaml", "b: 1\nb: 2\n")))
		want := []string{
			`web/values.yaml:2: key "a" occurs twice (line 1 and 2); helm takes the last`,
			`web/charts/sub/values.yaml:2: key "b" occurs twice (line 1 and 2); helm takes the last`,
		}
		if err != nil || !slices.Equal(out.Unchecked, want) {
			t.Errorf("got %q, %v, want %q", out.Unchecked, err, want)
		}
	})
}

// FuzzSuspect holds the look at the lines to the parse: it may find too much, and never too little. Texts that helm
// refuses do not count.
func FuzzSuspect(f *testing.F) {
	for _, text := range []string{
		"a: 1\nb:\n  c: 2\n  c: 3\n", "- a: 1\n  a: 2\n", "a: \"\nb: \"\na: 1\n", "a: {b: 1, b: 2}", "? a\n: 1\na: 2\n",
		"a:\n  b: 'x\ny: '\n  b: 1\n", "a: [\n{b: 1}, {c: 1,\nc: 2}]\n", "a: 1\n...\nb: 2\n", "--- {a: 1}\n--- {b: 1}\n", "a:\t1\na: 2\n", "a : 1\na: 2\n",
		"a: |\n  x\nb: 1\nb : 2\n", "'a''b': 1\n'a''b': 2\n", "- - a: 1\n    a: 2\n", "a: # x\n  b: 1\n  b: 2 # y\n",
	} {
		f.Add(text)
	}
	d := library3().dialect
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := d.read([]byte(text)); err != nil {
			return
		}
		if notes := d.unreadNodes("v.yaml", []byte(text)); len(notes) > 0 && !suspect([]byte(text)) {
			t.Errorf("%q: no suspicion, and the parse finds %q", text, notes)
		}
	})
}
