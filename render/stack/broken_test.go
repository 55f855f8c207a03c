package stack_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/render"
	"sluice/render/stack"
)

// whole is a stack whose policies compile.
const whole = `package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.5.1"}
layers: apps: {wave: 0, apps: web: manifests: ["web.yaml"]}
policies: good: {check: spec: replicas: >=2, message: "m"}
`

// withPolicies loads the stack whole, with more files: a text for more.cue, or several that each begin with "== NAME".
func withPolicies(t testing.TB, text string, tags ...string) (render.Plan, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "stack.cue"), whole)
	write(t, filepath.Join(dir, "web.yaml"), "kind: ConfigMap\n")
	if !strings.HasPrefix(text, "== ") {
		text = "== more.cue\npackage stack\n" + text
	}
	for part := range strings.SplitSeq("\n"+text, "\n== ") {
		if name, body, ok := strings.Cut(part, "\n"); ok {
			write(t, filepath.Join(dir, name), body)
		}
	}
	plan, err := stack.Load(dir, tags)
	plan.Dir = ""
	return plan, err
}

// sameButPolicies compares what two plans render.
func sameButPolicies(a, b render.Plan) string {
	return cmp.Diff(a, b, cmpopts.IgnoreFields(render.Plan{}, "Written", "Sound", "Faults", "Broken", "Tags"))
}

// lines writes the names of what is broken, and why.
func lines(plan render.Plan) string {
	if plan.Broken == nil {
		return ""
	}
	said := make([]string, len(plan.Faults))
	for i, f := range plan.Faults {
		said[i] = f.Error()
	}
	return fmt.Sprintf("%v %s", plan.Broken, strings.Join(said, "\n"))
}

// blanksOnly says in what Sound differs from Written otherwise than by blanks.
func blanksOnly(plan render.Plan) string {
	for i, w := range plan.Written {
		s := plan.Sound[i]
		if s.Path != w.Path || len(s.Data) != len(w.Data) {
			return "another file: " + s.Path
		}
		for k, c := range s.Data {
			if c != w.Data[k] && c != ' ' {
				return fmt.Sprintf("%s: byte %d", s.Path, k)
			}
		}
	}
	return ""
}

