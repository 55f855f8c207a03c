package policy_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/validate"
	"sluice/validate/policy"
)

// planOf gives a plan whose stack is a text of CUE, with an app "web" of layer "apps" and one "db" of layer "core".
func planOf(text string) render.Plan {
	return render.Plan{
		Name: "example",
		Layers: []render.Layer{
			{Name: "apps", Apps: []render.App{{Name: "web", Layer: "apps", Namespace: "front"}}},
			{Name: "core", Apps: []render.App{{Name: "db", Layer: "core", Namespace: "back"}}},
		},
		Written: []render.File{
			{Path: "cue.mod/module.cue", Data: []byte("module: \"stack.invalid\"\nlanguage: version: \"v0.17.0\"\n")},
			{Path: "stack.cue", Data: []byte("package stack\n" + text)},
		},
	}
}

// inputOf gives what rules are given of manifests of the app web, and of db.
func inputOf(t testing.TB, plan render.Plan, web, db string) validate.Input {
	t.Helper()
	in := validate.Input{Plan: plan, ClusterScoped: func(k render.Key) bool { return k.Kind == "Namespace" }}
	for i, text := range []string{web, db} {
		app := plan.Apps()[i]
		set, err := render.Parse(app.Name+".yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r := render.Result{App: app, Set: set}
		for j := range set.Objects {
			o := &set.Objects[j]
			o.Provenance.App, o.Provenance.Source = app.Name, "manifests "+app.Name+".yaml"
			r.Ledger = append(r.Ledger, placeholders(o.Key, o.Tree, nil)...)
		}
		in.Results = append(in.Results, r)
	}
	return in
}

// placeholders lists those of a tree as the ledger does, as far as the rule looks at them.
func placeholders(key render.Key, v any, at render.Path) []render.Placeholder {
	var list []render.Placeholder
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			list = append(list, placeholders(key, value, at.With(name))...)
		}
	case []any:
		for i, value := range v {
			list = append(list, placeholders(key, value, at.With(i))...)
		}
	case string:
		if strings.Contains(v, "<path:") {
			list = append(list, render.Placeholder{Object: key, Field: at})
		}
	}
	return list
}

