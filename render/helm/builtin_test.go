package helm

import (
	"slices"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v4/pkg/chart/common"

	"sluice/schemas"
)

// What the program says that helm has built in is what the linked helms have; both are built with client-go 0.37.
func TestBuiltInAPIs(t *testing.T) {
	want := schemas.ClientAPIs(37)
	for name, linked := range map[string][]string{Version3: chartutil.DefaultVersionSet, Version4: common.DefaultVersionSet} {
		got := slices.Sorted(slices.Values(linked))
		if !slices.Equal(got, want) {
			t.Errorf("helm %s has %v, modelled are %v", name, got, want)
		}
	}
}
