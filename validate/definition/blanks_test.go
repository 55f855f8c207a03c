package definition

import (
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// withLedger makes an input of an app with the plugin: every text with "<path:" is in the ledger.
func withLedger(t *testing.T, text string) validate.Input {
	in := manifests(t, text)
	result := &in.Results[0]
	result.App.Secrets = "avp"
	for i := range result.Set.Objects {
		o := &result.Set.Objects[i]
		var walk func(value any, at render.Path)
		walk = func(value any, at render.Path) {
			switch value := value.(type) {
			case map[string]any:
				for k, v := range value {
					walk(v, at.With(k))
				}
			case []any:
				for i, v := range value {
					walk(v, at.With(i))
				}
			case string:
				if _, rest, ok := strings.Cut(value, "<path:"); ok {
					path, key, _ := strings.Cut(rest, "#")
					key, _, _ = strings.Cut(key, ">")
					result.Ledger = append(result.Ledger, render.Placeholder{Object: o.Key, Field: at, Path: path, Key: key})
				}
			}
		}
		walk(o.Tree, nil)
	}
	return in
}

func TestPlaceholders(t *testing.T) {
	const whole, part = `<path:kv/data/a#k>`, `x-<path:kv/data/a#k>`
	for name, c := range map[string]struct {
		spec string
		want string // a finding, or "unchecked: ..."; empty for nothing at all
	}{
		"integer":                    {"  count: " + whole, ""},
		"pattern":                    {"  kind: " + whole + "\n  planted: " + whole + "\n  password: " + whole, ""},
		"list":                       {"  nicknames: " + whole, ""},
		"int or string":              {"  port: " + whole, ""},
		"integer, partly":            {"  count: " + part, `spec.count is "x-<path:kv/data/a#k>", want an integer`},
		"pattern and length, partly": {"  password: " + part, ""},
		"enum, partly":               {"  kind: " + part, ""},
		"format, partly":             {"  planted: " + part, ""},
		"beside":                     {"  water: " + whole + "\n  count: x", `spec.count is "x", want an integer`},
		"unknown field":              {"  heigth: " + whole, "spec.heigth is not a field"},
		"required beside":            {"  leaves: [{size: " + whole + "}]", "spec.leaves[0].name is missing"},
		"same key":                   {"  leaves: [{name: " + whole + "}, {name: " + whole + "}]", "unchecked: what the definition asks of spec.leaves[1]"},
		"same element":               {"  nicknames: [" + whole + ", " + whole + "]", ""},
		"rule":                       {"  bed: {min: 2, max: " + whole + "}", "unchecked: the rules about spec.bed"},
		"rule that names a field":    {"  bed: {min: 2, max: 1, note: " + whole + "}", "unchecked: the rules about spec.bed.max"},
		"rule that cannot be run":    {"  bed: {min: " + whole + ", max: 1}", "unchecked: the rules about spec.bed"},
		"rule beside":                {"  water: " + whole + "\n  bed: {min: 2, max: 1}", "spec.bed.max: min is over max"},
		"type beside, and rule":      {"  count: " + whole + "\n  bed: {note: bad}", "spec.bed: the note is bad"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(judged(t, withLedger(t, plant(c.spec+"\n"))))
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Contains(c.want, "unchecked") != strings.Contains(got, "unchecked") {
				t.Errorf("found\n%swant %s", got, c.want)
			}
			if strings.Contains(c.want, "unchecked") && strings.Contains(got, "error ") {
				t.Errorf("what cannot be known is a finding:\n%s", got)
			}
		})
	}
	// Without the plugin the text is what the cluster gets.
	if got := lines(judged(t, manifests(t, plant("  count: "+whole+"\n")))); !strings.Contains(got, "want an integer") {
		t.Errorf("found\n%s", got)
	}
}

// Which of several schemas was meant is not known where a placeholder may decide it.
func TestPlaceholderInCombinedSchemas(t *testing.T) {
	text := strings.Replace(plant("  source: {seed: <path:kv/data/a#k>}\n"), "oneOf: [{required: [seed]}, {required: [cutting]}]",
		"oneOf: [{properties: {seed: {enum: [a]}}, required: [seed]}, {required: [cutting]}]", 1)
	got := lines(judged(t, withLedger(t, text)))
	if strings.Contains(got, "error ") || !strings.Contains(got, "unchecked: what the definition asks of spec.source: ") {
		t.Error(got)
	}
	text = strings.ReplaceAll(text, "<path:kv/data/a#k>", "b")
	if got := lines(judged(t, withLedger(t, text))); !strings.Contains(got, "spec.source: must validate one and only one schema (oneOf). Found none valid") {
		t.Error(got)
	}
}

// What a placeholder in a definition stands for may fit what is beside it.
func TestPlaceholdersInDefinitions(t *testing.T) {
	sound := crd("              type: object\n              properties: {a: {type: string, default: b, enum: [b, c]}}\n")
	sound = strings.Replace(sound, "  scope:", "  conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: a, namespace: b, path: /c}}, conversionReviewVersions: [v1]}}\n  scope:", 1)
	if got := lines(judged(t, manifests(t, sound))); got != "" {
		t.Fatalf("found\n%s", got)
	}
	for _, value := range []string{
		"plural: things", "group: example.com", "strategy: Webhook", "path: /c", "[v1]", "namespace: b", "type: string", "default: b", "[b,", "name: v1\n",
	} {
		at := strings.LastIndexAny(strings.TrimRight(value, ",]\n"), " [") + 1
		end := len(strings.TrimRight(value, ",]\n"))
		text := strings.Replace(sound, value, value[:at]+"<path:kv/data/a#k>"+value[end:], 1)
		if got := lines(judged(t, withLedger(t, text))); strings.Contains(got, "error ") {
			t.Errorf("in place of %q: found\n%s", value, got)
		}
	}
	text := strings.Replace(strings.Replace(sound, "namespace: b", "namespace: <path:kv/data/a#k>", 1), "default: b", "default: 5", 1)
	if got := lines(judged(t, withLedger(t, text))); !strings.Contains(got, "properties.a.default is 5, want a string") {
		t.Errorf("found\n%s", got)
	}
}

func TestWhatMayBeSecret(t *testing.T) {
	for _, c := range []struct {
		path render.Path
		want bool
	}{
		{render.Path{"spec", "password"}, true},
		{render.Path{"spec", "adminPassword"}, true},
		{render.Path{"spec", "api-key"}, true},
		{render.Path{"spec", "auth", "client_secret"}, true},
		{render.Path{"spec", "secretTemplates", 0, "stringData", "user"}, true},
		{render.Path{"spec", "secretTemplates", 0, "data", "user"}, true},
		{render.Path{"spec", "data", "user"}, false},
		{render.Path{"spec", "passwordSecretKeyRef", "name"}, false},
		{render.Path{"spec", "secretName"}, false},
		{render.Path{"spec", "key"}, false},
		{nil, false},
	} {
		if got := confidential(c.path); got != c.want {
			t.Errorf("%s: %t", c.path, got)
		}
	}
	tree := map[string]any{"spec": map[string]any{"password": "hunter2", "token": "hunter2-long"}}
	if got := hiding(tree)("say hunter2-long or hunter2"); got != "say (not shown) or (not shown)" {
		t.Error(got)
	}
}
