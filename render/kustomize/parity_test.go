//go:build parity

package kustomize_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	chart3 "helm.sh/helm/v3/pkg/chartutil"
	chart4 "helm.sh/helm/v4/pkg/chart/common"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/source"
)

// The folder of kustomizations, the reference stack with more of them, and the mirror of the charts it names.
const (
	casesDir  = "../../testdata/kustomize"
	appsDir   = "../../stacks/three-layer/apps"
	mirrorDir = "../../testdata/mirror"
)

// buildCase is one build of a kustomization; testdata/kustomize/cases.yaml says what the fields mean.
type buildCase struct {
	Name, Path, Kube   string
	APIs               []string `yaml:"apis"`
	Differs, Departs   bool
	Refuses, Says, Why string
	Older              map[string]string
	folder             string
}

// tools are the two sides of a build with one helm.
type tools struct {
	version  string // of helm
	template func(context.Context, render.Release) (render.Output, error)
	builtin  []string // the APIs that the helm binary adds to those given
}

// result is what a binary or an engine gave for a case.
type result struct {
	set render.Set
	err error
}

// bench is what all cases share, and what the report at the end counts.
type bench struct {
	binaries map[string]string
	urls     *strings.Replacer // from the repositories written in kustomizations to the test's own

	sync.Mutex
	folders, cases, builds, objects, refused, differ, depart int
	engines, processes                                       time.Duration
}

func TestParityWithTheKustomizeBinary(t *testing.T) {
	b := &bench{
		binaries: binaries(t, "kustomize-"+kustomize.Version, "helm-"+helm.Version3, "helm-"+helm.Version4),
		urls:     serveCharts(t, filepath.Join(casesDir, "charts")),
	}
	cases := readCases(t)
	b.folders = len(cases)
	t.Run("build", func(t *testing.T) {
		for _, folder := range slices.Sorted(maps.Keys(cases)) {
			for _, c := range cases[folder] {
				b.cases++
				b.differ += count(c.Differs)
				b.depart += count(c.Departs)
				t.Run(folder+"/"+c.Name, func(t *testing.T) {
					t.Parallel()
					c.compare(t, b)
				})
			}
		}
	})
	t.Logf("%d folders, %d cases, %d builds of %d objects compared, %d of them refused by the binary; %d cases differ with the other helm and %d depart from the binary, as declared",
		b.folders, b.cases, b.builds, b.objects, b.refused, b.differ, b.depart)
	builds := time.Duration(max(b.builds, 1))
	t.Logf("wall time per build: linked %v, binary %v", b.engines/builds, b.processes/builds)
}

