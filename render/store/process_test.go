//go:build unix

package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/render"
	"sluice/render/store"
)

// roleVariable makes the test binary one of the processes that share a cache; its current directory is the cache.
const roleVariable = "STORE_TEST_ROLE"

func TestMain(m *testing.M) {
	role, ok := map[string]func(*store.Store) error{
		"use": use, "collect": collect, "damage": damage, "put": putForever, "full": fillDisk, "readonly": readOnly,
	}[os.Getenv(roleVariable)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := role(&store.Store{Dir: ".", Now: time.Now}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child prepares a process in a role, which works on the cache as its current directory.
func child(t *testing.T, s *store.Store, role string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	check(t, os.MkdirAll(s.Dir, 0o700))
	cmd := exec.Command(self)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	var said bytes.Buffer
	cmd.Stderr = &said
	return cmd, &said
}

// contents are what the processes store, of different sizes.
func contents() [][]byte {
	list := make([][]byte, 8)
	for i := range list {
		list[i] = bytes.Repeat([]byte(strconv.Itoa(i)), 1+i*i*5000)
	}
	return list
}

// use puts and gets all contents from 16 goroutines. Other processes collect and damage entries, so one may be missing
// or damaged; what is given must be right, and no Put may fail.
func use(s *store.Store) error {
	list := contents()
	errs := make(chan error, 16)
	for range cap(errs) {
		go func() {
			errs <- func() error {
				for range 25 {
					content := list[rand.IntN(len(list))]
					if digest, err := s.Put(content); err != nil || digest != digestOf(content) {
						return fmt.Errorf("putting: %s, %w", digest, err)
					}
					content = list[rand.IntN(len(list))]
					got, ok, err := s.Get(digestOf(content))
					var damaged *store.Damaged
					if errors.As(err, &damaged) && damaged.Kept == nil && got == nil {
						continue
					}
					if err != nil || ok != bytes.Equal(got, content) {
						return fmt.Errorf("getting %d bytes: %d, %t, %w", len(content), len(got), ok, err)
					}
				}
				return nil
			}()
		}()
	}
	var all []error
	for range cap(errs) {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// untilEnd repeats something until the standard input ends, and wants it to have done its work at least once.
func untilEnd(do func() (int, error)) error {
	stop := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(stop)
	}()
	for total := 0; ; {
		n, err := do()
		if err != nil {
			return err
		}
		total += n
		select {
		case <-stop:
			if total == 0 {
				return errors.New("nothing was ever done: the test shows nothing")
			}
			return nil
		default:
		}
	}
}

// collect removes entries of any age.
func collect(s *store.Store) error {
	return untilEnd(func() (int, error) {
		done, err := s.GC(context.Background(), 0, time.Now())
		return done.Removed, err
	})
}

// damage changes entries where they lie.
func damage(s *store.Store) error {
	list := contents()
	return untilEnd(func() (int, error) {
		time.Sleep(time.Millisecond)
		f, err := os.OpenFile(placeOf(s, digestOf(list[rand.IntN(len(list))])), os.O_WRONLY, 0)
		if err != nil {
			return 0, nil // not there right now
		}
		defer f.Close()
		return f.WriteAt([]byte{'x'}, 0)
	})
}

// Several processes with 16 goroutines each put and get the same digests while others collect and damage them.
func TestManyProcesses(t *testing.T) {
	s := newStore(t)
	var users, hostile []*exec.Cmd
	var said []*bytes.Buffer
	var ends []io.Closer
	for _, role := range []string{"collect", "damage", "use", "use", "use", "use"} {
		cmd, text := child(t, s, role)
		said = append(said, text)
		if role == "use" {
			users = append(users, cmd)
		} else {
			end, err := cmd.StdinPipe()
			check(t, err)
			ends = append(ends, end)
			hostile = append(hostile, cmd)
		}
		check(t, cmd.Start())
	}
	for _, cmd := range users {
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process that uses the cache: %v", err)
		}
	}
	for i, cmd := range hostile {
		check(t, ends[i].Close())
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process that collects or damages: %v", err)
		}
	}
	for _, text := range said {
		if text.Len() > 0 {
			t.Errorf("said:\n%s", text)
		}
	}
	// The last damage may not have been seen by anybody; after it was, all is well.
	if _, err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if seen, err := s.Verify(t.Context()); err != nil || len(seen.Damaged) > 0 || len(seen.Foreign) > 0 {
		t.Errorf("verifying: %+v, %v", seen, err)
	}
	wantClean(t, s)
	for _, content := range contents() {
		put(t, s, content)
		wantEntry(t, s, content)
	}
}

// putForever puts ever new contents and tells when it begins.
func putForever(s *store.Store) error {
	fmt.Println("begins")
	seed := make([]byte, 0, 100_000)
	for {
		seed = strconv.AppendInt(seed[:0], rand.Int64(), 10)
		content := bytes.Repeat(seed, 1+rand.IntN(20_000))
		if _, err := s.Put(content); err != nil {
			return err
		}
	}
}

// A process that is killed in the middle of its Puts leaves sound entries and temporary files, nothing else.
func TestKilledWhilePutting(t *testing.T) {
	s := newStore(t)
	entries, midway, known := 0, 0, 0
	for round := range 100 {
		cmd, said := child(t, s, "put")
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, said)
		}
		time.Sleep(time.Duration(rand.IntN(12_000)) * time.Microsecond)
		check(t, cmd.Process.Kill())
		if err := cmd.Wait(); err == nil || said.Len() > 0 {
			t.Fatalf("round %d: %v\n%s", round, err, said)
		}
		seen, err := s.Verify(t.Context())
		if err != nil || len(seen.Damaged) > 0 || len(seen.Foreign) > 0 || seen.Entries < entries {
			t.Fatalf("round %d: %+v, %v", round, seen, err)
		}
		entries = seen.Entries
		if seen.Temporary > known {
			midway++
		}
		known = seen.Temporary
		if entries > 20 { // a smaller cache is verified sooner
			_, err := s.GC(t.Context(), 0, time.Now())
			check(t, err)
			entries = 0
		}
	}
	if midway < 5 {
		t.Errorf("only %d of 100 kills hit a Put midway: the test shows little", midway)
	}
	if done, err := s.GC(t.Context(), 0, time.Now().Add(2*time.Hour)); err != nil || done.Temporary != known {
		t.Errorf("collecting: %+v, %v", done, err)
	}
	wantClean(t, s)
}

