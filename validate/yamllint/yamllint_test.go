package yamllint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/render"
	"sluice/validate"
)

// The same lines, columns, levels and rules as yamllint itself; testdata/parity/README.md says how they were captured.
func TestSameAsYamllint(t *testing.T) {
	names, err := filepath.Glob("testdata/parity/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("there are no files", err)
	}
	for _, conf := range []string{"default", "relaxed", "strict"} {
		t.Run(conf, func(t *testing.T) {
			c, err := configFor(fstest.MapFS{".yamllint": {Data: []byte(read1(t, "testdata/parity/"+conf+".conf"))}}, ".")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range names {
				f := &file{scanned: scan(read1(t, name))}
				for _, p := range c.lint(f, filepath.Base(name), takeBack(f)) {
					got = append(got, fmt.Sprintf("%s:%d:%d %s %s", filepath.Base(name), p.line, p.col, c.rules[p.rule].level, p.rule))
				}
			}
			slices.Sort(got)
			got = slices.Compact(got)
			want := strings.Split(strings.TrimSpace(read1(t, "testdata/parity/"+conf+".want")), "\n")
			slices.Sort(want)
			for _, line := range got {
				if !slices.Contains(want, line) {
					t.Errorf("yamllint does not say %s", line)
				}
			}
			for _, line := range want {
				if !slices.Contains(got, line) {
					t.Errorf("yamllint says %s", line)
				}
			}
		})
	}
}

func read1(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Own rules, one text each: what is said, and what is not.
func TestOwn(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\na: 2\n":          "yaml-duplicate-key 2:1",
		"a: {x: 1, \"x\": 2}\n": "yaml-duplicate-key 1:11",
		"a: 1\na: 2 # yamllint disable-line rule:key-duplicates\n": "",
		"a:\n\tb: 1\n":                     "yaml-tabs 2:1",
		"a: |\n  x\n  \ty\nb: [1,\n\t2]\n": "",
		"a: [1\n":                          "yaml-syntax 1",
		"a: *x\n":                          "yaml-syntax 1:4",
		"a: 1\nb: [*x, 2]\n":               "yaml-syntax 2:5",
		"a: {b: 1}\nc: d\n e: [\nf: 1\n":   "yaml-syntax 3:3",
		"kind: a\ndata: {a: x}\n bad: [\n---\nb: 1\n":       "yaml-syntax 3",
		"a: &x 1\n---\nb: *x\n":                             "yaml-anchors 1:4 yaml-syntax 3:4",
		"on: 1\nb: [n, \"n\", !!str n, off]\n":              "yaml-ambiguous 1:1 yaml-ambiguous 2:22 yaml-ambiguous 2:5",
		"image: {tag: 1.20}\nversion: 1.5\n":                "yaml-ambiguous 1:14",
		"tag: 20240101\nport: 20240101\n":                   "yaml-ambiguous 1:6",
		"revision: 12e03\nrevisions: {a: 0123456}\n":        "yaml-ambiguous 1:11 yaml-ambiguous 2:16",
		"defaultMode: 0644\na: ~\nb: .5\nc: true\nd: 0\n":   "",
		"a: 1_000\nb: 1:30\nc: 0o17\nd: 2024-01-31\ne: =\n": "yaml-ambiguous 1:4 yaml-ambiguous 2:4 yaml-ambiguous 3:4 yaml-ambiguous 4:4 yaml-ambiguous 5:4",
		"\ufeffa: 1\n":                        "yaml-encoding 1:1",
		"a: 1\r\nb: 2\nc: 3\r\n":              "yaml-encoding 2:5",
		"a: \xff\n":                           "yaml-encoding 1:4",
		"a: 1\x00\n":                          "yaml-encoding 1:5",
		"a: x\u202ey\n":                       "yaml-encoding 1:5",
		"a: 'x\u00a0y' # \u00a0\n":            "",
		"description: x\u00a0y\nb: 1\u00a0\n": "yaml-encoding 2:5",
		"a: 1\n--- {b: 2}\n":                  "yaml-document-markers 2:5",
		"%YAML 1.1\n---\na: 1\n":              "yaml-document-markers 1:1",
		"--- # first\na: 1\n---\nb: 1\n":      "",
		"a: 1\n...\nb: 2\n":                   "yaml-trailing-content 3:1",
		"{\"a\": 1}\n{\"b\": 2}\n":            "yaml-trailing-content 2:1",
		"password: abc #def ghi\n":            "yaml-cut-comment 1:15",
		"channel: #alerts\n":                  "yaml-cut-comment 1:10",
		"a: 1\r---\rb: 2\r":                   "yaml-trailing-content 1:6",
		"---\ra: 1\r":                         "",
		"\xff\xfe\x00\x00a\x00\x00\x00":       "yaml-encoding 1:1",
		"\x00\x00\xfe\xff\x00\x00\x00a":       "yaml-encoding 1:1",
		"name: web #frontend\nreplicas: 3 #three\nsize: #small\nname2: web # frontend\nc: a #= b\n": "yaml-cut-comment 1:11",
		"{{ if .a }}\na: 1\n{{ end }}\n": "unchecked",
	} {
		found, why := judge(edited{name: "x.yaml"}, text, nil)
		var got []string
		for _, f := range found {
			got = append(got, strings.TrimSpace(f.Rule+" "+strings.TrimPrefix(f.Pos.String(), "x.yaml:")))
		}
		slices.Sort(got)
		if why != "" {
			got = append(got, "unchecked")
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%q: %s, want %s", text, g, want)
		}
	}
}

