//go:build parity

package helm_test

import (
	"maps"
	"slices"
	"testing"

	"sluice/render/helm"
)

// TestParityOfExternalEnginesWithPlainBinaries renders every chart of testdata by the external engine and by a plain call
// of the same binary on the chart's directory: the archive, the end marks and the schemas left out change nothing.
func TestParityOfExternalEnginesWithPlainBinaries(t *testing.T) {
	versions := []string{"3.14.4", "3.16.3", "3.19.4", helm.Version3, "4.2.1", helm.Version4}
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = "helm-" + v
	}
	bins := binaries(t, names...)
	cases := readCases(t)
	for _, version := range versions {
		engine, err := helm.External(bins["helm-"+version], version, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(version, func(t *testing.T) {
			n := &tally{}
			t.Run("charts", func(t *testing.T) {
				for _, chart := range slices.Sorted(maps.Keys(cases)) {
					for _, c := range cases[chart] {
						if c.model && version != helm.Version3 {
							continue // large, and they differ in nothing that the small ones do not have
						}
						t.Run(chart+"/"+c.Name, func(t *testing.T) {
							t.Parallel()
							c.write(t)
							ours, theirs := c.runEngine(t, engine, nil), c.runBinary(t, bins["helm-"+version])
							n.add(c.Departs, ours, theirs)
							if d := c.difference(ours, theirs, true); d != "" && !c.Departs {
								t.Errorf("external (-) and plain (+):\n%s", d)
							}
						})
					}
				}
			})
			t.Logf("%d renders of %d objects, %d refused by the binary", n.renders, n.objects, n.refused)
		})
	}
}
