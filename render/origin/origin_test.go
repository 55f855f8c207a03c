package origin_test

import (
	"fmt"
	"strings"
	"testing"

	"sluice/render"
	"sluice/render/origin"
)

// webChart is a chart of one Deployment and one Service, as most are.
const webChart = `
-- %[1]s/Chart.yaml --
apiVersion: v2
name: %[2]s
version: 1.0.0
-- %[1]s/values.yaml --
replicaCount: 1
image:
  repository: ghcr.io/example/web
  tag: ""
service:
  type: ClusterIP
  port: 80
  portName: http
resources: {}
extraContainers: []
hostNetwork: false
-- %[1]s/templates/_helpers.tpl --
{{- define "web.name" -}}
{{ .Release.Name }}-{{ .Chart.Name }}
{{- end }}
-- %[1]s/templates/web.yaml --
{{- if .Values.service }}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "web.name" . }}
spec:
  type: {{ .Values.service.type }}
  ports:
    - name: {{ .Values.service.portName }}
      port: {{ .Values.service.port }}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  labels:
    tier: front end
spec:
  replicas: {{ .Values.replicaCount }}
  template:
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      containers:
        {{- with .Values.extraContainers }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default "latest" }}"
          env:
            - name: LEVEL
              value: {{ .Values.global.level | quote }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
`

func chartAt(dir, name string) string { return fmt.Sprintf(webChart, dir, name) }

// remote is an app of the chart in a repository; local one of the chart in the stack.
func remote(files ...string) render.App {
	return app(render.Source{
		Kind: render.KindHelm, Repo: "https://charts.example.com", Chart: "web", Version: "1.0.0", Release: "shop",
		Values: render.Values{Files: files},
	})
}

func app(s render.Source) render.App {
	s.Pos = render.Position{File: "stack.cue", Line: 7, Column: 3}
	return render.App{Name: "shop", Namespace: "shop", Sources: []render.Source{s}, Pos: render.Position{File: "stack.cue", Line: 5, Column: 2}}
}

func local(kind, at string) render.App {
	return app(render.Source{Kind: kind, Path: at, Release: "shop"})
}

func service(name string) render.Key { return render.Key{Kind: "Service", Name: name} }

func deployment(name string) render.Key {
	return render.Key{Group: "apps", Kind: "Deployment", Name: name}
}

var (
	ports    = render.Path{"spec", "ports", 0}
	pod      = render.Path{"spec", "template", "spec"}
	portName = append(ports[:3:3], "name")
	replicas = render.Path{"spec", "replicas"}
	level    = append(pod[:3:3], "containers", 0, "env", 0, "value")
)

// want is a field and where it is changed: the place, what stands there, and the key where it is none of the user's.
type want struct {
	object render.Key
	field  render.Path
	place  string
	key    string
	proven bool
}

// check asks for all fields at once and then one by one: a share in a render must not change the answer.
func check(t *testing.T, w *world, app render.App, wants []want) {
	t.Helper()
	fields := make([]origin.Field, len(wants))
	for i, one := range wants {
		fields[i] = origin.Field{Object: one.object, Path: one.field}
	}
	hold := func(one want, p origin.Place) {
		t.Helper()
		got := p.Pos.String() + " " + w.says(p.Pos)
		if got != one.place || p.Key != one.key || p.Proven != one.proven {
			t.Errorf("%s %s:\n got %s (key %q, proven %v)\nwant %s (key %q, proven %v)", one.object, one.field, got, p.Key, p.Proven, one.place, one.key, one.proven)
		}
	}
	for i, p := range w.find(app, fields) {
		hold(wants[i], p)
	}
	if w.renders > origin.MaxRenders {
		t.Errorf("%d renders", w.renders)
	}
	for i := range fields {
		hold(wants[i], w.find(app, fields[i:i+1])[0])
	}
}

// says gives the text at a position.
func (w *world) says(p render.Position) string {
	f := w.files[p.File]
	if f == nil {
		return "(stack)"
	}
	lines := strings.Split(string(f.Data), "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Column > len(lines[p.Line-1]) {
		return "(no such place)"
	}
	return lines[p.Line-1][max(p.Column-1, 0):]
}