// outcome gives what the policies of a text say, a line each: faults first, then findings, then what is unchecked.
func outcome(t testing.TB, text, web, db string) string {
	t.Helper()
	plan := planOf(text)
	rules, err := policy.Rules(t.Context(), plan, policy.Watch{})
	var b strings.Builder
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			b.WriteString(e.Error())
			var placed *render.Error
			if errors.As(e, &placed) && placed.Hint != "" {
				b.WriteString(" (" + placed.Hint + ")")
			}
			b.WriteString("\n")
		}
	} else if err != nil {
		b.WriteString(err.Error() + "\n")
	}
	said, err := validate.Run(t.Context(), inputOf(t, plan, web, db), rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range said.Findings {
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", f.Pos, f.Severity, f.Message, f.Rule)
	}
	for _, u := range said.Unchecked {
		fmt.Fprintf(&b, "unchecked: %s: %s: %s: %s\n", u.App, u.Object, u.What, u.Why)
	}
	return b.String()
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - {name: web, image: "web:latest"}
      - {name: side}
      - {name: log, image: "log:1.2", extra: null}
`

const database = `kind: StatefulSet
apiVersion: apps/v1
metadata: {name: db, labels: {team: core}, annotations: null}
spec: {replicas: 3, hostNetwork: true}
`

// Each case is a policy and what it says of deployment and database.
func TestPolicies(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"a constraint in a list", `policies: p: {match: kind: "Deployment", message: "m", severity: "warning"
			check: spec: template: spec: containers: [...{image: !~":latest$"}]}`,
			`web.yaml:9:28: warning: m: spec.template.spec.containers[0].image is "web:latest", want !~":latest$" [policy-p]`,
		},
		{
			"a required field beside a contradiction", `policies: p: {match: kind: "Deployment", message: "m"
			check: spec: {replicas: >=2, template: spec: containers: [...{image!: !~":latest$"}]}}`,
			`web.yaml:5:13: error: m: spec.replicas is 1, want >=2 [policy-p]
web.yaml:9:28: error: m: spec.template.spec.containers[0].image is "web:latest", want !~":latest$" [policy-p]
web.yaml:10:9: error: m: spec.template.spec.containers[1].image is missing [policy-p]`,
		},
		{"a field that the object lacks is no finding", `policies: p: {match: kind: "Deployment", message: "m", check: spec: {paused: false, minReadySeconds: >3}}`, ``},
		{
			"two values of a kind", `policies: p: {match: kind: "Deployment" | "StatefulSet", message: "m", check: spec: replicas: 2}`,
			`db.yaml:4:18: error: m: spec.replicas is 3, want 2 [policy-p]
web.yaml:5:13: error: m: spec.replicas is 1, want 2 [policy-p]`,
		},
		{
			"a match that CUE tells", `policies: p: {match: spec: replicas: >2, message: "m", check: kind: "Deployment"}`,
			`db.yaml:1:7: error: m: kind is "StatefulSet", want "Deployment" [policy-p]`,
		},
		{
			"a match by a field that is not there", `policies: p: {match: metadata: labels: team: string, message: "m", check: kind: "Deployment"}`,
			`db.yaml:1:7: error: m: kind is "StatefulSet", want "Deployment" [policy-p]`,
		},
		{"apps", `policies: p: {apps: ["db"], message: "m", check: kind: "x"}`, `db.yaml:1:7: error: m: kind is "StatefulSet", want "x" [policy-p]`},
		{"layers", `policies: p: {layers: ["core"], message: "m", check: kind: "x"}`, `db.yaml:1:7: error: m: kind is "StatefulSet", want "x" [policy-p]`},
		{
			"the namespace of the destination", `policies: p: {match: metadata: namespace: "back", message: "m", check: kind: "x"}`,
			`db.yaml:1:7: error: m: kind is "StatefulSet", want "x" [policy-p]`,
		},
		{"a null is left out", `policies: p: {message: "m", check: metadata: annotations?: [string]: string}`, ``},
		{
			"no such field", `policies: p: {message: "m", check: spec?: hostNetwork?: false}`,
			`db.yaml:4:34: error: m: spec.hostNetwork is true, want false [policy-p]`,
		},
		{
			"a message about the object", `policies: p: {object: _, message: "\(object.kind) \(object.metadata.name) has a team", check: metadata: labels!: team!: string}`,
			`web.yaml:3:11: error: Deployment web has a team: metadata.labels is missing [policy-p]`,
		},
		{
			"a check about the object", `policies: p: {object: _, message: "m", check: metadata: labels?: team?: object.metadata.name}`,
			`db.yaml:3:37: error: m: metadata.labels.team is "core" [policy-p]`,
		},
		{
			"a message that the object cannot fill", `policies: p: {object: _, message: "\(object.no.such)", check: kind: "Deployment"}`,
			`db.yaml:1:7: error: the policy p is not met: kind is "StatefulSet", want "Deployment" [policy-p]`,
		},
		{
			"alternatives", `policies: p: {match: kind: "StatefulSet", message: "m", check: spec: {replicas: 1} | {hostNetwork: false}}`,
			`db.yaml:4:7: error: m: spec is an object [policy-p]`,
		},
		{
			"a condition", `policies: p: {message: "m", check: spec: {replicas?: int, if replicas > 2 {topology!: _}}}`,
			`db.yaml:4:7: error: m: spec.topology is missing [policy-p]`,
		},
		{
			"a condition that is not decided", `policies: p: {match: kind: "Deployment", message: "m", check: spec: {paused?: bool, if paused {x!: _}}}`,
			`unchecked: web: Deployment.apps web: policy-p: it depends on a field that the object does not have, or on a placeholder, at stack.cue:2:88`,
		},
		{"closed", `#C: {name: string, image?: string}
policies: p: {match: kind: "Deployment", message: "m", check: spec: template: spec: containers: [...#C & {image?: =~":"}]}`, ``},
		{
			"counts", `import "struct"
policies: p: {match: kind: "StatefulSet", message: "m", check: metadata: labels: struct.MinFields(2)}`,
			`db.yaml:3:30: error: m: metadata.labels is an object, want struct.MinFields(2) [policy-p]`,
		},
		{"values of the stack and a shared check", `_team: "core" | "web"
_check: metadata: labels!: team: _team
policies: p: {check: _check, message: "m"}`, `web.yaml:3:11: error: m: metadata.labels is missing [policy-p]`},
		{
			"a value beside the check", `policies: p: {match: kind: "Deployment", object: _, _n: object.spec.replicas & >1, message: "m", check: spec: replicas: _n}`,
			`web.yaml:5:13: error: m: spec.replicas is 1, want object.spec.replicas & >1 [policy-p]`,
		},
		{
			"an alias", `policies: p: {check: spec: X={replicas: int, if X.hostNetwork != _|_ {bad!: _}}, message: "m"}`,
			`db.yaml:4:7: error: m: spec.bad is missing [policy-p]`,
		},
		{
			"a closed check", `policies: p: {match: kind: "StatefulSet", check: spec: close({replicas: int}), message: "m"}`,
			`db.yaml:4:34: error: m: spec.hostNetwork is not allowed [policy-p]`,
		},
		{
			"policies of a comprehension", `policies: {for k in ["a", "team"] {"\(k)": {check: metadata: labels?: "\(k)"!: _, message: "has \(k)"}}}`,
			`db.yaml:3:30: error: has a: metadata.labels.a is missing [policy-a]`,
		},
		{
			"a name that is not there", `policies: p: {check: kind: nosuch, message: "m"}`,
			`reading the policies of the stack: policies.p.check.kind: reference "nosuch" not found`,
		},
		{"off", `policies: p: {message: "m", check: kind: "x", severity: "off"}`, ``},
		{"off, and about nothing", `policies: p: {match: kind: "Deploymnet", message: "m", check: kind: "x", severity: "off"}`, ``},
		{
			"a match that is closed", `policies: p: {match: close({kind: "Deployment"}), message: "m", check: kind: "x"}`,
			`stack.cue:2:11: info: policy p is about no object of the stack [policy]`,
		},
		{
			"about nothing", `policies: p: {match: kind: "Deploymnet", message: "m", check: kind: "x"}`,
			`stack.cue:2:11: info: policy p is about no object of the stack [policy]`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, strings.TrimSpace(outcome(t, c.text, deployment, database))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

const withPlaceholders = `apiVersion: v1
kind: ConfigMap
metadata: {name: web, labels: {team: "<path:kv/data/x#team>"}}
count: "<path:kv/data/x#count>"
url: "https://<path:kv/data/x#host>/"
`

// What a placeholder stands for is not known: nothing is said of it, and what hangs on it is unchecked.
func TestPlaceholders(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"any value", `policies: p: {match: kind: "ConfigMap", message: "m", check: {count: >5, metadata: labels: team!: "core"}}`, ``},
		{"any text", `policies: p: {match: kind: "ConfigMap", message: "m", check: url: =~"^ftp:"}`, ``},
		{
			"not a number", `policies: p: {match: kind: "ConfigMap", message: "m", check: url: int}`,
			`web.yaml:5:6: error: m: url is "https://<path:kv/data/x#host>/", want int [policy-p]`,
		},
		{
			"a match by what is not known", `policies: p: {match: {kind: "ConfigMap", count: >5}, message: "m", check: kind: "x"}
policies: q: {match: {kind: "ConfigMap"}, message: "m", check: data?: _}`,
			`stack.cue:2:11: info: policy p is about no object of the stack [policy]`,
		},
		{
			"a condition", `policies: p: {match: kind: "ConfigMap", message: "m", check: {count?: _, if count > 5 {big!: true}}}`,
			`unchecked: web: ConfigMap web: policy-p: it depends on a field that the object does not have, or on a placeholder, at stack.cue:2:77`,
		},
		{
			"a count", `policies: p: {match: kind: "ConfigMap", message: "m", check: matchN(1, [{count!: 5}, {count!: 6}])}`,
			`unchecked: web: ConfigMap web: policy-p: it depends on a field that the object does not have, or on a placeholder, at stack.cue:2:62`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, strings.TrimSpace(outcome(t, c.text, withPlaceholders, database))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Nothing that a Secret holds is said, whatever the policy.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = `apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {x: hunter2}}
stringData: {password: hunter2, user: hunter2}
data: {more: aHVudGVyMg==}
`
	got := outcome(t, `policies: p: {object: _, message: "\(object.stringData.password)", check: {stringData?: [string]: int, data?: more?: "x", metadata: annotations?: x?: int}}
policies: q: {object: _, message: "m \(object.metadata.name)", check: {stringData?: [string]: !="hunter2", data?: more?: object.stringData.user}}
policies: r: {match: kind: "Secret", message: "m", check: {stringData: password: =~stringData.user & "x", close({kind: _, apiVersion: _, metadata: _, stringData: _})}}
`, secret, database)
	if strings.Contains(got, "hunter2,") || strings.Contains(got, "is \"hunter2") || strings.Contains(got, "aHVud") || strings.Count(got, "hunter2") != 0 {
		t.Errorf("a secret is shown:\n%s", got)
	}
	if n := strings.Count(got, "policy-"); n < 8 {
		t.Errorf("%d findings, want 8:\n%s", n, got)
	}
}

// What is wrong with a policy is an error with its place, and the others judge.
func TestBrokenPolicies(t *testing.T) {
	const right = "\npolicies: right: {match: kind: \"StatefulSet\", message: \"m\", check: spec: replicas: 2}\n"
	const finding = "db.yaml:4:18: error: m: spec.replicas is 3, want 2 [policy-right]\n"
	const unchecked = "unchecked: :  : policy-p: the policy is wrong in itself\n"
	for _, c := range []struct{ name, text, want string }{
		{"a contradiction", `policies: p: {message: "m", check: spec: replicas: 1 & 2}`, `stack.cue:2:56: policy p: check.spec.replicas: conflicting values 2 and 1`},
		{"an unknown field", `policies: p: {message: "m", check: {}, severty: "error"}`, `stack.cue:2:40: policy p: severty: unknown field (did you mean "severity"?)`},
		{"a severity", `policies: p: {message: "m", check: {}, severity: "eror"}`, `stack.cue:2:40: policy p: severity: got "eror", want one of error, warning, info, off (did you mean "error"?)`},
		{"no check", `policies: p: message: "m"`, `stack.cue:2:11: policy p: check is missing`},
		{"no message", `policies: p: check: {}`, `stack.cue:2:11: policy p: message is missing (say in a few words what is wanted)`},
		{"a message that is not known", `policies: p: {check: {}, message: string}`, `stack.cue:2:26: policy p: message: want a text, got one that is not known: non-concrete value string (to name fields of the object in it, give the policy a field "object: _" and write \(object.metadata.name))`},
		{"a list", `policies: p: {message: "m", check: []}`, `stack.cue:2:29: policy p: check: want a struct, got list`},
		{"an app", `policies: p: {message: "m", check: {}, apps: ["wep"]}`, `stack.cue:2:47: policy p: apps: the stack has no "wep" (did you mean "web"?)`},
		{"layers", `policies: p: {message: "m", check: {}, layers: []}`, `stack.cue:2:40: policy p: layers is empty (leave it out for all of them)`},
		{"a name", `policies: "P p": {message: "m", check: {}}`, `stack.cue:2:11: policy P p: its name is not one of lower-case letters, digits and '-', at most 63 long`},
		{"no struct", `policies: p: 3`, `stack.cue:2:11: policy p: want a struct, got int`},
		{"an object that is more", `policies: p: {message: "m", check: {}, object: kind: "x"}`, `stack.cue:2:40: policy p: object is more than the place of the object (write object: _, and what is wanted of it into match or check)`},
		{"itself", `policies: p: {message: "m", check: {a: b: check}}`, `stack.cue:2:11: policy p: check.a.b: structural cycle`},
		{"a test without ok", `policies: p: {message: "m", check: {}, tests: t: object: {}}`, `stack.cue:2:47: policy p: test t: ok is not true or false (say ok: true where the policy finds nothing, and ok: false where it does)`},
		{"a test without values", `policies: p: {message: "m", check: {}, tests: t: {object: {a: string}, ok: true}}`, `stack.cue:2:47: policy p: test t: its object is not one that could be rendered: policies.p.tests.t.object.a: incomplete value string (write the object out, with values)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := c.want + "\n" + finding + unchecked
			if strings.Contains(c.text, "P p") {
				want = strings.Replace(want, "policy-p", "policy-P p", 1)
			}
			if diff := cmp.Diff(want, outcome(t, c.text+right, deployment, database)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// A test that fails is an error with its place; the policy judges all the same.
func TestTestsOfPolicies(t *testing.T) {
	got := outcome(t, `policies: p: {
	match: kind: "Deployment"
	check: spec: {replicas?: >1, if paused {x!: _}, paused?: bool}
	message: "m"
	tests: {
		good: {object: {kind: "Deployment", spec: {replicas: 2, paused: false}}, ok: true}
		bad: {object: {kind: "Deployment", spec: {replicas: 1, paused: false}}, ok: false}
		other: {object: {kind: "Job"}, ok: true}
		a: {object: {kind: "Deployment", spec: {replicas: 1, paused: false}}, ok: true}
		b: {object: {kind: "Deployment", spec: {replicas: 3, paused: false}}, ok: false}
		c: {object: {kind: "Job"}, ok: false}
		d: {object: {kind: "Deployment", spec: replicas: 3}, ok: true}
	}
}
`, deployment, database)
	const want = `stack.cue:10:3: policy p: test a: want no finding, got m: spec.replicas is 1, want >1 (mend the policy, or the test)
stack.cue:11:3: policy p: test b: want a finding, got none (mend the policy, or the test)
stack.cue:12:3: policy p: test c: want a finding, got none: the policy is not about the object (mend the policy, or the test)
stack.cue:13:3: policy p: test d: it is not decided: it depends on a field that the object does not have, or on a placeholder, at stack.cue:4:34 (mend the policy, or the test)
web.yaml:5:13: error: m: spec.replicas is 1, want >1 [policy-p]
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// A policy that is off judges where the stack asks for it.
func TestPoliciesThatAreOff(t *testing.T) {
	plan := planOf(`policies: p: {match: kind: "StatefulSet", message: "m", check: kind: "x", severity: "off"}`)
	plan.Severities = map[string]string{"policy-p": "warning"}
	rules, err := policy.Rules(t.Context(), plan, policy.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	said, err := validate.Run(t.Context(), inputOf(t, plan, deployment, database), rules)
	if err != nil || len(said.Findings) != 1 || said.Findings[0].Severity != validate.Warning {
		t.Errorf("findings %v, error %v", said.Findings, err)
	}
}

// The examples of a policy's rule are its tests, and the rest of it is what the policy says.
func TestRuleOfPolicy(t *testing.T) {
	rules, err := policy.Rules(t.Context(), planOf(`policies: p: {
	match: kind: "Pod", check: spec?: hostNetwork?: false, message: "no host network", fix: "f", url: "u"
	tests: {a: {object: {kind: "Pod", spec: hostNetwork: true}, ok: false}, b: {object: kind: "Pod", ok: true}}
}`), policy.Watch{})
	if err != nil || len(rules) != 2 {
		t.Fatalf("%d rules, error %v", len(rules), err)
	}
	got := rules[1]
	want := validate.Rule{
		ID: "policy-p", Title: "no host network", Severity: validate.Error, Fix: "f", Source: "u",
		Why:   "the policy p asks for it, at stack.cue:2:11",
		Wrong: "kind: Pod\nspec:\n  hostNetwork: true\n", Right: "kind: Pod\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// Whatever word of a policy is lost, there are rules or an error, and the same ones each time.
func TestDamagedPolicies(t *testing.T) {
	const text = `_k: "Deployment"
policies: p: {
	object: _
	apps: ["web"]
	match: {kind: _k | "Job", spec: replicas: >0}
	check: {spec: {replicas!: int & >1, if replicas > 2 {x!: _}, template: spec: containers: [...{image!: =~"^[a-z]+:" | "x"}]}}
	message: "\(object.metadata.name) \(object.kind)"
	severity: "warning"
	tests: {one: {object: {kind: "Job", metadata: name: "x", spec: replicas: 2}, ok: true}, two: {object: {kind: "Job"}, ok: true}}
}
policies: q: {match: kind: "StatefulSet", message: "m", check: kind: "x"}
`
	words := regexp.MustCompile(`[a-zA-Z_]+|[^\sa-zA-Z_]`).FindAllStringIndex(text, -1)
	judged := 0
	for _, w := range words {
		damaged := text[:w[0]] + text[w[1]:]
		got := outcome(t, damaged, deployment, database)
		if got != outcome(t, damaged, deployment, database) {
			t.Errorf("without %q: another outcome the second time", text[w[0]:w[1]])
		}
		if strings.Contains(got, "gave up") || strings.Contains(got, "_|_ (") || strings.Contains(got, "<schema>") {
			t.Errorf("without %q at %d:\n%s", text[w[0]:w[1]], w[0], got)
		}
		if strings.Contains(got, "[policy-q]") {
			judged++
		}
	}
	if judged < 30 {
		t.Errorf("policy q judged only %d times of %d", judged, len(words))
	}
}

// A stack without policies is not evaluated again.
func TestNoPolicies(t *testing.T) {
	plan := planOf(`this: is: "no stack"`)
	plan.Written[1].Data = []byte("this is no CUE")
	rules, err := policy.Rules(t.Context(), plan, policy.Watch{})
	if err != nil || len(rules) != 1 || rules[0].ID != "policy" {
		t.Errorf("rules %v, error %v", rules, err)
	}
}

// Whether a policy is about anything is not known of a selection of apps, nor where one could not be rendered.
func TestIdlePolicies(t *testing.T) {
	plan := planOf(`policies: p: {match: kind: "Deploymnet", message: "m", check: spec: replicas: >=2}`)
	rules, err := policy.Rules(t.Context(), plan, policy.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(*validate.Input)
		want int
	}{
		"whole":    {func(*validate.Input) {}, 1},
		"narrowed": {func(in *validate.Input) { in.Plan.Others = []render.App{{Name: "left"}} }, 0},
		"failed":   {func(in *validate.Input) { in.Results = in.Results[:1] }, 0},
	} {
		in := inputOf(t, plan, deployment, database)
		c.edit(&in)
		said, err := validate.Run(t.Context(), in, rules)
		if err != nil || len(said.Findings) != c.want {
			t.Errorf("%s: %+v, %v", name, said.Findings, err)
		}
	}
}

// fleet gives policies and n objects of a few kinds.
func fleet(t testing.TB, n int) validate.Input {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString("---\n")
		}
		switch i % 3 {
		case 0:
			fmt.Fprintf(&b, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d, labels: {team: a}}\ndata: {a: b, c: d}\n", i)
		case 1:
			fmt.Fprintf(&b, "apiVersion: v1\nkind: Service\nmetadata: {name: s%d, labels: {team: a}}\nspec: {ports: [{name: http, port: 80}], selector: {app: x}}\n", i)
		default:
			b.WriteString(strings.Replace(deployment, "name: web}\nspec", fmt.Sprintf("name: d%d, labels: {team: a}}\nspec", i), 1))
		}
	}
	return inputOf(t, planOf(`
policies: latest: {match: kind: "Deployment", message: "m", check: spec: template: spec: containers: [...{image: !~":newest$"}]}
policies: replicas: {match: kind: "Deployment" | "StatefulSet", message: "m", check: spec: replicas: >=1}
policies: team: {message: "m", check: metadata: labels!: team!: =~"^[a-z]+$"}
policies: ports: {match: kind: "Service", message: "m", check: spec: ports: [...{name!: string, port: <1024}]}
policies: named: {message: "m", check: metadata: name: =~"^[a-z0-9-]+$"}
`), b.String(), database)
}

// Five policies on 600 objects are judged in a tenth of a second of an idle machine. A busy one makes as many allocations.
func TestCost(t *testing.T) {
	in := fleet(t, 600)
	rules, err := policy.Rules(t.Context(), in.Plan, policy.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	allocations := testing.AllocsPerRun(1, func() {
		if _, err := validate.Run(t.Context(), in, rules); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 600_000 {
		t.Errorf("%.0f allocations", allocations)
	}
}

func TestSlowPoliciesAreSaid(t *testing.T) {
	in := fleet(t, 3)
	clock := time.Unix(0, 0)
	var said []string
	rules, err := policy.Rules(t.Context(), in.Plan, policy.Watch{
		Now:  func() time.Time { clock = clock.Add(300 * time.Millisecond); return clock },
		Slow: func(name string, took time.Duration) { said = append(said, fmt.Sprint(name, " ", took)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := validate.Run(t.Context(), in, rules); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"named 1.2s", "team 1.2s"}, said); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// The end of the context ends the wait for CUE, which does not look at it.
func TestBombs(t *testing.T) {
	plan := planOf(`import "list"
policies: p: {message: "m", check: a: {for i in list.Range(0, 500, 1) for j in list.Range(0, 500, 1) {"\(i)-\(j)": i*j}}}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := policy.Rules(ctx, plan, policy.Watch{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func BenchmarkPolicies(b *testing.B) {
	in := fleet(b, 600)
	for b.Loop() {
		rules, err := policy.Rules(b.Context(), in.Plan, policy.Watch{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := validate.Run(b.Context(), in, rules); err != nil {
			b.Fatal(err)
		}
	}
}

// What does not compile is not judged, and is told as it was found; what of it compiles all the same is passed over.
func TestPoliciesThatDoNotCompile(t *testing.T) {
	plan := planOf(`policies: a: {check: spec: replicas: nope, message: "m"}
policies: b: {match: kind: "Deployment", check: spec: replicas: >=2, message: "m"}`)
	fault := &render.Error{Pos: render.Position{File: "stack.cue", Line: 2, Column: 38}, Err: errors.New("policy a: it is broken")}
	plan.Faults, plan.Broken = []*render.Error{fault}, []string{"", "a"}
	plan.Sound = planOf("policies: a: message: 3\n" + `policies: b: {match: kind: "Deployment", check: spec: replicas: >=2, message: "m"}`).Written
	rules, err := policy.Rules(t.Context(), plan, policy.Watch{})
	if err == nil || err.Error() != fault.Error() {
		t.Errorf("error %v", err)
	}
	said, err := validate.Run(t.Context(), inputOf(t, plan, deployment, database), rules)
	if err != nil {
		t.Fatal(err)
	}
	if len(said.Findings) != 1 || said.Findings[0].Rule != "policy-b" {
		t.Errorf("findings %v", said.Findings)
	}
	if len(said.Unchecked) != 1 || said.Unchecked[0].What != "policy-a" {
		t.Errorf("unchecked %v", said.Unchecked)
	}
	if ids := len(rules); ids != 3 {
		t.Errorf("%d rules", ids)
	}
}
