//go:build parity

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/render"
)

// kubeconformMinor is the minor of the oracle's release, so that the three are asked the same.
const kubeconformMinor = 36

// verdicts asks kubeconform -strict about files: by name, what it says of them, empty for those that pass.
func verdicts(t *testing.T, location string, files []string) map[string]string {
	t.Helper()
	tool := filepath.Join(os.Getenv("SLUICE_PARITY_BIN"), "kubeconform")
	args := []string{
		"-strict", "-output", "json", "-summary", "-schema-location", location,
		"-kubernetes-version", fmt.Sprintf("1.%d.0", kubeconformMinor), "-ignore-missing-schemas",
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(tool, append(args, files...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // it ends with 1 where it finds something
	var said struct {
		Resources []struct{ Filename, Status, Msg string }
		Summary   struct{ Valid, Invalid, Errors, Skipped int }
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		t.Fatalf("kubeconform: %v\n%s\n%s", err, stdout.String(), stderr.String())
	}
	if n := said.Summary; n.Valid+n.Invalid+n.Errors+n.Skipped < len(files) {
		t.Fatalf("kubeconform judged %+v of %d files", n, len(files))
	}
	of := map[string]string{}
	for _, r := range said.Resources {
		of[r.Filename] += r.Msg
	}
	return of
}

// ours asks the schema family about one file: whether it refuses it, at the least severity that ends in an exit code.
func ours(t *testing.T, file string) bool {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args := []string{
		"validate", "--kubernetes", fmt.Sprintf("1.%d", kubeconformMinor), "--cache", t.TempDir(), "--offline", "-q",
		"--only", "schema", "--fail-on", "warning", file,
	}
	return run(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, args) != exitClean
}

// What kubeconform refuses, sluice refuses by its schemas alone: the defects, their clean twins, and everything that the charts of testdata and the
// reference stack render to. Of the defects it makes the table of the documentation, and holds it to that.
func TestKubeconformParity(t *testing.T) {
	location := schemaFiles(t, kubeconformMinor)
	dir := t.TempDir()
	files := renderedObjects(t, dir)
	var all []defect
	put := func(name string, text []byte) string {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".yaml")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		return file
	}
	wrong := map[string]string{}
	for _, name := range defectFiles(t) {
		d := readDefect(t, name)
		all = append(all, d)
		wrong[d.name] = put(d.name+".defect", d.wrong)
		put(d.name+".clean", d.right)
	}
	slices.Sort(files)
	said := verdicts(t, location, files)
	for _, file := range files {
		if said[file] != "" && !ours(t, file) {
			t.Errorf("%s: kubeconform refuses it and sluice does not: %s", filepath.Base(file), said[file])
		}
	}
	var table strings.Builder
	foundHere, foundThere := 0, 0
	for _, d := range all {
		by, there := rulesOf(t, d), "-"
		if said[wrong[d.name]] != "" {
			there = "found"
			foundThere++
		}
		if by != "" {
			foundHere++
		}
		fmt.Fprintf(&table, "| %s | %s | `%s` | %s | %s |\n",
			d.name, strings.ReplaceAll(d.title, "|", "\\|"), strings.Join(d.fields, "`, `"), by, there)
	}
	text := fmt.Sprintf("# Defects\n\n%d manifests with one defect each, and what finds it. What the API server says is from its own code\n"+
		"(schemas/oracle); kubeconform -strict was given the same minor's schemas as the files that it takes by default have them.\n"+
		"Written by `make parity UPDATE=-update`, which fails where this is not what comes out.\n\n"+
		"Found by sluice: %d of %d. Found by kubeconform -strict: %d.\n\n"+
		"| defect | what is wrong | field that the API server names | rules of sluice | kubeconform |\n|---|---|---|---|---|\n%s",
		len(all), foundHere, len(all), foundThere, table.String())
	const page = "../../validate/DEFECTS.md"
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(page); err != nil || string(was) != text {
		t.Errorf("%s is not what comes out (make parity UPDATE=-update writes it): %v", page, err)
	}
	claim := fmt.Sprintf("has %d manifests with one defect each that the API server's own code refuses: sluice finds\nall of them, `kubeconform -strict` %d.", len(all), foundThere)
	if readme, err := os.ReadFile("../../README.md"); err != nil || foundHere != len(all) || !strings.Contains(string(readme), claim) {
		t.Errorf("README.md says something else than %q: %v", claim, err)
	}
	t.Logf("%d objects; of %d defects sluice finds %d, kubeconform %d", len(files), len(all), foundHere, foundThere)
}

// rulesOf lists the rules that find something in a defect.
func rulesOf(t *testing.T, d defect) string {
	t.Helper()
	set, err := render.Parse("defect.yaml", d.wrong)
	if err != nil {
		return "(cannot be read)"
	}
	var rules []string
	for _, f := range judgeDefect(t, set, d.kind) {
		rules = append(rules, f.Rule)
	}
	slices.Sort(rules)
	return strings.Join(slices.Compact(rules), ", ")
}

// renderedObjects writes what the reference stack renders to, a file per object.
func renderedObjects(t *testing.T, dir string) []string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args := []string{"render", "--stack", "../../stacks/three-layer", "--mirror", "../../testdata/mirror", "--cache", t.TempDir(), "-q"}
	if code := run(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, args); code != exitClean {
		t.Fatalf("rendering the reference stack: %s", stderr.String())
	}
	var files []string
	for i, text := range strings.Split(stdout.String(), "---\n# Source: ")[1:] {
		file := filepath.Join(dir, fmt.Sprintf("stack_%03d.yaml", i))
		if err := os.WriteFile(file, []byte("# Source: "+text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