// A word right behind the hash of a comment is a warning where the value may have a hash in it.
func TestCutCommentsAreWarningsOfSecrets(t *testing.T) {
	for text, want := range map[string]validate.Severity{
		"imagePullPolicy: IfNotPresent #Always\n": 0, "adminPassword: abc #def\n": validate.Warning, "colour: red #ff0000\n": validate.Warning, "token: #abcdef\n": validate.Warning,
	} {
		if found, _ := judge(edited{name: "x.yaml"}, text, nil); len(found) != 1 || found[0].Rule != cutComment || found[0].Severity != want {
			t.Errorf("%q: %v", text, found)
		}
	}
}

// No message says a number or text that may be a secret.
func TestMessagesKeepSecrets(t *testing.T) {
	for _, text := range []string{"password: 0123456789\n", "token: abcdef #ghijkl\n", "secret: 1_234_567\n", "pass: 12e0345\n", "a: \"x\n"} {
		found, _ := judge(edited{name: "x.yaml"}, text, nil)
		if len(found) == 0 {
			t.Errorf("%q: nothing is found", text)
		}
		for _, f := range found {
			for _, secret := range []string{"0123456789", "abcdef", "ghijkl", "1_234_567", "12e0345"} {
				if strings.Contains(f.Message, secret) {
					t.Errorf("%q: the message has the value: %s", text, f.Message)
				}
			}
		}
	}
}

func TestFiles(t *testing.T) {
	bad := &fstest.MapFile{Data: []byte("a: yes\n")}
	files := fstest.MapFS{
		"values/web.yaml": bad, "values/web": bad, "values/other": bad, "chart/Chart.yaml": bad, "chart/values.yaml": bad,
		"chart/templates/a.yaml": bad, "build2/Kustomization": {}, "build2/charts/x.yaml": bad, "chart/charts/sub/values.yaml": bad, "node_modules/a.yaml": bad, ".hidden/a.yml": bad,
		"templates/a.yml": bad, "sops.yaml": {Data: []byte("a: yes\nsops:\n    mac: ENC[AES256_GCM,data:x,type:str]\n")},
		"big.yaml": {Data: make([]byte, maxFile+1)},
	}
	in := validate.Input{Files: files}
	in.Plan.Layers = []render.Layer{{Apps: []render.App{{Sources: []render.Source{{Values: render.Values{Files: []string{"values/web", "$ref/values/other"}}}}}}}}
	if got, want := checked(t, in), "chart/Chart.yaml chart/values.yaml templates/a.yml values/web values/web.yaml, 1 unchecked"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	in.Plan.Others = []render.App{
		{Sources: []render.Source{{Path: "./chart", Values: render.Values{Files: []string{"values/web.yaml"}}}}},
		{Sources: []render.Source{{Path: "templates"}, {Path: "values"}}}, // the selection has values/web
	}
	if got, want := checked(t, in), "values/web, 1 unchecked"; got != want {
		t.Errorf("of a selection: %s, want %s", got, want)
	}
	in.Plan.Layers[0].Apps[0].Sources[0].Path = "chart/charts/sub"
	if got, want := checked(t, in), "chart/Chart.yaml chart/values.yaml values/web, 1 unchecked"; got != want {
		t.Errorf("of a selection that shares: %s, want %s", got, want)
	}
	in.Paths, in.Plan = []string{"templates", "chart/values.yaml", "../out", "none"}, render.Plan{}
	if got, want := checked(t, in), "chart/values.yaml templates/a.yml, 1 unchecked"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func checked(t *testing.T, in validate.Input) string {
	t.Helper()
	found, unchecked, err := check(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Pos.File)
	}
	return fmt.Sprintf("%s, %d unchecked", strings.Join(names, " "), len(unchecked))
}

