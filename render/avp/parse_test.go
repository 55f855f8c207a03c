package avp

import (
	"testing"

	"sluice/render"
)

// manifests hold what a chart prints: a line folded at a blank, JSON in YAML, a URL through urlquery, base64 of the same.
const manifests = `# Source: model/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: model
  annotations:
    checksum/config: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
data:
  folded: a value that is long enough for the printer to fold it <path:kv/data/model#password
    | base64encode> and goes on
  settings.json: |
    {"redirect":"https://h/?to=%2Fhome","password":"\u003cpath:kv/data/model#password\u003e"}
  REDIS_URL: redis://:%3Cpath%3Akv%2Fdata%2Fmodel%23password%3E@redis:6379/0?x=%2F
---
apiVersion: v1
kind: Secret
metadata:
  name: model
data:
  url: cmVkaXM6Ly86JTNDcGF0aCUzQWt2JTJGZGF0YSUyRm1vZGVsJTIzcGFzc3dvcmQlM0VAaC8lMkY=
  plain: cGxhaW4=
`

func TestParsedManifestsDecodeOnlyInsideTheirSpans(t *testing.T) {
	set, err := render.Parse("model.yaml", []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	got, ledger := mustDecode(t, set)
	config, secret := got.Objects[0].Tree["data"].(map[string]any), got.Objects[1].Tree["data"].(map[string]any)
	for _, c := range []struct{ got, want any }{
		{config["folded"], "a value that is long enough for the printer to fold it <path:kv/data/model#password | base64encode> and goes on"},
		{config["settings.json"], `{"redirect":"https://h/?to=%2Fhome","password":"<path:kv/data/model#password>"}` + "\n"},
		{config["REDIS_URL"], "redis://:<path:kv/data/model#password>@redis:6379/0?x=%2F"},
		{secret["url"], b64("redis://:<path:kv/data/model#password>@h/%2F")},
		{secret["plain"], "cGxhaW4="},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	encodings := map[string]string{
		"data.REDIS_URL": "percent", "data.folded": "", `data."settings.json"`: "json", "data.url": "percent+base64",
	}
	if len(ledger) != len(encodings) {
		t.Fatalf("ledger %+v", ledger)
	}
	for _, p := range ledger {
		if want, ok := encodings[p.Field.String()]; !ok || p.Encoding != want || p.Path != "kv/data/model" || p.Key != "password" {
			t.Errorf("entry %+v", p)
		}
		if p.URL != (p.Field.String() == "data.REDIS_URL" || p.Field.String() == "data.url") {
			t.Errorf("%s: URL %v", p.Field, p.URL)
		}
	}
}
