package avp

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"sluice/render"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

const plain = "<path:kv/data/x#k>"

func TestPlaceholdersThatCannotWorkAreErrors(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		value      any
		want       string // part of the message
	}{
		{"no key", "ConfigMap", "<path:a>", "broken placeholder"},
		{"empty key", "ConfigMap", "<path:a#>", "broken placeholder"},
		{"blank key", "ConfigMap", "<path:a# >", "is empty"},
		{"four parts", "ConfigMap", "<path:a#b#c#d>", "broken placeholder"},
		{"swallows text", "ConfigMap", "<path:a#>b>", "swallows"},
		{"broken before a good one", "ConfigMap", "<path:a> <path:b#k>", `"<path:a>"`},
		{"cut by trunc", "ConfigMap", "<path:kv/data/x#k | ", "broken placeholder"},
		{"cut while encoded", "ConfigMap", url.QueryEscape(plain)[:20], "broken placeholder"},
		{"cut before the colon", "ConfigMap", "x%3Cpath", "cut off"},
		{"cut in the colon", "ConfigMap", "x%3Cpath%3", "cut off"},
		{"cut in html", "ConfigMap", "&lt;path:kv/data", "broken placeholder"},
		{"lost backslash", "ConfigMap", "u003cpath:a#bu003e", "damaged"},
		{"runs out of its JSON string", "ConfigMap", `{"a":"\u003cpath:kv/da","b":"#1>"}`, "broken placeholder"},
		{"runs over a line", "ConfigMap", "a: %3Cpath:kv/da\n# b -> c", "broken placeholder"},
		{"four layers", "ConfigMap", "%2525253Cpath%2525253Aa%25252523b%2525253E", "more than three"},
		{"half-decoded", "ConfigMap", "<path:kv%2Fdata#k>", "half-decoded"},
		{"half-decoded within", "ConfigMap", "%3Cpath%3Akv%252Fdata%23k%3E", "half-decoded"},
		{"modifier before the key", "ConfigMap", "<path:a | base64encode#k>", "modifier stands before"},
		{"unknown modifier", "ConfigMap", "<path:a#k | base64enc>", `unknown modifier "base64enc", did you mean "base64encode"?`},
		{"wrong case", "ConfigMap", "<path:a#k | jsonpath {.a}>", `did you mean "jsonPath"?`},
		{"unlike any", "ConfigMap", "<path:a#k | q>", `unknown modifier "q"`},
		{"empty modifier", "ConfigMap", "<path:a#k |>", "empty modifier"},
		{"indent without number", "ConfigMap", "<path:a#k | indent>", "one number"},
		{"indent with a word", "ConfigMap", "<path:a#k | indent x>", "not a number"},
		{"too many words", "ConfigMap", "<path:a#k | sha256sum 1>", "takes nothing"},
		{"jsonPath with >", "ConfigMap", "<path:a#k | jsonPath {.x[?(@.n > 5)]}>", "braces are left open"},
		{"jsonPath without braces", "ConfigMap", "<path:a#k | jsonPath .x>", "in braces"},
		{"invalid bytes", "ConfigMap", "%3Cpath:a%23%FF%3E", "broken placeholder"},
		{"control character", "ConfigMap", "<path:a#\x01>", "control characters"},
		{"list in a list", "ConfigMap", []any{[]any{plain}}, "list directly inside a list"},
		{"mapping in a list in a list", "ConfigMap", []any{[]any{map[string]any{"a": plain}}}, "list directly inside a list"},
		{"base64 in a ConfigMap", "ConfigMap", b64(plain), "base64 in a ConfigMap"},
		{"base64 in a text", "ConfigMap", "Authorization: Basic " + b64("user:"+plain), "base64 in a ConfigMap"},
		{"base64 twice in a ConfigMap", "ConfigMap", b64(b64(plain)), "base64 in a ConfigMap"},
		{"nested base64", "Secret", b64(b64("a" + plain)), "nested base64, the plugin never reaches it"},
		{"nested base64 thrice", "Secret", b64(b64(b64(plain))), "nested base64"},
		{"docker configuration", "Secret", b64(`{"auths":{"r":{"auth":"` + b64("u:"+plain) + `"}}}`), "nested base64"},
		{"docker configuration as text", "Secret", `{"auths":{"r":{"auth":"` + b64("us:"+plain) + `"}}}`, "inside a longer text"},
		{"URL-safe base64", "Secret", base64.RawURLEncoding.EncodeToString([]byte("??>" + plain)), "inside a longer text"},
		{"base64 of encoded text, broken", "Secret", b64("%3Cpath:kv"), "broken placeholder"},
		{"many lines in base64", "Secret", b64("<path:a\nb#k>"), "several lines"},
		{"broken in a key", "ConfigMap", map[string]any{"<path:x": "y"}, "broken placeholder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := one(test.kind, "field", test.value)
			set.Objects[0].Provenance.Template = "chart/templates/x.yaml"
			got, ledger, err := Decode(set)
			var at *render.Error
			if err == nil || !errors.As(err, &at) {
				t.Fatalf("no error, ledger %+v, tree %v", ledger, got.Objects[0].Tree)
			}
			if text := err.Error(); !strings.Contains(text, test.want) || !strings.Contains(text, test.kind+" x, field field") {
				t.Errorf("message %q, want %q in it", text, test.want)
			}
			if at.Pos.File != "chart/templates/x.yaml" || at.Hint == "" || got.Objects != nil || ledger != nil {
				t.Errorf("position %v, hint %q, set %v, ledger %v", at.Pos, at.Hint, got, ledger)
			}
		})
	}
}

func TestGenericPlaceholdersThatCannotWorkAreErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a <> b":           "names no key",
		"a < b <key>":      "swallows",
		"<path:a\n#b>":     "broken placeholder",
		"<path:a>":         "is empty",
		"%3Cpath:a%3E":     "is empty",
		"%3Ckey | nope%3E": "unknown modifier",
		"a < b %3Ckey%3E":  "swallows",
		b64("x<key>y"):     "base64 in a ConfigMap",
	} {
		set := one("ConfigMap", "field", text)
		set.Objects[0].Tree["metadata"] = map[string]any{"annotations": map[string]any{annotationPath: "kv"}}
		if _, ledger, err := Decode(set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, ledger %+v, want %q", text, err, ledger, want)
		}
	}
}

func TestAllErrorsComeAtOnceInOrder(t *testing.T) {
	set := render.Set{Objects: []render.Object{
		object("Secret", map[string]any{"b": "<path:2> <path:3>", "a": "<path:1>"}),
		object("ConfigMap", map[string]any{"a": "<path:0>", "ok": plain}),
	}}
	set.Objects[1].Provenance = render.Provenance{File: "m.yaml", Line: 4}
	for range 5 {
		_, _, err := Decode(set)
		var texts []string
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			texts = append(texts, e.Error())
		}
		if len(texts) != 4 || !strings.HasPrefix(texts[0], "m.yaml:4: decoding placeholders of ConfigMap x, field a") {
			t.Fatalf("got %q", texts)
		}
		for i, text := range texts {
			if !strings.Contains(text, "<path:"+string(rune('0'+i))+">") {
				t.Errorf("error %d is %q", i, text)
			}
		}
	}
}

func TestMessagesKeepWhatStandsAroundAPlaceholderSecret(t *testing.T) {
	for _, text := range []string{
		"hunter2 <path:kv/data@hunter2", "<path:kv/data:hunter2 x", "redis://%3Cpath%3Akv%2Fda@hunter2/x%3E", "<path:a#b | base64enc@hunter2 x>",
		"<path:a | hunter2", "<path:a> hunter2 <path:b#k>", "%3Cpath:a=hunter2", b64("hunter2 " + plain + " hunter2"),
		"Basic " + b64("hunter2:<path:a:hunter2"), "<path:a#k | jsonPath hunter2>", "<path:a#k | indent hunter2>", "<path:" + strings.Repeat("a/", 400) + " hunter2",
		"<path:a#\x01hunter2>", "<path:a\nhunter2#k", "<path:a%20hunter2", `\u003cpath:a\u0020hunter2`,
	} {
		_, _, err := Decode(one("ConfigMap", "field", text))
		if err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		if message := err.Error(); strings.Contains(message, "hunter2") || len(message) > 400 {
			t.Errorf("%q: message %q", text, message)
		}
	}
}

func TestBase64InATextIsFoundAtEveryAlignment(t *testing.T) {
	for _, write := range []func(string) string{func(s string) string { return s }, url.QueryEscape, jsonText} {
		for before := range 7 {
			for _, glue := range []string{"", "a/", "//", "x/y"} {
				text := "see " + glue + b64(strings.Repeat("u", before)+write(plain)+"tail") + " or not"
				if _, ledger, err := Decode(one("ConfigMap", "field", text)); err == nil {
					t.Errorf("%q: no error, ledger %+v", text, ledger)
				}
			}
		}
	}
}

// An error is on the line of the field, where the object was read from a file.
func TestErrorsAreOnTheirLine(t *testing.T) {
	set, err := render.Parse("m.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: ok\n  b: <path:kv>\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = Decode(set); err == nil || !strings.HasPrefix(err.Error(), "m.yaml:6:6: decoding placeholders of ConfigMap x, field data.b") {
		t.Errorf("got %v", err)
	}
}
