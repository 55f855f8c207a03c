//go:build parity

package kustomize_test

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	chart3 "helm.sh/helm/v3/pkg/chartutil"
	chart4 "helm.sh/helm/v4/pkg/chart/common"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/source"
)

// external is one toolchain of two binaries.
type external struct {
	kustomize string
	tools
}

func externals() []external {
	helm3 := tools{helm.Version3, helm.Template3, chart3.DefaultVersionSet}
	helm4 := tools{helm.Version4, helm.Template4, chart4.DefaultVersionSet}
	return []external{{kustomize.Version, helm3}, {kustomize.Version, helm4}, {"5.7.1", helm3}, {"5.4.3", helm3}}
}

// TestParityOfExternalEngines builds every case with the linked kustomize and with binaries.
func TestParityOfExternalEngines(t *testing.T) {
	b := &bench{
		binaries: binaries(t, "kustomize-5.8.1", "kustomize-5.7.1", "kustomize-5.4.3", "helm-"+helm.Version3, "helm-"+helm.Version4),
		urls:     serveCharts(t, filepath.Join(casesDir, "charts")),
	}
	var lock sync.Mutex
	linked, outside := map[string]time.Duration{}, map[string]time.Duration{}
	builds := map[string]int{}
	cases := readCases(t)
	t.Run("build", func(t *testing.T) {
		for _, folder := range slices.Sorted(maps.Keys(cases)) {
			for _, c := range cases[folder] {
				t.Run(folder+"/"+c.Name, func(t *testing.T) {
					for _, with := range externals() {
						name := with.kustomize + " and helm " + with.version
						start := time.Now()
						our := c.runEngine(t, b, with.tools)
						middle := time.Now()
						got, out := c.runExternal(t, b, with)
						end := time.Now()
						lock.Lock()
						linked[name] += middle.Sub(start)
						outside[name] += end.Sub(middle)
						builds[name]++
						lock.Unlock()
						c.judge(t, with, our, got, out)
					}
				})
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(builds)) {
		n := time.Duration(builds[name])
		t.Logf("%s: %d builds, linked %v, external %v each, %.1f times", name, n, linked[name]/n, outside[name]/n, float64(outside[name])/float64(linked[name]))
	}
}

// judge compares an external build with the linked one.
func (c buildCase) judge(t *testing.T, with external, our, got result, out render.Output) {
	t.Helper()
	d, older := difference(our, got), c.Older[with.kustomize]
	switch {
	case older == "" && d != "":
		t.Errorf("linked (-) and kustomize %s with helm %s (+):\n%s", with.kustomize, with.version, d)
	case older != "" && d == "":
		t.Errorf("kustomize %s gives the same as the linked one; the case says that it differs (%s)", with.kustomize, older)
	}
	if our.err != nil || got.err != nil {
		return
	}
	have := map[string]bool{}
	for _, o := range got.set.Objects {
		have[o.Key.Kind+" "+o.Key.Name] = true
	}
	for _, o := range our.set.Objects {
		if !have[o.Key.Kind+" "+o.Key.Name] && !strings.Contains(strings.Join(out.Unchecked, "\n"), o.Key.String()+" is left out") {
			t.Errorf("nobody says that kustomize %s leaves out %s: %q", with.kustomize, o.Key, out.Unchecked)
		}
	}
	if with.kustomize == kustomize.Version {
		for i, o := range got.set.Objects {
			if want := our.set.Objects[i].Provenance.Template; o.Provenance.Template != want {
				t.Errorf("%s: template %q, linked %q", o.Key, o.Provenance.Template, want)
			}
		}
	}
	for _, note := range out.Unchecked {
		if strings.Contains(note, "is whole") || strings.Contains(note, "every field") {
			t.Errorf("with kustomize %s nothing was compared: %s", with.kustomize, note)
		}
	}
}

func (c buildCase) runExternal(t *testing.T, b *bench, with external) (result, render.Output) {
	t.Helper()
	dir, temp := copyCase(t, c.folder, b.urls), t.TempDir()
	charts := &source.Reader{Dir: dir}
	e := kustomize.External{
		Fetch: charts.Fetch,
		Template: func(ctx context.Context, r render.Release) (render.Output, error) {
			r.Capabilities.APIVersions = slices.Concat(with.builtin, r.Capabilities.APIVersions)
			return with.template(ctx, r)
		},
		Kustomize: b.binaries["kustomize-"+with.kustomize], Version: with.kustomize,
		Helm: b.binaries["helm-"+with.version], HelmVersion: with.version, Temp: temp,
	}
	out, err := e.Build(t.Context(), render.Build{
		Dir: rooted(t, dir), Path: cmp.Or(c.Path, "."), Capabilities: render.Capabilities{KubeVersion: c.Kube, APIVersions: c.APIs},
	})
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("the private copy is still there: %v, %v", left, err)
	}
	if err != nil && strings.Contains(err.Error(), temp) {
		t.Errorf("an error names a path of this machine: %v", err)
	}
	return parsed(t, out.YAML, err), out
}
