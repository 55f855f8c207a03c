//go:build parity

package helm_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	chart3 "helm.sh/helm/v3/pkg/chartutil"
	chart4 "helm.sh/helm/v4/pkg/chart/common"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/source"
)

// The helm binaries compared with, and the folders of charts.
const (
	oldHelm3  = "3.16.3"
	newHelm3  = helm.Version3
	newHelm4  = helm.Version4
	chartsDir = "../../testdata/charts"
	modelsDir = "../../testdata/models"
)

// chartCase is one render of a chart; testdata/charts/cases.yaml says what the fields mean.
type chartCase struct {
	Name, Release, Namespace, Kube string
	APIs                           []string `yaml:"apis"`
	Values                         []yaml.Node
	Files                          map[string]string
	SetJSON                        []string `yaml:"setJSON"`
	Set                            []string
	SetString                      []string `yaml:"setString"`
	SetFile                        []string `yaml:"setFile"`
	SkipCRDs                       bool     `yaml:"skipCRDs"`
	SkipTests                      bool     `yaml:"skipTests"`
	SkipHooks                      bool     `yaml:"skipHooks"`
	Random, Departs                bool
	Differs                        []string
	Refuses                        map[string]string
	Says, Why                      string
	chart, dir                     string // paths: of the chart, and of the folder with the values files
	model                          bool   // a chart of the mirror; the versions are not compared with each other
	valueFiles                     []string
}

// result is what a binary or an engine gave for a case.
type result struct {
	set  render.Set
	err  error
	took time.Duration
}

// tally counts what the report at the end says.
type tally struct {
	sync.Mutex
	charts, cases, renders, objects, refused, differ, depart int
	engines, binaries                                        time.Duration
}

func (n *tally) add(departs bool, ours, theirs result) {
	n.Lock()
	defer n.Unlock()
	n.renders++
	n.objects += len(theirs.set.Objects)
	if departs {
		n.depart++
	}
	if theirs.err != nil {
		n.refused++
	}
	n.engines += ours.took
	n.binaries += theirs.took
}

func TestParityWithTheHelmBinaries(t *testing.T) {
	bins := binaries(t, "helm-"+oldHelm3, "helm-"+newHelm3, "helm-"+newHelm4)
	cases := readCases(t)
	n := &tally{charts: len(cases)}
	t.Run("charts", func(t *testing.T) {
		for _, chart := range slices.Sorted(maps.Keys(cases)) {
			for _, c := range cases[chart] {
				n.cases++
				t.Run(chart+"/"+c.Name, func(t *testing.T) {
					t.Parallel()
					c.compare(t, bins, n)
				})
			}
		}
	})
	t.Logf("%d charts, %d cases, %d renders of %d objects compared, %d of them refused by the binary; %d pairs of versions differ and %d renders depart from the binary, as declared",
		n.charts, n.cases, n.renders, n.objects, n.refused, n.differ, n.depart)
	if n.renders > 0 {
		t.Logf("wall time per render: linked %v, binary %v", n.engines/time.Duration(n.renders), n.binaries/time.Duration(n.renders))
	}
}

// compare holds the linked engines to the binaries of their versions, and the versions to what the case declares.
func (c chartCase) compare(t *testing.T, bins map[string]string, n *tally) {
	c.write(t)
	bin3, bin4 := c.runBinary(t, bins["helm-"+newHelm3]), c.runBinary(t, bins["helm-"+newHelm4])
	our3 := c.runEngine(t, helm.Template3, chart3.DefaultVersionSet)
	our4 := c.runEngine(t, helm.Template4, chart4.DefaultVersionSet)

	for version, pair := range map[string][2]result{newHelm3: {our3, bin3}, newHelm4: {our4, bin4}} {
		n.add(c.Departs, pair[0], pair[1])
		if d := c.difference(pair[0], pair[1], true); (d == "") == c.Departs {
			t.Errorf("helm %s, linked (-) and binary (+), where the case says departs: %t:\n%s", version, c.Departs, d)
		}
	}
	c.checkRefusal(t, "the binary of helm "+newHelm3, newHelm3, bin3)
	c.checkRefusal(t, "the binary of helm "+newHelm4, newHelm4, bin4)
	var old result
	if !c.model {
		old = c.runBinary(t, bins["helm-"+oldHelm3])
		c.checkRefusal(t, "the binary of helm "+oldHelm3, oldHelm3, old)
	}
	if c.Departs {
		c.Refuses = nil
		if c.Says != "" {
			c.Refuses = map[string]string{newHelm3: c.Says, newHelm4: c.Says}
		}
	}
	c.checkRefusal(t, "the linked helm "+newHelm3, newHelm3, our3)
	c.checkRefusal(t, "the linked helm "+newHelm4, newHelm4, our4)
	if !c.model {
		c.checkDeclared(t, n, oldHelm3, old, our3)
		c.checkDeclared(t, n, newHelm4, our4, our3)
	}
}