// fillDisk puts more than the disk takes. The limit on the size of a file stands for the disk's: it cuts a write short
// and fails the next one as a full disk does, and needs no privilege.
func fillDisk(s *store.Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	full := limit
	full.Cur = 64 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		return err
	}
	large := bytes.Repeat([]byte("large"), 100_000)
	_, err := s.Put(large)
	var hinted *render.Error
	if !errors.Is(err, syscall.EFBIG) || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "--cache DIR") {
		return fmt.Errorf("putting: %v", err)
	}
	want := "storing " + digestOf(large) + " in the cache .: writing a temporary file: file too large"
	if err.Error() != want {
		return fmt.Errorf("it says %q, want %q", err, want)
	}
	if _, ok, err := s.Get(digestOf(large)); ok || err != nil {
		return fmt.Errorf("getting: %t, %v", ok, err)
	}
	if left, err := os.ReadDir("tmp"); err != nil || len(left) > 0 {
		return fmt.Errorf("temporary files: %v, %v", left, err)
	}
	if seen, err := s.Verify(context.Background()); err != nil || seen.Entries != 0 || len(seen.Damaged) > 0 {
		return fmt.Errorf("verifying: %+v, %v", seen, err)
	}
	// There is room again.
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if _, err := s.Put(large); err != nil {
		return err
	}
	_, ok, err := s.Get(digestOf(large))
	if !ok || err != nil {
		return fmt.Errorf("getting what was put at last: %t, %v", ok, err)
	}
	return nil
}

