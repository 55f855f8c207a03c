package schemas

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestEmbeddedSize(t *testing.T) {
	files, err := filepath.Glob("*.gz")
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	total := 0
	for _, file := range files {
		packed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		total += len(packed)
		plain, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(plain)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("Apache License, Version 2.0")) || !bytes.Contains(text, []byte("Copyright The")) {
			t.Errorf("%s does not say what it is derived from", file)
		}
	}
	if total > 100_000 {
		t.Errorf("%d bytes are embedded", total)
	}
}

// field walks "spec.template.spec.containers[].image" and "data{}".
func field(t testing.TB, minor int, group, version, kind, path string) *Schema {
	t.Helper()
	k, ok := Lookup(minor, group, version, kind)
	if !ok {
		t.Fatalf("1.%d has no %s/%s %s", minor, group, version, kind)
	}
	s := k.Schema
	for _, name := range strings.Split(path, ".") {
		if name == "" || s == nil {
			break
		}
		base := strings.TrimRight(name, "[]{}")
		s = s.Fields[base]
		for rest := name[len(base):]; s != nil && rest != ""; rest = rest[2:] {
			if rest[:2] == "[]" {
				s = s.Elements
			} else {
				s = s.Values
			}
		}
	}
	return s
}

// Every schema of every minor is whole: what it requires, keys and defaults are its fields, and its type is one of the few.
func TestEveryMinor(t *testing.T) {
	formats := map[string][]string{
		"":        {"", "int-or-string", "quantity"},
		"string":  {"", "byte", "date-time", "micro-time", "duration"},
		"integer": {"int32", "int64"}, "number": {"double"}, "boolean": {""}, "object": {""}, "array": {""},
	}
	for minor := OldestMinor; minor <= NewestMinor; minor++ {
		seen := map[*Schema]bool{}
		var walk func(s *Schema, at string)
		walk = func(s *Schema, at string) {
			if s == nil {
				t.Fatalf("1.%d: %s has no schema", minor, at)
			}
			if seen[s] {
				return
			}
			seen[s] = true
			if !slices.Contains(formats[s.Type], s.Format) {
				t.Errorf("1.%d: %s is %q %q", minor, at, s.Type, s.Format)
			}
			if !slices.IsSorted(s.Required) || slices.ContainsFunc(s.Required, func(f string) bool { return s.Fields[f] == nil }) {
				t.Errorf("1.%d: %s requires %v", minor, at, s.Required)
			}
			if slices.ContainsFunc(s.Waived, func(f string) bool { return !slices.Contains(s.Required, f) }) {
				t.Errorf("1.%d: %s waives %v of %v", minor, at, s.Waived, s.Required)
			}
			if s.Enum != nil && (s.Type != "string" || len(slices.Compact(slices.Sorted(slices.Values(s.Enum)))) != len(s.Enum)) {
				t.Errorf("1.%d: %s is one of %q", minor, at, s.Enum)
			}
			for name := range s.Defaults {
				if s.Fields[name] == nil {
					t.Errorf("1.%d: %s has a default of %s", minor, at, name)
				}
			}
			for name, gates := range s.Gates {
				if s.Fields[name] == nil || len(gates) == 0 {
					t.Errorf("1.%d: %s has a gate of %s", minor, at, name)
				}
			}
			if (s.Type == "array") != (s.Elements != nil) || s.Values != nil && (s.Type != "object" || s.Fields != nil) {
				t.Errorf("1.%d: %s: %+v", minor, at, s)
			}
			switch {
			case (s.ListType == "map") != (len(s.Keys) > 0), !slices.Contains([]string{"", "atomic", "set", "map"}, s.ListType):
				t.Errorf("1.%d: %s is a list %q with keys %v", minor, at, s.ListType, s.Keys)
			case s.ListType == "map" && slices.ContainsFunc(s.Keys, func(k string) bool { return s.Elements.Fields[k] == nil }):
				t.Errorf("1.%d: %s is a list with keys %v", minor, at, s.Keys)
			}
			if s.Elements != nil {
				walk(s.Elements, at+"[]")
			}
			if s.Values != nil {
				walk(s.Values, at+"{}")
			}
			for name, f := range s.Fields {
				walk(f, at+"."+name)
			}
		}
		served := 0
		for _, k := range Kinds(minor) {
			walk(k.Schema, k.Kind)
			if k.Plural == "" || k.Schema.Fields["kind"] == nil || k.Schema.Fields["apiVersion"] == nil {
				t.Errorf("1.%d: %+v", minor, k)
			}
			if again, ok := Lookup(minor, k.Group, k.Version, k.Kind); !ok || !reflect.DeepEqual(again.API, k.API) || again.Schema != k.Schema {
				t.Errorf("1.%d: a second %s", minor, k.Kind)
			}
			if !k.Gated {
				served++
			}
		}
		if served != len(APIs(minor)) {
			t.Errorf("1.%d: %d kinds are served by default, want the %d of APIs", minor, served, len(APIs(minor)))
		}
		for _, a := range APIs(minor) {
			if k, ok := Lookup(minor, a.Group, a.Version, a.Kind); !ok || k.API != a || k.Gated {
				t.Errorf("1.%d: %+v, want %+v", minor, k, a)
			}
		}
	}
	if Kinds(OldestMinor-1) != nil || Kinds(NewestMinor+1) != nil {
		t.Error("a minor that is not known has kinds")
	}
}

