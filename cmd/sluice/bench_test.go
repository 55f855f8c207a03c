package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/source"
)

// The benchmarks of the binary run what `make bench` built: SLUICE_BENCH_BIN is sluice, SLUICE_PARITY_BIN the
// directory of the helm binary that it is compared with in the same run.

func binary(b *testing.B, variable string, name ...string) string {
	b.Helper()
	path := filepath.Join(append([]string{os.Getenv(variable)}, name...)...)
	if _, err := os.Stat(path); err != nil {
		b.Fatalf("%s does not name a binary (run make bench): %v", variable, err)
	}
	return path
}

func runs(b *testing.B, path string, args ...string) {
	b.Helper()
	cmd := exec.Command(path, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// BenchmarkStartup is a whole process that prints its version.
func BenchmarkStartup(b *testing.B) {
	sluice := binary(b, "SLUICE_BENCH_BIN")
	for b.Loop() {
		runs(b, sluice, "version")
	}
}

// BenchmarkHydrateThreeLayer is a whole process that renders and writes the reference stack into a new directory.
func BenchmarkHydrateThreeLayer(b *testing.B) {
	sluice := binary(b, "SLUICE_BENCH_BIN")
	for b.Loop() {
		runs(b, sluice, "hydrate", "--stack", "../../stacks/three-layer", "--mirror", "../../testdata/mirror",
			"--out", filepath.Join(b.TempDir(), "out"), "-q")
	}
}

// BenchmarkOneChart renders one chart: by the helm binary, by the sluice binary, and in this process with parsing.
func BenchmarkOneChart(b *testing.B) {
	const chart = "../../testdata/models/traefik.github.io/charts/traefik"
	b.Run("helm binary", func(b *testing.B) {
		helm := binary(b, "SLUICE_PARITY_BIN", "helm-3.22.0")
		for b.Loop() {
			runs(b, helm, "template", "traefik", chart, "--include-crds", "--kube-version", "1.33.4")
		}
	})
	b.Run("sluice binary", func(b *testing.B) {
		sluice := binary(b, "SLUICE_BENCH_BIN")
		for b.Loop() {
			runs(b, sluice, "render", chart, "--include-crds", "--kube-version", "1.33.4", "-q")
		}
	})
	b.Run("in process", func(b *testing.B) {
		capabilities, err := render.Cluster{Kubernetes: "1.33.4"}.Capabilities()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			reader := &source.Reader{Dir: filepath.Dir(chart)}
			tree, err := reader.Fetch(b.Context(), render.Source{Kind: render.KindHelm, Path: filepath.Base(chart)})
			if err != nil {
				b.Fatal(err)
			}
			out, err := helm.Template3(b.Context(), render.Release{Name: "traefik", Chart: tree, Capabilities: capabilities})
			if err != nil {
				b.Fatal(err)
			}
			if set, err := render.Parse("traefik", out.YAML); err != nil || len(set.Objects) == 0 {
				b.Fatalf("%d objects, %v", len(set.Objects), err)
			}
		}
	})
}

// BenchmarkDiffToolchains is a whole process each time: the reference stack rendered once, compared under two linked
// toolchains with an empty memory of outcomes, and compared again with nothing changed. Its metrics are the ratios that
// are promised: two to one (2.2 at most) and again to first (a tenth at most).
func BenchmarkDiffToolchains(b *testing.B) {
	sluice := binary(b, "SLUICE_BENCH_BIN")
	at := []string{"--stack", "../../stacks/three-layer", "--mirror", "../../testdata/mirror", "-q", "--cache"}
	var one, first, again time.Duration
	timed := func(args ...string) time.Duration {
		start := time.Now()
		runs(b, sluice, args...)
		return time.Since(start)
	}
	for b.Loop() {
		cache := b.TempDir()
		// The sources are in the cache before anything is measured, as they are on every machine but a new one.
		runs(b, sluice, append(append([]string{"render", "-o", "names"}, at...), cache)...)
		one += timed(append(append([]string{"render", "-o", "names"}, at...), cache)...)
		diff := append(append([]string{"diff", "render", "render:workstation"}, at...), cache)
		first += timed(diff...)
		again += timed(diff...)
	}
	b.ReportMetric(float64(one.Milliseconds())/float64(b.N), "one-ms")
	b.ReportMetric(float64(first)/float64(one), "two/one")
	b.ReportMetric(float64(again)/float64(first), "again/first")
}
