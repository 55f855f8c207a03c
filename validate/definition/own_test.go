package definition

import (
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// crd is a definition with one version of the schema given.
func crd(schema string) string {
	return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
` + schema
}

func TestDefinitions(t *testing.T) {
	sound := crd("              type: object\n              properties: {a: {type: string}}\n")
	for name, c := range map[string]struct{ text, want string }{
		"sound":                  {sound, ""},
		"parts are missing":      {sound[:strings.Index(sound, "  scope:")], ""},
		"status of an old tool":  {sound + "status: {acceptedNames: {kind: \"\", plural: \"\"}, conditions: [], storedVersions: []}\n", ""},
		"name":                   {strings.Replace(sound, "name: things.", "name: thing.", 1), `metadata.name is "thing.example.com": must be spec.names.plural+"."+spec.group`},
		"group without a dot":    {strings.ReplaceAll(sound, "example.com", "example"), `spec.group is "example": should be a domain with at least one dot`},
		"protected group":        {strings.ReplaceAll(sound, "example.com", "x.k8s.io"), `metadata.annotations."api-approved.kubernetes.io"`},
		"scope":                  {strings.Replace(sound, "Namespaced", "Namespace", 1), `spec.scope is "Namespace", want one of "Cluster", "Namespaced"; did you mean "Namespaced"?`},
		"no storage":             {strings.Replace(sound, "storage: true", "storage: false", 1), `spec.versions: must have exactly one version marked as storage version`},
		"no schema":              {sound[:strings.Index(sound, "      schema:")], `spec.versions[0].schema.openAPIV3Schema is missing`},
		"not structural":         {crd("              properties: {a: {type: string}}\n"), `spec.versions[0].schema.openAPIV3Schema.properties.spec.type is missing`},
		"default of wrong type":  {crd("              type: object\n              properties: {a: {type: string, default: 5}}\n"), `properties.a.default is 5, want a string`},
		"broken pattern":         {crd("              type: object\n              properties: {a: {type: string, pattern: \"(\"}}\n"), `properties.a.pattern is "("`},
		"list keys":              {crd("              type: array\n              x-kubernetes-list-type: map\n              x-kubernetes-list-map-keys: [k]\n              items: {type: object}\n"), `x-kubernetes-list-map-keys: entries must all be names of item properties`},
		"rule does not compile":  {crd("              type: object\n              x-kubernetes-validations: [{rule: self.nope}]\n"), `undefined field 'nope'`},
		"rule is too costly":     {crd("              type: object\n              properties: {a: {type: array, items: {type: array, items: {type: string}}}}\n              x-kubernetes-validations: [{rule: \"self.a.all(x, x.all(y, self.a.all(z, z.all(w, w != y))))\"}]\n"), `estimated rule cost exceeds budget`},
		"cannot be read":         {strings.Replace(sound, "served: true", "served: 5", 1), `the API server cannot read it`},
		"version is not one":     {strings.Replace(sound, "- name: v1", "- name: V1", 1), `spec.versions[0].name is "V1"`},
		"version twice":          {strings.Replace(sound, "  versions:\n", "  versions:\n    - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}\n", 1), `spec.versions: must contain unique version names`},
		"webhook without client": {strings.Replace(sound, "  scope:", "  conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1]}}\n  scope:", 1), `spec.conversion.webhook.clientConfig is missing`},
		"column without a path":  {strings.Replace(sound, "      schema:", "      additionalPrinterColumns: [{name: A, type: string, jsonPath: spec}]\n      schema:", 1), `error invalid-definition 12: spec.versions[0].additionalPrinterColumns[0].jsonPath is "spec": must be`},
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(judged(t, manifests(t, c.text)))
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("found\n%swant %s", got, c.want)
			}
			if strings.Contains(got, "spec.version:") {
				t.Errorf("found in a field that no file has:\n%s", got)
			}
			for line := range strings.Lines(got) {
				if !strings.HasPrefix(line, "error invalid-definition ") {
					t.Errorf("found by another rule: %s", line)
				}
			}
		})
	}
}

// A server takes in a new definition only what its predecessor knows too.
func TestRulesAheadOfTheCluster(t *testing.T) {
	text := crd(`              type: object
              properties: {a: {type: string}, b: {type: array, items: {type: string}}}
              x-kubernetes-validations:
                - rule: "!has(self.a) || isIP(self.a)"
                - {rule: "!has(self.a) || ip(self.a).family() == 4 && isIP(self.a)", message: none}
                - rule: "!has(self.b) || size(self.b.transformMap(i, v, v)) < 5"
                - rule: "!has(self.a) || sets.contains(['a'], [self.a]) && optional.of(self.a).hasValue() && quantity('1').isInteger()"
`)
	for _, c := range []struct {
		minor  int
		minors []int
		want   []string
	}{
		{37, nil, nil},
		{33, nil, nil},
		{32, nil, []string{"transformMap", "1.33"}},
		{33, []int{32, 34}, []string{"transformMap", "1.33"}},
		{30, nil, []string{"isIP", "1.31", "transformMap", "1.33"}},
		{29, nil, []string{"isIP", "transformMap", "uses sets in CEL", "1.30"}},
	} {
		in := manifests(t, text)
		in.Minor, in.Minors = c.minor, c.minors
		got := lines(judged(t, in))
		if c.want == nil && got != "" {
			t.Errorf("1.%d: found\n%s", c.minor, got)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("1.%d: found\n%swant %s", c.minor, got, want)
			}
		}
		if strings.Count(got, "isIP") > 1 {
			t.Errorf("1.%d: one name is told of more than once:\n%s", c.minor, got)
		}
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]string{
		"v1":       "",
		"v1beta1":  "warning deprecated-version 47: example.com/v1beta1 Widget is deprecated; use example.com/v1\n",
		"v1alpha1": "error unserved-version 47: apiVersion is \"example.com/v1alpha1\", which is not served; served: v1 (stored), v1beta1\n",
		"v2":       "error unserved-version 47: apiVersion is \"example.com/v2\", which is not a version of its definition; served: v1 (stored), v1beta1\n",
	} {
		if got := lines(judged(t, manifests(t, widgets+widget(version, "    size: 3")))); got != want {
			t.Errorf("%s: found\n%swant\n%s", version, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	tree := map[string]any{
		"spec": map[string]any{
			"list": []any{map[string]any{"a": 1}}, "a.b": map[string]any{"c": 1}, "a": map[string]any{"b": map[string]any{"d": 1}},
			"labels": map[string]any{"example.com/x": "y", "x]y": 1},
		},
	}
	for text, want := range map[string]string{
		"":                           "",
		"<nil>":                      "",
		".spec":                      "spec",
		"spec.list[0].a":             "spec.list[0].a",
		"spec.list[0].b":             "spec.list[0].b",
		"spec.list[7].b":             "spec.list[7].b",
		"spec.a.b.c":                 `spec."a.b".c`,
		"spec.a.b.d":                 `spec.a.b.d`,
		"spec.labels.example.com/x":  `spec.labels."example.com/x"`,
		"spec.labels[example.com/x]": `spec.labels."example.com/x"`,
		"spec.labels[x]y]":           `spec.labels."x]y"`,
		"spec.new.field":             "spec.new.field",
		"spec.new[a.b].c":            `spec.new."a.b".c`,
		"spec.new[0][1]":             "spec.new[0][1]",
		"spec.[":                     `spec."["`,
		"nothing":                    "nothing",
	} {
		if got := locate(tree, text).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	// Many readings of one text do not take for ever.
	deep := map[string]any{}
	for range 60 {
		deep = map[string]any{"a": deep, "a.a": deep}
	}
	_ = locate(deep, strings.Repeat("a.", 300)+"b")
}

func FuzzObjects(f *testing.F) {
	f.Add(plants, "apiVersion: garden.example.com/v1\nkind: Plant\nmetadata: {name: oak}\nspec: {name: oak, count: x}\n")
	f.Add(widgets, widget("v1", "    size: .inf"))
	f.Add(wrongDefinition, widget("v1", "    size: 18446744073709551615"))
	f.Add(crd("              type: object\n              x-kubernetes-validations: [{rule: self.nope}]\n"), "apiVersion: example.com/v1\nkind: Thing\nmetadata: 5\n")
	f.Fuzz(func(t *testing.T, definition, object string) {
		set, err := render.Parse("a.yaml", []byte(definition+"\n---\n"+object))
		if err != nil {
			return
		}
		app := render.App{Name: "example"}
		in := validate.Input{Plan: render.Plan{Layers: []render.Layer{{Apps: []render.App{app}}}}, Results: []render.Result{{App: app, Set: set}}, Minor: 30}
		if _, err := validate.Run(t.Context(), in, Rules(nil)); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	for _, c := range []struct{ name, text string }{{"plant", plant("  count: 3\n  bed: {min: 1, max: 2}\n")}, {"definition", plants}} {
		in := manifests(b, c.text)
		b.Run(c.name+"/first", func(b *testing.B) {
			for b.Loop() {
				judged(b, in)
			}
		})
		b.Run(c.name+"/again", func(b *testing.B) {
			rules := Rules(nil)
			for b.Loop() {
				if _, err := validate.Run(b.Context(), in, rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
