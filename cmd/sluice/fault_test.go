//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/render/source"
)

// killing is what the rounds of one worker share.
type killing struct {
	world    *world
	home     home
	old, new string            // locks
	objects  map[string]string // what a lock renders to
	span     time.Duration     // from the first request of a run to its end
	mirror   string
}

// learn makes both locks and what they render to.
func learn(t *testing.T, wide bool) *killing {
	t.Helper()
	w := newWorld(t)
	k := &killing{world: w, home: newHome(t, w, wide), objects: map[string]string{}, mirror: filepath.Join(t.TempDir(), "mirror")}
	k.home.must(t, "lock")
	k.old = k.home.lock(t)
	k.objects[k.old] = k.home.must(t, "render").out
	w.publish("web-1.1.0.tgz", modelChart(t, "web", "1.1.0", 6))
	k.home.must(t, "lock", "--update")
	k.new = k.home.lock(t)
	k.objects[k.new] = k.home.must(t, "render").out
	if k.old == k.new || strings.Count(k.objects[k.new], "\n---\n") != strings.Count(k.objects[k.old], "\n---\n")+1 {
		t.Fatalf("the locks do not differ as they should:\n%s\n%s", k.old, k.new)
	}
	fatal(t, os.RemoveAll(k.home.cache))
	first := k.watch(pace)
	k.home.must(t, "render")
	k.span = time.Since(<-first)
	k.watch(0)
	return k
}

// pace is the pause before each piece of an answer where a kill should find one under way.
const pace = time.Millisecond

// watch gives the time of the next request. From here on the answers are as slow as said.
func (k *killing) watch(slow time.Duration) <-chan time.Time {
	first := make(chan time.Time, 1)
	k.world.mu.Lock()
	defer k.world.mu.Unlock()
	k.world.first = func() { first <- time.Now() }
	k.world.asked, k.world.slow = 0, slow
	return first
}

// round kills one run and says where it was.
func (k *killing) round(t *testing.T, n int) string {
	t.Helper()
	args := [][]string{{"lock"}, {"render"}, {"lock", "--update"}, {"render"}, {"vendor", k.mirror}}[n%5]
	before := map[string]string{"lock": "", "lock --update": k.old}
	have, is := before[strings.Join(args, " ")]
	if !is {
		have = k.new
	}
	fatal(t, os.RemoveAll(filepath.Join(k.home.dir, lockName)))
	if have != "" {
		writeFiles(t, k.home.dir, map[string]string{lockName: have})
	}
	if n%7 != 0 { // else on a cache with everything in it
		fatal(t, os.RemoveAll(k.home.cache))
		fatal(t, os.RemoveAll(k.mirror))
	}
	where := k.kill(t, n, args)
	k.sound(t, args, have)
	return where
}

// kill starts a run and kills it at a random moment, most of the time after its first request.
func (k *killing) kill(t *testing.T, n int, args []string) string {
	t.Helper()
	first := k.watch(pace)
	defer k.watch(0)
	cmd := k.home.command("sluice", args...)
	fatal(t, cmd.Start())
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	// Early moments more often than late ones: the fetches come first, and the rendering takes most of the time.
	pause := time.Duration(rand.Float64() * rand.Float64() * float64(k.span))
	if n%16 == 0 || n%7 == 0 { // what has everything in its cache may ask for nothing
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
	} else {
		select {
		case <-first:
			time.Sleep(pause)
		case <-time.After(5 * time.Second):
			t.Errorf("sluice %v asks for nothing", args)
		}
	}
	_ = cmd.Process.Kill()
	err := <-end
	k.world.mu.Lock()
	defer k.world.mu.Unlock()
	kinds := slices.DeleteFunc(slices.Sorted(maps.Keys(k.world.flying)), func(kind string) bool { return k.world.flying[kind] == 0 })
	switch {
	case err == nil:
		return "finished"
	case len(k.parts(t)) > 0:
		return "writing a file"
	case len(kinds) > 0:
		return "reading: " + kinds[0]
	case k.world.asked == 0:
		return "before the first request"
	}
	return "between fetches, or after them"
}

