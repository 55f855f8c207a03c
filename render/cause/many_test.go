package cause

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/render"
)

// TestManyLost explains thousands of objects that are lost at once, between two outputs that cannot be rendered again: what
// concerns the whole of a side is found out once.
func TestManyLost(t *testing.T) {
	side := func(prefix string) Side {
		var b strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&b, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s-%d, labels: {helm.sh/chart: web-1.0.0}}\n---\n", prefix, i)
		}
		set, err := render.Parse(prefix+".yaml", []byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		return Side{Captured: true, Result: render.Result{Set: set}}
	}
	full, short := side("old"), side("new")
	l := newLikeness(context.Background(), full, short, &budget{})
	start := time.Now()
	for i := range full.Result.Set.Objects {
		o := &full.Result.Set.Objects[i]
		if c := l.explain(target{change: render.Change{Key: o.Key, Left: o}, object: o}); c.Found {
			t.Fatalf("%s: %s", o.Key, c.Text)
		}
	}
	// On an idle machine it is a tenth of a second; each with each, for each, it was minutes.
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
