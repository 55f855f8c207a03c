package cause_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/render/cause"
	"sluice/render/helm"
)

// site is a chart with an API gate, CRDs, hooks and tests.
const site = chartFile + `
-- app/crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sites.example.com}
-- app/templates/_name.tpl --
{{ define "labels" }}{helm.sh/chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}{{ end }}
-- app/templates/config.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: config, labels: {{ include "labels" . }}}
-- app/templates/database.yaml --
{{ if .Capabilities.APIVersions.Has "k8s.mariadb.com/v1alpha1" }}
apiVersion: k8s.mariadb.com/v1alpha1
kind: Database
metadata: {name: netbox, labels: {{ include "labels" . }}}
{{ end }}
-- app/templates/hook.yaml --
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim, annotations: {helm.sh/hook: pre-install}}
-- app/templates/secret.yaml --
apiVersion: v1
kind: Secret
metadata: {name: key, labels: {{ include "labels" . }}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
-- app/templates/test.yaml --
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
`

// siteObjects are what it renders to, in helm's order.
var siteObjects = []string{
	"CustomResourceDefinition.apiextensions.k8s.io sites.example.com", "Secret key", "ConfigMap config", "Service web",
	"Database.k8s.mariadb.com netbox", "PersistentVolumeClaim claim", "Pod test",
}

