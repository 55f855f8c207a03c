package source

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"cuelabs.dev/go/oci/ociregistry"
	"cuelabs.dev/go/oci/ociregistry/ociserver"

	"sluice/render"
)

// scene is one source, the servers that it comes from, and what it has to be.
type scene struct {
	t    *testing.T
	dir  string // the stack
	src  render.Source
	refs map[string]render.Source
	want map[string]string // the files that it was made from, by path
	// documents are those outside of it, by URL.
	documents map[string]string
	access    *Access
	dial      map[string]string // host:port of the address, and where it really is
	doors     []*door
	places    []string // directories that file:// leads to
	// mirrors stand for every place of the scene, on doors of their own.
	mirrors map[string]string
	// republish puts other content under the names that the source asks by. The texts are those of the error that has
	// to come of it where nothing is cached; where there are none, the source has to be what it was.
	republish func() []string
	// release publishes web 1.9.0 and leaves the rest as it is.
	release func()
}

func newScene(t *testing.T) *scene {
	return &scene{t: t, dir: t.TempDir(), refs: map[string]render.Source{}, mirrors: map[string]string{}, dial: map[string]string{}}
}

// reader makes a reader with nothing cached.
func (s *scene) reader(lock *Lock) *Reader {
	r := reader(s.dir)
	r.Refs, r.Lock, r.Access, r.LockCommand = s.refs, lock, s.access, "sluice lock --stack here"
	client := httptest.NewTLSServer(nil)
	defer client.Close()
	r.Client = client.Client() // it trusts the one certificate of all servers of httptest
	transport := r.Client.Transport.(*http.Transport)
	transport.DisableKeepAlives = true
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if to, ok := s.dial[address]; ok {
			address = to
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return r
}

// asked counts what all servers were asked, the mirrors' own left out.
func (s *scene) asked() int {
	n := 0
	for _, d := range s.doors {
		n += int(d.asked.Load())
	}
	return n
}

// gone takes away every server and every directory that sources come from.
func (s *scene) gone() {
	for _, d := range s.doors {
		d.shut()
	}
	for _, p := range s.places {
		must(s.t, os.RemoveAll(p))
	}
}

// door is a server that counts what is asked of it.
type door struct {
	asked atomic.Int64
	shut  func()
	url   string
}

// open starts a server of the scene.
func (s *scene) open(secure bool, h http.Handler) *door {
	d := doorOf(s.t, secure, h)
	s.doors = append(s.doors, d)
	return d
}

func doorOf(t *testing.T, secure bool, h http.Handler) *door {
	d := &door{}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked.Add(1)
		h.ServeHTTP(w, r)
	})
	start := httptest.NewServer
	if secure {
		start = httptest.NewTLSServer
	}
	server := start(counted)
	d.url = server.URL
	d.shut = sync.OnceFunc(server.Close)
	t.Cleanup(d.shut)
	return d
}

// openSSH puts a counting wire before an sshd.
func (s *scene) openSSH() string {
	server := newSSHServer(s.t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(s.t, err)
	d := &door{shut: sync.OnceFunc(func() { _ = l.Close() })}
	s.t.Cleanup(d.shut)
	s.doors = append(s.doors, d)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			d.asked.Add(1)
			far, err := net.Dial("tcp", server.addr)
			if err != nil {
				_ = near.Close()
				return
			}
			join := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				_ = to.Close()
			}
			go join(near, far)
			go join(far, near)
		}
	}()
	line, err := os.ReadFile(server.knownHosts[0])
	must(s.t, err)
	_, key, _ := strings.Cut(string(line), " ")
	known := filepath.Join(s.t.TempDir(), "known_hosts")
	_, port, _ := net.SplitHostPort(l.Addr().String())
	must(s.t, os.WriteFile(known, []byte("[127.0.0.1]:"+port+" "+key), 0o644))
	s.access = &Access{SSHKeys: server.keys, KnownHosts: []string{known}}
	return "ssh://" + server.user + "@" + l.Addr().String()
}

