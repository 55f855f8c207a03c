package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/render"
)

// shop is an app whose objects leave their namespace to the destination.
func shop(t *testing.T, text string) Input {
	t.Helper()
	set, err := render.Parse("web.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Objects {
		set.Objects[i].Provenance.App, set.Objects[i].Provenance.Source = "shop", "manifests ."
	}
	app := render.App{Name: "shop", Namespace: "shop"}
	return Input{
		Plan: render.Plan{Layers: []render.Layer{{Apps: []render.App{app}}}}, Results: []render.Result{{App: app, Set: set}},
		ClusterScoped: func(k render.Key) bool { return k.Kind == "Namespace" },
		Today:         time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC),
	}
}

// each finds something at the port of every Service, under its effective key, and at each Namespace.
func each(severity Severity) Rule {
	return Rule{ID: "each", Severity: severity, Check: func(_ context.Context, in Input) (found []Finding, _ []Unchecked, _ error) {
		for _, r := range in.Results {
			for i := range r.Set.Objects {
				o := &r.Set.Objects[i]
				f := On(o, render.Path{"spec", "ports", 0, "port"}, "a port")
				if o.Key.Kind == "Service" {
					f.Object.Namespace = "shop"
				}
				found = append(found, f)
			}
		}
		return found, nil, nil
	}}
}

const service = `apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {ANNOTATION}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`

func TestSuppressions(t *testing.T) {
	for _, c := range []struct {
		name, annotation string
		stack            render.Acceptance
		suppressed       int
		said             string // of the finding about the suppression
	}{
		{"annotation", "ignore.sluice/each: it is fine", render.Acceptance{}, 1, ""},
		{"kube-linter's annotation", `ignore-check.kube-linter.io/each: ""`, render.Acceptance{}, 1, ""},
		{"kube-linter's annotation for another", "ignore-check.kube-linter.io/other: x", render.Acceptance{}, 0, ""},
		{"without a reason", `ignore.sluice/each: " "`, render.Acceptance{}, 0, "gives no reason"},
		{"of no rule", "ignore.sluice/eech: x", render.Acceptance{}, 0, "about no rule"},
		{"of the stack", "", render.Acceptance{Rule: "each", Reason: "x"}, 2, ""},
		{"of an object", "", render.Acceptance{Rule: "each", Object: "Service shop/*", Reason: "x"}, 1, ""},
		{"of another app", "", render.Acceptance{Rule: "each", App: "blog", Reason: "x"}, 0, `about no app that there is: "blog"`},
		{"of an app that is spelled alike", "", render.Acceptance{Rule: "each", App: "shpo", Reason: "x"}, 0, `about no app that there is: "shpo" did you mean "shop"?`},
		{"of an app that was left out", "", render.Acceptance{Rule: "each", App: "idle", Reason: "x"}, 0, ""},
		{"of another object", "", render.Acceptance{Rule: "each", Object: "Service shop/wbe", Reason: "x"}, 0, `no object is called "Service shop/wbe" did you mean "Service shop/web"?`},
		{"of no such objects", "", render.Acceptance{Rule: "each", Object: "Ingress *", Reason: "x"}, 0, `no object is called "Ingress *" remove it`},
		{"on its last day", "", render.Acceptance{Rule: "each", Reason: "x", Until: "2026-11-21"}, 2, ""},
		{"after its last day", "", render.Acceptance{Rule: "each", Reason: "x", Until: "2026-11-20"}, 0, "expired on 2026-11-20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := shop(t, strings.Replace(service, "ANNOTATION", c.annotation, 1))
			in.Known = []string{"each", "suppression"}
			if c.stack.App == "idle" {
				in.Plan.Others = []render.App{{Name: "idle"}}
			}
			if c.stack.Rule != "" {
				in.Plan.Suppress = []render.Acceptance{c.stack}
			}
			report, err := Run(t.Context(), in, []Rule{each(Error)})
			if err != nil {
				t.Fatal(err)
			}
			suppressed, said := 0, ""
			for _, f := range report.Findings {
				if f.Suppressed != nil {
					suppressed++
				}
				if f.Rule == ruleSuppression {
					said += f.Message + " " + f.Fix
				}
			}
			if suppressed != c.suppressed || c.said == "" && said != "" || !strings.Contains(said, c.said) {
				t.Errorf("%d suppressed, %q said; want %d and %q", suppressed, said, c.suppressed, c.said)
			}
			if counting := len(report.Counting(Error)); counting != 2-c.suppressed {
				t.Errorf("%d count", counting)
			}
		})
	}
}

