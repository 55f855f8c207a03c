package render

import "testing"

// What a version of Argo CD brought and what it ended are both open where the version is not known.
func TestSince(t *testing.T) {
	for version, want := range map[string][2]bool{
		"3.2.9": {false, true}, "v2.14.1": {false, true}, "3.3.0": {true, true}, "3.4.9": {true, true}, "4.0.0": {true, true}, "3.3": {true, true},
		"": {}, "latest": {}, "3": {}, "3.x": {},
	} {
		if since, known := (Cluster{ArgoCD: version}).Since(3, 3); [2]bool{since, known} != want {
			t.Errorf("%q is since 3.3: %t, known: %t", version, since, known)
		}
	}
}
