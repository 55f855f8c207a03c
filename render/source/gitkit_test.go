package source

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// workshop is a repository with a work tree that a test commits to, and serves.
type workshop struct {
	t   *testing.T
	dir string
}

func newWorkshop(t *testing.T, initArgs ...string) *workshop {
	t.Helper()
	w := &workshop{t, t.TempDir()}
	w.git(append([]string{"init", "-q", "-b", "main"}, initArgs...)...)
	return w
}

// git runs git in the work tree and gives what it prints. Nothing of this machine's configuration counts.
func (w *workshop) git(args ...string) string {
	w.t.Helper()
	path, err := exec.LookPath("git")
	if err != nil {
		w.t.Fatal("git is needed: apt-get install git")
	}
	cmd := exec.Command(path, append([]string{"-C", w.dir, "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Env = gitEnv()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

func gitEnv() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		env = append(env, "GIT_"+who+"_NAME=A", "GIT_"+who+"_EMAIL=a@example.com", "GIT_"+who+"_DATE=2020-01-01T00:00:00Z")
	}
	return env
}

// commit writes files and commits everything; it gives the commit.
func (w *workshop) commit(files map[string]string) string {
	w.t.Helper()
	write(w.t, w.dir, files)
	w.git("add", "-A", "-f")
	w.git("commit", "-q", "--allow-empty", "-m", "a commit")
	return w.git("rev-parse", "HEAD")
}

// gitServer serves every repository below a directory: over smart HTTP by git's own http-backend, and over ssh by sshd.
type gitServer struct {
	*httptest.Server
	root     string
	user     string // what HTTP asks for, where it is not empty
	password string
	asked    []string                                          // requests, in order
	tamper   func(w http.ResponseWriter, r *http.Request) bool // true when it has answered
	t        *testing.T
}

// newGitServer starts a server over TLS; its Client trusts it.
func newGitServer(t *testing.T, root string) *gitServer {
	t.Helper()
	backend := gitBackend(t, root)
	s := &gitServer{root: root, t: t}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		switch {
		case s.tamper != nil && s.tamper(w, r):
		case s.user != "" && (user != s.user || password != s.password):
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you", http.StatusUnauthorized)
		default:
			backend.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// gitBackend is git's own server of the repositories below a directory.
func gitBackend(t *testing.T, root string) http.Handler {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	must(t, err)
	return &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env: append(gitEnv(), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"),
		Stderr: io.Discard,
	}
}

// repo is an upstream that trusts this server.
func (s *gitServer) repo() gitRepo { return gitRepo{client: s.Client()} }

// sshServer is sshd, one process for each connection, in inetd mode, so no port has to be guessed.
type sshServer struct {
	addr string
	gitSSH
	user string
}

func newSSHServer(t *testing.T) *sshServer {
	t.Helper()
	sshd := "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		t.Fatal("sshd is needed: apt-get install openssh-server")
	}
	if os.Geteuid() == 0 {
		must(t, os.MkdirAll("/run/sshd", 0o755)) // sshd's privilege separation directory, made by its service elsewhere
	}
	who, err := user.Current()
	must(t, err)
	dir := t.TempDir()
	host, hostFile := newSSHKey(t, dir, "host")
	mine, mineFile := newSSHKey(t, dir, "mine")
	write(t, dir, map[string]string{"authorized": string(ssh.MarshalAuthorizedKey(mine))})
	write(t, dir, map[string]string{"sshd_config": fmt.Sprintf("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\n"+
		"PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n", hostFile, filepath.Join(dir, "authorized"))})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			file, err := conn.(*net.TCPConn).File()
			if err != nil {
				return
			}
			cmd := exec.Command(sshd, "-i", "-f", filepath.Join(dir, "sshd_config"))
			cmd.Stdin, cmd.Stdout = file, file
			_ = cmd.Start()
			_, _ = file.Close(), conn.Close()
			go func() { _ = cmd.Wait() }()
		}
	}()
	known := filepath.Join(dir, "known_hosts")
	write(t, dir, map[string]string{"known_hosts": knownhosts.Line([]string{l.Addr().String()}, host) + "\n"})
	return &sshServer{addr: l.Addr().String(), user: who.Username, gitSSH: gitSSH{keys: []string{mineFile}, knownHosts: []string{known}}}
}

// url is the address of a directory at this server.
func (s *sshServer) url(dir string) string { return "ssh://" + s.user + "@" + s.addr + dir }

// through gives the same server behind a wire that breaks once the server has sent so many bytes; where stuck is given, it
// is called instead and the wire stays silent.
func (s *sshServer) through(t *testing.T, bytes int64, stuck func()) *sshServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", s.addr)
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(far, near)
				_ = far.Close()
			}()
			go func() {
				_, _ = io.CopyN(near, far, bytes)
				if stuck != nil {
					stuck()
					return
				}
				_, _ = near.Close(), far.Close()
			}()
		}
	}()
	line, err := os.ReadFile(s.knownHosts[0])
	must(t, err)
	wire := *s
	wire.addr = l.Addr().String()
	dir := folder(t, map[string]string{"known_hosts": "[127.0.0.1]:" + wire.addr[len("127.0.0.1:"):] + string(line[strings.Index(string(line), " "):])})
	wire.knownHosts = []string{filepath.Join(dir, "known_hosts")}
	return &wire
}

func newSSHKey(t *testing.T, dir, name string) (ssh.PublicKey, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	must(t, err)
	file := filepath.Join(dir, name)
	must(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	key, err := ssh.NewPublicKey(public)
	must(t, err)
	return key, file
}

// newAgent starts an ssh agent that holds a key, and gives its socket.
func newAgent(t *testing.T, keyFile string) string {
	t.Helper()
	content, err := os.ReadFile(keyFile)
	must(t, err)
	key, err := ssh.ParseRawPrivateKey(content)
	must(t, err)
	ring := agent.NewKeyring()
	must(t, ring.Add(agent.AddedKey{PrivateKey: key}))
	socket := filepath.Join(shortDir(t), "agent")
	l, err := net.Listen("unix", socket)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	return socket
}

// oneLogin is one login for one host.
type oneLogin struct{ host, user, password string }

func (l oneLogin) login(u *url.URL) (credential, error) {
	if u.Host != l.host {
		return credential{}, nil
	}
	return credential{user: l.user, password: l.password, from: "the test"}, nil
}

// gitEntry asks for a revision.
func gitEntry(repo, revision string) Entry {
	return Entry{Kind: "git", Repo: repo, Requested: revision}
}

// obtain resolves and fetches.
func obtain(t *testing.T, g gitRepo, e Entry) (Entry, []byte, error) {
	t.Helper()
	resolved, err := g.resolve(t.Context(), e)
	if err != nil {
		return Entry{}, nil, err
	}
	packed, err := g.fetch(t.Context(), resolved)
	return resolved, packed, err
}

// packedListing is what a packed tree holds: "path=content" of files and "path@" of links.
func packedListing(t *testing.T, packed []byte) string {
	t.Helper()
	files, links, err := unpackTree(packed)
	must(t, err)
	var lines []string
	for _, f := range files {
		lines = append(lines, f.Path+"="+strings.TrimSpace(string(f.Data)))
	}
	for _, l := range links {
		lines = append(lines, l+"@")
	}
	return strings.Join(lines, " ")
}

// wantError asks for an error with every one of the texts in it or its hints.
func wantError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, where %q belongs", want)
	}
	text := err.Error()
	var hints []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		hints = append(hints, hintsOf(e)...)
	}
	text += "\n" + strings.Join(hints, "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the error lacks %q:\n%s", w, text)
		}
	}
}
