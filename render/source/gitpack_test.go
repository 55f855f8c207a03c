package source

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree gives the listing of the work tree's commit, read from disk.
func (w *workshop) tree(submodules bool) ([]byte, error) {
	e := gitEntry("file://"+w.dir, "HEAD")
	e.Submodules = submodules
	_, packed, err := obtain(w.t, gitRepo{}, e)
	return packed, err
}

func TestGitLinks(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	write(t, w.dir, map[string]string{"d/f": "F", "d/sub/g": "G", "a/x": "X", "b/y": "Y"})
	for link, target := range map[string]string{
		"file": "d/f", "dir": "d", "chain": "file", "d/up": "../a/x", "d/sub/over": "../../dir/f", "through": "dir/sub/over",
		"out": "../etc/passwd", "abs": "/etc/passwd", "dangling": "none", "loop": "loop", "l1": "l2", "l2": "l1", "self": ".", "d/parent": "..",
		"a/tob": "../b", "b/toa": "../a", "infile": "d/f/x",
	} {
		must(t, os.Symlink(target, filepath.Join(w.dir, link)))
	}
	w.commit(nil)
	packed, err := w.tree(false)
	must(t, err)
	want := "a/tob/y=Y a/x=X b/toa/x=X b/y=Y chain=F d/f=F d/sub/g=G d/sub/over=F d/up=X dir/f=F dir/sub/g=G dir/sub/over=F dir/up=X file=F through=F" +
		" a/tob/toa@ abs@ b/toa/tob@ d/parent@ dangling@ dir/parent@ infile@ l1@ l2@ loop@ out@ self@"
	if got := packedListing(t, packed); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// A bomb: each level links twice to the next.
	bomb := newWorkshop(t)
	write(t, bomb.dir, map[string]string{"0/f": "x"})
	for n := 1; n < 20; n++ {
		for _, name := range []string{"a", "b"} {
			dir := filepath.Join(bomb.dir, fmt.Sprint(n))
			must(t, os.MkdirAll(dir, 0o755))
			must(t, os.Symlink(fmt.Sprintf("../%d", n-1), filepath.Join(dir, name)))
		}
	}
	bomb.commit(nil)
	_, err = bomb.tree(false)
	wantError(t, err, "more than 100000 files, links followed")
}

// Trees that git itself would not make.
func TestGitBadTrees(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit(map[string]string{"a": "x"})
	blob := w.git("rev-parse", "HEAD:a")
	entry := func(mode, name, id string) string {
		raw := make([]byte, 20)
		_, err := fmt.Sscanf(id, "%x", &raw)
		must(t, err)
		return mode + " " + name + "\x00" + string(raw)
	}
	hash := func(kind, content string) string {
		cmd := exec.Command("git", "-C", w.dir, "hash-object", "-w", "--literally", "--stdin", "-t", kind)
		cmd.Env, cmd.Stdin = gitEnv(), strings.NewReader(content)
		out, err := cmd.Output()
		must(t, err)
		return strings.TrimSpace(string(out))
	}
	empty := hash("tree", "")
	for name, c := range map[string]struct{ tree, want string }{
		"dot git":       {entry("40000", ".git", empty), "would be a repository's .git"},
		"case":          {entry("40000", ".GiT", empty), "would be a repository's .git"},
		"hfs":           {entry("100644", ".g\u200cit", blob), "would be a repository's .git"},
		"ntfs":          {entry("100644", "GIT~1", blob), "would be a repository's .git"},
		"ntfs dots":     {entry("100644", ".git . .", blob), "would be a repository's .git"},
		"ntfs stream":   {entry("100644", ".git::$INDEX_ALLOCATION", blob), "would be a repository's .git"},
		"parent":        {entry("100644", "..", blob), "leads out of"},
		"dot":           {entry("100644", ".", blob), "leads out of"},
		"slash":         {entry("100644", "a/b", blob), "slash"},
		"backslash":     {entry("100644", `a\b`, blob), "backslash"},
		"control":       {entry("100644", "a\nb", blob), "control character"},
		"latin 1":       {entry("100644", "\xe4", blob), "is not UTF-8"},
		"drive":         {entry("100644", "c:x", blob), "drive"},
		"no name":       {entry("100644", "", blob), "has no name"},
		"twice":         {entry("100644", "a", blob) + entry("40000", "a", empty), "there twice"},
		"mode":          {entry("100000", "a", blob), "neither file"},
		"cut":           {entry("100644", "a", blob)[:20], "damaged"},
		"link modules":  {entry("120000", ".gitmodules", blob), "git fsck"},
		"missing blob":  {entry("100644", "a", strings.Repeat("12", 20)), "object not found"},
		"not a blob":    {entry("100644", "a", empty), "is a tree and not a blob"},
		"missing tree":  {entry("40000", "a", strings.Repeat("12", 20)), "object not found"},
		"nul in a link": {entry("120000", "a", hash("blob", "x\x00y")), "NUL"},
		"long link":     {entry("120000", "a", hash("blob", strings.Repeat("x", 5000))), "more than 4096"},
		"long path":     {entry("100644", strings.Repeat("x", 1025), blob), "path of more than 1024"},
		"big file":      {entry("100644", "big", hash("blob", strings.Repeat("x", 64<<20+1))), `"big" has 67108865 bytes`},
	} {
		commit := hash("commit", "tree "+hash("tree", c.tree)+"\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx")
		_, _, err := obtain(t, gitRepo{}, gitEntry("file://"+w.dir, commit))
		t.Run(name, func(t *testing.T) { wantError(t, err, c.want) })
	}
	// A few objects that stand for many entries.
	var files, dirs string
	for n := range 400 {
		files += entry("100644", fmt.Sprint(n), blob)
	}
	many := hash("tree", files)
	for n := range 400 {
		dirs += entry("40000", fmt.Sprint(n), many)
	}
	_, _, err := obtain(t, gitRepo{}, gitEntry("file://"+w.dir, hash("commit", "tree "+hash("tree", dirs)+"\n\nx")))
	wantError(t, err, "more than 100000 entries")
	_, _, err = obtain(t, gitRepo{}, gitEntry("file://"+w.dir, blob))
	wantError(t, err, "is a blob and not a commit")

	// An object whose file was exchanged for another's.
	loose := func(id string) string { return filepath.Join(w.dir, ".git", "objects", id[:2], id[2:]) }
	other, err := os.ReadFile(loose(hash("blob", "y")))
	must(t, err)
	must(t, os.Chmod(loose(blob), 0o644))
	must(t, os.WriteFile(loose(blob), other, 0o644))
	_, err = w.tree(false)
	wantError(t, err, "is damaged")
}

