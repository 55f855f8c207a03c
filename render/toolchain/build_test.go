package toolchain_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"

	"sluice/render/toolchain"
)

// proxy is a module proxy with its checksum database on loopback: what the go command asks of either is real, only the
// modules are small.
type proxy struct {
	server *httptest.Server
	files  map[string][]byte // by path below the proxy
	sums   map[string]string // lines of go.sum, by module@version
	hangs  bool
	sumdb  string // value of GOSUMDB
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{files: map[string][]byte{}, sums: map[string]string{}}
	signer, verifier, err := note.GenerateKey(rand.Reader, "sum.example.com")
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(path, version string) ([]byte, error) {
		if lines, ok := p.sums[path+"@"+version]; ok {
			return []byte(lines), nil
		}
		return nil, fs.ErrNotExist
	}
	database := sumdb.NewServer(sumdb.NewTestServer(signer, lookup))
	mux := http.NewServeMux()
	for _, path := range sumdb.ServerPaths {
		mux.Handle("/sumdb"+path, http.StripPrefix("/sumdb", database))
	}
	mux.HandleFunc("/proxy/", func(w http.ResponseWriter, r *http.Request) {
		if p.hangs {
			<-r.Context().Done()
			return
		}
		if body, ok := p.files[strings.TrimPrefix(r.URL.Path, "/proxy/")]; ok {
			_, _ = w.Write(body)
			return
		}
		http.Error(w, "no such module", http.StatusNotFound)
	})
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	p.sumdb = verifier + " " + p.server.URL + "/sumdb"
	return p
}

// add publishes a module, and enters it into the database.
func (p *proxy) add(t *testing.T, path, version string, files map[string]string) {
	t.Helper()
	packed := zipped(t, path+"@"+version, files)
	at := filepath.Join(t.TempDir(), "module.zip")
	sum, err := dirhash.HashZip(write(t, at, packed), dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(files["go.mod"])), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.sums[path+"@"+version] = fmt.Sprintf("%s %s %s\n%s %s/go.mod %s\n", path, version, sum, path, version, mod)
	p.files[path+"/@v/list"] = append(p.files[path+"/@v/list"], version+"\n"...) // the go command looks for deprecations
	p.files[path+"/@v/"+version+".info"] = []byte(`{"Version":"` + version + `"}`)
	p.files[path+"/@v/"+version+".mod"] = []byte(files["go.mod"])
	p.files[path+"/@v/"+version+".zip"] = packed
}

func zipped(t *testing.T, prefix string, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(prefix + "/" + name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// helmModule are the files of a helm that prints what it was stamped with, and nothing that release builds stamp.
func helmModule(lines string) map[string]string {
	return map[string]string{
		"go.mod":                      "module helm.sh/helm/v3\n" + lines,
		"internal/version/version.go": "package version\n\nvar version = \"v3.14\"\n\nfunc Version() string { return version }\n",
		"pkg/chartutil/k8s.go":        "package chartutil\n\nvar k8sVersionMajor, k8sVersionMinor = \"1\", \"20\"\n\nfunc K8s() string { return k8sVersionMajor + \".\" + k8sVersionMinor }\n",
		"pkg/lint/rules/k8s.go":       "package rules\n\nvar k8sVersionMajor, k8sVersionMinor = \"1\", \"20\"\n\nfunc K8s() string { return k8sVersionMajor + \".\" + k8sVersionMinor }\n",
		"cmd/helm/main.go": `package main

import (
	"os"

	"helm.sh/helm/v3/internal/version"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint/rules"
)

func main() {
	if os.Args[1] == "version" {
		os.Stdout.WriteString(version.Version())
	} else {
		os.Stdout.WriteString(chartutil.K8s() + " " + rules.K8s())
	}
}
`,
	}
}

const clientGo = "go 1.22\n\nrequire k8s.io/client-go v0.29.3 // indirect\n"

// helmProxy is a proxy with helm 3.14.4.
func helmProxy(t *testing.T) *proxy {
	p := newProxy(t)
	p.add(t, "helm.sh/helm/v3", "v3.14.4", helmModule(clientGo))
	p.add(t, "k8s.io/client-go", "v0.29.3", map[string]string{"go.mod": "module k8s.io/client-go\n\ngo 1.22\n"})
	return p
}

// goCache is where the go command of the machine keeps what it compiled: without it every test would build the
// standard library.
var goCache = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	return "GOCACHE=" + strings.TrimSpace(string(out)), err
})