func TestBrokenPolicies(t *testing.T) {
	plain, err := withPolicies(t, "")
	if err != nil || plain.Broken != nil || plain.Faults != nil || plain.Sound != nil {
		t.Fatalf("broken %v, error %v", lines(plain), err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"a field of its own", `policies: a: {check: x: nope, message: "m"}`, `[a] more.cue:2:25: policy a: check.x: reference "nope" not found`},
		{"quoted", `"policies": {"a": {check: x: nope}, b: check: x: 1}`, `[a] more.cue:2:30: policy a: check.x: reference "nope" not found`},
		{"two in one struct", "policies: {a: check: nope, b: check: x: 1,\n\tc: check: nope}", "[a c] more.cue:2:22: policy a: check: reference \"nope\" not found\nmore.cue:3:12: policy c: check: reference \"nope\" not found"},
		{"nothing is left", `policies: {a: check: nope}`, `[a] more.cue:2:22: policy a: check: reference "nope" not found`},
		{"a name with a dash", `policies: "a-b": check: nope`, `[a-b] more.cue:2:25: policy a-b: check: reference "nope" not found`},
		{"parts in two files", "== one.cue\npackage stack\npolicies: a: check: nope\n== two.cue\npackage stack\npolicies: {\n\ta: message: \"m\"\n\tb: message: \"m\"\n}\n", `[a] one.cue:2:21: policy a: check: reference "nope" not found`},
		{"in an embedded struct", `{policies: a: check: nope}`, `[a] more.cue:2:22: policy a: check: reference "nope" not found`},
		{"in a condition", `if true {policies: {a: check: nope, b: check: x: 1}}`, `[a] more.cue:2:31: policy a: check: reference "nope" not found`},
		{"unified", `policies: ({a: check: nope} & {b: check: x: 1})`, `[a] more.cue:2:23: policy a: check: reference "nope" not found`},
		{"an operand", `policies: {a: check: x: 1} & nope`, `[a good] more.cue:2:30: policies a, good: reference "nope" not found`},
		{"embedded in policies", `policies: {nope, a: check: x: 1}`, `[a good] more.cue:2:12: policies a, good: reference "nope" not found`},
		{"a pattern", `policies: [string]: severity: nope`, `[good] more.cue:2:31: policy good: [].severity: reference "nope" not found`},
		{"a let", `policies: {let N = nope, a: check: x: N, b: check: x: 1}`, `[a] more.cue:2:20: policy a: reference "nope" not found`},
		{"a let of the stack", "let N = nope\npolicies: {a: check: x: N, b: check: x: 1}", `[a] more.cue:2:9: policy a: reference "nope" not found`},
		{"a let of a let", "let M = nope\nlet N = M\npolicies: {a: check: x: N, b: check: x: 1}", `[a] more.cue:2:9: policy a: reference "nope" not found`},
		{"a hidden field", "_n: 1\npolicies: {_n: nope, a: check: x: _n, b: check: x: 1}", `[a] more.cue:3:16: policy a: _n: reference "nope" not found`},
		{"a definition of the stack", "#C: x: nope\npolicies: {a: check: #C, b: check: x: 1}", `[a] more.cue:2:8: policy a: #C.x: reference "nope" not found`},
		{"a hidden field in parts", "== one.cue\npackage stack\n_n: x: nope\n== two.cue\npackage stack\n_n: y: 1\npolicies: a: check: _n\n", `[a] one.cue:2:8: policy a: _n.x: reference "nope" not found`},
		{"a computed name", `policies: "\("a")": check: nope`, `[] more.cue:2:28: policies: check: reference "nope" not found`},
		{"a comprehension", `policies: {for n in nope {(n): check: x: 1}}`, `[] more.cue:2:21: policies: reference "nope" not found`},
		{"a comprehension beside one that asks for anything", `policies: {for n in nope {(n): check: x: 1}, a: check: x!: _}`, `[] more.cue:2:21: policies: reference "nope" not found`},
		{"in a comprehension", `policies: {for n in ["b"] {(n): check: x: nope}}`, `[] more.cue:2:43: policies: check.x: reference "nope" not found`},
		{"a named one in a comprehension", `policies: {if true {a: check: nope, b: check: x: 1}}`, `[a] more.cue:2:31: policy a: check: reference "nope" not found`},
		{"a comprehension of the stack", `for n in nope {policies: (n): check: x: 1}`, `[] more.cue:2:10: policies: reference "nope" not found`},
		{"by a let of a comprehension", `policies: {for n in ["b"] let m = n {a: check: m & nope}}`, `[a] more.cue:2:52: policy a: check: reference "nope" not found`},
		{"a policy that refers to one", `policies: {a: check: x: nope, b: check: a.check, c: check: x: 1}`, `[a b] more.cue:2:25: policies a, b: a.check.x: reference "nope" not found`},
		{"a policy that refers to one by policies", "policies: {a: check: x: nope}\npolicies: {b: check: policies.a.check, c: check: policies.good.check}", `[a b] more.cue:2:25: policies a, b: a.check.x: reference "nope" not found`},
		{"an alias", `policies: {X=a: check: x: nope, b: check: X.check, c: check: x: 1}`, `[a b] more.cue:2:27: policies a, b: a.check.x: reference "nope" not found`},
		{"the user of an alias", `policies: {X=a: check: x: 1, b: check: X.check & nope}`, `[b] more.cue:2:50: policy b: check: reference "nope" not found`},
		{"the user of an alias of policies", `P=policies: {a: check: x: 1, b: check: P.a.check & nope}`, `[b] more.cue:2:52: policy b: check: reference "nope" not found`},
		{"an alias of policies", "P=policies: a: check: nope\npolicies: b: check: P.good.check", `[a b] more.cue:2:23: policies a, b: a.check: reference "nope" not found`},
		{"an alias of the value", `policies: a: X={check: x: nope, message: X.check.x}`, `[a] more.cue:2:27: policy a: check.x: reference "nope" not found`},
		{"an alias that nothing refers to", `policies: {X=a: check: x: 1}`, `[a] more.cue:2:12: policy a: unreferenced alias or let clause X`},
		{"a let that nothing refers to", `policies: {let N = 1, a: check: x: 1}`, `[] more.cue:2:12: policies: unreferenced alias or let clause N`},
		{"self", `policies: a: check: self.x`, `[a] more.cue:2:21: policy a: check: predeclared identifier "self" requires @experiment(aliasv2)`},
		{"a mark that is not allowed", `policies: a: check: x: *1`, `[a] more.cue:2:24: policy a: check.x: preference mark not allowed at this position`},
		{"policies with an alias elsewhere", "== one.cue\npackage stack\nX=policies: {a: {check: nope}, b: {check: X.good}}\n== two.cue\npackage stack\npolicies: c: check: policies.good", `[a] one.cue:2:25: policy a: check: reference "nope" not found`},
		{"an import of its own", "import \"strings\"\npolicies: a: check: x: strings.MinRunes(3) & nope", `[a] more.cue:3:46: policy a: check.x: reference "nope" not found`},
		{"of several imports", "import (\n\t\"list\"\n\t\"strings\"\n)\npolicies: a: check: x: strings.MinRunes(3) & nope\npolicies: b: check: x: list.MinItems(3)", `[a] more.cue:6:46: policy a: check.x: reference "nope" not found`},
		{"of imports on a line", "import (\"list\", \"strings\")\npolicies: a: check: x: strings.MinRunes(3) & list.MinItems(1) & nope", `[a] more.cue:3:65: policy a: check.x: reference "nope" not found`},
		{"an import that is misspelt", "import \"strngs\"\npolicies: a: check: x: strngs.MinRunes(3)", `[a] more.cue:2:8: policy a: builtin package "strngs" undefined`},
		{"no package of the module", "import \"stack.invalid/foo\"\npolicies: a: check: x: foo.X", `[a] more.cue:2:8: policy a: import failed: cannot find package "stack.invalid/foo": cannot find module providing package stack.invalid/foo`},
		{"a package of the network", "import f \"example.com/foo@v0\"\npolicies: {a: check: x: f.X, b: check: x: nope}", `[a b] more.cue:2:8: policy a: import failed: cannot find package "example.com/foo@v0": cannot find module providing package example.com/foo@v0
more.cue:3:43: policy b: check.x: reference "nope" not found`},
		{"the user of an import that is misspelt", "import \"strings\"\npolicies: a: check: x: strngs.MinRunes(3)", `[a] more.cue:3:24: policy a: check.x: reference "strngs" not found`},
		{"the user of a let that is misspelt", "let Least = 1\npolicies: {a: check: x: Lest, b: check: x: 1}", `[a] more.cue:3:25: policy a: check.x: reference "Lest" not found`},
		{"the user of an alias that is misspelt", `policies: {Xyz=a: check: x: 1, b: check: Xys.check}`, `[b] more.cue:2:42: policy b: check: reference "Xys" not found`},
		{"embedding that is off", `policies: a: check: _ @embed(file=web.yaml)`, `[a] more.cue:2:23: policy a: @embed(file=web.yaml) has no effect in a file without @extern(embed)`},
		{"a file that there is not", "== more.cue\n@extern(embed)\n\npackage stack\n\npolicies: a: check: _ @embed(file=no.yaml)\n", `[a] more.cue:5:23: policy a: @embed: open no.yaml: no such file or directory`},
		{"a tag of an unknown type", `policies: a: severity: _ @tag(sev,type=nope)`, `[a] more.cue:2:26: policy a: invalid type "nope"`},
		{"ends of lines of another system", "policies: {\r\n\ta: check: nope // one\r\n\tb: check: x: 1\r\n}\r\n", `[a] more.cue:3:12: policy a: check: reference "nope" not found`},
		{"comments between", "policies: {\n\t// a is\n\ta: check: nope // one\n\t// b is\n\tb: check: x: 1\n\t// end\n}", `[a] more.cue:4:12: policy a: check: reference "nope" not found`},
		{"a text of several lines", "policies: a: {check: x: nope, message: \"\"\"\n\tone\n\ttwo \\(nope)\n\t\"\"\"}\npolicies: b: check: x: 1", "[a] more.cue:2:25: policy a: check.x: reference \"nope\" not found\nmore.cue:4:8: policy a: message: reference \"nope\" not found"},
		{"the marks of other alphabets", `policies: {"ä": check: nope, b: check: x: 1}`, `[ä] more.cue:2:25: policy ä: check: reference "nope" not found`},
		{"a field that may be", `policies: a?: check: nope`, `[a] more.cue:2:22: policy a: check: reference "nope" not found`},
		{"an ellipsis", `policies: {a: check: nope, ...}`, `[a] more.cue:2:22: policy a: check: reference "nope" not found`},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := withPolicies(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, lines(plan)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if diff := sameButPolicies(plain, plan); diff != "" {
				t.Errorf("another plan:\n%s", diff)
			}
			if said := blanksOnly(plan); said != "" {
				t.Error(said)
			}
		})
	}
}

