package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// podCases reads testdata/pods.txt: an object, then lines "text => another text :: rule field, rule field". The object is
// right as it stands, and wrong in these fields, or for "-" still right, with the text replaced.
func podCases(t testing.TB) []kindCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "pods.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []kindCase
	for block := range strings.SplitSeq(string(text), "\n====\n") {
		object, changes, _ := strings.Cut(block, "\n----\n")
		for line := range strings.SplitSeq(strings.Trim(changes, "\n"), "\n") {
			change, want, ok1 := cutLast(strings.ReplaceAll(line, `\n`, "\n"), " :: ")
			from, to, ok2 := strings.Cut(change+" ", " => ")
			to = strings.TrimSuffix(to, " ")
			if !ok1 || !ok2 || !strings.Contains(object, from) {
				t.Fatalf("a line that is none, or a text that is not there: %s\n%s", line, object)
			}
			var places []string
			if want != "-" {
				places = strings.Split(want, ", ")
			}
			cases = append(cases, kindCase{object, from, to, places})
		}
	}
	return cases
}

// Every object of the table is right as it stands, and wrong in these places once it is changed.
func TestPods(t *testing.T) {
	for _, c := range podCases(t) {
		if found := judgedAt(t, c.text, 36); len(found) > 0 {
			t.Fatalf("the twin is wrong: %s\n%s", found[0].Message, c.text)
		}
		found := judgedAt(t, strings.Replace(c.text, c.from, c.to, 1), 36)
		if places := placesOf(found); !slices.Equal(places, c.want) {
			t.Errorf("%s => %s: %q, want %q", c.from, c.to, places, c.want)
		}
		for _, f := range found {
			if strings.Contains(f.Message, "%!") || strings.Contains(f.Message, "\n") || strings.Contains(f.Message, "<nil>") {
				t.Errorf("%s", f.Message)
			}
		}
	}
}

