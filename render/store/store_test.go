package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/render/store"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func digestOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

// placeOf is the documented place of an entry.
func placeOf(s *store.Store, digest string) string {
	sum := strings.TrimPrefix(digest, "sha256:")
	return filepath.Join(s.Dir, "sha256", sum[:2], sum)
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	return &store.Store{Dir: filepath.Join(t.TempDir(), "cache"), Now: func() time.Time { return noon }}
}

func put(t *testing.T, s *store.Store, content []byte) string {
	t.Helper()
	digest, err := s.Put(content)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func wantEntry(t *testing.T, s *store.Store, content []byte) {
	t.Helper()
	got, ok, err := s.Get(digestOf(content))
	if err != nil || !ok || !bytes.Equal(got, content) {
		t.Errorf("getting %d bytes: got %d, %t, %v", len(content), len(got), ok, err)
	}
}

// wantClean fails where a temporary file is left.
func wantClean(t *testing.T, s *store.Store) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(s.Dir, "tmp"))
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

func TestPutAndGet(t *testing.T) {
	s := newStore(t)
	if _, ok, err := s.Get(digestOf(nil)); ok || err != nil {
		t.Errorf("a cache that is not there: %t, %v", ok, err)
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a Get made the cache: %v", err)
	}
	for _, content := range [][]byte{nil, []byte("chart"), bytes.Repeat([]byte("0123456789abcdef"), 1<<16)} {
		for range 2 {
			if got := put(t, s, content); got != digestOf(content) {
				t.Errorf("digest %s, want %s", got, digestOf(content))
			}
			wantEntry(t, s, content)
		}
	}
	if _, ok, err := s.Get(digestOf([]byte("another"))); ok || err != nil {
		t.Errorf("what is not there: %t, %v", ok, err)
	}
	wantClean(t, s)
	for _, dir := range []string{".", "tmp", "sha256", "sha256/e3"} {
		if stat, err := os.Stat(filepath.Join(s.Dir, dir)); err != nil || stat.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, stat.Mode(), err)
		}
	}
}

func TestGetRefusesWhatIsNoDigest(t *testing.T) {
	s := newStore(t)
	put(t, s, []byte("chart"))
	sum := strings.TrimPrefix(digestOf([]byte("chart")), "sha256:")
	for _, bad := range []string{
		"", "sha256:", sum, "sha512:" + sum, "sha256:" + sum[:63], "sha256:" + sum + "0", "sha256:" + strings.ToUpper(sum),
		"sha256:" + sum[:63] + "g", "sha256:../../" + sum[6:], "sha256:" + sum[:62] + "/.", "SHA256:" + sum,
	} {
		if _, ok, err := s.Get(bad); ok || err == nil || !strings.Contains(err.Error(), "a digest is sha256:") {
			t.Errorf("%q: %t, %v", bad, ok, err)
		}
	}
}

var chart = bytes.Repeat([]byte("apiVersion: v2\n"), 1000)

