package avp

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// neutral takes out of a text what may be, or with a span behind or before it become, part of a placeholder.
func neutral(s string) string {
	return strings.NewReplacer("path", "p-th", `\`, "/", "cGF0a", "", "BhdG", "", "wYXRo", "").Replace(strings.ToValidUTF8(s, "?"))
}

// part makes a PATH or KEY that halfDecoded and the grammar take.
func part(s, fallback string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r > 0xffff || // the js builtin writes five digits for some of them, which no reader understands
			strings.ContainsRune("#<>|%&\\+@\ufffd", r) {
			return -1
		}
		return r
	}, s))
	if s = strings.ReplaceAll(s, "path", "p-th"); s == "" {
		return fallback
	}
	return s
}

// plainLedger is the ledger without what a decode changes: the spelling, and the coding of it.
func plainLedger(ledger []render.Placeholder) []render.Placeholder {
	result := make([]render.Placeholder, len(ledger))
	for i, p := range ledger {
		p.Spelling, p.Encoding = "", ""
		result[i] = p
	}
	return result
}

// FuzzDecode puts one placeholder in one spelling between two texts: exactly the span changes, and a second decode
// changes nothing.
func FuzzDecode(f *testing.F) {
	f.Add("redis://:", "@h/0?x=%2F", "kv/data/x", "k", uint8(0), false)
	f.Add("%3C\\", "u003e", "a b", "k.é", uint8(11), true)
	f.Add("&amp;", ";&gt;", "1", "'", uint8(18), false)
	f.Add("%25", "%3E>", "a\nb", "\"", uint8(7), true)
	f.Fuzz(func(t *testing.T, before, after, path, key string, which uint8, secret bool) {
		sp := spellings[int(which)%len(spellings)]
		before, after = neutral(before), neutral(after)
		plain := open + part(path, "a") + "#" + part(key, "k") + ">"
		given, want := before+sp.write(plain)+after, before+plain+after
		kind := "ConfigMap"
		if secret {
			kind = "Secret"
			given, want = base64.StdEncoding.EncodeToString([]byte(given)), base64.StdEncoding.EncodeToString([]byte(want))
		}
		set, ledger, err := Decode(one(kind, "field", given))
		if err != nil {
			t.Fatalf("%s of %q: %v", sp.name, plain, err)
		}
		if got := set.Objects[0].Tree["field"]; got != want {
			t.Fatalf("%s: %q\n gave %q\n want %q", sp.name, given, got, want)
		}
		again, second, err := Decode(set)
		if err != nil {
			t.Fatalf("second decode: %v", err)
		}
		if again.Objects[0].Tree["field"] != want {
			t.Fatalf("second decode gave %q", again.Objects[0].Tree["field"])
		}
		if diff := cmp.Diff(plainLedger(ledger), plainLedger(second)); diff != "" || len(ledger) != 1 {
			t.Fatalf("ledger (-first +second):\n%s", diff)
		}
	})
}

// FuzzText gives Decode any text: it never panics, what it gives is stable, and text without a trace of a placeholder
// comes back as it was.
func FuzzText(f *testing.F) {
	f.Add("<path:a#b> %3Cpath%3Ac%23d%3E", uint8(0))
	f.Add(`\\u003cpath:a#b\\u003e`, uint8(1))
	f.Add("&lt;path:a#b&gt; <x|y>", uint8(3))
	f.Add("PHBhdGg6YSNiPg==", uint8(1))
	f.Add("%3Cpath:a%23k | jsonPath {%26lt;path:}%3E", uint8(0))
	f.Fuzz(func(t *testing.T, text string, mode uint8) {
		kind := [...]string{"ConfigMap", "Secret"}[mode&1]
		set := one(kind, "field", map[string]any{"list": []any{text}, "keys": map[string]any{text: nil}})
		if mode&2 != 0 {
			set.Objects[0].Tree["metadata"] = map[string]any{"annotations": map[string]any{annotationPath: "kv"}}
		}
		first, ledger, err := Decode(set)
		if err != nil {
			if mode&2 == 0 && !strings.Contains(text, "path") && !hides(text) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		field := first.Objects[0].Tree["field"].(map[string]any)["list"].([]any)[0]
		if mode&2 == 0 && !strings.Contains(text, "path") && !hides(text) && (field != text || len(ledger) != 0) {
			t.Fatalf("%q became %q, ledger %+v", text, field, ledger)
		}
		second, again, err := Decode(first)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, field, err)
		}
		if diff := cmp.Diff(first.Objects[0].Tree, second.Objects[0].Tree); diff != "" {
			t.Fatalf("%q: second decode changes\n%s", text, diff)
		}
		if diff := cmp.Diff(plainLedger(ledger), plainLedger(again)); diff != "" {
			t.Fatalf("%q: ledger (-first +second):\n%s", text, diff)
		}
	})
}
