package prune

import (
	"context"
	"strings"
	"testing"
	"time"

	"sluice/render"
	"sluice/validate"
)

// ruledBy is a definition of Thing with a schema of its spec, in YAML's flow style.
func ruledBy(spec string) string {
	return definition("", "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: "+spec+"}}}}") + "---\n"
}

func thing(spec string) string {
	return "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one, namespace: shop}\nspec: " + spec + "\n"
}

func rules(text string) string { return "x-kubernetes-validations: [{rule: " + text + "}]" }

func TestTransitions(t *testing.T) {
	same := rules(`"self == oldSelf", message: cannot change`)
	for name, c := range map[string]struct {
		schema, left, right string
		want                string // what the finding says, "" for none
	}{
		"changes":              {"{properties: {a: {type: string, " + same + "}}}", "{a: x}", "{a: y}", "changes spec.a against a rule of its definition: cannot change"},
		"another field":        {"{properties: {a: {type: string, " + same + "}, b: {}}}", "{a: x, b: 1}", "{a: x, b: 2}", ""},
		"set for the first":    {"{properties: {a: {type: string, " + same + "}, b: {}}}", "{}", "{a: x}", ""},
		"taken away":           {"{properties: {a: {type: string, " + same + "}}}", "{a: x}", "{}", ""},
		"taken away, held":     {"{properties: {a: {}}, " + rules(`"!has(oldSelf.a) || has(self.a)"`) + "}", "{a: x}", "{}", "!has(oldSelf.a) || has(self.a)"},
		"default":              {"{properties: {a: {type: string, default: x, " + same + "}, b: {}}}", "{b: 1}", "{a: x, b: 2}", ""},
		"against the default":  {"{properties: {a: {type: string, default: x, " + same + "}}}", "{}", "{a: y}", "spec.a"},
		"null is not stated":   {"{properties: {a: {type: string, " + same + "}, b: {}}}", "{a: x}", "{a: null, b: 1}", ""},
		"unknown fields":       {"{properties: {o: {properties: {a: {}}, " + same + "}}}", "{o: {a: 1, zz: 1}}", "{o: {a: 1, zz: 2}}", ""},
		"open fields":          {"{properties: {o: {x-kubernetes-preserve-unknown-fields: true, " + same + "}}}", "{o: {zz: 1}}", "{o: {zz: 2}}", "spec.o"},
		"escaped names":        {"{properties: {namespace: {}, my-key: {}}, " + rules(`"self.__namespace__ == oldSelf.__namespace__ && self.my__dash__key == oldSelf.my__dash__key"`) + "}", "{namespace: a, my-key: 1}", "{namespace: a, my-key: 2}", "spec against"},
		"numbers":              {"{properties: {size: {type: number}}, " + rules(`"self.size >= oldSelf.size"`) + "}", "{size: 2.5}", "{size: 2}", "spec against"},
		"numbers that grow":    {"{properties: {size: {type: number}}, " + rules(`"self.size >= oldSelf.size"`) + "}", "{size: 2}", "{size: 2.5}", ""},
		"map of keys":          {"{properties: {l: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [n], items: {properties: {n: {}, v: {" + same + "}}}}}}", "{l: [{n: a, v: 1}, {n: b, v: 2}]}", "{l: [{n: b, v: 3}, {n: a, v: 1}]}", "spec.l[0].v"},
		"map of keys, order":   {"{properties: {l: {type: array, " + same + ", x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [n], items: {properties: {n: {}, v: {}}}}}}", "{l: [{n: a, v: 1}, {n: b, v: 2}]}", "{l: [{n: b, v: 2}, {n: a, v: 1}]}", ""},
		"map of keys, no twin": {"{properties: {l: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [n], items: {properties: {n: {}, v: {" + same + "}}}}}}", "{l: [{n: a, v: 1}]}", "{l: [{n: b, v: 2}]}", ""},
		"set, order":           {"{properties: {l: {type: array, " + same + ", x-kubernetes-list-type: set, items: {}}}}", "{l: [a, b]}", "{l: [b, a]}", ""},
		"set, change":          {"{properties: {l: {type: array, " + same + ", x-kubernetes-list-type: set, items: {}}}}", "{l: [a, b]}", "{l: [b, c]}", "spec.l"},
		"list, order":          {"{properties: {l: {type: array, " + same + ", items: {}}}}", "{l: [a, b]}", "{l: [b, a]}", "spec.l"},
		"list of elements":     {"{properties: {l: {type: array, items: {" + same + "}}}}", "{l: [a]}", "{l: [b]}", ""},
		"additional":           {"{properties: {m: {additionalProperties: {" + same + "}}}}", "{m: {k: 1}}", "{m: {k: 2}}", "spec.m.k"},
		"no transition":        {"{properties: {a: {" + rules(`"self == 1"`) + "}}}", "{a: 1}", "{a: 2}", ""},
		"optional, was":        {"{properties: {a: {" + rules(`"!oldSelf.hasValue() || oldSelf.value() == self", optionalOldSelf: true`) + "}}}", "{a: 1}", "{a: 2}", "spec.a"},
		"optional, was not":    {"{properties: {a: {" + rules(`"oldSelf.hasValue()", optionalOldSelf: true`) + "}}}", "{}", "{a: 2}", "spec.a"},
		"optional, unset":      {"{properties: {a: {" + rules(`"!oldSelf.hasValue()", optionalOldSelf: true`) + "}}}", "{}", "{a: 2}", ""},
		"optional syntax":      {"{properties: {a: {}}, " + rules(`"self.?a.orValue(0) >= oldSelf.?a.orValue(0)"`) + "}", "{a: 2}", "{}", "spec against"},
		"all":                  {"{properties: {l: {type: array, items: {}}}, " + rules(`"oldSelf.l.all(x, x in self.l)"`) + "}", "{l: [a, b]}", "{l: [a]}", "spec against"},
		"times":                {"{properties: {d: {type: string, format: date-time}, u: {type: string, format: duration}, b: {type: string, format: byte}}, " + rules(`"self.d > oldSelf.d && self.u > oldSelf.u && self.b == oldSelf.b"`) + "}", `{d: "2026-01-01T00:00:00Z", u: 9m, b: YQ==}`, `{d: "2026-01-01T01:00:00+02:00", u: 10m, b: YQ==}`, "spec against"},
		"a size that shrinks":  {"{properties: {a: {}}, " + rules(`"quantity(self.a).compareTo(quantity(oldSelf.a)) >= 0"`) + "}", "{a: 1Gi}", "{a: 1000Mi}", "spec against"},
		"a size, spelled anew": {"{properties: {a: {}}, " + rules(`"!quantity(self.a).isLessThan(quantity(oldSelf.a)) && isQuantity(self.a)"`) + "}", "{a: 1Gi}", "{a: 1024Mi}", ""},
		"null is none, held":   {"{properties: {a: {}}, " + rules(`"!has(oldSelf.a) || has(self.a)"`) + "}", "{a: x}", "{a: null}", "spec against"},
		"whole numbers":        {"{properties: {size: {type: number}}, " + rules(`"self.size * 1.5 >= oldSelf.size * 1.5"`) + "}", "{size: 3}", "{size: 2}", "spec against"},
		"find":                 {"{properties: {a: {}}, " + rules(`"self.a.find('^[0-9]+') == oldSelf.a.find('^[0-9]+')"`) + "}", "{a: 1-x}", "{a: 2-x}", "spec against"},
		"names of the object":  {"{properties: {a: {}}}, " + strings.Replace(rules(`"self.metadata.name == 'two' || self.kind != oldSelf.kind"`), "x-", "z-", 1), "{a: 1}", "{a: 2}", ""},
	} {
		schema := ruledBy(c.schema)
		if name == "names of the object" {
			schema = definition("", `{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, `+rules(`"self.metadata.name != oldSelf.metadata.name || self.kind != 'Thing'", message: of the whole`)+`}}}`) + "---\n"
			c.want = "changes the object against a rule of its definition: of the whole"
		}
		left, right := schema+thing(c.left), schema+thing(c.right)
		found, unchecked := judge(t, hop{left: left, right: right}.input(t), crdTransition)
		if len(unchecked) > 0 || (len(found) == 1) != (c.want != "") || c.want != "" && !strings.Contains(found[0].Message, c.want) {
			t.Errorf("%s: %+v, unchecked %+v, want %q", name, found, unchecked, c.want)
		}
		if found, _ := judge(t, hop{left: left, right: left}.input(t), crdTransition); len(found) > 0 {
			t.Errorf("%s, unchanged: %+v", name, found)
		}
	}
}