// output is a captured side with the objects of a render that keep lets through, as a file of them would be read.
func output(t *testing.T, of cause.Side, keep func(render.Object) bool) cause.Side {
	t.Helper()
	set := of.Result.Set
	set.Objects = slices.DeleteFunc(slices.Clone(set.Objects), func(o render.Object) bool { return !keep(o) })
	text, err := set.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := render.Parse("output.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return cause.Side{Captured: true, Result: render.Result{Set: read}}
}

// not leaves out objects by name.
func not(names ...string) func(render.Object) bool {
	return func(o render.Object) bool { return !slices.Contains(names, o.Key.Name) }
}

func TestCaptured(t *testing.T) {
	full := chain("cluster", mariaKind()...)
	four, plugin := full, chain("plugin")
	four.Helm = helm.Version4
	w := newWorld(t, site)
	live := w.side(webApp(), full)
	var keys []string
	for _, o := range live.Result.Set.Objects {
		keys = append(keys, o.Key.String())
	}
	if diff := cmp.Diff(siteObjects, keys); diff != "" {
		t.Fatalf("the chart (-want +got):\n%s", diff)
	}
	live.Others = []render.Toolchain{four, plugin}
	for _, c := range []struct {
		name    string
		short   cause.Side
		want    []string
		renders int
	}{
		{"profile", output(t, live, not("netbox")), []string{
			"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it " +
				"(the captured output looks like profile plugin, which has exactly its 6 objects) [M4]",
		}, 4},
		{"profile and crds", output(t, live, not("netbox", "sites.example.com")), []string{
			"CustomResourceDefinition/sites.example.com is missing because the captured output looks like profile plugin without crds/, which has exactly its 5 objects [H12]",
			"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it " +
				"(the captured output looks like profile plugin without crds/, which has exactly its 5 objects) [M4]",
		}, 4},
		{"crds", output(t, live, not("sites.example.com")), []string{
			"CustomResourceDefinition/sites.example.com is missing because the captured output looks like a render without crds/, which has exactly its 6 objects [H12]",
		}, 0},
		{"hooks", output(t, live, not("claim", "test")), []string{
			"PersistentVolumeClaim/claim is missing because the captured output looks like a render without hooks, which has exactly its 5 objects; one that is cut off would look the same [H13]",
			"Pod/test is missing because the captured output looks like a render without hooks, which has exactly its 5 objects; one that is cut off would look the same [H13]",
		}, 0},
		{"tests", output(t, live, not("test")), []string{
			"Pod/test is missing because the captured output looks like a render without tests, which has exactly its 6 objects; one that is cut off would look the same [H13]",
		}, 0},
		{"cut", output(t, live, not("web", "netbox", "claim", "test")), []string{
			"PersistentVolumeClaim/claim is missing because the captured output looks cut off: it has the first 3 objects of 7, in their order [A3 M5]",
			"Pod/test is missing because the captured output looks cut off: it has the first 3 objects of 7, in their order [A3 M5]",
			"Service/web is missing because the captured output looks cut off: it has the first 3 objects of 7, in their order [A3 M5]",
			"Database/netbox is missing because the captured output looks cut off: it has the first 3 objects of 7, in their order [A3 M5]",
		}, 2},
		{"empty", output(t, live, func(render.Object) bool { return false }), nil, 0},
		{"neither", output(t, live, not("config")), []string{
			"ConfigMap/config is missing, and the cause is not found: none of 17 alternatives gives what was captured, and it has no shape that is known (2 renders) []",
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			causes := explain(t, w, live, c.short)
			if c.name == "empty" {
				c.want = nil
				if len(causes) != 7 || !strings.Contains(causes[0].Text, "nothing came out at all, where 7 objects should") || causes[0].Catalogue[0] != "A1" {
					t.Errorf("got %v", texts(causes))
				}
			} else if diff := cmp.Diff(c.want, texts(causes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if causes[0].Renders != c.renders || causes[0].Found == (c.name == "neither") || causes[0].Likely != causes[0].Found {
				t.Errorf("%d renders, want %d; %+v", causes[0].Renders, c.renders, causes[0])
			}
		})
	}
}

// The tree of yesterday has an object that today's render lacks.
func TestCapturedTree(t *testing.T) {
	w := newWorld(t, site)
	full, plugin := chain("cluster", mariaKind()...), chain("plugin")
	tree := output(t, w.side(webApp(), full), not())
	now := w.side(webApp(), plugin)
	now.Others = []render.Toolchain{full}
	causes := explain(t, w, tree, now)
	want := []string{"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it " +
		"(the captured output looks like profile cluster, which has exactly its 7 objects) [M4]"}
	if diff := cmp.Diff(want, texts(causes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	skipping := webApp()
	skipping.Sources[0].SkipCRDs = true
	now = w.side(skipping, full)
	causes = explain(t, w, tree, now)
	want = []string{"CustomResourceDefinition/sites.example.com is missing because its chart has it in crds/ and that directory is left out " +
		"(the captured output looks like a render with crds/ and tests, which has exactly its 7 objects) [H12]"}
	if diff := cmp.Diff(want, texts(causes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A chart directory that was extracted up to a file renders as a smaller chart, with the same engine.
func TestHalfWrittenChart(t *testing.T) {
	w := newWorld(t, site)
	full := chain("cluster", mariaKind()...)
	live := w.side(webApp(), full)
	var half *world
	for i, f := range txtarFiles(site) {
		if f == "app/templates/hook.yaml" {
			half = newWorld(t, cutTxtar(site, i))
		}
	}
	short := output(t, half.side(webApp(), full), not("sites.example.com"))
	causes := explain(t, w, live, short)
	if len(causes) != 5 {
		t.Fatalf("got %v", texts(causes))
	}
	for _, c := range causes {
		if !strings.HasSuffix(c.Text, "the captured output looks like a chart directory that was written up to netbox/templates/database.yaml: "+
			"all 5 objects of the 4 templates from netbox/templates/hook.yaml on are missing and all before are there") || c.Catalogue[0] != "M1" {
			t.Errorf("got %s %v", c.Text, c.Catalogue)
		}
	}
}

// A stale archive in charts/ gives the objects of another version, which their labels tell.
func TestStaleChart(t *testing.T) {
	full := chain("cluster", mariaKind()...)
	w := newWorld(t, site)
	old := newWorld(t, strings.Replace(site, "version: 1.0.0", "version: 0.9.0", 1))
	short := output(t, old.side(webApp(), full), not("web"))
	causes := explain(t, w, w.side(webApp(), full), short)
	want := []string{"Service/web is missing because the side that lacks it looks like another version of the chart: " +
		"3 objects of both sides carry the label helm.sh/chart netbox-0.9.0 there and netbox-1.0.0 here [M6 H15 H14]"}
	if diff := cmp.Diff(want, texts(causes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A canceled search is an error and not an answer.
func TestCanceled(t *testing.T) {
	w := newWorld(t, site)
	full, short := w.side(webApp(), chain("cluster", mariaKind()...)), w.side(webApp(), chain("plugin"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cause.Explain(ctx, full, short, lost(full, short)); err == nil {
		t.Error("no error")
	}
}

func txtarFiles(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			names = append(names, strings.TrimSuffix(strings.TrimSpace(name), " --"))
		}
	}
	return names
}

// cutTxtar keeps the first files of an archive.
func cutTxtar(text string, files int) string {
	var b strings.Builder
	n := -1
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "-- ") {
			n++
		}
		if n < files {
			b.WriteString(line)
		}
	}
	return b.String()
}

// A loop over charts of which one failed, and two outputs that nobody can render again.
func TestMissingStage(t *testing.T) {
	w := newWorld(t, site+"-- second/Chart.yaml --\napiVersion: v2\nname: second\nversion: 1.0.0\n-- second/templates/a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: first}\n---\n"+
		"apiVersion: v1\nkind: Service\nmetadata: {name: last}\n")
	app := webApp()
	app.Sources = append([]render.Source{{Kind: render.KindHelm, Path: "second", Release: "second"}}, app.Sources...)
	live := w.side(app, chain("cluster", mariaKind()...))
	short := output(t, live, not("first", "last"))
	for _, full := range []cause.Side{live, {App: live.App, Result: live.Result, Captured: true}} {
		causes := explain(t, w, full, short)
		if len(causes) != 2 || !strings.HasPrefix(causes[0].Text, "Service/first is missing because all 2 objects of second are missing and everything else is there") || causes[0].Catalogue[0] != "M5" {
			t.Errorf("got %v", texts(causes))
		}
	}
	odd := explain(t, w, cause.Side{App: live.App, Result: live.Result, Captured: true}, output(t, live, not("first", "key")))
	if len(odd) != 2 || odd[0].Found || odd[0].Renders != 0 {
		t.Errorf("got %v", texts(odd))
	}
}

// The output has one object less than any alternative: the closest one that lacks the object is named as such.
func TestClosest(t *testing.T) {
	w := newWorld(t, site)
	live := w.side(webApp(), chain("cluster", mariaKind()...))
	live.Others = []render.Toolchain{chain("plugin")}
	causes := explain(t, w, live, output(t, live, not("netbox", "config", "sites.example.com")))
	got := texts(causes)
	if len(got) != 3 || !strings.HasSuffix(got[2], "(the captured output looks most like profile plugin without crds/, which is 1 object apart) [M4]") ||
		!strings.Contains(got[0], "the cause is not found") {
		t.Errorf("got %q", got)
	}
}

// The tree has what today's stack leaves out, and nobody knows the stack of yesterday: the templates are asked what they
// ask for.
func TestProbe(t *testing.T) {
	w := newWorld(t, parts)
	on := webApp()
	on.Sources[0].Values.Inline = map[string]any{"db": map[string]any{"enabled": true}, "redis": map[string]any{"enabled": true, "names": []any{"a"}}}
	off := webApp()
	off.Sources[0].Values.Inline = map[string]any{"redis": map[string]any{"enabled": false}}
	causes := explain(t, w, output(t, w.side(on, chain("cluster")), not()), w.side(off, chain("cluster")))
	got := texts(causes)
	if len(got) != 3 || got[1] != "Secret/db is missing because templates/a.yaml:8 asks for .Values.db.enabled, and that is not true (netbox/values.yaml:1) []" ||
		got[2] != "Service/cache is missing because Chart.yaml:5 asks for .Values.redis.enabled, and that is not true []" || causes[0].Found {
		t.Errorf("got %q", got)
	}

	w = newWorld(t, site)
	full := chain("cluster", mariaKind()...)
	causes = explain(t, w, output(t, w.side(webApp(), full), not()), w.side(webApp(), chain("cluster")))
	want(t, causes, "Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile cluster does not offer it [M4]")
}