// A suppression of what a rule never finds says why, and is no unused one that the next finding might need.
func TestSuppressionsThatCanMatchNothing(t *testing.T) {
	for _, c := range []struct {
		about, annotation string
		stack             render.Acceptance
		said              string
	}{
		{"file", "", render.Acceptance{Object: "Service shop/web"}, "in files, which are of no app and no object leave out what it cannot match"},
		{"file", "", render.Acceptance{App: "shop"}, "in files, which are of no app and no object leave out what it cannot match"},
		{"file", "ignore.sluice/each: x", render.Acceptance{}, "in files, which are of no app and no object remove it"},
		{"file", "", render.Acceptance{}, ""},
		{"app", "", render.Acceptance{App: "shop", Object: "Service shop/web"}, "about apps, and not about an object leave out"},
		{"app", "", render.Acceptance{App: "shop"}, ""},
		{"stack", "", render.Acceptance{}, "about suppressions themselves remove it"},
	} {
		in := shop(t, strings.Replace(service, "ANNOTATION", c.annotation, 1))
		if c.annotation == "" {
			c.stack.Rule, c.stack.Reason = "each", "x"
			in.Plan.Suppress = []render.Acceptance{c.stack}
		}
		rule := Rule{ID: "each", About: c.about, Check: func(context.Context, Input) ([]Finding, []Unchecked, error) {
			if c.about == "app" {
				return []Finding{{App: "shop", Message: "of an app"}}, nil, nil
			}
			return []Finding{{Message: "of a file"}}, nil, nil
		}}
		report, err := Run(t.Context(), in, []Rule{rule})
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, f := range report.Findings {
			if f.Rule == ruleSuppression {
				said += f.Message + " " + f.Fix
			}
		}
		if c.said == "" && said != "" || !strings.Contains(said, c.said) {
			t.Errorf("%+v: %q", c, said)
		}
	}
}

