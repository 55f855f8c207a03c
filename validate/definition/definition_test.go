package definition

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// manifests makes an input of one app with the objects of a text.
func manifests(t testing.TB, text string) validate.Input {
	t.Helper()
	set, err := render.Parse("manifests/example.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Objects {
		set.Objects[i].Provenance.App = "example"
		set.Objects[i].Provenance.Source = "manifests manifests"
	}
	app := render.App{Name: "example", Layer: "apps", Namespace: "example"}
	return validate.Input{
		Plan:    render.Plan{Layers: []render.Layer{{Name: "apps", Apps: []render.App{app}}}},
		Results: []render.Result{{App: app, Set: set}}, Minor: 33,
	}
}

// judged runs the rules.
func judged(t testing.TB, in validate.Input) validate.Report {
	t.Helper()
	report, err := validate.Run(t.Context(), in, Rules(nil))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// lines writes what is found, a line each.
func lines(r validate.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %d: %s\n", f.Severity, f.Rule, f.Pos.Line, f.Message)
	}
	for _, u := range r.Unchecked {
		fmt.Fprintf(&b, "unchecked: %s: %s\n", u.What, u.Why)
	}
	return b.String()
}

func TestExamples(t *testing.T) {
	for _, rule := range Rules(nil) {
		of := func(f validate.Finding) bool { return f.Rule == rule.ID }
		if r := judged(t, manifests(t, rule.Wrong)); !slices.ContainsFunc(r.Findings, of) {
			t.Errorf("%s does not find its wrong example:\n%s", rule.ID, lines(r))
		}
		if r := judged(t, manifests(t, rule.Right)); len(r.Findings)+len(r.Unchecked) > 0 {
			t.Errorf("%s finds something in its right example:\n%s", rule.ID, lines(r))
		}
	}
}

// plants is a definition with one of everything that a schema can ask.
const plants = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: plants.garden.example.com}
spec:
  group: garden.example.com
  scope: Namespaced
  names: {kind: Plant, plural: plants}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}, scale: {specReplicasPath: .spec.count, statusReplicasPath: .status.count}}
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            status: {type: object, properties: {count: {type: integer}}}
            spec:
              type: object
              required: [name]
              properties:
                name: {type: string, pattern: "^[a-z]+$", maxLength: 10, minLength: 2}
                count: {type: integer, format: int32}
                height: {type: number, minimum: 0.5, maximum: 90}
                kind: {type: string, enum: [tree, bush, herb], default: tree}
                edible: {type: boolean}
                port: {x-kubernetes-int-or-string: true}
                planted: {type: string, format: date-time}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                none: {type: string, nullable: true}
                must: {type: object, required: [been], properties: {been: {type: string, default: seen}}}
                nicknames: {type: array, x-kubernetes-list-type: set, maxItems: 3, items: {type: string}}
                labels: {type: object, additionalProperties: {type: string}}
                water: {type: string}
                password: {type: string, maxLength: 4, pattern: "^[a-z]*$"}
                leaves:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: {type: object, required: [name], properties: {name: {type: string}, size: {type: integer}}}
                template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
                source:
                  type: object
                  properties: {seed: {type: string}, cutting: {type: string}}
                  oneOf: [{required: [seed]}, {required: [cutting]}]
                bed:
                  type: object
                  properties: {min: {type: integer}, max: {type: integer}, note: {type: string}}
                  x-kubernetes-validations:
                    - {rule: "!has(self.min) || !has(self.max) || self.min <= self.max", message: min is over max, fieldPath: .max}
                    - {rule: "!has(self.note) || self.note != 'bad'", messageExpression: "'the note is ' + self.note"}
`

func plant(spec string) string {
	return plants + "---\napiVersion: garden.example.com/v1\nkind: Plant\nmetadata: {name: oak}\nspec:\n  name: oak\n" + spec
}

func TestObjects(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing wrong": {plant(`  count: 3
  height: 4
  kind: bush
  edible: true
  port: 80
  planted: "2026-01-02T03:04:05Z"
  free: {any: [thing]}
  none: null
  water: null
  must: {}
  nicknames: [a, b]
  labels: {example.com/x: yew}
  leaves: [{name: a}, {name: b}]
  template: {apiVersion: v1, kind: Pod, metadata: {name: x, labels: {a: b}}, spec: {}}
  source: {seed: x}
  bed: {min: 1, max: 1}
