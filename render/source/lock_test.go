package source

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"sluice/render"
)

const (
	commitA = "0123456789abcdef0123456789abcdef01234567"
	keyA    = "AB3F0123456789ABCDEF0123456789ABCDEF0123"
)

func sum(text string) string { return digest([]byte(text)) }

func lockedEntries() []Entry {
	return []Entry{
		{
			Kind: render.KindHelm, Repo: "https://charts.example.com/stable", Chart: "web", Requested: ">=1.0.0 <2", Resolved: "1.10.0",
			Digest: sum("web"), From: "https://charts.example.com/stable/web-1.10.0.tgz", Signer: keyA,
		},
		{Kind: render.KindHelm, Repo: "oci://registry.example.com/charts", Chart: "true", Requested: "1.10", Resolved: "1.10", Digest: sum("true")},
		{Kind: render.KindHelm, Repo: "file://./mirror", Chart: "web", Requested: "*", Resolved: "2.0.0+a", Digest: sum("x")},
		{Kind: render.KindGit, Repo: "ssh://git@git.example.com:2222/platform/values.git", Requested: "main", Resolved: commitA, Digest: sum("git")},
		{Kind: render.KindGit, Repo: "git@git.example.com:platform/values.git", Requested: "1e3", Resolved: commitA, Digest: sum("git")},
		{Kind: render.KindGit, Repo: "https://git.example.com/base.git", Requested: "v1", Submodules: true, Resolved: commitA, Digest: sum("sub")},
		{Kind: render.KindFile, Repo: "https://raw.example.com/x/schema.json?ref=main", Digest: sum("file")},
	}
}

func newLock(t *testing.T, entries ...Entry) *Lock {
	t.Helper()
	l, err := NewLock(entries)
	must(t, err)
	return l
}

