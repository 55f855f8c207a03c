package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The mirror of a forge has a ref or two for every pull request; go-git's way to resolve each reads all of them again.
func TestGitManyRefs(t *testing.T) {
	t.Parallel()
	const pulls = 20_000
	w := newWorkshop(t)
	commit := w.commit(map[string]string{"a": "x"})
	w.git("tag", "-a", "-m", "x", "v1")
	tag := strings.TrimSpace(w.git("rev-parse", "v1"))
	w.git("update-ref", "refs/kept/v1", tag)
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for n := range pulls {
		fmt.Fprintf(&packed, "%s refs/pull/%06d/head\n", commit, n)
	}
	if err := os.WriteFile(filepath.Join(w.dir, ".git", "packed-refs"), []byte(packed.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	refs, err := gitRepo{}.refs(t.Context(), gitAddress{scheme: "file", path: w.dir})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second { // four times as long for twice as many, before
		t.Errorf("%d refs took %s", pulls, took)
	}
	if len(refs.tips) != pulls+4 || len(refs.peeled) != 2 { // HEAD, main, v1 twice
		t.Errorf("%d refs, %d of them peeled", len(refs.tips), len(refs.peeled))
	}
	for _, name := range []string{"HEAD", "main", "v1", "refs/kept/v1", "pull/000007/head"} {
		if got, err := refs.resolve(name); err != nil || got.String() != commit {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}