func TestTransitionFinding(t *testing.T) {
	schema := ruledBy("{properties: {a: {type: string, " + rules(`"self == oldSelf"`) + "}}}")
	forcedThing := strings.Replace(thing("{a: y}"), "shop}", "shop, annotations: {argocd.argoproj.io/sync-options: Force=true}}", 1)
	for right, want := range map[string]validate.Severity{thing("{a: y}"): validate.Replace, forcedThing: validate.Replace} {
		found, _ := judge(t, hop{left: schema + thing("{a: x}"), right: schema + right}.input(t), crdTransition)
		if len(found) != 1 || found[0].Severity != want || found[0].Pos.File != "next.yaml" || found[0].Pos.Line != 9 || found[0].Source != "x-kubernetes-validations of Thing.example.com" {
			t.Errorf("%+v", found)
		}
	}
}

// The live definition counts where the next tree has none; an expression that cannot be run, and a kind without a
// definition, are said to be unchecked.
func TestTransitionDoubts(t *testing.T) {
	schema := ruledBy("{properties: {a: {" + rules(`"self == oldSelf"`) + "}}}")
	found, unchecked := judge(t, hop{left: schema + thing("{a: 1}"), right: thing("{a: 2}")}.input(t), crdTransition)
	if len(found) != 1 || len(unchecked) > 0 {
		t.Errorf("live definition: %+v, %+v", found, unchecked)
	}
	for text, want := range map[string]string{
		`"ip(self.a) == ip(oldSelf.a)"`: "undeclared reference to 'ip'",
		`"self.b == oldSelf.a"`:         "no such key: b",
		`"self.a + oldSelf.a"`:          "not a boolean",
		`"self.a ==  oldSelf.("`:        "Syntax error",
		`"[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, oldSelf.a + f < 9999))))))"`: "cost",
	} {
		schema := ruledBy("{properties: {a: {}}, " + rules(text) + "}")
		found, unchecked := judge(t, hop{left: schema + thing("{a: 1}"), right: schema + thing("{a: 2}")}.input(t), crdTransition)
		if len(found) > 0 || len(unchecked) != 1 || !strings.Contains(unchecked[0].Why, want) || unchecked[0].Object.Name != "one" {
			t.Errorf("%s: %+v, %+v", text, found, unchecked)
		}
	}
	found, unchecked = judge(t, hop{left: thing("{a: 1}") + deployment, right: thing("{a: 2}") + deployment + "x: y\n"}.input(t), crdTransition)
	if len(found) > 0 || len(unchecked) != 1 || unchecked[0].What != "transition rules of Thing.example.com example.com/v1" {
		t.Errorf("no definition: %+v, %+v", found, unchecked)
	}
}