func TestLockIsWrittenForPeople(t *testing.T) {
	entries := lockedEntries()
	want := `# Every source of the stack, as ` + "`sluice lock` resolved it. Do not edit; run `sluice lock`." + `
version: 1
sources:
  - file: https://raw.example.com/x/schema.json?ref=main
    sha256: ` + entries[6].Digest[7:] + `
  - git: git@git.example.com:platform/values.git
    requested: "1e3"
    resolved: ` + commitA + `
    sha256: ` + entries[3].Digest[7:] + `
  - git: https://git.example.com/base.git
    requested: v1
    resolved: ` + commitA + `
    submodules: true
    sha256: ` + entries[5].Digest[7:] + `
  - git: ssh://git@git.example.com:2222/platform/values.git
    requested: main
    resolved: ` + commitA + `
    sha256: ` + entries[3].Digest[7:] + `
  - chart: web
    repo: file://./mirror
    requested: '*'
    resolved: 2.0.0+a
    sha256: ` + entries[2].Digest[7:] + `
  - chart: web
    repo: https://charts.example.com/stable
    requested: '>=1.0.0 <2'
    resolved: 1.10.0
    sha256: ` + entries[0].Digest[7:] + `
    from: https://charts.example.com/stable/web-1.10.0.tgz
    signer: ` + keyA + `
  - chart: "true"
    repo: oci://registry.example.com/charts
    requested: "1.10"
    resolved: "1.10"
    sha256: ` + entries[1].Digest[7:] + `
`
	got := string(newLock(t, entries...).Encode())
	if got != want {
		t.Errorf("want -, got +:\n%s", cmp.Diff(want, got))
	}
	slices.Reverse(entries)
	if again := string(newLock(t, entries...).Encode()); again != got {
		t.Errorf("the order of the entries shows in the lock:\n%s", cmp.Diff(got, again))
	}
	// What a Git checkout on Windows and an editor there make of the file.
	for name, text := range map[string]string{"as it is": got, "CRLF": strings.ReplaceAll(got, "\n", "\r\n"), "BOM": "\xef\xbb\xbf" + got} {
		l, err := ParseLock("sluice.lock", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		slices.SortFunc(entries, Entry.compare)
		if d := cmp.Diff(entries, l.Entries()); d != "" {
			t.Errorf("%s: put in -, came back +:\n%s", name, d)
		}
	}
}

// Digits alone are a number to a YAML reader, and so are some digests and commits with one "e" in them.
func TestLockQuotesWhatWouldBeANumber(t *testing.T) {
	sha, commit := strings.Repeat("1", 64), strings.Repeat("1", 20)+"e"+strings.Repeat("1", 19)
	e := Entry{Kind: render.KindGit, Repo: "https://git.example.com/a.git", Requested: "0x1f", Resolved: commit, Digest: "sha256:" + sha}
	text := newLock(t, e).Encode()
	var plain struct {
		Version int
		Sources []map[string]any
	}
	must(t, yaml.Unmarshal(text, &plain))
	want := map[string]any{"git": e.Repo, "requested": "0x1f", "resolved": commit, "sha256": sha}
	if d := cmp.Diff(want, plain.Sources[0]); d != "" {
		t.Errorf("another reader of the lock gets +, not -:\n%s", d)
	}
}

func TestLockWithoutEntries(t *testing.T) {
	var none *Lock
	text := none.Encode()
	l, err := ParseLock("sluice.lock", text)
	if err != nil || len(l.Entries()) != 0 || !bytes.Equal(l.Encode(), text) {
		t.Errorf("%s\ngives %v, %v", text, l, err)
	}
	if _, ok := none.Find(lockedEntries()[0]); ok {
		t.Error("a nil lock has an entry")
	}
}

func TestLockFindsWhatIsAsked(t *testing.T) {
	l := newLock(t, lockedEntries()...)
	for _, e := range lockedEntries() {
		if got, ok := l.Find(e.key()); !ok || got != e {
			t.Errorf("%s: found %v, %t", e, got, ok)
		}
		for _, other := range []func(*Entry){
			func(e *Entry) { e.Requested += "x" }, func(e *Entry) { e.Repo += "x" },
			func(e *Entry) { e.Chart += "x" }, func(e *Entry) { e.Submodules = !e.Submodules }, func(e *Entry) { e.Kind = "" },
		} {
			asked := e.key()
			other(&asked)
			if got, ok := l.Find(asked); ok {
				t.Errorf("%s: found %s", asked, got)
			}
		}
	}
}

func TestLockRefuses(t *testing.T) {
	good := string(newLock(t, lockedEntries()...).Encode())
	file := Entry{Kind: render.KindFile, Repo: "https://raw.example.com/s.json", Digest: sum("file")}
	small := string(newLock(t, file).Encode())
	git := "version: 1\nsources:\n  - git: https://git.example.com/a.git\n    requested: main\n    resolved: " + commitA + "\n    sha256: " + file.Digest[7:] + "\n"
	replace := func(text, from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("%q is not in the lock", from)
		}
		return strings.Replace(text, from, to, 1)
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", "sluice.lock: reading the lock: the file is empty"},
		{"comment only", "# a\n", "the file is empty"},
		{"not YAML", "version: 1\nsources: [\n", "sluice.lock:"},
		{"not closed", "version: 1\nsources:\n  - {chart: web\n  - {chart: x}\n", "sluice.lock:3: reading the lock: did not find expected ',' or '}'"},
		{"a list", "- version: 1\n", "sluice.lock:1:1: reading the lock: there is something else than a plain mapping"},
		{"second document", small + "---\nversion: 1\n", "second document"},
		{"no version", replace(small, "version: 1\n", ""), "version is missing"},
		{"version 2", replace(small, "version: 1", "version: 2"), "sluice.lock:2:10: reading the lock: the lock is of another version than 1"},
		{"no sources", "version: 1\n", "sources is missing"},
		{"null sources", "version: 1\nsources:\n", "sources is not a list"},
		{"unknown key on top", small + "source: []\n", `sluice.lock:6:1: reading the lock: unknown key "source"; did you mean sources?`},
		{"unknown key", replace(good, "    requested: main", "    revision: x\n    requested: main"), `unknown key "revision"`},
		{"key of another kind", replace(small, "    sha256", "    from: https://example.com/a\n    sha256"), `sluice.lock:5:5: reading the lock: unknown key "from"`},
		{"repeated key", replace(small, "    sha256", "    file: https://example.com/a\n    sha256"), `sluice.lock:5:5: reading the lock: key "file" is there twice`},
		{"two kinds", replace(small, "    sha256", "    git: https://example.com/a\n    sha256"), "unknown key"},
		{"no kind", "version: 1\nsources:\n  - sha256: " + file.Digest[7:] + "\n", "sluice.lock:3:5: reading the lock: an entry has none of the keys chart, git and file"},
		{"an entry of text", "version: 1\nsources:\n  - x\n", "none of the keys"},
		{"an alias", "version: 1\nsources:\n  - &a {file: https://example.com/a, sha256: " + file.Digest[7:] + "}\n", "sluice.lock:3:5"},
		{"entry twice", small + strings.Join(strings.SplitAfter(small, "\n")[3:], ""), "sluice.lock:6:5: reading the lock: file https://raw.example.com/s.json is there twice, first on line 4"},
		{"missing field", replace(git, "    requested: main\n", ""), "sluice.lock:3:5: reading the lock: requested: it is missing"},
		{"no digest", replace(git, "    sha256: "+file.Digest[7:]+"\n", ""), "sha256: it is missing"},
		{"empty field", replace(git, "main", `""`), "sluice.lock:4:16: reading the lock: requested is not text"},
		{"short digest", replace(small, file.Digest[7:], file.Digest[8:]), "sluice.lock:5:13: reading the lock: sha256: it is not a sha256"},
		{"upper case digest", replace(small, file.Digest[7:], strings.ToUpper(file.Digest[7:])), "it is not a sha256"},
		{"prefixed digest", replace(small, file.Digest[7:], file.Digest), "it is not a sha256"},
		{"number", replace(git, "main", "1.10"), "sluice.lock:4:16: reading the lock: requested is not text; a number needs quotes"},
		{"list", replace(git, "main", "[main]"), "requested is not text"},
		{"short commit", replace(git, commitA, commitA[:12]), "sluice.lock:5:15: reading the lock: resolved: it is not a commit"},
		{"submodules false", replace(git, "    sha256", "    submodules: false\n    sha256"), "sluice.lock:6:17: reading the lock: submodules is not true"},
		{"signer", replace(good, keyA, keyA[1:]), "signer: it is not a fingerprint"},
		{"password", replace(git, "https://git", "https://me:hunter2@git"), "sluice.lock:3:10: reading the lock: git: the address holds a user or password"},
		{"conflict", replace(small, "  - file", "<<<<<<< HEAD\n  - file"), "sluice.lock:4: reading the lock: the file has a merge conflict"},
		{"end of a conflict", small + ">>>>>>> theirs\n", "sluice.lock:6: reading the lock: the file has a merge conflict"},
		{"two digests of one commit", git + strings.ReplaceAll(strings.TrimPrefix(replace(git, "main", "v1"), "version: 1\nsources:\n"), file.Digest[7:], sum("other")[7:]), "and asked as main it had"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := ParseLock("sluice.lock", []byte(test.text))
			if err == nil || l != nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, %v, want %s", l, err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
			var placed *render.Error
			if !errors.As(err, &placed) || placed.Pos.File != "sluice.lock" || !strings.Contains(strings.Join(hintsOf(err), " "), "run sluice lock") {
				t.Errorf("%#v has no position or hint", err)
			}
		})
	}
}

