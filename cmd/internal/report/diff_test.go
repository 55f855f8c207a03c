package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/render"
	"sluice/validate"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parsed(t testing.TB, text string) render.Set {
	t.Helper()
	set, err := render.Parse("in.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// compared makes the comparison of an app with the destination namespace "apps".
func compared(t testing.TB, app, left, right string) validate.Comparison {
	t.Helper()
	scoped := func(k render.Key) bool { return strings.HasPrefix(k.Kind, "Cluster") }
	l, r := parsed(t, left), parsed(t, right)
	return validate.Comparison{
		App: app, Left: render.Result{Set: l}, Right: render.Result{Set: r},
		Raw: render.Diff(l, r), Effective: render.Diff(l.Effective("apps", scoped), r.Effective("apps", scoped)),
	}
}

// document writes one object; the rest is further lines, the metadata's begin with two blanks.
func document(version, kind, name string, rest ...string) string {
	return fmt.Sprintf("---\n# Source: chart/templates/%s.yaml\napiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n%s\n",
		strings.ToLower(kind), version, kind, name, strings.Join(rest, "\n"))
}

// secrets are the values that no form may show.
var secrets = []string{"left-hunter2-secret", "right-hunter2-secret", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "url-pass-1/word", "ghp_0123456789abcdef", "variable-value"}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func example(t testing.TB) Diff {
	t.Helper()
	deployment := func(chart, image, args string) string {
		return document("apps/v1", "Deployment", "web", "  labels: {helm.sh/chart: "+chart+"}", "spec: {template: {spec: {containers: [{name: web, image: '"+image+"', args: ["+args+"]}, {name: side}]}}}")
	}
	config := func(chart, name, text string) string {
		return document("v1", "ConfigMap", name, "  labels: {helm.sh/chart: "+chart+"}", "data:\n  app.conf: |\n    "+strings.ReplaceAll(text, "\n", "\n    "))
	}
	pem := "-----BEGIN RSA PRIVATE KEY-----\n" + secrets[2] + "\n-----END RSA PRIVATE KEY-----"
	left := document("k8s.mariadb.com/v1alpha1", "Database", "netbox") + document("v1", "PersistentVolumeClaim", "store", "  namespace: old") +
		document("batch/v1", "Job", "migrate") + document("v1", "ServiceAccount", "sa") + deployment("web-1.0.0", "web:1", "--a=1, -v") +
		config("web-1.0.0", "one", "log = info\nport = 80\nurl = postgres://app:"+secrets[3]+"@db/x\n"+pem) + config("web-1.0.0", "two", "x = 1") +
		document("v1", "Secret", "login", "data: {password: "+b64(secrets[0])+", same: "+b64("same-value")+"}", "stringData: {plain: "+secrets[0]+", slot: '<path:kv/data/x#k>'}") +
		document("v1", "Pod", "smoke", "  annotations: {helm.sh/hook: test}")
	right := document("v1", "PersistentVolumeClaim", "store", "  namespace: new") +
		document("batch/v1", "Job", "migrate", "  annotations: {helm.sh/hook: pre-upgrade}") + document("v1", "ServiceAccount", "sa", "  namespace: apps") +
		deployment("web-1.1.0", "web:2", "--a=2, -v") + document("v1", "Service", "web", "spec: {ports: [{port: 80}]}") +
		config("web-1.1.0", "one", "log = debug\nport = 80\nurl = postgres://app:other-"+secrets[3]+"@db/x\n"+strings.ReplaceAll(pem, "MII", "MIIMII")) + config("web-1.1.0", "two", "x = 1") +
		document("v1", "Secret", "login", "data: {password: "+b64(secrets[1])+", same: "+b64("same-value")+"}", "stringData: {plain: "+secrets[1]+", slot: '<path:kv/data/x#k2>'}") +
		document("v1", "Pod", "smoke", "  annotations: {helm.sh/hook: test}", "spec: {x: 1}")
	database := render.Key{Group: "k8s.mariadb.com", Kind: "Database", Namespace: "apps", Name: "netbox"}
	claim := render.Key{Kind: "PersistentVolumeClaim", Namespace: "old", Name: "store"}
	return Diff{
		Left: "branch:rendered", Right: "render:plugin", LeftTools: render.Toolchain{Name: "argocd", ArgoCD: "3.4.9", Helm: "3.19.4", Kustomize: "5.8.1"},
		RightTools: render.Toolchain{Name: "plugin", Helm: "4.2.1", Profile: "plugin", Cluster: render.Cluster{Kubernetes: "1.33.4"}},
		Apps:       []validate.Comparison{compared(t, "netbox", left, right), compared(t, "same", document("v1", "ServiceAccount", "a"), document("v1", "ServiceAccount", "a"))},
		Report: validate.Report{
			Findings: []validate.Finding{
				{
					Rule: "lost-data", Severity: validate.DataLoss, App: "netbox", Object: database, Pos: render.Position{File: "stack.cue", Line: 12},
					Message: "the database netbox is dropped", Why: "cleanupPolicy is not stated, and means Delete", Fix: "state cleanupPolicy: Skip", Source: "mariadb-operator docs/sql_resources.md",
				},
				{
					Rule: "lost-data", Severity: validate.DataLoss, App: "netbox", Object: claim, Message: "the claim is deleted",
					Accepted: &render.Acceptance{Object: claim.String(), By: "a person", Until: "2026-12-31", Reason: "it is empty"},
				},
				{Rule: "budget", Severity: validate.Info, App: "netbox", Message: "3 objects are pruned"},
				{Rule: "acceptance", Severity: validate.Info, Message: "the acceptance accepts nothing"},
			},
			Unchecked: []validate.Unchecked{{App: "netbox", Object: database, What: "transition rules", Why: "its definition is not rendered"}},
		},
		Causes: map[string]map[render.Key]Cause{"netbox": {database: {Text: "templates/database.yaml:1 asks for k8s.mariadb.com/v1alpha1/Database, and profile plugin does not offer it", Source: "argo-cd #7291"}}},
		Notes:  []string{"helm 4.2.1 stands in for 4.2.0"}, Key: []byte("a key of one run"),
	}
}

func (d Diff) forms(t testing.TB) map[string]string {
	t.Helper()
	forms := map[string]string{}
	var out bytes.Buffer
	for name, write := range map[string]func() error{
		"diff.txt":     func() error { return d.Text(&out) },
		"diff.unified": func() error { return d.Unified(&out) },
		"diff.sides":   func() error { return d.SideBySide(&out, 100) },
		"diff.json":    func() error { return d.JSON(&out) },
	} {
		out.Reset()
		if err := write(); err != nil {
			t.Fatal(err)
		}
		forms[name] = out.String()
	}
	return forms
}

func TestDiffForms(t *testing.T) {
	for name, got := range example(t).forms(t) {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs (run with -update and read the diff):\n%s", name, strings.Join(render.Edit{Left: string(want), Right: got}.Lines(), "\n"))
		}
	}
}

// TestDiffShowsNoSecret looks for every secret, its base64 and its parts in every form, on both sides, also of objects
// that come and go, turn into hooks or collapse.
func TestDiffShowsNoSecret(t *testing.T) {
	secret := func(name, value string, more ...string) string {
		return document("v1", "Secret", name, append(more, "stringData: {plain: "+value+", list: ["+value+"], n: 1234567890}", "data: {k: "+b64(value)+", wrapped: \""+b64(value + value)[:20]+"\\n"+b64(value + value)[20:]+"\"}")...)
	}
	noisy := func(i int) string {
		v := secrets[i]
		return document("v1", "ConfigMap", "c", "data:", "  url: 'x postgres://u:"+secrets[3]+"@h:5432/db?x=1#y and https://"+secrets[4]+"@git.example.com/a'",
			"  pem: \"-----BEGIN PRIVATE KEY-----\\n"+v+secrets[2]+"\"", "  coded: "+b64("-----BEGIN PRIVATE KEY-----\n"+secrets[2]+v+"\n-----END PRIVATE KEY-----")) +
			document("v1", "Pod", "p", "  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"data\":{\"k\":\""+b64(v)+"\"}}'}",
				"spec: {containers: [{name: c, args: ['--dsn=mysql://u:"+v+"@h/d'], env: [{name: DB_PASSWORD, value: "+secrets[5]+v+"}, {name: DB_PASSWORD_2_TOKEN, value: "+v+"}]}]}")
	}
	left := secret("changed", secrets[0]) + secret("gone", secrets[0]) + secret("hook", secrets[0]) + secret("moved", secrets[0], "  namespace: a") + noisy(0)
	right := secret("changed", secrets[1]) + secret("new", secrets[1]) + secret("hook", secrets[1], "  annotations: {helm.sh/hook: pre-install}") +
		secret("moved", secrets[1], "  namespace: b") + secret("twice", secrets[1]) + secret("twice", secrets[0]) + noisy(1)
	d := example(t)
	d.Apps = append(d.Apps, compared(t, "other", left, right), compared(t, "back", right, left))
	d.Causes = map[string]map[render.Key]Cause{"other": {{Kind: "Secret", Namespace: "apps", Name: "gone"}: {Text: "it is at https://u:" + secrets[3] + "@h"}}}
	for name, got := range d.forms(t) {
		for _, s := range secrets {
			for at := 0; at+6 <= len(s); at += 3 {
				if part := s[at : at+6]; strings.Contains(got, part) && part != "secret" {
					t.Errorf("%s shows %q of %q", name, part, s)
				}
			}
			for shift := range 3 {
				if coded := b64(strings.Repeat("x", shift) + s)[4:12]; strings.Contains(got, coded) {
					t.Errorf("%s shows the base64 of %q", name, s)
				}
			}
		}
		if strings.Contains(got, "1234567890") {
			t.Errorf("%s shows a number of a Secret", name)
		}
		if !strings.Contains(got, "hmac:") {
			t.Errorf("%s has no hash", name)
		}
	}
}

func TestMaskHashesCompareWithinARun(t *testing.T) {
	m := mask{[]byte("one")}
	key := render.Key{Kind: "Secret"}
	data, plain := m.value(key, render.Path{"data", "k"}, b64("v")), m.value(key, render.Path{"stringData", "k"}, "v")
	if data != plain || !strings.HasPrefix(fmt.Sprint(data), "hmac:") || len(fmt.Sprint(data)) != len("hmac:")+12 {
		t.Errorf("%v and %v", data, plain)
	}
	if other := (mask{[]byte("two")}).hash("v"); other == data {
		t.Error("another run gives the same hash")
	}
	if got := (mask{}).hash("v"); got != (mask{}).hash("w") {
		t.Errorf("without a key a hash can be looked up: %s", got)
	}
}

// Of a Secret, only what its other fields are is shown: "stringdata" is a slip of who meant a secret.
func TestMaskHidesWhatASecretDoesNotHave(t *testing.T) {
	o := render.Object{Key: render.Key{Kind: "Secret"}, Tree: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true, "metadata": map[string]any{"name": "login"},
		"stringdata": map[string]any{"user": "hunter2"}, "Data": map[string]any{"user": "hunter2"}, "user": "hunter2", "users": []any{"hunter2", 2},
	}}
	got := mask{[]byte("one")}.object(&o)
	if text := fmt.Sprint(got); strings.Contains(text, "hunter2") || strings.Contains(text, " 2]") {
		t.Error(text)
	}
	for _, field := range []string{"apiVersion", "kind", "type", "immutable", "metadata"} {
		if fmt.Sprint(got[field]) != fmt.Sprint(o.Tree[field]) {
			t.Errorf("%s is %v", field, got[field])
		}
	}
}