// wares is files over HTTP.
type wares struct {
	mu    sync.Mutex
	files map[string]string
}

func (s *wares) put(files map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = maps.Clone(files)
}

func (s *wares) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	content, ok := s.files[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, content)
}

// memory is a [Store] that forgets everything at the end of the test.
type memory struct {
	mu   sync.Mutex
	held map[string][]byte
}

func newMemory() *memory { return &memory{held: map[string][]byte{}} }

func (m *memory) Get(digest string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.held[digest]
	return content, ok, nil
}

func (m *memory) Put(content []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := digest(content)
	m.held[d] = slices.Clone(content)
	return d, nil
}

// chartOf is a chart's directory; more are further files, by path.
func chartOf(name, version string, more map[string]string) map[string]string {
	files := map[string]string{
		"Chart.yaml":             chartYAML(name, version),
		"values.yaml":            "size: 1\n",
		"templates/config.yaml":  "kind: ConfigMap\n# " + name + " " + version + "\n",
		"templates/_helpers.tpl": "{{/* nothing */}}\n",
	}
	maps.Copy(files, more)
	return files
}

// packedFrom packages a chart's directory.
func packedFrom(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var list []render.File
	for name, content := range files {
		list = append(list, render.File{Path: name, Data: []byte(content)})
	}
	meta, err := parseChart(list, "")
	must(t, err)
	packed, err := pack(meta.Name, list)
	must(t, err)
	return packed
}

// filesOf gives a tree's files as the tests of this suite write them.
func filesOf(list []render.File) map[string]string {
	if len(list) == 0 {
		return nil
	}
	files := map[string]string{}
	for _, f := range list {
		files[f.Path] = string(f.Data)
	}
	return files
}

// in puts a folder before the paths.
func in(prefix string, files map[string]string) map[string]string {
	moved := map[string]string{}
	for name, content := range files {
		moved[prefix+"/"+name] = content
	}
	return moved
}

// charts is a repository of the charts web and db, as every chart of the scenes depends on them: over HTTP or TLS, with a
// mirror. The digests of both sides of a republishing are given.
func (s *scene) charts(secure bool) (string, func() []string) {
	web, db := chartOf("web", "1.2.3", nil), chartOf("db", "2.0.0", nil)
	old, other := packedFrom(s.t, web), packedFrom(s.t, chartOf("web", "1.2.3", map[string]string{"values.yaml": "size: 2\n"}))
	wares := &wares{}
	wares.put(in("stable", repoFiles(s.t, old, packedFrom(s.t, db))))
	at := s.open(secure, wares).url + "/stable"
	s.mirrors[at] = doorOf(s.t, !secure, wares).url + "/stable"
	newer := packedFrom(s.t, chartOf("web", "1.9.0", nil))
	s.release = func() { wares.put(in("stable", repoFiles(s.t, old, newer, packedFrom(s.t, db)))) }
	return at, func() []string {
		wares.put(in("stable", repoFiles(s.t, other, newer, packedFrom(s.t, db))))
		return []string{digest(old), digest(other)}
	}
}

// elsewhere is a repository whose index leads to archives of another host, as those do that publish releases of a forge.
func (s *scene) elsewhere(secure bool) (string, func() []string) {
	old, other := packedFrom(s.t, chartOf("web", "1.2.3", nil)), packedFrom(s.t, chartOf("web", "1.2.3", map[string]string{"values.yaml": "size: 2\n"}))
	archives, index := &wares{}, &wares{}
	at := s.open(secure, archives).url
	publish := func(packed []byte) {
		files := repoFiles(s.t, packed)
		archives.put(map[string]string{"releases/web-1.2.3.tgz": string(packed)})
		index.put(map[string]string{"index.yaml": strings.Replace(files[indexFile], "web-1.2.3.tgz", at+"/releases/web-1.2.3.tgz", 1)})
	}
	publish(old)
	repo := s.open(secure, index).url
	s.mirrors[at], s.mirrors[repo] = doorOf(s.t, false, archives).url+"/", doorOf(s.t, true, index).url
	if !secure {
		s.mirrors[at+"/releases/"] = "file://" + folder(s.t, map[string]string{"web-1.2.3.tgz": string(old)})
	}
	return repo, func() []string {
		publish(other)
		return []string{digest(old), digest(other)}
	}
}