// damages put something else in the place of the entry of chart.
var damages = []struct {
	name   string
	do     func(t *testing.T, file string)
	reason string
}{
	{"truncated", func(t *testing.T, file string) { check(t, os.Truncate(file, 100)) }, "its 100 bytes have the digest sha256:"},
	{"bit flipped", func(t *testing.T, file string) {
		flipped := slices.Clone(chart)
		flipped[7777] ^= 1
		check(t, os.WriteFile(file, flipped, 0o600))
	}, "its 15000 bytes have the digest sha256:"},
	{"emptied", func(t *testing.T, file string) { check(t, os.Truncate(file, 0)) }, "its 0 bytes have the digest sha256:e3b0c442"},
	{"appended to", func(t *testing.T, file string) {
		check(t, os.WriteFile(file, append(slices.Clone(chart), '\n'), 0o600))
	}, "its 15001 bytes have the digest"},
	{"sparse and huge", func(t *testing.T, file string) { check(t, os.Truncate(file, 1<<40)) }, "it has 1099511627776 bytes, and no entry has more than"},
	{"a directory", func(t *testing.T, file string) {
		check(t, os.Remove(file))
		check(t, os.MkdirAll(filepath.Join(file, "templates"), 0o755))
		check(t, os.WriteFile(filepath.Join(file, "Chart.yaml"), chart, 0o600))
	}, "it is a directory"},
	{"a link to the right content", func(t *testing.T, file string) {
		elsewhere := filepath.Join(t.TempDir(), "elsewhere")
		check(t, os.Rename(file, elsewhere))
		check(t, os.Symlink(elsewhere, file))
		t.Cleanup(func() {
			if kept, err := os.ReadFile(elsewhere); err != nil || !bytes.Equal(kept, chart) {
				t.Errorf("the link's target was changed: %v", err)
			}
		})
	}, "it is a symbolic link"},
	{"a link that leads nowhere", func(t *testing.T, file string) {
		check(t, os.Remove(file))
		check(t, os.Symlink("nowhere", file))
	}, "it is a symbolic link"},
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A damaged entry is reported once, is gone then, and can be stored again; Put and Verify find it as well as Get does.
func TestDamagedEntriesNeverWin(t *testing.T) {
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t)
			digest := put(t, s, chart)
			other := []byte("other")
			put(t, s, other)
			file := placeOf(s, digest)
			wantDamaged := func(d *store.Damaged) {
				t.Helper()
				rel := "sha256/" + digest[7:9] + "/" + digest[7:]
				if d.Path != rel || d.Digest != digest || d.Kept != nil || !strings.HasPrefix(d.Reason, c.reason) {
					t.Errorf("got %+v, want %s because %q", d, rel, c.reason)
				}
				if text := d.Error(); !strings.Contains(text, rel) || !strings.HasSuffix(text, "it was removed") {
					t.Errorf("it says %q", text)
				}
				if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the entry is still there: %v", err)
				}
				wantClean(t, s)
			}
			c.do(t, file)
			got, ok, err := s.Get(digest)
			var damaged *store.Damaged
			if got != nil || ok || !errors.As(err, &damaged) {
				t.Fatalf("getting it: %d bytes, %t, %v", len(got), ok, err)
			}
			wantDamaged(damaged)
			if _, ok, err := s.Get(digest); ok || err != nil {
				t.Errorf("getting it again: %t, %v", ok, err)
			}

			put(t, s, chart)
			c.do(t, file)
			put(t, s, chart)
			wantEntry(t, s, chart)
			wantClean(t, s)

			c.do(t, file)
			seen, err := s.Verify(t.Context())
			if err != nil || len(seen.Damaged) != 1 || seen.Entries != 1 || seen.Bytes != int64(len(other)) {
				t.Fatalf("verifying: %+v, %v", seen, err)
			}
			wantDamaged(seen.Damaged[0])
			if seen, err := s.Verify(t.Context()); err != nil || len(seen.Damaged) > 0 {
				t.Errorf("verifying again: %+v, %v", seen, err)
			}
			put(t, s, chart)
			wantEntry(t, s, chart)
			wantEntry(t, s, other)
		})
	}
}

func TestVerifyListsWhatIsForeign(t *testing.T) {
	s := newStore(t)
	digest := put(t, s, chart)
	sum := digest[7:]
	check(t, os.MkdirAll(filepath.Join(s.Dir, "old", "deep"), 0o700))
	for _, name := range []string{
		"notes.txt", "tmp/put-1", "tmp/mine", "sha256/stray", "sha256/" + sum[:2] + "/short", "sha256/" + sum[:2] + "/" + strings.ToUpper(sum),
	} {
		check(t, os.WriteFile(filepath.Join(s.Dir, name), nil, 0o600))
	}
	check(t, os.Mkdir(filepath.Join(s.Dir, "sha256", "zz"), 0o700))
	check(t, os.WriteFile(filepath.Join(s.Dir, "sha256", "zz", sum), chart, 0o600))
	want := []string{
		"notes.txt", "old/", "sha256/" + sum[:2] + "/" + strings.ToUpper(sum), "sha256/" + sum[:2] + "/short",
		"sha256/stray", "sha256/zz/" + sum, "tmp/mine",
	}
	seen, err := s.Verify(t.Context())
	if err != nil || seen.Entries != 1 || seen.Temporary != 1 || len(seen.Damaged) > 0 {
		t.Errorf("verifying: %+v, %v", seen, err)
	}
	slices.Sort(seen.Foreign)
	slices.Sort(want)
	if !slices.Equal(seen.Foreign, want) {
		t.Errorf("foreign: %q\nwant %q", seen.Foreign, want)
	}
	done, err := s.GC(t.Context(), 0, time.Now().Add(2*time.Hour))
	if err != nil || done.Removed != 1 || done.RemovedBytes != int64(len(chart)) || done.Temporary != 1 || len(done.Foreign) != len(want) {
		t.Errorf("collecting: %+v, %v", done, err)
	}
	for _, name := range want {
		if _, err := os.Lstat(filepath.Join(s.Dir, name)); err != nil {
			t.Errorf("a foreign file was removed: %v", err)
		}
	}
}