// order is one for the proxy, with an environment in which nothing is to be checked.
func (p *proxy) order(t *testing.T, env ...string) toolchain.Order {
	t.Helper()
	cache, err := goCache()
	if err != nil {
		t.Fatal(err)
	}
	home := folder(t)
	modules := filepath.Join(home, "modules")
	// The go command leaves a process behind that counts its uses in the home, while the test removes it.
	for _, config := range []string{".config", "."} {
		write(t, filepath.Join(home, config, "go", "telemetry", "mode"), []byte("off"))
	}
	t.Cleanup(func() { // directories of modules are read-only
		_ = filepath.WalkDir(modules, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				err = os.Chmod(name, 0o755)
			}
			return err
		})
	})
	return toolchain.Order{Tool: helm3144, Dir: filepath.Join(home, "tools"), Env: append([]string{
		"PATH=" + os.Getenv("PATH"), cache, "HOME=" + home, "GOMODCACHE=" + modules,
		"GOPROXY=" + p.server.URL + "/proxy", "GOSUMDB=" + p.sumdb,
		"GONOSUMDB=*", "GONOSUMCHECK=1", "GOPRIVATE=*", "GOINSECURE=*", "GOFLAGS=-tags=evil -ldflags=-X=main.evil=1",
		"GOOS=plan9", "GOARCH=mips", "GOTOOLCHAIN=auto", "CGO_ENABLED=1", "GOEXPERIMENT=evil", "GOBIN=/nowhere",
	}, env...)}
}

