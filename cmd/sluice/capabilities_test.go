package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"sluice/render"
	"sluice/schemas"
)

// table writes the APIs of a minor as kubectl api-resources -o wide does.
func table(minor int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 6, 4, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND\tVERBS\tCATEGORIES")
	for _, api := range schemas.APIs(minor) {
		verbs := "create"
		if api.Watched {
			verbs = "create,delete,get,list,patch,update,watch"
		}
		fmt.Fprintf(w, "%ss\t\t%s\t%t\t%s\t%s\t\n", strings.ToLower(api.Kind), strings.TrimPrefix(api.Group+"/"+api.Version, "/"), api.Namespaced, api.Kind, verbs)
	}
	_ = w.Flush()
	return b.String()
}

// A cluster that is what the model says makes no difference, and one kind more or fewer makes one.
func TestDifferences(t *testing.T) {
	for minor := schemas.OldestMinor; minor <= schemas.NewestMinor; minor++ {
		c, err := readCapture("a test", []byte(table(minor)))
		if err != nil {
			t.Fatal(err)
		}
		chain := render.Toolchain{Helm: "3.19.4", Cluster: render.Cluster{Kubernetes: fmt.Sprintf("1.%d.0", minor)}}
		diff, err := differences(chain, nil, c.apis)
		if err != nil || len(diff.Modelled)+len(diff.Cluster) > 0 {
			t.Errorf("1.%d: %+v, %v", minor, diff, err)
		}
		fewer := slices.DeleteFunc(slices.Clone(c.apis), func(api string) bool { return api == "v1/Secret" })
		diff, err = differences(chain, nil, append(fewer, "example.com/v1/Robot"))
		if err != nil || !slices.Equal(diff.Modelled, []string{"v1/Secret"}) ||
			!slices.Equal(diff.Cluster, []string{"example.com/v1", "example.com/v1/Robot"}) {
			t.Errorf("1.%d: %+v, %v", minor, diff, err)
		}
	}
}

// A list that is cut is an error, unless nothing but kinds after the last one that every cluster serves is missing and the
// cut is at the end of a line, which no reader can see.
func TestCutCaptures(t *testing.T) {
	whole := table(33)
	want, err := readCapture("a test", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		if got, err := readCapture("a test", []byte(whole[:i])); err == nil && len(got.apis) < len(want.apis)-2 {
			t.Fatalf("the first %d of %d bytes pass for a list of %d APIs, it has %d", i, len(whole), len(got.apis), len(want.apis))
		}
	}
}

func FuzzReadCapture(f *testing.F) {
	f.Add([]byte(table(33)))
	f.Add([]byte("apps/v1\nv1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := readCapture("a test", text)
		if err != nil {
			return
		}
		for _, api := range c.apis {
			if !stackAPI.MatchString(api) {
				t.Errorf("%q came out", api)
			}
		}
	})
}