func TestTimeOfUse(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name     string
		age      time.Duration // of the last use that is recorded
		now      bool
		renewed  bool
		afterPut bool
	}{
		{"used today", time.Hour, true, false, true},
		{"used yesterday", day, true, true, true},
		{"used long ago", 400 * day, true, true, true},
		{"used in the future", -2 * day, true, true, true},
		{"no clock", 400 * day, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t)
			file := placeOf(s, put(t, s, chart))
			last := noon.Add(-c.age)
			if !c.now {
				s.Now = nil
			}
			for _, use := range []struct {
				name    string
				do      func()
				renewed bool
			}{
				{"get", func() { wantEntry(t, s, chart) }, c.renewed},
				{"put", func() { put(t, s, chart) }, c.afterPut},
			} {
				check(t, os.Chtimes(file, last, last))
				use.do()
				stat, err := os.Stat(file)
				check(t, err)
				want := last
				if use.renewed {
					want = noon
				}
				if !stat.ModTime().Equal(want) {
					t.Errorf("%s: time of use is %s, want %s", use.name, stat.ModTime(), want)
				}
			}
		})
	}
}

func TestGC(t *testing.T) {
	s := newStore(t)
	const day = 24 * time.Hour
	for i, age := range []time.Duration{0, 29 * day, 30 * day, 90 * day, -day} {
		file := placeOf(s, put(t, s, []byte{byte(i)}))
		check(t, os.Chtimes(file, noon.Add(-age), noon.Add(-age)))
	}
	for name, age := range map[string]time.Duration{"put-1": 59 * time.Minute, "put-2": 61 * time.Minute, "out-3/entry": 61 * time.Minute} {
		file := filepath.Join(s.Dir, "tmp", name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o700))
		check(t, os.WriteFile(file, chart, 0o600))
		check(t, os.Chtimes(filepath.Join(s.Dir, "tmp", strings.TrimSuffix(name, "/entry")), noon.Add(-age), noon.Add(-age)))
	}
	done, err := s.GC(t.Context(), 30*day, noon)
	want := store.Swept{Removed: 2, RemovedBytes: 2, Kept: 3, KeptBytes: 3, Temporary: 2}
	if err != nil || fmt.Sprint(done) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v, want %+v", done, err, want)
	}
	for i, there := range []bool{true, true, false, false, true} {
		if _, ok, err := s.Get(digestOf([]byte{byte(i)})); ok != there || err != nil {
			t.Errorf("entry %d: %t, %v", i, ok, err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(s.Dir, "tmp")); err != nil || len(left) != 1 || left[0].Name() != "put-1" {
		t.Errorf("temporary files: %v, %v", left, err)
	}
	if done, err := s.GC(t.Context(), 30*day, noon); err != nil || done.Removed != 0 || done.Kept != 3 {
		t.Errorf("once more: %+v, %v", done, err)
	}
	if _, err := s.GC(t.Context(), -1, noon); err == nil {
		t.Error("a negative age is accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.GC(ctx, 0, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := s.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if done, err := s.GC(t.Context(), 0, noon); err != nil || done.Removed != 3 || done.Kept != 0 {
		t.Errorf("all: %+v, %v", done, err)
	}
}

// An absent cache is empty, and none of the readers makes it. What is no directory is an error.
func TestCacheThatIsNotThere(t *testing.T) {
	s := newStore(t)
	if seen, err := s.Verify(t.Context()); err != nil || seen.Entries != 0 {
		t.Errorf("verifying: %+v, %v", seen, err)
	}
	if done, err := s.GC(t.Context(), 0, noon); err != nil || done.Removed != 0 {
		t.Errorf("collecting: %+v, %v", done, err)
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	check(t, os.WriteFile(s.Dir, nil, 0o600))
	for name, err := range map[string]error{
		"get":    func() error { _, _, err := s.Get(digestOf(chart)); return err }(),
		"put":    func() error { _, err := s.Put(chart); return err }(),
		"verify": func() error { _, err := s.Verify(t.Context()); return err }(),
		"gc":     func() error { _, err := s.GC(t.Context(), 0, noon); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), s.Dir) || !strings.HasSuffix(err.Error(), "not a directory") {
			t.Errorf("%s on a file: %v", name, err)
		}
	}
}
