package cause_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/render/cause"
	"sluice/render/helm"
)

const (
	chartFile = "-- app/Chart.yaml --\napiVersion: v2\nname: netbox\nversion: 1.0.0\n"
	deploy    = "-- app/templates/deploy.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
	maria     = "k8s.mariadb.com/v1alpha1"
)

// database is a template with the object Database/netbox between two lines.
func database(before, after string) string {
	return "-- app/templates/database.yaml --\n" + before +
		"\napiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata:\n  name: {{ .Release.Name }}\n" + after + "\n"
}

// mariaKind is the list that a cluster with the kind Database offers.
func mariaKind() []string { return []string{maria, maria + "/Database"} }

func TestAPIGates(t *testing.T) {
	for _, c := range []struct {
		name, chart string
		full, short render.Toolchain
		want        string
		renders     int
	}{
		{
			"group", database(`{{ if .Capabilities.APIVersions.Has "k8s.mariadb.com/v1alpha1" }}`, "{{ end }}"),
			chain("cluster", mariaKind()...), chain("plugin"),
			"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]", 2,
		},
		{
			"kind", database(`{{ if .Capabilities.APIVersions.Has "k8s.mariadb.com/v1alpha1/Database" }}`, "{{ end }}"),
			chain("cluster", mariaKind()...), chain("groups", maria),
			"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1/Database and profile groups does not offer it [H3 M4]", 1,
		},
		{
			"negated", database(`{{ if not (.Capabilities.APIVersions.Has "example.com/v1") }}`, "{{ end }}"),
			chain("plugin"), chain("cluster", "example.com/v1"),
			"Database/netbox is missing because templates/database.yaml:1 leaves it out where it finds example.com/v1 and profile cluster offers it [M4]", 1,
		},
		{
			"else", database(`{{ if .Capabilities.APIVersions.Has "example.com/v1" }}{{ else }}`, "{{ end }}"),
			chain("plugin"), chain("cluster", "example.com/v1"),
			"Database/netbox is missing because templates/database.yaml:1 leaves it out where it finds example.com/v1 and profile cluster offers it [M4]", 1,
		},
		{
			"two nested", database("{{- if .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}\n{{- if (.Capabilities.APIVersions.Has \"example.com/v1\") }}", "{{ end }}{{ end }}"),
			chain("cluster", append(mariaKind(), "example.com/v1")...), chain("plugin"),
			"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and templates/database.yaml:2 asks for example.com/v1 and profile plugin does not offer them [M4]", 4,
		},
		{
			"helper", database(`{{ if eq (include "netbox.has" .) "true" }}`, "{{ end }}") +
				"-- app/templates/_helpers.tpl --\n{{/* whether */}}\n{{ define \"netbox.has\" -}}\n{{ .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" }}\n{{- end }}\n",
			chain("cluster", mariaKind()...), chain("plugin"),
			"Database/netbox is missing because templates/database.yaml:1 (by way of templates/_helpers.tpl:3) asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]", 2,
		},
		{
			"variable", database("{{ $has := .Capabilities.APIVersions.Has \"k8s.mariadb.com/v1alpha1\" -}}\n{{ if $has }}", "{{ end }}"),
			chain("cluster", mariaKind()...), chain("plugin"),
			"Database/netbox is missing because templates/database.yaml:2 (by way of templates/database.yaml:1) asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it [M4]", 2,
		},
		{
			"computed", database("{{ if .Capabilities.APIVersions.Has (printf \"%s/%s\" \"k8s.mariadb.com/v1alpha1\" \"Database\") }}", "{{ end }}"),
			chain("cluster", mariaKind()...), chain("plugin"),
			"Database/netbox is missing because templates/database.yaml:1 asks for an API whose name it makes up (k8s.mariadb.com/v1alpha1/Database) and profile plugin does not offer it [M4]", 3,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, chartFile+deploy+c.chart)
			causes := explain(t, w, w.side(webApp(), c.full), w.side(webApp(), c.short))
			if diff := cmp.Diff([]string{c.want}, texts(causes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(causes) > 0 && (causes[0].Renders != c.renders || !causes[0].Found || len(causes[0].Gates) == 0) {
				t.Errorf("%d renders, want %d: %+v", causes[0].Renders, c.renders, causes[0])
			}
		})
	}
}

// Of 500 APIs the one that matters is found by the gate's words, and without words by halving.
func TestLongAPIList(t *testing.T) {
	apis := mariaKind()
	for i := range 500 {
		apis = append(apis, fmt.Sprintf("g%03d.example.com/v1", i))
	}
	for gate, most := range map[string]int{
		`{{ if .Capabilities.APIVersions.Has "k8s.mariadb.com/v1alpha1" }}`:               3,
		`{{ if .Capabilities.APIVersions.Has (printf "k8s.%s.com/v1alpha1" "mariadb") }}`: 20,
	} {
		var many strings.Builder
		for i := range 200 {
			fmt.Fprintf(&many, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s%d}\n", i)
		}
		w := newWorld(t, chartFile+deploy+"-- app/templates/all.yaml --\n"+gate+"\n"+many.String()+"{{ end }}\n")
		causes := explain(t, w, w.side(webApp(), chain("cluster", apis...)), w.side(webApp(), chain("plugin")))
		if len(causes) != 200 || causes[0].Renders > most {
			t.Errorf("%s: %d causes, %d renders, want at most %d", gate, len(causes), causes[0].Renders, most)
		}
		for _, c := range causes {
			if diff := cmp.Diff([]string{"+k8s.mariadb.com/v1alpha1"}, c.Factors[0].Detail); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", c.Text, diff)
			}
		}
	}
}