func TestMaskText(t *testing.T) {
	m := mask{[]byte("one")}
	for text, want := range map[string]string{
		"https://example.com:8080/a@b":     "https://example.com:8080/a@b",
		"ssh://git@example.com/x":          "ssh://git@example.com/x",
		"https://tok@example.com":          "https://" + m.hash("tok") + "@example.com",
		"a http://u:p@h/x?y=z b":           "a http://u:" + m.hash("p") + "@h/x?y=z b",
		"amqp://u:p@q@h:5672/v":            "amqp://u:" + m.hash("p@q") + "@h:5672/v",
		"amqp://u:p/q@h:5672/v":            "amqp://u:" + m.hash("p/q") + "@h:5672/v",
		"redis://:p@h":                     "redis://:" + m.hash("p") + "@h",
		"pg://u:<path:kv/data/x#p>@h/d":    "pg://u:<path:kv/data/x#p>@h/d",
		"pg://<path:a#u>:<path:a#p>@h/d":   "pg://<path:a#u>:<path:a#p>@h/d",
		"pg://u:x<path:kv/data/x#p>@h/d":   "pg://u:" + m.hash("x\U000F0000") + "@h/d",
		"-----BEGIN CERTIFICATE-----\nMII": "-----BEGIN CERTIFICATE-----\nMII",
		"a -----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY----- b": "a " + m.hash("-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----") + " b",
		"--user=u --password=hunter2 --db-password='a b'":                     "--user=u --password=" + m.hash("hunter2") + " --db-password='" + m.hash("a b") + "'",
		"[smtp]\npassword = hunter2\nhost = x":                                "[smtp]\npassword = " + m.hash("hunter2") + "\nhost = x",
		"{\n  \"apiKey\": \"hunter2\",\n  \"a\": 1\n}":                        "{\n  \"apiKey\": \"" + m.hash("hunter2") + "\",\n  \"a\": 1\n}",
		"user: a\ndb_password: hunter2\n":                                     "user: a\ndb_password: " + m.hash("hunter2") + "\n",
		"https://h/x?token=hunter2&a=b":                                       "https://h/x?token=" + m.hash("hunter2") + "&a=b",
		"password = $DB_PASSWORD --token=$(TOKEN)":                            "password = $DB_PASSWORD --token=$(TOKEN)",
		"password = <path:kv/data/x#p>":                                       "password = <path:kv/data/x#p>",
		"the password: it is asked for, with a token: once":                   "the password: it is asked for, with a token: once",
		"--password-file=/run/x --tokens=3":                                   "--password-file=/run/x --tokens=3",
	} {
		if got := m.text(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestMaskKnowsFieldsByTheirName(t *testing.T) {
	m := mask{[]byte("one")}
	for _, c := range []struct {
		path   render.Path
		v      any
		hidden bool
	}{
		{render.Path{"data", "admin-password"}, "hunter2", true},
		{render.Path{"spec", "connection", "apiKey"}, "hunter2", true},
		{render.Path{"spec", "password"}, "<path:kv/data/x#p>", false},
		{render.Path{"spec", "password"}, "", false},
		{render.Path{"spec", "existingSecret"}, "login", false},
		{render.Path{"spec", "passwordSecretRef", "key"}, "password", false},
	} {
		got := m.value(render.Key{Kind: "ConfigMap"}, c.path, c.v)
		if c.hidden != strings.HasPrefix(fmt.Sprint(got), "hmac:") || !c.hidden && got != c.v {
			t.Errorf("%v: %v", c.path, got)
		}
	}
}

// FuzzMask: no value of a Secret, of a variable with the name of a password, and no password of an address is shown.
func FuzzMask(f *testing.F) {
	f.Add("correct horse", "another")
	f.Add("a/b@c:d e", "x")
	f.Fuzz(func(t *testing.T, one, two string) {
		if len(one) < 8 || one == two || !utf8.ValidString(one) || !utf8.ValidString(two) || strings.Contains(one, "hmac:") ||
			placeholder.MatchString(one) || placeholder.MatchString(two) {
			return
		}
		tree := func(v string) render.Set {
			word := base64.RawURLEncoding.EncodeToString([]byte(v))
			return render.Set{Objects: []render.Object{
				{Key: render.Key{Kind: "Secret", Name: "s"}, Tree: map[string]any{"data": map[string]any{"a": b64(v), "b": v}, "stringData": map[string]any{"c": v}}},
				{Key: render.Key{Kind: "A", Name: "a"}, Tree: map[string]any{
					"env": []any{map[string]any{"name": "API_TOKEN", "value": v}}, "url": "pg://u:" + word + "x@h/d",
					"coded": b64("-----BEGIN PRIVATE KEY-----" + v),
				}},
			}}
		}
		left, right := tree(one), tree(two)
		changes := append(render.Diff(left, right), render.Diff(left, render.Set{})...)
		d := Diff{Apps: []validate.Comparison{{App: "x", Raw: changes, Effective: changes}}, Key: []byte("k")}
		quoted, _ := json.Marshal(one)
		known := "apiVersion kind Secret name data stringData env API_TOKEN value url coded pg://u:hmac:@h/d modified removed"
		for name, got := range d.forms(t) {
			for _, v := range []string{one, b64(one), base64.RawURLEncoding.EncodeToString([]byte(one)), string(quoted[1 : len(quoted)-1])} {
				if len(v) >= 8 && strings.TrimSpace(v) != "" && !strings.Contains(known, v) && strings.Contains(got, v) && !strings.Contains(d.empty(t, name), v) {
					t.Errorf("%s shows %q:\n%s", name, v, got)
				}
			}
		}
	})
}

// empty is a form of the same objects with other values.
func (d Diff) empty(t testing.TB, form string) string {
	other := Diff{Key: d.Key}
	tree := map[string]any{"data": map[string]any{"a": "", "b": ""}, "stringData": map[string]any{"c": ""}}
	left := render.Set{Objects: []render.Object{{Key: render.Key{Kind: "Secret", Name: "s"}, Tree: tree}, {Key: render.Key{Kind: "A", Name: "a"}, Tree: map[string]any{"env": []any{map[string]any{"name": "API_TOKEN", "value": ""}}, "url": "", "coded": ""}}}}
	changes := render.Diff(left, render.Set{})
	other.Apps = []validate.Comparison{{App: "x", Raw: changes, Effective: changes}}
	return other.forms(t)[form]
}

// TestAcceptanceOfSeveralFindings holds that the words for every finding of an object fit into one stack, which has one
// acceptance of it.
func TestAcceptanceOfSeveralFindings(t *testing.T) {
	key := render.Key{Kind: "PersistentVolumeClaim", Namespace: "web", Name: "store"}
	lost := validate.Finding{Rule: "lost-data", Severity: validate.DataLoss, App: "web", Object: key}
	never, remark, moved := lost, lost, lost
	never.Rule = "never-prune"
	remark.Rule, remark.Severity = "no-prune-guard", validate.Info
	moved.Rule, moved.App = "moved-object", "db"
	const begin, end = `accept: "PersistentVolumeClaim web/store": {app: "web", `, `reason: "...", by: "...", until: "YYYY-MM-DD"}`
	for want, all := range map[string][]validate.Finding{
		begin + `rule: "lost-data", ` + end: {lost, remark, moved},
		begin + end:                         {lost, never},
	} {
		if got := (Diff{Report: validate.Report{Findings: all}}).acceptance(lost); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestTextGroups keeps a version bump readable and tells of every object once.
func TestTextGroups(t *testing.T) {
	var left, right strings.Builder
	for i := range 38 {
		more := ""
		if i == 7 {
			more = "v: 1"
		}
		left.WriteString(document("v1", "ServiceAccount", fmt.Sprintf("sa%d", i), "  labels: {helm.sh/chart: web-1.0.0}"))
		right.WriteString(document("v1", "ServiceAccount", fmt.Sprintf("sa%d", i), "  labels: {helm.sh/chart: web-1.1.0}", more))
	}
	d := Diff{Left: "a", Right: "b", Apps: []validate.Comparison{compared(t, "web", left.String(), right.String())}, Key: []byte("k")}
	want := `app web: 38 modified
  ~ ServiceAccount apps/sa7
      v: + 1
      and 1 that other objects share
  ~ metadata.labels."helm.sh/chart": web-1.0.0 → web-1.1.0 (38 objects)

a → b: 1 of 1 apps differ: 38 modified; findings: 0, stopping a hydrate: 0; unchecked: 0
`
	if got := d.forms(t)["diff.txt"]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d.Differs() != 38 {
		t.Errorf("%d differences", d.Differs())
	}
}

// TestTextOfManyEdits keeps a new version of a definition readable, and says what it leaves out.
func TestTextOfManyEdits(t *testing.T) {
	var left, right strings.Builder
	for i := range 200 {
		fmt.Fprintf(&left, "  k%03d: a\n", i)
		fmt.Fprintf(&right, "  k%03d: b\n", i)
	}
	d := Diff{Left: "a", Right: "b", Key: []byte("k"), Apps: []validate.Comparison{
		compared(t, "web", document("v1", "ConfigMap", "big", "data:", left.String()), document("v1", "ConfigMap", "big", "data:", right.String())),
	}}
	forms := d.forms(t)
	got := forms["diff.txt"]
	if n := strings.Count(got, "a → b\n"); n != maxLines || !strings.Contains(got, "      and 140 more, which --output unified and json show\n") {
		t.Errorf("%d edits of 200\n%s", n, got)
	}
	if n := strings.Count(forms["diff.unified"], "\n+  k"); n != 200 {
		t.Errorf("unified has %d edits of 200\n%s", n, forms["diff.unified"])
	}
}

func TestDiffJSONHasNoNull(t *testing.T) {
	for _, d := range []Diff{example(t), {}, {Apps: []validate.Comparison{{App: "x", Left: render.Result{Err: fmt.Errorf("no chart")}}}}} {
		var v any
		text := d.forms(t)["diff.json"]
		if err := json.Unmarshal([]byte(text), &v); err != nil || strings.Contains(text, "null") {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// TestColorIsOnlyPaint: without the escape sequences the coloured forms are the plain ones, and every line ends plain.
func TestColorIsOnlyPaint(t *testing.T) {
	plain, d := example(t).forms(t), example(t)
	d.Color = true
	for name, got := range d.forms(t) {
		if name == "diff.json" {
			continue
		}
		if !strings.Contains(got, "\x1b[31m") {
			t.Errorf("%s has no red", name)
		}
		bare := got
		for _, color := range []string{"0", bold, red, green, yellow, cyan} {
			bare = strings.ReplaceAll(bare, "\x1b["+color+"m", "")
		}
		if bare != plain[name] {
			t.Errorf("%s is another text in colour:\n%s", name, strings.Join(render.Edit{Left: plain[name], Right: bare}.Lines(), "\n"))
		}
	}
}

func TestNoTerminalSequenceOfAValueGetsThrough(t *testing.T) {
	const evil = "data: {k: \"a\\e[31mred\\u202Eb\\rx\", m: \"1\\n\\e[2J\\n\"}"
	d := Diff{Apps: []validate.Comparison{compared(t, "x", document("v1", "ConfigMap", "c", "data: {k: x1, m: \"2\\n\"}"), document("v1", "ConfigMap", "c", evil))}}
	for name, got := range d.forms(t) {
		if strings.ContainsAny(got, "\x1b\r\u202e") && name != "diff.json" || strings.ContainsAny(got, "\x1b\r") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzSides: a cell is exactly as wide as its column, whatever stands in it.
func FuzzSides(f *testing.F) {
	f.Add("plain", 3)
	f.Add("漢字かな交じり文 \t é", 7)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		if columns < 1 || columns > 500 || !utf8.ValidString(text) {
			return
		}
		if got := fit(text, columns); displayed(got) != columns {
			t.Errorf("%q in %d columns is %q, %d wide", text, columns, got, displayed(got))
		}
	})
}

func TestHunks(t *testing.T) {
	numbered := func(n int, change map[int]string) string {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			text, ok := change[i]
			if !ok {
				text = fmt.Sprint(i)
			}
			b.WriteString(text + "\n")
		}
		return b.String()
	}
	lines := hunks(render.Edit{Left: numbered(30, nil), Right: numbered(30, map[int]string{2: "two", 9: "nine", 20: "x\ny"})}.Lines())
	want := "@@ -1,12 +1,12 @@| 1|-2|+two| 3| 4| 5| 6| 7| 8|-9|+nine| 10| 11| 12|@@ -17,7 +17,8 @@| 17| 18| 19|-20|+x|+y| 21| 22| 23"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := hunks(render.Edit{Left: "", Right: "a\n"}.Lines()); strings.Join(got, "|") != "@@ -0,0 +1,1 @@|+a" {
		t.Errorf("got %v", got)
	}
}
