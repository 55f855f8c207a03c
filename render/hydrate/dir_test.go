package hydrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

func tree(pairs ...string) Files {
	files := make(Files)
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = []byte(pairs[i+1])
	}
	return files
}

var (
	before = tree("core/db/database.yaml", "one", "core/db/keep.yaml", "same", "old/app/gone.yaml", "bye")
	after  = tree("core/db/database.yaml", "two", "core/db/keep.yaml", "same", "new/app/come.yaml", "hello")
)

// onDisk reads every file below dir; a symbolic link reads as "-> target".
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := make(map[string]string)
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(p)
			got[rel] = "-> " + target
			return err
		}
		content, err := os.ReadFile(p)
		got[rel] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wanted is what a directory holds after a run, besides foreign files.
func wanted(files Files, foreign ...string) map[string]string {
	want := map[string]string{inventoryPath: string(take(files).text())}
	for p, content := range files {
		want[p] = string(content)
	}
	for i := 0; i < len(foreign); i += 2 {
		want[foreign[i]] = foreign[i+1]
	}
	return want
}

func write(t *testing.T, dir, p, content string) {
	t.Helper()
	file := filepath.Join(dir, p)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func hydrated(t *testing.T, files Files) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "out")
	if _, err := WriteDir(t.Context(), files, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWriteDirAddsChangesAndRemoves(t *testing.T) {
	dir := hydrated(t, before)
	if diff := cmp.Diff(wanted(before), onDisk(t, dir)); diff != "" {
		t.Fatal(diff)
	}
	write(t, dir, "README.md", "mine")
	write(t, dir, "old/app/notes.txt", "mine too")
	s, err := WriteDir(t.Context(), after, dir)
	if err != nil {
		t.Fatal(err)
	}
	want := Summary{Added: 1, Changed: 1, Removed: []string{"old/app/gone.yaml"}, Unchanged: 1, Foreign: []string{"README.md", "old/app/notes.txt"}, Wrote: true}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wanted(after, "README.md", "mine", "old/app/notes.txt", "mine too"), onDisk(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyDirectoriesGoWithTheirLastFile(t *testing.T) {
	dir := hydrated(t, before)
	if _, err := WriteDir(t.Context(), after, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "old")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("old is still there: %v", err)
	}
}

func TestSecondRunTouchesNothing(t *testing.T) {
	dir := hydrated(t, before)
	long := time.Unix(1_000_000_000, 0)
	times := func() map[string]time.Time {
		all := make(map[string]time.Time)
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			all[p] = info.ModTime()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	for p := range times() {
		if err := os.Chtimes(p, long, long); err != nil {
			t.Fatal(err)
		}
	}
	s, err := WriteDir(t.Context(), before, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Summary{Unchanged: 3}, s); diff != "" {
		t.Error(diff)
	}
	for p, at := range times() {
		if !at.Equal(long) {
			t.Errorf("%s was touched", p)
		}
	}
}

func TestRefusalsChangeNothing(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		want    []string
	}{
		"an edited file": {
			func(t *testing.T, dir string) { write(t, dir, "core/db/database.yaml", "edited") },
			[]string{"core/db/database.yaml: the file was edited by hand"},
		},
		"an edited file that would go, and another": {
			func(t *testing.T, dir string) {
				write(t, dir, "old/app/gone.yaml", "edited")
				write(t, dir, "core/db/keep.yaml", "edited")
			},
			[]string{"old/app/gone.yaml: the file was edited", "core/db/keep.yaml: the file was edited"},
		},
		"a foreign file in the way": {
			func(t *testing.T, dir string) { write(t, dir, "new/app/come.yaml", "mine") },
			[]string{"new/app/come.yaml: the file is in the way and not sluice's"},
		},
		"a foreign file where a directory belongs": {
			func(t *testing.T, dir string) { write(t, dir, "new", "mine") },
			[]string{"new: it is no directory, and new/app/come.yaml belongs below it"},
		},
		"a foreign directory where a file belongs": {
			func(t *testing.T, dir string) { write(t, dir, "new/app/come.yaml/x", "mine") },
			[]string{"new/app/come.yaml: a directory is in the way"},
		},
		"an owned file that became a link": {
			func(t *testing.T, dir string) {
				file := filepath.Join(dir, "core/db/database.yaml")
				if err := errors.Join(os.Remove(file), os.Symlink("keep.yaml", file)); err != nil {
					t.Fatal(err)
				}
			},
			[]string{"core/db/database.yaml: something that is no regular file has replaced"},
		},
		"a damaged inventory": {
			func(t *testing.T, dir string) { write(t, dir, inventoryPath, "nonsense") },
			[]string{".sluice/inventory:1: not a line that sluice wrote"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := hydrated(t, before)
			test.prepare(t, dir)
			was := onDisk(t, dir)
			_, err := WriteDir(t.Context(), after, dir)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if !hinted(err) {
				t.Error("no hint")
			}
			if diff := cmp.Diff(was, onDisk(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADirectoryWithoutInventoryIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "core/db/database.yaml", "mine")
	if _, err := WriteDir(t.Context(), before, dir); err == nil || !strings.Contains(err.Error(), "not sluice's") {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(map[string]string{"core/db/database.yaml": "mine"}, onDisk(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestADeletedFileComesBack(t *testing.T) {
	dir := hydrated(t, before)
	if err := os.RemoveAll(filepath.Join(dir, "core")); err != nil {
		t.Fatal(err)
	}
	s, err := WriteDir(t.Context(), before, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Summary{Added: 2, Unchanged: 1, Wrote: true}, s); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wanted(before), onDisk(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsWrittenThroughLinks(t *testing.T) {
	for _, link := range []string{"new", "new/app", ".sluice", "new/app/come.yaml"} {
		t.Run(link, func(t *testing.T) {
			outside, dir := t.TempDir(), t.TempDir()
			write(t, outside, "victim", "precious")
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o755); err != nil {
				t.Fatal(err)
			}
			target := outside
			if strings.HasSuffix(link, ".yaml") {
				target = filepath.Join(outside, "victim")
			}
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
			was := onDisk(t, dir)
			if _, err := WriteDir(t.Context(), after, dir); err == nil {
				t.Error("no error")
			}
			if diff := cmp.Diff(map[string]string{"victim": "precious"}, onDisk(t, outside)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(was, onDisk(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPathsThatLeaveTheTreeAreRefused(t *testing.T) {
	for _, p := range []string{"../x.yaml", "/x.yaml", "a/../../x.yaml", ".git/hooks/x", "a/.GIT/x", "a\\b", "c:x", ""} {
		dir := t.TempDir()
		if _, err := WriteDir(t.Context(), tree(p, "x"), dir); err == nil {
			t.Errorf("%q was written", p)
		}
		if got := onDisk(t, dir); len(got) > 0 {
			t.Errorf("%q left %v", p, got)
		}
	}
}

func hinted(err error) bool {
	var placed *render.Error
	return errors.As(err, &placed) && placed.Hint != ""
}

// steps counts the steps of the run from before to after.
func steps(t *testing.T) int {
	n := 0
	dir := hydrated(t, before)
	_, err := writeDir(t.Context(), after, dir, func(string) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestARunKilledAtAnyStepIsCompletedByTheNext(t *testing.T) {
	killed := errors.New("killed")
	third := tree("core/db/database.yaml", "three", "other/app/x.yaml", "x")
	count := steps(t)
	if count < 8 {
		t.Fatalf("only %d steps", count)
	}
	for at := range count {
		for name, next := range map[string]Files{"same": after, "back": before, "third": third} {
			t.Run(fmt.Sprintf("%d/%s", at, name), func(t *testing.T) {
				dir := hydrated(t, before)
				write(t, dir, "README.md", "mine")
				kill(t, dir, after, at, killed)
				left := onDisk(t, dir)
				_, began := left[pendingPath]
				if !began && left["core/db/database.yaml"] != "one" && left[inventoryPath] != string(take(after).text()) {
					t.Errorf("neither the old tree nor a marker: %v", left)
				}
				s, err := WriteDir(t.Context(), next, dir)
				if err != nil {
					t.Fatal(err)
				}
				if s.Repaired != began {
					t.Errorf("repaired %v, the marker was there: %v", s.Repaired, began)
				}
				if diff := cmp.Diff(wanted(next, "README.md", "mine"), onDisk(t, dir)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// kill ends a run at a step as a killed process would: without a word of clean-up.
func kill(t *testing.T, dir string, files Files, at int, killed error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil && r != killed {
			panic(r)
		}
	}()
	n := 0
	_, err := writeDir(t.Context(), files, dir, func(string) error {
		if n++; n > at {
			panic(killed)
		}
		return nil
	})
	t.Fatalf("the run ended with %v before step %d", err, at)
}

func TestRunsKilledOneAfterTheOtherAreCompleted(t *testing.T) {
	killed := errors.New("killed")
	third := tree("core/db/database.yaml", "three", "other/app/x.yaml", "x")
	count := steps(t)
	for first := range count {
		for second := range 4 {
			dir := hydrated(t, before)
			kill(t, dir, after, first, killed)
			kill(t, dir, third, second+2, killed)
			if _, err := WriteDir(t.Context(), before, dir); err != nil {
				t.Fatalf("%d, %d: %v", first, second, err)
			}
			if diff := cmp.Diff(wanted(before), onDisk(t, dir)); diff != "" {
				t.Errorf("%d, %d: %s", first, second, diff)
			}
		}
	}
}

func TestAFailureBeforeTheFirstRenameLeavesTheOldTree(t *testing.T) {
	broken := errors.New("disk full")
	for at := range 4 {
		dir := hydrated(t, before)
		n := 0
		_, err := writeDir(t.Context(), after, dir, func(what string) error {
			if n++; n > at && strings.HasPrefix(what, "write") {
				return broken
			}
			return nil
		})
		if !errors.Is(err, broken) {
			t.Fatalf("error %v", err)
		}
		if diff := cmp.Diff(wanted(before), onDisk(t, dir)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCancelledRuns(t *testing.T) {
	count := steps(t)
	for at := range count {
		dir := hydrated(t, before)
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		_, err := writeDir(ctx, after, dir, func(string) error {
			if n++; n > at {
				cancel()
			}
			return nil
		})
		cancel()
		want := wanted(after) // the point of no return was passed, and the run completed
		if err != nil {
			want = wanted(before)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%d: error %v", at, err)
			}
		}
		if diff := cmp.Diff(want, onDisk(t, dir)); diff != "" {
			t.Errorf("%d: %s", at, diff)
		}
	}
}

func TestTwoWritersDoNotMeet(t *testing.T) {
	dir := hydrated(t, before)
	met := false
	_, err := writeDir(t.Context(), after, dir, func(string) error {
		if met {
			return nil
		}
		met = true
		_, err := WriteDir(t.Context(), before, dir)
		if !errors.Is(err, errBusy) || !hinted(err) {
			t.Errorf("the second writer got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted(after), onDisk(t, dir)); diff != "" {
		t.Error(diff)
	}
	if _, err := WriteDir(t.Context(), before, dir); err != nil {
		t.Errorf("the lock outlived its run: %v", err)
	}
}

func TestTheLockFileKeepsASecondRunOut(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	unlock, err := lockFile(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFile(root); !errors.Is(err, errBusy) || !hinted(err) {
		t.Errorf("the second run got %v", err)
	}
	unlock()
	unlock, err = lockFile(root)
	if err != nil {
		t.Fatalf("the lock outlived its run: %v", err)
	}
	unlock()
}

func TestCheckListsDifferencesAndWritesNothing(t *testing.T) {
	dir := hydrated(t, before)
	write(t, dir, "core/db/keep.yaml", "edited")
	write(t, dir, "README.md", "mine")
	was := onDisk(t, dir)
	got, err := Check(t.Context(), after, dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{".sluice/inventory", "changed"},
		{"core/db/database.yaml", "changed"},
		{"core/db/keep.yaml", "changed"},
		{"new/app/come.yaml", "added"},
		{"old/app/gone.yaml", "removed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(was, onDisk(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestCheckOfAFreshTreeIsEmpty(t *testing.T) {
	files := exampleFiles(t)
	dir := hydrated(t, files)
	got, err := Check(t.Context(), files, dir)
	if err != nil || len(got) > 0 {
		t.Errorf("%v, error %v", got, err)
	}
	missing := filepath.Join(dir, "missing")
	got, err = Check(t.Context(), files, missing)
	if err != nil || len(got) != len(files) {
		t.Errorf("%d of %d files, error %v", len(got), len(files), err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the check made a directory")
	}
}

func TestCheckSeesAnInterruptedRun(t *testing.T) {
	dir := hydrated(t, before)
	kill(t, dir, after, steps(t)-1, errors.New("killed"))
	got, err := Check(t.Context(), after, dir)
	if diff := cmp.Diff([]Difference{{pendingPath, "removed"}}, got); err != nil || diff != "" {
		t.Errorf("error %v\n%s", err, diff)
	}
}

func TestFilesGivenAreNotChanged(t *testing.T) {
	files := maps.Clone(before)
	hydrated(t, files)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(files))); diff != "" {
		t.Error(diff)
	}
}

// A brake that looked at one tree must not let another one be replaced.
func TestATreeIsReplacedOnlyAsItWasLookedAt(t *testing.T) {
	dir := hydrated(t, before)
	seen, err := ReadDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteDir(t.Context(), after, dir); err != nil {
		t.Fatal(err)
	}
	for _, seal := range []string{seen.Seal(), ""} {
		if _, err := before.Replace(t.Context(), dir, seal); err == nil || !strings.Contains(err.Error(), "since it was compared") || !hinted(err) {
			t.Errorf("a tree written meanwhile: %v", err)
		}
	}
	if diff := cmp.Diff(wanted(after), onDisk(t, dir)); diff != "" {
		t.Error(diff)
	}
	if seen, err = ReadDir(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if s, err := before.Replace(t.Context(), dir, seen.Seal()); err != nil || !s.Wrote {
		t.Errorf("the tree that was looked at: %+v, %v", s, err)
	}
	if _, err := before.Replace(t.Context(), filepath.Join(dir, "new"), Files{}.Seal()); err != nil {
		t.Errorf("where nothing was: %v", err)
	}
}

func TestGoneListsWhatTheInventoryHasAndTheTreeHasNot(t *testing.T) {
	files, err := complete(tree("core/db/database.yaml", "one", "core/empty/.gitkeep", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := files.Gone(); len(got) > 0 {
		t.Errorf("of a whole tree: %v", got)
	}
	delete(files, "core/db/database.yaml")
	if got := files.Gone(); !slices.Equal(got, []string{"core/db/database.yaml"}) {
		t.Errorf("got %v", got)
	}
}
