package source

import (
	"strings"
	"testing"

	"sluice/render"
)

func TestWrongShapesAreWordedByLineAndKey(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"name: a\nversion: 1.0.0\ndependencies:\n- redis\n", "parsing apps/x/Chart.yaml: line 4: dependencies[0] is text, not a mapping"},
		{"name: a\nversion: 1.0.0\ndependencies: {redis: 1}\n", "parsing apps/x/Chart.yaml: line 3: dependencies is a mapping, not a list"},
		{"name: [a]\nversion: {}\n", "parsing apps/x/Chart.yaml: line 1: name is a list, not text; line 2: version is a mapping, not text"},
		{"dependencies:\n- name: [a]\n", "parsing apps/x/Chart.yaml: line 2: there is a list where text belongs"},
		{"- a\n", "parsing apps/x/Chart.yaml: line 1: it is a list, not a mapping"},
		{"name: a\n  b: c\n", "parsing apps/x/Chart.yaml: line 2: mapping values are not allowed in this context"},
		{"name: a\nname: b\n", "parsing apps/x/Chart.yaml: line 2: mapping key \"name\" already defined at line 1"},
	} {
		_, err := parseChart([]render.File{{Path: chartFileName, Data: []byte(c.text)}}, "apps/x")
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
}

func TestIndexWithoutVersionsGivesNoListOfThem(t *testing.T) {
	for text, want := range map[string]string{
		"entries: {web: []}":                 "the repository lists the chart web without any version; asked 1.0.0",
		"entries: {web: text}":               "parsing the versions of web in index.yaml: line 1: it is text, not a list",
		"entries: {web: [{version: 1.2.3}]}": "web has 1.2.3; asked 1.0.0",
	} {
		idx, err := parseIndex([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = idx.pick("web", "1.0.0")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestAnIndexOfTooManyValuesIsRefusedBeforeItIsRead(t *testing.T) {
	text := []byte(`entries: {web: [{version: 1.0.0, urls: [a]}], z: [` + strings.Repeat("0,", maxIndexNodes) + "0]}")
	if _, err := parseIndex(text); err == nil || !strings.Contains(err.Error(), "has more than 5000000 values") {
		t.Errorf("error %v", err)
	}
}