func TestGitObjectFormat(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, "--object-format=sha256")
	w.commit(map[string]string{"a": "x"})
	s, shell := newGitServer(t, w.dir), newSSHServer(t)
	g := s.repo()
	g.ssh = shell.gitSSH
	for _, address := range []string{"file://" + w.dir, s.URL + "/.git", shell.url(w.dir)} {
		_, _, err := obtain(t, g, gitEntry(address, "main"))
		wantError(t, err, "SHA-256")
	}
	empty := newWorkshop(t)
	for _, address := range []string{"file://" + empty.dir, shell.url(empty.dir)} {
		_, _, err := obtain(t, g, gitEntry(address, "main"))
		wantError(t, err, "is empty")
	}
	_, _, err := obtain(t, g, gitEntry("file://"+t.TempDir(), "main"))
	wantError(t, err, "opening it", "name the directory of the repository itself")
}

func TestGitSubmodules(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	repository := func(name string, subs ...string) *workshop {
		w := &workshop{t, filepath.Join(root, name)}
		must(t, os.Mkdir(w.dir, 0o755))
		w.git("init", "-q", "-b", "main")
		w.commit(map[string]string{"f": name})
		for n, s := range subs {
			w.git("-c", "submodule.recurse=false", "submodule", "--quiet", "add", "--name", fmt.Sprint(n), s, "deep/s"+fmt.Sprint(n))
		}
		w.commit(nil)
		return w
	}
	repository("inner").commit(map[string]string{"f": "locked inner"})
	repository("middle", filepath.Join(root, "inner"))
	w := repository("top", filepath.Join(root, "middle"), filepath.Join(root, "inner"))
	for _, dir := range []string{"top", "middle"} { // as people write them
		m := &workshop{t, filepath.Join(root, dir)}
		modules, err := os.ReadFile(filepath.Join(m.dir, ".gitmodules"))
		must(t, err)
		m.commit(map[string]string{".gitmodules": strings.ReplaceAll(string(modules), root+"/", "../")})
	}
	middle := (&workshop{t, filepath.Join(root, "middle")}).git("rev-parse", "HEAD")
	w.git("update-index", "--cacheinfo", "160000,"+middle+",deep/s0")
	w.git("commit", "-q", "-m", "newer")
	must(t, os.Symlink("deep/s0/f", filepath.Join(w.dir, "into")))
	w.git("add", "into")
	w.git("commit", "-q", "-m", "link")
	(&workshop{t, filepath.Join(root, "inner")}).commit(map[string]string{"f": "later"})
	s := newGitServer(t, root)

	s.user, s.password = "me", "pw"
	g := s.repo()
	g.auth = oneLogin{strings.TrimPrefix(s.URL, "https://"), "me", "pw"}
	var all [][]byte
	for _, base := range []string{"file://" + root, s.URL} {
		e := gitEntry(base+"/top", "main")
		_, off, err := obtain(t, g, e)
		must(t, err)
		if got := packedListing(t, off); strings.Contains(got, "deep/s0/") || !strings.Contains(got, "into@") {
			t.Errorf("without submodules: %s", got)
		}
		// The place of one that is not fetched is no empty directory: whoever reads it fails.
		if _, links, err := unpackTree(off); err != nil || !slices.Contains(links, "deep/s0") {
			t.Errorf("without submodules: links %q, %v", links, err)
		}
		e.Submodules = true
		_, on, err := obtain(t, g, e)
		if err != nil {
			t.Fatal(err, hintsOf(err))
		}
		for _, want := range []string{"deep/s0/f=middle", "deep/s0/deep/s0/f=locked inner", "deep/s1/f=locked inner", "into=middle"} {
			if got := packedListing(t, on); !strings.Contains(got, want) {
				t.Errorf("the listing lacks %s: %s", want, got)
			}
		}
		all = append(all, on)
	}
	if !bytes.Equal(all[0], all[1]) {
		t.Error("the transports give different bytes")
	}

	// Another host sees no credentials.
	far := newGitServer(t, root)
	far.user, far.password = "me", "pw"
	modules := fmt.Sprintf("[submodule \"x\"]\n\tpath = deep/s0\n\turl = %s/middle\n", far.URL)
	w.commit(map[string]string{".gitmodules": modules})
	e := gitEntry(s.URL+"/top", "main")
	e.Submodules = true
	g.auth = oneLogin{strings.TrimPrefix(far.URL, "https://"), "me", "pw"}
	s.user = ""
	_, _, err := obtain(t, g, e)
	wantError(t, err, `submodule "deep/s0"`, "401")
	w.commit(map[string]string{".gitmodules": "[submodule \"x\"]\n\tpath = deep/s0\n\turl = file://" + root + "/middle\n"})
	_, _, err = obtain(t, g, e)
	wantError(t, err, "this machine's disk")
	w.commit(map[string]string{".gitmodules": ""})
	_, err = w.tree(true)
	wantError(t, err, `submodule "deep/s0"`, "does not say where")
}

