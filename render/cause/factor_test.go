package cause_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/render/cause"
	"sluice/render/helm"
)

// want compares the sentences of causes.
func want(t *testing.T, causes []cause.Cause, texts_ ...string) {
	t.Helper()
	if diff := cmp.Diff(texts_, texts(causes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// parts is a chart with a switch, an alternative namespace and a subchart behind a condition.
const parts = `
-- values/on.yaml --
unused: 1
db:
  # a comment
  enabled: true
  password: hunter2
-- values/off.yaml --
unused: 2
db:
  enabled: false
  password: hunter3
-- app/Chart.yaml --
apiVersion: v2
name: netbox
version: 1.0.0
dependencies:
- {name: cache, version: 1.x.x, alias: redis, condition: redis.enabled}
-- app/values.yaml --
db: {enabled: false}
-- app/charts/cache/Chart.yaml --
apiVersion: v2
name: cache
version: 1.2.0
-- app/charts/cache/templates/cache.yaml --
{{ range .Values.names }}
apiVersion: v1
kind: ConfigMap
metadata: {name: cache-{{ . }}}
---
{{ end }}
apiVersion: v1
kind: Service
metadata: {name: cache}
-- app/templates/a.yaml --
{{ if .Values.other }}
apiVersion: v1
kind: Secret
metadata: {name: other}
{{ end }}
---
{{- with .Values.db }}
{{- if .enabled }}
apiVersion: v1
kind: Secret
metadata: {name: db}
{{- end }}
{{- end }}
---
apiVersion: v1
kind: Service
metadata: {name: web}
`

func TestValues(t *testing.T) {
	w := newWorld(t, parts)
	on, off := webApp("values/on.yaml"), webApp("values/off.yaml")
	on.Sources[0].Values.Set = []string{"redis.enabled=true"}
	off.Sources[0].Values.Set = []string{"redis.enabled=false"}
	on.Sources[0].Values.Inline = map[string]any{"redis": map[string]any{"names": []any{"a"}}}
	off.Sources[0].Values.Inline = map[string]any{"other": false}
	causes := explain(t, w, w.side(on, chain("cluster")), w.side(off, chain("cluster")))
	want(t, causes,
		"ConfigMap/cache-a is missing because charts/redis/templates/cache.yaml:1 asks for .Values.names, which differs between the two sides, "+
			"and Chart.yaml:5 asks for .Values.redis.enabled, which differs between the two sides (--set) []",
		"Secret/db is missing because templates/a.yaml:8 asks for .Values.db.enabled, which differs between the two sides (values/off.yaml:3) []",
		"Service/cache is missing because Chart.yaml:5 asks for .Values.redis.enabled, which differs between the two sides (--set) []")
	for _, c := range causes {
		for _, f := range c.Factors {
			if strings.Contains(c.Text+f.Full+f.Short+strings.Join(f.Detail, ""), "hunter") {
				t.Errorf("a value is told: %+v", c)
			}
		}
	}
}

// Two revisions of one stack: the factor is a file, or a key of one.
func TestRevisions(t *testing.T) {
	before := newWorld(t, parts)
	app := webApp("values/on.yaml")
	app.Sources[0].Values.Set = []string{"redis.enabled=true"}
	full := before.side(app, chain("cluster"))
	for _, c := range []struct {
		name, old, new string
		want           []string
	}{
		{"value", "enabled: true", "enabled: false", []string{
			"Secret/db is missing because templates/a.yaml:8 asks for .Values.db.enabled, which differs between the two sides (values/on.yaml:4) []",
		}},
		{"template", "kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: site}", []string{
			"Service/web is missing because templates/a.yaml differs between the two sides []",
		}},
		{"dependency", "version: 1.2.0\n-- app/charts/cache/templates/cache.yaml --", "version: 1.1.0\n-- app/charts/cache/templates/other.yaml --\n{{- if false }}", []string{
			"Service/cache is missing because it is of chart cache 1.2.0, and the other side has 1.1.0, which has no templates/cache.yaml [H14]",
		}},
		{"stale dependency", "version: 1.2.0\n-- app/charts/cache/templates/cache.yaml --", "version: 0.9.0\n-- app/charts/cache/templates/other.yaml --\n{{- if false }}", []string{
			"Service/cache is missing because it is of chart cache 1.2.0, and the other side has 0.9.0, which has no templates/cache.yaml [M6 H15]",
		}},
		{"half a chart", "-- app/charts/cache/templates/cache.yaml --", "-- other/cache.yaml --\n", []string{
			"Service/cache is missing because chart cache 1.2.0 has no templates/cache.yaml on the other side, though it is of the same version: its directory may be half of the chart [M1 K5]",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(parts, c.old, c.new, 1)
			if strings.HasPrefix(c.name, "stale") || c.name == "dependency" {
				text = strings.Replace(text, "-- app/templates/a.yaml --", "{{- end }}\n-- app/templates/a.yaml --", 1)
			}
			after := newWorld(t, text)
			short := after.side(app, chain("cluster"))
			if short.Result.Err != nil {
				t.Fatal(short.Result.Err)
			}
			// Both worlds render; the count of the helper sees the first only.
			causes, err := cause.Explain(t.Context(), full, short, lost(full, short))
			if err != nil {
				t.Fatal(err)
			}
			want(t, causes, c.want...)
		})
	}
}

func TestFlags(t *testing.T) {
	w := newWorld(t, site)
	full := chain("cluster", mariaKind()...)
	app := webApp()
	app.Sources[0].SkipCRDs, app.Sources[0].SkipTests = true, true
	want(t, explain(t, w, w.side(webApp(), full), w.side(app, full)),
		"Pod/test is missing because it is a test hook and those are left out [H13]",
		"CustomResourceDefinition/sites.example.com is missing because its chart has it in crds/ and that directory is left out [H12]")
}

// turn makes the changes that have this turn.
func turn(word string, full, short cause.Side) []render.Change {
	var list []render.Change
	for _, l := range full.Result.Set.Objects {
		for _, r := range short.Result.Set.Objects {
			if l.Key.Kind == r.Key.Kind && l.Key.Name == r.Key.Name {
				list = append(list, render.Change{Key: l.Key, Left: &l, Right: &r, Turn: word})
			}
		}
	}
	return list
}

func TestTurns(t *testing.T) {
	w := newWorld(t, chartFile+`
-- app/templates/claim.yaml --
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: claim
  namespace: {{ .Values.namespace | default .Release.Namespace }}
  {{- if .Capabilities.APIVersions.Has "example.com/v1" }}
  annotations: {helm.sh/hook: pre-install}
  {{- end }}
`)
	full := w.side(webApp(), chain("cluster"))
	hooked := w.side(webApp(), chain("plugin", "example.com/v1"))
	causes, err := cause.Explain(t.Context(), full, hooked, turn("hooked", full, hooked))
	if err != nil {
		t.Fatal(err)
	}
	want(t, causes, "PersistentVolumeClaim/claim turns into a hook because templates/claim.yaml:6 leaves it out where it finds example.com/v1 and profile plugin offers it [M4]")

	elsewhere := webApp()
	elsewhere.Namespace = "other"
	moved := w.side(elsewhere, chain("cluster"))
	if causes, err = cause.Explain(t.Context(), full, moved, turn("moved", full, moved)); err != nil {
		t.Fatal(err)
	}
	want(t, causes, "PersistentVolumeClaim/claim moves from namespace apps to namespace other because the destination namespace is other and not apps []")

	stated := webApp()
	stated.Sources[0].Values.Inline = map[string]any{"namespace": "databases"}
	moved = w.side(stated, chain("cluster"))
	if causes, err = cause.Explain(t.Context(), full, moved, turn("moved", full, moved)); err != nil {
		t.Fatal(err)
	}
	want(t, causes, "PersistentVolumeClaim/claim moves from namespace apps to namespace databases because templates/claim.yaml:5 asks for .Values.namespace, which differs between the two sides []")
}

// What no factor explains is said to be unexplained: here the same input gives another output.
func TestNotFound(t *testing.T) {
	w := newWorld(t, site)
	full, short := w.side(webApp(), chain("cluster", mariaKind()...)), w.side(webApp(), chain("plugin"))
	short.Render = func(context.Context, render.App, render.Toolchain) (render.Result, error) { return short.Result, nil }
	causes, err := cause.Explain(t.Context(), full, short, lost(full, short))
	if err != nil {
		t.Fatal(err)
	}
	want(t, causes, "Database/netbox is missing, and the cause is not found: taking apis from the other side does not bring it back (1 render) []")
	short.Render = func(context.Context, render.App, render.Toolchain) (render.Result, error) {
		return render.Result{}, errors.New("no")
	}
	if causes, err = cause.Explain(t.Context(), full, short, lost(full, short)); err != nil {
		t.Fatal(err)
	}
	want(t, causes, "Database/netbox is missing, and the cause is not found: taking apis from the other side does not bring it back (1 render, 1 of which failed) []")
	same := short
	same.Toolchain, same.Result.Capabilities = full.Toolchain, full.Result.Capabilities
	if causes, err = cause.Explain(t.Context(), full, same, lost(full, same)); err != nil {
		t.Fatal(err)
	}
	want(t, causes, "Database/netbox is missing, and the cause is not found: the two sides differ in nothing that is known to decide it []")
}

// A chart of a repository in another version.
func TestChartVersion(t *testing.T) {
	w := newWorld(t, strings.ReplaceAll(site, "-- app/", "-- charts/netbox-1.0.0/")+
		"-- charts/netbox-0.9.0/Chart.yaml --\napiVersion: v2\nname: netbox\nversion: 0.9.0\n-- charts/netbox-0.9.0/templates/a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n")
	at := func(version string) cause.Side {
		return w.side(render.App{Name: "web", Namespace: "apps", Sources: []render.Source{{
			Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "netbox", Version: version, Release: "netbox",
		}}}, chain("cluster"))
	}
	causes := explain(t, w, at("1.0.0"), at("0.9.0"))
	if len(causes) != 5 || causes[0].Text != "ConfigMap/config is missing because it is of chart netbox 1.0.0, and the other side has 0.9.0, which has no templates/config.yaml" {
		t.Errorf("got %v", texts(causes))
	}
}

// The vendor suffix of a Kubernetes version, which helm 3.19 to 4.0 cuts off and 4.1 keeps.
func TestHelmSuffix(t *testing.T) {
	w := newWorld(t, chartFile+deploy+database(`{{ if semverCompare ">=1.31.0" .Capabilities.KubeVersion.Version }}`, "{{ end }}"))
	three, four := chain("cluster"), chain("cluster")
	four.Helm = helm.Version4
	three.Capabilities.KubeVersion, four.Capabilities.KubeVersion = "1.31.2-gke.100", "1.31.2-gke.100"
	want(t, explain(t, w, w.side(webApp(), three), w.side(webApp(), four)),
		"Database/netbox is missing because helm 3.22.0 renders it and helm 4.3.1 does not: "+
			"templates/database.yaml:1 asks for Kubernetes >=1.31.0, and the version is 1.31.2-gke.100 [H6]")
}

// A function that helm 3 does not have: the whole app fails there.
func TestHelmFunction(t *testing.T) {
	w := newWorld(t, chartFile+deploy+database(`{{ mustToYaml .Values | quote | substr 0 0 }}`, ""))
	four := chain("cluster")
	four.Helm = helm.Version4
	for _, c := range explain(t, w, w.side(webApp(), four), w.side(webApp(), chain("cluster"))) {
		if !strings.HasSuffix(c.Text, "helm 4.3.1 renders its app and helm 3.22.0 fails") || strings.Join(c.Catalogue, " ") != "H8" {
			t.Errorf("got %s %v", c.Text, c.Catalogue)
		}
	}
}