status: {count: lots}
`), ""},
		"a string where an integer is wanted": {plant("  count: three\n"), `spec.count is "three", want an integer`},
		"a float where an integer is wanted":  {plant("  count: 1.5\n"), `spec.count is 1.5, want an integer`},
		"the scale subresource":               {plant("  count: -1\n"), `spec.count is -1: should be a non-negative integer`},
		"an integer where a string is wanted": {plant("  water: 5\n"), `spec.water is 5, want a string`},
		"a boolean":                           {plant("  edible: \"true\"\n"), `spec.edible is "true", want true or false`},
		"a list":                              {plant("  nicknames: {a: b}\n"), `spec.nicknames is a mapping, want a list`},
		"a mapping":                           {plant("  bed: [1]\n"), `spec.bed is a list, want a mapping`},
		"int or string":                       {plant("  port: 1.5\n"), `spec.port is 1.5, want an integer or a string`},
		"enum":                                {plant("  kind: trea\n"), `spec.kind is "trea", want one of "tree", "bush", "herb"; did you mean "tree"?`},
		"minimum":                             {plant("  height: 0.1\n"), `spec.height is 0.1: should be greater than or equal to 0.5`},
		"maximum":                             {plant("  height: 91\n"), `spec.height is 91: should be less than or equal to 90`},
		"format":                              {plant("  planted: yesterday\n"), `spec.planted is "yesterday", want a string of the format date-time`},
		"too many":                            {plant("  nicknames: [a, b, c, d]\n"), `spec.nicknames has too many: at most 3 items`},
		"a value of a map":                    {plant("  labels: {example.com/x: 5}\n"), `spec.labels."example.com/x" is 5, want a string`},
		"required in a list":                  {plant("  leaves: [{name: a}, {size: 1}]\n"), `spec.leaves[1].name is missing, and it is required`},
		"null that is pruned though required": {strings.Replace(plant(""), "name: oak\n", "name: null\n", 2), `spec.name is missing, and it is required`},
		"default before required":             {plant("  must: {been: null}\n"), ""},
		"unknown field":                       {plant("  heigth: 3\n"), `spec.heigth is not a field that the definition has, did you mean "height"?`},
		"unknown field in a list":             {plant("  leaves: [{name: a, sise: 3}]\n"), `spec.leaves[0].sise is not a field that the definition has, did you mean "size"?`},
		"unknown field at the top":            {plant("") + "specs: {}\n", `specs is not a field that the definition has, did you mean "spec"?`},
		"unknown field of metadata":           {strings.Replace(plant(""), "metadata: {name: oak}", "metadata: {name: oak, nam: x}", 1), `metadata.nam is not a field that the definition has`},
		"set":                                 {plant("  nicknames: [a, b, a]\n"), `spec.nicknames[2] is there twice`},
		"keys":                                {plant("  leaves: [{name: a}, {name: a}]\n"), `spec.leaves[1] is there twice, an element before it has the same name "a"`},
		"embedded without a kind":             {plant("  template: {apiVersion: v1}\n"), `spec.template.kind is missing, and it is required`},
		"embedded label":                      {plant("  template: {apiVersion: v1, kind: Pod, metadata: {labels: {a: -}}}\n"), `spec.template.metadata.labels`},
		"oneOf":                               {plant("  source: {seed: a, cutting: b}\n"), `spec.source: must validate one and only one schema (oneOf). Found 2 valid alternatives`},
		"rule":                                {plant("  bed: {min: 2, max: 1}\n"), `spec.bed.max: min is over max`},
		"message of a rule":                   {plant("  bed: {note: bad}\n"), `spec.bed: the note is bad`},
		"label that is a number":              {strings.Replace(plant(""), "metadata: {name: oak}", "metadata: {name: oak, labels: {example.com/a: 5}}", 1), `metadata.labels."example.com/a" is 5, want a string`},
		"no spec":                             {plants + "---\napiVersion: garden.example.com/v1\nkind: Plant\nmetadata: {name: oak}\n", `spec is missing, and it is required`},
		"secret value":                        {plant("  password: 5S3c\n"), `spec.password is a value that is not shown: should match '^[a-z]*$'`},
	} {
		t.Run(name, func(t *testing.T) {
			r := judged(t, manifests(t, c.text))
			got := lines(r)
			if c.want == "" && got != "" {
				t.Errorf("found\n%s", got)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("found\n%swant %s", got, c.want)
			}
			if strings.Contains(got, "5S3c") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			for _, f := range r.Findings {
				if f.App != "example" || f.Object.Name != "oak" || f.Pos.Line < strings.Count(plants, "\n") || f.Pos.File == "" {
					t.Errorf("finding without its place: %+v", f)
				}
			}
		})
	}
}

// What keeps the server from the rules keeps them from being judged, and one field is told of once.
func TestOneObjectInWhole(t *testing.T) {
	r := judged(t, manifests(t, plant("  bed: {min: 2, max: 1}\n  count: x\n  source: {}\n  leaves: {extra: {name: x}}\n")))
	got := lines(r)
	for _, want := range []string{
		`: spec.count is "x", want an integer`, `: spec.leaves is a mapping, want a list`, `: spec.source.seed is missing, and it is required`,
		`: spec.source: must validate one and only one schema (oneOf). Found none valid`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q, found\n%s", want, got)
		}
	}
	if strings.Contains(got, "min is over max") || strings.Contains(got, "extra") {
		t.Errorf("found too much:\n%s", got)
	}
	if !slices.ContainsFunc(r.Findings, func(f validate.Finding) bool { return strings.Contains(f.Why, "rules of the definition") }) {
		t.Error("nothing says that rules were left out")
	}
}

func TestSeverityOfUnknownFields(t *testing.T) {
	in := manifests(t, plant("  heigth: 3\n"))
	if r := judged(t, in); len(r.Findings) != 1 || r.Findings[0].Severity != validate.Error {
		t.Errorf("strict: %s", lines(r))
	}
	in.Results[0].App.Sync.Options = []string{"Validate=false"}
	if r := judged(t, in); len(r.Findings) != 1 || r.Findings[0].Severity != validate.Warning {
		t.Errorf("lenient app: %s", lines(r))
	}
	text := strings.Replace(plant("  heigth: 3\n"), "metadata: {name: oak}", `metadata: {name: oak, annotations: {argocd.argoproj.io/sync-options: "Prune=false, Validate=false"}}`, 1)
	if r := judged(t, manifests(t, text)); len(r.Findings) != 1 || r.Findings[0].Severity != validate.Warning {
		t.Errorf("lenient object: %s", lines(r))
	}
}

func TestGeneratedNamesAndSchemasOfNames(t *testing.T) {
	text := strings.Replace(plant(""), "          required: [spec]", "          required: [spec]\n          x-kubernetes-validations: [{rule: \"self.metadata.name.startsWith('oak')\", message: not an oak}]", 1)
	if r := judged(t, manifests(t, text)); lines(r) != "" {
		t.Error(lines(r))
	}
	text = strings.Replace(text, "metadata: {name: oak}", "metadata: {generateName: oak-}", 1)
	if r := judged(t, manifests(t, text)); lines(r) != "" {
		t.Error(lines(r))
	}
	text = strings.Replace(text, "generateName: oak-", "name: elm", 1)
	if got := lines(judged(t, manifests(t, text))); !strings.Contains(got, "the object: not an oak") {
		t.Error(got)
	}
}

// Where a definition comes from: the stack before the user's paths before what is built in.
func TestSourcesOfDefinitions(t *testing.T) {
	crd, object, _ := strings.Cut(plant("  count: 3\n"), "---\n")
	in := manifests(t, object)
	want := "unchecked: an object of the kind Plant.garden.example.com: its CustomResourceDefinition is neither"
	if got := lines(judged(t, in)); !strings.HasPrefix(got, want) {
		t.Errorf("none: %s", got)
	}
	in.Definitions = manifests(t, crd).Results[0].Set.Objects
	if got := lines(judged(t, in)); got != "" {
		t.Errorf("by path: %s", got)
	}
	stricter := strings.Replace(crd, "count: {type: integer, format: int32}", "count: {type: integer, maximum: 2}", 1)
	other := manifests(t, stricter).Results[0]
	other.App = render.App{Name: "crds"}
	in.Results = append(in.Results, other)
	if got := lines(judged(t, in)); !strings.Contains(got, "spec.count is 3: should be less than or equal to 2") {
		t.Errorf("of the stack: %s", got)
	}
	// An app that was left out of the selection gives its definitions, and is not judged.
	in.Results[1].Set = manifests(t, stricter+"---\n"+wrongDefinition).Results[0].Set
	in.Plan.Others = []render.App{other.App}
	if r := judged(t, in); len(r.Findings) != 1 {
		t.Errorf("of another app: %s", lines(r))
	}
}

func TestStrangersAreCounted(t *testing.T) {
	text := ""
	for i, kind := range []string{"A", "B", "A", "A"} {
		text += fmt.Sprintf("---\napiVersion: x.example.com/v1\nkind: %s\nmetadata: {name: n%d}\n", kind, i)
	}
	text += "---\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: old}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingres\nmetadata: {name: typo}\n"
	got := lines(judged(t, manifests(t, text)))
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, "3 objects of the kind A.x.example.com") || !strings.Contains(got, "an object of the kind B.x.example.com") {
		t.Error(got)
	}
}

func TestArgoCD(t *testing.T) {
	text := `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec:
  project: default
  destination: {namespace: x, server: https://kubernetes.default.svc}
  source: {repoURL: https://git.example.com/x.git, path: x, targetRevison: main}
  syncPolicy: {retry: {limit: "5"}}
`
	got := lines(judged(t, manifests(t, text)))
	for _, want := range []string{`spec.source.targetRevison is not a field that the definition has, did you mean "targetRevision"?`, `spec.syncPolicy.retry.limit is "5", want an integer`} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s, found\n%s", want, got)
		}
	}
	if strings.Count(got, "\n") != 2 {
		t.Errorf("found\n%s", got)
	}
}

func TestSameFindingsEveryTime(t *testing.T) {
	in := manifests(t, plant("  count: x\n  heigth: 1\n  nicknames: [a, a]\n  height: 0\n  kind: no\n  leaves: [{}, {}]\n  port: []\n  planted: x\n")+"---\n"+wrongDefinition)
	rules := Rules(nil)
	first := ""
	for i := range 20 {
		r, err := validate.Run(t.Context(), in, rules)
		if err != nil {
			t.Fatal(err)
		}
		if got := lines(r); i == 0 {
			first = got
		} else if got != first {
			t.Fatalf("found\n%sthen\n%s", first, got)
		}
	}
	if strings.Count(first, "\n") < 8 {
		t.Errorf("found only\n%s", first)
	}
}

func TestDefinitionsAreReadOnce(t *testing.T) {
	f := &family{read: map[source]*definition{}}
	in := manifests(t, plant(""))
	for range 3 {
		if _, _, err := f.check(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.read) != 1 {
		t.Errorf("%d definitions are kept, want 1", len(f.read))
	}
	done := make(chan error)
	for range 8 {
		go func() {
			_, _, err := f.check(t.Context(), manifests(t, plant("")))
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &family{read: map[source]*definition{}}
	in := manifests(t, plant("  bed: {min: 2, max: 1}\n"))
	cancel()
	if _, _, err := f.check(ctx, in); err == nil {
		t.Error("an interrupted judgement has no error")
	}
	// What was broken off is not taken for the truth later.
	found, _, err := f.check(t.Context(), in)
	if err != nil || len(found) != 1 {
		t.Errorf("found %v, %v", found, err)
	}
}