// The rules about suppressions and acceptances are rules too: the stack says what they count for.
func TestSeveritiesOfOwnRules(t *testing.T) {
	for word, want := range map[string]string{"": "info", "off": "", "error": "error"} {
		in := shop(t, service)
		in.Plan.Suppress = []render.Acceptance{{Rule: "quiet", Reason: "x"}}
		if word != "" {
			in.Plan.Severities = map[string]string{ruleSuppression: word}
		}
		report, err := Run(t.Context(), in, append(Own(), Rule{ID: "quiet"}))
		got := ""
		for _, f := range report.Findings {
			got += f.Severity.String()
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}

// Whether a suppression is unused is known only where its rule could find something: in all that it is about.
func TestSuppressionsOfWhatIsNotJudged(t *testing.T) {
	for _, c := range []struct {
		name  string
		alter func(*Input, *Rule)
		want  int
	}{
		{"judged", func(*Input, *Rule) {}, 1},
		{"the rule has nothing to go by", func(_ *Input, r *Rule) { r.Able = func(Input) bool { return false } }, 0},
		{"the rule has what it needs", func(_ *Input, r *Rule) { r.Able = func(Input) bool { return true } }, 1},
		{"an app did not render", func(in *Input, _ *Rule) {
			in.Plan.Layers = []render.Layer{{Apps: []render.App{{Name: "shop"}, {Name: "blog"}}}}
		}, 0},
		{"an app that it is not about did not render", func(in *Input, _ *Rule) {
			in.Plan.Layers, in.Plan.Suppress[0].App = []render.Layer{{Apps: []render.App{{Name: "shop"}, {Name: "blog"}}}}, "shop"
		}, 1},
		{"a selection left apps out", func(in *Input, _ *Rule) { in.Plan.Others = []render.App{{Name: "blog"}} }, 0},
	} {
		in, rule := shop(t, service), Rule{ID: "quiet", Check: func(context.Context, Input) ([]Finding, []Unchecked, error) { return nil, nil, nil }}
		in.Plan.Suppress = []render.Acceptance{{Rule: "quiet", Reason: "x"}}
		c.alter(&in, &rule)
		if report, err := Run(t.Context(), in, []Rule{rule}); err != nil || len(report.Findings) != c.want {
			t.Errorf("%s: %v, %v", c.name, report.Findings, err)
		}
	}
}

// A loss is accepted one by one: neither a suppression nor a severity nor a baseline takes it out of the count.
func TestLossesAlwaysCount(t *testing.T) {
	in := shop(t, strings.Replace(service, "ANNOTATION", "ignore.sluice/each: x", 1))
	in.Plan.Suppress = []render.Acceptance{{Rule: "each", Reason: "x"}}
	in.Plan.Severities = map[string]string{"each": "off"}
	report, err := Run(t.Context(), in, []Rule{each(DataLoss)})
	if err != nil {
		t.Fatal(err)
	}
	report.Hold(Baseline{Findings: []BaselineEntry{{Fingerprint: report.Findings[0].Fingerprint()}}})
	if n := len(report.Counting(DataLoss)); n != 2 {
		t.Errorf("%d losses count", n)
	}
	if n := len(report.Baseline().Findings); n != 2 { // the two suppressions that do not count
		t.Errorf("the baseline has %d findings", n)
	}
}

func TestSeveritiesOfAStack(t *testing.T) {
	off := each(Warning)
	off.Off = true
	for word, want := range map[string]int{"": 0, "off": 0, "info": 0, "error": 2} {
		in := shop(t, service)
		if word != "" {
			in.Plan.Severities = map[string]string{"each": word}
		}
		report, err := Run(t.Context(), in, []Rule{off})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(report.Counting(Error)); n != want {
			t.Errorf("%q: %d count as errors, want %d", word, n, want)
		}
		if kept := len(report.Findings) > 0; kept != (word == "info" || word == "error") {
			t.Errorf("%q: findings kept is %t", word, kept)
		}
	}
}

// A finding is known again after lines and elements were put before it, and not at another element.
func TestBaseline(t *testing.T) {
	judge := func(text string) Report {
		report, err := Run(t.Context(), shop(t, text), []Rule{each(Error)})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	first := judge(service)
	if place := first.Findings[0].Place; !strings.Contains(place, "[port=80,protocol=TCP]") && !strings.Contains(first.Findings[1].Place, "[port=80,protocol=TCP]") {
		t.Errorf("the place is %q", place)
	}
	text, err := json.Marshal(first.Baseline())
	if err != nil {
		t.Fatal(err)
	}
	base, err := ReadBaseline("base.json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	same := judge("# a line\n" + service)
	if mended := same.Hold(base); len(mended) != 0 || len(same.Counting(Error)) != 0 {
		t.Errorf("%d count, %d are mended", len(same.Counting(Error)), len(mended))
	}
	other := judge(strings.Replace(service, "port: 80", "port: 81", 1))
	if mended := other.Hold(base); len(mended) != 1 || len(other.Counting(Error)) != 1 {
		t.Errorf("%d count, %d are mended", len(other.Counting(Error)), len(mended))
	}
	for _, broken := range []string{"", "{}", `{"version": 2, "findings": []}`, `{"version": 1, "findings": [], "more": 1}`, string(text) + "x"} {
		if _, err := ReadBaseline("base.json", strings.NewReader(broken)); err == nil {
			t.Errorf("%.30q is read as a baseline", broken)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"Service shop/web", "Service shop/web", true},
		{"Service shop/web", "Service shop/webs", false},
		{"*", "x", true},
		{"Service */web", "Service shop/web", true},
		{"*web*", "Service shop/web-1", true},
		{"a*a", "a", false},
		{"a*b*c", "axbyc", true},
		{"a*b*c", "acb", false},
		{"*x", "xy", false},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("%q of %q: %t", c.pattern, c.text, got)
		}
	}
}

// A message that nobody can read to its end is cut between characters, and says that it is.
func TestLongMessages(t *testing.T) {
	rule := Rule{ID: "long", Severity: Error, Check: func(context.Context, Input) ([]Finding, []Unchecked, error) {
		return []Finding{{Message: strings.Repeat("ü", 1500)}, {Message: "x" + strings.Repeat("ü", 1500)}, {Message: strings.Repeat("a", 2000)}}, nil, nil
	}}
	report, err := Run(t.Context(), Input{}, []Rule{rule})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range report.Findings {
		said = append(said, f.Message)
	}
	slices.Sort(said)
	want := []string{
		strings.Repeat("a", 2000), "x" + strings.Repeat("ü", 999) + "... (3001 bytes in all)", strings.Repeat("ü", 1000) + "... (3000 bytes in all)",
	}
	if !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}
