package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// scoped takes kinds that begin with "Cluster" for cluster-scoped ones.
func scoped(k Key) bool { return strings.HasPrefix(k.Kind, "Cluster") }

func placed(kind, name, namespace string, more ...string) string {
	text := fmt.Sprintf("---\napiVersion: example.com/v1\nkind: %s\nmetadata:\n  name: %s\n", kind, name)
	if namespace != "" {
		text += "  namespace: " + namespace + "\n"
	}
	return text + strings.Join(more, "\n") + "\n"
}

func keys(objects []Object) []string {
	var list []string
	for _, o := range objects {
		list = append(list, o.Key.String())
	}
	return list
}

func TestEffective(t *testing.T) {
	const hook = "  annotations: {helm.sh/hook: "
	set := parsed(t, placed("ClusterThing", "a", "wrong")+placed("Thing", "b", "")+placed("Thing", "c", "own")+
		placed("Pod", "smoke", "", hook+"test}")+placed("Pod", "undo", "", hook+"pre-rollback}")+
		placed("Pod", "both", "", hook+"'pre-install, test'}")+placed("Thing", "c", "", "v: 1")+placed("Thing", "c", "dest", "v: 2")+
		"---\napiVersion: v1\nkind: Job\nmetadata: {generateName: x-}\n---\napiVersion: v1\nkind: Job\nmetadata: {generateName: x-}\n")
	before, err := set.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got := set.Effective("dest", scoped)
	want := []string{
		"ClusterThing.example.com a", "Thing.example.com dest/b", "Thing.example.com own/c", "Pod.example.com dest/both",
		"Thing.example.com dest/c", "Job dest/x-/*", "Job dest/x-/*",
	}
	if diff := cmp.Diff(want, keys(got.Objects)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []string{"Pod.example.com dest/smoke", "Pod.example.com dest/undo", "Thing.example.com dest/c"}
	if diff := cmp.Diff(want, keys(got.Lost)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if v := got.Objects[4].Tree["v"]; v != int64(2) {
		t.Errorf("not the last of two objects: %v", v)
	}
	for _, o := range got.Objects {
		if ns, _ := (Path{"metadata", "namespace"}).In(o.Tree); ns != any(o.Key.Namespace) && (ns != nil || o.Key.Namespace != "") {
			t.Errorf("%s states the namespace %v", o.Key, ns)
		}
	}
	if after, err := set.Encode(); err != nil || string(after) != string(before) {
		t.Errorf("the set itself changed: %v\n%s", err, cmp.Diff(string(before), string(after)))
	}
	if twice := got.Effective("dest", scoped); len(Diff(got, twice)) > 0 || !slices.Equal(keys(got.Lost), keys(twice.Lost)) {
		t.Errorf("a second time gives another set: %v", keys(twice.Objects))
	}
	for _, o := range set.Effective("", scoped).Objects {
		if o.Key.Name == "b" && o.Key.Namespace != "" {
			t.Errorf("without destination: %s", o.Key)
		}
	}
}

func TestHook(t *testing.T) {
	for annotations, want := range map[string]string{
		"{}":                          "",
		"{helm.sh/hook: crd-install}": "",
		"{helm.sh/hook: 'pre-install,pre-upgrade'}":                   "PreSync",
		"{helm.sh/hook: 'post-install, pre-install'}":                 "PostSync,PreSync",
		"{helm.sh/hook: pre-delete}":                                  "PreDelete",
		"{helm.sh/hook: test-success}":                                "dropped",
		"{helm.sh/hook: post-rollback}":                               "dropped",
		"{helm.sh/hook: 'test,post-upgrade'}":                         "PostSync",
		"{helm.sh/hook: ''}":                                          "dropped",
		"{argocd.argoproj.io/hook: SyncFail}":                         "SyncFail",
		"{argocd.argoproj.io/hook: Skip}":                             "Skip",
		"{argocd.argoproj.io/hook: 'Sync, Skip'}":                     "Sync,Skip",
		"{argocd.argoproj.io/hook: Never}":                            "dropped",
		"{argocd.argoproj.io/hook: Sync, helm.sh/hook: test}":         "Sync",
		"{argocd.argoproj.io/hook: Sync, helm.sh/hook: pre-install}":  "Sync",
		"{argocd.argoproj.io/hook: Never, helm.sh/hook: pre-install}": "PreSync",
	} {
		set := parsed(t, placed("Job", "j", "", "  annotations: "+annotations))
		if got := set.Objects[0].Hook(); got != want {
			t.Errorf("%s: got %q, want %q", annotations, got, want)
		}
	}
	if got := (Object{Tree: map[string]any{"metadata": "x"}}).Hook(); got != "" {
		t.Errorf("metadata that is no mapping: %q", got)
	}
}

func TestDiffTurns(t *testing.T) {
	const test, presync = "  annotations: {helm.sh/hook: test}", "  annotations: {argocd.argoproj.io/hook: PreSync}"
	const skip = "  annotations: {argocd.argoproj.io/hook: Skip}"
	for _, c := range []struct {
		name, left, right string
		want              []string
	}{
		{"moved", placed("T", "db", "a"), placed("T", "db", "b"), []string{"moved T.example.com a/db"}},
		{"several places to go", placed("T", "db", "a"), placed("T", "db", "b") + placed("T", "db", "c"), []string{"removed T.example.com a/db", "added T.example.com b/db", "added T.example.com c/db"}},
		{"several places to come from", placed("T", "db", "a") + placed("T", "db", "b"), placed("T", "db", "c"), []string{"removed T.example.com a/db", "removed T.example.com b/db", "added T.example.com c/db"}},
		{"one stays, one moves", placed("T", "db", "a") + placed("T", "db", "b"), placed("T", "db", "a") + placed("T", "db", "c"), []string{"moved T.example.com b/db"}},
		{"another kind is another object", placed("T", "db", "a"), placed("U", "db", "b"), []string{"removed T.example.com a/db", "added U.example.com b/db"}},
		{"unset is the destination", placed("T", "db", ""), placed("T", "db", "dest"), nil},
		{"unset is not another namespace", placed("T", "db", ""), placed("T", "db", "other"), []string{"moved T.example.com dest/db"}},
		{"a cluster-scoped kind has none", placed("ClusterT", "db", "x"), placed("ClusterT", "db", "z"), nil},
		{"turned into a hook", placed("T", "db", ""), placed("T", "db", "", presync), []string{"hooked T.example.com dest/db"}},
		{"turned into a test", placed("T", "db", ""), placed("T", "db", "", test), []string{"hooked T.example.com dest/db"}},
		{"skipped is kept", placed("T", "db", ""), placed("T", "db", "", skip), []string{"modified T.example.com dest/db"}},
		{"no longer a hook", placed("T", "db", "", presync), placed("T", "db", ""), []string{"modified T.example.com dest/db"}},
		{"no longer a test", placed("T", "db", "", test), placed("T", "db", ""), []string{"added T.example.com dest/db"}},
		{"tests come and go unseen", placed("T", "db", "", test), placed("T", "m", "", test), nil},
		{"a hook that changes", placed("T", "db", "", presync), placed("T", "db", "", presync, "v: 1"), []string{"modified T.example.com dest/db"}},
		{"two become one", placed("T", "db", "a") + placed("T", "db", "b"), placed("T", "db", "a") + placed("T", "db", "a"), []string{"collapsed T.example.com b/db"}},
		{"two become one elsewhere", placed("T", "db", "a") + placed("T", "db", "b"), placed("T", "db", "") + placed("T", "db", "dest"), []string{"collapsed T.example.com a/db", "collapsed T.example.com b/db"}},
		{"a duplicate appears", placed("T", "db", ""), placed("T", "db", "") + placed("T", "db", "dest"), []string{"collapsed T.example.com dest/db"}},
		{"a duplicate appears and wins", placed("T", "db", ""), placed("T", "db", "") + placed("T", "db", "dest", "v: 2"), []string{"collapsed T.example.com dest/db", "modified T.example.com dest/db"}},
		{"a duplicate as before", placed("T", "db", "") + placed("T", "db", "dest"), placed("T", "db", "") + placed("T", "db", "dest"), nil},
		{"duplicates part", placed("T", "db", "a") + placed("T", "db", "a"), placed("T", "db", "a") + placed("T", "db", "b"), []string{"added T.example.com b/db"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			left, right := parsed(t, c.left).Effective("dest", scoped), parsed(t, c.right).Effective("dest", scoped)
			var got []string
			for _, change := range Diff(left, right) {
				got = append(got, change.Kind()+" "+change.Key.String())
				if change.Turn == moved && (change.Right == nil || change.Right.Key == change.Key) {
					t.Errorf("moved to where it was: %v", change.Right)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffOfLists(t *testing.T) {
	for _, c := range []struct {
		name, left, right string
		want              []string
	}{
		{
			"containers by name, the new one and the order aside",
			"containers: [{name: web, image: a:1, ports: [{containerPort: 80}]}, {name: side, image: s}]",
			"containers: [{name: first, image: f}, {name: web, image: a:2, ports: [{containerPort: 80, protocol: TCP, name: http}]}, {name: side, image: s}]",
			[]string{
				"modified containers[name=web].image: a:1 -> a:2", "added containers[name=web].ports[containerPort=80,protocol=TCP].name: <nil> -> http",
				"added containers[name=web].ports[containerPort=80,protocol=TCP].protocol: <nil> -> TCP", "added containers[name=first]: <nil> -> map[image:f name:first]",
			},
		},
		{"a new order is one edit", "env: [{name: A, value: 1}, {name: B}, {name: C}]", "env: [{name: C}, {name: A, value: 1}, {name: B}]", []string{"reordered env: [name=A name=B name=C] -> [name=C name=A name=B]"}},
		{"a new order of those that stay", "env: [{name: A}, {name: B}, {name: C}]", "env: [{name: D}, {name: C}, {name: A}]", []string{"reordered env: [name=A name=C] -> [name=C name=A]", "removed env[name=B]: map[name:B] -> <nil>", "added env[name=D]: <nil> -> map[name:D]"}},
		{"by protocol too", "ports: [{port: 53, protocol: TCP}, {port: 53, protocol: UDP}]", "ports: [{port: 53, protocol: TCP}, {port: 53, protocol: UDP, targetPort: 5353}]", []string{"added ports[port=53,protocol=UDP].targetPort: <nil> -> 5353"}},
		{"names that repeat are no keys", "volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}]", "volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b, readOnly: true}]", []string{"added volumeMounts[mountPath=/b].readOnly: <nil> -> true"}},
		{"a key that is twice there does not name", "x: [{name: a, v: 1}, {name: a, v: 2}]", "x: [{name: a, v: 1}, {name: a, v: 3}]", []string{"modified x[1].v: 2 -> 3"}},
		{"odd names are quoted", "x: [{name: 'a]b', v: 1}]", "x: [{name: 'a]b', v: 2}]", []string{`modified x[name="a]b"].v: 1 -> 2`}},
		{"arguments by flag", "args: [--a=1, --b=2, --c]", "args: [--new, --b=3, --c]", []string{"modified args[0]: --a=1 -> --new", "modified args[1]: --b=2 -> --b=3"}},
		{"one more in front", "args: [b, c]", "args: [a, b, c]", []string{"added args[0]: <nil> -> a"}},
		{"rules without names by likeness", "rules: [{resources: [pods], verbs: [get], apiGroups: ['']}]", "rules: [{resources: [x], verbs: [w], apiGroups: [z]}, {resources: [pods], verbs: [get, list], apiGroups: ['']}]", []string{"added rules[0]: <nil> -> map[apiGroups:[z] resources:[x] verbs:[w]]", "added rules[1].verbs[1]: <nil> -> list"}},
		{"a list that is emptied", "x: [{name: a}]", "x: []", []string{"removed x[name=a]: map[name:a] -> <nil>"}},
		{"a list that becomes something else", "x: [a]", "x: {a: b}", []string{"modified x: [a] -> map[a:b]"}},
		{"lists of lists", "x: [[1, 2], [3]]", "x: [[1, 2], [4]]", []string{"modified x[1][0]: 3 -> 4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			left, right := parsed(t, object("A", "a")+c.left+"\n"), parsed(t, object("A", "a")+c.right+"\n")
			for _, change := range Diff(left, right) {
				for _, e := range change.Edits {
					got = append(got, fmt.Sprintf("%s %s: %v -> %v", e.Kind, e.Field, e.Left, e.Right))
					if e.Kind == reordered {
						continue
					}
					l, inLeft := e.Field.In(change.Left.Tree)
					r, inRight := e.Field.In(change.Right.Tree)
					if e.Kind != added && strings.Contains(e.Field.String(), "=") && (!inLeft || !same(l, e.Left)) || e.Kind != removed && (!inRight || !same(r, e.Right)) {
						t.Errorf("%s leads to %v and %v", e.Field, l, r)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPositionOfAnElement(t *testing.T) {
	text := object("A", "a") + "spec:\n  containers:\n    - name: side\n    - name: web\n      image: a\n"
	set, other := parsed(t, text), parsed(t, strings.Replace(text, "image: a", "image: b", 1))
	edit := Diff(set, other)[0].Edits[0]
	if got := set.Objects[0].Position(edit.Field).String(); got != "in.yaml:9:14" {
		t.Errorf("%s is at %s", edit.Field, got)
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ left, right, want string }{
		{"a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c"},
		{"", "a\n", "+a"},
		{"a", "a\n", " a|-\\ No newline at end of file"},
		{"a\nb\nc\nd\n", "b\nc\nd\ne\n", "-a| b| c| d|+e"},
	} {
		if got := strings.Join((Edit{Left: c.left, Right: c.right}).Lines(), "|"); got != c.want {
			t.Errorf("%q and %q: got %s, want %s", c.left, c.right, got, c.want)
		}
	}
	if got := (Edit{Left: "a", Right: int64(1)}).Lines(); got != nil {
		t.Errorf("a number has lines: %v", got)
	}
}

// TestLinesOfLongTexts: both texts can be read off, and what is alike is found, beyond the bound of one search.
func TestLinesOfLongTexts(t *testing.T) {
	var left, right []string
	for i := range 4000 {
		line := fmt.Sprintf("line %d", i)
		left = append(left, line)
		switch i % 5 {
		case 0:
			right = append(right, line+" changed")
		case 2:
			right = append(right, line, "new")
		case 3:
		default:
			right = append(right, line)
		}
	}
	var l, r []string
	alike := 0
	for _, line := range (Edit{Left: strings.Join(left, "\n") + "\n", Right: strings.Join(right, "\n") + "\n"}).Lines() {
		switch line[0] {
		case '-':
			l = append(l, line[1:])
		case '+':
			r = append(r, line[1:])
		default:
			l, r = append(l, line[1:]), append(r, line[1:])
			alike++
		}
	}
	if !slices.Equal(l, left) || !slices.Equal(r, right) || alike != 4000*3/5 {
		t.Errorf("%d and %d lines, %d alike", len(l), len(r), alike)
	}
	if lines := (Edit{Left: strings.Repeat("a\n", 3000), Right: strings.Repeat("b\n", 2000)}).Lines(); len(lines) != 5000 {
		t.Errorf("%d lines of texts that have nothing in common", len(lines))
	}
}

// FuzzLines: both texts can be read off the lines.
func FuzzLines(f *testing.F) {
	f.Add("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n")
	f.Add("x", "")
	f.Fuzz(func(t *testing.T, left, right string) {
		var l, r []string
		for _, line := range (Edit{Left: left, Right: right}).Lines() {
			if line[0] != '+' {
				l = append(l, line[1:])
			}
			if line[0] != '-' {
				r = append(r, line[1:])
			}
		}
		if !slices.Equal(l, splitLines(left)) || !slices.Equal(r, splitLines(right)) {
			t.Errorf("%q and %q give %q and %q", left, right, l, r)
		}
	})
}

// TestOrderOfObjectsNeverCounts compares shuffled sets of distinct objects.
func TestOrderOfObjectsNeverCounts(t *testing.T) {
	left := parsed(t, placed("T", "a", "x")+placed("T", "b", "x")+placed("T", "c", "x", "v: 1")+placed("U", "d", "")+placed("U", "e", ""))
	right := parsed(t, placed("T", "a", "z")+placed("T", "c", "x", "v: 2")+placed("U", "d", "")+placed("U", "f", ""))
	want := summary(Diff(left, right))
	for range 5 {
		left.Objects = append(left.Objects[1:], left.Objects[0])
		right.Objects = append(right.Objects[1:], right.Objects[0])
		if diff := cmp.Diff(want, summary(Diff(left, right))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

// FuzzEffective: nothing is left out, nothing differs from itself, and the set given stays as it was.
func FuzzEffective(f *testing.F) {
	f.Add(placed("T", "a", "")+placed("T", "a", "dest"), placed("ClusterT", "a", "x"), "dest")
	f.Add(placed("T", "a", "", "  annotations: {helm.sh/hook: test}"), placed("T", "a", "b"), "")
	f.Fuzz(func(t *testing.T, a, b, namespace string) {
		left, err := Parse("left", []byte(a))
		if err != nil {
			return
		}
		right, err := Parse("right", []byte(b))
		if err != nil {
			return
		}
		was := slices.Clone(left.Objects)
		l, r := left.Effective(namespace, scoped), right.Effective(namespace, scoped)
		if len(l.Objects)+len(l.Lost) != len(left.Objects) {
			t.Fatalf("%d and %d of %d objects", len(l.Objects), len(l.Lost), len(left.Objects))
		}
		if diff := cmp.Diff(was, left.Objects, cmpopts.IgnoreUnexported(Object{})); diff != "" {
			t.Fatalf("the set changed:\n%s", diff)
		}
		if changes := Diff(l, l); len(changes) > 0 {
			t.Fatalf("differs from itself: %v", summary(changes))
		}
		explained := map[*Object]bool{}
		for _, c := range Diff(l, r) {
			explained[c.Left] = true
		}
		there := map[Key]bool{}
		for _, o := range r.Objects {
			there[o.Key] = true
		}
		for i := range l.Objects {
			if o := &l.Objects[i]; !there[o.Key] && !explained[o] {
				t.Fatalf("%s is gone and nothing says so", o.Key)
			}
		}
	})
}

// crd makes a definition of about a megabyte.
func crd(n int, description string) Set {
	properties := map[string]any{}
	for i := range n {
		nested := map[string]any{"type": "object", "required": []any{"a", "b"}, "properties": map[string]any{}}
		for j := range 40 {
			nested["properties"].(map[string]any)[fmt.Sprintf("field%d", j)] = map[string]any{
				"type": "string", "description": strings.Repeat("words about the field ", 4) + description, "enum": []any{"a", "b", "c"},
			}
		}
		properties[fmt.Sprintf("group%d", i)] = nested
	}
	versions := []any{map[string]any{"name": "v1", "schema": map[string]any{"openAPIV3Schema": map[string]any{"properties": properties}}}}
	tree := map[string]any{"kind": "CustomResourceDefinition", "spec": map[string]any{"versions": versions}}
	return Set{Objects: []Object{{Key: Key{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "x"}, Tree: tree}}}
}

func BenchmarkDiffCRD(b *testing.B) {
	left, right := crd(200, "left"), crd(201, "right")
	for b.Loop() {
		if n := len(Diff(left, right)[0].Edits); n != 200*40+1 {
			b.Fatalf("%d edits", n)
		}
	}
}

// BenchmarkDiffLists compares long lists that nothing names and that differ everywhere.
func BenchmarkDiffLists(b *testing.B) {
	list := func(side string) Set {
		var l []any
		for i := range 5000 {
			l = append(l, map[string]any{"cidr": fmt.Sprintf("%s.%d", side, i), "except": []any{"x"}})
		}
		return Set{Objects: []Object{{Key: Key{Kind: "N", Name: "x"}, Tree: map[string]any{"spec": map[string]any{"from": l}}}}}
	}
	left, right := list("10"), list("11")
	for b.Loop() {
		Diff(left, right)
	}
}
