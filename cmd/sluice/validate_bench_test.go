package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/schemas"
)

// BenchmarkValidate5000 judges 5,000 objects of all built-in kinds in 50 files: by the kubeconform binary, whose schemas are
// files on this machine, and by the sluice binary. By its schemas alone that does what kubeconform does, and refuses all
// that it refuses (TestKubeconformParity); by default it does much besides. The last figure of
// each is the memory that the process had at most.
func BenchmarkValidate5000(b *testing.B) {
	dir := mixedObjects(b, 5000, 50)
	b.Run("kubeconform", func(b *testing.B) {
		location := schemaFiles(b, defectMinor)
		tool := binary(b, "SLUICE_PARITY_BIN", "kubeconform")
		measure(b, tool, "-strict", "-summary", "-schema-location", location, "-kubernetes-version", fmt.Sprintf("1.%d.0", defectMinor), dir)
	})
	b.Run("sluice", func(b *testing.B) {
		tool := binary(b, "SLUICE_BENCH_BIN")
		measure(b, tool, "validate", dir, "--kubernetes", fmt.Sprintf("1.%d", defectMinor), "--offline", "--fail-on", "outage")
	})
	b.Run("sluice, schemas alone", func(b *testing.B) {
		tool := binary(b, "SLUICE_BENCH_BIN")
		measure(b, tool, "validate", dir, "--kubernetes", fmt.Sprintf("1.%d", defectMinor), "--offline", "--only", "schema")
	})
	b.Run("sluice, schemas and the rules of the server", func(b *testing.B) {
		tool := binary(b, "SLUICE_BENCH_BIN")
		measure(b, tool, "validate", dir, "--kubernetes", fmt.Sprintf("1.%d", defectMinor), "--offline", "--only", "schema,server")
	})
	b.Run("sluice range", func(b *testing.B) {
		tool := binary(b, "SLUICE_BENCH_BIN")
		measure(b, tool, "validate", dir, "--kubernetes", "1.31..1.36", "--offline", "--fail-on", "outage")
	})
}

// measure runs a command that finds nothing and reports its memory.
func measure(b *testing.B, tool string, args ...string) {
	var most int
	for b.Loop() {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(tool, args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		ended, peak := make(chan struct{}), make(chan int)
		go func() { peak <- resident(cmd.Process.Pid, ended) }()
		err := cmd.Wait()
		close(ended)
		most = max(most, <-peak)
		if err != nil {
			b.Fatalf("%s: %v\n%.2000s\n%.2000s", filepath.Base(tool), err, stdout.String(), stderr.String())
		}
	}
	b.ReportMetric(float64(most)/1024, "MiB")
}

// resident gives the most KiB that a process had in memory, as the kernel keeps it until the process ends; 0 where there is no
// /proc. What wait4 says instead is never less than what this process had when it started the other.
func resident(pid int, ended <-chan struct{}) (most int) {
	for {
		select {
		case <-ended:
			return most
		case <-time.After(10 * time.Millisecond):
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			most = max(most, kib)
		}
	}
}

// mixedObjects writes n objects into files of a new directory, by turns of two sorts: the clean twins of the defects that
// kubeconform takes, which are small, and the objects of built-in kinds that the reference stack renders to, as large as charts
// make them. They come over and over under new names.
func mixedObjects(b *testing.B, n, files int) string {
	var small []string
	for text := range twins(b) {
		small = append(small, text)
	}
	large := stackObjects(b)
	if len(small) == 0 || len(large) == 0 {
		b.Fatalf("%d clean twins and %d objects of the stack", len(small), len(large))
	}
	dir := b.TempDir()
	var all strings.Builder
	for i := range n {
		texts := small
		if i%2 == 1 {
			texts = large
		}
		fmt.Fprintf(&all, "---\n%s", strings.ReplaceAll(texts[i/2%len(texts)], "NAME", fmt.Sprintf("n%d", i)))
		if (i+1)%(n/files) == 0 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("objects-%02d.yaml", i*files/n)), []byte(all.String()), 0o644); err != nil {
				b.Fatal(err)
			}
			all.Reset()
		}
	}
	return dir
}

// stackObjects gives the objects of built-in kinds that the reference stack renders to, with their names taken out.
func stackObjects(b *testing.B) []string {
	var stdout, stderr bytes.Buffer
	args := []string{"render", "--stack", "../../stacks/three-layer", "--mirror", "../../testdata/mirror", "--cache", b.TempDir(), "-q"}
	if code := run(b.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, args); code != exitClean {
		b.Fatalf("rendering the reference stack: %s", stderr.String())
	}
	set, err := render.Parse("stack", stdout.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	builtin := map[string]bool{}
	for _, k := range schemas.Kinds(defectMinor) {
		builtin[k.Group+"/"+k.Kind] = k.Schema != nil
	}
	var texts []string
	for _, o := range set.Objects {
		if !builtin[o.Key.Group+"/"+o.Key.Kind] || o.Key.Definition() {
			continue
		}
		metadata := o.Tree["metadata"].(map[string]any)
		metadata["name"] = "NAME"
		if o.Key.Namespace != "" {
			metadata["namespace"] = "NAME"
		}
		text, err := render.Set{Objects: []render.Object{o}}.Encode()
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, strings.TrimPrefix(string(text), "---\n"))
	}
	return texts
}

// twins gives the clean twins of the defects of built-in kinds, in the order of their names, each once, with their names taken
// out.
func twins(b *testing.B) func(func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		err := filepath.WalkDir("../../testdata/defects", func(name string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".txtar" || strings.Contains(name, "/custom/") {
				return err
			}
			archive, err := txtar.ParseFile(name)
			if err != nil {
				return err
			}
			for _, f := range archive.Files {
				set, err := render.Parse(f.Name, f.Data)
				if f.Name != "clean.yaml" || err != nil || len(set.Objects) != 1 || set.Objects[0].Key.Definition() {
					continue
				}
				o := set.Objects[0]
				text := strings.Replace(string(f.Data), "  name: "+o.Key.Name+"\n", "  name: NAME\n", 1)
				if o.Key.Namespace != "" { // each in one of its own, or thousands would select each other's Pods
					text = strings.ReplaceAll(text, "namespace: "+o.Key.Namespace+"\n", "namespace: NAME\n")
				}
				if seen[text] || !strings.Contains(text, "  name: NAME\n") || o.Key.Group == "rbac.authorization.k8s.io" {
					continue
				}
				seen[text] = true
				if !yield(text) {
					return fs.SkipAll
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