// checkRefusal asks for the declared error where there is one, and for none elsewhere.
func (c chartCase) checkRefusal(t *testing.T, who, version string, r result) {
	t.Helper()
	want, declared := c.Refuses[version]
	switch {
	case !declared && r.err != nil:
		t.Errorf("%s refuses: %v", who, r.err)
	case declared && r.err == nil:
		t.Errorf("%s renders %d objects; the case says that it refuses with %q", who, len(r.set.Objects), want)
	case declared && !strings.Contains(r.err.Error(), want):
		t.Errorf("%s refuses with %v; the case says %q", who, r.err, want)
	}
}

// checkDeclared asks that r differs from the linked Helm 3 exactly where the case says so.
func (c chartCase) checkDeclared(t *testing.T, n *tally, version string, r, ours result) {
	t.Helper()
	if r.err != nil || ours.err != nil {
		return
	}
	d := c.difference(ours, r, false)
	declared := slices.Contains(c.Differs, version)
	switch {
	case declared && d == "":
		t.Errorf("helm %s gives the same as %s; the case says that they differ (%s)", version, newHelm3, c.Why)
	case !declared && d != "":
		t.Errorf("helm %s (+) and %s (-) differ, which the case does not say:\n%s", version, newHelm3, d)
	case declared:
		n.Lock()
		n.differ++
		n.Unlock()
	}
}

// difference compares two results object by object in order; it is empty where they are equal. Template names count
// only where one version is compared with itself: Helm 3 puts some of its "# Source:" lines in a document of their own.
func (c chartCase) difference(a, b result, templates bool) string {
	if (a.err == nil) != (b.err == nil) {
		return fmt.Sprintf("-%v\n+%v", a.err, b.err)
	}
	type object struct {
		Key        render.Key
		APIVersion string
		Template   string
		Tree       map[string]any
	}
	plain := func(s render.Set) []object {
		list := make([]object, 0, len(s.Objects))
		for _, o := range s.Objects {
			if c.Random {
				o.Tree = nil
			}
			if !templates {
				o.Provenance.Template = ""
			}
			list = append(list, object{o.Key, o.APIVersion, o.Provenance.Template, o.Tree})
		}
		return list
	}
	return cmp.Diff(plain(a.set), plain(b.set))
}