func TestValuesOfARemoteChart(t *testing.T) {
	w := newWorld(t, chartAt("remote/web", "web")+`
-- base.yaml --
# The defaults of the house.
global: {level: debug}
service:
  port: 443
  portName: HTTP_main
replicaCount: three
-- prod.yaml --
replicaCount: four
image:
  tag: v1_2
resources:
  limts:
    cpu: 1
extraContainers:
  - image: busybox
`)
	name := "shop-web"
	check(t, w, remote("base.yaml", "./prod.yaml"), []want{
		{service(name), portName, "base.yaml:5:13 HTTP_main", "", true},
		{service(name), append(ports[:3:3], "port"), "base.yaml:4:9 443", "", true},
		{service(name), render.Path{"spec", "type"}, "base.yaml:3:1 service:", "service.type", true},
		{deployment(name), replicas, "prod.yaml:1:15 four", "", true},
		{deployment(name), append(pod[:3:3], "containers", 1, "image"), "prod.yaml:3:8 v1_2", "", true},
		{deployment(name), append(pod[:3:3], "containers", 1, "env", 0, "value"), "base.yaml:2:17 debug}", "", true},
		{deployment(name), append(pod[:3:3], "containers", 1, "resources", "limts"), "prod.yaml:5:3 limts:", "", true},
		{deployment(name), append(pod[:3:3], "containers", 1, "resources", "limts", "cpu"), "prod.yaml:6:10 1", "", true},
		{deployment(name), append(pod[:3:3], "containers", 0, "image"), "prod.yaml:8:12 busybox", "", true},
		{deployment(name), append(pod[:3:3], "containers", 0, "name"), "prod.yaml:8:5 image: busybox", "", true},
		{deployment(name), append(pod[:3:3], "hostNetwork"), "prod.yaml:1:1 replicaCount: four", "hostNetwork", true},
		{deployment(name), render.Path{"metadata", "labels", "tier"}, "stack.cue:7:3 (stack)", "", false},
		{render.Key{Kind: "Secret", Name: "none"}, nil, "stack.cue:5:2 (stack)", "", false},
	})
}

func TestInlineAndSet(t *testing.T) {
	w := newWorld(t, chartAt("remote/web", "web")+`
-- base.yaml --
service: {portName: main}
replicaCount: 2
`)
	a := remote("base.yaml")
	a.Sources[0].Values.Inline = map[string]any{
		"service": map[string]any{"portName": "HTTP", "port": "http"}, "global": map[string]any{"level": "loud"},
	}
	a.Sources[0].Values.SetString = []string{"replicaCount=many", "a.b=c,d=e"}
	a.Sources[0].Values.Set = []string{"global.level=louder"}
	at := func(line int) render.Position { return render.Position{File: "more.cue", Line: line, Column: 4} }
	a.Sources[0].Values.Places = map[string]render.Position{
		"values": at(1), "values.service": at(2), "values.service.portName": at(3), "values.service.port": at(4),
		"values.global.level": at(5), "setString[0]": at(6), "set[0]": at(7),
	}
	check(t, w, a, []want{
		{service("shop-web"), portName, "more.cue:3:4 (stack)", "", true},
		{service("shop-web"), append(ports[:3:3], "port"), "more.cue:4:4 (stack)", "", true},
		{service("shop-web"), render.Path{"spec", "type"}, "more.cue:2:4 (stack)", "service.type", true},
		{deployment("shop-web"), replicas, "more.cue:6:4 (stack)", "", true},
		{deployment("shop-web"), level, "more.cue:7:4 (stack)", "", true},
	})
}

func TestLocalChart(t *testing.T) {
	w := newWorld(t, chartAt("app", "web"))
	a := local(render.KindUmbrella, "app")
	a.Sources[0].Values.Inline = map[string]any{"global": map[string]any{"level": "x"}}
	check(t, w, a, []want{
		{service("shop-web"), render.Path{"spec", "type"}, "app/values.yaml:6:9 ClusterIP", "", true},
		{deployment("shop-web"), replicas, "app/values.yaml:1:15 1", "", true},
		{deployment("shop-web"), append(pod[:3:3], "hostNetwork"), "app/values.yaml:11:14 false", "", true},
		{deployment("shop-web"), render.Path{"metadata", "labels", "tier"}, "app/templates/web.yaml:18:5 tier: front end", "", false},
		{deployment("shop-web"), append(pod[:3:3], "containers", 0, "name"), `app/templates/web.yaml:28:9 - name: web`, "", false},
		{deployment("shop-web"), append(pod[:3:3], "containers", 0, "livenessProbe"), `app/templates/web.yaml:28:9 - name: web`, "", false},
		{deployment("shop-web"), render.Path{"metadata", "name"}, `app/templates/web.yaml:16:3 name: {{ include "web.name" . }}`, "", false},
	})
}