func TestInstallByGo(t *testing.T) {
	t.Parallel()
	p := helmProxy(t)
	o := p.order(t)
	f, err := toolchain.Install(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	sum := strings.Fields(p.sums["helm.sh/helm/v3@v3.14.4"])[2]
	if want := "module helm.sh/helm/v3@v3.14.4 " + sum; f.Origin != want || f.Where != "installed" {
		t.Errorf("the origin is %q, want %q", f.Origin, want)
	}
	// The Kubernetes of the client-go that the module asks for, not the 1.20 of a build without linker flags.
	out, err := exec.Command(f.Path, "kubernetes").Output()
	if err != nil || string(out) != "1.29 1.29" {
		t.Errorf("stamped with %s, %v", out, err)
	}
	built, err := buildinfo.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range built.Settings {
		if s.Key == "-tags" || s.Key == "CGO_ENABLED" && s.Value != "0" || strings.Contains(s.Value, "evil") {
			t.Errorf("built with %s=%s", s.Key, s.Value)
		}
	}
	var record map[string]any
	text, err := os.ReadFile(filepath.Join(filepath.Dir(f.Path), "installed.json"))
	if err := errors.Join(err, json.Unmarshal(text, &record)); err != nil {
		t.Fatal(err)
	}
	if record["go"] != built.GoVersion || record["sum"] != sum || record["digest"] != f.Digest {
		t.Errorf("the record is %s", text)
	}
	// What is there needs no network, and no go command.
	p.server.Close()
	o.Env, o.Offline = nil, true
	if again, err := toolchain.Install(ctx, o); err != nil || again != f {
		t.Errorf("again: %s, %v", again.Path, err)
	}
	found, err := (&toolchain.Places{Dir: o.Dir, Run: true}).All(ctx)
	if err != nil || len(found) != 1 || found[0] != f {
		t.Errorf("found %v, %v", found, err)
	}
	if entries, _ := os.ReadDir(o.Dir); len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
}

func TestInstallOfKustomizeByGo(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	p.add(t, kustomize, "v5.7.1", map[string]string{
		"go.mod": "module " + kustomize + "\n\ngo 1.22\n\nrequire sigs.k8s.io/kustomize/api v0.20.1\n",
		"main.go": "package main\n\nimport (\n\t\"os\"\n\t\"strings\"\n\n\t\"sigs.k8s.io/kustomize/api/provenance\"\n)\n\n" +
			"func main() { os.Stdout.WriteString(strings.TrimPrefix(provenance.Version(), \"kustomize/\")) }\n",
	})
	p.add(t, "sigs.k8s.io/kustomize/api", "v0.20.1", map[string]string{
		"go.mod":           "module sigs.k8s.io/kustomize/api\n\ngo 1.22\n",
		"provenance/in.go": "package provenance\n\nvar version = \"(devel)\"\n\nfunc Version() string { return version }\n",
	})
	o := p.order(t)
	o.Tool = toolchain.Tool{Name: "kustomize", Version: "5.7.1"}
	f, err := toolchain.Install(ctx, o)
	if err != nil || f.Path != filepath.Join(o.Dir, "kustomize-5.7.1", "kustomize") {
		t.Errorf("installed %s, %v", f.Path, err)
	}
}

func TestAModuleThatIsNotThePublishedOneIsRefused(t *testing.T) {
	t.Parallel()
	p := helmProxy(t)
	evil := helmModule(clientGo)
	evil["cmd/helm/main.go"] = strings.Replace(evil["cmd/helm/main.go"], "func main() {", "func main() {\n\tprintln(1)", 1)
	p.files["helm.sh/helm/v3/@v/v3.14.4.zip"] = zipped(t, "helm.sh/helm/v3@v3.14.4", evil)
	o := p.order(t)
	_, err := toolchain.Install(ctx, o)
	wants(t, err, "checksum mismatch")
	nothing(t, o.Dir)

	// A module that the database does not know is none either.
	p = helmProxy(t)
	delete(p.sums, "helm.sh/helm/v3@v3.14.4")
	o = p.order(t)
	_, err = toolchain.Install(ctx, o)
	wants(t, err, "verifying")
	nothing(t, o.Dir)
}

func TestInstallByGoWithoutChecksumDatabase(t *testing.T) {
	t.Parallel()
	p := helmProxy(t)
	o := p.order(t, "GOSUMDB=off")
	_, err := toolchain.Install(ctx, o)
	wants(t, err, "GOSUMDB is off, so that nothing would authenticate the module")
	nothing(t, o.Dir)

	// The file of go env -w counts as the environment does, for what is kept of it.
	o = p.order(t)
	home := filepath.Dir(o.Dir)
	o.Env = slices.DeleteFunc(append(o.Env, "XDG_CONFIG_HOME="+home), func(entry string) bool { return strings.HasPrefix(entry, "GOSUMDB=") })
	write(t, filepath.Join(home, "go", "env"), []byte("GOSUMDB=off\n"))
	_, err = toolchain.Install(ctx, o)
	wants(t, err, "GOSUMDB is off")
	nothing(t, o.Dir)
}

func TestInstallByGoThatCannotWork(t *testing.T) {
	t.Parallel()
	p := helmProxy(t)
	p.add(t, "helm.sh/helm/v3", "v3.99.0", helmModule("go 1.99.0\n\nrequire k8s.io/client-go v0.29.3 // indirect\n"))
	p.add(t, "helm.sh/helm/v3", "v3.98.0", helmModule("go 1.22\n"))
	p.add(t, "helm.sh/helm/v3", "v3.97.0", func() map[string]string {
		files := helmModule(clientGo)
		files["cmd/helm/main.go"] = "package main\n\nfunc main() { missing() }\n"
		return files
	}())
	secret := "GOPROXY=" + strings.Replace(p.server.URL, "//", "//robot:hunter2@", 1) + "/proxy"
	for _, c := range []struct {
		version, env string
		want, hint   string
	}{
		{"3.99.0", "", "requires go >= 1.99.0", "install Go 1.99.0 or newer"},
		{"3.98.0", "", "reading the go.mod of helm@3.98.0: it does not require k8s.io/client-go", ""},
		{"3.97.0", "", "running go install: ", "--archive"},
		{"3.96.0", secret, "running go mod download: ", "--archive"},
		{"3.14.4", "PATH=/nowhere", "there is no go command on PATH", "install Go"},
	} {
		o := p.order(t, c.env)
		if strings.HasPrefix(c.env, "PATH=") {
			o.Env = []string{c.env}
		}
		o.Tool.Version = c.version
		_, err := toolchain.Install(ctx, o)
		wants(t, err, "installing helm@"+c.version+": ")
		wants(t, err, c.want)
		if !strings.Contains(hint(err), c.hint) {
			t.Errorf("hint %q, want %q", hint(err), c.hint)
		}
		nothing(t, o.Dir)
	}
}

func TestAnInterruptedInstallByGoLeavesNothing(t *testing.T) {
	t.Parallel()
	p := helmProxy(t)
	p.hangs = true
	o := p.order(t)
	stopped, cancel := context.WithCancel(ctx)
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := toolchain.Install(stopped, o); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	nothing(t, o.Dir)
}
