package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parsed(t testing.TB, text string) Set {
	t.Helper()
	set, err := Parse("in.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func summary(changes []Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, c.Kind()+" "+c.Key.String())
		for _, e := range c.Edits {
			lines = append(lines, fmt.Sprintf("  %s %s: %v -> %v", e.Kind, e.Field, e.Left, e.Right))
		}
	}
	return lines
}

func TestDiff(t *testing.T) {
	db := func(ns string) string {
		return "apiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox, namespace: " + ns + "}\n"
	}
	for _, test := range []struct {
		name, left, right string
		want              []string
	}{
		{"order, comments and quoting never count", object("A", "a") + "v: 'x' # c\n---\n" + object("B", "b"), object("B", "b") + "---\n" + object("A", "a") + "v: x\n", nil},
		{"an object that vanishes", object("A", "a") + "---\n" + db("core"), object("A", "a"), []string{"removed Database.k8s.mariadb.com core/netbox"}},
		{
			"a moved namespace is a delete and a create", db("core"), db("apps"),
			[]string{"moved Database.k8s.mariadb.com core/netbox", "  modified metadata.namespace: core -> apps"},
		},
		{
			"fields", object("A", "a") + "spec: {r: 1, gone: x, c: [{image: a}, {image: b}]}\n",
			object("A", "a") + "spec: {r: 2, new: {k: 1}, c: [{image: a}, {image: c}]}\n",
			[]string{
				"modified A a", "  modified spec.c[1].image: b -> c", "  removed spec.gone: x -> <nil>",
				"  added spec.new: <nil> -> map[k:1]", "  modified spec.r: 1 -> 2",
			},
		},
		{
			"keys with dots are quoted", object("A", "a") + "m: {a.b/c: 1}\n", object("A", "a") + "m: {a.b/c: 2}\n",
			[]string{"modified A a", `  modified m."a.b/c": 1 -> 2`},
		},
		{
			"null differs from absent", object("A", "a") + "v: null\n", object("A", "a"),
			[]string{"modified A a", "  removed v: <nil> -> <nil>"},
		},
		{
			"types differ", object("A", "a") + "v: 1\n", object("A", "a") + "v: '1'\n",
			[]string{"modified A a", "  modified v: 1 -> 1"},
		},
		{
			"duplicates pair in order", object("A", "a") + "v: 1\n---\n" + object("A", "a") + "v: 2\n", object("A", "a") + "v: 1\n",
			[]string{"removed A a"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := summary(Diff(parsed(t, test.left), parsed(t, test.right)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzDiff: a set never differs from itself, and swapping the sides swaps added and removed.
func FuzzDiff(f *testing.F) {
	f.Add(object("A", "a")+"v: [1, {x: y}]\n", object("A", "a")+"v: [2]\n---\n"+object("B", "b"))
	f.Fuzz(func(t *testing.T, a, b string) {
		left, err := Parse("left", []byte(a))
		if err != nil {
			return
		}
		right, err := Parse("right", []byte(b))
		if err != nil {
			return
		}
		if changes := Diff(left, left); len(changes) > 0 {
			t.Fatalf("differs from itself: %v", summary(changes))
		}
		count := func(changes []Change, kind string) (n int) {
			for _, c := range changes {
				if c.Kind() == kind {
					n++
				}
			}
			return n
		}
		there, back := Diff(left, right), Diff(right, left)
		if count(there, added) != count(back, removed) || count(there, removed) != count(back, added) ||
			count(there, modified) != count(back, modified) {
			t.Fatalf("not symmetric:\n%v\n%v", summary(there), summary(back))
		}
		if len(left.Objects)-count(there, removed) != len(right.Objects)-count(there, added) {
			t.Fatalf("objects are left out: %v", summary(there))
		}
	})
}

func deployments(n int, image string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `---
# Source: bench/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%d
  namespace: bench
  labels: {app.kubernetes.io/name: app, app.kubernetes.io/instance: "app-%d"}
spec:
  replicas: 3
  selector: {matchLabels: {app: app-%d}}
  template:
    metadata: {labels: {app: app-%d}}
    spec:
      containers:
        - name: main
          image: %s
          args: ["--verbose", "--port=8080", "--config=/etc/app/config.yaml"]
          env: [{name: A, value: "1"}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
          resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
`, i, i, i, i, image)
	}
	return b.String()
}

func BenchmarkParse10MB(b *testing.B) {
	text := deployments(1, "x")
	text = strings.Repeat(text, 10<<20/len(text))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse("bench.yaml", []byte(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff5000(b *testing.B) {
	left, right := parsed(b, deployments(5000, "a:1")), parsed(b, deployments(5000, "a:1"))
	for i := range right.Objects {
		if i%10 == 0 {
			right.Objects[i].Tree["spec"].(map[string]any)["replicas"] = int64(5)
		}
	}
	for b.Loop() {
		if n := len(Diff(left, right)); n != 500 {
			b.Fatalf("%d changes", n)
		}
	}
}
