package server

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// judgedAt judges manifests as a minor of Kubernetes does.
func judgedAt(t testing.TB, text string, minor int) []validate.Finding {
	t.Helper()
	set, err := render.Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	found, unchecked, err := judgeAll(context.Background(), validate.Input{Results: []render.Result{{Set: set}}, Minor: minor})
	if err != nil || len(unchecked) > 0 {
		t.Fatal(err, unchecked)
	}
	return found
}

// placesOf gives "rule field" of every finding, sorted.
func placesOf(found []validate.Finding) []string {
	var list []string
	for _, f := range found {
		list = append(list, f.Rule+" "+f.Field.String())
	}
	slices.Sort(list)
	return list
}

// The examples of the rules are what they say. Those that are a stack are run by cmd/sluice.
func TestKindExamples(t *testing.T) {
	for _, rule := range kindRules {
		if strings.HasPrefix(rule.Wrong, "-- ") {
			continue
		}
		found := placesOf(judgedAt(t, rule.Wrong, 33))
		if len(found) == 0 || slices.ContainsFunc(found, func(f string) bool { return !strings.HasPrefix(f, rule.ID+" ") }) {
			t.Errorf("%s finds in what is wrong: %q", rule.ID, found)
		}
		if found = placesOf(judgedAt(t, rule.Right, 33)); len(found) > 0 {
			t.Errorf("%s finds in what is right: %q", rule.ID, found)
		}
	}
}

// kindCase is an object and what is found in it, "rule field" sorted; want none of the twin, where from is replaced by to.
type kindCase struct {
	text, from, to string
	want           []string
}

// kindCases reads testdata/kinds.txt: an object, then lines "- text => another text: rule field, rule field". The object is
// right as it stands, and wrong with the text replaced.
func kindCases(t *testing.T) []kindCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "kinds.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []kindCase
	for block := range strings.SplitSeq(string(text), "\n====\n") {
		object, changes, ok := strings.Cut(block, "\n----\n")
		if !ok {
			t.Fatalf("no changes in\n%s", block)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(changes), "\n") {
			change, want, ok1 := cutLast(line, " :: ")
			from, to, ok2 := strings.Cut(change, " => ")
			if !ok1 || !ok2 || strings.Count(object, from) != 1 {
				t.Fatalf("a line that is none, or a text that is not there once: %s\n%s", line, object)
			}
			var places []string
			if want != "-" {
				places = strings.Split(want, ", ")
			}
			cases = append(cases, kindCase{object, from, strings.ReplaceAll(to, `\n`, "\n"), places})
		}
	}
	return cases
}

