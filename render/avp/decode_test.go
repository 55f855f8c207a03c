package avp

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/render"
)

type spelling struct {
	name, encoding string
	write          func(string) string
}

func jsonText(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text[1 : len(text)-1])
}

func urlPath(s string) string {
	return (&url.URL{Path: "/" + s}).String()[1:]
}

func userinfo(s string) string {
	text := (&url.URL{Scheme: "redis", User: url.UserPassword("u", s), Host: "h"}).String()
	return strings.TrimSuffix(strings.TrimPrefix(text, "redis://u:"), "@h")
}

func lowerHex(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

func chain(writers ...func(string) string) func(string) string {
	return func(s string) string {
		for _, w := range writers {
			s = w(s)
		}
		return s
	}
}

// spellings are made by the functions that charts call, never by hand.
var spellings = []spelling{
	{"urlquery", "percent", url.QueryEscape},
	{"urlquery with the plus replaced", "percent", func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }},
	{"urlquery with the slash put back", "percent", func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }},
	{"urlquery in lower case", "percent", chain(url.QueryEscape, lowerHex)},
	{"path segment", "percent", url.PathEscape},
	{"path of a URL", "percent", urlPath},
	{"userinfo of a URL", "percent", userinfo},
	{"urlquery twice", "percent+percent", chain(url.QueryEscape, url.QueryEscape)},
	{"path segment in urlquery", "percent+percent", chain(url.PathEscape, url.QueryEscape)},
	{"urlquery in path segment", "percent+percent", chain(url.QueryEscape, url.PathEscape)},
	{"urlquery three times", "percent+percent+percent", chain(url.QueryEscape, url.QueryEscape, url.QueryEscape)},
	{"toJson", "json", jsonText},
	{"toJson twice", "json+json", chain(jsonText, jsonText)},
	{"toJson three times", "json+json+json", chain(jsonText, jsonText, jsonText)},
	{"js", "json", template.JSEscapeString},
	{"js in toJson", "json+json", chain(template.JSEscapeString, jsonText)},
	{"html", "html", html.EscapeString},
	{"html of templates", "html", template.HTMLEscapeString},
	{"html twice", "html+html", chain(html.EscapeString, html.EscapeString)},
	{"html in toJson", "html+json", chain(html.EscapeString, jsonText)},
	{"html in urlquery", "html+percent", chain(html.EscapeString, url.QueryEscape)},
	{"toJson in urlquery", "json+percent", chain(jsonText, url.QueryEscape)},
	{"toJson in path segment", "json+percent", chain(jsonText, url.PathEscape)},
	{"html in toJson in urlquery", "html+json+percent", chain(html.EscapeString, jsonText, url.QueryEscape)},
	{"urlquery in toJson", "percent", chain(url.QueryEscape, jsonText)},
}

var plains = []string{
	"<path:kv/data/x#k>",
	"<path:kv/data/argocd/platform/registry#REDIS_PASSWORD | base64encode>",
	"<path:kv/data/x#k#3>",
	"<path:kv/data/x#k#3 | sha256sum>",
	`<path:kv/data/x#k | jsonPath {.users[0]['name']} | indent 4>`,
	`<path:kv/data/x#k | jsonPath {.a["b & c"]}>`,
	"<path:kv/data/with blank/x~1@y#tls.crt>",
	"<path:kv/data/x#k |base64encode>",
	"<path:kv/data/ключ#é>",
	"<path:kv/data/x\n#k>",
}

// surroundings are what a chart puts around a span. Each holds escapes of its own, which must stay.
var surroundings = [][2]string{
	{"", ""},
	{"redis://:", "@redis:6379/0?x=%2F&y=%3E#f"},
	{"%2F&amp; ", ` %23 &gt; # > \u003e \n`},
	{`{"a":"`, `","b":"#1 > \u003c"}`},
	{"a+b ", " c+d%20%%"},
	{"# comment <b>\n", "\nline two # >\n"},
}

