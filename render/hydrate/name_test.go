package hydrate

import (
	"regexp"
	"strings"
	"testing"

	"sluice/render"
)

func named(group, kind, namespace, name string) string {
	o := render.Object{Key: render.Key{Group: group, Kind: kind, Namespace: namespace, Name: name}}
	return objectFile(o, "own", []byte("content"))
}

func TestFileNamesAreReadable(t *testing.T) {
	long := strings.Repeat("long.", 50) + "name"
	tests := []struct{ group, kind, namespace, name, want string }{
		{"apps", "Deployment", "", "traefik", "deployment_traefik.yaml"},
		{"apps", "Deployment", "own", "traefik", "deployment_traefik.yaml"},
		{"apps", "Deployment", "kube-system", "traefik", "deployment_kube-system_traefik.yaml"},
		{"extensions", "Deployment", "", "traefik", "deployment.extensions_traefik.yaml"},
		{"", "Service", "", "traefik", "service_traefik.yaml"},
		{"serving.knative.dev", "Service", "", "web", "service.serving.knative.dev_web.yaml"},
		{"cert-manager.io", "Issuer", "", "ca", "issuer.cert-manager.io_ca.yaml"},
		{"apiextensions.k8s.io", "CustomResourceDefinition", "", "a.b.io", "customresourcedefinition_a.b.io.yaml"},
		{"rbac.authorization.k8s.io", "ClusterRole", "", "system:auth:x", "clusterrole_system-auth-x@d.yaml"},
		{"rbac.authorization.k8s.io", "ClusterRole", "", "Admin", "clusterrole_admin@d.yaml"},
		{"rbac.authorization.k8s.io", "ClusterRole", "", "..", "clusterrole@d.yaml"},
		{"", "ConfigMap", "", "../../etc/passwd", "configmap_etc-passwd@d.yaml"},
		{"batch", "Job", "", "migrate-*", "job_migrate@d.yaml"},
		{"a.io", "Con", "", "x", "kind-con.a.io_x@d.yaml"},
		{"", "Widget", "", "x", "widget._x@d.yaml"},
		{"", "Secret", "", "<path:kv/data/x#y>", "secret_path-kv-data-x-y@d.yaml"},
		{"", "Secret", "", long, "secret_" + long[:99] + "@d.yaml"},
	}
	digests := regexp.MustCompile(`@[0-9a-f]{12}\.yaml$`)
	for _, test := range tests {
		got := digests.ReplaceAllString(named(test.group, test.kind, test.namespace, test.name), "@d.yaml")
		if got != test.want {
			t.Errorf("%s.%s %s/%s: %s, want %s", test.kind, test.group, test.namespace, test.name, got, test.want)
		}
	}
}

func TestNamesThatLookAlikeStayApart(t *testing.T) {
	keys := []render.Key{
		{Kind: "Secret", Name: "a-b"},
		{Kind: "Secret", Namespace: "a", Name: "b"},
		{Kind: "Secret", Namespace: "a", Name: "B"},
		{Kind: "Secret", Name: "A-b"},
		{Kind: "Secret", Name: "a:b"},
		{Kind: "Secret", Name: "a_b"},
		{Kind: "Secret", Name: "a_B"},
		{Kind: "Secret", Namespace: "a", Name: "b_"},
		{Group: "cert", Kind: "Issuer", Name: "manager.io-x"},
		{Group: "cert-manager.io", Kind: "Issuer", Name: "x"},
		{Group: "apps", Kind: "Deployment", Name: "x"},
		{Group: "", Kind: "Deployment", Name: "x"},
		{Group: "apps", Kind: "deployment", Name: "x"},
	}
	seen := make(map[string]render.Key)
	for _, k := range keys {
		name := strings.ToLower(named(k.Group, k.Kind, k.Namespace, k.Name))
		if other, taken := seen[name]; taken {
			t.Errorf("%v and %v are both %s", other, k, name)
		}
		seen[name] = k
	}
}

var portable = regexp.MustCompile(`^[a-z][a-z0-9._@-]{0,124}\.yaml$`)

func FuzzFileNames(f *testing.F) {
	f.Add("apps", "Deployment", "kube-system", "traefik", "", "Secret", "a", "b")
	f.Add("", "Secret", "", "a_b", "", "Secret", "a", "b")
	f.Add("", "Secret", "", "a@0123456789ab", "", "Secret", "", "a")
	f.Add("a.b", "C", "d.e", "f", "a", "B.C", "d", "e_f")
	f.Add("x", "Con", "", strings.Repeat("a", 300), "x", "Con", "", strings.Repeat("a", 301))
	f.Fuzz(func(t *testing.T, g1, k1, s1, n1, g2, k2, s2, n2 string) {
		// The API server and the parser know an empty name and kind as errors, and "own" as the app's namespace.
		if n1 == "" || n2 == "" || k1 == "" || k2 == "" {
			return
		}
		first, second := named(g1, k1, s1, n1), named(g2, k2, s2, n2)
		for _, name := range []string{first, second} {
			if !portable.MatchString(name) {
				t.Errorf("%q is not portable", name)
			}
		}
		normal := func(s string) string {
			if s == "own" {
				return ""
			}
			return s
		}
		same := g1 == g2 && strings.EqualFold(k1, k2) && normal(s1) == normal(s2) && n1 == n2
		if !same && strings.EqualFold(first, second) {
			t.Errorf("%q is the name of two keys: %q and %q", first, []string{g1, k1, s1, n1}, []string{g2, k2, s2, n2})
		}
	})
}
