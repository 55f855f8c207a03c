//go:build parity

package helm

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
)

// externalVersions are the binaries that have to pass the conformance suite.
var externalVersions = []string{Version3, Version4, "3.14.4", "3.16.3", "3.19.4", "4.2.1"}

var variants = flag.Bool("variants", false, "rewrite the sections of single versions")

// TestParityOfExternalEngines runs the conformance suite through the binaries. Those of the linked versions have to give
// what the linked engines give; for the others a section may have a variant of their own, "name.helm-3.14.4", and these
// variants are the matrix of what drifts between versions. The version that helm says of itself is no variant. What only
// a binary lets hear, its warnings, is in "name.heard"; "name.binary" is for every binary.
func TestParityOfExternalEngines(t *testing.T) {
	bin := binaryFolder(t)
	suite := readSuite(t)
	for _, version := range externalVersions {
		engine, err := External(filepath.Join(bin, "helm-"+version), version, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(version, func(t *testing.T) {
			for _, c := range suite {
				t.Run(c.file+"/"+c.run, func(t *testing.T) {
					t.Parallel()
					said := outcome(t, func() (render.Output, error) {
						return engine(t.Context(), releaseOf(t, c.archive.Archive, c.flags))
					})
					apartHeard(said, version)
					if *variants {
						c.keepVariants(said, version)
					}
					for suffix := range said {
						if want := c.want(suffix, said, version); want != said[suffix] {
							t.Errorf("%s%s, want -, got +:\n%s", c.run, suffix, cmp.Diff(want, said[suffix]))
						}
					}
				})
			}
		})
	}
	for _, c := range suite {
		if *variants {
			if err := os.WriteFile("testdata/"+c.file+".txtar", txtar.Format(c.archive.Archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// suiteCase is one run of the suite; the runs of a file share its archive.
type suiteCase struct {
	file, run string
	flags     []string
	archive   *lockedArchive
}

type lockedArchive struct {
	sync.Mutex
	*txtar.Archive
}

func readSuite(t *testing.T) []suiteCase {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d conformance files (%v), want at least 20", len(files), err)
	}
	var suite []suiteCase
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if *variants {
			archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return variantName.MatchString(f.Name) })
		}
		shared := &lockedArchive{Archive: archive}
		for line := range strings.Lines(string(archive.Comment)) {
			if name, flags, isRun := strings.Cut(strings.TrimSpace(line), ": "); isRun && !strings.HasPrefix(line, "#") {
				suite = append(suite, suiteCase{strings.TrimSuffix(filepath.Base(file), ".txtar"), name, strings.Fields(flags), shared})
			}
		}
	}
	return suite
}

var variantName = regexp.MustCompile(`\.(helm-\d.*|binary)$|\.heard(\.helm\d)?$`)

func linked(version string) string {
	return map[byte]string{'3': Version3, '4': Version4}[version[0]]
}

// want gives the section that a version has to give.
func (c suiteCase) want(suffix string, said map[string]string, version string) string {
	c.archive.Lock()
	defer c.archive.Unlock()
	if suffix == "" && said[".random"] != "" {
		return said[suffix]
	}
	text := section(c.archive.Archive, c.run+suffix, "helm-"+version, "binary", "helm"+version[:1])
	return strings.ReplaceAll(text, "helm: v"+linked(version), "helm: v"+version)
}

// keepVariants adds the sections that a version needs. The linked versions need none for what the linked engines give.
func (c suiteCase) keepVariants(said map[string]string, version string) {
	for suffix, text := range said {
		if c.want(suffix, said, version) == text {
			continue
		}
		name := c.run + suffix + ".helm-" + version
		switch {
		case linked(version) == version && suffix == ".heard":
			name = c.run + suffix + ".helm" + version[:1]
		case linked(version) == version && suffix == ".unchecked":
			name = c.run + suffix + ".binary"
		case linked(version) == version:
			continue
		}
		c.archive.Lock()
		c.archive.Files = append(c.archive.Files, txtar.File{Name: name, Data: []byte(text)})
		slices.SortStableFunc(c.archive.Files, func(a, b txtar.File) int {
			if variantName.MatchString(a.Name) && variantName.MatchString(b.Name) {
				return strings.Compare(a.Name, b.Name)
			}
			return 0
		})
		c.archive.Unlock()
	}
}

func binaryFolder(t testing.TB) string {
	bin := os.Getenv("SLUICE_PARITY_BIN")
	if bin == "" {
		t.Fatal("SLUICE_PARITY_BIN does not name the folder of binaries; `make parity` builds them and sets it")
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// apartHeard puts what only a binary says beside what the linked engines say as well.
func apartHeard(said map[string]string, version string) {
	kept, heard := "", ""
	for line := range strings.Lines(said[".unchecked"]) {
		switch {
		case strings.HasPrefix(line, "helm "+version+" tells templates also of its own APIs: "):
		case strings.HasPrefix(line, "helm "+version+" "):
			heard += strings.TrimPrefix(line, "helm "+version+" ")
		default:
			kept += line
		}
	}
	said[".unchecked"], said[".heard"] = kept, heard
}

// TestParityOfExternalSchemas gives every binary schemas that refer to a server, which has to see no connection, and asks
// for the verdict of the linked engine, whether the documents are there or not.
func TestParityOfExternalSchemas(t *testing.T) {
	bin := binaryFolder(t)
	var connections atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connections.Add(1)
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	tree := schemaChart(server.URL)
	for _, version := range externalVersions {
		engine, err := External(filepath.Join(bin, "helm-"+version), version, 0)
		if err != nil {
			t.Fatal(err)
		}
		linked := majors[version[0]-'3'].template
		for _, c := range schemaCases {
			for _, documents := range [][]render.File{nil, schemaDocuments(server.URL)} {
				r := releaseAs(tree)
				r.Chart.Documents = documents
				r.Values = render.Values{Set: []string{c.set}}
				want := outcome(t, func() (render.Output, error) { return linked(t.Context(), r) })
				got := outcome(t, func() (render.Output, error) { return engine(t.Context(), r) })
				apartHeard(got, version)
				older := slices.Contains([]string{"3.14.4", "3.16.3"}, version)
				if told := strings.Contains(got[".heard"], "does not see values.schema.json of chart sub"); told != (older && got[".error"] == "") {
					t.Errorf("helm %s, %s: heard is %q", version, c.name, got[".heard"])
				}
				delete(got, ".heard")
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("helm %s, %s, %d documents, linked -, external +:\n%s", version, c.name, len(documents), d)
				}
			}
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("the binaries opened %d connections", n)
	}
}

// BenchmarkExternal compares a render of one chart by the linked engine and by the binary of the same version.
func BenchmarkExternal(b *testing.B) {
	bin := binaryFolder(b)
	for _, m := range majors {
		version := strings.TrimPrefix(m.binary, "helm-")
		engine, err := External(filepath.Join(bin, m.binary), version, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(version+"/linked", func(b *testing.B) { benchmark(b, m.template) })
		b.Run(version+"/external", func(b *testing.B) { benchmark(b, engine) })
	}
}