// What minors brought and took away, field by field: the change logs of the releases.
func TestFieldsOfAMinor(t *testing.T) {
	for _, c := range []struct {
		group, version, kind, path string
		first, last                int
	}{
		{"", "v1", "Pod", "spec.containers[].image", 28, 37},
		{"", "v1", "Pod", "spec.containers[].restartPolicy", 28, 37},
		{"", "v1", "Pod", "spec.containers[].lifecycle.preStop.sleep", 29, 37},
		{"", "v1", "Pod", "spec.securityContext.appArmorProfile", 30, 37},
		{"", "v1", "Pod", "spec.volumes[].image", 31, 37},
		{"", "v1", "Pod", "spec.resources", 32, 37},
		{"", "v1", "Pod", "spec.containers[].lifecycle.stopSignal", 33, 37},
		{"", "v1", "Pod", "spec.containers[].restartPolicyRules", 34, 37},
		{"", "v1", "Pod", "spec.containers[].env[].valueFrom.fileKeyRef", 34, 37},
		{"", "v1", "Service", "spec.trafficDistribution", 30, 37},
		{"batch", "v1", "Job", "spec.successPolicy", 30, 37},
		{"batch", "v1", "Job", "spec.managedBy", 30, 37},
		{"autoscaling", "v2", "HorizontalPodAutoscaler", "spec.behavior.scaleDown.tolerance", 33, 37},
		{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "spec.versions[].selectableFields", 30, 37},
	} {
		for minor := OldestMinor; minor <= NewestMinor; minor++ {
			got := field(t, minor, c.group, c.version, c.kind, c.path) != nil
			if want := c.first <= minor && minor <= c.last; got != want {
				t.Errorf("1.%d: %s has %s: %t, want %t", minor, c.kind, c.path, got, want)
			}
		}
	}
}

func TestShapes(t *testing.T) {
	for _, c := range []struct {
		group, version, kind, path string
		want                       string // of type, format, list type and keys
	}{
		{"apps", "v1", "Deployment", "spec.replicas", "integer int32"},
		{"apps", "v1", "Deployment", "spec.strategy.rollingUpdate.maxSurge", "int-or-string"},
		{"apps", "v1", "Deployment", "spec.template.spec.containers[].resources.limits{}", "quantity"},
		{"apps", "v1", "Deployment", "spec.template.spec.containers[].ports", "array map [containerPort protocol]"},
		{"apps", "v1", "Deployment", "spec.template.spec.containers[].command", "array atomic"},
		{"apps", "v1", "Deployment", "metadata.finalizers", "array set"},
		{"apps", "v1", "Deployment", "metadata.creationTimestamp", "string date-time"},
		{"", "v1", "Secret", "data{}", "string byte"},
		{"", "v1", "Secret", "stringData{}", "string"},
		{"apps", "v1", "ControllerRevision", "data", "object"},
		{"coordination.k8s.io", "v1", "Lease", "spec.renewTime", "string micro-time"},
		{"admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "webhooks", "array map [name]"},
		{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "spec.versions[].schema.openAPIV3Schema.default", ""},
	} {
		s := field(t, 36, c.group, c.version, c.kind, c.path)
		if s == nil {
			t.Errorf("%s has no %s", c.kind, c.path)
			continue
		}
		got := strings.Join(strings.Fields(s.Type+" "+s.Format+" "+s.ListType), " ")
		if len(s.Keys) > 0 {
			got += fmt.Sprint(" ", s.Keys)
		}
		if got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.kind, c.path, got, c.want)
		}
	}
	port := field(t, 36, "", "v1", "Service", "spec.ports[]")
	if port.Defaults["protocol"] != "TCP" || !slices.Equal(port.Required, []string{"port"}) || port.Waived != nil {
		t.Errorf("%+v", port)
	}
	if d := field(t, 37, "", "v1", "ReplicationController", "spec").Defaults["replicas"]; d != int64(1) {
		t.Errorf("default %v", d)
	}
	if s := field(t, 36, "", "v1", "ConfigMap", "data"); s.Values == nil || s.Fields != nil {
		t.Errorf("%+v", s)
	}
	open, none := field(t, 36, "apps", "v1", "ControllerRevision", "data"),
		field(t, 36, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "spec.versions[].subresources.status")
	if open.Fields != nil || none.Fields == nil || len(none.Fields) > 0 {
		t.Errorf("%+v takes any field, %+v none", open, none)
	}
}