func object(kind string, fields map[string]any) render.Object {
	tree := map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": "x"}}
	for k, v := range fields {
		tree[k] = v
	}
	return render.Object{Key: render.Key{Kind: kind, Name: "x"}, APIVersion: "v1", Tree: tree}
}

func one(kind, field string, v any) render.Set {
	return render.Set{Objects: []render.Object{object(kind, map[string]any{field: v})}, Documents: 1}
}

func mustDecode(t *testing.T, set render.Set) (render.Set, []render.Placeholder) {
	t.Helper()
	got, ledger, err := Decode(set)
	if err != nil {
		t.Fatal(err)
	}
	return got, ledger
}

func TestEverySpellingOfAChartComesBackExactly(t *testing.T) {
	for _, sp := range spellings {
		for _, plain := range plains {
			for _, around := range surroundings {
				span := sp.write(plain)
				text := around[0] + span + around[1]
				set, ledger := mustDecode(t, one("ConfigMap", "text", text))
				if got, want := set.Objects[0].Tree["text"], around[0]+plain+around[1]; got != want {
					t.Errorf("%s: %q\n gave %q\n want %q", sp.name, text, got, want)
				}
				if len(ledger) != 1 || ledger[0].Encoding != sp.encoding || ledger[0].Spelling != span {
					t.Errorf("%s: ledger of %q is %+v", sp.name, text, ledger)
				}
			}
		}
	}
}

func TestSpellingsInsideBase64OfASecretComeBackAsBase64(t *testing.T) {
	for _, sp := range append(spellings, spelling{"none", "", func(s string) string { return s }}) {
		plain, around := plains[1], surroundings[1]
		inner := around[0] + sp.write(plain) + around[1]
		given := base64.StdEncoding.EncodeToString([]byte(inner)) + "\n"
		set, ledger := mustDecode(t, one("Secret", "data", map[string]any{"u": given}))
		want := base64.StdEncoding.EncodeToString([]byte(around[0]+plain+around[1])) + "\n"
		if got := set.Objects[0].Tree["data"].(map[string]any)["u"]; got != want {
			t.Errorf("%s: gave %q, want %q", sp.name, got, want)
		}
		encoding := strings.TrimPrefix(sp.encoding+"+base64", "+")
		if len(ledger) != 1 || ledger[0].Encoding != encoding || !ledger[0].URL || ledger[0].Spelling != sp.write(plain) {
			t.Errorf("%s: ledger %+v", sp.name, ledger)
		}
	}
}

func TestLedgerTellsWhatIsAskedFor(t *testing.T) {
	set := render.Set{Objects: []render.Object{
		object("Secret", map[string]any{
			"stringData": map[string]any{"b.c": "<path:kv/data/b#k#2 | base64decode | indent 4>", "a": "x <path:p#1> <path:q# 2 > y"},
			"data":       map[string]any{"<path:kv/data/n#name>": "YQ=="},
		}),
		object("Deployment", map[string]any{"spec": map[string]any{"list": []any{
			"no", map[string]any{"url": "http://%3Cpath:u%23k%3E:<path:v#k>@h/?q=<path:w#k>", "n": int64(3), "nil": nil, "f": 1.5},
		}}}),
	}}
	_, ledger := mustDecode(t, set)
	deployment, secret := render.Key{Kind: "Deployment", Name: "x"}, render.Key{Kind: "Secret", Name: "x"}
	want := []render.Placeholder{
		{Object: deployment, Field: render.Path{"spec", "list", 1, "url"}, Path: "u", Key: "k", Spelling: "%3Cpath:u%23k%3E", Encoding: "percent", URL: true},
		{Object: deployment, Field: render.Path{"spec", "list", 1, "url"}, Path: "v", Key: "k", Spelling: "<path:v#k>", URL: true},
		{Object: deployment, Field: render.Path{"spec", "list", 1, "url"}, Path: "w", Key: "k", Spelling: "<path:w#k>", URL: true},
		{Object: secret, Field: render.Path{"data", "<path:kv/data/n#name>"}, Path: "kv/data/n", Key: "name", Spelling: "<path:kv/data/n#name>", InKey: true},
		{Object: secret, Field: render.Path{"stringData", "a"}, Path: "p", Key: "1", Spelling: "<path:p#1>"},
		{Object: secret, Field: render.Path{"stringData", "a"}, Path: "q", Key: "2", Spelling: "<path:q# 2 >"},
		{
			Object: secret, Field: render.Path{"stringData", "b.c"}, Path: "kv/data/b", Key: "k", Version: "2",
			Modifiers: []string{"base64decode", "indent 4"}, Spelling: "<path:kv/data/b#k#2 | base64decode | indent 4>",
		},
	}
	if diff := cmp.Diff(want, ledger, cmpopts.SortSlices(func(a, b render.Placeholder) bool { return a.Field.String() < b.Field.String() })); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if ledger[0].Path != "u" || ledger[1].Path != "v" || ledger[len(ledger)-1].Field.String() != "stringData.a" {
		t.Errorf("order: %+v", ledger)
	}
}

