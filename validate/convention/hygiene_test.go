package convention

import (
	"strings"
	"testing"
	"testing/fstest"

	"sluice/render"
	"sluice/validate"
)

func TestImages(t *testing.T) {
	for name, want := range map[string][]string{
		"nginx":                                       {"latest-tag: ", "image-registry: "},
		"registry.example.com/a":                      {"latest-tag: "},
		"registry.example.com:5000/a:latest":          {"latest-tag: ", "image-registry: "},
		"registry.example.com/a:1":                    nil,
		"registry.example.com/a@sha256:" + sum:        nil,
		"registry.example.com/a:latest@sha256:" + sum: nil,
		"registry.example.com.evil.test/a:1":          {"image-registry: "},
		"localhost/a:1":                               {"image-registry: "},
		"nginx:1":                                     {"image-registry: "},
		"bitnami/nginx:1":                             nil,
		"docker.io/bitnami/nginx:1":                   nil,
		"bitnamilegacy/nginx:1":                       {"image-registry: "},
	} {
		in := stack(t, map[string]any{"images": map[string]any{"digest": false, "registries": []any{"registry.example.com", "docker.io/bitnami/", "docker.io/localhost"}}},
			part{"example", "example", imageOf(name, "")})
		if lines, _ := judged(t, in); !holds(lines, want) {
			t.Errorf("%s: %q, want %q", name, lines, want)
		}
	}
}

const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// What a placeholder decides is not known, in an app that has a plugin to put it in.
func TestPlaceholdersAreSilent(t *testing.T) {
	text := strings.Replace(imageOf("<path:kv/data/a#image>", ""), "spec:\n  selector", "spec:\n  replicas: 2\n  selector", 1)
	in := stack(t, map[string]any{"images": map[string]any{"digest": true, "registries": []any{"registry.example.com"}}}, part{"example", "example", text})
	in.Results[0].Ledger = []render.Placeholder{{
		Object: in.Results[0].Set.Objects[0].Key, Field: render.Path{"spec", "template", "spec", "containers", 0, "image"}, Path: "kv/data/a", Key: "image",
	}}
	if lines, _ := judged(t, in); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
}

// limits gives what hygiene_test's containers leave out.
const limitRange = "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, defaultRequest: {cpu: 50m}, default: {memory: 64Mi}}]}\n"

func TestHygiene(t *testing.T) {
	scaler := "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: example}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: example}, minReplicas: 3, maxReplicas: 5}\n"
	job := strings.Replace(deployment("initContainers: [{name: first, image: a}]"), "apiVersion: apps/v1\nkind: Deployment", "apiVersion: batch/v1\nkind: Job", 1)
	for _, c := range []struct {
		rule, name, text string
		want             int
	}{
		{unsetCPU, "nothing", containerWith(""), 1},
		{unsetCPU, "a limit is a request", containerWith("resources: {limits: {cpu: 1}}"), 0},
		{unsetCPU, "of the namespace", containerWith("") + limitRange, 0},
		{unsetMemory, "nothing", containerWith(""), 1},
		{unsetMemory, "no limit", containerWith("resources: {requests: {memory: 1Gi}}"), 1},
		{unsetMemory, "of the namespace", containerWith("") + limitRange, 0},
		{noLiveness, "a container that runs first", deployment("initContainers: [{name: first, image: a}]"), 1},
		{noLiveness, "a container that stays beside", deployment("initContainers: [{name: first, image: a, restartPolicy: Always}]"), 2},
		{noReadiness, "a Job", job, 0},
		{nonRoot, "of the Pod", deployment("securityContext: {runAsNonRoot: true}"), 0},
		{nonRoot, "a number of the Pod", deployment("securityContext: {runAsUser: 1000}"), 0},
		{nonRoot, "the container says otherwise", strings.Replace(containerWith("securityContext: {runAsNonRoot: false}"), "    spec:\n", "    spec:\n      securityContext: {runAsNonRoot: true}\n", 1), 1},
		{escalation, "privileged", containerWith("securityContext: {privileged: true}"), 1},
		{escalation, "a capability", containerWith("securityContext: {capabilities: {add: [CAP_SYS_ADMIN]}}"), 1},
		{dockerSock, "elsewhere", deployment("volumes: [{name: d, hostPath: {path: /run/docker.sock}}]"), 1},
		{defaultAccount, "nothing", deployment(""), 1},
		{defaultAccount, "without a token", deployment("automountServiceAccountToken: false"), 0},
		{threeReplicas, "scaled", scaledTo("1", "") + scaler, 0},
		{threeReplicas, "scaled from one", scaledTo("3", "") + strings.Replace(scaler, "minReplicas: 3, ", "", 1), 1},
		{threeReplicas, "scaled by KEDA, from nobody knows how many", scaledTo("3", "") + "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: example}\nspec: {scaleTargetRef: {name: example}, maxReplicaCount: 4}\n", 0},
		{threeReplicas, "none", scaledTo("0", ""), 0},
		{noAntiAffinity, "one", scaledTo("1", ""), 0},
		{noAntiAffinity, "preferred", scaledTo("2", "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: example}}}}]}}"), 0},
		{latestTag, "by severity", imageOf("nginx", ""), 1},
	} {
		in := stack(t, nil, part{"example", "example", c.text})
		if lines, _ := judged(t, in); len(lines) > 0 {
			t.Errorf("not asked for: %q", lines)
		}
		in.Plan.Severities[c.rule] = "info"
		if lines, _ := judged(t, in); len(lines) != c.want {
			t.Errorf("%s, %s: %q, want %d", c.rule, c.name, lines, c.want)
		}
	}
}

