package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// One finding for all minors of a range, and it says which.
func TestRangeOfMinors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		minor      int
		minors     []int
		want       []string
	}{
		{
			"everywhere", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {}\n", 33,
			[]int{32, 34},
			[]string{"unknown-field: spec is not a field of v1 ConfigMap"},
		},
		{
			"goes", "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata: {name: a}\nspec: {priorityLevelConfiguration: {name: a}}\n", 30,
			[]int{31, 32, 33},
			[]string{"removed-api: flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema was removed in Kubernetes 1.32: use flowcontrol.apiserver.k8s.io/v1 FlowSchema; first refused by Kubernetes 1.32"},
		},
		{
			"is about to go", "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata: {name: a}\nspec: {priorityLevelConfiguration: {name: a}}\n", 28,
			[]int{29, 30},
			[]string{"deprecated-api: flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema is deprecated since Kubernetes 1.29 and goes with 1.32: use flowcontrol.apiserver.k8s.io/v1 FlowSchema; from Kubernetes 1.29 on"},
		},
		{
			"has a successor that goes too", "apiVersion: flowcontrol.apiserver.k8s.io/v1beta2\nkind: FlowSchema\nmetadata: {name: a}\nspec: {priorityLevelConfiguration: {name: a}}\n", 31,
			[]int{28, 29, 36},
			[]string{"removed-api: flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema was removed in Kubernetes 1.29: use flowcontrol.apiserver.k8s.io/v1 FlowSchema; first refused by Kubernetes 1.29"},
		},
		{
			"field that a gate keeps off", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: a}], resources: {limits: {cpu: 1}}}\n", 33,
			[]int{32, 33, 34},
			[]string{"gated-field: spec.resources needs the feature gate PodLevelResources, off by default in Kubernetes 1.33: the API server drops the field, or refuses it; up to Kubernetes 1.33"},
		},
		{
			"field that comes, and that a gate keeps off at first", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: a}, behavior: {scaleDown: {tolerance: 1}}}\n", 36,
			[]int{32, 33, 34, 35, 36},
			[]string{
				"gated-field: spec.behavior.scaleDown.tolerance needs the feature gate HPAConfigurableTolerance, off by default in Kubernetes 1.33: the API server drops the field, or refuses it; from Kubernetes 1.33 to 1.34",
				"unknown-field: spec.behavior.scaleDown.tolerance is not a field of autoscaling/v2 HorizontalPodAutoscaler in Kubernetes 1.32: it came with 1.33; refused up to Kubernetes 1.32",
			},
		},
		{
			"nothing in a field that a gate keeps off", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: a}], resources: {}}\n", 33,
			[]int{33},
			nil,
		},
		{
			"field that comes", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [], hostnameOverride: a}\n", 35,
			[]int{33, 35},
			[]string{"unknown-field: spec.hostnameOverride is not a field of v1 Pod in Kubernetes 1.33: it came with 1.34; refused up to Kubernetes 1.33"},
		},
		{
			"kind that comes", "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: a}\nspec: {}\n", 33,
			[]int{33, 34},
			[]string{"future-api: resource.k8s.io/v1 DeviceClass came with Kubernetes 1.34; refused up to Kubernetes 1.33"},
		},
	} {
		if got := said(t, c.text, c.minor, c.minors...); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

func TestMinorThatIsNotKnown(t *testing.T) {
	found, unchecked, err := judgeAll(t.Context(), validate.Input{Minor: 33, Minors: []int{99}})
	if err != nil || len(found) > 0 || len(unchecked) != 1 || unchecked[0].What != "objects against the schemas of Kubernetes 1.99" {
		t.Errorf("found %v, unchecked %v, error %v", found, unchecked, err)
	}
}

// blank makes a result with a placeholder at each of some paths, as the plugin's step reports them.
func blank(t *testing.T, text string) render.Result {
	t.Helper()
	set, err := render.Parse("example.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := render.Result{Set: set}
	for _, o := range set.Objects {
		var walk func(at render.Path, v any)
		walk = func(at render.Path, v any) {
			switch v := v.(type) {
			case map[string]any:
				for key, below := range v {
					walk(at.With(key), below)
				}
			case []any:
				for i, below := range v {
					walk(at.With(i), below)
				}
			case string:
				if strings.Contains(v, "<path:a/b#") {
					r.Ledger = append(r.Ledger, render.Placeholder{Object: o.Key, Field: at, Path: "a/b", Key: "c"})
				}
			}
		}
		walk(nil, o.Tree)
	}
	return r
}

func TestPlaceholders(t *testing.T) {
	const holes = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  priority: "<path:a/b#c>"
  containers:
    - name: web
      image: a:<path:a/b#c>
      imagePullPolicy: "<path:a/b#c>"
      resources: {limits: {cpu: "<path:a/b#c>", memory: "<path:a/b#c>Gi"}}
      env: [{name: A, value: "<path:a/b#c>"}, {name: "<path:a/b#c>"}, {name: "<path:a/b#c>"}]
      ports: [{containerPort: "<path:a/b#c>"}, {containerPort: "<path:a/b#c>"}, {containerPort: 1<path:a/b#c>}]
`
	const secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: <path:a/b#c>, b: x<path:a/b#c>, c: '%'}\n"
	r := blank(t, holes+secret)
	partly := `wrong-type: spec.containers[0].ports[2].containerPort is "1<path:a/b#c>", want an integer`
	base64 := "invalid-format: data.c is not base64 with padding"
	want := []string{base64, partly}
	if got := lines(judge(t, validate.Input{Minor: 33, Results: []render.Result{r}})); !slices.Equal(got, want) {
		t.Errorf("with a plugin: %q, want %q", got, want)
	}
	// Without a plugin the cluster gets what is written.
	r.Ledger = nil
	if got := judge(t, validate.Input{Minor: 33, Results: []render.Result{r}}); len(got) != 10 {
		t.Errorf("without a plugin:\n%s", strings.Join(lines(got), "\n"))
	}
}

func TestServerSideApply(t *testing.T) {
	text := pod(", ports: [{containerPort: 80}, {containerPort: 80}]")
	option := strings.Replace(text, "{name: web}", `{name: web, annotations: {argocd.argoproj.io/sync-options: "Prune=false,ServerSideApply=true"}}`, 1)
	for _, c := range []struct {
		name, text string
		app        render.App
		want       validate.Severity
	}{
		{"by the client, of which the rules about Pods warn", text, render.App{}, 0},
		{"by the server, as the app says", text, render.App{Sync: render.Sync{Options: []string{"ServerSideApply=true"}}}, validate.Error},
		{"by the server, as the object says", option, render.App{}, validate.Error},
	} {
		set, err := render.Parse("example.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got := judge(t, validate.Input{Minor: 33, Results: []render.Result{{App: c.app, Set: set}}})
		if c.want == 0 && len(got) > 0 || c.want > 0 && (len(got) != 1 || got[0].Severity != c.want) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Long lists are looked up and short ones compared, with the same outcome.
func TestDuplicatesOfLongLists(t *testing.T) {
	for _, n := range []int{3, few, few + 1, 100} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "{port: %d}, ", 80+i)
		}
		got := said(t, "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: ["+b.String()+"{port: 81}, {}]}\n", 33)
		if len(got) != 2 || !strings.HasSuffix(got[0], `has port 81 and protocol "TCP", as has ports[1]`) || !strings.HasSuffix(got[1], "port is missing") {
			t.Errorf("%d elements: %q", n, got)
		}
	}
}

// An API that the cluster says it has is not refused, and where its shape is known it is judged by that.
func TestAPIsThatTheClusterSaysItHas(t *testing.T) {
	text := "apiVersion: networking.k8s.io/v1beta1\nkind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidr: a}\n---\napiVersion: metrics/v1\nkind: Load\nmetadata: {name: a}\n"
	set, err := render.Parse("example.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := validate.Input{Minor: 33, Results: []render.Result{{Set: set}}}
	for _, c := range []struct {
		apis []string
		want []string
	}{
		{nil, []string{
			"disabled-api: networking.k8s.io/v1beta1 ServiceCIDR is served only where a flag of the API server asks for it",
			"unknown-field: spec.cidr is not a field of networking.k8s.io/v1beta1 ServiceCIDR, did you mean cidrs?",
			"unknown-kind: metrics/v1 Load is not an API of Kubernetes 1.33",
		}},
		{[]string{"networking.k8s.io/v1beta1", "metrics/v1/Load"}, []string{
			"unknown-field: spec.cidr is not a field of networking.k8s.io/v1beta1 ServiceCIDR, did you mean cidrs?",
		}},
	} {
		in.Plan.Cluster.APIVersions = c.apis
		found, unchecked, err := judgeAll(t.Context(), in)
		if err != nil || len(unchecked) != len(c.apis)/2 {
			t.Errorf("with %q: unchecked %v, error %v", c.apis, unchecked, err)
		}
		if got := lines(found); !slices.Equal(got, c.want) {
			t.Errorf("with %q:\n%s", c.apis, strings.Join(got, "\n"))
		}
	}
}

// A definition in the stack takes its kind out of this package's hands.
func TestDefinedKinds(t *testing.T) {
	crd := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.policy}\n" +
		"spec: {group: policy, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: []}\n"
	widget := "apiVersion: policy/v1\nkind: Widget\nmetadata: {name: a}\n"
	if got := said(t, crd+"---\n"+widget, 33); len(got) > 0 {
		t.Errorf("with its definition: %q", got)
	}
	if got := said(t, widget, 33); len(got) != 1 {
		t.Errorf("without: %q", got)
	}
}

func TestJudges(t *testing.T) {
	for _, c := range []struct {
		apiVersion string
		minor      int
		want       bool
	}{
		{"v1", 33, true},
		{"extensions/v1beta1", 33, true},
		{"app/v1", 33, true},
		{"apiextensions.k8s.io/v1", 33, true},
		{"resource.k8s.io/v1", 28, true},
		{"gateway.networking.k8s.io/v1", 33, false},
		{"example.com/v1", 33, false},
		{"v1", 99, false},
	} {
		if got := Judges(c.apiVersion, c.minor); got != c.want {
			t.Errorf("%s under 1.%d: %t", c.apiVersion, c.minor, got)
		}
	}
}

func TestPositions(t *testing.T) {
	set, err := render.Parse("example.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: a\n    imag: b\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := judge(t, validate.Input{Minor: 33, Results: []render.Result{{Set: set}}})
	if len(got) != 1 || got[0].Rendered.String() != "example.yaml:8:11" || got[0].Field.String() != "spec.containers[0].imag" {
		t.Errorf("found %v", got)
	}
}

// Every kind that any minor has is of a group that is judged here.
func TestOwnGroups(t *testing.T) {
	for minor := schemas.OldestMinor; minor <= schemas.NewestMinor; minor++ {
		for _, k := range schemas.Kinds(minor) {
			if !own(k.Group) {
				t.Errorf("group %q of Kubernetes 1.%d is not its own", k.Group, minor)
			}
		}
	}
	for _, group := range []string{"apps.k8s.io", "gateway.networking.k8s.io", "metrics.k8s.io", "snapshot.storage.k8s.io", "example.com", "networking"} {
		if own(group) {
			t.Errorf("group %q is not of Kubernetes", group)
		}
	}
}

// What SOPS has encrypted is one finding that says so, not one for every value.
func TestEncryptedObjects(t *testing.T) {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: \"ENC[AES256_GCM,data:b2s=,iv:aXY=,tag:dGFn,type:str]\", b: \"ENC[AES256_GCM,data:b3s=,iv:aXY=,tag:dGFn,type:str]\"}\n"
	judged := func(text string) []validate.Finding {
		set, err := render.Parse("a.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return judge(t, validate.Input{Minor: 33, Results: []render.Result{{Set: set}}})
	}
	found := judged(secret + "sops: {mac: \"ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]\", version: 3.9.0}\n")
	if len(found) != 1 || found[0].Rule != unknownField || !strings.HasSuffix(found[0].Message, "SOPS has encrypted the object, and nothing has decrypted it") || !strings.HasPrefix(found[0].Fix, "decrypt it") {
		t.Errorf("%v", found)
	}
	if found := judged(secret); len(found) != 2 {
		t.Errorf("without the metadata of SOPS: %v", found)
	}
}