func TestSubchartsAndAliases(t *testing.T) {
	w := newWorld(t, chartAt("app/charts/web-1.0.0.tgz", "web")+`
-- app/Chart.yaml --
apiVersion: v2
name: shop
version: 1.0.0
dependencies:
  - {name: web, version: 1.0.0, repository: "https://charts.example.com", alias: front}
  - {name: web, version: 1.0.0, repository: "https://charts.example.com", alias: back}
-- app/values.yaml --
global:
  level: quiet
front:
  service:
    portName: port_f
back:
  service:
    portName: port_b
  replicaCount: lots
-- more.yaml --
front:
  replicaCount: few
`)
	a := local(render.KindUmbrella, "app")
	a.Sources[0].Values.Files = []string{"more.yaml"}
	check(t, w, a, []want{
		{service("shop-front"), portName, "app/values.yaml:5:15 port_f", "", true},
		{service("shop-back"), portName, "app/values.yaml:8:15 port_b", "", true},
		{deployment("shop-front"), replicas, "more.yaml:2:17 few", "", true},
		{deployment("shop-back"), replicas, "app/values.yaml:9:17 lots", "", true},
		{deployment("shop-front"), level, "app/values.yaml:2:10 quiet", "", true},
		{deployment("shop-back"), level, "app/values.yaml:2:10 quiet", "", true},
		{service("shop-back"), append(ports[:3:3], "port"), "app/values.yaml:7:3 service:", "back.service.port", true},
	})
}

func TestKustomization(t *testing.T) {
	w := newWorld(t, chartAt("remote/web", "web")+`
-- app/kustomization.yaml --
namePrefix: prod-
resources: [../base, extra.yaml]
components: [../common]
images:
  - name: web
    newTag: "1_0"
replicas:
  - name: api
    count: 4
configMapGenerator:
  - name: settings
    options: {disableNameSuffixHash: true}
    literals:
      - a=1
      - LEVEL=debug
patches:
  - path: patch.yaml
  - target: {kind: Service, name: .*api}
    patch: |-
      - op: replace
        path: /spec/ports/0/name
        value: PORT
      - op: add
        path: /spec/ports/-
        value:
          name: second_port
          port: 81
helmCharts:
  - name: web
    repo: https://charts.example.com
    version: 1.0.0
    releaseName: shop
    valuesFile: values.yaml
    valuesInline:
      global: {level: loud}
      service:
        portName: IN_LINE
-- app/values.yaml --
service:
  portName: shadowed
  type: Odd
replicaCount: 2
-- app/patch.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  template:
    spec:
      containers:
        - name: web
          imagePullPolicy: Sometimes
-- app/extra.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: extra
data:
  on: "1"
-- common/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
labels:
  - pairs:
      team: not valid
-- base/kustomization.yml --
resources:
  - all.yaml
-- base/all.yaml --
apiVersion: v1
kind: Service
metadata:
  name: api
spec:
  type: Cluster
  ports:
    - name: http
      port: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: side
          image: side
        - name: web
          image: web
          imagePullPolicy: Always
`)
	a := local(render.KindKustomize, "app")
	check(t, w, a, []want{
		{service("prod-api"), render.Path{"spec", "type"}, "base/all.yaml:6:9 Cluster", "", true},
		{service("prod-api"), portName, "app/kustomization.yaml:22:16 PORT", "", true},
		{service("prod-api"), render.Path{"spec", "ports", 1, "name"}, "app/kustomization.yaml:26:17 second_port", "", true},
		{service("prod-api"), render.Path{"spec", "ports", 0, "protocol"}, "base/all.yaml:8:7 name: http", "", false},
		{service("prod-api"), render.Path{"metadata", "labels", "team"}, "common/kustomization.yaml:5:13 not valid", "", true},
		{service("prod-api"), render.Path{"metadata", "name"}, "base/all.yaml:4:9 api", "", false},
		{deployment("prod-api"), replicas, "app/kustomization.yaml:9:12 4", "", true},
		{deployment("prod-api"), append(pod[:3:3], "containers", 0, "imagePullPolicy"), "app/patch.yaml:10:28 Sometimes", "", true},
		{deployment("prod-api"), append(pod[:3:3], "containers", 0, "image"), "app/kustomization.yaml:6:13 \"1_0\"", "", true},
		{deployment("prod-api"), append(pod[:3:3], "containers", 1, "image"), "base/all.yaml:21:18 side", "", true},
		{render.Key{Kind: "ConfigMap", Name: "prod-settings"}, render.Path{"data", "LEVEL"}, "app/kustomization.yaml:15:9 LEVEL=debug", "", false},
		{render.Key{Kind: "ConfigMap", Name: "prod-settings"}, nil, "app/kustomization.yaml:11:11 settings", "", false},
		{render.Key{Kind: "ConfigMap", Name: "prod-extra"}, render.Path{"data", "on"}, `app/extra.yaml:6:7 "1"`, "", true},
		{service("prod-shop-web"), portName, "app/kustomization.yaml:37:19 IN_LINE", "", true},
		{service("prod-shop-web"), render.Path{"spec", "type"}, "app/values.yaml:3:9 Odd", "", true},
		{deployment("prod-shop-web"), level, "app/kustomization.yaml:35:23 loud}", "", true},
		{deployment("prod-shop-web"), render.Path{"metadata", "labels", "tier"}, "app/kustomization.yaml:29:5 name: web", "", false},
		{deployment("prod-shop-web"), append(pod[:3:3], "hostNetwork"), "app/kustomization.yaml:34:5 valuesInline:", "hostNetwork", true},
	})
}

