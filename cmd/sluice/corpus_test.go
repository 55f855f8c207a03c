package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every object of every chart and kustomization of testdata passes, unless it is meant to fail: testdata/validated.txt lists
// those findings from warnings on, and what does not render; -update writes it, and what is new there is to be read.
func TestCorpusPasses(t *testing.T) {
	const golden = "../../testdata/validated.txt"
	var places []string
	for _, pattern := range []string{"charts/*/Chart.yaml", "models/*/*/*/Chart.yaml", "models/*/*/Chart.yaml", "kustomize/*/kustomization.yaml"} {
		found, err := filepath.Glob(filepath.Join("../../testdata", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			places = append(places, filepath.Dir(name))
		}
	}
	if len(places) < 100 {
		t.Fatalf("only %d charts and kustomizations", len(places))
	}
	lines := make([][]string, len(places))
	t.Run("all", func(t *testing.T) {
		for i, place := range places {
			t.Run(filepath.Base(place), func(t *testing.T) {
				t.Parallel()
				lines[i] = corpusFindings(t, place)
			})
		}
	})
	all := slices.Concat(lines...)
	slices.Sort(all)
	text := strings.Join(slices.Compact(all), "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(golden); err != nil || string(was) != text {
		t.Errorf("%s is not what comes out (make golden writes it): %v\n%s", golden, err, text)
	}
}

// corpusFindings lists the findings of a chart or kustomization, or that it does not render.
func corpusFindings(t *testing.T, place string) []string {
	name := strings.TrimPrefix(filepath.ToSlash(place), "../../testdata/")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, []string{
		"validate", place, "-o", "json", "--kubernetes", "1.33.4", "--offline", "--cache", t.TempDir(),
	})
	if code == exitError {
		return []string{name + ": does not render"}
	}
	var said struct {
		Findings []struct {
			Rule, Severity, Place string
			Object                *struct{ Key string }
			Position              string
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var lines []string
	for _, f := range said.Findings {
		if f.Severity == "info" {
			continue
		}
		about := f.Position
		if f.Object != nil {
			about = f.Object.Key + " " + f.Place
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s [%s]", name, f.Severity, about, f.Rule))
	}
	return lines
}