func cutLast(s, sep string) (string, string, bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// Every object of the table is right as it stands, and wrong in the one place once it is changed.
func TestKinds(t *testing.T) {
	for _, c := range kindCases(t) {
		if found := judgedAt(t, c.text, 36); len(found) > 0 {
			t.Fatalf("the twin is wrong: %s\n%s", found[0].Message, c.text)
		}
		found := judgedAt(t, strings.Replace(c.text, c.from, c.to, 1), 36)
		if places := placesOf(found); !slices.Equal(places, c.want) {
			t.Errorf("%s => %s: %q, want %q\n%s", c.from, c.to, places, c.want, c.text)
		}
		for _, f := range found {
			if strings.Contains(f.Message, "%!") || strings.Contains(f.Message, "\n") {
				t.Errorf("%s", f.Message)
			}
		}
	}
}

// Every kind that is judged is in the table, and every rule finds something there.
func TestKindsAreCovered(t *testing.T) {
	kinds, rules := map[string]bool{}, map[string]bool{tooLarge: true}
	for _, c := range kindCases(t) {
		set, err := render.Parse("x.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		kinds[set.Objects[0].Key.GroupKind()] = true
		for _, w := range c.want {
			rule, _, _ := strings.Cut(w, " ")
			rules[rule] = true
		}
	}
	for _, c := range kindChecks {
		for _, kind := range c.kinds {
			if !kinds[kind] {
				t.Errorf("no case for %s", kind)
			}
		}
	}
	for _, rule := range kindRules {
		if !rules[rule.ID] {
			t.Errorf("no case for %s", rule.ID)
		}
	}
}

// What a server takes hangs on its version.
func TestKindsByMinor(t *testing.T) {
	for _, c := range []struct {
		text       string
		from, upTo int // the minors that refuse it
	}{
		{objectOf("v1 Service", "spec: {ports: [{port: 80}], externalIPs: [010.0.0.1]}"), 36, 99},
		{objectOf("v1 Service", "spec: {type: LoadBalancer, ports: [{port: 80}], loadBalancerSourceRanges: [10.0.0.1/8]}"), 36, 99},
		{objectOf("v1 Service", "spec: {ports: [{port: 80}], trafficDistribution: PreferSameZone}"), 31, 33},
		{objectOf("networking.k8s.io/v1 Ingress", "spec: {defaultBackend: {service: {name: 1web, port: {number: 80}}}}"), 0, 35},
		{objectOf("autoscaling/v2 HorizontalPodAutoscaler", "spec: {scaleTargetRef: {kind: Deployment, name: web}, maxReplicas: 2}"), 34, 99},
		{objectOf("autoscaling/v2 HorizontalPodAutoscaler", "spec: {scaleTargetRef: {apiVersion: v1, kind: ReplicationController, name: web}, maxReplicas: 2}"), 99, 99},
		{objectOf("autoscaling/v2 HorizontalPodAutoscaler", "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 0, maxReplicas: 2, metrics: [{type: External, external: {metric: {name: a}, target: {type: Value, value: 1}}}]}"), 0, 36},
		// What is left to the schema has its values there.
		{objectOf("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", "webhooks: [{name: a.example.com, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: 'https://a.example.com'}, rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'], scope: Namespace}]}]"), 0, 34},
		{objectOf("batch/v1 Job", "spec: {managedBy: a, template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}"), 32, 99},
		{objectOf("admissionregistration.k8s.io/v1 MutatingWebhookConfiguration", "webhooks: [{name: a.example.com, sideEffects: None, reinvocationPolicy: Always, admissionReviewVersions: [v1], clientConfig: {url: 'https://a.example.com'}}]"), 34, 34},
		{objectOf("v1 ResourceQuota", "spec: {scopes: [Bogus]}"), 0, 29},
		{podOf("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {}, matchLabelKeys: [null]}]}}\ncontainers: [{name: a, image: a}]"), 31, 99},
		{objectOf("flowcontrol.apiserver.k8s.io/v1 FlowSchema", "spec: {distinguisherMethod: {type: ''}, priorityLevelConfiguration: {name: a}}"), 0, 99},
		{"apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata: {name: a, finalizers: [keep]}\nspec: {priorityLevelConfiguration: {name: a}}\n", 0, 99},
		{"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a, finalizers: [keep]}\nspec: {maxUnavailable: 1}\n", 99, 99},
		{podOf("securityContext: {seLinuxChangePolicy: MountOption}\ncontainers: [{name: a, image: a}]"), 33, 36},
		{podOf("securityContext: {seLinuxChangePolicy: Other}\ncontainers: [{name: a, image: a}]"), 33, 99},
		{objectOf("discovery.k8s.io/v1 EndpointSlice", "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forNodes: [{name: A_B}]}}]"), 34, 99},
		{objectOf("discovery.k8s.io/v1 EndpointSlice", "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forZones: [{name: -x}]}}]"), 0, 99},
		{objectOf("batch/v1 Job", "spec: {managedBy: \"\", template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}"), 32, 99},
		{objectOf("v1 ResourceQuota", "spec: {scopes: [BestEffort, null]}"), 0, 29},
		{"apiVersion: networking.k8s.io/v1\nkind: IPAddress\nmetadata: {name: 10.0.0.1}\n", 0, 35}, // then the schema asks for it
		{objectOf("apps/v1 ControllerRevision", "revision: 1"), 0, 36},                             // then the schema asks for it
		{objectOf("batch/v1 Job", "spec: {completionMode: Indexed, completions: 2, parallelism: 1, successPolicy: {rules: [{succeededIndexes: x}]}, template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}"), 31, 99},
		{objectOf("batch/v1 Job", "spec: {successPolicy: {rules: [{succeededCount: 1}]}, template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}"), 31, 99},
		{podOf("containers: [{name: a, image: a, volumeMounts: [{name: v, mountPath: /v, recursiveReadOnly: Yes-}]}]\nvolumes: [{name: v, emptyDir: {}}]"), 31, 99},
		{podOf("volumes: [{name: A, image: {reference: a}}, {name: A, image: {reference: a}}]\ncontainers: [{name: a, image: a}]"), 35, 99},
		{objectOf("v1 PersistentVolumeClaim", "spec: {accessModes: [ReadWriteOnce], volumeAttributesClassName: A_B, resources: {requests: {storage: 1}}}"), 34, 99},
	} {
		for minor := 28; minor <= 37; minor++ {
			found := judgedAt(t, c.text, minor)
			if want := minor >= c.from && minor <= c.upTo; len(found) > 0 != want {
				t.Errorf("1.%d: %+v\n%s", minor, found, c.text)
			}
		}
	}
}

// A value that a placeholder stands for is not judged, wherever it is.
func TestKindBlanks(t *testing.T) {
	for _, c := range kindCases(t) {
		set, err := render.Parse("x.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		object := &set.Objects[0]
		var ledger []render.Placeholder
		blankLeaves(object.Tree, nil, func(at render.Path) {
			ledger = append(ledger, render.Placeholder{Object: object.Key, Field: at, Key: "key"})
		})
		found, _, err := judgeAll(context.Background(), validate.Input{Results: []render.Result{{Set: set, Ledger: ledger}}, Minor: 36})
		if err != nil || len(found) > 0 {
			t.Errorf("%v %+v\n%s", err, found, c.text)
		}
	}
}

// blankLeaves puts a placeholder at every scalar but those that say what the object is.
func blankLeaves(v any, at render.Path, put func(render.Path)) {
	set := func(child any, step any, to func(string)) {
		path := at.With(step)
		if _, branch := child.(map[string]any); branch {
			blankLeaves(child, path, put)
		} else if _, branch := child.([]any); branch {
			blankLeaves(child, path, put)
		} else if path.String() != "apiVersion" && path.String() != "kind" && path.String() != "metadata.name" {
			to("<path:kv/data/argocd/apps/example#key>")
			put(path)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			set(child, key, func(text string) { v[key] = text })
		}
	case []any:
		for i, child := range v {
			set(child, i, func(text string) { v[i] = text })
		}
	}
}

// No value of a Secret is in any text, not even a wrong one.
func TestKindSecrets(t *testing.T) {
	text := objectOf("v1 Secret", `type: kubernetes.io/dockerconfigjson
data: {"a b": aHVudGVyMg==, c: hunter2, .dockerconfigjson: aHVudGVyMg==}
stringData: {d: hunter2, "e/f": hunter2, c: hunter2}`)
	found := judgedAt(t, text, 33)
	if len(found) < 4 {
		t.Errorf("%+v", found)
	}
	for _, f := range found {
		if all := fmt.Sprintf("%+v", f); strings.Contains(all, "hunter") || strings.Contains(all, "aHVudGVy") {
			t.Error(all)
		}
	}
}

// A Job says of its restartPolicy what the manifest says, and what it is where that says nothing.
func TestRestartOfJob(t *testing.T) {
	for policy, want := range map[string]string{
		"restartPolicy: Always, ": "spec.template.spec.restartPolicy is Always, want OnFailure or Never: the Pods of a Job end",
		"":                        "spec.template.spec.restartPolicy is Always unless it is stated, want OnFailure or Never: the Pods of a Job end",
	} {
		found := judgedAt(t, objectOf("batch/v1 Job", "spec: {template: {spec: {"+policy+"containers: [{name: a, image: a}]}}}"), 33)
		if len(found) != 1 || found[0].Message != want {
			t.Errorf("%q: %+v", policy, found)
		}
	}
}

// What is larger than a megabyte is refused, wherever the bytes are; what placeholders stand for is not counted.
func TestTooLarge(t *testing.T) {
	half := strings.Repeat("x", 1<<19)
	for _, c := range []struct {
		text string
		want int
	}{
		{objectOf("v1 ConfigMap", "data: {a: "+half+", b: "+half+"}"), 0},
		{objectOf("v1 ConfigMap", "data: {a: "+half+", b: "+half+"x}"), 1},
		{objectOf("v1 ConfigMap", "data: {a: "+half+"}\nbinaryData: {b: "+half+"}"), 0},
		{objectOf("v1 Secret", "stringData: {a: "+half+", b: "+half+"x}"), 1},
	} {
		if found := judgedAt(t, c.text, 33); len(found) != c.want || c.want > 0 && (found[0].Rule != tooLarge || len(found[0].Message) > 200) {
			t.Errorf("%d findings, want %d", len(found), c.want)
		}
	}
}

// A value of another type is for the schemas to report: nothing panics at it, and nothing is said of it.
func TestKindTypes(t *testing.T) {
	odd := []any{nil, "", "text", int64(7), uint64(1 << 63), 1.5, true, []any{}, []any{nil, int64(1), []any{}}, map[string]any{}, map[string]any{"": nil}}
	seen := map[string]bool{}
	for _, c := range kindCases(t) {
		if seen[c.text] {
			continue
		}
		seen[c.text] = true
		set, err := render.Parse("x.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		everyBranch(set.Objects[0].Tree, nil, func(at render.Path, old any, put func(any)) {
			for _, value := range odd {
				put(value)
				found, _, err := judgeAll(context.Background(), validate.Input{Results: []render.Result{{Set: set}}, Minor: 36})
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range found {
					if !slices.ContainsFunc(kindRules, func(r validate.Rule) bool { return r.ID == f.Rule }) {
						continue
					}
					if typeOf(value) != typeOf(old) && value != nil && strings.HasPrefix(f.Field.String()+".", at.String()+".") {
						t.Errorf("%s is %v: %s: %s\n%s", at, value, f.Rule, f.Message, c.text)
					}
				}
			}
			put(old)
		})
	}
}

// everyBranch calls do with every value of a tree below the kind, and a way to put another one there.
func everyBranch(v any, at render.Path, do func(render.Path, any, func(any))) {
	visit := func(step, child any, put func(any)) {
		path := at.With(step)
		if p := path.String(); p == "apiVersion" || p == "kind" || strings.HasPrefix(p, "metadata") {
			return
		}
		everyBranch(child, path, do)
		do(path, child, put)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			visit(key, v[key], func(to any) { v[key] = to })
		}
	case []any:
		for i, child := range v {
			visit(i, child, func(to any) { v[i] = to })
		}
	}
}

// typeOf tells the types of a schema apart. A port or a share may be a number or a text, and an amount is any scalar.
func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	}
	return "scalar"
}

