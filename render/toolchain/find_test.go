package toolchain_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/render/toolchain"
)

var helm3144 = toolchain.Tool{Name: "helm", Version: "3.14.4"}

func find(t *testing.T, p *toolchain.Places, tool toolchain.Tool) (toolchain.Found, error) {
	t.Helper()
	all, err := p.Find(ctx, []toolchain.Tool{tool})
	return all[tool], err
}

// installStub installs a stub from an archive.
func installStub(t *testing.T, dir string, tool toolchain.Tool, module string) toolchain.Found {
	t.Helper()
	text := bytesOf(t, module, "print v"+tool.Version)
	at := write(t, filepath.Join(t.TempDir(), "stub"), text)
	f, err := toolchain.Install(ctx, toolchain.Order{Tool: tool, Dir: dir, Archive: at, SHA256: sumOf(text)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFindLooksInOrder(t *testing.T) {
	dir := folder(t)
	named := put(t, filepath.Join(dir, "named", "any"), helm3, "print v3.14.4")
	first := put(t, filepath.Join(dir, "first", "helm"), helm3, "print v3.16.0")
	second := put(t, filepath.Join(dir, "second", "helm"), helm3, "print v3.14.4")
	installed := installStub(t, filepath.Join(dir, "own"), helm3144, helm3)
	path := []string{filepath.Join(dir, "none"), filepath.Dir(first), filepath.Dir(second)}

	p := &toolchain.Places{Named: map[toolchain.Tool]string{helm3144: named}, Dir: filepath.Join(dir, "own"), Path: path}
	for _, want := range []struct{ path, where string }{{named, "named"}, {installed.Path, "installed"}, {second, "PATH"}} {
		f, err := find(t, p, helm3144)
		if err != nil || f.Path != want.path || f.Where != want.where || f.Tool != helm3144 || f.Stated {
			t.Errorf("found %+v, %v; want %s", f, err, want.path)
		}
		text, err := os.ReadFile(f.Path)
		if err != nil || f.Digest != "sha256:"+sumOf(text) {
			t.Errorf("the digest is %s, %v", f.Digest, err)
		}
		next := &toolchain.Places{Path: path}
		if p.Named != nil {
			next.Dir = p.Dir
		}
		p = next
	}
	all, err := p.Find(ctx, []toolchain.Tool{helm3144, {Name: "helm", Version: "3.16.0"}, {Name: "helm", Version: "3.15.0"}})
	if err != nil || len(all) != 2 || all[toolchain.Tool{Name: "helm", Version: "3.16.0"}].Path != first {
		t.Errorf("found %v, %v", all, err)
	}
}

func TestOnPathOnlyWhatProvesItsVersionCounts(t *testing.T) {
	for _, c := range []struct{ name, file, module, words, fault string }{
		{"another version", "helm", helm3, "print v3.14.3", ""},
		{"no patch", "helm", helm3, "print v3.14", "it does not prove its version: it says 3.14, as builds"},
		{"a suffix", "helm", helm3, "print v3.14.4+dirty", "it does not prove its version: it says 3.14.4+dirty"},
		{"devel", "helm", helm3, "print (devel)", "it does not prove its version"},
		{"another program", "helm", other, "print v3.14.4", "it is built from the module example.com/other"},
		{"the other tool", "helm", kustomize, "print v3.14.4", "it is built from the module " + kustomize},
		{"another major", "helm", helm3, "print v4.14.4", "not from helm.sh/helm/v4"},
		{"nothing said", "helm", helm3, "print ", `asking for its version: "" is none`},
		{"nonsense", "helm", helm3, "print 3.14.4", "is none"},
		{"crash", "helm", helm3, "crash no home", "exit status 3: no home"},
		{"flood", "helm", helm3, "flood", "is none"},
		{"another name", "helmet", helm3, "print v3.14.4", "not listed"},
		{"name of another version", "helm-3.14.3", helm3, "print v3.14.4", ""},
		{"name of another major", "helm4", helm3, "print v3.14.4", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			path := put(t, filepath.Join(dir, c.file), c.module, c.words)
			p := &toolchain.Places{Path: []string{"", ".", dir}}
			if f, err := find(t, p, helm3144); err != nil || f.Path != "" {
				t.Errorf("found %+v, %v", f, err)
			}
			all, err := p.All(ctx)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.fault == "not listed":
				if len(all) != 0 {
					t.Errorf("listed %v", all)
				}
			case len(all) != 1 || all[0].Path != path:
				t.Fatalf("listed %v", all)
			case c.fault == "" && all[0].Err != nil:
				t.Error(all[0].Err)
			case c.fault != "":
				wants(t, all[0].Err, c.fault)
			}
		})
	}
}

func TestAScriptIsNoProof(t *testing.T) {
	dir := folder(t)
	write(t, filepath.Join(dir, "helm"), []byte("#!/bin/sh\necho ran >>"+filepath.Join(dir, "ran")+"\necho v3.14.4\n"))
	p := &toolchain.Places{Path: []string{dir}}
	if f, err := find(t, p, helm3144); err != nil || f.Path != "" {
		t.Errorf("found %+v, %v", f, err)
	}
	all, err := p.All(ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	wants(t, all[0].Err, "no record of a Go build")
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("a program was run that its name alone speaks for")
	}
	if want := "--tool helm@VERSION=" + filepath.Join(dir, "helm"); !strings.Contains(hint(all[0].Err), want) {
		t.Errorf("hint %q", hint(all[0].Err))
	}
	// The user may vouch for it.
	named := &toolchain.Places{Named: map[toolchain.Tool]string{helm3144: filepath.Join(dir, "helm")}}
	if f, err := find(t, named, helm3144); err != nil || !f.Stated {
		t.Errorf("found %+v, %v", f, err)
	}
}

func TestNamedPathsAreHeldToWhatIsSaid(t *testing.T) {
	for _, c := range []struct {
		name, module, words string
		stated              bool
		fault               string
	}{
		{"proven", helm3, "print v3.14.4", false, ""},
		{"with a newline", helm3, "print v3.14.4\n", false, ""},
		{"no patch", helm3, "print v3.14", true, ""},
		{"devel", helm3, "print (devel)", true, ""},
		{"another minor without a patch", helm3, "print v3.1", false, "it says that it is 3.1"},
		{"another patch", helm3, "print v3.14.3", false, "it says that it is 3.14.3"},
		{"another program", other, "print v3.14.4", false, "built from the module example.com/other"},
		{"crash", helm3, "crash broken", false, "exit status 3: broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := put(t, filepath.Join(folder(t), "any"), c.module, c.words)
			f, err := find(t, &toolchain.Places{Named: map[toolchain.Tool]string{helm3144: path}}, helm3144)
			if c.fault != "" {
				wants(t, err, "helm@3.14.4 at "+path+": ")
				wants(t, err, c.fault)
				return
			}
			if err != nil || f.Path != path || f.Stated != c.stated {
				t.Errorf("found %+v, %v", f, err)
			}
		})
	}
	dir := folder(t)
	plain := put(t, filepath.Join(dir, "plain"), helm3, "print v3.14.4")
	if err := os.Chmod(plain, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file", dir: "it is not a file", plain: "it is not executable",
	} {
		_, err := find(t, &toolchain.Places{Named: map[toolchain.Tool]string{helm3144: path}, Path: []string{dir}}, helm3144)
		wants(t, err, want)
	}
}

