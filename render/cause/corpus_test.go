package cause_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/render/cause"
	"sluice/render/helm"
)

// folder reads a chart of testdata as files below "app/".
func folder(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		b.WriteString("-- app/" + filepath.ToSlash(rel) + " --\n" + string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The charts that the helm conformance suite has for the same causes, where the real binaries differ too.
func TestCorpus(t *testing.T) {
	kube := func(c render.Toolchain, version string) render.Toolchain {
		c.Capabilities.KubeVersion = version
		return c
	}
	four := func(c render.Toolchain) render.Toolchain {
		c.Helm = helm.Version4
		return c
	}
	monitors := []string{"monitoring.example.com/v1", "monitoring.example.com/v1/Monitor"}
	for _, c := range []struct {
		chart       string
		full, short render.Toolchain
		want        []string
	}{
		{"alias-nested", four(chain("cluster")), chain("cluster"), []string{
			"ConfigMap/-nested.charts.right.charts.up.templates.up is missing because helm 4.3.1 renders it and helm 3.22.0 does not: Chart.yaml uses pair under 2 aliases [H5]",
			"ConfigMap/ested.charts.right.charts.down.templates.down is missing because helm 4.3.1 renders it and helm 3.22.0 does not: Chart.yaml uses pair under 2 aliases [H5]",
		}},
		{"codecs-must", four(chain("cluster")), chain("cluster"), []string{
			"ConfigMap/must is missing because helm 4.3.1 renders its app and helm 3.22.0 fails [H8]",
		}},
		{"gate-api", chain("cluster", monitors...), chain("groups", monitors[0]), []string{
			"Monitor/by-kind is missing because templates/monitor.yaml:8 asks for monitoring.example.com/v1/Monitor and profile groups does not offer it [H3 M4]",
		}},
		{"gate-suffix", kube(chain("cluster"), "1.31.2-gke.100"), four(kube(chain("cluster"), "1.31.2-gke.100")), []string{
			"Database/main is missing because helm 3.22.0 renders it and helm 4.3.1 does not: " +
				"templates/database.yaml:1 asks for Kubernetes >=1.31.0, and the version is 1.31.2-gke.100 [H6]",
		}},
		{"gate-version", kube(chain("plugin"), "1.20.0"), chain("cluster"), []string{
			"PodSecurityPolicy/web is missing because templates/psp.yaml:1 asks for Kubernetes <1.25-0 and it is 1.33.4, not 1.20.0 [H1 M4]",
		}},
		{"kube-constraint", chain("cluster"), kube(chain("plugin"), "1.20.0"), []string{
			"ConfigMap/accepted is missing because Chart.yaml:5 refuses Kubernetes 1.20.0 and takes 1.33.4 [M4]",
		}},
		{"null-parent", four(chain("cluster")), chain("cluster"), []string{
			"PersistentVolumeClaim/store is missing because helm 4.3.1 renders it and helm 3.22.0 does not: " +
				"values.yaml:2 sets store.persistence to null, and charts/store/templates/objects.yaml:1 asks for .Values.persistence [H4 M3]",
			"Database/main is missing because helm 4.3.1 renders it and helm 3.22.0 does not: " +
				"values.yaml:4 sets store.database.name to null, and charts/store/templates/objects.yaml:8 asks for .Values.database.name [H4 M3]",
		}},
		{"hooks", four(chain("cluster")), chain("cluster"), nil},
	} {
		t.Run(c.chart, func(t *testing.T) {
			w := newWorld(t, folder(t, "../../testdata/charts/"+c.chart))
			want(t, explain(t, w, w.side(webApp(), c.full), w.side(webApp(), c.short)), c.want...)
		})
	}
}

// packed makes an archive of a chart of the world, as a file of the umbrella.
func (w *world) packed(dir, name, to string) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, f := range w.files {
		if rest, ok := strings.CutPrefix(f.Path, dir+"/"); ok {
			_ = archive.WriteHeader(&tar.Header{Name: path.Join(name, rest), Mode: 0o644, Size: int64(len(f.Data)), Typeflag: tar.TypeReg})
			_, _ = archive.Write(f.Data)
		}
	}
	_ = archive.Close()
	_ = zipped.Close()
	w.files = append(w.files, render.File{Path: to, Data: out.Bytes()})
}

// An umbrella as the reader of sources gives it: its dependencies are archives.
func TestPackedSubchart(t *testing.T) {
	w := newWorld(t, "-- app/Chart.yaml --\napiVersion: v2\nname: top\nversion: 1.0.0\ndependencies: [{name: netbox, version: 1.0.0, alias: box}]\n"+
		strings.ReplaceAll(site, "-- app/", "-- sub/"))
	w.packed("sub", "netbox", "app/charts/netbox-1.0.0.tgz")
	app := webApp()
	app.Sources[0].Kind = render.KindUmbrella
	want(t, explain(t, w, w.side(app, chain("cluster", mariaKind()...)), w.side(app, chain("plugin"))),
		"Database/netbox is missing because charts/box/templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]")
}

// inflated is a kustomization that inflates the chart of the repository.
func inflated(chart, fields string) string {
	return strings.ReplaceAll(chart, "-- app/", "-- charts/netbox-1.0.0/") +
		"-- charts/netbox-1.0.0/values.yaml --\n{}\n-- app/kustomization.yaml --\nnamespace: apps\nhelmCharts:\n- name: netbox\n  repo: https://charts.example.com\n  version: 1.0.0\n  releaseName: netbox\n" + fields
}

func kustomized() render.App {
	return render.App{Name: "web", Namespace: "apps", Sources: []render.Source{{Kind: render.KindKustomize, Path: "app"}}}
}

func TestKustomize(t *testing.T) {
	full := chain("cluster", mariaKind()...)
	w := newWorld(t, inflated(site, "  includeCRDs: true\n"))
	live := w.side(kustomized(), full)
	want(t, explain(t, w, live, w.side(kustomized(), chain("plugin"))),
		"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [K8 M4]")

	for fields, text := range map[string][]string{
		"": {"CustomResourceDefinition/sites.example.com is missing because its chart has it in crds/, and what differs leaves that directory out: app/kustomization.yaml [H12]"},
		"  includeCRDs: true\n  skipTests: true\n": {"Pod/test is missing because it is a hook, and what differs leaves it out: app/kustomization.yaml [H13]"},
	} {
		less := newWorld(t, inflated(site, fields))
		short := less.side(kustomized(), full)
		causes, err := cause.Explain(t.Context(), live, short, lost(live, short))
		if err != nil {
			t.Fatal(err)
		}
		want(t, causes, text...)
	}
}

// An older kustomize cannot be linked beside the newer one. Its known behaviour stands in for it: up to 5.7.1 it puts its
// namespace on every object of a chart (K1), before 5.5.0 it drops kinds that end in List (K3).
func TestOlderKustomize(t *testing.T) {
	w := newWorld(t, inflated(chartFile+"-- app/templates/a.yaml --\napiVersion: example.com/v1\nkind: Database\nmetadata: {name: main, namespace: databases}\n---\n"+
		"apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: allow}\n", ""))
	newer, older := chain("cluster"), chain("cluster")
	older.Kustomize = "5.4.3"
	full := w.side(kustomized(), newer)
	short := full
	short.Toolchain = older
	short.Render = func(ctx context.Context, app render.App, chain render.Toolchain) (render.Result, error) {
		result, err := w.render(ctx, app, chain)
		if chain.Kustomize == "5.4.3" {
			result.Set.Objects = slices.DeleteFunc(slices.Clone(result.Set.Objects), func(o render.Object) bool { return o.Key.Kind == "AllowList" })
			for i, o := range result.Set.Objects {
				result.Set.Objects[i].Key.Namespace = "apps"
				result.Set.Objects[i].Tree = map[string]any{"metadata": map[string]any{"name": o.Key.Name, "namespace": "apps"}}
			}
		}
		return result, err
	}
	var err error
	if short.Result, err = short.Render(t.Context(), short.App, older); err != nil {
		t.Fatal(err)
	}
	allow := slices.DeleteFunc(lost(full, short), func(c render.Change) bool { return c.Key.Kind != "AllowList" })
	causes, err := cause.Explain(t.Context(), full, short, append(turn("moved", full, short)[:1], allow...))
	if err != nil {
		t.Fatal(err)
	}
	var moved cause.Cause
	for _, c := range causes {
		switch {
		case c.Object.Kind == "Database":
			moved = c
		case !strings.HasPrefix(c.Text, "AllowList/allow is missing because kustomize 5.8.1 builds it and kustomize 5.4.3 does not") || c.Catalogue[0] != "K3":
			t.Errorf("got %s %v", c.Text, c.Catalogue)
		}
	}
	if !strings.HasPrefix(moved.Text, "Database/main moves from namespace databases to namespace apps because kustomize 5.4.3 puts it into another namespace than 5.8.1") || moved.Catalogue[0] != "K1" {
		t.Errorf("got %s %v", moved.Text, moved.Catalogue)
	}
	if !slices.Contains(moved.Sources, "kustomize #6014") {
		t.Errorf("sources %v", moved.Sources)
	}
}

// The ids of the catalogue are those that sentences use, each once, with where it is described.
func TestCatalogue(t *testing.T) {
	seen := map[string]int{}
	for _, e := range cause.Catalogue() {
		seen[e.ID[:1]]++
		if seen[e.ID]++; seen[e.ID] > 1 || e.Cause == "" || len(e.Sources) == 0 || len(e.Versions) > 0 && e.Engine == "" {
			t.Errorf("entry %+v", e)
		}
	}
	for letter, n := range map[string]int{"M": 6, "H": 21, "K": 13, "A": 11} {
		if seen[letter] != n {
			t.Errorf("%d entries %s, want %d", seen[letter], letter, n)
		}
	}
}

// A patch that replaces all annotations takes away what is known of where an object came from: its template is then the
// one that has such a document.
func TestObjectsWithoutTemplate(t *testing.T) {
	w := newWorld(t, folder(t, "../../testdata/models/charts.netbox.oss.netboxlabs.com/netbox"))
	app := webApp()
	app.Sources[0].Values.Inline = map[string]any{"operatorDatabase": map[string]any{"enabled": true, "namespace": "databases"}}
	full, short := w.side(app, chain("cluster", mariaKind()...)), w.side(app, chain("plugin"))
	for i := range full.Result.Set.Objects {
		full.Result.Set.Objects[i].Provenance = render.Provenance{}
	}
	const because = "/netbox is missing because templates/database.yaml:2 asks for k8s.mariadb.com/v1alpha1/Database and profile plugin does not offer it [M4]"
	want(t, explain(t, w, full, short), "Database"+because, "Grant"+because, "User"+because)
}
