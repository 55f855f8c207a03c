package secrets_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/avp"
	"sluice/validate"
	"sluice/validate/secrets"
)

// outside are facts made up for the tests: what the archive's chart hashes, and a backend without some paths.
var outside = secrets.Outside{
	Ledger: avp.Decode,
	Consumed: func(_ context.Context, in validate.Input) ([]secrets.Consumed, []validate.Unchecked, error) {
		text, err := in.Files.Open("chart/templates/secret.yaml")
		if err != nil {
			return nil, nil, nil
		}
		defer text.Close()
		b := make([]byte, 400)
		n, _ := text.Read(b)
		if !strings.Contains(string(b[:n]), "sha256sum") {
			return nil, nil, nil
		}
		return []secrets.Consumed{{App: "example", Path: "kv/data/argocd/apps/example", Key: "password", Object: render.Key{Kind: "Secret", Name: "s"}, Field: render.Path{"stringData", "password"}, How: "it is hashed"}}, nil, nil
	},
	Missing: func(_ context.Context, in validate.Input) (all []secrets.Missing, _ []validate.Unchecked, _ error) {
		for _, r := range in.Results {
			for _, p := range r.Ledger {
				if strings.HasSuffix(p.Path, "/nothing") {
					all = append(all, secrets.Missing{App: r.App.Name, Placeholder: p, Reason: "the path is not there"})
				}
			}
		}
		return all, nil, nil
	},
}

// app renders manifests as the app "example".
func app(t testing.TB, manifests, plugin string) render.Result {
	t.Helper()
	set, err := render.Parse("manifests/a.yaml", []byte(manifests))
	if err != nil {
		t.Fatalf("%v in\n%s", err, manifests)
	}
	for i := range set.Objects {
		set.Objects[i].Provenance.App, set.Objects[i].Provenance.Source = "example", "manifests manifests"
	}
	r := render.Result{App: render.App{Name: "example", Layer: "apps", Namespace: "example", Secrets: plugin}, Set: set}
	if plugin == "avp" {
		if r.Set, r.Ledger, err = avp.Decode(set); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// input is what the rules are given for some results, and files.
func input(files fstest.MapFS, results ...render.Result) validate.Input {
	layer := render.Layer{Name: "apps", Tier: "apps"}
	in := validate.Input{Results: results, Minor: 33, Files: files, ClusterScoped: func(k render.Key) bool {
		return strings.HasPrefix(k.Kind, "Cluster") || k.Kind == "Namespace"
	}}
	for _, r := range results {
		layer.Apps = append(layer.Apps, r.App)
		in.Effective = append(in.Effective, r.Set.Effective(r.App.Namespace, in.ClusterScoped))
	}
	in.Plan.Layers = []render.Layer{layer}
	return in
}

// judged runs every rule.
func judged(t testing.TB, in validate.Input) validate.Report {
	t.Helper()
	report, err := validate.Run(t.Context(), in, secrets.Rules(outside))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func ids(report validate.Report) []string {
	var list []string
	for _, f := range report.Findings {
		list = append(list, f.Rule)
	}
	return list
}

var conventions = regexp.MustCompile(`secretPaths: \["([^"]*)"\]`)

// example makes the input of a rule's example, which is manifests or the archive of a stack.
func example(t *testing.T, text string) validate.Input {
	if !strings.HasPrefix(text, "-- ") {
		return input(nil, app(t, text, "avp"))
	}
	files, manifests, plugin := fstest.MapFS{}, "", ""
	var setting map[string]any
	for _, f := range txtar.Parse([]byte(text)).Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
		switch {
		case f.Name == "stack.cue":
			if strings.Contains(string(f.Data), `secrets: "avp"`) {
				plugin = "avp"
			}
			if m := conventions.FindStringSubmatch(string(f.Data)); m != nil {
				setting = map[string]any{"secretPaths": []any{m[1]}}
			}
		case strings.HasPrefix(f.Name, "manifests/"):
			manifests += string(f.Data)
		}
	}
	in := input(files, app(t, manifests, plugin))
	in.Plan.Conventions = setting
	return in
}

func TestEveryExampleOfEveryRule(t *testing.T) {
	for _, r := range secrets.Rules(outside) {
		if r.Title == "" || r.Why == "" || r.Fix == "" || r.Source == "" {
			t.Errorf("%s is not documented", r.ID)
		}
		wrong := judged(t, example(t, r.Wrong))
		if got := ids(wrong); !slices.Contains(got, r.ID) {
			t.Errorf("%s: the wrong example gives %v:\n%s", r.ID, got, r.Wrong)
		}
		if right := judged(t, example(t, r.Right)); slices.Contains(ids(right), r.ID) {
			t.Errorf("%s: the right example gives it too:\n%s", r.ID, r.Right)
		}
		for _, f := range wrong.Findings {
			if f.Field.String() != "" && !strings.Contains(f.Message, f.Field[len(f.Field)-1].(string)) && f.Rule != "placeholder-in-key" {
				t.Errorf("%s: message %q does not name the field %s", r.ID, f.Message, f.Field)
			}
			for _, value := range []string{"correct-horse", "Zq3vT8", "MC4CAQ", "YmFja3Vw", "backup"} {
				if strings.Contains(f.Message+f.Why+f.Fix, value) {
					t.Errorf("%s: the message shows the value: %s", r.ID, f.Message)
				}
			}
		}
	}
}

// The examples do not set off each other: a right one is right altogether.
func TestRightExamplesAreClean(t *testing.T) {
	for _, r := range secrets.Rules(outside) {
		for _, f := range judged(t, example(t, r.Right)).Findings {
			t.Errorf("the right example of %s: %s: %s", r.ID, f.Rule, f.Message)
		}
	}
}
