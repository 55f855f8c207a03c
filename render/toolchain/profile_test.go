package toolchain

import (
	"slices"
	"strings"
	"testing"

	"sluice/render"
)

// objects reads documents as a render gives them.
func objects(t *testing.T, text string) []render.Object {
	t.Helper()
	set, err := render.Parse("crds.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set.Objects
}

const definitions = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.k8s.mariadb.com}
spec:
  group: k8s.mariadb.com
  names: {kind: Database}
  scope: Namespaced
  versions:
  - {name: v1alpha1, served: true, storage: true}
  - {name: v1alpha0, served: false}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusterissuers.cert-manager.io}
spec:
  group: cert-manager.io
  names: {kind: ClusterIssuer}
  scope: Cluster
  versions: [{name: v1, served: true}]
---
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: olds.example.com}
spec: {group: example.com, names: {kind: Old}, versions: [{name: v1, served: true}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: broken.example.com}
spec: {group: 7, names: [], versions: {}}
`

func TestCapabilities(t *testing.T) {
	crds := objects(t, definitions)
	chain := render.Toolchain{Helm: "3.19.4", Cluster: render.Cluster{Kubernetes: "1.33.4", Distribution: "k3s", APIVersions: []string{"declared.example.com/v1/Thing"}}}
	for _, c := range []struct {
		profile, version string
		has, lacks       string
	}{
		{
			"", "1.33.4", "v1 v1/Secret policy/v1/PodDisruptionBudget policy/v1beta1 k8s.mariadb.com/v1alpha1 k8s.mariadb.com/v1alpha1/Database " +
				"cert-manager.io/v1/ClusterIssuer helm.cattle.io/v1/HelmChart declared.example.com/v1 declared.example.com/v1/Thing authentication.k8s.io/v1",
			"policy/v1beta1/PodDisruptionBudget k8s.mariadb.com/v1alpha0 v1/ComponentStatus authentication.k8s.io/v1/TokenReview example.com/v1/Old metrics.k8s.io/v1beta1",
		},
		{"cluster", "1.33.4", "k8s.mariadb.com/v1alpha1/Database", "v1/Binding"},
		{"groups", "1.33.4", "v1 k8s.mariadb.com/v1alpha1 declared.example.com/v1 policy/v1beta1", "v1/Secret k8s.mariadb.com/v1alpha1/Database declared.example.com/v1/Thing"},
		{"minor", "1.33", "k8s.mariadb.com/v1alpha1/Database v1/Secret", ""},
		{"plugin", "1.34.0", "v1 policy/v1 policy/v1beta1", "v1/Secret k8s.mariadb.com/v1alpha1 declared.example.com/v1 helm.cattle.io/v1"},
		{"hydrator", "1.34.0", "v1", "v1/Secret k8s.mariadb.com/v1alpha1"},
	} {
		chain.Profile = c.profile
		got, err := Capabilities(chain, crds)
		if err != nil {
			t.Fatalf("profile %q: %v", c.profile, err)
		}
		if got.KubeVersion != c.version {
			t.Errorf("profile %q: Kubernetes %s, want %s", c.profile, got.KubeVersion, c.version)
		}
		for api := range strings.FieldsSeq(c.has) {
			if !slices.Contains(got.APIVersions, api) {
				t.Errorf("profile %q lacks %s", c.profile, api)
			}
		}
		for api := range strings.FieldsSeq(c.lacks) {
			if slices.Contains(got.APIVersions, api) {
				t.Errorf("profile %q has %s", c.profile, api)
			}
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(got.APIVersions))); !slices.Equal(sorted, got.APIVersions) {
			t.Errorf("profile %q: the list is not sorted, or has something twice", c.profile)
		}
	}
}

// A list captured from the cluster stands in place of what its version and distribution bring.
func TestCapturedCapabilities(t *testing.T) {
	chain := render.Toolchain{Helm: "4.1.3", Cluster: render.Cluster{
		Kubernetes: "1.33.4", Distribution: "k3s", Captured: []string{"v1/Secret"}, APIVersions: []string{"declared.example.com/v1"},
	}}
	got, err := Capabilities(chain, objects(t, definitions))
	if err != nil {
		t.Fatal(err)
	}
	for api, want := range map[string]bool{
		"v1": true, "v1/Secret": true, "v1/ConfigMap": false, "helm.cattle.io/v1": false, "declared.example.com/v1": true,
		"cert-manager.io/v1/ClusterIssuer": true, "apps/v1/Deployment": false, "apps/v1": true, // built into helm
	} {
		if slices.Contains(got.APIVersions, api) != want {
			t.Errorf("%s is offered: %t, want %t", api, !want, want)
		}
	}
}

func TestCapabilitiesRefuse(t *testing.T) {
	known := render.Cluster{Kubernetes: "1.33.4"}
	for _, c := range []struct {
		chain render.Toolchain
		want  string
	}{
		{render.Toolchain{Helm: "3.19.4", Profile: "full", Cluster: known}, `profile "full" is not known`},
		{render.Toolchain{Helm: "3.11.3", Cluster: known}, `what helm "3.11.3" has built in is not known`},
		{render.Toolchain{Helm: "4.4.0", Cluster: known}, `"4.4.0"`},
		{render.Toolchain{Cluster: known}, `what helm ""`},
		{render.Toolchain{Helm: "3.19.4", Cluster: render.Cluster{Kubernetes: "1.99.0"}}, `Kubernetes "1.99.0"`},
	} {
		if _, err := Capabilities(c.chain, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestNative(t *testing.T) {
	for argocd, want := range map[string]string{
		"2.8.0": minor, "2.14.21": minor, "3.2.12": minor, "3.3.2": minor, "v3.3.2": minor, "3.3": minor,
		"3.3.3": cluster, "3.3.10": cluster, "3.4.9": cluster, "3.10.0": cluster, "4.0.0": cluster, "3.5.0-rc1": cluster, "": cluster, "latest": cluster,
	} {
		if got := Native(argocd); got != want {
			t.Errorf("Argo CD %q: %s, want %s", argocd, got, want)
		}
	}
}

func TestScopes(t *testing.T) {
	scoped := Scopes(33, objects(t, definitions))
	for _, c := range []struct {
		key  render.Key
		want bool
	}{
		{render.Key{Kind: "Namespace"}, true},
		{render.Key{Kind: "Secret"}, false},
		{render.Key{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}, true},
		{render.Key{Group: "rbac.authorization.k8s.io", Kind: "Role"}, false},
		{render.Key{Group: "cert-manager.io", Kind: "ClusterIssuer"}, true},
		{render.Key{Group: "k8s.mariadb.com", Kind: "Database"}, false},
		{render.Key{Group: "unknown.example.com", Kind: "ClusterThing"}, false},
		{render.Key{Group: "example.com", Kind: "Namespace"}, false},
	} {
		if got := scoped(c.key); got != c.want {
			t.Errorf("%v is cluster-scoped: %t, want %t", c.key, got, c.want)
		}
	}
	if !Scopes(99, nil)(render.Key{Kind: "Namespace"}) {
		t.Error("on a minor that is not known, a namespace is namespaced")
	}
}