func TestFullDisk(t *testing.T) {
	cmd, said := child(t, newStore(t), "full")
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// The contents of the read-only cache: one sound, one damaged, one that only its owner could make readable again.
var (
	soundContent   = []byte("sound")
	damagedContent = []byte("damaged")
	closedContent  = []byte("closed")
)

// readOnly reads a cache that it cannot write to.
func readOnly(s *store.Store) error {
	// Modes bind everybody but root. The cache is the current directory, so no directory above it matters.
	if os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	for range 2 {
		if got, ok, err := s.Get(digestOf(soundContent)); !ok || err != nil || !bytes.Equal(got, soundContent) {
			return fmt.Errorf("getting a sound entry: %q, %t, %v", got, ok, err)
		}
		if _, ok, err := s.Get(digestOf([]byte("absent"))); ok || err != nil {
			return fmt.Errorf("getting what is not there: %t, %v", ok, err)
		}
		var damaged *store.Damaged
		if _, ok, err := s.Get(digestOf(damagedContent)); ok || !errors.As(err, &damaged) || !errors.Is(damaged.Kept, fs.ErrPermission) {
			return fmt.Errorf("getting a damaged entry: %t, %v", ok, err)
		}
		if text := damaged.Error(); !strings.HasSuffix(text, "; it stays in the cache: permission denied") {
			return fmt.Errorf("of a damaged entry it says %q", text)
		}
		if _, ok, err := s.Get(digestOf(closedContent)); ok || !errors.Is(err, fs.ErrPermission) || errors.As(err, &damaged) {
			return fmt.Errorf("getting an entry that cannot be read: %t, %v", ok, err)
		}
	}
	if _, err := s.Put(soundContent); err != nil {
		return fmt.Errorf("putting what is there: %v", err)
	}
	for _, content := range [][]byte{[]byte("new"), damagedContent, closedContent} {
		if digest, err := s.Put(content); digest != "" || !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("putting %q: %s, %v", content, digest, err)
		}
	}
	seen, err := s.Verify(context.Background())
	if seen.Entries != 1 || len(seen.Damaged) != 1 || !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("verifying: %+v, %v", seen, err)
	}
	if done, err := s.GC(context.Background(), time.Hour, time.Now()); err != nil || done.Kept != 3 {
		return fmt.Errorf("collecting nothing: %+v, %v", done, err)
	}
	if done, err := s.GC(context.Background(), 0, time.Now()); !errors.Is(err, fs.ErrPermission) || done.Removed != 0 {
		return fmt.Errorf("collecting all: %+v, %v", done, err)
	}
	return nil
}

func TestReadOnlyCache(t *testing.T) {
	s := newStore(t)
	s.Now = nil
	put(t, s, soundContent)
	check(t, os.WriteFile(placeOf(s, put(t, s, damagedContent)), nil, 0o600))
	check(t, os.Chmod(placeOf(s, put(t, s, closedContent)), 0))
	modes := func(dirs fs.FileMode) {
		check(t, filepath.WalkDir(s.Dir, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir():
				return os.Chmod(p, dirs)
			case p == placeOf(s, digestOf(closedContent)):
				return nil
			default:
				return os.Chmod(p, 0o444)
			}
		}))
	}
	cmd, said := child(t, s, "readonly")
	modes(0o555)
	defer modes(0o755)
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// Opening a pipe would wait for a writer that never comes.
func TestPipeInPlaceOfAnEntry(t *testing.T) {
	s := newStore(t)
	file := placeOf(s, put(t, s, chart))
	check(t, os.Remove(file))
	check(t, syscall.Mkfifo(file, 0o600))
	var damaged *store.Damaged
	if _, ok, err := s.Get(digestOf(chart)); ok || !errors.As(err, &damaged) || damaged.Reason != "it is not a regular file" {
		t.Errorf("%t, %v", ok, err)
	}
	put(t, s, chart)
	wantEntry(t, s, chart)
}

// An entry that was unused for long and is put again while a collection runs is there afterwards.
func TestPutWinsOverGC(t *testing.T) {
	s := newStore(t)
	s.Now = time.Now // the clock that the file system has
	file := placeOf(s, put(t, s, chart))
	for round := range 300 {
		check(t, os.Chtimes(file, noon.AddDate(-10, 0, 0), noon.AddDate(-10, 0, 0)))
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := s.GC(t.Context(), time.Hour, time.Now()); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			time.Sleep(time.Duration(rand.IntN(60)) * time.Microsecond)
			if _, err := s.Put(chart); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if _, ok, err := s.Get(digestOf(chart)); !ok || err != nil {
			t.Fatalf("round %d: %t, %v", round, ok, err)
		}
	}
}