// parts lists temporary files of all places and removes those beside the lock and in the mirror, so that they are counted once.
func (k *killing) parts(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{k.home.cache + "/tmp/put-*", k.home.dir + "/." + lockName + "-*"} {
		found, err := filepath.Glob(pattern)
		fatal(t, err)
		all = append(all, found...)
	}
	_ = filepath.WalkDir(k.mirror, func(name string, _ fs.DirEntry, _ error) error {
		if strings.HasPrefix(filepath.Base(name), ".") {
			all = append(all, name)
		}
		return nil
	})
	for _, name := range all {
		if !strings.HasPrefix(name, k.home.cache) {
			fatal(t, os.Remove(name))
		}
	}
	return all
}

// sound wants everything to be as it was or as it should become, and the next run to be whole.
func (k *killing) sound(t *testing.T, args []string, before string) {
	t.Helper()
	k.home.inside(t, "cache", "verify")
	lock := k.home.lock(t)
	if lock != before && (lock != k.new || args[0] != "lock") {
		t.Errorf("after %v the lock is neither the old nor the new one:\n%s", args, lock)
	}
	if lock == "" {
		k.home.inside(t, "lock")
		lock = k.home.lock(t)
	}
	if _, err := source.ParseLock(lockName, []byte(lock)); err != nil {
		t.Error(err)
	}
	if args[0] == "vendor" {
		k.home.inside(t, args...)
		if got := (home{k.home.dir, k.mirror + ".cache"}).inside(t, "render", "--mirror", k.mirror, "--offline").out; got != k.objects[lock] {
			t.Errorf("the mirror that was killed and made again renders to %d bytes, not %d", len(got), len(k.objects[lock]))
		}
		fatal(t, os.RemoveAll(k.mirror+".cache"))
	}
	if got := k.home.inside(t, "render").out; got != k.objects[lock] || got == "" {
		t.Errorf("after %v, killed, it renders to %d bytes, not %d", args, len(got), len(k.objects[lock]))
	}
	left, err := filepath.Glob(k.home.dir + "/*")
	fatal(t, err)
	if len(left) != 3 {
		t.Errorf("after %v the stack's directory holds %v", args, left)
	}
}

// A run that is killed at any moment leaves a sound cache, one of the two locks and a mirror that the next run completes.
func TestKilledAtAnyMoment(t *testing.T) {
	const rounds, workers = 200, 4 // more than there are processors: much of it is waiting for the disk
	var mu sync.Mutex
	landed, began := map[string]int{}, time.Now()
	t.Run("group", func(t *testing.T) {
		for worker := range workers {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				narrow, wide := learn(t, false), learn(t, true)
				for n := range rounds / workers {
					k := narrow
					if n%4 == 3 {
						k = wide
					}
					where := k.round(t, n)
					mu.Lock()
					landed[where]++
					mu.Unlock()
					if t.Failed() {
						t.Fatalf("round %d, killed: %s", n, where)
					}
				}
			})
		}
	})
	t.Logf("%d rounds in %v", rounds, time.Since(began).Round(time.Second))
	midway := 0
	for _, where := range slices.Sorted(maps.Keys(landed)) {
		t.Logf("%4d %s", landed[where], where)
		if strings.HasPrefix(where, "reading") || strings.HasPrefix(where, "writing") {
			midway += landed[where]
		}
	}
	if midway < rounds/10 && !t.Failed() {
		t.Errorf("only %d of %d kills hit a fetch midway: the test shows little", midway, rounds)
	}
}