// write puts the values files and the files for setFile into a folder of their own.
func (c *chartCase) write(t *testing.T) {
	t.Helper()
	c.dir = t.TempDir()
	files := maps.Clone(c.Files)
	if files == nil {
		files = map[string]string{}
	}
	for i, values := range c.Values {
		text, err := yaml.Marshal(&values)
		if err != nil {
			t.Fatal(err)
		}
		c.valueFiles = append(c.valueFiles, fmt.Sprintf("values-%d.yaml", i))
		files[c.valueFiles[i]] = string(text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (c chartCase) runEngine(t *testing.T, engine func(context.Context, render.Release) (render.Output, error), builtin []string) result {
	t.Helper()
	apis := slices.Concat(builtin, c.APIs) // the binary adds its own list, in this order
	start := time.Now()
	charts := &source.Reader{Dir: filepath.Dir(c.chart), Offline: true}
	tree, err := charts.Fetch(t.Context(), render.Source{Kind: render.KindHelm, Path: filepath.Base(c.chart)})
	if err != nil {
		return result{err: err, took: time.Since(start)}
	}
	out, err := engine(t.Context(), render.Release{
		Name: c.Release, Namespace: c.Namespace, Chart: tree, Dir: os.DirFS(c.dir),
		Values: render.Values{
			Files: c.valueFiles, SetJSON: c.SetJSON, Set: c.Set, SetString: c.SetString, SetFile: c.SetFile,
		},
		Capabilities: render.Capabilities{KubeVersion: c.Kube, APIVersions: apis},
		SkipCRDs:     c.SkipCRDs, SkipTests: c.SkipTests, SkipHooks: c.SkipHooks,
	})
	return parsed(t, out.YAML, err, time.Since(start))
}

func (c chartCase) runBinary(t *testing.T, binary string) result {
	t.Helper()
	chart, err := filepath.Abs(c.chart)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"template", c.Release, chart, "--namespace", c.Namespace, "--kube-version", c.Kube}
	for flag, on := range map[string]bool{"--include-crds": !c.SkipCRDs, "--skip-tests": c.SkipTests, "--no-hooks": c.SkipHooks} {
		if on {
			args = append(args, flag)
		}
	}
	for flag, list := range map[string][]string{
		"--api-versions": c.APIs, "--values": c.valueFiles,
		"--set-json": c.SetJSON, "--set": c.Set, "--set-string": c.SetString, "--set-file": c.SetFile,
	} {
		for _, arg := range list {
			args = append(args, flag, arg)
		}
	}
	start := time.Now()
	text, err := run(t, c.dir, binary, args...)
	return parsed(t, text, err, time.Since(start))
}

func parsed(t *testing.T, text []byte, err error, took time.Duration) result {
	t.Helper()
	if err != nil {
		return result{err: err, took: took}
	}
	set, err := render.Parse("render", text)
	if err != nil {
		t.Fatalf("the output does not parse: %v\n%s", err, text)
	}
	return result{set: set, took: took}
}

// run gives the standard output of a binary that sees nothing of this machine's settings.
func run(t *testing.T, dir, binary string, args ...string) ([]byte, error) {
	t.Helper()
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home,
		"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home, "KUBECONFIG=" + home + "/none",
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return stdout.Bytes(), nil
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
		path, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("looking for a binary to compare with: %v", err)
		}
		paths[name] = path
	}
	return paths
}

// readCases gives the cases of every chart; a chart without an entry in the table has one.
func readCases(t *testing.T) map[string][]chartCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartsDir, "cases.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]chartCase{}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&cases); err != nil {
		t.Fatalf("reading cases.yaml: %v", err)
	}
	all := map[string][]chartCase{}
	for _, chart := range append(chartsBelow(t, chartsDir), chartsBelow(t, modelsDir)...) {
		name, _ := filepath.Rel(chartsDir, chart)
		list := cases[name]
		delete(cases, name)
		if list == nil {
			list = []chartCase{{Name: "chart alone"}}
		}
		for i := range list {
			list[i].chart = chart
			list[i].model = strings.HasPrefix(name, "..")
			list[i].defaults()
		}
		all[strings.TrimPrefix(name, "../")] = list
	}
	for chart := range cases {
		t.Fatalf("cases.yaml has cases of a chart that is not there: %s", chart)
	}
	return all
}

// chartsBelow lists the charts of a folder, without the charts inside them.
func chartsBelow(t *testing.T, dir string) []string {
	t.Helper()
	var charts []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "Chart.yaml")); err == nil {
			charts = append(charts, path)
			return fs.SkipDir
		}
		return nil
	})
	if err != nil || len(charts) == 0 {
		t.Fatalf("looking for charts in %s: %d found, %v", dir, len(charts), err)
	}
	return charts
}

func (c *chartCase) defaults() {
	for field, value := range map[*string]string{&c.Release: "demo", &c.Namespace: "apps", &c.Kube: "1.33.4"} {
		if *field == "" {
			*field = value
		}
	}
}