func TestKubernetesGate(t *testing.T) {
	old := chain("cluster")
	old.Capabilities.KubeVersion = "1.28.3"
	for gate, want := range map[string]string{
		`{{ if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}`:                  "templates/database.yaml:1 asks for Kubernetes >=1.30-0",
		`{{ if .Capabilities.KubeVersion.Version | semverCompare ">=1.30" }}`:                  "templates/database.yaml:1 asks for Kubernetes >=1.30",
		`{{ $v := .Capabilities.KubeVersion.GitVersion }}{{ if semverCompare ">=1.30-0" $v }}`: "templates/database.yaml:1 asks for Kubernetes >=1.30-0",
	} {
		w := newWorld(t, chartFile+deploy+database(gate, "{{ end }}"))
		causes := explain(t, w, w.side(webApp(), chain("cluster")), w.side(webApp(), old))
		want := []string{"Database/netbox is missing because " + want + " and it is 1.28.3, not 1.33.4 [M4]"}
		if diff := cmp.Diff(want, texts(causes)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A gate of two factors needs both, and the third difference is not named.
func TestTwoFactors(t *testing.T) {
	w := newWorld(t, chartFile+deploy+database(`{{ if and (semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version) (.Capabilities.APIVersions.Has "k8s.mariadb.com/v1alpha1") }}`, "{{ end }}"))
	old := chain("plugin")
	old.Capabilities.KubeVersion = "1.28.3"
	full := chain("cluster", mariaKind()...)
	full.Helm = helm.Version4
	causes := explain(t, w, w.side(webApp(), full), w.side(webApp(), old))
	want := []string{"Database/netbox is missing because templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1 and profile plugin does not offer it, " +
		"and templates/database.yaml:1 asks for Kubernetes >=1.30-0 and it is 1.28.3, not 1.33.4 [M4 H1]"}
	if diff := cmp.Diff(want, texts(causes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The incident of helm 4.2.0: a null in an umbrella's values.yaml no longer takes a subchart's default away.
func TestHelmNull(t *testing.T) {
	w := newWorld(t, `
-- app/Chart.yaml --
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies: [{name: db, version: 1.0.0}]
-- app/values.yaml --
db:
  storage: null
-- app/charts/db/Chart.yaml --
apiVersion: v2
name: db
version: 1.0.0
-- app/charts/db/values.yaml --
storage: {size: 1Gi}
-- app/charts/db/templates/claim.yaml --
{{ if .Values.storage }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: {{ .Release.Name }}-claim}
{{ end }}
-- app/templates/a.yaml --
apiVersion: v1
kind: Service
metadata: {name: web}
`)
	four := chain("cluster")
	four.Helm = helm.Version4
	causes := explain(t, w, w.side(webApp(), four), w.side(webApp(), chain("cluster")))
	want := []string{"PersistentVolumeClaim/netbox-claim is missing because helm 4.3.1 renders it and helm 3.22.0 does not: " +
		"values.yaml:2 sets db.storage to null, and charts/db/templates/claim.yaml:1 asks for .Values.storage [H4 M3]"}
	if diff := cmp.Diff(want, texts(causes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A gate of many APIs that no line spells out costs more than there is: the answer says that it may be larger than needed,
// and holds all that is needed.
func TestBudget(t *testing.T) {
	var apis []string
	for i := range 200 {
		apis = append(apis, fmt.Sprintf("g%03d.example.com/v1", i))
	}
	w := newWorld(t, chartFile+deploy+database("{{ $all := true }}{{ range $i := untilStep 0 200 9 }}{{ if not ($.Capabilities.APIVersions.Has (printf \"g%03d.example.com/v1\" $i)) }}{{ $all = false }}{{ end }}{{ end }}{{ if $all }}", "{{ end }}"))
	causes := explain(t, w, w.side(webApp(), chain("cluster", apis...)), w.side(webApp(), chain("plugin")))
	c := causes[0]
	if !c.Found || c.Renders != cause.MaxRenders || !strings.HasSuffix(c.Text, "(perhaps more than is needed: the search ended after 64 renders)") {
		t.Errorf("%d renders: %.300s", c.Renders, c.Text)
	}
	for i := 0; i < 200; i += 9 {
		if api := fmt.Sprintf("+g%03d.example.com/v1", i); !slices.Contains(c.Factors[0].Detail, api) {
			t.Errorf("%s is not among the %d that are named", api, len(c.Factors[0].Detail))
		}
	}
	if len(c.Text) > 1000 {
		t.Errorf("a sentence of %d bytes", len(c.Text))
	}
}