// What a field is called comes from the template even where its value comes from elsewhere.
func TestNamed(t *testing.T) {
	w := newWorld(t, `
-- app/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- app/values.yaml --
hostPID: true
podSpec:
  hostIPCs: true
-- app/templates/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      hostPIDs: {{ .Values.hostPID }}
      {{- toYaml .Values.podSpec | nindent 6 }}
`)
	fields := []origin.Field{
		{Object: deployment("web"), Path: append(pod[:3:3], "hostPIDs"), Named: true},
		{Object: deployment("web"), Path: append(pod[:3:3], "hostPIDs")},
		{Object: deployment("web"), Path: append(pod[:3:3], "hostIPCs"), Named: true},
	}
	wants := []string{"app/templates/web.yaml:8:7", "app/values.yaml:1:10", "app/values.yaml:3:3"}
	for i, p := range w.find(local(render.KindUmbrella, "app"), fields) {
		if p.Pos.String() != wants[i] {
			t.Errorf("%s: got %s, want %s", fields[i].Path, p.Pos, wants[i])
		}
	}
}

// Of values that are put together in a field, the one is meant that is spoken of.
func TestAbout(t *testing.T) {
	w := newWorld(t, chartAt("remote/web", "web")+`
-- values.yaml --
global: {level: x}
image:
  repository: example.com/a_b
  tag: latest
`)
	for about, want := range map[string]string{
		"the tag is latest": "values.yaml:4:8", "example.com/a_b is no name": "values.yaml:3:15", "": "values.yaml:4:8",
	} {
		p := w.find(remote("values.yaml"), []origin.Field{{
			Object: deployment("shop-web"), Path: append(pod[:3:3], "containers", 0, "image"), About: about,
		}})
		if p[0].Pos.String() != want || !p[0].Proven {
			t.Errorf("%q: got %+v, want %s", about, p[0], want)
		}
	}
}

// manyChart is a chart of a hundred settings. It refuses some values, and makes its objects only for others.
func manyChart() string {
	var values, template strings.Builder
	for i := range 100 {
		fmt.Fprintf(&values, "s%d: v%d\n", i, i)
		fmt.Fprintf(&template, "  s%d: {{ .Values.s%d | quote }}\n", i, i)
	}
	return "-- remote/web/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.0.0\n-- remote/web/values.yaml --\nmode: on\n" +
		"-- remote/web/templates/web.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n" + template.String() +
		"-- remote/web/templates/refuse.yaml --\n{{- if ne .Values.s7 \"v7\" }}{{ fail \"s7 has to be v7\" }}{{ end }}\n" +
		"-- values.yaml --\n" + values.String()
}