func TestUnpackTreeRefuses(t *testing.T) {
	t.Parallel()
	good := part{name: "tree/a", body: "x"}
	for name, c := range map[string]struct {
		packed []byte
		want   string
	}{
		"nothing":    {nil, "gzip"},
		"chart":      {chartTgz(t, "c", "1.0.0"), "not a packed tree"},
		"outside":    {tgzOf(t, good, part{name: "other/a"}), "outside"},
		"parent":     {tgzOf(t, good, part{name: "tree/../../a"}), "leaves"},
		"absolute":   {tgzOf(t, good, part{name: "/tree/a"}), "absolute"},
		"twice":      {tgzOf(t, good, good), "twice"},
		"link twice": {tgzOf(t, good, part{name: "tree/a", kind: tar.TypeSymlink, link: "b"}), "twice"},
		"under link": {tgzOf(t, part{name: "tree/a", kind: tar.TypeSymlink, link: "/etc"}, part{name: "tree/a/b", body: "x"}), "both"},
		"hard link":  {tgzOf(t, good, part{name: "tree/b", kind: tar.TypeLink, link: "tree/a"}), "a hard link"},
		"pipe":       {tgzOf(t, good, part{name: "tree/b", kind: tar.TypeFifo}), "a named pipe"},
		"git":        {tgzOf(t, good, part{name: "tree/x/.GIT/config", body: "x"}), "repository's .git"},
		"cut":        {gzipOf(t, tarOf(t, good)[:1024]), "truncated"},
		"bomb":       {gzipOf(t, bytes.Repeat([]byte{0}, 16<<20)), "unpacks to more"},
	} {
		files, links, err := unpackTree(c.packed)
		if files != nil || links != nil {
			t.Errorf("%s: files beside the error", name)
		}
		wantError(t, err, c.want)
	}
}
