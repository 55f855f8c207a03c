package helm

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestCopyOfAChart looks at what a binary gets: sorted keys and no schema that leads out, at every depth.
func TestCopyOfAChart(t *testing.T) {
	const keys = "# {{ keys .Values }}"
	const outside = `{"$ref": "https://example.com/a.json"}`
	inner := tgz(t, []txtar.File{
		{Name: "Chart.yaml", Data: []byte("apiVersion: v2\nname: root\nversion: 1.0.0\n")},
		{Name: "templates/x.yaml", Data: []byte(keys)},
		{Name: "values.schema.json", Data: []byte(outside)},
	})
	tree := chartWith("templates/x.yaml", keys, "charts/dir/templates/x.yaml", keys, "charts/root.tgz", string(inner),
		"values.schema.json", `{"type": "object"}`, "charts/dir/values.schema.json", outside, "files/x.yaml", keys)
	copied, err := copyChart(releaseAs(tree))
	if err != nil {
		t.Fatal(err)
	}
	_, files, err := unpack(copied.archive)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		if f.Path == "charts/root.tgz" {
			_, inside, err := unpack(f.Data)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, inside...)
		}
	}
	for _, f := range files {
		if bytes.Contains(f.Data, []byte("| sortAlpha")) || strings.HasSuffix(f.Path, ".json") {
			got = append(got, f.Path)
		}
	}
	if list, want := strings.Join(got, " "), "charts/dir/templates/x.yaml charts/root.tgz templates/x.yaml values.schema.json templates/x.yaml"; list != want {
		t.Errorf("got %s, want %s", list, want)
	}
	if len(copied.judged) != 2 {
		t.Errorf("%d schemas are left out, want 2", len(copied.judged))
	}
}

func TestNothingMayFollowTheEndMark(t *testing.T) {
	c := chartCopy{id: "id"}
	text := "---\n# Source: web/templates/" + c.markFile("manifest") + "\n" + markHead + `said: {"helm": "v3.22.0"}` + "\n"
	if _, err := c.unmark([]byte(text), false); err != nil {
		t.Error(err)
	}
	if _, err := c.unmark([]byte(text+"---\n# Source: x\nkind: A\n"), false); err == nil {
		t.Error("a document behind the end mark is taken")
	}
}