// A table row gives way to the rule that the definition brings.
func TestDefinitionsOwnRules(t *testing.T) {
	schema := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: databases.postgresql.cnpg.io}\n" +
		"spec: {group: postgresql.cnpg.io, names: {kind: Database}, versions: [{name: v1, schema: {openAPIV3Schema: {properties: {spec: {properties: {name: {" + rules(`"self == oldSelf"`) + "}}}}}}}]}\n---\n"
	pg := func(name string) string { return object("postgresql.cnpg.io/v1", "Database", "spec: {name: "+name+"}") }
	found, _ := judge(t, hop{left: schema + pg("a"), right: schema + pg("b")}.input(t))
	if brief(found) != "crd-transition replace Database.postgresql.cnpg.io shop/one" {
		t.Errorf("%s", brief(found))
	}
}

func TestTransitionsEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	schema := ruledBy("{properties: {a: {" + rules(`"self == oldSelf"`) + "}}}")
	if _, _, err := forbidden(ctx, hop{left: schema + thing("{a: 1}"), right: schema + thing("{a: 2}")}.input(t)); err == nil {
		t.Error("the context is not heeded")
	}
}

func BenchmarkTransitions(b *testing.B) {
	set := func(text string) render.Set {
		s, err := render.Parse("x.yaml", []byte(ruledBy("{properties: {a: {"+rules(`"self == oldSelf"`)+"}}}")+thing(text)))
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	l, r := set("{a: 1}"), set("{a: 2}")
	changes := render.Diff(l, r)
	in := validate.Input{Changes: []validate.Comparison{{App: "x", Left: render.Result{Set: l}, Right: render.Result{Set: r}, Effective: changes}}}
	for b.Loop() {
		if _, _, err := forbidden(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTransitionsOfBuiltInKinds keeps the list of what was not judged free of kinds that have no definition.
func TestTransitionsOfBuiltInKinds(t *testing.T) {
	for version, want := range map[string]int{
		"apiextensions.k8s.io/v1": 0, "apiregistration.k8s.io/v1": 0, "flowcontrol.apiserver.k8s.io/v1": 0, "apps/v1": 0,
		"snapshot.storage.k8s.io/v1": 1, "gateway.networking.k8s.io/v1": 1,
	} {
		object := "apiVersion: " + version + "\nkind: Thing\nmetadata: {name: one, namespace: shop}\nspec: "
		found, unchecked := judge(t, hop{left: object + "{a: 1}\n", right: object + "{a: 2}\n"}.input(t), crdTransition)
		if len(found) > 0 || len(unchecked) != want {
			t.Errorf("%s: %+v, unchecked %+v, want %d", version, found, unchecked, want)
		}
	}
}