func TestNoCredentialGetsIntoALock(t *testing.T) {
	chart, git, file := lockedEntries()[0], lockedEntries()[3], lockedEntries()[6]
	with := func(e Entry, repo, from string) Entry {
		e.Repo, e.From = repo, from
		return e
	}
	for _, e := range []Entry{
		with(chart, "https://me:hunter2@charts.example.com", ""), with(chart, "https://hunter2@charts.example.com", ""),
		with(chart, "oci://hunter2@registry.example.com/c", ""), with(chart, chart.Repo, "https://me:hunter2@charts.example.com/web.tgz"),
		with(chart, chart.Repo, "https://s3.example.com/web.tgz?X-Amz-Signature=hunter2"), with(chart, "https://charts.example.com?private_token=hunter2", ""),
		with(chart, "https://charts.example.com/?a=%zz&token=hunter2", ""), with(chart, "https://me:hunter2@charts.example.com/%zz", ""),
		with(git, "ssh://git:hunter2@git.example.com/a.git", ""), with(git, "git:hunter2@git.example.com:a.git", ""),
		with(git, "https://hunter2@git.example.com/a.git", ""), with(file, "https://raw.example.com/s.json?token=hunter2", ""),
		with(file, "https://raw.example.com/s.json?sv=1&sig=hunter2", ""), with(file, "https://raw.example.com/s.json?api_key=hunter2", ""),
	} {
		l, err := NewLock([]Entry{e})
		if err == nil {
			t.Errorf("no error:\n%s", l.Encode())
		} else if strings.Contains(err.Error()+strings.Join(hintsOf(err), ""), "hunter2") {
			t.Errorf("the error shows the credential: %v", err)
		}
	}
}