// What a configuration says that yamllint would not know is an error with its place, not left out.
func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		"rules: {line-lenght: enable}":                   `:1:9: reading the configuration of yamllint: there is no rule "line-lenght"; did you mean "line-length"?`,
		"rules: {line-length: {maxx: 3}}":                `rule "line-length" has no option "maxx"; did you mean "max"?`,
		"rules: {line-length: {max: long}}":              `option "max" of rule "line-length" is not a whole number`,
		"rules: {truthy: {allowed-values: [maybe]}}":     `is not a list of truthy values`,
		"rules: {key-ordering: {ignored-keys: [\"(\"]}}": `is not a list of regular expressions`,
		"rules: {braces: {level: bad}}":                  `neither error nor warning`,
		"rules: {braces: 3}":                             `neither enable, disable nor a mapping`,
		"rule: {}":                                       `there is no setting "rule"; did you mean "rules"?`,
		"extends: defualt":                               `there is no configuration "defualt"; did you mean "default"?`,
		"extends: .yamllint":                             `extends more than`,
		"extends: ../up":                                 `no configuration that can be read`,
		"ignore: x\nignore-from-file: y":                 `are both there`,
		"ignore-from-file: none":                         `reading what it ignores`,
		"- a":                                            `it is no mapping`,
		"a: [":                                           `reading the configuration`,
		"rules: {quoted-strings: {extra-allowed: [x]}}":  `required: true`,
	} {
		_, _, err := check(context.Background(), validate.Input{Files: fstest.MapFS{".yamllint": {Data: []byte(text)}, "a.yaml": {Data: []byte("a: 1\n")}}})
		var at *render.Error
		if err == nil || !errors.As(err, &at) || !strings.Contains(err.Error()+"; "+at.Hint, want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// The configuration nearest above counts, what it ignores is not judged, and the stack may ask without one.
func TestConfig(t *testing.T) {
	wide := []byte("---\na:  1\n")
	files := fstest.MapFS{
		".yamllint.yml":  {Data: []byte("extends: conf/base.yaml\nignore: |\n  /gen/*.yaml\n  !/gen/kept.yaml\nrules:\n  colons: {level: warning, ignore: [\"**/free/\"]}\n")},
		"conf/base.yaml": {Data: []byte("extends: relaxed\nrules: {colons: {max-spaces-after: 1}}\n")},
		"gen/a.yaml":     {Data: wide}, "gen/kept.yaml": {Data: wide}, "x/free/a.yaml": {Data: wide}, "b.yaml": {Data: wide},
	}
	if got, want := checked(t, validate.Input{Files: files}), "b.yaml gen/kept.yaml, 0 unchecked"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	delete(files, ".yamllint.yml")
	in := validate.Input{Files: files}
	in.Plan.Severities = map[string]string{"yaml-colons": "warning", "yaml-commas": "off"}
	if got, want := checked(t, in), "b.yaml gen/a.yaml gen/kept.yaml x/free/a.yaml, 0 unchecked"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The order of keys by a locale is not known, and unchecked; that of code points is.
func TestOrderByLocale(t *testing.T) {
	for locale, want := range map[string]string{"": "a.yaml, 0 unchecked", "locale: C\n": "a.yaml, 0 unchecked", "locale: en_US.UTF-8\n": ", 1 unchecked"} {
		files := fstest.MapFS{".yamllint": {Data: []byte(locale + "rules: {key-ordering: enable}\n")}, "a.yaml": {Data: []byte("b: 1\na: 2\n")}}
		if got := checked(t, validate.Input{Files: files}); got != want {
			t.Errorf("%q: %s, want %s", locale, got, want)
		}
	}
}

// What is said of nothing between brackets is what is said of something, unless there is another setting for it.
// Source: yamllint's rules/brackets.py, where -1 of the one stands for the other.
func TestEmptyCollections(t *testing.T) {
	for settings, want := range map[string]int{
		"min-spaces-inside: 1, max-spaces-inside: 1":                                                         1,
		"min-spaces-inside: 1, max-spaces-inside: 1, min-spaces-inside-empty: 0, max-spaces-inside-empty: 0": 0,
		"min-spaces-inside: 0, max-spaces-inside: 1":                                                         0,
		"min-spaces-inside: 0, max-spaces-inside: 0, min-spaces-inside-empty: 1, max-spaces-inside-empty: 1": 1,
	} {
		c, err := configFor(fstest.MapFS{".yamllint": {Data: []byte("rules: {brackets: {" + settings + "}}\n")}}, ".")
		if err != nil {
			t.Fatal(err)
		}
		f := &file{scanned: scan("a: []\n")}
		if got := c.lint(f, "a.yaml", takeBack(f)); len(got) != want {
			t.Errorf("%s: %+v", settings, got)
		}
	}
}

func FuzzJudge(f *testing.F) {
	names, _ := filepath.Glob("testdata/parity/*.yaml")
	for _, name := range names {
		text, _ := os.ReadFile(name)
		f.Add(string(text))
	}
	var all []string
	for _, s := range styles() {
		all = append(all, s.name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, _ := judge(edited{name: "x.yaml"}, text, (&config{dir: ".", rules: map[string]*setting{}}).with(all))
		for _, p := range found {
			if p.Rule == "" || p.Message == "" || p.Pos.Line < 1 || p.Pos.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: %+v", text, p)
			}
		}
	})
}

// A file below two of the paths is read once.
func TestPathsThatOverlap(t *testing.T) {
	in := validate.Input{Files: fstest.MapFS{"a/x.yaml": {Data: []byte("a: b: c\n")}}, Paths: []string{"a", "a/x.yaml"}}
	if found, _, err := check(t.Context(), in); err != nil || len(found) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}