// registry holds the same two charts in a registry: on a loopback address over plain HTTP, or as charts.example.com over
// TLS.
func (s *scene) registry(secure bool) (string, func() []string) {
	web, other := packedFrom(s.t, chartOf("web", "1.2.3", nil)), packedFrom(s.t, chartOf("web", "1.2.3", map[string]string{"values.yaml": "size: 2\n"}))
	db := packedFrom(s.t, chartOf("db", "2.0.0", nil))
	o := ociServer(s.t, nil)
	first := o.push(s.t, "stable/web", web)
	o.push(s.t, "stable/db", db)
	d := s.open(secure, ociserver.New(o.mem, nil))
	u, err := url.Parse(d.url)
	must(s.t, err)
	host := u.Host
	if secure {
		host = "charts.example.com"
		s.dial[host+":443"] = u.Host
	}
	mirror := doorOf(s.t, false, ociserver.New(o.mem, nil))
	at := "oci://" + host + "/stable"
	s.mirrors["oci://"+host] = "oci" + strings.TrimPrefix(mirror.url, "http")
	s.release = func() { o.push(s.t, "stable/web", packedFrom(s.t, chartOf("web", "1.9.0", nil))) }
	return at, func() []string {
		must(s.t, o.mem.DeleteManifest(s.t.Context(), "stable/web", ociregistry.Digest(first)))
		o.push(s.t, "stable/web", other)
		return []string{digest(web), digest(other)}
	}
}

// repo is a Git repository with files on branch main and tag v1.0.0, and its commit.
func (s *scene) repo(files map[string]string) (*workshop, string) {
	root := s.t.TempDir()
	w := &workshop{s.t, filepath.Join(root, "org", "base.git")}
	must(s.t, os.MkdirAll(w.dir, 0o755))
	w.git("init", "-q", "-b", "main")
	commit := w.commit(files)
	w.git("tag", "-a", "-m", "a release", "v1.0.0")
	return w, commit
}

// moveOn commits other content and moves the tag along: what was locked is still in the history.
func moveOn(w *workshop) func() []string {
	return func() []string {
		w.commit(map[string]string{"later.yaml": "kind: Later\n"})
		w.git("tag", "-f", "-a", "-m", "again", "v1.0.0")
		return nil
	}
}

// rewriteHistory leaves nothing of the locked commit.
func rewriteHistory(w *workshop, commit string) func() []string {
	return func() []string {
		write(w.t, w.dir, map[string]string{"later.yaml": "kind: Later\n"})
		w.git("add", "-A", "-f")
		w.git("commit", "-q", "--amend", "-m", "another")
		w.git("tag", "-d", "v1.0.0")
		w.git("reflog", "expire", "--expire=now", "--all")
		w.git("gc", "-q", "--prune=now")
		return []string{commit}
	}
}

// over serves a repository: "https", "http", "ssh" or "file". Its mirror is a copy on disk.
func (s *scene) over(scheme string, w *workshop) string {
	root, name := filepath.Dir(filepath.Dir(w.dir)), "/org/base.git"
	address := ""
	switch scheme {
	case "https", "http":
		// The server knows base.git as the .git directory of the work tree.
		address = s.open(scheme == "https", gitBackend(s.t, root)).url + name
	case "ssh":
		address = s.openSSH() + w.dir
	case "file":
		address = "file://" + w.dir
		s.places = append(s.places, w.dir)
	}
	copied := s.t.TempDir()
	must(s.t, os.CopyFS(copied, os.DirFS(root)))
	s.mirrors[address] = "file://" + copied + name
	return address
}
