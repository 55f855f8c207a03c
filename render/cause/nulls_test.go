package cause_test

import (
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/render/helm"
)

const nullGate = "\napiVersion: example.com/v1\nkind: Database\nmetadata: {name: main}\n{{- end }}\n" +
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"

// A null is found where it is set, whichever way the template gets to it.
func TestNulls(t *testing.T) {
	umbrella := "-- app/Chart.yaml --\napiVersion: v2\nname: top\nversion: 1.0.0\ndependencies: [{name: db, version: 1.0.0}]\n" +
		"-- app/charts/db/Chart.yaml --\napiVersion: v2\nname: db\nversion: 1.0.0\n"
	four := chain("cluster")
	four.Helm = helm.Version4
	for _, c := range []struct{ name, files, want string }{
		{
			"a global, which is called alike below", umbrella + "-- app/values.yaml --\nglobal: {database: null}\n-- app/charts/db/values.yaml --\nglobal: {database: main}\n" +
				"-- app/charts/db/templates/database.yaml --\n{{- if .Values.global.database }}" + nullGate,
			"values.yaml:1 sets global.database to null, and charts/db/templates/database.yaml:1 asks for .Values.global.database",
		},
		{
			"pluck, which falls back", chartFile + "-- app/values.yaml --\ndatabase: null\nglobal: {database: main}\n" +
				"-- app/templates/database.yaml --\n{{- if pluck \"database\" .Values .Values.global | first }}" + nullGate,
			"values.yaml:1 sets database to null, and templates/database.yaml:1 asks for .Values.database",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.files)
			want(t, explain(t, w, w.side(webApp(), four), w.side(webApp(), chain("cluster"))),
				"Database/main is missing because helm 4.3.1 renders it and helm 3.22.0 does not: "+c.want+" [H4 M3]")
		})
	}
}

// Helm 3.19 drops a null of the user over a null of the chart, and 3.22 keeps it. The older one cannot be linked beside
// the newer one; that it lacks the object stands in for it.
func TestNullOfTheUser(t *testing.T) {
	w := newWorld(t, chartFile+"-- app/values.yaml --\nbox: {database: null}\n-- own.yaml --\na: b\nbox: {database: null}\n"+
		"-- app/templates/database.yaml --\n{{- if hasKey .Values.box \"database\" }}"+nullGate)
	inline := webApp()
	inline.Sources[0].Pos = render.Position{File: "stack.cue", Line: 7, Column: 3}
	inline.Sources[0].Values.Inline = map[string]any{"box": map[string]any{"database": nil}}
	for where, app := range map[string]render.App{"stack.cue:7:3": inline, "own.yaml:2": webApp("own.yaml")} {
		full := w.side(app, chain("cluster"))
		short := full
		short.Toolchain.Helm = "3.19.4"
		short.Result.Set.Objects = slices.DeleteFunc(slices.Clone(full.Result.Set.Objects), func(o render.Object) bool { return o.Key.Kind == "Database" })
		want(t, explain(t, w, full, short), "Database/main is missing because helm 3.22.0 renders it and helm 3.19.4 does not: "+
			where+" sets box.database to null, and templates/database.yaml:1 asks for .Values.box.database [H4 M3]")
	}
}

// A kustomization's own Kubernetes version wins over the cluster's (K7), and may be the one with a suffix.
func TestSuffixOfKustomization(t *testing.T) {
	w := newWorld(t, strings.Replace(inflated(chartFile+
		"-- app/templates/database.yaml --\n{{- if semverCompare \">=1.31.0\" .Capabilities.KubeVersion.Version }}"+nullGate, "  kubeVersion: v1.31.2-gke.100\n"), "namespace: apps\n", "", 1))
	four := chain("cluster")
	four.Helm = helm.Version4
	want(t, explain(t, w, w.side(kustomized(), chain("cluster")), w.side(kustomized(), four)),
		"Database/main is missing because helm 3.22.0 renders it and helm 4.3.1 does not: "+
			"templates/database.yaml:1 asks for Kubernetes >=1.31.0, and the version is v1.31.2-gke.100 (app/kustomization.yaml) [H6]")
}
