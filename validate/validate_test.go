package validate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/render"
)

var database = render.Key{Group: "k8s.mariadb.com", Kind: "Database", Namespace: "databases", Name: "netbox"}

// says makes a rule that says findings.
func says(id string, found ...Finding) Rule {
	return Rule{ID: id, Fix: "fix of " + id, Check: func(context.Context, Input) ([]Finding, []Unchecked, error) {
		return slices.Clone(found), []Unchecked{{App: "b", What: "of " + id}, {App: "a", What: "of " + id}}, nil
	}}
}

func day(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestOrder(t *testing.T) {
	other := render.Key{Kind: "Service", Name: "x"}
	rules := []Rule{
		says("second", Finding{App: "b", Severity: Info, Message: "4"}, Finding{App: "a", Severity: Outage, Object: database, Message: "2"}),
		says("first", Finding{App: "a", Severity: DataLoss, Object: database, Message: "1", Fix: "own"}, Finding{App: "a", Severity: Outage, Object: other, Message: "0"},
			Finding{App: "a", Severity: Outage, Object: database, Message: "3"}),
	}
	want := "a data-loss first 1 own, a outage first 0 fix of first, a outage first 3 fix of first, a outage second 2 fix of second, b info second 4 fix of second"
	for range 2 {
		report, err := Run(context.Background(), Input{}, rules)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range report.Findings {
			got = append(got, fmt.Sprintf("%s %s %s %s %s", f.App, f.Severity, f.Rule, f.Message, f.Fix))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("order:\n%s\nwant\n%s", text, want)
		}
		if u := report.Unchecked; len(u) != 4 || u[0].App != "a" || u[0].What != "of first" || u[3].What != "of second" {
			t.Errorf("unchecked: %+v", u)
		}
		slices.Reverse(rules)
	}
}

func TestErrorsNameTheRule(t *testing.T) {
	broken := errors.New("broken")
	report, err := Run(context.Background(), Input{}, []Rule{{ID: "odd", Check: func(context.Context, Input) ([]Finding, []Unchecked, error) {
		return []Finding{{Message: "of a half"}}, nil, errors.Join(broken, errors.New("and gone"))
	}}, {ID: "sound", Check: func(context.Context, Input) ([]Finding, []Unchecked, error) {
		return []Finding{{Message: "of the other rule"}}, nil, nil
	}}})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "odd") {
		t.Errorf("error: %v", err)
	}
	if len(report.Findings) != 2 || len(report.Unchecked) != 1 || report.Unchecked[0].Why != "broken; and gone" {
		t.Errorf("beside the error: %+v", report)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, Input{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run gives %v", err)
	}
}

func TestAcceptance(t *testing.T) {
	loss := Finding{App: "shop", Severity: DataLoss, Object: database}
	for name, c := range map[string]struct {
		accept   render.Acceptance
		today    string // of 2026, default 06-01T12:00:00Z
		found    Finding
		accepted bool
		says     string // of the finding about the acceptance
	}{
		"used":              {accept: render.Acceptance{Until: "2026-06-30"}, found: loss, accepted: true},
		"used by app, rule": {accept: render.Acceptance{Until: "2026-06-30", App: "shop", Rule: "lost-data"}, found: loss, accepted: true},
		"last day, its end": {accept: render.Acceptance{Until: "2026-06-30"}, today: "2026-06-30T23:59:59Z", found: loss, accepted: true},
		"last day elsewhere, over in UTC": {
			accept: render.Acceptance{Until: "2026-06-30"}, today: "2026-06-30T23:30:00-05:00", found: loss, says: "expired on 2026-06-30",
		},
		"expired":          {accept: render.Acceptance{Until: "2026-06-30"}, today: "2026-07-01T00:00:00Z", found: loss, says: "by alice expired on 2026-06-30"},
		"no date":          {accept: render.Acceptance{Until: "soon"}, found: loss, says: `no day of the calendar: "soon"`},
		"no such day":      {accept: render.Acceptance{Until: "2026-02-30"}, found: loss, says: "no day of the calendar"},
		"wrong rule":       {accept: render.Acceptance{Until: "2026-06-30", Rule: "lost-dat"}, found: loss, says: "accepts nothing"},
		"another app":      {accept: render.Acceptance{Until: "2026-06-30", App: "blog"}, found: loss, says: `there is no app "blog"`},
		"a misspelled app": {accept: render.Acceptance{Until: "2026-06-30", App: "shp"}, found: loss, says: `there is no app "shp", did you mean "shop"?`},
		"another object":   {accept: render.Acceptance{Until: "2026-06-30", Object: "Database netbox"}, found: loss, says: "accepts nothing"},
		"no object":        {accept: render.Acceptance{Until: "2026-06-30"}, found: Finding{App: "shop", Severity: DataLoss}, says: "accepts nothing"},
		"only a remark":    {accept: render.Acceptance{Until: "2026-06-30"}, found: Finding{App: "shop", Severity: Info, Object: database}, says: "accepts nothing"},
		"a remark by rule": {accept: render.Acceptance{Until: "2026-06-30", Rule: "lost-data"}, found: Finding{App: "shop", Severity: Info, Object: database}, accepted: true},
	} {
		if c.accept.Object == "" {
			c.accept.Object = "Database.k8s.mariadb.com databases/netbox"
		}
		if c.today == "" {
			c.today = "2026-06-01T12:00:00Z"
		}
		c.accept.By = "alice"
		c.accept.Pos = render.Position{File: "stack.cue", Line: 3}
		in := Input{Plan: render.Plan{Accept: []render.Acceptance{c.accept}}, Changes: []Comparison{{App: "shop"}}, Today: day(t, c.today)}
		report, err := Run(context.Background(), in, []Rule{says("lost-data", c.found)})
		if err != nil {
			t.Fatal(err)
		}
		about := ""
		for _, f := range report.Findings {
			if f.Rule == ruleAcceptance {
				about += f.Message + "; " + f.Fix
				if f.Severity != Info || f.Pos.Line != 3 {
					t.Errorf("%s: %+v", name, f)
				}
				continue
			}
			if (f.Accepted != nil) != c.accepted || c.accepted && f.Accepted.By != "alice" {
				t.Errorf("%s: accepted is %v", name, f.Accepted)
			}
		}
		if c.says == "" && about != "" || !strings.Contains(about, c.says) {
			t.Errorf("%s: says %q, want %q", name, about, c.says)
		}
		if name == "wrong rule" && !strings.Contains(about, `did you mean "lost-data"?`) {
			t.Errorf("%s: no suggestion in %q", name, about)
		}
		stops := len(report.Stopping())
		if want := c.found.Severity.Brakes() && !c.accepted; want != (stops == 1) {
			t.Errorf("%s: %d findings stop a hydrate", name, stops)
		}
	}
}

// What was not compared cannot be called unused, and an acceptance without a day to hold it against holds nothing.
func TestAcceptanceWithoutComparison(t *testing.T) {
	plan := render.Plan{Accept: []render.Acceptance{{Object: database.String(), Until: "2026-06-30"}}}
	today := day(t, "2026-06-01T00:00:00Z")
	for _, in := range []Input{
		{Plan: plan, Today: today},
		{Plan: render.Plan{Accept: plan.Accept, Others: []render.App{{Name: "left out"}}}, Today: today, Changes: []Comparison{{App: "shop"}}},
	} {
		if report, err := Run(context.Background(), in, nil); err != nil || len(report.Findings) > 0 {
			t.Errorf("findings %v, error %v", report.Findings, err)
		}
	}
	if _, err := Run(context.Background(), Input{Plan: plan}, nil); err == nil {
		t.Error("acceptances hold on no day")
	}
}

func TestSeverities(t *testing.T) {
	if got := strings.Join(Severities(), " "); got != "info warning error outage replace secret-loss cascade data-loss" {
		t.Error(got)
	}
	for s := Info; s <= DataLoss; s++ {
		text, err := s.MarshalText()
		if err != nil || string(text) != s.String() || s.Brakes() != (s == SecretLoss || s == Cascade || s == DataLoss) {
			t.Errorf("%s: %s, %v, brakes %t", s, text, err, s.Brakes())
		}
	}
}