// Where what is wrong is none of policies alone, the error is that of the stack, and nothing is left out.
func TestBrokenStacks(t *testing.T) {
	const nope = `more.cue:2:27: policies.a.check.x: reference "nope" not found`
	for _, c := range []struct{ name, text, want string }{
		{"an app too", "policies: {a: {check: {x: nope}}}\nlayers: apps: apps: web: namespace: nope", nope + "\nmore.cue:3:37: layers.apps.apps.web.namespace: reference \"nope\" not found"},
		{"an app by a condition", "policies: {a: {check: {x: nope}}}\nif policies.a != _|_ {layers: more: {wave: 1, apps: b: manifests: [\"web.yaml\"]}}", nope},
		{"an app by an index", "policies: {a: {check: {x: nope}}}\nlayers: apps: apps: web: namespace: policies[\"a\"].message", nope},
		{"an app by all policies", "policies: {a: {check: {x: nope}}}\nfor n, _ in policies {layers: more: {wave: 1, apps: (n): manifests: [\"web.yaml\"]}}", nope},
		{"an app by an alias", "P=policies: {a: {check: {x: nope}}}\nlayers: apps: apps: web: namespace: *P.a.message | \"x\"", `more.cue:2:29: policies.a.check.x: reference "nope" not found`},
		{"an app by policies with an alias elsewhere", "== one.cue\npackage stack\nX=policies: {a: {check: nope}, b: {check: X.good}}\n== two.cue\npackage stack\nif policies.a != _|_ {layers: more: {wave: 1, apps: b: manifests: [\"web.yaml\"]}}", `one.cue:2:25: policies.a.check: reference "nope" not found`},
		{"an app by a hidden field with an alias elsewhere", "== one.cue\npackage stack\nX=_h: {a: nope, b: X.a}\npolicies: a: check: _h\n== two.cue\npackage stack\nlayers: apps: apps: web: namespace: *_h.a | \"x\"", `one.cue:2:11: _h.a: reference "nope" not found`},
		{"an app by a let", "policies: {a: {check: {x: nope}}}\nlet P = policies\nlayers: apps: apps: web: namespace: *P.a.message | \"x\"", nope},
		{"an app by a let of self", "== more.cue\n@experiment(aliasv2)\npackage stack\npolicies: {a: {check: {x: nope}}}\nlet S = self\nif S.policies.a != _|_ {layers: more: {wave: 1, apps: b: manifests: [\"web.yaml\"]}}", `more.cue:3:27: policies.a.check.x: reference "nope" not found`},
		{"an app by a hidden field", "policies: {a: {check: {x: nope}}}\n_p: policies.a\nlayers: apps: apps: web: namespace: *_p.message | \"x\"", nope},
		{"an app by what a policy uses", "_x: nope\npolicies: {a: {check: {x: _x}}}\nlayers: apps: apps: web: namespace: *_x | \"x\"", `more.cue:2:5: _x: reference "nope" not found`},
		{"an app by an import", "import \"strngs\"\npolicies: {a: {check: {x: strngs.X}}}\nlayers: apps: apps: web: namespace: *strngs.X | \"x\"", `more.cue:2:8: builtin package "strngs" undefined`},
		{"a hidden field that no policy uses", "_x: nope\npolicies: {a: {check: {x: 1}}}", `more.cue:2:5: _x: reference "nope" not found`},
		{"an import that nothing uses", "import \"strings\"\npolicies: {a: {check: {x: nope}}}", "more.cue:2:8: imported and not used: \"strings\"\nmore.cue:3:27: policies.a.check.x: reference \"nope\" not found"},
		{"a let that nothing uses", "let X = 1\npolicies: {a: {check: {x: nope}}}", "more.cue:2:1: unreferenced alias or let clause X\nmore.cue:3:27: policies.a.check.x: reference \"nope\" not found"},
		{"a condition over more than policies", "if nope {policies: {a: {check: {x: 1}}}, layers: more: wave: 1}", `more.cue:2:4: reference "nope" not found`},
		{"syntax elsewhere", "policies: {a: {check: {x: nope}}}\nname: {", "more.cue:3:8: expected '}', found 'EOF'"},
		{"syntax in a policy", "policies: {a: {check: {x: ]}}}", "more.cue:2:27: expected operand, found ']'\nmore.cue:2:31: expected '}', found 'EOF'"},
		{"a hidden field with the same name", "_l: {policies: {a: {check: nope}}}\n_l", `more.cue:2:28: _l.policies.a.check: reference "nope" not found`},
		{"a name given twice", "policies: a: {let A = 1, A: 2, check: A}", `more.cue:2:29: cannot have both alias and field with name "A" in same scope`},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := withPolicies(t, c.text)
			if err == nil {
				t.Fatalf("accepted, broken: %v", lines(plan))
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// A tag that only a broken policy declares does not count, and does not stop the rest.
func TestTagsOfBrokenPolicies(t *testing.T) {
	const text = "policies: a: {check: nope, severity: string @tag(level)}\npolicies: b: {_of: string @tag(of,short=x|y), check: x: _of}"
	plan, err := withPolicies(t, text, "level=info", "x")
	if diff := cmp.Diff([]string{"x"}, plan.Tags); err != nil || diff != "" {
		t.Errorf("error %v, tags %s", err, diff)
	}
	if _, err = withPolicies(t, text, "level=info", "none"); err == nil || !strings.Contains(err.Error(), `unknown tag "none"`) {
		t.Errorf("error %v", err)
	}
	// A tag that keeps a file out of the stack does so still; that @if has its word declares no key.
	const more = "== more.cue\npackage stack\npolicies: a: {check: nope, severity: string @tag(level,short=x|y)}\n" +
		"== prod.cue\n@if(!x || level)\npackage stack\nlayers: more: {wave: 1, apps: db: manifests: [\"web.yaml\"]}"
	if plan, err = withPolicies(t, more, "x"); err != nil || len(plan.Layers) != 1 {
		t.Errorf("error %v, tags %v, layers %v", err, plan.Tags, plan.Layers)
	}
	if plan, err = withPolicies(t, more, "level=info"); err != nil || len(plan.Tags) != 0 || len(plan.Layers) != 2 {
		t.Errorf("error %v, tags %v, layers %v", err, plan.Tags, plan.Layers)
	}
}

// What is wrong and compiles is left to whoever judges.
func TestWrongPolicies(t *testing.T) {
	for _, text := range []string{
		`policies: a: check: _|_`, `policies: a: check: x?: _|_`, `policies: a: check: 1 & 2`, `policies: a: check: policies.a`,
		`policies: a: check: x: or([])`, `policies: a: 5`, `policies: a: []`, `policies: a: check: x: =~"("`, `policies: 5`,
		"import \"strings\"\npolicies: a: check: x: strings.MinRuns(3)", `policies: {a: check: b.check, b: check: a.check}`,
		`policies: a: {check: y: 1}.x`, `policies: a: check: x: 1/0`,
	} {
		plan, err := withPolicies(t, text)
		if err != nil || plan.Broken != nil {
			t.Errorf("%s: broken %v, error %v", text, lines(plan), err)
		}
	}
}

// rich has policies in many spellings, and what they use.
const rich = `== lib.cue
package stack

_labels: team: "web" | "core"
#Named: name: =~"^[a-z]+$"
== more.cue
@extern(embed)

package stack

import (
	"list"
	s "strings"
)

let Least = 2
policies: [string]: severity: *"warning" | "error"
P=policies: {
	let Most = 9
	_own: list.MaxItems(3)
	// a is
	X=a: {check: spec: replicas: >=Least & <=Most, message: "m"}
	"b": {check: {X.check, metadata: labels: _labels}, message: "\(s.ToUpper("m")) of b"}
	for n in ["one", "two"] {"c-\(n)": {check: metadata: #Named, message: """
		several
		lines \(n)
		"""}}
	if P.a.severity == "warning" {d: {object: _, check: spec: containers: _own, message: "\(object.kind)"}}
}
policies: e: V={check: x: 1, message: "m", tests: t: {object: {y: V.message}, ok: true}}
`

// sound checks what is asked of every load: that it gives a plan or an error with a place, and that what is left of a stack
// is one by itself, with the same plan.
func sound(t testing.TB, plan render.Plan, err error) {
	t.Helper()
	if err != nil {
		describe(t, err)
		return
	}
	if (plan.Broken == nil) != (plan.Sound == nil) {
		t.Errorf("broken: %v, sound: %v", lines(plan), plan.Sound != nil)
	}
	if plan.Broken == nil {
		return
	}
	if said := blanksOnly(plan); said != "" {
		t.Error(said)
	}
	dir := t.TempDir()
	for _, f := range plan.Sound {
		if !strings.Contains(f.Path, "cue.mod") {
			write(t, filepath.Join(dir, f.Path), string(f.Data))
		}
	}
	write(t, filepath.Join(dir, "web.yaml"), "kind: ConfigMap\n")
	again, err := stack.Load(dir, plan.Tags)
	again.Dir = ""
	if err != nil || again.Broken != nil {
		t.Errorf("without what is broken: broken %v, error %v", lines(again), err)
	}
	if diff := sameButPolicies(plan, again); diff != "" {
		t.Errorf("another plan without what is broken:\n%s", diff)
	}
}

// Whatever is lost of policies, what is rendered stays the same, or there is an error.
func TestDamagedPolicies(t *testing.T) {
	plain, err := withPolicies(t, rich)
	if err != nil || plain.Broken != nil {
		t.Fatalf("broken %v, error %v", lines(plain), err)
	}
	broken, refused := 0, 0
	try := func(from, to int) {
		plan, err := withPolicies(t, rich[:from]+rich[to:])
		sound(t, plan, err)
		switch {
		case err != nil:
			refused++
			return
		case plan.Broken != nil:
			broken++
		}
		if diff := sameButPolicies(plain, plan); diff != "" {
			t.Errorf("without bytes %d to %d: another plan:\n%s", from, to, diff)
		}
	}
	from := strings.Index(rich, "_labels")
	for line := range strings.Lines(rich[from:]) {
		if !strings.HasPrefix(line, "==") && !strings.HasPrefix(line, "package") {
			try(from, from+len(line))
		}
		from += len(line)
	}
	for i := strings.Index(rich, "import"); i < len(rich); i += 5 {
		try(i, i+1)
	}
	if broken < 15 || refused < 30 {
		t.Errorf("%d with broken policies and %d refused", broken, refused)
	}
}

// No text makes Load panic, and what is left of a stack is one.
func FuzzPolicies(f *testing.F) {
	f.Add("policies: a: check: nope")
	f.Add(strings.NewReplacer("== lib.cue\npackage stack\n", "", "== more.cue\n", "", "@extern(embed)\n\npackage stack\n", "").Replace(rich))
	f.Add("import \"strngs\"\nlet N = nope\n_h: N\npolicies: {X=a: {check: strngs.X, if _h {x: X}}, [string]: nope, \"\\(nope)\": nope}")
	f.Add("P=policies: {a~Q: nope, for n in P {(n): b.c, let d = Q}, ...}\nif policies.a {x: self}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 || strings.Contains(text, "\n== ") || strings.HasPrefix(text, "== ") {
			return
		}
		plan, err := withPolicies(t, text)
		sound(t, plan, err)
	})
}
