package cause_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/render/cause"
)

const mariaAsks = "{{ if .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}"

// The gate is the one around the document of the object, wherever the template keeps that.
func TestGateOfTheDocument(t *testing.T) {
	says := func(place string) string {
		return "Database/netbox is missing because " + place + " k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]"
	}
	for _, c := range []struct{ name, chart, want string }{
		{
			"second of two documents", "-- app/templates/database.yaml --\n{{- if .Capabilities.APIVersions.Has \"v1\" }}\napiVersion: a.example.com/v1\nkind: Database\nmetadata: {name: other}\n{{- end }}\n---\n" +
				mariaAsks + "\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: {{ .Release.Name }}}\n{{ end }}",
			says("templates/database.yaml:7 asks for"),
		},
		{
			"names told apart by their static part", "-- app/templates/database.yaml --\n{{ if .Values.x }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: {{ .Release.Name }}-replica}\n{{ end }}\n---\n" +
				mariaAsks + "\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata:\n  labels: {a: b}\n  name: {{ .Release.Name | trunc 63 }}\n{{ end }}",
			says("templates/database.yaml:7 asks for"),
		},
		{
			"a library's template", "-- app/templates/database.yaml --\n{{- $name := .Release.Name }}\n{{ include \"lib.database\" (dict \"root\" . \"name\" $name) }}\n" +
				"-- app/charts/lib/Chart.yaml --\napiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n-- app/charts/lib/templates/_database.tpl --\n{{ define \"lib.database\" }}\n" +
				"{{- $root := .root }}\n{{- if $root.Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: {{ .name }}}\n{{ end }}{{ end }}",
			says("charts/lib/templates/_database.tpl:3 asks for"),
		},
		{
			"the call of a template", "-- app/templates/database.yaml --\n" + mariaAsks + "{{ template \"database\" . }}{{ end }}\n-- app/templates/_d.tpl --\n{{ define \"database\" }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{ end }}",
			says("templates/database.yaml:1 asks for"),
		},
		{
			"a variable set inside an if", "-- app/templates/database.yaml --\n{{- $on := false }}\n{{- if .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}\n{{- $on = true }}\n{{- end }}\n{{- if $on }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{- end }}",
			says("templates/database.yaml:5 (by way of templates/database.yaml:2) asks for"),
		},
		{
			"helper of a helper", "-- app/templates/database.yaml --\n{{- if (include \"a\" .) }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{- end }}\n" +
				"-- app/templates/_a.tpl --\n{{- define \"a\" }}{{ include \"b\" . }}{{ end }}\n{{ define \"b\" -}}\n" + mariaAsks + "true{{ end }}{{ end }}",
			says("templates/database.yaml:1 (by way of templates/_a.tpl:3) asks for"),
		},
		{
			"has and a list", "-- app/templates/database.yaml --\n{{- if has \"k8s.mariadb.com/v1alpha1\" .Capabilities.APIVersions }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{- end }}\n",
			says("templates/database.yaml:1 asks for"),
		},
		{
			"an API that a named template prints, in a variable", "-- app/templates/database.yaml --\n{{- $api := include \"api\" . }}\n{{- if and (.Capabilities.APIVersions.Has $api) (not .Values.off) }}\napiVersion: {{ $api }}\nkind: Database\nmetadata:\n  name: {{ template \"full\" . }}\n{{- end }}\n" +
				"-- app/templates/_a.tpl --\n{{- define \"full\" -}}{{- printf \"%s\" .Release.Name | trunc 63 -}}{{- end -}}\n{{- define \"api\" -}}\n{{- if .Values.api }}{{ print .Values.api }}{{ else }}{{ print \"k8s.mariadb.com/v1alpha1\" }}{{ end }}\n{{- end }}",
			says("templates/database.yaml:2 asks for"),
		},
		{
			"an API that a named template writes", "-- app/templates/database.yaml --\n{{- if .Capabilities.APIVersions.Has (include \"api\" .) }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{- end }}\n" +
				"-- app/templates/_a.tpl --\n{{- define \"api\" -}}\n{{ if .Values.old }}old.example.com/v1{{ else }}k8s.mariadb.com/v1alpha1{{ end }}\n{{- end }}",
			says("templates/database.yaml:1 asks for"),
		},
		{
			"else if", "-- app/templates/database.yaml --\n{{- if .Values.no }}\n{{- else if .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{- end }}\n",
			says("templates/database.yaml:2 asks for"),
		},
		{
			"a kind that is computed", "-- app/templates/database.yaml --\n" + mariaAsks + "\napiVersion: k8s.mariadb.com/v1alpha1\nkind: {{ \"Data\" }}{{ \"base\" }}\nmetadata: {name: netbox}\n{{- end }}\n",
			says("templates/database.yaml:1 asks for"),
		},
		{
			"JSON", "-- app/templates/database.yaml --\n" + mariaAsks + "{\"apiVersion\": \"k8s.mariadb.com/v1alpha1\", \"kind\": \"Database\", \"metadata\": {\"name\": \"netbox\"}}{{ end }}\n",
			says("templates/database.yaml:1 asks for"),
		},
		{
			"values from a loop", "-- app/values.yaml --\nall: [netbox]\n-- app/templates/database.yaml --\n{{- range .Values.all }}\n{{- if $.Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}\n---\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: {{ . }}}\n{{- end }}\n{{- end }}\n",
			says("templates/database.yaml:2 asks for"),
		},
		{
			"a template that includes itself", "-- app/templates/database.yaml --\n" + mariaAsks + "{{ template \"database\" 1 }}{{ end }}\n-- app/templates/_d.tpl --\n{{ define \"database\" }}\n{{ if ne 0 (int .)}}{{ template \"database\" 0 }}{{ else }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{ end }}{{ end }}",
			says("templates/database.yaml:1 asks for"),
		},
		{
			"a line of the file that is not around it", "-- app/templates/database.yaml --\n{{- define \"on\" }}{{ .Capabilities.APIVersions | join \",\" | contains \"mariadb\" }}{{ end }}\n{{- if false }}{{ .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}{{ end }}\n{{- if eq (tpl \"{{ include \\\"on\\\" . }}\" .) \"true\" }}\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox}\n{{- end }}\n",
			"Database/netbox is missing because no line of its template names k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, chartFile+deploy+c.chart)
			causes := explain(t, w, w.side(webApp(), chain("cluster", "k8s.mariadb.com/v1alpha1")), w.side(webApp(), chain("plugin")))
			if diff := cmp.Diff([]string{c.want}, texts(causes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Two objects of one key, of which the cluster sees the last.
func TestCollapsed(t *testing.T) {
	w := newWorld(t, chartFile+"-- app/templates/a.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\n-- app/templates/b.yaml --\n"+
		"{{ if .Values.twice }}\napiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: apps}\n{{ end }}\n")
	twice := webApp()
	twice.Sources[0].Values.Inline = map[string]any{"twice": true}
	full, short := w.side(webApp(), chain("cluster")), w.side(twice, chain("cluster"))
	last := &short.Result.Set.Objects[1]
	causes, err := cause.Explain(t.Context(), full, short, []render.Change{{Key: last.Key, Right: last, Turn: "collapsed"}})
	if err != nil {
		t.Fatal(err)
	}
	want(t, causes, "Secret/key is replaced by another object of its key because templates/b.yaml:1 asks for .Values.twice, which differs between the two sides []")
}

// Effective changes have keys as the cluster sees them: no namespace for a kind that has none, the destination's for
// others.
func TestEffectiveKeys(t *testing.T) {
	w := newWorld(t, chartFile+deploy+"-- app/templates/role.yaml --\n"+mariaAsks+"\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader, namespace: odd}\n---\n"+
		"apiVersion: v1\nkind: Secret\nmetadata: {name: key}\n{{ end }}\n")
	full, short := w.side(webApp(), chain("cluster", mariaKind()...)), w.side(webApp(), chain("plugin"))
	clusterScoped := func(k render.Key) bool { return k.Kind == "ClusterRole" }
	changes := render.Diff(full.Result.Set.Effective("apps", clusterScoped), short.Result.Set.Effective("apps", clusterScoped))
	causes, err := cause.Explain(t.Context(), full, short, changes)
	if err != nil {
		t.Fatal(err)
	}
	const because = " is missing because templates/role.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]"
	want(t, causes, "Secret/key"+because, "ClusterRole/reader"+because)
	gained := render.Diff(short.Result.Set.Effective("apps", clusterScoped), full.Result.Set.Effective("apps", clusterScoped))
	if causes, err = cause.Explain(t.Context(), full, short, gained); err != nil {
		t.Fatal(err)
	}
	want(t, causes, "Secret/key"+strings.Replace(because, "missing", "missing on the left", 1), "ClusterRole/reader"+strings.Replace(because, "missing", "missing on the left", 1))
}