// Processes that begin at once with a cold cache all do the whole work, and do the same.
func TestManyProcessesOnOneStack(t *testing.T) {
	k := learn(t, true)
	fatal(t, os.RemoveAll(k.home.cache))
	fatal(t, os.Remove(filepath.Join(k.home.dir, lockName)))
	mirror := filepath.Join(t.TempDir(), "mirror")
	each := func(do func(h home)) {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { do(k.home) })
		}
		all.Wait()
	}
	each(func(h home) {
		if s := h.sluice(t, "lock"); s.code != exitClean {
			t.Errorf("lock: exit %d\n%s", s.code, s.err)
		}
		if s := h.sluice(t, "render"); s.code != exitClean || s.out != k.objects[k.new] {
			t.Errorf("render: exit %d, %d bytes and not %d\n%s", s.code, len(s.out), len(k.objects[k.new]), s.err)
		}
	})
	if k.home.lock(t) != k.new {
		t.Errorf("the lock is\n%s", k.home.lock(t))
	}
	each(func(h home) {
		if s := h.sluice(t, "vendor", mirror); s.code != exitClean {
			t.Errorf("vendor: exit %d\n%s", s.code, s.err)
		}
	})
	if s := k.home.must(t, "cache", "verify"); s.err != "" || len(k.parts(t)) > 0 || !strings.Contains(s.out, " 0 ") {
		t.Errorf("the cache is not clean: %s%s%v", s.out, s.err, k.parts(t))
	}
	k.world.Close()
	if s := k.home.must(t, "render", "--mirror", mirror, "--offline", "--cache", t.TempDir()); s.out != k.objects[k.new] {
		t.Errorf("the mirror renders to %d bytes, not %d", len(s.out), len(k.objects[k.new]))
	}
}

// Stacks that are vendored into one folder at once are all in it.
func TestManyStacksVendorIntoOneFolder(t *testing.T) {
	w := newWorld(t)
	mirror := filepath.Join(t.TempDir(), "mirror")
	var homes []home
	for i := range 8 {
		name := fmt.Sprintf("own%d", i)
		w.publish(name+"-1.0.0.tgz", modelChart(t, name, "1.0.0", 1))
		h := newHome(t, w, false)
		writeFiles(t, h.dir, map[string]string{"more.cue": "package stack\nlayers: base: apps: own: helm: {repo: \"" + w.URL + "/charts\", chart: \"" + name + "\", version: \"1.0.0\"}\n"})
		homes = append(homes, h)
	}
	for _, h := range homes {
		h.must(t, "lock")
	}
	for range 4 {
		fatal(t, os.RemoveAll(mirror))
		var all sync.WaitGroup
		for _, h := range homes {
			all.Go(func() {
				if s := h.sluice(t, "vendor", mirror); s.code != exitClean {
					t.Errorf("vendor: exit %d\n%s", s.code, s.err)
				}
			})
		}
		all.Wait()
		for _, h := range homes {
			if s := h.sluice(t, "render", "--mirror", mirror, "--offline", "--cache", t.TempDir()); s.code != exitClean {
				t.Fatalf("rendering from the mirror: exit %d\n%s", s.code, s.err)
			}
		}
	}
}

