package schema

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// said judges manifests as the app "example" and gives "rule: message" of every finding, sorted.
func said(t testing.TB, text string, minor int, minors ...int) []string {
	t.Helper()
	set, err := render.Parse("example.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return lines(judge(t, validate.Input{Minor: minor, Minors: minors, Results: []render.Result{{Set: set}}}))
}

func judge(t testing.TB, in validate.Input) []validate.Finding {
	t.Helper()
	found, _, err := judgeAll(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func lines(found []validate.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, f.Rule+": "+f.Message)
	}
	slices.Sort(all)
	return all
}

func TestExamples(t *testing.T) {
	for _, r := range Rules() {
		if got := example(t, r.Wrong); len(got) != 1 || !strings.HasPrefix(got[0], r.ID+": ") {
			t.Errorf("%s: the wrong example gives %q", r.ID, got)
		}
		if got := example(t, r.Right); len(got) > 0 {
			t.Errorf("%s: the right example gives %q", r.ID, got)
		}
	}
}

// example judges an example: manifests, or a stack with its manifests at its end.
func example(t *testing.T, text string) []string {
	t.Helper()
	minor := 33
	if stack, manifests, ok := strings.Cut(text, "-- manifests/all.yaml --\n"); ok {
		_, version, _ := strings.Cut(stack, `kubernetes: "1.`)
		n, err := strconv.Atoi(version[:2])
		if err != nil {
			t.Fatal(err)
		}
		text, minor = manifests, n
	}
	return said(t, text, minor)
}

// claim is a PersistentVolumeClaim that is filled from something.
func claim(source string) string {
	return "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: " + source + "}\n"
}

// pod writes a Pod whose one container has more fields, as they stand in a flow mapping.
func pod(more string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - {name: web, image: a" + more + "}\n"
}

// The messages are what people read: they are compared whole.
func TestMessages(t *testing.T) {
	deployment := func(spec string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {}, template: {spec: {containers: []}}" + spec + "}\n"
	}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"clean", pod(""), nil},
		{"optional null", pod(", env: null, resources: ~, securityContext: {runAsUser: null}"), nil},
		{"required null", pod(", ports: [{containerPort: null}]"), []string{
			"required-field: spec.containers[0].ports[0].containerPort is null, which is as if it were missing",
		}},
		{"null elements", pod(", args: [null], env: [null]"), []string{
			"null-value: spec.containers[0].args[0] is null, which the API server turns into an empty string",
			"required-field: spec.containers[0].env[0] is null, which is an element without any field, and name is required",
		}},
		{"null in a set of words", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {}, policyTypes: [null]}\n", []string{
			`invalid-enum: spec.policyTypes[0] is null, which the API server turns into an empty string, want "Egress" or "Ingress"`,
		}},
		{"a zone without a name, which the server takes", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forZones: [{}]}}]\n", []string{"waived-field: endpoints[0].hints.forZones[0].name is missing"}},
		{"a hint about nodes, which the server drops", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forNodes: [null]}}]\n", []string{
			"gated-field: endpoints[0].hints.forNodes needs the feature gate PreferSameTrafficDistribution, off by default in Kubernetes 1.33: the API server drops the field, or refuses it",
			"null-value: endpoints[0].hints.forNodes[0] is null, which the API server turns into an empty object",
		}},
		{"a source that the server drops", claim("{name: a}"), []string{"waived-field: spec.dataSource.kind is missing"}},
		{"a source that the server drops, empty", claim("{}"), []string{"waived-field: spec.dataSource.kind is missing", "waived-field: spec.dataSource.name is missing"}},
		{"a source without a name", claim("{kind: PersistentVolumeClaim}"), []string{"required-field: spec.dataSource.name is missing"}},
		{"a source beside a reference", claim("{name: a}, dataSourceRef: {kind: PersistentVolumeClaim, name: a}"), []string{"required-field: spec.dataSource.kind is missing"}},
		{"a source in another namespace, which the server drops", claim("{name: a}, dataSourceRef: {namespace: b, name: a}"), []string{
			"gated-field: spec.dataSourceRef.namespace needs the feature gate CrossNamespaceVolumeDataSource, off by default in Kubernetes 1.33: the API server drops the field, or refuses it",
			"waived-field: spec.dataSource.kind is missing", "waived-field: spec.dataSourceRef.kind is missing",
		}},
		{"a claim beside a source that the server drops", claim("{kind: PersistentVolumeClaim}, dataSourceRef: {namespace: b, kind: A, name: a}"), []string{
			"gated-field: spec.dataSourceRef.namespace needs the feature gate CrossNamespaceVolumeDataSource, off by default in Kubernetes 1.33: the API server drops the field, or refuses it",
			"required-field: spec.dataSource.name is missing",
		}},
		{"null quantity", pod(", resources: {limits: {cpu: null}}"), []string{
			"null-value: spec.containers[0].resources.limits.cpu is null, which the API server turns into 0",
		}},
		{"whole floats are integers", pod(", ports: [{containerPort: 8e1}, {containerPort: 81.0}]"), nil},
		{"int or string", pod(", livenessProbe: {httpGet: {port: http}}, readinessProbe: {httpGet: {port: 1.5}}, startupProbe: {httpGet: {port: true}}"), []string{
			"wrong-type: spec.containers[0].readinessProbe.httpGet.port is 1.5, want an integer or a string",
			"wrong-type: spec.containers[0].startupProbe.httpGet.port is true, want an integer or a string",
		}},
		{"int or string of 33 bits", pod(", livenessProbe: {tcpSocket: {port: 4294967296}}"), []string{
			"number-range: spec.containers[0].livenessProbe.tcpSocket.port is 4294967296, which does not fit into 32 bits",
		}},
		{"64 bits", pod(", securityContext: {runAsUser: 9223372036854775808, runAsGroup: 9223372036854775807}"), []string{
			"number-range: spec.containers[0].securityContext.runAsUser is 9223372036854775808, which does not fit into 64 bits",
		}},
		{"quantities", pod(", resources: {limits: {cpu: 0.5, memory: 1e9, a: true, b: 2GiB, c: {}, d: 12 }}"), []string{
			"invalid-quantity: spec.containers[0].resources.limits.a is true, want a quantity such as 500m or 1Gi",
			`invalid-quantity: spec.containers[0].resources.limits.b is "2GiB", which is no quantity, did you mean 2Gi?`,
			"wrong-type: spec.containers[0].resources.limits.c is an object, want a quantity such as 500m or 1Gi",
		}},
		{"YAML 1.1", pod(", env: [{name: A, value: y}, {name: B, value: off}, {name: C, value: true}, {name: D, value: 0777}, {name: E, value: \"y\"}]"), []string{
			"env-not-string: spec.containers[0].env[0].value is y without quotes, which YAML 1.1 reads as the boolean true, want a string: put quotes around it",
			"env-not-string: spec.containers[0].env[1].value is off without quotes, which YAML 1.1 reads as the boolean false, want a string: put quotes around it",
			"env-not-string: spec.containers[0].env[2].value is the boolean true, want a string: put quotes around it",
			"env-not-string: spec.containers[0].env[3].value is a number, want a string: put quotes around it",
		}},
		{"word in another case", pod(", ports: [{containerPort: 80, protocol: tcp}]"), []string{
			`invalid-enum: spec.containers[0].ports[0].protocol is "tcp", want "SCTP", "TCP" or "UDP", did you mean "TCP"?`,
		}},
		{"number for a word", pod(", imagePullPolicy: 1"), []string{
			`wrong-type: spec.containers[0].imagePullPolicy is 1, want "Always", "IfNotPresent" or "Never"`,
		}},
		{"the default of a key", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}, {port: 80, protocol: TCP}, {port: 80, protocol: UDP}]}\n", []string{
			`duplicate-element: spec.ports[1] has port 80 and protocol "TCP", as has ports[0]`,
		}},
		{"field in the wrong place", deployment(", containers: []"), []string{
			"unknown-field: spec.containers is not a field of apps/v1 Deployment: one of that name belongs to spec.template.spec",
		}},
		{"field in a wrong case", deployment(", minreadyseconds: 3"), []string{
			"unknown-field: spec.minreadyseconds is not a field of apps/v1 Deployment, did you mean minReadySeconds?",
		}},
		{"resource in the wrong place", pod(", resources: {cpu: 1}"), []string{
			"unknown-field: spec.containers[0].resources.cpu is not a field of v1 Pod, did you mean requests.cpu?",
		}},
		{"end of a name", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [], volumes: [{name: a, secret: {name: b}}]}\n", []string{
			"unknown-field: spec.volumes[0].secret.name is not a field of v1 Pod, did you mean secretName?",
		}},
		{"field of a later minor", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [], hostnameOverride: a}\n", []string{
			"unknown-field: spec.hostnameOverride is not a field of v1 Pod in Kubernetes 1.33: it came with 1.34",
		}},
		{"status", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {}, serviceName: a, template: {spec: {containers: []}}}\n" +
			"status: {conditions: [{type: A}, {type: A}], nope: 1}\n", []string{
			"incomplete-status: status lacks replicas",
			"incomplete-status: status.conditions[0] lacks status",
			"incomplete-status: status.conditions[1] lacks status",
			"unknown-field: status.nope is not a field of apps/v1 StatefulSet",
		}},
		{"nothing of a Secret", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nimmutable: sesame\ntype: 12345\ndata: {a: sesame!, b: [sesame]}\nstringData: {c: true, d: 12345}\n", []string{
			"invalid-format: data.a is not base64 with padding",
			"wrong-type: data.b is a list, want a string",
			"wrong-type: immutable is a string, want true or false",
			"wrong-type: stringData.c is the boolean true, want a string: put quotes around it",
			"wrong-type: stringData.d is a number, want a string: put quotes around it",
			"wrong-type: type is a number, want a string: put quotes around it",
		}},
		{"base64 of several lines", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  a: |\n    YWJj\n    ZA==\n  b: ''\n", nil},
		{"bytes as numbers", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: [], b: [104, null, 255], c: [256], d: [-1], e: [1.5]}\n", []string{
			"wrong-type: data.c is a list, want a string",
			"wrong-type: data.d is a list, want a string",
			"wrong-type: data.e is a list, want a string",
		}},
		{"what a server drops unless a feature is on", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: a, resources: {claims: [{}, null]}}]\n" +
			"  resourceClaims: [{nam: a}]\n  volumes: [{name: a, image: {pullPolicy: always, reference: 1}}]\n", []string{
			"gated-field: spec.containers[0].resources.claims needs the feature gate DynamicResourceAllocation, off by default in Kubernetes 1.33: the API server drops the field, or refuses it",
			"gated-field: spec.resourceClaims needs the feature gate DynamicResourceAllocation, off by default in Kubernetes 1.33: the API server drops the field, or refuses it",
			"gated-field: spec.volumes[0].image needs the feature gate ImageVolume, off by default in Kubernetes 1.33: the API server drops the field, or refuses it",
			"null-value: spec.containers[0].resources.claims[1] is null, which the API server turns into an empty object",
			"unknown-field: spec.resourceClaims[0].nam is not a field of v1 Pod, did you mean name?",
			"wrong-type: spec.volumes[0].image.reference is a number, want a string: put quotes around it",
		}},
		{"times", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, creationTimestamp: null, deletionTimestamp: now}\nspec: {containers: []}\n", []string{
			`invalid-format: metadata.deletionTimestamp is "now", want a time such as 2006-01-02T15:04:05Z`,
		}},
		{"group without a dot", "apiVersion: app/v1\nkind: Deployment\nmetadata: {name: a}\n", []string{
			"unknown-kind: app/v1 Deployment is not an API of Kubernetes 1.33, did you mean apps/v1 Deployment?",
		}},
		{"kind in another case", "apiVersion: v1\nkind: configmap\nmetadata: {name: a}\n", []string{
			"unknown-kind: v1 configmap is not an API of Kubernetes 1.33, did you mean v1 ConfigMap?",
		}},
		{"a replacement that went too", "apiVersion: extensions/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: a}\n", []string{
			"removed-api: extensions/v1beta1 PodSecurityPolicy was removed in Kubernetes 1.16",
		}},
		{"custom resources", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}\n", nil},
		{"in a list", "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dat: {}}\n", []string{
			"unknown-field: dat is not a field of v1 ConfigMap, did you mean data?",
		}},
		{"definitions", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {group: a, scope: Namespaced, names: {kind: A, plural: a}, " +
			"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {typ: string, default: {b: [1]}}}}}}]}\n", []string{
			"unknown-field: spec.versions[0].schema.openAPIV3Schema.properties.a.typ is not a field of apiextensions.k8s.io/v1 CustomResourceDefinition, did you mean type?",
		}},
	} {
		if got := said(t, c.text, 33); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// Of what all minors of a range find, the words are those of the cluster's.
func TestARangeIsWordedForTheCluster(t *testing.T) {
	want := []string{"unknown-field: spec.hostnameOverride is not a field of v1 Pod in Kubernetes 1.32: it came with 1.34"}
	if got := said(t, pod("")+"  hostnameOverride: a\n", 32, 31, 32, 33); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A field that servers drop before a minor is judged by its types alone until then, and that it is dropped is said.
func TestDroppedFields(t *testing.T) {
	for minor := 30; minor <= 37; minor++ { // successPolicy came with 1.30
		for text, since := range map[string]int{
			pod(", securityContext: {procMount: Other}"): 33,
			"apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: []}}, successPolicy: {rules: null}}\n": 31,
		} {
			got := said(t, text, minor)
			if len(got) != 1 || strings.HasPrefix(got[0], "gated-field: ") != (minor < since) {
				t.Errorf("1.%d: %q\n%s", minor, got, text)
			}
		}
	}
}