func TestKustomizations(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"beside", map[string]string{"app/kustomization.yaml": "# a\nnamespace: x\nhelmCharts: [{name: a}]\n"}, "app/kustomization.yaml:2:1"},
		{"below", map[string]string{"app/kustomization.yml": "namespace: x\nresources: [../base]\n", "base/Kustomization": "helmCharts: [{name: a}]\n"}, "app/kustomization.yml:1:1"},
		{"in a component", map[string]string{"app/kustomization.yaml": "components: [c]\nnamespace: x\n", "app/c/kustomization.yaml": "helmChartInflationGenerator: [{chartName: a}]\n"}, "app/kustomization.yaml:2:1"},
		{"without a chart", map[string]string{"app/kustomization.yaml": "namespace: x\nresources: [a.yaml]\n"}, ""},
		{"without a namespace", map[string]string{"app/kustomization.yaml": "helmCharts: [{name: a, namespace: x}]\n"}, ""},
		{"in a circle", map[string]string{"app/kustomization.yaml": "namespace: x\nresources: [../app, 'https://example.com/a', ../../out]\n"}, ""},
		{"not there", nil, ""},
		{"no YAML", map[string]string{"app/kustomization.yaml": "a: [\n"}, ""},
	} {
		files := fstest.MapFS{}
		for name, text := range c.files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		in := stack(t, map[string]any{"kustomizationNamespace": true}, part{"example", "example", configMap})
		in.Plan.Layers[0].Apps[0].Sources = []render.Source{{Kind: render.KindKustomize, Path: "./app/"}}
		in.Files = files
		report, err := validate.Run(t.Context(), in, Rules())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range report.Findings {
			got += f.Pos.String()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestUnknownConventionsAreAnError(t *testing.T) {
	for _, setting := range []map[string]any{{"quotas": map[string]any{}}, {"podCIDR": "yes"}, {"topologySpread": map[string]any{"maxSkw": int64(1)}}} {
		if _, err := validate.Run(t.Context(), stack(t, setting), Rules()); err == nil {
			t.Errorf("%v is accepted", setting)
		}
	}
}

// No two rules have one name, and one that judges where its severity is given says so.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
		if !r.Off && !strings.Contains(r.Fix, "conventions: ") {
			t.Errorf("%s does not say how it is asked for", r.ID)
		}
	}
}
