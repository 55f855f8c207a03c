package schema

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// FuzzTrees grows trees out of bytes along a schema and away from it: no tree makes the walk panic or hang, and the same
// tree gives the same findings.
func FuzzTrees(f *testing.F) {
	f.Add(uint16(0), []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"))
	f.Add(uint16(77), []byte(strings.Repeat("\x07\x03", 200)))
	f.Add(uint16(130), []byte(strings.Repeat("\x06\x09\x01", 300)))
	f.Fuzz(func(t *testing.T, which uint16, plan []byte) {
		minor := schemas.OldestMinor + int(which)%(schemas.NewestMinor-schemas.OldestMinor+1)
		kinds := schemas.Kinds(minor)
		k := kinds[int(which)%len(kinds)]
		g := grower{plan: plan}
		tree, _ := g.grow(k.Schema, 0).(map[string]any)
		if tree == nil {
			tree = map[string]any{}
		}
		o := render.Object{
			Key: render.Key{Group: k.Group, Kind: k.Kind, Name: "a"}, APIVersion: strings.TrimPrefix(k.Group+"/"+k.Version, "/"), Tree: tree,
		}
		in := validate.Input{Minor: minor, Minors: []int{28, 36}, Results: []render.Result{{Set: render.Set{Objects: []render.Object{o}}}}}
		first := lines(judge(t, in))
		if again := lines(judge(t, in)); fmt.Sprint(first) != fmt.Sprint(again) {
			t.Errorf("two runs differ:\n%q\n%q", first, again)
		}
	})
}

// grower makes values out of bytes.
type grower struct{ plan []byte }

func (g *grower) next() int {
	if len(g.plan) == 0 {
		return 0
	}
	b := g.plan[0]
	g.plan = g.plan[1:]
	return int(b)
}

// grow makes a value, mostly of the type of a schema.
func (g *grower) grow(s *schemas.Schema, depth int) any {
	choice := g.next()
	if len(g.plan) == 0 || depth > 200 {
		return nil
	}
	if s == nil || choice%11 == 0 {
		return g.odd(choice, depth)
	}
	switch s.Type {
	case "object":
		tree := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
			if len(tree) < choice%7 {
				tree[name] = g.grow(s.Fields[name], depth+1)
			}
		}
		for i := range choice % 3 {
			tree[fmt.Sprint("x", i)] = g.grow(s.Values, depth+1)
		}
		return tree
	case "array":
		var list []any
		for range choice % 30 {
			list = append(list, g.grow(s.Elements, depth+1))
		}
		return list
	default:
		if len(s.Enum) > 0 {
			return s.Enum[choice%len(s.Enum)]
		}
		return g.odd(choice, depth)
	}
}

// odd makes a value of any type.
func (g *grower) odd(choice, depth int) any {
	switch choice % 9 {
	case 0:
		return nil
	case 1:
		return choice%2 == 0
	case 2:
		return int64(choice) << (choice % 56)
	case 3:
		return ^uint64(choice)
	case 4:
		return float64(choice) / 7
	case 5:
		return []any{g.grow(nil, depth+1), g.grow(nil, depth+1)}
	case 6:
		return map[string]any{string(rune('a' + choice%26)): g.grow(nil, depth+1), "": nil}
	case 7:
		return string(binary.LittleEndian.AppendUint16(nil, uint16(choice*771)))
	default:
		return []string{"", "1Gi", "y", "TCP", "2006-01-02T15:04:05Z", "YWJj", "web"}[choice%7]
	}
}

// What nests deeper than the API server reads is refused, and not walked to its end.
func TestDepth(t *testing.T) {
	deep := map[string]any{}
	for range 3 * maxDepth {
		deep = map[string]any{"properties": map[string]any{"a": deep}}
	}
	o := render.Object{
		Key: render.Key{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "a"}, APIVersion: "apiextensions.k8s.io/v1",
		Tree: map[string]any{"spec": map[string]any{
			"group": "a", "scope": "Cluster", "names": map[string]any{"kind": "A", "plural": "a"},
			"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": deep}}},
		}},
	}
	in := validate.Input{Minor: 33, Results: []render.Result{{Set: render.Set{Objects: []render.Object{o}}}}}
	if got := judge(t, in); len(got) != 1 || !strings.HasSuffix(got[0].Message, "is nested deeper than the API server reads") {
		t.Errorf("%d findings", len(got))
	}
}

// mixed is what apps are made of: one of each of the kinds that there are most of.
func mixed(tb testing.TB, n int) []render.Object {
	tb.Helper()
	set, err := render.Parse("mixed.yaml", []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, app.kubernetes.io/name: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: web}, annotations: {checksum/config: abc}}
    spec:
      serviceAccountName: web
      securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
      initContainers:
        - {name: wait, image: "registry.example.com/wait:1", command: [sh, -c, "true"]}
      containers:
        - name: web
          image: registry.example.com/web:1
          imagePullPolicy: IfNotPresent
          args: [--port, "8080", --verbose]
          env:
            - {name: A, value: a}
            - {name: B, value: b}
            - {name: C, valueFrom: {secretKeyRef: {name: web, key: c}}}
            - {name: D, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
          ports: [{name: http, containerPort: 8080, protocol: TCP}, {name: metrics, containerPort: 9090}]
          livenessProbe: {httpGet: {path: /live, port: http}, periodSeconds: 10}
          readinessProbe: {httpGet: {path: /ready, port: 8080}, initialDelaySeconds: 3}
          resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: [{name: tmp, mountPath: /tmp}, {name: config, mountPath: /config, readOnly: true}]
      volumes: [{name: tmp, emptyDir: {sizeLimit: 1Gi}}, {name: config, configMap: {name: web, items: [{key: a, path: a}]}}]
      topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: ClusterIP, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9090, targetPort: 9090}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: "1", b: "2", c: "3"}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
type: Opaque
data: {c: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {}}], ports: [{port: 8080, protocol: TCP}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules: [{apiGroups: [""], resources: [pods, services], verbs: [get, list, watch]}]
`))
	if err != nil {
		tb.Fatal(err)
	}
	objects := make([]render.Object, 0, n)
	for i := range n {
		objects = append(objects, set.Objects[i%len(set.Objects)])
	}
	return objects
}

func BenchmarkDeployment(b *testing.B) {
	in := validate.Input{Minor: 33, Results: []render.Result{{Set: render.Set{Objects: mixed(b, 1)}}}}
	b.ReportAllocs()
	for b.Loop() {
		judge(b, in)
	}
}

func BenchmarkMixed(b *testing.B) {
	const n = 5000
	in := validate.Input{Minor: 33, Results: []render.Result{{Set: render.Set{Objects: mixed(b, n)}}}}
	if got := judge(b, in); len(got) > 0 {
		b.Fatalf("found %v", got)
	}
	b.ReportAllocs()
	for b.Loop() {
		judge(b, in)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/object")
}

// A clean field costs no memory: what an object costs does not grow with its fields.
func TestCleanFieldsCostNoMemory(t *testing.T) {
	set := render.Set{Objects: mixed(t, 1)}
	in := validate.Input{Minor: 33, Results: []render.Result{{Set: set}}}
	cost := testing.AllocsPerRun(20, func() { judge(t, in) })
	none := testing.AllocsPerRun(20, func() { judge(t, validate.Input{Minor: 33, Results: []render.Result{{}}}) })
	if cost-none > 20 {
		t.Errorf("a Deployment takes %v allocations", cost-none)
	}
}
