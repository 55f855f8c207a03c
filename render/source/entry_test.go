package source

import (
	"testing"

	"sluice/render"
)

// A tag looks like an exact version, so the error has to say what is one.
func TestUnpinned(t *testing.T) {
	t.Parallel()
	r := &Reader{}
	for _, c := range []struct {
		asked Entry
		want  []string
	}{
		{gitEntry("https://git.example.com/r.git", "v1.0.0"), []string{`revision "v1.0.0"`, "another commit", "40 digits"}},
		{gitEntry("https://git.example.com/r.git", ""), []string{`revision "HEAD"`, "40 digits"}},
		{Entry{Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "x", Requested: "^1"}, []string{`version "^1"`, "exact version"}},
	} {
		_, err := r.settle(t.Context(), c.asked, "")
		wantError(t, err, c.want...)
	}
}
