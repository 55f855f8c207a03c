package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sluice/render"
)

func results() []render.Result {
	crd := render.Object{Key: render.Key{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "x"}}
	return []render.Result{
		{
			App:     render.App{Name: "registry", Layer: "platform", Sources: []render.Source{{Kind: render.KindUmbrella}, {Kind: render.KindManifests}}},
			Set:     render.Set{Objects: []render.Object{crd, {}}, Empties: 3},
			Ledger:  []render.Placeholder{{Encoding: "percent"}, {Encoding: "base64"}, {Encoding: "percent+base64"}, {}},
			Elapsed: 12 * time.Millisecond,
		},
		{App: render.App{Name: "db", Sources: []render.Source{{Kind: render.KindManifests}, {Kind: render.KindManifests}}}},
	}
}

// Base64 alone is no decoding: the plugin reads it.
func TestSummaryCountsAndAligns(t *testing.T) {
	var out bytes.Buffer
	if err := Summary(&out, Summarize(results())); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
APP       PATTERN             OBJECTS  CRDS  EMPTIES  PLACEHOLDERS  DECODED  TIME
registry  umbrella+manifests        2     1        3             4        2  12ms
db        manifests                 0     0        0             0        0   0ms
total                               2     1        3             4        2  12ms
`, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestJSONKeepsPlaceholdersReadable(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, map[string]string{"a": "<path:kv/data/x#k>&"}); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"a\": \"<path:kv/data/x#k>&\"\n}\n"; out.String() != want {
		t.Errorf("got %s", out.String())
	}
}

// Names may be Mermaid's own words, which must not be taken for its syntax.
func TestPlanGraphNamesAreNeverKeywords(t *testing.T) {
	plan := render.Plan{Layers: []render.Layer{
		{Name: "end", Apps: []render.App{{Name: "graph"}}},
		{Name: "apps", Wave: 1, Apps: []render.App{{Name: "web-ui", DependsOn: []string{"graph"}}}},
	}}
	var out bytes.Buffer
	if err := Plan(plan).Graph(&out); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
flowchart TB
  subgraph layer_n_end ["end, wave 0"]
    n_graph["graph"]
  end
  subgraph layer_n_apps ["apps, wave 1"]
    n_web_ui["web-ui"]
  end
  layer_n_end ==> layer_n_apps
  n_graph --> n_web_ui
`, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