func TestABinaryOfOldKustomize(t *testing.T) {
	dir := folder(t)
	path := put(t, filepath.Join(dir, "kustomize"), kustomize, "print {Version:kustomize/v5.0.1 GitCommit:abc BuildDate:x}")
	tool := toolchain.Tool{Name: "kustomize", Version: "5.0.1"}
	if f, err := find(t, &toolchain.Places{Path: []string{dir}}, tool); err != nil || f.Path != path {
		t.Errorf("found %+v, %v", f, err)
	}
}

func TestABinaryThatHangsIsGivenUp(t *testing.T) {
	dir := folder(t)
	put(t, filepath.Join(dir, "helm"), helm3, "hang")
	p := &toolchain.Places{Path: []string{dir}, Limit: 100 * time.Millisecond}
	if f, err := find(t, p, helm3144); err != nil || f.Path != "" {
		t.Errorf("found %+v, %v", f, err)
	}
	all, err := p.All(ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	wants(t, all[0].Err, "asking for its version: no answer in 100ms")
}

func TestABinaryIsExaminedOnce(t *testing.T) {
	dir := folder(t)
	path := put(t, filepath.Join(dir, "helm"), helm3, "print v3.14.4")
	if err := os.Symlink(path, filepath.Join(dir, "helm3")); err != nil {
		t.Fatal(err)
	}
	p := &toolchain.Places{Path: []string{dir}}
	before, err := find(t, p, helm3144)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, helm3, "crash run again")
	if after, err := find(t, p, helm3144); err != nil || after != before {
		t.Errorf("found %+v, %v", after, err)
	}
	if all, err := p.All(ctx); err != nil || len(all) != 1 || all[0].Err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func TestWhatWasInstalledIsHeldToItsRecord(t *testing.T) {
	const changed = "it changed since it was installed"
	for _, c := range []struct {
		name  string
		spoil func(at string) error
		want  string
	}{
		{"longer", func(at string) error { return appendTo(filepath.Join(at, "helm"), "x") }, changed + ": it has"},
		{"one byte", func(at string) error { return flip(filepath.Join(at, "helm")) }, changed + ": its digest is sha256:"},
		{"gone", func(at string) error { return os.Remove(filepath.Join(at, "helm")) }, changed + ": the program is gone"},
		{"not executable", func(at string) error { return os.Chmod(filepath.Join(at, "helm"), 0o644) }, changed + ": it is no executable file"},
		{"a link", func(at string) error {
			return errors.Join(os.Rename(filepath.Join(at, "helm"), filepath.Join(at, "real")), os.Symlink("real", filepath.Join(at, "helm")))
		}, changed + ": it is no executable file"},
		{"record gone", func(at string) error { return os.Remove(filepath.Join(at, "installed.json")) }, "reading how it was installed: open"},
		{"record cut", func(at string) error { return os.Truncate(filepath.Join(at, "installed.json"), 30) }, "installed.json: unexpected EOF"},
		{"record of another", func(at string) error {
			return os.WriteFile(filepath.Join(at, "installed.json"), []byte(`{"tool":"helm","version":"3.14.3","digest":"sha256:"}`), 0o644)
		}, "installed.json is of helm@3.14.3"},
		{"record of later", func(at string) error {
			return os.WriteFile(filepath.Join(at, "installed.json"), []byte(`{"tool":"helm","signature":"x"}`), 0o644)
		}, `unknown field "signature"`},
		{"a file", func(at string) error { return errors.Join(os.RemoveAll(at), os.WriteFile(at, nil, 0o644)) }, "reading how it was installed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			good := installStub(t, dir, helm3144, helm3)
			if err := c.spoil(filepath.Dir(good.Path)); err != nil {
				t.Fatal(err)
			}
			// A sound one on PATH is no way around it.
			path := put(t, filepath.Join(folder(t), "helm"), helm3, "print v3.14.4")
			f, err := find(t, &toolchain.Places{Dir: dir, Path: []string{filepath.Dir(path)}}, helm3144)
			if f.Path != "" {
				t.Errorf("found %+v", f)
			}
			wants(t, err, "helm@3.14.4 in "+filepath.Join(dir, "helm-3.14.4")+": ")
			wants(t, err, c.want)
			if want := "run sluice toolchain install helm@3.14.4 to install it again"; hint(err) != want {
				t.Errorf("hint %q", hint(err))
			}
			if again := installStub(t, dir, helm3144, helm3); again.Path != good.Path || again.Digest != good.Digest {
				t.Errorf("installed again: %s %s", again.Path, again.Digest)
			}
			if f, err := find(t, &toolchain.Places{Dir: dir}, helm3144); err != nil || f.Digest != good.Digest {
				t.Errorf("found %s %s, %v", f.Path, f.Digest, err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("left: %v", entries)
			}
		})
	}
}

func appendTo(name, text string) error {
	syscall.ForkLock.RLock() // see program
	defer syscall.ForkLock.RUnlock()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func flip(name string) error {
	text, err := os.ReadFile(name)
	if err == nil {
		text[len(text)-1] ^= 1
		err = program(name, text)
	}
	return err
}

func TestWhatIsNoToolIsRefused(t *testing.T) {
	for _, c := range []struct{ name, version, want string }{
		{"kubectl", "1.33.4", `"kubectl" is not a tool that is known`},
		{"", "", `"" is not a tool`},
		{"helm", "", `helm: "" is not a whole version`},
		{"helm", "3.14", `helm: "3.14" is not a whole version`},
		{"helm", "v3.14.4", "is not a whole version"},
		{"helm", "3.14.4/../../x", "is not a whole version"},
		{"helm", "latest", "is not a whole version"},
	} {
		tool := toolchain.Tool{Name: c.name, Version: c.version}
		_, err := find(t, &toolchain.Places{}, tool)
		wants(t, err, c.want)
		_, err = toolchain.Install(ctx, toolchain.Order{Tool: tool, Dir: folder(t)})
		wants(t, err, c.want)
	}
}
