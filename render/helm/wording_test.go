package helm

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/render"
)

func TestErrorsSpeakOfValuesAndNotOfGoTypes(t *testing.T) {
	for _, c := range []struct{ path, text, want string }{
		{"templates/x.yaml", "{{ .Values.a.b }}", ".Values.a.b: nil pointer: nothing is set above .b"},
		{"templates/x.yaml", "{{ .Values.s.x }}", ".Values.s.x: there is no .x in a value that is not a mapping"},
		{"templates/x.yaml", "{{ upper .Values.m }}", "expected string; got a mapping"},
		{"templates/x.yaml", "{{ merge .Values.l .Values.m }}", "expected a mapping; got a list"},
		{"templates/x.yaml", "{{ fail (printf \"%T\" .Values.m) }}", "map[string]interface {}"}, // the author's own words
		{"templates/x.yaml", "kind: [a]\n", "what it renders is not a Kubernetes object: kind is a list, not text"},
		{"templates/x.yaml", "- a\n", "what it renders is not a Kubernetes object: it is a list, not a mapping"},
		{"templates/x.yaml", "metadata: {annotations: {a: [1]}}\n", "a value of metadata.annotations is a list, not text"},
		{"templates/x.yaml", "metadata: {annotations: [a]}\n", "metadata.annotations is a list, not a mapping"},
		{"charts/sub/values.yaml", "- a\n", "reading the chart: it is a list, not a mapping"},
		{"v.yaml", "text\n", "reading the values file: it is text, not a mapping"},
		{"v.yaml", "a: 1\nb:\n  c: 2\n d: 3\n", "v.yaml:4: reading the values file: did not find expected key"},
		{"v.yaml", "a: 1\nb: *horse\n", `v.yaml:2:4: reading the values file: the alias has no anchor; a value that begins with "*" needs quotes`},
	} {
		eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
			pairs := []string{"values.yaml", "m: {a: 1}\nl: [1]\ns: text\n", "charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"}
			r := releaseAs(chartWith(append(pairs, c.path, c.text)...))
			if c.path == "v.yaml" {
				r.Dir, r.Values.Files = fstest.MapFS{c.path: {Data: []byte(c.text)}}, []string{c.path}
			}
			if _, err := template(t.Context(), r); err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", c.text, err, c.want)
			}
		})
	}
}
