//go:build parity

package helm

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
)

// TestParityOfSchemaDocuments gives the binaries, which fetch the documents from a server, and the engines, which have
// them, the same chart and values, and compares the verdicts.
func TestParityOfSchemaDocuments(t *testing.T) {
	bin := os.Getenv("SLUICE_PARITY_BIN")
	if bin == "" {
		t.Fatal("SLUICE_PARITY_BIN does not name the folder of binaries; `make parity` builds them and sets it")
	}
	held := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := held[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	tree := schemaChart(server.URL)
	tree.Documents = schemaDocuments(server.URL)
	for _, f := range tree.Documents {
		held[strings.TrimPrefix(f.Path, server.URL)] = string(f.Data)
	}
	dir := t.TempDir()
	for _, f := range tree.Files {
		file := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range majors {
		for _, c := range schemaCases {
			cmd := exec.CommandContext(t.Context(), filepath.Join(bin, m.binary), "template", "rel", dir, "--set", c.set)
			cmd.Env = []string{"HOME=" + t.TempDir()}
			said, theirs := cmd.CombinedOutput()
			r := releaseAs(tree)
			r.Values = render.Values{Set: []string{c.set}}
			out, ours := m.template(t.Context(), r)
			_, rule, _ := strings.Cut(c.broken, ": ")
			if (ours == nil) != (theirs == nil) || (ours == nil) != (c.broken == "") || !strings.Contains(string(said), rule) {
				t.Errorf("%s, %s: the engine says %v, the binary %v:\n%s", m.binary, c.name, ours, theirs, said)
			}
			if len(out.Unchecked) > 0 {
				t.Errorf("%s, %s: unchecked are %q", m.binary, c.name, out.Unchecked)
			}
		}
	}
}
