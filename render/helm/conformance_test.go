package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
)

// The files of testdata are the conformance suite of both engines. Each holds a chart (files below chart/; a folder
// whose name ends in .tgz becomes an archive), values files, and in its comment the runs: "name: flags of helm
// template". What a run has to give stands in a section "name", or "name.helm3" and "name.helm4" where the majors
// differ; "name.error", "name.unchecked" and "name.random" likewise.
//
// The outputs are what the real programs print, byte for byte: with -capture they are asked and all sections rewritten,
// the other three with what this package says. A run that only one of helm and this package refuses stays a failure.
var capture = flag.String("capture", "", "folder with helm-3.22.0 and helm-4.3.1: rewrite the expected sections")

var majors = []struct {
	name, binary string
	template     func(context.Context, render.Release) (render.Output, error)
}{
	{"helm3", "helm-" + Version3, Template3},
	{"helm4", "helm-" + Version4, Template4},
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d conformance files (%v), want at least 20", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runs := 0
			for line := range strings.Lines(string(archive.Comment)) {
				name, flags, isRun := strings.Cut(strings.TrimSpace(line), ": ")
				if !isRun || strings.HasPrefix(line, "#") {
					continue
				}
				runs++
				for _, m := range majors {
					t.Run(name+"/"+m.name, func(t *testing.T) {
						run := runOf{name, m.name, filepath.Join(*capture, m.binary), strings.Fields(flags)}
						said := outcome(t, func() (render.Output, error) {
							return m.template(t.Context(), releaseOf(t, archive, run.flags))
						})
						if *capture != "" {
							captureRun(t, archive, run, said)
						}
						for _, suffix := range slices.Sorted(maps.Keys(said)) {
							if suffix == "" && said[".random"] != "" {
								continue
							}
							if want := section(archive, run.name+suffix, run.major); want != said[suffix] {
								t.Errorf("%s%s, want -, got +:\n%s", name, suffix, cmp.Diff(want, said[suffix]))
							}
						}
					})
				}
			}
			if runs == 0 {
				t.Fatal("the file has no run")
			}
			if *capture != "" {
				if err := os.WriteFile(file, txtar.Format(tidy(archive)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

type runOf struct {
	name, major, binary string
	flags               []string
}

// outcome renders twice, where the second output has to be the same bytes, and gives what came out by section suffix.
func outcome(t *testing.T, template func() (render.Output, error)) map[string]string {
	t.Helper()
	out, err := template()
	again, _ := template()
	if !bytes.Equal(out.YAML, again.YAML) && len(out.Random) == 0 {
		t.Errorf("two renders differ and no function is named for it:\n%s", cmp.Diff(string(out.YAML), string(again.YAML)))
	}
	said := map[string]string{"": string(out.YAML), ".error": "", ".unchecked": lines(out.Unchecked), ".random": lines(out.Random)}
	if err != nil {
		said[".error"] = err.Error() + "\n"
		for e := (*render.Error)(nil); errors.As(err, &e); err = e.Err {
			if e.Hint != "" {
				said[".error"] += "hint: " + e.Hint + "\n"
			}
		}
	}
	return said
}

func lines(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "\n") + "\n"
}

// section gives the most particular of the sections of a name: of the version, of the major, of both.
func section(archive *txtar.Archive, name string, engines ...string) string {
	for _, engine := range engines {
		for _, f := range archive.Files {
			if f.Name == name+"."+engine {
				return string(f.Data)
			}
		}
	}
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// releaseOf builds a release from a conformance file and helm's flags.
func releaseOf(t *testing.T, archive *txtar.Archive, flags []string) render.Release {
	t.Helper()
	r := render.Release{
		Name: "rel", Namespace: "apps", Capabilities: render.Capabilities{KubeVersion: "1.33.4"}, SkipCRDs: true,
		Chart: chartOf(t, archive), Dir: valuesOf(archive),
	}
	for i := 0; i < len(flags); i++ {
		switch flags[i] {
		case "--include-crds":
			r.SkipCRDs = false
			continue
		case "--skip-tests":
			r.SkipTests = true
			continue
		case "--no-hooks":
			r.SkipHooks = true
			continue
		case "--skip-schema-validation":
			r.SkipSchema = true
			continue
		}
		i++
		switch value := flags[i]; flags[i-1] {
		case "-f":
			r.Values.Files = append(r.Values.Files, value)
		case "--set":
			r.Values.Set = append(r.Values.Set, value)
		case "--set-string":
			r.Values.SetString = append(r.Values.SetString, value)
		case "--set-json":
			r.Values.SetJSON = append(r.Values.SetJSON, value)
		case "--set-file":
			r.Values.SetFile = append(r.Values.SetFile, value)
		case "--kube-version":
			r.Capabilities.KubeVersion = value
		case "-a":
			r.Capabilities.APIVersions = append(r.Capabilities.APIVersions, value)
		case "--name":
			r.Name = value
		default:
			t.Fatalf("unknown flag %s", flags[i-1])
		}
	}
	return r
}

// chartOf gives the files below chart/ as a tree ordered by path, with folders named *.tgz packed.
func chartOf(t *testing.T, archive *txtar.Archive) render.Tree {
	t.Helper()
	files := map[string][]byte{}
	packed := map[string][]txtar.File{}
	for _, f := range archive.Files {
		name, isChart := strings.CutPrefix(f.Name, "chart/")
		if !isChart {
			continue
		}
		if archive, file, found := strings.Cut(name, ".tgz/"); found {
			packed[archive+".tgz"] = append(packed[archive+".tgz"], txtar.File{Name: file, Data: f.Data})
			continue
		}
		files[name] = f.Data
	}
	for name, list := range packed {
		files[name] = tgz(t, list)
	}
	tree := render.Tree{Name: "chart under test", Origin: "chart"}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		tree.Files = append(tree.Files, render.File{Path: name, Data: files[name]})
	}
	return tree
}

func valuesOf(archive *txtar.Archive) fstest.MapFS {
	dir := fstest.MapFS{}
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "chart/") {
			dir[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return dir
}

func tgz(t *testing.T, files []txtar.File) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tape := tar.NewWriter(zip)
	for _, f := range files {
		if err := tape.WriteHeader(&tar.Header{Name: "root/" + f.Name, Mode: 0o644, Size: int64(len(f.Data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := tape.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tape.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// captureRun asks the real helm and puts its answer into the archive, with what this package said beside the output.
func captureRun(t *testing.T, archive *txtar.Archive, run runOf, said map[string]string) {
	t.Helper()
	dir := t.TempDir()
	tree := chartOf(t, archive)
	for name, f := range valuesOf(archive) {
		tree.Files = append(tree.Files, render.File{Path: "../" + name, Data: f.Data})
	}
	for _, f := range tree.Files {
		path := filepath.Join(dir, "chart", f.Path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, f.Data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	name := "rel"
	args := []string{"-n", "apps"}
	flags := run.flags
	if !slices.Contains(flags, "--kube-version") {
		args = append(args, "--kube-version", "1.33.4")
	}
	for i := 0; i < len(flags); i++ {
		if flags[i] == "--name" {
			i++
			name = flags[i]
			continue
		}
		args = append(args, flags[i])
	}
	cmd := exec.Command(run.binary, append([]string{"template", name, "chart"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if (err != nil) != (said[".error"] != "") {
		t.Errorf("helm says %v: %s", err, out)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Logf("%s", exit.Stderr)
		}
	}
	for suffix, text := range said {
		if suffix == "" {
			text = string(out)
		}
		key := run.name + suffix + "." + run.major
		archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == key })
		if text != "" && (suffix != "" || said[".random"] == "") {
			archive.Files = append(archive.Files, txtar.File{Name: key, Data: []byte(text)})
		}
	}
}

// tidy joins the sections of the two majors where they are the same.
func tidy(archive *txtar.Archive) *txtar.Archive {
	byName := map[string][]byte{}
	for _, f := range archive.Files {
		byName[f.Name] = f.Data
	}
	var files []txtar.File
	slices.SortStableFunc(archive.Files, func(a, b txtar.File) int { return strings.Compare(generated(a.Name), generated(b.Name)) })
	for _, f := range archive.Files {
		base, isOne := strings.CutSuffix(f.Name, ".helm3")
		other, isOther := strings.CutSuffix(f.Name, ".helm4")
		switch {
		case isOne && bytes.Equal(f.Data, byName[base+".helm4"]):
			files = append(files, txtar.File{Name: base, Data: f.Data})
		case isOther && bytes.Equal(f.Data, byName[other+".helm3"]):
		case byName[f.Name+".helm3"] != nil || byName[f.Name+".helm4"] != nil:
		default:
			files = append(files, f)
		}
	}
	return &txtar.Archive{Comment: archive.Comment, Files: files}
}

// generated gives the name of a section that capture writes, and nothing for the inputs, which keep their place in front.
func generated(name string) string {
	if strings.HasSuffix(name, ".helm3") || strings.HasSuffix(name, ".helm4") {
		return name
	}
	return ""
}