// The server's own validation: pkg/apis/*/validation of k8s.io/kubernetes.
func TestEnums(t *testing.T) {
	for _, c := range []struct {
		minor                            int
		group, version, kind, path, want string
	}{
		{36, "", "v1", "Pod", "spec.containers[].imagePullPolicy", "Always IfNotPresent Never -"},
		{36, "", "v1", "Service", "spec.ports[].protocol", "SCTP TCP UDP -"},
		{29, "", "v1", "Service", "spec.externalTrafficPolicy", "Cluster Local -"},
		{36, "networking.k8s.io", "v1", "Ingress", "spec.rules[].http.paths[].pathType", "Exact ImplementationSpecific Prefix"},
		{28, "networking.k8s.io", "v1", "NetworkPolicy", "spec.policyTypes[]", "Egress Ingress"},
		{36, "networking.k8s.io", "v1", "NetworkPolicy", "spec.policyTypes[]", "Egress Ingress"},
		{36, "", "v1", "Service", "spec.ipFamilies[]", "IPv4 IPv6"},
		{36, "", "v1", "Pod", "spec.volumes[].hostPath.type", "- BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket"},
		{36, "apps", "v1", "StatefulSet", "spec.updateStrategy.type", "OnDelete RollingUpdate -"},
		{37, "apps", "v1", "StatefulSet", "spec.updateStrategy.type", "OnDelete Recreate RollingUpdate -"},
		{36, "storage.k8s.io", "v1", "StorageClass", "reclaimPolicy", "Delete Retain -"},
		{36, "admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "webhooks[].sideEffects", "None NoneOnDryRun"},
		// Open, or not judged.
		{36, "", "v1", "Pod", "spec.containers[].resources.limits{}", ""},
		{36, "", "v1", "ResourceQuota", "spec.hard{}", ""},
		{36, "", "v1", "Pod", "status.phase", ""},
		{36, "", "v1", "Secret", "type", ""},
	} {
		var values []string
		for _, v := range field(t, c.minor, c.group, c.version, c.kind, c.path).Enum {
			if v == "" {
				v = "-"
			}
			values = append(values, v)
		}
		if got := strings.Join(values, " "); got != c.want {
			t.Errorf("1.%d: %s, %s: %q, want %q", c.minor, c.kind, c.path, got, c.want)
		}
	}
}

func TestWaived(t *testing.T) {
	for _, c := range []struct {
		minor                                  int
		group, version, kind, path, name, want string
	}{
		{30, "networking.k8s.io", "v1", "NetworkPolicy", "spec", "podSelector", "waived"},
		{34, "networking.k8s.io", "v1", "NetworkPolicy", "spec", "podSelector", "optional"},
		{30, "apps", "v1", "StatefulSet", "spec", "serviceName", "waived"},
		{30, "apps", "v1", "StatefulSet", "spec", "selector", "required"},
		{36, "apps", "v1", "DaemonSet", "status", "numberReady", "waived"},
		{36, "rbac.authorization.k8s.io", "v1", "RoleBinding", "roleRef", "name", "required"},
	} {
		s, got := field(t, c.minor, c.group, c.version, c.kind, c.path), "optional"
		if slices.Contains(s.Required, c.name) {
			got = "required"
		}
		if slices.Contains(s.Waived, c.name) {
			got = "waived"
		}
		if got != c.want {
			t.Errorf("1.%d: %s, %s.%s is %s, want %s", c.minor, c.kind, c.path, c.name, got, c.want)
		}
	}
}

// pkg/features/kube_features.go of the releases.
func TestGates(t *testing.T) {
	for _, c := range []struct {
		group, version, kind, path, name, gate string
		first, last                            int // 0, 0: never off
	}{
		{"", "v1", "Pod", "spec.containers[]", "restartPolicy", "SidecarContainers", 28, 28},
		{"", "v1", "Pod", "spec.volumes[]", "image", "ImageVolume", 31, 34},
		{"", "v1", "Pod", "spec.containers[]", "resizePolicy", "InPlacePodVerticalScaling", 28, 32},
		{"", "v1", "Pod", "spec.ephemeralContainers[]", "resizePolicy", "InPlacePodVerticalScaling", 28, 32},
		{"", "v1", "Pod", "spec.containers[]", "image", "", 0, 0},
		{"apps", "v1", "Deployment", "spec.template.spec", "resourceClaims", "DynamicResourceAllocation", 28, 33},
		{"autoscaling", "v2", "HorizontalPodAutoscaler", "spec.behavior.scaleDown", "tolerance", "HPAConfigurableTolerance", 33, 34},
	} {
		for minor := OldestMinor; minor <= NewestMinor; minor++ {
			var want []string
			if c.first <= minor && minor <= c.last {
				want = []string{c.gate}
			}
			if got := field(t, minor, c.group, c.version, c.kind, c.path).Gates[c.name]; !slices.Equal(got, want) {
				t.Errorf("1.%d: %s, %s.%s needs %v, want %v", minor, c.kind, c.path, c.name, got, want)
			}
		}
	}
}

// The deprecation guide, kubernetes.io/docs/reference/using-api/deprecation-guide.
func TestLives(t *testing.T) {
	for _, c := range []struct {
		minor                          int
		group, version, kind           string
		served, gated                  bool
		introduced, deprecated, remove int
		replacement                    string
	}{
		{28, "extensions", "v1beta1", "Ingress", false, false, 1, 14, 22, "networking.k8s.io/v1 Ingress"},
		{28, "extensions", "v1beta1", "Deployment", false, false, 1, 8, 16, "apps/v1 Deployment"},
		{36, "networking.k8s.io", "v1beta1", "Ingress", false, false, 14, 19, 22, "networking.k8s.io/v1 Ingress"},
		{28, "policy", "v1beta1", "PodDisruptionBudget", false, false, 5, 21, 25, "policy/v1 PodDisruptionBudget"},
		{28, "policy", "v1beta1", "PodSecurityPolicy", false, false, 10, 21, 25, ""},
		{28, "batch", "v1beta1", "CronJob", false, false, 8, 21, 25, "batch/v1 CronJob"},
		{28, "autoscaling", "v2beta2", "HorizontalPodAutoscaler", false, false, 12, 23, 26, "autoscaling/v2 HorizontalPodAutoscaler"},
		{36, "autoscaling", "v2beta1", "HorizontalPodAutoscaler", false, false, 8, 22, 25, "autoscaling/v2 HorizontalPodAutoscaler"},
		{36, "apiextensions.k8s.io", "v1beta1", "CustomResourceDefinition", false, false, 7, 16, 22, "apiextensions.k8s.io/v1 CustomResourceDefinition"},
		{36, "apiregistration.k8s.io", "v1beta1", "APIService", false, false, 7, 19, 22, "apiregistration.k8s.io/v1 APIService"},
		{31, "flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema", true, false, 26, 29, 32, "flowcontrol.apiserver.k8s.io/v1 FlowSchema"},
		{32, "flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema", false, false, 26, 29, 32, "flowcontrol.apiserver.k8s.io/v1 FlowSchema"},
		{36, "", "v1", "Endpoints", true, false, 0, 0, 0, ""}, // its deprecation is a warning of its strategy only
		{33, "resource.k8s.io", "v1", "ResourceClaim", false, false, 34, 0, 0, ""},
		{34, "resource.k8s.io", "v1beta1", "ResourceClaim", true, true, 32, 35, 38, ""},
		{34, "apps", "v1", "Deployment", true, false, 9, 0, 0, ""},
		{34, "example.com", "v1", "Widget", false, false, 0, 0, 0, ""},
		{27, "apps", "v1", "Deployment", false, false, 9, 0, 0, ""},
	} {
		k, served := Lookup(c.minor, c.group, c.version, c.kind)
		to := ""
		if k.Replacement != (API{}) {
			to = k.Replacement.Group + "/" + k.Replacement.Version + " " + k.Replacement.Kind
		}
		if served != c.served || k.Gated != c.gated || served != (k.Schema != nil) {
			t.Errorf("1.%d, %s/%s %s: served %t, gated %t", c.minor, c.group, c.version, c.kind, served, k.Gated)
		}
		if k.Introduced != c.introduced || k.Deprecated != c.deprecated || k.Removed != c.remove || to != c.replacement {
			t.Errorf("%s/%s %s: %d %d %d %q, want %d %d %d %q", c.group, c.version, c.kind,
				k.Introduced, k.Deprecated, k.Removed, to, c.introduced, c.deprecated, c.remove, c.replacement)
		}
	}
	if k, _ := Lookup(29, "networking.k8s.io", "v1", "ServiceCIDR"); k.Plural != "servicecidrs" || k.Namespaced || k.Introduced != 33 {
		t.Errorf("%+v", k)
	}
	// No minor serves what is said to be gone, and none lacks by default what is said to be there and is no beta.
	for minor := OldestMinor; minor <= NewestMinor; minor++ {
		for _, k := range Kinds(minor) {
			if k.Removed > 0 && k.Removed <= minor || k.Introduced > minor {
				t.Errorf("1.%d serves %s/%s %s, which is there from %d to %d", minor, k.Group, k.Version, k.Kind, k.Introduced, k.Removed)
			}
		}
	}
}

// Definitions that hold themselves, and parts that kinds share.
func TestSharing(t *testing.T) {
	crd := field(t, 36, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "spec.versions[].schema.openAPIV3Schema")
	if crd.Fields["not"] != crd || crd.Fields["properties"].Values != crd || crd.Fields["$ref"].Type != "string" {
		t.Error("the schema of schemas does not hold itself")
	}
	pod := field(t, 36, "", "v1", "Pod", "spec")
	if field(t, 36, "apps", "v1", "Deployment", "spec.template.spec") != pod || field(t, 36, "batch", "v1", "CronJob", "spec.jobTemplate.spec.template.spec") != pod {
		t.Error("kinds do not share the schema of pods")
	}
}

func TestKindsAreCopies(t *testing.T) {
	Kinds(33)[0].Kind = "Changed"
	if Kinds(33)[0].Kind == "Changed" {
		t.Error("what a caller changes is what the next one gets")
	}
}

// Readers of a text that nobody has read yet; go test -race.
func TestManyReaders(t *testing.T) {
	fresh, err := open(packedKinds)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			e := fresh.minors[i%len(fresh.minors)]()
			if k := e.kinds[name{"apps", "v1", "Deployment"}]; len(k.Schema.Fields["spec"].Fields) < 5 {
				t.Errorf("%+v", k)
			}
			if _, ok := Lookup(OldestMinor+i%len(fresh.minors), "", "v1", "Pod"); !ok {
				t.Error("no Pod")
			}
		})
	}
	all.Wait()
}