func TestNewLockRefusesWhatWouldBeLost(t *testing.T) {
	chart, git := lockedEntries()[0], lockedEntries()[3]
	for name, change := range map[string]func(*Entry){
		"a chart with submodules": func(e *Entry) { e.Submodules = true },
		"a chart of no kind":      func(e *Entry) { e.Kind = render.KindUmbrella },
		"a line break":            func(e *Entry) { e.Requested = "1\n" },
		"unresolved":              func(e *Entry) { e.Resolved = "" },
		"without digest":          func(e *Entry) { e.Digest = "" },
	} {
		e := chart
		change(&e)
		if l, err := NewLock([]Entry{e}); err == nil {
			t.Errorf("%s:\n%s", name, l.Encode())
		}
	}
	git.Signer = keyA
	if l, err := NewLock([]Entry{git}); err == nil {
		t.Errorf("a signer of a repository:\n%s", l.Encode())
	}
	if l, err := NewLock([]Entry{chart, lockedEntries()[1], chart}); err == nil {
		t.Errorf("twice:\n%s", l.Encode())
	}
}

func TestDiffOfLocks(t *testing.T) {
	chart := func(version, content string) Entry {
		return Entry{Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "web", Requested: version, Resolved: version, Digest: sum(content)}
	}
	file := Entry{Kind: render.KindFile, Repo: "https://raw.example.com/a", Digest: sum("a")}
	other := Entry{Kind: render.KindFile, Repo: "https://raw.example.com/b", Digest: sum("b")}
	changed := file
	changed.Digest = sum("changed")
	tests := []struct {
		name          string
		before, after []Entry
		want          []Change
	}{
		{"nothing", []Entry{file}, []Entry{file}, nil},
		{"from no lock", nil, []Entry{file, chart("1.0.0", "1")}, []Change{{After: file}, {After: chart("1.0.0", "1")}}},
		{"all gone", []Entry{file, other}, nil, []Change{{Before: file}, {Before: other}}},
		{"other content", []Entry{file, other}, []Entry{changed, other}, []Change{{file, changed}}},
		{"a file for another", []Entry{file}, []Entry{other}, []Change{{Before: file}, {After: other}}},
		{"another version", []Entry{chart("1.0.0", "1"), file}, []Entry{chart("1.1.0", "2"), file}, []Change{{chart("1.0.0", "1"), chart("1.1.0", "2")}}},
		{
			"one version for two",
			[]Entry{chart("1.0.0", "1")},
			[]Entry{chart("1.1.0", "2"), chart("1.2.0", "3")},
			[]Change{{Before: chart("1.0.0", "1")}, {After: chart("1.1.0", "2")}, {After: chart("1.2.0", "3")}},
		},
	}
	for _, test := range tests {
		before, after := newLock(t, test.before...), newLock(t, test.after...)
		if test.before == nil {
			before = nil
		}
		if d := cmp.Diff(test.want, before.Diff(after)); d != "" {
			t.Errorf("%s, want -, got +:\n%s", test.name, d)
		}
	}
}

// FuzzParseLock: any text is an error or a lock, and a lock comes back equal from what it is written as.
func FuzzParseLock(f *testing.F) {
	l, err := NewLock(lockedEntries())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(l.Encode())
	for _, e := range l.Entries() {
		f.Add((&Lock{entries: []Entry{e}}).Encode())
	}
	f.Add([]byte(fmt.Sprintf("version: 1\nsources:\n- {chart: \"\\u2028a\", repo: \"a b\", requested: ' ', resolved: |-\n   1.0\n, sha256: %s}\n", sum("")[7:])))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLock("sluice.lock", text)
		if err != nil {
			if l != nil {
				t.Fatal("a lock beside an error")
			}
			return
		}
		encoded := l.Encode()
		again, err := ParseLock("sluice.lock", encoded)
		if err != nil {
			t.Fatalf("%v\n%s", err, encoded)
		}
		if d := cmp.Diff(l.Entries(), again.Entries()); d != "" {
			t.Fatalf("-before, +after:\n%s\n%s", d, encoded)
		}
		if !bytes.Equal(encoded, again.Encode()) {
			t.Fatalf("two texts of one lock:\n%s\n%s", encoded, again.Encode())
		}
	})
}
