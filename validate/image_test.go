package validate

import (
	"strings"
	"testing"
)

// Names are taken apart as distribution/reference does, and what it refuses has the words for it.
func TestParseImage(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	for _, c := range []struct {
		name string
		want Image
		why  string // a part of the error; empty for none
	}{
		{"nginx", Image{"docker.io", "library/nginx", "", ""}, ""},
		{"index.docker.io/nginx:1", Image{"docker.io", "library/nginx", "1", ""}, ""},
		{"team/web:1.27", Image{"docker.io", "team/web", "1.27", ""}, ""},
		{"localhost/web", Image{"localhost", "web", "", ""}, ""},
		{"Registry/web", Image{"Registry", "web", "", ""}, ""},
		{"registry:5000/a/b:v1@sha256:" + hex, Image{"registry:5000", "a/b", "v1", "sha256:" + hex}, ""},
		{"[::1]:5000/a@sha512:" + hex + hex, Image{"[::1]:5000", "a", "", "sha512:" + hex + hex}, ""},
		{"a_b.example.com/web", Image{"a_b.example.com", "web", "", ""}, ""},
		{"a:" + strings.Repeat("t", 128), Image{"docker.io", "library/a", strings.Repeat("t", 128), ""}, ""},
		{"", Image{}, "is blank"},
		{" \t", Image{}, "is blank"},
		{"nginx ", Image{}, "white space"},
		{"https://example.com/web", Image{}, "scheme"},
		{":1", Image{}, "names no repository"},
		{"@sha256:" + hex, Image{}, "names no repository"},
		{hex, Image{}, "id of an image"},
		{"nginx:1.27:latest", Image{}, "more than one tag"},
		{"Nginx:1", Image{}, "capital letters"},
		{"registry.example.com/Team/web", Image{}, "capital letters"},
		{"a..b", Image{}, "repository that is none"},
		{"registry.example.com//web", Image{}, "repository that is none"},
		{"-registry.example.com/web", Image{}, "no host"},
		{"registry.example.com:x/web", Image{}, "no host"},
		{strings.Repeat("a", 256), Image{}, "255 at most"},
		{"a:", Image{}, "empty tag"},
		{"a:.1", Image{}, "tag that is none"},
		{"a:" + strings.Repeat("t", 129), Image{}, "129 characters, want 128"},
		{"a:1@", Image{}, "digest that is none"},
		{"a@sha256:" + strings.ToUpper(hex), Image{}, "digest that is none"},
		{"a@sha256:" + hex[:62], Image{}, "62 digits, want the 64 of sha256"},
		{"a@md5:" + hex[:32], Image{}, "by md5"},
	} {
		got, err := ParseImage(c.name)
		switch {
		case c.why == "" && (err != nil || got != c.want):
			t.Errorf("%q: %+v, %v, want %+v", c.name, got, err, c.want)
		case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
			t.Errorf("%q: %v, want words about %q", c.name, err, c.why)
		}
	}
}
