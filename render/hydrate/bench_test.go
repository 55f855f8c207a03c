package hydrate

import (
	"fmt"
	"path/filepath"
	"testing"
)

func manyFiles(n int) Files {
	files := make(Files, n)
	for i := range n {
		files[fmt.Sprintf("layer/app-%d/configmap_%d.yaml", i%20, i)] = fmt.Appendf(nil, "kind: ConfigMap\nmetadata: {name: c-%d}\n", i)
	}
	return files
}

func BenchmarkWriteDir500New(b *testing.B) {
	files := manyFiles(500)
	for i := 0; b.Loop(); i++ {
		if _, err := WriteDir(b.Context(), files, filepath.Join(b.TempDir(), fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteDir500Unchanged(b *testing.B) {
	files, dir := manyFiles(500), b.TempDir()
	for b.Loop() {
		if _, err := WriteDir(b.Context(), files, dir); err != nil {
			b.Fatal(err)
		}
	}
}