func TestURLIsJudgedByTheTextAround(t *testing.T) {
	for text, want := range map[string]bool{
		"<path:a#b>":                                 false,
		"redis://:<path:a#b>@h":                      true,
		"see http://x, then <path:a#b>":              false,
		"mongodb://a,<path:a#b>,c":                   true,
		"/cb?code=<path:a#b>":                        true,
		"/cb?x=1&code=<path:a#b>":                    true,
		"host=h password=<path:a#b>":                 false,
		"a && b=<path:a#b>":                          false,
		"<path:a#b>://h":                             true,
		"p://<path:a#u | base64decode>:<path:a#b>@h": true,
		`{"u":"p://h","k":"<path:a#b>"}`:             false,
	} {
		_, ledger := mustDecode(t, one("ConfigMap", "text", text))
		if got := ledger[len(ledger)-1].URL; got != want {
			t.Errorf("%q: URL %v, want %v", text, got, want)
		}
	}
}

func TestTextThatIsNoPlaceholderStays(t *testing.T) {
	for _, text := range []string{
		"", "<", "path", "<b>", "< path:a#b>", "<Path:a#b>", "a < b > c", "http://h/%2Fx%3Cb%3E?y=%23",
		"data:image/svg+xml,%3Csvg%3E%3Cpath%20d='M0 0'/%3E", `\u003cpath d=\"M0\"\u003e`, `{"a":"\u003cpath\n d"}`, "&lt;path d&gt;",
		"%3Ckey%3E", "<key>", "&lt;key&gt;", "/some/path", "c:path", `C:\path:x`, "%3Cpathfinder%3E", "UEFUSA==", "abcdefghijkl",
	} {
		set := render.Set{Objects: []render.Object{object("Secret", map[string]any{"stringData": map[string]any{"a": text, text: "v"}})}}
		got, ledger := mustDecode(t, set)
		if diff := cmp.Diff(set.Objects[0].Tree, got.Objects[0].Tree); diff != "" || len(ledger) != 0 {
			t.Errorf("%q: ledger %+v, change %s", text, ledger, diff)
		}
	}
}