func TestArgoCD(t *testing.T) {
	if m := readArgoCD().Modules; len(m) != 1 || !strings.HasPrefix(m[0].Sum, "h1:") {
		t.Errorf("%+v", m)
	}
	var kinds []string
	for _, text := range ArgoCD() {
		var crd struct {
			Kind string `json:"kind"`
			Spec struct {
				Group string `json:"group"`
				Names struct {
					Kind string `json:"kind"`
				} `json:"names"`
				Versions []struct {
					Schema struct {
						Root map[string]any `json:"openAPIV3Schema"`
					} `json:"schema"`
				} `json:"versions"`
			} `json:"spec"`
		}
		if err := json.Unmarshal(text, &crd); err != nil {
			t.Fatal(err)
		}
		if crd.Kind != "CustomResourceDefinition" || crd.Spec.Group != "argoproj.io" {
			t.Errorf("%+v", crd)
		}
		kinds = append(kinds, crd.Spec.Names.Kind)
		root := crd.Spec.Versions[0].Schema.Root
		if root["description"] != nil {
			t.Error("a description is left")
		}
		spec := root["properties"].(map[string]any)["spec"].(map[string]any)["properties"].(map[string]any)
		if crd.Spec.Names.Kind == "AppProject" && spec["description"] == nil {
			t.Error("the property that is called description is gone")
		}
	}
	if !slices.Equal(kinds, []string{"AppProject", "Application", "ApplicationSet"}) {
		t.Error(kinds)
	}
	clear(ArgoCD()[0])
	if !json.Valid(ArgoCD()[0]) {
		t.Error("what a caller changes is what the next one gets")
	}
}

// What the first Lookup of a process costs, on top of Minor.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := open(packedKinds); err != nil {
			b.Fatal(err)
		}
	}
}

// What the first Lookup of a minor costs.
func BenchmarkMinor(b *testing.B) {
	for b.Loop() {
		text().edit(36)
	}
}

func BenchmarkLookup(b *testing.B) {
	for b.Loop() {
		if _, ok := Lookup(36, "apps", "v1", "Deployment"); !ok {
			b.Fatal("no Deployment")
		}
	}
}
