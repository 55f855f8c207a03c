package helm

import (
	"context"
	"strings"
	"testing"

	"sluice/render"
)

// The words that a function of a template gives up with often quote what it was given.
func TestErrorsHideTheValuesThatTheLibraryQuotes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{{ include .Values.db.login . }}", `there is no template "the value of db.login"`},
		{"{{ mustToDate .Values.db.login `x` }}", `parsing time "x" as "the value of db.login"`},
		{"{{ semverCompare .Values.db.login `1.0.0` }}", "the value of db.login"},
		{"{{ mustRegexMatch (print `[` .Values.db.login) `x` }}", "missing closing ]: `[the value of db.login`"},
		{"{{ range .Values.db.login }}{{ end }}", "range can't iterate over the value of db.login"},
		{"{{ mustDateModify .Values.db.login now }}", `invalid duration "the value of db.login"`},
		{"{{ mustDateModify (index .Values.db.more 0) now }}", `invalid duration "the value of db.more[0]"`},
		{"{{ mustDateModify .Values.lines now }}", `invalid duration "the value of lines`},
		{"{{ include .Values.db.word . }}", `there is no template "the value of db.word"`},
		{"{{ index .Values.db.kind `x` }}", "cannot index slice/array with type string"},
		{"{{ tpl `{{ mustDateModify .Values.db.login now }}` . }}", `invalid duration "the value of db.login"`},
		{"a: !!float {{ .Values.db.login }}\n", "cannot decode !!str as a !!float"},
	} {
		values := "lines: \"hunter2\\nhunter2\"\ndb: {login: hunter2-long-one, more: [hunter2-more], word: hunter, kind: type}\n"
		eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
			_, err := template(t.Context(), releaseAs(chartWith("values.yaml", values, "templates/x.yaml", c.text)))
			if err == nil || strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", c.text, err, c.want)
			}
		})
	}
}
