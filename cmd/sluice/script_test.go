package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the transcripts' expected output")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": main, "sluice-small-disk": smallDisk, "sealed": sealed})
}

// TestScripts runs every transcript of testdata/script: what a user types, and what the program answers. They know
// $STACKS and $TESTDATA (this repository's), and the commands below.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	path := pathWithoutTools(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(root, "testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", path)
			env.Setenv("STACKS", filepath.Join(root, "stacks"))
			env.Setenv("TESTDATA", filepath.Join(root, "testdata"))
			env.Setenv("SLUICE_CACHE", filepath.Join(env.WorkDir, ".cache"))
			// git without the machine's configuration and with a fixed person and time.
			env.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(env.WorkDir, ".gitconfig"))
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			env.Setenv("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
			env.Setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
			config := "[user]\n\tname = Test\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n"
			return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte(config), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"twice":    twice,
			"serve":    serve,
			"truncate": truncate,
			"tamper":   tamper,
			"waitfile": waitFile,
			"sametree": sameTree,

			"chartrepo": chartRepo,
			"gitserve":  gitServe,
			"registry":  registryServe,
			"push":      push,
			"expand":    expand,
			"sign":      sign,
			"exits":     exits,
			"asked":     asked,
			"nosocket":  noSocket,
		},
	})
}

// pathWithoutTools gives the machine's PATH without any helm or kustomize, of which sluice would take one that has the
// version asked for. A directory that has some is stood in for by links to all else in it.
func pathWithoutTools(t *testing.T) string {
	t.Helper()
	tool := func(e os.DirEntry) bool {
		return strings.HasPrefix(e.Name(), "helm") || strings.HasPrefix(e.Name(), "kustomize")
	}
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for i, dir := range dirs {
		entries, _ := os.ReadDir(dir)
		if !slices.ContainsFunc(entries, tool) {
			continue
		}
		dirs[i] = t.TempDir()
		for _, e := range slices.DeleteFunc(entries, tool) {
			if err := os.Symlink(filepath.Join(dir, e.Name()), filepath.Join(dirs[i], e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// twice runs a command that writes nothing two times and fails unless both runs say the same: every golden output is
// that of a second run as well. "! twice" is for commands that fail.
func twice(ts *testscript.TestScript, neg bool, args []string) {
	var said [2]string
	for i := range said {
		err := ts.Exec(args[0], args[1:]...)
		if (err != nil) != neg {
			ts.Fatalf("run %d of %v: %v", i+1, args, err)
		}
		said[i] = ts.ReadFile("stdout") + "\x00" + ts.ReadFile("stderr")
	}
	if said[0] != said[1] {
		ts.Fatalf("two runs of %v differ", args)
	}
}

// serve starts an HTTP server on loopback for the rest of the script: "serve VAR DIR" serves a directory's files, "serve
// VAR tls DIR" over TLS, and "serve VAR hang FILE" accepts requests, creates FILE at the first one and never answers. $VAR
// is its URL; see [open]. "serve VAR login DIR CERT" serves over TLS to robot with the password hunter2; nobody trusts
// it, and CERT is its certificate.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 4 && args[1] == "login" {
		serveLogin(ts, args)
		return
	}
	hangs, secure := len(args) == 3 && args[1] == "hang", len(args) == 3 && args[1] == "tls"
	if neg || len(args) != 2 && !hangs && !secure {
		ts.Fatalf("usage: serve VAR [tls] DIR | serve VAR hang FILE")
	}
	at := ts.MkAbs(args[len(args)-1])
	if !hangs {
		open(ts, args[0], secure, http.FileServer(http.Dir(at)))
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	open(ts, args[0], false, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := os.WriteFile(at, []byte(r.URL.Path), 0o644); err != nil {
			panic(err)
		}
		select {
		case <-r.Context().Done():
		case <-ctx.Done():
		}
	}))
	ts.Defer(cancel) // before the server is closed, which waits for its answers
}

// serveLogin is serve with a login.
func serveLogin(ts *testscript.TestScript, args []string) {
	files := http.FileServer(http.Dir(ts.MkAbs(args[2])))
	open(ts, args[0], true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot" || password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	ts.Check(os.Rename(ts.Getenv("SSL_CERT_FILE"), ts.MkAbs(args[3])))
	ts.Setenv("SSL_CERT_FILE", "")
}

// truncate cuts a file to a size, as a broken download does: "truncate FILE BYTES".
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	var size int64
	if _, err := fmt.Sscan(args[1], &size); err != nil || neg {
		ts.Fatalf("usage: truncate FILE BYTES")
	}
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// tamper flips the bits of one byte: "tamper FILE OFFSET".
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	var at int
	if _, err := fmt.Sscan(args[1], &at); err != nil || neg {
		ts.Fatalf("usage: tamper FILE OFFSET")
	}
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	text[at] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}

// waitFile waits until a file is there: "waitfile FILE".
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if neg || time.Now().After(deadline) {
			ts.Fatalf("%s does not appear", args[0])
		}
	}
}

// sameTree says whether two directories hold the same files with the same bytes.
func sameTree(ts *testscript.TestScript, neg bool, args []string) {
	left, right := treeOf(ts, args[0]), treeOf(ts, args[1])
	same := len(left) == len(right)
	for path, text := range left {
		if right[path] != text {
			same = false
			if !neg {
				ts.Logf("differs: %s", path)
			}
		}
	}
	if same == neg {
		ts.Fatalf("%s and %s: same is %v", args[0], args[1], same)
	}
}

func treeOf(ts *testscript.TestScript, dir string) map[string]string {
	files := map[string]string{}
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		rel, _ := filepath.Rel(root, p)
		files[rel] = string(text)
		return err
	}))
	if len(files) == 0 {
		ts.Fatalf("%s holds no file", dir)
	}
	return files
}