// Entries that are damaged while others render never get into what is rendered, and are named.
func TestEntriesAreDamagedWhileOthersRender(t *testing.T) {
	k := learn(t, false)
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		flips := 0
		defer func() { stopped <- flips }()
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			names, _ := filepath.Glob(k.home.cache + "/sha256/*/*")
			if len(names) == 0 {
				continue
			}
			if f, err := os.OpenFile(names[rand.IntN(len(names))], os.O_RDWR, 0); err == nil {
				var b [1]byte
				at := rand.Int64N(1000)
				if n, _ := f.ReadAt(b[:], at); n == 1 {
					b[0] ^= 1
					_, _ = f.WriteAt(b[:], at)
					flips++
				}
				_ = f.Close()
			}
		}
	}()
	named, failed := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 12 {
				s := k.home.sluice(t, "render")
				mu.Lock()
				switch {
				case s.code == exitClean && s.out != k.objects[k.new]:
					t.Errorf("another render:\n%s", s.err)
				case s.code != exitClean && s.out != "":
					t.Errorf("objects beside exit %d:\n%s", s.code, s.err)
				case s.code != exitClean:
					failed++
				}
				if strings.Contains(s.err, "the cache's entry sha256/") && strings.Contains(s.err, "is damaged") {
					named++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	close(stop)
	t.Logf("%d bytes were flipped; of 48 renders %d named a damaged entry, %d ended with an error", <-stopped, named, failed)
	if named == 0 {
		t.Error("no damage was seen: the test shows nothing")
	}
	// Without a network it is an error, which names the entry.
	k.home.must(t, "render")
	k.home.sluice(t, "cache", "verify")
	k.home.must(t, "render")
	names, err := filepath.Glob(k.home.cache + "/sha256/*/*")
	fatal(t, err)
	fatal(t, os.Truncate(names[0], 100))
	entry, err := filepath.Rel(k.home.cache, names[0])
	fatal(t, err)
	if s := k.home.sluice(t, "render", "--offline"); s.code != exitError || s.out != "" || !strings.Contains(s.err, entry) {
		t.Errorf("offline with a damaged entry: exit %d\n%s%s", s.code, s.out, s.err)
	}
}

// disk is a place that takes some bytes and no more.
type disk struct {
	name    string
	program string
	env     []string
	dir     string // on the small disk
}

// smallDisks gives a place where a file has at most so many bytes, by a limit of the process, and as root also a file system
// with that much room.
func smallDisks(t *testing.T, size, room int) []disk {
	t.Helper()
	all := []disk{{"limit", "sluice-small-disk", []string{fmt.Sprintf("%s=%d", fileLimit, size)}, t.TempDir()}}
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", room))
	if err != nil {
		t.Logf("without a file system of its own, by a process's limit alone: mounting: %v", err)
		return all
	}
	t.Cleanup(func() { fatal(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return append(all, disk{"file system", "sluice", nil, dir})
}

func (d disk) run(t *testing.T, h home, args ...string) said {
	t.Helper()
	cmd := h.command(d.program, args...)
	cmd.Env = append(cmd.Env, d.env...)
	return finish(t, cmd)
}

func TestFullDisk(t *testing.T) {
	k := learn(t, false)
	for _, d := range smallDisks(t, 8<<10, 8<<10) {
		t.Run("cache on a "+d.name, func(t *testing.T) {
			h := home{k.home.dir, filepath.Join(d.dir, "cache")}
			for range 2 {
				s := d.run(t, h, "render")
				if s.code != exitClean || s.out != k.objects[k.new] || !strings.Contains(s.err, "it goes on without the cache: storing sha256:") {
					t.Errorf("exit %d, %d bytes\n%s", s.code, len(s.out), s.err)
				}
			}
			h.must(t, "cache", "verify")
			if left, _ := filepath.Glob(h.cache + "/tmp/*"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
	for _, d := range smallDisks(t, 8<<10, 8<<10) {
		t.Run("mirror on a "+d.name, func(t *testing.T) {
			mirror := filepath.Join(d.dir, "mirror")
			s := d.run(t, k.home, "vendor", mirror)
			if s.code != exitError || s.out != "" || !strings.Contains(s.err, "vendoring chart ") {
				t.Errorf("exit %d\n%s%s", s.code, s.out, s.err)
			}
			fatal(t, filepath.WalkDir(mirror, func(name string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				text, err := os.ReadFile(name)
				if want, ok := k.world.charts[filepath.Base(name)]; !ok || !bytes.Equal(text, want) {
					t.Errorf("%s is there with %d bytes", name, len(text))
				}
				return err
			}))
		})
	}
	t.Run("index of a mirror", func(t *testing.T) {
		mirror := filepath.Join(t.TempDir(), "mirror")
		older := home{t.TempDir(), k.home.cache}
		fatal(t, os.CopyFS(older.dir, os.DirFS(k.home.dir)))
		writeFiles(t, older.dir, map[string]string{lockName: k.old})
		older.must(t, "vendor", mirror)
		name, err := filepath.Glob(mirror + "/*/charts/index.yaml")
		if err != nil || len(name) != 1 {
			t.Fatal(name, err)
		}
		before, err := os.ReadFile(name[0])
		fatal(t, err)
		writeFiles(t, filepath.Dir(name[0]), map[string]string{"web-1.1.0.tgz": string(k.world.charts["web-1.1.0.tgz"])}) // so that the index alone is left to write
		s := smallDisks(t, 300, 300)[0].run(t, k.home, "vendor", mirror)
		after, err := os.ReadFile(name[0])
		fatal(t, err)
		if s.code != exitError || !strings.Contains(s.err, "vendoring the index of ") || !bytes.Equal(before, after) {
			t.Errorf("exit %d, the index has %d bytes and not %d\n%s", s.code, len(after), len(before), s.err)
		}
	})
	for _, d := range smallDisks(t, 300, 128<<10) {
		t.Run("lock on a "+d.name, func(t *testing.T) {
			fatal(t, os.CopyFS(d.dir, os.DirFS(k.home.dir)))
			writeFiles(t, d.dir, map[string]string{lockName: k.old})
			if d.env == nil {
				fill(t, d.dir)
			}
			s := d.run(t, home{d.dir, k.home.cache}, "lock", "--update")
			if s.code != exitError || s.out != "" || !strings.Contains(s.err, "writing the lock: ") {
				t.Errorf("exit %d\n%s%s", s.code, s.out, s.err)
			}
			if got := (home{dir: d.dir}).lock(t); got != k.old {
				t.Errorf("the lock is %q", got)
			}
			if left, _ := filepath.Glob(d.dir + "/." + lockName + "*"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
	t.Run("output", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		fatal(t, err)
		defer full.Close()
		var errs bytes.Buffer
		cmd := k.home.command("sluice", "render")
		cmd.Stdout, cmd.Stderr = full, &errs
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitError || !strings.Contains(errs.String(), "writing the output: ") {
			t.Errorf("%v\n%s", err, errs.String())
		}
	})
}

// fill takes the rest of a disk.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	fatal(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 1024))
	}
}

// What is left of a chart beside a kustomization or in an umbrella chart never wins.
func TestHalfPresentCharts(t *testing.T) {
	k := learn(t, false)
	unpacked := func(archive, at string) map[string]string {
		dir := t.TempDir()
		cmd := exec.Command("tar", "-xzC", dir)
		cmd.Stdin = bytes.NewReader(k.world.charts[archive])
		fatal(t, cmd.Run())
		files := map[string]string{}
		fatal(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			rel, _ := filepath.Rel(dir, name)
			files[filepath.Join(at, rel)] = string(text)
			return err
		}))
		return files
	}
	without := func(files map[string]string, name string) map[string]string {
		if _, ok := files[name]; !ok {
			t.Fatalf("there is no %s", name)
		}
		delete(files, name)
		return files
	}
	with := func(files map[string]string, name, text string) map[string]string {
		files[name] = text
		return files
	}
	k.world.publish("tool-1.0.0.tgz", modelChart(t, "tool", "1.0.0", 3))
	const tool, db = "apps/tool/charts/", "apps/db/charts/"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // nothing: it renders to the same
	}{
		"kustomization, equal":             {unpacked("tool-2.0.0.tgz", tool+"tool-2.0.0"), nil},
		"kustomization, equal archive":     {map[string]string{tool + "tool-2.0.0.tgz": string(k.world.charts["tool-2.0.0.tgz"])}, nil},
		"kustomization, half":              {without(unpacked("tool-2.0.0.tgz", tool+"tool-2.0.0"), tool+"tool-2.0.0/tool/templates/1.yaml"), []string{"templates/1.yaml", "tool 2.0.0"}},
		"kustomization, file cut":          {with(unpacked("tool-2.0.0.tgz", tool+"tool-2.0.0"), tool+"tool-2.0.0/tool/templates/1.yaml", "apiVersion"), []string{"templates/1.yaml", "tool 2.0.0"}},
		"kustomization, Chart.yaml only":   {map[string]string{tool + "tool-2.0.0/tool/Chart.yaml": "apiVersion: v2\nname: tool\nversion: 2.0.0\n"}, []string{"templates/0.yaml", "tool 2.0.0"}},
		"kustomization, nothing yet":       {map[string]string{tool + "tool-2.0.0/tool/.keep": ""}, []string{"tool-2.0.0/tool/Chart.yaml"}},
		"kustomization, stale":             {unpacked("tool-1.0.0.tgz", tool+"tool-2.0.0"), []string{tool + "tool-2.0.0/tool/", "tool 1.0.0", "chart 2.0.0"}},
		"kustomization, other version's":   {without(unpacked("tool-1.0.0.tgz", tool+"tool-1.0.0"), tool+"tool-1.0.0/tool/templates/0.yaml"), []string{tool + "tool-1.0.0/tool/", "tool 1.0.0", "chart 2.0.0"}},
		"kustomization, unversioned":       {unpacked("tool-1.0.0.tgz", tool), []string{tool + "tool/", "tool 1.0.0", "chart 2.0.0"}},
		"kustomization, archive cut":       {map[string]string{tool + "tool-2.0.0.tgz": string(k.world.charts["tool-2.0.0.tgz"][:500])}, []string{tool + "tool-2.0.0.tgz", "tool 2.0.0"}},
		"umbrella, equal":                  {unpacked("redis-1.1.0.tgz", db), nil},
		"umbrella, equal archive":          {map[string]string{db + "redis-1.1.0.tgz": string(k.world.charts["redis-1.1.0.tgz"])}, nil},
		"umbrella, half":                   {without(unpacked("redis-1.1.0.tgz", db), db+"redis/templates/2.yaml"), []string{db + "redis", "redis 1.1.0", "templates/2.yaml"}},
		"umbrella, stale archive":          {map[string]string{db + "redis-1.0.0.tgz": string(modelChart(t, "redis", "1.0.0", 2))}, []string{db + "redis-1.0.0.tgz", "redis 1.0.0", "1.1.0"}},
		"umbrella, stale under a new name": {map[string]string{db + "redis-1.1.0.tgz": string(modelChart(t, "redis", "1.0.0", 2))}, []string{db + "redis-1.1.0.tgz", "redis 1.0.0", "asks for 1.1.0"}},
		"umbrella, other content":          {map[string]string{db + "redis-1.1.0.tgz": string(modelChart(t, "redis", "1.1.0", 3))}, []string{db + "redis-1.1.0.tgz", "redis 1.1.0", "differs"}},
		"umbrella, archive cut":            {map[string]string{db + "redis-1.1.0.tgz": string(k.world.charts["redis-1.1.0.tgz"][:500])}, []string{db + "redis-1.1.0.tgz", "truncated"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := home{t.TempDir(), k.home.cache}
			fatal(t, os.CopyFS(h.dir, os.DirFS(k.home.dir)))
			writeFiles(t, h.dir, c.files)
			for _, args := range [][]string{{"render"}, {"lock"}} {
				s := h.sluice(t, args...)
				if c.want == nil {
					if s.code != exitClean || args[0] == "render" && s.out != k.objects[k.new] || h.lock(t) != k.new {
						t.Errorf("%v: exit %d, %d bytes, not %d\n%s", args, s.code, len(s.out), len(k.objects[k.new]), s.err)
					}
					continue
				}
				if s.code != exitError || s.out != "" {
					t.Errorf("%v: exit %d, %d bytes\n%s", args, s.code, len(s.out), s.err)
				}
				for _, want := range append(c.want, "[vendored-chart]") {
					if !strings.Contains(s.err, want) {
						t.Errorf("%v: the error lacks %q:\n%s", args, want, s.err)
					}
				}
			}
		})
	}
}
