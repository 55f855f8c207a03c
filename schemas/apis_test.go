package schemas

import (
	"slices"
	"strings"
	"testing"
)

func TestTablesAreWhole(t *testing.T) {
	all := read()
	if len(all.Kubernetes) != NewestMinor-OldestMinor+1 {
		t.Fatalf("%d minors, want 1.%d to 1.%d", len(all.Kubernetes), OldestMinor, NewestMinor)
	}
	if last := all.Kubernetes[len(all.Kubernetes)-1].Release; last != NewestRelease {
		t.Errorf("NewestRelease is %s, the data ends with %s", NewestRelease, last)
	}
	if !strings.Contains(all.Notice, "Apache License") || len(all.Modules) == 0 {
		t.Error("the data does not say what it is derived from")
	}
	for _, m := range all.Modules {
		if m.Path == "" || m.Version == "" || !strings.HasPrefix(m.Sum, "h1:") {
			t.Errorf("module %+v", m)
		}
	}
	for i, k := range all.Kubernetes {
		if parts := strings.Split(k.Release, "."); parts[0] != "1" || parts[1] != minorText(OldestMinor+i) {
			t.Errorf("minor %d is of release %s", OldestMinor+i, k.Release)
		}
		for _, api := range k.APIs {
			if api.Version == "" || api.Kind == "" || strings.Contains(api.Version, "alpha") {
				t.Errorf("%s: %+v", k.Release, api)
			}
		}
	}
}

func minorText(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

func find(minor int, group, version, kind string) (API, bool) {
	list := APIs(minor)
	i := slices.IndexFunc(list, func(a API) bool { return a.Group == group && a.Version == version && a.Kind == kind })
	if i < 0 {
		return API{}, false
	}
	return list[i], true
}

// What a default cluster serves, kind by kind: the change logs of the minors and the deprecation guide.
func TestAPIsOfAMinor(t *testing.T) {
	for _, c := range []struct {
		group, version, kind string
		first, last          int // 0, 0: never
	}{
		{"", "v1", "ConfigMap", 28, 37},
		{"policy", "v1", "PodDisruptionBudget", 28, 37},
		{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", 28, 37},
		{"apiregistration.k8s.io", "v1", "APIService", 28, 37},
		{"admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", 30, 37},
		{"admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy", 36, 37},
		{"flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", 29, 37},
		{"flowcontrol.apiserver.k8s.io", "v1beta2", "FlowSchema", 28, 28},
		{"flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema", 28, 31},
		{"networking.k8s.io", "v1", "ServiceCIDR", 33, 37},
		{"resource.k8s.io", "v1", "ResourceClaim", 34, 37},
		{"storage.k8s.io", "v1", "VolumeAttributesClass", 34, 37},
		{"policy", "v1beta1", "PodDisruptionBudget", 0, 0},
		// Betas that are off unless a flag asks for them.
		{"resource.k8s.io", "v1beta1", "ResourceClaim", 0, 0},
		{"storage.k8s.io", "v1beta1", "VolumeAttributesClass", 0, 0},
	} {
		for minor := OldestMinor; minor <= NewestMinor; minor++ {
			_, got := find(minor, c.group, c.version, c.kind)
			if want := c.first <= minor && minor <= c.last; got != want {
				t.Errorf("%s/%s %s on 1.%d: served is %t, want %t", c.group, c.version, c.kind, minor, got, want)
			}
		}
	}
	for kind, want := range map[string]API{
		"Namespace":       {Version: "v1", Kind: "Namespace", Watched: true},
		"Secret":          {Version: "v1", Kind: "Secret", Namespaced: true, Watched: true},
		"ComponentStatus": {Version: "v1", Kind: "ComponentStatus"},
		"Binding":         {Version: "v1", Kind: "Binding", Namespaced: true},
	} {
		if got, _ := find(33, "", "v1", kind); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if APIs(OldestMinor-1) != nil || APIs(NewestMinor+1) != nil {
		t.Error("a minor that is not known has APIs")
	}
}

func TestClientAPIs(t *testing.T) {
	for minor, want := range map[int]map[string]bool{
		29: {"v1": true, "policy/v1beta1": true, "apiextensions.k8s.io/v1beta1": true, "storage.k8s.io/v1": true, "resource.k8s.io/v1": false},
		37: {"v1": true, "policy/v1beta1": true, "resource.k8s.io/v1": true, "autoscaling/v2beta2": false},
	} {
		for api, has := range want {
			if slices.Contains(ClientAPIs(minor), api) != has {
				t.Errorf("client-go 0.%d knows %s: %t, want %t", minor, api, !has, has)
			}
		}
	}
	if ClientAPIs(26) != nil || ClientAPIs(38) != nil {
		t.Error("a client that is not known has APIs")
	}
	APIs(33)[0].Kind, ClientAPIs(33)[0] = "Changed", "changed"
	if APIs(33)[0].Kind == "Changed" || ClientAPIs(33)[0] == "changed" {
		t.Error("what a caller changes is what the next one gets")
	}
}