// compare builds the case on both sides with each helm.
func (c buildCase) compare(t *testing.T, b *bench) {
	var ours []result
	for _, with := range []tools{
		{helm.Version3, helm.Template3, chart3.DefaultVersionSet},
		{helm.Version4, helm.Template4, chart4.DefaultVersionSet},
	} {
		start := time.Now()
		our := c.runEngine(t, b, with)
		middle := time.Now()
		bin := c.runBinary(t, b, with)
		b.add(bin, middle.Sub(start), time.Since(middle))
		ours = append(ours, our)
		c.checkRefusal(t, with.version, our, bin)
		d := difference(our, bin)
		switch {
		case c.Departs && d == "":
			t.Errorf("with helm %s both sides give the same; the case says that ours departs (%s)", with.version, c.Why)
		case !c.Departs && d != "":
			t.Errorf("with helm %s, linked (-) and binary (+):\n%s", with.version, d)
		}
	}
	d := difference(ours[0], ours[1])
	switch {
	case c.Differs && d == "":
		t.Errorf("helm %s gives the same as %s; the case says that they differ (%s)", helm.Version4, helm.Version3, c.Why)
	case !c.Differs && d != "":
		t.Errorf("helm %s (+) and %s (-) differ, which the case does not say:\n%s", helm.Version4, helm.Version3, d)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (b *bench) add(bin result, engine, process time.Duration) {
	b.Lock()
	defer b.Unlock()
	b.builds++
	b.objects += len(bin.set.Objects)
	if bin.err != nil {
		b.refused++
	}
	b.engines += engine
	b.processes += process
}

// checkRefusal asks each side for the declared error where there is one, and for none elsewhere.
func (c buildCase) checkRefusal(t *testing.T, version string, our, bin result) {
	t.Helper()
	says := c.Says
	if says == "" {
		says = c.Refuses
	}
	for _, side := range []struct {
		who, want string
		result
	}{{"the binary", c.Refuses, bin}, {"the linked kustomize", says, our}} {
		switch {
		case side.want == "" && side.err != nil:
			t.Errorf("%s with helm %s refuses: %v", side.who, version, side.err)
		case side.want != "" && side.err == nil:
			t.Errorf("%s with helm %s builds %d objects; the case says that it refuses with %q", side.who, version, len(side.set.Objects), side.want)
		case side.want != "" && !strings.Contains(side.err.Error(), side.want):
			t.Errorf("%s with helm %s refuses with %v; the case says %q", side.who, version, side.err, side.want)
		}
	}
}

// difference compares two results object by object in order; it is empty where they are equal.
func difference(a, b result) string {
	if (a.err == nil) != (b.err == nil) {
		return fmt.Sprintf("-%v\n+%v", a.err, b.err)
	}
	type object struct {
		Key  render.Key
		Tree map[string]any
	}
	plain := func(s render.Set) []object {
		list := make([]object, 0, len(s.Objects))
		for _, o := range s.Objects {
			list = append(list, object{o.Key, o.Tree})
		}
		return list
	}
	return gocmp.Diff(plain(a.set), plain(b.set))
}

func (c buildCase) runEngine(t *testing.T, b *bench, with tools) result {
	t.Helper()
	dir := copyCase(t, c.folder, b.urls)
	charts := &source.Reader{Dir: dir}
	engine := kustomize.Engine{
		Fetch: charts.Fetch,
		Template: func(ctx context.Context, r render.Release) (render.Output, error) {
			r.Capabilities.APIVersions = slices.Concat(with.builtin, r.Capabilities.APIVersions)
			return with.template(ctx, r)
		},
	}
	out, err := engine.Build(t.Context(), render.Build{
		Dir: rooted(t, dir), Path: c.Path, Capabilities: render.Capabilities{KubeVersion: c.Kube, APIVersions: c.APIs},
	})
	return parsed(t, out.YAML, err)
}

func (c buildCase) runBinary(t *testing.T, b *bench, with tools) result {
	t.Helper()
	dir, home := copyCase(t, c.folder, b.urls), t.TempDir()
	args := []string{
		"build", "--enable-helm", "--helm-command", b.binaries["helm-"+with.version], "--helm-kube-version", c.Kube,
	}
	if len(c.APIs) > 0 {
		args = append(args, "--helm-api-versions", strings.Join(c.APIs, ","))
	}
	cmd := exec.CommandContext(t.Context(), b.binaries["kustomize-"+kustomize.Version], append(args, c.Path)...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "XDG_CACHE_HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return parsed(t, stdout.Bytes(), err)
}

func parsed(t *testing.T, text []byte, err error) result {
	t.Helper()
	if err != nil {
		return result{err: err}
	}
	set, err := render.Parse("build", text)
	if err != nil {
		t.Fatalf("the output does not parse: %v\n%s", err, text)
	}
	return result{set: set}
}

// binaries gives the paths of the named binaries, all of which have to be there.
func binaries(t *testing.T, names ...string) map[string]string {
	t.Helper()
	dir := os.Getenv("SLUICE_PARITY_BIN")
	if dir == "" {
		t.Fatal("SLUICE_PARITY_BIN does not name the folder of binaries; `make parity` builds them and sets it")
	}
	paths := map[string]string{}
	for _, name := range names {
		file, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); err != nil {
			t.Fatalf("looking for a binary to compare with: %v", err)
		}
		paths[name] = file
	}
	return paths
}

// readCases gives the cases of every folder; a folder without an entry in the table has one.
func readCases(t *testing.T) map[string][]buildCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(casesDir, "cases.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]buildCase{}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&cases); err != nil {
		t.Fatalf("reading cases.yaml: %v", err)
	}
	folders, err1 := filepath.Glob(filepath.Join(casesDir, "*", "*"))
	apps, err2 := filepath.Glob(filepath.Join(appsDir, "*", "kustomization.yaml"))
	if err := errors.Join(err1, err2); err != nil || len(apps) == 0 {
		t.Fatalf("looking for kustomizations: %d of the reference stack, %v", len(apps), err)
	}
	all := map[string][]buildCase{}
	for _, file := range append(folders, apps...) {
		folder := filepath.Dir(file)
		name := filepath.Base(folder)
		if name == "charts" || all[name] != nil {
			continue
		}
		list := cases[name]
		delete(cases, name)
		if list == nil {
			list = []buildCase{{Name: "folder"}}
		}
		for i := range list {
			list[i].folder = folder
			list[i].Path = cmp.Or(list[i].Path, ".")
			list[i].Kube = cmp.Or(list[i].Kube, "1.33.4")
		}
		all[name] = list
	}
	for folder := range cases {
		t.Fatalf("cases.yaml has cases of a folder that is not there: %s", folder)
	}
	return all
}

// copyCase copies a folder, with the addresses of the test's repositories in the place of those written there.
func copyCase(t *testing.T, from string, urls *strings.Replacer) string {
	t.Helper()
	to := t.TempDir()
	eachFile(t, from, func(name string, text []byte) {
		file := filepath.Join(to, filepath.FromSlash(name))
		content := []byte(urls.Replace(string(text)))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	})
	return to
}

func eachFile(t *testing.T, dir string, visit func(name string, text []byte)) {
	t.Helper()
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		if err == nil {
			visit(name, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// serveCharts packs the charts of a folder, each in a directory NAME-VERSION, and serves them as a repository, with the
// mirror below it. It gives the addresses to use for those that kustomizations name.
func serveCharts(t *testing.T, dir string) *strings.Replacer {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	archives := map[string][]byte{}
	index := "apiVersion: v1\nentries:\n"
	for _, e := range slices.Backward(entries) { // the newest first, as in an index that helm wrote
		name, version, _ := strings.Cut(e.Name(), "-")
		archive := pack(t, filepath.Join(dir, e.Name()), name)
		archives["/"+e.Name()+".tgz"] = archive
		if !strings.Contains(index, "  "+name+":\n") {
			index += "  " + name + ":\n"
		}
		index += fmt.Sprintf("  - {apiVersion: v2, name: %s, version: %s, digest: %x, urls: [%s.tgz]}\n", name, version, sha256.Sum256(archive), e.Name())
	}
	archives["/index.yaml"] = []byte(index)
	mirror := http.FileServer(http.Dir(mirrorDir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if content, ok := archives[r.URL.Path]; ok {
			_, _ = w.Write(content) // a reader that went away is its own loss
			return
		}
		mirror.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	hosts, err := os.ReadDir(mirrorDir)
	if err != nil {
		t.Fatal(err)
	}
	pairs := []string{"https://charts.example.com/stable", server.URL}
	for _, host := range hosts {
		pairs = append(pairs, "repo: https://"+host.Name(), "repo: "+server.URL+"/"+host.Name())
	}
	return strings.NewReplacer(pairs...)
}

// pack makes a chart archive with the files below one top folder, without times.
func pack(t *testing.T, dir, top string) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	packed := tar.NewWriter(zipped)
	eachFile(t, dir, func(name string, text []byte) {
		err := packed.WriteHeader(&tar.Header{Name: path.Join(top, name), Mode: 0o644, Size: int64(len(text))})
		if err == nil {
			_, err = packed.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if err := errors.Join(packed.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
