package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// gitSSH is how a person is known to ssh servers, and they to the person. Files that do not exist are left out, because
// the usual places are not all in use. A passphrase is never asked for: such a key belongs into the agent.
type gitSSH struct {
	agent      string   // socket of the agent, or empty
	keys       []string // files of private keys, tried after the agent's
	knownHosts []string // files as of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"
}

const dialTimeout = 30 * time.Second

// sshTalk is git-upload-pack at the other end of an ssh connection.
type sshTalk struct {
	conn    net.Conn
	client  *ssh.Client
	session *ssh.Session
	stdin   io.WriteCloser
	stdout  io.Reader
	stderr  *beginning // what the server writes for people
	stop    func() bool
	agent   io.Closer
}

// dialSSH connects and starts git-upload-pack. When the context ends, the connection is closed under whatever waits for
// it. ssh_config is not read: hosts of sources are those of the lock, on every machine.
func (g gitRepo) dialSSH(ctx context.Context, at gitAddress, own bool, m *meter) (_ *sshTalk, err error) {
	t := &sshTalk{stop: func() bool { return true }, stderr: &beginning{limit: 4 << 10}}
	defer func() {
		if err != nil {
			_ = t.Close() // the first error is the one to tell
		}
	}()
	u := at.url()
	addr := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "22"))
	check, algorithms, err := g.ssh.hostKeys(addr)
	if err != nil {
		return nil, err
	}
	if !own {
		return nil, fmt.Errorf("no keys are used for another host than the source's own, and ssh needs one")
	}
	signers, skipped, err := g.ssh.signers(t)
	if err != nil {
		return nil, err
	}
	var wrongHost error
	config := &ssh.ClientConfig{
		User: cmp.Or(at.user, "git"), // what hosts of repositories call it; the name of the local user is the environment's
		Auth: []ssh.AuthMethod{ssh.PublicKeys(signers...)},
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
			wrongHost = check(host, remote, key)
			return wrongHost
		},
		HostKeyAlgorithms: algorithms,
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	if t.conn, err = dialer.DialContext(ctx, "tcp", addr); err != nil {
		return nil, &passing{err: err}
	}
	t.stop = context.AfterFunc(ctx, func() { _ = t.conn.Close() })
	conn, channels, requests, err := ssh.NewClientConn(meteredConn{t.conn, metered{t.conn, m}}, addr, config)
	switch {
	case wrongHost != nil:
		return nil, hinted("if the server's key was really changed, correct known_hosts; otherwise somebody else answers",
			fmt.Errorf("the host key of %s is not the one in known_hosts: %w", addr, wrongHost))
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"): // ssh has no type for it
		return nil, hinted("add a key that the server knows to the agent, or name its file",
			fmt.Errorf("the server refuses user %s with all %d keys%s", config.User, len(signers), skipped))
	case err != nil:
		return nil, &passing{err: err}
	}
	t.client = ssh.NewClient(conn, channels, requests)
	return t, t.start(at)
}

// meteredConn is a connection of which all that arrives is counted.
type meteredConn struct {
	net.Conn
	r metered
}

func (c meteredConn) Read(p []byte) (int, error) { return c.r.Read(p) }

func (t *sshTalk) start(at gitAddress) (err error) {
	if t.session, err = t.client.NewSession(); err != nil {
		return &passing{err: err}
	}
	if t.stdin, err = t.session.StdinPipe(); err != nil {
		return err
	}
	if t.stdout, err = t.session.StdoutPipe(); err != nil {
		return err
	}
	t.session.Stderr = t.stderr
	p := at.path
	if strings.HasPrefix(p, "/~") { // ssh://host/~user/repo is below that user's home (git-fetch, "GIT URLS")
		p = p[1:]
	}
	// The server's shell reads it, so it is quoted as git does (quote.c, sq_quote_buf).
	return t.session.Start(uploadPack + " '" + strings.NewReplacer(`'`, `'\''`, `!`, `'\!'`).Replace(p) + "'")
}

func (t *sshTalk) advertised(context.Context) (io.Reader, error) { return sshAnswer{t}, nil }

// sshAnswer is what git-upload-pack writes; where it ends early, with what the server said beside it.
type sshAnswer struct{ t *sshTalk }

func (a sshAnswer) Read(p []byte) (int, error) {
	n, err := a.t.stdout.Read(p)
	if n == 0 && err == io.EOF {
		_ = a.t.session.Wait() // its status says less than its words
		if text := strings.TrimSpace(a.t.stderr.String()); text != "" {
			return 0, hinted("check the address of the repository, and that the key may read it", fmt.Errorf("the server says %q", oneLine(text)))
		}
	}
	return n, err
}

func (t *sshTalk) ask(_ context.Context, request *bytes.Buffer) (io.Reader, error) {
	if _, err := request.WriteTo(t.stdin); err != nil {
		return nil, &passing{err: err}
	}
	return t.stdout, nil
}

// Close ends the conversation, at whatever point it is.
func (t *sshTalk) Close() error {
	t.stop()
	if t.agent != nil {
		_ = t.agent.Close()
	}
	if t.conn == nil {
		return nil
	}
	return t.conn.Close() // and with it the session and the goroutines that read for it
}

// signers are the keys of the agent and of the files. skipped says, for the message of a refusal, what could not be used.
func (g gitSSH) signers(t *sshTalk) (signers []ssh.Signer, skipped string, err error) {
	if g.agent != "" {
		conn, err := net.DialTimeout("unix", g.agent, 5*time.Second)
		if err == nil {
			t.agent = conn
			signers, err = agent.NewClient(conn).Signers()
		}
		if err != nil {
			skipped += "; the agent does not answer: " + err.Error()
		}
	}
	for _, file := range g.keys {
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("reading a key: %w", err)
		}
		signer, err := ssh.ParsePrivateKey(content)
		var locked *ssh.PassphraseMissingError
		switch {
		case errors.As(err, &locked):
			skipped += "; " + file + " needs a passphrase, load it into the agent"
			continue
		case err != nil:
			skipped += "; " + file + " is not a private key"
			continue
		}
		signers = append(signers, signer)
	}
	if len(signers) == 0 {
		return nil, "", hinted("load a key into the ssh agent, or name its file", fmt.Errorf("there is no key for ssh%s", skipped))
	}
	return signers, skipped, nil
}

// hostKeys gives the check of a host's key, and the kinds of key that are known of it: without these the server would
// show whichever kind it likes best, and a host known by another one would look like a stranger. Host certificates are
// not supported.
func (g gitSSH) hostKeys(addr string) (ssh.HostKeyCallback, []string, error) {
	var files []string
	for _, f := range g.knownHosts {
		if _, err := os.Stat(f); !errors.Is(err, fs.ErrNotExist) {
			files = append(files, f)
		}
	}
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, nil, fmt.Errorf("reading known_hosts: %w", err)
	}
	var known *knownhosts.KeyError
	if !errors.As(check(addr, &net.TCPAddr{}, noKey{}), &known) || len(known.Want) == 0 {
		return nil, nil, hinted("connect once with ssh and compare the fingerprint, or add the key that the server's owner publishes",
			fmt.Errorf("the host key of %s is not in known_hosts", addr))
	}
	var algorithms []string
	for _, k := range known.Want {
		if kind := k.Key.Type(); kind == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			algorithms = append(algorithms, kind)
		}
	}
	return check, algorithms, nil
}

// noKey is a key that no host has; asking for it gives the ones a host does have (knownhosts.KeyError).
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
