package helm

import (
	"context"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
)

func TestAsksAPIs(t *testing.T) {
	sub := []string{"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"}
	optional := []string{"requirements.yaml", "dependencies: [{name: sub, version: 1.0.0, condition: sub.on}]\n"}
	tests := []struct {
		name  string
		files []string
		set   string
		want  bool
	}{
		{"nothing", []string{"templates/x.yaml", configMap}, "", false},
		{"versions", []string{"templates/x.yaml", configMap + "# {{ .Capabilities.KubeVersion.Version }} {{ $.Capabilities.HelmVersion.Version }} {{ (.Capabilities).KubeVersion }}"}, "", false},
		{"has", []string{"templates/x.yaml", configMap + `# {{ .Capabilities.APIVersions.Has "v1" }}`}, "", true},
		{"by variable", []string{"templates/x.yaml", configMap + `{{ $c := $.Capabilities }}# {{ $c }}`}, "", true},
		{"in a helper", []string{"templates/x.yaml", configMap, "templates/_h.tpl", `{{ define "h" }}{{ range .APIVersions }}{{ end }}{{ end }}`}, "", true},
		{"printed", []string{"templates/x.yaml", configMap + "# {{ toJson .Capabilities }}"}, "", true},
		{"all printed", []string{"templates/x.yaml", configMap + "# {{ toJson $ | sha256sum }}"}, "", true},
		{"all piped", []string{"templates/x.yaml", configMap + "# {{- . | toYaml | sha256sum }}"}, "", true},
		{"all in a condition", []string{"templates/x.yaml", configMap + "# {{ if .Values }}{{ print . }}{{ end }}"}, "", true},
		{"a part printed", []string{"templates/x.yaml", configMap + "{{ with .Values }}# {{ toJson . }}{{ end }}{{ range .Values.l }}{{ quote . }}{{ end }}# {{ toYaml .Values }} {{ toJson $.Values }}"}, "", false},
		{"index", []string{"templates/x.yaml", configMap + `# {{ index . "Capabilities" }}`}, "", true},
		{"default value", []string{"templates/x.yaml", configMap, "values.yaml", "a: '{{ .Capabilities.APIVersions }}'\n"}, "", true},
		{"user's value", []string{"templates/x.yaml", configMap}, "a=x {{ .Capabilities.APIVersions }}", true},
		{"file", []string{"templates/x.yaml", configMap, "files/x.txt", `{{ .Capabilities.APIVersions.Has "v1" }}`}, "", true},
		{"annotation of the chart", []string{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nannotations: {a: '{{ .Capabilities.APIVersions }}'}\n"}, "", true},
		{"subchart that is off", append([]string{"charts/sub/templates/x.yaml", "# {{ .Capabilities.APIVersions }}"}, slices.Concat(sub, optional)...), "sub.on=false", false},
		{"subchart that is on", append([]string{"charts/sub/templates/x.yaml", "# {{ .Capabilities.APIVersions }}"}, slices.Concat(sub, optional)...), "sub.on=true", true},
		{"archive", []string{"charts/sub.tgz", string(tgz(t, []txtar.File{
			{Name: "Chart.yaml", Data: []byte("apiVersion: v2\nname: root\nversion: 1.0.0\n")},
			{Name: "templates/_h.tpl", Data: []byte("{{ .Capabilities.APIVersions }}")},
		}))}, "", true},
		{"subchart", append([]string{"charts/sub/templates/x.yaml", "# {{ .Capabilities.APIVersions }}"}, sub...), "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachMajor(t, func(t *testing.T, template func(context.Context, render.Release) (render.Output, error)) {
				r := releaseAs(chartWith(test.files...))
				if test.set != "" {
					r.Values.Set = []string{test.set}
				}
				out, err := template(t.Context(), r)
				if err != nil || out.AsksAPIs != test.want {
					t.Errorf("got %t, %v, want %t", out.AsksAPIs, err, test.want)
				}
			})
			e, _ := fake(t, "works")
			r := releaseAs(chartWith(test.files...))
			if test.set != "" {
				r.Values.Set = []string{test.set}
			}
			if out, err := e.template(t.Context(), r); err != nil || out.AsksAPIs != (test.want || test.name == "subchart that is off") {
				t.Errorf("external: got %t, %v, want %t", out.AsksAPIs, err, test.want)
			}
		})
	}
}
