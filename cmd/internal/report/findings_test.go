package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// twoFindings are of one rule, at one place of one object, with one reason.
func twoFindings() Findings {
	key := render.Key{Kind: "Service", Namespace: "shop", Name: "web"}
	at := render.Position{File: "chart/service.yaml", Line: 3, Column: 1}
	one := validate.Finding{
		Rule: "service-target-port", Severity: validate.Error, App: "shop", Object: key, Pos: render.Position{File: "values.yaml", Line: 7},
		Rendered: at, Message: "one", Why: "it is looked up in each Pod", Fix: "name a port",
	}
	two := one
	two.Message = "two"
	return Findings{
		Report: validate.Report{Findings: []validate.Finding{one, two}}, Least: validate.Error, Minor: 33,
		Results: []render.Result{{App: render.App{Name: "shop"}, Set: render.Set{Objects: []render.Object{{Key: key, APIVersion: "v1"}}}}},
		Landed:  func(_ string, key render.Key) render.Key { return key },
	}
}

// Where a finding shows is said of each, and what a rule says of all its findings once.
func TestFindingsSayTheReasonOnce(t *testing.T) {
	var out bytes.Buffer
	if err := twoFindings().Text(&out); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
values.yaml:7: error: Service shop/web: one [service-target-port]
    at: chart/service.yaml:3:1
    why: it is looked up in each Pod
    fix: name a port
values.yaml:7: error: Service shop/web: two [service-target-port]
    at: chart/service.yaml:3:1
`, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// In kubeconform's form an object is one resource, whatever is found in it, whether it was rendered or not.
func TestKubeconformCountsObjects(t *testing.T) {
	for name, judged := range map[string]func(*Findings){
		"rendered": func(*Findings) {}, "from elsewhere": func(f *Findings) { f.Results = nil },
	} {
		f := twoFindings()
		judged(&f)
		var text bytes.Buffer
		if err := f.Kubeconform(&text); err != nil {
			t.Fatal(err)
		}
		var out kubeconformJSON
		if err := json.Unmarshal(text.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		if len(out.Resources) != 1 || out.Summary.Invalid != 1 || out.Summary.Valid != 0 || out.Resources[0].Msg != "one; two" || len(out.Resources[0].ValidationErrors) != 2 {
			t.Errorf("%s: %s", name, text.String())
		}
	}
}

// A kind that many apps have and nobody can judge is one line of the text, and counts as one; of few apps each is said.
func TestUncheckedKindsOfManyApps(t *testing.T) {
	every := render.Key{Group: "example.com", Kind: "Widget"}
	var f Findings
	for _, app := range []string{"a", "b", "c", "d"} {
		f.Report.Unchecked = append(f.Report.Unchecked, validate.Unchecked{App: app, Every: every, What: "2 objects of the kind Widget.example.com", Why: "no definition"})
	}
	f.Report.Unchecked = append(f.Report.Unchecked, validate.Unchecked{App: "a", What: "a.txt", Why: "no definition"})
	want := "unchecked: objects of the kind Widget.example.com in 4 apps (a, b, c and more): no definition\nunchecked: a: a.txt: no definition\n"
	var text strings.Builder
	if err := f.Text(&text); err != nil || text.String() != want || !strings.Contains(f.Summary(), "; 2 unchecked") {
		t.Errorf("%v\n%s%s", err, text.String(), f.Summary())
	}
	f.Report.Unchecked = f.Report.Unchecked[1:]
	text.Reset()
	if err := f.Text(&text); err != nil || strings.Count(text.String(), "\n") != 4 {
		t.Errorf("%v\n%s", err, text.String())
	}
}