// Every rule about metadata, Pods and what runs them finds something in the table, and every kind is in it.
func TestPodsAreCovered(t *testing.T) {
	kinds, rules := map[string]bool{}, map[string]bool{}
	for _, c := range podCases(t) {
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
	for _, c := range slices.Concat(podChecks, workloadChecks) {
		for _, kind := range c.kinds {
			if !kinds[kind] {
				t.Errorf("no case for %s", kind)
			}
		}
	}
	for _, rule := range slices.Concat(objectRules, podRules, workloadRules) {
		if !rules[rule.ID] {
			t.Errorf("no case for %s", rule.ID)
		}
	}
}

// The examples of the rules are what they say, and their texts are whole.
func TestPodExamples(t *testing.T) {
	for _, rule := range slices.Concat(objectRules, podRules, workloadRules) {
		found := placesOf(judgedAt(t, rule.Wrong, 33))
		if len(found) != 1 || !strings.HasPrefix(found[0], rule.ID+" ") {
			t.Errorf("%s finds in what is wrong: %q", rule.ID, found)
		}
		if found = placesOf(judgedAt(t, rule.Right, 33)); len(found) > 0 {
			t.Errorf("%s finds in what is right: %q", rule.ID, found)
		}
		if rule.Title == "" || rule.Why == "" || rule.Fix == "" || rule.Source == "" {
			t.Errorf("%s lacks a text", rule.ID)
		}
	}
}

// What a server takes depends on its minor.
func TestMinors(t *testing.T) {
	for _, c := range []struct {
		text        string
		minor       int
		rule, field string // empty for nothing
	}{
		{podOf(web + "  env: [{name: A B, value: c}]"), 31, "invalid-env", "spec.containers[0].env[0].name"},
		{podOf(web + "  env: [{name: A B, value: c}]"), 32, "", ""},
		{podOf("dnsConfig: {searches: [a_b]}\n" + web), 32, "invalid-pod", "spec.dnsConfig.searches[0]"},
		{podOf("dnsConfig: {searches: [a_b]}\n" + web), 33, "", ""},
		{podOf("hostAliases: [{ip: 010.0.0.1}]\n" + web), 35, "", ""},
		{podOf("hostAliases: [{ip: 010.0.0.1}]\n" + web), 36, "invalid-pod", "spec.hostAliases[0].ip"},
		{podOf(web + "  restartPolicy: Never"), 34, "invalid-container", "spec.containers[0].restartPolicy"},
		{podOf(web + "  restartPolicy: Never"), 35, "", ""},
		{podOf(web + "  lifecycle: {preStop: {sleep: {seconds: 0}}}"), 32, "invalid-probe", "spec.containers[0].lifecycle.preStop.sleep.seconds"},
		{podOf(web + "  lifecycle: {preStop: {sleep: {seconds: 0}}}"), 33, "", ""},
		{podOf("resources: {limits: {disk: 1}}\n" + web), 33, "", ""},
		{podOf("resources: {limits: {disk: 1}}\n" + web), 34, "invalid-resources", "spec.resources.limits.disk"},
		{podOf(web + "  lifecycle: {preStop: {sleep: {}}}"), 32, "invalid-probe", "spec.containers[0].lifecycle.preStop.sleep.seconds"},
		{podOf(web + "  lifecycle: {preStop: {sleep: {}}}"), 33, "", ""},
		{podOf(web + "  resizePolicy: [{resourceName: disk, restartPolicy: NotRequired}]"), 32, "", ""},
		{podOf(web + "  resizePolicy: [{resourceName: disk, restartPolicy: NotRequired}]"), 33, "invalid-container", "spec.containers[0].resizePolicy[0].resourceName"},
		{podOf(web + "  resources: {claims: [{name: gpu}]}"), 33, "", ""},
		{podOf(web + "  resources: {claims: [{name: gpu}]}"), 34, "invalid-resources", "spec.containers[0].resources.claims[0].name"},
		{podOf("resourceClaims: [{name: gpu}]\n" + web), 33, "", ""},
		{podOf("resourceClaims: [{name: gpu}]\n" + web), 34, "invalid-resources", "spec.resourceClaims[0]"},
		{podOf("initContainers: [{name: a, image: a, restartPolicy: Never}]\n" + web), 28, "", ""},
		{podOf("initContainers: [{name: a, image: a, restartPolicy: Never}]\n" + web), 29, "invalid-container", "spec.initContainers[0].restartPolicy"},
		{podOf("initContainers: [{name: a, image: a, restartPolicy: Never}]\n" + web), 34, "", ""},
		{podOf("initContainers: [{name: a, image: a, restartPolicy: \"\"}]\n" + web), 33, "invalid-container", "spec.initContainers[0].restartPolicy"},
		{podOf("initContainers: [{name: a, image: a, restartPolicy: Always, livenessProbe: {exec: {command: [a]}}}]\n" + web), 28, "invalid-container", "spec.initContainers[0].livenessProbe"},
		{podOf("initContainers: [{name: a, image: a, restartPolicy: Always, livenessProbe: {exec: {command: [a]}}}]\n" + web), 29, "", ""},
		{podOf("hostAliases: [{hostnames: [a]}]\n" + web), 29, "invalid-pod", "spec.hostAliases[0].ip"},
		{podOf("hostAliases: [{hostnames: [a]}]\n" + web), 30, "", ""}, // the schema asks for it
		{podOf("volumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: /a}}]}}]\n" + web), 29, "", ""},
		{podOf("volumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: /a}}]}}]\n" + web), 30, "invalid-volume", "spec.volumes[0].projected.sources[0].serviceAccountToken.path"},
		{cronJobOf("schedule: TZ=UTC 0 * * * *"), 28, "", ""},
		{cronJobOf("schedule: CRON_TZ=UTC 0 * * *"), 28, "invalid-schedule", "spec.schedule"},
		{cronJobOf("schedule: TZ=Atlantis 0 * * * *"), 28, "invalid-schedule", "spec.schedule"},
		{cronJobOf("schedule: TZ=UTC 0 * * * *"), 29, "invalid-schedule", "spec.schedule"},
		{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\n", 35, "invalid-schedule", "spec"},
		{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\n", 36, "", ""}, // the schema asks for it
		{"apiVersion: v1\nkind: Service\nmetadata: {name: 1web}\nspec: {ports: [{port: 80}]}\n", 35, "invalid-name", "metadata.name"},
		{"apiVersion: v1\nkind: Service\nmetadata: {name: 1web}\nspec: {ports: [{port: 80}]}\n", 36, "", ""},
	} {
		var want []string
		if c.rule != "" {
			want = []string{c.rule + " " + c.field}
		}
		if found := placesOf(judgedAt(t, c.text, c.minor)); !slices.Equal(found, want) {
			t.Errorf("1.%d finds %q, want %q in\n%s", c.minor, found, want, c.text)
		}
	}
}

// Annotations have a limit together.
func TestAnnotationLimit(t *testing.T) {
	text := configMapOf("name: a\n  annotations: {a: \"" + strings.Repeat("x", annotationLimit-1) + "\"}")
	if found := judgedAt(t, text, 33); len(found) > 0 {
		t.Errorf("at the limit: %s", found[0].Message)
	}
	found := judgedAt(t, strings.Replace(text, "xx", "xxx", 1), 33)
	if len(found) != 1 || found[0].Rule != invalidAnnotation {
		t.Errorf("above the limit: %d findings", len(found))
	}
}

// Of a value that only the plugin knows nothing is said, and nothing of what it may name.
func TestPlaceholders(t *testing.T) {
	text := podOf(`hostname: <path:kv/data/a#host>
volumes: [{name: <path:kv/data/a#volume>, emptyDir: {}}]
containers:
- name: web
  image: registry.example.com/web:<path:kv/data/a#tag>
  ports: [{name: <path:kv/data/a#name>, containerPort: <path:kv/data/a#port>}]
  volumeMounts: [{name: cache, mountPath: /cache}]
  env: [{name: A, value: <path:kv/data/a#value>, valueFrom: {fieldRef: {fieldPath: <path:kv/data/a#field>}}}]
  resources: {requests: {cpu: <path:kv/data/a#cpu>}, limits: {cpu: 1m}}
  livenessProbe: {httpGet: {port: <path:kv/data/a#port>}}`)
	set, err := render.Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	result := render.Result{Set: set}
	o := &set.Objects[0]
	if plain := judgedAt(t, text, 33); len(plain) < 6 {
		t.Errorf("taken as text: %q", placesOf(plain))
	}
	for _, at := range [][]any{
		{"spec", "hostname"},
		{"spec", "volumes", 0, "name"},
		{"spec", "containers", 0, "image"},
		{"spec", "containers", 0, "ports", 0, "name"},
		{"spec", "containers", 0, "ports", 0, "containerPort"},
		{"spec", "containers", 0, "env", 0, "value"},
		{"spec", "containers", 0, "env", 0, "valueFrom", "fieldRef", "fieldPath"},
		{"spec", "containers", 0, "resources", "requests", "cpu"},
		{"spec", "containers", 0, "livenessProbe", "httpGet", "port"},
	} {
		value, _ := render.Path(at).In(o.Tree)
		_, key, _ := strings.Cut(value.(string), "#")
		result.Ledger = append(result.Ledger, render.Placeholder{Object: o.Key, Field: at, Key: strings.TrimSuffix(key, ">")})
	}
	found, _, err := judgeAll(context.Background(), validate.Input{Results: []render.Result{result}, Minor: 33})
	if err != nil || len(found) > 0 {
		t.Errorf("found %q, %v", placesOf(found), err)
	}
}