// A hundred findings share their renders, also where the chart refuses one of the values that are tried.
func TestManyFieldsAreCheap(t *testing.T) {
	w := newWorld(t, manyChart())
	var fields []origin.Field
	for i := range 100 {
		fields = append(fields, origin.Field{
			Object: render.Key{Kind: "ConfigMap", Name: "web"}, Path: render.Path{"data", fmt.Sprintf("s%d", i)},
		})
	}
	proven := 0
	for i, p := range w.find(remote("values.yaml"), fields) {
		if want := fmt.Sprintf("values.yaml:%d:%d", i+1, 4+len(fmt.Sprint(i))); p.Pos.String() != want {
			t.Errorf("s%d: got %s, want %s", i, p.Pos, want)
		}
		if p.Proven {
			proven++
		}
	}
	if w.renders > origin.MaxRenders || proven < 90 || proven == 100 {
		t.Errorf("%d renders prove %d of 100", w.renders, proven)
	}
}

// Nothing is rendered where nothing is asked, and without a way to render, places are found by reading.
func TestWithoutRenders(t *testing.T) {
	w := newWorld(t, chartAt("remote/web", "web")+"-- values.yaml --\nglobal: {level: x}\nreplicaCount: three\n")
	if p := w.find(remote("values.yaml"), nil); len(p) != 0 || w.renders != 0 {
		t.Errorf("%v, %d renders", p, w.renders)
	}
	result, err := w.render(t.Context(), remote("values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	places, err := origin.Find(t.Context(), origin.App{
		Result: result, Files: w.files, Values: w.files, Charts: w.charts(result.App),
	}, []origin.Field{{Object: deployment("shop-web"), Path: replicas}})
	if err != nil || places[0].Proven || places[0].Pos.String() != "values.yaml:2:15" {
		t.Errorf("%+v, %v", places, err)
	}
}

// Anchors and merges are followed to where the value is written, a Secret's data is looked through, and an object whose name
// the values decide is found again.
func TestSpellings(t *testing.T) {
	w := newWorld(t, chartAt("app", "web")+`
-- app/templates/secret.yaml --
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Values.secretName }}
  annotations:
    note: {{ .Values.secretName }}
data:
  password: {{ .Values.word | b64enc }}
-- prod.yaml --
secretName: my_secret
word: "hunter 2"
common: &common
  portName: too_long
  port: 70000
service:
  <<: *common
  port: 70001
spare: &level loud
global:
  level: *level
`)
	a := local(render.KindUmbrella, "app")
	a.Sources[0].Values.Files = []string{"prod.yaml"}
	secret := render.Key{Kind: "Secret", Name: "my_secret"}
	check(t, w, a, []want{
		{service("shop-web"), portName, "prod.yaml:4:13 too_long", "", true},
		{service("shop-web"), append(ports[:3:3], "port"), "prod.yaml:8:9 70001", "", true},
		{deployment("shop-web"), level, "prod.yaml:9:8 &level loud", "", true},
		{secret, render.Path{"data", "password"}, `prod.yaml:2:7 "hunter 2"`, "", true},
		{secret, render.Path{"metadata", "name"}, "prod.yaml:1:13 my_secret", "", true},
		{secret, render.Path{"metadata", "annotations", "note"}, "prod.yaml:1:13 my_secret", "", true},
	})
}

// Where the chart's own value and the user's are put together, it is the user's that is named; and without renders the last
// file that sets a key.
func TestWhoseValue(t *testing.T) {
	w := newWorld(t, `
-- remote/web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- remote/web/values.yaml --
scheme: https
-- remote/web/templates/web.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  scheme: {{ .Values.scheme }}://{{ .Values.host }}
  host: {{ .Values.host }}
  level: {{ .Values.level | upper }}
-- base.yaml --
host: bad_host
-- prod.yaml --
# The same, again.
host: bad_host
level: loud
`)
	key := render.Key{Kind: "ConfigMap", Name: "web"}
	a := remote("base.yaml", "prod.yaml")
	check(t, w, a, []want{
		{key, render.Path{"data", "scheme"}, "prod.yaml:2:7 bad_host", "", true},
		{key, render.Path{"data", "host"}, "prod.yaml:2:7 bad_host", "", true},
		{key, render.Path{"data", "level"}, "prod.yaml:3:8 loud", "", true},
	})
	result, err := w.render(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	places, err := origin.Find(t.Context(), origin.App{
		Result: result, Files: w.files, Values: w.files, Charts: w.charts(a),
	}, []origin.Field{{Object: key, Path: render.Path{"data", "host"}}})
	if err != nil || places[0].Pos.String() != "prod.yaml:2:7" {
		t.Errorf("%+v, %v", places, err)
	}
}