// Since 1.37 an autoscaler may go down to nothing, if something else than the Pods says when to come back.
func TestScaleToZero(t *testing.T) {
	text := "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 0\n  maxReplicas: 3\n  metrics: [METRIC]\n"
	for metric, want := range map[string][]string{
		"{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}":                                                     {"invalid-autoscaler spec.metrics"},
		"{type: External, external: {metric: {name: queue}, target: {type: Value, value: \"3\"}}}":                                                         nil,
		"{type: Object, object: {metric: {name: hits}, describedObject: {apiVersion: v1, kind: Service, name: web}, target: {type: Value, value: \"3\"}}}": nil,
	} {
		text := strings.Replace(text, "METRIC", metric, 1)
		if got := placesOf(judgedAt(t, text, 37)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", metric, got, want)
		}
		if got := placesOf(judgedAt(t, text, 36)); !slices.Equal(got, []string{"invalid-autoscaler spec.minReplicas"}) {
			t.Errorf("%s, before: %q", metric, got)
		}
	}
}

// What OpenShift's own API servers have is named otherwise than custom resources.
func TestNamesOfOpenShift(t *testing.T) {
	for text, want := range map[string]int{
		"apiVersion: user.openshift.io/v1\nkind: Group\nmetadata: {name: demo_team}\nusers: [a]\n":         0,
		"apiVersion: user.openshift.io/v1\nkind: Identity\nmetadata: {name: \"ldap:a\"}\n":                 0,
		"apiVersion: image.openshift.io/v1\nkind: ImageStream\nmetadata: {name: label_sync}\n":             0,
		"apiVersion: user.openshift.io/v1\nkind: Group\nmetadata: {name: demo/team}\nusers: [a]\n":         1,
		"apiVersion: operator.openshift.io/v1\nkind: Console\nmetadata: {name: demo_team}\nspec: {}\n":     1,
		"apiVersion: user.openshift.io/v1\nkind: Group\nmetadata: {generateName: demo_team-}\nusers: []\n": 0,
	} {
		if found := judgedAt(t, text, 33); len(found) != want {
			t.Errorf("%s%v, want %d", text, found, want)
		}
	}
}