func TestGenericPlaceholdersNeedTheAnnotation(t *testing.T) {
	set := render.Set{Objects: []render.Object{
		object("ConfigMap", map[string]any{
			"metadata": map[string]any{"name": "x", "annotations": map[string]any{annotationPath: "kv/data/g", annotationVersion: "7"}},
			"data": map[string]any{
				"a": "<b> <user | base64encode> <path:p#k#1>", "b": "%3Cpass%3E", "c": "a < b\n> c", "d": "&lt;a href=x&gt;", "e": "plain",
			},
		}),
		object("Secret", map[string]any{"data": map[string]any{"a": "<user>"}}),
		object("Service", map[string]any{"metadata": map[string]any{"name": "x", "annotations": map[string]any{annotationPath: "kv", "n": nil}}, "a": "<user>"}),
	}}
	got, ledger := mustDecode(t, set)
	key := render.Key{Kind: "ConfigMap", Name: "x"}
	want := []render.Placeholder{
		{Object: key, Field: render.Path{"data", "a"}, Path: "kv/data/g", Key: "b", Version: "7", Spelling: "<b>"},
		{Object: key, Field: render.Path{"data", "a"}, Path: "kv/data/g", Key: "user", Version: "7", Modifiers: []string{"base64encode"}, Spelling: "<user | base64encode>"},
		{Object: key, Field: render.Path{"data", "a"}, Path: "p", Key: "k", Version: "1", Spelling: "<path:p#k#1>"},
		{Object: key, Field: render.Path{"data", "b"}, Path: "kv/data/g", Key: "pass", Version: "7", Spelling: "%3Cpass%3E", Encoding: "percent"},
	}
	if diff := cmp.Diff(want, ledger); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if texts := got.Objects[0].Tree["data"].(map[string]any); texts["b"] != "<pass>" || texts["d"] != "&lt;a href=x&gt;" {
		t.Errorf("got %v", texts)
	}
}

func TestEscapedElementsAreNotGenericPlaceholders(t *testing.T) {
	for _, text := range []string{
		"&lt;b&gt;x&lt;/b&gt;", "%3Cb%3Ex%3C%2Fb%3E", "one&lt;br&gt;two", `{"a":"\u003cli\u003e1\u003c/li\u003e"}`, `{"a":"\u003cli\u003e1\u003c\/li\u003e"}`,
	} {
		set := render.Set{Objects: []render.Object{object("ConfigMap", map[string]any{
			"metadata": map[string]any{"name": "x", "annotations": map[string]any{annotationPath: "kv/data/g"}},
			"data":     map[string]any{"a": text},
		})}}
		got, ledger := mustDecode(t, set)
		if diff := cmp.Diff(set.Objects[0].Tree, got.Objects[0].Tree); diff != "" || len(ledger) != 0 {
			t.Errorf("%q: ledger %+v, change %s", text, ledger, diff)
		}
	}
}

func TestIgnoredObjectsAreListedAndLeftAlone(t *testing.T) {
	set := render.Set{Objects: []render.Object{object("Secret", map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{annotationIgnore: "true"}},
		"a":        "%3Cpath:a%23b%3E", "b": "<path:broken", "c": base64.StdEncoding.EncodeToString([]byte("%3Cpath:c%23d%3E")),
	})}}
	got, ledger := mustDecode(t, set)
	if diff := cmp.Diff(set.Objects[0].Tree, got.Objects[0].Tree); diff != "" {
		t.Error(diff)
	}
	if len(ledger) != 2 || ledger[0].Path != "a" || ledger[1].Encoding != "percent+base64" {
		t.Errorf("ledger %+v", ledger)
	}
}

func TestTheSetGivenIsNotChanged(t *testing.T) {
	make := func() render.Set {
		return one("ConfigMap", "data", map[string]any{"l": []any{"a", map[string]any{"k": "%3Cpath:a%23b%3E"}}, "other": map[string]any{"x": "y"}})
	}
	given := make()
	got, _ := mustDecode(t, given)
	if diff := cmp.Diff(make(), given, cmpopts.IgnoreUnexported(render.Object{})); diff != "" {
		t.Errorf("input changed:\n%s", diff)
	}
	inner := got.Objects[0].Tree["data"].(map[string]any)["l"].([]any)[1].(map[string]any)["k"]
	if inner != "<path:a#b>" || got.Documents != 1 {
		t.Errorf("got %v", got)
	}
}
