package stack_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/stack"
)

// fleet writes a stack of n apps in layers of twenty, with values in place and dependencies.
func fleet(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("package stack\n\nname: \"fleet\"\ncluster: {kubernetes: \"1.33.4\", argocd: \"3.4.9\"}\n")
	for i := range n {
		fmt.Fprintf(&b, "layers: l%d: {wave: %d, tier: \"core\", apps: \"app-%d\": {\n", i/20, i/20, i)
		fmt.Fprintf(&b, "\thelm: {repo: \"https://charts.example.com\", chart: \"c%d\", version: \"1.%d.0\"\n", i, i)
		fmt.Fprintf(&b, "\t\tvalues: {replicas: %d, image: {repository: \"r/c%d\", tag: \"%d\"}}}\n", i%3+1, i, i)
		b.WriteString("\tsync: prune: false\n")
		if i > 0 {
			fmt.Fprintf(&b, "\tdependsOn: [\"app-%d\"]\n", i-1)
		}
		b.WriteString("}}\n")
	}
	write(t, filepath.Join(dir, "stack.cue"), b.String())
	return dir
}

func TestPlanIsOrderedAndTheSameEachTime(t *testing.T) {
	dir := fleet(t, 45)
	first, err := stack.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Apps()) != 45 || len(first.Layers) != 3 {
		t.Fatalf("%d apps in %d layers", len(first.Apps()), len(first.Layers))
	}
	if !slices.IsSortedFunc(first.Layers, func(a, b render.Layer) int { return a.Wave - b.Wave }) {
		t.Error("layers are not in the order of their waves")
	}
	for _, l := range first.Layers {
		if !slices.IsSortedFunc(l.Apps, func(a, b render.App) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("apps of %s are not in the order of their names", l.Name)
		}
	}
	for range 3 {
		again, err := stack.Load(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A faulty stack gives its errors in one order, whatever order the evaluator finds them in.
func TestErrorsAreTheSameEachTime(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("package stack\n\nname: \"fleet\"\ncluster: {kubernetes: \"1.33.4\", argocd: \"3.4.9\"}\n")
	for i := range 30 {
		fmt.Fprintf(&b, "layers: l: {wave: 0, apps: \"app-%d\": {hlem: 1, kustomize: path: \"k%d\", namespace: %d}}\n", i, i, i)
	}
	write(t, filepath.Join(dir, "stack.cue"), b.String())
	_, err := stack.Load(dir, nil)
	if err == nil {
		t.Fatal("accepted")
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 90 {
		t.Errorf("%d errors, want 90", n)
	}
	for range 5 {
		_, again := stack.Load(dir, nil)
		if diff := cmp.Diff(err.Error(), again.Error()); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Whatever single line or character of a stack is lost, Load gives a plan or errors with places.
func TestDamagedStacks(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/good_everything.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := unpack(t, archive)
	name := filepath.Join(dir, "stack.cue")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	try := func(from, to int) {
		write(t, name, string(whole[:from])+string(whole[to:]))
		_, err := stack.Load(dir, nil)
		if err == nil {
			return
		}
		refused++
		if text := describe(t, err); strings.Contains(text, "_|_") || strings.Contains(text, "<schema>") {
			t.Errorf("without bytes %d to %d:\n%s", from, to, text)
		}
	}
	from := 0
	for line := range strings.Lines(string(whole)) {
		try(from, from+len(line))
		from += len(line)
	}
	for i := 0; i < len(whole); i += 17 {
		try(i, i+1)
	}
	if refused < 100 {
		t.Errorf("only %d damaged stacks were refused", refused)
	}
}

// The CUE variables of the caller's environment change nothing: neither closedness nor the network.
func TestEnvironmentDoesNotMatter(t *testing.T) {
	if os.Getenv("STACK_UNDER_TEST") != "" {
		_, err := stack.Load(os.Getenv("STACK_UNDER_TEST"), nil)
		fmt.Printf("<<%v>>", err)
		return
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "stack.cue"), `package stack

name: "small"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: l: {wave: 0, apps: a: {manifests: ["stack.cue"], nosuch: 1}}
`)
	imports := t.TempDir()
	write(t, filepath.Join(imports, "stack.cue"), "package stack\n\nimport \"example.com/x@v0\"\n\nname: x.name\n")
	for _, stackDir := range []string{dir, imports} {
		_, err := stack.Load(stackDir, nil)
		if err == nil {
			t.Fatal("accepted")
		}
		for _, env := range []string{
			"CUE_DEBUG=opendef=1", "CUE_DEBUG=nosuch", "CUE_EXPERIMENT=nosuch", "CUE_EXPERIMENT=evalv3=0",
			"CUE_REGISTRY=127.0.0.1:1", "CUE_REGISTRY=::", "CUE_CACHE_DIR=/nonexistent",
		} {
			cmd := exec.Command(os.Args[0], "-test.run=^TestEnvironmentDoesNotMatter$")
			cmd.Env = append(os.Environ(), "STACK_UNDER_TEST="+stackDir, env)
			out, runErr := cmd.CombinedOutput()
			_, after, _ := strings.Cut(string(out), "<<")
			got, _, found := strings.Cut(after, ">>")
			if runErr != nil || !found {
				t.Fatalf("%s: %v\n%s", env, runErr, out)
			}
			if diff := cmp.Diff(err.Error(), got); diff != "" {
				t.Errorf("%s: %s", env, diff)
			}
		}
	}
}

func TestValuesAreOfFewTypes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "c", "Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n")
	write(t, filepath.Join(dir, "stack.cue"), `package stack

name: "small"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
layers: l: {wave: 0, apps: a: helm: {path: "c", values: {
	small: 1, negative: -9223372036854775808, big: 12345678901234567890, float: 1.0, exp: 1e3
	text: "1", yes: true, none: null, list: [1, {a: 2}], empty: {}, emptyList: []
}}}
`)
	plan, err := stack.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"small": int64(1), "negative": int64(-9223372036854775808), "big": uint64(12345678901234567890),
		"float": 1.0, "exp": 1000.0, "text": "1", "yes": true, "none": nil,
		"list": []any{int64(1), map[string]any{"a": int64(2)}}, "empty": map[string]any{}, "emptyList": []any{},
	}
	if diff := cmp.Diff(want, plan.Apps()[0].Sources[0].Values.Inline); diff != "" {
		t.Error(diff)
	}
}

func TestStackDirectoryMayBeRelative(t *testing.T) {
	dir := fleet(t, 3)
	t.Chdir(filepath.Dir(dir))
	name := filepath.Base(dir)
	plan, err := stack.Load(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Dir != name {
		t.Errorf("Dir is %q, want %q", plan.Dir, name)
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{60, 300} {
		dir := fleet(b, n)
		b.Run(fmt.Sprintf("apps=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stack.Load(dir, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJSONSchema(b *testing.B) {
	for b.Loop() {
		if _, err := stack.JSONSchema(); err != nil {
			b.Fatal(err)
		}
	}
}
